"""Finding documents and collections by what their current versions say: a tree of conditions as one statement.

Statements that differ in values alone are made once, see ``shapes``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final, TypeAlias, cast

from sqlalchemy import BigInteger, ColumnElement, Integer, Select, and_, bindparam, case, exists, func, or_, select

from davgate.model.frozen import frozen
from davgate.model.instant import Instant
from davgate.model.node import NodeKind
from davgate.model.query import COLLECTION, NUMBERS, Area, By, Called, Condition, Fact, Order, Property, Shown, Sortable, Standing
from davgate.storage.object_tables import revision
from davgate.storage.search.covers import cover_of
from davgate.storage.search.criteria import COLUMNS, TITLE_SAID, holds, needs_version, sorts_by_version, value_of
from davgate.storage.search.shapes import Shape, looks_into_texts, take_apart
from davgate.storage.search.standing import LOCKED, STANDINGS
from davgate.storage.search.text_functions import ByCodePoint
from davgate.storage.statements import Statement, Value, texts_given
from davgate.storage.tables import access_grant, node, trash, version
from davgate.storage.transactions import Session
from davgate.storage.trash import IN_TREE

Kinds: TypeAlias = frozenset[NodeKind]
Found: TypeAlias = tuple[int, int, int, int]
"""What was found: its id, that of its collection, who made it, and whether it may have other rights than the collection.

