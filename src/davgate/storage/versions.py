"""Versions and the blob rows that they name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, insert, select, update

from davgate.model.instant import Instant
from davgate.model.node import Cause, Content, Version
from davgate.storage.blobs import Staged
from davgate.storage.database import Session, Transaction
from davgate.storage.rows import VERSION_COLUMNS, to_version
from davgate.storage.statements import Statement
from davgate.storage.tables import blob, principal, version

_JOINED = select(*VERSION_COLUMNS).join_from(version, principal, principal.c.id == version.c.author_id)
_OF_DOCUMENT = Statement(_JOINED.where(version.c.document_id == bindparam("document_id")).order_by(version.c.no))
_ONE = Statement(_JOINED.where(version.c.document_id == bindparam("document_id"), version.c.no == bindparam("no")))


def of_document(session: Session, document_id: int) -> Iterator[Version]:
    """Yield the versions of a document, the oldest first. Needs a snapshot session."""
    for batch in session.stream(_OF_DOCUMENT, document_id=document_id):
        yield from map(to_version, batch)


def find(session: Session, document_id: int, no: int) -> Version | None:
    """Return one version, or None."""
    row = session.first(_ONE, document_id=document_id, no=no)
    return None if row is None else to_version(row)


_ADD = Statement(
    insert(version).values(
        document_id=bindparam("document_id"),
        no=bindparam("no"),
        cause=bindparam("cause"),
        opened_at=bindparam("at"),
        sealed_at=bindparam("at"),
        author_id=bindparam("author_id"),
        comment="",
        origin=bindparam("origin"),
        file_name=bindparam("file_name"),
        media_type=bindparam("media_type"),
        digest=bindparam("digest"),
        length_bytes=bindparam("length_bytes"),
        properties="{}",
    )
)


@dataclass(frozen=True, slots=True)
class NewVersion:
    """A version to store, sealed at once."""

    document_id: int
    no: int
    cause: Cause
    at: Instant
    author_id: int
    file_name: str
    content: Content
    origin: str = ""


def add(tx: Transaction, new: Sequence[NewVersion]) -> None:
    """Store sealed versions. Their blobs have rows already."""
    tx.run_many(
        _ADD,
        [
            {
                "document_id": one.document_id,
                "no": one.no,
                "cause": one.cause.value,
                "at": one.at,
                "author_id": one.author_id,
                "origin": one.origin,
                "file_name": one.file_name,
                "media_type": one.content.media_type,
                "digest": one.content.digest,
                "length_bytes": one.content.length_bytes,
            }
            for one in new
        ],
    )


_REFRESH_BLOB = Statement(update(blob).where(blob.c.digest == bindparam("known")).values(stored_at=bindparam("at")))
_ADD_BLOB = Statement(
    insert(blob).values(
        digest=bindparam("digest"),
        length_bytes=bindparam("length_bytes"),
        stored_at=bindparam("stored_at"),
        body=bindparam("body"),
    )
)


def add_blob(tx: Transaction, staged: Staged) -> None:
    """Give staged content its row, or refresh the age of the one it has, so that the collector spares it."""
    if tx.changed(_REFRESH_BLOB, known=staged.digest, at=tx.now):
        return
    tx.run(_ADD_BLOB, digest=staged.digest, length_bytes=staged.length_bytes, stored_at=tx.now, body=staged.body)
    tx.stored_bytes += staged.length_bytes


_BODY = Statement(select(blob.c.body).where(blob.c.digest == bindparam("digest")))


def inline_body(session: Session, digest: bytes) -> bytes | None:
    """Return content that lies in the database, None when it lies in the blob store."""
    row = session.first(_BODY, digest=digest)
    return None if row is None else row[0]
