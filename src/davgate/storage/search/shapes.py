"""Conditions taken apart into their shapes, of which statements are made once, and their values: the parameters of those."""

from __future__ import annotations

import enum
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from davgate.model.frozen import frozen
from davgate.model.indexing import comparable, folded, is_whole, words_in
from davgate.model.names import UNSTORABLE
from davgate.model.query import (
    NUMBERS,
    AllOf,
    AnyOf,
    Compares,
    Condition,
    Fact,
    HasValue,
    Matches,
    Not,
    OneOf,
    Operator,
    Pattern,
    Property,
    Term,
    Wildcard,
    Words,
)
from davgate.model.query import Value as Said
from davgate.storage.search.text_functions import glob_form, like_form
from davgate.storage.statements import Value


class Kind(enum.Enum):
    """What a shape is of: other shapes, or a test of one term."""

    ALL = enum.auto()
    ANY = enum.auto()
    NOT = enum.auto()
    FACT = enum.auto()
    PROPERTY = enum.auto()
    WORD = enum.auto()


class Test(enum.Enum):
    """What is asked of a value, and by which parameters."""

    COMPARED = enum.auto()
    """One for each of the operators."""
    ONE_OF = enum.auto()
    """A JSON list."""
    BETWEEN = enum.auto()
    """The least and the greatest."""
    BEGINNING = enum.auto()
    """Where such texts begin, and where they have ended."""
    LIKE = enum.auto()
    """The pattern as LIKE and as GLOB take it."""
    LIKE_BEGINNING = enum.auto()
    """The pattern in both forms, and those of ``BEGINNING``."""
    LIKE_FOLDED = enum.auto()
    """The folded pattern in both forms."""
    HAS_WORD = enum.auto()
    """The folded word."""
    IS_THERE = enum.auto()
    """None."""


@frozen
class Shape:
    """A condition without its values. Its parameters are numbered from ``first`` on; that of a property begins with its id.

    A word that may be anywhere has two: the word, and that between blanks.
    """

    kind: Kind
    parts: tuple[Shape, ...] = ()
    fact: Fact | None = None
    test: Test = Test.IS_THERE
    operators: tuple[Operator, ...] = ()
    first: int = 0


NEVER: Final = Shape(Kind.ANY)


_IN_TEXTS: Final = frozenset({Test.LIKE, Test.LIKE_BEGINNING, Test.LIKE_FOLDED, Test.HAS_WORD})


def looks_into_texts(shape: Shape) -> bool:
    """Tell whether texts have to be looked through, which no index spares."""
    return shape.kind is Kind.WORD or shape.test in _IN_TEXTS or any(map(looks_into_texts, shape.parts))


def parameter(number: int) -> str:
    """Return the name of a parameter."""
    return f"v{number}"


def take_apart(condition: Condition) -> tuple[Shape, dict[str, Value]]:
    """Return the shape of a condition, and its values by the names of the parameters."""
    values: list[Value] = []
    shape = _shape_of(condition, values)
    return shape, {parameter(no): _clean(value) if isinstance(value, str) else value for no, value in enumerate(values)}


def _clean(text: str) -> str:
    # What no database can even be asked for is nowhere.
    return UNSTORABLE.sub("\ufffd", text)


def _shape_of(condition: Condition, values: list[Value]) -> Shape:
    match condition:
        case AllOf(parts):
            return Shape(Kind.ALL, tuple(_joined(parts, values)))
        case AnyOf(parts):
            return Shape(Kind.ANY, tuple(_shape_of(part, values) for part in parts))
        case Not(part):
            return Shape(Kind.NOT, (_shape_of(part, values),))
        case Words(text, None):
            tests = tuple(_one(Shape(Kind.WORD), values, word, f" {word} ") for word in _rarest_first(text))
            return Shape(Kind.ALL, tests) if tests else NEVER
        case Words(text, Property() | Fact() as term):
            tests = tuple(_tested(term, Test.HAS_WORD, values, word) for word in _rarest_first(text))
            return Shape(Kind.ALL, tests) if tests else NEVER
        case HasValue(term):
            return _tested(term, Test.IS_THERE, values)
        case OneOf(term, several):
            return _tested(term, Test.ONE_OF, values, json.dumps([_value(term, one) for one in several], ensure_ascii=False))
        case Matches(term, pattern, is_folded):
            return _matching(term, pattern, values, is_folded=is_folded)
        case Compares(Fact.DIGEST as term, Operator.EQUAL, value):
            return _tested(term, Test.BETWEEN, values, *_digests(str(value), is_whole=True))
        case Compares(term, operator, value):
            return replace(_tested(term, Test.COMPARED, values, _value(term, value)), operators=(operator,))
    raise TypeError(condition)


