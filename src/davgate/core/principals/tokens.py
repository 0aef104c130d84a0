"""Short tokens for whoever signed in: made and read with the keys of the store.

A token names its scope by words: each right as ``right:read``, a tree as ``tree:17``. It ends with its time, with the account's
next change and with the key that signed it, and it never allows more than the sign-in that asked for it.
"""

from __future__ import annotations

from dataclasses import field, replace
from datetime import timedelta
from typing import Final

from davgate.core.access import check_account
from davgate.core.principals.accounts import principal_named, require_self_or_administrator
from davgate.core.principals.signing_keys import keys_of
from davgate.core.recording import record
from davgate.core.rights import require_administrator
from davgate.core.store import Context, Store
from davgate.identity.local_tokens import LocalToken, LocalTokens
from davgate.model.errors import Forbidden
from davgate.model.errors_of_sign_in import InvalidToken
from davgate.model.frozen import frozen
from davgate.model.instant import Instant, after
from davgate.model.principal import Principal
from davgate.model.rights import BY_NAME, NO_RIGHTS, UNRESTRICTED, Right, Scope, names_of
from davgate.storage.api import accounts, changes

METHOD: Final = "token"

_RIGHT: Final = "right:"
_TREE: Final = "tree:"


@frozen
class IssuedToken:
    """A token, which nothing keeps, and when it ends."""

    token: str = field(repr=False)
    expires_at: Instant


def _tokens_of(store: Store) -> LocalTokens:
    with store.database.read() as session:
        store_id, _ = changes.newest(session)
    return LocalTokens(store_id, keys_of(store))


def issue(store: Store, ctx: Context, who: Principal, life: timedelta) -> IssuedToken:
    """Return a token for a principal with its scope, once the audit tells of it; whether the caller may have it has been checked.

    It ends after its life, and no later than the sign-in of the principal.

    Raises:
        Forbidden: that sign-in ends within a second.
        Unauthenticated: the account was changed since the sign-in.
    """
    tokens = _tokens_of(store)
    with store.database.write() as tx:
        check_account(tx, ctx, tx.now)
        # Whole seconds, which is what a token can tell.
        expires_at = Instant(min(after(tx.now, life), who.expires_at) // 1_000_000 * 1_000_000)
        if expires_at <= tx.now:
            raise Forbidden("Your sign-in ends within a second. Sign in again.")
        token = tokens.issue(LocalToken(who.id, who.epoch, _words(who.scope), expires_at), tx.now)
        record(tx, ctx, "issue-token", (), None, name=who.name, method=who.method, expires_at=expires_at)
        tx.commit()
    return IssuedToken(token, expires_at)


def issue_for(store: Store, ctx: Context, name: str, life: timedelta) -> IssuedToken:
    """Return a token without restriction for the user or service of a name, once the audit tells of it.

    Raises:
        AccountRefused: there is none who may sign in.
        Forbidden: the caller is neither its holder nor an administrator of the store.
    """
    if ctx.principal.name != name:
        require_administrator(ctx)
    who = principal_named(store, name)
    require_self_or_administrator(ctx, who.id)
    return issue(store, ctx, who, life)


def principal_of(store: Store, token: str) -> Principal:
    """Return the principal for which this store issued a token, restricted as it was then.

    Raises:
        InvalidToken: it was not issued here, it has ended, or the account was changed since.
    """
    now = store.clock.now()
    read = _tokens_of(store).verify(token, now)
    with store.database.read() as session:
        account = accounts.find_by_id(session, read.principal_id)
    if account is None or account.principal.epoch != read.epoch or not account.may_sign_in(now):
        raise InvalidToken("its account was changed since it was issued")
    expires_at = min(read.expires_at, account.expires_at)
    return replace(account.principal, scope=_scope(read.scope), expires_at=expires_at, method=METHOD)


def _words(scope: Scope) -> tuple[str, ...] | None:
    if scope == UNRESTRICTED:
        return None
    tree = () if scope.tree_id is None else (f"{_TREE}{scope.tree_id}",)
    return (*(_RIGHT + name for name in names_of(scope.rights)), *tree)


def _scope(words: tuple[str, ...] | None) -> Scope:
    """Return what words allow; our own key signed them, so that one which is not known is of a davgate that knew more."""
    if words is None:
        return UNRESTRICTED
    rights, tree_id = NO_RIGHTS, None
    for word in words:
        if word.startswith(_RIGHT):
            rights |= BY_NAME.get(word.removeprefix(_RIGHT), NO_RIGHTS)
        elif word.startswith(_TREE):
            tree_id = int(word.removeprefix(_TREE))
        else:
            raise InvalidToken("it is restricted in a way that is not known here")
    return Scope(Right(rights), tree_id)
