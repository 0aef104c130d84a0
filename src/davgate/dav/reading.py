"""Methods that only look: OPTIONS, GET, HEAD and PROPFIND (RFC 4918, 9.1 and 9.4; RFC 9110, 9.3)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from http import HTTPStatus
from itertools import chain
from tempfile import SpooledTemporaryFile
from typing import TypeAlias

from davgate.core import tree
from davgate.core.documents import open_content
from davgate.core.opening import Opened
from davgate.dav import bodies, multistatus, past
from davgate.dav.describing import facts_of
from davgate.dav.drive import Exchange
from davgate.dav.facts import COLLECTION, KIND, Facts
from davgate.dav.page import SAFETY, listing_page
from davgate.dav.xml import CONTENT_TYPE
from davgate.http.clients import program_of
from davgate.http.content import send
from davgate.http.headers import parse_depth, prefers
from davgate.http.responses import HTML, Headers, Response, gathered
from davgate.model.errors import FiniteDepthOnly
from davgate.model.frozen import frozen
from davgate.model.locks import Depth
from davgate.model.node import Node
from davgate.model.paths import TreePath
from davgate.model.places import InTree
from davgate.storage.api import MemberRow

Listing: TypeAlias = tree.Listing | past.Shown

_SNAPSHOT_SECONDS = 5.0
"""How long a slow reader may hold the moment that a listing shows; the rest is then put aside, since a snapshot that stays
open keeps SQLite from reusing its log."""

_ASIDE_BYTES = 4 * 1024 * 1024
"""How much of that is held in memory; more goes to a file without a name."""

_BLOCK_BYTES = 64 * 1024


def get(exchange: Exchange) -> Response:
    """Send a document's content, or show a folder to a browser; HEAD sends the same head (RFC 4918, 9.4)."""
    place = exchange.place
    if isinstance(place, InTree):
        opened: Opened | Node | None = open_content(exchange.store, exchange.ctx, place.path)
    else:
        opened = past.open_file(exchange.drive, exchange.ctx, place)
    if not isinstance(opened, Opened):
        return _folder_page(exchange)
    response = send(exchange.request.environ, opened)
    response.lasts = opened.body is not None and not opened.owes_note and isinstance(place, InTree)
    return response


def _folder_page(exchange: Exchange) -> Response:
    if exchange.request.method == "HEAD" and isinstance(exchange.place, InTree):
        return Response(HTTPStatus.OK, [("Content-Type", HTML), *SAFETY])
    mount, path = exchange.drive.mount, exchange.request.target.path
    with ExitStack() as stack:
        if isinstance(exchange.place, InTree):
            listing: Listing = stack.enter_context(
                tree.listing(exchange.store, exchange.ctx, path, with_members=True, with_properties=False, with_locks=False)
            )
        else:
            listing = stack.enter_context(past.shown(exchange.drive, exchange.ctx, exchange.place, with_members=True))
        has_versions = isinstance(exchange.place, InTree)
        members, time_zone = chain.from_iterable(listing.batches), exchange.store.policy.time_zone
        pieces = listing_page(mount, path, members, has_versions=has_versions, time_zone=time_zone)
        response = _answer(HTTPStatus.OK, [("Content-Type", HTML), *SAFETY], pieces, listing, stack)
    return response


