"""What was deleted and keeps its address: doors that show such describe and read it where it was, bring it back, or end it.

To every other door, the drive's too, it is in the trash like anything else. Some bring back also what does not keep its address.
"""

from __future__ import annotations

from dataclasses import replace

from davgate.core.access import check_conditions, check_read_conditions, look_up
from davgate.core.describing import Page, Seen, describe_found, find_address, members_found
from davgate.core.documents import note_reader
from davgate.core.filing import collection_at, filing_collection, free_name
from davgate.core.opening import Opened, body_at_hand
from davgate.core.path_lengths import check_reach
from davgate.core.recording import change_of, record
from davgate.core.rights import require_removable_below
from davgate.core.second_names import settle_alias
from davgate.core.store import Context, Store
from davgate.core.trash import find, find_around
from davgate.model import etag
from davgate.model.conditions import ResourceState
from davgate.model.errors import NotFound, ParentMissing
from davgate.model.instant import Instant
from davgate.model.node import ROOT_ID, Node, NodeKind
from davgate.model.paths import TreePath, from_text
from davgate.model.rights import Right
from davgate.storage.api import (
    Resolved,
    Session,
    Transaction,
    TrashEntry,
    access,
    catalog,
    dances,
    descriptions,
    registrations,
    trash,
)


def look_up_shown(
    session: Session, ctx: Context, node_id: int, now: Instant, *, with_body: bool = False
) -> tuple[Resolved, bool]:
    """Return what an inner id leads to, also where it was deleted and keeps its address; and whether it was.

    Of what was deleted, the path is the one that it had; nothing there is locked or checked out, and the rights are those where
    it was.
    """
    found = look_up(session, ctx, node_id, now, with_body=with_body)
    if found.node is not None:
        return found, False
    way = access.ways(session, ctx.principal, [node_id]).get(node_id)
    if way is None:
        return found, False
    said = descriptions.of_nodes(session, [step.node_id for step in way.steps])
    chain: list[Node] = []
    path: TreePath = ()
    for step in way.steps:
        node = said[step.node_id].node
        name = node.name
        if node.parent_id is None and node.id != ROOT_ID:
            entry = trash.find(session, node.id)
            if entry is None or not entry.keeps_address:
                return found, False
            name = entry.name
            node = replace(node, parent_id=entry.parent_id)
        chain.append(node)
        path += () if node.id == ROOT_ID else (name or f"={node.uuid}",)
    return replace(found, path=path, chain=tuple(chain), way=way.steps, locks={}, ended_locks={}, check_out=None), True


def describe(store: Store, ctx: Context, node_id: int, *, with_above: bool = False) -> tuple[Seen, bool]:
    """Return what is said of a document or collection, deleted or not, and whether it was; see ``describing.describe``.

    Raises:
        NotFound, PreconditionFailed.
    """
    with store.database.read(snapshot=True) as session:
        found, is_deleted = look_up_shown(session, ctx, node_id, store.clock.now())
        return describe_found(session, ctx, found, with_above=with_above), is_deleted


def describe_at(store: Store, ctx: Context, address: TreePath, *, with_above: bool = False) -> tuple[Seen, bool]:
    """Return what is said of what an address of second names leads to, deleted or not, and whether it was.

    Raises:
        NotFound, PreconditionFailed.
    """
    with store.database.read(snapshot=True) as session:
        node_id = find_address(session, address)
        found, is_deleted = look_up_shown(session, ctx, node_id, store.clock.now())
        return describe_found(session, ctx, found, with_above=with_above), is_deleted


def members(store: Store, ctx: Context, node_id: int, first: int, most: int) -> tuple[Seen, Page]:
    """Return a collection, deleted or not, and some of its members; see ``describing.members``.

    Raises:
        NotFound, NotACollection, PreconditionFailed.
    """
    now = store.clock.now()
    with store.database.read(snapshot=True) as session:
        found, _ = look_up_shown(session, ctx, node_id, now)
        return members_found(session, ctx, found, first, most, now)


def open_content(store: Store, ctx: Context, where: int | TreePath) -> tuple[Seen, Opened]:
    """Return a document by id or address, deleted or not, and the content that it is described with, ready to be read.

    Other than on the drive, one that was emptied a moment ago has its last version's.

    Raises:
        NotFound: there is none that the caller may see, or it has no content.
        PreconditionFailed: a condition on the content does not hold.
    """
    with store.database.read(snapshot=True) as session:
        node_id = where if isinstance(where, int) else find_address(session, where)
        found, is_deleted = look_up_shown(session, ctx, node_id, store.clock.now(), with_body=True)
        seen = describe_found(session, ctx.without_conditions(), found)
        content = seen.it.content
        if content is None:
            raise NotFound(seen.path)
        is_at_hand = not is_deleted and content.length_bytes > 0 and seen.it.node.content == content
        body = found.body if is_at_hand else body_at_hand(session, content)
    tag, modified_at = etag.of_content(content.digest), seen.it.node.modified_at
    is_modified = check_read_conditions(ctx, ResourceState(True, tag, modified_at))
    if found.is_young_of_others:
        note_reader(store, seen.it.node)
    return seen, Opened(store, tag, content, modified_at, body, is_modified)


