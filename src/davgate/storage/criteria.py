"""Conditions as SQL: what holds of a node, and where an index leads to all of which something can hold.

Of a property it asks the rows that are kept for it (``property_index``): they hold texts up to some length, beginnings and
digests of longer ones, so that only a pattern or a word may have to be looked for in the version itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    Alias,
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
    union,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction

from davgate.model.indexing import NOT_COMPARABLE, TOP
from davgate.model.metadata import TITLE
from davgate.model.node import NodeKind
from davgate.model.query import COLLECTION, DOCUMENT, NUMBERS, Fact, Operator
from davgate.storage.object_tables import document_text
from davgate.storage.shapes import Kind, Shape, Test, parameter
from davgate.storage.statements import ids_given, texts_given
from davgate.storage.tables import node, node_type, principal, property_value, version
from davgate.storage.text_functions import ByCodePoint, Folded, HasWord, Hex, IsIn, Like, TextsIn

# Terms

_IS_TITLE: Final[ColumnElement[str]] = literal_column(f"'{TITLE}'", Text())
_title = property_value.alias("title")
_TITLE_SAID = (
    select(func.min(_title.c.value)).where(_title.c.node_id == node.c.id, _title.c.property == _IS_TITLE)
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
    Fact.TITLE: func.coalesce(func.nullif(_TITLE_SAID, ""), node.c.name, ""),
    Fact.NAME: node.c.name,
    Fact.PARENT_UUID: select(_parent.c.uuid).where(_parent.c.id == node.c.parent_id).scalar_subquery(),
    Fact.CREATED_AT: node.c.created_at,
    Fact.CREATED_BY: node.c.created_by,
    Fact.CREATED_BY_NAME: _name_of(node.c.created_by, "maker"),
    Fact.MODIFIED_AT: case((_saved_at > node.c.modified_at, _saved_at), else_=node.c.modified_at),
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


def sorts_by_version(fact: Fact | None) -> bool:
    """Tell whether an order asks for facts of the current version."""
    return fact in _OF_VERSIONS


def value_of(name: str, *, is_greatest: bool) -> ColumnElement[str]:
    """Return the value of the property whose id is a parameter, by which a node is sorted: of several the least or greatest."""
    rows = property_value.alias()
    pick = func.max(rows.c.value) if is_greatest else func.min(rows.c.value)
    return select(pick).where(rows.c.node_id == node.c.id, rows.c.property == _text(name)).scalar_subquery()


def _text(name: str) -> ColumnElement[str]:
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
            return exists().where(rows.c.node_id == node.c.id, _row_holds(shape, rows)).is_(true())


def _has_word(shape: Shape) -> ColumnElement[bool]:
    word, between_blanks = _text(parameter(shape.first)), _text(parameter(shape.first + 1))
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
            return column.in_(_listed(shape))
        case Test.BETWEEN:
            return and_(_HAS_CONTENT, _digest_between(version, first))
        case Test.LIKE:
            return _like(_whole(fact), first)
        case Test.LIKE_FOLDED:
            return _like(Folded(_whole(fact)), first)
    (operator,) = shape.operators
    other: ColumnElement[Any] = bindparam(parameter(first), type_=BigInteger() if fact in NUMBERS else Text())
    is_sorted = fact not in NUMBERS and operator is not Operator.EQUAL
    return _OPERATIONS[operator](ByCodePoint(column) if is_sorted else column, other)


def _listed(shape: Shape) -> Select[Any]:
    name = parameter(shape.first if shape.kind is Kind.FACT else shape.first + 1)
    return select(ids_given(name).c.id) if shape.fact in NUMBERS else select(texts_given(name).c.text)


def _digest_between(rows: Any, first: int) -> ColumnElement[bool]:
    least, greatest = (bindparam(parameter(first + no), type_=LargeBinary()) for no in (0, 1))
    return and_(rows.c.digest >= least, rows.c.digest <= greatest)


def _like(text: ColumnElement[str], first: int) -> ColumnElement[bool]:
    return Like(text, _text(parameter(first)), _text(parameter(first + 1)))


def _whole(fact: Fact) -> ColumnElement[str]:
    """Return a fact as a whole text: of a long title the index has the beginning alone."""
    column = COLUMNS[fact]
    if fact is not Fact.TITLE:
        return column
    texts = TextsIn(_snapshot_of(node, node.c.id), _IS_TITLE).table_valued("value")
    return case((IsIn(column, literal_column(f"'{TOP}'")), select(func.max(texts.c.value)).scalar_subquery()), else_=column)


def _snapshot_of(rows: FromClause, node_id: ColumnElement[int]) -> ColumnElement[str]:
    said, of = version.alias("said_by"), node.alias("of")
    is_current = and_(said.c.document_id == of.c.id, said.c.no == of.c.version_no)
    current = select(said.c.properties).join_from(of, said, is_current).where(of.c.id == node_id)
    return current.correlate(rows).scalar_subquery()


def _row_holds(shape: Shape, rows: Alias) -> ColumnElement[bool]:
    """Return what has to hold of a row of ``property_value``."""
    name, first = _text(parameter(shape.first)), shape.first + 1
    return and_(rows.c.property == name, *_value_holds(shape, rows, name, first))


def _value_holds(shape: Shape, rows: Alias, name: ColumnElement[str], first: int) -> list[ColumnElement[bool]]:
    value = rows.c.value
    match shape.test:
        case Test.COMPARED:
            clauses = [_OPERATIONS[operator](value, _text(parameter(first + no))) for no, operator in enumerate(shape.operators)]
            # What cannot be compared sorts behind everything.
            is_open = all(operator in (Operator.GREATER, Operator.AT_LEAST) for operator in shape.operators)
            return [*clauses, value < literal_column(f"'{NOT_COMPARABLE}'")] if is_open else clauses
        case Test.ONE_OF:
            return [value.in_(_listed(shape))]
        case Test.BEGINNING:
            return _within(value, first)
        case Test.LIKE:
            return [_in_texts(rows, name, lambda text: _like(text, first))]
        case Test.LIKE_BEGINNING:
            return [*_within(value, first + 2), _in_texts(rows, name, lambda text: _like(text, first))]
        case Test.LIKE_FOLDED:
            return [_in_texts(rows, name, lambda text: _like(Folded(text), first))]
        case Test.HAS_WORD:
            return [_in_texts(rows, name, lambda text: HasWord(text, _text(parameter(first))))]
    return []


def _within(value: ColumnElement[str], first: int) -> list[ColumnElement[bool]]:
    return [value >= _text(parameter(first)), value < _text(parameter(first + 1))]


def _in_texts(
    rows: Alias, name: ColumnElement[str], test: Callable[[ColumnElement[str]], ColumnElement[bool]]
) -> ColumnElement[bool]:
    """Return whether a test holds of a text, which is in the index as a whole or else in the version."""
    texts = TextsIn(_snapshot_of(rows, rows.c.node_id), name).table_valued("value")
    in_version = exists().select_from(texts).where(test(texts.c.value))
    return case((IsIn(rows.c.value, literal_column(f"'{TOP}'")), in_version), else_=test(rows.c.value))


# Where an index leads


class _Among(GenericFunction[bool]):
    """Whether an id is one of those of a select, which is run first and once.

    PostgreSQL takes value and property of an index row for independent, and would rather read the whole table of nodes. SQLite
    would, too, were this compared with true, as what has the type of a truth value is.
    """

    inherit_cache = True


@compiles(_Among, "sqlite")
def _among_on_sqlite(element: _Among, compiler: SQLCompiler, **kw: object) -> str:
    node_id, ids = (compiler.process(clause) for clause in element.clauses)
    return f"({node_id} IN {ids})"


@compiles(_Among, "postgresql")
def _among_on_postgresql(element: _Among, compiler: SQLCompiler, **kw: object) -> str:
    node_id, ids = (compiler.process(clause) for clause in element.clauses)
    return f"({node_id} = ANY(ARRAY{ids}))"


@dataclass(frozen=True, slots=True)
class Cover:
    """Ids of nodes out of indexes, those of all of which a condition holds among them, and what has to be asked of each then.

    The smaller the ``rank``, the fewer they are likely to be.
    """

    rank: int
    ids: tuple[Select[Any], ...]
    rest: ColumnElement[bool] | None = None

    def clause(self) -> ColumnElement[bool]:
        """Return the clause by which the condition holds of ``node``."""
        ids = self.ids[0] if len(self.ids) == 1 else union(*self.ids)
        among = _Among(node.c.id, ids.scalar_subquery())
        return among if self.rest is None else and_(among, self.rest)


_RANKS: Final[Mapping[Test, int]] = {Test.ONE_OF: 2, Test.BEGINNING: 3, Test.LIKE_BEGINNING: 3, Test.IS_THERE: 9}
_SCANNED: Final = 7
"""Of texts that are looked through: few may be found, but that takes a while."""
_LARGE: Final = 8
"""Of what is mostly true of very many."""
_MOST_IN_UNION: Final = 200


def cover_of(shape: Shape) -> Cover | None:
    """Return the best cover of a condition; None where no index leads to what it is about."""
    match shape.kind:
        case Kind.PROPERTY:
            rows = property_value.alias()
            return Cover(_rank(shape), (select(rows.c.node_id).where(_row_holds(shape, rows)),))
        case Kind.FACT:
            return _cover_of_fact(shape)
        case Kind.WORD:
            return _cover_of_word(shape)
        case Kind.ALL:
            return _cover_of_all(shape)
        case Kind.ANY:
            covers = [cover_of(part) for part in shape.parts]
            known = [one for one in covers if one is not None]
            if not known or len(known) < len(covers):
                return None
            is_exact = all(one.rest is None for one in known)
            ids = tuple(select_ids for one in known for select_ids in one.ids)
            if len(ids) > _MOST_IN_UNION:
                return None
            return Cover(max(one.rank for one in known), ids, None if is_exact else holds(shape))
    return None


def _cover_of_word(shape: Shape) -> Cover:
    one, word, between_blanks = node.alias(), _text(parameter(shape.first)), _text(parameter(shape.first + 1))
    said = select(document_text.c.node_id).where(IsIn(document_text.c.words, between_blanks))
    # The key of a name has the same words, and is in an index, which is smaller than the table.
    return Cover(_SCANNED, (said, select(one.c.id).where(HasWord(one.c.name_key, word))))


def _rank(shape: Shape) -> int:
    if shape.test is Test.COMPARED:
        return 1 if shape.operators == (Operator.EQUAL,) else 4 if len(shape.operators) > 1 else 5
    return _RANKS.get(shape.test, _SCANNED)


def _cover_of_all(shape: Shape) -> Cover | None:
    covers = [(one.rank, no, one) for no, one in enumerate(map(cover_of, shape.parts)) if one is not None]
    if not covers:
        return None
    _, chosen, best = min(covers, key=lambda found: found[:2])
    others = [holds(part) for no, part in enumerate(shape.parts) if no != chosen]
    rest = [*([] if best.rest is None else [best.rest]), *others]
    return Cover(best.rank, best.ids, and_(*rest) if rest else None)


def _cover_of_fact(shape: Shape) -> Cover | None:
    fact, test = shape.fact, shape.test
    is_equal = test is Test.COMPARED and shape.operators == (Operator.EQUAL,)
    if test is Test.BETWEEN:
        same = version.alias()
        return Cover(2, (select(same.c.document_id).where(_digest_between(same, shape.first)),), holds(shape))
    if fact is Fact.TITLE and test in (Test.LIKE, Test.LIKE_FOLDED):
        return _cover_of_title(shape)
    if not is_equal and test is not Test.ONE_OF:
        return None
    one, rows, types = node.alias(), property_value.alias(), node_type.alias()
    match fact:
        case Fact.UUID | Fact.ID:
            column = one.c.uuid if fact is Fact.UUID else one.c.id
            return Cover(0, (select(one.c.id).where(_is_given(shape, column)),))
        case Fact.TITLE:
            said = select(rows.c.node_id).where(rows.c.property == _IS_TITLE, _is_given(shape, rows.c.value))
            return Cover(4, (said, select(one.c.id).where(_is_given(shape, one.c.name))), holds(shape))
        case Fact.PARENT_UUID:
            above = node.alias()
            parents = select(above.c.id).where(_is_given(shape, above.c.uuid))
            return Cover(3, (select(one.c.id).where(one.c.parent_id.in_(parents)),))
        case Fact.CREATED_BY:
            return Cover(_LARGE, (select(one.c.id).where(_is_given(shape, one.c.created_by)),))
        case Fact.TYPE:
            return Cover(_LARGE, (select(types.c.node_id).where(_is_given(shape, types.c.type)),))
    return None


def _cover_of_title(shape: Shape) -> Cover:
    """Return what has such a title, and what has none and such a name."""
    rows, one, same = property_value.alias(), node.alias(), property_value.alias()

    def is_like(text: ColumnElement[str]) -> ColumnElement[bool]:
        return _like(Folded(text) if shape.test is Test.LIKE_FOLDED else text, shape.first)

    said = and_(rows.c.property == _IS_TITLE, rows.c.value != literal_column("''"))
    is_said = exists().where(same.c.node_id == one.c.id, same.c.property == _IS_TITLE, same.c.value != literal_column("''"))
    titles = select(rows.c.node_id).where(said, _in_texts(rows, _IS_TITLE, is_like))
    return Cover(_SCANNED, (titles, select(one.c.id).where(is_like(func.coalesce(one.c.name, "")), not_(is_said))))


def _is_given(shape: Shape, column: ColumnElement[Any]) -> ColumnElement[bool]:
    if shape.test is Test.ONE_OF:
        return column.in_(_listed(shape))
    return column == bindparam(parameter(shape.first), type_=BigInteger() if shape.fact in NUMBERS else Text())
