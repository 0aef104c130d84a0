"""When something is true in the world: half-open periods, who vouches for them, and how instants are written (OIO: virkning)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Final

from davgate.model.bitemporal.errors import InvalidObject
from davgate.model.frozen import frozen
from davgate.model.instant import FOREVER, Instant, from_datetime, to_datetime

BEGINNING: Final = Instant(-FOREVER)
"""Before all time: the start of what has always been true."""

_TIMESTAMP: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?(?:(Z)|([+-])(\d\d)(?::?(\d\d))?)?)?",
    re.ASCII,
)
_ENDS: Final = {"infinity": FOREVER, "-infinity": BEGINNING}
_NO_TIMESTAMP: Final = "is no timestamp. Write 2021-03-04, 2021-03-04T09:10:11+01:00, infinity or -infinity."


@frozen
class Window:
    """A half-open span of time; it is never empty."""

    start: Instant
    end: Instant

    @classmethod
    def at(cls, instant: Instant) -> Window:
        """Return the shortest span that there is from an instant on."""
        return cls(instant, Instant(instant + 1))

    def overlaps(self, start: Instant, end: Instant) -> bool:
        """Tell whether a period has an instant in common with this span."""
        return start < self.end and self.start < end


ALL_TIME: Final = Window(BEGINNING, FOREVER)


@frozen
class Virkning:
    """A half-open period of validity, and what is said of it: who is behind it, what kind of actor that is, a note."""

    start: Instant
    end: Instant
    actor: str = ""
    actor_type: str = ""
    note: str = ""

    def overlaps(self, window: Window) -> bool:
        """Tell whether the period has an instant in common with a span."""
        return window.overlaps(self.start, self.end)

    def during(self, start: Instant, end: Instant) -> Virkning:
        """Return the same said of another period."""
        return replace(self, start=start, end=end)


def uncovered(start: Instant, end: Instant, covering: Iterable[Virkning]) -> Iterator[tuple[Instant, Instant]]:
    """Yield the parts of a period that no other covers; those are sorted by their start and do not overlap one another."""
    for one in covering:
        if start < one.start:
            yield start, min(end, one.start)
        start = max(start, one.end)
        if start >= end:
            return
    if start < end:
        yield start, end


def parse_timestamp(text: object, zone: tzinfo, place: str = "") -> Instant:
    """Return the instant that a text names, one without offset in the installation's time zone.

    Raises:
        InvalidObject: it is no timestamp of a form that is taken.
    """
    if not isinstance(text, str):
        raise InvalidObject("a timestamp is a text.", place)
    if (end := _ENDS.get(text)) is not None:
        return end
    matched = _TIMESTAMP.fullmatch(text)
    if matched is None:
        raise InvalidObject(f"{text!r} {_NO_TIMESTAMP}", place)
    year, month, day, hour, minute, second, fraction, utc, sign, hours, minutes = matched.groups()
    offset: tzinfo = UTC if utc else zone
    try:
        if sign:
            span = timedelta(hours=int(hours), minutes=int(minutes or 0))
            offset = timezone(-span if sign == "-" else span)
        microseconds = int((fraction or "").ljust(6, "0"))
        clock = int(hour or 0), int(minute or 0), int(second or 0), microseconds
        # What cannot be told in UTC or here could be stored and never shown.
        moment = datetime(int(year), int(month), int(day), *clock, tzinfo=offset).astimezone(UTC)
        return from_datetime(moment.astimezone(zone))
    except (ValueError, OverflowError) as error:
        raise InvalidObject(f"{text!r} {_NO_TIMESTAMP}", place) from error


def iso_text(instant: Instant) -> str:
    """Return an instant in ISO 8601 with the offset of UTC, microseconds where there are any, or the word for an end of time."""
    for word, end in _ENDS.items():
        if instant == end:
            return word
    return to_datetime(instant).isoformat()
