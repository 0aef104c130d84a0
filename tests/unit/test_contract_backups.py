"""A store copied into another one: all that it holds, whatever is written, erased or damaged meanwhile."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import pytest
from sqlalchemy import select, update
from tests.builders import (
    INLINE_LIMIT_BYTES,
    LARGE,
    a_collection,
    a_document,
    a_lock,
    a_user,
    all_versions,
    content_of,
    damages,
    members_of,
    opened_store,
    path,
    put,
    tree_of,
)
from tests.conftest import DATABASES, FreshDatabase
from tests.unit import registered, uploaded

from davgate.core import checking_out, deleting, documents, erasing, moving, uploads
from davgate.core.backups import copy_store
from davgate.core.store import SYSTEM_CONTEXT, Context, Store
from davgate.model.errors import Busy, Corrupt, StoreUnusable
from davgate.model.frozen import frozen
from davgate.model.properties import PropertyUpdate
from davgate.storage.blobs import DiskBlobs
from davgate.storage.statements import Row, Statement
from davgate.storage.tables import metadata, upload
from davgate.storage.tables import store as store_table

MakeStore = Callable[[str, str], Store]


@pytest.fixture
def make_store(fresh_database: FreshDatabase, tmp_path: Path) -> Iterator[MakeStore]:
    """Make new stores of either kind, each with a folder of its own."""
    with ExitStack() as opened:

        def make(kind: str, name: str) -> Store:
            folder = tmp_path / name
            folder.mkdir()
            url = opened.enter_context(fresh_database(kind, folder))
            return opened.enter_context(opened_store(url, folder))

        yield make


@frozen
class Filled:
    """A store with something in nearly every table, and who made it."""

    store: Store
    ann: Context


def filled(store: Store) -> Filled:
    """Put documents of all states into a store."""
    ann, bob = a_user(store, "ann"), a_user(store, "bob")
    a_document(store, ann, "/a.txt", b"one", LARGE, b"three")
    a_document(store, ann, "/b.txt", LARGE + b"b")
    # Its members are older than itself: their numbers are lower.
    a_collection(store, ann, "/made/later")
    moving.move(store, ann, path("/a.txt"), path("/made/later/a.txt"), overwrite=False)
    documents.patch_properties(store, ann, path("/made/later/a.txt"), [PropertyUpdate(("", "p"), "<p/>")])
    a_document(store, ann, "/gone.txt", LARGE + b"gone")
    deleting.delete(store, ann, path("/gone.txt"))
    a_document(store, ann, "/out.txt", b"out")
    checking_out.check_out(store, ann, path("/out.txt"))
    put(store, ann, "/out.txt", LARGE + b"working")
    a_lock(store, bob, "/b.txt")
    registered.create(store, registered.lora(ann))
    uploaded.begin(store, ann, 10)
    return Filled(store, ann)


def rows_of(store: Store) -> dict[str, list[Row]]:
    """Return all rows of all tables but uploads."""
    with store.database.read() as session:
        return {
            table.name: sorted(session.all(Statement(select(table))), key=repr)
            for table in metadata.sorted_tables
            if table is not upload
        }


@pytest.mark.parametrize("to_kind", DATABASES)
@pytest.mark.parametrize("from_kind", DATABASES)
def test_all_rows_and_contents_come_along(make_store: MakeStore, from_kind: str, to_kind: str) -> None:
    source = filled(make_store(from_kind, "source"))
    target = make_store(to_kind, "target")

    copied = copy_store(source.store, target)

    rows = rows_of(target)
    assert rows == rows_of(source.store)
    assert {"node", "version", "placement", "trash", "check_out", "lock", "audit", "temporal_value"} <= {
        name for name, found in rows.items() if found
    }
    assert (copied.contents, copied.damaged) == (4, ())
    assert copied.length_bytes == 4 * len(LARGE) + len("bgoneworking")
    assert tree_of(target, source.ann) == tree_of(source.store, source.ann)
    assert damages(target) == []
    assert (uploads.open_count(source.store), uploads.open_count(target)) == (1, 0)


def test_store_goes_on_where_it_was(make_store: MakeStore) -> None:
    source = filled(make_store("sqlite", "source"))
    target = make_store("postgresql", "target")
    copy_store(source.store, target)

    put(target, source.ann, "/made/later/a.txt", b"four")
    a_document(target, source.ann, "/new.txt", b"new")

    assert [version.no for version in all_versions(target, source.ann, path("/made/later/a.txt"))] == [1, 2, 3, 4]
    assert damages(target) == []


def test_copying_again_brings_what_changed_and_removes_what_is_gone(make_store: MakeStore, tmp_path: Path) -> None:
    source = filled(make_store("sqlite", "source"))
    target = make_store("sqlite", "target")
    copy_store(source.store, target)
    before = {file: file.stat().st_ino for file in contents_below(tmp_path / "target")}
    erasing.erase(source.store, SYSTEM_CONTEXT, "/made/later/a.txt", reason="a test")
    a_document(source.store, source.ann, "/new.txt", LARGE + b"new")

    copied = copy_store(source.store, target, is_replacing=True)

    after = {file: file.stat().st_ino for file in contents_below(tmp_path / "target")}
    assert (copied.contents, len(after)) == (1, 4)
    assert len(before.items() & after.items()) == 3
    assert rows_of(target) == rows_of(source.store)
    assert damages(target) == []


def contents_below(folder: Path) -> list[Path]:
    """Return the files of contents."""
    return [file for file in (folder / "blobs").glob("??/*") if file.is_file()]


@pytest.mark.parametrize("is_replacing", [False, True])
def test_store_that_is_another_one_stays(make_store: MakeStore, is_replacing: bool) -> None:
    source = filled(make_store("sqlite", "source"))
    target = make_store("sqlite", "target")
    with target.database.write() as tx:
        tx.run(Statement(update(store_table).values(uuid="another")))
        tx.commit()
    ann = a_user(target, "ann")
    a_document(target, ann, "/mine.txt", LARGE)
    before = rows_of(target)

    with pytest.raises(StoreUnusable):
        copy_store(source.store, target, is_replacing=is_replacing)

    assert rows_of(target) == before
    assert content_of(target, ann, "/mine.txt") == LARGE


def test_used_store_is_replaced_on_demand_alone(make_store: MakeStore) -> None:
    source = filled(make_store("sqlite", "source"))
    target = make_store("sqlite", "target")
    copy_store(source.store, target)

    with pytest.raises(StoreUnusable):
        copy_store(source.store, target)


class _Hooked(DiskBlobs):
    """Contents of which some cannot be opened; ``happens`` is called first."""

    def watch(self, happens: Callable[[bytes], object]) -> None:
        self._happens = happens

    def open(self, digest: bytes) -> BinaryIO:
        self._happens(digest)
        return super().open(digest)


def hooked(store: Store, folder: Path, happens: Callable[[bytes], object]) -> Store:
    """Return the same store, calling ``happens`` whenever content is opened."""
    blobs = _Hooked(folder / "blobs", store.clock, inline_limit_bytes=INLINE_LIMIT_BYTES)
    blobs.watch(happens)
    return replace(store, blobs=blobs)


def test_content_that_is_erased_meanwhile_is_not_missed(make_store: MakeStore, tmp_path: Path) -> None:
    source = filled(make_store("sqlite", "source"))
    target = make_store("sqlite", "target")
    lost = hashlib.sha256(LARGE + b"b").digest()
    seen: list[bytes] = []

    def happens(digest: bytes) -> None:
        if digest == lost:
            seen.append(digest)
            if len(seen) == 2:
                # The snapshot of the rows has been taken.
                erasing.erase(source.store, SYSTEM_CONTEXT, "/b.txt", reason="a test")
            raise Corrupt("It cannot be read just now.")

    copied = copy_store(hooked(source.store, tmp_path / "source", happens), target)

    assert (len(seen), copied.damaged) == (2, ())
    assert "b.txt" not in members_of(target, source.ann, "/")
    assert damages(target) == []


@pytest.mark.parametrize("damage", ["bits", "missing", "unreadable"])
def test_damaged_content_is_told_and_all_others_come(make_store: MakeStore, tmp_path: Path, damage: str) -> None:
    source = filled(make_store("sqlite", "source"))
    target = make_store("sqlite", "target")
    lost = hashlib.sha256(LARGE + b"b").digest()
    file = tmp_path / "source" / "blobs" / lost.hex()[:2] / lost.hex()[2:]
    if damage == "bits":
        file.write_bytes(LARGE + b"c")
    elif damage == "missing":
        file.unlink()

    def happens(digest: bytes) -> None:
        if damage == "unreadable" and digest == lost:
            raise Busy()

    copied = copy_store(hooked(source.store, tmp_path / "source", happens), target)

    assert (copied.contents, copied.damaged) == (3, (lost,))
    assert [finding.code for finding in damages(target)] == ["blob-missing"]
    assert rows_of(target) == rows_of(source.store)


def test_contents_that_cannot_be_reached_end_the_copy(make_store: MakeStore, tmp_path: Path) -> None:
    source = filled(make_store("sqlite", "source"))
    target = make_store("sqlite", "target")
    before = rows_of(target)
    (tmp_path / "source" / "blobs").rename(tmp_path / "elsewhere")

    with pytest.raises(Busy):
        copy_store(source.store, target)

    assert rows_of(target) == before


@pytest.mark.parametrize("kind", DATABASES)
def test_rows_that_do_not_agree_are_refused(make_store: MakeStore, kind: str) -> None:
    source = filled(make_store("sqlite", "source"))
    target = make_store(kind, "target")
    before = rows_of(target)
    with closing(sqlite3.connect(str(source.store.database.url.database))) as connection:
        connection.execute("DELETE FROM principal WHERE name = 'bob'")
        connection.commit()

    with pytest.raises(Corrupt, match="fsck"):
        copy_store(source.store, target)

    assert rows_of(target) == before
