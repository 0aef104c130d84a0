"""A document that is a folder, as programs on the Mac keep them, is the same one after each save, and so is all that is in it.

What the programs send: they write the folder anew in one for saving safely; the former one goes in there too, or beside, or is
deleted; the new one is moved to the name, and what is left of the former is deleted file by file.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import bindparam, select

from davgate.core import upkeep, versioning
from davgate.core.store import Store
from davgate.model.rights import Right
from davgate.storage.api import access
from davgate.storage.statements import Statement
from davgate.storage.tables import access_grant
from tests.builders import SettableClock, all_versions, findings, node_at, path, read, tree_of
from tests.protocol.client import SET_AUTHOR, Client
from tests.protocol.databases import on_both_databases
from tests.protocol.multistatus import members, prop_of, propfind
from tests.protocol.stored import trashed
from tests.protocol.transcripts import address, play

N = "/f/N.rtfd"
WINDOW = timedelta(seconds=121)
_GRANTS = Statement(
    select(access_grant.c.principal_id, access_grant.c.rights).where(access_grant.c.node_id == bindparam("node_id"))
)

FIRST = {"TXT.rtf": b"one", "a.png": b"picture", "Data/b.png": b"below", "Data/Deep/c.png": b"deep"}
"""What is in the document at first."""


@dataclass(frozen=True)
class Package:
    """A document that is a folder, with a dead property and a grant of its own, and what it and all in it are known by."""

    store: Store
    ann: Client
    ids: dict[str, str]

    def check(self, wanted: dict[str, list[bytes]], *, new: tuple[str, ...] = (), beside: tuple[str, ...] = ()) -> None:
        """It is the same folder with these documents and their versions, all but the new ones those that were there."""
        assert id_of(self.ann, N) == self.ids[""]
        assert prop_of(self.ann, address(N) + "/", "{urn:x}author") == "Ann"
        assert {where: contents(self.store, self.ann, where) for where in wanted} == wanted
        for where in wanted:
            is_same = id_of(self.ann, f"{N}/{where}") == self.ids.get(where)
            assert is_same is (where not in new), where
            assert self.ann.get(address(f"{N}/{where}")) == wanted[where][-1]
        files = {name for name, content in tree_of(self.store, self.ann.ctx).items() if content is not None}
        assert files == {f"{N}/{where}" for where in wanted} | set(beside)
        with self.store.database.read() as session:
            granted = session.all(_GRANTS, node_id=node_at(self.store, self.ann.ctx, N).id)
        assert granted == [(self.ann.ctx.principal.id, Right.READ.value)]
        assert findings(self.store) == []


def id_of(client: Client, where: str) -> str:
    element = next(iter(propfind(client, address(where), "resource-id").values())).properties["resource-id"].element
    return str(element.findtext("{DAV:}href"))


def contents(store: Store, client: Client, where: str) -> list[bytes]:
    """Return the contents of all versions of a member."""
    found = all_versions(store, client.ctx, path(f"{N}/{where}"))
    return [read(versioning.open_version(store, client.ctx, path(f"{N}/{where}"), version.no)[2]) for version in found]


def once(files: dict[str, bytes]) -> dict[str, list[bytes]]:
    """Return files as documents of one version each."""
    return {name: [content] for name, content in files.items()}


def write(client: Client, folder: str, files: dict[str, bytes]) -> None:
    """Write a folder as the Mac does: each file made empty, locked, filled and given free."""
    made = {folder}
    play(client, f"MKCOL '{folder}' : 201")
    for name, content in files.items():
        below = name.split("/")[:-1]
        for depth in range(1, len(below) + 1):
            inner = "/".join((folder, *below[:depth]))
            if inner not in made:
                play(client, f"MKCOL '{inner}' : 201")
                made.add(inner)
        where = f"{folder}/{name}"
        play(client, f"PUT '{where}' empty : 201")
        if content:
            play(
                client,
                f"""
                LOCK '{where}' : 200 = t
                PUT '{where}' '{content.decode()}' {{t}} : 204
                UNLOCK '{where}' {{t}} : 204
                """,
            )


def empty(client: Client, folder: str) -> None:
    """Delete a folder as the Mac does: what is listed, file by file and folder by folder, then itself."""
    for name in members(client, address(folder) + "/"):
        if name.endswith("/"):
            empty(client, f"{folder}/{name[:-1]}")
        else:
            play(client, f"DELETE '{folder}/{name}' : 204")
    play(client, f"DELETE '{folder}' : 204")


@pytest.fixture
def package(ann: Client, store: Store) -> Package:
    ann.mkcol("/dav/f")
    write(ann, N, FIRST)
    assert ann("PROPPATCH", address(N), SET_AUTHOR).status == 207
    with store.database.write() as tx:
        access.grant(tx, node_at(store, ann.ctx, N).id, ann.ctx.principal.id, Right.READ.value)
        tx.commit()
    return Package(store, ann, {"": id_of(ann, N)} | {where: id_of(ann, f"{N}/{where}") for where in FIRST})


@dataclass(frozen=True)
class Way:
    """How a program saves: where it writes, and where what was there goes; nowhere is over it."""

    scratch: str
    written: str
    aside: str | None = None
    is_deleted_first: bool = False

    def save(self, client: Client, files: dict[str, bytes]) -> None:
        if self.scratch != self.written:
            for folder in self._folders():
                client("MKCOL", address(folder))
        write(client, self.written, files)
        if self.aside is not None:
            play(client, f"MOVE {N} -> '{self.aside}' : 201")
        if self.is_deleted_first:
            empty(client, N)
        is_free = self.aside is not None or self.is_deleted_first
        play(client, f"MOVE '{self.written}' -> {N} : {201 if is_free else 204}")
        if self.aside is not None:
            empty(client, self.aside)
        if self.scratch != self.written:
            empty(client, self.scratch)

    def _folders(self) -> list[str]:
        names = self.scratch.split("/")
        return ["/".join(names[:depth]) for depth in range(2, len(names) + 1)]


SB = "/f/N.rtfd.sb-5a6b7c8d-abcdef"
ITEMS = "/.TemporaryItems/folders.501/TemporaryItems/(A Document Being Saved By TextEdit)"
BESIDE = "/f/(A Document Being Saved By TextEdit)"
WAYS = {
    "aside-into-the-folder-for-saving": Way(SB, f"{SB}/N.rtfd", f"{SB}/6F9619FF-8B86-D011-B42D-00CF4FC964FF"),
    "aside-under-the-same-name": Way(SB, f"{SB}/new", f"{SB}/N.rtfd"),
    "temporary-items-of-the-volume": Way(ITEMS, f"{ITEMS}/N.rtfd", f"{ITEMS}/old"),
    "folder-for-saving-beside": Way(BESIDE, f"{BESIDE}/N.rtfd", f"{BESIDE}/old"),
    "no-folder-around": Way(SB, SB, "/f/N.rtfd.sb-5a6b7c8d-ghijkl"),
    "deleted-file-by-file-first": Way(SB, f"{SB}/N.rtfd", is_deleted_first=True),
    "moved-over": Way(SB, f"{SB}/N.rtfd"),
}


@on_both_databases
@pytest.mark.parametrize("way", WAYS.values(), ids=list(WAYS))
def test_each_save_is_the_next_version_of_what_changed_and_of_nothing_else(package: Package, ann: Client, way: Way) -> None:
    way.save(ann, {**FIRST, "TXT.rtf": b"two"})
    package.check({"TXT.rtf": [b"one", b"two"], **{name: [FIRST[name]] for name in ("a.png", "Data/b.png", "Data/Deep/c.png")}})
    assert trashed(package.store) == []

    way.save(ann, {**FIRST, "TXT.rtf": b"three", "Data/Deep/c.png": b"deeper"})
    package.check(
        {
            "TXT.rtf": [b"one", b"two", b"three"],
            "a.png": [b"picture"],
            "Data/b.png": [b"below"],
            "Data/Deep/c.png": [b"deep", b"deeper"],
        }
    )
    assert trashed(package.store) == []


@pytest.mark.parametrize("way", WAYS.values(), ids=list(WAYS))
def test_what_is_new_is_a_document_and_what_is_gone_lies_in_the_trash(package: Package, ann: Client, way: Way) -> None:
    way.save(ann, {"TXT.rtf": b"two", "a.png": b"picture", "e.png": b"new", "More/f.png": b"newer", "Data/b.png": b"below"})

    package.check(
        {
            "TXT.rtf": [b"one", b"two"],
            "a.png": [b"picture"],
            "Data/b.png": [b"below"],
            "e.png": [b"new"],
            "More/f.png": [b"newer"],
        },
        new=("e.png", "More/f.png"),
    )
    gone = {f"{N}/Data/Deep"} | ({f"{N}/Data/Deep/c.png"} if way.is_deleted_first else set())
    assert set(trashed(package.store)) <= gone
    assert trashed(package.store)


@on_both_databases
def test_what_is_gone_comes_back_where_it_was(package: Package, ann: Client, store: Store) -> None:
    WAYS["aside-into-the-folder-for-saving"].save(ann, {name: FIRST[name] for name in FIRST if name != "a.png"})
    assert trashed(store) == [f"{N}/a.png"]

    (entry,) = [href for href in propfind(ann, "/dav/.trash/", "resourcetype", depth="1") if href != "/dav/.trash/"]
    assert ann("MOVE", entry, destination=address(f"{N}/a.png")).status == 201

    package.check(once(FIRST))


@on_both_databases
@pytest.mark.parametrize("way", WAYS.values(), ids=list(WAYS))
def test_what_is_gone_for_one_save_is_the_same_document_in_the_next(package: Package, ann: Client, way: Way) -> None:
    way.save(ann, {name: FIRST[name] for name in FIRST if name != "a.png"})
    way.save(ann, {**FIRST, "a.png": b"another"})

    package.check({**once(FIRST), "a.png": [b"picture", b"another"]})
    assert trashed(package.store) == []


@pytest.mark.parametrize("way", WAYS.values(), ids=list(WAYS))
def test_document_that_became_a_folder_and_folder_that_became_a_document_are_new(package: Package, ann: Client, way: Way) -> None:
    way.save(ann, {"TXT.rtf": b"two", "a.png/inner": b"inner", "Data": b"flat"})

    package.check(
        {"TXT.rtf": [b"one", b"two"], "a.png/inner": [b"inner"], "Data": [b"flat"]},
        new=("a.png/inner", "Data"),
    )
    assert {f"{N}/a.png", f"{N}/Data"} <= set(trashed(package.store))


@pytest.mark.parametrize("way", WAYS.values(), ids=list(WAYS))
def test_files_without_a_byte_are_so_at_once(package: Package, ann: Client, store: Store, clock: SettableClock, way: Way) -> None:
    way.save(ann, {**FIRST, "a.png": b"", "empty": b""})
    clock.advance(WINDOW)
    upkeep.tidy(store)

    package.check({**once(FIRST), "a.png": [b"picture", b""], "empty": [b""]}, new=("empty",))


def test_program_that_needs_long_to_write_a_file_without_a_byte_saves_all_the_same(
    package: Package, ann: Client, store: Store, clock: SettableClock
) -> None:
    way = WAYS["aside-into-the-folder-for-saving"]
    play(ann, f"MKCOL {SB} : 201")
    write(ann, way.written, {**FIRST, "TXT.rtf": b"two", "a.png": b""})
    clock.advance(timedelta(hours=1))
    upkeep.tidy(store)

    play(ann, f"MOVE {N} -> {way.aside} : 201")
    play(ann, f"MOVE {way.written} -> {N} : 201")

    assert contents(store, ann, "TXT.rtf") == [b"one", b"two"]
    assert contents(store, ann, "a.png") == [b"picture", b""]


# What else programs and people do with it


def test_backup_that_stays_beside_is_a_folder_of_documents_with_what_was_there(package: Package, ann: Client) -> None:
    play(ann, f"MKCOL {SB} : 201")
    write(ann, f"{SB}/N.rtfd", {**FIRST, "TXT.rtf": b"two"})

    play(ann, f"MOVE {N} -> /f/N~.rtfd : 201")
    play(ann, f"MOVE {SB}/N.rtfd -> {N} : 201")
    play(ann, f"DELETE {SB}/ : 204")

    backup = {f"/f/N~.rtfd/{name}" for name in FIRST}
    package.check({**once(FIRST), "TXT.rtf": [b"one", b"two"]}, beside=tuple(backup))
    assert {where: node_at(package.store, ann.ctx, where).version_no for where in backup} == dict.fromkeys(backup, 1)
    assert ann.get(address("/f/N~.rtfd/TXT.rtf")) == b"one"


def test_program_that_looks_at_what_it_moved_aside_finds_what_was_there(package: Package, ann: Client) -> None:
    play(ann, f"MKCOL {SB} : 201")
    write(ann, f"{SB}/N.rtfd", {**FIRST, "TXT.rtf": b"two"})
    play(ann, f"MOVE {N} -> {SB}/old : 201")
    play(ann, f"MOVE {SB}/N.rtfd -> {N} : 201")

    assert {name: ann.get(address(f"{SB}/old/{name}")) for name in FIRST} == FIRST


def test_save_that_is_taken_back_leaves_what_was_there(package: Package, ann: Client) -> None:
    play(ann, f"MKCOL {SB} : 201")
    write(ann, f"{SB}/N.rtfd", {**FIRST, "TXT.rtf": b"two"})
    play(ann, f"MOVE {N} -> {SB}/old : 201")
    play(ann, f"MOVE {SB}/old -> {N} : 201")
    play(ann, f"DELETE {SB}/ : 204")

    package.check(once(FIRST))


@on_both_databases
def test_save_that_is_taken_back_after_it_was_done_is_the_next_version(package: Package, ann: Client) -> None:
    play(ann, f"MKCOL {SB} : 201")
    write(ann, f"{SB}/N.rtfd", {**FIRST, "TXT.rtf": b"two"})
    play(ann, f"MOVE {N} -> {SB}/old : 201")
    play(ann, f"MOVE {SB}/N.rtfd -> {N} : 201")
    play(ann, f"MOVE {N} -> {SB}/N.rtfd : 201")
    play(ann, f"MOVE {SB}/old -> {N} : 201")
    empty(ann, SB)

    package.check({**once(FIRST), "TXT.rtf": [b"one", b"two", b"one"]})


@pytest.mark.parametrize("aside", [f"{SB}/old", "/f/N.rtfd.sb-5a6b7c8d-ghijkl", "/.TemporaryItems/old"])
def test_document_whose_program_died_is_back_after_the_window(
    package: Package, ann: Client, store: Store, clock: SettableClock, aside: str
) -> None:
    play(ann, f"MKCOL {SB} : 201\nMKCOL /.TemporaryItems : 201")
    write(ann, f"{SB}/N.rtfd", {"TXT.rtf": b"two"})
    play(ann, f"MOVE {N} -> {aside} : 201")
    clock.advance(WINDOW)
    upkeep.tidy(store)

    package.check(once(FIRST), beside=(f"{SB}/N.rtfd/TXT.rtf",))


def test_document_that_came_back_meanwhile_has_the_new_content_when_the_program_goes_on(
    package: Package, ann: Client, store: Store, clock: SettableClock
) -> None:
    play(ann, f"MKCOL {SB} : 201")
    write(ann, f"{SB}/N.rtfd", {**FIRST, "TXT.rtf": b"two"})
    play(ann, f"MOVE {N} -> {SB}/old : 201")
    clock.advance(WINDOW)
    upkeep.tidy(store)

    play(ann, f"MOVE {SB}/N.rtfd -> {N} : 204")

    package.check({**once(FIRST), "TXT.rtf": [b"one", b"two"]})


@pytest.mark.parametrize("name", ["/f/N.rtfd~", "/f/N.tmp", "/f/ABCDEF12", "/f/Other"])
def test_folder_that_a_person_renames_stays_where_it_is(
    package: Package, ann: Client, store: Store, clock: SettableClock, name: str
) -> None:
    play(ann, f"MOVE {N} -> {name} : 201")
    write(ann, N, {"TXT.rtf": b"theirs"})
    clock.advance(WINDOW)
    upkeep.tidy(store)

    assert id_of(ann, name) == package.ids[""]
    assert id_of(ann, f"{name}/TXT.rtf") == package.ids["TXT.rtf"]
    assert contents(store, ann, "TXT.rtf") == [b"theirs"]


def test_folder_that_a_person_moves_over_another_takes_its_place(package: Package, ann: Client, store: Store) -> None:
    write(ann, "/f/Other", {"TXT.rtf": b"theirs"})
    other = id_of(ann, "/f/Other/TXT.rtf")

    play(ann, f"MOVE /f/Other -> {N} : 204")

    assert id_of(ann, f"{N}/TXT.rtf") == other
    assert trashed(store) == [N]


def test_name_that_another_left_is_no_ones_own(package: Package, ann: Client, bob: Client, store: Store) -> None:
    play(ann, f"MKCOL {SB} : 201")
    play(ann, f"MOVE {N} -> {SB}/old : 201")
    theirs = "/f/N.rtfd.sb-00000000-abcdef"
    play(bob, f"MKCOL {theirs} : 201")
    write(bob, f"{theirs}/N.rtfd", {"TXT.rtf": b"two"})

    play(bob, f"MOVE {theirs}/N.rtfd -> {N} : 201")

    assert contents(store, bob, "TXT.rtf") == [b"two"]
    assert id_of(bob, f"{N}/TXT.rtf") != package.ids["TXT.rtf"]
    assert id_of(ann, f"{SB}/old/TXT.rtf") == package.ids["TXT.rtf"]


def test_folder_with_nothing_in_common_is_another_document_and_the_former_lies_in_the_trash_as_one(
    package: Package, ann: Client, store: Store
) -> None:
    way = Way(SB, f"{SB}/N.rtfd")

    way.save(ann, {"index.xml": b"another format"})

    assert trashed(store) == [N]
    assert contents(store, ann, "index.xml") == [b"another format"]
    assert findings(store) == []
