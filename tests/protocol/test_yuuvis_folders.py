"""Folders, and what other doors made: where objects are, and what they are called."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from davgate.core.store import Store
from tests.protocol.client import Client
from tests.protocol.okd import deliver
from tests.protocol.okd import shown as shown_by_okd
from tests.protocol.yuuvis import (
    BASE,
    HELLO,
    a_folder,
    address,
    an_email,
    an_imported_email,
    envelope,
    imported,
    of,
    on_drive,
    only,
    part,
    patch,
    post,
    post_form,
    refusal,
    said,
    shown,
    uuid_of,
    values,
    version_of,
)


@pytest.fixture
def email(ann: Client) -> str:
    return an_imported_email(ann)


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


# Moved on the drive while a client edits


@pytest.mark.parametrize("to", ["/dav/f/a.txt", "/dav/yuuvis/2026-11/Akten/b.txt", "/dav/f/b.txt"])
@pytest.mark.parametrize("send", [post, patch])
def test_update_does_not_undo_a_move_that_its_client_has_not_seen(ann: Client, to: str, send: Any) -> None:
    folder = a_folder(ann)
    file = {"cid": "c", "fileName": "a.txt"}
    email = address(only(post_form(ann, envelope(an_email("x", file, system__parentId=folder)), part("c", HELLO))))
    ann.mkcol("/dav/f")
    read = shown(ann, email)
    assert ann("MOVE", "/dav/yuuvis/2026-11/Akten/a.txt", destination=f"http://drive.test{to}").status == 201

    assert refusal(send(ann, read, to=email)) == (409, 2810)
    assert ann.get(to) == HELLO

    again = shown(ann, email)
    assert shown(ann, f"{email}/versions/1") == again
    assert said(again)["system:versionNumber"] == 1
    again["properties"]["appEmail:subject"]["value"] = "y"
    assert said(only(send(ann, again, to=email)))["appEmail:subject"] == "y"
    assert ann.get(to) == HELLO


def test_object_is_moved_back_by_who_has_seen_where_it_was_moved(ann: Client, store: Store) -> None:
    folder = a_folder(ann)
    file = {"cid": "c", "fileName": "a.txt"}
    email = address(only(post_form(ann, envelope(an_email("x", file, system__parentId=folder)), part("c", HELLO))))
    ann.mkcol("/dav/f")
    ann("MOVE", "/dav/yuuvis/2026-11/Akten/a.txt", destination="http://drive.test/dav/f/a.txt")
    read = shown(ann, email)
    assert said(read)["system:parentId"] == uuid_of(on_drive(store, ann, "/f"))

    read["properties"]["system:parentId"]["value"] = folder
    moved = only(post(ann, read, to=email))

    assert said(moved)["system:parentId"] == folder
    assert ann.get("/dav/yuuvis/2026-11/Akten/a.txt") == HELLO
    assert said(only(post(ann, moved, to=email)))["system:versionNumber"] == 3


def test_move_of_the_folder_above_is_no_move_of_what_is_in_it(ann: Client) -> None:
    email = imported(ann, an_email(system__parentId=a_folder(ann)))
    read = shown(ann, email)
    ann("MOVE", "/dav/yuuvis/2026-11/Akten", destination="http://drive.test/dav/Akten")

    assert post(ann, read, to=email).status == 200
