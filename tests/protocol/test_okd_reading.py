"""Reading documents through OKD: which representation is chosen, conditions and ranges, and what other doors have made."""

from __future__ import annotations

import pytest

from davgate.core import checking_out
from davgate.core.store import Store
from tests.builders import LARGE, path
from tests.protocol.client import Client
from tests.protocol.gever import a_dossier
from tests.protocol.okd import BASE, HELLO, content_of, deliver, listed, patch, shown

JSON = "application/json"
FILED = "/dav/OKD/2026-11/a.txt"


@pytest.fixture
def document(ann: Client) -> str:
    return deliver(ann)


def types_of(client: Client, document: str, accept: str) -> str:
    """Return the media type of the representation that a header asks for."""
    response = client("GET", document, accept=accept)
    assert response.status == 200, response
    assert response.headers["vary"] == "Accept, Authorization"
    return response.headers["content-type"]


@pytest.mark.parametrize(
    "accept",
    [
        "*/*",
        "application/*",
        "application/json",
        "application/json, application/octet-stream",
        "application/octet-stream;q=0.5, application/json",
        "text/plain, application/json",
        "text/plain;q=0.9, */*",
        "nonsense",
        "application/problem+json, application/json;q=0.1",
    ],
)
def test_metadata_are_sent_unless_content_is_liked_better(ann: Client, document: str, accept: str) -> None:
    assert types_of(ann, document, accept) == JSON
    assert ann("GET", document).headers["content-type"] == JSON


@pytest.mark.parametrize(
    "accept",
    ["application/octet-stream", "text/plain", "text/*", "application/json;q=0.1, text/plain", "application/json;q=0, */*"],
)
def test_content_is_sent_to_who_likes_it_better(ann: Client, document: str, accept: str) -> None:
    assert types_of(ann, document, accept) == "text/plain"
    assert ann("GET", document, accept=accept).body == HELLO


def test_media_type_with_parameters_is_asked_for_without_them(ann: Client) -> None:
    document = deliver(ann, media_type='text/csv; charset="utf-8"')

    assert types_of(ann, document, "text/csv").startswith("text/csv")


def test_content_that_is_json_is_had_by_its_own_address_alone(ann: Client) -> None:
    document = deliver(ann, b"{}", "a.json", "application/json")

    assert shown(ann, document)["format"] == JSON
    assert content_of(ann, document) == b"{}"


def test_representation_that_there_is_not_is_406(ann: Client, document: str) -> None:
    response = ann("GET", document, accept="image/png")

    assert (response.status, response.json["code"]) == (406, "not-acceptable")
    for suffix in ("metadata", "download", "content"):
        assert ann("GET", f"{document}/{suffix}", accept="image/png").status == 200


def test_addresses_of_metadata_and_content_are_what_they_say(ann: Client, document: str) -> None:
    assert ann("GET", f"{document}/metadata", accept="text/plain").json == shown(ann, document)
    for suffix in ("download", "content"):
        response = ann("GET", f"{document}/{suffix}", accept=JSON)
        assert (response.headers["content-type"], response.body) == ("text/plain", HELLO)
        assert response.headers["accept-ranges"] == "bytes"
        assert "last-modified" in response.headers


@pytest.mark.parametrize("suffix", ["", "/metadata", "/download", "/content", "/_lock"])
def test_head_is_as_get_without_a_body(ann: Client, document: str, suffix: str) -> None:
    head, get = (ann(method, document + suffix) for method in ("HEAD", "GET"))

    assert (head.status, head.body) == (200, b"")
    assert {**head.headers, "x-request-id": ""} == {**get.headers, "x-request-id": ""}


def test_head_of_the_list_is_200(ann: Client, document: str) -> None:
    assert (ann("HEAD", BASE).status, ann("HEAD", BASE).body) == (200, b"")


def test_name_that_is_not_ascii_is_sent_in_both_forms(ann: Client) -> None:
    sent = ann("GET", f"{deliver(ann, name='Übung €.pdf')}/download").headers["content-disposition"]

    assert sent == "attachment; filename=\"_bung _.pdf\"; filename*=UTF-8''%C3%9Cbung%20%E2%82%AC.pdf"


