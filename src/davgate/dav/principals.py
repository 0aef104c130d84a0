"""The addresses of principals: ``/principals/`` and below it one for each, to be looked at with PROPFIND (RFC 3744, 2 and 4).

What is shown of whom is decided in ``core.principals.shown``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Final, TypeAlias

from davgate.core.principals import shown as principals_shown
from davgate.core.principals.shown import PrincipalShown
from davgate.dav import bodies, multistatus
from davgate.dav.access_properties import (
    PRINCIPAL_COLLECTION_SET,
    PRINCIPALS,
    current_user_principal,
    current_user_privilege_set,
    principal_href,
)
from davgate.dav.app import DriveApp
from davgate.dav.bodies import Form
from davgate.dav.drive import COMPLIANCE
from davgate.dav.xml import CONTENT_TYPE, DAV, empty_element, escape, href_element
from davgate.http.errors import UnknownMethod
from davgate.http.headers import parse_depth
from davgate.http.requests import Environ, Request
from davgate.http.responses import Response, empty, whole
from davgate.model.errors import FiniteDepthOnly, NotFound
from davgate.model.locks import Depth
from davgate.model.principal import Principal
from davgate.model.properties import PropertyName
from davgate.model.rights import Right

_ALLOW: Final = ("Allow", "OPTIONS, PROPFIND")

Properties: TypeAlias = Mapping[PropertyName, str]
"""Elements by the names of the properties."""

_IN_ALLPROP: Final = frozenset({(DAV, "displayname"), (DAV, "resourcetype")})
"""The others are not shown by allprop (RFC 3744, 4)."""


def is_below(path: str) -> bool:
    """Tell whether a path without a query is one of principals."""
    return path == PRINCIPALS or path.startswith(f"{PRINCIPALS}/")


def answer(app: DriveApp, environ: Environ) -> Response:
    """Answer OPTIONS and PROPFIND of the collection of principals, and of each.

    Raises:
        UnknownMethod.
        Unauthenticated: PROPFIND without a sign-in.
        NotFound: there is no such principal that the one who asks may know.
    """
    request = Request(environ, PRINCIPALS)
    if request.method == "OPTIONS":
        return empty(HTTPStatus.OK, COMPLIANCE, _ALLOW)
    if request.method != "PROPFIND":
        raise UnknownMethod(request.method, _ALLOW[1])
    me = app.require_sign_in(environ)
    path = request.target.path
    limits = app.drive.xml_limits
    depth = parse_depth(request.header("DEPTH"), Depth.INFINITY)
    asked = bodies.parse_propfind(request.small_body(limits.body_bytes), limits)
    if depth is Depth.INFINITY and not path:
        raise FiniteDepthOnly()
    store, ctx = app.drive.store, request.context(me, editing=False)
    if len(path) > 1:
        raise NotFound(path)
    if path:
        shown = [_principal(principals_shown.find(store, ctx, path[0]), me)]
    else:
        members = principals_shown.all_known(store, ctx) if depth is Depth.ONE else []
        shown = [_collection(me), *(_principal(one, me) for one in members)]
    body = multistatus.of_responses(_response(asked, href, properties) for href, properties in shown)
    return whole(HTTPStatus.MULTI_STATUS, CONTENT_TYPE, body)


def _collection(me: Principal) -> tuple[str, Properties]:
    return f"{PRINCIPALS}/", _properties(me, "<D:displayname>principals</D:displayname>", "<D:collection/>")


def _principal(one: PrincipalShown, me: Principal) -> tuple[str, Properties]:
    """Return the address of a principal and its properties (RFC 3744, 4)."""
    href = principal_href(one.name)
    own = {
        (DAV, "principal-URL"): f"<D:principal-URL>{href_element(href)}</D:principal-URL>",
        (DAV, "alternate-URI-set"): "<D:alternate-URI-set/>",
        (DAV, "group-membership"): _principals("group-membership", one.groups),
    }
    if one.is_group:
        own[DAV, "group-member-set"] = _principals("group-member-set", one.members)
    return href, _properties(me, f"<D:displayname>{escape(one.name)}</D:displayname>", "<D:principal/>") | own


def _properties(me: Principal, display_name: str, kind: str) -> dict[PropertyName, str]:
    return {
        (DAV, "displayname"): display_name,
        (DAV, "resourcetype"): f"<D:resourcetype>{kind}</D:resourcetype>",
        (DAV, "current-user-principal"): current_user_principal(me.name),
        (DAV, "current-user-privilege-set"): current_user_privilege_set(Right.READ.value),
        (DAV, "principal-collection-set"): PRINCIPAL_COLLECTION_SET,
    }


def _principals(local_name: str, names: Iterable[str]) -> str:
    hrefs = "".join(href_element(principal_href(name)) for name in names)
    return f"<D:{local_name}>{hrefs}</D:{local_name}>"


def _response(asked: bodies.PropfindRequest, href: str, properties: Properties) -> str:
    match asked.form:
        case Form.PROPNAME:
            return multistatus.response(href, [empty_element(name) for name in properties], ())
        case Form.ALLPROP:
            wanted = _IN_ALLPROP.union(asked.names)
        case Form.PROP:
            wanted = frozenset(asked.names)
    found = [text for name, text in properties.items() if name in wanted]
    return multistatus.response(href, found, [name for name in asked.names if name not in properties])
