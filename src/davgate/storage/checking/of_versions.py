"""What holds at every moment of versions and their contents; see ``invariants``."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import (
    Column,
    ColumnElement,
    and_,
    bindparam,
    case,
    exists,
    func,
    not_,
    or_,
    select,
    union,
)

from davgate.model.node import CONTENT_CAUSES, NO_CONTENT, Cause, NodeKind
from davgate.storage.checking.invariant import RESTORE, Rule, Subject, rule
from davgate.storage.collector import NAMING
from davgate.storage.object_tables import temporary_file
from davgate.storage.tables import (
    blob,
    check_out,
    node,
    rescue,
    save,
    version,
    version_mark,
    version_stream,
    working_save,
)

_DOCUMENT = NodeKind.DOCUMENT.value
_COLLECTION = NodeKind.COLLECTION.value
_CONTENT_CAUSES = sorted(cause.value for cause in CONTENT_CAUSES)
_TAKING_AWAY = (Cause.SAVE.value, Cause.CHECK_IN.value, Cause.REVERT.value, Cause.REGISTRATION.value)
"""What can leave a document without the content that it had."""


def _current() -> Iterator[Rule]:
    """What a node shows of its current version."""
    content = (node.c.digest, node.c.length_bytes, node.c.media_type)
    has_all = and_(*(column.is_not(None) for column in content))
    has_none = and_(*(column.is_(None) for column in content))
    is_document = node.c.kind == _DOCUMENT
    is_object = node.c.kind == NodeKind.OBJECT.value
    yield rule(
        "content-torn",
        select(node.c.id, node.c.version_no).where(
            not_(
                or_(
                    # Without versions it is pending or a scratch file; one with versions may have been emptied a moment ago.
                    and_(is_document, has_all),
                    and_(is_document, has_none),
                    and_(node.c.kind == _COLLECTION, node.c.version_no >= 0, has_none),
                    and_(is_object, node.c.version_no > 0, node.c.name.is_(None), has_none),
                )
            )
        ),
        "version {1} is said to be current, and digest, length and media type do not go with that",
    )
    yield rule(
        "current-differs",
        select(node.c.id, node.c.version_no)
        .outerjoin_from(node, version, and_(version.c.document_id == node.c.id, version.c.no == node.c.version_no))
        .where(is_document, node.c.version_no > 0, has_all)
        .where(
            or_(
                version.c.no.is_(None),
                version.c.digest != node.c.digest,
                version.c.length_bytes != node.c.length_bytes,
                version.c.media_type != node.c.media_type,
                version.c.has_content == 0,
                # One of metadata alone leaves the content, and when that changed, as they were.
                and_(version.c.opened_at > node.c.modified_at, version.c.cause.in_(_CONTENT_CAUSES)),
            )
        ),
        "its current version {1} does not exist or is not what the document shows",
    )
    is_filed = node.c.parent_id.is_not(None)
    is_bare = and_(or_(is_document, is_object), node.c.version_no > 0, has_none)
    yield rule(
        "nameless",
        select(node.c.id).where(is_filed, node.c.name.is_(None), not_(is_bare)),
        "it is in a collection without a name, and only a document of metadata alone can be",
    )
    yield rule(
        "current-differs",
        select(node.c.id, node.c.version_no)
        .outerjoin_from(node, version, and_(version.c.document_id == node.c.id, version.c.no == node.c.version_no))
        .where(is_filed, node.c.name.is_(None), is_bare)
        .where(or_(version.c.no.is_(None), version.c.has_content != 0)),
        "its current version {1} does not exist or has content, and the document shows none",
    )


def _numbers() -> Iterator[Rule]:
    """The numbers of versions, and their order."""
    yield rule(
        "version-number",
        select(version.c.document_id, version.c.no)
        .join_from(version, node, node.c.id == version.c.document_id)
        .where(or_(version.c.no < 1, version.c.no > node.c.version_no)),
        "it has a version {1}, a number not given yet",
    )
    ordered = select(
        version.c.document_id,
        version.c.no,
        version.c.opened_at,
        version.c.sealed_at,
        func.lag(version.c.opened_at).over(partition_by=version.c.document_id, order_by=version.c.no).label("before"),
    ).subquery()
    yield rule(
        "version-order",
        select(ordered.c.document_id, ordered.c.no).where(
            or_(ordered.c.opened_at <= ordered.c.before, ordered.c.sealed_at < ordered.c.opened_at)
        ),
        "version {1} is not younger than the one before it, or was sealed before it was opened",
    )


def _times() -> Iterator[Rule]:
    """When versions and their saves came to be, which of them is open, and the labels of versions."""
    yield rule(
        "save-misplaced",
        select(save.c.document_id, save.c.version_no)
        .join_from(save, version, and_(version.c.document_id == save.c.document_id, version.c.no == save.c.version_no))
        .where(or_(save.c.saved_at < version.c.opened_at, save.c.saved_at >= version.c.saved_at)),
        "version {1} has a save from before it was opened, or not older than its present bytes",
    )
    yield rule(
        "version-times",
        select(version.c.document_id, version.c.no).where(
            or_(version.c.saved_at < version.c.opened_at, version.c.saved_at > version.c.sealed_at)
        ),
        "version {1} got its bytes before it was opened, or after it was sealed",
    )
    yield rule(
        "version-open",
        select(version.c.document_id, version.c.no)
        .join_from(version, node, node.c.id == version.c.document_id)
        .where(version.c.session.is_not(None), version.c.sealed_at > bindparam("now"), version.c.no != node.c.version_no),
        "version {1} is still open, and is not the current one",
    )
    yield rule(
        "label-twice",
        select(version_mark.c.document_id, func.min(version_mark.c.version_no))
        .where(version_mark.c.kind == "label")
        .group_by(version_mark.c.document_id, version_mark.c.label)
        .having(func.count() > 1),
        "version {1} has a label that another version has, too",
    )


def _holdings() -> Iterator[Rule]:
    """Whether versions have what they say that they have."""
    its_streams = exists().where(
        version_stream.c.document_id == version.c.document_id, version_stream.c.version_no == version.c.no
    )
    yield rule(
        "streams-differ",
        select(version.c.document_id, version.c.no).where(
            or_(and_(version.c.has_streams == 1, not_(its_streams)), and_(version.c.has_streams == 0, its_streams))
        ),
        "version {1} is said to have named streams and has none, or the other way round",
    )
    yield rule(
        "version-bare",
        select(version.c.document_id, version.c.no)
        .where(version.c.has_content == 0)
        .where(or_(version.c.digest != NO_CONTENT.digest, version.c.length_bytes != 0)),
        "version {1} is said to be without content, and has some",
    )


def _content_numbers() -> Iterator[Rule]:
    """The numbers of the versions with content, and the contents of those of metadata alone."""

    def before(column: Column[int] | Column[bytes]) -> ColumnElement[int] | ColumnElement[bytes]:
        return func.lag(column).over(partition_by=version.c.document_id, order_by=version.c.no)

    content_no = func.coalesce(version.c.content_no, -1)
    is_next = and_(
        version.c.has_content == 1,
        or_(version.c.cause.in_(_CONTENT_CAUSES), before(version.c.content_no).is_(None)),
    )
    line = select(
        version.c.document_id,
        version.c.no,
        version.c.has_content,
        version.c.cause,
        version.c.digest,
        content_no.label("content_no"),
        case((is_next, 1), else_=0).label("is_next"),
        before(version.c.no).label("no_before"),
        before(version.c.has_content).label("had_content"),
        before(version.c.digest).label("digest_before"),
        func.coalesce(before(version.c.content_no), -1).label("content_no_before"),
    ).subquery()
    # What was thinned took its number with it, so only of neighbours the numbers follow each other.
    is_taken_away, is_other = line.c.has_content < line.c.had_content, line.c.digest != line.c.digest_before
    is_neighbour = or_(line.c.no_before == line.c.no - 1, and_(line.c.no_before.is_(None), line.c.no == 1))
    yield rule(
        "content-number",
        select(line.c.document_id, line.c.no).where(
            or_(
                line.c.content_no < line.c.content_no_before + line.c.is_next,
                and_(is_neighbour, line.c.content_no != line.c.content_no_before + line.c.is_next),
            )
        ),
        "version {1} does not have the number that follows among those with content",
    )
    yield rule(
        "content-lost",
        select(line.c.document_id, line.c.no).where(
            or_(
                and_(is_taken_away, line.c.cause.not_in(_TAKING_AWAY)),
                and_(is_neighbour, not_(is_taken_away), line.c.cause.not_in(_CONTENT_CAUSES), is_other),
            )
        ),
        "version {1}, of metadata alone, does not have the content of the one before it",
    )


def _contents() -> Iterator[Rule]:
    # Only what is wrong is made distinct: a union of all that is named would be sorted first.
    unrecorded = union(
        *(
            select(column)
            .outerjoin_from(column.table, blob, blob.c.digest == column)
            .where(blob.c.digest.is_(None), column.is_not(None))
            for column in NAMING
        )
    )
    yield rule(
        "blob-unrecorded",
        unrecorded,
        "a version needs this content, and no row says where it is",
        subject=Subject.CONTENT,
    )
    differing = union(
        *(
            select(table.c.digest, table.c.length_bytes, blob.c.length_bytes)
            .join_from(table, blob, blob.c.digest == table.c.digest)
            .where(blob.c.length_bytes != table.c.length_bytes)
            for table in (version, version_stream, save, check_out, working_save, rescue, temporary_file)
        )
    )
    yield rule(
        "length-differs",
        differing,
        "a version says that it has {1} bytes, its own row says {2}",
        subject=Subject.CONTENT,
    )
    yield rule(
        "blob-length",
        select(blob.c.digest, blob.c.length_bytes, func.length(blob.c.body)).where(
            blob.c.body.is_not(None), func.length(blob.c.body) != blob.c.length_bytes
        ),
        "{2} bytes are kept in the database where {1} belong",
        subject=Subject.CONTENT,
        advice=RESTORE,
    )


RULES_OF_VERSIONS: tuple[Rule, ...] = (
    *_current(),
    *_numbers(),
    *_holdings(),
    *_content_numbers(),
    *_times(),
    *_contents(),
)
"""What is checked of versions and contents."""
