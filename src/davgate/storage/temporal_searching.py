"""Finding objects whose content is valid for a time: all criteria as one statement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Select, exists, func, literal, or_, select

from davgate.model.temporal_rows import order_of
from davgate.storage.database import Session
from davgate.storage.object_tables import temporal_value
from davgate.storage.statements import Statement
from davgate.storage.tables import access_grant, node
from davgate.storage.temporal_criteria import Asked

_FEW: Final = 2_000
"""So many are sorted after they were found; more are looked for in their order."""


class FoundObject(NamedTuple):
    """An object that was found: by what it is sorted, and what tells who may see it. ``key`` is None for one without any."""

    key: str | None
    uuid: str
    node_id: int
    parent_id: int | None
    made_by: int
    is_apart: int


def all_of(session: Session, asked: Asked) -> list[FoundObject]:
    """Return all objects that are searched for, in no order."""
    return _run(session, _found(asked))


def page(session: Session, asked: Asked, first: int, most: int) -> list[FoundObject]:
    """Return some of the objects that are searched for and have a key, in the order of their keys."""
    few = _run(session, _found(asked).limit(_FEW + 1))
    if len(few) <= _FEW:
        return sorted(one for one in few if one.key is not None)[first : first + most]
    return _run(session, _in_order(asked).limit(most).offset(first))


def _run(session: Session, query: Select[Any]) -> list[FoundObject]:
    return [FoundObject(*row) for row in session.all(Statement(query))]


def _columns() -> Sequence[ColumnElement[Any]]:
    is_granted = exists().where(access_grant.c.node_id == node.c.id)
    is_apart = or_(node.c.is_closed == 1, node.c.parent_id.is_(None), is_granted)
    return node.c.uuid, node.c.id, node.c.parent_id, node.c.created_by, is_apart


def _found(asked: Asked) -> Select[Any]:
    key = temporal_value.alias("key")
    is_key = (key.c.node_id == node.c.id, key.c.property == order_of(asked.of.name))
    least = select(func.min(key.c.value)).where(*is_key, *_conditions(asked, key)).scalar_subquery()
    return select(least, *_columns()).where(asked.holds())


def _in_order(asked: Asked) -> Select[Any]:
    """Return the query that goes through the keys in their order, and so ends as soon as the page is full."""
    key, lesser = temporal_value.alias("key"), temporal_value.alias("lesser")
    is_least = ~exists().where(
        lesser.c.node_id == key.c.node_id,
        lesser.c.property == key.c.property,
        lesser.c.value < key.c.value,
        *_conditions(asked, lesser),
    )
    return (
        select(key.c.value, *_columns())
        .join_from(key, node, node.c.id == key.c.node_id)
        .where(key.c.property == literal(order_of(asked.of.name)), *_conditions(asked, key), asked.holds(), is_least)
        .order_by(key.c.value, node.c.uuid)
        .distinct()
    )


def _conditions(asked: Asked, row: Any) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return asked.registrations.holds_for(row), asked.valid(row)
