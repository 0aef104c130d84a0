"""The folders that show the past: ``.versions`` in every collection."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote

import pytest

from davgate.config import DriveConfig
from davgate.core.store import Store
from tests.protocol.client import HOST, Client, lockinfo
from tests.protocol.conftest import Serve
from tests.protocol.databases import on_both_databases
from tests.protocol.multistatus import entries, members, message_of, prop_of, propfind
from tests.protocol.stored import history, origins
from tests.unit.filed import made, save

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
FIRST = "/dav/.versions/a.docx/0001%202026-11-20%2012.00%20ann.docx"
SECOND = "/dav/.versions/a.docx/0002%202026-11-20%2014.05%20bob.docx"
CONTENTS = {FIRST: b"0123456789", SECOND: b"abcdefghij"}


@pytest.fixture
def document(ann: Client, bob: Client) -> str:
    """A document with two versions, the second by another author two hours later."""
    ann.put("/dav/a.docx", CONTENTS[FIRST])
    ann.clock.advance(timedelta(hours=2, minutes=5))
    bob.put("/dav/a.docx", CONTENTS[SECOND])
    return "/dav/a.docx"


@on_both_databases
def test_every_version_is_listed_the_current_one_included(ann: Client, document: str) -> None:
    found = propfind(ann, "/dav/.versions/a.docx/", "resourcetype", "getetag", depth="1")

    assert list(found) == ["/dav/.versions/a.docx/", FIRST, SECOND]
    assert found[SECOND]["getetag"] == prop_of(ann, document, "getetag")


@on_both_databases
def test_folder_of_a_document_is_there_from_its_first_version_on(ann: Client) -> None:
    ann("PUT", "/dav/a.docx")
    assert members(ann, "/dav/.versions/") == []
    assert ann("PROPFIND", "/dav/.versions/a.docx/", depth="1").status == 404

    ann.put("/dav/a.docx", b"content")

    assert members(ann, "/dav/.versions/") == ["a.docx/"]
    assert members(ann, "/dav/.versions/a.docx/") == ["0001 2026-11-20 12.00 ann.docx"]


@pytest.mark.parametrize("address", CONTENTS)
def test_version_is_read_like_a_document(ann: Client, document: str, address: str) -> None:
    whole = ann("GET", address)

    assert whole.body == CONTENTS[address]
    assert whole.headers["content-type"] == DOCX
    assert whole.headers["accept-ranges"] == "bytes"
    assert ann("HEAD", address).headers == whole.headers
    part = ann("GET", address, range="bytes=2-4")
    assert (part.status, part.body) == (206, CONTENTS[address][2:5])
    assert ann("GET", address, if_none_match=whole.etag).status == 304
    assert ann("GET", address, if_match='"0000"').status == 412
    (entry,) = propfind(ann, address, "getetag", "getcontentlength", "getcontenttype", "getlastmodified").values()
    assert entry["getetag"] == whole.etag
    assert entry["getcontentlength"] == "10"
    assert entry["getcontenttype"] == DOCX
    assert entry["getlastmodified"] == whole.headers["last-modified"]


def test_validators_of_a_version_are_its_own(ann: Client, document: str) -> None:
    first, second = (ann("HEAD", address) for address in CONTENTS)

    assert first.etag != second.etag
    assert first.headers["last-modified"] == "Fri, 20 Nov 2026 12:00:00 GMT"
    assert second.headers["last-modified"] == "Fri, 20 Nov 2026 14:05:00 GMT"


@pytest.mark.parametrize("address", [FIRST, f"http://{HOST}{FIRST}", "/dav/.versions/a.docx/1"])
def test_tagged_if_may_name_the_version_that_is_asked_for(ann: Client, document: str, address: str) -> None:
    etag = ann("HEAD", FIRST).etag

    assert ann("GET", FIRST, if_=f"<{address}> ([{etag}])").status == 200
    assert ann("GET", FIRST, if_=f"<{address}> (Not [{etag}])").status == 412
    assert ann("COPY", FIRST, destination="/dav/b.docx", if_=f"<{address}> (Not [{etag}])").status == 412
    assert ann("COPY", FIRST, destination="/dav/b.docx", if_=f"<{address}> ([{etag}])").status == 201


def test_validators_of_an_open_version_follow_its_bytes(ann: Client) -> None:
    address, second = "/dav/.versions/a.docx/2", timedelta(seconds=1)
    ann.put("/dav/a.docx", b"zero")
    held = f"(<{ann.lock('/dav/a.docx')}>)"
    ann("PUT", "/dav/a.docx", b"one", if_=held)
    before = ann("HEAD", address).headers["last-modified"]
    ann.clock.advance(second)
    ann("PUT", "/dav/a.docx", b"two", if_=held)

    now = ann("GET", address, if_modified_since=before)

    assert (now.status, now.body) == (200, b"two")
    # A program that has a part of the former bytes would put it together with one of these.
    assert ann("GET", address, range="bytes=1-", if_range=before).status == 200
    assert now.headers["last-modified"] == ann("HEAD", "/dav/a.docx").headers["last-modified"] == "Fri, 20 Nov 2026 12:00:01 GMT"
    assert prop_of(ann, address, "getlastmodified") == now.headers["last-modified"]


@pytest.mark.parametrize(
    ("method", "place"),
    [
        ("PROPFIND", FIRST),
        ("PROPFIND", "/dav/.versions/"),
        ("PROPFIND", "/dav/.versions/a.docx/"),
        ("PROPFIND", "/dav/.at/2026-11-20T12:00/a.docx"),
        ("PROPFIND", "/dav/.at/2026-11-20T12:00/"),
        ("PROPFIND", "/dav/.trash/"),
        ("GET", "/dav/.versions/"),
        ("HEAD", "/dav/.at/"),
    ],
)
def test_conditions_are_held_against_what_is_shown_of_the_past(ann: Client, document: str, method: str, place: str) -> None:
    etag = ann("HEAD", FIRST).etag
    is_file = place.endswith("docx")

    assert ann(method, place, depth="0", if_='(["0000"])').status == 412
    assert ann(method, place, depth="0", if_match='"0000"').status == 412
    assert ann(method, place, depth="0", if_match=etag).status == (207 if is_file else 412)
    assert ann(method, place, depth="0", if_='(Not ["0000"])', if_match="*").status in (200, 207)


@pytest.mark.parametrize("name", ["0001", "1", "0001%20whatever.docx", "001.docx"])
def test_leading_number_decides_and_the_rest_is_for_people(ann: Client, document: str, name: str) -> None:
    assert ann.get(f"/dav/.versions/a.docx/{name}") == CONTENTS[FIRST]


@pytest.mark.parametrize("name", ["0", "0003", "x", "0001x/y", "99999999999", "-1", "%EF%BC%91"])
def test_number_that_no_version_has_is_404(ann: Client, document: str, name: str) -> None:
    assert ann.status_of(f"/dav/.versions/a.docx/{name}") == 404
    assert ann("PROPFIND", f"/dav/.versions/a.docx/{name}", depth="0").status == 404


def test_collections_and_what_is_missing_have_no_versions(ann: Client, document: str) -> None:
    ann.mkcol("/dav/folder")

    assert members(ann, "/dav/.versions/") == ["a.docx/"]
    assert ann("PROPFIND", "/dav/.versions/folder/", depth="1").status == 404
    assert ann("PROPFIND", "/dav/.versions/missing/", depth="1").status == 404
    assert members(ann, "/dav/folder/.versions/") == []


def test_versions_follow_their_document(ann: Client, document: str) -> None:
    ann.mkcol("/dav/folder")
    ann("MOVE", document, destination="/dav/folder/b.docx")

    assert members(ann, "/dav/.versions/") == []
    assert members(ann, "/dav/folder/.versions/b.docx/") == ["0001 2026-11-20 12.00 ann.docx", "0002 2026-11-20 14.05 bob.docx"]


def test_folder_is_not_listed_but_always_reachable(ann: Client, document: str) -> None:
    assert members(ann, "/dav/") == ["a.docx"]
    assert ">.versions" not in ann("GET", "/dav/").body.decode()
    assert ann("PROPFIND", "/dav/.versions", depth="0").status == 207


def test_folder_is_listed_where_it_is_configured(ann: Client, document: str, store: Store, serve: Serve) -> None:
    listing = ann.through(serve(store, drive=DriveConfig(list_versions_folder=True)))
    listing.mkcol("/dav/folder")

    assert members(listing, "/dav/") == [".versions/", "a.docx", "folder/"]
    assert members(listing, "/dav/folder/") == [".versions/"]
    assert list(propfind(listing, "/dav/", "resourcetype", depth="0")) == ["/dav/"]


# Nothing is written there


@pytest.mark.parametrize(
    ("method", "headers", "body"),
    [
        ("PUT", {}, b"new"),
        ("DELETE", {}, b""),
        ("MKCOL", {}, b""),
        ("MOVE", {"destination": "/dav/b.docx"}, b""),
        ("PROPPATCH", {}, b'<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><a/></D:prop></D:set></D:propertyupdate>'),
        ("LOCK", {}, lockinfo().encode()),
        ("UNLOCK", {"lock_token": "<opaquelocktoken:1>"}, b""),
    ],
    ids=["PUT", "DELETE", "MKCOL", "MOVE", "PROPPATCH", "LOCK", "UNLOCK"],
)
def test_write_into_the_past_is_403_with_a_reason(
    ann: Client, document: str, method: str, headers: dict[str, str], body: bytes
) -> None:
    for target in ("/dav/.versions", "/dav/.versions/a.docx/", FIRST, "/dav/.versions/a.docx/0009", "/dav/.versions/new.txt"):
        response = ann(method, target, body, **headers)
        assert response.status == 403, target
        assert "cannot be changed" in message_of(response)
    assert [ann.get(address) for address in CONTENTS] == list(CONTENTS.values())


@pytest.mark.parametrize("method", ["COPY", "MOVE"])
def test_nothing_is_copied_or_moved_into_the_past(ann: Client, document: str, method: str) -> None:
    ann.put("/dav/b.docx")

    for destination in ("/dav/.versions/", "/dav/.versions/b.docx", FIRST):
        assert ann(method, "/dav/b.docx", destination=destination).status == 403
    assert ann.status_of("/dav/b.docx") == 200


def test_version_cannot_be_locked_and_says_so(ann: Client, document: str) -> None:
    (entry,) = entries(ann("PROPFIND", FIRST, depth="0")).values()

    assert len(entry.properties["supportedlock"].element) == 0


# Copying out restores


@on_both_databases
def test_copy_onto_its_document_restores_as_the_next_version(ann: Client, document: str, store: Store) -> None:
    response = ann("COPY", FIRST, destination=document)

    assert response.status == 204
    assert ann.get(document) == CONTENTS[FIRST]
    assert [(version.no, version.cause.value) for version in history(store, ann.ctx, "/a.docx")] == [
        (1, "created"),
        (2, "save"),
        (3, "revert"),
    ]
    assert origins(store)[-1] == "version 1"


@on_both_databases
def test_copy_onto_another_name_makes_a_document(ann: Client, document: str, store: Store) -> None:
    response = ann("COPY", FIRST, destination="/dav/old%20draft.docx")

    assert response.status == 201
    assert ann.get("/dav/old%20draft.docx") == CONTENTS[FIRST]
    assert ann.get(document) == CONTENTS[SECOND]
    assert ann("GET", "/dav/old%20draft.docx").headers["content-type"] == DOCX
    assert [version.no for version in history(store, ann.ctx, "/old draft.docx")] == [1]
    assert origins(store)[-1] == "copy of /a.docx, version 1"


def test_copy_of_the_current_version_onto_its_document_changes_nothing(ann: Client, document: str, store: Store) -> None:
    assert ann("COPY", SECOND, destination=document).status == 204
    assert len(history(store, ann.ctx, "/a.docx")) == 2


def test_copy_onto_another_document_is_its_next_version(ann: Client, document: str, store: Store) -> None:
    ann.put("/dav/b.docx", b"other")

    assert ann("COPY", FIRST, destination="/dav/b.docx", overwrite="F").status == 412
    assert ann("COPY", FIRST, destination="/dav/b.docx").status == 204
    assert [version.no for version in history(store, ann.ctx, "/b.docx")] == [1, 2]


@on_both_databases
def test_copy_onto_a_folder_takes_its_place(ann: Client, document: str) -> None:
    # RFC 4918, 9.8.4; a 405 would say that a version cannot be copied (RFC 9110, 15.5.6)
    ann.mkcol("/dav/folder")
    ann.put("/dav/folder/b.txt", b"member")

    assert ann("COPY", FIRST, destination="/dav/folder/", overwrite="F").status == 412
    response = ann("COPY", FIRST, destination="/dav/folder/")

    assert (response.status, "allow" in response.headers) == (204, False)
    assert ann.get("/dav/folder") == CONTENTS[FIRST]
    (deleted,) = members(ann, "/dav/.trash/")
    assert ann.get(f"/dav/.trash/{quote(deleted)}b.txt") == b"member"


@on_both_databases
def test_restoring_onto_a_locked_document_needs_its_token(ann: Client, bob: Client, document: str) -> None:
    token = ann.lock(document)

    assert bob("COPY", FIRST, destination=document).status == 423
    assert ann("COPY", FIRST, destination=document).status == 423
    assert ann("COPY", FIRST, destination=document, if_=f"<{document}> (<{token}>)").status == 204


def test_conditions_of_a_restoring_copy_are_held_against_the_version(ann: Client, document: str) -> None:
    # RFC 9110, 13.1.1: they name the target of the request, which is the source of a copy
    etag = ann("HEAD", FIRST).etag
    current = ann("HEAD", document).etag

    assert ann("COPY", FIRST, destination=document, if_match=current).status == 412
    assert ann("COPY", FIRST, destination=document, if_match=etag).status == 204


@pytest.mark.parametrize(
    ("source", "destination", "status"),
    [
        (FIRST, "/dav/missing/b.docx", 409),
        (FIRST, "/dav/", 403),
        (FIRST, "/dav/.trash", 403),
        ("/dav/.versions/a.docx/0009", "/dav/b.docx", 404),
        ("/dav/.versions/missing.docx/0001", "/dav/b.docx", 404),
        ("/dav/.versions/a.docx/", "/dav/b", 403),
        ("/dav/.versions/", "/dav/b", 403),
    ],
)
def test_copy_out_of_the_past_that_cannot_be_is_refused(
    ann: Client, document: str, source: str, destination: str, status: int
) -> None:
    ann.mkcol("/dav/folder")

    assert ann("COPY", source, destination=destination).status == status
    assert members(ann, "/dav/") == ["a.docx", "folder/"]


@pytest.mark.parametrize(
    ("name", "reason"), [("0009", "/a.docx has no version 9"), ("draft.docx", "/a.docx has no version of this name")]
)
@pytest.mark.parametrize("method", ["GET", "PROPFIND"])
def test_version_that_is_not_there_is_404_and_the_document_is_not_said_to_be_missing(
    ann: Client, document: str, name: str, reason: str, method: str
) -> None:
    answer = ann(method, f"/dav/.versions/a.docx/{name}", depth="0")

    assert answer.status == 404
    assert message_of(answer).startswith(reason)


def test_version_without_content_is_no_file(ann: Client, store: Store) -> None:
    node = made(store, ann.ctx, None, title="A")
    save(store, ann.ctx, node.id, b"content")
    (second,) = members(ann, "/dav/.versions/a.txt/")
    assert second.startswith("0002 ")

    assert ann("GET", "/dav/.versions/a.txt/0001").status == 404
    assert ann("PROPFIND", "/dav/.versions/a.txt/0001", depth="0").status == 404
    assert not prop_of(ann, f"/dav/.versions/a.txt/{quote(second)}", "predecessor-set")
