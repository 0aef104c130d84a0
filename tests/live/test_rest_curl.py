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
AS_JSON: Final = ("--header", "Content-Type: application/json")
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


def test_object_of_yuuvis_from_import_to_deletion(people: People, tmp_path: Path) -> None:
    ann, bob = people.ann, people.bob
    letter = tmp_path / "letter.txt"
    letter.write_bytes(b"hello world")
    objects = "api/dms/objects"
    said = {
        "objects": [
            {
                "properties": {
                    "system:objectTypeId": {"value": "appEmail:email"},
                    "appEmail:from": {"value": "ann@example.org"},
                    "appEmail:subject": {"value": "It's about the yearly figures"},
                },
                "contentStreams": [{"cid": "c1", "fileName": "letter.txt"}],
            }
        ]
    }
    form = ("--form", f"data={json.dumps(said)};type=application/json", "--form", f"c1=@{letter};type=text/plain")
    made = ann.done("POST", objects, *form).json["objects"][0]
    address = f"{objects}/{made['properties']['system:objectId']['value']}"
    assert made["contentStreams"][0]["length"] == 11

    # Found, and read in part
    query = "SELECT * FROM appEmail:email WHERE appEmail:subject LIKE 'It''s about%' AND CONTAINS('FIGURES')"
    hits = bob.json("POST", f"{objects}/search", {"query": {"statement": query}}, *AS_JSON).json
    assert (hits["totalNumItems"], hits["objects"][0]["properties"]["system:versionNumber"]["value"]) == (1, 1)
    part = bob("GET", f"{address}/contents/file", "--range", "0-4")
    assert (part.status, part.content) == (206, b"hello")

    # The whole is sent back with a change; who comes second with the state of before changes nothing
    seen = bob.done("GET", address).json
    seen["objects"][0]["properties"]["appEmail:subject"]["value"] = "Figures"
    assert ann.json("POST", address, seen, *AS_JSON).status == 200
    late = bob.json("POST", address, seen, *AS_JSON)
    assert (late.status, late.json["serviceErrorCode"]) == (409, 2810)

    # New content by the drive is a version here
    month = made["properties"]["system:creationDate"]["value"][:7]
    ann.done("PUT", f"dav/yuuvis/{month}/letter.txt", "--data-binary", "by the drive")
    now = bob.done("GET", address).json["objects"][0]
    assert (now["properties"]["system:versionNumber"]["value"], now["contentStreams"][0]["length"]) == (3, 12)
    assert bob.done("GET", f"{address}/versions/1/contents/file").content == b"hello world"

    ann.done("DELETE", address)
    assert bob("GET", address).status == 404
    assert bob("GET", f"dav/yuuvis/{month}/letter.txt").status == 404


def test_article_of_dynacase_from_creation_to_the_trash_and_back(people: People, tmp_path: Path) -> None:
    ann, bob = people.ann, people.bob
    file = tmp_path / "annexe.txt"
    file.write_bytes(b"annexe")
    attributes = {"my_title": {"value": "Hello"}, "my_level": {"value": 3}}
    body = {"document": {"attributes": attributes}}
    made = ann.json("POST", "api/v1/families/MY_ARTICLE/documents/", body, *AS_JSON)
    assert made.status == 201, made
    document = made.json["data"]["document"]["uri"].removesuffix(".json")

    # A file that came before, and one in a form
    reference = ann.done("POST", "api/v1/temporaryFiles/", "--form", f"file=@{file}").json["data"]["file"]["reference"]
    annexes = {"document": {"attributes": {"my_annexes": [{"value": reference}]}}}
    assert ann.json("PUT", document, annexes, *AS_JSON).status == 200
    ann.done("PUT", document, "--form", f"my_file=@{file};filename=article.txt")
    assert bob.done("GET", f"{document}/files/my_annexes/0").content == b"annexe"
    assert bob.done("GET", f"{document}/files/my_file").content == b"annexe"

    # Locked by one user, for the others here and on the drive
    lock = ann("POST", f"{document}/locks/permanent")
    assert lock.status == 201
    refused = bob("PUT", document, "--data-urlencode", "my_level=4")
    assert (refused.status, refused.json["messages"][0]["code"]) == (403, "API0201")
    month = bob.done("GET", f"{document}.json?fields=document.properties.all").json["data"]["document"]["properties"]
    on_drive = f"dav/Dynacase/{month['creationDate'][:7]}/article.txt"
    assert bob("PUT", on_drive, "--data-binary", "x").status == 423
    ann.done("DELETE", f"{document}/locks/")
    changed = bob.done("PUT", document, "--data-urlencode", "my_level=4").json["data"]
    assert list(changed["changes"]) == ["my_level"]

    deleted = ann.done("DELETE", document).json["data"]["document"]["uri"]
    gone = bob("GET", document)
    assert (gone.status, gone.json["messages"][0]["code"]) == (404, "API0219")
    alive = {"document": {"properties": {"status": "alive"}}}
    assert ann.json("PUT", deleted, alive, *AS_JSON).status == 200
    assert bob.done("GET", on_drive).content == b"annexe"


