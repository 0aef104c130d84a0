"""What a collection holds is read once for as long as nothing was committed, and never told when it is no longer true."""

from __future__ import annotations

import random
from contextlib import AbstractContextManager

import pytest
from tests.builders import a_collection, a_document, path

from davgate.core import deleting, moving, tree
from davgate.core.store import Context, Store
from davgate.storage import members
from davgate.storage.api import MemberRow, Session

FOLDERS = ("/a", "/b")


@pytest.fixture
def reads(store: Store, ann: Context, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The ids of the collections whose members are read from now on."""
    with store.database.read() as session:
        if session.memory() is None:
            pytest.skip("nothing is remembered on PostgreSQL")
    for folder in FOLDERS:
        a_collection(store, ann, folder)
    reads: list[int] = []
    real = members._read

    def read(session: Session, parent_id: int, at_once: int) -> members.Members:
        reads.append(parent_id)
        return real(session, parent_id, at_once)

    monkeypatch.setattr(members, "_read", read)
    return reads


def looking(store: Store, ctx: Context, where: str) -> AbstractContextManager[tree.Listing]:
    return tree.listing(store, ctx, path(where), with_members=True, with_properties=False, with_locks=False)


def listed(store: Store, ctx: Context, where: str) -> list[MemberRow]:
    with looking(store, ctx, where) as listing:
        return [row for batch in listing.batches for row in batch]


def test_members_are_read_once_as_long_as_nothing_was_committed(store: Store, ann: Context, reads: list[int]) -> None:
    a_document(store, ann, "/a/x")
    first = listed(store, ann, "/a")
    assert [row[4] for row in first] == ["x"]
    assert [listed(store, ann, "/a"), listed(store, ann, "/b"), listed(store, ann, "/b")] == [first, [], []]
    assert len(reads) == len(set(reads)) == 2


def test_members_of_too_many_collections_are_read_anew(
    store: Store, ann: Context, reads: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    for where in ("/a/1", "/a/2", "/b/1", "/b/2"):
        a_document(store, ann, where)
    monkeypatch.setattr(members, "_MOST_KNOWN", 5)
    for where in ("/a", "/b", "/b", "/a"):
        assert len(listed(store, ann, where)) == 2
    a, b = dict.fromkeys(reads)
    assert reads == [a, b, a]


def test_members_of_one_too_large_collection_are_not_remembered(
    store: Store, ann: Context, reads: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    for where in ("/a/1", "/a/2"):
        a_document(store, ann, where)
    monkeypatch.setattr(members, "_MOST_KNOWN", 2)
    assert len(listed(store, ann, "/a")) == len(listed(store, ann, "/a")) == 2
    assert len(reads) == 2


@pytest.fixture
def large(store: Store, ann: Context, reads: list[int], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names in /a, which come in batches."""
    monkeypatch.setattr(tree, "_AT_ONCE", 2)
    monkeypatch.setattr(members, "_BATCH_ROWS", 3)
    names = [f"{number}" for number in range(8)]
    for name in names:
        a_document(store, ann, f"/a/{name}")
    return names


def test_large_collection_is_read_once_and_comes_in_batches(
    store: Store, ann: Context, reads: list[int], large: list[str]
) -> None:
    for _ in range(3):
        with looking(store, ann, "/a") as listing:
            assert not listing.is_complete
            batches = [[row[4] for row in batch] for batch in listing.batches]
        assert sum(batches, []) == large
        assert len(batches) > 2
    assert len(reads) == 1


def test_of_a_too_large_collection_nothing_is_missing_and_the_others_stay_known(
    store: Store, ann: Context, reads: list[int], large: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(members, "_MOST_KNOWN", 5)
    for _ in range(2):
        assert [row[4] for row in listed(store, ann, "/a")] == large
        assert listed(store, ann, "/b") == []
    a, b = dict.fromkeys(reads)
    assert reads == [a, b, a]


def test_collection_that_was_not_read_to_its_end_is_not_remembered(
    store: Store, ann: Context, reads: list[int], large: list[str]
) -> None:
    with looking(store, ann, "/a") as listing:
        assert [row[4] for row in next(listing.batches)] == large[:3]
    assert [row[4] for row in listed(store, ann, "/a")] == large
    assert len(reads) == 2


def test_what_is_listed_is_always_what_is_there(store: Store, ann: Context) -> None:
    """Random writes, each followed by more looks than are remembered, against a model."""
    chance = random.Random(7)
    model: dict[str, set[str]] = {folder: set() for folder in FOLDERS}
    for folder in FOLDERS:
        a_collection(store, ann, folder)
    for number in range(150):
        folder, other = chance.sample(FOLDERS, 2)
        name = f"{number % 9}"
        if name not in model[folder]:
            a_document(store, ann, f"{folder}/{name}")
            model[folder].add(name)
        elif chance.random() < 0.5:
            moving.move(store, ann, path(f"{folder}/{name}"), path(f"{other}/{name}"), overwrite=True)
            model[folder].discard(name)
            model[other].add(name)
        else:
            deleting.delete(store, ann, path(f"{folder}/{name}"))
            model[folder].discard(name)
        for _ in range(2):
            for where in FOLDERS:
                assert [row[4] for row in listed(store, ann, where)] == sorted(model[where])
