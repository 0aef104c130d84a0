"""Locks held by a sign-in, as doors without tokens have them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.builders import SettableClock, a_document, a_lock, content_of, holding, locks_at, node_at, path
from tests.unit.filed import a_file, rest

from davgate.core import checking_out, early_checks, locking, signed_locks
from davgate.core.locking import LockRequest
from davgate.core.objects import Changes
from davgate.core.principals import granting
from davgate.core.store import Context, Store
from davgate.model.conditions import Conditions
from davgate.model.errors import LockConflict, Locked, NotFound, NotTheLockOwner, PreconditionFailed
from davgate.model.errors_of_versions import CheckedOut
from davgate.model.instant import FOREVER, after
from davgate.model.locks import Depth, Holding, Scope
from davgate.model.node import Node
from davgate.model.rights import MANAGER
from davgate.storage.api import locks

HOUR = timedelta(hours=1)
WHERE = "/f/a.txt"


def signed(ctx: Context) -> Context:
    """Return the context of a request through a door without tokens."""
    return replace(rest(ctx), signed_for=frozenset({Holding.PRINCIPAL}))


@pytest.fixture
def document(store: Store, ann: Context) -> int:
    return a_document(store, ann, WHERE).id


def test_lock_is_taken_for_a_span_and_begins_anew_for_its_holder(
    store: Store, ann: Context, clock: SettableClock, document: int
) -> None:
    signed_locks.lock(store, signed(ann), document, HOUR)
    (first,) = locks_at(store, ann, WHERE)
    clock.advance(timedelta(minutes=10))

    signed_locks.lock(store, signed(ann), document, timedelta(minutes=2))

    (second,) = locks_at(store, ann, WHERE)
    assert (first.holding, first.timeout, first.scope, first.depth) == (Holding.PRINCIPAL, HOUR, Scope.EXCLUSIVE, Depth.ZERO)
    assert (second.token, second.expires_at) == (first.token, after(clock.now(), timedelta(minutes=2)))
    assert signed_locks.taken_at(store, [first.token]) == {first.token: after(clock.now(), -timedelta(minutes=10))}


def test_lock_without_end_stays_so(store: Store, ann: Context, document: int) -> None:
    asked = LockRequest(Scope.EXCLUSIVE, Depth.ZERO, "", None, Holding.PRINCIPAL)
    taken = locking.lock(store, ann, document, asked).lock
    with store.database.write() as tx:
        locks.refresh(tx, replace(taken, timeout=None, expires_at=FOREVER))
        tx.commit()

    signed_locks.lock(store, signed(ann), document, HOUR)
    signed_locks.replace_content(store, signed(ann), document, Changes(file=a_file(store, b"two")))

    assert locks_at(store, ann, WHERE)[0].expires_at == FOREVER


def test_lock_of_another_or_through_another_door_is_in_the_way(store: Store, ann: Context, bob: Context, document: int) -> None:
    lock = a_lock(store, ann, WHERE)

    for who in (ann, bob):
        with pytest.raises(LockConflict):
            signed_locks.lock(store, signed(who), document, HOUR)
        with pytest.raises(Locked):
            signed_locks.unlock(store, signed(who), document)
        with pytest.raises(Locked):
            signed_locks.replace_content(store, signed(who), document, Changes(file=a_file(store, b"two")))
    with pytest.raises(Locked):
        signed_locks.unlock(store, holding(signed(bob), lock), document)
    signed_locks.lock(store, holding(signed(ann), lock), document, HOUR)
    signed_locks.unlock(store, holding(signed(ann), lock), document)
    assert locks_at(store, ann, WHERE) == []


def test_content_under_a_lock_lets_it_begin_anew_in_the_same_commit(
    store: Store, ann: Context, clock: SettableClock, document: int
) -> None:
    signed_locks.lock(store, signed(ann), document, HOUR)
    clock.advance(timedelta(minutes=30))

    node = signed_locks.replace_content(store, signed(ann), document, Changes(file=a_file(store, b"two"), always=True))

    assert (node.version_no, content_of(store, ann, WHERE)) == (2, b"two")
    assert locks_at(store, ann, WHERE)[0].expires_at == after(clock.now(), HOUR)


def test_lock_that_is_proven_by_its_token_is_kept_alive_by_who_has_it(
    store: Store, ann: Context, clock: SettableClock, document: int
) -> None:
    lock = a_lock(store, ann, WHERE)
    clock.advance(timedelta(minutes=5))

    signed_locks.replace_content(store, holding(signed(ann), lock), document, Changes(file=a_file(store, b"two")))

    assert locks_at(store, ann, WHERE)[0].expires_at == lock.expires_at


def test_content_that_is_refused_leaves_lock_and_document(
    store: Store, ann: Context, clock: SettableClock, document: int
) -> None:
    signed_locks.lock(store, signed(ann), document, HOUR)
    (before,) = locks_at(store, ann, WHERE)
    clock.advance(timedelta(minutes=30))
    stale = replace(signed(ann), conditions=Conditions(if_match=('"stale"',)))

    with pytest.raises(PreconditionFailed):
        signed_locks.replace_content(store, stale, document, Changes(file=a_file(store, b"two")))

    assert locks_at(store, ann, WHERE) == [before]
    assert content_of(store, ann, WHERE) == b"content"


def test_unlocking_what_is_not_locked_is_done_already(store: Store, ann: Context, document: int) -> None:
    for _ in range(2):
        signed_locks.unlock(store, signed(ann), document)
    with pytest.raises(NotFound):
        signed_locks.unlock(store, signed(ann), "00000000-0000-4000-8000-000000000000")


def test_force_ends_the_locks_of_all_and_is_for_those_who_may(
    store: Store, ann: Context, bob: Context, root_admin: Context, document: int
) -> None:
    a_lock(store, ann, WHERE, scope=Scope.SHARED)
    a_lock(store, bob, WHERE, scope=Scope.SHARED)

    for who in (ann, bob):
        with pytest.raises(NotTheLockOwner):
            signed_locks.unlock(store, signed(who), document, by_force=True)
    signed_locks.unlock(store, signed(root_admin), document, by_force=True)

    assert locks_at(store, ann, WHERE) == []


def test_force_of_who_administers_the_document_alone_does_not_reach_a_lock_above_it(
    store: Store, ann: Context, bob: Context, root_admin: Context, document: int
) -> None:
    granting.grant(store, root_admin, path(WHERE), "ann", MANAGER)
    a_lock(store, bob, "/f", depth=Depth.INFINITY)

    with pytest.raises(NotTheLockOwner):
        signed_locks.unlock(store, signed(ann), document, by_force=True)
    assert len(locks_at(store, ann, WHERE)) == 1


def test_check_out_of_another_is_in_the_way_of_all(store: Store, ann: Context, bob: Context, document: int) -> None:
    checking_out.check_out(store, ann, document)

    with pytest.raises(LockConflict):
        signed_locks.lock(store, signed(bob), document, HOUR)
    with pytest.raises(CheckedOut):
        signed_locks.unlock(store, signed(bob), document)
    with pytest.raises(CheckedOut):
        signed_locks.replace_content(store, signed(bob), document, Changes(file=a_file(store, b"two")))
    signed_locks.lock(store, signed(ann), document, HOUR)


def test_of_many_requests_of_one_principal_none_fails_and_one_lock_stands(store: Store, ann: Context, document: int) -> None:
    failures: list[Exception] = []
    start = threading.Barrier(6)

    def lock() -> None:
        start.wait()
        try:
            signed_locks.lock(store, signed(ann), document, HOUR)
        except Exception as error:  # noqa: BLE001  # Whatever it is, the test tells it.
            failures.append(error)

    threads = [threading.Thread(target=lock) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert len(locks_at(store, ann, WHERE)) == 1


# Early checks


def test_early_checks_refuse_locks_before_conditions(store: Store, ann: Context, bob: Context) -> None:
    node = a_document(store, ann, WHERE)
    stale = replace(signed(bob), conditions=Conditions(if_match=('"stale"',)))

    def checks() -> Iterator[Callable[[], Node]]:
        yield lambda: early_checks.check_replace(store, stale, node.uuid, 1)
        yield lambda: early_checks.check_delete(store, stale, node.uuid)

    for check in checks():
        with pytest.raises(PreconditionFailed):
            check()
    a_lock(store, ann, WHERE)
    for check in checks():
        with pytest.raises(Locked):
            check()


def test_early_checks_know_documents_with_a_version_alone(store: Store, ann: Context) -> None:
    a_document(store, ann, WHERE)
    a_document(store, ann, "/f/pending.txt", b"")

    for where in ("/f", "/f/pending.txt"):
        uuid = node_at(store, ann, where).uuid
        with pytest.raises(NotFound):
            early_checks.check_replace(store, signed(ann), uuid, None)
        with pytest.raises(NotFound):
            early_checks.check_delete(store, signed(ann), uuid)


def test_lock_without_a_span_never_ends(store: Store, ann: Context, bob: Context, clock: SettableClock, document: int) -> None:
    signed_locks.lock(store, signed(ann), document, None)
    clock.advance(timedelta(days=36_500))

    (held,) = locks_at(store, bob, WHERE)
    assert (held.timeout, held.expires_at, held.principal_id) == (None, FOREVER, ann.principal.id)
    with pytest.raises((LockConflict, Locked)):
        signed_locks.lock(store, signed(bob), document, HOUR)


def test_lock_for_a_span_becomes_one_that_never_ends_and_stays_so(store: Store, ann: Context, document: int) -> None:
    signed_locks.lock(store, signed(ann), document, HOUR)
    (first,) = locks_at(store, ann, WHERE)

    signed_locks.lock(store, signed(ann), document, None)
    signed_locks.lock(store, signed(ann), document, HOUR)

    (last,) = locks_at(store, ann, WHERE)
    assert (last.token, last.timeout, last.expires_at) == (first.token, None, FOREVER)


def test_lock_of_a_token_does_not_become_one_that_never_ends(
    store: Store, ann: Context, clock: SettableClock, document: int
) -> None:
    held = a_lock(store, ann, WHERE)

    signed_locks.lock(store, holding(signed(ann), held), document, None)

    (still,) = locks_at(store, ann, WHERE)
    assert (still.token, still.expires_at) == (held.token, held.expires_at)


def test_lock_that_never_ends_is_broken_by_an_administrator(
    store: Store, ann: Context, bob: Context, root_admin: Context, document: int
) -> None:
    signed_locks.lock(store, signed(ann), document, None)

    signed_locks.unlock(store, signed(root_admin), document, by_force=True)

    assert locks_at(store, ann, WHERE) == []
    signed_locks.lock(store, signed(bob), document, HOUR)


def test_write_under_a_lock_that_never_ends_leaves_it_so(store: Store, ann: Context, document: int) -> None:
    signed_locks.lock(store, signed(ann), document, None)

    signed_locks.replace_content(store, signed(ann), document, Changes(file=a_file(store, b"two")))

    (held,) = locks_at(store, ann, WHERE)
    assert (held.timeout, held.expires_at) == (None, FOREVER)
