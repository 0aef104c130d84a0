"""Criteria on registrations as SQL: the code of the life cycle, the author, and whether an object was there at all.

A deletion and a restore are registrations too, by whichever door they happened, and have no rows in the index: the trash and its
past tell of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import BigInteger, ColumnElement, FromClause, and_, exists, false, literal, not_, or_, select, union_all

from davgate.model.instant import FOREVER
from davgate.model.node import NodeKind
from davgate.model.registration import Code
from davgate.model.temporal_rows import registration_of
from davgate.model.virkning import Window
from davgate.storage.object_tables import deletion, temporal_value
from davgate.storage.tables import node, trash

Clause: TypeAlias = ColumnElement[bool]

# Of what is below a collection, collections alone: what is in one of them is deleted with it.
_TRASHED_TOP = select(trash.c.node_id.label("id")).cte("trashed", recursive=True)
_below = node.alias("below")
_TRASHED = _TRASHED_TOP.union_all(
    select(_below.c.id).where(_below.c.parent_id == _TRASHED_TOP.c.id, _below.c.kind == NodeKind.COLLECTION.value)
)
_IN_TREE = and_(node.c.parent_id.is_not(None), node.c.parent_id.not_in(select(_TRASHED.c.id)))
_GONE = union_all(
    select(deletion.c.node_id, deletion.c.deleted_at, deletion.c.restored_at, deletion.c.deleted_by, deletion.c.restored_by),
    select(trash.c.node_id, trash.c.deleted_at, literal(FOREVER, BigInteger()).label("never"), trash.c.deleted_by, literal(0)),
).subquery("gone")


@dataclass(frozen=True, slots=True)
class Registrations:
    """The registrations of objects of a class: the newest ones, or all that a window of known time meets.

    With ``with_deleted`` those count too by which an object is deleted.
    """

    of: str
    known: Window | None
    with_deleted: bool

    def holds_for(self, row: FromClause) -> Clause:
        """Return the clause that what a row says was said by one of these registrations."""
        if self.known is None:
            return row.c.known_to == FOREVER
        held = and_(row.c.known_from < self.known.end, row.c.known_to > self.known.start)
        if self.with_deleted:
            return held
        # Of what was said until a deletion before the window, nothing is left in it until the restore.
        is_gone = and_(
            _GONE.c.deleted_at <= self.known.start,
            or_(_GONE.c.restored_at >= self.known.end, _GONE.c.restored_at >= row.c.known_to),
        )
        return and_(held, not_(exists().where(_GONE.c.node_id == row.c.node_id, is_gone)))

    def any_with(self, row: FromClause, *clauses: Clause) -> Clause:
        """Return the clause that a node has such a registration, by a version."""
        is_registration = row.c.property == registration_of(self.of)
        return exists().where(row.c.node_id == node.c.id, is_registration, self.holds_for(row), *clauses)

    def is_alive(self) -> Clause:
        """Return the clause that a node has such a registration by which it is not deleted."""
        if self.known is None:
            return _IN_TREE
        is_gone = and_(_GONE.c.deleted_at <= self.known.start, _GONE.c.restored_at >= self.known.end)
        return not_(exists().where(_GONE.c.node_id == node.c.id, is_gone))

    def has_code(self, code: Code) -> Clause:
        """Return the clause that a node has such a registration with a code."""
        row = temporal_value.alias("coded")
        if code is Code.SLETTET:
            return and_(self.any_with(row), self._is_deleted())
        made = and_(self._is_there(), self.any_with(row, row.c.value == code.value, not_(self._is_over(row))))
        if code is Code.IMPORTERET:
            return or_(made, and_(self._is_there(), self.any_with(row, self._is_restored(row))))
        return made

    def written_by(self, ids: Sequence[int]) -> Clause:
        """Return the clause that a node has such a registration by one of some principals."""
        row = temporal_value.alias("written")
        is_author = _is_one_of(row.c.qualifier, map(str, ids))
        made = and_(self._is_there(), self.any_with(row, is_author, not_(self._is_over(row))))
        restored = and_(self._is_there(), self.any_with(row, self._is_restored(row, _is_one_of(_GONE.c.restored_by, ids))))
        return or_(made, restored, self._is_deleted(_is_one_of(_GONE.c.deleted_by, ids)))

    def _is_there(self) -> Clause:
        return _IN_TREE if self.known is None else node.c.id.is_not(None)

    def _is_deleted(self, *clauses: Clause) -> Clause:
        if self.known is None:
            is_now = exists().where(_GONE.c.node_id == node.c.id, _GONE.c.restored_at == FOREVER, *clauses)
            return is_now if clauses else not_(_IN_TREE)
        is_then = and_(_GONE.c.deleted_at < self.known.end, _GONE.c.restored_at > self.known.start)
        return exists().where(_GONE.c.node_id == node.c.id, is_then, *clauses)

    def _is_over(self, row: FromClause) -> Clause:
        """Return the clause that a deletion, or the restore after it, took the place of a registration before the window."""
        since = FOREVER if self.known is None else self.known.start
        is_later = and_(_GONE.c.deleted_at > row.c.known_from, _GONE.c.deleted_at < row.c.known_to)
        return exists().where(_GONE.c.node_id == row.c.node_id, is_later, _GONE.c.deleted_at <= since)

    def _is_restored(self, row: FromClause, *clauses: Clause) -> Clause:
        """Return the clause that a restore is what followed the version of a registration, in the window."""
        until = FOREVER if self.known is None else self.known.end
        is_later = and_(_GONE.c.deleted_at > row.c.known_from, _GONE.c.restored_at < row.c.known_to)
        return exists().where(_GONE.c.node_id == row.c.node_id, is_later, _GONE.c.restored_at < until, *clauses)


def _is_one_of(column: ColumnElement[Any], values: Iterable[int | str]) -> Clause:
    """Return the clause that a column has one of some values; a list would be bound apart from what is given later."""
    return or_(false(), *(column == literal(one) for one in values))
