"""A request as the doors see it: its place, headers, conditions and body, out of the WSGI environment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol, TypeAlias

from davgate.core.store import Context
from davgate.http.body import BodyError
from davgate.http.headers import TagResolver, conditions_from, own_or_drive_resolver, parse_length, parse_lock_token, tag_resolver
from davgate.http.targets import DEFAULT_LIMITS, Target, parse_target
from davgate.model.errors import BodyIncomplete, Malformed, TooLarge, UnsupportedBody
from davgate.model.names import PathLimits
from davgate.model.principal import Principal

Environ: TypeAlias = dict[str, Any]
"""A WSGI environment (PEP 3333), with what is found out of a request on its way to a door.

``davgate.client_certificate`` comes from ``http.server.tls``, ``davgate.request_id`` from ``app``, ``davgate.is_forwarded`` and
``davgate.proxy_user`` from ``http.proxies``, and ``davgate.principal``, the name of who signed in, from ``http.login``. What is
about to wait calls ``davgate.lend_thread``, from ``http.server``, so that its thread has a stand-in; from there, too, is
``davgate.words``, by which a head is known when it comes again, word by word; ``app`` tells by ``davgate.again`` whether the same
answer will do (``http.server.repeats``).
"""

NO_TOKENS: Final[frozenset[str]] = frozenset()


def origin_of(environ: Environ, public_url: str) -> str:
    """Return scheme, host and port by which the client calls this server; ``public_url`` is that of a proxy, if any."""
    host = environ.get("HTTP_HOST") or f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
    return public_url or f"{environ['wsgi.url_scheme']}://{host}"


class _Input(Protocol):
    def read(self, size: int, /) -> bytes: ...

    def read1(self, size: int, /) -> bytes: ...


class Request:
    """One request below a mount. ``target`` is the place that its address names."""

    __slots__ = ("_small_body", "body", "environ", "limits", "method", "mount", "target")

    def __init__(self, environ: Environ, mount: str, limits: PathLimits = DEFAULT_LIMITS) -> None:
        self.environ = environ
        self.mount = mount
        self.limits = limits
        self.method: str = environ["REQUEST_METHOD"]
        self.target: Target = parse_target(environ["REQUEST_URI"], mount, limits)
        self.body = Body(environ["wsgi.input"])
        self._small_body: bytes | None = None

    def header(self, name: str) -> str | None:
        """Return a header by its WSGI key without ``HTTP_``, such as ``LOCK_TOKEN``."""
        value: str | None = self.environ.get("HTTP_" + name)
        return value

    @property
    def authority(self) -> str:
        """The host and port by which the client calls this server."""
        return str(self.environ.get("HTTP_HOST") or self.environ["SERVER_NAME"])

    def context(self, principal: Principal, *, editing: bool = False, drive_mount: str | None = None) -> Context:
        """Return who asks, under which conditions and with which lock tokens; ``editing`` where programs save as on a disk.

        Through a door beside the drive, ``drive_mount`` tells where the drive is: a resource tag may name a place on it.
        """
        environ = self.environ
        if "HTTP_IF" in environ:
            conditions = conditions_from(environ, self._tag_resolver(drive_mount))
            tokens = conditions.submitted_tokens()
        else:
            conditions = conditions_from(environ, _no_tags)
            tokens = NO_TOKENS
        if "HTTP_LOCK_TOKEN" in environ:
            tokens |= {parse_lock_token(environ["HTTP_LOCK_TOKEN"])}
        return Context(principal, conditions, tokens, environ.get("davgate.request_id", ""), environ["REMOTE_ADDR"], editing)

    def _tag_resolver(self, drive_mount: str | None) -> TagResolver:
        authority, mount, limits = self.authority, self.mount, self.limits
        if drive_mount is None:
            return tag_resolver(authority=authority, mount=mount, own=self.target, limits=limits)
        return own_or_drive_resolver(self.target, authority=authority, mount=mount, drive_mount=drive_mount, limits=limits)

    @property
    def content_type(self) -> str | None:
        """The media type that the client gave its body."""
        return self.environ.get("CONTENT_TYPE") or None

    @property
    def media_type(self) -> str:
        """The same without its parameters, in lower case; empty when none was given."""
        return (self.content_type or "").partition(";")[0].strip().lower()

    @property
    def has_body(self) -> bool:
        """Whether a body was announced; one in chunks may still be empty."""
        return self.environ.get("CONTENT_LENGTH", "0") not in ("", "0") or "HTTP_TRANSFER_ENCODING" in self.environ

    def brings_body(self) -> bool:
        """Tell whether there is a body. Proxies send an empty one in chunks for none, so that only the first byte tells.

        Raises:
            BodyIncomplete: see ``Body.read``.
        """
        return self.has_body and ("HTTP_TRANSFER_ENCODING" not in self.environ or bool(self.body.read(1)))

    def refuse_part_or_coding(self) -> None:
        """Refuse a body that would be stored as the content that it is not: a part of that, or the same coded.

        Raises:
            Malformed: it is a part. Taken for the whole, it would replace a document by a fragment (RFC 9110, 14.5).
            UnsupportedBody: it is coded, and would be handed out without the word that it is (RFC 9110, 8.4).
        """
        if "HTTP_CONTENT_RANGE" in self.environ:
            raise Malformed("A part of a document cannot be stored. Send the whole, without Content-Range.")
        if self.environ.get("HTTP_CONTENT_ENCODING", "").lower() not in ("", "identity"):
            raise UnsupportedBody("A document is stored as it is to be read. Send it without Content-Encoding.")

    @property
    def announced_bytes(self) -> int | None:
        """How long the body is to be, as far as the client said so.

        The Finder sends chunks, and the length in a header of its own;
        a proxy that drops the chunks must not end in an empty file.
        """
        expected = self.header("X_EXPECTED_ENTITY_LENGTH")
        if expected is not None:
            return parse_length(expected, "X-Expected-Entity-Length")
        length = self.environ.get("CONTENT_LENGTH")
        return int(length) if length else None

    def is_small(self, limit_bytes: int) -> bool:
        """Tell whether the body has a length, up to a limit, and comes without being asked for (RFC 9110, 10.1.1)."""
        length = self.environ.get("CONTENT_LENGTH")
        return length is not None and length != "" and int(length) <= limit_bytes and "HTTP_EXPECT" not in self.environ

    def small_body(self, limit_bytes: int) -> bytes:
        """Return the whole body, of a kind that is small; it can be asked for again.

        Raises:
            TooLarge: more than ``limit_bytes``; of a length announced beforehand nothing is read then.
            BodyIncomplete: see ``Body.read``.
        """
        if self._small_body is None:
            self._small_body = self._read_small_body(limit_bytes) if self.has_body else b""
        return self._small_body

    def _read_small_body(self, limit_bytes: int) -> bytes:
        announced = self.environ.get("CONTENT_LENGTH")
        # A read reserves what it asks for: as much as may come only where the length is not known.
        length = int(announced) if announced else None
        body = b"" if (length or 0) > limit_bytes else Body(self.environ["wsgi.input"]).read(length or limit_bytes + 1)
        if max(length or 0, len(body)) > limit_bytes:
            raise TooLarge(f"A body of this kind has at most {limit_bytes} bytes. Send less in one request.")
        return body


class Body:
    """A request body on its way in. ``is_begun`` tells that some of it was asked for."""

    __slots__ = ("_input", "is_begun")

    def __init__(self, source: _Input) -> None:
        self._input = source
        self.is_begun = False

    def read(self, size: int, /) -> bytes:
        """Return the next ``size`` bytes, fewer only at the end.

        Raises:
            BodyIncomplete: the body ended before it should, or its framing is broken.
        """
        return self._arrived(self._input.read, size)

    def read_some(self, size: int, /) -> bytes:
        """Return what has come of the next ``size`` bytes, waiting for the first of them; none only at the end.

        So nothing that arrived is lost with a body that is cut.

        Raises:
            BodyIncomplete: see ``read``.
        """
        return self._arrived(self._input.read1, size)

    def _arrived(self, read: Callable[[int], bytes], size: int) -> bytes:
        self.is_begun = True
        try:
            return read(size)
        except BodyError as error:
            raise BodyIncomplete(f"{error} Nothing was stored; send it again.") from error


def _no_tags(_uri: str) -> tuple[str, ...]:
    return ()
