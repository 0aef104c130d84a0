"""Finding objects whose content is valid for a time.

A first statement asks an index for what a leading criterion holds of. If that is little, the second one looks at these objects
for everything else, and they are sorted afterwards. If it is much, the objects of the class are gone through in their order, so
that a page costs as much as it takes to fill it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, FromClause, Select, and_, exists, func, or_, select

from davgate.model.bitemporal.rows import order_of
from davgate.storage.bitemporal.criteria import Asked
from davgate.storage.object_tables import temporal_value
from davgate.storage.statements import Statement, Value, ids_given
from davgate.storage.tables import access_grant, node
from davgate.storage.transactions import Session

_FEW: Final = 1_000
"""So many are sorted after they were found."""
_MANY: Final = 20_000
"""Above this it is not worth while to know them all before a page is looked for."""


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
    leading = asked.led_by()
    return _run(session, _found(asked).where(node.c.id.in_(asked.all_of_class() if leading is None else leading)))


def page(session: Session, asked: Asked, first: int, most: int) -> list[FoundObject]:
    """Return some of the objects that are searched for and have a key, in the order of their keys."""
    leading = asked.led_by()
    ids = None if leading is None else [row[0] for row in session.all(Statement(leading.limit(_MANY + 1)))]
    if ids is not None and len(ids) <= _FEW:
        found = _run(session, _found(asked).where(node.c.id.in_(select(_GIVEN.c.id))), ids=json.dumps(ids))
        return sorted((one for one in found if one.key is not None), key=_order)[first : first + most]
    in_order = _in_order(asked).limit(most).offset(first)
    if ids is None or len(ids) > _MANY:
        return _run(session, in_order)
    return _run(session, in_order.where(_key_of.in_(select(_GIVEN.c.id))), ids=json.dumps(ids))


def _order(one: FoundObject) -> tuple[str, str]:
    return one.key or "", one.uuid


def _run(session: Session, query: Select[Any], **values: Value) -> list[FoundObject]:
    return [FoundObject(*row) for row in session.all(Statement(query), **values)]


_GIVEN = ids_given("ids")
_key, _lesser = temporal_value.alias("key"), temporal_value.alias("lesser")
# SQLite has to go through the keys in their order, and would rather begin with the ids.
_key_of = _key.c.node_id + 0


def told_columns() -> Sequence[ColumnElement[Any]]:
    """Return what is told of an object that was found, beside its key."""
    is_granted = exists().where(access_grant.c.node_id == node.c.id)
    is_apart = or_(node.c.is_closed == 1, node.c.parent_id.is_(None), is_granted)
    return node.c.uuid, node.c.id, node.c.parent_id, node.c.created_by, is_apart


def _found(asked: Asked) -> Select[Any]:
    # What is no plain column is not looked for in the index of all keys.
    least = select(func.min(_key.c.value.concat(""))).where(
        _key.c.node_id == node.c.id, _key.c.property == order_of(asked.of.name), *_conditions(asked, _key)
    )
    return select(least.scalar_subquery(), *told_columns()).where(asked.holds())


def _in_order(asked: Asked) -> Select[Any]:
    """Return the query that goes through the keys in their order, and so ends as soon as the page is full."""
    conditions = [_key.c.property == order_of(asked.of.name), *_conditions(asked, _key)]
    if not asked.shows_one_moment:
        conditions.append(~_has_lesser(asked))
    return (
        select(_key.c.value, *told_columns())
        .join_from(_key, node, node.c.id == _key_of)
        .where(*conditions, asked.holds())
        .order_by(_key.c.value, node.c.uuid)
    )


def _has_lesser(asked: Asked) -> ColumnElement[bool]:
    """Return the clause that an object has another key that comes before this one, or as good a one that is older."""
    value, of_key = _lesser.c.value.concat(""), _key.c.value
    is_older = or_(
        _lesser.c.valid_from < _key.c.valid_from,
        and_(_lesser.c.valid_from == _key.c.valid_from, _lesser.c.known_from < _key.c.known_from),
    )
    return exists().where(
        _lesser.c.node_id == _key.c.node_id,
        _lesser.c.property == order_of(asked.of.name),
        or_(value < of_key, and_(value == of_key, is_older)),
        *_conditions(asked, _lesser),
    )


def _conditions(asked: Asked, row: FromClause) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return asked.registrations.holds_for(row), asked.valid(row)
