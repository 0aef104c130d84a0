"""Reading the settings from a TOML file, the environment and the flags, with every mistake in them named."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

from davgate.config.kinds import Setting, nearest
from davgate.config.sections import SECTION_NAME, Config, find, named_sections, named_settings, sections, settings, variable


class ConfigError(Exception):
    """The settings cannot be used; ``mistakes`` names every one, a sentence each, without the value of a secret."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = tuple(mistakes)


PREFIX = "DAVGATE_"
"""What the variables of the environment begin with."""

FOREIGN = re.compile(r"DAVGATE_(SERVICE_(HOST|PORT)(_.*)?|PORT(_[0-9]+_.*)?)")
"""What Kubernetes sets in the pods beside a service that is called davgate."""


@dataclass(frozen=True)
class Given:
    """A value as it was given: where, for which setting, what."""

    place: str
    name: str
    value: object


def load(file: Path | None, environ: Mapping[str, str], flags: Mapping[str, object]) -> Config:
    """Return the settings of a file, the environment and the flags; the last of these that gives a value counts.

    ``flags`` maps names of settings to values; None stands for a flag that was not given.

    Raises:
        ConfigError: something is unknown, malformed, out of range, contradictory or missing. Names every such mistake.
    """
    mistakes: list[str] = []
    given = [
        *(from_file(file, mistakes) if file else ()),
        *from_environment(environ, mistakes),
        *(Given("--" + name.split(".")[-1], name, value) for name, value in flags.items() if value is not None),
    ]
    values: dict[str, object] = {}
    for entry in given:
        # Who yields a name has found it.
        known = cast(Setting, find(entry.name))
        try:
            values[entry.name] = known.parse(entry.value)
        except ValueError as mistake:
            shown = "" if known.secret else f" (given: {entry.value!r:.80})"
            mistakes.append(f"{entry.place}: {entry.name} {mistake}{shown}")
    if not any(entry.name == "data" for entry in given):
        mistakes.append("data is missing: name the folder with --data DIR, DAVGATE_DATA, or data in the settings file")
    parts: dict[str, Any] = {name: value for name, value in values.items() if "." not in name}
    for section, kind in sections().items():
        keys = {name.partition(".")[2]: value for name, value in values.items() if name.startswith(section + ".")}
        try:
            parts[section] = kind(**keys)
        except ValueError as mistake:
            mistakes.append(str(mistake))
    for kind_name, kind in named_sections().items():
        parts[kind_name] = MappingProxyType(gathered(kind_name, kind, values))
    if mistakes:
        raise ConfigError(mistakes)
    return Config(**parts)


def gathered(kind_name: str, kind: type[Any], values: Mapping[str, object]) -> dict[str, Any]:
    """Return the sections of one kind by their names."""
    sections: dict[str, dict[str, object]] = {}
    for full_name, value in values.items():
        if full_name.startswith(kind_name + "."):
            _, name, key = full_name.split(".")
            sections.setdefault(name, {})[key] = value
    return {name: kind(**keys) for name, keys in sections.items()}


def from_file(file: Path, mistakes: list[str]) -> Iterator[Given]:
    """Yield the settings of a TOML file and note what is wrong with them.

    Raises:
        ConfigError: the file cannot be read, or is no TOML.
    """
    try:
        document = tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        # What is missing elsewhere may well stand in the file: it alone is told.
        raise ConfigError([f"{file}: {error.strerror if isinstance(error, OSError) else error}"]) from None
    known = settings()
    for key, value in document.items():
        if key in named_sections():
            yield from from_named_sections(str(file), key, value, mistakes)
            continue
        if key in sections() and not isinstance(value, dict):
            mistakes.append(f"{file}: {key} must be a section, [{key}]")
        if value == {} and key not in sections():
            mistakes.append(f"{file}: unknown section [{key}]{nearest_setting(key, '')}")
        for name, inner in [(f"{key}.{k}", v) for k, v in value.items()] if isinstance(value, dict) else [(key, value)]:
            if name in known:
                yield Given(str(file), name, inner)
            elif key not in sections() or isinstance(value, dict):
                mistakes.append(f"{file}: unknown setting {name}{nearest_setting(*name.partition('.')[::2])}")


def nearest_setting(section: str, key: str) -> str:
    """Return the end of a sentence that proposes what is most like a setting that there is not: another one, or a section."""
    if section in sections() or not (alike := get_close_matches(section, sections(), 1)):
        return nearest(f"{section}.{key}" if key else section, settings())
    keys = [name.removeprefix(f"{alike[0]}.") for name in settings() if name.startswith(f"{alike[0]}.")]
    return nearest(key, keys, f"{alike[0]}.") or f"; did you mean [{alike[0]}]?"


def from_named_sections(file: str, kind: str, value: object, mistakes: list[str]) -> Iterator[Given]:
    """Yield the settings of the sections of one kind in a file."""
    for name, section in (value if isinstance(value, dict) else {"": value}).items():
        if not isinstance(section, dict):
            mistakes.append(f"{file}: {kind} must be sections with a name each, such as [{kind}.company]")
        elif not SECTION_NAME.fullmatch(name):
            mistakes.append(f"{file}: [{kind}.{name}] must be named with a-z, 0-9 and single underscores, in 32 characters")
        elif not section:
            mistakes.append(f"{file}: [{kind}.{name}] sets nothing")
        else:
            for full_name, inner in [(f"{kind}.{name}.{key}", inner) for key, inner in section.items()]:
                if find(full_name):
                    yield Given(file, full_name, inner)
                else:
                    mistakes.append(f"{file}: unknown setting {full_name}{nearest(full_name, named_settings(name))}")


def from_environment(environ: Mapping[str, str], mistakes: list[str]) -> Iterator[Given]:
    """Yield the settings of the environment and note unknown names."""
    known = {variable(name): name for name in settings()}
    for name, value in sorted(environ.items()):
        if name in known:
            yield Given(name, known[name], value)
        elif name.startswith(PREFIX) and not FOREIGN.fullmatch(name):
            full_name = name.removeprefix(PREFIX).lower().replace("__", ".")
            if find(full_name) and variable(full_name) == name:
                yield Given(name, full_name, value)
            else:
                section = (full_name.split(".") + [""])[1]
                named = map(variable, named_settings(section)) if section else ()
                # What all begin with would make any two of them alike.
                bare = [one.removeprefix(PREFIX) for one in (*known, *named)]
                mistakes.append(f"unknown environment variable {name}{nearest(name.removeprefix(PREFIX), bare, PREFIX)}")
