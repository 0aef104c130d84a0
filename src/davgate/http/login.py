"""Who makes a request: Basic sign-in (RFC 7617), one answer for all doors.

A password check takes a tenth of a second of all processors, and a drive signs in with every request. So a right answer is
remembered while it is used, in this process alone, under a keyed digest of the header: neither password nor header is kept. It is
only as good as the account's epoch, which every use case compares with the database in the statement that it runs anyway; a
changed password ends all remembered sign-ins at once, in every process.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
import threading
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from davgate.core import accounts
from davgate.core.store import Store
from davgate.model.errors import Unauthenticated
from davgate.model.instant import Instant, after
from davgate.model.principal import Principal

REALM = "davgate"
CHALLENGE = (("WWW-Authenticate", f'Basic realm="{REALM}", charset="UTF-8"'),)

_LONGEST_HEADER = 4096
_MOST_REMEMBERED = 10_000


class Login:
    """Finds the principal of a request; shared by all doors and threads of a process."""

    def __init__(self, store: Store, passwords: accounts.Passwords, remembered_for: timedelta) -> None:
        self._store = store
        self._passwords = passwords
        self._remembered_for = remembered_for
        self._key = secrets.token_bytes(32)
        self._remembered: dict[bytes, tuple[Principal, Instant]] = {}
        self._turns: dict[bytes, threading.Lock] = {}

    def principal_of(self, environ: dict[str, Any]) -> Principal:
        """Return the principal that the request's credentials belong to, and note its name in the environment for the log.

        Raises:
            Unauthenticated: there are none, or they are wrong.
        """
        header = environ.get("HTTP_AUTHORIZATION")
        if header is None:
            raise Unauthenticated("Sign in with user name and password.")
        digest = self._digest(header)
        principal = self._remembered_as(digest)
        if principal is None:
            # Of many requests that come at once, as a drive's do, one checks the password and the others wait for it.
            try:
                with self._turns.setdefault(digest, threading.Lock()):
                    principal = self._remembered_as(digest) or self._check(header, digest)
            finally:
                self._turns.pop(digest, None)
        environ["davgate.principal"] = principal.name
        return principal

    def confirmed_principal_of(self, environ: dict[str, Any]) -> Principal:
        """Return the principal of a request that runs no use case, which would compare the epoch.

        Raises:
            Unauthenticated: there are no credentials, or they are not good any more.
        """
        try:
            principal = self.principal_of(environ)
            accounts.confirm(self._store, principal)
        except Unauthenticated:
            if not self.forget(environ):
                raise
            principal = self.principal_of(environ)
        return principal

    def _remembered_as(self, digest: bytes) -> Principal | None:
        known = self._remembered.get(digest)
        now = self._store.clock.now()
        if known is None or known[1] <= now:
            return None
        self._remembered[digest] = (known[0], after(now, self._remembered_for))
        return known[0]

    def _check(self, header: str, digest: bytes) -> Principal:
        name, password = _credentials(header)
        principal = accounts.sign_in(self._store, self._passwords, name, password)
        if len(self._remembered) >= _MOST_REMEMBERED:
            self._remembered.clear()
        self._remembered[digest] = (principal, after(self._store.clock.now(), self._remembered_for))
        return principal

    def forget(self, environ: Mapping[str, Any]) -> bool:
        """Forget the sign-in that a request relied on; tell whether it was remembered, so that checking it anew may help."""
        header = environ.get("HTTP_AUTHORIZATION")
        return header is not None and self._remembered.pop(self._digest(header), None) is not None

    def _digest(self, header: str) -> bytes:
        return hashlib.blake2b(header.encode("utf-8", "surrogateescape"), key=self._key, digest_size=32).digest()


def _credentials(header: str) -> tuple[str, str]:
    r"""Return user name and password of a Basic header.

    Windows puts the domain or machine before the name (``DOMAIN\user``); it is cut, for no name here has a backslash.
    """
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic" or len(header) > _LONGEST_HEADER:
        raise Unauthenticated("Sign in with user name and password (Basic).")
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True)
        text = decoded.decode("utf-8")
    except UnicodeDecodeError:
        # Old programs encode in Latin-1, whatever charset the challenge names.
        text = decoded.decode("latin-1")
    except (binascii.Error, ValueError):
        raise Unauthenticated("The Authorization header cannot be read. Sign in with user name and password.") from None
    name, colon, password = text.partition(":")
    if not colon:
        raise Unauthenticated("The Authorization header has no password. Sign in with user name and password.")
    return name.rpartition("\\")[2], password
