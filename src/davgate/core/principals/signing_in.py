"""Who somebody is: one answer for all doors, a principal with its scope and the end of its sign-in.

``SigningIn`` is asked with what a request brought, whatever brought it. It is asked anew for each proof that is not remembered
(``http.login``). What fails where something can be guessed is counted by the brake and told to the audit.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final, Protocol

from davgate.core.audit import auditing
from davgate.core.principals import external_accounts, tokens
from davgate.core.principals.accounts import Passwords
from davgate.core.principals.app_passwords import PREFIX, hash_of
from davgate.core.principals.brake import Brake
from davgate.core.principals.external_accounts import EXISTING, MAKE
from davgate.core.principals.signing_keys import keys_of
from davgate.core.store import Context, Store
from davgate.identity.digest import SHA_256, DigestCredentials, Nonces, proves
from davgate.identity.external import ExternalUser
from davgate.identity.jwt import Bearer
from davgate.identity.local_tokens import is_local
from davgate.model.errors import Busy, Forbidden, QuotaExceeded, Unauthenticated
from davgate.model.errors_of_sign_in import DirectoryUnavailable, InsufficientScope, StaleNonce
from davgate.model.frozen import frozen
from davgate.model.instant import FOREVER, Instant, after
from davgate.model.principal import SYSTEM, Principal
from davgate.model.rights import NO_RIGHTS, SCOPE_RIGHTS, UNRESTRICTED, Scope
from davgate.storage.api import Account, AppPassword, Session, accounts, app_passwords

logger = logging.getLogger(__name__)

PASSWORD: Final = "password"
APP_PASSWORD: Final = "app password"
DIGEST: Final = "digest"
LDAP: Final = "ldap"
CERTIFICATE: Final = "certificate"
PROXY: Final = "proxy"
"""Ways to sign in, as ``Principal.method`` names them. The last three are sources too; issuers are named by their settings."""

_BETWEEN_TOUCHES: Final = timedelta(minutes=1)
_LONGEST_NAME: Final = 128
_SOMEBODY: Final = SYSTEM.name
_NOBODY: Final = "\x7f"
"""Names that an account always has, and that none can have."""


class Directory(Protocol):
    """A directory that proves who somebody is by name and password (``identity.ldap``)."""

    def check(self, name: str, password: str) -> ExternalUser | None:
        """Return whom they belong to; None when the directory does not know the name.

        Raises:
            Unauthenticated, DirectoryUnavailable.
        """


@frozen
class Visit:
    """Where a request came from, and its number in the log."""

    address: str
    request_id: str = ""


@frozen
class DigestProof:
    """A Digest sign-in: whose it is, and the HA1 by which further requests with its nonce are known."""

    principal: Principal
    ha1: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What proves who somebody is beside the store itself; ``policies`` tells which accounts each source may enter."""

    directory: Directory | None = None
    bearer: Bearer = field(default_factory=Bearer)
    policies: Mapping[str, str] = field(default_factory=dict)

    def policy_of(self, source: str) -> str:
        """Return ``make`` or ``existing``."""
        issuer = self.bearer.issuers.get(source)
        policy = issuer.accounts if issuer is not None else self.policies.get(source, EXISTING)
        return MAKE if policy == MAKE else EXISTING