def _rarest_first(text: str) -> list[str]:
    """Return the words of a text, those first that are likely to be found least."""
    return sorted(set(words_in(text)), key=lambda word: (-len(word), word))


def _joined(conditions: tuple[Condition, ...], values: list[Value]) -> Iterator[Shape]:
    """Yield the shapes of conditions of which all have to hold; the two ends of a range of a single value are one."""
    left = list(conditions)
    while left:
        one = left.pop(0)
        other = next((two for two in left if _is_range(one, two)), None)
        if isinstance(one, Compares) and isinstance(other, Compares):
            left.remove(other)
            ends = _value(one.term, one.value), _value(other.term, other.value)
            yield replace(_tested(one.term, Test.COMPARED, values, *ends), operators=(one.operator, other.operator))
        else:
            yield _shape_of(one, values)


_ABOVE: Final = frozenset({Operator.GREATER, Operator.AT_LEAST})
_BELOW: Final = frozenset({Operator.LESS, Operator.AT_MOST})


def _is_range(one: Condition, two: Condition) -> bool:
    return (
        isinstance(one, Compares)
        and isinstance(two, Compares)
        and one.term == two.term
        and isinstance(one.term, Property)
        and one.term.is_single
        and any(low.operator in _ABOVE and high.operator in _BELOW for low, high in ((one, two), (two, one)))
    )


def _tested(term: Term, test: Test, values: list[Value], *own: Value) -> Shape:
    if isinstance(term, Fact):
        return _one(Shape(Kind.FACT, fact=term, test=test), values, *own)
    return _one(Shape(Kind.PROPERTY, test=test), values, term.id, *own)


def _one(shape: Shape, values: list[Value], *own: Value) -> Shape:
    first = len(values)
    values.extend(own)
    return replace(shape, first=first)


def _value(term: Term, value: Said) -> Value:
    if term in NUMBERS:
        assert isinstance(value, int)
        # What fits into no column is beyond all that are in it.
        return max(-(2**63), min(value, 2**63 - 1))
    if term is Fact.TITLE or isinstance(term, Property):
        return comparable(value)
    return _clean(str(value))


def _matching(term: Term, pattern: Pattern, values: list[Value], *, is_folded: bool) -> Shape:
    if is_folded:
        small = tuple(folded(part) if isinstance(part, str) else part for part in pattern)
        return _tested(term, Test.LIKE_FOLDED, values, like_form(small), glob_form(small))
    head = pattern[0] if pattern and isinstance(pattern[0], str) else ""
    both = like_form(pattern), glob_form(pattern)
    is_beginning = head != "" and pattern[1:] == (Wildcard.ANY,)
    if term is Fact.DIGEST and is_beginning:
        return _tested(term, Test.BETWEEN, values, *_digests(head))
    if isinstance(term, Fact) or not is_whole(head) or not head:
        return _tested(term, Test.LIKE, values, *both)
    ends = head, _end_of(head)
    return (
        _tested(term, Test.BEGINNING, values, *ends) if is_beginning else _tested(term, Test.LIKE_BEGINNING, values, *both, *ends)
    )


def _end_of(head: str) -> str:
    """Return the first text that sorts behind all that begin with ``head``, which has no character that is refused."""
    last = ord(head[-1]) + 1
    return head[:-1] + chr(0xE000 if 0xD800 <= last <= 0xDFFF else last)


_DIGEST: Final = re.compile("[0-9A-F]{0,64}")
_DIGEST_DIGITS: Final = 64
_NO_DIGEST: Final = b"\xff" * 33, b""


def _digests(text: str, *, is_whole: bool = False) -> tuple[bytes, bytes]:
    """Return the first and the last digest that begins with a text; with ``is_whole`` that it is."""
    if _DIGEST.fullmatch(text) is None or (is_whole and len(text) != _DIGEST_DIGITS):
        return _NO_DIGEST
    return bytes.fromhex(text.ljust(_DIGEST_DIGITS, "0")), bytes.fromhex(text.ljust(_DIGEST_DIGITS, "F"))
