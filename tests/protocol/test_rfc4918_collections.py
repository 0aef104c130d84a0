"""MKCOL, and GET and HEAD of collections (RFC 4918, 9.3 and 9.4)."""

from __future__ import annotations

import pytest
from sqlalchemy import delete

from davgate.core.store import Store
from davgate.storage.tables import access_grant
from tests.protocol.client import Client
from tests.protocol.databases import on_both_databases
from tests.protocol.multistatus import members, message_of
from tests.protocol.stored import audited


@on_both_databases
@pytest.mark.parametrize("target", ["/dav/folder", "/dav/folder/"])
def test_mkcol_makes_an_empty_collection(ann: Client, target: str) -> None:
    response = ann("MKCOL", target)

    assert (response.status, response.body) == (201, b"")
    assert members(ann, "/dav/") == ["folder/"]
    assert members(ann, "/dav/folder/") == []


@on_both_databases
def test_mkcol_where_something_is_is_405(ann: Client) -> None:
    ann.mkcol("/dav/folder")
    ann.put("/dav/folder/a.txt")

    assert ann("MKCOL", "/dav/folder").status == 405
    assert ann("MKCOL", "/dav/folder/a.txt").status == 405
    assert members(ann, "/dav/folder/") == ["a.txt"]


def test_mkcol_below_what_is_missing_or_no_collection_is_409(ann: Client) -> None:
    ann.put("/dav/a.txt")

    for target in ("/dav/missing/folder", "/dav/missing/deep/folder", "/dav/a.txt/folder"):
        assert ann("MKCOL", target).status == 409, target


@pytest.mark.parametrize(
    "headers", [{}, {"transfer_encoding": "chunked"}, {"content_type": "application/xml"}], ids=["length", "chunked", "typed"]
)
def test_mkcol_with_a_body_is_415_and_makes_nothing(ann: Client, headers: dict[str, str]) -> None:
    response = ann("MKCOL", "/dav/folder", "<x/>", **headers)

    assert response.status == 415
    assert "PROPPATCH" in message_of(response)
    assert members(ann, "/dav/") == []


def test_mkcol_with_chunks_that_hold_nothing_has_no_body(ann: Client) -> None:
    # A proxy that takes HTTP/2 does not know of a request without a length that nothing follows, and begins to send chunks.
    assert ann("MKCOL", "/dav/folder", transfer_encoding="chunked").status == 201


@pytest.mark.parametrize("chunked", [False, True])
def test_body_that_would_be_ignored_is_415_and_nothing_happens(ann: Client, *, chunked: bool) -> None:
    # RFC 4918, 8.4
    ann.put("/dav/a.txt", b"one")
    token = ann.lock("/dav/a.txt")
    headers = {"transfer_encoding": "chunked"} if chunked else {}
    of_locked = {**headers, "if_": f"(<{token}>)"}

    assert ann("UNLOCK", "/dav/a.txt", "<x/>", lock_token=f"<{token}>", **headers).status == 415
    assert ann("COPY", "/dav/a.txt", "<x/>", destination="/dav/b.txt", **of_locked).status == 415
    assert ann("MOVE", "/dav/a.txt", "<x/>", destination="/dav/b.txt", **of_locked).status == 415
    refused = ann("DELETE", "/dav/a.txt", "<x/>", **of_locked)

    assert (refused.status, message_of(refused)) == (415, "DELETE takes no body here. Send none.")
    assert members(ann, "/dav/") == ["a.txt"]
    assert ann("PUT", "/dav/a.txt", b"two", if_=f"(<{token}>)").status == 204


@pytest.mark.parametrize("name", [".versions", ".at", ".trash", ".rescue"])
def test_reserved_folder_cannot_be_made_in_the_root(ann: Client, name: str) -> None:
    assert ann("MKCOL", f"/dav/{name}").status == 403
    assert members(ann, "/dav/") == []


def test_only_the_versions_folder_is_reserved_below_the_root(ann: Client) -> None:
    ann.mkcol("/dav/folder")

    assert ann("MKCOL", "/dav/folder/.versions").status == 403
    for name in (".at", ".trash", ".rescue", ".Versions"):
        assert ann("MKCOL", f"/dav/folder/{name}").status == 201


def test_mkcol_is_audited(ann: Client, store: Store) -> None:
    ann.mkcol("/dav/folder")

    assert audited(store)[-1] == "create"


# GET and HEAD


