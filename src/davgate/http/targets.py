"""Addresses below a mount: the request target, a Destination or an If tag in, a path in the tree out, and back.

Decoding happens here, once, and nowhere else. What two programs could read differently is refused instead of repaired:
an encoded slash, dot segments, bytes that are not UTF-8. Empty segments are dropped, for ``/dav//a`` can only mean
``/dav/a``. Unicode normalisation is no concern of this module: a name in NFD stays as it was sent.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final
from urllib.parse import unquote_to_bytes

from davgate.model.conditions import ELSEWHERE, Elsewhere
from davgate.model.errors import Malformed, NotFound
from davgate.model.frozen import frozen
from davgate.model.names import PathLimits, check_name, check_path
from davgate.model.paths import TreePath

DEFAULT_LIMITS: Final = PathLimits()


@frozen
class Target:
    """A place in the tree that a request names. ``wants_collection`` tells that the address ended in a slash."""

    path: TreePath
    wants_collection: bool


# Segments that mean themselves: nothing to decode, no dot segment, no empty one, within the limit of a name. The group is not
# possessive: before Python 3.11.5 such a group may match what it must not (gh-106052).
_PLAIN = re.compile(r"(?:/(?!\.{0,2}(?:/|\Z))[A-Za-z0-9._~!$&'()*+,;=:@-]{1,255})*/?")
_REFERENCE = re.compile(r"(?:(?i:https?)://(?P<authority>[^/?#]*))?(?P<path>/[^?#]*)?(?P<rest>[?#].*)?")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ESCAPED_UNRESERVED = re.compile(r"%(2[DdEe]|3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa]|5[Ff]|7[Ee])")
_USUAL_PORT = re.compile(r":(?:80|443)?\Z")

# What needs no escaping, and what each byte is written as.
_LITERAL = re.compile(r"[A-Za-z0-9._~!$()*,=:@-]*")
_ESCAPED: Final = tuple(chr(i) if i < 128 and _LITERAL.fullmatch(chr(i)) else f"%{i:02X}" for i in range(256))

_LONGEST_CACHED: Final = 512


def normal_path(raw: str) -> str:
    """Return the path of a request target as it is to be compared with mounts: ``/d%61v`` is ``/dav``.

    It is good for finding the door alone. What the rest means, and whether it is refused, is for ``parse_target`` to say.

    Source: RFC 3986, 6.2.2.2.
    """
    path = raw.partition("?")[0]
    return _ESCAPED_UNRESERVED.sub(lambda escape: chr(int(escape[1], 16)), path) if "%" in path else path


def parse_target(raw: str, mount: str, limits: PathLimits = DEFAULT_LIMITS) -> Target:
    """Return the place that a request target names below ``mount`` (``/dav``; the empty string is the server's root).

    ``raw`` is the target as it stood in the request line. A query is no part of the place: Office adds ``?web=1``.

    Raises:
        Malformed: not a path, a bad percent escape, or not UTF-8.
        InvalidName: a segment that is never stored; see ``check_name``.
        NameTooLong: above the limits.
        NotFound: not below the mount.

    Source: RFC 9112, 3.2; RFC 3986, 2.1 and 3.3.
    """
    if len(raw) <= _LONGEST_CACHED:
        return _cached_target(raw, mount, limits)
    return _target(raw, mount, limits)


def parse_reference(reference: str, *, authority: str, mount: str, limits: PathLimits = DEFAULT_LIMITS) -> Target | Elsewhere:
    """Return the place that a URI or absolute path in a header names; ELSEWHERE outside this server or this mount.

    ``authority`` is the host and port by which the client calls this server. Hosts are compared without regard to case,
    and the ports 80 and 443 count as none: behind a proxy that ends TLS the client's scheme is not the one seen here.

    Raises:
        Malformed, InvalidName, NameTooLong: see ``parse_target``.

    Source: RFC 4918, 8.3 (Simple-ref).
    """
    named_authority, path_text = _split(reference)
    if named_authority is not None and _host(named_authority) != _host(authority):
        return ELSEWHERE
    path = _below(mount, _segments(path_text))
    return ELSEWHERE if path is None else _limited(path, path_text.endswith("/"), limits)


def quote_name(name: str) -> str:
    """Return a name as a segment of an address.

    What needs escaping in XML, HTML or a query is percent-encoded too, so that the result is pasted anywhere as it is.
    """
    return name if _LITERAL.fullmatch(name) else "".join([_ESCAPED[byte] for byte in name.encode()])


def quote_path(path: TreePath, mount: str, *, collection: bool) -> str:
    """Return the address of a place as an absolute path; a collection's ends in a slash (RFC 4918, 5.2)."""
    if not path:
        return mount + "/"
    return f"{mount}/{'/'.join(map(quote_name, path))}{'/' if collection else ''}"


def _target(raw: str, mount: str, limits: PathLimits) -> Target:
    text = raw.partition("?")[0]
    if text.startswith(mount) and _PLAIN.fullmatch(text, len(mount)):
        inner = text[len(mount) :].strip("/")
        return _limited(tuple(inner.split("/")) if inner else (), text.endswith("/"), limits)
    path_text = _split(text)[1]
    segments = _segments(path_text)
    path = _below(mount, segments)
    if path is None:
        raise NotFound(segments)
    return _limited(path, path_text.endswith("/"), limits)


_cached_target = lru_cache(maxsize=4096)(_target)


def _split(reference: str) -> tuple[str | None, str]:
    """Split an absolute URI or an absolute path into its authority, if any, and its path."""
    found = _REFERENCE.fullmatch(reference)
    if found is None or not (found["authority"] or found["path"]):
        raise Malformed(f"{_excerpt(reference)} is no address. Send an absolute URI, or a path that begins with /.")
    if found["rest"]:
        raise Malformed("An address here has no query and no fragment. In a name, write ? as %3F and # as %23.")
    return found["authority"], found["path"] or "/"


def _segments(path: str) -> TreePath:
    segments = tuple(_decoded(raw) for raw in path.split("/") if raw)
    for name in segments:
        check_name(name)
    return segments


def _decoded(raw: str) -> str:
    """Decode one segment; WSGI hands over bytes above 127 as Latin-1, and old programs send UTF-8 unescaped."""
    if "%" not in raw and raw.isascii():
        return raw
    if _BAD_ESCAPE.search(raw):
        raise Malformed(f"{_excerpt(raw)} has a percent sign without two hex digits behind it. Write the sign as %25.")
    try:
        return unquote_to_bytes(raw.encode("latin-1")).decode("utf-8")
    except UnicodeError:
        raise Malformed(f"{_excerpt(raw)} is not UTF-8. Encode names in UTF-8, then with percent signs.") from None


def _below(mount: str, segments: TreePath) -> TreePath | None:
    prefix = tuple(name for name in mount.split("/") if name)
    return segments[len(prefix) :] if segments[: len(prefix)] == prefix else None


def _limited(path: TreePath, wants_collection: bool, limits: PathLimits) -> Target:
    check_path(path, limits)
    return Target(path, wants_collection)


def _host(authority: str) -> str:
    return _USUAL_PORT.sub("", authority.rpartition("@")[2].lower())


def _excerpt(text: str) -> str:
    return ascii(text if len(text) <= 80 else text[:77] + "...")
