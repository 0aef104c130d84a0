"""Windows: Explorer, and Excel on a mapped drive."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from davgate.core.store import Context, Store
from tests.builders import locks_at
from tests.clients.conftest import Run
from tests.clients.programs import Explorer, token_of
from tests.protocol.databases import on_both_databases
from tests.protocol.stored import history, trashed
from tests.server.client import Client

CONTENT = bytes(range(256)) * 273 + b"end"
WIN32 = ("Win32CreationTime", "Win32LastAccessTime", "Win32LastModifiedTime", "Win32FileAttributes")


def copy_in(explorer: Explorer, name: str, content: bytes) -> None:
    """Copy a file onto the drive, as Explorer does it."""
    assert explorer.propfind(name).status == 404
    assert explorer.put(name).status == 201
    locked = explorer.lock(name)
    assert locked.status == 200
    assert b"<D:timeout>Second-3600</D:timeout>" in locked.body
    token = token_of(locked)
    set_times(explorer, name, token)
    head = explorer.head(name)
    assert (head.status, head.headers["content-length"]) == (200, "0")
    assert explorer.put(name, content, token).status == 204
    set_times(explorer, name, token)
    assert explorer.unlock(name, token).status == 204
    assert explorer.propfind(name).status == 207


def set_times(explorer: Explorer, name: str, token: str) -> None:
    answer = explorer.set_times(name, token)
    assert answer.status == 207
    assert answer.body.count(b"HTTP/1.1 200 OK") == 1
    assert all(b":%b " % win32.encode() in answer.body for win32 in WIN32), "each with a prefix, all with 200"


@on_both_databases
def test_file_copied_in_has_one_version_and_no_lock(run: Run[Explorer], store: Store, ann: Context) -> None:
    explorer = run(Explorer, "ann")

    copy_in(explorer, "/dav/report.docx", CONTENT)

    assert [version.content.length_bytes for version in history(store, ann, "/report.docx")] == [len(CONTENT)]
    assert locks_at(store, ann, "/report.docx") == []
    assert explorer.get("/dav/report.docx").body == CONTENT


@on_both_databases
def test_fifty_files_copied_in_on_four_connections_at_once(connect: Callable[[], Client], store: Store, ann: Context) -> None:
    names = [f"/dav/file%20{number:02d}.bin" for number in range(50)]

    def copy_every_fourth(first: int) -> None:
        explorer = Explorer(connect(), "ann")
        for name in names[first::4]:
            copy_in(explorer, name, CONTENT + name.encode())

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(copy_every_fourth, range(4)))

    explorer = Explorer(connect(), "ann")
    for number, name in enumerate(names):
        assert [version.no for version in history(store, ann, f"/file {number:02d}.bin")] == [1]
        assert explorer.get(name).body == CONTENT + name.encode()


@on_both_databases
def test_excel_saves_a_new_file_by_deleting_what_it_locked(run: Run[Explorer], store: Store, ann: Context) -> None:
    excel, name = run(Explorer, "ann"), "/dav/new.xlsx"

    assert excel.put(name).status == 201
    first = token_of(excel.lock(name))
    assert excel.delete(name, first).status == 204
    assert excel.put(name).status == 201
    locked = excel.lock(name)
    second = token_of(locked)
    assert (locked.status, second != first) == (200, True)
    assert excel.put(name, CONTENT, second).status == 204
    assert excel.unlock(name, second).status == 204

    assert [version.no for version in history(store, ann, "/new.xlsx")] == [1]
    assert locks_at(store, ann, "/new.xlsx") == []


def test_drive_is_mapped_through_every_address_above_it(connect: Callable[[], Client]) -> None:
    connection = connect()
    for target in ("/", "/dav", "/dav/"):
        connection.request("OPTIONS", target, "User-Agent: DavClnt", "translate: f")
        answer = connection.response()
        assert (answer.status, answer.headers["ms-author-via"]) == (200, "DAV")
        assert answer.headers["dav"].startswith("1, 2")
    connection.request("PROPFIND", "/", *Explorer.fields, "Depth: 0", "Content-Length: 0")
    challenge = connection.response()
    assert (challenge.status, challenge.headers["www-authenticate"][:5]) == (401, "Basic")

    explorer = Explorer(connection, "ann")
    for target in ("/", "/dav"):
        assert explorer.propfind(target).status == 207
    assert explorer.propfind("/dav/", 1).status == 207


def test_folder_is_shown_quickly_without_the_files_that_explorer_looks_for(run: Run[Explorer]) -> None:
    explorer = run(Explorer, "ann")

    assert explorer.propfind("/dav/", 1).status == 207
    for name in ("desktop.ini", "folder.jpg", "folder.gif", "Thumbs.db", "AutoRun.inf"):
        assert explorer.propfind(f"/dav/{name}").status == 404


def test_file_is_opened_renamed_and_deleted(run: Run[Explorer], store: Store) -> None:
    explorer = run(Explorer, "ann")
    copy_in(explorer, "/dav/a.txt", CONTENT)
    copy_in(explorer, "/dav/c.txt", CONTENT)

    token = token_of(explorer.lock("/dav/a.txt"))
    assert explorer.get("/dav/a.txt").body == CONTENT
    assert explorer.refresh("/dav/a.txt", token).status == 200
    assert explorer.put("/dav/a.txt", b"two", token).status == 204
    assert explorer.unlock("/dav/a.txt", token).status == 204
    assert explorer.rename("/dav/a.txt", "/dav/c.txt").status == 412
    assert explorer.rename("/dav/a.txt", "/dav/b.txt").status == 201
    assert explorer.delete("/dav/b.txt").status == 204

    assert trashed(store) == ["/b.txt"]


def test_locked_file_is_renamed_and_deleted_with_an_untagged_token(run: Run[Explorer]) -> None:
    explorer = run(Explorer, "ann")
    copy_in(explorer, "/dav/a.txt", CONTENT)

    assert explorer.rename("/dav/a.txt", "/dav/b.txt", token_of(explorer.lock("/dav/a.txt"))).status == 201
    assert explorer.delete("/dav/b.txt", token_of(explorer.lock("/dav/b.txt"))).status == 204
