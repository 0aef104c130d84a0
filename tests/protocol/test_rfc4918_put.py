"""PUT (RFC 4918, 9.7; RFC 9110, 9.3.4): what is stored, what is refused, what becomes a version."""

from __future__ import annotations

import hashlib
import io
from datetime import timedelta

import pytest

from davgate.core.store import Policy, Store
from davgate.core.upkeep import tidy
from davgate.http.body import BodyCut, BodyMalformed
from tests.builders import with_policy
from tests.protocol.client import SET_AUTHOR, Client
from tests.protocol.conftest import Serve
from tests.protocol.databases import on_both_databases
from tests.protocol.multistatus import members, message_of, prop_of, propfind
from tests.protocol.stored import history


class CutBody(io.BytesIO):
    """A body whose sender goes away after its bytes, before the announced end."""

    def read(self, size: int | None = -1, /) -> bytes:
        block = super().read(size)
        if not block:
            raise BodyCut("The client left before it sent the body.")
        return block


class BrokenChunks(io.BytesIO):
    """A body whose framing is broken."""

    def read(self, size: int | None = -1, /) -> bytes:
        raise BodyMalformed("The chunked coding is broken.")


@on_both_databases
@pytest.mark.parametrize("content", [b"one", bytes(range(256)) * 999], ids=["in-the-database", "in-a-file"])
def test_put_of_a_new_name_is_201_and_makes_version_1(ann: Client, store: Store, content: bytes) -> None:
    response = ann("PUT", "/dav/a.bin", content)

    assert response.status == 201
    assert response.etag == f'"{hashlib.sha256(content).hexdigest().upper()}"'
    assert response.headers["last-modified"] == "Fri, 20 Nov 2026 12:00:00 GMT"
    assert ann.get("/dav/a.bin") == content
    assert [version.no for version in history(store, ann.ctx, "/a.bin")] == [1]


@on_both_databases
def test_put_of_other_bytes_is_204_and_makes_the_next_version(ann: Client, bob: Client, store: Store) -> None:
    first = ann("PUT", "/dav/a.txt", b"one")
    second = bob("PUT", "/dav/a.txt", b"two")

    assert second.status == 204
    assert second.etag != first.etag
    assert ann.get("/dav/a.txt") == b"two"
    assert [(version.no, version.author) for version in history(store, ann.ctx, "/a.txt")] == [(1, "ann"), (2, "bob")]


@on_both_databases
def test_put_of_identical_bytes_is_204_with_the_same_validators_and_no_version(ann: Client, store: Store) -> None:
    first = ann("PUT", "/dav/a.txt", b"one")
    ann.clock.advance(timedelta(minutes=1))

    second = ann("PUT", "/dav/a.txt", b"one")

    assert second.status == 204
    assert (second.etag, second.headers["last-modified"]) == (first.etag, first.headers["last-modified"])
    assert len(history(store, ann.ctx, "/a.txt")) == 1


def test_equal_length_in_the_same_instant_has_another_etag(ann: Client) -> None:
    tags = {ann("PUT", "/dav/a.txt", content).etag for content in (b"one", b"two", b"six")}

    assert len(tags) == 3


def test_put_keeps_identity_creation_date_and_dead_properties(ann: Client) -> None:
    ann.put("/dav/a.txt", b"one")
    ann("PROPPATCH", "/dav/a.txt", SET_AUTHOR)
    asked = ("creationdate", "{urn:x}author")
    (before,) = propfind(ann, "/dav/a.txt", *asked).values()
    ann.clock.advance(timedelta(minutes=1))

    ann.put("/dav/a.txt", b"two")

    (after,) = propfind(ann, "/dav/a.txt", *asked).values()
    assert [after[name] for name in asked] == [before[name] for name in asked]


def test_chunked_put_is_stored_whole(ann: Client) -> None:
    assert ann("PUT", "/dav/a.bin", bytes(300_000), transfer_encoding="chunked").status == 201
    assert ann.get("/dav/a.bin") == bytes(300_000)


