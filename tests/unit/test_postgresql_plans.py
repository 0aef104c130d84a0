"""What PostgreSQL reads to answer about a small folder of a large store: little, whatever else there is.

How much is below a collection its planner cannot know, so that left alone it reads whole tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import psycopg
import pytest
from tests.builders import SettableClock, a_collection, a_document, a_user, opened_store, path
from tests.conftest import FreshDatabase

from davgate.core import moving
from davgate.core.store import Context, Store
from davgate.model.instant import Instant
from davgate.model.retaining import EXPIRES_AT
from davgate.storage import as_of, catalog, changes, marks, retained, subtrees, versions
from davgate.storage.resolving import resolve
from davgate.storage.transactions import Session, Transaction

OTHERS = 20_000
MOST_READ_ROWS = 500
"""Far more than what is in the small folder, far less than what is beside it."""

FILLED = f"""
INSERT INTO node (id, uuid, kind, parent_id, name, name_key, created_at, created_by, modified_at, version_no, is_seen, is_closed)
    SELECT 1000 + i, 'other-' || i, 1, CASE WHEN i <= 100 THEN 1 ELSE 1000 + i % 100 + 1 END, 'n' || i, 'n' || i,
        1, 1, 1, 0, 0, 0
    FROM generate_series(1, {OTHERS}) AS i;
UPDATE version SET session = 'open';
INSERT INTO version_mark (document_id, version_no, kind, label, marked_by, marked_at)
    SELECT document_id, no, 'hold', '', 1, 1 FROM version;
INSERT INTO property_value (node_id, property, value)
    SELECT document_id, '{EXPIRES_AT}', 'z' FROM version;
INSERT INTO placement (node_id, from_at, to_at, parent_id, name, name_key)
    SELECT id, 1, {(1 << 63) - 1}, parent_id, name, name_key FROM node WHERE uuid LIKE 'other-%';
INSERT INTO change (seq, changed_at, action, node_id, parent_id, name)
    SELECT 1000 + id, 1, 'create', id, parent_id, name FROM node WHERE uuid LIKE 'other-%';
"""


@pytest.fixture(scope="module")
def large_store(fresh_database: FreshDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store with a small folder ``/here`` beside many others, which PostgreSQL knows about."""
    folder = tmp_path_factory.mktemp("large")
    with fresh_database("postgresql", folder) as url, opened_store(url, folder, SettableClock()) as store:
        ann = a_user(store, "ann")
        fill(store, ann)
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as admin:
            admin.execute(FILLED)
            admin.execute("ANALYZE")
        yield store


def fill(store: Store, ann: Context) -> None:
    """Make the small folder, and leave its place once, so that it has a past."""
    for where in ("/here", "/here/deeper", "/there"):
        a_collection(store, ann, where)
    for where in ("/here/a", "/here/b", "/here/deeper/c"):
        a_document(store, ann, where, b"content")
    moving.move(store, ann, path("/here"), path("/gone"), overwrite=False)
    moving.move(store, ann, path("/there"), path("/here"), overwrite=False)


def rows_read(tx: Session) -> int:
    """Return how many rows a transaction has read, of all tables."""
    tx._cursor.execute("SELECT coalesce(sum(seq_tup_read + idx_tup_fetch), 0) FROM pg_stat_xact_user_tables")
    return int(tx._cursor.fetchall()[0][0])


ASKED: dict[str, Callable[[Transaction, int], object]] = {
    "subtree": subtrees.of_node,
    "reach": subtrees.reach,
    "tree of then": lambda tx, top: as_of.tree(tx, top, Instant(tx.now + 1)),
    "below": lambda tx, top: changes.below(tx, top, "", 10),
    "in trees": lambda tx, top: changes.in_trees(tx, 1, [top], "", 10),
    "gone": lambda tx, top: changes.gone(tx, [top], Instant(2)),
    "held": marks.held_below,
    "retained": lambda tx, top: retained.below(tx, top, "a"),
    "sealed": versions.seal_below,
}


@pytest.mark.parametrize("asked", ASKED)
def test_small_folder_costs_little_in_a_large_store(large_store: Store, asked: str) -> None:
    with large_store.database.write() as tx:
        here = catalog.member(tx, 1, "here")
        gone = catalog.member(tx, 1, "gone")
        assert here is not None
        assert gone is not None
        top = here.id if asked == "gone" else gone.id
        before = rows_read(tx)

        found = ASKED[asked](tx, top)

        assert rows_read(tx) - before < MOST_READ_ROWS
    assert found != []


def test_whole_tables_are_read_in_surveys_alone(large_store: Store) -> None:
    def ways(session: Session) -> list[str]:
        session._cursor.execute("SELECT setting FROM pg_settings WHERE name IN ('enable_hashjoin', 'enable_seqscan')")
        return [row[0] for row in session._cursor.fetchall()]

    database = large_store.database
    # All reads on one connection: the one that was given back last.
    with database.survey() as session:
        assert ways(session) == ["on", "on"]
    with pytest.raises(psycopg.Error), database.survey() as session:
        session._cursor.execute("SELECT 1 / 0")
    with database.read(snapshot=True) as session:
        assert ways(session) == ["off", "off"]
    with database.read() as session:
        assert ways(session) == ["off", "off"]
    with database.write() as tx:
        assert ways(tx) == ["off", "off"]


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
def test_store_that_grows_is_not_read_as_a_whole(unchecked_store: Store, database_url: str) -> None:
    store = unchecked_store
    ann = a_user(store, "ann")
    a_document(store, ann, "/here", b"content")
    with psycopg.connect(database_url.replace("+psycopg", ""), autocommit=True) as admin:
        # As the server does by itself a minute after a store was made.
        admin.execute("ANALYZE")
        for session in [store.database.read, store.database.write] * 10:
            with session() as opened:
                resolve(opened, path("/here"), ann.principal, store.clock.now())
        admin.execute(FILLED)
        admin.execute("UPDATE store SET last_change = (SELECT max(seq) FROM change)")

    for session in store.database.write, store.database.read:
        with session() as opened:
            opened._cursor.execute("BEGIN") if session == store.database.read else None
            before = rows_read(opened)
            assert resolve(opened, path("/here"), ann.principal, store.clock.now()).node is not None
            assert rows_read(opened) - before < MOST_READ_ROWS


def test_nothing_is_compiled(large_store: Store) -> None:
    with large_store.database.read() as session:
        session._cursor.execute("SHOW jit")

        assert session._cursor.fetchone() == ("off",)
