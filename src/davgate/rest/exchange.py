"""What the handler of an operation is given: the request, by whom, and ways to what it carries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final, TypeVar

from davgate.core.receiving import Body
from davgate.core.store import Context, Store
from davgate.http import negotiation
from davgate.http.requests import Request, origin_of
from davgate.http.targets import DEFAULT_LIMITS, quote_path
from davgate.model.errors import TooLarge, UnsupportedBody
from davgate.model.frozen import frozen
from davgate.model.locks import Holding
from davgate.model.names import PathLimits
from davgate.model.paths import TreePath
from davgate.rest import json_bodies, multipart, queries
from davgate.rest.multipart import Part
from davgate.rest.operations import AnyOf, Json, Operation
from davgate.rest.queries import Q

T = TypeVar("T")

_SIGNED_FOR: Final = frozenset({Holding.PRINCIPAL})


@frozen
class RestLimits:
    """What a request may ask for: bytes of a body in JSON, of any body, parts of a form, and entries of a page."""

    json_bytes: int = 64 << 20
    body_bytes: int = 1 << 30
    parts: int = 1000
    page: int = 10_000


@frozen
class Service:
    """The store behind the mount of a dialect, and what the configuration says. ``public_url`` is that of a proxy, if any."""

    store: Store
    mount: str
    drive_mount: str = "/dav"
    public_url: str = ""
    paths: PathLimits = DEFAULT_LIMITS
    limits: RestLimits = RestLimits()


@frozen
class Exchange:
    """One request to an operation. ``params`` are the variable parts of the path, decoded."""

    service: Service
    request: Request
    ctx: Context
    operation: Operation
    params: Mapping[str, Any]

    @property
    def store(self) -> Store:
        """The store behind the door."""
        return self.service.store

    @property
    def signed_ctx(self) -> Context:
        """Who asks, at a door without lock tokens: whoever signed in holds what was locked through such doors in their name."""
        return replace(self.ctx, signed_for=_SIGNED_FOR)

    # Addresses

    @property
    def origin(self) -> str:
        """Scheme, host and port by which the client calls this server."""
        return origin_of(self.request.environ, self.service.public_url)

    @property
    def audited_path(self) -> TreePath:
        """The address of the request as the audit names it: with the mount."""
        return (*self.service.mount.strip("/").split("/"), *self.request.target.path)

    def href(self, *path: str) -> str:
        """Return the address of a place below the mount, as an absolute path; each argument is a segment."""
        return quote_path(path, self.service.mount, collection=False) if path else self.service.mount

    # What the request carries

    def query(self, kind: type[Q]) -> Q:
        """Return the parameters that the operation takes, as the type that it names.

        Raises:
            InvalidValue, Malformed: see ``queries``.
        """
        assert kind is self.operation.query, "the document would say something else"
        return queries.convert(queries.parse_pairs(self.request.environ), kind)

    def pairs(self) -> list[tuple[str, str]]:
        """Return all parameters of the query as they were sent.

        Raises:
            Malformed: see ``queries.parse_pairs``.
        """
        return queries.parse_pairs(self.request.environ)

    def json(self, kind: type[T]) -> T:
        """Return the body as the type that the operation names; it can be asked for again.

        Raises:
            UnsupportedBody: it is of another media type, and the operation minds.
            TooLarge, BodyIncomplete: see ``http.requests.Request.small_body``.
            InvalidValue, Malformed: see ``json_bodies.decode``.
        """
        wanted = self._wanted_json(kind)
        said = self.request.content_type
        if said is not None and not wanted.any_media_type and not _is_json(self.request.media_type):
            raise UnsupportedBody("The body has to be JSON. Send it as application/json.")
        data = self.request.small_body(self.service.limits.json_bytes)
        return json_bodies.decode(b"{}" if wanted.may_be_empty and not data.strip() else data, kind)

    def _wanted_json(self, kind: Any) -> Json:
        body = self.operation.body
        bodies = body.bodies if isinstance(body, AnyOf) else (body,)
        wanted = next((one for one in bodies if isinstance(one, Json) and one.kind == kind), None)
        assert wanted is not None, "the document would say something else"
        return wanted

    def urlencoded(self) -> list[tuple[str, str]]:
        """Return the fields of a form of texts alone in their order.

        Raises:
            TooLarge, BodyIncomplete: see ``http.requests.Request.small_body``.
            Malformed: see ``queries.parse_form``.
        """
        return queries.parse_form(self.request.small_body(self.service.limits.json_bytes))

    def body(self) -> Body:
        """Return the body as a stream that ends in TooLarge above the limit; one announced as such is not read at all.

        Raises:
            TooLarge: it is announced to be too large.
        """
        limit = self.service.limits.body_bytes
        if (self.request.announced_bytes or 0) > limit:
            raise _too_large(limit)
        return _Bounded(self.request.body, limit)

    def parts(self) -> Iterator[Part]:
        """Yield the parts of a form; only when the iteration has come to its end is the form known to be whole.

        Raises:
            TooLarge, UnsupportedBody, Malformed, BodyIncomplete: see ``body`` and ``multipart.parts``.
        """
        limits = self.service.limits
        return multipart.parts(
            self.request.content_type,
            self.body(),
            body_bytes=limits.body_bytes,
            field_bytes=limits.json_bytes,
            most=limits.parts,
        )

    def choose(self, *offered: str) -> str:
        """Return which of some media types the client likes best; see ``negotiation.choose``."""
        return negotiation.choose(self.request.header("ACCEPT"), offered)


class _Bounded:
    """A body that is refused when it turns out to be too large."""

    __slots__ = ("_body", "_left", "_limit")

    def __init__(self, body: Body, limit: int) -> None:
        self._body = body
        self._limit = limit
        self._left = limit

    def read(self, size: int, /) -> bytes:
        block = self._body.read(size)
        self._left -= len(block)
        if self._left < 0:
            raise _too_large(self._limit)
        return block


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"A request has a body of at most {limit} bytes here. Send a smaller one.")


def _is_json(media_type: str) -> bool:
    return media_type == "application/json" or (media_type.startswith("application/") and media_type.endswith("+json"))
