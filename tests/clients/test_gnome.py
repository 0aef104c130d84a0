"""gedit: no locks, but never over somebody else's change."""

from __future__ import annotations

import re

from davgate.core.store import Context, Store
from tests.builders import a_document
from tests.clients.conftest import Run
from tests.clients.programs import Gedit
from tests.protocol.databases import on_both_databases
from tests.protocol.stored import history


@on_both_databases
def test_save_of_what_somebody_else_changed_is_refused(run: Run[Gedit], store: Store, ann: Context) -> None:
    a_document(store, ann, "/notes.txt", b"one")
    of_ann, of_bob = run(Gedit, "ann"), run(Gedit, "bob")
    found = re.search(rb"<D:getetag>(.+?)</D:getetag>", of_ann.stat("/dav/notes.txt").body)
    assert found is not None
    etag = found[1].decode()

    assert of_ann.head("/dav/notes.txt", f"If-Match: {etag}").status == 200
    assert of_ann.replace("/dav/notes.txt", b"two", etag).status == 204
    assert of_bob.head("/dav/notes.txt", f"If-Match: {etag}").status == 412
    assert of_bob.replace("/dav/notes.txt", b"three", etag).status == 412

    assert of_bob.get("/dav/notes.txt").body == b"two"
    assert len(history(store, ann, "/notes.txt")) == 2


def test_file_is_created_where_nothing_was(run: Run[Gedit]) -> None:
    gedit = run(Gedit, "ann")

    assert gedit.head("/dav/new.txt").status == 404
    assert gedit.send_body("PUT", "/dav/new.txt", body=b"one").status == 201
    move = ("MOVE", "/dav/new.txt", "Destination: http://test/dav/newer.txt", "Overwrite: F")
    assert gedit.send(*move).status == 201
    gedit.send_body("PUT", "/dav/new.txt", body=b"two")
    assert gedit.send(*move).status == 412
