"""Instants as texts in the time zone of the store, and back."""

from __future__ import annotations

from datetime import datetime

from davgate.core.store import Store
from davgate.model.instant import Instant, parse_iso, to_datetime
from davgate.model.typed_values import stored_instant


def moment(store: Store, instant: Instant) -> str:
    """Return an instant as answers have it."""
    return _text(store, to_datetime(instant))


def shown_time(store: Store, stored: str) -> str:
    """Return a stored time as answers have it."""
    return _text(store, datetime.fromisoformat(stored))


def _text(store: Store, time: datetime) -> str:
    try:
        local = time.astimezone(store.policy.time_zone)
    except OverflowError:
        # At an end of the calendar a zone may have no such time. With an offset it is read back as it is.
        return f"{time.replace(tzinfo=None).isoformat(' ', 'seconds')}Z"
    # strftime would write the year 900 in three digits, in which it is no time when it is sent back.
    return local.replace(tzinfo=None).isoformat(" ", "seconds")


def stored_time(store: Store, text: str) -> str:
    """Return a time as it is stored; one without an offset is of the time zone of the store.

    Raises:
        ValueError: it is no time.
    """
    time = parse_iso(text)
    return stored_instant(time if time.tzinfo is not None else time.replace(tzinfo=store.policy.time_zone))
