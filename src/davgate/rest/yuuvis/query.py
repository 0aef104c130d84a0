"""Statements of a search, read: ``SELECT ... FROM ... WHERE ... ORDER BY ...`` as a tree, with the place of each name.

The grammar is in ``query_grammar.lark``. What is read here has the form of a statement; whether there are such types and
properties, and what they are compared with, is for ``meaning`` to say.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import field
from decimal import Decimal
from functools import cache
from typing import Final, NamedTuple, TypeAlias

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedInput, UnexpectedToken, v_args

from davgate.model.frozen import frozen
from davgate.model.names import UNSTORABLE
from davgate.rest.yuuvis.errors import InvalidStatement

MOST_CHARACTERS: Final = 64 * 1024
MOST_LEVELS: Final = 50
"""Parentheses and NOT within one another."""
_MOST_DIGITS: Final = 60


@frozen
class Name:
    """A name of a type or property, and where it stands."""

    text: str
    line: int = field(default=0, compare=False)
    column: int = field(default=0, compare=False)

    @property
    def place(self) -> str:
        """Where it stands, for people."""
        return f"line {self.line}, column {self.column}"


class Moment(enum.Enum):
    """A time that depends on when it is asked for."""

    TODAY = "TODAY()"
    NOW = "NOW()"


Literal: TypeAlias = str | int | Decimal | bool | Moment


class Relation(enum.Enum):
    """How a value is compared; what is unequal is ``Not`` what is equal."""

    EQUAL = "="
    LESS = "<"
    AT_MOST = "<="
    GREATER = ">"
    AT_LEAST = ">="


@frozen
class Comparison:
    """A value is in a relation to a literal."""

    name: Name
    relation: Relation
    value: Literal


@frozen
class Like:
    """A text is as a pattern, which is as it was written, escapes and all."""

    name: Name
    pattern: str


@frozen
class In:
    """A value is one of several."""

    name: Name
    values: tuple[Literal, ...]


@frozen
class IsNull:
    """There is no value."""

    name: Name


@frozen
class Contains:
    """Words occur, in a property or anywhere."""

    words: str
    name: Name | None = None


@frozen
class Not:
    """A condition does not hold."""

    condition: Condition


@frozen
class And:
    """All of two or more conditions hold."""

    conditions: tuple[Condition, ...]


@frozen
class Or:
    """One of two or more conditions holds."""

    conditions: tuple[Condition, ...]


Test: TypeAlias = Comparison | Like | In | IsNull | Contains
Condition: TypeAlias = Test | Not | And | Or


@frozen
class Column:
    """A property that is wanted, and what it is to be called if not by its own name."""

    name: Name
    alias: str | None = None


@frozen
class Sort:
    """A property by which is sorted."""

    name: Name
    descending: bool = False


@frozen
class Statement:
    """What is wanted of objects of a type: some columns, without them everything, or with ``counts`` how many there are."""

    type: Name
    columns: tuple[Column, ...] = ()
    counts: bool = False
    where: Condition | None = None
    order: tuple[Sort, ...] = ()


def parse(text: str) -> Statement:
    """Return a statement as a tree.

    Raises:
        InvalidStatement: it is none; the sentence tells where it stops being one, and what could stand there.
    """
    if len(text) > MOST_CHARACTERS:
        raise InvalidStatement(f"A statement has at most {MOST_CHARACTERS} characters. Send a shorter one.")
    if UNSTORABLE.search(text) is not None:
        raise InvalidStatement("The statement has a character that no text here has. Leave it out.")
    try:
        statement = _parser().parse(text)
    except UnexpectedInput as mistake:
        raise InvalidStatement(_told(text, mistake)) from None
    # The builder makes statements of trees; the parser's own type knows only these.
    assert isinstance(statement, Statement)
    return statement


@cache
def _parser() -> Lark:
    """Return the parser, which takes a moment to make and has no state."""
    return Lark.open_from_package(
        __package__, "query_grammar.lark", parser="lalr", start="statement", transformer=_Builder(), maybe_placeholders=True
    )


# Mistakes

_SHOWN: Final = {
    "NAME": "a name",
    "TEXT": "a text in quotes",
    "NUMBER": "a number",
    "BOOLEAN": "true or false",
    "MOMENT": "TODAY() or NOW()",
    "OPERATOR": "a comparison",
    "DIRECTION": "ASC or DESC",
    "LPAR": "(",
    "RPAR": ")",
    "COMMA": ",",
    "_STAR": "*",
    "_SEMICOLON": ";",
    "_COUNT": "COUNT(*)",
    "$END": "the end",
}
"""Terminals that are not called as they are written."""


def _told(text: str, mistake: UnexpectedInput) -> str:
    if isinstance(mistake, UnexpectedToken):
        wanted = mistake.accepts or mistake.expected
        found = "the end" if mistake.token.type == "$END" else repr(_shortened(str(mistake.token)))
        place = _place_of_end(text) if mistake.token.type == "$END" else (mistake.line, mistake.column)
    elif isinstance(mistake, UnexpectedCharacters):
        wanted = mistake.allowed
        found, place = repr(_shortened(text[mistake.pos_in_stream :])), (mistake.line, mistake.column)
    else:
        wanted, found, place = set(), "the end", _place_of_end(text)
    expected = " or ".join(sorted({_SHOWN.get(one, one.lstrip("_")) for one in wanted or ()}))
    return f"The statement cannot be read at line {place[0]}, column {place[1]}: there is {found}, expected is {expected}."


def _place_of_end(text: str) -> tuple[int, int]:
    lines = text.split("\n")
    return len(lines), len(lines[-1]) + 1


def _shortened(text: str) -> str:
    words = text.split(None, 1)
    return words[0][:40] if words else text[:40]


# From what the parser finds to the tree


class _Part(NamedTuple):
    """A condition, and how many levels of parentheses and NOT are in it."""

    condition: Condition
    levels: int


@v_args(inline=True)
class _Builder(Transformer[Token, Statement]):
    """Makes the tree while the statement is read, from the inside out: nothing here goes deep."""

    def statement(self, selection: tuple[tuple[Column, ...], bool], kind: Token, *rest: _Part | Sort | None) -> Statement:
        columns, counts = selection
        where = next((one.condition for one in rest if isinstance(one, _Part)), None)
        order = tuple(one for one in rest if isinstance(one, Sort))
        return Statement(_name(kind), columns, counts, where, order)

    def everything(self) -> tuple[tuple[Column, ...], bool]:
        return (), False

    def count(self) -> tuple[tuple[Column, ...], bool]:
        return (), True

    def columns(self, *columns: Column) -> tuple[tuple[Column, ...], bool]:
        return columns, False

    def column(self, name: Token, alias: Token | None) -> Column:
        return Column(_name(name), None if alias is None else str(alias))

    def sort(self, name: Token, direction: Token | None) -> Sort:
        return Sort(_name(name), direction is not None and direction.upper() == "DESC")

    # Conditions

    def any_of(self, *parts: _Part) -> _Part:
        return _Part(Or(tuple(part.condition for part in parts)), _deepest(parts))

    def all_of(self, *parts: _Part) -> _Part:
        return _Part(And(tuple(part.condition for part in parts)), _deepest(parts))

    def negated(self, begin: Token, part: _Part) -> _Part:
        return _Part(Not(part.condition), _one_deeper(begin, part))

    def nested(self, begin: Token, part: _Part) -> _Part:
        return _Part(part.condition, _one_deeper(begin, part))

    def comparison(self, name: Token, operator: Token, value: Literal) -> _Part:
        if operator in ("<>", "!="):
            return _Part(Not(Comparison(_name(name), Relation.EQUAL, value)), 0)
        return _Part(Comparison(_name(name), Relation(str(operator)), value), 0)

    def like(self, name: Token, negation: Token | None, pattern: Token) -> _Part:
        return _negated_if(negation, Like(_name(name), _unquoted(pattern)))

    def one_of(self, name: Token, negation: Token | None, *values: Literal) -> _Part:
        return _negated_if(negation, In(_name(name), values))

    def is_null(self, name: Token, negation: Token | None) -> _Part:
        return _negated_if(negation, IsNull(_name(name)))

    def contains_anywhere(self, words: Token) -> _Part:
        return _Part(Contains(_unquoted(words)), 0)

    def contains(self, name: Token, words: Token) -> _Part:
        return _Part(Contains(_unquoted(words), _name(name)), 0)

    # Literals

    def text(self, token: Token) -> str:
        return _unquoted(token)

    def number(self, token: Token) -> int | Decimal:
        if len(token) > _MOST_DIGITS:
            raise InvalidStatement(f"The number at line {token.line}, column {token.column} is too long.")
        try:
            return int(token)
        except ValueError:
            return Decimal(token)

    def boolean(self, token: Token) -> bool:
        return token.lower() == "true"

    def moment(self, token: Token) -> Moment:
        return Moment.TODAY if token.upper().startswith("TODAY") else Moment.NOW


def _name(token: Token) -> Name:
    return Name(str(token), token.line or 0, token.column or 0)


def _unquoted(token: Token) -> str:
    return token[1:-1].replace("''", "'")


def _negated_if(negation: Token | None, test: Test) -> _Part:
    return _Part(test if negation is None else Not(test), 0)


def _deepest(parts: Iterable[_Part]) -> int:
    return max(part.levels for part in parts)


def _one_deeper(begin: Token, part: _Part) -> int:
    if part.levels >= MOST_LEVELS:
        where = f"line {begin.line}, column {begin.column}"
        raise InvalidStatement(f"More than {MOST_LEVELS} levels of parentheses and NOT begin at {where}. Ask in a flatter way.")
    return part.levels + 1
