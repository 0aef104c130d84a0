"""What programs leave behind: documents that one moved aside and then died, and files that nobody has written for long."""

from __future__ import annotations

from dataclasses import replace

from davgate.core.access import locks_at, locks_on
from davgate.core.content import add_first_version
from davgate.core.editing import whereabouts
from davgate.core.recording import change_of, record
from davgate.core.store import Context, Store
from davgate.model.editing import Vacated, carries_content, goes_back, is_long_lived, may_be_a_persons
from davgate.model.instant import after
from davgate.model.node import Node
from davgate.storage.api import Resolved, Transaction, catalog, check_outs, dances, locks, removal, resolve


def put_back(tx: Transaction, ctx: Context, left: Vacated) -> bool:
    """Give a document its name back that a program moved aside and then died, if the name is free; tell whether it was so.

    While somebody has locked or checked it out, or anything in it, or locked a collection that would lose or get it, it waits.
    """
    document, parent = catalog.find(tx, left.node_id), catalog.find(tx, left.parent_id)
    if document is None or parent is None or not _may_go_back(tx, left, document):
        dances.forget_at(tx, left)
        return False
    found, home = (resolve(tx, node.id, ctx.principal, tx.now) for node in (document, parent))
    if _is_locked(found) or locks_on(home) or (found.check_out is not None and found.check_out.stands):
        return False
    if document.is_collection and (locks.below(tx, document.id, (), tx.now) or check_outs.below(tx, document.id, ())):
        return False
    dances.forget_at(tx, left)
    catalog.move(tx, document, parent.id, left.name)
    for changed_id in {document.parent_id or parent.id, parent.id}:
        catalog.touch(tx, changed_id)
    back = replace(document, parent_id=parent.id, name=left.name)
    changes = (change_of("move-away", document), change_of("move-in", back))
    record(tx, ctx, "rebind", (*home.path, left.name), document.id, *changes, rule="b12")
    return True


def _may_go_back(tx: Transaction, left: Vacated, document: Node) -> bool:
    """Tell whether a document has to be put back, and can: with a collection that was deleted it would be, too."""
    is_there = catalog.path_of(tx, left.parent_id) is not None and catalog.member(tx, left.parent_id, left.name) is None
    return is_there and goes_back(left, whereabouts(tx, document), is_collection=document.is_collection)


def _is_locked(found: Resolved) -> bool:
    """Tell whether somebody has locked a document, or the collection that would lose it (RFC 4918, 7.4)."""
    return bool(locks_on(found) or locks_at(found, len(found.path) - 1))


def sweep(store: Store, tx: Transaction, ctx: Context, node: Node, maker_id: int, is_seen: bool) -> bool:
    """Remove a scratch file that nobody has written for long; tell whether anything was done.

    What a person may have named and others have read becomes a document. What may be the only copy of something goes to the
    trash. While somebody has locked its collection it stays.
    """
    name = node.name or ""
    if is_long_lived(name) and tx.now < after(node.modified_at, store.policy.sidecar_age):
        return False
    found = resolve(tx, node.id, ctx.principal, tx.now)
    if _is_locked(found):
        return False
    if may_be_a_persons(name) and is_seen and node.content is not None:
        promoted = add_first_version(store, tx, replace(ctx, principal=replace(ctx.principal, id=maker_id)), node, node.content)
        record(tx, ctx, "promote", found.path, node.id, change_of("content", promoted))
        return True
    change = change_of("delete", node)
    if carries_content(name):
        catalog.move_to_trash(tx, node, found.path, ctx.principal.id)
    else:
        removal.remove(tx, [node.id])
    record(tx, ctx, "sweep", found.path, node.id, change)
    return True
