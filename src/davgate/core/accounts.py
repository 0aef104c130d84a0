"""Accounts: making them and checking a password."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from davgate.core.access import check_account
from davgate.core.recording import record
from davgate.core.store import SYSTEM_CONTEXT, Context, Store
from davgate.model.errors import AccountRefused, Unauthenticated
from davgate.model.principal import Principal, PrincipalKind
from davgate.storage.api import accounts

SHORTEST_PASSWORD = 8
_NAME = re.compile(r"[^\x00-\x20\x7f:/\\]([^\x00-\x1f\x7f:/\\]{0,126}[^\x00-\x20\x7f:/\\])?")


class Passwords:
    """Hashes and checks passwords with argon2id. One check costs tens of milliseconds, whether the account exists or not."""

    def __init__(self, *, time_cost: int, memory_kib: int, parallelism: int) -> None:
        self._hasher = PasswordHasher(time_cost, memory_kib, parallelism)
        self._nobody = self._hasher.hash("a password that nobody has")

    def hash(self, password: str) -> str:
        """Return the salted hash to keep."""
        return self._hasher.hash(password)

    def fits(self, password: str, kept: str | None) -> bool:
        """Tell whether a password is the one whose hash is kept; without one it costs the same and is false."""
        try:
            self._hasher.verify(kept or self._nobody, password)
        except (VerificationError, InvalidHashError):
            return False
        return kept is not None


@dataclass(frozen=True, slots=True)
class NewUser:
    """What an account is made from."""

    name: str
    password: str
    is_admin: bool = False


def add_user(store: Store, passwords: Passwords, new: NewUser) -> int:
    """Make an account and return its principal id; durable on return.

    Raises:
        AccountRefused: the name is taken or unfit, or the password is too short or the name itself.
    """
    if not _NAME.fullmatch(new.name):
        raise AccountRefused("A user name has 1 to 128 characters, and no colon, slash, backslash or control character.")
    if len(new.password) < SHORTEST_PASSWORD or new.password == new.name:
        raise AccountRefused(f"A password has at least {SHORTEST_PASSWORD} characters and is not the user name.")
    password_hash = passwords.hash(new.password)
    with store.database.write() as tx:
        if accounts.is_taken(tx, new.name):
            raise AccountRefused(f"The name {new.name!r} is taken. Choose another name.")
        principal_id = accounts.add(tx, new.name, PrincipalKind.USER, password_hash=password_hash, is_admin=new.is_admin)
        record(tx, SYSTEM_CONTEXT, "add-user", (), None, name=new.name, is_admin=new.is_admin)
        tx.commit()
    return principal_id


def sign_in(store: Store, passwords: Passwords, name: str, password: str) -> Principal:
    """Return the principal that a name and password belong to.

    Raises:
        Unauthenticated: the name is unknown, the password wrong or the account disabled; which of them is not told.
    """
    with store.database.read() as session:
        account = accounts.find(session, name)
    is_right = passwords.fits(password, account.password_hash if account else None)
    if account is None or account.is_disabled or not is_right:
        raise Unauthenticated("User name or password is wrong.")
    return account.principal


def principal_named(store: Store, name: str) -> Principal:
    """Return the user of a name, for who may act as any: whoever can open the store.

    Raises:
        AccountRefused: there is no such user, or the account is disabled.
    """
    with store.database.read() as session:
        account = accounts.find(session, name)
    if account is None or account.is_disabled:
        raise AccountRefused(f"There is no user {name!r} who may sign in. Check the name.")
    return account.principal


def names_of(store: Store, principal_ids: Iterable[int]) -> dict[int, str]:
    """Return the names of principals by their ids."""
    with store.database.read() as session:
        return accounts.names_of(session, principal_ids)


def confirm(store: Store, principal: Principal) -> None:
    """Refuse a principal whose account was changed or disabled since it signed in.

    Raises:
        Unauthenticated: it was.
    """
    with store.database.read() as session:
        check_account(session, Context(principal), store.clock.now())
