"""The trash: what was deleted, from where, by whom and when, and bringing it back with identity and history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from davgate.core.access import check_account, check_conditions, check_read_conditions, look_up
from davgate.core.content import Written
from davgate.core.copying import copy_tree, write_copy
from davgate.core.destinations import clear_place, may_take_place
from davgate.core.editing import promote
from davgate.core.opening import Opened, body_at_hand
from davgate.core.path_lengths import check_reach
from davgate.core.recording import change_of, record
from davgate.core.rights import require_removable_below, rights_of, rights_on, without_closed
from davgate.core.second_names import settle_alias
from davgate.core.store import Context, Store
from davgate.model.conditions import ResourceState
from davgate.model.errors import NotFound, ParentMissing
from davgate.model.metadata import Metadata
from davgate.model.node import Content, Node
from davgate.model.paths import TreePath, from_text, to_text
from davgate.model.permissions import require
from davgate.model.rights import Right
from davgate.storage.api import MemberRow, Session, TrashEntry, catalog, dances, descriptions, members
from davgate.storage.api import trash as rows

_TRASH = ".trash"


def entries(store: Store, ctx: Context) -> list[TrashEntry]:
    """Return what was deleted of what the caller may read, the oldest deletion first. Three statements."""
    with store.database.read(snapshot=True) as session:
        check_account(session, ctx, store.clock.now())
        found = rows.entries(session)
        held = rights_of(session, ctx, (entry.node.id for entry in found))
        return [entry for entry in found if Right.READ in held[entry.node.id]]


def removable(store: Store, ctx: Context, node_ids: Iterable[int]) -> frozenset[int]:
    """Return which of some entries the caller may bring back."""
    with store.database.read() as session:
        held = rights_of(session, ctx, node_ids)
    return frozenset(node_id for node_id, rights in held.items() if Right.UNBIND in rights)


def metadata_of(store: Store, node_ids: Iterable[int]) -> Mapping[int, Metadata]:
    """Return by id the typed metadata of what is in the trash, of those that have some."""
    with store.database.read() as session:
        return descriptions.metadata_of_nodes(session, node_ids)


def find(session: Session, ctx: Context, node_id: int, needed: Right = Right.READ) -> TrashEntry:
    """Return one entry.

    Raises:
        NotFound: it is not in the trash, or the caller may not read it.
        Forbidden: the caller lacks a right that is needed where it was.
    """
    return _required(session, ctx, node_id, needed, rows.find(session, node_id))


def find_around(session: Session, ctx: Context, node_id: int, needed: Right = Right.READ) -> TrashEntry:
    """Return the entry that something is, or in which it lies; the rights that count are those on the thing itself.

    Raises:
        NotFound: it is not in the trash, or the caller may not read it.
        Forbidden: the caller lacks a right that is needed where it was.
    """
    return _required(session, ctx, node_id, needed, rows.find_around(session, node_id))


def _required(session: Session, ctx: Context, node_id: int, needed: Right, entry: TrashEntry | None) -> TrashEntry:
    if entry is None:
        raise NotFound((_TRASH, str(node_id)))
    require(needed, rights_on(session, ctx, node_id), (_TRASH, str(node_id)))
    return entry


def _find_on_drive(session: Session, ctx: Context, node_id: int) -> TrashEntry:
    """Return one entry that had a name on the drive.

    Raises:
        NotFound: see ``find``; or it never had content, and the drive does not know it.
    """
    entry = find(session, ctx, node_id)
    if not entry.name:
        raise NotFound((_TRASH, str(node_id)))
    return entry


def show(store: Store, ctx: Context, node_id: int, below: TreePath) -> tuple[TrashEntry, Node, Sequence[MemberRow]]:
    """Return an entry, what is at a path below it, and the members of that.

    Raises:
        NotFound.
    """
    with store.database.read(snapshot=True) as session:
        check_account(session, ctx, store.clock.now())
        entry = _find_on_drive(session, ctx, node_id)
        node = _below(session, ctx, entry.node, below)
        held = members.of_collection(session, node.id, at_once=1 << 62)[0] if node.is_collection else ()
        return entry, node, without_closed(session, ctx, node, held)


def _below(session: Session, ctx: Context, top: Node, below: TreePath) -> Node:
    node = top
    for name in below:
        member = catalog.member(session, node.id, name) if node.is_collection else None
        is_hidden = member is not None and member.is_closed and Right.READ not in rights_on(session, ctx, member.id)
        if member is None or is_hidden:
            raise NotFound((_TRASH, str(top.id), *below))
        node = member
    return node


def open_content(store: Store, ctx: Context, node_id: int, below: TreePath) -> Opened | None:
    """Return the content of a deleted document, None for a collection; conditions are held against it.

    Raises:
        NotFound, PreconditionFailed.
    """
    with store.database.read(snapshot=True) as session:
        check_account(session, ctx, store.clock.now())
        node = _below(session, ctx, _find_on_drive(session, ctx, node_id).node, below)
        if node.etag is None:
            return None
        content = node.content or Content(b"", 0, node.media_type)
        body = body_at_hand(session, content)
    is_modified = check_read_conditions(ctx, _state_of(node))
    return Opened(store, node.etag, content, node.modified_at, body, is_modified)


def _state_of(node: Node) -> ResourceState:
    return ResourceState(True, node.etag, node.modified_at)


def restore(store: Store, ctx: Context, node_id: int, destination: TreePath | None = None, *, overwrite: bool = False) -> Written:
    """Bring a deleted document or collection back, with identity and history; durable on return.

    Without a destination it goes where it was, under its former name. It takes the same rights as a move from there. What had no
    name there, because it has no content, comes back by ``core.deleted.restore`` alone.

    Raises:
        NotFound: it is not in the trash.
        ParentMissing: the collection where it was is not in the tree any more, or there is none at the destination.
        InvalidName, NameTooLong, ReservedName, Forbidden, Locked.
        PreconditionFailed: a condition does not hold, or the place is taken and ``overwrite`` is false.
    """
    with store.database.write() as tx:
        entry = find(tx, ctx, node_id, Right.READ | Right.UNBIND)
        require_removable_below(tx, ctx, entry.node, from_text(entry.path))
        if not entry.name:
            raise NotFound((_TRASH, str(node_id)))
        if destination is None:
            former = catalog.path_of(tx, entry.parent_id)
            if former is None:
                raise ParentMissing(from_text(entry.path))
            destination = (*former, entry.name)
        there = look_up(tx, ctx, destination, tx.now)
        check_conditions(tx, ctx, there, tx.now, target=_state_of(entry.node))
        parent = may_take_place(tx, ctx, there, overwrite=overwrite)
        check_reach(store, tx, entry.node, from_text(entry.path), destination)
        clear_place(store, tx, ctx, there, successor=entry.node)
        catalog.place_again(tx, node_id, parent.id, destination[-1], ctx.principal.id)
        catalog.touch(tx, parent.id)
        dances.forget_by(tx, node_id)
        node = replace(entry.node, parent_id=parent.id, name=destination[-1])
        settle_alias(tx, node)
        record(tx, ctx, "restore", destination, node_id, change_of("move-in", node), deleted_from=entry.path)
        node = promote(store, tx, ctx, node, from_text(entry.path), destination)
        if node.is_unversioned:
            # Somebody wants it back: its time begins anew, or the next sweep would take it away again.
            catalog.touch(tx, node.id)
        tx.commit()
    return Written(node, is_created=there.node is None)


def copy_out(
    store: Store,
    ctx: Context,
    node_id: int,
    below: TreePath,
    destination: TreePath,
    *,
    overwrite: bool,
    with_members: bool = True,
) -> Written:
    """Make a new document or collection of a deleted one, or give a document its content; durable on return.

    Raises:
        NotFound, ParentMissing, InvalidName, NameTooLong, ReservedName, Forbidden, Locked, QuotaExceeded, PreconditionFailed.
    """
    with store.database.write() as tx:
        entry = _find_on_drive(tx, ctx, node_id)
        node = _below(tx, ctx, entry.node, below)
        there = look_up(tx, ctx, destination, tx.now)
        check_conditions(tx, ctx, there, tx.now, target=_state_of(node))
        note = f"{to_text((*from_text(entry.path), *below))}, version {node.version_no}, out of the trash"
        if node.content is not None and there.node is not None and not there.node.is_collection:
            written = write_copy(store, tx, ctx, there, node.content, f"copy of {note}", overwrite=overwrite)
        else:
            parent = may_take_place(tx, ctx, there, overwrite=overwrite)
            clear_place(store, tx, ctx, there)
            copied = copy_tree(store, tx, ctx, node, parent, destination, with_members=with_members, note=", out of the trash")
            record(tx, ctx, "copy", (_TRASH, entry.name), node.id, change_of("create", copied), to=to_text(destination))
            written = Written(copied, is_created=there.node is None)
        tx.commit()
    return written
