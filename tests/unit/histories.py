"""Random histories of requests. The naive store is played along while one is made, so that most requests are at what is there."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from typing import Protocol

from tests.builders import LARGE, START, SettableClock, path
from tests.unit.naive_store import NaiveStore, Refused, places

from davgate.core import copying, deleting, documents, locking, moving, tree, upkeep
from davgate.core.locking import LockRequest
from davgate.core.store import Context, Store
from davgate.model.locks import Depth, Scope
from davgate.model.node import Node
from davgate.model.paths import TreePath

PEOPLE = ("ann", "bob")
TIMEOUT = timedelta(minutes=10)
MICROSECOND = timedelta(microseconds=1)
SPANS = (timedelta(0), MICROSECOND, timedelta(seconds=1), timedelta(minutes=3), TIMEOUT - MICROSECOND, TIMEOUT)
CONTENTS = {"": b"", "one": b"one", "two": b"two", "large": LARGE}
NEW_NAMES = ("a", "b", "\u00e9", "e\u0301")
DEEPEST = 3


class Step(Protocol):
    """One request, or the passing of time, on either store. Locks are named by their number in the order of granting."""

    def naively(self, naive: NaiveStore) -> None: ...

    def really(self, store: Store, ctx: Context, tokens: Mapping[str, str]) -> object: ...


@dataclass(frozen=True)
class Request:
    who: str
    submits: bool
    """Whether with the tokens of all locks that were ever granted, to whomever."""
    step: Step


@dataclass(frozen=True)
class Put:
    where: TreePath
    content: str

    def naively(self, naive: NaiveStore) -> None:
        naive.put(self.where, CONTENTS[self.content])

    def really(self, store: Store, ctx: Context, tokens: Mapping[str, str]) -> Node:
        return documents.put(store, ctx, self.where, io.BytesIO(CONTENTS[self.content])).node


@dataclass(frozen=True)
class MakeCollection:
    where: TreePath

    def naively(self, naive: NaiveStore) -> None:
        naive.make_collection(self.where)

    def really(self, store: Store, ctx: Context, tokens: Mapping[str, str]) -> Node:
        return tree.make_collection(store, ctx, self.where)


@dataclass(frozen=True)
class Delete:
    where: TreePath

    def naively(self, naive: NaiveStore) -> None:
        naive.delete(self.where)

    def really(self, store: Store, ctx: Context, tokens: Mapping[str, str]) -> None:
        deleting.delete(store, ctx, self.where)


@dataclass(frozen=True)
class Move:
    source: TreePath
    where: TreePath
    overwrite: bool

    def naively(self, naive: NaiveStore) -> None:
        naive.move(self.source, self.where, overwrite=self.overwrite)

    def really(self, store: Store, ctx: Context, tokens: Mapping[str, str]) -> Node:
        return moving.move(store, ctx, self.source, self.where, overwrite=self.overwrite).node


@dataclass(frozen=True)
class Copy:
    source: TreePath
    where: TreePath
    overwrite: bool
    deep: bool

    def naively(self, naive: NaiveStore) -> None:
        naive.copy(self.source, self.where, overwrite=self.overwrite, deep=self.deep)

    def really(self, store: Store, ctx: Context, tokens: Mapping[str, str]) -> Node:
        return copying.copy(store, ctx, self.source, self.where, overwrite=self.overwrite, with_members=self.deep).node


@dataclass(frozen=True)
class Lock:
    where: TreePath
    is_exclusive: bool
    is_deep: bool

    def naively(self, naive: NaiveStore) -> None:
        naive.lock(self.where, is_exclusive=self.is_exclusive, is_deep=self.is_deep, ends=naive.now + TIMEOUT // MICROSECOND)

    def really(self, store: Store, ctx: Context, tokens: Mapping[str, str]) -> object:
        scope = Scope.EXCLUSIVE if self.is_exclusive else Scope.SHARED
        depth = Depth.INFINITY if self.is_deep else Depth.ZERO
        return locking.lock(store, ctx, self.where, LockRequest(scope, depth, "", TIMEOUT)).lock


@dataclass(frozen=True)
class Refresh:
    where: TreePath
    lock: str

    def naively(self, naive: NaiveStore) -> None:
        naive.refresh(self.where, self.lock, naive.now + 2 * (TIMEOUT // MICROSECOND))

    def really(self, store: Store, ctx: Context, tokens: Mapping[str, str]) -> object:
        ctx = replace(ctx, tokens=frozenset({tokens.get(self.lock, self.lock)}))
        return locking.refresh(store, ctx, self.where, TIMEOUT * 2)


@dataclass(frozen=True)
class Unlock:
    where: TreePath
    lock: str

    def naively(self, naive: NaiveStore) -> None:
        naive.unlock(self.where, self.lock)

    def really(self, store: Store, ctx: Context, tokens: Mapping[str, str]) -> None:
        locking.unlock(store, ctx, self.where, tokens.get(self.lock, self.lock))


@dataclass(frozen=True)
class Wait:
    span: timedelta

    def naively(self, naive: NaiveStore) -> None:
        naive.now += self.span // MICROSECOND
        naive.tidy()

    def really(self, store: Store, ctx: Context, tokens: Mapping[str, str]) -> object:
        assert isinstance(store.clock, SettableClock)
        store.clock.advance(self.span)
        return upkeep.tidy(store)


BEFORE: tuple[Step, ...] = (
    MakeCollection(path("/f")),
    Put(path("/f/a"), "one"),
    Put(path("/f/\u00e9"), "two"),
    MakeCollection(path("/f/sub")),
    Put(path("/f/sub/a"), "large"),
    MakeCollection(path("/g")),
    Put(path("/b"), "one"),
    Put(path("/b"), "two"),
)
"""How each history begins."""


def a_history(random: Random, length: int) -> list[Request]:
    """Return a history of so many requests after those with which each begins."""
    naive = NaiveStore(START)
    history = [Request("ann", False, step) for step in BEFORE]
    for request in history:
        play(naive, request)
    for _ in range(length):
        request = Request(random.choice(PEOPLE), random.random() < 0.7, a_step(random, naive))
        play(naive, request)
        history.append(request)
    return history


def play(naive: NaiveStore, request: Request) -> type[Exception] | None:
    """Do a request on the naive store; return why it was refused, None when it was not."""
    naive.who, naive.tokens = request.who, set(naive.granted) if request.submits else set()
    try:
        request.step.naively(naive)
    except Refused as refused:
        return refused.error
    return None


def a_step(random: Random, naive: NaiveStore) -> Step:
    """Return a request that makes sense, mostly, for what is there."""
    existing = [where for where, _ in places((), naive.root)]
    collections = [where for where, node in places((), naive.root) if node.is_collection and len(where) < DEEPEST]
    free = [*((*where, name) for where in collections for name in NEW_NAMES), ("no", "where")]
    live = [lock.token for lock in naive.live()]

    def anywhere() -> TreePath:
        return random.choice(existing if random.random() < 0.6 else free)

    def reached() -> tuple[TreePath, str]:
        token = random.choice(live if live and random.random() < 0.8 else ["no-lock", *naive.granted])
        scope = [where for where in existing if any(lock.token == token for lock in naive.locks_of(where))]
        return random.choice(scope if scope and random.random() < 0.8 else existing), token

    steps: list[tuple[int, Callable[[], Step]]] = [
        (5, lambda: Put(anywhere(), random.choice([*CONTENTS]))),
        (2, lambda: MakeCollection(random.choice(free))),
        (2, lambda: Delete(random.choice(existing))),
        (4, lambda: Move(random.choice(existing), anywhere(), random.random() < 0.7)),
        (4, lambda: Copy(random.choice(existing), anywhere(), random.random() < 0.7, random.random() < 0.8)),
        (5, lambda: Lock(anywhere(), random.random() < 0.5, random.random() < 0.4)),
        (2, lambda: Refresh(*reached())),
        (2, lambda: Unlock(*reached())),
        (2, lambda: Wait(random.choice(SPANS))),
    ]
    return random.choices([make for _, make in steps], [weight for weight, _ in steps])[0]()
