"""Finding documents and collections by what their current versions say: a tree of conditions as one statement.

Statements that differ in values alone are made once, see ``shapes``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias, cast

from sqlalchemy import BigInteger, ColumnElement, Integer, Select, and_, bindparam, exists, func, or_, select

from davgate.model.node import NodeKind
from davgate.model.query import NUMBERS, Condition, Fact, Order, Property
from davgate.storage.covers import cover_of
from davgate.storage.criteria import COLUMNS, holds, needs_version, sorts_by_version, value_of
from davgate.storage.database import Session
from davgate.storage.shapes import Shape, looks_into_texts, take_apart
from davgate.storage.statements import Statement, Value
from davgate.storage.tables import access_grant, node, trash, version
from davgate.storage.text_functions import ByCodePoint

Kinds: TypeAlias = frozenset[NodeKind]
Found: TypeAlias = tuple[int, int, int, int]
"""What was found: its id, that of its collection, who made it, and whether it may have other rights than that.

As rows come from the driver: there may be very many.
"""


def count_of(session: Session, condition: Condition, kinds: Kinds) -> int:
    """Return of how many nodes in the tree a condition holds."""
    shape, values = take_apart(condition)
    row = session.first(_count(shape, kinds), **values)
    return int(row[0]) if row else 0


def page(session: Session, condition: Condition, kinds: Kinds, order: Order, *, first: int, most: int) -> tuple[list[int], int]:
    """Return the ids of some of the nodes of which a condition holds, in an order, and of how many it does."""
    shape, values = take_apart(condition)
    statement = _page(shape, kinds, _sorting_of(order))
    rows = session.all(statement, **values, **_named(order), first=first, most=most)
    if rows and looks_into_texts(shape):
        return [row[0] for row in rows], int(rows[0][1])
    # Of a page that is not full the last one found is the last there is.
    is_last = len(rows) < most and (rows or first == 0)
    return [row[0] for row in rows], first + len(rows) if is_last else count_of(session, condition, kinds)


def all_of(session: Session, condition: Condition, kinds: Kinds, order: Order) -> list[Found]:
    """Return all nodes of which a condition holds, in an order, with what tells who may see them."""
    shape, values = take_apart(condition)
    statement = _all(shape, kinds, _sorting_of(order))
    return cast(list[Found], session.all(statement, **values, **_named(order)))


# Order


@dataclass(frozen=True, slots=True)
class _Sorting:
    """By what is sorted: a fact, or the property whose id is a parameter."""

    fact: Fact | None
    descending: bool


def _sorting_of(order: Order) -> tuple[_Sorting, ...]:
    return tuple(_Sorting(by.term if isinstance(by.term, Fact) else None, by.descending) for by in order)


def _named(order: Order) -> dict[str, Value]:
    return {f"p{no}": by.term.id for no, by in enumerate(order) if isinstance(by.term, Property)}


def _order(sorting: Iterable[_Sorting]) -> list[ColumnElement[Any]]:
    clauses: list[ColumnElement[Any]] = []
    for no, one in enumerate(sorting):
        column: ColumnElement[Any]
        if one.fact is None:
            column = value_of(f"p{no}", is_greatest=one.descending)
        else:
            column = COLUMNS[one.fact] if one.fact in NUMBERS else ByCodePoint(COLUMNS[one.fact])
        clauses.append(column.desc().nulls_last() if one.descending else column.asc().nulls_first())
        if one.fact is Fact.ID:
            return clauses
    return [*clauses, node.c.id]


# What is there

# Of what is below a collection, collections alone: what is in one of them is deleted with it.
_TRASHED_TOP = select(trash.c.node_id.label("id")).cte("trashed", recursive=True)
_below = node.alias("below")
_TRASHED = _TRASHED_TOP.union_all(
    select(_below.c.id).where(_below.c.parent_id == _TRASHED_TOP.c.id, _below.c.kind == NodeKind.COLLECTION.value)
)


def _is_there(kinds: Kinds) -> ColumnElement[bool]:
    wanted = [node.c.kind == NodeKind.COLLECTION.value] if NodeKind.COLLECTION in kinds else []
    if NodeKind.DOCUMENT in kinds:
        wanted.append(and_(node.c.kind == NodeKind.DOCUMENT.value, node.c.version_no > 0))
    return and_(or_(*wanted), node.c.parent_id.is_not(None), node.c.parent_id.not_in(select(_TRASHED.c.id)))


def _selected(
    columns: tuple[ColumnElement[Any], ...], shape: Shape, kinds: Kinds, sorting: tuple[_Sorting, ...] = ()
) -> Select[*tuple[Any, ...]]:
    cover = cover_of(shape)
    found = select(*columns).where(holds(shape) if cover is None else cover.clause(), _is_there(kinds)).select_from(node)
    if needs_version(shape) or any(sorts_by_version(one.fact) for one in sorting):
        # Collections need not have one.
        found = found.outerjoin(version, and_(version.c.document_id == node.c.id, version.c.no == node.c.version_no))
    return found


@lru_cache(maxsize=256)
def _count(shape: Shape, kinds: Kinds) -> Statement:
    return Statement(_selected((func.count(),), shape, kinds))


@lru_cache(maxsize=256)
def _page(shape: Shape, kinds: Kinds, sorting: tuple[_Sorting, ...]) -> Statement:
    # To look through texts a second time, for their number, takes as long as the first. Others are counted faster than kept.
    columns = (node.c.id, func.count().over()) if looks_into_texts(shape) else (node.c.id,)
    found = _selected(columns, shape, kinds, sorting).order_by(*_order(sorting))
    limits = bindparam("most", type_=Integer()), bindparam("first", type_=BigInteger())
    return Statement(found.limit(limits[0]).offset(limits[1]))


@lru_cache(maxsize=256)
def _all(shape: Shape, kinds: Kinds, sorting: tuple[_Sorting, ...]) -> Statement:
    is_granted = exists().where(access_grant.c.node_id == node.c.id)
    is_apart = or_(node.c.is_closed == 1, is_granted)
    columns = (node.c.id, node.c.parent_id, node.c.created_by, func.coalesce(is_apart, False))
    return Statement(_selected(columns, shape, kinds, sorting).order_by(*_order(sorting)))
