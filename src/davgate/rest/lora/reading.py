"""Reading objects: one, those of a list of uuids, those that a search finds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from http import HTTPStatus

from davgate.core.bitemporal import registrations, searching
from davgate.core.bitemporal.registrations import History
from davgate.core.store import Context
from davgate.http.responses import Response, empty
from davgate.model.bitemporal.merging import consolidated, within
from davgate.model.object_types import ObjectType
from davgate.rest.exchange import Exchange
from davgate.rest.lora.criteria import LIST, search_of
from davgate.rest.lora.errors import NoSuchObject, ObjectDeleted
from davgate.rest.lora.finding import class_of, naming_object, temporal_of, uuid_of
from davgate.rest.lora.parameters import OF_READING, Arguments, Asked, arguments_of, asked_of, refuse_others, uuid_in
from davgate.rest.lora.rendering import Renderer, Shown
from davgate.rest.lora.replies import reply

_OF_LIST = OF_READING | {"uuid"}


def read(exchange: Exchange) -> Response:
    """Show an object with the registrations that are asked for."""
    kind, uuid, arguments = class_of(exchange), uuid_of(exchange), arguments_of(exchange)
    refuse_others(arguments, OF_READING)
    asked = _asked(exchange, arguments)
    ctx = _conditional(exchange.signed_ctx, asked)
    with naming_object(exchange):
        history = registrations.read(exchange.store, ctx, kind, uuid, asked.known)
    if not history.registrations:
        temporal = temporal_of(kind)
        raise NoSuchObject(temporal.service, temporal.name, uuid)
    if history.is_deleted:
        raise ObjectDeleted(exchange.request.target.path)
    tag = ("ETag", history.etag)
    if not history.is_modified:
        return empty(HTTPStatus.NOT_MODIFIED, tag)
    return reply(HTTPStatus.OK, {uuid: _shown(exchange, kind, [history], asked)}, tag)


def _conditional(ctx: Context, asked: Asked) -> Context:
    """Return a request with those of its conditions that a tag of a registration can tell.

    What is valid now changes without a registration, so that then no tag tells whether the client has it. No reply has a date.
    """
    if ctx.conditions.is_empty:
        return ctx
    known = None if asked.follows_clock else ctx.conditions.if_none_match
    return replace(ctx, conditions=replace(ctx.conditions, if_none_match=known, if_modified_since=None))


def list_or_search(exchange: Exchange) -> Response:
    """Show the objects of a list, or tell which ones a search finds."""
    kind, arguments = class_of(exchange), arguments_of(exchange)
    asked, ctx = _asked(exchange, arguments), exchange.signed_ctx.without_conditions()
    names = {name for name, _ in arguments}
    if names <= _OF_LIST:
        uuids = [uuid_in(name, value) for name, value in arguments if name == "uuid"]
        return _listed(exchange, ctx, kind, uuids, asked)
    search = search_of(kind, arguments, asked, exchange.store.policy.time_zone)
    found = searching.search(exchange.store, ctx, kind, search)
    if LIST in names:
        return _listed(exchange, ctx, kind, found, asked)
    return reply(HTTPStatus.OK, {"results": [found]})


def _listed(exchange: Exchange, ctx: Context, kind: ObjectType, uuids: Iterable[str], asked: Asked) -> Response:
    histories = registrations.read_all(exchange.store, ctx, kind, list(dict.fromkeys(uuids)), asked.known)
    live = [one for one in histories if one.registrations and not one.is_deleted]
    return reply(HTTPStatus.OK, {"results": [_shown(exchange, kind, live, asked)] if live else []})


def _asked(exchange: Exchange, arguments: Arguments) -> Asked:
    store = exchange.store
    return asked_of(arguments, store.policy.time_zone, store.clock.now())


def _shown(exchange: Exchange, kind: ObjectType, histories: Iterable[History], asked: Asked) -> list[Shown]:
    renderer = Renderer(kind, exchange.store.policy.time_zone)
    return [renderer.object(_selected(one, asked)) for one in histories]


def _selected(history: History, asked: Asked) -> History:
    """Return an object with what is valid in the window alone; periods are joined before, so that they show their true start."""
    selected = []
    for one in history.registrations:
        snapshot = consolidated(one.snapshot) if asked.is_consolidated else one.snapshot
        selected.append(replace(one, snapshot=within(snapshot, asked.valid)))
    return replace(history, registrations=tuple(selected))
