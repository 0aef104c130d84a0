"""What the core promises of objects on the drive: documents without content stay off it, the first content gives a name."""

from __future__ import annotations

import threading
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from tests.builders import (
    INLINE_LIMIT_BYTES,
    SettableClock,
    a_collection,
    a_document,
    a_lock,
    all_versions,
    content_of,
    damages,
    exists,
    holding,
    members_of,
    node_at,
    path,
    put,
    tree_of,
    with_policy,
)
from tests.unit.filed import (
    a_file,
    bytes_at,
    copy_into,
    described,
    found_by,
    line_of,
    made,
    made_folder,
    move_into,
    rest,
    rows,
    said_of,
    save,
    say,
    statements_of,
)
from tests.unit.placed import copy, move, placements

from davgate.core import (
    changes,
    checking_out,
    deleting,
    describing,
    documents,
    erasing,
    exporting,
    locking,
    objects,
    purging,
    thinning,
    time_travel,
    trash,
    upkeep,
    versioning,
)
from davgate.core.changes import Asked
from davgate.core.filing import drive_name
from davgate.core.locking import LockRequest
from davgate.core.objects import NewObject
from davgate.core.principals import granting
from davgate.core.store import Context, Policy, Store
from davgate.model.errors import Busy, Forbidden, LockConflict, Locked, NoSuchVersion, NotFound, ParentMissing, QuotaExceeded
from davgate.model.instant import FOREVER
from davgate.model.locks import Depth, Scope
from davgate.model.names import MAX_NAME_BYTES, check_new_name
from davgate.model.node import ROOT_ID, Node, NodeKind
from davgate.model.rights import READER
from davgate.model.thinning import ThinningRule

SECOND = timedelta(seconds=1)
YEARS = timedelta(days=2000)


@pytest.fixture
def folder(store: Store, ann: Context) -> Node:
    """The collection /f."""
    return made_folder(store, ann, "f")


@pytest.fixture
def bare(store: Store, ann: Context, folder: Node, clock: SettableClock) -> Node:
    """A document in it of metadata alone; a second later."""
    node = made(store, ann, None, place=folder.id, title="Bare")
    clock.advance(SECOND)
    return node


# Without content


def test_document_without_content_is_described_and_is_not_on_the_drive(store: Store, ann: Context, bare: Node) -> None:
    it = described(store, ann, bare.uuid)

    assert (it.content, it.file_name, it.node.name, it.said.content_no, it.said.address_name) == (
        None,
        "",
        None,
        None,
        bare.uuid.replace("-", ""),
    )
    assert said_of(store, ann, bare.id) == {"title": "Bare"}
    assert found_by(store, bare.id) == {("title", "Bare")}
    assert tree_of(store, ann) == {"/f": None}
    assert documents_shown(store, ann) == []
    assert placements(store, bare) == []


def documents_shown(store: Store, ctx: Context) -> list[str]:
    return [row[4] or "" for row in versioning.documents_with_versions(store, ctx, path("/f"))[1]]


def test_document_without_content_has_no_version_to_read(store: Store, ann: Context, bare: Node) -> None:
    say(store, ann, bare.id, title="Bare still")

    assert all_versions(store, ann, bare.id) == ()
    for no in (1, 2):
        with pytest.raises(NoSuchVersion):
            versioning.open_version(store, ann, bare.id, no)
    assert [(one.no, one.cause.value, one.has_content, one.content_no) for one in line_of(store, bare.id)] == [
        (1, "created", False, None),
        (2, "metadata", False, None),
    ]


@pytest.mark.parametrize("deep", [True, False])
def test_document_without_content_is_no_change_to_who_follows_the_folder(
    store: Store, ann: Context, folder: Node, deep: bool
) -> None:
    token = changes.missed(store, ann, path("/f"), Asked("", deep=deep)).token

    node = made(store, ann, None, place=folder.id, title="Bare")
    say(store, ann, node.id, title="Bare still")

    answer = changes.missed(store, ann, path("/f"), Asked(token, deep=deep))
    assert [one.path for one in answer.missed] == []
    assert changes.missed(store, ann, path("/f"), Asked("", deep=deep)).missed == []
    save(store, ann, node.id, b"x", "x.txt")
    answer = changes.missed(store, ann, path("/f"), Asked(answer.token, deep=deep))
    assert [(one.path, one.row is not None) for one in answer.missed] == [(("x.txt",), True)]


