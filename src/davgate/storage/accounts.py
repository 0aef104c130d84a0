"""Principals: rows."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import bindparam, func, insert, select, update

from davgate.model.instant import FOREVER
from davgate.model.principal import Principal, PrincipalKind
from davgate.storage.database import Session, Transaction
from davgate.storage.statements import Statement, ids_given
from davgate.storage.tables import principal


@dataclass(frozen=True, slots=True)
class Account:
    """A principal with what its sign-in is checked against."""

    principal: Principal
    password_hash: str | None
    is_disabled: bool


_BY_NAME = Statement(
    select(
        principal.c.id,
        principal.c.name,
        principal.c.epoch,
        principal.c.is_admin,
        principal.c.password_hash,
        principal.c.is_disabled,
    ).where(principal.c.name == bindparam("name"), principal.c.kind == PrincipalKind.USER.value)
)


def find(session: Session, name: str) -> Account | None:
    """Return the account of a user, or None."""
    row = session.first(_BY_NAME, name=name)
    return None if row is None else Account(Principal(row[0], row[1], row[2], bool(row[3])), row[4], bool(row[5]))


_GIVEN = ids_given("ids")
_NAMES = Statement(select(principal.c.id, principal.c.name).join_from(_GIVEN, principal, principal.c.id == _GIVEN.c.id))


def names_of(session: Session, principal_ids: Iterable[int]) -> dict[int, str]:
    """Return the names of principals by their ids."""
    return {int(row[0]): str(row[1]) for row in session.all(_NAMES, ids=json.dumps(sorted(set(principal_ids))))}


_TAKEN = Statement(select(principal.c.id).where(principal.c.name == bindparam("name")))


def is_taken(session: Session, name: str) -> bool:
    """Tell whether a principal of whatever kind has this name; names are shared among users, groups and services."""
    return session.first(_TAKEN, name=name) is not None


_HIGHEST = Statement(select(func.max(principal.c.id)))
_ADD = Statement(
    insert(principal).values(
        id=bindparam("id"),
        name=bindparam("name"),
        kind=bindparam("kind"),
        password_hash=bindparam("password_hash"),
        epoch=0,
        is_admin=bindparam("is_admin"),
        is_disabled=0,
        created_at=bindparam("created_at"),
        expires_at=FOREVER,
        source="",
    )
)


def add(
    tx: Transaction,
    name: str,
    kind: PrincipalKind,
    *,
    password_hash: str | None = None,
    is_admin: bool = False,
    fixed_id: int | None = None,
) -> int:
    """Store a principal and return its id, the next free one unless it is fixed."""
    if fixed_id is None:
        highest = tx.first(_HIGHEST)
        fixed_id = 1 + (highest[0] if highest and highest[0] is not None else 0)
    tx.run(
        _ADD,
        id=fixed_id,
        name=name,
        kind=kind.value,
        password_hash=password_hash,
        is_admin=int(is_admin),
        created_at=tx.now,
    )
    return fixed_id


_CHANGE = Statement(
    update(principal)
    .where(principal.c.id == bindparam("principal_id"))
    .values(
        password_hash=bindparam("new_password_hash"),
        is_admin=bindparam("new_is_admin"),
        epoch=principal.c.epoch + 1,
    )
)


def change(tx: Transaction, principal_id: int, *, password_hash: str | None, is_admin: bool) -> None:
    """Store a new password and role; every remembered sign-in of before ends with it."""
    tx.run(_CHANGE, principal_id=principal_id, new_password_hash=password_hash, new_is_admin=int(is_admin))
