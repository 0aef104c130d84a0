"""README.md says what the program does: settings, commands, exit codes, mount lines and scripts."""

import argparse
import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from davgate.cli.main import Exit, parser
from davgate.config import named_settings, settings
from davgate.dav.app import METHODS
from davgate.http.errors import TABLE
from davgate.model.errors import DavgateError
from davgate.rest.dialects import DIALECTS
from davgate.rest.gever import errors as gever_errors
from davgate.rest.okd import errors as okd_errors
from davgate.rest.openapi import describe

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")


def settings_table() -> str:
    """Return the table of the settings as the README must have it."""
    lines = ["| Setting | Default | Range | Meaning |", "|---|---|---|---|"]
    for name, known in (settings() | named_settings()).items():
        text = known.default if isinstance(known.default, str) else json.dumps(known.default)
        default = "none" if known.default is None else f"`{text}`" if text else "empty"
        lines.append(f"| `{name}` | {default} | {known.bounds} | {known.help} |")
    return "\n".join(lines)


def command_paths(tree: argparse.ArgumentParser, path: str = "davgate") -> Iterator[str]:
    """Yield the words of each command that does something."""
    below = [action for action in tree._actions if isinstance(action, argparse._SubParsersAction)]
    if not below:
        yield path
    for action in below:
        for name, child in action.choices.items():
            yield from command_paths(child, f"{path} {name}")


def documented_commands() -> list[str]:
    """Return the davgate commands of the README's blocks, without comments."""
    blocks = "".join(re.findall(r"\n```sh\n(.*?)```", README, re.S))
    return [line.partition("#")[0].strip() for line in blocks.splitlines() if line.startswith("davgate ")]


def test_every_setting_is_in_the_table_with_default_range_and_meaning() -> None:
    table = settings_table()

    assert table in README, f"README.md must contain this table:\n\n{table}\n"


def test_every_command_is_documented() -> None:
    for path in command_paths(parser()):
        assert any(line.startswith(path) for line in documented_commands()), path


def test_documented_commands_are_understood() -> None:
    assert len(documented_commands()) >= 8

    for line in documented_commands():
        parser().parse_args(shlex.split(line.replace("[", "").replace("]", ""))[1:])


def test_every_exit_code_is_documented() -> None:
    for code in Exit:
        assert f"\n| {code.value} | " in README, code


def test_mount_lines_are_those_that_serve_prints() -> None:
    output = subprocess.run(
        [ROOT / "scripts" / "mount-lines", "http://127.0.0.1:8080/dav/", "demo"],
        capture_output=True,
        check=True,
        text=True,
    ).stdout

    lines = output.splitlines()
    assert {line.partition(":")[0] for line in lines} >= {"Windows", "macOS", "GNOME", "KDE", "davfs2"}
    for line in lines:
        assert f"`{line.partition(': ')[2]}`" in README, line


def test_automation_runs_the_test_command_of_the_readme() -> None:
    assert "\nscripts/test " in README
    assert "scripts/test" in (ROOT / ".ci" / "run").read_text("utf-8")


def test_every_script_says_first_what_it_does_and_stays_short() -> None:
    scripts = [path for path in (ROOT / "scripts").iterdir() if path.is_file()]
    assert len(scripts) >= 6

    for path in scripts:
        lines = path.read_text("utf-8").splitlines()
        assert next(line for line in lines if not line.startswith("#!")).startswith("# "), path
        assert len(lines) < 30, path
        assert "set -eu" in lines or not lines[0].startswith("#!"), path


def test_files_that_the_readme_names_exist() -> None:
    for name in re.findall(r"\]\(([^)#:]+)\)|`((?:src|tests|scripts|config)/[\w./-]+)`", README):
        assert (ROOT / (name[0] or name[1])).exists(), name


def every_error(kind: type[DavgateError] = DavgateError) -> Iterator[type[DavgateError]]:
    """Yield the classes of all errors but those that tests make."""
    for error in kind.__subclasses__():
        if error.__module__.startswith("davgate."):
            yield error
        yield from every_error(error)


def test_every_error_code_is_in_the_table_with_its_status() -> None:
    for error in every_error():
        status = next(TABLE[kind].status for kind in error.__mro__ if kind in TABLE)
        assert f"| `{error.code}` | {status.value} | " in README, error.code


def test_every_method_of_the_drive_has_its_row() -> None:
    named = set(re.findall(r"`([A-Z-]+)`", README.partition("## The drive")[2].partition("\n## ")[0]))

    assert set(METHODS) <= named


def chapter(title: str) -> str:
    """Return a chapter of the README."""
    return README.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize("name", DIALECTS)
def test_every_operation_of_a_dialect_has_its_row_with_its_tests(name: str) -> None:
    rows = dict(re.findall(r"^\| `([A-Z]+ /[^`]*)` \| .+ \| (`tests/[^|]+`) \|$", chapter(name.upper()), re.M))
    paths = describe(DIALECTS[name]({}), "/")["paths"]
    offered = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}

    assert set(rows) == offered


def test_every_code_of_okd_is_documented() -> None:
    assert set(okd_errors.CODES.values()) <= set(re.findall(r"`([a-z-]+)`", chapter("OKD")))


def test_every_message_of_gever_is_documented() -> None:
    refusals = [row for row in vars(gever_errors).values() if isinstance(row, gever_errors.Refusal)]
    messages = {row.message for row in refusals if row.message}

    assert len(messages) >= 10
    assert messages <= set(re.findall(r"`([a-z_]+)`", chapter("GEVER")))


@pytest.mark.parametrize("name", DIALECTS)
def test_address_of_a_dialect_is_documented(name: str) -> None:
    mount = settings()[f"doors.{name}"].default

    assert f"`{mount}`" in chapter(name.upper())
    assert f"`{mount}/openapi.json`" in chapter(name.upper())


def test_every_test_that_the_compliance_table_names_is_there() -> None:
    files = re.findall(r"`(tests/[a-z0-9_/]+\.py)`", README)

    assert len(files) >= 15
    for file in files:
        assert "def test_" in (ROOT / file).read_text("utf-8"), file
