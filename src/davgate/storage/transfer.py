"""All rows of a store, put into another database in place of what is there. Each of the two may be SQLite or PostgreSQL.

Uploads that arrive in parts stay behind: what has arrived of them lies elsewhere, and their clients begin anew.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, Insert, Select, Table, Update, bindparam, delete, insert, literal, select, update

from davgate.model.errors import StoreUnusable
from davgate.storage import object_tables, sign_in_tables  # noqa: F401  # their tables are rows of a store too
from davgate.storage.statements import Statement
from davgate.storage.tables import metadata, node, store, upload
from davgate.storage.transactions import Session, Transaction

_BATCH_ROWS: Final = 100
"""A row may hold a content of a mebibyte."""

_STATE = Statement(select(store.c.uuid, store.c.last_change, store.c.last_audit))


def check_target(source: Session, target: Transaction, *, is_replacing: bool) -> None:
    """Refuse a store that was used, unless ``is_replacing`` and it holds an earlier state of the source.

    Raises:
        StoreUnusable: with what to do.
    """
    [(uuid, last_change, last_audit)], [(uuid_of_source, *_)] = target.all(_STATE), source.all(_STATE)
    if (last_change, last_audit) == (0, 0) or (is_replacing and uuid == uuid_of_source):
        return
    which = "another store" if is_replacing else "a store that has been used"
    raise StoreUnusable(f"There is {which} already, which stays as it is. Name a new place.")


def replace_rows(source: Session, target: Transaction) -> None:
    """Let the target hold what the source holds, a snapshot, and nothing else.

    The driver refuses rows that name others which are not there (``Database.integrity_error``).
    """
    target.may_pause()
    tables = [table for table in metadata.sorted_tables if table is not store]
    for table in reversed(tables):
        target.run(Statement(delete(table)))
    # The row of the store stays: its lock is what other writers of PostgreSQL wait for.
    _copy(source, target, store, update(store))
    for table in tables:
        if table is not upload:
            _copy(source, target, table, insert(table))


def _copy(source: Session, target: Transaction, table: Table, putting: Insert | Update) -> None:
    # The names of the parameters are not those of the columns, which SQLAlchemy keeps for itself in an UPDATE.
    names = {column.name: f"its_{column.name}" for column in table.columns}
    statement = Statement(putting.values({column: bindparam(name) for column, name in names.items()}))
    for batch in source.stream(Statement(_rows_of(table)), batch_rows=_BATCH_ROWS):
        target.run_many(statement, [dict(zip(names.values(), row, strict=True)) for row in batch])


def _rows_of(table: Table) -> Select[Any]:
    if table is not node:
        return select(table)
    # A collection before its members: its number need not be lower, since what is moved keeps its own.
    depth: ColumnElement[int] = literal(0).label("depth")
    above = select(node.c.id, depth).where(node.c.parent_id.is_(None)).cte("below", recursive=True)
    below = above.union_all(select(node.c.id, above.c.depth + 1).join_from(above, node, node.c.parent_id == above.c.id))
    return select(node).join_from(node, below, below.c.id == node.c.id).order_by(below.c.depth)
