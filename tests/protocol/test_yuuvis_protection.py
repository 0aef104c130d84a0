"""What keeps objects from being changed: retention, locks, check-outs and rights."""

from __future__ import annotations

from datetime import timedelta

import pytest

from davgate.core.principals import granting
from davgate.core.store import Store
from davgate.model.rights import READER
from tests.builders import path
from tests.protocol.client import Client
from tests.protocol.yuuvis import (
    HELLO,
    Entry,
    a_folder,
    an_email,
    an_imported_email,
    content_of,
    imported,
    of,
    only,
    patch,
    post,
    refusal,
    said,
    shown,
    stream_of,
    upload,
    uuid_of,
    values,
)

RETENTION = "system:rmDestructionRetention"
FILED = "/yuuvis/2026-11/a.txt"


@pytest.fixture
def email(ann: Client) -> str:
    return an_imported_email(ann)


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


def test_holder_is_named_for_one_of_several_and_for_what_has_no_name_on_the_drive(ann: Client, bob: Client) -> None:
    bare = imported(ann, an_email())
    assert ann("PATCH", f"{bare}/contents/native/lock").status == 204

    refused = patch(bob, of(values(system__objectId=bare.rpartition("/")[2], appEmail__subject="x")))

    assert refusal(refused) == (409, 2830)
    assert refused.json["message"] == "The object is locked by ann."


def test_refusals_do_not_tell_where_the_object_is_on_the_drive(ann: Client, email: str) -> None:
    current = ann("POST", f"{email}/versions/1/actions/restore")
    retained(ann, email)

    for refused in (current, upload(ann, email), ann("DELETE", email), ann("DELETE", f"{email}/versions/1")):
        assert refused.status == 409
        assert "/" not in refused.json["message"]


def test_check_out_of_somebody_else_is_a_lock_on_the_content(ann: Client, bob: Client, email: str) -> None:
    assert bob("CHECKOUT", "/dav/yuuvis/2026-11/a.txt").status == 200

    response = upload(ann, email)
    assert refusal(response) == (409, 2830)
    assert response.json["message"] == "The object is locked by bob."
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
    assert refusal(bob("POST", f"{email}/versions/1/actions/restore")) == (403, 2003)


@pytest.fixture
def member(ann: Client) -> str:
    """An object in a folder of which ann has locked the names alone."""
    folder = a_folder(ann, "Akten")
    made = imported(ann, an_email("x", system__parentId=folder))
    upload(ann, made)
    ann.lock("/dav/yuuvis/2026-11/Akten", depth="0")
    return made


def test_holder_of_the_lock_on_the_folder_is_named(bob: Client, email: str, member: str) -> None:
    folder = said(shown(bob, member))["system:parentId"]
    refused = [
        bob("DELETE", member),
        patch(bob, of(values(system__parentId=None)), to=member),
        patch(bob, of(values(system__parentId=folder)), to=email),
        patch(bob, of(values(system__objectId=uuid_of(email), system__parentId=folder))),
        post(bob, an_email("y", {"contentStreamId": stream_of(shown(bob, email))["contentStreamId"]}, system__parentId=folder)),
    ]
    for response in refused:
        assert refusal(response) == (409, 2830)
        assert response.json["message"] == "The folder is locked by ann."
        assert "objects" not in response.json


def test_holder_is_named_to_who_sends_the_first_content_into_a_locked_folder(ann: Client, bob: Client) -> None:
    folder = a_folder(ann, "Akten")
    bare = imported(bob, an_email("x", system__parentId=folder))
    ann.lock("/dav/yuuvis/2026-11/Akten", depth="0")

    assert upload(bob, bare).json["message"] == "The folder is locked by ann."


def test_who_is_in_the_way_is_named_before_whoever_asks(bob: Client, member: str) -> None:
    assert bob("PATCH", f"{member}/contents/native/lock").status == 204

    assert bob("DELETE", member).json["message"] == "The folder is locked by ann."
