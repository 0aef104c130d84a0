"""Documents: reading and replacing their content, changing what is said of them by properties."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from davgate.core.access import check_conditions, check_write_locks, check_write_or_member_locks, look_up
from davgate.core.content import Written, add_metadata_version
from davgate.core.editing import write_content
from davgate.core.opening import Opened
from davgate.core.receiving import Body, add_staged, check_room, media_of, receive
from davgate.core.recording import change_of, record
from davgate.core.rescuing import check_not_cancelled, is_late, keep_late_save
from davgate.core.rights import require_node, require_visible, require_writable
from davgate.core.store import Context, Store
from davgate.model.conditions import Verdict
from davgate.model.editing import Arrival, is_transient_place
from davgate.model.errors import (
    Locked,
    NotADocument,
    ParentMissing,
    PreconditionFailed,
    ProtectedProperty,
    QuotaExceeded,
    SaveKept,
    TooLarge,
)
from davgate.model.errors_of_versions import NotVersioned
from davgate.model.instant import Instant
from davgate.model.metadata import Metadata, changed
from davgate.model.node import Cause, Content, Node
from davgate.model.paths import TreePath, Where
from davgate.model.properties import PropertyName, PropertyUpdate
from davgate.model.rights import Right
from davgate.storage.api import Description, Resolved, Session, Transaction, catalog, descriptions, properties

logger = logging.getLogger(__name__)

_RESCUED = (Locked, NotADocument, ParentMissing, PreconditionFailed)
"""Refusals of what may come too late: somebody else wrote here, moved or deleted the folder, or put one in the place."""


def open_content(store: Store, ctx: Context, where: Where) -> Node | Opened:
    """Return a document's current content, or the node when it is a collection. One statement.

    The content stays readable and the same, whatever is written meanwhile. ``is_modified`` is false when the request's
    conditions say that the client has it already.

    Raises:
        NotFound, PreconditionFailed.
    """
    now = store.clock.now()
    with store.database.read() as session:
        found = look_up(session, ctx, where, now, with_body=True)
        node = require_visible(session, found, ctx)
        verdict = check_conditions(session, ctx, found, now, reading=True)
    etag = node.etag
    if etag is None:
        return node
    owes_note = found.is_young_of_others and not note_reader(store, node)
    content = node.content or Content(b"", 0, node.media_type)
    body = b"" if content.length_bytes == 0 else found.body
    return Opened(store, etag, content, node.modified_at, body, verdict is not Verdict.NOT_MODIFIED, owes_note)


def note_reader(store: Store, node: Node) -> bool:
    """Note that somebody else has read a young file: it is then no scratch file of its maker's program any more.

    Tells whether it is noted.

    No read fails for it: a store that cannot be written, as with a full disk, can still be read.
    """
    try:
        with store.database.write(durable=False) as tx:
            catalog.mark_seen(tx, node.id)
            tx.commit()
    except store.failures as error:
        logger.warning("That the document %s was read is not noted: %s", node.uuid, error)
        return False
    return True


def put(
    store: Store,
    ctx: Context,
    path: TreePath,
    body: Body,
    *,
    media_type: str | None = None,
    announced_bytes: int | None = None,
    is_at_hand: bool = False,
    with_properties: Sequence[PropertyUpdate] = (),
) -> Written:
    """Make the bytes of ``body`` the content of the document at a path, which is made when it is not there.

    Whether that may be is looked at before the body is taken in, unless it is at hand: then the look that counts is the only one.

    ``with_properties`` are dead properties that came with the bytes, set in the same commit.

    Durable on return. Identical bytes make no version; none on a new name make a pending document.

    Raises:
        ParentMissing, NotADocument, InvalidName, NameTooLong, ReservedName: there can be no document at this path.
        Forbidden, Locked, PreconditionFailed: not for this request now.
        BodyIncomplete, TooLarge, QuotaExceeded: the bytes cannot be taken.

    Source: RFC 4918, 9.7.
    """
    if not is_at_hand:
        _refuse_early(store, ctx, path, announced_bytes)
    staged = receive(store, body, announced_bytes=announced_bytes)
    with store.database.write() as tx:
        found = look_up(tx, ctx, path, tx.now)
        try:
            _check_put(tx, ctx, found, tx.now)
        except _RESCUED:
            if not staged.length_bytes or not is_late(tx, ctx, found, tx.now):
                raise
            add_staged(store, tx, staged)
            kept = keep_late_save(store, tx, ctx, found, media_of(staged, media_type, path[-1]))
            tx.commit()
            raise SaveKept(kept) from None
        _check_scratch_room(store, ctx, path, staged.length_bytes)
        content = None if staged.length_bytes == 0 and ctx.editing else media_of(staged, media_type, path[-1])
        if content is not None:
            add_staged(store, tx, staged)
        arrival = Arrival.EMPTY if content is None else Arrival.CONTENT
        written = write_content(store, tx, ctx, found, content, Cause.SAVE, arrival=arrival)
        properties.apply(tx, written.node.id, with_properties)
        tx.commit()
    return written


def _refuse_early(store: Store, ctx: Context, path: TreePath, announced_bytes: int | None) -> None:
    now = store.clock.now()
    with store.database.read() as session:
        found = look_up(session, ctx, path, now)
        try:
            _check_put(session, ctx, found, now)
        except _RESCUED:
            if not is_late(session, ctx, found, now):
                raise
        check_room(store, session, announced_bytes)
    _check_scratch_room(store, ctx, path, announced_bytes or 0)


def _check_put(session: Session, ctx: Context, found: Resolved, now: Instant) -> None:
    if not found.path:
        raise NotADocument(found.path)
    require_writable(found, ctx)
    check_conditions(session, ctx, found, now)
    check_write_or_member_locks(ctx, found)
    check_not_cancelled(ctx, found)


def _check_scratch_room(store: Store, ctx: Context, path: TreePath, length_bytes: int) -> None:
    limit = store.policy.scratch_limit_bytes
    if ctx.editing and length_bytes > limit and is_transient_place(path):
        raise TooLarge(f"A temporary file has at most {limit} bytes here. Save under the document's own name.")


def patch_properties(
    store: Store,
    ctx: Context,
    path: TreePath,
    updates: Sequence[PropertyUpdate],
    *,
    protected: frozenset[PropertyName] = frozenset(),
    decide: Callable[[Description], Metadata] | None = None,
) -> Node:
    """Set and remove dead properties and typed metadata, all or none; durable on return.

    ``decide`` tells what is to change of the typed metadata, by what is said of the node then; None takes a value away. Of that
    a version comes, of dead properties none.

    Raises:
        ProtectedProperty: one of them is among ``protected``, which the server alone sets.
        NotVersioned: the typed metadata of a document are to change that has no version yet, or will have none.
        QuotaExceeded: the dead properties of the node would be larger than they may.
        NotFound, Forbidden, Locked, PreconditionFailed, Retained, and what ``decide`` raises.

    Source: RFC 4918, 9.2.
    """
    with store.database.write() as tx:
        found = look_up(tx, ctx, path, tx.now)
        node = require_node(found, ctx, Right.WRITE_PROPERTIES)
        check_conditions(tx, ctx, found, tx.now)
        check_write_locks(ctx, found)
        if refused := protected.intersection(update.name for update in updates):
            raise ProtectedProperty(refused)
        if decide is not None:
            node = _change_metadata(tx, ctx, node, path, decide)
        if updates:
            properties.apply(tx, node.id, updates)
            _check_properties_room(store, tx, node, updates)
            record(tx, ctx, "properties", path, node.id, change_of("properties", node))
        tx.commit()
    return node


def _check_properties_room(store: Store, tx: Transaction, node: Node, updates: Sequence[PropertyUpdate]) -> None:
    limit = store.policy.property_bytes
    kept = properties.of_node(tx, node.id).get(node.id, {})
    # What only removes is allowed above a limit that was lowered, too.
    if any(update.xml is not None for update in updates) and sum(len(xml.encode()) for xml in kept.values()) > limit:
        raise QuotaExceeded(f"A document or folder has at most {limit} bytes of properties here. Remove some, or make it a file.")


def _change_metadata(
    tx: Transaction, ctx: Context, node: Node, path: TreePath, decide: Callable[[Description], Metadata]
) -> Node:
    said = descriptions.of_nodes(tx, [node.id])[node.id]
    changes = decide(said)
    if changes and not node.is_collection and node.version_no == 0:
        # It would say so in a version, and has none before its content comes.
        raise NotVersioned(path)
    metadata = changed(said.metadata, changes)
    if metadata == said.metadata:
        return node
    node = add_metadata_version(tx, ctx, node, metadata)
    record(tx, ctx, Cause.METADATA.value, path, node.id, change_of("metadata", node), version=node.version_no)
    return node
