"""App passwords: what a person gives to one program, restricted and revocable, and shown once.

Their secrets are random and long, so that one round of SHA-256 is enough to keep them by: there is nothing to guess.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import field
from typing import Final

from davgate.core.access import check_account, look_up
from davgate.core.principals.accounts import account_of, require_self_or_administrator
from davgate.core.recording import record
from davgate.core.rights import require_administrator, require_node
from davgate.core.store import Context, Store
from davgate.identity.digest import MD5, REALM, SHA_256, ha1
from davgate.model.errors_of_sign_in import AccountRefused
from davgate.model.frozen import frozen
from davgate.model.instant import FOREVER, Instant
from davgate.model.paths import TreePath
from davgate.model.principal import PrincipalKind
from davgate.model.rights import EVERYTHING, NO_RIGHTS, Right, Scope, names_of
from davgate.storage.api import Account, AppPassword, Session, accounts, app_passwords, catalog

PREFIX: Final = "dg-"
"""How every secret begins, so that people and programs that look for lost secrets know it."""

_ALPHABET: Final = "abcdefghijkmnpqrstuvwxyz23456789"
"""Without l, o, 0 and 1, which look alike."""
_CHARACTERS: Final = 26
"""Of 5 bits each: 130."""
_LONGEST_NAME: Final = 100
MOST: Final = 1000
"""Of one account: each sign-in by Digest and each look at the list reads them all."""


@frozen
class NewAppPassword:
    """What an app password is made from. ``tree`` restricts it to a folder or document and all below it.

    With ``with_digest`` it also serves Digest sign-in, for which more has to be kept of it than a hash of the secret alone.
    """

    name: str
    rights: Right = EVERYTHING
    tree: TreePath | None = None
    expires_at: Instant = FOREVER
    with_digest: bool = False


@frozen
class MadeAppPassword:
    """An app password with its secret, which nothing tells a second time."""

    kept: AppPassword
    secret: str = field(repr=False)


@frozen
class Listed:
    """An app password with its owner's name and the path of the tree that it is restricted to.

    ``tree`` is None for one without such a restriction, and for one whose tree was deleted, which then opens nothing.
    """

    kept: AppPassword
    owner: str
    tree: TreePath | None

    @property
    def is_without_tree(self) -> bool:
        """Whether what it is restricted to is not there any more."""
        return self.kept.scope.tree_id is not None and self.tree is None


def make(store: Store, ctx: Context, owner_name: str, new: NewAppPassword) -> MadeAppPassword:
    """Make an app password of a user or service; durable on return. Its owner's rights still decide: it only narrows them.

    Raises:
        AccountRefused: there is no such account, it has one of that name or as many as may be, or it would allow nothing.
        NotFound: there is no such tree that the caller may see.
        Forbidden: the caller is neither the owner nor an administrator of the store.
    """
    if not 1 <= len(new.name) <= _LONGEST_NAME or not new.name.isprintable():
        raise AccountRefused(f"The name of an app password has 1 to {_LONGEST_NAME} characters that can be read.")
    if new.rights == NO_RIGHTS:
        raise AccountRefused("An app password without any right is of no use. Give it some.")
    secret = PREFIX + "".join(secrets.choice(_ALPHABET) for _ in range(_CHARACTERS))
    with store.database.write() as tx:
        check_account(tx, ctx, tx.now)
        owner = _owner(tx, ctx, owner_name)
        if new.expires_at <= tx.now:
            raise AccountRefused("An app password ends after now. Choose a later time.")
        others = app_passwords.all_of(tx, owner.id)
        if len(others) >= MOST:
            raise AccountRefused(f"{owner_name} has {MOST} app passwords, as many as may be. Revoke one first.")
        if any(known.name == new.name for known in others):
            raise AccountRefused(f"{owner_name} has an app password {new.name!r} already. Revoke it, or choose another name.")
        tree_id = None if new.tree is None else require_node(look_up(tx, ctx, new.tree, tx.now), ctx, Right.READ).id
        # A sign-in that ends must not make a password that outlasts it.
        expires_at = min(new.expires_at, ctx.principal.expires_at) if ctx.principal.id == owner.id else new.expires_at
        kept = app_passwords.add(
            tx,
            owner.id,
            new.name,
            Scope(new.rights, tree_id),
            expires_at,
            secret_hash=hash_of(secret),
            digest_md5=ha1(MD5, owner.name, REALM, secret) if new.with_digest else None,
            digest_sha256=ha1(SHA_256, owner.name, REALM, secret) if new.with_digest else None,
        )
        record(
            tx,
            ctx,
            "make-app-password",
            new.tree or (),
            tree_id,
            name=new.name,
            owner=owner.name,
            rights=names_of(new.rights),
            expires_at=None if expires_at >= FOREVER else expires_at,
            with_digest=new.with_digest,
        )
        tx.commit()
    return MadeAppPassword(kept, secret)


def all_of(store: Store, ctx: Context, owner_name: str | None = None) -> list[Listed]:
    """Return the app passwords of an account by name, expired ones too; without one those of everybody.

    Raises:
        AccountRefused: there is no such account.
        Forbidden: the caller is neither the owner nor an administrator of the store.
    """
    with store.database.read(snapshot=True) as session:
        check_account(session, ctx, store.clock.now())
        if owner_name is None:
            require_administrator(ctx)
            kept = app_passwords.all_of(session)
        else:
            kept = app_passwords.all_of(session, _owner(session, ctx, owner_name).id)
        names = accounts.names_of(session, [one.principal_id for one in kept])
        return [Listed(one, names[one.principal_id], _tree_of(session, one)) for one in kept]


def _tree_of(session: Session, one: AppPassword) -> TreePath | None:
    return None if one.scope.tree_id is None else catalog.path_of(session, one.scope.tree_id)


def revoke(store: Store, ctx: Context, owner_name: str, name: str) -> None:
    """Remove an app password; a program that is signed in with it is shut out at once, in every process.

    Raises:
        AccountRefused: there is no such account, or it has no such app password.
        Forbidden: the caller is neither the owner nor an administrator of the store.
    """
    with store.database.write() as tx:
        check_account(tx, ctx, tx.now)
        owner = _owner(tx, ctx, owner_name)
        known = next((one for one in app_passwords.all_of(tx, owner.id) if one.name == name), None)
        if known is None:
            raise AccountRefused(f"{owner_name} has no app password {name!r}. Check the name.")
        app_passwords.remove(tx, known.id)
        accounts.end_sign_ins(tx, owner.id)
        record(tx, ctx, "revoke-app-password", (), None, name=name, owner=owner.name)
        tx.commit()


def _owner(session: Session, ctx: Context, name: str) -> Account:
    if ctx.principal.name != name:
        require_administrator(ctx)
    owner = account_of(session, name, PrincipalKind.USER, PrincipalKind.SERVICE)
    require_self_or_administrator(ctx, owner.id)
    return owner


def hash_of(secret: str) -> bytes:
    """Return what is kept of a secret to know it again: its SHA-256."""
    return hashlib.sha256(secret.encode()).digest()
