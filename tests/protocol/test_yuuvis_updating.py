"""Updating objects, as a whole and in part, beside the acceptance cases."""

from __future__ import annotations

import json

import pytest

from tests.protocol.client import Client, Response
from tests.protocol.yuuvis import (
    EMPTY_DIGEST,
    HELLO,
    JSON,
    an_email,
    an_imported_email,
    content_of,
    envelope,
    imported,
    of,
    only,
    part,
    patch,
    post,
    post_form,
    refusal,
    said,
    shown,
    stream_of,
    upload,
    uuid_of,
    values,
    version_of,
)


@pytest.fixture
def email(ann: Client) -> str:
    return an_imported_email(ann)


# Full update


def test_same_metadata_again_makes_a_version(ann: Client, email: str) -> None:
    read = shown(ann, email)

    again = only(post(ann, read, to=email))

    assert said(again)["system:versionNumber"] == 2
    changing = {"system:versionNumber", "system:lastModificationDate", "system:traceId"}
    assert {k: v for k, v in said(again).items() if k not in changing} == {
        k: v for k, v in said(read).items() if k not in changing
    }


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("baseTypeId", "system:folder"),
        ("objectTypeId", "document"),
        ("createdBy", "bob"),
        ("creationDate", "2018-01-26T15:21:170Z"),
        ("creationDate", "2026-11-20T12:00:00.001Z"),
        ("creationDate", "2026-11-20T11:59:59.9995Z"),
        ("lastModifiedBy", "Ann"),
        ("lastModificationDate", "2026-11-20"),
        ("versionNumber", 2),
        ("versionNumber", "1"),
        ("versionNumber", True),
        ("tenant", "tenant1"),
        ("traceId", "97a35859dbb4c435"),
    ],
)
def test_property_of_the_system_must_match(ann: Client, email: str, name: str, wrong: object) -> None:
    sent = of({"appEmail:from": {"value": "x"}, f"system:{name}": {"value": wrong}})

    for send in (post, patch):
        assert refusal(send(ann, sent, to=email)) == (409, 2810)
    assert version_of(ann, email) == 1


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("versionNumber", 1.0),
        ("creationDate", "2026-11-20T13:00:00+01:00"),
        ("creationDate", "2026-11-20T12:00:00.0009Z"),
        ("lastModificationDate", "2026-11-20T12:00:00Z"),
        ("createdBy", None),
        ("tags", [["a", "b"]]),
        ("parentObjectTypeId", "folder"),
        ("contentStreamLength", 1),
    ],
)
def test_property_of_the_system_matches_by_its_meaning_or_is_not_compared(
    ann: Client, email: str, name: str, right: object
) -> None:
    sent = of({"appEmail:from": {"value": "x"}, f"system:{name}": {"value": right}})

    assert post(ann, sent, to=email).status == 200


def test_unknown_property_of_the_system_is_refused(ann: Client, email: str) -> None:
    assert refusal(post(ann, of(values(appEmail__from="x", system__mood="good")), to=email)) == (422, 2400)


def test_update_names_one_object(ann: Client, email: str) -> None:
    for send in (post, patch):
        assert refusal(send(ann, an_email(), an_email(), to=email)) == (400, 2100)


def test_update_of_a_required_property_away_is_refused(ann: Client, email: str) -> None:
    assert refusal(post(ann, of(values(appEmail__subject="x")), to=email)) == (422, 2400)


def test_name_of_content_changes_without_new_bytes(ann: Client, email: str) -> None:
    read = shown(ann, email)
    read["contentStreams"][0] |= {"fileName": "b.eml", "mimeType": "message/rfc822", "length": 9, "digest": "x"}

    changed = only(post(ann, read, to=email))

    assert stream_of(changed) == stream_of(read) | {"length": 11, "digest": stream_of(shown(ann, email))["digest"]}
    assert content_of(ann, email) == HELLO
    assert ann("GET", f"{email}/contents/file").headers["content-type"] == "message/rfc822"
    assert stream_of(shown(ann, f"{email}/versions/1"))["fileName"] == "a.txt"


