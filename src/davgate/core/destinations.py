"""Where something is put by its path: what may be there, and what becomes of what is there already."""

from __future__ import annotations

from davgate.core.access import check_member_locks
from davgate.core.rights import require_parent, require_removable, require_removable_below, require_room
from davgate.core.store import Context, Store
from davgate.core.taking_away import take_away
from davgate.model.errors import PreconditionFailed, SameResource
from davgate.model.names import check_new_name, collision_key
from davgate.model.node import Node
from davgate.model.paths import TreePath, is_inside, to_text
from davgate.model.rights import Right
from davgate.storage.api import Resolved, Transaction


def check_apart(source: TreePath, destination: TreePath, tree: Node | None) -> None:
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
    check_overwrite(there, overwrite=overwrite)
    return parent


def check_overwrite(there: Resolved, *, overwrite: bool) -> None:
    """Refuse to put something where something is already, unless that may be overwritten.

    Raises:
        PreconditionFailed.
    """
    if not overwrite:
        raise PreconditionFailed(f"{to_text(there.path)} exists already. Allow overwriting it, or choose another name.")


def clear_place(store: Store, tx: Transaction, ctx: Context, there: Resolved, *, successor: Node | None = None) -> None:
    """Move what is at a path to the trash, if anything, after ``may_take_place``; see ``take_away`` for ``successor``."""
    if there.node is not None:
        take_away(store, tx, ctx, there, there.node, successor=successor)
