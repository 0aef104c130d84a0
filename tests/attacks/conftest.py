"""A house for all tests of a module: what changes it puts it back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attacks.house import House, a_house
from tests.builders import SettableClock
from tests.protocol.databases import a_fast_folder


@pytest.fixture(scope="module")
def whole_house(prepared_sqlite: Path) -> Iterator[House]:
    """One house for a module."""
    with a_fast_folder() as folder, a_house(prepared_sqlite, folder, SettableClock()) as house:
        yield house


@pytest.fixture
def house(whole_house: House) -> House:
    """The house at its beginning, before anything failed in it."""
    whole_house.begin_anew()
    whole_house.failures.clear()
    return whole_house
