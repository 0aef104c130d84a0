"""May this principal do this here, by right: the checks that every use case makes, and what it lets one see.

What follows from the grants on the way to a node is said in ``model.permissions``; what one may not see does not exist for one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from davgate.core.store import Context
from davgate.model import permissions
from davgate.model.errors import Forbidden, NotADocument, NotFound, ParentMissing
from davgate.model.names import check_new_name
from davgate.model.node import Node, NodeKind
from davgate.model.paths import TreePath, to_text
from davgate.model.permissions import Step
from davgate.model.rights import EVERYTHING, NO_RIGHTS, Right
from davgate.storage.api import CREATED_BY_AT, IS_CLOSED_AT, MemberRow, Resolved, Session, access


def rights_at(found: Resolved, ctx: Context, depth: int) -> Right:
    """Return the principal's rights on the node at a depth of the path."""
    if depth >= len(found.chain):
        return permissions.effective(ctx.principal, found.way)
    return permissions.effective(ctx.principal, found.way[: depth + 1], found.chain[depth].created_by)


def rights_of(session: Session, ctx: Context, node_ids: Iterable[int]) -> dict[int, Right]:
    """Return the principal's rights on nodes wherever they are today; of what is in the trash, where it was decides.

    One statement at most; those on a single node are remembered as long as nothing is committed. Nodes that are no more are left
    out, but for those who may do everything.
    """
    who, ids = ctx.principal, tuple(node_ids)
    if who.administers_all:
        return dict.fromkeys(ids, EVERYTHING)

    def find() -> dict[int, Right]:
        ways = access.ways(session, who, ids)
        return {node_id: permissions.effective(who, way.steps, way.made_by) for node_id, way in ways.items()}

    return dict(session.remembered(("rights", ids, who), find)) if len(ids) == 1 else find()


def rights_on(session: Session, ctx: Context, node_id: int) -> Right:
    """Return the principal's rights on one node, none where it is no more; see ``rights_of``."""
    return rights_of(session, ctx, [node_id]).get(node_id, NO_RIGHTS)


def require_administrator(ctx: Context) -> None:
    """Refuse what concerns the whole store to all but its administrators, who signed in without restriction.

    Raises:
        Forbidden.
    """
    if not ctx.principal.administers_all:
        raise Forbidden("Only an administrator of the store does this. Ask one.")


def require_node(found: Resolved, ctx: Context, needed: Right) -> Node:
    """Return the node at the path.

    Raises:
        NotFound: there is none that the principal may see.
        Forbidden: the principal lacks a right that is needed.
    """
    node = found.node
    held = rights_at(found, ctx, len(found.path))
    if node is None or Right.READ not in held:
        raise NotFound(found.path)
    permissions.require(needed, held, found.path)
    return node


def require_visible(session: Session, found: Resolved, ctx: Context) -> Node:
    """Return the node at the path, or the collection on the way to something that the principal may see.

    So one finds one's way from the root to what one was given, and to a drop-box, which one may not read.

    Raises:
        NotFound: there is none that the principal may see.
    """
    node = found.node
    if node is not None and Right.READ not in rights_at(found, ctx, len(found.path)):
        may_add = Right.BIND in rights_at(found, ctx, len(found.path))
        if not (node.is_collection and (may_add or node.id in access.on_the_way(session, ctx.principal))):
            node = None
    if node is None:
        raise NotFound(found.path)
    return node


Shown = Callable[[Sequence[MemberRow]], Sequence[MemberRow]]
"""Leaves out of some members of a collection those that the principal may not see."""


def _all_of(rows: Sequence[MemberRow]) -> Sequence[MemberRow]:
    return rows


def visible_members(session: Session, found: Resolved, ctx: Context) -> Shown:
    """Return what to show of the members of the collection at the path, which the principal may see itself.

    A principal who may read the collection may read what is in it but for closed members, for which there is one statement more.
    Any other sees what it made itself, where it may, and the way to what else it may see.
    """
    who = ctx.principal
    if who.administers_all:
        return _all_of
    if Right.READ in permissions.effective(who, found.way):
        return _WithoutClosed(session, ctx, found.chain[-1].id)
    sees_own = Right.READ in permissions.effective(who, found.way, who.id)
    way = access.on_the_way(session, who)
    return lambda rows: _on_the_way(session, ctx, rows, way, sees_own=sees_own)


