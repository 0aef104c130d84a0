"""The editing cycle of GEVER: check-out, lock, check-in and history, in the numbered acceptance cases and beyond them."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from tests.builders import SettableClock
from tests.protocol.client import Client, Response
from tests.protocol.gever import ORIGIN, Document, a_document, a_dossier, send, text_file

UNLOCKED = {"locked": False, "stealable": True}
DRIVE_PATH = "/dav/Akten%201/Alpha.txt"
"""Where the drive has the document of the acceptance cases."""
TOKEN = re.compile(r"^0\.\d+-0\.\d+-00105A989226:\d+\.\d{3}$")


@pytest.fixture
def document(ann: Client) -> Document:
    """Ann's document; Bob may do with it what she may."""
    return a_document(ann, a_dossier(ann))


def assert_refused(response: Response, status: int, message: str, text: str | None = None, kind: str | None = None) -> None:
    said = response.json
    assert response.status == status, response
    assert said["message"] == message
    assert said["error"] == {"type": said["type"], "message": said["translated_message"]}
    if text is not None:
        assert said["error"]["message"] == text
    if kind is not None:
        assert said["type"] == kind


# Check-out and check-in


def test_case_09_document_is_checked_out(ann: Client, document: Document) -> None:
    response = document.ask(ann, "POST", "@checkout")

    shown = document.seen_by(ann)
    assert (response.status, response.body) == (204, b"")
    assert "content-type" not in response.headers
    assert (shown["checked_out"], shown["is_locked"]) == ("ann", False)
    assert isinstance(shown["checked_out_fullname"], str)


def test_case_10_document_that_is_checked_out_is_not_checked_out_again(ann: Client, bob: Client, document: Document) -> None:
    document.post(ann, "@checkout")

    for client in (ann, bob):
        response = document.ask(client, "POST", "@checkout")
        assert_refused(response, 403, "msg_checkout_disallowed")
        assert response.json["error"] == {"type": "Forbidden", "message": "Checkout is not allowed."}


def test_case_11_others_neither_check_in_nor_cancel(ann: Client, bob: Client, document: Document) -> None:
    document.post(ann, "@checkout")

    assert_refused(document.ask(bob, "POST", "@checkin"), 403, "msg_checkin_disallowed", "Check-in is not allowed.")
    refused = document.ask(bob, "POST", "@cancelcheckout")
    assert_refused(refused, 403, "msg_cancel_checkout_disallowed", "Cancel checkout is not allowed.")
    assert document.seen_by(ann)["checked_out"] == "ann"


def test_case_12_document_that_is_not_checked_out_is_not_checked_in(ann: Client, document: Document) -> None:
    assert_refused(document.ask(ann, "POST", "@checkin"), 403, "msg_checkin_disallowed")
    assert_refused(document.ask(ann, "POST", "@cancelcheckout"), 403, "msg_cancel_checkout_disallowed")


def test_case_13_others_read_the_last_version_until_the_check_in(ann: Client, bob: Client, document: Document) -> None:
    document.post(ann, "@checkout")
    document.patch(ann, {"file": text_file("bravo")})

    assert document.file_for(ann) == b"bravo"
    assert document.file_for(bob) == b"alpha v0"
    document.post(ann, "@checkin", {"comment": "c1"})

    assert document.file_for(ann) == document.file_for(bob) == b"bravo"
    assert document.seen_by(bob)["current_version_id"] == 1


def test_case_14_history_tells_of_the_check_in(ann: Client, document: Document) -> None:
    document.check_in(ann, "bravo", "c1")

    newest, oldest = document.get(ann, "@history")

    assert (newest["version"], newest["comments"], newest["type"]) == (1, "c1", "versioning")
    assert newest["actor"]["id"] == "ann"
    assert newest["@id"] == f"{document.url}/@history/1"
    assert (oldest["version"], oldest["comments"]) == (0, "Initial version")


def test_case_15_check_in_of_nothing_new_makes_a_version(ann: Client, document: Document) -> None:
    document.post(ann, "@checkout")
    response = document.ask(ann, "POST", "@checkin")

    assert (response.status, response.body) == (204, b"")
    assert document.numbers(ann) == [1, 0]
    assert document.get(ann, "@history")[0]["comments"] is None
    assert document.get(ann, "@versions")["items"][0]["comments"] == ""


def test_case_16_cancelled_check_out_leaves_nothing(ann: Client, document: Document) -> None:
    document.post(ann, "@checkout")
    document.patch(ann, {"file": text_file("bravo")})
    document.post(ann, "@cancelcheckout")

    shown = document.seen_by(ann)
    assert (document.file_for(ann), shown["checked_out"], shown["file"]["size"]) == (b"alpha v0", None, 8)
    assert document.numbers(ann) == [0]


def test_case_17_metadata_stays_when_a_check_out_is_cancelled(ann: Client, document: Document) -> None:
    document.post(ann, "@checkout")
    document.patch(ann, {"title": "Beta"})
    document.post(ann, "@cancelcheckout")

    assert document.seen_by(ann)["title"] == "Beta"


