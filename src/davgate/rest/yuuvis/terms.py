"""What the facts and typed properties of the store are in a search, each by the kind of its values."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Final

from davgate.model import object_types as types
from davgate.model.frozen import frozen
from davgate.model.instant import Instant
from davgate.model.metadata import TITLE
from davgate.model.object_types import Kind
from davgate.model.query import (
    NUMBERS,
    AllOf,
    Compares,
    Condition,
    Fact,
    HasValue,
    Matches,
    OneOf,
    Operator,
    Pattern,
    Property,
    Term,
    Wildcard,
    Words,
)
from davgate.rest.yuuvis.query import Literal, Relation
from davgate.rest.yuuvis.searched import NOTHING, OfTerm, Searched, Unfit, text_of
from davgate.rest.yuuvis.times import Time, TimeOfFact


@frozen
class _Whole(Searched):
    """A table, nested data, or what a type keeps from being searched: it is there or not."""

    term: Term

    @property
    def has_value(self) -> Condition:
        return HasValue(self.term)


class _Text(OfTerm):
    """A text, which is compared by code points."""

    __slots__ = ()

    def compared(self, relation: Relation, value: Literal, now: Instant) -> Condition:
        return Compares(self.term, Operator(relation.value), text_of(value))

    def one_of(self, values: Sequence[Literal], now: Instant) -> Condition:
        return OneOf(self.term, tuple(map(text_of, values)))

    def like(self, pattern: Pattern) -> Condition:
        return Matches(self.term, pattern)

    def containing(self, words: str) -> Condition:
        if not isinstance(self.term, Property):
            raise Unfit("has no words in it that are looked for. Use LIKE")
        return Words(words, self.term)


class _Title(_Text):
    """The title, or without one the name on the drive; what has neither has no value here, and an empty text in the store."""

    __slots__ = ()

    @property
    def has_value(self) -> Condition:
        return Compares(self.term, Operator.GREATER, "")

    def compared(self, relation: Relation, value: Literal, now: Instant) -> Condition:
        found = super().compared(relation, value, now)
        return found if value and relation is Relation.EQUAL else AllOf((self.has_value, found))

    def one_of(self, values: Sequence[Literal], now: Instant) -> Condition:
        return super().one_of([one for one in values if text_of(one)], now)

    def like(self, pattern: Pattern) -> Condition:
        is_of_wildcards = all(isinstance(one, Wildcard) for one in pattern)
        return AllOf((self.has_value, super().like(pattern))) if is_of_wildcards else super().like(pattern)

    def containing(self, words: str) -> Condition:
        return Words(words, self.term)


def _number(value: Literal) -> int | Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise Unfit("is a number. Compare it with one, without quotes")
    return value


class _Number(OfTerm):
    """A number among the typed properties."""

    __slots__ = ()

    def compared(self, relation: Relation, value: Literal, now: Instant) -> Condition:
        return Compares(self.term, Operator(relation.value), _number(value))

    def one_of(self, values: Sequence[Literal], now: Instant) -> Condition:
        return OneOf(self.term, tuple(map(_number, values)))


_LARGEST: Final = 2**63 - 1


class _WholeNumber(_Number):
    """A fact that is a whole number: it may be compared with any other, but the store knows it by whole ones alone."""

    __slots__ = ()

    def compared(self, relation: Relation, value: Literal, now: Instant) -> Condition:
        number = _number(value)
        below = math.floor(number)
        if number != below or abs(below) > _LARGEST:
            return self._beside(relation, below)
        return Compares(self.term, Operator(relation.value), below)

    def _beside(self, relation: Relation, below: int) -> Condition:
        """Compare with a number that none of these is equal to, by the next whole one below it."""
        if relation is Relation.EQUAL:
            return NOTHING
        bound = max(-_LARGEST, min(_LARGEST, below))
        if relation in (Relation.LESS, Relation.AT_MOST):
            return Compares(self.term, Operator.AT_MOST, bound)
        return Compares(self.term, Operator.GREATER, bound)

    def one_of(self, values: Sequence[Literal], now: Instant) -> Condition:
        return Searched.one_of(self, values, now)


class _Truth(OfTerm):
    """A property that is true or false."""

    __slots__ = ()

    def compared(self, relation: Relation, value: Literal, now: Instant) -> Condition:
        if relation is not Relation.EQUAL:
            raise Unfit("is true or false, which has no order. Use = or <>")
        if not isinstance(value, bool):
            raise Unfit("is true or false. Compare it with one of these, without quotes")
        return Compares(self.term, Operator.EQUAL, value)


def of_fact(fact: Fact) -> Searched:
    """Return what a fact is in a search."""
    if fact in (Fact.CREATED_AT, Fact.MODIFIED_AT, Fact.SAID_AT):
        return TimeOfFact(fact)
    return _WholeNumber(fact) if fact in NUMBERS else _Text(fact)


_OF_KIND: Final[Mapping[Kind, Callable[[Property], Searched]]] = {
    Kind.INTEGER: _Number,
    Kind.DECIMAL: _Number,
    Kind.BOOLEAN: _Truth,
    Kind.DATETIME: Time,
    Kind.TABLE: _Whole,
    Kind.STRUCTURED: _Whole,
}


def of_property(known: types.Property) -> Searched:
    """Return what a typed property is in a search; the title is that which is shown."""
    if not known.is_queryable:
        return _Whole(Property(known.id))
    if known.id == TITLE:
        return _Title(Fact.TITLE)
    return _OF_KIND.get(known.kind, _Text)(Property(known.id, is_single=not known.is_multiple))
