"""What the database layer promises: transactions, snapshots, streams, lost connections, and few statements per operation."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from sqlalchemy import event, make_url, select
from tests.builders import (
    LARGE,
    START,
    SettableClock,
    a_document,
    a_lock,
    all_versions,
    content_of,
    exists,
    holding,
    locks_at,
    node_at,
    opened_store,
    path,
    put,
    tree_of,
)

from davgate.core import deleting, documents, moving, tree, version_history, versioning
from davgate.core.store import Context, Store
from davgate.model.errors import Busy, Corrupt, DavgateError, QuotaExceeded, StoreUnusable
from davgate.storage import engines, schema, transactions
from davgate.storage.api import catalog, locks, members, resolve
from davgate.storage.batching import BatchingCursor, Values
from davgate.storage.database import Database
from davgate.storage.engines import WRITERS_SETTINGS
from davgate.storage.silence import cut_socket
from davgate.storage.statements import Statement
from davgate.storage.tables import node
from davgate.storage.tables import store as store_table
from davgate.storage.transactions import Transaction

BYTES = Statement(select(store_table.c.stored_bytes))
IDS = Statement(select(node.c.id))


def stored_bytes(store: Store) -> int:
    with store.database.read() as session:
        return catalog.stored_bytes(session)


def test_transaction_left_without_commit_changes_nothing(store: Store) -> None:
    with store.database.write() as tx:
        catalog.touch(tx, 1)
        tx.stored_bytes += 7
        assert tx.take_ids(3) == 2

    assert stored_bytes(store) == 0
    with store.database.write() as tx:
        assert tx.take_ids() == 2


def test_transaction_that_fails_changes_nothing_and_lets_the_next_in(store: Store) -> None:
    with pytest.raises(KeyError), store.database.write() as tx:
        catalog.touch(tx, 1)
        raise KeyError

    with store.database.write() as tx:
        tx.take_ids()
        tx.commit()


def test_failure_after_the_commit_undoes_nothing(store: Store) -> None:
    blob_bytes = 0
    with pytest.raises(KeyError), store.database.write() as tx:
        assert tx.take_ids() == 2
        tx.commit()
        raise KeyError

    with store.database.write() as tx:
        assert tx.take_ids() == 3
        assert tx.stored_bytes == blob_bytes


def test_snapshot_sees_one_moment_and_others_the_present(store: Store, ann: Context) -> None:
    a_document(store, ann, "/a", b"one")

    with store.database.read(snapshot=True) as one_moment, store.database.read() as present:
        assert one_moment.all(BYTES) == present.all(BYTES) == [(3,)]
        put(store, ann, "/b", b"three")
        assert one_moment.all(BYTES) == [(3,)]
        assert present.all(BYTES) == [(8,)]


def test_what_is_remembered_belongs_to_the_same_moment_as_what_is_read(store: Store, ann: Context) -> None:
    a_document(store, ann, "/f/a")
    for _ in range(2):
        # The second time, what /f is need not be read.
        with store.database.read(snapshot=True) as session:
            found = resolve(session, ("f",), ann.principal, store.clock.now())
            assert found.node is not None
            put(store, ann, "/f/b", b"one")
            rows, _, _ = members.of_collection(session, found.node.id, at_once=2000)
            assert [row[4] for row in rows] == ["a"]
        deleting.delete(store, ann, path("/f/b"))


def test_what_another_process_changes_is_seen_at_once(store: Store, ann: Context, database_url: str, tmp_path: Path) -> None:
    a_document(store, ann, "/f/a", b"one")
    assert content_of(store, ann, "/f/a") == b"one"

    with opened_store(database_url, tmp_path, store.clock) as elsewhere:
        put(elsewhere, ann, "/f/a", b"two")
        assert content_of(store, ann, "/f/a") == b"two"
        lock = a_lock(elsewhere, ann, "/f")
        assert locks_at(store, ann, "/f") == [lock]
        deleting.delete(elsewhere, holding(ann, lock), path("/f"))
        assert not exists(store, ann, path("/f/a"))


def test_reader_of_before_does_not_hold_up_the_writer(store: Store, ann: Context) -> None:
    with store.database.read(snapshot=True) as session:
        session.all(IDS)
        for content in (b"one", b"two", b"three"):
            put(store, ann, "/a", content)

    assert content_of(store, ann, "/a") == b"three"


def test_stream_comes_in_batches_and_may_be_left(store: Store, ann: Context) -> None:
    for number in range(7):
        put(store, ann, f"/{number}", b"one")

    with store.database.read(snapshot=True) as session:
        assert [len(batch) for batch in session.stream(IDS, batch_rows=3)] == [3, 3, 2]
        abandoned = session.stream(IDS, batch_rows=3)
        next(abandoned)
        del abandoned
        assert len(session.all(IDS)) == 8


def test_writers_wait_for_each_other(store: Store) -> None:
    order: list[str] = []
    is_in = threading.Event()

    def second() -> None:
        is_in.wait()
        with store.database.write() as tx:
            order.append(f"second gets {tx.take_ids()}")
            tx.commit()

    thread = threading.Thread(target=second)
    thread.start()
    with store.database.write() as tx:
        is_in.set()
        thread.join(0.2)
        order.append(f"first gets {tx.take_ids()}")
        tx.commit()
    thread.join()

    assert order == ["first gets 2", "second gets 3"]


def test_writers_of_many_threads_lose_nothing(store: Store, ann: Context) -> None:
    def write(number: int) -> None:
        for round_ in range(5):
            put(store, ann, f"/{number}", f"{number} {round_}".encode())
            put(store, ann, "/same", f"{number} {round_}".encode())

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {where: content for where, content in tree_of(store, ann).items() if where != "/same"} == {
        f"/{number}": f"{number} 4".encode() for number in range(4)
    }
    assert len(all_versions(store, ann, ("same",))) == 20


@pytest.mark.parametrize("database_kind", ["postgresql"])
def test_lost_connections_are_replaced(unchecked_store: Store, ann: Context, database_url: str) -> None:
    a_document(unchecked_store, ann, "/a", b"one")
    with unchecked_store.database.read(), unchecked_store.database.read(snapshot=True):
        pass

    with psycopg.connect(database_url.replace("+psycopg", ""), autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    uses: list[Callable[[], object]] = [
        lambda: content_of(unchecked_store, ann, "/a"),
        lambda: tree_of(unchecked_store, ann),
        lambda: put(unchecked_store, ann, "/a", b"two"),
    ]

    refused = 0
    for use in uses:
        try:
            use()
        except Busy:
            refused += 1

    # The first to meet a lost connection is told to try again; it does not take one refusal for each that was open.
    assert refused == 1
    for use in uses:
        use()
    assert content_of(unchecked_store, ann, "/a") == b"two"


@pytest.mark.parametrize("database_kind", ["postgresql"])
def test_connection_lost_in_a_transaction_undoes_it(store: Store, ann: Context, database_url: str) -> None:
    with pytest.raises(Busy), store.database.write() as tx:
        tx.take_ids(5)
        with psycopg.connect(database_url.replace("+psycopg", ""), autocommit=True) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        tx.commit()

    with store.database.write() as tx:
        assert tx.take_ids() == 2


@pytest.mark.parametrize("database_kind", ["postgresql"])
def test_commit_whose_answer_is_lost_is_found_to_have_come_about(
    store: Store, ann: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_document(store, ann, "/a", b"one")
    lost = cut_at_the_next_commit(monkeypatch, after=True)

    put(store, ann, "/a", b"two")

    assert lost
    assert content_of(store, ann, "/a") == b"two"
    assert len(all_versions(store, ann, ("a",))) == 2


@pytest.mark.parametrize("database_kind", ["postgresql"])
def test_commit_that_did_not_get_through_is_refused(store: Store, ann: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    a_document(store, ann, "/a", b"one")
    lost = cut_at_the_next_commit(monkeypatch, after=False)

    with pytest.raises(Busy):
        put(store, ann, "/a", b"two")

    assert lost
    assert content_of(store, ann, "/a") == b"one"
    put(store, ann, "/a", b"three")


def cut_at_the_next_commit(monkeypatch: pytest.MonkeyPatch, *, after: bool) -> list[str]:
    """Cut the connection of the next durable commit, before it is sent or after it came about; return what was lost so far."""
    execute = BatchingCursor.execute
    lost: list[str] = []

    def cut(cursor: BatchingCursor, sql: str, values: Values | None = None) -> None:
        is_lost = sql == transactions._FLUSH and not lost
        if is_lost:
            lost.append(sql)
            if after:
                execute(cursor, sql, values)
            cut_socket(cursor._connection.fileno())
        execute(cursor, sql, values)

    monkeypatch.setattr(BatchingCursor, "execute", cut)
    return lost


def test_nobody_else_reads_the_files_of_a_database_whoever_may_enter_the_folder(tmp_path: Path, clock: SettableClock) -> None:
    tmp_path.chmod(0o755)
    usual = os.umask(0o022)
    try:
        database = Database(f"sqlite:///{tmp_path / 'davgate.sqlite3'}", clock)
        schema.prepare(database)
        with database.write() as tx:
            tx.take_ids()
            tx.commit()
        rights = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
        database.close()
    finally:
        os.umask(usual)

    assert set(rights) >= {"davgate.sqlite3", "davgate.sqlite3-wal", "davgate.sqlite3-shm", "davgate.sqlite3.writer"}
    assert set(rights.values()) == {0o600}


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize(
    ("content", "error"), [(b"", StoreUnusable), (b"this is no database" * 1000, Corrupt)], ids=["empty", "foreign"]
)
def test_file_that_is_no_store_is_refused(
    tmp_path: Path, clock: SettableClock, content: bytes, error: type[DavgateError], database_kind: str
) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    database = Database(f"sqlite:///{file}", clock)

    with pytest.raises(error):
        schema.check(database)
    with pytest.raises(error), database.read(snapshot=True) as session:
        session.all(IDS)
    with pytest.raises(error), database.write():
        pass
    database.close()
    if content:
        assert file.read_bytes() == content


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize("name", ["store", "a store? #1 %41"])
def test_file_on_a_medium_that_cannot_be_written_is_read_as_it_lies(
    store: Store, ann: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    put(store, ann, "/f", b"content")
    store.database.close()
    there = tmp_path / name
    there.mkdir()
    shutil.copy(str(store.database.url.database), there / "file")
    monkeypatch.setattr(engines.os, "access", lambda folder, _mode: folder != there)

    with opened_store(f"sqlite:///{quote(str(there / 'file'))}", tmp_path, store.clock) as sealed:
        assert content_of(sealed, ann, "/f") == b"content"
        with pytest.raises(DavgateError):
            put(sealed, ann, "/g", b"content")

    assert {file.name for file in there.iterdir()} <= {"file", "file.writer"}


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_file_with_a_log_is_never_read_without_it(store: Store, ann: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    put(store, ann, "/f", b"content")
    file = Path(str(store.database.url.database))
    assert Path(f"{file}-wal").stat().st_size > 0
    monkeypatch.setattr(engines.os, "access", lambda _folder, _mode: False)

    # Beside it others go on to write.
    with opened_store(str(store.database.url), file.parent, store.clock) as elsewhere:
        assert content_of(elsewhere, ann, "/f") == b"content"
        put(store, ann, "/f", b"more")
        assert content_of(elsewhere, ann, "/f") == b"more"


def after_an_answer(_: Transaction) -> None:
    pass


def before_it_asked(tx: Transaction) -> None:
    catalog.touch(tx, 1)


@pytest.mark.parametrize("database_kind", ["postgresql"])
@pytest.mark.parametrize("do", [after_an_answer, before_it_asked])
def test_writer_that_froze_lets_others_write_and_learns_that_it_wrote_nothing(
    store: Store, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, do: Callable[[Transaction], None]
) -> None:
    monkeypatch.setitem(WRITERS_SETTINGS, "idle_in_transaction_session_timeout", "50ms")

    with opened_store(database_url, tmp_path, store.clock) as elsewhere:
        with pytest.raises(Busy), elsewhere.database.write() as frozen:
            do(frozen)
            with store.database.write() as tx:
                tx.stored_bytes += 7
                tx.commit()
            frozen.stored_bytes += 1
            frozen.commit()
        assert stored_bytes(elsewhere) == 7
        with elsewhere.database.write() as tx:
            tx.stored_bytes -= 7
            tx.commit()


@pytest.mark.parametrize("database_kind", ["postgresql"])
def test_writer_that_may_pause_keeps_its_turn(store: Store, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(WRITERS_SETTINGS, "idle_in_transaction_session_timeout", "50ms")

    with store.database.write() as tx:
        tx.may_pause()
        with psycopg.connect(database_url.replace("+psycopg", "")) as other:
            other.execute("SELECT pg_sleep(0.2)")
        tx.commit()


@pytest.mark.parametrize("database_kind", ["postgresql"])
def test_writer_that_froze_while_it_was_sending_is_ended_by_who_waited_in_vain(
    store: Store, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(WRITERS_SETTINGS, "idle_in_transaction_session_timeout", "50ms")
    monkeypatch.setitem(WRITERS_SETTINGS, "lock_timeout", "500ms")

    with opened_store(database_url, tmp_path, store.clock) as elsewhere:
        with pytest.raises(Busy), elsewhere.database.write() as frozen:
            # Without the end of its batch.
            frozen._cursor._cursor.execute("UPDATE store SET stored_bytes = 1")
            with pytest.raises(Busy), store.database.write():
                pass
            with store.database.write() as tx:
                tx.stored_bytes += 7
                tx.commit()
            frozen.commit()
        assert stored_bytes(elsewhere) == 7
        with elsewhere.database.write() as tx:
            tx.stored_bytes -= 7
            tx.commit()


@pytest.mark.parametrize("database_kind", ["postgresql"])
def test_writer_that_works_is_not_ended_by_who_waited_in_vain(
    store: Store, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(WRITERS_SETTINGS, "lock_timeout", "50ms")

    with opened_store(database_url, tmp_path, store.clock) as elsewhere:
        with elsewhere.database.write() as tx:
            tx._cursor._cursor.execute("UPDATE node SET modified_at = 7")
            with pytest.raises(Busy), store.database.write():
                pass
            tx.commit()
        with elsewhere.database.read() as session:
            root = catalog.find(session, 1)
            assert root is not None
            assert root.modified_at == 7


@pytest.mark.parametrize("database_kind", ["postgresql"])
def test_whoever_waits_too_long_for_the_writer_is_told(
    store: Store, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(WRITERS_SETTINGS, "lock_timeout", "50ms")

    with opened_store(database_url, tmp_path, store.clock) as elsewhere, store.database.write():
        with pytest.raises(Busy), elsewhere.database.write():
            pass


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_database_that_cannot_grow_keeps_what_it_has(store: Store, ann: Context) -> None:
    a_document(store, ann, "/a", b"one")
    store.database.close()

    def full(connection: sqlite3.Connection, record: object) -> None:
        connection.execute("PRAGMA max_page_count = 1")

    event.listen(store.database.engine, "connect", full)
    with pytest.raises(QuotaExceeded, match="disk of the store is full"):
        for number in range(1000):
            put(store, ann, "/a", bytes([number % 256]) * 1000 + bytes([number // 256]))
    event.remove(store.database.engine, "connect", full)
    store.database.close()

    versions = all_versions(store, ann, ("a",))
    assert [version.no for version in versions] == list(range(1, len(versions) + 1))
    put(store, ann, "/a", b"two")


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_database_that_cannot_be_written_says_so_and_can_be_read(store: Store, ann: Context) -> None:
    a_document(store, ann, "/a", b"one")
    store.database.close()

    def read_only(connection: sqlite3.Connection, record: object) -> None:
        connection.execute("PRAGMA query_only = 1")

    event.listen(store.database.engine, "connect", read_only)
    with pytest.raises(Busy, match="can only be read"):
        put(store, ann, "/a", b"two")
    assert content_of(store, ann, "/a") == b"one"
    event.remove(store.database.engine, "connect", read_only)
    store.database.close()


@pytest.mark.parametrize("database_kind", ["postgresql"])
def test_server_that_takes_no_writes_says_so_and_can_be_read(store: Store, ann: Context, database_url: str) -> None:
    a_document(store, ann, "/a", b"one")
    with by_default(store, database_url, "default_transaction_read_only", "on"):
        with pytest.raises(Busy, match="can only be read"):
            put(store, ann, "/a", b"two")
        assert content_of(store, ann, "/a") == b"one"


@pytest.mark.parametrize("database_kind", ["postgresql"])
@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
def test_writer_sees_what_it_waited_for_whatever_the_server_isolates(
    store: Store, ann: Context, database_url: str, tmp_path: Path, level: str
) -> None:
    a_document(store, ann, "/a", b"one")
    with by_default(store, database_url, "default_transaction_isolation", level):
        with opened_store(database_url, tmp_path, store.clock) as elsewhere, ThreadPoolExecutor() as pool:
            with store.database.write() as tx:
                waiting = pool.submit(put, elsewhere, ann, "/a", b"two")
                wait_until_it_waits(waiting, database_url)
                tx.stored_bytes += 7
                tx.commit()
            waiting.result()
    with store.database.write() as tx:
        tx.stored_bytes -= 7
        tx.commit()

    assert content_of(store, ann, "/a") == b"two"


@contextmanager
def by_default(store: Store, url: str, setting: str, value: str) -> Iterator[None]:
    """Let new connections to a PostgreSQL database have a setting in this block."""
    name = make_url(url).database
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as admin:
        admin.execute(f"ALTER DATABASE {name} SET {setting} TO '{value}'")
        store.database.close()
        try:
            yield
        finally:
            admin.execute(f"ALTER DATABASE {name} RESET {setting}")
            store.database.close()


def wait_until_it_waits(writer: Future[object], url: str) -> None:
    """Return when a writer waits for a lock in a PostgreSQL database, or has ended."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as admin:
        while not writer.done() and admin.execute(waiting).fetchone() == (0,):
            pass


