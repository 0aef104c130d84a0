"""The server is killed and started again between each request and the next: a save goes on as if nothing had happened."""

from __future__ import annotations

import base64
from datetime import timedelta
from pathlib import Path

import pytest
from tests.builders import PASSWORD, a_document, content_of, findings, locks_at, members_of, node_at, path, read
from tests.clients.serving import ServerProcess, SharedClock
from tests.protocol.databases import on_both_databases
from tests.protocol.test_save_dances import SAVES
from tests.protocol.transcripts import play
from tests.server.client import Response

from davgate.core import upkeep, versioning
from davgate.core.store import Context, Store

SHORT = ("b2-lock-put", "b6-vim")
N = "/f/N.docx"


class Restarting:
    """Sends each request to a server of its own, which is killed as soon as it has answered."""

    def __init__(self, url: str, folder: Path, clock: SharedClock, user: str) -> None:
        self._server = (url, folder, clock)
        self._sign_in = "Authorization: Basic " + base64.b64encode(f"{user}:{PASSWORD}".encode()).decode()
        self.kills = 0

    def __call__(self, method: str, target: str, body: bytes | str = b"", **headers: str) -> Response:
        content = body.encode() if isinstance(body, str) else body
        headers["content_length"] = str(len(content))
        fields = [f"{name.rstrip('_').replace('_', '-').title()}: {value}" for name, value in headers.items()]
        with ServerProcess(*self._server) as server, server.connect() as connection:
            connection.request(method, target, self._sign_in, *fields, body=content)
            answer = connection.response(method)
            server.kill()
        self.kills += 1
        return answer


@pytest.fixture
def clock() -> SharedClock:
    """A clock that the processes share."""
    return SharedClock()


@pytest.fixture
def restarting(database_url: str, store: Store, ann: Context, clock: SharedClock, tmp_path: Path) -> Restarting:
    """Requests of a user, each to another process."""
    return Restarting(database_url, tmp_path, clock, "ann")


def contents(store: Store, ctx: Context, where: str) -> list[bytes]:
    """Return the contents of all versions."""
    _, versions = versioning.history(store, ctx, path(where))
    return [read(versioning.open_version(store, ctx, path(where), version.no)[2]) for version in versions]


def check_save(store: Store, ann: Context, restarting: Restarting, name: str) -> None:
    a_document(store, ann, N, b"one")
    identity = node_at(store, ann, N).uuid

    play(restarting, SAVES[name])

    assert restarting.kills == len([line for line in SAVES[name].splitlines() if line.strip()])
    assert node_at(store, ann, N).uuid == identity
    assert contents(store, ann, N) == [b"one", b"two"]
    assert members_of(store, ann, "/f") == ["N.docx"]
    assert locks_at(store, ann, N) == []
    assert findings(store) == []


@on_both_databases
@pytest.mark.parametrize("name", SHORT)
def test_save_survives_a_kill_after_every_request(store: Store, ann: Context, restarting: Restarting, name: str) -> None:
    check_save(store, ann, restarting, name)


@pytest.mark.long
@on_both_databases
@pytest.mark.parametrize("name", [name for name in SAVES if name not in SHORT])
def test_any_save_survives_a_kill_after_every_request(store: Store, ann: Context, restarting: Restarting, name: str) -> None:
    check_save(store, ann, restarting, name)


def test_edit_session_survives_kills_and_the_end_of_its_lock(
    store: Store, ann: Context, restarting: Restarting, clock: SharedClock
) -> None:
    a_document(store, ann, N, b"one")
    tokens = play(restarting, "LOCK /f/N.docx timeout=Second-600 : 200 = n\nPUT /f/N.docx two {n} : 204")
    clock.advance(timedelta(minutes=9))
    play(restarting, "PUT /f/N.docx three {n} : 204", tokens)
    clock.advance(timedelta(minutes=2))
    # The lock has run out and is revived; what was written under it before stays sealed.
    play(restarting, "PUT /f/N.docx four {n} : 204\nUNLOCK /f/N.docx {n} : 204", tokens)

    assert contents(store, ann, N) == [b"one", b"three", b"four"]
    assert findings(store) == []


def test_check_out_survives_kills(store: Store, ann: Context, restarting: Restarting) -> None:
    a_document(store, ann, N, b"one")

    play(
        restarting,
        """
        CHECKOUT /f/N.docx : 200
        LOCK /f/N.docx : 200 = n
        PUT /f/N.docx two {n} : 204
        UNLOCK /f/N.docx {n} : 204
        CHECKIN /f/N.docx : 201
        """,
    )

    assert contents(store, ann, N) == [b"one", b"two"]
    assert findings(store) == []


def test_program_that_dies_with_the_server_gets_its_document_back(
    store: Store, ann: Context, restarting: Restarting, clock: SharedClock
) -> None:
    a_document(store, ann, N, b"one")
    play(restarting, "PUT /f/~WRD0000.tmp two : 201\nMOVE /f/N.docx -> /f/~WRL0001.tmp : 201")
    clock.advance(timedelta(minutes=3))
    upkeep.tidy(store)

    assert content_of(store, ann, N) == b"one"
    assert contents(store, ann, N) == [b"one"]
    assert members_of(store, ann, "/f") == ["N.docx", "~WRD0000.tmp"]
    assert findings(store) == []
