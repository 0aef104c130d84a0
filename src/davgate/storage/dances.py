"""Names that documents left a moment ago, and documents that became part of others."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import ColumnElement, bindparam, delete, exists, insert, not_, select, update

from davgate.model.editing import Vacated
from davgate.model.instant import Instant
from davgate.model.names import collision_key
from davgate.model.node import Node
from davgate.storage.rows import NODE_COLUMNS, NODE_WIDTH, to_node
from davgate.storage.statements import Statement, ids_given, texts_given
from davgate.storage.tables import lock, node, successor, trash, vacated
from davgate.storage.transactions import Session, Transaction

_now_there = node.alias("now_there")


def _is_taken() -> ColumnElement[bool]:
    return exists().where(_now_there.c.parent_id == vacated.c.parent_id, _now_there.c.name_key == vacated.c.name_key)


_COLUMNS = (
    vacated.c.parent_id,
    vacated.c.name,
    vacated.c.node_id,
    vacated.c.principal_id,
    vacated.c.left_at,
    vacated.c.until,
)
_AT = Statement(select(*_COLUMNS).where(vacated.c.parent_id == bindparam("parent_id"), vacated.c.name_key == bindparam("key")))
_BY = Statement(select(*_COLUMNS).where(vacated.c.node_id == bindparam("node_id")).order_by(vacated.c.left_at.desc()))
_IS_LOCKED = exists().where(lock.c.node_id == vacated.c.node_id, lock.c.expires_at > bindparam("now"))
_OVER = Statement(select(*_COLUMNS).where(vacated.c.until <= bindparam("now"), not_(_IS_LOCKED)))
_LEFT = ids_given("ids")
_DELETED_FROM = Statement(
    select(*NODE_COLUMNS, vacated.c.parent_id, vacated.c.name)
    .join_from(vacated, node, node.c.id == vacated.c.node_id)
    .join(trash, trash.c.node_id == node.c.id)
    .where(vacated.c.parent_id.in_(select(_LEFT.c.id)), vacated.c.principal_id == bindparam("me"))
    .where(vacated.c.until > bindparam("now"), ~_is_taken())
    .order_by(node.c.id)
)
_FORGET_AT = Statement(
    delete(vacated).where(vacated.c.parent_id == bindparam("parent_id"), vacated.c.name_key == bindparam("key"))
)
_FORGET_BY = Statement(delete(vacated).where(vacated.c.node_id == bindparam("node_id")))
_ADD = Statement(
    insert(vacated).values(
        parent_id=bindparam("parent_id"),
        name_key=bindparam("key"),
        name=bindparam("name"),
        node_id=bindparam("node_id"),
        principal_id=bindparam("principal_id"),
        left_at=bindparam("left_at"),
        until=bindparam("until"),
    )
)
_EXTEND = Statement(
    update(vacated)
    .where(vacated.c.parent_id == bindparam("of"), vacated.c.principal_id == bindparam("me"))
    .where(vacated.c.until > bindparam("now"), vacated.c.until < bindparam("least"), vacated.c.left_at > bindparam("since"))
    .values(until=bindparam("later"))
)


def at(session: Session, parent_id: int, name: str) -> Vacated | None:
    """Return the record of the document that left a name last."""
    row = session.first(_AT, parent_id=parent_id, key=collision_key(name))
    return None if row is None else Vacated(*row)


def by(session: Session, node_id: int) -> list[Vacated]:
    """Return the names that a document left, the last one first."""
    return [Vacated(*row) for row in session.all(_BY, node_id=node_id)]


def over(session: Session, now: Instant) -> list[Vacated]:
    """Return the records whose window has ended. Those of documents that are locked where they are wait for the lock to end."""
    return [Vacated(*row) for row in session.all(_OVER, now=now)]


def deleted_from(tx: Transaction, parent_ids: Iterable[int], principal_id: int) -> list[Node]:
    """Return what a principal has deleted from some collections a moment ago, as it was there, if nothing has its name now."""
    rows = tx.all(_DELETED_FROM, ids=json.dumps([*parent_ids]), me=principal_id, now=tx.now)
    return [replace(to_node(row), parent_id=row[NODE_WIDTH], name=row[NODE_WIDTH + 1]) for row in rows]


def add(tx: Transaction, left: Vacated) -> None:
    """Note that a document left a name; who left it before is forgotten."""
    key = collision_key(left.name)
    tx.run(_FORGET_AT, parent_id=left.parent_id, key=key)
    tx.run(
        _ADD,
        parent_id=left.parent_id,
        key=key,
        name=left.name,
        node_id=left.node_id,
        principal_id=left.principal_id,
        left_at=left.left_at,
        until=left.until,
    )


def extend(tx: Transaction, parent_id: int, principal_id: int, *, since: Instant, least: Instant, later: Instant) -> None:
    """Let the windows of a principal in a collection last until ``least`` at least: another step of the same dance was made.

    Those that would end before last until ``later``: the next steps before that have nothing to write. Names that were not left
    after ``since`` wait no longer than they do.
    """
    tx.run(_EXTEND, of=parent_id, me=principal_id, now=tx.now, since=since, least=least, later=later)


def forget_at(tx: Transaction, left: Vacated) -> None:
    """Forget who left a name."""
    tx.run(_FORGET_AT, parent_id=left.parent_id, key=collision_key(left.name))


def forget_by(tx: Transaction, node_id: int) -> None:
    """Forget which names a document left."""
    tx.run(_FORGET_BY, node_id=node_id)


_SUCCEED = Statement(
    insert(successor).values(
        uuid=bindparam("uuid"),
        node_id=bindparam("node_id"),
        successor_id=bindparam("successor_id"),
    )
)
_PASS_ON = Statement(
    update(successor).where(successor.c.successor_id == bindparam("former")).values(successor_id=bindparam("to"))
)
_SUCCESSOR = Statement(select(successor.c.successor_id).where(successor.c.uuid == bindparam("uuid")))


def succeed(tx: Transaction, former: Node, successor_id: int) -> None:
    """Let the ids of a document that disappears, and those that led to it, lead to another one."""
    tx.run(_PASS_ON, former=former.id, to=successor_id)
    tx.run(_SUCCEED, uuid=former.uuid, node_id=former.id, successor_id=successor_id)


def successor_of(session: Session, uuid: str) -> int | None:
    """Return the inner id of the document that one with this UUID became part of, or None."""
    row = session.first(_SUCCESSOR, uuid=uuid)
    return None if row is None else int(row[0])


_UUIDS = texts_given("uuids")
_SUCCESSORS = Statement(select(successor.c.uuid, successor.c.successor_id).where(successor.c.uuid.in_(select(_UUIDS.c.text))))


def successors_of(session: Session, uuids: Iterable[str]) -> dict[str, int]:
    """Return the inner ids of the documents that those with some UUIDs became part of, by the UUIDs."""
    return {row[0]: row[1] for row in session.all(_SUCCESSORS, uuids=json.dumps(list(uuids)))}


_JOINED_BEGINNING = Statement(
    select(*NODE_COLUMNS, successor.c.uuid)
    .join_from(successor, node, node.c.id == successor.c.successor_id)
    .where(successor.c.uuid >= bindparam("begins"), successor.c.uuid < bindparam("ends"))
)


def joined_beginning_with(session: Session, begins: str) -> list[tuple[str, Node]]:
    """Return the ids that begin with a text of documents that became part of others, each with what it is part of."""
    rows = session.all(_JOINED_BEGINNING, begins=begins, ends=f"{begins}~")
    return [(row[NODE_WIDTH], to_node(row)) for row in rows]
