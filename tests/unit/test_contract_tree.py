"""What storage and core promise about the tree: names, listings, and COPY, MOVE and DELETE with identity and history."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import bindparam, select
from tests.builders import (
    LARGE,
    START,
    SettableClock,
    a_collection,
    a_document,
    a_lock,
    content_of,
    exists,
    holding,
    members_of,
    node_at,
    on_condition,
    path,
    put,
    tree_of,
)

from davgate.core import documents, tree, versioning
from davgate.core.content import Written
from davgate.core.store import Context, Store
from davgate.model.conditions import ANY, Conditions
from davgate.model.editing import SCRATCH_AGE
from davgate.model.errors import (
    AlreadyExists,
    DavgateError,
    InvalidName,
    NotFound,
    ParentMissing,
    PreconditionFailed,
    ReservedName,
    SameResource,
)
from davgate.model.instant import FOREVER, Instant, after
from davgate.model.node import ROOT_ID, Node, NodeKind
from davgate.model.properties import PropertyName, PropertyUpdate
from davgate.storage.api import catalog, properties, resolve, versions
from davgate.storage.statements import Row, Statement
from davgate.storage.tables import placement, trash

NFC = unicodedata.normalize("NFC", "Übersicht é")
NFD = unicodedata.normalize("NFD", NFC)

PLACEMENTS = Statement(
    select(placement.c.from_at, placement.c.to_at, placement.c.parent_id, placement.c.name)
    .where(placement.c.node_id == bindparam("node_id"))
    .order_by(placement.c.from_at)
)
TRASH = Statement(
    select(trash.c.parent_id, trash.c.name, trash.c.path, trash.c.deleted_at, trash.c.deleted_by).where(
        trash.c.node_id == bindparam("node_id")
    )
)


def placements(store: Store, node: Node) -> list[Row]:
    with store.database.read() as session:
        return session.all(PLACEMENTS, node_id=node.id)


def trashed(store: Store, node: Node) -> Row | None:
    with store.database.read() as session:
        return session.first(TRASH, node_id=node.id)


def move(store: Store, ctx: Context, source: str, destination: str, *, overwrite: bool = False) -> Written:
    return tree.move(store, ctx, path(source), path(destination), overwrite=overwrite)


def copy(store: Store, ctx: Context, source: str, destination: str, *, overwrite: bool = False) -> Written:
    return tree.copy(store, ctx, path(source), path(destination), overwrite=overwrite)


def versions_of(store: Store, ctx: Context, where: str) -> list[bytes]:
    found = versioning.history(store, ctx, path(where))[1]
    opened = (versioning.open_version(store, ctx, path(where), version.no)[2] for version in found)
    return [one.body if one.body is not None else one.open().read() for one in opened]


def properties_of(store: Store, node_id: int) -> dict[PropertyName, str]:
    with store.database.read() as session:
        return properties.of_node(session, node_id).get(node_id, {})


def version_numbers(store: Store, ctx: Context, where: str) -> list[int]:
    return [version.no for version in versioning.history(store, ctx, path(where))[1]]


# Names and resolving


@pytest.mark.parametrize(("stored", "asked"), [(NFC, NFD), (NFD, NFC)], ids=["nfc", "nfd"])
def test_name_is_found_in_either_form_and_shown_as_sent(store: Store, ann: Context, stored: str, asked: str) -> None:
    a_document(store, ann, f"/{stored}/{stored}.txt", b"one")

    assert content_of(store, ann, f"/{asked}/{asked}.txt") == b"one"
    assert members_of(store, ann, f"/{asked}") == [f"{stored}.txt"]
    assert put(store, ann, f"/{asked}/{asked}.txt", b"two").node.name == f"{stored}.txt"
    with pytest.raises(AlreadyExists):
        tree.make_collection(store, ann, (asked,))
    with pytest.raises(PreconditionFailed):
        put(store, on_condition(ann, Conditions(if_none_match=ANY)), f"/{asked}/{asked}.txt", b"three")


def test_case_and_compatibility_forms_are_different_names(store: Store, ann: Context) -> None:
    for name in ("a", "A", "ﬁ", "fi"):
        put(store, ann, f"/{name}", name.encode())

    assert tree_of(store, ann) == {f"/{name}": name.encode() for name in ("a", "A", "ﬁ", "fi")}


def test_path_of_64_segments_resolves(store: Store, ann: Context) -> None:
    deep = "/x" * 63
    a_document(store, ann, f"{deep}/a", b"one")

    assert content_of(store, ann, f"{deep}/a") == b"one"
    with store.database.read() as session:
        found = resolve(session, path(f"{deep}/a"), ann.principal, START)
    assert len(found.chain) == 65
    assert found.node is not None
    assert found.parent == found.chain[-2]


def test_resolving_tells_how_far_a_path_leads(store: Store, ann: Context) -> None:
    folder = a_collection(store, ann, "/f")
    document = a_document(store, ann, "/f/a", b"one")

    with store.database.read() as session:
        missing = resolve(session, ("f", "b"), ann.principal, START)
        below = resolve(session, ("f", "a", "b", "c"), ann.principal, START)
        far = resolve(session, ("g", "b", "c"), ann.principal, START)
        root = resolve(session, (), ann.principal, START)

    assert (missing.node, missing.parent and missing.parent.id) == (None, folder.id)
    assert (below.node, below.parent, below.chain[-1].id) == (None, None, document.id)
    assert (far.node, far.parent) == (None, None)
    assert (root.node and root.node.id, root.parent) == (ROOT_ID, None)


# Collections and listings


def test_made_collection_is_empty(store: Store, ann: Context) -> None:
    made = tree.make_collection(store, ann, ("f",))

    assert made == node_at(store, ann, "/f")
    assert made.kind is NodeKind.COLLECTION
    assert made.etag is None
    assert members_of(store, ann, "/f") == []


@pytest.mark.parametrize(
    ("where", "error"),
    [
        ((), AlreadyExists),
        (("f",), AlreadyExists),
        (("a",), AlreadyExists),
        (("missing", "f"), ParentMissing),
        (("a", "f"), ParentMissing),
        (("..",), InvalidName),
        (("f", ".versions"), ReservedName),
    ],
    ids=str,
)
def test_collection_is_not_made(store: Store, ann: Context, where: tuple[str, ...], error: type[DavgateError]) -> None:
    a_document(store, ann, "/a", b"one")
    a_collection(store, ann, "/f")

    with pytest.raises(error) as caught:
        tree.make_collection(store, ann, where)

    assert type(caught.value) is error
    assert tree_of(store, ann) == {"/a": b"one", "/f": None}


def test_members_come_in_the_order_of_code_points(store: Store, ann: Context) -> None:
    names = ["b", "a", "Z", "z", "10", "9", "é", "e\u0301x", "_", "ß", "\U0001f7e5", "\uff5e"]
    for name in names:
        put(store, ann, f"/{name}", b"one")

    listed = members_of(store, ann, "/")

    assert listed == sorted(names, key=lambda name: unicodedata.normalize("NFC", name))


@pytest.mark.parametrize(("count", "is_complete"), [(0, True), (1999, True), (2500, False)])
def test_listing_streams_above_two_thousand_members(
    store: Store, ann: Context, root_admin: Context, count: int, is_complete: bool
) -> None:
    folder = a_collection(store, ann, "/f")
    names = [f"{number:05d}" for number in range(count)]
    with store.database.write() as tx:
        first = tx.take_ids(count)
        nodes = [
            Node(first + n, store.new_uuid(), NodeKind.DOCUMENT, folder.id, name, tx.now, tx.now, 0, None)
            for n, name in enumerate(names)
        ]
        catalog.add(tx, nodes, ann.principal.id)
        tx.commit()

    with tree.listing(store, ann, ("f",), with_members=True, with_properties=False, with_locks=False) as found:
        assert found.is_complete is is_complete
        batches = [[row[4] for row in batch] for batch in found.batches]

    assert [name for batch in batches for name in batch] == names
    assert all(len(batch) <= 2000 for batch in batches)


def test_listing_shows_one_moment_while_others_write(store: Store, ann: Context, bob: Context) -> None:
    for name in "abc":
        put(store, ann, f"/{name}", b"one")

    with tree.listing(store, ann, (), with_members=True, with_properties=True, with_locks=True) as found:
        put(store, bob, "/d", b"one")
        tree.delete(store, bob, ("a",))
        listed = [row[4] for batch in found.batches for row in batch]

    assert listed == ["a", "b", "c"]
    assert members_of(store, ann, "/") == ["b", "c", "d"]


def test_listing_of_a_document_has_no_members(store: Store, ann: Context) -> None:
    a_document(store, ann, "/a", b"one")

    assert members_of(store, ann, "/a") == []
    with pytest.raises(NotFound):
        members_of(store, ann, "/b")


def test_listing_brings_the_properties_of_each_member(store: Store, ann: Context) -> None:
    colour = ("urn:x", "c")
    for where in ("/f", "/f/a", "/f/b", "/f/b/deep"):
        a_collection(store, ann, where)
        documents.patch_properties(store, ann, path(where), [PropertyUpdate(colour, f'<c xmlns="urn:x">{where}</c>')])

    with tree.listing(store, ann, ("f",), with_members=True, with_properties=True, with_locks=False) as found:
        shown = {node_id: values[colour] for node_id, values in found.properties.items()}

    assert shown == {node_at(store, ann, where).id: f'<c xmlns="urn:x">{where}</c>' for where in ("/f", "/f/a", "/f/b")}


@pytest.mark.parametrize(
    "change",
    [
        lambda store, ann: put(store, ann, "/f/new", b"one"),
        lambda store, ann: tree.make_collection(store, ann, ("f", "new")),
        lambda store, ann: tree.delete(store, ann, ("f", "a")),
        lambda store, ann: move(store, ann, "/f/a", "/a"),
        lambda store, ann: move(store, ann, "/b", "/f/b"),
        lambda store, ann: copy(store, ann, "/b", "/f/b"),
    ],
    ids=["put", "mkcol", "delete", "move-out", "move-in", "copy-in"],
)
def test_collection_is_modified_when_its_members_change(
    store: Store, ann: Context, clock: SettableClock, change: Callable[[Store, Context], object]
) -> None:
    a_document(store, ann, "/f/a", b"one")
    a_document(store, ann, "/b", b"one")
    clock.advance(timedelta(hours=1))

    change(store, ann)

    assert node_at(store, ann, "/f").modified_at == clock.now()


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
    assert (places[0][0], places[-1][1]) == (START, FOREVER)


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
    assert versions_of(store, ann, "/f/a") == ([b"one"] if content == b"one" else [b"one", content])
    assert set(properties_of(store, document.id)) == {("urn:x", "p")}
    assert members_of(store, ann, "/f") == ["a"]
    assert trashed(store, scratch) == (document.parent_id, "~a.tmp", "/f/~a.tmp", START, ann.principal.id)


def test_file_of_somebody_else_moved_onto_a_document_replaces_it(store: Store, ann: Context, bob: Context) -> None:
    document = a_document(store, ann, "/a", b"one")
    theirs = a_document(store, bob, "/b", b"two")

    move(store, ann, "/b", "/a", overwrite=True)

    assert node_at(store, ann, "/a").id == theirs.id != document.id


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
    (version,) = versioning.history(store, ann, ("b",))[1]
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

    tree.copy(store, ann, ("f",), ("g",), overwrite=True, with_members=False)
    tree.copy(store, ann, ("f",), ("f", "inside"), overwrite=False, with_members=False)

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


# DELETE


def test_deleted_document_is_in_the_trash_with_its_history(
    store: Store, ann: Context, bob: Context, clock: SettableClock
) -> None:
    folder = a_collection(store, ann, "/f")
    node = a_document(store, ann, "/f/a", b"one", b"two")
    clock.advance(timedelta(seconds=1))

    tree.delete(store, bob, path("/f/a"))

    assert not exists(store, ann, path("/f/a"))
    assert trashed(store, node) == (folder.id, "a", "/f/a", clock.now(), bob.principal.id)
    assert placements(store, node)[-1][1] == clock.now()
    with store.database.read(snapshot=True) as session:
        assert [version.no for version in versions.of_document(session, node.id)] == [1, 2]


def test_deleted_folder_is_one_entry_of_the_trash(store: Store, ann: Context) -> None:
    inside = a_document(store, ann, "/f/sub/a", b"one")
    folder = node_at(store, ann, "/f")

    tree.delete(store, ann, path("/f"))

    assert trashed(store, folder) is not None
    assert trashed(store, inside) is None
    for where in ("/f", "/f/sub", "/f/sub/a"):
        assert not exists(store, ann, path(where))


def test_freed_name_is_taken_by_a_new_document(store: Store, ann: Context) -> None:
    old = a_document(store, ann, "/a", b"one")
    for content in (b"two", b"three"):
        tree.delete(store, ann, ("a",))
        new = a_document(store, ann, "/a", content)
        assert new.id > old.id
        assert version_numbers(store, ann, "/a") == [1]
        old = new


@pytest.mark.parametrize(("where", "error"), [("/missing", NotFound), ("/f/missing", NotFound), ("/", SameResource)])
def test_what_is_not_there_is_not_deleted(store: Store, ann: Context, where: str, error: type[DavgateError]) -> None:
    a_document(store, ann, "/f/a", b"one")

    with pytest.raises(error):
        tree.delete(store, ann, path(where))

    assert tree_of(store, ann) == {"/f": None, "/f/a": b"one"}


def test_stale_condition_keeps_what_is_to_be_deleted(store: Store, ann: Context) -> None:
    node = a_document(store, ann, "/a", b"one")
    put(store, ann, "/a", b"two")

    with pytest.raises(PreconditionFailed):
        tree.delete(store, on_condition(ann, Conditions(if_match=(node.etag or "",))), ("a",))

    assert content_of(store, ann, "/a") == b"two"
