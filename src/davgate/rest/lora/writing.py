"""Changing objects: making, importing, updating, passivating and deleting them."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from davgate.core import early_checks
from davgate.core.bitemporal import registering
from davgate.core.bitemporal.registering import Registered
from davgate.http.responses import Response
from davgate.rest.exchange import Exchange
from davgate.rest.lora.finding import Settings, class_of, naming_object, uuid_of
from davgate.rest.lora.parameters import arguments_of, refuse_others
from davgate.rest.lora.payloads import Payload, note_of, payload_of
from davgate.rest.lora.replies import reply

NO_OP: Final = "X-Unchanged"
"""The header of a reply to an update that has made no registration."""


def create(settings: Settings, exchange: Exchange) -> Response:
    """Make an object, and tell its uuid."""
    refuse_others(arguments_of(exchange))
    kind, ctx = class_of(exchange), exchange.signed_ctx
    early_checks.check_create(exchange.store, ctx, settings.folder, exchange.request.announced_bytes)
    payload = _payload(exchange)
    made = registering.create(exchange.store, ctx, settings.folder, kind, payload.said, payload.files)
    location = exchange.href(exchange.params["service"], exchange.params["class_name"], made.uuid)
    return reply(HTTPStatus.CREATED, {"uuid": made.uuid}, ("Location", location), ("ETag", made.etag))


def put(settings: Settings, exchange: Exchange) -> Response:
    """Make an object with a uuid, or replace all that is said of the one that there is."""
    kind, uuid = class_of(exchange), uuid_of(exchange)
    refuse_others(arguments_of(exchange))
    ctx = exchange.signed_ctx
    registering.check(exchange.store, ctx, kind, uuid, is_patch=False)
    payload = _payload(exchange)
    return _reply(registering.put(exchange.store, ctx, settings.folder, kind, uuid, payload.said, payload.files))


def patch(_settings: Settings, exchange: Exchange) -> Response:
    """Change what is said of an object, or passivate it."""
    kind, uuid = class_of(exchange), uuid_of(exchange)
    refuse_others(arguments_of(exchange))
    ctx = exchange.signed_ctx
    with naming_object(exchange):
        registering.check(exchange.store, ctx, kind, uuid, is_patch=True)
        payload = _payload(exchange)
        return _reply(registering.patch(exchange.store, ctx, kind, uuid, payload.said, payload.files))


def delete(_settings: Settings, exchange: Exchange) -> Response:
    """Delete an object; what it was can still be read by the times when it was known."""
    kind, uuid = class_of(exchange), uuid_of(exchange)
    refuse_others(arguments_of(exchange))
    note = note_of(exchange)
    with naming_object(exchange):
        made = registering.delete(exchange.store, exchange.signed_ctx, kind, uuid, note)
    return _reply(made, HTTPStatus.ACCEPTED)


def _payload(exchange: Exchange) -> Payload:
    is_document = (exchange.params["service"], exchange.params["class_name"]) == ("dokument", "dokument")
    return payload_of(exchange, with_files=is_document)


def _reply(made: Registered, status: HTTPStatus = HTTPStatus.OK) -> Response:
    unchanged = () if made.is_new else ((NO_OP, "true"),)
    return reply(status, {"uuid": made.uuid}, ("ETag", made.etag), *unchanged)
