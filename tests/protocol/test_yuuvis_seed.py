"""The request that the vendor's page of ``POST /api/dms/objects/{objectId}`` shows, replayed as it is printed there.

What a server gives out (ids, names, times, traces, digests) is put into it; everything else is sent byte for byte.
"""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from davgate.app import Application
from davgate.config.sections import YuuvisConfig
from davgate.core.store import Store
from tests.protocol.client import Client
from tests.protocol.conftest import Serve
from tests.protocol.yuuvis import (
    BASE,
    FORM,
    JSON,
    Entry,
    address,
    an_email,
    content_of,
    envelope,
    form,
    only,
    part,
    refusal,
    said,
    shown,
    version_of,
)

REQUEST: Final = """{ "objects": [{ "properties": { "system:objectId": { "value": "cdc7095f-a5ce-486d-92a7-6d0955d969ee" },\
 "system:baseTypeId": { "value": "system:document" }, "system:objectTypeId": { "value": "appEmail:email" },\
 "system:createdBy": { "value": "0d7fd0be-6a0b-4d3b-933c-25e0c4c5d794" },\
 "system:creationDate": { "value": "2018-01-26T15:21:170Z" },\
 "system:lastModifiedBy": { "value": "0d7fd0be-6a0b-4d3b-933c-25e0c4c5d794" },\
 "system:lastModificationDate": { "value": "2018-01-26T15:21:170Z" }, "system:versionNumber": { "value": 1 },\
 "system:tenant": { "value": "tenant1" }, "system:traceId": { "value": "97a35859dbb4c435" },\
 "appEmail:from": { "value": "Garco Meissler <garco@example.de>" },\
 "appEmail:to": { "value": ["Dudreas Annkel <dudreas@example.de>"] },\
 "appEmail:cc": { "value": ["Kruedeas Anger <kruedeas@example.de>", "Vils Normum <Normum@example.de>"] },\
 "appEmail:subject": { "value": "Updated Bewerbungsunterlagen" },\
 "table": { "columnNames": ["iColumn1", "iColumn2", "iColumn3"],\
 "value": [["something", "to know", true],["more", "infos", false]] } },\
 "contentStreams": [{ "contentStreamId": "2B797243-A1F5-11EA-A814-9FABD98CE7A7", "length": 173413,\
 "mimeType": "message/rfc822", "fileName": "upload.eml",\
 "digest": "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855", "repositoryId": "repo252" }] }] }"""

OBJECT_ID: Final = "cdc7095f-a5ce-486d-92a7-6d0955d969ee"
PERSON: Final = "0d7fd0be-6a0b-4d3b-933c-25e0c4c5d794"
TIME: Final = "2018-01-26T15:21:170Z"
TRACE: Final = "97a35859dbb4c435"
STREAM_ID: Final = "2B797243-A1F5-11EA-A814-9FABD98CE7A7"


@pytest.fixture
def app(serve: Serve, store: Store) -> Application:
    """The tenant and the storage of the example."""
    return serve(store, yuuvis=YuuvisConfig(tenant="tenant1", repository="repo252"))


@pytest.fixture
def email(ann: Client) -> str:
    """The object of the example before it is updated; the trace is that of the request that imported it."""
    entry = an_email("Bewerbungsunterlagen", {"cid": "c", "fileName": "upload.eml", "mimeType": "message/rfc822"})
    body = form(envelope(entry), part("c", b""))
    made = ann("POST", BASE, body, content_type=FORM, x_b3_traceid=TRACE)
    return address(only(made))


def request_for(entry: Entry, **kept: str) -> str:
    """Return the request with what this server gave out instead of what the vendor's did, but for the values in ``kept``."""
    values = said(entry)
    given = {
        OBJECT_ID: values["system:objectId"],
        PERSON: values["system:createdBy"],
        TIME: values["system:creationDate"],
        STREAM_ID: entry["contentStreams"][0]["contentStreamId"],
    }
    body = REQUEST
    for theirs, ours in given.items():
        body = body.replace(theirs, kept.get(theirs, ours))
    return body


def test_example_updates_the_object_and_is_answered_as_printed(ann: Client, email: str) -> None:
    before = shown(ann, email)
    body = request_for(before)

    after = only(ann("POST", email, body, content_type=JSON))

    sent: dict[str, Any] = json.loads(body)["objects"][0]
    by_server = {"system:lastModificationDate", "system:versionNumber", "system:traceId"}
    assert {k: v for k, v in after["properties"].items() if k not in by_server} == {
        k: v for k, v in sent["properties"].items() if k not in by_server
    }
    assert said(after)["system:versionNumber"] == 2
    assert said(after)["system:traceId"] != TRACE
    # The printed length is of other bytes than the printed digest.
    assert after["contentStreams"] == [sent["contentStreams"][0] | {"length": 0}]
    assert content_of(ann, email) == b""


def test_example_sent_twice_is_refused_the_second_time(ann: Client, email: str) -> None:
    body = request_for(shown(ann, email))
    assert ann("POST", email, body, content_type=JSON).status == 200

    assert refusal(ann("POST", email, body, content_type=JSON)) == (409, 2810)
    assert version_of(ann, email) == 2


@pytest.mark.parametrize(("theirs", "answer"), [(OBJECT_ID, (400, 2100)), (PERSON, (409, 2810)), (TIME, (409, 2810))])
def test_example_with_what_another_server_gave_out_changes_nothing(
    ann: Client, email: str, theirs: str, answer: tuple[int, int]
) -> None:
    body = request_for(shown(ann, email), **{theirs: theirs})

    assert refusal(ann("POST", email, body, content_type=JSON)) == answer
    assert version_of(ann, email) == 1


def test_example_of_another_stream_changes_nothing(ann: Client, email: str) -> None:
    body = request_for(shown(ann, email), **{STREAM_ID: STREAM_ID})

    assert refusal(ann("POST", email, body, content_type=JSON)) == (409, 2810)
    assert version_of(ann, email) == 1
