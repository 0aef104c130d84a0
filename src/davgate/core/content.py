"""Giving documents content: receiving bytes, and the one way in which a version or working copy comes to be."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

from davgate.core.store import Context, Store
from davgate.model.checkout import Act, CheckOut, Ruling, rule
from davgate.model.editing import PLACEHOLDER, continues, is_placeholder
from davgate.model.errors import BodyIncomplete, Busy, QuotaExceeded, TooLarge
from davgate.model.instant import after
from davgate.model.locks import Lock
from davgate.model.media_types import choose
from davgate.model.node import Cause, Content, Node, NodeKind
from davgate.storage.api import Change, NewVersion, Session, Staged, Transaction, catalog, check_outs, versions

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
    added = tx.stored_bytes - before
    quota = store.policy.quota_bytes
    # The sum with scratch files is at hand; without them it has to be asked for.
    if added and 0 < quota < tx.stored_bytes and quota < catalog.stored_bytes(tx) + added:
        raise QuotaExceeded()
    if staged.body is None and not store.blobs.exists(staged.digest):
        raise Busy()


def add_document(
    store: Store,
    tx: Transaction,
    ctx: Context,
    parent: Node,
    name: str,
    content: Content | None,
    *,
    origin: str = "",
    session: Lock | None = None,
    is_scratch: bool = False,
) -> Node:
    """Store a new document: pending without content, as a scratch file without versions, or with its first version."""
    no = 0 if content is None or is_scratch else 1
    by = ctx.principal.id
    node = Node(tx.take_ids(), store.new_uuid(), NodeKind.DOCUMENT, parent.id, name, tx.at, tx.at, no, content, by)
    catalog.add(tx, [node])
    catalog.touch(tx, parent.id)
    if content is not None and not is_scratch:
        versions.add(tx, [_new_version(store, tx, ctx, node, 1, content, Cause.CREATED, origin, session)])
    return node


def give(
    store: Store,
    tx: Transaction,
    ctx: Context,
    node: Node,
    content: Content,
    cause: Cause,
    *,
    origin: str = "",
    session: Lock | None = None,
    check_out: CheckOut | None = None,
    is_scratch: bool = False,
) -> Node:
    """Make content a document's, and return the document as it now is for this principal.

    It becomes the working copy of whoever has the document checked out, the content of a scratch file, the newest bytes of the
    version that the edit session under ``session`` has open, or the next version, which seals an open one. Identical bytes change
    nothing.
    """
    if rule(check_out, ctx.principal, Act.WRITE) is Ruling.INTO_WORKING_COPY and check_out is not None:
        return _save_working_copy(tx, node, check_out, content)
    if node.content is not None and node.content.digest == content.digest:
        return node
    if node.version_no == 0 and is_scratch:
        return _set_content(tx, node, 0, content)
    current = versions.find(tx, node.id, node.version_no) if node.version_no else None
    if current is not None:
        if current.content.digest == content.digest:
            # It was emptied a moment ago, and is filled again with what it had.
            return _set_content(tx, node, current.no, current.content)
        if continues(current, content.length_bytes, session.token if session else None, ctx.principal, tx.now):
            versions.replace_content(tx, current, content, tx.at)
            return _set_content(tx, node, current.no, content)
        if current.session is not None:
            versions.seal(tx, current)
    no = node.version_no + 1
    cause = Cause.CREATED if no == 1 else Cause.SESSION if session and cause is Cause.SAVE else cause
    versions.add(tx, [_new_version(store, tx, ctx, node, no, content, cause, origin, session)])
    return _set_content(tx, node, no, content)


def add_first_version(store: Store, tx: Transaction, ctx: Context, node: Node, content: Content) -> Node:
    """Store what a scratch file has as its first version, by which it becomes a document."""
    versions.add(tx, [_new_version(store, tx, ctx, node, 1, content, Cause.CREATED, "", None)])
    return _set_content(tx, node, 1, content)


def _set_content(tx: Transaction, node: Node, no: int, content: Content) -> Node:
    catalog.set_content(tx, node.id, no, content, tx.at)
    return replace(node, modified_at=tx.at, version_no=no, content=content)


def _save_working_copy(tx: Transaction, node: Node, taken: CheckOut, content: Content) -> Node:
    if node.content is None or node.content.digest != content.digest:
        check_outs.save(tx, taken, content)
        return replace(node, modified_at=tx.at, content=content)
    return node


def _new_version(
    store: Store,
    tx: Transaction,
    ctx: Context,
    node: Node,
    no: int,
    content: Content,
    cause: Cause,
    origin: str,
    session: Lock | None,
) -> NewVersion:
    token, sealed_at = (None, None) if session is None else (session.token, max(session.expires_at, tx.at))
    if session is None and ctx.editing and is_placeholder(content.length_bytes, no):
        token, sealed_at = PLACEHOLDER, after(tx.at, store.policy.save_window)
    return NewVersion(node.id, no, cause, tx.at, ctx.principal.id, node.name or "", content, origin, token, sealed_at)


def settle(store: Store, tx: Transaction, ctx: Context, node: Node, *, session: Lock | None = None) -> Node:
    """Turn a pending document into a real, empty one.

    Its first version is as old as the document: nobody wrote anything, and an editor would take a later date for somebody else's
    change. One that was emptied gets its next version, or in an edit session the newest bytes of the version that is open.
    """
    empty = add_empty(store, tx, node.name or "")
    if node.version_no:
        return give(store, tx, ctx, node, empty, Cause.SAVE, session=session)
    versions.add(tx, [NewVersion(node.id, 1, Cause.CREATED, node.modified_at, ctx.principal.id, node.name or "", empty)])
    catalog.set_content(tx, node.id, 1, empty, node.modified_at)
    return replace(node, version_no=1, content=empty)


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
