"""Letting old versions and saves go, as the rule of the store says (``model.thinning``)."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Final

from davgate.core.recording import record
from davgate.core.retaining import retained_version
from davgate.core.rights import require_administrator
from davgate.core.store import SYSTEM_CONTEXT, Context, Store
from davgate.core.watching import Watch, unwatched
from davgate.model.frozen import frozen
from davgate.model.paths import to_text
from davgate.model.thinning import Reason
from davgate.model.thinning import thin as rule_on
from davgate.storage.api import Change, Transaction, catalog, collector
from davgate.storage.api import thinning as rows

logger = logging.getLogger(__name__)

_DOCUMENTS_AT_ONCE: Final = 200
_ROWS_AT_ONCE: Final = 2000
"""Versions and saves after which a transaction ends: other writers wait for it."""


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


def thin(store: Store, ctx: Context, *, dry_run: bool, watch: Watch = unwatched) -> ThinReport:
    """Let old versions and saves go, as the rule of the store says; durable on return.

    A dry run does the same and takes it back. Each transaction is short; what is written in between is held against the rule in
    the one that thins it. The audit tells for each document what went. ``watch`` is told how many documents were looked at.

    Raises:
        Forbidden: the caller is no administrator.
    """
    require_administrator(ctx)
    thinned: list[ThinnedDocument] = []
    if not store.policy.thinning.keeps_everything:
        seen = 0
        with store.database.read() as session:
            total = rows.how_many(session)
        for batch in _batches(store):
            due = _due(store, batch)
            while due:
                thinned += _thin_some(store, ctx, due, dry_run=dry_run)
            seen += len(batch)
            watch(seen, max(seen, total))
    return ThinReport(tuple(thinned), dry_run)


def _batches(store: Store) -> Iterator[list[int]]:
    last = 0
    while True:
        with store.database.read() as session:
            batch = rows.documents(session, last, _DOCUMENTS_AT_ONCE)
        if not batch:
            return
        yield batch
        last = batch[-1]


def _due(store: Store, batch: list[int]) -> list[int]:
    """Return the documents of which something goes."""
    policy, now = store.policy, store.clock.now()
    with store.database.read() as session:
        found = rows.candidates(session, batch, now)
    return [node_id for node_id, of_it in found.items() if rule_on(policy.thinning, of_it, now, policy.time_zone)]


def _thin_some(store: Store, ctx: Context, due: list[int], *, dry_run: bool) -> list[ThinnedDocument]:
    """Thin documents from the end of a list, and take them off it, in one transaction."""
    thinned: list[ThinnedDocument] = []
    with store.database.write() as tx:
        count = 0
        while due and count < _ROWS_AT_ONCE:
            one = _thin_one(store, tx, ctx, due.pop())
            if one is not None:
                thinned.append(one)
                count += len(one.versions) + one.saves
        if not dry_run:
            tx.commit()
    return thinned


def _thin_one(store: Store, tx: Transaction, ctx: Context, node_id: int) -> ThinnedDocument | None:
    policy = store.policy
    of_it = rows.candidates(tx, [node_id], tx.now).get(node_id, ())
    going = rule_on(policy.thinning, of_it, tx.now, policy.time_zone)
    node = catalog.find(tx, node_id)
    if not going or node is None or retained_version(tx, node) is not None:
        return None
    path = catalog.path_of(tx, node_id) or (".trash", node.name or node.uuid)
    contents = rows.drop(tx, node_id, going)
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
