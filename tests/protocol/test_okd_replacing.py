"""Replacing content through OKD by PATCH, and withdrawing documents."""

from __future__ import annotations

import io
import json
from datetime import timedelta

import pytest

from davgate.config import LimitsConfig
from davgate.core import marking
from davgate.core.audit import shown as audit_shown
from davgate.core.store import Store
from davgate.http.body import BodyError
from davgate.storage.api import AuditFilter
from tests.builders import LARGE, Meanwhile, path
from tests.protocol.client import Client
from tests.protocol.conftest import Serve
from tests.protocol.okd import FORM, HELLO, content_of, deliver, file_part, form, listed, patch, shown
from tests.protocol.stored import history, trashed

DESCRIPTIVE = [
    "dmsDocumentId",
    "documentId",
    "title",
    "documentName",
    "documentType",
    "documentSubtype",
    "description",
    "retentionPeriodSuggestion",
    "receivedDate",
    "registrationDate",
    "studentNumber",
    "personId",
    "associationId",
    "sequenceCode",
    "creationDate",
    "createdBy",
    "metadata",
]


@pytest.fixture
def document(ann: Client) -> str:
    return deliver(ann)


class CutBody(io.BytesIO):
    """A body whose connection is cut after its first half."""

    def read(self, size: int | None = -1, /) -> bytes:
        block = super().read(size)
        if not block:
            raise BodyError("The connection was cut.")
        return block


# PATCH


def test_technical_facts_follow_the_bytes_and_nothing_else_changes(ann: Client, bob: Client) -> None:
    said = {"description": "d", "studentNumber": "1", "retentionPeriodSuggestion": "3Y", "examCode": "X"}
    document = deliver(ann, **said)
    before = shown(ann, document)
    ann.clock.advance(timedelta(hours=1))

    assert patch(bob, document, b"%PDF", content_type="application/pdf").status == 204

    after = shown(ann, document)
    assert {name: after[name] for name in DESCRIPTIVE} == {name: before[name] for name in DESCRIPTIVE}
    assert (after["format"], after["documentSize"], after["version"]) == ("application/pdf", 4, 2)
    assert (after["fileName"], after["modificationDate"]) == ("a.txt", "2026-11-20T13:00:00Z")
    assert after["digest"] != before["digest"]


def test_former_content_is_an_older_version_on_the_drive(ann: Client, store: Store, document: str) -> None:
    patch(ann, document)

    assert [version.content.length_bytes for version in history(store, ann.ctx, "/OKD/2026-11/a.txt")] == [11, 3]
    names = ann("PROPFIND", "/dav/OKD/2026-11/.versions/a.txt/", depth="1").xml.findall(".//{DAV:}href")
    assert len(names) == 3


def test_same_bytes_make_a_new_version_with_another_tag(ann: Client, document: str) -> None:
    first, second = (patch(ann, document, HELLO) for _ in range(2))

    assert (first.status, second.status) == (204, 204)
    assert first.etag != second.etag
    assert shown(ann, document)["version"] == 3
    assert ann("GET", document).etag == second.etag


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ('form-data; name="file"; filename="b.pdf"', "b.pdf"),
        ("attachment; filename=b.pdf", "b.pdf"),
        ("inline; filename=\"plain.pdf\"; filename*=UTF-8''%C3%9Cbung.pdf", "Übung.pdf"),
        ('attachment; filename="C:\\Temp\\b.pdf"', "b.pdf"),
        ("attachment; filename*=UTF-8''..%2F..%2Fb.pdf", "b.pdf"),
        ("attachment; filename*=UTF-8''a%00b%0A.pdf", "a_b_.pdf"),
        ('form-data; name="file"', "a.txt"),
        ('attachment; filename=""', "a.txt"),
        ('attachment; filename="../.."', "a.txt"),
        ("attachment", "a.txt"),
    ],
    ids=["form-data", "token", "extended", "windows", "dots", "control", "no-name", "empty-name", "folder", "alone"],
)
def test_file_name_is_that_of_the_request_whatever_its_disposition(ann: Client, document: str, header: str, name: str) -> None:
    assert patch(ann, document, content_disposition=header).status == 204

    got = shown(ann, document)
    assert (got["fileName"], got["documentName"]) == (name, "a.txt")
    assert ann.get("/dav/OKD/2026-11/a.txt") == b"two"