def test_document_without_content_was_never_there_in_the_past(
    store: Store, ann: Context, bare: Node, clock: SettableClock
) -> None:
    before = clock.now()
    clock.advance(SECOND)
    save(store, ann, bare.id, b"x", "x.txt")
    since = clock.now() + 1000
    clock.advance(SECOND)

    def then(at: int) -> list[str]:
        with time_travel.listing(store, ann, at, path("/f"), with_members=True) as found:  # type: ignore[arg-type]
            return [row[4] or "" for batch in found.batches for row in batch]

    assert (then(before), then(since)) == ([], ["x.txt"])
    with pytest.raises(NotFound):
        time_travel.open_content(store, ann, before, path("/f/x.txt"))


def test_document_without_content_is_not_exported(store: Store, ann: Context, bare: Node) -> None:
    found = exporting.nodes_of(store, ann, path("/f"))

    assert [where for where, _ in found] == [("f",)]


def test_document_without_content_takes_no_room(store: Store, ann: Context, folder: Node) -> None:
    put(store, ann, "/full", b"x" * 10)
    full = with_policy(store, Policy(quota_bytes=10))

    node = made(full, ann, None, place=folder.id, title="Bare")
    say(full, ann, node.id, title="Bare still")

    with pytest.raises(QuotaExceeded):
        save(full, ann, node.id, b"more")
    assert described(store, ann, node.id).node.is_bare


def test_upkeep_and_thinning_leave_a_document_without_content(
    store: Store, ann: Context, bare: Node, clock: SettableClock, root_admin: Context
) -> None:
    for number in range(3):
        clock.advance(SECOND)
        say(store, ann, bare.id, title=f"Bare {number}")
    clock.advance(YEARS)
    strict = with_policy(store, Policy(thinning=ThinningRule(most=1)))

    upkeep.tidy(strict)
    thinning.thin(strict, root_admin, dry_run=False)

    assert described(store, ann, bare.id).node.is_bare
    assert said_of(store, ann, bare.id) == {"title": "Bare 2"}
    assert tree_of(store, ann) == {"/f": None}


def test_thinned_versions_leave_the_numbers_of_the_others(
    store: Store, ann: Context, folder: Node, clock: SettableClock, root_admin: Context
) -> None:
    node = made(store, ann, b"one", place=folder.id, title="0")
    for number in range(1, 4):
        clock.advance(SECOND)
        save(store, ann, node.id, b"%d" % number)
        clock.advance(SECOND)
        say(store, ann, node.id, title=f"{number}")
    clock.advance(YEARS)

    thinning.thin(with_policy(store, Policy(thinning=ThinningRule(most=2))), root_admin, dry_run=False)

    assert [(one.no, one.content_no) for one in line_of(store, node.id)][-1] == (7, 3)
    assert (bytes_at(store, ann, node.id), said_of(store, ann, node.id)) == (b"3", {"title": "3"})
    save(store, ann, node.id, b"last")
    assert line_of(store, node.id)[-1].content_no == 4


def test_check_out_of_a_document_without_content_ends_as_a_version_of_metadata(
    store: Store, ann: Context, bare: Node, clock: SettableClock
) -> None:
    checking_out.check_out(store, ann, bare.id)
    clock.advance(SECOND)

    checking_out.check_in(store, ann, bare.id)

    assert [(one.no, one.has_content, one.content_no) for one in line_of(store, bare.id)] == [(1, False, None), (2, False, None)]
    assert described(store, ann, bare.id).node.is_bare


def test_working_copy_of_a_document_without_content_gets_its_name_at_check_in(
    store: Store, ann: Context, bob: Context, bare: Node, clock: SettableClock
) -> None:
    checking_out.check_out(store, ann, bare.id)
    save(store, ann, bare.id, b"first", "first.txt")

    assert (bytes_at(store, ann, bare.id), members_of(store, ann, "/f"), members_of(store, bob, "/f")) == (b"first", [], [])
    assert described(store, bob, bare.id).content is None
    clock.advance(SECOND)
    checking_out.check_in(store, ann, bare.id)

    assert content_of(store, bob, "/f/first.txt") == b"first"
    assert [(one.no, one.content_no) for one in line_of(store, bare.id)] == [(1, None), (2, 0)]
    assert said_of(store, bob, bare.id) == {"title": "Bare"}


def test_cancelled_working_copy_of_a_document_without_content_leaves_it_so(store: Store, ann: Context, bare: Node) -> None:
    checking_out.check_out(store, ann, bare.id)
    save(store, ann, bare.id, b"first", "first.txt")

    checking_out.cancel(store, ann, bare.id)

    assert described(store, ann, bare.id).node.is_bare
    assert tree_of(store, ann) == {"/f": None}


