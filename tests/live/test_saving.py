"""Saving with programs that write in place, beside or under a lock: the same document, with one version for each edit."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from . import test_gio, test_libreoffice
from .drive import Drive, Server, Serving
from .followed import Followed, admit_ben
from .mounts import PERSONS_UPLOAD_DELAY, Mounting
from .office import Office
from .programs import Conversation, NotRun, Outcome, run
from .test_cadaver import Cadaver
from .test_gio import Gio, location
from .test_libreoffice import make_document

pytestmark = pytest.mark.live

Program = Callable[[str], str]

NAME = "plan.txt"
PATIENCE_SECONDS = 60

# Fixtures of these modules, which find the drive of this one.
mounted_gio, gio, office = test_gio.mounted_gio, test_gio.gio, test_libreoffice.office


@pytest.fixture(scope="module")
def server(serving: Serving) -> Iterator[Server]:
    """A davgate in which Ben may do nothing yet."""
    with serving() as started:
        admit_ben(started)
        yield started


@pytest.fixture(scope="module")
def drive(server: Server) -> Drive:
    return server.drive


@pytest.fixture
def followed(drive: Drive, server: Server, folder: str) -> Followed:
    drive.put(f"{folder}/{NAME}", b"one\n")
    return Followed(server, f"{folder}/{NAME}")


def wait_until(is_so: Callable[[], bool]) -> None:
    """Look until something is so: programs have their own clocks."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, f"not so within {PATIENCE_SECONDS} s"
        time.sleep(0.05)


# Commands of a shell, on a mount

SHELL = {
    "append": ("printf 'two\\n' >> plan.txt", b"one\ntwo\n"),
    "truncate-and-write": ("printf 'two\\n' > plan.txt", b"two\n"),
    "cp": ("printf 'two\\n' > /tmp/davgate-plan.$$; cp /tmp/davgate-plan.$$ plan.txt; rm /tmp/davgate-plan.$$", b"two\n"),
    "mv-over": ("printf 'two\\n' > new-plan; mv new-plan plan.txt", b"two\n"),
    "backup-and-replace": ("mv plan.txt plan.txt~; printf 'two\\n' > plan.txt; rm plan.txt~", b"two\n"),
    "remove-and-make": ("rm plan.txt; printf 'two\\n' > plan.txt", b"two\n"),
    "sed": ("sed -i s/one/two/ plan.txt", b"two\n"),
}


@pytest.mark.parametrize(("upload_delay", "is_new"), [(0, True), (PERSONS_UPLOAD_DELAY, False)])
@pytest.mark.parametrize("how", SHELL)
def test_command_of_a_shell_makes_one_version(
    mount: Mounting, drive: Drive, server: Server, folder: str, how: str, upload_delay: int, is_new: bool
) -> None:
    drive.put(f"{folder}/{NAME}", b"one\n")
    followed = Followed(server, f"{folder}/{NAME}", is_new=is_new)
    command, content = SHELL[how]
    mounted = mount(drive, folder, upload_delay=upload_delay)
    run("sh", "-e", "-c", command, folder=mounted.path).succeeded()
    assert mounted.lost() == []
    mounted.unmount()

    followed.check(content)


def test_file_emptied_and_then_written_has_no_empty_version_when_it_is_sent_once(
    mount: Mounting, drive: Drive, followed: Followed
) -> None:
    mounted = mount(drive, followed.folder, upload_delay=PERSONS_UPLOAD_DELAY)
    run("sh", "-c", ": > plan.txt; printf 'two\\n' >> plan.txt", folder=mounted.path).succeeded()
    mounted.unmount()

    followed.check(b"two\n")


