"""What the core promises of second names: numbers that nobody shares, and addresses made of them, of drive names and of UUIDs."""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.builders import a_collection, a_document, damages, path, put
from tests.unit.filed import described, made, made_folder, move_into, rest, statements_of
from tests.unit.placed import move

from davgate.core import deleted, deleting, describing, erasing, objects, purging, trash
from davgate.core.objects import NewObject
from davgate.core.second_names import Alias
from davgate.core.store import Context, Store
from davgate.model.errors import NotFound
from davgate.model.node import ROOT_ID, Node, NodeKind
from davgate.storage import aliases

DOCUMENT = Alias("document")


def at(store: Store, *address: str) -> int | None:
    """Return the node at an address, None where there is none."""
    try:
        with store.database.read() as session:
            return describing.find_address(session, address)
    except NotFound:
        return None


def alias_of(store: Store, ctx: Context, node: Node) -> str | None:
    return described(store, ctx, node.id).said.alias


def address_name(store: Store, ctx: Context, node: Node) -> str:
    return described(store, ctx, node.id).said.address_name


def digits(node: Node) -> str:
    return node.uuid.replace("-", "")


@pytest.fixture
def dossier(store: Store, ann: Context) -> Node:
    """A collection called Dossier on the drive, with the second name dossier-1."""
    return made_folder(store, ann, "Dossier", alias=Alias("dossier"))


# Numbers


def test_each_kind_is_counted_through_the_whole_store(store: Store, ann: Context, dossier: Node) -> None:
    there = made_folder(store, ann, "Other", alias=Alias("dossier"))
    nodes = [made(store, ann, b"x", place=place.id, alias=DOCUMENT) for place in (dossier, there, dossier)]

    assert [alias_of(store, ann, node) for node in nodes] == ["document-1", "document-2", "document-3"]
    assert [described(store, ann, node.id).said.number for node in nodes] == [1, 2, 3]
    assert (alias_of(store, ann, there), described(store, ann, there.id).said.number) == ("dossier-2", 2)


def test_number_is_not_given_again_after_its_object_was_erased(
    store: Store, ann: Context, root_admin: Context, dossier: Node
) -> None:
    first = made(store, ann, b"x", place=dossier.id, alias=DOCUMENT)
    erasing.erase(store, root_admin, first.uuid, "asked for")

    assert alias_of(store, ann, made(store, ann, b"y", place=dossier.id, alias=DOCUMENT)) == "document-2"


def test_number_passes_over_names_that_are_taken_on_the_drive(store: Store, ann: Context, dossier: Node) -> None:
    a_document(store, ann, "/Dossier/document-1")
    a_collection(store, ann, "/Dossier/document-2")

    assert alias_of(store, ann, made(store, ann, None, place=dossier.id, alias=DOCUMENT)) == "document-3"


def test_name_that_is_its_own_on_the_drive_is_not_taken(store: Store, ann: Context) -> None:
    folder = made_folder(store, ann, "reports", alias=Alias("", slug="reports"))

    assert alias_of(store, ann, folder) == "reports"
    assert at(store, "reports") == folder.id


def test_slug_that_is_taken_gets_a_number_behind_it(store: Store, ann: Context, dossier: Node) -> None:
    nodes = [made_folder(store, ann, f"{no}", place=dossier.id, alias=Alias("", slug="sub")) for no in range(3)]

    assert [alias_of(store, ann, node) for node in nodes] == ["sub", "sub-1", "sub-2"]
    assert [described(store, ann, node.id).said.number for node in nodes] == [None] * 3
    assert [at(store, "dossier-1", f"{name}") for name in ("sub", "sub-1", "sub-2")] == [node.id for node in nodes]


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_slug_that_many_have_is_not_tried_number_by_number(store: Store, ann: Context, dossier: Node) -> None:
    for no in range(40):
        made_folder(store, ann, f"{no}", place=dossier.id, alias=Alias("", slug="sub"))

    asked = statements_of(store)
    last = made_folder(store, ann, "last", place=dossier.id, alias=Alias("", slug="sub"))

    assert len([one for one in asked if "alias.name" in one]) < 20
    assert alias_of(store, ann, last) == "sub-40"


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_whether_a_name_is_taken_is_looked_up_and_not_searched_for(store: Store) -> None:
    sql, arranged = aliases._TAKEN.for_dialect(store.database.dialect)
    with store.database.read(snapshot=True) as session:
        session._cursor.execute(f"EXPLAIN QUERY PLAN {sql}", arranged({"parent_id": 1, "node_id": 2, "key": "a", "named": "a"}))
        plan = "\n".join(row[3] for row in session._cursor.fetchall())

    assert "(parent_id=? AND name_key=?)" in plan and "(name=?)" in plan, plan
    assert "(parent_id=?)" not in plan, plan


