"""What the tests of locks share: a tree, and everything that a lock on it can forbid."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from tests.builders import (
    a_document,
    a_lock,
    path,
    put,
    tree_of,
)

from davgate.core import copying, deleting, documents, moving, tree, versioning
from davgate.core.store import Context, Store
from davgate.model.errors import (
    LockConflict,
    Locked,
)
from davgate.model.locks import Depth, Scope
from davgate.model.properties import PropertyUpdate
from davgate.storage.statements import Statement
from davgate.storage.tables import lock as lock_table

EXCLUSIVE, SHARED = Scope.EXCLUSIVE, Scope.SHARED
ZERO, DEEP = Depth.ZERO, Depth.INFINITY
TEN_MINUTES = timedelta(minutes=10)
MICROSECOND = timedelta(microseconds=1)

ROWS = Statement(select(func.count()).select_from(lock_table))


def lock_rows(store: Store) -> int:
    with store.database.read() as session:
        row = session.first(ROWS)
    assert row is not None
    return int(row[0])


def fill(store: Store, ctx: Context) -> Store:
    """Make /f, /f/a, /f/sub, /f/sub/b and /other."""
    for where in ("/f/a", "/f/sub/b", "/other"):
        a_document(store, ctx, where, where.encode())
    return store


Change = Callable[[Store, Context], object]

CHANGES_OF_A: dict[str, Change] = {
    "put": lambda store, ctx: put(store, ctx, "/f/a", b"changed"),
    "proppatch": lambda store, ctx: documents.patch_properties(store, ctx, path("/f/a"), [PropertyUpdate(("", "p"), "<p/>")]),
    "copy-onto": lambda store, ctx: copying.copy(store, ctx, path("/other"), path("/f/a"), overwrite=True),
    "restore-onto": lambda store, ctx: versioning.restore(store, ctx, path("/other"), 1, path("/f/a"), overwrite=True),
    "delete": lambda store, ctx: deleting.delete(store, ctx, path("/f/a")),
    "move-away": lambda store, ctx: moving.move(store, ctx, path("/f/a"), path("/moved"), overwrite=False),
    "move-onto": lambda store, ctx: moving.move(store, ctx, path("/other"), path("/f/a"), overwrite=True),
}
"""What changes /f/a itself."""

CHANGES_OF_MEMBERS: dict[str, Change] = {
    "delete": CHANGES_OF_A["delete"],
    "move-away": CHANGES_OF_A["move-away"],
    "move-onto": CHANGES_OF_A["move-onto"],
    "put-new": lambda store, ctx: put(store, ctx, "/f/new", b"new"),
    "mkcol": lambda store, ctx: tree.make_collection(store, ctx, path("/f/new")),
    "copy-in": lambda store, ctx: copying.copy(store, ctx, path("/other"), path("/f/new"), overwrite=False),
    "move-in": lambda store, ctx: moving.move(store, ctx, path("/other"), path("/f/new"), overwrite=False),
    "restore-in": lambda store, ctx: versioning.restore(store, ctx, path("/other"), 1, path("/f/new"), overwrite=False),
    "lock-new": lambda store, ctx: a_lock(store, ctx, "/f/new", scope=SHARED),
}
"""What changes which members /f has."""


def refused(store: Store, ctx: Context, change: Change) -> None:
    before = tree_of(store, ctx)
    with pytest.raises((Locked, LockConflict)):
        change(store, ctx)
    assert tree_of(store, ctx) == before
