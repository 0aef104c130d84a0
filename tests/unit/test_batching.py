"""Statements whose answers a writer on PostgreSQL does not wait for."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest
from tests.builders import a_lock, holding, path, put

from davgate.core import locking
from davgate.core.store import Context, Store
from davgate.model.errors import Busy
from davgate.storage.api import Transaction, catalog
from davgate.storage.batching import BatchingCursor

pytestmark = pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements whose answers were waited for, in their order, without what is done once as a store doubles."""
    seen: list[str] = []
    execute = BatchingCursor.execute

    def watched(cursor: BatchingCursor, sql: str, values: object = None) -> None:
        if sql != "DISCARD PLANS":
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


def broken_and_gone_on(tx: Transaction) -> None:
    tx._connection.put_off("SELECT 1 / 0")
    with pytest.raises(psycopg.DataError):
        catalog.member(tx, 1, "none")
    tx.commit()


@pytest.mark.parametrize(
    ("fail", "error"),
    [
        (broken_at_once, psycopg.DataError),
        (broken_before_another, psycopg.DataError),
        (broken_at_the_end, psycopg.DataError),
        (refused_with_much_underway, psycopg.DataError),
        (broken_and_gone_on, Busy),
    ],
)
def test_error_undoes_all_and_others_go_on(
    unchecked_store: Store, fail: Callable[[Transaction], None], error: type[Exception], caplog: pytest.LogCaptureFixture
) -> None:
    store = unchecked_store
    with pytest.raises(error), store.database.write() as tx:
        tx.stored_bytes += 7
        fail(tx)

    with store.database.write() as tx:
        assert tx.stored_bytes == 0
        tx.stored_bytes += 1
        tx.commit()
    with store.database.read() as session:
        assert catalog.stored_bytes(session) == 1
    assert "psycopg" not in {record.name for record in caplog.records}


def test_transaction_that_was_left_keeps_its_connection_and_nothing_of_what_was_put_off(store: Store) -> None:
    with store.database.write() as tx:
        server = tx._connection.driver.info.backend_pid
        tx.run(catalog._TOUCH, node_id=1, at=7)

    with store.database.write() as tx:
        assert tx._connection.driver.info.backend_pid == server
        root = catalog.find(tx, 1)
        assert root is not None
        assert root.modified_at != 7


def test_statement_that_was_to_be_prepared_when_another_failed_is_still_executed(store: Store) -> None:
    def touch(*, is_broken: bool) -> None:
        with store.database.write() as tx:
            if is_broken:
                tx._connection.put_off("SELECT 1 / 0")
            catalog.touch(tx, 1)
            tx.commit()

    # Else psycopg forgets with the error what it had prepared.
    with store.database.write():
        pass
    for _ in range(5):
        touch(is_broken=False)
    with pytest.raises(psycopg.DataError):
        touch(is_broken=True)

    touch(is_broken=False)


def test_rows_that_were_put_off_are_seen_by_what_is_asked_next(store: Store) -> None:
    with store.database.write() as tx:
        tx.run_many(catalog._TOUCH, [{"node_id": 1, "at": number} for number in range(1, 1001)])
        root = catalog.find(tx, 1)
        assert root is not None
        assert root.modified_at == 1000
