"""tuspy, a client of TUS, uploads over real connections: whole, in chunks, cut anywhere, through one server and another."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError, TusUploadFailed

from davgate.core.store import Context, Store
from davgate.http.server import Server, listen
from tests.builders import content_of, findings, opened_store
from tests.clients.conftest import LIMITS
from tests.clients.cutting import Cutter
from tests.protocol.applications import an_application
from tests.protocol.client import basic
from tests.protocol.test_tus import DIALECT, MOUNT, UPLOADS

CONTENT: Final = random.Random(7).randbytes(700_000)
THREADS: Final = 40
"""A connection of which nobody says that it is dead keeps one for a while."""
CUTS: Final = 30

Serve = Callable[[], Server]


@pytest.fixture
def serve(store: Store, ann: Context, database_url: str, tmp_path: Path) -> Iterator[Serve]:
    """Start servers, nodes over one database and one folder of contents."""
    with ExitStack() as running:

        def start() -> Server:
            node = running.enter_context(opened_store(database_url, tmp_path, store.clock))
            application = running.enter_context(an_application(node, tmp_path, {MOUNT: DIALECT}))
            listening = listen("127.0.0.1", 0, LIMITS)
            return running.enter_context(Server(application, listening, threads=THREADS, limits=LIMITS))

        yield start


def client_of(address: str) -> TusClient:
    return TusClient(f"http://{address}{UPLOADS}", headers={"Authorization": basic("ann")})


def upload(address: str, content: bytes, chunk: int, *, with_checksums: bool = False) -> int:
    """Upload, going on after each cut where the server says; return how often that was."""
    client = client_of(address)
    settings = {"chunk_size": chunk, "upload_checksum": with_checksums, "metadata": {"filename": "up.bin"}}
    uploader = client.uploader(file_stream=io.BytesIO(content), **settings)
    uploader.set_url(uploader.create_url())
    resumed = 0
    while True:
        try:
            uploader.upload()
            return resumed
        except (TusCommunicationError, TusUploadFailed):
            resumed += 1
            assert resumed < 500, "it does not get on"
            uploader.offset = patiently(uploader.get_offset)


def patiently(ask: Callable[[], int]) -> int:
    """Ask until the answer comes through."""
    for _ in range(20):
        try:
            return ask()
        except TusCommunicationError:
            continue
    raise AssertionError("no answer comes through")


@pytest.mark.parametrize("chunk", [1 << 40, 100_001, 1 << 16])
@pytest.mark.parametrize("with_checksums", [False, True])
def test_file_arrives_whole(store: Store, ann: Context, serve: Serve, chunk: int, with_checksums: bool) -> None:
    server = serve()

    assert upload(f"{server.host}:{server.port}", CONTENT, chunk, with_checksums=with_checksums) == 0

    assert content_of(store, ann, "up.bin") == CONTENT
    assert findings(store) == []


@pytest.mark.parametrize("is_silent", [False, True], ids=["cut", "silent"])
@pytest.mark.parametrize("nodes", [1, 2])
@pytest.mark.parametrize(("chunk", "with_checksums"), [(1 << 40, False), (150_000, False), (40_000, True)])
@pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)
def test_file_that_is_cut_again_and_again_arrives_whole(
    store: Store, ann: Context, serve: Serve, nodes: int, is_silent: bool, chunk: int, with_checksums: bool
) -> None:
    servers = [serve() for _ in range(nodes)]
    chance = random.Random(nodes * 1000 + chunk % 999)

    def route(number: int) -> tuple[str, int]:
        server = servers[number % nodes]
        return server.host, server.port

    def allowance(number: int) -> int | None:
        return chance.randrange(1, 120_000) if number < CUTS else None

    with Cutter(route, allowance, is_silent=is_silent) as network:
        resumed = upload(network.address, CONTENT, chunk, with_checksums=with_checksums)

    assert resumed > 0
    assert content_of(store, ann, "up.bin") == CONTENT
    assert [finding for finding in findings(store) if finding.code != "blob-orphan"] == []


def test_client_that_goes_on_after_its_last_part_was_refused_leaves_a_document(store: Store, ann: Context, serve: Serve) -> None:
    server = serve()
    client = client_of(f"{server.host}:{server.port}")
    settings = {"chunk_size": 1 << 40, "metadata": {"filename": "up.bin"}}
    refused = client.uploader(file_stream=io.BytesIO(CONTENT), **settings)
    refused.set_url(refused.create_url())
    client.set_headers({"X-Refuse-At-Last": "yes"})
    with pytest.raises((TusCommunicationError, TusUploadFailed)):
        refused.upload()
    del client.headers["X-Refuse-At-Last"]

    client.uploader(file_stream=io.BytesIO(CONTENT), url=refused.url, **settings).upload()

    assert content_of(store, ann, "up.bin") == CONTENT
    assert findings(store) == []
