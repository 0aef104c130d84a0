"""The history of an object: case 26, what each door's acts are called in it, its pages, and who reads it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import pytest

from davgate.app import Application
from davgate.config.sections import YuuvisConfig
from davgate.core import deleted, marking
from davgate.core.audit import auditing
from davgate.core.audit import shown as audit_shown
from davgate.core.principals import granting
from davgate.core.store import Store
from davgate.model.audit import Head
from davgate.model.rights import EDITOR
from davgate.storage.api import AuditFilter, registrations
from tests.builders import SettableClock, path
from tests.protocol.client import Client
from tests.protocol.conftest import Serve
from tests.protocol.multistatus import members
from tests.protocol.transcripts import address
from tests.protocol.yuuvis import (
    BASE,
    NOBODYS,
    an_email,
    an_imported_email,
    imported,
    of,
    patch,
    refusal,
    said,
    shown,
    upload,
    uuid_of,
    values,
    version_of,
)

Told = dict[str, Any]

FILE: Final = "/dav/yuuvis/2026-11/a.txt"
"""What is imported, on the drive."""


def history(client: Client, where: str, query: str = "") -> list[Told]:
    """Return the entries of a history."""
    response = client("GET", f"{where}/history{query}")
    assert response.status == 200, response
    assert response.json["numItems"] == len(response.json["objects"])
    return [said(one) for one in response.json["objects"]]


def actions(client: Client, where: str) -> list[int]:
    """Return the codes of what was done to an object, the newest first, without what was only read."""
    return [one["action"] for one in history(client, where) if one["action"] // 100 != 4]


def test_case_26_history_tells_what_was_done_the_newest_first(ann: Client) -> None:
    email = an_imported_email(ann)
    (created,) = history(ann, email)
    assert (created["action"], created["detail"]) == (101, "CREATE_METADATA_WITH_CONTENT")

    patch(ann, of(values(appEmail__subject="x")), to=email)
    upload(ann, email)
    told = history(ann, email)
    assert [one["action"] for one in told] == [301, 300, 101]
    times = [one["system:creationDate"] for one in told]
    assert times == sorted(times, reverse=True)


def test_an_entry_says_who_did_what_when_and_to_which_version(ann: Client, bob: Client) -> None:
    email = imported(ann, an_email())
    patch(bob, of(values(appEmail__subject="x")), to=email, x_b3_traceid="97a35859dbb4c435")
    entry = history(ann, email)[0]
    now = shown(ann, email)
    number = entry.pop("system:objectId")
    assert isinstance(number, int)
    assert entry == {
        "system:objectTypeId": "system:audit",
        "system:baseTypeId": "item",
        "system:createdBy": "bob",
        "system:creationDate": said(now)["system:lastModificationDate"],
        "system:tenant": "default",
        "system:versionNumber": 2,
        "description": entry["description"],
        "action": 300,
        "detail": "UPDATE_METADATA",
        "referredObjectId": said(now)["system:objectId"],
        "traceid": "97a35859dbb4c435",
    }
    assert entry["traceid"] == said(now)["system:traceId"]


def test_what_was_imported_without_content_is_told_as_such(ann: Client) -> None:
    email = imported(ann, an_email())
    upload(ann, email)
    folder = imported(ann, of(values(system__objectTypeId="folder", Name="f")))
    assert actions(ann, email) == [301, 100]
    assert actions(ann, folder) == [100]


def test_restored_and_deleted_versions_are_told(ann: Client) -> None:
    email = an_imported_email(ann)
    upload(ann, email)
    assert ann("POST", f"{email}/versions/1/actions/restore").status == 200
    assert ann("DELETE", f"{email}/versions/2").status == 200
    assert actions(ann, email) == [220, 325, 301, 101]
    assert [one.get("system:versionNumber") for one in history(ann, email)] == [2, 3, 2, 1]


def test_a_move_is_told(ann: Client) -> None:
    email = an_imported_email(ann)
    folder = imported(ann, of(values(system__objectTypeId="folder", Name="f")))
    patch(ann, of(values(system__parentId=folder.rpartition("/")[2])), to=email)
    assert 340 in actions(ann, email)


def test_what_was_deleted_has_its_history_still(ann: Client) -> None:
    email = an_imported_email(ann)
    ann("DELETE", email)
    told = history(ann, email)
    assert [one["action"] for one in told] == [200, 202, 101]
    assert len({one["system:objectId"] for one in told}) == 3


def test_acts_through_the_drive_are_told(ann: Client, store: Store) -> None:
    email = an_imported_email(ann)
    ann.put(FILE, b"saved on the drive")
    marking.set_label(store, ann.ctx, path(FILE.removeprefix("/dav")), version_of(ann, email), "approved", may_move=True)
    marking.set_label(store, ann.ctx, path(FILE.removeprefix("/dav")), 1, "approved", may_move=True)
    marking.remove_label(store, ann.ctx, path(FILE.removeprefix("/dav")), "approved")
    token = ann.lock(FILE)
    moved = ann("MOVE", FILE, destination="http://drive.test/dav/b.txt", if_=f"(<{token}>)")
    assert moved.status == 201
    assert actions(ann, email) == [340, 210, 310, 110, 301, 101]


# With their folder


def deleted_with_its_folder(ann: Client, bob: Client) -> tuple[str, str]:
    """Return the address of an email that was in a folder when another user deleted that a second later, and the folder's."""
    folder = imported(ann, of(values(system__objectTypeId="folder", Name="secret")))
    email = imported(ann, an_email("x", system__parentId=uuid_of(folder)))
    upload(ann, email)
    bob.clock.advance(timedelta(seconds=1))
    assert bob("DELETE", "/dav/yuuvis/2026-11/secret", x_b3_traceid="97a35859dbb4c435").status == 204
    return email, folder