class _WithoutClosed:
    """Leaves out the closed members of a collection that a principal may not see. Which they are is asked for when one comes."""

    def __init__(self, session: Session, ctx: Context, collection_id: int) -> None:
        self._session, self._ctx = session, ctx
        self._collection_id = collection_id
        self._hidden: set[int] | None = None

    def __call__(self, rows: Sequence[MemberRow]) -> Sequence[MemberRow]:
        if self._hidden is None:
            if not any(row[IS_CLOSED_AT] for row in rows):
                return rows
            self._hidden = self._find_hidden()
        hidden = self._hidden
        return [row for row in rows if row[0] not in hidden] if hidden else rows

    def _find_hidden(self) -> set[int]:
        closed = access.closed_members(self._session, self._collection_id)
        held = rights_of(self._session, self._ctx, closed)
        way = access.on_the_way(self._session, self._ctx.principal)
        return {node_id for node_id, kind in closed.items() if not _is_seen(node_id, kind, held[node_id], way)}


def rights_on_members(session: Session, found: Resolved, ctx: Context, rows: Sequence[MemberRow]) -> dict[int, Right]:
    """Return the principal's rights on members of the collection at the path: as ``rights_of``, without a climb from each.

    Only where something was granted at a member or below it, or the principal is restricted to it, that is asked for.
    """
    who = ctx.principal
    if who.administers_all:
        return {row[0]: EVERYTHING for row in rows}
    way = access.on_the_way(session, who)
    apart = [row[0] for row in rows if row[0] in way]
    held = rights_of(session, ctx, apart) if apart else {}
    alike: dict[tuple[int, bool], Right] = {}
    for row in rows:
        if row[0] not in way:
            kind = row[IS_CLOSED_AT], row[CREATED_BY_AT] == who.id
            if kind not in alike:
                step = Step(row[0], bool(row[IS_CLOSED_AT]), 0)
                alike[kind] = permissions.effective(who, (*found.way, step), row[CREATED_BY_AT])
            held[row[0]] = alike[kind]
    return held


def without_closed(session: Session, ctx: Context, collection: Node, rows: Sequence[MemberRow]) -> Sequence[MemberRow]:
    """Return what a principal may see of the members of a collection that it may read."""
    return _WithoutClosed(session, ctx, collection.id)(rows)


def readable_tree(session: Session, ctx: Context, tree: Sequence[Node]) -> list[Node]:
    """Return what a principal who may read the top of a tree may read of it; a collection comes before its members."""
    closed = [node.id for node in tree[1:] if node.is_closed]
    held = rights_of(session, ctx, closed) if closed else {}
    hidden: set[int | None] = set()
    for node in tree[1:]:
        if node.parent_id in hidden or (node.is_closed and Right.READ not in held[node.id]):
            hidden.add(node.id)
    return [node for node in tree if node.id not in hidden] if hidden else list(tree)


def hidden_below(session: Session, ctx: Context, top: int) -> list[int]:
    """Return the closed nodes below a collection that a principal who may read the collection may not read."""
    if ctx.principal.administers_all:
        return []
    closed = access.closed_below(session, top)
    return _unreadable(session, ctx, closed)


def _unreadable(session: Session, ctx: Context, node_ids: Sequence[int]) -> list[int]:
    if not node_ids:
        return []
    held = rights_of(session, ctx, node_ids)
    return [node_id for node_id in node_ids if Right.READ not in held[node_id]]


def hidden_in_trash(session: Session, ctx: Context) -> list[str]:
    """Return where closed nodes were that a principal may not read, and that are in the trash now."""
    if ctx.principal.administers_all:
        return []
    paths = access.closed_in_trash(session)
    return [paths[node_id] for node_id in _unreadable(session, ctx, list(paths))]


