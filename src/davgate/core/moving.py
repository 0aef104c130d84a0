"""Moving, copying and deleting: what gives documents and collections other places, or takes theirs away."""

from __future__ import annotations

from dataclasses import replace

from davgate.core.access import (
    check_conditions,
    check_member_locks,
    check_removal_locks,
    check_untouched,
    check_write_or_member_locks,
    locks_at,
    look_up,
)
from davgate.core.content import Said, Written, add_empty, change_of
from davgate.core.copying import copy_tree
from davgate.core.editing import (
    absorb,
    find_late_return,
    is_a_save,
    may_bring_back,
    merge_versions,
    promote,
    vacate,
    write_content,
)
from davgate.core.packages import Former, find_former, go_on
from davgate.core.path_lengths import check_reach
from davgate.core.recording import record
from davgate.core.retaining import check_removal
from davgate.core.rights import (
    require_node,
    require_parent,
    require_removable,
    require_removable_below,
    require_room,
    require_writable,
)
from davgate.core.second_names import settle_alias
from davgate.core.sessions import end_grace, end_locks
from davgate.core.store import Context, Store
from davgate.core.taking_away import take_away
from davgate.model.editing import Arrival, Vacated
from davgate.model.errors import Held, PreconditionFailed, SameResource
from davgate.model.locks import Depth
from davgate.model.names import check_new_name, check_text, collision_key
from davgate.model.node import Cause, Content, Node
from davgate.model.packages import may_be_aside
from davgate.model.paths import TreePath, Where, is_inside, to_text
from davgate.model.rights import Right
from davgate.storage.api import Resolved, Sayings, Transaction, catalog, dances, descriptions, marks, versions


def delete(
    store: Store,
    ctx: Context,
    where: Where,
    *,
    beside_own: bool = True,
    keeps_address: bool = False,
    despite_hold: bool = True,
    comment: str = "",
) -> None:
    """Move a document or a whole collection to the trash, identity and history kept; durable on return.

    All locks at and below it end in the same commit; ``comment`` is for the doors that show why it was deleted. With
    ``beside_own`` false the caller's own lock or check-out forbids it as others' do. With ``keeps_address`` it is still found at
    its address, for doors that show what was deleted. A hold keeps what is in the trash from being removed; with
    ``despite_hold`` false it keeps it out of the trash, too, for doors to which what is deleted is gone.

    Raises:
        NotFound, Forbidden, Locked, PreconditionFailed.
        Retained: it, or a document below it, is under retention.
        Held: a version of it, or of a document below it, is held, and that counts.

    Source: RFC 4918, 9.6.
    """
    check_text(comment)
    with store.database.write() as tx:
        found = look_up(tx, ctx, where, tx.now)
        delete_found(
            store, tx, ctx, found, beside_own=beside_own, keeps_address=keeps_address, despite_hold=despite_hold, comment=comment
        )
        tx.commit()


def delete_found(
    store: Store,
    tx: Transaction,
    ctx: Context,
    found: Resolved,
    *,
    beside_own: bool = True,
    keeps_address: bool = False,
    despite_hold: bool = True,
    comment: str = "",
) -> None:
    """Move what was looked up to the trash as part of a transaction; see ``delete``."""
    node = require_node(found, ctx, Right.READ)
    if not found.path:
        raise SameResource("The root folder cannot be deleted. Delete what is in it.")
    require_removable(found, ctx)
    require_removable_below(tx, ctx, node, found.path)
    check_conditions(tx, ctx, found, tx.now)
    if not beside_own:
        check_untouched(tx, found, node, tx.now)
    if not despite_hold and (held := marks.held_below(tx, node.id)) is not None:
        raise Held(catalog.path_of(tx, held) or found.path)
    if (late := find_late_return(tx, ctx, node)) is not None:
        _return_late(tx, ctx, found, node, *late)
    else:
        take_away(store, tx, ctx, found, node, keeps_address=keeps_address, comment=comment)


def _return_late(tx: Transaction, ctx: Context, found: Resolved, node: Node, left: Vacated, made: Node) -> None:
    """Let a document that is deleted under its new name go on in what its principal has made at the old one (R3)."""
    check_removal(tx, node.id)
    end_locks(tx, ctx, check_removal_locks(tx, ctx, found, node, tx.now))
    end_grace(tx, found, node)
    merged = merge_versions(tx, made, node)
    catalog.move(tx, node, left.parent_id, left.name)
    dances.forget_by(tx, node.id)
    for changed_id in {node.parent_id, left.parent_id}:
        if changed_id is not None:
            catalog.touch(tx, changed_id)
    back = replace(merged, parent_id=left.parent_id, name=left.name)
    changes = (change_of("move-away", node), change_of("move-in", back), change_of("content", back))
    record(tx, ctx, "rebind", found.path, node.id, *changes, rule="R3", merged=made.uuid)


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
        require_removable(found, ctx)
        require_removable_below(tx, ctx, node, source)
        check_conditions(tx, ctx, found, tx.now)
        if is_a_save(tx, ctx, node, there):
            written = _save_onto(store, tx, ctx, found, there, node, overwrite=overwrite)
        elif (former := find_former(tx, ctx, found, node, there)) is not None:
            written = _save_whole(store, tx, ctx, found, there, node, former, overwrite=overwrite)
        else:
            written = _relocate(store, tx, ctx, found, there, node, overwrite=overwrite)
        tx.commit()
    return written


