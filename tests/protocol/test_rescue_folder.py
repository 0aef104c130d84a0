"""``.rescue``: what came too late to be a version, for its author alone, until it is moved out or deleted."""

from __future__ import annotations

from datetime import timedelta

import pytest

from davgate.core.store import Store
from tests.builders import findings
from tests.protocol.client import SET_AUTHOR, Client, lockinfo
from tests.protocol.databases import on_both_databases
from tests.protocol.multistatus import members, prop_of
from tests.protocol.stored import history, origins
from tests.protocol.transcripts import address

A_WHILE = timedelta(minutes=11)


@pytest.fixture
def rescued(ann: Client, bob: Client) -> str:
    """The address of the copy of a save that came after somebody else's."""
    ann.put("/dav/plan.odt", b"one")
    token = ann.lock("/dav/plan.odt", timeout="Second-600")
    ann.clock.advance(A_WHILE)
    bob.put("/dav/plan.odt", b"theirs")
    assert ann("PUT", "/dav/plan.odt", b"late", if_=f"(<{token}>)").status == 412
    (name,) = members(ann, "/dav/.rescue/")
    return address(f"/.rescue/{name}")


@on_both_databases
def test_copy_is_listed_and_read_by_its_author_alone(ann: Client, bob: Client, root_admin: Client, rescued: str) -> None:
    assert rescued.startswith(address("/.rescue/plan 2026-11-20 12.11 "))
    assert rescued.endswith(".odt")
    assert ann.get(rescued) == b"late"
    assert ann("GET", rescued, range="bytes=1-2").body == b"at"
    assert prop_of(ann, rescued, "getcontentlength") == "4"
    assert b"plan 2026-11-20" in ann("GET", "/dav/.rescue/").body
    for other in (bob, root_admin):
        assert members(other, "/dav/.rescue/") == []
        assert other.status_of(rescued) == 404


@on_both_databases
def test_copied_onto_its_document_it_is_the_next_version(ann: Client, store: Store, rescued: str) -> None:
    assert ann("COPY", rescued, destination="/dav/plan.odt", overwrite="F").status == 412
    assert ann("COPY", rescued, destination="/dav/plan.odt").status == 204

    assert ann.get("/dav/plan.odt") == b"late"
    assert [version.no for version in history(store, ann.ctx, "/plan.odt")] == [1, 2, 3]
    assert origins(store)[-1] == "rescue copy of /plan.odt"
    assert len(members(ann, "/dav/.rescue/")) == 1


@on_both_databases
def test_moved_out_it_is_a_document_and_no_rescue_copy_any_more(ann: Client, store: Store, rescued: str) -> None:
    assert ann("MOVE", rescued, destination="/dav/mine.odt").status == 201

    assert ann.get("/dav/mine.odt") == b"late"
    assert members(ann, "/dav/.rescue/") == []
    assert findings(store) == []


def test_deleted_it_is_gone(ann: Client, store: Store, rescued: str) -> None:
    assert ann("DELETE", rescued).status == 204

    assert members(ann, "/dav/.rescue/") == []
    assert ann.status_of(rescued) == 404
    assert findings(store) == []


def test_others_cannot_delete_or_take_it(ann: Client, bob: Client, rescued: str) -> None:
    assert bob("DELETE", rescued).status == 404
    assert bob("COPY", rescued, destination="/dav/x.odt").status == 404
    assert bob("MOVE", rescued, destination="/dav/x.odt").status == 404
    assert ann.get(rescued) == b"late"


def test_locked_destination_keeps_it(ann: Client, bob: Client, rescued: str) -> None:
    bob.lock("/dav/plan.odt")

    assert ann("MOVE", rescued, destination="/dav/plan.odt").status == 423
    assert ann.get(rescued) == b"late"


@pytest.mark.parametrize("method", ["PUT", "MKCOL", "PROPPATCH", "LOCK", "CHECKOUT"])
@pytest.mark.parametrize("where", ["copy", "new"])
def test_nothing_is_written_there(ann: Client, rescued: str, method: str, where: str) -> None:
    target = rescued if where == "copy" else "/dav/.rescue/new.odt"
    body = {"PROPPATCH": SET_AUTHOR, "LOCK": lockinfo(), "PUT": "content"}.get(method, "")

    assert ann(method, target, body).status in (403, 405)
    assert ann.get(rescued) == b"late"
    assert len(members(ann, "/dav/.rescue/")) == 1


def test_what_a_save_was_refused_with_says_where_it_is(ann: Client, bob: Client) -> None:
    ann.put("/dav/a.txt", b"one")
    token = ann.lock("/dav/a.txt", timeout="Second-600")
    ann.clock.advance(A_WHILE)
    bob.put("/dav/a.txt", b"theirs")

    answer = ann("PUT", "/dav/a.txt", b"late", if_=f"(<{token}>)")

    (name,) = members(ann, "/dav/.rescue/")
    assert f"/.rescue/{name}".encode() in answer.body
