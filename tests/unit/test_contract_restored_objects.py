"""Restoring a version through a REST door: all that it said, without content where it had none; a workflow stays where it is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.builders import SettableClock, a_lock, content_of, damages, holding, locks_at, members_of, path, put
from tests.unit.filed import (
    bytes_at,
    described,
    found_by,
    line_of,
    made,
    made_folder,
    numbering,
    rest,
    restored,
    said_of,
    save,
    say,
)

from davgate.core import checking_out, versioning
from davgate.core.store import Context, Store
from davgate.model.errors import Locked
from davgate.model.errors_of_objects import Retained
from davgate.model.errors_of_versions import CheckedOut
from davgate.model.instant import after
from davgate.model.node import Cause, Node
from davgate.model.retaining import EXPIRES_AT, to_text

SECOND = timedelta(seconds=1)
STATE = "dynacase:state"


@pytest.fixture
def filled(store: Store, ann: Context, clock: SettableClock) -> Node:
    """A document in a folder that began without content; a second later it got some."""
    folder = made_folder(store, ann, "f")
    node = made(store, ann, None, place=folder.id, title="one")
    clock.advance(SECOND)
    node = save(store, ann, node.id, b"two", metadata={"title": "two"})
    clock.advance(SECOND)
    return node


# Without content


def test_version_without_content_is_restored_without_content(store: Store, ann: Context, filled: Node) -> None:
    node = restored(store, rest(ann), filled.id, 1)

    assert (node.version_no, node.content, node.name) == (3, None, None)
    it = described(store, ann, filled.uuid)
    assert (it.content, it.node.is_bare, dict(it.metadata)) == (None, True, {"title": "one"})
    assert members_of(store, ann, "/f") == []
    assert numbering(store, filled.id) == [(1, "created", False, None), (2, "save", True, 0), (3, "revert", False, 0)]
    last = line_of(store, filled.id)[-1]
    assert (last.cause, last.comment, last.origin, last.file_name) == (Cause.REVERT, "", "version 1", "")
    assert found_by(store, filled.id) == {("title", "one")}
    assert damages(store) == []


def test_content_that_was_taken_away_comes_back_on_the_drive(
    store: Store, ann: Context, clock: SettableClock, filled: Node
) -> None:
    restored(store, rest(ann), filled.id, 1)
    clock.advance(SECOND)

    restored(store, rest(ann), filled.id, 2)

    assert members_of(store, ann, "/f") == ["a.txt"]
    assert (content_of(store, ann, "/f/a.txt"), said_of(store, ann, filled.id)) == (b"two", {"title": "two"})
    assert damages(store) == []


def test_reverted_content_is_on_the_drive_again(store: Store, ann: Context, clock: SettableClock, filled: Node) -> None:
    restored(store, rest(ann), filled.id, 1)
    clock.advance(SECOND)

    reverted = versioning.revert(store, rest(ann), filled.id, 0)

    assert (members_of(store, ann, "/f"), reverted.name) == (["a.txt"], "a.txt")
    assert content_of(store, ann, "/f/a.txt") == b"two"
    assert damages(store) == []


def test_lock_ends_where_the_content_goes(store: Store, ann: Context, filled: Node) -> None:
    held = a_lock(store, ann, "/f/a.txt")
    put(store, holding(ann, held), "/f/a.txt", b"three")

    with pytest.raises(Locked):
        restored(store, rest(ann), filled.id, 1)
    restored(store, rest(holding(ann, held)), filled.id, 1)

    assert [one.has_content for one in line_of(store, filled.id)] == [False, True, True, False]
    restored(store, rest(ann), filled.id, 2)
    assert locks_at(store, ann, "/f/a.txt") == []


def test_content_stays_where_the_folder_is_locked(store: Store, ann: Context, bob: Context, filled: Node) -> None:
    a_lock(store, bob, "/f")

    with pytest.raises(Locked):
        restored(store, rest(ann), filled.id, 1)

    assert content_of(store, ann, "/f/a.txt") == b"two"


def test_content_under_retention_stays(store: Store, ann: Context, clock: SettableClock, filled: Node) -> None:
    say(store, ann, filled.id, **{EXPIRES_AT: to_text(after(clock.now(), timedelta(days=1)))})

    with pytest.raises(Retained):
        restored(store, rest(ann), filled.id, 1)

    assert content_of(store, ann, "/f/a.txt") == b"two"


# In a check-out


def test_working_copy_loses_its_content_and_the_document_with_the_check_in(
    store: Store, ann: Context, bob: Context, clock: SettableClock, filled: Node
) -> None:
    checking_out.check_out(store, ann, filled.id)
    with pytest.raises(CheckedOut):
        restored(store, rest(bob), filled.id, 1)

    restored(store, rest(ann), filled.id, 1)

    assert (described(store, ann, filled.id).content, bytes_at(store, bob, filled.id)) == (None, b"two")
    assert said_of(store, bob, filled.id) == {"title": "one"}
    clock.advance(SECOND)
    checking_out.check_in(store, ann, filled.id)
    assert described(store, bob, filled.id).content is None
    assert damages(store) == []


def test_working_copy_gets_the_content_and_the_document_the_metadata(
    store: Store, ann: Context, bob: Context, filled: Node
) -> None:
    save(store, ann, filled.id, b"three", metadata={"title": "three"})
    checking_out.check_out(store, ann, filled.id)

    restored(store, rest(ann), filled.id, 2)

    assert (bytes_at(store, ann, filled.id), bytes_at(store, bob, filled.id)) == (b"two", b"three")
    assert said_of(store, bob, filled.id) == {"title": "two"}
    checking_out.check_in(store, ann, filled.id)
    assert bytes_at(store, bob, filled.id) == b"two"


# The state of a workflow


@pytest.mark.parametrize("body", [b"one", None])
def test_state_of_a_workflow_stays(store: Store, ann: Context, body: bytes | None) -> None:
    node = made(store, ann, body, title="one", **{STATE: "draft"})
    say(store, ann, node.id, title="two", **{STATE: "approved"})

    restored(store, rest(ann), node.id, 1)

    assert said_of(store, ann, node.id) == {"title": "one", STATE: "approved"}


def test_state_that_is_no_longer_there_does_not_come_back(store: Store, ann: Context) -> None:
    node = made(store, ann, title="one", **{STATE: "draft"})
    say(store, ann, node.id, **{STATE: None})

    restored(store, rest(ann), node.id, 1)

    assert said_of(store, ann, node.id) == {"title": "one"}


def test_state_stays_when_a_version_is_copied_onto_its_document(store: Store, ann: Context) -> None:
    node = made(store, ann, b"one", title="one", **{STATE: "draft"})
    save(store, ann, node.id, b"two", metadata={"title": "two", STATE: "approved"})

    versioning.restore(store, ann, path("/a.txt"), 1, path("/a.txt"), overwrite=True)

    assert bytes_at(store, ann, node.id) == b"one"
    assert said_of(store, ann, node.id) == {"title": "two", STATE: "approved"}
