"""Files that programs keep beside documents: never refused, stored and read back, and no documents."""

from __future__ import annotations

from datetime import timedelta

import pytest

from davgate.core import time_travel, upkeep
from davgate.core.store import Policy, Store
from tests.builders import findings, node_at, with_policy
from tests.protocol.client import Client
from tests.protocol.conftest import Serve
from tests.protocol.databases import on_both_databases
from tests.protocol.multistatus import error_of, members, message_of, prop_of
from tests.protocol.stored import history, trashed
from tests.protocol.transcripts import address

SHORT_LIVED = (
    "~$N.docx",
    "~WRD0000.tmp",
    "~WRL0001.tmp",
    "~WRA0001",
    "34429E5E.tmp",
    "34429E5E",
    "Thumbs.db",
    "ehthumbs.db",
    "~x.tmp",
    "ppt1A.tmp",
    "Word Work File D_1.tmp",
    "anything.tmp",
    ".~lock.N.odt#",
    ".goutputstream-A1B2C3",
    ".#N.txt",
    "#N.txt#",
    "N.txt~",
    ".N.txt.swp",
    ".N.txt.swx",
    "4913",
    ".nfs000000000001",
    "N.iso.part",
    "N.iso.partial",
    ".~N.odt",
    "lu8f3k2.tmp",
    "N.jpg_exiftool_tmp",
    "psA1B2.tmp",
    ".fuse_hidden0000001",
    ".davfs.tmp1a2b3c",
)
LONG_LIVED = ("._N.docx", ".DS_Store", "desktop.ini")
JUNK = SHORT_LIVED + LONG_LIVED
DAY = timedelta(hours=24)
WEEK = timedelta(days=7)


@on_both_databases
@pytest.mark.parametrize("name", JUNK)
def test_junk_is_written_read_written_over_and_deleted_like_any_file(ann: Client, store: Store, name: str) -> None:
    target = address(f"/{name}")
    assert ann("PUT", target, b"one").status == 201
    assert ann.get(target) == b"one"
    assert ann("PUT", target, b"two").status == 204
    assert ann.get(target) == b"two"
    assert prop_of(ann, target, "getcontentlength") == "3"
    token = ann.lock(target)
    assert ann("UNLOCK", target, lock_token=f"<{token}>").status == 204
    assert ann("DELETE", target).status == 204
    assert ann.status_of(target) == 404
    assert findings(store) == []


@pytest.mark.parametrize("name", JUNK)
def test_junk_is_no_document(ann: Client, bob: Client, store: Store, name: str) -> None:
    ann.put("/dav/real.txt", b"real")
    used = prop_of(ann, "/dav/", "quota-used-bytes")
    ann("PUT", address(f"/{name}"), b"one")

    assert members(ann, "/dav/") == sorted(["real.txt", name])
    assert members(ann, "/dav/.versions/") == ["real.txt/"]
    assert history(store, ann.ctx, f"/{name}") == ()
    assert prop_of(ann, "/dav/", "quota-used-bytes") == used
    with time_travel.listing(store, ann.ctx, store.clock.now(), (), with_members=True) as then:
        assert [row[4] for batch in then.batches for row in batch] == ["real.txt"]


@on_both_databases
@pytest.mark.parametrize(("names", "age"), [(SHORT_LIVED, DAY), (LONG_LIVED, WEEK)], ids=["day", "week"])
def test_junk_is_swept_when_nobody_has_touched_it_for_its_time(
    ann: Client, store: Store, names: tuple[str, ...], age: timedelta
) -> None:
    for name in (*names, "real.txt"):
        ann.put(address(f"/{name}"), b"content")
    ann.clock.advance(age - timedelta(minutes=1))
    upkeep.tidy(store)
    assert members(ann, "/dav/") == sorted([*names, "real.txt"])

    ann.clock.advance(timedelta(minutes=2))
    upkeep.tidy(store)

    assert members(ann, "/dav/") == ["real.txt"]
    assert findings(store) == []


def test_touch_begins_the_time_anew(ann: Client, store: Store) -> None:
    ann.put("/dav/~x.tmp", b"one")
    ann.clock.advance(DAY - timedelta(minutes=1))
    ann.put("/dav/~x.tmp", b"two")
    ann.clock.advance(timedelta(hours=1))
    upkeep.tidy(store)

    assert members(ann, "/dav/") == ["~x.tmp"]