def test_id_is_compared_without_regard_to_capitals_and_slashes_at_the_end_do_not_count(ann: Client, document: str) -> None:
    capitals = BASE + "/" + document.rpartition("/")[2].upper()

    assert shown(ann, capitals) == shown(ann, document) == shown(ann, document + "/")
    assert shown(ann, capitals)["dmsDocumentId"] == document.rpartition("/")[2]
    assert ann("GET", f"{BASE}/").json == ann("GET", BASE).json


@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "PATCH", "DELETE"])
@pytest.mark.parametrize("spell", ["{0}x", "{{{0}}}", "urn:uuid:{0}", "not-a-uuid", "_registerdmsdocument"])
def test_segment_that_is_no_uuid_is_404(ann: Client, document: str, method: str, spell: str) -> None:
    response = ann(method, BASE + "/" + spell.format(document.rpartition("/")[2]))

    assert response.status in ((404, 405) if spell.startswith(("{", "urn")) else (404,))


@pytest.mark.parametrize("segment", ["x" * 300, "%00", "..", "x%2fy"])
def test_segment_that_is_no_name_either_is_404(ann: Client, nobody: Client, segment: str) -> None:
    response = ann("GET", f"{BASE}/{segment}")

    assert (response.status, response.json["code"]) == (404, "not-found")
    assert nobody("GET", f"{BASE}/{segment}").status == 401


def test_uuid_without_hyphens_is_404(ann: Client, document: str) -> None:
    assert ann("GET", document.replace("-", "")).status == 404


def test_types_of_documents_are_listed(ann: Client) -> None:
    response = ann("GET", f"{BASE}/documenttypes")

    assert response.status == 200
    names = [item["documentType"] for item in response.json["items"]]
    assert names == ["enrollment", "examination", "bpv", "graduation", "student", "other"]
    assert ann("DELETE", f"{BASE}/documenttypes").status == 405


# Conditions and ranges


def test_each_representation_has_a_strong_tag_of_its_own(ann: Client, document: str) -> None:
    metadata, content = ann("GET", document).etag, ann("GET", f"{document}/download").etag

    assert metadata != content
    assert not metadata.startswith("W/")
    assert ann("GET", document, accept="text/plain").etag == content
    assert ann("GET", f"{document}/metadata").etag == metadata


@pytest.mark.parametrize("suffix", ["", "/metadata", "/download", "/content"])
@pytest.mark.parametrize("tags", ["{0}", '"x", {0}', "W/{0}", "*"])
def test_representation_that_the_client_has_is_304(ann: Client, document: str, suffix: str, tags: str) -> None:
    tag = ann("GET", document + suffix).etag

    response = ann("GET", document + suffix, if_none_match=tags.format(tag))

    assert (response.status, response.body, response.etag) == (304, b"", tag)
    assert ann("GET", document + suffix, if_none_match='"another"').status == 200


def test_tag_of_one_representation_is_not_that_of_the_other(ann: Client, document: str) -> None:
    of_metadata, of_content = ann("GET", document).etag, ann("GET", f"{document}/download").etag

    content = ann("GET", document, accept="application/octet-stream", if_none_match=of_metadata)

    assert (content.status, content.body) == (200, HELLO)
    assert ann("GET", document, if_none_match=of_content).status == 200


def test_lock_changes_no_tag_and_a_version_changes_that_of_what_it_changes(ann: Client, document: str) -> None:
    before = [ann("GET", document + suffix).etag for suffix in ("", "/download")]

    ann("POST", f"{document}/_lock")
    assert [ann("GET", document + suffix).etag for suffix in ("", "/download")] == before
    patch(ann, document, HELLO)
    after = [ann("GET", document + suffix).etag for suffix in ("", "/download")]
    assert (after[0] != before[0], after[1]) == (True, before[1])


def test_stale_if_match_on_a_read_is_412(ann: Client, document: str) -> None:
    for suffix in ("", "/download"):
        assert ann("GET", document + suffix, if_match='"stale"').status == 412
        assert ann("GET", document + suffix, if_match=ann("GET", document + suffix).etag).status == 200


@pytest.mark.parametrize(
    ("asked", "status", "content_range", "body"),
    [
        ("bytes=0-4", 206, "bytes 0-4/11", b"hello"),
        ("bytes=-5", 206, "bytes 6-10/11", b"world"),
        ("bytes=5-999", 206, "bytes 5-10/11", b" world"),
        ("bytes=11-", 416, "bytes */11", None),
        ("bytes=0-1,3-4", 200, None, HELLO),
        ("lines=1-2", 200, None, HELLO),
    ],
)
@pytest.mark.parametrize("address", ["{0}/download", "{0}/content", "{0}"])
def test_ranges(
    ann: Client, document: str, asked: str, status: int, content_range: str | None, body: bytes | None, address: str
) -> None:
    response = ann("GET", address.format(document), range=asked, accept="application/octet-stream")

    assert (response.status, response.headers.get("content-range")) == (status, content_range)
    assert body is None or response.body == body


