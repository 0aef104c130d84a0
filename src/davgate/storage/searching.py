"""Finding documents by what their current versions say: a tree of conditions as one statement.

Statements that differ in values alone are made once. Equality is looked up in the rows that are kept for it
(``property_index``); texts within texts are looked for in the versions themselves, one by one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from typing import Any, TypeAlias, cast

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    Text,
    and_,
    bindparam,
    case,
    exists,
    false,
    func,
    not_,
    or_,
    select,
    true,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction

from davgate.model.metadata import TITLE
from davgate.model.node import NodeKind
from davgate.model.query import (
    AllOf,
    AnyOf,
    Condition,
    Contains,
    CreatedAfter,
    CreatedBefore,
    HasUuid,
    MadeBy,
    Not,
    Order,
    Says,
    SaysAnything,
)
from davgate.storage.database import Session
from davgate.storage.statements import Statement, Value
from davgate.storage.tables import access_grant, node, property_value, trash, version

Found: TypeAlias = tuple[int, int, int, int]
"""A document that was found: its id, that of its collection, who made it, and whether it may have other rights than that.

As rows come from the driver: there may be very many.
"""


def count_of(session: Session, condition: Condition) -> int:
    """Return how many documents there are in the tree of which a condition holds."""
    row = session.first(_count(_shape_of(condition)), **_values_of(condition))
    return int(row[0]) if row else 0


def page(session: Session, condition: Condition, order: Order, *, descending: bool, first: int, most: int) -> list[int]:
    """Return the ids of some of the documents of which a condition holds, in an order."""
    statement = _page(_shape_of(condition), order, descending=descending)
    return [row[0] for row in session.all(statement, **_values_of(condition), first=first, most=most)]


def all_of(session: Session, condition: Condition, order: Order, *, descending: bool) -> list[Found]:
    """Return all documents of which a condition holds, in an order, with what tells who may see them."""
    statement = _all(_shape_of(condition), order, descending=descending)
    return cast(list[Found], session.all(statement, **_values_of(condition)))


# Values and shapes


@dataclass(frozen=True, slots=True)
class _Shape:
    """A condition without its values: its kind, and the shapes that it is made of."""

    kind: type[Any]
    parts: tuple[_Shape, ...] = ()


def _shape_of(condition: Condition) -> _Shape:
    return _Shape(type(condition), tuple(map(_shape_of, _parts_of(condition))))


def _parts_of(condition: Condition) -> tuple[Condition, ...]:
    match condition:
        case AllOf(parts) | AnyOf(parts):
            return parts
        case Not(part):
            return (part,)
    return ()


def _values_of(condition: Condition) -> dict[str, Value]:
    # What PostgreSQL cannot even be asked for is nowhere, see ``_PropertyText``.
    values = (value.replace("\0", "\ufffd") if isinstance(value, str) else value for value in _values_in(condition))
    return {f"v{no}": value for no, value in enumerate(values)}


def _values_in(condition: Condition) -> Iterator[Value]:
    match condition:
        case Says(name, text) | Contains(name, text):
            yield name
            yield text
        case SaysAnything(text) | HasUuid(text):
            yield text
        case MadeBy(number) | CreatedAfter(number) | CreatedBefore(number):
            yield number
    for part in _parts_of(condition):
        yield from _values_in(part)


# SQL


class _Folded(GenericFunction[str]):
    """A text by which texts are equal in capitals or not."""

    type = Text()
    inherit_cache = True


@compiles(_Folded, "sqlite")
def _folded_on_sqlite(element: _Folded, compiler: SQLCompiler, **kw: object) -> str:
    # Its own lower() knows ASCII alone.
    return f"davgate_lower({compiler.process(element.clauses)})"


@compiles(_Folded, "postgresql")
def _folded_on_postgresql(element: _Folded, compiler: SQLCompiler, **kw: object) -> str:
    return f'lower(({compiler.process(element.clauses)}) COLLATE "default")'


class _ByCodePoint(GenericFunction[str]):
    """A text as it is sorted: by code points, on both engines."""

    type = Text()
    inherit_cache = True


@compiles(_ByCodePoint, "sqlite")
def _by_code_point_on_sqlite(element: _ByCodePoint, compiler: SQLCompiler, **kw: object) -> str:
    return compiler.process(element.clauses)


@compiles(_ByCodePoint, "postgresql")
def _by_code_point_on_postgresql(element: _ByCodePoint, compiler: SQLCompiler, **kw: object) -> str:
    return f'({compiler.process(element.clauses)}) COLLATE "C"'


class _IsIn(GenericFunction[bool]):
    """Whether the second text is in the first."""

    inherit_cache = True


@compiles(_IsIn, "sqlite")
def _is_in_on_sqlite(element: _IsIn, compiler: SQLCompiler, **kw: object) -> str:
    return f"instr({compiler.process(element.clauses)}) > 0"


@compiles(_IsIn, "postgresql")
def _is_in_on_postgresql(element: _IsIn, compiler: SQLCompiler, **kw: object) -> str:
    return f"strpos({compiler.process(element.clauses)}) > 0"


class _PropertyText(GenericFunction[str]):
    """The value of a typed property, out of the snapshot of a version."""

    type = Text()
    inherit_cache = True


@compiles(_PropertyText, "sqlite")
def _property_on_sqlite(element: _PropertyText, compiler: SQLCompiler, **kw: object) -> str:
    snapshot, name = element.clauses
    return f"""json_extract({compiler.process(snapshot)}, '$."' || {compiler.process(name)} || '"')"""


@compiles(_PropertyText, "postgresql")
def _property_on_postgresql(element: _PropertyText, compiler: SQLCompiler, **kw: object) -> str:
    snapshot, name = element.clauses
    # PostgreSQL has no character U+0000, and refuses to read any property beside one that has it.
    storable = f"replace({compiler.process(snapshot)}, '\\u0000', '\\ufffd')"
    return f"(CAST({storable} AS json) ->> {compiler.process(name)})"


class _Clauses:
    """Makes the clause of a shape; values are parameters, numbered as they come."""

    def __init__(self) -> None:
        self._numbers = count()

    def _text(self) -> ColumnElement[str]:
        return bindparam(f"v{next(self._numbers)}", type_=Text())

    def _number(self) -> ColumnElement[int]:
        return bindparam(f"v{next(self._numbers)}", type_=BigInteger())

    def of(self, shape: _Shape) -> ColumnElement[bool]:
        """Return the clause of a shape."""
        kind = shape.kind
        if kind is AllOf:
            return and_(true(), *map(self.of, shape.parts))
        if kind is AnyOf:
            return or_(false(), *map(self.of, shape.parts))
        if kind is Not:
            return not_(self.of(shape.parts[0]))
        if kind is Contains:
            return _contains(self._text(), self._text())
        if kind is Says:
            return _says(property_value.c.property == self._text(), property_value.c.value == self._text())
        if kind is SaysAnything:
            return _says(property_value.c.property == self._text())
        if kind is HasUuid:
            return node.c.uuid == self._text()
        if kind is MadeBy:
            return node.c.created_by == self._number()
        created_at = node.c.created_at
        return created_at > self._number() if kind is CreatedAfter else created_at < self._number()


def _says(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return node.c.id.in_(select(property_value.c.node_id).where(*conditions))


def _contains(name: ColumnElement[str], text: ColumnElement[str]) -> ColumnElement[bool]:
    of_title = and_(name == TITLE, _IsIn(_Folded(_TITLE_SHOWN), _Folded(text)))
    value = _PropertyText(version.c.properties, name)
    # A property that is not there contains nothing, and is not unknown: a negation of this has to hold.
    return or_(of_title, and_(name != TITLE, value.is_not(None), _IsIn(_Folded(value), _Folded(text))))


_TITLE_SHOWN = func.coalesce(func.nullif(_PropertyText(version.c.properties, TITLE), ""), node.c.name, "")

# Of what is below a collection, collections alone: what is in one of them is deleted with it.
_TRASHED_TOP = select(trash.c.node_id.label("id")).cte("trashed", recursive=True)
_below = node.alias("below")
_TRASHED = _TRASHED_TOP.union_all(
    select(_below.c.id).where(_below.c.parent_id == _TRASHED_TOP.c.id, _below.c.kind == NodeKind.COLLECTION.value)
)
_IN_TREE = and_(
    node.c.kind == NodeKind.DOCUMENT.value,
    node.c.version_no > 0,
    node.c.parent_id.is_not(None),
    node.c.parent_id.not_in(select(_TRASHED.c.id)),
)
_ORDERS: dict[Order, ColumnElement[Any]] = {
    Order.CREATED: node.c.id,
    Order.MODIFIED: case((version.c.saved_at > node.c.modified_at, version.c.saved_at), else_=node.c.modified_at),
    Order.TITLE: _ByCodePoint(_TITLE_SHOWN),
}


def _needs_version(shape: _Shape) -> bool:
    return shape.kind is Contains or any(map(_needs_version, shape.parts))


def _selected(columns: tuple[ColumnElement[Any], ...], shape: _Shape, order: Order | None) -> Select[*tuple[Any, ...]]:
    found = select(*columns).where(_IN_TREE, _Clauses().of(shape))
    if order in (Order.MODIFIED, Order.TITLE) or _needs_version(shape):
        return found.select_from(node).join(version, and_(version.c.document_id == node.c.id, version.c.no == node.c.version_no))
    return found.select_from(node)


def _ordered(found: Select[*tuple[Any, ...]], order: Order, *, descending: bool) -> Select[*tuple[Any, ...]]:
    by = _ORDERS[order]
    first = by.desc() if descending else by
    return found.order_by(first) if order is Order.CREATED else found.order_by(first, node.c.id)


@lru_cache(maxsize=256)
def _count(shape: _Shape) -> Statement:
    return Statement(_selected((func.count(),), shape, None))


@lru_cache(maxsize=256)
def _page(shape: _Shape, order: Order, *, descending: bool) -> Statement:
    found = _ordered(_selected((node.c.id,), shape, order), order, descending=descending)
    limits = bindparam("most", type_=Integer()), bindparam("first", type_=BigInteger())
    return Statement(found.limit(limits[0]).offset(limits[1]))


@lru_cache(maxsize=256)
def _all(shape: _Shape, order: Order, *, descending: bool) -> Statement:
    is_granted = exists().where(access_grant.c.node_id == node.c.id)
    is_apart = or_(node.c.is_closed == 1, is_granted)
    columns = (node.c.id, node.c.parent_id, node.c.created_by, func.coalesce(is_apart, False))
    return Statement(_ordered(_selected(columns, shape, order), order, descending=descending))
