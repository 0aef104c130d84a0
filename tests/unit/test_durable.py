"""Writing files so that they are there after a power cut, and so that a flush finds little left."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from tests.builders import START
from tests.faults.power import Unsynced

from davgate.storage import durable

MIB = 1 << 20


@pytest.mark.parametrize("block_bytes", [1, 64 * 1024, 5 * MIB, 8 * MIB, 20 * MIB])
def test_disk_begins_once_with_each_whole_stretch_of_a_growing_file(monkeypatch: pytest.MonkeyPatch, block_bytes: int) -> None:
    begun: list[tuple[int, int, int]] = []
    monkeypatch.setattr(os, "posix_fadvise", lambda *asked: begun.append(asked[1:]))
    size = before = 16 * MIB - 3 if block_bytes == 1 else 0

    while size < before + min(7 * block_bytes, 40 * MIB):
        durable.begin_flush(-1, size, size + block_bytes)
        size += block_bytes

    ends = [offset + length for offset, length, _ in begun]
    assert [offset for offset, _, _ in begun] == [before - before % (8 * MIB), *ends[:-1]] if begun else True
    assert ends[-1:] == ([size - size % (8 * MIB)] if size >= 8 * MIB else [])
    assert {advice for _, _, advice in begun} <= {os.POSIX_FADV_DONTNEED}


@pytest.mark.parametrize("keeps_its_name", [False, True])
def test_published_file_is_durable_whatever_was_flushed_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keeps_its_name: bool
) -> None:
    folder = tmp_path / "blobs"
    durable.make_folder(folder / "staging")
    written, final = folder / "staging" / "written", folder / "ab" / "cd"
    with monkeypatch.context() as patch:
        unsynced = Unsynced(folder, patch)
        descriptor = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        durable.write_all(descriptor, memoryview(b"content"))

        if keeps_its_name:
            durable.publish_beside(written, descriptor, folder / "staging" / "other", final, START)
        else:
            durable.publish(written, descriptor, final, START)

        os.close(descriptor)
        assert unsynced.faults == unsynced.lost() == []
    assert final.read_bytes() == b"content"
    assert os.listdir(folder / "staging") == (["written"] if keeps_its_name else [])


def test_folders_are_for_their_owner_alone(tmp_path: Path) -> None:
    usual = os.umask(0)
    try:
        durable.make_folder(tmp_path / "a" / "b")
    finally:
        os.umask(usual)

    assert [stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "a", tmp_path / "a" / "b")] == [0o700, 0o700]


def test_folder_that_somebody_else_makes_at_the_same_moment_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make = os.mkdir

    def make_before(path: Path, mode: int) -> None:
        make(path)
        make(path, mode)

    monkeypatch.setattr(os, "mkdir", make_before)

    durable.make_folder(tmp_path / "a")

    assert (tmp_path / "a").is_dir()