@pytest.mark.parametrize(
    ("headers", "stored"),
    [
        ({"content_type": "application/x-own; charset=utf-8"}, "application/x-own; charset=utf-8"),
        ({}, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ({"content_type": "application/octet-stream"}, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ],
    ids=["declared", "by-name", "declared-as-unknown"],
)
def test_media_type_is_the_declared_one_or_that_of_the_name(ann: Client, headers: dict[str, str], stored: str) -> None:
    ann("PUT", "/dav/a.docx", b"content", **headers)

    assert ann("GET", "/dav/a.docx").headers["content-type"] == stored


# Pending documents: an empty PUT is the first step of a program that is about to write


@on_both_databases
def test_empty_put_of_a_new_name_is_pending_until_its_first_content(ann: Client, bob: Client, store: Store) -> None:
    pending = ann("PUT", "/dav/a.txt")

    assert pending.status == 201
    assert bob("GET", "/dav/a.txt").headers["content-length"] == "0"
    assert prop_of(bob, "/dav/a.txt", "getcontentlength") == "0"
    assert history(store, ann.ctx, "/a.txt") == ()

    content = ann("PUT", "/dav/a.txt", b"content", if_match=pending.etag)

    assert content.status == 204
    assert content.etag != pending.etag
    assert [version.no for version in history(store, ann.ctx, "/a.txt")] == [1]


def test_second_empty_put_leaves_the_document_pending(ann: Client, store: Store) -> None:
    first = ann("PUT", "/dav/a.txt")

    second = ann("PUT", "/dav/a.txt")

    assert second.status == 204
    assert second.etag == first.etag
    assert history(store, ann.ctx, "/a.txt") == ()


def test_pending_document_is_locked_moved_copied_and_deleted_like_any_other(ann: Client, store: Store) -> None:
    ann("PUT", "/dav/a.txt")
    token = ann.lock("/dav/a.txt")
    assert ann("MOVE", "/dav/a.txt", destination="/dav/b.txt", if_=f"(<{token}>)").status == 201
    assert ann("COPY", "/dav/b.txt", destination="/dav/c.txt").status == 201
    assert ann("DELETE", "/dav/b.txt").status == 204

    assert members(ann, "/dav/") == ["c.txt"]
    assert history(store, ann.ctx, "/c.txt") == ()


def test_pending_document_becomes_an_empty_version_when_nothing_follows(ann: Client, store: Store) -> None:
    pending = ann("PUT", "/dav/a.txt")
    ann.clock.advance(timedelta(hours=1))

    assert tidy(store).settled == 1

    assert [version.content.length_bytes for version in history(store, ann.ctx, "/a.txt")] == [0]
    # davfs2 goes on with the tag that it was given, and puts what is then refused aside.
    assert ann("PUT", "/dav/a.txt", b"content", if_match=pending.etag).status == 204


# Refusals: the old content stays


@pytest.mark.parametrize("value", ["bytes 0-3/10", "bytes 0-9/10", "bytes 4-/*", "nonsense"])
def test_part_of_a_document_is_400_and_changes_nothing(ann: Client, value: str) -> None:
    ann.put("/dav/a.txt", b"0123456789")

    response = ann("PUT", "/dav/a.txt", b"abcd", content_range=value)

    assert response.status == 400
    assert "Content-Range" in message_of(response)
    assert ann.get("/dav/a.txt") == b"0123456789"
    assert ann("PUT", "/dav/new.txt", b"abcd", content_range=value).status == 400
    assert members(ann, "/dav/") == ["a.txt"]


@on_both_databases
@pytest.mark.parametrize("body", [CutBody(b"abcd"), CutBody(b""), BrokenChunks()], ids=["cut", "nothing-came", "broken-chunks"])
def test_body_that_does_not_arrive_is_400_and_changes_nothing(ann: Client, store: Store, body: io.BytesIO) -> None:
    ann.put("/dav/a.txt", b"0123456789")
    etag = prop_of(ann, "/dav/a.txt", "getetag")

    for target in ("/dav/a.txt", "/dav/new.txt"):
        body.seek(0)
        assert ann.send("PUT", target, body, content_length="10").status == 400

    assert (ann.get("/dav/a.txt"), prop_of(ann, "/dav/a.txt", "getetag")) == (b"0123456789", etag)
    assert members(ann, "/dav/") == ["a.txt"]
    assert len(history(store, ann.ctx, "/a.txt")) == 1


@pytest.mark.parametrize("expected", ["3", "5", "0"])
def test_other_length_than_the_finder_expects_is_400_and_changes_nothing(ann: Client, expected: str) -> None:
    ann.put("/dav/a.txt", b"0123456789")

    response = ann("PUT", "/dav/a.txt", b"abcd", transfer_encoding="chunked", x_expected_entity_length=expected)

    assert response.status == 400
    assert ann.get("/dav/a.txt") == b"0123456789"


def test_length_that_the_finder_expects_is_stored(ann: Client) -> None:
    response = ann("PUT", "/dav/a.txt", b"abcd", transfer_encoding="chunked", x_expected_entity_length="4")

    assert response.status == 201


def test_put_below_what_is_missing_or_no_collection_is_409(ann: Client) -> None:
    ann.put("/dav/a.txt")

    for target in ("/dav/missing/b.txt", "/dav/missing/deep/b.txt", "/dav/a.txt/b.txt"):
        assert ann("PUT", target, b"content").status == 409, target


def test_put_above_the_limit_is_413_and_changes_nothing(ann: Client, store: Store, serve: Serve) -> None:
    ann.put("/dav/a.txt", b"small")
    limited = ann.through(serve(with_policy(store, Policy(upload_limit_bytes=1000))))

    assert limited("PUT", "/dav/a.txt", bytes(1001)).status == 413
    assert limited("PUT", "/dav/a.txt", bytes(1000)).status == 204
    assert limited("PUT", "/dav/b.txt", bytes(1001), transfer_encoding="chunked").status == 413
    assert members(ann, "/dav/") == ["a.txt"]


@pytest.mark.parametrize(("length", "headers"), [(100_000, {}), (7, {"expect": "100-continue"})], ids=["long", "asked-for"])
def test_refused_put_does_not_read_its_body(ann: Client, bob: Client, length: int, headers: dict[str, str]) -> None:
    ann.put("/dav/a.txt")
    ann.lock("/dav/a.txt")
    unread = io.BytesIO(bytes(length))

    assert bob.send("PUT", "/dav/a.txt", unread, content_length=str(length), **headers).status == 423
    assert unread.tell() == 0


def test_small_body_is_taken_in_and_refused_all_the_same(ann: Client, bob: Client) -> None:
    ann.put("/dav/a.txt", b"old")
    ann.lock("/dav/a.txt")

    assert bob.send("PUT", "/dav/a.txt", io.BytesIO(b"content"), content_length="7").status == 423
    assert bob.get("/dav/a.txt") == b"old"


def test_coded_body_is_refused_and_nothing_changes(ann: Client) -> None:
    ann.put("/dav/a.txt", b"old")

    assert ann("PUT", "/dav/a.txt", b"\x1f\x8b", content_encoding="gzip").status == 415
    assert ann("PUT", "/dav/a.txt", b"new", content_encoding="identity").status == 204
    # RFC 9110, 8.4.1: codings have no case.
    assert ann("PUT", "/dav/a.txt", b"new", content_encoding="Identity").status == 204
    assert ann.get("/dav/a.txt") == b"new"


def test_time_that_a_sync_program_sends_is_kept_and_said_to_be(ann: Client) -> None:
    response = ann("PUT", "/dav/a.txt", b"x", x_oc_mtime="1700000000.25")

    assert (response.status, response.headers["x-oc-mtime"]) == (201, "accepted")
    assert "Tue, 14 Nov 2023 22:13:20 GMT" in ann("PROPFIND", "/dav/a.txt", depth="0").body.decode()
    assert ann("HEAD", "/dav/a.txt").headers["last-modified"] == "Fri, 20 Nov 2026 12:00:00 GMT"


@pytest.mark.parametrize("time", ["x", "nan", "inf", "1e300"])
def test_time_that_means_nothing_is_refused_and_nothing_is_stored(ann: Client, time: str) -> None:
    assert ann("PUT", "/dav/a.txt", b"x", x_oc_mtime=time).status == 400
    assert ann.status_of("/dav/a.txt") == 404
