"""A store of the first schema is brought up to date with everything in it: documents, versions, places, locks, trash."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import MetaData, Table, insert, inspect, text
from tests.builders import (
    LARGE,
    START,
    SettableClock,
    all_versions,
    content_of,
    findings,
    locks_at,
    members_of,
    opened_store,
    path,
    put,
    read,
)
from tests.unit.edited import rescued, under
from tests.unit.filed import described, line_of, said_of, say

from davgate.core import moving, time_travel, trash, versioning
from davgate.core.searching import Search, search
from davgate.core.store import Context, Store
from davgate.model.conditions import Conditions, IfList, StateToken
from davgate.model.errors import Locked, SaveKept, StoreUnusable
from davgate.model.indexing import TOP
from davgate.model.instant import FOREVER, Instant
from davgate.model.principal import SIGNED_IN_ID, SYSTEM_ID, Principal
from davgate.model.query import Compares, HasValue, Operator, Property, Words, equals
from davgate.model.rights import EDITOR
from davgate.storage import schema
from davgate.storage.api import access, places
from davgate.storage.blobs import DiskBlobs
from davgate.storage.database import Database

SECOND = 1_000_000
AHEAD_SECOND = 90_000
EDITOR_THEN = 191
"""The rights of an editor as they were stored then."""
ANN = Context(Principal(7, "ann", 0), editing=True)
BOB = Context(Principal(8, "bob", 0), editing=True)
ROOT, FOLDER, DOCUMENT, MOVED, DELETED, PENDING, DELETED_FOLDER, MEMBER, AHEAD = range(1, 10)
E_ACUTE = "e\u0301"
LIVE, ENDED = (f"{digit * 8}-{digit * 4}-{digit * 4}-{digit * 4}-{digit * 12}" for digit in "12")


def at(second: int) -> int:
    return START - 1000 * SECOND + second * SECOND


def digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


class FirstStore:
    """A database at the first revision, filled row by row; ``then`` at a later one, to which it was brought with all of it."""

    def __init__(self, database: Database, *, then: str = "0001") -> None:
        self._database = database
        self._made: dict[bytes, bytes] = {}
        with database.alone(), database.engine.begin() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE" if database.is_sqlite else "BEGIN")
            config = schema._config()
            config.attributes["connection"] = connection
            command.upgrade(config, "0001")
            tables = MetaData()
            tables.reflect(connection)
            self._tables = tables.tables
            self._connection = connection
            self._fill()
            command.upgrade(config, then)

    def _add(self, table: str, **values: Any) -> None:
        known: Table = self._tables[table]
        self._connection.execute(insert(known).values(**values))

    def _fill(self) -> None:
        for identity, name in ((SIGNED_IN_ID, "signed in"), (SYSTEM_ID, "system"), (7, "ann"), (8, "bob")):
            self._add("principal", id=identity, name=name, kind="user", epoch=0, is_admin=0, is_disabled=0, created_at=at(0))
        self._node(ROOT, None, None, at(0), kind=1)
        self._add("access_grant", node_id=ROOT, principal_id=SIGNED_IN_ID, rights=EDITOR_THEN)
        self._node(FOLDER, ROOT, "f", at(1), kind=1)
        self._node(DOCUMENT, FOLDER, "a.txt", at(2), contents=(b"one", LARGE, b"three"))
        self._node(
            MOVED, FOLDER, E_ACUTE, at(10), contents=(b"moved",), placed=((10, 20, ROOT, "b"), (20, None, FOLDER, E_ACUTE))
        )
        self._node(DELETED, None, None, at(30), contents=(b"gone",), placed=((30, 40, ROOT, "d.txt"),))
        self._add("trash", node_id=DELETED, parent_id=ROOT, name="d.txt", path="/d.txt", deleted_at=at(40), deleted_by=7)
        self._node(PENDING, ROOT, "pending", START)
        self._add("dead_property", node_id=DOCUMENT, namespace="urn:x", name="p", xml='<p xmlns="urn:x">1</p>')
        self._node(DELETED_FOLDER, None, None, at(50), kind=1, placed=((50, 60, FOLDER, "sub"),))
        self._add("trash", node_id=DELETED_FOLDER, parent_id=FOLDER, name="sub", path="/f/sub", deleted_at=at(60), deleted_by=7)
        self._node(MEMBER, DELETED_FOLDER, "m.txt", at(51), contents=(b"m", b"member"))
        # Saved again after the clock had gone ahead and was set back: the version had to be younger than the one before.
        self._node(AHEAD, ROOT, "ahead.txt", at(AHEAD_SECOND), contents=(b"early", b"later"))
        self._add("dead_property", node_id=MEMBER, namespace="", name="q", xml="<q/>")
        self._add("access_grant", node_id=FOLDER, principal_id=8, rights=EDITOR_THEN)
        self._lock(LIVE, DOCUMENT, taken_at=START)
        self._lock(ENDED, MOVED, taken_at=START - 3601 * SECOND)
        for seq, second in enumerate((1, 2, 10, 20, 30, 40, AHEAD_SECOND, 60), start=1):
            self._add(
                "change", seq=seq, changed_at=at(second), action="content", node_id=DOCUMENT, parent_id=FOLDER, name="a.txt"
            )
            self._add("audit", at=at(second), principal_id=7, action="save", path="/", detail="{}", request_id="", client="")
        for content, body in self._made.items():
            self._add("blob", digest=content, length_bytes=len(body), stored_at=START, body=None if body == LARGE else body)
        stored = sum(map(len, self._made.values()))
        self._add("store", id=1, uuid="a-store", next_id=AHEAD + 1, last_change=8, stored_bytes=stored, key=b"k" * 32)

    def _lock(self, token: str, node_id: int, *, taken_at: int) -> None:
        self._add(
            "lock",
            token=token,
            node_id=node_id,
            scope="exclusive",
            depth="0",
            holding="token",
            principal_id=7,
            owner="ann",
            timeout_seconds=3600,
            taken_at=taken_at,
            expires_at=taken_at + 3600 * SECOND,
        )

    def _node(
        self,
        identity: int,
        parent: int | None,
        name: str | None,
        made: int,
        *,
        kind: int = 2,
        contents: tuple[bytes, ...] = (),
        placed: tuple[tuple[int, int | None, int, str], ...] = (),
    ) -> None:
        last = contents[-1] if contents else None
        self._made |= {digest(content): content for content in contents}
        self._add(
            "node",
            id=identity,
            uuid=f"00000000-0000-4000-8000-{identity:012d}",
            kind=kind,
            parent_id=parent,
            name=name,
            name_key={E_ACUTE: "\u00e9"}.get(name or "", name),
            created_at=made,
            created_by=7,
            modified_at=made + max(0, len(contents) - 1) * SECOND,
            version_no=len(contents),
            digest=None if last is None else digest(last),
            length_bytes=None if last is None else len(last),
            media_type=None if last is None else "text/plain",
        )
        for no, content in enumerate(contents, start=1):
            opened = made + (no - 1) * SECOND
            self._add(
                "version",
                document_id=identity,
                no=no,
                cause="created" if no == 1 else "save",
                opened_at=opened,
                sealed_at=None if no == 3 else opened,
                author_id=7,
                comment="",
                origin="",
                file_name=name or "d.txt",
                media_type="text/plain",
                digest=digest(content),
                length_bytes=len(content),
                properties="{}",
            )
        if not placed and parent is not None:
            placed = (((made - at(0)) // SECOND, None, parent, name or ""),)
        for begin, end, where, called in placed:
            self._add(
                "placement",
                node_id=identity,
                from_at=at(begin),
                to_at=FOREVER if end is None else at(end),
                parent_id=where,
                name=called,
            )


def rows(database: Database) -> dict[str, list[dict[str, object]]]:
    """Return all rows of all tables."""
    with database.engine.connect() as connection:
        return {
            table: [dict(row) for row in connection.execute(text(f"SELECT * FROM {table}")).mappings()]
            for table in inspect(connection).get_table_names()
            if table != "alembic_version"
        }


def contents(store: Store, where: str) -> list[bytes]:
    """Return the contents of all versions."""
    versions = all_versions(store, ANN, path(where))
    return [read(versioning.open_version(store, ANN, path(where), version.no)[2]) for version in versions]


def test_every_row_is_kept_with_all_its_values(empty_database_url: str) -> None:
    database = Database(empty_database_url, SettableClock())
    FirstStore(database)
    before = rows(database)

    schema.prepare(database)

    after = rows(database)
    database.close()
    for version in before["version"]:
        version["sealed_at"] = version["sealed_at"] or version["opened_at"]
    for given in before["access_grant"]:
        given["rights"] = EDITOR.value
    for signing in before["store"]:
        # Nothing was ever signed with it.
        del signing["key"]
    for table, former in before.items():
        kept = [{name: row[name] for name in (former or after[table])[0]} for row in after[table]]
        assert sorted(map(repr, kept)) == sorted(map(repr, former)), table
    assert {table for table, found in after.items() if found} == {table for table, found in before.items() if found}


@pytest.fixture
def upgraded(empty_database_url: str, tmp_path: Path) -> Any:
    """A store of the first schema, brought up to date and opened."""
    clock = SettableClock()
    database = Database(empty_database_url, clock)
    FirstStore(database)
    with pytest.raises(StoreUnusable, match="davgate init"):
        schema.check(database)
    schema.prepare(database)
    schema.check(database)
    database.close()
    blobs = DiskBlobs(tmp_path / "blobs", clock, inline_limit_bytes=0)
    blobs.prepare()
    with blobs.stage() as staging:
        staging.write(memoryview(LARGE))
        staging.finish()
    with opened_store(empty_database_url, tmp_path, clock) as store:
        yield store


def test_every_invariant_holds_afterwards(upgraded: Store) -> None:
    assert findings(upgraded) == []


def test_documents_and_versions_are_as_they_were(upgraded: Store) -> None:
    assert members_of(upgraded, ANN, "/") == ["ahead.txt", "f", "pending"]
    assert members_of(upgraded, ANN, "/f") == ["a.txt", E_ACUTE]
    assert content_of(upgraded, ANN, "/f/a.txt") == b"three"
    assert content_of(upgraded, ANN, "/f/\u00e9") == b"moved"
    assert contents(upgraded, "/f/a.txt") == [b"one", LARGE, b"three"]
    assert contents(upgraded, "/f/\u00e9") == [b"moved"]
    versions = all_versions(upgraded, ANN, path("/f/a.txt"))
    assert not any(version.is_open(upgraded.clock.now()) for version in versions)


def test_past_is_shown_from_the_first_place_on(upgraded: Store) -> None:
    def then(second: int, where: str) -> bytes:
        opened = time_travel.open_content(upgraded, ANN, Instant(at(second)), path(where))
        assert opened is not None
        return read(opened)

    assert then(2, "/f/a.txt") == b"one"
    assert then(15, "/b") == b"moved"
    assert then(25, "/f/\u00e9") == b"moved"
    assert then(35, "/d.txt") == b"gone"
    assert then(55, "/f/sub/m.txt") == b"member"


def test_trash_gives_back_what_was_deleted_before(upgraded: Store) -> None:
    assert [(entry.path, entry.deleted_by) for entry in trash.entries(upgraded, ANN)] == [("/d.txt", "ann"), ("/f/sub", "ann")]

    for node_id in (DELETED, DELETED_FOLDER):
        trash.restore(upgraded, ANN, node_id)

    assert content_of(upgraded, ANN, "/d.txt") == b"gone"
    assert contents(upgraded, "/f/sub/m.txt") == [b"m", b"member"]
    assert findings(upgraded) == []


def test_lock_stands_and_the_saves_under_it_are_one_session(upgraded: Store) -> None:
    (lock,) = locks_at(upgraded, ANN, "/f/a.txt")
    held = under(ANN, lock)
    with pytest.raises(Locked):
        put(upgraded, BOB, "/f/a.txt", b"bob's")

    assert put(upgraded, held, "/f/a.txt", b"four").node.version_no == 4
    assert put(upgraded, held, "/f/a.txt", b"four at last").node.version_no == 4

    assert lock.token == LIVE
    assert findings(upgraded) == []


def test_lock_that_had_ended_has_no_grace_and_a_save_under_it_is_kept(upgraded: Store) -> None:
    assert locks_at(upgraded, ANN, f"/f/{E_ACUTE}") == []
    ended = Conditions(if_lists=(IfList(None, (StateToken(ENDED),)),))

    with pytest.raises(SaveKept):
        put(upgraded, replace(ANN, conditions=ended, tokens=ended.submitted_tokens()), f"/f/{E_ACUTE}", b"late")

    assert contents(upgraded, f"/f/{E_ACUTE}") == [b"moved"]
    assert [content for _, _, content in rescued(upgraded, ANN)] == [b"late"]
    assert findings(upgraded) == []


def test_history_goes_on_behind_all_that_is_there_though_the_clock_had_been_ahead(upgraded: Store) -> None:
    put(upgraded, ANN, "/ahead.txt", b"now")
    moving.move(upgraded, ANN, path("/ahead.txt"), path("/f/ahead.txt"), overwrite=False)

    assert contents(upgraded, "/f/ahead.txt") == [b"early", b"later", b"now"]
    assert findings(upgraded) == []


def test_upgrading_again_changes_nothing(upgraded: Store) -> None:
    schema.prepare(upgraded.database)

    with upgraded.database.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM version")).scalar() == 9
        assert "former_placement" not in inspect(connection).get_table_names()


def test_whoever_could_edit_everything_may_give_programs_their_own_alone(upgraded: Store) -> None:
    with upgraded.database.read() as session:
        granted = access.grants_on(session, [ROOT, FOLDER])

    assert {grant.rights for grant in granted} == {EDITOR.value}


# From the third schema on


def test_store_of_the_third_schema_comes_up_with_its_versions_counted_by_content(empty_database_url: str, tmp_path: Path) -> None:
    clock = SettableClock()
    database = Database(empty_database_url, clock)
    FirstStore(database, then="0003")
    with database.engine.begin() as connection:
        # The second version was thinned. Its number is not given again, and neither is that by content.
        connection.execute(text(f"DELETE FROM version WHERE document_id = {DOCUMENT} AND no = 2"))

    schema.prepare(database)
    database.close()

    with opened_store(empty_database_url, tmp_path, clock) as store:
        with store.blobs.stage() as staging:
            staging.write(memoryview(LARGE))
            staging.finish()
        assert counted(store, DOCUMENT) == [(1, True, 0, {}), (3, True, 2, {})]
        assert counted(store, MEMBER) == [(1, True, 0, {}), (2, True, 1, {})]
        (lock,) = locks_at(store, ANN, "/f/a.txt")
        assert not lock.is_stealable
        clock.advance(timedelta(seconds=1))
        say(store, under(ANN, lock), DOCUMENT, title="Said now")
        clock.advance(timedelta(seconds=1))
        put(store, under(ANN, lock), "/f/a.txt", b"four")
        assert counted(store, DOCUMENT)[2:] == [(4, True, 2, {"title": "Said now"}), (5, True, 3, {"title": "Said now"})]
        for where, contains in ((FOLDER, {"title": "F"}), (AHEAD, {"title": "Ahead"})):
            say(store, ANN, where, **contains)
            assert said_of(store, ANN, where) == contains
        assert described(store, ANN, DOCUMENT).said.type is None
        assert findings(store, read_data=False) == []


def counted(store: Store, node_id: int) -> list[tuple[int, bool, int | None, dict[str, object]]]:
    """Return number, whether there is content, the number by content, and what is said, of all versions."""
    return [(one.no, one.has_content, one.content_no, dict(one.metadata)) for one in line_of(store, node_id)]


def test_trash_of_the_third_schema_keeps_no_addresses(empty_database_url: str, tmp_path: Path) -> None:
    database = Database(empty_database_url, SettableClock())
    FirstStore(database, then="0003")
    schema.prepare(database)
    database.close()

    with opened_store(empty_database_url, tmp_path, SettableClock()) as store:
        assert [entry.keeps_address for entry in trash.entries(store, ANN)] == [False, False]
        trash.restore(store, ANN, DELETED)
        assert counted(store, DELETED) == [(1, True, 0, {})]


# From the fourth schema on


def test_store_of_the_fourth_schema_is_searched_by_size_and_by_words(empty_database_url: str, tmp_path: Path) -> None:
    clock = SettableClock()
    database = Database(empty_database_url, clock)
    FirstStore(database, then="0004")
    said = {"title": "Über Nacht", "x:count": 12, "x:many": [7, -3], "description": "x" * 500, "x:table": [["cell", None]]}
    with database.engine.begin() as connection:
        for node_id in (MOVED, AHEAD):
            values = {"said": json.dumps(said, ensure_ascii=False), "id": node_id}
            connection.execute(text("UPDATE version SET properties = :said WHERE document_id = :id"), values)
            for name, value in (("title", "Über Nacht"), ("x:count", "12"), ("x:many", "7"), ("x:many", "-3")):
                row = {"name": name, "value": value, "id": node_id}
                connection.execute(text("INSERT INTO property_value (property, value, node_id) VALUES (:name, :value, :id)"), row)

    schema.prepare(database)
    database.close()

    with opened_store(empty_database_url, tmp_path, clock) as store:
        assert not [one for one in findings(store, read_data=False) if one.code in ("index-differs", "words-differ")]
        for condition in (
            Compares(Property("x:count"), Operator.GREATER, 7),
            Compares(Property("x:many"), Operator.LESS, -2.5),
            equals(Property("description"), "x" * 500),
            HasValue(Property("x:table")),
            Words("über CELL"),
        ):
            assert [one.node.id for one in search(store, ANN, Search(condition)).items] == [MOVED, AHEAD]
        assert search(store, ANN, Search(Compares(Property("x:count"), Operator.GREATER, 12))).total == 0


def test_names_parts_and_places_are_known_after_an_upgrade(empty_database_url: str, tmp_path: Path) -> None:
    database = Database(empty_database_url, SettableClock())
    FirstStore(database, then="0005")
    with database.engine.begin() as connection:
        current = "SELECT version.digest FROM version JOIN node ON node.id = document_id AND version_no = no WHERE node.id = :id"
        for node_id, is_other in ((MOVED, False), (AHEAD, True)):
            known = bytes(connection.execute(text(current), {"id": node_id}).scalar_one()).hex().upper()
            part = {"id": f"ID-{node_id}", "range": "0-1", "digest": "X" if is_other else known}
            said = json.dumps({"title": "x", "yuuvis:contentStream": part})
            connection.execute(
                text("UPDATE version SET properties = :said WHERE document_id = :id"), {"said": said, "id": node_id}
            )
            connection.execute(text("INSERT INTO document_text (node_id, words) VALUES (:id, ' x old ')"), {"id": node_id})
            for name, value in (("title", "x"), ("yuuvis:contentStream", TOP)):
                row = {"name": name, "value": value, "id": node_id}
                connection.execute(text("INSERT INTO property_value (property, value, node_id) VALUES (:name, :value, :id)"), row)
        connection.execute(
            text("UPDATE version SET file_name = 'old' WHERE document_id IN (:moved, :ahead, :document)"),
            {"moved": MOVED, "ahead": AHEAD, "document": DOCUMENT},
        )
        bare = text("UPDATE node SET name = NULL, name_key = NULL WHERE id = :id")
        connection.execute(bare, {"id": PENDING})
        connection.execute(text("DELETE FROM placement WHERE node_id = :id"), {"id": PENDING})

    schema.prepare(database)
    database.close()

    with opened_store(empty_database_url, tmp_path, SettableClock()) as store:
        codes = ("index-differs", "words-differ", "bare-place-differs", "bare-place-open")
        assert not [one for one in findings(store, read_data=False) if one.code in codes]
        part_of = Property("yuuvis:contentStream")
        assert [one.node.id for one in search(store, ANN, Search(HasValue(part_of))).items] == [MOVED]
        assert [one.node.id for one in search(store, ANN, Search(equals(part_of, f"ID-{MOVED}"))).items] == [MOVED]
        assert {one.node.id for one in search(store, ANN, Search(Words("old"))).items} == {MOVED, AHEAD, DOCUMENT}
        with store.database.read() as session:
            (stay,) = places.of_node(session, PENDING)
        assert (stay.from_at, stay.to_at, stay.parent_id) == (START, FOREVER, ROOT)


def test_very_many_documents_are_searched_after_an_upgrade(empty_database_url: str, tmp_path: Path) -> None:
    database = Database(empty_database_url, SettableClock())
    FirstStore(database, then="0004")
    count = 2_500
    with database.engine.begin() as connection:
        columns = {
            table: ", ".join(column["name"] for column in inspect(connection).get_columns(table)) for table in ("node", "version")
        }
        for table, key in (("node", "id"), ("version", "document_id")):
            picked = columns[table].replace(key, ":id", 1)
            for own in ("uuid", "name_key", "name"):
                picked = picked.replace(f" {own},", " :name,", 1)
            copied = text(f"INSERT INTO {table} ({columns[table]}) SELECT {picked} FROM {table} WHERE {key} = {MOVED}")
            connection.execute(copied, [{"id": 100 + no, "name": f"n{no}"} for no in range(count)])
        connection.execute(text("""UPDATE version SET properties = '{"x": 1}' WHERE document_id >= 100"""))

    schema.prepare(database)
    database.close()

    with opened_store(empty_database_url, tmp_path, SettableClock()) as store:
        assert search(store, ANN, Search(equals(Property("x"), 1), most=1)).total == count
