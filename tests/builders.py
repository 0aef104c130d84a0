"""Stores, people, documents and locks for tests: valid by default, so that a test names only what it is about."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import delete, update

from davgate.core import documents, locking, tree, version_history
from davgate.core.clock import SystemClock
from davgate.core.content import Written
from davgate.core.locking import LockRequest
from davgate.core.opening import Opened
from davgate.core.principals.accounts import NewUser, Passwords, add_user
from davgate.core.principals.signing_in import SigningIn, Visit
from davgate.core.store import Context, Policy, Store
from davgate.model.conditions import Conditions
from davgate.model.errors import AlreadyExists, NotADocument, NotFound
from davgate.model.instant import Clock, Instant, after, from_datetime
from davgate.model.locks import Depth, Lock, Scope
from davgate.model.node import ROOT_ID, Node, Version
from davgate.model.paths import TreePath
from davgate.model.principal import Principal
from davgate.storage.blobs import DiskBlobs
from davgate.storage.checking.verify import Finding, verify
from davgate.storage.database import Database
from davgate.storage.statements import Statement
from davgate.storage.tables import change, node, placement, save, version
from davgate.storage.tables import store as store_table
from tests.canary import guard

START: Final = from_datetime(datetime(2026, 11, 20, 12, 0, tzinfo=UTC))
"""When tests begin."""

PASSWORD: Final = guard("correct horse 7")
INLINE_LIMIT_BYTES: Final = 1024
"""Content above this length lies in a file."""
LARGE: Final = bytes(range(256)) * 16
"""Content that lies in a file."""

CHEAP_PASSWORDS: Final = Passwords(time_cost=1, memory_kib=8, parallelism=1)


class SettableClock:
    """Stands still until it is set or advanced."""

    def __init__(self, now: Instant = START) -> None:
        self._now = now

    def now(self) -> Instant:
        return self._now

    def set(self, now: Instant) -> None:
        self._now = now

    def advance(self, span: timedelta) -> None:
        """Move by a span, backwards when it is negative."""
        self._now = after(self._now, span)


@contextmanager
def opened_store(url: str, folder: Path, clock: Clock | None = None, policy: Policy | None = None) -> Iterator[Store]:
    """Open a store whose database is prepared, its content below ``folder``; the clock is the machine's unless one is given."""
    clock = clock or SystemClock()
    blobs = DiskBlobs(folder / "blobs", clock, inline_limit_bytes=INLINE_LIMIT_BYTES)
    blobs.prepare()
    database = Database(url, clock)
    try:
        yield Store(database, blobs, clock, policy or Policy())
    finally:
        database.close()


def with_policy(store: Store, policy: Policy) -> Store:
    """Return the same store under other rules."""
    return replace(store, policy=policy)


def path(text: str) -> TreePath:
    """Return the path that a text such as ``/a/b.txt`` names."""
    return tuple(name for name in text.split("/") if name)


def sign_in(store: Store, passwords: Passwords, name: str, password: str) -> Principal:
    """Return the principal that a name and password belong to."""
    return SigningIn(store, passwords).by_password(name, password, Visit("192.0.2.1"))


def a_user(store: Store, name: str, *, is_admin: bool = False) -> Context:
    """Make an account and return the context of its requests."""
    add_user(store, CHEAP_PASSWORDS, NewUser(name, PASSWORD, is_admin))
    return Context(sign_in(store, CHEAP_PASSWORDS, name, PASSWORD), editing=True)


def holding(ctx: Context, *locks: Lock | str) -> Context:
    """Return the context of a request that submits the tokens of these locks."""
    return replace(ctx, tokens=frozenset(one if isinstance(one, str) else one.token for one in locks))


def on_condition(ctx: Context, conditions: Conditions) -> Context:
    """Return the context of a request with conditions."""
    return replace(ctx, conditions=conditions)


def a_collection(store: Store, ctx: Context, where: str) -> Node:
    """Make a collection with all that are missing above it, or return the one that is there."""
    names = path(where)
    for depth in range(1, len(names)):
        if not exists(store, ctx, names[:depth]):
            tree.make_collection(store, ctx, names[:depth])
    try:
        return tree.make_collection(store, ctx, names)
    except AlreadyExists:
        return node_at(store, ctx, where)


def put(store: Store, ctx: Context, where: str, content: bytes, *, media_type: str | None = None) -> Written:
    """Put content where its collection is already."""
    return documents.put(store, ctx, path(where), io.BytesIO(content), media_type=media_type)


