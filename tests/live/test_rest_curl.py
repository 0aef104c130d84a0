"""curl through the dialects: a document of OKD and one of GEVER from beginning to end, beside the drive.

Each request is a process with a connection of its own, so that each may be answered by another process of the server: two workers
over SQLite, and two servers over PostgreSQL with one blob folder.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any, Final

import pytest

from tests.canary import guard
from tests.conftest import Postgresql

from .drive import EXTERNAL_URL, Server, Serving
from .programs import run

pytestmark = [pytest.mark.live, pytest.mark.skipif(EXTERNAL_URL is not None, reason="the dialects are davgate's own")]

OTHER: Final = "bob"
OTHERS_PASSWORD: Final = guard("battery staple 8")
OKD: Final = "okd/v1/documents"
WORKERS: Final = {"DAVGATE_SERVER_WORKERS": "2"}


@dataclass(frozen=True)
class Reply:
    """What curl reports of one transfer."""

    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)


@dataclass
class Curl:
    """Sends requests as one user, to one server after the other; options come last."""

    program: str
    user: str
    password: str
    servers: Iterator[str]
    folder: Path
    sent: int = field(default=0)

    def __call__(self, method: str, address: str, *options: str | Path) -> Reply:
        self.sent += 1
        heads, body = self.folder / f"{self.user}.heads", self.folder / f"{self.user}.body"
        body.write_bytes(b"")
        server = next(self.servers)
        # An address that a server has told names that one.
        target = server + (address.split("/", 3)[3] if address.startswith("http") else address)
        method_options = ("--head",) if method == "HEAD" else ("--request", method)
        said = run(
            self.program, "--silent", "--show-error", "--max-time", "60", "--user", f"{self.user}:{self.password}",
            *method_options, "--dump-header", heads, "--output", body, "--write-out", "%{http_code}", *options, target,
        ).succeeded()  # fmt: skip
        lines = heads.read_bytes().decode("latin-1").split("\r\n\r\n")[-2].splitlines()[1:]
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        return Reply(int(said.text), headers, body.read_bytes())

    def json(self, method: str, address: str, fields: object = None, *options: str) -> Reply:
        """Send fields as JSON, in the way of the manual: whatever the media type."""
        data = ("--data-binary", json.dumps(fields)) if fields is not None else ()
        return self(method, address, "--header", "Accept: application/json", *data, *options)

    def done(self, method: str, address: str, *options: str | Path) -> Reply:
        """Send a request that succeeds."""
        reply = self(method, address, *options)
        assert 200 <= reply.status < 300, (method, address, reply)
        return reply


@dataclass(frozen=True)
class People:
    """The two who send requests."""

    ann: Curl
    bob: Curl


@contextmanager
def _one_server(serving: Serving) -> Iterator[list[Server]]:
    with serving(**WORKERS) as server:
        yield [server]


@contextmanager
def _two_servers(serving: Serving, postgresql: Postgresql) -> Iterator[list[Server]]:
    with (
        postgresql.database("template1") as url,
        serving(DAVGATE_STORE_DATABASE_URL=url.replace("+psycopg", ""), **WORKERS) as server,
    ):
        other = server.beside()
        try:
            other.start()
            yield [server, other]
            other.stop()
        finally:
            other.kill()
        assert "ERROR" not in other.said(), other.said()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def people(
    request: pytest.FixtureRequest, serving: Serving, program: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[People]:
    """Two users of the same store."""
    curl = program("curl")
    if request.param == "sqlite":
        started = _one_server(serving)
    else:
        started = _two_servers(serving, request.getfixturevalue("postgresql"))
    with started as servers:
        servers[0].command("user", "add", OTHER, "--password-stdin", stdin=OTHERS_PASSWORD + "\n").succeeded()
        addresses = [server.drive.url.removesuffix("dav/") for server in servers]
        drive, folder = servers[0].drive, tmp_path_factory.mktemp("curl")
        ann = Curl(curl, drive.user, drive.password, cycle(addresses), folder)
        bob = Curl(curl, OTHER, OTHERS_PASSWORD, cycle(addresses[::-1]), folder)
        yield People(ann, bob)


def test_document_of_okd_from_delivery_to_withdrawal(people: People, tmp_path: Path) -> None:
    ann, bob = people.ann, people.bob
    file, new = tmp_path / "overeenkomst.txt", tmp_path / "new.pdf"
    file.write_bytes(b"hello world")
    new.write_bytes(b"%PDF-1.4 x" * 100_000)

    # Delivered, and on the drive at once
    said = '{"documentType":"bpv","documentName":"Overeenkomst"};type=application/json'
    made = ann.done("POST", OKD, "--form", f"metadata={said}", "--form", f"file=@{file};type=text/plain")
    document = made.headers["location"].lstrip("/")
    assert document.endswith(made.json["dmsDocumentId"])
    shown = bob.done("GET", document, "--header", "Accept: application/json").json
    assert (shown["documentName"], shown["fileName"], shown["documentSize"], shown["version"]) == (
        "Overeenkomst",
        "overeenkomst.txt",
        11,
        1,
    )
    content = bob.done("GET", document, "--header", "Accept: application/octet-stream")
    assert content.content == b"hello world"
    part = bob("GET", f"{document}/download", "--range", "6-")
    assert (part.status, part.content, part.headers["content-range"]) == (206, b"world", "bytes 6-10/11")
    on_drive = f"dav/OKD/{shown['creationDate'][:7]}/overeenkomst.txt"
    assert bob.done("GET", on_drive).headers["etag"] == content.headers["etag"]
    listed = bob.done("GET", f"{OKD}?documentName=overeen&pageSize=5").json
    assert [item["dmsDocumentId"] for item in listed["items"]] == [made.json["dmsDocumentId"]]

    # Locked, for the other through every door
    ann.done("POST", f"{document}/_lock")
    assert bob.done("GET", document).json["lock"]["lockedBy"] == ann.user
    refused = bob("PATCH", document, "--data-binary", f"@{new}", "--header", "Content-Type: application/pdf")
    assert (refused.status, refused.json["code"], refused.json["lockedBy"]) == (423, "locked", ann.user)
    assert bob("PUT", on_drive, "--data-binary", "x").status == 423

    # Replaced by the holder, under the condition of the state that was seen
    seen = ann.done("HEAD", document).headers["etag"]
    replaced = ann.done(
        "PATCH", document, "--data-binary", f"@{new}", "--header", "Content-Type: application/pdf",
        "--header", 'Content-Disposition: form-data; name="file"; filename="new.pdf"', "--header", f"If-Match: {seen}",
    )  # fmt: skip
    assert replaced.status == 204
    assert replaced.headers["etag"] != seen
    again = ann("PATCH", document, "--data-binary", "x", "--header", f"If-Match: {seen}")
    assert (again.status, again.json["code"]) == (412, "precondition-failed")
    shown = bob.done("GET", f"{document}/metadata").json
    assert (shown["documentName"], shown["fileName"], shown["format"], shown["version"]) == (
        "Overeenkomst",
        "new.pdf",
        "application/pdf",
        2,
    )
    assert bob.done("GET", f"{document}/content").content == bob.done("GET", on_drive).content == new.read_bytes()

    # Unlocked and withdrawn
    ann.done("DELETE", f"{document}/lock")
    assert bob("HEAD", document, "--header", f"If-None-Match: {replaced.headers['etag']}").status == 304
    bob.done("DELETE", document)
    assert [ann(method, document).status for method in ("GET", "DELETE")] == [404, 404]
    assert ann("GET", on_drive).status == 404
    assert ann.sent + bob.sent > 20


def test_document_of_gever_from_check_out_to_check_in(people: People) -> None:
    ann, bob = people.ann, people.bob
    dossier = ann.json("POST", "gever", {"@type": "opengever.dossier.businesscasedossier", "title": "Akten"})
    assert dossier.status == 201, dossier
    fields = {
        "@type": "opengever.document.document",
        "title": "Bericht",
        "file": {"data": "YWxwaGEgdjA=", "encoding": "base64", "filename": "alpha.txt", "content-type": "text/plain"},
    }
    made = bob.json("POST", dossier.headers["location"], fields)
    assert made.status == 201, made
    document = made.headers["location"]
    assert made.json["file"]["filename"] == "Bericht.txt"
    on_drive = "dav/Akten/Bericht.txt"
    assert ann.done("GET", on_drive).content == b"alpha v0"

    # Checked out and locked: the holder writes with the token, the other reads on
    assert ann.json("POST", f"{document}/@checkout").status == 204
    refused = bob.json("POST", f"{document}/@checkout")
    assert (refused.status, refused.json["error"]) == (403, {"type": "Forbidden", "message": "Checkout is not allowed."})
    lock = ann.json("POST", f"{document}/@lock", {"timeout": 3600}).json
    assert (lock["locked"], lock["creator"], lock["timeout"]) == (True, ann.user, 3600)
    assert bob("PUT", on_drive, "--data-binary", "x").status == 423
    bravo = {"file": {"data": "bravo", "filename": "bravo.txt", "content-type": "text/plain"}}
    assert ann.json("PATCH", document, bravo).status == 403
    assert ann.json("PATCH", document, bravo, "--header", f"Lock-Token: {lock['token']}").status == 204
    assert ann.done("GET", on_drive).content == b"bravo"
    assert bob.done("GET", on_drive).content == b"alpha v0"
    assert bob.done("GET", f"{document}/@@download/file").content == b"alpha v0"

    # Saved by the drive into the same working copy, unlocked and checked in
    token = f"If: (<opaquelocktoken:{lock['token']}>)"
    ann.done("PUT", on_drive, "--data-binary", "saved on the drive", "--header", token)
    assert ann.json("POST", f"{document}/@unlock").json == {"locked": False, "stealable": True}
    assert ann.json("POST", f"{document}/@checkin", {"comment": "done"}).status == 204
    assert bob.done("GET", f"{document}/@@download/file").content == b"saved on the drive"
    history = bob.json("GET", f"{document}/@history").json
    assert [(one["version"], one["comments"], one["actor"]["id"]) for one in history] == [
        (1, "done", ann.user),
        (0, "Initial version", bob.user),
    ]
    before = bob.json("GET", f"{document}/@history/0").json
    assert bob.done("GET", before["file"]["download"]).content == b"alpha v0"
    listed = bob.done("PROPFIND", "dav/Akten/.versions/Bericht.txt/", "--header", "Depth: 1").content
    assert (listed.count(b"<D:response>"), b"0002" in listed) == (3, True)

    # Taken back by the other, and deleted
    assert bob.json("PATCH", f"{document}/@history", {"version": 0}).status == 200
    assert ann.done("GET", on_drive).content == b"alpha v0"
    assert bob.json("DELETE", document).status == 204
    assert ann.json("GET", document).status == 404
    assert ann("GET", on_drive).status == 404
