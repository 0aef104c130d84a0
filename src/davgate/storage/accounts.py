"""Principals and who is in which group: rows."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable

from sqlalchemy import CTE, ColumnElement, Select, bindparam, delete, func, insert, literal_column, select, update

from davgate.model.frozen import frozen
from davgate.model.instant import FOREVER, Instant
from davgate.model.names import UNSTORABLE
from davgate.model.principal import SIGNED_IN_ID, SYSTEM_ID, Principal, PrincipalKind
from davgate.storage.statements import Row, Statement, ids_given, texts_given
from davgate.storage.tables import access_grant, membership, node, principal, store
from davgate.storage.transactions import Session, Transaction


@frozen
class Account:
    """A principal of whatever kind with what its sign-in is checked against.

    ``source`` names what proves who it is; empty for this store, whose password then is the proof.
    """

    principal: Principal
    kind: PrincipalKind
    password_hash: str | None
    is_disabled: bool
    source: str
    created_at: Instant

    @property
    def id(self) -> int:
        """The id of the principal."""
        return self.principal.id

    @property
    def name(self) -> str:
        """The name of the principal."""
        return self.principal.name

    @property
    def groups(self) -> tuple[int, ...]:
        """The ids of all groups it is in, by others too."""
        return self.principal.groups

    @property
    def expires_at(self) -> Instant:
        """From when on it may not sign in."""
        return self.principal.expires_at

    def may_sign_in(self, now: Instant) -> bool:
        """Tell whether anybody may act as this principal: no group, not davgate itself, neither disabled nor expired."""
        is_somebody = self.kind is not PrincipalKind.GROUP and self.id != SYSTEM_ID
        return is_somebody and not self.is_disabled and self.expires_at > now


# Reading

_COLUMNS = (
    principal.c.id,
    principal.c.name,
    principal.c.epoch,
    principal.c.is_admin,
    principal.c.expires_at,
    principal.c.kind,
    principal.c.password_hash,
    principal.c.is_disabled,
    principal.c.source,
    principal.c.created_at,
)


def _account(row: Row, groups: Iterable[int]) -> Account:
    who = Principal(row[0], row[1], row[2], bool(row[3]), tuple(groups), expires_at=Instant(row[4]))
    return Account(who, PrincipalKind(row[5]), row[6], bool(row[7]), row[8], Instant(row[9]))


def _groups_above(members: Select[tuple[int]]) -> CTE:
    """Return the groups that hold some principals, directly or by others. A cycle would end too: each group counts once."""
    up = select(membership.c.group_id.label("id")).where(membership.c.member_id.in_(members)).cte("up", recursive=True)
    return up.union(select(membership.c.group_id).join_from(up, membership, membership.c.member_id == up.c.id))


def _one(condition: ColumnElement[bool]) -> Statement:
    groups = _groups_above(select(principal.c.id).where(condition))
    return Statement(
        select(*_COLUMNS, groups.c.id).select_from(principal).outerjoin(groups, groups.c.id.is_not(None)).where(condition)
    )


_BY_NAME = _one(principal.c.name == bindparam("name"))
_BY_ID = _one(principal.c.id == bindparam("principal_id"))


def _first_of(rows: list[Row]) -> Account | None:
    return _account(rows[0], sorted(row[-1] for row in rows if row[-1] is not None)) if rows else None


def find(session: Session, name: str) -> Account | None:
    """Return the principal of a name, of whatever kind, with all its groups; None when there is none.

    A name that is not composed (NFC) is looked for as it is, and then as it looks.
    """
    if UNSTORABLE.search(name):
        return None
    found = _first_of(session.all(_BY_NAME, name=name))
    composed = unicodedata.normalize("NFC", name)
    return found if found is not None or composed == name else _first_of(session.all(_BY_NAME, name=composed))


def find_by_id(session: Session, principal_id: int) -> Account | None:
    """Return a principal by its id; see ``find``."""
    return _first_of(session.all(_BY_ID, principal_id=principal_id))


_NAMED = select(principal.c.id).where(
    principal.c.name.in_(select(texts_given("names").c.text)),
    principal.c.kind == PrincipalKind.GROUP.value,
    principal.c.id != literal_column(str(SIGNED_IN_ID)),
)
_GROUPS_NAMED = Statement(_NAMED.union(select(_groups_above(_NAMED).c.id)))


def groups_named(session: Session, names: Iterable[str]) -> tuple[int, ...]:
    """Return the ids of the groups of these names, as far as there are such, and of all groups that these are in.

    The group of all who sign in cannot be named: everybody is in it anyway.
    """
    listed = sorted(set(names))
    return tuple(sorted(int(row[0]) for row in session.all(_GROUPS_NAMED, names=json.dumps(listed)))) if listed else ()


_ALL = Statement(select(*_COLUMNS).where(principal.c.kind == bindparam("kind")).order_by(principal.c.name))


def all_of(session: Session, kind: PrincipalKind) -> list[Account]:
    """Return all principals of a kind by name, without their groups."""
    return [_account(row, ()) for row in session.all(_ALL, kind=kind.value)]


_GIVEN = ids_given("ids")
_NAMES = Statement(select(principal.c.id, principal.c.name).join_from(_GIVEN, principal, principal.c.id == _GIVEN.c.id))


def names_of(session: Session, principal_ids: Iterable[int]) -> dict[int, str]:
    """Return the names of principals by their ids."""
    return {int(row[0]): str(row[1]) for row in session.all(_NAMES, ids=json.dumps(sorted(set(principal_ids))))}


_LONGEST_ADMIN = Statement(
    select(func.max(principal.c.expires_at)).where(
        principal.c.kind == PrincipalKind.USER.value,
        principal.c.is_admin == 1,
        principal.c.is_disabled == 0,
        principal.c.id != bindparam("besides"),
    )
)


def administered_until(session: Session, *, besides: int = SYSTEM_ID) -> Instant:
    """Return until when some enabled administrator may sign in, one user left out; 0 when there is none."""
    row = session.first(_LONGEST_ADMIN, besides=besides)
    return Instant(row[0] if row and row[0] is not None else 0)


# Writing

_LAST_ID = Statement(select(store.c.last_principal))
_SET_LAST_ID = Statement(update(store).values(last_principal=bindparam("new_last_principal")))
_ADD = Statement(
    insert(principal).values(
        id=bindparam("id"),
        name=bindparam("name"),
        kind=bindparam("kind"),
        password_hash=bindparam("password_hash"),
        epoch=bindparam("epoch"),
        is_admin=bindparam("is_admin"),
        is_disabled=0,
        created_at=bindparam("created_at"),
        expires_at=bindparam("expires_at"),
        source=bindparam("source"),
    )
)


def add(
    tx: Transaction,
    name: str,
    kind: PrincipalKind,
    *,
    password_hash: str | None = None,
    is_admin: bool = False,
    expires_at: Instant = FOREVER,
    source: str = "",
) -> int:
    """Store a principal and return its id, which nobody had before: the past names principals by it."""
    last = tx.first(_LAST_ID)
    principal_id = 1 + (last[0] if last is not None else 0)
    tx.run(_SET_LAST_ID, new_last_principal=principal_id)
    tx.run(
        _ADD,
        id=principal_id,
        name=name,
        kind=kind.value,
        password_hash=password_hash,
        epoch=0,
        is_admin=int(is_admin),
        created_at=tx.now,
        expires_at=expires_at,
        source=source,
    )
    return principal_id


_CHANGE = Statement(
    update(principal)
    .where(principal.c.id == bindparam("principal_id"))
    .values(
        password_hash=bindparam("new_password_hash"),
        is_admin=bindparam("new_is_admin"),
        is_disabled=bindparam("new_is_disabled"),
        expires_at=bindparam("new_expires_at"),
        epoch=principal.c.epoch + 1,
    )
)


def change(tx: Transaction, changed: Account) -> None:
    """Store password, role, state and expiry of an account as given; every remembered sign-in of before ends with it."""
    tx.run(
        _CHANGE,
        principal_id=changed.id,
        new_password_hash=changed.password_hash,
        new_is_admin=int(changed.principal.is_admin),
        new_is_disabled=int(changed.is_disabled),
        new_expires_at=changed.expires_at,
    )


_BUMP = Statement(update(principal).where(principal.c.id == bindparam("principal_id")).values(epoch=principal.c.epoch + 1))


def end_sign_ins(tx: Transaction, principal_id: int) -> None:
    """Let every remembered sign-in of a principal end, in every process."""
    tx.run(_BUMP, principal_id=principal_id)


# Groups


def _members_below(group: ColumnElement[int]) -> CTE:
    down = select(membership.c.member_id.label("id")).where(membership.c.group_id == group).cte("down", recursive=True)
    return down.union(select(membership.c.member_id).join_from(down, membership, membership.c.group_id == down.c.id))


_DIRECT = Statement(
    select(*_COLUMNS)
    .join_from(membership, principal, principal.c.id == membership.c.member_id)
    .where(membership.c.group_id == bindparam("group_id"))
    .order_by(principal.c.name)
)
_BELOW = _members_below(bindparam("group_id"))
_ALL_BELOW = Statement(select(*_COLUMNS).join_from(_BELOW, principal, principal.c.id == _BELOW.c.id).order_by(principal.c.name))


def members_of(session: Session, group_id: int, *, by_groups: bool = False) -> list[Account]:
    """Return who is in a group by name: directly, or by other groups too, and these. Their own groups are not told."""
    return [_account(row, ()) for row in session.all(_ALL_BELOW if by_groups else _DIRECT, group_id=group_id)]


_IS_MEMBER = Statement(
    select(membership.c.group_id).where(
        membership.c.group_id == bindparam("group_id"), membership.c.member_id == bindparam("member_id")
    )
)
_JOIN = Statement(insert(membership).values(group_id=bindparam("group_id"), member_id=bindparam("member_id")))
_LEAVE = Statement(
    delete(membership).where(membership.c.group_id == bindparam("group_id"), membership.c.member_id == bindparam("member_id"))
)
_BUMP_BELOW = Statement(
    update(principal)
    .where(
        principal.c.id.in_(select(_members_below(bindparam("group_id")).c.id)),
        principal.c.kind != PrincipalKind.GROUP.value,
    )
    .values(epoch=principal.c.epoch + 1)
)


def is_member(session: Session, group_id: int, member_id: int) -> bool:
    """Tell whether a principal is in a group directly."""
    return session.first(_IS_MEMBER, group_id=group_id, member_id=member_id) is not None


def join(tx: Transaction, group_id: int, member_id: int) -> None:
    """Put a principal into a group. The remembered sign-ins of all whose groups change by that end."""
    tx.run(_JOIN, group_id=group_id, member_id=member_id)
    _end_sign_ins_of(tx, member_id)


def leave(tx: Transaction, group_id: int, member_id: int) -> None:
    """Take a principal out of a group. The remembered sign-ins of all whose groups change by that end."""
    tx.run(_LEAVE, group_id=group_id, member_id=member_id)
    _end_sign_ins_of(tx, member_id)


def _end_sign_ins_of(tx: Transaction, member_id: int) -> None:
    end_sign_ins(tx, member_id)
    tx.run(_BUMP_BELOW, group_id=member_id)


_REMOVE_MEMBERSHIPS = Statement(
    delete(membership).where((membership.c.group_id == bindparam("group_id")) | (membership.c.member_id == bindparam("group_id")))
)
_GRANTED_AT = Statement(
    select(node.c.id, node.c.parent_id, node.c.name)
    .distinct()
    .join_from(access_grant, node, node.c.id == access_grant.c.node_id)
    .where(access_grant.c.principal_id.in_(select(_GIVEN.c.id)))
    .order_by(node.c.id)
)
_REMOVE_GRANTS = Statement(delete(access_grant).where(access_grant.c.principal_id == bindparam("group_id")))
_REMOVE = Statement(
    delete(principal).where(principal.c.id == bindparam("group_id"), principal.c.kind == PrincipalKind.GROUP.value)
)


def granted_at(session: Session, principal_ids: Iterable[int]) -> list[tuple[int, int | None, str | None]]:
    """Return the nodes on which some principals were granted something: id, id of the parent, name."""
    return [(row[0], row[1], row[2]) for row in session.all(_GRANTED_AT, ids=json.dumps(sorted(set(principal_ids))))]


def remove_group(tx: Transaction, group_id: int) -> None:
    """Remove a group with its memberships and grants. The remembered sign-ins of its members end.

    Nobody signs in as a group, so no row of the past names one.
    """
    tx.run(_BUMP_BELOW, group_id=group_id)
    tx.run(_REMOVE_GRANTS, group_id=group_id)
    tx.run(_REMOVE_MEMBERSHIPS, group_id=group_id)
    tx.run(_REMOVE, group_id=group_id)