def _save_onto(
    store: Store, tx: Transaction, ctx: Context, found: Resolved, there: Resolved, node: Node, *, overwrite: bool
) -> Written:
    """Give the document at the destination, or the one that left it a moment ago, the content of a scratch file.

    One that is still locked and empty has yet to be filled: davfs2 sends what was written only after the MOVE, under the
    document's own name.
    """
    # Before it is told that something is there: to some nothing is.
    require_writable(there, ctx)
    if there.node is not None:
        _check_overwrite(there, overwrite=overwrite)
    check_write_or_member_locks(ctx, there)
    ending = check_removal_locks(tx, ctx, found, node, tx.now)
    is_being_filled = node.is_pending and node.version_no == 0 and bool(found.locks.get(node.id))
    if is_being_filled and there.node is not None:
        written = Written(there.node, is_created=False)
    else:
        arrival = Arrival.EMPTY if node.content is None else Arrival.SCRATCH
        origin = f"moved from {to_text(found.path)}"
        written = write_content(store, tx, ctx, there, node.content, Cause.SAVE, arrival=arrival, said=Said(origin=origin))
    if not absorb(tx, ctx, found, node, written.node, ending):
        take_away(store, tx, ctx, found, node)
    return written


def _save_whole(
    store: Store,
    tx: Transaction,
    ctx: Context,
    found: Resolved,
    there: Resolved,
    node: Node,
    former: Former,
    *,
    overwrite: bool,
) -> Written:
    """Give a document that is a folder, at the destination or a moment ago, what a program has written anew (R12)."""
    may_take_place(tx, ctx, there, overwrite=overwrite)
    check_reach(store, tx, node, found.path, there.path)
    for place, leaving in ((found, node), (there, there.node)):
        if leaving is not None:
            ending = check_removal_locks(tx, ctx, place, leaving, tx.now)
            staying = {lock.token for lock in there.locks.get(leaving.id, ())}
            end_locks(tx, ctx, [token for token in ending if token not in staying])
            end_grace(tx, place, leaving)
    back = go_on(store, tx, ctx, found, there, node, former)
    return Written(back, is_created=there.node is None)


def _relocate(
    store: Store, tx: Transaction, ctx: Context, found: Resolved, there: Resolved, node: Node, *, overwrite: bool
) -> Written:
    destination = there.path
    parent = may_take_place(tx, ctx, there, overwrite=overwrite)
    check_reach(store, tx, node, found.path, destination)
    end_locks(tx, ctx, check_removal_locks(tx, ctx, found, node, tx.now))
    end_grace(tx, found, node)
    if not _deep_locks_above(found) <= _deep_locks_above(there):
        versions.seal_below(tx, node.id)
    clear_place(store, tx, ctx, there, successor=node)
    _note_leaving(store, tx, ctx, found, node, there)
    catalog.move(tx, node, parent.id, destination[-1])
    for changed_id in {node.parent_id, parent.id}:
        if changed_id is not None:
            catalog.touch(tx, changed_id)
    moved = replace(node, parent_id=parent.id, name=destination[-1])
    if parent.id != node.parent_id:
        settle_alias(tx, moved)
    changes = (change_of("move-away", node), change_of("move-in", moved))
    record(tx, ctx, "move", found.path, node.id, *changes, to=to_text(destination))
    if ctx.editing:
        moved = promote(store, tx, ctx, moved, found.path, destination)
    return Written(moved, is_created=there.node is None)


def _deep_locks_above(found: Resolved) -> set[str]:
    """Return the tokens of the locks whose edit sessions go on wherever they reach."""
    return {lock.token for lock, _ in locks_at(found, len(found.path) - 1) if lock.depth is Depth.INFINITY}


