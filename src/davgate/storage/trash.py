"""What was deleted: the entries of the trash, and what lies in them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import and_, bindparam, func, select, update

from davgate.model.frozen import frozen
from davgate.model.instant import Instant
from davgate.model.node import Node
from davgate.storage.rows import NODE_COLUMNS, NODE_WIDTH, to_node
from davgate.storage.statements import Row, Statement, fits
from davgate.storage.tables import is_collection, node, placement, principal, trash
from davgate.storage.transactions import Session, Transaction

_top, _below = node.alias("top"), node.alias("below")
# By way of the collections that lie nowhere: an index knows them, and most of what is deleted are documents.
_DELETED_COLLECTIONS = select(_top.c.id).where(_top.c.parent_id.is_(None), is_collection(_top))
_TOP = (
    select(trash.c.node_id.label("id"), trash.c.deleted_at, trash.c.deleted_by, trash.c.comment)
    .where(trash.c.node_id.in_(_DELETED_COLLECTIONS))
    .cte("trashed", recursive=True)
)
TRASHED: Final = _TOP.union_all(
    select(_below.c.id, _TOP.c.deleted_at, _TOP.c.deleted_by, _TOP.c.comment).where(
        _below.c.parent_id == _TOP.c.id, is_collection(_below)
    )
)
"""The collections that were deleted, and those in them: what lies in one of them is deleted with it."""
IN_TREE: Final = and_(node.c.parent_id.is_not(None), node.c.parent_id.not_in(select(TRASHED.c.id)))
"""The clause that a node is not deleted."""
_FORMER_NAME = select(trash.c.name).where(trash.c.node_id == node.c.id, trash.c.name != "").scalar_subquery()
_LAST_NAME = (
    select(placement.c.name)
    .where(placement.c.node_id == node.c.id)
    .order_by(placement.c.from_at.desc())
    .limit(1)
    .scalar_subquery()
)
NAME_HAD: Final = func.coalesce(node.c.name, _FORMER_NAME, _LAST_NAME)
"""What a node is called on the drive, or was until it was deleted or lost its content there; null where it never was there."""


@frozen
class TrashEntry:
    """A document or collection in the trash: its former name, place and collection, who deleted it and when.

    One without a name was not on the drive. With ``keeps_address`` it is still found where it was by doors that show such.
    """

    node: Node
    parent_id: int
    name: str
    path: str
    deleted_at: Instant
    deleted_by: str
    keeps_address: bool = False


_ENTRIES = select(
    *NODE_COLUMNS,
    trash.c.parent_id,
    trash.c.name,
    trash.c.path,
    trash.c.deleted_at,
    principal.c.name,
    trash.c.keeps_address,
).select_from(trash.join(node, node.c.id == trash.c.node_id).join(principal, principal.c.id == trash.c.deleted_by))
_ALL = Statement(_ENTRIES.order_by(trash.c.deleted_at, trash.c.node_id))
_ONE = Statement(_ENTRIES.where(trash.c.node_id == bindparam("node_id")))


def entries(session: Session) -> list[TrashEntry]:
    """Return all entries, the oldest deletion first."""
    return [_to_entry(row) for row in session.all(_ALL)]


def find(session: Session, node_id: int) -> TrashEntry | None:
    """Return the entry of a node, or None."""
    row = session.first(_ONE, node_id=node_id) if fits(node_id) else None
    return None if row is None else _to_entry(row)


_HERE = (
    select(node.c.id.label("id"), node.c.parent_id.label("parent_id"))
    .where(node.c.id == bindparam("node_id"))
    .cte("here", recursive=True)
)
_ABOVE = _HERE.union_all(select(node.c.id, node.c.parent_id).where(node.c.id == _HERE.c.parent_id))
_AROUND = Statement(_ENTRIES.where(trash.c.node_id.in_(select(_ABOVE.c.id).where(_ABOVE.c.parent_id.is_(None)))))


def find_around(session: Session, node_id: int) -> TrashEntry | None:
    """Return the entry that a node is, or in which it lies, or None where it is in the tree or nowhere."""
    row = session.first(_AROUND, node_id=node_id)
    return None if row is None else _to_entry(row)


_END_ADDRESS = Statement(update(trash).where(trash.c.node_id == bindparam("of")).values(keeps_address=0))


def end_address(tx: Transaction, node_id: int) -> None:
    """Let an entry no longer be found where it was."""
    tx.run(_END_ADDRESS, of=node_id)


def _to_entry(row: Row) -> TrashEntry:
    parent_id, name, path, deleted_at, by, keeps_address = row[NODE_WIDTH:]
    return TrashEntry(to_node(row[:NODE_WIDTH]), parent_id, name, path, deleted_at, by, bool(keeps_address))
