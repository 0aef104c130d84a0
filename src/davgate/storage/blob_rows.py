"""The rows of contents: each has one, which small content lies in. Where the others lie is in ``blobs``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlalchemy import BigInteger, LargeBinary, bindparam, cast, exists, insert, select, update

from davgate.storage.blobs import Staged
from davgate.storage.statements import Statement
from davgate.storage.tables import blob
from davgate.storage.transactions import Session, Transaction

_PAGE_ROWS: Final = 500

_ADD = Statement(
    insert(blob).from_select(
        ("digest", "length_bytes", "stored_at", "body"),
        select(
            cast(bindparam("digest"), LargeBinary),
            cast(bindparam("length_bytes"), BigInteger),
            cast(bindparam("stored_at"), BigInteger),
            cast(bindparam("body"), LargeBinary),
        ).where(~exists().where(blob.c.digest == bindparam("digest", type_=LargeBinary()))),
    )
)
_REFRESH = Statement(update(blob).where(blob.c.digest == bindparam("known")).values(stored_at=bindparam("at")))


def add(tx: Transaction, staged: Staged) -> None:
    """Give staged content its row, or refresh the age of the one it has, so that the collector spares it."""
    if tx.changed(_ADD, digest=staged.digest, length_bytes=staged.length_bytes, stored_at=tx.now, body=staged.body):
        tx.stored_bytes += staged.length_bytes
    else:
        tx.run(_REFRESH, known=staged.digest, at=tx.now)


_ONE = Statement(select(blob.c.digest).where(blob.c.digest == bindparam("digest")))


def is_there(session: Session, digest: bytes) -> bool:
    """Tell whether content has its row, wherever it lies."""
    return session.first(_ONE, digest=digest) is not None


_BODY = Statement(select(blob.c.body).where(blob.c.digest == bindparam("digest")))


def inline_body(session: Session, digest: bytes) -> bytes | None:
    """Return content that lies in the database, None when it lies in the blob store."""
    row = session.first(_BODY, digest=digest)
    return None if row is None else row[0]


_IN_FILES = Statement(
    select(blob.c.digest)
    .where(blob.c.body.is_(None), blob.c.digest > bindparam("after"))
    .order_by(blob.c.digest)
    .limit(_PAGE_ROWS)
)


def in_files(session: Session) -> Iterator[bytes]:
    """Yield the digests of all contents that lie in the blob store, in their order. Pages, so that no snapshot is held."""
    after = b""
    while page := session.all(_IN_FILES, after=after):
        yield from (row[0] for row in page)
        after = page[-1][0]