@pytest.mark.parametrize("target", ["/dav", "/dav/", "/dav/folder", "/dav/folder/", "/dav/.versions/", "/dav/.versions/a.txt"])
def test_head_of_a_collection_is_that_of_its_page(ann: Client, target: str) -> None:
    ann.mkcol("/dav/folder")
    ann.put("/dav/a.txt")

    head, page = ann("HEAD", target), ann("GET", target)

    assert (head.status, page.status) == (200, 200)
    assert page.headers["content-type"] == head.headers["content-type"] == "text/html; charset=utf-8"
    assert "etag" not in head.headers


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "target",
    [
        "/dav/missing",
        "/dav/missing/",
        "/dav/.versions/missing",
        "/dav/.versions/a.txt/0009",
        "/dav/.versions/a.txt/x",
        "/dav/missing/.versions/",
        "/dav/a.txt/.versions/",
    ],
)
def test_missing_resource_is_404(ann: Client, method: str, target: str) -> None:
    ann.put("/dav/a.txt")

    assert ann(method, target).status == 404


@pytest.mark.parametrize("depth", ["0", "1", "infinity", "nonsense"])
def test_get_ignores_depth(ann: Client, depth: str) -> None:
    # RFC 4918, 10.2: only methods that know the header look at it
    ann.put("/dav/a.txt", b"content")

    assert ann("GET", "/dav/a.txt", depth=depth).body == b"content"
    assert ann("GET", "/dav/", depth=depth).status == 200


# The page of a collection


@on_both_databases
def test_page_lists_members_with_every_name_escaped(ann: Client) -> None:
    evil = "<script>alert(1)</script>&\"'.txt"
    ann.put("/dav/%3Cscript%3Ealert(1)%3C%2Fscript%3E".replace("%2F", "%E2%81%84"))
    ann.put("/dav/" + "".join(f"%{byte:02X}" for byte in evil.replace("/", "").encode()))
    ann.mkcol("/dav/javascript%3Aalert(1)")

    response = ann("GET", "/dav/")
    page = response.body.decode()

    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert 'href="/dav/javascript:alert(1)/"' in page
    for link in page.split('href="')[1:]:
        assert link.startswith("/"), link


def test_page_runs_no_scripts_and_is_framed_by_policy(ann: Client) -> None:
    response = ann("GET", "/dav/")

    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "no-referrer"


def test_page_shows_sizes_and_times_and_leads_up_and_to_versions(ann: Client) -> None:
    ann.mkcol("/dav/folder")
    ann.mkcol("/dav/folder/inner")
    ann.put("/dav/folder/inner/a.bin", bytes(1_234_567))

    page = ann("GET", "/dav/folder/inner").body.decode()

    assert "1.2 MB" in page
    assert "2026-11-20 12:00" in page
    assert 'href="/dav/folder/"' in page
    assert 'href="/dav/folder/inner/.versions/' in page


def test_empty_collection_has_a_page(ann: Client) -> None:
    assert "empty" in ann("GET", "/dav/").body.decode()


@pytest.mark.parametrize(
    ("name", "media_type"),
    [("a.html", "text/html"), ("a.svg", "image/svg+xml"), ("a.xml", None), ("a.xhtml", "application/xhtml+xml")],
)
def test_active_content_is_sent_into_a_sandbox(ann: Client, name: str, media_type: str | None) -> None:
    # A page that runs with the reader's rights could read the whole drive.
    ann("PUT", f"/dav/{name}", b"<x/>", **({"content_type": media_type} if media_type else {}))

    response = ann("GET", f"/dav/{name}")

    assert response.headers["content-security-policy"] == "sandbox"
    assert response.headers["x-content-type-options"] == "nosniff"


def test_start_page_needs_no_sign_in_and_names_the_drive(nobody: Client) -> None:
    response = nobody("GET", "/", host='drive.test"><script>')

    page = response.body.decode()
    assert response.status == 200
    assert "<script>" not in page
    assert "/dav/" in page
    assert "default-src 'none'" in response.headers["content-security-policy"]


# What one may not read does not exist


def test_collection_of_others_is_not_there(ann: Client, store: Store) -> None:
    ann.mkcol("/dav/folder")
    ann.put("/dav/folder/a.txt")
    with store.database.engine.begin() as connection:
        connection.execute(delete(access_grant))

    for target in ("/dav/", "/dav/folder/", "/dav/folder/a.txt", "/dav/.versions/"):
        assert ann("PROPFIND", target, depth="0").status == 404
        assert ann("GET", target).status == 404
        assert ann("HEAD", target).status == 404
    assert ann("PUT", "/dav/folder/a.txt", b"two").status in (404, 409)
