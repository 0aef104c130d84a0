"""The trash through Dynacase: what is in it, and bringing documents back under their ids."""

from __future__ import annotations

from typing import Any

import pytest

from davgate.app import Application
from davgate.core import early_checks, revision_history, revisions
from davgate.core.principals import granting
from davgate.core.store import Context, Store
from davgate.model.rights import READER
from davgate.rest.dynacase.operations import dialect
from tests.builders import a_collection, damages, path
from tests.protocol.client import Client, Response
from tests.protocol.conftest import Serve
from tests.protocol.dynacase import ARTICLES, BASE, JSON, article, attributes, create, data_of, put, put_form, refusal_of, shown
from tests.protocol.okd import Part
from tests.protocol.stored import add_documents

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
    assert refusal_of(ann("GET", f"{TRASH}?orderBy={',title' * 501}")) == (400, "CRUD0506")


def test_answer_to_a_deletion_tells_where_the_files_are_now(ann: Client, document: str) -> None:
    put_form(ann, document, Part("my_annexes", b"one", "a.txt"))

    deleted = data_of(ann("DELETE", document))["document"]

    assert ann.get(f"/{deleted['attributes']['my_annexes'][0]['url']}") == b"one"


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("id:desc", ["A", "C", "B"]),
        ("initid:desc", ["C", "B", "A"]),
        ("revision:desc,title", ["A", "B", "C"]),
        ("version:desc,title:desc", ["A", "C", "B"]),
        ("owner,title:desc", ["C", "A", "B"]),
        ("createdBy:desc,title", ["B", "A", "C"]),
        ("status,title:desc", ["C", "B", "A"]),
    ],
)
def test_trash_is_ordered_by_what_documents_are(ann: Client, bob: Client, order: str, expected: list[str]) -> None:
    documents = [article(ann, "A"), article(bob, "B"), article(ann, "C")]
    ann("PUT", f"{documents[0]}?revise=true", attributes(), content_type=JSON)
    for document in documents:
        data_of(ann("DELETE", document))

    listed = data_of(ann("GET", f"{TRASH}?orderBy={order}"))["documents"]

    assert [one["properties"]["title"] for one in listed] == expected


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
    for told, content in (
        (data_of(ann("GET", there))["document"], b"two"),
        (data_of(ann("GET", f"{there}/revisions/?fields=document.attributes"))["revisions"][1], b"one"),
        (old, b"one"),
    ):
        assert ann.get(f"/{told['attributes']['my_file']['url']}") == content
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


def in_folder(client: Client) -> str:
    """Make a document on the drive, in ``/dav/folder``, and return its address."""
    client.mkcol("/dav/folder")
    client.put("/dav/folder/a.txt", b"one")
    (found,) = data_of(client("GET", f"{BASE}/families/MY_FILE/documents/"))["documents"]
    return f"{BASE}/documents/{found['properties']['id']}"


def test_document_whose_folder_is_gone_comes_back_where_new_ones_go(ann: Client) -> None:
    document = in_folder(ann)
    ann("DELETE", document)
    ann("DELETE", "/dav/folder")

    assert restore(ann, document).status == 200

    assert ann.get(f"{document}/files/fi_file") == b"one"
    assert ann.get("/dav/Dynacase/2026-11/a.txt") == b"one"


def test_document_is_not_brought_back_into_a_folder_that_cannot_be_made(ann: Client) -> None:
    ann.put("/dav/Dynacase", b"in the way")
    ann.mkcol("/dav/folder")
    ann.put("/dav/folder/a.txt", b"one")
    listed = data_of(ann("GET", f"{BASE}/families/MY_FILE/documents/"))["documents"]
    (number,) = (one["properties"]["id"] for one in listed if one["properties"]["title"] == "a.txt")
    ann("DELETE", "/dav/folder")

    assert refusal_of(restore(ann, f"{BASE}/documents/{number}")) == (400, "CRUD0236")
    assert ann("GET", f"{TRASH}{number}").status == 200


