"""The example of GEVER's manual for replacing a file, replayed byte for byte, but for the mount and the id of the upload.

It announces 8 bytes and sends 9.
"""

from __future__ import annotations

import re
from typing import Final

import pytest

from davgate.app import Application
from davgate.core.store import Context, Store
from tests.builders import SettableClock, a_document, a_user
from tests.protocol.client import Client, Response
from tests.protocol.gever import MOUNT, ORIGIN
from tests.protocol.test_gever_editing_seed import CHECK_IN, CHECK_OUT, LOCK, UNLOCK, parse

BEGIN: Final = """
POST /ordnungssystem/dossier-23/document-123/@tus-replace HTTP/1.1
Accept: application/json
Tus-Resumable: 1.0.0
Upload-Length: 8
Upload-Metadata: filename dGVzdC50eHQ=,content-type dGV4dC9wbGFpbg==
HTTP/1.1 201 created
Content-Type: application/json
location: ordnungssystem/ressourcen-und-support/personal/personalrekrutierung/dossier-4/document-2/@tus-upload/6cdfc5ddd1844e8cbca32721c4b17b84
"""  # noqa: E501
PART: Final = """
PATCH /ordnungssystem/dossier-23/document-123/@tus-upload/6cdfc5ddd1844e8cbca32721c4b17b84 HTTP/1.1
Accept: application/json
Tus-Resumable: 1.0.0
Upload-Offset: 0
Content-Type: application/offset+octet-stream

test data
HTTP/1.1 204 No content
Content-Type: application/json
"""
PRINTED_ID: Final = "6cdfc5ddd1844e8cbca32721c4b17b84"
ADDRESS: Final = f"{MOUNT}/ordnungssystem/dossier-23/document-123"


@pytest.fixture
def hugo(app: Application, store: Store, clock: SettableClock) -> Client:
    """Who has made the document."""
    ctx: Context = a_user(store, "hugo.boss")
    a_document(store, ctx, "/ordnungssystem/dossier-23/document-123")
    return Client(app, clock, ctx)


@pytest.fixture
def peter(app: Application, store: Store, clock: SettableClock, hugo: Client) -> Client:
    """Who edits the document."""
    return Client(app, clock, a_user(store, "peter.meier"))


def replay(client: Client, printed: str) -> Response:
    """Send an example and hold the status against the print."""
    example = parse(printed)

    answer = client(example.method, MOUNT + example.path, example.body, **example.headers)

    assert answer.status == example.status, answer
    return answer


def test_file_is_replaced_as_printed(peter: Client, hugo: Client) -> None:
    replay(peter, CHECK_OUT)
    replay(peter, LOCK)
    begun = replay(peter, BEGIN)
    upload_id = re.fullmatch(re.escape(ORIGIN + ADDRESS) + "/@tus-upload/([0-9a-f]{32})", begun.headers["location"])
    assert upload_id
    sent = replay(peter, PART.replace(PRINTED_ID, upload_id[1]))
    replay(peter, UNLOCK)
    before = hugo.get(f"{ADDRESS}/@@download/file")
    replay(peter, CHECK_IN)

    assert begun.body == b""
    assert (sent.headers["location"], sent.headers["upload-offset"]) == (ORIGIN + ADDRESS, "9")
    assert (before, hugo.get(f"{ADDRESS}/@@download/file")) == (b"content", b"test data")
    assert hugo("GET", f"{ADDRESS}/@history").json[0]["comments"] == "Kapitel 3 - 6 korrigiert."
