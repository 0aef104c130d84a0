"""Two people and one lock: who may do what meanwhile, and what is left of the lock afterwards."""

from __future__ import annotations

import pytest

from davgate.core.store import Context, Store
from tests.builders import a_collection, a_document, locks_at
from tests.clients.conftest import Run
from tests.clients.programs import Curl, token_of
from tests.protocol.databases import on_both_databases
from tests.protocol.stored import history

N = "/dav/n.txt"


@on_both_databases
def test_lock_keeps_everybody_else_out(run: Run[Curl], store: Store, ann: Context) -> None:
    a_document(store, ann, "/n.txt", b"one")
    a_document(store, ann, "/x.txt", b"other")
    of_ann, of_bob = run(Curl, "ann"), run(Curl, "bob")
    token = token_of(of_ann.lock(N))

    assert of_bob.put(N, b"two").status == 423
    assert of_bob.send("DELETE", N).status == 423
    assert of_bob.send("MOVE", "/dav/x.txt", f"Destination: {N}").status == 423
    assert of_bob.send("COPY", N, "Destination: /dav/m.txt").status == 201
    assert locks_at(store, ann, "/m.txt") == []
    assert of_bob.put(N, b"two", f"If: (<{token}>)").status in (423, 403)
    assert of_bob.send("UNLOCK", N, f"Lock-Token: <{token}>").status == 403
    assert of_ann.put(N, b"two").status == 423
    assert of_ann.put(N, b"two", f"If: (<{token}>)").status == 204

    assert [version.author for version in history(store, ann, "/n.txt")] == ["ann", "ann"]
    assert [lock.token for lock in locks_at(store, ann, "/n.txt")] == [token.removeprefix("opaquelocktoken:")]


@on_both_databases
def test_deep_lock_covers_what_is_there_and_what_comes(run: Run[Curl], store: Store, ann: Context) -> None:
    a_document(store, ann, "/folder/child.txt", b"one")
    of_ann, of_bob = run(Curl, "ann"), run(Curl, "bob")
    token = token_of(of_ann.lock("/dav/folder/", "Depth: infinity"))

    assert of_bob.put("/dav/folder/child.txt", b"two").status == 423
    assert of_bob.put("/dav/folder/new.txt", b"new").status == 423
    assert of_bob.send("MKCOL", "/dav/folder/new").status == 423
    assert of_bob.lock("/dav/folder/child.txt").status == 423
    asked = b'<D:propfind xmlns:D="DAV:"><D:prop><D:lockdiscovery/></D:prop></D:propfind>'
    shown = of_bob.send_body("PROPFIND", "/dav/folder/child.txt", "Depth: 0", body=asked)
    assert token.encode() in shown.body
    assert b"<D:lockroot><D:href>/dav/folder/</D:href></D:lockroot>" in shown.body
    assert of_ann.put("/dav/folder/child.txt", b"two", f"If: <http://test/dav/folder/> (<{token}>)").status == 204
    assert of_ann.put("/dav/folder/child.txt", b"three", f"If: (<{token}>)").status == 204
    assert of_ann.send("UNLOCK", "/dav/folder/child.txt", f"Lock-Token: <{token}>").status == 204
    assert of_bob.put("/dav/folder/child.txt", b"four").status == 204


@on_both_databases
def test_lock_does_not_travel_with_the_file(run: Run[Curl], store: Store, ann: Context) -> None:
    a_document(store, ann, "/n.txt", b"one")
    of_ann, of_bob = run(Curl, "ann"), run(Curl, "bob")
    token = token_of(of_ann.lock(N))

    assert of_ann.send("MOVE", N, "Destination: /dav/m.txt").status == 423
    assert of_ann.send("MOVE", N, "Destination: /dav/m.txt", f"If: (<{token}>)").status == 201

    assert locks_at(store, ann, "/m.txt") == []
    assert of_bob.put("/dav/m.txt", b"two").status == 204
    assert of_bob.put(N, b"new").status == 201
    assert locks_at(store, ann, "/n.txt") == []


@on_both_databases
def test_copy_onto_a_locked_file_leaves_its_lock(run: Run[Curl], store: Store, ann: Context) -> None:
    a_document(store, ann, "/n.txt", b"one")
    a_document(store, ann, "/x.txt", b"other")
    of_ann = run(Curl, "ann")
    token = token_of(of_ann.lock(N))

    copied = of_ann.send("COPY", "/dav/x.txt", f"Destination: {N}", f"If: <{N}> (<{token}>)")

    assert copied.status == 204
    assert of_ann.get(N).body == b"other"
    assert len(locks_at(store, ann, "/n.txt")) == 1


@pytest.mark.parametrize("kind", ["tagged", "second-list", "always", "untagged-delete", "untagged-move"])
def test_forms_of_the_if_header_that_pass(run: Run[Curl], store: Store, ann: Context, kind: str) -> None:
    a_document(store, ann, "/n.txt", b"one")
    curl = run(Curl, "ann")
    token, etag = token_of(curl.lock(N)), curl.head(N).headers["etag"]

    match kind:
        case "tagged":
            answer = curl.put(N, b"two", f"If: <http://test{N}> (<{token}> [{etag}])")
        case "second-list":
            answer = curl.put(N, b"two", f'If: (<{token}> ["x"]) (<{token}>)')
        case "always":
            answer = curl.put(N, b"two", f"If: (<{token}>) (Not <DAV:no-lock>)")
        case "untagged-delete":
            answer = curl.send("DELETE", N, f"If: (<{token}>)")
        case "untagged-move":
            answer = curl.send("MOVE", N, "Destination: /dav/m.txt", f"If: (<{token}>)")

    assert answer.status == (201 if kind == "untagged-move" else 204)


@on_both_databases
def test_forms_of_the_if_header_that_do_not(run: Run[Curl], store: Store, ann: Context) -> None:
    a_document(store, ann, "/n.txt", b"one")
    a_collection(store, ann, "/folder")
    curl = run(Curl, "ann")
    token = token_of(curl.lock(N))

    assert curl.put(N, b"two", f'If: <http://test{N}> (<{token}> ["x"])').status == 412
    assert curl.put(N, b"two", "If: (<DAV:no-lock>)").status == 412
    assert curl.put(N, b"two", "If: (Not <urn:uuid:181d4fae-7d8c-11d0-a765-00a0c91e6bf2>)").status == 423
    assert curl.put(N, b"two", "If: (").status == 400
    assert curl.send("UNLOCK", N, f"Lock-Token: <{token}>").status == 204
    assert curl.put(N, b"two", f"If: (<{token}>)").status == 412
    assert curl.get(N).body == b"one"