def propfind(exchange: Exchange) -> Response:
    """Show properties of a resource and of its members (RFC 4918, 9.1)."""
    request = exchange.request
    depth = parse_depth(request.header("DEPTH"), Depth.INFINITY)
    asked = bodies.parse_propfind(exchange.xml_body(), exchange.drive.xml_limits)
    headers = [("Content-Type", CONTENT_TYPE)]
    minimal = prefers(request.header("PREFER"), "return=minimal")
    if minimal:
        headers.append(("Preference-Applied", "return=minimal"))
    if asked is bodies.ALLPROP and program_of(request.header("USER_AGENT")).wants_brief_listings:
        asked, minimal = bodies.BRIEF_ALLPROP, True
    with ExitStack() as stack:
        if isinstance(exchange.place, InTree):
            shown = _of_today(exchange, exchange.place.path, asked, stack, with_members=depth is Depth.ONE)
        else:
            shown = _of_the_past(exchange, asked, stack, with_members=depth is Depth.ONE)
        if depth is Depth.INFINITY and shown.listing.row[KIND] == COLLECTION:
            raise FiniteDepthOnly()
        pieces = multistatus.propfind(asked, shown.href, shown.listing.row, shown.members, shown.facts, minimal=minimal)
        response = _answer(HTTPStatus.MULTI_STATUS, headers, pieces, shown.listing, stack)
    # Of a lock is told how long it lasts yet.
    shows_locks = asked.wants_locks and (shown.facts.standing or shown.facts.member_locks)
    response.lasts = isinstance(exchange.place, InTree) and not shows_locks
    return response


@frozen
class _Shown:
    """What PROPFIND shows: a resource at its address, its members, and the facts of all."""

    listing: Listing
    href: str
    members: Iterator[MemberRow]
    facts: Facts


def _of_today(
    exchange: Exchange, path: TreePath, asked: bodies.PropfindRequest, stack: ExitStack, *, with_members: bool
) -> _Shown:
    listing = stack.enter_context(
        tree.listing(
            exchange.store,
            exchange.ctx,
            path,
            with_members=with_members,
            with_properties=asked.wants_dead_properties,
            with_locks=asked.wants_locks,
            with_quota=asked.wants_quota,
        )
    )
    node = listing.node
    members: Iterator[MemberRow] = chain.from_iterable(listing.batches)
    if exchange.drive.lists_versions_folder and node.is_collection and with_members:
        members = chain([past.versions_entry(node)], members)
    href = exchange.drive.href(path, collection=node.is_collection)
    return _Shown(listing, href, members, facts_of(exchange, listing, asked))


def _of_the_past(exchange: Exchange, asked: bodies.PropfindRequest, stack: ExitStack, *, with_members: bool) -> _Shown:
    shown = stack.enter_context(
        past.shown(
            exchange.drive,
            exchange.ctx,
            exchange.place,
            with_members=with_members,
            with_metadata=asked.wants_typed_properties,
        )
    )
    href = exchange.drive.href(exchange.request.target.path, collection=shown.is_collection)
    members: Iterator[MemberRow] = chain.from_iterable(shown.batches) if with_members else iter(())
    return _Shown(shown, href, members, shown.facts(exchange, asked))


def _answer(status: int, headers: Headers, pieces: Iterator[bytes], listing: Listing, stack: ExitStack) -> Response:
    """Return a listing as a whole when all of it is at hand and short; otherwise stream it and keep its moment open."""
    if listing.is_complete:
        body, is_all = gathered(pieces)
        if is_all:
            return Response(status, [*headers, ("Content-Length", str(len(body)))], (body,))
        pieces = chain([body], pieces)
    return Response(status, headers, _Streamed(pieces, stack.pop_all()))


class _Streamed:
    """A listing on its way out, with the database session that it is read from."""

    def __init__(self, pieces: Iterator[bytes], stack: ExitStack) -> None:
        self._pieces = pieces
        self._stack = stack
        self._aside = ExitStack()
        self._until = time.monotonic() + _SNAPSHOT_SECONDS

    def __iter__(self) -> _Streamed:
        return self

    def __next__(self) -> bytes:
        if time.monotonic() > self._until:
            self._put_aside()
        return next(self._pieces)

    def _put_aside(self) -> None:
        self._until = float("inf")
        file = self._aside.enter_context(SpooledTemporaryFile(max_size=_ASIDE_BYTES))
        file.writelines(self._pieces)
        self._stack.close()
        file.seek(0)
        self._pieces = iter(partial(file.read, _BLOCK_BYTES), b"")

    def close(self) -> None:
        """End the session, and let go of what was put aside."""
        self._stack.close()
        self._aside.close()
