"""What a lock protects, and from whom (RFC 4918, 7 and 16)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from davgate.core.store import Store
from tests.protocol.client import SET_AUTHOR, Client, lockinfo
from tests.protocol.databases import on_both_databases
from tests.protocol.multistatus import error_of, locks_of, members
from tests.protocol.stored import history, lock_count, trashed

WRITES = [
    pytest.param("PUT", {}, b"two", id="PUT"),
    pytest.param("DELETE", {}, b"", id="DELETE"),
    pytest.param("MOVE", {"destination": "/dav/folder/b.txt"}, b"", id="MOVE"),
    pytest.param("PROPPATCH", {}, SET_AUTHOR.encode(), id="PROPPATCH"),
]
"""Each change of a locked document."""

NAME = "/dav/folder/a%20%C3%A4.txt"


@pytest.fixture
def document(ann: Client) -> str:
    """A document whose address needs escaping, in a collection."""
    ann.mkcol("/dav/folder")
    ann.put(NAME, b"one")
    return NAME


@on_both_databases
@pytest.mark.parametrize(("method", "headers", "body"), WRITES)
def test_write_without_the_token_is_423_with_the_lock_root(
    ann: Client, bob: Client, document: str, method: str, headers: dict[str, str], body: bytes
) -> None:
    token = ann.lock(document)

    for client in (ann, bob):
        response = client(method, document, body, **headers)
        assert response.status == 423
        assert error_of(response) == ("lock-token-submitted", [document])
    assert ann.get(document) == b"one"

    assert ann(method, document, body, **headers, if_=f"(<{token}>)").status in (201, 204, 207)


@on_both_databases
@pytest.mark.parametrize(("method", "headers", "body"), WRITES)
def test_token_counts_for_its_own_principal_alone(
    ann: Client, bob: Client, document: str, method: str, headers: dict[str, str], body: bytes
) -> None:
    # RFC 4918, 6.4
    token = ann.lock(document)

    assert bob(method, document, body, **headers, if_=f"(<{token}>)").status == 423
    assert ann.get(document) == b"one"


@pytest.mark.parametrize(("method", "headers", "body"), WRITES)
def test_lock_token_header_submits_the_token_too(
    ann: Client, document: str, method: str, headers: dict[str, str], body: bytes
) -> None:
    token = ann.lock(document)

    assert ann(method, document, body, **headers, lock_token=f"<{token}>").status in (201, 204, 207)


@pytest.mark.parametrize(("method", "headers", "body"), WRITES)
def test_ended_lock_protects_nothing(
    ann: Client, bob: Client, document: str, method: str, headers: dict[str, str], body: bytes
) -> None:
    ann.lock(document, timeout="Second-60")
    ann.clock.advance(timedelta(minutes=1))

    assert bob(method, document, body, **headers).status in (201, 204, 207)


@on_both_databases
@pytest.mark.parametrize(("method", "headers", "body"), WRITES)
def test_own_token_of_a_shared_lock_suffices_whoever_else_holds_one(
    ann: Client, bob: Client, document: str, method: str, headers: dict[str, str], body: bytes
) -> None:
    # RFC 4918, 6.2 and 7
    of_ann = ann.lock(document, scope="shared")
    of_bob = bob.lock(document, scope="shared")

    refused = ann(method, document, body, **headers)
    assert refused.status == 423
    assert error_of(refused)[0] == "lock-token-submitted"
    assert ann(method, document, body, **headers, if_=f"(<{of_bob}>)").status == 423
    assert ann(method, document, body, **headers, if_=f"(<{of_ann}>)").status in (201, 204, 207)


def test_reading_needs_no_token(ann: Client, bob: Client, document: str) -> None:
    ann.lock(document)

    assert bob("GET", document).status == 200
    assert bob("PROPFIND", document, depth="0").status == 207
    assert bob("COPY", document, destination="/dav/copy.txt").status == 201
    assert locks_of(bob, "/dav/copy.txt") == []


# Locks on collections (RFC 4918, 7.4 and 7.5)


@on_both_databases
@pytest.mark.parametrize("depth", ["0", "infinity"])
def test_lock_on_a_collection_protects_its_membership(ann: Client, bob: Client, document: str, depth: str) -> None:
    ann.put("/dav/outside.txt")
    token = ann.lock("/dav/folder", depth=depth)

    attempts = [
        ("PUT", "/dav/folder/new.txt", {}),
        ("MKCOL", "/dav/folder/new", {}),
        ("DELETE", document, {}),
        ("MOVE", document, {"destination": "/dav/away.txt"}),
        ("MOVE", "/dav/outside.txt", {"destination": "/dav/folder/in.txt"}),
        ("COPY", "/dav/outside.txt", {"destination": "/dav/folder/in.txt"}),
    ]
    for method, target, headers in attempts:
        response = bob(method, target, **headers)
        assert response.status == 423, (method, target)
        condition, hrefs = error_of(response)
        assert (condition, [href.rstrip("/") for href in hrefs]) == ("lock-token-submitted", ["/dav/folder"])
    assert members(ann, "/dav/folder/") == ["a ä.txt"]
    assert ann("PUT", "/dav/folder/new.txt", if_=f"</dav/folder/> (<{token}>)").status == 201
    assert ann("MKCOL", "/dav/folder/new", if_=f"</dav/folder/> (<{token}>)").status == 201


def test_lock_of_depth_0_does_not_protect_what_members_hold(ann: Client, bob: Client, document: str) -> None:
    ann.lock("/dav/folder", depth="0")

    assert bob("PUT", document, b"two").status == 204
    assert bob("PROPPATCH", document, SET_AUTHOR).status == 207
    assert bob("PROPPATCH", "/dav/folder", SET_AUTHOR).status == 423


@on_both_databases
def test_lock_of_infinite_depth_protects_everything_below(ann: Client, bob: Client, document: str) -> None:
    token = ann.lock("/dav/folder", depth="infinity")

    for method, body in (("PUT", b"two"), ("PROPPATCH", SET_AUTHOR.encode())):
        response = bob(method, document, body)
        assert (response.status, error_of(response)) == (423, ("lock-token-submitted", ["/dav/folder/"]))
        assert ann(method, document, body, if_=f"(<{token}>)").status in (204, 207)


@on_both_databases
def test_new_member_of_a_deeply_locked_collection_is_locked_with_it(ann: Client, bob: Client, document: str) -> None:
    # RFC 4918, 7.4
    token = ann.lock("/dav/folder", depth="infinity")
    ann("PUT", "/dav/folder/new.txt", b"one", if_=f"</dav/folder> (<{token}>)")

    assert [lock.token for lock in locks_of(bob, "/dav/folder/new.txt")] == [token]
    assert bob("PUT", "/dav/folder/new.txt", b"two").status == 423


def test_member_moved_out_of_a_deeply_locked_collection_is_free(ann: Client, bob: Client, document: str) -> None:
    # RFC 4918, 7.4
    token = ann.lock("/dav/folder", depth="infinity")
    moved = ann("MOVE", document, destination="/dav/free.txt", if_=f"</dav/folder> (<{token}>)")

    assert moved.status == 201
    assert bob("PUT", "/dav/free.txt", b"two").status == 204


# Trees with locked members


@on_both_databases
@pytest.mark.parametrize(("method", "headers"), [("DELETE", {}), ("MOVE", {"destination": "/dav/other"})], ids=["DELETE", "MOVE"])
def test_collection_with_a_locked_member_stays_whole_without_the_token(
    ann: Client, bob: Client, document: str, store: Store, method: str, headers: dict[str, str]
) -> None:
    ann.put("/dav/folder/free.txt")
    token = ann.lock(document)

    for client in (ann, bob):
        response = client(method, "/dav/folder/", **headers)
        assert response.status == 423
        assert error_of(response) == ("lock-token-submitted", [document])
    assert members(ann, "/dav/") == ["folder/"]
    assert members(ann, "/dav/folder/") == ["a ä.txt", "free.txt"]
    assert trashed(store) == []

    response = ann(method, "/dav/folder/", **headers, if_=f"<{document}> (<{token}>)")
    assert response.status in (201, 204)
    assert lock_count(store) == 0


@on_both_databases
def test_collection_is_removed_only_with_the_tokens_of_all_locked_members(ann: Client, store: Store) -> None:
    ann.mkcol("/dav/folder")
    tokens = {}
    for name in ("a", "b"):
        ann.put(f"/dav/folder/{name}")
        tokens[name] = ann.lock(f"/dav/folder/{name}")

    one = ann("DELETE", "/dav/folder", if_=f"</dav/folder/a> (<{tokens['a']}>)")
    assert (one.status, error_of(one)) == (423, ("lock-token-submitted", ["/dav/folder/b"]))

    both = f"</dav/folder/a> (<{tokens['a']}>) </dav/folder/b> (<{tokens['b']}>)"
    assert ann("DELETE", "/dav/folder", if_=both).status == 204
    assert (trashed(store), lock_count(store)) == (["/folder"], 0)


# COPY and MOVE onto what is locked (RFC 4918, 7.6)


@on_both_databases
@pytest.mark.parametrize("method", ["COPY", "MOVE"])
def test_locked_destination_is_not_replaced_without_its_token(ann: Client, bob: Client, document: str, method: str) -> None:
    bob.put("/dav/source.txt", b"two")
    ann.lock(document)

    response = bob(method, "/dav/source.txt", destination=document)

    assert (response.status, error_of(response)) == (423, ("lock-token-submitted", [document]))
    assert ann.get(document) == b"one"
    assert bob.get("/dav/source.txt") == b"two"


@on_both_databases
def test_copy_onto_a_locked_document_with_its_token_keeps_the_lock(ann: Client, bob: Client, document: str, store: Store) -> None:
    ann.put("/dav/source.txt", b"two")
    token = ann.lock(document)

    assert ann("COPY", "/dav/source.txt", destination=document, if_=f"<{document}> (<{token}>)").status == 204

    assert ann.get(document) == b"two"
    assert [lock.token for lock in locks_of(ann, document)] == [token]
    assert bob("PUT", document, b"three").status == 423
    assert len(history(store, ann.ctx, "/folder/a ä.txt")) == 2


@on_both_databases
def test_locks_do_not_travel_with_move(ann: Client, bob: Client, document: str, store: Store) -> None:
    token = ann.lock(document)

    assert ann("MOVE", document, destination="/dav/moved.txt", if_=f"(<{token}>)").status == 201

    assert locks_of(ann, "/dav/moved.txt") == []
    assert lock_count(store) == 0
    assert bob("PUT", "/dav/moved.txt", b"two").status == 204
    assert bob("PUT", document, b"new").status == 201


def test_locks_die_with_delete(ann: Client, bob: Client, document: str) -> None:
    token = ann.lock(document)
    assert ann("DELETE", document, if_=f"(<{token}>)").status == 204

    assert bob("LOCK", document, lockinfo()).status == 201


def test_replacing_a_locked_tree_asks_for_the_tokens_within(ann: Client, document: str) -> None:
    ann.mkcol("/dav/other")
    token = ann.lock(document)

    refused = ann("MOVE", "/dav/other", destination="/dav/folder")
    assert (refused.status, error_of(refused)) == (423, ("lock-token-submitted", [document]))
    assert ann("MOVE", "/dav/other", destination="/dav/folder", if_=f"<{document}> (<{token}>)").status == 204
    assert members(ann, "/dav/folder/") == []
