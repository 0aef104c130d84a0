"""Edit sessions: all saves under a lock are one version, which the end of the lock seals, to the microsecond, whoever looks."""

from __future__ import annotations

from datetime import timedelta

import pytest

from davgate.core import checking_out, deleting, sessions, upkeep
from davgate.core.sessions import VersionsPer
from davgate.core.store import Store
from davgate.model.node import Version
from davgate.storage.api import blob_rows, versions
from tests.builders import findings, node_at, path
from tests.protocol.client import Client
from tests.protocol.databases import on_both_databases
from tests.protocol.multistatus import locks_of, members, message_of
from tests.protocol.stored import history
from tests.protocol.transcripts import play

N = "/dav/n.odt"
TEN_MINUTES = timedelta(minutes=10)
MICROSECOND = timedelta(microseconds=1)
GRACE = timedelta(hours=24)


@pytest.fixture
def document(ann: Client) -> str:
    ann.put(N, b"one")
    return N


def versions_of(store: Store, ann: Client, where: str = "/n.odt") -> list[Version]:
    return list(history(store, ann.ctx, where))


def saves_of(store: Store, ann: Client, no: int) -> list[tuple[bytes, str]]:
    """Return the earlier saves of a version: their bytes, as far as they lie in the database, and their authors."""
    with store.database.read() as session:
        found = versions.saves(session, node_at(store, ann.ctx, "/n.odt").id, no)
        return [(blob_rows.inline_body(session, save.content.digest) or b"", save.author) for save in found]


def is_open(store: Store, ann: Client) -> bool:
    return versions_of(store, ann)[-1].is_open(store.clock.now())


def lock(client: Client, target: str = N, **headers: str) -> str:
    return client.lock(target, timeout="Second-600", **headers)


def refresh(client: Client, token: str, target: str = N) -> int:
    return client("LOCK", target, if_=f"(<{token}>)", timeout="Second-600").status


def save(client: Client, content: bytes, token: str, target: str = N) -> int:
    return client("PUT", target, content, if_=f"(<{token}>)").status


def unlock(client: Client, token: str, target: str = N) -> int:
    return client("UNLOCK", target, lock_token=f"<{token}>").status


# One session, one version


@on_both_databases
def test_all_saves_under_a_lock_are_one_version_that_everybody_sees_at_once(
    ann: Client, bob: Client, store: Store, document: str
) -> None:
    token = lock(ann)
    for content in (b"two", b"three", b"four"):
        assert save(ann, content, token) == 204
        assert bob.get(N) == content
        assert [version.no for version in versions_of(store, ann)] == [1, 2]

    assert is_open(store, ann)
    assert unlock(ann, token) == 204
    assert not is_open(store, ann)
    assert saves_of(store, ann, 2) == [(b"two", "ann"), (b"three", "ann")]


@on_both_databases
def test_next_session_is_the_next_version(ann: Client, store: Store, document: str) -> None:
    for content in (b"two", b"three"):
        token = lock(ann)
        save(ann, content, token)
        unlock(ann, token)

    assert [version.no for version in versions_of(store, ann)] == [1, 2, 3]


def test_lock_without_a_save_makes_no_version(ann: Client, store: Store, document: str) -> None:
    unlock(ann, lock(ann))

    assert [version.no for version in versions_of(store, ann)] == [1]


def test_saves_without_a_lock_are_a_version_each(ann: Client, store: Store, document: str) -> None:
    ann.put(N, b"two")
    ann.put(N, b"three")

    assert [version.no for version in versions_of(store, ann)] == [1, 2, 3]


def test_session_that_comes_back_to_the_bytes_of_before_keeps_what_lay_between(ann: Client, store: Store, document: str) -> None:
    token = lock(ann)
    for content in (b"two", b"one", b"two"):
        save(ann, content, token)
    unlock(ann, token)

    assert [version.no for version in versions_of(store, ann)] == [1, 2]
    assert ann.get(N) == b"two"
    assert saves_of(store, ann, 2) == [(b"two", "ann"), (b"one", "ann")]
    assert findings(store) == []


