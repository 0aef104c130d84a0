"""The examples of GEVER's manual for editing a document, replayed as they are printed.

Requests go out byte for byte, but for the mount. Of the answers everything is held against the print but what differs with each
server: tokens, full names, and addresses, which are printed relative or of another host. Uploads are examples of their own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from davgate.app import Application
from davgate.core.store import Context, Store
from davgate.model.instant import from_datetime
from tests.builders import SettableClock, a_document, a_user
from tests.protocol.client import Client
from tests.protocol.gever import MOUNT

CHECK_OUT: Final = """
POST /ordnungssystem/dossier-23/document-123/@checkout HTTP/1.1
Accept: application/json
HTTP/1.1 204 No Content
"""
CHECK_OUT_REFUSED: Final = """
POST /ordnungssystem/fuehrung/dossier-23/document-123/@checkout HTTP/1.1
Accept: application/json
HTTP/1.1 403 Forbidden
Content-Type: application/json

{
    "error": {
        "message": "Checkout is not allowed.",
        "type": "Forbidden"
    }
}
"""
LOCK: Final = """
POST /ordnungssystem/dossier-23/document-123/@lock HTTP/1.1
Accept: application/json
HTTP/1.1 200 OK
Content-Type: application/json

{
  "creator": "peter.meier",
  "locked": true,
  "name": "plone.locking.stealable",
  "stealable": true,
  "time": 1477076400.0,
  "timeout": 600,
  "token": "0.684672730996-0.25195226375-00105A989226:1477076400.000"
}
"""
REFRESH: Final = LOCK.replace("/@lock ", "/@refresh-lock ")
LOCK_FOR_A_DAY: Final = """
POST /ordnungssystem/dossier-23/document-123/@lock HTTP/1.1
Accept: application/json

{
    "timeout": 86400
}
HTTP/1.1 200 OK
Content-Type: application/json

{
  "creator": "peter.meier",
  "locked": true,
  "name": "plone.locking.stealable",
  "stealable": true,
  "time": 1477076400.0,
  "timeout": 86400,
  "token": "0.684672730996-0.25195226375-00105A989226:1477076400.000"
}
"""
UNLOCK: Final = """
POST /ordnungssystem/dossier-23/document-123/@unlock HTTP/1.1
Accept: application/json
HTTP/1.1 200 OK
Content-Type: application/json

{
    "locked": false,
    "stealable": true
}
"""
CHECK_IN: Final = """
POST /ordnungssystem/dossier-23/document-123/@checkin HTTP/1.1
Accept: application/json

{
    "comment": "Kapitel 3 - 6 korrigiert."
}
HTTP/1.1 204 No content
Content-Type: application/json
"""
CANCEL: Final = """
POST /ordnungssystem/dossier-23/document-123/@cancelcheckout HTTP/1.1
Accept: application/json
HTTP/1.1 204 No Content
"""
HISTORY: Final = """
GET /ordnungssystem/dossier-23/document-123/@history HTTP/1.1
Accept: application/json
HTTP/1.1 200 OK
Content-Type: application/json

[
    {
        "@id": "/ordnungssystem/dossier-23/document-123/@history/1",
        "action": "Bearbeitet",
        "actor": {
            "@id": "http://localhost:8080/fd/@users/peter.meier ",
            "fullname": "Peter Meier",
            "id": "peter.meier",
            "username": "peter.meier"
        },
        "comments": null,
        "may_revert": true,
        "time": "2019-03-27T10:50:59.196843",
        "transition_title": "Bearbeitet",
        "type": "versioning",
        "version": 1
    },
    {
        "@id": "/ordnungssystem/dossier-23/document-123/@history/0",
        "action": "Bearbeitet",
        "actor": {
            "@id": "http://localhost:8080/fd/@users/hugo.boss",
            "fullname": "Hugo Boss",
            "id": "hugo.boss",
            "username": "hugo.boss"
        },
        "comments": "Dokument erstellt (Initialversion)",
        "may_revert": true,
        "time": "2019-03-27T09:19:25",
        "transition_title": "Bearbeitet",
        "type": "versioning",
        "version": 0
    }
]
"""

OF_EACH_SERVER: Final = {"fullname"}
"""Members whose values are the server's own."""
LOCKED_AT: Final = datetime(2016, 10, 21, 19, 0, tzinfo=UTC)
MADE_AT: Final = datetime(2019, 3, 27, 9, 19, 25, tzinfo=UTC)
CHECKED_IN_AT: Final = datetime(2019, 3, 27, 10, 50, 59, 196843, tzinfo=UTC)


