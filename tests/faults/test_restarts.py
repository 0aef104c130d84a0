"""The server is killed and started again between each request and the next: a save goes on as if nothing had happened."""

from __future__ import annotations

import base64
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote

import pytest
from tests.builders import PASSWORD, a_document, all_versions, content_of, findings, locks_at, members_of, node_at, path, read
from tests.clients.serving import ServerProcess, SharedClock
from tests.live.drive import Answer, Drive, Server
from tests.protocol.client import SET_AUTHOR
from tests.protocol.databases import a_fast_folder, on_both_databases
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
    versions = all_versions(store, ctx, path(where))
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


# The installed program, as people run it

CALM, KILLED = "calm", "killed"
SHORTEST = "lock-refresh-save-unlock"
SESSIONS: Mapping[str, tuple[str, dict[str, list[bytes]]]] = {
    SHORTEST: (
        """
        LOCK /f/N.docx timeout=Second-600 : 200 = n
        LOCK /f/N.docx {n} timeout=Second-600 : 200
        PUT /f/N.docx two {n} : 204
        UNLOCK /f/N.docx {n} : 204
        """,
        {"N.docx": [b"one", b"two"]},
    ),
    "libreoffice": (
        """
        OPTIONS /f/N.docx : 200
        PROPFIND /f/N.docx depth=0 : 207
        LOCK /f/N.docx timeout=Second-180 : 200 = n
        GET /f/N.docx : 200
        LOCK /f/N.docx {n} timeout=Second-180 : 200
        PUT /f/N.docx two {n} : 204
        LOCK /f/N.docx {n} timeout=Second-180 : 200
        PUT /f/N.docx three {n} : 204
        UNLOCK /f/N.docx {n} : 204
        """,
        {"N.docx": [b"one", b"three"]},
    ),
    "word-twice": (
        SAVES["b3-word-on-a-drive"] + SAVES["b3-word-on-a-drive"].replace(" two ", " three "),
        {"N.docx": [b"one", b"two", b"three"]},
    ),
    "vim": (SAVES["b6-vim"], {"N.docx": [b"one", b"two"]}),
    "explorer-copy": (
        """
        PROPFIND /f/new.docx depth=0 : 404
        PUT /f/new.docx empty : 201
        LOCK /f/new.docx timeout=Second-3600 : 200 = n
        PROPPATCH /f/new.docx {n} : 207
        HEAD /f/new.docx : 200
        PUT /f/new.docx content {n} : 204
        PROPPATCH /f/new.docx {n} : 207
        UNLOCK /f/new.docx {n} : 204
        PROPFIND /f/new.docx depth=0 : 207
        """,
        {"N.docx": [b"one"], "new.docx": [b"content"]},
    ),
    "check-out": (
        """
        CHECKOUT /f/N.docx : 200
        LOCK /f/N.docx : 200 = n
        PUT /f/N.docx two {n} : 204
        PUT /f/N.docx three {n} : 204
        UNLOCK /f/N.docx {n} : 204
        GET /f/N.docx : 200
        CHECKIN /f/N.docx : 201
        """,
        {"N.docx": [b"one", b"three"]},
    ),
}


class Served:
    """One person's requests to ``davgate serve``, which is killed and started again between each and the next, or left alone."""

    def __init__(self, server: Server, *, is_killed: bool) -> None:
        self._server = server
        self._is_killed = is_killed
        self.answers: list[tuple[str, int, bytes]] = []

    def __call__(self, method: str, target: str, body: bytes | str = b"", **headers: str) -> Answer:
        if self._is_killed and self.answers:
            self._server.kill()
            self._server.start()
        content = body.encode() if isinstance(body, str) else body
        fields = {name.rstrip("_").replace("_", "-").title(): value for name, value in headers.items()}
        answer = self._server.drive.request(method, unquote(target.removeprefix("/dav/")), content, fields)
        self.answers.append((method, answer.status, answer.body if method == "GET" and answer.status == 200 else b""))
        return answer


@pytest.fixture
def server() -> Iterator[Server]:
    """A running server over a data folder of its own."""
    with a_fast_folder() as folder:
        serving = Server(folder / "data", "ann", PASSWORD)
        serving.start()
        yield serving
        serving.kill()


def described(drive: Drive, where: str) -> list[str]:
    """Return the identity of a document and the dead property that ``PROPPATCH`` sets."""
    question = b'<propfind xmlns="DAV:" xmlns:X="urn:x"><prop><resource-id/><X:author/></prop></propfind>'
    answer = ET.fromstring(drive.request("PROPFIND", where, question, {"Depth": "0"}).body)
    return ["".join(found.itertext()) for name in ("{DAV:}resource-id", "{urn:x}author") for found in answer.iter(name)]


def told(server: Server, folder: str, name: str) -> object:
    """Return what the command tells of a document and all its versions and saves, but for its id, its folder and all times."""
    text = server.command("versions", f"/{folder}/{name}", "--saves", "--json").succeeded().text
    return timeless(json.loads(text.replace(f"/{folder}/", "/")))


def timeless(value: object) -> object:
    if isinstance(value, list):
        return [timeless(each) for each in value]
    if isinstance(value, dict):
        return {key: timeless(each) for key, each in value.items() if key != "uuid" and not key.endswith("_at")}
    return value


def check_session(server: Server, name: str) -> None:
    transcript, expected = SESSIONS[name]
    drive = server.drive
    answers, ends = {}, {}
    for folder in (CALM, KILLED):
        drive.make_collection(folder)
        drive.put(f"{folder}/N.docx", b"one")
        drive.request("PROPPATCH", f"{folder}/N.docx", SET_AUTHOR.encode())
        document = described(drive, f"{folder}/N.docx")
        served = Served(server, is_killed=folder == KILLED)
        play(served, transcript.replace("/f/", f"/{folder}/"))

        answers[folder] = served.answers
        assert described(drive, f"{folder}/N.docx") == document
        assert drive.members(folder) == sorted(expected)
        for member, contents in expected.items():
            where = f"{folder}/{member}"
            assert list(drive.versions(where).values()) == contents
            assert drive.get(where) == contents[-1]
            assert drive.active_locks(where) == []
        ends[folder] = {member: told(server, folder, member) for member in expected}

    assert answers[KILLED] == answers[CALM]
    assert ends[KILLED] == ends[CALM]
    server.kill()
    assert "Every invariant holds." in server.command("fsck", "--read-data").succeeded().text
    assert not re.search(r"ERROR|CRITICAL|Traceback", server.said())


@pytest.mark.parametrize("name", [SHORTEST])
def test_session_with_the_program_is_the_same_when_it_is_killed_in_between(server: Server, name: str) -> None:
    check_session(server, name)


@pytest.mark.long
@pytest.mark.parametrize("name", [name for name in SESSIONS if name != SHORTEST])
def test_any_session_with_the_program_is_the_same_when_it_is_killed_in_between(server: Server, name: str) -> None:
    check_session(server, name)
