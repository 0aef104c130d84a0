"""``.rescue``: what came too late to be a version, for its author alone, until it is moved out or deleted."""

from __future__ import annotations

from datetime import timedelta

import pytest

from davgate.core.store import Store
from tests.builders import findings
from tests.protocol.client import SET_AUTHOR, Client, lockinfo
from tests.protocol.databases import on_both_databases
from tests.protocol.multistatus import members, message_of, prop_of
from tests.protocol.stored import disable, history, origins
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


def test_taken_once_it_is_gone(ann: Client, store: Store, rescued: str) -> None:
    assert ann("MOVE", rescued, destination="/dav/mine.odt").status == 201

    assert ann("MOVE", rescued, destination="/dav/again.odt").status == 404
    assert ann("COPY", rescued, destination="/dav/again.odt").status == 404
    assert ann("DELETE", rescued).status == 404
    assert members(ann, "/dav/") == ["mine.odt", "plan.odt"]


def test_taken_destination_keeps_it_unless_overwriting_is_allowed(ann: Client, store: Store, rescued: str) -> None:
    assert ann("MOVE", rescued, destination="/dav/plan.odt", overwrite="F").status == 412
    assert ann.get(rescued) == b"late"

    assert ann("MOVE", rescued, destination="/dav/plan.odt").status == 204
    assert ann.get("/dav/plan.odt") == b"late"
    assert members(ann, "/dav/.rescue/") == []
    assert findings(store) == []


@pytest.mark.parametrize(
    ("destination", "status"),
    [("/dav/missing/a.odt", 409), ("/dav/.rescue/a.odt", 403), ("/dav/.trash/a", 403), ("/dav/", 403), ("/dav/%01", 400)],
)
@pytest.mark.parametrize("method", ["COPY", "MOVE"])
def test_destination_that_cannot_be_keeps_it(ann: Client, rescued: str, method: str, destination: str, status: int) -> None:
    assert ann(method, rescued, destination=destination).status == status
    assert ann.get(rescued) == b"late"


@pytest.mark.parametrize("method", ["COPY", "MOVE"])
def test_folder_at_the_destination_goes_to_the_trash(ann: Client, store: Store, rescued: str, method: str) -> None:
    # RFC 4918, 9.8.4 and 9.9.3
    ann.mkcol("/dav/folder")

    assert ann(method, rescued, destination="/dav/folder", overwrite="F").status == 412
    assert ann(method, rescued, destination="/dav/folder").status == 204
    assert ann.get("/dav/folder") == b"late"
    assert members(ann, "/dav/.rescue/") == (
        [rescued.removeprefix("/dav/.rescue/").replace("%20", " ")] if method == "COPY" else []
    )
    assert len(members(ann, "/dav/.trash/")) == 1
    assert findings(store) == []


@pytest.mark.parametrize(("method", "status"), [("COPY", 201), ("MOVE", 201), ("DELETE", 204)])
def test_conditions_are_held_against_the_copy(ann: Client, rescued: str, method: str, status: int) -> None:
    # RFC 9110, 13.1.1: they name the target of the request, which is the source of COPY and MOVE
    etag = ann("HEAD", rescued).etag

    assert ann(method, rescued, destination="/dav/mine.odt", if_match='"0000"').status == 412
    assert ann(method, rescued, destination="/dav/mine.odt", if_=f"</dav/plan.odt> ([{etag}])").status == 412
    assert ann.get(rescued) == b"late"
    assert members(ann, "/dav/") == ["plan.odt"]
    assert ann(method, rescued, destination="/dav/mine.odt", if_match=etag).status == status


def test_copy_that_a_cache_has_is_not_sent_again(ann: Client, rescued: str) -> None:
    assert ann("GET", rescued, if_none_match=ann("HEAD", rescued).etag).status == 304
    assert ann("GET", rescued, if_match='"0000"').status == 412


def test_folder_is_closed_at_once_to_a_disabled_account(ann: Client, store: Store, rescued: str) -> None:
    assert ann.get(rescued) == b"late"  # The sign-in is remembered from here on.
    disable(store, ann.ctx)

    for target in (rescued, "/dav/.rescue/"):
        assert ann("GET", target).status == 401
        assert ann("PROPFIND", target, depth="1").status == 401
    for method in ("COPY", "MOVE", "DELETE"):
        assert ann(method, rescued, destination="/dav/x").status == 401


def test_listing_and_content_take_few_statements(ann: Client, statements: list[str], store: Store, rescued: str) -> None:
    ann.get(rescued)
    for method, target in (("PROPFIND", "/dav/.rescue/"), ("GET", "/dav/.rescue/"), ("PROPFIND", rescued), ("GET", rescued)):
        store.database.close()
        statements.clear()
        assert ann(method, target, depth="1").status in (200, 207)
        assert len(statements) <= 3, "\n".join(statements)


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

    answer = ann(method, target, body)

    assert answer.status == 403
    assert "Move or copy out of it" in message_of(answer)
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
