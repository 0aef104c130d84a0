"""kill -9 at any step of any operation leaves the old state or the new one, whole, and nothing that does not go by itself."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select
from tests.builders import (
    LARGE,
    SettableClock,
    a_collection,
    a_document,
    a_lock,
    a_user,
    all_versions,
    content_of,
    damages,
    findings,
    holding,
    opened_store,
    path,
    put,
    tree_of,
)
from tests.conftest import CopiedStore
from tests.faults.victim import (
    EVERYTHING_IS_OLD,
    LARGE_NEW,
    OPERATIONS,
    Base,
    run_operation,
    run_prepare,
    run_until_killed,
)
from tests.processes import CONTEXT, start
from tests.unit.edited import a_late_save, under

from davgate.core import checking_out, deleting, documents, locking, moving, tree
from davgate.core.store import Context, Store
from davgate.model.errors import NotFound
from davgate.model.instant import Instant
from davgate.model.locks import Lock
from davgate.model.properties import PropertyUpdate
from davgate.storage import blob_rows, collector, schema
from davgate.storage.checking.verify import verify_schema
from davgate.storage.statements import Row, Statement
from davgate.storage.tables import (
    audit,
    check_out,
    lock,
    node,
    placement,
    rescue,
    save,
    successor,
    trash,
    vacated,
    version,
    working_save,
)
from davgate.storage.tables import store as store_table

State = dict[str, object]
CopyOf = Callable[[Base], AbstractContextManager[Base]]

# Tokens and ids of documents are random; of these, the rows tell only whether there is one.
ROWS = {
    "counters": Statement(
        select(store_table.c.next_id, store_table.c.last_change, select(func.count(audit.c.id)).scalar_subquery())
    ),
    "locks": Statement(
        select(
            lock.c.node_id, lock.c.scope, lock.c.depth, lock.c.timeout_seconds, lock.c.expires_at, lock.c.revivable_until
        ).order_by(lock.c.node_id)
    ),
    "nodes": Statement(select(node.c.id, node.c.version_no, node.c.modified_at, node.c.digest).order_by(node.c.id)),
    "versions": Statement(
        select(*(column for column in version.c if column.name != "session"), version.c.session.is_not(None)).order_by(
            version.c.document_id, version.c.no
        )
    ),
    "placements": Statement(select(*placement.c).order_by(placement.c.node_id, placement.c.from_at)),
    **{
        table.name: Statement(select(*table.c).order_by(*table.primary_key))
        for table in (check_out, rescue, save, trash, vacated, working_save)
    },
    "successors": Statement(select(successor.c.node_id, successor.c.successor_id).order_by(successor.c.node_id)),
}


def build(store: Store, url: str, folder: Path) -> Base:
    """Fill a store with something of everything, an unfinished upload and content that nothing names included."""
    ann = a_user(store, "ann")
    a_document(store, ann, "/f/a", b"old", b"older", b"old still")
    documents.patch_properties(store, ann, path("/f/a"), [PropertyUpdate(("", "p"), "<p/>")])
    a_document(store, ann, "/f/locked", LARGE)
    a_document(store, ann, "/g/b", LARGE)
    a_document(store, ann, "/g/sub/c", b"c")
    a_collection(store, ann, "/h")
    held, below, pending = (a_lock(store, ann, where).token for where in ("/f/locked", "/g/sub/c", "/pending"))
    root = a_user(store, "root", is_admin=True)
    session = a_lock_with_saves(store, ann)
    lost, rescued = a_lost_lock(store, ann, root)
    a_working_copy(store, ann)
    put_programs_files(store, ann)
    gone = a_document(store, ann, "/t/gone", b"gone", LARGE + b"gone").id
    deleting.delete(store, ann, path("/t/gone"))
    for content in (b"nobody's", LARGE + b"nobody's"):
        with store.blobs.stage() as staging:
            staging.write(memoryview(content))
            staged = staging.finish()
        with store.database.write() as tx:
            blob_rows.add(tx, staged)
            tx.commit()
    (folder / "blobs" / "staging" / "unfinished").write_bytes(b"half")
    return Base(url, folder, ann, held, below, pending, root, session, lost, rescued, gone)


def a_lock_with_saves(store: Store, ann: Context) -> str:
    """Begin an edit session and return its token."""
    a_document(store, ann, "/s/open", b"one")
    token = a_lock(store, ann, "/s/open").token
    for content in (b"two", LARGE + b"two", b"two at last"):
        put(store, holding(ann, token), "/s/open", content)
    return token


def a_lost_lock(store: Store, ann: Context, root: Context) -> tuple[Lock, str]:
    """Let a lock be broken and its holder save all the same; return the lock and the name of what was kept."""
    a_document(store, ann, "/s/lost", b"one")
    lost = a_lock(store, ann, "/s/lost")
    locking.unlock(store, root, path("/s/lost"), lost.token)
    return lost, a_late_save(store, under(ann, lost), "/s/lost", LARGE + b"late").name


def a_working_copy(store: Store, ann: Context) -> None:
    a_document(store, ann, "/s/out", b"one")
    checking_out.check_out(store, ann, path("/s/out"))
    for content in (LARGE + b"working", b"working"):
        put(store, ann, "/s/out", content)


def put_programs_files(store: Store, ann: Context) -> None:
    """Leave two saves half way: a document out of the way of its new content, and one renamed with another at its name."""
    a_document(store, ann, "/s/safe", b"one", LARGE + b"safe")
    a_document(store, ann, "/v/away", b"one", b"two")
    put(store, ann, "/v/new.tmp", LARGE_NEW + b"new")
    moving.move(store, ann, path("/v/away"), path("/v/away~"), overwrite=False)
    a_document(store, ann, "/v/late", b"one", b"two")
    moving.move(store, ann, path("/v/late"), path("/v/renamed"), overwrite=False)
    put(store, ann, "/v/late", LARGE_NEW + b"late")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def base(
    request: pytest.FixtureRequest,
    fresh_database: Callable[[str, Path], AbstractContextManager[str]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Base]:
    """A store of each kind to be copied; nobody has it open."""
    folder = tmp_path_factory.mktemp("base")
    with fresh_database(request.param, folder) as url:
        with opened_store(url, folder, SettableClock()) as store:
            built = build(store, url, folder)
        yield built


@pytest.fixture
def copy_of(copied_store: CopiedStore, tmp_path_factory: pytest.TempPathFactory) -> CopyOf:
    """Copy a store with its content; the copy is gone after use."""

    @contextmanager
    def copied(base: Base) -> Iterator[Base]:
        folder = tmp_path_factory.mktemp("copy") / "store"
        with copied_store(base.url, base.folder, folder) as url:
            yield replace(base, url=url, folder=folder)
        shutil.rmtree(folder)

    return copied


@contextmanager
def reopened(base: Base) -> Iterator[Store]:
    with opened_store(base.url, base.folder, SettableClock()) as store:
        yield store


def state_of(store: Store, ctx: Context) -> State:
    """Return all that an operation could change, as far as it is the same each time that the operation runs."""
    contents = tree_of(store, ctx)
    with store.database.read() as session:
        rows: dict[str, list[Row]] = {name: session.all(statement) for name, statement in ROWS.items()}
    with tree.listing(store, ctx, path("/f"), with_members=True, with_properties=True, with_locks=False) as found:
        properties = sorted(str(values) for values in found.properties.values())
    histories = {where: versions_at(store, ctx, where) for where in contents}
    return {"contents": contents, "histories": histories, "properties": properties, **rows}


def versions_at(store: Store, ctx: Context, where: str) -> list[tuple[int, str, Instant]]:
    try:
        return [(one.no, one.etag, one.opened_at) for one in all_versions(store, ctx, path(where))]
    except NotFound:
        return []


def run(base: Base, name: str, step: int | None) -> list[str] | None:
    """Run an operation in a process of its own; return its steps, or None when it was killed at the one that was asked."""
    outcomes = CONTEXT.Queue()
    process = start(run_operation, base, name, step, outcomes)
    if step is None:
        steps: list[str] = outcomes.get(timeout=60.0)
    process.join()
    if step is None:
        assert process.exitcode == 0
        return steps
    assert process.exitcode == -signal.SIGKILL, f"step {step} was not reached"
    return None


def chosen(base: Base, steps: list[str]) -> list[int]:
    """Return the numbers of the steps that differ in what is on disk before them, and some inside each transaction.

    The steps of files are the same whatever the database, so they are taken with one of them.
    """
    numbers = {1, len(steps)}
    for number, step in enumerate(steps, start=1):
        if step.startswith("os.") and step != "os.write" and base.url.startswith("sqlite"):
            numbers |= {number, min(number + 1, len(steps))}
        elif step.startswith(("COMMIT", "UPDATE store")):
            numbers.add(number)
    return sorted(numbers)


def check_crash(base: Base, name: str, step: int, old: State, new: State) -> bool:
    """Kill an operation at a step; return whether it happened all the same."""
    run(base, name, step)
    with reopened(base) as store:
        assert damages(store) == [], f"{name} killed at step {step}"
        state = state_of(store, base.ann)
        assert state in (old, new), f"{name} killed at step {step}"
        check_usable(store, base.ann)
    return state == new and new != old


def check_usable(store: Store, ctx: Context) -> None:
    """The store takes writes, and what the crash left goes by itself."""
    put(store, ctx, "/h/after", LARGE_NEW)
    assert content_of(store, ctx, "/h/after") == LARGE_NEW
    before = tree_of(store, ctx)
    collector.collect(store.database, store.blobs, older_than=EVERYTHING_IS_OLD)
    store.blobs.sweep_staging(Instant(2**62))
    assert findings(store) == []
    assert tree_of(store, ctx) == before


def crash_at(base: Base, copy_of: CopyOf, name: str, choose: Callable[[Base, list[str]], Iterable[int]]) -> None:
    with copy_of(base) as complete:
        with reopened(complete) as store:
            old = state_of(store, base.ann)
        steps = run(complete, name, None)
        assert steps is not None
        with reopened(complete) as store:
            new = state_of(store, base.ann)
            assert damages(store) == []
    assert (old == new) == (name in ("collect", "sweep")), f"{name} does nothing, or what it should not"
    happened = []
    for step in choose(base, steps):
        with copy_of(base) as copied:
            happened.append(check_crash(copied, name, step, old, new))
    # Before a certain step nothing has happened, from it on everything.
    assert happened == sorted(happened)
    assert not happened[0]


@pytest.mark.parametrize("name", OPERATIONS)
def test_killed_at_a_durable_step(base: Base, copy_of: CopyOf, name: str) -> None:
    crash_at(base, copy_of, name, chosen)


@pytest.mark.long
@pytest.mark.parametrize("name", OPERATIONS)
def test_killed_at_every_step(base: Base, copy_of: CopyOf, name: str) -> None:
    crash_at(base, copy_of, name, lambda base, steps: range(1, len(steps) + 1))


def crash_init(url: str, folder: Path, stride: int) -> None:
    """Kill the making of a store at its first step and every so many later, until one is not reached: then the store is made."""
    step = 1
    while True:
        process = start(run_prepare, url, step)
        process.join()
        if process.exitcode == 0:
            break
        assert process.exitcode == -signal.SIGKILL
        step += stride
    assert step > 20
    with opened_store(url, folder) as store:
        schema.check(store.database)
        assert list(verify_schema(store.database)) == damages(store) == []


def test_killed_while_a_store_is_made(empty_database_url: str, tmp_path: Path) -> None:
    crash_init(empty_database_url, tmp_path, 8)


@pytest.mark.long
def test_killed_anywhere_while_a_store_is_made(empty_database_url: str, tmp_path: Path) -> None:
    crash_init(empty_database_url, tmp_path, 1)


def kill_while_writing(base: Base, seconds: float) -> None:
    """Kill a process somewhere in its writing, inside the database's own work too; what it has acknowledged is there."""
    reader, writer = CONTEXT.Pipe(duplex=False)
    process = start(run_until_killed, base, writer)
    writer.close()
    acknowledged = reader.recv()
    # The moment is left to chance on purpose: inside the database there are no steps to count.
    time.sleep(seconds)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    with contextlib.suppress(EOFError):
        while True:
            acknowledged = reader.recv()
    with reopened(base) as store:
        assert damages(store) == []
        versions = all_versions(store, base.ann, path("/written"))
        # The version that was being written when the process died may be there, or not.
        assert len(versions) in (acknowledged, acknowledged + 1)
        check_usable(store, base.ann)


def test_killed_at_any_moment_keeps_what_it_acknowledged(base: Base, copy_of: CopyOf) -> None:
    for hundredths in range(3):
        with copy_of(base) as copied:
            kill_while_writing(copied, hundredths / 100)


@pytest.mark.long
def test_killed_at_many_moments_keeps_what_it_acknowledged(base: Base, copy_of: CopyOf) -> None:
    for thousandths in range(100):
        with copy_of(base) as copied:
            kill_while_writing(copied, thousandths / 1000)
