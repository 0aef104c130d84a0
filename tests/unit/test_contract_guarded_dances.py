"""What several requests mean together, and what the upkeep does after them, forbidden as each request alone would be."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import delete
from tests.builders import SettableClock, a_collection, a_document, a_lock, path, put, tree_of
from tests.unit.filed import rest
from tests.unit.placed import move, version_numbers
from tests.unit.test_contract_closed import grant

from davgate.core import checking_out, deleting, trash, upkeep
from davgate.core.store import Context, Store
from davgate.model.editing import SCRATCH_AGE
from davgate.model.locks import Depth
from davgate.model.node import ROOT_ID, Node
from davgate.model.rights import Right
from davgate.storage.statements import Statement
from davgate.storage.tables import access_grant

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def old(store: Store, ctx: Context, clock: SettableClock, where: str) -> Node:
    """Make a document that is no program's working copy."""
    node = a_document(store, ctx, where, b"one")
    clock.advance(SCRATCH_AGE)
    return node


def only_granted(store: Store, root: Context, to: Context, rights: Right) -> None:
    with store.database.write() as tx:
        tx.run(Statement(delete(access_grant).where(access_grant.c.node_id == ROOT_ID)))
        tx.commit()
    grant(store, root, "/", to, rights)


# Content at a name that a document left (R2)


def test_document_that_somebody_checked_out_where_it_went_does_not_come_back(
    store: Store, ann: Context, bob: Context, clock: SettableClock
) -> None:
    node = old(store, ann, clock, "/f/a.txt")
    move(store, ann, "/f/a.txt", "/f/a.txt.bak")
    checking_out.check_out(store, bob, node.id)

    written = put(store, ann, "/f/a.txt", b"two")

    assert (written.is_created, written.node.id == node.id) == (True, False)
    assert tree_of(store, ann) == {"/f": None, "/f/a.txt": b"two", "/f/a.txt.bak": b"one"}
    assert version_numbers(store, ann, "/f/a.txt.bak") == [1]


def test_who_may_remove_and_add_but_not_write_gives_no_document_its_next_content(
    store: Store, ann: Context, bob: Context, root_admin: Context, clock: SettableClock
) -> None:
    node = old(store, bob, clock, "/a.txt")
    only_granted(store, root_admin, ann, Right.READ | Right.BIND | Right.UNBIND)

    deleting.delete(store, ann, path("/a.txt"))
    written = put(store, ann, "/a.txt", b"two")

    assert written.node.id != node.id
    assert version_numbers(store, root_admin, "/a.txt") == [1]
    assert [entry.node.id for entry in trash.entries(store, root_admin)] == [node.id]


# A document that is deleted after something took its former name (R3)


def test_what_took_the_name_is_no_next_content_of_what_one_may_only_remove(
    store: Store, ann: Context, bob: Context, root_admin: Context, clock: SettableClock
) -> None:
    node = old(store, bob, clock, "/a.txt")
    only_granted(store, root_admin, ann, Right.READ | Right.BIND | Right.UNBIND)

    move(store, ann, "/a.txt", "/other.txt")
    written = put(store, ann, "/a.txt", b"two")
    deleting.delete(store, ann, path("/other.txt"))

    assert tree_of(store, root_admin) == {"/a.txt": b"two"}
    assert [entry.node.id for entry in trash.entries(store, root_admin)] == [node.id] != [written.node.id]


def test_document_does_not_follow_its_former_folder_into_the_trash(store: Store, ann: Context, clock: SettableClock) -> None:
    node = old(store, ann, clock, "/f/a.txt")
    move(store, ann, "/f/a.txt", "/other.txt")
    put(store, ann, "/f/a.txt", b"two")
    deleting.delete(store, rest(ann), path("/f"))

    deleting.delete(store, ann, path("/other.txt"))

    assert [entry.path for entry in trash.entries(store, ann)] == ["/f", "/other.txt"]
    assert trash.entries(store, ann)[1].node.id == node.id


# What programs left behind

HOLDS: dict[str, Callable[[Store, Context], object]] = {
    "its folder": lambda store, bob: a_lock(store, bob, "/f", timeout=DAY),
    "from above": lambda store, bob: a_lock(store, bob, "/", depth=Depth.INFINITY, timeout=DAY),
    "itself": lambda store, bob: a_lock(store, bob, "/f/a.txt~", timeout=DAY),
}


@pytest.mark.parametrize("hold", HOLDS)
def test_document_that_a_program_moved_aside_waits_for_the_lock_to_end(
    store: Store, ann: Context, bob: Context, clock: SettableClock, hold: str
) -> None:
    old(store, ann, clock, "/f/a.txt")
    move(store, ann, "/f/a.txt", "/f/a.txt~")
    HOLDS[hold](store, bob)

    clock.advance(HOUR)
    assert (upkeep.tidy(store).dances, tree_of(store, ann)) == (0, {"/f": None, "/f/a.txt~": b"one"})

    clock.advance(DAY)
    assert (upkeep.tidy(store).dances, tree_of(store, ann)) == (1, {"/f": None, "/f/a.txt": b"one"})


def test_document_that_a_program_moved_aside_waits_for_the_check_out_to_end(
    store: Store, ann: Context, bob: Context, clock: SettableClock
) -> None:
    node = old(store, ann, clock, "/f/a.txt")
    move(store, ann, "/f/a.txt", "/f/a.txt~")
    checking_out.check_out(store, bob, node.id)

    clock.advance(HOUR)
    assert upkeep.tidy(store).dances == 0

    checking_out.cancel(store, bob, node.id)
    assert (upkeep.tidy(store).dances, tree_of(store, ann)) == (1, {"/f": None, "/f/a.txt": b"one"})


def test_document_is_not_put_back_into_a_folder_that_was_deleted(store: Store, ann: Context, clock: SettableClock) -> None:
    aside = "/g.sb-0123abcd-AbCdEf"
    a_collection(store, ann, aside)
    old(store, ann, clock, "/f/a.txt")
    move(store, ann, "/f/a.txt", f"{aside}/a.txt")
    deleting.delete(store, rest(ann), path("/f"))

    clock.advance(HOUR)
    assert upkeep.tidy(store).dances == 0

    assert tree_of(store, ann) == {aside: None, f"{aside}/a.txt": b"one"}


@pytest.mark.parametrize("depth", [Depth.ZERO, Depth.INFINITY])
def test_scratch_file_in_a_locked_folder_is_not_swept(
    store: Store, ann: Context, bob: Context, clock: SettableClock, depth: Depth
) -> None:
    a_collection(store, ann, "/f")
    put(store, ann, "/f/x.tmp", b"x")
    clock.advance(HOUR)
    a_lock(store, bob, "/f", depth=depth, timeout=DAY)

    clock.advance(DAY - HOUR / 2)
    assert (upkeep.tidy(store).scratch, tree_of(store, ann)) == (0, {"/f": None, "/f/x.tmp": b"x"})

    clock.advance(HOUR)
    assert (upkeep.tidy(store).scratch, tree_of(store, ann)) == (1, {"/f": None})
