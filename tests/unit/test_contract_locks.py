"""What storage and core promise about locks: who gets one, how long it stands, and what ends it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.builders import (
    Meanwhile,
    SettableClock,
    a_lock,
    all_versions,
    content_of,
    exists,
    holding,
    locks_at,
    members_of,
    node_at,
    on_condition,
    path,
    put,
    tree_of,
    with_policy,
)
from tests.unit import locked_tree
from tests.unit.locked_tree import (
    CHANGES_OF_A,
    DEEP,
    EXCLUSIVE,
    MICROSECOND,
    SHARED,
    TEN_MINUTES,
    ZERO,
    lock_rows,
    refused,
)

from davgate.core import deleting, documents, locking, moving, upkeep
from davgate.core.locking import LockRequest
from davgate.core.store import Context, Policy, Store
from davgate.model.conditions import Conditions, EntityTag, IfList, StateToken
from davgate.model.editing import SCRATCH_AGE
from davgate.model.errors import (
    DavgateError,
    LockConflict,
    Locked,
    NotFound,
    NotTheLockOwner,
    ParentMissing,
    PreconditionFailed,
    RefreshMismatch,
    ReservedName,
    SaveKept,
    TooManyLocks,
    UnknownLockToken,
)
from davgate.model.instant import FOREVER, after
from davgate.model.locks import Depth, Holding, Lock, LockPolicy, Scope
from davgate.model.node import Cause
from davgate.storage.api import locks

GRACE = LockPolicy().grace


def refresh(store: Store, ctx: Context, where: str, timeout: timedelta | None = None) -> Lock:
    return locking.refresh(store, ctx, path(where), timeout).lock


def unlock(store: Store, ctx: Context, where: str, lock: Lock | str) -> None:
    locking.unlock(store, ctx, path(where), lock if isinstance(lock, str) else lock.token)


@pytest.fixture
def a_tree(store: Store, ann: Context) -> Store:
    """A store with /f, /f/a, /f/sub, /f/sub/b and /other."""
    return locked_tree.fill(store, ann)


# Taking


@pytest.mark.parametrize("depth", [ZERO, DEEP])
@pytest.mark.parametrize("scope", [EXCLUSIVE, SHARED])
def test_taken_lock_is_the_one_that_is_shown(a_tree: Store, ann: Context, scope: Scope, depth: Depth) -> None:
    asked = LockRequest(scope, depth, "<D:href>mailto:ann</D:href>", timedelta(seconds=77))

    granted = locking.lock(a_tree, ann, path("/f"), asked)

    assert not granted.is_created
    assert locks_at(a_tree, ann, "/f") == [granted.lock]
    assert granted.lock == Lock(
        granted.lock.token,
        node_at(a_tree, ann, "/f").id,
        scope,
        depth,
        Holding.TOKEN,
        ann.principal.id,
        "<D:href>mailto:ann</D:href>",
        timedelta(seconds=77),
        after(a_tree.clock.now(), timedelta(seconds=77)),
        after(a_tree.clock.now(), timedelta(seconds=77) + GRACE),
    )


def test_tokens_are_all_different_and_not_to_be_guessed(a_tree: Store, ann: Context) -> None:
    tokens = {a_lock(a_tree, ann, "/f/a", scope=SHARED).token for _ in range(50)}

    assert len(tokens) == 50
    assert all(len(token) == 36 for token in tokens)


@pytest.mark.parametrize(
    ("standing", "standing_depth", "asked_at", "asked_depth", "meet"),
    [
        ("/f", ZERO, "/f", ZERO, True),
        ("/f", ZERO, "/f", DEEP, True),
        ("/f", DEEP, "/f", ZERO, True),
        ("/f", DEEP, "/f/a", ZERO, True),
        ("/f", DEEP, "/f/sub/b", ZERO, True),
        ("/f", ZERO, "/f/a", ZERO, False),
        ("/f", ZERO, "/f/sub", DEEP, False),
        ("/f/a", ZERO, "/f", DEEP, True),
        ("/f/sub/b", ZERO, "/f", DEEP, True),
        ("/f/sub/b", ZERO, "/", DEEP, True),
        ("/f/a", ZERO, "/f", ZERO, False),
        ("/f/a", ZERO, "/f/sub", DEEP, False),
        ("/f/a", ZERO, "/other", ZERO, False),
        ("/", DEEP, "/f/sub/b", ZERO, True),
        ("/", ZERO, "/f", DEEP, False),
    ],
)
@pytest.mark.parametrize("scopes", [(EXCLUSIVE, EXCLUSIVE), (EXCLUSIVE, SHARED), (SHARED, EXCLUSIVE), (SHARED, SHARED)], ids=str)
def test_only_shared_beside_shared(
    a_tree: Store,
    ann: Context,
    bob: Context,
    standing: str,
    standing_depth: Depth,
    asked_at: str,
    asked_depth: Depth,
    meet: bool,
    scopes: tuple[Scope, Scope],
) -> None:
    first = a_lock(a_tree, ann, standing, scope=scopes[0], depth=standing_depth)

    if meet and EXCLUSIVE in scopes:
        # Whose lock stands makes no difference, nor does submitting its token.
        for who in (bob, ann, holding(ann, first)):
            with pytest.raises(LockConflict) as caught:
                a_lock(a_tree, who, asked_at, scope=scopes[1], depth=asked_depth)
            assert caught.value.roots == (path(standing),)
        assert lock_rows(a_tree) == 1
    else:
        a_lock(a_tree, bob, asked_at, scope=scopes[1], depth=asked_depth)
        assert lock_rows(a_tree) == 2


def test_lock_on_an_unmapped_name_makes_a_pending_document(store: Store, ann: Context, bob: Context) -> None:
    granted = locking.lock(store, ann, ("new.txt",), LockRequest(EXCLUSIVE, ZERO, "", None))

    assert granted.is_created
    assert node_at(store, bob, "/new.txt").is_pending
    assert members_of(store, bob, "/") == ["new.txt"]
    with pytest.raises(Locked):
        put(store, bob, "/new.txt", b"theirs")
    assert put(store, holding(ann, granted.lock), "/new.txt", b"mine").node.version_no == 1


@pytest.mark.parametrize(
    ("where", "error"),
    [("/missing/a", ParentMissing), ("/f/a/b", ParentMissing), ("/.trash", ReservedName), ("/f/.versions", ReservedName)],
)
def test_lock_where_nothing_can_be_is_refused(a_tree: Store, ann: Context, where: str, error: type[DavgateError]) -> None:
    before = tree_of(a_tree, ann)

    with pytest.raises(error):
        a_lock(a_tree, ann, where)

    assert tree_of(a_tree, ann) == before
    assert lock_rows(a_tree) == 0


@pytest.mark.parametrize("depth", [ZERO, DEEP])
@pytest.mark.parametrize("scope", [EXCLUSIVE, SHARED])
def test_name_in_a_locked_collection_is_locked_only_with_its_token(
    a_tree: Store, ann: Context, bob: Context, scope: Scope, depth: Depth
) -> None:
    lock = a_lock(a_tree, ann, "/f", scope=scope, depth=depth)

    with pytest.raises((Locked, LockConflict)):
        a_lock(a_tree, bob, "/f/new", scope=SHARED)
    assert not exists(a_tree, ann, path("/f/new"))

    if depth is ZERO or scope is SHARED:
        a_lock(a_tree, holding(ann, lock), "/f/new", scope=SHARED)
        assert node_at(a_tree, ann, "/f/new").is_pending


@pytest.mark.parametrize(
    ("asked", "granted"),
    [
        (None, timedelta(minutes=10)),
        (timedelta(seconds=1), timedelta(seconds=1)),
        (timedelta(seconds=0), timedelta(seconds=1)),
        (timedelta(hours=2), timedelta(hours=2)),
        (timedelta(days=300), timedelta(hours=24)),
    ],
)
def test_timeout_is_the_asked_one_within_bounds(a_tree: Store, ann: Context, asked: timedelta | None, granted: timedelta) -> None:
    lock = a_lock(a_tree, ann, "/f", timeout=asked)

    assert lock.timeout == granted
    assert refresh(a_tree, holding(ann, lock), "/f", asked).timeout == granted


def test_configuration_bounds_the_timeout(a_tree: Store, ann: Context) -> None:
    strict = with_policy(a_tree, Policy(locks=LockPolicy(timedelta(seconds=5), timedelta(seconds=9))))

    assert a_lock(strict, ann, "/f", timeout=None).timeout == timedelta(seconds=5)
    assert a_lock(strict, ann, "/other", timeout=TEN_MINUTES).timeout == timedelta(seconds=9)


# How many


def test_no_more_shared_locks_stand_on_a_node_than_configured(
    a_tree: Store, ann: Context, bob: Context, clock: SettableClock
) -> None:
    store = with_policy(a_tree, Policy(locks=LockPolicy(per_node=2)))
    first = a_lock(store, ann, "/f/a", scope=SHARED, timeout=TEN_MINUTES)
    a_lock(store, bob, "/f/a", scope=SHARED, timeout=timedelta(hours=1))

    for who in (ann, bob):
        with pytest.raises(TooManyLocks, match="As many locks stand here as may: 2"):
            a_lock(store, who, "/f/a", scope=SHARED)
        with pytest.raises(LockConflict):
            a_lock(store, who, "/f/a")
    # Neither what stands above nor what stands below counts.
    a_lock(store, ann, "/f", scope=SHARED, depth=DEEP)
    a_lock(store, bob, "/f/sub/b", scope=SHARED)
    assert refresh(store, holding(ann, first), "/f/a").token == first.token
    unlock(store, ann, "/f/a", first)
    second = a_lock(store, ann, "/f/a", scope=SHARED, timeout=TEN_MINUTES)
    clock.set(second.expires_at)
    a_lock(store, ann, "/f/a", scope=SHARED)


def test_no_principal_holds_more_locks_than_configured(a_tree: Store, ann: Context, bob: Context, clock: SettableClock) -> None:
    store = with_policy(a_tree, Policy(locks=LockPolicy(per_principal=2)))
    first = a_lock(store, ann, "/f/a", timeout=TEN_MINUTES)
    a_lock(store, ann, "/f/sub", depth=DEEP, timeout=timedelta(hours=1))

    for where in ("/other", "/new"):
        with pytest.raises(TooManyLocks, match="You hold as many locks as you may: 2"):
            a_lock(store, ann, where)
    assert "/new" not in tree_of(store, ann)
    assert lock_rows(store) == 2
    a_lock(store, bob, "/other")
    assert refresh(store, holding(ann, first), "/f/a", TEN_MINUTES).token == first.token
    clock.advance(TEN_MINUTES)
    a_lock(store, ann, "/new")
    with pytest.raises(TooManyLocks):
        a_lock(store, ann, "/f/a")


# Expiry, to the microsecond


def test_lock_holds_up_to_its_end_and_not_at_it(a_tree: Store, ann: Context, bob: Context, clock: SettableClock) -> None:
    lock = a_lock(a_tree, ann, "/f/a", timeout=TEN_MINUTES)

    clock.advance(TEN_MINUTES - MICROSECOND)
    assert locks_at(a_tree, bob, "/f/a") == [lock]
    with pytest.raises(Locked):
        put(a_tree, bob, "/f/a", b"theirs")
    with pytest.raises(LockConflict):
        a_lock(a_tree, bob, "/f/a")

    clock.advance(MICROSECOND)
    assert locks_at(a_tree, bob, "/f/a") == []
    put(a_tree, bob, "/f/a", b"theirs")
    with pytest.raises(UnknownLockToken):
        unlock(a_tree, ann, "/f/a", lock)
    a_lock(a_tree, bob, "/f/a")


@pytest.mark.parametrize(
    "moment",
    [TEN_MINUTES - MICROSECOND, TEN_MINUTES, TEN_MINUTES + GRACE - MICROSECOND, TEN_MINUTES + GRACE],
    ids=["before-the-end", "at-the-end", "within-the-grace", "after-the-grace"],
)
def test_refresh_is_possible_until_the_grace_is_over(
    a_tree: Store, ann: Context, clock: SettableClock, moment: timedelta
) -> None:
    lock = a_lock(a_tree, ann, "/f/a", timeout=TEN_MINUTES)
    clock.advance(moment)

    if moment < TEN_MINUTES + GRACE:
        refreshed = refresh(a_tree, holding(ann, lock), "/f/a", timedelta(seconds=3))
        assert refreshed == replace(
            lock,
            timeout=timedelta(seconds=3),
            expires_at=after(clock.now(), timedelta(seconds=3)),
            revivable_until=after(clock.now(), timedelta(seconds=3) + GRACE),
        )
        assert locks_at(a_tree, ann, "/f/a") == [refreshed]
    else:
        with pytest.raises(RefreshMismatch):
            refresh(a_tree, holding(ann, lock), "/f/a")


def test_lock_that_ends_while_a_body_arrives_lets_the_other_write(
    a_tree: Store, ann: Context, bob: Context, clock: SettableClock
) -> None:
    lock = a_lock(a_tree, ann, "/f/a", timeout=TEN_MINUTES)

    def later() -> None:
        clock.advance(TEN_MINUTES)
        a_lock(a_tree, bob, "/f/a")

    with pytest.raises(SaveKept):
        documents.put(a_tree, holding(ann, lock), path("/f/a"), Meanwhile(b"mine", later))

    assert content_of(a_tree, ann, "/f/a") == b"/f/a"


def test_locks_survive_a_restart(a_tree: Store, ann: Context, bob: Context) -> None:
    lock = a_lock(a_tree, ann, "/f", depth=DEEP)

    a_tree.database.close()

    assert locks_at(a_tree, bob, "/f/sub/b") == [lock]
    with pytest.raises(Locked):
        put(a_tree, bob, "/f/sub/b", b"theirs")


def test_rows_of_ended_locks_go_when_nobody_can_revive_them(a_tree: Store, ann: Context, clock: SettableClock) -> None:
    a_lock(a_tree, ann, "/f/a", timeout=timedelta(seconds=1))
    lasting = a_lock(a_tree, ann, "/other", timeout=timedelta(hours=24))

    clock.advance(timedelta(hours=12))
    assert upkeep.tidy(a_tree).locks == 0
    clock.advance(timedelta(hours=12) - MICROSECOND)
    assert locks_at(a_tree, ann, "/other") == [lasting]
    clock.advance(timedelta(hours=1))
    assert upkeep.tidy(a_tree).locks == 1
    assert lock_rows(a_tree) == 1


def test_lock_without_end_never_ends(a_tree: Store, ann: Context, clock: SettableClock) -> None:
    node = node_at(a_tree, ann, "/f/a")
    with a_tree.database.write() as tx:
        lasting = Lock("t", node.id, EXCLUSIVE, ZERO, Holding.PRINCIPAL, ann.principal.id, "", None, FOREVER)
        assert locks.add(tx, lasting, most=1)
        tx.commit()
    clock.advance(timedelta(days=100_000))

    assert upkeep.tidy(a_tree).locks == 0
    assert [lock.token for lock in locks_at(a_tree, ann, "/f/a")] == ["t"]


# Ending


@pytest.mark.parametrize("where", ["/f", "/f/a", "/f/sub/b"])
def test_lock_is_refreshed_and_ended_from_anywhere_in_its_scope(a_tree: Store, ann: Context, where: str) -> None:
    lock = a_lock(a_tree, ann, "/f", depth=DEEP)

    refreshed = locking.refresh(a_tree, holding(ann, lock), path(where), timedelta(hours=1))
    assert (refreshed.lock.token, refreshed.root) == (lock.token, ("f",))
    unlock(a_tree, ann, where, lock)

    assert lock_rows(a_tree) == 0


@pytest.mark.parametrize("where", ["/other", "/f/a", "/"])
def test_lock_is_unknown_outside_its_scope(a_tree: Store, ann: Context, where: str) -> None:
    lock = a_lock(a_tree, ann, "/f", depth=ZERO)

    with pytest.raises(UnknownLockToken):
        unlock(a_tree, ann, where, lock)
    with pytest.raises(RefreshMismatch):
        refresh(a_tree, holding(ann, lock), where)
    assert locks_at(a_tree, ann, "/f") == [lock]


def test_lock_of_another_is_neither_refreshed_nor_ended(a_tree: Store, ann: Context, bob: Context) -> None:
    lock = a_lock(a_tree, ann, "/f/a")

    with pytest.raises(NotTheLockOwner):
        unlock(a_tree, bob, "/f/a", lock)
    with pytest.raises(RefreshMismatch):
        refresh(a_tree, holding(bob, lock), "/f/a")
    assert locks_at(a_tree, ann, "/f/a") == [lock]


def test_administrator_breaks_a_lock_and_does_not_write_past_it(a_tree: Store, ann: Context, root_admin: Context) -> None:
    lock = a_lock(a_tree, ann, "/f/a")

    refused(a_tree, holding(root_admin, lock), CHANGES_OF_A["put"])
    unlock(a_tree, root_admin, "/f/a", lock)

    assert locks_at(a_tree, ann, "/f/a") == []


def test_ended_lock_is_gone_for_good(a_tree: Store, ann: Context) -> None:
    lock = a_lock(a_tree, ann, "/f/a")
    unlock(a_tree, ann, "/f/a", lock)

    with pytest.raises(UnknownLockToken):
        unlock(a_tree, ann, "/f/a", lock)
    with pytest.raises(RefreshMismatch):
        refresh(a_tree, holding(ann, lock), "/f/a")
    with pytest.raises(NotFound):
        unlock(a_tree, ann, "/missing", lock)


def test_unlock_makes_a_real_empty_document_of_a_pending_one(store: Store, ann: Context) -> None:
    lock = a_lock(store, ann, "/new.txt")

    unlock(store, ann, "/new.txt", lock)

    node = node_at(store, ann, "/new.txt")
    assert not node.is_pending
    (version,) = all_versions(store, ann, ("new.txt",))
    assert (version.no, version.cause, version.content.length_bytes) == (1, Cause.CREATED, 0)


def test_pending_document_is_settled_when_its_lock_ran_out(store: Store, ann: Context, clock: SettableClock) -> None:
    a_lock(store, ann, "/locked", timeout=timedelta(hours=1))
    put(store, ann, "/put", b"")

    clock.advance(timedelta(minutes=10))
    assert upkeep.tidy(store).settled == 1
    assert node_at(store, ann, "/locked").is_pending
    assert node_at(store, ann, "/put").version_no == 1
    clock.advance(timedelta(hours=1))
    assert upkeep.tidy(store).settled == 1
    assert node_at(store, ann, "/locked").version_no == 1


@pytest.mark.parametrize("destination", ["/f/renamed", "/other-name"])
def test_move_ends_the_locks_of_what_it_moves(a_tree: Store, ann: Context, destination: str) -> None:
    lock = a_lock(a_tree, ann, "/f/a")

    moving.move(a_tree, holding(ann, lock), path("/f/a"), path(destination), overwrite=False)

    assert locks_at(a_tree, ann, destination) == []
    assert lock_rows(a_tree) == 0


def test_what_is_moved_onto_a_locked_document_comes_under_its_lock(a_tree: Store, ann: Context, bob: Context) -> None:
    own, there = a_lock(a_tree, ann, "/other"), a_lock(a_tree, ann, "/f/a", owner="Ann")

    moving.move(a_tree, holding(ann, own, there), path("/other"), path("/f/a"), overwrite=True)

    (lock,) = locks_at(a_tree, bob, "/f/a")
    assert lock == replace(there, node_id=node_at(a_tree, ann, "/f/a").id)
    assert lock_rows(a_tree) == 1
    refused(a_tree, bob, lambda store, ctx: put(store, ctx, "/f/a", b"theirs"))
    put(a_tree, holding(ann, there), "/f/a", b"mine")
    unlock(a_tree, ann, "/f/a", there)


def test_moved_member_comes_under_the_lock_of_its_new_collection(a_tree: Store, ann: Context, bob: Context) -> None:
    deep = a_lock(a_tree, ann, "/f", depth=DEEP)

    moving.move(a_tree, holding(ann, deep), path("/other"), path("/f/other"), overwrite=False)

    assert locks_at(a_tree, bob, "/f/other") == [deep]
    moving.move(a_tree, holding(ann, deep), path("/f/other"), path("/other"), overwrite=False)
    assert locks_at(a_tree, bob, "/other") == []
    assert lock_rows(a_tree) == 1


def test_delete_ends_the_locks_at_and_below(a_tree: Store, ann: Context) -> None:
    below, at = a_lock(a_tree, ann, "/f/sub/b", scope=SHARED), a_lock(a_tree, ann, "/f", scope=SHARED, depth=DEEP)
    other = a_lock(a_tree, ann, "/other")

    deleting.delete(a_tree, holding(ann, below, at), path("/f"))

    assert lock_rows(a_tree) == 1
    assert locks_at(a_tree, ann, "/other") == [other]


def test_content_given_by_copy_leaves_the_lock_of_the_target(a_tree: Store, ann: Context) -> None:
    lock = a_lock(a_tree, ann, "/f/a")

    CHANGES_OF_A["copy-onto"](a_tree, holding(ann, lock))

    assert locks_at(a_tree, ann, "/f/a") == [lock]
    assert content_of(a_tree, ann, "/f/a") == b"/other"


@pytest.mark.parametrize("depth", [ZERO, DEEP])
def test_lock_on_the_destination_of_a_move_stays_there(
    a_tree: Store, ann: Context, bob: Context, clock: SettableClock, depth: Depth
) -> None:
    clock.advance(SCRATCH_AGE * 2)
    old = node_at(a_tree, ann, "/f/a")
    lock = a_lock(a_tree, ann, "/f/a", depth=depth)

    moving.move(a_tree, holding(ann, lock), path("/other"), path("/f/a"), overwrite=True)

    moved = node_at(a_tree, ann, "/f/a")
    assert moved.id != old.id
    assert locks_at(a_tree, bob, "/f/a") == [replace(lock, node_id=moved.id)]
    refused(a_tree, bob, CHANGES_OF_A["put"])
    unlock(a_tree, ann, "/f/a", lock)


def test_file_just_written_is_moved_onto_a_locked_document_with_its_token_alone(
    a_tree: Store, ann: Context, bob: Context
) -> None:
    lock = a_lock(a_tree, ann, "/f/a")
    for ctx in (ann, bob):
        put(a_tree, ctx, f"/new-{ctx.principal.id}", b"new")

    def save(store: Store, ctx: Context) -> None:
        moving.move(store, ctx, path(f"/new-{ctx.principal.id}"), path("/f/a"), overwrite=True)

    refused(a_tree, bob, save)
    refused(a_tree, holding(bob, lock), save)
    refused(a_tree, ann, save)
    # What has been looked at by somebody else meanwhile would be a document of its own.
    put(a_tree, ann, "/fresh", b"new")
    moving.move(a_tree, holding(ann, lock), path("/fresh"), path("/f/a"), overwrite=True)
    assert content_of(a_tree, ann, "/f/a") == b"new"
    assert locks_at(a_tree, bob, "/f/a") == [lock]


def test_name_freed_by_a_delete_is_not_locked(a_tree: Store, ann: Context, bob: Context) -> None:
    lock = a_lock(a_tree, ann, "/f/a")
    deleting.delete(a_tree, holding(ann, lock), path("/f/a"))

    put(a_tree, bob, "/f/a", b"theirs")

    assert locks_at(a_tree, ann, "/f/a") == []


def test_lock_that_had_ended_is_seen_again_when_the_clock_leaps_back(
    a_tree: Store, ann: Context, bob: Context, clock: SettableClock
) -> None:
    lock = a_lock(a_tree, ann, "/f/a")
    clock.advance(TEN_MINUTES)
    assert locks_at(a_tree, ann, "/f/a") == []

    clock.advance(-TEN_MINUTES)

    assert locks_at(a_tree, ann, "/f/a") == [lock]
    refused(a_tree, bob, CHANGES_OF_A["put"])


# Conditions on tokens


def test_if_list_holds_while_the_lock_does(a_tree: Store, ann: Context, clock: SettableClock) -> None:
    lock = a_lock(a_tree, ann, "/f/a", timeout=TEN_MINUTES)
    conditions = Conditions(if_lists=(IfList(None, (StateToken(lock.token),)),))
    asking = replace(on_condition(ann, conditions), tokens=conditions.submitted_tokens())

    put(a_tree, asking, "/f/a", b"mine")
    clock.advance(TEN_MINUTES + GRACE)
    with pytest.raises(PreconditionFailed):
        put(a_tree, asking, "/f/a", b"late")
    assert content_of(a_tree, ann, "/f/a") == b"mine"


def test_if_list_of_another_place_is_held_there(a_tree: Store, ann: Context) -> None:
    lock = a_lock(a_tree, ann, "/f", depth=DEEP)
    etag = node_at(a_tree, ann, "/other").etag or ""

    def put_if(*lists: IfList) -> None:
        conditions = Conditions(if_lists=lists)
        put(a_tree, replace(on_condition(ann, conditions), tokens=frozenset({lock.token})), "/f/a", b"changed")

    put_if(IfList(("other",), (EntityTag(etag),)))
    put_if(IfList(("f", "sub", "b"), (StateToken(lock.token),)))
    put_if(IfList(("other",), (StateToken(lock.token, negated=True),)))
    put_if(IfList(("missing",), (EntityTag(etag, negated=True),)), IfList(("other",), (EntityTag('"no"'),)))
    put_if(IfList(("f", "unmapped"), (StateToken(lock.token),)))
    for failing in (
        IfList(("other",), (EntityTag('"no"'),)),
        IfList(("missing",), (EntityTag(etag),)),
        IfList(("other",), (StateToken(lock.token),)),
        IfList(("other",), (EntityTag(etag), StateToken(lock.token))),
    ):
        with pytest.raises(PreconditionFailed):
            put_if(failing)


def test_token_in_a_negated_condition_is_submitted(a_tree: Store, ann: Context) -> None:
    lock = a_lock(a_tree, ann, "/f/a")
    conditions = Conditions(
        if_lists=(IfList(None, (StateToken(lock.token),)), IfList(None, (StateToken("DAV:no-lock", negated=True),)))
    )

    put(a_tree, replace(on_condition(ann, conditions), tokens=conditions.submitted_tokens()), "/f/a", b"mine")

    assert content_of(a_tree, ann, "/f/a") == b"mine"


def test_tokens_of_somebody_else_end_nothing_and_tell_of_nothing(
    store: Store, ann: Context, bob: Context, clock: SettableClock
) -> None:
    put(store, ann, "/a", b"content")
    held = a_lock(store, ann, "/a")
    with store.database.write() as tx:
        locks.end(tx, [held.token], bob.principal.id)
        tx.commit()
    assert [one.token for one in locks_at(store, ann, "/a")] == [held.token]

    with store.database.read() as session:
        before = clock.now()
        assert not locks.has_ended(session, held.token, ann.principal.id, before)
        assert locks.has_ended(session, held.token, ann.principal.id, held.expires_at)
        assert not locks.has_ended(session, held.token, bob.principal.id, held.expires_at)
        assert not locks.has_ended(session, "another", ann.principal.id, held.expires_at)
