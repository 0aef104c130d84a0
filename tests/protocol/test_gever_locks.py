"""GEVER's lock services beyond the numbered cases: who may end which lock, what bodies say, containers, locks of other doors."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from davgate.core import locking
from davgate.core.locking import LockRequest
from davgate.core.principals import granting
from davgate.core.store import Store
from davgate.model.locks import Depth, Holding, Scope
from davgate.model.rights import EDITOR, READER
from davgate.rest.gever.locking import new_token
from davgate.storage.statements import Statement
from davgate.storage.tables import audit
from tests.builders import SettableClock, path
from tests.protocol.client import Client, lockinfo
from tests.protocol.gever import MOUNT, ORIGIN, Document, a_document, a_dossier, send

UNLOCKED = {"locked": False, "stealable": True}
DRIVE_PATH = "/dav/Akten%201/Alpha.txt"


@pytest.fixture
def document(ann: Client) -> Document:
    """Ann's document; Bob may do with it what she may."""
    return a_document(ann, a_dossier(ann))


def let_bob_only_read(store: Store, root_admin: Client) -> None:
    granting.close(store, root_admin.ctx, path("/Akten 1"))
    granting.grant(store, root_admin.ctx, path("/Akten 1"), "bob", READER)
    granting.grant(store, root_admin.ctx, path("/Akten 1"), "ann", EDITOR)


# Ending locks


@pytest.mark.parametrize(
    ("who", "force", "ends_stealable", "ends_other"),
    [
        ("ann", False, True, True),
        ("ann", True, True, True),
        ("bob", False, False, False),
        ("bob", True, True, False),
        ("root_admin", False, True, True),
        ("root_admin", True, True, True),
    ],
)
def test_lock_is_ended_by_whom_it_may_be(
    request: pytest.FixtureRequest,
    ann: Client,
    document: Document,
    who: str,
    *,
    force: bool,
    ends_stealable: bool,
    ends_other: bool,
) -> None:
    client: Client = request.getfixturevalue(who)
    for stealable, ends in ((True, ends_stealable), (False, ends_other)):
        held = document.post(ann, "@lock", {"stealable": stealable})

        answer = document.post(client, "@unlock", {"force": force})

        assert answer == UNLOCKED if ends else (answer["locked"], answer["creator"]) == (True, "ann")
        assert document.get(ann, "@lock") == (UNLOCKED if ends else held)
        document.post(ann, "@unlock")


def test_reader_neither_locks_nor_breaks_a_lock(
    ann: Client, bob: Client, root_admin: Client, store: Store, document: Document
) -> None:
    let_bob_only_read(store, root_admin)

    assert document.ask(bob, "POST", "@lock").status == 403
    document.post(ann, "@lock")
    assert document.ask(bob, "POST", "@lock").status == 403
    assert document.post(bob, "@unlock", {"force": True})["locked"] is True
    assert document.post(bob, "@refresh-lock")["creator"] == "ann"
    assert document.get(bob, "@lock")["creator"] == "ann"


def test_refused_unlock_is_told_in_the_audit(ann: Client, bob: Client, store: Store, document: Document) -> None:
    document.post(ann, "@lock", {"stealable": False})
    document.post(bob, "@unlock", {"force": True})

    newest = select(audit.c.action, audit.c.path, audit.c.outcome).order_by(audit.c.id.desc()).limit(1)
    with store.database.read() as session:
        told = session.all(Statement(newest))[0]
    assert told == ("gever-unlock", f"{document.url.removeprefix(ORIGIN)}/@unlock", "denied")


@pytest.mark.parametrize(
    ("lock_type", "ends"), [("plone.locking.stealable", True), (None, True), ("iterate.lock", False), ("", False), (7, False)]
)
def test_lock_of_another_type_than_named_stays(ann: Client, document: Document, lock_type: object, *, ends: bool) -> None:
    document.post(ann, "@lock")

    assert document.post(ann, "@unlock", {"lock_type": lock_type})["locked"] is not ends


