"""DELETE (RFC 4918, 9.6): to the trash, never away, all or nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from davgate.core.store import Store
from tests.protocol.client import Client
from tests.protocol.databases import on_both_databases
from tests.protocol.multistatus import members, prop_of, propfind
from tests.protocol.stored import audited, history, lock_count, trashed


@on_both_databases
def test_deleted_document_is_gone_from_the_drive_and_lies_in_the_trash(ann: Client, store: Store) -> None:
    ann.put("/dav/a.txt", b"one")

    response = ann("DELETE", "/dav/a.txt")

    assert (response.status, response.body) == (204, b"")
    assert ann.status_of("/dav/a.txt") == 404
    assert members(ann, "/dav/") == []
    assert trashed(store) == ["/a.txt"]
    assert audited(store)[-1] == "delete"


@on_both_databases
@pytest.mark.parametrize("headers", [{}, {"depth": "infinity"}, {"depth": "0"}])
def test_deleted_collection_goes_with_all_below_it_as_one_entry(ann: Client, store: Store, headers: dict[str, str]) -> None:
    # RFC 4918, 9.6.1: a collection is always deleted with infinite depth
    ann.mkcol("/dav/folder")
    ann.mkcol("/dav/folder/inner")
    ann.put("/dav/folder/inner/a.txt")
    ann.put("/dav/folder-2")

    assert ann("DELETE", "/dav/folder", **headers).status == 204

    assert members(ann, "/dav/") == ["folder-2"]
    for target in ("/dav/folder", "/dav/folder/inner", "/dav/folder/inner/a.txt"):
        assert ann.status_of(target) == 404
    assert trashed(store) == ["/folder"]


def test_depth_1_is_400(ann: Client) -> None:
    ann.put("/dav/a.txt")

    assert ann("DELETE", "/dav/a.txt", depth="1").status == 400
    assert members(ann, "/dav/") == ["a.txt"]


def test_missing_resource_is_404(ann: Client) -> None:
    assert ann("DELETE", "/dav/missing").status == 404
    assert ann("DELETE", "/dav/missing/deep").status == 404


def test_root_cannot_be_deleted(ann: Client) -> None:
    ann.put("/dav/a.txt")

    assert ann("DELETE", "/dav/").status == 403
    assert members(ann, "/dav/") == ["a.txt"]


@on_both_databases
def test_deleted_name_is_free_for_a_new_document(ann: Client, bob: Client, store: Store) -> None:
    ann.put("/dav/a.txt", b"one")
    before = resource_id(ann)
    ann("DELETE", "/dav/a.txt")

    assert bob("PUT", "/dav/a.txt", b"two").status == 201

    assert resource_id(bob) != before
    assert [version.no for version in history(store, bob.ctx, "/a.txt")] == [1]


def resource_id(client: Client) -> str:
    (entry,) = propfind(client, "/dav/a.txt", "resource-id").values()
    return entry.properties["resource-id"].element[0].text or ""


@on_both_databases
def test_same_name_is_deleted_again_and_again(ann: Client, store: Store) -> None:
    for content in (b"one", b"two", b"three"):
        ann.put("/dav/a.txt", content)
        assert ann("DELETE", "/dav/a.txt").status == 204

    assert trashed(store) == ["/a.txt"]


@on_both_databases
def test_all_locks_at_and_below_end_with_the_collection(ann: Client, store: Store) -> None:
    ann.mkcol("/dav/folder")
    ann.put("/dav/folder/a.txt")
    token = ann.lock("/dav/folder", depth="infinity")

    assert ann("DELETE", "/dav/folder", if_=f"(<{token}>)").status == 204
    assert lock_count(store) == 0


def test_last_modified_of_the_parent_moves(ann: Client) -> None:
    ann.mkcol("/dav/folder")
    ann.put("/dav/folder/a.txt")
    before = prop_of(ann, "/dav/folder", "getlastmodified")
    ann.clock.advance(timedelta(minutes=1))

    ann("DELETE", "/dav/folder/a.txt")

    assert prop_of(ann, "/dav/folder", "getlastmodified") != before
