"""Making the schema: migrations give what the tables say, preparing is safe at any time, and foreign stores are refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text
from tests.builders import SettableClock
from tests.processes import CONTEXT, start
from tests.unit.racing import Barrier, Outcomes

from davgate.model.errors import StoreUnusable
from davgate.model.instant import Instant
from davgate.storage import schema
from davgate.storage.database import Database
from davgate.storage.tables import metadata

PROCESSES = 4


@contextmanager
def opened(url: str, clock: SettableClock | None = None) -> Iterator[Database]:
    database = Database(url, clock or SettableClock())
    try:
        yield database
    finally:
        database.close()


def prepare(url: str) -> None:
    with opened(url) as database:
        schema.prepare(database)
        schema.check(database)


def prepare_together(url: str, barrier: Barrier, outcomes: Outcomes) -> None:
    barrier.wait(60.0)
    try:
        prepare(url)
    except StoreUnusable as error:
        outcomes.put(repr(error.__cause__))
    else:
        outcomes.put("")


def rows(url: str) -> dict[str, list[tuple[object, ...]]]:
    """Return all rows of all tables."""
    with opened(url) as database, database.engine.connect() as connection:
        return {
            table: [tuple(row) for row in connection.execute(text(f"SELECT * FROM {table}"))]
            for table in sorted(inspect(connection).get_table_names())
        }


def test_migrations_make_exactly_the_tables(empty_database_url: str) -> None:
    prepare(empty_database_url)

    with opened(empty_database_url) as database, database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        found = inspect(connection)
        assert set(found.get_table_names()) == {*metadata.tables, "alembic_version"}
        for name, table in metadata.tables.items():
            keys = {(tuple(key["constrained_columns"]), key["referred_table"]) for key in found.get_foreign_keys(name)}
            assert keys == {(tuple(key.column_keys), key.referred_table.name) for key in table.foreign_key_constraints}, name
            assert found.get_pk_constraint(name)["constrained_columns"] == [column.name for column in table.primary_key]
            nullable = {column["name"]: column["nullable"] for column in found.get_columns(name)}
            assert nullable == {column.name: bool(column.nullable) for column in table.columns}, name


def test_preparing_again_changes_nothing(empty_database_url: str) -> None:
    prepare(empty_database_url)
    before = rows(empty_database_url)

    prepare(empty_database_url)

    assert rows(empty_database_url) == before
    assert {table for table, found in before.items() if found} == {
        "access_grant",
        "alembic_version",
        "node",
        "principal",
        "store",
    }


def test_stores_have_ids_of_their_own(empty_database_url: str, database_url: str) -> None:
    prepare(empty_database_url)
    position = list(metadata.tables["store"].columns.keys()).index("uuid")

    (mine,), (other,) = rows(empty_database_url)["store"], rows(database_url)["store"]

    assert mine[position] != other[position]


def test_processes_that_prepare_at_once_make_one_store(empty_database_url: str) -> None:
    barrier, outcomes = CONTEXT.Barrier(PROCESSES), CONTEXT.Queue()
    processes = [start(prepare_together, empty_database_url, barrier, outcomes) for _ in range(PROCESSES)]

    assert [outcomes.get(timeout=60.0) for _ in processes] == [""] * PROCESSES
    for process in processes:
        process.join()
    found = rows(empty_database_url)
    assert (len(found["store"]), len(found["node"]), len(found["principal"])) == (1, 1, 2)


def test_looking_for_a_store_leaves_no_file_behind(tmp_path: Path) -> None:
    with opened(f"sqlite:///{tmp_path}/none.sqlite3") as database, pytest.raises(StoreUnusable):
        schema.check(database)

    assert list(tmp_path.iterdir()) == []


def test_database_that_was_never_prepared_is_refused(empty_database_url: str) -> None:
    with opened(empty_database_url) as database:
        with pytest.raises(StoreUnusable, match="davgate init"):
            schema.check(database)
    assert rows(empty_database_url) == {}


def test_store_of_a_newer_davgate_is_refused_and_left_alone(empty_database_url: str) -> None:
    prepare(empty_database_url)
    with opened(empty_database_url) as database, database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    before = rows(empty_database_url)

    with opened(empty_database_url) as database:
        for use in (schema.check, schema.prepare):
            with pytest.raises(StoreUnusable, match="newer davgate"):
                use(database)

    assert rows(empty_database_url) == before


class StoppedClock(SettableClock):
    """Is asked for the time once the tables are made, and ends the process there."""

    def now(self) -> Instant:
        raise KeyboardInterrupt


def test_preparing_that_ends_half_way_leaves_nothing(empty_database_url: str) -> None:
    with opened(empty_database_url, StoppedClock()) as database, pytest.raises(KeyboardInterrupt):
        schema.prepare(database)

    assert rows(empty_database_url) == {}
    prepare(empty_database_url)
    assert len(rows(empty_database_url)["node"]) == 1


def test_unreachable_database_is_told_plainly_and_with_the_reason(empty_database_url: str) -> None:
    missing = empty_database_url.replace("empty.sqlite3", "missing/empty.sqlite3").replace("/test_", "/missing_")

    with opened(missing) as database:
        told = r"cannot be opened(: there is none|\. Check the data folder: it has to exist|: .*does not exist\. Check that)"
        for use in (schema.check, schema.prepare):
            with pytest.raises(StoreUnusable, match=told) as caught:
                use(database)
            assert "sqlalche.me" not in str(caught.value)
            assert "\n" not in str(caught.value)
