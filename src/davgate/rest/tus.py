"""TUS 1.0.0 over ``core.uploads``, with creation, expiration, termination and checksum; no dialect is known here.

The handlers of a dialect find the object that an address means, then call these functions with what is their own: the address of
an upload, the check of what the caller may do, the completion that makes a document of the bytes, and the address of that.

Every answer to a request by TUS says the version, an error too: a dialect's ``refused`` adds ``marks``.

Source: TUS 1.0.0.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final, TypeVar

from davgate.core import uploads
from davgate.core.uploads import Check, Checksum, Complete
from davgate.http.dates import http_date
from davgate.http.errors import InvalidHeader, UnsupportedTusVersion
from davgate.http.requests import Body, Environ, Request
from davgate.http.responses import Headers, Response, empty
from davgate.rest.exchange import Exchange

T = TypeVar("T")

VERSION: Final = "1.0.0"
MEDIA_TYPE: Final = "application/offset+octet-stream"
"""What a part is sent as."""

_RESUMABLE: Final = ("Tus-Resumable", VERSION)
_EXTENSIONS: Final = "creation,expiration,termination,checksum"
_MARK: Final = "davgate.tus"
_AS_SENT: Final = ""
"""Where an upload keeps its metadata as they were sent: no key of theirs is empty."""

_OVERRIDES: Final = ("HEAD", "PATCH", "DELETE")
_NUMBER: Final = re.compile(r"[0-9]{1,30}", re.ASCII)
_KEY: Final = re.compile(r"[!-+\--~]+", re.ASCII)
_LONGEST_METADATA: Final = 16 * 1024


def method_of(request: Request) -> str:
    """Return the method that a request to an upload means: a header says it where others than POST do not get through.

    Source: TUS 1.0.0, Core Protocol, X-HTTP-Method-Override.
    """
    meant = (request.header("X_HTTP_METHOD_OVERRIDE") or "").strip().upper()
    return meant if request.method == "POST" and meant in _OVERRIDES else request.method


def options(exchange: Exchange) -> Response:
    """Tell what can be done; no version is asked for."""
    limit = exchange.store.policy.upload_limit_bytes
    return empty(
        HTTPStatus.NO_CONTENT,
        _RESUMABLE,
        ("Tus-Version", VERSION),
        ("Tus-Extension", _EXTENSIONS),
        ("Tus-Checksum-Algorithm", ",".join(uploads.CHECKSUMS)),
        ("Tus-Max-Size", str(limit)),
    )


def create(
    exchange: Exchange,
    node_id: int,
    address: Callable[[str], str],
    check_said: Callable[[Mapping[str, str]], object] | None = None,
) -> Response:
    """Begin an upload for a node, to which the caller was found to have the right; ``address`` is that of an upload by its id.

    ``check_said`` raises what forbids the completion of what the client says, by keys in lower case, while that can still be said
    differently.

    Raises:
        UnsupportedTusVersion: before anything else.
        InvalidHeader: there is no length, the metadata cannot be understood, or the upload is to be a part of another one.
        TooLarge, QuotaExceeded, TooManyUploads, NotFound: see ``core.uploads.begin``.

    And whatever ``check_said`` raises.

    Source: TUS 1.0.0, creation.
    """
    _check_version(exchange)
    if _header(exchange, "Upload-Concat") is not None:
        # Some programs do not look whether concatenation is there. Each of their pieces would become a document of its own.
        raise InvalidHeader("Upload-Concat")
    length_bytes = _number(exchange, "Upload-Length")
    said = _metadata(exchange)
    if check_said is not None:
        check_said(said)
    begun = uploads.begin(exchange.store, exchange.ctx, node_id, length_bytes, said)
    expires = ("Upload-Expires", http_date(begun.expires_at))
    return empty(HTTPStatus.CREATED, _RESUMABLE, ("Location", address(begun.id)), expires)


def head(exchange: Exchange, node_id: int, upload_id: str, check: Check) -> Response:
    """Tell how much of an upload has arrived; of a whole one that is no document yet, all but what is sent to try that again.

    Raises:
        NoSuchUpload, then what ``check`` raises, then UnsupportedTusVersion.

    Source: TUS 1.0.0, HEAD.
    """
    _mark(exchange)
    upload = uploads.find(exchange.store, exchange.ctx, upload_id, node_id, check)
    _check_version(exchange)
    as_sent = upload.said.get(_AS_SENT)
    return empty(
        HTTPStatus.OK,
        _RESUMABLE,
        ("Cache-Control", "no-store"),
        ("Upload-Offset", str(upload.wanted_from)),
        ("Upload-Length", str(upload.length_bytes)),
        ("Upload-Expires", http_date(upload.expires_at)),
        *((("Upload-Metadata", as_sent),) if as_sent else ()),
    )


def patch(
    exchange: Exchange, node_id: int, upload_id: str, check: Check, complete: Complete[T], location: Callable[[T], str]
) -> Response:
    """Take in the next part; ``location`` is the address of what the completion returned.

    Raises:
        NoSuchUpload, then what ``check`` raises, then UnsupportedTusVersion, then InvalidHeader.
        OffsetMismatch, ChecksumMismatch, BodyIncomplete, TooLarge, QuotaExceeded: see ``core.uploads.append``.

    And what ``complete`` raises.

    Source: TUS 1.0.0, PATCH and checksum.
    """
    _mark(exchange)
    uploads.find(exchange.store, exchange.ctx, upload_id, node_id, check)
    _check_version(exchange)
    request = exchange.request
    if request.media_type != MEDIA_TYPE:
        raise InvalidHeader("Content-Type")
    appended = uploads.append(
        exchange.store,
        exchange.ctx,
        upload_id,
        node_id,
        _number(exchange, "Upload-Offset"),
        _AsItArrives(request.body),
        check=check,
        complete=complete,
        checksum=_checksum(exchange),
        announced_bytes=request.announced_bytes,
    )
    offset = ("Upload-Offset", str(appended.offset_bytes))
    if appended.outcome is None:
        return empty(HTTPStatus.NO_CONTENT, _RESUMABLE, offset, ("Upload-Expires", http_date(appended.expires_at)))
    return empty(HTTPStatus.NO_CONTENT, _RESUMABLE, offset, ("Location", location(appended.outcome)))


def delete(exchange: Exchange, node_id: int, upload_id: str, check: Check) -> Response:
    """Give up an upload.

    Raises:
        NoSuchUpload, then what ``check`` raises, then UnsupportedTusVersion.

    Source: TUS 1.0.0, termination.
    """
    _mark(exchange)
    uploads.find(exchange.store, exchange.ctx, upload_id, node_id, check)
    _check_version(exchange)
    uploads.end(exchange.store, exchange.ctx, upload_id, node_id)
    return empty(HTTPStatus.NO_CONTENT, _RESUMABLE)


def marks(environ: Environ) -> Headers:
    """Return the headers that an error is answered with too when the request was one of these."""
    return [_RESUMABLE] if _MARK in environ else []


class _AsItArrives:
    """A body whose bytes are handed on as they come, so that all that came before a cut is kept."""

    def __init__(self, body: Body) -> None:
        self._body = body

    def read(self, size: int, /) -> bytes:
        return self._body.read_some(size)


def _mark(exchange: Exchange) -> None:
    exchange.request.environ[_MARK] = True


def _check_version(exchange: Exchange) -> None:
    _mark(exchange)
    if exchange.request.header("TUS_RESUMABLE") != VERSION:
        raise UnsupportedTusVersion()


def _header(exchange: Exchange, name: str) -> str | None:
    value = exchange.request.header(name.upper().replace("-", "_"))
    return None if value is None else value.strip()


def _number(exchange: Exchange, name: str) -> int:
    value = _header(exchange, name)
    if value is None or not _NUMBER.fullmatch(value):
        raise InvalidHeader(name)
    return int(value)


def _metadata(exchange: Exchange) -> Mapping[str, str]:
    """Return what the client says of its upload, by keys in lower case; keys without a value are left out."""
    name = "Upload-Metadata"
    value = _header(exchange, name) or ""
    if len(value) > _LONGEST_METADATA:
        raise InvalidHeader(name)
    said = {_AS_SENT: value} if value else {}
    seen = set()
    for pair in value.split(",") if value else ():
        key, _, encoded = pair.strip().partition(" ")
        key = key.lower()
        if not _KEY.fullmatch(key) or key in seen:
            raise InvalidHeader(name)
        seen.add(key)
        if encoded:
            said[key] = _text(encoded, name)
    return said


def _text(encoded: str, name: str) -> str:
    try:
        return _decoded(encoded, name).decode()
    except UnicodeDecodeError:
        raise InvalidHeader(name) from None


def _decoded(encoded: str, name: str) -> bytes:
    try:
        decoded = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidHeader(name) from None
    # The decoder takes padding that is too long.
    if base64.b64encode(decoded).decode() != encoded:
        raise InvalidHeader(name)
    return decoded


def _checksum(exchange: Exchange) -> Checksum | None:
    """Return what a part has to hash to, if the client says so.

    Source: TUS 1.0.0, checksum.
    """
    name = "Upload-Checksum"
    value = _header(exchange, name)
    if value is None:
        return None
    algorithm, _, encoded = value.partition(" ")
    if algorithm not in uploads.CHECKSUMS:
        raise InvalidHeader(name)
    return Checksum(algorithm, _decoded(encoded, name))
