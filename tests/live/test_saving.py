"""Saving on a mounted drive with programs that replace files: the document stays the same one, with one version for each save."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from .drive import Drive
from .mounts import PERSONS_UPLOAD_DELAY, Mounting
from .programs import run

pytestmark = pytest.mark.live

Program = Callable[[str], str]

AUTHOR = b'<propertyupdate xmlns="DAV:"><set><prop><author xmlns="urn:x">Ann</author></prop></set></propertyupdate>'
NAME = "plan.txt"


class Followed:
    """A document with one version and a dead property, to be saved by programs and looked at afterwards."""

    def __init__(self, drive: Drive, folder: str) -> None:
        self.drive = drive
        self.folder = folder
        self.path = f"{folder}/{NAME}"
        drive.put(self.path, b"one\n")
        assert drive.request("PROPPATCH", self.path, AUTHOR).status == 207
        self._id = self._identity()

    def _identity(self) -> str:
        question = b'<propfind xmlns="DAV:"><prop><resource-id/><author xmlns="urn:x"/></prop></propfind>'
        answer = self.drive.request("PROPFIND", self.path, question, {"Depth": "0"})
        assert answer.status == 207
        found = re.search(rb"urn:uuid:[0-9a-f-]{36}", answer.body)
        assert found is not None and b"Ann" in answer.body, answer.body
        return found[0].decode()

    def check(self, *contents: bytes, beside: tuple[str, ...] = ()) -> None:
        """It is the same document, with these versions and its property, alone in its folder but for ``beside``."""
        assert self._identity() == self._id
        assert list(self.drive.versions(self.path).values()) == list(contents)
        assert self.drive.get(self.path) == contents[-1]
        assert self.drive.members(self.folder) == sorted((NAME, *beside))
        assert self.drive.active_locks(self.path) == []


@pytest.fixture
def followed(own_drive: Drive, folder: str) -> Followed:
    return Followed(own_drive, folder)


SHELL = {
    "append": ("printf 'two\\n' >> plan.txt", b"one\ntwo\n"),
    "truncate-and-write": ("printf 'two\\n' > plan.txt", b"two\n"),
    "cp": ("printf 'two\\n' > /tmp/davgate-plan.$$; cp /tmp/davgate-plan.$$ plan.txt; rm /tmp/davgate-plan.$$", b"two\n"),
    "mv-over": ("printf 'two\\n' > new-plan; mv new-plan plan.txt", b"two\n"),
    "backup-and-replace": ("mv plan.txt plan.txt~; printf 'two\\n' > plan.txt; rm plan.txt~", b"two\n"),
    "remove-and-make": ("rm plan.txt; printf 'two\\n' > plan.txt", b"two\n"),
    "sed": ("sed -i s/one/two/ plan.txt", b"two\n"),
}


@pytest.mark.parametrize("upload_delay", [0, PERSONS_UPLOAD_DELAY])
@pytest.mark.parametrize("how", SHELL)
def test_command_of_a_shell_makes_one_version(
    mount: Mounting, own_drive: Drive, followed: Followed, how: str, upload_delay: int
) -> None:
    command, content = SHELL[how]
    mounted = mount(own_drive, followed.folder, upload_delay=upload_delay)
    run("sh", "-e", "-c", command, folder=mounted.path).succeeded()
    assert mounted.lost() == []
    mounted.unmount()

    followed.check(b"one\n", content)


@pytest.mark.parametrize("how", [[], ["--inplace"]], ids=["beside", "in-place"])
def test_rsync_makes_one_version(
    mount: Mounting,
    own_drive: Drive,
    followed: Followed,
    program: Program,
    tmp_path: Path,
    how: list[str],
) -> None:
    source = tmp_path / NAME
    source.write_bytes(b"two\n" * 1000)
    mounted = mount(own_drive, followed.folder)
    run(program("rsync"), "--times", *how, source, mounted.path / NAME).succeeded()
    assert mounted.lost() == []
    mounted.unmount()

    followed.check(b"one\n", b"two\n" * 1000)


VIM = {
    "writes-in-place": "set backupcopy=yes",
    "renames": "set backupcopy=no",
    "decides": "set backupcopy=auto",
    "renames-and-keeps-a-backup": "set backupcopy=no backup",
    "writes-without-a-backup": "set nowritebackup nobackup",
}


@pytest.mark.parametrize("upload_delay", [0, PERSONS_UPLOAD_DELAY])
@pytest.mark.parametrize("how", VIM)
def test_vim_makes_one_version_for_each_write(
    mount: Mounting, own_drive: Drive, followed: Followed, program: Program, how: str, upload_delay: int
) -> None:
    mounted = mount(own_drive, followed.folder, upload_delay=upload_delay)
    edit = ("-c", VIM[how], "-c", "set backupskip= swapfile directory=.", "-c", "%s/one/two/", "-c", "write", "-c", "quit")
    run(program("vim"), "-Nu", "NONE", "-es", *edit, NAME, folder=mounted.path).succeeded()
    assert mounted.lost() == []
    mounted.unmount()

    followed.check(b"one\n", b"two\n", beside=(f"{NAME}~",) if "keeps" in how else ())


def test_two_sessions_of_vim_make_two_versions(mount: Mounting, own_drive: Drive, followed: Followed, program: Program) -> None:
    mounted = mount(own_drive, followed.folder)
    for old, new in (("one", "two"), ("two", "three")):
        edit = ("-c", "set backupskip= backupcopy=no", "-c", f"%s/{old}/{new}/", "-c", "write", "-c", "quit")
        run(program("vim"), "-Nu", "NONE", "-es", *edit, NAME, folder=mounted.path).succeeded()
    mounted.unmount()

    followed.check(b"one\n", b"two\n", b"three\n")


def test_files_that_vim_keeps_while_it_edits_are_no_documents(
    mount: Mounting, own_drive: Drive, followed: Followed, program: Program
) -> None:
    mounted = mount(own_drive, followed.folder)
    look = "call writefile(readdir('.'), '/dev/stdout')"
    edit = ("-c", "set swapfile directory=.", "-c", "%s/one/two/", "-c", "preserve", "-c", look, "-c", "quit!")
    shown = run(program("vim"), "-Nu", "NONE", "-es", *edit, NAME, folder=mounted.path)
    assert f".{NAME}.swp" in shown.text
    assert own_drive.members(f"{followed.folder}/.versions") == [NAME]
    mounted.unmount()

    followed.check(b"one\n")
