"""Criteria on objects whose content is valid for a time, as SQL: what holds of a node, by the rows that are kept for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import (
    ColumnElement,
    FromClause,
    and_,
    exists,
    false,
    func,
    or_,
    select,
    true,
)

from davgate.model.indexing import TOP, folded
from davgate.model.object_types import Kind, Property, TemporalClass
from davgate.model.oio_payload import DOCUMENT, PART_PROPERTIES, PART_RELATIONS, VARIANT_PROPERTIES
from davgate.model.query import Wildcard
from davgate.model.temporal_query import (
    PART_TEXT,
    VARIANT_TEXT,
    Criterion,
    EitherOf,
    HasCode,
    HasState,
    InPart,
    InVariant,
    JournalSays,
    LeadsTo,
    Notes,
    PartLeadsTo,
    Says,
    Search,
    WrittenBy,
    parse_pattern,
)
from davgate.model.temporal_rows import (
    LONGEST,
    TRUTH,
    cut,
    journal_of,
    note_of,
    part_of,
    registration_of,
    relation_of,
    variant_of,
)
from davgate.model.virkning import ALL_TIME
from davgate.storage.object_tables import temporal_value
from davgate.storage.registration_criteria import Clause, Registrations
from davgate.storage.tables import node
from davgate.storage.text_functions import Like, glob_form, like_form

_TRUTHS: Final = {"true": "true", "1": "true", "false": "false", "0": "false"}
_PART_FIELDS: Final[Mapping[str, Kind]] = {one.name: one.kind for one in PART_PROPERTIES}
_VARIANT_FIELDS: Final[Mapping[str, Kind]] = {one.name: one.kind for one in VARIANT_PROPERTIES}


@dataclass(frozen=True, slots=True)
class Asked:
    """A search for objects of a class. ``writers`` are the inner ids of accounts by those of the outside."""

    of: TemporalClass
    search: Search
    writers: Callable[[str], Sequence[int]]

    @property
    def registrations(self) -> Registrations:
        """The registrations that count."""
        return Registrations(self.of.name, self.search.known, self._finds_deleted)

    @property
    def _finds_deleted(self) -> bool:
        return any(isinstance(one, HasCode) for one in self.search.criteria)

    def valid(self, row: FromClause) -> Clause:
        """Return the clause that what a row says is valid at some time in the window."""
        window = self.search.valid
        if window == ALL_TIME:
            return true()
        return and_(row.c.valid_from < window.end, row.c.valid_to > window.start)

    def holds(self) -> Clause:
        """Return the clause that a node is one that is searched for."""
        search = self.search
        nested = (InVariant, InPart, PartLeadsTo)
        clauses = [self._holds(one) for one in search.criteria if not isinstance(one, nested)]
        clauses += self._in_variants([one for one in search.criteria if isinstance(one, nested)])
        if search.uuid is not None:
            clauses.append(node.c.uuid == search.uuid)
        if not self._finds_deleted:
            clauses.append(self.registrations.is_alive())
        return and_(self.is_of_class(), *clauses)

    def is_of_class(self) -> Clause:
        """Return the clause that a node has a registration of the class; most criteria ask for one by themselves."""
        row = _rows("registered")
        plain = [one for one in self.search.criteria if not isinstance(one, EitherOf | HasCode | WrittenBy)]
        return true() if plain else self._among(row, row.c.property == registration_of(self.of.name), valid=False)

    # Single criteria

    def _among(self, row: FromClause, *clauses: Clause, valid: bool = True) -> Clause:
        conditions = [self.registrations.holds_for(row), *clauses, *((self.valid(row),) if valid else ())]
        return node.c.id.in_(select(row.c.node_id).where(*conditions))

    def _holds(self, criterion: Criterion) -> Clause:
        row = _rows("held")
        match criterion:
            case Says(field, pattern):
                return self._among(row, self._says(row, field, pattern))
            case HasState(state, code):
                return self._among(row, row.c.property == self.of.name + state, row.c.value == code)
            case LeadsTo(relation, target, kind):
                return self._among(row, self._leads(row, relation, target, kind))
            case JournalSays(field, pattern):
                says = row.c.value == pattern if field == "journalpostkode" else matches(row, pattern)
                return self._among(row, row.c.property == journal_of(self.of.name, field), says)
            case HasCode(code):
                return self.registrations.has_code(code)
            case WrittenBy(author):
                return self.registrations.written_by(self.writers(author))
            case Notes(pattern):
                return self._notes(pattern)
            case EitherOf(criteria):
                return or_(false(), *map(self._holds, criteria))
        return and_(*self._in_variants([criterion]))

    def _says(self, row: FromClause, field: str, pattern: str) -> Clause:
        fields = [(group, one) for group, all_of in self.of.groups.items() for one in all_of]
        if field:
            return or_(false(), *(self._field_says(row, *one, pattern) for one in fields if one[1].name == field))
        names = [f"{group}.{one.name}" for group, one in fields if one.kind is not Kind.BOOLEAN]
        if self.of.name == DOCUMENT:
            parts = (PART_TEXT, *(name for name in _PART_FIELDS))
            names += [variant_of(self.of.name, VARIANT_TEXT), *(part_of(self.of.name, name) for name in parts)]
        return and_(row.c.property.in_(names), row.c.qualifier != TRUTH, matches(row, pattern))

    def _field_says(self, row: FromClause, group: str, field: Property, pattern: str) -> Clause:
        return and_(row.c.property == f"{group}.{field.name}", _says_kind(row, field.kind, pattern))

    def _leads(self, row: FromClause, relation: str, target: str, kind: str | None) -> Clause:
        value, whole = cut(target)
        leads = and_(row.c.value == value, row.c.whole == whole)
        if kind is not None:
            leads = and_(leads, row.c.qualifier == kind)
        if relation:
            return and_(row.c.property == relation_of(self.of.name, relation), leads)
        names = [relation_of(self.of.name, name) for name in (*self.of.one, *self.of.many)]
        if self.of.name == DOCUMENT:
            names += [part_of(self.of.name, name) for name in PART_RELATIONS.many]
        return and_(row.c.property.in_(names), leads)

    # Variants and parts

    def _in_variants(self, criteria: Sequence[Criterion]) -> list[Clause]:
        """Return the clauses of criteria on variants and parts: all of one variant, or part, whose text is among them."""
        of_variant = [one for one in criteria if isinstance(one, InVariant)]
        of_part = [one for one in criteria if not isinstance(one, InVariant)]
        texts = [one for one in of_variant if one.field == VARIANT_TEXT]
        if not texts:
            return [self._in_place(one) for one in of_variant] + self._in_parts(of_part, None)
        first = _rows("variant")
        others = [self._in_place(one, same=first) for one in of_variant if one is not texts[0]]
        return [self._among(first, self._told(first, texts[0]), *others, *self._in_parts(of_part, first))]

    def _in_parts(self, criteria: Sequence[Criterion], variant: FromClause | None) -> list[Clause]:
        texts = [one for one in criteria if isinstance(one, InPart) and one.field == PART_TEXT]
        if not texts:
            return [self._in_place(one, within=variant) for one in criteria]
        first = _rows("part")
        others = [self._in_place(one, same=first) for one in criteria if one is not texts[0]]
        clauses = [self._told(first, texts[0]), *others]
        if variant is None:
            return [self._among(first, *clauses)]
        return [self._exists(first, variant, _is_within(first, variant), *clauses)]

    def _in_place(self, criterion: Criterion, *, same: FromClause | None = None, within: FromClause | None = None) -> Clause:
        row = _rows("there")
        if same is not None:
            return self._exists(row, same, row.c.place == same.c.place, self._told(row, criterion))
        if within is not None:
            return self._exists(row, within, _is_within(row, within), self._told(row, criterion))
        return self._among(row, self._told(row, criterion))

    def _exists(self, row: FromClause, beside: FromClause, *clauses: Clause) -> Clause:
        return exists().where(row.c.node_id == beside.c.node_id, self.registrations.holds_for(row), self.valid(row), *clauses)

    def _told(self, row: FromClause, criterion: Criterion) -> Clause:
        match criterion:
            case InVariant(field, pattern):
                says = _says_kind(row, _VARIANT_FIELDS.get(field, Kind.TEXT), pattern)
                return and_(row.c.property == variant_of(self.of.name, field), says)
            case InPart(field, pattern):
                says = _says_kind(row, _PART_FIELDS.get(field, Kind.TEXT), pattern)
                return and_(row.c.property == part_of(self.of.name, field), says)
            case PartLeadsTo(relation, target, kind):
                return self._leads(row, f"del.{relation}", target, kind)
        return self._holds(criterion)

    def _notes(self, pattern: str) -> Clause:
        of_registration, of_period = _rows("said"), _rows("noted")
        said = self.registrations.any_with(of_registration, matches(of_registration, pattern, of_note=True))
        noted = self._among(of_period, of_period.c.property == note_of(self.of.name), matches(of_period, pattern))
        return or_(said, noted)


def _rows(name: str) -> FromClause:
    return temporal_value.alias(name)


def _is_within(part: FromClause, variant: FromClause) -> Clause:
    return func.substr(part.c.place, 1, func.length(variant.c.place)) == variant.c.place


def _says_kind(row: FromClause, kind: Kind, pattern: str) -> Clause:
    if kind is Kind.BOOLEAN:
        truth = _TRUTHS.get(pattern.lower())
        return false() if truth is None else row.c.value == truth
    return matches(row, pattern)


def matches(row: FromClause, text: str, *, of_note: bool = False) -> Clause:
    """Return the clause that the text of a row, or the note of a registration, matches a pattern in capitals or not."""
    # What PostgreSQL cannot even be asked for is nowhere.
    pattern = parse_pattern(text.replace("\0", "\ufffd"))
    column = row.c.place if of_note else row.c.value
    pieces = [folded(piece) for piece in pattern.pieces]
    if pattern.is_exact:
        value, whole = cut(pieces[0])
        return and_(column == value, row.c.whole == whole)
    if pattern.is_anything:
        return true()
    clauses: list[Clause] = []
    if begins := pieces[0][:LONGEST]:
        clauses += [column >= begins, column < begins + TOP]
    if not _is_beginning(pieces):
        forms = _forms(pieces)
        short, long = (and_(is_short, Like(of, *forms)) for is_short, of in _texts(row, column))
        clauses.append(or_(short, long))
    return and_(*clauses)


def _texts(row: FromClause, column: ColumnElement[str]) -> Iterable[tuple[Clause, ColumnElement[str]]]:
    return (row.c.whole == "", column), (row.c.whole != "", row.c.whole)


def _is_beginning(pieces: Sequence[str]) -> bool:
    return not any(pieces[1:]) and len(pieces[0]) <= LONGEST


def _forms(pieces: Sequence[str]) -> tuple[str, str]:
    parts: list[str | Wildcard] = [pieces[0]]
    for piece in pieces[1:]:
        parts += [Wildcard.ANY, piece]
    return like_form(tuple(parts)), glob_form(tuple(parts))
