"""Versioning by methods: VERSION-CONTROL, CHECKOUT, CHECKIN, UNCHECKOUT and LABEL (RFC 3253, 3.5, 4 and 8).

Every document is under version control from its first content on, and its saves make versions by themselves; these methods are
for clients that want to say when.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final
from urllib.parse import unquote_to_bytes

from davgate.core import checking_out, marking, tree
from davgate.core.store import Context
from davgate.core.version_history import labelled_version
from davgate.dav import version_bodies
from davgate.dav.drive import Exchange
from davgate.dav.version_bodies import LabelAct
from davgate.dav.version_properties import version_href
from davgate.http.headers import parse_depth
from davgate.http.responses import Response, empty
from davgate.model.errors import Malformed, NotADocument
from davgate.model.errors_of_versions import AlreadyCheckedOut, NotCheckedOut, NothingToCancel
from davgate.model.locks import Depth
from davgate.model.paths import TreePath
from davgate.model.places import InTree, Place, VersionFile

_NO_CACHE: Final = ("Cache-Control", "no-cache")
_SELECTING: Final = frozenset({"GET", "HEAD", "PROPFIND", "COPY", "LABEL"})
"""The methods that a Label header applies to a version (RFC 3253, 8.2 and 8.5 to 8.7)."""


def version_control(exchange: Exchange) -> Response:
    """Answer that a document is under version control, as all are (RFC 3253, 3.5)."""
    version_bodies.parse_version_control(exchange.xml_body(), exchange.drive.xml_limits)
    _document(exchange, exchange.ctx)
    return empty(HTTPStatus.OK, _NO_CACHE)


def check_out(exchange: Exchange) -> Response:
    """Give the caller a working copy in the document's place (RFC 3253, 4.3)."""
    version_bodies.parse_checkout(exchange.xml_body(), exchange.drive.xml_limits)
    checking_out.check_out(exchange.store, exchange.ctx, exchange.path)
    return empty(HTTPStatus.OK, _NO_CACHE)


def check_in(exchange: Exchange) -> Response:
    """Make the working copy a version, and tell its address (RFC 3253, 4.4)."""
    asked = version_bodies.parse_checkin(exchange.xml_body(), exchange.drive.xml_limits)
    path = exchange.path
    version = checking_out.check_in(
        exchange.store, exchange.ctx, path, comment=asked.comment, keep_checked_out=asked.keep_checked_out
    )
    # What the request made its condition has changed by now.
    document = _document(exchange, exchange.ctx.without_conditions())
    location = version_href(exchange.drive.mount, document.node.uuid, version.no)
    return empty(HTTPStatus.CREATED, ("Location", location), _NO_CACHE)


def uncheck_out(exchange: Exchange) -> Response:
    """Drop the working copy (RFC 3253, 4.5)."""
    version_bodies.parse_uncheckout(exchange.xml_body(), exchange.drive.xml_limits)
    try:
        checking_out.cancel(exchange.store, exchange.ctx, exchange.path)
    except NotCheckedOut as error:
        raise NothingToCancel(error.path) from None
    return empty(HTTPStatus.OK, _NO_CACHE)


def label(exchange: Exchange) -> Response:
    """Give a version a label, move one to it, or take one away (RFC 3253, 8.2)."""
    parse_depth(exchange.request.header("DEPTH"), Depth.ZERO, (Depth.ZERO,))
    asked = version_bodies.parse_label(exchange.xml_body(), exchange.drive.xml_limits)
    path, no = _labelled(exchange)
    if asked.act is LabelAct.REMOVE:
        marking.remove_label(exchange.store, exchange.ctx, path, asked.label)
    else:
        marking.set_label(exchange.store, exchange.ctx, path, no, asked.label, may_move=asked.act is LabelAct.SET)
    return empty(HTTPStatus.OK, _NO_CACHE)


def _labelled(exchange: Exchange) -> tuple[TreePath, int | None]:
    """Return which version of which document is meant: of one that is checked out none, unless it is named."""
    place = exchange.place
    if isinstance(place, VersionFile):
        return place.document, place.no
    document = _document(exchange, exchange.ctx)
    taken = document.check_outs.get(document.node.id)
    if taken is not None:
        raise AlreadyCheckedOut(exchange.path, taken.principal_name)
    return exchange.path, None


def _document(exchange: Exchange, ctx: Context) -> tree.Listing:
    path = exchange.path
    found = tree.look_at(exchange.store, ctx, path)
    if found.node.is_collection:
        raise NotADocument(path)
    return found


# RFC 3253, 8.3


def is_selecting(exchange: Exchange) -> bool:
    """Tell whether the request has a Label header that could mean something to its method."""
    return exchange.request.header("LABEL") is not None and exchange.request.method in _SELECTING


def selected(exchange: Exchange) -> Place:
    """Return the version that a Label header selects, or the place itself where there is no document under version control.

    Raises:
        LabelSelectsNothing: no version of the document has this label.
        Malformed: it is not percent-encoded UTF-8.
    """
    place = exchange.place
    if not isinstance(place, InTree):
        return place
    try:
        text = unquote_to_bytes((exchange.request.header("LABEL") or "").encode("latin-1")).decode()
    except UnicodeError:
        raise Malformed("The Label header is not UTF-8. Encode the label in UTF-8, then with percent signs.") from None
    no = labelled_version(exchange.store, exchange.ctx, place.path, text)
    return place if no is None else VersionFile(place.path, no)
