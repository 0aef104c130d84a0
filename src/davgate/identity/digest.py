"""Digest sign-in (RFC 7616): what a request sends, what it must prove, and nonces that no server has to remember.

The algorithms are MD5, which old Windows programs know alone, and SHA-256, with ``qop=auth``. A secret is never sent, but who may
check one must keep HA1, which is as good as the secret on this realm. So only app passwords have one, which can be revoked.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final
from urllib.parse import unquote_to_bytes, urlsplit

from davgate.model.errors import Unauthenticated
from davgate.model.frozen import frozen
from davgate.model.instant import Instant, after

REALM: Final = "davgate"
"""The realm of every sign-in. A kept HA1 is good for this one alone, so it never changes."""

MD5: Final = "MD5"
SHA_256: Final = "SHA-256"


def _md5(data: bytes) -> str:
    # The protocol asks for it, and nothing rests on it that HMAC does not protect.
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


ALGORITHMS: Final[Mapping[str, Callable[[bytes], str]]] = {SHA_256: _sha256, MD5: _md5}
"""In the order in which they are offered (RFC 7616, 3.7: the strongest first)."""

_LONGEST_HEADER: Final = 8192
_PARAMETER = re.compile(r'[ \t]*([A-Za-z0-9_*-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))[ \t]*(?:,|\Z)', re.DOTALL)
_QUOTED_PAIR = re.compile(r'\\(["\\])')
_COUNT = re.compile(r"[0-9a-fA-F]{8}")
_NEEDED: Final = ("realm", "nonce", "uri", "response", "cnonce", "nc", "qop")
_UNREADABLE: Final = "The Digest header cannot be read. Sign in with user name and app password."
_SKEW: Final = timedelta(seconds=60)
"""How far the clocks of several nodes on one database may differ."""


@frozen
class DigestCredentials:
    """What a Digest header says; nothing of it is proven yet. ``username`` has no Windows domain before it."""

    username: str
    nonce: str
    uri: str
    response: str
    algorithm: str
    cnonce: str
    count: str


def parse(credentials: str) -> DigestCredentials:
    r"""Return what stands behind the word Digest in an Authorization header.

    Windows puts its domain before the name, with one backslash or, as the grammar has it, with two. A client that also computes
    with the domain cannot be let in: what is kept was computed with the name alone.

    Raises:
        Unauthenticated: it cannot be read, or is for another realm, or asks for what is not offered.

    Source: RFC 7616, 3.4.
    """
    values = _parameters(credentials)
    if any(name not in values for name in _NEEDED) or ("username" in values) == ("username*" in values):
        raise Unauthenticated(_UNREADABLE)
    algorithm = next((name for name in ALGORITHMS if name == values.get("algorithm", MD5).upper()), None)
    is_offered = algorithm is not None and values["qop"] == "auth" and values.get("userhash", "false").lower() == "false"
    if algorithm is None or not is_offered or values["realm"] != REALM or not _COUNT.fullmatch(values["nc"]):
        raise Unauthenticated("This form of Digest is not offered. Sign in as the WWW-Authenticate header says.")
    name = _extended(values["username*"]) if "username*" in values else _as_text(values["username"])
    return DigestCredentials(
        username=name.rpartition("\\")[2],
        nonce=values["nonce"],
        uri=values["uri"],
        response=values["response"].lower(),
        algorithm=algorithm,
        cnonce=values["cnonce"],
        count=values["nc"],
    )


def _parameters(text: str) -> dict[str, str]:
    if len(text) > _LONGEST_HEADER:
        raise Unauthenticated(_UNREADABLE)
    values: dict[str, str] = {}
    end = 0
    while match := _PARAMETER.match(text, end):
        name = match[1].lower()
        if name in values:
            raise Unauthenticated(_UNREADABLE)
        # Only what has to be quoted counts as quoted: old Windows programs write a single backslash and mean it.
        values[name] = match[3] if match[2] is None else _QUOTED_PAIR.sub(r"\1", match[2])
        end = match.end()
    if text[end:].strip():
        raise Unauthenticated(_UNREADABLE)
    return values


def _as_text(value: str) -> str:
    """Return a header's characters, each of which stands for a byte, as the text that was meant."""
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return value


