"""Who has some content: versions by the beginning of its digest."""

from __future__ import annotations

from sqlalchemy import LargeBinary, bindparam, select

from davgate.model.frozen import frozen
from davgate.model.instant import FOREVER
from davgate.model.node import Content
from davgate.storage.statements import Statement
from davgate.storage.tables import node, version
from davgate.storage.transactions import Session

_DIGEST_BYTES = 32


@frozen
class Holding:
    """A document that has some content in a version."""

    document_id: int
    content: Content


_BY_DIGEST = Statement(
    select(version.c.document_id, version.c.digest, version.c.length_bytes, version.c.media_type)
    .join_from(version, node, node.c.id == version.c.document_id)
    .where(version.c.digest.between(bindparam("low", type_=LargeBinary()), bindparam("high", type_=LargeBinary())))
    .where(version.c.has_content == 1, node.c.parent_id.is_not(None), version.c.document_id < bindparam("before"))
    .order_by(version.c.document_id.desc(), version.c.no.desc())
    .limit(bindparam("most"))
)


def by_digest(session: Session, prefix: bytes, before: int | None, most: int) -> list[Holding]:
    """Return documents with content whose digest begins with ``prefix``, the newest first; ``before`` leaves out greater ids."""
    rows = session.all(
        _BY_DIGEST,
        low=prefix.ljust(_DIGEST_BYTES, b"\x00"),
        high=prefix.ljust(_DIGEST_BYTES, b"\xff"),
        before=FOREVER if before is None else before,
        most=most,
    )
    return [Holding(row[0], Content(row[1], row[2], row[3])) for row in rows]
