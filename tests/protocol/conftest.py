"""The drive in this process, on a store of its own, and the people who use it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from davgate.app import Application
from davgate.core.store import Context, Store
from tests.builders import SettableClock
from tests.protocol.applications import an_application
from tests.protocol.client import Client
from tests.protocol.databases import a_fast_folder

Serve = Callable[..., Application]
"""``serve(store, drive=DriveConfig(...))`` gives an application over a store; keyword arguments are sections of the settings,
and ``dialects`` those of a test, by their mounts."""


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder of the test's own, in memory where that is possible."""
    with a_fast_folder() as folder:
        yield folder


@pytest.fixture
def database_kind(request: pytest.FixtureRequest) -> str:
    """SQLite, unless a test asks for another kind: what the databases do differently is below the drive."""
    return str(getattr(request, "param", "sqlite"))


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Make applications, closed when the test ends."""
    with ExitStack() as stack:

        def application(store: Store, **arguments: Any) -> Application:
            return stack.enter_context(an_application(store, tmp_path, **arguments))

        yield application


@pytest.fixture
def app(serve: Serve, store: Store) -> Application:
    """An application with the default settings."""
    return serve(store)


@pytest.fixture
def statements(store: Store) -> list[str]:
    """The statements executed on connections opened from now on, in their order."""
    seen: list[str] = []

    @event.listens_for(store.database.engine, "connect")
    def trace(connection: sqlite3.Connection, _record: object) -> None:
        connection.set_trace_callback(lambda sql: None if sql.startswith(("BEGIN", "COMMIT", "PRAGMA")) else seen.append(sql))

    store.database.close()
    return seen


@pytest.fixture
def nobody(app: Application, clock: SettableClock) -> Client:
    """Sends requests without a sign-in."""
    return Client(app, clock, None)


@pytest.fixture
def ann(app: Application, clock: SettableClock, ann: Context) -> Client:
    """Sends requests as a user who may do what everybody may."""
    return Client(app, clock, ann)


@pytest.fixture
def bob(app: Application, clock: SettableClock, bob: Context) -> Client:
    """Sends requests as another one."""
    return Client(app, clock, bob)


@pytest.fixture
def root_admin(app: Application, clock: SettableClock, root_admin: Context) -> Client:
    """Sends requests as an administrator."""
    return Client(app, clock, root_admin)
