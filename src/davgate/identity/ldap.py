"""A directory that proves who somebody is, asked over LDAP (RFC 4511): the entry of a name, then a bind as that entry.

Each check has a connection of its own, and binds no other to a person's password. That costs a connect and a TLS handshake
and needs no rule for connections that have died meanwhile; a password that was right is remembered further up.
Whoever imports this module needs python-ldap, the extra ``ldap``.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import ldap
import ldap.dn

from davgate.identity.external import ExternalUser
from davgate.identity.ldap_text import filled, is_askable, own_spelling
from davgate.model.errors import Unauthenticated
from davgate.model.errors_of_sign_in import DirectoryUnavailable
from davgate.model.frozen import frozen

logger = logging.getLogger(__name__)

SOURCE: Final = "ldap"
MOST_GROUPS: Final = 1000
PAUSE: Final = timedelta(seconds=5)
"""Time in which a directory is left alone after none of its servers could be reached."""

_NO_ATTRIBUTES: Final = ["1.1"]  # RFC 4511, 4.5.1.8

_REFUSALS: Final = (
    ldap.INVALID_CREDENTIALS,  # also locked, expired and, to a direct bind, unknown
    ldap.NO_SUCH_OBJECT,
    ldap.INVALID_DN_SYNTAX,
    ldap.INAPPROPRIATE_AUTH,  # an entry without a password
    ldap.UNWILLING_TO_PERFORM,  # 389 Directory Server: an inactive account
    ldap.CONSTRAINT_VIOLATION,  # 389 Directory Server: locked after too many wrong passwords
    ldap.INSUFFICIENT_ACCESS,
)
"""What servers answer to a bind that proves nothing."""

_UNREACHABLE: Final = (ldap.SERVER_DOWN, ldap.CONNECT_ERROR, ldap.TIMEOUT, ldap.BUSY, ldap.UNAVAILABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectorySettings:
    """Where the directory is and how people and groups are found in it; each field means what the setting of its name does.

    People are found either by a search (``user_base``) or by the template of their distinguished names (``user_dn``).
    """

    urls: tuple[str, ...]
    start_tls: bool = True
    ca_file: Path | None = None
    bind_dn: str = ""
    bind_password: str = field(default="", repr=False)
    user_base: str = ""
    user_filter: str = "(&(objectClass=person)(uid={name}))"
    user_dn: str = ""
    name_attribute: str = "uid"
    group_base: str = ""
    group_filter: str = "(|(member={dn})(uniqueMember={dn})(memberUid={name}))"
    groups_attribute: str = ""
    timeout: timedelta = timedelta(seconds=5)


@frozen
class _Entry:
    dn: str
    attributes: dict[str, list[bytes]]

    def values(self, attribute: str) -> list[str]:
        """Return the values of an attribute; what is not text is left out.

        Active Directory gives many values in parts, ``memberOf;range=0-1499``: the first part counts for all, and is
        more than a sign-in may have.
        """
        found: list[str] = []
        for name, values in self.attributes.items():
            if name.lower().partition(";range=")[0] == attribute.lower():
                for value in values:
                    with suppress(UnicodeDecodeError):
                        found.append(value.decode())
        return found


class Directory:
    """A directory of one or several servers with the same content. Threads may share it."""

    def __init__(self, settings: DirectorySettings, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Check the settings, without a connection.

        Raises:
            ValueError: a setting that LDAP cannot work with; the message is a sentence that names it.
        """
        for name in ("user_base", "user_dn", "group_base"):
            if not ldap.dn.is_dn(getattr(settings, name)):
                raise ValueError(f"ldap.{name} must be a distinguished name such as ou=people,dc=example,dc=org")
        self._settings = settings
        self._monotonic = monotonic
        self._group_base = _parts(settings.group_base)
        self._first = 0
        self._resting_until = monotonic()
        for url in settings.urls:
            _Connection(url, settings, monotonic).close()

    def check(self, name: str, password: str) -> ExternalUser | None:
        """Return whom a name and password belong to; None when the directory does not know the name.

        Servers are asked one after the other until one answers, each for at most the time of the settings; the one that
        answered is asked first the next time. After none could be reached, all checks fail at once for ``PAUSE``, so
        that a directory which hangs does not keep the threads that others need.
        With ``user_dn`` an unknown name is a wrong password: a bind does not tell them apart.

        Raises:
            Unauthenticated: the password is wrong or expired, the account locked, or the name that of several entries.
            DirectoryUnavailable: no server answered, or none as it must; the log says why.
        """
        if not is_askable(name):
            return None
        if not password or "\0" in password:
            # A bind without a password is anonymous, and succeeds for any name (RFC 4513, 5.1.2).
            raise Unauthenticated()
        if self._monotonic() < self._resting_until:
            raise DirectoryUnavailable(SOURCE)
        reached = False
        for turn in range(self._first, self._first + len(self._settings.urls)):
            url = self._settings.urls[turn % len(self._settings.urls)]
            try:
                with self._connected(url) as server:
                    return self._proven(server, name, password)
            except (ldap.LDAPError, ValueError) as error:
                # ValueError: the file of certificates has gone, or a name in the directory is no UTF-8.
                reached = reached or not isinstance(error, _UNREACHABLE)
                logger.warning("%s cannot be asked who somebody is: %s", url, _reason(error))
                self._first = (turn + 1) % len(self._settings.urls)
        if not reached:
            # What one server refuses may concern this name alone; only silence is held against all of them.
            self._resting_until = self._monotonic() + PAUSE.total_seconds()
        raise DirectoryUnavailable(SOURCE)

    @contextmanager
    def _connected(self, url: str) -> Iterator[_Connection]:
        server = _Connection(url, self._settings, self._monotonic)
        try:
            if self._settings.start_tls and not url.startswith("ldaps:"):
                server.start_tls()
            yield server
        finally:
            server.close()

    def _proven(self, server: _Connection, name: str, password: str) -> ExternalUser | None:
        settings = self._settings
        if settings.user_dn:
            dn = filled(settings.user_dn, name=name)
            self._prove(server, dn, password)
            entry = self._entry(server, dn, ldap.SCOPE_BASE, "(objectClass=*)", name)
            if entry is None:
                raise ldap.NO_SUCH_OBJECT({"desc": "People cannot read their own entries"})
        else:
            server.bind(settings.bind_dn, settings.bind_password)
            entry = self._entry(server, settings.user_base, ldap.SCOPE_SUBTREE, filled(settings.user_filter, name=name), name)
            if entry is None:
                return None
        spelling = own_spelling(name, entry.values(settings.name_attribute))
        if spelling is None:
            logger.info("%r was found for %r and has another %s.", entry.dn, name, settings.name_attribute)
            return None
        if not settings.user_dn:
            self._prove(server, entry.dn, password)
            # Groups are for the account to read that searches, not for each person.
            if settings.group_base and not settings.groups_attribute:
                server.bind(settings.bind_dn, settings.bind_password)
        return ExternalUser(SOURCE, spelling, self._groups(server, entry, spelling))

    @staticmethod
    def _prove(server: _Connection, dn: str, password: str) -> None:
        try:
            server.bind(dn, password)
        except _REFUSALS as error:
            logger.info("The directory refuses a bind as %r: %s", dn, _reason(error))
            raise Unauthenticated() from None

    def _entry(self, server: _Connection, base: str, scope: int, filter: str, name: str) -> _Entry | None:
        """Return the one entry of a name, None when there is none."""
        attributes = [each for each in (self._settings.name_attribute, self._settings.groups_attribute) if each]
        try:
            found = server.search(base, scope, filter, attributes, 1)
        except ldap.SIZELIMIT_EXCEEDED:
            logger.warning("The directory has several entries for %r, so that none of them can sign in.", name)
            raise Unauthenticated() from None
        return found[0] if found else None

    def _groups(self, server: _Connection, entry: _Entry, name: str) -> tuple[str, ...]:
        """Return the common names of the groups below ``group_base`` that an entry is in, in order.

        Others do not count: who may make a group elsewhere in the directory could give it the name of any.
        """
        settings = self._settings
        if not settings.group_base:
            return ()
        if settings.groups_attribute:
            found = entry.values(settings.groups_attribute)
        else:
            filter = filled(settings.group_filter, dn=entry.dn, name=name)
            try:
                groups = server.search(settings.group_base, ldap.SCOPE_SUBTREE, filter, _NO_ATTRIBUTES, MOST_GROUPS)
            except ldap.SIZELIMIT_EXCEEDED:
                raise Unauthenticated(_too_many(settings)) from None
            found = [group.dn for group in groups]
        if len(found) > MOST_GROUPS:
            # Some of the groups would be rights by chance.
            raise Unauthenticated(_too_many(settings))
        return tuple(sorted({group for dn in found for group in _common_name(dn, self._group_base)}))


