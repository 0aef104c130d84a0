"""Grants, closed nodes, and the ways that lead to nodes: rows. What follows from them is ``model.permissions``' to say."""

from __future__ import annotations

import json
from collections.abc import Iterable

from sqlalchemy import Integer, and_, bindparam, delete, func, insert, literal, select, union, update

from davgate.model.frozen import frozen
from davgate.model.permissions import Step
from davgate.model.principal import Principal
from davgate.storage.resolving import identities_of
from davgate.storage.statements import Statement, ids_given
from davgate.storage.tables import IS_CLOSED, access_grant, node, principal, trash
from davgate.storage.transactions import Session, Transaction


@frozen
class Way:
    """The way from the root to a node as it is today, and who made that node; of what was deleted, the way to where it was."""

    steps: tuple[Step, ...]
    made_by: int


_GIVEN = ids_given("ids")
_IDENTITIES = select(ids_given("identities").c.id)


def _climb() -> Statement:
    # What is told of a node is read where the climb comes to it: to join all of it afterwards makes PostgreSQL read the table.
    above = func.coalesce(node.c.parent_id, trash.c.parent_id).label("above")
    told = (node.c.id.label("id"), node.c.is_closed.label("is_closed"), node.c.created_by.label("created_by"), above)
    is_in_trash = trash.c.node_id == node.c.id
    up = (
        select(_GIVEN.c.id.label("start"), literal(0, Integer).label("height"), *told)
        .join_from(_GIVEN, node, node.c.id == _GIVEN.c.id)
        .outerjoin(trash, is_in_trash)
        .cte("up", recursive=True)
    )
    climbed = up.union_all(
        select(up.c.start, up.c.height + 1, *told).join_from(up, node, node.c.id == up.c.above).outerjoin(trash, is_in_trash)
    )
    granted = and_(access_grant.c.node_id == climbed.c.id, access_grant.c.principal_id.in_(_IDENTITIES))
    return Statement(
        select(climbed.c.start, climbed.c.height, climbed.c.id, climbed.c.is_closed, climbed.c.created_by, access_grant.c.rights)
        .outerjoin_from(climbed, access_grant, granted)
        .order_by(climbed.c.start, climbed.c.height.desc())
    )


_WAYS = _climb()


def ways(session: Session, who: Principal, node_ids: Iterable[int]) -> dict[int, Way]:
    """Return the ways to nodes, with the rights granted on them to a principal. One statement, however many nodes."""
    rows = session.all(_WAYS, ids=json.dumps(sorted(set(node_ids))), identities=identities_of(who))
    found: dict[int, dict[int, Step]] = {}
    makers: dict[int, int] = {}
    for start, height, node_id, is_closed, created_by, rights in rows:
        steps = found.setdefault(start, {})
        known = steps.get(height)
        steps[height] = Step(node_id, bool(is_closed), (rights or 0) | (known.granted if known is not None else 0))
        if height == 0:
            makers[start] = created_by
    return {start: Way(tuple(steps.values()), makers[start]) for start, steps in found.items()}


def _above() -> Statement:
    given = select(_GIVEN.c.id)
    granted = select(access_grant.c.node_id).where(access_grant.c.principal_id.in_(_IDENTITIES))
    start = union(given, granted).subquery()
    up = select(start.c[0].label("id")).cte("up", recursive=True)
    above = select(node.c.parent_id).join_from(up, node, node.c.id == up.c.id).where(node.c.parent_id.is_not(None))
    return Statement(select(up.union(above).c.id))


_ABOVE = _above()


def on_the_way(session: Session, who: Principal) -> frozenset[int]:
    """Return the nodes on which a principal was granted something or to which it is restricted, and all above them."""
    tree = [] if who.scope.tree_id is None else [who.scope.tree_id]

    def find() -> frozenset[int]:
        return frozenset(row[0] for row in session.all(_ABOVE, ids=json.dumps(tree), identities=identities_of(who)))

    return session.remembered(("on the way", who.identities, who.scope.tree_id), find)


_HOLDING_MORE = Statement(
    select(node.c.id, node.c.uuid).where(
        node.c.id.in_(
            union(
                select(node.c.parent_id).join_from(_GIVEN, node, node.c.id == _GIVEN.c.id),
                select(node.c.parent_id)
                .join_from(access_grant, node, node.c.id == access_grant.c.node_id)
                .where(access_grant.c.principal_id.in_(_IDENTITIES)),
                select(node.c.parent_id).where(node.c.created_by == bindparam("maker")),
            )
        )
    )
)