@pytest.mark.parametrize(
    ("streams", "answer"),
    [
        ([], (200, 0)),
        (None, (200, 0)),
        ([{"contentStreamId": "2B797243-A1F5-11EA-A814-9FABD98CE7A7"}], (409, 2810)),
        ([{"fileName": "b.txt"}], (422, 2400)),
        ([{"contentStreamId": 7}], (422, 2400)),
        ([{}, {}], (422, 2400)),
        ({}, (400, 2100)),
        (["x"], (400, 2100)),
    ],
)
def test_what_an_update_says_of_content_is_of_the_one_that_is_there(
    ann: Client, email: str, streams: object, answer: tuple[int, int]
) -> None:
    sent = {**of(values(appEmail__from="x")), "contentStreams": streams}
    response = ann("POST", email, json.dumps(envelope(sent)), content_type=JSON)

    assert (response.status, 0) == answer if response.status == 200 else refusal(response) == answer
    assert content_of(ann, email) == HELLO


def test_update_with_content_makes_one_version(ann: Client, email: str) -> None:
    entry = of(values(appEmail__from="x"), {"cid": "new", "fileName": "new.txt"})

    changed = only(post_form(ann, envelope(entry), part("new", b"two"), to=email))

    assert (said(changed)["system:versionNumber"], stream_of(changed)["fileName"]) == (2, "new.txt")
    assert content_of(ann, email) == b"two"


def test_conditions_of_a_request_are_held(ann: Client, email: str) -> None:
    old = f'"{EMPTY_DIGEST}"'
    now = ann("GET", f"{email}/contents/file").etag

    for send in (post, patch):
        assert refusal(send(ann, of(values(appEmail__from="x")), to=email, if_match=old)) == (412, 2812)
    assert refusal(upload(ann, email, if_match=old)) == (412, 2812)
    assert refusal(ann("DELETE", email, if_match=old)) == (412, 2812)
    assert post(ann, of(values(appEmail__from="x")), to=email, if_match=now).status == 200
    assert upload(ann, email, if_match=now).status == 200


# Partial update


def test_patch_without_properties_makes_a_version(ann: Client, email: str) -> None:
    for sent in ({"properties": {}}, {}):
        assert patch(ann, sent, to=email).status == 200

    assert version_of(ann, email) == 3


def test_patch_of_many_is_limited_and_each_names_its_object(ann: Client, email: str) -> None:
    entry = of(values(system__objectId=uuid_of(email)))

    assert refusal(patch(ann, *[entry] * 101)) == (400, 2100)
    assert refusal(patch(ann, of({}))) == (400, 2100)
    assert refusal(patch(ann, of(values(system__objectId="x")))) == (404, 2004)


def test_patch_of_many_with_a_mistake_changes_none(ann: Client, email: str) -> None:
    other = imported(ann, an_email("other"))
    entries = [of(values(system__objectId=uuid_of(one), appEmail__from=who)) for one, who in ((email, "x"), (other, None))]

    assert refusal(patch(ann, *entries)) == (422, 2400)
    assert version_of(ann, email) == 1


def test_new_content_takes_the_place_of_that_which_it_names_alone(ann: Client, email: str) -> None:
    def send(**more: str | None) -> Response:
        entry = of(values(appEmail__from="x"), {"cid": "c", **more})
        return post_form(ann, envelope(entry), part("c", b"mine"), to=email)

    old = stream_of(shown(ann, email))["contentStreamId"]
    current = stream_of(only(upload(ann, email, b"theirs")))["contentStreamId"]

    assert refusal(send(contentStreamId=old)) == (409, 2810)
    assert refusal(send(contentStreamId="x")) == (409, 2810)
    assert refusal(send(repositoryId="nope")) == (422, 2400)
    assert content_of(ann, email) == b"theirs"
    assert send(contentStreamId=current.lower(), repositoryId="default").status == 200
    assert content_of(ann, email) == b"mine"
    assert send(contentStreamId=None).status == 200


def test_first_content_takes_the_place_of_none(ann: Client) -> None:
    bare, stream_id = imported(ann, an_email()), stream_of(shown(ann, an_imported_email(ann)))["contentStreamId"]
    entry = of(values(appEmail__from="x"), {"cid": "c", "contentStreamId": stream_id})

    assert refusal(post_form(ann, envelope(entry), part("c", HELLO), to=bare)) == (409, 2810)
