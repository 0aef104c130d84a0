"""Putting the parts together: the store that the settings name, and its upkeep."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from davgate.app import Upkeep, open_store
from davgate.config import Config
from davgate.core.store import Store
from davgate.storage import schema


@pytest.mark.parametrize("name", ["data", "50% done", "what?", "a#b", "x%20y", "Übersicht"])
def test_data_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    store = open_store(Config(data=folder))
    try:
        schema.prepare(store.database)
        schema.check(store.database)
    finally:
        store.database.close()

    assert (folder / "davgate.sqlite3").stat().st_size > 0
    assert list(tmp_path.iterdir()) == [folder]


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
    upkeep = Upkeep(replace(store, blobs=blobs), pause_seconds=0)

    upkeep.start()
    went_on = blobs.tried_again.wait(30)
    upkeep.stop()

    assert went_on
    assert "A round of upkeep failed" in caplog.text