@on_both_databases
def test_version_is_sealed_when_the_lock_runs_out_though_nobody_asks(
    ann: Client, bob: Client, store: Store, document: str
) -> None:
    token = lock(ann)
    save(ann, b"two", token)
    ends = versions_of(store, ann)[-1].sealed_at

    ann.clock.advance(TEN_MINUTES - MICROSECOND)
    assert is_open(store, ann)
    ann.clock.advance(MICROSECOND)
    assert not is_open(store, ann)
    ann.clock.advance(TEN_MINUTES)
    bob.put(N, b"three")

    assert [(version.no, version.author) for version in versions_of(store, ann)] == [(1, "ann"), (2, "ann"), (3, "bob")]
    assert versions_of(store, ann)[1].sealed_at == ends


def test_refresh_keeps_the_version_open(ann: Client, store: Store, document: str) -> None:
    token = lock(ann)
    save(ann, b"two", token)
    ann.clock.advance(TEN_MINUTES / 2)
    assert refresh(ann, token) == 200
    ann.clock.advance(TEN_MINUTES - MICROSECOND)

    assert is_open(store, ann)
    save(ann, b"three", token)
    assert [version.no for version in versions_of(store, ann)] == [1, 2]


@pytest.mark.parametrize("how", ["move", "delete", "break"])
def test_whatever_ends_the_lock_seals_the_version(ann: Client, root_admin: Client, store: Store, document: str, how: str) -> None:
    token = lock(ann)
    save(ann, b"two", token)
    where = "/n.odt"
    if how == "move":
        where = "/m.odt"
        assert ann("MOVE", N, destination="/dav/m.odt", if_=f"(<{token}>)").status == 201
    elif how == "delete":
        assert ann("DELETE", N, if_=f"(<{token}>)").status == 204
        (entry,) = members(ann, "/dav/.trash/")
        assert ann("MOVE", f"/dav/.trash/{entry}", destination=N).status == 201
    else:
        assert unlock(root_admin, token) == 204

    found = versions_of(store, ann, where)
    assert [version.no for version in found] == [1, 2]
    assert not found[-1].is_open(store.clock.now())


def test_sessions_of_a_deep_lock_are_one_version_of_each_document(ann: Client, store: Store) -> None:
    ann.mkcol("/dav/f")
    token = lock(ann, "/dav/f", depth="infinity")
    for name in ("a", "b"):
        for content in (b"one", b"two"):
            assert ann("PUT", f"/dav/f/{name}", content, if_=f"</dav/f> (<{token}>)").status in (201, 204)
    unlock(ann, token, "/dav/f/a")

    for name in ("a", "b"):
        assert [version.no for version in versions_of(store, ann, f"/f/{name}")] == [1]
        assert ann.get(f"/dav/f/{name}") == b"two"


def test_holders_of_shared_locks_have_sessions_of_their_own(ann: Client, bob: Client, store: Store, document: str) -> None:
    of_ann, of_bob = lock(ann, scope="shared"), lock(bob, scope="shared")
    for client, token, content in (
        (ann, of_ann, b"two"),
        (ann, of_ann, b"three"),
        (bob, of_bob, b"four"),
        (bob, of_bob, b"five"),
    ):
        assert save(client, content, token) == 204
    unlock(ann, of_ann)
    unlock(bob, of_bob)

    assert [(version.no, version.author) for version in versions_of(store, ann)] == [(1, "ann"), (2, "ann"), (3, "bob")]


def test_folder_decides_that_each_save_is_a_version(ann: Client, store: Store) -> None:
    for name in ("/dav/f", "/dav/f/g", "/dav/f/g/h"):
        ann.mkcol(name)
    sessions.set_versions_per(store, ann.ctx, path("/f"), VersionsPer.SAVE)
    sessions.set_versions_per(store, ann.ctx, path("/f/g/h"), VersionsPer.SESSION)

    for folder, count in (("/f", 3), ("/f/g", 3), ("/f/g/h", 1)):
        token = ann.lock(f"/dav{folder}/n")
        for content in (b"one", b"two", b"three"):
            assert save(ann, content, token, f"/dav{folder}/n") == 204
        unlock(ann, token, f"/dav{folder}/n")
        assert len(versions_of(store, ann, f"{folder}/n")) == count