# Locks


def test_case_18_lock_is_told_of(ann: Client, clock: SettableClock, document: Document) -> None:
    lock = document.post(ann, "@lock")

    assert (lock["locked"], lock["creator"], lock["name"], lock["stealable"]) == (True, "ann", "plone.locking.stealable", True)
    assert lock["timeout"] == 600
    assert TOKEN.match(lock["token"])
    assert lock["time"] == pytest.approx(clock.now() / 1e6, abs=1)
    assert isinstance(lock["time"], float)
    assert document.seen_by(ann)["is_locked"] is True


def test_case_19_lock_again_changes_the_time_alone(ann: Client, document: Document) -> None:
    first = document.post(ann, "@lock")
    again = document.post(ann, "@lock", {"timeout": 86400})

    assert (again["timeout"], again["token"]) == (86400, first["token"])


def test_case_20_lock_of_another_is_the_answer_and_stays_as_it_is(ann: Client, bob: Client, document: Document) -> None:
    document.post(ann, "@lock")
    own = document.post(ann, "@lock", {"timeout": 86400})
    others = document.post(bob, "@lock", {"timeout": 5, "stealable": False})

    assert others["creator"] == "ann"
    assert "token" not in others
    assert document.get(ann, "@lock") == own


def test_case_21_owner_alone_refreshes(ann: Client, bob: Client, clock: SettableClock, document: Document) -> None:
    first = document.post(ann, "@lock", {"timeout": 1200})
    clock.advance(timedelta(seconds=60))
    refreshed = document.post(ann, "@refresh-lock")
    clock.advance(timedelta(seconds=60))
    by_other = document.post(bob, "@refresh-lock")

    assert refreshed["time"] == first["time"] + 60
    assert (refreshed["token"], refreshed["timeout"]) == (first["token"], 1200)
    assert (by_other["creator"], by_other["time"]) == ("ann", refreshed["time"])
    assert document.get(ann, "@lock") == refreshed


def test_case_22_change_of_what_is_locked_takes_the_token(ann: Client, bob: Client, document: Document) -> None:
    token = document.post(ann, "@lock")["token"]

    for refused in (
        document.ask(bob, "PATCH", "", {"title": "x"}),
        document.ask(bob, "PATCH", "", {"title": "x"}, lock_token=token),
        document.ask(ann, "PATCH", "", {"title": "x"}),
    ):
        assert_refused(refused, 403, "msg_resource_locked", "Resource is locked.")
    for header in (token, f"opaquelocktoken:{token}", f"<opaquelocktoken:{token}>"):
        assert document.ask(ann, "PATCH", "", {"title": f"x {header[0]}"}, lock_token=header).status == 204


def test_case_23_owner_of_a_lock_neither_checks_out_nor_removes(ann: Client, document: Document) -> None:
    document.post(ann, "@lock")
    elsewhere = a_dossier(ann, "Akten 2")

    assert_refused(document.ask(ann, "POST", "@checkout"), 403, "msg_checkout_disallowed")
    name = document.url.rpartition("/")[2]
    assert_refused(document.ask(ann, "DELETE"), 423, f'Object "{name}" is locked.', kind="ResourceLockedError")
    moved = send(ann, "POST", f"{elsewhere}/@move", {"source": document.url})
    assert_refused(moved, 423, "msg_locked_doc_cant_be_moved", kind="ResourceLockedError")
    assert_refused(document.ask(ann, "POST", "@trash"), 400, "msg_trash_locked_doc")


def test_case_24_owner_alone_unlocks(ann: Client, bob: Client, document: Document) -> None:
    document.post(ann, "@lock")

    others = document.post(bob, "@unlock")
    assert (others["locked"], others["creator"]) == (True, "ann")
    assert document.post(ann, "@unlock") == UNLOCKED
    assert document.post(ann, "@unlock") == UNLOCKED


def test_case_25_lock_that_is_not_stealable_stays_so(ann: Client, bob: Client, document: Document) -> None:
    document.post(ann, "@lock", {"stealable": False})

    assert document.get(ann, "@lock")["stealable"] is True
    assert document.get(bob, "@lock")["stealable"] is False
    assert [document.post(bob, "@unlock", {"force": True})["locked"] for _ in range(2)] == [True, True]


def test_case_26_stealable_lock_is_broken_by_force(ann: Client, bob: Client, document: Document) -> None:
    document.post(ann, "@lock")

    assert document.post(bob, "@unlock", {"force": True}) == UNLOCKED
    assert document.post(bob, "@lock")["creator"] == "bob"


def test_case_27_lock_that_ran_out_is_none(ann: Client, bob: Client, clock: SettableClock, document: Document) -> None:
    document.post(ann, "@lock", {"timeout": 1})
    clock.advance(timedelta(seconds=2.5))

    assert document.get(ann, "@lock") == UNLOCKED
    assert document.post(bob, "@lock")["creator"] == "bob"


