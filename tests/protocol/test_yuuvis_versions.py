"""Versions of objects and their deletion, beside the acceptance cases."""

from __future__ import annotations

import json
from datetime import timedelta
from urllib.parse import quote

import pytest

from davgate.core.principals import granting
from davgate.core.store import Store
from tests.builders import findings, path
from tests.protocol.client import Client
from tests.protocol.databases import on_both_databases
from tests.protocol.yuuvis import (
    BASE,
    HELLO,
    JSON,
    NOBODYS,
    a_folder,
    an_email,
    an_imported_email,
    content_of,
    envelope,
    imported,
    of,
    on_drive,
    only,
    patch,
    refusal,
    said,
    shown,
    stream_of,
    upload,
    uuid_of,
    values,
)


@pytest.fixture
def email(ann: Client) -> str:
    return an_imported_email(ann)


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


def folders_of(client: Client, where: str) -> list[str | None]:
    """Return the folders that the versions of an object tell."""
    versions = client("GET", f"{where}/versions").json["objects"]
    for one in versions:
        assert only(client("GET", f"{where}/versions/{said(one)['system:versionNumber']}")) == one
    return [said(one).get("system:parentId") for one in versions]


@on_both_databases
@pytest.mark.parametrize("has_content", [True, False])
def test_version_tells_the_folder_that_the_object_was_in_then(ann: Client, has_content: bool) -> None:
    email = an_imported_email(ann) if has_content else imported(ann, an_email())
    first, second = a_folder(ann, "first"), a_folder(ann, "second")
    patch(ann, of(values(system__parentId=first)), to=email)
    patch(ann, of(values(appEmail__subject="x")), to=email)
    patch(ann, of(values(system__parentId=second)), to=email)
    assert folders_of(ann, email) == [None, first, first, second]

    upload(ann, email)
    restored = only(ann("POST", f"{email}/versions/2/actions/restore?restoreParentId=true"))
    assert said(restored)["system:parentId"] == first
    assert folders_of(ann, email) == [None, first, first, second, second, first]


def test_version_tells_the_folder_of_then_whichever_door_has_moved_it(ann: Client, email: str, store: Store) -> None:
    first = a_folder(ann, "first")
    patch(ann, of(values(system__parentId=first)), to=email)
    ann.mkcol("/dav/f")
    ann("MOVE", "/dav/yuuvis/2026-11/first/a.txt", destination="http://drive.test/dav/f/b.txt")
    there = uuid_of(on_drive(store, ann, "/f"))
    assert folders_of(ann, email) == [None, there]
    patch(ann, of(values(appEmail__subject="x")), to=email)
    assert folders_of(ann, email) == [None, first, there]

    ann.mkcol("/dav/g")
    folder = f"{BASE}/{there}"
    patch(ann, of(values(Name="x")), to=folder)
    ann("MOVE", "/dav/f", destination="http://drive.test/dav/g/f")
    patch(ann, of(values(Name="y")), to=folder)
    assert folders_of(ann, folder) == [None, None, uuid_of(on_drive(store, ann, "/g"))]
    assert findings(store) == []


def test_version_tells_the_version_that_its_folder_had_then(ann: Client, email: str, store: Store) -> None:
    folder = f"{BASE}/{a_folder(ann)}"
    sub = f"{BASE}/{a_folder(ann, 'sub', system__parentId=uuid_of(folder))}"
    for name in ("second", "third", "fourth"):
        patch(ann, of(values(system__parentId=uuid_of(folder))), to=email)
        ann.clock.advance(timedelta(seconds=1))
        patch(ann, of(values(Name=name)), to=folder)
    patch(ann, of(values(Name="x")), to=sub)

    def told(where: str) -> list[int | None]:
        versions = ann("GET", f"{where}/versions").json["objects"]
        for no, one in enumerate(versions, start=1):
            assert only(ann("GET", f"{where}/versions/{no}")) == one
        return [said(one).get("system:parentVersionNumber") for one in versions]

    assert told(email) == [None, 1, 2, 4]
    assert told(sub) == [1, 4]
    assert said(shown(ann, email))["system:parentVersionNumber"] == 4


def test_first_version_of_a_folder_tells_the_version_that_its_folder_had_then(ann: Client, store: Store) -> None:
    ann.mkcol("/dav/f")
    ann.mkcol("/dav/f/sub")
    outer, inner = on_drive(store, ann, "/f"), on_drive(store, ann, "/f/sub")
    for where in (outer, inner):
        ann.clock.advance(timedelta(seconds=1))
        patch(ann, of(values(Name="x")), to=where)

    versions = ann("GET", f"{inner}/versions").json["objects"]

    assert [said(one)["system:parentVersionNumber"] for one in versions] == [1, 2]


def test_version_does_not_tell_a_folder_that_the_caller_may_not_read(
    ann: Client, bob: Client, root_admin: Client, store: Store, email: str
) -> None:
    first, second = a_folder(ann, "first"), a_folder(ann, "second")
    for folder in (first, second):
        patch(ann, of(values(system__parentId=folder)), to=email)
    granting.close(store, root_admin.ctx, path("/yuuvis/2026-11/first"))
    assert folders_of(bob, email) == [None, None, second]


def test_what_many_versions_tell_takes_no_more_statements_than_what_few_tell(
    ann: Client, email: str, store: Store, statements: list[str]
) -> None:
    def asked() -> int:
        store.database.close()
        statements.clear()
        assert ann("GET", f"{email}/versions").status == 200
        return len(statements)

    folders = [a_folder(ann, name) for name in ("first", "second")]
    for folder in folders:
        patch(ann, of(values(system__parentId=folder)), to=email)
    few = asked()
    for no in range(6):
        patch(ann, of(values(system__parentId=folders[no % 2])), to=email)
    assert asked() == few


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
