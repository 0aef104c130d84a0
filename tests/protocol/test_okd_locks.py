"""Locks through OKD: how long they last, who ends them, and what they are to the other doors."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from davgate.core.audit import shown as audit_shown
from davgate.core.store import Store
from davgate.model.locks import LockPolicy
from davgate.storage.api import AuditFilter
from tests.builders import with_policy
from tests.protocol.client import Client
from tests.protocol.conftest import Serve
from tests.protocol.okd import HELLO, content_of, deliver, file_part, metadata_part, patch, post, shown
from tests.protocol.stored import audited, lock_count

FILED = "/dav/OKD/2026-11/a.txt"


@pytest.fixture
def document(ann: Client) -> str:
    return deliver(ann)


def lock(client: Client, document: str, body: str = "", **headers: str) -> int:
    return client("POST", f"{document}/_lock", body, **headers).status


def state(client: Client, document: str) -> dict[str, object]:
    response = client("GET", f"{document}/_lock")
    assert response.status == 200, response
    said: dict[str, object] = response.json
    return said


def test_state_of_a_lock_is_told_to_all(ann: Client, bob: Client, document: str) -> None:
    assert state(ann, document) == {"locked": False}

    lock(ann, document)

    told = {"locked": True, "lockedBy": "ann", "lockedAt": "2026-11-20T12:00:00Z", "expiresAt": "2026-11-20T13:00:00Z"}
    assert state(ann, document) == {**told, "mine": True}
    assert state(bob, document) == {**told, "mine": False}
    shown_lock = {name: value for name, value in told.items() if name != "locked"}
    assert shown(bob, document)["lock"] == {**shown_lock, "mine": False}


def test_lock_that_ran_out_does_not_exist(ann: Client, bob: Client, document: str) -> None:
    lock(ann, document)
    ann.clock.advance(timedelta(seconds=3600))

    assert state(ann, document) == {"locked": False}
    assert lock(bob, document) == 204
    assert lock(ann, document) == 423


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        ('{"timeout": 60}', 60),
        ('{"timeout": 1}', 1),
        ('{"timeout": 86400, "other": 1}', 86_400),
        ('{"timeout": 0}', 3600),
        ('{"timeout": 86401}', 3600),
        ('{"timeout": -5}', 3600),
        ('{"timeout": "60"}', 3600),
        ('{"timeout": 60.5}', 3600),
        ('{"timeout": true}', 3600),
        ('{"timeout": null}', 3600),
        ('{"timeout": 99999999999999999999999}', 3600),
        ("[]", 3600),
        ("{", 3600),
        ("\x00", 3600),
        ("", 3600),
    ],
)
def test_body_counts_if_it_asks_for_a_span_that_there_is(ann: Client, document: str, body: str, seconds: int) -> None:
    assert lock(ann, document, body, content_type="text/plain") == 204

    ann.clock.advance(timedelta(seconds=seconds - 1))
    assert state(ann, document)["locked"] is True
    ann.clock.advance(timedelta(seconds=1))
    assert state(ann, document)["locked"] is False


def test_span_is_capped_by_the_settings(serve: Serve, store: Store, ann: Client) -> None:
    policy = replace(store.policy, locks=LockPolicy(longest=timedelta(minutes=1)))
    ann = ann.through(serve(with_policy(store, policy)))
    document = deliver(ann)

    lock(ann, document, '{"timeout": 3600}')

    assert state(ann, document)["expiresAt"] == "2026-11-20T12:01:00Z"


def test_lock_taken_again_begins_anew_and_is_the_same(ann: Client, document: str, store: Store) -> None:
    lock(ann, document)
    ann.clock.advance(timedelta(minutes=30))

    assert lock(ann, document) == 204

    assert state(ann, document)["lockedAt"] == "2026-11-20T12:00:00Z"
    assert state(ann, document)["expiresAt"] == "2026-11-20T13:30:00Z"
    assert lock_count(store) == 1


def test_patch_of_the_holder_lets_the_lock_begin_anew(ann: Client, document: str) -> None:
    lock(ann, document, '{"timeout": 600}')
    ann.clock.advance(timedelta(seconds=500))

    assert patch(ann, document).status == 204

    assert state(ann, document)["expiresAt"] == "2026-11-20T12:18:20Z"


def test_reading_and_failing_do_not_extend_a_lock(ann: Client, document: str) -> None:
    lock(ann, document)
    ann.clock.advance(timedelta(minutes=30))

    shown(ann, document)
    assert patch(ann, document, if_match='"stale"').status == 412

    assert state(ann, document)["expiresAt"] == "2026-11-20T13:00:00Z"


def test_lock_goes_with_its_document(ann: Client, document: str) -> None:
    lock(ann, document)

    assert ann("DELETE", document).status == 204
    assert ann("GET", f"{document}/_lock").status == 404


@pytest.mark.parametrize(("method", "suffix"), [("DELETE", "/_lock"), ("DELETE", "/lock"), ("POST", "/_unlock")])
def test_unlocking_is_idempotent_and_the_holder_s_alone(
    ann: Client, bob: Client, document: str, method: str, suffix: str
) -> None:
    assert bob(method, document + suffix).status == 204
    lock(ann, document)

    refused = bob(method, document + suffix)
    assert (refused.status, refused.json["code"], refused.json["lockedBy"]) == (423, "locked", "ann")
    assert refused.json["detail"] == "Document is locked by ann"
    assert [ann(method, document + suffix).status for _ in range(2)] == [204, 204]
    assert patch(bob, document).status == 204


def test_administrator_ends_a_lock_by_force_and_that_is_audited(
    ann: Client, bob: Client, root_admin: Client, store: Store, document: str
) -> None:
    lock(ann, document)

    refused = bob("DELETE", f"{document}/_lock?force=true")
    assert (refused.status, refused.json["code"]) == (403, "forbidden")
    assert root_admin("DELETE", f"{document}/_lock").status == 423
    assert root_admin("DELETE", f"{document}/_lock?force=true").status == 204

    assert state(ann, document) == {"locked": False}
    assert audited(store)[-1] == "break-lock"
    denied = [row for row in audit_shown.newest(store, root_admin.ctx, AuditFilter(), 100) if row.outcome == "denied"]
    assert [(row.principal, row.action) for row in denied] == [("bob", "okd-unlock"), ("root", "okd-unlock")]


def test_force_where_nothing_is_locked_is_for_administrators_too(ann: Client, root_admin: Client, document: str) -> None:
    assert ann("DELETE", f"{document}/lock?force=true").status == 403
    assert root_admin("DELETE", f"{document}/lock?force=true").status == 204
    assert ann("DELETE", f"{document}/lock?force=perhaps").status == 400


# Other doors


def test_lock_of_this_door_is_in_the_way_on_the_drive_until_its_token_is_sent(ann: Client, bob: Client, document: str) -> None:
    lock(ann, document)

    assert bob("PUT", FILED, b"two").status == 423
    assert ann("PUT", FILED, b"two").status == 423
    found = ann("PROPFIND", FILED, depth="0").xml.findtext(".//{DAV:}locktoken/{DAV:}href")
    assert found is not None
    assert bob("PROPFIND", FILED, depth="0").xml.findtext(".//{DAV:}owner") == "ann"
    assert bob("PUT", FILED, b"two", if_=f"(<{found}>)").status == 423
    assert ann("PUT", FILED, b"two", if_=f"(<{found}>)").status == 204
    assert ann("UNLOCK", FILED, lock_token=f"<{found}>").status == 204
    assert state(bob, document) == {"locked": False}


def test_lock_of_the_drive_counts_here_for_its_own_holder_too(ann: Client, bob: Client, document: str) -> None:
    token = ann.lock(FILED)

    assert state(bob, document)["lockedBy"] == "ann"
    assert state(ann, document)["mine"] is True
    for client in (ann, bob):
        assert patch(client, document).status == 423
        assert client("DELETE", document).status == 423
        assert lock(client, document) == 423
        assert client("DELETE", f"{document}/_lock").status == 423
    assert patch(ann, document).json["detail"].endswith("submit its token in the header Lock-Token.")
    assert content_of(ann, document) == HELLO
    assert patch(bob, document, lock_token=f"<{token}>").status == 423
    assert patch(ann, document, lock_token=f"<{token}>").status == 204
    assert patch(ann, document, b"three", if_=f"(<{token}>)").status == 204
    assert lock(ann, document, lock_token=f"<{token}>") == 204
    assert ann("DELETE", f"{document}/_lock", lock_token=f"<{token}>").status == 204
    assert state(ann, document) == {"locked": False}


def test_deep_lock_on_the_folder_counts_for_the_document(ann: Client, bob: Client, root_admin: Client, document: str) -> None:
    bob.lock("/dav/OKD/", depth="infinity")

    assert state(ann, document)["lockedBy"] == "bob"
    assert patch(ann, document).json["lockedBy"] == "bob"
    assert root_admin("DELETE", f"{document}/_lock?force=true").status == 204
    assert patch(ann, document).status == 204


def test_holder_of_a_lock_on_the_folder_is_named_before_whoever_asks(ann: Client, bob: Client, document: str) -> None:
    bob.lock("/dav/OKD/2026-11", depth="0")
    lock(ann, document)

    response = ann("DELETE", document)

    assert (response.status, response.json["code"], response.json["lockedBy"]) == (423, "locked", "bob")
    assert response.json["detail"] == "Folder is locked by bob"


def test_holder_is_named_to_who_delivers_into_a_locked_folder(ann: Client, bob: Client, document: str) -> None:
    bob.lock("/dav/OKD/2026-11", depth="0")

    response = post(ann, metadata_part(), file_part())

    assert (response.status, response.json["lockedBy"]) == (423, "bob")
    assert response.json["detail"] == "Folder is locked by bob"


def test_refusal_names_no_place_on_the_drive(ann: Client, bob: Client, document: str) -> None:
    assert bob("CHECKOUT", FILED).status == 200

    for refused in (patch(ann, document), ann("DELETE", document), ann("POST", f"{document}/_lock")):
        assert (refused.status, refused.json["lockedBy"], refused.json["detail"]) == (423, "bob", "Document is locked by bob")


def test_shared_lock_of_the_drive_counts_for_who_has_none(ann: Client, bob: Client, document: str) -> None:
    bob.lock(FILED, scope="shared")

    assert patch(ann, document).status == 423
    assert lock(ann, document) == 423


def test_edit_session_of_the_drive_is_sealed_by_a_patch_that_proves_the_lock(ann: Client, document: str) -> None:
    token = ann.lock(FILED)
    ann("PUT", FILED, b"session", if_=f"(<{token}>)")
    assert shown(ann, document)["version"] == 2

    patch(ann, document, b"patched", lock_token=f"<{token}>")

    assert (shown(ann, document)["version"], content_of(ann, document)) == (3, b"patched")
