"""The versions of an object: telling, sending, removing and restoring them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Final

import msgspec

from davgate.core import batches, removing_versions, versioning
from davgate.core.describing import Described
from davgate.core.parents import parents_of, parents_then
from davgate.core.store import Context
from davgate.http.errors import InvalidValue
from davgate.http.responses import Response, empty
from davgate.model.errors import NoSuchVersion
from davgate.model.instant import FOREVER
from davgate.model.metadata import NO_METADATA
from davgate.model.node import Version
from davgate.rest import answers
from davgate.rest.exchange import Exchange
from davgate.rest.yuuvis.contents import send, validated
from davgate.rest.yuuvis.finding import Settings, context_of, find, naming_holder, object_id
from davgate.rest.yuuvis.history import METADATA_READ, note_read
from davgate.rest.yuuvis.updating import Updater, trace
from davgate.rest.yuuvis.wire import State, entry_of, listed, state_of, state_then

_NUMBER: Final = re.compile(r"0*[1-9][0-9]*", re.ASCII)


class Restoring(msgspec.Struct, rename="camel"):
    """Whether the object is put back into the folder that it was in."""

    restore_parent_id: bool = False


def show_all(settings: Settings, exchange: Exchange) -> Response:
    """Return what all versions say, the oldest first, the current one included."""
    ctx = context_of(settings, exchange)
    it, kept = versioning.whole_history(exchange.store, ctx, object_id(exchange))
    states = _states(exchange, it, kept)
    if it.node.is_collection and not any(one.version_no == 1 for one in states):
        states.insert(0, _first(exchange, it))
    note_read(settings, exchange, ctx, it.node, METADATA_READ)
    return _answer(settings, exchange, ctx, states)


def show(settings: Settings, exchange: Exchange) -> Response:
    """Return what one version says."""
    ctx, no = context_of(settings, exchange), number(exchange)
    try:
        it, version = versioning.describe_version(exchange.store, ctx, object_id(exchange), no)
        (state,) = _states(exchange, it, [version])
    except NoSuchVersion:
        it = find(settings, exchange)[1]
        if no != 1 or not it.node.is_collection:
            raise
        state = _first(exchange, it)
    note_read(settings, exchange, ctx, it.node, METADATA_READ)
    return _answer(settings, exchange, ctx, [state])


def _states(exchange: Exchange, it: Described, kept: Sequence[Version]) -> list[State]:
    """Return an object as it was in some versions."""
    parents = parents_then(exchange.store, it.node, {one.opened_at for one in kept})
    return [state_then(it, one, parents[one.opened_at]) for one in kept]


def _first(exchange: Exchange, it: Described) -> State:
    """Return the first version of a folder that was made with nothing said of it, which is kept nowhere."""
    node = it.node
    if not node.version_no:
        return state_of(it)
    then = parents_then(exchange.store, node, {node.created_at})[node.created_at]
    node, by = replace(node, parent_id=then.parent_id), it.said.created_by
    return State(node, it.said.type, by, NO_METADATA, None, "", 1, by, node.created_at, parent_version_no=then.version_no)


def _answer(settings: Settings, exchange: Exchange, ctx: Context, states: Sequence[State]) -> Response:
    """Return the answer with versions of one object, each with the folder that it was in, as far as that is shown today."""
    parents = parents_of(exchange.store, ctx, {one.node.parent_id for one in states}, settings.folder)
    entries = [entry_of(settings, exchange.store.types, one, parents) for one in states]
    return answers.json(HTTPStatus.OK, listed(entries))


def number(exchange: Exchange) -> int:
    """Return the number of the version in the address.

    Raises:
        InvalidValue: it is none.
        NoSuchVersion: no version can have it.
    """
    text = str(exchange.params["n"])
    if not _NUMBER.fullmatch(text):
        raise InvalidValue("The number of a version is a whole number from 1 on.", "n")
    no = int(text)
    if no >= FOREVER:
        raise NoSuchVersion((object_id(exchange),), no)
    return no


def show_content(settings: Settings, exchange: Exchange) -> Response:
    """Return the content of a version, or part of it."""
    ctx, no = context_of(settings, exchange), number(exchange)
    node, version, opened = versioning.open_version(exchange.store, ctx, object_id(exchange), no)
    return send(settings, exchange, ctx, node, opened, version.file_name)


def validate_digest(settings: Settings, exchange: Exchange) -> Response:
    """Read the content of a version anew and tell whether it is what its digest is of."""
    ctx, no = context_of(settings, exchange).without_conditions(), number(exchange)
    return validated(versioning.open_version(exchange.store, ctx, object_id(exchange), no)[2])


def delete(settings: Settings, exchange: Exchange) -> Response:
    """Remove a version that is not the current one; its number is not given again."""
    ctx, uuid, no = context_of(settings, exchange), object_id(exchange), number(exchange)
    with naming_holder(exchange, ctx, uuid):
        removing_versions.remove_version(exchange.store, ctx, uuid, no)
    return empty(HTTPStatus.OK)


def restore(settings: Settings, exchange: Exchange) -> Response:
    """Make a copy of a version the current one."""
    ctx, uuid, no = context_of(settings, exchange), object_id(exchange), number(exchange)
    with_place = exchange.query(Restoring).restore_parent_id
    with naming_holder(exchange, ctx, uuid):
        node = batches.restore(
            exchange.store,
            ctx,
            uuid,
            no,
            lambda it: trace(ctx, state_of(it)),
            folder=settings.folder,
            with_place=with_place,
        )
    return Updater(settings, exchange, ctx).answer([node])
