"""Conditional requests (RFC 9110, 13)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from davgate.core.store import Store
from tests.protocol.client import SET_AUTHOR, Client, lockinfo
from tests.protocol.databases import on_both_databases
from tests.protocol.multistatus import members
from tests.protocol.stored import history

STALE = '"0000"'
BEFORE = "Fri, 20 Nov 2026 11:00:00 GMT"
SAME = "Fri, 20 Nov 2026 12:00:00 GMT"
AFTER = "Fri, 20 Nov 2026 13:00:00 GMT"


@pytest.fixture
def etag(ann: Client) -> str:
    """The tag of a document at /dav/a.txt, modified at SAME."""
    return ann.put("/dav/a.txt", b"one").etag


# Reading


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "form", ["{}", "W/{}", '"x", {}', '{}, W/"x"', "*"], ids=["equal", "weak", "in-a-list", "first-of-list", "any"]
)
def test_matching_if_none_match_is_304_with_the_validators(ann: Client, etag: str, method: str, form: str) -> None:
    response = ann(method, "/dav/a.txt", if_none_match=form.format(etag))

    assert response.status == 304
    assert response.etag == etag
    assert response.headers["last-modified"] == SAME


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_other_if_none_match_sends_the_document(ann: Client, etag: str, method: str) -> None:
    assert ann(method, "/dav/a.txt", if_none_match=STALE).status == 200


@pytest.mark.parametrize(("date", "status"), [(BEFORE, 200), (SAME, 304), (AFTER, 304), ("yesterday", 200)])
def test_if_modified_since(ann: Client, etag: str, date: str, status: int) -> None:
    response = ann("GET", "/dav/a.txt", if_modified_since=date)

    assert response.status == status
    assert response.etag == etag


def test_if_none_match_takes_the_place_of_if_modified_since(ann: Client, etag: str) -> None:
    # RFC 9110, 13.1.3
    assert ann("GET", "/dav/a.txt", if_none_match=STALE, if_modified_since=AFTER).status == 200


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_if_match_holds_on_reading_too(ann: Client, etag: str, method: str) -> None:
    assert ann(method, "/dav/a.txt", if_match=etag).status == 200
    assert ann(method, "/dav/a.txt", if_match="*").status == 200
    assert ann(method, "/dav/a.txt", if_match=STALE).status == 412
    assert ann(method, "/dav/a.txt", if_match=f"W/{etag}").status == 412


def test_missing_document_is_404_whatever_the_condition(ann: Client) -> None:
    # RFC 9110, 13.2.1
    assert ann("GET", "/dav/missing", if_match="*").status == 404
    assert ann("GET", "/dav/missing", if_none_match="*").status == 404


def test_validators_survive_lock_unlock_and_proppatch(ann: Client, etag: str) -> None:
    ann.clock.advance(timedelta(minutes=5))
    token = ann.lock("/dav/a.txt")
    ann("PROPPATCH", "/dav/a.txt", SET_AUTHOR, if_=f"(<{token}>)")
    ann("UNLOCK", "/dav/a.txt", lock_token=f"<{token}>")

    response = ann("GET", "/dav/a.txt", if_none_match=etag)

    assert response.status == 304
    assert response.headers["last-modified"] == SAME


# Writing


@on_both_databases
def test_put_with_stale_if_match_keeps_old_bytes(ann: Client, bob: Client, etag: str, store: Store) -> None:
    bob.put("/dav/a.txt", b"two")

    assert ann("PUT", "/dav/a.txt", b"three", if_match=etag).status == 412
    assert ann.get("/dav/a.txt") == b"two"
    assert len(history(store, ann.ctx, "/a.txt")) == 2


@pytest.mark.parametrize("form", ["{}", '"x", {}', "*"], ids=["equal", "in-a-list", "any"])
def test_put_with_if_match_that_holds(ann: Client, etag: str, form: str) -> None:
    assert ann("PUT", "/dav/a.txt", b"two", if_match=form.format(etag)).status == 204


def test_put_with_weak_if_match_is_412(ann: Client, etag: str) -> None:
    assert ann("PUT", "/dav/a.txt", b"two", if_match=f"W/{etag}").status == 412


def test_tag_without_its_quotes_is_understood(ann: Client, etag: str) -> None:
    # Clients of servers that send them so
    assert ann("PUT", "/dav/a.txt", b"two", if_match=etag.strip('"')).status == 204


@on_both_databases
@pytest.mark.parametrize("value", ["*", STALE])
def test_if_match_on_an_unmapped_address_is_412(ann: Client, value: str) -> None:
    assert ann("PUT", "/dav/new.txt", b"one", if_match=value).status == 412
    assert ann("MKCOL", "/dav/new", if_match=value).status == 412
    assert ann("LOCK", "/dav/new.txt", lockinfo(), if_match=value).status == 412
    assert members(ann, "/dav/") == []


def test_if_none_match_any_creates_but_never_replaces(ann: Client, etag: str) -> None:
    assert ann("PUT", "/dav/a.txt", b"two", if_none_match="*").status == 412
    assert ann("PUT", "/dav/new.txt", b"one", if_none_match="*").status == 201
    assert ann("MKCOL", "/dav/folder", if_none_match="*").status == 201
    assert ann.get("/dav/a.txt") == b"one"


def test_if_none_match_with_the_current_tag_refuses_a_write(ann: Client, etag: str) -> None:
    assert ann("PUT", "/dav/a.txt", b"two", if_none_match=etag).status == 412
    assert ann("PUT", "/dav/a.txt", b"two", if_none_match=STALE).status == 204


@pytest.mark.parametrize(("date", "status"), [(BEFORE, 412), (SAME, 204), (AFTER, 204), ("yesterday", 204)])
def test_put_with_if_unmodified_since(ann: Client, etag: str, date: str, status: int) -> None:
    assert ann("PUT", "/dav/a.txt", b"two", if_unmodified_since=date).status == status


def test_if_match_takes_the_place_of_if_unmodified_since(ann: Client, etag: str) -> None:
    # RFC 9110, 13.1.4
    assert ann("PUT", "/dav/a.txt", b"two", if_match=etag, if_unmodified_since=BEFORE).status == 204


@pytest.mark.parametrize(
    ("method", "headers", "body"),
    [
        ("DELETE", {}, ""),
        ("COPY", {"destination": "/dav/b.txt"}, ""),
        ("MOVE", {"destination": "/dav/b.txt"}, ""),
        ("PROPPATCH", {}, SET_AUTHOR),
        ("LOCK", {}, lockinfo()),
    ],
    ids=["DELETE", "COPY", "MOVE", "PROPPATCH", "LOCK"],
)
def test_every_write_evaluates_its_conditions(ann: Client, etag: str, method: str, headers: dict[str, str], body: str) -> None:
    for condition in ({"if_match": STALE}, {"if_none_match": etag}, {"if_unmodified_since": BEFORE}, {"if_": '(["0000"])'}):
        assert ann(method, "/dav/a.txt", body, **headers, **condition).status == 412, condition
    assert members(ann, "/dav/") == ["a.txt"]

    assert ann(method, "/dav/a.txt", body, **headers, if_match=etag).status in (200, 201, 204, 207)


def test_mkcol_evaluates_its_if_header(ann: Client) -> None:
    assert ann("MKCOL", "/dav/folder", if_="(<urn:uuid:181d4fae-7d8c-11d0-a765-00a0c91e6bf2>)").status == 412
    assert ann("MKCOL", "/dav/folder", if_="(Not <DAV:no-lock>)").status == 201


def test_unlock_evaluates_its_conditions(ann: Client, etag: str) -> None:
    token = ann.lock("/dav/a.txt")

    assert ann("UNLOCK", "/dav/a.txt", lock_token=f"<{token}>", if_match=STALE).status == 412
    assert ann("UNLOCK", "/dav/a.txt", lock_token=f"<{token}>", if_match=etag).status == 204


@pytest.mark.parametrize("header", ["if_match", "if_none_match"])
@pytest.mark.parametrize("value", ["", '"a" "b"', '"open', '*, "a"'], ids=["empty", "no-comma", "open-quote", "any-in-a-list"])
def test_malformed_list_of_tags_is_400(ann: Client, etag: str, header: str, value: str) -> None:
    assert ann("PUT", "/dav/a.txt", b"two", **{header: value}).status == 400
    assert ann.get("/dav/a.txt") == b"one"


def test_refusal_for_another_reason_comes_before_conditions(ann: Client) -> None:
    # RFC 9110, 13.2.1
    assert ann("PUT", "/dav/missing/a.txt", b"one", if_match="*").status == 409
    assert ann("MKCOL", "/dav/", if_match=STALE).status == 405
