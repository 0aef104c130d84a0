"""Locks through Dynacase: their kinds, who ends them, and what locks of other doors are here."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from davgate.app import Application
from davgate.core import checking_out, revisions
from davgate.core.audit import shown as audit_shown
from davgate.core.principals import granting
from davgate.core.store import Context, Store
from davgate.model.rights import READER
from davgate.rest.dynacase import validators
from davgate.rest.dynacase.operations import dialect
from davgate.storage.api import AuditFilter
from tests.builders import path
from tests.protocol.client import Client
from tests.protocol.conftest import Serve
from tests.protocol.dynacase import BASE, article, create, data_of, put, put_form, refusal_of, shown
from tests.protocol.okd import Part
from tests.protocol.stored import lock_count


@pytest.fixture
def app(serve: Serve, store: Store) -> Application:
    return serve(store, dialects={"/api/v1": dialect({})})


@pytest.fixture
def document(ann: Client) -> str:
    return article(ann)


def on_drive(client: Client, name: str = "a.txt") -> tuple[str, str]:
    """Make a document on the drive and return its addresses there and here."""
    client.put(f"/dav/{name}")
    (found,) = data_of(client("GET", f"{BASE}/families/MY_FILE/documents/"))["documents"]
    return f"/dav/{name}", f"{BASE}/documents/{found['properties']['id']}"


def lock(client: Client, document: str, kind: str = "permanent", method: str = "POST") -> Any:
    """Take a lock and return it as it is told."""
    return data_of(client(method, f"{document}/locks/{kind}"), 201)


def locks(client: Client, document: str) -> list[dict[str, Any]]:
    """Return the locks of a document as they are told."""
    told: list[dict[str, Any]] = [one["lock"] for one in data_of(client("GET", f"{document}/locks/"))["locks"]]
    return told


def test_case_18_lock_keeps_others_out_and_not_its_holder(ann: Client, bob: Client, document: str) -> None:
    told = lock(ann, document)

    assert told["lock"] == {
        "lockedBy": {"id": ann.ctx.principal.id, "title": "ann"},
        "isMyLock": True,
        "temporary": False,
        "fixed": False,
    }
    (seen,) = locks(bob, document)
    assert seen["isMyLock"] is False
    refused = put(bob, document, my_title="mine")
    assert refusal_of(refused) == (403, "API0201")
    assert refused.json["messages"][0]["contentText"] == "Update forbidden"
    assert put(ann, document, my_title="mine").status == 200
    assert refusal_of(bob("POST", f"{document}/locks/temporary")) == (400, "CRUD0231")


def test_case_19_permanent_lock_is_ended_as_such_by_its_holder_alone(ann: Client, bob: Client, document: str) -> None:
    lock(ann, document)

    assert refusal_of(ann("DELETE", f"{document}/locks/temporary")) == (400, "CRUD0233")
    assert refusal_of(bob("DELETE", f"{document}/locks/permanent")) == (400, "CRUD0232")
    assert data_of(ann("DELETE", f"{document}/locks/permanent"))["lock"] is None
    assert put(bob, document, my_title="theirs").status == 200


def test_case_20_temporary_lock_is_no_permanent_one(ann: Client, document: str) -> None:
    lock(ann, document, "temporary")

    assert refusal_of(ann("DELETE", f"{document}/locks/permanent")) == (400, "CRUD0234")
    assert data_of(ann("DELETE", f"{document}/locks/"))["locks"] == []
    assert locks(ann, document) == []
    assert refusal_of(ann("POST", f"{document}/locks/")) == (501, "API0103")
    assert refusal_of(ann("PUT", f"{document}/locks/")) == (501, "API0103")


def test_case_28_locked_document_is_not_deleted_by_others(ann: Client, bob: Client, document: str) -> None:
    lock(ann, document)

    assert refusal_of(bob("DELETE", document)) == (403, "API0216")
    assert ann("GET", document).status == 200
    assert ann("DELETE", document).status == 200


@pytest.mark.parametrize("kind", ["temporary", "permanent"])
def test_lock_is_told_under_its_real_kind(ann: Client, document: str, kind: str) -> None:
    number = document.rpartition("/")[2]
    assert data_of(ann("GET", f"{document}/locks/{kind}")) == {
        "uri": f"api/v1/documents/{number}/locks/{kind}",
        "lock": None,
    }

    lock(ann, document, kind, "PUT")

    for asked in ("temporary", "permanent"):
        told = data_of(ann("GET", f"{document}/locks/{asked}"))
        assert told["uri"] == f"api/v1/documents/{number}/locks/{kind}"
        assert told["lock"]["temporary"] is (kind == "temporary")
    every = data_of(ann("GET", f"{document}/locks/"))
    assert every["uri"] == f"api/v1/documents/{number}/locks/"
    assert [one["uri"] for one in every["locks"]] == [f"api/v1/documents/{number}/locks/{kind}"]


def test_lock_becomes_permanent_and_never_temporary_again(ann: Client, document: str) -> None:
    assert lock(ann, document, "temporary")["lock"]["temporary"] is True
    assert lock(ann, document, "permanent")["lock"]["temporary"] is False
    told = lock(ann, document, "temporary")

    assert told["lock"]["temporary"] is False
    assert told["uri"].endswith("/permanent")
    assert len(locks(ann, document)) == 1


def test_temporary_lock_ends_after_an_hour_and_begins_anew_when_asked_again(ann: Client, bob: Client, document: str) -> None:
    lock(ann, document, "temporary")
    ann.clock.advance(timedelta(minutes=59))
    lock(ann, document, "temporary")
    ann.clock.advance(timedelta(minutes=59))
    assert len(locks(bob, document)) == 1

    ann.clock.advance(timedelta(minutes=1))

    assert locks(bob, document) == []
    assert ann("DELETE", f"{document}/locks/temporary").status == 200
    lock(bob, document)
    bob.clock.advance(timedelta(days=4000))
    assert len(locks(ann, document)) == 1


def test_change_does_not_end_a_lock_and_a_lock_changes_nothing(ann: Client, document: str) -> None:
    before = shown(ann, document, "?fields=document.properties.all")["properties"]
    lock(ann, document)
    after = shown(ann, document, "?fields=document.properties.all")["properties"]
    put(ann, document, my_level=3)

    assert len(locks(ann, document)) == 1
    assert {name for name in before if before[name] != after[name]} == {"locked", "security"}
    assert (before["locked"], after["locked"]) == (0, ann.ctx.principal.id)


def test_administrator_ends_what_others_hold(ann: Client, root_admin: Client, document: str) -> None:
    lock(ann, document)

    assert refusal_of(root_admin("DELETE", f"{document}/locks/temporary")) == (400, "CRUD0233")
    assert root_admin("DELETE", f"{document}/locks/permanent").status == 200

    assert locks(ann, document) == []


def test_who_may_not_change_a_document_locks_nothing(
    ann: Client, bob: Client, root_admin: Client, store: Store, document: str
) -> None:
    granting.close(store, root_admin.ctx, path("/Dynacase"))
    granting.grant(store, root_admin.ctx, path("/Dynacase"), "bob", READER)

    assert refusal_of(bob("POST", f"{document}/locks/temporary")) == (400, "CRUD0231")
    assert lock_count(store) == 0


def test_locks_of_a_family_are_those_of_its_documents(ann: Client, document: str) -> None:
    number = document.rpartition("/")[2]

    lock(ann, f"{BASE}/families/MY_ARTICLE/documents/{number}")

    assert len(locks(ann, document)) == 1
    assert refusal_of(ann("GET", f"{BASE}/families/MY_COOKBOOK/documents/{number}/locks/")) == (404, "API0220")
    assert refusal_of(ann("GET", f"{BASE}/documents/999999999/locks/")) == (404, "API0200")


def test_lock_of_the_drive_shows_as_temporary_and_keeps_everybody_out(ann: Client, bob: Client) -> None:
    place, document = on_drive(ann)
    ann.lock(place)

    (seen,) = locks(bob, document)
    assert (seen["temporary"], seen["isMyLock"], seen["lockedBy"]["title"]) == (True, False, "ann")
    assert locks(ann, document)[0]["isMyLock"] is True
    assert refusal_of(put(bob, document, fi_title="x")) == (403, "API0201")
    assert refusal_of(ann("POST", f"{document}/locks/permanent")) == (400, "CRUD0231")
    assert refusal_of(bob("DELETE", f"{document}/locks/")) == (400, "CRUD0232")
    assert ann("DELETE", f"{document}/locks/").status == 200
    assert locks(bob, document) == []


def test_check_out_of_somebody_else_shows_as_permanent_lock(ann: Client, bob: Client, root_admin: Client) -> None:
    place, document = on_drive(ann)
    assert ann("CHECKOUT", place).status == 200

    (seen,) = locks(bob, document)
    assert (seen["temporary"], seen["lockedBy"]["title"]) == (False, "ann")
    assert locks(ann, document) == []
    assert refusal_of(bob("POST", f"{document}/locks/temporary")) == (400, "CRUD0231")
    for client in (bob, root_admin):
        assert refusal_of(client("DELETE", f"{document}/locks/")) == (400, "CRUD0232")


def test_check_out_of_somebody_else_keeps_all_of_a_document_as_it_is(ann: Client, bob: Client, root_admin: Client) -> None:
    place, document = on_drive(ann)
    ann("CHECKOUT", place)
    before = shown(ann, document)

    for client in (bob, root_admin):
        for query in ("", "?revise=true"):
            refused = put(client, f"{document}{query}", fi_title="theirs")
            assert refusal_of(refused) == (403, "API0201")
            assert "is locked by ann" in refused.json["exceptionMessage"]
            assert refusal_of(put_form(client, f"{document}{query}", Part("fi_file", b"x", "a.txt"))) == (403, "API0201")
        assert refusal_of(client("PUT", document, "{")) == (403, "API0201")
    assert shown(ann, document) == before
    assert put(ann, document, fi_title="mine").status == 200
    assert put(ann, f"{document}?revise=true", fi_title="mine too").status == 200
    assert ann("CHECKIN", place).status in (200, 201)
    assert put(bob, document, fi_title="theirs").status == 200


def test_check_out_that_is_taken_meanwhile_keeps_all_of_a_document_as_it_is(
    ann: Client, bob: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, document = on_drive(ann)
    check = revisions.check

    def before_another(store: Store, ctx: Context, node_id: int) -> None:
        check(store, ctx, node_id)
        ann("CHECKOUT", place)

    monkeypatch.setattr(revisions, "check", before_another)

    assert refusal_of(put(bob, document, fi_title="theirs")) == (403, "API0201")
    assert shown(bob, document)["properties"]["title"] == "a.txt"


def test_check_out_of_somebody_else_lets_no_step_be_taken(ann: Client, bob: Client, store: Store) -> None:
    number = create(ann, "MY_COOKBOOK", ba_title="Soups")["properties"]["id"]
    step = f"{BASE}/documents/{number}/workflows/transitions/t_submit"
    checking_out.check_out(store, ann.ctx, number)

    assert refusal_of(bob("POST", step)) == (403, "CRUD0230")
    assert ann("POST", step).status == 201


def test_own_check_out_is_no_lock_wherever_that_is_told(ann: Client, bob: Client) -> None:
    place, document = on_drive(ann)
    ann("CHECKOUT", place)

    told = shown(ann, document, "?fields=document.properties.all")["properties"]
    assert (locks(ann, document), told["locked"], told["security"]["lock"]) == ([], 0, {"id": 0})
    told = shown(bob, document, "?fields=document.properties.all")["properties"]
    holder = {"id": ann.ctx.principal.id, "title": "ann"}
    assert told["security"]["lock"] == {"id": holder["id"], "lockedBy": holder, "temporary": False}
    assert (told["locked"], locks(bob, document)[0]["lockedBy"]) == (holder["id"], holder)
    (listed,) = data_of(ann("GET", f"{BASE}/documents/?fields=document.properties.locked"))["documents"]
    assert listed["properties"] == {"locked": 0}


def test_lock_taken_here_is_a_lock_on_the_drive(ann: Client, bob: Client) -> None:
    place, document = on_drive(ann)
    lock(ann, document)

    assert bob("PUT", place, b"theirs").status == 423
    assert ann("PUT", place, b"mine").status == 423
    assert ann("DELETE", f"{document}/locks/").status == 200
    assert bob("PUT", place, b"theirs").status == 204


def test_denied_lock_and_unlock_are_told_in_the_audit(
    ann: Client, bob: Client, root_admin: Client, store: Store, document: str
) -> None:
    lock(ann, document)

    bob("DELETE", f"{document}/locks/")
    bob("POST", f"{document}/locks/temporary")

    denied = audit_shown.newest(store, root_admin.ctx, AuditFilter(is_denied=True), 9)
    assert [row.action for row in denied] == ["dynacase-unlock", "dynacase-lock-temporary"]


def test_locks_have_a_tag_that_changes_with_them(ann: Client, bob: Client, document: str) -> None:
    before = ann("GET", f"{document}/locks/")
    assert ann("GET", f"{document}/locks/", if_none_match=before.etag).status == 304

    lock(bob, document)

    assert ann("GET", f"{document}/locks/", if_none_match=before.etag).status == 200


def test_lock_on_condition_is_not_taken_when_the_document_has_changed(ann: Client, document: str) -> None:
    before = ann("GET", document).etag
    put(ann, document, my_level=1)

    assert refusal_of(ann("POST", f"{document}/locks/permanent", if_match=before)) == (412, "API0412")
    assert locks(ann, document) == []


def test_document_is_read_only_to_others_while_it_is_locked(ann: Client, bob: Client, document: str) -> None:
    def is_read_only(client: Client) -> bool:
        found: bool = shown(client, document, "?fields=document.properties.security")["properties"]["security"]["readOnly"]
        return found

    lock(ann, document)

    assert (is_read_only(ann), is_read_only(bob)) == (False, True)
    ann("DELETE", f"{document}/locks/")
    assert is_read_only(bob) is False


@pytest.mark.parametrize(("method", "kind"), [("POST", "permanent"), ("DELETE", "permanent"), ("DELETE", "")])
def test_lock_of_what_is_deleted_meanwhile_is_told_that_it_is_in_the_trash(
    ann: Client, document: str, monkeypatch: pytest.MonkeyPatch, method: str, kind: str
) -> None:
    admitted = validators.admitted

    def before_a_deletion(*given: Any) -> Context:
        ctx = admitted(*given)
        monkeypatch.undo()
        assert ann("DELETE", document).status == 200
        return ctx

    if method == "DELETE":
        lock(ann, document)
    monkeypatch.setattr(validators, "admitted", before_a_deletion)

    assert refusal_of(ann(method, f"{document}/locks/{kind}")) == (404, "API0219")


def test_refusal_to_lock_names_no_place_on_the_drive(ann: Client, bob: Client, document: str) -> None:
    lock(ann, document)

    refused = bob("POST", f"{document}/locks/permanent")

    assert refusal_of(refused) == (400, "CRUD0231")
    assert refused.json["exceptionMessage"] == "The document cannot be locked: it is locked"
