"""Whether what was told of an object is what is searched for: the rules by which the index is asked, held against values.

Storage says the same as SQL of the rows that it keeps; what was never registered has none, and is looked at here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final

from davgate.model.bitemporal.payload import DOCUMENT, PART_PROPERTIES, PART_RELATIONS, VARIANT_PROPERTIES
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
from davgate.model.bitemporal.registration import Code, Registration
from davgate.model.bitemporal.relations import JOURNAL_CODE
from davgate.model.bitemporal.rows import (
    Row,
    cut,
    journal_of,
    note_of,
    order_of,
    part_of,
    relation_of,
    rows_of,
    variant_of,
)
from davgate.model.frozen import frozen
from davgate.model.indexing import folded
from davgate.model.object_types import Kind, TemporalClass

_TRUTHS: Final = {"true": "true", "1": "true", "false": "false", "0": "false"}
_PART_KINDS: Final[Mapping[str, Kind]] = {one.name: one.kind for one in PART_PROPERTIES}
_VARIANT_KINDS: Final[Mapping[str, Kind]] = {one.name: one.kind for one in VARIANT_PROPERTIES}


# What of an object a criterion names


def truth_of(pattern: str) -> str | None:
    """Return how a boolean is told that is asked for, None where it is none."""
    return _TRUTHS.get(pattern.lower())


def fields_named(of: TemporalClass, field: str) -> list[tuple[str, Kind]]:
    """Return the properties of a field, or all that are no booleans where none is named; those of parts are among them."""
    fields = [(group, one) for group, all_of in of.groups.items() for one in all_of]
    if field:
        return [(f"{group}.{one.name}", one.kind) for group, one in fields if one.name == field]
    named: list[tuple[str, Kind]] = [(f"{group}.{one.name}", one.kind) for group, one in fields if one.kind is not Kind.BOOLEAN]
    if of.name == DOCUMENT:
        named.append((variant_of(of.name, VARIANT_TEXT), Kind.TEXT))
        named += [(part_of(of.name, name), _PART_KINDS.get(name, Kind.TEXT)) for name in (PART_TEXT, *_PART_KINDS)]
    return named


def field_in_variant(of: TemporalClass, field: str) -> tuple[str, Kind]:
    """Return the property of what a variant says in a field."""
    return variant_of(of.name, field), _VARIANT_KINDS.get(field, Kind.TEXT)


def field_in_part(of: TemporalClass, field: str) -> tuple[str, Kind]:
    """Return the property of what a part says in a field."""
    return part_of(of.name, field), _PART_KINDS.get(field, Kind.TEXT)


def relations_named(of: TemporalClass, relation: str) -> list[str]:
    """Return the properties of a relation, or of all relations, those of parts too, where none is named."""
    if relation:
        return [relation_of(of.name, relation)]
    named = [relation_of(of.name, name) for name in (*of.one, *of.many)]
    return named + [part_of(of.name, name) for name in PART_RELATIONS.many] if of.name == DOCUMENT else named


# Texts


def fits(pattern: str, text: str) -> bool:
    """Tell whether a text as a whole is as a pattern says, in capitals or not."""
    return _fits(_pieces(pattern), folded(text))


@lru_cache(maxsize=64)
def _pieces(pattern: str) -> tuple[str, ...]:
    return tuple(folded(piece) for piece in parse_pattern(pattern).pieces)


def _fits(pieces: Sequence[str], text: str) -> bool:
    first, *others = pieces
    if not others:
        return text == first
    if not text.startswith(first) or not text.endswith(others[-1]) or len(first) + len(others[-1]) > len(text):
        return False
    at = len(first)
    for piece in others[:-1]:
        at = text.find(piece, at)
        if at < 0:
            return False
        at += len(piece)
    return at + len(others[-1]) <= len(text)


# Holding


@frozen
class Shown:
    """What of an object counts for a search: registrations, and what of them is valid in the window, as rows."""

    of: TemporalClass
    registrations: Sequence[Registration]
    rows: Sequence[Row]

    @property
    def key(self) -> str | None:
        """By what the object is sorted, None where it has nothing of the kind."""
        return min((row.value for row in self.rows if row.property == order_of(self.of.name)), default=None)

    def satisfies(self, criteria: Iterable[Criterion]) -> bool:
        """Tell whether criteria hold, each perhaps for another entry and registration."""
        if not self.registrations:
            return False
        plain = [one for one in criteria if not isinstance(one, Nested)]
        return all(self._holds(one) for one in plain) and self._in_variants([one for one in criteria if isinstance(one, Nested)])

    def _holds(self, criterion: Criterion) -> bool:
        match criterion:
            case EitherOf(criteria):
                return any(map(self._holds, criteria))
            case HasCode(code):
                return any(one.code is code for one in self.registrations)
            case WrittenBy(author):
                return any(one.author_uuid == author for one in self.registrations)
            case Notes(pattern):
                return any(fits(pattern, one.note) for one in self.registrations) or any(self._saying(criterion))
        return any(True for _ in self._saying(criterion))

    def _saying(self, criterion: Criterion) -> Iterator[Row]:
        """Yield the rows that say what a criterion wants."""
        says = _says(self.of, criterion)
        return (row for row in self.rows if says(row))

    def _in_variants(self, criteria: Sequence[Criterion]) -> bool:
        """Tell whether criteria hold in variants: all in one, where its text is among them."""
        of_variant = [one for one in criteria if isinstance(one, InVariant)]
        of_part = [one for one in criteria if not isinstance(one, InVariant)]
        texts = [one for one in of_variant if one.field == VARIANT_TEXT]
        if not texts:
            return all(map(self._holds, of_variant)) and self._in_parts(of_part, "")
        places = self._places_of(of_variant, texts[0])
        return any(self._in_parts(of_part, place) for place in places)

    def _in_parts(self, criteria: Sequence[Criterion], within: str) -> bool:
        texts = [one for one in criteria if isinstance(one, InPart) and one.field == PART_TEXT]
        if not texts:
            return all(any(row.place.startswith(within) for row in self._saying(one)) for one in criteria)
        return any(place.startswith(within) for place in self._places_of(criteria, texts[0]))

    def _places_of(self, criteria: Iterable[Criterion], text: Criterion) -> set[str]:
        """Return the places in which all of some criteria hold, of which one is about the text of a place."""
        places = {row.place for row in self._saying(text)}
        for one in criteria:
            places &= {row.place for row in self._saying(one)}
        return places


def shown(told: Sequence[Registration], of: TemporalClass, search: Search) -> Shown:
    """Return what of all that was told of an object, the oldest first, a search is about.

    What is deleted counts where a code of the life cycle is asked for, and not else.
    """
    seen = list(told[-1:]) if search.known is None else [one for one in told if search.known.overlaps(one.at, one.until)]
    if not search.finds_deleted:
        seen = [one for one in seen if one.code is not Code.SLETTET]
    rows = {row for one in {id(one.snapshot): one.snapshot for one in seen}.values() for row in rows_of(of.name, one)}
    return Shown(of, seen, [row for row in rows if search.valid.overlaps(row.valid_from, row.valid_to)])


def _says(of: TemporalClass, criterion: Criterion) -> Callable[[Row], bool]:
    """Return what tells whether a row says what a criterion wants."""
    match criterion:
        case Says(field, pattern):
            return _in_fields(fields_named(of, field), pattern)
        case InVariant(field, pattern):
            return _in_fields([field_in_variant(of, field)], pattern)
        case InPart(field, pattern):
            return _in_fields([field_in_part(of, field)], pattern)
        case Notes(pattern):
            return _in_fields([(note_of(of.name), Kind.TEXT)], pattern)
        case JournalSays(field, pattern) if field == JOURNAL_CODE:
            return lambda row: (row.property, row.value) == (journal_of(of.name, field), pattern)
        case JournalSays(field, pattern):
            return _in_fields([(journal_of(of.name, field), Kind.TEXT)], pattern)
        case HasState(state, code):
            return lambda row: (row.property, row.value) == (of.name + state, code)
        case LeadsTo(relation, target, kind):
            return _leads(relations_named(of, relation), target, kind)
        case PartLeadsTo(relation, target, kind):
            return _leads([part_of(of.name, relation)], target, kind)
    raise AssertionError(criterion)


def _in_fields(named: Iterable[tuple[str, Kind]], pattern: str) -> Callable[[Row], bool]:
    kinds, pieces, truth = dict(named), _pieces(pattern), truth_of(pattern)

    def says(row: Row) -> bool:
        kind = kinds.get(row.property)
        if kind is None:
            return False
        return row.value == truth if kind is Kind.BOOLEAN else _fits(pieces, row.whole or row.value)

    return says


def _leads(named: Sequence[str], target: str, kind: str | None) -> Callable[[Row], bool]:
    told = cut(target)
    return lambda row: row.property in named and (row.value, row.whole) == told and (kind is None or row.qualifier == kind)
