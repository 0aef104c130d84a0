"""The audit as it is stored: reading it row by row, and its chain as it has to be checked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Select, bindparam, func, or_, select

from davgate.model.audit import Fields, Head, Link
from davgate.model.instant import Instant
from davgate.storage.database import Session
from davgate.storage.statements import Row, Statement
from davgate.storage.tables import audit, principal, store

_FIELDS = (
    audit.c.id,
    audit.c.at,
    audit.c.principal_id,
    audit.c.action,
    audit.c.node_id,
    audit.c.path,
    audit.c.detail,
    audit.c.request_id,
    audit.c.client,
    audit.c.outcome,
    audit.c.hash,
)


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One row: what is hashed, its hash, and the name that the principal has today."""

    number: int
    at: Instant
    principal_id: int
    action: str
    node_id: int | None
    path: str
    detail: str
    request_id: str
    client: str
    outcome: str
    hash: bytes
    principal: str


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which rows are wanted: from an instant on, before another, by a principal, of an action, at and below a path, denied."""

    since: Instant | None = None
    until: Instant | None = None
    who: str | None = None
    action: str | None = None
    path: str | None = None
    is_denied: bool = False


def _wanted(which: AuditFilter) -> Select[Row]:
    wanted = select(*_FIELDS, func.coalesce(principal.c.name, "")).outerjoin_from(
        audit, principal, principal.c.id == audit.c.principal_id
    )
    if which.since is not None:
        wanted = wanted.where(audit.c.at >= which.since)
    if which.until is not None:
        wanted = wanted.where(audit.c.at < which.until)
    if which.who is not None:
        wanted = wanted.where(principal.c.name == which.who)
    if which.action is not None:
        wanted = wanted.where(audit.c.action == which.action)
    if which.path is not None:
        below = which.path.rstrip("/") + "/"
        # LIKE knows no case on SQLite.
        wanted = wanted.where(or_(audit.c.path == which.path, func.substr(audit.c.path, 1, len(below)) == below))
    if which.is_denied:
        wanted = wanted.where(audit.c.outcome == "denied")
    return wanted


def _row(row: Row) -> AuditRow:
    return AuditRow(*(*row[:10], _bytes(row[10]), row[11]))


def _bytes(value: object) -> bytes:
    """Return a hash, of whatever type somebody has written one: SQLite keeps any in any column."""
    return value if isinstance(value, bytes) else str(value).encode()


def stream(session: Session, which: AuditFilter) -> Iterator[AuditRow]:
    """Yield rows in their order. Needs a snapshot session."""
    for batch in session.stream(Statement(_wanted(which).order_by(audit.c.id))):
        yield from map(_row, batch)


def newest(session: Session, which: AuditFilter, most: int) -> list[AuditRow]:
    """Return the newest rows, in their order."""
    rows = session.all(Statement(_wanted(which).order_by(audit.c.id.desc()).limit(most)))
    return [_row(row) for row in reversed(rows)]


_ONE = Statement(_wanted(AuditFilter()).where(audit.c.id == bindparam("number")))


def find(session: Session, number: int) -> AuditRow | None:
    """Return a row by its number."""
    row = session.first(_ONE, number=number)
    return None if row is None else _row(row)


_LINKS = Statement(select(*_FIELDS).order_by(audit.c.id))
_HEAD = Statement(select(store.c.last_audit, store.c.audit_hash).where(store.c.id == 1))


def links(session: Session) -> Iterator[Link]:
    """Yield all rows in their order, as links of the chain. Needs a snapshot session."""
    for batch in session.stream(_LINKS):
        for row in batch:
            fields: Fields = row[:10]
            yield fields, _bytes(row[10])


def head(session: Session) -> Head:
    """Return the head that the store keeps; one that no chain has when there is no store."""
    row = session.first(_HEAD)
    return Head(0, b"") if row is None else Head(row[0], _bytes(row[1]))
