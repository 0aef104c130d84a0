"""What is searched for among documents that were never registered: their computed content, in facts that every door knows.

They have been as they are since they were made: by their title, their media type, one variant with one part. Facts are those of
the present, and do not tell all: documents that they leave in doubt are looked at by themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final, TypeAlias

from davgate.model import query
from davgate.model.bitemporal.matching import fits
from davgate.model.bitemporal.query import (
    PART_TEXT,
    VARIANT_TEXT,
    Criterion,
    EitherOf,
    HasCode,
    HasState,
    InPart,
    InVariant,
    Notes,
    Pattern,
    Says,
    Search,
    WrittenBy,
    parse_pattern,
)
from davgate.model.bitemporal.registration import DAY, PART_OF_OTHERS, STATE_NAME, VARIANT_OF_OTHERS, Code, day_of
from davgate.model.bitemporal.virkning import ALL_TIME, Window
from davgate.model.frozen import frozen
from davgate.model.indexing import folded
from davgate.model.instant import FOREVER, Instant, from_datetime
from davgate.model.metadata import DESCRIPTION
from davgate.model.node import Version
from davgate.model.query import AllOf, AnyOf, Compares, Condition, Fact, HasValue, Matches, Not, Operator, Property, Wildcard
from davgate.model.stored_parts import SCHEME, address_of, prefix_of

Finder: TypeAlias = Callable[[str], Iterable[tuple[str, Version]]]
"""Gives the ids and current versions of the documents whose ids begin with a text."""

_SOME_ADDRESS: Final = f"{SCHEME}\0.bin"
"""An address of which nothing is known, told as U+0000, which is in no text."""
_NEVER: Final = AnyOf(())
_HAS_CONTENT: Final = HasValue(Fact.MEDIA_TYPE)
_DESCRIPTION: Final = Property(DESCRIPTION, is_single=True)
_ADDRESS: Final = f"{SCHEME}####/##/##/##/##/********-****-****-****-************.bin"
_DAY: Final = "####-##-##"
"""What an address and a day look like: ``#`` is a digit, ``*`` one of a uuid."""
_DIGITS: Final = {"#": frozenset("0123456789"), "*": frozenset("0123456789abcdef")}
_YEARS: Final = 1900, 9000
"""Between these all documents are made."""


def condition_of(
    search: Search, registered_type: str, zone: tzinfo, ids_of: Callable[[str], Sequence[int]], finder: Finder
) -> Condition | None:
    """Return the condition on documents by whose facts a search finds them, None where it can hold of none.

    ``registered_type`` is that of documents that are registered always. ``ids_of`` gives the inner ids of an author. Facts tell
    of a document as it is today: with a window of known time of those alone that are as they were made, and of the registration
    itself where it is that of the current version. What else may be found, ``doubts_of`` tells.
    """
    valid = _before(search.valid.end)
    # Nothing of what is valid for a time is so before the document is made.
    is_bound = search.is_paged or any(map(_is_bound, search.criteria))
    rules = _Rules(zone, ids_of, finder, query.EVERYTHING if is_bound else valid)
    conditions = [rules.of(one) for one in search.criteria]
    if _NEVER in conditions:
        return None
    conditions.append(Not(query.equals(Fact.TYPE, registered_type)))
    if search.uuid is not None:
        conditions.append(query.equals(Fact.UUID, search.uuid))
    if is_bound and search.valid.end != FOREVER:
        conditions.append(valid)
    if search.known is not None:
        conditions += [_before(search.known.end), query.equals(Fact.VERSION_NO, 1)]
    return AllOf(tuple(conditions))


def _before(end: Instant) -> Condition:
    return query.EVERYTHING if end == FOREVER else Compares(Fact.CREATED_AT, Operator.LESS, end)


def _is_bound(criterion: Criterion) -> bool:
    """Tell whether a criterion can hold for what is valid for a time alone."""
    match criterion:
        case Says(field, _):
            return field != ""
        case InPart(field, _):
            return field != PART_TEXT
    return isinstance(criterion, HasState)


@frozen
class Doubts:
    """Documents that may be found though no fact tells: by a note, by the address of a content, by the day they were made.

    Each is told by patterns of which one fits.
    """

    notes: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    days: tuple[str, ...] = ()


def doubts_of(search: Search) -> Doubts:
    """Return of which documents facts do not tell whether a search finds them."""
    notes: list[str] = []
    addresses: list[str] = []
    days: list[str] = []
    criteria = list(search.criteria)
    while criteria:
        match criteria.pop():
            case EitherOf(others):
                criteria += others
            case Notes(text) if not parse_pattern(text).is_anything:
                notes.append(text)
            case InPart("indhold", text) if _leaves_address_open(text):
                addresses.append(text)
            case Says(field, text) if field in ("", DAY):
                if field == "" and _leaves_address_open(text):
                    addresses.append(text)
                if _leaves_day_open(text):
                    days.append(text)
    return Doubts(tuple(notes), tuple(addresses), tuple(days))


