"""Rescue copies: what came too late to be a version is kept for its author alone, and the answer says so."""

from __future__ import annotations

from davgate.core.recording import record
from davgate.core.store import Context, Store
from davgate.model.conditions import ANY
from davgate.model.errors import PreconditionFailed
from davgate.model.instant import Instant, to_datetime
from davgate.model.node import Content
from davgate.model.paths import TreePath, to_text
from davgate.model.places import numbered_name
from davgate.storage.api import Rescue, Resolved, Session, Transaction, check_outs, locks
from davgate.storage.api import rescues as rescue_rows


def is_late(session: Session, ctx: Context, found: Resolved, now: Instant) -> bool:
    """Tell whether a save that is refused comes after its author lost the lock or check-out that it was made under.

    The lock may have been on a document that is at this path no more. At the root there never was one.
    """
    if not found.path:
        return False
    return _was_cancelled(ctx, found) or any(locks.has_ended(session, token, ctx.principal.id, now) for token in ctx.tokens)


def _was_cancelled(ctx: Context, found: Resolved) -> bool:
    taken = found.check_out
    return ctx.editing and taken is not None and not taken.stands and taken.principal_id == ctx.principal.id


def check_not_cancelled(ctx: Context, found: Resolved) -> None:
    """Refuse what the former holder of a check-out saves without having seen that somebody else cancelled it.

    A lock of theirs that stands, or the document's present entity tag, shows that they have.

    Raises:
        PreconditionFailed.
    """
    if not _was_cancelled(ctx, found) or found.node is None:
        return
    has_lock = any(lock.token in ctx.tokens for lock in found.locks.get(found.node.id, ()))
    names_tag = ctx.conditions.if_match is not None and ctx.conditions.if_match is not ANY
    if not has_lock and not names_tag:
        raise PreconditionFailed("Your check-out was cancelled. Read the document again, then repeat.")


def forget_cancelled(tx: Transaction, ctx: Context, found: Resolved) -> None:
    """Forget a cancelled check-out when its former holder writes in time: they know of it, so nothing they save later is late."""
    if _was_cancelled(ctx, found) and found.check_out is not None:
        check_outs.forget(tx, found.check_out.document_id)


def keep_late_save(store: Store, tx: Transaction, ctx: Context, found: Resolved, content: Content) -> str:
    """Keep a save that was refused, whose blob has its row; return the name under which its author finds it."""
    document_id = None if found.node is None else found.node.id
    return keep(store, tx, ctx, ctx.principal.id, document_id, found.path, content, "late save")


def keep(
    store: Store,
    tx: Transaction,
    ctx: Context,
    principal_id: int,
    document_id: int | None,
    path: TreePath,
    content: Content,
    reason: str,
) -> str:
    """Keep bytes for their author, aside from all versions; return their name in the author's folder of rescue copies."""
    number = tx.take_ids()
    kept_at = to_datetime(tx.now).astimezone(store.policy.time_zone)
    name = numbered_name(path[-1] if path else "document", kept_at, number)
    rescue_rows.add(tx, Rescue(number, principal_id, "", document_id, to_text(path), name, reason, tx.at, content))
    record(tx, ctx, "rescue", path, document_id, name=name, reason=reason, author=principal_id)
    return name
