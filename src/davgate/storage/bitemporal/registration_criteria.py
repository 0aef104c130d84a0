"""Criteria on registrations as SQL: the code of the life cycle, the author, the note, and whether an object was there at all.

A deletion and a restore are registrations too, by whichever door they happened, and have no rows in the index: the trash and its
past tell of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    and_,
    exists,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    true,
    union_all,
)

from davgate.model.bitemporal.query import parse_pattern
from davgate.model.bitemporal.registration import Code
from davgate.model.bitemporal.rows import LONGEST, cut, registration_of
from davgate.model.bitemporal.virkning import Window
from davgate.model.frozen import frozen
from davgate.model.indexing import TOP, folded
from davgate.model.instant import FOREVER
from davgate.model.node import NodeKind
from davgate.model.query import Wildcard
from davgate.storage.object_tables import deletion, temporal_value
from davgate.storage.search.text_functions import Folded, Like, glob_form, like_form
from davgate.storage.tables import bare_place, node, placement, trash
from davgate.storage.trash import IN_TREE, TRASHED

Clause: TypeAlias = ColumnElement[bool]

# Of collections that came back, and of what lay in them then; ``registrations`` tells the same of single nodes.
_TOLD = deletion.c.deleted_at, deletion.c.restored_at, deletion.c.deleted_by, deletion.c.restored_by, deletion.c.comment
_collection = node.alias("collection")
_LAPSED_TOP = (
    select(deletion.c.node_id.label("id"), *_TOLD)
    .join(_collection, and_(_collection.c.id == deletion.c.node_id, _collection.c.kind == NodeKind.COLLECTION.value))
    .cte("lapsed", recursive=True)
)


def _lay_in(place: FromClause, lapsed: FromClause) -> Clause:
    """Return the clause that by a place something went with a collection, and came back with it."""
    stayed = or_(place.c.to_at == FOREVER, place.c.to_at > lapsed.c.restored_at)
    return and_(place.c.parent_id == lapsed.c.id, place.c.from_at < lapsed.c.deleted_at, stayed)


def _told_of(lapsed: FromClause) -> Sequence[ColumnElement[Any]]:
    return [lapsed.c[column.name] for column in _TOLD]


_LAPSED = _LAPSED_TOP.union_all(
    select(_collection.c.id, *_told_of(_LAPSED_TOP))
    .join_from(_LAPSED_TOP, placement, _lay_in(placement, _LAPSED_TOP))
    .join(_collection, and_(_collection.c.id == placement.c.node_id, _collection.c.kind == NodeKind.COLLECTION.value))
)
_inside, _place, _bare = node.alias("inside"), placement.alias("place"), bare_place.alias("bare")
_NEVER, _NOBODY = literal(FOREVER, BigInteger()), literal(0)
GONE = union_all(
    select(deletion.c.node_id, *_TOLD),
    select(trash.c.node_id, trash.c.deleted_at, _NEVER, trash.c.deleted_by, _NOBODY, trash.c.comment),
    select(_inside.c.id, TRASHED.c.deleted_at, _NEVER, TRASHED.c.deleted_by, _NOBODY, TRASHED.c.comment).join_from(
        _inside, TRASHED, TRASHED.c.id == _inside.c.parent_id
    ),
    select(_place.c.node_id, *_told_of(_LAPSED)).join_from(_place, _LAPSED, _lay_in(_place, _LAPSED)),
    select(_bare.c.node_id, *_told_of(_LAPSED)).join_from(_bare, _LAPSED, _lay_in(_bare, _LAPSED)),
).subquery("gone")
"""When nodes, or what they lay in, were deleted and came back; what is deleted now does for ever."""
_AGAIN = GONE.alias("again")


@frozen
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
            GONE.c.deleted_at <= self.known.start,
            or_(GONE.c.restored_at >= self.known.end, GONE.c.restored_at >= row.c.known_to),
        )
        return and_(held, not_(exists().where(GONE.c.node_id == row.c.node_id, is_gone)))

    def any_with(self, row: FromClause, *clauses: Clause) -> Clause:
        """Return the clause that a node has such a registration, by a version."""
        is_registration = row.c.property == registration_of(self.of)
        return exists().where(row.c.node_id == node.c.id, is_registration, self.holds_for(row), *clauses)

    def is_alive(self) -> Clause:
        """Return the clause that a node has such a registration by which it is not deleted."""
        if self.known is None:
            return IN_TREE
        is_gone = and_(GONE.c.deleted_at <= self.known.start, GONE.c.restored_at >= self.known.end)
        return not_(exists().where(GONE.c.node_id == node.c.id, is_gone))

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
        restored = and_(self._is_there(), self.any_with(row, self._is_restored(row, _is_one_of(GONE.c.restored_by, ids))))
        return or_(made, restored, self._is_deleted_with(_is_one_of(GONE.c.deleted_by, ids)))

    def noted(self, text: str) -> Clause:
        """Return the clause that a node has such a registration whose note matches a pattern."""
        row = temporal_value.alias("noted")
        made = and_(self._is_there(), self.any_with(row, matches(row, text, of_note=True), not_(self._is_over(row))))
        restored = and_(self._is_there(), self.any_with(row, self._is_restored(row))) if _is_of_nothing(text) else false()
        return or_(made, restored, self._is_deleted_with(reads(GONE.c.comment, text)))

    def leads_to_noted(self, row: FromClause, text: str) -> Clause:
        """Return the clause that a row is that of a registration of a node that may have such a note, by any registration."""
        by_note = matches(row, text, of_note=True)
        is_gone = true() if _is_of_nothing(text) else reads(GONE.c.comment, text)
        gone = row.c.node_id.in_(select(GONE.c.node_id).where(is_gone))
        return and_(row.c.property == registration_of(self.of), or_(by_note, gone))

    def _is_there(self) -> Clause:
        return IN_TREE if self.known is None else node.c.id.is_not(None)

    def _is_deleted(self, *clauses: Clause) -> Clause:
        if self.known is None:
            is_now = exists().where(GONE.c.node_id == node.c.id, GONE.c.restored_at == FOREVER, *clauses)
            return is_now if clauses else not_(IN_TREE)
        is_then = and_(GONE.c.deleted_at < self.known.end, GONE.c.restored_at > self.known.start)
        return exists().where(GONE.c.node_id == node.c.id, is_then, *clauses)

    def _is_deleted_with(self, *clauses: Clause) -> Clause:
        """Return the clause that a deletion counts, and something holds of it."""
        return self._is_deleted(*clauses) if self.with_deleted else false()

    def _is_over(self, row: FromClause) -> Clause:
        """Return the clause that a deletion, or the restore after it, took the place of a registration before the window."""
        since = FOREVER if self.known is None else self.known.start
        is_later = and_(GONE.c.deleted_at > row.c.known_from, GONE.c.deleted_at < row.c.known_to)
        return exists().where(GONE.c.node_id == row.c.node_id, is_later, GONE.c.deleted_at <= since)

    def _is_restored(self, row: FromClause, *clauses: Clause) -> Clause:
        """Return the clause that a restore is what followed the version of a registration, and counts in the window."""
        since, until = (FOREVER, FOREVER) if self.known is None else (self.known.start, self.known.end)
        is_later = and_(GONE.c.deleted_at > row.c.known_from, GONE.c.restored_at < row.c.known_to)
        # Another deletion took its place before the window. The row itself would not be seen from two levels below it.
        is_over = exists().where(
            _AGAIN.c.node_id == GONE.c.node_id, _AGAIN.c.deleted_at > GONE.c.restored_at, _AGAIN.c.deleted_at <= since
        )
        return exists().where(GONE.c.node_id == row.c.node_id, is_later, GONE.c.restored_at < until, not_(is_over), *clauses)


def _is_one_of(column: ColumnElement[Any], values: Iterable[int | str]) -> Clause:
    """Return the clause that a column has one of some values; a list would be bound apart from what is given later."""
    return or_(false(), *(column == literal(one) for one in values))


def _is_of_nothing(text: str) -> bool:
    """Tell whether the note of a restore matches a pattern: it has none."""
    return not any(parse_pattern(text).pieces)


def reads(column: ColumnElement[str], text: str) -> Clause:
    """Return the clause that a text that is in no index matches a pattern in capitals or not."""
    pieces = _pieces(text)
    return Folded(column) == pieces[0] if len(pieces) == 1 else Like(Folded(column), *_forms(pieces))


def matches(row: FromClause, text: str, *, is_leading: bool = False, of_note: bool = False) -> Clause:
    """Return the clause that the text of a row, or the note of a registration, matches a pattern in capitals or not."""
    pieces = _pieces(text)
    column: ColumnElement[str] = row.c.place if of_note else row.c.value
    if len(pieces) == 1:
        value, whole = cut(pieces[0])
        return and_(column == value, row.c.whole == whole)
    if not any(pieces):
        return true()
    if not is_leading:
        # SQLite would rather go through all values of the range than look at those of one object.
        column = column.concat("")
    clauses: list[Clause] = []
    if begins := pieces[0][:LONGEST]:
        clauses += [column >= begins, column < begins + TOP]
    if not _is_beginning(pieces):
        forms = _forms(pieces)
        # A text that is long enough may be the beginning of a longer one; of others the index alone has to be looked at.
        is_short = or_(func.length(column) < LONGEST, row.c.whole == "")
        is_long = and_(func.length(column) == LONGEST, row.c.whole != "")
        clauses.append(or_(and_(Like(column, *forms), is_short), and_(is_long, Like(row.c.whole, *forms))))
    return and_(*clauses)


def _pieces(text: str) -> Sequence[str]:
    # What PostgreSQL cannot even be asked for is nowhere.
    return [folded(piece) for piece in parse_pattern(text.replace("\0", "\ufffd")).pieces]


def _is_beginning(pieces: Sequence[str]) -> bool:
    return not any(pieces[1:]) and len(pieces[0]) <= LONGEST


def _forms(pieces: Sequence[str]) -> tuple[str, str]:
    parts: list[str | Wildcard] = [pieces[0]]
    for piece in pieces[1:]:
        parts += [Wildcard.ANY, piece]
    return like_form(tuple(parts)), glob_form(tuple(parts))
