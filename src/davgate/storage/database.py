"""Opening the database, its connections, and the turns of writers.

SQLite runs in WAL mode: readers never wait. Writers take a thread lock, then a file lock, then BEGIN IMMEDIATE. The file lock is
there for fairness: SQLite's own busy handler sleeps in growing steps, and one of two busy processes got no turn for seconds. On
PostgreSQL the writer locks the row of ``store``, after the same thread lock: a row that dozens wait for is handed on slowly.
Either way one write transaction runs at a time in the whole store, so what it has checked stays true until it commits, and
changes are numbered without gaps.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import SQLAlchemyError

from davgate.model.instant import Clock
from davgate.storage import durable
from davgate.storage.connections import Connection
from davgate.storage.driver_errors import meaning_of
from davgate.storage.engines import (
    END_OF_FROZEN_WRITERS,
    FREE_PLANNER,
    WRITERS_PRAGMA,
    WRITERS_SETTINGS,
    answers,
    is_silence,
    open_postgresql,
    open_sqlite,
)
from davgate.storage.silence import SilenceWatch
from davgate.storage.transactions import Session, Transaction
from davgate.storage.turns import Gate, LogFlusher

logger = logging.getLogger(__name__)


class Database:
    """One process's way to the shared database. Make it after a fork, never before.

    ``remembers`` tells whether readers have a memory (``Session.memory``).
    """

    def __init__(self, url: str | URL, clock: Clock, *, readers: int = 16) -> None:
        self.url = make_url(url)
        self.clock = clock
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = open_sqlite(self.url, readers) if self.is_sqlite else open_postgresql(self.url, readers)
        self.dialect = self.engine.dialect
        self.remembers = self.is_sqlite
        driver = self.dialect.loaded_dbapi
        self.driver_error: tuple[type[Exception], ...] = (driver.OperationalError,)
        self.lock_timeout: tuple[type[Exception], ...] = ()
        if not self.is_sqlite:
            self.lock_timeout = (driver.errors.LockNotAvailable,)
            # How a process that froze in a transaction learns that this was ended, and whoever writes that another server has
            # taken over; to the driver they are faults of the server.
            self.driver_error += (driver.errors.IdleInTransactionSessionTimeout, driver.errors.ReadOnlySqlTransaction)
        self.any_driver_error: type[Exception] = driver.Error
        self.integrity_error: type[Exception] = driver.IntegrityError
        self._watch = None if self.is_sqlite else SilenceWatch(partial(answers, self.engine))
        self._begin_snapshot = "BEGIN" if self.is_sqlite else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        self._begin_survey = self._begin_snapshot if self.is_sqlite else f"{self._begin_snapshot}; {FREE_PLANNER}"
        self._gate = Gate(Path(f"{self.url.database}.writer") if self.is_sqlite else None)
        self.flusher = LogFlusher(Path(f"{self.url.database}-wal")) if self.is_sqlite else None
        # How much was ever written, as a power of two. PostgreSQL keeps a plan that it made for a small store until it counts the
        # rows again, a minute or more later: a store that was being filled was read as a whole meanwhile at each look at a path.
        self.scale = 0
        # SQLAlchemy's pool costs as much as the statement that finds a document; it opens connections, here they wait.
        self._idle: list[Connection] = []
        self._idle_writers: list[Connection] = []

    def read(self, *, snapshot: bool = False) -> Session:
        """Return a session for reading, to be used in a ``with`` block.

        Raises:
            Busy: the database could not be reached.
        """
        return Session(self, begin=self._begin_snapshot if snapshot else "")

    def survey(self) -> Session:
        """Return the same for one moment and for statements that look at much of the store, which may read whole tables.

        Others are looked up row by row whatever PostgreSQL expects of them (``storage.engines``).
        """
        return Session(self, begin=self._begin_survey)

    def write(self, *, durable: bool = True) -> Transaction:
        """Return the write transaction, to be used in a ``with`` block; others wait for it.

        Raises:
            Busy: the writer could not be had in time.
            QuotaExceeded: the disk is full.
        """
        return Transaction(self, self._gate, durable=durable)

    def end_frozen_writers(self) -> None:
        """Let the next writer in when one froze while it was sending; what that one has done so far is undone."""
        with self.read() as session:
            if session.all(END_OF_FROZEN_WRITERS, patience=WRITERS_SETTINGS["idle_in_transaction_session_timeout"]):
                logger.warning("A writer was ended that had sent nothing for too long.")

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep writers out while the block runs: of a SQLite file in all processes, of PostgreSQL, which has locks, in this."""
        self._gate.acquire()
        try:
            yield
        finally:
            self._gate.release()

    def free_bytes(self) -> int | None:
        """Return how much the disk of a SQLite file takes, 0 where it can only be read; of a server that is not known."""
        return durable.free_bytes(Path(str(self.url.database)).parent) if self.is_sqlite else None

    def take(self, *, writing: bool) -> Connection:
        """Return a connection that nobody else uses, always for reading or always for writing."""
        if self._watch is None:
            return self._take(writing=writing)
        self._watch.expect_answer()
        connection = self._take(writing=writing)
        self._watch.begin(connection)
        return connection

    def _take(self, *, writing: bool) -> Connection:
        try:
            return (self._idle_writers if writing else self._idle).pop()
        except IndexError:
            pass
        try:
            connection = Connection(self.engine.raw_connection(), writes=writing)
            if writing and self.is_sqlite:
                connection.cursor.execute(WRITERS_PRAGMA)
            elif writing:
                connection.cursor.execute("; ".join(f"SET {name} = '{value}'" for name, value in WRITERS_SETTINGS.items()))
                connection.batch()
            return connection
        except (self.dialect.loaded_dbapi.DatabaseError, SQLAlchemyError) as error:
            if self._watch is not None and is_silence(error):
                self._watch.note_silence()
            raise meaning_of(error) from error

    def give_back(self, connection: Connection) -> None:
        """Let others use a connection."""
        was_cut = self._watch is not None and not self._watch.end(connection)
        if was_cut or connection.is_spent:
            connection.close()
            return
        (self._idle_writers if connection.writes else self._idle).append(connection)

    def discard(self, connection: Connection) -> None:
        """Close a connection that may be broken, and the idle ones with it: what broke one mostly broke them all."""
        if self._watch is not None:
            self._watch.end(connection)
        connection.close()
        for idle in (self._idle, self._idle_writers):
            with contextlib.suppress(IndexError):
                while True:
                    idle.pop().close()

    def close(self) -> None:
        """Close all connections."""
        if self._watch is not None:
            self._watch.stop()
        for idle in (self._idle, self._idle_writers):
            while idle:
                idle.pop().close()
        self.engine.dispose()
        self._gate.close()
        if self.flusher is not None:
            self.flusher.close()