def test_documents_of_a_folder_that_the_drive_deleted_are_in_the_trash(ann: Client, bob: Client, document: str) -> None:
    put_form(ann, document, Part("my_file", b"one", "a.txt"))
    put_form(ann, f"{document}?revise=true", Part("my_file", b"two", "a.txt"))
    other = article(ann, "Bare")
    number = number_of(document)
    assert ann("DELETE", "/dav/Dynacase/").status == 204

    for method in ("GET", "PUT", "DELETE"):
        refused = bob(method, document, '{"document": {"attributes": {}}}', content_type=JSON)
        assert refusal_of(refused) == (404, "API0219")
        assert refused.json["messages"][0]["uri"] == f"api/v1/trash/{number}.json"
    there = data_of(bob("GET", TRASH + number, "", content_type=JSON))["document"]
    assert (there["uri"], there["properties"]["title"]) == (f"api/v1/trash/{number}.json", "Hello")
    assert bob.get(f"{TRASH}{number}/files/my_file") == b"two"
    assert bob.get(f"{TRASH}{number}/revisions/0/files/my_file") == b"one"
    assert data_of(bob("GET", f"{TRASH}{number}/revisions/0"))["revision"]["properties"]["revision"] == 0
    assert data_of(bob("GET", f"{TRASH}{number}/history/"))["history"][0]["properties"]["status"] == "deleted"
    listed = data_of(bob("GET", TRASH))["documents"]
    assert [one["uri"] for one in listed] == [f"api/v1/trash/{number_of(one)}.json" for one in (other, document)]
    assert refusal_of(bob("GET", TRASH + "2")) == (404, "API0200")


def test_document_comes_back_alone_out_of_a_deleted_folder(ann: Client, bob: Client, store: Store, document: str) -> None:
    put_form(ann, document, Part("my_file", b"one", "a.txt"))
    other = article(ann, "Bare")
    ann("DELETE", "/dav/Dynacase/2026-11/")

    back = data_of(restore(bob, document))["document"]

    assert back["uri"] == f"api/v1/documents/{number_of(document)}.json"
    assert ann.get(f"{document}/files/my_file") == ann.get("/dav/Dynacase/2026-11/a.txt") == b"one"
    assert put(ann, document, my_level=1).status == 200
    assert refusal_of(ann("GET", TRASH + number_of(document))) == (404, "CRUD0237")
    assert data_of(ann("GET", f"{document}/history/"))["history"][0]["messages"][1]["code"] == "RESTORE"
    assert refusal_of(ann("GET", other)) == (404, "API0219")
    assert restore(ann, other).status == 200
    assert shown(ann, other)["properties"]["title"] == "Bare"
    assert data_of(ann("GET", TRASH))["documents"] == []
    assert damages(store) == []


def test_document_of_a_deleted_folder_is_found_by_its_name_which_stays_taken(ann: Client) -> None:
    body = '{"document": {"attributes": {"my_title": {"value": "x"}}, "properties": {"name": "NAMED"}}}'
    data_of(ann("POST", ARTICLES, body, content_type=JSON), 201)
    ann("DELETE", "/dav/Dynacase/")
    ann.mkcol("/dav/Dynacase")
    ann.mkcol("/dav/Dynacase/2026-11")

    assert refusal_of(ann("GET", f"{BASE}/documents/NAMED")) == (404, "API0219")
    assert refusal_of(ann("POST", ARTICLES, body, content_type=JSON)) == (403, "API0205")
    assert restore(ann, "/NAMED").status == 200
    assert shown(ann, f"{BASE}/documents/NAMED")["properties"]["name"] == "NAMED"