class _Connection:
    """A connection to one server, all of whose steps together end in the time of the settings.

    Only the look-up of the server's address is the resolver's to limit.
    """

    def __init__(self, url: str, settings: DirectorySettings, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._deadline = monotonic() + settings.timeout.total_seconds()
        self._ldap: Any = ldap.initialize(url)
        options = [
            (ldap.OPT_PROTOCOL_VERSION, ldap.VERSION3),
            (ldap.OPT_REFERRALS, 0),
            (ldap.OPT_DEREF, ldap.DEREF_NEVER),
            # Without this OpenLDAP 2.5 waits for ever, on a full core, for a server that is silent within the TLS handshake.
            (ldap.OPT_CONNECT_ASYNC, 1),
            # Said for each connection: ldap.conf and the environment may say otherwise.
            (ldap.OPT_X_TLS_REQUIRE_CERT, ldap.OPT_X_TLS_DEMAND),
            (ldap.OPT_X_TLS_REQUIRE_SAN, ldap.OPT_X_TLS_TRY),
            (ldap.OPT_X_TLS_PROTOCOL_MIN, ldap.OPT_X_TLS_PROTOCOL_TLS1_2),
        ]
        if settings.ca_file:
            options += [(ldap.OPT_X_TLS_CACERTFILE, str(settings.ca_file)), (ldap.OPT_X_TLS_CACERTDIR, "")]
        for option, value in options:
            self._ldap.set_option(option, value)
        try:
            self._ldap.set_option(ldap.OPT_X_TLS_NEWCTX, 0)
        except ValueError:
            raise ValueError("ldap.ca_file must name a readable file of certificates (PEM)") from None

    def close(self) -> None:
        """End the connection; nothing is waited for."""
        with suppress(ldap.LDAPError):
            self._ldap.unbind_s()

    def start_tls(self) -> None:
        """Have all that follows encrypted, with a server whose certificate is valid for its name (RFC 4513, 3)."""
        self._do(self._ldap.start_tls_s)

    def bind(self, dn: str, password: str) -> None:
        """Be somebody from here on; nobody without a name."""
        self._result(self._do(self._ldap.simple_bind, dn, password))

    def search(self, base: str, scope: int, filter: str, attributes: list[str], limit: int) -> list[_Entry]:
        """Return the entries that match, without references to other servers.

        Raises:
            ldap.SIZELIMIT_EXCEEDED: there are more than ``limit``, or than the server gives.
        """
        message = self._do(
            self._ldap.search_ext, base, scope, filter, attributes, timeout=max(1.0, self._remaining()), sizelimit=limit
        )
        found = [_Entry(dn, values) for dn, values in self._result(message) if dn is not None]
        if len(found) > limit:
            raise ldap.SIZELIMIT_EXCEEDED({"desc": "More entries than were asked for"})
        return found

    def _do(self, operation: Callable[..., Any], *values: object, **options: object) -> Any:
        """Send a request; the first one opens the connection."""
        for option in (ldap.OPT_NETWORK_TIMEOUT, ldap.OPT_TIMEOUT):
            self._ldap.set_option(option, self._remaining())
        return operation(*values, **options)

    def _result(self, message: int) -> list[tuple[str | None, dict[str, list[bytes]]]]:
        _, found, _, _ = self._ldap.result3(message, all=1, timeout=self._remaining())
        return found or []

    def _remaining(self) -> float:
        remaining = self._deadline - self._monotonic()
        if remaining <= 0:
            raise ldap.TIMEOUT({"desc": "Timed out"})
        return remaining


def _too_many(settings: DirectorySettings) -> str:
    narrow = "ldap.group_base" if settings.groups_attribute else "ldap.group_filter"
    return f"Your account is in more than {MOST_GROUPS} groups of the directory. Have the administrator narrow {narrow}."


def _parts(dn: str) -> list[frozenset[tuple[str, str]]]:
    """Return the parts of a distinguished name in a form in which equal ones are equal."""
    return [frozenset((key.lower(), value.casefold()) for key, value, _ in part) for part in ldap.dn.str2dn(dn)]


def _common_name(dn: str, base: list[frozenset[tuple[str, str]]]) -> list[str]:
    """Return the cn that names an entry below a base, if it lies there and has one."""
    try:
        parts = _parts(dn)
    except ldap.DECODING_ERROR:
        return []
    if len(parts) <= len(base) or parts[len(parts) - len(base) :] != base:
        return []
    return [value for key, value, _ in ldap.dn.str2dn(dn)[0] if key.lower() == "cn"]


def _reason(error: Exception) -> str:
    details = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
    reason, said = details.get("desc") or str(error) or type(error).__name__, details.get("info")
    if said == "(unknown error code)":
        # OpenLDAP with GnuTLS has no words for a certificate that it refuses.
        said = "is its certificate valid for this name, and signed as ldap.ca_file says?"
    return f"{reason} ({said!r:.200})" if said else reason
