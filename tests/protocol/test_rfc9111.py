"""What caches may do with content (RFC 9111): keep it for the one who asked, and ask each time whether it is still the same."""

from __future__ import annotations

from uuid import UUID

import pytest

from tests.protocol.client import Client

CACHING = "private, no-cache"


@pytest.fixture
def uuid(ann: Client) -> str:
    """The id of the document at /dav/a.txt."""
    ann.put("/dav/a.txt", b"one")
    return str(UUID(ann("GET", "/gever/a.txt").json["UID"]))


@pytest.fixture(
    params=["/dav/a.txt", "/okd/v1/documents/{}/download", "/gever/a.txt/@@download/file", "/api/dms/objects/{}/contents/file"]
)
def address(request: pytest.FixtureRequest, uuid: str) -> str:
    """Where a door has its content."""
    return str(request.param).format(uuid)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_cache_asks_each_time(ann: Client, address: str, method: str) -> None:
    whole = ann(method, address)
    known = ann(method, address, if_none_match=whole.etag)

    assert (whole.status, whole.headers["cache-control"]) == (200, CACHING)
    assert (known.status, known.headers["cache-control"]) == (304, CACHING)  # RFC 9110, 15.4.5


def test_part_of_it_is_kept_no_longer(ann: Client, address: str) -> None:
    part = ann("GET", address, range="bytes=1-")

    assert (part.status, part.body, part.headers["cache-control"]) == (206, b"ne", CACHING)
