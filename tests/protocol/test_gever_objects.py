"""GEVER: reading, creating, changing, removing and placing objects, in the numbered acceptance cases and beyond them."""

from __future__ import annotations

import base64
import re
from datetime import timedelta
from typing import Any

import pytest

from davgate.config import ServerConfig
from davgate.core.store import Store
from davgate.model.node import ROOT_ID
from davgate.model.principal import SIGNED_IN_ID
from davgate.model.rights import EVERYTHING, READER, Right
from davgate.storage.api import access, aliases
from tests.builders import findings, node_at
from tests.protocol.client import Client
from tests.protocol.conftest import Serve
from tests.protocol.databases import on_both_databases
from tests.protocol.gever import MOUNT, ORIGIN, Document, a_document, a_dossier, send, text_file
from tests.protocol.multistatus import members

BASE = ORIGIN + MOUNT
DOCUMENT = "opengever.document.document"
DOSSIER = "opengever.dossier.businesscasedossier"
FOLDER = "opengever.repository.repositoryfolder"
ROOT = "opengever.repository.repositoryroot"

COMMON_KEYS = {
    "@id", "@type", "@components", "UID", "id", "title", "description", "created", "modified", "creator", "creators",
    "review_state", "relative_path", "parent", "oguid", "is_folderish", "is_locked", "lock",
}  # fmt: skip
DOCUMENT_KEYS = COMMON_KEYS | {
    "file", "file_extension", "file_mtime", "checked_out", "checked_out_fullname", "is_collaborative_checkout",
    "checkout_collaborators", "current_version_id", "version", "trashed", "sequence_number", "reference_number",
    "containing_dossier", "containing_subdossier", "relatedItems", "document_date", "keywords",
}  # fmt: skip


def got(client: Client, url: str) -> Any:
    response = send(client, "GET", url)
    assert response.status == 200, response
    return response.json


def made(client: Client, container: str, kind: str, **fields: Any) -> str:
    """Make an object and return its address."""
    response = send(client, "POST", container, {"@type": kind, **fields})
    assert response.status == 201, response
    assert response.headers["location"] == response.json["@id"]
    return str(response.json["@id"])


def titles(client: Client, url: str) -> list[str]:
    return [one["title"] for one in got(client, url)["items"]]


@pytest.fixture
def folder(ann: Client) -> str:
    """A dossier of Ann's; Bob may do there what she may."""
    return a_dossier(ann, "F")


@pytest.fixture
def document(ann: Client, folder: str) -> Document:
    return a_document(ann, folder)


# The cases of the specification


def test_case_01_without_credentials_is_401(nobody: Client, folder: str) -> None:
    response = send(nobody, "GET", folder)

    assert response.status == 401
    assert response.json["type"] == response.json["error"]["type"] == "Unauthorized"
    assert response.json["message"] == "You are not authorized to access this resource."
    assert "Basic realm=" in response.headers["www-authenticate"]


@on_both_databases
def test_case_02_dossier_is_made_in_the_root(ann: Client) -> None:
    response = send(ann, "POST", BASE, {"@type": DOSSIER, "title": "Akten 1"})

    assert response.status == 201
    assert response.headers["location"] == response.json["@id"] == f"{BASE}/dossier-1"
    assert (response.json["is_folderish"], response.json["items_total"], response.json["items"]) == (True, 0, [])
    assert response.json.keys() >= COMMON_KEYS | {"responsible", "start", "is_subdossier"}


@on_both_databases
def test_case_03_document_is_made_with_its_file(ann: Client, folder: str) -> None:
    response = send(ann, "POST", folder, {"@type": DOCUMENT, "title": "Alpha", "file": text_file("alpha v0")})

    assert response.status == 201
    shown = response.json
    assert shown["@type"] == DOCUMENT
    assert re.fullmatch(r"document-\d+", shown["id"])
    assert shown["file"] == {
        "content-type": "text/plain",
        "download": f"{shown['@id']}/@@download/file",
        "filename": "Alpha.txt",
        "size": 8,
    }
    assert (shown["checked_out"], shown["is_locked"], shown["current_version_id"]) == (None, False, 0)


def test_case_04_without_a_type_is_400(ann: Client, folder: str) -> None:
    response = send(ann, "POST", folder, {"title": "x"})

    assert response.status == 400
    assert response.json["error"] == {"type": "BadRequest", "message": "Property '@type' is required"}
    assert titles(ann, folder) == []


def test_case_05_document_is_read_with_all_its_keys(ann: Client, document: Document) -> None:
    shown = document.seen_by(ann)

    assert shown.keys() >= DOCUMENT_KEYS
    assert re.fullmatch("[0-9a-f]{32}", shown["UID"])
    assert shown["relative_path"] == document.url.removeprefix(BASE + "/")
    assert shown["parent"]["@id"] == document.container_url
    assert document.file_for(ann) == b"alpha v0"


def test_case_06_members_come_in_pages(ann: Client, folder: str) -> None:
    for no in range(5):
        made(ann, folder, DOCUMENT, title=f"d{no}")
    page = got(ann, f"{folder}?b_size=2")

    assert (len(page["items"]), page["items_total"]) == (2, 5)
    assert "prev" not in page["batching"]
    seen = [one["title"] for one in page["items"]]
    for _ in range(2):
        page = got(ann, page["batching"]["next"])
        assert page["@id"] == folder
        seen += [one["title"] for one in page["items"]]
    assert "next" not in page["batching"]
    assert seen == ["d0", "d1", "d2", "d3", "d4"]


def test_case_07_patch_answers_as_preferred(ann: Client, document: Document) -> None:
    silent = document.ask(ann, "PATCH", "", {"description": "d"})
    told = document.ask(ann, "PATCH", "", {"description": "e"}, prefer="respond-async, return=representation")

    assert (silent.status, silent.body) == (204, b"")
    assert "content-type" not in silent.headers
    assert (told.status, told.json["description"]) == (200, "e")
    assert document.seen_by(ann)["description"] == "e"


def test_case_08_file_without_a_check_out_is_403(ann: Client, document: Document) -> None:
    response = document.ask(ann, "PATCH", "", {"file": text_file("bravo")})

    assert response.status == 403
    assert response.json["message"] == "msg_not_checked_out_by_current_user"
    assert response.json["translated_message"] == "Document not checked-out by current user."
    assert document.file_for(ann) == b"alpha v0"


