"""Sending PostgreSQL several statements at once.

The way to a server on another machine and back takes longer than what it does with a small statement, and while the one writer is
under way all others wait. Most of what it writes it does not ask about: that goes out without waiting for an answer.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any, TypeAlias

from davgate.storage.statements import Row, Value

Values: TypeAlias = Sequence[Value] | dict[str, Value]


class BatchingCursor:
    """The one cursor of a psycopg connection that stays in pipeline mode; nothing else may use the connection meanwhile.

    ``put_off`` sends a statement, and does not wait. Its error is raised by a later statement; the server skips those between.
    """

    __slots__ = ("_connection", "_cursor", "_mode", "_pipeline", "put_off")

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        # Entered for good: leaving it costs another way, and ends with a message after which the server does not see any more
        # that a transaction is idle. A process that froze would keep its lock.
        self._mode = connection.pipeline()
        self._pipeline = self._mode.__enter__()
        self.put_off = self._cursor.execute

    def execute(self, sql: str, values: Values | None = None) -> None:
        """Execute a statement, and wait for its answer and those of all before it."""
        self._cursor.execute(sql, values)
        self._pipeline.sync()

    def executemany(self, sql: str, rows: Sequence[Values]) -> None:
        """Execute a statement for each row of values, without waiting either."""
        self._cursor.executemany(sql, rows)

    def leave(self) -> None:
        """End what was entered; of a connection that is closed."""
        with contextlib.suppress(self._connection.Error):
            self._mode.__exit__(None, None, None)

    def recover(self) -> None:
        """Let statements be executed again after an error; in the transaction of that the first one has to end it."""
        with contextlib.suppress(self._connection.Error):
            self._pipeline.sync()

    @property
    def rowcount(self) -> int:
        """How many rows the last statement changed."""
        return int(self._cursor.rowcount)

    def fetchall(self) -> list[Row]:
        """Return all rows of the last statement."""
        rows: list[Row] = self._cursor.fetchall()
        return rows
