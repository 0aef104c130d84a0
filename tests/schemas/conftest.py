"""An application in this process, with a store of its own."""

from __future__ import annotations

import pytest

from davgate.core.store import Store
from tests.protocol.client import Client
from tests.protocol.conftest import ann, app, database_kind, serve, tmp_path
from tests.schemas.requests import CASES, LONG_CASES
from tests.schemas.stock import Stock

__all__ = ["ann", "app", "database_kind", "serve", "tmp_path"]


@pytest.fixture
def stock(store: Store, ann: Client) -> Stock:
    """Objects for requests to be about."""
    return Stock(store, ann)


@pytest.fixture
def cases(request: pytest.FixtureRequest) -> int:
    """How many random requests are made of a dialect."""
    return LONG_CASES if request.config.getoption("--long") else CASES
