"""Bearer tokens of configured issuers: what each of them must fulfil, and whom it proves (RFC 6750, RFC 7519, RFC 8725).

The issuer is found by the token's own, unproven ``iss``; from then on that issuer's rules alone count: its keys, its algorithms,
its audience. Without an issuer no token is accepted.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Final

from davgate.identity.external import ExternalUser
from davgate.identity.jws import KEY_ALGORITHMS, SECRET_ALGORITHMS, SignedToken, check_signature, parse
from davgate.identity.keys import (
    KeySource,
    PublishedKeys,
    SharedSecret,
    check_secret,
    check_url,
    file_reader,
    secret_of_file,
    url_reader,
)
from davgate.identity.local_tokens import TYPE as LOCAL_TYPE
from davgate.model.errors_of_sign_in import InvalidToken
from davgate.model.frozen import frozen
from davgate.model.instant import Instant

SERVICE_NAME_CLAIMS: Final = ("client_id", "azp", "appid", "sub")
SCOPE_CLAIMS: Final = ("scope", "scp", "roles")
ACCESS_TOKEN_TYPE: Final = "at+jwt"

_USUAL_TYPES: Final = frozenset({"", "jwt", ACCESS_TOKEN_TYPE})
_KEY_SOURCES: Final = ("jwks_file", "jwks_url", "secret", "secret_file")
_ID_TOKEN_CLAIMS: Final = ("nonce", "at_hash", "c_hash")
"""Of an ID token (OpenID Connect Core 1.0, 2), which tells a client who signed in and is no key to other servers."""
_OTHER_PURPOSES: Final = frozenset({"id", "refresh", "offline", "logout"})
"""What Keycloak writes into ``typ`` of tokens other than access tokens, which it all signs with the same keys."""
_LATEST: Final = 253_402_300_799
"""The last second of the year 9999."""
_LONGEST_LEEWAY: Final = timedelta(minutes=10)
_LONGEST_NAME: Final = 255
_NO_CHARACTERS: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """Who issues tokens, and what makes one of them good. ``ValueError`` says what does not go together.

    ``source`` is how the settings call it, ``issuers.company``, which no source of another kind can be called.
    ``audience`` is what the tokens must be made for, one of these; the empty tuple takes any, and None was forgotten. The name of
    the user is the first of ``name_claims`` that is there. Without ``scope_claims`` a token is not restricted; with them, one
    that has none of them may do nothing. ``accounts`` is for whoever looks the user up: ``make`` or ``existing``.
    """

    source: str
    issuer: str
    audience: tuple[str, ...] | None
    algorithms: tuple[str, ...]
    jwks_file: Path | None = None
    jwks_url: str = ""
    secret: str = field(default="", repr=False)
    secret_file: Path | None = None
    leeway: timedelta = timedelta(seconds=60)
    name_claims: tuple[str, ...] = SERVICE_NAME_CLAIMS
    groups_claim: str = ""
    scope_claims: tuple[str, ...] = SCOPE_CLAIMS
    required_type: str = ""
    accounts: str = "make"

    def __post_init__(self) -> None:
        if mistake := self._mistake():
            raise ValueError(f"{self.source}: {mistake}")

    def _mistake(self) -> str:
        """Return the first thing that does not go together, empty when all does."""
        named = [name for name in _KEY_SOURCES if getattr(self, name)]
        if not self.issuer:
            return "issuer is missing: name it exactly as iss of the tokens does"
        if self.audience is None:
            return "audience is missing: name what aud of the tokens must be; an empty list takes tokens made for anybody"
        if len(named) != 1:
            return f"exactly one of {', '.join(_KEY_SOURCES)} must be set"
        usable = SECRET_ALGORITHMS if named[0].startswith("secret") else KEY_ALGORITHMS
        if not self.algorithms or not usable.issuperset(self.algorithms):
            return f"algorithms must be some of {', '.join(sorted(usable))}, since the tokens are checked with {named[0]}"
        if not self.name_claims:
            return "name_claims must name at least one claim"
        if not timedelta() <= self.leeway <= _LONGEST_LEEWAY:
            return "leeway must be between 0s and 10m"
        if self.required_type and _short_type(self.required_type) == LOCAL_TYPE:
            return f"required_type must not be {LOCAL_TYPE}, the type of davgate's own tokens"
        return "" if self.accounts in {"make", "existing"} else "accounts must be make or existing"

    def key_source(self) -> KeySource:
        """Return where this issuer's keys come from; a file is read now, an address when the first token comes.

        Raises:
            ValueError: the secret can be guessed, the address could be forged, or the file is not as it should be.
        """
        try:
            if self.secret or self.secret_file:
                secret = secret_of_file(self.secret_file) if self.secret_file else self.secret.encode("utf-8", "surrogateescape")
                check_secret(secret, frozenset(self.algorithms))
                return SharedSecret(secret)
            if self.jwks_url:
                check_url(self.jwks_url)
                return PublishedKeys(self.source, url_reader(self.jwks_url))
            published = PublishedKeys(self.source, file_reader(self.jwks_file or Path()))
            published.load()
            return published
        except OSError as error:
            raise ValueError(f"{self.source}: the jwks_file cannot be read: {error.strerror}") from None
        except ValueError as mistake:
            raise ValueError(f"{self.source}: {mistake}") from None


@frozen
class Proof:
    """Whom a token proves, and the instant from which it does so no more, the leeway included."""

    user: ExternalUser
    ends_at: Instant


class Bearer:
    """Verifies the tokens of all configured issuers; one for a process, shared by its threads."""

    def __init__(self, issuers: Iterable[Issuer] = ()) -> None:
        """Read secrets and key files.

        Raises:
            ValueError: an issuer cannot be used as it is, or two have the same name.
        """
        self._by_name: dict[str, tuple[Issuer, KeySource]] = {}
        for issuer in issuers:
            if issuer.issuer in self._by_name:
                raise ValueError(f"{issuer.source}: another issuer has the same issuer; a token must belong to one alone")
            self._by_name[issuer.issuer] = (issuer, issuer.key_source())
        self.issuers: Mapping[str, Issuer] = MappingProxyType({known.source: known for known, _ in self._by_name.values()})

    def proof(self, token: str, now: Instant) -> Proof:
        """Return whom a token proves, and until when: whoever remembers the answer must forget it then.

        Raises:
            InvalidToken: nobody; its reason tells why, and nothing of the token.
            DirectoryUnavailable: the keys of its issuer cannot be had at the moment.
        """
        if not self._by_name:
            raise InvalidToken("no issuer of tokens is configured here")
        parsed = parse(token)
        name = parsed.claims.get("iss")
        issuer, keys = self._by_name.get(name, (None, None)) if isinstance(name, str) else (None, None)
        if issuer is None or keys is None:
            raise InvalidToken("its iss is none of the issuers that are configured here")
        try:
            if parsed.algorithm not in issuer.algorithms:
                raise InvalidToken("its algorithm is not one that is configured for its issuer")
            check_signature(parsed, keys.candidates(parsed.key_id, now))
            _check_purpose(parsed, issuer)
            _check_audience(parsed.claims, issuer)
            ends_at = _check_times(parsed.claims, issuer, now)
            return Proof(_user(parsed.claims, issuer), ends_at)
        except InvalidToken as refused:
            refused.source = issuer.source
            raise


def _short_type(text: str) -> str:
    return text.lower().removeprefix("application/")


def _check_purpose(token: SignedToken, issuer: Issuer) -> None:
    """Refuse what the issuer signed with the same keys for another purpose (RFC 8725, 3.11 and 3.12)."""
    if issuer.required_type:
        if token.type != _short_type(issuer.required_type):
            raise InvalidToken("its typ is not the one that is configured for its issuer")
    elif token.type not in _USUAL_TYPES:
        raise InvalidToken("its typ is not that of an access token")
    claims = token.claims
    # Access tokens of older servers have a nonce too; their type tells them apart where it is set (RFC 9068, 2.1).
    if token.type != ACCESS_TOKEN_TYPE and any(name in claims for name in _ID_TOKEN_CLAIMS):
        raise InvalidToken("it is an ID token; send the access token")
    purpose = claims.get("typ")
    if "events" in claims or (isinstance(purpose, str) and purpose.lower() in _OTHER_PURPOSES):
        raise InvalidToken("it is not an access token")
    if "cnf" in claims:
        # Whoever stole it could use it: its key is not checked here (RFC 7800, 3; RFC 9449, 6).
        raise InvalidToken("it is bound to a key of its holder (cnf), which is not supported")


def _check_audience(claims: Mapping[str, object], issuer: Issuer) -> None:
    named = _texts(claims["aud"], "aud") if "aud" in claims else ()
    if issuer.audience and not set(issuer.audience).intersection(named):
        raise InvalidToken("its aud is not the audience that is configured for its issuer" if named else "it has no aud")


def _check_times(claims: Mapping[str, object], issuer: Issuer, now: Instant) -> Instant:
    """Return the end of a token's time; refuse it outside of that, give or take the leeway (RFC 7519, 4.1.4 to 4.1.6)."""
    leeway = issuer.leeway // timedelta(microseconds=1)
    ends, begins, issued = (_instant(claims, name) for name in ("exp", "nbf", "iat"))
    if ends is None:
        raise InvalidToken("it has no exp")
    if ends + leeway <= now:
        raise InvalidToken("it has expired")
    if begins is not None and begins - leeway > now:
        raise InvalidToken("it is not valid yet (nbf)")
    if issued is not None and issued - leeway > now:
        raise InvalidToken("it was issued in the future (iat)")
    return Instant(ends + leeway)


