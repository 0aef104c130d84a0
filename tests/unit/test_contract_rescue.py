"""What storage and core promise about saves that come too late: kept for their author alone, to be read, taken out or dropped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from tests.builders import (
    LARGE,
    SettableClock,
    a_collection,
    a_document,
    a_lock,
    content_of,
    damages,
    holding,
    members_of,
    node_at,
    path,
    put,
    read,
    with_policy,
)
from tests.unit.edited import TEN_MINUTES, a_late_save, current, numbers, rescued, under, unlock
from tests.unit.placed import move, versions_of

from davgate.core import checking_out, deleting, rescue_copies, tree, upkeep
from davgate.core.store import Context, Store
from davgate.model.conditions import Conditions
from davgate.model.errors import Locked, NotADocument, NotFound, ParentMissing, PreconditionFailed, SaveKept
from davgate.model.locks import Scope
from davgate.storage.api import Rescue

PLAN = "/f/plan.odt"
DAY = timedelta(days=1)


@pytest.fixture
def document(store: Store, ann: Context) -> str:
    """A document with one version."""
    a_document(store, ann, PLAN, b"one")
    return PLAN


@pytest.fixture
def late(store: Store, ann: Context, bob: Context, clock: SettableClock, document: str) -> Rescue:
    """The rescue copy of what Ann saved after Bob had, her lock having run out."""
    lock = a_lock(store, ann, PLAN, timeout=TEN_MINUTES)
    clock.set(lock.expires_at)
    put(store, bob, PLAN, b"theirs")
    return a_late_save(store, under(ann, lock), PLAN, b"late")


# What is kept


def test_late_save_is_kept_with_what_is_known_of_it(store: Store, ann: Context, clock: SettableClock, late: Rescue) -> None:
    assert (late.author, late.path, late.reason) == ("ann", PLAN, "late save")
    assert late.document_id == node_at(store, ann, PLAN).id
    assert late.kept_at >= clock.now()
    assert versions_of(store, ann, PLAN) == [b"one", b"theirs"]


def test_every_late_save_is_kept_under_a_name_of_its_own(
    store: Store, ann: Context, bob: Context, clock: SettableClock, document: str
) -> None:
    lock = a_lock(store, ann, PLAN, timeout=TEN_MINUTES)
    clock.set(lock.expires_at)
    put(store, bob, PLAN, b"theirs")

    kept = [a_late_save(store, under(ann, lock), PLAN, content) for content in (b"late", LARGE, LARGE)]

    assert len({one.name for one in kept}) == 3
    assert [content for _, _, content in rescued(store, ann)] == [b"late", LARGE, LARGE]


def test_name_tells_the_document_and_the_moment_in_the_stores_time_zone(
    store: Store, ann: Context, bob: Context, clock: SettableClock, document: str
) -> None:
    in_zurich = with_policy(store, replace(store.policy, time_zone=ZoneInfo("Europe/Zurich")))
    lock = a_lock(store, ann, PLAN, timeout=TEN_MINUTES)
    clock.set(lock.expires_at)
    put(store, bob, PLAN, b"theirs")

    kept = a_late_save(in_zurich, under(ann, lock), PLAN, b"late")

    assert kept.name == f"plan 2026-11-20 13.10 {kept.id}.odt"


def test_long_name_is_cut_and_stays_one_that_can_be_given(store: Store, ann: Context, bob: Context, clock: SettableClock) -> None:
    where = "/" + "\U0001d11e" * 62 + ".odt"
    a_document(store, ann, where, b"one")
    lock = a_lock(store, ann, where, timeout=TEN_MINUTES)
    clock.set(lock.expires_at)
    put(store, bob, where, b"theirs")

    kept = a_late_save(store, under(ann, lock), where, b"late")
    rescue_copies.copy_out(store, ann, kept.name, (kept.name,), overwrite=False)

    assert kept.name.startswith("\U0001d11e" * 40 + " ")
    assert content_of(store, ann, kept.name) == b"late"


def test_late_save_of_a_document_that_is_gone_is_kept(
    store: Store, ann: Context, bob: Context, clock: SettableClock, document: str
) -> None:
    lock = a_lock(store, ann, PLAN, timeout=TEN_MINUTES)
    clock.set(lock.expires_at)
    deleting.delete(store, bob, path(PLAN))

    with pytest.raises(SaveKept):
        put(store, under(ann, lock), PLAN, b"late")

    assert rescued(store, ann) == [(PLAN, "late save", b"late")]
    assert members_of(store, ann, "/f") == []


def make_a_folder_of_the_document(store: Store, ctx: Context) -> None:
    deleting.delete(store, ctx, path(PLAN))
    a_collection(store, ctx, PLAN)


@pytest.mark.parametrize(
    "take_away",
    [
        lambda store, bob: deleting.delete(store, bob, path("/f")),
        lambda store, bob: move(store, bob, "/f", "/g"),
        make_a_folder_of_the_document,
    ],
    ids=["folder-deleted", "folder-renamed", "name-of-a-folder-now"],
)
def test_late_save_is_kept_when_no_document_can_be_at_its_place_any_more(
    store: Store, ann: Context, bob: Context, clock: SettableClock, document: str, take_away: Callable[[Store, Context], object]
) -> None:
    lock = a_lock(store, ann, PLAN, timeout=TEN_MINUTES)
    clock.set(lock.expires_at)
    take_away(store, bob)

    with pytest.raises(SaveKept):
        put(store, under(ann, lock), PLAN, b"late")
    with pytest.raises((ParentMissing, NotADocument)):
        put(store, bob, PLAN, b"not late")

    assert rescued(store, ann) == [(PLAN, "late save", b"late")]
    assert rescued(store, bob) == []
    assert damages(store) == []


def test_late_save_at_the_root_is_refused_as_any_other(store: Store, ann: Context, clock: SettableClock, document: str) -> None:
    lock = a_lock(store, ann, PLAN, timeout=TEN_MINUTES)
    clock.set(lock.expires_at)

    with pytest.raises(NotADocument):
        put(store, under(ann, lock), "/", b"late")


@pytest.mark.parametrize(
    "take_away",
    [
        lambda store, bob: move(store, bob, PLAN, "/f/other.odt"),
        lambda store, bob: deleting.delete(store, bob, path(PLAN)),
        lambda store, bob: deleting.delete(store, bob, path("/f")),
    ],
    ids=["moved", "deleted", "folder-deleted"],
)
def test_late_save_under_a_shared_lock_that_ended_by_what_another_holder_did_is_kept(
    store: Store, ann: Context, bob: Context, document: str, take_away: Callable[[Store, Context], object]
) -> None:
    of_ann, of_bob = (a_lock(store, ctx, PLAN, scope=Scope.SHARED) for ctx in (ann, bob))
    take_away(store, holding(bob, of_bob))

    with pytest.raises(SaveKept):
        put(store, under(ann, of_ann), PLAN, b"late")
    with pytest.raises((ParentMissing, PreconditionFailed)) as refused:
        put(store, under(bob, of_bob), PLAN, b"mine")

    assert refused.type is not SaveKept
    assert rescued(store, ann) == [(PLAN, "late save", b"late")]
    assert rescued(store, bob) == []
    assert damages(store) == []


@pytest.mark.parametrize("content", [b"late", b""], ids=["content", "nothing"])
def test_refused_save_of_who_has_lost_nothing_is_not_kept(
    store: Store, ann: Context, bob: Context, document: str, content: bytes
) -> None:
    lock = a_lock(store, bob, PLAN)

    for ctx in (ann, holding(ann, lock), holding(ann, "made-up")):
        with pytest.raises(Locked):
            put(store, ctx, PLAN, content)

    assert (rescued(store, ann), rescued(store, bob)) == ([], [])


def test_empty_late_save_is_not_kept(store: Store, ann: Context, bob: Context, clock: SettableClock, document: str) -> None:
    lock = a_lock(store, ann, PLAN, timeout=TEN_MINUTES)
    clock.set(lock.expires_at)
    put(store, bob, PLAN, b"theirs")

    with pytest.raises(PreconditionFailed) as refused:
        put(store, under(ann, lock), PLAN, b"")

    assert refused.type is PreconditionFailed
    assert rescued(store, ann) == []


def test_late_save_is_refused_plainly_when_nobody_remembers_the_lock(
    store: Store, ann: Context, bob: Context, clock: SettableClock, document: str
) -> None:
    lock = a_lock(store, ann, PLAN, timeout=TEN_MINUTES)
    clock.advance(TEN_MINUTES + DAY + timedelta(seconds=1))
    upkeep.tidy(store)

    with pytest.raises(PreconditionFailed) as refused:
        put(store, under(ann, lock), PLAN, b"late")

    assert refused.type is PreconditionFailed


# After a check-out that somebody else cancelled


def test_cancelled_check_out_leaves_its_holder_the_working_copy_and_what_is_saved_later(
    store: Store, ann: Context, root_admin: Context, document: str
) -> None:
    checking_out.check_out(store, ann, path(PLAN))
    for content in (b"two", b"three"):
        put(store, ann, PLAN, content)
    checking_out.cancel(store, root_admin, path(PLAN))
    assert rescued(store, ann) == [(PLAN, "cancelled check-out", b"three")]

    a_late_save(store, ann, PLAN, b"four")

    assert [content for _, _, content in rescued(store, ann)] == [b"three", b"four"]
    assert versions_of(store, ann, PLAN) == [b"one"]
    assert rescued(store, root_admin) == []


def test_own_cancel_keeps_the_working_copy_and_the_next_save_is_a_version(store: Store, ann: Context, document: str) -> None:
    checking_out.check_out(store, ann, path(PLAN))
    put(store, ann, PLAN, b"two")
    checking_out.cancel(store, ann, path(PLAN))

    put(store, ann, PLAN, b"three")

    assert rescued(store, ann) == [(PLAN, "cancelled check-out", b"two")]
    assert versions_of(store, ann, PLAN) == [b"one", b"three"]


@pytest.mark.parametrize("knows", ["lock", "etag"])
def test_former_holder_who_has_seen_the_cancel_saves_versions(
    store: Store, ann: Context, root_admin: Context, document: str, knows: str
) -> None:
    checking_out.check_out(store, ann, path(PLAN))
    checking_out.cancel(store, root_admin, path(PLAN))

    if knows == "lock":
        put(store, under(ann, a_lock(store, ann, PLAN)), PLAN, b"two")
    else:
        etag = node_at(store, ann, PLAN).etag or ""
        put(store, replace(ann, conditions=Conditions(if_match=(etag,))), PLAN, b"two")

    assert versions_of(store, ann, PLAN) == [b"one", b"two"]
    assert rescued(store, ann) == []


@pytest.mark.parametrize("by", ["etag", "rescue-copy"])
def test_former_holder_who_has_made_a_version_since_the_cancel_goes_on_without_conditions(
    store: Store, ann: Context, root_admin: Context, document: str, by: str
) -> None:
    checking_out.check_out(store, ann, path(PLAN))
    put(store, ann, PLAN, b"two")
    checking_out.cancel(store, root_admin, path(PLAN))

    if by == "etag":
        etag = node_at(store, ann, PLAN).etag or ""
        put(store, replace(ann, conditions=Conditions(if_match=(etag,))), PLAN, b"two")
    else:
        (kept,) = rescue_copies.entries(store, ann)
        rescue_copies.copy_out(store, ann, kept.name, path(PLAN), overwrite=True)
    put(store, ann, PLAN, b"three")

    assert versions_of(store, ann, PLAN) == [b"one", b"two", b"three"]
    assert len(rescued(store, ann)) == 1
    assert damages(store) == []


def test_former_holder_who_locked_the_document_once_goes_on_without_the_lock(
    store: Store, ann: Context, root_admin: Context, document: str
) -> None:
    checking_out.check_out(store, ann, path(PLAN))
    checking_out.cancel(store, root_admin, path(PLAN))

    unlock(store, ann, PLAN, a_lock(store, ann, PLAN))
    put(store, ann, PLAN, b"two")

    assert versions_of(store, ann, PLAN) == [b"one", b"two"]


def test_lock_of_somebody_else_tells_a_former_holder_nothing(
    store: Store, ann: Context, bob: Context, root_admin: Context, document: str
) -> None:
    checking_out.check_out(store, ann, path(PLAN))
    checking_out.cancel(store, root_admin, path(PLAN))

    unlock(store, bob, PLAN, a_lock(store, bob, PLAN))
    a_late_save(store, ann, PLAN, b"two")

    assert versions_of(store, ann, PLAN) == [b"one"]


def test_cancelled_check_out_is_forgotten_after_the_grace(
    store: Store, ann: Context, root_admin: Context, clock: SettableClock, document: str
) -> None:
    checking_out.check_out(store, ann, path(PLAN))
    checking_out.cancel(store, root_admin, path(PLAN))
    clock.advance(DAY + timedelta(seconds=1))
    upkeep.tidy(store)

    put(store, ann, PLAN, b"two")

    assert versions_of(store, ann, PLAN) == [b"one", b"two"]


# Who sees it, and what can be done with it


def test_rescue_copy_is_its_authors_alone(store: Store, ann: Context, bob: Context, root_admin: Context, late: Rescue) -> None:
    assert rescue_copies.entries(store, ann) == [late]
    for other in (bob, root_admin):
        assert rescue_copies.entries(store, other) == []
        for act in (rescue_copies.find, rescue_copies.open_content, rescue_copies.drop):
            with pytest.raises(NotFound):
                act(store, other, late.name)
        with pytest.raises(NotFound):
            rescue_copies.copy_out(store, other, late.name, ("taken",), overwrite=False)
    assert rescue_copies.entries(store, ann) == [late]


@pytest.mark.parametrize("content", [b"small", LARGE])
def test_rescue_copy_is_read_as_it_was_sent(
    store: Store, ann: Context, bob: Context, clock: SettableClock, document: str, content: bytes
) -> None:
    lock = a_lock(store, ann, PLAN, timeout=TEN_MINUTES)
    clock.set(lock.expires_at)
    put(store, bob, PLAN, b"theirs")
    kept = a_late_save(store, under(ann, lock), PLAN, content)

    opened = rescue_copies.open_content(store, ann, kept.name)

    assert (read(opened), opened.content.media_type, opened.modified_at) == (content, kept.content.media_type, kept.kept_at)


def test_copied_onto_its_document_it_is_the_next_version_and_stays(
    store: Store, ann: Context, document: str, late: Rescue
) -> None:
    rescue_copies.copy_out(store, ann, late.name, path(PLAN), overwrite=True)

    assert versions_of(store, ann, PLAN) == [b"one", b"theirs", b"late"]
    assert (current(store, ann, PLAN).origin, current(store, ann, PLAN).author) == (f"rescue copy of {PLAN}", "ann")
    assert rescue_copies.entries(store, ann) == [late]


def test_copied_to_a_new_name_it_is_a_new_document(store: Store, ann: Context, late: Rescue) -> None:
    made = rescue_copies.copy_out(store, ann, late.name, path("/f/mine.odt"), overwrite=False)

    assert made.is_created
    assert versions_of(store, ann, "/f/mine.odt") == [b"late"]
    assert numbers(store, ann, PLAN) == [1, 2]


def test_moved_out_it_is_no_rescue_copy_any_more(store: Store, ann: Context, late: Rescue) -> None:
    rescue_copies.copy_out(store, ann, late.name, path(PLAN), overwrite=True, dropping=True)

    assert versions_of(store, ann, PLAN)[-1] == b"late"
    assert rescue_copies.entries(store, ann) == []


@pytest.mark.parametrize("dropping", [False, True], ids=["copy", "move"])
def test_destination_that_cannot_be_written_leaves_it_as_it_is(
    store: Store, ann: Context, bob: Context, late: Rescue, dropping: bool
) -> None:
    a_document(store, bob, "/locked", b"locked")
    a_document(store, bob, "/out", b"out")
    a_lock(store, bob, "/locked")
    checking_out.check_out(store, bob, path("/out"))

    for where, overwrite, error in (
        ("/locked", True, Locked),
        ("/out", True, Locked),
        (PLAN, False, PreconditionFailed),
        ("/nowhere/a", True, ParentMissing),
    ):
        with pytest.raises(error):
            rescue_copies.copy_out(store, ann, late.name, path(where), overwrite=overwrite, dropping=dropping)

    assert rescue_copies.entries(store, ann) == [late]
    assert (content_of(store, ann, "/locked"), content_of(store, ann, PLAN)) == (b"locked", b"theirs")


def test_dropped_it_is_gone_with_its_bytes(store: Store, ann: Context, clock: SettableClock, late: Rescue) -> None:
    before = tree.quota(store).used_bytes
    rescue_copies.drop(store, ann, late.name)

    assert rescue_copies.entries(store, ann) == []
    with pytest.raises(NotFound):
        rescue_copies.drop(store, ann, late.name)
    clock.advance(DAY * 2)
    upkeep.tidy(store)
    assert tree.quota(store).used_bytes == before - len(b"late")


def test_it_outlives_upkeep_and_its_document(store: Store, ann: Context, clock: SettableClock, late: Rescue) -> None:
    deleting.delete(store, ann, path(PLAN))
    a_collection(store, ann, "/g")
    move(store, ann, "/f", "/g/f")
    clock.advance(DAY * 400)
    upkeep.tidy(store)

    assert [(one.name, read(rescue_copies.open_content(store, ann, one.name))) for one in rescue_copies.entries(store, ann)] == [
        (late.name, b"late")
    ]
    assert damages(store) == []


def test_late_save_under_a_lock_broken_by_an_administrator_is_kept(
    store: Store, ann: Context, root_admin: Context, document: str
) -> None:
    lock = a_lock(store, ann, PLAN)
    unlock(store, root_admin, PLAN, lock)

    a_late_save(store, under(ann, lock), PLAN, b"late")

    assert rescued(store, ann) == [(PLAN, "late save", b"late")]