def holding_more(session: Session, who: Principal) -> dict[int, str]:
    """Return by id the UUIDs of the collections in which a principal may have more rights on a member than on the collection.

    Something in them was granted to it, is what it is restricted to, or was made by it.
    """
    tree = [] if who.scope.tree_id is None else [who.scope.tree_id]
    rows = session.all(_HOLDING_MORE, ids=json.dumps(tree), identities=identities_of(who), maker=who.id)
    return {int(row[0]): str(row[1]) for row in rows}


def _closed() -> Statement:
    up = select(node.c.id.label("start"), node.c.parent_id.label("id")).where(IS_CLOSED).cte("up", recursive=True)
    above = select(up.c.start, node.c.parent_id).join_from(up, node, node.c.id == up.c.id)
    climbed = up.union_all(above)
    return Statement(select(climbed.c.start).where(climbed.c.id == bindparam("top")))


_CLOSED_BELOW = _closed()


def closed_below(session: Session, top: int) -> list[int]:
    """Return the closed nodes below a node, at whatever depth; what that costs grows with the closed nodes, not with the tree."""
    return [int(row[0]) for row in session.all(_CLOSED_BELOW, top=top)]


_CLOSED_ANYWHERE = Statement(select(node.c.id).where(IS_CLOSED))


def closed(session: Session) -> list[int]:
    """Return the closed nodes of the whole store, those in the trash too."""
    return [int(row[0]) for row in session.all(_CLOSED_ANYWHERE)]


_CLOSED_MEMBERS = Statement(select(node.c.id, node.c.kind).where(node.c.parent_id == bindparam("parent_id"), IS_CLOSED))


def closed_members(session: Session, parent_id: int) -> dict[int, int]:
    """Return the ids of the closed members of a collection, with their kinds."""
    return {int(row[0]): int(row[1]) for row in session.all(_CLOSED_MEMBERS, parent_id=parent_id)}


_CLOSED_IN_TRASH = Statement(
    select(node.c.id, trash.c.path).join_from(trash, node, node.c.id == trash.c.node_id).where(IS_CLOSED)
)


def closed_in_trash(session: Session) -> dict[int, str]:
    """Return the closed nodes that were deleted, with where they were."""
    return {int(row[0]): str(row[1]) for row in session.all(_CLOSED_IN_TRASH)}


@frozen
class Grant:
    """Rights given to a principal on a node."""

    node_id: int
    principal_id: int
    principal_name: str
    rights: int


_ON_NODES = Statement(
    select(access_grant.c.node_id, access_grant.c.principal_id, principal.c.name, access_grant.c.rights)
    .join_from(access_grant, principal, principal.c.id == access_grant.c.principal_id)
    .where(access_grant.c.node_id.in_(select(_GIVEN.c.id)))
    .order_by(access_grant.c.node_id, principal.c.name)
)


def grants_on(session: Session, node_ids: Iterable[int]) -> list[Grant]:
    """Return all grants on some nodes, to whomever."""
    return [Grant(*row) for row in session.all(_ON_NODES, ids=json.dumps(list(node_ids)))]


_REMOVE = Statement(
    delete(access_grant).where(
        access_grant.c.node_id == bindparam("node_id"), access_grant.c.principal_id == bindparam("principal_id")
    )
)
_GRANT = Statement(
    insert(access_grant).values(node_id=bindparam("node_id"), principal_id=bindparam("principal_id"), rights=bindparam("rights"))
)


def grant(tx: Transaction, node_id: int, principal_id: int, rights: int) -> None:
    """Let a principal have exactly these rights on a node and all below it; without any, what it had there ends."""
    tx.run(_REMOVE, node_id=node_id, principal_id=principal_id)
    if rights:
        tx.run(_GRANT, node_id=node_id, principal_id=principal_id, rights=rights)


_SET_CLOSED = Statement(update(node).where(node.c.id == bindparam("node_id")).values(is_closed=bindparam("new_is_closed")))


def set_closed(tx: Transaction, node_id: int, *, is_closed: bool) -> None:
    """Let grants on what is above a node hold for it, or not."""
    tx.run(_SET_CLOSED, node_id=node_id, new_is_closed=int(is_closed))