def opened_in(doubts: Doubts) -> Window:
    """Return when the versions began by which documents are in doubt."""
    if doubts.days or len(doubts.addresses) != 1:
        return ALL_TIME
    _, is_address, begins = folded(parse_pattern(doubts.addresses[0]).pieces[0]).partition(SCHEME)
    # An address tells the time in UTC.
    return (_days_in(Pattern((begins[: len(_DAY)].replace("/", "-"), "")), UTC) if is_address else None) or ALL_TIME


def made_on(text: str, zone: tzinfo, others: Callable[[], Iterable[Instant]]) -> Window | tuple[Instant, ...]:
    """Return when documents were made whose days fit a pattern: a time, or those of ``others`` that do."""
    pattern = parse_pattern(text)
    if pattern.is_anything:
        return ALL_TIME
    if pattern.is_exact or _is_beginning(pattern):
        return _days_in(pattern, zone) or ()
    return tuple(one for one in others() if fits(text, day_of(one, zone))) if _leaves_day_open(text) else ()


def _days_in(pattern: Pattern, zone: tzinfo) -> Window | None:
    """Return the time of the days whose texts begin with a pattern's, in a zone; None where there is none."""
    days = _days_of(pattern)
    return None if days is None else Window(*(from_datetime(datetime.combine(day, time(), tzinfo=zone)) for day in days))


def _leaves_address_open(text: str) -> bool:
    return not parse_pattern(text).is_exact and not fits(text, _SOME_ADDRESS) and _may_fit(text, _ADDRESS)


def _leaves_day_open(text: str) -> bool:
    pattern = parse_pattern(text)
    return not _is_beginning(pattern) and not pattern.is_exact and _may_fit(text, _DAY)


def _is_beginning(pattern: Pattern) -> bool:
    return len(pattern.pieces) == 2 and pattern.pieces[1] == "" or pattern.is_anything


def tells_all_of(search: Search) -> bool:
    """Tell whether facts are true of what was ever deleted, as long as it is there now, and of what was changed."""
    return search.known is None and not any(map(_is_of_registration, search.criteria))


def titles_in(search: Search) -> tuple[str, ...]:
    """Return the patterns that titles have to fit of what is found, those left out that fit no title at all."""
    said = [one.pattern for one in search.criteria if isinstance(one, Says) and one.field in ("brugervendtnoegle", "titel")]
    return tuple(one for one in said if not fits(one, ""))


def _is_of_registration(criterion: Criterion) -> bool:
    match criterion:
        case EitherOf(criteria):
            return any(map(_is_of_registration, criteria))
    return isinstance(criterion, HasCode | WrittenBy | Notes)


