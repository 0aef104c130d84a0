"""What goes wrong while content arrives: a full disk, a cut body, a collector at work, a clock that leaps. Nothing is lost."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.builders import (
    INLINE_LIMIT_BYTES,
    LARGE,
    SettableClock,
    a_document,
    a_lock,
    all_versions,
    content_of,
    exists,
    findings,
    forget_documents,
    holding,
    locks_at,
    node_at,
    path,
    put,
    tree_of,
)
from tests.faults.blobs import AfterStaging, FullDiskOnce
from tests.unit.edited import bytes_of, current, earlier_saves, history, is_open, numbers, rescued, under

from davgate.core import checking_out, copying, deleting, documents, locking, moving, upkeep
from davgate.core.store import Context, Store
from davgate.model.errors import BodyIncomplete, Busy, LockConflict, Locked, QuotaExceeded, SaveKept
from davgate.model.instant import Instant
from davgate.storage import collector

HUGE = os.urandom(700_000)
"""Content that arrives in several blocks."""
EVERYTHING_IS_OLD = timedelta(days=-365_000)


# A full disk


@pytest.mark.parametrize(
    ("call", "number"),
    [("open", 1), ("write", 1), ("write", 2), ("write", 3), ("fdatasync", 1), ("mkdir", 1), ("rename", 1), ("fsync", 1)],
)
def test_full_disk_refuses_the_content_and_keeps_the_old(store: Store, ann: Context, call: str, number: int) -> None:
    a_document(store, ann, "/a", b"old")
    disk = FullDiskOnce(store.blobs, call, number)
    full = replace(store, blobs=disk)

    with pytest.raises(QuotaExceeded, match="disk of the store is full"):
        put(full, ann, "/a", HUGE)

    assert disk.was_full
    assert content_of(store, ann, "/a") == b"old"
    # The name alone may have been made already; then the content is nobody's, and goes.
    assert {finding.code for finding in findings(store)} <= {"blob-orphan"}
    assert store.blobs.unfinished() == 0
    put(full, ann, "/a", HUGE)
    assert content_of(store, ann, "/a") == HUGE


@pytest.mark.parametrize("call", ["open", "write", "fdatasync", "rename"])
def test_full_disk_in_an_edit_session_keeps_its_version_open(store: Store, ann: Context, call: str) -> None:
    a_document(store, ann, "/a", b"one")
    held = holding(ann, a_lock(store, ann, "/a"))
    put(store, held, "/a", b"two")

    with pytest.raises(QuotaExceeded):
        put(replace(store, blobs=FullDiskOnce(store.blobs, call, 1)), held, "/a", HUGE)

    assert content_of(store, ann, "/a") == b"two"
    put(store, held, "/a", HUGE)
    assert numbers(store, ann, "/a") == [1, 2]
    assert is_open(store, current(store, ann, "/a"))
    assert earlier_saves(store, ann, "/a", 2) == [("ann", b"two")]
    assert content_of(store, ann, "/a") == HUGE


@pytest.mark.parametrize("call", ["open", "write", "fdatasync", "rename"])
def test_full_disk_keeps_what_a_working_copy_had(store: Store, ann: Context, bob: Context, call: str) -> None:
    a_document(store, ann, "/a", b"one")
    checking_out.check_out(store, ann, ("a",))
    put(store, ann, "/a", b"working")

    with pytest.raises(QuotaExceeded):
        put(replace(store, blobs=FullDiskOnce(store.blobs, call, 1)), ann, "/a", HUGE)

    assert (content_of(store, ann, "/a"), content_of(store, bob, "/a")) == (b"working", b"one")
    put(store, ann, "/a", HUGE)
    checking_out.check_in(store, ann, ("a",))
    assert content_of(store, bob, "/a") == HUGE
    assert earlier_saves(store, ann, "/a", 2) == [("ann", b"working")]


def test_late_save_that_finds_the_disk_full_is_refused_as_such(store: Store, ann: Context, root_admin: Context) -> None:
    a_document(store, ann, "/a", b"one")
    lock = a_lock(store, ann, "/a")
    locking.unlock(store, root_admin, ("a",), lock.token)

    with pytest.raises(QuotaExceeded):
        put(replace(store, blobs=FullDiskOnce(store.blobs, "write", 1)), under(ann, lock), "/a", HUGE)

    assert rescued(store, ann) == []
    with pytest.raises(SaveKept):
        put(store, under(ann, lock), "/a", HUGE)
    assert [content for _, _, content in rescued(store, ann)] == [HUGE]
    assert content_of(store, ann, "/a") == b"one"


def test_disk_that_fills_after_small_content_began_to_grow(store: Store, ann: Context) -> None:
    class Growing:
        """A body of which the first blocks fit into the row."""

        def __init__(self) -> None:
            self.blocks = [b"x" * INLINE_LIMIT_BYTES, b"y", b"z" * 5000, b""]

        def read(self, size: int, /) -> bytes:
            return self.blocks.pop(0)

    for number in (1, 2, 3):
        with pytest.raises(QuotaExceeded):
            documents.put(replace(store, blobs=FullDiskOnce(store.blobs, "write", number)), ann, ("a",), Growing())
        assert findings(store) == []
    documents.put(store, ann, ("a",), Growing())
    assert content_of(store, ann, "/a") == b"x" * INLINE_LIMIT_BYTES + b"y" + b"z" * 5000


# A cut body


class CutBody(io.BytesIO):
    """A body whose connection is cut after so many bytes."""

    def __init__(self, content: bytes, after: int) -> None:
        super().__init__(content[:after])

    def read(self, size: int | None = -1, /) -> bytes:
        block = super().read(size)
        if not block:
            raise BodyIncomplete("The connection was cut.")
        return block


@pytest.mark.parametrize("after", [0, 1, INLINE_LIMIT_BYTES, INLINE_LIMIT_BYTES + 1, 300_000, len(HUGE)])
@pytest.mark.parametrize("where", ["/old", "/new"])
def test_cut_body_leaves_nothing(store: Store, ann: Context, after: int, where: str) -> None:
    a_document(store, ann, "/old", b"old")

    with pytest.raises(BodyIncomplete):
        documents.put(store, ann, path(where), CutBody(HUGE, after))

    assert tree_of(store, ann) == {"/old": b"old"}
    assert findings(store) == []


@pytest.mark.parametrize("error", [ConnectionResetError, KeyboardInterrupt, MemoryError])
def test_body_that_fails_in_any_way_leaves_nothing(store: Store, ann: Context, error: type[BaseException]) -> None:
    class Failing:
        def __init__(self) -> None:
            self.blocks = [HUGE]

        def read(self, size: int, /) -> bytes:
            if not self.blocks:
                raise error
            return self.blocks.pop()

    with pytest.raises(error):
        documents.put(store, ann, ("a",), Failing())

    assert not exists(store, ann, ("a",))
    assert findings(store) == []


def test_cut_body_under_a_lock_leaves_the_lock(store: Store, ann: Context) -> None:
    lock = a_lock(store, ann, "/new")

    with pytest.raises(BodyIncomplete):
        documents.put(store, holding(ann, lock), ("new",), CutBody(HUGE, 300_000))

    assert locks_at(store, ann, "/new") == [lock]
    assert put(store, holding(ann, lock), "/new", HUGE).node.version_no == 1


def test_cut_body_in_an_edit_session_keeps_its_version_open(store: Store, ann: Context) -> None:
    a_document(store, ann, "/a", b"one")
    held = holding(ann, a_lock(store, ann, "/a"))
    put(store, held, "/a", b"two")

    with pytest.raises(BodyIncomplete):
        documents.put(store, held, ("a",), CutBody(HUGE, 300_000))

    assert content_of(store, ann, "/a") == b"two"
    assert put(store, held, "/a", HUGE).node.version_no == 2


def test_cut_body_at_a_name_that_was_left_leaves_the_document_where_it_went(store: Store, ann: Context) -> None:
    identity = a_document(store, ann, "/a", b"one").uuid
    moving.move(store, ann, path("/a"), path("/a~"), overwrite=False)

    with pytest.raises(BodyIncomplete):
        documents.put(store, ann, ("a",), CutBody(HUGE, 300_000))

    assert tree_of(store, ann) == {"/a~": b"one"}
    put(store, ann, "/a", HUGE)
    assert node_at(store, ann, "/a").uuid == identity
    assert numbers(store, ann, "/a") == [1, 2]


# A collector at work


@pytest.mark.parametrize("content", [LARGE, b"small"], ids=["file", "row"])
@pytest.mark.parametrize("known", [False, True], ids=["new-content", "content-of-before"])
def test_content_collected_before_its_commit_is_never_named(store: Store, ann: Context, content: bytes, known: bool) -> None:
    if known:
        a_document(store, ann, "/a", content)
        forget_documents(store)
    a_document(store, ann, "/a", b"old")

    def collect() -> None:
        collector.collect(store.database, store.blobs, older_than=EVERYTHING_IS_OLD)

    racing = replace(store, blobs=AfterStaging(store.blobs, collect))
    if content is LARGE:
        with pytest.raises(Busy):
            put(racing, ann, "/a", content)
        assert content_of(store, ann, "/a") == b"old"
        put(store, ann, "/a", content)
    else:
        # What goes into its row cannot be collected before it is there.
        put(racing, ann, "/a", content)

    assert content_of(store, ann, "/a") == content
    assert findings(store) == []


def test_collector_of_every_moment_takes_no_content_in_use(store: Store, ann: Context) -> None:
    def collect() -> None:
        collector.collect(store.database, store.blobs, older_than=timedelta(hours=1))

    racing = replace(store, blobs=AfterStaging(store.blobs, collect))
    for number in range(5):
        put(racing, ann, "/a", LARGE[number:])
        copying.copy(store, ann, path("/a"), path(f"/{number}"), overwrite=False)
        deleting.delete(store, ann, path(f"/{number}"))
        collector.collect(store.database, store.blobs, older_than=EVERYTHING_IS_OLD)

    versions = all_versions(store, ann, ("a",))
    assert [one.content.length_bytes for one in versions] == [len(LARGE) - number for number in range(5)]
    assert findings(store) == []


def test_collector_of_every_moment_takes_nothing_that_is_kept_aside(store: Store, ann: Context, root_admin: Context) -> None:
    a_document(store, ann, "/a", b"one")
    held = holding(ann, a_lock(store, ann, "/a"))
    a_document(store, ann, "/b", b"one")
    checking_out.check_out(store, ann, ("b",))
    a_document(store, ann, "/c", b"one")
    lost = a_lock(store, ann, "/c")
    locking.unlock(store, root_admin, ("c",), lost.token)
    for number in range(3):
        put(store, held, "/a", LARGE[number:])
        put(store, ann, "/b", LARGE[10 + number :])
        with pytest.raises(SaveKept):
            put(store, under(ann, lost), "/c", LARGE[20 + number :])
        collector.collect(store.database, store.blobs, older_than=EVERYTHING_IS_OLD)

    checking_out.check_in(store, ann, ("b",))
    collector.collect(store.database, store.blobs, older_than=EVERYTHING_IS_OLD)

    assert [content for _, content in earlier_saves(store, ann, "/a", 2)] == [LARGE, LARGE[1:]]
    assert [content for _, content in earlier_saves(store, ann, "/b", 2)] == [LARGE[10:], LARGE[11:]]
    assert [content for _, _, content in rescued(store, ann)] == [LARGE[20:], LARGE[21:], LARGE[22:]]
    assert findings(store) == []


# A clock that leaps

LEAPS = [
    timedelta(days=365),
    timedelta(days=-730),
    timedelta(microseconds=-1),
    timedelta(0),
    timedelta(hours=1),
    timedelta(days=-20_000),
    timedelta(days=20_000),
]


def leaping(clock: SettableClock) -> Iterator[int]:
    """Let the clock leap again and again, and count."""
    for number, leap in enumerate(LEAPS):
        clock.advance(leap)
        yield number


def test_history_keeps_its_order_while_the_clock_leaps(store: Store, ann: Context, clock: SettableClock) -> None:
    a_document(store, ann, "/a", b"first")
    contents = [b"first"]
    for number in leaping(clock):
        contents.append(str(number).encode())
        put(store, ann, "/a", contents[-1])
        moving.move(store, ann, path("/a"), path("/b"), overwrite=False)
        moving.move(store, ann, path("/b"), path("/a"), overwrite=False)
        upkeep.tidy(store)

    versions = all_versions(store, ann, ("a",))
    assert [one.no for one in versions] == list(range(1, len(contents) + 1))
    assert [one.opened_at for one in versions] == sorted({one.opened_at for one in versions})
    assert content_of(store, ann, "/a") == contents[-1]


def test_check_outs_and_sessions_keep_all_that_was_saved_while_the_clock_leaps(
    store: Store, ann: Context, clock: SettableClock
) -> None:
    a_document(store, ann, "/a", b"first")
    a_document(store, ann, "/b", b"first")
    checking_out.check_out(store, ann, ("b",))
    lock = a_lock(store, ann, "/a", timeout=None)
    for number in leaping(clock):
        put(store, holding(ann, lock), "/a", str(number).encode())
        put(store, ann, "/b", str(number).encode())
        assert findings(store) == []
    locking.unlock(store, ann, ("a",), lock.token)
    checking_out.check_in(store, ann, ("b",))

    for where in ("/a", "/b"):
        saved = [content for no in numbers(store, ann, where)[1:] for _, content in earlier_saves(store, ann, where, no)]
        versions = [bytes_of(store, version.content) for version in history(store, ann, where)[1:]]
        assert sorted(saved + versions) == [str(number).encode() for number in range(len(LEAPS))]
        assert content_of(store, ann, where) == str(len(LEAPS) - 1).encode()
    assert numbers(store, ann, "/b") == [1, 2]


def test_trash_and_new_names_go_on_while_the_clock_leaps(store: Store, ann: Context, clock: SettableClock) -> None:
    for number in leaping(clock):
        a_document(store, ann, "/f/a", str(number).encode())
        copying.copy(store, ann, path("/f"), path("/g"), overwrite=True)
        deleting.delete(store, ann, path("/f"))

    assert tree_of(store, ann) == {"/g": None, "/g/a": str(len(LEAPS) - 1).encode()}


def test_nobody_gets_a_lock_beside_another_while_the_clock_leaps(
    store: Store, ann: Context, bob: Context, clock: SettableClock
) -> None:
    a_document(store, ann, "/a", b"one")
    for _ in leaping(clock):
        mine = a_lock(store, ann, "/a")
        with pytest.raises(LockConflict):
            a_lock(store, bob, "/a")
        with pytest.raises(Locked):
            put(store, bob, "/a", b"theirs")
        locking.refresh(store, holding(ann, mine), ("a",), None)
        assert [lock.token for lock in locks_at(store, bob, "/a")] == [mine.token]
        locking.unlock(store, ann, ("a",), mine.token)


def test_lock_stands_longer_when_the_clock_leaps_back_and_its_holder_can_end_it(
    store: Store, ann: Context, bob: Context, clock: SettableClock
) -> None:
    lock = a_lock(store, ann, "/a", timeout=timedelta(minutes=10))
    clock.advance(timedelta(days=-1))

    with pytest.raises(Locked):
        put(store, bob, "/a", b"theirs")
    clock.advance(timedelta(hours=23))
    assert locks_at(store, bob, "/a") == [lock]
    locking.unlock(store, ann, ("a",), lock.token)

    put(store, bob, "/a", b"theirs")


def test_content_survives_a_collector_whose_clock_is_wrong(
    store: Store, ann: Context, clock: SettableClock, tmp_path: Path
) -> None:
    a_document(store, ann, "/a", b"one", LARGE)
    for now in (2**60, 0, 1, 2**52):
        clock.set(Instant(now))
        upkeep.tidy(store)
        assert content_of(store, ann, "/a") == LARGE
    assert findings(store) == []
