"""Writing down what a use case did, in the commit that does it: changes, and who caused them."""

from __future__ import annotations

from davgate.core.store import Context
from davgate.model.node import Node
from davgate.model.paths import TreePath, to_text
from davgate.storage.api import Change, Transaction, journal


def record(
    tx: Transaction,
    ctx: Context,
    action: str,
    path: TreePath,
    node_id: int | None,
    *changes: Change,
    **detail: object,
) -> None:
    """Store the changes in their order, and who caused them."""
    journal.record(tx, changes)
    journal.audit_act(
        tx,
        principal_id=ctx.principal.id,
        action=action,
        node_id=node_id,
        path=to_text(path),
        detail=detail,
        request_id=ctx.request_id,
        client=ctx.client,
    )


def change_of(action: str, node: Node) -> Change:
    """Return the change row of something that happened to a node where it is; what has no name is no member on the drive."""
    parent_id = node.parent_id if node.name is not None else None
    return Change(action, node.id, parent_id, node.name, node.version_no)