@on_both_databases
def test_case_17_title_that_was_changed_survives_the_cancelled_check_out(ann: Client, document: Document) -> None:
    document.post(ann, "@checkout")
    document.patch(ann, {"file": text_file("bravo!", "b.md")})
    document.patch(ann, {"title": "Beta"})
    assert document.seen_by(ann)["file"]["filename"] == "Beta.md"
    document.post(ann, "@cancelcheckout")

    shown = document.seen_by(ann)
    assert (shown["title"], shown["file"]["filename"], shown["file"]["size"]) == ("Beta", "Beta.txt", 8)
    assert shown["current_version_id"] == 0


@on_both_databases
def test_case_41_copy_is_a_new_document(ann: Client, bob: Client, store: Store, document: Document) -> None:
    there = a_dossier(ann, "G")
    response = send(bob, "POST", f"{there}/@copy", {"source": document.url})

    assert response.status == 200
    (pair,) = response.json
    assert pair["source"] == document.url
    assert pair["target"].startswith(f"{there}/document-")
    copied = Document(pair["target"], there)
    shown = copied.seen_by(bob)
    assert shown["UID"] != document.seen_by(ann)["UID"]
    assert (shown["title"], shown["creator"]["identifier"], shown["checked_out"]) == ("Alpha", "bob", None)
    assert (copied.numbers(bob), copied.file_for(bob)) == ([0], b"alpha v0")
    document.post(ann, "@checkout")
    refused = send(bob, "POST", f"{there}/@copy", {"source": document.url})
    assert (refused.status, refused.json["type"]) == (409, "CopyError")
    assert refused.json["message"] == "error_checked_out_cannot_be_copied"
    assert findings(store) == []


@on_both_databases
def test_case_42_moved_document_keeps_uid_and_history(ann: Client, store: Store, document: Document) -> None:
    there = a_dossier(ann, "G")
    before = document.seen_by(ann)
    response = send(ann, "POST", f"{there}/@move", {"source": before["UID"]})

    assert response.status == 200
    assert response.json == [{"source": document.url, "target": f"{there}/{before['id']}"}]
    moved = Document(response.json[0]["target"], there)
    after = moved.seen_by(ann)
    assert (after["UID"], after["created"], after["parent"]["@id"]) == (before["UID"], before["created"], there)
    assert moved.numbers(ann) == [0]
    assert document.ask(ann, "GET").status == 404
    assert findings(store) == []


def test_case_43_body_that_is_no_json_is_400(ann: Client, document: Document) -> None:
    response = ann("POST", document.url.removeprefix(ORIGIN) + "/@lock", "{bad")

    assert (response.status, response.json["type"]) == (400, "DeserializationError")
    assert document.get(ann, "@lock") == {"locked": False, "stealable": True}


# Addresses and negotiation


def test_root_is_the_site(ann: Client, folder: str) -> None:
    for url in (BASE, BASE + "/"):
        shown = got(ann, url)
        assert (shown["@id"], shown["@type"], shown["is_folderish"], shown["parent"]) == (BASE, "Plone Site", True, {})
        assert ([one["@id"] for one in shown["items"]], shown["items_total"]) == ([folder], 1)
    assert got(ann, folder)["parent"]["@id"] == BASE


def test_address_with_a_slash_at_its_end_is_the_same(ann: Client, document: Document) -> None:
    assert got(ann, document.url + "/")["@id"] == document.url


@pytest.mark.parametrize(
    ("method", "below"),
    [
        pytest.param("GET", "/nothing", id="object"),
        pytest.param("GET", "/@nothing", id="service"),
        pytest.param("PUT", "", id="method"),
        pytest.param("GET", "/@checkout", id="method-of-service"),
        pytest.param("POST", "", id="post-to-a-document"),
        pytest.param("POST", "/@copy", id="copy-into-a-document"),
        pytest.param("GET", "/@@download/other", id="field"),
    ],
)
def test_what_is_not_there_is_404_and_named(ann: Client, document: Document, method: str, below: str) -> None:
    response = send(ann, method, document.url + below, {"@type": DOCUMENT} if method == "POST" else None)

    assert response.status == 404
    assert response.json["type"] == "NotFound"
    assert response.json["message"] == f"Resource not found: {document.url}{below}"


@pytest.mark.parametrize("url", ["/gever/..", "/gever/a//b", "/gever/%00", "/gever/a%2Fb", "/gever/../dav"])
def test_address_that_tries_something_is_never_resolved(ann: Client, url: str) -> None:
    assert ann("GET", url).status in (400, 404)


@pytest.mark.parametrize("accept", ["application/json", "*/*", "application/*", "text/html, */*;q=0.1", ""])
def test_accept_that_allows_json_gets_it(ann: Client, document: Document, accept: str) -> None:
    headers = {"accept": accept} if accept else {}
    response = ann("GET", document.url.removeprefix(ORIGIN), **headers)

    assert response.status == 200
    assert response.headers["content-type"].startswith("application/json")


def test_accept_without_json_is_406_for_objects_alone(ann: Client, document: Document) -> None:
    refused = document.ask(ann, "GET", accept="text/html")

    assert (refused.status, refused.json["type"]) == (406, "NotAcceptable")
    assert document.ask(ann, "GET", "@lock", accept="text/html").status == 200
    assert document.ask(ann, "GET", "@@download/file", accept="text/html").body == b"alpha v0"
    assert document.ask(ann, "DELETE", accept="text/html").status == 406
    assert document.ask(ann, "GET").status == 200


def test_options_and_head_are_answered(ann: Client, document: Document) -> None:
    options = document.ask(ann, "OPTIONS")
    head = document.ask(ann, "HEAD")

    assert (options.status, set(options.headers["allow"].split(", "))) == (
        204,
        {"GET", "HEAD", "POST", "PATCH", "DELETE", "OPTIONS"},
    )
    assert (head.status, head.body) == (200, b"")


def test_addresses_have_the_public_url(serve: Serve, store: Store, ann: Client, document: Document) -> None:
    app = serve(store, server=ServerConfig(public_url="https://docs.example"))
    shown = ann.through(app)("GET", document.url.removeprefix(ORIGIN)).json

    assert shown["@id"] == document.url.replace(ORIGIN, "https://docs.example")
    assert shown["file"]["download"].startswith("https://docs.example/gever/")
    assert shown["creator"]["@id"] == "https://docs.example/gever/@actors/ann"
    missing = ann.through(app)("GET", document.url.removeprefix(ORIGIN) + "/nothing?a=b").json
    assert missing["message"] == f"Resource not found: {shown['@id']}/nothing"


def test_sources_have_a_limit(ann: Client, folder: str, document: Document) -> None:
    assert send(ann, "POST", f"{folder}/@copy", {"source": ["/nothing"] * 1000}).json == []

    refused = send(ann, "POST", f"{folder}/@copy", {"source": ["/nothing"] * 1000 + [document.url]})

    assert (refused.status, refused.json["type"]) == (400, "BadRequest")


