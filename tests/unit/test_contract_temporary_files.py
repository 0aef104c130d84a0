"""Temporary files: whose they are, how long they stay, and that their bytes stay as long as anything names them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.builders import LARGE, SettableClock, read, with_policy
from tests.unit.filed import a_file, bytes_at, made, rest

from davgate.core import objects, temporary_files, upkeep
from davgate.core.objects import Changes
from davgate.core.store import Context, Policy, Store
from davgate.model.errors import Malformed, NotFound, QuotaExceeded
from davgate.model.temporary_file import TemporaryFile

DAY = timedelta(days=1)


def keep(store: Store, ctx: Context, body: bytes = b"bytes", name: str = "a.txt") -> TemporaryFile:
    return temporary_files.keep(store, rest(ctx), a_file(store, body, name, "text/plain"), DAY)


def bytes_of(store: Store, ctx: Context, kept: TemporaryFile) -> bytes:
    return read(temporary_files.open_file(store, ctx, kept.id)[1])


@pytest.mark.parametrize("body", [b"bytes", b"", LARGE])
def test_file_is_kept_for_its_sender(store: Store, ann: Context, body: bytes) -> None:
    kept = keep(store, ann, body)

    assert temporary_files.find(store, ann, kept.id) == kept
    assert (kept.name, kept.content.media_type, kept.content.length_bytes) == ("a.txt", "text/plain", len(body))
    assert bytes_of(store, ann, kept) == body


def test_file_is_nothing_to_others(store: Store, ann: Context, bob: Context, root_admin: Context) -> None:
    kept = keep(store, ann)

    for other in (bob, root_admin):
        with pytest.raises(NotFound):
            temporary_files.find(store, other, kept.id)
        with pytest.raises(NotFound):
            temporary_files.as_file(store, other, kept.id)


@pytest.mark.parametrize("number", [0, -1, 999_999, 1 << 62, 1 << 80])
def test_number_that_no_file_has_is_refused(store: Store, ann: Context, number: int) -> None:
    with pytest.raises(NotFound):
        temporary_files.find(store, ann, number)


def test_number_of_a_file_is_nobody_elses(store: Store, ann: Context) -> None:
    node, kept, other = made(store, ann), keep(store, ann), keep(store, ann)

    assert len({node.id, kept.id, other.id, made(store, ann, name="b.txt").id}) == 4


@pytest.mark.parametrize("body", [b"bytes", LARGE])
def test_file_is_given_to_documents_again_and_again(store: Store, ann: Context, clock: SettableClock, body: bytes) -> None:
    kept = keep(store, ann, body)
    documents = [made(store, ann, b"other", name) for name in ("1.txt", "2.txt")]

    for node in documents:
        objects.update(store, rest(ann), node.id, Changes(file=temporary_files.as_file(store, ann, kept.id)))
    clock.advance(timedelta(days=5))
    upkeep.tidy(store)

    assert [bytes_at(store, ann, node.id) for node in documents] == [body, body]


def test_file_that_was_not_used_goes_with_its_bytes(store: Store, ann: Context, clock: SettableClock) -> None:
    kept = keep(store, ann, LARGE)
    clock.advance(DAY - timedelta(seconds=1))
    assert upkeep.tidy(store).temporary_files == 0
    assert bytes_of(store, ann, kept) == LARGE

    clock.advance(timedelta(seconds=1))
    with pytest.raises(NotFound):
        temporary_files.find(store, ann, kept.id)
    assert upkeep.tidy(store).temporary_files == 1
    clock.advance(timedelta(days=2))
    upkeep.tidy(store)

    assert not store.blobs.exists(kept.content.digest)


def test_collector_spares_a_file_that_waits(store: Store, ann: Context, clock: SettableClock) -> None:
    file = a_file(store, LARGE)
    kept = temporary_files.keep(store, rest(ann), file, timedelta(days=30))

    clock.advance(timedelta(days=29))
    upkeep.tidy(store)

    assert bytes_of(store, ann, kept) == LARGE


def test_file_counts_for_the_quota(store: Store, ann: Context) -> None:
    with pytest.raises(QuotaExceeded):
        keep(with_policy(store, Policy(quota_bytes=3)), ann)
    with pytest.raises(QuotaExceeded):
        temporary_files.check_keep(with_policy(store, Policy(quota_bytes=3)), 4)


def test_name_that_is_no_text_is_refused(store: Store, ann: Context) -> None:
    with pytest.raises(Malformed):
        keep(store, ann, name="a\x00b")
