"""``POST /login/token``: a short token for whoever signs in otherwise, to be sent as a bearer token (RFC 6750)."""

from __future__ import annotations

import json
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from davgate.core.principals.signing_in import token_for
from davgate.http.errors import UnknownMethod
from davgate.http.login.remembering import Login
from davgate.http.responses import Response, whole
from davgate.model.instant import to_datetime


def token_page(login: Login, environ: dict[str, Any], life: timedelta) -> Response:
    """Answer with a token that allows what this sign-in allows, and with when it ends.

    Raises:
        UnknownMethod: it is not POST.
        Unauthenticated: there is no sign-in.
        Forbidden: it is by a token itself.
    """
    if environ["REQUEST_METHOD"] != "POST":
        raise UnknownMethod(environ["REQUEST_METHOD"], "POST")
    principal = login.confirmed_principal_of(environ)
    issued = token_for(login.signing_in.store, principal, login.visit_of(environ), life)
    ends = to_datetime(issued.expires_at).strftime("%Y-%m-%dT%H:%M:%SZ")
    body = json.dumps({"token": issued.token, "expires_at": ends}).encode()
    return whole(HTTPStatus.OK, "application/json", body, ("Cache-Control", "no-store"))