def test_refused_document_uses_up_no_number(store: Store, ann: Context, dossier: Node) -> None:
    with store.database.write() as tx:
        objects.create_within(store, tx, rest(ann), dossier.id, NewObject(NodeKind.DOCUMENT, None, {}, alias=DOCUMENT))

    assert alias_of(store, ann, made(store, ann, place=dossier.id, alias=DOCUMENT)) == "document-1"


def test_second_name_is_never_shared_by_those_who_make_at_once(store: Store, ann: Context, bob: Context, dossier: Node) -> None:
    start = threading.Barrier(8)

    def make(number: int) -> list[Node]:
        start.wait(30)
        wanted = DOCUMENT if number % 2 else Alias("", slug="same")
        return [made(store, (ann, bob)[number % 2], None, place=dossier.id, alias=wanted) for _ in range(5)]

    with ThreadPoolExecutor(8) as threads:
        nodes = [node for of_one in threads.map(make, range(8)) for node in of_one]

    names = [alias_of(store, ann, node) for node in nodes]
    assert len(set(names)) == len(nodes) == 40
    assert {name for name in names if name and name.startswith("document-")} == {f"document-{no}" for no in range(1, 21)}


# Addresses


def test_address_is_made_of_second_names_drive_names_and_uuids(store: Store, ann: Context, dossier: Node) -> None:
    node = made(store, ann, b"x", "Minutes.txt", place=dossier.id, alias=DOCUMENT)
    bare = made(store, ann, None, place=dossier.id)
    below = a_document(store, ann, "/Dossier/sub/b.txt")

    for address in (
        ("dossier-1", "document-1"),
        ("Dossier", "document-1"),
        ("dossier-1", "Minutes.txt"),
        (digits(dossier), digits(node)),
    ):
        assert at(store, *address) == node.id, address
    assert at(store, "dossier-1", digits(bare)) == bare.id
    assert at(store, "dossier-1", "sub", "b.txt") == below.id
    assert at(store) == ROOT_ID
    for nowhere in ("document-1", "dossier-1/document-2", "dossier-1/document-1/x", digits(node), "", "dossier-1/"):
        assert at(store, *nowhere.split("/")) is None, nowhere
    assert [address_name(store, ann, one) for one in (dossier, node, bare, below)] == [
        "dossier-1",
        "document-1",
        digits(bare),
        "b.txt",
    ]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_drive_name_is_found_in_either_normal_form(store: Store, ann: Context, dossier: Node, form: str) -> None:
    node = made(store, ann, b"x", unicodedata.normalize("NFD", "caf\u00e9.txt"), place=dossier.id)

    assert at(store, "dossier-1", unicodedata.normalize(form, "caf\u00e9.txt")) == node.id  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["a\0b", "\ud800", "x" * 5000, "a/b", "%", "'; --", '"', "[0]", "\u2028"])
def test_address_that_cannot_be_is_not_found(store: Store, ann: Context, name: str) -> None:
    assert at(store, name) is None


def test_second_name_comes_before_a_drive_name_which_is_then_addressed_by_its_uuid(
    store: Store, ann: Context, dossier: Node
) -> None:
    node = made(store, ann, b"by alias", "a.txt", place=dossier.id, alias=DOCUMENT)
    shadowed = a_document(store, ann, "/Dossier/document-1", b"by drive name")

    assert at(store, "dossier-1", "document-1") == node.id
    assert address_name(store, ann, shadowed) == digits(shadowed)
    assert at(store, "dossier-1", address_name(store, ann, shadowed)) == shadowed.id
    assert address_name(store, ann, node) == "document-1"


def _moved_by_id(store: Store, ann: Context, there: Node, dossier: Node) -> None:
    move_into(store, ann, there.id, dossier.id)


def _moved_on_the_drive(store: Store, ann: Context, there: Node, dossier: Node) -> None:
    move(store, ann, "/there/one", "/Dossier/other")


def _out_of_the_trash(store: Store, ann: Context, there: Node, dossier: Node) -> None:
    deleting.delete(store, ann, path("/there/one"))
    trash.restore(store, ann, there.id, path("/Dossier/other"))


