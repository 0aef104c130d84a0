"""Backups by command: made, renewed, kept apart from stores, and turned into stores again."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.builders import LARGE, a_document, a_user, content_of
from tests.conftest import FreshDatabase
from tests.unit.cli_runs import CommandLine

from davgate.core.principals.accounts import principal_named
from davgate.core.store import Context, Store

MOMENT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"
LONG = LARGE * 5
"""Content that lies in a file by the default settings too."""


@pytest.fixture
def line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """A command line whose store holds a document with two versions."""
    command_line = CommandLine(tmp_path / "data", capsys)
    command_line.done("init")
    with command_line.store() as store:
        a_document(store, a_user(store, "ann"), "/a.txt", LONG, b"two")
    return command_line


@pytest.fixture
def backup(line: CommandLine, tmp_path: Path) -> Path:
    """A backup of that store."""
    line.done("backup", str(tmp_path / "backup"))
    return tmp_path / "backup"


@pytest.fixture
def other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """A command line without a store."""
    (tmp_path / "other").mkdir()
    return CommandLine(tmp_path / "other" / "data", capsys)


def ann_of(store: Store) -> Context:
    return Context(principal_named(store, "ann"))


def test_backup_is_a_store_of_its_own(line: CommandLine, tmp_path: Path) -> None:
    told = line.done("backup", str(tmp_path / "backup"))

    assert re.fullmatch(rf"The backup in \S+/backup is as of {MOMENT}: 1 file copied, 20\.0 KiB\.\n", told.out)
    mark = json.loads((tmp_path / "backup" / "backup.json").read_text())
    assert re.fullmatch(MOMENT, mark["made_at"])
    copy = CommandLine(tmp_path / "backup", line._capsys)
    assert copy.done("fsck", "--read-data").out == "Every invariant holds.\n"
    assert len(copy.done("versions", "/a.txt").lines) == 3


def test_backup_is_readable_by_its_maker_alone(line: CommandLine, backup: Path) -> None:
    assert (backup.stat().st_mode & 0o777, (backup / "davgate.sqlite3").stat().st_mode & 0o777) == (0o700, 0o600)


def test_backup_is_renewed(line: CommandLine, backup: Path) -> None:
    first = json.loads((backup / "backup.json").read_text())["made_at"]
    with line.store() as store:
        a_document(store, ann_of(store), "/b.txt", LONG + b"b")

    told = line.done("backup", str(backup), "--json").json

    assert told == {"destination": str(backup), "made_at": told["made_at"], "contents": 1, "bytes": len(LONG) + 1, "damaged": []}
    assert told["made_at"] > first
    assert CommandLine(backup, line._capsys).done("versions", "/b.txt")


def test_damage_is_told_and_the_rest_is_there(line: CommandLine, tmp_path: Path) -> None:
    [file] = (tmp_path / "data" / "blobs").glob("??/*")
    file.chmod(0o600)
    file.write_bytes(b"other")

    ran = line.run("backup", str(tmp_path / "backup"))

    assert ran.code == 1
    assert f"The content {file.parent.name}{file.name} is damaged, and not in the copy." in ran.err
    assert CommandLine(tmp_path / "backup", line._capsys).done("versions", "/a.txt")


def test_folder_that_is_no_backup_is_not_written_to(line: CommandLine, tmp_path: Path) -> None:
    assert "is no backup" in line.refused("backup", str(line.data))
    (tmp_path / "file").touch()
    assert "is no backup" in line.refused("backup", str(tmp_path / "file"))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "backup.json").write_text("[]")
    assert "is not what `davgate backup` wrote there" in line.refused("backup", str(tmp_path / "other"))


def test_backup_of_another_store_stays(line: CommandLine, backup: Path, other: CommandLine) -> None:
    other.done("init")

    assert "another store" in other.refused("backup", str(backup))

    assert CommandLine(backup, line._capsys).done("versions", "/a.txt")


def test_two_backups_at_once_do_not_meet(line: CommandLine, backup: Path) -> None:
    held = os.open(backup, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    try:
        assert "Another backup is being written" in line.refused("backup", str(backup))
    finally:
        os.close(held)


def test_backup_is_not_served(line: CommandLine, backup: Path) -> None:
    refused = CommandLine(backup, line._capsys).refused("serve")

    assert "is a backup" in refused
    assert "davgate load" in refused


def test_loaded_store_holds_what_the_backup_does(line: CommandLine, backup: Path, other: CommandLine) -> None:
    told = other.done("load", str(backup))

    made_at = json.loads((backup / "backup.json").read_text())["made_at"]
    assert told.out == f"The store is as it was at {made_at}: 1 file copied, 20.0 KiB.\n"
    assert other.done("fsck", "--read-data").out == "Every invariant holds.\n"
    with other.store() as store:
        assert content_of(store, ann_of(store), "/a.txt") == b"two"
    assert not (other.data / "backup.json").exists()


@pytest.fixture
def on_postgresql(fresh_database: FreshDatabase, other: CommandLine, tmp_path: Path) -> Iterator[CommandLine]:
    """A command line whose settings name a database of PostgreSQL."""
    with fresh_database("postgresql", tmp_path) as url:
        other.set(f'[store]\ndatabase_url = "{url}"')
        yield other


def test_store_moves_to_postgresql_and_back(
    line: CommandLine, backup: Path, on_postgresql: CommandLine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    on_postgresql.done("load", str(backup))
    with on_postgresql.store() as store:
        assert not store.database.is_sqlite
        a_document(store, ann_of(store), "/b.txt", LONG + b"b")
    assert on_postgresql.done("fsck", "--read-data").out == "Every invariant holds.\n"

    on_postgresql.done("backup", str(tmp_path / "back"))
    (tmp_path / "back" / "backup.json").unlink()

    back = CommandLine(tmp_path / "back", capsys)
    assert back.done("fsck", "--read-data").out == "Every invariant holds.\n"
    with back.store() as store:
        assert store.database.is_sqlite
        assert content_of(store, ann_of(store), "/b.txt") == LONG + b"b"


def test_used_store_is_not_loaded_into(line: CommandLine, backup: Path) -> None:
    assert "has been used" in line.refused("load", str(backup))


def test_loading_beside_unknown_contents_is_refused(line: CommandLine, backup: Path, other: CommandLine) -> None:
    shutil.copytree(line.data / "blobs", other.data / "blobs")

    assert "no database that names them" in other.refused("load", str(backup))


def test_what_is_no_whole_backup_is_not_loaded(line: CommandLine, other: CommandLine, tmp_path: Path) -> None:
    assert "is no backup" in other.refused("load", str(line.data))
    (tmp_path / "begun").mkdir()
    (tmp_path / "begun" / "backup.json").write_text('{"davgate": "0.1.0", "made_at": null}')
    assert "never completed" in other.refused("load", str(tmp_path / "begun"))
    assert not other.data.exists()
