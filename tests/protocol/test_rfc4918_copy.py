"""COPY (RFC 4918, 9.8, 10.3 and 10.6): one transaction, content of its own, locks stay behind."""

from __future__ import annotations

import pytest

from davgate.core.store import Policy, Store
from tests.builders import with_policy
from tests.protocol.client import HOST, SET_AUTHOR, Client
from tests.protocol.conftest import Serve
from tests.protocol.databases import on_both_databases
from tests.protocol.multistatus import error_of, members, propfind
from tests.protocol.stored import audited, history, origins, trashed


@pytest.fixture
def tree(ann: Client) -> None:
    """/dav/folder with two documents, one of them deeper."""
    ann.mkcol("/dav/folder")
    ann.mkcol("/dav/folder/inner")
    ann.put("/dav/folder/a.txt", b"a")
    ann.put("/dav/folder/inner/b.txt", b"b")


@on_both_databases
def test_copy_of_a_document_is_a_new_document_with_its_content(ann: Client, store: Store) -> None:
    ann.put("/dav/a.txt", b"one")
    source = ann.put("/dav/a.txt", b"two")

    response = ann("COPY", "/dav/a.txt", destination="/dav/b.txt")

    assert response.status == 201
    assert response.etag == source.etag
    assert (ann.get("/dav/a.txt"), ann.get("/dav/b.txt")) == (b"two", b"two")
    assert [version.no for version in history(store, ann.ctx, "/b.txt")] == [1]
    assert origins(store)[-1] == "copy of a.txt, version 2"
    ann.put("/dav/b.txt", b"three")
    assert ann.get("/dav/a.txt") == b"two"


@on_both_databases
def test_copy_onto_a_document_is_its_next_version(ann: Client, store: Store) -> None:
    ann.put("/dav/a.txt", b"one")
    ann.put("/dav/b.txt", b"old")
    before = resource_id(ann, "/dav/b.txt")

    response = ann("COPY", "/dav/a.txt", destination="/dav/b.txt")

    assert response.status == 204
    assert ann.get("/dav/b.txt") == b"one"
    assert resource_id(ann, "/dav/b.txt") == before
    assert [version.content.length_bytes for version in history(store, ann.ctx, "/b.txt")] == [3, 3]
    assert trashed(store) == []


def resource_id(client: Client, target: str) -> str | None:
    (entry,) = propfind(client, target, "resource-id").values()
    return entry.properties["resource-id"].element[0].text


@on_both_databases
def test_copy_of_a_pending_document_onto_one_with_content_empties_it(ann: Client, store: Store) -> None:
    ann("PUT", "/dav/pending.txt")
    ann.put("/dav/b.txt", b"old")

    assert ann("COPY", "/dav/pending.txt", destination="/dav/b.txt").status == 204

    assert ann.get("/dav/b.txt") == b""
    assert [version.content.length_bytes for version in history(store, ann.ctx, "/b.txt")] == [3, 0]


@on_both_databases
@pytest.mark.parametrize("headers", [{}, {"depth": "infinity"}])
def test_copy_of_a_collection_copies_all_below_it(ann: Client, tree: None, headers: dict[str, str]) -> None:
    assert ann("COPY", "/dav/folder/", destination="/dav/copy/", **headers).status == 201

    assert members(ann, "/dav/") == ["copy/", "folder/"]
    assert members(ann, "/dav/copy/") == members(ann, "/dav/folder/") == ["a.txt", "inner/"]
    assert (ann.get("/dav/copy/a.txt"), ann.get("/dav/copy/inner/b.txt")) == (b"a", b"b")


def test_copy_of_depth_0_copies_the_collection_alone(ann: Client, tree: None) -> None:
    # RFC 4918, 9.8.3
    ann("PROPPATCH", "/dav/folder", SET_AUTHOR)

    assert ann("COPY", "/dav/folder/", destination="/dav/copy/", depth="0").status == 201

    assert members(ann, "/dav/copy/") == []
    (entry,) = propfind(ann, "/dav/copy", "{urn:x}author").values()
    assert entry["{urn:x}author"] == "Ann"


def test_copy_of_a_document_takes_any_depth_but_1(ann: Client) -> None:
    # KDE sends infinity on documents
    ann.put("/dav/a.txt")

    assert ann("COPY", "/dav/a.txt", destination="/dav/b.txt", depth="infinity").status == 201
    assert ann("COPY", "/dav/a.txt", destination="/dav/c.txt", depth="0").status == 201
    assert ann("COPY", "/dav/a.txt", destination="/dav/d.txt", depth="1").status == 400


