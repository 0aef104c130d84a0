"""Statements per request, counted through the whole stack by SQLite itself: they do not grow with the number of members."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

import pytest
from sqlalchemy import event

from davgate.core.store import Store
from tests.builders import a_collection
from tests.protocol import lora
from tests.protocol.client import SET_AUTHOR, Client
from tests.protocol.stored import add_documents

BODIES = {
    "allprop": "",
    "propname": '<D:propfind xmlns:D="DAV:"><D:propname/></D:propfind>',
    "named": '<D:propfind xmlns:D="DAV:"><D:prop><D:getetag/><D:resourcetype/></D:prop></D:propfind>',
    "everything": '<D:propfind xmlns:D="DAV:"><D:prop><D:lockdiscovery/><D:quota-used-bytes/><dead/></D:prop></D:propfind>',
}


@pytest.fixture
def cold(store: Store, statements: list[str]) -> Callable[[], None]:
    """Forget what connections remember, and count anew."""

    def forget() -> None:
        store.database.close()
        statements.clear()

    return forget


@pytest.fixture
def transactions(store: Store) -> list[str]:
    """Where transactions begin and end on connections opened from now on."""
    seen: list[str] = []

    @event.listens_for(store.database.engine, "connect")
    def trace(connection: sqlite3.Connection, _record: object) -> None:
        connection.set_trace_callback(lambda sql: seen.append(sql) if sql.startswith(("BEGIN", "COMMIT", "ROLLBACK")) else None)

    store.database.close()
    return seen


@pytest.fixture
def drive(statements: list[str], store: Store, ann: Client, bob: Client) -> Client:
    """A user whose sign-in is remembered, and collections of 3 and 300 documents with locks and properties."""
    for count in (3, 300):
        folder = a_collection(store, ann.ctx, f"/{count}")
        add_documents(store, ann.ctx, folder, (f"{number:03d}" for number in range(count)))
        for number in range(3):
            ann("PROPPATCH", f"/dav/{count}/{number:03d}", SET_AUTHOR)
            bob.lock(f"/dav/{count}/{number:03d}")
    ann.put("/dav/large.bin", bytes(100_000))
    ann.get("/dav/large.bin")
    return ann


@pytest.mark.parametrize("asked", BODIES)
def test_propfind_takes_at_most_four_and_for_quota_and_typed_metadata_another_of_how_many(
    drive: Client, statements: list[str], cold: Callable[[], None], asked: str
) -> None:
    counts = set()
    for target in ("/dav/3", "/dav/300"):
        cold()
        assert drive("PROPFIND", target, BODIES[asked], depth="1").status == 207
        counts.add(len(statements))

    (count,) = counts
    assert 2 <= count <= {"propname": 6, "everything": 5}.get(asked, 4), statements


VERSIONS = '<D:propfind xmlns:D="DAV:"><D:prop><D:creator-displayname/><D:comment/><D:label-name-set/></D:prop></D:propfind>'


def test_authors_and_labels_of_versions_take_one_more(drive: Client, statements: list[str], cold: Callable[[], None]) -> None:
    counts = set()
    for target in ("/dav/3", "/dav/300"):
        cold()
        assert drive("PROPFIND", target, VERSIONS, depth="1").body.count(b"<D:creator-displayname>") in (3, 300)
        counts.add(len(statements))

    assert counts == {3}, statements


@pytest.mark.parametrize("body", [*BODIES.values(), VERSIONS], ids=[*BODIES, "versions"])
def test_versions_of_a_document_take_at_most_four_however_many(
    ann: Client, statements: list[str], cold: Callable[[], None], body: str
) -> None:
    counts: dict[str, set[int]] = {}
    for count in (3, 150):
        target = f"/dav/{count}.txt"
        for number in range(count):
            ann.put(target, str(number))
        for shown, depth in (("", "1"), ("/1", "0"), (f"/{count}", "0")):
            cold()
            answer = ann("PROPFIND", f"/dav/.versions/{count}.txt{shown}", body, depth=depth)
            assert answer.body.count(b"<D:response>") == (count + 1 if depth == "1" else 1)
            counts.setdefault(depth, set()).add(len(statements))

    assert all(len(of_depth) == 1 and max(of_depth) <= 4 for of_depth in counts.values()), counts


@pytest.mark.parametrize("target", ["/dav/3", "/dav/300/000"])
def test_propfind_of_depth_0_takes_at_most_three_and_for_quota_another(
    drive: Client, statements: list[str], cold: Callable[[], None], target: str
) -> None:
    for asked, body in BODIES.items():
        cold()
        assert drive("PROPFIND", target, body, depth="0").status == 207
        assert 1 <= len(statements) <= (4 if asked in ("propname", "everything") else 3), statements


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("target", ["/dav/300/007", "/dav/large.bin"], ids=["in-the-database", "in-a-file"])
def test_get_takes_one(drive: Client, statements: list[str], cold: Callable[[], None], method: str, target: str) -> None:
    cold()

    response = drive(method, target)

    assert response.status == 200
    assert len(statements) == 1, statements


def test_refused_and_conditional_reads_take_one(drive: Client, statements: list[str], cold: Callable[[], None]) -> None:
    etag = drive("HEAD", "/dav/large.bin").etag
    for status, target, headers in ((404, "/dav/missing", {}), (304, "/dav/large.bin", {"if_none_match": etag})):
        cold()
        assert drive("GET", target, **headers).status == status
        assert len(statements) == 1, statements


def test_repeated_read_takes_none_until_somebody_commits(drive: Client, statements: list[str]) -> None:
    drive.get("/dav/300/007")
    statements.clear()

    drive.get("/dav/300/007")
    assert statements == []

    drive.put("/dav/3/new", b"other")
    statements.clear()
    drive.get("/dav/300/007")
    assert len(statements) == 1


def test_options_takes_none(drive: Client, statements: list[str]) -> None:
    statements.clear()

    assert drive("OPTIONS", "/dav/300/").status == 200
    assert statements == []


@pytest.mark.parametrize("method", ["MOVE", "DELETE"])
def test_tree_is_moved_or_deleted_in_as_many_as_a_document(
    drive: Client, store: Store, statements: list[str], method: str
) -> None:
    add_documents(store, drive.ctx, a_collection(store, drive.ctx, "/large"), (str(number) for number in range(50)))

    def cost(target: str) -> int:
        statements.clear()
        assert drive(method, target, destination=f"{target}-moved").status in (201, 204)
        return len(statements)

    # A collection is searched for locks below it.
    assert cost("/dav/large") <= cost("/dav/large.bin") + 1


@pytest.mark.parametrize("times", ["", lora.ALL_REGISTRATIONS], ids=["newest", "all-registrations"])
def test_list_of_lora_takes_as_many_for_30_objects_as_for_3(
    ann: Client, statements: list[str], cold: Callable[[], None], times: str
) -> None:
    for number in range(30):
        ann.put(f"/dav/{number:02d}.txt")
    uuids = lora.found(ann, lora.DOKUMENT, lora.ALL_TIME, mimetype="text/plain")
    assert len(uuids) == 30
    # In each list there is a registered document, one that another door changed since, a copy, and a deleted one.
    lora.patch(ann, lora.DOKUMENT, uuids[0], {"note": "registered"})
    lora.patch(ann, lora.DOKUMENT, uuids[1], {"note": "registered"})
    ann.put("/dav/01.txt", b"other")
    ann("COPY", "/dav/00.txt", destination="/dav/copy.txt")
    (copied,) = set(lora.found(ann, lora.DOKUMENT, lora.ALL_TIME, brugervendtnoegle="%")).difference(uuids)
    assert ann("DELETE", f"{lora.DOKUMENT}/{uuids[2]}").status == 202

    counts = set()
    for size in (3, 30):
        cold()
        asked = "&".join(f"uuid={uuid}" for uuid in (*uuids[:size], copied))
        (shown,) = ann("GET", f"{lora.DOKUMENT}?{asked}&{times}").json["results"]
        assert len(shown) == (size if times == "" else size + 1)
        counts.add(len(statements))

    (count,) = counts
    assert count <= 9, statements


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("PUT", "/dav/folder/a", b"two"),
        ("PUT", "/dav/folder/new", b"two"),
        ("MKCOL", "/dav/folder/new", b""),
        ("PROPPATCH", "/dav/folder", SET_AUTHOR.encode()),
        ("COPY", "/dav/folder", b""),
        ("MOVE", "/dav/folder", b""),
        ("DELETE", "/dav/folder", b""),
    ],
)
def test_write_is_one_transaction_however_much_it_changes(
    transactions: list[str], ann: Client, method: str, target: str, body: bytes
) -> None:
    ann.mkcol("/dav/folder")
    ann.mkcol("/dav/other")
    for name in ("a", "b", "c"):
        ann.put(f"/dav/folder/{name}")
        ann.put(f"/dav/other/{name}")
    transactions.clear()

    # COPY and MOVE replace a tree as well.
    assert ann(method, target, body, destination="/dav/other").status in (201, 204, 207)

    assert transactions == ["BEGIN IMMEDIATE", "COMMIT"]
