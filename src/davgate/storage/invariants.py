"""What holds at every moment, as queries that return a row for each breach.

Written so that a store of a million nodes is checked by joins alone: no rule asks for one row at a time. ``verify`` runs them.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import (
    Column,
    ColumnElement,
    FromClause,
    SelectBase,
    and_,
    bindparam,
    case,
    cast,
    exists,
    func,
    literal,
    not_,
    or_,
    select,
    union,
)

from davgate.model.instant import FOREVER
from davgate.model.locks import Depth, Holding, Scope
from davgate.model.marks import MarkKind
from davgate.model.node import CONTENT_CAUSES, NO_CONTENT, ROOT_ID, Cause, NodeKind
from davgate.model.principal import PrincipalKind
from davgate.model.rights import EVERYTHING
from davgate.storage.collector import NAMING
from davgate.storage.statements import Statement
from davgate.storage.tables import (
    access_grant,
    app_password,
    audit,
    blob,
    change,
    check_out,
    lock,
    metadata,
    node,
    placement,
    principal,
    rescue,
    save,
    store,
    trash,
    version,
    version_mark,
    version_stream,
    working_save,
)


class Subject(enum.Enum):
    """What the first column of a rule's rows identifies."""

    NODE = "node"
    CONTENT = "content"
    STORE = "store"


@dataclass(frozen=True, slots=True)
class Rule:
    """An invariant: its code, the query for breaches, and how one is told; ``{1}`` is the second column of the row."""

    code: str
    subject: Subject
    breaches: Statement
    what: str
    advice: str


RESTORE = "Restore the newest backup in which it is whole."
RESTORE_ALL = "Stop the server, restore the newest backup that passes fsck, and report this."
STORE_AGAIN = "Restore the content from a backup into the blob folder, or store the same bytes again."

_DOCUMENT = NodeKind.DOCUMENT.value
_COLLECTION = NodeKind.COLLECTION.value


def _rule(
    code: str,
    breaches: SelectBase,
    what: str,
    *,
    subject: Subject = Subject.NODE,
    advice: str = RESTORE,
) -> Rule:
    return Rule(code, subject, Statement(breaches), what, advice)


def _tree() -> Iterator[Rule]:
    is_root = and_(node.c.id == ROOT_ID, node.c.kind == _COLLECTION, node.c.parent_id.is_(None), node.c.name.is_(None))
    yield _rule(
        "root-missing",
        select(literal(ROOT_ID)).where(not_(exists().where(is_root))),
        "the root collection does not exist, or is not a collection without parent and name",
        subject=Subject.STORE,
        advice=RESTORE_ALL,
    )
    parent = node.alias("parent")
    yield _rule(
        "parent-not-collection",
        select(node.c.id, parent.c.id)
        .join_from(node, parent, parent.c.id == node.c.parent_id)
        .where(parent.c.kind != _COLLECTION),
        "its parent, node {1}, is no collection",
    )
    top = select(node.c.id.label("id")).where(node.c.parent_id.is_(None)).cte("reached", recursive=True)
    reached = top.union_all(select(node.c.id).join_from(top, node, node.c.parent_id == top.c.id))
    # Each node has one parent, so one that no walk from above meets lies in a circle, or below one that is gone.
    yield _rule(
        "unreachable",
        select(node.c.id, node.c.parent_id)
        .outerjoin_from(node, reached, reached.c.id == node.c.id)
        .where(reached.c.id.is_(None)),
        "no way leads from it up to the root, to the trash or to an unfiled document (its parent is node {1})",
    )
    was_placed = exists().where(placement.c.node_id == node.c.id)
    yield _rule(
        "lost",
        select(node.c.id)
        .outerjoin_from(node, trash, trash.c.node_id == node.c.id)
        .where(node.c.parent_id.is_(None), node.c.id != ROOT_ID, trash.c.node_id.is_(None))
        .where(or_(node.c.kind == _COLLECTION, was_placed)),
        "it was in the tree, and is neither there nor in the trash",
    )