def restore_folder(client: Client) -> None:
    (entry,) = [one for one in members(client, "/dav/.trash/") if one.startswith("secret")]
    moved = client("MOVE", address(f"/.trash/{entry}"), destination="http://drive.test/dav/back")
    assert moved.status == 201


def test_what_was_deleted_with_its_folder_is_told_as_deleted_and_so_is_the_restore(ann: Client, bob: Client) -> None:
    email, folder = deleted_with_its_folder(ann, bob)

    told = history(ann, email)

    assert [one["action"] for one in told] == [200, 202, 301, 100]
    newest, of_folder = told[0], history(ann, folder)[0]
    assert (newest["description"], newest["referredObjectId"]) == ("delete of upload.bin", uuid_of(email))
    for name in ("system:objectId", "system:createdBy", "system:creationDate", "traceid"):
        assert newest[name] == of_folder[name]
    assert newest["system:createdBy"] == "bob"

    ann.clock.advance(timedelta(seconds=1))
    restore_folder(ann)

    assert history(ann, email)[1:] == told
    assert (history(ann, email)[0]["detail"], history(ann, email)[0]["system:createdBy"]) == ("OBJECT_RESTORED_FROM_TRASH", "ann")


def test_deletion_with_a_folder_is_on_its_page(ann: Client, bob: Client) -> None:
    email, _ = deleted_with_its_folder(ann, bob)
    restore_folder(ann)
    upload(ann, email)

    pages = [history(ann, email, f"?size=2&page={no}") for no in range(4)]

    assert [[one["action"] for one in page] for page in pages] == [[301, 10_000], [200, 202], [301, 100], []]
    assert ann("GET", f"{email}/history?size=2&page=1").json["totalNumItems"] == 6


