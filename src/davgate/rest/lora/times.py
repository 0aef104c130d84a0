"""Instants as they stand in replies."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from davgate.model.bitemporal.virkning import BEGINNING
from davgate.model.instant import FOREVER, Instant, to_datetime

INFINITY: Final = "infinity"
_MINUTE: Final = timedelta(minutes=1)


def spaced(instant: Instant, zone: tzinfo) -> str:
    """Return an instant of valid time in a time zone: ``2021-01-01 00:00:00+00``, or the word for an end of time."""
    if instant == FOREVER:
        return INFINITY
    if instant == BEGINNING:
        return "-" + INFINITY
    moment = _local(to_datetime(instant), zone)
    fraction = f".{moment.microsecond:06d}".rstrip("0") if moment.microsecond else ""
    return f"{moment:%Y-%m-%d %H:%M:%S}".rjust(19, "0") + fraction + _offset(moment)


def _local(moment: datetime, zone: tzinfo) -> datetime:
    """Return a moment in a zone, or in UTC where the zone has no offset that could be sent back."""
    try:
        local = moment.astimezone(zone)
    except OverflowError:
        return moment
    return local if (local.utcoffset() or timedelta()) % _MINUTE == timedelta() else moment.astimezone(UTC)


def _offset(moment: datetime) -> str:
    minutes = (moment.utcoffset() or timedelta()) // _MINUTE
    sign, hours, rest = "-" if minutes < 0 else "+", *divmod(abs(minutes), 60)
    return f"{sign}{hours:02d}:{rest:02d}" if rest else f"{sign}{hours:02d}"
