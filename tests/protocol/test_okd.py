"""OKD: every acceptance case of its specification, by its number."""

from __future__ import annotations

import uuid

import pytest

from davgate.app import Application
from davgate.core.store import Store
from tests.builders import SettableClock
from tests.protocol.client import Client
from tests.protocol.conftest import Serve
from tests.protocol.okd import (
    BASE,
    FORM,
    HELLO,
    HELLO_DIGEST,
    ISSUERS,
    Component,
    content_of,
    deliver,
    file_part,
    form,
    listed,
    metadata_part,
    patch,
    post,
    shown,
)


@pytest.fixture
def app(serve: Serve, store: Store) -> Application:
    """An application that takes tokens."""
    return serve(store, issuers=ISSUERS)


@pytest.fixture
def a(app: Application, clock: SettableClock) -> Component:
    """A component that may see all documents."""
    return Component(app, clock, "component-a")


@pytest.fixture
def b(app: Application, clock: SettableClock) -> Component:
    """Another one."""
    return Component(app, clock, "component-b")


@pytest.fixture
def document(a: Component) -> str:
    """The address of a document that A delivered."""
    return deliver(a)


def test_case_01_form_with_metadata_and_file_is_created(a: Component) -> None:
    response = post(a, metadata_part(), file_part())

    assert response.status == 201
    made = response.json["dmsDocumentId"]
    assert response.headers["location"] == f"{BASE}/{made}"
    assert str(uuid.UUID(made)) == made


def test_case_02_form_without_file_is_400(a: Component) -> None:
    response = post(a, metadata_part())

    assert (response.status, response.json["status"], response.json["code"]) == (400, 400, "missing-part")
    assert response.headers["content-type"] == "application/problem+json"


def test_case_03_form_without_metadata_is_400(a: Component) -> None:
    response = post(a, file_part())

    assert (response.status, response.json["code"]) == (400, "missing-part")


def test_case_04_unknown_document_type_is_422(a: Component) -> None:
    response = post(a, metadata_part(documentType="spaceship"), file_part())

    assert (response.status, response.json["code"]) == (422, "invalid-metadata")
    assert response.json["errors"][0]["field"] == "documentType"


def test_case_05_association_with_consumers_is_taken(a: Component) -> None:
    consumer = {"consumerKey": "nl-okd", "documentType": "examination", "examCode": "X1"}
    said = {"associationId": "a-77", "associationType": "programOfferingAssociation", "consumers": [consumer]}

    response = a("POST", BASE, form(metadata_part(**said, documentType=None), file_part()), content_type=FORM)

    assert response.status == 201
    said = shown(a, response.headers["location"])
    assert (said["documentType"], said["associationId"]) == ("examination", "a-77")
    assert said["metadata"]["examCode"] == "X1"


def test_case_06_metadata_tell_what_is_stored(a: Component, document: str) -> None:
    response = a("GET", document, accept="application/json")

    assert response.status == 200
    said = response.json
    assert (said["documentSize"], said["format"], said["version"], said["locked"]) == (11, "text/plain", 1, False)
    assert said["digest"] == {"algorithm": "sha_256", "value": HELLO_DIGEST}


def test_case_07_content_is_sent_to_who_asks_for_bytes(a: Component, document: str) -> None:
    response = a("GET", document, accept="application/octet-stream")

    assert (response.status, response.body) == (200, HELLO)
    assert "a.txt" in response.headers["content-disposition"]


def test_case_08_range_of_a_download_is_206(a: Component, document: str) -> None:
    response = a("GET", f"{document}/download", range="bytes=6-")

    assert (response.status, response.body) == (206, b"world")
    assert response.headers["content-range"] == "bytes 6-10/11"


def test_case_09_patch_replaces_content_and_keeps_metadata(a: Component, document: str) -> None:
    response = a(
        "PATCH",
        document,
        b"%PDF-1.4 x",
        content_type="application/pdf",
        content_disposition='form-data; name="file"; filename="b.pdf"',
    )

    assert (response.status, response.body) == (204, b"")
    said = shown(a, document)
    assert (said["format"], said["documentSize"], said["fileName"]) == ("application/pdf", 10, "b.pdf")
    assert (said["documentName"], said["version"], said["documentType"]) == ("a.txt", 2, "bpv")


def test_case_10_patch_with_a_form_is_415(a: Component, document: str) -> None:
    response = a("PATCH", document, form(file_part()), content_type=FORM)

    assert (response.status, response.json["code"]) == (415, "unsupported-media-type")
    assert content_of(a, document) == HELLO


def test_case_11_patch_without_a_byte_is_400(a: Component, document: str) -> None:
    response = a("PATCH", document, content_type="text/plain")

    assert (response.status, response.json["code"]) == (400, "empty-content")
    assert content_of(a, document) == HELLO


def test_case_12_lock_is_seen_by_others(a: Component, b: Component, document: str) -> None:
    assert a("POST", f"{document}/_lock").status == 204

    assert shown(b, document)["locked"] is True


def test_case_13_patch_by_another_while_locked_is_423(a: Component, b: Component, document: str) -> None:
    a("POST", f"{document}/_lock")

    response = patch(b, document, b"two")

    assert (response.status, response.json["code"], response.json["lockedBy"]) == (423, "locked", "component-a")
    assert content_of(b, document) == HELLO


