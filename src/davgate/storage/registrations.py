"""Objects that have registrations, wherever they are, and when they were deleted and restored: rows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Select, and_, bindparam, func, insert, literal, or_, select

from davgate.model.instant import FOREVER
from davgate.model.node import ROOT_ID, Node
from davgate.model.registration import Deletion
from davgate.storage import dances
from davgate.storage.database import Session, Transaction
from davgate.storage.object_tables import deletion
from davgate.storage.rows import NODE_COLUMNS, NODE_WIDTH, to_node
from davgate.storage.statements import Row, Statement, ids_given, texts_given
from davgate.storage.tables import node, node_type, placement, principal, trash

_FOUND = select(*NODE_COLUMNS, node_type.c.type).outerjoin_from(node, node_type, node_type.c.node_id == node.c.id)
_GIVEN, _GIVEN_UUIDS = ids_given("ids"), texts_given("uuids")
_BY_UUIDS = Statement(_FOUND.where(node.c.uuid.in_(select(_GIVEN_UUIDS.c.text))))
_BY_IDS = Statement(_FOUND.where(node.c.id.in_(select(_GIVEN.c.id))))
_BY_BEGINNING = Statement(_FOUND.where(node.c.uuid >= bindparam("begins"), node.c.uuid < bindparam("ends")))


def find(session: Session, uuids: Iterable[str]) -> dict[str, tuple[Node, str | None]]:
    """Return by their ids of the outside nodes with their types, also deleted ones. What became part of another is that one.

    One statement, and two more where some are not found by their own ids.
    """
    wanted = frozenset(uuids)
    rows = session.all(_BY_UUIDS, uuids=json.dumps(sorted(wanted)))
    found = {node.uuid: (node, kind) for node, kind in map(_with_type, rows)}
    if others := wanted.difference(found):
        joined = dances.successors_of(session, others)
        rows = session.all(_BY_IDS, ids=json.dumps(sorted(set(joined.values())))) if joined else []
        by_id = {node.id: (node, kind) for node, kind in map(_with_type, rows)}
        found |= {uuid: by_id[node_id] for uuid, node_id in joined.items()}
    return found


def _with_type(row: Row) -> tuple[Node, str | None]:
    return to_node(row), row[NODE_WIDTH]


def beginning_with(session: Session, begins: str) -> list[tuple[Node, str | None]]:
    """Return the nodes whose ids begin with a text, with their types, also deleted ones: one as a rule."""
    return [_with_type(row) for row in session.all(_BY_BEGINNING, begins=begins, ends=f"{begins}~")]


_NAMESPACE = Statement(select(node.c.uuid).where(node.c.id == ROOT_ID))


def namespace(session: Session) -> str:
    """Return the id of this installation, in whose namespace accounts have ids."""
    return str(session.all(_NAMESPACE)[0][0])


_DELETED_NAMES = Statement(select(trash.c.node_id, trash.c.name).where(trash.c.node_id.in_(select(_GIVEN.c.id))))


def deleted_names(session: Session, node_ids: Iterable[int]) -> dict[int, str]:
    """Return the names on the drive that nodes had until they were deleted, of those that had one."""
    rows = session.all(_DELETED_NAMES, ids=json.dumps(list(node_ids)))
    return {row[0]: row[1] for row in rows if row[1]}


# A document was deleted with the collections that it is in; of their past what happened while it was there counts.
_PLACED_AT = (
    select(func.max(placement.c.from_at))
    .where(placement.c.node_id == node.c.id, placement.c.to_at == FOREVER)
    .correlate(node)
    .scalar_subquery()
)
_CLIMB = (
    select(
        node.c.id.label("start"),
        node.c.id.label("id"),
        node.c.parent_id.label("parent_id"),
        literal(0).label("height"),
        func.coalesce(_PLACED_AT, node.c.created_at).label("since"),
    )
    .where(node.c.id.in_(select(_GIVEN.c.id)))
    .cte("climb", recursive=True)
)
_CHAIN = _CLIMB.union_all(
    select(_CLIMB.c.start, node.c.id, node.c.parent_id, _CLIMB.c.height + 1, _CLIMB.c.since).join_from(
        _CLIMB, node, node.c.id == _CLIMB.c.parent_id
    )
)


def _past() -> Select[Any]:
    by, back = principal.alias("by"), principal.alias("back")
    return (
        select(_CHAIN.c.start, deletion.c.deleted_at, by.c.name, deletion.c.comment, deletion.c.restored_at, back.c.name)
        .join_from(_CHAIN, deletion, deletion.c.node_id == _CHAIN.c.id)
        .join(by, by.c.id == deletion.c.deleted_by)
        .join(back, back.c.id == deletion.c.restored_by)
        .where(or_(_CHAIN.c.height == 0, deletion.c.deleted_at > _CHAIN.c.since))
        .order_by(deletion.c.deleted_at)
    )


_PAST = Statement(_past())
_PRESENT = Statement(
    select(_CHAIN.c.start, trash.c.deleted_at, principal.c.name, trash.c.comment)
    .join_from(_CHAIN, trash, and_(trash.c.node_id == _CHAIN.c.id, _CHAIN.c.parent_id.is_(None)))
    .join(principal, principal.c.id == trash.c.deleted_by)
)


def deletions(session: Session, node_ids: Iterable[int]) -> dict[int, list[Deletion]]:
    """Return by id when objects, or what they lie in, were deleted and restored, the oldest deletion first."""
    ids = list(node_ids)
    found: dict[int, list[Deletion]] = {one: [] for one in ids}
    for statement in (_PAST, _PRESENT):
        for start, *told in session.all(statement, ids=json.dumps(ids)):
            found[start].append(Deletion(*told))
    return found


_DELETED_ABOVE = Statement(
    select(trash.c.deleted_at, trash.c.deleted_by, trash.c.comment).join_from(
        _CHAIN, trash, and_(trash.c.node_id == _CHAIN.c.id, _CHAIN.c.parent_id.is_(None))
    )
)
_KEEP = Statement(insert(deletion).values({column.name: bindparam(column.name) for column in deletion.columns}))


def keep_deletion_above(tx: Transaction, node_id: int, by: int) -> None:
    """Keep that a node was deleted with what it lies in, as something that happened to itself: it will lie elsewhere."""
    for deleted_at, deleted_by, comment in tx.all(_DELETED_ABOVE, ids=json.dumps([node_id])):
        tx.run(
            _KEEP,
            node_id=node_id,
            deleted_at=deleted_at,
            deleted_by=deleted_by,
            comment=comment,
            restored_at=tx.at,
            restored_by=by,
        )


_UUIDS = Statement(select(node.c.id, node.c.uuid).where(node.c.id.in_(select(_GIVEN.c.id))))


def uuids(session: Session, node_ids: Sequence[int]) -> dict[int, str]:
    """Return the ids of the outside by inner ids."""
    return {row[0]: row[1] for row in session.all(_UUIDS, ids=json.dumps(list(node_ids)))}
