"""``davgate types``, and the object types of ``davgate serve``: read at the start, and anew when the workers are replaced."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
from tests.unit.cli_runs import CommandLine

from davgate.cli.main import Exit
from davgate.cli.types_served import ServedTypes
from davgate.config import Config, ConfigError, load
from davgate.core import objects
from davgate.core.objects import NewObject
from davgate.core.store import SYSTEM_CONTEXT
from davgate.model.node import NodeKind

OWN = """
[yuuvis."own:note"]
label = "Note"
properties = [
    { name = "own:text", kind = "text" },
    { name = "own:no", kind = "integer" },
]
"""


@pytest.fixture
def types(tmp_path: Path) -> Path:
    """A file of further types."""
    file = tmp_path / "types" / "own.toml"
    file.parent.mkdir()
    file.write_text(OWN, "utf-8")
    return file


@pytest.fixture
def line(tmp_path: Path, types: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """A command line whose store has the further types."""
    command_line = CommandLine(tmp_path / "data", capsys, f"[types]\nfolders = [{str(types.parent)!r}]\n")
    command_line.done("init")
    return command_line


def make_a_note(line: CommandLine) -> None:
    with line.store() as store:
        note = NewObject(kind=NodeKind.DOCUMENT, type="yuuvis:own:note", metadata={"title": "N", "yuuvis:own:text": "x"})
        objects.create(store, SYSTEM_CONTEXT, ("yuuvis",), note)


def test_types_are_listed_with_their_files(line: CommandLine, types: Path) -> None:
    listed = line.done("types").lines

    assert listed[0].split() == ["TYPE", "BASE", "EXTENDS", "PROPERTIES", "FILES"]
    assert any(row.split() == ["dynacase:MY_ARTICLE", "document", "9", "davgate/types/dynacase.toml"] for row in listed)
    assert listed[-1].split() == ["yuuvis:own:note", "document", "2", str(types)]


def test_types_are_listed_for_programs(line: CommandLine, types: Path) -> None:
    told = {one["type"]: one for one in line.done("types", "--json").json}

    assert told["yuuvis:own:note"] == {
        "type": "yuuvis:own:note",
        "label": "Note",
        "base": "document",
        "extends": None,
        "properties": ["own:text", "own:no"],
        "groups": {},
        "files": [str(types)],
    }
    assert told["lora:organisation/bruger"]["groups"] == {
        "brugeregenskaber": ["brugervendtnoegle", "brugernavn", "brugertype", "integrationsdata"]
    }


def test_check_of_types_that_go_with_the_store_ends_with_0(line: CommandLine) -> None:
    make_a_note(line)

    assert line.done("types", "--check").out == "23 types, and nothing stored is of another.\n"


def test_check_lists_what_is_wrong_with_the_files(line: CommandLine, types: Path) -> None:
    types.write_text(OWN.replace("integer", "number").replace("label", "lable"), "utf-8")

    checked = line.run("types", "--check")

    assert checked.code == Exit.DAMAGED
    assert len(checked.lines) == 2
    assert f"types: {types}: yuuvis: own:note: unknown key lable; did you mean label?" in checked.lines
    assert checked.err == "2 mistakes found.\n"


def test_check_lists_what_would_be_left_alone(line: CommandLine, types: Path) -> None:
    make_a_note(line)
    types.unlink()

    checked = line.run("types", "--check")

    assert checked.code == Exit.DAMAGED
    assert checked.lines == [
        "types: no file defines the type yuuvis:own:note, and there is 1 object of it; bring its file back",
        "types: no type defines the property yuuvis:own:text, and there is 1 object with values of it; bring its definition back",
    ]


def test_check_is_told_to_programs(line: CommandLine, types: Path) -> None:
    assert json.loads(line.done("types", "--check", "--json").out) == {"types": 23, "mistakes": []}

    types.write_text(OWN.replace("label", "lable"), "utf-8")
    checked = line.run("types", "--check", "--json")

    assert checked.code == Exit.DAMAGED
    told = json.loads(checked.out)
    assert told["types"] == 0 and any("lable" in mistake for mistake in told["mistakes"])


def test_commands_refuse_types_that_cannot_be_used(line: CommandLine, types: Path) -> None:
    types.write_text("[yuuvis.x]\nbase = 'nothing'\n", "utf-8")

    assert line.refused("fsck").startswith(f"davgate: types: {types}: yuuvis: x: base is 'nothing', and must be one of")


def test_server_does_not_start_without_a_type_that_is_in_use(line: CommandLine, types: Path) -> None:
    make_a_note(line)
    types.write_text(OWN.replace("own:note", "own:other"), "utf-8")

    assert line.refused("serve", "--listen", "127.0.0.1:0", "--workers", "1") == (
        "davgate: types: no file defines the type yuuvis:own:note, and there is 1 object of it; bring its file back"
    )


def test_folders_are_a_list_or_a_text_with_colons(tmp_path: Path) -> None:
    for given in (["a", str(tmp_path)], f"a:{tmp_path}:"):
        assert load(None, {}, {"data": "d", "types.folders": given}).types.folders == (Path("a").absolute(), tmp_path)
    assert load(None, {}, {"data": "d"}).types.folders == ()
    with pytest.raises(ConfigError, match="types.folders must be a list of folders, or a text with colons between them"):
        load(None, {}, {"data": "d", "types.folders": 1})


def config_of(line: CommandLine) -> Config:
    return load(line._config, {}, {"data": str(line.data)})


def test_new_types_are_taken_over_when_the_workers_are_replaced(line: CommandLine, types: Path) -> None:
    served = ServedTypes(config_of(line))
    types.write_text(OWN + '\n[yuuvis."own:more"]\n', "utf-8")

    assert served.renew(config_of(line))
    assert served.current.get("yuuvis:own:more") is not None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no file defines the type yuuvis:own:note, and there is 1 object of it"),
        (
            OWN.replace('"own:text", kind = "text"', '"own:text", kind = "integer"'),
            "the property yuuvis:own:text would change from text to integer, and there is 1 object with values of it",
        ),
        ("[yuuvis", "Expected"),
    ],
    ids=["type-gone", "kind-changed", "malformed"],
)
def test_types_stay_when_the_new_ones_cannot_be_used(
    line: CommandLine, types: Path, caplog: pytest.LogCaptureFixture, text: str, said: str
) -> None:
    make_a_note(line)
    served = ServedTypes(config_of(line))
    before = served.current
    types.write_text(text, "utf-8")

    assert not served.renew(config_of(line))
    assert served.current is before
    errors = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert errors
    assert all(error.startswith("The workers stay as they are: types: ") for error in errors)
    assert said in errors[0]


def test_types_stay_when_the_store_cannot_be_asked(line: CommandLine, caplog: pytest.LogCaptureFixture) -> None:
    served = ServedTypes(config_of(line))
    (line.data / "davgate.sqlite3").rename(line.data / "away")

    assert not served.renew(config_of(line))
    assert "the store cannot be asked" in caplog.text
