"""Sending PostgreSQL several statements at once.

The way to a server on another machine and back takes longer than what it does with a small statement, and while the one writer is
under way all others wait. Most of what it writes it does not ask about: that goes out with the next statement that it does.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

from davgate.storage.statements import Row, Value

Values: TypeAlias = Sequence[Value] | dict[str, Value]

_MOST_ROWS: Final = 100
"""How many may wait to go out."""


class BatchingCursor:
    """The one cursor of a psycopg connection that stays in pipeline mode; nothing else may use the connection meanwhile.

    What is put off is kept here, and goes out with the next statement that is executed, which raises its error; the server skips
    those between. Sent at once, it would leave the server waiting for the rest of a batch, to which no transaction is idle then.

    After an error of the driver the connection is good for nothing but to be closed (``has_failed``): psycopg takes a statement
    for prepared that it sent to be prepared, also where the server skipped it.
    """

    __slots__ = ("_connection", "_cursor", "_mode", "_pipeline", "_put_off", "_rows", "has_failed")

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        # Entered for good: leaving it costs another way, and ends with a message after which the server does not see any more
        # that a transaction is idle.
        self._mode = connection.pipeline()
        self._pipeline = self._mode.__enter__()
        self._put_off: list[tuple[Callable[..., object], str, Any]] = []
        self._rows = 0
        self.has_failed = False

    def put_off(self, sql: str, values: Values | None = None) -> None:
        """Execute a statement at the latest before the next one whose answer is waited for."""
        self._keep(self._cursor.execute, sql, values, 1)

    def executemany(self, sql: str, rows: Sequence[Values]) -> None:
        """Execute a statement for each row of values, put off likewise."""
        self._keep(self._cursor.executemany, sql, rows, len(rows))

    def execute(self, sql: str, values: Values | None = None) -> None:
        """Execute all that was put off and then a statement, and wait for their answers."""
        self._keep(self._cursor.execute, sql, values, 0)
        self._send()

    def forget(self) -> None:
        """Do not execute what was put off."""
        self._put_off.clear()
        self._rows = 0

    def leave(self) -> None:
        """End what was entered; of a connection that is closed."""
        with contextlib.suppress(self._connection.Error):
            self._mode.__exit__(None, None, None)

    @property
    def rowcount(self) -> int:
        """How many rows the last statement changed."""
        return int(self._cursor.rowcount)

    def fetchall(self) -> list[Row]:
        """Return all rows of the last statement."""
        rows: list[Row] = self._cursor.fetchall()
        return rows

    def _keep(self, execute: Callable[..., object], sql: str, values: Any, rows: int) -> None:
        self._put_off.append((execute, sql, values))
        self._rows += rows
        if self._rows >= _MOST_ROWS:
            self._send()

    def _send(self) -> None:
        if self.has_failed:
            # Else a COMMIT would be answered like any other one, and undo everything.
            raise self._connection.OperationalError("The transaction has failed.")
        try:
            for execute, sql, values in self._put_off:
                execute(sql, values)
            self._pipeline.sync()
        except BaseException:
            self.has_failed = True
            raise
        finally:
            self.forget()
