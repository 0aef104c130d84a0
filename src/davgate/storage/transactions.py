"""Reading from the database, and the one write transaction that is open in the whole store; made by ``storage.database``."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from sqlalchemy import bindparam, select, update

from davgate.model.errors import DavgateError, StoreUnusable
from davgate.model.instant import Instant
from davgate.storage.connections import Answers
from davgate.storage.driver_errors import NO_STORE, meaning_of
from davgate.storage.engines import WRITERS_SETTINGS
from davgate.storage.statements import Row, Statement, Value
from davgate.storage.tables import audit, store
from davgate.storage.turns import Gate

if TYPE_CHECKING:
    # For its type alone: a database makes its sessions.
    from davgate.storage.database import Database

_STREAM_ROWS: Final = 1000
_MOST_REMEMBERED: Final = 256
_MOST_COLLECTIONS: Final = 1024
_FLUSH: Final = "SELECT pg_logical_emit_message(true, 'davgate', 'flush')"
"""A transaction of its own, which PostgreSQL makes durable with all before it. To wait for that within the commit would keep all
others out meanwhile: with a disk that takes a millisecond new documents on 8 connections went from 358 to 649 a second."""

logger = logging.getLogger(__name__)

_T = TypeVar("_T")
_cursor_numbers = count(1)

_COUNTERS = Statement(
    select(
        store.c.next_id,
        store.c.last_change,
        store.c.stored_bytes,
        store.c.last_audit,
        store.c.last_at,
        store.c.audit_hash,
    )
    .where(store.c.id == 1)
    .with_for_update()
)
_ADVANCE = Statement(
    update(store)
    .where(store.c.id == 1)
    .values(
        next_id=bindparam("new_next_id"),
        last_change=bindparam("new_last_change"),
        stored_bytes=bindparam("new_stored_bytes"),
        last_at=bindparam("new_last_at"),
        last_audit=bindparam("new_last_audit"),
        audit_hash=bindparam("new_audit_hash"),
    )
)
_BEGIN_LOOK: Final = f"BEGIN; SET LOCAL lock_timeout = '{WRITERS_SETTINGS['lock_timeout']}'"
_AUDITED = Statement(select(audit.c.hash).where(audit.c.id == bindparam("id")))


class Session:
    """Statements of one reader, on a connection of its own until the block ends.

    With a statement to ``begin`` with all of them see one moment, otherwise each its own. Made by ``Database.read`` and
    ``Database.survey``.
    """

    _writes = False

    def __init__(self, database: Database, *, begin: str = "") -> None:
        self._database = database
        self._begin_with = begin

    def __enter__(self) -> Self:
        database = self._database
        self._connection = database.take(writing=self._writes)
        self._cursor = self._connection.cursor
        if self._begin_with or self._connection.planned_for != database.scale:
            try:
                self._connection.plan_for(database.scale)
                if self._begin_with:
                    self._cursor.execute(self._begin_with)
            except database.driver_error as error:
                database.discard(self._connection)
                raise meaning_of(error) from error
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        database = self._database
        if isinstance(error, database.driver_error):
            database.discard(self._connection)
            raise meaning_of(error) from error
        try:
            if self._begin_with:
                self._cursor.execute("COMMIT")
        except database.dialect.loaded_dbapi.DatabaseError:
            # Everything was read already; only the connection is of no use any more.
            logger.debug("A connection was lost after reading.", exc_info=True)
            database.discard(self._connection)
        else:
            database.give_back(self._connection)

    def memory(self) -> dict[object, Any] | None:
        """Return what this connection remembers and what is still true, to look up and to add to.

        SQLite tells for a tenth of the cost of a look into the tree whether anybody else has committed since. It does not tell
        of one's own commits, so a transaction has no memory; on PostgreSQL nobody has one.
        """
        connection = self._connection
        if self._writes or not self._database.remembers:
            return None
        version = self._data_version()
        if version != connection.data_version:
            connection.memory.clear()
            connection.known_collections.clear()
            connection.known_answers.clear()
            connection.data_version = version
        elif len(connection.memory) >= _MOST_REMEMBERED:
            connection.memory.clear()
        return connection.memory

    def remembered(self, question: object, find: Callable[[], _T]) -> _T:
        """Return the answer to a question as this connection remembers it; else find it, and remember it where there is a memory.

        Whoever asks must not alter the answer: it is the next one's, too.
        """
        memory = self.memory()
        if memory is None:
            return find()
        if question not in memory:
            memory[question] = find()
        answer: _T = memory[question]
        return answer

    def known_collections(self) -> dict[object, Any]:
        """Return what this connection remembers of collections: of more than of whole answers, and true as long as its memory."""
        known = self._connection.known_collections
        if len(known) >= _MOST_COLLECTIONS:
            known.clear()
        return known

    def known_answers(self) -> tuple[object, Answers]:
        """Return what is remembered as answers to whole questions, and the moment of which they all are true.

        An answer that was found since an earlier look is one of these if the moment was the same then.

        Only where the database ``remembers``.
        """
        self.memory()
        connection = self._connection
        return (connection, connection.data_version), connection.known_answers

    def is_unchanged(self) -> bool:
        """Tell whether nothing was committed since what this connection remembers was read."""
        return self._data_version() == self._connection.data_version

    def _data_version(self) -> int:
        return int(self._cursor.execute("PRAGMA data_version").fetchone()[0])

    def run(self, statement: Statement, **values: Value) -> None:
        """Execute a statement that returns nothing; on PostgreSQL at the latest before the next that returns something."""
        sql, arranged = statement.for_dialect(self._database.dialect)
        self._connection.put_off(sql, arranged(values))

    def changed(self, statement: Statement, **values: Value) -> int:
        """Execute a statement and return how many rows it changed."""
        sql, arranged = statement.for_dialect(self._database.dialect)
        self._cursor.execute(sql, arranged(values))
        return int(self._cursor.rowcount)

    def run_many(self, statement: Statement, rows: Sequence[dict[str, Value]]) -> None:
        """Execute a statement once for each row of values."""
        if len(rows) == 1:
            self.run(statement, **rows[0])
        elif rows:
            sql, arranged = statement.for_dialect(self._database.dialect)
            self._cursor.executemany(sql, [arranged(values) for values in rows])

    def all(self, statement: Statement, **values: Value) -> list[Row]:
        """Return all rows."""
        sql, arranged = statement.for_dialect(self._database.dialect)
        self._cursor.execute(sql, arranged(values))
        rows: list[Row] = self._cursor.fetchall()
        return rows

    def first(self, statement: Statement, **values: Value) -> Row | None:
        """Return the first row, or None. An unfinished SELECT would keep an old snapshot open, so all rows are fetched."""
        rows = self.all(statement, **values)
        return rows[0] if rows else None

    def stream(self, statement: Statement, *, batch_rows: int = _STREAM_ROWS, **values: Value) -> Iterator[list[Row]]:
        """Yield the rows in batches, so that a long listing is never in memory as a whole. Needs a snapshot session."""
        sql, arranged = statement.for_dialect(self._database.dialect)
        driver = self._connection.driver
        # Another cursor would not see what a writer has put off.
        assert not self._writes
        # On PostgreSQL an ordinary cursor fetches everything at once; a named one stays on the server, beside others.
        cursor = driver.cursor() if self._database.is_sqlite else driver.cursor(name=f"listing_{next(_cursor_numbers)}")
        try:
            cursor.execute(sql, arranged(values))
            while batch := cursor.fetchmany(batch_rows):
                yield batch
                if len(batch) < batch_rows:
                    # To be told that there are none left is another way to a server.
                    break
        finally:
            cursor.close()


class Transaction(Session):
    """The one write transaction that is open in the whole store. Leaving it without ``commit`` undoes it.

    What was committed is durable when the block ends. With ``durable`` false a commit survives the end of the process at once,
    a power cut only after the next durable commit:
    right for locks, which then need no disk flush of their own. Made by ``Database.write``.

    ``now`` is the clock's: what has ended, and what ends when. ``at`` is the instant of what is written: later than that of
    every transaction before, also while the clock stands still or after it leapt back, so that history has one order.
    """

    _writes = True
    now: Instant
    at: Instant
    stored_bytes: int
    audit_hash: bytes
    _next_id: int
    _last_change: int
    _last_audit: int
    _last_at: Instant

    def __init__(self, database: Database, gate: Gate, *, durable: bool) -> None:
        super().__init__(database)
        self._gate = gate
        self._durable = durable
        self._flushing: Callable[[], None] | None = None
        self.is_committed = False

    def __enter__(self) -> Self:
        self._gate.acquire()
        try:
            super().__enter__()
            try:
                self._begin()
            except BaseException as error:
                self._database.discard(self._connection)
                if isinstance(error, self._database.lock_timeout):
                    self._database.end_frozen_writers()
                if isinstance(error, self._database.driver_error):
                    raise meaning_of(error) from error
                raise
        except BaseException:
            self._gate.release()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if not self.is_committed:
                self._undo()
            super().__exit__(kind, error, trace)
        finally:
            self._gate.release()
        if self._flushing is not None:
            self._flushing()

    def take_ids(self, count: int = 1) -> int:
        """Return the first of ``count`` fresh inner ids in a row."""
        first = self._next_id
        self._next_id += count
        return first

    def next_change(self) -> int:
        """Return the next number in the order of changes."""
        self._last_change += 1
        return self._last_change

    def next_audit(self) -> int:
        """Return the next number in the audit; ``audit_hash``, the head of its chain, is the caller's to move on."""
        self._last_audit += 1
        return self._last_audit

    def may_pause(self) -> None:
        """Let it pause between statements for as long as it likes, which a server would take for a process that froze."""
        if not self._database.is_sqlite:
            # Not put off: the first pause may come before the next statement that is asked about.
            self._cursor.execute("SET LOCAL idle_in_transaction_session_timeout TO 0")

    def commit(self) -> None:
        """Make everything of this transaction true for everybody."""
        if [self._next_id, self._last_change, self.stored_bytes, self._last_audit] != self._loaded:
            self.run(
                _ADVANCE,
                new_next_id=self._next_id,
                new_last_change=self._last_change,
                new_stored_bytes=self.stored_bytes,
                new_last_at=self._last_at if self._last_change == self._loaded[1] else self.at,
                new_last_audit=self._last_audit,
                new_audit_hash=self.audit_hash,
            )
        try:
            if self._durable and not self._database.is_sqlite:
                self._connection.put_off("COMMIT")
                self._cursor.execute(_FLUSH)
            else:
                self._cursor.execute("COMMIT")
        except self._database.driver_error:
            if not self._is_found_committed():
                raise
        self.is_committed = True
        if self._durable and self._database.flusher is not None:
            self._flushing = self._database.flusher.committed()

    def _is_found_committed(self) -> bool:
        """Tell whether a commit that failed came about all the same, and make it durable then; only what is audited is found.

        To refuse what was committed would be wrong: who then repeats it finds a conflict, or does it twice. False, too, where
        that cannot be found out now.
        """
        if self._database.is_sqlite or self._last_audit == self._loaded[3]:
            return False
        # Else what failed for another reason would keep its turn, and be waited for.
        self._connection.cut()
        is_found = False
        # What broke one connection mostly broke them all: the first look may meet one that is idle, and ends them.
        for _ in range(2):
            with contextlib.suppress(DavgateError), Session(self._database, begin=_BEGIN_LOOK) as session:
                # As a writer does, it waits for the transaction that has the store.
                session.all(_COUNTERS)
                is_found = session.first(_AUDITED, id=self._last_audit) == (self.audit_hash,)
                break
        if is_found and self._durable:
            with self._database.read() as session:
                session._cursor.execute(_FLUSH)
        return is_found

    def _begin(self) -> None:
        if self._database.is_sqlite:
            self._cursor.execute("BEGIN IMMEDIATE")
        else:
            self._connection.put_off("BEGIN")
            # Who waits to be durable does so behind the commit.
            self._connection.put_off("SET LOCAL synchronous_commit TO OFF")
        # On PostgreSQL this waits for the writer before; what is read afterwards is what it committed.
        counters = self.first(_COUNTERS)
        if counters is None:
            raise StoreUnusable(NO_STORE)
        *self._loaded, self._last_at, self.audit_hash = counters
        self._next_id, self._last_change, self.stored_bytes, self._last_audit = self._loaded
        if not self._database.is_sqlite:
            self._database.scale = self._last_change.bit_length()
            self._connection.plan_for(self._database.scale)
        self.now = self._database.clock.now()
        self.at = max(self.now, Instant(self._last_at + 1))

    def _undo(self) -> None:
        try:
            self._connection.roll_back()
        except self._database.driver_error:
            # The connection is broken or the commit itself failed; either way nothing of this transaction remains.
            logger.debug("A transaction could not be rolled back.", exc_info=True)