def test_object_that_is_called_as_a_service_is_reached(ann: Client, folder: str) -> None:
    url = made(ann, folder, FOLDER, title="Status")
    ann.put("/dav/F/download_file_version", b"x")

    assert url == f"{folder}/status"
    assert got(ann, url)["title"] == "Status"
    assert got(ann, f"{folder}/download_file_version")["file"]["size"] == 1


# Beside the drive


@on_both_databases
def test_dossier_and_documents_are_on_the_drive_under_their_titles(ann: Client, store: Store) -> None:
    dossier = a_dossier(ann, "Führung: 2026/27")
    a_document(ann, dossier, title="Plan")
    a_document(ann, dossier, title="Plan")
    made(ann, dossier, DOCUMENT, title="nothing yet")

    assert members(ann, "/dav/") == ["Führung_ 2026_27/"]
    assert members(ann, "/dav/F%C3%BChrung_%202026_27/") == ["Plan (2).txt", "Plan.txt"]
    assert ann.get("/dav/F%C3%BChrung_%202026_27/Plan.txt") == b"alpha v0"
    assert titles(ann, dossier) == ["Plan", "Plan", "nothing yet"]
    assert findings(store) == []


@on_both_databases
def test_folder_and_file_of_the_drive_are_dossier_and_document(ann: Client, store: Store) -> None:
    ann.mkcol("/dav/Reisen 2026".replace(" ", "%20"))
    ann.put("/dav/Reisen%202026/B%C3%A4rn%20&%20so.docx", b"x")
    dossier = got(ann, f"{BASE}/Reisen%202026")
    (item,) = dossier["items"]
    shown = got(ann, item["@id"])

    assert (dossier["@type"], dossier["id"], dossier["sequence_number"]) == (DOSSIER, "Reisen 2026", None)
    assert item["@id"] == f"{BASE}/Reisen%202026/B%C3%A4rn%20%26%20so.docx"
    assert (shown["@type"], shown["title"], shown["file_extension"]) == (DOCUMENT, "Bärn & so", ".docx")
    assert (shown["file"]["filename"], shown["relative_path"]) == ("Bärn & so.docx", "Reisen 2026/Bärn & so.docx")
    assert send(ann, "PATCH", item["@id"], {"title": "Bern"}).status == 204
    again = got(ann, item["@id"])
    assert (again["title"], again["file"]["filename"]) == ("Bern", "Bern.docx")
    assert members(ann, "/dav/Reisen%202026/") == ["Bärn & so.docx"]
    assert findings(store) == []


def test_save_on_the_drive_is_the_next_version(ann: Client, document: Document) -> None:
    ann.put("/dav/F/Alpha.txt", b"from the drive")

    assert (document.seen_by(ann)["current_version_id"], document.file_for(ann)) == (1, b"from the drive")


def test_names_that_begin_with_an_at_sign_go_by_their_uid(ann: Client) -> None:
    ann.put("/dav/@lock", b"x")
    (item,) = got(ann, BASE)["items"]

    assert item["@id"] == f"{BASE}/{item['UID']}"
    assert got(ann, item["@id"])["title"] == "@lock"


def test_file_whose_address_is_that_of_the_description_goes_by_its_uid(ann: Client) -> None:
    ann.put("/dav/openapi.json", b"x")
    (item,) = got(ann, BASE)["items"]

    assert item["@id"] == f"{BASE}/{item['UID']}"
    assert got(ann, item["@id"])["file"]["filename"] == "openapi.json"
    assert "openapi" in got(ann, f"{BASE}/openapi.json")


def test_file_that_is_called_as_a_document_here_goes_by_its_uid(ann: Client, document: Document) -> None:
    ann.put("/dav/F/document-1", b"x")
    items = got(ann, document.container_url)["items"]

    assert [one["@id"] for one in items] == [document.url, f"{document.container_url}/{items[1]['UID']}"]
    assert got(ann, items[1]["@id"])["file"]["size"] == 1
    ann.put("/dav/F/document-2", b"y")
    assert a_document(ann, document.container_url).url == f"{document.container_url}/document-3"


# Containers


def test_containers_of_all_kinds_stand_anywhere(ann: Client, folder: str) -> None:
    root = made(ann, BASE, ROOT, title="Ordnungssystem")
    position = made(ann, root, FOLDER, title="Führung & Koordination")
    inside = made(ann, folder, ROOT, title="Führung & Koordination")
    sub = made(ann, folder, DOSSIER, title="Sub")
    deep = a_document(ann, sub)

    assert (root, position) == (f"{BASE}/ordnungssystem", f"{BASE}/ordnungssystem/fuehrung-koordination")
    assert [got(ann, url)["review_state"] for url in (root, position, folder)] == [
        "repositoryroot-state-active",
        "repositoryfolder-state-active",
        "dossier-state-active",
    ]
    assert inside == f"{folder}/fuehrung-koordination"
    assert (got(ann, sub)["is_subdossier"], got(ann, folder)["is_subdossier"]) == (True, False)
    shown = deep.seen_by(ann)
    assert (shown["containing_dossier"], shown["containing_subdossier"]) == ("F", "Sub")
    assert document_states(ann, sub) == ["document-state-draft"]


def document_states(client: Client, url: str) -> list[str]:
    return [one["review_state"] for one in got(client, url)["items"]]


def test_slug_that_is_taken_gets_a_number(ann: Client) -> None:
    urls = [made(ann, BASE, FOLDER, title="Über uns!") for _ in range(3)]

    assert urls == [f"{BASE}/{name}" for name in ("ueber-uns", "ueber-uns-1", "ueber-uns-2")]


def test_position_that_is_moved_to_where_its_slug_is_taken_has_an_address_of_its_own(ann: Client) -> None:
    older = made(ann, made(ann, BASE, FOLDER, title="X"), FOLDER, title="Verträge")
    younger = made(ann, target := made(ann, BASE, FOLDER, title="Y"), FOLDER, title="Verträge")
    uid = got(ann, older)["UID"]

    (placed,) = send(ann, "POST", f"{target}/@move", {"source": older}).json

    assert (younger, placed["target"]) == (f"{target}/vertraege", f"{target}/vertraege-1")
    assert got(ann, placed["target"])["UID"] == uid != got(ann, younger)["UID"]
    assert {one["@id"] for one in got(ann, target)["items"]} == {younger, placed["target"]}


