"""The tree as it was at an instant: what a path led to, what a collection held, and with which content.

A place held from ``placement.from_at`` up to, not including, ``to_at``. A version counts from its opening, with the bytes of its
last kept save that is not younger than the instant, and else with its own; where a version was thinned, the nearest older one
that is kept stands in. Documents without a version then did not exist: neither pending ones nor scratch files have a past.
A file that its program moved onto a document a moment later was a scratch file, too: its content is that document's version.
"""

from __future__ import annotations

import json

from sqlalchemy import ColumnElement, FromClause, and_, bindparam, case, func, literal, or_, select
from sqlalchemy.types import BigInteger, Integer, Text

from davgate.model.frozen import frozen
from davgate.model.instant import Instant
from davgate.model.names import can_exist, collision_key
from davgate.model.node import ROOT_ID, NodeKind
from davgate.model.paths import TreePath
from davgate.model.principal import Principal
from davgate.storage.members import Beginning, begin
from davgate.storage.resolving import SegmentAt
from davgate.storage.rows import NODE_WIDTH, MemberRow
from davgate.storage.statements import Row, Statement
from davgate.storage.tables import blob, node, placement, principal, save, version
from davgate.storage.transactions import Session

_AT = bindparam("at", type_=BigInteger())
_HELD = and_(placement.c.from_at <= _AT, placement.c.to_at > _AT)
_COLLECTION = NodeKind.COLLECTION.value

_candidate = version.alias("candidate")
_NO = (
    select(_candidate.c.no)
    .where(_candidate.c.document_id == node.c.id, _candidate.c.opened_at <= _AT, _candidate.c.has_content == 1)
    .order_by(_candidate.c.no.desc())
    .limit(1)
    .scalar_subquery()
)
_earlier = save.alias("earlier")
_SAVED_AT = (
    select(func.max(_earlier.c.saved_at))
    .where(_earlier.c.document_id == version.c.document_id, _earlier.c.version_no == version.c.no, _earlier.c.saved_at <= _AT)
    .scalar_subquery()
)
_HAS_SAVE = and_(
    version.c.saved_at > _AT,
    save.c.document_id == version.c.document_id,
    save.c.version_no == version.c.no,
    save.c.saved_at == _SAVED_AT,
)
_DIGEST = func.coalesce(save.c.digest, version.c.digest)
_MODIFIED_AT = func.coalesce(save.c.saved_at, version.c.saved_at, case((node.c.modified_at < _AT, node.c.modified_at), else_=_AT))


def _columns(name: ColumnElement[str]) -> list[ColumnElement[object]]:
    """Return the columns of a ``MemberRow`` of then; its id is 0, for it is no node of today."""
    return [
        literal(0, Integer),
        node.c.uuid,
        node.c.kind,
        node.c.parent_id,
        name,
        node.c.created_at,
        _MODIFIED_AT,
        func.coalesce(version.c.no, 0),
        _DIGEST,
        func.coalesce(save.c.length_bytes, version.c.length_bytes),
        func.coalesce(save.c.media_type, version.c.media_type),
        node.c.created_by,
        node.c.is_closed,
    ]


def _with_content(source: FromClause) -> FromClause:
    then = and_(version.c.document_id == node.c.id, version.c.no == _NO)
    return source.outerjoin(version, then).outerjoin(save, _HAS_SAVE)


_EXISTED = or_(node.c.kind == _COLLECTION, version.c.no.is_not(None))
WIDTH = NODE_WIDTH

# The way down

