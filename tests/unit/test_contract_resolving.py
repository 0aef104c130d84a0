"""What a path leads to is the same whether it is read from the root down or beside something that was asked for before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import permutations, product

import pytest
from tests.builders import SettableClock, a_document, a_lock, holding, path, put

from davgate.core import checking_out, locking, moving
from davgate.core.principals import granting
from davgate.core.store import Context, Store
from davgate.model.instant import FOREVER
from davgate.model.locks import Depth, Scope
from davgate.model.paths import TreePath, Where
from davgate.model.rights import EDITOR, READER, Right
from davgate.storage import resolving
from davgate.storage.api import Session, resolve
from davgate.storage.resolving import Resolved

SIBLINGS = tuple(("f", "deep", name) for name in ("plain", "locked", "lost", "taken", "large", "folder", "missing"))


@pytest.fixture
def world(store: Store, ann: Context, bob: Context, root_admin: Context, clock: SettableClock) -> Store:
    """A collection with locks and grants above and on its members."""
    for where in SIBLINGS[:-2]:
        a_document(store, ann, "/" + "/".join(where), b"bytes" if where[-1] != "large" else bytes(100_000))
    a_document(store, ann, "/f/deep/folder/below")
    granting.close(store, root_admin, path("/f/deep"))
    granting.grant(store, root_admin, path("/f/deep"), "ann", EDITOR)
    granting.grant(store, root_admin, path("/f/deep"), "bob", READER | Right.BIND)
    granting.grant(store, root_admin, path("/f/deep/locked"), "bob", Right.WRITE_CONTENT)
    a_lock(store, ann, "/f", scope=Scope.SHARED, depth=Depth.INFINITY, timeout=timedelta(hours=2))
    a_lock(store, ann, "/f/deep/lost", scope=Scope.SHARED, timeout=timedelta(minutes=1))
    clock.advance(timedelta(minutes=2))
    a_lock(store, ann, "/f/deep/locked", scope=Scope.SHARED, timeout=timedelta(hours=1))
    lock = a_lock(store, ann, "/f/deep/taken", scope=Scope.SHARED)
    checking_out.check_out(store, holding(ann, lock), path("/f/deep/taken"))
    return store


@pytest.fixture
def session(world: Store) -> Iterator[Session]:
    with world.database.read() as session:
        yield session


def forget(session: Session) -> None:
    memory = session.memory()
    if memory is not None:
        memory.clear()
        session.known_collections().clear()


def told(found: Resolved) -> Resolved:
    """Return what was found without how long that holds: beside a lock that ends sooner it is looked up again sooner."""
    return replace(found, holds_until=FOREVER)


def test_beside_something_known_the_same_is_found_as_from_the_root(
    world: Store, session: Session, ann: Context, bob: Context, root_admin: Context
) -> None:
    now = world.clock.now()
    for ctx, with_body, with_size in product((ann, bob, root_admin), (False, True), (False, True)):
        for known, where in permutations(SIBLINGS, 2):
            forget(session)
            expected = resolve(session, where, ctx.principal, now, with_body=with_body, with_stored_bytes=with_size)
            forget(session)
            resolve(session, known, ctx.principal, now)
            found = resolve(session, where, ctx.principal, now, with_body=with_body, with_stored_bytes=with_size)
            assert told(found) == told(expected), (ctx.principal.name, known, where)
            assert found.holds_until <= expected.holds_until


def test_members_of_a_known_collection_are_not_looked_up_from_the_root(
    world: Store, session: Session, ann: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    if session.memory() is None:
        pytest.skip("nothing is remembered on PostgreSQL")
    from_the_root: list[Where] = []
    real = resolving._resolve
    monkeypatch.setattr(resolving, "_resolve", lambda s, where, asked: from_the_root.append(where) or real(s, where, asked))

    for where in SIBLINGS:
        resolve(session, where, ann.principal, world.clock.now())

    assert from_the_root == [SIBLINGS[0]]


def test_nothing_of_before_is_told_beside_what_was_committed_since(
    world: Store, session: Session, ann: Context, bob: Context, root_admin: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    if session.memory() is None:
        pytest.skip("nothing is remembered on PostgreSQL")
    now = world.clock.now()
    before = resolve(session, SIBLINGS[0], bob.principal, now)
    assert before.way[2].granted
    (lock,) = before.locks[before.chain[1].id]
    real = resolving._look_below

    def look_below(session: Session, beside: Resolved, where: TreePath, asked: resolving._Asked) -> Resolved | None:
        granting.grant(world, root_admin, path("/f/deep"), "bob", Right(0))
        put(world, holding(ann, lock), "/f/deep/large", b"not for bob")
        return real(session, beside, where, asked)

    monkeypatch.setattr(resolving, "_look_below", look_below)
    found = resolve(session, SIBLINGS[4], bob.principal, now)

    assert found.node is not None
    assert found.node.content is not None
    assert found.node.content.length_bytes == len(b"not for bob")
    assert not found.way[2].granted


@pytest.mark.parametrize("change", ["unlocked", "moved", "expired"])
def test_what_is_above_is_known_no_longer_than_it_is_true(
    world: Store, session: Session, ann: Context, clock: SettableClock, change: str
) -> None:
    now = world.clock.now()
    before = resolve(session, SIBLINGS[0], ann.principal, now)
    (lock,) = before.locks[before.chain[1].id]

    match change:
        case "unlocked":
            locking.unlock(world, ann, path("/f"), lock.token)
        case "moved":
            moving.move(world, holding(ann, lock), path("/f"), path("/g"), overwrite=False)
        case "expired":
            clock.advance(timedelta(hours=3))

    found = resolve(session, SIBLINGS[4], ann.principal, world.clock.now())
    assert (found.node is None) == (change == "moved")
    assert _locks(found, before.chain[1].id) == ()


def _locks(found: Resolved, node_id: int) -> Sequence[object]:
    return found.locks.get(node_id, ())


def test_collection_under_very_many_locks_is_not_remembered(store: Store, ann: Context) -> None:
    a_document(store, ann, "/f/a")
    for _ in range(40):
        a_lock(store, ann, "/f", scope=Scope.SHARED)
    with store.database.read() as session:
        if session.memory() is None:
            pytest.skip("nothing is remembered on PostgreSQL")
        assert resolve(session, ("f", "a"), ann.principal, store.clock.now()).node is not None
        assert session.known_collections() == {}
