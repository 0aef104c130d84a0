"""Where nodes were at what time: on the drive, see ``catalog``, and in collections without a name there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from sqlalchemy import bindparam, delete, func, insert, select, union_all, update

from davgate.model.frozen import frozen
from davgate.model.instant import FOREVER, Instant
from davgate.storage.statements import Statement, ids_given
from davgate.storage.tables import bare_place, placement
from davgate.storage.transactions import Session, Transaction


@frozen
class Stay:
    """That a node was in a collection from an instant up to, not including, another one."""

    from_at: Instant
    to_at: Instant
    parent_id: int


def _stays() -> Statement:
    parts = (
        select(rows.c.from_at, rows.c.to_at, rows.c.parent_id).where(rows.c.node_id == bindparam("of"))
        for rows in (placement, bare_place)
    )
    return Statement(union_all(*parts).order_by("from_at"))


_STAYS = _stays()


def of_node(session: Session, node_id: int) -> list[Stay]:
    """Return in which collections a node was, the first one first: one statement, however often it was moved."""
    return [Stay(Instant(row[0]), Instant(row[1]), int(row[2])) for row in session.all(_STAYS, of=node_id)]


def parent_at(stays: Sequence[Stay], at: Instant) -> int | None:
    """Return the collection in which a node was at an instant, or last before it, or else first; None when it was in none."""
    before = [one for one in stays if one.from_at <= at]
    found = before[-1:] or stays[:1]
    return found[0].parent_id if found else None


_GIVEN = ids_given("ids")
_NAMES = Statement(
    select(placement.c.node_id, placement.c.from_at, placement.c.name)
    .where(placement.c.node_id.in_(select(_GIVEN.c.id)))
    .order_by(placement.c.node_id, placement.c.from_at)
)


def names(session: Session, node_ids: Iterable[int]) -> dict[int, list[tuple[Instant, str]]]:
    """Return by their ids the names that nodes got on the drive and when, the oldest first: one statement."""
    found: dict[int, list[tuple[Instant, str]]] = {}
    for node_id, from_at, name in session.all(_NAMES, ids=json.dumps([*node_ids])):
        found.setdefault(node_id, []).append((Instant(from_at), name))
    return found


_ENTER = Statement(
    insert(bare_place).values(
        node_id=bindparam("entered_id"),
        from_at=bindparam("entered_at"),
        to_at=FOREVER,
        parent_id=bindparam("entered_parent_id"),
    )
)
_FORGET = Statement(
    delete(bare_place).where(bare_place.c.node_id == bindparam("left_id"), bare_place.c.from_at == bindparam("left_at"))
)
_places = bare_place.alias()
_LATEST = select(func.max(_places.c.from_at)).where(_places.c.node_id == bindparam("left_id"))
_LEAVE = Statement(
    update(bare_place)
    .where(
        bare_place.c.node_id == bindparam("left_id"),
        # The last one, which need not be looked for through all that it ever had.
        bare_place.c.from_at == _LATEST.scalar_subquery(),
        bare_place.c.to_at == FOREVER,
    )
    .values(to_at=bindparam("left_at"))
)


def enter(tx: Transaction, node_id: int, parent_id: int, at: Instant) -> None:
    """Note that a node without a name is in a collection from an instant on."""
    tx.run(_ENTER, entered_id=node_id, entered_parent_id=parent_id, entered_at=at)


def leave(tx: Transaction, node_id: int) -> None:
    """Note that a node without a name has left its collection, or has got a name there."""
    # Where it came to be in this very commit it has never been for anybody.
    tx.run(_FORGET, left_id=node_id, left_at=tx.at)
    tx.run(_LEAVE, left_id=node_id, left_at=tx.at)