def test_file_left_empty_by_one_command_and_written_by_the_next_has_an_empty_version_between(
    mount: Mounting, drive: Drive, followed: Followed
) -> None:
    mounted = mount(drive, followed.folder)
    run("sh", "-c", ": > plan.txt", folder=mounted.path).succeeded()
    # Sent and unlocked: for all that can be known, it was to be empty.
    wait_until(lambda: drive.get(followed.path) == b"" and drive.active_locks(followed.path) == [])
    run("sh", "-c", "printf 'two\\n' >> plan.txt", folder=mounted.path).succeeded()
    mounted.unmount()

    followed.check(b"", b"two\n")


@pytest.mark.parametrize("upload_delay", [0, PERSONS_UPLOAD_DELAY])
def test_backup_that_stays_is_a_document_of_its_own(mount: Mounting, drive: Drive, followed: Followed, upload_delay: int) -> None:
    mounted = mount(drive, followed.folder, upload_delay=upload_delay)
    run("sed", "-i.bak", "s/one/two/", NAME, folder=mounted.path).succeeded()
    mounted.unmount()

    followed.check(b"two\n", documents=(f"{NAME}.bak",))
    assert list(drive.versions(f"{followed.path}.bak").values()) == [b"one\n"]


@pytest.mark.parametrize("upload_delay", [0, PERSONS_UPLOAD_DELAY])
@pytest.mark.parametrize("how", [[], ["--inplace"], ["--backup"]], ids=["beside", "in-place", "with-a-backup"])
def test_rsync_makes_one_version(
    mount: Mounting, drive: Drive, followed: Followed, program: Program, tmp_path: Path, how: list[str], upload_delay: int
) -> None:
    source = tmp_path / NAME
    source.write_bytes(b"two\n" * 1000)
    mounted = mount(drive, followed.folder, upload_delay=upload_delay)
    run(program("rsync"), "--times", *how, source, mounted.path / NAME).succeeded()
    assert mounted.lost() == []
    mounted.unmount()

    followed.check(b"two\n" * 1000, scratch=(f"{NAME}~",) if "--backup" in how else ())


# vim, on a mount

VIM = {
    "writes-in-place": "set backupcopy=yes",
    "renames": "set backupcopy=no",
    "decides": "set backupcopy=auto",
    "renames-and-keeps-a-backup": "set backupcopy=no backup",
    "writes-without-a-backup": "set nowritebackup nobackup",
}


def vim(program: Program, folder: Path, *commands: str) -> Outcome:
    """Run vim without anybody's settings on the document; its own files lie beside it, as they do by default."""
    settings = "set backupskip= swapfile directory=."
    words = [word for command in (settings, *commands) for word in ("-c", command)]
    return run(program("vim"), "-Nu", "NONE", "-i", "NONE", "-es", *words, NAME, folder=folder)


@pytest.mark.parametrize("upload_delay", [0, PERSONS_UPLOAD_DELAY])
@pytest.mark.parametrize("how", VIM)
def test_vim_makes_one_version_for_each_write(
    mount: Mounting, drive: Drive, followed: Followed, program: Program, how: str, upload_delay: int
) -> None:
    mounted = mount(drive, followed.folder, upload_delay=upload_delay)
    vim(program, mounted.path, VIM[how], "%s/one/two/", "write", "quit").succeeded()
    assert mounted.lost() == []
    mounted.unmount()

    followed.check(b"two\n", scratch=(f"{NAME}~",) if "keeps" in how else ())


@pytest.mark.parametrize("how", ["writes-in-place", "renames"])
def test_two_sessions_of_vim_make_two_versions(
    mount: Mounting, drive: Drive, followed: Followed, program: Program, how: str
) -> None:
    mounted = mount(drive, followed.folder)
    vim(program, mounted.path, VIM[how], "%s/one/two/", "write", "quit").succeeded()
    # For a second Linux may believe that the file is as long as when vim had emptied it.
    wait_until(lambda: run("cat", mounted.path / NAME).output == b"two\n")
    vim(program, mounted.path, VIM[how], "%s/two/three/", "write", "quit").succeeded()
    mounted.unmount()

    followed.check(b"two\n", b"three\n")


