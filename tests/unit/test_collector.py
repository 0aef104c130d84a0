"""What the collector removes, and what it spares."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import LargeBinary, select
from tests.builders import (
    INLINE_LIMIT_BYTES,
    LARGE,
    Meanwhile,
    SettableClock,
    a_document,
    content_of,
    findings,
    forget_documents,
    opened_store,
    path,
    put,
    read,
    tree_of,
)
from tests.faults.blobs import BeforeRemoval
from tests.unit.uploaded import append, begin

from davgate.core import copying, deleting, documents, tree, upkeep, versioning
from davgate.core.store import Context, Store
from davgate.model.errors import Busy, Corrupt, NotADocument
from davgate.model.instant import FOREVER, Instant
from davgate.storage import collector
from davgate.storage.blobs import DiskBlobs
from davgate.storage.engines import WRITERS_SETTINGS
from davgate.storage.statements import Statement
from davgate.storage.tables import blob, metadata, node

GRACE = timedelta(hours=24)
MICROSECOND = timedelta(microseconds=1)
SMALL = b"small"


def digest_of(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def recorded(store: Store) -> set[bytes]:
    with store.database.read() as session:
        return {row[0] for row in session.all(Statement(select(blob.c.digest)))}


def files(store: Store) -> set[bytes]:
    return {stored.digest for stored in store.blobs.stored()}


def set_age_of_files(tmp_path: Path, at: Instant) -> None:
    """Give every file of the blob store an age mark of the settable clock."""
    for file in (tmp_path / "blobs").rglob("*"):
        if file.is_file():
            os.utime(file, ns=(at * 1000, at * 1000))


def an_orphan(store: Store) -> None:
    """Leave the file of some content that has no row."""
    with store.blobs.stage() as staging:
        staging.write(memoryview(LARGE))
        staging.finish()


@pytest.fixture
def abandoned(store: Store, ann: Context, tmp_path: Path) -> Store:
    """A store with one small and one large content that no version names."""
    a_document(store, ann, "/a", SMALL, LARGE)
    forget_documents(store)
    set_age_of_files(tmp_path, store.clock.now())
    return store


def test_content_that_nothing_names_goes_after_the_grace_time(abandoned: Store, clock: SettableClock) -> None:
    both = {digest_of(SMALL), digest_of(LARGE)}

    clock.advance(GRACE)
    assert collector.collect(abandoned.database, abandoned.blobs, older_than=GRACE) == 0
    assert recorded(abandoned) == both
    clock.advance(MICROSECOND)
    # Two rows and one file.
    assert collector.collect(abandoned.database, abandoned.blobs, older_than=GRACE) == 3

    assert recorded(abandoned) == files(abandoned) == set()
    assert tree.quota(abandoned).used_bytes == 0


@pytest.mark.parametrize(
    "keep",
    [
        lambda store, ctx: None,
        lambda store, ctx: put(store, ctx, "/a", b"other"),
        lambda store, ctx: deleting.delete(store, ctx, path("/a")),
        lambda store, ctx: deleting.delete(store, ctx, path("/b")),
    ],
    ids=["current", "old-version", "trash", "copy-deleted"],
)
@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["row", "file"])
def test_content_that_any_version_names_stays(
    store: Store,
    ann: Context,
    clock: SettableClock,
    tmp_path: Path,
    content: bytes,
    keep: Callable[[Store, Context], object],
) -> None:
    a_document(store, ann, "/a", content)
    copying.copy(store, ann, path("/a"), path("/b"), overwrite=False)
    keep(store, ann)
    set_age_of_files(tmp_path, clock.now())
    clock.advance(timedelta(days=1000))

    assert upkeep.tidy(store).blobs == 0

    assert digest_of(content) in recorded(store)


def test_every_column_that_names_content_is_asked() -> None:
    naming = {
        column
        for table in metadata.sorted_tables
        for column in table.columns
        if column.name == "digest" and isinstance(column.type, LargeBinary) and table is not blob
    }

    # A node shows its current version's digest; that version names it.
    assert naming == {*collector.NAMING, node.c.digest}


def test_content_stored_again_is_spared(abandoned: Store, ann: Context, clock: SettableClock, tmp_path: Path) -> None:
    clock.advance(GRACE + MICROSECOND)
    for name, content in (("small", SMALL), ("large", LARGE)):
        put(abandoned, ann, f"/{name}", content)

    assert collector.collect(abandoned.database, abandoned.blobs, older_than=GRACE) == 0

    assert content_of(abandoned, ann, "/large") == LARGE
    assert tree.quota(abandoned).used_bytes == len(SMALL) + len(LARGE)


@pytest.mark.parametrize("is_upload", [False, True], ids=["put", "upload"])
def test_age_of_a_file_begins_when_it_becomes_content(store: Store, ann: Context, clock: SettableClock, is_upload: bool) -> None:
    upload_id = begin(store, ann, len(LARGE))
    append(store, ann, upload_id, 0, LARGE[:1000])
    # As on a file server, whose own clock is not the store's.
    clock.advance(timedelta(minutes=30))

    if is_upload:
        append(store, ann, upload_id, 1000, LARGE[1000:])
    else:
        put(store, ann, "/a", LARGE)

    assert [one.stored_at for one in store.blobs.stored()] == [clock.now()]


def test_refused_upload_leaves_a_file_that_goes(
    store: Store, ann: Context, bob: Context, clock: SettableClock, tmp_path: Path
) -> None:
    body = Meanwhile(LARGE, lambda: tree.make_collection(store, bob, path("/a")))

    with pytest.raises(NotADocument):
        documents.put(store, ann, path("/a"), body)
    assert [finding.code for finding in findings(store)] == ["blob-orphan"]
    set_age_of_files(tmp_path, clock.now())
    clock.advance(GRACE + MICROSECOND)

    assert upkeep.tidy(store).blobs == 1

    assert files(store) == set()


def test_file_of_content_kept_in_its_row_goes(store: Store, ann: Context, clock: SettableClock, tmp_path: Path) -> None:
    content = bytes(INLINE_LIMIT_BYTES)
    a_document(store, ann, "/a", content)
    # The limit was lower for a while, so the same bytes went into a file as well.
    lower = replace(store, blobs=DiskBlobs(tmp_path / "blobs", clock, inline_limit_bytes=0))
    put(lower, ann, "/b", content)
    assert digest_of(content) in files(store)
    set_age_of_files(tmp_path, clock.now())
    clock.advance(GRACE + MICROSECOND)

    assert upkeep.tidy(store).blobs == 1

    assert tree_of(store, ann) == {"/a": content, "/b": content}
    assert files(store) == set()


def test_many_are_collected_in_several_transactions(store: Store, ann: Context, clock: SettableClock) -> None:
    count = 2 * 200 + 1
    for number in range(count):
        put(store, ann, f"/{number}", str(number).encode())
    forget_documents(store)
    clock.advance(GRACE + MICROSECOND)

    assert collector.collect(store.database, store.blobs, older_than=GRACE) == count

    assert recorded(store) == set()


def test_leftovers_of_uploads_go_after_the_grace_time(store: Store, clock: SettableClock, tmp_path: Path) -> None:
    leftover = tmp_path / "blobs" / "staging" / "leftover"
    leftover.write_bytes(b"half of someth")
    set_age_of_files(tmp_path, clock.now())

    clock.advance(GRACE)
    assert upkeep.tidy(store).staged == 0
    assert [finding.code for finding in findings(store)] == ["staging-leftover"]
    clock.advance(MICROSECOND)
    assert upkeep.tidy(store).staged == 1

    assert findings(store) == []


@pytest.mark.parametrize("name", ["lost+found", "ab", "README", "zz"])
def test_what_is_no_blob_is_left_alone(store: Store, ann: Context, tmp_path: Path, clock: SettableClock, name: str) -> None:
    (tmp_path / "blobs" / name).mkdir()
    (tmp_path / "blobs" / name / ".DS_Store").write_bytes(b"junk")
    a_document(store, ann, "/a", LARGE)
    set_age_of_files(tmp_path, clock.now())
    clock.advance(timedelta(days=1000))

    upkeep.tidy(store)

    assert (tmp_path / "blobs" / name / ".DS_Store").exists()
    assert content_of(store, ann, "/a") == LARGE


def test_content_that_something_names_keeps_its_row_beside_others_that_nothing_names(abandoned: Store, ann: Context) -> None:
    a_document(abandoned, ann, "/named", LARGE[::-1])
    named = digest_of(LARGE[::-1])
    with abandoned.database.read() as session:
        assert set(collector.unnamed(session, [named, digest_of(LARGE)])) == {digest_of(LARGE)}

    with abandoned.database.write() as tx:
        forgotten = collector.forget_unnamed(tx, [named])
        tx.commit()

    assert (forgotten.contents, forgotten.length_bytes, forgotten.files) == (0, 0, ())
    assert content_of(abandoned, ann, "/named") == LARGE[::-1]


def test_file_whose_content_has_come_to_be_named_again_is_spared(store: Store, ann: Context) -> None:
    a_document(store, ann, "/a", LARGE)

    collector.remove_files(store.database, store.blobs, [digest_of(LARGE)])

    assert content_of(store, ann, "/a") == LARGE


def test_file_replaced_since_the_collector_looked_is_spared(store: Store, tmp_path: Path) -> None:
    for _ in range(2):
        set_age_of_files(tmp_path, Instant(0))
        with store.blobs.stage() as staging:
            staging.write(memoryview(LARGE))
            staging.finish()

    assert not store.blobs.remove(digest_of(LARGE), older_than=Instant(1), confirm=lambda: True)

    assert files(store) == {digest_of(LARGE)}


def test_file_whose_removal_is_denied_is_where_it_was(store: Store) -> None:
    an_orphan(store)

    assert not store.blobs.remove(digest_of(LARGE), older_than=FOREVER, confirm=lambda: store.blobs.exists(digest_of(LARGE)))

    assert files(store) == {digest_of(LARGE)}
    assert store.blobs.unfinished() == 0


@pytest.mark.parametrize("database_kind", ["postgresql"])
def test_content_stored_while_the_collector_was_frozen_is_spared(
    store: Store, ann: Context, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(WRITERS_SETTINGS, "idle_in_transaction_session_timeout", "50ms")
    an_orphan(store)

    with opened_store(database_url, tmp_path, store.clock) as elsewhere:
        frozen = BeforeRemoval(elsewhere.blobs, lambda: a_document(store, ann, "/a", LARGE))
        with pytest.raises(Busy):
            collector.remove_files(elsewhere.database, frozen, [digest_of(LARGE)])

    assert content_of(store, ann, "/a") == LARGE


def test_missing_content_is_told_and_heals_when_stored_again(unchecked_store: Store, ann: Context, tmp_path: Path) -> None:
    a_document(unchecked_store, ann, "/a", LARGE)
    for file in (tmp_path / "blobs").rglob("*"):
        if file.is_file():
            file.unlink()

    with pytest.raises(Corrupt):
        content_of(unchecked_store, ann, "/a")
    assert [finding.code for finding in findings(unchecked_store)] == ["blob-missing"]

    put(unchecked_store, ann, "/b", LARGE)
    assert content_of(unchecked_store, ann, "/a") == LARGE
    assert findings(unchecked_store) == []


def test_versions_stay_readable_after_any_number_of_rounds(
    store: Store, ann: Context, clock: SettableClock, tmp_path: Path
) -> None:
    contents = [SMALL, LARGE, SMALL, LARGE[::-1]]
    a_document(store, ann, "/a", *contents)
    for _ in range(3):
        clock.advance(GRACE * 2)
        set_age_of_files(tmp_path, Instant(0))
        upkeep.tidy(store)

    for no, content in enumerate(contents, start=1):
        assert read(versioning.open_version(store, ann, path("/a"), no)[2]) == content