def test_case_14_patch_by_the_holder_leaves_the_lock(a: Component, b: Component, document: str) -> None:
    a("POST", f"{document}/_lock")

    assert patch(a, document, b"two").status == 204

    assert shown(b, document)["locked"] is True


def test_case_15_lock_is_had_by_one_and_taken_again_by_the_same(a: Component, b: Component, document: str) -> None:
    a("POST", f"{document}/_lock")

    assert b("POST", f"{document}/_lock").status == 423
    assert a("POST", f"{document}/_lock").status == 204


def test_case_16_holder_alone_unlocks(a: Component, b: Component, document: str) -> None:
    a("POST", f"{document}/_lock")

    assert b("DELETE", f"{document}/lock").status == 423
    assert a("DELETE", f"{document}/lock").status == 204
    assert patch(b, document, b"two").status == 204


def test_case_17_both_spellings_are_one_lock_and_unlocking_twice_is_fine(a: Component, document: str) -> None:
    assert a("POST", f"{document}/lock").status == 204
    assert shown(a, document)["locked"] is True

    assert a("DELETE", f"{document}/_lock").status == 204
    assert shown(a, document)["locked"] is False
    assert a("DELETE", f"{document}/_lock").status == 204


def test_case_18_patch_holds_if_match(a: Component, document: str) -> None:
    first = a("GET", document).etag
    second = patch(a, document, b"two", if_match=first).etag

    stale = patch(a, document, b"three", if_match=first)
    assert (stale.status, stale.json["code"]) == (412, "precondition-failed")
    assert content_of(a, document) == b"two"
    current = patch(a, document, b"three", if_match=second)
    assert current.status == 204
    assert len({first, second, current.etag}) == 3


def test_case_19_known_metadata_are_304(a: Component, document: str) -> None:
    response = a("GET", document, if_none_match=a("GET", document).etag)

    assert (response.status, response.body) == (304, b"")


@pytest.mark.parametrize(("method", "suffix"), [("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/_lock"), ("PUT", "")])
def test_case_20_without_credentials_all_is_401(nobody: Client, document: str, method: str, suffix: str) -> None:
    missing = f"{BASE}/{uuid.UUID(int=7)}"
    answers = [nobody(method, address + suffix) for address in (document, missing)]

    for response in answers:
        assert (response.status, response.json["code"]) == (401, "unauthorized")
        assert response.headers["www-authenticate"] == 'Bearer realm="okd", Basic realm="okd", charset="UTF-8"'
    assert nobody("GET", BASE).status == 401


def test_case_21_narrow_scope_opens_its_type_alone(app: Application, clock: SettableClock, document: str) -> None:
    narrow = Component(app, clock, "component-c", "okd:bpvdocuments")

    assert narrow("GET", document).status == 200
    response = post(narrow, metadata_part(documentType="examination"), file_part())
    assert (response.status, response.json["code"]) == (403, "insufficient-scope")
    assert response.headers["www-authenticate"] == 'Bearer error="insufficient_scope", scope="okd:alldocuments"'


def test_case_22_document_of_another_type_is_403_and_not_listed(app: Application, clock: SettableClock, document: str) -> None:
    narrow = Component(app, clock, "component-c", "okd:examdocuments")

    assert narrow("GET", document).status == 403
    assert patch(narrow, document, b"two").status == 403
    assert listed(narrow) == []


def test_case_23_expired_token_is_401(app: Application, clock: SettableClock, document: str) -> None:
    seconds = clock.now() // 1_000_000
    late = Component(app, clock, "component-c", exp=seconds - 61)

    response = late("GET", document)

    assert (response.status, response.json["code"]) == (401, "invalid-token")
    assert 'Bearer realm="okd", error="invalid_token"' in response.headers["www-authenticate"]


def test_case_24_list_finds_the_id_of_the_component(a: Component, document: str) -> None:
    wanted = deliver(a, documentId="65f64c44-e3c4-4579-8e05-a729d4b89d06")

    response = a("GET", f"{BASE}?documentId=65f64c44-e3c4-4579-8e05-a729d4b89d06")

    assert response.status == 200
    assert [f"{BASE}/{item['dmsDocumentId']}" for item in response.json["items"]] == [wanted]
    assert response.json["totalItems"] == 1


def test_case_25_list_has_pages(a: Component, document: str) -> None:
    deliver(a)

    response = a("GET", f"{BASE}?pageSize=1")

    assert len(response.json["items"]) == 1
    assert response.json["hasNextPage"] is True


def test_case_26_deleted_document_is_gone(a: Component, document: str) -> None:
    assert a("DELETE", document).status == 204

    assert a("GET", document).status == 404
    assert a("DELETE", document).status == 404
    assert listed(a) == []


def test_case_27_delete_while_locked_by_another_is_423(a: Component, b: Component, document: str) -> None:
    b("POST", f"{document}/_lock")

    assert a("DELETE", document).status == 423
    assert content_of(a, document) == HELLO


def test_case_28_what_is_no_uuid_is_404_and_an_unknown_method_405(a: Component, document: str) -> None:
    response = a("PUT", document, b"x")

    assert a("GET", f"{BASE}/not-a-uuid").status == 404
    assert (response.status, response.json["code"]) == (405, "method-not-allowed")
    assert {"GET", "PATCH", "DELETE"} <= set(response.headers["allow"].split(", "))
