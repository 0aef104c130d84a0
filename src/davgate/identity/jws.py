"""The compact form of signed tokens: strict reading, and the check of a signature (RFC 7515, 3.1 and 5.2; RFC 7519, 7.2).

Nothing here trusts what it reads. A token has one spelling: base64url without padding and stray bits, UTF-8, no member twice, no
deep nesting. Which algorithm and key count is decided by the caller, never by the header.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Collection, Mapping
from typing import Final, NoReturn

from joserfc.errors import JoseError
from joserfc.jwk import Key
from joserfc.jws import JWSRegistry

from davgate.model.errors_of_sign_in import InvalidToken
from davgate.model.frozen import frozen

LARGEST_TOKEN: Final = 16 * 1024
"""Bytes; issuers stay far below it, as servers refuse larger headers."""

DEEPEST: Final = 16
"""Nesting of header and claims."""

SECRET_ALGORITHMS: Final = frozenset({"HS256", "HS384", "HS512"})
KEY_ALGORITHMS: Final = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519", "Ed448"}
)

_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]*)")
_ENCRYPTED = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]*){4}")
_STRING = re.compile(r'"(?:[^"\\]|\\.?)*+(?:"|\Z)', re.DOTALL)
_BRACKET = re.compile(r"[\[\]{}]")
_LONGEST_KEY_ID: Final = 256


@frozen
class SignedToken:
    """A token that is well formed, and about which nothing is proven yet."""

    header: Mapping[str, object]
    claims: Mapping[str, object]
    signed: bytes
    signature: bytes

    @property
    def algorithm(self) -> str:
        """The algorithm that the header names."""
        return str(self.header["alg"])

    @property
    def key_id(self) -> str | None:
        """The key that the header names, if it names one."""
        return str(self.header["kid"]) if "kid" in self.header else None

    @property
    def type(self) -> str:
        """The type that the header names, in lower case and without ``application/`` (RFC 7515, 4.1.9); empty without one."""
        return str(self.header.get("typ", "")).lower().removeprefix("application/")


def parse(token: str) -> SignedToken:
    """Return the parts of a token.

    Raises:
        InvalidToken: it is too large, not of the compact form, encrypted, compressed or ambiguous, or asks for an extension.
    """
    if len(token) > LARGEST_TOKEN:
        raise InvalidToken(f"it is larger than {LARGEST_TOKEN} bytes")
    match = _COMPACT.fullmatch(token)
    if match is None:
        raise InvalidToken("it is encrypted, which is not supported" if _ENCRYPTED.fullmatch(token) else "it is not a signed JWT")
    header = _parse_object(match[1], "header")
    _check_header(header)
    if not match[3]:
        raise InvalidToken("it is not signed")
    claims = _parse_object(match[2], "payload")
    return SignedToken(header, claims, token[: match.end(2)].encode("ascii"), _decode(match[3], "signature"))


def dump(claims: Mapping[str, object]) -> bytes:
    """Return claims as the payload of a token that is to be signed."""
    return json.dumps(claims, separators=(",", ":")).encode("ascii")


def check_signature(token: SignedToken, keys: Collection[Key]) -> None:
    """Return when one of these keys made the signature; the caller has checked that the algorithm is one it accepts.

    Raises:
        InvalidToken: none of them did, or none is of the kind that the algorithm needs.
    """
    # Not get_alg(), which would warn of EdDSA, a name that issuers go on using (RFC 9864 deprecates it).
    algorithm = JWSRegistry.algorithms[token.algorithm]
    for key in keys:
        try:
            algorithm.check_key(key)
            if algorithm.verify(token.signed, token.signature, key):
                return
        except (JoseError, ValueError):
            # A key for another algorithm or another use is no mistake of the token; the next one may fit.
            continue
    raise InvalidToken("its signature is wrong")


def _check_header(header: Mapping[str, object]) -> None:
    """Refuse what would change the meaning of the rest (RFC 7515, 4.1.11; RFC 7516, 4.1.3; RFC 7797, 3).

    Keys that come along (``jwk``, ``jku``, ``x5c``, ``x5u``) are not refused, as some issuers send them; nobody ever looks.
    """
    for member, reason in _REFUSED.items():
        if member in header:
            raise InvalidToken(reason)
    if not isinstance(header.get("alg"), str):
        raise InvalidToken("its header names no algorithm")
    key_id = header.get("kid", "")
    if not isinstance(key_id, str) or len(key_id) > _LONGEST_KEY_ID:
        raise InvalidToken("its kid is not a short text")
    if not isinstance(header.get("typ", ""), str):
        raise InvalidToken("its typ is not a text")


_REFUSED: Final = {
    "enc": "it is encrypted, which is not supported",
    "zip": "it is compressed, which is not supported",
    "crit": "it demands an extension (crit) that is not supported",
    "b64": "its payload is not encoded (b64), which is not supported",
}


def strict_json(data: bytes) -> object:
    """Return what a JSON text says, if it says only one thing.

    Raises:
        ValueError: it is not UTF-8 or JSON, is nested deeper than ``DEEPEST``, or has a member twice or a number that is none.
    """
    text = data.decode("utf-8")
    # Before parsing, since the parser recurses.
    if _depth(text) > DEEPEST:
        raise ValueError("nested too deeply")
    value: object = json.loads(text, object_pairs_hook=_without_duplicates, parse_constant=_refuse_constant)
    return value


def _parse_object(part: str, name: str) -> dict[str, object]:
    try:
        value = strict_json(_decode(part, name))
    except ValueError:
        raise InvalidToken(f"its {name} is not plain JSON") from None
    if not isinstance(value, dict):
        raise InvalidToken(f"its {name} is not a JSON object")
    return value


def _decode(part: str, name: str) -> bytes:
    """Return the bytes of base64url; of several spellings of the same bytes only the canonical one is taken."""
    try:
        decoded = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except binascii.Error:
        raise InvalidToken(f"its {name} is not base64url") from None
    if base64.urlsafe_b64encode(decoded).rstrip(b"=") != part.encode("ascii"):
        raise InvalidToken(f"its {name} is not base64url")
    return decoded


def _depth(text: str) -> int:
    depth = deepest = 0
    for bracket in _BRACKET.findall(_STRING.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Two readers of one token must not see different members (RFC 7515, 4; RFC 7519, 4)."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member twice")
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)
