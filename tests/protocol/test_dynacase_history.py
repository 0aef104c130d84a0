"""History and enumerations through Dynacase."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from davgate.app import Application
from davgate.core.store import Store
from davgate.rest.dynacase.operations import dialect
from tests.protocol.client import Client
from tests.protocol.conftest import Serve
from tests.protocol.dynacase import BASE, JSON, article, attributes, data_of, put, refusal_of
from tests.protocol.multistatus import members
from tests.protocol.transcripts import address

ENUMERATES = f"{BASE}/families/MY_ARTICLE/enumerates"


@pytest.fixture
def app(serve: Serve, store: Store) -> Application:
    return serve(store, dialects={"/api/v1": dialect({})})


@pytest.fixture
def document(ann: Client) -> str:
    return article(ann)


def history(client: Client, document: str, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = data_of(client("GET", f"{document}/history/{query}"))["history"]
    return found


def revise(client: Client, document: str) -> None:
    assert client("PUT", f"{document}?revise=true", attributes(), content_type=JSON).status == 200


def test_case_25_history_is_told_revision_by_revision(ann: Client, bob: Client, document: str) -> None:
    bob.clock.advance(timedelta(seconds=1))
    put(bob, document, my_level=2)
    revise(ann, document)

    newest, first = history(ann, document)

    assert (newest["properties"]["revision"], first["properties"]["revision"]) == (1, 0)
    assert [(one["code"], one["uname"], one["date"]) for one in first["messages"]] == [
        ("MODIFY", "bob", "2026-11-20 12:00:01"),
        ("CREATE", "ann", "2026-11-20 12:00:00"),
    ]
    assert first["messages"][0]["uid"] == bob.ctx.principal.id
    assert [(one["code"], one["level"]) for one in newest["messages"]] == [("MODIFY", "notice")]
    for method in ("POST", "PUT", "DELETE"):
        assert refusal_of(ann(method, f"{document}/history/")) == (501, "API0103")


def test_history_tells_of_each_revision_what_it_is(ann: Client, document: str) -> None:
    revise(ann, document)
    number = document.rpartition("/")[2]

    data = data_of(ann("GET", f"{document}/history/"))

    assert data["uri"] == f"api/v1/documents/{number}/history/"
    assert data["requestParameters"] == {"slice": -1, "offset": 0, "revision": -1}
    first = data["history"][1]
    assert first["uri"] == f"api/v1/documents/{number}/revisions/0.json"
    assert first["properties"] == {
        "id": int(number),
        "title": "Hello",
        "status": "fixed",
        "revision": 0,
        "owner": {"id": ann.ctx.principal.id, "title": "ann"},
        "version": "1",
        "revisionDate": "2026-11-20 12:00:00",
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?slice=1", [2]),
        ("?slice=2&offset=1", [1, 0]),
        ("?slice=-1&offset=2", [0]),
        ("?slice=0", []),
        ("?offset=9", []),
        ("?revision=1", [1]),
        ("?revision=-1", [2, 1, 0]),
        ("?revision=9", []),
    ],
)
def test_part_of_a_history_is_told_when_it_is_asked_for(ann: Client, document: str, query: str, expected: list[int]) -> None:
    revise(ann, document)
    revise(ann, document)

    assert [one["properties"]["revision"] for one in history(ann, document, query)] == expected


@pytest.mark.parametrize("query", ["?slice=x", "?slice=-2", "?offset=-1", "?revision=y", "?offset=99999999999999999999"])
def test_part_that_is_none_is_refused(ann: Client, document: str, query: str) -> None:
    assert ann("GET", f"{document}/history/{query}").status == 400


def test_locks_and_saves_of_other_doors_are_told(ann: Client, document: str) -> None:
    ann("POST", f"{document}/locks/permanent")
    ann("DELETE", f"{document}/locks/")
    ann("DELETE", document)
    ann("PUT", f"{BASE}/trash/{document.rpartition('/')[2]}", '{"document":{"properties":{"status":"alive"}}}')

    (only,) = history(ann, document)

    assert [one["code"] for one in only["messages"]] == ["RESTORE", "DELETE", "UNLOCK", "LOCK", "CREATE"]


def told(client: Client, place: str) -> list[tuple[str, str, str]]:
    """Return what the history tells of a document with one revision, the newest first: what, by whom, and the time of the day."""
    (only,) = data_of(client("GET", f"{place}/history/"))["history"]
    return [(one["code"], one["uname"], one["date"][11:]) for one in only["messages"]]


def in_folder(client: Client) -> str:
    client.mkcol("/dav/folder")
    client.put("/dav/folder/a.txt", b"one")
    (found,) = data_of(client("GET", f"{BASE}/families/MY_FILE/documents/"))["documents"]
    return str(found["properties"]["id"])


def test_deletion_with_its_folder_is_told_as_one_of_the_document_and_so_is_the_restore(ann: Client, bob: Client) -> None:
    number = in_folder(ann)
    bob.clock.advance(timedelta(seconds=1))
    assert bob("DELETE", "/dav/folder").status == 204

    deleted = [("DELETE", "bob", "12:00:01"), ("CREATE", "ann", "12:00:00")]
    assert told(ann, f"{BASE}/trash/{number}") == deleted
    message = data_of(ann("GET", f"{BASE}/trash/{number}/history/"))["history"][0]["messages"][0]
    assert (message["uid"], message["level"], message["comment"]) == (bob.ctx.principal.id, "notice", "Put into the trash")

    ann.clock.advance(timedelta(seconds=1))
    (folder,) = members(ann, "/dav/.trash/")
    assert ann("MOVE", address(f"/.trash/{folder}"), destination="/dav/back").status == 201

    assert told(ann, f"{BASE}/documents/{number}") == [("RESTORE", "ann", "12:00:02"), *deleted]


def test_document_that_comes_back_alone_keeps_that_it_was_deleted_with_its_folder(ann: Client, bob: Client) -> None:
    number = in_folder(ann)
    bob("DELETE", "/dav/folder")
    ann.clock.advance(timedelta(seconds=1))
    ann("PUT", f"{BASE}/trash/{number}", '{"document":{"properties":{"status":"alive"}}}')
    ann("DELETE", f"{BASE}/documents/{number}")

    assert told(bob, f"{BASE}/trash/{number}") == [
        ("DELETE", "ann", "12:00:01"),
        ("RESTORE", "ann", "12:00:01"),
        ("DELETE", "bob", "12:00:00"),
        ("CREATE", "ann", "12:00:00"),
    ]


def test_what_left_its_folder_before_that_was_deleted_is_told_of_no_deletion(ann: Client) -> None:
    number = in_folder(ann)
    ann("MOVE", "/dav/folder/a.txt", destination="/dav/a.txt")
    ann("DELETE", "/dav/folder")

    assert [code for code, _, _ in told(ann, f"{BASE}/documents/{number}")] == ["MOVE", "CREATE"]


def test_history_of_a_document_of_the_drive_begins_there(ann: Client, bob: Client) -> None:
    ann.put("/dav/a.txt", b"one")
    bob.put("/dav/a.txt", b"two")
    (found,) = data_of(ann("GET", f"{BASE}/families/MY_FILE/documents/"))["documents"]

    (only,) = history(ann, f"{BASE}/documents/{found['properties']['id']}")

    assert [(one["code"], one["uname"]) for one in only["messages"]] == [("MODIFY", "bob"), ("CREATE", "ann")]


def test_history_of_a_copy_begins_with_its_creation_and_that_of_the_original_is_its_own(ann: Client, bob: Client) -> None:
    ann.put("/dav/a.txt", b"one")
    bob.clock.advance(timedelta(seconds=1))
    assert bob("COPY", "/dav/a.txt", destination="/dav/b.txt").status == 201
    bob.clock.advance(timedelta(seconds=1))
    revised, copied = (
        f"{BASE}/documents/{one['properties']['id']}"
        for one in data_of(ann("GET", f"{BASE}/documents/?orderBy=title"))["documents"]
    )

    ((made,),) = [one["messages"] for one in history(ann, copied)]
    (original,) = history(ann, revised)

    assert (made["code"], made["uname"], made["uid"]) == ("CREATE", "bob", bob.ctx.principal.id)
    assert (made["level"], made["date"]) == ("notice", "2026-11-20 12:00:01")
    assert [(one["code"], one["uname"]) for one in original["messages"]] == [("COPY", "bob"), ("CREATE", "ann")]
    revise(ann, copied)
    assert [[one["code"] for one in part["messages"]] for part in history(ann, copied)] == [["MODIFY"], ["CREATE"]]


# Enumerations


def keys(client: Client, query: str = "") -> list[str]:
    return [one["key"] for one in data_of(client("GET", f"{ENUMERATES}/my_color{query}"))["enumItems"]]


def test_case_26_values_are_found_by_how_their_labels_begin(ann: Client) -> None:
    data = data_of(ann("GET", f"{ENUMERATES}/my_color?keyword=v&operator=startswith"))

    assert data == {
        "uri": "api/v1/families/MY_ARTICLE/enumerates/my_color",
        "label": "Color",
        "requestParameters": {"operator": "startswith", "keyword": "v", "orderBy": "none"},
        "enumItems": [{"key": "green", "label": "Vert"}],
    }
    assert refusal_of(ann("GET", f"{ENUMERATES}/my_title")) == (403, "CRUD0401")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["red", "green", "blue"]),
        ("?keyword=E", ["red", "green", "blue"]),
        ("?keyword=EU", ["blue"]),
        ("?keyword=zzz", []),
        ("?orderBy=key", ["blue", "green", "red"]),
        ("?orderBy=label", ["blue", "red", "green"]),
        ("?orderBy=none&keyword=r", ["red", "green"]),
    ],
)
def test_values_are_filtered_and_ordered(ann: Client, query: str, expected: list[str]) -> None:
    assert keys(ann, query) == expected


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("/nope", (404, "CRUD0400")),
        ("/my_secret", (404, "CRUD0400")),
        ("/my_color?operator=ends", (400, "CRUD0402")),
        ("/my_color?orderBy=size", (400, "CRUD0403")),
    ],
)
def test_enumeration_that_there_is_not_is_refused(ann: Client, where: str, expected: tuple[int, str]) -> None:
    assert refusal_of(ann("GET", ENUMERATES + where)) == expected


def test_enumerations_of_a_family_are_listed(ann: Client) -> None:
    data = data_of(ann("GET", f"{BASE}/families/my_article/enumerates/"))

    assert data == {
        "uri": "api/v1/families/MY_ARTICLE/enumerates/",
        "enumerates": [{"attributeId": "my_color", "label": "Color", "uri": "api/v1/families/MY_ARTICLE/enumerates/my_color"}],
    }
    assert data_of(ann("GET", f"{BASE}/families/MY_FILE/enumerates/"))["enumerates"] == []
    assert refusal_of(ann("GET", f"{BASE}/families/NOPE/enumerates/")) == (404, "API0203")
    for method in ("POST", "PUT", "DELETE"):
        for where in ("/", "/my_color"):
            assert refusal_of(ann(method, ENUMERATES + where)) == (501, "API0103")
