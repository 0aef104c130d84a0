"""Importing objects: what the acceptance cases leave open, a rule at a time."""

from __future__ import annotations

import json

import pytest

from davgate.core.principals import granting
from davgate.core.store import Store
from davgate.model.rights import Right
from tests.builders import path
from tests.protocol.client import Client
from tests.protocol.yuuvis import (
    BASE,
    EMAIL,
    FORM,
    HELLO,
    JSON,
    NOBODYS,
    a_folder,
    address,
    an_email,
    an_imported_email,
    content_of,
    envelope,
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
    values,
)

RETENTION = "system:rmDestructionRetention"


@pytest.fixture
def email(ann: Client) -> str:
    return an_imported_email(ann)


# Import


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b"{}", b'{"objects": []}', b'{"objects": {}}', b'{"objects": [1]}', b'{"objects": [{"properties": 1}]}'],
)
def test_body_that_holds_no_objects_is_malformed(ann: Client, body: bytes) -> None:
    assert refusal(ann("POST", BASE, body, content_type=JSON)) == (400, 2100)


def test_body_of_another_media_type_is_not_taken(ann: Client) -> None:
    assert refusal(ann("POST", BASE, b"<a/>", content_type="application/xml")) == (415, 2015)


def test_metadata_may_come_in_a_part_of_another_name_and_behind_the_contents(ann: Client) -> None:
    data = json.dumps(envelope(an_email("x", {"cid": "c1"}))).encode()
    body = part("c1", HELLO) + part("metadata", data) + part("unused", b"{}") + b"--yuuvis-boundary--\r\n"

    made = only(ann("POST", BASE, body, content_type=FORM))

    assert content_of(ann, address(made)) == HELLO


def test_form_without_metadata_is_malformed(ann: Client) -> None:
    body = part("c1", HELLO) + b"--yuuvis-boundary--\r\n"

    assert refusal(ann("POST", BASE, body, content_type=FORM)) == (400, 2100)


def test_part_that_no_object_names_is_ignored(ann: Client) -> None:
    made = only(post_form(ann, envelope(an_email()), part("c1", HELLO)))

    assert "contentStreams" not in made


def test_content_that_did_not_come_is_refused(ann: Client) -> None:
    assert refusal(post_form(ann, envelope(an_email("x", {"cid": "c2"})), part("c1", HELLO))) == (422, 2400)


def test_two_objects_share_a_part(ann: Client) -> None:
    response = post_form(ann, envelope(an_email("a", {"cid": "c"}), an_email("b", {"cid": "c"})), part("c", HELLO))

    first, second = response.json["objects"]
    assert stream_of(first)["contentStreamId"] == stream_of(second)["contentStreamId"]
    assert content_of(ann, address(second)) == HELLO


def test_what_is_said_of_content_counts_before_the_headers_of_its_part(ann: Client) -> None:
    streams = [{"cid": "a", "fileName": "said.bin", "mimeType": "application/x-said"}, {"cid": "b"}, {"cid": "c"}]
    parts = [
        part("a", b"1", "text/plain", "part.txt"),
        part("b", b"2", None, "part.pdf"),
        part("c", b"3"),
    ]

    response = post_form(ann, envelope(*(an_email("x", one) for one in streams)), *parts)

    assert [(stream_of(one)["fileName"], stream_of(one)["mimeType"]) for one in response.json["objects"]] == [
        ("said.bin", "application/x-said"),
        ("part.pdf", "application/pdf"),
        ("upload.bin", "application/octet-stream"),
    ]


@pytest.mark.parametrize(
    ("sent", "kept"), [("../../etc/a.txt", "a.txt"), ("C:\\dir\\a.txt", "a.txt"), ("a\r\nX: b", "a__X: b"), ("a/", "upload.bin")]
)
def test_file_name_is_kept_without_folders_and_without_what_no_header_can_have(ann: Client, sent: str, kept: str) -> None:
    response = post_form(ann, envelope(an_email("x", {"cid": "c", "fileName": sent})), part("c", HELLO))

    assert stream_of(only(response))["fileName"] == kept


def test_object_has_one_content_at_most(ann: Client) -> None:
    entry = an_email("x", {"cid": "a"}, {"cid": "b"})

    assert refusal(post_form(ann, envelope(entry), part("a", b"1"), part("b", b"2"))) == (422, 2400)


def test_system_properties_of_an_import_mean_nothing_but_the_id_is_refused(ann: Client) -> None:
    made = only(post(ann, an_email(system__versionNumber=7, system__createdBy="bob", system__traceId="x", system__tags=[])))
    assert (said(made)["system:versionNumber"], said(made)["system:createdBy"]) == (1, "ann")

    assert refusal(post(ann, an_email(system__objectId=NOBODYS))) == (422, 2400)
    assert refusal(post(ann, an_email(system__something=1))) == (422, 2400)


def test_type_may_be_said_by_its_short_name(ann: Client) -> None:
    made = only(post(ann, of(values(objectTypeId=EMAIL, appEmail__from="x"))))

    assert said(made)["system:objectTypeId"] == EMAIL


@pytest.mark.parametrize("kind", [None, RETENTION, 7, "system:document"])
def test_object_needs_a_type_that_objects_can_have(ann: Client, kind: object) -> None:
    assert refusal(post(ann, of(values(system__objectTypeId=kind)))) == (422, 2400)


