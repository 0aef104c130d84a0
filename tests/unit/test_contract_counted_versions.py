"""What core promises of versions by content: their numbers, listing and reading them, and going back to one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.builders import (
    LARGE,
    SettableClock,
    a_collection,
    a_document,
    a_lock,
    holding,
    locks_at,
    node_at,
    on_condition,
    path,
    put,
    read,
    with_policy,
)
from tests.unit.filed import bytes_at, described, made, rest, said_of, save, say

from davgate.core import checking_out, deleting, locking, thinning, versioning
from davgate.core.principals import granting
from davgate.core.store import Context, Store
from davgate.model.conditions import Conditions
from davgate.model.errors import DavgateError, Forbidden, Locked, NoSuchVersion, NotFound, PreconditionFailed
from davgate.model.errors_of_versions import CheckedOut
from davgate.model.locks import Depth, Scope
from davgate.model.node import ROOT_ID, Cause
from davgate.model.rights import READER
from davgate.model.thinning import ThinningRule


def numbers(store: Store, ctx: Context, document_id: int) -> list[int | None]:
    return [one.content_no for one in versioning.counted(store, ctx, document_id).versions]


def bytes_of(store: Store, ctx: Context, document_id: int, number: int) -> bytes:
    return read(versioning.open_counted(store, ctx, document_id, number)[2])


def test_versions_of_metadata_alone_are_not_counted(store: Store, ann: Context) -> None:
    node = made(store, ann, b"one", title="One")
    say(store, ann, node.id, title="Two")
    save(store, ann, node.id, b"two")
    say(store, ann, node.id, title="Three")

    listed = versioning.counted(store, ann, node.id)

    assert [(one.content_no, one.no, one.metadata["title"]) for one in listed.versions] == [(1, 3, "Two"), (0, 1, "One")]
    assert listed.total == 2
    assert [bytes_of(store, ann, node.id, number) for number in (0, 1)] == [b"one", b"two"]


def test_versions_are_listed_in_parts(store: Store, ann: Context) -> None:
    node = a_document(store, ann, "/a", b"0", b"1", b"2", b"3", b"4")

    part = versioning.counted(store, ann, node.id, 1, 2)
    past_the_end = versioning.counted(store, ann, node.id, 5, 2)

    assert ([one.content_no for one in part.versions], part.total) == ([3, 2], 5)
    assert (past_the_end.versions, past_the_end.total) == ([], 5)


def test_document_of_metadata_alone_has_no_version_by_content(store: Store, ann: Context) -> None:
    node = made(store, ann, None, title="Plan")

    assert versioning.counted(store, ann, node.id) == versioning.Counted([], 0)
    with pytest.raises(NoSuchVersion):
        versioning.find_counted(store, ann, node.id, 0)


def test_first_content_of_a_document_is_version_0(store: Store, ann: Context) -> None:
    node = made(store, ann, None, title="Plan")
    say(store, ann, node.id, title="Plan B")
    save(store, ann, node.id, b"one")

    assert numbers(store, ann, node.id) == [0]
    assert bytes_of(store, ann, node.id, 0) == b"one"


def test_check_in_of_nothing_new_is_counted(store: Store, ann: Context) -> None:
    node = a_document(store, ann, "/a", b"one")
    checking_out.check_out(store, ann, node.id)
    checking_out.check_in(store, ann, node.id, comment="read it")

    newest = versioning.counted(store, ann, node.id).versions[0]
    assert (newest.content_no, newest.cause, newest.comment) == (1, Cause.CHECK_IN, "read it")


def test_number_whose_first_version_was_thinned_is_still_there(
    store: Store, ann: Context, root_admin: Context, clock: SettableClock
) -> None:
    node = made(store, ann, b"one")
    save(store, ann, node.id, b"two")
    say(store, ann, node.id, title="Two")
    clock.advance(timedelta(days=1))

    thinning.thin(with_policy(store, replace(store.policy, thinning=ThinningRule(most=1))), root_admin, dry_run=False)

    assert numbers(store, ann, node.id) == [1]
    assert bytes_of(store, ann, node.id, 1) == b"two"
    with pytest.raises(NoSuchVersion):
        versioning.find_counted(store, ann, node.id, 0)


def test_versions_of_what_was_deleted_and_keeps_its_address_are_read(store: Store, ann: Context) -> None:
    node = a_document(store, ann, "/a", b"one", LARGE)
    deleting.delete(store, rest(ann), node.id, beside_own=False, keeps_address=True)

    assert numbers(store, ann, node.id) == [1, 0]
    assert bytes_of(store, ann, node.id, 1) == LARGE


def test_versions_of_what_was_deleted_are_not_read(store: Store, ann: Context) -> None:
    node = a_document(store, ann, "/a", b"one")
    deleting.delete(store, rest(ann), node.id)

    with pytest.raises(NotFound):
        versioning.counted(store, ann, node.id)


def test_collection_has_no_versions_by_content(store: Store, ann: Context) -> None:
    with pytest.raises(NotFound):
        versioning.counted(store, ann, a_collection(store, ann, "/f").id)


def test_versions_of_what_one_may_not_see_are_not_there(store: Store, ann: Context, bob: Context, root_admin: Context) -> None:
    node = a_document(store, ann, "/f/a", b"one")
    granting.close(store, root_admin, path("/f"))

    with pytest.raises(NotFound):
        versioning.counted(store, bob, node.id)
    with pytest.raises(NotFound):
        versioning.find_counted(store, bob, node.id, 0)
    with pytest.raises(NotFound):
        versioning.open_counted(store, bob, node.id, 0)
    with pytest.raises(NotFound):
        versioning.revert(store, bob, node.id, 0)


def test_condition_of_a_reader_is_held_against_the_version(store: Store, ann: Context) -> None:
    node = a_document(store, ann, "/a", b"one", b"two")
    etag = versioning.find_counted(store, ann, node.id, 0).etag

    with pytest.raises(PreconditionFailed):
        versioning.open_counted(store, on_condition(ann, Conditions(if_match=(etag,))), node.id, 1)
    assert versioning.open_counted(store, on_condition(ann, Conditions(if_match=(etag,))), node.id, 0)


# Going back


def test_revert_gives_back_content_and_file_name_alone(store: Store, ann: Context, bob: Context) -> None:
    node = made(store, ann, b"one", "old.txt", title="Old")
    save(store, ann, node.id, b"<new/>", "new.xml", metadata={"title": "New"})

    reverted = versioning.revert(store, bob, node.id, 0, comment="back")

    newest = versioning.counted(store, ann, node.id).versions[0]
    assert (newest.content_no, newest.cause, newest.author, newest.comment) == (2, Cause.REVERT, "bob", "back")
    assert (newest.file_name, newest.content.media_type, newest.origin) == ("old.txt", "text/plain", "version 1")
    assert bytes_at(store, ann, node.id) == b"one"
    assert said_of(store, ann, node.id) == {"title": "New"}
    assert described(store, ann, node.id).file_name == "old.txt"
    assert reverted.name == node.name


def test_revert_to_the_same_bytes_makes_a_version(store: Store, ann: Context) -> None:
    node = a_document(store, ann, "/a", b"one")

    versioning.revert(store, ann, node.id, 0)

    assert numbers(store, ann, node.id) == [1, 0]
    assert node_at(store, ann, "/a").version_no == 2


def test_revert_follows_what_metadata_alone_made(store: Store, ann: Context) -> None:
    node = made(store, ann, b"one")
    save(store, ann, node.id, b"two")
    say(store, ann, node.id, title="Two")

    assert versioning.revert(store, ann, node.id, 0).version_no == 4
    assert numbers(store, ann, node.id) == [2, 1, 0]


@pytest.mark.parametrize("holder", ["ann", "bob"])
def test_document_that_anybody_has_checked_out_is_not_reverted(store: Store, ann: Context, bob: Context, holder: str) -> None:
    node = a_document(store, ann, "/a", b"one", b"two")
    checking_out.check_out(store, {"ann": ann, "bob": bob}[holder], node.id)

    with pytest.raises(CheckedOut):
        versioning.revert(store, ann, node.id, 0)
    assert numbers(store, bob, node.id) == [1, 0]


@pytest.mark.parametrize("holder", ["ann", "bob"])
@pytest.mark.parametrize("root", ["/f/a", "/f"])
def test_document_that_anybody_has_locked_is_not_reverted(
    store: Store, ann: Context, bob: Context, holder: str, root: str
) -> None:
    node = a_document(store, ann, "/f/a", b"one", b"two")
    lock = a_lock(store, {"ann": ann, "bob": bob}[holder], root, scope=Scope.SHARED, depth=Depth.INFINITY)

    for ctx in (ann, holding(ann, lock)):
        with pytest.raises(Locked):
            versioning.revert(store, ctx, node.id, 0)
    assert numbers(store, ann, node.id) == [1, 0]


@pytest.mark.parametrize("number", [2, -1, (1 << 63) - 1, 1 << 200])
def test_document_is_not_reverted_to_a_version_that_it_has_not(store: Store, ann: Context, number: int) -> None:
    node = a_document(store, ann, "/a", b"one", b"two")

    with pytest.raises(NoSuchVersion):
        versioning.revert(store, ann, node.id, number)
    assert numbers(store, ann, node.id) == [1, 0]


def test_who_only_reads_does_not_revert(store: Store, ann: Context, bob: Context, root_admin: Context) -> None:
    node = a_document(store, ann, "/f/a", b"one", b"two")
    granting.close(store, root_admin, path("/f"))
    granting.grant(store, root_admin, path("/f"), "bob", READER)

    with pytest.raises(Forbidden):
        versioning.revert(store, bob, node.id, 0)
    assert numbers(store, bob, node.id) == [1, 0]


def test_what_is_in_the_trash_is_not_reverted(store: Store, ann: Context) -> None:
    node = a_document(store, ann, "/a", b"one", b"two")
    deleting.delete(store, rest(ann), node.id, beside_own=False, keeps_address=True)

    with pytest.raises(NotFound):
        versioning.revert(store, ann, node.id, 0)


def test_stale_condition_forbids_to_revert(store: Store, ann: Context) -> None:
    node = a_document(store, ann, "/a", b"one", b"two")
    stale = versioning.find_counted(store, ann, node.id, 0).etag

    with pytest.raises(PreconditionFailed):
        versioning.revert(store, on_condition(ann, Conditions(if_match=(stale,))), node.id, 0)


def test_revert_seals_what_a_program_has_begun(store: Store, ann: Context) -> None:
    """A first save of a few bytes is taken for a beginning, which the next save replaces: not the one of an old version."""
    node = a_document(store, ann, "/a", b"1")

    versioning.revert(store, ann, node.id, 0)
    put(store, ann, "/a", b"longer than a placeholder")

    assert numbers(store, ann, node.id) == [2, 1, 0]


def test_emptied_document_is_reverted(store: Store, ann: Context) -> None:
    node = a_document(store, ann, "/a", b"one", b"two")
    put(store, ann, "/a", b"")

    versioning.revert(store, ann, node.id, 0)

    assert bytes_at(store, ann, node.id) == b"one"
    assert numbers(store, ann, node.id) == [2, 1, 0]


# Locks whose holder is known by the sign-in


def test_lock_that_goes_on_changes_only_in_who_may_end_it(store: Store, ann: Context, clock: SettableClock) -> None:
    a_document(store, ann, "/a")
    lock = a_lock(store, ann, "/a")
    clock.advance(timedelta(seconds=60))

    changed = locking.refresh(store, holding(ann, lock), path("/a"), None, is_stealable=True, goes_on=True).lock

    assert changed == replace(lock, is_stealable=True)
    assert locks_at(store, ann, "/a") == [changed]


def test_root_has_no_versions_by_content(store: Store, ann: Context) -> None:
    with pytest.raises(DavgateError):
        versioning.revert(store, ann, ROOT_ID, 0)
