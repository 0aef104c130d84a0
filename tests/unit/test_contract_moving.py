"""What storage and core promise about COPY and MOVE: identity, history, properties, and what lies at the destination."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from datetime import timedelta

import pytest
from tests.builders import (
    LARGE,
    START,
    SettableClock,
    a_collection,
    a_document,
    a_lock,
    all_versions,
    content_of,
    findings,
    holding,
    members_of,
    node_at,
    on_condition,
    path,
    put,
    tree_of,
)
from tests.unit.placed import copy, move, placements, properties_of, trashed, version_numbers, versions_of

from davgate.core import copying, documents, marking, tree
from davgate.core.content import Written
from davgate.core.principals import granting
from davgate.core.store import Context, Store
from davgate.model.conditions import Conditions
from davgate.model.editing import SCRATCH_AGE
from davgate.model.errors import (
    DavgateError,
    NotFound,
    ParentMissing,
    PreconditionFailed,
    ReservedName,
    SameResource,
)
from davgate.model.instant import FOREVER, Instant, after
from davgate.model.node import ROOT_ID
from davgate.model.properties import PropertyUpdate
from davgate.model.rights import READER

B = path("/b")
GIVEN: dict[str, Callable[[Store, Context], object]] = {
    "label": lambda store, ctx: marking.set_label(store, ctx, B, None, "final", may_move=False),
    "pin": lambda store, ctx: marking.pin(store, ctx, B, None),
    "hold": lambda store, ctx: marking.hold(store, ctx, B, None),
    "grant": lambda store, ctx: granting.grant(store, ctx, B, "ann", READER),
    "closed": lambda store, ctx: granting.close(store, ctx, B),
}
"""What makes ``/b`` more than a file that a program writes for a moment."""

NFC = unicodedata.normalize("NFC", "Übersicht é")
NFD = unicodedata.normalize("NFD", NFC)


# MOVE


def test_moved_document_keeps_identity_history_and_properties(store: Store, ann: Context) -> None:
    before = a_document(store, ann, "/f/a.txt", b"one", LARGE)
    colour = ("urn:x", "c")
    documents.patch_properties(store, ann, path("/f/a.txt"), [PropertyUpdate(colour, '<c xmlns="urn:x"/>')])
    a_collection(store, ann, "/g")

    written = move(store, ann, "/f/a.txt", "/g/b.txt")

    assert written.is_created
    after = node_at(store, ann, "/g/b.txt")
    assert written.node == after
    assert (after.id, after.uuid, after.etag, after.modified_at) == (before.id, before.uuid, before.etag, before.modified_at)
    assert version_numbers(store, ann, "/g/b.txt") == [1, 2]
    assert tree_of(store, ann) == {"/f": None, "/g": None, "/g/b.txt": LARGE}
    with tree.listing(store, ann, path("/g/b.txt"), with_members=False, with_properties=True, with_locks=False) as found:
        assert set(found.properties[after.id]) == {colour}


def test_moved_folder_takes_everything_below_along(store: Store, ann: Context) -> None:
    for where in ("/f/a", "/f/sub/b", "/f/sub/deep/c"):
        a_document(store, ann, where, where.encode())

    move(store, ann, "/f", "/g")

    assert tree_of(store, ann, "/g") == {
        "/g/a": b"/f/a",
        "/g/sub": None,
        "/g/sub/b": b"/f/sub/b",
        "/g/sub/deep": None,
        "/g/sub/deep/c": b"/f/sub/deep/c",
    }
    assert members_of(store, ann, "/") == ["g"]


@pytest.mark.parametrize("step", [timedelta(0), timedelta(seconds=1), timedelta(hours=-1)], ids=["stands", "goes", "leaps-back"])
def test_every_place_is_remembered_without_gap_or_overlap(
    store: Store, ann: Context, clock: SettableClock, step: timedelta
) -> None:
    a_collection(store, ann, "/f")
    folder = node_at(store, ann, "/f")
    node = a_document(store, ann, "/a", b"one")
    begin = node.created_at
    for source, destination in (("/a", "/b"), ("/b", "/f/a"), ("/f/a", "/a"), ("/a", "/b")):
        clock.advance(step)
        move(store, ann, source, destination)

    places = placements(store, node)

    assert [(row[2], row[3]) for row in places] == [
        (ROOT_ID, "a"),
        (ROOT_ID, "b"),
        (folder.id, "a"),
        (ROOT_ID, "a"),
        (ROOT_ID, "b"),
    ]
    assert [row[1] for row in places[:-1]] == [row[0] for row in places[1:]]
    assert all(row[0] < row[1] for row in places)
    assert (places[0][0], places[-1][1]) == (begin, FOREVER)


def test_place_holds_from_the_instant_of_the_move(store: Store, ann: Context, clock: SettableClock) -> None:
    node = a_document(store, ann, "/a", b"one")
    clock.advance(timedelta(seconds=10))
    move(store, ann, "/a", "/b")

    assert placements(store, node) == [
        (START, Instant(START + 10_000_000), ROOT_ID, "a"),
        (Instant(START + 10_000_000), FOREVER, ROOT_ID, "b"),
    ]


def test_move_onto_a_taken_name_needs_overwrite(store: Store, ann: Context, clock: SettableClock) -> None:
    node = a_document(store, ann, "/a", b"one")
    victim = a_document(store, ann, "/b", b"two")
    clock.advance(SCRATCH_AGE)

    with pytest.raises(PreconditionFailed):
        move(store, ann, "/a", "/b")
    assert tree_of(store, ann) == {"/a": b"one", "/b": b"two"}

    written = move(store, ann, "/a", "/b", overwrite=True)

    assert not written.is_created
    assert node_at(store, ann, "/b").id == node.id
    assert trashed(store, victim) == (ROOT_ID, "b", "/b", after(START, SCRATCH_AGE), ann.principal.id)


@pytest.mark.parametrize("content", [b"", b"two", b"one"])
def test_file_just_written_and_moved_onto_a_document_is_its_next_content(store: Store, ann: Context, content: bytes) -> None:
    document = a_document(store, ann, "/f/a", b"one")
    documents.patch_properties(store, ann, path("/f/a"), [PropertyUpdate(("urn:x", "p"), '<p xmlns="urn:x">1</p>')])
    scratch = put(store, ann, "/f/~a.tmp", content).node

    with pytest.raises(PreconditionFailed):
        move(store, ann, "/f/~a.tmp", "/f/a")
    written = move(store, ann, "/f/~a.tmp", "/f/a", overwrite=True)

    assert (written.is_created, written.node.id) == (False, document.id)
    assert content_of(store, ann, "/f/a") == content
    assert versions_of(store, ann, "/f/a") == ([b"one", b"two"] if content == b"two" else [b"one"])
    assert set(properties_of(store, document.id)) == {("urn:x", "p")}
    assert members_of(store, ann, "/f") == ["a"]
    assert trashed(store, scratch) is None
    assert findings(store) == []


def test_file_of_somebody_else_moved_onto_a_document_replaces_it(store: Store, ann: Context, bob: Context) -> None:
    document = a_document(store, ann, "/a", b"one")
    theirs = a_document(store, bob, "/b", b"two")

    move(store, ann, "/b", "/a", overwrite=True)

    assert node_at(store, ann, "/a").id == theirs.id != document.id


@pytest.mark.parametrize("give", GIVEN.values(), ids=GIVEN)
def test_young_document_with_marks_or_rights_of_its_own_keeps_them_when_moved_onto_another(
    store: Store, ann: Context, root_admin: Context, give: Callable[[Store, Context], object]
) -> None:
    document = a_document(store, ann, "/a", b"one")
    other = a_document(store, root_admin, "/b", b"two")
    give(store, root_admin)

    move(store, root_admin, "/b", "/a", overwrite=True)

    assert node_at(store, root_admin, "/a").id == other.id
    assert trashed(store, document) is not None
    assert findings(store) == []


def test_file_that_is_yet_to_be_filled_leaves_the_document_as_it_is(store: Store, ann: Context) -> None:
    document = a_document(store, ann, "/a", b"one")
    lock = a_lock(store, ann, "/lu1.tmp")

    move(store, holding(ann, lock), "/lu1.tmp", "/a", overwrite=True)

    assert content_of(store, ann, "/a") == b"one"
    assert put(store, ann, "/a", b"two").node.id == document.id
    assert versions_of(store, ann, "/a") == [b"one", b"two"]


@pytest.mark.parametrize(("source", "destination"), [("/f", "/a"), ("/a", "/f")], ids=["folder-on-file", "file-on-folder"])
def test_overwriting_replaces_one_kind_by_the_other(store: Store, ann: Context, source: str, destination: str) -> None:
    a_document(store, ann, "/f/inside", b"inside")
    a_document(store, ann, "/a", b"one")
    kind = node_at(store, ann, source).kind

    move(store, ann, source, destination, overwrite=True)

    assert node_at(store, ann, destination).kind is kind
    assert members_of(store, ann, "/") == [destination[1:]]


@pytest.mark.parametrize("work", [move, copy])
@pytest.mark.parametrize(
    ("source", "destination", "error"),
    [
        ("/missing", "/x", NotFound),
        ("/a", "/missing/x", ParentMissing),
        ("/a", "/a/x", ParentMissing),
        ("/f/sub", "/a/x", ParentMissing),
        ("/a", "/a", SameResource),
        ("/f", "/f", SameResource),
        ("/f", "/f/sub/x", SameResource),
        ("/f/sub", "/f", SameResource),
        ("/f/sub/b", "/f", SameResource),
        ("/", "/x", SameResource),
        ("/a", "/", SameResource),
        ("/a", "/.versions", ReservedName),
        ("/f", "/.trash", ReservedName),
    ],
)
def test_impossible_destination_changes_nothing(
    store: Store,
    ann: Context,
    work: Callable[..., Written],
    source: str,
    destination: str,
    error: type[DavgateError],
) -> None:
    a_document(store, ann, "/a", b"one")
    a_document(store, ann, "/f/sub/b", b"two")
    before = tree_of(store, ann)

    with pytest.raises(error) as caught:
        work(store, ann, source, destination, overwrite=True)

    assert type(caught.value) is error
    assert tree_of(store, ann) == before


def test_same_place_is_recognised_in_the_other_form(store: Store, ann: Context) -> None:
    a_document(store, ann, f"/{NFC}/a", b"one")

    for work in (move, copy):
        with pytest.raises(SameResource):
            work(store, ann, f"/{NFC}", f"/{NFD}", overwrite=True)
        with pytest.raises(SameResource):
            work(store, ann, f"/{NFC}", f"/{NFD}/x", overwrite=True)


@pytest.mark.parametrize("work", [move, copy])
def test_condition_on_the_source_is_held(store: Store, ann: Context, work: Callable[..., Written]) -> None:
    node = a_document(store, ann, "/a", b"one")
    put(store, ann, "/a", b"two")

    with pytest.raises(PreconditionFailed):
        work(store, on_condition(ann, Conditions(if_match=(node.etag or "",))), "/a", "/b")

    assert tree_of(store, ann) == {"/a": b"two"}


# COPY


def test_copied_document_is_a_new_one_with_the_current_content(store: Store, ann: Context, bob: Context) -> None:
    original = a_document(store, ann, "/a", b"one", LARGE)
    colour = ("urn:x", "c")
    documents.patch_properties(store, ann, ("a",), [PropertyUpdate(colour, '<c xmlns="urn:x"/>')])

    written = copy(store, bob, "/a", "/b")

    copied = node_at(store, ann, "/b")
    assert (written.node, written.is_created) == (copied, True)
    assert copied.id != original.id
    assert copied.uuid != original.uuid
    assert copied.etag == original.etag
    (version,) = all_versions(store, ann, ("b",))
    assert (version.no, version.author) == (1, "bob")
    assert version_numbers(store, ann, "/a") == [1, 2]
    with tree.listing(store, ann, ("b",), with_members=False, with_properties=True, with_locks=False) as found:
        assert set(found.properties[copied.id]) == {colour}
    put(store, ann, "/b", b"changed")
    assert tree_of(store, ann) == {"/a": LARGE, "/b": b"changed"}


def test_copy_onto_a_document_is_its_next_version(store: Store, ann: Context, bob: Context) -> None:
    a_document(store, ann, "/a", b"new")
    target = a_document(store, ann, "/b", b"one", b"two")

    with pytest.raises(PreconditionFailed):
        copy(store, bob, "/a", "/b")
    written = copy(store, bob, "/a", "/b", overwrite=True)

    assert not written.is_created
    assert (written.node.id, written.node.uuid) == (target.id, target.uuid)
    assert version_numbers(store, ann, "/b") == [1, 2, 3]
    assert content_of(store, ann, "/b") == b"new"


def test_copied_folder_has_everything_below_it(store: Store, ann: Context) -> None:
    a_document(store, ann, "/f/a", b"one", b"two")
    a_document(store, ann, "/f/sub/b", LARGE)
    put(store, ann, "/f/pending", b"")
    colour = ("urn:x", "c")
    for where in ("/f", "/f/sub/b"):
        documents.patch_properties(store, ann, path(where), [PropertyUpdate(colour, '<c xmlns="urn:x"/>')])

    copy(store, ann, "/f", "/g")

    assert tree_of(store, ann, "/g") == {"/g/a": b"two", "/g/pending": b"", "/g/sub": None, "/g/sub/b": LARGE}
    assert version_numbers(store, ann, "/g/a") == [1]
    assert node_at(store, ann, "/g/pending").is_pending
    for where in ("/g", "/g/sub/b"):
        with tree.listing(store, ann, path(where), with_members=False, with_properties=True, with_locks=False) as found:
            assert set(found.properties[found.node.id]) == {colour}
    assert len({node_at(store, ann, where).uuid for where in (*tree_of(store, ann), "/")}) == 11


def test_folder_is_copied_whose_members_are_older_than_itself(store: Store, ann: Context) -> None:
    a_document(store, ann, "/old/sub/a", b"one")
    a_collection(store, ann, "/young")
    move(store, ann, "/old", "/young/old")

    copy(store, ann, "/young", "/copied")

    assert tree_of(store, ann, "/copied") == {"/copied/old": None, "/copied/old/sub": None, "/copied/old/sub/a": b"one"}


def test_folder_is_copied_into_its_parent_s_other_child(store: Store, ann: Context) -> None:
    a_document(store, ann, "/f/a/x", b"one")
    a_collection(store, ann, "/f/b")

    copy(store, ann, "/f/a", "/f/b/a")

    assert tree_of(store, ann, "/f/b") == {"/f/b/a": None, "/f/b/a/x": b"one"}


def test_collection_is_copied_without_members_at_depth_zero(store: Store, ann: Context) -> None:
    a_document(store, ann, "/f/a", b"one")
    a_document(store, ann, "/g/old", b"old")

    copying.copy(store, ann, ("f",), ("g",), overwrite=True, with_members=False)
    copying.copy(store, ann, ("f",), ("f", "inside"), overwrite=False, with_members=False)

    assert tree_of(store, ann) == {"/f": None, "/f/a": b"one", "/f/inside": None, "/g": None}


def test_copy_over_a_folder_sends_it_to_the_trash(store: Store, ann: Context) -> None:
    a_document(store, ann, "/f/a", b"one")
    victim = a_collection(store, ann, "/g")
    a_document(store, ann, "/g/old", b"old")

    written = copy(store, ann, "/f", "/g", overwrite=True)

    assert not written.is_created
    assert tree_of(store, ann, "/g") == {"/g/a": b"one"}
    assert trashed(store, victim) is not None


def test_copied_contents_take_no_room(store: Store, ann: Context) -> None:
    a_document(store, ann, "/f/a", LARGE)
    used = tree.quota(store).used_bytes

    copy(store, ann, "/f", "/g")

    assert tree.quota(store).used_bytes == used


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_move_of_what_was_often_moved_costs_what_the_first_did(store: Store, ann: Context) -> None:
    a_collection(store, ann, "/f")

    def steps_of_a_move() -> int:
        """Move it away and back, and return how many steps SQLite took."""
        taken = 0

        def count() -> None:
            nonlocal taken
            taken += 1

        with store.database.write() as tx:
            driver = tx._connection.driver
        driver.set_progress_handler(count, 1)
        there_and_back()
        driver.set_progress_handler(None, 1)
        return taken

    def there_and_back() -> None:
        move(store, ann, "/f", "/g")
        move(store, ann, "/g", "/f")

    there_and_back()
    first = steps_of_a_move()
    for _ in range(200):
        there_and_back()

    assert steps_of_a_move() < 1.5 * first
