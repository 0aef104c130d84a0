"""Rescue copies: bytes that came too late to be a version, kept for their author alone."""

from __future__ import annotations

from sqlalchemy import bindparam, delete, insert, select

from davgate.model.frozen import frozen
from davgate.model.instant import Instant
from davgate.model.node import Content
from davgate.storage.statements import Row, Statement
from davgate.storage.tables import principal, rescue
from davgate.storage.transactions import Session, Transaction


@frozen
class Rescue:
    """Bytes that came too late to be a version, kept for their author. ``path`` is where the document was, for people."""

    id: int
    principal_id: int
    author: str
    document_id: int | None
    path: str
    name: str
    reason: str
    kept_at: Instant
    content: Content


_COLUMNS = (
    rescue.c.id,
    rescue.c.principal_id,
    principal.c.name,
    rescue.c.document_id,
    rescue.c.path,
    rescue.c.name,
    rescue.c.reason,
    rescue.c.kept_at,
    rescue.c.digest,
    rescue.c.length_bytes,
    rescue.c.media_type,
)
_JOINED = select(*_COLUMNS).join_from(rescue, principal, principal.c.id == rescue.c.principal_id)
_OF_AUTHOR = Statement(_JOINED.where(rescue.c.principal_id == bindparam("principal_id")).order_by(rescue.c.id))
_ADD = Statement(
    insert(rescue).values(
        id=bindparam("id"),
        principal_id=bindparam("principal_id"),
        document_id=bindparam("document_id"),
        path=bindparam("path"),
        name=bindparam("name"),
        reason=bindparam("reason"),
        kept_at=bindparam("kept_at"),
        media_type=bindparam("media_type"),
        digest=bindparam("digest"),
        length_bytes=bindparam("length_bytes"),
    )
)
_DROP = Statement(delete(rescue).where(rescue.c.id == bindparam("id")))


def _to_rescue(row: Row) -> Rescue:
    return Rescue(row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], Content(row[8], row[9], row[10]))


def add(tx: Transaction, kept: Rescue) -> None:
    """Store a rescue copy, whose blob has its row."""
    tx.run(
        _ADD,
        id=kept.id,
        principal_id=kept.principal_id,
        document_id=kept.document_id,
        path=kept.path,
        name=kept.name,
        reason=kept.reason,
        kept_at=kept.kept_at,
        media_type=kept.content.media_type,
        digest=kept.content.digest,
        length_bytes=kept.content.length_bytes,
    )


def of_author(session: Session, principal_id: int) -> list[Rescue]:
    """Return the rescue copies of an author, the oldest first."""
    return [_to_rescue(row) for row in session.all(_OF_AUTHOR, principal_id=principal_id)]


def drop(tx: Transaction, rescue_id: int) -> None:
    """Remove a rescue copy."""
    tx.run(_DROP, id=rescue_id)
