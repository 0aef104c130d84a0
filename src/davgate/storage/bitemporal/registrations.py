"""Objects that have registrations, wherever they are, and when they were deleted and restored: rows."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import CTE, BigInteger, Select, and_, bindparam, case, insert, literal, or_, select, union_all

from davgate.model.bitemporal.registration import Deletion
from davgate.model.indexing import folded
from davgate.model.instant import FOREVER
from davgate.model.node import ROOT_ID, Node
from davgate.storage import dances
from davgate.storage.object_tables import deletion, temporal_value
from davgate.storage.rows import NODE_COLUMNS, NODE_WIDTH, to_node
from davgate.storage.statements import Row, Statement, ids_given, texts_given
from davgate.storage.tables import bare_place, node, node_type, placement, principal, trash
from davgate.storage.transactions import Session, Transaction
from davgate.storage.trash import NAME_HAD

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


_SAYING = select(temporal_value.c.node_id).where(
    temporal_value.c.property == bindparam("said_as"), temporal_value.c.value == bindparam("said")
)
_THAT_SAID = Statement(_FOUND.where(node.c.id.in_(_SAYING)).order_by(node.c.id))


def that_said(session: Session, said_as: str, text: str) -> list[Node]:
    """Return the nodes that a registration of any time says a text of, by the property that it is found by."""
    return [to_node(row) for row in session.all(_THAT_SAID, said_as=said_as, said=folded(text))]


_NAMESPACE = Statement(select(node.c.uuid).where(node.c.id == ROOT_ID))


def namespace(session: Session) -> str:
    """Return the id of this installation, in whose namespace accounts have ids."""
    return str(session.all(_NAMESPACE)[0][0])


_NAMES_HAD = Statement(select(node.c.id, NAME_HAD).where(node.c.id.in_(select(_GIVEN.c.id))))


def names_had(session: Session, node_ids: Iterable[int]) -> dict[int, str]:
    """Return the names that nodes have on the drive, or had until they left it, of those that ever had one."""
    rows = session.all(_NAMES_HAD, ids=json.dumps(list(node_ids)))
    return {row[0]: row[1] for row in rows if row[1]}


# What something lies in today, up to the root or to what is in the trash.
_HERE = (
    select(node.c.id.label("start"), node.c.id.label("id"), node.c.parent_id.label("parent_id"))
    .where(node.c.id.in_(select(_GIVEN.c.id)))
    .cte("here", recursive=True)
)
_ABOVE = _HERE.union_all(
    select(_HERE.c.start, node.c.id, node.c.parent_id).join_from(_HERE, node, node.c.id == _HERE.c.parent_id)
)
_DELETED_ABOVE = and_(trash.c.node_id == _ABOVE.c.id, _ABOVE.c.parent_id.is_(None))


def _lay_in() -> CTE:
    """Return what something lay in, and what that lay in, each for as long as it did, wherever it is today; and itself."""
    ever, forever = literal(0, BigInteger()), literal(FOREVER, BigInteger())
    itself = select(_GIVEN.c.id.label("start"), _GIVEN.c.id.label("id"), ever.label("since"), forever.label("until"))
    # Collections have names, so that only what is asked for can have been somewhere without one.
    bare = select(bare_place.c.node_id, bare_place.c.parent_id, bare_place.c.from_at, bare_place.c.to_at).where(
        bare_place.c.node_id.in_(select(_GIVEN.c.id))
    )
    lay = select(union_all(itself, bare).subquery("given")).cte("lay", recursive=True)
    since = case((placement.c.from_at > lay.c.since, placement.c.from_at), else_=lay.c.since)
    until = case((placement.c.to_at < lay.c.until, placement.c.to_at), else_=lay.c.until)
    overlaps = and_(placement.c.from_at < lay.c.until, placement.c.to_at > lay.c.since)
    return lay.union_all(
        select(lay.c.start, placement.c.parent_id, since, until).join_from(
            lay, placement, and_(placement.c.node_id == lay.c.id, overlaps)
        )
    )


def _past() -> Select[Any]:
    """Return the query for what was deleted and restored: something itself, or what it lay in then, wherever it is today."""
    lay_in = _lay_in()
    # What left a collection while that was in the trash did not come back with it.
    was_in_it = and_(
        deletion.c.deleted_at > lay_in.c.since, or_(lay_in.c.until == FOREVER, deletion.c.restored_at < lay_in.c.until)
    )
    by, back = principal.alias("by"), principal.alias("back")
    return (
        select(
            lay_in.c.start,
            deletion.c.deleted_at,
            by.c.id,
            by.c.name,
            deletion.c.comment,
            deletion.c.restored_at,
            back.c.id,
            back.c.name,
        )
        .join_from(lay_in, deletion, and_(deletion.c.node_id == lay_in.c.id, was_in_it))
        .join(by, by.c.id == deletion.c.deleted_by)
        .join(back, back.c.id == deletion.c.restored_by)
        .order_by(deletion.c.deleted_at)
    )


_PAST = Statement(_past())
_PRESENT = Statement(
    select(_ABOVE.c.start, trash.c.deleted_at, principal.c.id, principal.c.name, trash.c.comment)
    .join_from(_ABOVE, trash, _DELETED_ABOVE)
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


_LAY_IN = _lay_in()
_EVER_ABOVE = Statement(select(_LAY_IN.c.id).where(_LAY_IN.c.id != _LAY_IN.c.start).distinct())


def ever_above(session: Session, node_id: int) -> list[int]:
    """Return the ids of the collections that a node was ever in, and of those above them then."""
    return [row[0] for row in session.all(_EVER_ABOVE, ids=json.dumps([node_id]))]


_DELETION_ABOVE = Statement(
    select(trash.c.deleted_at, trash.c.deleted_by, trash.c.comment).join_from(_ABOVE, trash, _DELETED_ABOVE)
)
_KEEP = Statement(insert(deletion).values({column.name: bindparam(column.name) for column in deletion.columns}))


def keep_deletion_above(tx: Transaction, node_id: int, by: int) -> None:
    """Keep that a node was deleted with what it lies in, as something that happened to itself: it will lie elsewhere."""
    for deleted_at, deleted_by, comment in tx.all(_DELETION_ABOVE, ids=json.dumps([node_id])):
        tx.run(
            _KEEP,
            node_id=node_id,
            deleted_at=deleted_at,
            deleted_by=deleted_by,
            comment=comment,
            restored_at=tx.at,
            restored_by=by,
        )
