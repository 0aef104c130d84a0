"""The members of a collection, in the order of their names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from sqlalchemy import bindparam, select

from davgate.model.node import NodeKind
from davgate.storage.rows import NODE_COLUMNS, MemberRow
from davgate.storage.statements import Row, Statement
from davgate.storage.tables import node
from davgate.storage.transactions import Session

_MOST_KNOWN = 16_000
_BATCH_ROWS = 1000

Members: TypeAlias = tuple[Sequence[MemberRow], Iterator[Sequence[MemberRow]], bool]
"""The first members, an iterator over the rest, and whether the first are all."""

_ALL = Statement(
    select(*NODE_COLUMNS)
    .where(node.c.parent_id == bindparam("parent_id"), node.c.name_key.is_not(None))
    .order_by(node.c.name_key)
)


def of_collection(session: Session, parent_id: int, *, at_once: int) -> Members:
    """Return the members of a collection; fewer than ``at_once`` are read as a whole.

    The iterator needs the session, which must have a snapshot. A drive looks into the same folders again and again: as long as
    nothing was committed, members are remembered unless they are very many.
    """
    memory = session.memory()
    if memory is None:
        return _read(session, parent_id, at_once)
    known: _Known = memory.setdefault(_Known, _Known())
    rows = known.of(parent_id)
    if rows is not None:
        return rows[:at_once], _in_batches(rows, at_once), len(rows) < at_once
    first, rest, is_all = _read(session, parent_id, at_once)
    if is_all:
        known.keep(parent_id, first)
        return first, rest, is_all
    return first, _keeping(known, parent_id, first, rest), is_all


class _Known:
    """The members of collections as they were read: of so few that each reader can hold its own.

    They take ten megabytes at most.
    """

    def __init__(self) -> None:
        self._rows: dict[int, Sequence[MemberRow]] = {}
        self._count = 0

    def of(self, parent_id: int) -> Sequence[MemberRow] | None:
        return self._rows.get(parent_id)

    def keep(self, parent_id: int, rows: Sequence[MemberRow]) -> None:
        # An empty collection takes room, too.
        count = len(rows) + 1
        if count > _MOST_KNOWN:
            return
        if self._count + count > _MOST_KNOWN:
            self._rows.clear()
            self._count = 0
        self._rows[parent_id] = rows
        self._count += count


def _in_batches(rows: Sequence[MemberRow], start: int) -> Iterator[Sequence[MemberRow]]:
    return (rows[at : at + _BATCH_ROWS] for at in range(start, len(rows), _BATCH_ROWS))


def _keeping(
    known: _Known, parent_id: int, first: Sequence[MemberRow], rest: Iterator[Sequence[MemberRow]]
) -> Iterator[Sequence[MemberRow]]:
    """Yield what is left to read, and keep all of it when somebody has read that far."""
    rows = list(first)
    for batch in rest:
        # Of more nothing will be kept, so it need not be held until the end.
        if len(rows) < _MOST_KNOWN:
            rows += batch
        yield batch
    known.keep(parent_id, rows)


def _read(session: Session, parent_id: int, at_once: int) -> Members:
    return begin(session.stream(_ALL, batch_rows=_BATCH_ROWS, parent_id=parent_id), at_once)


Beginning: TypeAlias = tuple[list[Row], Iterator[list[Row]], bool]
"""The first rows, an iterator over the rest, and whether the first are all."""


def begin(batches: Iterator[list[Row]], at_once: int) -> Beginning:
    """Read the first rows of a listing, as a whole if they are fewer than ``at_once``."""
    first: list[Row] = []
    for batch in batches:
        first += batch
        if len(first) >= at_once:
            return first, batches, False
    return first, iter(()), True


_WITH_VERSIONS = Statement(
    select(*NODE_COLUMNS)
    .where(node.c.parent_id == bindparam("parent_id"), node.c.name_key.is_not(None), node.c.version_no > 0)
    .where(node.c.kind == NodeKind.DOCUMENT.value)
    .order_by(node.c.name_key)
)


def documents_with_versions(session: Session, parent_id: int) -> Sequence[MemberRow]:
    """Return the documents of a collection that have a version."""
    return session.all(_WITH_VERSIONS, parent_id=parent_id)
