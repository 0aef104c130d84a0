"""Deleting documents and collections: into the trash, unless a program that saves goes on with them elsewhere."""

from __future__ import annotations

from dataclasses import replace

from davgate.core.access import check_conditions, check_removal_locks, check_untouched, look_up
from davgate.core.editing import find_late_return, merge_versions
from davgate.core.recording import change_of, record
from davgate.core.retaining import check_removal
from davgate.core.rights import require_node, require_removable, require_removable_below
from davgate.core.sessions import end_grace, end_locks
from davgate.core.store import Context, Store
from davgate.core.taking_away import take_away
from davgate.model.editing import Vacated
from davgate.model.errors import Held, SameResource
from davgate.model.errors_of_objects import NotEmpty
from davgate.model.names import check_text
from davgate.model.node import Node
from davgate.model.paths import Where
from davgate.model.rights import Right
from davgate.storage.api import Resolved, Transaction, catalog, dances, descriptions, marks


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


def delete_if_empty(store: Store, ctx: Context, where: int | str) -> None:
    """Move a document, or a folder without members, to the trash; durable on return.

    For doors in which a folder that has members stays, and what is deleted is gone.

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
