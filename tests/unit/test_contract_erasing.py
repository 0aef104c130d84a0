"""Erasing and purging: nothing is left but the record that it happened, and nobody else's content goes with it."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, func, select
from tests.builders import (
    LARGE,
    SettableClock,
    a_collection,
    a_document,
    a_lock,
    content_of,
    exists,
    holding,
    members_of,
    node_at,
    put,
    with_policy,
)
from tests.builders import path as to_path

from davgate.core import checking_out, deleting, documents, erasing, locking, marking, purging, rescue_copies
from davgate.core.opening import Opened
from davgate.core.store import Context, Store
from davgate.model.errors import Busy, Corrupt, Forbidden, Held, Malformed, NotFound, SameResource
from davgate.model.properties import PropertyUpdate
from davgate.storage.blobs import DiskBlobs
from davgate.storage.statements import Row, Statement
from davgate.storage.tables import (
    access_grant,
    audit,
    blob,
    change,
    check_out,
    dead_property,
    lock,
    node,
    placement,
    rescue,
    save,
    successor,
    trash,
    vacated,
    version,
    version_mark,
    version_policy,
    working_save,
)
from davgate.storage.tables import store as store_table

DAY = timedelta(days=1)
A = to_path("/a")
ABOUT_DOCUMENTS = (
    *(access_grant, check_out, dead_property, lock, node, placement, rescue, save, successor, trash, vacated),
    *(version, version_mark, version_policy, working_save, blob),
)


def rows(store: Store, table: Table) -> list[Row]:
    with store.database.read() as session:
        return session.all(Statement(select(table).order_by(*table.primary_key)))


def everything(store: Store) -> dict[str, list[Row]]:
    return {table.name: rows(store, table) for table in ABOUT_DOCUMENTS}


def count(store: Store, table: Table) -> int:
    with store.database.read() as session:
        return int(session.all(Statement(select(func.count()).select_from(table)))[0][0])


def audited(store: Store, action: str) -> list[tuple[str, int, dict[str, Any]]]:
    """Return path, principal and detail of the audit rows of an action."""
    wanted = select(audit.c.path, audit.c.principal_id, audit.c.detail).where(audit.c.action == action).order_by(audit.c.id)
    with store.database.read() as session:
        return [(row[0], row[1], json.loads(row[2])) for row in session.all(Statement(wanted))]


def files_of(store: Store) -> set[str]:
    """Return the names of all files in the blob folder."""
    assert isinstance(store.blobs, DiskBlobs)
    return {one.digest.hex() for one in store.blobs.stored()}


def plainly(ctx: Context) -> Context:
    """Return the context of a request that is no step of a save dance."""
    return replace(ctx, editing=False)


def with_everything(store: Store, ann: Context, bob: Context, root_admin: Context, where: str) -> None:
    """Make a document with a row in each table that can tell of one."""
    a_document(store, ann, where, b"one " + where.encode(), LARGE + where.encode())
    at = to_path(where)
    documents.patch_properties(store, ann, at, [PropertyUpdate(("urn:x", "p"), '<p xmlns="urn:x"/>')])
    held = a_lock(store, ann, where)
    for no in range(3):
        put(store, holding(ann, held), where, f"save {no} {where}".encode())
    locking.unlock(store, ann, at, held.token)
    marking.set_label(store, ann, at, 1, "draft", may_move=False)
    marking.pin(store, ann, at, 2)
    checking_out.check_out(store, bob, at)
    put(store, bob, where, b"late " + where.encode())
    checking_out.cancel(store, root_admin, at)
    checking_out.check_out(store, ann, at)
    for no in range(2):
        put(store, ann, where, f"working {no} {where}".encode())
    a_lock(store, ann, where)


def test_erased_document_leaves_nothing_but_the_record(store: Store, ann: Context, bob: Context, root_admin: Context) -> None:
    a_document(store, ann, "/f/other", b"other")
    before = everything(store)
    files = files_of(store)
    with_everything(store, ann, bob, root_admin, "/f/a")
    uuid = node_at(store, ann, "/f/a").uuid
    for table in (check_out, dead_property, lock, rescue, save, version_mark, working_save):
        assert count(store, table), table.name
    assert files_of(store) > files

    erased = erasing.erase(store, root_admin, "/f/a", "a  court\norder")

    after = everything(store)
    # The folder was touched.
    for tables in (before, after):
        del tables["node"]
    assert after == before
    assert not exists(store, root_admin, to_path("/f/a"))
    assert files_of(store) == files
    assert (erased.uuid, erased.path, erased.documents, erased.versions, erased.shared) == (uuid, "/f/a", 1, 3, 0)
    (where, by, detail) = audited(store, "erase")[0]
    assert (where, by) == ("/f/a", root_admin.principal.id)
    assert detail == {
        "uuid": uuid,
        "documents": 1,
        "versions": 3,
        "bytes": erased.freed_bytes,
        "reason": "a court order",
    }
    last = rows(store, change)[-1]
    parent = node_at(store, ann, "/f").id
    assert (last[2], last[4], last[5]) == ("erase", parent, "a")


def test_content_that_others_have_stays(store: Store, ann: Context, root_admin: Context) -> None:
    a_document(store, ann, "/a", LARGE, b"small", b"own")
    a_document(store, ann, "/b", LARGE)
    a_document(store, ann, "/c", b"small", b"another")

    erased = erasing.erase(store, root_admin, "/a", "why")

    assert (erased.freed_bytes, erased.shared) == (len(b"own"), 2)
    assert content_of(store, ann, "/b") == LARGE
    assert count(store, blob) == 3
    assert rows(store, store_table)[0][4] == len(LARGE) + len(b"small") + len(b"another")


def test_erased_collection_takes_all_below_it_and_each_document_is_named(
    store: Store, ann: Context, bob: Context, root_admin: Context
) -> None:
    a_collection(store, ann, "/f/g/h")
    with_everything(store, ann, bob, root_admin, "/f/g/a")
    a_document(store, ann, "/f/b", b"one", b"two")
    a_document(store, ann, "/kept", b"kept")
    uuids = {where: node_at(store, ann, where).uuid for where in ("/f", "/f/b", "/f/g/a")}

    erased = erasing.erase(store, root_admin, "/f", "why")

    assert (erased.documents, erased.versions) == (2, 5)
    assert members_of(store, root_admin, "/") == ["kept"]
    assert count(store, node) == 2
    assert {where: detail["uuid"] for where, _, detail in audited(store, "erase")} == uuids
    assert [row[2] for row in rows(store, change)].count("erase") == 1


def test_what_is_in_the_trash_is_erased_by_its_uuid(store: Store, ann: Context, root_admin: Context) -> None:
    found = a_document(store, ann, "/a", b"one")
    deleting.delete(store, plainly(ann), A)

    with pytest.raises(NotFound):
        erasing.erase(store, root_admin, "/a", "why")
    erasing.erase(store, root_admin, found.uuid.upper(), "why")

    assert (count(store, trash), count(store, version)) == (0, 0)
    with pytest.raises(NotFound):
        erasing.erase(store, root_admin, found.uuid, "why")


def test_held_document_is_neither_erased_nor_purged(store: Store, ann: Context, root_admin: Context) -> None:
    a_document(store, ann, "/f/g/a", b"one", b"two")
    marking.hold(store, root_admin, to_path("/f/g/a"), 1)
    before = everything(store)

    with pytest.raises(Held) as refused:
        erasing.erase(store, root_admin, "/f", "why")
    assert refused.value.path == to_path("/f/g/a")
    assert everything(store) == before

    folder = node_at(store, ann, "/f")
    deleting.delete(store, plainly(ann), to_path("/f"))
    with pytest.raises(Held):
        purging.purge(store, root_admin, folder.id)
    assert purging.purge_older_than(store, root_admin, timedelta(0)) == []


def test_erasing_is_for_administrators_and_needs_a_reason(store: Store, ann: Context, root_admin: Context) -> None:
    a_document(store, ann, "/a")

    with pytest.raises(Forbidden):
        erasing.erase(store, ann, "/a", "why")
    for reason in ("", " \n", "x" * 1001, "no \0 text", "no \udc80 text"):
        with pytest.raises(Malformed):
            erasing.erase(store, root_admin, "/a", reason)
    with pytest.raises(SameResource):
        erasing.erase(store, root_admin, "/", "why")
    assert exists(store, ann, A)


def test_erased_content_is_not_in_the_database_file_any_more(
    store: Store, ann: Context, root_admin: Context, tmp_path: Path
) -> None:
    if not store.database.is_sqlite:
        pytest.skip("PostgreSQL overwrites what VACUUM has freed, in its own time")
    secrets = [f"secret {no} ".encode() * 80 for no in range(4)]
    a_document(store, ann, "/a", *secrets)
    a_document(store, ann, "/b", b"not secret " * 40)

    erased = erasing.erase(store, root_admin, "/a", "why")

    assert erased.is_overwritten
    found = [path for path in tmp_path.rglob("*") if path.is_file() and b"secret 2" in path.read_bytes()]
    assert found == []
    assert any(b"not secret" in path.read_bytes() for path in tmp_path.rglob("*.sqlite3"))


def test_reader_in_the_way_is_told_and_holds_nobody_up_for_long(store: Store, ann: Context, root_admin: Context) -> None:
    """A check of a large store reads for minutes, and nobody can save while its end is waited for."""
    if not store.database.is_sqlite:
        pytest.skip("PostgreSQL has no log to empty")
    a_document(store, ann, "/a")
    with store.database.read(snapshot=True) as reader:
        reader.all(Statement(select(node.c.id)))
        began = time.monotonic()
        erased = erasing.erase(store, root_admin, "/a", "why")
        waited = time.monotonic() - began

    assert not erased.is_overwritten
    assert waited < 10


def test_upload_of_the_same_content_meanwhile_is_not_lost(store: Store, ann: Context, root_admin: Context) -> None:
    """Its file may go with the erased document; it then says so, and the next attempt stores it."""
    a_document(store, ann, "/a", LARGE)
    with store.blobs.stage() as staging:
        staging.write(memoryview(LARGE))
        staging.finish()
        erasing.erase(store, root_admin, "/a", "why")
    assert files_of(store) == set()

    put(store, ann, "/b", LARGE)

    assert content_of(store, ann, "/b") == LARGE


def test_read_of_what_is_erased_meanwhile_is_no_damage(store: Store, ann: Context, root_admin: Context) -> None:
    """Between the look at a document and the opening of its content it may be gone for good: nothing is to be repaired then."""
    a_document(store, ann, "/a", LARGE)
    seen, kept = documents.open_content(store, ann, A), documents.open_content(store, ann, A)
    assert isinstance(seen, Opened)
    assert isinstance(kept, Opened)
    with kept.open() as file:
        erasing.erase(store, root_admin, "/a", "why")
        with pytest.raises(Busy):
            seen.open()
        assert file.read() == LARGE

    a_document(store, ann, "/b", LARGE)
    (lost,) = files_of(store)
    assert isinstance(store.blobs, DiskBlobs)
    store.blobs.path_of(bytes.fromhex(lost)).unlink()
    with pytest.raises(Corrupt):
        seen.open()
    put(store, ann, "/c", LARGE)


# The trash


def test_purged_entry_leaves_nothing_but_the_record(store: Store, ann: Context, root_admin: Context) -> None:
    before = everything(store)
    a_document(store, ann, "/f/a", b"one", LARGE)
    a_document(store, ann, "/f/g/b", b"two")
    folder = node_at(store, ann, "/f")
    deleting.delete(store, plainly(ann), to_path("/f"))

    with pytest.raises(Forbidden):
        purging.purge(store, ann, folder.id)
    purged = purging.purge(store, root_admin, folder.id)

    after = everything(store)
    for tables in (before, after):
        del tables["node"]
    assert after == before
    assert files_of(store) == set()
    assert (purged.uuid, purged.path, purged.documents, purged.versions) == (folder.uuid, "/f", 2, 3)
    assert sorted(where for where, _, _ in audited(store, "purge")) == ["/f", "/f/a", "/f/g/b"]
    with pytest.raises(NotFound):
        purging.purge(store, root_admin, folder.id)


def test_purging_leaves_holders_of_check_outs_their_work(store: Store, ann: Context, root_admin: Context) -> None:
    deleted = a_document(store, ann, "/a", b"one")
    checking_out.check_out(store, ann, A)
    put(store, ann, "/a", b"my work")
    deleting.delete(store, ann, A)

    purging.purge(store, root_admin, deleted.id)

    kept = rescue_copies.entries(store, ann)
    assert [(one.content.length_bytes, one.document_id) for one in kept] == [(len(b"my work"), None)]
    assert count(store, blob) == 1


def test_trash_is_purged_by_age(store: Store, ann: Context, root_admin: Context, clock: SettableClock) -> None:
    for name in ("old", "older", "young"):
        a_document(store, ann, f"/{name}", name.encode())
    deleting.delete(store, plainly(ann), ("older",))
    deleting.delete(store, plainly(ann), ("old",))
    clock.advance(DAY * 30)
    deleting.delete(store, plainly(ann), ("young",))
    seen: list[tuple[int, int]] = []

    purged = purging.purge_older_than(store, root_admin, DAY * 29, watch=lambda done, total: seen.append((done, total)))

    assert [one.path for one in purged] == ["/older", "/old"]
    assert seen == [(1, 2), (2, 2)]
    assert count(store, trash) == 1


def test_upkeep_purges_by_rule_and_without_one_junk_alone(store: Store, ann: Context, clock: SettableClock) -> None:
    a_document(store, ann, "/document", b"document")
    put(store, ann, "/~WRD0001.tmp", b"scratch that may be the only copy")
    deleting.delete(store, plainly(ann), ("document",))
    deleting.delete(store, plainly(ann), ("~WRD0001.tmp",))
    assert count(store, trash) == 2

    clock.advance(DAY * 6)
    assert purging.purge_due(store) == 0
    clock.advance(DAY * 2)
    assert purging.purge_due(store) == 1
    clock.advance(DAY * 1000)
    assert purging.purge_due(store) == 0

    keeping = with_policy(store, replace(store.policy, trash_keep=DAY * 1009))
    assert purging.purge_due(keeping) == 0
    clock.advance(DAY * 2)
    assert purging.purge_due(keeping) == 1
    assert (count(store, trash), count(store, version)) == (0, 0)
