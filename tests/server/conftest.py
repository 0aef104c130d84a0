import json
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from wsgiref.types import WSGIApplication

import pytest

from davgate.http.server import Server, ServerLimits, TlsFiles, listen
from tests.canary import hear
from tests.certificates import Authority
from tests.server.applications import Recorder
from tests.server.client import Client, TlsClient

QUICK = ServerLimits(linger_timeout=timedelta(seconds=0.1))
"""The default limits, except that a server stops as fast as the shortest of them is checked."""

Start = Callable[..., Callable[[], Client]]


@contextmanager
def starting(files: TlsFiles | None = None, context: ssl.SSLContext | None = None) -> Iterator[Start]:
    """Give what starts servers, under TLS if there are files for it; ``context`` is then what the clients need."""
    with ExitStack() as stack:

        def start_one(application: WSGIApplication, *, threads: int = 2, limits: ServerLimits = QUICK) -> Callable[[], Client]:
            listening = listen("127.0.0.1", 0, limits)
            tls = files.read() if files is not None else None
            server = stack.enter_context(Server(application, listening, threads=threads, limits=limits, tls=tls))
            address = (server.host, server.port)
            return lambda: stack.enter_context(Client(address) if context is None else TlsClient(address, context))

        yield start_one


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The authority that vouches for the servers under test, and for some of their clients."""
    return Authority(tmp_path_factory.mktemp("tls") / "authority")


@pytest.fixture(scope="session")
def tls_files(authority: Authority) -> TlsFiles:
    """What a server needs for TLS."""
    issued = authority.issue()
    return TlsFiles(issued.certificate, issued.private_key)


@pytest.fixture(params=["plain", "tls"])
def start(request: pytest.FixtureRequest) -> Iterator[Start]:
    """``start(application, threads=, limits=)`` serves it until the test ends, and returns what connects to it."""
    if request.param == "plain":
        with starting() as start_one:
            yield start_one
    else:
        authority: Authority = request.getfixturevalue("authority")
        with starting(request.getfixturevalue("tls_files"), authority.client_context()) as start_one:
            yield start_one


@pytest.fixture(scope="module")
def recording() -> Iterator[tuple[Recorder, Callable[[], Client]]]:
    """One server for all tests of a module; ``recorder`` begins each with an empty record."""
    application = Recorder()
    with starting() as start_one:
        yield application, start_one(application)


@pytest.fixture
def recorder(recording: tuple[Recorder, Callable[[], Client]]) -> Recorder:
    """The application behind ``client``, which has been asked nothing yet."""
    recording[0].requests.clear()
    return recording[0]


@pytest.fixture
def client(recording: tuple[Recorder, Callable[[], Client]]) -> Iterator[Client]:
    """A new connection to the server of ``recorder``."""
    with recording[1]() as client:
        yield client


class ServedProcess:
    """A running ``tests.server.served``; ``context`` is what its clients need for TLS."""

    def __init__(self, *arguments: str) -> None:
        self.context: ssl.SSLContext | None = None
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.server.served", *arguments],
            cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._port: int | None = None

    def next_line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().rstrip()

    @property
    def address(self) -> tuple[str, int]:
        if self._port is None:
            word, port = self.next_line().split()
            assert word == "port"
            self._port = int(port)
        return "127.0.0.1", self._port

    def connect(self) -> Client:
        return Client(self.address) if self.context is None else TlsClient(self.address, self.context)

    def usage(self) -> dict[str, float]:
        """Return what the process that answers has used so far."""
        with self.connect() as client:
            found: dict[str, float] = json.loads(client.get().body)
            return found

    def is_accepting(self) -> bool:
        try:
            self.usage()
        except OSError:
            return False
        return True

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def exit_code(self) -> int:
        # As long as a graceful stop may take, and a little more.
        return self.process.wait(60)

    def errors(self) -> str:
        """Return what was written to standard error until the end."""
        assert self.process.stderr is not None
        text = self.process.stderr.read()
        hear("a served process", text)
        return text

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
        hear("a served process", self.process.communicate()[1])


@pytest.fixture
def run() -> Iterator[Callable[..., ServedProcess]]:
    """``run(*arguments)`` starts a server in a process of its own, which ends with the test."""
    with ExitStack() as stack:

        def run_one(*arguments: str) -> ServedProcess:
            served = ServedProcess(*arguments)
            stack.callback(served.end)
            return served

        yield run_one
