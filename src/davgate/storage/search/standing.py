"""How documents stand, as columns to sort by: at which revision, by which name, held by whom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, bindparam, case, func, literal_column, select

from davgate.model.instant import FOREVER
from davgate.model.locks import Depth
from davgate.model.query import Standing
from davgate.storage.object_tables import logical_name, revision
from davgate.storage.tables import check_out, lock, node

_OF_NODE = revision.c.document_id == node.c.id
_NEWEST_ID = select(revision.c.id).where(_OF_NODE).order_by(revision.c.no.desc()).limit(1).scalar_subquery()
_NEWEST_NO = select(func.max(revision.c.no)).where(_OF_NODE).scalar_subquery()
_LOGICAL_NAME = select(logical_name.c.name).where(logical_name.c.node_id == node.c.id).scalar_subquery()

# Of several locks the one is told that ``core.describing`` shows: the caller's own, one without end, that of the least id.
_WHO = bindparam("who", type_=BigInteger())
_ENDS: Final = 1 << 40
"""Added to the id of the holder of a lock that ends by itself; there are not as many principals."""
_RANK = lock.c.principal_id + case((lock.c.expires_at == literal_column(str(FOREVER)), 0), else_=literal_column(str(_ENDS)))
_TAKEN = (
    select(lock.c.node_id.label("id"), lock.c.depth.label("depth"), lock.c.principal_id.label("holder_id"), _RANK.label("rank"))
    .where(lock.c.expires_at > bindparam("now", type_=BigInteger()))
    .cte("taken", recursive=True)
)
_below = node.alias("below")
_AFFECTED = _TAKEN.union_all(
    select(_below.c.id, _TAKEN.c.depth, _TAKEN.c.holder_id, _TAKEN.c.rank)
    .join_from(_TAKEN, _below, _below.c.parent_id == _TAKEN.c.id)
    .where(_TAKEN.c.depth == literal_column(f"'{Depth.INFINITY.value}'"))
)
_OWN = func.min(case((_AFFECTED.c.holder_id == _WHO, _AFFECTED.c.rank)))
LOCKED: Final = (
    select(_AFFECTED.c.id, func.coalesce(_OWN, func.min(_AFFECTED.c.rank)).label("rank")).group_by(_AFFECTED.c.id).cte("locked")
)
"""What is locked, also by a lock on what it lies in: to be joined where ``HOLDER`` is asked for."""

_CHECKED_OUT_BY = (
    select(check_out.c.principal_id)
    .where(check_out.c.document_id == node.c.id, check_out.c.cancelled_at.is_(None), check_out.c.principal_id != _WHO)
    .scalar_subquery()
)
_ENDS_BY_ITSELF = LOCKED.c.rank >= literal_column(str(_ENDS))

STANDINGS: Final[Mapping[Standing, ColumnElement[Any]]] = {
    Standing.REVISION_ID: func.coalesce(_NEWEST_ID, node.c.id),
    Standing.REVISION_NO: func.coalesce(_NEWEST_NO, 0),
    Standing.LOGICAL_NAME: _LOGICAL_NAME,
    Standing.HOLDER: case(
        (_ENDS_BY_ITSELF, literal_column(str(_ENDS)) - LOCKED.c.rank),
        else_=func.coalesce(LOCKED.c.rank, _CHECKED_OUT_BY, 0),
    ),
}
"""What stands for a standing in a statement about ``node``, with ``LOCKED`` joined to it; ``now`` and ``who`` are parameters."""
