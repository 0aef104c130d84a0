"""Answers that are given again: asked in the same words there is the same answer, until somebody commits.

A mounted drive asks for the same few things all day, every second or so. What was asked before is remembered as it was answered,
beside what the database's connection remembers (``storage.transactions.Session.memory``), and for as long.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Generic, TypeVar

from davgate.core.store import Store
from davgate.model.frozen import frozen
from davgate.model.instant import Instant
from davgate.model.principal import Principal

T = TypeVar("T")
Words = tuple[bytes, bytes]
"""A question: its head, or what tells it from all others, and its body."""

_MOST_ASKED: Final = 256


class Repeating(Generic[T]):
    """Knows what was asked before in one process; shared by its threads.

    ``size_of`` tells how many bytes an answer has, and None of one that a clock which goes on makes untrue, or that is too large.
    """

    def __init__(self, store: Store, size_of: Callable[[T], int | None]) -> None:
        self._database = store.database
        self._clock = store.clock
        self._size_of = size_of
        self._asked: set[int] = set()

    def answer(self, words: Words, principal: Principal, find: Callable[[], T]) -> tuple[T, bool]:
        """Return the answer to what a principal asks, which ``find`` finds where it is not remembered; and whether it is now.

        The words are all that it depends on, beside the principal and what is committed. Nobody may alter an answer.
        """
        # Most of what is read is read once; there remembering costs more than it saves.
        if not self._database.remembers or not self._was_asked(hash(words)):
            return find(), False
        with self._database.read() as session:
            moment, answers = session.known_answers()
            known: _Known[T] | None = answers.get(words)
        now = self._clock.now()
        # The very sign-in: its expiry was looked at, and an account cannot change without a commit.
        if known is not None and known.principal is principal and known.found_at <= now:
            return known.answer, True
        found = find()
        size_bytes = self._size_of(found)
        if size_bytes is None:
            return found, False
        with self._database.read() as session:
            moment_after, answers = session.known_answers()
            if moment_after == moment:
                found_at = max(now, self._clock.now())
                answers.keep(words, _Known(principal, found, found_at), size_bytes + sum(map(len, words)))
        return found, moment_after == moment

    def asked_by(self, words: Words, answer: T) -> Principal | None:
        """Return who is answered so to these words; None when that is not remembered, or true, any more."""
        with self._database.read() as session:
            _moment, answers = session.known_answers()
            known: _Known[T] | None = answers.get(words)
        if known is None or known.answer is not answer or known.found_at > self._clock.now():
            return None
        return known.principal

    def _was_asked(self, words: int) -> bool:
        if words in self._asked:
            return True
        if len(self._asked) >= _MOST_ASKED:
            self._asked.clear()
        self._asked.add(words)
        return False


@frozen
class _Known(Generic[T]):
    """An answer, whom it was given, and when it was found at the latest.

    A clock that leapt back may find a lock alive again that had ended by then.
    """

    principal: Principal
    answer: T
    found_at: Instant
