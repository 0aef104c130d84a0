"""Check-outs and working copies: rows to values and back."""

from __future__ import annotations

import json
from collections.abc import Iterable

from sqlalchemy import bindparam, delete, insert, null, select, union_all, update

from davgate.model.checkout import CheckOut
from davgate.model.instant import Instant
from davgate.model.node import Content, Save
from davgate.model.paths import TreePath, from_text
from davgate.storage.rows import CHECK_OUT_COLUMNS, CHECK_OUT_WIDTH, PATH_SEGMENT, to_check_out
from davgate.storage.statements import Statement, ids_given
from davgate.storage.tables import check_out, node, trash, working_save
from davgate.storage.transactions import Session, Transaction

_OF = Statement(select(*CHECK_OUT_COLUMNS).where(check_out.c.document_id == bindparam("document_id")))
_ALL = Statement(select(*CHECK_OUT_COLUMNS).where(check_out.c.cancelled_at.is_(None)).order_by(check_out.c.taken_at))
# Few documents are checked out at a time, and collections can be large: an index on the parent would be walked member by member.
_OF_MEMBERS = Statement(
    select(*CHECK_OUT_COLUMNS)
    .join_from(check_out, node, node.c.id == check_out.c.document_id)
    .where(node.c.parent_id + 0 == bindparam("parent_id"), check_out.c.cancelled_at.is_(None))
)
_GIVEN = ids_given("ids")
_OF_DOCUMENTS = Statement(select(*CHECK_OUT_COLUMNS).where(check_out.c.document_id.in_(select(_GIVEN.c.id))))
_START = (
    select(check_out.c.document_id.label("document_id"), node.c.parent_id.label("at"), PATH_SEGMENT.label("below"))
    .join_from(check_out, node, node.c.id == check_out.c.document_id)
    .where(check_out.c.cancelled_at.is_(None), node.c.parent_id.is_not(None))
    .cte("climb", recursive=True)
)
_CLIMB = _START.union_all(
    select(_START.c.document_id, node.c.parent_id, node.c.name + "/" + _START.c.below)
    .join_from(_START, node, node.c.id == _START.c.at)
    .where(node.c.parent_id.is_not(None), node.c.name.is_not(None))
)
_BELOW = Statement(
    select(*CHECK_OUT_COLUMNS, _CLIMB.c.below)
    .join_from(_CLIMB, check_out, check_out.c.document_id == _CLIMB.c.document_id)
    .where(_CLIMB.c.at == bindparam("top"))
)
_DELETED = union_all(
    select(check_out.c.document_id, trash.c.path.label("path"))
    .join_from(check_out, trash, trash.c.node_id == check_out.c.document_id)
    .where(trash.c.deleted_at < bindparam("before")),
    select(_CLIMB.c.document_id, trash.c.path + "/" + _CLIMB.c.below)
    .join_from(_CLIMB, trash, trash.c.node_id == _CLIMB.c.at)
    .where(trash.c.deleted_at < bindparam("before")),
).subquery("deleted")
_IN_TRASH = Statement(
    select(*CHECK_OUT_COLUMNS, _DELETED.c.path)
    .join_from(check_out, _DELETED, _DELETED.c.document_id == check_out.c.document_id)
    .where(check_out.c.cancelled_at.is_(None))
)


def of_document(session: Session, document_id: int) -> CheckOut | None:
    """Return a document's check-out, standing or cancelled, or None."""
    row = session.first(_OF, document_id=document_id)
    return None if row is None else to_check_out(row)


def of_documents(session: Session, document_ids: Iterable[int]) -> dict[int, CheckOut]:
    """Return by node id the check-outs of documents, standing or cancelled."""
    rows = session.all(_OF_DOCUMENTS, ids=json.dumps([*document_ids]))
    return {row[0]: to_check_out(row) for row in rows}


def of_members(session: Session, parent_id: int) -> dict[int, CheckOut]:
    """Return by node id what is checked out among the members of a collection."""
    return {row[0]: to_check_out(row) for row in session.all(_OF_MEMBERS, parent_id=parent_id)}


def below(session: Session, top: int, top_path: TreePath) -> list[tuple[CheckOut, TreePath]]:
    """Return what is checked out anywhere below a node, with the paths."""
    rows = session.all(_BELOW, top=top)
    return [(to_check_out(row), (*top_path, *row[CHECK_OUT_WIDTH].split("/"))) for row in rows]


def all_standing(session: Session) -> list[CheckOut]:
    """Return all check-outs, the oldest first."""
    return [to_check_out(row) for row in session.all(_ALL)]


