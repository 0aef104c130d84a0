"""Second names of nodes in their collections, the numbers that such names are made of, and what an address of them leads to."""

from __future__ import annotations

import json

from sqlalchemy import (
    ColumnElement,
    Integer,
    ScalarSelect,
    and_,
    bindparam,
    func,
    insert,
    literal,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.types import Text

from davgate.model.names import can_exist, collision_key
from davgate.model.node import ROOT_ID, NodeKind
from davgate.model.paths import TreePath
from davgate.storage.resolving import SegmentAt
from davgate.storage.statements import Statement
from davgate.storage.tables import KEEPS_ADDRESS, alias, counter, node, trash
from davgate.storage.transactions import Session, Transaction

_SHOWN = or_(
    node.c.kind == NodeKind.COLLECTION.value,
    and_(node.c.kind == NodeKind.DOCUMENT.value, node.c.version_no > 0),
)
"""What exists for doors that know documents alone: neither files that wait for their content nor programs' scratch files."""


def _given(parameter: str, position: ColumnElement[int]) -> SegmentAt:
    return SegmentAt(bindparam(parameter, type_=Text()), position)


def _address() -> Statement:
    start = select(literal(0, Integer).label("depth"), literal(ROOT_ID, node.c.id.type).label("id"))
    walk = start.cte("walk", recursive=True)

    def member(*conditions: ColumnElement[bool]) -> ScalarSelect[int]:
        found = select(func.min(node.c.id)).where(node.c.parent_id == walk.c.id, _SHOWN, *conditions)
        return found.correlate(walk).scalar_subquery()

    by_alias = (
        select(func.min(node.c.id))
        .join_from(alias, node, node.c.id == alias.c.node_id)
        .where(alias.c.name == _given("names", walk.c.depth), node.c.parent_id == walk.c.id)
        .correlate(walk)
        .scalar_subquery()
    )
    deleted = (
        select(func.max(trash.c.node_id))
        .outerjoin_from(trash, alias, alias.c.node_id == trash.c.node_id)
        .where(KEEPS_ADDRESS, trash.c.parent_id == walk.c.id)
        .where(or_(alias.c.name == _given("names", walk.c.depth), trash.c.name == _given("names", walk.c.depth)))
        .correlate(walk)
        .scalar_subquery()
    )
    step = select(
        walk.c.depth + 1,
        func.coalesce(
            by_alias,
            member(node.c.name_key == _given("keys", walk.c.depth)),
            member(node.c.uuid == _given("uuids", walk.c.depth)),
            deleted,
        ),
    ).where(walk.c.id.is_not(None), walk.c.depth < bindparam("last"))
    walked = walk.union_all(step)
    return Statement(select(walked.c.id).where(walked.c.depth == bindparam("last")))


_ADDRESS = _address()


def find(session: Session, address: TreePath) -> int | None:
    """Return the node at an address; each segment is an alias, else a name on the drive, else a UUID without hyphens.

    What is in the trash and keeps its address is found, too. One statement.
    """
    if not all(map(can_exist, address)):
        return None
    row = session.first(
        _ADDRESS,
        names=json.dumps(address),
        keys=json.dumps([collision_key(segment) for segment in address]),
        uuids=json.dumps([hyphenated(segment) for segment in address]),
        last=len(address),
    )
    return None if row is None or row[0] is None else int(row[0])


def hyphenated(digits: str) -> str:
    """Return a UUID of 32 digits in its usual form; anything else as it is."""
    if len(digits) != 32:
        return digits
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


_ADD = Statement(insert(alias).values(node_id=bindparam("node_id"), name=bindparam("name"), number=bindparam("number")))
_SLUG = Statement(select(alias.c.name).where(alias.c.node_id == bindparam("node_id"), alias.c.number.is_(None)))
_RENAME = Statement(update(alias).where(alias.c.node_id == bindparam("of_id")).values(name=bindparam("new_name")))
_LAST = Statement(select(counter.c.last).where(counter.c.kind == bindparam("of_kind")))
_START = Statement(insert(counter).values(kind=bindparam("kind"), last=bindparam("last")))
_COUNT = Statement(update(counter).where(counter.c.kind == bindparam("of_kind")).values(last=bindparam("new_last")))
_IS_ANOTHER = node.c.id != bindparam("node_id")
# Each by its index: asked at once, or by the collection first, all members of that would be gone through.
_TAKEN = Statement(
    union_all(
        select(node.c.id).where(node.c.parent_id == bindparam("parent_id"), node.c.name_key == bindparam("key"), _IS_ANOTHER),
        select(node.c.id)
        .join_from(alias, node, node.c.id == alias.c.node_id)
        .where(alias.c.name == bindparam("named"), node.c.parent_id + 0 == bindparam("parent_id"), _IS_ANOTHER),
        select(trash.c.node_id)
        .join_from(alias, trash, trash.c.node_id == alias.c.node_id)
        .where(alias.c.name == bindparam("named"), KEEPS_ADDRESS, trash.c.parent_id + 0 == bindparam("parent_id"))
        .where(trash.c.node_id != bindparam("node_id")),
    )
)


def add(tx: Transaction, node_id: int, name: str, number: int | None) -> None:
    """Give a node its alias; one with a number it keeps."""
    tx.run(_ADD, node_id=node_id, name=name, number=number)


def slug_of(tx: Transaction, node_id: int) -> str | None:
    """Return the alias of a node that was made of a slug, None where it has none or one of a number."""
    row = tx.first(_SLUG, node_id=node_id)
    return None if row is None else str(row[0])


def rename(tx: Transaction, node_id: int, name: str) -> None:
    """Give a node that has an alias another one."""
    tx.run(_RENAME, of_id=node_id, new_name=name)


def next_number(tx: Transaction, kind: str) -> int:
    """Return the next number of a kind: none is given twice."""
    row = tx.first(_LAST, of_kind=kind)
    if row is None:
        tx.run(_START, kind=kind, last=1)
        return 1
    tx.run(_COUNT, of_kind=kind, new_last=row[0] + 1)
    return int(row[0]) + 1


def is_taken(tx: Transaction, parent_id: int, name: str, node_id: int) -> bool:
    """Tell whether something else than a node in a collection has a name: as its alias, in the trash too, or on the drive."""
    return tx.first(_TAKEN, parent_id=parent_id, node_id=node_id, key=collision_key(name), named=name) is not None


_sibling = node.alias("sibling")
_other = alias.alias("other")
IS_SHADOWED = (
    select(literal(1))
    .join_from(_other, _sibling, _sibling.c.id == _other.c.node_id)
    .where(
        _other.c.name == func.coalesce(alias.c.name, node.c.name),
        _sibling.c.parent_id == node.c.parent_id,
        _other.c.node_id != node.c.id,
        or_(alias.c.name.is_(None), _other.c.node_id < node.c.id),
    )
    .correlate(node, alias)
    .exists()
)
"""Whether the name by which a node would be addressed leads to another one."""
IS_SHOWN = and_(node.c.parent_id.is_not(None), _SHOWN)