def _extended(value: str) -> str:
    """Return a name that was sent with its charset (RFC 7616, 3.4; RFC 8187, 3.2)."""
    charset, _, rest = value.partition("'")
    _language, quote, encoded = rest.partition("'")
    try:
        if charset.upper() != "UTF-8" or not quote:
            raise ValueError("another charset")
        return unquote_to_bytes(encoded).decode("utf-8")
    except ValueError:
        raise Unauthenticated(_UNREADABLE) from None


def ha1(algorithm: str, username: str, realm: str, password: str) -> str:
    """Return what stands for a name and its password in this realm (RFC 7616, 3.4.2)."""
    return ALGORITHMS[algorithm](f"{username}:{realm}:{password}".encode())


def response_of(algorithm: str, kept_ha1: str, method: str, sent: DigestCredentials) -> str:
    """Return the response that a client computes who knows the password (RFC 7616, 3.4.1)."""
    hashed = ALGORITHMS[algorithm]
    ha2 = hashed(_wire(f"{method}:{sent.uri}"))
    return hashed(_wire(f"{kept_ha1}:{sent.nonce}:{sent.count}:{sent.cnonce}:auth:{ha2}"))


def proves(sent: DigestCredentials, kept_ha1: str, method: str) -> bool:
    """Tell whether credentials prove that the client knows the password whose HA1 is kept."""
    return hmac.compare_digest(response_of(sent.algorithm, kept_ha1, method, sent).encode(), _wire(sent.response))


def _wire(text: str) -> bytes:
    """Return the bytes as they were sent; a header's characters stand for a byte each."""
    return text.encode("latin-1", "replace")


def is_for(sent: DigestCredentials, target: str) -> bool:
    """Tell whether credentials were made for a request's target, with or without scheme and host on either side.

    The host may differ, for a proxy changes it: the nonce binds them to this store.

    Source: RFC 7616, 3.4.6.
    """
    return _without_host(sent.uri) == _without_host(target)


def _without_host(uri: str) -> str:
    if not uri.lower().startswith(("http://", "https://")):
        return uri
    try:
        parts = urlsplit(uri)
    except ValueError:
        return uri
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


class Nonces:
    """Makes and knows the nonces of a store; another process with the same keys knows them too, also after a restart.

    A nonce holds its time and a random part, signed. The newest key signs, and all that are given count: a new one signs nobody
    out. Nothing is remembered of a nonce, so who overhears a request may send it once more, with the same method and address,
    until the nonce has ended; TLS prevents that, and counting requests across processes would cost a write for each.
    """

    def __init__(self, keys: Mapping[int, bytes], life: timedelta) -> None:
        self._keys = keys
        self._life = life

    def make(self, now: Instant, randomness: bytes) -> str:
        """Return a nonce; ``randomness`` is 8 fresh random bytes."""
        number = max(self._keys)
        body = number.to_bytes(4) + now.to_bytes(8) + randomness
        return base64.b64encode(body + self._signature(number, body)).decode()

    def is_ours(self, nonce: str) -> bool:
        """Tell whether a nonce was made with one of the keys, whenever that was."""
        raw = _decoded(nonce)
        number = int.from_bytes(raw[:4])
        return len(raw) == 36 and number in self._keys and hmac.compare_digest(raw[20:], self._signature(number, raw[:20]))

    def is_stale(self, nonce: str, now: Instant) -> bool:
        """Tell whether the time of one of our nonces is over, so that the client is to repeat its request with a new one."""
        made_at = Instant(int.from_bytes(_decoded(nonce)[4:12]))
        return not made_at <= after(now, _SKEW) or after(made_at, self._life) <= now

    def _signature(self, number: int, body: bytes) -> bytes:
        return hmac.digest(self._keys[number], b"digest nonce\0" + REALM.encode() + b"\0" + body, "sha256")[:16]


def _decoded(nonce: str) -> bytes:
    try:
        return base64.b64decode(nonce, validate=True)
    except (binascii.Error, ValueError):
        return b""
