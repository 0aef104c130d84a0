"""Typed metadata outlives whatever the drive and its programs do to a document, and goes with the copies of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from tests.builders import (
    SettableClock,
    a_document,
    a_lock,
    content_of,
    holding,
    node_at,
    path,
    put,
)
from tests.unit.filed import (
    INDEX,
    SAID,
    bytes_at,
    described,
    found_by,
    line_of,
    made,
    made_folder,
    metadata_of_versions,
    numbering,
    said_of,
    save,
    say,
)
from tests.unit.placed import copy, move

from davgate.core import checking_out, deleting, locking, mending, time_travel, trash, versioning
from davgate.core.store import Context, Store
from davgate.model.node import Cause, Node

SECOND = timedelta(seconds=1)


@pytest.fixture
def minutes(store: Store, ann: Context, clock: SettableClock) -> Node:
    """A document in a folder, made by a REST door, that says SAID; a second later."""
    folder = made_folder(store, ann, "f")
    node = made(store, ann, b"one", "minutes.txt", place=folder.id, **SAID)
    clock.advance(SECOND)
    return node


def in_session(store: Store, ann: Context, clock: SettableClock) -> None:
    lock = a_lock(store, ann, "/f/minutes.txt")
    put(store, holding(ann, lock), "/f/minutes.txt", b"new")
    locking.unlock(store, ann, path("/f/minutes.txt"), lock.token)


def emptied_first(store: Store, ann: Context, clock: SettableClock) -> None:
    put(store, ann, "/f/minutes.txt", b"")
    clock.advance(SECOND)
    put(store, ann, "/f/minutes.txt", b"new")


def temporary_file(store: Store, ann: Context, clock: SettableClock) -> None:
    put(store, ann, "/f/x.tmp", b"new")
    move(store, ann, "/f/x.tmp", "/f/minutes.txt", overwrite=True)


def ordinary_file(store: Store, ann: Context, clock: SettableClock) -> None:
    put(store, ann, "/f/other.txt", b"new")
    move(store, ann, "/f/other.txt", "/f/minutes.txt", overwrite=True)


def backup_and_new(store: Store, ann: Context, clock: SettableClock) -> None:
    move(store, ann, "/f/minutes.txt", "/f/minutes.bak")
    clock.advance(SECOND)
    put(store, ann, "/f/minutes.txt", b"new")


def deleted_and_new(store: Store, ann: Context, clock: SettableClock) -> None:
    deleting.delete(store, ann, path("/f/minutes.txt"))
    clock.advance(SECOND)
    put(store, ann, "/f/minutes.txt", b"new")


def backup_and_temporary_file(store: Store, ann: Context, clock: SettableClock) -> None:
    put(store, ann, "/f/x.tmp", b"new")
    move(store, ann, "/f/minutes.txt", "/f/minutes.bak")
    move(store, ann, "/f/x.tmp", "/f/minutes.txt")
    deleting.delete(store, ann, path("/f/minutes.bak"))


def late_return(store: Store, ann: Context, clock: SettableClock) -> None:
    move(store, ann, "/f/minutes.txt", "/f/minutes~")
    copy(store, ann, "/f/minutes~", "/f/minutes.txt")
    clock.advance(SECOND)
    put(store, ann, "/f/minutes.txt", b"new")
    deleting.delete(store, ann, path("/f/minutes~"))


def there_and_back(store: Store, ann: Context, clock: SettableClock) -> None:
    move(store, ann, "/f/minutes.txt", "/f/minutes.bak")
    move(store, ann, "/f/minutes.bak", "/f/minutes.txt")
    clock.advance(SECOND)
    put(store, ann, "/f/minutes.txt", b"new")


def copied_onto(store: Store, ann: Context, clock: SettableClock) -> None:
    a_document(store, ann, "/other.txt", b"new")
    copy(store, ann, "/other.txt", "/f/minutes.txt", overwrite=True)


def checked_in(store: Store, ann: Context, clock: SettableClock) -> None:
    checking_out.check_out(store, ann, path("/f/minutes.txt"))
    put(store, ann, "/f/minutes.txt", b"new")
    clock.advance(SECOND)
    checking_out.check_in(store, ann, path("/f/minutes.txt"))


def restored_version(store: Store, ann: Context, clock: SettableClock) -> None:
    say(store, ann, node_at(store, ann, "/f/minutes.txt").id, title=None, keywords=None)
    clock.advance(SECOND)
    put(store, ann, "/f/minutes.txt", b"new")
    clock.advance(SECOND)
    put(store, ann, "/f/minutes.txt", b"newer")
    clock.advance(SECOND)
    say(store, ann, node_at(store, ann, "/f/minutes.txt").id, **SAID)
    versioning.restore(store, ann, path("/f/minutes.txt"), 3, path("/f/minutes.txt"), overwrite=True)


def out_of_the_past(store: Store, ann: Context, clock: SettableClock) -> None:
    put(store, ann, "/f/minutes.txt", b"new")
    at = clock.now()
    clock.advance(SECOND)
    put(store, ann, "/f/minutes.txt", b"newer")
    clock.advance(SECOND)
    time_travel.copy_out(store, ann, at, path("/f/minutes.txt"), path("/f/minutes.txt"), overwrite=True)


def out_of_the_trash(store: Store, ann: Context, clock: SettableClock) -> None:
    node = put(store, ann, "/f/minutes.txt", b"new").node
    deleting.delete(store, ann, path("/f/minutes.txt"))
    trash.restore(store, ann, node.id)


def moved_with_its_folder(store: Store, ann: Context, clock: SettableClock) -> None:
    put(store, ann, "/f/minutes.txt", b"new")
    move(store, ann, "/f", "/g")
    move(store, ann, "/g", "/f")


def split_off(store: Store, ann: Context, clock: SettableClock) -> None:
    put(store, ann, "/f/minutes.txt", b"new")
    clock.advance(SECOND)
    put(store, ann, "/f/minutes.txt", b"wrong")
    clock.advance(SECOND)
    mending.split(store, ann, path("/f/minutes.txt"), 3, "wrong.txt")


def merged(store: Store, ann: Context, clock: SettableClock) -> None:
    a_document(store, ann, "/f/other.txt", b"new")
    mending.merge(store, ann, path("/f/other.txt"), path("/f/minutes.txt"))


def rest_after_rest(store: Store, ann: Context, clock: SettableClock) -> None:
    save(store, ann, node_at(store, ann, "/f/minutes.txt").id, b"new")


SAVES: list[Callable[[Store, Context, SettableClock], None]] = [
    in_session,
    emptied_first,
    temporary_file,
    ordinary_file,
    backup_and_new,
    deleted_and_new,
    backup_and_temporary_file,
    late_return,
    there_and_back,
    copied_onto,
    checked_in,
    restored_version,
    out_of_the_past,
    out_of_the_trash,
    moved_with_its_folder,
    split_off,
    merged,
    rest_after_rest,
]


@pytest.mark.parametrize("way", SAVES)
def test_metadata_outlives_every_way_to_save(
    store: Store, ann: Context, clock: SettableClock, minutes: Node, way: Callable[[Store, Context, SettableClock], None]
) -> None:
    way(store, ann, clock)

    after = node_at(store, ann, "/f/minutes.txt")
    assert (after.uuid, content_of(store, ann, "/f/minutes.txt")) == (minutes.uuid, b"new")
    it = described(store, ann, minutes.uuid)
    assert (dict(it.metadata), it.said.type, it.content) == (SAID, "registered", after.content)
    assert found_by(store, minutes.id) == INDEX
    assert numbering(store, minutes.id)[-1][3] == sum(one.cause is not Cause.METADATA for one in line_of(store, minutes.id)) - 1


@pytest.mark.parametrize("metadata", [{}, {"title": "New"}])
def test_document_of_a_rest_door_moved_onto_another_replaces_it_and_is_no_step_of_a_save(
    store: Store, ann: Context, minutes: Node, metadata: dict[str, Any]
) -> None:
    new = made(store, ann, b"new", "new.txt", place=minutes.parent_id or 0, **metadata)

    move(store, ann, "/f/new.txt", "/f/minutes.txt", overwrite=True)

    assert node_at(store, ann, "/f/minutes.txt").uuid == new.uuid
    assert said_of(store, ann, new.id) == metadata
    assert [entry.node.uuid for entry in trash.entries(store, ann)] == [minutes.uuid]


def test_document_of_a_rest_door_at_a_name_that_another_left_stays_itself_when_that_is_deleted(
    store: Store, ann: Context, minutes: Node, clock: SettableClock
) -> None:
    move(store, ann, "/f/minutes.txt", "/f/minutes.bak")
    clock.advance(SECOND)
    new = made(store, ann, b"new", "minutes.txt", place=minutes.parent_id or 0, title="New")
    clock.advance(SECOND)

    deleting.delete(store, ann, path("/f/minutes.bak"))

    assert node_at(store, ann, "/f/minutes.txt").uuid == new.uuid
    assert [entry.node.uuid for entry in trash.entries(store, ann)] == [minutes.uuid]


def test_metadata_of_a_document_that_reads_as_empty_for_a_moment_leaves_it_so(
    store: Store, ann: Context, minutes: Node, clock: SettableClock
) -> None:
    put(store, ann, "/f/minutes.txt", b"")
    clock.advance(SECOND)

    say(store, ann, minutes.id, title="Protocol")

    assert (content_of(store, ann, "/f/minutes.txt"), described(store, ann, minutes.id).said.content_no) == (b"", 0)
    clock.advance(SECOND)
    put(store, ann, "/f/minutes.txt", b"two")
    assert numbering(store, minutes.id)[1:] == [(2, "metadata", True, 0), (3, "save", True, 1)]
    assert said_of(store, ann, minutes.id)["title"] == "Protocol"


def a_copy(store: Store, ann: Context, clock: SettableClock) -> None:
    copy(store, ann, "/f/minutes.txt", "/new.txt")


def a_copy_of_the_folder(store: Store, ann: Context, clock: SettableClock) -> None:
    copy(store, ann, "/f", "/g")
    move(store, ann, "/g/minutes.txt", "/new.txt")


def a_copy_of_a_version(store: Store, ann: Context, clock: SettableClock) -> None:
    said_later(store, ann, clock)
    versioning.restore(store, ann, path("/f/minutes.txt"), 1, path("/new.txt"), overwrite=False)


def a_copy_of_the_past(store: Store, ann: Context, clock: SettableClock) -> None:
    at = clock.now()
    clock.advance(SECOND)
    said_later(store, ann, clock)
    time_travel.copy_out(store, ann, at, path("/f/minutes.txt"), path("/new.txt"), overwrite=False)


def a_copy_of_a_folder_of_the_past(store: Store, ann: Context, clock: SettableClock) -> None:
    at = clock.now()
    clock.advance(SECOND)
    said_later(store, ann, clock)
    time_travel.copy_out(store, ann, at, path("/f"), path("/g"), overwrite=False)
    move(store, ann, "/g/minutes.txt", "/new.txt")


def a_copy_out_of_the_trash(store: Store, ann: Context, clock: SettableClock) -> None:
    node = node_at(store, ann, "/f/minutes.txt")
    deleting.delete(store, ann, path("/f/minutes.txt"))
    clock.advance(timedelta(hours=1))
    trash.copy_out(store, ann, node.id, (), path("/new.txt"), overwrite=False)


def said_later(store: Store, ann: Context, clock: SettableClock) -> None:
    say(store, ann, node_at(store, ann, "/f/minutes.txt").id, title="Later")
    clock.advance(SECOND)
    put(store, ann, "/f/minutes.txt", b"later")
    clock.advance(SECOND)


@pytest.mark.parametrize(
    "way",
    [
        a_copy,
        a_copy_of_the_folder,
        a_copy_of_a_version,
        a_copy_of_the_past,
        a_copy_of_a_folder_of_the_past,
        a_copy_out_of_the_trash,
    ],
)
def test_copy_is_another_document_that_says_what_was_said_of_what_is_copied(
    store: Store, ann: Context, clock: SettableClock, minutes: Node, way: Callable[[Store, Context, SettableClock], None]
) -> None:
    way(store, ann, clock)

    copied = node_at(store, ann, "/new.txt")
    it = described(store, ann, copied.id)
    assert copied.uuid != minutes.uuid
    assert (bytes_at(store, ann, copied.id), dict(it.metadata), it.said.type) == (b"one", SAID, "registered")
    assert found_by(store, copied.id) == INDEX
    assert numbering(store, copied.id) == [(1, "created", True, 0)]


def test_what_a_split_leaves_and_takes_says_what_was_said_then(
    store: Store, ann: Context, clock: SettableClock, minutes: Node
) -> None:
    say(store, ann, minutes.id, title="Second")
    clock.advance(SECOND)

    mending.split(store, ann, path("/f/minutes.txt"), 2, "second.txt")

    second = node_at(store, ann, "/f/second.txt")
    assert (said_of(store, ann, minutes.id)["title"], said_of(store, ann, second.id)["title"]) == ("Minutes", "Second")
    assert found_by(store, minutes.id) == INDEX
    assert numbering(store, second.id) == [(1, "metadata", True, 0)]


def test_merged_document_that_says_something_says_it_from_there_on(
    store: Store, ann: Context, clock: SettableClock, minutes: Node
) -> None:
    other = made(store, ann, b"other", "other.txt", title="Other")
    clock.advance(SECOND)

    mending.merge(store, ann, path("/other.txt"), path("/f/minutes.txt"))

    assert metadata_of_versions(store, ann, minutes.id) == [SAID, {"title": "Other"}]
    assert found_by(store, minutes.id) == {("title", "Other")}
    assert described(store, ann, other.uuid).node.id == minutes.id, "its UUID leads to the document that it is part of"
