"""Conditions as SQL: what holds of a node.

Of a property it asks the rows that are kept for it (``property_index``): they hold texts up to some length, beginnings and
digests of longer ones, so that only a pattern or a word may have to be looked for in the version itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    LargeBinary,
    Select,
    Text,
    and_,
    bindparam,
    case,
    exists,
    false,
    func,
    literal_column,
    not_,
    or_,
    select,
    true,
)

from davgate.model.indexing import NOT_COMPARABLE, TOP
from davgate.model.metadata import TITLE
from davgate.model.node import NodeKind
from davgate.model.query import COLLECTION, DOCUMENT, NUMBERS, Fact, Operator
from davgate.storage.object_tables import document_text
from davgate.storage.search.shapes import Kind, Shape, Test, parameter
from davgate.storage.search.text_functions import ByCodePoint, Folded, HasWord, Hex, IsIn, Like, TextsIn
from davgate.storage.statements import ids_given, texts_given
from davgate.storage.tables import node, node_type, principal, property_value, version

# Terms

IS_TITLE: Final[ColumnElement[str]] = literal_column(f"'{TITLE}'", Text())
_title = property_value.alias("title")
TITLE_SAID: Final = (
    select(func.min(_title.c.value)).where(_title.c.node_id == node.c.id, _title.c.property == IS_TITLE)
).scalar_subquery()
_parent = node.alias("parent")
_IS_DOCUMENT = node.c.kind == literal_column(str(NodeKind.DOCUMENT.value))
_HAS_CONTENT = version.c.has_content == literal_column("1")
_author_id = func.coalesce(version.c.author_id, node.c.created_by)
_saved_at = func.coalesce(version.c.saved_at, node.c.created_at)


def _name_of(principal_id: ColumnElement[int], called: str) -> ColumnElement[str]:
    who = principal.alias(called)
    return select(who.c.name).where(who.c.id == principal_id).scalar_subquery()


COLUMNS: Final[Mapping[Fact, ColumnElement[Any]]] = {
    Fact.ID: node.c.id,
    Fact.UUID: node.c.uuid,
    Fact.KIND: case((_IS_DOCUMENT, literal_column(f"'{DOCUMENT}'")), else_=literal_column(f"'{COLLECTION}'")),
    Fact.TYPE: select(node_type.c.type).where(node_type.c.node_id == node.c.id).scalar_subquery(),
    Fact.TITLE: func.coalesce(func.nullif(TITLE_SAID, ""), node.c.name, ""),
    Fact.NAME: node.c.name,
    Fact.PARENT_UUID: select(_parent.c.uuid).where(_parent.c.id == node.c.parent_id).scalar_subquery(),
    Fact.CREATED_AT: node.c.created_at,
    Fact.CREATED_BY: node.c.created_by,
    Fact.CREATED_BY_NAME: _name_of(node.c.created_by, "maker"),
    Fact.MODIFIED_AT: case((_saved_at > node.c.modified_at, _saved_at), else_=node.c.modified_at),
    Fact.SAID_AT: _saved_at,
    Fact.MODIFIED_BY: _author_id,
    Fact.MODIFIED_BY_NAME: _name_of(_author_id, "author"),
    Fact.VERSION_NO: case((node.c.version_no < 1, 1), else_=node.c.version_no),
    Fact.FILE_NAME: case((_HAS_CONTENT, version.c.file_name)),
    Fact.MEDIA_TYPE: case((_HAS_CONTENT, version.c.media_type)),
    Fact.LENGTH_BYTES: case((_HAS_CONTENT, version.c.length_bytes)),
    Fact.DIGEST: case((_HAS_CONTENT, Hex(version.c.digest))),
}
"""What stands for a fact in a statement about ``node``, in that of some with the current ``version`` joined to it."""

_OF_VERSIONS: Final = frozenset(
    {
        Fact.MODIFIED_AT,
        Fact.SAID_AT,
        Fact.MODIFIED_BY,
        Fact.MODIFIED_BY_NAME,
        Fact.FILE_NAME,
        Fact.MEDIA_TYPE,
        Fact.LENGTH_BYTES,
        Fact.DIGEST,
    }
)


def needs_version(shape: Shape) -> bool:
    """Tell whether a shape asks for facts of the current version."""
    return shape.fact in _OF_VERSIONS or any(map(needs_version, shape.parts))


def sorts_by_version(fact: object) -> bool:
    """Tell whether an order asks for facts of the current version."""
    return fact in _OF_VERSIONS


def value_of(name: str, *, is_greatest: bool) -> ColumnElement[str]:
    """Return the value of the property whose id is a parameter, by which a node is sorted: of several the least or greatest."""
    rows = property_value.alias()
    pick = func.max(rows.c.value) if is_greatest else func.min(rows.c.value)
    return select(pick).where(rows.c.node_id == node.c.id, rows.c.property == text_given(name)).scalar_subquery()


def text_given(name: str) -> ColumnElement[str]:
    """Return the text of a parameter."""
    return bindparam(name, type_=Text())


# What holds


def holds(shape: Shape) -> ColumnElement[bool]:
    """Return the clause by which a condition holds of ``node``; where there is no value it may be unknown in place of false."""
    match shape.kind:
        case Kind.ALL:
            return and_(true(), *map(holds, shape.parts))
        case Kind.ANY:
            return or_(false(), *map(holds, shape.parts))
        case Kind.NOT:
            return not_(func.coalesce(holds(shape.parts[0]), false()))
        case Kind.WORD:
            return _has_word(shape)
        case Kind.FACT:
            return _fact_holds(shape)
        case Kind.PROPERTY:
            rows = property_value.alias()
            # Compared, so that PostgreSQL does not begin with these rows in place of those that were chosen.
            return exists().where(rows.c.node_id == node.c.id, row_holds(shape, rows)).is_(true())


def _has_word(shape: Shape) -> ColumnElement[bool]:
    word, between_blanks = text_given(parameter(shape.first)), text_given(parameter(shape.first + 1))
    is_said = exists().where(document_text.c.node_id == node.c.id, IsIn(document_text.c.words, between_blanks))
    return or_(is_said, HasWord(func.coalesce(node.c.name, ""), word))


_OPERATIONS: Final[Mapping[Operator, Callable[[ColumnElement[Any], ColumnElement[Any]], ColumnElement[bool]]]] = {
    Operator.EQUAL: lambda one, other: one == other,
    Operator.LESS: lambda one, other: one < other,
    Operator.AT_MOST: lambda one, other: one <= other,
    Operator.GREATER: lambda one, other: one > other,
    Operator.AT_LEAST: lambda one, other: one >= other,
}


def _fact_holds(shape: Shape) -> ColumnElement[bool]:
    fact, first = shape.fact, shape.first
    assert fact is not None
    column = COLUMNS[fact]
    match shape.test:
        case Test.IS_THERE:
            return column.is_not(None)
        case Test.ONE_OF:
            return column.in_(listed(shape))
        case Test.BETWEEN:
            return and_(_HAS_CONTENT, digest_between(version, first))
        case Test.LIKE:
            return like(_whole(fact), first)
        case Test.LIKE_FOLDED:
            return like(Folded(_whole(fact)), first)
        case Test.HAS_WORD:
            return HasWord(func.coalesce(_whole(fact), ""), text_given(parameter(first)))
    (operator,) = shape.operators
    other: ColumnElement[Any] = bindparam(parameter(first), type_=BigInteger() if fact in NUMBERS else Text())
    is_sorted = fact not in NUMBERS and operator is not Operator.EQUAL
    return _OPERATIONS[operator](ByCodePoint(column) if is_sorted else column, other)


def listed(shape: Shape) -> Select[Any]:
    """Return the values of which a term is to be one."""
    name = parameter(shape.first if shape.kind is Kind.FACT else shape.first + 1)
    return select(ids_given(name).c.id) if shape.fact in NUMBERS else select(texts_given(name).c.text)


def digest_between(rows: Any, first: int) -> ColumnElement[bool]:
    """Return whether the digest of a version lies between those of two parameters."""
    least, greatest = (bindparam(parameter(first + no), type_=LargeBinary()) for no in (0, 1))
    return and_(rows.c.digest >= least, rows.c.digest <= greatest)


def like(text: ColumnElement[str], first: int) -> ColumnElement[bool]:
    """Return whether a text is as the pattern says whose forms are two parameters."""
    return Like(text, text_given(parameter(first)), text_given(parameter(first + 1)))


def _whole(fact: Fact) -> ColumnElement[str]:
    """Return a fact as a whole text: of a long title the index has the beginning alone."""
    column = COLUMNS[fact]
    if fact is not Fact.TITLE:
        return column
    texts = TextsIn(_snapshot_of(node, node.c.id), IS_TITLE).table_valued("value")
    return case((IsIn(column, literal_column(f"'{TOP}'")), select(func.max(texts.c.value)).scalar_subquery()), else_=column)


def _snapshot_of(rows: FromClause, node_id: ColumnElement[int]) -> ColumnElement[str]:
    said, of = version.alias("said_by"), node.alias("of")
    is_current = and_(said.c.document_id == of.c.id, said.c.no == of.c.version_no)
    current = select(said.c.properties).join_from(of, said, is_current).where(of.c.id == node_id)
    return current.correlate(rows).scalar_subquery()


def row_holds(shape: Shape, rows: FromClause) -> ColumnElement[bool]:
    """Return what has to hold of a row of ``property_value``."""
    name, first = text_given(parameter(shape.first)), shape.first + 1
    return and_(rows.c.property == name, *_value_holds(shape, rows, name, first))


def _value_holds(shape: Shape, rows: FromClause, name: ColumnElement[str], first: int) -> list[ColumnElement[bool]]:
    value = rows.c.value
    match shape.test:
        case Test.COMPARED:
            clauses = [
                _OPERATIONS[operator](value, text_given(parameter(first + no))) for no, operator in enumerate(shape.operators)
            ]
            # What cannot be compared sorts behind everything.
            is_open = all(operator in (Operator.GREATER, Operator.AT_LEAST) for operator in shape.operators)
            return [*clauses, value < literal_column(f"'{NOT_COMPARABLE}'")] if is_open else clauses
        case Test.ONE_OF:
            return [value.in_(listed(shape))]
        case Test.BEGINNING:
            return _within(value, first)
        case Test.LIKE:
            return [in_texts(rows, name, lambda text: like(text, first))]
        case Test.LIKE_BEGINNING:
            return [*_within(value, first + 2), in_texts(rows, name, lambda text: like(text, first))]
        case Test.LIKE_FOLDED:
            return [in_texts(rows, name, lambda text: like(Folded(text), first))]
        case Test.HAS_WORD:
            return [in_texts(rows, name, lambda text: HasWord(text, text_given(parameter(first))))]
    return []


def _within(value: ColumnElement[str], first: int) -> list[ColumnElement[bool]]:
    return [value >= text_given(parameter(first)), value < text_given(parameter(first + 1))]


def in_texts(
    rows: FromClause, name: ColumnElement[str], test: Callable[[ColumnElement[str]], ColumnElement[bool]]
) -> ColumnElement[bool]:
    """Return whether a test holds of a text, which is in the index as a whole or else in the version."""
    texts = TextsIn(_snapshot_of(rows, rows.c.node_id), name).table_valued("value")
    in_version = exists().select_from(texts).where(test(texts.c.value))
    return case((IsIn(rows.c.value, literal_column(f"'{TOP}'")), in_version), else_=test(rows.c.value))