def in_trash(session: Session, before: Instant) -> list[tuple[CheckOut, TreePath]]:
    """Return what is checked out of all that was deleted before an instant, with the paths from where."""
    rows = session.all(_IN_TRASH, before=before)
    return [(to_check_out(row), from_text(row[CHECK_OUT_WIDTH])) for row in rows]


_FORGET_SAVES = Statement(delete(working_save).where(working_save.c.document_id == bindparam("document_id")))
_FORGET = Statement(delete(check_out).where(check_out.c.document_id == bindparam("document_id")))
_ADD = Statement(
    insert(check_out).values(
        document_id=bindparam("document_id"),
        principal_id=bindparam("principal_id"),
        taken_at=bindparam("taken_at"),
        base_no=bindparam("base_no"),
    )
)
_SAVE = Statement(
    update(check_out)
    .where(check_out.c.document_id == bindparam("of"))
    .values(
        saved_at=bindparam("at"),
        media_type=bindparam("new_media_type"),
        digest=bindparam("new_digest"),
        length_bytes=bindparam("new_length_bytes"),
        file_name=bindparam("new_file_name"),
    )
)
_KEEP = Statement(
    insert(working_save).values(
        document_id=bindparam("document_id"),
        saved_at=bindparam("saved_at"),
        media_type=bindparam("media_type"),
        digest=bindparam("digest"),
        length_bytes=bindparam("length_bytes"),
    )
)
_RENAME = Statement(
    update(check_out).where(check_out.c.document_id == bindparam("of")).values(file_name=bindparam("new_file_name"))
)
_CANCEL = Statement(
    update(check_out)
    .where(check_out.c.document_id == bindparam("of"))
    .values(
        cancelled_at=bindparam("at"), saved_at=null(), media_type=null(), digest=null(), length_bytes=null(), file_name=null()
    )
)
_FORGET_CANCELLED = Statement(delete(check_out).where(check_out.c.cancelled_at < bindparam("before")))
_SAVES = Statement(
    select(working_save.c.saved_at, working_save.c.digest, working_save.c.length_bytes, working_save.c.media_type)
    .where(working_save.c.document_id == bindparam("document_id"))
    .order_by(working_save.c.saved_at)
)


def add(tx: Transaction, taken: CheckOut) -> None:
    """Store a check-out; one that was cancelled before is forgotten."""
    forget(tx, taken.document_id)
    tx.run(
        _ADD,
        document_id=taken.document_id,
        principal_id=taken.principal_id,
        taken_at=taken.taken_at,
        base_no=taken.base_no,
    )


def rename(tx: Transaction, document_id: int, file_name: str) -> None:
    """Give the file of a working copy another name."""
    tx.run(_RENAME, of=document_id, new_file_name=file_name)


def save(tx: Transaction, former: CheckOut, content: Content | None, file_name: str | None) -> None:
    """Give a working copy other bytes, or none, and its file a name; the bytes that it had are kept until check-in or cancel."""
    if former.content is not None and former.saved_at is not None:
        tx.run(
            _KEEP,
            document_id=former.document_id,
            saved_at=former.saved_at,
            media_type=former.content.media_type,
            digest=former.content.digest,
            length_bytes=former.content.length_bytes,
        )
    tx.run(
        _SAVE,
        of=former.document_id,
        at=tx.at,
        new_media_type=None if content is None else content.media_type,
        new_digest=None if content is None else content.digest,
        new_length_bytes=None if content is None else content.length_bytes,
        new_file_name=file_name,
    )


def saves(session: Session, taken: CheckOut) -> list[Save]:
    """Return the bytes that a working copy had before its present ones, the oldest first."""
    rows = session.all(_SAVES, document_id=taken.document_id)
    return [Save(row[0], taken.principal_name, Content(row[1], row[2], row[3])) for row in rows]


def forget(tx: Transaction, document_id: int) -> None:
    """End a check-out without a trace."""
    tx.run(_FORGET_SAVES, document_id=document_id)
    tx.run(_FORGET, document_id=document_id)


def cancel(tx: Transaction, document_id: int) -> None:
    """End a check-out that is somebody else's: it is remembered for what its holder saves late."""
    tx.run(_FORGET_SAVES, document_id=document_id)
    tx.run(_CANCEL, of=document_id, at=tx.now)


def forget_cancelled(tx: Transaction, before: Instant) -> int:
    """Forget check-outs that were cancelled before an instant; return how many."""
    return tx.changed(_FORGET_CANCELLED, before=before)
