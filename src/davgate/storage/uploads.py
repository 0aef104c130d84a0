"""Uploads that arrive in parts: their rows. Their bytes are in ``parts``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from sqlalchemy import bindparam, delete, func, insert, select, update

from davgate.model.frozen import frozen
from davgate.model.instant import Instant
from davgate.storage.statements import Row, Statement
from davgate.storage.tables import upload
from davgate.storage.transactions import Session, Transaction


@frozen
class Upload:
    """An upload for a node: the collection that is to get a document, or the document that is to get content.

    ``length_bytes`` is what was announced, ``offset_bytes`` what has arrived and is durable; ``said`` is what the client told
    when it began.
    """

    id: str
    node_id: int
    principal_id: int
    length_bytes: int
    offset_bytes: int
    said: Mapping[str, str]
    created_at: Instant
    expires_at: Instant

    @property
    def is_whole(self) -> bool:
        """Whether all that was announced has arrived, or more."""
        return self.offset_bytes >= self.length_bytes

    @property
    def wanted_from(self) -> int:
        """From which byte on a client is to send more: from ``offset_bytes``, or once more the last one of a whole upload.

        A whole one is only there while its document was refused, or never made because of a crash. A client that is told that
        nothing is missing sends nothing, and takes it for done.
        """
        return min(self.offset_bytes, max(0, self.length_bytes - 1))


_COLUMNS = (
    upload.c.id,
    upload.c.node_id,
    upload.c.principal_id,
    upload.c.length_bytes,
    upload.c.offset_bytes,
    upload.c.metadata,
    upload.c.created_at,
    upload.c.expires_at,
)
_ONE = Statement(select(*_COLUMNS).where(upload.c.id == bindparam("id")))
_ALL = Statement(select(*_COLUMNS))
_ADD = Statement(
    insert(upload).values(
        id=bindparam("id"),
        node_id=bindparam("node_id"),
        principal_id=bindparam("principal_id"),
        length_bytes=bindparam("length_bytes"),
        offset_bytes=bindparam("offset_bytes"),
        metadata=bindparam("said"),
        created_at=bindparam("created_at"),
        expires_at=bindparam("expires_at"),
    )
)
_ADVANCE = Statement(
    update(upload)
    .where(upload.c.id == bindparam("of"))
    .values(offset_bytes=bindparam("to_offset"), expires_at=bindparam("until"))
)
_REMOVE = Statement(delete(upload).where(upload.c.id == bindparam("id")))
_OPEN = select(func.count()).select_from(upload).where(upload.c.expires_at > bindparam("now"))
_COUNT = Statement(_OPEN)
_COUNT_OF = Statement(_OPEN.where(upload.c.principal_id == bindparam("principal_id")))
_EXPIRED = Statement(select(upload.c.id).where(upload.c.expires_at <= bindparam("now")).order_by(upload.c.expires_at))


def _to_upload(row: Row) -> Upload:
    return Upload(row[0], row[1], row[2], row[3], row[4], json.loads(row[5]), Instant(row[6]), Instant(row[7]))


def add(tx: Transaction, new: Upload) -> None:
    """Store an upload that begins."""
    tx.run(
        _ADD,
        id=new.id,
        node_id=new.node_id,
        principal_id=new.principal_id,
        length_bytes=new.length_bytes,
        offset_bytes=new.offset_bytes,
        said=json.dumps(dict(new.said), ensure_ascii=False),
        created_at=new.created_at,
        expires_at=new.expires_at,
    )


def find(session: Session, upload_id: str) -> Upload | None:
    """Return an upload, expired or not, or None."""
    row = session.first(_ONE, id=upload_id)
    return None if row is None else _to_upload(row)


def advance(tx: Transaction, upload_id: str, offset_bytes: int, expires_at: Instant) -> None:
    """Store how much of an upload has arrived, and until when the rest is waited for. The bytes are durable already."""
    tx.run(_ADVANCE, of=upload_id, to_offset=offset_bytes, until=expires_at)


def remove(tx: Transaction, upload_id: str) -> None:
    """Remove an upload. Its bytes are dropped when this has committed."""
    tx.run(_REMOVE, id=upload_id)


def count(session: Session, now: Instant) -> int:
    """Return how many uploads are open."""
    return int(session.all(_COUNT, now=now)[0][0])


def count_of(session: Session, principal_id: int, now: Instant) -> int:
    """Return how many uploads a principal has open."""
    return int(session.all(_COUNT_OF, now=now, principal_id=principal_id)[0][0])


def expired(session: Session, now: Instant) -> list[str]:
    """Return the ids of the uploads that have expired, the oldest first."""
    return [row[0] for row in session.all(_EXPIRED, now=now)]


def stream(session: Session) -> Iterator[Upload]:
    """Yield all uploads. Needs a snapshot session."""
    for batch in session.stream(_ALL):
        yield from map(_to_upload, batch)