def test_every_mistake_is_told_with_its_object(ann: Client) -> None:
    response = post(ann, an_email(appEmail__size="1", appEmail__read=1), an_email(appEmail__from=None))

    messages = [one["message"] for one in response.json["validationErrors"]]
    assert len(messages) == 3
    assert [message.partition(":")[0] for message in messages] == ["objects[0]", "objects[0]", "objects[1]"]


def test_folder_takes_no_content(ann: Client) -> None:
    entry = of(values(system__objectTypeId="folder"), {"cid": "c"})

    assert refusal(post_form(ann, envelope(entry), part("c", HELLO))) == (422, 2400)


def test_object_is_filed_on_the_drive_under_its_file_name(ann: Client, email: str) -> None:
    assert ann.get("/dav/yuuvis/2026-11/a.txt") == HELLO
    assert "system:parentId" not in shown(ann, email)["properties"]


# Content that is in the store


def test_import_refers_to_stored_content(ann: Client, email: str) -> None:
    stream = stream_of(shown(ann, email))
    reference = {"contentStreamId": stream["contentStreamId"], "repositoryId": "default", "fileName": "again.txt"}

    made = only(post(ann, an_email("x", reference)))

    assert stream_of(made) == stream | {"fileName": "again.txt"}
    assert content_of(ann, address(made)) == HELLO


def test_import_refers_to_parts_of_stored_content(ann: Client, email: str) -> None:
    stream_id = stream_of(shown(ann, email))["contentStreamId"]

    made = only(post(ann, an_email("x", {"contentStreamId": stream_id, "range": "6-10,0-4"})))

    stream = stream_of(made)
    assert (stream["contentStreamId"], stream["range"], stream["length"]) == (stream_id, "6-10,0-4", 10)
    assert content_of(ann, address(made)) == b"worldhello"
    changed = stream_of(only(upload(ann, address(made), b"other")))
    assert changed["contentStreamId"] != stream_id
    assert "range" not in changed


@pytest.mark.parametrize("parts", ["x", "5-4", "0-11", "-3", "0-4;6-7", 7])
def test_parts_that_there_are_not_are_refused(ann: Client, email: str, parts: object) -> None:
    stream_id = stream_of(shown(ann, email))["contentStreamId"]

    assert refusal(post(ann, an_email("x", {"contentStreamId": stream_id, "range": parts}))) == (422, 2400)


def test_stored_content_is_referred_to_while_a_document_has_it_that_one_may_read(
    store: Store, ann: Client, bob: Client, root_admin: Client
) -> None:
    stream_id = stream_of(shown(ann, an_imported_email(ann)))["contentStreamId"]
    for unknown in ("2B797243-A1F5-11EA-A814-9FABD98CE7A7", "no-uuid"):
        assert refusal(post(ann, an_email("x", {"contentStreamId": unknown}))) == (404, 2004)
    assert post(bob, an_email("x", {"contentStreamId": stream_id}, system__parentId=a_folder(bob))).status == 200

    ann("DELETE", "/dav/yuuvis")
    assert refusal(post(bob, an_email("x", {"contentStreamId": stream_id}))) == (404, 2004)

    ann.put("/dav/closed.txt", HELLO)
    granting.close(store, root_admin.ctx, path("/closed.txt"))
    assert refusal(post(bob, an_email("x", {"contentStreamId": stream_id}))) == (404, 2004)
    assert post(root_admin, an_email("x", {"contentStreamId": stream_id})).status == 200


def test_what_its_importer_may_not_read_is_answered_too(ann: Client, bob: Client, store: Store, root_admin: Client) -> None:
    inbox, own = a_folder(ann, "inbox"), a_folder(bob, "own")
    place = path("/yuuvis/2026-11/inbox")
    granting.close(store, root_admin.ctx, place)
    granting.grant(store, root_admin.ctx, place, "bob", Right.BIND)
    entries = [
        an_email("first", system__parentId=inbox),
        an_email("second", system__parentId=own),
        of(values(system__objectTypeId="folder", Name="third", system__parentId=inbox)),
    ]

    response = post(bob, *entries)

    assert (response.status, response.json["numItems"], response.json["totalNumItems"]) == (200, 3, 3)
    first, second, third = response.json["objects"]
    assert said(second)["appEmail:subject"] == "second"
    for entry, base, kind in ((first, "system:document", EMAIL), (third, "system:folder", "folder")):
        told = said(entry)
        assert shown(root_admin, address(entry))["properties"].items() >= entry["properties"].items()
        del told["system:objectId"]
        assert told == {"system:baseTypeId": base, "system:objectTypeId": kind, "system:versionNumber": 1}
    assert bob("GET", address(first)).status == 404
    assert said(only(post(bob, entries[0]))).keys() == said(first).keys()


def test_what_was_moved_out_of_sight_is_answered_too(ann: Client, bob: Client, store: Store, root_admin: Client) -> None:
    inbox = a_folder(ann, "inbox")
    place = path("/yuuvis/2026-11/inbox")
    granting.close(store, root_admin.ctx, place)
    granting.grant(store, root_admin.ctx, place, "bob", Right.BIND)
    email = an_imported_email(bob)

    moved = only(patch(bob, of(values(system__parentId=inbox)), to=email))

    assert (said(moved)["system:objectId"], "contentStreams" in moved) == (email.rpartition("/")[2], False)
    assert bob("GET", email).status == 404
