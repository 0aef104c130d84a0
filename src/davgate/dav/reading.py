"""Methods that only look: OPTIONS, GET, HEAD and PROPFIND (RFC 4918, 9.1 and 9.4; RFC 9110, 9.3)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from http import HTTPStatus
from itertools import chain

from davgate.core import tree
from davgate.core.documents import Opened, open_content
from davgate.core.tree import Listing
from davgate.dav import bodies, multistatus, past
from davgate.dav.drive import Exchange
from davgate.dav.live_properties import Facts
from davgate.dav.page import CONTENT_TYPE as HTML
from davgate.dav.page import SAFETY, listing_page
from davgate.dav.xml import CONTENT_TYPE
from davgate.http.clients import program_of
from davgate.http.content import send
from davgate.http.headers import parse_depth
from davgate.http.responses import Headers, Response, whole
from davgate.model.errors import FiniteDepthOnly
from davgate.model.locks import Depth, Lock
from davgate.model.places import InTree, VersionFile
from davgate.storage.api import MemberRow

_SNAPSHOT_SECONDS = 5.0
"""How long a slow reader may hold the moment that a listing shows; the rest is then taken into memory, since a snapshot that
stays open keeps SQLite from reusing its log."""


def get(exchange: Exchange) -> Response:
    """Send a document's content, or show a folder to a browser; HEAD sends the same head (RFC 4918, 9.4)."""
    place = exchange.place
    if isinstance(place, VersionFile):
        return send(exchange.request.environ, past.open_file(exchange.store, exchange.ctx, place))
    if isinstance(place, InTree):
        opened = open_content(exchange.store, exchange.ctx, place.path)
        if isinstance(opened, Opened):
            return send(exchange.request.environ, opened)
    return _folder_page(exchange)


def _folder_page(exchange: Exchange) -> Response:
    mount, path = exchange.drive.mount, exchange.request.target.path
    if not isinstance(exchange.place, InTree):
        shown = past.show(exchange.store, exchange.ctx, exchange.place, with_members=True)
        return whole(HTTPStatus.OK, HTML, b"".join(listing_page(mount, path, shown.members)), *SAFETY)
    if exchange.request.method == "HEAD":
        return Response(HTTPStatus.OK, [("Content-Type", HTML), *SAFETY])
    with ExitStack() as stack:
        listing = stack.enter_context(
            tree.listing(exchange.store, exchange.ctx, path, with_members=True, with_properties=False, with_locks=False)
        )
        pieces = listing_page(mount, path, chain.from_iterable(listing.batches))
        response = _answer(HTTPStatus.OK, [("Content-Type", HTML), *SAFETY], pieces, listing, stack)
    return response


def propfind(exchange: Exchange) -> Response:
    """Show properties of a resource and of its members (RFC 4918, 9.1)."""
    request = exchange.request
    depth = parse_depth(request.header("DEPTH"), Depth.INFINITY)
    asked = bodies.parse_propfind(exchange.xml_body(), exchange.drive.xml_limits)
    if depth is Depth.INFINITY:
        raise FiniteDepthOnly()
    headers = [("Content-Type", CONTENT_TYPE)]
    minimal = "return=minimal" in (request.header("PREFER") or "")
    if minimal:
        headers.append(("Preference-Applied", "return=minimal"))
    if asked is bodies.ALLPROP and program_of(request.header("USER_AGENT")).wants_brief_listings:
        asked, minimal = bodies.BRIEF_ALLPROP, True
    if not isinstance(exchange.place, InTree):
        return _propfind_past(exchange, asked, with_members=depth is Depth.ONE, minimal=minimal)
    with ExitStack() as stack:
        listing = stack.enter_context(
            tree.listing(
                exchange.store,
                exchange.ctx,
                exchange.place.path,
                with_members=depth is Depth.ONE,
                with_properties=asked.wants_dead_properties,
                with_locks=asked.wants_locks,
                with_quota=asked.wants_quota,
            )
        )
        node, quota = listing.node, listing.quota
        standing = [
            (lock, exchange.drive.href(root, collection=_is_collection(listing, lock))) for lock, root in listing.standing
        ]
        facts = Facts(
            listing.now,
            standing,
            listing.member_locks,
            dead=listing.properties,
            quota_used_bytes=quota.used_bytes if quota else None,
            quota_available_bytes=quota.available_bytes if quota else None,
        )
        members: Iterator[MemberRow] = chain.from_iterable(listing.batches)
        if exchange.drive.lists_versions_folder and node.is_collection and depth is Depth.ONE:
            members = chain([past.versions_entry(node)], members)
        href = exchange.drive.href(exchange.place.path, collection=node.is_collection)
        pieces = multistatus.propfind(asked, href, listing.row, members, facts, minimal=minimal)
        response = _answer(HTTPStatus.MULTI_STATUS, headers, pieces, listing, stack)
    return response


def _propfind_past(exchange: Exchange, asked: bodies.PropfindRequest, *, with_members: bool, minimal: bool) -> Response:
    shown = past.show(exchange.store, exchange.ctx, exchange.place, with_members=with_members)
    is_collection = not isinstance(exchange.place, VersionFile)
    href = exchange.drive.href(exchange.request.target.path, collection=is_collection)
    facts = Facts(exchange.store.clock.now(), lockable=False)
    members = shown.members if with_members else ()
    text = b"".join(multistatus.propfind(asked, href, shown.row, members, facts, minimal=minimal))
    return whole(HTTPStatus.MULTI_STATUS, CONTENT_TYPE, text)


def _is_collection(listing: Listing, lock: Lock) -> bool:
    """Tell whether the root of a lock that affects the listed resource is a collection; above it, it is."""
    return lock.node_id != listing.node.id or listing.node.is_collection


def _answer(status: int, headers: Headers, pieces: Iterator[bytes], listing: Listing, stack: ExitStack) -> Response:
    """Return a listing as a whole when all of it is at hand; otherwise stream it and keep its moment open."""
    if listing.is_complete:
        body = b"".join(pieces)
        return Response(status, [*headers, ("Content-Length", str(len(body)))], (body,))
    return Response(status, headers, _Streamed(pieces, stack.pop_all()))


class _Streamed:
    """A listing on its way out, with the database session that it is read from."""

    def __init__(self, pieces: Iterator[bytes], stack: ExitStack) -> None:
        self._pieces = pieces
        self._stack = stack
        self._until = time.monotonic() + _SNAPSHOT_SECONDS

    def __iter__(self) -> _Streamed:
        return self

    def __next__(self) -> bytes:
        if time.monotonic() > self._until:
            self._pieces = iter(list(self._pieces))
            self._until = float("inf")
            self._stack.close()
        return next(self._pieces)

    def close(self) -> None:
        """End the session."""
        self._stack.close()
