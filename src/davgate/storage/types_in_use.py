"""Which object types and properties nodes have, read from indexes alone: some steps for each, however many nodes there are."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Select, bindparam, func, select

from davgate.storage.statements import Statement
from davgate.storage.tables import node_type, property_value
from davgate.storage.transactions import Session


def _each_once(column: Column[Any]) -> Select[Any]:
    """Return the values of an indexed column, each found behind the one before it."""
    found = select(func.min(column).label("value")).cte("found", recursive=True)
    following = select(func.min(column)).where(column > found.c.value).scalar_subquery()
    found = found.union_all(select(following).where(found.c.value.is_not(None)))
    return select(found.c.value).where(found.c.value.is_not(None))


_TYPES = Statement(_each_once(node_type.c.type))
_PROPERTIES = Statement(_each_once(property_value.c.property))
_COUNT_OF_TYPE = Statement(select(func.count()).select_from(node_type).where(node_type.c.type == bindparam("type")))
_COUNT_OF_PROPERTY = Statement(
    select(func.count(property_value.c.node_id.distinct())).where(property_value.c.property == bindparam("property"))
)
_OF_PROPERTY = select(property_value.c.value).where(property_value.c.property == bindparam("property")).limit(1)
_ENDS = (Statement(_OF_PROPERTY.order_by(by)) for by in (property_value.c.value, property_value.c.value.desc()))
_LEAST, _GREATEST = _ENDS


def types(session: Session) -> list[str]:
    """Return the types that nodes have, those in the trash included."""
    return [row[0] for row in session.all(_TYPES)]


def properties(session: Session) -> list[str]:
    """Return the ids of the properties that the current versions of nodes say something by."""
    return [row[0] for row in session.all(_PROPERTIES)]


def ends(session: Session, property: str) -> list[str]:
    """Return the least and the greatest value that the current versions of nodes have of a property, as the index has them."""
    rows = (session.first(statement, property=property) for statement in (_LEAST, _GREATEST))
    return [row[0] for row in rows if row is not None]


def count_of_type(session: Session, type: str) -> int:
    """Return how many nodes have a type."""
    return _counted(session, _COUNT_OF_TYPE, type=type)


def count_of_property(session: Session, property: str) -> int:
    """Return how many nodes say something by a property."""
    return _counted(session, _COUNT_OF_PROPERTY, property=property)


def _counted(session: Session, statement: Statement, **values: str) -> int:
    row = session.first(statement, **values)
    return int(row[0]) if row is not None else 0
