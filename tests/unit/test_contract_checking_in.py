"""What storage and core promise about the end of a check-out: check-in and cancel, by its holder or an administrator."""

from __future__ import annotations

from datetime import timedelta

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
    locks_at,
    members_of,
    path,
    put,
)
from tests.unit.edited import (
    current,
    earlier_saves,
    history,
    is_open,
    numbers,
    rescued,
    under,
)
from tests.unit.filed import made, rest
from tests.unit.placed import versions_of

from davgate.core import checking_out, moving, objects
from davgate.core.checking_out import cancel, check_in, check_out
from davgate.core.objects import Changes
from davgate.core.store import Context, Store
from davgate.model.errors import (
    Locked,
)
from davgate.model.locks import Scope
from davgate.model.node import Cause

A = "/f/a"
AT = path(A)


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


# Check-in


def test_check_in_makes_one_version_with_comment_and_all_saves(
    store: Store, ann: Context, bob: Context, clock: SettableClock, taken: str
) -> None:
    for content in (b"two", LARGE, b"four"):
        clock.advance(timedelta(minutes=1))
        put(store, ann, A, content)

    made = check_in(store, ann, AT, comment="Second draft")

    assert made == current(store, bob, A)
    assert (made.no, made.cause, made.author, made.comment) == (2, Cause.CHECK_IN, "ann", "Second draft")
    assert versions_of(store, bob, A) == [b"one", b"four"]
    assert earlier_saves(store, bob, A, 2) == [("ann", b"two"), ("ann", LARGE)]
    assert content_of(store, bob, A) == content_of(store, ann, A) == b"four"
    assert not is_open(store, made)
    assert checking_out.standing(store, ann) == []
    put(store, bob, A, b"theirs")
    assert numbers(store, bob, A) == [1, 2, 3]


def test_versions_after_a_check_in_are_younger_than_what_it_made(store: Store, ann: Context, taken: str) -> None:
    for content in (b"two", b"three", b"four", b"five"):
        put(store, ann, A, content)
    check_in(store, ann, AT)

    put(store, ann, A, b"six")

    before, after_it = history(store, ann, A)[1:]
    assert before.opened_at <= before.saved_at < after_it.opened_at
    assert damages(store) == []


@pytest.mark.parametrize("contents", [(), (b"one",), (b"two", b"one")], ids=["no-save", "same-bytes", "back-to-the-same"])
def test_check_in_makes_a_version_always(store: Store, ann: Context, taken: str, contents: tuple[bytes, ...]) -> None:
    for content in contents:
        put(store, ann, A, content)

    check_in(store, ann, AT)

    assert versions_of(store, ann, A) == [b"one", b"one"]


def test_check_in_keeps_the_document_checked_out_when_asked(store: Store, ann: Context, bob: Context, taken: str) -> None:
    put(store, ann, A, b"two")
    check_in(store, ann, AT, keep_checked_out=True)
    put(store, ann, A, b"three")

    assert (content_of(store, ann, A), content_of(store, bob, A)) == (b"three", b"two")
    ((again, _),) = checking_out.standing(store, ann)
    assert (again.base_no, again.principal_name) == (2, "ann")
    check_in(store, ann, AT)
    assert versions_of(store, ann, A) == [b"one", b"two", b"three"]


def test_check_in_ends_the_locks_but_the_one_whose_token_is_submitted(store: Store, ann: Context, taken: str) -> None:
    kept = a_lock(store, ann, A, scope=Scope.SHARED)
    a_lock(store, ann, A, scope=Scope.SHARED)

    check_in(store, holding(ann, kept), AT)

    assert locks_at(store, ann, A) == [kept]


def test_check_in_names_the_file_as_the_drive_calls_it_by_then(store: Store, ann: Context, taken: str) -> None:
    put(store, ann, A, b"two")
    moving.move(store, ann, AT, path("/f/renamed.txt"), overwrite=False)

    assert check_in(store, ann, path("/f/renamed.txt")).file_name == "renamed.txt"


