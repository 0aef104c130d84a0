"""From a path to what lies on it: the node, its ancestors, their locks and grants, in one statement."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import product
from typing import Any, Final, TypeAlias

from sqlalchemy import CTE, ColumnElement, and_, bindparam, case, exists, func, literal, or_, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction
from sqlalchemy.types import Integer, Text

from davgate.model.checkout import CheckOut
from davgate.model.editing import SCRATCH_AGE
from davgate.model.frozen import frozen
from davgate.model.instant import FOREVER, Instant, after
from davgate.model.locks import Lock, is_expired
from davgate.model.names import can_exist, collision_key
from davgate.model.node import ROOT_ID, Node
from davgate.model.paths import TreePath, Where
from davgate.model.permissions import Step
from davgate.model.principal import SIGNED_IN_ID, Principal
from davgate.storage.rows import (
    CHECK_OUT_COLUMNS,
    CHECK_OUT_WIDTH,
    LOCK_COLUMNS,
    LOCK_WIDTH,
    NODE_COLUMNS,
    NODE_WIDTH,
    to_check_out,
    to_lock,
    to_node,
)
from davgate.storage.statements import Row, Statement, Value, ids_given
from davgate.storage.tables import STORED_BYTES, access_grant, blob, check_out, lock, node, principal
from davgate.storage.transactions import Session

_Flags: TypeAlias = tuple[bool, bool, bool]
_MOST_LOCKS: Final = 32
"""On the way to a collection that is remembered; each may have a long owner."""


@frozen
class Resolved:
    """What a path or an id leads to. Of an id ``path`` is where its node is; what has no name on the drive is called by its UUID.

    ``chain`` holds the nodes from the root down, as far as they exist; ``locks`` the live locks on each of them by node id;
    ``ended_locks`` are those that ran out or were broken a while ago: they forbid nothing, and may be revived. ``way`` tells for
    each node of the chain which rights were granted there to the asking principal. ``caller_epoch`` is the principal's present
    epoch, None when it is disabled or gone. ``body`` is the content when it was asked for and lies in the database,
    ``stored_bytes`` the sum of all content in the store when that was asked for.

    ``check_out`` is that of the document at the path, standing or cancelled a while ago. To its holder the last node of the
    chain shows the working copy. ``has_check_outs`` tells whether anything is checked out, ``is_young_of_others`` whether reading
    the document should be noted, because somebody else made it a moment ago: it may be a program's scratch file.
    """

    path: TreePath
    chain: tuple[Node, ...]
    locks: dict[int, tuple[Lock, ...]]
    ended_locks: dict[int, tuple[Lock, ...]]
    way: tuple[Step, ...]
    caller_epoch: int | None
    body: bytes | None
    stored_bytes: int | None
    check_out: CheckOut | None
    has_check_outs: bool
    is_young_of_others: bool
    found_at: Instant
    holds_until: Instant

    @property
    def node(self) -> Node | None:
        """The node at the path, or None when there is none."""
        return self.chain[-1] if len(self.chain) == len(self.path) + 1 else None

    @property
    def parent(self) -> Node | None:
        """The collection or document that the last segment is looked up in, or None; the root has none."""
        depth = len(self.path)
        return self.chain[depth - 1] if 0 < depth <= len(self.chain) else None

    def holds_at(self, now: Instant) -> bool:
        """Tell whether it is the same at another instant, if nothing was committed since."""
        # A clock that leapt back may find a lock alive again that had ended when this was found.
        return self.found_at <= now < self.holds_until


def resolve(
    session: Session,
    where: Where,
    who: Principal,
    now: Instant,
    *,
    with_body: bool = False,
    with_stored_bytes: bool = False,
) -> Resolved:
    """Return what lies on a path, or has an id, with the locks alive at ``now`` and the grants of a principal. One statement.

    A drive asks for the same few places again and again: as long as nothing was committed and no lock ended, the answer is
    remembered. For longer it is remembered what is above a place, for what is asked for next is mostly beside it.
    """
    asked = _Asked(who, now, with_body, with_stored_bytes)
    memory = session.memory()
    if memory is None:
        return _resolve(session, where, asked)
    question = (where, who.identities, with_body, with_stored_bytes)
    known: Resolved | None = memory.get(question)
    if known is None or not known.holds_at(now):
        known = memory[question] = _resolve_remembering(session, where, asked)
    return known


@frozen
class _Asked:
    """Who asks, when, and whether for the content and the size of the store too."""

    who: Principal
    now: Instant
    with_body: bool
    with_stored_bytes: bool

    @property
    def flags(self) -> _Flags:
        """What the statement depends on."""
        return self.with_body, self.with_stored_bytes, bool(self.who.groups)

    def values(self) -> dict[str, Value]:
        """Return the parameters that every statement has."""
        who, now = self.who, self.now
        as_whom: dict[str, Value] = {"identities": identities_of(who)} if who.groups else {"signed_in": SIGNED_IN_ID}
        return {"now": now, "young_since": after(now, -SCRATCH_AGE), "me": who.id, **as_whom}


def _resolve_remembering(session: Session, where: Where, asked: _Asked) -> Resolved:
    """Return what lies on a path by a look below its collection, if that is known from what was asked for before."""
    if not isinstance(where, tuple) or not where:
        return _resolve(session, where, asked)
    collections, collection = session.known_collections(), (where[:-1], asked.who.identities)
    beside: Resolved | None = collections.get(collection)
    if beside is not None and beside.holds_at(asked.now):
        found = _look_below(session, beside, where, asked)
        # What lies there is of the same moment as what is above it only if nothing was committed in between.
        if found is not None and session.is_unchanged():
            return found
    found = _resolve(session, where, asked)
    if found.parent is not None and _lock_count(found) <= _MOST_LOCKS:
        # Of so many are remembered that each must be small.
        collections[collection] = replace(found, body=None) if asked.with_body else found
    return found


def _look_below(session: Session, beside: Resolved, path: TreePath, asked: _Asked) -> Resolved | None:
    """Return what lies on a path, by one that led to the same collection; None if that cannot tell all that is asked for."""
    depth = len(path)
    rows = session.all(
        _BELOW[asked.flags], depth=depth, last=depth, parent=beside.chain[depth - 1].id, key=_key_of(path[-1]), **asked.values()
    )
    if rows:
        return _put_together(path, rows, asked, beside)
    if asked.with_stored_bytes:
        return None
    nothing = _put_together(path, rows, asked, beside)
    return replace(nothing, caller_epoch=beside.caller_epoch, has_check_outs=beside.has_check_outs)


def _lock_count(found: Resolved) -> int:
    return sum(map(len, found.locks.values())) + sum(map(len, found.ended_locks.values()))


def _key_of(name: str) -> str | None:
    return collision_key(name) if can_exist(name) else None


@lru_cache(maxsize=1024)
def _segments(path: TreePath) -> str:
    return json.dumps([_key_of(name) for name in path])


def _resolve(session: Session, where: Where, asked: _Asked) -> Resolved:
    if isinstance(where, tuple):
        rows = session.all(_BY_PATH[asked.flags], segments=_segments(where), last=len(where), **asked.values())
        return _put_together(where, rows, asked)
    by_id = _BY_ID if isinstance(where, int) else _BY_UUID
    climbed = session.all(by_id[asked.flags], given=where, **asked.values())
    top = max((row[0] for row in climbed), default=0)
    if not climbed or not any(row[0] == top and row[1] == ROOT_ID for row in climbed):
        # Whoever asks is known all the same, and what is nowhere in the tree is found nowhere in it.
        return replace(_resolve(session, (), replace(asked, with_body=False)), path=_nowhere(where))
    rows = [(top - row[0], *row[1:]) for row in climbed]
    return _put_together(_path_of(rows, top), rows, asked)


def _put_together(path: TreePath, rows: Sequence[Row], asked: _Asked, beside: Resolved | None = None) -> Resolved:
    """Return what rows tell of a path; with what lies ``beside`` it they tell of its end alone."""
    now = asked.now
    nodes: dict[int, Node] = {}
    live: dict[int, dict[str, Lock]] = {}
    ended: dict[int, dict[str, Lock]] = {}
    granted: dict[int, int] = {}
    check_out: CheckOut | None = None
    body: bytes | None = None
    is_young_of_others = False
    for row in rows:
        depth = row[0]
        if depth not in nodes:
            nodes[depth] = to_node(row[1:_LOCK_AT])
        if row[_LOCK_AT] is not None:
            found = to_lock(row[_LOCK_AT:_GRANT_AT])
            (ended if is_expired(found, now) else live).setdefault(found.node_id, {})[found.token] = found
        if row[_GRANT_AT] is not None:
            granted[depth] = granted.get(depth, 0) | row[_GRANT_AT]
        if row[_CHECK_OUT_AT] is not None:
            check_out = to_check_out(row[_CHECK_OUT_AT:_BODY_AT])
        if asked.with_body and depth == len(path):
            body, is_young_of_others = row[_BODY_AT], bool(row[_BODY_AT + 1])
    depths = sorted(nodes)
    chain = tuple([nodes[depth] for depth in depths])
    if check_out is not None and check_out.is_held_by(asked.who):
        chain = (*chain[:-1], as_holder_sees(chain[-1], check_out))
    way = tuple([Step(nodes[depth].id, nodes[depth].is_closed, granted.get(depth, 0)) for depth in depths])
    locks = {node_id: tuple(by_token.values()) for node_id, by_token in live.items()}
    ended_locks = {node_id: tuple(by_token.values()) for node_id, by_token in ended.items()}
    holds_until = min((lock.expires_at for of_node in locks.values() for lock in of_node), default=FOREVER)
    if beside is not None:
        above = beside.chain[: len(path)]
        chain, way = above + chain, beside.way[: len(path)] + way
        locks = {**_of_these(above, beside.locks), **locks}
        ended_locks = {**_of_these(above, beside.ended_locks), **ended_locks}
        holds_until = min(holds_until, beside.holds_until)
    return Resolved(
        path,
        chain,
        locks,
        ended_locks,
        way,
        rows[0][_EPOCH_AT] if rows else None,
        body,
        rows[0][-1] if rows and asked.with_stored_bytes else None,
        check_out,
        bool(rows and rows[0][_EPOCH_AT + 1]),
        is_young_of_others,
        now,
        holds_until,
    )


def _of_these(nodes: Sequence[Node], locks: dict[int, tuple[Lock, ...]]) -> dict[int, tuple[Lock, ...]]:
    return {node.id: locks[node.id] for node in nodes if node.id in locks} if locks else locks


@lru_cache(maxsize=1024)
def _as_json(identities: tuple[int, ...]) -> str:
    return json.dumps(identities)


def identities_of(who: Principal) -> str:
    """Return the ids whose grants a principal has, as the parameter of a statement."""
    return _as_json(who.identities)


def as_holder_sees(node: Node, check_out: CheckOut) -> Node:
    """Return a document that is checked out as its holder sees it: with the working copy, if there is one, or without a file."""
    if check_out.saved_at is None:
        return node
    return replace(node, content=check_out.content, modified_at=check_out.saved_at)


class SegmentAt(GenericFunction[str]):
    """The name at a position of a path that is given as a JSON list; NULL past its end."""

    type = Text()
    inherit_cache = True


@compiles(SegmentAt, "sqlite")
def _segment_on_sqlite(element: SegmentAt, compiler: SQLCompiler, **kw: object) -> str:
    path, position = element.clauses
    return f"json_extract({compiler.process(path)}, '$[' || {compiler.process(position)} || ']')"


@compiles(SegmentAt, "postgresql")
def _segment_on_postgresql(element: SegmentAt, compiler: SQLCompiler, **kw: object) -> str:
    path, position = element.clauses
    return f"(CAST({compiler.process(path)} AS json) ->> {compiler.process(position)})"


def _nowhere(where: int | str) -> TreePath:
    """Return the path of an id that leads to nothing: nothing has it, and no collection that exists is above it."""
    return ("=", f"={where}")


def _path_of(rows: Sequence[Row], depth: int) -> TreePath:
    """Return the names from below the root down; what has none is called by its UUID."""
    names = {row[0]: (row[_NAME_AT], row[_UUID_AT]) for row in rows}
    return tuple(name or f"={uuid}" for name, uuid in (names[level] for level in range(1, depth + 1)))


def _down_a_path() -> CTE:
    """Return the ids from the root down along the names that are given; the depth counts from the root."""
    start = select(literal(0, Integer).label("depth"), literal(ROOT_ID, node.c.id.type).label("id"))
    walk = start.cte("walk", recursive=True)
    child = node.alias("child")
    step = select(walk.c.depth + 1, child.c.id).join_from(
        walk,
        child,
        and_(
            child.c.parent_id == walk.c.id,
            child.c.name_key == SegmentAt(bindparam("segments", type_=Text()), walk.c.depth),
        ),
    )
    return walk.union_all(step)


def _below() -> CTE:
    """Return the id of what has a given name in a given collection, at a given depth from the root."""
    child = node.alias("child")
    depth = bindparam("depth", type_=Integer).label("depth")
    return (
        select(depth, child.c.id)
        .where(child.c.parent_id == bindparam("parent"), child.c.name_key == bindparam("key"))
        .cte("walk")
    )


def _up_from(column: ColumnElement[Any]) -> CTE:
    """Return the ids from the node with a given id or UUID up; the depth counts from that node."""
    start = select(literal(0, Integer).label("depth"), node.c.id, node.c.parent_id).where(column == bindparam("given"))
    walk = start.cte("walk", recursive=True)
    above = node.alias("above")
    return walk.union_all(
        select(walk.c.depth + 1, above.c.id, above.c.parent_id).join_from(walk, above, above.c.id == walk.c.parent_id)
    )


def _statement(
    walk: CTE, is_last: ColumnElement[bool], *, with_body: bool, with_stored_bytes: bool, with_groups: bool
) -> Statement:
    epoch = select(principal.c.epoch).where(principal.c.id == bindparam("me"), principal.c.is_disabled == 0).scalar_subquery()
    columns = [walk.c.depth, *NODE_COLUMNS, *LOCK_COLUMNS, access_grant.c.rights, epoch]
    columns += [exists().where(check_out.c.document_id.is_not(None)), *CHECK_OUT_COLUMNS]
    if with_body:
        is_own = (check_out.c.principal_id == bindparam("me")) & check_out.c.cancelled_at.is_(None)
        shown = func.coalesce(case((is_own, check_out.c.digest)), node.c.digest)
        inline = select(blob.c.body).where(blob.c.digest == shown).scalar_subquery()
        columns.append(case((is_last, inline)))
        is_young = or_(node.c.created_at > bindparam("young_since"), node.c.version_no == 0)
        columns.append(and_(node.c.created_by != bindparam("me"), node.c.is_seen == 0, is_young))
    if with_stored_bytes:
        columns.append(STORED_BYTES)
    # Most are in no group that has to be known, and a list of ids costs a third of the statement.
    listed = select(ids_given("identities").c.id)
    is_ones_own = access_grant.c.principal_id.in_(listed if with_groups else [bindparam("me"), bindparam("signed_in")])
    return Statement(
        select(*columns)
        .join_from(walk, node, node.c.id == walk.c.id)
        .outerjoin(lock, lock.c.node_id == walk.c.id)
        .outerjoin(
            access_grant,
            and_(
                access_grant.c.node_id == walk.c.id,
                is_ones_own,
            ),
        )
        .outerjoin(check_out, and_(is_last, check_out.c.document_id == walk.c.id))
    )


_LOCK_AT = 1 + NODE_WIDTH
_GRANT_AT = _LOCK_AT + LOCK_WIDTH
_EPOCH_AT = _GRANT_AT + 1
_CHECK_OUT_AT = _EPOCH_AT + 2
_BODY_AT = _CHECK_OUT_AT + CHECK_OUT_WIDTH
_NAME_AT, _UUID_AT = 5, 2


def _statements(walk: CTE, is_last: ColumnElement[bool]) -> dict[_Flags, Statement]:
    return {
        (with_body, with_stored_bytes, with_groups): _statement(
            walk, is_last, with_body=with_body, with_stored_bytes=with_stored_bytes, with_groups=with_groups
        )
        for with_body, with_stored_bytes, with_groups in product((False, True), repeat=3)
    }


_DOWN = _down_a_path()
_ONE_BELOW = _below()
_UP_FROM_ID = _up_from(node.c.id)
_UP_FROM_UUID = _up_from(node.c.uuid)
_BY_PATH = _statements(_DOWN, _DOWN.c.depth == bindparam("last"))
_BELOW = _statements(_ONE_BELOW, _ONE_BELOW.c.depth == bindparam("last"))
_BY_ID = _statements(_UP_FROM_ID, _UP_FROM_ID.c.depth == 0)
_BY_UUID = _statements(_UP_FROM_UUID, _UP_FROM_UUID.c.depth == 0)