def test_positions_that_have_one_slug_all_the_same_are_told_apart(ann: Client, store: Store) -> None:
    urls = [made(ann, BASE, FOLDER, title="Verträge") for _ in range(2)]
    uid, oguid = (got(ann, urls[1])[name] for name in ("UID", "oguid"))
    with store.database.write() as tx:
        aliases.rename(tx, int(oguid.partition(":")[2]), "vertraege")
        tx.commit()

    listed = [one["@id"] for one in got(ann, BASE)["items"]]
    assert listed == [urls[0], f"{BASE}/{uid}"]
    assert got(ann, listed[1])["UID"] == uid


def test_trashed_position_keeps_its_address_when_another_is_called_so(ann: Client) -> None:
    first = made(ann, BASE, FOLDER, title="Verträge")
    assert send(ann, "POST", f"{first}/@trash").status == 204
    second = made(ann, BASE, FOLDER, title="Verträge")

    assert (second, got(ann, first)["trashed"]) == (f"{first}-1", True)
    assert send(ann, "POST", f"{first}/@untrash").status == 204
    assert [got(ann, url)["trashed"] for url in (first, second)] == [False, False]


def test_slug_of_a_title_without_letters_is_the_kind(ann: Client) -> None:
    assert made(ann, BASE, FOLDER, title="案件") == f"{BASE}/repositoryfolder"


def test_numbers_run_through_the_store(ann: Client, folder: str) -> None:
    first, second = a_document(ann, folder), a_document(ann, a_dossier(ann, "G"))
    assert first.ask(ann, "DELETE").status == 204

    assert second.seen_by(ann)["sequence_number"] == 2
    assert a_document(ann, folder).url == f"{folder}/document-3"


def test_container_without_its_members_or_with_them_in_full(ann: Client, document: Document) -> None:
    folder = document.container_url

    assert got(ann, f"{folder}?include_items=false").keys() & {"items", "items_total", "batching"} == set()
    (item,) = got(ann, f"{folder}?fullobjects")["items"]
    assert item == document.seen_by(ann)
    (item,) = got(ann, folder)["items"]
    assert item.keys() == {
        "@id", "@type", "UID", "title", "description", "review_state", "checked_out", "file_extension"
    }  # fmt: skip


@pytest.mark.parametrize("name", ["metadata_fields", "metadata_fields:list"])
def test_summary_has_the_fields_that_are_asked_for(ann: Client, document: Document, name: str) -> None:
    names = ["created", "modified", "creator", "filename", "filesize", "mimetype", "review_state_label", "unheard"]
    query = "&".join(f"{name}={one}" for one in names)
    (item,) = got(ann, f"{document.container_url}?{query}")["items"]

    assert {one: item[one] for one in names[2:-1]} == {
        "creator": "ann",
        "filename": "Alpha.txt",
        "filesize": 8,
        "mimetype": "text/plain",
        "review_state_label": "Draft",
    }
    assert item["created"] == item["modified"] == "2026-11-20T12:00:00+00:00"
    assert "unheard" not in item


@pytest.mark.parametrize("query", ["b_start=-1", "b_size=-1", "b_size=x", "b_start=1.5"])
def test_page_that_cannot_be_is_400(ann: Client, folder: str, query: str) -> None:
    response = send(ann, "GET", f"{folder}?{query}")

    assert (response.status, response.json["type"]) == (400, "BadRequest")


def test_batching_links_keep_the_other_parameters(ann: Client, folder: str) -> None:
    for no in range(5):
        made(ann, folder, DOCUMENT, title=f"d{no}")
    page = got(ann, f"{folder}?b_size=2&metadata_fields=creator&b_start=2")

    rest = "b_size=2&metadata_fields=creator"
    assert page["batching"] == {
        "@id": f"{folder}?{rest}&b_start=2",
        "first": f"{folder}?b_start=0&{rest}",
        "last": f"{folder}?b_start=4&{rest}",
        "next": f"{folder}?b_start=4&{rest}",
        "prev": f"{folder}?b_start=0&{rest}",
    }
    assert "batching" not in got(ann, f"{folder}?b_size=0")
    assert got(ann, f"{folder}?b_start=99")["items"] == []


def test_expanded_lock_is_in_the_components(ann: Client, document: Document) -> None:
    shown = got(ann, f"{document.url}?expand=lock")

    assert shown["@components"] == {"lock": {"@id": f"{document.url}/@lock", "locked": False, "stealable": True}}


# Creating


def test_title_of_a_document_without_one_is_the_name_of_its_file(ann: Client, folder: str) -> None:
    document = a_document(ann, folder, title=None, file=text_file("x", "Grüße aus Bern.v2.txt"))
    shown = document.seen_by(ann)

    assert shown["title"] == "Grüße aus Bern.v2"
    assert (shown["file"]["filename"], shown["file_extension"]) == ("Gruesse aus Bern.v2.txt", ".txt")
    assert members(ann, "/dav/F/") == ["Gruesse aus Bern.v2.txt"]


def test_document_may_have_neither_title_nor_file(ann: Client, folder: str) -> None:
    shown = got(ann, made(ann, folder, DOCUMENT))

    assert (shown["title"], shown["file"], shown["file_extension"], shown["file_mtime"]) == ("", None, "", None)
    assert shown["current_version_id"] == 0
    assert send(ann, "GET", shown["@id"] + "/@@download/file").status == 404


@pytest.mark.parametrize(
    ("name", "media_type", "stored"),
    [
        pytest.param("a.pdf", "text/plain", "application/pdf", id="suffix-counts"),
        pytest.param("a.strange", "image/x-strange", "image/x-strange", id="unknown-suffix"),
        pytest.param("a", "", "application/octet-stream", id="nothing"),
    ],
)
def test_media_type_is_that_of_the_suffix(ann: Client, folder: str, name: str, media_type: str, stored: str) -> None:
    file = {"data": "x", "filename": name, "content-type": media_type}

    assert a_document(ann, folder, file=file).seen_by(ann)["file"]["content-type"] == stored


def test_base64_is_decoded_and_text_is_utf_8(ann: Client, folder: str) -> None:
    encoded = {"data": base64.encodebytes(bytes(range(256))).decode(), "encoding": "base64", "filename": "a.bin"}

    assert a_document(ann, folder, file=encoded).file_for(ann) == bytes(range(256))
    assert a_document(ann, folder, file=text_file("ü")).file_for(ann) == "ü".encode()


def test_fields_are_stored_and_returned(ann: Client, folder: str) -> None:
    said = {"description": "d", "document_date": "2026-02-28", "keywords": ["a", "ü"]}
    document = a_document(ann, folder, **said, UID="0" * 32, created="1999-01-01", unheard=1)
    shown = document.seen_by(ann)

    assert {name: shown[name] for name in said} == said
    assert (shown["UID"] == "0" * 32, shown["created"], "unheard" in shown) == (False, "2026-11-20T12:00:00+00:00", False)
    document.patch(ann, {"document_date": None, "keywords": [], "description": None})
    shown = document.seen_by(ann)
    assert (shown["document_date"], shown["keywords"], shown["description"]) == (None, [], "")


