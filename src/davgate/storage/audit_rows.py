"""The audit as it is stored: reading it row by row, and its chain as it has to be checked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from sqlalchemy import Integer, Select, and_, bindparam, column, func, literal, null, or_, select, union_all

from davgate.model.audit import DELETE, READ_CONTENT, READ_METADATA, RESTORE, Fields, Head, Link
from davgate.model.frozen import frozen
from davgate.model.instant import Instant
from davgate.storage.statements import LARGEST, Row, Statement, Value, fits, ids_given, texts_given
from davgate.storage.tables import audit, placement, principal, store
from davgate.storage.transactions import Session

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


@frozen
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


@frozen
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
    rows = session.all(Statement(_wanted(which).order_by(audit.c.id.desc()).limit(min(most, LARGEST))))
    return [_row(row) for row in reversed(rows)]


_IS_OF_NODE = and_(audit.c.node_id == bindparam("node_id"), audit.c.outcome == "granted")
_OF_NODE = Statement(
    _wanted(AuditFilter())
    .where(_IS_OF_NODE, audit.c.action != READ_CONTENT, audit.c.action != READ_METADATA)
    .order_by(audit.c.id)
)


def of_node(session: Session, node_id: int) -> list[AuditRow]:
    """Return what happened to a node, in its order; who read it is left out."""
    return [_row(row) for row in session.all(_OF_NODE, node_id=node_id)]


_ONE = Statement(_wanted(AuditFilter()).where(audit.c.id == bindparam("number")))


def find(session: Session, number: int) -> AuditRow | None:
    """Return a row by its number."""
    row = session.first(_ONE, number=number) if fits(number) else None
    return None if row is None else _row(row)


_NAME_THEN = (
    select(placement.c.name)
    .where(placement.c.node_id == bindparam("node_id"), placement.c.from_at <= audit.c.at)
    .order_by(placement.c.from_at.desc())
    .limit(1)
    .scalar_subquery()
)
_ABOVE, _AT = ids_given("above"), ids_given("instants")
_IS_ABOVE = and_(
    audit.c.node_id.in_(select(_ABOVE.c.id)),
    audit.c.at.in_(select(_AT.c.id)),
    or_(audit.c.action == DELETE, audit.c.action == RESTORE),
    audit.c.outcome == "granted",
)


def _told_of_node(actions: str, part: int, *, is_above: bool = False) -> Select[Row]:
    told = select(texts_given(actions).c.text)
    return (
        _wanted(AuditFilter())
        .where(_IS_ABOVE if is_above else _IS_OF_NODE, audit.c.action.in_(told))
        .add_columns(
            audit.c.id.label("number"),
            literal(part, Integer()).label("part"),
            (func.coalesce(_NAME_THEN, "") if is_above else null()).label("name"),
        )
    )


_PARTS = [
    _told_of_node(actions, part, is_above=is_above) for actions, part in (("once", 0), ("twice", 1)) for is_above in (False, True)
]
_SOME_OF_NODE = Statement(
    union_all(*_PARTS)
    .order_by(column("at").desc(), column("number").desc(), column("part"))
    .limit(bindparam("most"))
    .offset(bindparam("first"))
)
_HOW_MANY_OF_NODE = Statement(union_all(*(one.with_only_columns(func.count()) for one in _PARTS)))


@frozen
class ToldRow:
    """A row as it is told of a node: as which part, and, where the row is of what the node lay in, the node's name then."""

    row: AuditRow
    part: int
    name: str | None


def some_of_node(
    session: Session,
    node_id: int,
    actions: Sequence[str],
    twice: Sequence[str],
    above: Sequence[int],
    instants: Sequence[Instant],
    first: int,
    most: int,
) -> tuple[list[ToldRow], int]:
    """Return some of the acts of some kinds upon a node, the newest first, and how many there are in all.

    Those of the kinds ``twice`` come two times, first as part 0 and then as part 1. The deletions and restores of collections
    ``above`` it count as its own where they are of one of some ``instants``.
    """
    told: dict[str, Value] = {
        "node_id": node_id,
        "once": json.dumps(actions),
        "twice": json.dumps(twice),
        "above": json.dumps(above),
        "instants": json.dumps(instants),
    }
    total: int = sum(row[0] for row in session.all(_HOW_MANY_OF_NODE, **told))
    # Behind the last one nothing is asked for: how far may be more than a database can count.
    if first >= total:
        return [], total
    rows = session.all(_SOME_OF_NODE, **told, first=first, most=most)
    return [ToldRow(_row(row), row[-2], row[-1]) for row in rows], total


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
