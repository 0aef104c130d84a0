"""OPTIONS, methods nobody knows, and methods that a kind of resource does not take.

RFC 4918, 10.1; RFC 9110, 9.3.7 and 15.5.6.
"""

from __future__ import annotations

import pytest

from tests.protocol.client import Client
from tests.protocol.multistatus import entries, propfind

METHODS = {"OPTIONS", "GET", "HEAD", "PROPFIND", "PUT", "DELETE", "MKCOL", "COPY", "MOVE", "PROPPATCH", "LOCK", "UNLOCK"}
METHODS |= {"REPORT", "VERSION-CONTROL", "CHECKOUT", "CHECKIN", "UNCHECKOUT", "LABEL"}


@pytest.mark.parametrize(
    "target", ["/dav/", "/dav", "/dav/a.txt", "/dav/missing/deep", "/dav/.versions/a.txt/", "/", "*"], ids=lambda target: target
)
def test_options_tells_classes_and_methods_before_sign_in(nobody: Client, ann: Client, target: str) -> None:
    ann.put("/dav/a.txt")

    response = nobody("OPTIONS", target)

    assert response.status == 200
    assert response.headers["dav"].split(", ")[:3] == ["1", "2", "3"]
    assert set(response.headers["allow"].split(", ")) == METHODS
    assert response.headers["ms-author-via"] == "DAV"
    assert response.headers["accept-ranges"] == "bytes"
    assert response.headers["content-length"] == "0"


def test_options_with_wrong_credentials_is_answered_all_the_same(nobody: Client) -> None:
    assert nobody("OPTIONS", "/dav/", authorization="Basic bm9ib2R5OndoYXRldmVy").status == 200


@pytest.mark.parametrize("method", ["POST", "PATCH", "MERGE", "BASELINE-CONTROL", "SEARCH", "NONSENSE"])
def test_unknown_method_is_405_with_allow(ann: Client, method: str) -> None:
    ann.put("/dav/a.txt")

    for target in ("/dav/", "/dav/a.txt", "/dav/missing", "/dav/.versions/"):
        response = ann(method, target)
        assert response.status == 405, target
        assert set(response.headers["allow"].split(", ")) == METHODS
        assert b'code="unknown-method"' in response.body


def test_put_on_a_collection_is_405_with_allow(ann: Client) -> None:
    ann.mkcol("/dav/folder")

    for target in ("/dav/folder", "/dav/folder/", "/dav/", "/dav/new/"):
        response = ann("PUT", target, b"content")
        assert response.status == 405, target
        assert "MKCOL" in response.headers["allow"]


def test_mkcol_where_something_is_is_405_with_allow(ann: Client) -> None:
    ann.mkcol("/dav/folder")
    ann.put("/dav/a.txt")

    for target in ("/dav/folder/", "/dav/a.txt", "/dav/"):
        response = ann("MKCOL", target)
        assert response.status == 405, target
        assert "PROPFIND" in response.headers["allow"]


def test_pages_beside_the_drive_take_no_writes(ann: Client) -> None:
    for target in ("/", "/healthz", "/readyz", "/metrics"):
        response = ann("PUT", target, b"content")
        assert response.status == 405, target
        assert response.headers["allow"] == "OPTIONS, GET, HEAD"


# Addresses above the drive: Explorer, Office and LibreOffice look at each of them.


def test_propfind_of_the_server_root_shows_the_way_to_the_drive(ann: Client) -> None:
    assert list(propfind(ann, "/", "resourcetype")) == ["/"]
    assert list(propfind(ann, "/", "resourcetype", depth="1")) == ["/", "/dav/"]


def test_propfind_above_the_drive_asks_for_a_sign_in(nobody: Client) -> None:
    assert nobody("PROPFIND", "/", depth="0").status == 401


def test_folder_above_the_drive_cannot_be_locked(ann: Client) -> None:
    (entry,) = entries(ann("PROPFIND", "/", depth="0")).values()

    assert len(entry.properties["supportedlock"].element) == 0


def test_head_of_the_server_root_is_200(nobody: Client) -> None:
    assert nobody("HEAD", "/").status == 200


def test_nothing_is_beside_the_drive(ann: Client) -> None:
    assert ann("PROPFIND", "/elsewhere", depth="0").status == 404
    assert ann("GET", "/davx/a.txt").status == 404