def restore(store: Store, ctx: Context, node_id: int) -> Node:
    """Bring what was deleted back where it was, with identity and history; durable on return.

    It gets its name on the drive again, with a number where that is taken; without content it has none.

    Raises:
        NotFound: it is not in the trash, or the caller may not see it.
        ParentMissing: the collection where it was is not in the tree any more.
        Forbidden, Locked, PreconditionFailed.
    """
    with store.database.write() as tx:
        entry = find(tx, ctx, node_id, Right.READ | Right.UNBIND)
        require_removable_below(tx, ctx, entry.node, from_text(entry.path))
        _check_conditions(tx, ctx, entry.node)
        if catalog.path_of(tx, entry.parent_id) is None:
            raise ParentMissing(from_text(entry.path))
        there, parent = collection_at(tx, ctx, entry.parent_id, tx.now)
        node = _put_back(store, tx, ctx, entry, parent, there.path)
        tx.commit()
    return node


def restore_into(store: Store, ctx: Context, folder: TreePath, node_id: int) -> Node:
    """Bring back one thing out of the trash, also if it went there with what it lies in; see ``bring_back``. Durable on return.

    Raises:
        NotFound: it is not in the trash, or the caller may not see it.
        ParentMissing: a document has the name of the folder.
        Forbidden, Locked, PreconditionFailed.
    """
    with store.database.write() as tx:
        deleted = require_in_trash(tx, ctx, node_id)
        _check_conditions(tx, ctx, deleted)
        node = bring_back(store, tx, ctx, folder, deleted)
        tx.commit()
    return node


def require_in_trash(tx: Transaction, ctx: Context, node_id: int) -> Node:
    """Return what is in the trash, or went there with what it lies in, and may be brought back: as may be taken away.

    Raises:
        NotFound: it is not in the trash, or the caller may not see it.
        Forbidden.
    """
    entry = find_around(tx, ctx, node_id, Right.READ | Right.UNBIND)
    deleted = catalog.find(tx, node_id)
    assert deleted is not None, "what it lies in was found by it"
    require_removable_below(tx, ctx, deleted, from_text(entry.path))
    return deleted


def _check_conditions(tx: Transaction, ctx: Context, node: Node) -> None:
    """Hold the conditions of a request against what is in the trash; there are no locks.

    Raises:
        PreconditionFailed: one does not hold.
    """
    target = ResourceState(True, node.etag, node.modified_at, frozenset(), node.former_etag, node.metadata_etag)
    check_conditions(tx, ctx, look_up(tx, ctx, node.id, tx.now), tx.now, target=target)


def bring_back(store: Store, tx: Transaction, ctx: Context, folder: TreePath, node: Node) -> Node:
    """Put what was deleted back where it was, or into a door's folder where that is gone too. The caller has checked the rights.

    What lies in something that was deleted goes into the folder alone, and the rest stays in the trash.
    """
    entry = trash.find(tx, node.id)
    if entry is not None and catalog.path_of(tx, entry.parent_id) is not None:
        there, parent = collection_at(tx, ctx, entry.parent_id, tx.now)
        return _put_back(store, tx, ctx, entry, parent, there.path)
    parent, path = filing_collection(store, tx, ctx, folder, by_month=node.kind is not NodeKind.OBJECT)
    if entry is not None:
        return _put_back(store, tx, ctx, entry, parent, path)
    name = free_name(tx, parent, path, node.name) if node.name else None
    check_reach(store, tx, node, (), (*path, name or ""))
    registrations.keep_deletion_above(tx, node.id, ctx.principal.id)
    catalog.move(tx, node, parent.id, name)
    return _put(tx, ctx, node, parent, path, name)


def _put_back(store: Store, tx: Transaction, ctx: Context, entry: TrashEntry, parent: Node, path: TreePath) -> Node:
    name = free_name(tx, parent, path, entry.name) if entry.name else None
    check_reach(store, tx, entry.node, from_text(entry.path), (*path, name or ""))
    catalog.place_again(tx, entry.node.id, parent.id, name, ctx.principal.id)
    dances.forget_by(tx, entry.node.id)
    return _put(tx, ctx, entry.node, parent, path, name, deleted_from=entry.path)


def _put(tx: Transaction, ctx: Context, node: Node, parent: Node, path: TreePath, name: str | None, **told: str) -> Node:
    """Note that a node is in a collection again."""
    if name is not None:
        catalog.touch(tx, parent.id)
    back = replace(node, parent_id=parent.id, name=name)
    settle_alias(tx, back)
    record(tx, ctx, "restore", (*path, name or f"={node.uuid}"), node.id, change_of("move-in", back), **told)
    return back


def end_address(store: Store, ctx: Context, node_id: int) -> None:
    """Let what was deleted no longer be found where it was; it stays in the trash. Durable on return.

    Raises:
        NotFound: it is not in the trash, or the caller may not see it.
        Forbidden, PreconditionFailed.
    """
    with store.database.write() as tx:
        entry = find(tx, ctx, node_id, Right.READ | Right.UNBIND)
        if not entry.keeps_address:
            raise NotFound(from_text(entry.path))
        _check_conditions(tx, ctx, entry.node)
        trash.end_address(tx, node_id)
        record(tx, ctx, "end-address", from_text(entry.path), node_id)
        tx.commit()
