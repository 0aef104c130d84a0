"""How connections to SQLite and PostgreSQL are opened and set up."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from sqlalchemy import URL, Engine, create_engine, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection

from davgate.model.errors import StoreUnusable
from davgate.storage.search import text_functions
from davgate.storage.statements import Statement
from davgate.storage.tables import store

WRITERS_PRAGMA: Final = "PRAGMA cache_size=-16384"
"""Writers go over the same pages until they commit; what does not fit is written before."""

BUSY_TIMEOUT_MS: Final = 30_000
"""How long a statement waits for what others have locked in a SQLite file."""

_PRAGMAS = (
    # First, for what follows may have to wait.
    f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}",
    "PRAGMA journal_mode=WAL",
    # A commit is flushed after the next writer was let in, by ``LogFlusher``.
    "PRAGMA synchronous=NORMAL",
    "PRAGMA foreign_keys=ON",
    # The file is not mapped: of a large one that is not in memory yet, each page that is missed would bring its neighbours along,
    # and a document came three times as late.
    # Each reader has its own, and whatever anybody commits empties it; the kernel has the same pages. Of 200,000 documents 16 MiB
    # made nothing faster; of eight readers they are 96 MiB more.
    "PRAGMA cache_size=-4096",
    # A checkpoint writes each page once, however often the log has it: rarer ones write less. 16 MiB of log.
    "PRAGMA wal_autocheckpoint=4000",
)


_TRYING_SECONDS: Final = 3
_CONNECTING: Final = {
    # A server that vanished without a word would else be waited for until TCP gives up, which takes a quarter of an hour.
    "connect_timeout": 5,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
_WAYS_THROUGH_TABLES: Final = ("enable_hashjoin", "enable_mergejoin", "enable_seqscan")
"""What the planner of PostgreSQL does without unless it is told otherwise, as it does without compiling.

It cannot know how little is below a collection, and takes that for a large part of the store: of 200,000 documents a copy of ten
took 150 ms, the whole table read once for each level, and half a second to compile that.
"""
_EACH_STATEMENT_SEES_THE_PRESENT: Final = "SET default_transaction_isolation TO 'read committed'"
"""Whatever the server's default is: a writer that waited for another one has to see what that one committed."""
FREE_PLANNER: Final = "; ".join(f"SET LOCAL {way} TO on" for way in _WAYS_THROUGH_TABLES)
"""Lets it choose freely until the end of the transaction: where much of the store is looked at."""
WRITERS_SETTINGS: Final = {
    # One writes at a time in the whole store: a process that froze, or whose machine is gone, would keep all others out.
    "idle_in_transaction_session_timeout": "10s",
    # Longer than that, so that whoever waits for such a one has its turn; as long as others wait for SQLite.
    "lock_timeout": "30s",
}


END_OF_FROZEN_WRITERS: Final = Statement(
    text(f"""
SELECT pg_terminate_backend(pid) FROM pg_stat_activity JOIN pg_locks USING (pid)
    WHERE datname = current_database() AND usename = current_user AND relation = to_regclass('{store.name}')
    AND mode = 'RowShareLock' AND state = 'active' AND wait_event = 'ClientRead'
    AND query_start < clock_timestamp() - CAST(:patience AS interval)
""")
)
"""Ends writers that sent a part of a batch (``storage.batching``) and nothing since: they are not idle, no timeout ends them."""


def open_sqlite(url: URL, readers: int) -> Engine:
    """Return an engine whose connections any thread may use, and commit when told to, one for each reader and one to write."""
    engine = create_engine(
        _as_it_lies(url),
        connect_args={"check_same_thread": False, "isolation_level": None, "cached_statements": 256},
        pool_size=readers + 1,
        max_overflow=64,
        pool_reset_on_return=None,
    )

    @event.listens_for(engine, "do_connect")
    def _keep_to_ourselves(_dialect: object, _record: object, arguments: list[Any], _options: object) -> None:
        # It has documents, keys and what passwords are checked with. SQLite would let everybody read a file that it makes; the
        # log gets the rights of the file.
        with contextlib.suppress(OSError):
            os.close(os.open(arguments[0], os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: object) -> None:
        for pragma in _PRAGMAS:
            connection.execute(pragma)
        text_functions.register(connection)

    return engine


def _as_it_lies(url: URL) -> URL:
    """Return the address of a file; on a medium that cannot be written, without the log and the locks that are made beside it.

    A log that is there already has what is not in the file yet: then nothing but the usual way will do.
    """
    file = Path(str(url.database))
    if not file.is_file() or os.access(file.parent, os.W_OK) or Path(f"{file}-wal").exists():
        return url
    return url.set(database=f"file:{quote(str(file.absolute()))}", query={"immutable": "1", "uri": "true"})


def open_postgresql(url: URL, readers: int) -> Engine:
    """Return the same for PostgreSQL. What the address itself says of connections counts.

    Raises:
        StoreUnusable: its driver is not installed.
    """
    try:
        engine = create_engine(
            url, connect_args=_arguments(url, _CONNECTING), pool_size=readers + 1, max_overflow=64, pool_reset_on_return=None
        )
    except ModuleNotFoundError as error:
        raise StoreUnusable(
            "This database needs a driver that is not installed. For PostgreSQL, in a clone of davgate:"
            " pip install -c constraints.txt '.[postgres]'."
        ) from error

    @event.listens_for(engine, "connect")
    def _prepare(connection: DBAPIConnection, _record: object) -> None:
        from psycopg.types.numeric import Int8Dumper

        # Else the size of each number chooses its type, and a statement is prepared anew for every mixture of them.
        connection.adapters.register_dumper(int, Int8Dumper)
        off = (f"SET {setting} TO off" for setting in ("jit", *_WAYS_THROUGH_TABLES))
        connection.cursor().execute("; ".join((_EACH_STATEMENT_SEES_THE_PRESENT, *off)))

    return engine


def answers(engine: Engine) -> bool:
    """Tell whether a PostgreSQL server lets a new connection in, or refuses it; false if it does neither within a few seconds."""
    driver = engine.dialect.loaded_dbapi
    given, named = engine.dialect.create_connect_args(engine.url)
    try:
        driver.connect(*given, **named, **_arguments(engine.url, {"connect_timeout": _TRYING_SECONDS})).close()
    except driver.Error as error:
        return not is_silence(error)
    return True


def is_silence(error: Exception) -> bool:
    """Tell whether an error of PostgreSQL's driver says that a server did not answer somebody who wanted to connect."""
    # Of several servers in one address the last one tried gives the error its class, and all of them its text.
    return "connection timeout expired" in str(error)


def _arguments(url: URL, ours: Mapping[str, object]) -> dict[str, object]:
    return {"autocommit": True, **{name: value for name, value in ours.items() if name not in url.query}}
