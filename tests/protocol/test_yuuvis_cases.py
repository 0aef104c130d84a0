"""The acceptance cases of the DMS core API, by their numbers; 24 to 26 stand with the search and the history."""

from __future__ import annotations

import json

import pytest

from davgate.model.instant import to_datetime
from tests.protocol.client import Client
from tests.protocol.okd import deliver
from tests.protocol.yuuvis import (
    BASE,
    EMAIL,
    HELLO,
    HELLO_DIGEST,
    NOBODYS,
    TABLE,
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


@pytest.fixture
def email(ann: Client) -> str:
    """The object that the cases call E."""
    return an_imported_email(ann)


def found(client: Client, statement: str) -> list[str]:
    """Return the addresses of what a search finds."""
    body = json.dumps({"query": {"statement": statement}})
    response = client("POST", f"{BASE}/search", body, content_type="application/json")
    assert response.status == 200, response
    return [address(entry) for entry in response.json["objects"]]


def test_case_01_import_with_content_answers_the_whole_object(ann: Client) -> None:
    entry = an_email("Bewerbung", {"cid": "c1", "fileName": "a.txt"}, appEmail__to=["a", "b"])
    entry["properties"]["table"] = TABLE

    made = only(post_form(ann, envelope(entry), part("c1", HELLO)))

    assert said(made)["system:versionNumber"] == 1
    assert said(made)["system:baseTypeId"] == "system:document"
    assert said(made)["system:objectTypeId"] == EMAIL
    assert said(made)["appEmail:to"] == ["a", "b"]
    assert made["properties"]["table"] == TABLE
    assert (stream_of(made)["length"], stream_of(made)["digest"]) == (11, HELLO_DIGEST)


def test_case_02_import_of_metadata_alone_has_no_content(ann: Client) -> None:
    made = only(post(ann, an_email()))

    assert "contentStreams" not in made
    assert refusal(ann("GET", f"{address(made)}/contents/file")) == (404, 2004)


def test_case_03_batch_with_one_wrong_entry_stores_none(ann: Client) -> None:
    response = post(ann, an_email("first of two"), an_email("second", appEmail__from=None))

    assert refusal(response) == (422, 2400)
    assert found(ann, "SELECT * FROM appEmail:email WHERE appEmail:subject = 'first of two'") == []


def test_case_04_batch_with_two_contents_is_answered_in_its_order(ann: Client) -> None:
    data = envelope(an_email("one", {"cid": "c1"}), an_email("two", {"cid": "c2"}))

    response = post_form(ann, data, part("c2", b"second"), part("c1", b"first"))

    first, second = response.json["objects"]
    assert (said(first)["appEmail:subject"], content_of(ann, address(first))) == ("one", b"first")
    assert (said(second)["appEmail:subject"], content_of(ann, address(second))) == ("two", b"second")
    assert (response.json["numItems"], response.json["hasMoreItems"], response.json["totalNumItems"]) == (2, False, 2)


def test_case_05_unknown_type_is_refused_with_the_mistakes(ann: Client) -> None:
    response = post(ann, of(values(system__objectTypeId="no:such")))

    assert refusal(response) == (422, 2400)
    (mistake,) = response.json["validationErrors"]
    assert mistake["message"] and isinstance(mistake["serviceErrorCode"], int)


@pytest.mark.parametrize("wrong", [{"appEmail__nothing": "x"}, {"appEmail__size": "17"}])
def test_case_06_unknown_property_and_wrong_type_are_refused(ann: Client, wrong: dict[str, object]) -> None:
    assert refusal(post(ann, an_email(**wrong))) == (422, 2400)


def test_case_07_object_is_read_as_it_was_imported_and_permissions_on_request(ann: Client, email: str) -> None:
    read = shown(ann, email)
    assert said(read)["appEmail:subject"] == "Bewerbung"
    assert "permissions" not in read

    permissions = shown(ann, f"{email}?includePermissions=true")["permissions"]

    assert permissions == {
        "read": ["metadata", "content"],
        "write": ["metadata", "content"],
        "delete": ["object", "content"],
    }


def test_case_08_content_is_sent_whole_in_part_or_not_at_all(ann: Client, email: str) -> None:
    whole = ann("GET", f"{email}/contents/file")
    assert (whole.status, whole.body) == (200, HELLO)
    assert 'filename="a.txt"' in whole.headers["content-disposition"]
    assert whole.headers["content-type"] == "text/plain"
    assert whole.etag == f'"{HELLO_DIGEST}"'

    part_of_it = ann("GET", f"{email}/contents/file", range="bytes=0-4")
    assert (part_of_it.status, part_of_it.body) == (206, b"hello")
    assert part_of_it.headers["content-range"] == "bytes 0-4/11"

    beyond = ann("GET", f"{email}/contents/file", range="bytes=50-")
    assert (beyond.status, beyond.headers["content-range"]) == (416, "bytes */11")


def test_case_09_what_was_read_is_sent_back_with_a_change(ann: Client, email: str) -> None:
    read = shown(ann, email)
    read["properties"]["appEmail:subject"]["value"] = "Updated Bewerbungsunterlagen"

    changed = only(post(ann, read, to=email))

    assert said(changed)["system:versionNumber"] == 2
    assert said(changed)["appEmail:subject"] == "Updated Bewerbungsunterlagen"
    assert stream_of(changed) == stream_of(read)


def test_case_10_what_was_read_before_somebody_elses_change_is_refused(ann: Client, bob: Client, email: str) -> None:
    read = shown(ann, email)
    assert post(bob, read, to=email).status == 200

    assert refusal(post(ann, read, to=email)) == (409, 2810)
    assert version_of(ann, email) == 2


def test_case_11_what_is_not_sent_is_removed_and_the_content_stays(ann: Client, email: str) -> None:
    assert post(ann, of(values(appEmail__from="b@example.org")), to=email).status == 200

    left = said(shown(ann, email))
    assert left["appEmail:from"] == "b@example.org"
    assert {"appEmail:subject", "appEmail:to", "table"}.isdisjoint(left)
    assert content_of(ann, email) == HELLO


def test_case_12_false_creator_is_refused(ann: Client, email: str) -> None:
    response = post(ann, of(values(appEmail__from="x", system__createdBy="nobody")), to=email)

    assert refusal(response) == (409, 2810)
    assert version_of(ann, email) == 1


def test_case_13_id_of_another_object_is_refused(ann: Client, email: str) -> None:
    assert refusal(post(ann, of(values(appEmail__from="x", system__objectId=NOBODYS)), to=email)) == (400, 2100)


def test_case_14_patch_changes_what_was_sent_alone(ann: Client, email: str) -> None:
    before = said(shown(ann, email))

    changed = said(only(patch(ann, of(values(appEmail__subject="new")), to=email)))

    assert (changed["appEmail:subject"], changed["system:versionNumber"]) == ("new", 2)
    assert {name: changed[name] for name in ("appEmail:from", "appEmail:to", "table")} == {
        name: before[name] for name in ("appEmail:from", "appEmail:to", "table")
    }


def test_case_15_patch_with_null_takes_a_property_away(ann: Client, email: str) -> None:
    assert patch(ann, of(values(appEmail__cc=["c"])), to=email).status == 200
    assert said(shown(ann, email))["appEmail:cc"] == ["c"]

    assert patch(ann, of(values(appEmail__cc=None)), to=email).status == 200

    assert "appEmail:cc" not in shown(ann, email)["properties"]


def test_case_16_patch_is_guarded_by_the_version_number(ann: Client, email: str) -> None:
    assert refusal(patch(ann, of(values(system__versionNumber=0)), to=email)) == (409, 2810)
    assert patch(ann, of(values(system__versionNumber=1)), to=email).status == 200


def test_case_17_patch_does_not_take_a_required_property_away(ann: Client, email: str) -> None:
    assert refusal(patch(ann, of(values(appEmail__from=None)), to=email)) == (422, 2400)


def test_case_18_patch_of_several_changes_all_or_none(ann: Client, email: str) -> None:
    other = imported(ann, an_email("other"))
    ids = [where.rpartition("/")[2] for where in (email, other)]

    def to(uuid: str, subject: str) -> dict[str, object]:
        return of(values(system__objectId=uuid, appEmail__subject=subject))

    assert patch(ann, to(ids[0], "x"), to(ids[1], "y")).status == 200
    assert [said(shown(ann, where))["appEmail:subject"] for where in (email, other)] == ["x", "y"]

    assert refusal(patch(ann, to(ids[0], "p"), to(ids[0], "q"))) == (400, 2100)
    assert refusal(patch(ann, to(ids[0], "p"), to(NOBODYS, "q"))) == (404, 2004)
    assert (said(shown(ann, email))["appEmail:subject"], version_of(ann, email)) == ("x", 2)


def test_case_19_new_content_makes_a_version_with_the_name_of_its_header(ann: Client, email: str) -> None:
    before = shown(ann, email)

    changed = only(upload(ann, email, content_disposition="attachment; filename=\"x.txt\"; filename*=UTF-8''%C3%BC.txt"))

    assert (stream_of(changed)["fileName"], stream_of(changed)["mimeType"]) == ("ü.txt", "text/plain")
    assert stream_of(changed)["contentStreamId"] != stream_of(before)["contentStreamId"]
    assert said(changed)["system:versionNumber"] == 2
    assert said(changed)["appEmail:subject"] == said(before)["appEmail:subject"]
    assert content_of(ann, email) == b"two"


def test_case_20_every_version_is_kept_with_its_metadata_and_content(ann: Client, email: str) -> None:
    patch(ann, of(values(appEmail__subject="second")), to=email)
    upload(ann, email)

    versions = ann("GET", f"{email}/versions").json["objects"]
    assert [said(one)["system:versionNumber"] for one in versions] == [1, 2, 3]
    assert versions[2] == shown(ann, email)
    first = shown(ann, f"{email}/versions/1")
    assert said(first)["appEmail:subject"] == "Bewerbung"
    assert content_of(ann, f"{email}/versions/1") == HELLO
    assert content_of(ann, f"{email}/versions/2") == HELLO
    assert refusal(ann("GET", f"{email}/versions/99")) == (404, 2004)


def test_case_21_version_is_deleted_unless_it_is_the_active_one(ann: Client, email: str) -> None:
    patch(ann, of(values(appEmail__subject="second")), to=email)

    assert ann("DELETE", f"{email}/versions/1").status == 200
    assert refusal(ann("GET", f"{email}/versions/1")) == (404, 2004)
    assert refusal(ann("DELETE", f"{email}/versions/2"))[0] == 409


def test_case_22_version_is_restored_as_a_new_one(ann: Client, email: str) -> None:
    for subject in ("second", "third"):
        patch(ann, of(values(appEmail__subject=subject)), to=email)

    restored = said(only(ann("POST", f"{email}/versions/2/actions/restore")))

    assert (restored["system:versionNumber"], restored["appEmail:subject"]) == (4, "second")


def test_case_23_digest_of_what_is_stored_is_right(ann: Client, email: str) -> None:
    response = ann("GET", f"{email}/actions/validate/digest")

    assert (response.status, response.body) == (200, b"")


def test_case_27_lock_of_another_door_protects_and_names_its_holder(ann: Client, bob: Client) -> None:
    document = deliver(ann)
    where = f"{BASE}/{document.rpartition('/')[2]}"
    assert ann("POST", f"{document}/_lock").status == 204
    read = shown(bob, where)

    response = post(bob, read, to=where)

    assert refusal(response) == (409, 2830)
    assert "ann" in response.json["message"]
    assert post(ann, read, to=where).status == 200


def test_case_28_deleted_object_is_gone(ann: Client, email: str) -> None:
    response = ann("DELETE", email)

    assert (response.status, response.body) == (200, b"")
    assert refusal(ann("GET", email)) == (404, 2004)
    assert refusal(ann("DELETE", email)) == (404, 2004)
    assert found(ann, "SELECT * FROM appEmail:email") == []


def test_case_29_folder_with_a_child_is_not_deleted(ann: Client) -> None:
    folder = imported(ann, of(values(system__objectTypeId="folder", Name="Akten")))
    child = imported(ann, an_email(system__parentId=folder.rpartition("/")[2]))

    assert refusal(ann("DELETE", folder)) == (409, 2800)

    assert ann("DELETE", child).status == 200
    assert ann("DELETE", folder).status == 200


def test_case_30_errors_have_their_shape_also_without_a_sign_in(ann: Client, nobody: Client) -> None:
    assert refusal(nobody("GET", f"{BASE}/{NOBODYS}")) == (401, 2001)
    response = ann("GET", f"{BASE}/{NOBODYS}")
    assert refusal(response) == (404, 2004)
    assert (response.json["service"], response.json["tenant"]) == ("api", "default")
    assert response.json["time"] == to_datetime(ann.clock.now()).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
