"""A store of the first schema is brought up to date with everything in it: documents, versions, places, locks, trash."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import MetaData, Table, insert, inspect, text
from tests.builders import LARGE, START, SettableClock, content_of, findings, locks_at, members_of, opened_store, path, put, read

from davgate.core import time_travel, trash, versioning
from davgate.core.store import Context, Store
from davgate.model.errors import StoreUnusable
from davgate.model.instant import FOREVER, Instant
from davgate.model.permissions import EDITOR
from davgate.model.principal import SIGNED_IN_ID, SYSTEM_ID, Principal
from davgate.storage import schema
from davgate.storage.blobs import DiskBlobs
from davgate.storage.database import Database

SECOND = 1_000_000
ANN = Context(Principal(7, "ann", 0), editing=True)
ROOT, FOLDER, DOCUMENT, MOVED, DELETED, PENDING = range(1, 7)
E_ACUTE = "e\u0301"
MOVES = ((10, 20, ROOT, "b"), (20, None, FOLDER, E_ACUTE))


def at(second: int) -> int:
    return START - 1000 * SECOND + second * SECOND


def digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


class FirstStore:
    """A database at the first revision, filled row by row."""

    def __init__(self, database: Database) -> None:
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

    def _add(self, table: str, **values: Any) -> None:
        known: Table = self._tables[table]
        self._connection.execute(insert(known).values(**values))

    def _fill(self) -> None:
        for identity, name in ((SIGNED_IN_ID, "signed in"), (SYSTEM_ID, "system"), (7, "ann")):
            self._add("principal", id=identity, name=name, kind="user", epoch=0, is_admin=0, is_disabled=0, created_at=at(0))
        self._node(ROOT, None, None, at(0), kind=1)
        self._add("access_grant", node_id=ROOT, principal_id=SIGNED_IN_ID, rights=EDITOR.value)
        self._node(FOLDER, ROOT, "f", at(1), kind=1)
        self._node(DOCUMENT, FOLDER, "a.txt", at(2), contents=(b"one", LARGE, b"three"))
        self._node(
            MOVED, FOLDER, E_ACUTE, at(10), contents=(b"moved",), placed=((10, 20, ROOT, "b"), (20, None, FOLDER, E_ACUTE))
        )
        self._node(DELETED, None, None, at(30), contents=(b"gone",), placed=((30, 40, ROOT, "d.txt"),))
        self._add("trash", node_id=DELETED, parent_id=ROOT, name="d.txt", path="/d.txt", deleted_at=at(40), deleted_by=7)
        self._node(PENDING, ROOT, "pending", START)
        self._add("dead_property", node_id=DOCUMENT, namespace="urn:x", name="p", xml='<p xmlns="urn:x">1</p>')
        self._add(
            "lock",
            token="11111111-1111-1111-1111-111111111111",
            node_id=DOCUMENT,
            scope="exclusive",
            depth="0",
            holding="token",
            principal_id=7,
            owner="ann",
            timeout_seconds=3600,
            taken_at=START,
            expires_at=START + 3600 * SECOND,
        )
        for seq, second in enumerate((1, 2, 10, 20, 30, 40), start=1):
            self._add(
                "change", seq=seq, changed_at=at(second), action="content", node_id=DOCUMENT, parent_id=FOLDER, name="a.txt"
            )
            self._add("audit", at=at(second), principal_id=7, action="save", path="/", detail="{}", request_id="", client="")
        for content, body in self._made.items():
            self._add("blob", digest=content, length_bytes=len(body), stored_at=START, body=None if body == LARGE else body)
        stored = sum(map(len, self._made.values()))
        self._add("store", id=1, uuid="a-store", next_id=PENDING + 1, last_change=6, stored_bytes=stored, key=b"k" * 32)

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
                sealed_at=opened,
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
    blobs = DiskBlobs(tmp_path / "blobs", inline_limit_bytes=0)
    blobs.prepare()
    with blobs.stage() as staging:
        staging.write(memoryview(LARGE))
        staging.finish()
    with opened_store(empty_database_url, tmp_path, clock) as store:
        yield store


def test_every_invariant_holds_afterwards(upgraded: Store) -> None:
    assert findings(upgraded) == []


def test_documents_and_versions_are_as_they_were(upgraded: Store) -> None:
    assert members_of(upgraded, ANN, "/") == ["f", "pending"]
    assert members_of(upgraded, ANN, "/f") == ["a.txt", E_ACUTE]
    assert content_of(upgraded, ANN, "/f/a.txt") == b"three"
    assert content_of(upgraded, ANN, "/f/\u00e9") == b"moved"
    for no, content in enumerate((b"one", LARGE, b"three"), start=1):
        _, version, opened = versioning.open_version(upgraded, ANN, path("/f/a.txt"), no)
        assert read(opened) == content
        assert not version.is_open(upgraded.clock.now())


def test_past_is_shown_from_the_first_place_on(upgraded: Store) -> None:
    def then(second: int, where: str) -> bytes:
        opened = time_travel.open_content(upgraded, ANN, Instant(at(second)), path(where))
        assert opened is not None
        return read(opened)

    assert then(2, "/f/a.txt") == b"one"
    assert then(15, "/b") == b"moved"
    assert then(25, "/f/\u00e9") == b"moved"
    assert then(35, "/d.txt") == b"gone"


def test_trash_gives_back_what_was_deleted_before(upgraded: Store) -> None:
    (entry,) = trash.entries(upgraded, ANN)
    assert (entry.path, entry.deleted_by) == ("/d.txt", "ann")

    trash.restore(upgraded, ANN, DELETED)

    assert content_of(upgraded, ANN, "/d.txt") == b"gone"
    assert findings(upgraded) == []


def test_lock_stands_and_the_next_save_goes_on(upgraded: Store) -> None:
    (lock,) = locks_at(upgraded, ANN, "/f/a.txt")
    held = Context(ANN.principal, tokens=frozenset({lock.token}), editing=True)

    assert put(upgraded, held, "/f/a.txt", b"four").node.version_no == 4
    assert findings(upgraded) == []


def test_upgrading_again_changes_nothing(upgraded: Store) -> None:
    schema.prepare(upgraded.database)

    with upgraded.database.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM version")).scalar() == 5
        assert "former_placement" not in inspect(connection).get_table_names()
