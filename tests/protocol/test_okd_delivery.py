"""Delivering documents through OKD: what may be said of them, how forms are read, and what is refused."""

from __future__ import annotations

import json

import pytest

from davgate.app import Application
from davgate.config import LimitsConfig
from davgate.core.store import Store
from tests.builders import LARGE
from tests.protocol.client import Client
from tests.protocol.conftest import Serve
from tests.protocol.okd import (
    BASE,
    BOUNDARY,
    FORM,
    Part,
    content_of,
    deliver,
    file_part,
    form,
    listed,
    metadata_part,
    post,
    shown,
)
from tests.protocol.stored import lock_count


def refused(client: Client, **fields: object) -> list[str]:
    """Return the fields for which metadata are refused."""
    response = post(client, metadata_part(**fields), file_part())
    assert (response.status, response.json["code"]) == (422, "invalid-metadata"), response
    return [mistake["field"] for mistake in response.json["errors"]]


# Metadata


def test_everything_that_is_said_is_shown(ann: Client) -> None:
    said = {
        "documentType": "bpv",
        "documentSubtype": "bpv-overeenkomst",
        "documentId": "65f64c44-e3c4-4579-8e05-a729d4b89d06",
        "documentName": "overeenkomst.pdf",
        "description": "Één",
        "retentionPeriodSuggestion": "3Y",
        "receivedDate": "2023-09-01",
        "registrationDate": "2023-09-02",
        "studentNumber": "1234567",
        "personId": "p-1",
        "associationId": "a-1",
        "sequenceCode": "1.2",
    }

    got = shown(ann, deliver(ann, b"%PDF", "x.pdf", "application/pdf", **said))

    assert {name: got[name] for name in said} == said
    assert got["title"] == "overeenkomst.pdf"
    assert got["fileName"] == "x.pdf"
    assert (got["createdBy"], got["creationDate"], got["modificationDate"]) == ("ann", *["2026-11-20T12:00:00Z"] * 2)
    assert (got["lock"], got["documentTempDownloadUrl"], got["metadata"]) == (None, None, {})


def test_what_is_not_said_is_null_and_the_id_that_of_the_store(ann: Client) -> None:
    got = shown(ann, deliver(ann))

    unsaid = [
        "documentSubtype",
        "description",
        "retentionPeriodSuggestion",
        "receivedDate",
        "registrationDate",
        "studentNumber",
        "personId",
        "associationId",
        "sequenceCode",
    ]
    assert {name: got[name] for name in unsaid} == dict.fromkeys(unsaid)
    assert got["documentId"] == got["dmsDocumentId"]
    assert got["documentName"] == got["title"] == "a.txt"


def test_fields_that_are_not_known_are_kept_as_they_were_sent(ann: Client) -> None:
    others = {"examCode": "X1", "examDateTime": "soon", "nested": {"a": [1, 2.5, None, {"ü": True}]}, "empty": None}

    assert shown(ann, deliver(ann, **others))["metadata"] == others


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("inschrijving", "enrollment"), ("examinering", "examination"), ("diplomering", "graduation"), ("student", "student")],
)
def test_dutch_words_of_older_drafts_are_types(ann: Client, sent: str, kept: str) -> None:
    document = deliver(ann, documentType=sent)

    assert shown(ann, document)["documentType"] == kept
    assert listed(ann, f"documentType={sent}") == [document]


def test_name_that_is_empty_is_none(ann: Client) -> None:
    deliver(ann)

    assert shown(ann, deliver(ann, documentName=""))["documentName"] == "a.txt"


def test_dutch_word_for_the_retention_period_is_taken(ann: Client) -> None:
    both = shown(ann, deliver(ann, retentionPeriodSuggestion="3Y", bewaartermijnsuggestie="1321D"))
    assert (both["retentionPeriodSuggestion"], both["metadata"]) == ("3Y", {})
    got = shown(ann, deliver(ann, bewaartermijnsuggestie="1321D"))

    assert (got["retentionPeriodSuggestion"], got["metadata"]) == ("1321D", {})


def test_ids_that_are_uuids_are_in_lower_case(ann: Client) -> None:
    capitals = "65F64C44-E3C4-4579-8E05-A729D4B89D06"

    document = deliver(ann, documentId=capitals, personId="P-1", associationId=capitals)

    got = shown(ann, document)
    assert (got["documentId"], got["personId"], got["associationId"]) == (capitals.lower(), "P-1", capitals.lower())
    assert listed(ann, f"documentId={capitals}") == listed(ann, f"associationId={capitals.lower()}") == [document]


