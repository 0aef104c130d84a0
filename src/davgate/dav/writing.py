"""Methods that change the tree: PUT, DELETE, MKCOL, COPY, MOVE and PROPPATCH (RFC 4918, 9.2 to 9.9)."""

from __future__ import annotations

import io
from http import HTTPStatus
from typing import Final

from davgate.core import copying, deleting, documents, moving, tree
from davgate.dav import bodies, multistatus, past
from davgate.dav.drive import Exchange, written
from davgate.dav.typed_properties import PropertyPatch
from davgate.dav.xml import CONTENT_TYPE
from davgate.http.dates import http_date, parse_unix_time
from davgate.http.headers import parse_depth, parse_overwrite
from davgate.http.responses import Response, empty, whole
from davgate.model.errors import NotADocument, ProtectedProperty
from davgate.model.errors_of_objects import InvalidProperty
from davgate.model.instant import Instant
from davgate.model.locks import Depth
from davgate.model.places import InTree
from davgate.model.properties import PropertyUpdate

WINDOWS: Final = "urn:schemas-microsoft-com:"
_SMALL_BYTES: Final = 64 * 1024
_WHOLE_OR_NOTHING = (Depth.ZERO, Depth.INFINITY)


def put(exchange: Exchange) -> Response:
    """Store the body as content (RFC 4918, 9.7)."""
    request = exchange.request
    request.refuse_part_or_coding()
    path = exchange.path
    if request.target.wants_collection:
        raise NotADocument(path)
    # A small body has arrived with its head, or does at once; taking it in costs less than a look whether it would be refused.
    is_small = request.is_small(_SMALL_BYTES)
    sent_time = request.header("X_OC_MTIME")
    modified_at = parse_unix_time(sent_time) if sent_time else None
    outcome = documents.put(
        exchange.store,
        exchange.ctx,
        path,
        io.BytesIO(request.small_body(_SMALL_BYTES)) if is_small else request.body,
        media_type=request.content_type,
        announced_bytes=request.announced_bytes,
        is_at_hand=is_small,
        with_properties=() if modified_at is None else (_client_time(modified_at),),
    )
    response = written(outcome)
    if modified_at is not None:
        response.headers.append(("X-OC-Mtime", "accepted"))
    return response


def _client_time(modified_at: Instant) -> PropertyUpdate:
    """Return the property in which Windows keeps the same: when the file was modified where it came from.

    ``DAV:getlastmodified`` stays the time of the version: it goes with the entity tag.
    """
    element = f'<Z:Win32LastModifiedTime xmlns:Z="{WINDOWS}">{http_date(modified_at)}</Z:Win32LastModifiedTime>'
    return PropertyUpdate((WINDOWS, "Win32LastModifiedTime"), element)


def make_collection(exchange: Exchange) -> Response:
    """Make a folder (RFC 4918, 9.3)."""
    exchange.refuse_body("Send none, and set properties with PROPPATCH afterwards.")
    tree.make_collection(exchange.store, exchange.ctx, exchange.path)
    return empty(HTTPStatus.CREATED)


def delete(exchange: Exchange) -> Response:
    """Move a resource to the trash (RFC 4918, 9.6)."""
    exchange.refuse_body()
    parse_depth(exchange.request.header("DEPTH"), Depth.INFINITY, _WHOLE_OR_NOTHING)
    if isinstance(exchange.place, InTree):
        deleting.delete(exchange.store, exchange.ctx, exchange.place.path)
    else:
        past.delete(exchange)
    return empty(HTTPStatus.NO_CONTENT)


def copy(exchange: Exchange) -> Response:
    """Copy a resource, of today or out of a folder that shows the past (RFC 4918, 9.8)."""
    _read_propertybehavior(exchange)
    request = exchange.request
    destination = exchange.destination()
    overwrite = parse_overwrite(request.header("OVERWRITE"))
    depth = parse_depth(request.header("DEPTH"), Depth.INFINITY, _WHOLE_OR_NOTHING)
    with_members = depth is Depth.INFINITY
    if not isinstance(exchange.place, InTree):
        return written(past.copy_out(exchange, destination, overwrite=overwrite, with_members=with_members))
    source = exchange.place.path
    copied = copying.copy(exchange.store, exchange.ctx, source, destination, overwrite=overwrite, with_members=with_members)
    return written(copied)


def move(exchange: Exchange) -> Response:
    """Give a resource another name or place, or bring it back out of the trash (RFC 4918, 9.9)."""
    _read_propertybehavior(exchange)
    request = exchange.request
    destination = exchange.destination()
    overwrite = parse_overwrite(request.header("OVERWRITE"))
    parse_depth(request.header("DEPTH"), Depth.INFINITY, _WHOLE_OR_NOTHING)
    if not isinstance(exchange.place, InTree):
        return written(past.move_out(exchange, destination, overwrite=overwrite))
    return written(moving.move(exchange.store, exchange.ctx, exchange.place.path, destination, overwrite=overwrite))


def _read_propertybehavior(exchange: Exchange) -> None:
    """Take the one body that COPY and MOVE have had (RFC 2518, 12.12), and which changes nothing today."""
    body = exchange.request.small_body(bodies.MAX_PROPERTYBEHAVIOR_BYTES)
    bodies.parse_propertybehavior(body, exchange.drive.xml_limits)


def patch_properties(exchange: Exchange) -> Response:
    """Set and remove dead properties and typed metadata, all or none (RFC 4918, 9.2)."""
    path = exchange.path
    updates = bodies.parse_proppatch(exchange.xml_body(), exchange.drive.xml_limits)
    names = [update.name for update in updates]
    patch = PropertyPatch.of(exchange.store.types, updates)
    protected: frozenset[tuple[str, str]] = frozenset()
    is_collection = exchange.request.target.wants_collection
    try:
        is_collection = patch.store_at(exchange.store, exchange.ctx, path).is_collection
    except ProtectedProperty as error:
        protected = error.names
    except InvalidProperty:
        if not patch.unfit:
            raise
    href = exchange.drive.href(path, collection=is_collection)
    return whole(HTTPStatus.MULTI_STATUS, CONTENT_TYPE, multistatus.proppatch(href, names, protected, patch.unfit))
