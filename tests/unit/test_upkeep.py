"""The upkeep: what cannot be done holds up nothing else."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
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


class _FailingSweep:
    """Blobs whose sweep fails in a way that nobody foresaw, and tells when it has been tried twice."""

    def __init__(self, blobs: Any) -> None:
        self._blobs = blobs
        self._tries = 0
        self.tried_again = threading.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._blobs, name)

    def sweep_staging(self, before: object) -> int:
        self._tries += 1
        if self._tries > 1:
            self.tried_again.set()
        raise RuntimeError("nobody foresaw this")


def test_upkeep_goes_on_after_a_round_that_failed(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    blobs = _FailingSweep(store.blobs)
    thread = upkeep.Upkeep(replace(store, blobs=blobs), pause_seconds=0)

    thread.start()
    went_on = blobs.tried_again.wait(30)
    thread.stop()

    assert went_on
    assert "A round of upkeep failed" in caplog.text
