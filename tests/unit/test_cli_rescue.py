"""The commands that look after rescue copies."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.builders import a_document, a_lock, a_user, content_of, put
from tests.builders import path as to_path
from tests.unit.cli_runs import CommandLine
from tests.unit.edited import a_late_save, under

from davgate.core import deleting, locking
from davgate.core.principals.accounts import principal_named
from davgate.core.store import Context

MOMENT = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"


@pytest.fixture
def line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """A command line whose store has a rescue copy of ann's for /a.txt."""
    command_line = CommandLine(tmp_path / "data", capsys)
    command_line.done("init")
    with command_line.store() as store:
        ann, bob = a_user(store, "ann"), a_user(store, "bob")
        a_document(store, ann, "/a.txt", b"one")
        lock = a_lock(store, ann, "/a.txt")
        locking.unlock(store, a_user(store, "root", is_admin=True), to_path("/a.txt"), lock.token)
        put(store, bob, "/a.txt", b"two")
        a_late_save(store, under(ann, lock), "/a.txt", b"late", contents_of=bob)
    return command_line


def name_of(line: CommandLine) -> str:
    [kept] = line.done("rescue", "list", "--as", "ann", "--json").json
    return str(kept["name"])


def content(line: CommandLine, where: str) -> bytes:
    with line.store() as store:
        return content_of(store, Context(principal_named(store, "ann")), where)


def test_rescue_copies_are_listed_for_their_author_alone(line: CommandLine) -> None:
    heading, row = line.done("rescue", "list", "--as", "ann").lines

    assert heading.split() == ["NAME", "KEPT", "SIZE", "FOR", "WHY"]
    assert re.fullmatch(rf"a \S+ \S+ \d+\.txt  {MOMENT}   4 B  /a\.txt  \S.*", row)
    assert line.done("rescue", "list", "--as", "bob").lines[1:] == []
    assert "--as" in line.refused("rescue", "list")


def test_list_for_programs_keeps_its_keys(line: CommandLine) -> None:
    [kept] = line.done("rescue", "list", "--as", "ann", "--json").json

    assert set(kept) == {"name", "path", "reason", "kept_at", "media_type", "length_bytes", "sha256"}
    assert (kept["path"], kept["length_bytes"]) == ("/a.txt", 4)


def test_restored_copy_is_the_next_version_and_no_rescue_copy_any_more(line: CommandLine) -> None:
    told = line.done("rescue", "restore", name_of(line), "--as", "ann")

    assert told.out == "/a.txt has it, as version 3.\n"
    assert content(line, "/a.txt") == b"late"
    assert line.done("rescue", "list", "--as", "ann", "--json").json == []


def test_restored_copy_may_be_a_document_of_its_own(line: CommandLine) -> None:
    line.done("rescue", "restore", name_of(line), "--as", "ann", "--to", "/late.txt")

    assert (content(line, "/a.txt"), content(line, "/late.txt")) == (b"two", b"late")


def test_another_document_is_overwritten_on_demand_alone(line: CommandLine) -> None:
    with line.store() as store:
        a_document(store, Context(principal_named(store, "ann")), "/b.txt", b"b")

    assert "--overwrite" in line.refused("rescue", "restore", name_of(line), "--as", "ann", "--to", "/b.txt")
    assert content(line, "/b.txt") == b"b"

    line.done("rescue", "restore", name_of(line), "--as", "ann", "--to", "/b.txt", "--overwrite")
    assert content(line, "/b.txt") == b"late"


def test_folder_that_has_the_documents_name_today_stays(line: CommandLine) -> None:
    with line.store() as store:
        ann = Context(principal_named(store, "ann"))
        deleting.delete(store, ann, to_path("/a.txt"))
        a_document(store, ann, "/a.txt/b.txt", b"b")

    assert "--overwrite" in line.refused("rescue", "restore", name_of(line), "--as", "ann")

    assert content(line, "/a.txt/b.txt") == b"b"


def test_removed_copy_is_gone(line: CommandLine) -> None:
    name = name_of(line)

    assert line.done("rescue", "remove", name, "--as", "ann").out == f"{name} is gone for good.\n"

    assert line.done("rescue", "list", "--as", "ann", "--json").json == []


@pytest.mark.parametrize("act", ["restore", "remove"])
def test_copy_that_is_not_there_is_told(line: CommandLine, act: str) -> None:
    assert "davgate rescue list" in line.refused("rescue", act, "nothing.txt", "--as", "ann")
    assert "davgate rescue list" in line.refused("rescue", act, name_of(line), "--as", "bob")