@dataclass(frozen=True)
class Example:
    """A request and its answer as they are printed."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: str
    status: int
    media_type: str | None
    answer: Any


def parse(printed: str) -> Example:
    asked, answered = re.split(r"\n(?=HTTP/1.1 )", printed.strip())
    request, _, body = asked.partition("\n\n")
    (method, path, _), *headers = (line.split(" ") if not i else line.split(": ") for i, line in enumerate(request.split("\n")))
    head, _, answer = answered.partition("\n\n")
    said = dict(line.split(": ") for line in head.split("\n")[1:])
    return Example(
        method,
        path,
        {name.lower().replace("-", "_"): value for name, value in headers},
        body,
        int(head.split(" ")[1]),
        said.get("Content-Type"),
        json.loads(answer) if answer else None,
    )


def replay(client: Client, printed: str, **headers: str) -> None:
    """Send an example and hold the answer against the print."""
    example = parse(printed)

    answer = client(example.method, MOUNT + example.path, example.body, **example.headers, **headers)

    assert answer.status == example.status, answer
    if example.answer is None:
        assert answer.body == b""
    else:
        assert answer.headers["content-type"].partition(";")[0] == example.media_type
        assert_as_printed(answer.json, example.answer)


def assert_as_printed(given: Any, printed: Any, name: str = "") -> None:
    if isinstance(printed, dict):
        for member in printed.keys() - OF_EACH_SERVER:
            assert_as_printed(given[member], printed[member], member)
    elif isinstance(printed, list):
        assert len(given) == len(printed)
        for one, other in zip(given, printed, strict=True):
            assert_as_printed(one, other)
    elif name == "token":
        shape = r"0\.\d+-0\.\d+-00105A989226:(\d+\.\d{3})"
        assert re.fullmatch(shape, given)[1] == re.fullmatch(shape, printed)[1]  # type: ignore[index]  # both have the shape
    elif name == "@id":
        assert given.endswith(printed.strip().removeprefix("http://localhost:8080/fd"))
    elif name == "time" and isinstance(printed, str):
        # The print leaves out the offset, and the fraction of a whole second; changes are a microsecond apart at least.
        assert given.startswith(printed[: len("2019-03-27T09:19:25.19684")])
        assert given.endswith("+00:00")
    else:
        assert (given, type(given)) == (printed, type(printed))


@pytest.fixture
def hugo(store: Store) -> Context:
    """Who has made the document."""
    return a_user(store, "hugo.boss")


@pytest.fixture
def peter(app: Application, store: Store, clock: SettableClock, hugo: Context) -> Client:
    """Who edits the document."""
    clock.set(from_datetime(MADE_AT))
    a_document(store, hugo, "/ordnungssystem/dossier-23/document-123")
    return Client(app, clock, a_user(store, "peter.meier"))


def test_check_out(peter: Client) -> None:
    replay(peter, CHECK_OUT)


def test_check_out_that_is_refused(peter: Client, store: Store, hugo: Context) -> None:
    a_document(store, hugo, "/ordnungssystem/fuehrung/dossier-23/document-123")
    replay(peter, CHECK_OUT.replace("ordnungssystem/", "ordnungssystem/fuehrung/"))

    replay(peter, CHECK_OUT_REFUSED)


def test_lock_and_its_renewal(peter: Client, clock: SettableClock) -> None:
    clock.set(from_datetime(LOCKED_AT))

    for printed in (LOCK, REFRESH, LOCK_FOR_A_DAY, UNLOCK):
        replay(peter, printed)


def test_cancelled_check_out(peter: Client) -> None:
    replay(peter, CHECK_OUT)
    replay(peter, CANCEL)


def test_whole_sequence_without_its_upload(peter: Client) -> None:
    replay(peter, CHECK_OUT)
    assert peter("POST", f"{MOUNT}/ordnungssystem/dossier-23/document-123/@lock").status == 200
    replay(peter, UNLOCK)
    replay(peter, CHECK_IN)

    (newest, _) = peter("GET", f"{MOUNT}/ordnungssystem/dossier-23/document-123/@history").json
    assert newest["comments"] == "Kapitel 3 - 6 korrigiert."


def test_history(peter: Client, clock: SettableClock) -> None:
    replay(peter, CHECK_OUT)
    clock.set(from_datetime(CHECKED_IN_AT))
    assert peter("POST", f"{MOUNT}/ordnungssystem/dossier-23/document-123/@checkin").status == 204

    replay(peter, HISTORY, accept_language="de")