def test_dossier_has_a_responsible_and_a_start(ann: Client, folder: str) -> None:
    assert [got(ann, folder)[name] for name in ("responsible", "start")] == ["ann", "2026-11-20"]
    assert send(ann, "PATCH", folder, {"responsible": "bob", "start": "2025-01-01", "title": "Ff"}).status == 204
    assert [got(ann, folder)[name] for name in ("responsible", "start", "title")] == ["bob", "2025-01-01", "Ff"]
    assert members(ann, "/dav/") == ["F/"]


def test_body_without_a_content_type_or_with_any_is_json(ann: Client, folder: str) -> None:
    for content_type in ("text/plain", "application/x-www-form-urlencoded"):
        response = send(ann, "POST", folder, {"@type": DOCUMENT, "title": "x"}, content_type=content_type)
        assert response.status == 201


@on_both_databases
@pytest.mark.parametrize(
    "text", ["a\x00b", "\ufffe", "a\nb/c", "\u202e", "x" * 5000], ids=["nul", "no-xml", "lines", "bidi", "long"]
)
def test_any_text_is_a_title_and_a_name(ann: Client, store: Store, text: str) -> None:
    for fields in (
        {"title": text},
        {"keywords": [text]},
        {"file": text_file(text, text)},
        {"file": text_file("x"), "title": text},
    ):
        assert got(ann, made(ann, BASE, DOCUMENT, **fields)).items() >= {k: v for k, v in fields.items() if k != "file"}.items()
    for kind in (DOSSIER, FOLDER, ROOT):
        assert got(ann, made(ann, BASE, kind, title=text))["title"] == text
    assert got(ann, f"{BASE}?fullobjects")["items_total"] == 7
    assert findings(store) == []


# Changing


@on_both_databases
def test_new_title_is_a_version_of_metadata_alone(ann: Client, store: Store, document: Document) -> None:
    before = document.seen_by(ann)
    ann.clock.advance(timedelta(minutes=1))
    document.patch(ann, {"title": "Beta (final)"})

    shown = document.seen_by(ann)
    assert (shown["title"], shown["file"]["filename"]) == ("Beta (final)", "Beta final.txt")
    assert (shown["current_version_id"], document.numbers(ann)) == (0, [0])
    assert shown["file_mtime"] == before["file_mtime"]
    assert shown["modified"] > before["modified"]
    assert members(ann, "/dav/F/") == ["Alpha.txt"]
    assert node_at(store, ann.ctx, "/F/Alpha.txt").version_no == 2
    assert findings(store) == []


@on_both_databases
def test_first_file_needs_no_check_out_and_is_version_0(ann: Client, store: Store, folder: str) -> None:
    document = Document(made(ann, folder, DOCUMENT, title="Später"), folder)
    document.patch(ann, {"file": text_file("first")})

    shown = document.seen_by(ann)
    assert (shown["file"]["filename"], shown["current_version_id"]) == ("Spaeter.txt", 0)
    assert document.file_for(ann) == b"first"
    assert members(ann, "/dav/F/") == ["Spaeter.txt"]
    assert document.ask(ann, "PATCH", "", {"file": text_file("second")}).status == 403
    assert findings(store) == []


def test_first_file_gives_the_title_where_there_is_none(ann: Client, folder: str) -> None:
    document = Document(made(ann, folder, DOCUMENT), folder)
    document.patch(ann, {"file": text_file("first", "Ein Brief.txt")})

    assert document.seen_by(ann)["title"] == "Ein Brief"


def test_working_file_is_its_holders(ann: Client, bob: Client, document: Document) -> None:
    document.post(ann, "@checkout")
    document.patch(ann, {"file": text_file("bravo!", "x.md")})

    mine, others = document.seen_by(ann)["file"], document.seen_by(bob)["file"]
    assert (mine["filename"], mine["size"], others["filename"], others["size"]) == ("Alpha.md", 6, "Alpha.txt", 8)
    assert (document.file_for(ann), document.file_for(bob)) == (b"bravo!", b"alpha v0")


def test_document_may_be_sent_back_as_it_was_read(ann: Client, bob: Client, document: Document) -> None:
    document.post(ann, "@checkout")
    document.patch(ann, {"file": text_file("bravo!")})
    read = document.seen_by(ann)
    document.patch(ann, {**read, "title": "B"})

    shown = document.seen_by(ann)
    assert (shown["title"], shown["file"]) == ("B", {**read["file"], "filename": "B.txt"})
    assert (document.file_for(ann), document.file_for(bob)) == (b"bravo!", b"alpha v0")
    refused = document.ask(bob, "PATCH", "", document.seen_by(bob))
    assert (refused.status, refused.json["message"]) == (403, "msg_not_checked_out_by_current_user")


def test_file_without_bytes_makes_no_document(ann: Client, folder: str, document: Document) -> None:
    copied = {"@type": DOCUMENT, "title": "C", "file": document.seen_by(ann)["file"]}

    assert send(ann, "POST", folder, copied).status == 400
    assert titles(ann, folder) == ["Alpha"]


def test_others_change_metadata_of_what_is_checked_out(ann: Client, bob: Client, document: Document) -> None:
    document.post(ann, "@checkout")
    document.patch(bob, {"title": "B"})
    refused = document.ask(bob, "PATCH", "", {"file": text_file("b")})

    assert document.seen_by(ann)["title"] == "B"
    assert (refused.status, refused.json["message"]) == (403, "msg_not_checked_out_by_current_user")


def test_checks_come_in_their_order(ann: Client, bob: Client, document: Document) -> None:
    wrong = {"document_date": "tomorrow", "file": text_file("x")}
    lock = document.post(bob, "@lock")

    assert document.ask(ann, "PATCH", "", wrong).json["message"] == "msg_not_checked_out_by_current_user"
    del wrong["file"]
    refused = document.ask(ann, "PATCH", "", wrong)
    assert (refused.status, refused.json["translated_message"]) == (403, "Resource is locked.")
    refused = document.ask(bob, "PATCH", "", wrong, lock_token=lock["token"])
    assert (refused.status, refused.json["translated_message"]) == (400, "Inputs not valid")


def test_empty_patch_of_what_is_locked_is_403(ann: Client, document: Document) -> None:
    document.post(ann, "@lock")

    assert document.ask(ann, "PATCH", "", {}).status == 403


