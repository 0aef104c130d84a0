"""Where indexes lead to all of which a condition can hold, so that only these nodes are looked at.

Which index is the best is chosen here and not by the databases: SQLite has no statistics, and PostgreSQL's do not know that the
values of a property are its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Select, Text, and_, bindparam, exists, func, literal_column, not_, select, union
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction

from davgate.model.frozen import frozen
from davgate.model.query import NUMBERS, Fact, Operator
from davgate.storage.object_tables import document_text
from davgate.storage.search.criteria import IS_TITLE, digest_between, holds, in_texts, like, listed, row_holds, text_given
from davgate.storage.search.shapes import Kind, Shape, Test, parameter
from davgate.storage.search.text_functions import Folded, HasWord, IsIn
from davgate.storage.tables import node, node_type, property_value, version


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


@frozen
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
            return Cover(_rank(shape), (select(rows.c.node_id).where(row_holds(shape, rows)),))
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
    one, word, between_blanks = node.alias(), text_given(parameter(shape.first)), text_given(parameter(shape.first + 1))
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
        return Cover(2, (select(same.c.document_id).where(digest_between(same, shape.first)),), holds(shape))
    if fact is Fact.TITLE and test in (Test.LIKE, Test.LIKE_FOLDED, Test.HAS_WORD):
        return _cover_of_title(shape)
    if not is_equal and test is not Test.ONE_OF:
        return None
    one, rows, types = node.alias(), property_value.alias(), node_type.alias()
    match fact:
        case Fact.UUID | Fact.ID:
            column = one.c.uuid if fact is Fact.UUID else one.c.id
            return Cover(0, (select(one.c.id).where(_is_given(shape, column)),))
        case Fact.TITLE:
            said = select(rows.c.node_id).where(rows.c.property == IS_TITLE, _is_given(shape, rows.c.value))
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
        if shape.test is Test.HAS_WORD:
            return HasWord(text, text_given(parameter(shape.first)))
        return like(Folded(text) if shape.test is Test.LIKE_FOLDED else text, shape.first)

    said = and_(rows.c.property == IS_TITLE, rows.c.value != literal_column("''"))
    is_said = exists().where(same.c.node_id == one.c.id, same.c.property == IS_TITLE, same.c.value != literal_column("''"))
    titles = select(rows.c.node_id).where(said, in_texts(rows, IS_TITLE, is_like))
    return Cover(_SCANNED, (titles, select(one.c.id).where(is_like(func.coalesce(one.c.name, "")), not_(is_said))))


def _is_given(shape: Shape, column: ColumnElement[Any]) -> ColumnElement[bool]:
    if shape.test is Test.ONE_OF:
        return column.in_(listed(shape))
    return column == bindparam(parameter(shape.first), type_=BigInteger() if shape.fact in NUMBERS else Text())
