"""Statements whose answers a writer on PostgreSQL does not wait for."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest
from tests.builders import a_lock, holding, path, put

from davgate.core import locking
from davgate.core.store import Context, Store
from davgate.storage.api import Transaction, catalog
from davgate.storage.batching import BatchingCursor

pytestmark = pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements whose answers were waited for, in their order."""
    seen: list[str] = []
    execute = BatchingCursor.execute

    def watched(cursor: BatchingCursor, sql: str, values: object = None) -> None:
        seen.append(sql)
        execute(cursor, sql, values)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(BatchingCursor, "execute", watched)
    return seen


def test_write_waits_for_the_server_a_few_times(store: Store, ann: Context, waits: list[str]) -> None:
    put(store, ann, "/new", b"content")
    # The counters, the path, the content, names that were left; and the end.
    assert len(waits) == 5
    waits.clear()

    lock = a_lock(store, ann, "/new")
    assert len(waits) == 4
    waits.clear()

    put(store, holding(ann, lock), "/new", b"more")
    assert len(waits) == 6
    waits.clear()

    locking.unlock(store, holding(ann, lock), path("/new"), lock.token)
    assert len(waits) == 3


def broken_at_once(tx: Transaction) -> None:
    tx._cursor.execute("SELECT 1 / 0")


def broken_before_another(tx: Transaction) -> None:
    tx._connection.put_off("SELECT 1 / 0")
    for _ in range(100):
        catalog.touch(tx, 1)
    catalog.member(tx, 1, "none")


def broken_at_the_end(tx: Transaction) -> None:
    catalog.touch(tx, 1)
    tx._connection.put_off("SELECT 1 / 0")
    tx.commit()


def refused_with_much_underway(tx: Transaction) -> None:
    for _ in range(100):
        catalog.touch(tx, 1)
    raise psycopg.DataError


@pytest.mark.parametrize("fail", [broken_at_once, broken_before_another, broken_at_the_end, refused_with_much_underway])
def test_error_undoes_all_and_the_connection_goes_on(unchecked_store: Store, fail: Callable[[Transaction], None]) -> None:
    store = unchecked_store
    with pytest.raises(psycopg.DataError), store.database.write() as tx:
        tx.stored_bytes += 7
        server = tx._connection.driver.info.backend_pid
        fail(tx)

    with store.database.write() as tx:
        assert tx._connection.driver.info.backend_pid == server
        assert tx.stored_bytes == 0
        tx.stored_bytes += 1
        tx.commit()
    with store.database.read() as session:
        assert catalog.stored_bytes(session) == 1


def test_rows_that_were_put_off_are_seen_by_what_is_asked_next(store: Store) -> None:
    with store.database.write() as tx:
        tx.run_many(catalog._TOUCH, [{"node_id": 1, "at": number} for number in range(1, 1001)])
        root = catalog.find(tx, 1)
        assert root is not None
        assert root.modified_at == 1000
