"""Moving documents and collections: to another place, or as the last step of a save onto the document that is there."""

from __future__ import annotations

from dataclasses import replace

from davgate.core.access import check_conditions, check_removal_locks, check_write_or_member_locks, locks_at, look_up
from davgate.core.content import Said, Written
from davgate.core.destinations import check_apart, check_overwrite, clear_place, may_take_place
from davgate.core.editing import absorb, is_a_save, promote, vacate, write_content
from davgate.core.packages import Former, find_former, go_on
from davgate.core.path_lengths import check_reach
from davgate.core.recording import change_of, record
from davgate.core.rights import require_node, require_removable, require_removable_below, require_writable
from davgate.core.second_names import settle_alias
from davgate.core.sessions import end_grace, end_locks
from davgate.core.store import Context, Store
from davgate.core.taking_away import take_away
from davgate.model.editing import Arrival
from davgate.model.locks import Depth
from davgate.model.names import collision_key
from davgate.model.node import Cause, Node
from davgate.model.packages import may_be_aside
from davgate.model.paths import TreePath, to_text
from davgate.model.rights import Right
from davgate.storage.api import Resolved, Transaction, catalog, dances, versions


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
        found = look_up(tx, ctx, source, tx.now)
        there = look_up(tx, ctx, destination, tx.now)
        node = require_node(found, ctx, Right.READ)
        check_apart(source, destination, node)
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
        check_overwrite(there, overwrite=overwrite)
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
