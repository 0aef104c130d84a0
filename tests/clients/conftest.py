"""A server on a socket of this machine, over a store of its own with a set clock, and the programs that connect to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from davgate.core.store import Context, Store
from davgate.http.server import Server, ServerLimits, listen
from tests.clients.programs import Program
from tests.protocol.applications import an_application
from tests.protocol.databases import a_fast_folder
from tests.server.client import Client

P = TypeVar("P", bound=Program)
Run = Callable[[type[P], str], P]
"""``run(Explorer, "ann")`` starts a program on a connection of its own."""

LIMITS = ServerLimits(linger_timeout=timedelta(seconds=0.1))
"""The default limits, except that a server stops as fast as the shortest of them is checked."""


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder of the test's own, in memory where that is possible."""
    with a_fast_folder() as folder:
        yield folder


@pytest.fixture
def database_kind(request: pytest.FixtureRequest) -> str:
    """SQLite, unless a test asks for another kind."""
    return str(getattr(request, "param", "sqlite"))


@pytest.fixture
def connect(store: Store, ann: Context, bob: Context, tmp_path: Path) -> Iterator[Callable[[], Client]]:
    """Open connections to a server of two users; all are closed when the test ends."""
    with (
        an_application(store, tmp_path) as application,
        Server(application, listen("127.0.0.1", 0, LIMITS), limits=LIMITS) as server,
        ExitStack() as connections,
    ):
        yield lambda: connections.enter_context(Client((server.host, server.port)))


@pytest.fixture
def run(connect: Callable[[], Client]) -> Run[Program]:
    """Start programs."""
    return lambda program, user: program(connect(), user)
