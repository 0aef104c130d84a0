"""Points in time, as davgate keeps and compares them.

An ``Instant`` is the whole number of microseconds since 1970-01-01T00:00:00Z. It is what the database stores; a listing of ten
thousand members goes from rows to bytes without building twenty thousand ``datetime`` objects.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final, NewType, Protocol

Instant = NewType("Instant", int)

FOREVER: Final = Instant(2**63 - 1)
"""The end of what has not ended: of a placement that holds, of a lock without timeout."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_CLOCK = r"([01][0-9]|2[0-3]):[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?"
_OFFSET = r"Z|[+-][0-9]{2}(:?[0-9]{2})?"
_ISO: Final = re.compile(rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}([T ]{_CLOCK}({_OFFSET})?)?")


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


def parse_iso(text: str) -> datetime:
    """Return the time that a text names in the extended form of ISO 8601, or the beginning of a day; it may lack an offset.

    Raises:
        ValueError: it names none.
    """
    # Python alone reads more: 15:21:170 as 15:21:17, any character between day and hour, and 24:00 from Python 3.14 on.
    if _ISO.fullmatch(text) is None:
        raise ValueError("no time in the extended form of ISO 8601")
    return datetime.fromisoformat(text)


def is_day(text: object) -> bool:
    """Tell whether this is a text that names a day of the calendar as ``2026-11-20``."""
    try:
        # Python alone reads more: 20261120, and weeks.
        return isinstance(text, str) and date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
