"""The store that the settings name."""

from __future__ import annotations

from pathlib import Path

import pytest

from davgate.config import Config
from davgate.configured import open_store
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
