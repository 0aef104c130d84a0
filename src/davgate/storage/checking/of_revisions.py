"""What holds at every moment of revisions, and of the numbers that they share with everything else; see ``invariants``."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from sqlalchemy import Column, func, literal, or_, select

from davgate.storage.checking.invariant import RESTORE_ALL, Rule, Subject, rule
from davgate.storage.object_tables import revision, temporary_file, type_number
from davgate.storage.tables import node

NUMBERED: tuple[Column[int], ...] = (node.c.id, revision.c.id, type_number.c.id, temporary_file.c.id)
"""Every column of numbers that come from the counter of inner ids."""


def _rules() -> Iterator[Rule]:
    yield rule(
        "revision-gap",
        select(revision.c.document_id, func.count(), func.min(revision.c.no), func.max(revision.c.no))
        .group_by(revision.c.document_id)
        .having(or_(func.min(revision.c.no) != 1, func.max(revision.c.no) != func.count())),
        "its revisions should be 1 to {1}, and are from {2} to {3}",
    )
    line = select(
        revision.c.document_id,
        revision.c.no,
        revision.c.first_no,
        func.lag(revision.c.first_no, 1, 1).over(partition_by=revision.c.document_id, order_by=revision.c.no).label("before"),
    ).subquery()
    yield rule(
        "revision-version",
        select(line.c.document_id, line.c.no, line.c.first_no)
        .join_from(line, node, node.c.id == line.c.document_id)
        .where(or_(line.c.first_no <= line.c.before, line.c.first_no > node.c.version_no)),
        "revision {1} is said to begin with version {2}, which was not given yet or belongs to an earlier one",
    )
    for one, other in combinations(NUMBERED, 2):
        yield rule(
            "number-twice",
            select(literal(0), one).join_from(one.table, other.table, one == other),
            f"a row of {one.table.description} and one of {other.table.description} have the same number, {{1}}",
            subject=Subject.STORE,
            advice=RESTORE_ALL,
        )


RULES_OF_REVISIONS: tuple[Rule, ...] = tuple(_rules())
"""What is checked of revisions and numbers."""
