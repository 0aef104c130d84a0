"""Criteria on objects whose content is valid for a time, as SQL: what holds of a node, by the rows that are kept for it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence

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

from davgate.model.bitemporal.matching import field_in_part, field_in_variant, fields_named, relations_named, truth_of
from davgate.model.bitemporal.payload import DOCUMENT
from davgate.model.bitemporal.query import (
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
    Nested,
    Notes,
    PartLeadsTo,
    Says,
    Search,
    WrittenBy,
    parse_pattern,
)
from davgate.model.bitemporal.registration import DAY
from davgate.model.bitemporal.relations import JOURNAL_CODE
from davgate.model.bitemporal.rows import cut, in_order_of_time, journal_of, made_of, note_of, part_of, registration_of
from davgate.model.bitemporal.virkning import ALL_TIME, Window
from davgate.model.frozen import frozen
from davgate.model.instant import FOREVER, Instant
from davgate.model.object_types import Kind, TemporalClass
from davgate.storage.bitemporal.registration_criteria import Clause, Registrations, matches
from davgate.storage.object_tables import temporal_value
from davgate.storage.statements import texts_listed
from davgate.storage.tables import node


@frozen
class Asked:
    """A search for objects of a class. ``writers`` are the inner ids of accounts by those of the outside.

    ``made_on`` tells when documents were made, by a pattern that the day fits.
    """

    of: TemporalClass
    search: Search
    writers: Callable[[str], Sequence[int]]
    made_on: Callable[[str], Window | Sequence[Instant]]

    @property
    def registrations(self) -> Registrations:
        """The registrations that count."""
        return Registrations(self.of.name, self.search.known, self.search.finds_deleted)

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
        clauses = [self._holds(one) for one in search.criteria if not isinstance(one, Nested)]
        clauses += self._in_variants([one for one in search.criteria if isinstance(one, Nested)])
        if search.uuid is not None:
            clauses.append(node.c.uuid == search.uuid)
        if not search.finds_deleted:
            clauses.append(self.registrations.is_alive())
        if self.of.name == DOCUMENT and search.known is not None:
            # What is not registered any more is looked at with what never was.
            clauses.append(self._among_open())
        return and_(self._is_of_class(), *clauses)

    def _among_open(self) -> Clause:
        row = _rows("open")
        is_open = row.c.property == registration_of(self.of.name), row.c.known_to == FOREVER
        return exists().where(row.c.node_id == node.c.id, *is_open)

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
                return _leads(row, relations_named(self.of, relation), target, kind)
            case JournalSays(field, pattern):
                is_exact = field == JOURNAL_CODE
                says = row.c.value == pattern if is_exact else matches(row, pattern, is_leading=is_leading)
                return and_(row.c.property == journal_of(name, field), says)
            case InVariant(field, pattern):
                return _in_fields(row, [field_in_variant(self.of, field)], pattern, is_leading=is_leading)
            case InPart(field, pattern):
                return _in_fields(row, [field_in_part(self.of, field)], pattern, is_leading=is_leading)
            case PartLeadsTo(relation, target, kind):
                return _leads(row, [part_of(name, relation)], target, kind)
            case Notes(pattern):
                return or_(self.registrations.leads_to_noted(row, pattern), self._notes_period(row, pattern))
        raise AssertionError(criterion)

    def _notes_period(self, row: FromClause, pattern: str) -> Clause:
        return and_(row.c.property == note_of(self.of.name), matches(row, pattern))

    def _says(self, row: FromClause, field: str, pattern: str, *, is_leading: bool) -> Clause:
        named = fields_named(self.of, field)
        if field:
            says = _in_fields(row, named, pattern, is_leading=is_leading)
        else:
            is_field = row.c.property.in_([literal(one) for one, _ in named])
            says = and_(is_field, matches(row, pattern, is_leading=is_leading))
        # Of the present there is no document that was not registered.
        is_of_past = self.of.name == DOCUMENT and self.search.known is not None
        return or_(says, self._was_made(row, pattern)) if is_of_past and field in ("", DAY) else says

    def _was_made(self, row: FromClause, pattern: str) -> Clause:
        """Return the clause that a row tells when a document was made that was not registered yet, and the day fits a pattern."""
        made = self.made_on(pattern)
        if isinstance(made, Window):
            was_then = and_(row.c.value >= in_order_of_time(made.start), row.c.value < in_order_of_time(made.end))
        else:
            was_then = row.c.value.in_(select(texts_listed(json.dumps([*map(in_order_of_time, made)])).c.text))
        return and_(row.c.property == made_of(self.of.name), was_then) if made else false()

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


def _in_fields(row: FromClause, named: Iterable[tuple[str, Kind]], pattern: str, *, is_leading: bool) -> Clause:
    says = [(one, _says_kind(row, kind, pattern, is_leading=is_leading)) for one, kind in named]
    return or_(false(), *(and_(row.c.property == one, clause) for one, clause in says))


def _says_kind(row: FromClause, kind: Kind, pattern: str, *, is_leading: bool) -> Clause:
    if kind is Kind.BOOLEAN:
        truth = truth_of(pattern)
        return false() if truth is None else row.c.value == truth
    return matches(row, pattern, is_leading=is_leading)


def _leads(row: FromClause, named: Sequence[str], target: str, kind: str | None) -> Clause:
    value, whole = cut(target)
    leads = and_(row.c.value == value, row.c.whole == whole)
    if kind is not None:
        leads = and_(leads, row.c.qualifier == kind)
    # One is compared by itself: a list of one is another question to SQLite.
    is_named = row.c.property == named[0] if len(named) == 1 else row.c.property.in_([literal(one) for one in named])
    return and_(is_named, leads)


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
