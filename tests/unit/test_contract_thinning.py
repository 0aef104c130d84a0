"""Thinning a store by rule: what goes, what stays, what is told, and that a dry run changes nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Table, func, select
from tests.builders import (
    LARGE,
    SettableClock,
    a_document,
    a_lock,
    all_versions,
    content_of,
    holding,
    put,
    with_policy,
)
from tests.builders import path as to_path

from davgate.core import checking_out, copying, deleting, locking, marking, thinning, upkeep, versioning
from davgate.core.store import Context, Store
from davgate.model.errors import Forbidden
from davgate.model.thinning import Period, Reason, Step, ThinningRule
from davgate.storage.api import blob_rows, versions
from davgate.storage.statements import Statement
from davgate.storage.tables import audit, blob, change, save, version

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
A = to_path("/a")
ONE = ThinningRule(most=1)


def under(store: Store, rule: ThinningRule) -> Store:
    return with_policy(store, replace(store.policy, thinning=rule))


def numbers(store: Store, ctx: Context, where: str = "/a") -> list[int]:
    return [one.no for one in all_versions(store, ctx, to_path(where))]


def saves_of(store: Store, document_id: int, no: int) -> list[bytes]:
    with store.database.read() as session:
        found = versions.saves(session, document_id, no)
        return [blob_rows.inline_body(session, one.content.digest) or b"" for one in found]


def count(store: Store, table: Table) -> int:
    with store.database.read() as session:
        return int(session.all(Statement(select(func.count()).select_from(table)))[0][0])


def edit_session(store: Store, ctx: Context, where: str, *contents: bytes, clock: SettableClock) -> None:
    """Save several times under a lock: one version, and earlier saves of it."""
    lock = a_lock(store, ctx, where)
    for content in contents:
        put(store, holding(ctx, lock), where, content)
        clock.advance(timedelta(seconds=1))
    locking.unlock(store, ctx, to_path(where), lock.token)


def test_without_a_rule_nothing_goes(store: Store, ann: Context, root_admin: Context, clock: SettableClock) -> None:
    a_document(store, ann, "/a", b"one", b"two", b"three")
    clock.advance(DAY * 4000)

    assert thinning.thin(store, root_admin, dry_run=False).documents == ()
    assert thinning.thin_due(store) == 0
    assert numbers(store, ann) == [1, 2, 3]


def test_old_versions_go_and_the_audit_tells_which(store: Store, ann: Context, root_admin: Context, clock: SettableClock) -> None:
    node = a_document(store, ann, "/f/a", b"one", b"two", b"three")
    a_document(store, ann, "/f/b", b"alone")

    report = thinning.thin(under(store, ONE), root_admin, dry_run=False)

    assert numbers(store, ann, "/f/a") == [3]
    assert content_of(store, ann, "/f/a") == b"three"
    assert [(one.uuid, one.path, one.versions, one.freed_bytes) for one in report.documents] == [
        (node.uuid, "/f/a", {1: Reason.COUNT, 2: Reason.COUNT}, 6)
    ]
    wanted = select(audit.c.path, audit.c.detail, audit.c.principal_id, change.c.parent_id).join_from(
        audit, change, change.c.changed_at == audit.c.at
    )
    with store.database.read() as session:
        where, detail, by, parent_id = session.all(Statement(wanted.where(audit.c.action == "thin")))[0]
    assert (where, by, parent_id) == ("/f/a", root_admin.principal.id, None)
    assert json.loads(detail) == {"versions": {"count": [1, 2]}, "saves": 0, "bytes": 6}


def test_dry_run_tells_the_same_and_changes_nothing(
    store: Store, ann: Context, root_admin: Context, clock: SettableClock
) -> None:
    for name in ("/a", "/b"):
        a_document(store, ann, name, b"one", b"two" + name.encode(), LARGE + name.encode())
    strict = under(store, ONE)
    audited = count(store, audit)

    planned = thinning.thin(strict, root_admin, dry_run=True)

    assert (planned.versions, planned.is_dry_run) == (4, True)
    assert numbers(store, ann) == [1, 2, 3]
    assert count(store, audit) == audited
    done = thinning.thin(strict, root_admin, dry_run=False)
    # Both had "one": whoever goes last lets it go, which is known only when the other one has gone.
    assert planned.documents[0].versions == done.documents[0].versions
    assert {one.path for one in planned.documents} == {one.path for one in done.documents}
    assert thinning.thin(strict, root_admin, dry_run=True).documents == ()


def test_numbers_are_not_given_again(store: Store, ann: Context, root_admin: Context) -> None:
    a_document(store, ann, "/a", b"one", b"two")
    thinning.thin(under(store, ONE), root_admin, dry_run=False)

    put(store, ann, "/a", b"three")

    assert numbers(store, ann) == [2, 3]


def test_marked_versions_stay(store: Store, ann: Context, root_admin: Context) -> None:
    a_document(store, ann, "/a", b"1", b"2", b"3", b"4", b"5")
    marking.set_label(store, ann, A, 1, "draft", may_move=False)
    marking.pin(store, ann, A, 2)
    marking.hold(store, root_admin, A, 3)

    thinning.thin(under(store, ONE), root_admin, dry_run=False)

    assert numbers(store, ann) == [1, 2, 3, 5]
    marking.remove_label(store, ann, A, "draft")
    thinning.thin(under(store, ONE), root_admin, dry_run=False)
    assert numbers(store, ann) == [2, 3, 5]


def test_version_that_is_checked_out_from_stays(store: Store, ann: Context, root_admin: Context) -> None:
    a_document(store, ann, "/a", b"1", b"2")
    checking_out.check_out(store, ann, A)
    put(store, ann, "/a", b"working")

    thinning.thin(under(store, ONE), root_admin, dry_run=False)
    assert numbers(store, ann) == [2]
    checking_out.check_in(store, ann, A)
    assert numbers(store, ann) == [2, 3]


def test_open_version_keeps_its_saves(store: Store, ann: Context, root_admin: Context, clock: SettableClock) -> None:
    node = a_document(store, ann, "/a", b"one")
    lock = a_lock(store, ann, "/a", timeout=DAY)
    for content in (b"two", b"three"):
        put(store, holding(ann, lock), "/a", content)
        clock.advance(HOUR)
    rule = under(store, ThinningRule(saves=timedelta(minutes=1), most=1))

    thinning.thin(rule, root_admin, dry_run=False)
    assert numbers(store, ann) == [2]
    assert saves_of(store, node.id, 2) == [b"two"]

    clock.advance(DAY)
    report = thinning.thin(rule, root_admin, dry_run=False)
    assert (report.versions, report.saves) == (0, 1)
    assert saves_of(store, node.id, 2) == []
    assert content_of(store, ann, "/a") == b"three"


def test_saves_of_a_version_go_with_it(store: Store, ann: Context, root_admin: Context, clock: SettableClock) -> None:
    a_document(store, ann, "/a", b"one")
    edit_session(store, ann, "/a", b"two", b"three", b"four", clock=clock)
    put(store, ann, "/a", b"five")
    assert count(store, save) == 2

    report = thinning.thin(under(store, ONE), root_admin, dry_run=False)

    assert (report.versions, report.saves, count(store, save), count(store, version)) == (2, 0, 0, 1)
    assert report.freed_bytes == len(b"one" + b"two" + b"three" + b"four")


def test_saves_of_a_first_version_go_too(store: Store, ann: Context, root_admin: Context, clock: SettableClock) -> None:
    edit_session(store, ann, "/a", b"one", b"two", clock=clock)
    assert (numbers(store, ann), count(store, save)) == ([1], 1)
    clock.advance(DAY)

    report = thinning.thin(under(store, ThinningRule(saves=HOUR)), root_admin, dry_run=False)

    assert (report.versions, report.saves, count(store, save)) == (0, 1, 0)


def test_age_counts_from_the_replacement(store: Store, ann: Context, root_admin: Context, clock: SettableClock) -> None:
    a_document(store, ann, "/a", b"stood for long")
    clock.advance(DAY * 700)
    put(store, ann, "/a", b"a mistake")
    clock.advance(DAY)
    rule = under(store, ThinningRule((Step(Period.ALL, DAY * 7),)))

    thinning.thin(rule, root_admin, dry_run=False)
    assert numbers(store, ann) == [1, 2]

    clock.advance(DAY * 7)
    thinning.thin(rule, root_admin, dry_run=False)
    assert numbers(store, ann) == [2]


def test_content_goes_with_the_collector_unless_another_document_has_it(
    store: Store, ann: Context, root_admin: Context, clock: SettableClock
) -> None:
    a_document(store, ann, "/a", LARGE, b"two")
    a_document(store, ann, "/b", b"three", b"four")
    a_document(store, ann, "/c", LARGE)

    report = thinning.thin(under(store, ONE), root_admin, dry_run=False)

    assert report.freed_bytes == len(b"three")
    clock.advance(DAY * 2)
    upkeep.tidy(store)
    assert content_of(store, ann, "/c") == LARGE
    assert count(store, blob) == 3


def test_documents_in_the_trash_are_thinned_too(store: Store, ann: Context, root_admin: Context) -> None:
    node = a_document(store, ann, "/a", b"one", b"two")
    deleting.delete(store, replace(ann, editing=False), A)

    report = thinning.thin(under(store, ONE), root_admin, dry_run=False)

    assert [one.path for one in report.documents] == [f"/.trash/{node.uuid}"]
    assert count(store, version) == 1


def test_many_documents_are_thinned_in_several_transactions(
    store: Store, ann: Context, root_admin: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thinning, "_DOCUMENTS_AT_ONCE", 3)
    monkeypatch.setattr(thinning, "_ROWS_AT_ONCE", 2)
    for no in range(8):
        a_document(store, ann, f"/d{no}", b"one", b"two", f"three {no}".encode())
    seen: list[tuple[int, int]] = []

    report = thinning.thin(under(store, ONE), root_admin, dry_run=False, watch=lambda done, total: seen.append((done, total)))

    assert (len(report.documents), report.versions) == (8, 16)
    assert seen == [(3, 8), (6, 8), (8, 8)]
    assert all(numbers(store, ann, f"/d{no}") == [3] for no in range(8))


def test_upkeep_thins_by_the_rule_of_the_store(store: Store, ann: Context) -> None:
    a_document(store, ann, "/a", b"one", b"two", b"three")

    assert thinning.thin_due(under(store, ONE)) == 2
    assert thinning.thin_due(under(store, ONE)) == 0


def test_only_administrators_thin(store: Store, ann: Context) -> None:
    with pytest.raises(Forbidden):
        thinning.thin(under(store, ONE), ann, dry_run=True)


def test_thinned_document_can_be_emptied_copied_and_restored(store: Store, ann: Context, root_admin: Context) -> None:
    a_document(store, ann, "/a", b"one", b"two", b"three")
    thinning.thin(under(store, ThinningRule(most=2)), root_admin, dry_run=False)

    put(store, ann, "/a", b"")
    copying.copy(store, ann, A, to_path("/b"), overwrite=False)
    versioning.restore(store, ann, A, 2, A, overwrite=True)

    assert content_of(store, ann, "/a") == b"two"
