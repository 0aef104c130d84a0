"""What storage and core promise about a document that is a folder, saved as a whole: what guards its members is respected."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from tests.builders import (
    SettableClock,
    a_collection,
    a_lock,
    content_of,
    findings,
    holding,
    members_of,
    node_at,
    path,
    put,
    tree_of,
)
from tests.unit.filed import made, say, statements_of
from tests.unit.placed import move, versions_of
from tests.unit.test_contract_changes import Follower, truth
from tests.unit.test_contract_guarded_dances import only_granted

from davgate.core import checking_out, deleting, marking, time_travel, upkeep
from davgate.core.store import Context, Store
from davgate.model.errors import Locked
from davgate.model.errors_of_objects import Retained
from davgate.model.instant import after
from davgate.model.locks import Depth
from davgate.model.marks import MarkKind
from davgate.model.node import Node
from davgate.model.retaining import EXPIRES_AT, to_text
from davgate.model.rights import Right
from davgate.storage.api import marks
from davgate.storage.statements import Statement
from davgate.storage.tables import audit

N = "/N.rtfd"
SB = "/N.rtfd.sb-1a2b3c4d-AbC123"
NEW, OLD = f"{SB}/N.rtfd", f"{SB}/old"
FILES = {"TXT.rtf": b"one", "a.png": b"picture", "Data/b.png": b"below"}
DAY, YEAR = timedelta(days=1), timedelta(days=365)


AUDITED = Statement(select(audit.c.action, audit.c.path).order_by(audit.c.id))


def write(store: Store, ctx: Context, folder: str, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        a_collection(store, ctx, f"{folder}/{name}".rpartition("/")[0])
        put(store, ctx, f"{folder}/{name}", content)


def save(store: Store, ctx: Context, files: dict[str, bytes], *, is_over: bool = False) -> None:
    """Save as a program does that writes anew, moves what was there aside unless ``is_over``, and moves the new to the name."""
    write(store, ctx, NEW, files)
    if not is_over:
        move(store, ctx, N, OLD)
    move(store, ctx, NEW, N, overwrite=is_over)


def ids(store: Store, ctx: Context, top: str = N) -> dict[str, int]:
    """Return the inner ids of a folder, which is the empty name, and of the documents in it."""
    return {"": node_at(store, ctx, top).id} | {name: node_at(store, ctx, f"{top}/{name}").id for name in FILES}


@pytest.fixture
def package(store: Store, ann: Context, clock: SettableClock) -> dict[str, int]:
    """What is in a document that is a folder is known by."""
    write(store, ann, N, FILES)
    clock.advance(DAY)
    return ids(store, ann)


# Somebody else has some of it


@pytest.mark.parametrize(("where", "depth"), [("old/a.png", Depth.ZERO), ("old", Depth.ZERO), ("", Depth.INFINITY)])
def test_document_that_somebody_locked_where_it_is_aside_stays_there(
    store: Store, ann: Context, bob: Context, package: dict[str, int], where: str, depth: Depth
) -> None:
    aside = "/.TemporaryItems"
    a_collection(store, ann, aside)
    write(store, ann, NEW, {**FILES, "TXT.rtf": b"two"})
    move(store, ann, N, f"{aside}/old")
    a_lock(store, bob, f"{aside}/{where}", depth=depth)

    move(store, ann, NEW, N)

    assert ids(store, ann, f"{aside}/old") == package
    assert not set(ids(store, ann).values()) & set(package.values())
    assert versions_of(store, ann, f"{N}/TXT.rtf") == [b"two"]
    assert findings(store) == []


def test_document_that_somebody_checked_out_where_it_is_aside_stays_there(
    store: Store, ann: Context, bob: Context, package: dict[str, int]
) -> None:
    write(store, ann, NEW, {**FILES, "TXT.rtf": b"two"})
    move(store, ann, N, OLD)
    checking_out.check_out(store, bob, package["a.png"])

    move(store, ann, NEW, N)

    assert ids(store, ann, OLD) == package
    assert versions_of(store, ann, f"{N}/TXT.rtf") == [b"two"]


@pytest.mark.parametrize("name", ["", "/TXT.rtf", "/a.png"])
def test_folder_moved_over_a_document_with_somebody_elses_lock_is_refused(
    store: Store, ann: Context, bob: Context, package: dict[str, int], name: str
) -> None:
    a_lock(store, bob, f"{N}{name}")
    write(store, ann, NEW, {**FILES, "TXT.rtf": b"two"})
    before = tree_of(store, ann)

    with pytest.raises(Locked):
        move(store, ann, NEW, N, overwrite=True)

    assert (tree_of(store, ann), ids(store, ann)) == (before, package)


def test_own_locks_end_but_that_on_the_folder_itself(store: Store, ann: Context, package: dict[str, int]) -> None:
    locks = [a_lock(store, ann, N), a_lock(store, ann, f"{N}/TXT.rtf"), a_lock(store, ann, f"{N}/a.png")]

    save(store, holding(ann, *locks), {**FILES, "TXT.rtf": b"two"}, is_over=True)

    assert ids(store, ann) == package
    assert versions_of(store, ann, f"{N}/TXT.rtf") == [b"one", b"two"]
    with pytest.raises(Locked):
        put(store, ann, f"{N}/other.png", b"x")
    put(store, ann, f"{N}/TXT.rtf", b"three")
    put(store, ann, f"{N}/a.png", b"another")


def test_document_goes_back_only_when_nothing_in_it_is_locked_or_checked_out(
    store: Store, ann: Context, bob: Context, clock: SettableClock, package: dict[str, int]
) -> None:
    a_collection(store, ann, SB)
    move(store, ann, N, OLD)
    a_lock(store, bob, f"{OLD}/Data/b.png", timeout=DAY / 2)
    clock.advance(DAY / 4)
    assert upkeep.tidy(store).dances == 0

    clock.advance(DAY)
    checking_out.check_out(store, bob, package["a.png"])
    assert upkeep.tidy(store).dances == 0

    checking_out.cancel(store, bob, package["a.png"])
    assert upkeep.tidy(store).dances == 1
    assert ids(store, ann) == package


# The caller has some of it, or may do less


@pytest.mark.parametrize("is_over", [True, False])
def test_what_its_holder_saves_goes_into_the_working_copy(
    store: Store, ann: Context, bob: Context, package: dict[str, int], is_over: bool
) -> None:
    checking_out.check_out(store, ann, package["TXT.rtf"])

    save(store, ann, {**FILES, "TXT.rtf": b"two"}, is_over=is_over)

    assert ids(store, ann) == package
    assert (content_of(store, ann, f"{N}/TXT.rtf"), content_of(store, bob, f"{N}/TXT.rtf")) == (b"two", b"one")
    assert findings(store) == []


def test_who_may_not_write_what_is_in_it_replaces_it_by_another(
    store: Store, ann: Context, root_admin: Context, package: dict[str, int]
) -> None:
    only_granted(store, root_admin, ann, Right.READ | Right.BIND | Right.UNBIND)

    save(store, ann, {**FILES, "TXT.rtf": b"two"})

    assert ids(store, root_admin, OLD) == package
    assert versions_of(store, root_admin, f"{N}/TXT.rtf") == [b"two"]


# What has to be kept


@pytest.fixture
def kept(store: Store, ann: Context, clock: SettableClock, package: dict[str, int]) -> Node:
    """A member under retention for a year."""
    node = made(store, ann, b"kept", "kept.png", place=package[""])
    clock.advance(timedelta(seconds=1))
    return say(store, ann, node.id, **{EXPIRES_AT: to_text(after(clock.now(), YEAR))})


@pytest.mark.parametrize("is_over", [True, False])
def test_member_under_retention_stays_as_it_is_while_the_others_are_saved(
    store: Store, ann: Context, package: dict[str, int], kept: Node, is_over: bool
) -> None:
    save(store, ann, {**FILES, "TXT.rtf": b"two", "kept.png": b"kept"}, is_over=is_over)

    assert ids(store, ann) == package
    assert node_at(store, ann, f"{N}/kept.png").id == kept.id
    assert versions_of(store, ann, f"{N}/TXT.rtf") == [b"one", b"two"]


@pytest.mark.parametrize("is_over", [True, False])
@pytest.mark.parametrize("files", [{"kept.png": b"other"}, {}], ids=["changed", "dropped"])
def test_save_that_would_change_or_drop_a_member_under_retention_is_refused_as_a_whole(
    store: Store, ann: Context, clock: SettableClock, package: dict[str, int], kept: Node, files: dict[str, bytes], is_over: bool
) -> None:
    with pytest.raises(Retained):
        save(store, ann, {**FILES, "TXT.rtf": b"two", **files}, is_over=is_over)
    clock.advance(DAY)
    upkeep.tidy(store)

    assert ids(store, ann) == package, "it is back, or never was away"
    assert versions_of(store, ann, f"{N}/TXT.rtf") == [b"one"]
    assert content_of(store, ann, f"{N}/kept.png") == b"kept"
    assert findings(store) == []


def test_held_version_stays_that_of_its_document(
    store: Store, ann: Context, root_admin: Context, package: dict[str, int]
) -> None:
    marking.hold(store, root_admin, path(f"{N}/TXT.rtf"), 1)

    save(store, ann, {**FILES, "TXT.rtf": b"two"})

    assert ids(store, ann) == package
    with store.database.read() as session:
        assert [(mark.version_no, mark.kind) for mark in marks.of_document(session, package["TXT.rtf"])] == [(1, MarkKind.HOLD)]


# What is told of it


def test_tree_as_it_was_has_the_whole_document(store: Store, ann: Context, clock: SettableClock, package: dict[str, int]) -> None:
    before = clock.now()
    clock.advance(DAY)

    save(store, ann, {"TXT.rtf": b"two", "e.png": b"new"})
    time_travel.copy_out(store, ann, before, path(N), path("/M.rtfd"), overwrite=False)

    assert {name: content_of(store, ann, f"/M.rtfd/{name}") for name in FILES} == FILES
    assert sorted(members_of(store, ann, N)) == ["TXT.rtf", "e.png"]


@pytest.mark.parametrize("deep", [True, False])
@pytest.mark.parametrize("is_over", [True, False])
def test_who_follows_ends_with_what_is_there(
    store: Store, ann: Context, package: dict[str, int], deep: bool, is_over: bool
) -> None:
    followers = [Follower(store, ann, where, deep) for where in ("/", N)]
    for follower in followers:
        follower.follow()

    for files in ({**FILES, "TXT.rtf": b"two"}, {"TXT.rtf": b"two", "Data": b"flat", "More/x": b"x"}, FILES):
        save(store, ann, files, is_over=is_over)
        for follower in followers:
            follower.follow()
            assert follower.known == truth(store, ann, follower.where, deep=deep)
        deleting.delete(store, ann, path(SB))


def test_audit_tells_what_was_taken_for_a_save(store: Store, ann: Context, package: dict[str, int]) -> None:
    save(store, ann, {"TXT.rtf": b"two", "e.png": b"new"})

    with store.database.read() as session:
        told = session.all(AUDITED)
    assert [tuple(row) for row in told[-6:]] == [
        ("rebind", N),
        ("save", f"{N}/TXT.rtf"),
        ("delete", f"{N}/a.png"),
        ("delete", f"{N}/Data"),
        ("move", f"{NEW}/e.png"),
        ("promote", f"{N}/e.png"),
    ]


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_statements_do_not_grow_with_what_stays_the_same(store: Store, ann: Context) -> None:
    counts = []
    for many in (3, 60):
        files = {f"{number:03d}.png": b"picture %d" % number for number in range(many)}
        write(store, ann, N, {**files, "TXT.rtf": b"one"})
        write(store, ann, NEW, {**files, "TXT.rtf": b"two"})
        move(store, ann, N, OLD)
        asked = statements_of(store)
        move(store, ann, NEW, N)
        counts.append(len(asked))
        assert versions_of(store, ann, f"{N}/TXT.rtf") == [b"one", b"two"]
        for where in (N, SB):
            deleting.delete(store, ann, path(where))
        upkeep.tidy(store)

    assert counts[0] == counts[1]


def test_folder_that_a_person_moves_costs_no_more_than_its_move(store: Store, ann: Context, package: dict[str, int]) -> None:
    if not store.database.is_sqlite:
        pytest.skip("the driver of SQLite tells its statements")
    statements = statements_of(store)

    move(store, ann, N, "/Other.rtfd")

    assert statements
    assert not [sql for sql in statements if "vacated" in sql]
