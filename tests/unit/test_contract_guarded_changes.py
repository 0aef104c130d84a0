"""Whatever the core does to a document or folder, who follows the tree is told, and folders with other members are dated anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Final

import pytest
from tests.builders import SettableClock
from tests.unit.filed import save
from tests.unit.guarded import GUARDS, OPERATIONS, Guard, Place, a_place

from davgate.core import objects, tree
from davgate.core.changes import Asked, missed
from davgate.core.objects import Changes
from davgate.core.store import Context, Store
from davgate.model.errors import DavgateError
from davgate.model.node import NodeKind
from davgate.model.paths import TreePath
from davgate.storage.api import MemberRow

ID, KIND, NAME, MODIFIED_AT = 0, 2, 4, 6


def as_it_is(place: Place, bob: Context) -> None:
    """Leave all as it is."""


def saved(place: Place, bob: Context) -> None:
    GUARDS["own check-out"](place, bob)
    save(place.store, place.ann, place.it.id, b"draft", "draft.txt")


def emptied(place: Place, bob: Context) -> None:
    GUARDS["own check-out"](place, bob)
    objects.update(place.store, place.ann, place.it.id, Changes(removes_file=True))


STATES: Final[Mapping[str, Guard]] = {
    "as it is": as_it_is,
    "checked out": GUARDS["own check-out"],
    "working copy": saved,
    "working copy without a file": emptied,
    "nothing in it yet": GUARDS["nothing in it yet"],
}

Rows = dict[TreePath, MemberRow]


class Follower:
    """A client that knows nothing of a place but what it is told."""

    def __init__(self, place: Place, ctx: Context) -> None:
        self._place = place
        self._ctx = ctx
        self._token = ""
        self.known: Rows = {}

    def follow(self) -> None:
        answer = missed(self._place.store, self._ctx, (self._place.name,), Asked(self._token, deep=True))
        for one in answer.missed:
            if one.row is not None:
                self.known[one.path] = one.row
            else:
                self.known = {at: row for at, row in self.known.items() if at[: len(one.path)] != one.path}
        self._token = answer.token

    def listed(self) -> Rows:
        """Return what listings show of the place."""
        found: Rows = {}
        waiting: list[TreePath] = [()]
        while waiting:
            above = waiting.pop()
            for row in self._members(above):
                found[(*above, row[NAME] or "")] = row
                waiting += [(*above, row[NAME] or "")] if is_collection(row) else []
        return found

    def _members(self, of: TreePath) -> Iterator[MemberRow]:
        where = (self._place.name, *of)
        with tree.listing(
            self._place.store, self._ctx, where, with_members=True, with_properties=False, with_locks=False
        ) as listing:
            for batch in listing.batches:
                yield from batch


def is_collection(row: MemberRow) -> bool:
    return row[KIND] == NodeKind.COLLECTION.value


def told(rows: Rows) -> dict[TreePath, tuple[object, ...]]:
    """Leave out the dates of collections: that its members are others is no change of a collection (RFC 6578, 3.5)."""
    return {
        at: tuple(value for no, value in enumerate(row) if not (no == MODIFIED_AT and is_collection(row)))
        for at, row in rows.items()
    }


def members(rows: Rows, of: TreePath) -> set[TreePath]:
    return {at for at in rows if at[:-1] == of}


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize("state", STATES)
def test_followers_are_told_and_folders_dated_anew(
    store: Store, clock: SettableClock, ann: Context, bob: Context, root_admin: Context, state: str
) -> None:
    for no, (name, operation) in enumerate(OPERATIONS.items()):
        place = a_place(store, clock, ann, root_admin, f"place {no}")
        place = STATES[state](place, bob) or place
        # To the holder of a check-out the same change may be another one than to everybody else.
        followers = Follower(place, place.ann), Follower(place, bob)
        for one in followers:
            one.follow()
        before = followers[0].listed()
        clock.advance(timedelta(seconds=1))

        with suppress(DavgateError):
            operation(place)

        for one in followers:
            one.follow()
            assert told(one.known) == told(one.listed()), name
        after = followers[0].listed()
        for at in before.keys() & after.keys():
            if before[at][ID] == after[at][ID] and members(before, at) != members(after, at):
                assert before[at][MODIFIED_AT] < after[at][MODIFIED_AT], name
