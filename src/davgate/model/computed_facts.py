"""What is searched for among documents that were never registered: their computed content, in facts that every door knows.

They have been as they are since they were made: by their title, their media type, one variant with one part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final, TypeAlias

from davgate.model import query
from davgate.model.indexing import folded
from davgate.model.instant import FOREVER, Instant, from_datetime
from davgate.model.metadata import DESCRIPTION
from davgate.model.query import AllOf, AnyOf, Compares, Condition, Fact, HasValue, Matches, Not, Operator, Property, Wildcard
from davgate.model.registration import PART_TEXT, STATE_NAME, VARIANT_TEXT, Code
from davgate.model.stored_parts import SCHEME, candidate, prefix_of
from davgate.model.temporal_query import (
    Criterion,
    EitherOf,
    HasCode,
    HasState,
    InPart,
    InVariant,
    Pattern,
    Says,
    Search,
    WrittenBy,
    parse_pattern,
)

Finder: TypeAlias = Callable[[str], Iterable[tuple[str, int]]]
"""Gives the ids and current version numbers of the documents whose ids begin with a text."""

_NEVER: Final = AnyOf(())
_HAS_CONTENT: Final = HasValue(Fact.MEDIA_TYPE)
_DESCRIPTION: Final = Property(DESCRIPTION, is_single=True)
_WHOLE: Final = len("2021-03-04")
_PADDING: Final = {4: "-01-01", 7: "-01", _WHOLE: ""}
"""What a year, a month or a day lacks to be a day."""


def condition_of(
    search: Search, registered_type: str, zone: tzinfo, ids_of: Callable[[str], Sequence[int]], finder: Finder
) -> Condition | None:
    """Return the condition on documents that a search comes to, None where it can hold of none.

    ``registered_type`` is that of documents that are registered always. ``ids_of`` gives the inner ids of an author. With a
    window of known time their present facts are asked: of what they were called before there is no index.
    """
    rules = _Rules(zone, ids_of, finder)
    conditions = [rules.of(one) for one in search.criteria]
    if _NEVER in conditions:
        return None
    conditions.append(Not(query.equals(Fact.TYPE, registered_type)))
    if search.uuid is not None:
        conditions.append(query.equals(Fact.UUID, search.uuid))
    ends = [search.valid.end, FOREVER if search.known is None else search.known.end]
    conditions += [Compares(Fact.CREATED_AT, Operator.LESS, end) for end in ends if end != FOREVER]
    return AllOf(tuple(conditions))


@dataclass(frozen=True, slots=True)
class _Rules:
    zone: tzinfo
    ids_of: Callable[[str], Sequence[int]]
    finder: Finder

    def of(self, criterion: Criterion) -> Condition:
        """Return the condition that a criterion comes to."""
        match criterion:
            case EitherOf(criteria):
                return _any(self.of(one) for one in criteria)
            case Says(field, text):
                return self._says(field, parse_pattern(text), text)
            case HasState(state, code):
                return query.EVERYTHING if (state, code) == (STATE_NAME, "Underudarbejdelse") else _NEVER
            case HasCode(code):
                first = query.equals(Fact.VERSION_NO, 1)
                of_code: dict[Code, Condition] = {Code.OPSTAAET: first, Code.RETTET: Not(first)}
                return of_code.get(code, _NEVER)
            case WrittenBy(author):
                return _any(query.equals(Fact.MODIFIED_BY, one) for one in self.ids_of(author))
            case InVariant(field, text):
                return _HAS_CONTENT if field == "varianttekst" and _is(parse_pattern(text), VARIANT_TEXT) else _NEVER
            case InPart(field, text):
                return self._in_part(field, parse_pattern(text), text)
        return _NEVER

    def _says(self, field: str, pattern: Pattern, text: str) -> Condition:
        if field == "":
            fields = ("titel", "beskrivelse", "dokumenttype", "brevdato")
            parts = [self._in_part(name, pattern, text) for name in ("deltekst", "indeks", "indhold", "mimetype")]
            return _any([*(self._says(name, pattern, text) for name in fields), self.of(InVariant("varianttekst", text)), *parts])
        if field in ("brugervendtnoegle", "titel"):
            return _matches(Fact.TITLE, pattern)
        if field == "beskrivelse":
            says = _matches(_DESCRIPTION, pattern)
            return AnyOf((says, Not(HasValue(_DESCRIPTION)))) if _is(pattern, "") else says
        if field == "dokumenttype":
            says = _matches(Fact.MEDIA_TYPE, pattern)
            return AnyOf((says, Not(_HAS_CONTENT))) if _is(pattern, "") else says
        return self._on_day(pattern) if field == "brevdato" else _NEVER

    def _in_part(self, field: str, pattern: Pattern, text: str) -> Condition:
        if field == "mimetype":
            return _matches(Fact.MEDIA_TYPE, pattern)
        if field == "indhold" and pattern.is_exact:
            return self._at(pattern.pieces[0].removeprefix(SCHEME)) if pattern.pieces[0].startswith(SCHEME) else _NEVER
        told = {"deltekst": PART_TEXT, "indeks": "1", "indhold": f"{SCHEME}\0.bin"}.get(field)
        return _HAS_CONTENT if told is not None and _is(pattern, told) else _NEVER

    def _at(self, address: str) -> Condition:
        """Return the condition that the content of a document has an address."""
        begins = prefix_of(address)
        found = () if begins is None else self.finder(begins)
        which = [(uuid, no, candidate(address, uuid)) for uuid, no in found]
        uuids = [uuid for uuid, no, one in which if one is not None and (one.part_no, one.version_no) == (0, no)]
        return _any(query.equals(Fact.UUID, uuid) for uuid in uuids)

    def _on_day(self, pattern: Pattern) -> Condition:
        if pattern.is_anything:
            return query.EVERYTHING
        begins, *others = pattern.pieces
        told = begins.rstrip("-")
        if len(told) not in _PADDING or any(others) or (not others and len(begins) != _WHOLE):
            return _NEVER
        try:
            first = date.fromisoformat(told + _PADDING[len(told)])
            # From the first of a month or year a little more than that leads into the next one, whatever their lengths.
            following = first + timedelta(days={4: 366, 7: 31, _WHOLE: 1}[len(told)])
        except (ValueError, OverflowError):
            return _NEVER
        if len(told) < _WHOLE:
            following = following.replace(day=1, month=1 if len(told) == 4 else following.month)
        bounds = Compares(Fact.CREATED_AT, Operator.AT_LEAST, self._midnight(first)), self._before(following)
        return AllOf(bounds)

    def _before(self, day: date) -> Condition:
        return Compares(Fact.CREATED_AT, Operator.LESS, self._midnight(day))

    def _midnight(self, day: date) -> Instant:
        return from_datetime(datetime.combine(day, time(), tzinfo=self.zone))


def _any(conditions: Iterable[Condition]) -> Condition:
    return AnyOf(tuple(one for one in conditions if one != _NEVER))


def _matches(term: query.Term, pattern: Pattern) -> Condition:
    if pattern.is_anything:
        return HasValue(term)
    parts: list[str | Wildcard] = [pattern.pieces[0]]
    for piece in pattern.pieces[1:]:
        parts += [Wildcard.ANY, piece]
    return Matches(term, tuple(one for one in parts if one != ""), is_folded=True)


def _is(pattern: Pattern, text: str) -> bool:
    """Tell whether a text matches a pattern in capitals or not. What is not known of it stands as U+0000, which is in none."""
    rest, *pieces = (folded(piece) for piece in pattern.pieces)
    shown = folded(text)
    if not pieces:
        return shown == rest
    if not shown.startswith(rest) or not shown.endswith(pieces[-1]) or len(rest) + len(pieces[-1]) > len(shown):
        return False
    at = len(rest)
    for piece in pieces[:-1]:
        at = shown.find(piece, at)
        if at < 0:
            return False
        at += len(piece)
    return at + len(pieces[-1]) <= len(shown)
