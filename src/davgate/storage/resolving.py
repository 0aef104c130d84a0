"""From a path to what lies on it: the node, its ancestors, their locks and grants, in one statement."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import and_, bindparam, case, literal, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction
from sqlalchemy.types import Integer, Text

from davgate.model.instant import FOREVER, Instant
from davgate.model.locks import Lock
from davgate.model.names import can_exist, collision_key
from davgate.model.node import ROOT_ID, Node
from davgate.model.paths import TreePath
from davgate.model.principal import Principal
from davgate.storage.database import Session
from davgate.storage.rows import LOCK_COLUMNS, LOCK_WIDTH, NODE_COLUMNS, NODE_WIDTH, to_lock, to_node
from davgate.storage.statements import Statement
from davgate.storage.tables import access_grant, blob, lock, node, principal, store


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a path leads to.

    ``chain`` holds the nodes from the root down, as far as they exist; ``locks`` the live locks on each of them by node id;
    ``grants`` the rights given to the asking principal, with the depth at which. ``caller_epoch`` is the principal's present
    epoch, None when it is disabled or gone. ``body`` is the content when it was asked for and lies in the database,
    ``stored_bytes`` the sum of all content in the store when that was asked for.
    """

    path: TreePath
    chain: tuple[Node, ...]
    locks: dict[int, tuple[Lock, ...]]
    grants: tuple[tuple[int, int], ...]
    caller_epoch: int | None
    body: bytes | None
    stored_bytes: int | None
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


def resolve(
    session: Session,
    path: TreePath,
    who: Principal,
    now: Instant,
    *,
    with_body: bool = False,
    with_stored_bytes: bool = False,
) -> Resolved:
    """Return what lies on a path, with the locks alive at ``now`` and the grants of a principal. One statement.

    A drive asks for the same few places again and again: as long as nothing was committed and no lock ended, the answer is
    remembered.
    """
    memory = session.memory()
    question = (path, who.identities, with_body, with_stored_bytes)
    if memory is not None:
        known: Resolved | None = memory.get(question)
        # A clock that leapt back may find a lock alive again that had ended when this was found.
        if known is not None and known.found_at <= now < known.holds_until:
            return known
    found = _resolve(session, path, who, now, with_body=with_body, with_stored_bytes=with_stored_bytes)
    if memory is not None:
        memory[question] = found
    return found


@lru_cache(maxsize=1024)
def _segments(path: TreePath) -> str:
    return json.dumps([collision_key(name) if can_exist(name) else None for name in path])


def _resolve(
    session: Session, path: TreePath, who: Principal, now: Instant, *, with_body: bool, with_stored_bytes: bool
) -> Resolved:
    rows = session.all(
        _RESOLVE[with_body, with_stored_bytes],
        segments=_segments(path),
        last=len(path),
        now=now,
        me=who.id,
        also_me=who.identities[-1],
    )
    nodes: dict[int, Node] = {}
    locks: dict[int, dict[str, Lock]] = {}
    grants: dict[int, tuple[int, int]] = {}
    body: bytes | None = None
    for row in rows:
        depth = row[0]
        if depth not in nodes:
            nodes[depth] = to_node(row[1:_LOCK_AT])
        if row[_LOCK_AT] is not None:
            found = to_lock(row[_LOCK_AT:_GRANT_AT])
            locks.setdefault(found.node_id, {})[found.token] = found
        if row[_GRANT_AT] is not None:
            grants[(depth << 64) + row[_GRANT_AT]] = (depth, row[_GRANT_AT + 1])
        if with_body and row[_BODY_AT] is not None:
            body = row[_BODY_AT]
    return Resolved(
        path,
        tuple(nodes[depth] for depth in sorted(nodes)),
        {node_id: tuple(by_token.values()) for node_id, by_token in locks.items()},
        tuple(grants.values()),
        rows[0][_GRANT_AT + 2] if rows else None,
        body,
        rows[0][-1] if rows and with_stored_bytes else None,
        now,
        min((lock.expires_at for by_token in locks.values() for lock in by_token.values()), default=FOREVER),
    )


class _SegmentAt(GenericFunction[str]):
    """The name at a position of a path that is given as a JSON list; NULL past its end."""

    type = Text()
    inherit_cache = True


@compiles(_SegmentAt, "sqlite")
def _segment_on_sqlite(element: _SegmentAt, compiler: SQLCompiler, **kw: object) -> str:
    path, position = element.clauses
    return f"json_extract({compiler.process(path)}, '$[' || {compiler.process(position)} || ']')"


@compiles(_SegmentAt, "postgresql")
def _segment_on_postgresql(element: _SegmentAt, compiler: SQLCompiler, **kw: object) -> str:
    path, position = element.clauses
    return f"(CAST({compiler.process(path)} AS json) ->> {compiler.process(position)})"


def _statement(*, with_body: bool, with_stored_bytes: bool) -> Statement:
    start = select(literal(0, Integer).label("depth"), literal(ROOT_ID, node.c.id.type).label("id"))
    walk = start.cte("walk", recursive=True)
    child = node.alias("child")
    step = select(walk.c.depth + 1, child.c.id).join_from(
        walk,
        child,
        and_(
            child.c.parent_id == walk.c.id,
            child.c.name_key == _SegmentAt(bindparam("segments", type_=Text()), walk.c.depth),
        ),
    )
    walk = walk.union_all(step)
    epoch = select(principal.c.epoch).where(principal.c.id == bindparam("me"), principal.c.is_disabled == 0).scalar_subquery()
    columns = [walk.c.depth, *NODE_COLUMNS, *LOCK_COLUMNS, access_grant.c.principal_id, access_grant.c.rights, epoch]
    if with_body:
        inline = select(blob.c.body).where(blob.c.digest == node.c.digest).scalar_subquery()
        columns.append(case((walk.c.depth == bindparam("last"), inline)))
    if with_stored_bytes:
        columns.append(select(store.c.stored_bytes).scalar_subquery())
    return Statement(
        select(*columns)
        .join_from(walk, node, node.c.id == walk.c.id)
        .outerjoin(lock, and_(lock.c.node_id == walk.c.id, lock.c.expires_at > bindparam("now")))
        .outerjoin(
            access_grant,
            and_(
                access_grant.c.node_id == walk.c.id,
                access_grant.c.principal_id.in_([bindparam("me"), bindparam("also_me")]),
            ),
        )
    )


_LOCK_AT = 1 + NODE_WIDTH
_GRANT_AT = _LOCK_AT + LOCK_WIDTH
_BODY_AT = _GRANT_AT + 3
_RESOLVE = {
    (with_body, with_stored_bytes): _statement(with_body=with_body, with_stored_bytes=with_stored_bytes)
    for with_body in (False, True)
    for with_stored_bytes in (False, True)
}
