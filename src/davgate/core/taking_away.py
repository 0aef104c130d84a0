"""Taking a document or collection out of the tree: into the trash, or away for good where nobody can want it back."""

from __future__ import annotations

from davgate.core.access import check_removal_locks, locks_on
from davgate.core.editing import discard, vacate
from davgate.core.recording import change_of, record
from davgate.core.retaining import check_removal
from davgate.core.sessions import end_grace, end_locks
from davgate.core.store import Context, Store
from davgate.core.stored_content import is_in_a_version
from davgate.model.editing import carries_content, is_temporary_folder
from davgate.model.node import Node
from davgate.storage.api import Resolved, Transaction, catalog, locks, subtrees, versions


def take_away(
    store: Store,
    tx: Transaction,
    ctx: Context,
    found: Resolved,
    node: Node,
    *,
    successor: Node | None = None,
    keeps_address: bool = False,
    comment: str = "",
) -> None:
    """Move a node to the trash, if anybody can want it back.

    The caller has checked that it may be taken, see ``require_removable``. Its locks end, unless ``successor`` takes the place
    and with it the locks there.
    """
    ending = check_removal_locks(tx, ctx, found, node, tx.now)
    check_removal(tx, node.id)
    if successor is not None:
        passed_on = [lock.token for lock in found.locks.get(node.id, ())]
        locks.pass_on(tx, passed_on, successor.id)
        ending = tuple(token for token in ending if token not in passed_on)
    end_locks(tx, ctx, ending)
    end_grace(tx, found, node)
    if locks_on(found):
        versions.seal_below(tx, node.id)
    if _is_nothing(tx, ctx, found, node):
        discard(tx, ctx, found, node)
        return
    if successor is None:
        vacate(store, tx, ctx, node)
    catalog.move_to_trash(tx, node, found.path, ctx.principal.id, keeps_address=keeps_address, comment=comment)
    if node.parent_id is not None:
        catalog.touch(tx, node.parent_id)
    record(tx, ctx, "delete", found.path, node.id, change_of("delete", node))


def _is_nothing(tx: Transaction, ctx: Context, found: Resolved, node: Node) -> bool:
    """Tell whether nobody can want something back: it never had content, or a program made it for itself alone.

    What many programs delete at the end of each save has what the document had before, which is a version of it.
    """
    if node.is_collection:
        return any(map(is_temporary_folder, found.path)) and len(subtrees.of_node(tx, node.id)) == 1
    if node.version_no > 0:
        return False
    return node.content is None or not carries_content(found.path[-1]) or is_in_a_version(tx, ctx, node.content)
