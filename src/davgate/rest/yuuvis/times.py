"""Times in a search. They are equal when they are shown alike, to the millisecond; the store keeps them finer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from davgate.model.instant import Instant, from_datetime, parse_iso, to_datetime
from davgate.model.query import (
    AllOf,
    Compares,
    Condition,
    Matches,
    Operator,
    starting_with,
)
from davgate.rest.yuuvis.query import Literal, Moment, Relation
from davgate.rest.yuuvis.searched import OfTerm, Unfit

_MILLISECOND: Final = 1000


def _millisecond(value: Literal, now: Instant) -> Instant:
    """Return the beginning of the millisecond that a literal names; of a day that is its first."""
    if value is Moment.NOW:
        return Instant(now - now % _MILLISECOND)
    if value is Moment.TODAY:
        return from_datetime(datetime.combine(to_datetime(now).date(), datetime.min.time(), UTC))
    if not isinstance(value, str):
        raise Unfit("is a time. Compare it with one in quotes, such as '2026-11-20T14:05:00.000Z'")
    try:
        moment = parse_iso(value)
        instant = from_datetime(moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC))
        # What the calendar does not reach as a whole, the store cannot say.
        to_datetime(Instant(instant + _MILLISECOND))
    except (ValueError, OverflowError):
        raise Unfit(f"is a time, and {value[:60]!r} is none. Write it as '2026-11-20T14:05:00.000Z'") from None
    return Instant(instant - instant % _MILLISECOND)


def _bound(relation: Relation, begin: Instant) -> tuple[Operator, Instant]:
    """Return how a time compares with a millisecond as a whole."""
    at_least = relation in (Relation.GREATER, Relation.AT_LEAST)
    is_behind = relation in (Relation.GREATER, Relation.AT_MOST)
    return Operator.AT_LEAST if at_least else Operator.LESS, Instant(begin + _MILLISECOND * is_behind)


class TimeOfFact(OfTerm):
    """A time that the system keeps of everything."""

    __slots__ = ()

    def compared(self, relation: Relation, value: Literal, now: Instant) -> Condition:
        """Return the condition on the instant; what is equal lies within a millisecond."""
        begin = _millisecond(value, now)
        if relation is Relation.EQUAL:
            end = Instant(begin + _MILLISECOND)
            return AllOf((Compares(self.term, Operator.AT_LEAST, begin), Compares(self.term, Operator.LESS, end)))
        return Compares(self.term, *_bound(relation, begin))


class Time(OfTerm):
    """A time among the typed properties, which the store keeps as texts that sort by time."""

    __slots__ = ()

    def compared(self, relation: Relation, value: Literal, now: Instant) -> Condition:
        """Return the condition on the text; what is equal begins alike, so that each of several values is looked at by itself."""
        begin = _millisecond(value, now)
        if relation is Relation.EQUAL:
            return Matches(self.term, starting_with(to_datetime(begin).replace(tzinfo=None).isoformat(timespec="milliseconds")))
        operator, bound = _bound(relation, begin)
        return Compares(self.term, operator, to_datetime(bound).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z")
