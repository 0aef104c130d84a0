"""A response as the doors make it, and how it is handed to WSGI."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final, TypeAlias

from davgate.http.errors import TusStatus, UnknownMethod, UnsatisfiableRange, outcome_of
from davgate.model.errors import DavgateError, OffsetMismatch, TooManyRequests
from davgate.model.principal import Principal

Headers: TypeAlias = list[tuple[str, str]]
StartResponse: TypeAlias = Callable[[str, Headers], Any]

TEXT: Final = "text/plain; charset=utf-8"
HTML: Final = "text/html; charset=utf-8"

NOSNIFF: Final = ("X-Content-Type-Options", "nosniff")
"""With every body: what a client has sent may stand in it, and no browser is to guess that it is a page."""

_MOST_IN_MEMORY: Final = 4 << 20
"""Bytes of a body that is put together; of a longer one the beginning."""

ALONE: Final = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""What every page says in its Content-Security-Policy beside what it needs: it sends nothing, and no other page shows it."""

STATUS_LINES = {status.value: f"{status.value} {status.phrase}" for status in (*HTTPStatus, *TusStatus)}


@dataclass(slots=True)
class Response:
    """Status, headers and body. Without a Content-Length header the body's length is not known beforehand.

    ``reason`` is the code of the error that is answered, for the log. With ``lasts`` nothing but a commit can make it untrue: no
    clock, no file. One that is remembered has ``asked_by``, which tells whose answer it still is.
    """

    status: int
    headers: Headers = field(default_factory=list)
    body: Iterable[bytes] = ()
    reason: str = "-"
    lasts: bool = False
    asked_by: Callable[[], Principal | None] | None = None

    @property
    def length(self) -> str:
        """The number of bytes of the body as far as it is known, for the log."""
        return next((value for name, value in self.headers if name == "Content-Length"), "-")

    def start(self, start_response: StartResponse) -> Iterable[bytes]:
        """Hand the head to WSGI and return the body."""
        start_response(STATUS_LINES[self.status], self.headers)
        return self.body


def whole(status: int, media_type: str, body: bytes, *headers: tuple[str, str]) -> Response:
    """Return a response whose body is at hand."""
    return Response(status, [("Content-Type", media_type), ("Content-Length", str(len(body))), NOSNIFF, *headers], (body,))


def gathered(pieces: Iterator[bytes]) -> tuple[bytes, bool]:
    """Return a body that comes in pieces as far as it is kept in memory, and whether that is all of it."""
    taken, size = [], 0
    for piece in pieces:
        taken.append(piece)
        size += len(piece)
        if size > _MOST_IN_MEMORY:
            return b"".join(taken), False
    return b"".join(taken), True


def empty(status: int, *headers: tuple[str, str]) -> Response:
    """Return a response without a body."""
    length = () if status in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED) else (("Content-Length", "0"),)
    return Response(status, [*length, *headers])


def refusal(error: DavgateError, challenge: tuple[tuple[str, str], ...]) -> tuple[int, Headers]:
    """Return status and headers for an error; ``challenge`` tells how to sign in, where that is what is missing."""
    outcome = outcome_of(error)
    headers = [*outcome.headers, *(challenge if outcome.status == HTTPStatus.UNAUTHORIZED else ())]
    if isinstance(error, TooManyRequests):
        headers.append(("Retry-After", str(error.retry_after_seconds)))
    if isinstance(error, UnknownMethod):
        headers.append(("Allow", error.allowed))
    if isinstance(error, OffsetMismatch):
        headers.append(("Upload-Offset", str(error.offset_bytes)))
    if isinstance(error, UnsatisfiableRange):
        headers += error.headers
    return outcome.status, headers
