"""OKD against its own OpenAPI document."""

from __future__ import annotations

import pytest
import schemathesis
from schemathesis import Case
from schemathesis.schemas import BaseSchema

from davgate.app import Application
from davgate.core.store import Context, Store
from tests.builders import SettableClock
from tests.protocol.client import Client
from tests.schemas.requests import CASES, LONG_CASES, Aim, schema_of
from tests.schemas.stock import Stock


@pytest.fixture
def aim(app: Application, store: Store, clock: SettableClock, ann: Context) -> Aim:
    return Aim(Stock(store, Client(app, clock, ann)), {"id": lambda thing: thing.uuid})


@pytest.fixture
def okd(app: Application, ann: Context, request: pytest.FixtureRequest) -> BaseSchema:
    return schema_of(app, "/okd/v1", ann.principal.name, LONG_CASES if request.config.getoption("--long") else CASES)


def test_x(okd, aim):
    from tests.schemas.requests import run
    run(okd, aim)
