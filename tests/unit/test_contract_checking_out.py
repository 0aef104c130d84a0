"""What storage and core promise about check-outs: a working copy for its holder alone, until check-in or cancel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from tests.builders import (
    LARGE,
    SettableClock,
    a_collection,
    a_document,
    a_lock,
    content_of,
    holding,
    locks_at,
    members_of,
    node_at,
    path,
    put,
)
from tests.unit.edited import (
    MICROSECOND,
    TEN_MINUTES,
    current,
    earlier_saves,
    history,
    is_open,
    numbers,
    rescued,
    under,
    unlock,
)
from tests.unit.placed import copy, move, versions_of

from davgate.core import checking_out, deleting, documents, mending, tree, upkeep, versioning
from davgate.core.checking_out import cancel, check_in, check_out
from davgate.core.store import Context, Store
from davgate.model.errors import DavgateError, LockConflict, Locked, NotADocument, NotFound
from davgate.model.errors_of_versions import AlreadyCheckedOut, CheckedOut, NotCheckedOut
from davgate.model.locks import Depth, Scope
from davgate.model.properties import PropertyUpdate
from davgate.storage.api import to_node
from davgate.storage.statements import Statement
from davgate.storage.tables import audit

A = "/f/a"
AT = path(A)

Change = Callable[[Store, Context], object]


@pytest.fixture
def document(store: Store, ann: Context) -> str:
    """A document with one version."""
    a_document(store, ann, A, b"one")
    return A


@pytest.fixture
def taken(store: Store, ann: Context, document: str) -> str:
    """A document that Ann has checked out."""
    check_out(store, ann, AT)
    return document


def listed(store: Store, ctx: Context) -> tuple[str | None, bool]:
    """Return the tag of the document as its folder lists it, and whether it shows as checked out."""
    with tree.listing(store, ctx, path("/f"), with_members=True, with_properties=False, with_locks=False) as found:
        (row,) = [row for batch in found.batches for row in batch]
        node = to_node(row)
        return node.etag, node.id in found.check_outs


def audited(store: Store) -> list[str]:
    """Return the actions of the audit."""
    with store.database.read() as session:
        return [row[0] for row in session.all(Statement(select(audit.c.action)))]


# Taking one


def test_check_out_changes_nothing_that_anybody_reads(store: Store, ann: Context, bob: Context, document: str) -> None:
    before = history(store, ann, A)

    made = check_out(store, ann, AT)

    assert (made.principal_name, made.base_no, made.content, made.stands) == ("ann", 1, None, True)
    assert history(store, ann, A) == before
    for ctx in (ann, bob):
        assert content_of(store, ctx, A) == b"one"
        assert listed(store, ctx) == (before[0].etag, True)
    assert [(one.document_id, where) for one, where in checking_out.standing(store, ann)] == [(made.document_id, AT)]


def test_document_is_checked_out_once_at_a_time(
    store: Store, ann: Context, bob: Context, root_admin: Context, taken: str
) -> None:
    for ctx in (ann, bob, root_admin):
        with pytest.raises(AlreadyCheckedOut) as refused:
            check_out(store, ctx, AT)
        assert refused.value.holder == "ann"


def test_locked_document_is_checked_out_by_the_holder_of_the_lock_alone(
    store: Store, ann: Context, bob: Context, document: str
) -> None:
    lock = a_lock(store, ann, A)

    with pytest.raises(Locked):
        check_out(store, bob, AT)

    check_out(store, ann, AT)
    assert locks_at(store, ann, A) == [lock]


def test_check_out_seals_what_an_edit_session_has_open(store: Store, ann: Context, document: str) -> None:
    lock = a_lock(store, ann, A)
    put(store, under(ann, lock), A, b"two")

    made = check_out(store, ann, AT)
    put(store, under(ann, lock), A, b"three")

    assert made.base_no == 2
    assert versions_of(store, ann, A) == [b"one", b"two"]
    assert not is_open(store, current(store, ann, A))


def test_document_without_content_is_checked_out_as_an_empty_one(store: Store, ann: Context) -> None:
    a_document(store, ann, "/new", b"")

    check_out(store, ann, path("/new"))
    put(store, ann, "/new", b"one")
    check_in(store, ann, path("/new"))

    assert versions_of(store, ann, "/new") == [b"", b"one"]


def test_document_emptied_a_moment_ago_is_checked_out_empty(store: Store, ann: Context, bob: Context, document: str) -> None:
    put(store, ann, A, b"")

    assert check_out(store, ann, AT).base_no == 2
    put(store, ann, A, b"three")

    assert (content_of(store, ann, A), content_of(store, bob, A)) == (b"three", b"")
    assert versions_of(store, bob, A) == [b"one", b""]


@pytest.mark.parametrize(("where", "error"), [("/f", NotADocument), ("/", NotADocument), ("/nothing", NotFound)])
@pytest.mark.parametrize("act", [check_out, check_in, cancel])
def test_only_documents_are_checked_out_and_in(
    store: Store, ann: Context, document: str, act: Callable[..., object], where: str, error: type[DavgateError]
) -> None:
    with pytest.raises(error):
        act(store, ann, path(where))


@pytest.mark.parametrize("act", [check_in, cancel])
def test_what_nobody_has_checked_out_is_not_checked_in(
    store: Store, ann: Context, root_admin: Context, document: str, act: Callable[..., object]
) -> None:
    for ctx in (ann, root_admin):
        with pytest.raises(NotCheckedOut):
            act(store, ctx, AT)


# The working copy


@pytest.mark.parametrize("editing", [True, False], ids=["drive", "elsewhere"])
def test_saves_of_the_holder_are_a_working_copy_that_nobody_else_reads(
    store: Store, ann: Context, bob: Context, root_admin: Context, taken: str, editing: bool
) -> None:
    last = current(store, ann, A)
    for content in (b"two", LARGE):
        put(store, replace(ann, editing=editing), A, content)

    assert content_of(store, ann, A) == LARGE
    assert listed(store, ann) == (node_at(store, ann, A).etag, True)
    assert node_at(store, ann, A).etag != last.etag
    for ctx in (bob, root_admin):
        assert content_of(store, ctx, A) == b"one"
        assert listed(store, ctx) == (node_at(store, ctx, A).etag, True) == (last.etag, True)
    assert history(store, ann, A) == (last,)


def test_holder_copies_the_working_copy_and_others_the_last_version(store: Store, ann: Context, bob: Context, taken: str) -> None:
    put(store, ann, A, b"two")

    copy(store, ann, A, "/by-ann")
    copy(store, bob, A, "/by-bob")

    assert (content_of(store, bob, "/by-ann"), content_of(store, bob, "/by-bob")) == (b"two", b"one")


def test_holder_copies_a_folder_with_the_working_copy_and_others_with_the_last_version(
    store: Store, ann: Context, bob: Context, taken: str
) -> None:
    put(store, ann, A, b"two")

    copy(store, ann, "/f", "/by-ann")
    copy(store, bob, "/f", "/by-bob")

    assert (content_of(store, bob, "/by-ann/a"), content_of(store, bob, "/by-bob/a")) == (b"two", b"one")


def test_unlock_seals_nothing(store: Store, ann: Context, bob: Context, taken: str) -> None:
    lock = a_lock(store, ann, A)
    put(store, under(ann, lock), A, b"two")
    unlock(store, ann, A, lock)

    assert versions_of(store, ann, A) == [b"one"]
    assert (content_of(store, ann, A), content_of(store, bob, A)) == (b"two", b"one")
    with pytest.raises(CheckedOut):
        put(store, bob, A, b"theirs")


def test_end_of_a_lock_leaves_the_check_out(store: Store, ann: Context, bob: Context, clock: SettableClock, taken: str) -> None:
    lock = a_lock(store, ann, A, timeout=TEN_MINUTES)
    put(store, under(ann, lock), A, b"two")
    clock.advance(timedelta(days=400))
    upkeep.tidy(store)

    assert (content_of(store, ann, A), content_of(store, bob, A)) == (b"two", b"one")
    with pytest.raises(CheckedOut):
        put(store, bob, A, b"theirs")
    check_in(store, ann, AT)
    assert versions_of(store, ann, A) == [b"one", b"two"]


def test_lock_broken_by_an_administrator_leaves_the_check_out(
    store: Store, ann: Context, root_admin: Context, taken: str
) -> None:
    lock = a_lock(store, ann, A)
    put(store, under(ann, lock), A, b"two")
    unlock(store, root_admin, A, lock)

    assert content_of(store, ann, A) == b"two"
    assert [one.principal_name for one, _ in checking_out.standing(store, ann)] == ["ann"]


def test_file_that_a_program_moves_onto_the_document_goes_into_the_working_copy(
    store: Store, ann: Context, bob: Context, taken: str
) -> None:
    put(store, ann, "/f/~x.tmp", b"two")
    move(store, ann, "/f/~x.tmp", A, overwrite=True)

    assert (content_of(store, ann, A), content_of(store, bob, A)) == (b"two", b"one")
    assert members_of(store, ann, "/f") == ["a"]
    check_in(store, ann, AT)
    assert versions_of(store, ann, A) == [b"one", b"two"]


def test_holder_restores_a_version_into_the_working_copy(store: Store, ann: Context, bob: Context, document: str) -> None:
    put(store, ann, A, b"two")
    check_out(store, ann, AT)

    versioning.restore(store, ann, AT, 1, AT, overwrite=True)

    assert (content_of(store, ann, A), content_of(store, bob, A)) == (b"one", b"two")
    assert numbers(store, ann, A) == [1, 2]


def test_emptied_working_copy_is_empty_for_its_holder_alone(store: Store, ann: Context, bob: Context, taken: str) -> None:
    put(store, ann, A, b"")

    assert (content_of(store, ann, A), content_of(store, bob, A)) == (b"", b"one")
    check_in(store, ann, AT)
    assert versions_of(store, ann, A) == [b"one", b""]


def test_check_out_goes_along_when_its_holder_moves_the_document(store: Store, ann: Context, bob: Context, taken: str) -> None:
    put(store, ann, A, b"two")
    move(store, ann, A, "/moved")

    assert (content_of(store, ann, "/moved"), content_of(store, bob, "/moved")) == (b"two", b"one")
    assert [where for _, where in checking_out.standing(store, ann)] == [("moved",)]
    assert check_in(store, ann, path("/moved")).no == 2


# What others may not


HINDERED: dict[str, tuple[Change, type[DavgateError]]] = {
    "put": (lambda store, ctx: put(store, ctx, A, b"theirs"), CheckedOut),
    "empty": (lambda store, ctx: put(store, ctx, A, b""), CheckedOut),
    "copy-onto": (lambda store, ctx: copy(store, ctx, "/other", A, overwrite=True), CheckedOut),
    "move-onto": (lambda store, ctx: move(store, ctx, "/other", A, overwrite=True), CheckedOut),
    "restore": (lambda store, ctx: versioning.restore(store, ctx, AT, 1, AT, overwrite=True), CheckedOut),
    "move": (lambda store, ctx: move(store, ctx, A, "/moved"), CheckedOut),
    "delete": (lambda store, ctx: deleting.delete(store, ctx, AT), CheckedOut),
    "delete-folder": (lambda store, ctx: deleting.delete(store, ctx, path("/f")), CheckedOut),
    "move-folder": (lambda store, ctx: move(store, ctx, "/f", "/g"), CheckedOut),
    "move-onto-folder": (lambda store, ctx: move(store, ctx, "/folder", "/f", overwrite=True), CheckedOut),
    "lock": (lambda store, ctx: a_lock(store, ctx, A), LockConflict),
    "lock-shared": (lambda store, ctx: a_lock(store, ctx, A, scope=Scope.SHARED), LockConflict),
    "lock-folder": (lambda store, ctx: a_lock(store, ctx, "/f", depth=Depth.INFINITY), LockConflict),
}


@pytest.mark.parametrize("name", HINDERED)
def test_others_change_move_delete_and_lock_nothing_that_is_checked_out(
    store: Store, ann: Context, bob: Context, root_admin: Context, taken: str, name: str
) -> None:
    change, error = HINDERED[name]
    a_document(store, bob, "/other", b"theirs")
    a_collection(store, bob, "/folder")
    put(store, ann, A, b"two")

    for ctx in (bob, replace(bob, editing=False), root_admin):
        with pytest.raises(error):
            change(store, ctx)

    assert (content_of(store, ann, A), content_of(store, bob, A)) == (b"two", b"one")
    assert locks_at(store, bob, A) == []


def test_others_may_set_properties_and_lock_what_is_around(store: Store, ann: Context, bob: Context, taken: str) -> None:
    update = PropertyUpdate(("urn:x", "p"), '<p xmlns="urn:x"/>')

    documents.patch_properties(store, bob, AT, [update])
    lock = a_lock(store, bob, "/f", depth=Depth.ZERO)
    put(store, holding(bob, lock), "/f/b", b"theirs")

    put(store, ann, A, b"two")
    assert content_of(store, ann, A) == b"two"


@pytest.mark.parametrize("act", [check_in, cancel])
def test_others_do_not_end_a_check_out(store: Store, ann: Context, bob: Context, taken: str, act: Callable[..., object]) -> None:
    with pytest.raises(CheckedOut) as refused:
        act(store, bob, AT)

    assert refused.value.holder == "ann"
    assert len(checking_out.standing(store, ann)) == 1


# In the trash


def test_check_out_waits_for_a_document_that_comes_back_in_a_save(store: Store, ann: Context, bob: Context, taken: str) -> None:
    put(store, ann, A, b"two")
    deleting.delete(store, ann, AT)
    put(store, ann, A, b"three")

    assert (content_of(store, ann, A), content_of(store, bob, A)) == (b"three", b"one")
    check_in(store, ann, AT)
    assert versions_of(store, ann, A) == [b"one", b"three"]
    assert earlier_saves(store, ann, A, 2) == [("ann", b"two")]


@pytest.mark.parametrize("deleted", [A, "/f", "/top"])
def test_check_out_of_what_stays_deleted_becomes_a_rescue_copy_once(
    store: Store, ann: Context, clock: SettableClock, deleted: str
) -> None:
    where = "/top/f/a" if deleted == "/top" else A
    a_document(store, ann, where, b"one")
    check_out(store, ann, path(where))
    put(store, ann, where, b"two")
    deleting.delete(store, ann, path(deleted))
    clock.advance(store.policy.save_window - MICROSECOND)
    upkeep.tidy(store)
    assert len(checking_out.standing(store, ann)) == 1

    clock.advance(timedelta(seconds=1))
    for _ in range(2):
        upkeep.tidy(store)

    assert checking_out.standing(store, ann) == []
    assert rescued(store, ann) == [(where, "check-out of a deleted document", b"two")]
    assert audited(store).count("force-cancel-check-out") == 1


# What would lose a working copy


def test_young_document_that_is_checked_out_is_no_scratch_file(store: Store, ann: Context, bob: Context, taken: str) -> None:
    a_document(store, ann, "/other", b"other")
    put(store, ann, A, b"two")

    move(store, ann, A, "/other", overwrite=True)

    assert (content_of(store, ann, "/other"), content_of(store, bob, "/other")) == (b"two", b"one")
    assert [where for _, where in checking_out.standing(store, ann)] == [("other",)]


def test_document_made_at_a_name_that_was_left_stays_one_of_its_own_once_it_is_checked_out(
    store: Store, ann: Context, bob: Context, document: str
) -> None:
    move(store, ann, A, "/f/b")
    put(store, ann, A, b"new")
    check_out(store, ann, AT)
    put(store, ann, A, b"newer")

    deleting.delete(store, ann, path("/f/b"))

    assert (content_of(store, ann, A), content_of(store, bob, A)) == (b"newer", b"new")
    assert versions_of(store, ann, A) == [b"new"]


def test_checked_out_document_is_neither_split_nor_merged(store: Store, ann: Context, bob: Context, document: str) -> None:
    put(store, ann, A, b"two")
    check_out(store, ann, AT)
    put(store, ann, A, b"three")
    a_document(store, ann, "/other", b"other")

    for ctx in (ann, bob):
        with pytest.raises(AlreadyCheckedOut):
            mending.split(store, ctx, AT, 2, "new")
        for source, into in ((AT, path("/other")), (path("/other"), AT)):
            with pytest.raises(AlreadyCheckedOut):
                mending.merge(store, ctx, source, into)

    assert (content_of(store, ann, A), content_of(store, bob, A)) == (b"three", b"two")
    assert content_of(store, ann, "/other") == b"other"
