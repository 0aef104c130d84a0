"""Addresses above the drive: programs that are given a drive look at everything above it as well.

Explorer, Office and LibreOffice ask OPTIONS and PROPFIND of each address up to the server's root, and take an error there for a
server that is no drive.
"""

from __future__ import annotations

from http import HTTPStatus

from davgate.dav import bodies, multistatus
from davgate.dav.app import DriveApp, options
from davgate.dav.facts import COLLECTION, Facts, ReadAccess, entry
from davgate.dav.xml import CONTENT_TYPE
from davgate.http.headers import parse_depth
from davgate.http.requests import Environ, Request
from davgate.http.responses import Response, whole
from davgate.model.errors import FiniteDepthOnly, NotFound
from davgate.model.instant import Instant
from davgate.model.locks import Depth
from davgate.storage.api import MemberRow

_NOBODY = "00000000-0000-0000-0000-000000000000"


def above_the_drive(app: DriveApp, environ: Environ) -> Response:
    """Answer OPTIONS and PROPFIND of an address above the drive: a folder with nothing in it but the way down.

    Raises:
        Unauthenticated: PROPFIND without a sign-in.
        NotFound: the address is not above the drive.
    """
    # The asterisk asks for the server as a whole (RFC 9110, 9.3.7); other addresses have to be well-formed.
    if environ["REQUEST_METHOD"] == "OPTIONS" and environ["REQUEST_URI"] == "*":
        return options()
    request = Request(environ, "")
    if request.method == "OPTIONS":
        return options()
    principal = app.require_sign_in(environ)
    way = tuple(app.drive.mount.strip("/").split("/"))
    path = request.target.path
    if path != way[: len(path)] or len(path) == len(way):
        raise NotFound(path)
    limits = app.drive.xml_limits
    depth = parse_depth(request.header("DEPTH"), Depth.INFINITY)
    asked = bodies.parse_propfind(request.small_body(limits.body_bytes), limits)
    if depth is Depth.INFINITY:
        raise FiniteDepthOnly()
    now = app.drive.store.clock.now()
    members = [_folder(way[len(path)], now)] if depth is Depth.ONE else []
    href = "/" + "".join(f"{name}/" for name in path)
    name = path[-1] if path else ""
    facts = Facts(now, lockable=False, access=ReadAccess(principal.name))
    pieces = multistatus.propfind(asked, href, _folder(name, now), members, facts)
    return whole(HTTPStatus.MULTI_STATUS, CONTENT_TYPE, b"".join(pieces))


def _folder(name: str, now: Instant) -> MemberRow:
    return entry(_NOBODY, COLLECTION, name, now, now)
