"""What the core tells REST doors of documents and collections: what all see, what one sees alone, and in how few statements."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.builders import (
    SettableClock,
    a_collection,
    a_document,
    a_lock,
    holding,
    on_condition,
    path,
    put,
)
from tests.unit.filed import described, made, made_folder, rest, save, say, statements_of

from davgate.core import checking_out, deleting, describing, locking
from davgate.core.locking import LockRequest
from davgate.core.principals import granting
from davgate.core.second_names import Alias
from davgate.core.store import Context, Store
from davgate.model.conditions import Conditions
from davgate.model.errors import Locked, NotACollection, NotFound, PreconditionFailed, RefreshMismatch
from davgate.model.locks import Depth, Holding, Scope
from davgate.model.node import ROOT_ID, Node
from davgate.model.rights import EVERYTHING, READER, Right

SECOND = timedelta(seconds=1)


@pytest.fixture
def minutes(store: Store, ann: Context, clock: SettableClock) -> Node:
    """/f/g/minutes.txt, which says its title; a second later."""
    outer = made_folder(store, ann, "f", title="Outer")
    inner = made_folder(store, ann, "g", place=outer.id, alias=Alias("dossier"))
    node = made(store, ann, b"one", "minutes.txt", place=inner.id, alias=Alias("document"), title="Minutes")
    clock.advance(SECOND)
    return node


# What is said


def test_who_made_and_who_changed_it_last_are_told_with_the_times(
    store: Store, ann: Context, bob: Context, minutes: Node, clock: SettableClock
) -> None:
    made_at = described(store, ann, minutes.id).node.created_at
    content_at = described(store, ann, minutes.id).changed_at
    say(store, bob, minutes.id, title="Protocol")

    it = described(store, ann, minutes.id)

    assert (it.said.created_by, it.said.changed_by) == ("ann", "bob")
    assert (it.node.created_at, it.node.modified_at, it.changed_at) == (made_at, content_at, clock.now())
    clock.advance(SECOND)
    put(store, ann, "/f/g/minutes.txt", b"two")
    it = described(store, ann, minutes.id)
    assert (it.said.changed_by, it.changed_at) == ("ann", clock.now())


def test_what_is_above_is_told_from_the_root_down(store: Store, ann: Context, minutes: Node) -> None:
    seen = describing.describe(store, rest(ann), minutes.id, with_above=True)

    assert [one.node.name for one in seen.above] == [None, "f", "g"]
    assert [one.metadata.get("title") for one in seen.above] == [None, "Outer", None]
    assert (seen.path, seen.it.node.id) == (path("/f/g/minutes.txt"), minutes.id)
    assert describing.describe(store, rest(ann), minutes.id).above == ()


def test_what_one_may_not_read_above_is_left_out(store: Store, bob: Context, root_admin: Context, minutes: Node) -> None:
    granting.close(store, root_admin, path("/f"))
    granting.grant(store, root_admin, path("/f/g"), "bob", READER)

    seen = describing.describe(store, rest(bob), minutes.id, with_above=True)

    assert [one.node.name for one in seen.above] == [None, "g"]
    assert seen.it.rights == READER


def test_rights_are_those_of_the_caller(store: Store, ann: Context, root_admin: Context, minutes: Node) -> None:
    assert described(store, root_admin, minutes.id).rights == EVERYTHING
    assert Right.MANAGE not in described(store, ann, minutes.id).rights


def test_document_that_was_emptied_a_moment_ago_shows_its_last_version(store: Store, ann: Context, minutes: Node) -> None:
    put(store, ann, "/f/g/minutes.txt", b"")

    it = described(store, ann, minutes.id)

    assert it.content is not None and it.content.length_bytes == 3
    assert it.metadata == {"title": "Minutes"}


def test_working_copy_is_told_to_its_holder_alone(
    store: Store, ann: Context, bob: Context, minutes: Node, clock: SettableClock
) -> None:
    before = described(store, bob, minutes.id)
    checking_out.check_out(store, ann, minutes.id)
    save(store, ann, minutes.id, b"longer than before", "mine.txt")

    own, others = described(store, ann, minutes.id), described(store, bob, minutes.id)

    assert own.content is not None and own.content.length_bytes == 18
    assert (own.file_name, own.changed_at > others.changed_at) == ("mine.txt", True)
    assert (others.content, others.file_name, others.changed_at, others.etag) == (
        before.content,
        before.file_name,
        before.changed_at,
        before.etag,
    )
    assert [one.held_by and one.held_by.principal_name for one in (own, others)] == ["ann", "ann"]
    (listed,) = describing.members(store, rest(ann), minutes.parent_id or 0, 0, 10)[1].items
    assert listed == own


def test_own_lock_is_shown_before_that_of_others(store: Store, ann: Context, bob: Context, minutes: Node) -> None:
    first = a_lock(store, ann, "/f/g/minutes.txt", scope=Scope.SHARED)
    second = a_lock(store, holding(bob, first), "/f/g/minutes.txt", scope=Scope.SHARED)

    for ctx, lock in ((ann, first), (bob, second)):
        it = described(store, ctx, minutes.id)
        assert (it.lock, it.lock_holder) == (lock, ctx.principal.name)


@pytest.mark.parametrize("depth", [Depth.ZERO, Depth.INFINITY])
def test_lock_on_a_collection_above_is_shown_when_it_reaches_down(
    store: Store, ann: Context, bob: Context, minutes: Node, depth: Depth
) -> None:
    lock = a_lock(store, bob, "/f", depth=depth)

    expected = (lock, "bob") if depth is Depth.INFINITY else (None, "")
    it = described(store, ann, minutes.id)
    assert (it.lock, it.lock_holder, it.is_locked) == (*expected, expected[0] is not None)
    (listed,) = describing.members(store, rest(ann), minutes.parent_id or 0, 0, 10)[1].items
    assert (listed.lock, listed.lock_holder) == expected


def test_lock_that_ran_out_is_not_shown(store: Store, ann: Context, minutes: Node, clock: SettableClock) -> None:
    a_lock(store, ann, "/f/g/minutes.txt", timeout=timedelta(minutes=1))
    clock.advance(timedelta(minutes=1))

    assert not described(store, ann, minutes.id).is_locked
    assert not describing.members(store, rest(ann), minutes.parent_id or 0, 0, 10)[1].items[0].is_locked


def test_what_the_caller_knows_is_not_sent_again(store: Store, ann: Context, minutes: Node) -> None:
    it = described(store, ann, minutes.id)

    def is_modified(conditions: Conditions) -> bool:
        return describing.describe(store, on_condition(rest(ann), conditions), minutes.id).is_modified

    assert not is_modified(Conditions(if_none_match=(it.etag,)))
    assert is_modified(Conditions(if_none_match=(it.node.etag or "",))), "the tag of the content says nothing of the metadata"
    assert is_modified(Conditions(if_none_match=('"other"',)))
    assert not is_modified(Conditions(if_modified_since=it.changed_at))
    say(store, ann, minutes.id, title="Protocol")
    assert is_modified(Conditions(if_none_match=(it.etag,)))
    with pytest.raises(PreconditionFailed):
        is_modified(Conditions(if_match=(it.etag,)))


@pytest.mark.parametrize("where", [999_999, "00000000-0000-4000-8000-000000000000", "no uuid", "", ("nothing",)])
def test_what_is_not_there_is_not_found(store: Store, ann: Context, where: int | str | tuple[str, ...]) -> None:
    with pytest.raises(NotFound):
        described(store, ann, where)


def test_what_was_deleted_is_not_found_by_its_ids(store: Store, ann: Context, minutes: Node) -> None:
    deleting.delete(store, rest(ann), minutes.uuid)

    for where in (minutes.id, minutes.uuid):
        with pytest.raises(NotFound):
            described(store, ann, where)


# Members


def test_members_are_told_in_pages_the_oldest_first(store: Store, ann: Context, clock: SettableClock) -> None:
    folder = made_folder(store, ann, "f")
    names = ["z", "b", "q", "a"]
    nodes = [made(store, ann, b"x", name, place=folder.id) for name in names]
    nodes.insert(2, made(store, ann, None, place=folder.id, title="Bare"))
    nodes.sort(key=lambda node: node.id)

    pages = [describing.members(store, rest(ann), folder.id, first, 2)[1] for first in (0, 2, 4, 6)]

    assert [one.node.id for page in pages for one in page.items] == [node.id for node in nodes]
    assert {page.total for page in pages} == {5}


def test_member_that_waits_for_content_or_is_a_programs_own_is_none(store: Store, ann: Context) -> None:
    folder = a_collection(store, ann, "/f")
    put(store, ann, "/f/pending.txt", b"")
    put(store, ann, "/f/~$x.docx", b"junk")
    a_document(store, ann, "/f/real.txt")
    a_collection(store, ann, "/f/sub")

    _, page = describing.members(store, rest(ann), folder.id, 0, 10)

    assert ([one.node.name for one in page.items], page.total) == (["real.txt", "sub"], 2)


def test_members_are_those_that_the_caller_may_see(store: Store, ann: Context, bob: Context, root_admin: Context) -> None:
    folder = a_collection(store, ann, "/f")
    for name in ("a", "b", "c"):
        a_document(store, ann, f"/f/{name}")
    bare = made(store, root_admin, None, place=folder.id, title="Secret")
    for where in ("/f/b",):
        granting.close(store, root_admin, path(where))

    _, page = describing.members(store, rest(bob), folder.id, 0, 10)

    assert ([one.node.name for one in page.items], page.total) == (["a", "c", None], 3)
    assert page.items[-1].node.id == bare.id


def test_members_of_a_document_are_refused(store: Store, ann: Context, minutes: Node) -> None:
    with pytest.raises(NotACollection):
        describing.members(store, rest(ann), minutes.id, 0, 10)


def test_described_one_by_one_is_as_described_in_a_list(
    store: Store, ann: Context, bob: Context, root_admin: Context, minutes: Node
) -> None:
    folder = minutes.parent_id or 0
    nodes = [made(store, (ann, bob)[number % 2], b"%d" % number, place=folder, title=f"{number}") for number in range(4)]
    nodes += [made(store, bob, None, place=folder, alias=Alias("document")), made_folder(store, ann, "sub", place=folder)]
    a_lock(store, bob, "/f/g/minutes.txt")
    checking_out.check_out(store, rest(bob), nodes[0].id)
    save(store, bob, nodes[0].id, b"bob's copy")
    checking_out.check_out(store, rest(ann), nodes[1].id)
    a_lock(store, ann, "/f/g/sub", depth=Depth.INFINITY)

    for ctx in (ann, bob, root_admin):
        listed = describing.members(store, rest(ctx), folder, 0, 20)[1].items
        assert len(listed) == 7
        assert listed == [described(store, ctx, one.node.id) for one in listed]


def test_members_with_rights_of_their_own_are_described_as_one_by_one(
    store: Store, ann: Context, bob: Context, root_admin: Context, minutes: Node
) -> None:
    folder = minutes.parent_id or 0
    for name in ("closed", "shared", "more"):
        made(store, ann, name.encode(), name, place=folder)
    sub = made_folder(store, ann, "sub", place=folder)
    made(store, ann, b"deep", "deep", place=sub.id)
    for name in ("closed", "shared", "sub"):
        granting.close(store, root_admin, path(f"/f/g/{name}"))
    granting.grant(store, root_admin, path("/f/g/shared"), "bob", READER)
    granting.grant(store, root_admin, path("/f/g/more"), "bob", EVERYTHING)
    granting.grant(store, root_admin, path("/f/g/sub/deep"), "bob", READER)
    a_lock(store, ann, "/f", depth=Depth.INFINITY)
    seen = {}

    for ctx in (ann, bob, root_admin):
        listed = describing.members(store, rest(ctx), folder, 0, 20)[1].items
        assert listed == [described(store, ctx, one.node.id) for one in listed]
        seen[ctx] = {one.node.name: one.rights for one in listed}

    assert seen[root_admin].keys() == {"minutes.txt", "closed", "shared", "more", "sub"}
    assert seen[bob].keys() == {"minutes.txt", "shared", "more", "sub"}
    assert (seen[bob]["shared"], seen[bob]["more"]) == (READER, EVERYTHING)
    assert Right.READ not in seen[bob]["sub"]


# In how few statements


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_description_takes_two_statements_and_one_more_for_the_lock_of_another(
    store: Store, ann: Context, bob: Context, minutes: Node, database_kind: str
) -> None:
    asked = statements_of(store)

    def count(*, with_above: bool = False) -> int:
        asked.clear()
        store.database.close()
        describing.describe(store, rest(ann), minutes.uuid, with_above=with_above)
        return len(asked)

    assert (count(), count(with_above=True)) == (2, 2), asked
    lock = a_lock(store, ann, "/f/g/minutes.txt")
    assert count() == 2, asked
    locking.unlock(store, ann, path("/f/g/minutes.txt"), lock.token)
    a_lock(store, bob, "/f/g/minutes.txt")
    assert count() == 3, asked


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize(("has_closed", "most"), [(False, 8), (True, 11)])
def test_members_take_few_statements_whatever_their_number(
    store: Store, ann: Context, bob: Context, root_admin: Context, database_kind: str, has_closed: bool, most: int
) -> None:
    counts: dict[int, int] = {}
    for number in (3, 40):
        folder = a_collection(store, ann, f"/{number}")
        for position in range(number):
            made(store, ann, b"%d" % position, f"{position}", place=folder.id, alias=Alias("document"), title=f"{position}")
        for position, holder in enumerate((ann, bob, root_admin)):
            a_lock(store, holder, f"/{number}/{position}")
        if has_closed:
            granting.close(store, root_admin, path(f"/{number}/0"))
        asked = statements_of(store)
        describing.members(store, rest(bob), folder.id, 0, 1000)
        counts[number] = len(asked)
        store.database.close()

    assert counts[3] == counts[40] <= most, counts


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_address_takes_one_statement_and_none_when_it_is_asked_for_again(
    store: Store, ann: Context, minutes: Node, database_kind: str
) -> None:
    asked = statements_of(store)

    with store.database.read() as session:
        assert describing.find_address(session, ("f", "dossier-1", "document-1")) == minutes.id
        first = len(asked)
        assert describing.find_address(session, ("f", "dossier-1", "document-1")) == minutes.id

    assert (first, len(asked)) == (1, 1), asked


# Locks that need no token


SIGNED = {
    "none": frozenset[Holding](),
    "okd": frozenset({Holding.PRINCIPAL}),
    "gever": frozenset({Holding.EITHER}),
}
WITHOUT_TOKEN = {
    (Holding.TOKEN, "none"): False,
    (Holding.TOKEN, "okd"): False,
    (Holding.TOKEN, "gever"): False,
    (Holding.PRINCIPAL, "none"): False,
    (Holding.PRINCIPAL, "okd"): True,
    (Holding.PRINCIPAL, "gever"): False,
    (Holding.EITHER, "none"): False,
    (Holding.EITHER, "okd"): False,
    (Holding.EITHER, "gever"): True,
}


@pytest.mark.parametrize("with_token", [False, True])
@pytest.mark.parametrize("by", ["ann", "bob"])
@pytest.mark.parametrize(("held", "door"), WITHOUT_TOKEN)
def test_lock_lets_its_holder_write_by_token_or_where_the_sign_in_suffices(
    store: Store, ann: Context, bob: Context, minutes: Node, held: Holding, door: str, by: str, with_token: bool
) -> None:
    asked = LockRequest(Scope.EXCLUSIVE, Depth.ZERO, "", timedelta(minutes=10), holding=held)
    lock = locking.lock(store, rest(ann), minutes.id, asked).lock
    ctx = replace(rest(ann if by == "ann" else bob), signed_for=SIGNED[door])
    ctx = holding(ctx, lock) if with_token else ctx
    passes = by == "ann" and (with_token or WITHOUT_TOKEN[held, door])

    for number, act in enumerate(
        (
            lambda: say(store, ctx, minutes.id, title="Changed"),
            lambda: save(store, ctx, minutes.id, b"changed"),
            lambda: deleting.delete(store, ctx, minutes.id),
        )
    ):
        if passes:
            act()
        else:
            with pytest.raises(Locked):
                act()
        assert number < 3


def test_refresh_needs_the_token_whatever_the_holding(store: Store, ann: Context, minutes: Node) -> None:
    for held in Holding:
        asked = LockRequest(Scope.EXCLUSIVE, Depth.ZERO, "", timedelta(minutes=10), holding=held)
        lock = locking.lock(store, rest(ann), minutes.id, asked).lock
        with pytest.raises(RefreshMismatch):
            locking.refresh(store, replace(rest(ann), signed_for=frozenset(Holding)), minutes.id, None)
        locking.refresh(store, holding(rest(ann), lock), minutes.id, None)
        locking.unlock(store, rest(ann), minutes.id, lock.token)


def test_lock_of_a_root_collection_by_id_reaches_members(store: Store, ann: Context, bob: Context, minutes: Node) -> None:
    asked = LockRequest(Scope.EXCLUSIVE, Depth.INFINITY, "", timedelta(minutes=10))
    locking.lock(store, rest(bob), ROOT_ID, asked)

    with pytest.raises(Locked):
        say(store, ann, minutes.id, title="x")