def _versions() -> Iterator[Rule]:
    content = (node.c.digest, node.c.length_bytes, node.c.media_type)
    has_all = and_(*(column.is_not(None) for column in content))
    has_none = and_(*(column.is_(None) for column in content))
    is_document = node.c.kind == _DOCUMENT
    yield _rule(
        "content-torn",
        select(node.c.id, node.c.version_no).where(
            not_(
                or_(
                    # Without versions it is pending or a scratch file; one with versions may have been emptied a moment ago.
                    and_(is_document, has_all),
                    and_(is_document, has_none),
                    and_(node.c.kind == _COLLECTION, node.c.version_no >= 0, has_none),
                )
            )
        ),
        "version {1} is said to be current, and digest, length and media type do not go with that",
    )
    yield _rule(
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
                and_(version.c.opened_at > node.c.modified_at, version.c.cause != Cause.METADATA.value),
            )
        ),
        "its current version {1} does not exist or is not what the document shows",
    )
    is_filed = node.c.parent_id.is_not(None)
    is_bare = and_(is_document, node.c.version_no > 0, has_none)
    yield _rule(
        "nameless",
        select(node.c.id).where(is_filed, node.c.name.is_(None), not_(is_bare)),
        "it is in a collection without a name, and only a document of metadata alone can be",
    )
    yield _rule(
        "current-differs",
        select(node.c.id, node.c.version_no)
        .outerjoin_from(node, version, and_(version.c.document_id == node.c.id, version.c.no == node.c.version_no))
        .where(is_filed, node.c.name.is_(None), is_bare)
        .where(or_(version.c.no.is_(None), version.c.has_content != 0)),
        "its current version {1} does not exist or has content, and the document shows none",
    )
    yield _rule(
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
    yield _rule(
        "version-order",
        select(ordered.c.document_id, ordered.c.no).where(
            or_(ordered.c.opened_at <= ordered.c.before, ordered.c.sealed_at < ordered.c.opened_at)
        ),
        "version {1} is not younger than the one before it, or was sealed before it was opened",
    )
    yield from _version_contents()
    yield _rule(
        "save-misplaced",
        select(save.c.document_id, save.c.version_no)
        .join_from(save, version, and_(version.c.document_id == save.c.document_id, version.c.no == save.c.version_no))
        .where(or_(save.c.saved_at < version.c.opened_at, save.c.saved_at >= version.c.saved_at)),
        "version {1} has a save from before it was opened, or not older than its present bytes",
    )
    yield _rule(
        "version-times",
        select(version.c.document_id, version.c.no).where(
            or_(version.c.saved_at < version.c.opened_at, version.c.saved_at > version.c.sealed_at)
        ),
        "version {1} got its bytes before it was opened, or after it was sealed",
    )
    yield _rule(
        "version-open",
        select(version.c.document_id, version.c.no)
        .join_from(version, node, node.c.id == version.c.document_id)
        .where(version.c.session.is_not(None), version.c.sealed_at > bindparam("now"), version.c.no != node.c.version_no),
        "version {1} is still open, and is not the current one",
    )
    yield _rule(
        "label-twice",
        select(version_mark.c.document_id, func.min(version_mark.c.version_no))
        .where(version_mark.c.kind == "label")
        .group_by(version_mark.c.document_id, version_mark.c.label)
        .having(func.count() > 1),
        "version {1} has a label that another version has, too",
    )


def _version_contents() -> Iterator[Rule]:
    yield _rule(
        "version-bare",
        select(version.c.document_id, version.c.no)
        .where(version.c.has_content == 0)
        .where(or_(version.c.digest != NO_CONTENT.digest, version.c.length_bytes != 0)),
        "version {1} is said to be without content, and has some",
    )

    def before(column: Column[int] | Column[bytes]) -> ColumnElement[int] | ColumnElement[bytes]:
        return func.lag(column).over(partition_by=version.c.document_id, order_by=version.c.no)

    content_no = func.coalesce(version.c.content_no, -1)
    is_next = and_(
        version.c.has_content == 1,
        or_(version.c.cause.in_([cause.value for cause in CONTENT_CAUSES]), before(version.c.content_no).is_(None)),
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
    is_neighbour = or_(line.c.no_before == line.c.no - 1, and_(line.c.no_before.is_(None), line.c.no == 1))
    yield _rule(
        "content-number",
        select(line.c.document_id, line.c.no).where(
            or_(
                line.c.content_no < line.c.content_no_before + line.c.is_next,
                and_(is_neighbour, line.c.content_no != line.c.content_no_before + line.c.is_next),
            )
        ),
        "version {1} does not have the number that follows among those with content",
    )
    yield _rule(
        "content-lost",
        select(line.c.document_id, line.c.no).where(
            or_(
                # A check-in alone can take the file away.
                and_(line.c.has_content < line.c.had_content, line.c.cause != Cause.CHECK_IN.value),
                and_(is_neighbour, line.c.cause == Cause.METADATA.value, line.c.digest != line.c.digest_before),
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
    yield _rule(
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
            for table in (version, version_stream, save, check_out, working_save, rescue)
        )
    )
    yield _rule(
        "length-differs",
        differing,
        "a version says that it has {1} bytes, its own row says {2}",
        subject=Subject.CONTENT,
    )
    yield _rule(
        "blob-length",
        select(blob.c.digest, blob.c.length_bytes, func.length(blob.c.body)).where(
            blob.c.body.is_not(None), func.length(blob.c.body) != blob.c.length_bytes
        ),
        "{2} bytes are kept in the database where {1} belong",
        subject=Subject.CONTENT,
        advice=RESTORE,
    )


def _places() -> Iterator[Rule]:
    is_placed = and_(node.c.parent_id.is_not(None), node.c.name.is_not(None))
    is_open = placement.c.to_at == FOREVER
    yield _rule(
        "placement-differs",
        select(node.c.id)
        .outerjoin_from(node, placement, and_(placement.c.node_id == node.c.id, is_open))
        .where(is_placed)
        .where(
            or_(
                placement.c.node_id.is_(None),
                placement.c.parent_id != node.c.parent_id,
                placement.c.name != node.c.name,
            )
        ),
        "its history of places does not end where it is now",
    )
    yield _rule(
        "placement-open",
        select(node.c.id).join_from(placement, node, node.c.id == placement.c.node_id).where(is_open, not_(is_placed)),
        "its history of places says that it is in the tree, and it is not",
    )
    ordered = select(
        placement.c.node_id,
        placement.c.from_at,
        placement.c.to_at,
        func.lag(placement.c.to_at).over(partition_by=placement.c.node_id, order_by=placement.c.from_at).label("before"),
    ).subquery()
    yield _rule(
        "placement-overlap",
        select(ordered.c.node_id).where(or_(ordered.c.from_at < ordered.c.before, ordered.c.from_at >= ordered.c.to_at)),
        "its history of places has it at two places at once, or nowhere for less than no time",
    )
    former = placement.alias("former")
    left_at = select(func.max(former.c.to_at)).where(former.c.node_id == trash.c.node_id).scalar_subquery()
    yield _rule(
        "trash-differs",
        select(trash.c.node_id)
        .join_from(trash, node, node.c.id == trash.c.node_id)
        .outerjoin(placement, and_(placement.c.node_id == trash.c.node_id, placement.c.to_at == left_at))
        .where(
            or_(
                node.c.parent_id.is_not(None),
                # What had no name on the drive had no place there.
                and_(placement.c.node_id.is_(None), trash.c.name != ""),
                placement.c.parent_id != trash.c.parent_id,
                placement.c.name != trash.c.name,
            )
        ),
        "it is said to be in the trash, and its place or its history does not go with that",
    )


def _locks() -> Iterator[Rule]:
    start = select(lock.c.token.label("token"), lock.c.node_id.label("at")).cte("climb", recursive=True)
    # UNION, which drops what it met before, ends the climb in a circle too.
    climb = start.union(
        select(start.c.token, node.c.parent_id)
        .join_from(start, node, node.c.id == start.c.at)
        .where(node.c.parent_id.is_not(None))
    )
    yield _rule(
        "lock-stray",
        select(lock.c.node_id)
        .join_from(climb, lock, lock.c.token == climb.c.token)
        .join(trash, trash.c.node_id == climb.c.at)
        .where(lock.c.expires_at > trash.c.deleted_at),
        "a lock outlived its deletion",
        advice="Unlocking it is not possible any more; the lock ends by itself. Report this.",
    )
    other = lock.alias("other")
    exclusive = Scope.EXCLUSIVE.value
    yield _rule(
        "lock-conflict",
        select(lock.c.node_id, other.c.node_id)
        .join_from(climb, lock, lock.c.token == climb.c.token)
        .join(other, and_(other.c.node_id == climb.c.at, other.c.token != lock.c.token))
        .where(lock.c.expires_at > bindparam("now"), other.c.expires_at > bindparam("now"))
        .where(or_(lock.c.scope == exclusive, other.c.scope == exclusive))
        .where(
            or_(
                and_(lock.c.node_id == other.c.node_id, lock.c.token < other.c.token),
                and_(lock.c.node_id != other.c.node_id, other.c.depth == Depth.INFINITY.value),
            )
        ),
        "it has a lock that contradicts one on node {1}",
        advice="End one of the two locks, or wait for its end. Report this.",
    )
    yield _rule(
        "lock-torn",
        select(lock.c.node_id).where(
            or_(
                lock.c.scope.not_in([scope.value for scope in Scope]),
                lock.c.depth.not_in([Depth.ZERO.value, Depth.INFINITY.value]),
                lock.c.holding.not_in([holding.value for holding in Holding]),
                and_(lock.c.timeout_seconds.is_(None), lock.c.expires_at != FOREVER),
            )
        ),
        "it has a lock that cannot be understood",
        advice=RESTORE_ALL,
    )


def _counters() -> Iterator[Rule]:
    stored = cast(func.coalesce(func.sum(blob.c.length_bytes), 0), blob.c.length_bytes.type)
    total = select(stored).scalar_subquery()
    yield _rule(
        "stored-bytes",
        select(store.c.id, store.c.stored_bytes, total).where(store.c.stored_bytes != total),
        "{1} bytes are said to be stored, {2} are",
        subject=Subject.STORE,
        advice="Quota is counted wrongly until this is restored from a backup. Report this.",
    )
    count = select(func.count()).select_from(change).scalar_subquery()
    lowest = select(func.coalesce(func.min(change.c.seq), 1)).scalar_subquery()
    highest = select(func.coalesce(func.max(change.c.seq), 0)).scalar_subquery()
    yield _rule(
        "change-gap",
        select(store.c.id, store.c.last_change, count, lowest, highest).where(
            or_(count != store.c.last_change, highest != store.c.last_change, lowest != 1)
        ),
        "there should be changes 1 to {1}; there are {2}, from {3} to {4}",
        subject=Subject.STORE,
        advice=RESTORE_ALL,
    )
    audited = select(audit.c.at).distinct().subquery()
    yield _rule(
        "change-unaudited",
        select(change.c.node_id, change.c.seq)
        .outerjoin_from(change, audited, audited.c.at == change.c.changed_at)
        .where(audited.c.at.is_(None)),
        "the audit does not tell who made change {1}",
    )
    last_id = select(func.max(node.c.id)).scalar_subquery()
    yield _rule(
        "next-id",
        select(store.c.id, store.c.next_id, last_id).where(store.c.next_id <= last_id),
        "the next inner id, {1}, was given to a node already; the highest is {2}",
        subject=Subject.STORE,
        advice=RESTORE_ALL,
    )


def _values() -> Iterator[Rule]:
    """Closed sets, of which another value would stop whoever reads the row."""
    sets: tuple[tuple[Column[str], Iterable[enum.Enum]], ...] = (
        (principal.c.kind, PrincipalKind),
        (version.c.cause, Cause),
        (version_mark.c.kind, MarkKind),
    )
    for column, known in sets:
        yield _unknown(column, column.not_in([value.value for value in known]))
    for rights in (access_grant.c.rights, app_password.c.rights):
        yield _unknown(rights, rights.bitwise_and(EVERYTHING.value) != rights)


def _unknown(column: Column[str] | Column[int], is_unknown: ColumnElement[bool]) -> Rule:
    return _rule(
        "value-unknown",
        select(literal(0), column).where(is_unknown).distinct(),
        f"a row of {column.table.description} has {column.name} = {{1}}, which means nothing",
        subject=Subject.STORE,
    )


def _references() -> Iterator[Rule]:
    """One rule for each foreign key: SQLite checks them only on connections that ask for it."""
    for table in metadata.sorted_tables:
        for key in sorted(table.foreign_key_constraints, key=lambda constraint: tuple(constraint.column_keys)):
            target = key.referred_table.alias("target")
            given: list[ColumnElement[object]] = [element.parent for element in key.elements]
            matches = [target.c[element.column.name] == element.parent for element in key.elements]
            columns = ", ".join(column.name for column in key.columns)
            values = ", ".join(f"{{{position}}}" for position in range(1, len(given) + 1))
            yield _rule(
                "reference-broken",
                _orphans(table, target, given, matches),
                f"a row of {table.name} has {columns} = {values}, and no such row of {key.referred_table.name} exists",
                subject=Subject.STORE,
            )


def _orphans(
    table: FromClause, target: FromClause, given: list[ColumnElement[object]], matches: list[ColumnElement[bool]]
) -> SelectBase:
    return (
        select(literal(0), *given)
        .outerjoin_from(table, target, and_(*matches))
        .where(*(column.is_not(None) for column in given), next(iter(target.primary_key)).is_(None))
    )


RULES: tuple[Rule, ...] = (
    *_references(),
    *_tree(),
    *_versions(),
    *_contents(),
    *_places(),
    *_locks(),
    *_counters(),
    *_values(),
)
