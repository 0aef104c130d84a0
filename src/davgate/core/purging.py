"""Emptying the trash: one entry by hand, and by rule what has long been there. What removes it for good is ``core.erasing``."""

from __future__ import annotations

import logging
from datetime import timedelta

from davgate.core.erasing import Erased, finish, remove, require_manager
from davgate.core.rights import require_administrator
from davgate.core.store import SYSTEM_CONTEXT, Context, Store
from davgate.core.watching import Watch, unwatched
from davgate.model.errors import Held, NotFound
from davgate.model.errors_of_objects import Retained
from davgate.model.instant import FOREVER, Instant, after
from davgate.model.paths import from_text
from davgate.storage.api import erasing, trash

logger = logging.getLogger(__name__)


def purge(store: Store, ctx: Context, node_id: int) -> Erased:
    """Remove an entry of the trash, with all below it, for good; durable on return.

    What holders of check-outs have saved in it becomes theirs as a rescue copy.

    Raises:
        Forbidden: the caller does not manage it.
        Held: a version of it, or of a document below it, is held.
        NotFound: the trash has no such entry.
    """
    return _purge(store, ctx, node_id, FOREVER)


def _purge(store: Store, ctx: Context, node_id: int, before: Instant) -> Erased:
    """Remove an entry that was deleted before an instant: one restored and deleted again meanwhile is another one."""
    with store.database.write() as tx:
        found = trash.find(tx, node_id)
        if found is None or found.deleted_at >= before:
            raise NotFound((".trash", str(node_id)))
        require_manager(tx, ctx, found.node)
        removed = remove(store, tx, ctx, found.node, from_text(found.path), "purge", with_rescues=False)
        tx.commit()
    finish(store, removed)
    return removed.erased


def purge_older_than(store: Store, ctx: Context, age: timedelta, *, watch: Watch = unwatched) -> list[Erased]:
    """Remove all entries of the trash for good that were deleted longer ago than a span; what is held stays.

    ``watch`` is told how many entries were looked at.

    Raises:
        Forbidden: the caller is no administrator.
    """
    require_administrator(ctx)
    return _purge_before(store, ctx, age, junk_alone=False, watch=watch)


def purge_junk(store: Store) -> int:
    """Remove programs' scratch files that have been in the trash for some days; return how many."""
    return len(_purge_before(store, SYSTEM_CONTEXT, store.policy.swept_age, junk_alone=True))


def purge_due(store: Store) -> int:
    """Remove from the trash what the rule of the store says, as upkeep; return how many entries went."""
    keep = store.policy.trash_keep
    purged = purge_junk(store) + (0 if keep is None else len(purge_older_than(store, SYSTEM_CONTEXT, keep)))
    if purged:
        logger.info("Entries of the trash purged: %d.", purged)
    return purged


def _purge_before(store: Store, ctx: Context, age: timedelta, *, junk_alone: bool, watch: Watch = unwatched) -> list[Erased]:
    # A span may be longer than a database can count back.
    before = max(Instant(0), after(store.clock.now(), -age))
    with store.database.read() as session:
        old = erasing.entries_before(session, before, junk_alone=junk_alone)
    purged: list[Erased] = []
    for seen, node_id in enumerate(old, start=1):
        try:
            purged.append(_purge(store, ctx, node_id, before))
        except (Held, Retained) as error:
            logger.debug("Entry %d stays in the trash: %s", node_id, error)
        except NotFound:
            # Restored, or purged by another process, since the list was made.
            logger.debug("Entry %d is not in the trash any more.", node_id)
        watch(seen, len(old))
    return purged
