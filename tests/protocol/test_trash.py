"""``.trash``: what was deleted, with from where, by whom and when; MOVE brings it back as it was, COPY makes a new document."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import delete, select

from davgate.core.store import Store
from davgate.model.node import ROOT_ID
from davgate.model.rights import EDITOR, Right
from davgate.storage.api import access
from davgate.storage.statements import Statement
from davgate.storage.tables import access_grant, trash
from tests.builders import findings, node_at
from tests.protocol.client import SET_AUTHOR, Client, lockinfo
from tests.protocol.databases import on_both_databases
from tests.protocol.multistatus import members, message_of, prop_of, propfind
from tests.protocol.stored import disable, history, origins, trashed
from tests.protocol.transcripts import address, play

LONG = timedelta(minutes=30)


@pytest.fixture
def entry(ann: Client) -> str:
    """The address of a deleted document with two versions and a dead property."""
    ann.mkcol("/dav/f")
    ann.put("/dav/f/report.docx", b"one")
    ann.put("/dav/f/report.docx", b"two!")
    assert ann("PROPPATCH", "/dav/f/report.docx", SET_AUTHOR).status == 207
    ann.clock.advance(LONG)
    assert ann("DELETE", "/dav/f/report.docx").status == 204
    (name,) = members(ann, "/dav/.trash/")
    return address(f"/.trash/{name}")


def entries_of(client: Client) -> list[str]:
    return members(client, "/dav/.trash/")


@on_both_databases
def test_entry_tells_from_where_by_whom_and_when(ann: Client, entry: str) -> None:
    names = ("{urn:davgate}deleted-from", "{urn:davgate}deleted-by", "{urn:davgate}deleted-at")
    found = propfind(ann, "/dav/.trash/", *names, "getcontentlength", depth="1")

    assert list(found) == ["/dav/.trash/", entry]
    assert [found[entry][name] for name in names] == ["/f/report.docx", "ann", "2026-11-20T12:30:00Z"]
    assert found[entry]["getcontentlength"] == "4"
    assert propfind(ann, entry, names[0])[entry][names[0]] == "/f/report.docx"


def test_entry_is_named_for_people_and_programs(ann: Client, store: Store, entry: str) -> None:
    assert entry == address(f"/.trash/report 2026-11-20 12.30 {_id_of(store)}.docx")


def test_tagged_if_may_name_the_entry_that_is_brought_back(ann: Client, entry: str) -> None:
    etag = ann("HEAD", entry).etag

    assert ann("MOVE", entry, destination="/dav/f/a.docx", if_=f"<{entry}> (Not [{etag}])").status == 412
    assert ann("MOVE", entry, destination="/dav/f/a.docx", if_=f"<{entry}> ([{etag}])").status == 201


def test_conditions_are_held_against_an_entry_without_content(ann: Client) -> None:
    ann.mkcol("/dav/f")
    ann("PUT", "/dav/f/new.docx")
    assert ann("DELETE", "/dav/f").status == 204
    (name,) = members(ann, "/dav/.trash/")
    entry = address(f"/.trash/{name}new.docx")
    etag = prop_of(ann, entry, "getetag")

    assert etag is not None
    assert ann("PROPFIND", entry, depth="0", if_match=etag).status == 207
    assert ann("PROPFIND", entry, depth="0", if_match='"0000"').status == 412


@pytest.mark.parametrize("pattern", ["{}", "{}.docx", "whatever {}.docx", "report 2026-11-20 12.30 {}"])
def test_last_number_decides_and_the_rest_is_for_people(ann: Client, store: Store, entry: str, pattern: str) -> None:
    assert ann.get(address(f"/.trash/{pattern.format(_id_of(store))}")) == b"two!"


@pytest.mark.parametrize("name", ["0", "99999999", "report.docx", "9" * 30])
def test_number_of_nothing_deleted_is_404(ann: Client, entry: str, name: str) -> None:
    assert ann.status_of(f"/dav/.trash/{name}") == 404
    assert ann("PROPFIND", f"/dav/.trash/{name}", depth="0").status == 404


def _id_of(store: Store) -> int:
    with store.database.read() as session:
        return int(session.all(Statement(select(trash.c.node_id)))[0][0])


def test_content_is_read_with_ranges_and_conditions(ann: Client, entry: str) -> None:
    assert ann.get(entry) == b"two!"
    assert ann("GET", entry, range="bytes=0-1").body == b"tw"
    assert ann("GET", entry, if_none_match=ann("HEAD", entry).etag).status == 304


@pytest.mark.parametrize("deleted", ["f/a.docx", "f"])
def test_document_that_was_emptied_and_deleted_at_once_is_read_as_an_empty_file(ann: Client, deleted: str) -> None:
    play(ann, "MKCOL /f : 201\nPUT /f/a.docx one : 201\nPUT /f/a.docx empty : 204")
    play(ann, f"DELETE /{deleted} : 204")
    (name,) = entries_of(ann)
    emptied = address(f"/.trash/{name}a.docx" if name.endswith("/") else f"/.trash/{name}")

    answer = ann("GET", emptied)

    assert (answer.status, answer.body) == (200, b"")
    assert answer.etag == prop_of(ann, emptied, "getetag")


@on_both_databases
def test_move_out_brings_back_identity_history_and_properties(ann: Client, bob: Client, store: Store, entry: str) -> None:
    before = history(store, ann.ctx, "/f/report.docx")
    assert before == ()
    assert ann("MOVE", entry, destination="/dav/f/back.docx").status == 201

    assert [version.no for version in history(store, ann.ctx, "/f/back.docx")] == [1, 2]
    assert prop_of(ann, "/dav/f/back.docx", "{urn:x}author") == "Ann"
    assert ann.get("/dav/f/back.docx") == b"two!"
    assert entries_of(ann) == []
    assert trashed(store) == []
    assert bob.get("/dav/f/back.docx") == b"two!"
    assert findings(store) == []


@on_both_databases
def test_identity_stays_through_deletion_and_return(ann: Client, store: Store) -> None:
    ann.put("/dav/a.txt", b"one")
    identity = node_at(store, ann.ctx, "/a.txt").uuid
    ann.clock.advance(LONG)
    assert ann("DELETE", "/dav/a.txt").status == 204
    ann.clock.advance(LONG)
    (name,) = entries_of(ann)
    assert ann("MOVE", address(f"/.trash/{name}"), destination="/dav/a.txt").status == 201

    assert node_at(store, ann.ctx, "/a.txt").uuid == identity
    assert findings(store) == []


@pytest.mark.parametrize(("overwrite", "status"), [("F", 412), ("T", 204)])
def test_taken_destination_is_replaced_only_with_overwrite(
    ann: Client, store: Store, entry: str, overwrite: str, status: int
) -> None:
    ann.put("/dav/f/new.docx", b"new")
    ann.clock.advance(LONG)

    assert ann("MOVE", entry, destination="/dav/f/new.docx", overwrite=overwrite).status == status

    assert ann.get("/dav/f/new.docx") == (b"new" if status == 412 else b"two!")
    assert trashed(store) == (["/f/report.docx"] if status == 412 else ["/f/new.docx"])
    assert findings(store) == []


@pytest.mark.parametrize(
    ("destination", "status"),
    [
        ("/dav/missing/a.docx", 409),
        ("/dav/.trash/a", 403),
        ("/dav/.versions", 403),
        ("/dav/.at/2026-11-20/a", 403),
        ("/dav/f/%01.docx", 400),
        ("/dav/f/report.docx/a", 409),
        ("/dav/", 403),
    ],
)
def test_destination_that_cannot_be_leaves_it_in_the_trash(ann: Client, entry: str, destination: str, status: int) -> None:
    assert ann("MOVE", entry, destination=destination).status == status
    assert len(entries_of(ann)) == 1


def test_locked_destination_keeps_it_in_the_trash(ann: Client, bob: Client, entry: str) -> None:
    ann.lock("/dav/f", depth="infinity")

    assert bob("MOVE", entry, destination="/dav/f/back.docx").status == 423
    assert len(entries_of(ann)) == 1


def test_holder_of_the_lock_of_its_destination_restores(ann: Client, entry: str) -> None:
    token = ann.lock("/dav/f")

    assert ann("MOVE", entry, destination="/dav/f/back.docx").status == 423
    assert ann("MOVE", entry, destination="/dav/f/back.docx", if_=f"</dav/f> (<{token}>)").status == 201
    assert ann.get("/dav/f/back.docx") == b"two!"


def test_lock_of_the_place_that_it_takes_stays_there_as_with_any_other_move(
    ann: Client, bob: Client, store: Store, entry: str
) -> None:
    there = "/dav/f/report.docx"
    ann.clock.advance(LONG)
    ann.put(there, b"other")
    token = ann.lock(there)
    assert ann("PUT", there, b"saved", if_=f"(<{token}>)").status == 204

    assert ann("MOVE", entry, destination=there, if_=f"<{there}> (<{token}>)").status == 204

    assert bob("PUT", there, b"theirs").status == 423
    assert ann("PUT", there, b"three", if_=f"(<{token}>)").status == 204
    assert ann("UNLOCK", there, lock_token=f"<{token}>").status == 204
    assert len(history(store, ann.ctx, "/f/report.docx")) == 3
    assert findings(store) == []


def test_restored_document_is_not_locked_any_more(ann: Client, bob: Client, store: Store) -> None:
    ann.put("/dav/a.txt", b"one")
    token = ann.lock("/dav/a.txt", timeout="Second-604800")
    ann.clock.advance(LONG)
    assert ann("DELETE", "/dav/a.txt", if_=f"(<{token}>)").status == 204
    ann.clock.advance(LONG)
    (name,) = entries_of(ann)

    assert bob("MOVE", address(f"/.trash/{name}"), destination="/dav/a.txt").status == 201
    assert bob("PUT", "/dav/a.txt", b"two").status == 204
    assert findings(store) == []


@on_both_databases
def test_document_comes_back_though_its_folder_is_gone(ann: Client, store: Store, entry: str) -> None:
    assert ann("DELETE", "/dav/f").status == 204
    assert len(entries_of(ann)) == 2

    assert ann("MOVE", entry, destination="/dav/f/report.docx").status == 409
    assert ann("MOVE", entry, destination="/dav/back.docx").status == 201

    assert [version.no for version in history(store, ann.ctx, "/back.docx")] == [1, 2]
    assert prop_of(ann, "/dav/back.docx", "{urn:x}author") == "Ann"
    assert trashed(store) == ["/f"]
    assert findings(store) == []


def test_return_is_no_hole_in_the_past(ann: Client, entry: str) -> None:
    before, gone = "/dav/.at/2026-11-20T12:20Z/f", "/dav/.at/2026-11-20T12:40Z/f"
    ann.clock.advance(LONG)
    assert ann("MOVE", entry, destination="/dav/f/back.docx").status == 201
    ann.clock.advance(LONG)

    assert members(ann, f"{before}/") == ["report.docx"]
    assert members(ann, f"{gone}/") == []
    assert members(ann, "/dav/.at/2026-11-20T13:00Z/f/") == ["back.docx"]


@pytest.mark.parametrize("method", ["MOVE", "COPY"])
def test_conditions_are_held_against_the_entry(ann: Client, entry: str, method: str) -> None:
    # RFC 9110, 13.1.1: they name the target of the request, which is the source
    etag = ann("HEAD", entry).etag
    ann.put("/dav/other.txt", b"other")

    assert ann("GET", entry, if_match='"0000"').status == 412
    assert ann(method, entry, destination="/dav/back.docx", if_match='"0000"').status == 412
    assert ann(method, entry, destination="/dav/back.docx", if_=f"</dav/other.txt> ([{etag}])").status == 412
    assert ann.status_of("/dav/back.docx") == 404
    assert ann(method, entry, destination="/dav/back.docx", if_match=etag).status == 201


@on_both_databases
def test_copy_out_makes_a_new_document(ann: Client, store: Store, entry: str) -> None:
    assert ann("COPY", entry, destination="/dav/copy.docx").status == 201

    assert [version.no for version in history(store, ann.ctx, "/copy.docx")] == [1]
    assert ann.get("/dav/copy.docx") == b"two!"
    assert prop_of(ann, "/dav/copy.docx", "{urn:x}author") == "Ann"
    assert "out of the trash" in origins(store)[-1]
    assert len(entries_of(ann)) == 1
    assert findings(store) == []


def test_copy_out_onto_a_document_is_its_next_version(ann: Client, store: Store, entry: str) -> None:
    ann.put("/dav/other.docx", b"other")
    identity = node_at(store, ann.ctx, "/other.docx").uuid

    assert ann("COPY", entry, destination="/dav/other.docx", overwrite="F").status == 412
    assert ann("COPY", entry, destination="/dav/other.docx").status == 204

    assert node_at(store, ann.ctx, "/other.docx").uuid == identity
    assert [version.no for version in history(store, ann.ctx, "/other.docx")] == [1, 2]


# Folders


@pytest.fixture
def folder(ann: Client) -> str:
    """The address of a deleted folder."""
    play(ann, "MKCOL /f : 201\nMKCOL /f/g : 201\nPUT /f/a.txt one : 201\nPUT /f/g/b.txt two : 201")
    ann.clock.advance(LONG)
    assert ann("DELETE", "/dav/f").status == 204
    (name,) = entries_of(ann)
    return address(f"/.trash/{name}").rstrip("/")


@on_both_databases
def test_deleted_folder_is_one_entry_that_can_be_looked_into(ann: Client, folder: str) -> None:
    assert len(entries_of(ann)) == 1
    assert members(ann, f"{folder}/") == ["a.txt", "g/"]
    assert members(ann, f"{folder}/g/") == ["b.txt"]
    assert ann.get(f"{folder}/g/b.txt") == b"two"
    assert ann.status_of(f"{folder}/missing") == 404
    assert ann.status_of(f"{folder}/a.txt/b") == 404
    page = ann("GET", f"{folder}/").body.decode()
    assert f'href="{folder}/a.txt"' in page


@on_both_databases
def test_folder_comes_back_with_all_that_was_in_it(ann: Client, store: Store, folder: str) -> None:
    assert ann("MOVE", folder, destination="/dav/back").status == 201

    assert members(ann, "/dav/back/") == ["a.txt", "g/"]
    assert ann.get("/dav/back/g/b.txt") == b"two"
    assert [version.no for version in history(store, ann.ctx, "/back/a.txt")] == [1]
    assert findings(store) == []


@pytest.mark.parametrize("depth", ["infinity", "0"])
def test_folder_copied_out_is_a_new_one(ann: Client, store: Store, folder: str, depth: str) -> None:
    assert ann("COPY", folder, destination="/dav/copy", depth=depth).status == 201

    assert members(ann, "/dav/copy/") == (["a.txt", "g/"] if depth == "infinity" else [])
    assert len(entries_of(ann)) == 1
    assert findings(store) == []


def test_member_of_a_deleted_folder_is_copied_but_not_moved_out(ann: Client, folder: str) -> None:
    assert ann("MOVE", f"{folder}/a.txt", destination="/dav/a.txt").status == 403
    assert ann("COPY", f"{folder}/a.txt", destination="/dav/a.txt").status == 201
    assert ann.get("/dav/a.txt") == b"one"


# What is not done there, and who sees what


@pytest.mark.parametrize(
    "method", ["PUT", "DELETE", "MKCOL", "PROPPATCH", "LOCK", "CHECKOUT", "CHECKIN", "UNCHECKOUT", "VERSION-CONTROL"]
)
@pytest.mark.parametrize("where", ["entry", "new", "folder"])
def test_write_into_the_trash_is_403_with_a_reason(ann: Client, store: Store, entry: str, method: str, where: str) -> None:
    target = {"entry": entry, "new": "/dav/.trash/new.txt", "folder": "/dav/.trash/"}[where]
    body = {"PROPPATCH": SET_AUTHOR, "LOCK": lockinfo(), "PUT": "content"}.get(method, "")

    answer = ann(method, target, body)

    assert answer.status == 403
    assert "Move something out of it to restore it" in message_of(answer)
    assert trashed(store) == ["/f/report.docx"]
    assert ann.get(entry) == b"two!"


def test_administrator_does_not_delete_for_good_there_either(root_admin: Client, store: Store, entry: str) -> None:
    assert root_admin("DELETE", entry).status == 403
    assert trashed(store) == ["/f/report.docx"]


@pytest.mark.parametrize("method", ["COPY", "MOVE"])
def test_nothing_is_copied_or_moved_into_the_trash(ann: Client, entry: str, method: str) -> None:
    ann.put("/dav/a.txt", b"one")

    for destination in ("/dav/.trash/a.txt", "/dav/.trash/", entry):
        assert ann(method, "/dav/a.txt", destination=destination).status == 403
    assert ann.get("/dav/a.txt") == b"one"


def test_trash_shows_each_what_they_might_read(ann: Client, bob: Client, root_admin: Client, store: Store) -> None:
    for name in ("open", "closed"):
        ann.mkcol(f"/dav/{name}")
        ann.put(f"/dav/{name}/a.txt", b"one")
    with store.database.write() as tx:
        tx.run(Statement(delete(access_grant)))
        access.grant(tx, ROOT_ID, ann.ctx.principal.id, EDITOR.value)
        access.grant(tx, node_at(store, root_admin.ctx, "/open").id, bob.ctx.principal.id, Right.READ.value)
        tx.commit()
    for name in ("open", "closed"):
        assert ann("DELETE", f"/dav/{name}/a.txt").status == 204

    assert len(entries_of(ann)) == 2
    assert len(entries_of(root_admin)) == 2
    (seen,) = entries_of(bob)
    assert bob.get(address(f"/.trash/{seen}")) == b"one"
    (hidden,) = set(entries_of(ann)) - {seen}
    assert bob.status_of(address(f"/.trash/{hidden}")) == 404
    assert bob("MOVE", address(f"/.trash/{seen}"), destination="/dav/open/a.txt").status == 403


def test_who_may_only_read_copies_but_does_not_restore(ann: Client, bob: Client, root_admin: Client, store: Store) -> None:
    # Restoring takes it away from those who can see it in the trash; a move of what is in the tree takes the same rights.
    for name in ("anns", "bobs"):
        ann.mkcol(f"/dav/{name}")
    ann.put("/dav/anns/a.txt", b"one")
    with store.database.write() as tx:
        tx.run(Statement(delete(access_grant)))
        access.grant(tx, ROOT_ID, ann.ctx.principal.id, EDITOR.value)
        access.grant(tx, node_at(store, root_admin.ctx, "/anns").id, bob.ctx.principal.id, Right.READ.value)
        access.grant(tx, node_at(store, root_admin.ctx, "/bobs").id, bob.ctx.principal.id, EDITOR.value)
        tx.commit()
    assert ann("DELETE", "/dav/anns/a.txt").status == 204
    ann.clock.advance(LONG)
    (name,) = entries_of(bob)

    assert bob("MOVE", address(f"/.trash/{name}"), destination="/dav/bobs/a.txt").status == 403
    assert bob("COPY", address(f"/.trash/{name}"), destination="/dav/bobs/a.txt").status == 201
    assert entries_of(ann) == [name]


def test_trash_is_closed_at_once_to_a_disabled_account(ann: Client, bob: Client, store: Store, entry: str) -> None:
    assert ann.get(entry) == b"two!"  # The sign-in is remembered from here on.
    disable(store, ann.ctx)

    for target in (entry, "/dav/.trash/"):
        assert ann("GET", target).status == 401
        assert ann("PROPFIND", target, depth="1").status == 401
    for method in ("COPY", "MOVE"):
        assert ann(method, entry, destination="/dav/x").status == 401
    assert bob.get(entry) == b"two!"


def test_listing_takes_few_statements_however_many_entries(ann: Client, statements: list[str]) -> None:
    for number in range(30):
        ann.put(f"/dav/{number}.txt", b"one")
    ann.clock.advance(LONG)
    for number in range(30):
        ann("DELETE", f"/dav/{number}.txt")

    statements.clear()
    assert len(entries_of(ann)) == 30
    assert len(statements) <= 4, "\n".join(statements)
