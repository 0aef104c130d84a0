"""Splitting and merging documents: a wrong guess about a save is undone, and nothing that is recorded is lost."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.builders import (
    a_collection,
    a_document,
    a_lock,
    all_versions,
    content_of,
    holding,
    locks_at,
    node_at,
    put,
)

from davgate.core import deleting, marking, mending, moving, versioning
from davgate.core.store import Context, Store
from davgate.model.errors import AlreadyExists, Locked, Malformed, NoSuchVersion, NotADocument, SameResource
from davgate.model.marks import MarkKind
from davgate.storage.api import dances, marks


def contents(store: Store, ctx: Context, name: str) -> list[bytes]:
    history = all_versions(store, ctx, (name,))
    bodies = []
    for version in history:
        opened = versioning.open_version(store, ctx, (name,), version.no)[2]
        bodies.append(opened.body if opened.body is not None else opened.open().read())
    return bodies


def test_split_gives_the_later_versions_to_a_new_document_and_takes_nothing_back(store: Store, ann: Context) -> None:
    before = a_document(store, ann, "/a", b"one", b"two", b"other", b"other two")

    made = mending.split(store, ann, ("a",), 3, "b").node

    assert contents(store, ann, "b") == [b"other", b"other two"]
    assert contents(store, ann, "a") == [b"one", b"two", b"other", b"other two", b"two"]
    assert node_at(store, ann, "/a").uuid == before.uuid != made.uuid
    assert (made.version_no, content_of(store, ann, "/b")) == (2, b"other two")
    assert put(store, ann, "/b", b"three").node.version_no == 3


def test_merge_appends_the_versions_and_lets_the_ids_lead_on(store: Store, ann: Context) -> None:
    kept = a_document(store, ann, "/a", b"one", b"two")
    gone = a_document(store, ann, "/b", b"three", b"four")

    merged = mending.merge(store, ann, ("b",), ("a",)).node

    assert contents(store, ann, "a") == [b"one", b"two", b"three", b"four"]
    assert (merged.id, merged.version_no, content_of(store, ann, "/a")) == (kept.id, 4, b"four")
    with store.database.read() as session:
        assert dances.successor_of(session, gone.uuid) == kept.id


def test_merged_versions_keep_their_marks_but_a_label_that_the_document_has(
    store: Store, ann: Context, root_admin: Context
) -> None:
    kept = a_document(store, ann, "/a", b"one")
    a_document(store, ann, "/b", b"two", b"three")
    marking.set_label(store, ann, ("a",), 1, "sent", may_move=False)
    for label in ("sent", "good"):
        marking.set_label(store, ann, ("b",), 1, label, may_move=False)
    marking.pin(store, ann, ("b",), 1)
    marking.hold(store, root_admin, ("b",), 2)

    mending.merge(store, ann, ("b",), ("a",))

    with store.database.read() as session:
        found = {(one.version_no, one.kind, one.label) for one in marks.of_document(session, kept.id)}
    labels = {(1, MarkKind.LABEL, "sent"), (2, MarkKind.LABEL, "good")}
    assert found == labels | {(2, MarkKind.PIN, ""), (3, MarkKind.HOLD, "")}


def test_what_was_put_at_the_old_name_keeps_its_marks_in_the_document_that_comes_back(
    store: Store, ann: Context, root_admin: Context
) -> None:
    program = replace(ann, editing=True)
    former = a_document(store, program, "/a.txt", b"one")
    moving.move(store, program, ("a.txt",), ("b.txt",), overwrite=False)
    a_document(store, program, "/a.txt", b"two")
    marking.hold(store, root_admin, ("a.txt",), 1)

    deleting.delete(store, program, ("b.txt",))

    assert node_at(store, ann, "/a.txt").id == former.id
    with store.database.read() as session:
        assert [(one.version_no, one.kind) for one in marks.of_document(session, former.id)] == [(2, MarkKind.HOLD)]


def test_what_was_emptied_at_the_old_name_reads_as_empty_in_the_document_that_comes_back(store: Store, ann: Context) -> None:
    program = replace(ann, editing=True)
    former = a_document(store, program, "/a.txt", b"one")
    moving.move(store, program, ("a.txt",), ("b.txt",), overwrite=False)
    a_document(store, program, "/a.txt", b"two")
    put(store, program, "/a.txt", b"")

    deleting.delete(store, program, ("b.txt",))

    assert (node_at(store, ann, "/a.txt").id, content_of(store, ann, "/a.txt")) == (former.id, b"")
    put(store, program, "/a.txt", b"three")
    assert contents(store, ann, "a.txt") == [b"one", b"two", b"three"]


def test_older_document_merged_into_a_younger_one_keeps_the_order_of_versions(store: Store, ann: Context) -> None:
    a_document(store, ann, "/old", b"one", b"two")
    a_document(store, ann, "/young", b"three")

    mending.merge(store, ann, ("old",), ("young",))

    assert contents(store, ann, "young") == [b"three", b"one", b"two"]


@pytest.mark.parametrize(
    ("no", "reason"), [(1, "/a has no version before 1"), (4, "/a has no version 4"), (0, "/a has no version 0")]
)
def test_split_needs_a_version_before_and_one_after_and_says_which_is_missing(
    store: Store, ann: Context, no: int, reason: str
) -> None:
    a_document(store, ann, "/a", b"one", b"two", b"three")

    with pytest.raises((NoSuchVersion, Malformed), match=reason):
        mending.split(store, ann, ("a",), no, "b")

    assert contents(store, ann, "a") == [b"one", b"two", b"three"]


def test_split_to_a_taken_name_changes_nothing(store: Store, ann: Context) -> None:
    a_document(store, ann, "/a", b"one", b"two")
    a_document(store, ann, "/b", b"x")

    with pytest.raises(AlreadyExists):
        mending.split(store, ann, ("a",), 2, "b")

    assert (contents(store, ann, "a"), contents(store, ann, "b")) == ([b"one", b"two"], [b"x"])


def test_documents_locked_by_somebody_else_are_not_mended(store: Store, ann: Context, bob: Context) -> None:
    a_document(store, ann, "/a", b"one", b"two")
    a_document(store, ann, "/b", b"x")
    held = a_lock(store, bob, "/a")

    with pytest.raises(Locked):
        mending.split(store, ann, ("a",), 2, "c")
    for source, into in (("a", "b"), ("b", "a")):
        with pytest.raises(Locked):
            mending.merge(store, ann, (source,), (into,))

    mending.split(store, holding(bob, held), ("a",), 2, "c")
    assert contents(store, ann, "c") == [b"two"]


def test_only_two_documents_can_be_merged(store: Store, ann: Context) -> None:
    a_document(store, ann, "/a", b"one")
    a_collection(store, ann, "/f")

    with pytest.raises(SameResource):
        mending.merge(store, ann, ("a",), ("a",))
    with pytest.raises(NotADocument):
        mending.merge(store, ann, ("a",), ("f",))


def test_lock_on_what_is_merged_ends(store: Store, ann: Context) -> None:
    """The other one is locked too, and two exclusive locks cannot be on one document (RFC 4918, 6.2)."""
    for name in ("/a", "/b"):
        a_document(store, ann, name)
    of_b, of_a = a_lock(store, ann, "/b"), a_lock(store, ann, "/a")

    mending.merge(store, holding(ann, of_a, of_b), ("b",), ("a",))

    assert locks_at(store, ann, "/a") == [of_a]
