"""The lock rules: cases from RFC 4918, and every small case against a second, naive version."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import chain, combinations, product

import pytest

from davgate.model.instant import FOREVER, Instant
from davgate.model.locks import (
    Depth,
    Holding,
    Lock,
    LockPolicy,
    Scope,
    conflicting,
    effective,
    end_of,
    is_expired,
    is_proven,
    is_revivable,
    is_satisfied,
    may_end,
    revivable_until,
    revived,
    unsatisfied,
)
from davgate.model.principal import Principal
from davgate.model.rights import EDITOR, MANAGER, READER, Right

ANN = Principal(2, "ann", epoch=0)
BOB = Principal(3, "bob", epoch=0)
ADMIN = Principal(4, "root", epoch=0, is_admin=True)

FOLDER, DOCUMENT = 10, 11
BELOW = {FOLDER: {DOCUMENT}, DOCUMENT: set[int]()}
ABOVE = {FOLDER: set[int](), DOCUMENT: {FOLDER}}


def a_lock(
    token: str = "t",
    node: int = DOCUMENT,
    scope: Scope = Scope.EXCLUSIVE,
    depth: Depth = Depth.ZERO,
    by: Principal = ANN,
    expires_at: Instant = FOREVER,
) -> Lock:
    return Lock(token, node, scope, depth, Holding.TOKEN, by.id, "owner", None, expires_at)


# Every lock that two people can hold on a folder and a document in it.
EVERY_LOCK = [
    a_lock(f"{node}-{scope.value}-{depth.value}-{by.name}", node, scope, depth, by)
    for node, scope, depth, by in product((FOLDER, DOCUMENT), Scope, (Depth.ZERO, Depth.INFINITY), (ANN, BOB))
]


def reach(lock: Lock) -> set[int]:
    """Say naively what a lock affects: its node, and all below when it is deep."""
    return {lock.node_id} | (BELOW[lock.node_id] if lock.depth is Depth.INFINITY else set())


def may_coexist(one: Lock, other: Lock) -> bool:
    """Say naively whether two locks can stand together: apart, or both shared."""
    return not reach(one) & reach(other) or (one.scope is Scope.SHARED and other.scope is Scope.SHARED)


def standing_sets() -> Iterator[tuple[Lock, ...]]:
    """Yield every set of up to three locks that can stand together."""
    for size in range(4):
        for locks in combinations(EVERY_LOCK, size):
            if all(may_coexist(one, other) for one, other in combinations(locks, 2)):
                yield locks


def affecting(locks: tuple[Lock, ...], node: int) -> tuple[Lock, ...]:
    direct = [lock for lock in locks if lock.node_id == node]
    return effective(direct, [lock for lock in locks if lock.node_id in ABOVE[node]])


def test_effective_locks_are_those_that_reach_the_resource() -> None:
    for locks, node in product(standing_sets(), (FOLDER, DOCUMENT)):
        assert set(affecting(locks, node)) == {lock for lock in locks if node in reach(lock)}


def test_lock_is_refused_exactly_when_it_cannot_stand_beside_the_others() -> None:
    compared = 0
    for locks, asked in product(standing_sets(), EVERY_LOCK):
        there = affecting(locks, asked.node_id)
        if asked.depth is Depth.INFINITY:
            there += tuple(lock for lock in locks if lock.node_id in BELOW[asked.node_id])

        assert set(conflicting(asked.scope, there)) == {lock for lock in locks if not may_coexist(asked, lock)}
        compared += 1
    assert compared > 2000


def test_write_is_allowed_exactly_when_each_naive_rule_is_kept() -> None:
    compared = 0
    for locks, node, who in product(standing_sets(), (FOLDER, DOCUMENT), (ANN, BOB, ADMIN)):
        tokens = [lock.token for lock in locks]
        there = [lock for lock in locks if node in reach(lock)]
        for submitted in chain.from_iterable(combinations(tokens, size) for size in range(len(tokens) + 1)):
            usable = [lock for lock in there if lock.token in submitted and lock.principal_id == who.id]
            # An exclusive lock stands alone; of shared ones a single token of one's own will do.
            allowed = not there or len(usable) > 0

            held = affecting(locks, node)
            assert is_satisfied(held, who, frozenset(submitted)) is allowed
            forbidding = unsatisfied(held, who, frozenset(submitted))
            assert set(forbidding) == (set() if allowed else set(there))
            compared += 1
    assert compared > 4000


def test_token_of_somebody_else_counts_for_nothing() -> None:
    lock = a_lock("t", by=ANN)
    assert unsatisfied([lock], BOB, frozenset({"t"})) == (lock,)
    assert unsatisfied([lock], ADMIN, frozenset({"t"})) == (lock,)


def test_lock_is_one_s_own_only_with_its_token() -> None:
    lock = a_lock("t", by=ANN)
    assert unsatisfied([lock], ANN, frozenset()) == (lock,)
    assert unsatisfied([lock], ANN, frozenset({"other", "t"})) == ()


def test_own_shared_token_suffices_beside_the_shared_lock_of_another() -> None:
    locks = [a_lock("a", scope=Scope.SHARED, by=ANN), a_lock("b", scope=Scope.SHARED, by=BOB)]
    assert is_satisfied(locks, ANN, frozenset({"a"}))
    assert unsatisfied(locks, ANN, frozenset({"b"})) == tuple(locks)


@pytest.mark.parametrize(
    ("asked", "granted"),
    [
        (None, 600),
        (timedelta(0), 1),
        (timedelta(seconds=1), 1),
        (timedelta(seconds=180), 180),
        (timedelta(hours=24), 86_400),
        (timedelta(hours=24, seconds=1), 86_400),
        (timedelta.max, 86_400),
    ],
)
def test_timeout_is_granted_as_asked_up_to_the_longest(asked: timedelta | None, granted: int) -> None:
    assert LockPolicy().granted(asked) == timedelta(seconds=granted)


def test_default_above_the_longest_is_cut() -> None:
    policy = LockPolicy(default=timedelta(seconds=600), longest=timedelta(seconds=60))
    assert policy.granted(None) == timedelta(seconds=60)


def test_lock_holds_up_to_its_end_and_not_at_it() -> None:
    end = end_of(Instant(5_000_000), timedelta(seconds=2))
    assert end == 7_000_000
    assert not is_expired(a_lock(expires_at=end), Instant(6_999_999))
    assert is_expired(a_lock(expires_at=end), Instant(7_000_000))


def test_lock_without_timeout_never_ends() -> None:
    assert end_of(Instant(0), None) == FOREVER
    assert not is_expired(a_lock(expires_at=FOREVER), Instant(FOREVER - 1))


@pytest.mark.parametrize(
    ("who", "held", "may"), [(ANN, READER, True), (BOB, EDITOR, False), (BOB, EDITOR | Right.UNLOCK, True), (BOB, MANAGER, True)]
)
def test_owner_and_who_has_the_right_to_unlock_may_end_a_lock(who: Principal, held: Right, may: bool) -> None:
    assert may_end(a_lock(by=ANN), who, held) is may


@pytest.mark.parametrize(
    ("right", "may"), [(Right.WRITE_CONTENT | Right.LOCK, True), (Right.WRITE_CONTENT, False), (Right.LOCK, False)]
)
def test_stealable_lock_is_ended_by_force_by_whoever_may_write_and_lock(right: Right, may: bool) -> None:
    stealable = replace(a_lock(), is_stealable=True)

    assert may_end(stealable, BOB, right, by_force=True) is may
    assert not may_end(stealable, BOB, right)
    assert not may_end(a_lock(), BOB, right, by_force=True)


@pytest.mark.parametrize(
    ("holding", "is_signed_for"), [(Holding.TOKEN, False), (Holding.PRINCIPAL, True), (Holding.EITHER, True)]
)
def test_sign_in_proves_the_holdings_that_it_is_for_to_their_own_principal(holding: Holding, is_signed_for: bool) -> None:
    lock = replace(a_lock(), holding=holding)
    signed_for = frozenset({Holding.PRINCIPAL, Holding.EITHER})

    assert is_proven(lock, ANN, frozenset(), signed_for) is is_signed_for
    assert unsatisfied([lock], ANN, frozenset(), signed_for) == (() if is_signed_for else (lock,))
    assert not is_proven(lock, ANN, frozenset())
    assert not is_proven(lock, BOB, frozenset({"t"}), signed_for)


# A lock that ran out at 10 and can be had back until 20.
RAN_OUT = replace(a_lock(expires_at=Instant(10)), timeout=timedelta(microseconds=7), revivable_until=Instant(20))


@pytest.mark.parametrize(("at", "is_in_time"), [(9, False), (10, True), (19, True), (20, False)])
def test_lock_is_revived_between_its_end_and_that_of_its_grace(at: int, is_in_time: bool) -> None:
    assert is_revivable(RAN_OUT, ANN, frozenset({"t"}), Instant(at), ()) is is_in_time


def test_lock_is_revived_by_its_principal_with_its_token_beside_what_may_stand_beside_it() -> None:
    at, tokens = Instant(15), frozenset({"t"})
    shared, other = replace(RAN_OUT, scope=Scope.SHARED), a_lock("other", scope=Scope.SHARED, by=BOB)

    assert not is_revivable(RAN_OUT, BOB, tokens, at, ())
    assert not is_revivable(RAN_OUT, ANN, frozenset({"other"}), at, ())
    assert not is_revivable(RAN_OUT, ANN, tokens, at, [other])
    assert is_revivable(shared, ANN, tokens, at, [other])


def test_revived_lock_begins_its_span_anew_and_has_the_same_grace_after_it() -> None:
    assert revived(RAN_OUT, Instant(15)) == replace(RAN_OUT, expires_at=Instant(22), revivable_until=Instant(32))


def test_grace_follows_the_end_of_a_lock_that_has_one() -> None:
    policy = LockPolicy(grace=timedelta(microseconds=5))
    assert revivable_until(Instant(10), policy) == Instant(15)
    assert revivable_until(FOREVER, policy) == FOREVER
