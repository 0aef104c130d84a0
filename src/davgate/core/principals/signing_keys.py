"""Keys of what this store signs. The newest signs; what an older one signed stays good until that key is removed."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from davgate.core.access import check_account
from davgate.core.recording import record
from davgate.core.rights import require_administrator
from davgate.core.store import Context, Store
from davgate.identity.local_tokens import KEY_BYTES
from davgate.model.errors_of_sign_in import AccountRefused
from davgate.storage.api import SigningKey, signing_keys


def keys_of(store: Store) -> Mapping[int, bytes]:
    """Return the keys of what this store signs, by their numbers; the first one is made when it is first needed."""
    with store.database.read() as session:
        known = signing_keys.all_keys(session)
    if not known:
        with store.database.write() as tx:
            known = signing_keys.all_keys(tx) or [signing_keys.add(tx, 1, secrets.token_bytes(KEY_BYTES))]
            tx.commit()
    return {one.no: one.key for one in known}


def rotate(store: Store, ctx: Context) -> SigningKey:
    """Make the key that signs from now on, and return it; nobody is signed out. Durable on return.

    Raises:
        Forbidden: the caller is no administrator of the store.
    """
    require_administrator(ctx)
    with store.database.write() as tx:
        check_account(tx, ctx, tx.now)
        known = signing_keys.all_keys(tx)
        made = signing_keys.add(tx, 1 + (known[0].no if known else 0), secrets.token_bytes(KEY_BYTES))
        record(tx, ctx, "rotate-key", (), None, no=made.no)
        tx.commit()
    return made


def all_keys(store: Store, ctx: Context) -> list[SigningKey]:
    """Return all keys, the newest first.

    Raises:
        Forbidden: the caller is no administrator of the store.
    """
    require_administrator(ctx)
    with store.database.read() as session:
        check_account(session, ctx, store.clock.now())
        return signing_keys.all_keys(session)


def remove(store: Store, ctx: Context, no: int) -> None:
    """Remove a key; what it signed is good no longer.

    The newest one stays, so that its number never names another key.

    Raises:
        AccountRefused: there is no key of this number, or it is the newest.
        Forbidden: the caller is no administrator of the store.
    """
    require_administrator(ctx)
    with store.database.write() as tx:
        check_account(tx, ctx, tx.now)
        known = signing_keys.all_keys(tx)
        if known and known[0].no == no:
            raise AccountRefused(f"Key {no} is the newest, which signs. Make another one first (davgate key rotate).")
        if not signing_keys.remove(tx, no):
            raise AccountRefused(f"There is no key {no}. Check the number.")
        record(tx, ctx, "remove-key", (), None, no=no)
        tx.commit()