# davfs2 holds a lock on a file while it is open, and vim closes it after each write: an edit session is a write, not a vim.
# What is written again before it was sent is never seen by the server.
@pytest.mark.parametrize(
    ("upload_delay", "versions"),
    [(0, (b"two\n", b"three\n")), (PERSONS_UPLOAD_DELAY, (b"three\n",))],
    ids=["sent-at-once", "sent-later"],
)
@pytest.mark.parametrize("how", ["writes-in-place", "renames"])
def test_writes_of_one_vim_are_versions_when_they_are_sent(
    mount: Mounting, drive: Drive, followed: Followed, program: Program, how: str, upload_delay: int, versions: tuple[bytes, ...]
) -> None:
    mounted = mount(drive, followed.folder, upload_delay=upload_delay)
    vim(program, mounted.path, VIM[how], "%s/one/two/", "write", "%s/two/three/", "write", "quit").succeeded()
    mounted.unmount()

    followed.check(*versions)


def test_files_that_vim_keeps_while_it_edits_are_no_documents(
    mount: Mounting, drive: Drive, followed: Followed, program: Program
) -> None:
    mounted = mount(drive, followed.folder)
    settings = ("-c", "set swapfile directory=.")
    with Conversation(program("vim"), "-Nu", "NONE", "-i", "NONE", "-es", *settings, NAME, folder=mounted.path) as editor:
        for command in ("%s/one/two/", "preserve", "call writefile(['edited'], '/dev/stdout')"):
            editor.say(command)
        assert editor.hear() == "edited"
        wait_until(lambda: drive.members(followed.folder) == [f".{NAME}.swp", NAME])
        assert drive.members(f"{followed.folder}/.versions") == [NAME]
        editor.say("quit!")
        editor.end()
    mounted.unmount()

    followed.check()


# A program of GNOME saves through GIO: by dav:// address, on the folder that GVfs shows, or on any other mount


@pytest.fixture
def shown_folder(gio: Gio, not_run: NotRun, followed: Followed) -> Path:
    """The folder of the followed document as GVfs shows it to programs that know no addresses."""
    found = re.search(r"^local path: (.*)", gio("info", location(followed.drive, followed.folder)).text, re.MULTILINE)
    if found is None:
        not_run("GVfs shows no folder (Debian package gvfs-fuse, and /dev/fuse)")
    return Path(found[1])


def test_gio_save_makes_one_version(gio: Gio, drive: Drive, followed: Followed) -> None:
    gio("save", location(drive, followed.path), stdin="two\n")
    followed.check(b"two\n")


def test_gio_copy_over_makes_one_version(gio: Gio, drive: Drive, followed: Followed, tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"two\n")
    gio("copy", tmp_path / NAME, location(drive, followed.path))
    followed.check(b"two\n")


def save_as_gtk_does(program: Program, folder: Path, *options: str) -> None:
    """Replace the document as GTK programs do on a path: GIO writes a file beside it and renames."""
    environment = os.environ | {"GIO_USE_VFS": "local"}
    run(program("gio"), "save", *options, NAME, stdin="two\n", environment=environment, folder=folder).succeeded()


@pytest.mark.parametrize("upload_delay", [0, PERSONS_UPLOAD_DELAY])
@pytest.mark.parametrize("options", [[], ["--backup"]], ids=["plain", "with-a-backup"])
def test_save_of_a_gtk_program_on_a_mount_makes_one_version(
    mount: Mounting, drive: Drive, followed: Followed, program: Program, options: list[str], upload_delay: int
) -> None:
    mounted = mount(drive, followed.folder, upload_delay=upload_delay)
    save_as_gtk_does(program, mounted.path, *options)
    assert mounted.lost() == []
    mounted.unmount()

    followed.check(b"two\n", scratch=(f"{NAME}~",) if options else ())


def wait_until_sent_by_gvfs(followed: Followed, content: bytes) -> None:
    """Wait for what was written: GVfs sends it when the kernel lets go of the file, after the program's own close."""
    wait_until(lambda: followed.drive.request("GET", followed.path).body == content)


