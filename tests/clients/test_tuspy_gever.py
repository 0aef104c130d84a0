"""tuspy uploads through GEVER over real connections: cut anywhere, refused and gone on with, across restarts and processes."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
import requests
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError, TusUploadFailed
from tusclient.uploader import Uploader

from davgate.core.store import Context, Store
from davgate.http.server import Server, listen
from tests.builders import SettableClock, content_of, findings, opened_store
from tests.clients.conftest import LIMITS
from tests.clients.cutting import Cutter
from tests.clients.serving import ServerProcess, SharedClock
from tests.clients.test_tuspy import patiently
from tests.protocol.applications import an_application
from tests.protocol.client import basic
from tests.protocol.gever import MOUNT

CONTENT: Final = random.Random(11).randbytes(400_000)
SMALL: Final = b"small file"
CUTS: Final = 12
THREADS: Final = 40

Serve = Callable[[], str]
"""Starts a server and gives the address of GEVER there."""


class User:
    """Somebody who uses GEVER from a script."""

    def __init__(self, base: str, name: str = "ann") -> None:
        self.base = base
        self._headers = {"Authorization": basic(name), "Accept": "application/json"}

    def ask(self, method: str, url: str, **arguments: Any) -> requests.Response:
        """Send a request that succeeds."""
        response = requests.request(method, url, headers=self._headers, timeout=30, **arguments)
        assert response.ok, (response.status_code, response.text)
        return response

    def dossier(self) -> str:
        """Make a dossier and return its address."""
        fields = {"@type": "opengever.dossier.businesscasedossier", "title": "Akten"}
        return self.ask("POST", self.base, json=fields).headers["location"]

    def document(self, dossier: str) -> str:
        """Make a document with a file and return its address."""
        file = {"data": "alpha v0", "filename": "alpha.txt", "content-type": "text/plain"}
        fields = {"@type": "opengever.document.document", "title": "Alpha", "file": file}
        return self.ask("POST", dossier, json=fields).headers["location"]

    def file(self, document: str) -> bytes:
        """Return the file of a document."""
        return self.ask("GET", self.ask("GET", document).json()["file"]["download"]).content

    def begin(self, target: str, content: bytes, **settings: Any) -> Uploader:
        """Begin an upload."""
        client = TusClient(target, headers=self._headers)
        metadata = {"filename": "Gross.bin", "content-type": "application/x-own"}
        uploader = client.uploader(file_stream=io.BytesIO(content), metadata=metadata, **settings)
        uploader.set_url(uploader.create_url())
        return uploader


def at(url: str, address: str) -> str:
    """Return the same address as another server, or a network before it, has it."""
    return f"http://{address}/{url.split('/', 3)[3]}"


def resume(uploader: Uploader) -> int:
    """Upload, going on after each failure where the server says; return how often that was."""
    resumed = 0
    while True:
        try:
            uploader.upload()
            return resumed
        except (TusCommunicationError, TusUploadFailed):
            resumed += 1
            assert resumed < 200, "it does not get on"
            uploader.offset = patiently(uploader.get_offset)


def refusal_of(uploader: Uploader) -> int:
    """Return the status with which the next part is refused."""
    with pytest.raises((TusCommunicationError, TusUploadFailed)) as refused:
        uploader.upload_chunk()
    return refused.value.status_code


@pytest.fixture
def clock() -> SettableClock:
    """A clock that processes can share."""
    return SharedClock()


@pytest.fixture
def serve(store: Store, ann: Context, database_url: str, tmp_path: Path) -> Iterator[Serve]:
    """Start servers, nodes over one database and one folder of contents."""
    with ExitStack() as running:

        def start() -> str:
            node = running.enter_context(opened_store(database_url, tmp_path, store.clock))
            application = running.enter_context(an_application(node, tmp_path))
            server = running.enter_context(Server(application, listen("127.0.0.1", 0, LIMITS), threads=THREADS, limits=LIMITS))
            return f"{server.host}:{server.port}"

        yield start


@pytest.fixture
def user(serve: Serve) -> User:
    """Ann at a server."""
    return User(f"http://{serve()}{MOUNT}")


def upload_to(user: User, kind: str) -> tuple[str, str]:
    """Return the address for an upload, and where the file will be on the drive."""
    dossier = user.dossier()
    if kind == "new":
        return f"{dossier}/@tus-upload", "/Akten/Gross.bin"
    document = user.document(dossier)
    user.ask("POST", f"{document}/@checkout")
    user.ask("POST", f"{document}/@lock")
    return f"{document}/@tus-replace", "/Akten/Alpha.txt"


@pytest.mark.parametrize("kind", ["new", "replacement"])
@pytest.mark.parametrize("with_checksums", [False, True])
def test_upload_cut_at_random_offsets_arrives_whole(
    user: User, store: Store, ann: Context, kind: str, *, with_checksums: bool
) -> None:
    target, place = upload_to(user, kind)
    chance = random.Random(f"{kind} {with_checksums}")
    host, port = target.split("/")[2].split(":")

    def allowance(number: int) -> int | None:
        return chance.randrange(1, 90_000) if number < CUTS else None

    uploader = user.begin(target, CONTENT, chunk_size=35_000 if with_checksums else 1 << 30, upload_checksum=with_checksums)
    with Cutter(lambda number: (host, int(port)), allowance) as network:
        uploader.set_url(at(uploader.url, network.address))
        resumed = resume(uploader)

    assert resumed > 0
    assert content_of(store, ann, place) == CONTENT
    assert [finding for finding in findings(store) if finding.code != "blob-orphan"] == []


def test_small_file_is_resumed_at_every_offset(user: User) -> None:
    dossier = user.dossier()

    for cut in range(len(SMALL) + 1):
        started = user.begin(f"{dossier}/@tus-upload", SMALL, chunk_size=cut or 1)
        if cut and cut < len(SMALL):
            started.upload_chunk()
            assert started.get_offset() == cut
        document = finish(started, SMALL)

        assert user.file(document) == SMALL


def finish(uploader: Uploader, content: bytes) -> str:
    """Send all that is missing with one request; return the address of the document."""
    offset = uploader.get_offset()
    headers = {**uploader.get_headers(), "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
    response = requests.patch(uploader.url, data=content[offset:], headers=headers, timeout=30)
    assert (response.status_code, response.headers["Upload-Offset"]) == (204, str(len(content)))
    return response.headers["Location"]


def test_part_at_a_wrong_offset_changes_nothing(user: User) -> None:
    uploader = user.begin(f"{user.dossier()}/@tus-upload", SMALL, chunk_size=4)
    uploader.upload_chunk()
    uploader.offset = 2

    assert refusal_of(uploader) == 409

    uploader.offset = uploader.get_offset()
    assert uploader.offset == 4
    assert resume(uploader) == 0


def test_part_with_a_wrong_checksum_changes_nothing(user: User) -> None:
    uploader = user.begin(f"{user.dossier()}/@tus-upload", SMALL, chunk_size=4)
    headers = {**uploader.get_headers(), "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    wrong = {**headers, "Upload-Checksum": "sha1 AAAAAAAAAAAAAAAAAAAAAAAAAAA="}

    response = requests.patch(uploader.url, data=SMALL[:4], headers=wrong, timeout=30)

    assert (response.status_code, response.reason) == (460, "Checksum Mismatch")
    assert uploader.get_offset() == 0


@pytest.mark.parametrize("end", ["expired", "terminated"])
def test_upload_that_has_ended_is_not_gone_on_with(user: User, clock: SettableClock, end: str) -> None:
    uploader = user.begin(f"{user.dossier()}/@tus-upload", SMALL, chunk_size=4)
    uploader.upload_chunk()

    if end == "expired":
        clock.advance(timedelta(hours=1))
    else:
        requests.delete(uploader.url, headers=uploader.get_headers(), timeout=30).raise_for_status()

    assert refusal_of(uploader) == 404
    with pytest.raises(TusCommunicationError):
        uploader.get_offset()


def test_replacement_whose_check_out_ends_midway_goes_on_when_it_is_taken_again(user: User) -> None:
    document = user.document(user.dossier())
    user.ask("POST", f"{document}/@checkout")
    uploader = user.begin(f"{document}/@tus-replace", SMALL, chunk_size=4)
    uploader.upload_chunk()
    user.ask("POST", f"{document}/@cancelcheckout")

    assert refusal_of(uploader) == 403
    assert user.file(document) == b"alpha v0"

    user.ask("POST", f"{document}/@checkout")
    uploader.offset = uploader.get_offset()
    assert (uploader.offset, resume(uploader)) == (4, 0)
    user.ask("POST", f"{document}/@checkin")
    assert user.file(document) == SMALL


# Processes


@pytest.mark.parametrize("kind", ["new", "replacement"])
@pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)
def test_upload_outlives_a_killed_server(
    database_url: str, clock: SharedClock, store: Store, ann: Context, tmp_path: Path, kind: str
) -> None:
    with ServerProcess(database_url, tmp_path, clock) as first:
        target, place = upload_to(User(f"http://{first.address}{MOUNT}"), kind)
        uploader = User(target).begin(target, CONTENT, chunk_size=150_000)
        uploader.upload_chunk()
        first.kill()
    with ServerProcess(database_url, tmp_path, clock) as second:
        uploader.set_url(at(uploader.url, second.address))
        uploader.offset = uploader.get_offset()

        assert (uploader.offset, resume(uploader)) == (150_000, 0)

    assert content_of(store, ann, place) == CONTENT
    assert findings(store) == []


@pytest.mark.parametrize("kind", ["new", "replacement"])
@pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)
def test_parts_of_an_upload_may_go_to_two_processes_in_turn(
    database_url: str, clock: SharedClock, store: Store, ann: Context, tmp_path: Path, kind: str
) -> None:
    with ServerProcess(database_url, tmp_path, clock) as one, ServerProcess(database_url, tmp_path, clock) as other:
        target, place = upload_to(User(f"http://{one.address}{MOUNT}"), kind)
        uploader = User(target).begin(target, CONTENT, chunk_size=60_000)
        addresses = [other.address, one.address]
        while uploader.offset < len(CONTENT):
            uploader.set_url(at(uploader.url, addresses[0]))
            assert uploader.get_offset() == uploader.offset
            uploader.upload_chunk()
            addresses.reverse()

    assert content_of(store, ann, place) == CONTENT
    assert findings(store) == []
