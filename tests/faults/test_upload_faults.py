"""kill -9 at any step of an upload in parts: it is where it was or where it was going, says so truly, and can go on."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import make_url
from tests.builders import LARGE, SettableClock, a_user, content_of, damages, exists, findings, opened_store, path
from tests.faults.upload_victim import ARRIVED, OPERATIONS, SMALL, Uploads, run_operation, run_until_killed
from tests.processes import CONTEXT, start
from tests.unit.uploaded import NAME, append, begin, file_of, found

from davgate.core import upkeep
from davgate.core.store import Context, Store
from davgate.model.errors import Forbidden, NoSuchUpload

State = tuple[int | None, bytes | None]
"""The offset of an upload that is open, and the content of the document."""

CopyOf = Callable[[Uploads], AbstractContextManager[Uploads]]


def build(store: Store, url: str, folder: Path) -> Uploads:
    """Begin uploads: one without bytes, one for small content, one half way, one whose document was refused."""
    ann = a_user(store, "ann")
    fresh, small, half, whole = (begin(store, ann, length) for length in (len(LARGE), len(SMALL), len(LARGE), len(LARGE)))
    append(store, ann, half, 0, LARGE[:ARRIVED])

    def refuse(*_: object) -> None:
        raise Forbidden("Not now.")

    with contextlib.suppress(Forbidden):
        append(store, ann, whole, 0, LARGE, complete=refuse)  # type: ignore[arg-type]  # it returns nothing
    return Uploads(url, folder, ann, fresh, small, half, whole)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def base(
    request: pytest.FixtureRequest,
    fresh_database: Callable[[str, Path], AbstractContextManager[str]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Uploads]:
    """A store of each kind to be copied; nobody has it open."""
    folder = tmp_path_factory.mktemp("base")
    with fresh_database(request.param, folder) as url:
        with opened_store(url, folder, SettableClock()) as store:
            built = build(store, url, folder)
        yield built


@pytest.fixture
def copy_of(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> CopyOf:
    """Copy a store with its content; the copy is gone after use."""

    @contextmanager
    def copied(base: Uploads) -> Iterator[Uploads]:
        folder = tmp_path_factory.mktemp("copy") / "store"
        shutil.copytree(base.folder, folder)
        with ExitStack() as stack:
            stack.callback(shutil.rmtree, folder)
            url = f"sqlite:///{folder / 'davgate.sqlite3'}"
            if not base.url.startswith("sqlite"):
                server = request.getfixturevalue("postgresql")
                url = stack.enter_context(server.database(make_url(base.url).database))
            yield replace(base, url=url, folder=folder)

    return copied


def run(base: Uploads, name: str, step: int | None) -> list[str]:
    """Run an operation in a process of its own and return its steps; with a step it dies there, and returns none."""
    outcomes = CONTEXT.Queue()
    process = start(run_operation, base, name, step, outcomes)
    steps: list[str] = outcomes.get(timeout=60.0) if step is None else []
    process.join()
    assert process.exitcode == (0 if step is None else -signal.SIGKILL), f"step {step} was not reached"
    return steps


def state_of(store: Store, ctx: Context, upload_id: str) -> State:
    try:
        offset = found(store, ctx, upload_id).offset_bytes
    except NoSuchUpload:
        offset = None
    return offset, content_of(store, ctx, NAME) if exists(store, ctx, path(NAME)) else None


def goes_on(store: Store, ctx: Context, upload_id: str, content: bytes, folder: Path) -> None:
    """What the upload says of itself is so, and sending the rest completes it."""
    offset, there = state_of(store, ctx, upload_id)
    if offset is not None:
        lying = file_of(folder, upload_id).read_bytes() if offset else b""
        assert lying[:offset] == content[:offset]
        assert there is None
        assert append(store, ctx, upload_id, offset, content[offset:]).outcome
        there = content_of(store, ctx, NAME)
    assert there in (content, None)


def check_crash(base: Uploads, name: str, step: int, allowed: set[State]) -> State:
    """Kill an operation at a step and return how far it has come."""
    upload_id, content = base.named(OPERATIONS[name][0])
    run(base, name, step)
    clock = SettableClock()
    with opened_store(base.url, base.folder, clock) as store:
        assert damages(store) == [], f"{name} killed at step {step}"
        state = state_of(store, base.ann, upload_id)
        assert state in allowed, f"{name} killed at step {step}"
        goes_on(store, base.ann, upload_id, content, base.folder)
        assert damages(store) == []
        # What it left goes by itself, the content that it did not come to name included.
        clock.set(clock.now().__class__(2**52))
        upkeep.tidy(store)
        assert findings(store) == []
    return state


def chosen(base: Uploads, steps: list[str]) -> list[int]:
    """Return the numbers of the steps that differ in what is on disk before them; those of files with one database."""
    numbers = {1, len(steps)}
    for number, step in enumerate(steps, start=1):
        if step.startswith("os.") and base.url.startswith("sqlite"):
            numbers |= {number, min(number + 1, len(steps))}
        elif step.startswith(("COMMIT", "UPDATE upload", "DELETE FROM upload")):
            numbers.add(number)
    return sorted(numbers)


def crash_at(base: Uploads, copy_of: CopyOf, name: str, choose: Callable[[Uploads, list[str]], Iterable[int]]) -> None:
    upload_id, content = base.named(OPERATIONS[name][0])
    with copy_of(base) as complete:
        with opened_store(complete.url, complete.folder, SettableClock()) as store:
            old = state_of(store, base.ann, upload_id)
        steps = run(complete, name, None)
        with opened_store(complete.url, complete.folder, SettableClock()) as store:
            new = state_of(store, base.ann, upload_id)
            assert damages(store) == []
    assert (old == new) == (name == "begin")
    between: set[State] = set()
    if new[1] is not None:
        between.add((len(content), None))
    if name == "long-part":
        between |= {(offset, None) for offset in range(ARRIVED, len(LARGE), 700)}
    states = []
    for step in choose(base, steps):
        with copy_of(base) as copied:
            states.append(check_crash(copied, name, step, {old, new, *between}))
    # It never goes back, and before the first step nothing has happened.
    offsets = [len(content) + 1 if offset is None else offset for offset, _ in states]
    assert offsets == sorted(offsets)
    assert states[0] == old


@pytest.mark.parametrize("name", OPERATIONS)
def test_upload_killed_at_a_durable_step_goes_on(base: Uploads, copy_of: CopyOf, name: str) -> None:
    crash_at(base, copy_of, name, chosen)


@pytest.mark.long
@pytest.mark.parametrize("name", OPERATIONS)
def test_upload_killed_at_every_step_goes_on(base: Uploads, copy_of: CopyOf, name: str) -> None:
    crash_at(base, copy_of, name, lambda base, steps: range(1, len(steps) + 1))


def test_upload_killed_at_any_moment_has_what_was_acknowledged(base: Uploads, copy_of: CopyOf) -> None:
    for hundredths in range(3):
        with copy_of(base) as copied:
            kill_while_uploading(copied, hundredths / 100)


def kill_while_uploading(base: Uploads, seconds: float) -> None:
    reader, writer = CONTEXT.Pipe(duplex=False)
    process = start(run_until_killed, base, writer)
    writer.close()
    upload_id, acknowledged = reader.recv()
    # The moment is left to chance on purpose: inside the database there are no steps to count.
    time.sleep(seconds)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    with contextlib.suppress(EOFError):
        while True:
            _, acknowledged = reader.recv()
    with opened_store(base.url, base.folder, SettableClock()) as store:
        assert damages(store) == []
        offset = found(store, base.ann, upload_id).offset_bytes
        assert offset in (acknowledged, acknowledged + 5000)
        expected = b"".join(bytes([number % 256]) * 5000 for number in range(offset // 5000))
        assert file_of(base.folder, upload_id).read_bytes()[:offset] == expected
        append(store, base.ann, upload_id, offset, b"goes on")
        assert found(store, base.ann, upload_id).offset_bytes == offset + 7
