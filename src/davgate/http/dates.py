"""Instants as headers and properties write them, and back (RFC 9110, 5.6.7; RFC 3339).

Reading raises ``Malformed`` with a sentence that says what to send.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from davgate.model.errors import Malformed
from davgate.model.instant import Instant, from_datetime, to_datetime

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

_TIME = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)"
_MONTH = rf"(?P<month>{'|'.join(_MONTHS)})"
_DATES = tuple(
    re.compile(form, re.ASCII)
    for form in (
        rf"[A-Z][a-z]{{2}}, (?P<day>\d\d) {_MONTH} (?P<year>\d{{4}}) {_TIME} GMT",
        rf"[A-Z][a-z]+day, (?P<day>\d\d)-{_MONTH}-(?P<year>\d\d) {_TIME} GMT",
        rf"[A-Z][a-z]{{2}} {_MONTH} (?P<day>[ \d]\d) {_TIME} (?P<year>\d{{4}})",
    )
)
_UNIX_TIME = re.compile(r"(-?)([0-9]{1,12})(?:\.([0-9]{1,20}))?")

_OLDEST: Final = from_datetime(datetime(1, 1, 1, tzinfo=UTC))
_YOUNGEST: Final = from_datetime(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC))


def parse_unix_time(value: str) -> Instant:
    """Return the instant of an X-OC-Mtime header: seconds since 1970, with or without a fraction."""
    if found := _UNIX_TIME.fullmatch(value.strip()):
        microseconds = int(found[2]) * 1_000_000 + int(f"{found[3] or '':0<6.6}")
        instant = Instant(-microseconds if found[1] else microseconds)
        if _OLDEST <= instant <= _YOUNGEST:
            return instant
    raise Malformed("The X-OC-Mtime header is not a time. Send the seconds since 1970-01-01T00:00:00Z.")


def parse_http_date(value: str) -> Instant:
    """Return the instant of a date in any of the three forms that HTTP knows.

    Source: RFC 9110, 5.6.7.
    """
    found = next(filter(None, (form.fullmatch(value.strip()) for form in _DATES)), None)
    if found:
        year, month = int(found["year"]), _MONTHS.index(found["month"]) + 1
        if len(found["year"]) == 2:
            # As POSIX has it; the sliding window of RFC 9110 needs a clock and differs from the year 2069 on.
            year += 1900 if year >= 69 else 2000
        clock = int(found["hour"]), int(found["minute"]), int(found["second"])
        try:
            return from_datetime(datetime(year, month, int(found["day"]), *clock, tzinfo=UTC))
        except ValueError:
            pass
    raise Malformed("This is no HTTP date. Send one such as: Fri, 20 Nov 2026 14:05:00 GMT.")


def http_date(instant: Instant) -> str:
    """Return the instant as an HTTP date, whose unit is the second; never FOREVER.

    Source: RFC 9110, 5.6.7 (IMF-fixdate).
    """
    return _http_date(instant // 1_000_000)


def rfc3339(instant: Instant) -> str:
    """Return the instant as DAV:creationdate has it, in whole seconds, which every client reads; never FOREVER.

    Source: RFC 4918, 15.1; RFC 3339, 5.6.
    """
    return _rfc3339(instant // 1_000_000)


_CLOCK: Final = tuple(f"{minute // 60:02d}:{minute % 60:02d}:" for minute in range(24 * 60))
_SECONDS: Final = tuple(f"{second:02d}" for second in range(60))


# A listing shows as many times as it has members, but few days; the parts of a day are looked up.
@lru_cache(maxsize=16_384)
def _http_date(second: int) -> str:
    minutes, seconds = divmod(second, 60)
    day, minute = divmod(minutes, 24 * 60)
    return f"{_http_day(day)}{_CLOCK[minute]}{_SECONDS[seconds]} GMT"


@lru_cache(maxsize=16_384)
def _rfc3339(second: int) -> str:
    minutes, seconds = divmod(second, 60)
    day, minute = divmod(minutes, 24 * 60)
    return f"{_iso_day(day)}{_CLOCK[minute]}{_SECONDS[seconds]}Z"


@lru_cache(maxsize=4096)
def _http_day(day: int) -> str:
    date = to_datetime(Instant(day * 86_400_000_000))
    return f"{_WEEKDAYS[date.weekday()]}, {date.day:02d} {_MONTHS[date.month - 1]} {date.year:04d} "


@lru_cache(maxsize=4096)
def _iso_day(day: int) -> str:
    return to_datetime(Instant(day * 86_400_000_000)).date().isoformat() + "T"