def may_read_all(session: Session, found: Resolved, ctx: Context) -> bool:
    """Tell whether nothing in the tree or the trash is hidden from a principal; ``found`` is any look-up of that principal."""
    if ctx.principal.administers_all:
        return True

    def find() -> bool:
        return Right.READ in rights_at(found, ctx, 0) and not _unreadable(session, ctx, access.closed(session))

    return session.remembered(("reads all", ctx.principal), find)


def _on_the_way(
    session: Session, ctx: Context, rows: Sequence[MemberRow], way: frozenset[int], *, sees_own: bool
) -> Sequence[MemberRow]:
    own = {row[0] for row in rows if sees_own and row[CREATED_BY_AT] == ctx.principal.id}
    held = rights_of(session, ctx, [row[0] for row in rows if row[0] in way or row[0] in own])
    return [row for row in rows if row[0] in held and _is_seen(row[0], row[2], held[row[0]], way)]


def _is_seen(node_id: int, kind: int, held: Right, way: frozenset[int]) -> bool:
    is_collection = kind == NodeKind.COLLECTION.value
    return Right.READ in held or (is_collection and (node_id in way or Right.BIND in held))


def require_room(found: Resolved, ctx: Context) -> None:
    """Refuse to use a name that something has which the principal may not see.

    Raises:
        Forbidden: without telling what.
    """
    if found.node is not None and Right.READ not in rights_at(found, ctx, len(found.path)):
        raise Forbidden("You may not use this name here. Choose another one.")


def rights_on_new(found: Resolved, ctx: Context) -> Right:
    """Return the rights that the principal will have on what it makes at the path."""
    return permissions.effective(ctx.principal, found.way[: len(found.path)], ctx.principal.id)


def require_removable(found: Resolved, ctx: Context) -> None:
    """Refuse to take what is at the path out of its collection, unless the principal may, or made it and may remove its own.

    Raises:
        ParentMissing, Forbidden.
    """
    parent, node = found.parent, found.node
    above, here = rights_at(found, ctx, len(found.path) - 1), rights_at(found, ctx, len(found.path))
    if Right.UNBIND in above & here and Right.READ in above:
        return
    is_own = node is not None and node.created_by == ctx.principal.id and Right.OWN in above & here
    if parent is None or not is_own or Right.UNBIND not in here:
        permissions.require(Right.UNBIND, here & (above | Right.READ), found.path)


def require_removable_below(session: Session, ctx: Context, node: Node, path: TreePath) -> None:
    """Refuse to take a collection away in which something is closed that the principal may not take away.

    Raises:
        Forbidden: without telling what.
    """
    if not node.is_collection or ctx.principal.administers_all:
        return
    closed = access.closed_below(session, node.id)
    if closed and any(Right.UNBIND not in held for held in rights_of(session, ctx, closed).values()):
        raise Forbidden(f"You may not take away everything in {to_text(path)}. Ask an administrator to do it.")


def require_parent(found: Resolved, ctx: Context, needed: Right) -> Node:
    """Return the collection that holds, or would hold, the member named by the last segment.

    Raises:
        ParentMissing: it does not exist, or is a document.
        Forbidden: the principal lacks a right that is needed there.
    """
    parent = found.parent
    held = rights_at(found, ctx, len(found.path) - 1)
    # At a drop-box one may add what one may not read.
    if parent is None or not parent.is_collection or not held & (Right.READ | Right.BIND):
        raise ParentMissing(found.path)
    if held & needed != needed and Right.READ not in held:
        raise Forbidden("You may only add documents here.")
    permissions.require(needed, held, found.path[:-1])
    return parent


def require_writable(found: Resolved, ctx: Context) -> None:
    """Refuse a path at which this principal can neither replace a document's content nor make a document.

    Raises:
        ParentMissing, NotADocument, InvalidName, NameTooLong, ReservedName, Forbidden.
    """
    if found.node is None or Right.READ not in rights_at(found, ctx, len(found.path)):
        # What one may not see answers as a free name does, until it would have to be given out.
        require_parent(found, ctx, Right.BIND)
        require_room(found, ctx)
        check_new_name(found.path[:-1], found.path[-1])
        return
    if require_node(found, ctx, Right.WRITE_CONTENT).is_collection:
        raise NotADocument(found.path)
