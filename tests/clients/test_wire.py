"""What programs rely on between request and answer: lengths, continuing, connections that go on."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from davgate.core.store import Context, Store
from davgate.model.node import Node
from tests.builders import a_collection, a_document
from tests.clients.conftest import Run
from tests.clients.programs import Curl, Explorer, Program
from tests.protocol.stored import add_documents, history
from tests.server.client import Client

MEGABYTE = bytes(1_000_000)


def test_head_of_an_empty_file_tells_its_length(run: Run[Curl]) -> None:
    curl = run(Curl, "ann")
    curl.put("/dav/empty.txt", b"")

    assert curl.head("/dav/empty.txt").headers["content-length"] == "0"
    assert curl.get("/dav/empty.txt").headers["content-length"] == "0"


def test_wanted_body_is_asked_for_before_it_is_sent(run: Run[Curl]) -> None:
    curl = run(Curl, "ann")

    curl.begin("PUT", "/dav/a.txt", "Expect: 100-continue", "Content-Length: 7")
    assert curl.connection.response().status == 100
    curl.connection.send(b"content")

    assert curl.connection.response().status == 201
    assert curl.get("/dav/a.txt").body == b"content"


@pytest.mark.parametrize(
    ("user", "target", "status"), [("nobody", "/dav/a.txt", 401), ("bob", "/dav/a.txt", 423), ("ann", "/dav/missing/a.txt", 409)]
)
def test_unwanted_body_is_refused_before_it_is_sent(
    run: Run[Program], store: Store, ann: Context, user: str, target: str, status: int
) -> None:
    a_document(store, ann, "/a.txt", b"one")
    run(Curl, "ann").lock("/dav/a.txt")  # type: ignore[attr-defined]
    curl = run(Curl, user)

    curl.begin("PUT", target, "Expect: 100-continue", "Content-Length: 50000000")

    assert curl.connection.response().status == status


def test_connection_goes_on_after_a_refused_megabyte(run: Run[Curl], store: Store, ann: Context) -> None:
    a_document(store, ann, "/a.txt", b"one")
    run(Curl, "ann").lock("/dav/a.txt")
    curl = run(Curl, "bob")

    assert curl.put("/dav/a.txt", MEGABYTE).status == 423

    assert curl.send("PROPFIND", "/dav/a.txt", "Depth: 0", "Content-Length: 0").status == 207


def test_part_of_a_file_is_not_taken_for_the_whole(run: Run[Curl], store: Store, ann: Context) -> None:
    curl = run(Curl, "ann")
    curl.put("/dav/a.txt", b"0123456789")

    assert curl.put("/dav/a.txt", b"abc", "Content-Range: bytes 4-6/10").status == 400

    assert curl.get("/dav/a.txt").body == b"0123456789"
    assert len(history(store, ann, "/a.txt")) == 1


def test_two_writes_of_equal_length_in_one_moment_have_two_etags(run: Run[Curl]) -> None:
    curl = run(Curl, "ann")

    first, second = (curl.put("/dav/a.txt", content).headers["etag"] for content in (b"one", b"two"))

    assert first != second
    assert not first.startswith("W/")


@pytest.fixture
def two_thousand(store: Store, ann: Context) -> Node:
    """A folder with two thousand documents."""
    folder = a_collection(store, ann, "/archive")
    add_documents(store, ann, folder, (f"Protocol of the meeting {number:04d}.odt" for number in range(2000)))
    return folder


def test_two_thousand_files_are_listed_in_less_than_explorer_can_read(run: Run[Explorer], two_thousand: Node) -> None:
    listed = run(Explorer, "ann").propfind("/dav/archive/", 1)

    assert listed.status == 207
    assert listed.body.count(b"<D:response>") == 2001
    assert len(listed.body) < 1_000_000


@pytest.mark.parametrize("target", ["/", "/dav", "/dav/"])
def test_every_address_above_the_drive_answers_options(connect: Callable[[], Client], target: str) -> None:
    connection = connect()
    connection.request("OPTIONS", target)
    answer = connection.response()

    assert (answer.status, answer.headers["content-length"]) == (200, "0")
    assert answer.headers["dav"].startswith("1, 2")
