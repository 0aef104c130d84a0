"""Instants as the dialect writes them: ISO 8601 in UTC."""

from __future__ import annotations

from davgate.model.instant import Instant, to_datetime


def isotime(instant: Instant) -> str:
    """Return an instant in whole seconds: ``2026-03-27T10:50:59+00:00``."""
    return to_datetime(instant).isoformat(timespec="seconds")


def unix_time(instant: Instant) -> float:
    """Return an instant as seconds since 1970."""
    return instant / 1_000_000
