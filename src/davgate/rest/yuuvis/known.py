"""Properties in a search that the store does not know as such: of few values, in other words, or of some objects alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from davgate.model.frozen import frozen
from davgate.model.instant import Instant
from davgate.model.query import (
    AllOf,
    AnyOf,
    Condition,
    Fact,
    HasValue,
    Matches,
    Not,
    Pattern,
    Property,
    Sortable,
    Wildcard,
    equals,
)
from davgate.rest.yuuvis.query import Literal, Relation
from davgate.rest.yuuvis.searched import NOTHING, OfTerm, Searched, Unfit, text_of
from davgate.rest.yuuvis.wire import PART


@frozen
class _Known(Searched):
    """A text that has one of a few values, each where a condition holds: any test of it picks some of them."""

    values: Mapping[str, Condition]
    sorted_by: Sortable | None = None

    @property
    def has_value(self) -> Condition:
        return AnyOf(tuple(self.values.values()))

    @property
    def order(self) -> Sortable | None:
        return self.sorted_by

    def _where(self, test: Callable[[str], bool]) -> Condition:
        return AnyOf(tuple(condition for value, condition in self.values.items() if test(value)))

    def compared(self, relation: Relation, value: Literal, now: Instant) -> Condition:
        wanted = text_of(value)
        return self._where(lambda one: _HOLDS[relation](one, wanted))

    def one_of(self, values: Sequence[Literal], now: Instant) -> Condition:
        wanted = set(map(text_of, values))
        return self._where(lambda one: one in wanted)

    def like(self, pattern: Pattern) -> Condition:
        is_like = _expression(pattern).fullmatch
        return self._where(lambda one: is_like(one) is not None)


_HOLDS: Final[Mapping[Relation, Callable[[str, str], bool]]] = {
    Relation.EQUAL: lambda one, other: one == other,
    Relation.LESS: lambda one, other: one < other,
    Relation.AT_MOST: lambda one, other: one <= other,
    Relation.GREATER: lambda one, other: one > other,
    Relation.AT_LEAST: lambda one, other: one >= other,
}


def _expression(pattern: Pattern) -> re.Pattern[str]:
    """Return a pattern as an expression that takes the first place for each run and never comes back to it."""
    runs: list[str] = [""]
    for one in pattern:
        if one is Wildcard.ANY:
            runs.append("")
        else:
            runs[-1] += "." if one is Wildcard.ONE else re.escape(str(one))
    first, *others = runs
    if not others:
        return re.compile(first, re.DOTALL)
    between = "".join(f"(?>.*?{run})" for run in others[:-1])
    return re.compile(f"{first}{between}.*{others[-1]}", re.DOTALL)


_STREAM_ID: Final = re.compile(r"[0-9A-F]{8}-[0-9A-F]{4}-8[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}")


_PART: Final = Property(PART, is_single=True)


class _StreamId(OfTerm):
    """The id of content, which is its digest in other words, or that of the content of which it is a part.

    It is compared with whole ids.
    """

    __slots__ = ()

    def compared(self, relation: Relation, value: Literal, now: Instant) -> Condition:
        if relation is not Relation.EQUAL:
            raise Unfit("is an id. Use =, <> or IN")
        wanted = text_of(value)
        if _STREAM_ID.fullmatch(wanted) is None:
            return NOTHING
        digits = wanted.replace("-", "")
        # The digit of the version and two bits of the variant have taken the place of the digest's own (RFC 9562, 4).
        pattern = (digits[:12], Wildcard.ONE, digits[13:16], Wildcard.ONE, digits[17:], Wildcard.ANY)
        is_part_of_it = equals(_PART, wanted)
        return AnyOf((is_part_of_it, AllOf((Matches(self.term, pattern), Not(HasValue(_PART))))))


@frozen
class _Within(Searched):
    """Another property, of what a condition holds of; anything else has no value."""

    inner: Searched
    guard: Condition
    sorted_by: Sortable | None = None

    @property
    def has_value(self) -> Condition:
        return AllOf((self.guard, self.inner.has_value))

    @property
    def order(self) -> Sortable | None:
        return self.sorted_by or self.inner.order

    def _guarded(self, make: Callable[[Searched], Condition]) -> Condition:
        return AllOf((self.guard, make(self.inner)))

    def compared(self, relation: Relation, value: Literal, now: Instant) -> Condition:
        return self._guarded(lambda inner: inner.compared(relation, value, now))

    def one_of(self, values: Sequence[Literal], now: Instant) -> Condition:
        return self._guarded(lambda inner: inner.one_of(values, now))

    def like(self, pattern: Pattern) -> Condition:
        return self._guarded(lambda inner: inner.like(pattern))

    def containing(self, words: str) -> Condition:
        return self._guarded(lambda inner: inner.containing(words))


def known(values: Mapping[str, Condition], sorted_by: Sortable | None = None) -> Searched:
    """Return a property that has one of a few values, each where a condition holds."""
    return _Known(values, sorted_by)


def within(guard: Condition, inner: Searched, sorted_by: Sortable | None = None) -> Searched:
    """Return another property, of what a condition holds of; anything else has no value."""
    return _Within(inner, guard, sorted_by)


STREAM_ID: Final[Searched] = _StreamId(Fact.DIGEST)
