"""What the programs people use may rely on, by the numbers of the acceptance sequences; here are those that no other file has.

1, 2, 5 are in ``test_explorer``; 3, 4, 8, 9, 14, 17 and 18 are b3, b3x, b4, b5, b6, b7 and b8 in ``test_dances``; 6 and 7 are in
``test_office``, 10 in ``test_finder``, 12 in ``test_libreoffice``, 13 in ``test_gnome``, 15 in ``test_davfs2``, 22, 25, 26 and 27
in ``test_two_users``, 23 and the second half of 24 in ``test_lock_times``, 28 in ``test_names``, the rest of 30 in
``test_processes``, and what has no number in ``test_wire``. The store is checked to be whole after each.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from davgate.core import sessions, upkeep
from davgate.core.sessions import VersionsPer
from davgate.core.store import Context, Store
from davgate.http.server import Server, listen
from davgate.model.instant import after
from davgate.storage.api import catalog, dances
from tests.builders import START, SettableClock, locks_at, path, with_policy
from tests.clients.conftest import LIMITS, Run
from tests.clients.kept import FOLDER, Kept, contents, members, seen
from tests.clients.programs import Curl, Explorer, LibreOffice, Program, holding, token_of
from tests.clients.serving import ServerProcess, SharedClock
from tests.clients.test_dances import WINDOW, delete, move, save_with_word
from tests.clients.test_processes import in_turn
from tests.protocol.applications import an_application
from tests.protocol.databases import on_both_databases
from tests.protocol.stored import history, trashed
from tests.protocol.test_junk import JUNK
from tests.server.client import Client

GIVEN_UP = timedelta(days=7, seconds=1)
"""After this time no file of a program is kept for the document beside it."""


@pytest.fixture
def clock() -> SettableClock:
    """A clock that processes can share."""
    return SharedClock()


@pytest.fixture
def document(store: Store, ann: Context, run: Run[Curl]) -> Kept:
    return Kept.made(store, ann, run(Curl, "ann"), "N.odt")


@on_both_databases
@pytest.mark.parametrize(("per", "saved"), [(VersionsPer.SESSION, (b"three",)), (VersionsPer.SAVE, (b"two", b"three"))])
def test_f11_two_saves_under_a_lock_are_as_many_versions_as_the_folder_says(
    run: Run[LibreOffice], document: Kept, store: Store, ann: Context, per: VersionsPer, saved: tuple[bytes, ...]
) -> None:
    sessions.set_versions_per(store, ann, path(FOLDER), per)
    office, name = run(LibreOffice, "ann"), document.target

    assert office.send("OPTIONS", name).status == 200
    assert office.supported_locks(name).status == 207
    locked = office.lock(name)
    assert (locked.status, b"<D:timeout>Second-180</D:timeout>" in locked.body) == (200, True)
    token = token_of(locked)
    assert office.refresh(name, token).status == 200
    assert office.save(name, b"two", token).status == 204
    assert office.save(name, b"three", token).status == 204
    assert office.unlock(name, token).status == 204

    document.check(b"one", *saved)


@on_both_databases
def test_f16_document_deleted_after_a_failed_upload_comes_back_with_its_history(
    run: Run[Curl], store: Store, ann: Context, tmp_path: Path
) -> None:
    rclone, name = run(Curl, "ann"), "/dav/n.bin"
    written = rclone.put(name, b"one", "X-OC-Mtime: 1732100000")
    assert (written.status, written.headers["x-oc-mtime"]) == (201, "accepted")
    assert rclone.put(name, b"two", "X-OC-Mtime: 1732100001").status == 204
    identity = seen(rclone, name)
    full = with_policy(store, replace(store.policy, quota_bytes=1000))

    with (
        an_application(full, tmp_path) as application,
        Server(application, listen("127.0.0.1", 0, LIMITS), limits=LIMITS) as server,
        Client((server.host, server.port)) as connection,
    ):
        limited = Curl(connection, "ann")
        assert limited.put(name, bytes(2000)).status == 507
        assert limited.get(name).body == b"two"
        assert delete(limited, name) == 204

    assert trashed(store) == ["/n.bin"]
    (entry,) = members(rclone, "/.trash")
    assert move(rclone, f"/dav/.trash/{entry.replace(' ', '%20')}", name) == 201
    assert seen(rclone, name) == identity
    assert contents(store, ann, "/n.bin") == [b"one", b"two"]


@on_both_databases
@pytest.mark.parametrize("who", ["somebody-else", "same-one", "same-one-later"])
def test_f19_renamed_document_keeps_its_identity_and_its_old_name_is_free(
    run: Run[Curl], document: Kept, clock: SettableClock, who: str
) -> None:
    of_ann, renamed = run(Curl, "ann"), document.beside("Plan.odt")
    assert move(of_ann, document.target, renamed) == 201
    if who == "same-one-later":
        clock.advance(WINDOW)
        upkeep.tidy(document.store)

    writer = run(Curl, "bob" if who == "somebody-else" else "ann")
    assert writer.put(document.target, b"two").status == 201

    assert seen(of_ann, renamed) == (document.resource_id, "Ann")
    assert document.contents(f"{FOLDER}/Plan.odt") == [b"one"]
    assert seen(of_ann, document.target)[0] != document.resource_id
    assert document.contents() == [b"two"]


@on_both_databases
def test_f20_renamed_and_deleted_document_goes_on_in_what_took_its_name(run: Run[Curl], document: Kept, store: Store) -> None:
    program, renamed = run(Curl, "ann"), document.beside("Plan.odt")
    assert move(program, document.target, renamed) == 201
    assert program.put(document.target, b"two").status == 201
    merged = seen(program, document.target)[0]
    assert merged != document.resource_id

    assert delete(program, renamed) == 204

    document.check(b"one", b"two")
    assert trashed(store) == []
    assert leads_to(store, merged) == document.resource_id


def leads_to(store: Store, resource_id: str) -> str:
    """Return the identity of the document that another one became part of."""
    with store.database.read() as session:
        document_id = dances.successor_of(session, resource_id.removeprefix("urn:uuid:"))
        assert document_id is not None
        found = catalog.find(session, document_id)
    assert found is not None
    return f"urn:uuid:{found.uuid}"


@on_both_databases
def test_f21_document_moved_aside_and_back_is_as_it_was(run: Run[Explorer], document: Kept, clock: SettableClock) -> None:
    word, aside = run(Explorer, "ann"), document.beside("~WRL0001.tmp")
    assert word.rename(document.target, aside).status == 201

    assert word.rename(aside, document.target).status == 201

    document.check(b"one")
    clock.advance(WINDOW)
    upkeep.tidy(document.store)
    document.check(b"one")


@on_both_databases
def test_f21_document_moved_aside_by_a_program_that_died_is_back_after_the_window(
    run: Run[Explorer], document: Kept, clock: SettableClock
) -> None:
    word = run(Explorer, "ann")
    assert word.rename(document.target, document.beside("~WRL0001.tmp")).status == 201
    clock.advance(WINDOW)

    upkeep.tidy(document.store)

    document.check(b"one")


@on_both_databases
@pytest.mark.parametrize("by", ["refresh", "save"])
def test_f24_lock_that_ran_out_lives_again_when_nobody_came(
    run: Run[Curl], document: Kept, clock: SettableClock, by: str
) -> None:
    of_ann, of_bob, name = run(Curl, "ann"), run(Curl, "bob"), document.target
    token = token_of(of_ann.lock(name, "Timeout: Second-2"))
    clock.advance(timedelta(seconds=3.5))
    assert locks_at(document.store, document.ann, document.where) == []

    if by == "refresh":
        refreshed = of_ann.send("LOCK", name, *holding(token), "Timeout: Second-2", "Content-Length: 0")
        assert (refreshed.status, token.encode() in refreshed.body) == (200, True)
    else:
        assert of_ann.put(name, b"two", *holding(token)).status == 204

    assert of_bob.put(name, b"theirs").status == 423
    assert of_ann.put(name, b"three", *holding(token)).status == 204
    assert of_ann.send("UNLOCK", name, f"Lock-Token: <{token}>").status == 204
    document.check(b"one", b"three")


@on_both_databases
def test_f24_save_that_came_too_late_is_kept_beside(run: Run[Curl], document: Kept, clock: SettableClock) -> None:
    of_ann, of_bob, name = run(Curl, "ann"), run(Curl, "bob"), document.target
    token = token_of(of_ann.lock(name, "Timeout: Second-2"))
    clock.advance(timedelta(seconds=3.5))
    assert of_bob.put(name, b"theirs").status == 204

    late = of_ann.put(name, b"late", *holding(token))

    assert (late.status, b"/.rescue/" in late.body) == (412, True)
    (kept,) = members(of_ann, "/.rescue")
    assert of_ann.get(f"/dav/.rescue/{kept.replace(' ', '%20')}").body == b"late"
    assert members(of_bob, "/.rescue") == []
    document.check(b"one", b"theirs")


@on_both_databases
def test_f29_files_of_programs_come_and_go_like_any_other_and_leave_nothing(
    run: Run[Curl], document: Kept, store: Store, ann: Context, clock: SettableClock
) -> None:
    program = run(Curl, "ann")
    used = used_bytes(program)

    for name in JUNK:
        assert program.put(document.beside(name), b"first").status == 201, name
        assert history(store, ann, f"{FOLDER}/{name}") == (), name
    assert members(program, FOLDER) == sorted([*JUNK, "N.odt"])
    assert members(program, f"{FOLDER}/.versions") == ["N.odt/"]
    assert used_bytes(program) == used
    for name in JUNK:
        target = document.beside(name)
        assert program.get(target).body == b"first", name
        assert program.put(target, b"second").status == 204, name
        assert program.get(target).body == b"second", name
        assert delete(program, target) == 204, name

    document.check(b"one")
    # What was swept to the trash for a week, and then what nothing names any more.
    for _ in range(2):
        clock.advance(GIVEN_UP)
        upkeep.tidy(store)
    assert trashed(store) == []
    assert used_bytes(program) == used


@on_both_databases
def test_f29_files_that_programs_left_are_swept_unless_they_are_locked(
    run: Run[Curl], document: Kept, clock: SettableClock, store: Store
) -> None:
    program = run(Curl, "ann")
    for name in JUNK:
        assert program.put(document.beside(name), b"left").status == 201, name
    locked = document.beside("~$N.odt")
    assert program.put(locked, b"Ann").status == 201
    token = token_of(program.lock(locked))

    while clock.now() < after(START, GIVEN_UP):
        clock.advance(timedelta(hours=12))
        refreshed = program.send("LOCK", locked, *holding(token), "Timeout: Infinite, Second-86400", "Content-Length: 0")
        assert refreshed.status == 200
        upkeep.tidy(store)

    assert members(program, FOLDER) == ["N.odt", "~$N.odt"]
    assert program.send("UNLOCK", locked, f"Lock-Token: <{token}>").status == 204
    clock.advance(timedelta(hours=24, seconds=1))
    upkeep.tidy(store)
    document.check(b"one")


def used_bytes(program: Program) -> bytes:
    """Return what the drive says it holds."""
    asked = b'<D:propfind xmlns:D="DAV:"><D:prop><D:quota-used-bytes/></D:prop></D:propfind>'
    answer = program.send_body("PROPFIND", "/dav/", "Depth: 0", body=asked)
    return answer.body.partition(b"<D:quota-used-bytes>")[2].partition(b"<")[0]


@pytest.fixture
def connections(database_url: str, clock: SharedClock, tmp_path: Path) -> Iterator[list[Client]]:
    """A connection to each of four processes that serve the same store."""
    with ExitStack() as stack:
        servers = [stack.enter_context(ServerProcess(database_url, tmp_path, clock)) for _ in range(4)]
        yield [stack.enter_context(server.connect()) for server in servers]


@on_both_databases
def test_f30_saves_of_word_through_four_processes_are_versions_of_one_document(document: Kept, connections: list[Client]) -> None:
    word = in_turn(Explorer, "ann", connections)

    save_with_word(word, document, b"two")
    save_with_word(word, document, b"three", 2)

    document.check(b"one", b"two", b"three")
