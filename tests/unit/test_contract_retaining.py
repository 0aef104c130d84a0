"""What has to be kept: whatever the door, the content of a document under retention stays, and so does the document."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.builders import (
    SettableClock,
    a_collection,
    a_document,
    a_lock,
    content_of,
    damages,
    holding,
    node_at,
    put,
    with_policy,
)
from tests.unit.filed import a_file, described, made, restored, said_of, say

from davgate.core import (
    checking_out,
    copying,
    deleting,
    erasing,
    locking,
    mending,
    moving,
    objects,
    removing_versions,
    thinning,
    upkeep,
)
from davgate.core.objects import Changes
from davgate.core.store import Context, Store
from davgate.model.errors_of_objects import NotEmpty, Retained
from davgate.model.instant import after
from davgate.model.locks import Lock
from davgate.model.node import Node
from davgate.model.retaining import DESTROYED_AT, EXPIRES_AT, to_text
from davgate.model.thinning import ThinningRule

YEAR = timedelta(days=365)


def until(clock: SettableClock, span: timedelta) -> str:
    return to_text(after(clock.now(), span))


@pytest.fixture
def kept(store: Store, ann: Context, clock: SettableClock) -> Node:
    """A document with two versions, in a folder, to be kept for a year from the second on."""
    folder = a_collection(store, ann, "/f")
    node = made(store, ann, b"one", "a.txt", place=folder.id)
    clock.advance(timedelta(seconds=1))
    return say(store, ann, node.id, **{EXPIRES_AT: until(clock, YEAR)})


WRITES: dict[str, Callable[[Store, Context, Node], object]] = {
    "put": lambda store, ctx, node: put(store, ctx, "/f/a.txt", b"two"),
    "put of nothing": lambda store, ctx, node: put(store, ctx, "/f/a.txt", b""),
    "update": lambda store, ctx, node: objects.update(store, ctx, node.id, Changes(file=a_file(store, b"two"))),
    "same bytes again": lambda store, ctx, node: objects.update(
        store, ctx, node.id, Changes(file=a_file(store, b"one"), always=True)
    ),
    "another stream": lambda store, ctx, node: objects.update(store, ctx, node.id, Changes(streams={"x": a_file(store, b"x")})),
    "restore": lambda store, ctx, node: restored(store, ctx, node.id, 1),
    "copy onto it": lambda store, ctx, node: copying.copy(store, ctx, ("b.txt",), ("f", "a.txt"), overwrite=True),
    "move onto it": lambda store, ctx, node: moving.move(store, ctx, ("b.txt",), ("f", "a.txt"), overwrite=True),
    "merge into it": lambda store, ctx, node: mending.merge(store, ctx, ("b.txt",), ("f", "a.txt")),
    "merge it": lambda store, ctx, node: mending.merge(store, ctx, ("f", "a.txt"), ("b.txt",)),
    "delete": lambda store, ctx, node: deleting.delete(store, ctx, node.id),
    "delete its folder": lambda store, ctx, node: deleting.delete(store, ctx, ("f",)),
    "delete the object": lambda store, ctx, node: deleting.delete_if_empty(store, ctx, node.uuid),
    "remove a version": lambda store, ctx, node: removing_versions.remove_version(store, ctx, node.id, 1),
    "end retention": lambda store, ctx, node: say(store, ctx, node.id, **{EXPIRES_AT: None}),
    "shorten retention": lambda store, ctx, node: say(store, ctx, node.id, **{EXPIRES_AT: to_text(store.clock.now())}),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_document_under_retention_stays_as_it_is(
    store: Store, ann: Context, kept: Node, write: Callable[[Store, Context, Node], object]
) -> None:
    a_document(store, ann, "/b.txt", b"other")
    before = said_of(store, ann, kept.id)

    with pytest.raises(Retained) as refused:
        write(store, ann, kept)

    assert (refused.value.path, refused.value.until) == (("f", "a.txt"), before[EXPIRES_AT])
    assert content_of(store, ann, "/f/a.txt") == b"one"
    assert said_of(store, ann, kept.id) == before
    assert node_at(store, ann, "/f/a.txt").version_no == 2


def test_administrator_does_not_erase_it_either(store: Store, root_admin: Context, kept: Node) -> None:
    with pytest.raises(Retained):
        erasing.erase(store, root_admin, "/f/a.txt", "because")


def test_working_copy_gets_no_content_and_is_not_checked_in_with_any(store: Store, ann: Context, clock: SettableClock) -> None:
    node = a_document(store, ann, "/a.txt", b"one")
    checking_out.check_out(store, ann, node.id)
    put(store, ann, "/a.txt", b"draft")
    say(store, ann, node.id, **{EXPIRES_AT: until(clock, YEAR)})

    with pytest.raises(Retained):
        put(store, ann, "/a.txt", b"draft 2")
    for change in (Changes(removes_file=True), Changes(clears_file=True)):
        with pytest.raises(Retained):
            objects.update(store, ann, node.id, change)
    with pytest.raises(Retained):
        checking_out.check_in(store, ann, node.id)
    assert content_of(store, ann, "/a.txt") == b"draft"
    checking_out.cancel(store, ann, node.id)

    assert content_of(store, ann, "/a.txt") == b"one"


def test_check_in_of_what_was_not_changed_is_no_other_content(store: Store, ann: Context, kept: Node) -> None:
    checking_out.check_out(store, ann, kept.id)

    assert checking_out.check_in(store, ann, kept.id).no == 3


def test_metadata_name_and_place_stay_open(store: Store, ann: Context, clock: SettableClock, kept: Node) -> None:
    say(store, ann, kept.id, title="Kept")
    say(store, ann, kept.id, **{EXPIRES_AT: until(clock, 2 * YEAR), DESTROYED_AT: until(clock, 3 * YEAR)})
    moving.move(store, ann, ("f", "a.txt"), ("elsewhere.txt",), overwrite=False)

    it = described(store, ann, kept.uuid)
    assert (it.node.name, it.metadata["title"]) == ("elsewhere.txt", "Kept")


def test_retention_ends_by_itself(store: Store, ann: Context, clock: SettableClock, kept: Node) -> None:
    clock.advance(YEAR)

    put(store, ann, "/f/a.txt", b"two")
    deleting.delete(store, ann, kept.id)


def test_copy_is_not_under_retention(store: Store, ann: Context, kept: Node) -> None:
    say(store, ann, kept.id, title="Kept")
    copying.copy(store, ann, ("f", "a.txt"), ("copy.txt",), overwrite=False)

    put(store, ann, "/copy.txt", b"mine")

    assert said_of(store, ann, ("copy.txt",)) == {"title": "Kept"}


def test_versions_of_a_document_under_retention_are_not_thinned(
    store: Store, ann: Context, root_admin: Context, clock: SettableClock
) -> None:
    node, _ = (a_document(store, ann, name, *(f"{no}".encode() for no in range(20))) for name in ("/a.txt", "/b.txt"))
    say(store, ann, node.id, **{EXPIRES_AT: until(clock, 10 * YEAR)})
    clock.advance(5 * YEAR)

    strict = with_policy(store, replace(store.policy, thinning=ThinningRule(most=1)))
    report = thinning.thin(strict, root_admin, dry_run=False)

    assert [one.path for one in report.documents] == ["/b.txt"]


@pytest.fixture
def emptied(store: Store, ann: Context, clock: SettableClock) -> Lock:
    """The lock on a document that a program emptied, to write it a moment later, and that came under retention before it did."""
    program = replace(ann, editing=True)
    node = a_document(store, ann, "/a.txt", b"one")
    held = a_lock(store, program, "/a.txt")
    put(store, holding(program, held), "/a.txt", b"")
    say(store, holding(ann, held), node.id, **{EXPIRES_AT: until(clock, YEAR)})
    assert content_of(store, ann, "/a.txt") == b""
    return held


def test_document_that_was_emptied_before_has_its_content_again_and_others_are_settled(
    store: Store, ann: Context, clock: SettableClock, emptied: Lock
) -> None:
    put(store, replace(ann, editing=True), "/b.txt", b"")
    clock.advance(timedelta(hours=1))

    assert upkeep.tidy(store).settled == 2

    assert (content_of(store, ann, "/a.txt"), node_at(store, ann, "/a.txt").version_no) == (b"one", 2)
    assert node_at(store, ann, "/b.txt").version_no == 1
    assert damages(store) == []


def test_lock_on_it_can_be_ended(store: Store, ann: Context, emptied: Lock) -> None:
    locking.unlock(store, ann, ("a.txt",), emptied.token)

    assert content_of(store, ann, "/a.txt") == b"one"


def test_folder_is_deleted_only_when_nothing_is_in_it(store: Store, ann: Context) -> None:
    folder = a_collection(store, ann, "/f")
    a_document(store, ann, "/f/a.txt", b"one")

    with pytest.raises(NotEmpty):
        deleting.delete_if_empty(store, ann, folder.uuid)

    deleting.delete(store, ann, ("f", "a.txt"))
    deleting.delete_if_empty(store, ann, folder.uuid)