@pytest.mark.parametrize("come", [_moved_by_id, _moved_on_the_drive, _out_of_the_trash])
@pytest.mark.parametrize("is_older", [True, False], ids=["older", "younger"])
def test_slug_gets_a_number_where_it_comes_to_one_that_is_the_same(
    store: Store, ann: Context, dossier: Node, come: Callable[..., None], is_older: bool
) -> None:
    there, slug = made_folder(store, ann, "there"), Alias("", slug="sub")
    places = (there, dossier) if is_older else (dossier, there)
    made_there = {place.id: made_folder(store, ann, "one", place=place.id, alias=slug) for place in places}
    comer, first = made_there[there.id], made_there[dossier.id]

    come(store, ann, comer, dossier)

    assert (address_name(store, ann, first), address_name(store, ann, comer)) == ("sub", "sub-1")
    assert at(store, "dossier-1", "sub") == first.id
    assert at(store, "dossier-1", "sub-1") == comer.id


def test_slug_gets_a_number_where_a_folder_of_the_drive_is_called_so(store: Store, ann: Context, dossier: Node) -> None:
    folder = made_folder(store, ann, "sub", alias=Alias("", slug="sub"))
    drive = a_collection(store, ann, "/Dossier/sub")

    move_into(store, ann, folder.id, dossier.id)

    assert at(store, "dossier-1", "sub") == drive.id
    assert at(store, "dossier-1", "sub-1") == folder.id


def test_slug_is_not_taken_by_what_has_it_itself(store: Store, ann: Context, dossier: Node) -> None:
    folder = made_folder(store, ann, "sub", alias=Alias("", slug="sub"))

    move_into(store, ann, folder.id, dossier.id)
    move(store, ann, "/Dossier/sub", "/Dossier/renamed")
    move(store, ann, "/Dossier/renamed", "/sub")

    assert address_name(store, ann, folder) == "sub"


def test_slug_of_what_was_deleted_and_keeps_its_address_is_not_given_again(store: Store, ann: Context, dossier: Node) -> None:
    first = made_folder(store, ann, "one", place=dossier.id, alias=Alias("", slug="sub"))
    deleting.delete(store, rest(ann), first.id, keeps_address=True)
    second = made_folder(store, ann, "two", place=dossier.id, alias=Alias("", slug="sub"))

    assert (at(store, "dossier-1", "sub"), at(store, "dossier-1", "sub-1")) == (first.id, second.id)
    deleted.restore(store, rest(ann), first.id)
    assert (at(store, "dossier-1", "sub"), at(store, "dossier-1", "sub-1")) == (first.id, second.id)


def test_of_two_with_one_second_name_the_younger_is_addressed_by_its_uuid(store: Store, ann: Context, dossier: Node) -> None:
    first, second = (made_folder(store, ann, f"{no}", place=dossier.id, alias=Alias("", slug="sub")) for no in range(2))
    with store.database.write() as tx:
        aliases.rename(tx, second.id, "sub")
        tx.commit()

    assert (address_name(store, ann, first), address_name(store, ann, second)) == ("sub", digits(second))
    assert at(store, "dossier-1", "sub") == first.id
    assert at(store, "dossier-1", digits(second)) == second.id


@pytest.mark.parametrize("name", ["@lock", "@", "@@download"])
def test_drive_name_that_begins_with_an_at_is_addressed_by_its_uuid(store: Store, ann: Context, name: str) -> None:
    node = a_document(store, ann, f"/{name}")

    assert address_name(store, ann, node) == digits(node)
    assert at(store, digits(node)) == node.id


def test_every_member_is_found_under_the_name_by_which_it_is_addressed(store: Store, ann: Context, dossier: Node) -> None:
    for name in ("document-1", "document-2", "@x", "plain", "caf\u00e9", "0" * 32):
        a_document(store, ann, f"/Dossier/{name}")
    for name in ("document-3.txt", "sub"):
        made(store, ann, b"x", name, place=dossier.id, alias=DOCUMENT)
    made(store, ann, None, place=dossier.id)
    made(store, ann, None, place=dossier.id, alias=DOCUMENT)
    put(store, ann, "/Dossier/document-4", b"shadowed afterwards")

    _, page = describing.members(store, rest(ann), dossier.id, 0, 100)

    assert page.total == 11
    for one in page.items:
        assert at(store, "dossier-1", one.said.address_name) == one.node.id, one.said.address_name


