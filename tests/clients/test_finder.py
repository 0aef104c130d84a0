"""macOS: chunked uploads whose length stands in a header of its own."""

from __future__ import annotations

import socket

from davgate.core.store import Context, Store
from tests.builders import locks_at
from tests.clients.conftest import Run
from tests.clients.programs import Finder, token_of
from tests.protocol.databases import on_both_databases
from tests.protocol.stored import history
from tests.server.client import chunked

NAME = "/dav/film.mov"
CONTENT = (bytes(range(256)) * 586)[:150_000] + b"."


def created(finder: Finder) -> str:
    """Do what the Finder does before it uploads; return the token of its lock."""
    assert finder.propfind(NAME, "getcontentlength", "resourcetype").status == 404
    assert finder.create(NAME).status == 201
    locked = finder.lock(NAME)
    assert locked.status == 200
    assert b"<D:timeout>Second-600</D:timeout>" in locked.body
    return token_of(locked)


@on_both_databases
def test_chunked_upload_is_one_version(run: Run[Finder], store: Store, ann: Context) -> None:
    finder = run(Finder, "ann")
    token = created(finder)

    saved = finder.upload(NAME, CONTENT, token)
    assert saved.status == 204
    assert saved.headers["etag"].encode() in finder.propfind(NAME, "getlastmodified", "getetag").body
    assert finder.unlock(NAME, token).status == 204

    assert [version.content.length_bytes for version in history(store, ann, "/film.mov")] == [150_001]
    assert finder.get(NAME).body == CONTENT
    assert locks_at(store, ann, "/film.mov") == []


@on_both_databases
def test_upload_that_a_proxy_cut_short_is_400_and_stays_pending(run: Run[Finder], store: Store, ann: Context) -> None:
    finder = run(Finder, "ann")
    token = created(finder)

    assert finder.upload(NAME, CONTENT[:70_000], token, expected=150_001).status == 400

    assert history(store, ann, "/film.mov") == ()
    assert finder.head(NAME).headers["content-length"] == "0"
    assert finder.upload(NAME, CONTENT, token).status == 204
    assert finder.unlock(NAME, token).status == 204
    assert [version.content.length_bytes for version in history(store, ann, "/film.mov")] == [150_001]


def test_upload_whose_connection_ends_is_400_and_stays_pending(run: Run[Finder], store: Store, ann: Context) -> None:
    finder = run(Finder, "ann")
    token = created(finder)

    finder.begin("PUT", NAME, *finder.upload_fields(150_001, token), body=chunked(CONTENT)[:70_000])
    finder.connection.socket.shutdown(socket.SHUT_WR)
    assert finder.connection.response().status == 400

    again = run(Finder, "ann")
    assert history(store, ann, "/film.mov") == ()
    assert again.upload(NAME, CONTENT, token).status == 204
    assert [version.content.length_bytes for version in history(store, ann, "/film.mov")] == [150_001]


def test_volume_is_mounted_for_writing_and_has_a_size(run: Run[Finder]) -> None:
    finder = run(Finder, "ann")

    mounted = finder.send("OPTIONS", "/dav/")
    assert mounted.headers["dav"].split(", ")[:2] == ["1", "2"]
    space = finder.propfind("/dav/", "quota-available-bytes", "quota-used-bytes", "quota", "quotaused")
    assert b"<D:quota-used-bytes>0</D:quota-used-bytes>" in space.body
    # 0 would be a full disk; without a limit there is nothing to say.
    assert b"<D:quota-available-bytes/>" in space.body.partition(b"HTTP/1.1 200 OK")[2]
    listed = finder.propfind(
        "/dav/", "getlastmodified", "getcontentlength", "creationdate", "resourcetype", "appledoubleheader", depth=1
    )
    assert listed.status == 207


def test_lock_is_refreshed_and_a_part_is_fetched_by_date(run: Run[Finder]) -> None:
    finder = run(Finder, "ann")
    token = created(finder)
    finder.upload(NAME, CONTENT, token)

    assert finder.refresh(NAME, token).status == 200
    date = finder.head(NAME).headers["last-modified"]
    part = finder.get(NAME, "Range: bytes=100000-", f"If-Range: {date}")
    assert (part.status, part.body) == (206, CONTENT[100_000:])
    assert finder.get(NAME, f"If-Modified-Since: {date}").status == 304


def test_file_is_renamed_over_another_without_an_overwrite_header(run: Run[Finder]) -> None:
    finder = run(Finder, "ann")
    token = created(finder)
    finder.upload(NAME, CONTENT, token)
    finder.create("/dav/old.mov")

    assert finder.send("MOVE", NAME, "Destination: http://test/dav/old.mov", f"If: (<{token}>)").status == 204
    assert finder.get("/dav/old.mov").body == CONTENT
