"""What has to be done though nobody asks: settling what stayed pending, forgetting what ended, collecting what nothing names."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from davgate.core.content import change_of, settle
from davgate.core.recording import record
from davgate.core.store import SYSTEM_CONTEXT, Store
from davgate.model.errors import DavgateError
from davgate.model.instant import after
from davgate.storage.api import catalog, collector, locks

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tidied:
    """How much one round of upkeep did."""

    settled: int
    locks: int
    blobs: int
    staged: int


def tidy(store: Store, *, collecting: bool = True) -> Tidied:
    """Do one round; safe at any time, in any number of processes at once. What cannot be done now holds up nothing else."""
    return Tidied(
        _try(_settle_pending, store),
        _try(_forget_locks, store),
        _try(_collect, store) if collecting else 0,
        _try(_sweep_staging, store),
    )


def _try(step: Callable[[Store], int], store: Store) -> int:
    try:
        return step(store)
    except (DavgateError, OSError) as error:
        logger.warning("A part of the upkeep was put off: %s", error)
        return 0


def _settle_pending(store: Store) -> int:
    """Give documents that stayed pending after their lock ended, or that were never locked, their first, empty version."""
    before = after(store.clock.now(), -store.policy.pending_grace)
    settled = 0
    with store.database.read() as session:
        waiting = catalog.pending(session, before)
    for node_id in waiting:
        with store.database.write() as tx:
            node = catalog.find_pending(tx, node_id, tx.now)
            if node is not None:
                done = settle(store, tx, SYSTEM_CONTEXT, node)
                record(tx, SYSTEM_CONTEXT, "settle", (), node.id, change_of("content", done))
                tx.commit()
                settled += 1
    return settled


def _forget_locks(store: Store) -> int:
    """Drop the rows of locks that ended so long ago that nobody may revive them."""
    with store.database.write(durable=False) as tx:
        forgotten = locks.forget_ended_before(tx, after(tx.now, -store.policy.locks.longest))
        tx.commit()
    return forgotten


def _collect(store: Store) -> int:
    return collector.collect(store.database, store.blobs, older_than=store.policy.collect_grace)


def _sweep_staging(store: Store) -> int:
    return store.blobs.sweep_staging(after(store.clock.now(), -store.policy.collect_grace))