@pytest.mark.parametrize(
    "fields",
    [
        {"documentType": None},
        {"documentType": "Bpv"},
        {"documentType": 7},
        {"documentType": ["bpv"]},
        {"retentionPeriodSuggestion": "3"},
        {"retentionPeriodSuggestion": "Y3"},
        {"retentionPeriodSuggestion": "3Y\n"},
        {"bewaartermijnsuggestie": "3 Y"},
        {"receivedDate": "2023-09-31"},
        {"receivedDate": "2023-9-1"},
        {"registrationDate": "2023-09-01T00:00:00Z"},
        {"enrollmentStartDate": "20230901"},
        {"enrollmentEndDate": 20230901},
        {"studentNumber": 1234567},
        {"documentName": {"a": 1}},
        {"description": "a\0b"},
        {"custom": {"deep": ["a\0b"]}},
    ],
    ids=lambda fields: "-".join(f"{name}-{value!r}" for name, value in fields.items()),
)
def test_field_that_is_wrong_is_named(ann: Client, fields: dict[str, object]) -> None:
    assert refused(ann, **fields) == list(fields)
    assert listed(ann) == []


def test_all_that_is_wrong_is_told_at_once_the_type_first(ann: Client) -> None:
    fields = {"receivedDate": "x", "documentType": "spaceship", "retentionPeriodSuggestion": "y"}

    assert refused(ann, **fields)[0] == "documentType"
    assert set(refused(ann, **fields)) == set(fields)


@pytest.mark.parametrize("text", ["", "{", "[]", '"bpv"', "null", '{"documentType": "bpv", "documentType": "other"}', "\xff"])
def test_metadata_that_are_no_object_are_400(ann: Client, text: str) -> None:
    response = post(ann, Part("metadata", text.encode("latin-1")), file_part())

    assert (response.status, response.json["code"]) == (400, "bad-request")


# Associations


PERSON = {"personId": "P-9", "primaryCode": {"codeType": "studentNumber", "code": "77"}}


@pytest.mark.parametrize(
    ("person", "expected"),
    [
        ("P-9", ("P-9", None)),
        (PERSON, ("P-9", "77")),
        ({**PERSON, "primaryCode": {"codeType": "nlPerson", "code": "77"}}, ("P-9", None)),
        ({"primaryCode": "77"}, (None, None)),
        (7, (None, None)),
        (None, (None, None)),
    ],
    ids=["id", "object", "another-code", "broken-code", "number", "null"],
)
def test_person_of_an_association_is_lifted(ann: Client, person: object, expected: tuple[str | None, str | None]) -> None:
    said = {"associationId": "A-1", "person": person, "offering": {"offeringId": "o"}, "state": "associated"}
    consumers = [{"consumerKey": "other", "x": 1}, {"consumerKey": "nl-okd", "documentType": "bpv", "examName": "E"}]

    got = shown(ann, deliver(ann, **{**said, "documentType": None, "consumers": consumers}))

    assert (got["personId"], got["studentNumber"], got["associationId"], got["documentType"]) == (*expected, "A-1", "bpv")
    assert got["metadata"] == {
        "person": person,
        "offering": {"offeringId": "o"},
        "state": "associated",
        "examName": "E",
        "consumers": [{"consumerKey": "other", "x": 1}],
    }


def test_field_of_the_consumer_counts_before_that_of_the_person(ann: Client) -> None:
    consumer = {"consumerKey": "nl-okd", "documentType": "bpv", "studentNumber": "1", "personId": "Q"}

    got = shown(ann, deliver(ann, documentType=None, person=PERSON, consumers=[consumer]))

    assert (got["studentNumber"], got["personId"]) == ("1", "Q")


def test_consumer_that_stands_alone_is_taken(ann: Client) -> None:
    got = shown(ann, deliver(ann, documentType=None, consumers={"consumerKey": "nl-okd", "documentType": "examinering"}))

    assert (got["documentType"], got["metadata"]) == ("examination", {})


def test_association_without_a_consumer_for_us_lacks_its_type(ann: Client) -> None:
    assert refused(ann, documentType=None, consumers=[{"consumerKey": "nl-test", "documentType": "bpv"}]) == ["documentType"]


def test_document_is_delivered_at_the_address_of_its_association(ann: Client) -> None:
    response = post(ann, metadata_part(), file_part(), to="/okd/v1/associations/A-1")

    assert response.status == 201
    assert shown(ann, response.headers["location"])["associationId"] == "A-1"


def test_association_that_is_not_the_one_of_the_address_is_422(ann: Client) -> None:
    response = post(ann, metadata_part(associationId="A-2"), file_part(), to="/okd/v1/associations/A-1")

    assert (response.status, response.json["errors"][0]["field"]) == (422, "associationId")


