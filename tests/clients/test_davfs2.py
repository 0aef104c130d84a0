"""davfs2: locks of its own on names, and no lost update."""

from __future__ import annotations

from davgate.core.store import Context, Store
from tests.builders import a_document, locks_at
from tests.clients.conftest import Run
from tests.clients.programs import Davfs2, token_of
from tests.protocol.databases import on_both_databases
from tests.protocol.stored import history

NAME = "/dav/a.txt"


@on_both_databases
def test_exclusive_creation_fails_on_what_exists(run: Run[Davfs2], store: Store, ann: Context) -> None:
    a_document(store, ann, "/a.txt", b"one")
    mount = run(Davfs2, "ann")

    assert mount.lock(NAME, "If-None-Match: *").status == 412

    assert locks_at(store, ann, "/a.txt") == []


@on_both_databases
def test_upload_over_somebody_elses_change_is_refused(run: Run[Davfs2], store: Store, ann: Context) -> None:
    a_document(store, ann, "/a.txt", b"one", b"two")
    first = history(store, ann, "/a.txt")[0].etag
    mount = run(Davfs2, "ann")
    token = token_of(mount.lock(NAME))

    assert mount.save(NAME, b"three", token, f"If-Match: {first}").status == 412
    assert len(history(store, ann, "/a.txt")) == 2
    current = mount.head(NAME).headers["etag"]
    assert mount.save(NAME, b"three", token, f"If-Match: {current}").status == 204
    assert mount.unlock(NAME, token).status == 204


@on_both_databases
def test_new_file_is_locked_into_being_and_filled(run: Run[Davfs2], store: Store, ann: Context) -> None:
    mount = run(Davfs2, "ann")
    locked = mount.lock(NAME, "If-None-Match: *")
    assert locked.status == 201
    token = token_of(locked)
    etag = mount.head(NAME).headers["etag"]

    saved = mount.save(NAME, b"content", token, f"If-Match: {etag}")

    assert (saved.status, not saved.headers["etag"].startswith("W/")) == (204, True)
    assert mount.unlock(NAME, token).status == 204
    assert [version.no for version in history(store, ann, "/a.txt")] == [1]


def test_lock_is_recognised_by_its_owner_text(run: Run[Davfs2]) -> None:
    mount = run(Davfs2, "ann")
    mount.lock(NAME)

    assert mount.lock(NAME).status == 423
    prop = b"<prop>\n<lockdiscovery xmlns='DAV:'/>\n</prop>"
    body = b'<?xml version="1.0" encoding="utf-8"?>\n<propfind xmlns="DAV:">' + prop + b"</propfind>\n"
    shown = mount.send_body("PROPFIND", NAME, "Depth: 0", "Content-Type: application/xml", body=body)
    assert b"<D:owner>ann</D:owner>" in shown.body
