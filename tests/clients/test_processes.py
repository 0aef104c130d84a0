"""Several processes over one store: what one has answered is true in the others, and outlives its end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

import pytest

from davgate.core.store import Context, Store
from tests.builders import PASSWORD, SettableClock, a_document, locks_at, members_of
from tests.clients.programs import Curl, Explorer, Program, token_of
from tests.clients.serving import ServerProcess, SharedClock
from tests.clients.test_explorer import CONTENT, copy_in
from tests.clients.test_lock_times import hold_on
from tests.live.drive import Server
from tests.protocol.databases import on_both_databases
from tests.protocol.stored import history
from tests.server.client import Client, Response

P = TypeVar("P", bound=Program)
N = "/dav/n.txt"


class InTurn:
    """Looks like one connection, and sends each request to the next process."""

    def __init__(self, connections: list[Client]) -> None:
        self._turns = cycle(connections)

    def request(self, *arguments: Any, **named: Any) -> None:
        self._current = next(self._turns)
        self._current.request(*arguments, **named)

    def response(self, method: str) -> Response:
        return self._current.response(method)


@pytest.fixture
def clock() -> SettableClock:
    """A clock that the processes share."""
    return SharedClock()


@pytest.fixture
def servers(
    database_url: str, clock: SharedClock, store: Store, ann: Context, bob: Context, tmp_path: Path
) -> Iterator[list[ServerProcess]]:
    """Four processes that serve the same store."""
    with ExitStack() as stack:
        yield [stack.enter_context(ServerProcess(database_url, tmp_path, clock)) for _ in range(4)]


@pytest.fixture
def connections(servers: list[ServerProcess]) -> Iterator[list[Client]]:
    """A connection to each of them."""
    with ExitStack() as stack:
        yield [stack.enter_context(server.connect()) for server in servers]


def in_turn(program: type[P], user: str, connections: list[Client]) -> P:
    """Start a program whose every request goes to another process."""
    return program(cast(Client, InTurn(connections)), user)


@on_both_databases
def test_file_copied_in_through_four_processes_has_one_version(connections: list[Client], store: Store, ann: Context) -> None:
    explorer = in_turn(Explorer, "ann", connections)

    copy_in(explorer, "/dav/report.docx", CONTENT)

    assert [version.content.length_bytes for version in history(store, ann, "/report.docx")] == [len(CONTENT)]
    assert locks_at(store, ann, "/report.docx") == []


@on_both_databases
def test_lock_refreshed_in_one_process_holds_on_in_the_others(
    connections: list[Client], clock: SettableClock, store: Store, ann: Context
) -> None:
    a_document(store, ann, "/n.txt", b"one")

    hold_on(in_turn(Curl, "ann", connections), in_turn(Curl, "bob", connections[1:]), N, clock)


@on_both_databases
def test_process_killed_in_an_upload_leaves_the_old_version_and_the_lock(
    servers: list[ServerProcess], connections: list[Client], store: Store, ann: Context
) -> None:
    a_document(store, ann, "/n.txt", b"one")
    first, dying, third, fourth = connections
    token = token_of(Curl(first, "ann").lock(N))
    upload = Curl(dying, "ann")

    upload.begin("PUT", N, f"If: (<{token}>)", "Content-Length: 50000000", body=bytes(25_000_000))
    new_file = Curl(servers[1].connect(), "ann")
    new_file.begin("PUT", "/dav/new.bin", "Content-Length: 50000000", body=bytes(25_000_000))
    servers[1].kill()
    new_file.connection.close()

    assert Curl(third, "bob").get(N).body == b"one"
    assert members_of(store, ann, "/") == ["n.txt"]
    assert [version.no for version in history(store, ann, "/n.txt")] == [1]
    assert Curl(third, "bob").put(N, b"bob").status == 423
    assert Curl(fourth, "ann").put(N, b"two", f"If: (<{token}>)").status == 204
    assert Curl(first, "bob").get(N).body == b"two"


def test_workers_of_one_server_answer_as_one(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", "ann", PASSWORD, {"DAVGATE_SERVER_WORKERS": "4"})
    address = urlsplit(server.drive.url)
    assert address.hostname and address.port
    try:
        server.start()
        with ExitStack() as stack:
            # The kernel hands a new connection to whichever worker takes it first.
            connections = [stack.enter_context(Client((address.hostname, address.port))) for _ in range(16)]
            explorer = in_turn(Explorer, "ann", connections)
            for number in range(10):
                copy_in(explorer, f"/dav/{number}.bin", CONTENT)
            token = token_of(explorer.lock("/dav/0.bin"))
            assert [explorer.put("/dav/0.bin", b"x").status for _ in connections] == [423] * len(connections)
            assert explorer.unlock("/dav/0.bin", token).status == 204
        server.stop()
        server.command("fsck", "--read-data").succeeded()
    finally:
        server.kill()
    assert not re.search(r"ERROR|CRITICAL|Traceback", server.said())
