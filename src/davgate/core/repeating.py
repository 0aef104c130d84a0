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

_MOST_ASKED: Final = 4096


class Repeating(Generic[T]):
    """Knows what was asked before in one process; shared by its threads.

    ``lasts`` tells of an answer whether nothing but a commit makes it untrue, no clock and no file; and that it is small.
    """

    def __init__(self, store: Store, lasts: Callable[[T], bool]) -> None:
        self._store = store
        self._lasts = lasts
        self._asked: set[int] = set()

    def answer(self, words: Hashable, principal: Principal, find: Callable[[], T]) -> tuple[T, bool]:
        """Return the answer to what a principal asks, which ``find`` finds where it is not remembered; and whether it is now.

        The words are all that it depends on, beside the principal and what is committed. Nobody may alter an answer.
        """
        if not self._was_asked(hash(words)):
            # Most of what is read is read once; there remembering costs more than it saves.
            return find(), False
        with self._store.database.read() as session:
            known = session.known_answers()
            moment, answers = known or (None, {})
            # The very sign-in: its expiry was looked at, and an account cannot change without a commit.
            of, remembered = answers.get(words, (None, None))
        if of is principal:
            return remembered, True
        found = find()
        if moment is None or not self._lasts(found):
            return found, False
        with self._store.database.read() as session:
            known = session.known_answers()
            is_true = known is not None and known[0] == moment
            if known is not None and is_true:
                known[1][words] = (principal, found)
        return found, is_true

    def asked_by(self, words: Hashable, answer: T) -> Principal | None:
        """Return who is answered so to these words; None when that is not remembered, or true, any more."""
        with self._store.database.read() as session:
            known = session.known_answers()
        principal, remembered = (None, None) if known is None else known[1].get(words, (None, None))
        return principal if remembered is answer else None

    def _was_asked(self, words: int) -> bool:
        if words in self._asked:
            return True
        if len(self._asked) >= _MOST_ASKED:
            self._asked.clear()
        self._asked.add(words)
        return False