class SigningIn:
    """Answers who somebody is, for one store; shared by the doors and threads of a process.

    ``door_scopes`` are the scopes of tokens that open a single door, whichever; what they allow there is that door's to say.
    """

    def __init__(
        self,
        store: Store,
        passwords: Passwords,
        sources: Sources | None = None,
        brake: Brake | None = None,
        *,
        nonce_life: timedelta = timedelta(minutes=5),
        door_scopes: frozenset[str] = frozenset(),
    ) -> None:
        self.store = store
        self._door_scopes = door_scopes
        self._passwords = passwords
        self._sources = sources or Sources()
        self.brake = brake or Brake()
        self._nonce_life = nonce_life

    def by_password(self, name: str, password: str, visit: Visit) -> Principal:
        """Return the principal of a name and password: of an account, of one of its app passwords, or of the directory.

        A wrong password and an unknown name cost the same: a look-up, one check of Argon2id and, where there is a directory, one
        question to it.

        Raises:
            Unauthenticated: they are wrong, or the account is disabled or expired; which is not told.
            TooManyFailures: they are, once too often.
            DirectoryUnavailable: nobody here knows them, and the directory cannot be asked.
        """
        with self.store.database.read() as session:
            account = _account(session, name)
            # A look-up that finds takes longer than one that does not: each sign-in has one of either kind.
            accounts.find(session, _SOMEBODY if account is None else _NOBODY)
            kept = app_passwords.find(session, hash_of(password)) if password.startswith(PREFIX) else None
        try:
            return self._proven(account, kept, name, password)
        except (Unauthenticated, DirectoryUnavailable) as error:
            # While the directory is away, local passwords could be guessed without end if this were not counted.
            self.brake.note_failure(self.store, name, visit.address)
            # People type passwords into the field for the name, and the audit is kept for ever.
            known = name if account is not None else ""
            auditing.sign_in_failed(self.store, known, visit.address, visit.request_id, error.code)
            raise

    def _proven(self, account: Account | None, kept: AppPassword | None, name: str, password: str) -> Principal:
        now = self.store.clock.now()
        if kept is not None and account is not None and kept.principal_id == account.id:
            return self._by_app_password(account, kept, now)
        kept_hash = account.password_hash if account is not None and not account.source else None
        if self._passwords.fits(password, kept_hash) and account is not None:
            return _let_in(account, now, PASSWORD)
        user = None if self._sources.directory is None else self._sources.directory.check(name, password)
        if user is None:
            raise Unauthenticated()
        return self._enter(user)

    def _by_app_password(self, account: Account, kept: AppPassword, now: Instant) -> Principal:
        if kept.expires_at <= now:
            raise Unauthenticated()
        principal = replace(
            _let_in(account, now, APP_PASSWORD), scope=kept.scope, expires_at=min(account.expires_at, kept.expires_at)
        )
        self._touch(kept, now)
        return principal

    def by_digest(self, sent: DigestCredentials, method: str, visit: Visit) -> DigestProof:
        """Return whose app password proves a Digest header. That it is for the request's target, the caller has checked.

        App passwords are random and cannot be guessed, so the brake does not count what fails here. It would hold up programs
        that try each password by Digest first, where that is offered, and by Basic when it fails.

        Raises:
            Unauthenticated: none does.
            StaleNonce: one does, and the nonce has ended, or its key was removed.
        """
        now = self.store.clock.now()
        with self.store.database.read() as session:
            account = _account(session, sent.username)
            kept = app_passwords.all_of(session, account.id) if account is not None else []
        known = [(one, one.digest_sha256 if sent.algorithm == SHA_256 else one.digest_md5) for one in kept]
        for one, ha1 in known:
            if account is not None and ha1 is not None and proves(sent, ha1, method):
                try:
                    principal = replace(self._by_app_password(account, one, now), method=DIGEST)
                except Unauthenticated:
                    # Its time is over, or the account's.
                    break
                # Last: only whoever knows the password is told that another nonce is all it takes (RFC 7616, 3.3).
                self.check_nonce(sent.nonce)
                return DigestProof(principal, ha1)
        if any(ha1 is not None for _, ha1 in known):
            auditing.sign_in_failed(self.store, sent.username, visit.address, visit.request_id, DIGEST)
        raise Unauthenticated()

    def check_nonce(self, nonce: str) -> None:
        """Refuse a nonce that is not ours or has ended.

        Raises:
            StaleNonce.
        """
        nonces = self._nonces()
        if not nonces.is_ours(nonce) or nonces.is_stale(nonce, self.store.clock.now()):
            raise StaleNonce()

    def by_token(self, token: str, visit: Visit) -> Principal:
        """Return the principal of a bearer token: of an issuer, or of this store itself.

        A token is signed and cannot be guessed, and one that has ended is how clients learn to get the next. So its failures are
        told to the audit, and not counted by the brake.

        Raises:
            InvalidToken: it proves nobody.
            Forbidden: it proves somebody, and allows nothing here.
            DirectoryUnavailable: its issuer's keys cannot be had at the moment.
        """
        try:
            if is_local(token):
                return tokens.principal_of(self.store, token)
            proof = self._sources.bearer.proof(token, self.store.clock.now())
            return self._enter(proof.user, proof.ends_at)
        except Unauthenticated as error:
            reason = getattr(error, "reason", error.code)
            auditing.sign_in_failed(self.store, "", visit.address, visit.request_id, reason)
            raise

    def by_source(self, source: str, name: str, visit: Visit) -> Principal:
        """Return the principal of a user whom a proxy names, or a client certificate: who is asked is believed already.

        Raises:
            Unauthenticated: there is no account that may be entered.
        """
        try:
            return self._enter(ExternalUser(source, name))
        except Unauthenticated as error:
            auditing.sign_in_failed(self.store, name, visit.address, visit.request_id, f"{source}: {error.code}")
            raise

    def note_signed_in(self, principal: Principal, visit: Visit) -> None:
        """Tell the audit of a sign-in that did not go on from one before."""
        auditing.signed_in(self.store, principal, visit.address, visit.request_id, principal.method)

    def new_nonce(self) -> str:
        """Return a nonce for a Digest challenge."""
        return self._nonces().make(self.store.clock.now(), secrets.token_bytes(8))

    def _nonces(self) -> Nonces:
        # With the keys of now: one may have been added or removed.
        return Nonces(keys_of(self.store), self._nonce_life)

    def _enter(self, user: ExternalUser, ends_at: Instant = FOREVER) -> Principal:
        scope, policy = scope_of(user.scopes, self._door_scopes), self._sources.policy_of(user.source)
        principal = external_accounts.principal_of(self.store, user, scope, ends_at, policy=policy)
        return principal if user.scopes is None else replace(principal, scopes=frozenset(user.scopes))

    def _touch(self, kept: AppPassword, now: Instant) -> None:
        """Note that an app password is in use; a crash may forget it."""
        if kept.used_at is not None and now < after(kept.used_at, _BETWEEN_TOUCHES):
            return
        try:
            with self.store.database.write(durable=False) as tx:
                app_passwords.touch(tx, kept.id)
                tx.commit()
        except (Busy, QuotaExceeded) as error:
            # A sign-in to read needs neither the writer nor room on the disk.
            logger.warning("The use of an app password was not noted: %s", error)


