"""Locks of doors without tokens: whoever signed in is the holder, and no request carries anything else that proves it.

What such a door may take for one's own is in the context, ``Context.signed_for``, or by its token like anywhere else. Any other
lock, one's own through another door too, stands in the way. The rules are those of ``core.locking``; here they are only put
together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from html import escape

from davgate.core import locking
from davgate.core.access import LockAt, check_conditions, check_locks, check_not_held, locks_on, look_up
from davgate.core.early_checks import require_replaceable
from davgate.core.locking import LockRequest
from davgate.core.objects import Changes, update_found
from davgate.core.recording import record
from davgate.core.rights import require_node, rights_at
from davgate.core.sessions import refresh_lock
from davgate.core.store import Context, Store
from davgate.model.checkout import Act
from davgate.model.errors import LockConflict, NotTheLockOwner, UnknownLockToken
from davgate.model.instant import Instant
from davgate.model.locks import Depth, Holding, Scope, begun_anew, is_proven, may_end
from davgate.model.node import Node
from davgate.model.rights import Right
from davgate.storage.api import Resolved, Transaction, locks


def lock(store: Store, ctx: Context, where: int | str, timeout: timedelta | None) -> None:
    """Let the caller hold the exclusive lock on a document for a span from now on: one of its own begins anew, or it takes one.

    Of any number of principals at once exactly one gets it. Without a span it never ends, and one of its own that never ends
    stays so.

    Raises:
        LockConflict, Locked: it is locked, and not by the caller in a way that shows here.
        NotFound, Forbidden, PreconditionFailed, TooManyLocks.
    """
    if _extend(store, ctx, where, timeout):
        return
    # On the drive others are told who it is by the text that locks have there, which is XML.
    owner = escape(ctx.principal.name, quote=False)
    asked = LockRequest(Scope.EXCLUSIVE, Depth.ZERO, owner, timeout, Holding.PRINCIPAL, never_ends=timeout is None)
    try:
        locking.lock(store, ctx, where, asked)
    except LockConflict:
        # Another request of the same principal may have been first.
        if not _extend(store, ctx, where, timeout):
            raise


def _extend(store: Store, ctx: Context, where: int | str, timeout: timedelta | None) -> bool:
    with store.database.write(durable=False) as tx:
        found = look_up(tx, ctx, where, tx.now)
        require_node(found, ctx, Right.LOCK)
        check_conditions(tx, ctx, found, tx.now)
        own = _own(ctx, found)
        if not own:
            return False
        check_locks(ctx, locks_on(found))
        _begin_anew(store, tx, ctx, own, timeout)
        tx.commit()
    return True


def replace_content(store: Store, ctx: Context, where: int | str, changes: Changes) -> Node:
    """Change a document as ``objects.update`` does, and let a lock that the caller holds by its sign-in begin its span anew."""
    with store.database.write() as tx:
        found = look_up(tx, ctx, where, tx.now)
        require_replaceable(tx, ctx, found, tx.now)
        node = update_found(store, tx, ctx, found, changes)
        # Only one that needs no token: the others are kept alive by those who have it.
        own = [pair for pair in _own(ctx, found) if pair[0].holding in ctx.signed_for]
        if own and own[0][0].timeout is not None:
            _begin_anew(store, tx, ctx, own, own[0][0].timeout)
        tx.commit()
    return node


def unlock(store: Store, ctx: Context, where: int | str, *, by_force: bool = False) -> None:
    """End the caller's locks on a document; without any nothing is to be done. ``by_force`` ends everybody's.

    Raises:
        Locked: it is locked or checked out, and not by the caller in a way that shows here.
        NotTheLockOwner: the caller may not end what others hold.
        NotFound, PreconditionFailed.
    """
    with store.database.read() as session:
        found = look_up(session, ctx, where, store.clock.now(), reviving=False)
        require_node(found, ctx, Right.READ)
        standing = locks_on(found)
        if by_force and not _may_end_all(ctx, found, standing):
            raise NotTheLockOwner()
        ending = standing if by_force else _own(ctx, found)
        if not ending:
            check_not_held(ctx, found, Act.LOCK)
            check_locks(ctx, standing)
    for one, _ in ending:
        # It may have ended by itself meanwhile.
        with suppress(UnknownLockToken):
            locking.unlock(store, ctx, where, one.token)


def _may_end_all(ctx: Context, found: Resolved, standing: tuple[LockAt, ...]) -> bool:
    """Tell whether the caller may end anybody's lock: it administers the document, and whatever a deep lock above it is on."""
    roots = {found.path, *(root for _, root in standing)}
    return all(Right.UNLOCK in rights_at(found, ctx, len(root)) for root in roots) and all(
        may_end(one, ctx.principal, rights_at(found, ctx, len(root))) for one, root in standing
    )


def _own(ctx: Context, found: Resolved) -> tuple[LockAt, ...]:
    return tuple(pair for pair in locks_on(found) if is_proven(pair[0], ctx.principal, ctx.tokens, ctx.signed_for))


def _begin_anew(store: Store, tx: Transaction, ctx: Context, own: Sequence[LockAt], timeout: timedelta | None) -> None:
    policy = store.policy.locks
    span = None if timeout is None else policy.granted(timeout)
    for held, root in own:
        # What others keep alive by a token ends as they have it: only what the sign-in holds can become a lock that never ends.
        if held.timeout is None or (timeout is None and held.holding not in ctx.signed_for):
            continue
        refresh_lock(tx, begun_anew(held, tx.now, span, policy))
        record(tx, ctx, "refresh-lock", root, held.node_id)


def taken_at(store: Store, tokens: Iterable[str]) -> Mapping[str, Instant]:
    """Return by token when locks were taken, however often they began anew."""
    with store.database.read() as session:
        return locks.taken_at(session, tokens)