def test_lock_on_a_document_without_content_makes_nothing_and_unlock_neither(store: Store, ann: Context, bare: Node) -> None:
    taken = lock(store, ann, bare.uuid)
    locking.unlock(store, rest(ann), bare.id, taken)

    assert described(store, ann, bare.id).node.is_bare
    assert len(line_of(store, bare.id)) == 1


def lock(store: Store, ctx: Context, where: int | str) -> str:
    asked = LockRequest(Scope.EXCLUSIVE, Depth.ZERO, "", timedelta(minutes=10))
    return locking.lock(store, rest(ctx), where, asked).lock.token


# In a folder to which something happens


def test_document_without_content_goes_where_its_folder_goes(store: Store, ann: Context, bare: Node) -> None:
    move(store, ann, "/f", "/g")

    assert described(store, ann, bare.id).node.parent_id == node_at(store, ann, "/g").id
    save(store, ann, bare.id, b"x", "x.txt")
    assert tree_of(store, ann) == {"/g": None, "/g/x.txt": b"x"}


def test_copy_of_a_folder_has_a_copy_of_the_document_without_content(store: Store, ann: Context, bare: Node) -> None:
    copied = copy(store, ann, "/f", "/g").node

    _, page = describing.members(store, rest(ann), copied.id, 0, 10)
    (one,) = page.items
    assert (one.node.is_bare, dict(one.metadata), one.said.type) == (True, {"title": "Bare"}, "registered")
    assert one.node.uuid != bare.uuid
    assert found_by(store, one.node.id) == {("title", "Bare")}
    assert tree_of(store, ann) == {"/f": None, "/g": None}


def test_document_without_content_goes_to_the_trash_and_comes_back_with_its_folder(
    store: Store, ann: Context, bare: Node, folder: Node
) -> None:
    deleting.delete(store, ann, path("/f"))
    with pytest.raises(NotFound):
        described(store, ann, bare.uuid)
    entry, _, members = trash.show(store, ann, folder.id, ())
    assert (entry.name, list(members)) == ("f", [])

    trash.restore(store, ann, folder.id)

    assert described(store, ann, bare.uuid).node.is_bare
    save(store, ann, bare.id, b"x", "x.txt")
    assert tree_of(store, ann) == {"/f": None, "/f/x.txt": b"x"}


def test_deleted_document_without_content_is_no_damage(store: Store, ann: Context, bare: Node) -> None:
    deleting.delete(store, rest(ann), bare.id)

    with pytest.raises(NotFound):
        described(store, ann, bare.id)
    assert damages(store) == []


@pytest.mark.parametrize("whole_folder", [True, False])
def test_deleted_document_without_content_can_be_purged(
    store: Store, ann: Context, root_admin: Context, folder: Node, bare: Node, whole_folder: bool
) -> None:
    entry = folder if whole_folder else bare
    deleting.delete(store, rest(ann), entry.id)

    purging.purge(store, root_admin, entry.id)

    assert line_of_nothing(store, bare)


def test_document_without_content_can_be_erased_by_its_uuid_and_with_its_folder(
    store: Store, ann: Context, root_admin: Context, folder: Node, bare: Node
) -> None:
    other = made(store, ann, None, place=folder.id, title="Other")

    erasing.erase(store, root_admin, bare.uuid, "asked for")
    assert line_of_nothing(store, bare)
    erasing.erase(store, root_admin, "/f", "asked for")

    assert line_of_nothing(store, other)


def line_of_nothing(store: Store, node: Node) -> bool:
    """Tell whether nothing is left of a node."""
    tables = {"node": "id", "version": "document_id", "property_value": "node_id", "node_type": "node_id", "alias": "node_id"}
    return not any(rows(store, f"SELECT 1 FROM {table} WHERE {key} = :id", id=node.id) for table, key in tables.items())


def test_folder_is_not_taken_from_who_has_locked_a_document_without_content_in_it(
    store: Store, ann: Context, bob: Context, bare: Node
) -> None:
    token = lock(store, bob, bare.id)

    for act in (
        lambda: deleting.delete(store, ann, path("/f")),
        lambda: move(store, ann, "/f", "/g"),
        lambda: deleting.delete(store, rest(ann), bare.id),
        lambda: say(store, ann, bare.id, title="x"),
        lambda: save(store, ann, bare.id, b"x"),
    ):
        with pytest.raises(Locked):
            act()
    with pytest.raises(LockConflict):
        a_lock(store, ann, "/f", depth=Depth.INFINITY)
    assert exists(store, ann, path("/f"))
    deleting.delete(store, holding(bob, token), path("/f"))
    assert damages(store) == []


