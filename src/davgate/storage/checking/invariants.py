"""What holds at every moment, as queries that return a row for each breach.

Written so that a store of a million nodes is checked by joins alone: no rule asks for one row at a time. ``verify`` runs them.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator

from sqlalchemy import (
    Column,
    ColumnElement,
    FromClause,
    SelectBase,
    and_,
    bindparam,
    cast,
    exists,
    func,
    literal,
    not_,
    or_,
    select,
    union_all,
)

from davgate.model.instant import FOREVER
from davgate.model.locks import Depth, Holding, Scope
from davgate.model.marks import MarkKind
from davgate.model.node import ROOT_ID, Cause, NodeKind
from davgate.model.principal import PrincipalKind
from davgate.model.rights import EVERYTHING
from davgate.storage.checking.invariant import RESTORE_ALL, Rule, Subject, rule
from davgate.storage.checking.of_revisions import NUMBERED, RULES_OF_REVISIONS
from davgate.storage.checking.of_versions import RULES_OF_VERSIONS
from davgate.storage.sign_in_tables import app_password
from davgate.storage.tables import (
    access_grant,
    audit,
    bare_place,
    blob,
    change,
    lock,
    metadata,
    node,
    placement,
    principal,
    store,
    trash,
    version,
    version_mark,
)

_DOCUMENT = NodeKind.DOCUMENT.value
_COLLECTION = NodeKind.COLLECTION.value


def _tree() -> Iterator[Rule]:
    is_root = and_(node.c.id == ROOT_ID, node.c.kind == _COLLECTION, node.c.parent_id.is_(None), node.c.name.is_(None))
    yield rule(
        "root-missing",
        select(literal(ROOT_ID)).where(not_(exists().where(is_root))),
        "the root collection does not exist, or is not a collection without parent and name",
        subject=Subject.STORE,
        advice=RESTORE_ALL,
    )
    parent = node.alias("parent")
    yield rule(
        "parent-not-collection",
        select(node.c.id, parent.c.id)
        .join_from(node, parent, parent.c.id == node.c.parent_id)
        .where(parent.c.kind != _COLLECTION),
        "its parent, node {1}, is no collection",
    )
    top = select(node.c.id.label("id")).where(node.c.parent_id.is_(None)).cte("reached", recursive=True)
    reached = top.union_all(select(node.c.id).join_from(top, node, node.c.parent_id == top.c.id))
    # Each node has one parent, so one that no walk from above meets lies in a circle, or below one that is gone.
    yield rule(
        "unreachable",
        select(node.c.id, node.c.parent_id)
        .outerjoin_from(node, reached, reached.c.id == node.c.id)
        .where(reached.c.id.is_(None)),
        "no way leads from it up to the root, to the trash or to an unfiled document (its parent is node {1})",
    )
    was_placed = exists().where(placement.c.node_id == node.c.id)
    yield rule(
        "lost",
        select(node.c.id)
        .outerjoin_from(node, trash, trash.c.node_id == node.c.id)
        .where(node.c.parent_id.is_(None), node.c.id != ROOT_ID, trash.c.node_id.is_(None))
        .where(or_(node.c.kind != _DOCUMENT, was_placed)),
        "it was in the tree, and is neither there nor in the trash",
    )


def _places() -> Iterator[Rule]:
    is_placed = and_(node.c.parent_id.is_not(None), node.c.name.is_not(None))
    is_open = placement.c.to_at == FOREVER
    yield rule(
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
    yield rule(
        "placement-open",
        select(node.c.id).join_from(placement, node, node.c.id == placement.c.node_id).where(is_open, not_(is_placed)),
        "its history of places says that it is in the tree, and it is not",
    )
    is_bare = and_(node.c.parent_id.is_not(None), node.c.name.is_(None))
    stays = bare_place.c.to_at == FOREVER
    yield rule(
        "bare-place-differs",
        select(node.c.id)
        .outerjoin_from(node, bare_place, and_(bare_place.c.node_id == node.c.id, stays))
        .where(is_bare, or_(bare_place.c.node_id.is_(None), bare_place.c.parent_id != node.c.parent_id)),
        "its history of places without a name does not end where it is now",
    )
    yield rule(
        "bare-place-open",
        select(node.c.id).join_from(bare_place, node, node.c.id == bare_place.c.node_id).where(stays, not_(is_bare)),
        "its history of places says that it is somewhere without a name, and it is not",
    )
    ordered = select(
        placement.c.node_id,
        placement.c.from_at,
        placement.c.to_at,
        func.lag(placement.c.to_at).over(partition_by=placement.c.node_id, order_by=placement.c.from_at).label("before"),
    ).subquery()
    yield rule(
        "placement-overlap",
        select(ordered.c.node_id).where(or_(ordered.c.from_at < ordered.c.before, ordered.c.from_at >= ordered.c.to_at)),
        "its history of places has it at two places at once, or nowhere for less than no time",
    )


def _trash() -> Iterator[Rule]:
    former = placement.alias("former")
    left_at = select(func.max(former.c.to_at)).where(former.c.node_id == trash.c.node_id).scalar_subquery()
    stayed_bare = exists().where(
        bare_place.c.node_id == trash.c.node_id,
        bare_place.c.parent_id == trash.c.parent_id,
        bare_place.c.to_at > placement.c.to_at,
    )
    yield rule(
        "trash-differs",
        select(trash.c.node_id)
        .join_from(trash, node, node.c.id == trash.c.node_id)
        .outerjoin(placement, and_(placement.c.node_id == trash.c.node_id, placement.c.to_at == left_at))
        .where(
            or_(
                node.c.parent_id.is_not(None),
                # What had no name on the drive had no place there, or not any more.
                and_(placement.c.node_id.is_(None), trash.c.name != ""),
                and_(
                    or_(placement.c.parent_id != trash.c.parent_id, placement.c.name != trash.c.name),
                    or_(trash.c.name != "", not_(stayed_bare)),
                ),
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
    yield rule(
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
    yield rule(
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
    yield rule(
        "lock-torn",
        select(lock.c.node_id).where(
            or_(
                lock.c.scope.not_in([scope.value for scope in Scope]),
                lock.c.depth.not_in([Depth.ZERO.value, Depth.INFINITY.value]),
                lock.c.holding.not_in([holding.value for holding in Holding]),
                # One that never ends can be broken: then nobody revives it.
                and_(lock.c.timeout_seconds.is_(None), lock.c.expires_at != FOREVER, lock.c.revivable_until > lock.c.expires_at),
            )
        ),
        "it has a lock that cannot be understood",
        advice=RESTORE_ALL,
    )


def _counters() -> Iterator[Rule]:
    stored = cast(func.coalesce(func.sum(blob.c.length_bytes), 0), blob.c.length_bytes.type)
    total = select(stored).scalar_subquery()
    yield rule(
        "stored-bytes",
        select(store.c.id, store.c.stored_bytes, total).where(store.c.stored_bytes != total),
        "{1} bytes are said to be stored, {2} are",
        subject=Subject.STORE,
        advice="Quota is counted wrongly until this is restored from a backup. Report this.",
    )
    count = select(func.count()).select_from(change).scalar_subquery()
    lowest = select(func.coalesce(func.min(change.c.seq), 1)).scalar_subquery()
    highest = select(func.coalesce(func.max(change.c.seq), 0)).scalar_subquery()
    yield rule(
        "change-gap",
        select(store.c.id, store.c.last_change, count, lowest, highest).where(
            or_(count != store.c.last_change, highest != store.c.last_change, lowest != 1)
        ),
        "there should be changes 1 to {1}; there are {2}, from {3} to {4}",
        subject=Subject.STORE,
        advice=RESTORE_ALL,
    )
    audited = select(audit.c.at).distinct().subquery()
    yield rule(
        "change-unaudited",
        select(change.c.node_id, change.c.seq)
        .outerjoin_from(change, audited, audited.c.at == change.c.changed_at)
        .where(audited.c.at.is_(None)),
        "the audit does not tell who made change {1}",
    )
    given = union_all(*(select(func.max(column).label("id")) for column in NUMBERED)).subquery()
    last_id = select(func.max(given.c.id)).scalar_subquery()
    yield rule(
        "next-id",
        select(store.c.id, store.c.next_id, last_id).where(store.c.next_id <= last_id),
        "the next inner id, {1}, was given already; the highest is {2}",
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
    return rule(
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
            yield rule(
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
    *RULES_OF_VERSIONS,
    *RULES_OF_REVISIONS,
    *_places(),
    *_trash(),
    *_locks(),
    *_counters(),
    *_values(),
)
