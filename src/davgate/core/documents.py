"""Documents: reading and replacing their content, changing their dead properties."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

from davgate.core.access import (
    check_conditions,
    check_write_locks,
    check_write_or_member_locks,
    look_up,
    require_node,
    require_writable,
)
from davgate.core.content import (
    Body,
    Written,
    add_staged,
    change_of,
    check_room,
    media_of,
    receive,
    write_content,
)
from davgate.core.recording import record
from davgate.core.store import Context, Store
from davgate.model.conditions import Verdict
from davgate.model.errors import NotADocument, ProtectedProperty
from davgate.model.instant import Instant
from davgate.model.node import Cause, Content, Node
from davgate.model.paths import TreePath
from davgate.model.permissions import Right
from davgate.model.properties import PropertyName, PropertyUpdate
from davgate.storage.api import Resolved, Session, properties


@dataclass(frozen=True, slots=True)
class Opened:
    """Content ready to be read. ``body`` holds it when it lies in the database or is empty; otherwise ``open`` gives a file."""

    store: Store
    etag: str
    content: Content
    modified_at: Instant
    body: bytes | None
    is_modified: bool = True

    def open(self) -> BinaryIO:
        """Open the content for reading.

        Raises:
            Corrupt: it is missing.
        """
        return self.store.blobs.open(self.content.digest)


def open_content(store: Store, ctx: Context, path: TreePath) -> Node | Opened:
    """Return a document's current content, or the node when it is a collection. One statement.

    The content stays readable and the same, whatever is written meanwhile. ``is_modified`` is false when the request's
    conditions say that the client has it already.

    Raises:
        NotFound, PreconditionFailed.
    """
    now = store.clock.now()
    with store.database.read() as session:
        found = look_up(session, ctx, path, now, with_body=True)
        node = require_node(found, ctx, Right.READ)
        verdict = check_conditions(session, ctx, found, now, reading=True)
    etag = node.etag
    if etag is None:
        return node
    content = node.content or Content(b"", 0, node.media_type)
    body = b"" if content.length_bytes == 0 else found.body
    return Opened(store, etag, content, node.modified_at, body, verdict is not Verdict.NOT_MODIFIED)


def put(
    store: Store,
    ctx: Context,
    path: TreePath,
    body: Body,
    *,
    media_type: str | None = None,
    announced_bytes: int | None = None,
) -> Written:
    """Make the bytes of ``body`` the content of the document at a path, which is made when it is not there.

    Durable on return. Identical bytes make no version; none on a new name make a pending document.

    Raises:
        ParentMissing, NotADocument, InvalidName, NameTooLong, ReservedName: there can be no document at this path.
        Forbidden, Locked, PreconditionFailed: not for this request now.
        BodyIncomplete, TooLarge, QuotaExceeded: the bytes cannot be taken.

    Source: RFC 4918, 9.7.
    """
    with store.database.read() as session:
        _may_put(session, ctx, path, store.clock.now())
        check_room(store, session, announced_bytes)
    staged = receive(store, body, announced_bytes=announced_bytes)
    with store.database.write() as tx:
        found = _may_put(tx, ctx, path, tx.now)
        is_empty_start = staged.length_bytes == 0 and (found.node is None or found.node.is_pending)
        content = None if is_empty_start else media_of(staged, media_type, path[-1])
        if content is not None:
            add_staged(store, tx, staged)
        written = write_content(store, tx, ctx, found, content, Cause.SAVE)
        tx.commit()
    return written


def _may_put(session: Session, ctx: Context, path: TreePath, now: Instant) -> Resolved:
    found = look_up(session, ctx, path, now)
    if not path:
        raise NotADocument(path)
    require_writable(found, ctx)
    check_conditions(session, ctx, found, now)
    check_write_or_member_locks(ctx, found)
    return found


def patch_properties(
    store: Store,
    ctx: Context,
    path: TreePath,
    updates: Sequence[PropertyUpdate],
    *,
    protected: frozenset[PropertyName] = frozenset(),
) -> Node:
    """Set and remove dead properties, all or none; durable on return. No version comes of it.

    Raises:
        ProtectedProperty: one of them is among ``protected``, which the server alone sets.
        NotFound, Forbidden, Locked, PreconditionFailed.

    Source: RFC 4918, 9.2.
    """
    with store.database.write() as tx:
        found = look_up(tx, ctx, path, tx.now)
        node = require_node(found, ctx, Right.WRITE_PROPERTIES)
        check_conditions(tx, ctx, found, tx.now)
        check_write_locks(ctx, found)
        if refused := protected.intersection(update.name for update in updates):
            raise ProtectedProperty(refused)
        properties.apply(tx, node.id, updates)
        record(tx, ctx, "properties", path, node.id, change_of("properties", node))
        tx.commit()
    return node