def test_file_name_of_before_stays_without_a_new_one(ann: Client, document: str) -> None:
    patch(ann, document, content_disposition='attachment; filename="b.pdf"')

    patch(ann, document, b"three")

    assert shown(ann, document)["fileName"] == "b.pdf"


def test_json_is_content(ann: Client, document: str) -> None:
    assert patch(ann, document, b'{"documentType": "other"}', content_type="application/json").status == 204

    got = shown(ann, document)
    assert (got["documentType"], got["format"]) == ("bpv", "application/json")
    assert content_of(ann, document) == b'{"documentType": "other"}'


def test_missing_media_type_leaves_the_format_to_the_name(ann: Client) -> None:
    document = deliver(ann, name="a")

    assert ann("PATCH", document, b"two").status == 204
    assert shown(ann, document)["format"] == "application/octet-stream"


@pytest.mark.parametrize("media_type", [FORM, "Multipart/Mixed", "application/x-www-form-urlencoded; charset=utf-8"])
def test_envelope_is_415_before_it_is_read(ann: Client, document: str, media_type: str) -> None:
    body = Meanwhile(form(file_part()))

    response = ann.send("PATCH", document, body, content_type=media_type, content_length="100")

    assert (response.status, response.json["code"]) == (415, "unsupported-media-type")
    assert not body.is_read
    assert shown(ann, document)["version"] == 1


@pytest.mark.parametrize("headers", [{"content_length": "0"}, {"transfer_encoding": "chunked"}], ids=["length", "chunks"])
def test_empty_body_is_400(ann: Client, document: str, headers: dict[str, str]) -> None:
    response = ann("PATCH", document, b"", content_type="text/plain", **headers)

    assert (response.status, response.json["code"]) == (400, "empty-content")
    assert shown(ann, document)["version"] == 1


def test_body_above_the_limit_is_413_and_one_announced_so_is_not_read(serve: Serve, store: Store, ann: Client) -> None:
    ann = ann.through(serve(store, limits=LimitsConfig(rest_bytes=1 << 20)))
    document = deliver(ann)
    announced = Meanwhile(b"")

    responses = [
        ann.send("PATCH", document, announced, content_type="text/plain", content_length=str((1 << 20) + 1)),
        patch(ann, document, b"x" * ((1 << 20) + 1), transfer_encoding="chunked"),
    ]

    assert [(response.status, response.json["code"]) for response in responses] == [(413, "too-large")] * 2
    assert not announced.is_read
    assert content_of(ann, document) == HELLO
    assert patch(ann, document, b"x" * (1 << 20)).status == 204


@pytest.mark.parametrize("length", [len(LARGE) * 2, len(LARGE) + 1])
def test_upload_that_is_cut_leaves_the_old_content(ann: Client, store: Store, document: str, length: int) -> None:
    response = ann.send("PATCH", document, CutBody(LARGE), content_type="text/plain", content_length=str(length))

    assert (response.status, response.json["code"]) == (400, "bad-request")
    assert (content_of(ann, document), shown(ann, document)["version"]) == (HELLO, 1)
    assert store.blobs.unfinished() == 0


# Conditions


@pytest.mark.parametrize("suffix", ["", "/download"], ids=["metadata", "content"])
@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_if_match_takes_the_tag_of_either_representation(ann: Client, document: str, suffix: str, method: str) -> None:
    tag = ann("GET", document + suffix).etag
    body = b"two" if method == "PATCH" else b""

    refused = ann(method, document, body, content_type="text/plain", if_match='"stale"')
    assert (refused.status, refused.json["code"]) == (412, "precondition-failed")
    assert content_of(ann, document) == HELLO
    assert ann(method, document, body, content_type="text/plain", if_match=tag).status == 204


def test_any_tag_matches_what_is_there(ann: Client, document: str) -> None:
    assert patch(ann, document, if_match="*").status == 204
    assert patch(ann, document, if_none_match="*").status == 412


