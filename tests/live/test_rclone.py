"""rclone: copying a tree, checking it byte by byte, and following its changes."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from .drive import Drive
from .programs import Outcome, run

pytestmark = pytest.mark.live

Rclone = Callable[..., Outcome]


@pytest.fixture
def rclone(program: Callable[[str], str], drive: Drive, folder: str, tmp_path: Path) -> Rclone:
    """Run rclone with a remote ``live:`` that is the test's own collection."""
    path = program("rclone")
    obscured = run(path, "obscure", "-", stdin=drive.password).succeeded().text.strip()
    environment = os.environ | {
        "RCLONE_CONFIG": str(tmp_path / "rclone.conf"),
        "RCLONE_CONFIG_LIVE_TYPE": "webdav",
        "RCLONE_CONFIG_LIVE_URL": drive.address(folder),
        "RCLONE_CONFIG_LIVE_VENDOR": "other",
        "RCLONE_CONFIG_LIVE_USER": drive.user,
        "RCLONE_CONFIG_LIVE_PASS": obscured,
        "RCLONE_RETRIES": "1",
        "RCLONE_LOW_LEVEL_RETRIES": "1",
    }
    (tmp_path / "rclone.conf").touch()

    def call(*words: str | Path, stdin: bytes = b"") -> Outcome:
        return run(path, *words, stdin=stdin, environment=environment, timeout=120).succeeded()

    return call


def test_real_files_copied_in_pass_the_check_and_come_back_the_same(rclone: Rclone, real_files: Path, tmp_path: Path) -> None:
    # rclone sends at most a hundred requests in a second, however fast the answers are: not all files, then.
    rclone("copy", "--create-empty-src-dirs", "--exclude", "/library/**", real_files, "live:tree")
    rclone("check", "--download", "--exclude", "/library/**", real_files, "live:tree")
    rclone("copy", "--create-empty-src-dirs", "live:tree", tmp_path / "back")
    run("diff", "-r", "-x", "library", real_files, tmp_path / "back").succeeded()


def test_sync_follows_changed_new_and_deleted_files(
    rclone: Rclone, drive: Drive, folder: str, real_files: Path, tmp_path: Path
) -> None:
    local = shutil.copytree(real_files / "library" / "json", tmp_path / "json")
    rclone("sync", local, "live:json")
    (local / "decoder.py").write_bytes(b"# shorter\n")
    (local / "new").mkdir()
    (local / "new" / "file.txt").write_bytes(b"new\n")
    (local / "tool.py").unlink()
    rclone("sync", local, "live:json")
    rclone("check", "--download", local, "live:json")
    assert drive.get(f"{folder}/json/decoder.py") == b"# shorter\n"
    assert not drive.exists(f"{folder}/json/tool.py")


def test_change_that_keeps_the_size_is_followed_by_the_time_of_the_upload(
    rclone: Rclone, drive: Drive, folder: str, tmp_path: Path
) -> None:
    local = tmp_path / "local"
    local.mkdir()
    (local / "a.txt").write_bytes(b"one")
    rclone("sync", local, "live:timed")
    (local / "a.txt").write_bytes(b"two")
    an_hour_on = time.time() + 3600
    os.utime(local / "a.txt", (an_hour_on, an_hour_on))

    rclone("sync", local, "live:timed")
    assert drive.get(f"{folder}/timed/a.txt") == b"one"
    rclone("sync", "--update", "--use-server-modtime", local, "live:timed")
    assert drive.get(f"{folder}/timed/a.txt") == b"two"

    os.utime(local / "a.txt", (0, 0))
    assert "Copied" not in rclone("sync", "-v", "--update", "--use-server-modtime", local, "live:timed").text


def test_second_copy_of_an_unchanged_tree_sends_nothing(rclone: Rclone, real_files: Path) -> None:
    local = real_files / "library" / "json"
    rclone("copy", local, "live:json")
    said = rclone("copy", "-v", "--stats-one-line", local, "live:json").text
    assert "Copied" not in said


def test_moved_renamed_and_purged_on_the_server(rclone: Rclone, drive: Drive, folder: str) -> None:
    drive.put(f"{folder}/a.txt", b"content\n")
    rclone("moveto", "live:a.txt", "live:sub/b.txt")
    rclone("copyto", "live:sub/b.txt", "live:c.txt")
    rclone("moveto", "live:sub", "live:renamed")
    assert drive.get(f"{folder}/renamed/b.txt") == b"content\n"
    (listed,) = json.loads(rclone("lsjson", "--files-only", "live:").text)
    assert (listed["Name"], listed["Size"]) == ("c.txt", 8)
    rclone("purge", "live:renamed")
    assert drive.members(folder) == ["c.txt"]


def test_streamed_upload_of_unknown_length_arrives_whole(rclone: Rclone, drive: Drive, folder: str) -> None:
    content = os.urandom(3_000_000)
    rclone("rcat", "live:streamed.bin", stdin=content)
    assert drive.get(f"{folder}/streamed.bin") == content
