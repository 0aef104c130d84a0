"""The trash: what is in it of documents, and bringing one back under its ids."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from typing import Any, Final

from davgate.core import deleted, revisions
from davgate.core.searching import Search
from davgate.http.responses import Response
from davgate.model.errors import Forbidden, Locked, Malformed, NotFound, ParentMissing
from davgate.model.paths import TreePath
from davgate.model.query import EVERYTHING
from davgate.rest.dynacase import envelope, errors, fields, paging, validators
from davgate.rest.dynacase.addressing import NOT_IN_TRASH, context_of, find_trashed, uri
from davgate.rest.dynacase.errors import TOO_LONG_ORDER, Refusal, Refused, answering
from davgate.rest.dynacase.fields import Reading
from davgate.rest.dynacase.listing import order_of
from davgate.rest.dynacase.paging import Listing
from davgate.rest.dynacase.representing import document_data, represent_all
from davgate.rest.exchange import Exchange
from davgate.rest.operations import Answer, Handler, Json, Operation

_BAD_BODY: Final = Refusal(
    HTTPStatus.BAD_REQUEST, "CRUD0236", 'What is in the trash takes {"document": {"properties": {"status": "alive"}}} alone'
)
_NO_PLACE: Final = Refusal(HTTPStatus.BAD_REQUEST, "CRUD0236", "A document has the name of the folder for what is brought back")

_ALIVE: Final = "alive"
_DEFAULT_ORDER: Final = "title:asc"


def show_all(exchange: Exchange) -> Response:
    """Return a page of the documents in the trash."""
    page, order = paging.asked(exchange), paging.order_asked(exchange, _DEFAULT_ORDER)
    wanted = fields.asked_of_any(exchange)
    # What is deleted is locked by nobody.
    by = order_of(exchange.store.types, [step for step in order if step.field != "locked"])
    with answering({Malformed: TOO_LONG_ORDER}):
        items, _ = revisions.show_trash(
            exchange.store, context_of(exchange).without_conditions(), Search(EVERYTHING, by, page.offset, page.length)
        )
    shown = represent_all(exchange, items, wanted, lambda one: uri(exchange, "trash", one.initid))
    data = {
        "requestParameters": page.shown(len(shown), paging.order_text(order)),
        "uri": uri(exchange, "trash", ending="/"),
        "properties": {"title": "Trash"},
        "documents": shown,
    }
    return envelope.answer(exchange, data)


def show(exchange: Exchange) -> Response:
    """Return a document in the trash."""
    found = find_trashed(exchange)
    wanted = fields.asked(exchange, found.family)
    data = document_data(exchange, found.shown, found.family, wanted, uri(exchange, "trash", found.shown.initid))
    return validators.answer(exchange, found.shown, data)


def restore(folder: TreePath, exchange: Exchange) -> Response:
    """Bring a document back out of the trash: where it was, or into the folder of this door where that is gone, too."""
    found = find_trashed(exchange)
    wanted = fields.asked(exchange, found.family)
    with answering({Malformed: _BAD_BODY}):
        if not _says_alive(exchange.json(dict[str, Any])):
            raise Refused(_BAD_BODY)
    node_id = found.shown.initid
    ctx = validators.admitted(exchange, found.ctx, found.shown)
    refusals = {
        Forbidden: errors.UPDATE_DENIED,
        Locked: errors.UPDATE_DENIED,
        NotFound: NOT_IN_TRASH,
        ParentMissing: _NO_PLACE,
    }
    with answering(refusals):
        deleted.restore_into(exchange.store, ctx, folder, node_id)
        shown = revisions.show(exchange.store, found.ctx, node_id)
    return envelope.answer(exchange, document_data(exchange, shown, found.family, wanted, uri(exchange, "documents", node_id)))


def _says_alive(body: dict[str, Any]) -> bool:
    document = body.get("document")
    properties = document.get("properties") if isinstance(document, dict) else None
    return isinstance(properties, dict) and properties.get("status") == _ALIVE


def operations(folder: TreePath) -> tuple[Operation, ...]:
    """Return the operations of the trash; what has no place any more is brought back into a folder of the drive."""
    handler: Handler = partial(restore, folder)
    return (
        Operation(
            method="GET",
            template="/trash",
            handler=show_all,
            id="list-trash",
            summary="List the documents in the trash.",
            reads=True,
            query=Listing,
            answers={200: Answer(envelope.Envelope)},
        ),
        Operation(
            method="GET",
            template="/trash/{id}",
            handler=show,
            id="read-trash",
            summary="Read a document in the trash.",
            reads=True,
            query=Reading,
            answers={200: Answer(envelope.Envelope, headers=("ETag",)), 304: Answer(headers=("ETag",))},
            headers=("If-None-Match",),
        ),
        Operation(
            method="PUT",
            template="/trash/{id}",
            handler=handler,
            id="restore",
            summary="Bring a document back out of the trash.",
            reads=False,
            query=Reading,
            body=Json(dict[str, Any], any_media_type=True),
            answers={200: Answer(envelope.Envelope)},
            headers=("If-Match",),
        ),
    )
