"""Statements of yuuvis: what is printed is read back as it was, and whatever else is sent is refused with its place."""

from __future__ import annotations

import string
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from davgate.rest.yuuvis.errors import InvalidStatement
from davgate.rest.yuuvis.query import (
    MOST_CHARACTERS,
    MOST_LEVELS,
    And,
    Column,
    Comparison,
    Condition,
    Contains,
    In,
    IsNull,
    Like,
    Literal,
    Moment,
    Name,
    Not,
    Or,
    Relation,
    Sort,
    Statement,
    parse,
)

KEYWORDS = frozenset(
    "select from where order by as or and not like in is null contains count asc desc true false today now".split()
)


# Printing


def printed(statement: Statement) -> str:
    columns = ", ".join(one.name.text + (f" AS {one.alias}" if one.alias else "") for one in statement.columns) or "*"
    where = "" if statement.where is None else f" WHERE {condition(statement.where)}"
    order = ", ".join(one.name.text + (" DESC" if one.descending else "") for one in statement.order)
    wanted = "COUNT(*)" if statement.counts else columns
    return f"SELECT {wanted} FROM {statement.type.text}{where}{f' ORDER BY {order}' if order else ''}"


def condition(one: Condition) -> str:
    match one:
        case And(parts):
            return " AND ".join(f"({condition(part)})" for part in parts)
        case Or(parts):
            return " OR ".join(f"({condition(part)})" for part in parts)
        case Not(Like(name, pattern)):
            return f"{name.text} NOT LIKE {literal(pattern)}"
        case Not(part):
            return f"NOT ({condition(part)})"
        case Comparison(name, relation, value):
            return f"{name.text} {relation.value} {literal(value)}"
        case Like(name, pattern):
            return f"{name.text} LIKE {literal(pattern)}"
        case In(name, values):
            return f"{name.text} IN ({', '.join(map(literal, values))})"
        case IsNull(name):
            return f"{name.text} IS NULL"
        case Contains(words, None):
            return f"CONTAINS({literal(words)})"
        case Contains(words, Name(text)):
            return f"{text} CONTAINS {literal(words)}"


def literal(value: Literal) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return "'" + value.replace("'", "''") + "'"
        case Moment():
            return value.value
    return str(value)


# Random statements

WORDS = st.text(string.ascii_letters + "äß_", min_size=1, max_size=6).filter(lambda word: word.lower() not in KEYWORDS)
NAMES = st.builds(lambda parts: Name(":".join(parts)), st.lists(WORDS, min_size=1, max_size=2))
TEXTS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=12)
NUMBERS = st.integers(-(2**70), 2**70) | st.decimals(-1000, 1000, places=3).filter(lambda one: one != int(one))
LITERALS = TEXTS | NUMBERS | st.booleans() | st.sampled_from(Moment)
TESTS = (
    st.builds(Comparison, NAMES, st.sampled_from(Relation), LITERALS)
    | st.builds(Like, NAMES, TEXTS)
    | st.builds(In, NAMES, st.lists(LITERALS, min_size=1, max_size=3).map(tuple))
    | st.builds(IsNull, NAMES)
    | st.builds(Contains, TEXTS, st.none() | NAMES)
)
CONDITIONS = st.recursive(
    TESTS,
    lambda inner: (
        st.builds(Not, inner)
        | st.builds(And, st.lists(inner, min_size=2, max_size=3).map(tuple))
        | st.builds(Or, st.lists(inner, min_size=2, max_size=3).map(tuple))
    ),
    max_leaves=12,
)
COLUMNS = st.lists(st.builds(Column, NAMES, st.none() | WORDS), max_size=3).map(tuple)
ORDERS = st.lists(st.builds(Sort, NAMES, st.booleans()), max_size=3).map(tuple)
STATEMENTS = st.builds(Statement, NAMES, COLUMNS, st.just(False), st.none() | CONDITIONS, ORDERS) | st.builds(
    Statement, NAMES, st.just(()), st.just(True), st.none() | CONDITIONS, ORDERS
)


@given(STATEMENTS)
def test_what_is_printed_is_read_back(statement: Statement) -> None:
    assert parse(printed(statement)) == statement


@given(st.text(max_size=200))
def test_any_text_is_a_statement_or_refused(text: str) -> None:
    try:
        assert isinstance(parse(text), Statement)
    except InvalidStatement as error:
        assert "line" in str(error) or "statement" in str(error)


PIECES = (
    "SELECT * FROM a WHERE ORDER BY ASC DESC COUNT ( ) , ; AND OR NOT LIKE IN IS NULL CONTAINS true TODAY() 'x' ' 1 2.5"
    " = <> < : b"
).split()


