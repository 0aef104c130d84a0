"""Old versions and saves: what thinning asks about them, and taking them away. What it decides is in ``model.thinning``."""

from __future__ import annotations

import json
from collections.abc import Iterable

from sqlalchemy import BigInteger, and_, bindparam, case, cast, delete, exists, func, or_, select, union

from davgate.model.instant import Instant
from davgate.model.marks import MarkKind
from davgate.model.node import NodeKind
from davgate.model.thinning import Candidate, OldSave, Thinned
from davgate.storage.bitemporal import index as temporal_index
from davgate.storage.object_tables import revision
from davgate.storage.statements import Statement, Value, ids_given
from davgate.storage.tables import check_out, node, save, version, version_mark, version_stream
from davgate.storage.transactions import Session, Transaction

_HAS_OLD = or_(node.c.version_no > 1, exists().where(save.c.document_id == node.c.id))
_DOCUMENTS = Statement(
    select(node.c.id).where(node.c.id > bindparam("after_id"), _HAS_OLD).order_by(node.c.id).limit(bindparam("most"))
)
_HOW_MANY = Statement(select(func.count()).select_from(node).where(_HAS_OLD))


def how_many(session: Session) -> int:
    """Return how many documents have anything but their current content."""
    return int(session.all(_HOW_MANY)[0][0])


def documents(session: Session, after_id: int, most: int) -> list[int]:
    """Return the documents that have anything but their current content, in the order of ids, up to so many."""
    return [row[0] for row in session.all(_DOCUMENTS, after_id=after_id, most=most)]


_GIVEN = ids_given("ids")
_STREAMS = (
    select(cast(func.coalesce(func.sum(version_stream.c.length_bytes), 0), BigInteger))
    .where(version_stream.c.document_id == version.c.document_id, version_stream.c.version_no == version.c.no)
    .scalar_subquery()
)
_IS_OPEN = and_(version.c.session.is_not(None), version.c.sealed_at > bindparam("now", type_=BigInteger()))
_MARKS = exists().where(version_mark.c.document_id == version.c.document_id, version_mark.c.version_no == version.c.no)
_IS_HELD = _MARKS.where(version_mark.c.kind == MarkKind.HOLD.value)
_IS_BASE = exists().where(
    check_out.c.document_id == version.c.document_id,
    check_out.c.base_no == version.c.no,
    check_out.c.cancelled_at.is_(None),
)
# What a fixed revision shows: without it another version would stand in.
_ENDS_REVISION = exists().where(revision.c.document_id == version.c.document_id, revision.c.first_no == version.c.no + 1)
# What is no document takes hardly any room, and all that was ever registered of it is to be told.
_IS_OBJECT = node.c.kind == NodeKind.OBJECT.value
_VERSIONS = Statement(
    select(
        version.c.document_id,
        version.c.no,
        version.c.opened_at,
        version.c.length_bytes + _STREAMS,
        case((or_(version.c.no == node.c.version_no, _IS_OPEN, _MARKS, _IS_BASE, _ENDS_REVISION, _IS_OBJECT), 1), else_=0),
        case((or_(_IS_OPEN, _IS_HELD), 1), else_=0),
    )
    .join_from(_GIVEN, version, version.c.document_id == _GIVEN.c.id)
    .join(node, node.c.id == version.c.document_id)
    .order_by(version.c.document_id, version.c.no)
)
_SAVES = Statement(
    select(save.c.document_id, save.c.version_no, save.c.saved_at, save.c.length_bytes)
    .join_from(_GIVEN, save, save.c.document_id == _GIVEN.c.id)
    .order_by(save.c.document_id, save.c.version_no, save.c.saved_at)
)


def candidates(session: Session, document_ids: Iterable[int], now: Instant) -> dict[int, list[Candidate]]:
    """Return the versions of documents, by document and in the order of their numbers. Two statements."""
    ids = json.dumps([*document_ids])
    saves: dict[tuple[int, int], tuple[OldSave, ...]] = {}
    for document_id, no, saved_at, length in session.all(_SAVES, ids=ids):
        key = document_id, no
        saves[key] = (*saves.get(key, ()), OldSave(saved_at, length))
    found: dict[int, list[Candidate]] = {}
    for document_id, no, opened_at, length, is_kept, is_whole in session.all(_VERSIONS, ids=ids, now=now):
        one = Candidate(no, opened_at, length, bool(is_kept), bool(is_whole), saves.get((document_id, no), ()))
        found.setdefault(document_id, []).append(one)
    return found


_VERSION = (version.c.document_id == bindparam("of"), version.c.no == bindparam("old_no"))
_ITS_SAVES = (save.c.document_id == bindparam("of"), save.c.version_no == bindparam("old_no"))
_ITS_STREAMS = (version_stream.c.document_id == bindparam("of"), version_stream.c.version_no == bindparam("old_no"))
_ONE_SAVE = (*_ITS_SAVES, save.c.saved_at == bindparam("old_at"))

_CONTENTS = Statement(
    union(
        select(version.c.digest).where(*_VERSION),
        select(version_stream.c.digest).where(*_ITS_STREAMS),
        select(save.c.digest).where(*_ITS_SAVES),
    )
)
_CONTENT_OF_SAVE = Statement(select(save.c.digest).where(*_ONE_SAVE))
# What refers goes before what it refers to.
_DROP_VERSION = [
    Statement(delete(version_stream).where(*_ITS_STREAMS)),
    Statement(delete(save).where(*_ITS_SAVES)),
    Statement(delete(version).where(*_VERSION)),
]
_DROP_SAVE = Statement(delete(save).where(*_ONE_SAVE))


def drop(tx: Transaction, document_id: int, going: Thinned) -> set[bytes]:
    """Take versions and saves away and return the contents that they named. A marked version cannot go: marks refer to it.

    What was registered by such a version is not found any more, as it is not told any more.
    """
    keys: list[dict[str, Value]] = [{"of": document_id, "old_no": no} for no in going.versions]
    save_keys: list[dict[str, Value]] = [{"of": document_id, "old_no": no, "old_at": at} for no, at in going.saves]
    named = {row[0] for key in keys for row in tx.all(_CONTENTS, **key)}
    named |= {row[0] for key in save_keys for row in tx.all(_CONTENT_OF_SAVE, **key)}
    for statement in _DROP_VERSION:
        tx.run_many(statement, keys)
    tx.run_many(_DROP_SAVE, save_keys)
    if keys:
        temporal_index.rebuild_if_known(tx, document_id)
    return named