# The root has no name; its row is read for the collation, which on PostgreSQL has to be that of the names that follow.
_START = select(literal(0, Integer).label("depth"), node.c.id, func.coalesce(node.c.name, "").label("name")).where(
    node.c.id == ROOT_ID
)
_WALK = _START.cte("walk", recursive=True)
_WALKED = _WALK.union_all(
    select(_WALK.c.depth + 1, placement.c.node_id, placement.c.name).join_from(
        _WALK,
        placement,
        and_(
            placement.c.parent_id == _WALK.c.id,
            placement.c.name_key == SegmentAt(bindparam("segments", type_=Text()), _WALK.c.depth),
            _HELD,
        ),
    )
)
_IS_LAST = _WALKED.c.depth == bindparam("last")
_EPOCH = select(principal.c.epoch).where(principal.c.id == bindparam("me"), principal.c.is_disabled == 0).scalar_subquery()
_BODY = select(blob.c.body).where(blob.c.digest == _DIGEST).scalar_subquery()
_RESOLVE = Statement(
    select(
        *_columns(_WALKED.c.name),
        _WALKED.c.depth,
        _WALKED.c.id,
        _EPOCH,
        case((and_(_IS_LAST, bindparam("with_body", type_=Integer()) == 1), _BODY)),
    ).select_from(_with_content(_WALKED.join(node, node.c.id == _WALKED.c.id)))
)


@frozen
class FoundThen:
    """What a path led to at an instant.

    ``row`` is None where nothing was. ``caller_epoch`` is as in ``resolving.Resolved``. ``body`` is the content when it was asked
    for and lies in the database.
    """

    row: MemberRow | None
    node_id: int
    caller_epoch: int | None
    body: bytes | None


def find(session: Session, path: TreePath, at: Instant, who: Principal, *, with_body: bool = False) -> FoundThen:
    """Return what a path led to at an instant. One statement."""
    rows = session.all(
        _RESOLVE,
        segments=json.dumps([collision_key(name) if can_exist(name) else None for name in path]),
        at=at,
        last=len(path),
        me=who.id,
        with_body=int(with_body),
    )
    last: Row | None = None
    for row in rows:
        if row[WIDTH] == len(path) and (row[2] == _COLLECTION or row[7]):
            last = row
    return FoundThen(
        None if last is None else _member(last),
        0 if last is None else last[WIDTH + 1],
        rows[0][WIDTH + 2] if rows else None,
        None if last is None else last[WIDTH + 3],
    )


def _member(row: Row) -> MemberRow:
    found: MemberRow = row[:WIDTH]
    return found


# What was in a collection

_MEMBERS = Statement(
    select(*_columns(placement.c.name), placement.c.node_id)
    .select_from(_with_content(placement.join(node, node.c.id == placement.c.node_id)))
    .where(placement.c.parent_id == bindparam("parent_id"), _HELD, _EXISTED)
    .order_by(placement.c.name_key)
)


def members(session: Session, parent_id: int, at: Instant, *, at_once: int) -> Beginning:
    """Return the members that a collection had; each row has the node's id of today behind it."""
    return begin(session.stream(_MEMBERS, parent_id=parent_id, at=at), at_once)


# A whole tree

_TOP = select(
    bindparam("top", type_=BigInteger()).label("id"), literal(0, BigInteger).label("parent_id"), literal(0).label("depth")
)
_BELOW = _TOP.cte("below", recursive=True)
_ALL_BELOW = _BELOW.union_all(
    select(placement.c.node_id, _BELOW.c.id, _BELOW.c.depth + 1).where(placement.c.parent_id == _BELOW.c.id, _HELD)
)
_TREE = Statement(
    select(*_columns(func.coalesce(placement.c.name, "")), _ALL_BELOW.c.id, _ALL_BELOW.c.parent_id)
    .select_from(
        _with_content(
            _ALL_BELOW.join(node, node.c.id == _ALL_BELOW.c.id).outerjoin(
                placement, and_(placement.c.node_id == _ALL_BELOW.c.id, _HELD)
            )
        )
    )
    .where(_EXISTED)
    .order_by(_ALL_BELOW.c.depth, _ALL_BELOW.c.id)
)


@frozen
class NodeThen:
    """A node of a tree of then: its inner id and that of the collection it was in."""

    row: MemberRow
    node_id: int
    parent_id: int


def tree(session: Session, top_id: int, at: Instant) -> list[NodeThen]:
    """Return a node and all that was below it, each collection before its members."""
    return [NodeThen(_member(row), row[WIDTH], row[WIDTH + 1]) for row in session.all(_TREE, top=top_id, at=at)]
