"""The tree: looking into it, making collections, copying, moving and deleting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from davgate.core.access import (
    LockAt,
    check_conditions,
    check_member_locks,
    check_removal_locks,
    check_write_or_member_locks,
    locks_on,
    look_up,
    require_node,
    require_parent,
    require_writable,
)
from davgate.core.content import Written, add_empty, change_of, write_content
from davgate.core.recording import record
from davgate.core.store import Context, Store
from davgate.model.editing import is_scratch
from davgate.model.errors import AlreadyExists, PreconditionFailed, SameResource
from davgate.model.instant import Instant
from davgate.model.locks import Lock
from davgate.model.names import check_new_name, collision_key
from davgate.model.node import ROOT_ID, Cause, Node, NodeKind
from davgate.model.paths import TreePath, is_inside, to_text
from davgate.model.permissions import Right
from davgate.storage.api import (
    MemberRow,
    NewVersion,
    NodeProperties,
    Resolved,
    Transaction,
    catalog,
    from_node,
    locks,
    properties,
    to_node,
    versions,
)

_AT_ONCE = 2000
"""Members up to this number are read as a whole; beyond it a listing streams, and begins to arrive at once."""


@dataclass(frozen=True, slots=True)
class Quota:
    """Bytes stored, and bytes that may still be; None when there is no quota (RFC 4331, 3 and 4)."""

    used_bytes: int
    available_bytes: int | None


@dataclass(frozen=True, slots=True)
class Listing:
    """A resource and, when asked for, its members, as rows; see ``storage.rows.MemberRow``.

    ``batches`` yields the members in the order of their names, the first batch is read already; ``is_complete`` tells that
    there is no other. ``standing`` are the locks that affect the resource; those of infinite depth affect the members too.
    """

    node: Node
    now: Instant
    standing: tuple[LockAt, ...]
    properties: NodeProperties
    member_locks: Mapping[int, tuple[Lock, ...]]
    batches: Iterator[Sequence[MemberRow]]
    is_complete: bool
    quota: Quota | None = None

    @property
    def row(self) -> MemberRow:
        """The resource as a row of the same shape as its members."""
        return from_node(self.node)


@contextmanager
def listing(
    store: Store,
    ctx: Context,
    path: TreePath,
    *,
    with_members: bool,
    with_properties: bool,
    with_locks: bool,
    with_quota: bool = False,
) -> Iterator[Listing]:
    """Give a resource and its members as they are at one moment: at most four statements, however many members.

    Raises:
        NotFound, PreconditionFailed.
    """
    now = store.clock.now()
    with store.database.read(snapshot=with_members or with_properties) as session:
        found = look_up(session, ctx, path, now, with_stored_bytes=with_quota)
        node = require_node(found, ctx, Right.READ)
        check_conditions(session, ctx, found, now, reading=True)
        known: NodeProperties = {}
        member_locks: Mapping[int, tuple[Lock, ...]] = {}
        first: Sequence[MemberRow] = ()
        rest: Iterator[Sequence[MemberRow]] = iter(())
        is_complete = True
        has_members = with_members and node.is_collection
        if with_properties:
            known = properties.of_listing(session, node.id) if has_members else properties.of_node(session, node.id)
        if has_members:
            if with_locks:
                member_locks = locks.of_members(session, node.id, now)
            first, rest, is_complete = catalog.members(session, node.id, at_once=_AT_ONCE)
        room = None if found.stored_bytes is None else _quota_of(store, found.stored_bytes)
        yield Listing(node, now, locks_on(found), known, member_locks, _chain(first, rest), is_complete, room)


def _chain(first: Sequence[MemberRow], rest: Iterator[Sequence[MemberRow]]) -> Iterator[Sequence[MemberRow]]:
    yield first
    yield from rest


def make_collection(store: Store, ctx: Context, path: TreePath) -> Node:
    """Make an empty collection; durable on return.

    Raises:
        AlreadyExists, ParentMissing, InvalidName, NameTooLong, ReservedName, Forbidden, Locked, PreconditionFailed.

    Source: RFC 4918, 9.3.
    """
    with store.database.write() as tx:
        found = look_up(tx, ctx, path, tx.now)
        if not path or found.node is not None:
            require_node(found, ctx, Right.READ)
            raise AlreadyExists(path)
        parent = require_parent(found, ctx, Right.BIND)
        check_new_name(path[:-1], path[-1])
        check_conditions(tx, ctx, found, tx.now)
        check_member_locks(ctx, found)
        node = _new_collection(store, tx, parent.id, path[-1])
        catalog.add(tx, [node], ctx.principal.id)
        catalog.touch(tx, parent.id, tx.now)
        record(tx, ctx, "create", path, node.id, change_of("create", node))
        tx.commit()
    return node


def _new_collection(store: Store, tx: Transaction, parent_id: int, name: str) -> Node:
    return Node(tx.take_ids(), store.new_uuid(), NodeKind.COLLECTION, parent_id, name, tx.now, tx.now, 0, None)


def delete(store: Store, ctx: Context, path: TreePath) -> None:
    """Move a document or a whole collection to the trash, identity and history kept; durable on return.

    All locks at and below it end in the same commit.

    Raises:
        NotFound, Forbidden, Locked, PreconditionFailed.

    Source: RFC 4918, 9.6.
    """
    with store.database.write() as tx:
        found = look_up(tx, ctx, path, tx.now)
        node = require_node(found, ctx, Right.READ)
        if not path:
            raise SameResource("The root folder cannot be deleted. Delete what is in it.")
        require_parent(found, ctx, Right.UNBIND)
        check_conditions(tx, ctx, found, tx.now)
        _to_trash(tx, ctx, found, node)
        tx.commit()


def _to_trash(tx: Transaction, ctx: Context, found: Resolved, node: Node, *, successor: Node | None = None) -> None:
    """Take a node out of its place. Its locks end, unless ``successor`` takes the place and with it the locks there."""
    ending = check_removal_locks(tx, ctx, found, node, tx.now)
    if successor is not None:
        locks.pass_on(tx, node.id, successor.id)
        passed_on = {lock.token for lock in found.locks.get(node.id, ())}
        ending = tuple(token for token in ending if token not in passed_on)
    locks.end(tx, ending)
    catalog.move_to_trash(tx, node, found.path, tx.now, ctx.principal.id)
    if node.parent_id is not None:
        catalog.touch(tx, node.parent_id, tx.now)
    record(tx, ctx, "delete", found.path, node.id, change_of("delete", node))


def move(store: Store, ctx: Context, source: TreePath, destination: TreePath, *, overwrite: bool) -> Written:
    """Give a document or collection another place, with identity and history; durable on return.

    A file that its own principal has just written, moved onto a document, is how many programs save: the document there gets
    its content as the next version, and the file goes to the trash. Anything else replaces what was at the destination,
    which goes to the trash. Locks do not travel: those at and below the source end, one at the destination stays there.

    Raises:
        NotFound, ParentMissing, InvalidName, NameTooLong, ReservedName, Forbidden, SameResource, Locked.
        PreconditionFailed: a condition does not hold, or the destination is taken and ``overwrite`` is false.

    Source: RFC 4918, 9.9 and 7.6.
    """
    with store.database.write() as tx:
        found, there = _ends(tx, ctx, source, destination)
        node = require_node(found, ctx, Right.READ)
        _check_apart(source, destination, node)
        require_parent(found, ctx, Right.UNBIND)
        check_conditions(tx, ctx, found, tx.now)
        if _is_save(tx, ctx, node, there):
            written = _save_onto(store, tx, ctx, found, there, node, overwrite=overwrite)
        else:
            written = _relocate(tx, ctx, found, there, node, overwrite=overwrite)
        tx.commit()
    return written


def _is_save(tx: Transaction, ctx: Context, node: Node, there: Resolved) -> bool:
    """Tell whether a program saves by moving a file that it has written onto the document that it edits."""
    if there.node is None or there.node.is_collection or node.is_collection:
        return False
    return is_scratch(node, catalog.creator_id(tx, node.id), ctx.principal, tx.now)


def _save_onto(
    store: Store, tx: Transaction, ctx: Context, found: Resolved, there: Resolved, node: Node, *, overwrite: bool
) -> Written:
    """Give the document at the destination the content of a scratch file, which goes to the trash.

    One that is still locked and empty has yet to be filled: davfs2 sends what was written only after the MOVE, under the
    document's own name.
    """
    _check_overwrite(there, overwrite=overwrite)
    require_writable(there, ctx)
    check_write_or_member_locks(ctx, there)
    is_being_filled = node.is_pending and bool(found.locks.get(node.id))
    content = None if is_being_filled else node.content or add_empty(store, tx, there.path[-1])
    _to_trash(tx, ctx, found, node)
    return write_content(store, tx, ctx, there, content, Cause.SAVE, origin=f"moved from {to_text(found.path)}")


def _relocate(tx: Transaction, ctx: Context, found: Resolved, there: Resolved, node: Node, *, overwrite: bool) -> Written:
    destination = there.path
    parent = _may_replace(ctx, there, overwrite=overwrite)
    locks.end(tx, check_removal_locks(tx, ctx, found, node, tx.now))
    _vacate(tx, ctx, there, successor=node)
    catalog.move(tx, node, parent.id, destination[-1], tx.now)
    for changed_id in {node.parent_id, parent.id}:
        if changed_id is not None:
            catalog.touch(tx, changed_id, tx.now)
    moved = replace(node, parent_id=parent.id, name=destination[-1])
    changes = (change_of("move-away", node), change_of("move-in", moved))
    record(tx, ctx, "move", found.path, node.id, *changes, to=to_text(destination))
    return Written(moved, is_created=there.node is None)


def copy(
    store: Store, ctx: Context, source: TreePath, destination: TreePath, *, overwrite: bool, with_members: bool = True
) -> Written:
    """Make a new document or collection with the content and dead properties of another; durable on return.

    A document copied onto a document gives it its content: the one there keeps its identity, properties, locks and history.
    Anything else at the destination goes to the trash first.

    Raises:
        NotFound, ParentMissing, InvalidName, NameTooLong, ReservedName, Forbidden, SameResource, Locked, QuotaExceeded.
        PreconditionFailed: a condition does not hold, or the destination is taken and ``overwrite`` is false.

    Source: RFC 4918, 9.8.
    """
    with store.database.write() as tx:
        found, there = _ends(tx, ctx, source, destination)
        node = require_node(found, ctx, Right.READ)
        _check_apart(source, destination, node if with_members else None)
        check_conditions(tx, ctx, found, tx.now)
        if there.node is not None and not node.is_collection and not there.node.is_collection:
            written = _copy_onto(store, tx, ctx, found, there, node, overwrite=overwrite)
        else:
            parent = _may_replace(ctx, there, overwrite=overwrite)
            _vacate(tx, ctx, there)
            copied = _copy_tree(store, tx, ctx, node, parent, destination, with_members=with_members)
            record(tx, ctx, "copy", source, node.id, change_of("create", copied), to=to_text(destination))
            written = Written(copied, is_created=there.node is None)
        tx.commit()
    return written


def _ends(tx: Transaction, ctx: Context, source: TreePath, destination: TreePath) -> tuple[Resolved, Resolved]:
    return look_up(tx, ctx, source, tx.now), look_up(tx, ctx, destination, tx.now)


def _check_apart(source: TreePath, destination: TreePath, tree: Node | None) -> None:
    """Refuse to copy or move something onto itself, into itself, or onto what holds it (RFC 4918, 9.8.5 and 9.9.4)."""
    from_key, to_key = _keys(source), _keys(destination)
    if from_key == to_key:
        raise SameResource("Source and destination are the same. Name another destination.")
    if tree is not None and tree.is_collection and is_inside(to_key, from_key):
        raise SameResource("A folder cannot be put into itself. Name a destination outside of it.")
    if is_inside(from_key, to_key):
        raise SameResource("The destination holds the source and would be replaced by it. Name another destination.")


def _keys(path: TreePath) -> TreePath:
    return tuple(map(collision_key, path))


def _may_replace(ctx: Context, there: Resolved, *, overwrite: bool) -> Node:
    """Return the collection that takes the new member, after the checks for adding and, if the name is taken, freeing it."""
    parent = require_parent(there, ctx, Right.BIND)
    if there.node is None:
        check_new_name(there.path[:-1], there.path[-1])
        check_member_locks(ctx, there)
        return parent
    require_parent(there, ctx, Right.UNBIND)
    _check_overwrite(there, overwrite=overwrite)
    return parent


def _check_overwrite(there: Resolved, *, overwrite: bool) -> None:
    if not overwrite:
        raise PreconditionFailed(f"{to_text(there.path)} exists already. Allow overwriting it, or choose another name.")


def _vacate(tx: Transaction, ctx: Context, there: Resolved, *, successor: Node | None = None) -> None:
    if there.node is not None:
        _to_trash(tx, ctx, there, there.node, successor=successor)


# Deviates from RFC 4918, 9.8.2: dead properties are not copied onto a document. They belong to it, as its history does, and
# programs that save by COPY would drop what others keep there.
def _copy_onto(
    store: Store, tx: Transaction, ctx: Context, found: Resolved, there: Resolved, node: Node, *, overwrite: bool
) -> Written:
    _check_overwrite(there, overwrite=overwrite)
    require_writable(there, ctx)
    check_write_or_member_locks(ctx, there)
    content = node.content
    if content is None and there.node is not None and there.node.content is not None:
        # A pending document reads as empty, so its copy does.
        content = add_empty(store, tx, there.path[-1])
    return write_content(store, tx, ctx, there, content, Cause.SAVE, origin=_origin(found.path, node))


def _origin(path: TreePath, node: Node) -> str:
    return f"copy of {to_text(path)}, version {node.version_no}"


def _copy_tree(
    store: Store,
    tx: Transaction,
    ctx: Context,
    top: Node,
    parent: Node,
    destination: TreePath,
    *,
    with_members: bool,
) -> Node:
    """Store copies of a node and all below it: a few statements, no content moved."""
    originals = [top]
    if top.is_collection and with_members:
        originals = [to_node(row) for row in catalog.subtree(tx, top.id)]
        known = properties.of_subtree(tx, top.id)
    else:
        known = properties.of_node(tx, top.id)
    first_id = tx.take_ids(len(originals))
    ids = {original.id: first_id + position for position, original in enumerate(originals)}
    copies = [
        Node(
            ids[original.id],
            store.new_uuid(),
            original.kind,
            parent.id if original.id == top.id else ids[original.parent_id or ROOT_ID],
            destination[-1] if original.id == top.id else original.name,
            tx.now,
            tx.now,
            0 if original.content is None else 1,
            original.content,
        )
        for original in originals
    ]
    catalog.add(tx, copies, ctx.principal.id)
    versions.add(
        tx,
        [
            NewVersion(
                copied.id,
                1,
                Cause.CREATED,
                tx.now,
                ctx.principal.id,
                copied.name or "",
                copied.content,
                f"copy of {original.name}, version {original.version_no}",
            )
            for original, copied in zip(originals, copies, strict=True)
            if copied.content is not None
        ],
    )
    properties.add(tx, {ids[node_id]: values for node_id, values in known.items() if node_id in ids})
    catalog.touch(tx, parent.id, tx.now)
    return next(copied for copied in copies if copied.id == ids[top.id])


def quota(store: Store) -> Quota:
    """Return how much the store holds and may hold."""
    with store.database.read() as session:
        return _quota_of(store, catalog.stored_bytes(session))


def _quota_of(store: Store, used_bytes: int) -> Quota:
    limit = store.policy.quota_bytes
    return Quota(used_bytes, max(0, limit - used_bytes) if limit else None)