def test_broken_lock_leaves_the_check_out(ann: Client, bob: Client, document: Document) -> None:
    document.post(ann, "@checkout")
    document.post(ann, "@lock")
    document.post(bob, "@unlock", {"force": True})

    assert document.seen_by(bob)["checked_out"] == "ann"


def test_delete_and_patch_of_the_lock_do_as_the_services(
    ann: Client, bob: Client, clock: SettableClock, document: Document
) -> None:
    taken = document.post(ann, "@lock")
    clock.advance(timedelta(seconds=5))

    assert document.ask(ann, "PATCH", "@lock").json["time"] == taken["time"] + 5
    assert document.ask(bob, "DELETE", "@lock").json["locked"] is True
    assert document.ask(bob, "DELETE", "@lock", {"force": True}).json == UNLOCKED


def test_refresh_of_no_lock_makes_none(ann: Client, document: Document) -> None:
    assert document.post(ann, "@refresh-lock") == UNLOCKED
    assert document.get(ann, "@lock") == UNLOCKED


# Taking them


@pytest.mark.parametrize(("asked", "granted"), [(1, 1), (0, 1), (-5, 1), (86400, 86400), (86401, 86400), (10**30, 86400)])
def test_timeout_is_kept_in_bounds(ann: Client, document: Document, asked: int, granted: int) -> None:
    assert document.post(ann, "@lock", {"timeout": asked})["timeout"] == granted


@pytest.mark.parametrize(
    "fields", [{"timeout": "600"}, {"timeout": 1.5}, {"timeout": True}, {"timeout": []}, {"stealable": "no"}, {"stealable": 1}]
)
def test_lock_of_no_sensible_kind_is_not_taken(ann: Client, document: Document, fields: dict[str, object]) -> None:
    refused = document.ask(ann, "POST", "@lock", fields)

    assert (refused.status, refused.json["type"]) == (400, "BadRequest")
    assert document.get(ann, "@lock") == UNLOCKED


def test_force_that_is_no_boolean_ends_nothing(ann: Client, document: Document) -> None:
    document.post(ann, "@lock")

    assert document.ask(ann, "POST", "@unlock", {"force": "yes"}).status == 400
    assert document.get(ann, "@lock")["locked"] is True


def test_what_nobody_knows_in_a_body_is_ignored(ann: Client, document: Document) -> None:
    assert (
        document.post(ann, "@lock", {"name": "mine", "depth": "infinity", "timeout": None})["name"] == "plone.locking.stealable"
    )


def test_lock_again_with_nothing_said_changes_nothing(ann: Client, clock: SettableClock, document: Document) -> None:
    taken = document.post(ann, "@lock", {"timeout": 900, "stealable": False})
    clock.advance(timedelta(seconds=5))

    assert document.post(ann, "@lock") == taken


def test_lock_again_may_change_alone_whether_it_is_stealable(
    ann: Client, bob: Client, clock: SettableClock, document: Document
) -> None:
    taken = document.post(ann, "@lock", {"timeout": 900})
    clock.advance(timedelta(seconds=5))

    assert document.post(ann, "@lock", {"stealable": False}) == taken
    assert document.get(bob, "@lock")["stealable"] is False


def test_lock_is_told_of_in_the_words_of_newer_clients(ann: Client, clock: SettableClock, document: Document) -> None:
    lock = document.post(ann, "@lock")

    assert (lock["creator_name"], lock["creator_url"]) == ("ann", f"{ORIGIN}{MOUNT}/author/ann")
    assert lock["created"] == "2026-11-20T12:00:00+00:00"
    assert document.seen_by(ann)["lock"] == lock
    expanded = document.get(ann, "?expand=lock")["@components"]["lock"]
    assert expanded == {"@id": f"{document.url}/@lock", **lock}


def test_tokens_do_not_repeat_and_keep_their_form(clock: SettableClock) -> None:
    tokens = {new_token(clock.now()) for _ in range(1000)}

    assert len(tokens) == 1000
    assert {len(token) for token in tokens} == {len("0.-0.-00105A989226:1795176000.000") + 40}


def test_lock_needs_a_sign_in(nobody: Client, document: Document) -> None:
    refused = document.ask(nobody, "POST", "@lock")

    assert (refused.status, refused.json["type"]) == (401, "Unauthorized")