As rows come from the driver: there may be very many.
"""


@frozen
class Standpoint:
    """Where to search, who asks, and when: who is shown as the holder of a document depends on both."""

    area: Area = Area.TREE
    who: int = 0
    now: Instant = Instant(0)


HERE: Final = Standpoint()


def count_of(session: Session, condition: Condition, kinds: Kinds, area: Area = Area.TREE) -> int:
    """Return of how many nodes a condition holds."""
    shape, values = take_apart(condition)
    row = session.first(_count(shape, kinds, area), **values)
    return int(row[0]) if row else 0


def page(
    session: Session, condition: Condition, kinds: Kinds, order: Order, *, first: int, most: int, standpoint: Standpoint = HERE
) -> tuple[list[int], int]:
    """Return the ids of some of the nodes of which a condition holds, in an order, and of how many it does."""
    shape, values = take_apart(condition)
    order = _cheapest(session, order)
    statement = _page(shape, kinds, _sorting_of(order), standpoint.area)
    rows = session.all(statement, **values, **_named(order, standpoint), first=first, most=most)
    if rows and looks_into_texts(shape):
        return [row[0] for row in rows], int(rows[0][1])
    # Of a page that is not full the last one found is the last there is.
    is_last = len(rows) < most and (rows or first == 0)
    return [row[0] for row in rows], first + len(rows) if is_last else count_of(session, condition, kinds, standpoint.area)


def all_of(session: Session, condition: Condition, kinds: Kinds, order: Order, standpoint: Standpoint = HERE) -> list[Found]:
    """Return all nodes of which a condition holds, in an order, with what tells who may see them."""
    shape, values = take_apart(condition)
    order = _cheapest(session, order)
    statement = _all(shape, kinds, _sorting_of(order), standpoint.area)
    return cast(list[Found], session.all(statement, **values, **_named(order, standpoint)))


# Order


@frozen
class _Sorting:
    """What an order sorts by: a fact, perhaps in other words, how something stands, or, for None, a property.

    The id of a property, and the values that are not shown, are parameters.
    """

    fact: Fact | Called | Shown | Standing | None
    descending: bool


def _sorting_of(order: Order) -> tuple[_Sorting, ...]:
    return tuple(_Sorting(_without_values(by.term), by.descending) for by in order)


def _without_values(term: Sortable) -> Fact | Called | Shown | Standing | None:
    match term:
        case Property():
            return None
        case Shown(fact, _):
            return Shown(fact, ())
        case _:
            return term


def _named(order: Order, standpoint: Standpoint) -> dict[str, Value]:
    named: dict[str, Value] = {}
    for no, by in enumerate(order):
        match by.term:
            case Property(id):
                named[f"p{no}"] = id
            case Shown(_, hidden):
                named[f"p{no}"] = json.dumps(hidden)
    is_held = any(by.term is Standing.HOLDER for by in order)
    return {**named, "who": standpoint.who, "now": standpoint.now} if is_held else named


_ANY_REVISION = Statement(select(revision.c.id).limit(1))


def _cheapest(session: Session, order: Order) -> Order:
    """Return an order as it costs least: in a store without revisions every document is at its first, which has its id."""
    terms = {by.term for by in order}
    if terms.isdisjoint((Standing.REVISION_ID, Standing.REVISION_NO)) or session.first(_ANY_REVISION) is not None:
        return order
    by_id = (By(Fact.ID, by.descending) if by.term is Standing.REVISION_ID else by for by in order)
    return tuple(by for by in by_id if by.term is not Standing.REVISION_NO)


_TITLE_IN_TRASH = func.coalesce(func.nullif(TITLE_SAID, ""), node.c.name, trash.c.name, "")


def _column(sorting: _Sorting, no: int, area: Area) -> ColumnElement[Any]:
    match sorting.fact:
        case None:
            return value_of(f"p{no}", is_greatest=sorting.descending)
        case Called(fact, names, otherwise, of_collections):
            others = case((COLUMNS[Fact.KIND] == COLLECTION, of_collections or otherwise), else_=otherwise)
            return ByCodePoint(case(dict(names), value=COLUMNS[fact], else_=others))
        case Shown(fact, _):
            is_hidden = COLUMNS[fact].in_(select(texts_given(f"p{no}").c.text))
            return ByCodePoint(case((is_hidden, None), else_=COLUMNS[fact]))
        case Standing.LOGICAL_NAME:
            return ByCodePoint(STANDINGS[Standing.LOGICAL_NAME])
        case Standing() as standing:
            return STANDINGS[standing]
        case Fact.TITLE if area is Area.TRASH:
            return ByCodePoint(_TITLE_IN_TRASH)
        case fact:
            return COLUMNS[fact] if fact in NUMBERS else ByCodePoint(COLUMNS[fact])


def _order(sorting: Iterable[_Sorting], area: Area) -> list[ColumnElement[Any]]:
    clauses: list[ColumnElement[Any]] = []
    for no, one in enumerate(sorting):
        column = _column(one, no, area)
        clauses.append(column.desc().nulls_last() if one.descending else column.asc().nulls_first())
        if one.fact in (Fact.ID, Fact.UUID):
            return clauses
    return [*clauses, node.c.id]


# What is there

_TOP = select(trash.c.node_id.label("id")).cte("in_trash", recursive=True)
_below = node.alias("below")
_IN_TRASH = _TOP.union_all(select(_below.c.id).where(_below.c.parent_id == _TOP.c.id))


def _is_there(kinds: Kinds, area: Area) -> ColumnElement[bool]:
    wanted = [node.c.kind == NodeKind.COLLECTION.value] if NodeKind.COLLECTION in kinds else []
    if NodeKind.DOCUMENT in kinds:
        wanted.append(and_(node.c.kind == NodeKind.DOCUMENT.value, node.c.version_no > 0))
    if area is Area.TRASH:
        return and_(or_(*wanted), node.c.id.in_(select(_IN_TRASH.c.id)))
    return and_(or_(*wanted), IN_TREE)


def _selected(
    columns: tuple[ColumnElement[Any], ...], shape: Shape, kinds: Kinds, area: Area, sorting: tuple[_Sorting, ...] = ()
) -> Select[*tuple[Any, ...]]:
    cover = cover_of(shape)
    found = select(*columns).where(holds(shape) if cover is None else cover.clause(), _is_there(kinds, area)).select_from(node)
    if needs_version(shape) or any(sorts_by_version(one.fact) for one in sorting):
        # Collections need not have one.
        found = found.outerjoin(version, and_(version.c.document_id == node.c.id, version.c.no == node.c.version_no))
    if area is Area.TRASH:
        found = found.outerjoin(trash, trash.c.node_id == node.c.id)
    if any(one.fact is Standing.HOLDER for one in sorting):
        found = found.outerjoin(LOCKED, LOCKED.c.id == node.c.id)
    return found


@lru_cache(maxsize=256)
def _count(shape: Shape, kinds: Kinds, area: Area) -> Statement:
    return Statement(_selected((func.count(),), shape, kinds, area))


@lru_cache(maxsize=256)
def _page(shape: Shape, kinds: Kinds, sorting: tuple[_Sorting, ...], area: Area) -> Statement:
    # To look through texts a second time, for their number, takes as long as the first. Others are counted faster than kept.
    columns = (node.c.id, func.count().over()) if looks_into_texts(shape) else (node.c.id,)
    found = _selected(columns, shape, kinds, area, sorting).order_by(*_order(sorting, area))
    limits = bindparam("most", type_=Integer()), bindparam("first", type_=BigInteger())
    return Statement(found.limit(limits[0]).offset(limits[1]))


@lru_cache(maxsize=256)
def _all(shape: Shape, kinds: Kinds, sorting: tuple[_Sorting, ...], area: Area) -> Statement:
    is_granted = exists().where(access_grant.c.node_id == node.c.id)
    is_apart = or_(node.c.is_closed == 1, is_granted)
    # What was deleted has the rights of where it was.
    parent_id = func.coalesce(node.c.parent_id, trash.c.parent_id) if area is Area.TRASH else node.c.parent_id
    columns = (node.c.id, parent_id, node.c.created_by, func.coalesce(is_apart, False))
    return Statement(_selected(columns, shape, kinds, area, sorting).order_by(*_order(sorting, area)))