@given(st.lists(st.sampled_from(PIECES), max_size=20).map(" ".join))
def test_any_row_of_its_own_words_is_a_statement_or_refused(text: str) -> None:
    try:
        statement = parse(text)
    except InvalidStatement as error:
        assert "line 1, column" in str(error)
    else:
        assert parse(printed(statement)) == statement


# Single rules


def where(text: str) -> Condition | None:
    return parse(f"SELECT * FROM t WHERE {text}").where


def test_keywords_are_known_in_small_letters_and_names_as_they_are() -> None:
    read = parse("select Name as n from document where not Name like 'a%' order by Name desc;")
    assert read == Statement(
        Name("document"), (Column(Name("Name"), "n"),), where=Not(Like(Name("Name"), "a%")), order=(Sort(Name("Name"), True),)
    )


def test_words_that_begin_like_keywords_are_names() -> None:
    read = parse("SELECT order_no, fromage FROM inbox WHERE andy = 1 AND nothing IS NULL")
    assert read.columns == (Column(Name("order_no")), Column(Name("fromage")))
    assert read.where == And((Comparison(Name("andy"), Relation.EQUAL, 1), IsNull(Name("nothing"))))


def test_and_binds_more_than_or() -> None:
    a, b, c = (Comparison(Name(one), Relation.EQUAL, 1) for one in "abc")
    assert where("a = 1 OR b = 1 AND c = 1") == Or((a, And((b, c))))
    assert where("(a = 1 OR b = 1) AND c = 1") == And((Or((a, b)), c))


@pytest.mark.parametrize("text", ["a <> 1", "a != 1", "NOT a = 1", "NOT (a = 1)"])
def test_unequal_is_not_equal(text: str) -> None:
    assert where(text) == Not(Comparison(Name("a"), Relation.EQUAL, 1))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'it''s'", "it's"),
        ("''", ""),
        ("'%\\_'", "%\\_"),
        ("-3", -3),
        ("+3", 3),
        ("2.50", Decimal("2.50")),
        ("1e3", Decimal("1e3")),
        ("TRUE", True),
        ("Today( )", Moment.TODAY),
        ("now()", Moment.NOW),
    ],
)
def test_literals_are_what_they_say(text: str, value: Literal) -> None:
    read = where(f"a = {text}")
    assert isinstance(read, Comparison)
    assert (type(read.value), read.value) == (type(value), value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "line 1, column 1: there is the end, expected is SELECT"),
        ("SELEC * FROM", "line 1, column 1: there is 'SELEC', expected is SELECT"),
        ("SELECT * FROM", "line 1, column 14: there is the end, expected is a name"),
        ("SELECT *\nFROM t\nWHERE a # 1", "line 3, column 9: there is '#'"),
        ("SELECT * FROM t WHERE a = 'open", 'line 1, column 27: there is "\'open"'),
        ("SELECT * FROM t, u", "line 1, column 16: there is ','"),
        ("SELECT * FROM t WHERE a IN ()", "line 1, column 29"),
        ("SELECT * FROM t WHERE a = 1 b", "line 1, column 29"),
        ("SELECT * FROM t WHERE a = 1e9999", "line 1, column 27"),
        ("SELECT * FROM t; SELECT * FROM u", "line 1, column 18: there is 'SELECT', expected is the end"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(text: str, told: str) -> None:
    with pytest.raises(InvalidStatement) as refused:
        parse(text)
    assert told in str(refused.value)


def test_parentheses_and_negations_go_so_deep_and_no_deeper() -> None:
    deepest = "(" * (MOST_LEVELS - 1) + "NOT a = 1" + ")" * (MOST_LEVELS - 1)
    assert where(deepest) == Not(Comparison(Name("a"), Relation.EQUAL, 1))
    for text in (f"({deepest})", "NOT " * 15_000 + "a = 1", "(" * 30_000 + "a = 1" + ")" * 30_000):
        with pytest.raises(InvalidStatement, match="levels"):
            where(text)


def test_a_statement_of_many_characters_is_refused_before_it_is_read() -> None:
    longest = "SELECT * FROM t WHERE a = '"
    text = longest + "x" * (MOST_CHARACTERS - len(longest) - 1) + "'"
    assert parse(text).type == Name("t")
    with pytest.raises(InvalidStatement, match="characters"):
        parse(text + " ")


def test_long_numbers_are_refused() -> None:
    with pytest.raises(InvalidStatement, match="too long"):
        where("a = " + "9" * 5000)


@pytest.mark.parametrize("character", ["\x00", "\ud800"])
def test_characters_that_no_text_has_are_refused(character: str) -> None:
    with pytest.raises(InvalidStatement, match="character"):
        where(f"a = 'x{character}'")
