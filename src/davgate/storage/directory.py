"""Principals as others know them: their names, who is directly in which group, and whether they ever made anything. Rows."""

from __future__ import annotations

import json
from collections.abc import Iterable

from sqlalchemy import bindparam, exists, or_, select

from davgate.model.frozen import frozen
from davgate.model.principal import PrincipalKind
from davgate.storage.statements import Statement, ids_given
from davgate.storage.tables import membership, node, principal
from davgate.storage.transactions import Session


@frozen
class Entry:
    """A principal by id, name and kind."""

    id: int
    name: str
    kind: PrincipalKind


_COLUMNS = (principal.c.id, principal.c.name, principal.c.kind)
_GIVEN = select(ids_given("ids").c.id)
_ALL = Statement(select(*_COLUMNS).order_by(principal.c.name))
_SOME = Statement(select(*_COLUMNS).where(principal.c.id.in_(_GIVEN)).order_by(principal.c.name))
_NAMED = Statement(select(*_COLUMNS).where(principal.c.name == bindparam("name")))


def everybody(session: Session) -> list[Entry]:
    """Return all principals by name."""
    return [Entry(row[0], row[1], PrincipalKind(row[2])) for row in session.all(_ALL)]


def some(session: Session, principal_ids: Iterable[int]) -> list[Entry]:
    """Return principals by name."""
    rows = session.all(_SOME, ids=json.dumps(sorted(set(principal_ids))))
    return [Entry(row[0], row[1], PrincipalKind(row[2])) for row in rows]


def named(session: Session, name: str) -> Entry | None:
    """Return the principal of a name, None when there is none."""
    row = session.first(_NAMED, name=name)
    return None if row is None else Entry(row[0], row[1], PrincipalKind(row[2]))


_MEMBERSHIPS = Statement(
    select(membership.c.group_id, membership.c.member_id).where(
        or_(membership.c.group_id.in_(_GIVEN), membership.c.member_id.in_(_GIVEN))
    )
)


def memberships(session: Session, principal_ids: Iterable[int]) -> list[tuple[int, int]]:
    """Return who is directly in which group, where one of them is given: id of the group, id of the member."""
    return [(row[0], row[1]) for row in session.all(_MEMBERSHIPS, ids=json.dumps(sorted(set(principal_ids))))]


_HAS_MADE = Statement(
    select(principal.c.id).where(principal.c.id == bindparam("principal_id"), exists().where(node.c.created_by == principal.c.id))
)


def has_made_something(session: Session, principal_id: int) -> bool:
    """Tell whether a principal made any node, and so is somewhere its owner."""
    return session.first(_HAS_MADE, principal_id=principal_id) is not None
