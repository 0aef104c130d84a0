"""What a statement asks for: its tree, with the names looked up, as a condition of the store."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from davgate.model.frozen import frozen
from davgate.model.instant import Instant
from davgate.model.node import NodeKind
from davgate.model.query import AllOf, AnyOf, By, Condition, Fact, Order, Pattern, Wildcard, Words
from davgate.model.query import Not as NotSo
from davgate.rest.yuuvis import query
from davgate.rest.yuuvis.errors import InvalidStatement
from davgate.rest.yuuvis.names import Names, Scope
from davgate.rest.yuuvis.query import And, Column, Comparison, Contains, In, IsNull, Like, Name, Not, Or, Statement, Test
from davgate.rest.yuuvis.searched import Unfit

_NEWEST_FIRST: Final[Order] = (By(Fact.CREATED_AT, descending=True),)
_BY_ID: Final = By(Fact.UUID)
"""What decides among objects that are equal otherwise: the only id that a client knows."""
_LONGEST_PATTERN: Final = 4000
ALWAYS: Final = ("system:objectId", "system:objectTypeId", "system:baseTypeId")
"""What is answered of an object whatever columns are asked for."""


@frozen
class Asked:
    """What is searched, and what is wanted of it: names of properties by those under which they are answered, or everything."""

    condition: Condition
    kinds: frozenset[NodeKind]
    order: Order
    columns: dict[str, str] | None
    counts: bool


def meaning_of(statement: Statement, names: Names, now: Instant) -> Asked:
    """Return what a statement asks for at an instant.

    Raises:
        InvalidStatement: it names what there is not, or compares what cannot be compared.
    """
    scope = names.scope_of(statement.type)
    condition = scope.condition
    if statement.where is not None:
        condition = AllOf((condition, _Reader(names, scope, now).condition_of(statement.where)))
    return Asked(
        condition,
        scope.kinds,
        (*(tuple(_orders(statement, names, scope)) or _NEWEST_FIRST), _BY_ID),
        _columns(statement.columns, names, scope) if statement.columns else None,
        statement.counts,
    )


def _orders(statement: Statement, names: Names, scope: Scope) -> Iterator[By]:
    for one in statement.order:
        term = names.searched(one.name, scope).order
        if term is None:
            raise InvalidStatement(f"{one.name.text}, at {one.name.place}, is nothing to sort by.")
        yield By(term, one.descending)


def _columns(columns: tuple[Column, ...], names: Names, scope: Scope) -> dict[str, str]:
    wanted: dict[str, str] = {}
    for column in columns:
        names.check_shown(column.name, scope)
        shown_as = column.alias or column.name.text
        if shown_as in ALWAYS and shown_as != column.name.text:
            raise InvalidStatement(
                f"{column.name.text}, at {column.name.place}, cannot be called {shown_as}, which every object has."
            )
        if wanted.setdefault(shown_as, column.name.text) != column.name.text:
            raise InvalidStatement(f"Two columns are called {shown_as!r}, the second at {column.name.place}.")
    return wanted


@frozen
class _Reader:
    """Turns the conditions of a statement into those of the store; the parser has bounded how deep they go."""

    names: Names
    scope: Scope
    now: Instant

    def condition_of(self, read: query.Condition) -> Condition:
        match read:
            case And(parts):
                return AllOf(tuple(map(self.condition_of, parts)))
            case Or(parts):
                return AnyOf(tuple(map(self.condition_of, parts)))
            case Not(part):
                return NotSo(self.condition_of(part))
            case Contains(words, None):
                return Words(words)
        assert read.name is not None
        try:
            return self._tested(read, read.name)
        except Unfit as error:
            raise InvalidStatement(f"{read.name.text}, at {read.name.place}, {error}.") from None

    def _tested(self, read: Test, name: Name) -> Condition:
        searched = self.names.searched(name, self.scope)
        match read:
            case Comparison(_, relation, value):
                return searched.compared(relation, value, self.now)
            case In(_, values):
                return searched.one_of(values, self.now)
            case Like(_, pattern):
                return searched.like(_pattern(pattern))
            case IsNull():
                return NotSo(searched.has_value)
            case Contains(words):
                return searched.containing(words)


def _pattern(text: str) -> Pattern:
    """Return a pattern: ``%`` or ``*`` is any run, ``_`` or ``?`` one character, and what follows a backslash is itself."""
    if len(text) > _LONGEST_PATTERN:
        raise Unfit(f"is compared with a pattern of more than {_LONGEST_PATTERN} characters. Use a shorter one")
    found: list[str | Wildcard] = []
    run = ""
    characters = iter(text)
    for one in characters:
        wildcard = _WILDCARDS.get(one)
        if wildcard is None:
            run += next(characters, one) if one == "\\" else one
            continue
        if run:
            found.append(run)
            run = ""
        found.append(wildcard)
    return (*found, run) if run else tuple(found)


_WILDCARDS: Final = {"%": Wildcard.ANY, "*": Wildcard.ANY, "_": Wildcard.ONE, "?": Wildcard.ONE}
