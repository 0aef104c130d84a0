"""What was deleted: the entries of the trash, and who may see them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import and_, bindparam, func, select

from davgate.model.instant import Instant
from davgate.model.node import Node
from davgate.model.principal import Principal
from davgate.storage.database import Session
from davgate.storage.rows import NODE_COLUMNS, NODE_WIDTH, to_node
from davgate.storage.statements import Row, Statement
from davgate.storage.tables import access_grant, node, principal, trash


@dataclass(frozen=True, slots=True)
class TrashEntry:
    """A document or collection in the trash: its former name, place and collection, who deleted it and when."""

    node: Node
    parent_id: int
    name: str
    path: str
    deleted_at: Instant
    deleted_by_id: int
    deleted_by: str


_ENTRIES = select(
    *NODE_COLUMNS, trash.c.parent_id, trash.c.name, trash.c.path, trash.c.deleted_at, trash.c.deleted_by, principal.c.name
).select_from(trash.join(node, node.c.id == trash.c.node_id).join(principal, principal.c.id == trash.c.deleted_by))
_ALL = Statement(_ENTRIES.order_by(trash.c.deleted_at, trash.c.node_id))
_ONE = Statement(_ENTRIES.where(trash.c.node_id == bindparam("node_id")))


def entries(session: Session) -> list[TrashEntry]:
    """Return all entries, the oldest deletion first."""
    return [_to_entry(row) for row in session.all(_ALL)]


def find(session: Session, node_id: int) -> TrashEntry | None:
    """Return the entry of a node, or None."""
    row = session.first(_ONE, node_id=node_id)
    return None if row is None else _to_entry(row)


def _to_entry(row: Row) -> TrashEntry:
    parent_id, name, path, deleted_at, by_id, by = row[NODE_WIDTH:]
    return TrashEntry(to_node(row[:NODE_WIDTH]), parent_id, name, path, deleted_at, by_id, by)


# A collection that was deleted itself, later, goes on with where it was.
_START = select(trash.c.node_id.label("entry"), trash.c.node_id.label("at"))
_CLIMB = _START.cte("climb", recursive=True)
_above = trash.alias("above")
_UP = func.coalesce(node.c.parent_id, _above.c.parent_id)
_CLIMBED = _CLIMB.union(
    select(_CLIMB.c.entry, _UP)
    .select_from(_CLIMB.join(node, node.c.id == _CLIMB.c.at).outerjoin(_above, _above.c.node_id == node.c.id))
    .where(_UP.is_not(None))
)
_GRANTS = Statement(
    select(_CLIMBED.c.entry, access_grant.c.rights).join_from(
        _CLIMBED,
        access_grant,
        and_(access_grant.c.node_id == _CLIMBED.c.at, access_grant.c.principal_id.in_([bindparam("me"), bindparam("also_me")])),
    )
)


def grants(session: Session, who: Principal) -> dict[int, list[int]]:
    """Return by node id the rights given to a principal on each entry and on the collections that it was in. One statement."""
    found: dict[int, list[int]] = {}
    for entry, rights in session.all(_GRANTS, me=who.id, also_me=who.identities[-1]):
        found.setdefault(entry, []).append(rights)
    return found
