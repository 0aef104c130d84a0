"""Replies in JSON, whose media type says their charset."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from davgate.http.responses import Response, whole

JSON_UTF8: Final = "application/json; charset=utf-8"


def reply(status: int, value: Any, *headers: tuple[str, str]) -> Response:
    """Return a reply with a value."""
    return whole(status, JSON_UTF8, msgspec.json.encode(value), *headers)