def test_range_of_content_that_changed_is_sent_whole(ann: Client, document: str) -> None:
    old = ann("GET", f"{document}/download").etag
    patch(ann, document, b"other words")

    response = ann("GET", f"{document}/download", range="bytes=0-4", if_range=old)

    assert (response.status, response.body) == (200, b"other words")
    assert ann("GET", f"{document}/download", range="bytes=0-4", if_range=response.etag).status == 206


# Documents of other doors


def test_document_of_the_drive_is_shown_without_a_type(ann: Client) -> None:
    ann.put("/dav/Brief.pdf", LARGE)

    (document,) = listed(ann)

    got = shown(ann, document)
    assert (got["documentType"], got["title"], got["documentName"], got["fileName"]) == (None, *["Brief.pdf"] * 3)
    assert (got["format"], got["documentSize"]) == ("application/pdf", len(LARGE))
    assert content_of(ann, document) == LARGE


def test_what_the_drive_alone_knows_is_not_here(ann: Client) -> None:
    ann.mkcol("/dav/folder")
    ann.put("/dav/~$Brief.docx", b"owner")
    ann.lock("/dav/pending.docx")
    folder = ann("PROPFIND", "/dav/folder", depth="0").xml.findtext(".//{DAV:}resource-id/{DAV:}href")

    assert listed(ann) == []
    assert folder is None or ann("GET", f"{BASE}/{folder.removeprefix('urn:uuid:')}").status == 404


def test_document_that_was_emptied_a_moment_ago_shows_its_last_version(ann: Client, document: str) -> None:
    ann("PUT", FILED, b"")

    assert shown(ann, document)["documentSize"] == len(HELLO)
    assert content_of(ann, document) == HELLO


def test_document_of_gever_without_a_file_has_metadata_alone(ann: Client) -> None:
    made = ann(
        "POST",
        a_dossier(ann).removeprefix("http://drive.test"),
        '{"@type": "opengever.document.document", "title": "Ohne Datei"}',
        accept=JSON,
    )
    assert made.status == 201, made
    (document,) = listed(ann)

    got = shown(ann, document)
    assert (got["title"], got["format"], got["documentSize"], got["digest"], got["fileName"]) == ("Ohne Datei", *[None] * 4)
    assert ann("GET", f"{document}/download").status == 404
    assert ann("GET", document, accept="application/octet-stream").status == 406
    assert patch(ann, document, b"now it has one", content_disposition='attachment; filename="n.txt"').status == 204
    assert content_of(ann, document) == b"now it has one"


def test_working_copy_is_seen_by_its_holder_alone(ann: Client, bob: Client, store: Store, document: str) -> None:
    checking_out.check_out(store, ann.ctx, path(FILED.removeprefix("/dav")))
    assert patch(ann, document, b"draft").status == 204

    assert (content_of(ann, document), content_of(bob, document)) == (b"draft", HELLO)
    assert (shown(ann, document)["documentSize"], shown(bob, document)["documentSize"]) == (5, 11)
    assert shown(ann, document)["locked"] is False
    seen = shown(bob, document)["lock"]
    assert (seen["lockedBy"], seen["expiresAt"], seen["mine"]) == ("ann", None, False)
    refusal = patch(bob, document)
    assert (refusal.status, refusal.json["code"], refusal.json["lockedBy"]) == (423, "locked", "ann")
    for method, address in (("DELETE", document), ("POST", f"{document}/_lock"), ("DELETE", f"{document}/_lock")):
        assert bob(method, address).status == 423, method


def test_document_that_was_joined_to_another_is_found_by_its_former_id(ann: Client) -> None:
    ann.put("/dav/Brief.docx", b"one")
    (kept,) = listed(ann)
    ann.put("/dav/Brief.tmp", b"two")
    saved = ann("MOVE", "/dav/Brief.tmp", destination="http://drive.test/dav/Brief.docx")
    assert saved.status == 204

    assert content_of(ann, kept) == b"two"
    assert listed(ann) == [kept]