def test_objects_of_lora_in_two_times(people: People, tmp_path: Path) -> None:
    ann, bob = people.ann, people.bob
    always = {"from": "2016-01-01", "to": "infinity"}
    unit = {
        "attributter": {
            "organisationenhedegenskaber": [{"brugervendtnoegle": "skole", "enhedsnavn": "Skole", "virkning": always}]
        },
        "tilstande": {"organisationenhedgyldighed": [{"gyldighed": "Aktiv", "virkning": always}]},
    }
    made = ann.json("POST", "lora/organisation/organisationenhed", unit, *AS_JSON)
    assert made.status == 201, made
    uuid = made.json["uuid"]
    address = f"lora/organisation/organisationenhed/{uuid}"
    term = {"from": "2018-01-01", "to": "2019-09-01"}
    patch = {"attributter": {"organisationenhedegenskaber": [{"enhedsnavn": "Ny skole", "virkning": term}]}}
    assert bob.json("PATCH", address, patch, *AS_JSON).json == {"uuid": uuid}

    then, now = bob.done("GET", f"{address}?virkningstid=2018-06-01").json, ann.done("GET", address).json
    names = [
        shown[uuid][0]["registreringer"][0]["attributter"]["organisationenhedegenskaber"][0]["enhedsnavn"]
        for shown in (then, now)
    ]
    assert names == ["Ny skole", "Skole"]
    found = ann.done("GET", "lora/organisation/organisationenhed?enhedsnavn=NY%25&virkningstid=2018-06-01").json
    assert found == {"results": [[uuid]]}

    # A document with a part is a file on the drive, and what is saved there is a registration here
    part = tmp_path / "brev.txt"
    part.write_bytes(b"first")
    said = {"brugervendtnoegle": "b", "beskrivelse": "", "brevdato": "2020-01-01", "titel": "Brev", "dokumenttype": "brev"}
    deal = {
        "deltekst": "brev",
        "egenskaber": [{"indeks": 1, "indhold": "field:f1", "mimetype": "text/plain", "virkning": always}],
    }
    letter = {
        "attributter": {"dokumentegenskaber": [{**said, "virkning": always}]},
        "tilstande": {"dokumentfremdrift": [{"fremdrift": "Modtaget", "virkning": always}]},
        "varianter": [{"varianttekst": "txt", "egenskaber": [{"produktion": True, "virkning": always}], "dele": [deal]}],
    }
    made = ann("POST", "lora/dokument/dokument", "--form", f"json={json.dumps(letter)}", "--form", f"f1=@{part}")
    assert made.status == 201, made
    dokument = f"lora/dokument/dokument/{made.json['uuid']}"
    registration = ann.done("GET", dokument).json[made.json["uuid"]][0]["registreringer"][0]
    month = registration["fratidspunkt"]["tidsstempeldatotid"][:7]
    ann.done("PUT", f"dav/LoRA/{month}/brev.txt", "--data-binary", "second")
    shown = bob.done("GET", f"{dokument}?registreretFra=-infinity").json[made.json["uuid"]][0]["registreringer"]
    assert [one["livscykluskode"] for one in shown] == ["Rettet", "Opstaaet"]
    contents = [one["varianter"][0]["dele"][0]["egenskaber"][-1]["indhold"].removeprefix("store:") for one in shown]
    assert [bob.done("GET", f"lora/dokument/dokument/{one}").content for one in contents] == [b"second", b"first"]

    assert ann("DELETE", dokument).status == 202
    assert (bob("GET", dokument).status, bob("GET", f"dav/LoRA/{month}/brev.txt").status) == (410, 404)
