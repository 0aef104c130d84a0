"""SQL written once in SQLAlchemy Core, compiled once for each engine, run on the driver's own cursor.

Running a Core statement through a SQLAlchemy connection costs 15 to 20 microseconds, ten times what SQLite needs for the row it
finds. All values here are integers, text and bytes, which both drivers take as they are, so nothing is lost on the short way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

from sqlalchemy import BigInteger, Dialect, Subquery, Text, bindparam, cast, column, literal, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import ClauseElement
from sqlalchemy.sql.functions import GenericFunction

Value: TypeAlias = int | str | bytes | None
Row: TypeAlias = tuple[Any, ...]
Arrange: TypeAlias = Callable[[dict[str, Value]], Sequence[Value] | dict[str, Value]]
"""Makes of the values of a statement's parameters what the driver takes with its text."""

LARGEST: Final = 2**63 - 1
"""The largest number that a column takes; of a larger one a database cannot even be asked."""


def fits(number: int) -> bool:
    """Tell whether a number can be in a row; what somebody made up need not."""
    return -LARGEST <= number <= LARGEST


class Statement:
    """One statement with named parameters (``bindparam``), ready for any engine."""

    def __init__(self, clause: ClauseElement) -> None:
        self._clause = clause
        self._compiled: dict[str, tuple[str, Arrange]] = {}

    def for_dialect(self, dialect: Dialect) -> tuple[str, Arrange]:
        """Return the SQL text, and what arranges values by name for it."""
        return self._compiled.get(dialect.name) or self._compile(dialect)

    def _compile(self, dialect: Dialect) -> tuple[str, Arrange]:
        compiled = self._clause.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
        assert isinstance(compiled, SQLCompiler)
        brought = {name: value for name, value in compiled.params.items() if value is not None}
        found = self._compiled[dialect.name] = (str(compiled), _arranging(brought, compiled.positiontup))
        return found


def _arranging(brought: dict[str, Value], order: Sequence[str] | None) -> Arrange:
    if order is None:
        return lambda values: brought | values
    # For each parameter that is given by name, SQLite's driver lets other threads in and waits for its turn again.
    return lambda values: list(map((brought | values if brought else values).__getitem__, order))


class _ListedIn(GenericFunction[str]):
    """The elements of a JSON list as rows, in the column ``value``."""

    type = Text()
    inherit_cache = True


@compiles(_ListedIn, "postgresql")
def _listed_on_postgresql(element: _ListedIn, compiler: SQLCompiler, **kw: object) -> str:
    return f"json_array_elements_text(CAST({compiler.process(element.clauses)} AS json))"


class _IdsListedIn(GenericFunction[int]):
    """The whole numbers of a JSON list as rows, in the column ``value``."""

    type = BigInteger()
    inherit_cache = True


@compiles(_ListedIn, "sqlite")
@compiles(_IdsListedIn, "sqlite")
def _listed_on_sqlite(element: _ListedIn | _IdsListedIn, compiler: SQLCompiler, **kw: object) -> str:
    return f"json_each({compiler.process(element.clauses)})"


@compiles(_IdsListedIn, "postgresql")
def _ids_on_postgresql(element: _IdsListedIn, compiler: SQLCompiler, **kw: object) -> str:
    # How long an array is the planner sees, and of JSON it takes it for a hundred: too many to look each of them up.
    return f"(SELECT unnest(CAST(translate({compiler.process(element.clauses)}, '[]', '{{}}') AS bigint[])) AS value)"


class _PairsListedIn(GenericFunction[int]):
    """The pairs of whole numbers of a JSON list of lists as rows, in the columns ``one`` and ``other``."""

    type = BigInteger()
    inherit_cache = True


@compiles(_PairsListedIn, "sqlite")
def _pairs_on_sqlite(element: _PairsListedIn, compiler: SQLCompiler, **kw: object) -> str:
    listed = compiler.process(element.clauses)
    return f"(SELECT json_extract(value, '$[0]') AS one, json_extract(value, '$[1]') AS other FROM json_each({listed}))"


@compiles(_PairsListedIn, "postgresql")
def _pairs_on_postgresql(element: _PairsListedIn, compiler: SQLCompiler, **kw: object) -> str:
    listed = f"json_array_elements(CAST({compiler.process(element.clauses)} AS json)) AS listed(value)"
    return f"(SELECT CAST(value ->> 0 AS bigint) AS one, CAST(value ->> 1 AS bigint) AS other FROM {listed})"


def ids_given(parameter: str) -> Subquery:
    """Return the ids of a parameter, a JSON list, as a table with the column ``id``: any number, in one statement."""
    listed = _IdsListedIn(bindparam(parameter, type_=Text())).table_valued("value")
    return select(cast(listed.c.value, BigInteger).label("id")).subquery()


def pairs_given(parameter: str) -> Subquery:
    """Return the pairs of numbers of a parameter, a JSON list of lists, as a table with the columns ``one`` and ``other``."""
    listed = _PairsListedIn(bindparam(parameter, type_=Text())).table_valued(
        column("one", BigInteger), column("other", BigInteger)
    )
    return select(listed.c.one, listed.c.other).subquery()


def texts_given(parameter: str) -> Subquery:
    """Return the texts of a parameter, a JSON list, as a table with the column ``text``."""
    return _texts(_ListedIn(bindparam(parameter, type_=Text())))


def texts_listed(texts: str) -> Subquery:
    """Return the same of texts that are known already, a JSON list."""
    return _texts(_ListedIn(literal(texts, Text())))


def _texts(listed: _ListedIn) -> Subquery:
    return select(cast(listed.table_valued("value").c.value, Text).label("text")).subquery()
