"""An invariant of the store as a query that returns a row for each breach, and how a breach is told."""

from __future__ import annotations

import enum

from sqlalchemy import (
    SelectBase,
)

from davgate.model.frozen import frozen
from davgate.storage.statements import Statement


class Subject(enum.Enum):
    """What the first column of a rule's rows identifies."""

    NODE = "node"
    CONTENT = "content"
    STORE = "store"


@frozen
class Rule:
    """An invariant: its code, the query for breaches, and how one is told; ``{1}`` is the second column of the row."""

    code: str
    subject: Subject
    breaches: Statement
    what: str
    advice: str


RESTORE = "Restore the newest backup in which it is whole."
RESTORE_ALL = "Stop the server, restore the newest backup that passes fsck, and report this."
STORE_AGAIN = "Restore the content from a backup into the blob folder, or store the same bytes again."


def rule(
    code: str,
    breaches: SelectBase,
    what: str,
    *,
    subject: Subject = Subject.NODE,
    advice: str = RESTORE,
) -> Rule:
    """Return an invariant about nodes, if nothing else is said."""
    return Rule(code, subject, Statement(breaches), what, advice)
