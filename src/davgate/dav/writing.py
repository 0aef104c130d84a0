"""Methods that change the tree: PUT, DELETE, MKCOL, COPY, MOVE and PROPPATCH (RFC 4918, 9.2 to 9.9)."""

from __future__ import annotations

from http import HTTPStatus

from davgate.core import documents, tree, versioning
from davgate.dav import bodies, multistatus
from davgate.dav.drive import Exchange, written
from davgate.dav.live_properties import PROTECTED
from davgate.dav.xml import CONTENT_TYPE
from davgate.http.headers import parse_depth, parse_overwrite
from davgate.http.responses import Response, empty, whole
from davgate.model.errors import Malformed, NotADocument, ProtectedProperty, UnsupportedBody
from davgate.model.locks import Depth
from davgate.model.places import VersionFile

_WHOLE_OR_NOTHING = (Depth.ZERO, Depth.INFINITY)


def put(exchange: Exchange) -> Response:
    """Store the body as content (RFC 4918, 9.7)."""
    request = exchange.request
    if request.header("CONTENT_RANGE") is not None:
        # A server that took it for the whole would replace a document by a fragment (RFC 9110, 14.5).
        raise Malformed("A part of a document cannot be stored. Send the whole, without Content-Range.")
    if request.header("CONTENT_ENCODING") not in (None, "", "identity"):
        # It would be handed out without the word that it is coded (RFC 9110, 8.4).
        raise UnsupportedBody("A document is stored as it is to be read. Send it without Content-Encoding.")
    path = exchange.path
    if request.target.wants_collection:
        raise NotADocument(path)
    outcome = documents.put(
        exchange.store,
        exchange.ctx,
        path,
        request.body,
        media_type=request.content_type,
        announced_bytes=request.announced_bytes,
    )
    return written(outcome)


def make_collection(exchange: Exchange) -> Response:
    """Make a folder (RFC 4918, 9.3)."""
    if exchange.request.has_body:
        raise UnsupportedBody("MKCOL takes no body here. Send none, and set properties with PROPPATCH afterwards.")
    tree.make_collection(exchange.store, exchange.ctx, exchange.path)
    return empty(HTTPStatus.CREATED)


def delete(exchange: Exchange) -> Response:
    """Move a resource to the trash (RFC 4918, 9.6)."""
    parse_depth(exchange.request.header("DEPTH"), Depth.INFINITY, _WHOLE_OR_NOTHING)
    tree.delete(exchange.store, exchange.ctx, exchange.path)
    return empty(HTTPStatus.NO_CONTENT)


def copy(exchange: Exchange) -> Response:
    """Copy a resource, or restore a version by copying it out of its folder (RFC 4918, 9.8)."""
    request = exchange.request
    destination = exchange.destination()
    overwrite = parse_overwrite(request.header("OVERWRITE"))
    depth = parse_depth(request.header("DEPTH"), Depth.INFINITY, _WHOLE_OR_NOTHING)
    place = exchange.place
    if isinstance(place, VersionFile) and place.no is not None:
        return written(
            versioning.restore(exchange.store, exchange.ctx, place.document, place.no, destination, overwrite=overwrite)
        )
    outcome = tree.copy(
        exchange.store,
        exchange.ctx,
        exchange.path,
        destination,
        overwrite=overwrite,
        with_members=depth is Depth.INFINITY,
    )
    return written(outcome)


def move(exchange: Exchange) -> Response:
    """Give a resource another name or place (RFC 4918, 9.9)."""
    request = exchange.request
    source = exchange.path
    destination = exchange.destination()
    overwrite = parse_overwrite(request.header("OVERWRITE"))
    parse_depth(request.header("DEPTH"), Depth.INFINITY, _WHOLE_OR_NOTHING)
    return written(tree.move(exchange.store, exchange.ctx, source, destination, overwrite=overwrite))


def patch_properties(exchange: Exchange) -> Response:
    """Set and remove dead properties, all or none (RFC 4918, 9.2)."""
    path = exchange.path
    updates = bodies.parse_proppatch(exchange.xml_body(), exchange.drive.xml_limits)
    names = [update.name for update in updates]
    protected: frozenset[tuple[str, str]] = frozenset()
    is_collection = exchange.request.target.wants_collection
    try:
        node = documents.patch_properties(exchange.store, exchange.ctx, path, updates, protected=PROTECTED)
        is_collection = node.is_collection
    except ProtectedProperty as error:
        protected = error.names
    href = exchange.drive.href(path, collection=is_collection)
    return whole(HTTPStatus.MULTI_STATUS, CONTENT_TYPE, multistatus.proppatch(href, names, protected))
