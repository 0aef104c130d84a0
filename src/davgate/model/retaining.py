"""Retention: until the time that a document says of itself it is neither deleted nor given other content, by nobody.

What is said of it may change; the time may be put off, and not be brought forward or taken away while it lasts.
"""

from __future__ import annotations

from typing import Final

from davgate.model.instant import Instant, to_datetime
from davgate.model.metadata import Metadata
from davgate.model.typed_values import stored_instant

EXPIRES_AT: Final = "yuuvis:system:rmExpirationDate"
"""The property that says until when; its texts are in UTC and of one length, so that they compare as times do."""

RETAINED_FROM: Final = "yuuvis:system:rmStartOfRetention"
DESTROYED_AT: Final = "yuuvis:system:rmDestructionDate"
_TIMES: Final = frozenset({EXPIRES_AT, RETAINED_FROM, DESTROYED_AT})


def is_retained(metadata: Metadata, now: Instant) -> bool:
    """Tell whether a document is under retention."""
    return retained_until(metadata, now) is not None


def retained_until(metadata: Metadata, now: Instant) -> str | None:
    """Return until when a document is under retention, None if it is not."""
    until = metadata.get(EXPIRES_AT)
    return until if isinstance(until, str) and until > to_text(now) else None


def is_shortened(before: Metadata, after: Metadata, now: Instant) -> bool:
    """Tell whether a retention that lasts would end earlier, or at once."""
    until = retained_until(before, now)
    if until is None:
        return False
    then = after.get(EXPIRES_AT)
    return not isinstance(then, str) or then < until


def without_retention(metadata: Metadata) -> Metadata:
    """Return what the copy of a document says: it has to be kept no longer than anybody wants."""
    if not _TIMES & metadata.keys():
        return metadata
    return {key: value for key, value in metadata.items() if key not in _TIMES}


def to_text(instant: Instant) -> str:
    """Return an instant as the values of such properties have it."""
    return stored_instant(to_datetime(instant))
