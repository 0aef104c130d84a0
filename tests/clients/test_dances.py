"""The patterns of saving, over the wire: one document stays, with its identity, properties, grants and the versions it was given.

Each pattern goes over the wire as its program sends it: with its headers, its locks and its names beside the document.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from davgate.core import upkeep
from davgate.core.store import Context, Store
from davgate.storage.api import dances
from tests.builders import SettableClock, locks_at, node_at
from tests.clients.conftest import Run
from tests.clients.kept import FOLDER, Kept, address, contents, members, seen
from tests.clients.programs import HOST, Curl, Davfs2, Explorer, Finder, Gedit, LibreOffice, Office, Program, token_of
from tests.clients.test_explorer import copy_in
from tests.protocol.databases import on_both_databases
from tests.protocol.stored import history, trashed

WINDOW = timedelta(seconds=121)
"""As long as a name remembers who left it, and a moment."""


@pytest.fixture
def document(store: Store, ann: Context, run: Run[Curl]) -> Kept:
    return Kept.made(store, ann, run(Curl, "ann"), "Report.docx")


def move(program: Program, target: str, destination: str, *fields: str) -> int:
    """Move without saying whether to overwrite, as most programs do; return the status."""
    return program.send("MOVE", target, f"Destination: http://{HOST}{destination}", *fields, "Content-Length: 0").status


def delete(program: Program, target: str, *fields: str) -> int:
    return program.send("DELETE", target, *fields, "Content-Length: 0").status


# Content sent to the name


@on_both_databases
def test_b1_content_put_to_the_name_is_the_next_version(run: Run[Gedit], document: Kept) -> None:
    gedit = run(Gedit, "ann")
    etag = gedit.head(document.target).headers["etag"]

    assert gedit.replace(document.target, b"two", etag).status == 204
    assert gedit.replace(document.target, b"three", etag).status == 412

    document.check(b"one", b"two")


@on_both_databases
def test_b2_saves_under_one_lock_are_one_version(run: Run[Office], document: Kept) -> None:
    word = run(Office, "ann")
    token = token_of(word.lock(document.target, "Ann"))
    assert word.get(document.target).body == b"one"

    assert word.save(document.target, b"two", token).status == 204
    assert word.save(document.target, b"three", token).status == 204
    assert word.unlock(document.target, token).status == 204

    document.check(b"one", b"three")


@on_both_databases
def test_b2_file_truncated_before_it_is_written_has_no_empty_version(run: Run[Explorer], document: Kept) -> None:
    notepad = run(Explorer, "ann")
    token = token_of(notepad.lock(document.target))

    assert notepad.put(document.target, b"", token).status == 204
    assert notepad.head(document.target).headers["content-length"] == "0"
    assert notepad.put(document.target, b"two", token).status == 204
    assert notepad.unlock(document.target, token).status == 204

    document.check(b"one", b"two")


@on_both_databases
def test_b10_copy_over_the_name_is_the_next_version(run: Run[Curl], document: Kept) -> None:
    curl = run(Curl, "ann")
    other = document.beside("Template.docx")
    assert curl.put(other, b"two").status == 201

    copied = curl.send("COPY", other, f"Destination: http://{HOST}{document.target}", "Overwrite: T")

    assert copied.status == 204
    assert document.contents(f"{FOLDER}/Template.docx") == [b"two"]
    document.check(b"one", b"two", beside=("Template.docx",))


@on_both_databases
def test_b11_new_name_that_is_locked_and_filled_is_one_version(run: Run[LibreOffice], store: Store, ann: Context) -> None:
    office, name = run(LibreOffice, "ann"), "/dav/new.odt"
    locked = office.lock(name)
    assert locked.status == 201
    token = token_of(locked)
    identity = seen(office, name)

    assert office.save(name, b"one", token).status == 204
    assert office.save(name, b"two", token).status == 204
    assert office.unlock(name, token).status == 204

    assert seen(office, name) == identity
    assert contents(store, ann, "/new.odt") == [b"two"]
    assert members(office, "") == ["new.odt"]
    assert locks_at(store, ann, "/new.odt") == []


# The document moved aside and new content moved in


def save_with_word(word: Explorer, document: Kept, content: bytes, number: int = 1) -> None:
    """Open, save and close a document as Word does on a mapped drive."""
    name, owner = document.target, document.beside("~$port.docx")
    written, aside = document.beside(f"~WRD000{number}.tmp"), document.beside(f"~WRL000{number}.tmp")
    token = token_of(word.lock(name))
    assert word.get(name).status == 200
    copy_in(word, owner, b"Ann")
    copy_in(word, written, content)
    assert word.unlock(name, token).status == 204
    assert word.rename(name, aside).status == 201
    assert word.get(name).status == 404
    assert word.rename(written, name).status == 201
    locked = word.lock(name)
    assert locked.status == 200
    assert word.delete(aside).status == 204
    assert word.get(name).body == content
    assert word.unlock(name, token_of(locked)).status == 204
    assert word.delete(owner).status == 204


@on_both_databases
def test_b3_each_save_of_word_on_a_drive_is_a_version(run: Run[Explorer], document: Kept) -> None:
    word = run(Explorer, "ann")

    save_with_word(word, document, b"two")
    save_with_word(word, document, b"three", 2)

    document.check(b"one", b"two", b"three")


@on_both_databases
def test_b3_word_is_not_slowed_into_a_new_document(run: Run[Explorer], document: Kept, clock: SettableClock) -> None:
    word = run(Explorer, "ann")
    copy_in(word, document.beside("~WRD0001.tmp"), b"two")
    assert word.rename(document.target, document.beside("~WRL0001.tmp")).status == 201
    clock.advance(timedelta(seconds=119))
    upkeep.tidy(document.store)

    assert word.rename(document.beside("~WRD0001.tmp"), document.target).status == 201
    assert word.delete(document.beside("~WRL0001.tmp")).status == 204

    document.check(b"one", b"two")


@on_both_databases
@pytest.mark.parametrize(
    ("written", "aside"),
    [("34429E5E.tmp", "A9A97EC7.tmp"), ("34429E5E", "A9A97EC7"), ("RES1A2B.TMP", "Report.docx~RF1a2b3c.TMP")],
    ids=["tmp", "bare", "made-up-by-windows"],
)
def test_b3x_save_of_excel_on_a_drive_is_a_version(run: Run[Explorer], document: Kept, written: str, aside: str) -> None:
    excel = run(Explorer, "ann")
    copy_in(excel, document.beside(written), b"two")

    assert excel.rename(document.target, document.beside(aside)).status == 201
    assert excel.rename(document.beside(written), document.target).status == 201
    token = token_of(excel.lock(document.target))
    assert excel.delete(document.beside(aside)).status == 204
    assert excel.unlock(document.target, token).status == 204

    document.check(b"one", b"two")
    assert trashed(document.store) == []


@on_both_databases
def test_b3_save_with_names_that_nobody_knows_is_a_version(run: Run[Explorer], document: Kept) -> None:
    program, written, aside = run(Explorer, "ann"), document.beside("working.dat"), document.beside("former.dat")
    copy_in(program, written, b"two")

    assert program.rename(document.target, aside).status == 201
    assert program.rename(written, document.target).status == 201
    assert program.delete(aside).status == 204

    document.check(b"one", b"two")
    assert trashed(document.store) == []


@on_both_databases
@pytest.mark.parametrize("is_locked", [False, True], ids=["made", "locked"])
def test_b3_document_put_back_over_the_file_that_could_not_be_written_is_as_it_was(
    run: Run[Explorer], document: Kept, is_locked: bool
) -> None:
    word, name, aside = run(Explorer, "ann"), document.target, document.beside("~WRL0001.tmp")
    assert word.rename(name, aside).status == 201
    assert word.put(name).status == 201
    if is_locked:
        token = token_of(word.lock(name))
        assert move(word, aside, name) == 423
        assert move(word, aside, name, f"If: <http://{HOST}{name}> (<{token}>)") == 204
        assert word.unlock(name, token).status == 204
    else:
        assert move(word, aside, name) == 204

    document.check(b"one")
    assert trashed(document.store) == []


@on_both_databases
def test_b3n_new_file_of_explorer_is_one_document(run: Run[Explorer], store: Store, ann: Context) -> None:
    explorer = run(Explorer, "ann")
    made, name = address("/~icrosoft Excel Worksheet.tmp"), address("/New Worksheet.xlsx")
    assert explorer.put(made).status == 201

    assert explorer.rename(made, name).status == 201
    token = token_of(explorer.lock(name))
    assert explorer.put(name, b"one", token).status == 204
    assert explorer.unlock(name, token).status == 204

    assert contents(store, ann, "/New Worksheet.xlsx") == [b"one"]
    assert members(explorer, "") == ["New Worksheet.xlsx"]
    assert (locks_at(store, ann, "/New Worksheet.xlsx"), trashed(store)) == ([], [])


def opened_and_closed(finder: Finder, target: str, content: bytes) -> None:
    """Read a file as the Finder lets a program read one that it may write later."""
    locked = finder.lock(target)
    assert locked.status == 200
    assert finder.get(target).body == content
    assert finder.unlock(target, token_of(locked)).status == 204


def created(finder: Finder, target: str, content: bytes) -> str:
    """Make a file, write it, and return the token of its lock."""
    assert finder.propfind(target, "getlastmodified").status == 404
    assert finder.create(target).status == 201
    token = token_of(finder.lock(target))
    assert finder.upload(target, content, token).status == 204
    return token


def save_with_word_on_a_mac(word: Finder, document: Kept, content: bytes) -> None:
    name, written, aside = document.target, document.beside("Word Work File D_1.tmp"), document.beside("Word Work File L_2.tmp")
    beside_written, beside_name = document.beside("._Word Work File D_1.tmp"), document.beside("._Report.docx")
    before = word.get(name).body
    for _ in range(2):
        opened_and_closed(word, name, before)
    assert word.propfind(document.beside("MCF-Report.docx"), "getlastmodified").status == 404
    token = created(word, written, content)
    assert word.unlock(beside_written, created(word, beside_written, b"fork")).status == 204
    for missing in ("Backup of Report.docx", "Word Work File L_2.tmp"):
        assert word.propfind(document.beside(missing), "getlastmodified").status == 404
    assert move(word, name, aside) == 201
    for _ in range(2):
        opened_and_closed(word, aside, before)
    assert move(word, written, name, f"If: (<{token}>)") == 201
    for _ in range(2):
        opened_and_closed(word, name, content)
    assert delete(word, beside_written) == 204
    fork = word.lock(beside_name)
    assert fork.status in (200, 201)
    assert word.upload(beside_name, b"fork", token_of(fork)).status == 204
    assert word.unlock(beside_name, token_of(fork)).status == 204
    assert delete(word, aside) == 204


@on_both_databases
def test_b4_each_save_of_word_on_a_mac_is_a_version(run: Run[Finder], document: Kept) -> None:
    word = run(Finder, "ann")

    save_with_word_on_a_mac(word, document, b"two")
    save_with_word_on_a_mac(word, document, b"three")

    document.check(b"one", b"two", b"three", beside=("._Report.docx",))
    assert history(document.store, document.ann, f"{FOLDER}/._Report.docx") == ()


@on_both_databases
def test_b5_safe_save_of_a_mac_program_is_a_version(run: Run[Finder], document: Kept) -> None:
    text_edit, folder = run(Finder, "ann"), "Report.docx.sb-5a6b7c8d-abcdef"
    written = document.beside(f"{folder}/Report.docx")
    assert text_edit.send("MKCOL", f"{document.beside(folder)}/").status == 201
    assert text_edit.unlock(written, created(text_edit, written, b"two")).status == 204

    assert move(text_edit, written, document.target) == 204
    assert delete(text_edit, f"{document.beside(folder)}/") == 204

    document.check(b"one", b"two")
    assert trashed(document.store) == []


@on_both_databases
@pytest.mark.parametrize("folder", ["Report.docx.sb-5a6b7c8d-abcdef", ".TemporaryItems"])
@pytest.mark.parametrize("is_emptied", [False, True], ids=["as-a-whole", "file-by-file"])
def test_b5_document_moved_into_the_folder_for_saving_is_replaced_by_a_version(
    run: Run[Finder], document: Kept, folder: str, is_emptied: bool
) -> None:
    pages, written, aside = run(Finder, "ann"), document.beside(f"{folder}/new.docx"), document.beside(f"{folder}/old.docx")
    assert pages.send("MKCOL", f"{document.beside(folder)}/").status == 201
    assert pages.unlock(written, created(pages, written, b"two")).status == 204

    assert move(pages, document.target, aside) == 201
    assert move(pages, written, document.target) == 201
    if is_emptied:
        assert delete(pages, aside) == 204
    assert delete(pages, f"{document.beside(folder)}/") == 204

    document.check(b"one", b"two")


@on_both_databases
def test_b6_save_of_vim_on_a_mount_is_a_version(run: Run[Davfs2], document: Kept, clock: SettableClock) -> None:
    save_with_vim(run(Davfs2, "ann"), document, b"two", clock)

    document.check(b"one", b"two")


@on_both_databases
@pytest.mark.parametrize("backup_goes", ["first", "last"])
def test_b6_document_emptied_on_purpose_is_a_version(run: Run[Davfs2], document: Kept, backup_goes: str) -> None:
    vim, name, backup = run(Davfs2, "ann"), document.target, document.beside("Report.docx~")
    assert move(vim, name, backup, "Overwrite: T") == 201
    token = token_of(vim.lock(name, "If-None-Match: *"))
    if backup_goes == "first":
        assert delete(vim, backup) == 204
    assert vim.save(name, b"", token).status == 204
    assert vim.unlock(name, token).status == 204
    if backup_goes == "last":
        assert delete(vim, backup) == 204

    document.check(b"one", b"")


def save_with_vim(vim: Davfs2, document: Kept, content: bytes, clock: SettableClock) -> None:
    """Write a file with a backup, as vim does; davfs2 uploads it ten seconds later."""
    name, backup = document.target, document.beside("Report.docx~")
    swap, swap_too, probe = (document.beside(temporary) for temporary in (".Report.docx.swp", ".Report.docx.swx", "4913"))
    for temporary in (swap, swap_too, probe):
        made = vim.lock(temporary, "If-None-Match: *")
        assert made.status == 201
        if temporary == swap:
            assert vim.save(temporary, b"swap", token_of(made)).status == 204
            assert vim.unlock(temporary, token_of(made)).status == 204
        else:
            assert delete(vim, temporary, f"If: <http://{HOST}{temporary}> (<{token_of(made)}>)") == 204
    assert move(vim, name, backup, "Overwrite: T") == 201
    locked = vim.lock(name, "If-None-Match: *")
    assert locked.status == 201
    etag = vim.head(name).headers["etag"]
    clock.advance(timedelta(seconds=10))
    assert vim.save(name, content, token_of(locked), f"If-Match: {etag}").status == 204
    assert vim.unlock(name, token_of(locked)).status == 204
    assert delete(vim, backup) == 204
    assert delete(vim, swap) == 204


@on_both_databases
def test_b7_file_moved_over_a_locked_name_is_a_version_when_the_lock_is_shown(run: Run[Davfs2], document: Kept) -> None:
    program, name, written = run(Davfs2, "ann"), document.target, document.beside("Report.docx.tmp")
    made = program.lock(written, "If-None-Match: *")
    assert program.save(written, b"two", token_of(made)).status == 204
    assert program.unlock(written, token_of(made)).status == 204
    token = token_of(program.lock(name))

    assert move(program, written, name, "Overwrite: T") == 423
    assert move(program, written, name, "Overwrite: T", f"If: <http://{HOST}{name}> (<{token}>)") == 204
    assert locks_at(document.store, document.ann, document.where) != []
    assert program.unlock(name, token).status == 204

    document.check(b"one", b"two")


TEMPORARY = [".Report.docx.Xa3f9K", "lu8f3k2.tmp", "Report.docx.tmp"]


@on_both_databases
@pytest.mark.parametrize("temporary", TEMPORARY)
def test_b7_file_moved_over_the_name_is_a_version(run: Run[Davfs2], document: Kept, temporary: str) -> None:
    program, written = run(Davfs2, "ann"), document.beside(temporary)
    made = program.lock(written, "If-None-Match: *")
    assert made.status == 201
    assert program.save(written, b"two", token_of(made)).status == 204
    assert program.unlock(written, token_of(made)).status == 204

    assert move(program, written, document.target, "Overwrite: T") == 204

    document.check(b"one", b"two")
    assert trashed(document.store) == []


@on_both_databases
@pytest.mark.parametrize("temporary", TEMPORARY)
def test_b7_file_moved_to_the_name_of_what_was_deleted_is_a_version(run: Run[Curl], document: Kept, temporary: str) -> None:
    keepass, written = run(Curl, "ann"), document.beside(temporary)
    assert keepass.put(written, b"two").status == 201

    assert delete(keepass, document.target) == 204
    assert move(keepass, written, document.target) == 201

    document.check(b"one", b"two")
    assert trashed(document.store) == []


BACKUPS = [
    ("Report.docx_exiftool_tmp", "Report.docx_original"),
    ("Report.C29", "Report.backup.docx"),
    ("x1.tmp", "Report.docx.bak"),
]


@on_both_databases
@pytest.mark.parametrize(("written", "backup"), BACKUPS)
def test_b8_backup_that_stays_is_a_document_of_its_own(run: Run[Finder], document: Kept, written: str, backup: str) -> None:
    program = run(Finder, "ann")
    assert program.unlock(document.beside(written), created(program, document.beside(written), b"two")).status == 204

    assert move(program, document.target, document.beside(backup)) == 201
    assert move(program, document.beside(written), document.target) == 201

    document.check(b"one", b"two", beside=(backup,))
    assert document.contents(f"{FOLDER}/{backup}") == [b"one"]
    assert seen(program, document.beside(backup))[0] != document.resource_id


@on_both_databases
@pytest.mark.parametrize("is_deleted", [False, True], ids=["moved-over", "deleted-first"])
def test_b8_backup_of_before_makes_way_for_the_new_one(run: Run[Curl], document: Kept, is_deleted: bool) -> None:
    editor, backup = run(Curl, "ann"), document.beside("Report.docx.bak")
    assert editor.put(backup, b"zero").status == 201

    if is_deleted:
        assert delete(editor, backup) == 204
    assert move(editor, document.target, backup) == (201 if is_deleted else 204)
    assert editor.put(document.target, b"two").status == 201

    document.check(b"one", b"two", beside=("Report.docx.bak",))
    assert document.contents(f"{FOLDER}/Report.docx.bak") == [b"one"]
    assert trashed(document.store) == [f"{FOLDER}/Report.docx.bak"]


@on_both_databases
def test_b9_document_deleted_and_made_again_is_a_version(run: Run[Explorer], document: Kept) -> None:
    explorer = run(Explorer, "ann")
    assert explorer.delete(document.target).status == 204

    copy_in(explorer, document.target, b"two")

    document.check(b"one", b"two")
    assert trashed(document.store) == []


# Saves that are cut off

LEFT_AT = ["~WRL0001.tmp", "A9A97EC7.tmp", "A9A97EC7", "Report.docx~", "Word Work File L_2.tmp"]


@on_both_databases
@pytest.mark.parametrize("aside", LEFT_AT)
def test_b12_document_whose_program_died_is_back_after_the_window(
    run: Run[Explorer], document: Kept, clock: SettableClock, aside: str
) -> None:
    dying = run(Explorer, "ann")
    assert dying.rename(document.target, document.beside(aside)).status == 201
    assert seen(dying, document.beside(aside)) == (document.resource_id, "Ann")
    clock.advance(WINDOW)

    upkeep.tidy(document.store)

    document.check(b"one")


@on_both_databases
def test_b12_document_left_in_a_folder_for_saving_is_back_after_the_window(
    run: Run[Finder], document: Kept, clock: SettableClock
) -> None:
    dying, folder = run(Finder, "ann"), "Report.docx.sb-5a6b7c8d-abcdef"
    assert dying.send("MKCOL", f"{document.beside(folder)}/").status == 201
    assert move(dying, document.target, document.beside(f"{folder}/old.docx")) == 201
    clock.advance(WINDOW)

    upkeep.tidy(document.store)

    document.check(b"one", beside=(f"{folder}/",))


@on_both_databases
def test_b12_what_the_dead_program_had_written_stays_beside(run: Run[Explorer], document: Kept, clock: SettableClock) -> None:
    dying = run(Explorer, "ann")
    copy_in(dying, document.beside("~WRD0001.tmp"), b"two")
    assert dying.rename(document.target, document.beside("~WRL0001.tmp")).status == 201
    clock.advance(WINDOW)

    upkeep.tidy(document.store)

    document.check(b"one", beside=("~WRD0001.tmp",))
    assert dying.get(document.beside("~WRD0001.tmp")).body == b"two"


@on_both_databases
def test_b12_name_taken_meanwhile_stays_with_who_took_it(
    run: Run[Explorer], document: Kept, clock: SettableClock, store: Store, bob: Context
) -> None:
    dying, other = run(Explorer, "ann"), run(Explorer, "bob")
    assert dying.rename(document.target, document.beside("~WRL0001.tmp")).status == 201
    assert other.put(document.target, b"theirs").status == 201
    clock.advance(WINDOW)

    upkeep.tidy(store)

    assert contents(store, bob, document.where) == [b"theirs"]
    assert seen(other, document.beside("~WRL0001.tmp")) == (document.resource_id, "Ann")


@on_both_databases
def test_b12_document_deleted_by_a_dead_program_waits_in_the_trash(
    run: Run[Curl], document: Kept, clock: SettableClock, store: Store
) -> None:
    dying = run(Curl, "ann")
    assert delete(dying, document.target) == 204
    clock.advance(WINDOW)
    upkeep.tidy(store)

    assert dying.put(document.target, b"two").status == 201

    assert seen(dying, document.target)[0] != document.resource_id
    assert trashed(store) == [document.where]
    with store.database.read() as session:
        assert dances.at(session, node_at(store, document.ann, FOLDER).id, "Report.docx") is None
