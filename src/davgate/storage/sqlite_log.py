"""SQLite's log, the file beside the database that ends with ``-wal``: emptying it, and keeping it from growing without end.

SQLite writes it back with the commits, and begins it anew when nobody reads from it at such a moment. Where readers come one upon
the other there is none: with a few programs that list large folders all day, each save made it longer, and a long log makes all
reads slower.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy import text

from davgate.storage.database import Database
from davgate.storage.engines import BUSY_TIMEOUT_MS
from davgate.storage.statements import Statement

LONG_BYTES: Final = 64 << 20
"""From here on it is emptied as soon as that can be; as a rule it has a quarter of this."""
_READERS_TIME_MS: Final = 1000
"""How long readers are waited for; nobody can save meanwhile."""

_WRITE_BACK = Statement(text("PRAGMA wal_checkpoint(PASSIVE)"))
_EMPTY = Statement(text("PRAGMA wal_checkpoint(TRUNCATE)"))
_WAIT_SHORTLY, _WAIT_AS_EVER = (Statement(text(f"PRAGMA busy_timeout={ms}")) for ms in (_READERS_TIME_MS, BUSY_TIMEOUT_MS))


def is_long(database: Database) -> bool:
    """Tell whether the log is far longer than it has to be. PostgreSQL looks after its own."""
    if not database.is_sqlite:
        return False
    try:
        return Path(f"{database.url.database}-wal").stat().st_size > LONG_BYTES
    except FileNotFoundError:
        return False


def empty(database: Database) -> bool:
    """Write the log back and cut it; tell whether no reader was in the way.

    SQLite keeps all writers out while it waits for readers, and a check of a large store reads for minutes.
    """
    if not database.is_sqlite:
        return True
    with database.read() as session:
        # Each answers with a row, which has to be read. Most of it can be written back while others write.
        session.all(_WRITE_BACK)
        session.all(_WAIT_SHORTLY)
        try:
            # In turn with the writers: in so short a time nobody could be sure to get past them.
            with database.alone():
                row = session.first(_EMPTY)
        finally:
            session.all(_WAIT_AS_EVER)
    return row is not None and row[0] == 0
