"""Giving documents content: receiving bytes, and the one way in which a version comes to be."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

from davgate.core.access import require_parent
from davgate.core.recording import record
from davgate.core.store import Context, Store
from davgate.model.errors import BodyIncomplete, Busy, QuotaExceeded, TooLarge
from davgate.model.instant import Instant
from davgate.model.media_types import choose
from davgate.model.node import Cause, Content, Node, NodeKind
from davgate.model.permissions import Right
from davgate.storage.api import Change, NewVersion, Resolved, Session, Staged, Transaction, catalog, versions

_BLOCK_BYTES = 256 * 1024


class Body(Protocol):
    """Bytes on their way in. Raises ``BodyIncomplete`` when they end before they should."""

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes, none at the end."""


@dataclass(frozen=True, slots=True)
class Written:
    """The outcome of a write: the node as it now is, and whether its name is new."""

    node: Node
    is_created: bool


def check_room(store: Store, session: Session, announced_bytes: int | None) -> None:
    """Refuse a body that is announced to be too large, before it is sent.

    Raises:
        TooLarge: it is above the limit of a document.
        QuotaExceeded: the store has no room for it.
    """
    policy = store.policy
    if not announced_bytes:
        return
    if announced_bytes > policy.upload_limit_bytes:
        raise _too_large(policy.upload_limit_bytes)
    if 0 < policy.quota_bytes < catalog.stored_bytes(session) + announced_bytes:
        raise QuotaExceeded()


def _too_large(limit_bytes: int) -> TooLarge:
    return TooLarge(f"A document has at most {limit_bytes} bytes here. Send a smaller one.")


def receive(store: Store, body: Body, *, announced_bytes: int | None = None) -> Staged:
    """Take in a whole body; it is nobody's content yet, but durable or small enough for a row on return.

    Raises:
        BodyIncomplete: it ended early, or is not as long as announced.
        TooLarge: it is above the limit.
        QuotaExceeded: the disk is full.
    """
    limit = store.policy.upload_limit_bytes
    with store.blobs.stage() as staging:
        while block := body.read(_BLOCK_BYTES):
            staging.write(memoryview(block))
            if staging.length_bytes > limit:
                raise _too_large(limit)
        if announced_bytes is not None and staging.length_bytes != announced_bytes:
            raise BodyIncomplete(
                f"{staging.length_bytes} bytes arrived where {announced_bytes} were announced. Nothing was stored; send it again."
            )
        return staging.finish()


def add_staged(store: Store, tx: Transaction, staged: Staged) -> None:
    """Give staged content its row.

    Raises:
        QuotaExceeded: the store's quota would be exceeded.
        Busy: the collector swept the content between staging and now; sending it again helps.
    """
    before = tx.stored_bytes
    versions.add_blob(tx, staged)
    # What takes no room is allowed above a quota that was lowered, too: ending a lock may come to this.
    takes_room = tx.stored_bytes > before
    if takes_room and 0 < store.policy.quota_bytes < tx.stored_bytes:
        raise QuotaExceeded()
    if staged.body is None and not store.blobs.exists(staged.digest):
        raise Busy()


def add_document(
    store: Store, tx: Transaction, ctx: Context, parent: Node, name: str, content: Content | None, *, origin: str = ""
) -> Node:
    """Store a new document, pending without content, with its first version otherwise."""
    node = Node(
        tx.take_ids(),
        store.new_uuid(),
        NodeKind.DOCUMENT,
        parent.id,
        name,
        tx.now,
        tx.now,
        0 if content is None else 1,
        content,
    )
    catalog.add(tx, [node], ctx.principal.id)
    catalog.touch(tx, parent.id, tx.now)
    if content is not None:
        first = NewVersion(node.id, 1, Cause.CREATED, tx.now, ctx.principal.id, name, content, origin)
        versions.add(tx, [first])
    return node


def add_version(tx: Transaction, ctx: Context, node: Node, content: Content, cause: Cause, *, origin: str = "") -> Node:
    """Store the next version of a document, sealed, and make it current; identical bytes change nothing.

    Returns the document as it now is.
    """
    if node.content is not None and node.content.digest == content.digest:
        return node
    return _add_version(tx, ctx, node, content, cause, _later(tx.now, node), origin)


def _add_version(
    tx: Transaction, ctx: Context, node: Node, content: Content, cause: Cause, at: Instant, origin: str = ""
) -> Node:
    no = node.version_no + 1
    cause = Cause.CREATED if no == 1 else cause
    versions.add(tx, [NewVersion(node.id, no, cause, at, ctx.principal.id, node.name or "", content, origin)])
    catalog.set_content(tx, node.id, no, content, at)
    return replace(node, modified_at=at, version_no=no, content=content)


def write_content(
    store: Store,
    tx: Transaction,
    ctx: Context,
    found: Resolved,
    content: Content | None,
    cause: Cause,
    *,
    origin: str = "",
) -> Written:
    """Put content, whose blob has its row, where a path leads: as the next version of the document there, or as a new document.

    Without content a new document is pending, and one that is there stays as it is.
    """
    path, node = found.path, found.node
    if node is None:
        parent = require_parent(found, ctx, Right.BIND)
        node = add_document(store, tx, ctx, parent, path[-1], content, origin=origin)
        record(tx, ctx, "create", path, node.id, change_of("create", node))
        return Written(node, is_created=True)
    after = node if content is None else add_version(tx, ctx, node, content, cause, origin=origin)
    if after is not node:
        record(tx, ctx, cause.value, path, node.id, change_of("content", after), version=after.version_no)
    return Written(after, is_created=False)


def settle(store: Store, tx: Transaction, ctx: Context, node: Node) -> Node:
    """Turn a pending document into a real, empty one: its first version has no bytes, and is as old as the document.

    Nobody wrote anything, so the date that clients see stays: an editor would take a later one for somebody else's change.
    """
    return _add_version(tx, ctx, node, add_empty(store, tx, node.name or ""), Cause.CREATED, node.modified_at)


def add_empty(store: Store, tx: Transaction, name: str) -> Content:
    """Give the content of no bytes its row, and return it for a document of this name."""
    with store.blobs.stage() as staging:
        empty = staging.finish()
    add_staged(store, tx, empty)
    return media_of(empty, None, name)


def change_of(action: str, node: Node) -> Change:
    """Return the change row of something that happened to a node where it is."""
    return Change(action, node.id, node.parent_id, node.name, node.version_no)


def media_of(staged: Staged, declared: str | None, name: str) -> Content:
    """Return staged bytes as content, with the media type that was declared or that the name suggests."""
    return Content(staged.digest, staged.length_bytes, choose(declared, name))


def _later(now: Instant, node: Node) -> Instant:
    """Versions of a document never share an instant: a clock that stands still or leaps back must not mix up their order."""
    return Instant(max(now, node.modified_at + 1))