def _instant(claims: Mapping[str, object], name: str) -> int | None:
    """Return a NumericDate, which may have a fraction, in microseconds (RFC 7519, 2)."""
    if name not in claims:
        return None
    value = claims[name]
    # True is an int in Python, and 1e999 an infinite float in JSON.
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LATEST:
        raise InvalidToken(f"its {name} is not a time")
    return value * 1_000_000 if isinstance(value, int) else math.floor(value * 1_000_000)


def _user(claims: Mapping[str, object], issuer: Issuer) -> ExternalUser:
    name = next((claims[claim] for claim in issuer.name_claims if claim in claims), None)
    if name is None:
        raise InvalidToken("it has none of the claims that name its user")
    if not isinstance(name, str) or not _is_plain(name):
        raise InvalidToken("the name of its user is not a plain text")
    has_groups = issuer.groups_claim != "" and issuer.groups_claim in claims
    groups = _texts(claims[issuer.groups_claim], "groups claim") if has_groups else ()
    return ExternalUser(issuer.source, name, _plain_ones(groups), _scopes(claims, issuer))


def _scopes(claims: Mapping[str, object], issuer: Issuer) -> tuple[str, ...] | None:
    """Return the scopes of the first claim that has them: words in a text, or a list of words (RFC 8693, 4.2)."""
    if not issuer.scope_claims:
        return None
    value = next((claims[claim] for claim in issuer.scope_claims if claim in claims), ())
    return _plain_ones(value.split(" ") if isinstance(value, str) else _texts(value, "scope claim"))


def _texts(value: object, name: str) -> tuple[str, ...]:
    """Return a text or a list of texts as texts."""
    texts = [value] if isinstance(value, str) else list(value) if isinstance(value, list | tuple) else [None]
    if not all(isinstance(text, str) for text in texts):
        raise InvalidToken(f"its {name} is not a text or a list of texts")
    return tuple(texts)


def _plain_ones(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the plain texts in their order, each once; a name that is none can be no name of ours either."""
    return tuple(dict.fromkeys(filter(_is_plain, texts)))


def _is_plain(text: str) -> bool:
    """Tell whether a name looks like no other one: nothing invisible in it, nothing that is another character in disguise."""
    if text.isascii():
        return 0 < len(text) <= _LONGEST_NAME and text.isprintable() and text == text.strip()
    return (
        len(text) <= _LONGEST_NAME
        and text == text.strip()
        and not any(unicodedata.category(character) in _NO_CHARACTERS for character in text)
        and unicodedata.is_normalized("NFKC", text)
    )
