"""The content of an object: sending it, replacing it, and holding it against its digest."""

from __future__ import annotations

import hashlib
from http import HTTPStatus
from typing import Final

from davgate.core import batches, early_checks, versioning
from davgate.core.batches import Decision
from davgate.core.describing import Described
from davgate.core.objects import Changes, File
from davgate.core.opening import Opened
from davgate.core.receiving import receive
from davgate.core.store import Context
from davgate.http import content
from davgate.http.content_disposition import cleaned, file_name_of
from davgate.http.responses import Response, empty
from davgate.model.errors import Corrupt, NotADocument
from davgate.model.node import Node
from davgate.rest.exchange import Exchange
from davgate.rest.yuuvis.errors import WRONG_CONTENT, DigestDiffers, invalid
from davgate.rest.yuuvis.finding import Settings, find, naming_holder
from davgate.rest.yuuvis.history import CONTENT_READ, note_read
from davgate.rest.yuuvis.kinds import NO_CONTENT, type_of
from davgate.rest.yuuvis.streams import UNNAMED, check_repository
from davgate.rest.yuuvis.updating import Updater, trace
from davgate.rest.yuuvis.wire import PART, state_of

_BLOCK_BYTES: Final = 256 * 1024


def show(settings: Settings, exchange: Exchange) -> Response:
    """Return the content of an object, or part of it."""
    ctx, it = find(settings, exchange)
    opened = versioning.open_described(exchange.store, ctx, it)
    return send(settings, exchange, ctx, it.node, opened, it.file_name)


def send(settings: Settings, exchange: Exchange, ctx: Context, node: Node, opened: Opened, file_name: str) -> Response:
    """Return the answer with content that is ready to be read, and keep that it was."""
    response = content.send(exchange.request.environ, opened, file_name=file_name or node.name or node.uuid)
    if response.status in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT):
        note_read(settings, exchange, ctx, node, CONTENT_READ)
    return response


def replace(settings: Settings, exchange: Exchange) -> Response:
    """Give an object new content; what is said of it stays."""
    request, store = exchange.request, exchange.store
    ctx, it = find(settings, exchange)
    check_repository(settings, request.header("X_OS_REPOSITORY_ID") or "")
    uuid = it.node.uuid
    if it.node.is_collection:
        raise NotADocument((uuid,))
    kind = type_of(store.types, it.said.type, is_collection=False)
    if kind.content == NO_CONTENT:
        raise invalid(WRONG_CONTENT, f"Objects of the type {kind.local} have no content.")
    name = cleaned(file_name_of(request.header("CONTENT_DISPOSITION")) or "")
    with naming_holder(exchange, ctx, uuid):
        early_checks.check_replace(store, ctx, uuid, request.announced_bytes)
        early_checks.check_retention(store, it)
        staged = receive(store, exchange.body(), announced_bytes=request.announced_bytes)

        def decide(now: Described) -> Decision:
            file = File(staged, name or (UNNAMED if now.content is None else ""), request.content_type, keeps_media_type=True)
            # What goes into a working copy is no version yet, so there is none to be traced.
            is_working_copy = now.held_by is not None and now.held_by.principal_id == ctx.principal.id
            metadata = None if is_working_copy else trace(ctx, state_of(now)) | {PART: None}
            return Decision(Changes(metadata, file, always=True))

        node = batches.update(store, ctx, uuid, decide)
    return Updater(settings, exchange, ctx).answer([node])


def validate_digest(settings: Settings, exchange: Exchange) -> Response:
    """Read the content anew and tell whether it is what its digest is of."""
    ctx, it = find(settings, exchange)
    return validated(versioning.open_described(exchange.store, ctx.without_conditions(), it))


def validated(opened: Opened) -> Response:
    """Return the answer to whether content is what its digest is of.

    Raises:
        DigestDiffers: it is not.
    """
    digest = hashlib.sha256(opened.body or b"")
    if opened.body is None:
        try:
            with opened.open() as file:
                while block := file.read(_BLOCK_BYTES):
                    digest.update(block)
        except Corrupt as error:
            raise DigestDiffers() from error
    if opened.content.length_bytes and digest.digest() != opened.content.digest:
        raise DigestDiffers()
    return empty(HTTPStatus.OK)