def test_folder_is_not_taken_from_who_has_checked_out_a_document_without_content_in_it(
    store: Store, ann: Context, bob: Context, bare: Node
) -> None:
    checking_out.check_out(store, rest(bob), bare.id)

    for act in (lambda: deleting.delete(store, ann, path("/f")), lambda: move(store, ann, "/f", "/g")):
        with pytest.raises(Locked):
            act()


# The first content


def test_first_content_gives_a_name_that_only_a_move_changes(
    store: Store, ann: Context, bare: Node, clock: SettableClock
) -> None:
    save(store, ann, bare.id, b"one", "first.txt")
    clock.advance(SECOND)
    save(store, ann, bare.id, b"two", "second.txt")
    clock.advance(SECOND)
    say(store, ann, bare.id, title="Third")

    it = described(store, ann, bare.id)
    assert (it.node.name, it.file_name) == ("first.txt", "second.txt")
    assert tree_of(store, ann) == {"/f": None, "/f/first.txt": b"two"}
    assert [(one.no, one.has_content, one.content_no) for one in line_of(store, bare.id)] == [
        (1, False, None),
        (2, True, 0),
        (3, True, 1),
        (4, True, 1),
    ]
    assert len(placements(store, bare)) == 1
    move(store, ann, "/f/first.txt", "/f/moved.txt")
    assert described(store, ann, bare.id).file_name == "second.txt"


def test_taken_name_gets_the_next_number(store: Store, ann: Context, folder: Node, bare: Node) -> None:
    a_document(store, ann, "/f/a.txt", b"drive")
    a_collection(store, ann, "/f/a (3).txt")

    for body in (b"1", b"2"):
        made(store, ann, body, "a.txt", place=folder.id)
    save(store, ann, bare.id, b"3", "a.txt")

    assert tree_of(store, ann, "/f") == {
        "/f/a.txt": b"drive",
        "/f/a (2).txt": b"1",
        "/f/a (3).txt": None,
        "/f/a (4).txt": b"2",
        "/f/a (5).txt": b"3",
    }


def test_name_that_a_hidden_document_has_is_taken(
    store: Store, ann: Context, bob: Context, root_admin: Context, folder: Node
) -> None:
    a_document(store, root_admin, "/f/a.txt", b"secret")
    granting.close(store, root_admin, path("/f/a.txt"))

    node = made(store, bob, b"bob's", "a.txt", place=folder.id)

    assert described(store, bob, node.id).node.name == "a (2).txt"


def test_names_that_differ_by_their_normal_form_alone_collide(store: Store, ann: Context, folder: Node) -> None:
    composed = "\u00e9.txt"
    made(store, ann, b"1", composed, place=folder.id)

    made(store, ann, b"2", unicodedata.normalize("NFD", composed), place=folder.id)

    assert len({unicodedata.normalize("NFC", name) for name in members_of(store, ann, "/f")}) == 2


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_hundredth_document_of_a_name_costs_no_hundred_questions(
    store: Store, ann: Context, folder: Node, database_kind: str
) -> None:
    for number in range(100):
        made(store, ann, b"%d" % number, "scan.pdf", place=folder.id)
    asked = statements_of(store)

    made(store, ann, b"last", "scan.pdf", place=folder.id)

    assert len(asked) < 60
    assert sorted(members_of(store, ann, "/f")) == sorted(["scan.pdf", *(f"scan ({number}).pdf" for number in range(2, 102))])


NAMES = {
    "a/b/c.txt": "c.txt",
    "..\\x\\y.doc": "y.doc",
    'a:b*c?"d<e>f|g.txt': "a_b_c__d_e_f_g.txt",
    "tab\tnul\0.txt": "tab_nul_.txt",
    "": "document",
    ".": "document",
    "..": "document",
    "   ": "document",
    "/": "document",
    "end. . .": "end",
    "a.txt ": "a.txt",
    "\ud800.txt": "_.txt",
    "\uffff": "_",
    ".hidden": ".hidden",
    "caf\u00e9 \u4e2d.odt": "caf\u00e9 \u4e2d.odt",
}


