"""gio, the command line of GVfs: what Files and every GTK program does with a ``dav://`` address."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from .drive import Drive
from .mounts import is_mounted
from .programs import Conversation, NotRun, Outcome, run

pytestmark = pytest.mark.live

BACKENDS = (Path("/usr/libexec/gvfsd-dav"), Path("/usr/lib/gvfs/gvfsd-dav"))

Gio = Callable[..., Outcome]


@pytest.fixture(scope="module")
def mounted_gio(program: Callable[[str], str], not_run: NotRun, drive: Drive) -> Iterator[Gio]:
    """Run gio in a desktop session of its own in which the drive is mounted."""
    path = program("gio")
    if not any(backend.exists() for backend in BACKENDS):
        not_run("gio has no dav:// (Debian package gvfs-backends)")
    # The path of a socket is short by nature, and that of a test's folder is not.
    with tempfile.TemporaryDirectory(prefix="davgate-live-") as home:
        environment = os.environ | {
            "HOME": home,
            "XDG_RUNTIME_DIR": home,
            "GVFS_REMOTE_VOLUME_MONITOR_IGNORE": "1",
        }
        bus = Conversation(program("dbus-daemon"), "--session", "--nofork", "--print-address", environment=environment)
        with bus:
            environment["DBUS_SESSION_BUS_ADDRESS"] = bus.hear()

            def call(*words: str | Path, stdin: str | bytes = b"") -> Outcome:
                return run(path, *words, stdin=stdin, environment=environment)

            call("mount", location(drive), stdin=f"{drive.password}\n").succeeded()
            yield call
            call("mount", "-u", location(drive)).succeeded()
        # GVfs shows its mounts as a folder too; that ends with the session, but not at once.
        if is_mounted(Path(home, "gvfs")):
            run("umount", "-l", Path(home, "gvfs"))


@pytest.fixture
def gio(mounted_gio: Gio) -> Gio:
    """As ``mounted_gio``, for commands of which each must succeed."""

    def call(*words: str | Path, stdin: str | bytes = b"") -> Outcome:
        return mounted_gio(*words, stdin=stdin).succeeded()

    return call


def location(drive: Drive, path: str = "") -> str:
    parts = urlsplit(drive.address(path))
    return f"dav://{drive.user}@{parts.netloc}{parts.path}"


def etag(gio: Gio, address: str) -> str:
    found = re.search(r"etag::value: (.*)", gio("info", "-a", "etag::value", address).text)
    assert found is not None
    return found[1]


def test_files_copied_read_moved_and_removed(gio: Gio, drive: Drive, folder: str, tmp_path: Path) -> None:
    there = location(drive, folder)
    content = os.urandom(300_000)
    (tmp_path / "local.bin").write_bytes(content)
    gio("mkdir", f"{there}/sub")
    gio("copy", tmp_path / "local.bin", f"{there}/sub/a.bin")
    gio("copy", f"{there}/sub/a.bin", f"{there}/b.bin")
    gio("move", f"{there}/sub/a.bin", f"{there}/c.bin")
    gio("rename", f"{there}/c.bin", "d é.bin")
    assert drive.members(folder) == ["b.bin", "d é.bin", "sub"]
    assert gio("cat", f"{there}/b.bin").output == drive.get(f"{folder}/d é.bin") == content
    gio("remove", f"{there}/b.bin")
    gio("remove", f"{there}/sub")
    assert drive.members(folder) == ["d é.bin"]


def test_etag_in_a_listing_is_that_of_the_file(gio: Gio, drive: Drive, folder: str) -> None:
    drive.put(f"{folder}/a.txt", b"content\n")
    listed = gio("list", "-a", "etag::value,standard::size", location(drive, folder)).text
    assert f"etag::value={drive.request('HEAD', f'{folder}/a.txt').headers['etag']}" in listed
    assert re.match(r"a\.txt\t8\t\(regular\)", listed)


def test_replacing_a_file_that_somebody_else_changed_is_refused(gio: Gio, mounted_gio: Gio, drive: Drive, folder: str) -> None:
    address = location(drive, f"{folder}/a.txt")
    drive.put(f"{folder}/a.txt", b"one\n")
    seen = etag(gio, address)
    gio("save", "-e", seen, address, stdin="two\n")
    assert drive.get(f"{folder}/a.txt") == b"two\n"
    refused = mounted_gio("save", "-e", seen, address, stdin="three\n")
    assert refused.status != 0
    assert drive.get(f"{folder}/a.txt") == b"two\n"


def test_existing_name_is_not_overwritten_by_a_rename(gio: Gio, mounted_gio: Gio, drive: Drive, folder: str) -> None:
    drive.put(f"{folder}/a.txt", b"a\n")
    drive.put(f"{folder}/b.txt", b"b\n")
    refused = mounted_gio("rename", location(drive, f"{folder}/a.txt"), "b.txt")
    assert refused.status != 0
    assert (drive.get(f"{folder}/a.txt"), drive.get(f"{folder}/b.txt")) == (b"a\n", b"b\n")


def test_real_files_with_odd_names_listed_as_they_are(gio: Gio, drive: Drive, folder: str, real_files: Path) -> None:
    odd = real_files / "odd names" / "one" / "two" / "three" / "four"
    files = sorted(one for one in odd.iterdir() if one.is_file())
    gio("copy", *files, location(drive, folder))
    assert drive.members(folder) == sorted(one.name for one in files)
    listed = gio("list", "-h", location(drive, folder)).text
    assert sorted(listed.splitlines()) == sorted(one.name for one in files)


def test_free_space_of_the_drive_can_be_asked(gio: Gio, drive: Drive, folder: str) -> None:
    assert "filesystem::type: webdav" in gio("info", "-f", location(drive, folder)).text


def test_program_that_knows_no_gio_edits_a_file_by_its_path(
    gio: Gio, not_run: NotRun, drive: Drive, folder: str, tmp_path: Path
) -> None:
    drive.put(f"{folder}/letter.txt", b"Dear Sir,\nthe old text.\n")
    found = re.search(r"^local path: (.*)", gio("info", location(drive, folder)).text, re.MULTILINE)
    if found is None:
        not_run("GVfs shows no folder (Debian package gvfs-fuse, and /dev/fuse)")
    (tmp_path / "copied.txt").write_bytes(b"copied\n")
    script = (
        f"cat '{tmp_path}/copied.txt' > copied.txt\n"
        "mkdir sub\n"
        "mv copied.txt sub/moved.txt\n"
        "sed -i s/old/new/ letter.txt\n"
        "cat letter.txt\n"
    )
    said = run("sh", "-e", "-c", script, folder=Path(found[1])).succeeded()
    assert said.text.endswith("Dear Sir,\nthe new text.\n")
    assert drive.get(f"{folder}/letter.txt") == b"Dear Sir,\nthe new text.\n"
    assert drive.get(f"{folder}/sub/moved.txt") == b"copied\n"
    assert drive.members(folder) == ["letter.txt", "sub"]