def test_case_28_check_out_is_not_cancelled_under_a_lock(ann: Client, document: Document) -> None:
    document.post(ann, "@checkout")
    document.post(ann, "@lock")

    assert_refused(document.ask(ann, "POST", "@cancelcheckout"), 403, "msg_cancel_checkout_disallowed")
    document.post(ann, "@unlock")
    assert document.ask(ann, "POST", "@cancelcheckout").status == 204


def test_case_29_check_in_ends_the_locks_of_others(ann: Client, bob: Client, document: Document) -> None:
    document.post(ann, "@checkout")
    assert document.post(bob, "@lock")["creator"] == "bob"

    assert document.ask(ann, "POST", "@checkin").status == 204
    assert document.get(ann, "@lock") == UNLOCKED


# History


def test_case_39_version_is_shown_and_gone_back_to(ann: Client, document: Document) -> None:
    document.check_in(ann, "v1")
    document.patch(ann, {"title": "Beta"})

    shown = document.get(ann, "@history/0")
    assert (shown["version"], shown["@id"], shown["title"]) == ("0", document.url, "Alpha")
    assert send(ann, "GET", shown["file"]["download"]).body == b"alpha v0"
    reverted = document.ask(ann, "PATCH", "@history", {"version": 0})

    assert (reverted.status, reverted.json) == (200, {"message": "Beta has been reverted to revision 0."})
    assert document.file_for(ann) == b"alpha v0"
    assert document.numbers(ann) == [2, 1, 0]
    assert document.get(ann, "@history")[0]["comments"] == "Version 0 restored."
    assert document.seen_by(ann)["title"] == "Beta"


def test_case_39_version_is_not_gone_back_to_while_checked_out(ann: Client, document: Document) -> None:
    document.post(ann, "@checkout")

    refused = document.ask(ann, "PATCH", "@history", {"version": 0})
    assert_refused(refused, 403, "Reverting is not allowed.", "Reverting is not allowed.", "Forbidden")


@pytest.mark.parametrize(
    ("fields", "status", "text"),
    [
        ({"version": 99}, 404, "Version '99' does not exist."),
        ({"version": 1 << 62}, 404, f"Version '{1 << 62}' does not exist."),
        ({"version": -1}, 404, "Version '-1' does not exist."),
        ({}, 400, "Property 'version' is required"),
        ({"version": "0"}, 400, "Property 'version' is required"),
        ({"version": True}, 400, "Property 'version' is required"),
        ({"version": 10**40}, 404, f"Version '{10**40}' does not exist."),
    ],
)
def test_case_39_version_that_there_is_not_is_not_gone_back_to(
    ann: Client, document: Document, fields: dict[str, object], status: int, text: str
) -> None:
    assert_refused(document.ask(ann, "PATCH", "@history", fields), status, text)
    assert document.numbers(ann) == [0]


def test_case_40_versions_come_in_pages(ann: Client, document: Document) -> None:
    document.check_in(ann, "v1")
    document.check_in(ann, "v2")

    listed = document.get(ann, "@versions")
    page = document.get(ann, "@versions?b_size=1")

    assert (listed["@id"], listed["items_total"], "batching" in listed) == (f"{document.url}/@versions", 3, False)
    newest = listed["items"][0]
    assert (newest["version"], newest["actor"]["identifier"], newest["approvals"]) == (2, "ann", [])
    assert newest["@id"] == f"{document.url}/@versions/2"
    assert (len(page["items"]), page["items_total"]) == (1, 3)
    following = send(ann, "GET", page["batching"]["next"]).json
    assert [one["version"] for one in following["items"]] == [1]


def test_case_43_body_that_is_no_json_locks_nothing(ann: Client, document: Document) -> None:
    refused = ann("POST", f"{document.url.removeprefix(ORIGIN)}/@lock", "{bad", accept="application/json")

    assert (refused.status, refused.json["type"]) == (400, "DeserializationError")
    assert document.get(ann, "@lock") == UNLOCKED


def test_case_44_lock_of_the_drive_is_seen_here(ann: Client, bob: Client, document: Document) -> None:
    bob.lock(DRIVE_PATH)

    lock = document.get(ann, "@lock")
    assert (lock["locked"], lock["creator"], lock["stealable"]) == (True, "bob", False)
    assert "name" not in lock and "token" not in lock
    assert_refused(document.ask(ann, "POST", "@checkout"), 403, "msg_checkout_disallowed")


def test_case_44_lock_made_here_is_one_on_the_drive(ann: Client, bob: Client, document: Document) -> None:
    token = document.post(ann, "@lock")["token"]
    target = DRIVE_PATH

    assert bob("PUT", target, b"bob's").status == 423
    assert ann("PUT", target, b"ann's").status == 423
    assert f"opaquelocktoken:{token}".encode() in ann("PROPFIND", target, depth="0").body
    assert ann("PUT", target, b"ann's", if_=f"(<opaquelocktoken:{token}>)").status == 204
