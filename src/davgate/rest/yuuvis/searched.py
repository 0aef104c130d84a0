"""What a property is in a search: what it can be asked, and the condition of the store that each such test is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from davgate.model.frozen import frozen
from davgate.model.instant import Instant
from davgate.model.query import (
    AnyOf,
    Condition,
    HasValue,
    Pattern,
    Sortable,
    Term,
)
from davgate.rest.yuuvis.query import Literal, Relation

NOTHING: Final = AnyOf(())
"""What holds of nothing."""


class Unfit(ValueError):
    """A test that a property cannot be put to; the text goes on after its name."""


class Searched:
    """A property in a search. What a kind of property cannot be asked, it refuses.

    Raises:
        Unfit: by each method that makes a condition.
    """

    __slots__ = ()

    @property
    def has_value(self) -> Condition:
        """The condition that there is a value."""
        raise NotImplementedError

    @property
    def order(self) -> Sortable | None:
        """What it is sorted by, None if it cannot be."""
        return None

    def compared(self, relation: Relation, value: Literal, now: Instant) -> Condition:
        """Return the condition that a value is in a relation to another one."""
        raise Unfit("cannot be compared")

    def one_of(self, values: Sequence[Literal], now: Instant) -> Condition:
        """Return the condition that a value is one of several."""
        return AnyOf(tuple(self.compared(Relation.EQUAL, value, now) for value in values))

    def like(self, pattern: Pattern) -> Condition:
        """Return the condition that a text is as a pattern."""
        raise Unfit("is no text, and has no pattern. Compare it")

    def containing(self, words: str) -> Condition:
        """Return the condition that words occur in a text."""
        raise Unfit("is no text, and has no words in it. Compare it")


@frozen
class OfTerm(Searched):
    """What the store knows as one of its terms."""

    term: Term

    @property
    def has_value(self) -> Condition:
        """The condition that there is a value."""
        return HasValue(self.term)

    @property
    def order(self) -> Term | None:
        """What it is sorted by: itself."""
        return self.term


def text_of(value: Literal) -> str:
    """Return a literal that is compared with a text."""
    if not isinstance(value, str):
        raise Unfit("is a text. Compare it with one, in quotes")
    return value