# Forms


def test_parts_come_in_any_order_and_others_do_not_count(ann: Client) -> None:
    response = post(
        ann, Part("before", b"x"), file_part(LARGE), Part("between", b"y" * 5000), metadata_part(), Part("after", b"")
    )

    assert response.status == 201
    assert content_of(ann, response.headers["location"]) == LARGE


def test_media_type_of_metadata_may_be_missing(ann: Client) -> None:
    said = Part("metadata", json.dumps({"documentType": "bpv"}).encode())

    assert post(ann, said, file_part()).status == 201


@pytest.mark.parametrize(
    ("media_type", "name", "shown_as", "sent_as"),
    [
        ("application/pdf", "a.txt", "application/pdf", "application/pdf"),
        ("application/octet-stream", "a.pdf", "application/pdf", "application/pdf"),
        ("application/binary", "a.pdf", "application/pdf", "application/binary"),
        ("application/binary", "a", "application/octet-stream", "application/binary"),
        (None, "a.docx", *["application/vnd.openxmlformats-officedocument.wordprocessingml.document"] * 2),
    ],
    ids=["said", "unknown", "binary", "binary-without-suffix", "unsaid"],
)
def test_format_that_nobody_knows_is_that_of_the_name(
    ann: Client, media_type: str | None, name: str, shown_as: str, sent_as: str
) -> None:
    document = deliver(ann, name=name, media_type=media_type)

    assert shown(ann, document)["format"] == shown_as
    assert ann("GET", f"{document}/download").headers["content-type"] == sent_as


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("C:\\Temp\\brief.pdf", "brief.pdf"),
        ("../../etc/brief.pdf", "brief.pdf"),
        ("Übung €.pdf", "Übung €.pdf"),
        ("", "document"),
        ("..", "document"),
        ("a/.", "document"),
    ],
    ids=["windows", "dots", "umlauts", "empty", "above", "here"],
)
def test_file_name_is_without_folders(ann: Client, sent: str, kept: str) -> None:
    document = deliver(ann, name=sent)

    assert shown(ann, document)["fileName"] == shown(ann, document)["documentName"] == kept


def test_empty_file_is_400(ann: Client) -> None:
    response = post(ann, metadata_part(), file_part(b""))

    assert (response.status, response.json["code"]) == (400, "empty-content")
    assert listed(ann) == []


def test_body_that_is_no_form_is_415(ann: Client) -> None:
    response = ann("POST", BASE, b"{}", content_type="application/json")

    assert (response.status, response.json["code"]) == (415, "unsupported-media-type")


@pytest.mark.parametrize("kept_bytes", [10, 200, 400])
def test_form_that_is_cut_leaves_nothing(ann: Client, store: Store, kept_bytes: int) -> None:
    body = form(metadata_part(), file_part(LARGE))[:-kept_bytes]

    assert ann("POST", BASE, body, content_type=FORM).status == 400
    assert listed(ann) == []
    assert store.blobs.unfinished() == 0


def test_form_above_the_limit_is_413(serve: Serve, store: Store, ann: Client) -> None:
    ann = ann.through(serve(store, limits=LimitsConfig(rest_bytes=1 << 20)))

    for headers in ({}, {"transfer_encoding": "chunked"}):
        response = ann("POST", BASE, form(metadata_part(), file_part(b"x" * (1 << 20))), content_type=FORM, **headers)
        assert (response.status, response.json["code"]) == (413, "too-large")
    assert listed(ann) == []


def test_boundary_that_is_missing_is_400(ann: Client) -> None:
    assert ann("POST", BASE, form(metadata_part()), content_type="multipart/form-data").status == 400
    assert BOUNDARY.encode() in form()


# What comes of it


def test_same_document_sent_twice_is_two(ann: Client) -> None:
    first, second = (deliver(ann, documentId="one") for _ in range(2))

    assert first != second
    assert listed(ann, "documentId=one") == [first, second]


def test_document_shows_on_the_drive_under_its_file_name(ann: Client) -> None:
    deliver(ann, documentName="Something else")
    deliver(ann, b"second")

    assert ann.get("/dav/OKD/2026-11/a.txt") == b"hello world"
    assert ann.get("/dav/OKD/2026-11/a%20(2).txt") == b"second"


def test_folder_that_somebody_has_locked_is_423_with_its_holder(ann: Client, bob: Client, app: Application, store: Store) -> None:
    deliver(ann)
    bob.lock("/dav/OKD/2026-11/", owner="Bob")

    response = post(ann, metadata_part(), file_part())

    assert (response.status, response.json["code"], response.json["lockedBy"]) == (423, "locked", "bob")
    assert lock_count(store) == 1
