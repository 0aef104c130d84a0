"""What storage and core promise about edit sessions: all saves under a lock are one version, and the end of the lock seals it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.builders import (
    LARGE,
    SettableClock,
    a_collection,
    a_document,
    a_lock,
    content_of,
    damages,
    holding,
    path,
    put,
    with_policy,
)
from tests.unit.edited import (
    GRACE,
    MICROSECOND,
    TEN_MINUTES,
    current,
    earlier_saves,
    history,
    is_open,
    numbers,
    refresh,
    under,
    unlock,
)
from tests.unit.placed import copy, move, versions_of

from davgate.core import deleting, documents, trash, upkeep
from davgate.core.sessions import VersionsPer, set_versions_per, versions_per_in
from davgate.core.store import Context, Policy, Store
from davgate.model.errors import NotACollection, NotFound
from davgate.model.instant import after
from davgate.model.locks import Depth, Lock, Scope
from davgate.model.node import Cause
from davgate.model.properties import PropertyUpdate

A = "/f/a"


@pytest.fixture
def document(store: Store, ann: Context) -> str:
    """A document with one version."""
    a_document(store, ann, A, b"one")
    return A


# One session, one version


def test_first_save_under_a_lock_opens_a_version_that_everybody_reads_at_once(
    store: Store, ann: Context, bob: Context, document: str
) -> None:
    lock = a_lock(store, ann, A, timeout=TEN_MINUTES)
    assert numbers(store, ann, A) == [1]

    written = put(store, under(ann, lock), A, b"two")

    version = current(store, bob, A)
    assert (version.no, version.cause, version.author) == (2, Cause.SESSION, "ann")
    assert (is_open(store, version), version.sealed_at) == (True, lock.expires_at)
    assert written.node.etag == version.etag
    assert content_of(store, bob, A) == b"two"


def test_all_saves_under_a_lock_belong_to_the_version_that_the_first_one_opened(
    store: Store, ann: Context, clock: SettableClock, document: str
) -> None:
    lock = a_lock(store, ann, A)
    tags = []
    for content in (b"two", LARGE, b"four"):
        clock.advance(timedelta(seconds=20))
        tags.append(put(store, under(ann, lock), A, content).node.etag)

    version = current(store, ann, A)
    assert versions_of(store, ann, A) == [b"one", b"four"]
    assert len(set(tags)) == 3
    assert earlier_saves(store, ann, A, 2) == [("ann", b"two"), ("ann", LARGE)]
    assert version.opened_at < version.saved_at == clock.now()


def test_document_locked_into_being_has_one_version_for_its_first_session(store: Store, ann: Context) -> None:
    a_collection(store, ann, "/f")
    lock = a_lock(store, ann, "/f/new")
    for content in (b"one", b"two"):
        put(store, under(ann, lock), "/f/new", content)

    version = current(store, ann, "/f/new")
    assert (version.no, version.cause, is_open(store, version)) == (1, Cause.CREATED, True)

    unlock(store, ann, "/f/new", lock)
    assert versions_of(store, ann, "/f/new") == [b"two"]
    assert not is_open(store, current(store, ann, "/f/new"))


def test_identical_bytes_under_a_lock_open_nothing(store: Store, ann: Context, document: str) -> None:
    before = history(store, ann, A)
    lock = a_lock(store, ann, A)

    put(store, under(ann, lock), A, b"one")
    unlock(store, ann, A, lock)

    assert history(store, ann, A) == before


def test_properties_set_under_a_lock_open_nothing(store: Store, ann: Context, document: str) -> None:
    lock = a_lock(store, ann, A)

    documents.patch_properties(store, under(ann, lock), path(A), [PropertyUpdate(("urn:x", "p"), '<p xmlns="urn:x"/>')])

    assert numbers(store, ann, A) == [1]


def test_save_outside_the_drive_makes_its_own_version_and_seals_the_open_one(store: Store, ann: Context, document: str) -> None:
    lock = a_lock(store, ann, A)
    put(store, under(ann, lock), A, b"two")

    put(store, replace(under(ann, lock), editing=False), A, b"three")

    assert versions_of(store, ann, A) == [b"one", b"two", b"three"]
    assert [is_open(store, version) for version in history(store, ann, A)] == [False] * 3
    put(store, under(ann, lock), A, b"four")
    assert versions_of(store, ann, A) == [b"one", b"two", b"three", b"four"]


# The end of a session


def test_version_is_sealed_exactly_when_the_lock_ends_though_nobody_asks(
    store: Store, ann: Context, clock: SettableClock, document: str
) -> None:
    lock = a_lock(store, ann, A, timeout=TEN_MINUTES)
    put(store, under(ann, lock), A, b"two")
    opened = current(store, ann, A)

    clock.set(after(lock.expires_at, -MICROSECOND))
    assert is_open(store, current(store, ann, A))
    clock.set(lock.expires_at)
    assert not is_open(store, current(store, ann, A))
    clock.advance(GRACE + TEN_MINUTES)
    upkeep.tidy(store)

    assert current(store, ann, A) == replace(opened, session=None)
    assert content_of(store, ann, A) == b"two"


def test_save_without_a_lock_after_the_end_is_the_next_version(
    store: Store, ann: Context, clock: SettableClock, document: str
) -> None:
    lock = a_lock(store, ann, A, timeout=TEN_MINUTES)
    put(store, under(ann, lock), A, b"two")
    clock.set(lock.expires_at)

    put(store, ann, A, b"three")

    assert versions_of(store, ann, A) == [b"one", b"two", b"three"]
    assert history(store, ann, A)[1].sealed_at == lock.expires_at


def test_refresh_extends_the_session(store: Store, ann: Context, clock: SettableClock, document: str) -> None:
    lock = a_lock(store, ann, A, timeout=TEN_MINUTES)
    put(store, under(ann, lock), A, b"two")
    clock.set(after(lock.expires_at, -MICROSECOND))
    refreshed = refresh(store, holding(ann, lock), A)

    assert current(store, ann, A).sealed_at == refreshed.expires_at == after(clock.now(), TEN_MINUTES)
    clock.set(after(refreshed.expires_at, -MICROSECOND))
    put(store, under(ann, lock), A, b"three")
    assert versions_of(store, ann, A) == [b"one", b"three"]
    clock.set(refreshed.expires_at)
    assert not is_open(store, current(store, ann, A))


def test_refresh_may_shorten_the_session(store: Store, ann: Context, clock: SettableClock, document: str) -> None:
    lock = a_lock(store, ann, A, timeout=TEN_MINUTES)
    put(store, under(ann, lock), A, b"two")

    shortened = refresh(store, holding(ann, lock), A, timedelta(seconds=1))

    assert current(store, ann, A).sealed_at == shortened.expires_at
    clock.set(shortened.expires_at)
    assert not is_open(store, current(store, ann, A))


ENDINGS: dict[str, tuple[Callable[[Store, Context, Context, Lock], object], str]] = {
    "unlock": (lambda store, ann, _, lock: unlock(store, ann, A, lock), A),
    "break": (lambda store, _, root, lock: unlock(store, root, A, lock), A),
    "move": (lambda store, ann, _, lock: move(store, under(ann, lock), A, "/f/b"), "/f/b"),
    "move-folder": (lambda store, ann, _, lock: move(store, holding(ann, lock), "/f", "/g"), "/g/a"),
}


@pytest.mark.parametrize("name", ENDINGS)
def test_whatever_ends_the_lock_seals_the_version_at_that_moment(
    store: Store, ann: Context, root_admin: Context, clock: SettableClock, document: str, name: str
) -> None:
    end, where = ENDINGS[name]
    lock = a_lock(store, ann, A)
    put(store, under(ann, lock), A, b"two")
    clock.advance(timedelta(minutes=1))

    end(store, ann, root_admin, lock)

    version = current(store, ann, where)
    assert (version.no, version.session, version.sealed_at) == (2, None, clock.now())
    put(store, ann, where, b"three")
    assert versions_of(store, ann, where) == [b"one", b"two", b"three"]


def test_delete_under_a_deep_lock_seals_the_version(store: Store, ann: Context, clock: SettableClock, document: str) -> None:
    lock = a_lock(store, ann, "/f", depth=Depth.INFINITY)
    put(store, holding(ann, lock), A, b"two")
    clock.advance(timedelta(minutes=1))

    deleting.delete(store, holding(ann, lock), path(A))

    (entry,) = trash.entries(store, ann)
    trash.restore(store, ann, entry.node.id, path("/back"))
    assert current(store, ann, "/back").sealed_at == clock.now()


def test_delete_seals_the_version(store: Store, ann: Context, bob: Context, clock: SettableClock, document: str) -> None:
    lock = a_lock(store, ann, A)
    put(store, under(ann, lock), A, b"two")
    clock.advance(timedelta(minutes=1))

    deleting.delete(store, under(ann, lock), path(A))
    put(store, ann, A, b"three")

    assert versions_of(store, ann, A) == [b"one", b"two", b"three"]
    assert history(store, ann, A)[1].sealed_at == clock.now()


def test_unlock_without_a_save_makes_no_version(store: Store, ann: Context, document: str) -> None:
    unlock(store, ann, A, a_lock(store, ann, A))

    assert numbers(store, ann, A) == [1]


def test_unlock_of_an_emptied_document_leaves_it_empty_as_part_of_its_session(store: Store, ann: Context, document: str) -> None:
    lock = a_lock(store, ann, A)
    put(store, under(ann, lock), A, b"two")
    put(store, under(ann, lock), A, b"")
    assert (content_of(store, ann, A), numbers(store, ann, A)) == (b"", [1, 2])

    unlock(store, ann, A, lock)

    assert versions_of(store, ann, A) == [b"one", b""]
    assert earlier_saves(store, ann, A, 2) == [("ann", b"two")]


def test_clock_that_leaps_back_breaks_no_session(store: Store, ann: Context, clock: SettableClock, document: str) -> None:
    clock.advance(timedelta(hours=1))
    put(store, ann, A, b"two")
    clock.advance(-timedelta(hours=1))
    lock = a_lock(store, ann, A, timeout=TEN_MINUTES)

    for content in (b"three", b"four", b"five"):
        put(store, under(ann, lock), A, content)
        assert damages(store) == []
    refresh(store, holding(ann, lock), A)
    put(store, under(ann, lock), A, b"six")
    assert damages(store) == []
    unlock(store, ann, A, lock)

    assert content_of(store, ann, A) == b"six"
    assert versions_of(store, ann, A)[:2] == [b"one", b"two"]


def test_clock_that_leaps_back_does_not_open_what_had_run_out(
    store: Store, ann: Context, bob: Context, clock: SettableClock, document: str
) -> None:
    lock = a_lock(store, ann, A, timeout=TEN_MINUTES)
    put(store, under(ann, lock), A, b"two")
    clock.set(lock.expires_at)
    put(store, bob, A, b"theirs")
    clock.advance(-TEN_MINUTES / 2)

    assert [is_open(store, version) for version in history(store, ann, A)] == [False] * 3
    assert history(store, ann, A)[1].sealed_at == lock.expires_at
    assert damages(store) == []


# Several locks, several documents


def test_deep_lock_of_a_folder_opens_a_session_in_each_of_its_documents(store: Store, ann: Context) -> None:
    for where in ("/f/a", "/f/sub/b"):
        a_document(store, ann, where, b"one")
    lock = a_lock(store, ann, "/f", depth=Depth.INFINITY)

    for content in (b"two", b"three"):
        for where in ("/f/a", "/f/sub/b", "/f/new"):
            put(store, holding(ann, lock), where, content)

    for where in ("/f/a", "/f/sub/b"):
        assert versions_of(store, ann, where) == [b"one", b"three"]
        assert earlier_saves(store, ann, where, 2) == [("ann", b"two")]
    assert versions_of(store, ann, "/f/new") == [b"three"]

    unlock(store, ann, "/f/sub/b", lock)
    assert [is_open(store, current(store, ann, where)) for where in ("/f/a", "/f/sub/b", "/f/new")] == [False] * 3


def test_move_within_a_deep_lock_goes_on_with_the_session(store: Store, ann: Context, document: str) -> None:
    lock = a_lock(store, ann, "/f", depth=Depth.INFINITY)
    put(store, holding(ann, lock), A, b"two")

    move(store, holding(ann, lock), A, "/f/b")
    put(store, holding(ann, lock), "/f/b", b"three")

    assert versions_of(store, ann, "/f/b") == [b"one", b"three"]


@pytest.mark.parametrize("source", [A, "/f/sub"])
def test_move_out_of_a_deep_lock_seals_the_version(
    store: Store, ann: Context, clock: SettableClock, document: str, source: str
) -> None:
    a_document(store, ann, "/f/sub/b", b"one")
    lock = a_lock(store, ann, "/f", depth=Depth.INFINITY)
    for where in (A, "/f/sub/b"):
        put(store, holding(ann, lock), where, b"two")
    clock.advance(timedelta(minutes=1))

    move(store, holding(ann, lock), source, "/out")

    where = "/out" if source == A else "/out/b"
    assert (current(store, ann, where).no, current(store, ann, where).sealed_at) == (2, clock.now())
    assert is_open(store, current(store, ann, "/f/sub/b" if source == A else A))


def test_lock_of_a_folder_alone_opens_no_sessions_in_its_documents(store: Store, ann: Context, document: str) -> None:
    lock = a_lock(store, ann, "/f", depth=Depth.ZERO)

    for content in (b"two", b"three"):
        put(store, holding(ann, lock), A, content)

    assert versions_of(store, ann, A) == [b"one", b"two", b"three"]


def test_holders_of_shared_locks_have_sessions_of_their_own(store: Store, ann: Context, bob: Context, document: str) -> None:
    anns = a_lock(store, ann, A, scope=Scope.SHARED)
    bobs = a_lock(store, bob, A, scope=Scope.SHARED)

    put(store, under(ann, anns), A, b"ann 1")
    put(store, under(ann, anns), A, b"ann 2")
    put(store, under(bob, bobs), A, b"bob 1")
    put(store, under(bob, bobs), A, b"bob 2")
    put(store, under(ann, anns), A, b"ann 3")

    assert versions_of(store, ann, A) == [b"one", b"ann 2", b"bob 2", b"ann 3"]
    assert [version.author for version in history(store, ann, A)] == ["ann", "ann", "bob", "ann"]
    assert [earlier_saves(store, ann, A, no) for no in (2, 3, 4)] == [[("ann", b"ann 1")], [("bob", b"bob 1")], []]
    assert [is_open(store, version) for version in history(store, ann, A)] == [False, False, False, True]

    unlock(store, bob, A, bobs)
    assert is_open(store, current(store, ann, A))


def test_copy_onto_a_locked_document_belongs_to_its_session(store: Store, ann: Context, document: str) -> None:
    a_document(store, ann, "/other", b"copied")
    lock = a_lock(store, ann, A)
    put(store, under(ann, lock), A, b"two")

    copy(store, holding(ann, lock), "/other", A, overwrite=True)

    assert versions_of(store, ann, A) == [b"one", b"copied"]
    assert earlier_saves(store, ann, A, 2) == [("ann", b"two")]


# One version per save


def test_nearest_collection_decides_how_many_saves_make_a_version(store: Store, ann: Context) -> None:
    wanted = {"/a": 1, "/per/a": 2, "/per/inner/a": 2, "/per/back/a": 1}
    for where in wanted:
        a_document(store, ann, where, b"one")
    set_versions_per(store, ann, path("/per"), VersionsPer.SAVE)
    set_versions_per(store, ann, path("/per/back"), VersionsPer.SESSION)

    for where, added in wanted.items():
        lock = a_lock(store, ann, where)
        put(store, under(ann, lock), where, b"two")
        put(store, under(ann, lock), where, b"three")
        assert numbers(store, ann, where) == list(range(1, 2 + added)), where

    set_versions_per(store, ann, path("/per/back"), None)
    assert versions_per_in(store, ann, path("/per/back")) is VersionsPer.SAVE


def test_configuration_decides_where_no_collection_does(store: Store, ann: Context, document: str) -> None:
    per_save = with_policy(store, Policy(versions_per="save"))
    lock = a_lock(per_save, ann, A)

    for content in (b"two", b"three"):
        put(per_save, under(ann, lock), A, content)

    assert versions_of(store, ann, A) == [b"one", b"two", b"three"]
    assert versions_per_in(store, ann, path("/f")) is VersionsPer.SESSION


def test_version_that_is_open_is_sealed_by_the_first_save_after_the_rule_has_changed(
    store: Store, ann: Context, document: str
) -> None:
    lock = a_lock(store, ann, A)
    put(store, under(ann, lock), A, b"two")
    set_versions_per(store, ann, path("/f"), VersionsPer.SAVE)

    put(store, under(ann, lock), A, b"three")

    assert versions_of(store, ann, A) == [b"one", b"two", b"three"]
    assert not any(is_open(store, version) for version in history(store, ann, A))


def test_rule_is_set_on_collections_alone(store: Store, ann: Context, document: str) -> None:
    for where, error in ((A, NotACollection), ("/nothing", NotFound)):
        with pytest.raises(error):
            set_versions_per(store, ann, path(where), VersionsPer.SAVE)
        with pytest.raises(error):
            versions_per_in(store, ann, path(where))


# A byte to try with


def test_single_byte_and_what_follows_it_at_once_are_one_version(store: Store, ann: Context, clock: SettableClock) -> None:
    put(store, ann, "/new", b"x")
    clock.advance(store.policy.save_window - timedelta(seconds=1))
    put(store, ann, "/new", b"content")
    put(store, ann, "/new", b"changed")

    assert versions_of(store, ann, "/new") == [b"content", b"changed"]


@pytest.mark.parametrize("who", ["too-late", "somebody-else", "elsewhere"])
def test_single_byte_is_a_version_when_nothing_follows_it_that_belongs_to_it(
    store: Store, ann: Context, bob: Context, clock: SettableClock, who: str
) -> None:
    put(store, replace(ann, editing=who != "elsewhere"), "/new", b"x")
    if who == "too-late":
        clock.advance(store.policy.save_window + timedelta(seconds=1))

    put(store, bob if who == "somebody-else" else ann, "/new", b"content")

    assert versions_of(store, ann, "/new") == [b"x", b"content"]
