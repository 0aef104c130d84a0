"""What programs leave behind: documents that one moved aside and then died, and files that nobody has written for long."""

from __future__ import annotations

from dataclasses import replace

from davgate.core.content import add_first_version, change_of
from davgate.core.editing import whereabouts
from davgate.core.recording import record
from davgate.core.store import Context, Store
from davgate.model.editing import Vacated, carries_content, goes_back, is_long_lived, may_be_a_persons
from davgate.model.instant import after
from davgate.model.node import Node
from davgate.storage.api import Transaction, catalog, removal


def put_back(tx: Transaction, ctx: Context, left: Vacated) -> bool:
    """Give a document its name back that a program moved aside and then died, if the name is free; tell whether it was so.

    It is not locked where it is: ``dances.over`` says so.
    """
    document = catalog.find(tx, left.node_id)
    if document is None or not goes_back(left, whereabouts(tx, document)):
        return False
    parent = catalog.find(tx, left.parent_id)
    if parent is None or catalog.member(tx, parent.id, left.name) is not None:
        return False
    catalog.move(tx, document, parent.id, left.name)
    for changed_id in {document.parent_id or parent.id, parent.id}:
        catalog.touch(tx, changed_id)
    back = replace(document, parent_id=parent.id, name=left.name)
    record(tx, ctx, "rebind", (left.name,), document.id, change_of("move-away", document), change_of("move-in", back), rule="b12")
    return True


def sweep(store: Store, tx: Transaction, ctx: Context, node: Node, maker_id: int, is_seen: bool) -> bool:
    """Remove a scratch file that nobody has written for long; tell whether anything was done.

    What a person may have named and others have read becomes a document. What may be the only copy of something goes to the
    trash.
    """
    name = node.name or ""
    if is_long_lived(name) and tx.now < after(node.modified_at, store.policy.sidecar_age):
        return False
    if may_be_a_persons(name) and is_seen and node.content is not None:
        promoted = add_first_version(store, tx, replace(ctx, principal=replace(ctx.principal, id=maker_id)), node, node.content)
        record(tx, ctx, "promote", (name,), node.id, change_of("content", promoted))
        return True
    change = change_of("delete", node)
    if carries_content(name):
        catalog.move_to_trash(tx, node, (name,), ctx.principal.id)
    else:
        removal.remove(tx, [node.id])
    record(tx, ctx, "sweep", (name,), node.id, change)
    return True
