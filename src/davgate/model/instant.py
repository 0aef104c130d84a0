"""Points in time, as davgate keeps and compares them.

An ``Instant`` is the whole number of microseconds since 1970-01-01T00:00:00Z. It is what the database stores; a listing of ten
thousand members goes from rows to bytes without building twenty thousand ``datetime`` objects.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final, NewType, Protocol

Instant = NewType("Instant", int)

FOREVER: Final = Instant(2**63 - 1)
"""The end of what has not ended: of a placement that holds, of a lock without timeout."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class Clock(Protocol):
    """Tells the time; injected, so that tests set it."""

    def now(self) -> Instant:
        """Return the present instant."""


def after(instant: Instant, span: timedelta) -> Instant:
    """Return the instant that lies ``span`` after ``instant``."""
    return Instant(instant + span // _MICROSECOND)


def to_datetime(instant: Instant) -> datetime:
    """Return the instant as an aware UTC ``datetime``, exact to the microsecond."""
    return _EPOCH + timedelta(microseconds=instant)


def from_datetime(moment: datetime) -> Instant:
    """Return an aware ``datetime`` as an instant."""
    return Instant((moment - _EPOCH) // _MICROSECOND)


def seconds_left(end: Instant, now: Instant) -> int:
    """Return the whole seconds from ``now`` to ``end``, rounded up, never below zero."""
    return max(0, -((now - end) // 1_000_000))