def test_deleted_folder_shows_nothing_more_and_gives_nothing_back_to_others(
    ann: Client, bob: Client, root_admin: Client, store: Store
) -> None:
    hidden = in_folder(ann)
    granting.close(store, root_admin.ctx, path("/folder/a.txt"))
    ann.put("/dav/folder/b.txt", b"two")
    (readable,) = data_of(bob("GET", f"{BASE}/families/MY_FILE/documents/"))["documents"]
    granting.close(store, root_admin.ctx, path("/folder"))
    granting.grant(store, root_admin.ctx, path("/folder"), "bob", READER)
    root_admin("DELETE", "/dav/folder")

    (listed,) = data_of(bob("GET", TRASH))["documents"]
    assert listed["properties"] == readable["properties"]
    assert len(data_of(root_admin("GET", TRASH))["documents"]) == 2
    assert refusal_of(bob("GET", hidden)) == refusal_of(bob("GET", TRASH + number_of(hidden))) == (404, "API0200")
    assert refusal_of(restore(bob, hidden)) == (404, "API0200")
    assert refusal_of(restore(bob, f"/{readable['properties']['id']}")) == (403, "API0201")
    assert restore(root_admin, hidden).status == 200


def test_trash_is_listed_with_as_many_statements_however_much_lies_in_folders(
    ann: Client, store: Store, statements: list[str]
) -> None:
    counts = set()
    for name, count in (("few", 3), ("many", 60)):
        add_documents(store, ann.ctx, a_collection(store, ann.ctx, f"/{name}/below"), (f"{no}.txt" for no in range(count)))
        ann("DELETE", f"/dav/{name}")
        store.database.close()
        statements.clear()
        assert len(data_of(ann("GET", f"{TRASH}?slice=3"))["documents"]) == 3
        counts.add(len(statements))

    assert len(counts) == 1, counts


def test_later_one_of_two_deletions_is_told_that_the_document_is_in_the_trash(
    ann: Client, bob: Client, document: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = early_checks.check_delete

    def after_another(store: Store, ctx: Context, where: int) -> None:
        check(store, ctx, where)
        if ctx.principal == bob.ctx.principal:
            assert ann("DELETE", document).status == 200

    monkeypatch.setattr(early_checks, "check_delete", after_another)

    refused = bob("DELETE", document)

    assert refusal_of(refused) == (404, "API0219")
    assert refused.json["messages"][0]["uri"] == f"api/v1/trash/{number_of(document)}.json"


def test_change_of_what_is_deleted_meanwhile_is_told_that_it_is_in_the_trash(
    ann: Client, bob: Client, document: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = revisions.check

    def before_another(store: Store, ctx: Context, node_id: int) -> None:
        check(store, ctx, node_id)
        assert ann("DELETE", document).status == 200

    monkeypatch.setattr(revisions, "check", before_another)

    assert refusal_of(put(bob, document, my_level=1)) == (404, "API0219")


READS = [
    ("history/", revision_history, "history"),
    ("revisions/", revisions, "show_some"),
    ("revisions/0", revisions, "show_one"),
    ("revisions/state:draft", revisions, "show_some"),
    ("revisions/0/files/my_file", revisions, "show_one"),
]


@pytest.mark.parametrize(("part", "module", "name"), READS)
@pytest.mark.parametrize("is_deleted", [False, True], ids=["deleted", "restored"])
def test_read_of_what_is_deleted_or_restored_meanwhile_tells_where_it_is(
    ann: Client, document: str, monkeypatch: pytest.MonkeyPatch, part: str, module: object, name: str, is_deleted: bool
) -> None:
    if is_deleted:
        ann("DELETE", document)
    reading = getattr(module, name)

    def after_another(*given: Any, **named: Any) -> Any:
        assert (restore(ann, document) if is_deleted else ann("DELETE", document)).status == 200
        return reading(*given, **named)

    monkeypatch.setattr(module, name, after_another)

    refused = ann("GET", f"{TRASH}{number_of(document)}/{part}" if is_deleted else f"{document}/{part}")

    assert refusal_of(refused) == (404, "CRUD0237" if is_deleted else "API0219")


def test_deletion_ends_locks_and_the_way_back_is_open(ann: Client, document: str) -> None:
    ann("POST", f"{document}/locks/permanent")
    ann("DELETE", document)

    assert restore(ann, document).status == 200

    assert data_of(ann("GET", f"{document}/locks/"))["locks"] == []
    assert put(ann, document, my_level=1).status == 200