@frozen
class _Rules:
    zone: tzinfo
    ids_of: Callable[[str], Sequence[int]]
    finder: Finder
    valid: Condition
    """Holds of what is valid in the window; of everything where that is asked besides."""

    def of(self, criterion: Criterion) -> Condition:
        """Return the condition that a criterion comes to."""
        match criterion:
            case EitherOf(criteria):
                return _any(self.of(one) for one in criteria)
            case Says(field, text):
                return self._says(field, parse_pattern(text), text)
            case HasState(state, code):
                return self.valid if (state, code) == (STATE_NAME, "Underudarbejdelse") else _NEVER
            case HasCode(code):
                first = query.equals(Fact.VERSION_NO, 1)
                of_code: dict[Code, Condition] = {Code.OPSTAAET: first, Code.RETTET: Not(first)}
                return of_code.get(code, _NEVER)
            case WrittenBy(author):
                return _any(query.equals(Fact.MODIFIED_BY, one) for one in self.ids_of(author))
            case Notes(text):
                return query.EVERYTHING if parse_pattern(text).is_anything else _NEVER
            case InVariant(field, text):
                return _HAS_CONTENT if field == VARIANT_TEXT and fits(text, VARIANT_OF_OTHERS) else _NEVER
            case InPart(field, text):
                return self._in_part(field, parse_pattern(text), text)
        return _NEVER

    def _says(self, field: str, pattern: Pattern, text: str) -> Condition:
        if field == "":
            fields = [self._says(name, pattern, text) for name in ("titel", "beskrivelse", "dokumenttype", DAY)]
            parts = [self._in_part(name, pattern, text) for name in (PART_TEXT, "indeks", "indhold", "mimetype")]
            return _any([*fields, self.of(InVariant(VARIANT_TEXT, text)), *parts])
        if field in ("brugervendtnoegle", "titel"):
            return self._during(_matches(Fact.TITLE, pattern))
        if field == "beskrivelse":
            says = _matches(_DESCRIPTION, pattern)
            return self._during(AnyOf((says, Not(HasValue(_DESCRIPTION)))) if fits(text, "") else says)
        if field == "dokumenttype":
            says = _matches(Fact.MEDIA_TYPE, pattern)
            return self._during(AnyOf((says, Not(_HAS_CONTENT))) if fits(text, "") else says)
        return self._during(self._on_day(pattern)) if field == DAY else _NEVER

    def _during(self, condition: Condition) -> Condition:
        return condition if _NEVER in (condition, self.valid) else AllOf((condition, self.valid))

    def _in_part(self, field: str, pattern: Pattern, text: str) -> Condition:
        if field == "mimetype":
            return self._during(_matches(Fact.MEDIA_TYPE, pattern))
        if field == "indhold" and pattern.is_exact:
            begins, scheme, address = folded(text).partition(SCHEME)
            return self._during(self._at(address)) if scheme and not begins else _NEVER
        told = {PART_TEXT: PART_OF_OTHERS, "indeks": "1", "indhold": _SOME_ADDRESS}.get(field)
        if told is None or not fits(text, told):
            return _NEVER
        return _HAS_CONTENT if field == PART_TEXT else self._during(_HAS_CONTENT)

    def _at(self, address: str) -> Condition:
        """Return the condition that the content of a document has an address."""
        begins = prefix_of(address)
        found = () if begins is None else self.finder(begins)
        told = ((uuid, address_of(uuid, one.no, one.content.digest, one.opened_at)) for uuid, one in found if one.has_content)
        return _any(query.equals(Fact.UUID, uuid) for uuid, present in told if present == address)

    def _on_day(self, pattern: Pattern) -> Condition:
        if pattern.is_anything:
            return query.EVERYTHING
        days = _days_in(pattern, self.zone) if pattern.is_exact or _is_beginning(pattern) else None
        if days is None:
            return _NEVER
        is_after, is_before = (Operator.AT_LEAST, days.start), (Operator.LESS, days.end)
        return AllOf(tuple(Compares(Fact.CREATED_AT, *one) for one in (is_after, is_before)))


def _any(conditions: Iterable[Condition]) -> Condition:
    return AnyOf(tuple(one for one in conditions if one != _NEVER))


def _matches(term: query.Term, pattern: Pattern) -> Condition:
    if pattern.is_anything:
        return HasValue(term)
    parts: list[str | Wildcard] = [pattern.pieces[0]]
    for piece in pattern.pieces[1:]:
        parts += [Wildcard.ANY, piece]
    return Matches(term, tuple(one for one in parts if one != ""), is_folded=True)


def _days_of(pattern: Pattern) -> tuple[date, date] | None:
    """Return the first of the days whose texts begin with a pattern's, and the day after the last; None where there is none."""
    begins = pattern.pieces[0]
    if not _may_begin(begins, _DAY) or (pattern.is_exact and len(begins) != len(_DAY)):
        return None
    least, greatest = (int(begins[:4].ljust(4, digit)) for digit in "09")
    least, greatest = max(least, _YEARS[0]), min(greatest, _YEARS[1])
    if least > greatest:
        return None
    if len(begins) <= len("2021-"):
        return date(least, 1, 1), date(greatest + 1, 1, 1)
    months = [no for no in range(1, 13) if f"{no:02}".startswith(begins[5:7])]
    if not months:
        return None
    if len(begins) <= len("2021-03-"):
        return date(least, months[0], 1), _end_of(least, months[-1])
    end = _end_of(least, months[0])
    days = [no for no in range(1, (end - timedelta(days=1)).day + 1) if f"{no:02}".startswith(begins[8:])]
    return (date(least, months[0], days[0]), date(least, months[0], days[-1]) + timedelta(days=1)) if days else None


def _end_of(year: int, month: int) -> date:
    return date(year + month // 12, month % 12 + 1, 1)


def _may_fit(text: str, shape: str) -> bool:
    """Tell whether a pattern fits some text of a shape, in capitals or not."""
    first, *others = (folded(piece) for piece in parse_pattern(text).pieces)
    if not others:
        return len(first) == len(shape) and _may_begin(first, shape)
    if not _may_begin(first, shape) or not _may_begin(others[-1], shape[max(len(shape) - len(others[-1]), 0) :]):
        return False
    rest = shape[len(first) : len(shape) - len(others[-1])]
    for piece in others[:-1]:
        at = next((no for no in range(len(rest)) if _may_begin(piece, rest[no:])), None)
        if at is None and piece:
            return False
        rest = rest[(at or 0) + len(piece) :]
    return len(first) + len(others[-1]) <= len(shape)


def _may_begin(text: str, shape: str) -> bool:
    return len(text) <= len(shape) and all(one in _DIGITS.get(sign, sign) for one, sign in zip(text, shape, strict=False))
