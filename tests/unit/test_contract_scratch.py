"""What storage and core promise about programs' own files: never refused, no documents, swept in time, promoted by a rename."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text
from tests.builders import (
    LARGE,
    Meanwhile,
    SettableClock,
    a_collection,
    a_document,
    a_lock,
    all_versions,
    content_of,
    holding,
    members_of,
    node_at,
    path,
    put,
    with_policy,
)
from tests.unit.edited import MICROSECOND, current, numbers, under, unlock
from tests.unit.placed import copy, move, versions_of

from davgate.core import deleting, documents, time_travel, trash, tree, upkeep, versioning
from davgate.core.principals import granting
from davgate.core.store import Context, Policy, Store
from davgate.model.errors import NotFound, QuotaExceeded, TooLarge
from davgate.storage.api import TrashEntry
from davgate.storage.statements import Statement

SIDECARS = ["._N.docx", ".DS_Store", "desktop.ini", "Thumbs.db", "~$N.docx", ".~lock.N.odt#", ".N.txt.swp", "4913", ".#N.txt"]
CARRIERS = ["~WRD0000.tmp", "34429E5E", "N.txt~", "N.iso.part", "lu8f3k2.tmp", ".goutputstream-A1B2C3", "N.jpg_exiftool_tmp"]
JUNK = SIDECARS + CARRIERS
LONG_LIVED = ["._N.docx", ".DS_Store", "desktop.ini"]
SHORT_LIVED = [name for name in JUNK if name not in LONG_LIVED]
FOLDER = "/N.docx.sb-1a2b3c4d-AbC123"

SECOND, DAY, WEEK = timedelta(seconds=1), timedelta(days=1), timedelta(days=7)


def in_trash(store: Store, ctx: Context) -> list[TrashEntry]:
    return trash.entries(store, ctx)


def used_bytes(store: Store) -> int:
    return tree.quota(store).used_bytes


# No documents


def test_young_document_is_read_by_others_also_where_that_cannot_be_noted(
    store: Store, ann: Context, bob: Context, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("/a.txt", "/b.txt"):
        put(store, ann, name, b"one")
    with store.database.write() as tx:
        # The database refuses a write, as one with a full disk does.
        tx.run(Statement(text("CREATE UNIQUE INDEX one_is_seen ON node (is_seen) WHERE is_seen = 1")))
        tx.commit()

    assert [content_of(store, bob, name) for name in ("/a.txt", "/b.txt")] == [b"one", b"one"]
    assert caplog.text.count("is not noted") == 1


@pytest.mark.parametrize("name", JUNK)
def test_file_of_a_program_is_written_locked_read_and_written_over_like_any_other(
    store: Store, ann: Context, bob: Context, name: str
) -> None:
    assert put(store, ann, name, b"one").is_created
    lock = a_lock(store, ann, name)
    put(store, under(ann, lock), name, LARGE)
    unlock(store, ann, name, lock)

    assert (content_of(store, ann, name), content_of(store, bob, name)) == (LARGE, LARGE)
    assert members_of(store, bob, "/") == [name]
    put(store, ann, name, b"")
    assert content_of(store, ann, name) == b""
    deleting.delete(store, ann, path(name))
    assert members_of(store, ann, "/") == []


@pytest.mark.parametrize("name", [*JUNK, f"{FOLDER}/N.docx"])
def test_file_of_a_program_has_no_versions_and_no_past(store: Store, ann: Context, clock: SettableClock, name: str) -> None:
    if name.startswith(FOLDER):
        a_collection(store, ann, FOLDER)
    where = path(name)[:-1]
    for content in (b"one", b"two", b"three"):
        clock.advance(SECOND)
        put(store, ann, name, content)

    node = node_at(store, ann, name)
    assert (node.version_no, node.is_unversioned) == (0, True)
    with pytest.raises(NotFound):
        all_versions(store, ann, path(name))
    assert list(versioning.documents_with_versions(store, ann, where)[1]) == []
    with pytest.raises(NotFound), time_travel.listing(store, ann, clock.now(), path(name), with_members=False):
        pass
    with time_travel.listing(store, ann, clock.now(), where, with_members=True) as then:
        assert [row for batch in then.batches for row in batch] == []


def test_name_of_a_program_is_a_documents_outside_the_drive(store: Store, ann: Context) -> None:
    put(store, replace(ann, editing=False), "/report.tmp", b"one")

    assert numbers(store, ann, "/report.tmp") == [1]


# Quota


def test_scratch_files_count_for_no_quota_and_what_they_share_with_documents_does(store: Store, ann: Context) -> None:
    a_document(store, ann, "/a", b"x" * 100)
    assert used_bytes(store) == 100

    put(store, ann, "/~other.tmp", b"y" * 70)
    assert used_bytes(store) == 100
    put(store, ann, "/~same.tmp", b"x" * 100)
    assert used_bytes(store) == 100
    put(store, ann, "/~other2.tmp", b"y" * 70)
    assert used_bytes(store) == 100

    copy(store, ann, "/~other.tmp", "/b")
    assert used_bytes(store) == 170


def test_scratch_file_counts_once_it_is_a_document(store: Store, ann: Context) -> None:
    put(store, ann, "/N.iso.part", LARGE)
    assert used_bytes(store) == 0

    move(store, ann, "/N.iso.part", "/N.iso")

    assert used_bytes(store) == len(LARGE)


def test_scratch_files_leave_the_quota_to_documents(store: Store, ann: Context) -> None:
    small = with_policy(store, Policy(quota_bytes=150))
    put(small, ann, "/~x.tmp", b"x" * 100)

    put(small, ann, "/a", b"a" * 120)

    with pytest.raises(QuotaExceeded):
        put(small, ann, "/b", b"b" * 31)


# The cap


@pytest.mark.parametrize("where", ["/~x.tmp", f"{FOLDER}/N.docx"])
def test_scratch_file_above_the_cap_is_refused_and_the_one_there_stays(store: Store, ann: Context, where: str) -> None:
    a_collection(store, ann, FOLDER)
    capped = with_policy(store, Policy(scratch_limit_bytes=10))
    put(capped, ann, where, b"x" * 10)

    with pytest.raises(TooLarge):
        put(capped, ann, where, b"y" * 11)

    assert content_of(store, ann, where) == b"x" * 10
    put(capped, ann, "/document", b"y" * 11)


def test_scratch_file_announced_above_the_cap_is_refused_before_its_body_is_sent(store: Store, ann: Context) -> None:
    capped = with_policy(store, Policy(scratch_limit_bytes=10))
    body = Meanwhile(b"y" * 11)

    with pytest.raises(TooLarge):
        documents.put(capped, ann, path("/~x.tmp"), body, announced_bytes=11)

    assert not body.is_read


# Sweeping


@pytest.mark.parametrize(("names", "age"), [(SHORT_LIVED, DAY), (LONG_LIVED, WEEK)], ids=["short-lived", "long-lived"])
def test_file_of_a_program_is_swept_when_it_was_not_written_for_its_time(
    store: Store, ann: Context, clock: SettableClock, names: list[str], age: timedelta
) -> None:
    for name in names:
        put(store, ann, name, name.encode())

    clock.advance(age - MICROSECOND)
    assert upkeep.tidy(store).scratch == 0
    assert sorted(members_of(store, ann, "/")) == sorted(names)
    clock.advance(SECOND)
    assert upkeep.tidy(store).scratch == len(names)
    assert members_of(store, ann, "/") == []


def test_ages_are_those_that_are_configured(store: Store, ann: Context, clock: SettableClock) -> None:
    quick = with_policy(store, Policy(scratch_age=timedelta(hours=1), sidecar_age=timedelta(hours=2)))
    for name in ("~x.tmp", ".DS_Store"):
        put(store, ann, name, b"x")

    clock.advance(timedelta(hours=1) + SECOND)
    upkeep.tidy(quick)
    assert members_of(store, ann, "/") == [".DS_Store"]
    clock.advance(timedelta(hours=1))
    upkeep.tidy(quick)
    assert members_of(store, ann, "/") == []


def test_file_that_is_written_again_begins_its_time_anew(store: Store, ann: Context, clock: SettableClock) -> None:
    put(store, ann, "/~x.tmp", b"one")
    clock.advance(DAY)
    put(store, ann, "/~x.tmp", b"two")
    clock.advance(DAY)

    upkeep.tidy(store)

    assert content_of(store, ann, "/~x.tmp") == b"two"


def test_locked_file_of_a_program_is_swept_only_after_the_lock_has_ended(
    store: Store, ann: Context, clock: SettableClock
) -> None:
    put(store, ann, "/~$N.docx", b"ann")
    clock.advance(timedelta(hours=1))
    a_lock(store, ann, "/~$N.docx", timeout=DAY)
    clock.advance(DAY - MICROSECOND)

    upkeep.tidy(store)
    assert members_of(store, ann, "/") == ["~$N.docx"]

    clock.advance(MICROSECOND)
    upkeep.tidy(store)
    assert members_of(store, ann, "/") == []


def test_only_copy_is_swept_to_the_trash_and_goes_from_there_after_its_time(
    store: Store, ann: Context, clock: SettableClock
) -> None:
    for name in ("/~WRD0000.tmp", "/Thumbs.db"):
        put(store, ann, name, LARGE + name.encode())
    clock.advance(DAY + SECOND)
    upkeep.tidy(store)

    assert [entry.path for entry in in_trash(store, ann)] == ["/~WRD0000.tmp"]
    clock.advance(WEEK - MICROSECOND)
    upkeep.tidy(store)
    assert len(in_trash(store, ann)) == 1
    clock.advance(SECOND)
    upkeep.tidy(store)
    assert in_trash(store, ann) == []


@pytest.mark.parametrize(("destination", "no"), [("/found.docx", 1), (None, 0)], ids=["real-name", "former-name"])
def test_swept_file_comes_back_as_what_its_new_name_says(
    store: Store, ann: Context, clock: SettableClock, destination: str | None, no: int
) -> None:
    put(store, ann, "/~WRD0000.tmp", LARGE)
    clock.advance(DAY + SECOND)
    upkeep.tidy(store)
    (entry,) = in_trash(store, ann)

    back = trash.restore(store, ann, entry.node.id, None if destination is None else path(destination)).node

    assert (back.id, back.version_no) == (entry.node.id, no)
    assert content_of(store, ann, destination or "/~WRD0000.tmp") == LARGE


@pytest.mark.parametrize("destination", ["/found.docx", None], ids=["real-name", "former-name"])
@pytest.mark.parametrize("is_on_the_drive", [True, False], ids=["drive", "command-line"])
def test_swept_file_that_came_back_is_not_swept_again_at_once(
    store: Store, ann: Context, root_admin: Context, clock: SettableClock, is_on_the_drive: bool, destination: str | None
) -> None:
    put(store, ann, "/~WRD0000.tmp", LARGE)
    clock.advance(DAY + SECOND)
    upkeep.tidy(store)
    (entry,) = in_trash(store, ann)
    who = ann if is_on_the_drive else replace(root_admin, editing=False)

    trash.restore(store, who, entry.node.id, None if destination is None else path(destination))

    clock.advance(DAY - SECOND)
    upkeep.tidy(store)
    assert content_of(store, ann, destination or "/~WRD0000.tmp") == LARGE
    assert versions_of(store, ann, "/found.docx") == [LARGE] if destination else in_trash(store, ann) == []


def test_swept_file_says_where_it_was(store: Store, ann: Context, clock: SettableClock) -> None:
    a_collection(store, ann, "/f")
    put(store, ann, "/f/~WRD0000.tmp", LARGE)
    clock.advance(DAY + SECOND)

    upkeep.tidy(store)

    assert [entry.path for entry in in_trash(store, ann)] == ["/f/~WRD0000.tmp"]


def test_name_that_a_person_may_have_given_is_a_document_once_others_have_read_it(
    store: Store, ann: Context, bob: Context, clock: SettableClock
) -> None:
    for name in ("/results.tmp", "/34429E5E", "/~WRD0000.tmp", "/unread.tmp"):
        put(store, ann, name, name.encode())
    for name in ("/results.tmp", "/34429E5E", "/~WRD0000.tmp"):
        content_of(store, bob, name)
    clock.advance(DAY + SECOND)

    upkeep.tidy(store)

    assert sorted(members_of(store, ann, "/")) == ["34429E5E", "results.tmp"]
    assert (current(store, ann, "/results.tmp").author, versions_of(store, ann, "/results.tmp")) == ("ann", [b"/results.tmp"])


# Promotion


@pytest.mark.parametrize("name", JUNK)
def test_file_moved_to_a_real_name_is_a_document_and_nothing_is_sent_again(store: Store, ann: Context, name: str) -> None:
    before = put(store, ann, name, LARGE).node

    promoted = move(store, ann, name, "/real.txt").node

    assert (promoted.id, promoted.version_no, promoted.content) == (before.id, 1, before.content)
    assert versions_of(store, ann, "/real.txt") == [LARGE]
    assert current(store, ann, "/real.txt").author == "ann"


def test_file_moved_to_another_programs_name_stays_one(store: Store, ann: Context) -> None:
    put(store, ann, "/~x.tmp", b"one")

    assert move(store, ann, "/~x.tmp", "/N.txt~").node.version_no == 0


def test_file_moved_onto_a_document_is_its_next_version_and_disappears(store: Store, ann: Context) -> None:
    document = a_document(store, ann, "/N.docx", b"one")
    put(store, ann, "/~x.tmp", b"two")

    written = move(store, ann, "/~x.tmp", "/N.docx", overwrite=True).node

    assert written.id == document.id
    assert versions_of(store, ann, "/N.docx") == [b"one", b"two"]
    assert members_of(store, ann, "/") == ["N.docx"]
    assert in_trash(store, ann) == []


def test_young_document_with_a_history_that_is_moved_onto_another_goes_to_the_trash(store: Store, ann: Context) -> None:
    a_document(store, ann, "/N.docx", b"one")
    a_document(store, ann, "/draft.docx", b"first", b"second")

    move(store, ann, "/draft.docx", "/N.docx", overwrite=True)

    assert versions_of(store, ann, "/N.docx") == [b"one", b"second"]
    assert members_of(store, ann, "/") == ["N.docx"]
    assert [entry.path for entry in in_trash(store, ann)] == ["/draft.docx"]


def test_locked_file_that_has_content_is_moved_onto_a_document_with_it(store: Store, ann: Context) -> None:
    a_document(store, ann, "/N.docx", b"one")
    put(store, ann, "/~x.tmp", b"two")
    lock = a_lock(store, ann, "/~x.tmp")

    move(store, holding(ann, lock), "/~x.tmp", "/N.docx", overwrite=True)

    assert versions_of(store, ann, "/N.docx") == [b"one", b"two"]
    assert members_of(store, ann, "/") == ["N.docx"]


def test_copy_of_a_file_under_a_real_name_is_a_document_of_its_own(store: Store, ann: Context) -> None:
    put(store, ann, "/~x.tmp", b"one")

    copied = copy(store, ann, "/~x.tmp", "/N.docx").node

    assert copied.id != node_at(store, ann, "/~x.tmp").id
    assert versions_of(store, ann, "/N.docx") == [b"one"]
    assert node_at(store, ann, "/~x.tmp").version_no == 0


def test_folder_moved_out_of_one_for_saving_safely_is_made_of_documents(store: Store, ann: Context, clock: SettableClock) -> None:
    for folder in (FOLDER, f"{FOLDER}/N.rtfd", f"{FOLDER}/N.rtfd/pictures"):
        a_collection(store, ann, folder)
    for name in ("TXT.rtf", "pictures/1.png", "pictures/.DS_Store"):
        put(store, ann, f"{FOLDER}/N.rtfd/{name}", LARGE)

    move(store, ann, f"{FOLDER}/N.rtfd", "/N.rtfd")
    deleting.delete(store, ann, path(FOLDER))
    clock.advance(WEEK + SECOND)
    upkeep.tidy(store)

    assert versions_of(store, ann, "/N.rtfd/TXT.rtf") == [LARGE]
    assert versions_of(store, ann, "/N.rtfd/pictures/1.png") == [LARGE]
    assert members_of(store, ann, "/N.rtfd/pictures") == ["1.png"]
    assert in_trash(store, ann) == []


def test_folder_restored_out_of_one_for_saving_safely_is_made_of_documents(store: Store, ann: Context) -> None:
    for folder in (FOLDER, f"{FOLDER}/N.rtfd"):
        a_collection(store, ann, folder)
    put(store, ann, f"{FOLDER}/N.rtfd/TXT.rtf", LARGE)
    deleting.delete(store, ann, path(f"{FOLDER}/N.rtfd"))
    (entry,) = in_trash(store, ann)

    trash.restore(store, ann, entry.node.id, path("/N.rtfd"))

    assert versions_of(store, ann, "/N.rtfd/TXT.rtf") == [LARGE]


def test_what_a_program_deletes_after_a_save_is_in_the_trash_only_if_no_version_has_it(store: Store, ann: Context) -> None:
    document = a_document(store, ann, "/N.docx", b"one")
    put(store, ann, "/~WRD0000.tmp", b"two")
    move(store, ann, "/N.docx", "/~WRL0001.tmp")
    move(store, ann, "/~WRD0000.tmp", "/N.docx")
    put(store, ann, "/~WRA0002.tmp", b"never saved")

    for name in ("/~WRL0001.tmp", "/~WRA0002.tmp"):
        deleting.delete(store, ann, path(name))

    assert node_at(store, ann, "/N.docx").id == document.id
    assert [entry.path for entry in in_trash(store, ann)] == ["/~WRA0002.tmp"]


def test_version_that_one_may_not_read_keeps_nothing_for_one(
    store: Store, ann: Context, bob: Context, root_admin: Context
) -> None:
    a_document(store, ann, "/secret/N.docx", b"one")
    granting.close(store, root_admin, path("/secret"))
    put(store, bob, "/~x.tmp", b"one")

    deleting.delete(store, bob, path("/~x.tmp"))

    assert [entry.path for entry in in_trash(store, bob)] == ["/~x.tmp"]


def test_version_in_a_folder_that_was_deleted_keeps_nothing(store: Store, ann: Context) -> None:
    a_document(store, ann, "/f/N.docx", b"one")
    put(store, ann, "/~x.tmp", b"one")

    deleting.delete(store, ann, path("/f"))
    deleting.delete(store, ann, path("/~x.tmp"))

    assert [entry.path for entry in in_trash(store, ann)] == ["/f", "/~x.tmp"]


def test_empty_folder_within_one_for_saving_safely_leaves_no_trace(store: Store, ann: Context) -> None:
    within = "/.TemporaryItems/folders.501/(A Document Being Saved By Preview)"
    for folder in ("/.TemporaryItems", "/.TemporaryItems/folders.501", within):
        a_collection(store, ann, folder)

    deleting.delete(store, ann, path(within))

    assert in_trash(store, ann) == []


def test_folder_for_saving_safely_leaves_no_trace_when_its_file_has_moved_out(store: Store, ann: Context) -> None:
    document = a_document(store, ann, "/N.docx", b"one")
    a_collection(store, ann, FOLDER)
    put(store, ann, f"{FOLDER}/N.docx", b"two")

    move(store, ann, f"{FOLDER}/N.docx", "/N.docx", overwrite=True)
    deleting.delete(store, ann, path(FOLDER))

    assert node_at(store, ann, "/N.docx").id == document.id
    assert versions_of(store, ann, "/N.docx") == [b"one", b"two"]
    assert members_of(store, ann, "/") == ["N.docx"]


def test_folder_for_saving_safely_that_gets_a_real_name_is_full_of_documents(store: Store, ann: Context) -> None:
    a_collection(store, ann, f"{FOLDER}/inner")
    for where in ("N.docx", "inner/M.docx", "inner/.DS_Store"):
        put(store, ann, f"{FOLDER}/{where}", b"content")

    move(store, ann, FOLDER, "/N.bundle")

    wanted = {"/N.bundle/N.docx": 1, "/N.bundle/inner/M.docx": 1, "/N.bundle/inner/.DS_Store": 0}
    assert {where: node_at(store, ann, where).version_no for where in wanted} == wanted


def test_file_without_a_byte_in_a_folder_for_saving_safely_is_no_document_before_it_is_moved_out(
    store: Store, ann: Context, clock: SettableClock
) -> None:
    a_collection(store, ann, FOLDER)
    put(store, ann, f"{FOLDER}/N.docx", b"")
    clock.advance(DAY)

    assert upkeep.tidy(store).settled == 0
    assert node_at(store, ann, f"{FOLDER}/N.docx").version_no == 0

    move(store, ann, f"{FOLDER}/N.docx", "/N.docx")
    clock.advance(DAY)
    assert upkeep.tidy(store).settled == 1
    assert versions_of(store, ann, "/N.docx") == [b""]


@pytest.mark.parametrize("folder", [FOLDER, "/f"])
def test_file_without_a_byte_in_a_folder_that_was_deleted_is_a_document_like_any_other(
    store: Store, ann: Context, clock: SettableClock, folder: str
) -> None:
    a_collection(store, ann, folder)
    put(store, ann, f"{folder}/N.docx", b"")
    deleting.delete(store, ann, path(folder))
    clock.advance(DAY)

    assert upkeep.tidy(store).settled == 1


def test_document_that_gets_a_programs_name_stays_a_document(store: Store, ann: Context, clock: SettableClock) -> None:
    document = a_document(store, ann, "/N.docx", b"one")
    move(store, ann, "/N.docx", "/N.docx~")
    put(store, ann, "/N.docx~", b"two")
    clock.advance(WEEK * 2)

    assert versions_of(store, ann, "/N.docx~") == [b"one", b"two"]
    assert node_at(store, ann, "/N.docx~").id == document.id
    upkeep.tidy(store)
    assert versions_of(store, ann, "/N.docx") == [b"one", b"two"]
