"""What runs in the processes that ``test_crashes`` kills: one operation, counted step by step."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import event
from tests.builders import (
    LARGE,
    SettableClock,
    a_lock,
    holding,
    node_at,
    opened_store,
    path,
    put,
    with_policy,
)
from tests.unit.edited import under
from tests.unit.filed import a_file, rest

from davgate.core import (
    checking_out,
    copying,
    deleting,
    documents,
    erasing,
    locking,
    moving,
    objects,
    purging,
    rescue_copies,
    revisions,
    thinning,
    trash,
    tree,
    versioning,
)
from davgate.core.audit import auditing
from davgate.core.objects import Changes, NewObject
from davgate.core.store import Context, Store
from davgate.model.errors import Forbidden, SaveKept
from davgate.model.instant import Instant
from davgate.model.locks import Depth, Lock
from davgate.model.node import NodeKind
from davgate.model.properties import PropertyUpdate
from davgate.model.thinning import ThinningRule
from davgate.storage import collector, schema
from davgate.storage.database import Database

LARGE_NEW = LARGE[::-1]
EVERYTHING_IS_OLD = timedelta(days=-365_000)
"""A grace time by which even what was stored just now is old."""


@dataclass(frozen=True)
class Base:
    """A store to do something to, with those who do it; copied for each crash."""

    url: str
    folder: Path
    ann: Context
    held: str
    """Token of ann's lock on /f/locked."""
    below: str
    """Token of ann's lock on /g/sub/c."""
    pending: str
    """Token of ann's lock on /pending, which was locked into being."""
    root: Context
    """An administrator."""
    session: str
    """Token of ann's lock on /s/open, under which a version is open."""
    lost: Lock
    """Ann's lock on /s/lost, which was broken."""
    rescued: str
    """The name of ann's rescue copy."""
    gone: int
    """The id of /t/gone, which was deleted."""


Operation = Callable[[Store, Base], object]


def save_late(store: Store, base: Base, content: bytes) -> None:
    """Save under the lock that was broken: the content is refused and kept aside."""
    with suppress(SaveKept):
        put(store, under(base.ann, base.lost), "/s/lost", content)
        raise AssertionError("the save was not refused")


def file_object(store: Store, base: Base) -> None:
    """Make a document through a REST door, with the folders that it is the first to lie in."""
    new = NewObject(NodeKind.DOCUMENT, None, {"title": "filed"}, a_file(store, LARGE_NEW), streams={"annex": a_file(store, b"x")})
    objects.create(store, rest(base.ann), ("OKD",), new)


def begin_revision(store: Store, base: Base) -> None:
    changes = Changes({"title": "revised"}, a_file(store, LARGE_NEW))
    revisions.update(store, rest(base.ann), node_at(store, base.ann, "/f/a").id, lambda _: changes, revise=True)


def thin(store: Store, base: Base) -> None:
    """Leave of each document its newest version alone."""
    rule = ThinningRule(most=1)
    thinning.thin(with_policy(store, replace(store.policy, thinning=rule)), base.root, dry_run=False)


