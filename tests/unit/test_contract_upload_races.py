"""Many append to one upload at the same time: no byte of one comes to lie among those of another, in threads and processes."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.builders import content_of, findings, opened_store
from tests.processes import CONTEXT, start
from tests.unit.racing import PATIENCE_SECONDS, Site
from tests.unit.uploaded import NAME, Ranges, append, begin, run_taking_part, take_part

from davgate.core.content import Written
from davgate.core.store import Context, Store
from davgate.core.uploads import Appended
from davgate.model.errors import Busy
from davgate.storage import parts
from davgate.storage.engines import WRITERS_SETTINGS
from davgate.storage.parts import DiskPart

LENGTH_BYTES = 60_000
PARTICIPANTS = (1, 2, 3, 4)
ROUNDS = 20


Outcome = tuple[Ranges, int]
Race = Callable[[str], list[Outcome]]
"""Lets all take part in an upload."""


def hold(store: Store, ann: Context, race: Race) -> None:
    """Hold races after each of which all is right, until in one of them somebody met somebody: that is chance."""
    for _ in range(ROUNDS):
        outcomes = race(begin(store, ann, LENGTH_BYTES))
        check(store, ann, [ranges for ranges, _ in outcomes])
        if any(refused for _, refused in outcomes):
            return
    pytest.fail("nobody met anybody")


def check(store: Store, ann: Context, confirmed: list[Ranges]) -> None:
    """What was confirmed to somebody is there, whole and one after the other, and nothing else is."""
    counted = sorted(one for ranges in confirmed for one in ranges)
    expected = b"".join(bytes([marker]) * (to - offset) for offset, to, marker in counted)
    assert [offset for offset, _, _ in counted] == [0, *(to for _, to, _ in counted[:-1])]
    assert len(expected) >= LENGTH_BYTES
    assert content_of(store, ann, NAME) == expected
    assert findings(store) == []


def in_threads(stores: list[Store], ann: Context) -> Race:
    def race(upload_id: str) -> list[Outcome]:
        with ThreadPoolExecutor(len(PARTICIPANTS)) as pool:
            running = [
                pool.submit(take_part, stores[marker % len(stores)], ann, upload_id, marker, LENGTH_BYTES)
                for marker in PARTICIPANTS
            ]
            return [one.result(PATIENCE_SECONDS) for one in running]

    return race


def in_processes(database_url: str, folder: Path) -> Race:
    site = Site(database_url, folder)

    def race(upload_id: str) -> list[Outcome]:
        barrier, outcomes = CONTEXT.Barrier(len(PARTICIPANTS)), CONTEXT.Queue()
        processes = [start(run_taking_part, site, upload_id, marker, LENGTH_BYTES, barrier, outcomes) for marker in PARTICIPANTS]
        results = [outcomes.get(timeout=PATIENCE_SECONDS) for _ in processes]
        for process in processes:
            process.join()
            assert process.exitcode == 0
        return results

    return race


def test_threads_of_one_process_never_mix_their_bytes(store: Store, ann: Context) -> None:
    hold(store, ann, in_threads([store], ann))


def test_threads_never_mix_their_bytes_where_files_cannot_be_locked(
    store: Store, ann: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "_lock", lambda descriptor: False)

    hold(store, ann, in_threads([store], ann))


def test_nodes_with_a_shared_folder_never_mix_their_bytes(store: Store, ann: Context, database_url: str, tmp_path: Path) -> None:
    with opened_store(database_url, tmp_path) as other:
        hold(store, ann, in_threads([store, other], ann))


def test_processes_never_mix_their_bytes(store: Store, ann: Context, database_url: str, tmp_path: Path) -> None:
    with opened_store(database_url, tmp_path) as real:
        hold(real, ann, in_processes(database_url, tmp_path))


@pytest.mark.parametrize("database_kind", ["postgresql"])
def test_append_that_froze_before_it_took_over_takes_nothing_from_the_next(
    store: Store, ann: Context, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(WRITERS_SETTINGS, "idle_in_transaction_session_timeout", "50ms")
    upload_id = begin(store, ann, 10)
    take = DiskPart.take
    meanwhile: list[Appended[Written]] = []

    def take_late(part: DiskPart, confirm: Callable[[], object]) -> None:
        if not meanwhile:
            monkeypatch.setattr(DiskPart, "take", take)
            meanwhile.append(append(store, ann, upload_id, 0, b"12345"))
        take(part, confirm)

    monkeypatch.setattr(DiskPart, "take", take_late)
    with opened_store(database_url, tmp_path, store.clock) as elsewhere:
        # Who has the file itself makes the others work on copies.
        with store.blobs.parts.claim(upload_id, 0), pytest.raises(Busy):
            append(elsewhere, ann, upload_id, 0, b"67890")

    assert [one.offset_bytes for one in meanwhile] == [5]
    append(store, ann, upload_id, 5, b"67890")
    assert content_of(store, ann, NAME) == b"1234567890"
