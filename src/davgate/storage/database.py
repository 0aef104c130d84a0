"""Opening the database, reading from it, and the one writer.

SQLite runs in WAL mode: readers never wait. Writers take a thread lock, then a file lock, then BEGIN IMMEDIATE. The file lock is
there for fairness: SQLite's own busy handler sleeps in growing steps, and one of two busy processes got no turn for seconds.
On PostgreSQL the writer locks the row of ``store``. Either way one write transaction runs at a time in the whole store, so what it
has checked stays true until it commits, and changes are numbered without gaps.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, bindparam, create_engine, event, make_url, select, update
from sqlalchemy.exc import SQLAlchemyError

from davgate.model.errors import Busy, QuotaExceeded, StoreUnusable
from davgate.model.instant import Clock, Instant
from davgate.storage.statements import Row, Statement, Value, bind
from davgate.storage.tables import store

_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA busy_timeout=30000",
    "PRAGMA foreign_keys=ON",
    "PRAGMA cache_size=-16384",
    "PRAGMA mmap_size=268435456",
)
_STREAM_ROWS = 1000

_COUNTERS = Statement(select(store.c.next_id, store.c.last_change, store.c.stored_bytes).where(store.c.id == 1).with_for_update())
_ADVANCE = Statement(
    update(store)
    .where(store.c.id == 1)
    .values(
        next_id=bindparam("new_next_id"),
        last_change=bindparam("new_last_change"),
        stored_bytes=bindparam("new_stored_bytes"),
    )
)


class Session:
    """A connection in use. Statements see one snapshot when it was opened with ``snapshot``, each its own otherwise."""

    def __init__(self, database: Database, connection: Any) -> None:
        self._database = database
        self._connection = connection
        self._cursor = connection.cursor()

    def run(self, statement: Statement, **values: Value) -> None:
        """Execute a statement that returns nothing."""
        sql, brought = statement.for_dialect(self._database.engine.dialect)
        self._cursor.execute(sql, bind(brought, values))

    def changed(self, statement: Statement, **values: Value) -> int:
        """Execute a statement and return how many rows it changed."""
        self.run(statement, **values)
        return int(self._cursor.rowcount)

    def run_many(self, statement: Statement, rows: Sequence[dict[str, Value]]) -> None:
        """Execute a statement once for each row of values."""
        if rows:
            sql, brought = statement.for_dialect(self._database.engine.dialect)
            self._cursor.executemany(sql, [bind(brought, values) for values in rows])

    def all(self, statement: Statement, **values: Value) -> list[Row]:
        """Return all rows."""
        self.run(statement, **values)
        rows: list[Row] = self._cursor.fetchall()
        return rows

    def first(self, statement: Statement, **values: Value) -> Row | None:
        """Return the first row, or None."""
        self.run(statement, **values)
        row: Row | None = self._cursor.fetchone()
        if row is not None and self._database.is_sqlite:
            # An unfinished SELECT would keep a read transaction, and with it an old snapshot, open.
            self._cursor.fetchall()
        return row

    def stream(self, statement: Statement, **values: Value) -> Iterator[list[Row]]:
        """Yield the rows in batches, so that a long listing is never in memory as a whole. Needs a snapshot session."""
        sql, brought = statement.for_dialect(self._database.engine.dialect)
        # On PostgreSQL an ordinary cursor fetches everything at once; a named one stays on the server.
        cursor = self._connection.cursor() if self._database.is_sqlite else self._connection.cursor(name="listing")
        try:
            cursor.execute(sql, bind(brought, values))
            while batch := cursor.fetchmany(_STREAM_ROWS):
                yield batch
        finally:
            cursor.close()


class Transaction(Session):
    """The one write transaction that is open in the whole store. Leaving it without ``commit`` undoes it."""

    def __init__(self, database: Database, connection: Any, now: Instant) -> None:
        super().__init__(database, connection)
        self.now = now
        self.is_committed = False
        counters = self.first(_COUNTERS)
        if counters is None:
            raise StoreUnusable("The database holds no store. Run `davgate init` first.")
        self._loaded = counters
        self._next_id, self._last_change, self.stored_bytes = counters

    def take_ids(self, count: int = 1) -> int:
        """Return the first of ``count`` fresh inner ids in a row."""
        first = self._next_id
        self._next_id += count
        return int(first)

    def next_change(self) -> int:
        """Return the next number in the order of changes."""
        self._last_change += 1
        return int(self._last_change)

    def commit(self) -> None:
        """Make everything of this transaction true for everybody, durable on return when it was opened so."""
        if (self._next_id, self._last_change, self.stored_bytes) != self._loaded:
            self.run(
                _ADVANCE,
                new_next_id=self._next_id,
                new_last_change=self._last_change,
                new_stored_bytes=self.stored_bytes,
            )
        self._cursor.execute("COMMIT")
        self.is_committed = True


class Database:
    """One process's way to the shared database. Make it after a fork, never before."""

    def __init__(self, url: str, clock: Clock, *, readers: int = 16) -> None:
        self.url = make_url(url)
        self.clock = clock
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite:
            self.engine = _open_sqlite(url, readers)
            self._gate: _Gate | None = _Gate(Path(str(self.url.database) + ".writer"))
            self._synchronous = "FULL"
            self._write_connection: Any = None
        else:
            self.engine = _open_postgresql(url, readers)
            self._gate = None

    @contextmanager
    def read(self, *, snapshot: bool = False) -> Iterator[Session]:
        """Open a session for reading; with ``snapshot`` all its statements see the same moment.

        Raises:
            Busy: the database could not be reached.
        """
        with self._errors():
            connection = self.engine.raw_connection()
        begun = False
        try:
            session = Session(self, connection.driver_connection)
            with self._errors():
                if snapshot:
                    session._cursor.execute(self._begin_snapshot)
                    begun = True
                yield session
        except BaseException:
            self._give_up(connection, begun=begun)
            raise
        if begun:
            session._cursor.execute("COMMIT")
        connection.close()

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[Transaction]:
        """Open the write transaction; others wait for it.

        With ``durable`` false a commit survives the end of the process at once, a power cut only after the next durable commit:
        right for locks, which then need no disk flush of their own.

        Raises:
            Busy: the writer could not be had in time.
            QuotaExceeded: the disk is full.
        """
        gate: AbstractContextManager[None] = self._gate.held() if self._gate is not None else nullcontext()
        with gate, self._errors():
            connection = self.engine.raw_connection()
            begun = False
            try:
                self._begin_write(connection.driver_connection, durable)
                begun = True
                transaction = Transaction(self, connection.driver_connection, self.clock.now())
                yield transaction
                if not transaction.is_committed:
                    transaction._cursor.execute("ROLLBACK")
            except BaseException:
                self._give_up(connection, begun=begun and not self._is_committed(connection))
                raise
            connection.close()

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    @property
    def _begin_snapshot(self) -> str:
        return "BEGIN" if self.is_sqlite else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

    def _begin_write(self, connection: Any, durable: bool) -> None:
        if self.is_sqlite:
            connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            connection.execute("BEGIN IMMEDIATE")
        else:
            connection.execute("BEGIN")
            if not durable:
                connection.execute("SET LOCAL synchronous_commit TO OFF")

    def _is_committed(self, connection: Any) -> bool:
        driver = connection.driver_connection
        if self.is_sqlite:
            return not driver.in_transaction
        return bool(driver.info.transaction_status == 0)

    def _give_up(self, connection: Any, *, begun: bool) -> None:
        """Undo what is open and hand the connection back, or throw it away when it no longer answers."""
        try:
            if begun:
                connection.driver_connection.execute("ROLLBACK")
            connection.close()
        except (self.engine.dialect.loaded_dbapi.Error, SQLAlchemyError):
            connection.invalidate()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Say what a driver's error means to the one who asked."""
        dbapi = self.engine.dialect.loaded_dbapi
        try:
            yield
        except (dbapi.OperationalError, SQLAlchemyError) as error:
            raise _meaning(error) from error


def _meaning(error: BaseException) -> Exception:
    text = str(error)
    if "disk is full" in text or "No space left" in text:
        return QuotaExceeded()
    if "no such table" in text or "unable to open database" in text:
        return StoreUnusable("The database holds no store. Run `davgate init` first.")
    return Busy()


class _Gate:
    """Lets one writer through at a time, in all threads and processes that share a SQLite file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread_lock = threading.Lock()
        self._file: int | None = None

    @contextmanager
    def held(self) -> Iterator[None]:
        with self._thread_lock:
            if self._file is None:
                self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._file, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)


def _open_sqlite(url: str, readers: int) -> Engine:
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

    return engine


def _open_postgresql(url: str, readers: int) -> Engine:
    try:
        return create_engine(
            url, connect_args={"autocommit": True}, pool_size=readers + 1, max_overflow=64, pool_reset_on_return=None
        )
    except ModuleNotFoundError as error:
        raise StoreUnusable(
            "This database needs a driver that is not installed. For PostgreSQL install davgate[postgres] "
            "and write the address as postgresql+psycopg://."
        ) from error
