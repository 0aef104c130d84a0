"""Random histories: whatever instant of the past is asked for, it shows exactly what a naive model noted down then."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.builders import SettableClock, a_user, damages, holding, opened_store, read

from davgate.core import documents, locking, moving, time_travel, trash, tree
from davgate.core.locking import LockRequest
from davgate.core.store import Context, Store
from davgate.model.errors import DavgateError, NotFound
from davgate.model.instant import Instant
from davgate.model.locks import Depth, Lock, Scope
from davgate.model.paths import TreePath

FreshDatabase = Callable[[str, Path], AbstractContextManager[str]]
Snapshot = dict[TreePath, tuple[str, bytes | None]]
"""By path: the uuid of what was there, and its content; None for a collection."""

NAMES = ("a", "b", "c", "\u00e9")
FOLDERS: tuple[TreePath, ...] = ((), ("f",), ("f", "g"), ("h",))
LENGTH = 25


@dataclass
class History:
    """Plays random requests on a store, and notes down the whole tree of today after each."""

    store: Store
    ctx: Context
    clock: SettableClock
    random: Random
    snapshots: list[tuple[Instant, Snapshot]] = field(default_factory=list)
    pending: set[tuple[Instant, TreePath]] = field(default_factory=set)
    """Where documents waited for their content. Once they are settled as empty, they have been so from the beginning."""
    held: dict[TreePath, Lock] = field(default_factory=dict)

    def run(self) -> None:
        """Play one history."""
        for _ in range(LENGTH):
            self.clock.advance(timedelta(seconds=self.random.choice((1, 7, 200, 4000))))
            try:
                self._step()
            except DavgateError:
                pass  # Refused: nothing has changed, and the snapshot says so.
            self.clock.advance(timedelta(seconds=1))
            self.snapshots.append((self.store.clock.now(), self._today()))

    def _path(self) -> TreePath:
        return (*self.random.choice(FOLDERS), self.random.choice(NAMES))

    def _step(self) -> None:
        store, random = self.store, self.random
        ctx = holding(self.ctx, *self.held.values())
        match random.choice(("put", "put", "put", "folder", "move", "copy", "delete", "restore", "lock", "unlock", "back")):
            case "put":
                documents.put(store, ctx, self._path(), io.BytesIO(random.randbytes(random.choice((1, 5, 3000, 9000)))))
            case "folder":
                tree.make_collection(store, ctx, random.choice(FOLDERS[1:]))
            case "move":
                source = random.choice((self._path(), random.choice(FOLDERS[1:])))
                moving.move(store, ctx, source, (*random.choice(FOLDERS), random.choice(NAMES)), overwrite=True)
            case "copy":
                moving.copy(store, ctx, self._path(), self._path(), overwrite=True)
            case "delete":
                moving.delete(store, ctx, random.choice((self._path(), random.choice(FOLDERS[1:]))))
            case "restore":
                entries = trash.entries(store, ctx)
                if entries:
                    trash.restore(store, ctx, random.choice(entries).node.id, self._path())
            case "lock":
                where = self._path()
                asked = LockRequest(Scope.EXCLUSIVE, Depth.ZERO, "", timedelta(hours=1))
                self.held[where] = locking.lock(store, ctx, where, asked).lock
            case "unlock" if self.held:
                where = random.choice(list(self.held))
                locking.unlock(store, ctx, where, self.held.pop(where).token)
            case "back" if self.snapshots:
                at, past = random.choice(self.snapshots)
                if past:
                    time_travel.copy_out(store, ctx, at, random.choice(sorted(past)), self._path(), overwrite=True)

    def _today(self) -> Snapshot:
        found: Snapshot = {}
        waiting: list[TreePath] = [()]
        while waiting:
            folder = waiting.pop()
            with tree.listing(
                self.store, self.ctx, folder, with_members=True, with_properties=False, with_locks=False
            ) as listing:
                rows = [row for batch in listing.batches for row in batch]
            for row in rows:
                path = (*folder, row[4] or "")
                if row[2] == 1:
                    found[path] = (row[1], None)
                    waiting.append(path)
                elif row[7]:
                    opened = documents.open_content(self.store, self.ctx, path)
                    assert isinstance(opened, documents.Opened)
                    found[path] = (row[1], read(opened))
                else:
                    self.pending.add((self.store.clock.now(), path))
        return found

    def then(self, at: Instant) -> Snapshot:
        """Return the whole tree as it was."""
        found: Snapshot = {}
        waiting: list[TreePath] = [()]
        while waiting:
            folder = waiting.pop()
            with time_travel.listing(self.store, self.ctx, at, folder, with_members=True) as listing:
                rows = [row for batch in listing.batches for row in batch]
            for row in rows:
                path = (*folder, row[4] or "")
                opened = time_travel.open_content(self.store, self.ctx, at, path)
                if (at, path) in self.pending:
                    assert opened is not None and read(opened) == b""
                    continue
                found[path] = (row[1], None if opened is None else read(opened))
                if opened is None:
                    waiting.append(path)
        return found


def check(kind: str, fresh_database: FreshDatabase, folders: pytest.TempPathFactory, random: Random) -> None:
    folder = folders.mktemp("history")
    clock = SettableClock()
    with fresh_database(kind, folder) as url, opened_store(url, folder, clock) as store:
        history = History(store, a_user(store, "ann"), clock, random)
        history.run()

        for at, snapshot in history.snapshots:
            assert history.then(at) == snapshot
            for path in ((*folder, name) for folder in FOLDERS for name in NAMES):
                if path not in snapshot and (at, path) not in history.pending:
                    with pytest.raises(NotFound):
                        time_travel.open_content(store, history.ctx, at, path)
        assert damages(store) == []


@settings(max_examples=settings().max_examples // 4)
@given(random=st.randoms(use_true_random=True))
def test_every_instant_shows_what_was_there(
    fresh_database: FreshDatabase, tmp_path_factory: pytest.TempPathFactory, random: Random
) -> None:
    check("sqlite", fresh_database, tmp_path_factory, random)


@settings(max_examples=max(2, settings().max_examples // 20))
@given(random=st.randoms(use_true_random=True))
def test_every_instant_shows_what_was_there_on_postgresql_too(
    fresh_database: FreshDatabase, tmp_path_factory: pytest.TempPathFactory, random: Random
) -> None:
    check("postgresql", fresh_database, tmp_path_factory, random)
