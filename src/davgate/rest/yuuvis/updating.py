"""Updating objects: their metadata as a whole or in part, and the names of their contents."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from davgate.core import batches
from davgate.core.batches import Decide, Decision, Place
from davgate.core.describing import Described
from davgate.core.objects import Changes, File
from davgate.core.store import Context
from davgate.http.errors import InvalidValue
from davgate.http.responses import Response
from davgate.model.errors import NotFound
from davgate.model.frozen import frozen
from davgate.model.node import Node
from davgate.rest import answers
from davgate.rest.exchange import Exchange
from davgate.rest.yuuvis import envelopes, errors, properties
from davgate.rest.yuuvis.envelopes import Sent
from davgate.rest.yuuvis.errors import misplaced
from davgate.rest.yuuvis.finding import Settings, context_of, is_uuid, naming_holder, object_id
from davgate.rest.yuuvis.kinds import DOOR, NO_CONTENT, type_of
from davgate.rest.yuuvis.properties import PARENT, Reader, value_in
from davgate.rest.yuuvis.streams import part_named, renaming
from davgate.rest.yuuvis.tracing import trace_of
from davgate.rest.yuuvis.wire import PART, TRACE, State, entries_of, listed, state_of, system_values


def replace(settings: Settings, exchange: Exchange) -> Response:
    """Replace what an object says: what was not sent goes. Its content stays, unless another one comes with it."""
    ctx, uuid = context_of(settings, exchange), object_id(exchange)
    sent, files = envelopes.read_one_with_files(exchange)
    updater = Updater(settings, exchange, ctx)
    with naming_holder(exchange, ctx, uuid), misplaced():
        node = batches.update(exchange.store, ctx, uuid, updater.replacing(sent, files))
    return updater.answer([node])


def change(settings: Settings, exchange: Exchange) -> Response:
    """Change what was sent of an object; the rest stays."""
    ctx, uuid = context_of(settings, exchange), object_id(exchange)
    sent = envelopes.read_one(exchange)
    updater = Updater(settings, exchange, ctx)
    with naming_holder(exchange, ctx, uuid), misplaced():
        node = batches.update(exchange.store, ctx, uuid, updater.changing(sent))
    return updater.answer([node])


def change_some(settings: Settings, exchange: Exchange) -> Response:
    """Change what was sent of several objects, of all or of none."""
    ctx = context_of(settings, exchange).without_conditions()
    entries = envelopes.read(exchange)
    if len(entries) > envelopes.MOST:
        raise InvalidValue(f"objects: There may be at most {envelopes.MOST}.", "objects")
    ids = ids_of(entries)
    if len({*ids}) != len(ids):
        raise InvalidValue("objects: An object is there twice.", "objects")
    if unknown := next((uuid for uuid in ids if not is_uuid(uuid)), None):
        raise NotFound((unknown,))
    updater = Updater(settings, exchange, ctx)
    wanted = [(uuid, updater.changing(sent)) for uuid, sent in zip(ids, entries, strict=True)]
    with naming_holder(exchange, ctx), misplaced():
        nodes = batches.update_all(exchange.store, ctx, wanted)
    return updater.answer(nodes)


def ids_of(entries: list[Sent]) -> list[str]:
    """Return the ids of objects of which each names its own.

    Raises:
        InvalidValue: one does not. An id that no object can have is unknown, not wrong.
    """
    found = []
    for position, sent in enumerate(entries):
        value = value_in(sent.properties, properties.OBJECT_ID)
        if not isinstance(value, str):
            place = f"objects[{position}].properties.{properties.OBJECT_ID}"
            raise InvalidValue(f"{place}: It must be the id of an object.", place)
        found.append(value)
    return found


@frozen
class Updater:
    """Decides what becomes of objects, for core to ask within the transaction that changes them."""

    settings: Settings
    exchange: Exchange
    ctx: Context

    def answer(self, nodes: list[Node]) -> Response:
        """Return the answer with objects as they are now."""
        described = batches.describe_some(self.exchange.store, self.ctx, nodes)
        return answers.json(HTTPStatus.OK, listed(entries_of(self.settings, self.exchange.store, self.ctx, described)))

    def replacing(self, sent: Sent, files: Mapping[str, File]) -> Decide:
        """Return what decides on a full update."""
        return lambda it: self._decide(it, sent, files, is_full=True)

    def changing(self, sent: Sent) -> Decide:
        """Return what decides on a partial update."""
        return lambda it: self._decide(it, sent, {}, is_full=False)

    def _decide(self, it: Described, sent: Sent, files: Mapping[str, File], *, is_full: bool) -> Decision:
        store, state = self.exchange.store, state_of(it)
        kind = type_of(store.types, state.type, is_collection=state.node.is_collection)
        properties.check_match(sent.properties, system_values(self.settings, state, kind.local))
        file = part_named(self.settings, sent.stream, files, state)
        renamed = renaming(None if file is not None else sent.stream, state)
        reader = Reader(store.types, store.clock.now())
        read = reader.for_full_update if is_full else reader.for_partial_update
        metadata = read(state, kind, sent.properties)
        place = self._place(reader, state, sent, is_full=is_full)
        if file is not None and (kind.content == NO_CONTENT or state.node.is_collection):
            reader.refuse(errors.WRONG_CONTENT, f"Objects of the type {kind.local} have no content.")
        reader.finish()
        if file is not None:
            metadata[PART] = None
        metadata |= trace(self.ctx, state)
        changes = Changes(metadata, file, file_name=renamed.file_name, media_type=renamed.media_type, always=True)
        return Decision(changes, place)

    def _place(self, reader: Reader, state: State, sent: Sent, *, is_full: bool) -> Place | None:
        """Return where an object is to be put; None where it is to stay.

        What other doors made has its place from them: only who says so takes it away from there.
        """
        if PARENT in sent.properties:
            return reader.parent(sent.properties) or self.settings.folder
        is_own = state.type is not None and state.type.startswith(f"{DOOR}:")
        return self.settings.folder if is_full and is_own else None


def trace(ctx: Context, state: State) -> dict[str, object]:
    """Return the property that tells which request wrote the next version of an object."""
    return {TRACE: {"id": trace_of(ctx.request_id), "version": state.version_no + 1}}
