"""Range requests (RFC 9110, 14)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.protocol.client import Client

DIGITS = b"0123456789"
LARGE = bytes(range(256)) * 1024
MODIFIED = "Fri, 20 Nov 2026 12:00:00 GMT"


@pytest.fixture
def etag(ann: Client) -> str:
    """The tag of a document of ten digits at /dav/a.txt, modified at MODIFIED."""
    return ann.put("/dav/a.txt", DIGITS).etag


def test_whole_document_says_that_it_has_ranges(ann: Client, etag: str) -> None:
    assert ann("GET", "/dav/a.txt").headers["accept-ranges"] == "bytes"
    assert ann("HEAD", "/dav/a.txt").headers["accept-ranges"] == "bytes"


@pytest.mark.parametrize(
    ("value", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=2-5", 2, 5),
        ("bytes=7-", 7, 9),
        ("bytes=-3", 7, 9),
        ("bytes=-99", 0, 9),
        ("bytes=5-99", 5, 9),
        ("bytes=0-", 0, 9),
        ("BYTES=1-2", 1, 2),
        ("bytes= 1-2", 1, 2),
        ("bytes=1-2,", 1, 2),
        ("bytes=1-2,3-4", 1, 4),
        ("bytes=3-5,1-4", 1, 5),
        ("bytes=1-2,99-", 1, 2),
    ],
)
def test_range_is_206_with_just_that_part(ann: Client, etag: str, value: str, first: int, last: int) -> None:
    response = ann("GET", "/dav/a.txt", range=value)

    assert response.status == 206
    assert response.body == DIGITS[first : last + 1]
    assert response.headers["content-range"] == f"bytes {first}-{last}/10"
    assert (response.etag, response.headers["last-modified"]) == (etag, MODIFIED)


@pytest.mark.parametrize(
    "value",
    [
        "bytes=5-2",
        "bytes=a-b",
        "bytes=",
        "bytes",
        "bytes=1",
        "bytes=--1",
        "lines=1-2",
        "2-5",
        "",
        "bytes=0-0,9-9",
        "bytes=0-0," * 200,
    ],
    ids=[
        "backwards",
        "letters",
        "empty",
        "no-equals",
        "no-dash",
        "two-dashes",
        "unit",
        "no-unit",
        "nothing",
        "apart",
        "hundreds",
    ],
)
def test_range_that_is_malformed_or_not_one_part_is_ignored(ann: Client, etag: str, value: str) -> None:
    response = ann("GET", "/dav/a.txt", range=value)

    assert response.status == 200
    assert response.body == DIGITS
    assert "content-range" not in response.headers


@pytest.mark.parametrize("value", ["bytes=10-", "bytes=10-20", "bytes=-0", "bytes=99-,50-60"])
def test_range_beyond_the_end_is_416_with_the_length(ann: Client, etag: str, value: str) -> None:
    response = ann("GET", "/dav/a.txt", range=value)

    assert response.status == 416
    assert response.headers["content-range"] == "bytes */10"


@pytest.mark.parametrize("value", ["bytes=0-0", "bytes=-1", "bytes=5-"])
def test_range_of_an_empty_document_is_the_whole(ann: Client, value: str) -> None:
    ann.put("/dav/empty.txt", b"")

    response = ann("GET", "/dav/empty.txt", range=value)

    assert (response.status, response.headers["content-length"]) == (200, "0")


@pytest.mark.parametrize(("first", "last"), [(0, 99), (1000, 200_000), (262_000, 262_143)])
def test_range_of_content_in_a_file(ann: Client, first: int, last: int) -> None:
    ann.put("/dav/large.bin", LARGE)

    response = ann("GET", "/dav/large.bin", range=f"bytes={first}-{last}")

    assert response.status == 206
    assert response.body == LARGE[first : last + 1]
    assert response.headers["content-range"] == f"bytes {first}-{last}/{len(LARGE)}"


def test_range_counts_for_get_alone(ann: Client, etag: str) -> None:
    # RFC 9110, 14.2
    response = ann("HEAD", "/dav/a.txt", range="bytes=2-5")

    assert response.status == 200
    assert response.headers["content-length"] == "10"


# If-Range (RFC 9110, 13.1.5): a part only of what the client has, otherwise the whole


def test_if_range_with_the_current_tag_sends_the_part(ann: Client, etag: str) -> None:
    assert ann("GET", "/dav/a.txt", range="bytes=2-5", if_range=etag).status == 206


@pytest.mark.parametrize("form", ['"0000"', "W/{}", "nonsense"], ids=["other", "weak", "nonsense"])
def test_if_range_with_another_tag_sends_the_whole(ann: Client, etag: str, form: str) -> None:
    response = ann("GET", "/dav/a.txt", range="bytes=2-5", if_range=form.format(etag))

    assert (response.status, response.body) == (200, DIGITS)


@pytest.mark.parametrize(
    ("date", "status"), [(MODIFIED, 206), ("Fri, 20 Nov 2026 11:59:59 GMT", 200), ("Fri, 20 Nov 2026 12:00:01 GMT", 200)]
)
def test_if_range_with_a_date_sends_the_part_only_of_that_very_date(ann: Client, etag: str, date: str, status: int) -> None:
    assert ann("GET", "/dav/a.txt", range="bytes=2-5", if_range=date).status == status


def test_resumed_download_gets_the_whole_when_the_document_changed(ann: Client, etag: str) -> None:
    ann.clock.advance(timedelta(minutes=1))
    ann.put("/dav/a.txt", b"abcdefghij")

    response = ann("GET", "/dav/a.txt", range="bytes=5-", if_range=etag)

    assert (response.status, response.body) == (200, b"abcdefghij")


def test_range_is_ignored_when_the_client_has_the_document(ann: Client, etag: str) -> None:
    # RFC 9110, 13.2.2: conditions come first
    assert ann("GET", "/dav/a.txt", range="bytes=2-5", if_none_match=etag).status == 304
    assert ann("GET", "/dav/a.txt", range="bytes=2-5", if_match='"0000"').status == 412
