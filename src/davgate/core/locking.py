"""Locks: taking, refreshing and ending them. The rules are in ``model.locks``; they are asked inside the write transaction."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta

from davgate.core.access import LockAt, check_conditions, check_member_locks, locks_on, look_up
from davgate.core.content import settle
from davgate.core.editing import may_bring_back, write_content
from davgate.core.receiving import add_empty
from davgate.core.recording import change_of, record
from davgate.core.rights import require_node, require_parent, require_room, rights_at, rights_of, rights_on_new
from davgate.core.sessions import end_locks, overtake, refresh_lock
from davgate.core.store import Context, Store
from davgate.model.checkout import Act, Ruling, as_lock, rule
from davgate.model.editing import Arrival, is_transient_place
from davgate.model.errors import LockConflict, NotTheLockOwner, RefreshMismatch, TooManyLocks, UnknownLockToken
from davgate.model.frozen import frozen
from davgate.model.instant import Instant
from davgate.model.locks import Depth, Holding, Lock, Scope, begun_anew, conflicting, end_of, may_end, revivable_until
from davgate.model.names import check_new_name
from davgate.model.node import Cause, Node
from davgate.model.paths import TreePath, Where, to_text
from davgate.model.permissions import require
from davgate.model.rights import Right
from davgate.storage.api import Resolved, Transaction, check_outs, locks

logger = logging.getLogger(__name__)


@frozen
class LockRequest:
    """What kind of lock is asked for. ``timeout`` None leaves it to the policy; ``owner`` is the text that others are shown.

    Without ``token`` it gets a UUID for one; whoever brings one makes it unguessable. ``beside_check_out`` asks for it though
    somebody else has the document checked out. One that ``never_ends`` stands until somebody ends it.
    """

    scope: Scope
    depth: Depth
    owner: str
    timeout: timedelta | None
    holding: Holding = Holding.TOKEN
    is_stealable: bool = False
    token: str | None = None
    beside_check_out: bool = False
    never_ends: bool = False


@frozen
class Granted:
    """A lock that stands now, where its root is, and whether a pending document was made for it."""

    lock: Lock
    root: TreePath
    is_collection: bool
    now: Instant
    is_created: bool = False


def lock(store: Store, ctx: Context, where: Where, asked: LockRequest) -> Granted:
    """Take a lock. On a path where nothing is, a pending document is made and locked in the same commit.

    Of any number of requests at once, in whatever process, exactly one gets an exclusive lock.

    Raises:
        LockConflict: a lock that stands, here, above or for infinite depth below, forbids it.
        Locked: nothing is here, and the collection that would get a new member is locked.
        TooManyLocks: as many as may stand here, or the caller holds as many as it may.
        ParentMissing, InvalidName, NameTooLong, ReservedName, Forbidden, NotFound, PreconditionFailed.

    Source: RFC 4918, 9.10.
    """
    taken = _take(store, ctx, where, asked, durable=False) or _take(store, ctx, where, asked, durable=True)
    assert taken is not None
    return taken


def _take(store: Store, ctx: Context, where: Where, asked: LockRequest, *, durable: bool) -> Granted | None:
    """Take the lock; None, with nothing done, when a new document has to be durable and the transaction is not.

    A lock alone needs no disk flush of its own, and only the transaction knows whether there is anything at the path.
    """
    with store.database.write(durable=durable) as tx:
        found = look_up(tx, ctx, where, tx.now, reviving=False)
        node = _lockable(ctx, found) if isinstance(where, tuple) else require_node(found, ctx, Right.LOCK)
        check_conditions(tx, ctx, found, tx.now)
        standing = _inherited(found) if node is None else locks_on(found)
        _check_conflicts(tx, ctx, found, standing, asked)
        most = store.policy.locks
        if node is not None and len(found.locks.get(node.id, ())) >= most.per_node:
            raise TooManyLocks(f"As many locks stand here as may: {most.per_node}. Try again when one of them has ended.")
        overtake(tx, ctx, found, own_too=True)
        if node is not None and node.is_collection and asked.depth is Depth.INFINITY:
            locks.lose_below(tx, node.id)
        if node is None:
            if not durable:
                return None
            check_member_locks(ctx, found)
            node = write_content(store, tx, ctx, found, None, Cause.SAVE, arrival=Arrival.EMPTY).node
        elif found.check_out is not None and not found.check_out.stands and found.check_out.principal_id == ctx.principal.id:
            # Whoever locks a document anew knows that it is not checked out any more.
            check_outs.forget(tx, node.id)
        taken = _new_lock(store, tx, ctx, node, asked)
        if not locks.add(tx, taken, most.per_principal):
            raise TooManyLocks(f"You hold as many locks as you may: {most.per_principal}. End some of them, then try again.")
        record(tx, ctx, "lock", found.path, node.id, scope=asked.scope.value, depth=asked.depth.value)
        tx.commit()
    return Granted(taken, found.path, node.is_collection, tx.now, found.node is None)


def _new_lock(store: Store, tx: Transaction, ctx: Context, node: Node, asked: LockRequest) -> Lock:
    timeout = None if asked.never_ends else store.policy.locks.granted(asked.timeout)
    end = end_of(tx.now, timeout)
    return Lock(
        asked.token or store.new_uuid(),
        node.id,
        asked.scope,
        asked.depth,
        asked.holding,
        ctx.principal.id,
        asked.owner,
        timeout,
        end,
        revivable_until(end, store.policy.locks),
        asked.is_stealable,
    )


def _lockable(ctx: Context, found: Resolved) -> Node | None:
    """Return the node to lock, None when it has yet to be made, after the checks of rights and names."""
    if found.node is not None and (not found.path or Right.READ in rights_at(found, ctx, len(found.path))):
        require_node(found, ctx, Right.LOCK)
    else:
        # What one may not see answers as a free name does, until it would have to be given out.
        require_parent(found, ctx, Right.BIND)
        require_room(found, ctx)
        require(Right.LOCK, rights_on_new(found, ctx), found.path)
        check_new_name(found.path[:-1], found.path[-1])
    return found.node


def _inherited(found: Resolved) -> tuple[LockAt, ...]:
    """Return the locks that a new member would be under; the others on its collection only forbid adding it."""
    return tuple((one, path) for one, path in locks_on(found) if one.depth is Depth.INFINITY)


def _check_conflicts(tx: Transaction, ctx: Context, found: Resolved, standing: tuple[LockAt, ...], asked: LockRequest) -> None:
    roots = dict(standing)
    node = found.node
    held = [] if found.check_out is None or asked.beside_check_out else [(found.check_out, found.path)]
    if node is not None and node.is_collection and asked.depth is Depth.INFINITY:
        roots.update(locks.below(tx, node.id, found.path, tx.now))
        if found.has_check_outs:
            held += check_outs.below(tx, node.id, found.path)
    roots.update((as_lock(taken), path) for taken, path in held if rule(taken, ctx.principal, Act.LOCK) is Ruling.HELD)
    if conflicts := conflicting(asked.scope, roots):
        # Where somebody has locked what one may not see is not told.
        held_there = rights_of(tx, ctx, [one.node_id for one in conflicts])
        seen = (roots[one] if Right.READ in held_there[one.node_id] else found.path for one in conflicts)
        raise LockConflict(tuple(dict.fromkeys(seen)))


def refresh(
    store: Store,
    ctx: Context,
    where: Where,
    timeout: timedelta | None,
    *,
    is_stealable: bool | None = None,
    goes_on: bool = False,
) -> Granted:
    """Let a lock of the caller begin its span anew, or a new span; the token stays. With ``is_stealable`` that changes, too.

    What is named may be anything in the lock's scope. Where the span ``goes_on`` nothing but ``is_stealable`` changes.

    Raises:
        RefreshMismatch: no live lock with a submitted token of the caller affects what is here.
        NotFound, Forbidden, PreconditionFailed.

    Source: RFC 4918, 9.10.2.
    """
    with store.database.write(durable=False) as tx:
        found = look_up(tx, ctx, where, tx.now)
        check_conditions(tx, ctx, found, tx.now)
        require_node(found, ctx, Right.READ)
        own = [pair for pair in locks_on(found) if pair[0].token in ctx.tokens and pair[0].principal_id == ctx.principal.id]
        if not own:
            raise RefreshMismatch()
        held, root = own[0]
        if is_stealable is not None:
            held = replace(held, is_stealable=is_stealable)
        policy = store.policy.locks
        refreshed = held if goes_on else begun_anew(held, tx.now, policy.granted(timeout), policy)
        refresh_lock(tx, refreshed)
        record(tx, ctx, "refresh-lock", root, held.node_id)
        tx.commit()
    return Granted(refreshed, root, found.chain[len(root)].is_collection, tx.now)


def unlock(store: Store, ctx: Context, where: Where, token: str, *, by_force: bool = False) -> None:
    """End a lock. An administrator may end anybody's, ``by_force`` others one that is stealable; that is audited as a break.

    A document that was locked into being and never written gets its first version, without bytes.

    Raises:
        UnknownLockToken: no live lock with this token affects what is here.
        NotTheLockOwner: it is somebody else's.
        NotFound, PreconditionFailed.

    Source: RFC 4918, 9.11.
    """
    if not _end(store, ctx, where, token, by_force=by_force, durable=False):
        _end(store, ctx, where, token, by_force=by_force, durable=True)


def _end(store: Store, ctx: Context, where: Where, token: str, *, by_force: bool, durable: bool) -> bool:
    """End the lock; False, with nothing done, when a first version has to be durable and the transaction is not."""
    with store.database.write(durable=durable) as tx:
        found = look_up(tx, ctx, where, tx.now, reviving=False)
        require_node(found, ctx, Right.READ)
        check_conditions(tx, ctx, found, tx.now)
        ending, root = next((pair for pair in locks_on(found) if pair[0].token == token), (None, found.path))
        if ending is None:
            raise UnknownLockToken()
        if not may_end(ending, ctx.principal, rights_at(found, ctx, len(root)), by_force=by_force):
            raise NotTheLockOwner()
        locked = found.chain[len(root)]
        if locked.is_pending and not is_transient_place(root):
            if not durable:
                return False
            if may_bring_back(tx, ctx, found):
                # What left the name was emptied: that is its next content.
                write_content(store, tx, ctx, found, add_empty(store, tx, root[-1]), Cause.SAVE)
            else:
                session = ending if ending.principal_id == ctx.principal.id else None
                settled = settle(store, tx, ctx, locked, session=session)
                record(tx, ctx, Cause.CREATED.value, root, locked.id, change_of("content", settled))
        is_own = ending.principal_id == ctx.principal.id
        end_locks(tx, ctx, [token])
        record(tx, ctx, "unlock" if is_own else "break-lock", root, locked.id)
        tx.commit()
    if not is_own:
        logger.info("%s broke a lock on %s.", ctx.principal.name, to_text(root))
    return True


def standing(store: Store, ctx: Context, path: TreePath) -> tuple[LockAt, ...]:
    """Return the locks taken on a resource and on anything below it, with the paths of their roots.

    Raises:
        NotFound.
    """
    now = store.clock.now()
    with store.database.read(snapshot=True) as session:
        found = look_up(session, ctx, path, now)
        node = require_node(found, ctx, Right.READ)
        own = tuple((one, path) for one in found.locks.get(node.id, ()))
        below = locks.below(session, node.id, path, now)
        held = rights_of(session, ctx, [one.node_id for one, _ in below])
        return (*own, *(pair for pair in below if Right.READ in held[pair[0].node_id]))
