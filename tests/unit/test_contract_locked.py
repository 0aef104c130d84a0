"""What storage and core promise about locks: what they forbid, to whom, and what lets one pass."""

from __future__ import annotations

import pytest
from tests.builders import (
    SettableClock,
    a_lock,
    content_of,
    holding,
    locks_at,
    path,
    put,
)
from tests.unit import locked_tree
from tests.unit.locked_tree import (
    CHANGES_OF_A,
    CHANGES_OF_MEMBERS,
    DEEP,
    SHARED,
    ZERO,
    Change,
    lock_rows,
    refused,
)

from davgate.core import copying, deleting, moving
from davgate.core.store import Context, Store
from davgate.model.editing import SCRATCH_AGE
from davgate.model.errors import (
    Locked,
)
from davgate.model.locks import Depth


@pytest.fixture
def a_tree(store: Store, ann: Context) -> Store:
    """A store with /f, /f/a, /f/sub, /f/sub/b and /other."""
    return locked_tree.fill(store, ann)


@pytest.mark.parametrize("root", ["/f/a", "/f", "/"])
@pytest.mark.parametrize("name", CHANGES_OF_A)
def test_locked_document_is_changed_by_the_holder_alone(a_tree: Store, ann: Context, bob: Context, name: str, root: str) -> None:
    change = CHANGES_OF_A[name]
    lock = a_lock(a_tree, ann, root, depth=ZERO if root == "/f/a" else DEEP)

    refused(a_tree, bob, change)
    refused(a_tree, holding(bob, lock), change)
    refused(a_tree, ann, change)
    refused(a_tree, holding(ann, "another-token"), change)
    change(a_tree, holding(ann, lock))


@pytest.mark.parametrize("depth", [ZERO, DEEP])
@pytest.mark.parametrize("name", CHANGES_OF_MEMBERS)
def test_locked_collection_gets_and_loses_members_by_the_holder_alone(
    a_tree: Store, ann: Context, bob: Context, clock: SettableClock, name: str, depth: Depth
) -> None:
    change = CHANGES_OF_MEMBERS[name]
    # A younger file that is moved onto a member would be its next content, and change no membership.
    clock.advance(SCRATCH_AGE)
    lock = a_lock(a_tree, ann, "/f", scope=SHARED, depth=depth)

    refused(a_tree, bob, change)
    refused(a_tree, holding(bob, lock), change)
    refused(a_tree, ann, change)
    change(a_tree, holding(ann, lock))


def test_lock_of_depth_zero_leaves_the_content_of_members_free(a_tree: Store, ann: Context, bob: Context) -> None:
    a_lock(a_tree, ann, "/f", depth=ZERO)

    for name in ("put", "proppatch", "copy-onto", "restore-onto"):
        CHANGES_OF_A[name](a_tree, bob)
    put(a_tree, bob, "/f/sub/new", b"new")


def test_reading_and_copying_away_are_free(a_tree: Store, ann: Context, bob: Context) -> None:
    a_lock(a_tree, ann, "/f", depth=DEEP)

    assert content_of(a_tree, bob, "/f/sub/b") == b"/f/sub/b"
    copying.copy(a_tree, bob, path("/f"), path("/copied"), overwrite=False)
    assert locks_at(a_tree, bob, "/copied/a") == []


@pytest.mark.parametrize(
    "change",
    [
        lambda store, ctx: deleting.delete(store, ctx, path("/f")),
        lambda store, ctx: moving.move(store, ctx, path("/f"), path("/g"), overwrite=False),
        lambda store, ctx: moving.move(store, ctx, path("/other"), path("/f"), overwrite=True),
        lambda store, ctx: copying.copy(store, ctx, path("/other"), path("/f"), overwrite=True),
    ],
    ids=["delete", "move", "move-onto", "copy-onto"],
)
def test_folder_with_a_locked_member_stays_unless_every_token_is_there(
    a_tree: Store, ann: Context, bob: Context, change: Change
) -> None:
    inner = a_lock(a_tree, ann, "/f/sub/b")
    outer = a_lock(a_tree, ann, "/f/sub")

    refused(a_tree, bob, change)
    refused(a_tree, holding(ann, inner), change)
    refused(a_tree, holding(ann, outer), change)
    change(a_tree, holding(ann, inner, outer))
    assert lock_rows(a_tree) == 0


def test_any_one_own_shared_lock_lets_write(a_tree: Store, ann: Context, bob: Context, root_admin: Context) -> None:
    mine = a_lock(a_tree, ann, "/f/a", scope=SHARED)
    theirs = a_lock(a_tree, bob, "/f/a", scope=SHARED)

    put(a_tree, holding(ann, mine), "/f/a", b"by ann")
    put(a_tree, holding(bob, theirs), "/f/a", b"by bob")
    for who in (ann, bob, holding(ann, theirs), holding(bob, mine), root_admin, holding(root_admin, mine, theirs)):
        refused(a_tree, who, CHANGES_OF_A["put"])
    assert content_of(a_tree, ann, "/f/a") == b"by bob"


def test_own_deep_shared_lock_lets_remove_what_another_shares_below(a_tree: Store, ann: Context, bob: Context) -> None:
    deep = a_lock(a_tree, ann, "/f", scope=SHARED, depth=DEEP)
    below = a_lock(a_tree, bob, "/f/sub/b", scope=SHARED)

    refused(a_tree, holding(bob, below), lambda store, ctx: deleting.delete(store, ctx, path("/f/sub")))
    deleting.delete(a_tree, holding(ann, deep), path("/f/sub"))

    assert locks_at(a_tree, ann, "/f") == [deep]
    # Bob did not end his: it is known, for what he saves late.
    assert lock_rows(a_tree) == 2


def test_own_lock_of_depth_zero_does_not_remove_what_another_locks_deeply(a_tree: Store, ann: Context, bob: Context) -> None:
    deep = a_lock(a_tree, bob, "/f/sub", scope=SHARED, depth=DEEP)
    mine = a_lock(a_tree, ann, "/f/sub", scope=SHARED, depth=ZERO)

    refused(a_tree, holding(ann, mine), lambda store, ctx: deleting.delete(store, ctx, path("/f/sub/b")))
    refused(a_tree, holding(ann, mine), lambda store, ctx: deleting.delete(store, ctx, path("/f/sub")))
    deleting.delete(a_tree, holding(bob, deep), path("/f/sub"))


def test_refusal_names_the_root_of_the_lock(a_tree: Store, ann: Context, bob: Context) -> None:
    a_lock(a_tree, ann, "/f", depth=DEEP)

    with pytest.raises(Locked) as caught:
        put(a_tree, bob, "/f/sub/b", b"theirs")

    assert caught.value.roots == (("f",),)
