"""Answers that are given again: asked in the same words there is the same answer, until somebody commits.

A mounted drive asks for the same few things all day, every second or so. What was asked before is remembered as it was answered,
beside what the database's connection remembers (``storage.database.Session.memory``), and for as long.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

from davgate.core.store import Store
from davgate.model.principal import Principal

T = TypeVar("T")

_MOST_ASKED: Final = 256


class Repeating(Generic[T]):
    """Knows what was asked before in one process; shared by its threads.

    ``size_of`` tells how many bytes an answer has, and None of one that more than a commit makes untrue, such as the clock, or
    that is too large.
    """

    def __init__(self, store: Store, size_of: Callable[[T], int | None]) -> None:
        self._database = store.database
        self._size_of = size_of
        self._asked: set[int] = set()

    def answer(self, words: Hashable, principal: Principal, find: Callable[[], T]) -> tuple[T, bool]:
        """Return the answer to what a principal asks, which ``find`` finds where it is not remembered; and whether it is now.

        The words are all that it depends on, beside the principal and what is committed. Nobody may alter an answer.
        """
        # Most of what is read is read once; there remembering costs more than it saves.
        if not self._database.remembers or not self._was_asked(hash(words)):
            return find(), False
        with self._database.read() as session:
            moment, answers = session.known_answers()
            known: tuple[Principal, T] | None = answers.get(words)
        # The very sign-in: its expiry was looked at, and an account cannot change without a commit.
        if known is not None and known[0] is principal:
            return known[1], True
        found = find()
        size_bytes = self._size_of(found)
        if size_bytes is None:
            return found, False
        with self._database.read() as session:
            moment_after, answers = session.known_answers()
            if moment_after == moment:
                answers.keep(words, (principal, found), size_bytes)
        return found, moment_after == moment

    def asked_by(self, words: Hashable, answer: T) -> Principal | None:
        """Return who is answered so to these words; None when that is not remembered, or true, any more."""
        with self._database.read() as session:
            _moment, answers = session.known_answers()
            known: tuple[Principal, T] | None = answers.get(words)
        return known[0] if known is not None and known[1] is answer else None

    def _was_asked(self, words: int) -> bool:
        if words in self._asked:
            return True
        if len(self._asked) >= _MOST_ASKED:
            self._asked.clear()
        self._asked.add(words)
        return False