# Statements per operation


class Statements(list[str]):
    """The statements that SQLite was given, transaction control aside."""

    def note(self, statement: str) -> None:
        if statement.split()[0].upper() not in {"BEGIN", "COMMIT", "ROLLBACK", "PRAGMA"}:
            self.append(statement)


Count = Callable[[], AbstractContextManager[Statements]]


@pytest.fixture
def count(unchecked_store: Store) -> Count:
    """Count the statements in a block."""
    database = unchecked_store.database
    noted = Statements()

    def listen(connection: sqlite3.Connection, record: object) -> None:
        connection.set_trace_callback(noted.note)

    event.listen(database.engine, "connect", listen)

    @contextmanager
    def counted() -> Iterator[Statements]:
        # Connections that were open before are not listened to.
        database.close()
        noted.clear()
        yield noted

    return counted


@pytest.fixture
def a_tree(store: Store, ann: Context) -> Store:
    """A store with a folder of 50 documents, deep down, with locks and versions."""
    for number in range(50):
        a_document(store, ann, f"/1/2/3/4/5/{number}", b"one", LARGE)
    a_lock(store, ann, "/1/2/3/4/5/7")
    return store


def listed(store: Store, ctx: Context, *, properties: bool, locks: bool) -> None:
    with tree.listing(store, ctx, path("/1/2/3/4/5"), with_members=True, with_properties=properties, with_locks=locks) as found:
        assert sum(len(batch) for batch in found.batches) == 50


