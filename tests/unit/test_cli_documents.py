"""The commands that look after documents: what they write for people and programs, and what they leave done."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import BinaryIO

import pytest
from sqlalchemy import delete
from tests.builders import a_document, a_lock, a_user, holding, node_at, put
from tests.builders import path as to_path
from tests.unit.cli_runs import CommandLine

from davgate.cli import export
from davgate.core import checking_out, deleting, documents, erasing, locking, marking
from davgate.core.principals.accounts import principal_named
from davgate.core.store import Context, Store
from davgate.model.node import ROOT_ID, Content
from davgate.model.properties import PropertyUpdate
from davgate.model.rights import READER
from davgate.storage.api import access
from davgate.storage.statements import Statement
from davgate.storage.tables import access_grant

MOMENT = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
EXACT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"


@pytest.fixture
def line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """A command line whose store has been made."""
    command_line = CommandLine(tmp_path / "data", capsys)
    command_line.done("init")
    return command_line


def prepared(line: CommandLine) -> None:
    """Make users, and a document with three versions, the last with two earlier saves."""
    with line.store() as store:
        ann = a_user(store, "ann")
        a_user(store, "bob")
        a_user(store, "root", is_admin=True)
        a_document(store, ann, "/f/a.txt", b"one", b"two" * 600)
        lock = a_lock(store, ann, "/f/a.txt")
        for no in range(3):
            put(store, holding(ann, lock), "/f/a.txt", f"save {no}".encode())
        locking.unlock(store, ann, to_path("/f/a.txt"), lock.token)


def sign_in(store: Store, name: str) -> Context:
    return Context(principal_named(store, name))


# versions


def test_versions_are_a_table(line: CommandLine) -> None:
    prepared(line)
    line.done("label", "/f/a.txt", "sent to the board", "--no", "1")
    line.done("pin", "f/a.txt", "--no", "1")

    heading, *rows = line.done("versions", "/f/a.txt").lines

    assert heading.split() == ["NO", "SAVED", "BY", "SIZE", "CAUSE", "MARKS", "ABOUT"]
    assert [row[:2].strip() for row in rows] == ["1", "2", "3"]
    assert re.fullmatch(rf" 1  {MOMENT}  ann      3 B  created  sent to the board, pin", rows[0])
    assert re.fullmatch(rf" 2  {MOMENT}  ann  1\.8 KiB  save", rows[1])
    assert re.fullmatch(rf" 3  {MOMENT}  ann      6 B  session", rows[2])
    saves = line.done("versions", "/f/a.txt", "--saves").lines
    assert [row[:2].strip() for row in saves[1:]] == ["1", "2", "", "", "3"]


def test_versions_for_programs_keep_their_keys(line: CommandLine) -> None:
    prepared(line)

    told = line.done("versions", "/f/a.txt", "--json", "--saves").json

    assert set(told) == {"path", "uuid", "current", "versions"}
    assert (told["path"], told["current"]) == ("/f/a.txt", 3)
    last = told["versions"][-1]
    assert re.fullmatch(EXACT, last.pop("opened_at"))
    assert re.fullmatch(EXACT, last.pop("saved_at"))
    assert re.fullmatch(EXACT, last.pop("sealed_at"))
    assert [save["length_bytes"] for save in last.pop("saves")] == [6, 6]
    assert last == {
        "no": 3,
        "cause": "session",
        "is_open": False,
        "author": "ann",
        "comment": "",
        "origin": "",
        "file_name": "a.txt",
        "media_type": "text/plain",
        "length_bytes": 6,
        "sha256": hashlib.sha256(b"save 2").hexdigest(),
        "labels": [],
        "is_pinned": False,
        "is_held": False,
    }


def test_times_are_those_of_the_time_zone(line: CommandLine) -> None:
    prepared(line)
    there = line.done("versions", "/f/a.txt", "--json").json["versions"][0]["saved_at"]
    line.set('time_zone = "Asia/Tokyo"')

    here = line.done("versions", "/f/a.txt").lines[1].split()[2]

    assert int(here[:2]) == (int(there[11:13]) + 9) % 24


def test_name_that_would_steer_a_terminal_does_not(line: CommandLine) -> None:
    prepared(line)
    with line.store() as store:
        ann = sign_in(store, "ann")
        checking_out.check_out(store, ann, to_path("/f/a.txt"))
        checking_out.check_in(store, ann, to_path("/f/a.txt"), comment="\x1b[2Jall gone\n")

    assert "\x1b" not in line.done("versions", "/f/a.txt").out


def test_reasons_of_refusals_are_one_line(line: CommandLine) -> None:
    prepared(line)

    assert "There is nothing at /f/b.txt" in line.refused("versions", "/f/b.txt")
    assert "is a folder" in line.refused("versions", "/f")
    assert "no user 'eve'" in line.refused("versions", "/f/a.txt", "--as", "eve")
    assert "'..' is not a name" in line.refused("versions", "/f/../f/a.txt")


def test_store_that_is_not_there_is_said_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "data").mkdir()

    assert "davgate init" in CommandLine(tmp_path / "data", capsys).refused("versions", "/a")


def test_file_that_is_no_database_is_told_once(line: CommandLine) -> None:
    (line.data / "davgate.sqlite3").write_bytes(b"this is no database" * 1000)

    ran = line.run("fsck")

    assert ran.code == 1
    (told,) = ran.lines
    assert told.startswith("database-broken: database: ")
    assert ran.err == "Damage found: 1.\n"


def test_store_whose_contents_are_not_mounted_is_not_made_anew(line: CommandLine) -> None:
    with line.store() as store:
        a_document(store, a_user(store, "ann"), "/large", bytes(100_000))
    blobs = line.data / "blobs"
    blobs.rename(blobs.with_name("away"))
    blobs.mkdir()

    assert "Mount or restore that folder" in line.refused("init")

    assert list(blobs.iterdir()) == []
    blobs.rmdir()
    blobs.with_name("away").rename(blobs)
    line.done("init")


# label, pin, hold


def test_label_moves_only_when_asked_to(line: CommandLine) -> None:
    prepared(line)
    line.done("label", "/f/a.txt", "draft")

    assert "Version 3 has the label 'draft' already" in line.refused("label", "/f/a.txt", "draft", "--no", "1")
    told = line.done("label", "/f/a.txt", "draft", "--no", "1", "--move", "--json").json
    assert told == {"path": "/f/a.txt", "version": 1, "mark": "label", "is_set": True, "label": "draft"}
    assert line.done("label", "/f/a.txt", "draft", "--remove").out == "Version 1 of /f/a.txt is not labelled 'draft' any more.\n"
    assert "No version" in line.refused("label", "/f/a.txt", "draft", "--remove")


def test_hold_is_for_administrators(line: CommandLine) -> None:
    prepared(line)

    assert "Only an administrator" in line.refused("hold", "/f/a.txt", "--as", "ann")
    assert line.done("hold", "/f/a.txt", "--as", "root").out == "Version 3 of /f/a.txt is held.\n"
    assert line.done("versions", "/f/a.txt", "--json").json["versions"][2]["is_held"]
    assert "is held" in line.refused("erase", "/f", "--reason", "why")
    assert line.done("hold", "/f/a.txt", "--remove").out == "Version 3 of /f/a.txt is released.\n"


# checkout


def test_document_is_checked_out_for_somebody(line: CommandLine) -> None:
    prepared(line)

    assert "--as NAME" in line.refused("checkout", "/f/a.txt")
    assert line.done("checkout", "/f/a.txt", "--as", "ann").out == "/f/a.txt is checked out by ann from version 3.\n"
    assert "checked out already" in line.refused("checkout", "/f/a.txt", "--as", "bob")
    (one,) = line.done("checkout", "--json").json
    assert (one["path"], one["holder"], one["base"], one["saved_at"]) == ("/f/a.txt", "ann", 3, None)
    heading, row = line.done("checkout", "list").lines
    assert heading.split() == ["PATH", "BY", "SINCE", "FROM", "SAVED", "SIZE"]
    assert re.fullmatch(rf"/f/a.txt  ann  {MOMENT}     3", row)


def test_davgate_checks_in_for_the_holder_and_others_may_not(line: CommandLine) -> None:
    prepared(line)
    with line.store() as store:
        ann = sign_in(store, "ann")
        checking_out.check_out(store, ann, to_path("/f/a.txt"))
        put(store, ann, "/f/a.txt", b"working")

    assert "checked out by ann" in line.refused("checkout", "/f/a.txt", "--check-in", "--as", "bob")
    told = line.done("checkout", "/f/a.txt", "--check-in", "--comment", "for ann", "--json").json

    assert told == {"path": "/f/a.txt", "is_checked_out": False, "version": 4}
    last = line.done("versions", "/f/a.txt", "--json").json["versions"][-1]
    assert (last["author"], last["comment"], last["cause"]) == ("ann", "for ann", "check-in")
    assert "not checked out, so there is nothing" in line.refused("checkout", "/f/a.txt", "--cancel")


# locks


def test_locks_are_listed_with_their_holders_and_broken_by_token(line: CommandLine) -> None:
    prepared(line)
    with line.store() as store:
        ann = sign_in(store, "ann")
        token = a_lock(store, ann, "/f/a.txt", owner="Ann's desk").token

    (one,) = line.done("locks", "--json").json
    assert re.fullmatch(EXACT, one.pop("expires_at"))
    assert one == {
        "path": "/f/a.txt",
        "holder": "ann",
        "scope": "exclusive",
        "depth": "0",
        "token": token,
        "owner": "Ann's desk",
    }
    heading, row = line.done("locks", "/f").lines
    assert heading.split() == ["PATH", "BY", "SCOPE", "DEPTH", "UNTIL", "TOKEN"]
    assert row.startswith("/f/a.txt  ann  exclusive")

    assert "belongs to somebody else" in line.refused("locks", "--break", token, "--as", "bob")
    assert line.done("locks", "/f", "--break", f"<opaquelocktoken:{token}>").out == "The lock on /f/a.txt is broken.\n"
    assert line.done("locks", "--json").json == []
    assert "nothing to unlock" in line.refused("locks", "--break", token)


# thin, erase, trash


def test_dry_run_shows_what_would_go_and_thin_lets_it_go(line: CommandLine) -> None:
    prepared(line)
    assert "No rule is set" in line.done("thin").out
    line.set('[versions]\nkeep_all = "forever"\nkeep_count = 1\n')
    assert line.done("thin", "--dry-run", "--json").json["versions"] == 0
    line.set("[versions]\nkeep_count = 1\n")

    heading, row, blank, total = line.done("thin", "--dry-run").lines
    assert heading.split() == ["PATH", "VERSIONS", "BECAUSE", "OF", "SAVES", "FREED"]
    assert row.split() == ["/f/a.txt", "1-2", "count", "(2)", "0", "1.8", "KiB"]
    assert (blank, total) == ("", "2 versions and 0 earlier saves of 1 document would go: 1.8 KiB that nothing else has.")
    assert len(line.done("versions", "/f/a.txt", "--json").json["versions"]) == 3

    told = line.done("thin", "--json").json
    assert (told["is_dry_run"], told["versions"], told["saves"], told["freed_bytes"]) == (False, 2, 0, 1803)
    assert told["documents"][0]["versions"] == [{"no": 1, "reason": "count"}, {"no": 2, "reason": "count"}]
    assert [one["no"] for one in line.done("versions", "/f/a.txt", "--json").json["versions"]] == [3]
    assert line.done("thin").out == "0 versions and 0 earlier saves of 0 documents are gone: 0 B that nothing else has.\n"


def test_erase_removes_for_good_and_says_what(line: CommandLine) -> None:
    prepared(line)
    with line.store() as store:
        a_document(store, sign_in(store, "ann"), "/copy", b"one")

    assert "Only an administrator" in line.refused("erase", "/f/a.txt", "--reason", "why", "--as", "ann")
    assert line.done("erase", "f/a.txt", "--reason", "asked to").out == (
        "/f/a.txt is gone for good: 1 document with 3 versions, 1.8 KiB. What other documents have too stays (1 content).\n"
    )
    assert "nothing at /f/a.txt" in line.refused("erase", "/f/a.txt", "--reason", "why")
    uuid = line.done("versions", "/copy", "--json").json["uuid"]
    assert line.done("erase", uuid, "--reason", "why", "--json").json == {
        "path": "/copy",
        "uuid": uuid,
        "documents": 1,
        "versions": 1,
        "freed_bytes": 3,
        "shared_contents": 0,
    }
    assert line.done("fsck", "--read-data").code == 0


# split, merge


def test_split_and_merge_are_each_other_undone(line: CommandLine) -> None:
    prepared(line)

    assert line.done("split", "/f/a.txt", "3", "b.txt").out == "/f/b.txt has the versions of /f/a.txt from 3 on.\n"
    assert line.done("versions", "/f/b.txt", "--json").json["current"] == 1
    assert line.done("merge", "/f/b.txt", "/f/a.txt", "--json").json["current"] == 5
    assert "nothing at /f/b.txt" in line.refused("versions", "/f/b.txt")


# export


def test_export_has_everything(line: CommandLine, tmp_path: Path) -> None:
    prepared(line)
    with line.store() as store:
        ann = sign_in(store, "ann")
        a_document(store, ann, "/f/g/b.bin", bytes(range(256)) * 200)
        documents.patch_properties(
            store, ann, to_path("/f/a.txt"), [PropertyUpdate(("urn:x", "colour"), '<colour xmlns="urn:x">red</colour>')]
        )
        marking.set_label(store, ann, to_path("/f/a.txt"), 2, "sent", may_move=False)
        uuid = node_at(store, ann, "/f/a.txt").uuid
    out = tmp_path / "out"

    told = line.done("export", "/f", str(out), "--json").json

    assert told == {"destination": str(out), "documents": 2, "versions": 4, "bytes": 6 + 3 + 1800 + 18 + 2 * 51200}
    assert (out / "current/f/a.txt").read_bytes() == b"save 2"
    assert (out / "current/f/g/b.bin").read_bytes() == bytes(range(256)) * 200
    manifest = json.loads((out / "export.json").read_text("utf-8"))
    assert manifest["format"] == 1
    assert [one["path"] for one in manifest["collections"]] == ["/f", "/f/g"]
    assert {"path": "/f/a.txt", "uuid": uuid, "history": f"history/{uuid}"} in manifest["documents"]
    history = out / "history" / uuid
    about = json.loads((history / "document.json").read_text("utf-8"))
    assert (about["path"], about["created_by"], about["current"]) == ("/f/a.txt", "ann", 3)
    assert about["properties"] == [{"namespace": "urn:x", "name": "colour", "xml": '<colour xmlns="urn:x">red</colour>'}]
    assert [one["labels"] for one in about["versions"]] == [[], ["sent"], []]
    files = [one["file"] for version in about["versions"] for one in (*version["saves"], version)]
    assert [(history / file).read_bytes() for file in files] == [b"one", b"two" * 600, b"save 0", b"save 1", b"save 2"]
    assert sorted([*files, "document.json"]) == sorted(file.name for file in history.iterdir())
    assert re.fullmatch(r"0003\.02 \d{4}-\d\d-\d\d \d\d\.\d\d ann\.txt", files[3])


def test_export_of_one_document_stands_under_its_name(line: CommandLine, tmp_path: Path) -> None:
    prepared(line)

    line.done("export", "/f/a.txt", str(tmp_path / "out"))

    assert [str(one.relative_to(tmp_path / "out")) for one in (tmp_path / "out/current").iterdir()] == ["current/a.txt"]


def test_export_never_writes_into_a_folder_that_holds_something(line: CommandLine, tmp_path: Path) -> None:
    prepared(line)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").touch()

    assert f"{tmp_path / 'out'} exists already" in line.refused("export", "/f", str(tmp_path / "out"))
    assert "exists already" in line.refused("export", "/f", str(tmp_path / "out" / "mine"))
    below_file = tmp_path / "out" / "mine" / "below"
    assert f"{below_file} cannot be made: Not a directory." in line.refused("export", "/f", str(below_file))
    assert "nothing at /nothing" in line.refused("export", "/nothing", str(tmp_path / "none"))
    assert not (tmp_path / "none").exists()


def test_export_of_damaged_content_fails_and_is_not_whole(line: CommandLine, tmp_path: Path) -> None:
    prepared(line)
    with line.store() as store:
        a_document(store, sign_in(store, "ann"), "/f/b.bin", bytes(range(256)) * 200)
    (damaged,) = (path for path in (line.data / "blobs").rglob("*") if path.is_file() and path.stat().st_size == 51200)
    damaged.chmod(0o600)
    damaged.write_bytes(b"\0" * 51200)

    assert "is damaged" in line.refused("export", "/f", str(tmp_path / "out"))
    assert not (tmp_path / "out" / "export.json").exists()


@pytest.mark.parametrize("content", [b"in a row", bytes(range(256)) * 200], ids=["inline", "file"])
def test_export_leaves_out_what_is_erased_while_it_is_written(
    line: CommandLine, tmp_path: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared(line)
    with line.store() as store:
        a_document(store, sign_in(store, "ann"), "/f/going", b"first", content)
    open_bytes = export.open_bytes

    def erased_before_its_history_is_read(store: Store, wanted: Content) -> BinaryIO:
        if wanted.length_bytes == len(b"first"):
            erasing.erase(store, sign_in(store, "root"), "/f/going", "asked for")
        return open_bytes(store, wanted)

    monkeypatch.setattr(export, "open_bytes", erased_before_its_history_is_read)

    told = line.done("export", "/f", str(tmp_path / "out"), "--json").json

    assert (told["documents"], told["versions"], told["bytes"]) == (1, 3, 6 + 3 + 1800 + 18)
    assert [one.name for one in (tmp_path / "out/current/f").iterdir()] == ["a.txt"]
    assert len(list((tmp_path / "out/history").iterdir())) == 1


def test_export_needs_the_right_to_read(line: CommandLine, tmp_path: Path) -> None:
    prepared(line)
    with line.store() as store, store.database.write() as tx:
        tx.run(Statement(delete(access_grant)))
        access.grant(tx, ROOT_ID, principal_named(store, "bob").id, READER.value)
        tx.commit()

    assert "nothing at /f" in line.refused("export", "/f", str(tmp_path / "out"), "--as", "ann")
    line.done("export", "/f", str(tmp_path / "out"), "--as", "bob")


# restore, trash


def test_version_is_restored_onto_its_document_or_elsewhere(line: CommandLine) -> None:
    prepared(line)

    assert line.done("restore", "/f/a.txt", "1").out == "/f/a.txt has the content of version 1 again, as version 4.\n"
    last = line.done("versions", "/f/a.txt", "--json").json["versions"][-1]
    assert (last["no"], last["cause"], last["origin"], last["length_bytes"]) == (4, "revert", "version 1", 3)

    told = line.done("restore", "/f/a.txt", "2", "--to", "/f/b.txt", "--json").json
    assert (told["path"], told["current"], told["is_created"]) == ("/f/b.txt", 1, True)
    assert "exists already. Replace it with --overwrite" in line.refused("restore", "/f/a.txt", "1", "--to", "/f/b.txt")
    told = line.done("restore", "/f/a.txt", "1", "--to", "/f/b.txt", "--overwrite").out
    assert told == "/f/b.txt has the content of version 1 of /f/a.txt, as version 2.\n"
    assert "/f/a.txt has no version 9" in line.refused("restore", "/f/a.txt", "9")
    assert "/f is a folder" in line.refused("restore", "/f", "1")


def test_past_state_is_restored(line: CommandLine) -> None:
    prepared(line)
    then = line.done("versions", "/f/a.txt", "--json").json["versions"][1]["opened_at"]

    assert line.done("restore", "/f/a.txt", "--at", then).out == f"/f/a.txt is what it was at {then}.\n"
    last = line.done("versions", "/f/a.txt", "--json").json["versions"][-1]
    assert (last["origin"], last["length_bytes"]) == ("version 2", 1800)
    assert "exists already" in line.refused("restore", "/f", "--at", then)
    line.done("restore", "/f", "--at", then, "--to", "/g")
    assert line.done("versions", "/g/a.txt", "--json").json["versions"][0]["length_bytes"] == 1800
    assert "no instant" in line.refused("restore", "/f/a.txt", "--at", "yesterday")
    assert "There was nothing at /f/a.txt at that time." in line.refused("restore", "/f/a.txt", "--at", "2001-01-01")


def test_what_was_deleted_is_listed_restored_and_purged(line: CommandLine) -> None:
    prepared(line)
    with line.store() as store:
        deleting.delete(store, sign_in(store, "bob"), to_path("/f/a.txt"))

    heading, row = line.done("trash", "list").lines
    assert heading.split() == ["ID", "DELETED", "BY", "SIZE", "FROM"]
    assert re.fullmatch(rf" ?\d+  {MOMENT}  bob   6 B  /f/a.txt", row)
    (entry,) = line.done("trash", "list", "--json", "--as", "ann").json
    assert (entry["path"], entry["deleted_by"], entry["versions"]) == ("/f/a.txt", "bob", 3)
    number = str(entry["id"])

    told = line.done("trash", "restore", number, "--json").json
    assert told == {"path": "/f/a.txt", "uuid": entry["uuid"], "current": 3, "is_created": True}
    for act in ("restore", "purge"):
        assert f"The trash has no entry {number}. List it with davgate trash list." in line.refused("trash", act, number)

    with line.store() as store:
        deleting.delete(store, sign_in(store, "bob"), to_path("/f/a.txt"))
    assert line.done("restore", "--trash", number, "--to", "/b.txt").out == "/b.txt is what was deleted.\n"

    with line.store() as store:
        deleting.delete(store, sign_in(store, "bob"), to_path("/b.txt"))
    assert "Only an administrator" in line.refused("trash", "purge", number, "--as", "ann")
    assert line.done("trash", "purge", "--older-than", "30d").out == "0 entries gone for good: 0 B.\n"
    assert line.done("trash", "purge", "--older-than", "365000000d").out == "0 entries gone for good: 0 B.\n"
    assert "--older-than must be seconds" in line.refused("trash", "purge", "--older-than", "long")
    assert line.done("trash", "purge", number).out.startswith("/b.txt is gone for good: 1 document with 3 versions")
    assert line.done("trash", "list", "--json").json == []
    assert line.done("fsck").code == 0


def test_purge_of_all_that_is_old_tells_what_is_held(line: CommandLine) -> None:
    prepared(line)
    with line.store() as store:
        a_document(store, sign_in(store, "ann"), "/held.txt", b"held")
    line.done("hold", "/held.txt")
    with line.store() as store:
        for name in ["/held.txt", "/f"]:
            deleting.delete(store, sign_in(store, "ann"), to_path(name))

    told = line.done("trash", "purge", "--older-than", "0", "--as", "root").out

    assert re.fullmatch(r"1 entry gone for good: [\d.]+ (Ki)?B\. Held, so still there: 1\.\n", told)
    assert [entry["path"] for entry in line.done("trash", "list", "--json").json] == ["/held.txt"]


@pytest.mark.parametrize(
    "words",
    [
        ("restore", "/a"),
        ("restore",),
        ("restore", "/a", "1", "--at", "2026-11-01"),
        ("restore", "/a", "--trash", "7"),
        ("checkout", "--cancel"),
    ],
)
def test_act_that_is_not_said_in_full_is_refused(line: CommandLine, words: tuple[str, ...]) -> None:
    assert line.refused(*words).startswith(("davgate: Say w", "davgate: Name an entry"))


# policy


def test_folder_says_what_makes_a_version_until_it_inherits_again(line: CommandLine) -> None:
    prepared(line)

    assert line.done("policy", "/f").out == "In /f all saves under a lock are one version.\n"
    assert line.done("policy", "/f", "--versions-per", "save").out == "In /f each save is a version.\n"
    assert line.done("policy", "/f", "--json").json == {"path": "/f", "versions_per": "save"}
    assert line.done("policy", "/", "--json").json == {"path": "/", "versions_per": "session"}

    assert line.done("policy", "/f", "--versions-per", "inherit", "--json").json["versions_per"] == "session"


def test_document_has_no_policy_of_its_own(line: CommandLine) -> None:
    prepared(line)

    assert "/f/a.txt" in line.refused("policy", "/f/a.txt", "--versions-per", "save")
