"""What every answer is wrapped in: whether it went well, messages, and the data."""

from __future__ import annotations

import html
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

import msgspec

from davgate.http.requests import Environ
from davgate.http.responses import ALONE, Response, whole
from davgate.model.errors import Malformed
from davgate.rest import queries
from davgate.rest.exchange import Exchange
from davgate.rest.operations import JSON

_HTML: Final = "text/html; charset=utf-8"
_NO_SCRIPTS: Final = ("Content-Security-Policy", f"default-src 'none'; {ALONE}")


class AttributeMistake(msgspec.Struct, frozen=True):
    """What is wrong with one attribute; ``index`` is that of the value in a list, -1 for a single one."""

    id: str
    index: int
    err: str


class Message(msgspec.Struct, frozen=True, rename="camel"):
    """One message; ``content_text`` is for people."""

    type: str
    content_text: str
    content_html: str = ""
    code: str = ""
    uri: str = ""
    data: AttributeMistake | None = None


class Envelope(msgspec.Struct, frozen=True, rename="camel"):
    """An answer, with the same four members in any case."""

    success: bool
    messages: Sequence[Message]
    data: dict[str, Any] | None
    exception_message: str = ""


class Refusal(msgspec.Struct, frozen=True, rename="camel"):
    """An answer to what was refused."""

    success: bool
    messages: Sequence[Message]
    data: AttributeMistake | None
    exception_message: str


def answer(
    exchange: Exchange,
    data: dict[str, Any],
    *headers: tuple[str, str],
    status: int = HTTPStatus.OK,
    messages: Sequence[Message] = (),
) -> Response:
    """Return the answer to what went well."""
    return written(exchange.request.environ, status, Envelope(True, messages, data), *headers)


def written(environ: Environ, status: int, envelope: Envelope | Refusal, *headers: tuple[str, str]) -> Response:
    """Return an answer in JSON, or with ``alt=html`` the same as the text of a page, which forms in hidden frames can read."""
    body = msgspec.json.encode(envelope)
    if not is_page_wanted(environ):
        return whole(status, JSON, body, *headers)
    page = f"<html><body><textarea>{html.escape(body.decode())}</textarea></body></html>"
    return whole(status, _HTML, page.encode(), _NO_SCRIPTS, *headers)


def is_page_wanted(environ: Environ) -> bool:
    """Tell whether the query asks for the answer as a page."""
    try:
        return ("alt", "html") in queries.parse_pairs(environ)
    except Malformed:
        return False