def _account(session: Session, name: str) -> Account | None:
    """Return the account of a name; of one that is longer than any account's there is none to look for."""
    return None if len(name) > _LONGEST_NAME else accounts.find(session, name)


def _let_in(account: Account, now: Instant, method: str) -> Principal:
    if not account.may_sign_in(now):
        raise Unauthenticated()
    return replace(account.principal, method=method)


def scope_of(scopes: tuple[str, ...] | None, door_scopes: frozenset[str] = frozenset()) -> Scope:
    """Return what the scopes of a token allow together, in every door. With one that opens a single door that may be nothing.

    Raises:
        InsufficientScope: nothing anywhere.
    """
    if scopes is None:
        return UNRESTRICTED
    rights = NO_RIGHTS
    for scope in scopes:
        rights |= SCOPE_RIGHTS.get(scope, NO_RIGHTS)
    if rights == NO_RIGHTS and door_scopes.isdisjoint(scopes):
        raise InsufficientScope(SCOPE_RIGHTS)
    return Scope(rights)


def token_for(store: Store, principal: Principal, visit: Visit, life: timedelta) -> tokens.IssuedToken:
    """Return a token for whoever signed in otherwise; see ``tokens.issue``.

    Raises:
        Forbidden: it signed in with a token of whatever kind, which must not live on in its descendants.
    """
    if principal.method not in {PASSWORD, APP_PASSWORD, DIGEST, LDAP, CERTIFICATE, PROXY}:
        raise Forbidden("A token is not given for a token. Sign in with a password or a certificate.")
    return tokens.issue(store, Context(principal, request_id=visit.request_id, client=visit.address), principal, life)
