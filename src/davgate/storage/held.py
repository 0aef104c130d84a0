"""What is said of many nodes, as far as it is little enough to be held in memory: of ten thousand documents it may be 640 MB.

Statements for it give the long text of a row as the last column.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Final

from davgate.storage.statements import Row, Statement
from davgate.storage.transactions import Session

MOST_HELD_CHARS: Final = 8 * 1024 * 1024
"""Several may ask at the same time; of an ordinary folder it is a hundredth."""

HELD_BATCH_ROWS: Final = 100
"""Each may be as large as all that one node is allowed to have."""


def held(batches: Iterator[list[Row]]) -> list[Row] | None:
    """Return all rows of a stream, or None if they are more than is held; nothing more is read then."""
    rows: list[Row] = []
    chars = 0
    for batch in batches:
        rows += batch
        chars += _chars(batch)
        if chars > MOST_HELD_CHARS:
            return None
    return rows


def held_of_first(session: Session, statement: Statement, node_ids: Sequence[int]) -> tuple[list[Row], int]:
    """Return the rows of as many of these nodes as can be held, and how many these are: a hundred at least.

    The statement takes the ids as ``ids``. One of it, several when not all can be held.
    """
    rows = held(session.stream(statement, batch_rows=HELD_BATCH_ROWS, ids=json.dumps([*node_ids])))
    if rows is not None:
        return rows, len(node_ids)
    rows, count = [], 0
    while count < len(node_ids) and _chars(rows) <= MOST_HELD_CHARS:
        group = [*node_ids[count : count + HELD_BATCH_ROWS]]
        rows += session.all(statement, ids=json.dumps(group))
        count += len(group)
    return rows, count


def _chars(rows: Sequence[Row]) -> int:
    return sum(len(row[-1]) for row in rows)
