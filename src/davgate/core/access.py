"""May this request do this here: rights, locks and conditions, checked against what a path leads to.

Every use case begins with ``look_up`` and calls the checks it needs, in this order: existence and rights, conditions, locks. A
write does so twice: before its body, to refuse early, and inside its transaction, which is the check that counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from davgate.core.rights import rights_at
from davgate.core.store import Context
from davgate.model import etag
from davgate.model import locks as lock_rules
from davgate.model.checkout import Act, Ruling, rule
from davgate.model.conditions import ResourceState, Verdict, evaluate
from davgate.model.errors import Locked, PreconditionFailed, Unauthenticated
from davgate.model.errors_of_versions import CheckedOut
from davgate.model.instant import Instant
from davgate.model.locks import Lock
from davgate.model.node import Node, NodeKind
from davgate.model.paths import TreePath, Where, is_inside
from davgate.model.rights import Right
from davgate.storage.api import (
    MemberRow,
    Resolved,
    Session,
    Transaction,
    check_outs,
    dances,
    locks,
    resolve,
)

LockAt = tuple[Lock, TreePath]
"""A lock and the path of its root."""


def look_up(
    session: Session,
    ctx: Context,
    where: Where,
    now: Instant,
    *,
    with_body: bool = False,
    with_stored_bytes: bool = False,
    reviving: bool = True,
    with_objects: bool = False,
) -> Resolved:
    """Return what a path, an inner id or a UUID leads to for this principal.

    The UUID of a document that became part of another one leads to that. An object that is neither document nor collection is
    found with ``with_objects`` alone: the doors that know none need not ask what they have found.

    A lock that ran out is alive again when its holder submits the token in time and nobody else has locked or written
    meanwhile; inside a transaction it is alive again for everybody, once that commits.

    Raises:
        Unauthenticated: the account was changed or disabled since the sign-in that the context carries.
    """
    found = resolve(session, where, ctx.principal, now, with_body=with_body, with_stored_bytes=with_stored_bytes)
    if isinstance(where, str) and found.node is None and (successor_id := dances.successor_of(session, where)) is not None:
        found = resolve(session, successor_id, ctx.principal, now, with_body=with_body, with_stored_bytes=with_stored_bytes)
    require_signed_in(ctx, found.caller_epoch, now)
    # Nothing is below such an object, so that only the last of the chain can be one.
    if not with_objects and found.chain and found.chain[-1].kind is NodeKind.OBJECT:
        return replace(found, chain=found.chain[:-1])
    if reviving and ctx.tokens and found.ended_locks:
        return _with_revived_locks(session, ctx, found, now)
    return found


def require_signed_in(ctx: Context, epoch: int | None, now: Instant) -> None:
    """Refuse a request whose account is not what it signed in to; ``epoch`` is the account's present one.

    Raises:
        Unauthenticated: the account was changed or disabled since, or the sign-in has run out.
    """
    if epoch != ctx.principal.epoch or ctx.principal.expires_at <= now:
        raise Unauthenticated("Your account was changed since you signed in. Sign in again.")


def check_account(session: Session, ctx: Context, now: Instant) -> None:
    """Refuse a request that looks up nothing in the tree of today, when its account is not what it signed in to.

    Raises:
        Unauthenticated: see ``look_up``.
    """
    look_up(session, ctx, (), now, reviving=False)


def _with_revived_locks(session: Session, ctx: Context, found: Resolved, now: Instant) -> Resolved:
    if rule(found.check_out, ctx.principal, Act.LOCK) is Ruling.HELD:
        return found
    standing = [lock for lock, _ in locks_on(found)]
    again = [
        lock_rules.revived(lock, now)
        for lock in ended_locks_on(found)
        if lock_rules.is_revivable(lock, ctx.principal, ctx.tokens, now, standing)
    ]
    if not again:
        return found
    if isinstance(session, Transaction):
        for lock in again:
            locks.refresh(session, lock)
    live = dict(found.locks)
    for lock in again:
        live[lock.node_id] = (*live.get(lock.node_id, ()), lock)
    tokens = {lock.token for lock in again}
    ended = {
        node_id: tuple(lock for lock in of_node if lock.token not in tokens) for node_id, of_node in found.ended_locks.items()
    }
    return replace(found, locks=live, ended_locks=ended)


def ended_locks_on(found: Resolved) -> tuple[Lock, ...]:
    """Return the locks that affected what is at the path until they ended a while ago."""
    ended: list[Lock] = []
    for level, node in enumerate(found.chain):
        own = found.ended_locks.get(node.id, ())
        ended += own if level == len(found.path) else lock_rules.effective((), own)
    return tuple(ended)


def locks_at(found: Resolved, depth: int) -> tuple[LockAt, ...]:
    """Return the locks that affect the node at a depth of the path: its own and the deep ones above it, the outermost first."""
    standing: list[LockAt] = []
    for level, node in enumerate(found.chain[: depth + 1]):
        own = found.locks.get(node.id, ())
        affecting = own if level == depth else lock_rules.effective((), own)
        standing += [(lock, found.path[:level]) for lock in affecting]
    return tuple(standing)


def locks_on(found: Resolved) -> tuple[LockAt, ...]:
    """Return the locks that affect what is at the path, or would affect it if it existed."""
    depth = len(found.path)
    return locks_at(found, depth if found.node is not None else depth - 1)


def check_conditions(
    session: Session,
    ctx: Context,
    found: Resolved,
    now: Instant,
    *,
    reading: bool = False,
    target: ResourceState | None = None,
) -> Verdict:
    """Hold the request's conditions against what is at the path; return PROCEED or, when reading, NOT_MODIFIED.

    ``target`` is the state of what the request names when that is not in the tree of today.

    Raises:
        PreconditionFailed: one does not hold.
    """
    if ctx.conditions.is_empty:
        return Verdict.PROCEED
    verdict = evaluate(
        ctx.conditions,
        target or _state_of(found, ctx),
        lambda path: _state_of(found if path == found.path else look_up(session, ctx, path, now), ctx),
        reading=reading,
    )
    if verdict is Verdict.FAILED:
        raise PreconditionFailed()
    return verdict


def check_read_conditions(ctx: Context, state: ResourceState) -> bool:
    """Hold the conditions of a request against what it reads of the past; tell whether the content is to be sent.

    Raises:
        PreconditionFailed: one does not hold.
    """
    if ctx.conditions.is_empty:
        return True
    verdict = evaluate(ctx.conditions, state, lambda _: ResourceState(exists=False), reading=True)
    if verdict is Verdict.FAILED:
        raise PreconditionFailed()
    return verdict is not Verdict.NOT_MODIFIED


def state_then(row: MemberRow) -> ResourceState:
    """Return what conditions are held against of a row of the past: its date, and the tag that is shown of such a row."""
    uuid, kind, modified_at, digest = row[1], row[2], row[6], row[8]
    of_nothing = etag.of_pending(uuid) if kind == NodeKind.DOCUMENT.value else None
    return ResourceState(True, of_nothing if digest is None else etag.of_content(digest), Instant(modified_at))


def _state_of(found: Resolved, ctx: Context) -> ResourceState:
    tokens = frozenset(lock.token for lock, _ in locks_on(found))
    node = found.node
    # A condition that held for what one may not read would tell of its bytes: the tag is their digest.
    if node is None or Right.READ not in rights_at(found, ctx, len(found.path)):
        return ResourceState(exists=False, tokens=tokens)
    return ResourceState(True, node.etag, node.modified_at, tokens, node.former_etag, node.metadata_etag)


def check_locks(ctx: Context, standing: Iterable[LockAt]) -> None:
    """Refuse unless the request carries what the locks on one resource ask for.

    Raises:
        Locked: with the roots of the locks that forbid it.
    """
    by_lock = dict(standing)
    forbidding = lock_rules.unsatisfied(tuple(by_lock), ctx.principal, ctx.tokens, ctx.signed_for)
    if forbidding:
        raise Locked(tuple(by_lock[lock] for lock in forbidding))


def check_write_locks(ctx: Context, found: Resolved) -> None:
    """Refuse to change the content or properties of what is at the path while it is locked.

    Raises:
        Locked: see ``check_locks``.

    Source: RFC 4918, 7.
    """
    check_locks(ctx, locks_on(found))


def check_member_locks(ctx: Context, found: Resolved) -> None:
    """Refuse to add or remove the member at the path while its collection is locked.

    Raises:
        Locked: see ``check_locks``.

    Source: RFC 4918, 7.4: a lock on a collection, of whatever depth, protects its membership.
    """
    check_locks(ctx, locks_at(found, len(found.path) - 1))


def check_write_or_member_locks(ctx: Context, found: Resolved) -> None:
    """Refuse while locks or a check-out forbid to write the document at the path, or to add it to its collection.

    Raises:
        Locked: see ``check_locks``.
        CheckedOut: somebody else has it.
    """
    if found.node is None:
        check_member_locks(ctx, found)
    else:
        check_not_held(ctx, found, Act.WRITE)
        check_write_locks(ctx, found)


def check_not_held(ctx: Context, found: Resolved, act: Act) -> None:
    """Refuse an act on a document that somebody else has checked out.

    Raises:
        CheckedOut.
    """
    if found.check_out is not None and rule(found.check_out, ctx.principal, act) is Ruling.HELD:
        raise CheckedOut(found.path, found.check_out.principal_name)


def check_removal_locks(session: Session, ctx: Context, found: Resolved, node: Node, now: Instant) -> tuple[str, ...]:
    """Refuse to take a node out of its place while it, its membership or anything below it is locked.

    Returns the tokens of the locks that end with the removal: those on the node and below it (RFC 4918, 9.6 and 9.9).

    Raises:
        Locked: see ``check_locks``.
        CheckedOut: somebody else has it, or anything below it, checked out.
    """
    check_member_locks(ctx, found)
    check_not_held(ctx, found, Act.REMOVE)
    check_write_locks(ctx, found)
    if node.is_collection and found.has_check_outs:
        for taken, path in check_outs.below(session, node.id, found.path):
            if rule(taken, ctx.principal, Act.REMOVE) is Ruling.HELD:
                raise CheckedOut(path, taken.principal_name)
    ending = [lock.token for lock in found.locks.get(node.id, ())]
    if node.is_collection:
        below = locks.below(session, node.id, found.path, now)
        deep = [pair for pair in (*locks_on(found), *below) if pair[0].depth is lock_rules.Depth.INFINITY]
        # Of shared locks one's own may be a deep one further up, so each member is held against all that affect it.
        for root in dict.fromkeys(path for _, path in below):
            own = [pair for pair in below if pair[1] == root]
            check_locks(ctx, own + [pair for pair in deep if pair[1] != root and is_inside(root, pair[1])])
        # Members without a lock of their own are under the deep ones alone; a document is taken for a collection here.
        for root in dict.fromkeys((found.path, *(path for _, path in deep if is_inside(path, found.path)))):
            check_locks(ctx, [pair for pair in deep if is_inside(root, pair[1])])
        ending += [lock.token for lock, _ in below]
    return tuple(ending)


def check_untouched(session: Session, found: Resolved, node: Node, now: Instant) -> None:
    """Refuse while anybody has locked a node or anything below it, or has it checked out, the caller too.

    Raises:
        CheckedOut, Locked.
    """
    taken = [] if found.check_out is None or not found.check_out.stands else [(found.check_out, found.path)]
    if node.is_collection and found.has_check_outs:
        taken += check_outs.below(session, node.id, found.path)
    if taken:
        raise CheckedOut(taken[0][1], taken[0][0].principal_name)
    standing = [root for _, root in locks_on(found)]
    if node.is_collection:
        standing += [root for _, root in locks.below(session, node.id, found.path, now)]
    if standing:
        raise Locked(tuple(standing))
