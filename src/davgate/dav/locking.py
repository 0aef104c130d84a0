"""LOCK and UNLOCK (RFC 4918, 9.10 and 9.11)."""

from __future__ import annotations

from http import HTTPStatus

from davgate.core import locking
from davgate.dav import bodies, multistatus
from davgate.dav.drive import Exchange
from davgate.dav.xml import CONTENT_TYPE
from davgate.http.headers import lock_token_uri, parse_depth, parse_lock_token, parse_timeout
from davgate.http.responses import Response, empty, whole
from davgate.model.errors import LockConflict, Malformed
from davgate.model.locks import Depth
from davgate.model.paths import TreePath, is_inside

_DEPTHS = (Depth.ZERO, Depth.INFINITY)


def lock(exchange: Exchange) -> Response:
    """Take a lock, or without a body let one begin its span anew.

    A refresh may be the first LOCK that a client sends at all: Office reopens a document with one.
    """
    request = exchange.request
    path = exchange.path
    timeout = parse_timeout(request.header("TIMEOUT"))
    body = exchange.xml_body()
    if body:
        asked = bodies.parse_lockinfo(body, exchange.drive.xml_limits)
        depth = parse_depth(request.header("DEPTH"), Depth.INFINITY, _DEPTHS)
        wanted = locking.LockRequest(asked.scope, depth, asked.owner, timeout)
        try:
            granted = locking.lock(exchange.store, exchange.ctx, path, wanted)
        except LockConflict as error:
            if all(root != path and is_inside(root, path) for root in error.roots):
                return _prevented_below(exchange, path, error)
            raise
        headers = [("Lock-Token", f"<{lock_token_uri(granted.lock.token)}>")]
    else:
        if not exchange.ctx.tokens:
            raise Malformed("LOCK has neither a body nor an If header. Send lockinfo, or the token of the lock to refresh.")
        granted = locking.refresh(exchange.store, exchange.ctx, path, timeout)
        headers = []
    root_href = exchange.drive.href(granted.root, collection=granted.is_collection)
    text = multistatus.lock_granted(granted.lock, root_href, granted.now)
    return whole(HTTPStatus.CREATED if granted.is_created else HTTPStatus.OK, CONTENT_TYPE, text, *headers)


def _prevented_below(exchange: Exchange, path: TreePath, error: LockConflict) -> Response:
    """Answer that locks on members prevent one on the whole collection (RFC 4918, 9.10.3 and 9.10.9)."""
    conflict = multistatus.precondition("no-conflicting-lock")
    members = [exchange.drive.href(root, collection=False) for root in error.roots]
    failed = [multistatus.Failure(href, HTTPStatus.LOCKED, conflict) for href in members]
    failed.append(multistatus.Failure(exchange.drive.href(path, collection=True), HTTPStatus.FAILED_DEPENDENCY))
    return whole(HTTPStatus.MULTI_STATUS, CONTENT_TYPE, multistatus.failures(failed))


def unlock(exchange: Exchange) -> Response:
    """End a lock."""
    exchange.refuse_body()
    token = parse_lock_token(exchange.request.header("LOCK_TOKEN"))
    locking.unlock(exchange.store, exchange.ctx, exchange.path, token)
    return empty(HTTPStatus.NO_CONTENT)
