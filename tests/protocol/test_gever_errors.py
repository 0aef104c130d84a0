"""GEVER's table of refusals: status, type, message and text of each row that objects can answer, in both shapes at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from davgate.core.store import Policy, Store
from davgate.storage.statements import Statement
from davgate.storage.tables import audit
from tests.builders import with_policy
from tests.protocol.client import Client, Response
from tests.protocol.conftest import Serve
from tests.protocol.gever import MOUNT, ORIGIN, Document, a_document, a_dossier, send, text_file

BASE = ORIGIN + MOUNT
DOCUMENT = "opengever.document.document"
DOSSIER = "opengever.dossier.businesscasedossier"
NO_DAY = "The value has to be a day: YYYY-MM-DD."


@pytest.fixture
def document(ann: Client) -> Document:
    return a_document(ann, a_dossier(ann))


def check(response: Response, status: int, kind: str, text: str, message: str | None = None) -> None:
    """Hold an answer against a row: flat and nested, and nothing beside it."""
    assert response.status == status, response
    assert response.headers["content-type"].startswith("application/json")
    assert response.json == {
        "type": kind,
        "message": message or text,
        "translated_message": text,
        "additional_metadata": {},
        "error": {"type": kind, "message": text},
    }


def test_no_credentials(nobody: Client, ann: Client, document: Document) -> None:
    text = "You are not authorized to access this resource."

    check(document.ask(nobody, "GET"), 401, "Unauthorized", text)
    check(document.ask(ann, "GET", authorization="Basic eDp4"), 401, "Unauthorized", text)


def test_not_found(ann: Client, document: Document) -> None:
    for below in ("/x", "/@x", "/@lock/x"):
        check(send(ann, "GET", document.url + below), 404, "NotFound", f"Resource not found: {document.url}{below}")
    check(document.ask(ann, "PUT"), 404, "NotFound", f"Resource not found: {document.url}")
    check(document.ask(ann, "GET", "@checkin"), 404, "NotFound", f"Resource not found: {document.url}/@checkin")
    assert "allow" not in document.ask(ann, "PUT").headers


@pytest.mark.parametrize("body", ["{bad", "[]", '"x"', "1", "null", "\xff", '{"a": 1, "a": 2}'])
def test_body_that_is_no_object(ann: Client, document: Document, body: str) -> None:
    target = document.url.removeprefix(ORIGIN)
    for method in ("PATCH", "POST"):
        where = target if method == "PATCH" else document.container_url.removeprefix(ORIGIN)
        response = ann(method, where, body.encode("latin-1"))
        check(response, 400, "DeserializationError", "No JSON object could be decoded / Malformed body")


def test_file_without_a_check_out(ann: Client, document: Document) -> None:
    row = (403, "Forbidden", "Document not checked-out by current user.", "msg_not_checked_out_by_current_user")

    check(document.ask(ann, "PATCH", "", {"file": text_file("x")}), *row)


def test_change_of_what_is_locked(ann: Client, bob: Client, document: Document) -> None:
    token = document.post(ann, "@lock")["token"]

    for client, headers in (
        (bob, {}),
        (ann, {}),
        (bob, {"lock_token": token}),
        (ann, {"lock_token": "0.1-0.2-00105A989226:1.000"}),
    ):
        response = document.ask(client, "PATCH", "", {"title": "x"}, **headers)
        check(response, 403, "Forbidden", "Resource is locked.", "msg_resource_locked")
    for decorated in (token, f"opaquelocktoken:{token}", f"<opaquelocktoken:{token}>"):
        document.patch(ann, {"title": decorated}, lock_token=decorated)


def test_removal_of_what_is_locked(ann: Client, bob: Client, document: Document) -> None:
    lock = document.post(ann, "@lock")

    for client in (ann, bob):
        response = document.ask(client, "DELETE", lock_token=lock["token"])
        check(response, 423, "ResourceLockedError", 'Object "document-1" is locked.')
    response = send(ann, "DELETE", document.container_url)
    check(response, 423, "ResourceLockedError", 'Object "dossier-1" is locked.')


def test_removal_of_what_is_checked_out(ann: Client, bob: Client, document: Document) -> None:
    document.post(ann, "@checkout")

    for client in (ann, bob):
        for url in (document.url, document.container_url):
            check(send(client, "DELETE", url), 409, "Conflict", "Checked out documents cannot be deleted.")


def test_move_of_what_is_locked(ann: Client, document: Document) -> None:
    document.post(ann, "@lock")
    row = (423, "ResourceLockedError", "Locked documents cannot be moved.", "msg_locked_doc_cant_be_moved")

    check(send(ann, "POST", f"{BASE}/@move", {"source": document.url}), *row)


def test_copy_and_move_of_what_is_checked_out(ann: Client, document: Document) -> None:
    document.post(ann, "@checkout")
    row = (409, "CopyError", "Checked out documents cannot be copied.", "error_checked_out_cannot_be_copied")

    check(send(ann, "POST", f"{BASE}/@copy", {"source": document.url}), *row)
    check(send(ann, "POST", f"{BASE}/@move", {"source": document.url}), *row)


@pytest.mark.parametrize(
    ("before", "text", "message"),
    [
        ("@trash", "Already trashed", "msg_already_trashed"),
        ("@checkout", "Cannot trash a checked-out document", "msg_trash_checked_out_doc"),
        ("@lock", "Cannot trash a locked document", "msg_trash_locked_doc"),
    ],
)
def test_trash_refused(ann: Client, document: Document, before: str, text: str, message: str) -> None:
    document.post(ann, before)

    check(document.ask(ann, "POST", "@trash"), 400, "BadRequest", text, message)


def test_type_that_is_missing_or_unknown(ann: Client) -> None:
    check(send(ann, "POST", BASE, {}), 400, "BadRequest", "Property '@type' is required")
    check(
        send(ann, "POST", BASE, {"@type": "Folder"}),
        403,
        "Forbidden",
        "Invalid '@type' parameter. No content type with the name 'Folder' found",
    )
    check(send(ann, "POST", f"{BASE}/@copy", {}), 400, "BadRequest", "Property 'source' is required")


def _too_large(policy: Policy) -> Policy:
    return Policy(upload_limit_bytes=10)


def _over_quota(policy: Policy) -> Policy:
    return Policy(quota_bytes=10)


@pytest.mark.parametrize(
    ("limited", "status", "kind"),
    [(_too_large, 413, "Request Entity Too Large"), (_over_quota, 403, "Forbidden")],
)
def test_content_for_which_there_is_no_room(
    serve: Serve, store: Store, ann: Client, limited: Callable[[Policy], Policy], status: int, kind: str
) -> None:
    folder = a_dossier(ann)
    client = ann.through(serve(with_policy(store, limited(store.policy))))
    response = send(client, "POST", folder, {"@type": DOCUMENT, "file": text_file("x" * 100)})

    assert (response.status, response.json["type"], response.json["error"]["type"]) == (status, kind, kind)
    assert send(ann, "GET", folder).json["items_total"] == 0


@pytest.mark.parametrize(
    ("kind", "fields", "wrong"),
    [
        pytest.param(DOSSIER, {}, {"title": "Required input is missing."}, id="no-title"),
        pytest.param(DOSSIER, {"title": "  "}, {"title": "Required input is missing."}, id="blank-title"),
        pytest.param(DOSSIER, {"title": 1}, {"title": "The value has to be a text."}, id="title-is-a-number"),
        pytest.param(DOCUMENT, {"description": []}, {"description": "The value has to be a text."}, id="description"),
        pytest.param(DOCUMENT, {"keywords": "a"}, {"keywords": "The value has to be a list of texts."}, id="keywords"),
        pytest.param(DOCUMENT, {"document_date": "1.2.2026"}, {"document_date": NO_DAY}, id="day"),
        pytest.param(
            DOCUMENT, {"file": {"data": "!", "encoding": "base64"}}, {"file": "The data are not in base64."}, id="base64"
        ),
        pytest.param(
            DOCUMENT, {"file": {"data": "x", "encoding": "gzip"}}, {"file": "The encoding has to be base64."}, id="encoding"
        ),
        pytest.param(DOCUMENT, {"file": "x"}, {"file": "The value has to be an object with data."}, id="file"),
        pytest.param(
            DOCUMENT,
            {"title": [], "document_date": 1},
            {"title": "The value has to be a text.", "document_date": NO_DAY},
            id="two",
        ),
    ],
)
def test_fields_that_are_not_valid(ann: Client, kind: str, fields: dict[str, Any], wrong: dict[str, str]) -> None:
    response = send(ann, "POST", BASE, {"@type": kind, **fields})

    assert response.status == 400
    assert (response.json["type"], response.json["translated_message"]) == ("BadRequest", "Inputs not valid")
    assert response.json["additional_metadata"] == {
        "fields": [{"field": name, "type": "ValidationError", "translated_message": text} for name, text in wrong.items()]
    }
    assert all(name in response.json["message"] for name in wrong)
    assert send(ann, "GET", BASE).json["items_total"] == 0


def test_title_of_a_container_is_not_taken_away(ann: Client, document: Document) -> None:
    response = send(ann, "PATCH", document.container_url, {"title": ""})

    assert (response.status, response.json["translated_message"]) == (400, "Inputs not valid")
    assert send(ann, "PATCH", document.container_url, {"description": "x"}).status == 204


def test_denied_write_is_audited_with_its_cause(ann: Client, bob: Client, store: Store, document: Document) -> None:
    document.post(ann, "@lock")
    document.ask(bob, "DELETE")

    with store.database.read() as session:
        rows = session.all(Statement(select(audit.c.action, audit.c.outcome, audit.c.detail).order_by(audit.c.id.desc())))
    assert rows[0][:2] == ("gever-delete", "denied")
    assert '"locked"' in rows[0][2]