def resolved(store: Store, ctx: Context) -> None:
    with store.database.read() as session:
        assert resolve(session, path("/1/2/3/4/5/7"), ctx.principal, START).node is not None


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize(
    ("use", "most"),
    [
        (resolved, 1),
        (lambda store, ctx: documents.open_content(store, ctx, path("/1/2/3/4/5/7")), 1),
        (lambda store, ctx: listed(store, ctx, properties=False, locks=False), 2),
        (lambda store, ctx: listed(store, ctx, properties=True, locks=True), 4),
        (lambda store, ctx: version_history.history_of(store, ctx, path("/1/2/3/4/5/7")), 3),
        (lambda store, ctx: versioning.documents_with_versions(store, ctx, path("/1/2/3/4/5")), 2),
        (lambda store, ctx: versioning.open_version(store, ctx, path("/1/2/3/4/5/7"), 1), 3),
    ],
    ids=["resolve", "open-content", "list", "list-all", "history", "versions-folder", "open-version"],
)
def test_reading_takes_few_statements(
    a_tree: Store,
    ann: Context,
    count: Count,
    use: Callable[[Store, Context], object],
    most: int,
) -> None:
    with count() as statements:
        use(a_tree, ann)

    assert 0 < len(statements) <= most, "\n".join(statements)


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize(
    "use",
    [
        lambda store, ctx: moving.move(store, ctx, path("/1/2"), path("/moved"), overwrite=False),
        lambda store, ctx: deleting.delete(store, ctx, path("/1/2")),
    ],
    ids=["move", "delete"],
)
def test_moving_or_deleting_a_tree_takes_as_many_statements_as_one_document(
    a_tree: Store, ann: Context, count: Count, use: Callable[[Store, Context], object]
) -> None:
    with pytest.raises(DavgateError):
        use(a_tree, ann)
    with a_tree.database.write() as tx:
        locks.end(tx, [lock.token for lock in locks.live_of(tx, node_at(a_tree, ann, "/1/2/3/4/5/7").id)], ann.principal.id)
        tx.commit()

    with count() as statements:
        use(a_tree, ann)

    assert len(statements) <= 18, "\n".join(statements)
