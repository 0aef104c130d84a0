"""What has to be done though nobody asks: settling what stayed pending, forgetting what ended, collecting what nothing names."""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable
from typing import Final

from davgate.core.audit.auditing import write_counts
from davgate.core.checking_out import end_for_holder
from davgate.core.content import settle
from davgate.core.leftovers import put_back, sweep
from davgate.core.principals.brake import forget_failures
from davgate.core.purging import purge_due
from davgate.core.recording import change_of, record
from davgate.core.store import SYSTEM_CONTEXT, Store
from davgate.core.temporary_files import forget_expired as forget_temporary_files
from davgate.core.thinning import thin_due
from davgate.core.uploads import forget_expired
from davgate.model.editing import is_kept_unversioned, is_transient
from davgate.model.frozen import frozen
from davgate.model.instant import Instant, after
from davgate.model.node import Node
from davgate.model.paths import TreePath
from davgate.storage.api import catalog, check_outs, collector, dances, locks, sqlite_log, versions

logger = logging.getLogger(__name__)

_PAUSE_SECONDS: Final = 60.0
_ROUNDS_PER_COLLECTION: Final = 60
"""Collecting looks at every content; once an hour is enough for what has to be a day old."""


class Upkeep(threading.Thread):
    """Does a round of upkeep now and then, in every process: rounds that meet find less to do."""

    def __init__(self, store: Store, pause_seconds: float = _PAUSE_SECONDS) -> None:
        super().__init__(name="upkeep", daemon=True)
        self._store = store
        self._pause_seconds = pause_seconds
        self._stopping = threading.Event()

    def run(self) -> None:
        """Work until stopped."""
        for no in itertools.count(1):
            if self._stopping.wait(self._pause_seconds):
                return
            try:
                logger.debug("Upkeep: %s", tidy(self._store, collecting=no % _ROUNDS_PER_COLLECTION == 0))
            except Exception:  # A thread that died would be missed only when the store is full of what it should have removed.
                logger.exception("A round of upkeep failed")

    def stop(self) -> None:
        """End the work, a round under way included."""
        self._stopping.set()
        self.join()


@frozen
class Tidied:
    """How much one round of upkeep did."""

    settled: int
    dances: int
    scratch: int
    locks: int
    failures: int
    thinned: int
    purged: int
    blobs: int
    staged: int
    uploads: int
    temporary_files: int
    denials: int
    logs: int


def tidy(store: Store, *, collecting: bool = True) -> Tidied:
    """Do one round; safe at any time, in any number of processes at once. What cannot be done now holds up nothing else."""
    return Tidied(
        _try(_settle_pending, store),
        _try(_end_dances, store),
        _try(_sweep_scratch, store),
        _try(_forget_locks, store),
        _try(forget_failures, store),
        _try(thin_due, store) if collecting else 0,
        _try(purge_due, store) if collecting else 0,
        _try(_collect, store) if collecting else 0,
        _try(_sweep_staging, store),
        _try(forget_expired, store),
        _try(forget_temporary_files, store),
        _try(write_counts, store),
        _try(_empty_long_log, store),
    )


def _try(step: Callable[[Store], int], store: Store) -> int:
    try:
        return step(store)
    except store.failures as error:
        logger.warning("A part of the upkeep was put off: %s", error)
        return 0


def _settle_pending(store: Store) -> int:
    """Give documents that stayed pending after their lock ended, or that were never locked, their first, empty version."""
    before = after(store.clock.now(), -store.policy.save_window)
    settled = 0
    with store.database.read() as session:
        waiting = catalog.pending(session, before)
    for node_id in waiting:
        with store.database.write() as tx:
            node = catalog.find_pending(tx, node_id, tx.now)
            # Of what lies in a folder that was deleted only the name is known.
            path = catalog.path_of(tx, node_id) or ()
            if node is not None and not _is_a_programs(node, path or (node.name or "",)):
                done = settle(store, tx, SYSTEM_CONTEXT, node)
                record(tx, SYSTEM_CONTEXT, "settle", path, node.id, change_of("content", done))
                tx.commit()
                settled += 1
    return settled


def _is_a_programs(node: Node, path: TreePath) -> bool:
    return is_transient(path[-1]) or is_kept_unversioned(node, path)


def _forget_locks(store: Store) -> int:
    """Drop what tells of locks and check-outs that ended so long ago that nobody may come back to them."""
    with store.database.write(durable=False) as tx:
        before = after(tx.now, -store.policy.locks.grace)
        forgotten = locks.forget_ended_before(tx, before)
        versions.forget_sessions(tx)
        check_outs.forget_cancelled(tx, before)
        tx.commit()
    return forgotten


def _end_dances(store: Store) -> int:
    """Put back the documents of programs that died in the middle of a save, and forget the names that were left for good."""
    with store.database.read() as session:
        if not dances.over(session, store.clock.now()) and not check_outs.in_trash(session, _window_ago(store)):
            return 0
    ended = 0
    with store.database.write() as tx:
        for left in dances.over(tx, tx.now):
            ended += put_back(tx, SYSTEM_CONTEXT, left)
        for taken, path in check_outs.in_trash(tx, _window_ago(store)):
            end_for_holder(store, tx, SYSTEM_CONTEXT, taken, "check-out of a deleted document", path)
            ended += 1
        tx.commit()
    return ended


def _window_ago(store: Store) -> Instant:
    return after(store.clock.now(), -store.policy.save_window)


def _sweep_scratch(store: Store) -> int:
    """Sweep the files that programs left behind. What may be the only copy of something stays in the trash for a while."""
    before = after(store.clock.now(), -store.policy.scratch_age)
    with store.database.read() as session:
        idle = catalog.unversioned(session, before, store.clock.now())
    swept = 0
    for node_id in idle:
        with store.database.write() as tx:
            found = catalog.find_unversioned(tx, node_id, before, tx.now)
            if found is not None and sweep(store, tx, SYSTEM_CONTEXT, *found):
                swept += 1
                tx.commit()
    return swept


def _collect(store: Store) -> int:
    return collector.collect(store.database, store.blobs, older_than=store.policy.collect_grace)


def _sweep_staging(store: Store) -> int:
    return store.blobs.sweep_staging(after(store.clock.now(), -store.policy.collect_grace))


def _empty_long_log(store: Store) -> int:
    """Cut SQLite's log where readers have kept it from being begun anew for long; what is in the way now is not the next time."""
    return int(sqlite_log.is_long(store.database) and sqlite_log.empty(store.database))
