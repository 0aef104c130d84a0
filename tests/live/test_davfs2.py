"""davfs2: the drive as a folder of Linux, with ordinary programs working in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from .drive import Drive
from .mounts import PERSONS_UPLOAD_DELAY, Mounting
from .programs import Conversation, run

pytestmark = pytest.mark.live


def file_count(tree: Path) -> int:
    return sum(1 for one in tree.rglob("*") if one.is_file())


@pytest.mark.parametrize("upload_delay", [0, PERSONS_UPLOAD_DELAY])
def test_real_files_copied_in_are_the_same_after_remounting(
    mount: Mounting, drive: Drive, folder: str, real_files: Path, upload_delay: int
) -> None:
    assert file_count(real_files) > 250
    first = mount(drive, folder, upload_delay=upload_delay)
    run("cp", "-r", real_files, first.path / "copy", timeout=120).succeeded()
    first.unmount()
    second = mount(drive, folder)
    run("diff", "-r", real_files, second.path / "copy", timeout=120).succeeded()
    assert second.lost() == []
    second.unmount()


@pytest.mark.parametrize("upload_delay", [0, PERSONS_UPLOAD_DELAY])
def test_file_changed_in_place_moved_and_deleted_through_the_mount(
    mount: Mounting, drive: Drive, folder: str, upload_delay: int
) -> None:
    drive.put(f"{folder}/letter.txt", b"Dear Sir,\nthe old text.\n")
    drive.put(f"{folder}/going.txt", b"going\n")
    mounted = mount(drive, folder, upload_delay=upload_delay)
    script = (
        "printf new | dd of=letter.txt bs=1 seek=14 conv=notrunc status=none\n"
        "echo Yours, Ann >> letter.txt\n"
        "mkdir -p sub/deep\n"
        "cp letter.txt sub/copy.txt\n"
        "mv sub/copy.txt sub/deep/moved.txt\n"
        "mv sub renamed\n"
        "rm going.txt\n"
        ": > empty.txt\n"
    )
    run("sh", "-e", "-c", script, folder=mounted.path).succeeded()
    assert mounted.lost() == []
    mounted.unmount()
    assert drive.get(f"{folder}/letter.txt") == b"Dear Sir,\nthe new text.\nYours, Ann\n"
    assert drive.get(f"{folder}/renamed/deep/moved.txt") == drive.get(f"{folder}/letter.txt")
    assert drive.get(f"{folder}/empty.txt") == b""
    assert drive.members(folder) == ["empty.txt", "letter.txt", "renamed"]
    assert drive.active_locks(f"{folder}/letter.txt") == []


def test_file_open_for_writing_is_locked_until_closed(mount: Mounting, drive: Drive, folder: str) -> None:
    path = f"{folder}/open.txt"
    drive.put(path, b"before\n")
    mounted = mount(drive, folder)
    with Conversation("sh", "-c", "exec 3>>open.txt; echo more >&3; echo opened; read go", folder=mounted.path) as writer:
        assert writer.hear() == "opened"
        (lock,) = drive.active_locks(path)
        assert (lock.scope, lock.depth, lock.owner) == ("exclusive", "0", drive.user)
        assert drive.request("PUT", path, b"intruder\n").status == 423
        writer.say("go")
        writer.end()
    mounted.unmount()
    assert drive.active_locks(path) == []
    assert drive.get(path) == b"before\nmore\n"


def test_versions_of_a_file_changed_through_the_mount_can_be_opened(mount: Mounting, own_drive: Drive, folder: str) -> None:
    path = f"{folder}/letter.txt"
    for line in ("one", "two", "three"):
        mounted = mount(own_drive, folder)
        run("sh", "-c", f"echo {line} >> letter.txt", folder=mounted.path).succeeded()
        mounted.unmount()
    expected = [b"one\n", b"one\ntwo\n", b"one\ntwo\nthree\n"]
    assert list(own_drive.versions(path).values()) == expected
    shelf = mount(own_drive, f"{folder}/.versions")
    said = run("sh", "-c", "cat letter.txt/*; echo spoiled > letter.txt/0001*", folder=shelf.path)
    assert said.text.startswith("one\none\ntwo\none\ntwo\nthree\n")
    assert said.status != 0
