"""Edit sessions: which lock a save is made under, and what the end of a lock does to the versions opened under it.

The model is RFC 3253's ``checkout-unlocked-checkin``: the first save under a lock opens a version, the others belong to it, the
end of the lock seals it. An open version carries its lock's token and end: it is sealed when the lock runs out though nobody
looks.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence

from davgate.core.access import locks_on, look_up
from davgate.core.recording import record
from davgate.core.rights import require_node
from davgate.core.store import Context, Store
from davgate.model.errors import NotACollection
from davgate.model.locks import Depth, Lock
from davgate.model.node import Node
from davgate.model.paths import TreePath
from davgate.model.rights import Right
from davgate.storage.api import Resolved, Session, Transaction, catalog, locks, versions


class VersionsPer(enum.Enum):
    """How many saves make a version."""

    SESSION = "session"
    SAVE = "save"


def session_under(store: Store, tx: Transaction, ctx: Context, found: Resolved) -> Lock | None:
    """Return the lock whose edit session a save at this path belongs to; None when it makes a version of its own."""
    if not ctx.editing:
        return None
    held = [lock for lock, _ in locks_on(found) if lock.principal_id == ctx.principal.id and lock.token in ctx.tokens]
    if not held or versions_per(store, tx, found.chain) is VersionsPer.SAVE:
        return None
    return held[-1]


def versions_per(store: Store, session: Session, chain: Sequence[Node]) -> VersionsPer:
    """Return how many saves make a version of what is at the end of a chain of nodes from the root down."""
    policies = catalog.version_policies(session)
    decided = (policies[node.id] for node in reversed(chain) if node.id in policies)
    return VersionsPer(next(decided, store.policy.versions_per))


def versions_per_in(store: Store, ctx: Context, collection: TreePath) -> VersionsPer:
    """Return how many saves make a version of what is in a collection.

    Raises:
        NotFound: there is nothing.
        NotACollection: there is a document.
    """
    with store.database.read() as session:
        found = look_up(session, ctx, collection, store.clock.now())
        if not require_node(found, ctx, Right.READ).is_collection:
            raise NotACollection(collection)
        return versions_per(store, session, found.chain)


def set_versions_per(store: Store, ctx: Context, collection: TreePath, per: VersionsPer | None) -> None:
    """Let a collection say how many saves make a version of what is in it; None lets it do as the one above. Durable on return.

    Raises:
        NotFound: there is nothing.
        NotACollection: there is a document.
        Forbidden.
    """
    with store.database.write() as tx:
        node = require_node(look_up(tx, ctx, collection, tx.now), ctx, Right.WRITE_PROPERTIES)
        if not node.is_collection:
            raise NotACollection(collection)
        catalog.set_version_policy(tx, node.id, None if per is None else per.value)
        record(tx, ctx, "version-policy", collection, node.id, per=None if per is None else per.value)
        tx.commit()


def refresh_lock(tx: Transaction, refreshed: Lock) -> None:
    """Give a lock its new end, and the session under it."""
    locks.refresh(tx, refreshed)
    versions.extend_session(tx, refreshed.token, refreshed.expires_at)


def end_locks(tx: Transaction, ctx: Context, tokens: Iterable[str]) -> None:
    """End locks with what the caller does, and seal what was written under them.

    Others who shared them did not ask for it: what they save late is known, and kept aside.
    """
    ending = tuple(tokens)
    locks.end(tx, ending, ctx.principal.id)
    break_locks(tx, ending)


def break_locks(tx: Transaction, tokens: Iterable[str]) -> None:
    """End locks against their holders: what these save late is known, and kept aside."""
    ending = tuple(tokens)
    for token in ending:
        versions.seal_session(tx, token)
    locks.lose(tx, ending)


def overtake(tx: Transaction, ctx: Context, found: Resolved, *, own_too: bool = False) -> None:
    """Take from the locks that ran out here their grace: somebody else has locked or written meanwhile."""
    if not found.ended_locks:
        return
    depth = len(found.path)
    lost = [
        lock.token
        for level, node in enumerate(found.chain)
        for lock in found.ended_locks.get(node.id, ())
        if (level == depth or lock.depth is Depth.INFINITY)
        and lock.revivable_until > tx.now
        and (own_too or lock.principal_id != ctx.principal.id)
    ]
    locks.lose(tx, lost)


def end_grace(tx: Transaction, found: Resolved, node: Node) -> None:
    """Take from the locks that ran out on what leaves its place, and below it, their grace: a lock does not travel."""
    locks.lose(tx, [lock.token for lock in found.ended_locks.get(node.id, ()) if lock.revivable_until > tx.now])
    if node.is_collection:
        locks.lose_below(tx, node.id)
