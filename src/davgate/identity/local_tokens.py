"""Short tokens that davgate issues itself, for whoever signed in already (RFC 7519; HS256).

A token names principal, epoch and scope, so that it ends with the account's next change of password, state or role. Keys are
numbered; the newest signs, and all that are given verify: a new key signs nobody out, an old one is dropped when the longest life
of a token has passed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from joserfc import jws as joserfc_jws
from joserfc.jwk import OctKey

from davgate.identity import jws
from davgate.model.errors_of_sign_in import InvalidToken
from davgate.model.frozen import frozen
from davgate.model.instant import Instant, after

TYPE: Final = "davgate+jwt"
"""Tokens of issuers never have this type, and ours no other, so that neither is taken for the other."""

LONGEST_LIFE: Final = timedelta(hours=24)
KEY_BYTES: Final = 32

_ALGORITHM: Final = "HS256"
_SECOND: Final = 1_000_000
_SKEW: Final = timedelta(seconds=60)
"""How far the clocks of several nodes on one database may differ."""
_NUMBER = re.compile(r"0|[1-9][0-9]{0,17}")
_WORD = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")


@frozen
class LocalToken:
    """What a token says; ``scope`` None stands for no restriction. It ends at ``expires_at``, a whole second."""

    principal_id: int
    epoch: int
    scope: tuple[str, ...] | None
    expires_at: Instant


class LocalTokens:
    """Signs and verifies the tokens of one store. Immutable: other keys are another object."""

    def __init__(self, store_id: str, keys: Mapping[int, bytes]) -> None:
        if not keys or any(len(key) != KEY_BYTES or number < 0 for number, key in keys.items()):
            raise ValueError(f"tokens need at least one key, numbered from 0, of {KEY_BYTES} bytes")
        self._store_id = store_id
        # Not import_key(), which tries whether random bytes are a certificate.
        self._keys = {number: OctKey(key, key) for number, key in keys.items()}
        self._newest = max(keys)

    def issue(self, token: LocalToken, now: Instant) -> str:
        """Return a token in its compact form; what is below a second of its end is cut.

        Raises:
            ValueError: it would end before now or later than ``LONGEST_LIFE`` from now, or a word of its scope is none.
        """
        if not now < token.expires_at <= after(now, LONGEST_LIFE):
            raise ValueError("a token ends within 24 hours")
        claims: dict[str, object] = {
            "iss": self._store_id,
            "sub": str(token.principal_id),
            "epoch": token.epoch,
            "iat": now // _SECOND,
            "exp": token.expires_at // _SECOND,
        }
        if token.scope is not None:
            if not all(map(_WORD.fullmatch, token.scope)):
                raise ValueError("a scope is made of words (RFC 6749, 3.3)")
            claims["scope"] = " ".join(token.scope)
        header = {"alg": _ALGORITHM, "typ": TYPE, "kid": str(self._newest)}
        return joserfc_jws.serialize_compact(header, jws.dump(claims), self._keys[self._newest], algorithms=[_ALGORITHM])

    def verify(self, token: str, now: Instant) -> LocalToken:
        """Return what a token says; whether the principal still has this epoch is for the caller to ask the store.

        Raises:
            InvalidToken: it was not issued by this store, with a key that is not there any more, or has ended.
        """
        parsed = jws.parse(token)
        if parsed.type != TYPE or parsed.claims.get("iss") != self._store_id:
            raise InvalidToken("it was not issued by this store")
        if parsed.algorithm != _ALGORITHM:
            raise InvalidToken("its algorithm is not the one in use")
        key_id = parsed.key_id or ""
        key = self._keys.get(int(key_id)) if _NUMBER.fullmatch(key_id) else None
        if key is None:
            raise InvalidToken("it is signed with a key that is not in use any more")
        jws.check_signature(parsed, [key])
        return _read(parsed.claims, now)


def is_local(token: str) -> bool:
    """Tell whether a token claims to be one of davgate's own, without proof; what is no token is none of ours."""
    try:
        return jws.parse(token).type == TYPE
    except InvalidToken:
        return False


def _read(claims: Mapping[str, object], now: Instant) -> LocalToken:
    """Read what one of our own keys has signed; another shape is a token of a davgate that was otherwise."""
    subject, epoch, scope, issued, ends = (claims.get(name) for name in ("sub", "epoch", "scope", "iat", "exp"))
    if (
        not (isinstance(subject, str) and _NUMBER.fullmatch(subject))
        or type(epoch) is not int
        or type(issued) is not int
        or type(ends) is not int
        or not (scope is None or isinstance(scope, str))
    ):
        raise InvalidToken("it was not issued by this store")
    if ends * _SECOND <= now:
        raise InvalidToken("it has expired")
    if issued * _SECOND > after(now, _SKEW) or ends - issued > LONGEST_LIFE // timedelta(seconds=1):
        raise InvalidToken("its times are not possible")
    return LocalToken(int(subject), epoch, None if scope is None else tuple(scope.split()), Instant(ends * _SECOND))