@on_both_databases
@pytest.mark.parametrize(
    ("source", "destination"), [("/dav/a.txt", "/dav/old"), ("/dav/folder", "/dav/old.txt"), ("/dav/folder", "/dav/old")]
)
def test_what_a_collection_replaces_or_is_replaced_with_goes_to_the_trash(
    ann: Client, tree: None, store: Store, source: str, destination: str
) -> None:
    # RFC 4918, 9.8.4: the destination becomes what the source is, not a mixture
    ann.put("/dav/a.txt")
    ann.put("/dav/old.txt")
    ann.mkcol("/dav/old")
    ann.put("/dav/old/only-here.txt")

    assert ann("COPY", source, destination=destination).status == 204

    assert trashed(store) == [destination.removeprefix("/dav")]
    assert ann.status_of("/dav/old/only-here.txt") == (404 if destination == "/dav/old" else 200)


# Overwrite (RFC 4918, 10.6)


@on_both_databases
def test_overwrite_f_never_replaces(ann: Client, store: Store) -> None:
    ann.put("/dav/a.txt", b"one")
    ann.put("/dav/b.txt", b"old")
    ann.mkcol("/dav/folder")

    for destination in ("/dav/b.txt", "/dav/folder"):
        assert ann("COPY", "/dav/a.txt", destination=destination, overwrite="F").status == 412
    assert ann("COPY", "/dav/a.txt", destination="/dav/c.txt", overwrite="F").status == 201
    assert ann.get("/dav/b.txt") == b"old"
    assert trashed(store) == []


def test_overwrite_t_replaces_as_no_header_does(ann: Client) -> None:
    ann.put("/dav/a.txt", b"one")
    ann.put("/dav/b.txt", b"old")

    assert ann("COPY", "/dav/a.txt", destination="/dav/b.txt", overwrite="T").status == 204
    assert ann("COPY", "/dav/a.txt", destination="/dav/c.txt", overwrite="t").status == 201
    assert ann("COPY", "/dav/a.txt", destination="/dav/d.txt", overwrite="maybe").status == 400


# Destination (RFC 4918, 10.3)


@pytest.mark.parametrize("method", ["COPY", "MOVE"])
@pytest.mark.parametrize(
    "destination",
    [
        f"http://{HOST}/dav/b.txt",
        f"https://{HOST.upper()}/dav/b.txt",
        f"http://{HOST}:80/dav/b.txt",
        "/dav/b.txt",
        "/dav//b.txt",
        "/dav/%62.txt",
    ],
    ids=["uri", "https-behind-a-proxy", "usual-port", "path", "double-slash", "escaped"],
)
def test_destination_names_a_place_on_this_drive(ann: Client, method: str, destination: str) -> None:
    ann.put("/dav/a.txt", b"one")

    assert ann(method, "/dav/a.txt", destination=destination).status == 201
    assert ann.get("/dav/b.txt") == b"one"


@pytest.mark.parametrize("method", ["COPY", "MOVE"])
@pytest.mark.parametrize(
    ("destination", "status"),
    [
        ("http://elsewhere.test/dav/b.txt", 502),
        (f"http://{HOST}:8081/dav/b.txt", 502),
        ("/other/b.txt", 502),
        (f"http://{HOST}/", 502),
        ("b.txt", 400),
        ("ftp://drive.test/dav/b.txt", 400),
        ("", 400),
        (f"http://{HOST}/dav/b.txt?x=1", 400),
        (f"http://{HOST}/dav/b.txt#x", 400),
        ("/dav/a%2Fb.txt", 400),
        ("/dav/%FF.txt", 400),
        ("/dav/../b.txt", 400),
        ("/dav/b%00.txt", 400),
        ("/dav/missing/b.txt", 409),
        ("/dav/a.txt/b.txt", 409),
        ("/dav/.versions", 403),
        ("/dav/.versions/a.txt/0009", 403),
        ("/dav/.trash", 403),
        ("/dav/" + "x" * 256, 414),
        ("/dav/" + "%C3%A4" * 128, 414),
    ],
)
def test_destination_that_cannot_be_is_refused(ann: Client, method: str, destination: str, status: int) -> None:
    ann.put("/dav/a.txt")

    assert ann(method, "/dav/a.txt", destination=destination).status == status
    assert members(ann, "/dav/") == ["a.txt"]


