"""The checker finds each kind of damage, calls it by its name, and finds nothing else."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import ForeignKeyConstraint, text
from tests.builders import (
    LARGE,
    SettableClock,
    a_collection,
    a_document,
    a_lock,
    a_user,
    findings,
    holding,
    opened_store,
    path,
    put,
)
from tests.conftest import CopiedStore, FreshDatabase
from tests.unit import registered
from tests.unit.filed import a_file, made, made_folder, rest, save, say

from davgate.cli.main import Exit, main
from davgate.core import (
    checking_out,
    copying,
    deleted,
    deleting,
    documents,
    marking,
    moving,
    objects,
    revisions,
    sessions,
    temporary_files,
    uploads,
)
from davgate.core.objects import Changes, NewObject
from davgate.core.second_names import Alias
from davgate.core.sessions import VersionsPer
from davgate.core.store import Context, Store
from davgate.model.instant import FOREVER, Instant
from davgate.model.locks import Depth, Scope
from davgate.model.node import ROOT_ID, NodeKind
from davgate.model.properties import PropertyUpdate
from davgate.storage.checking.invariants import RULES
from davgate.storage.checking.verify import Finding, verify, verify_schema
from davgate.storage.tables import metadata


def tamper(store: Store, *statements: str) -> None:
    """Run plain SQL past all rules of the database."""
    with store.database.engine.connect() as connection:
        connection.exec_driver_sql(
            "PRAGMA foreign_keys = OFF" if store.database.is_sqlite else "SET session_replication_role = replica"
        )
        for statement in statements:
            assert connection.execute(text(statement)).rowcount != 0, f"{statement} changes nothing"
        connection.invalidate()


def codes(found: list[Finding]) -> set[str]:
    return {finding.code for finding in found}


@dataclass(frozen=True)
class Filled:
    """A store in which there is something of everything; nobody has it open."""

    url: str
    folder: Path
    ann: Context
    ends_at: Instant


@pytest.fixture(scope="module")
def filled(fresh_database: FreshDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Filled]]:
    """Fill a store of each kind once."""
    with ExitStack() as stack:

        @cache
        def of_kind(kind: str) -> Filled:
            folder, clock = tmp_path_factory.mktemp("filled"), SettableClock()
            url = stack.enter_context(fresh_database(kind, folder))
            with opened_store(url, folder, clock) as store:
                ann = a_user(store, "ann")
                fill(store, ann, a_user(store, "bob"), clock)
            return Filled(url, folder, ann, clock.now())

        yield of_kind


@pytest.fixture
def ann(filled: Callable[[str], Filled], database_kind: str) -> Context:
    return filled(database_kind).ann


@pytest.fixture
def rich(
    filled: Callable[[str], Filled], database_kind: str, copied_store: CopiedStore, clock: SettableClock, tmp_path: Path
) -> Iterator[Store]:
    """A copy of a filled store, to be damaged."""
    original = filled(database_kind)
    clock.set(original.ends_at)
    with copied_store(original.url, original.folder, tmp_path) as url, opened_store(url, tmp_path, clock) as store:
        yield store


def fill(store: Store, ann: Context, bob: Context, clock: SettableClock) -> None:
    """Leave something of everything."""

    def step() -> None:
        clock.advance(timedelta(seconds=1))

    for where, contents in {
        "/f/a.txt": (b"one", b"two!", LARGE),
        "/f/sub/b": (b"three",),
        "/moved-from": (b"four",),
        "/gone/inside": (b"five",),
        "/e\u0301": (b"six",),
    }.items():
        for content in contents:
            step()
            a_document(store, ann, where, content)
    step()
    put(store, ann, "/pending", b"")
    step()
    moving.move(store, bob, path("/moved-from"), path("/f/moved"), overwrite=False)
    step()
    copying.copy(store, bob, path("/f"), path("/copied"), overwrite=False)
    step()
    deleting.delete(store, bob, path("/gone"))
    step()
    documents.patch_properties(store, ann, path("/f/a.txt"), [PropertyUpdate(("urn:x", "p"), '<p xmlns="urn:x">1</p>')])
    step()
    a_lock(store, ann, "/f/a.txt", owner="exclusive")
    deep = a_lock(store, ann, "/f/sub", scope=Scope.SHARED, depth=Depth.INFINITY, owner="deep")
    a_lock(store, holding(bob, deep), "/f/sub/b", scope=Scope.SHARED, owner="below")
    a_collection(store, ann, "/empty")
    _work_on_it(store, ann, step)
    step()
    registered.create(store, ann)
    tamper(store, "INSERT INTO membership (group_id, member_id) VALUES (0, 2)")
    tamper(
        store,
        "INSERT INTO app_password (id, principal_id, name, secret_hash, rights, tree_id, created_at, expires_at)"
        " VALUES (1, 2, 'phone', 'hash', 1, 1, 0, 1)",
    )
    assert findings(store) == []


def _work_on_it(store: Store, ann: Context, step: Callable[[], None]) -> None:
    """Leave what edit sessions, save dances and check-outs leave: earlier saves, a merged file, working and rescue copies."""
    held = holding(ann, a_lock(store, ann, "/session"))
    for content in (b"seven!!", b"eight!!"):
        step()
        put(store, held, "/session", content)
    put(store, ann, "/~save.tmp", b"nine!!!")
    moving.move(store, held, path("/~save.tmp"), path("/session"), overwrite=True)
    marking.set_label(store, ann, path("/session"), 1, "final", may_move=False)
    for where in ("/working", "/rescued"):
        a_document(store, ann, where, b"ten....")
        checking_out.check_out(store, ann, path(where))
        for content in (b"eleven.", b"twelve."):
            step()
            put(store, ann, where, content)
    checking_out.cancel(store, a_user(store, "root", is_admin=True), path("/rescued"))
    sessions.set_versions_per(store, ann, path("/f/sub"), VersionsPer.SAVE)
    step()
    _file_in_it(store, ann, step)


def _file_in_it(store: Store, ann: Context, step: Callable[[], None]) -> None:
    """Leave what the REST doors leave: typed metadata, second names, documents without content, an upload under way."""
    filed = made_folder(store, ann, "filed", title="Filed")
    said = made(store, ann, b"thirteen", "said.txt", place=filed.id, alias=Alias("document"), title="Said", keywords=["a", "b"])
    bare = made(store, ann, None, place=filed.id, alias=Alias("document"), title="Bare")
    late = made(store, ann, None, place=filed.id, title="Late")
    step()
    say(store, ann, said.id, title="Said again")
    say(store, ann, bare.id, title="Bare still")
    save(store, ann, late.id, b"fourteen", "late.txt")
    step()
    save(store, ann, said.id, b"fifteen!", "said.txt", metadata={"description": "with content"})
    objects.update(store, rest(ann), bare.id, Changes(streams={"annex": a_file(store, b"sixteen.", "annex.txt")}))
    objects.create(store, rest(ann), ("LoRA",), NewObject(NodeKind.OBJECT, "registered", {"title": "An object"}))
    uploads.begin(store, ann, filed.id, 10, {"filename": "up.txt"})
    _revise_in_it(store, ann, step)


def _revise_in_it(store: Store, ann: Context, step: Callable[[], None]) -> None:
    """Leave revisions, a logical name, numbers of types, a temporary file, and something that was deleted and came back."""
    new = NewObject(NodeKind.DOCUMENT, None, {"title": "Named"}, a_file(store, b"seventeen", "named.txt"))
    named = revisions.create(store, rest(ann), ROOT_ID, new, name="NAMED").it.node
    for title in ("First", "Second"):
        step()
        revisions.update(store, rest(ann), named.id, lambda _, title=title: Changes({"title": title}), revise=True)
    step()
    deleting.delete(store, rest(ann), named.id)
    deleted.restore(store, rest(ann), named.id)
    revisions.number_types(store, ["dynacase:MY_ARTICLE"])
    temporary_files.keep(store, rest(ann), a_file(store, b"eighteen.."), timedelta(days=1))


A, SUB, B, MOVED, INSIDE, PENDING = (
    f"(SELECT min(id) FROM node WHERE name = '{name}')" for name in ("a.txt", "sub", "b", "moved", "inside", "pending")
)
GONE = "(SELECT node_id FROM trash)"
SAID = "(SELECT node_id FROM alias WHERE name = 'document-1')"
BARE = "(SELECT node_id FROM alias WHERE name = 'document-2')"
B_DIGEST = "(SELECT digest FROM version WHERE length_bytes = 5 AND document_id = (SELECT min(id) FROM node WHERE name = 'b'))"
OF_VERSION_2 = f"(SELECT {{}} FROM version WHERE document_id = {A} AND no = 2)"

DAMAGES: list[tuple[str, tuple[str, ...]]] = [
    ("root-missing", ("UPDATE node SET name = 'x', name_key = 'x' WHERE id = 1",)),
    (
        "parent-not-collection",
        (
            f"UPDATE node SET parent_id = {A} WHERE id = {MOVED}",
            f"UPDATE placement SET parent_id = {A} WHERE node_id = {MOVED} AND to_at = {FOREVER}",
        ),
    ),
    (
        "unreachable",
        (
            f"UPDATE placement SET parent_id = {SUB} WHERE node_id = {SUB}",
            f"UPDATE node SET parent_id = {SUB} WHERE id = {SUB}",
        ),
    ),
    ("lost", ("DELETE FROM trash",)),
    ("name-torn", (f"UPDATE node SET name_key = 'other' WHERE id = {B}",)),
    ("name-torn", ("UPDATE node SET name_key = name WHERE name = 'e\u0301'",)),
    ("name-torn", (f"UPDATE node SET name_key = NULL WHERE id = {B}",)),
    (
        "name-torn",
        (
            f"UPDATE placement SET name = 'b/b' WHERE node_id = {B}",
            f"UPDATE node SET name = 'b/b', name_key = 'b/b' WHERE id = {B}",
        ),
    ),
    ("name-torn", (f"UPDATE node SET name = 'gone', name_key = 'gone' WHERE id = {GONE}",)),
    ("name-torn", (f"UPDATE node SET name_key = 'gone' WHERE id = {GONE}",)),
    ("content-torn", (f"UPDATE node SET length_bytes = NULL WHERE id = {B}",)),
    ("content-torn", (f"UPDATE node SET digest = {B_DIGEST} WHERE id = {SUB}",)),
    ("current-differs", (f"UPDATE node SET digest = {B_DIGEST} WHERE id = {A}",)),
    ("current-differs", (f"UPDATE node SET length_bytes = 7 WHERE id = {A}",)),
    ("current-differs", (f"UPDATE node SET media_type = 'x/y' WHERE id = {A}",)),
    ("current-differs", (f"UPDATE node SET modified_at = modified_at - 1 WHERE id = {A}",)),
    ("current-differs", (f"UPDATE node SET version_no = 4 WHERE id = {A}",)),
    (
        "version-number",
        (
            f"UPDATE node SET version_no = 2, digest = {OF_VERSION_2.format('digest')},"
            f" length_bytes = {OF_VERSION_2.format('length_bytes')} WHERE id = {A}",
        ),
    ),
    (
        "version-number",
        (
            f"UPDATE version SET no = 0 WHERE document_id = {A} AND no = 1",
        ),
    ),
    (
        "version-order",
        tuple(f"UPDATE version SET {column} = {OF_VERSION_2.format('opened_at')} WHERE document_id = {A} AND no = 1"
              for column in ("opened_at", "saved_at", "sealed_at")),
    ),
    ("version-times", (f"UPDATE version SET saved_at = opened_at - 1 WHERE document_id = {A} AND no = 1",)),
    ("version-times", (f"UPDATE version SET saved_at = sealed_at + 1 WHERE document_id = {A} AND no = 1",)),
    ("version-open", (f"UPDATE version SET session = 'x', sealed_at = {FOREVER} WHERE document_id = {A} AND no = 1",)),
    (
        "label-twice",
        tuple(
            "INSERT INTO version_mark (document_id, version_no, kind, label, marked_by, marked_at)"
            f" VALUES ({A}, {no}, 'label', 'final', 2, 1)"
            for no in (1, 2)
        ),
    ),
    *(
        (
            "save-misplaced",
            (
                "INSERT INTO save (document_id, version_no, saved_at, author_id, media_type, digest, length_bytes)"
                f" SELECT document_id, no, {moment}, author_id, media_type, digest, length_bytes FROM version"
                f" WHERE document_id = {A} AND no = 1",
            ),
        )
        for moment in ("opened_at - 1", "sealed_at + 1")
    ),
    (
        "blob-unrecorded",
        (
            f"DELETE FROM blob WHERE digest = {B_DIGEST}",
            "UPDATE store SET stored_bytes = stored_bytes - 5",
        ),
    ),
    (
        "length-differs",
        tuple(f"UPDATE {table} SET length_bytes = 6 WHERE digest = {B_DIGEST}" for table in ("node",))
        + (f"UPDATE version SET length_bytes = 6 WHERE digest = {B_DIGEST}",),
    ),
    ("stored-bytes", ("UPDATE store SET stored_bytes = stored_bytes + 1",)),
    ("placement-differs", (f"UPDATE placement SET name = 'x' WHERE node_id = {B}",)),
    ("placement-differs", (f"UPDATE placement SET parent_id = 1 WHERE node_id = {B}",)),
    ("placement-differs", (f"DELETE FROM placement WHERE node_id = {B}",)),
    ("placement-differs", (f"UPDATE placement SET to_at = to_at - 1 WHERE node_id = {B}",)),
    ("placement-open", (f"UPDATE placement SET to_at = {FOREVER} WHERE node_id = {GONE}",)),
    ("bare-place-differs", (f"UPDATE bare_place SET parent_id = 1 WHERE node_id = {BARE}",)),
    ("bare-place-differs", (f"UPDATE bare_place SET to_at = to_at - 1 WHERE node_id = {BARE}",)),
    ("bare-place-differs", (f"DELETE FROM bare_place WHERE node_id = {BARE}",)),
    ("bare-place-open", (f"INSERT INTO bare_place (node_id, from_at, to_at, parent_id) VALUES ({B}, 1, {FOREVER}, 1)",)),
    ("placement-overlap", (f"UPDATE placement SET to_at = to_at + 1 WHERE node_id = {MOVED} AND to_at < {FOREVER}",)),
    ("placement-overlap", (f"UPDATE placement SET to_at = from_at WHERE node_id = {MOVED} AND to_at < {FOREVER}",)),
    ("trash-differs", ("UPDATE trash SET name = 'x'",)),
    ("trash-differs", ("UPDATE trash SET parent_id = 2",)),
    (
        "trash-differs",
        (
            "INSERT INTO trash (node_id, parent_id, name, path, deleted_at, deleted_by)"
            f" SELECT id, parent_id, name, '', modified_at, created_by FROM node WHERE id = {MOVED}",
        ),
    ),
    ("lock-stray", (f"UPDATE lock SET node_id = {INSIDE} WHERE owner = 'below'",)),
    ("lock-stray", (f"UPDATE lock SET node_id = {GONE} WHERE owner = 'exclusive'",)),
    ("lock-conflict", (f"UPDATE lock SET node_id = {A} WHERE owner = 'below'",)),
    ("lock-conflict", ("UPDATE lock SET scope = 'exclusive' WHERE owner = 'below'",)),
    ("lock-conflict", ("UPDATE lock SET scope = 'exclusive' WHERE owner = 'deep'",)),
    ("lock-torn", ("UPDATE lock SET scope = 'x' WHERE owner = 'exclusive'",)),
    ("lock-torn", ("UPDATE lock SET depth = '1' WHERE owner = 'exclusive'",)),
    ("lock-torn", ("UPDATE lock SET holding = '' WHERE owner = 'exclusive'",)),
    ("lock-torn", ("UPDATE lock SET timeout_seconds = NULL WHERE owner = 'exclusive'",)),
    ("lock-torn", ("UPDATE lock SET owner = '<a>' WHERE owner = 'exclusive'",)),
    ("property-torn", ("UPDATE dead_property SET xml = '<p xmlns=\"urn:x\">' WHERE name = 'p'",)),
    ("property-torn", ("UPDATE dead_property SET xml = '<p/>' WHERE name = 'p'",)),
    ("property-torn", ("UPDATE dead_property SET xml = '' WHERE name = 'p'",)),
    ("property-torn", ("UPDATE dead_property SET name = 'q' WHERE name = 'p'",)),
    ("change-gap", ("DELETE FROM change WHERE seq = 2",)),
    ("change-gap", ("DELETE FROM change WHERE seq = 1",)),
    ("change-gap", ("UPDATE store SET last_change = last_change + 1",)),
    ("change-gap", ("UPDATE change SET seq = 0 WHERE seq = 3",)),
    ("change-unaudited", ("UPDATE change SET changed_at = 1 WHERE seq = 1",)),
    ("audit-missing", ("DELETE FROM audit WHERE action = 'lock'",)),
    ("audit-missing", ("UPDATE store SET last_audit = last_audit + 1",)),
    ("audit-altered", ("UPDATE audit SET client = '127.0.0.2' WHERE id = 3",)),
    ("audit-head", ("UPDATE store SET audit_hash = (SELECT hash FROM audit WHERE id = 3)",)),
    ("next-id", ("UPDATE store SET next_id = (SELECT max(id) FROM node)",)),
    (
        "nameless",
        (
            f"UPDATE node SET name = NULL, name_key = NULL WHERE id = {SAID}",
            f"DELETE FROM placement WHERE node_id = {SAID}",
            f"INSERT INTO bare_place (node_id, from_at, to_at, parent_id)"
            f" SELECT id, created_at, {FOREVER}, parent_id FROM node WHERE id = {SAID}",
        ),
    ),
    ("current-differs", (f"UPDATE version SET has_content = 1, content_no = 0 WHERE document_id = {BARE} AND no = 3",)),
    ("version-bare", (f"UPDATE version SET digest = {B_DIGEST}, length_bytes = 5 WHERE document_id = {BARE}",)),
    ("content-number", (f"UPDATE version SET content_no = 1 WHERE document_id = {SAID} AND no = 1",)),
    ("content-number", (f"UPDATE version SET content_no = 1 WHERE document_id = {SAID} AND no = 2",)),
    ("content-number", (f"UPDATE version SET content_no = NULL WHERE document_id = {A} AND no = 1",)),
    ("content-number", (f"UPDATE version SET content_no = content_no + 1 WHERE document_id = {A}",)),
    ("streams-differ", (f"UPDATE version SET has_streams = 0 WHERE document_id = {BARE} AND no = 3",)),
    ("streams-differ", (f"UPDATE version SET has_streams = 1 WHERE document_id = {BARE} AND no = 2",)),
    ("content-lost", (f"UPDATE version SET digest = {B_DIGEST}, length_bytes = 5 WHERE document_id = {SAID} AND no = 2",)),
    ("revision-gap", ("UPDATE revision SET no = no + 10",)),
    ("revision-gap", ("DELETE FROM revision WHERE no = 1",)),
    ("revision-version", ("UPDATE revision SET first_no = 9 WHERE no = 2",)),
    ("revision-version", ("UPDATE revision SET first_no = 1 WHERE no = 1",)),
    ("revision-version", ("UPDATE revision SET first_no = 2 WHERE no = 2",)),
    ("number-twice", ("UPDATE revision SET id = 1 WHERE no = 2",)),
    ("number-twice", ("UPDATE type_number SET id = (SELECT max(id) FROM revision)",)),
    ("number-twice", ("UPDATE temporary_file SET id = 1",)),
    ("next-id", ("UPDATE temporary_file SET id = 1000000",)),
    ("next-id", ("UPDATE revision SET id = 1000000 WHERE no = 2",)),
    ("length-differs", ("UPDATE temporary_file SET length_bytes = 99",)),
    ("index-differs", ("DELETE FROM property_value WHERE value = 'a'",)),
    ("index-differs", ("DELETE FROM property_value",)),
    ("index-differs", ("UPDATE property_value SET value = 'c' WHERE value = 'a'",)),
    ("index-differs", (f"INSERT INTO property_value (node_id, property, value) VALUES ({B}, 'title', 'B')",)),
    ("index-differs", (f"UPDATE version SET properties = '{{}}' WHERE document_id = {BARE} AND no = 3",)),
    ("words-differ", ("DELETE FROM document_text",)),
    ("words-differ", ("UPDATE document_text SET words = ' other '",)),
    ("words-differ", (f"INSERT INTO document_text (node_id, words) VALUES ({B}, ' b ')",)),
    ("words-differ", (f"UPDATE version SET file_name = 'other.txt' WHERE document_id = {SAID} AND no = 3",)),
    ("metadata-torn", (f"UPDATE version SET properties = '[]' WHERE document_id = {BARE} AND no = 3",)),
    ("metadata-torn", (f"UPDATE version SET properties = '{{' WHERE document_id = {BARE} AND no = 3",)),
    ("trash-differs", ("UPDATE trash SET name = ''",)),
    ("value-unknown", ("UPDATE principal SET kind = 'cat' WHERE name = 'ann'",)),
    ("value-unknown", (f"UPDATE version SET cause = 'magic' WHERE document_id = {A} AND no = 1",)),
    ("value-unknown", ("UPDATE version_mark SET kind = 'x'",)),
    ("value-unknown", ("UPDATE access_grant SET rights = -1",)),
    ("value-unknown", ("UPDATE app_password SET rights = 1048576",)),
]  # fmt: skip


@pytest.mark.parametrize(("code", "statements"), DAMAGES, ids=[f"{code}-{n}" for n, (code, _) in enumerate(DAMAGES)])
def test_damaged_row_is_called_by_its_name(rich: Store, code: str, statements: tuple[str, ...]) -> None:
    tamper(rich, *statements)

    found = findings(rich)

    assert codes(found) == {code}, "\n".join(map(str, found))
    assert all(finding.is_damage and finding.what and finding.advice for finding in found)


FILE_DAMAGES: list[tuple[str, bool, Callable[[Path], object]]] = [
    ("blob-missing", False, lambda file: file.unlink()),
    ("blob-length", False, lambda file: file.write_bytes(LARGE[:-1])),
    ("blob-length", False, lambda file: file.write_bytes(LARGE + b"!")),
    ("blob-length", False, lambda file: file.write_bytes(b"")),
    ("blob-corrupt", True, lambda file: file.write_bytes(LARGE[:-1] + b"!")),
    ("blob-corrupt", True, lambda file: file.write_bytes(bytes([LARGE[0] ^ 1]) + LARGE[1:])),
]


def blob_file(tmp_path: Path) -> Path:
    (file,) = (file for file in (tmp_path / "blobs").rglob("*") if file.is_file())
    return file


@pytest.mark.parametrize(("code", "needs_data", "damage"), FILE_DAMAGES)
def test_damaged_file_is_called_by_its_name(
    rich: Store, tmp_path: Path, code: str, needs_data: bool, damage: Callable[[Path], object]
) -> None:
    damage(blob_file(tmp_path))

    assert codes(findings(rich)) == {code}
    assert codes(findings(rich, read_data=False)) == (set() if needs_data else {code})


@pytest.mark.parametrize(
    ("code", "needs_data", "body"),
    [("blob-length", False, "three!"), ("blob-length", False, ""), ("blob-corrupt", True, "tHree")],
)
def test_damaged_content_in_a_row_is_called_by_its_name(rich: Store, code: str, needs_data: bool, body: str) -> None:
    tamper(
        rich,
        f"UPDATE blob SET body = CAST('{body}' AS {'BLOB' if rich.database.is_sqlite else 'BYTEA'}) WHERE digest = {B_DIGEST}",
    )

    assert codes(findings(rich)) == {code}
    assert codes(findings(rich, read_data=False)) == (set() if needs_data else {code})


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize("where", [0.05, 0.3, 0.6, 0.9])
def test_page_of_the_database_that_was_overwritten_is_damage(rich: Store, where: float, database_kind: str) -> None:
    file = Path(str(rich.database.url.database))
    with rich.database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.invalidate()
    rich.database.close()
    with file.open("r+b") as opened:
        pages = opened.seek(0, 2) // 4096
        opened.seek(max(1, int(pages * where)) * 4096)
        opened.write(b"\xa5" * 4096)

    found = [*verify_schema(rich.database), *findings(rich)]

    assert any(finding.is_damage for finding in found)
    rich.database.close()


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_database_that_is_none_is_damage(rich: Store, database_kind: str) -> None:
    rich.database.close()
    Path(str(rich.database.url.database)).write_bytes(b"this is no database" * 1000)

    assert codes([*verify_schema(rich.database), *findings(rich)]) == {"database-broken"}
    rich.database.close()


def test_unreadable_file_is_damage(rich: Store, tmp_path: Path) -> None:
    file = blob_file(tmp_path)
    file.unlink()
    file.mkdir()

    assert codes(findings(rich)) & {"blob-length", "blob-corrupt"}


@pytest.mark.parametrize("what", ["missing", "a file"])
def test_blob_folder_that_cannot_be_listed_is_damage(rich: Store, tmp_path: Path, what: str) -> None:
    shutil.rmtree(tmp_path / "blobs")
    if what == "a file":
        (tmp_path / "blobs").write_bytes(b"")

    assert codes(findings(rich)) == {"blobs-unreadable"}


def test_leftovers_are_notes_and_no_damage(rich: Store, tmp_path: Path) -> None:
    (tmp_path / "blobs" / "staging" / "leftover").write_bytes(b"half")
    (tmp_path / "blobs" / "00").mkdir(exist_ok=True)
    (tmp_path / "blobs" / "00" / ("0" * 62)).write_bytes(b"nobody's, and not even of this digest")

    found = findings(rich)

    assert {(finding.code, finding.is_damage) for finding in found} == {("blob-orphan", False), ("staging-leftover", False)}


KEYS = [
    (table.name, key)
    for table in metadata.sorted_tables
    for key in sorted(table.foreign_key_constraints, key=lambda key: tuple(key.column_keys))
    if table.name != "version_stream"
]


@pytest.mark.parametrize(
    ("table", "key"), KEYS, ids=lambda value: value if isinstance(value, str) else "-".join(value.column_keys)
)
def test_row_that_refers_to_nothing_is_found(rich: Store, table: str, key: ForeignKeyConstraint) -> None:
    column = key.column_keys[0]
    tamper(rich, f"UPDATE {table} SET {column} = 999999 WHERE {column} = (SELECT max({column}) FROM {table})")

    found = findings(rich)

    assert "reference-broken" in codes(found)
    assert any(f"a row of {table} has {', '.join(key.column_keys)} = 999999" in finding.what for finding in found)


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_torn_database_page_is_found(rich: Store, tmp_path: Path) -> None:
    rich.database.close()
    file = tmp_path / "davgate.sqlite3"
    content = bytearray(file.read_bytes())
    page = content.find(b"moved-from") // 4096
    content[page * 4096 + 8 : page * 4096 + 64] = b"\xa5" * 56
    file.write_bytes(content)

    found = findings(rich)

    assert "database-broken" in codes(found)


@pytest.mark.parametrize(
    "statement", ["DROP INDEX node_by_name", "ALTER TABLE audit DROP COLUMN client", "CREATE TABLE more (x INTEGER)"]
)
def test_changed_schema_is_found(rich: Store, statement: str) -> None:
    assert list(verify_schema(rich.database)) == []
    with rich.database.engine.connect() as connection:
        connection.execute(text(statement))

    assert codes(list(verify_schema(rich.database))) == {"schema-differs"}


def test_missing_table_is_damage(rich: Store) -> None:
    with rich.database.engine.connect() as connection:
        connection.execute(text("DROP TABLE save"))

    assert codes(list(verify_schema(rich.database))) == {"schema-differs"}
    assert codes(findings(rich)) <= {"schema-differs", "database-broken"} and findings(rich)


def test_every_rule_has_its_damage() -> None:
    damaged = {code for code, _ in DAMAGES} | {code for code, *_ in FILE_DAMAGES}

    assert {rule.code for rule in RULES} - damaged == {"reference-broken"}


def test_finding_tells_where_for_people(rich: Store) -> None:
    tamper(rich, f"UPDATE node SET media_type = 'x/y' WHERE id = {A}", "UPDATE store SET stored_bytes = 1")

    lines = sorted(str(finding) for finding in findings(rich))

    assert lines[0].startswith("current-differs: node 3 (/f/a.txt): its current version 3 does not exist or is not what")
    assert lines[1].startswith("stored-bytes: store: 1 bytes are said to be stored, ")


def test_checking_does_not_stop_at_the_first_damage(rich: Store, tmp_path: Path) -> None:
    tamper(rich, "UPDATE store SET stored_bytes = 1", f"UPDATE placement SET name = 'x' WHERE node_id = {B}")
    blob_file(tmp_path).unlink()

    assert codes(findings(rich)) == {"stored-bytes", "placement-differs", "blob-missing"}


def test_what_is_written_meanwhile_is_not_judged(rich: Store, ann: Context, tmp_path: Path) -> None:
    checking = verify(rich.database, rich.blobs, read_data=True)
    tamper(rich, "UPDATE store SET stored_bytes = stored_bytes + 1")
    first = next(checking)

    put(rich, ann, "/new", LARGE[::-1])
    deleting.delete(rich, ann, path("/empty"))

    assert first.code == "stored-bytes"
    assert {finding.code for finding in checking if finding.is_damage} == set()


# The command


def test_command_tells_a_whole_store_from_a_damaged_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "data"
    assert main(["init", "--data", str(data)]) == Exit.DONE
    capsys.readouterr()

    assert main(["fsck", "--data", str(data), "--read-data"]) == Exit.DONE
    assert capsys.readouterr().out == "Every invariant holds.\n"

    (data / "blobs" / "staging" / "leftover").write_bytes(b"half")
    with closing(sqlite3.connect(data / "davgate.sqlite3")) as connection, connection:
        connection.execute("UPDATE store SET stored_bytes = 7, next_id = 1")
    assert main(["fsck", "--data", str(data)]) == Exit.DAMAGED
    said = capsys.readouterr()
    assert [line.partition(":")[0] for line in said.out.splitlines()] == ["stored-bytes", "next-id"]
    assert said.err.splitlines()[0].startswith("Note: staging-leftover: store: 1 upload")
    assert said.err.splitlines()[-1] == "Damage found: 2."


@pytest.mark.parametrize("what", ["missing", "empty"])
def test_command_that_cannot_check_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str], what: str) -> None:
    data = tmp_path / "data"
    if what != "missing":
        data.mkdir()

    assert main(["fsck", "--data", str(data)]) == Exit.FAILED

    assert capsys.readouterr().err.startswith("davgate: ")


def test_store_is_not_made_anew_over_the_contents_of_a_lost_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "data"
    assert main(["init", "--data", str(data)]) == Exit.DONE
    content = data / "blobs" / "00" / ("0" * 62)
    content.parent.mkdir()
    content.write_bytes(b"the only copy")
    assert main(["init", "--data", str(data)]) == Exit.DONE, "the database is there"
    for file in data.glob("davgate.sqlite3*"):
        file.unlink()
    capsys.readouterr()

    assert main(["init", "--data", str(data)]) == Exit.FAILED

    assert "Put the database back" in capsys.readouterr().err
    assert not (data / "davgate.sqlite3").exists()
