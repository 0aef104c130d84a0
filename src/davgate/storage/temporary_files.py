"""Files that arrived before the document that they are for: their rows. Their bytes are content like any other."""

from __future__ import annotations

from sqlalchemy import bindparam, delete, insert, select

from davgate.model.instant import Instant
from davgate.model.node import Content
from davgate.model.temporary_file import TemporaryFile
from davgate.storage.object_tables import temporary_file
from davgate.storage.statements import Statement, fits
from davgate.storage.transactions import Session, Transaction

_row = temporary_file.c
_COLUMNS = (
    _row.id,
    _row.principal_id,
    _row.name,
    _row.digest,
    _row.length_bytes,
    _row.media_type,
    _row.made_at,
    _row.expires_at,
)
_ONE = Statement(select(*_COLUMNS).where(_row.id == bindparam("id")))
_ADD = Statement(insert(temporary_file).values({column.name: bindparam(column.name) for column in _COLUMNS}))
_HAS_EXPIRED = _row.expires_at <= bindparam("now")
_FIRST_EXPIRED = Statement(select(_row.id).where(_HAS_EXPIRED).limit(1))
_FORGET_EXPIRED = Statement(delete(temporary_file).where(_HAS_EXPIRED))


def add(tx: Transaction, new: TemporaryFile) -> None:
    """Store a file, whose content has its row."""
    tx.run(
        _ADD,
        id=new.id,
        principal_id=new.principal_id,
        name=new.name,
        media_type=new.content.media_type,
        digest=new.content.digest,
        length_bytes=new.content.length_bytes,
        made_at=new.made_at,
        expires_at=new.expires_at,
    )


def find(session: Session, file_id: int) -> TemporaryFile | None:
    """Return a file, expired or not, or None."""
    row = session.first(_ONE, id=file_id) if fits(file_id) else None
    return None if row is None else TemporaryFile(row[0], row[1], row[2], Content(row[3], row[4], row[5]), row[6], row[7])


def has_expired(session: Session, now: Instant) -> bool:
    """Tell whether any file has expired."""
    return session.first(_FIRST_EXPIRED, now=now) is not None


def forget_expired(tx: Transaction) -> int:
    """Remove the files that have expired; their content goes with the collector."""
    return tx.changed(_FORGET_EXPIRED, now=tx.now)
