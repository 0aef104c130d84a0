"""Importing objects: one or several, all or none, with or without content."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from davgate.core import batches
from davgate.core.batches import Place
from davgate.core.objects import File, NewObject
from davgate.core.store import Context
from davgate.http.errors import InvalidValue
from davgate.http.responses import Response
from davgate.model.frozen import frozen
from davgate.model.metadata import TITLE
from davgate.model.node import NodeKind
from davgate.model.object_types import ObjectType
from davgate.rest import answers
from davgate.rest.exchange import Exchange
from davgate.rest.yuuvis import envelopes, errors
from davgate.rest.yuuvis.envelopes import MOST_NEW, Sent
from davgate.rest.yuuvis.errors import InvalidObject, Mistake, misplaced
from davgate.rest.yuuvis.finding import Settings, context_of, naming_holder
from davgate.rest.yuuvis.kinds import CONTENT_REQUIRED, FOLDER, NO_CONTENT
from davgate.rest.yuuvis.properties import Reader
from davgate.rest.yuuvis.streams import content_for
from davgate.rest.yuuvis.tracing import trace_of
from davgate.rest.yuuvis.wire import TRACE, entries_of, listed


def create(settings: Settings, exchange: Exchange) -> Response:
    """Store objects with their metadata, and with the contents that came with them."""
    ctx = context_of(settings, exchange).without_conditions()
    entries, files = envelopes.read_with_files(exchange)
    if len(entries) > MOST_NEW:
        raise InvalidValue(f"objects: There may be at most {MOST_NEW}.", "objects")
    importer = _Importer(settings, exchange, ctx, files)
    mistakes: list[Mistake] = []
    wanted: list[tuple[Place, NewObject]] = []
    for position, sent in enumerate(entries):
        try:
            wanted.append(importer.object_of(sent, f"objects[{position}]: " if len(entries) > 1 else ""))
        except InvalidObject as error:
            mistakes += error.mistakes
    if mistakes:
        raise InvalidObject(mistakes)
    with naming_holder(exchange, ctx), misplaced():
        nodes = batches.create_all(exchange.store, ctx, wanted)
    made = batches.describe_some(exchange.store, ctx, nodes)
    return answers.json(HTTPStatus.OK, listed(entries_of(settings, exchange.store, ctx, made)))


@frozen
class _Importer:
    """Makes objects for core of what was sent."""

    settings: Settings
    exchange: Exchange
    ctx: Context
    files: Mapping[str, File]

    def object_of(self, sent: Sent, place: str) -> tuple[Place, NewObject]:
        """Return a new object, and where it goes.

        Raises:
            InvalidObject: it does not fit its type.
            NotFound: it names stored content that the caller may not read.
        """
        reader = Reader(self.exchange.store.types, self.exchange.store.clock.now(), place)
        kind, metadata = reader.for_import(sent.properties)
        parent = reader.parent(sent.properties)
        if kind is not None:
            _check_content(reader, kind, has_content=sent.stream is not None)
        reader.finish()
        assert kind is not None, "its lack is a mistake"
        metadata[TRACE] = {"id": trace_of(self.ctx.request_id), "version": 1}
        return parent or self.settings.folder, self._new(kind, metadata, sent, place)

    def _new(self, kind: ObjectType, metadata: dict[str, Any], sent: Sent, place: str) -> NewObject:
        if kind.base == FOLDER:
            return NewObject(NodeKind.COLLECTION, kind.name, metadata, drive_name=metadata.get(TITLE) or FOLDER)
        if sent.stream is None:
            return NewObject(NodeKind.DOCUMENT, kind.name, metadata)
        arrived = content_for(self.settings, self.exchange.store, self.ctx, sent.stream, self.files, place=place)
        return NewObject(NodeKind.DOCUMENT, kind.name, metadata | dict(arrived.metadata), arrived.file)


def _check_content(reader: Reader, kind: ObjectType, *, has_content: bool) -> None:
    if has_content and (kind.content == NO_CONTENT or kind.base == FOLDER):
        reader.refuse(errors.WRONG_CONTENT, f"Objects of the type {kind.local} have no content.")
    if not has_content and kind.content == CONTENT_REQUIRED:
        reader.refuse(errors.WRONG_CONTENT, f"Objects of the type {kind.local} need a content.")
