"""What storage and core promise about content: what becomes a version, when, under which conditions, and what is refused."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable
from datetime import timedelta

import pytest
from tests.builders import (
    INLINE_LIMIT_BYTES,
    LARGE,
    Meanwhile,
    SettableClock,
    a_collection,
    a_document,
    a_lock,
    all_versions,
    content_of,
    findings,
    members_of,
    node_at,
    on_condition,
    path,
    put,
    read,
    tree_of,
    with_policy,
)
from tests.unit.placed import versions_of

from davgate.core import copying, deleting, documents, locking, tree, versioning
from davgate.core.opening import Opened
from davgate.core.store import Context, Policy, Store
from davgate.core.upkeep import tidy
from davgate.model.conditions import ANY, Conditions
from davgate.model.errors import (
    BodyIncomplete,
    DavgateError,
    InvalidName,
    NameTooLong,
    NotADocument,
    NotFound,
    ParentMissing,
    PreconditionFailed,
    QuotaExceeded,
    ReservedName,
    TooLarge,
)
from davgate.model.node import Cause, Version


def history(store: Store, ctx: Context, where: str) -> list[Version]:
    return list(all_versions(store, ctx, path(where)))


def opened(store: Store, ctx: Context, where: str) -> Opened:
    found = documents.open_content(store, ctx, path(where))
    assert isinstance(found, Opened)
    return found


def files(store: Store) -> set[bytes]:
    return {stored.digest for stored in store.blobs.stored()}


def test_content_is_read_back_with_its_digest_as_etag(store: Store, ann: Context) -> None:
    written = put(store, ann, "/a.txt", b"one")

    assert written.is_created
    assert content_of(store, ann, "/a.txt") == b"one"
    assert opened(store, ann, "/a.txt").etag == f'"{hashlib.sha256(b"one").hexdigest().upper()}"'
    assert node_at(store, ann, "/a.txt") == written.node


@pytest.mark.parametrize("length", [1, INLINE_LIMIT_BYTES, INLINE_LIMIT_BYTES + 1, 3 * 256 * 1024 + 1])
def test_content_of_any_length_comes_back_whole(store: Store, ann: Context, length: int) -> None:
    content = os.urandom(length)

    put(store, ann, "/a", content)

    assert content_of(store, ann, "/a") == content
    assert files(store) == ({hashlib.sha256(content).digest()} if length > INLINE_LIMIT_BYTES else set())


def test_each_content_makes_the_next_version(store: Store, ann: Context, bob: Context) -> None:
    a_document(store, ann, "/a", b"one")
    put(store, bob, "/a", LARGE)
    put(store, ann, "/a", b"one")

    versions = history(store, ann, "/a")

    assert [(version.no, version.cause, version.author) for version in versions] == [
        (1, Cause.CREATED, "ann"),
        (2, Cause.SAVE, "bob"),
        (3, Cause.SAVE, "ann"),
    ]
    assert versions[0].content == versions[2].content
    assert node_at(store, ann, "/a").version_no == 3


def test_identical_bytes_make_no_version_and_keep_the_etag(store: Store, ann: Context, clock: SettableClock) -> None:
    before = a_document(store, ann, "/a", b"one")
    clock.advance(timedelta(hours=1))

    written = put(store, ann, "/a", b"one", media_type="text/plain")

    assert not written.is_created
    assert written.node == before == node_at(store, ann, "/a")
    assert len(history(store, ann, "/a")) == 1


def test_every_version_can_be_read_back(store: Store, ann: Context) -> None:
    contents = [b"one", LARGE, b"three"]
    a_document(store, ann, "/a", *contents)

    for no, content in enumerate(contents, start=1):
        _, version, found = versioning.open_version(store, ann, path("/a"), no)
        assert version.no == no
        assert read(found) == content
    with pytest.raises(NotFound):
        versioning.open_version(store, ann, path("/a"), 4)


@pytest.mark.parametrize("step", [timedelta(0), timedelta(seconds=1), timedelta(days=-1)], ids=["stands", "goes", "leaps-back"])
def test_times_of_versions_increase_whatever_the_clock_does(
    store: Store, ann: Context, clock: SettableClock, step: timedelta
) -> None:
    for content in (b"1", b"2", b"3", b"4"):
        put(store, ann, "/a", content)
        clock.advance(step)

    times = [version.opened_at for version in history(store, ann, "/a")]

    assert times == sorted(set(times))
    assert node_at(store, ann, "/a").modified_at == times[-1]


def test_empty_put_on_a_new_name_is_pending(store: Store, ann: Context) -> None:
    node = put(store, ann, "/a.odt", b"").node

    assert node.is_pending
    assert node.version_no == 0
    assert content_of(store, ann, "/a.odt") == b""
    assert opened(store, ann, "/a.odt").content.media_type == "application/vnd.oasis.opendocument.text"
    with pytest.raises(NotFound):
        all_versions(store, ann, path("/a.odt"))
    assert put(store, ann, "/a.odt", b"").node == node


def test_first_content_of_a_pending_document_is_version_one(store: Store, ann: Context) -> None:
    pending = put(store, ann, "/a", b"").node
    condition = on_condition(ann, Conditions(if_match=(pending.etag or "",)))

    written = put(store, condition, "/a", b"one")

    assert (written.node.id, written.node.version_no) == (pending.id, 1)
    assert [version.cause for version in history(store, ann, "/a")] == [Cause.CREATED]
    with pytest.raises(PreconditionFailed):
        put(store, condition, "/a", b"two")


def unlock(store: Store, ann: Context) -> None:
    locking.unlock(store, ann, path("/a"), a_lock(store, ann, "/a").token)


def keep_up(store: Store, ann: Context) -> None:
    tidy(store)


@pytest.mark.parametrize("settle", [unlock, keep_up])
def test_document_that_stays_empty_becomes_a_version_of_the_same_date_and_its_tag_stays_good(
    store: Store, ann: Context, clock: SettableClock, settle: Callable[[Store, Context], None]
) -> None:
    pending = put(store, ann, "/a", b"").node
    clock.advance(timedelta(minutes=10))

    settle(store, ann)

    settled = node_at(store, ann, "/a")
    assert (settled.version_no, settled.modified_at) == (1, pending.modified_at)
    assert [version.opened_at for version in history(store, ann, "/a")] == [pending.modified_at]
    assert findings(store) == []
    put(store, on_condition(ann, Conditions(if_match=(pending.etag or "",))), "/a", b"content")
    assert content_of(store, ann, "/a") == b"content"


def test_empty_put_over_content_is_a_version_once_nothing_follows(store: Store, ann: Context, clock: SettableClock) -> None:
    a_document(store, ann, "/a", b"one")

    assert put(store, ann, "/a", b"").node.version_no == 1
    assert content_of(store, ann, "/a") == b""

    clock.advance(timedelta(minutes=5))
    tidy(store)
    assert versions_of(store, ann, "/a") == [b"one", b""]
    assert findings(store) == []


def test_content_after_an_empty_put_is_the_next_version_after_the_one_before(store: Store, ann: Context) -> None:
    a_document(store, ann, "/a", b"one")

    put(store, ann, "/a", b"")
    put(store, ann, "/a", b"two")

    assert versions_of(store, ann, "/a") == [b"one", b"two"]
    assert findings(store) == []


def test_only_documents_with_a_version_have_a_history(store: Store, ann: Context) -> None:
    a_document(store, ann, "/f/b", b"one")
    a_document(store, ann, "/f/a", b"one")
    put(store, ann, "/f/pending", b"")
    a_collection(store, ann, "/f/sub")

    _, rows = versioning.documents_with_versions(store, ann, path("/f"))

    assert [row[4] for row in rows] == ["a", "b"]
    with pytest.raises(NotFound):
        versioning.documents_with_versions(store, ann, path("/f/a"))
    with pytest.raises(NotFound):
        all_versions(store, ann, path("/f"))


def test_media_type_is_the_declared_one_or_what_the_name_suggests(store: Store, ann: Context) -> None:
    assert put(store, ann, "/a.txt", b"1").node.media_type == "text/plain"
    assert put(store, ann, "/a.txt", b"2", media_type="text/html").node.media_type == "text/html"
    assert put(store, ann, "/a.txt", b"3", media_type="application/octet-stream").node.media_type == "text/plain"
    assert [version.content.media_type for version in history(store, ann, "/a.txt")] == ["text/plain", "text/html", "text/plain"]


def test_content_opened_before_a_write_stays_what_it_was(store: Store, ann: Context) -> None:
    a_document(store, ann, "/a", LARGE)
    found = opened(store, ann, "/a")

    put(store, ann, "/a", b"other")
    deleting.delete(store, ann, path("/a"))

    with found.open() as file:
        assert file.read() == LARGE


def test_collection_is_answered_instead_of_content(store: Store, ann: Context) -> None:
    node = a_collection(store, ann, "/f")

    assert documents.open_content(store, ann, path("/f")) == node


# Conditions


def test_put_with_stale_if_match_keeps_old_bytes(store: Store, ann: Context, bob: Context) -> None:
    stale = a_document(store, ann, "/a", b"one").etag or ""
    put(store, bob, "/a", b"two")

    with pytest.raises(PreconditionFailed):
        put(store, on_condition(ann, Conditions(if_match=(stale,))), "/a", b"three")

    assert content_of(store, ann, "/a") == b"two"
    assert node_at(store, ann, "/a").version_no == 2


@pytest.mark.parametrize("content", [b"mine", LARGE[::-1]], ids=["inline", "file"])
def test_condition_is_held_again_after_the_body(store: Store, ann: Context, bob: Context, content: bytes) -> None:
    etag = a_document(store, ann, "/a", b"one").etag or ""
    body = Meanwhile(content, lambda: put(store, bob, "/a", b"theirs"))

    with pytest.raises(PreconditionFailed):
        documents.put(store, on_condition(ann, Conditions(if_match=(etag,))), path("/a"), body)

    assert body.is_read
    assert content_of(store, ann, "/a") == b"theirs"


def test_if_none_match_any_lets_one_create_and_nobody_replace(store: Store, ann: Context) -> None:
    only_new = on_condition(ann, Conditions(if_none_match=ANY))

    assert put(store, only_new, "/a", b"one").is_created
    with pytest.raises(PreconditionFailed):
        put(store, only_new, "/a", b"two")
    assert content_of(store, ann, "/a") == b"one"


def test_if_match_any_does_not_create(store: Store, ann: Context) -> None:
    with pytest.raises(PreconditionFailed):
        put(store, on_condition(ann, Conditions(if_match=ANY)), "/a", b"one")

    assert members_of(store, ann, "/") == []


def test_reading_what_one_has_already_is_told_apart(store: Store, ann: Context) -> None:
    node = a_document(store, ann, "/a", b"one")

    def is_modified(conditions: Conditions) -> bool:
        return opened(store, on_condition(ann, conditions), "/a").is_modified

    assert not is_modified(Conditions(if_none_match=(node.etag or "",)))
    assert is_modified(Conditions(if_none_match=('"another"',)))
    assert not is_modified(Conditions(if_modified_since=node.modified_at))
    with pytest.raises(PreconditionFailed):
        is_modified(Conditions(if_match=('"another"',)))


def test_conditions_on_a_version_are_held_against_that_version(store: Store, ann: Context) -> None:
    a_document(store, ann, "/a", b"one", b"two")
    first = history(store, ann, "/a")[0]
    having = on_condition(ann, Conditions(if_none_match=(first.etag,)))

    assert not versioning.open_version(store, having, path("/a"), 1)[2].is_modified
    assert versioning.open_version(store, having, path("/a"), 2)[2].is_modified


# Refusals


@pytest.mark.parametrize(
    ("where", "error"),
    [
        (("missing", "a"), ParentMissing),
        (("document", "a"), ParentMissing),
        (("document", "a", "b"), ParentMissing),
        (("folder",), NotADocument),
        ((), NotADocument),
        (("",), InvalidName),
        ((".",), InvalidName),
        (("..",), InvalidName),
        (("a\0b",), InvalidName),
        (("a\nb",), InvalidName),
        (("a/b",), InvalidName),
        (("\ud800",), InvalidName),
        (("\uffff",), InvalidName),
        (("x" * 256,), NameTooLong),
        (("é" * 128,), NameTooLong),
        ((".versions",), ReservedName),
        (("folder", ".versions"), ReservedName),
        ((".trash",), ReservedName),
        ((".at",), ReservedName),
        ((".rescue",), ReservedName),
    ],
    ids=ascii,
)
def test_place_for_no_document_is_refused_before_the_body(
    store: Store, ann: Context, where: tuple[str, ...], error: type[DavgateError]
) -> None:
    a_document(store, ann, "/document", b"one")
    a_collection(store, ann, "/folder")
    body = Meanwhile(b"content")

    with pytest.raises(error) as caught:
        documents.put(store, ann, where, body)

    assert type(caught.value) is error
    assert not body.is_read
    assert tree_of(store, ann) == {"/document": b"one", "/folder": None}


@pytest.mark.parametrize("name", ["x" * 255, "é" * 127, "a\\b", "...", ".hidden", "con", "a:b", "%2F", " "], ids=ascii)
def test_unusual_names_are_stored_as_sent(store: Store, ann: Context, name: str) -> None:
    put(store, ann, f"/{name}", b"one")

    assert members_of(store, ann, "/") == [name]
    assert content_of(store, ann, f"/{name}") == b"one"


@pytest.mark.parametrize("names", [("folder", ".trash"), ("folder", ".at")], ids=str)
def test_names_reserved_in_the_root_are_free_below(store: Store, ann: Context, names: tuple[str, str]) -> None:
    a_document(store, ann, "/".join(names), b"one")

    assert content_of(store, ann, "/".join(names)) == b"one"


@pytest.mark.parametrize("announced", [len(LARGE) - 1, len(LARGE) + 1, 0])
def test_body_of_another_length_than_announced_is_not_stored(store: Store, ann: Context, announced: int) -> None:
    a_document(store, ann, "/a", b"one")

    with pytest.raises(BodyIncomplete):
        documents.put(store, ann, path("/a"), io.BytesIO(LARGE), announced_bytes=announced)

    assert content_of(store, ann, "/a") == b"one"
    assert findings(store) == []


def test_body_above_the_limit_is_not_stored(store: Store, ann: Context) -> None:
    small = with_policy(store, Policy(upload_limit_bytes=len(LARGE)))

    with pytest.raises(TooLarge):
        put(small, ann, "/a", LARGE + b"!")
    assert members_of(store, ann, "/") == []
    assert findings(store) == []

    put(small, ann, "/a", LARGE)
    assert content_of(store, ann, "/a") == LARGE


# Quota


def test_content_above_the_quota_is_refused_and_the_old_stays(store: Store, ann: Context) -> None:
    limited = with_policy(store, Policy(quota_bytes=10))
    put(limited, ann, "/a", b"12345")

    with pytest.raises(QuotaExceeded):
        put(limited, ann, "/a", b"123456")

    assert content_of(store, ann, "/a") == b"12345"
    assert tree.quota(limited) == tree.Quota(used_bytes=5, available_bytes=5)


def test_quota_counts_each_content_once(store: Store, ann: Context) -> None:
    limited = with_policy(store, Policy(quota_bytes=5))
    put(limited, ann, "/a", b"12345")
    put(limited, ann, "/b", b"12345")
    copying.copy(limited, ann, path("/a"), path("/c"), overwrite=False)

    assert tree.quota(limited) == tree.Quota(used_bytes=5, available_bytes=0)
    assert tree.quota(store) == tree.Quota(used_bytes=5, available_bytes=None)


def test_old_versions_and_trash_count_against_the_quota(store: Store, ann: Context) -> None:
    limited = with_policy(store, Policy(quota_bytes=10))
    a_document(limited, ann, "/a", b"1234", b"5678")
    deleting.delete(limited, ann, path("/a"))

    assert tree.quota(limited).available_bytes == 2
    with pytest.raises(QuotaExceeded):
        put(limited, ann, "/b", b"abc")
