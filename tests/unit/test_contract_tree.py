"""What storage and core promise about the tree: names, collections, listings, and DELETE."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from datetime import timedelta

import pytest
from tests.builders import (
    START,
    SettableClock,
    a_collection,
    a_document,
    content_of,
    exists,
    members_of,
    node_at,
    on_condition,
    path,
    put,
    tree_of,
)
from tests.unit.placed import copy, move, placements, trashed, version_numbers

from davgate.core import deleting, documents, tree
from davgate.core.store import Context, Store
from davgate.model.conditions import ANY, Conditions
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
from davgate.model.node import ROOT_ID, Node, NodeKind
from davgate.model.properties import PropertyUpdate
from davgate.storage.api import catalog, resolve, versions

NFC = unicodedata.normalize("NFC", "Übersicht é")
NFD = unicodedata.normalize("NFD", NFC)


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
            Node(first + n, store.new_uuid(), NodeKind.DOCUMENT, folder.id, name, tx.now, tx.now, 0, None, ann.principal.id)
            for n, name in enumerate(names)
        ]
        catalog.add(tx, nodes)
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
        deleting.delete(store, bob, ("a",))
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
        lambda store, ann: deleting.delete(store, ann, ("f", "a")),
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


# DELETE


def test_deleted_document_is_in_the_trash_with_its_history(
    store: Store, ann: Context, bob: Context, clock: SettableClock
) -> None:
    folder = a_collection(store, ann, "/f")
    node = a_document(store, ann, "/f/a", b"one", b"two")
    clock.advance(timedelta(seconds=1))

    deleting.delete(store, bob, path("/f/a"))

    assert not exists(store, ann, path("/f/a"))
    assert trashed(store, node) == (folder.id, "a", "/f/a", clock.now(), bob.principal.id)
    assert placements(store, node)[-1][1] == clock.now()
    with store.database.read(snapshot=True) as session:
        assert [version.no for version in versions.of_document(session, node.id)] == [1, 2]


def test_deleted_folder_is_one_entry_of_the_trash(store: Store, ann: Context) -> None:
    inside = a_document(store, ann, "/f/sub/a", b"one")
    folder = node_at(store, ann, "/f")

    deleting.delete(store, ann, path("/f"))

    assert trashed(store, folder) is not None
    assert trashed(store, inside) is None
    for where in ("/f", "/f/sub", "/f/sub/a"):
        assert not exists(store, ann, path(where))


def test_name_freed_long_ago_is_taken_by_a_new_document(store: Store, ann: Context, clock: SettableClock) -> None:
    old = a_document(store, ann, "/a", b"one")
    for content in (b"two", b"three"):
        deleting.delete(store, ann, ("a",))
        clock.advance(timedelta(minutes=5))
        new = a_document(store, ann, "/a", content)
        assert new.id > old.id
        assert version_numbers(store, ann, "/a") == [1]
        old = new


@pytest.mark.parametrize(("where", "error"), [("/missing", NotFound), ("/f/missing", NotFound), ("/", SameResource)])
def test_what_is_not_there_is_not_deleted(store: Store, ann: Context, where: str, error: type[DavgateError]) -> None:
    a_document(store, ann, "/f/a", b"one")

    with pytest.raises(error):
        deleting.delete(store, ann, path(where))

    assert tree_of(store, ann) == {"/f": None, "/f/a": b"one"}


def test_stale_condition_keeps_what_is_to_be_deleted(store: Store, ann: Context) -> None:
    node = a_document(store, ann, "/a", b"one")
    put(store, ann, "/a", b"two")

    with pytest.raises(PreconditionFailed):
        deleting.delete(store, on_condition(ann, Conditions(if_match=(node.etag or "",))), ("a",))

    assert content_of(store, ann, "/a") == b"two"
