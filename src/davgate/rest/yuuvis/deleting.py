"""Deleting objects: one, or several of which each has a result of its own."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from davgate.core import deleting
from davgate.core.audit import auditing
from davgate.core.store import Context
from davgate.http.errors import cause_of
from davgate.http.responses import Response, empty
from davgate.model.errors import DavgateError, NotFound
from davgate.rest import answers
from davgate.rest.exchange import Exchange
from davgate.rest.yuuvis import envelopes, errors, properties
from davgate.rest.yuuvis.finding import Settings, context_of, is_uuid, naming_holder, object_id
from davgate.rest.yuuvis.updating import ids_of
from davgate.rest.yuuvis.wire import Entry, Value, listed

_RESULT = "system:deletionResult"


def delete(settings: Settings, exchange: Exchange) -> Response:
    """Delete an object with all its versions: it goes to the trash of the store."""
    _delete(exchange, context_of(settings, exchange), object_id(exchange))
    return empty(HTTPStatus.OK)


def delete_some(settings: Settings, exchange: Exchange) -> Response:
    """Delete several objects, each for itself, and tell of each what came of it."""
    ctx = context_of(settings, exchange).without_conditions()
    deleted = []
    for uuid in ids_of(envelopes.read(exchange)):
        options = {_RESULT: _result_of(exchange, ctx, uuid)}
        deleted.append(Entry({properties.OBJECT_ID: Value(uuid)}, options=options))
    return answers.json(HTTPStatus.OK, listed(deleted))


def _result_of(exchange: Exchange, ctx: Context, uuid: str) -> dict[str, Any]:
    try:
        if not is_uuid(uuid):
            raise NotFound((uuid,))
        _delete(exchange, ctx, uuid)
    except DavgateError as error:
        status, _ = errors.row_of(error)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise
        auditing.denied(exchange.store, ctx, "yuuvis-delete", (f"={uuid}",), cause_of(error))
        return {"httpStatusCode": status.value, "message": errors.sentence_of(error)}
    return {"httpStatusCode": HTTPStatus.OK.value}


def _delete(exchange: Exchange, ctx: Context, uuid: str) -> None:
    with naming_holder(exchange, ctx, uuid):
        deleting.delete_if_empty(exchange.store, ctx, uuid)