def test_patch_on_a_condition_takes_either_tag(ann: Client, document: Document) -> None:
    tag = document.ask(ann, "GET", "@@download/file").etag

    assert document.ask(ann, "PATCH", "", {"title": "x"}, if_match='"other"').status == 412
    document.patch(ann, {"title": "x"}, if_match=tag)


def test_file_that_is_not_there_can_be_taken_away(ann: Client, folder: str) -> None:
    bare = made(ann, folder, DOCUMENT, title="x", file=None)

    assert send(ann, "PATCH", bare, {"file": None}).status == 204


# Downloads


def test_download_is_the_file_with_its_name(ann: Client, folder: str) -> None:
    document = a_document(ann, folder, title="Ein Plan", file=text_file("content"))
    response = document.ask(ann, "GET", "@@download/file")

    assert response.headers["content-type"] == "text/plain"
    assert response.headers["content-length"] == "7"
    assert response.headers["content-disposition"] == "attachment; filename*=UTF-8''Ein%20Plan.txt"
    assert document.ask(ann, "GET", "@@download/file/whatever.txt").body == b"content"
    assert document.ask(ann, "HEAD", "@@download/file").headers["content-length"] == "7"
    part = document.ask(ann, "GET", "@@download/file", range="bytes=2-3")
    assert (part.status, part.body) == (206, b"nt")
    assert document.ask(ann, "GET", "@@download/file", if_none_match=response.etag).status == 304


def test_versions_are_downloaded_by_their_numbers(ann: Client, document: Document) -> None:
    document.check_in(ann, "v1")
    document.patch(ann, {"title": "Neu"})

    for number, body in (("0", b"alpha v0"), ("1", b"v1")):
        for service in ("@@download/file", "download_file_version"):
            assert document.ask(ann, "GET", f"{service}?version_id={number}").body == body
    for number in ("2", "x", "-1", "9" * 30):
        refused = document.ask(ann, "GET", f"@@download/file?version_id={number}")
        assert (refused.status, refused.json["message"]) == (404, f"Version '{number}' does not exist.")


# Removing


@on_both_databases
def test_deleted_document_is_gone_here_and_in_the_trash_of_the_drive(ann: Client, store: Store, document: Document) -> None:
    assert document.ask(ann, "DELETE").status == 204

    assert document.ask(ann, "GET").status == 404
    assert got(ann, document.container_url)["items_total"] == 0
    assert len(members(ann, "/dav/.trash/")) == 1
    assert findings(store) == []


@on_both_databases
def test_trashed_document_stays_readable_until_it_comes_back(ann: Client, store: Store, document: Document) -> None:
    document.check_in(ann, "v1")
    document.post(ann, "@trash")

    shown = document.seen_by(ann)
    assert (shown["trashed"], shown["@id"], shown["parent"]["@id"]) == (True, document.url, document.container_url)
    assert (document.file_for(ann), document.numbers(ann)) == (b"v1", [1, 0])
    assert document.ask(ann, "GET", "@@download/file?version_id=0").body == b"alpha v0"
    assert got(ann, document.container_url)["items_total"] == 0
    assert members(ann, "/dav/F/") == []
    again = document.ask(ann, "POST", "@trash")
    assert (again.status, again.json["message"], again.json["error"]["message"]) == (
        400,
        "msg_already_trashed",
        "Already trashed",
    )
    assert findings(store) == []

    document.post(ann, "@untrash")
    assert document.seen_by(ann)["trashed"] is False
    assert ann.get("/dav/F/Alpha.txt") == b"v1"
    assert document.ask(ann, "POST", "@untrash").status == 204
    assert findings(store) == []


@on_both_databases
def test_trashed_document_whose_name_is_taken_comes_back_with_a_number(ann: Client, store: Store, document: Document) -> None:
    document.post(ann, "@trash")
    ann.put("/dav/F/Alpha.txt", b"another")
    document.post(ann, "@untrash")

    assert members(ann, "/dav/F/") == ["Alpha (2).txt", "Alpha.txt"]
    assert document.file_for(ann) == b"alpha v0"
    assert findings(store) == []


@on_both_databases
def test_document_without_a_file_is_trashed_and_comes_back(ann: Client, store: Store, folder: str) -> None:
    document = Document(made(ann, folder, DOCUMENT, title="Later"), folder)
    document.post(ann, "@trash")

    assert document.seen_by(ann)["trashed"] is True
    assert members(ann, "/dav/.trash/") == []
    assert findings(store) == []
    document.post(ann, "@untrash")
    assert (document.seen_by(ann)["trashed"], titles(ann, folder), members(ann, "/dav/F/")) == (False, ["Later"], [])
    document.patch(ann, {"file": text_file("first")})
    assert members(ann, "/dav/F/") == ["Later.txt"]
    assert findings(store) == []


@on_both_databases
def test_document_without_a_file_is_placed_and_deleted_like_any(ann: Client, store: Store, folder: str) -> None:
    there = a_dossier(ann, "G")
    bare = made(ann, folder, DOCUMENT, title="Later")
    (moved,) = send(ann, "POST", f"{there}/@move", {"source": bare}).json
    (copied,) = send(ann, "POST", f"{there}/@copy", {"source": moved["target"]}).json

    assert [got(ann, one["target"])["title"] for one in (moved, copied)] == ["Later", "Copy of Later"]
    assert (titles(ann, folder), titles(ann, there)) == ([], ["Later", "Copy of Later"])
    assert send(ann, "DELETE", moved["target"]).status == 204
    assert ann("DELETE", "/dav/G").status == 204
    assert send(ann, "GET", copied["target"]).status == 404
    (name,) = members(ann, "/dav/.trash/")
    assert ann("MOVE", f"/dav/.trash/{name}".replace(" ", "%20"), destination="/dav/G").status == 201
    assert titles(ann, there) == ["Copy of Later"]
    assert findings(store) == []


@pytest.mark.parametrize(
    ("method", "service", "body"),
    [("POST", "@checkout", None), ("PATCH", "", {"title": "x"}), ("PATCH", "@history", {"version": 0}), ("POST", "@lock", None)],
)
def test_trashed_document_is_not_changed(
    ann: Client, document: Document, method: str, service: str, body: dict[str, Any] | None
) -> None:
    document.post(ann, "@trash")

    assert document.ask(ann, method, service, body).status == 403
    assert document.seen_by(ann)["is_locked"] is False


