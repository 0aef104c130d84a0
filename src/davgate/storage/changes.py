"""Reading the order of changes: the state of the store, and what a client that follows a collection has missed (RFC 6578).

A row of ``change`` names a collection and the member of it that changed. Copying, moving and restoring a collection leave one row
for its top, so whatever was placed since is read with all below it; what lay at its name before is known from ``placement``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Final

from sqlalchemy import and_, bindparam, case, except_, exists, literal, or_, select, union

from davgate.model.frozen import frozen
from davgate.model.instant import FOREVER, Instant
from davgate.model.sync import State
from davgate.storage.rows import NODE_COLUMNS, MemberRow
from davgate.storage.statements import Row, Statement, ids_given
from davgate.storage.tables import change, node, placement, store
from davgate.storage.transactions import Session

# The state of the store


_STORE = Statement(
    select(store.c.uuid, store.c.last_change, change.c.changed_at).outerjoin_from(
        store, change, change.c.seq == store.c.last_change
    )
)
_INSTANT = Statement(select(change.c.changed_at).where(change.c.seq == bindparam("seq")))


def newest(session: Session) -> tuple[str, State]:
    """Return the id of the store and its present state."""
    row = session.all(_STORE)[0]
    return row[0], State(row[1], Instant(row[2] or 0))


def is_state(session: Session, state: State) -> bool:
    """Tell whether the store was in this state once."""
    if state.seq == 0:
        return state.at == 0
    row = session.first(_INSTANT, seq=state.seq)
    return row is not None and row[0] == state.at


def _json(ids: Iterable[int]) -> str:
    return json.dumps(sorted(set(ids)))


# What a client has missed


@frozen
class Touched:
    """A member that changed, with its path below the collection that is followed, as text.

    ``row`` is what is there now, None when there is nothing. ``is_new`` tells that it was placed there since: the client does
    not know what is below it.
    """

    path: str
    row: MemberRow | None
    is_new: bool


ACCESS: Final = "access"
"""The action of a change of rights: for those who gain them what is below is new, for those who lose them it is gone."""
_of_rights = change.alias("of_rights")
_WAS_PLACED = or_(
    exists().where(placement.c.node_id == node.c.id, placement.c.from_at > bindparam("at")),
    exists().where(
        _of_rights.c.parent_id == node.c.parent_id,
        _of_rights.c.seq > bindparam("seq"),
        _of_rights.c.node_id == node.c.id,
        _of_rights.c.action == literal(ACCESS),
    ),
)
_RIGHTS_CHANGED = Statement(
    select(change.c.node_id).distinct().where(change.c.seq > bindparam("seq"), change.c.action == literal(ACCESS))
)


def rights_changed(session: Session, state: State) -> frozenset[int]:
    """Return the nodes of which rights were given or taken since a state."""
    return frozenset(row[0] for row in session.all(_RIGHTS_CHANGED, seq=state.seq))


def members_touched(session: Session, parent_id: int, state: State) -> list[Touched]:
    """Return the members of a collection that changed since a state."""
    return _touched(session.all(_MEMBERS_TOUCHED, top=parent_id, seq=state.seq, at=state.at))


def touched_below(session: Session, top: int, state: State) -> list[Touched]:
    """Return what changed since a state anywhere below a collection, in places that are below it today."""
    return _touched(session.all(_TOUCHED_BELOW, top=top, seq=state.seq, at=state.at))


def _touched(rows: Iterable[Row]) -> list[Touched]:
    """Fold rows that name the same place: the one whose node is there now counts."""
    by_path: dict[str, Touched] = {}
    for path, was_placed, *row in rows:
        if row[0] is not None:
            by_path[path] = Touched(path, _member(row), bool(was_placed))
        else:
            by_path.setdefault(path, Touched(path, None, is_new=False))
    return list(by_path.values())


def _member(row: Sequence[object]) -> MemberRow:
    return tuple(row)  # type: ignore[return-value]  # the statements select NODE_COLUMNS


_OF_MEMBERS = (
    select(change.c.name, change.c.node_id)
    .where(change.c.parent_id == bindparam("top"), change.c.seq > bindparam("seq"), change.c.name.is_not(None))
    .distinct()
    .subquery("touched")
)
_MEMBERS_TOUCHED = Statement(
    select(_OF_MEMBERS.c.name, _WAS_PLACED, *NODE_COLUMNS).outerjoin_from(
        _OF_MEMBERS,
        node,
        and_(node.c.id == _OF_MEMBERS.c.node_id, node.c.parent_id == bindparam("top"), node.c.name == _OF_MEMBERS.c.name),
    )
)

# Trees are large and few places change, so each changed place climbs to the collection.
_PLACES = (
    select(change.c.node_id, change.c.parent_id, change.c.name)
    .where(change.c.seq > bindparam("seq"), change.c.parent_id.is_not(None), change.c.name.is_not(None))
    .distinct()
    .subquery("places")
)
_CLIMB = select(
    _PLACES.c.node_id, _PLACES.c.parent_id, _PLACES.c.name, _PLACES.c.parent_id.label("at"), _PLACES.c.name.label("path")
).cte("climb", recursive=True)
_CLIMB = _CLIMB.union_all(
    select(_CLIMB.c.node_id, _CLIMB.c.parent_id, _CLIMB.c.name, node.c.parent_id, node.c.name + "/" + _CLIMB.c.path)
    .join_from(_CLIMB, node, node.c.id == _CLIMB.c.at)
    .where(_CLIMB.c.at != bindparam("top"), node.c.parent_id.is_not(None), node.c.name.is_not(None))
)
_TOUCHED_BELOW = Statement(
    select(_CLIMB.c.path, _WAS_PLACED, *NODE_COLUMNS)
    .outerjoin_from(
        _CLIMB,
        node,
        and_(node.c.id == _CLIMB.c.node_id, node.c.parent_id == _CLIMB.c.parent_id, node.c.name == _CLIMB.c.name),
    )
    .where(_CLIMB.c.at == bindparam("top"))
)


# Members with their paths, in the order of these

_MEMBERS = Statement(
    select(node.c.name, *NODE_COLUMNS)
    .where(node.c.parent_id == bindparam("top"), node.c.name > bindparam("told"))
    .order_by(node.c.name)
    .limit(bindparam("most"))
)


def members(session: Session, parent_id: int, told: str, most: int) -> list[tuple[str, MemberRow]]:
    """Return the members of a collection whose names come after one, up to so many."""
    return _with_paths(session.all(_MEMBERS, top=parent_id, told=told, most=most))


_FIRST = select(node.c.id, node.c.name.label("path")).where(node.c.parent_id == bindparam("top"))
_DOWN = _FIRST.cte("down", recursive=True)
_DOWN = _DOWN.union_all(
    select(node.c.id, _DOWN.c.path + "/" + node.c.name).join_from(_DOWN, node, node.c.parent_id == _DOWN.c.id)
)
_BELOW = Statement(
    select(_DOWN.c.path, *NODE_COLUMNS)
    .join_from(_DOWN, node, node.c.id == _DOWN.c.id)
    .where(_DOWN.c.path > bindparam("told"))
    .order_by(_DOWN.c.path)
    .limit(bindparam("most"))
)


def below(session: Session, top: int, told: str, most: int) -> list[tuple[str, MemberRow]]:
    """Return what is below a collection and comes after a path, up to so many."""
    return _with_paths(session.all(_BELOW, top=top, told=told, most=most))


_GIVEN = ids_given("ids")
_RISE = (
    select(node.c.id, node.c.parent_id.label("at"), node.c.name.label("path"))
    .join_from(_GIVEN, node, node.c.id == _GIVEN.c.id)
    .cte("rise", recursive=True)
)
_RISE = _RISE.union_all(
    select(_RISE.c.id, node.c.parent_id, node.c.name + "/" + _RISE.c.path)
    .join_from(_RISE, node, node.c.id == _RISE.c.at)
    .where(_RISE.c.at != bindparam("top"), node.c.parent_id.is_not(None))
)
_TREES = select(_RISE.c.id, _RISE.c.path).where(_RISE.c.at == bindparam("top")).cte("trees", recursive=True)
_TREES = _TREES.union_all(
    select(node.c.id, _TREES.c.path + "/" + node.c.name).join_from(_TREES, node, node.c.parent_id == _TREES.c.id)
)
_IN_TREES = Statement(
    select(_TREES.c.path, *NODE_COLUMNS)
    .join_from(_TREES, node, node.c.id == _TREES.c.id)
    .where(_TREES.c.path > bindparam("told"))
    .order_by(_TREES.c.path)
    .limit(bindparam("most"))
)


def in_trees(session: Session, top: int, roots: Iterable[int], told: str, most: int) -> list[tuple[str, MemberRow]]:
    """Return nodes below a collection with all below them, none of which holds another, as far as they come after a path."""
    return _with_paths(session.all(_IN_TREES, top=top, ids=_json(roots), told=told, most=most))


def _with_paths(rows: Iterable[Row]) -> list[tuple[str, MemberRow]]:
    return [(path, _member(row)) for path, *row in rows]


# What was below a place that was left since, and is not there any more. A path was there as long as all placements on it held at
# once; without their intersection a folder that was put into its own former member would be its own descendant. What was removed
# for good has no placements, but has left its change.

_BEFORE = ids_given("ids")
_WAS = (
    select(
        node.c.id.label("top"),
        placement.c.node_id.label("id"),
        placement.c.name.label("path"),
        placement.c.from_at.label("from_at"),
        placement.c.to_at.label("to_at"),
    )
    .join_from(_BEFORE, node, node.c.id == _BEFORE.c.id)
    .join(placement, and_(placement.c.parent_id == node.c.parent_id, placement.c.name_key == node.c.name_key))
    .where(placement.c.to_at > bindparam("at"), placement.c.to_at < FOREVER)
    .cte("was", recursive=True)
)
_FROM = case((placement.c.from_at > _WAS.c.from_at, placement.c.from_at), else_=_WAS.c.from_at)
_TO = case((placement.c.to_at < _WAS.c.to_at, placement.c.to_at), else_=_WAS.c.to_at)
_WAS = _WAS.union_all(
    select(_WAS.c.top, placement.c.node_id, _WAS.c.path + "/" + placement.c.name, _FROM, _TO)
    .join_from(_WAS, placement, placement.c.parent_id == _WAS.c.id)
    .where(placement.c.to_at > bindparam("at"), _FROM < _TO)
)
# Where few changes are as young PostgreSQL would look for them first, through all that there are.
_IS_YOUNG = change.c.changed_at + 0 > bindparam("at")
_REMOVED = select(_WAS.c.top, _WAS.c.path + "/" + change.c.name).join_from(
    _WAS, change, and_(change.c.parent_id == _WAS.c.id, _IS_YOUNG, change.c.name.is_not(None))
)
_EVER = union(select(_WAS.c.top, _WAS.c.path), _REMOVED).subquery("ever")
_LEFT = select(_WAS.c.top).distinct().subquery("left_since")
_NOW = (
    select(node.c.id.label("top"), node.c.id, node.c.name.label("path"))
    .join_from(_LEFT, node, node.c.id == _LEFT.c.top)
    .cte("now", recursive=True)
)
_NOW = _NOW.union_all(
    select(_NOW.c.top, node.c.id, _NOW.c.path + "/" + node.c.name).join_from(_NOW, node, node.c.parent_id == _NOW.c.id)
)
_GONE = Statement(except_(select(_EVER), select(_NOW.c.top, _NOW.c.path)))


def gone(session: Session, node_ids: Iterable[int], at: Instant) -> list[tuple[int, str]]:
    """Return what was at and below the places of nodes before these came there, since an instant, and is not there now.

    Each is the node that is there now, and a path that begins with the name there.
    """
    return [(row[0], row[1]) for row in session.all(_GONE, ids=_json(node_ids), at=at)]
