"""Writing down what a use case did, in the commit that does it."""

from __future__ import annotations

from davgate.core.store import Context
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
