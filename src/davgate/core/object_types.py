"""The object types of a store: those that come with davgate, and those of further folders."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from davgate.model.instant import Instant
from davgate.model.object_types import ObjectTypes
from davgate.model.type_files import read_types
from davgate.model.type_sections import UnusableTypes


def load(folders: Sequence[Path] = ()) -> ObjectTypes:
    """Return the types that come with davgate and those of the ``.toml`` files in these folders, in the order of their names.

    Raises:
        UnusableTypes: names everything that is wrong with the files.
    """
    mistakes: list[str] = []
    documents = [*_documents(_shipped_files(), mistakes, with_folder=False)]
    for folder in folders:
        try:
            found = sorted(path for path in folder.iterdir() if path.suffix == ".toml")
        except OSError as error:
            mistakes.append(f"{folder}: {error.strerror}")
            continue
        documents += _documents(found, mistakes, with_folder=True)
    try:
        types = read_types(documents)
    except UnusableTypes as error:
        raise UnusableTypes([*mistakes, *error.mistakes]) from None
    if mistakes:
        raise UnusableTypes(mistakes)
    return types


def changed_at(types: ObjectTypes) -> Instant:
    """Return when the newest of the files changed that types come from; what is gone or has no time counts as old."""
    shipped_files = {f"davgate/types/{file.name}": file for file in _shipped_files()}
    names = {name for one in types for name in types.files.get(one.name, ())}
    return max((_changed_at(shipped_files.get(name, Path(name))) for name in names), default=Instant(0))


def _changed_at(file: Traversable) -> Instant:
    try:
        return Instant(file.stat().st_mtime_ns // 1000 if isinstance(file, Path) else 0)
    except OSError:
        return Instant(0)


@cache
def shipped() -> ObjectTypes:
    """Return the types that come with davgate."""
    return load()


def _shipped_files() -> Iterable[Traversable]:
    folder = files("davgate") / "types"
    return sorted((file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name)


def _documents(found: Iterable[Traversable], mistakes: list[str], *, with_folder: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the files that can be decoded, each with the name by which it is told of."""
    for file in found:
        name = str(file) if with_folder else f"davgate/types/{file.name}"
        try:
            yield name, tomllib.loads(file.read_text("utf-8"))
        except OSError as error:
            mistakes.append(f"{name}: {error.strerror}")
        except ValueError as error:
            mistakes.append(f"{name}: {error}")
