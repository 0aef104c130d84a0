"""Byte ranges: which part of a document a GET asks for (RFC 9110, 14).

A Range header is a wish, never an error: what cannot be read is ignored and the whole document is sent. Several ranges
are served when they merge into one; otherwise the whole is sent, which every client must accept, and no multipart body
is made.
"""

from __future__ import annotations

import enum
import re
from typing import Final

from davgate.http.dates import http_date
from davgate.model import etag as etags
from davgate.model.frozen import frozen
from davgate.model.instant import Instant

MAX_RANGES: Final = 100
"""A header with more ranges is ignored: to send it is an attack or a mistake (RFC 9110, 17.15)."""

_RANGES = re.compile(r"(?i:bytes)=(.*)")
_RANGE = re.compile(r"([0-9]{1,30})-([0-9]{0,30})|-([0-9]{1,30})")


@frozen
class ByteRange:
    """A part of a document: the first and the last of its bytes, counted from 0."""

    first: int
    last: int

    @property
    def length_bytes(self) -> int:
        """The number of bytes to send."""
        return self.last - self.first + 1

    def content_range(self, total: int) -> str:
        """Return the Content-Range header of the 206 (RFC 9110, 14.4)."""
        return f"bytes {self.first}-{self.last}/{total}"


class Unsatisfiable(enum.Enum):
    """Every range asked for lies behind the end."""

    UNSATISFIABLE = "unsatisfiable"


UNSATISFIABLE: Final = Unsatisfiable.UNSATISFIABLE


def unsatisfied_content_range(total: int) -> str:
    """Return the Content-Range header of the 416 (RFC 9110, 14.4)."""
    return f"bytes */{total}"


def select_range(value: str, total: int) -> ByteRange | Unsatisfiable | None:
    """Return the part to send of a document of ``total`` bytes; None means the whole, with status 200.

    An empty document is always sent whole: programs that put a Range on every GET take a 416 for a failure.

    Source: RFC 9110, 14.1.2 and 14.2.
    """
    found = _RANGES.fullmatch(value.strip()) if total else None
    if found is None:
        return None
    specs = [spec for part in found[1].split(",") if (spec := part.strip(" \t"))]
    if not specs or len(specs) > MAX_RANGES:
        return None
    ranges = []
    for spec in specs:
        match = _RANGE.fullmatch(spec)
        if match is None:
            return None
        first, last, suffix = match.groups()
        if suffix is not None:
            begin, end = max(0, total - int(suffix)), total - 1
        else:
            begin, end = int(first), int(last) if last else total - 1
            if last and end < begin:
                return None
        if begin < total:
            ranges.append(ByteRange(begin, min(end, total - 1)))
    return _merged(ranges) if ranges else UNSATISFIABLE


def _merged(ranges: list[ByteRange]) -> ByteRange | None:
    """Return the one range that all of them cover without a gap, if there is one (RFC 9110, 15.3.7.2)."""
    ranges.sort(key=lambda part: part.first)
    merged = ranges[0]
    for part in ranges[1:]:
        if part.first > merged.last + 1:
            return None
        merged = ByteRange(merged.first, max(merged.last, part.last))
    return merged


def if_range_holds(value: str | None, etag: str, modified_at: Instant) -> bool:
    """Tell whether the part that the client has is of these bytes, so that its Range counts; absent holds.

    A date holds when it is the Last-Modified to the second.
    """
    # Deviates from RFC 9110, 13.1.5: a date counts though two versions may lie in one second. The Finder sends nothing
    # but a date, and would fetch a large document anew each time.
    if value is None:
        return True
    text = value.strip()
    return etags.matches_strongly(text, etag) or text == http_date(modified_at)
