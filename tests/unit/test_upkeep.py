"""The upkeep: what cannot be done holds up nothing else."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text
from tests.builders import SettableClock, a_lock, put

from davgate.core import upkeep
from davgate.core.store import Context, Store
from davgate.storage.statements import Statement


def test_what_the_database_refuses_is_put_off_and_the_rest_is_done(store: Store, ann: Context, clock: SettableClock) -> None:
    for name in ("/a.txt", "/b.txt"):
        put(store, ann, name, b"")
    a_lock(store, ann, "/")
    with store.database.write() as tx:
        # As damage does, it lets a statement fail with another error than when the database is away.
        tx.run(Statement(text("CREATE UNIQUE INDEX each_content_once ON version (digest)")))
        tx.commit()
    clock.advance(timedelta(days=3))

    assert upkeep.tidy(store).locks == 1