@on_both_databases
def test_trashed_container_is_shown_with_what_is_in_it(ann: Client, store: Store, document: Document) -> None:
    assert send(ann, "POST", document.container_url + "/@trash").status == 204

    assert (got(ann, document.container_url)["trashed"], titles(ann, document.container_url)) == (True, ["Alpha"])
    assert (document.seen_by(ann)["trashed"], document.file_for(ann)) == (True, b"alpha v0")
    assert send(ann, "POST", document.container_url, {"@type": DOCUMENT}).status == 403
    assert document.ask(ann, "DELETE").status == 403
    assert document.ask(ann, "POST", "@untrash").status == 403
    assert send(ann, "POST", document.container_url + "/@untrash").status == 204
    assert document.seen_by(ann)["trashed"] is False
    assert ann.get("/dav/F/Alpha.txt") == b"alpha v0"
    assert findings(store) == []


def test_deleting_what_is_trashed_ends_its_address(ann: Client, document: Document) -> None:
    document.post(ann, "@trash")

    assert document.ask(ann, "DELETE").status == 204
    assert document.ask(ann, "GET").status == 404
    assert len(members(ann, "/dav/.trash/")) == 1


def test_trashed_document_that_the_drive_restores_is_there_again(ann: Client, document: Document) -> None:
    document.post(ann, "@trash")
    (name,) = members(ann, "/dav/.trash/")
    moved = ann("MOVE", f"/dav/.trash/{name.replace(' ', '%20')}", destination="/dav/F/Back.txt")

    assert moved.status == 201
    assert document.seen_by(ann)["trashed"] is False


def test_what_the_drive_deletes_is_gone_here(ann: Client, document: Document) -> None:
    assert ann("DELETE", "/dav/F/Alpha.txt").status == 204

    assert document.ask(ann, "GET").status == 404


# Placing


def test_sources_are_addresses_paths_and_uids(ann: Client, folder: str) -> None:
    documents = [a_document(ann, folder, title=f"d{no}") for no in range(3)]
    there = a_dossier(ann, "G")
    sources = [
        documents[0].url,
        documents[1].url.removeprefix(BASE),
        documents[2].seen_by(ann)["UID"],
        "/nothing",
        f"{BASE}/nothing",
        "0" * 32,
        "http://[",
        "",
    ]
    response = send(ann, "POST", f"{there}/@move", {"source": sources})

    assert (response.status, [one["source"] for one in response.json]) == (200, [one.url for one in documents])
    assert titles(ann, there) == ["d0", "d1", "d2"]


def test_source_in_letters_of_its_own_is_found(ann: Client) -> None:
    # A body in JSON carries any letter, and relative_path is told without escapes.
    ann.mkcol("/dav/B%C3%A4rn")
    ann.put("/dav/B%C3%A4rn/%C3%9Cber uns.txt".replace(" ", "%20"), b"x")
    there = a_dossier(ann, "G")

    for source in ("/Bärn/Über uns.txt", f"{BASE}/Bärn/Über uns.txt", "/B%C3%A4rn/%C3%9Cber%20uns.txt"):
        (pair,) = send(ann, "POST", f"{there}/@copy", {"source": source}).json
        assert pair["source"] == f"{BASE}/B%C3%A4rn/%C3%9Cber%20uns.txt"


def test_nothing_found_is_nothing_moved(ann: Client, folder: str) -> None:
    response = send(ann, "POST", f"{folder}/@copy", {"source": "/nothing"})

    assert (response.status, response.json) == (200, [])


@pytest.mark.parametrize("body", [{}, {"source": None}, {"source": []}, {"source": ""}])
def test_without_a_source_is_400(ann: Client, folder: str, body: dict[str, Any]) -> None:
    response = send(ann, "POST", f"{folder}/@copy", body)

    assert (response.status, response.json["error"]["message"]) == (400, "Property 'source' is required")


@on_both_databases
def test_copy_beside_its_original_says_so(ann: Client, store: Store, document: Document) -> None:
    response = send(ann, "POST", f"{document.container_url}/@copy", {"source": document.url})
    shown = got(ann, response.json[0]["target"])

    assert (shown["title"], shown["file"]["filename"]) == ("Copy of Alpha", "Copy of Alpha.txt")
    assert members(ann, "/dav/F/") == ["Alpha (2).txt", "Alpha.txt"]
    assert findings(store) == []


@on_both_databases
def test_copied_container_has_new_ids_all_through(ann: Client, store: Store, document: Document) -> None:
    made(ann, document.container_url, DOCUMENT, title="without a file")
    made(ann, document.container_url, FOLDER, title="Position")
    there = a_dossier(ann, "G")
    response = send(ann, "POST", f"{there}/@copy", {"source": document.container_url})
    copied = got(ann, response.json[0]["target"])

    assert copied["@id"] == f"{there}/dossier-3"
    assert [(one["title"], one["@id"]) for one in copied["items"]] == [
        ("Alpha", f"{copied['@id']}/document-3"),
        ("without a file", f"{copied['@id']}/document-4"),
        ("Position", f"{copied['@id']}/position"),
    ]
    assert findings(store) == []


def test_all_are_moved_or_none(ann: Client, document: Document) -> None:
    other = a_document(ann, document.container_url, title="Other")
    other.post(ann, "@lock")
    there = a_dossier(ann, "G")
    response = send(ann, "POST", f"{there}/@move", {"source": [document.url, other.url]})

    assert response.status == 423
    assert titles(ann, there) == []
    assert document.ask(ann, "GET").status == 200


def test_container_does_not_go_into_itself(ann: Client, folder: str) -> None:
    sub = made(ann, folder, DOSSIER, title="Sub")

    for service, target in (("@move", sub), ("@move", folder), ("@copy", sub)):
        response = send(ann, "POST", f"{target}/{service}", {"source": folder})
        assert (response.status, response.json["type"]) == (400, "BadRequest")


def test_locked_document_is_copied(ann: Client, document: Document) -> None:
    document.post(ann, "@lock")
    there = a_dossier(ann, "G")
    response = send(ann, "POST", f"{there}/@copy", {"source": document.url})

    assert response.status == 200
    assert got(ann, response.json[0]["target"])["is_locked"] is False


# What it costs


def test_statements_do_not_grow_with_the_members(
    serve: Serve, store: Store, ann: Client, folder: str, statements: list[str]
) -> None:
    counts = []
    for more in (3, 20):
        for _ in range(more):
            a_document(ann, folder)
        store.database.close()
        got(ann, BASE)
        statements.clear()
        got(ann, folder)
        counts.append(len(statements))

    assert counts[0] == counts[1] <= 10
    document = a_document(ann, folder)
    statements.clear()
    document.seen_by(ann)
    assert len(statements) <= 4


# Who may see what


