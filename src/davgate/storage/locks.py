"""Lock rows."""

from __future__ import annotations

import json
from collections.abc import Iterable

from sqlalchemy import CTE, BigInteger, ColumnElement, bindparam, case, delete, func, insert, or_, select, update

from davgate.model.instant import Instant
from davgate.model.locks import Depth, Lock
from davgate.model.paths import TreePath
from davgate.storage.rows import LOCK_COLUMNS, LOCK_WIDTH, PATH_SEGMENT, to_lock
from davgate.storage.statements import Statement, ids_given, texts_given
from davgate.storage.tables import lock, node
from davgate.storage.transactions import Session, Transaction

_NEW = {column.name: bindparam(column.name, type_=column.type) for column in lock.c}
_HELD = (
    select(func.count())
    .select_from(lock)
    .where(lock.c.principal_id == _NEW["principal_id"], lock.c.expires_at > _NEW["taken_at"])
    .scalar_subquery()
)
_ADD = Statement(insert(lock).from_select([*_NEW], select(*_NEW.values()).where(_HELD < bindparam("most", type_=BigInteger()))))


def add(tx: Transaction, new: Lock, most: int) -> bool:
    """Store a lock; False, with nothing done, when its holder has as many live ones as it may. One statement."""
    added = tx.changed(
        _ADD,
        most=most,
        token=new.token,
        node_id=new.node_id,
        scope=new.scope.value,
        depth=new.depth.value,
        holding=new.holding.value,
        principal_id=new.principal_id,
        owner=new.owner,
        timeout_seconds=_seconds(new),
        taken_at=tx.now,
        expires_at=new.expires_at,
        revivable_until=new.revivable_until,
        is_stealable=int(new.is_stealable),
    )
    return added == 1


_REFRESH = Statement(
    update(lock)
    .where(lock.c.token == bindparam("held"))
    .values(
        timeout_seconds=bindparam("new_timeout_seconds"),
        expires_at=bindparam("new_expires_at"),
        revivable_until=bindparam("new_revivable_until"),
        is_stealable=bindparam("new_is_stealable"),
    )
)


def refresh(tx: Transaction, refreshed: Lock) -> None:
    """Store the new span and end of a lock."""
    tx.run(
        _REFRESH,
        held=refreshed.token,
        new_timeout_seconds=_seconds(refreshed),
        new_expires_at=refreshed.expires_at,
        new_revivable_until=refreshed.revivable_until,
        new_is_stealable=int(refreshed.is_stealable),
    )


def _seconds(stored: Lock) -> int | None:
    return None if stored.timeout is None else int(stored.timeout.total_seconds())


_END = Statement(delete(lock).where(lock.c.token == bindparam("token"), lock.c.principal_id == bindparam("of")))


def end(tx: Transaction, tokens: Iterable[str], principal_id: int) -> None:
    """End those of some locks that a principal holds, as it asked."""
    tx.run_many(_END, [{"token": token, "of": principal_id} for token in tokens])


_LOSE = Statement(
    update(lock)
    .where(lock.c.token == bindparam("held"))
    .values(
        expires_at=case(
            (lock.c.expires_at > bindparam("at", type_=BigInteger()), bindparam("at", type_=BigInteger())),
            else_=lock.c.expires_at,
        ),
        revivable_until=bindparam("at"),
    )
)


def lose(tx: Transaction, tokens: Iterable[str]) -> None:
    """End locks for good without their holders: what these save late is known by the row that stays for a while."""
    tx.run_many(_LOSE, [{"held": token, "at": tx.now} for token in tokens])


_TOKENS_OF = Statement(select(lock.c.token).where(lock.c.node_id == bindparam("node_id")))
_LIVE_OF = Statement(select(*LOCK_COLUMNS).where(lock.c.node_id == bindparam("node_id"), lock.c.expires_at > bindparam("now")))


def live_of(tx: Transaction, node_id: int) -> list[Lock]:
    """Return the live locks taken directly on a node."""
    return [to_lock(row) for row in tx.all(_LIVE_OF, node_id=node_id, now=tx.now)]


_HAS_ENDED = Statement(
    select(lock.c.token).where(
        lock.c.token == bindparam("held"), lock.c.principal_id == bindparam("of"), lock.c.expires_at <= bindparam("now")
    )
)


def has_ended(session: Session, token: str, principal_id: int, now: Instant) -> bool:
    """Tell whether a principal had a lock with this token that ended without being given back, not too long ago."""
    return session.first(_HAS_ENDED, held=token, of=principal_id, now=now) is not None


_PASS_ON = Statement(update(lock).where(lock.c.token == bindparam("held")).values(node_id=bindparam("to_id")))


def tokens_of(session: Session, node_id: int) -> list[str]:
    """Return the tokens of the locks taken directly on a node, those that ended a while ago included."""
    return [row[0] for row in session.all(_TOKENS_OF, node_id=node_id)]


def pass_on(tx: Transaction, tokens: Iterable[str], to_id: int) -> None:
    """Let locks stand on another node, with their tokens and ends."""
    tx.run_many(_PASS_ON, [{"held": token, "to_id": to_id} for token in tokens])


