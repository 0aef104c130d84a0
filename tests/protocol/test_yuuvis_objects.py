"""Objects of the DMS core API: what the acceptance cases leave open, a rule at a time."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest

from davgate.config.sections import YuuvisConfig
from davgate.core import describing
from davgate.core.principals import granting
from davgate.core.store import Store
from davgate.model.rights import READER
from tests.builders import path
from tests.protocol.client import Client
from tests.protocol.conftest import Serve
from tests.protocol.okd import deliver
from tests.protocol.okd import shown as shown_by_okd
from tests.protocol.yuuvis import (
    BASE,
    EMAIL,
    EMPTY_DIGEST,
    FORM,
    HELLO,
    JSON,
    NOBODYS,
    TABLE,
    Entry,
    address,
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
    values,
    version_of,
)

RETENTION = "system:rmDestructionRetention"
FILED = "/yuuvis/2026-11/a.txt"


@pytest.fixture
def email(ann: Client) -> str:
    return an_imported_email(ann)


def a_folder(client: Client, name: str = "Akten", **more: Any) -> str:
    """Import a folder and return its id."""
    return imported(client, of(values(system__objectTypeId="folder", Name=name, **more))).rpartition("/")[2]


def uuid_of(where: str) -> str:
    return where.rpartition("/")[2]


def on_drive(store: Store, client: Client, place: str) -> str:
    """Return the address here of what is at a path of the drive."""
    return f"{BASE}/{describing.describe(store, client.ctx, path(place)).it.node.uuid}"


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


# Values


@pytest.mark.parametrize(
    ("name", "sent", "stored"),
    [
        ("appEmail:to", "alone", ["alone"]),
        ("appEmail:to", ["b", "a", "b"], ["b", "a", "b"]),
        ("appEmail:size", -(2**63), -(2**63)),
        ("appEmail:read", False, False),
        ("appEmail:received", "2018-01-26T16:21:17.1709+01:00", "2018-01-26T15:21:17.170Z"),
        ("appEmail:received", "2018-01-26T15:21:17Z", "2018-01-26T15:21:17.000Z"),
        ("appEmail:subject", "ü" * 200, "ü" * 200),
    ],
)
def test_value_is_shown_as_it_was_sent(ann: Client, name: str, sent: object, stored: object) -> None:
    made = imported(ann, an_email(**{name.replace(":", "__"): sent}))

    assert said(shown(ann, made))[name] == stored


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("appEmail:subject", ["a list"]),
        ("appEmail:subject", "x" * 201),
        ("appEmail:subject", 1),
        ("appEmail:subject", "a\0b"),
        ("appEmail:to", [1]),
        ("appEmail:to", ["a", None]),
        ("appEmail:size", 1.5),
        ("appEmail:size", 2**63),
        ("appEmail:size", True),
        ("appEmail:read", "true"),
        ("appEmail:received", "2018-01-26T15:21:170Z"),
        ("appEmail:received", 1516980077),
        ("system:secondaryObjectTypeIds", ["no:such"]),
        ("system:secondaryObjectTypeIds", [EMAIL]),
        ("system:parentId", "no-id"),
        ("system:parentId", NOBODYS),
    ],
)
def test_value_that_does_not_fit_is_refused(ann: Client, email: str, name: str, sent: object) -> None:
    assert refusal(post(ann, an_email(**{name.replace(":", "__"): sent}))) == (422, 2400)
    assert refusal(patch(ann, of({name: {"value": sent}}), to=email)) == (422, 2400)


def test_value_without_an_object_around_it_is_refused(ann: Client, email: str) -> None:
    assert refusal(patch(ann, of({"appEmail:subject": "bare"}), to=email)) == (422, 2400)


@pytest.mark.parametrize("nothing", [None, {"value": None}, {"value": []}, {}])
def test_no_value_takes_a_property_away(ann: Client, email: str, nothing: object) -> None:
    assert patch(ann, of({"appEmail:to": nothing}), to=email).status == 200

    assert "appEmail:to" not in shown(ann, email)["properties"]


def test_further_members_of_a_value_mean_nothing(ann: Client, email: str) -> None:
    sent = {"appEmail:subject": {"value": "x", "title": "Subject", "clientOnly": 1}}

    assert said(only(patch(ann, of(sent), to=email)))["appEmail:subject"] == "x"


def test_table_is_put_into_the_order_of_the_schema(ann: Client, email: str) -> None:
    sent = {"columnNames": ["iColumn3", "iColumn1"], "value": [[True, "a"], [None, "b"]]}

    table = only(patch(ann, of({"table": sent}), to=email))["properties"]["table"]

    assert table == {"columnNames": TABLE["columnNames"], "value": [["a", None, True], ["b", None, None]]}


def test_table_without_names_has_the_columns_of_the_schema(ann: Client, email: str) -> None:
    table = only(patch(ann, of({"table": {"value": [["a", "b", True]]}}), to=email))["properties"]["table"]

    assert table == {"columnNames": TABLE["columnNames"], "value": [["a", "b", True]]}


@pytest.mark.parametrize(
    "sent",
    [
        {"columnNames": ["iColumn1"], "value": [["a", "b"]]},
        {"columnNames": ["iColumn1", "iColumn1"], "value": [["a", "b"]]},
        {"columnNames": ["no"], "value": [["a"]]},
        {"columnNames": "iColumn1", "value": [["a"]]},
        {"columnNames": [["iColumn1"]], "value": [["a"]]},
        {"columnNames": ["iColumn1"], "value": "a"},
        {"columnNames": ["iColumn1"], "value": ["a"]},
        {"value": [["a", "b"]]},
        {"value": [["a", "b", "true"]]},
        {"value": "x"},
    ],
)
def test_table_that_does_not_fit_is_refused(ann: Client, email: str, sent: Entry) -> None:
    assert refusal(patch(ann, of({"table": sent}), to=email)) == (422, 2400)
    assert shown(ann, email)["properties"]["table"] == TABLE


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


# Content


def test_content_comes_later(ann: Client) -> None:
    made = imported(ann, an_email())

    stream = stream_of(only(upload(ann, made, HELLO)))

    assert (stream["fileName"], stream["mimeType"]) == ("upload.bin", "text/plain")
    assert ann.get("/dav/yuuvis/2026-11/upload.bin") == HELLO


def test_new_content_without_a_name_keeps_the_one_that_was(ann: Client, email: str) -> None:
    for header in ({}, {"content_disposition": "attachment"}):
        changed = stream_of(only(upload(ann, email, content_type="", **header)))
        assert (changed["fileName"], changed["mimeType"]) == ("a.txt", "text/plain")


def test_put_is_as_good_as_post(ann: Client, email: str) -> None:
    assert said(only(upload(ann, email, method="PUT")))["system:versionNumber"] == 2


def test_same_content_again_makes_a_version_with_the_same_stream(ann: Client, email: str) -> None:
    before = shown(ann, email)

    after = only(upload(ann, email, HELLO))

    assert said(after)["system:versionNumber"] == 2
    assert stream_of(after)["contentStreamId"] == stream_of(before)["contentStreamId"]


def test_empty_content_is_content(ann: Client, email: str) -> None:
    stream = stream_of(only(upload(ann, email, b"")))

    assert (stream["length"], stream["digest"]) == (0, EMPTY_DIGEST)
    assert content_of(ann, email) == b""
    assert ann("GET", f"{email}/actions/validate/digest").status == 200


def test_unknown_repository_is_refused(ann: Client, email: str) -> None:
    assert refusal(upload(ann, email, x_os_repository_id="repo252")) == (422, 2400)
    assert upload(ann, email, x_os_repository_id="default").status == 200
    entry = an_email("x", {"cid": "c", "repositoryId": "repo252"})
    assert refusal(post_form(ann, envelope(entry), part("c", HELLO))) == (422, 2400)


def test_folder_gets_no_content(ann: Client) -> None:
    folder = f"{BASE}/{a_folder(ann)}"

    assert refusal(upload(ann, folder)) == (422, 2400)
    assert refusal(ann("GET", f"{folder}/contents/file")) == (404, 2004)


def test_content_that_the_client_has_is_not_sent(ann: Client, email: str) -> None:
    tag = ann("GET", f"{email}/contents/file").etag

    assert ann("GET", f"{email}/contents/file", if_none_match=tag).status == 304
    assert ann("GET", f"{email}/versions/1/contents/file", if_none_match=tag).status == 304
    head = ann("HEAD", f"{email}/contents/file")
    assert (head.status, head.headers["content-length"], head.body) == (200, "11", b"")


def test_digest_of_damaged_content_differs(ann: Client, store: Store, unchecked_store: Store) -> None:
    large = bytes(range(256)) * 64
    entry = an_email("x", {"cid": "c"})
    made = address(only(post_form(ann, envelope(entry), part("c", large))))
    digest = bytes.fromhex(stream_of(shown(ann, made))["digest"])
    path = unchecked_store.blobs.path_of(digest)  # type: ignore[attr-defined]
    path.chmod(0o644)
    path.write_bytes(large[:-1] + b"x")
    try:
        assert refusal(ann("GET", f"{made}/actions/validate/digest")) == (409, 2850)
        assert refusal(ann("GET", f"{made}/versions/1/actions/validate/digest")) == (409, 2850)
    finally:
        path.write_bytes(large)
    assert ann("GET", f"{made}/versions/1/actions/validate/digest").status == 200


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


# Folders


def test_object_is_imported_into_a_folder(ann: Client) -> None:
    folder = a_folder(ann)

    made = only(
        post_form(ann, envelope(an_email("x", {"cid": "c", "fileName": "x.txt"}, system__parentId=folder)), part("c", HELLO))
    )

    assert said(made)["system:parentId"] == folder
    assert (said(made)["system:parentObjectTypeId"], said(made)["system:parentVersionNumber"]) == ("folder", 1)
    assert ann.get("/dav/yuuvis/2026-11/Akten/x.txt") == HELLO


def test_parent_that_is_no_folder_is_refused(ann: Client, email: str) -> None:
    assert refusal(post(ann, an_email(system__parentId=uuid_of(email)))) == (422, 2400)


def test_sending_the_parent_back_is_no_move_and_another_one_is(ann: Client, email: str) -> None:
    first, second = a_folder(ann, "first"), a_folder(ann, "second")
    assert said(only(patch(ann, of(values(system__parentId=first)), to=email)))["system:parentId"] == first

    read = shown(ann, email)
    assert said(only(post(ann, read, to=email)))["system:parentId"] == first
    read = shown(ann, email)
    read["properties"]["system:parentId"]["value"] = second
    assert said(only(post(ann, read, to=email)))["system:parentId"] == second

    assert ann.get("/dav/yuuvis/2026-11/second/a.txt") == HELLO
    assert version_of(ann, email) == 4


@pytest.mark.parametrize("send", [post, patch])
def test_object_without_a_parent_lies_where_the_door_files(ann: Client, email: str, send: Any) -> None:
    patch(ann, of(values(system__parentId=a_folder(ann))), to=email)
    properties = values(appEmail__from="x") | ({} if send is post else values(system__parentId=None))

    assert "system:parentId" not in said(only(send(ann, of(properties), to=email)))

    assert ann.get("/dav/yuuvis/2026-11/a.txt") == HELLO


def test_update_of_what_another_door_placed_leaves_it_there(store: Store, ann: Client) -> None:
    ann.mkcol("/dav/f")
    ann.put("/dav/f/a.txt", HELLO)
    document = on_drive(store, ann, "/f/a.txt")
    assert said(shown(ann, document))["system:parentId"] == uuid_of(on_drive(store, ann, "/f"))

    assert post(ann, of(values(Name="A")), to=document).status == 200

    assert ann.get("/dav/f/a.txt") == HELLO


def test_folder_does_not_go_into_itself(ann: Client) -> None:
    folder = a_folder(ann)

    assert refusal(patch(ann, of(values(system__parentId=folder)), to=f"{BASE}/{folder}")) == (422, 2400)
    assert version_of(ann, f"{BASE}/{folder}") == 1


def test_folder_is_read_and_sent_back_though_its_members_change(ann: Client) -> None:
    folder = a_folder(ann)
    read = shown(ann, f"{BASE}/{folder}")
    assert said(read)["system:baseTypeId"] == "system:folder"
    ann.clock.advance(timedelta(seconds=5))
    imported(ann, an_email(system__parentId=folder))

    read["properties"]["Name"]["value"] = "Other"
    changed = said(only(post(ann, read, to=f"{BASE}/{folder}")))

    assert (changed["Name"], changed["system:versionNumber"]) == ("Other", 2)
    versions = ann("GET", f"{BASE}/{folder}/versions").json["objects"]
    assert [said(one)["Name"] for one in versions] == ["Akten", "Other"]


def test_folder_of_the_drive_has_a_first_version_of_which_nothing_is_kept(store: Store, ann: Client) -> None:
    ann.mkcol("/dav/f")
    folder = on_drive(store, ann, "/f")
    assert version_of(ann, folder) == 1
    assert said(shown(ann, f"{folder}/versions/1"))["Name"] == "f"

    patch(ann, of(values(Name="Files")), to=folder)

    assert [said(one)["Name"] for one in ann("GET", f"{folder}/versions").json["objects"]] == ["f", "Files"]
    restored = said(only(ann("POST", f"{folder}/versions/1/actions/restore")))
    assert (restored["Name"], restored["system:versionNumber"]) == ("f", 3)


# What other doors made


def test_document_of_the_drive_has_its_name_there_until_it_gets_another(store: Store, ann: Client) -> None:
    ann.put("/dav/Bericht.txt", HELLO)
    document = on_drive(store, ann, "/Bericht.txt")
    read = shown(ann, document)
    assert (said(read)["system:objectTypeId"], said(read)["Name"]) == ("document", "Bericht.txt")

    assert post(ann, read, to=document).status == 200
    ann("MOVE", "/dav/Bericht.txt", destination="http://drive.test/dav/Renamed.txt")
    assert said(shown(ann, document))["Name"] == "Renamed.txt"

    assert patch(ann, of(values(Name="Title")), to=document).status == 200
    assert said(shown(ann, document))["Name"] == "Title"
    assert ann.get("/dav/Renamed.txt") == HELLO


def test_write_on_the_drive_is_a_version_with_the_same_metadata_and_a_trace_of_its_own(ann: Client, email: str) -> None:
    before = said(shown(ann, email))
    ann.put("/dav/yuuvis/2026-11/a.txt", b"two")

    after = said(shown(ann, email))

    assert (after["system:versionNumber"], after["appEmail:to"]) == (2, ["a", "b"])
    assert after["system:traceId"] != before["system:traceId"]
    assert len(after["system:traceId"]) == 16
    assert said(shown(ann, email))["system:traceId"] == after["system:traceId"]


def test_full_update_leaves_what_other_doors_say(ann: Client) -> None:
    delivered = deliver(ann, documentSubtype="overeenkomst", description="three words here")

    assert post(ann, of(values(Name="Other")), to=f"{BASE}/{uuid_of(delivered)}").status == 200

    kept = shown_by_okd(ann, delivered)
    assert (kept["documentName"], kept["documentSubtype"], kept["description"]) == ("Other", "overeenkomst", "three words here")


# Traces and tenants


@pytest.mark.parametrize(
    ("sent", "is_taken"),
    [("97a35859dbb4c435", True), ("463AC35C9F6413AD48485A3953BB6124", True), ("no trace", False), ("97a3", False)],
)
def test_trace_of_the_client_is_kept_with_the_version(ann: Client, email: str, sent: str, is_taken: bool) -> None:
    changed = said(only(patch(ann, of({}), to=email, x_b3_traceid=sent)))

    assert (changed["system:traceId"] == sent.lower()) is is_taken
    assert said(shown(ann, f"{email}/versions/2"))["system:traceId"] == changed["system:traceId"]
    assert said(shown(ann, f"{email}/versions/1"))["system:traceId"] != changed["system:traceId"]


def test_other_tenant_is_refused(ann: Client, email: str) -> None:
    for method, where in (("GET", email), ("POST", BASE), ("DELETE", email), ("GET", f"{email}/contents/file")):
        assert refusal(ann(method, where, x_id_tenant_name="other")) == (401, 2001)
    assert ann("GET", email, x_id_tenant_name="default").status == 200


# Versions


@pytest.mark.parametrize("number", ["0", "-1", "x", "1.0", "١"])
def test_number_of_a_version_counts_from_1(ann: Client, email: str, number: str) -> None:
    assert refusal(ann("GET", f"{email}/versions/{quote(number)}")) == (400, 2100)


def test_number_that_no_version_has_is_unknown(ann: Client, email: str) -> None:
    for number in (2, 2**63, 10**40):
        for method, suffix in (("GET", ""), ("GET", "/contents/file"), ("DELETE", ""), ("POST", "/actions/restore")):
            assert refusal(ann(method, f"{email}/versions/{number}{suffix}")) == (404, 2004)


def test_version_without_content_has_none(ann: Client) -> None:
    made = imported(ann, an_email())
    upload(ann, made)

    assert "contentStreams" not in shown(ann, f"{made}/versions/1")
    assert refusal(ann("GET", f"{made}/versions/1/contents/file")) == (404, 2004)
    assert len(ann("GET", f"{made}/versions").json["objects"]) == 2


def test_number_of_a_deleted_version_is_not_given_again(ann: Client, email: str) -> None:
    patch(ann, of({}), to=email)
    ann("DELETE", f"{email}/versions/1")
    patch(ann, of({}), to=email)

    assert [said(one)["system:versionNumber"] for one in ann("GET", f"{email}/versions").json["objects"]] == [2, 3]


def test_active_version_is_neither_restored_nor_deleted(ann: Client, email: str) -> None:
    assert refusal(ann("POST", f"{email}/versions/1/actions/restore")) == (409, 2840)
    assert refusal(ann("DELETE", f"{email}/versions/1")) == (409, 2840)


def test_restored_version_has_content_and_metadata_of_then_and_a_trace_of_now(ann: Client, email: str) -> None:
    upload(ann, email, b"two", content_disposition='attachment; filename="b.txt"')
    patch(ann, of(values(appEmail__subject="later")), to=email)

    restored = only(ann("POST", f"{email}/versions/1/actions/restore", x_b3_traceid="97a35859dbb4c435"))

    assert (said(restored)["appEmail:subject"], stream_of(restored)["fileName"]) == ("Bewerbung", "a.txt")
    assert said(restored)["system:traceId"] == "97a35859dbb4c435"
    assert content_of(ann, email) == HELLO


@pytest.mark.parametrize("with_place", [False, True])
def test_restored_version_goes_back_to_its_folder_if_that_is_asked_for(ann: Client, email: str, with_place: bool) -> None:
    first, second = a_folder(ann, "first"), a_folder(ann, "second")
    for folder in (first, second):
        ann.clock.advance(timedelta(seconds=1))
        patch(ann, of(values(system__parentId=folder)), to=email)
        ann.clock.advance(timedelta(seconds=1))
        patch(ann, of({}), to=email)

    restored = only(ann("POST", f"{email}/versions/3/actions/restore?restoreParentId={str(with_place).lower()}"))

    assert said(restored)["system:parentId"] == (first if with_place else second)


# Deleting


def test_deleted_object_is_in_the_trash_of_the_store(ann: Client, email: str) -> None:
    ann("DELETE", email)

    assert b"a 2026-11-20" in ann("PROPFIND", "/dav/.trash", depth="1").body


def test_several_are_deleted_each_for_itself(ann: Client, email: str) -> None:
    kept = f"{BASE}/{a_folder(ann)}"
    imported(ann, an_email(system__parentId=uuid_of(kept)))
    ids = [uuid_of(email), NOBODYS, uuid_of(email), uuid_of(kept)]

    response = ann("DELETE", BASE, json.dumps(envelope(*(of(values(system__objectId=one)) for one in ids))), content_type=JSON)

    assert response.status == 200
    results = [one["options"]["system:deletionResult"] for one in response.json["objects"]]
    assert [one["httpStatusCode"] for one in results] == [200, 404, 404, 409]
    assert [said(one)["system:objectId"] for one in response.json["objects"]] == ids
    assert results[0] == {"httpStatusCode": 200}
    assert all(one["message"] for one in results[1:])
    assert ann("GET", email).status == 404


def test_deletion_without_ids_deletes_nothing(ann: Client, email: str) -> None:
    body = json.dumps(envelope(of(values(system__objectId=uuid_of(email))), of({})))

    assert refusal(ann("DELETE", BASE, body, content_type=JSON)) == (400, 2100)
    assert ann("GET", email).status == 200


# Retention


def retained(client: Client, where: str, until: str = "2031-01-01T00:00:00.000Z") -> Entry:
    """Put an object under retention."""
    properties = values(system__secondaryObjectTypeIds=[RETENTION], system__rmExpirationDate=until)
    return only(patch(client, of(properties), to=where))


def test_object_under_retention_stays(ann: Client, email: str) -> None:
    assert said(retained(ann, email))["system:secondaryObjectTypeIds"] == [RETENTION]

    assert refusal(upload(ann, email)) == (409, 2820)
    assert refusal(ann("DELETE", email)) == (409, 2820)
    assert refusal(ann("DELETE", f"{email}/versions/1")) == (409, 2820)
    assert refusal(ann("POST", f"{email}/versions/1/actions/restore")) == (409, 2820)
    assert patch(ann, of(values(appEmail__subject="open")), to=email).status == 200
    assert shown(ann, f"{email}?includePermissions=true")["permissions"] == {
        "read": ["metadata", "content"],
        "write": ["metadata"],
        "delete": [],
    }


def test_retention_is_put_off_and_not_shortened(ann: Client, email: str) -> None:
    retained(ann, email)
    read = shown(ann, email)
    assert post(ann, read, to=email).status == 200

    for properties in (
        values(system__rmExpirationDate="2030-01-01T00:00:00Z"),
        values(system__rmExpirationDate=None),
        values(system__secondaryObjectTypeIds=None),
    ):
        assert refusal(patch(ann, of(properties), to=email)) == (409, 2820)
    assert refusal(post(ann, of(values(appEmail__from="x")), to=email)) == (409, 2820)
    assert patch(ann, of(values(system__rmExpirationDate="2032-01-01T00:00:00Z")), to=email).status == 200


@pytest.mark.parametrize(
    "dates",
    [
        {"system__rmExpirationDate": "2020-01-01T00:00:00Z"},
        {"system__rmDestructionDate": "2031-01-01T00:00:00Z"},
        {"system__rmStartOfRetention": "2031-01-01T00:00:00Z"},
        {"system__rmExpirationDate": "2031-01-01T00:00:00Z", "system__rmDestructionDate": "2030-12-31T00:00:00Z"},
    ],
)
def test_dates_of_retention_must_fit_together(ann: Client, dates: dict[str, object]) -> None:
    assert refusal(post(ann, an_email(system__secondaryObjectTypeIds=[RETENTION], **dates))) == (422, 2400)


def test_properties_of_a_secondary_type_need_it_and_go_with_it(ann: Client, email: str) -> None:
    date = values(system__rmExpirationDate="2026-11-20T12:00:01Z")
    assert refusal(patch(ann, of(date), to=email)) == (422, 2400)
    assert patch(ann, of(date | values(system__secondaryObjectTypeIds=RETENTION)), to=email).status == 200
    ann.clock.advance(timedelta(seconds=2))

    assert post(ann, of(values(appEmail__from="x")), to=email).status == 200

    assert {"system:secondaryObjectTypeIds", "system:rmExpirationDate"}.isdisjoint(shown(ann, email)["properties"])


# Locks and rights


def test_lock_of_the_drive_asks_for_its_token(ann: Client, bob: Client, email: str) -> None:
    token = ann.lock("/dav/yuuvis/2026-11/a.txt")
    body = of(values(appEmail__from="x"))

    for client in (ann, bob):
        assert refusal(post(client, body, to=email)) == (409, 2830)
        assert refusal(upload(client, email)) == (409, 2830)
        assert refusal(client("DELETE", email)) == (409, 2830)
        assert refusal(client("POST", f"{email}/versions/1/actions/restore"))[0] == 409
    assert "ann" in post(bob, body, to=email).json["message"]
    assert bob("GET", email).status == 200
    assert post(ann, body, to=email, lock_token=f"<{token}>").status == 200
    assert upload(ann, email, lock_token=f"<{token}>").status == 200


def test_check_out_of_somebody_else_is_a_lock_on_the_content(ann: Client, bob: Client, email: str) -> None:
    assert bob("CHECKOUT", "/dav/yuuvis/2026-11/a.txt").status == 200

    response = upload(ann, email)
    assert refusal(response) == (409, 2830)
    assert "bob" in response.json["message"]
    assert patch(ann, of(values(appEmail__subject="open")), to=email).status == 200


def test_holder_of_a_check_out_sees_and_writes_the_working_copy(ann: Client, bob: Client, email: str) -> None:
    assert ann("CHECKOUT", "/dav/yuuvis/2026-11/a.txt").status == 200

    changed = only(upload(ann, email, b"draft"))

    assert (said(changed)["system:versionNumber"], content_of(ann, email)) == (1, b"draft")
    assert content_of(bob, email) == HELLO


def test_what_one_may_not_read_does_not_exist(store: Store, bob: Client, root_admin: Client, email: str) -> None:
    granting.close(store, root_admin.ctx, path(FILED))

    for method, suffix in (("GET", ""), ("GET", "/contents/file"), ("GET", "/versions"), ("DELETE", ""), ("GET", "/versions/1")):
        assert refusal(bob(method, email + suffix)) == (404, 2004)
    assert refusal(post(bob, of(values(appEmail__from="x")), to=email)) == (404, 2004)
    assert refusal(upload(bob, email)) == (404, 2004)


def test_reader_is_told_that_nothing_may_be_done(store: Store, bob: Client, root_admin: Client, email: str) -> None:
    granting.close(store, root_admin.ctx, path(FILED))
    granting.grant(store, root_admin.ctx, path(FILED), "bob", READER)

    assert shown(bob, f"{email}?includePermissions=true")["permissions"] == {
        "read": ["metadata", "content"],
        "write": [],
        "delete": [],
    }
    assert refusal(post(bob, of(values(appEmail__from="x")), to=email)) == (403, 2003)
    assert refusal(upload(bob, email)) == (403, 2003)
    assert refusal(bob("DELETE", email)) == (403, 2003)
    assert refusal(bob("POST", f"{email}/versions/1/actions/restore"))[0] in (403, 409)


# Errors found before any handler


def test_other_addresses_and_methods_are_refused_in_the_same_shape(ann: Client, email: str) -> None:
    assert refusal(ann("GET", f"{BASE}/{uuid_of(email).upper()}")) == (404, 2004)
    assert refusal(ann("GET", f"{BASE}/x")) == (404, 2004)
    assert refusal(ann("GET", "/api/dms/nothing")) == (404, 2004)
    put = ann("PUT", email, b"{}")
    assert refusal(put) == (405, 2005)
    assert put.headers["allow"] == "GET, POST, PATCH, DELETE, HEAD, OPTIONS"
    assert refusal(ann("GET", f"{BASE}/%00")) == (400, 2100)


def test_tenant_and_folder_are_settings(serve: Serve, store: Store, ann: Client) -> None:
    app = serve(store, yuuvis=YuuvisConfig(tenant="acme", folder=("Ablage",), repository="vault"))
    there = ann.through(app)

    made = only(post_form(there, envelope(an_email("x", {"cid": "c", "repositoryId": "vault"})), part("c", HELLO)))

    assert said(made)["system:tenant"] == "acme"
    assert stream_of(made)["repositoryId"] == "vault"
    assert ann.get("/dav/Ablage/2026-11/upload.bin") == HELLO
    assert there("GET", address(made), x_id_tenant_name="acme").status == 200
    assert there("GET", f"{BASE}/x").json["tenant"] == "acme"