def test_deletion_of_a_folder_above_is_told_of_what_has_no_content(ann: Client, bob: Client) -> None:
    folder = imported(ann, of(values(system__objectTypeId="folder", Name="f")))
    email = imported(ann, an_email("x", system__parentId=uuid_of(folder)))
    assert bob("DELETE", "/dav/yuuvis").status == 204

    assert history(ann, email)[0]["description"] == f"delete of ={uuid_of(email)}"
    assert actions(ann, email) == actions(ann, folder) == [200, 202, 100]


def test_what_comes_back_alone_keeps_that_it_was_deleted_with_its_folder(ann: Client, bob: Client, store: Store) -> None:
    email, _ = deleted_with_its_folder(ann, bob)
    ann.clock.advance(timedelta(seconds=1))
    with store.database.read() as session:
        document_id = registrations.find(session, [uuid_of(email)])[uuid_of(email)][0].id
    deleted.restore_into(store, ann.ctx, path("/yuuvis"), document_id)
    told = [10_000, 200, 202, 301, 100]
    assert actions(ann, email) == told

    # What becomes of the folder now is nothing to it.
    ann.clock.advance(timedelta(seconds=1))
    restore_folder(ann)
    ann("DELETE", "/dav/back")

    assert actions(ann, email) == told


def test_what_left_its_folder_is_not_told_as_deleted_with_it(ann: Client) -> None:
    folder = imported(ann, of(values(system__objectTypeId="folder", Name="f")))
    email = imported(ann, an_email("x", system__parentId=uuid_of(folder)))
    ann.clock.advance(timedelta(seconds=1))
    patch(ann, of(values(system__parentId=None)), to=email)
    ann("DELETE", folder)

    assert 200 not in actions(ann, email)


# Reads


def test_reads_are_told_with_their_version(ann: Client, bob: Client, clock: SettableClock) -> None:
    email = an_imported_email(ann)
    for where in (email, f"{email}/contents/file"):
        clock.advance(timedelta(seconds=1))
        assert bob("GET", where, range="bytes=0-4").status in (200, 206)
    clock.advance(timedelta(seconds=1))
    upload(ann, email)
    for where in (f"{email}/versions/1/contents/file", f"{email}/versions/1"):
        clock.advance(timedelta(seconds=1))
        assert bob("GET", where).status == 200
    told = [(one["action"], one["system:createdBy"], one["system:versionNumber"]) for one in history(ann, email)]
    assert told == [(401, "bob", 1), (400, "bob", 1), (301, "ann", 2), (400, "bob", 1), (401, "bob", 1), (101, "ann", 1)]


def test_what_was_not_read_is_not_told(ann: Client, clock: SettableClock) -> None:
    email = an_imported_email(ann)
    clock.advance(timedelta(seconds=1))
    tag = ann("GET", f"{email}/contents/file").etag
    assert ann("HEAD", f"{email}/contents/file").status == 200
    assert ann("GET", f"{email}/contents/file", if_none_match=tag).status == 304
    assert ann("GET", f"{email}/contents/file", range="bytes=50-").status == 416
    assert ann("GET", f"{email}/versions/7").status == 404
    assert [one["action"] for one in history(ann, email)] == [400, 101]


def test_reads_are_not_told_where_that_is_switched_off(serve: Serve, store: Store, ann: Client) -> None:
    quiet = ann.through(serve(store, yuuvis=YuuvisConfig(audit_reads=False)))
    email = an_imported_email(quiet)
    quiet("GET", email)
    assert [one["action"] for one in history(quiet, email)] == [101]


def test_reads_are_part_of_the_audit_and_of_its_chain(ann: Client, store: Store, root_admin: Client) -> None:
    email = an_imported_email(ann)
    ann("GET", email)
    assert auditing.write_reads(store) == 1
    assert auditing.write_reads(store) == 0
    found: list[object] = []
    assert isinstance(audit_shown.verify(store, root_admin.ctx, (), found.append), Head)
    assert found == []
    row = audit_shown.newest(store, root_admin.ctx, AuditFilter(action="read-metadata"), 1)[0]
    assert (row.principal, row.path, row.outcome) == ("ann", "/yuuvis/2026-11/a.txt", "granted")