_END_BEFORE = Statement(delete(lock).where(lock.c.expires_at <= bindparam("before"), lock.c.revivable_until <= bindparam("now")))


def forget_ended_before(tx: Transaction, before: Instant) -> int:
    """Drop the rows of all locks that had ended at an instant and cannot be revived; return how many."""
    return tx.changed(_END_BEFORE, before=before, now=tx.now)


def _climb(*conditions: ColumnElement[bool]) -> CTE:
    """Return, for each lock of some kind, every node above it: its token, the node, and the path from there down.

    Few locks stand at a time, and trees can be large: climbing from each lock to the root beats walking down the tree.
    """
    start = (
        select(lock.c.token.label("token"), node.c.parent_id.label("at"), PATH_SEGMENT.label("below"))
        .join_from(lock, node, node.c.id == lock.c.node_id)
        .where(*conditions, node.c.parent_id.is_not(None))
        .cte("climb", recursive=True)
    )
    return start.union_all(
        select(start.c.token, node.c.parent_id, node.c.name + "/" + start.c.below)
        .join_from(start, node, node.c.id == start.c.at)
        .where(node.c.parent_id.is_not(None), node.c.name.is_not(None))
    )


_CLIMB = _climb(lock.c.expires_at > bindparam("now"))
_BELOW = Statement(
    select(*LOCK_COLUMNS, _CLIMB.c.below)
    .join_from(_CLIMB, lock, lock.c.token == _CLIMB.c.token)
    .where(_CLIMB.c.at == bindparam("top"))
)


def below(session: Session, top: int, top_path: TreePath, now: Instant) -> list[tuple[Lock, TreePath]]:
    """Return the locks alive at ``now`` on anything below a node, with the paths of their roots."""
    rows = session.all(_BELOW, top=top, now=now)
    return [(to_lock(row), (*top_path, *row[LOCK_WIDTH].split("/"))) for row in rows]


_IN_GRACE = _climb(lock.c.expires_at <= bindparam("now"), lock.c.revivable_until > bindparam("now"))
_LOSE_BELOW = Statement(
    update(lock)
    .where(lock.c.token.in_(select(_IN_GRACE.c.token).where(_IN_GRACE.c.at == bindparam("top"))))
    .values(revivable_until=bindparam("now"))
)


def lose_below(tx: Transaction, top: int) -> None:
    """Take from the locks that ran out below a node their grace."""
    tx.run(_LOSE_BELOW, top=top, now=tx.now)


_OF_MEMBERS = Statement(
    select(*LOCK_COLUMNS)
    .join_from(lock, node, node.c.id == lock.c.node_id)
    .where(node.c.parent_id == bindparam("parent_id"), lock.c.expires_at > bindparam("now"))
)


_GIVEN = ids_given("ids")
_FROM_GIVEN = select(_GIVEN.c.id.label("of"), _GIVEN.c.id.label("at")).cte("from_given", recursive=True)
_ABOVE_GIVEN = _FROM_GIVEN.union_all(
    select(_FROM_GIVEN.c.of, node.c.parent_id)
    .join_from(_FROM_GIVEN, node, node.c.id == _FROM_GIVEN.c.at)
    .where(node.c.parent_id.is_not(None))
)
_AFFECTING = Statement(
    select(_ABOVE_GIVEN.c.of, *LOCK_COLUMNS)
    .join_from(_ABOVE_GIVEN, lock, lock.c.node_id == _ABOVE_GIVEN.c.at)
    .where(lock.c.expires_at > bindparam("now"))
    .where(or_(_ABOVE_GIVEN.c.of == _ABOVE_GIVEN.c.at, lock.c.depth == Depth.INFINITY.value))
)


def affecting(session: Session, node_ids: Iterable[int], now: Instant) -> dict[int, list[Lock]]:
    """Return by node id the live locks that affect nodes: their own, and the deep ones of what is above them. One statement."""
    found: dict[int, list[Lock]] = {}
    for of, *row in session.all(_AFFECTING, ids=json.dumps([*node_ids]), now=now):
        found.setdefault(of, []).append(to_lock(tuple(row)))
    return found


_TAKEN_AT = Statement(select(lock.c.token, lock.c.taken_at).where(lock.c.token.in_(select(texts_given("tokens").c.text))))


def taken_at(session: Session, tokens: Iterable[str]) -> dict[str, Instant]:
    """Return by token when locks were taken; refreshing one does not change that."""
    return {row[0]: Instant(row[1]) for row in session.all(_TAKEN_AT, tokens=json.dumps([*tokens]))}


def of_members(session: Session, parent_id: int, now: Instant) -> dict[int, tuple[Lock, ...]]:
    """Return by node id the live locks taken directly on members of a collection."""
    found: dict[int, tuple[Lock, ...]] = {}
    for row in session.all(_OF_MEMBERS, parent_id=parent_id, now=now):
        one = to_lock(row)
        found[one.node_id] = (*found.get(one.node_id, ()), one)
    return found
