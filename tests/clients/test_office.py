"""Word with its own stack: one user edits, another one comes."""

from __future__ import annotations

from datetime import timedelta

from davgate.core.store import Context, Store
from tests.builders import SettableClock, a_document, locks_at
from tests.clients.conftest import Run
from tests.clients.programs import Office, token_of
from tests.protocol.databases import on_both_databases
from tests.protocol.stored import history

NAME = "/dav/plans/report.docx"


@on_both_databases
def test_document_is_opened_saved_and_closed(run: Run[Office], store: Store, ann: Context, clock: SettableClock) -> None:
    a_document(store, ann, "/plans/report.docx", b"one")
    word = run(Office, "ann")

    answer = word.discover("/dav/plans/")
    assert (answer.status, answer.headers["ms-author-via"]) == (200, "DAV")
    assert answer.headers["dav"].startswith("1, 2")
    assert {"LOCK", "UNLOCK", "PUT", "PROPFIND"} <= set(answer.headers["allow"].split(", "))
    opened = word.head(NAME)
    assert opened.status == 200
    before = opened.headers["etag"], opened.headers["last-modified"]
    locked = word.lock(NAME, "Ann Example")
    assert locked.status == 200
    token = token_of(locked)
    assert word.get(NAME, "Translate: f").body == b"one"
    assert word.get(NAME, f"If-None-Match: {before[0]}").status == 304
    clock.advance(timedelta(minutes=30))
    refreshed = word.refresh(NAME, token)
    assert (refreshed.status, token.encode() in refreshed.body) == (200, True)
    locked_headers = word.head(NAME).headers
    assert (locked_headers["etag"], locked_headers["last-modified"]) == before

    saved = word.save(NAME, b"two", token)
    assert saved.status == 204
    assert saved.headers["etag"] != before[0]
    after = word.head(NAME).headers
    assert after["etag"] == saved.headers["etag"]
    looked = word.look(NAME)
    assert looked.status == 207
    assert b"modifiedby" in looked.body.partition(b"HTTP/1.1 200 OK")[2]
    assert b"HTTP/1.1 404 Not Found" in looked.body
    assert word.unlock(NAME, token).status == 204

    closed = word.head(NAME).headers
    assert (closed["etag"], closed["last-modified"]) == (after["etag"], after["last-modified"])
    assert [version.no for version in history(store, ann, "/plans/report.docx")] == [1, 2]
    assert locks_at(store, ann, "/plans/report.docx") == []


@on_both_databases
def test_second_user_reads_and_is_told_who_edits(run: Run[Office], store: Store, ann: Context) -> None:
    a_document(store, ann, "/plans/report.docx", b"one")
    of_ann, of_bob = run(Office, "ann"), run(Office, "bob")
    token = token_of(of_ann.lock(NAME, "Ann Example"))

    refused = of_bob.lock(NAME, "Bob Example")
    assert refused.status == 423
    assert b"no-conflicting-lock" in refused.body
    shown = of_bob.who_locks(NAME)
    assert shown.status == 207
    assert shown.body.count(b"<D:activelock>") == 1
    assert b"Ann Example" in shown.body
    assert of_bob.get(NAME).body == b"one"
    assert of_ann.unlock(NAME, token).status == 204
    assert of_bob.lock(NAME, "Bob Example").status == 200


def test_reopened_document_begins_with_a_refresh(run: Run[Office], store: Store, ann: Context) -> None:
    a_document(store, ann, "/plans/report.docx", b"one")
    word = run(Office, "ann")
    token = token_of(word.lock(NAME, "Ann Example"))

    assert word.refresh(NAME, token).status == 200
    assert word.unlock(NAME, token).status == 204
    assert word.refresh(NAME, token).status == 412
    assert word.send("LOCK", NAME, "Timeout: Second-3600", "Content-Length: 0").status == 400
