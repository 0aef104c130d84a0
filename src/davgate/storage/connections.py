"""Connections of the driver, as sessions use them one after the other."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Hashable
from typing import Any, Final

from sqlalchemy import PoolProxiedConnection

from davgate.storage.batching import BatchingCursor
from davgate.storage.silence import cut_socket

_ANSWERS_BYTES: Final = 2 * 1024 * 1024


class Answers:
    """What was answered to whole questions, up to a number of bytes; when there are more, all are forgotten."""

    __slots__ = ("_by_question", "_left", "_sizes")

    def __init__(self) -> None:
        self.clear()

    def get(self, question: Hashable) -> Any:
        """Return the answer to a question, None if it is not known."""
        return self._by_question.get(question)

    def keep(self, question: Hashable, answer: object, size_bytes: int) -> None:
        """Remember an answer that is put together of nothing but what is committed. Both together have ``size_bytes``."""
        self._left += self._sizes.pop(question, 0) - size_bytes
        if self._left < 0:
            self.clear()
            self._left -= size_bytes
        self._by_question[question] = answer
        self._sizes[question] = size_bytes

    def clear(self) -> None:
        """Forget all."""
        self._by_question: dict[Hashable, object] = {}
        self._sizes: dict[Hashable, int] = {}
        self._left = _ANSWERS_BYTES


class Connection:
    """A driver's connection with the one cursor that a session needs.

    ``memory``, ``known_collections`` and ``known_answers`` are what was read on it, or put together of that, while the database
    was in the state that ``data_version`` names.
    ``planned_for`` is the ``scale`` of the database for which its statements were planned.
    """

    __slots__ = (
        "cursor", "data_version", "driver", "known_answers", "known_collections", "memory", "planned_for", "pooled", "put_off",
        "writes",
    )  # fmt: skip

    def __init__(self, pooled: PoolProxiedConnection, *, writes: bool) -> None:
        driver: Any = pooled.driver_connection
        self.pooled = pooled
        self.driver = driver
        self.cursor: Any = driver.cursor()
        self.put_off: Callable[..., object] = self.cursor.execute
        self.writes = writes
        self.memory: dict[object, Any] = {}
        self.known_collections: dict[object, Any] = {}
        self.known_answers = Answers()
        self.data_version = -1
        self.planned_for = 0

    def batch(self) -> None:
        """Wait from now on only for the answers of statements that are asked about; until then ``put_off`` waits like others."""
        self.cursor = BatchingCursor(self.driver)
        self.put_off = self.cursor.put_off

    def roll_back(self) -> None:
        """Undo the transaction, which the end of a connection that is spent does anyway."""
        if isinstance(self.cursor, BatchingCursor):
            self.cursor.forget()
        if not self.is_spent:
            self.cursor.execute("ROLLBACK")

    @property
    def is_spent(self) -> bool:
        """Whether it has to be closed after its use."""
        return isinstance(self.cursor, BatchingCursor) and self.cursor.has_failed

    def plan_for(self, scale: int) -> None:
        """Let PostgreSQL plan anew what was planned for less; statements stay prepared."""
        if self.planned_for != scale:
            # Not put off: what is put off may be forgotten.
            self.cursor.execute("DISCARD PLANS")
            self.planned_for = scale

    def close(self) -> None:
        """Close it for good, without waiting for a server."""
        self.pooled.invalidate()
        if isinstance(self.cursor, BatchingCursor):
            self.cursor.leave()

    def cut(self) -> None:
        """End what waits for PostgreSQL on it, from another thread."""
        with contextlib.suppress(self.driver.OperationalError):
            cut_socket(self.driver.fileno())
