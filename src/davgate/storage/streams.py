"""Named content streams of versions, beside the primary one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from sqlalchemy import and_, bindparam, insert, select

from davgate.model.node import Content, Stream
from davgate.storage.database import Session, Transaction
from davgate.storage.statements import Statement, ids_given
from davgate.storage.tables import node, version_stream

_COLUMNS = (
    version_stream.c.name,
    version_stream.c.file_name,
    version_stream.c.digest,
    version_stream.c.length_bytes,
    version_stream.c.media_type,
)
_OF_VERSION = Statement(
    select(*_COLUMNS).where(version_stream.c.document_id == bindparam("of"), version_stream.c.version_no == bindparam("no"))
)
_NAMED = Statement(
    select(*_COLUMNS)
    .where(version_stream.c.document_id == bindparam("of"), version_stream.c.name == bindparam("name"))
    .order_by(version_stream.c.version_no.desc())
    .limit(1)
)
_ADD = Statement(insert(version_stream).values({column.name: bindparam(column.name) for column in version_stream.columns}))


def of_version(session: Session, document_id: int, no: int) -> Mapping[str, Stream]:
    """Return the named streams of one version by their names."""
    rows = session.all(_OF_VERSION, of=document_id, no=no)
    return {row[0]: Stream(row[1], Content(row[2], row[3], row[4])) for row in rows}


def named(session: Session, document_id: int, name: str) -> Stream | None:
    """Return what any version of a document has by a name, the newest of those that have it, or None."""
    row = session.first(_NAMED, of=document_id, name=name)
    return None if row is None else Stream(row[1], Content(row[2], row[3], row[4]))


def add(tx: Transaction, document_id: int, no: int, streams: Mapping[str, Stream]) -> None:
    """Give a version its named streams. Their blobs have rows already."""
    tx.run_many(
        _ADD,
        [
            {
                "document_id": document_id,
                "version_no": no,
                "name": name,
                "file_name": one.file_name,
                "media_type": one.content.media_type,
                "digest": one.content.digest,
                "length_bytes": one.content.length_bytes,
            }
            for name, one in streams.items()
        ],
    )


_GIVEN = ids_given("ids")
_OF_NODES = Statement(
    select(version_stream.c.document_id, *_COLUMNS)
    .join_from(_GIVEN, node, node.c.id == _GIVEN.c.id)
    .join(version_stream, and_(version_stream.c.document_id == node.c.id, version_stream.c.version_no == node.c.version_no))
)


def of_nodes(session: Session, document_ids: Iterable[int]) -> Mapping[int, Mapping[str, Stream]]:
    """Return by id the named streams of the current versions of those documents that have any. One statement."""
    found: dict[int, dict[str, Stream]] = {}
    for document_id, name, *row in session.all(_OF_NODES, ids=json.dumps([*document_ids])):
        found.setdefault(document_id, {})[name] = Stream(row[0], Content(row[1], row[2], row[3]))
    return found
