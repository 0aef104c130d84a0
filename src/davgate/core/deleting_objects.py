"""Deleting for doors in which a folder that has members stays, and what is deleted is gone."""

from __future__ import annotations

from davgate.core.access import look_up
from davgate.core.deleting import delete_found
from davgate.core.rights import require_node, require_removable
from davgate.core.store import Context, Store
from davgate.model.errors_of_objects import NotEmpty
from davgate.model.rights import Right
from davgate.storage.api import descriptions


def delete(store: Store, ctx: Context, where: int | str) -> None:
    """Move a document, or a folder without members, to the trash, see ``deleting.delete``; durable on return.

    Raises:
        NotEmpty: it is a folder, and something is in it.
        Retained, Held: it has to be kept.
        NotFound, Forbidden, SameResource, Locked, CheckedOut, PreconditionFailed.
    """
    with store.database.write() as tx:
        found = look_up(tx, ctx, where, tx.now)
        node = require_node(found, ctx, Right.READ)
        if found.path:
            require_removable(found, ctx)
        if node.is_collection and found.path and descriptions.has_members(tx, node.id):
            raise NotEmpty(found.path)
        delete_found(store, tx, ctx, found, despite_hold=False)
        tx.commit()
