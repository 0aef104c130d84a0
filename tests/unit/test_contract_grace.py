"""What storage and core promise about locks that ran out: revived in time by their holders, unless somebody else came."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.builders import (
    LARGE,
    SettableClock,
    a_document,
    a_lock,
    content_of,
    holding,
    locks_at,
    path,
    put,
    with_policy,
)
from tests.unit.edited import (
    GRACE,
    MICROSECOND,
    TEN_MINUTES,
    a_late_save,
    current,
    history,
    is_open,
    refresh,
    rescued,
    under,
    unlock,
)
from tests.unit.placed import copy, move, versions_of

from davgate.core import deleting
from davgate.core.checking_out import check_in, check_out
from davgate.core.store import Context, Store
from davgate.model.errors import Locked, PreconditionFailed, RefreshMismatch, UnknownLockToken
from davgate.model.instant import after
from davgate.model.locks import Depth

A = "/f/a"


@pytest.fixture
def document(store: Store, ann: Context) -> str:
    """A document with one version."""
    a_document(store, ann, A, b"one")
    return A


@pytest.mark.parametrize("late", [timedelta(0), GRACE - MICROSECOND], ids=["at-the-end", "as-late-as-may-be"])
def test_refresh_in_the_grace_revives_the_lock_and_leaves_the_sealed_version_sealed(
    store: Store, ann: Context, bob: Context, clock: SettableClock, document: str, late: timedelta
) -> None:
    lock = a_lock(store, ann, A, timeout=TEN_MINUTES)
    put(store, under(ann, lock), A, b"two")
    clock.set(after(lock.expires_at, late))

    revived = refresh(store, holding(ann, lock), A)

    assert (revived.token, revived.expires_at) == (lock.token, after(clock.now(), TEN_MINUTES))
    assert locks_at(store, bob, A) == [revived]
    sealed = current(store, ann, A)
    assert (is_open(store, sealed), sealed.sealed_at) == (False, lock.expires_at)
    put(store, under(ann, lock), A, b"three")
    assert versions_of(store, ann, A) == [b"one", b"two", b"three"]
    assert (is_open(store, current(store, ann, A)), history(store, ann, A)[1].sealed_at) == (True, lock.expires_at)


@pytest.mark.parametrize("late", [timedelta(0), GRACE - MICROSECOND], ids=["at-the-end", "as-late-as-may-be"])
def test_save_in_the_grace_revives_the_lock_and_opens_a_version(
    store: Store, ann: Context, bob: Context, clock: SettableClock, document: str, late: timedelta
) -> None:
    lock = a_lock(store, ann, A, timeout=TEN_MINUTES)
    put(store, under(ann, lock), A, b"two")
    clock.set(after(lock.expires_at, late))

    put(store, under(ann, lock), A, b"three")
    put(store, under(ann, lock), A, b"four")

    assert versions_of(store, ann, A) == [b"one", b"two", b"four"]
    assert [one.token for one in locks_at(store, bob, A)] == [lock.token]
    assert current(store, ann, A).sealed_at == after(clock.now(), TEN_MINUTES)
    with pytest.raises(Locked):
        put(store, bob, A, b"theirs")


def test_reading_or_a_save_of_ones_own_without_the_token_ends_no_grace(
    store: Store, ann: Context, bob: Context, clock: SettableClock, document: str
) -> None:
    lock = a_lock(store, ann, A, timeout=TEN_MINUTES)
    clock.set(lock.expires_at)
    content_of(store, bob, A)
    put(store, ann, A, b"two")

    put(store, under(ann, lock), A, b"three")

    assert versions_of(store, ann, A) == [b"one", b"two", b"three"]


def test_nobody_else_revives_a_lock(store: Store, ann: Context, bob: Context, clock: SettableClock, document: str) -> None:
    lock = a_lock(store, ann, A, timeout=TEN_MINUTES)
    clock.set(lock.expires_at)

    with pytest.raises(RefreshMismatch):
        refresh(store, holding(bob, lock), A)
    with pytest.raises(PreconditionFailed):
        put(store, under(bob, lock), A, b"theirs")

    assert (rescued(store, bob), locks_at(store, ann, A)) == ([], [])


def _delete_and_put(store: Store, ctx: Context) -> None:
    deleting.delete(store, ctx, path(A))
    put(store, ctx, A, b"theirs")


MEANWHILE: dict[str, Callable[[Store, Context], object]] = {
    "put": lambda store, bob: put(store, bob, A, b"theirs"),
    "lock": lambda store, bob: unlock(store, bob, A, a_lock(store, bob, A)),
    "lock-that-stands": lambda store, bob: a_lock(store, bob, A),
    "deep-lock-above": lambda store, bob: unlock(store, bob, "/f", a_lock(store, bob, "/f", depth=Depth.INFINITY)),
    "copy-onto": lambda store, bob: copy(store, bob, "/other", A, overwrite=True),
    "check-out": lambda store, bob: (check_out(store, bob, path(A)), check_in(store, bob, path(A))),
    "check-out-that-stands": lambda store, bob: check_out(store, bob, path(A)),
    "move-onto": lambda store, bob: move(store, bob, "/other", A, overwrite=True),
    "delete-and-put": lambda store, bob: _delete_and_put(store, bob),
}


@pytest.mark.parametrize("name", MEANWHILE)
def test_lock_is_lost_once_somebody_else_came_and_what_its_holder_saves_is_kept_aside(
    store: Store, ann: Context, bob: Context, clock: SettableClock, document: str, name: str
) -> None:
    a_document(store, bob, "/other", b"copied")
    lock = a_lock(store, ann, A, timeout=TEN_MINUTES)
    put(store, under(ann, lock), A, b"two")
    clock.set(lock.expires_at)
    MEANWHILE[name](store, bob)
    before = versions_of(store, bob, A)

    kept = a_late_save(store, under(ann, lock), A, LARGE, contents_of=bob)

    assert (kept.author, kept.path, kept.reason) == ("ann", A, "late save")
    assert versions_of(store, bob, A) == before
    with pytest.raises(RefreshMismatch):
        refresh(store, holding(ann, lock), A)
    assert rescued(store, bob) == []


def test_lock_broken_by_an_administrator_is_lost_and_the_late_save_kept(
    store: Store, ann: Context, root_admin: Context, document: str
) -> None:
    lock = a_lock(store, ann, A)
    put(store, under(ann, lock), A, b"two")
    unlock(store, root_admin, A, lock)

    a_late_save(store, under(ann, lock), A, b"late")

    assert versions_of(store, ann, A) == [b"one", b"two"]
    with pytest.raises(UnknownLockToken):
        unlock(store, ann, A, lock)


def test_lock_given_back_is_not_lost_and_a_save_with_its_token_just_refused(store: Store, ann: Context, document: str) -> None:
    lock = a_lock(store, ann, A)
    unlock(store, ann, A, lock)

    with pytest.raises(PreconditionFailed) as refused:
        put(store, under(ann, lock), A, b"late")

    assert refused.type is PreconditionFailed
    assert rescued(store, ann) == []


def test_grace_ends_and_the_save_is_kept_until_the_lock_is_forgotten(
    store: Store, ann: Context, clock: SettableClock, document: str
) -> None:
    lock = a_lock(store, ann, A, timeout=TEN_MINUTES)
    clock.set(after(lock.expires_at, GRACE))

    a_late_save(store, under(ann, lock), A, b"late")

    assert locks_at(store, ann, A) == []


def test_grace_is_as_long_as_configured(store: Store, ann: Context, clock: SettableClock, document: str) -> None:
    short = with_policy(store, replace(store.policy, locks=replace(store.policy.locks, grace=timedelta(0))))
    lock = a_lock(short, ann, A, timeout=TEN_MINUTES)
    clock.set(lock.expires_at)

    with pytest.raises(RefreshMismatch):
        refresh(short, holding(ann, lock), A)


def test_deep_lock_is_revived_by_a_save_below_it(store: Store, ann: Context, clock: SettableClock, document: str) -> None:
    lock = a_lock(store, ann, "/f", depth=Depth.INFINITY, timeout=TEN_MINUTES)
    clock.set(lock.expires_at)

    put(store, under(ann, lock), A, b"two")

    assert [one.token for one in locks_at(store, ann, "/f")] == [lock.token]
    assert is_open(store, current(store, ann, A))


def test_deep_lock_is_lost_once_somebody_else_writes_anywhere_below_it(
    store: Store, ann: Context, bob: Context, clock: SettableClock, document: str
) -> None:
    lock = a_lock(store, ann, "/f", depth=Depth.INFINITY, timeout=TEN_MINUTES)
    clock.set(lock.expires_at)
    put(store, bob, "/f/b", b"theirs")

    a_late_save(store, under(ann, lock), A, b"late")

    assert versions_of(store, ann, A) == [b"one"]
