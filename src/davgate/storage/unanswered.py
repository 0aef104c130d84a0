"""Whether a commit came about that PostgreSQL did not answer, because the way to it broke meanwhile.

To refuse what was committed would be wrong: who then repeats it finds a conflict, or does it twice.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, select

from davgate.model.errors import DavgateError
from davgate.storage.engines import WRITERS_SETTINGS
from davgate.storage.statements import Statement
from davgate.storage.tables import audit, store

if TYPE_CHECKING:
    from davgate.storage.transactions import Session

BEGIN_LOOK: Final = f"BEGIN; SET LOCAL lock_timeout = '{WRITERS_SETTINGS['lock_timeout']}'"
"""How the session begins that looks."""

_WAIT = Statement(select(store.c.id).where(store.c.id == 1).with_for_update())
_HASH = Statement(select(audit.c.hash).where(audit.c.id == bindparam("id")))


def came_about(look: Callable[[], Session], audit_id: int, audit_hash: bytes) -> bool:
    """Tell whether the transaction was committed whose last audit row has this number and hash, which no other has.

    Waits for its end. False, too, where that cannot be found out now. ``look`` begins a session with ``BEGIN_LOOK``.
    """
    # What broke one connection mostly broke them all: the first look may meet one that is idle, and ends them.
    for _ in range(2):
        with contextlib.suppress(DavgateError), look() as session:
            session.all(_WAIT)
            return session.first(_HASH, id=audit_id) == (audit_hash,)
    return False
