"""How connections to SQLite and PostgreSQL are opened and set up."""

from __future__ import annotations

import sqlite3

from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection

from davgate.model.errors import StoreUnusable
from davgate.storage import text_functions

_PRAGMAS = (
    # First, for what follows may have to wait.
    "PRAGMA busy_timeout=30000",
    "PRAGMA journal_mode=WAL",
    # A commit is flushed after the next writer was let in, by ``LogFlusher``.
    "PRAGMA synchronous=NORMAL",
    "PRAGMA foreign_keys=ON",
    # The file is not mapped: of a large one that is not in memory yet, each page that is missed would bring its neighbours along,
    # and a document came three times as late.
    "PRAGMA cache_size=-16384",
    # A checkpoint writes each page once, however often the log has it: rarer ones write less. 16 MiB of log.
    "PRAGMA wal_autocheckpoint=4000",
)


def open_sqlite(url: URL, readers: int) -> Engine:
    """Return an engine whose connections any thread may use, and commit when told to, one for each reader and one to write."""
    engine = create_engine(
        url,
        connect_args={"check_same_thread": False, "isolation_level": None, "cached_statements": 256},
        pool_size=readers + 1,
        max_overflow=64,
        pool_reset_on_return=None,
        paramstyle="named",
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: object) -> None:
        for pragma in _PRAGMAS:
            connection.execute(pragma)
        text_functions.register(connection)

    return engine


def open_postgresql(url: URL, readers: int) -> Engine:
    """Return the same for PostgreSQL.

    Raises:
        StoreUnusable: its driver is not installed.
    """
    try:
        engine = create_engine(
            url, connect_args={"autocommit": True}, pool_size=readers + 1, max_overflow=64, pool_reset_on_return=None
        )
    except ModuleNotFoundError as error:
        raise StoreUnusable(
            "This database needs a driver that is not installed. For PostgreSQL, in a clone of davgate:"
            " pip install -c constraints.txt '.[postgres]'."
        ) from error

    @event.listens_for(engine, "connect")
    def _prepare(connection: DBAPIConnection, _record: object) -> None:
        # Compiling pays where millions of rows are read. Whatever goes down a tree is taken for that, and a look at ten documents
        # took half a second.
        connection.cursor().execute("SET jit TO off")

    return engine