def test_locked_junk_is_not_swept(ann: Client, store: Store) -> None:
    ann.put("/dav/~x.tmp", b"one")
    token = ann.lock("/dav/~x.tmp", timeout="Second-600")
    for _ in range(200):
        ann.clock.advance(timedelta(minutes=9))
        assert ann("LOCK", "/dav/~x.tmp", if_=f"(<{token}>)", timeout="Second-600").status == 200
    upkeep.tidy(store)

    assert members(ann, "/dav/") == ["~x.tmp"]


def test_swept_file_that_may_be_the_only_copy_stays_in_the_trash_for_a_week(ann: Client, store: Store) -> None:
    ann.put("/dav/~WRD0001.tmp", b"the only copy")
    ann.put("/dav/.DS_Store", b"nothing of worth")
    ann.clock.advance(WEEK + timedelta(hours=1))
    upkeep.tidy(store)

    assert trashed(store) == ["/~WRD0001.tmp"]
    (entry,) = members(ann, "/dav/.trash/")
    assert ann.get(address(f"/.trash/{entry}")) == b"the only copy"

    ann.clock.advance(WEEK + timedelta(hours=1))
    upkeep.tidy(store)
    assert trashed(store) == []
    assert findings(store) == []


@on_both_databases
def test_junk_moved_to_a_real_name_is_a_document(ann: Client, store: Store) -> None:
    ann.put("/dav/N.iso.part", b"content")
    assert ann("MOVE", "/dav/N.iso.part", destination="/dav/N.iso").status == 201

    assert [version.no for version in history(store, ann.ctx, "/N.iso")] == [1]
    assert ann.get("/dav/N.iso") == b"content"
    assert members(ann, "/dav/.versions/") == ["N.iso/"]
    assert findings(store) == []


def test_file_above_the_cap_is_refused_as_junk_alone(ann: Client, serve: Serve, store: Store) -> None:
    small = ann.through(serve(with_policy(store, Policy(scratch_limit_bytes=1000))))

    assert small("PUT", "/dav/~x.tmp", b"x" * 1001).status == 413
    assert small.status_of("/dav/~x.tmp") == 404
    assert small("PUT", "/dav/real.txt", b"x" * 1001).status == 201


def test_name_that_a_person_may_have_given_is_a_document_once_others_have_read_it(ann: Client, bob: Client, store: Store) -> None:
    ann.put("/dav/results.tmp", b"content")
    bob.get("/dav/results.tmp")
    ann.clock.advance(DAY + timedelta(minutes=1))
    upkeep.tidy(store)

    assert members(ann, "/dav/") == ["results.tmp"]
    assert [version.no for version in history(store, ann.ctx, "/results.tmp")] == [1]
    assert node_at(store, ann.ctx, "/results.tmp").version_no == 1


def test_junk_goes_with_its_folder(ann: Client, store: Store) -> None:
    ann.mkcol("/dav/f")
    ann.put("/dav/f/.DS_Store", b"x")
    assert ann("DELETE", "/dav/f").status == 204
    ann.clock.advance(WEEK * 3)
    upkeep.tidy(store)

    assert findings(store) == []


@pytest.mark.parametrize("name", ["~$plan.docx", "A1B2C3D4.tmp", ".DS_Store", "new.sb-0a1b2c3d-4e5f6a/new.txt"])
@pytest.mark.parametrize("is_empty", [False, True], ids=["written", "only-locked"])
def test_junk_cannot_be_checked_out_into_being_a_document(ann: Client, store: Store, name: str, *, is_empty: bool) -> None:
    # RFC 3253, 4.3: without DAV:checked-in it is not under version control
    target = address(f"/{name}")
    if "/" in name:
        ann.mkcol(target.rpartition("/")[0])
    if is_empty:
        ann.lock(target)
    else:
        ann.put(target, b"one")

    refused = ann("CHECKOUT", target)

    assert (refused.status, error_of(refused)) == (409, ("must-be-checked-in", []))
    assert message_of(refused).startswith(f"/{name} is a temporary file of a program")
    assert error_of(ann("CHECKIN", target)) == ("must-be-checked-out", [])
    assert ann.status_of(address(f"/.versions/{name}")) == 404
    assert node_at(store, ann.ctx, f"/{name}").version_no == 0
    assert findings(store) == []


def test_document_with_the_name_of_junk_is_checked_out_as_any(ann: Client, store: Store) -> None:
    ann.put("/dav/plan.docx", b"one")
    ann("MOVE", "/dav/plan.docx", destination="/dav/plan.tmp")

    assert ann("CHECKOUT", "/dav/plan.tmp").status == 200
    ann.put("/dav/plan.tmp", b"two")
    assert ann("CHECKIN", "/dav/plan.tmp").status == 201
    assert [version.no for version in history(store, ann.ctx, "/plan.tmp")] == [1, 2]