# Grace


@on_both_databases
@pytest.mark.parametrize("late", [timedelta(seconds=1), GRACE - MICROSECOND])
def test_lock_that_ran_out_lives_again_by_its_holders_refresh(ann: Client, store: Store, document: str, late: timedelta) -> None:
    token = lock(ann)
    save(ann, b"two", token)
    ann.clock.advance(TEN_MINUTES + late)
    assert locks_of(ann, N) == []

    assert refresh(ann, token) == 200
    assert [one.token for one in locks_of(ann, N)] == [token]
    assert save(ann, b"three", token) == 204
    assert [version.no for version in versions_of(store, ann)] == [1, 2, 3]


@on_both_databases
def test_lock_that_ran_out_lives_again_by_its_holders_save(ann: Client, bob: Client, store: Store, document: str) -> None:
    token = lock(ann)
    save(ann, b"two", token)
    ann.clock.advance(TEN_MINUTES + MICROSECOND)

    assert save(ann, b"three", token) == 204
    assert [version.no for version in versions_of(store, ann)] == [1, 2, 3]
    assert [one.token for one in locks_of(ann, N)] == [token]
    assert bob("PUT", N, b"four").status == 423
    assert unlock(ann, token) == 204


@on_both_databases
@pytest.mark.parametrize("meanwhile", ["put", "lock", "deep-lock", "delete-and-put"])
def test_lock_is_lost_once_somebody_else_came_and_the_late_save_is_kept(
    ann: Client, bob: Client, store: Store, document: str, meanwhile: str
) -> None:
    token = lock(ann)
    ann.clock.advance(TEN_MINUTES + MICROSECOND)
    match meanwhile:
        case "put":
            bob.put(N, b"theirs")
        case "lock":
            unlock(bob, lock(bob))
        case "deep-lock":
            unlock(bob, lock(bob, "/dav/", depth="infinity"), "/dav/")
        case _:
            assert bob("DELETE", N).status == 204
            bob.put(N, b"theirs")
    before = bob.get(N)

    answer = ann("PUT", N, b"late", if_=f"(<{token}>)")

    assert answer.status == 412
    assert bob.get(N) == before
    assert refresh(ann, token) == 412
    if meanwhile != "delete-and-put":
        assert "/.rescue/n " in message_of(answer)
        (kept,) = members(ann, "/dav/.rescue/")
        assert ann.get(f"/dav/.rescue/{kept}") == b"late"
        assert members(bob, "/dav/.rescue/") == []


def test_lock_broken_by_an_administrator_is_not_revived(ann: Client, root_admin: Client, store: Store, document: str) -> None:
    token = lock(ann)
    save(ann, b"two", token)
    assert unlock(root_admin, token) == 204

    assert save(ann, b"late", token) == 412
    assert ann.get(N) == b"two"
    assert len(members(ann, "/dav/.rescue/")) == 1


def test_lock_that_its_holder_ended_is_not_revived(ann: Client, document: str) -> None:
    token = lock(ann)
    unlock(ann, token)

    assert refresh(ann, token) == 412


def test_nobody_else_revives_a_lock(ann: Client, bob: Client, document: str) -> None:
    token = lock(ann)
    ann.clock.advance(TEN_MINUTES + MICROSECOND)

    assert refresh(bob, token) == 412
    assert save(bob, b"theirs", token) == 412
    assert ann.get(N) == b"one"


def test_grace_ends(ann: Client, document: str) -> None:
    token = lock(ann)
    ann.clock.advance(TEN_MINUTES + GRACE)

    assert refresh(ann, token) == 412


# Nothing yet


@on_both_databases
@pytest.mark.parametrize("end", ["unlock", "window"])
def test_document_emptied_and_left_is_an_empty_version(ann: Client, store: Store, document: str, end: str) -> None:
    token = lock(ann)
    assert save(ann, b"", token) == 204
    assert ann.get(N) == b""
    assert [version.no for version in versions_of(store, ann)] == [1]
    if end == "unlock":
        unlock(ann, token)
    else:
        ann.clock.advance(TEN_MINUTES + timedelta(minutes=3))
    upkeep.tidy(store)

    assert [version.content.length_bytes for version in versions_of(store, ann)] == [3, 0]
    assert findings(store) == []