def test_what_is_left_is_written_when_the_application_ends(app: Application, ann: Client, store: Store) -> None:
    email = an_imported_email(ann)
    ann("GET", email)
    app.close()
    assert auditing.write_reads(store) == 0


# Pages


def test_history_comes_in_pages(ann: Client) -> None:
    email = imported(ann, an_email())
    for no in range(5):
        patch(ann, of(values(appEmail__subject=str(no))), to=email)
    whole = history(ann, email)
    assert len(whole) == 6
    paged = [history(ann, email, f"?size=4&page={no}") for no in range(3)]
    assert [len(page) for page in paged] == [4, 2, 0]
    assert [entry for page in paged for entry in page] == whole
    first = ann("GET", f"{email}/history?size=4").json
    assert (first["numItems"], first["hasMoreItems"], first["totalNumItems"]) == (4, True, 6)
    last = ann("GET", f"{email}/history?size=3&page=1").json
    assert (last["numItems"], last["hasMoreItems"], last["totalNumItems"]) == (3, False, 6)
    assert history(ann, email, f"?page={10**30}") == []


def test_a_page_has_fifty_entries_unless_told_otherwise(ann: Client) -> None:
    email = imported(ann, an_email())
    for no in range(60):
        patch(ann, of(values(appEmail__subject=str(no))), to=email)
    assert len(history(ann, email)) == 50
    assert len(history(ann, email, "?page=1")) == 11


def test_pages_may_part_what_is_told_of_one_deletion(ann: Client) -> None:
    email = imported(ann, an_email())
    ann("DELETE", email)
    told = [history(ann, email, f"?size=1&page={no}")[0]["action"] for no in range(3)]
    assert told == [200, 202, 100]


@pytest.mark.parametrize("query", ["size=0", "size=-1", "page=-1", "size=x"])
def test_pages_that_there_cannot_be_are_refused(ann: Client, query: str) -> None:
    email = imported(ann, an_email())
    assert refusal(ann("GET", f"{email}/history?{query}")) == (400, 2100)


# Whom it is told


def test_there_is_no_history_of_what_is_not_there(ann: Client) -> None:
    assert history(ann, f"{BASE}/{NOBODYS}") == []


def test_history_of_what_may_not_be_read_is_empty(ann: Client, bob: Client, root_admin: Client, store: Store) -> None:
    email = imported(ann, an_email())
    granting.close(store, root_admin.ctx, path("/yuuvis"))
    granting.grant(store, root_admin.ctx, path("/yuuvis"), "ann", EDITOR)
    assert bob("GET", email).status == 404
    assert history(bob, email) == []
    assert actions(ann, email) == actions(root_admin, email) == [100]

    ann("DELETE", email)
    assert history(bob, email) == []
    assert actions(ann, email) == [200, 202, 100]


def test_history_asks_for_a_sign_in(nobody: Client) -> None:
    assert refusal(nobody("GET", f"{BASE}/{NOBODYS}/history")) == (401, 2001)


def test_history_does_not_tell_of_folders_where_it_was(ann: Client, bob: Client, root_admin: Client, store: Store) -> None:
    secret, open_to_all = (
        uuid_of(imported(ann, of(values(system__objectTypeId="folder", Name=name)))) for name in ("secret", "open")
    )
    email = imported(ann, an_email("x", system__parentId=secret))
    upload(ann, email)
    patch(ann, of(values(system__parentId=open_to_all)), to=email)
    assert ann("DELETE", email).status == 200
    granting.close(store, root_admin.ctx, path("/yuuvis/2026-11/secret"))

    told = [one["description"] for one in history(bob, email)]

    assert told[-2:] == [f"save of ={uuid_of(email)}", f"create of ={uuid_of(email)}"]
    assert "move of upload.bin" in told
    assert not any("/" in one for one in told)
