"""Failed sign-ins of the last minutes: rows."""

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, delete, func, insert, select

from davgate.model.instant import Instant
from davgate.storage.sign_in_tables import sign_in_failure
from davgate.storage.statements import Statement
from davgate.storage.transactions import Session, Transaction

MOST_ROWS: Final = 100_000
"""Failures that are kept at most, however many names somebody tries."""

_LATEST = Statement(
    select(sign_in_failure.c.failed_at)
    .where(
        sign_in_failure.c.name == bindparam("name"),
        sign_in_failure.c.client == bindparam("client"),
        sign_in_failure.c.failed_at > bindparam("since"),
    )
    .order_by(sign_in_failure.c.failed_at.desc())
    .limit(bindparam("most"))
)


def latest(session: Session, name: str, client: str, since: Instant, most: int) -> list[Instant]:
    """Return when sign-ins of a name from an address failed, the latest first, as many as asked for at most."""
    return [Instant(row[0]) for row in session.all(_LATEST, name=name, client=client, since=since, most=most)]


# Both ends of the primary key are found at once, where counting would read every row.
_ENDS = Statement(
    select(
        select(func.min(sign_in_failure.c.id)).scalar_subquery(),
        select(func.max(sign_in_failure.c.id)).scalar_subquery(),
    )
)
_ADD = Statement(
    insert(sign_in_failure).values(
        id=bindparam("id"), name=bindparam("name"), client=bindparam("client"), failed_at=bindparam("failed_at")
    )
)


def add(tx: Transaction, name: str, client: str) -> bool:
    """Store a failure of now; tell whether there was room for it."""
    first, last = tx.all(_ENDS)[0]
    if first is not None and last - first + 1 >= MOST_ROWS:
        return False
    tx.run(_ADD, id=1 if last is None else last + 1, name=name, client=client, failed_at=tx.now)
    return True


_FORGET = Statement(delete(sign_in_failure).where(sign_in_failure.c.failed_at <= bindparam("before")))


def forget_before(tx: Transaction, before: Instant) -> int:
    """Drop what failed so long ago that it does not count any more; return how many there were."""
    return tx.changed(_FORGET, before=before)
