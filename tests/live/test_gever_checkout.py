"""GEVER's editing cycle on a real server: the manual's sequence by curl, and LibreOffice on a document that is checked out."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pytest

from tests.canary import guard

from .drive import Drive, Server, Serving
from .office import DEBIAN_PYTHON, start_office
from .programs import NotRun, run

pytestmark = pytest.mark.live

OTHER_PASSWORD: Final = guard("wrong battery 8")
COMMENT: Final = {"comment": "Kapitel 3 - 6 korrigiert."}


@dataclass(frozen=True)
class Door:
    """The door of GEVER as one user has it, by curl."""

    curl: str
    drive: Drive
    answer: Path

    def __call__(self, method: str, url: str, body: object = None, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Send a request to an address below the mount, or to an absolute one, with a body in JSON or of bytes."""
        address = url if "://" in url else self.drive.url.replace("/dav/", "/gever/") + url
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        options = [] if body is None else ["--data-binary", "@-"]
        fields = {"accept": "application/json", "content_type": "application/json", **headers}
        for name, value in fields.items():
            options += ["-H", f"{name.replace('_', '-')}: {value}"]
        self.answer.write_bytes(b"")
        said = run(
            self.curl, "--silent", "--show-error", "--max-time", "60", "--user", f"{self.drive.user}:{self.drive.password}",
            "--request", method, "--output", self.answer, "--write-out", "%{http_code}\n%{header_json}",
            *options, address, stdin=b"" if body is None else data,
        ).succeeded()  # fmt: skip
        status, _, head = said.text.partition("\n")
        return int(status), {name: values[0] for name, values in json.loads(head).items()}, self.answer.read_bytes()

    def json(self, method: str, url: str, body: object = None) -> Any:
        """Return the answer of a request that succeeds."""
        status, _, content = self(method, url, body)
        assert status == 200, (status, content)
        return json.loads(content)

    def done(self, url: str, body: object = None) -> None:
        """POST to a service that has nothing to say."""
        status, _, content = self("POST", url, body)
        assert (status, content) == (204, b""), (status, content)


Doors = Callable[[Server], tuple[Door, Door]]


@pytest.fixture
def doors(program: Callable[[str], str], tmp_path: Path) -> Doors:
    """Give two users their doors to a server."""
    curl = program("curl")

    def open_doors(server: Server) -> tuple[Door, Door]:
        server.command("user", "add", "bob", "--password-stdin", stdin=OTHER_PASSWORD + "\n").succeeded()
        others = replace(server.drive, user="bob", password=OTHER_PASSWORD)
        return Door(curl, server.drive, tmp_path / "ann"), Door(curl, others, tmp_path / "bob")

    return open_doors


def replace_by_patch(door: Door, document: str, token: str, content: bytes) -> None:
    """Replace the file of a document in one request."""
    fields = {"file": {"data": content.decode(), "filename": "test.txt", "content-type": "text/plain"}}
    status, _, answer = door("PATCH", document, fields, lock_token=token)
    assert status == 204, answer


def replace_by_upload(door: Door, document: str, _token: str, content: bytes) -> None:
    """Replace the file of a document as the manual does, one byte longer than announced, and without the token."""
    status, head, _ = door(
        "POST",
        f"{document}/@tus-replace",
        tus_resumable="1.0.0",
        upload_length=str(len(content) - 1),
        upload_metadata="filename dGVzdC50eHQ=,content-type dGV4dC9wbGFpbg==",
    )
    assert status == 201, status
    status, _, answer = door(
        "PATCH",
        head["location"],
        content,
        tus_resumable="1.0.0",
        upload_offset="0",
        content_type="application/offset+octet-stream",
    )
    assert status == 204, answer


@pytest.mark.parametrize("replace_file", [replace_by_patch, replace_by_upload])
def test_sequence_of_the_manual(serving: Serving, doors: Doors, replace_file: Callable[[Door, str, str, bytes], None]) -> None:
    with serving() as server:
        ann, bob = doors(server)
        server.drive.make_collection("ordnungssystem")
        server.drive.make_collection("ordnungssystem/dossier-23")
        server.drive.put("ordnungssystem/dossier-23/test.txt", b"first")
        document = "ordnungssystem/dossier-23/test.txt"

        ann.done(f"{document}/@checkout")
        assert bob("POST", f"{document}/@checkout")[0] == 403
        lock = ann.json("POST", f"{document}/@lock")
        assert ann.json("POST", f"{document}/@refresh-lock")["token"] == lock["token"]
        assert ann.json("POST", f"{document}/@lock", {"timeout": 86400})["timeout"] == 86400
        replace_file(ann, document, lock["token"], b"test data")
        assert bob.drive.get(document) == b"first"
        assert ann.json("POST", f"{document}/@unlock") == {"locked": False, "stealable": True}
        ann.done(f"{document}/@checkin", COMMENT)

        assert bob.drive.get(document) == b"test data"
        newest, oldest = bob.json("GET", f"{document}/@history")
        assert (newest["version"], newest["comments"], newest["actor"]["id"]) == (1, COMMENT["comment"], server.drive.user)
        assert oldest["version"] == 0
        assert list(server.drive.versions(document).values()) == [b"first", b"test data"]


def test_document_that_is_checked_out_is_edited_in_place(
    serving: Serving, doors: Doors, program: Callable[[str], str], not_run: NotRun, tmp_path: Path
) -> None:
    soffice = program("soffice")
    if not DEBIAN_PYTHON.exists() or run(DEBIAN_PYTHON, "-c", "import uno").status != 0:
        not_run("LibreOffice cannot be driven (Debian package python3-uno)")
    with serving() as server:
        ann, bob = doors(server)
        drive, document = server.drive, "letter.odt"
        with start_office(soffice, tmp_path, drive.user, drive.password) as office:
            office.new()
            office.append("As it was.")
            office.store_as(drive.address(document))
            office.close()
            before = bob.drive.get(document)
            ann.done(f"{document}/@checkout")

            assert office.open(drive.address(document)), "it may be changed"
            office.append(" As it is.")
            office.store()
            assert bob.drive.get(document) == before
            assert bob.drive.request("PUT", document, b"intruder").status == 423
            assert bob("POST", f"{document}/@checkin")[0] == 403
            office.close()

            assert ann.json("GET", document)["checked_out"] == drive.user
            assert bob.drive.get(document) == before
            assert "As it is." in text_of(drive.get(document))
            ann.done(f"{document}/@checkin", COMMENT)

            assert office.open(drive.address(document))
            assert office.text() == "As it was. As it is."
            office.close()
        versions = list(drive.versions(document).values())
        assert bob.drive.get(document) == versions[-1]
        assert ["As it is." in text_of(content) for content in versions[-2:]] == [False, True]
        assert bob.json("GET", f"{document}/@history")[0]["comments"] == COMMENT["comment"]


def text_of(document: bytes) -> str:
    """Return the body of an OpenDocument text; a damaged file fails the test."""
    with zipfile.ZipFile(io.BytesIO(document)) as archive:
        assert archive.testzip() is None
        return archive.read("content.xml").decode()
