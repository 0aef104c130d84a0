"""Accounts of users and services: making and changing them, and checking a password.

Store administrators alone make and change accounts; whoever signed in without restriction changes the own password. Nobody is
ever removed, for the history names them: whoever leaves is disabled.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import replace

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from davgate.core.access import check_account
from davgate.core.recording import record
from davgate.core.rights import require_administrator
from davgate.core.store import SYSTEM_CONTEXT, Context, Store
from davgate.model.errors import Forbidden
from davgate.model.errors_of_sign_in import AccountRefused
from davgate.model.frozen import frozen
from davgate.model.instant import FOREVER, Instant
from davgate.model.names import check_text
from davgate.model.principal import SIGNED_IN_ID, SYSTEM_ID, Principal, PrincipalKind
from davgate.model.rights import UNRESTRICTED
from davgate.storage.api import Account, Session, Transaction, accounts

SHORTEST_PASSWORD = 8
SIGNED_IN = "signed-in"
"""How the group of all who sign in is written where a space would be in the way."""

_NAME = re.compile(r"(?! )[^:/\\]{1,128}(?<! )")


class Passwords:
    """Hashes and checks passwords with argon2id. One check costs tens of milliseconds, whether the account exists or not.

    No more than ``at_once`` go on at a time, the others wait: each has its memory, and takes from whoever is signed in.
    """

    def __init__(self, *, time_cost: int, memory_kib: int, parallelism: int, at_once: int = 1) -> None:
        self._hasher = PasswordHasher(time_cost, memory_kib, parallelism)
        self._turns = threading.BoundedSemaphore(at_once)
        self._nobody = self._hasher.hash("a password that nobody has")

    def hash(self, password: str) -> str:
        """Return the salted hash to keep."""
        return self._hasher.hash(password)

    def fits(self, password: str, kept: str | None) -> bool:
        """Tell whether a password is the one whose hash is kept; without one it costs the same and is false."""
        try:
            with self._turns:
                self._hasher.verify(kept or self._nobody, password)
        except (VerificationError, InvalidHashError):
            return False
        return kept is not None


# Who may


def require_self_or_administrator(ctx: Context, principal_id: int) -> None:
    """Refuse what concerns one account to all but its holder and store administrators, who signed in without restriction.

    A program with a restricted password must not get itself a better one, or one that outlives its own.

    Raises:
        Forbidden.
    """
    if ctx.principal.id != principal_id:
        require_administrator(ctx)
    elif ctx.principal.scope != UNRESTRICTED:
        raise Forbidden("You signed in with a restricted password. Sign in with your own one to do this.")


# Finding


def account_of(session: Session, name: str, *kinds: PrincipalKind) -> Account:
    """Return the principal of a name, if it is of one of these kinds; without any, of whatever kind.

    Raises:
        AccountRefused: there is none.
    """
    account = accounts.find_by_id(session, SIGNED_IN_ID) if name == SIGNED_IN else accounts.find(session, name)
    if account is None or (kinds and account.kind not in kinds) or account.id == SYSTEM_ID:
        what = " or ".join(kind.value for kind in kinds or PrincipalKind)
        raise AccountRefused(f"There is no {what} {name!r}. Check the name.")
    return account


def all_of(store: Store, ctx: Context, kind: PrincipalKind) -> list[Account]:
    """Return all accounts of a kind by name, without their groups.

    Raises:
        Forbidden: the caller is no administrator of the store.
    """
    require_administrator(ctx)
    with store.database.read() as session:
        check_account(session, ctx, store.clock.now())
        return [account for account in accounts.all_of(session, kind) if account.id != SYSTEM_ID]


def show(store: Store, ctx: Context, name: str, *kinds: PrincipalKind) -> Account:
    """Return one account with all its groups.

    Raises:
        AccountRefused: there is none.
        Forbidden: the caller is neither its holder nor an administrator of the store.
    """
    if ctx.principal.name != name:
        require_administrator(ctx)
    with store.database.read() as session:
        check_account(session, ctx, store.clock.now())
        return account_of(session, name, *kinds)


def names_of(store: Store, principal_ids: Iterable[int]) -> dict[int, str]:
    """Return the names of principals by their ids."""
    with store.database.read() as session:
        return accounts.names_of(session, principal_ids)


# Making


@frozen
class NewUser:
    """What an account is made from. Without a password another source has to prove who it is: ``source``, or any if empty.

    Whom a source proves has no password here.
    """

    name: str
    password: str | None
    is_admin: bool = False
    expires_at: Instant = FOREVER
    source: str = ""


def add_user(store: Store, passwords: Passwords, new: NewUser, ctx: Context = SYSTEM_CONTEXT) -> int:
    """Make an account and return its principal id; durable on return.

    Raises:
        AccountRefused: the name is taken or unfit, or the password is too short or the name itself.
        Malformed: the password is no text.
        Forbidden: the caller is no administrator of the store.
    """
    require_administrator(ctx)
    new = replace(new, name=fit_name(new.name))
    if new.source and new.password is not None:
        raise AccountRefused(f"The source {new.source!r} proves who {new.name} is, so it has no password here.")
    password_hash = None if new.password is None else _hashed(passwords, new.name, new.password)
    with store.database.write() as tx:
        check_account(tx, ctx, tx.now)
        principal_id = add_principal(tx, PrincipalKind.USER, new, password_hash)
        detail = {"source": new.source} if new.source else {}
        record(tx, ctx, "add-user", (), None, name=new.name, is_admin=new.is_admin, **detail)
        tx.commit()
    return principal_id


def add_service(store: Store, ctx: Context, name: str, expires_at: Instant = FOREVER) -> int:
    """Make an account for a program and return its id; it has no password, only app passwords. Durable on return.

    Raises:
        AccountRefused: the name is taken or unfit.
        Forbidden: the caller is no administrator of the store.
    """
    require_administrator(ctx)
    name = fit_name(name)
    with store.database.write() as tx:
        check_account(tx, ctx, tx.now)
        principal_id = add_principal(tx, PrincipalKind.SERVICE, NewUser(name, None, expires_at=expires_at))
        record(tx, ctx, "add-service", (), None, name=name)
        tx.commit()
    return principal_id


def add_principal(tx: Transaction, kind: PrincipalKind, new: NewUser, password_hash: str | None = None) -> int:
    """Store a principal whose name is fit, and return its id.

    Raises:
        AccountRefused: somebody has the name.
    """
    if accounts.find(tx, new.name) is not None:
        raise AccountRefused(f"The name {new.name!r} is taken. Choose another name.")
    return accounts.add(
        tx,
        new.name,
        kind,
        password_hash=password_hash,
        is_admin=new.is_admin,
        expires_at=new.expires_at,
        source=new.source,
    )


def fit_name(name: str) -> str:
    """Return the name of a new principal in the one spelling that looks so (NFC), in which programs send it (RFC 7617, 2.1).

    Raises:
        AccountRefused: no principal can be called so.
    """
    composed = unicodedata.normalize("NFC", name)
    if not _NAME.fullmatch(composed) or not composed.isprintable():
        raise AccountRefused("A user name has 1 to 128 characters that can be read, and no colon, slash or backslash.")
    if composed == SIGNED_IN:
        raise AccountRefused(f"The name {name!r} is taken. Choose another name.")
    return composed


def _hashed(passwords: Passwords, name: str, password: str) -> str:
    if len(password) < SHORTEST_PASSWORD or password == name:
        raise AccountRefused(f"A password has at least {SHORTEST_PASSWORD} characters and is not the user name.")
    check_text(password)
    return passwords.hash(password)


# Changing


def change_password(store: Store, passwords: Passwords, ctx: Context, name: str, password: str) -> None:
    """Give a user another password; every remembered sign-in with the old one ends at once. App passwords stay good.

    Raises:
        AccountRefused: there is no such user, another source proves who it is, or the password is unfit.
        Malformed: the password is no text.
        Forbidden: the caller is neither the user nor an administrator of the store.
    """
    if ctx.principal.name != name:
        require_administrator(ctx)
    password_hash = _hashed(passwords, name, password)

    def changed(account: Account) -> Account:
        require_self_or_administrator(ctx, account.id)
        if account.source:
            raise AccountRefused(f"The source {account.source!r} proves who {name} is. Change the password there.")
        return replace(account, password_hash=password_hash)

    _change(store, ctx, name, PrincipalKind.USER, "change-password", changed)


def set_disabled(store: Store, ctx: Context, name: str, kind: PrincipalKind, *, is_disabled: bool) -> None:
    """Shut a user or service out, or let it in again; what it did and has stays.

    Raises:
        AccountRefused: there is no such account, or it is the last administrator.
        Forbidden: the caller is no administrator of the store.
    """
    require_administrator(ctx)
    action = f"{'disable' if is_disabled else 'enable'}-{kind.value}"
    _change(store, ctx, name, kind, action, lambda account: replace(account, is_disabled=is_disabled))


def set_expiry(store: Store, ctx: Context, name: str, kind: PrincipalKind, expires_at: Instant) -> None:
    """Shut a user or service out from an instant on.

    Raises:
        AccountRefused: there is no such account, or it is the last administrator who stays.
        Forbidden: the caller is no administrator of the store.
    """
    require_administrator(ctx)
    detail = {"expires_at": None if expires_at >= FOREVER else expires_at}
    _change(store, ctx, name, kind, f"expire-{kind.value}", lambda account: _expiring(account, expires_at), **detail)


def _expiring(account: Account, expires_at: Instant) -> Account:
    return replace(account, principal=replace(account.principal, expires_at=expires_at))


def set_admin(store: Store, ctx: Context, name: str, *, is_admin: bool) -> None:
    """Make a user an administrator of the store, or let it be one no longer.

    Raises:
        AccountRefused: there is no such user, or it is the last administrator.
        Forbidden: the caller is no administrator of the store.
    """
    require_administrator(ctx)
    action = "promote-user" if is_admin else "demote-user"

    def changed(account: Account) -> Account:
        return replace(account, principal=replace(account.principal, is_admin=is_admin))

    _change(store, ctx, name, PrincipalKind.USER, action, changed)


def _change(
    store: Store,
    ctx: Context,
    name: str,
    kind: PrincipalKind,
    action: str,
    change: Callable[[Account], Account],
    **detail: object,
) -> None:
    with store.database.write() as tx:
        check_account(tx, ctx, tx.now)
        before = account_of(tx, name, kind)
        changed = change(before)
        if changed == before:
            return
        _require_administrator_left(tx, before, changed)
        accounts.change(tx, changed)
        record(tx, ctx, action, (), None, name=name, **detail)
        tx.commit()


def _require_administrator_left(tx: Transaction, before: Account, changed: Account) -> None:
    """Refuse a change by which the store would be without an administrator sooner than it is now."""
    lasting = _administers_until(before)
    if lasting <= tx.now or _administers_until(changed) >= lasting:
        return
    if accounts.administered_until(tx, besides=before.id) < lasting:
        raise AccountRefused(f"{before.name} is the last administrator of the store. Make somebody else one first.")


def _administers_until(account: Account) -> Instant:
    is_one = account.kind is PrincipalKind.USER and account.principal.is_admin and not account.is_disabled
    return account.expires_at if is_one else Instant(0)


# For whoever has signed in


def principal_named(store: Store, name: str) -> Principal:
    """Return the user or service of a name, for a command that acts as somebody: whoever can open the store may act as anybody.

    Raises:
        AccountRefused: there is none, or the account is disabled or expired.
    """
    with store.database.read() as session:
        account = accounts.find(session, name)
    if account is None or not account.may_sign_in(store.clock.now()):
        raise AccountRefused(f"There is no user {name!r} who may sign in. Check the name.")
    return account.principal


def confirm(store: Store, principal: Principal) -> None:
    """Refuse a principal whose account was changed or disabled since it signed in.

    Raises:
        Unauthenticated: it was.
    """
    with store.database.read() as session:
        check_account(session, Context(principal), store.clock.now())