def test_if_unmodified_since_is_held_where_there_is_no_if_match(ann: Client, document: str) -> None:
    before, after = "Fri, 20 Nov 2026 11:59:59 GMT", "Fri, 20 Nov 2026 12:00:00 GMT"

    assert patch(ann, document, if_unmodified_since=before).status == 412
    assert patch(ann, document, if_unmodified_since=after).status == 204
    assert patch(ann, document, if_unmodified_since=before, if_match="*").status == 204
    assert ann("DELETE", document, if_unmodified_since=before).status == 412


def test_last_writer_wins_without_a_condition_and_both_versions_are_kept(
    ann: Client, bob: Client, store: Store, document: str
) -> None:
    patch(ann, document, b"two")
    patch(bob, document, b"three")

    assert content_of(ann, document) == b"three"
    assert [version.author for version in history(store, ann.ctx, "/OKD/2026-11/a.txt")] == ["ann", "ann", "bob"]


# The order of checks


def test_lock_is_told_before_a_condition_and_this_before_the_body(ann: Client, bob: Client, document: str) -> None:
    bob("POST", f"{document}/_lock")
    body = Meanwhile(b"two")

    def send(**headers: str) -> int:
        return ann.send("PATCH", document, body, content_length="1000000", **headers).status

    assert send(content_type=FORM, if_match='"stale"') == 423
    assert ann("DELETE", document, if_match='"stale"').status == 423
    bob("DELETE", f"{document}/_lock")
    assert send(content_type=FORM, if_match='"stale"') == 412
    assert send(content_type=FORM) == 415
    assert send(content_type="text/plain", if_match='"stale"') == 412
    assert not body.is_read


def test_lock_that_is_taken_while_the_body_arrives_counts(ann: Client, bob: Client, document: str) -> None:
    body = Meanwhile(b"two", lambda: bob("POST", f"{document}/_lock"))

    response = ann.send("PATCH", document, body, content_type="text/plain", content_length="3")

    assert (response.status, response.json["lockedBy"]) == (423, "bob")
    assert content_of(ann, document) == HELLO


# DELETE


def test_deleted_document_is_in_the_trash_of_the_store_and_gone_here(ann: Client, store: Store, document: str) -> None:
    response = ann("DELETE", document)

    assert (response.status, response.body) == (204, b"")
    assert trashed(store) == ["/OKD/2026-11/a.txt"]
    for method, suffix in (
        ("GET", ""),
        ("GET", "/download"),
        ("GET", "/_lock"),
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", "/_lock"),
        ("DELETE", "/lock"),
        ("POST", "/_unlock"),
    ):
        answer = ann(method, document + suffix, b"x" if method == "PATCH" else b"", content_type="text/plain")
        assert (answer.status, answer.json["code"]) == (404, "not-found"), method
    assert listed(ann) == []


def test_deleted_folder_takes_its_documents_along(ann: Client, document: str) -> None:
    kept = deliver(ann)
    ann("MOVE", "/dav/OKD/2026-11/a%20(2).txt", destination="http://drive.test/dav/kept.txt")
    assert ann("DELETE", "/dav/OKD/").status == 204

    assert ann("GET", document).status == 404
    assert listed(ann) == [kept]


def test_document_under_a_hold_is_409_and_stays(ann: Client, root_admin: Client, store: Store, document: str) -> None:
    filed = path("/OKD/2026-11/a.txt")
    marking.hold(store, root_admin.ctx, filed, 1)
    patch(ann, document)

    response = ann("DELETE", document)

    assert (response.status, response.json["code"]) == (409, "retention")
    assert content_of(ann, document) == b"two"
    marking.release(store, root_admin.ctx, filed, 1)
    assert ann("DELETE", document).status == 204


def test_what_is_denied_is_in_the_audit_with_its_cause(ann: Client, bob: Client, root_admin: Client, store: Store) -> None:
    document = deliver(ann)
    ann("POST", f"{document}/_lock")

    patch(bob, document)

    (row,) = [row for row in audit_shown.newest(store, root_admin.ctx, AuditFilter(), 100) if row.outcome == "denied"]
    assert (row.principal, row.action, json.loads(row.detail)) == ("bob", "okd-replace", {"code": "locked"})
