"""Named content streams of versions, beside the primary one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from sqlalchemy import CompoundSelect, Text, and_, bindparam, func, insert, literal_column, or_, select, tuple_, union_all

from davgate.model.instant import Instant
from davgate.model.node import Content, Stream
from davgate.storage.statements import Statement, ids_given, pairs_given
from davgate.storage.tables import node, version, version_stream
from davgate.storage.transactions import Session, Transaction

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


_THEN = pairs_given("versions")
_IS_GIVEN = tuple_(version.c.document_id, version.c.no).in_(select(_THEN.c.one, _THEN.c.other))


def _stored_at() -> CompoundSelect[tuple[int, int, str, int]]:
    """Return the query for when files of versions were stored: with the first of the versions before that have the same one."""
    other, first, brought = version.alias("other"), version.alias("first"), version_stream.alias("brought")
    is_other = or_(other.c.has_content == literal_column("0"), other.c.digest != version.c.digest)
    is_before = and_(other.c.document_id == version.c.document_id, other.c.no < version.c.no)
    last_other = select(func.max(other.c.no)).where(is_before, is_other).correlate(version).scalar_subquery()
    first_no = select(func.min(first.c.no)).where(
        first.c.document_id == version.c.document_id, first.c.no > func.coalesce(last_other, 0)
    )
    brought_no = select(func.min(brought.c.version_no)).where(
        brought.c.document_id == version.c.document_id,
        brought.c.name == version_stream.c.name,
        brought.c.digest == version_stream.c.digest,
    )
    came = version.alias("came")
    came_with = and_(came.c.document_id == version.c.document_id, came.c.no == first_no.scalar_subquery())
    stream_came_with = and_(came.c.document_id == version.c.document_id, came.c.no == brought_no.scalar_subquery())
    has_stream = and_(version_stream.c.document_id == version.c.document_id, version_stream.c.version_no == version.c.no)
    primary = literal_column("''", Text()).label("name")
    return union_all(
        select(version.c.document_id, version.c.no, primary, came.c.saved_at)
        .join_from(version, came, came_with)
        .where(_IS_GIVEN, version.c.has_content == literal_column("1")),
        select(version.c.document_id, version.c.no, version_stream.c.name, came.c.saved_at)
        .join_from(version, version_stream, has_stream)
        .join(came, stream_came_with)
        .where(_IS_GIVEN, version.c.has_streams == literal_column("1")),
    )


_STORED_AT = Statement(_stored_at())


def stored_at(session: Session, versions: Iterable[tuple[int, int]]) -> Mapping[tuple[int, int, str], Instant]:
    """Return when the files of versions were stored, by document, number and name, the primary one without a name. One statement.

    Versions that only change what is said of a document have the files of the one before; of what was thinned, the next tells.
    """
    rows = session.all(_STORED_AT, versions=json.dumps(sorted(set(versions))))
    return {(row[0], row[1], row[2]): Instant(row[3]) for row in rows}
