"""Changing documents: delivering one, replacing its content, withdrawing it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from davgate.core import deleting, early_checks, objects, signed_locks
from davgate.core.objects import Changes, File, NewObject
from davgate.core.receiving import receive
from davgate.http.content_disposition import cleaned, file_name_of
from davgate.http.responses import Response, empty
from davgate.model.errors import UnsupportedBody
from davgate.model.media_types import UNKNOWN
from davgate.model.metadata import TITLE
from davgate.model.node import NodeKind
from davgate.rest import answers
from davgate.rest.exchange import Exchange
from davgate.rest.multipart import Part
from davgate.rest.okd import metadata, scopes, wire
from davgate.rest.okd.errors import EmptyContent, MissingPart
from davgate.rest.okd.finding import Settings, admit, document_id, naming_holder

_TYPE: Final = "okd:document"
_UNNAMED: Final = "document"
_SMALL_BYTES: Final = 64 * 1024


def create(settings: Settings, exchange: Exchange) -> Response:
    """Store a document that comes with its metadata in a form, and tell its id."""
    ctx = exchange.signed_ctx
    early_checks.check_create(exchange.store, scopes.for_looking_up(ctx), settings.folder, exchange.request.announced_bytes)
    said, file = _receive(exchange)
    properties = metadata.properties_of(said, association_id=exchange.params.get("association_id"))
    allowed = scopes.for_type(ctx, properties[metadata.DOCUMENT_TYPE])
    properties[TITLE] = properties.get(TITLE) or file.name
    new = NewObject(NodeKind.DOCUMENT, _TYPE, properties, file)
    with naming_holder(exchange, allowed):
        node = objects.create(exchange.store, allowed, settings.folder, new)
    location = exchange.href("documents", node.uuid)
    return answers.json(HTTPStatus.CREATED, wire.Created(node.uuid), ("Location", location), ("ETag", node.metadata_etag))


def _receive(exchange: Exchange) -> tuple[dict[str, Any], File]:
    """Return metadata and file of a form whose parts come in any order; what else is in it does not count.

    Raises:
        MissingPart, EmptyContent.
        Malformed, TooLarge, UnsupportedBody, BodyIncomplete, QuotaExceeded: see ``Exchange.parts`` and ``receiving.receive``.
    """
    said: dict[str, Any] | None = None
    file: File | None = None
    for part in exchange.parts():
        if part.name == "metadata" and said is None:
            said = part.json(dict[str, Any])
        elif part.name == "file" and file is None:
            file = File(receive(exchange.store, part), _name_of(part), part.media_type)
    if said is None:
        raise MissingPart("metadata")
    if file is None:
        raise MissingPart("file")
    if not file.staged.length_bytes:
        raise EmptyContent()
    return said, file


def _name_of(part: Part) -> str:
    return cleaned(part.file_name or "") or _UNNAMED


def replace_content(settings: Settings, exchange: Exchange) -> Response:
    """Give a document new content; what is said of it stays."""
    ctx, document, request = admit(settings, exchange), document_id(exchange), exchange.request
    with naming_holder(exchange, ctx):
        if not _is_at_hand(exchange):
            early_checks.check_replace(exchange.store, ctx, document, request.announced_bytes)
        if _is_envelope(request.media_type):
            raise UnsupportedBody("The body is the content itself, and no form. Send it with its own media type.")
        name = cleaned(file_name_of(request.header("CONTENT_DISPOSITION")) or "")
        if not request.has_body:
            raise EmptyContent()
        staged = receive(exchange.store, exchange.body(), announced_bytes=request.announced_bytes)
        if not staged.length_bytes:
            raise EmptyContent()
        changes = Changes(file=File(staged, name, request.content_type or UNKNOWN), always=True)
        node = signed_locks.replace_content(exchange.store, ctx, document, changes)
    return empty(HTTPStatus.NO_CONTENT, ("ETag", node.metadata_etag))


def _is_at_hand(exchange: Exchange) -> bool:
    """Tell whether taking in the body costs less than a look whether it would be refused, as of a small one on the drive."""
    request = exchange.request
    is_plain = exchange.ctx.conditions.is_empty and not _is_envelope(request.media_type)
    return is_plain and request.has_body and request.is_small(_SMALL_BYTES)


def _is_envelope(media_type: str) -> bool:
    """Tell whether a body of this type has the content in it instead of being it."""
    return media_type.startswith("multipart/") or media_type == "application/x-www-form-urlencoded"


def delete(settings: Settings, exchange: Exchange) -> Response:
    """Withdraw a document: it goes to the trash."""
    ctx, document = admit(settings, exchange), document_id(exchange)
    with naming_holder(exchange, ctx):
        early_checks.check_delete(exchange.store, ctx, document)
        deleting.delete(exchange.store, ctx, document, despite_hold=False)
    return empty(HTTPStatus.NO_CONTENT)