@pytest.mark.parametrize("how", ["sed", "mv-over", "backup-and-replace", "cp"])
def test_command_of_a_shell_in_the_folder_of_gvfs_makes_one_version(shown_folder: Path, followed: Followed, how: str) -> None:
    command, content = SHELL[how]
    run("sh", "-e", "-c", command, folder=shown_folder).succeeded()
    wait_until_sent_by_gvfs(followed, content)
    followed.check(content)


def test_vim_in_the_folder_of_gvfs_makes_one_version(shown_folder: Path, followed: Followed, program: Program) -> None:
    # GVfs refuses to open a file for writing that is not emptied first: there vim can write beside alone.
    vim(program, shown_folder, VIM["renames"], "%s/one/two/", "write", "quit").succeeded()
    wait_until_sent_by_gvfs(followed, b"two\n")
    followed.check(b"two\n")


# LibreOffice


@pytest.fixture
def letter(office: Office, drive: Drive, server: Server, folder: str) -> Followed:
    make_document(office, drive, f"{folder}/letter.odt", "One.")
    return Followed(server, f"{folder}/letter.odt")


def test_session_of_libreoffice_by_address_makes_one_version(office: Office, drive: Drive, letter: Followed) -> None:
    assert office.open(drive.address(letter.path))
    for text in (" Two.", " Three.", " Four."):
        office.append(text)
        office.store()
    last = drive.get(letter.path)
    office.close()

    letter.check(last)
    assert letter.save_counts() == [0, 2]


# davfs2 unlocks each file that LibreOffice closes, and it does so after each store: to the server these are edit sessions.
def test_libreoffice_on_a_mount_makes_one_version_for_each_store(
    office: Office, mount: Mounting, drive: Drive, letter: Followed
) -> None:
    mounted = mount(drive, letter.folder)
    assert office.open((mounted.path / "letter.odt").as_uri())
    stored = []
    for text in (" Two.", " Three."):
        office.append(text)
        office.store()
        stored.append(run("cat", mounted.path / "letter.odt").succeeded().output)
    office.close()
    assert mounted.lost() == []
    mounted.unmount()

    letter.check(*stored)


# Locks taken by hand


def test_cadaver_saving_twice_under_one_lock_makes_one_version(
    program: Program, drive: Drive, followed: Followed, tmp_path: Path
) -> None:
    for text in ("two", "three"):
        (tmp_path / text).write_text(f"{text}\n")
    cadaver = Cadaver(program("cadaver"), drive, followed.folder, tmp_path)
    cadaver.do(f"lock {NAME}", f"put two {NAME}", f"put three {NAME}", f"unlock {NAME}")

    followed.check(b"three\n")
    assert followed.save_counts() == [0, 1]


LOCK = '<lockinfo xmlns="DAV:"><lockscope><exclusive/></lockscope><locktype><write/></locktype></lockinfo>'


def test_curl_saving_twice_under_one_lock_makes_one_version(program: Program, drive: Drive, followed: Followed) -> None:
    def curl(*options: str, stdin: str = "") -> str:
        signed = ("--silent", "--fail", "--user", f"{drive.user}:{drive.password}")
        return run(program("curl"), *signed, *options, drive.address(followed.path), stdin=stdin).succeeded().text

    said = curl("-i", "-X", "LOCK", "-H", "Depth: 0", "-H", "Content-Type: application/xml", "-d", LOCK)
    found = re.search(r"^lock-token: (<.*>)", said, re.MULTILINE | re.IGNORECASE)
    assert found is not None, said
    for text in ("two\n", "three\n"):
        curl("-T", "-", "-H", f"If: ({found[1]})", stdin=text)
    curl("-X", "UNLOCK", "-H", f"Lock-Token: {found[1]}")

    followed.check(b"three\n")
    assert followed.save_counts() == [0, 1]