@pytest.mark.parametrize(
    ("method", "service"), [("PUT", "@lock"), ("GET", "@unlock"), ("DELETE", "@refresh-lock"), ("GET", "@locks")]
)
def test_service_without_the_method_is_not_found(ann: Client, document: Document, method: str, service: str) -> None:
    refused = document.ask(ann, method, service)

    assert (refused.status, refused.json["type"]) == (404, "NotFound")


def test_trashed_document_is_not_locked(ann: Client, document: Document) -> None:
    document.post(ann, "@trash")

    assert document.ask(ann, "POST", "@lock").status == 403
    assert document.get(ann, "@lock") == document.post(ann, "@unlock") == document.post(ann, "@refresh-lock") == UNLOCKED


# Containers


def test_lock_of_a_container_leaves_its_documents_free(ann: Client, bob: Client, document: Document) -> None:
    locked = send(ann, "POST", f"{document.container_url}/@lock").json

    assert (locked["locked"], locked["name"]) == (True, "plone.locking.stealable")
    assert document.get(bob, "@lock") == UNLOCKED
    document.patch(bob, {"title": "Beta"})
    refused = send(bob, "PATCH", document.container_url, {"title": "Mine"})
    assert (refused.status, refused.json["message"]) == (403, "msg_resource_locked")


def test_root_is_locked_like_any_container(ann: Client, bob: Client) -> None:
    assert send(ann, "POST", f"{ORIGIN}{MOUNT}/@lock").json["creator"] == "ann"
    assert send(bob, "GET", f"{ORIGIN}{MOUNT}/@lock").json["locked"] is True
    assert send(ann, "POST", f"{ORIGIN}{MOUNT}/@unlock").json == UNLOCKED


def test_deep_lock_of_the_drive_is_that_of_each_document_below(ann: Client, bob: Client, document: Document) -> None:
    bob.lock("/dav/Akten%201/", depth="infinity")

    assert document.get(ann, "@lock")["creator"] == "bob"
    assert document.post(ann, "@lock")["creator"] == "bob"
    assert document.post(bob, "@unlock") == UNLOCKED


# Locks of other doors


def test_owner_ends_and_refreshes_a_lock_of_the_drive(ann: Client, clock: SettableClock, document: Document) -> None:
    token = ann.lock(DRIVE_PATH, timeout="Second-900").removeprefix("opaquelocktoken:")
    clock.advance(timedelta(seconds=5))

    refreshed = document.post(ann, "@refresh-lock")
    assert (refreshed["token"], refreshed["timeout"]) == (token, 900)
    assert refreshed["time"] == clock.now() / 1e6
    assert document.post(ann, "@unlock") == UNLOCKED


def test_lock_of_the_drive_does_not_become_stealable(ann: Client, bob: Client, document: Document) -> None:
    ann.lock(DRIVE_PATH)

    document.post(ann, "@lock", {"stealable": True, "timeout": 60})

    assert document.get(bob, "@lock")["stealable"] is False
    assert document.post(bob, "@unlock", {"force": True})["timeout"] == 60


def test_lock_of_the_drive_yields_to_an_administrator(ann: Client, root_admin: Client, document: Document) -> None:
    ann.lock(DRIVE_PATH)

    assert document.post(root_admin, "@unlock") == UNLOCKED


def test_ones_own_shared_lock_is_the_one_that_is_told_of(ann: Client, bob: Client, document: Document) -> None:
    tokens = {client: client.lock(DRIVE_PATH, scope="shared") for client in (ann, bob)}

    for client, token in tokens.items():
        assert document.get(client, "@lock")["token"] == token.removeprefix("opaquelocktoken:")
    assert document.post(ann, "@unlock")["creator"] == "bob"


def test_lock_of_a_door_without_tokens_has_no_name(ann: Client, store: Store, document: Document) -> None:
    held_by_principal = LockRequest(Scope.EXCLUSIVE, Depth.ZERO, "", None, Holding.PRINCIPAL)
    locking.lock(store, ann.ctx, path("/Akten 1/Alpha.txt"), held_by_principal)

    lock = document.get(ann, "@lock")
    assert lock["creator"] == "ann"
    assert "token" in lock
    assert "name" not in lock


