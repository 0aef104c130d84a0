"""The trash through Dynacase: what is in it, and bringing documents back under their ids."""

from __future__ import annotations

import pytest

from davgate.app import Application
from davgate.core.principals import granting
from davgate.core.store import Store
from davgate.rest.dynacase.operations import dialect
from tests.builders import path
from tests.protocol.client import Client, Response
from tests.protocol.conftest import Serve
from tests.protocol.dynacase import BASE, JSON, article, create, data_of, put, put_form, refusal_of, shown
from tests.protocol.okd import Part

ALIVE = '{"document": {"properties": {"status": "alive"}}}'
TRASH = f"{BASE}/trash/"


@pytest.fixture
def app(serve: Serve, store: Store) -> Application:
    return serve(store, dialects={"/api/v1": dialect({})})


@pytest.fixture
def document(ann: Client) -> str:
    return article(ann)


def number_of(document: str) -> str:
    return document.rpartition("/")[2]


def restore(client: Client, document: str, body: str = ALIVE) -> Response:
    return client("PUT", TRASH + number_of(document), body, content_type=JSON)


def test_case_27_document_goes_to_the_trash_and_comes_back(ann: Client, document: str) -> None:
    deleted = data_of(ann("DELETE", document))["document"]

    assert deleted["uri"] == f"api/v1/trash/{number_of(document)}.json"
    refused = ann("GET", document)
    assert refusal_of(refused) == (404, "API0219")
    assert refused.json["messages"][0]["uri"] == deleted["uri"]
    assert refusal_of(ann("DELETE", document)) == (404, "API0219")
    there = data_of(ann("GET", TRASH + number_of(document)))["document"]
    assert (there["properties"]["title"], there["uri"]) == ("Hello", deleted["uri"])
    back = data_of(restore(ann, document))["document"]
    assert back["uri"] == f"api/v1/documents/{number_of(document)}.json"
    assert shown(ann, document)["properties"]["id"] == int(number_of(document))


def test_document_with_a_file_comes_back_to_the_drive(ann: Client, document: str) -> None:
    put_form(ann, document, Part("my_file", b"one", "a.txt"))
    ann("DELETE", document)
    assert ann.status_of("/dav/Dynacase/2026-11/a.txt") == 404

    assert restore(ann, document).status == 200

    assert ann.get("/dav/Dynacase/2026-11/a.txt") == b"one"
    assert ann.get(f"{document}/files/my_file") == b"one"


def test_trash_is_listed_with_all_that_came_from_other_doors(ann: Client, document: str) -> None:
    ann("DELETE", document)
    ann.put("/dav/z.txt", b"one")
    ann("DELETE", "/dav/z.txt")
    ann.mkcol("/dav/folder")
    ann("DELETE", "/dav/folder")
    create(ann, my_title="stays")

    data = data_of(ann("GET", TRASH))

    assert [one["properties"]["title"] for one in data["documents"]] == ["Hello", "z.txt"]
    assert data["requestParameters"] == {"slice": 10, "offset": 0, "length": 2, "orderBy": "title asc, id desc"}
    assert data["uri"] == "api/v1/trash/"
    assert data["documents"][0]["uri"] == f"api/v1/trash/{number_of(document)}.json"
    paged = data_of(ann("GET", f"{TRASH}?slice=1&orderBy=title:desc&fields=document.properties.all"))["documents"]
    assert [(one["properties"]["title"], one["properties"]["status"]) for one in paged] == [("z.txt", "deleted")]
    assert refusal_of(ann("GET", f"{TRASH}?orderBy=nope")) == (400, "CRUD0506")


def test_what_is_not_in_the_trash_is_told_apart(ann: Client, document: str) -> None:
    for method, body in (("GET", ""), ("PUT", ALIVE)):
        assert refusal_of(ann(method, TRASH + number_of(document), body)) == (404, "CRUD0237")
        assert refusal_of(ann(method, f"{TRASH}999999999", body)) == (404, "API0200")


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{}",
        '{"document": {"properties": {"status": "deleted"}}}',
        '{"document": {"properties": []}}',
        '{"document": "alive"}',
        "[]",
        "{",
    ],
)
def test_another_body_brings_nothing_back(ann: Client, document: str, body: str) -> None:
    ann("DELETE", document)

    assert refusal_of(restore(ann, document, body)) == (400, "CRUD0236")
    assert refusal_of(ann("GET", document)) == (404, "API0219")


def test_trash_is_not_emptied_from_here(ann: Client, document: str) -> None:
    ann("DELETE", document)

    assert refusal_of(ann("DELETE", TRASH + number_of(document))) == (501, "API0103")
    assert refusal_of(ann("DELETE", TRASH)) == (405, "API0103")
    assert ann("GET", TRASH + number_of(document)).status == 200


def test_deleted_document_has_its_history_revisions_and_files(ann: Client, document: str) -> None:
    put_form(ann, document, Part("my_file", b"one", "a.txt"))
    put_form(ann, f"{document}?revise=true", Part("my_file", b"two", "a.txt"))
    ann("DELETE", document)
    there = TRASH + number_of(document)

    assert [one["properties"]["revision"] for one in data_of(ann("GET", f"{there}/revisions/"))["revisions"]] == [1, 0]
    old = data_of(ann("GET", f"{there}/revisions/0"))["revision"]
    assert old["uri"] == f"api/v1/trash/{number_of(document)}/revisions/0.json"
    newest = data_of(ann("GET", f"{there}/history/"))["history"][0]
    assert (newest["properties"]["status"], newest["messages"][0]["code"]) == ("deleted", "DELETE")
    assert ann.get(f"{there}/files/my_file") == b"two"
    assert ann.get(f"{there}/revisions/0/files/my_file") == b"one"
    assert refusal_of(ann("GET", f"{document}/history/")) == (404, "API0219")
    assert refusal_of(ann("GET", f"{document}/files/my_file")) == (404, "API0219")


def test_trash_shows_to_none_but_those_who_could_see_the_document(
    ann: Client, bob: Client, root_admin: Client, store: Store, document: str
) -> None:
    granting.close(store, root_admin.ctx, path("/Dynacase"))
    assert root_admin("DELETE", document).status == 200

    assert data_of(bob("GET", TRASH))["documents"] == []
    assert refusal_of(bob("GET", TRASH + number_of(document)))[0] in (403, 404)
    assert refusal_of(restore(bob, document))[0] in (403, 404)
    assert len(data_of(root_admin("GET", TRASH))["documents"]) == 1


def test_document_whose_folder_is_gone_says_so(ann: Client) -> None:
    ann.mkcol("/dav/folder")
    ann.put("/dav/folder/a.txt", b"one")
    (found,) = data_of(ann("GET", f"{BASE}/families/MY_FILE/documents/"))["documents"]
    document = f"{BASE}/documents/{found['properties']['id']}"
    ann("DELETE", document)
    ann("DELETE", "/dav/folder")

    assert refusal_of(restore(ann, document)) == (400, "CRUD0236")
    assert ann("GET", TRASH + number_of(document)).status == 200


def test_deletion_ends_locks_and_the_way_back_is_open(ann: Client, document: str) -> None:
    ann("POST", f"{document}/locks/permanent")
    ann("DELETE", document)

    assert restore(ann, document).status == 200

    assert data_of(ann("GET", f"{document}/locks/"))["locks"] == []
    assert put(ann, document, my_level=1).status == 200