def test_pending_and_scratch_files_have_no_address(store: Store, ann: Context, dossier: Node) -> None:
    for name, body in (("pending.txt", b""), ("~$x.docx", b"junk")):
        node = put(store, ann, f"/Dossier/{name}", body).node
        assert at(store, "dossier-1", name) is None
        assert at(store, "dossier-1", digits(node)) is None


def test_renamed_document_is_found_under_its_new_name_and_its_second_name_stays(
    store: Store, ann: Context, dossier: Node
) -> None:
    node = made(store, ann, b"x", "a.txt", place=dossier.id, alias=DOCUMENT)
    assert at(store, "dossier-1", "a.txt") == node.id

    move(store, ann, "/Dossier/a.txt", "/Dossier/b.txt")

    assert (at(store, "dossier-1", "a.txt"), at(store, "dossier-1", "b.txt")) == (None, node.id)
    assert at(store, "dossier-1", "document-1") == node.id


# In the trash


def test_deleted_object_keeps_its_address_when_that_is_asked_for(store: Store, ann: Context, dossier: Node) -> None:
    node = made(store, ann, b"x", "a.txt", place=dossier.id, alias=DOCUMENT)
    drive = a_document(store, ann, "/Dossier/drive.txt")

    for one in (node, drive):
        deleting.delete(store, rest(ann), one.id, keeps_address=True)

    assert at(store, "dossier-1", "document-1") == node.id
    assert at(store, "dossier-1", "a.txt") == node.id
    assert at(store, "dossier-1", "drive.txt") == drive.id
    for one in (node, drive):
        with pytest.raises(NotFound):
            described(store, ann, one.id)


def test_what_is_in_a_deleted_collection_keeps_its_address_with_it(store: Store, ann: Context, dossier: Node) -> None:
    node = made(store, ann, b"x", "a.txt", place=dossier.id, alias=DOCUMENT)

    deleting.delete(store, rest(ann), dossier.id, keeps_address=True)

    assert at(store, "dossier-1", "document-1") == node.id
    assert at(store, "Dossier", "a.txt") == node.id


def test_what_was_deleted_as_on_the_drive_has_no_address(store: Store, ann: Context, dossier: Node) -> None:
    node = made(store, ann, b"x", "a.txt", place=dossier.id, alias=DOCUMENT)

    deleting.delete(store, ann, path("/Dossier/a.txt"))

    for name in ("document-1", "a.txt", digits(node)):
        assert at(store, "dossier-1", name) is None


def test_address_of_what_was_deleted_gives_way_to_what_is_there(store: Store, ann: Context, dossier: Node) -> None:
    node = made(store, ann, b"x", "a.txt", place=dossier.id)
    deleting.delete(store, rest(ann), node.id, keeps_address=True)
    assert at(store, "dossier-1", "a.txt") == node.id

    again = made(store, ann, b"y", "a.txt", place=dossier.id)

    assert at(store, "dossier-1", "a.txt") == again.id


def test_of_several_deleted_under_one_address_the_last_made_is_found(store: Store, ann: Context, dossier: Node) -> None:
    nodes = []
    for _ in range(2):
        nodes.append(made(store, ann, b"x", "a.txt", place=dossier.id))
        deleting.delete(store, rest(ann), nodes[-1].id, keeps_address=True)

    assert at(store, "dossier-1", "a.txt") == nodes[-1].id


def test_restored_object_has_its_address_again_and_a_purged_one_never(
    store: Store, ann: Context, root_admin: Context, dossier: Node
) -> None:
    node = made(store, ann, b"x", "a.txt", place=dossier.id, alias=DOCUMENT)
    deleting.delete(store, rest(ann), node.id, keeps_address=True)
    trash.restore(store, ann, node.id)
    assert at(store, "dossier-1", "document-1") == node.id == described(store, ann, node.id).node.id
    deleting.delete(store, rest(ann), node.id, keeps_address=True)

    purging.purge(store, root_admin, node.id)

    assert at(store, "dossier-1", "document-1") is None
    assert damages(store) == []


def test_number_passes_over_a_name_that_something_deleted_keeps(store: Store, ann: Context, dossier: Node) -> None:
    node = a_document(store, ann, "/Dossier/document-1")
    deleting.delete(store, rest(ann), node.id, keeps_address=True)

    new = made(store, ann, b"x", place=dossier.id, alias=DOCUMENT)

    assert at(store, "dossier-1", alias_of(store, ann, new) or "") == new.id