@pytest.mark.parametrize(("wanted", "expected"), NAMES.items(), ids=map(ascii, NAMES))
def test_name_is_the_nearest_that_a_drive_can_take(wanted: str, expected: str) -> None:
    assert drive_name(wanted) == expected
    check_new_name((), drive_name(wanted))


@pytest.mark.parametrize(
    "wanted",
    ["x" * 300 + ".txt", "\u4e2d" * 100 + ".odt", "x" * 300, "x." + "y" * 300, "\U0001f600" * 80 + ".docx", "e\u0301" * 150],
    ids=["ascii", "three bytes", "no suffix", "long suffix", "four bytes", "combining"],
)
def test_name_of_300_bytes_is_shortened_before_its_suffix_and_can_be_numbered(
    store: Store, ann: Context, folder: Node, wanted: str
) -> None:
    nodes = [made(store, ann, b"%d" % number, wanted, place=folder.id) for number in range(3)]

    names = [described(store, ann, node.id).node.name or "" for node in nodes]
    assert len(set(names)) == 3
    assert all(len(name.encode()) <= MAX_NAME_BYTES for name in names)
    if wanted.endswith((".txt", ".odt", ".docx")):
        assert all(name.endswith(wanted[wanted.rindex(".") :]) for name in names)
    assert described(store, ann, nodes[0].id).file_name == wanted, "what it is called elsewhere is kept whole"


def test_name_is_not_cut_behind_a_blank_or_a_dot() -> None:
    for length in range(230, 260):
        cut = drive_name("x" * length + " . y" * 20)
        assert cut == cut.rstrip(". ")
        assert len(cut.encode()) <= MAX_NAME_BYTES


@pytest.mark.parametrize("name", [".versions", ".trash", ".at", ".rescue"])
def test_reserved_name_gets_another_beginning(store: Store, ann: Context, name: str) -> None:
    node = made(store, ann, b"x", name)

    assert described(store, ann, node.id).node.name == f"_{name}"


@pytest.mark.parametrize("name", ["~$letter.docx", ".DS_Store", "x.tmp", "._a", ".~lock.a#"])
def test_document_of_a_rest_door_is_none_of_a_programs_own_files_whatever_it_is_called(
    store: Store, ann: Context, clock: SettableClock, name: str
) -> None:
    node = made(store, ann, b"x", name, title="Kept")
    clock.advance(timedelta(days=60))

    upkeep.tidy(store)

    assert (bytes_at(store, ann, node.id), said_of(store, ann, node.id)) == (b"x", {"title": "Kept"})


def test_drive_name_that_is_given_counts_before_that_of_the_file(store: Store, ann: Context) -> None:
    node = made(store, ann, b"x", "file.txt", drive_name="Wanted.txt")

    it = described(store, ann, node.id)
    assert (it.node.name, it.file_name) == ("Wanted.txt", "file.txt")


def test_locked_folder_gets_no_name_from_others(store: Store, ann: Context, bob: Context, folder: Node, bare: Node) -> None:
    held = a_lock(store, bob, "/f")

    for act in (
        lambda ctx: made(store, ctx, place=folder.id),
        lambda ctx: save(store, ctx, bare.id, b"x"),
        lambda ctx: made(store, ctx, None, place=folder.id),
    ):
        with pytest.raises(Locked):
            act(ann)
        act(holding(bob, held))
    assert len(members_of(store, ann, "/f")) == 2


def test_locked_folder_gets_no_name_at_check_in_by_others(
    store: Store, ann: Context, bob: Context, folder: Node, bare: Node
) -> None:
    checking_out.check_out(store, rest(ann), bare.id)
    save(store, ann, bare.id, b"x")
    a_lock(store, bob, "/f")

    with pytest.raises(Locked):
        checking_out.check_in(store, rest(ann), bare.id)

    assert described(store, ann, bare.id).held_by is not None


# The folder of a door


def test_document_without_a_place_goes_to_the_folder_of_this_month(store: Store, ann: Context) -> None:
    first = made(store, ann, b"1", "a.txt", place=("OKD",))
    second = made(store, ann, b"2", "a.txt", place=("OKD",))

    assert tree_of(store, ann) == {
        "/OKD": None,
        "/OKD/2026-11": None,
        "/OKD/2026-11/a.txt": b"1",
        "/OKD/2026-11/a (2).txt": b"2",
    }
    assert first.parent_id == second.parent_id == node_at(store, ann, "/OKD/2026-11").id


