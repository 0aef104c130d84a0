"""What a request signs in with, and how long the answer is remembered: one object for all doors of a process.

A password check takes a tenth of a second of all processors, and a drive signs in with every request. So a right answer is
remembered, in this process alone, under a keyed digest of what proves it: neither password nor token is kept. It is only as good
as the account's epoch, which every use case compares with the database in the statement that it runs anyway; a changed password,
group or state ends all remembered sign-ins at once, in every process.

A password of this store is remembered while it is used. What can end elsewhere, at an issuer or in a directory, is asked for
again when its time is over, used or not.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any, Final, NamedTuple

from davgate.core.principals import accounts
from davgate.core.principals.signing_in import CERTIFICATE, DIGEST, PASSWORD, PROXY, SigningIn, Visit
from davgate.http.login import basic
from davgate.http.login.challenges import REALM, Offered
from davgate.http.login.crowds import Crowds
from davgate.http.rates import Rates
from davgate.http.requests import Request
from davgate.http.responses import Response
from davgate.identity import digest
from davgate.identity.certificates import name_of
from davgate.identity.digest import DigestCredentials
from davgate.model.errors import Unauthenticated
from davgate.model.errors_of_sign_in import InsufficientScope
from davgate.model.instant import Instant, after
from davgate.model.principal import Principal
from davgate.model.rights import NO_RIGHTS, SCOPE_RIGHTS

NO_SCOPES: Final[frozenset[str]] = frozenset()

_REFUSAL: Final = "davgate.sign_in_refusal"
_HEADER: Final = "header"
_LONGEST_HEADER: Final = 4096
_LONGEST_TOKEN: Final = 16 * 1024 + 16
_MOST_REMEMBERED: Final = 10_000


@dataclass(slots=True)
class _Remembered:
    """``until`` is when it is checked again, ``used_at`` tells whether that goes on from the sign-in before."""

    principal: Principal
    until: Instant
    used_at: Instant
    ha1: str = field(default="", repr=False)


class _Claim(NamedTuple):
    """Whom a request claims to be: ``key`` tells equal claims, ``source`` and ``text`` what vouches for it, and in which words.

    What Digest sent is looked at with each request.
    """

    key: bytes
    source: str
    text: str
    sent: DigestCredentials | None = None


class Login:
    """Finds the principal of a request; shared by all doors and threads of a process."""

    def __init__(
        self,
        signing_in: SigningIn,
        remembered_for: timedelta,
        offered: Offered | None = None,
        rates: Rates | None = None,
        *,
        with_certificates: bool = True,
        guesses_at_once: int = 4,
    ) -> None:
        """Begin with nothing remembered.

        ``guesses_at_once`` are the password checks of an address that go on at a time while many of its sign-ins fail.
        """
        self.signing_in = signing_in
        self._clock = signing_in.store.clock
        self._remembered_for = remembered_for
        self._offered = offered or Offered()
        self._rates = rates
        self._with_certificates = with_certificates
        brake = signing_in.brake
        self._crowds = Crowds(self._clock, brake.failures, brake.window, guesses_at_once)
        self._key = secrets.token_bytes(32)
        self._remembered: dict[bytes, _Remembered] = {}
        self._turns: dict[bytes, threading.Lock] = {}

    def principal_of(self, environ: dict[str, Any], door_scopes: frozenset[str] = NO_SCOPES) -> Principal:
        """Return the principal that the request signs in as, and note its name in the environment for the log.

        ``door_scopes`` are those that open the door where it comes in, and no other.

        Raises:
            Unauthenticated: it brings nothing to sign in with, or nothing that is right.
            InsufficientScope: its token opens other doors alone.
            TooManyFailures, DirectoryUnavailable, Forbidden: see ``core.principals.signing_in``.
            Busy: too many passwords are being checked.
            TooManyRequests: the principal makes more than it may.
        """
        try:
            claim = self._claim_of(environ)
            principal = self._remembered_as(claim, environ)
            if principal is None:
                principal = self._checked(claim, environ)
        except Unauthenticated as error:
            environ[_REFUSAL] = error
            raise
        environ["davgate.principal"] = principal.name
        if self._rates is not None:
            self._rates.take(principal.id, self._clock.now())
        if principal.scopes is not None and principal.scope.rights == NO_RIGHTS and door_scopes.isdisjoint(principal.scopes):
            raise InsufficientScope(SCOPE_RIGHTS)
        return principal

    def goes_on(self, environ: dict[str, Any]) -> Callable[[Principal], bool] | None:
        """Return what tells whether another request with the same Authorization header is this principal's, and counts it then.

        It is nobody's when the sign-in is not remembered any more. None where the header does not suffice: each request with
        Digest is proven by itself, and what proxies say goes before.

        Raises:
            TooManyRequests: what is returned raises it when the principal makes more than it may.
        """
        header = environ.get("HTTP_AUTHORIZATION")
        if header is None or _is_digest(header) or environ["davgate.is_forwarded"]:
            return None
        return partial(self._counted, self._claim(_HEADER, header)._replace(text=""))

    def _counted(self, claim: _Claim, principal: Principal) -> bool:
        if self._remembered_as(claim, {}) is not principal:
            return False
        if self._rates is not None:
            self._rates.take(principal.id, self._clock.now())
        return True

    def _checked(self, claim: _Claim, environ: dict[str, Any]) -> Principal:
        if not _has_password(claim):
            return self._in_turn(claim, environ)
        with self._crowds.one_more(environ["REMOTE_ADDR"]):
            # It waits, for its turn among all checks or for a directory, while others are signed in already.
            environ.get("davgate.lend_thread", _stay)()
            return self._in_turn(claim, environ)

    def _in_turn(self, claim: _Claim, environ: dict[str, Any]) -> Principal:
        """Check a claim; of many requests that come at once, as a drive's do, one checks the password and the others wait."""
        try:
            with self._turns.setdefault(claim.key, threading.Lock()):
                return self._remembered_as(claim, environ) or self._check(claim, environ)
        finally:
            self._turns.pop(claim.key, None)

    def confirmed_principal_of(self, environ: dict[str, Any], door_scopes: frozenset[str] = NO_SCOPES) -> Principal:
        """Return the principal of a request that runs no use case, which would compare the epoch.

        Raises:
            Unauthenticated: it brings nothing to sign in with, or nothing that is right any more.
        """
        try:
            principal = self.principal_of(environ, door_scopes)
            accounts.confirm(self.signing_in.store, principal)
        except Unauthenticated:
            if not self.forget(environ):
                raise
            principal = self.principal_of(environ, door_scopes)
        return principal

    def run(self, request: Request, work: Callable[[Principal], Response], door_scopes: frozenset[str] = NO_SCOPES) -> Response:
        """Return what ``work`` answers to the principal of a request.

        It runs once more when the account changed since the sign-in was remembered. A body that was read is gone: asking anew
        would store nothing.

        Raises:
            Unauthenticated: see ``principal_of``; or the account may do nothing any more.
        """
        try:
            return work(self.principal_of(request.environ, door_scopes))
        except Unauthenticated:
            if request.body.is_begun or not self.forget(request.environ):
                raise
            return work(self.principal_of(request.environ, door_scopes))

    def forget(self, environ: dict[str, Any]) -> bool:
        """Forget the sign-in that a request relied on; tell whether it was remembered, so that checking it anew may help."""
        if _REFUSAL in environ:
            # It relied on none: who sends a wrong Digest with somebody's name ends no sign-in of theirs.
            return False
        try:
            claim = self._claim_of(environ)
        except Unauthenticated:
            return False
        return self._remembered.pop(claim.key, None) is not None

    def challenge(
        self, environ: Mapping[str, Any], response: Response, realm: str = REALM, *, bearer_first: bool = False
    ) -> None:
        """Tell in a 401 how to sign in, by what the settings offer and why this sign-in was refused.

        With ``bearer_first`` Bearer is offered in any case, before the others. Digest has one realm, which its secrets contain.
        """
        kept = [(name, value) for name, value in response.headers if name != "WWW-Authenticate"]
        after_digest = _is_digest(environ.get("HTTP_AUTHORIZATION", ""))
        challenges = self._offered.challenges(
            environ.get(_REFUSAL), self.signing_in.new_nonce, after_digest=after_digest, realm=realm, bearer_first=bearer_first
        )
        response.headers = kept + challenges

    def visit_of(self, environ: Mapping[str, Any]) -> Visit:
        """Return where a request comes from."""
        return Visit(environ["REMOTE_ADDR"], environ.get("davgate.request_id", ""))

    def _claim_of(self, environ: dict[str, Any]) -> _Claim:
        """Return whom a request claims to be: whom the proxy names, or else its Authorization header, or its certificate.

        A certificate may be there to secure the connection; who sends a name and password with it means these.
        """
        if user := environ.get("davgate.proxy_user"):
            return self._claim(PROXY, user)
        header: str | None = environ.get("HTTP_AUTHORIZATION")
        if header is not None:
            return self._claim_by_digest(header[7:], environ) if _is_digest(header) else self._claim(_HEADER, header)
        certificate = environ.get("davgate.client_certificate")
        if certificate and self._with_certificates and (name := name_of(certificate)):
            return self._claim(CERTIFICATE, name)
        raise Unauthenticated("Sign in with user name and password.")

    def _claim_by_digest(self, credentials: str, environ: dict[str, Any]) -> _Claim:
        if not self._offered.digest:
            raise Unauthenticated("Digest is off here. Sign in as the WWW-Authenticate header says.")
        sent = digest.parse(credentials)
        if not digest.is_for(sent, environ["REQUEST_URI"]):
            raise Unauthenticated("The Digest header is for another address. Send one for this request.")
        return self._claim(DIGEST, f"{sent.algorithm} {sent.username}", sent)

    def _claim(self, source: str, text: str, sent: DigestCredentials | None = None) -> _Claim:
        data = f"{source}\0{text}".encode("utf-8", "surrogateescape")
        return _Claim(hashlib.blake2b(data, key=self._key, digest_size=32).digest(), source, text, sent)

    def _ask(self, claim: _Claim, environ: dict[str, Any]) -> tuple[Principal, str]:
        """Return the principal of a claim, of Digest with the HA1 by which further requests are known."""
        visit = self.visit_of(environ)
        if claim.sent is not None:
            proof = self.signing_in.by_digest(claim.sent, environ["REQUEST_METHOD"], visit)
            return proof.principal, proof.ha1
        if claim.source == _HEADER:
            return self._by_header(claim.text, visit), ""
        return self.signing_in.by_source(claim.source, claim.text, visit), ""

    def _by_header(self, header: str, visit: Visit) -> Principal:
        scheme, _, credentials = header.partition(" ")
        scheme = scheme.lower()
        if scheme == "bearer" and len(header) <= _LONGEST_TOKEN:
            return self.signing_in.by_token(credentials.strip(), visit)
        if scheme != "basic" or not self._offered.basic or len(header) > _LONGEST_HEADER:
            raise Unauthenticated("This is no way to sign in here. Sign in as the WWW-Authenticate header says.")
        name, password = basic.parse(credentials.strip())
        return self.signing_in.by_password(name, password, visit)

    def _remembered_as(self, claim: _Claim, environ: dict[str, Any]) -> Principal | None:
        known = self._remembered.get(claim.key)
        now = self._clock.now()
        if known is None or known.until <= now or known.principal.expires_at <= now:
            return None
        if claim.sent is not None:
            if not digest.proves(claim.sent, known.ha1, environ["REQUEST_METHOD"]):
                return None
            self.signing_in.check_nonce(claim.sent.nonce)
        known.used_at = now
        if known.principal.method == PASSWORD:
            known.until = after(now, self._remembered_for)
        return known.principal

    def _check(self, claim: _Claim, environ: dict[str, Any]) -> Principal:
        principal, ha1 = self._ask(claim, environ)
        now = self._clock.now()
        before = self._remembered.get(claim.key)
        if before is None or after(before.used_at, self._remembered_for) <= now:
            self.signing_in.note_signed_in(principal, self.visit_of(environ))
        if len(self._remembered) >= _MOST_REMEMBERED:
            self._remembered.clear()
        self._remembered[claim.key] = _Remembered(principal, after(now, self._remembered_for), now, ha1)
        return principal


def _stay() -> None:
    """Lend no thread, where there is no server that could do with it."""


def _has_password(claim: _Claim) -> bool:
    return claim.source == _HEADER and claim.text[:6].lower() == "basic "


def _is_digest(header: str) -> bool:
    return header[:7].lower() == "digest "
