"""What the core promises of moving and copying objects into collections by id: identity, names, locks, rights, history."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from tests.builders import (
    LARGE,
    SettableClock,
    a_collection,
    a_document,
    a_lock,
    content_of,
    damages,
    holding,
    members_of,
    on_condition,
    path,
    put,
    tree_of,
)
from tests.unit.filed import (
    bytes_at,
    copy_into,
    described,
    found_by,
    line_of,
    made,
    made_folder,
    move_into,
    rest,
    said_of,
    save,
    say,
)
from tests.unit.placed import placements, properties_of, versions_of

from davgate.core import checking_out, deleting, describing, documents, locking, time_travel
from davgate.core.locking import LockRequest
from davgate.core.principals import granting
from davgate.core.second_names import Alias
from davgate.core.store import Context, Store
from davgate.model.conditions import Conditions
from davgate.model.errors import Forbidden, Locked, NotFound, PreconditionFailed, SameResource
from davgate.model.errors_of_versions import CheckedOut
from davgate.model.locks import Depth, Scope
from davgate.model.node import ROOT_ID, Node
from davgate.model.properties import PropertyUpdate
from davgate.model.rights import READER

SECOND = timedelta(seconds=1)


@pytest.fixture
def here(store: Store, ann: Context) -> Node:
    """The collection /here."""
    return made_folder(store, ann, "here", title="Here")


@pytest.fixture
def there(store: Store, ann: Context) -> Node:
    """The collection /there."""
    return made_folder(store, ann, "there", title="There")


@pytest.fixture
def minutes(store: Store, ann: Context, here: Node, clock: SettableClock) -> Node:
    """/here/minutes.txt with two versions and a second name; a second later."""
    node = made(store, ann, b"one", "minutes.txt", place=here.id, alias=Alias("document"), title="Minutes")
    clock.advance(SECOND)
    save(store, ann, node.id, LARGE, "minutes.txt")
    clock.advance(SECOND)
    return node


WAYS = [move_into, copy_into]


def test_moved_document_keeps_identity_history_metadata_and_second_name(
    store: Store, ann: Context, minutes: Node, there: Node
) -> None:
    moved = move_into(store, ann, minutes.uuid, there.id)

    assert tree_of(store, ann) == {"/here": None, "/there": None, "/there/minutes.txt": LARGE}
    it = described(store, ann, minutes.uuid)
    assert (moved.id, it.node.parent_id, it.said.alias, it.metadata) == (minutes.id, there.id, "document-1", {"title": "Minutes"})
    assert versions_of(store, ann, "/there/minutes.txt") == [b"one", LARGE]
    assert found_by(store, minutes.id) == {("title", "Minutes")}
    assert [one[2] for one in placements(store, minutes)] == [minutes.parent_id, there.id]


def test_past_has_a_moved_document_where_it_was(
    store: Store, ann: Context, minutes: Node, there: Node, clock: SettableClock
) -> None:
    before = clock.now()
    clock.advance(SECOND)
    move_into(store, ann, minutes.id, there.id)

    opened = time_travel.open_content(store, ann, before, path("/here/minutes.txt"))

    assert opened is not None and opened.content.length_bytes == len(LARGE)


def test_copied_document_is_another_one_with_content_metadata_and_properties(
    store: Store, ann: Context, bob: Context, minutes: Node, there: Node
) -> None:
    documents.patch_properties(store, ann, path("/here/minutes.txt"), [PropertyUpdate(("urn:x", "p"), '<p xmlns="urn:x"/>')])

    copied = copy_into(store, bob, minutes.id, there.id, alias=Alias("document"))

    it = described(store, ann, copied.id)
    assert copied.uuid != minutes.uuid
    assert (it.metadata, it.said.type, it.said.alias, it.said.created_by) == (
        {"title": "Minutes"},
        "registered",
        "document-2",
        "bob",
    )
    assert (bytes_at(store, ann, copied.id), bytes_at(store, ann, minutes.id)) == (LARGE, LARGE)
    assert [(one.no, one.content_no) for one in line_of(store, copied.id)] == [(1, 0)]
    assert properties_of(store, copied.id) == properties_of(store, minutes.id) != {}
    assert found_by(store, copied.id) == {("title", "Minutes")}
    assert described(store, ann, minutes.id).said.alias == "document-1"


def test_copy_beside_its_original_says_so_in_its_title_and_gets_a_number(
    store: Store, ann: Context, here: Node, minutes: Node
) -> None:
    first = copy_into(store, ann, minutes.id, here.id, prefix_beside="Copy of ")
    second = copy_into(store, ann, first.id, here.id, prefix_beside="Copy of ")

    assert [said_of(store, ann, one.id)["title"] for one in (minutes, first, second)] == [
        "Minutes",
        "Copy of Minutes",
        "Copy of Copy of Minutes",
    ]
    assert sorted(members_of(store, ann, "/here")) == ["minutes (2) (2).txt", "minutes (2).txt", "minutes.txt"]
    assert found_by(store, first.id) == {("title", "Copy of Minutes")}


def test_copy_elsewhere_keeps_its_title(store: Store, ann: Context, minutes: Node, there: Node) -> None:
    copied = copy_into(store, ann, minutes.id, there.id, prefix_beside="Copy of ")

    assert said_of(store, ann, copied.id) == {"title": "Minutes"}


@pytest.mark.parametrize("is_folder", [True, False])
def test_copy_beside_its_original_of_what_the_drive_made_is_called_after_its_name(
    store: Store, ann: Context, is_folder: bool
) -> None:
    node = a_collection(store, ann, "/drive.d") if is_folder else a_document(store, ann, "/drive.txt", b"x")

    copied = copy_into(store, ann, node.id, ROOT_ID, prefix_beside="Copy of ")

    assert said_of(store, ann, copied.id) == {"title": "Copy of drive.d" if is_folder else "Copy of drive"}
    assert damages(store) == []


def test_folder_is_copied_with_all_that_is_in_it(store: Store, ann: Context, here: Node, there: Node, minutes: Node) -> None:
    bare = made(store, ann, None, place=here.id, title="Bare")
    sub = made_folder(store, ann, "sub", place=here.id, title="Sub")
    a_document(store, ann, "/here/sub/drive.txt", b"drive")

    copied = copy_into(store, ann, here.id, there.id)

    assert tree_of(store, ann, "/there/here") == {
        "/there/here/minutes.txt": LARGE,
        "/there/here/sub": None,
        "/there/here/sub/drive.txt": b"drive",
    }
    listed = describing.members(store, rest(ann), copied.id, 0, 10)[1].items
    assert sorted(str(one.metadata["title"]) for one in listed) == ["Bare", "Minutes", "Sub"]
    assert {one.node.id for one in listed}.isdisjoint({bare.id, sub.id, minutes.id})
    assert said_of(store, ann, copied.id) == {"title": "Here"}


def test_folder_is_moved_with_all_that_is_in_it(store: Store, ann: Context, here: Node, there: Node, minutes: Node) -> None:
    bare = made(store, ann, None, place=here.id, title="Bare")

    move_into(store, ann, here.id, there.id)

    assert tree_of(store, ann) == {"/there": None, "/there/here": None, "/there/here/minutes.txt": LARGE}
    assert describing.describe(store, rest(ann), bare.id).path[:2] == ("there", "here")


@pytest.mark.parametrize("way", WAYS)
def test_taken_name_gets_a_number(
    store: Store, ann: Context, minutes: Node, there: Node, way: Callable[[Store, Context, int | str, int], Node]
) -> None:
    a_document(store, ann, "/there/minutes.txt", b"another")

    node = way(store, ann, minutes.id, there.id)

    assert node.name == "minutes (2).txt"
    assert content_of(store, ann, "/there/minutes (2).txt") == LARGE
    assert content_of(store, ann, "/there/minutes.txt") == b"another"


@pytest.mark.parametrize("way", WAYS)
def test_folder_is_not_put_into_itself(
    store: Store, ann: Context, here: Node, way: Callable[[Store, Context, int | str, int], Node]
) -> None:
    below = made_folder(store, ann, "sub", place=here.id)

    for target in (here.id, below.id):
        with pytest.raises(SameResource):
            way(store, ann, here.id, target)


def test_root_is_not_moved(store: Store, ann: Context, here: Node) -> None:
    with pytest.raises(SameResource):
        move_into(store, ann, ROOT_ID, here.id)


def test_move_to_where_it_is_changes_nothing(store: Store, ann: Context, here: Node, minutes: Node) -> None:
    before = described(store, ann, minutes.id)

    move_into(store, ann, minutes.id, here.id)

    assert described(store, ann, minutes.id) == before


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("which", ["document", "nothing", "deleted"])
def test_nothing_is_put_where_no_collection_is(
    store: Store, ann: Context, minutes: Node, there: Node, way: Callable[[Store, Context, int | str, int], Node], which: str
) -> None:
    target = {"document": a_document(store, ann, "/a").id, "nothing": 999_999, "deleted": there.id}[which]
    if which == "deleted":
        deleting.delete(store, rest(ann), there.id)

    with pytest.raises(NotFound):
        way(store, ann, minutes.id, target)


@pytest.mark.parametrize("whose", ["own", "another's"])
@pytest.mark.parametrize("where", ["itself", "above", "below"])
def test_lock_forbids_a_move_to_all_its_holder_too(
    store: Store, ann: Context, bob: Context, here: Node, there: Node, minutes: Node, whose: str, where: str
) -> None:
    holder = ann if whose == "own" else bob
    locked = {"itself": "/here/minutes.txt", "above": "/here", "below": "/here/minutes.txt"}[where]
    lock = a_lock(store, holder, locked, depth=Depth.INFINITY if where == "above" else Depth.ZERO)
    moved = here.id if where == "below" else minutes.id

    with pytest.raises(Locked):
        move_into(store, holding(ann, lock), moved, there.id)

    locking.unlock(store, holder, path(locked), lock.token)
    move_into(store, ann, moved, there.id)


@pytest.mark.parametrize("whose", ["own", "another's"])
def test_check_out_forbids_a_move_and_a_copy_to_all_its_holder_too(
    store: Store, ann: Context, bob: Context, there: Node, minutes: Node, whose: str
) -> None:
    checking_out.check_out(store, rest(ann if whose == "own" else bob), minutes.id)

    for way in WAYS:
        with pytest.raises(CheckedOut):
            way(store, ann, minutes.id, there.id)


@pytest.mark.parametrize("way", WAYS)
def test_locked_collection_gets_nothing_from_others(
    store: Store, ann: Context, bob: Context, there: Node, minutes: Node, way: Callable[[Store, Context, int | str, int], Node]
) -> None:
    a_lock(store, bob, "/there")

    with pytest.raises(Locked):
        way(store, ann, minutes.id, there.id)

    assert members_of(store, ann, "/there") == []


@pytest.mark.parametrize("way", WAYS)
def test_rights_are_asked_at_both_ends(
    store: Store,
    ann: Context,
    bob: Context,
    root_admin: Context,
    there: Node,
    minutes: Node,
    way: Callable[[Store, Context, int | str, int], Node],
) -> None:
    granting.close(store, root_admin, path("/there"))
    with pytest.raises(NotFound):
        way(store, bob, minutes.id, there.id)
    granting.grant(store, root_admin, path("/there"), "bob", READER)
    with pytest.raises(Forbidden):
        way(store, bob, minutes.id, there.id)
    granting.close(store, root_admin, path("/here"))
    with pytest.raises(NotFound):
        way(store, bob, minutes.uuid, ROOT_ID)
    granting.grant(store, root_admin, path("/here"), "bob", READER)

    if way is copy_into:
        assert way(store, bob, minutes.uuid, ROOT_ID).name == "minutes.txt"
    else:
        with pytest.raises(Forbidden):
            way(store, bob, minutes.uuid, ROOT_ID)


@pytest.mark.parametrize("way", WAYS)
def test_condition_that_does_not_hold_forbids_it(
    store: Store, ann: Context, minutes: Node, there: Node, way: Callable[[Store, Context, int | str, int], Node]
) -> None:
    with pytest.raises(PreconditionFailed):
        way(store, on_condition(ann, Conditions(if_match=('"other"',))), minutes.id, there.id)

    it = described(store, ann, minutes.id)
    way(store, on_condition(ann, Conditions(if_match=(it.etag,))), minutes.id, there.id)


def test_move_seals_what_an_edit_session_has_left_open(
    store: Store, ann: Context, minutes: Node, there: Node, clock: SettableClock
) -> None:
    lock = a_lock(store, ann, "/here", depth=Depth.INFINITY)
    put(store, holding(ann, lock), "/here/minutes.txt", b"in session")
    locking.unlock(store, ann, path("/here"), lock.token)

    move_into(store, ann, minutes.id, there.id)

    assert not any(one.is_open(clock.now()) for one in line_of(store, minutes.id))


def test_lock_that_ran_out_has_no_grace_after_a_move(
    store: Store, ann: Context, minutes: Node, there: Node, clock: SettableClock
) -> None:
    asked = LockRequest(Scope.EXCLUSIVE, Depth.ZERO, "", timedelta(minutes=1))
    lock = locking.lock(store, ann, minutes.id, asked).lock
    clock.advance(timedelta(minutes=2))

    move_into(store, ann, minutes.id, there.id)

    assert not describing.describe(store, holding(rest(ann), lock), minutes.id).it.is_locked


def test_metadata_said_after_a_move_is_found(store: Store, ann: Context, minutes: Node, there: Node) -> None:
    move_into(store, ann, minutes.id, there.id)

    say(store, ann, minutes.id, title="Protocol")

    assert found_by(store, minutes.id) == {("title", "Protocol")}
