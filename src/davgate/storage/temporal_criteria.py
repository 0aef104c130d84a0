"""Criteria on objects whose content is valid for a time, as SQL: what holds of a node, by the rows that are kept for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import (
    FromClause,
    Select,
    and_,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    true,
)

from davgate.model.object_types import Kind, TemporalClass
from davgate.model.oio_payload import DOCUMENT, PART_PROPERTIES, PART_RELATIONS, VARIANT_PROPERTIES
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
from davgate.storage.registration_criteria import Clause, Registrations, matches
from davgate.storage.tables import node

_NESTED: Final = (InVariant, InPart, PartLeadsTo)
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

    @property
    def shows_one_moment(self) -> bool:
        """Whether the windows show one entry at most where one is valid at a time."""
        return self.search.known is None and self.search.valid.end - self.search.valid.start == 1

    def holds(self) -> Clause:
        """Return the clause that a node is one that is searched for, looked at row by row of its own."""
        search = self.search
        clauses = [self._holds(one) for one in search.criteria if not isinstance(one, _NESTED)]
        clauses += self._in_variants([one for one in search.criteria if isinstance(one, _NESTED)])
        if search.uuid is not None:
            clauses.append(node.c.uuid == search.uuid)
        if not self._finds_deleted:
            clauses.append(self.registrations.is_alive())
        return and_(self._is_of_class(), *clauses)

    def _is_of_class(self) -> Clause:
        """Return the clause that a node has a registration of the class; most criteria ask for one by themselves."""
        row = _rows("registered")
        plain = [one for one in self.search.criteria if not isinstance(one, EitherOf | HasCode | WrittenBy | Notes)]
        return true() if plain else self._among(row, row.c.property == registration_of(self.of.name), valid=False)

    def led_by(self) -> Select[tuple[int]] | None:
        """Return what an index leads to: the nodes of which the criterion holds that few things meet, and with them all others.

        None where there is no such criterion, and the objects of the class have to be gone through.
        """
        leading = sorted((one for one in self.search.criteria if _rank(one) is not None), key=_by_rank)
        if self.search.uuid is not None:
            return select(node.c.id).where(node.c.uuid == self.search.uuid)
        if not leading:
            return None
        row = _rows("leading")
        conditions = self.registrations.holds_for(row), self.valid(row), self._told(row, leading[0], is_leading=True)
        return select(row.c.node_id).where(*conditions).distinct()

    def all_of_class(self) -> Select[tuple[int]]:
        """Return the nodes that have a registration of the class."""
        row = _rows("leading")
        is_registration = row.c.property == registration_of(self.of.name)
        return select(row.c.node_id).where(self.registrations.holds_for(row), is_registration).distinct()

    # Single criteria

    def _among(self, row: FromClause, *clauses: Clause, valid: bool = True) -> Clause:
        is_valid = (self.valid(row),) if valid else ()
        return exists().where(row.c.node_id == node.c.id, self.registrations.holds_for(row), *clauses, *is_valid)

    def _holds(self, criterion: Criterion) -> Clause:
        match criterion:
            case HasCode(code):
                return self.registrations.has_code(code)
            case WrittenBy(author):
                return self.registrations.written_by(self.writers(author))
            case Notes(pattern):
                row = _rows("held")
                return or_(self.registrations.noted(pattern), self._among(row, self._notes_period(row, pattern)))
            case EitherOf(criteria):
                return or_(false(), *map(self._holds, criteria))
        row = _rows("held")
        return self._among(row, self._told(row, criterion))

    def _told(self, row: FromClause, criterion: Criterion, *, is_leading: bool = False) -> Clause:
        """Return the clause that a row says what a criterion wants; by one ``is_leading`` rows are found in the first place."""
        name = self.of.name
        match criterion:
            case Says(field, pattern):
                return self._says(row, field, pattern, is_leading=is_leading)
            case HasState(state, code):
                return and_(row.c.property == name + state, row.c.value == code)
            case LeadsTo(relation, target, kind):
                return self._leads(row, relation, target, kind)
            case JournalSays(field, pattern):
                is_exact = field == "journalpostkode"
                says = row.c.value == pattern if is_exact else matches(row, pattern, is_leading=is_leading)
                return and_(row.c.property == journal_of(name, field), says)
            case InVariant(field, pattern):
                says = _says_kind(row, _VARIANT_FIELDS.get(field, Kind.TEXT), pattern, is_leading=is_leading)
                return and_(row.c.property == variant_of(name, field), says)
            case InPart(field, pattern):
                says = _says_kind(row, _PART_FIELDS.get(field, Kind.TEXT), pattern, is_leading=is_leading)
                return and_(row.c.property == part_of(name, field), says)
            case PartLeadsTo(relation, target, kind):
                return self._leads(row, f"del.{relation}", target, kind)
            case Notes(pattern):
                return or_(self.registrations.leads_to_noted(row, pattern), self._notes_period(row, pattern))
        raise AssertionError(criterion)

    def _notes_period(self, row: FromClause, pattern: str) -> Clause:
        return and_(row.c.property == note_of(self.of.name), matches(row, pattern))

    def _says(self, row: FromClause, field: str, pattern: str, *, is_leading: bool) -> Clause:
        fields = [(group, one) for group, all_of in self.of.groups.items() for one in all_of]
        if field:
            named = [(f"{group}.{one.name}", one.kind) for group, one in fields if one.name == field]
            says = [(name, _says_kind(row, kind, pattern, is_leading=is_leading)) for name, kind in named]
            return or_(false(), *(and_(row.c.property == name, clause) for name, clause in says))
        names = [f"{group}.{one.name}" for group, one in fields if one.kind is not Kind.BOOLEAN]
        if self.of.name == DOCUMENT:
            names += [variant_of(self.of.name, VARIANT_TEXT)]
            names += [part_of(self.of.name, name) for name in (PART_TEXT, *_PART_FIELDS)]
        return and_(row.c.property.in_(map(literal, names)), matches(row, pattern, is_leading=is_leading))

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
        return and_(row.c.property.in_(map(literal, names)), leads)

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


def _rows(name: str) -> FromClause:
    return temporal_value.alias(name)


def _is_within(part: FromClause, variant: FromClause) -> Clause:
    return func.substr(part.c.place, 1, func.length(variant.c.place)) == variant.c.place


def _says_kind(row: FromClause, kind: Kind, pattern: str, *, is_leading: bool) -> Clause:
    if kind is Kind.BOOLEAN:
        truth = _TRUTHS.get(pattern.lower())
        return false() if truth is None else row.c.value == truth
    return matches(row, pattern, is_leading=is_leading)


def _rank(criterion: Criterion) -> int | None:
    """Return how far down the list of criteria one comes that an index leads to, None for one that has none."""
    match criterion:
        case Says(_, text) | JournalSays(_, text) | InVariant(_, text) | InPart(_, text):
            pattern = parse_pattern(text)
            return 0 if pattern.is_exact else 3 if pattern.is_anything else 1 if pattern.pieces[0] else 2
        case LeadsTo() | PartLeadsTo():
            return 0
        case HasState() | Notes():
            return 3
    return None


def _by_rank(criterion: Criterion) -> int:
    return _rank(criterion) or 0
