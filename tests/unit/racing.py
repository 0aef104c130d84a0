"""What the processes of ``test_contract_races`` do: all the same at the same moment, each as a user of its own."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.builders import CHEAP_PASSWORDS, PASSWORD, on_condition, opened_store, put, sign_in

from davgate.core import documents, locking, moving, tree
from davgate.core.locking import LockRequest
from davgate.core.store import Context, Store
from davgate.model.conditions import ANY, Conditions
from davgate.model.errors import AlreadyExists, LockConflict, NotFound, PreconditionFailed
from davgate.model.locks import Depth, Scope

PATIENCE_SECONDS = 60.0


class Barrier(Protocol):
    """Lets all through once all have come."""

    def wait(self, timeout: float | None = None) -> int: ...


class Outcomes(Protocol):
    """Where a process leaves what it has found out."""

    def put(self, obj: object) -> None: ...


@dataclass(frozen=True)
class Site:
    """A store as several processes open it."""

    url: str
    folder: Path


def lock(store: Store, ctx: Context, where: str) -> None:
    """Take an exclusive lock."""
    locking.lock(store, ctx, (where,), LockRequest(Scope.EXCLUSIVE, Depth.ZERO, "", None))


def lock_deep(store: Store, ctx: Context, where: str) -> None:
    """Take an exclusive lock on a collection with all below it, or, as every other user, on its member."""
    below = ("a",) if ctx.principal.id % 2 else ()
    locking.lock(store, ctx, (where, *below), LockRequest(Scope.EXCLUSIVE, Depth.INFINITY, "", None))


def create(store: Store, ctx: Context, where: str) -> None:
    """Put content where nothing may be."""
    put(store, on_condition(ctx, Conditions(if_none_match=ANY)), where, ctx.principal.name.encode())


def make_collection(store: Store, ctx: Context, where: str) -> None:
    """Make a collection."""
    tree.make_collection(store, ctx, (where,))


def move_away(store: Store, ctx: Context, where: str) -> None:
    """Give a document a name of one's own."""
    moving.move(store, ctx, (where,), (f"{where}-{ctx.principal.name}",), overwrite=False)


RACES: dict[str, tuple[Callable[[Store, Context, str], None], type[Exception]]] = {
    "lock-document": (lock, LockConflict),
    "lock-unmapped": (lock, LockConflict),
    "lock-deep": (lock_deep, LockConflict),
    "create": (create, PreconditionFailed),
    "make-collection": (make_collection, AlreadyExists),
    "move-away": (move_away, NotFound),
}
"""What all do, and how those who come too late are told."""


def run_races(site: Site, name: str, rounds: int, barrier: Barrier, outcomes: Outcomes) -> None:
    """Take part in each race, each round on a name of its own, and leave which were won."""
    won: list[tuple[str, int]] = []
    with opened_store(site.url, site.folder) as store:
        ctx = Context(sign_in(store, CHEAP_PASSWORDS, name, PASSWORD), editing=True)
        for race, (run, too_late) in RACES.items():
            for number in range(rounds):
                barrier.wait(PATIENCE_SECONDS)
                try:
                    run(store, ctx, f"{race}-{number}")
                    won.append((race, number))
                except too_late:
                    pass
    outcomes.put((name, won))


def run_replacing(site: Site, name: str, rounds: int, barrier: Barrier, outcomes: Outcomes) -> None:
    """Replace one document again and again, each time on condition that it is what all have just seen."""
    won: list[int] = []
    with opened_store(site.url, site.folder) as store:
        ctx = Context(sign_in(store, CHEAP_PASSWORDS, name, PASSWORD), editing=True)
        for number in range(rounds):
            known = documents.open_content(store, ctx, ("replaced",)).etag or ""
            barrier.wait(PATIENCE_SECONDS)
            try:
                put(store, on_condition(ctx, Conditions(if_match=(known,))), "/replaced", f"{number} {name}".encode())
                won.append(number)
            except PreconditionFailed:
                pass
            barrier.wait(PATIENCE_SECONDS)
    outcomes.put((name, won))


def run_writing(site: Site, name: str, seconds: float, barrier: Barrier, outcomes: Outcomes) -> None:
    """Write without a pause, and leave how often one got one's turn and the longest wait for it."""
    turns, longest = 0, 0.0
    with opened_store(site.url, site.folder) as store:
        ctx = Context(sign_in(store, CHEAP_PASSWORDS, name, PASSWORD), editing=True)
        barrier.wait(PATIENCE_SECONDS)
        end = time.monotonic() + seconds
        while (begun := time.monotonic()) < end:
            put(store, ctx, f"/{name}", f"{turns} {name}".encode())
            longest = max(longest, time.monotonic() - begun)
            turns += 1
    outcomes.put((name, (turns, longest)))
