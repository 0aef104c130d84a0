"""GEVER against its own OpenAPI document."""

from __future__ import annotations

from urllib.parse import quote

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
    parameters = {
        "path": lambda thing: "/".join(quote(segment) for segment in thing.address),
        "version": lambda thing: "1",
        "id": lambda thing: "ann",
    }
    return Aim(Stock(store, Client(app, clock, ann)), parameters)


@pytest.fixture
def gever(app: Application, ann: Context, request: pytest.FixtureRequest) -> BaseSchema:
    return schema_of(app, "/gever", ann.principal.name, LONG_CASES if request.config.getoption("--long") else CASES)


def test_x(gever, aim):
    from tests.schemas.requests import run
    run(gever, aim)