def test_month_is_that_of_the_time_zone(store: Store, ann: Context, clock: SettableClock) -> None:
    clock.advance(timedelta(days=10, hours=11, minutes=30))  # 30 November, 23:30 UTC
    abroad = with_policy(store, Policy(time_zone=ZoneInfo("Europe/Amsterdam")))

    made(abroad, ann, place=("OKD",))
    made(store, ann, place=("OKD",))

    assert members_of(store, ann, "/OKD") == ["2026-11", "2026-12"]


def test_filing_folder_belongs_to_nobody_who_files_in_it(store: Store, ann: Context, root_admin: Context) -> None:
    made(store, ann, place=("OKD",))

    made_by = {node_at(store, root_admin, where).created_by for where in ("/OKD", "/OKD/2026-11")}
    assert made_by == {1}
    assert node_at(store, ann, "/OKD/2026-11/a.txt").created_by == ann.principal.id


def test_folder_that_is_there_already_is_used(store: Store, ann: Context) -> None:
    own = a_collection(store, ann, "/Archive/OKD")

    made(store, ann, place=("Archive", "OKD"))

    assert node_at(store, ann, "/Archive/OKD").id == own.id
    assert exists(store, ann, path("/Archive/OKD/2026-11/a.txt"))


def test_document_where_the_folder_belongs_is_told(store: Store, ann: Context) -> None:
    a_document(store, ann, "/OKD", b"a document")

    with pytest.raises(ParentMissing):
        made(store, ann, place=("OKD",))

    assert tree_of(store, ann) == {"/OKD": b"a document"}


@pytest.mark.parametrize("where", ["/", "/OKD", "/OKD/2026-11"])
@pytest.mark.parametrize("depth", [Depth.ZERO, Depth.INFINITY])
def test_locked_filing_folder_gets_nothing_from_others(
    store: Store, ann: Context, bob: Context, where: str, depth: Depth
) -> None:
    if where != "/":
        a_collection(store, ann, where)
    a_lock(store, bob, where, depth=depth)

    with pytest.raises(Locked):
        made(store, ann, place=("OKD",))


def test_who_may_not_add_to_the_filing_folder_is_refused(store: Store, bob: Context, root_admin: Context) -> None:
    a_collection(store, root_admin, "/OKD")
    granting.close(store, root_admin, path("/OKD"))
    with pytest.raises((Forbidden, ParentMissing)):
        made(store, bob, place=("OKD",))
    granting.grant(store, root_admin, path("/OKD"), "bob", READER)

    with pytest.raises(Forbidden):
        made(store, bob, place=("OKD",))

    assert members_of(store, root_admin, "/OKD") == []


def test_folder_made_by_many_at_once_is_one_folder_with_a_name_for_each(store: Store, ann: Context, bob: Context) -> None:
    start = threading.Barrier(8)

    def file_one(number: int) -> None:
        start.wait(30)
        made(store, (ann, bob)[number % 2], b"%d" % number, "same.txt", place=("OKD",))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(file_one, range(8)))

    assert members_of(store, ann, "/") == ["OKD"]
    assert members_of(store, ann, "/OKD") == ["2026-11"]
    assert set(tree_of(store, ann, "/OKD/2026-11").values()) == {b"%d" % number for number in range(8)}
    assert len(members_of(store, ann, "/OKD/2026-11")) == 8


# What came in is not lost on the way


def test_staged_content_that_was_collected_meanwhile_is_refused_and_nothing_is_made(store: Store, ann: Context) -> None:
    file = a_file(store, b"x" * (INLINE_LIMIT_BYTES + 1), "big.bin")
    assert store.blobs.remove(file.staged.digest, older_than=FOREVER, confirm=lambda: True)

    with pytest.raises(Busy):
        objects.create(store, rest(ann), ROOT_ID, NewObject(NodeKind.DOCUMENT, None, {}, file))

    assert tree_of(store, ann) == {}


def test_bytes_of_a_document_without_content_are_none(store: Store, ann: Context, bare: Node) -> None:
    opened = documents.open_content(store, rest(ann), bare.id)

    assert not isinstance(opened, Node) and opened.content.length_bytes == 0


def test_document_without_content_moves_and_is_copied_into_other_collections(store: Store, ann: Context, bare: Node) -> None:
    there = made_folder(store, ann, "g")

    copied = copy_into(store, ann, bare.id, there.id)
    moved = move_into(store, ann, bare.id, there.id)

    assert (moved.parent_id, moved.name, copied.parent_id, copied.name) == (there.id, None, there.id, None)
    assert tree_of(store, ann) == {"/f": None, "/g": None}
    assert placements(store, moved) == []