def test_lock_without_an_end_is_told_of_since_it_was_taken(
    ann: Client, store: Store, clock: SettableClock, document: Document
) -> None:
    taken_at = clock.now()
    asked = LockRequest(Scope.EXCLUSIVE, Depth.ZERO, "", None, Holding.PRINCIPAL, never_ends=True)
    locking.lock(store, ann.ctx, path("/Akten 1/Alpha.txt"), asked)
    clock.advance(timedelta(days=3))

    lock = document.get(ann, "@lock")
    (listed,) = send(ann, "GET", f"{document.container_url}?fullobjects").json["items"]
    assert lock == document.seen_by(ann)["lock"] == listed["lock"]
    assert (lock["time"], lock["timeout"]) == (taken_at / 1e6, 4294967295)
    assert lock["created"] == "2026-11-20T12:00:00+00:00"
    assert document.get(ann, "status")["lock_time"] == lock["time"]


def test_lock_made_here_is_refreshed_and_ended_on_the_drive(ann: Client, clock: SettableClock, document: Document) -> None:
    token = document.post(ann, "@lock")["token"]
    clock.advance(timedelta(seconds=60))

    assert ann("LOCK", DRIVE_PATH, if_=f"(<opaquelocktoken:{token}>)", timeout="Second-1200").status == 200
    assert document.get(ann, "@lock")["timeout"] == 1200
    assert document.get(ann, "@lock")["time"] == clock.now() / 1e6
    assert ann("UNLOCK", DRIVE_PATH, lock_token=f"<opaquelocktoken:{token}>").status == 204
    assert document.get(ann, "@lock") == UNLOCKED


def test_lock_made_here_forbids_one_on_the_drive(ann: Client, bob: Client, document: Document) -> None:
    document.post(ann, "@lock")

    for scope in ("exclusive", "shared"):
        assert bob("LOCK", DRIVE_PATH, lockinfo(scope)).status == 423


def test_holder_of_a_lock_made_here_is_named_on_the_drive(ann: Client, bob: Client, document: Document) -> None:
    document.post(ann, "@lock")

    assert b"<D:owner>ann</D:owner>" in bob("PROPFIND", DRIVE_PATH, depth="0").body


def test_lock_that_ran_out_is_revived_by_its_token(ann: Client, clock: SettableClock, document: Document) -> None:
    """The grace of the drive holds for locks made here, too."""
    taken = document.post(ann, "@lock", {"timeout": 1})
    clock.advance(timedelta(seconds=5))

    assert document.post(ann, "@refresh-lock") == UNLOCKED
    revived = document.post(ann, "@refresh-lock", lock_token=taken["token"])
    assert (revived["token"], revived["time"]) == (taken["token"], taken["time"] + 5)
    assert document.get(ann, "@lock") == revived


def test_lock_that_ran_out_is_not_revived_when_somebody_else_has_locked(
    ann: Client, bob: Client, clock: SettableClock, document: Document
) -> None:
    token = document.post(ann, "@lock", {"timeout": 1})["token"]
    clock.advance(timedelta(seconds=5))
    document.post(bob, "@lock")

    assert document.post(ann, "@refresh-lock", lock_token=token)["creator"] == "bob"
    document.post(bob, "@unlock")
    assert document.post(ann, "@refresh-lock", lock_token=token) == UNLOCKED


# Several at once


def test_of_many_who_lock_at_once_one_has_it_and_all_are_told(ann: Client, bob: Client, document: Document) -> None:
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda client: document.post(client, "@lock"), [ann, bob] * 8))

    (holder,) = {lock["creator"] for lock in told}
    assert {lock["token"] for lock in told if "token" in lock} == {
        document.get({"ann": ann, "bob": bob}[holder], "@lock")["token"]
    }


def test_of_many_who_check_out_at_once_one_does(ann: Client, bob: Client, document: Document) -> None:
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda client: document.ask(client, "POST", "@checkout").status, [ann, bob] * 8))

    assert sorted(statuses) == [204] + [403] * 15