@pytest.mark.parametrize("method", ["COPY", "MOVE"])
def test_destination_is_needed(ann: Client, method: str) -> None:
    ann.put("/dav/a.txt")

    assert ann(method, "/dav/a.txt").status == 400


@pytest.mark.parametrize("method", ["COPY", "MOVE"])
def test_missing_source_is_404(ann: Client, method: str) -> None:
    assert ann(method, "/dav/missing", destination="/dav/b.txt").status == 404


@pytest.mark.parametrize("method", ["COPY", "MOVE"])
@pytest.mark.parametrize(
    ("source", "destination"),
    [
        ("/dav/folder/a.txt", "/dav/folder/a.txt"),
        ("/dav/folder", "/dav/folder/"),
        ("/dav/folder", "/dav/folder/inner/new"),
        ("/dav/folder", "/dav/folder/inner"),
        ("/dav/folder/inner", "/dav/folder"),
        ("/dav/folder", "/dav/"),
        ("/dav/", "/dav/new"),
    ],
    ids=["itself", "itself-with-slash", "deep-below-itself", "onto-a-member", "onto-what-holds-it", "onto-the-root", "the-root"],
)
def test_source_and_destination_within_each_other_are_403(
    ann: Client, tree: None, store: Store, method: str, source: str, destination: str
) -> None:
    # RFC 4918, 9.8.5 and 9.9.4
    response = ann(method, source, destination=destination)

    assert (response.status, error_of(response)) == (403, (None, []))
    assert members(ann, "/dav/folder/") == ["a.txt", "inner/"]
    assert trashed(store) == []


# All or nothing


@on_both_databases
def test_refused_copy_of_a_tree_leaves_nothing(ann: Client, bob: Client, tree: None, store: Store) -> None:
    bob.mkcol("/dav/locked")
    bob.lock("/dav/locked")

    assert ann("COPY", "/dav/folder", destination="/dav/locked/copy").status == 423

    assert members(bob, "/dav/locked/") == []
    assert audited(store)[-1] == "lock"


def test_copy_takes_no_space_of_the_quota(ann: Client, tree: None, store: Store, serve: Serve) -> None:
    full = ann.through(serve(with_policy(store, Policy(quota_bytes=2))))

    assert full("COPY", "/dav/folder", destination="/dav/copy").status == 201


def test_copy_onto_a_pending_document_is_its_first_version(ann: Client, store: Store) -> None:
    ann.put("/dav/a.txt", b"one")
    ann("PUT", "/dav/pending.txt")

    assert ann("COPY", "/dav/a.txt", destination="/dav/pending.txt").status == 204
    assert [version.no for version in history(store, ann.ctx, "/pending.txt")] == [1]


@pytest.mark.parametrize("wants", ["<omit/>", "<keepalive>*</keepalive>", "<keepalive><href>DAV:getetag</href></keepalive>"])
@pytest.mark.parametrize("chunked", [False, True])
def test_copy_and_move_take_what_old_clients_say_of_properties(ann: Client, wants: str, *, chunked: bool) -> None:
    # RFC 2518, 8.8.2, 8.9.2 and 12.12
    ann.put("/dav/a.txt", b"one")
    ann("PROPPATCH", "/dav/a.txt", SET_AUTHOR)
    body = f'<?xml version="1.0"?><propertybehavior xmlns="DAV:">{wants}</propertybehavior>'
    headers = {"transfer_encoding": "chunked"} if chunked else {}

    assert ann("COPY", "/dav/a.txt", body, destination="/dav/b.txt", **headers).status == 201
    assert ann("MOVE", "/dav/a.txt", body, destination="/dav/c.txt", **headers).status == 201

    assert (ann.get("/dav/b.txt"), ann.get("/dav/c.txt")) == (b"one", b"one")
    for target in ("/dav/b.txt", "/dav/c.txt"):
        (entry,) = propfind(ann, target).values()
        assert entry["{urn:x}author"] == "Ann"
        assert entry.properties.keys() >= {"getetag", "getcontentlength", "creationdate"}


@pytest.mark.parametrize("method", ["COPY", "MOVE"])
@pytest.mark.parametrize(("body", "status"), [("<propertybehavior", 400), ("{}", 415), (f"<a>{' ' * 16384}</a>", 413)])
def test_broken_or_other_body_of_copy_and_move_does_nothing(ann: Client, method: str, body: str, status: int) -> None:
    ann.put("/dav/a.txt", b"one")

    assert ann(method, "/dav/a.txt", body, destination="/dav/b.txt").status == status
    assert members(ann, "/dav/") == ["a.txt"]
