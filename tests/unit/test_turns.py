"""The turns of writers, and what makes commits durable: the flush of SQLite's log."""

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue

import pytest

from davgate.model.errors import Busy, StoreUnusable
from davgate.storage import durable, turns
from davgate.storage.turns import Gate, LogFlusher


@pytest.fixture
def flushed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The files that were flushed."""
    files: list[int] = []
    monkeypatch.setattr(durable, "flush", lambda descriptor: files.append(os.fstat(descriptor).st_ino))
    return files


def test_flush_serves_every_commit_before_it(tmp_path: Path, flushed: list[int]) -> None:
    log = tmp_path / "log"
    log.touch()
    flusher = LogFlusher(log)
    first, second = flusher.committed(), flusher.committed()

    second()
    first()

    assert flushed == [log.stat().st_ino]
    flusher.close()


def test_commit_during_a_flush_is_not_served_by_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "log"
    log.touch()
    flusher = LogFlusher(log)
    flushes = 0
    later: list[Callable[[], None]] = []

    def flush(_: int) -> None:
        nonlocal flushes
        flushes += 1
        if not later:
            later.append(flusher.committed())

    monkeypatch.setattr(durable, "flush", flush)
    flusher.committed()()
    assert flushes == 1

    later[0]()

    assert flushes == 2
    flusher.close()


def test_flush_that_failed_has_served_nobody(tmp_path: Path, flushed: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "log"
    log.touch()
    flusher = LogFlusher(log)
    first, second = flusher.committed(), flusher.committed()
    with monkeypatch.context() as patched, pytest.raises(OSError, match="disk"):
        patched.setattr(durable, "flush", _broken_disk)
        second()

    first()

    assert flushed == [log.stat().st_ino]
    flusher.close()


def _broken_disk(_: int) -> None:
    raise OSError(errno.EIO, "the disk is broken")


def test_whoever_comes_during_a_flush_waits_for_it_and_is_served_if_it_was_there_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log"
    log.touch()
    flusher = LogFlusher(log)
    first, second = flusher.committed(), flusher.committed()
    other = threading.Thread(target=second)
    flushes = 0

    def flush(_: int) -> None:
        nonlocal flushes
        flushes += 1
        if flushes == 1:
            other.start()
            other.join(0.05)
            assert other.is_alive(), "it was told that its commit is durable"

    monkeypatch.setattr(durable, "flush", flush)
    first()
    other.join(10)

    assert flushes == 1
    flusher.close()


def test_log_stays_open_between_flushes_and_is_closed_in_the_end(
    tmp_path: Path, flushed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = os.listdir("/proc/self/fd")
    log = tmp_path / "log"
    log.touch()
    flusher = LogFlusher(log)
    flusher.committed()()
    with monkeypatch.context() as patched:
        patched.setattr(os, "open", _no_more_files)
        flusher.committed()()
    log.unlink()
    log.touch()
    flusher.committed()()
    assert len(flushed) == 3

    flusher.close()

    assert os.listdir("/proc/self/fd") == before


@pytest.mark.parametrize("is_kept", [False, True], ids=["removed", "kept under another name"])
def test_log_that_was_begun_anew_is_the_one_that_is_flushed(tmp_path: Path, flushed: list[int], is_kept: bool) -> None:
    log = tmp_path / "log"
    log.touch()
    flusher = LogFlusher(log)
    flusher.committed()()
    former = log.stat().st_ino
    if is_kept:
        # As a backup of hard links does.
        os.link(log, tmp_path / "backup")
    log.unlink()
    log.touch()

    flusher.committed()()

    assert flushed == [former, log.stat().st_ino]
    assert flushed[0] != flushed[1]
    flusher.close()


def test_log_that_is_gone_holds_nothing_to_be_flushed(tmp_path: Path, flushed: list[int]) -> None:
    log = tmp_path / "log"
    log.touch()
    flusher = LogFlusher(log)
    flusher.committed()()
    log.unlink()

    flusher.committed()()

    assert len(flushed) == 1
    flusher.close()


def test_descriptor_that_was_closed_is_never_flushed(tmp_path: Path, flushed: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "log"
    log.touch()
    flusher = LogFlusher(log)
    flusher.committed()()
    log.unlink()
    log.touch()
    with monkeypatch.context() as patched, pytest.raises(OSError, match="too many"):
        patched.setattr(os, "open", _no_more_files)
        flusher.committed()()
    other = tmp_path / "other"
    with other.open("wb") as opened:
        flusher.committed()()
        assert flushed[1:] == [log.stat().st_ino]
        flusher.close()
        assert os.fstat(opened.fileno()).st_ino == other.stat().st_ino


def _no_more_files(*_: object) -> int:
    raise OSError(errno.EMFILE, "too many files are open")


def test_writer_behind_one_who_waits_for_a_process_that_froze_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "LONGEST_WAIT_SECONDS", 0.05)
    frozen, gate = Gate(tmp_path / "writer"), Gate(tmp_path / "writer")
    outcomes: SimpleQueue[Exception | None] = SimpleQueue()

    def write() -> None:
        try:
            gate.acquire()
            gate.release()
            outcomes.put(None)
        except Busy as error:
            outcomes.put(error)

    frozen.acquire()
    writers = [threading.Thread(target=write) for _ in range(2)]
    for writer in writers:
        writer.start()

    assert isinstance(outcomes.get(timeout=10), Busy)
    frozen.release()
    assert outcomes.get(timeout=10) is None
    for writer in writers:
        writer.join()
    frozen.close()
    gate.close()


def test_turn_that_could_not_be_taken_is_nobodys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "LONGEST_WAIT_SECONDS", 0.05)
    before = os.listdir("/proc/self/fd")
    gate = Gate(tmp_path / "folder" / "writer")
    for _ in range(2):
        with pytest.raises(StoreUnusable):
            gate.acquire()

    (tmp_path / "folder").mkdir()
    for _ in range(2):
        gate.acquire()
        gate.release()

    gate.close()
    gate.close()
    assert os.listdir("/proc/self/fd") == before


def test_gate_without_a_file_lets_one_thread_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "LONGEST_WAIT_SECONDS", 0.01)
    gate = Gate(None)
    gate.acquire()
    with pytest.raises(Busy):
        gate.acquire()
    gate.release()
    gate.acquire()
    gate.release()
    gate.close()
