"""Reads that are told of: noted at once, written soon after, each once, whatever happens meanwhile."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.builders import SettableClock, a_collection, a_document, a_user, damages

from davgate.core import deleting, erasing, trash
from davgate.core.audit import auditing
from davgate.core.audit import shown as audit_shown
from davgate.core.audit.reads import MOST, Read, Reads
from davgate.core.audit.shown import Act
from davgate.core.store import Context, Store
from davgate.model.audit import READ_CONTENT, READ_METADATA
from davgate.model.instant import Instant
from davgate.model.node import Node

ALL = ["create", "save", "delete", READ_CONTENT, READ_METADATA]


def acts(store: Store, ctx: Context, node: Node) -> list[Act]:
    """Return what happened to a node, the newest first."""
    return list(audit_shown.of_node(store, ctx, node.uuid, ALL, 0, 100, twice=["delete"]).acts)


@pytest.fixture
def document(store: Store, ann: Context) -> Node:
    return a_document(store, ann, "/a")


def test_a_read_is_told_of_with_who_when_and_which_version(
    store: Store, ann: Context, bob: Context, document: Node, clock: SettableClock
) -> None:
    clock.advance(timedelta(seconds=1))
    at = clock.now()
    bob = replace(bob, request_id="r-1", client="192.0.2.7")
    auditing.has_read(store, bob, document, 1, READ_CONTENT)
    clock.advance(timedelta(seconds=1))

    read, created = acts(store, ann, document)

    assert (read.action, read.by, read.at, read.detail, read.name, read.request_id) == (
        READ_CONTENT,
        "bob",
        at,
        {"version": 1},
        "a",
        "r-1",
    )
    assert (created.action, created.by) == ("create", "ann")


def test_what_was_done_is_sorted_by_when_it_was_and_not_by_when_it_was_written(
    store: Store, ann: Context, clock: SettableClock, document: Node
) -> None:
    clock.advance(timedelta(seconds=1))
    auditing.has_read(store, ann, document, 1, READ_METADATA)
    clock.advance(timedelta(seconds=1))
    a_document(store, ann, "/a", b"two")

    assert [one.action for one in acts(store, ann, document)] == ["save", READ_METADATA, "create"]


def test_the_first_read_lets_all_be_written_a_second_later(ann: Context) -> None:
    reads, is_due = Reads(), threading.Event()
    for no in range(2):
        reads.add(Read(ann.principal.id, READ_CONTENT, 7, 1, Instant(no), "", ""), is_due.set)
    assert is_due.wait(30)
    assert [one.at for one in reads.take()[0]] == [0, 1]


def test_a_read_is_kept_where_no_thread_is_to_be_had_and_the_next_one_tries_again(
    ann: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    reads, written = Reads(), threading.Event()
    read = Read(ann.principal.id, READ_CONTENT, 2, 1, Instant(0), "", "")
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refused)
        reads.add(read, written.set)
    reads.add(read, written.set)

    assert written.wait(30)
    assert len(reads.take()[0]) == 2


def test_each_read_is_told_of_once_however_many_write_at_once(store: Store, ann: Context, document: Node) -> None:
    def read_and_look(_no: int) -> None:
        auditing.has_read(store, ann, document, 1, READ_CONTENT)
        auditing.write_reads(store)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(read_and_look, range(40)))

    assert [one.action for one in acts(store, ann, document)] == [READ_CONTENT] * 40 + ["create"]
    assert damages(store) == []


def test_more_reads_than_are_kept_are_counted_in_the_log(
    store: Store, ann: Context, document: Node, caplog: pytest.LogCaptureFixture
) -> None:
    waiting = Reads()
    for no in range(MOST + 3):
        read = Read(ann.principal.id, READ_CONTENT, document.id, 1, Instant(no), "", "")
        waiting.add(read, lambda: None)
    with caplog.at_level(logging.WARNING):
        assert auditing.write_reads(replace(store, reads=waiting)) == MOST
    assert "Reads missing in the audit: 3." in caplog.text


def test_reads_that_cannot_be_written_are_counted_in_the_log(
    store: Store, ann: Context, document: Node, caplog: pytest.LogCaptureFixture
) -> None:
    nobody = replace(ann, principal=replace(ann.principal, id=10**6))
    auditing.has_read(store, nobody, document, 1, READ_CONTENT)
    with caplog.at_level(logging.WARNING):
        assert auditing.write_reads(store) == 0
    assert "Reads missing in the audit: 1." in caplog.text
    assert [one.action for one in acts(store, ann, document)] == ["create"]


def test_what_was_deleted_is_told_of_to_who_may_read_it_where_it_was(
    store: Store, ann: Context, bob: Context, document: Node
) -> None:
    deleting.delete(store, ann, document.id)
    assert [one.action for one in acts(store, bob, document)] == ["delete", "delete", "create"]


def test_what_was_deleted_and_restored_with_its_collection_has_that_as_its_own(
    store: Store, ann: Context, bob: Context, clock: SettableClock
) -> None:
    folders = [a_collection(store, ann, where) for where in ("/f", "/f/g")]
    document = a_document(store, ann, "/f/g/a")
    for folder in reversed(folders):
        clock.advance(timedelta(seconds=1))
        deleting.delete(store, replace(bob, request_id=f"of {folder.id}"), folder.id)
        trash.restore(store, ann, folder.id)
    actions = ["create", "delete", "restore"]

    past = audit_shown.of_node(store, ann, document.uuid, actions, 0, 10, twice=["delete"])

    told = [(one.action, one.part, one.by, one.name) for one in past.acts]
    cycle = [("restore", 0, "ann", "a"), ("delete", 0, "bob", "a"), ("delete", 1, "bob", "a")]
    assert told == [*cycle, *cycle, ("create", 0, "ann", "a")]
    assert [one.request_id for one in past.acts if one.part] == [f"of {folder.id}" for folder in folders]
    pages = [audit_shown.of_node(store, ann, document.uuid, actions, first, 2, twice=["delete"]) for first in range(0, 8, 2)]
    assert [act for page in pages for act in page.acts] == list(past.acts)
    assert {page.total for page in pages} == {7}
    inner = audit_shown.of_node(store, ann, folders[1].uuid, actions, 0, 10)
    assert [one.action for one in inner.acts] == ["restore", "delete", "restore", "delete", "create"]
    assert {one.name for one in inner.acts} == {"g"}


def test_what_was_erased_has_no_past(store: Store, root_admin: Context, ann: Context, document: Node) -> None:
    auditing.has_read(store, ann, document, 1, READ_CONTENT)
    erasing.erase(store, root_admin, document.uuid, "asked for")
    assert acts(store, ann, document) == []
    assert acts(store, root_admin, document) == []


def test_a_past_comes_in_pages_with_its_length(store: Store, ann: Context, document: Node) -> None:
    for no in range(5):
        a_document(store, ann, "/a", b"x" * no)
    whole = acts(store, ann, document)
    pages = [audit_shown.of_node(store, ann, document.uuid, ALL, first, 4) for first in (0, 4, 8, 10**30)]
    assert [act for page in pages for act in page.acts] == whole
    assert {page.total for page in pages} == {len(whole)}


def test_other_acts_are_not_told_of(store: Store, ann: Context, document: Node) -> None:
    a_document(store, ann, "/a", b"two")
    past = audit_shown.of_node(store, ann, document.uuid, ["save"], 0, 10)
    assert [one.action for one in past.acts] == ["save"]
    assert past.total == 1


def test_another_users_sign_in_decides(store: Store, document: Node) -> None:
    eve = a_user(store, "eve")
    assert [one.action for one in acts(store, eve, document)] == ["create"]