def test_document_emptied_and_filled_with_the_same_bytes_has_no_new_version(ann: Client, store: Store, document: str) -> None:
    play(
        ann,
        """
        LOCK /n.odt : 200 = n
        PUT /n.odt empty {n} : 204
        PUT /n.odt one {n} : 204
        UNLOCK /n.odt {n} : 204
        """,
    )

    assert [version.no for version in versions_of(store, ann)] == [1]
    assert findings(store) == []


def test_single_byte_that_a_program_tries_first_is_no_version(ann: Client, store: Store) -> None:
    assert ann("PUT", "/dav/new.odt", b" ").status == 201
    ann.put("/dav/new.odt", b"content")

    assert [version.content.length_bytes for version in versions_of(store, ann, "/new.odt")] == [7]


# Check-outs


@on_both_databases
def test_saves_of_the_holder_are_a_working_copy_whatever_its_locks_do(
    ann: Client, bob: Client, store: Store, document: str
) -> None:
    checking_out.check_out(store, ann.ctx, path("/n.odt"))
    token = lock(ann)
    for content in (b"two", b"three"):
        assert save(ann, content, token) == 204
    unlock(ann, token)
    other = lock(ann)
    save(ann, b"four", other)
    ann.clock.advance(TEN_MINUTES * 2)

    assert (ann.get(N), bob.get(N)) == (b"four", b"one")
    assert [version.no for version in versions_of(store, ann)] == [1]
    assert bob("PUT", N, b"theirs").status == 423
    assert bob("DELETE", N).status == 423

    version = checking_out.check_in(store, ann.ctx, path("/n.odt"), comment="done")
    assert (version.no, version.comment) == (2, "done")
    assert bob.get(N) == b"four"
    assert findings(store) == []


@on_both_databases
def test_check_out_cancelled_by_an_administrator_leaves_its_holder_the_working_copy(
    ann: Client, bob: Client, root_admin: Client, store: Store, document: str
) -> None:
    checking_out.check_out(store, ann.ctx, path("/n.odt"))
    ann.put(N, b"two")
    checking_out.cancel(store, root_admin.ctx, path("/n.odt"))

    assert ann.get(N) == b"one"
    (kept,) = members(ann, "/dav/.rescue/")
    assert ann.get(f"/dav/.rescue/{kept}") == b"two"

    late = ann("PUT", N, b"three")
    assert late.status == 412
    assert {ann.get(f"/dav/.rescue/{name}") for name in members(ann, "/dav/.rescue/")} == {b"two", b"three"}
    assert members(bob, "/dav/.rescue/") == []
    assert ann.get(N) == b"one"


def test_holder_saves_by_renaming_into_the_working_copy(ann: Client, bob: Client, store: Store, document: str) -> None:
    checking_out.check_out(store, ann.ctx, path("/n.odt"))
    play(
        ann,
        """
        PUT /~WRD0000.tmp two : 201
        MOVE /n.odt -> /~WRL0001.tmp : 201
        MOVE /~WRD0000.tmp -> /n.odt : 201|204
        DELETE /~WRL0001.tmp : 204
        """,
    )

    assert ann.get(N) == b"two"
    assert bob.get(N) == b"one"
    assert [version.no for version in versions_of(store, ann)] == [1]
    checking_out.check_in(store, ann.ctx, path("/n.odt"))
    assert bob.get(N) == b"two"
    assert findings(store) == []


def test_document_moved_to_the_trash_by_its_holder_leaves_the_working_copy(ann: Client, store: Store, document: str) -> None:
    checking_out.check_out(store, ann.ctx, path("/n.odt"))
    ann.put(N, b"two")
    deleting.delete(store, ann.ctx, path("/n.odt"))
    ann.clock.advance(timedelta(minutes=5))
    upkeep.tidy(store)

    (kept,) = members(ann, "/dav/.rescue/")
    assert ann.get(f"/dav/.rescue/{kept}") == b"two"
    assert findings(store) == []
