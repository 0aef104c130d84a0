"""Objects that have registrations, wherever they are, and when they were deleted and restored: rows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, and_, bindparam, func, literal, or_, select

from davgate.model.instant import FOREVER
from davgate.model.node import ROOT_ID, Node
from davgate.model.registration import Deletion
from davgate.storage.database import Session
from davgate.storage.object_tables import deletion
from davgate.storage.rows import NODE_COLUMNS, NODE_WIDTH, to_node
from davgate.storage.statements import Statement, ids_given
from davgate.storage.tables import node, node_type, placement, principal, trash

_FOUND = select(*NODE_COLUMNS, node_type.c.type).outerjoin_from(node, node_type, node_type.c.node_id == node.c.id)
_BY_UUID = Statement(_FOUND.where(node.c.uuid == bindparam("uuid")))
_BY_ID = Statement(_FOUND.where(node.c.id == bindparam("of")))
_BY_BEGINNING = Statement(_FOUND.where(node.c.uuid >= bindparam("begins"), node.c.uuid < bindparam("ends")))


def find(session: Session, uuid: str) -> tuple[Node, str | None] | None:
    """Return the node of an id with its type, also where it was deleted, or None."""
    row = session.first(_BY_UUID, uuid=uuid)
    return None if row is None else (to_node(row), row[NODE_WIDTH])


def find_by_id(session: Session, node_id: int) -> tuple[Node, str | None] | None:
    """Return a node by its inner id with its type, or None."""
    row = session.first(_BY_ID, of=node_id)
    return None if row is None else (to_node(row), row[NODE_WIDTH])


def beginning_with(session: Session, begins: str) -> list[tuple[Node, str | None]]:
    """Return the nodes whose ids begin with a text, with their types, also deleted ones: one as a rule."""
    rows = session.all(_BY_BEGINNING, begins=begins, ends=f"{begins}~")
    return [(to_node(row), row[NODE_WIDTH]) for row in rows]


_NAMESPACE = Statement(select(node.c.uuid).where(node.c.id == ROOT_ID))


def namespace(session: Session) -> str:
    """Return the id of this installation, in whose namespace accounts have ids."""
    return str(session.all(_NAMESPACE)[0][0])


_DELETED_NAME = Statement(select(trash.c.name).where(trash.c.node_id == bindparam("of")))


def deleted_name(session: Session, node_id: int) -> str | None:
    """Return the name on the drive that something had until it was deleted, or None."""
    row = session.first(_DELETED_NAME, of=node_id)
    return row[0] or None if row is not None else None


# A document was deleted with the collections that it is in; of their past what happened while it was there counts.
_UP = select(
    node.c.id.label("id"), node.c.parent_id.label("parent_id"), literal(0).label("height"), node.c.created_at.label("since")
).where(node.c.id == bindparam("of"))
_CLIMB = _UP.cte("climb", recursive=True)
_CHAIN = _CLIMB.union_all(
    select(node.c.id, node.c.parent_id, _CLIMB.c.height + 1, _CLIMB.c.since).join_from(
        _CLIMB, node, node.c.id == _CLIMB.c.parent_id
    )
)
_placed = (
    select(func.max(placement.c.from_at))
    .where(placement.c.node_id == bindparam("of"), placement.c.to_at == FOREVER)
    .scalar_subquery()
)


def _deletions() -> Select[Any]:
    by, back = principal.alias("by"), principal.alias("back")
    return (
        select(deletion.c.deleted_at, by.c.name, deletion.c.comment, deletion.c.restored_at, back.c.name)
        .join_from(_CHAIN, deletion, deletion.c.node_id == _CHAIN.c.id)
        .join(by, by.c.id == deletion.c.deleted_by)
        .join(back, back.c.id == deletion.c.restored_by)
        .where(or_(_CHAIN.c.height == 0, deletion.c.deleted_at > func.coalesce(_placed, _CHAIN.c.since)))
        .order_by(deletion.c.deleted_at)
    )


_PAST = Statement(_deletions())
_PRESENT = Statement(
    select(trash.c.deleted_at, principal.c.name, trash.c.comment)
    .join_from(_CHAIN, trash, and_(trash.c.node_id == _CHAIN.c.id, _CHAIN.c.parent_id.is_(None)))
    .join(principal, principal.c.id == trash.c.deleted_by)
)


def deletions(session: Session, node_id: int) -> list[Deletion]:
    """Return when an object, or what it lies in, was deleted and restored, the oldest deletion first."""
    past = [Deletion(row[0], row[1], row[2], row[3], row[4]) for row in session.all(_PAST, of=node_id)]
    return past + [Deletion(row[0], row[1], row[2]) for row in session.all(_PRESENT, of=node_id)]


_GIVEN = ids_given("ids")
_UUIDS = Statement(select(node.c.id, node.c.uuid).where(node.c.id.in_(select(_GIVEN.c.id))))


def uuids(session: Session, node_ids: Sequence[int]) -> dict[int, str]:
    """Return the ids of the outside by inner ids."""
    return {row[0]: row[1] for row in session.all(_UUIDS, ids=json.dumps(list(node_ids)))}
