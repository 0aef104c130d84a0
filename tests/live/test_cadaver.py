"""cadaver, the command-line client: its commands as a person types them, from a script on its standard input."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from .drive import Drive
from .programs import run

pytestmark = pytest.mark.live


class Cadaver:
    """Runs scripts of cadaver in one collection, with a home of its own for the password and the local files."""

    def __init__(self, path: str, drive: Drive, folder: str, home: Path) -> None:
        self._path, self._url, self._home = path, drive.address(folder) + "/", home
        netrc = home / ".netrc"
        netrc.touch(mode=0o600)
        host = urlsplit(drive.url).hostname
        netrc.write_text(f'machine {host}\nlogin {drive.user}\npassword "{drive.password}"\n')

    def type(self, *commands: str) -> list[str]:
        """Run the commands in one session and return the answer to each."""
        said = run(
            self._path, self._url,
            stdin="".join(f"{command}\n" for command in (*commands, "quit")),
            environment=os.environ | {"HOME": str(self._home), "TERM": "dumb", "COLUMNS": "1000"}, folder=self._home,
        ).succeeded()  # fmt: skip
        # The prompt, which ends in "> ", is followed by an echo of the command.
        answers = re.split(r"^dav:[^\n]*?> ", said.text, flags=re.MULTILINE)[1:]
        echoes = [answer.partition("\n")[0] for answer in answers]
        assert echoes == [*commands, "quit"], said.text
        return [answer.partition("\n")[2].strip() for answer in answers[:-1]]

    def do(self, *commands: str) -> list[str]:
        """As ``type``, for commands of which each must succeed."""
        answers = self.type(*commands)
        for command, answer in zip(commands, answers, strict=True):
            assert "failed" not in answer and "Could not" not in answer, f"{command}: {answer}"
        return answers


@pytest.fixture
def cadaver(program: Callable[[str], str], drive: Drive, folder: str, tmp_path: Path) -> Cadaver:
    (tmp_path / "first.txt").write_bytes(b"first\n")
    (tmp_path / "second.txt").write_bytes(b"second, longer\n")
    return Cadaver(program("cadaver"), drive, folder, tmp_path)


def test_files_and_collections_made_copied_moved_and_deleted(cadaver: Cadaver, drive: Drive, folder: str, tmp_path: Path) -> None:
    cadaver.do("mkcol sub", "put first.txt", "copy first.txt copied.txt", "move copied.txt sub/moved.txt", "copy sub/ twin/")
    assert drive.members(folder) == ["first.txt", "sub", "twin"]
    assert drive.get(f"{folder}/sub/moved.txt") == drive.get(f"{folder}/twin/moved.txt") == b"first\n"
    listing, content, _ = cadaver.do("ls", "cat first.txt", "get twin/moved.txt back.txt")
    assert re.search(r"Coll:\s+sub\b", listing) and re.search(r"first\.txt\s+6\b", listing)
    assert content.endswith("first")
    assert (tmp_path / "back.txt").read_bytes() == b"first\n"
    cadaver.do("delete first.txt", "rmcol twin")
    assert drive.members(folder) == ["sub"]


def test_mput_and_mget_carry_several_files(cadaver: Cadaver, drive: Drive, folder: str, tmp_path: Path) -> None:
    cadaver.do("mput first.txt second.txt", "put first.txt third.dat")
    assert drive.members(folder) == ["first.txt", "second.txt", "third.dat"]
    for name in ("first.txt", "second.txt"):
        (tmp_path / name).unlink()
    cadaver.do("mget *.txt")
    assert (tmp_path / "second.txt").read_bytes() == b"second, longer\n"


def test_lock_keeps_others_out_and_lets_its_holder_write(cadaver: Cadaver, drive: Drive, folder: str) -> None:
    path = f"{folder}/first.txt"
    drive.put(path, b"original\n")
    cadaver.do("lock first.txt")
    assert len(drive.active_locks(path)) == 1
    assert drive.request("PUT", path, b"intruder\n").status == 423
    _, found = cadaver.do("steal first.txt", "discover first.txt")
    assert drive.active_locks(path)[0].token in found
    cadaver.do("steal first.txt", "put second.txt first.txt", "unlock first.txt")
    assert drive.get(path) == b"second, longer\n"
    assert drive.active_locks(path) == []


def test_lock_on_a_collection_covers_its_members(cadaver: Cadaver, drive: Drive, folder: str) -> None:
    drive.make_collection(f"{folder}/sub")
    cadaver.do("lock sub", "put first.txt sub/first.txt")
    assert drive.request("PUT", f"{folder}/sub/first.txt", b"intruder\n").status == 423
    assert drive.request("PUT", f"{folder}/sub/new.txt", b"intruder\n").status == 423
    _, shown = cadaver.do("steal sub", "showlocks")
    assert "sub" in shown
    cadaver.do("steal sub", "unlock sub")
    assert drive.active_locks(f"{folder}/sub/first.txt") == []
    assert drive.get(f"{folder}/sub/first.txt") == b"first\n"


def test_edit_locks_loads_stores_and_unlocks(cadaver: Cadaver, drive: Drive, folder: str, tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    # cadaver takes a file for unchanged when its time, in whole seconds, is.
    editor.write_text('#!/bin/sh\nsed -i s/original/edited/ "$1" && touch -d "+1 minute" "$1"\n')
    editor.chmod(0o755)
    path = f"{folder}/letter.txt"
    drive.put(path, b"original text\n")
    _, edited = cadaver.do(f"set editor {editor}", "edit letter.txt")
    assert "Locking" in edited and "Unlocking" in edited
    assert drive.get(path) == b"edited text\n"
    assert drive.active_locks(path) == []


def test_properties_set_listed_and_deleted(cadaver: Cadaver, drive: Drive, folder: str) -> None:
    drive.put(f"{folder}/first.txt", b"first\n")
    _, value, names, everything = cadaver.do(
        "propset first.txt colour 'dark blue'", "propget first.txt colour", "propnames first.txt", "propget first.txt"
    )
    assert "dark blue" in value
    assert "colour" in names and "getetag" in names
    assert "dark blue" in everything
    cadaver.do("propdel first.txt colour")
    (gone,) = cadaver.type("propget first.txt colour")
    assert "404" in gone


def test_refusals_reach_the_person(cadaver: Cadaver, drive: Drive, folder: str) -> None:
    drive.make_collection(f"{folder}/sub")
    missing, again, orphan = cadaver.type("cat nothing.txt", "mkcol sub", "put first.txt nowhere/first.txt")
    assert "404" in missing
    assert "405" in again
    assert "409" in orphan
    assert drive.members(folder) == ["sub"]


def test_versions_listed_labelled_checked_out_and_in(cadaver: Cadaver, drive: Drive, folder: str) -> None:
    path = f"{folder}/first.txt"
    drive.put(path, b"original\n")
    (history,) = cadaver.do("history first.txt")
    assert "1 version in history" in history
    cadaver.do("version first.txt", "checkout first.txt", "put second.txt first.txt")
    _, listing, again = cadaver.type("history first.txt", "ls", "checkout first.txt")
    assert re.search(r"<\s*first\.txt", listing), listing
    assert "409" in again
    cadaver.do("checkin first.txt", "label first.txt add final")
    assert drive.get(path) == b"second, longer\n"
    history, listing = cadaver.do("history first.txt", "ls")
    assert "2 versions in history" in history
    assert re.search(r"/2\s+15\b.*<2>", history) and re.search(r"/1\s+9\b.*<1>", history), history
    assert re.search(r">\s*first\.txt", listing), listing
    cadaver.do("checkout first.txt", "put first.txt first.txt", "uncheckout first.txt", "label first.txt remove final")
    assert drive.get(path) == b"second, longer\n"
    removed, not_out = cadaver.type("label first.txt remove final", "checkin first.txt")
    assert "409" in removed and "409" in not_out
