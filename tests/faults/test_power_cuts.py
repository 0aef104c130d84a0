"""A power cut at any moment: whatever was acknowledged is on the disk, and no name leads to bytes that are not.

A process that is killed (``test_crashes``) loses nothing that it gave to the system. What the system had not yet written is lost
with its power alone, so here is followed what was flushed, and when.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.builders import LARGE, a_document, a_lock, put
from tests.faults.power import Unsynced
from tests.unit.uploaded import Pieces, append, begin

from davgate.core.store import Context, Store
from davgate.model.errors import OffsetMismatch
from davgate.storage.api import catalog
from davgate.storage.blobs import DiskBlobs
from davgate.storage.statements import Statement

HALF = len(LARGE) // 2
SMALL = b"small"


@pytest.fixture
def unsynced(store: Store, ann: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Unsynced]:
    """Follows the files of the store from now on; nothing may be relied on before it is durable."""
    with monkeypatch.context() as patch:
        following = Unsynced(tmp_path / "blobs", patch)
        yield following
        assert following.faults == []
        assert following.lost() == []


def put_twice(store: Store, ann: Context) -> None:
    """The second time its name is taken by the same bytes."""
    put(store, ann, "/a", LARGE)
    put(store, ann, "/b", LARGE)


def upload(store: Store, ann: Context) -> None:
    upload_id = begin(store, ann, len(LARGE))
    append(store, ann, upload_id, 0, LARGE[:HALF])
    append(store, ann, upload_id, HALF, LARGE[HALF:])


def upload_small(store: Store, ann: Context) -> None:
    upload_id = begin(store, ann, len(SMALL))
    append(store, ann, upload_id, 0, SMALL[:2])
    append(store, ann, upload_id, 2, SMALL[2:])


def upload_taken_over(store: Store, ann: Context) -> None:
    """The client goes on beside a request of its own that still has the file, so that the beginning is copied."""
    upload_id = begin(store, ann, len(LARGE))
    append(store, ann, upload_id, 0, LARGE[:HALF])
    body = Pieces(LARGE[HALF:], HALF, lambda number: append(store, ann, upload_id, HALF, LARGE[HALF:-1]) if not number else None)
    with pytest.raises(OffsetMismatch):
        append(store, ann, upload_id, HALF, body)


@pytest.mark.parametrize("act", [put_twice, upload, upload_small, upload_taken_over])
def test_content_is_durable_before_a_row_names_it(
    store: Store, ann: Context, unsynced: Unsynced, act: Callable[[Store, Context], None]
) -> None:
    act(store, ann)
    assert unsynced.commits >= 2


def test_folders_of_a_new_store_are_durable(store: Store, ann: Context, tmp_path: Path, unsynced: Unsynced) -> None:
    blobs = DiskBlobs(tmp_path / "blobs" / "some" / "where", store.clock, inline_limit_bytes=0)
    blobs.prepare()
    with blobs.stage() as staging:
        staging.write(memoryview(LARGE))
        staging.finish()
    # That its files are durable below folders that are not is what is found at the end.
    assert list((tmp_path / "blobs" / "some" / "where").glob("??/*"))


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_log_is_flushed_when_an_operation_ends_but_not_for_a_lock(store: Store, ann: Context, unsynced: Unsynced) -> None:
    a_document(store, ann, "/a", b"small content, that lies in the log")
    assert unsynced.commits == 1
    assert not unsynced.is_log_lost(store.database)

    a_lock(store, ann, "/a")
    assert unsynced.commits == 1, "a lock alone needs no flush of its own"


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_commit_is_flushed_when_its_block_ends_while_the_next_writer_goes_on(
    store: Store, ann: Context, unsynced: Unsynced
) -> None:
    with store.database.write() as tx:
        catalog.touch(tx, 1)
        tx.commit()
        assert unsynced.is_log_lost(store.database)
    assert not unsynced.is_log_lost(store.database)


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
@pytest.mark.parametrize("durable", [True, False])
def test_server_has_flushed_what_has_to_be_durable(store: Store, durable: bool) -> None:
    are_flushed = []
    for _ in range(20):
        with store.database.write(durable=durable) as tx:
            catalog.touch(tx, 1)
            row = tx.first(Statement(text("SELECT CAST(pg_current_wal_insert_lsn() AS text)")))
            tx.commit()
        assert row is not None
        with store.database.read() as session:
            are_flushed += session.all(Statement(text(f"SELECT pg_current_wal_flush_lsn() >= '{row[0]}'")))

    # What need not be is not waited for; the server flushes it by itself five times a second.
    assert all(one == (True,) for one in are_flushed) is durable
