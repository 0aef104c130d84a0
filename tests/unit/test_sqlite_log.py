"""SQLite's log does not grow without end, and nobody waits long for that."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from sqlalchemy import select, text
from tests.builders import a_document, content_of, findings

from davgate.core import upkeep
from davgate.core.store import Context, Store
from davgate.storage import sqlite_log
from davgate.storage.engines import BUSY_TIMEOUT_MS
from davgate.storage.statements import Statement
from davgate.storage.tables import node

IDS = Statement(select(node.c.id))


@pytest.fixture(autouse=True)
def on_sqlite(store: Store) -> None:
    if not store.database.is_sqlite:
        pytest.skip("PostgreSQL looks after its own log")


def log_bytes(store: Store) -> int:
    return Path(f"{store.database.url.database}-wal").stat().st_size


def test_upkeep_empties_a_long_log(store: Store, ann: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    a_document(store, ann, "/a", b"kept")
    before = log_bytes(store)
    assert before > 0

    assert upkeep.tidy(store).logs == 0
    assert log_bytes(store) >= before
    monkeypatch.setattr(sqlite_log, "LONG_BYTES", before - 1)

    assert upkeep.tidy(store).logs == 1
    assert log_bytes(store) == 0
    assert content_of(store, ann, "/a") == b"kept"
    assert findings(store) == []


def test_reader_of_before_puts_it_off_and_holds_writers_up_for_a_second_at_most(
    store: Store, ann: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_log, "LONG_BYTES", 0)
    with store.database.read(snapshot=True) as reader:
        reader.all(IDS)
        a_document(store, ann, "/a", b"kept")
        began = time.monotonic()
        assert not sqlite_log.empty(store.database)
        # As any other statement, it would wait for half a minute.
        assert time.monotonic() - began < BUSY_TIMEOUT_MS / 1000 / 3
    assert log_bytes(store) > 0

    assert upkeep.tidy(store).logs == 1
    assert log_bytes(store) == 0


def test_connection_that_emptied_it_waits_as_ever(store: Store) -> None:
    sqlite_log.empty(store.database)

    with store.database.read() as session:
        assert session.all(Statement(text("PRAGMA busy_timeout"))) == [(BUSY_TIMEOUT_MS,)]
