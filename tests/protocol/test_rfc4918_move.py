"""MOVE (RFC 4918, 9.9): the same document or tree at another place, in one transaction."""

from __future__ import annotations

import pytest

from davgate.core.store import Store
from davgate.model.editing import SCRATCH_AGE
from tests.builders import SettableClock
from tests.protocol.client import HOST, Client
from tests.protocol.databases import on_both_databases
from tests.protocol.multistatus import error_of, members, propfind
from tests.protocol.stored import audited, history, trashed


@pytest.fixture
def tree(ann: Client) -> None:
    """/dav/folder with two documents, one of them deeper."""
    ann.mkcol("/dav/folder")
    ann.mkcol("/dav/folder/inner")
    ann.put("/dav/folder/a.txt", b"a")
    ann.put("/dav/folder/inner/b.txt", b"b")


def resource_id(client: Client, target: str) -> str | None:
    (entry,) = propfind(client, target, "resource-id").values()
    return entry.properties["resource-id"].element[0].text


@on_both_databases
def test_moved_document_keeps_identity_history_and_validators(ann: Client, store: Store) -> None:
    ann.put("/dav/a.txt", b"one")
    ann.put("/dav/a.txt", b"two")
    before = resource_id(ann, "/dav/a.txt"), ann("HEAD", "/dav/a.txt").headers

    response = ann("MOVE", "/dav/a.txt", destination=f"http://{HOST}/dav/b.txt")

    assert response.status == 201
    assert ann.status_of("/dav/a.txt") == 404
    assert (resource_id(ann, "/dav/b.txt"), ann("HEAD", "/dav/b.txt").headers) == before
    assert [version.no for version in history(store, ann.ctx, "/b.txt")] == [1, 2]
    assert audited(store)[-1] == "move"


@on_both_databases
def test_moved_collection_takes_all_below_it_along(ann: Client, tree: None) -> None:
    ids = {name: resource_id(ann, f"/dav/folder/{name}") for name in ("a.txt", "inner", "inner/b.txt")}
    ann.mkcol("/dav/other")

    assert ann("MOVE", "/dav/folder/", destination="/dav/other/moved/").status == 201

    assert members(ann, "/dav/") == ["other/"]
    assert {name: resource_id(ann, f"/dav/other/moved/{name}") for name in ids} == ids
    assert ann.status_of("/dav/folder/inner/b.txt") == 404


@on_both_databases
def test_what_a_move_replaces_goes_to_the_trash(ann: Client, store: Store, clock: SettableClock) -> None:
    ann.put("/dav/a.txt", b"one")
    ann.put("/dav/b.txt", b"old")
    clock.advance(SCRATCH_AGE)
    before = resource_id(ann, "/dav/a.txt")

    assert ann("MOVE", "/dav/a.txt", destination="/dav/b.txt", overwrite="T").status == 204

    assert members(ann, "/dav/") == ["b.txt"]
    assert (ann.get("/dav/b.txt"), resource_id(ann, "/dav/b.txt")) == (b"one", before)
    assert trashed(store) == ["/b.txt"]


@on_both_databases
def test_file_just_written_and_moved_onto_a_document_is_a_version_of_it(ann: Client, store: Store) -> None:
    # KeePass and GoodSync save like this.
    ann.put("/dav/a.kdbx", b"old")
    before = resource_id(ann, "/dav/a.kdbx")
    ann.put("/dav/a.kdbx.tmp", b"new")

    response = ann("MOVE", "/dav/a.kdbx.tmp", destination="/dav/a.kdbx", overwrite="T")

    assert response.status == 204
    assert (ann.get("/dav/a.kdbx"), resource_id(ann, "/dav/a.kdbx")) == (b"new", before)
    assert len(members(ann, "/dav/.versions/a.kdbx/")) == 2
    assert members(ann, "/dav/") == ["a.kdbx"]


@on_both_databases
def test_replaced_collection_is_not_merged(ann: Client, tree: None, store: Store) -> None:
    ann.mkcol("/dav/old")
    ann.put("/dav/old/only-here.txt")

    assert ann("MOVE", "/dav/folder", destination="/dav/old").status == 204

    assert members(ann, "/dav/old/") == ["a.txt", "inner/"]
    assert trashed(store) == ["/old"]


@on_both_databases
def test_overwrite_f_never_replaces(ann: Client, tree: None, store: Store) -> None:
    ann.put("/dav/a.txt", b"one")

    for source in ("/dav/a.txt", "/dav/folder/inner"):
        assert ann("MOVE", source, destination="/dav/folder/a.txt", overwrite="F").status == 412
    assert ann.get("/dav/folder/a.txt") == b"a"
    assert members(ann, "/dav/") == ["a.txt", "folder/"]
    assert trashed(store) == []


def test_depth_other_than_infinity_is_refused_for_one_level_only(ann: Client, tree: None) -> None:
    # RFC 4918, 9.9.2: a client sends infinity or nothing
    assert ann("MOVE", "/dav/folder", destination="/dav/moved", depth="1").status == 400
    assert ann("MOVE", "/dav/folder", destination="/dav/moved", depth="infinity").status == 201


def test_case_of_a_name_changes_by_move(ann: Client) -> None:
    ann.put("/dav/readme.txt")

    assert ann("MOVE", "/dav/readme.txt", destination="/dav/README.txt").status == 201
    assert members(ann, "/dav/") == ["README.txt"]


@on_both_databases
def test_document_goes_away_and_back_with_its_history(ann: Client, store: Store) -> None:
    ann.put("/dav/a.txt", b"one")
    before = resource_id(ann, "/dav/a.txt")

    assert ann("MOVE", "/dav/a.txt", destination="/dav/b.txt").status == 201
    assert ann("MOVE", "/dav/b.txt", destination="/dav/a.txt").status == 201

    assert resource_id(ann, "/dav/a.txt") == before
    assert [version.no for version in history(store, ann.ctx, "/a.txt")] == [1]


@on_both_databases
def test_collection_with_a_locked_member_moves_with_the_token(ann: Client, bob: Client, tree: None) -> None:
    token = ann.lock("/dav/folder/inner/b.txt")

    refused = ann("MOVE", "/dav/folder", destination="/dav/moved")
    assert (refused.status, error_of(refused)) == (423, ("lock-token-submitted", ["/dav/folder/inner/b.txt"]))
    assert bob("MOVE", "/dav/folder", destination="/dav/moved", if_=f"</dav/folder/inner/b.txt> (<{token}>)").status == 423
    assert members(ann, "/dav/") == ["folder/"]

    assert ann("MOVE", "/dav/folder", destination="/dav/moved", if_=f"</dav/folder/inner/b.txt> (<{token}>)").status == 201
    assert bob("PUT", "/dav/moved/inner/b.txt", b"bob").status == 204


def test_members_of_a_renamed_collection_are_found_below_the_new_name_alone(ann: Client, tree: None) -> None:
    ann("MOVE", "/dav/folder", destination="/dav/folder-2")
    ann.mkcol("/dav/folder")

    assert members(ann, "/dav/folder/") == []
    assert members(ann, "/dav/folder-2/") == ["a.txt", "inner/"]


def test_moved_document_shows_the_media_type_it_was_stored_with(ann: Client) -> None:
    ann("PUT", "/dav/a.tmp", b"content", content_type="application/pdf")

    ann("MOVE", "/dav/a.tmp", destination="/dav/a.pdf")

    assert ann("GET", "/dav/a.pdf").headers["content-type"] == "application/pdf"