OPERATIONS: dict[str, Operation] = {
    "put-inline": lambda store, base: put(store, base.ann, "/f/a", b"new"),
    "put-file": lambda store, base: put(store, base.ann, "/f/a", LARGE_NEW),
    "put-file-that-is-known": lambda store, base: put(store, base.ann, "/f/a", LARGE),
    "put-new-inline": lambda store, base: put(store, base.ann, "/f/new", b"new"),
    "put-new-file": lambda store, base: put(store, base.ann, "/f/new", LARGE_NEW),
    "put-empty": lambda store, base: put(store, base.ann, "/f/new", b""),
    "put-under-lock": lambda store, base: put(store, holding(base.ann, base.held), "/f/locked", LARGE_NEW),
    "put-on-pending": lambda store, base: put(store, holding(base.ann, base.pending), "/pending", LARGE_NEW),
    "make-collection": lambda store, base: tree.make_collection(store, base.ann, path("/f/new")),
    "move": lambda store, base: moving.move(store, holding(base.ann, base.below), path("/g"), path("/f/moved"), overwrite=False),
    "move-onto": lambda store, base: moving.move(
        store, holding(base.ann, base.held), path("/f/a"), path("/f/locked"), overwrite=True
    ),
    "copy": lambda store, base: copying.copy(store, base.ann, path("/g"), path("/f/copied"), overwrite=False),
    "copy-onto": lambda store, base: copying.copy(store, base.ann, path("/g/b"), path("/f/a"), overwrite=True),
    "delete": lambda store, base: deleting.delete(store, holding(base.ann, base.below), path("/g")),
    "lock": lambda store, base: a_lock(store, base.ann, "/f/a"),
    "lock-deep": lambda store, base: a_lock(store, base.ann, "/h", depth=Depth.INFINITY),
    "lock-unmapped": lambda store, base: a_lock(store, base.ann, "/f/new"),
    "refresh": lambda store, base: locking.refresh(store, holding(base.ann, base.held), path("/f/locked"), timedelta(hours=1)),
    "unlock": lambda store, base: locking.unlock(store, base.ann, path("/f/locked"), base.held),
    "unlock-pending": lambda store, base: locking.unlock(store, base.ann, path("/pending"), base.pending),
    "properties": lambda store, base: documents.patch_properties(
        store, base.ann, path("/f/a"), [PropertyUpdate(("", "p"), None), PropertyUpdate(("", "q"), "<q/>")]
    ),
    "restore": lambda store, base: versioning.restore(store, base.ann, path("/f/a"), 1, path("/f/a"), overwrite=True),
    "put-in-session": lambda store, base: put(store, holding(base.ann, base.session), "/s/open", LARGE_NEW),
    "unlock-that-seals": lambda store, base: locking.unlock(store, base.ann, path("/s/open"), base.session),
    "move-away": lambda store, base: moving.move(store, base.ann, path("/s/safe"), path("/s/safe~"), overwrite=False),
    "move-that-brings-back": lambda store, base: moving.move(
        store, base.ann, path("/v/new.tmp"), path("/v/away"), overwrite=False
    ),
    "put-that-brings-back": lambda store, base: put(store, base.ann, "/v/away", LARGE_NEW),
    "delete-after-a-rename": lambda store, base: deleting.delete(store, base.ann, path("/v/renamed")),
    "check-out": lambda store, base: checking_out.check_out(store, base.ann, path("/s/safe")),
    "put-on-working-copy": lambda store, base: put(store, base.ann, "/s/out", LARGE_NEW),
    "check-in": lambda store, base: checking_out.check_in(store, base.ann, path("/s/out")),
    "cancel": lambda store, base: checking_out.cancel(store, base.ann, path("/s/out")),
    "cancel-by-administrator": lambda store, base: checking_out.cancel(store, base.root, path("/s/out")),
    "late-save": lambda store, base: save_late(store, base, LARGE_NEW),
    "take-rescue-copy-out": lambda store, base: rescue_copies.copy_out(
        store, base.ann, base.rescued, path("/s/lost"), overwrite=True, dropping=True
    ),
    "restore-from-trash": lambda store, base: trash.restore(store, base.ann, base.gone),
    "purge": lambda store, base: purging.purge(store, base.root, base.gone),
    "erase": lambda store, base: erasing.erase(store, base.root, "/s", "asked for"),
    "file-object": file_object,
    "begin-revision": begin_revision,
    "thin": thin,
    "denial": lambda store, base: auditing.denied(store, base.ann, "put", path("/f/a"), Forbidden("no")),
    "collect": lambda store, base: collector.collect(store.database, store.blobs, older_than=EVERYTHING_IS_OLD),
    "sweep": lambda store, base: store.blobs.sweep_staging(Instant(2**62)),
}
"""What is done, and killed on the way."""


class CrashAfter:
    """Notes each step that could leave a trace, a statement or a change of a file, and ends the process instead of the n-th."""

    def __init__(self, step: int | None) -> None:
        self._step = step
        self.steps: list[str] = []
        self.is_armed = False

    def note(self, what: str) -> None:
        if self.is_armed:
            self.steps.append(what.partition("\n")[0][:60])
            if len(self.steps) == self._step:
                os.kill(os.getpid(), signal.SIGKILL)

    def watch_files(self) -> None:
        for name in ("fsync", "fdatasync", "ftruncate", "link", "rename", "unlink", "mkdir", "write", "open"):
            setattr(os, name, partial(self._changing_file, name, getattr(os, name)))

    def _changing_file(self, name: str, real: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
        if name != "open" or arguments[1] & (os.O_CREAT | os.O_WRONLY | os.O_RDWR):
            self.note(f"os.{name}")
        return real(*arguments, **more)

    def watch_statements(self, database: Database) -> None:
        if database.is_sqlite:
            event.listen(database.engine, "connect", lambda connection, _: connection.set_trace_callback(self.note))
            return
        import psycopg

        for name in ("execute", "executemany"):
            setattr(psycopg.Cursor, name, self._noting(getattr(psycopg.Cursor, name)))

    def _noting(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def noting(cursor: Any, query: Any, *arguments: Any, **more: Any) -> Any:
            self.note(str(query))
            return real(cursor, query, *arguments, **more)

        return noting


class Outcomes(Protocol):
    """Where a process leaves what it has found out."""

    def put(self, obj: object) -> None: ...


def run_operation(base: Base, name: str, step: int | None, outcomes: Outcomes) -> None:
    """Do an operation and leave its steps, or die at one of them."""
    crash = CrashAfter(step)
    crash.watch_files()
    with opened_store(base.url, base.folder, SettableClock()) as store:
        crash.watch_statements(store.database)
        crash.is_armed = True
        OPERATIONS[name](store, base)
        crash.is_armed = False
    outcomes.put(crash.steps)


def run_prepare(url: str, step: int) -> None:
    """Make a store, or die at one of the steps of that."""
    crash = CrashAfter(step)
    database = Database(url, SettableClock())
    crash.watch_statements(database)
    crash.is_armed = True
    schema.prepare(database)
    crash.is_armed = False
    database.close()


def run_until_killed(base: Base, acknowledged: Connection) -> None:
    """Write one document again and again, and say of each version that it is stored."""
    with opened_store(base.url, base.folder, SettableClock()) as store:
        for number in count(1):
            content = number.to_bytes(8, "big") * (1 if number % 2 else 300)
            node = put(store, base.ann, "/written", content).node
            acknowledged.send(node.version_no)
            copying.copy(store, base.ann, path("/g"), path("/copied"), overwrite=True)
