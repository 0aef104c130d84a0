"""Writing so that a flush finds little left: which bytes the disk begins with, and when."""

from __future__ import annotations

import os

import pytest

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
