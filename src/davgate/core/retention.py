"""What goes by rule: old versions and saves (``model.retention``), and what has been in the trash for long."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Final

from davgate.core.erasing import Erased, finish, remove, require_manager
from davgate.core.recording import record
from davgate.core.retaining import retained_version
from davgate.core.rights import require_administrator
from davgate.core.store import SYSTEM_CONTEXT, Context, Store
from davgate.model.errors import Held, NotFound
from davgate.model.errors_of_objects import Retained
from davgate.model.frozen import frozen
from davgate.model.instant import FOREVER, Instant, after
from davgate.model.paths import from_text, to_text
from davgate.model.retention import Reason
from davgate.model.retention import thin as rule_on
from davgate.storage.api import Change, Transaction, catalog, collector, erasing, thinning, trash

logger = logging.getLogger(__name__)

_DOCUMENTS_AT_ONCE: Final = 200
_ROWS_AT_ONCE: Final = 2000
"""Versions and saves after which a transaction ends: other writers wait for it."""

Watch = Callable[[int, int], None]
"""Is told how many documents were looked at, of how many."""


# Versions


@frozen
class ThinnedDocument:
    """What went of one document: versions by number with the reason, earlier saves, and bytes that nobody else has."""

    uuid: str
    path: str
    versions: Mapping[int, Reason]
    saves: int
    freed_bytes: int


@frozen
class ThinReport:
    """What went, or in a dry run would go."""

    documents: tuple[ThinnedDocument, ...]
    is_dry_run: bool

    @property
    def versions(self) -> int:
        """How many versions."""
        return sum(len(one.versions) for one in self.documents)

    @property
    def saves(self) -> int:
        """How many earlier saves of versions that stay."""
        return sum(one.saves for one in self.documents)

    @property
    def freed_bytes(self) -> int:
        """How many bytes nobody else has; they go with the next collection."""
        return sum(one.freed_bytes for one in self.documents)


def thin(store: Store, ctx: Context, *, dry_run: bool, watch: Watch | None = None) -> ThinReport:
    """Let old versions and saves go, as the rule of the store says; durable on return.

    A dry run does the same and takes it back. Each transaction is short; what is written in between is held against the rule in
    the one that thins it. The audit tells for each document what went.

    Raises:
        Forbidden: the caller is no administrator.
    """
    require_administrator(ctx)
    thinned: list[ThinnedDocument] = []
    if not store.policy.thinning.keeps_everything:
        seen = 0
        with store.database.read() as session:
            total = thinning.how_many(session)
        for batch in _batches(store):
            due = _due(store, batch)
            while due:
                thinned += _thin_some(store, ctx, due, dry_run=dry_run)
            seen += len(batch)
            if watch is not None:
                watch(seen, max(seen, total))
    return ThinReport(tuple(thinned), dry_run)


def _batches(store: Store) -> Iterator[list[int]]:
    last = 0
    while True:
        with store.database.read() as session:
            batch = thinning.documents(session, last, _DOCUMENTS_AT_ONCE)
        if not batch:
            return
        yield batch
        last = batch[-1]


def _due(store: Store, batch: list[int]) -> list[int]:
    """Return the documents of which something goes."""
    policy, now = store.policy, store.clock.now()
    with store.database.read() as session:
        found = thinning.candidates(session, batch, now)
    return [node_id for node_id, of_it in found.items() if rule_on(policy.thinning, of_it, now, policy.time_zone)]


def _thin_some(store: Store, ctx: Context, due: list[int], *, dry_run: bool) -> list[ThinnedDocument]:
    """Thin documents from the end of a list, and take them off it, in one transaction."""
    thinned: list[ThinnedDocument] = []
    with store.database.write() as tx:
        rows = 0
        while due and rows < _ROWS_AT_ONCE:
            one = _thin_one(store, tx, ctx, due.pop())
            if one is not None:
                thinned.append(one)
                rows += len(one.versions) + one.saves
        if not dry_run:
            tx.commit()
    return thinned


def _thin_one(store: Store, tx: Transaction, ctx: Context, node_id: int) -> ThinnedDocument | None:
    policy = store.policy
    of_it = thinning.candidates(tx, [node_id], tx.now).get(node_id, ())
    going = rule_on(policy.thinning, of_it, tx.now, policy.time_zone)
    node = catalog.find(tx, node_id)
    if not going or node is None or retained_version(tx, node) is not None:
        return None
    path = catalog.path_of(tx, node_id) or (".trash", node.name or node.uuid)
    contents = thinning.drop(tx, node_id, going)
    freed = sum(length for length, _ in collector.unnamed(tx, contents).values())
    thinned = ThinnedDocument(node.uuid, to_text(path), going.versions, len(going.saves), freed)
    # No member of a collection changed: the row names none.
    record(tx, ctx, "thin", path, node_id, Change("thin", node_id, None, None), **_detail(thinned))
    return thinned


def _detail(thinned: ThinnedDocument) -> dict[str, object]:
    numbers: dict[str, list[int]] = {}
    for no, reason in thinned.versions.items():
        numbers.setdefault(reason.value, []).append(no)
    return {"versions": numbers, "saves": thinned.saves, "bytes": thinned.freed_bytes}


def thin_due(store: Store) -> int:
    """Thin by rule, as upkeep; return how many versions and saves went."""
    report = thin(store, SYSTEM_CONTEXT, dry_run=False)
    if report.documents:
        logger.info("Documents thinned: %d; versions: %d; saves: %d.", len(report.documents), report.versions, report.saves)
    return report.versions + report.saves


# The trash


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


def purge_older_than(store: Store, ctx: Context, age: timedelta, *, watch: Watch | None = None) -> list[Erased]:
    """Remove all entries of the trash for good that were deleted longer ago than a span; what is held stays.

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


def _purge_before(store: Store, ctx: Context, age: timedelta, *, junk_alone: bool, watch: Watch | None = None) -> list[Erased]:
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
        if watch is not None:
            watch(seen, len(old))
    return purged
