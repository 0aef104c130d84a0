"""Random histories: whatever instant of the past is asked for, it shows exactly what a naive model noted down then."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from tests.builders import SettableClock, a_user, damages, holding, opened_store, read

from davgate.core import copying, deleting, documents, locking, moving, time_travel, trash, tree
from davgate.core.locking import LockRequest
from davgate.core.opening import Opened
from davgate.core.store import Context, Store
from davgate.model.editing import SCRATCH_AGE
from davgate.model.errors import DavgateError, NotFound
from davgate.model.instant import Instant, after
from davgate.model.locks import Depth, Lock, Scope
from davgate.model.paths import TreePath
from davgate.storage.api import MemberRow
from davgate.storage.statements import Statement
from davgate.storage.tables import change, node

FreshDatabase = Callable[[str, Path], AbstractContextManager[str]]
Snapshot = dict[TreePath, "Noted"]

NAMES = ("a", "b", "c", "\u00e9")
FOLDERS: tuple[TreePath, ...] = ((), ("f",), ("f", "g"), ("h",))
MEDIA_TYPES = (None, "text/plain", "application/pdf")
ACTIONS = ("put", "put", "save", "save", "save", "folder", "move", "copy", "delete", "restore", "lock", "lock", "unlock", "back")
LENGTH = 30
MICROSECOND = timedelta(microseconds=1)
AFTER = timedelta(microseconds=10)
"""How long after a request its outcome is noted down: no request takes more transactions than that has microseconds."""
BEFORE = (MICROSECOND, timedelta(seconds=1), timedelta(seconds=7), timedelta(seconds=200), timedelta(seconds=4000))
"""How long nothing happens before a request. The shortest is between two neighbouring instants."""


@dataclass(frozen=True)
class Noted:
    """What is told of a place: of a document with all that is listed of it, of a collection that it is there."""

    uuid: str
    created_at: int
    version_no: int = 0
    modified_at: int = 0
    media_type: str | None = None
    content: bytes | None = None

    @classmethod
    def of(cls, row: MemberRow, content: bytes | None) -> Noted:
        """Note down a row of a listing, and the content that is read by itself."""
        if content is None:
            assert row[8] is None
            return cls(row[1], row[5])
        assert (row[8], row[9]) == (hashlib.sha256(content).digest(), len(content))
        return cls(row[1], row[5], row[7], row[6], row[10], content)


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
            self.clock.advance(self.random.choice(BEFORE))
            try:
                self._step()
            except DavgateError:
                pass  # Refused: nothing has changed, and the snapshot says so.
            self.clock.advance(AFTER)
            self._note_down()

    def _path(self) -> TreePath:
        return (*self.random.choice(FOLDERS), self.random.choice(NAMES))

    def _step(self) -> None:
        store, random = self.store, self.random
        ctx = holding(self.ctx, *self.held.values())
        match random.choice(ACTIONS):
            case "put":
                self._put(ctx, self._path())
            case "save" if self.held:
                self._put(ctx, random.choice(list(self.held)))
            case "folder":
                tree.make_collection(store, ctx, random.choice(FOLDERS[1:]))
            case "move":
                source = random.choice((self._path(), random.choice(FOLDERS[1:])))
                moving.move(store, ctx, source, (*random.choice(FOLDERS), random.choice(NAMES)), overwrite=True)
            case "copy":
                source = random.choice((self._path(), random.choice(FOLDERS[1:])))
                copying.copy(store, ctx, source, self._path(), overwrite=True)
            case "delete":
                deleting.delete(store, ctx, random.choice((self._path(), random.choice(FOLDERS[1:]))))
            case "restore":
                entries = trash.entries(store, ctx)
                if entries:
                    trash.restore(store, ctx, random.choice(entries).node.id, self._path())
            case "lock":
                where = random.choice([self._path(), *self._documents()])
                asked = LockRequest(Scope.EXCLUSIVE, Depth.ZERO, "", timedelta(hours=1))
                self.held[where] = locking.lock(store, ctx, where, asked).lock
            case "unlock" if self.held:
                where = random.choice(list(self.held))
                locking.unlock(store, ctx, where, self.held.pop(where).token)
            case "back" if self.snapshots:
                at, past = random.choice(self.snapshots)
                if past:
                    time_travel.copy_out(store, ctx, at, random.choice(sorted(past)), self._path(), overwrite=True)

    def _documents(self) -> list[TreePath]:
        """Return where documents were after the last request."""
        return [path for path, noted in self.snapshots[-1][1].items() if noted.content is not None] if self.snapshots else []

    def _put(self, ctx: Context, where: TreePath) -> None:
        body = io.BytesIO(self.random.randbytes(self.random.choice((1, 5, 3000, 9000))))
        documents.put(self.store, ctx, where, body, media_type=self.random.choice(MEDIA_TYPES))

    def _note_down(self) -> None:
        """Note down the tree for this instant and for that of the last change, which has to be in it."""
        changed_at, now = Instant(self._last_change()), self.store.clock.now()
        moments = (changed_at, now) if not self.snapshots or self.snapshots[-1][0] < changed_at else (now,)
        today = self._today(moments)
        self._forget_steps_of_saving(today)
        self.snapshots += [(at, today) for at in moments]

    def _forget_steps_of_saving(self, today: Snapshot) -> None:
        """Take out of the snapshots what turned out to be a program's working copy: another document goes on with its content."""
        gone = {noted.uuid: noted for noted in (self.snapshots[-1][1] if self.snapshots else {}).values()}
        with self.store.database.read() as session:
            for (kept,) in session.all(Statement(select(node.c.uuid))):
                gone.pop(kept, None)
        for noted in gone.values():
            assert self.clock.now() < after(Instant(noted.created_at), SCRATCH_AGE)
            assert noted.content in {one.content for one in today.values()}
        for _, snapshot in self.snapshots:
            for path in [path for path, noted in snapshot.items() if noted.uuid in gone]:
                del snapshot[path]

    def _last_change(self) -> int:
        with self.store.database.read() as session:
            return int(session.all(Statement(select(func.coalesce(func.max(change.c.changed_at), 0))))[0][0])

    def _today(self, moments: Sequence[Instant]) -> Snapshot:
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
                    found[path] = Noted.of(row, None)
                    waiting.append(path)
                elif row[7]:
                    opened = documents.open_content(self.store, self.ctx, path)
                    assert isinstance(opened, Opened)
                    found[path] = Noted.of(row, read(opened))
                else:
                    self.pending.update((at, path) for at in moments)
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
                found[path] = Noted.of(row, None if opened is None else read(opened))
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