def _note_leaving(store: Store, tx: Transaction, ctx: Context, found: Resolved, node: Node, there: Resolved) -> None:
    """Remember the name that a document or folder leaves; when it goes back to one that it left, nothing has happened (R4)."""
    if node.is_collection and not (may_be_aside(there.path, found.path) or may_be_aside(found.path, there.path)):
        # No program saves by that, and most folders are moved by people.
        return
    assert there.parent is not None, "something may be put there"
    place = there.parent.id, collision_key(there.path[-1])
    is_back = any((left.parent_id, collision_key(left.name)) == place for left in dances.by(tx, node.id))
    dances.forget_by(tx, node.id) if is_back else vacate(store, tx, ctx, node)


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
        is_onto = there.node is not None and not there.node.is_collection
        if not node.is_collection and (is_onto or may_bring_back(tx, ctx, there)):
            written = _copy_onto(store, tx, ctx, found, there, node, overwrite=overwrite)
        else:
            parent = may_take_place(tx, ctx, there, overwrite=overwrite)
            clear_place(store, tx, ctx, there)
            copied = copy_tree(store, tx, ctx, node, parent, destination, with_members=with_members)
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
    check_not_above(source, destination)


def check_not_above(source: TreePath, destination: TreePath) -> None:
    """Refuse to put something in the place of a folder that holds it (RFC 4918, 9.8.5 and 9.9.4).

    Raises:
        SameResource.
    """
    if is_inside(_keys(source[:-1]), _keys(destination)):
        raise SameResource("The destination holds the source and would be replaced by it. Name another destination.")


def _keys(path: TreePath) -> TreePath:
    return tuple(map(collision_key, path))


def may_take_place(tx: Transaction, ctx: Context, there: Resolved, *, overwrite: bool) -> Node:
    """Return the collection that takes the new member, after the checks for adding and, if the name is taken, freeing it."""
    if not there.path:
        raise SameResource("The root folder cannot be replaced. Name a place in it.")
    parent = require_parent(there, ctx, Right.BIND)
    if there.node is None:
        check_new_name(there.path[:-1], there.path[-1])
        check_member_locks(ctx, there)
        return parent
    require_room(there, ctx)
    require_removable(there, ctx)
    require_removable_below(tx, ctx, there.node, there.path)
    _check_overwrite(there, overwrite=overwrite)
    return parent


def _check_overwrite(there: Resolved, *, overwrite: bool) -> None:
    if not overwrite:
        raise PreconditionFailed(f"{to_text(there.path)} exists already. Allow overwriting it, or choose another name.")


def clear_place(store: Store, tx: Transaction, ctx: Context, there: Resolved, *, successor: Node | None = None) -> None:
    """Move what is at a path to the trash, if anything, after ``may_take_place``; see ``take_away`` for ``successor``."""
    if there.node is not None:
        take_away(store, tx, ctx, there, there.node, successor=successor)


# Deviates from RFC 4918, 9.8.2: dead properties are not copied onto a document. They belong to it, as its history does, and
# programs that save by COPY would drop what others keep there.
def _copy_onto(
    store: Store, tx: Transaction, ctx: Context, found: Resolved, there: Resolved, node: Node, *, overwrite: bool
) -> Written:
    content = node.content
    if content is None and there.node is not None and there.node.content is not None:
        # A pending document reads as empty, so its copy does.
        content = add_empty(store, tx, there.path[-1])
    return write_copy(store, tx, ctx, there, content, _origin(found.path, node), overwrite=overwrite)


def write_copy(
    store: Store,
    tx: Transaction,
    ctx: Context,
    there: Resolved,
    content: Content | None,
    origin: str,
    *,
    overwrite: bool,
    cause: Cause = Cause.SAVE,
    like: Sayings | None = None,
) -> Written:
    """Make content, of today or of the past, that of the document at a path: its next version, or a new document.

    A new one says what ``like`` says; one that is there goes on to say what it says. A collection there goes to the trash first.

    Raises:
        ParentMissing, InvalidName, NameTooLong, ReservedName, Forbidden, SameResource, Locked.
        PreconditionFailed: something is there, and ``overwrite`` is false.

    Source: RFC 4918, 9.8.4.
    """
    if there.node is not None and there.node.is_collection:
        may_take_place(tx, ctx, there, overwrite=overwrite)
        clear_place(store, tx, ctx, there)
        freed = look_up(tx, ctx, there.path, tx.now)
        written = write_copy(store, tx, ctx, freed, content, origin, overwrite=overwrite, cause=cause, like=like)
        return replace(written, is_created=False)
    # Before it is told that something is there: to some nothing is.
    require_writable(there, ctx)
    if there.node is not None:
        _check_overwrite(there, overwrite=overwrite)
    check_write_or_member_locks(ctx, there)
    arrival = Arrival.EMPTY if content is None else Arrival.COPY
    if like is None or there.node is not None or may_bring_back(tx, ctx, there):
        return write_content(store, tx, ctx, there, content, cause, arrival=arrival, said=Said(origin=origin))
    said = Said(origin, file_name=like.file_name, metadata=like.metadata, streams=like.streams)
    written = write_content(store, tx, ctx, there, content, cause, arrival=arrival, said=said)
    if like.type is not None and written.node.version_no:
        descriptions.set_type(tx, written.node.id, like.type)
    return written


def _origin(path: TreePath, node: Node) -> str:
    return f"copy of {to_text(path)}, version {node.version_no}"