def test_lock_on_the_folder_holds_up_no_check_in_of_what_stays_in_it(
    store: Store, ann: Context, bob: Context, taken: str
) -> None:
    a_lock(store, bob, "/f")
    put(store, ann, A, b"two")

    assert check_in(store, ann, AT).no == 2


# Cancel


def test_cancel_drops_the_working_copy_and_keeps_its_bytes_for_the_author(
    store: Store, ann: Context, bob: Context, taken: str
) -> None:
    for content in (b"two", LARGE):
        put(store, ann, A, content)

    cancel(store, ann, AT)

    assert content_of(store, ann, A) == content_of(store, bob, A) == b"one"
    assert versions_of(store, ann, A) == [b"one"]
    assert (rescued(store, ann), rescued(store, bob)) == ([(A, "cancelled check-out", LARGE)], [])
    put(store, bob, A, b"theirs")


def test_cancel_of_an_emptied_working_copy_keeps_the_last_bytes_before(store: Store, ann: Context, taken: str) -> None:
    for content in (b"two", b"three", b"", b""):
        put(store, ann, A, content)

    cancel(store, ann, AT)

    assert rescued(store, ann) == [(A, "cancelled check-out", b"three")]


def test_cancel_of_a_working_copy_that_was_only_emptied_keeps_that(store: Store, ann: Context, taken: str) -> None:
    put(store, ann, A, b"")

    cancel(store, ann, AT)

    assert rescued(store, ann) == [(A, "cancelled check-out", b"")]


def test_cancel_of_what_was_never_saved_leaves_nothing(store: Store, ann: Context, taken: str) -> None:
    cancel(store, ann, AT)

    assert (rescued(store, ann), numbers(store, ann, A)) == ([], [1])


def test_cancel_waits_for_a_lock_on_the_document(store: Store, ann: Context, root_admin: Context, taken: str) -> None:
    lock = a_lock(store, ann, A)

    for ctx in (ann, root_admin):
        with pytest.raises(Locked):
            cancel(store, ctx, AT)

    cancel(store, holding(ann, lock), AT)
    assert checking_out.standing(store, ann) == []


# By an administrator


def test_administrator_checks_in_for_the_holder_who_stays_the_author(
    store: Store, ann: Context, root_admin: Context, taken: str
) -> None:
    lock = a_lock(store, ann, A)
    for content in (b"two", b"three"):
        put(store, under(ann, lock), A, content)

    made = check_in(store, root_admin, AT, comment="Holidays")

    assert (made.author, made.comment) == ("ann", "Holidays")
    assert versions_of(store, ann, A) == [b"one", b"three"]
    assert earlier_saves(store, ann, A, 2) == [("ann", b"two")]
    assert locks_at(store, ann, A) == []


def test_administrator_cancels_and_the_holder_gets_a_rescue_copy(
    store: Store, ann: Context, bob: Context, root_admin: Context, taken: str
) -> None:
    put(store, ann, A, b"two")

    cancel(store, root_admin, AT)

    assert content_of(store, ann, A) == b"one"
    assert rescued(store, ann) == [(A, "cancelled check-out", b"two")]
    assert rescued(store, root_admin) == []
    assert checking_out.standing(store, ann) == []
    put(store, bob, A, b"theirs")
    check_out(store, ann, AT)
    assert content_of(store, ann, A) == b"theirs"


def test_check_in_takes_no_member_from_a_locked_folder(store: Store, ann: Context, bob: Context) -> None:
    """A lock on a collection, of whatever depth, protects its membership (RFC 4918, 7.4)."""
    node = made(store, ann, b"one", "b.txt", place=a_collection(store, ann, "/g").id)
    check_out(store, ann, node.id)
    objects.update(store, rest(ann), node.id, Changes(removes_file=True))
    a_lock(store, bob, "/g")

    with pytest.raises(Locked):
        check_in(store, rest(ann), node.id)

    assert members_of(store, bob, "/g") == ["b.txt"]