@pytest.fixture
def hidden(ann: Client, store: Store, document: Document) -> Document:
    """A document that Bob may not see, in a folder that he may."""
    a_document(ann, document.container_url, title="Open")
    with store.database.write() as tx:
        access.set_closed(tx, node_at(store, ann.ctx, "/F/Alpha.txt").id, is_closed=True)
        access.grant(tx, node_at(store, ann.ctx, "/F/Alpha.txt").id, ann.ctx.principal.id, EVERYTHING.value)
        tx.commit()
    return document


def test_hidden_document_is_not_found_and_not_listed(ann: Client, bob: Client, hidden: Document) -> None:
    uid = hidden.seen_by(ann)["UID"]
    there = a_dossier(bob, "G")

    assert hidden.ask(bob, "GET").status == 404
    assert hidden.ask(bob, "PATCH", "", {"title": "x"}).status == 404
    assert hidden.ask(bob, "GET", "@@download/file").status == 404
    assert (titles(bob, hidden.container_url), got(bob, hidden.container_url)["items_total"]) == (["Open"], 1)
    assert send(bob, "POST", f"{there}/@copy", {"source": [hidden.url, uid]}).json == []
    hidden.post(ann, "@trash")
    assert hidden.ask(bob, "GET").status == 404


@pytest.fixture
def readers(store: Store, document: Document) -> None:
    """Everybody may only read."""
    with store.database.write() as tx:
        access.grant(tx, ROOT_ID, SIGNED_IN_ID, READER.value)
        tx.commit()


@pytest.mark.usefixtures("readers")
@pytest.mark.parametrize(
    ("method", "service", "body"),
    [
        ("PATCH", "", {"title": "x"}),
        ("PATCH", "", {"file": {"data": "x"}}),
        ("DELETE", "", None),
        ("POST", "@trash", None),
    ],
)
def test_who_may_only_read_is_403(
    bob: Client, document: Document, method: str, service: str, body: dict[str, Any] | None
) -> None:
    refused = document.ask(bob, method, service, body)

    assert (refused.status, refused.json["message"]) == (403, "You are not allowed to perform this action.")
    assert document.seen_by(bob)["title"] == "Alpha"


@pytest.mark.usefixtures("readers")
def test_who_may_only_read_makes_and_places_nothing(bob: Client, document: Document) -> None:
    assert send(bob, "POST", document.container_url, {"@type": DOCUMENT}).status == 403
    assert send(bob, "POST", f"{BASE}/@copy", {"source": document.url}).status == 403
    assert send(bob, "POST", f"{BASE}/@move", {"source": document.url}).status == 403


def test_who_may_only_add_is_told_that_it_was_made_and_no_more(
    bob: Client, ann: Client, store: Store, document: Document
) -> None:
    with store.database.write() as tx:
        access.grant(tx, ROOT_ID, SIGNED_IN_ID, Right.BIND.value)
        access.grant(tx, ROOT_ID, ann.ctx.principal.id, EVERYTHING.value)
        tx.commit()

    answer = send(bob, "POST", document.container_url, {"@type": DOCUMENT, "title": "Brought", "file": text_file("x", "b.txt")})

    assert answer.status == 201, answer
    assert answer.headers["location"] == answer.json["@id"] == f"{document.container_url}/{answer.json['UID']}"
    assert send(bob, "GET", answer.json["@id"]).status == 404
    assert got(ann, answer.json["@id"])["title"] == "Brought"


# A file that is taken away


@on_both_databases
def test_file_is_taken_away_by_the_check_in_of_a_working_copy_without_one(ann: Client, bob: Client, document: Document) -> None:
    assert document.ask(ann, "PATCH", fields={"file": None}).json["message"] == "msg_not_checked_out_by_current_user"
    document.post(ann, "@checkout")
    document.patch(ann, {"file": None, "description": "empty"})

    assert document.seen_by(ann)["file"] is None
    assert document.seen_by(bob)["file"]["size"] == len("alpha v0")
    assert bob("GET", "/dav/F/Alpha.txt").body == b"alpha v0"
    assert ann("GET", "/dav/F/Alpha.txt").body == b""

    document.post(ann, "@checkin")
    shown = document.seen_by(bob)
    assert (shown["file"], shown["title"], shown["description"], shown["file_extension"]) == (None, "Alpha", "empty", "")
    assert document.ask(bob, "GET", "@@download/file").status == 404
    assert bob("GET", "/dav/F/Alpha.txt").status == 404
    assert "Alpha.txt" not in members(bob, "/dav/F/")
    assert document.numbers(bob) == [0]

    document.patch(bob, {"file": text_file("again", "new.txt")})
    assert document.file_for(ann) == b"again"
    assert document.numbers(bob) == [1, 0]
    assert members(bob, "/dav/F/") == ["Alpha.txt"]


def test_cancelled_check_out_brings_the_file_back_that_its_working_copy_lost(ann: Client, document: Document) -> None:
    document.post(ann, "@checkout")
    document.patch(ann, {"file": None})
    document.post(ann, "@cancelcheckout")

    assert document.file_for(ann) == b"alpha v0"
    assert ann("GET", "/dav/F/Alpha.txt").body == b"alpha v0"


def test_working_copy_without_a_file_takes_what_the_drive_saves(ann: Client, document: Document) -> None:
    document.post(ann, "@checkout")
    document.patch(ann, {"file": None})
    assert ann("PUT", "/dav/F/Alpha.txt", b"from the drive").status == 204
    document.post(ann, "@checkin")

    assert document.file_for(ann) == b"from the drive"


# People, and the short status


def test_users_and_actors_are_found(ann: Client, root_admin: Client) -> None:
    assert got(ann, f"{BASE}/@users/ann") == {
        "@id": f"{BASE}/@users/ann",
        "id": "ann",
        "username": "ann",
        "fullname": "ann",
        "email": None,
        "roles": ["Member"],
    }
    actor = got(ann, f"{BASE}/@actors/ann")
    assert (actor["@id"], actor["identifier"], actor["actor_type"]) == (f"{BASE}/@actors/ann", "ann", "user")
    admin = root_admin.ctx.principal.name
    assert got(root_admin, f"{BASE}/@users/{admin}")["roles"] == ["Member", "Manager"]
    assert send(ann, "GET", f"{BASE}/@users/nobody").status == 404


def test_status_says_whether_a_document_can_be_worked_on(ann: Client, document: Document) -> None:
    document.post(ann, "@checkout")
    document.post(ann, "@lock")
    status = document.get(ann, "status")

    assert (status["title"], status["checked_out"], status["checked_out_by"]) == ("Alpha", True, "ann")
    assert (status["locked"], status["locked_by"], status["lock_timeout"]) == (True, "ann", 600)
