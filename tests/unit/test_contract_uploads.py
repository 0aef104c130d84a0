"""What storage and core promise about uploads in parts: what is kept, what counts, who may go on, and what is left in the end."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import pytest
from tests.builders import (
    INLINE_LIMIT_BYTES,
    LARGE,
    SettableClock,
    a_document,
    content_of,
    damages,
    exists,
    findings,
    opened_store,
    path,
    put,
    with_policy,
)
from tests.unit.uploaded import NAME, Cut, Pieces, append, begin, file_of, found, saved_at

from davgate.core import erasing, upkeep, uploads
from davgate.core.content import Written
from davgate.core.store import Context, Policy, Store
from davgate.core.uploads import Checksum
from davgate.model.errors import (
    BodyIncomplete,
    ChecksumMismatch,
    Corrupt,
    Forbidden,
    NoSuchUpload,
    NotFound,
    OffsetMismatch,
    QuotaExceeded,
    TooLarge,
    TooManyUploads,
)
from davgate.model.instant import Instant, after
from davgate.model.node import ROOT_ID
from davgate.storage import parts
from davgate.storage.api import Session, Staged, Transaction, Upload

LIFE = timedelta(hours=1)
SMALL = b"hello, in parts"
MICROSECOND = timedelta(microseconds=1)


def refuse(*_: object) -> Written:
    raise Forbidden("Not now.")


# Beginning


def test_upload_begins_empty_and_lives_for_its_time(store: Store, ann: Context, clock: SettableClock) -> None:
    begun = uploads.begin(store, ann, ROOT_ID, 11, {"filename": "Größe.txt"})

    assert uploads.find(store, ann, begun.id, ROOT_ID) == begun
    assert (begun.length_bytes, begun.offset_bytes, begun.said) == (11, 0, {"filename": "Größe.txt"})
    assert begun.expires_at == after(clock.now(), LIFE)
    assert len(begun.id) == 32
    assert int(begun.id, 16)
    assert uploads.open_count(store) == 1
    assert findings(store) == []


def test_upload_above_the_limit_is_not_begun(store: Store, ann: Context) -> None:
    limited = with_policy(store, Policy(upload_limit_bytes=100))

    with pytest.raises(TooLarge):
        begin(limited, ann, 101)

    assert uploads.open_count(store) == 0
    assert begin(limited, ann, 100)


def test_upload_for_which_there_is_no_room_is_not_begun(store: Store, ann: Context) -> None:
    a_document(store, ann, "/a", bytes(60))

    with pytest.raises(QuotaExceeded):
        begin(with_policy(store, Policy(quota_bytes=100)), ann, 41)

    assert uploads.open_count(store) == 0


def test_one_upload_more_than_one_may_have_is_not_begun(store: Store, ann: Context, bob: Context) -> None:
    limited = with_policy(store, Policy(open_uploads=2))
    first, _ = begin(limited, ann, 1), begin(limited, ann, 1)

    with pytest.raises(TooManyUploads):
        begin(limited, ann, 1)

    assert begin(limited, bob, 1)
    uploads.end(limited, ann, first, ROOT_ID)
    assert begin(limited, ann, 1)


def test_expired_upload_does_not_count(store: Store, ann: Context, clock: SettableClock) -> None:
    limited = with_policy(store, Policy(open_uploads=1))
    begin(limited, ann, 1)
    clock.advance(LIFE)

    assert begin(limited, ann, 1)
    assert uploads.open_count(store) == 1


def test_upload_for_what_is_not_there_is_not_begun(store: Store, ann: Context) -> None:
    with pytest.raises(NotFound):
        uploads.begin(store, ann, 12345, 1, {})


# Finding


def of_nobody(store: Store, ann: Context, bob: Context, clock: SettableClock, upload_id: str) -> tuple[Context, str, int]:
    return ann, "0" * 32, ROOT_ID


def of_somebody_else(store: Store, ann: Context, bob: Context, clock: SettableClock, upload_id: str) -> tuple[Context, str, int]:
    return bob, upload_id, ROOT_ID


def for_another_node(store: Store, ann: Context, bob: Context, clock: SettableClock, upload_id: str) -> tuple[Context, str, int]:
    return ann, upload_id, a_document(store, ann, "/a").id


def expired(store: Store, ann: Context, bob: Context, clock: SettableClock, upload_id: str) -> tuple[Context, str, int]:
    clock.advance(LIFE)
    return ann, upload_id, ROOT_ID


def finished(store: Store, ann: Context, bob: Context, clock: SettableClock, upload_id: str) -> tuple[Context, str, int]:
    append(store, ann, upload_id, 0, SMALL)
    return ann, upload_id, ROOT_ID


def ended(store: Store, ann: Context, bob: Context, clock: SettableClock, upload_id: str) -> tuple[Context, str, int]:
    uploads.end(store, ann, upload_id, ROOT_ID)
    return ann, upload_id, ROOT_ID


@pytest.mark.parametrize("which", [of_nobody, of_somebody_else, for_another_node, expired, finished, ended])
def test_upload_that_is_not_open_for_the_caller_is_not_there(
    store: Store,
    ann: Context,
    bob: Context,
    clock: SettableClock,
    which: Callable[[Store, Context, Context, SettableClock, str], tuple[Context, str, int]],
) -> None:
    ctx, upload_id, node_id = which(store, ann, bob, clock, begin(store, ann, len(SMALL)))

    with pytest.raises(NoSuchUpload):
        uploads.find(store, ctx, upload_id, node_id)
    with pytest.raises(NoSuchUpload):
        uploads.end(store, ctx, upload_id, node_id)
    with pytest.raises(NoSuchUpload):
        uploads.append(store, ctx, upload_id, node_id, 0, io.BytesIO(SMALL), check=lambda *_: None, complete=saved_at(store, ctx))


# Appending


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["inline", "file"])
@pytest.mark.parametrize("size", [1, 7, INLINE_LIMIT_BYTES, 3000, 1 << 20])
def test_parts_become_a_document(store: Store, ann: Context, content: bytes, size: int) -> None:
    size = max(size, len(content) // 40)
    upload_id = begin(store, ann, len(content))
    for start in range(0, len(content), size):
        assert found(store, ann, upload_id).offset_bytes == start
        appended = append(store, ann, upload_id, start, content[start : start + size])

    assert appended.outcome is not None
    assert appended.outcome.is_created
    assert appended.offset_bytes == len(content)
    assert content_of(store, ann, NAME) == content
    assert findings(store) == []


def test_upload_can_be_resumed_at_every_offset(store: Store, ann: Context) -> None:
    for cut in range(len(SMALL) + 1):
        upload_id = begin(store, ann, len(SMALL))
        with pytest.raises(BodyIncomplete):
            append(store, ann, upload_id, 0, Cut(SMALL[:cut]))
        assert found(store, ann, upload_id).offset_bytes == cut

        append(store, ann, upload_id, cut, SMALL[cut:], complete=saved_at(store, ann, f"/{cut}"))

        assert content_of(store, ann, f"/{cut}") == SMALL


def test_body_cut_in_a_block_of_many_keeps_what_arrived(store: Store, ann: Context, tmp_path: Path) -> None:
    upload_id = begin(store, ann, len(LARGE))
    with pytest.raises(BodyIncomplete, match="3000 bytes have arrived"):
        append(store, ann, upload_id, 0, Cut(LARGE[:3000]))

    assert file_of(tmp_path, upload_id).read_bytes() == LARGE[:3000]
    append(store, ann, upload_id, 3000, LARGE[3000:])
    assert content_of(store, ann, NAME) == LARGE


@pytest.mark.parametrize("offset", [0, 4, 6, 15, 1 << 40])
def test_part_at_another_offset_stores_nothing_and_is_told_the_right_one(store: Store, ann: Context, offset: int) -> None:
    upload_id = begin(store, ann, len(SMALL))
    append(store, ann, upload_id, 0, SMALL[:5])

    with pytest.raises(OffsetMismatch) as refused:
        append(store, ann, upload_id, offset, b"other bytes")

    assert refused.value.offset_bytes == 5
    append(store, ann, upload_id, 5, SMALL[5:])
    assert content_of(store, ann, NAME) == SMALL


def test_empty_part_in_between_changes_nothing(store: Store, ann: Context) -> None:
    upload_id = begin(store, ann, len(SMALL))
    before = found(store, ann, upload_id)

    appended = append(store, ann, upload_id, 0, b"")

    assert (appended.offset_bytes, appended.outcome) == (0, None)
    assert found(store, ann, upload_id) == before


def test_upload_of_no_bytes_is_completed_by_an_empty_part(store: Store, ann: Context) -> None:
    upload_id = begin(store, ann, 0)
    assert found(store, ann, upload_id).offset_bytes == 0

    assert append(store, ann, upload_id, 0, b"").outcome

    assert content_of(store, ann, NAME) == b""
    assert findings(store) == []


@pytest.mark.parametrize("announced", [1, 5, len(LARGE) - 1])
def test_more_bytes_than_announced_complete_the_upload_all_of_them(store: Store, ann: Context, announced: int) -> None:
    appended = append(store, ann, begin(store, ann, announced), 0, Pieces(LARGE, 1000))

    assert appended.outcome
    assert appended.offset_bytes == len(LARGE)
    assert content_of(store, ann, NAME) == LARGE


def test_bytes_above_the_limit_are_refused_and_not_kept(store: Store, ann: Context) -> None:
    limited = with_policy(store, Policy(upload_limit_bytes=len(SMALL)))
    upload_id = begin(limited, ann, len(SMALL))
    append(limited, ann, upload_id, 0, SMALL[:5])

    with pytest.raises(TooLarge):
        append(limited, ann, upload_id, 5, SMALL[5:] + b"!")

    assert found(limited, ann, upload_id).offset_bytes == 5
    append(limited, ann, upload_id, 5, SMALL[5:])
    assert content_of(store, ann, NAME) == SMALL


@pytest.mark.parametrize(("length", "has_file"), [(INLINE_LIMIT_BYTES, False), (INLINE_LIMIT_BYTES + 1, True)])
def test_upload_above_the_limit_of_small_content_alone_has_a_file(
    store: Store, ann: Context, length: int, has_file: bool
) -> None:
    append(store, ann, begin(store, ann, length), 0, bytes(length))

    assert store.blobs.exists(hashlib.sha256(bytes(length)).digest()) is has_file
    assert content_of(store, ann, NAME) == bytes(length)


def test_same_bytes_as_a_document_has_take_no_room(store: Store, ann: Context, tmp_path: Path) -> None:
    a_document(store, ann, "/a", LARGE)

    append(store, ann, begin(store, ann, len(LARGE)), 0, LARGE)

    assert content_of(store, ann, NAME) == content_of(store, ann, "/a") == LARGE
    assert len([file for file in (tmp_path / "blobs").rglob("*") if file.is_file()]) == 1
    assert findings(store) == []


def test_disk_that_is_full_costs_this_part_alone(store: Store, ann: Context) -> None:
    upload_id = begin(store, ann, len(LARGE))
    append(store, ann, upload_id, 0, LARGE[:1000])

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with patch.object(os, "write", full), pytest.raises(QuotaExceeded):
        append(store, ann, upload_id, 1000, LARGE[1000:])

    assert found(store, ann, upload_id).offset_bytes == 1000
    append(store, ann, upload_id, 1000, LARGE[1000:])
    assert content_of(store, ann, NAME) == LARGE


# Checksums


@pytest.mark.parametrize("algorithm", uploads.CHECKSUMS)
def test_part_that_matches_its_checksum_counts(store: Store, ann: Context, algorithm: str) -> None:
    upload_id = begin(store, ann, len(LARGE))
    for start in (0, 2000, 4000):
        piece = LARGE[start : start + 2000]
        append(store, ann, upload_id, start, piece, checksum=Checksum(algorithm, hashlib.new(algorithm, piece).digest()))

    assert content_of(store, ann, NAME) == LARGE


@pytest.mark.parametrize("start", [0, 2000])
@pytest.mark.parametrize("body", [lambda: io.BytesIO(LARGE), lambda: Cut(LARGE[:1000])], ids=["whole", "cut"])
def test_part_that_does_not_match_its_checksum_is_not_kept(
    store: Store, ann: Context, start: int, body: Callable[[], io.BytesIO]
) -> None:
    upload_id = begin(store, ann, len(LARGE))
    append(store, ann, upload_id, 0, LARGE[:start])

    with pytest.raises((ChecksumMismatch, BodyIncomplete)):
        append(store, ann, upload_id, start, body(), checksum=Checksum("sha1", hashlib.sha1(b"other").digest()))

    assert found(store, ann, upload_id).offset_bytes == start
    append(store, ann, upload_id, start, LARGE[start:])
    assert content_of(store, ann, NAME) == LARGE


# Completing


def test_check_refuses_before_the_body_is_taken_in(store: Store, ann: Context) -> None:
    upload_id = begin(store, ann, len(SMALL))
    body = Pieces(SMALL, 100)

    with pytest.raises(Forbidden):
        append(store, ann, upload_id, 0, body, check=refuse)

    assert body.number == 0
    assert found(store, ann, upload_id).offset_bytes == 0


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["inline", "file"])
def test_completion_that_refuses_leaves_the_upload_whole_to_be_tried_again(store: Store, ann: Context, content: bytes) -> None:
    upload_id = begin(store, ann, len(content))
    for offset, body in ((0, content), (len(content), b"")):
        with pytest.raises(Forbidden):
            append(store, ann, upload_id, offset, body, complete=refuse)
        assert found(store, ann, upload_id).offset_bytes == len(content)
    with pytest.raises(TooLarge):
        append(store, ann, upload_id, len(content), b"more")
    assert damages(store) == []

    assert append(store, ann, upload_id, len(content), b"").outcome

    assert content_of(store, ann, NAME) == content
    assert findings(store) == []


def test_empty_part_that_completes_has_to_match_its_checksum(store: Store, ann: Context) -> None:
    upload_id = begin(store, ann, len(SMALL))
    with pytest.raises(Forbidden):
        append(store, ann, upload_id, 0, SMALL, complete=refuse)

    with pytest.raises(ChecksumMismatch):
        append(store, ann, upload_id, len(SMALL), b"", checksum=Checksum("sha1", hashlib.sha1(b"other").digest()))

    assert found(store, ann, upload_id).is_whole
    append(store, ann, upload_id, len(SMALL), b"", checksum=Checksum("sha1", hashlib.sha1(b"").digest()))
    assert content_of(store, ann, NAME) == SMALL


def test_check_counts_again_when_the_upload_is_complete(store: Store, ann: Context) -> None:
    upload_id = begin(store, ann, len(SMALL))
    forbidden = False

    def check(session: Session, now: Instant) -> None:
        if forbidden:
            refuse()

    def happens(number: int) -> None:
        nonlocal forbidden
        forbidden = True

    with pytest.raises(Forbidden):
        append(store, ann, upload_id, 0, Pieces(SMALL, 100, happens), check=check)

    assert not exists(store, ann, path(NAME))
    assert found(store, ann, upload_id).is_whole


def test_completion_is_given_what_was_said_and_all_that_arrived(store: Store, ann: Context) -> None:
    upload_id = begin(store, ann, 3, filename="a.txt")
    given: list[tuple[str, int, str]] = []

    def complete(tx: Transaction, staged: Staged, upload: Upload) -> Written:
        given.append((staged.digest.hex(), staged.length_bytes, upload.said["filename"]))
        return saved_at(store, ann)(tx, staged, upload)

    append(store, ann, upload_id, 0, SMALL, complete=complete)

    assert given == [(hashlib.sha256(SMALL).hexdigest(), len(SMALL), "a.txt")]


def test_bytes_that_this_process_received_are_not_read_again(store: Store, ann: Context) -> None:
    upload_id = begin(store, ann, len(LARGE))

    with patch.object(os, "pread", refuse):
        for start in range(0, len(LARGE), 1000):
            append(store, ann, upload_id, start, LARGE[start : start + 1000])

    assert content_of(store, ann, NAME) == LARGE


def test_two_processes_that_take_turns_make_one_document(
    store: Store, ann: Context, clock: SettableClock, database_url: str, tmp_path: Path
) -> None:
    upload_id = begin(store, ann, len(LARGE))
    with opened_store(database_url, tmp_path, clock) as other:
        for number, start in enumerate(range(0, len(LARGE), 500)):
            append((store, other)[number % 3 > 0], ann, upload_id, start, LARGE[start : start + 500])

    assert content_of(store, ann, NAME) == LARGE
    assert findings(store) == []


def test_digests_of_the_uploads_that_went_on_last_are_remembered(
    store: Store, ann: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "_MOST_REMEMBERED", 2)
    again, once, new = (begin(store, ann, len(SMALL)) for _ in range(3))
    for upload_id, offset in ((again, 0), (once, 0), (again, 1), (new, 0)):
        append(store, ann, upload_id, offset, SMALL[offset : offset + 1])

    with patch.object(os, "pread", refuse):
        append(store, ann, again, 2, SMALL[2:3])
        append(store, ann, new, 1, SMALL[1:2])
        with pytest.raises(Forbidden):
            append(store, ann, once, 1, SMALL[1:2])


def test_digests_of_few_uploads_are_remembered(store: Store, ann: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "_MOST_REMEMBERED", 2)
    ids = [begin(store, ann, len(SMALL)) for _ in range(4)]
    for upload_id in ids:
        append(store, ann, upload_id, 0, SMALL[:5])

    for number, upload_id in enumerate(ids):
        append(store, ann, upload_id, 5, SMALL[5:], complete=saved_at(store, ann, f"/{number}"))
        assert content_of(store, ann, f"/{number}") == SMALL


# Several at once


def test_append_under_way_is_taken_over_and_confirms_nothing_more(store: Store, ann: Context) -> None:
    upload_id = begin(store, ann, len(LARGE))

    def take_over(number: int) -> None:
        if number == 2:
            assert found(store, ann, upload_id).offset_bytes == 0
            append(store, ann, upload_id, 0, LARGE[:2500])

    with pytest.raises(OffsetMismatch) as refused:
        append(store, ann, upload_id, 0, Pieces(bytes(len(LARGE)), 1000, take_over))

    assert refused.value.offset_bytes == 2500
    assert findings(store) == []
    append(store, ann, upload_id, 2500, LARGE[2500:])
    assert content_of(store, ann, NAME) == LARGE


@pytest.mark.parametrize("offset", [0, 1000])
def test_append_that_comes_back_after_the_upload_was_completed_finds_nothing(store: Store, ann: Context, offset: int) -> None:
    upload_id = begin(store, ann, len(LARGE))
    append(store, ann, upload_id, 0, LARGE[:offset])

    def take_over(number: int) -> None:
        if number == 2:
            append(store, ann, upload_id, offset, LARGE[offset:])

    with pytest.raises(NoSuchUpload):
        append(store, ann, upload_id, offset, Pieces(bytes(len(LARGE) - offset), 1000, take_over))

    assert content_of(store, ann, NAME) == LARGE
    assert findings(store) == []


def test_taken_over_twice_the_last_counts(store: Store, ann: Context) -> None:
    upload_id = begin(store, ann, len(LARGE))
    append(store, ann, upload_id, 0, LARGE[:1000])

    def last(number: int) -> None:
        if number == 1:
            append(store, ann, upload_id, 1000, LARGE[1000:2000])

    def second(number: int) -> None:
        if number == 1:
            with pytest.raises(OffsetMismatch):
                append(store, ann, upload_id, 1000, Pieces(bytes(1000), 300, last))

    with pytest.raises(OffsetMismatch):
        append(store, ann, upload_id, 1000, Pieces(bytes(2000), 300, second))

    append(store, ann, upload_id, 2000, LARGE[2000:])
    assert content_of(store, ann, NAME) == LARGE
    assert findings(store) == []


def test_cut_append_that_was_taken_over_confirms_nothing(store: Store, ann: Context) -> None:
    upload_id = begin(store, ann, len(LARGE))

    def take_over(number: int) -> None:
        if number == 1:
            append(store, ann, upload_id, 0, b"")
        if number == 2:
            raise BodyIncomplete("The client left.")

    with pytest.raises(OffsetMismatch):
        append(store, ann, upload_id, 0, Pieces(bytes(3000), 1000, take_over))

    assert found(store, ann, upload_id).offset_bytes == 0
    append(store, ann, upload_id, 0, LARGE)
    assert content_of(store, ann, NAME) == LARGE


def test_appends_go_on_in_one_file(store: Store, ann: Context, tmp_path: Path) -> None:
    upload_id = begin(store, ann, len(LARGE))
    append(store, ann, upload_id, 0, LARGE[:1000])
    first = file_of(tmp_path, upload_id).stat().st_ino

    with file_of(tmp_path, upload_id).open("rb"):
        append(store, ann, upload_id, 1000, LARGE[1000:2000])
        assert file_of(tmp_path, upload_id).stat().st_ino == first


def test_file_that_was_replaced_before_it_was_locked_is_left_for_the_one_with_the_name(
    store: Store, ann: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload_id = begin(store, ann, len(LARGE))
    append(store, ann, upload_id, 0, LARGE[:1000])
    lock, locked = parts._lock, []

    def lock_late(descriptor: int) -> bool:
        if not locked:
            locked.append(descriptor)
            # Another request comes between the opening of the file and its lock, finds it locked by a third, and takes over.
            with store.blobs.parts.claim(upload_id, 1000), store.blobs.parts.claim(upload_id, 1000) as other:
                other.take(lambda: None)
        return lock(descriptor)

    monkeypatch.setattr(parts, "_lock", lock_late)

    append(store, ann, upload_id, 1000, LARGE[1000:])

    assert locked
    assert content_of(store, ann, NAME) == LARGE


def test_copy_that_fails_leaves_nothing_behind(store: Store, ann: Context) -> None:
    upload_id = begin(store, ann, len(LARGE))
    append(store, ann, upload_id, 0, LARGE[:1000])

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with store.blobs.parts.claim(upload_id, 1000):
        before = open_files()
        with patch.object(os, "copy_file_range", full), pytest.raises(QuotaExceeded):
            append(store, ann, upload_id, 1000, LARGE[1000:])
        assert open_files() == before

    assert store.blobs.unfinished() == 0
    append(store, ann, upload_id, 1000, LARGE[1000:])
    assert content_of(store, ann, NAME) == LARGE


def test_no_file_stays_open(store: Store, ann: Context, tmp_path: Path) -> None:
    def several(name: str) -> None:
        put(store, ann, f"{name}.put", LARGE + name.encode())
        upload_id = begin(store, ann, len(LARGE))
        append(store, ann, upload_id, 0, LARGE[:1000])
        with store.blobs.parts.claim(upload_id, 1000):
            append(store, ann, upload_id, 1000, LARGE[1000:2000])
        append(store, ann, upload_id, 2000, LARGE[2000:], complete=saved_at(store, ann, name))

    several("/first")
    before = open_files()
    several("/second")
    assert open_files() == before


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_file_system_without_locks_costs_copies_alone(store: Store, ann: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "_lock", lambda descriptor: False)
    upload_id = begin(store, ann, len(LARGE))
    for start in range(0, len(LARGE), 1000):
        append(store, ann, upload_id, start, LARGE[start : start + 1000])

    assert content_of(store, ann, NAME) == LARGE
    assert findings(store) == []


def test_file_system_that_cannot_copy_by_itself_is_read(store: Store, ann: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    def unsupported(*_: object) -> int:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "copy_file_range", unsupported)

    test_file_system_without_locks_costs_copies_alone(store, ann, monkeypatch)


def test_long_append_is_confirmed_as_it_goes_on(store: Store, ann: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "_UNCONFIRMED_BYTES", 1000)
    upload_id = begin(store, ann, len(LARGE))
    offsets: list[int] = []

    append(store, ann, upload_id, 0, Pieces(LARGE, 600, lambda number: offsets.append(found(store, ann, upload_id).offset_bytes)))

    assert offsets[:5] == [0, 0, 1200, 1200, 2400]
    assert content_of(store, ann, NAME) == LARGE


def test_slow_append_is_confirmed_as_it_goes_on(store: Store, ann: Context, clock: SettableClock) -> None:
    upload_id = begin(store, ann, len(LARGE))
    clock.advance(timedelta(minutes=10))
    offsets: list[int] = []

    def look(number: int) -> None:
        offsets.append(found(store, ann, upload_id).offset_bytes)
        clock.advance(timedelta(seconds=3))

    append(store, ann, upload_id, 0, Pieces(LARGE, 600, look))

    assert offsets[:5] == [0, 0, 1200, 1200, 2400]
    assert content_of(store, ann, NAME) == LARGE


def test_nothing_is_confirmed_before_the_checksum_of_all_is_known(
    store: Store, ann: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "_UNCONFIRMED_BYTES", 1000)
    upload_id = begin(store, ann, len(LARGE))
    offsets: set[int] = set()
    body = Pieces(LARGE, 600, lambda number: offsets.add(found(store, ann, upload_id).offset_bytes))

    append(store, ann, upload_id, 0, body, checksum=Checksum("sha256", hashlib.sha256(LARGE).digest()))

    assert offsets == {0}
    assert content_of(store, ann, NAME) == LARGE


def test_bytes_beyond_what_was_announced_are_not_confirmed_one_by_one(
    store: Store, ann: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "_UNCONFIRMED_BYTES", 1000)
    upload_id = begin(store, ann, 2000)
    offsets: set[int] = set()

    append(store, ann, upload_id, 0, Pieces(LARGE, 600, lambda number: offsets.add(found(store, ann, upload_id).offset_bytes)))

    assert offsets == {0, 1200}
    assert content_of(store, ann, NAME) == LARGE


# Ends


def test_ended_upload_leaves_nothing(store: Store, ann: Context, tmp_path: Path) -> None:
    upload_id = begin(store, ann, len(LARGE))
    append(store, ann, upload_id, 0, LARGE[:1000])

    uploads.end(store, ann, upload_id, ROOT_ID)

    assert not file_of(tmp_path, upload_id).exists()
    assert uploads.open_count(store) == 0
    assert findings(store) == []


def test_append_to_an_upload_that_is_ended_meanwhile_comes_to_nothing(store: Store, ann: Context) -> None:
    upload_id = begin(store, ann, len(LARGE))

    def end(number: int) -> None:
        if number == 2:
            uploads.end(store, ann, upload_id, ROOT_ID)

    with pytest.raises(NoSuchUpload):
        append(store, ann, upload_id, 0, Pieces(LARGE, 1000, end))

    assert not exists(store, ann, path(NAME))
    assert findings(store) == []


def test_upload_expires_its_life_after_its_last_byte(store: Store, ann: Context, clock: SettableClock, tmp_path: Path) -> None:
    upload_id = begin(store, ann, len(LARGE))
    clock.advance(LIFE - MICROSECOND)
    append(store, ann, upload_id, 0, LARGE[:1000])
    clock.advance(LIFE - MICROSECOND)
    assert upkeep.tidy(store).uploads == 0
    assert found(store, ann, upload_id).offset_bytes == 1000

    clock.advance(MICROSECOND)
    assert upkeep.tidy(store).uploads == 1

    assert not file_of(tmp_path, upload_id).exists()
    assert findings(store) == []
    assert upkeep.tidy(store).uploads == 0


def test_upload_does_not_expire_while_bytes_come(store: Store, ann: Context, clock: SettableClock) -> None:
    upload_id = begin(store, ann, len(LARGE))

    def wait(number: int) -> None:
        clock.advance(LIFE / 3)
        upkeep.tidy(store)

    append(store, ann, upload_id, 0, Pieces(LARGE, 500, wait))

    assert content_of(store, ann, NAME) == LARGE


def test_upload_with_a_checksum_does_not_expire_while_bytes_come(store: Store, ann: Context, clock: SettableClock) -> None:
    upload_id = begin(store, ann, len(LARGE))

    def wait(number: int) -> None:
        clock.advance(LIFE / 3)
        upkeep.tidy(store)

    append(store, ann, upload_id, 0, Pieces(LARGE, 500, wait), checksum=Checksum("md5", hashlib.md5(LARGE).digest()))

    assert content_of(store, ann, NAME) == LARGE


def test_life_is_that_of_the_policy(store: Store, ann: Context, clock: SettableClock) -> None:
    longer = with_policy(store, Policy(upload_life=timedelta(days=2)))
    upload_id = begin(longer, ann, 2)
    assert found(longer, ann, upload_id).expires_at == after(clock.now(), timedelta(days=2))
    clock.advance(timedelta(days=1))

    appended = append(longer, ann, upload_id, 0, b"a")

    assert appended.expires_at == after(clock.now(), timedelta(days=2))


def test_no_sweep_takes_the_bytes_of_an_open_upload(store: Store, ann: Context, clock: SettableClock, tmp_path: Path) -> None:
    longer = with_policy(store, Policy(upload_life=timedelta(days=30)))
    upload_id = begin(longer, ann, len(LARGE))
    append(longer, ann, upload_id, 0, LARGE[:1000])
    os.utime(file_of(tmp_path, upload_id), ns=(0, 0))
    clock.advance(timedelta(days=20))

    upkeep.tidy(longer)
    longer.blobs.sweep_staging(Instant(2**62))

    append(longer, ann, upload_id, 1000, LARGE[1000:])
    assert content_of(store, ann, NAME) == LARGE


def test_refused_completion_of_long_ago_can_be_tried_again_after_the_collector(
    store: Store, ann: Context, clock: SettableClock, tmp_path: Path
) -> None:
    longer = with_policy(store, Policy(upload_life=timedelta(days=30)))
    upload_id = begin(longer, ann, len(LARGE))
    with pytest.raises(Forbidden):
        append(longer, ann, upload_id, 0, LARGE, complete=refuse)
    for file in (tmp_path / "blobs").rglob("*"):
        if file.is_file():
            os.utime(file, ns=(0, 0))
    clock.advance(timedelta(days=20))
    assert upkeep.tidy(longer).blobs == 1

    append(longer, ann, upload_id, len(LARGE), b"")

    assert content_of(store, ann, NAME) == LARGE
    assert findings(store) == []


def test_upload_for_what_was_erased_is_gone_and_its_bytes_go(
    store: Store, ann: Context, root_admin: Context, tmp_path: Path
) -> None:
    node = a_document(store, ann, "/a")
    upload_id = uploads.begin(store, ann, node.id, len(LARGE), {}).id
    body, complete = io.BytesIO(LARGE[:10]), saved_at(store, ann)
    uploads.append(store, ann, upload_id, node.id, 0, body, check=lambda *_: None, complete=complete)

    erasing.erase(store, root_admin, "/a", "asked for")

    with pytest.raises(NoSuchUpload):
        uploads.find(store, ann, upload_id, node.id)
    assert [(finding.code, finding.is_damage) for finding in findings(store)] == [("upload-leftover", False)]
    assert upkeep.tidy(store).uploads == 1
    assert findings(store) == []


@pytest.mark.parametrize("name", ["lost+found", ".nfs0000000001", "README", "A" * 32])
def test_what_is_no_upload_is_left_alone(store: Store, tmp_path: Path, name: str) -> None:
    strange = file_of(tmp_path, name)
    strange.write_bytes(b"strange")

    upkeep.tidy(store)

    assert strange.exists()
    assert findings(store) == []


# Damage


@pytest.mark.parametrize("left", [None, 0, 999])
def test_bytes_that_are_missing_are_told_until_the_upload_expires(
    unchecked_store: Store, ann: Context, clock: SettableClock, tmp_path: Path, left: int | None
) -> None:
    store = unchecked_store
    upload_id = begin(store, ann, len(LARGE))
    append(store, ann, upload_id, 0, LARGE[:1000])
    file = file_of(tmp_path, upload_id)
    if left is None:
        file.unlink()
    else:
        os.truncate(file, left)

    assert [(finding.code, finding.where) for finding in damages(store)] == [("upload-torn", f"upload {upload_id}")]
    fresh = replace(store, blobs=type(store.blobs)(tmp_path / "blobs", clock, inline_limit_bytes=INLINE_LIMIT_BYTES))
    for one in (store, fresh):
        with pytest.raises(Exception, match="Begin"):
            append(one, ann, upload_id, 1000, LARGE[1000:])
    assert not exists(store, ann, path(NAME))
    clock.advance(LIFE)
    assert damages(store) == []


def test_bytes_beyond_the_offset_are_of_an_append_that_was_lost(store: Store, ann: Context, tmp_path: Path) -> None:
    upload_id = begin(store, ann, len(SMALL))
    append(store, ann, upload_id, 0, SMALL[:5])
    with file_of(tmp_path, upload_id).open("ab") as file:
        file.write(b"not confirmed, and more than is to come")
    assert findings(store) == []

    append(store, ann, upload_id, 5, SMALL[5:])

    assert content_of(store, ann, NAME) == SMALL


@pytest.mark.parametrize("change", [-1, 1])
def test_whole_upload_whose_bytes_were_changed_never_becomes_content(
    unchecked_store: Store, ann: Context, tmp_path: Path, change: int
) -> None:
    store = unchecked_store
    upload_id = begin(store, ann, len(LARGE))
    with pytest.raises(Forbidden):
        append(store, ann, upload_id, 0, LARGE, complete=refuse)
    os.truncate(file_of(tmp_path, upload_id), len(LARGE) + change)

    with pytest.raises(Corrupt, match="Begin it anew"):
        append(store, ann, upload_id, len(LARGE), b"")

    assert not exists(store, ann, path(NAME))


@pytest.mark.parametrize("can_copy", [False, True])
def test_bytes_that_are_missing_when_they_are_copied_are_told(
    unchecked_store: Store, ann: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, can_copy: bool
) -> None:
    def unsupported(*_: object) -> int:
        raise OSError(95, "Operation not supported")

    store = unchecked_store
    upload_id = begin(store, ann, len(LARGE))
    append(store, ann, upload_id, 0, LARGE[:1000])
    os.truncate(file_of(tmp_path, upload_id), 999)
    if not can_copy:
        monkeypatch.setattr(os, "copy_file_range", unsupported)

    with store.blobs.parts.claim(upload_id, 1000), pytest.raises(Corrupt, match="Begin it anew"):
        append(store, ann, upload_id, 1000, LARGE[1000:])

    assert store.blobs.unfinished() == 0
