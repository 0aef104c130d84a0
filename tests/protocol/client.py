"""A WebDAV client in this process. Every answer is held against the rules that all answers keep."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias
from urllib.parse import unquote_to_bytes

from lxml import etree

from davgate.app import Application
from davgate.core.store import Context
from tests.builders import PASSWORD, SettableClock
from tests.canary import guard_authorization

HOST: Final = "drive.test"
"""Host and port by which the client calls the server."""

SET_AUTHOR: Final = (
    '<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><X:author xmlns:X="urn:x">Ann</X:author></D:prop></D:set></D:propertyupdate>'
)
"""The body of a PROPPATCH that sets the dead property ``{urn:x}author``."""


_Again: TypeAlias = Callable[[dict[str, Any]], bool]


@dataclass(frozen=True, slots=True)
class Response:
    """An answer. Names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def etag(self) -> str:
        return self.headers["etag"]

    @property
    def xml(self) -> etree._Element:
        return etree.fromstring(self.body)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """Sends requests as one user: ``ann("PUT", "/dav/a.txt", b"one", if_match="*")``.

    Keyword arguments are headers, ``if_`` is the If header.
    """

    def __init__(self, app: Application, clock: SettableClock, ctx: Context | None, address: str = "192.0.2.1") -> None:
        self.app = app
        self.clock = clock
        self.address = address
        self._ctx = ctx
        self.may_again: _Again | None = None
        self._given: dict[tuple[bytes, bytes], tuple[_Again, Response]] = {}

    @property
    def ctx(self) -> Context:
        """The same user in core."""
        assert self._ctx is not None
        return self._ctx

    def through(self, app: Application) -> Client:
        """Return the same user at another application."""
        return Client(app, self.clock, self._ctx, self.address)

    def __call__(self, method: str, target: str, body: bytes | str = b"", **headers: str) -> Response:
        """Send a request with a whole body and return the whole answer."""
        content = body.encode() if isinstance(body, str) else body
        if content and "transfer_encoding" not in headers:
            headers.setdefault("content_length", str(len(content)))
        if self._ctx is not None:
            headers.setdefault("authorization", basic(self._ctx.principal.name))
        words = _words(method, target, headers), content
        if words in self._given:
            # As the server does, which asks the application and then sends the same bytes.
            may_again, given = self._given[words]
            if may_again({"REMOTE_ADDR": self.address}):
                return given
        answer = self.send(method, target, io.BytesIO(content), **headers)
        if self.may_again is not None:
            self._given[words] = self.may_again, answer
        return answer

    def send(self, method: str, target: str, body: Any, **headers: str) -> Response:
        """Send a request whose body is read from an object, and return the whole answer."""
        started: list[tuple[str, list[tuple[str, str]]]] = []
        content = b"".join(self._start(method, target, body, headers, started))
        if method == "HEAD":
            content = b""  # The server leaves it out, whatever the application does.
        ((status, fields),) = started
        response = Response(int(status[:3]), _joined(fields), content)
        _check(method, response)
        return response

    def stream(self, method: str, target: str, **headers: str) -> Iterator[bytes]:
        """Send a request and give its answer piece by piece, as fast as it is read."""
        return self._start(method, target, io.BytesIO(), headers, [])

    def _start(
        self, method: str, target: str, body: Any, headers: dict[str, str], started: list[tuple[str, list[tuple[str, str]]]]
    ) -> Iterator[bytes]:
        if self._ctx is not None:
            headers.setdefault("authorization", basic(self._ctx.principal.name))
        environ = self._environ(method, target, body, headers)
        result = self.app(environ, lambda status, fields: started.append((status, fields)))
        try:
            yield from result
        finally:
            getattr(result, "close", lambda: None)()
        self.may_again = environ.get("davgate.again")

    def _environ(self, method: str, target: str, body: Any, headers: Mapping[str, str]) -> dict[str, Any]:
        path, _, query = target.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "REQUEST_URI": target,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path.encode("latin-1")).decode("latin-1"),
            "QUERY_STRING": query,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8080",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": self.address,
            "HTTP_HOST": HOST,
            "wsgi.url_scheme": "http",
            "wsgi.input": body,
        }
        guard_authorization(headers.get("authorization", ""))
        for name, value in headers.items():
            key = name.rstrip("_").upper()
            environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
        environ["davgate.words"] = _words(method, target, headers) if method in ("GET", "HEAD", "PROPFIND") else b""
        return environ

    # What many tests do on the way to their subject.

    def put(self, target: str, body: bytes | str = b"content") -> Response:
        """Make a document, or give it its next content."""
        response = self("PUT", target, body)
        assert response.status in (201, 204), response
        return response

    def mkcol(self, target: str) -> None:
        """Make a collection."""
        assert self("MKCOL", target).status == 201

    def get(self, target: str) -> bytes:
        """Return the content of a document."""
        response = self("GET", target)
        assert response.status == 200, response
        return response.body

    def status_of(self, target: str) -> int:
        """Tell what a GET is answered."""
        return self("GET", target).status

    def lock(self, target: str, *, scope: str = "exclusive", owner: str = "", **headers: str) -> str:
        """Take a lock and return its token as the drive prints it, without the angle brackets."""
        response = self("LOCK", target, lockinfo(scope, owner), **headers)
        assert response.status in (200, 201), response
        return response.headers["lock-token"][1:-1]


def _words(method: str, target: str, headers: Mapping[str, str]) -> bytes:
    """Return what tells the head of a request from all others."""
    return repr((method, target, sorted(headers.items()))).encode()


def basic(name: str, password: str = PASSWORD) -> str:
    """Return the Authorization header of a user."""
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def lockinfo(scope: str = "exclusive", owner: str = "") -> str:
    """Return the body of a LOCK; ``owner`` is XML."""
    inside = f"<D:owner>{owner}</D:owner>" if owner else ""
    kind = f"<D:lockscope><D:{scope}/></D:lockscope><D:locktype><D:write/></D:locktype>"
    return f'<D:lockinfo xmlns:D="DAV:">{kind}{inside}</D:lockinfo>'


def _joined(fields: list[tuple[str, str]]) -> dict[str, str]:
    """Return headers by their names in lower case; only challenges come several at a time, for many programs read one each."""
    challenges = [value for name, value in fields if name == "WWW-Authenticate"]
    others = [(name.lower(), value) for name, value in fields if name != "WWW-Authenticate"]
    assert len(dict(others)) == len(others), "a header is repeated"
    return dict(others) | ({"www-authenticate": ", ".join(challenges)} if challenges else {})


def _check(method: str, response: Response) -> None:
    """Hold an answer against what is true of every answer."""
    status, headers, body = response.status, response.headers, response.body
    if status in (204, 304):
        assert body == b"", response
    elif "content-length" in headers and method != "HEAD":
        assert int(headers["content-length"]) == len(body), response
    if status == 401:
        assert "www-authenticate" in headers, response  # RFC 9110, 15.5.2
    if status == 405:
        assert method not in headers["allow"].split(", "), response  # RFC 9110, 15.5.6
    assert (status == 207) <= headers.get("content-type", "").startswith("application/xml"), response
    if headers.get("content-type", "").startswith("application/xml"):
        assert body == b"" or etree.fromstring(body) is not None
    assert not 300 <= status < 400 or status == 304, "a redirect: programs on a drive take it for a missing file"