def a_document(store: Store, ctx: Context, where: str, *contents: bytes) -> Node:
    """Make a document with one version for each content, and all collections that are missing above it."""
    if len(path(where)) > 1:
        a_collection(store, ctx, where.rpartition("/")[0])
    for content in contents or (b"content",):
        node = put(store, ctx, where, content).node
    return node


def a_lock(
    store: Store,
    ctx: Context,
    where: str,
    *,
    scope: Scope = Scope.EXCLUSIVE,
    depth: Depth = Depth.ZERO,
    timeout: timedelta | None = timedelta(minutes=10),
    owner: str = "",
) -> Lock:
    """Take a lock and return it."""
    return locking.lock(store, ctx, path(where), LockRequest(scope, depth, owner, timeout)).lock


class Meanwhile(io.BytesIO):
    """A body during whose arrival something else happens, once."""

    def __init__(self, content: bytes, happens: Callable[[], object] = lambda: None) -> None:
        super().__init__(content)
        self._happens = happens
        self.is_read = False

    def read(self, size: int | None = -1, /) -> bytes:
        if not self.is_read:
            self.is_read = True
            self._happens()
        return super().read(size)


def node_at(store: Store, ctx: Context, where: str) -> Node:
    """Return the node at a path."""
    with tree.listing(store, ctx, path(where), with_members=False, with_properties=False, with_locks=False) as found:
        return found.node


def exists(store: Store, ctx: Context, where: TreePath) -> bool:
    """Tell whether something that the principal may see is at a path."""
    try:
        node_at(store, ctx, "/".join(where))
    except NotFound:
        return False
    return True


def content_of(store: Store, ctx: Context, where: str) -> bytes:
    """Return the whole content of the document at a path."""
    opened = documents.open_content(store, ctx, path(where))
    assert not isinstance(opened, Node), f"{where} is a collection"
    return read(opened)


def read(opened: Opened) -> bytes:
    """Return the whole of opened content."""
    if opened.body is not None:
        return opened.body
    with opened.open() as file:
        return file.read()


def all_versions(store: Store, ctx: Context, where: TreePath) -> tuple[Version, ...]:
    """Return the versions of a document, the oldest first.

    Raises:
        NotFound: there is no such document, or it has no version yet.
    """
    try:
        found = version_history.history_of(store, ctx, where)
    except NotADocument:
        raise NotFound(where) from None
    if found.node.version_no == 0:
        raise NotFound(where)
    return tuple(found.versions)


def members_of(store: Store, ctx: Context, where: str) -> list[str]:
    """Return the names of the members of a collection, in the order of the listing."""
    with tree.listing(store, ctx, path(where), with_members=True, with_properties=False, with_locks=False) as found:
        return [row[4] or "" for batch in found.batches for row in batch]


def tree_of(store: Store, ctx: Context, where: str = "") -> dict[str, bytes | None]:
    """Return all paths below a collection with their content, None for collections."""
    found: dict[str, bytes | None] = {}
    for name in members_of(store, ctx, where):
        member = f"{where}/{name}"
        if node_at(store, ctx, member).is_collection:
            found[member] = None
            found.update(tree_of(store, ctx, member))
        else:
            found[member] = content_of(store, ctx, member)
    return found


def locks_at(store: Store, ctx: Context, where: str) -> list[Lock]:
    """Return the live locks that affect what is at a path."""
    with tree.listing(store, ctx, path(where), with_members=False, with_properties=False, with_locks=True) as found:
        return [lock for lock, _ in found.standing]


def forget_documents(store: Store) -> None:
    """Take away all documents with their history, as erasing will: their content is nobody's from now on."""
    with store.database.write() as tx:
        for table in (save, version, placement, change):
            tx.run(Statement(delete(table)))
        tx.run(Statement(delete(node).where(node.c.id != ROOT_ID)))
        tx.run(Statement(update(store_table).values(last_change=0)))
        tx.commit()


def findings(store: Store, *, read_data: bool = True) -> list[Finding]:
    """Return all that the checker has to say about a store, notes included."""
    return list(verify(store.database, store.blobs, read_data=read_data))


def damages(store: Store) -> list[Finding]:
    """Return the damage that the checker finds, all content read back."""
    return [finding for finding in findings(store) if finding.is_damage]
