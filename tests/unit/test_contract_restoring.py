"""What core promises about restoring a version: it becomes the next one, and nothing is taken back."""

from __future__ import annotations

import pytest
from tests.builders import (
    a_collection,
    a_document,
    a_lock,
    all_versions,
    content_of,
    findings,
    path,
    tree_of,
)

from davgate.core import trash, versioning
from davgate.core.store import Context, Store
from davgate.model.errors import (
    DavgateError,
    Locked,
    ParentMissing,
    PreconditionFailed,
    ReservedName,
    SameResource,
)
from davgate.model.node import Cause, Version


def history(store: Store, ctx: Context, where: str) -> list[Version]:
    return list(all_versions(store, ctx, path(where)))


def test_restoring_a_version_makes_the_next_one(store: Store, ann: Context, bob: Context) -> None:
    a_document(store, ann, "/a", b"one", b"two")

    written = versioning.restore(store, bob, path("/a"), 1, path("/a"), overwrite=True)

    assert written.node.version_no == 3
    assert content_of(store, ann, "/a") == b"one"
    last = history(store, ann, "/a")[-1]
    assert (last.cause, last.author) == (Cause.REVERT, "bob")


def test_restoring_the_current_version_changes_nothing(store: Store, ann: Context) -> None:
    node = a_document(store, ann, "/a", b"one", b"two")

    assert versioning.restore(store, ann, path("/a"), 2, path("/a"), overwrite=True).node == node


def test_version_restored_onto_a_new_name_is_a_new_document(store: Store, ann: Context) -> None:
    node = a_document(store, ann, "/a", b"one", b"two")

    written = versioning.restore(store, ann, path("/a"), 1, path("/b"), overwrite=False)

    assert written.is_created
    assert written.node.uuid != node.uuid
    assert tree_of(store, ann) == {"/a": b"two", "/b": b"one"}
    assert [version.no for version in history(store, ann, "/b")] == [1]


def test_version_restored_onto_another_document_adds_to_its_history(store: Store, ann: Context) -> None:
    a_document(store, ann, "/a", b"one", b"two")
    other = a_document(store, ann, "/b", b"other")

    with pytest.raises(PreconditionFailed):
        versioning.restore(store, ann, path("/a"), 1, path("/b"), overwrite=False)
    written = versioning.restore(store, ann, path("/a"), 1, path("/b"), overwrite=True)

    assert (written.node.id, written.node.version_no) == (other.id, 2)
    assert [version.cause for version in history(store, ann, "/b")] == [Cause.CREATED, Cause.SAVE]


def test_version_takes_the_place_of_a_folder_which_goes_to_the_trash(store: Store, ann: Context) -> None:
    # RFC 4918, 9.8.4
    a_document(store, ann, "/a", b"one")
    folder = a_collection(store, ann, "/f")
    a_document(store, ann, "/f/b", b"member")

    with pytest.raises(PreconditionFailed):
        versioning.restore(store, ann, path("/a"), 1, path("/f"), overwrite=False)
    written = versioning.restore(store, ann, path("/a"), 1, path("/f"), overwrite=True)

    assert not written.is_created
    assert written.node.id != folder.id
    assert tree_of(store, ann) == {"/a": b"one", "/f": b"one"}
    assert [entry.node.id for entry in trash.entries(store, ann)] == [folder.id]
    assert findings(store) == []


def test_version_does_not_take_the_place_of_a_folder_that_holds_its_document(store: Store, ann: Context) -> None:
    a_collection(store, ann, "/f")
    a_document(store, ann, "/f/b", b"member")

    for destination in ("/f", "/"):
        with pytest.raises(SameResource):
            versioning.restore(store, ann, path("/f/b"), 1, path(destination), overwrite=True)
    assert tree_of(store, ann) == {"/f": None, "/f/b": b"member"}


def test_version_does_not_take_the_place_of_what_another_has_locked(store: Store, ann: Context, bob: Context) -> None:
    a_document(store, ann, "/a", b"one")
    a_collection(store, ann, "/f")
    a_document(store, ann, "/f/b", b"member")
    a_lock(store, bob, "/f/b")

    with pytest.raises(Locked):
        versioning.restore(store, ann, path("/a"), 1, path("/f"), overwrite=True)
    assert tree_of(store, ann) == {"/a": b"one", "/f": None, "/f/b": b"member"}


@pytest.mark.parametrize(
    ("destination", "error"),
    [("/", SameResource), ("/missing/a", ParentMissing), ("/.versions", ReservedName)],
)
def test_version_is_restored_onto_nothing_else(store: Store, ann: Context, destination: str, error: type[DavgateError]) -> None:
    a_document(store, ann, "/a", b"one")
    a_collection(store, ann, "/f")

    with pytest.raises(error):
        versioning.restore(store, ann, path("/a"), 1, path(destination), overwrite=True)

    assert tree_of(store, ann) == {"/a": b"one", "/f": None}
