"""The rules of how programs save, as tables: which names are a program's own, and what each arrival at a name means."""

from __future__ import annotations

import ast
import inspect
from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Final

import pytest
from tests.builders import START

from davgate.model import editing
from davgate.model.editing import (
    OUTCOMES,
    PLACEHOLDER,
    SCRATCH_AGE,
    Arrival,
    Leftover,
    Outcome,
    There,
    Vacated,
    Whereabouts,
    carries_content,
    continues,
    goes_back,
    is_backup,
    is_derived,
    is_late_return,
    is_long_lived,
    is_placeholder,
    is_scratch,
    is_temporary_folder,
    is_transient,
    is_transient_place,
    leftover_of_return,
    may_be_a_persons,
    outcome,
    what_is_there,
)
from davgate.model.instant import Instant, after
from davgate.model.node import Cause, Content, Node, NodeKind, Version
from davgate.model.paths import TreePath
from davgate.model.principal import Principal

ANN = Principal(7, "ann", epoch=0)
BOB = Principal(8, "bob", epoch=0)
ROOT = Principal(9, "root", epoch=0, is_admin=True)

SECOND, WINDOW = timedelta(seconds=1), timedelta(minutes=2)
FOLDER, ELSEWHERE = 40, 41

BYTES = Content(b"\x01" * 32, 5, "text/plain")
NO_BYTES = Content(b"\x02" * 32, 0, "text/plain")
ONE_BYTE = Content(b"\x03" * 32, 1, "text/plain")


def a_node(
    name: str = "report.docx", *, no: int = 1, content: Content | None = BYTES, created_at: Instant = START, node_id: int = 50
) -> Node:
    return Node(node_id, "uuid", NodeKind.DOCUMENT, FOLDER, name, created_at, created_at, no, content, created_by=ANN.id)


def a_folder() -> Node:
    return replace(a_node("folder", no=0, content=None), kind=NodeKind.COLLECTION)


# Names

SIDECARS: Final = [
    "._report.docx",
    ".DS_Store",
    "Thumbs.db",
    "thumbs.db",
    "ehthumbs.db",
    "desktop.ini",
    "Desktop.ini",
    "~$report.docx",
    "~$port.docx",
    ".~lock.report.odt#",
    ".report.txt.swp",
    ".report.txt.swo",
    ".report.txt.swx",
    "4913",
    ".#report.txt",
    "#report.txt#",
    ".nfs00000000012345",
    ".fuse_hidden0000001200000001",
    ".davfs.tmp1a2b3c",
]

CARRIERS: Final = [
    "~WRD0000.tmp",
    "~WRL0001.tmp",
    "~WRA0002",
    "34429E5E.tmp",
    "34429E5E",
    "~DF1234.tmp",
    "ppt8E2.tmp",
    "Word Work File D_1.tmp",
    "report.tmp",
    "lu12345abc.tmp",
    "ps3F21.tmp",
    "ABC1A2B.TMP",
    "report.docx~RF1a2b3c.TMP",
    "report.docx~",
    "~",
    ".report.docx~",
    ".~report.docx",
    "report.docx.part",
    "report.docx.partial",
    ".goutputstream-9KXQZ1",
    "photo.jpg_exiftool_tmp",
]

DOCUMENTS: Final = [
    "report.docx",
    "report.bak",
    "report.docx_original",
    "Backup of report.docx",
    "tmp",
    ".tmp",
    "report.tmp.docx",
    "a4913",
    "49130",
    "DS_Store",
    "Thumbs.db.txt",
    "my desktop.ini",
    "folder.jpg",
    "34429e5e",
    "34429E5",
    "34429E5E0",
    "34429E5E.docx",
    "#1 of 3",
    "C#",
    "~WRA",
    ".swp",
    "party",
    "departed",
    ".hidden",
    ".gitignore",
    "part",
    "_.report.docx",
    "x._report",
]


@pytest.mark.parametrize("name", SIDECARS)
def test_sidecar_is_a_programs_own_and_never_the_only_copy(name: str) -> None:
    assert is_transient(name)
    assert not carries_content(name)
    assert not may_be_a_persons(name)


@pytest.mark.parametrize("name", CARRIERS)
def test_carrier_is_a_programs_own_and_may_be_the_only_copy(name: str) -> None:
    assert is_transient(name)
    assert carries_content(name)
    assert not is_long_lived(name)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_other_names_are_documents(name: str) -> None:
    assert not is_transient(name)
    assert carries_content(name)
    assert not is_long_lived(name)


def test_names_that_people_give_too_are_those_without_a_telling_mark() -> None:
    given = {name for name in [*SIDECARS, *CARRIERS, *DOCUMENTS] if may_be_a_persons(name)}

    wanted = {"34429E5E.tmp", "34429E5E", "ppt8E2.tmp", "Word Work File D_1.tmp", "report.tmp", "lu12345abc.tmp", "ps3F21.tmp"}
    assert given == wanted | {"ABC1A2B.TMP", "report.docx~RF1a2b3c.TMP"}


def test_what_goes_with_a_document_or_folder_lives_as_long_as_it() -> None:
    assert {name for name in SIDECARS if is_long_lived(name)} == {"._report.docx", ".DS_Store", "desktop.ini", "Desktop.ini"}


@pytest.mark.parametrize(
    ("name", "is_temporary"),
    [
        (".TemporaryItems", True),
        ("report.docx.sb-1a2b3c4d-AbC123", True),
        ("(A Document Being Saved By TextEdit)", True),
        ("(A Document Being Saved By TextEdit 2)", True),
        ("A Document Being Saved By TextEdit", False),
        ("report.docx.sb-1a2b3c4d-AbC12", False),
        ("report.docx.sb-1A2B3C4D-AbC123", False),
        (".sb-1a2b3c4d-AbC123", False),
        ("TemporaryItems", False),
        ("tmp", False),
    ],
)
def test_folder_for_saving_safely_is_known_by_its_name(name: str, is_temporary: bool) -> None:
    assert is_temporary_folder(name) is is_temporary
    assert is_transient_place((name, "report.docx")) is is_temporary
    assert is_transient_place((name, "inner", "report.docx")) is is_temporary


@pytest.mark.parametrize(
    ("path", "is_a_programs"),
    [
        (("report.docx",), False),
        (("a.tmp",), True),
        (("a.tmp", "report.docx"), False),
        (("folder", ".DS_Store"), True),
        (("report.docx.sb-1a2b3c4d-AbC123",), False),
    ],
)
def test_file_is_a_programs_own_by_its_name_or_by_the_folder_it_lies_in(path: TreePath, is_a_programs: bool) -> None:
    assert is_transient_place(path) is is_a_programs


@pytest.mark.parametrize(
    ("name", "original"),
    [
        ("report.docx~", "report.docx"),
        ("report.docx.bak", "report.docx"),
        ("report.bak", "report.docx"),
        ("report.docx_original", "report.docx"),
        ("report_original.docx", "report.docx"),
        ("Backup of report.docx", "report.docx"),
        ("report.backup.fm", "report.fm"),
        ("report (1).docx", "report.docx"),
        ("report.C29", "report.docx"),
        (".report.docx.swp", "report.docx"),
        ("notes~", "notes"),
        ("a.tar.gz.bak", "a.tar.gz"),
        ("a+b (x).bak", "a+b (x).txt"),
        ("Über Größe.bak", "Über Größe.docx"),
        (".profile~", ".profile"),
    ],
)
def test_name_with_the_whole_stem_in_it_is_derived(name: str, original: str) -> None:
    assert is_derived(name, original)


@pytest.mark.parametrize(
    ("name", "original"),
    [
        ("report.docx", "report.docx"),
        ("data.txt", "a.txt"),
        ("reports.docx", "report.docx"),
        ("report2.docx", "report.docx"),
        ("myreport.docx", "report.docx"),
        ("rep.docx", "report.docx"),
        ("summary.docx", "report.docx"),
        ("a.gz.bak", "a.tar.gz"),
        ("Größenordnung.txt", "Größe.txt"),
        ("axb.bak", "a.b.txt"),
    ],
)
def test_name_without_the_stem_as_a_word_of_its_own_is_not_derived(name: str, original: str) -> None:
    assert not is_derived(name, original)


@pytest.mark.parametrize(
    "name", ["report.docx~", "report.docx.bak", "report.docx_original", "Backup of report.docx", "~report.docx"]
)
def test_backup_has_the_whole_name_in_its_own(name: str) -> None:
    assert is_backup(name, "report.docx")
    assert not is_backup("report.docx", name)


@pytest.mark.parametrize("name", ["report.docx", "report.backup.docx", "report.docx2", "myreport.docx", "report.C29"])
def test_name_without_the_whole_other_one_is_no_backup(name: str) -> None:
    assert not is_backup(name, "report.docx")


# Scratch files

LATER = after(START, SCRATCH_AGE)
JUST_BEFORE = Instant(LATER - 1)
UNVERSIONED = a_node("~WRD0000.tmp", no=0)


@pytest.mark.parametrize(
    ("node", "maker", "now", "is_known", "wanted"),
    [
        pytest.param(a_node(), ANN, JUST_BEFORE, False, True, id="young"),
        pytest.param(a_node(), ANN, LATER, False, False, id="old"),
        pytest.param(a_node(), ANN, START, True, False, id="young-but-read-by-others"),
        pytest.param(a_node(), BOB, START, False, False, id="young-of-somebody-else"),
        pytest.param(a_node(no=0, content=None), ANN, JUST_BEFORE, False, True, id="young-and-pending"),
        pytest.param(UNVERSIONED, ANN, after(LATER, timedelta(days=1)), True, True, id="transient-old-and-read"),
        pytest.param(UNVERSIONED, BOB, START, False, False, id="transient-of-somebody-else"),
        pytest.param(a_folder(), ANN, START, False, False, id="folder"),
    ],
)
def test_scratch_file_is_transient_or_young_and_its_makers_alone(
    node: Node, maker: Principal, now: Instant, is_known: bool, wanted: bool
) -> None:
    assert is_scratch(node, maker.id, ANN, now, is_known=is_known) is wanted


# Names that a document left

LEFT = Vacated(FOLDER, "report.docx", 50, ANN.id, START, after(START, WINDOW))
IN_TIME, TOO_LATE = Instant(LEFT.until - 1), LEFT.until
TRASHED = Whereabouts(None, None)


@pytest.mark.parametrize(
    ("at", "wanted"),
    [
        pytest.param(TRASHED, Leftover.NOTHING, id="deleted"),
        pytest.param(Whereabouts(FOLDER, "~WRL0001.tmp"), Leftover.SCRATCH, id="transient-name"),
        pytest.param(Whereabouts(FOLDER, "report.docx~"), Leftover.SCRATCH, id="transient-and-derived-name"),
        pytest.param(Whereabouts(FOLDER, "report.docx.bak"), Leftover.DOCUMENT, id="derived-name"),
        pytest.param(Whereabouts(FOLDER, "summary.docx"), None, id="true-rename"),
        pytest.param(Whereabouts(ELSEWHERE, "summary.docx", is_aside=True), Leftover.SCRATCH, id="folder-for-saving-safely"),
        pytest.param(Whereabouts(ELSEWHERE, "~WRL0001.tmp"), None, id="transient-name-in-another-folder"),
        pytest.param(Whereabouts(ELSEWHERE, "report.docx.bak"), None, id="derived-name-in-another-folder"),
        pytest.param(Whereabouts(ELSEWHERE, "report.docx"), None, id="same-name-in-another-folder"),
    ],
)
def test_what_stays_behind_goes_by_where_the_document_went(at: Whereabouts, wanted: Leftover | None) -> None:
    assert leftover_of_return(LEFT, at, ANN, START) is wanted
    assert leftover_of_return(LEFT, at, ANN, IN_TIME) is wanted
    assert leftover_of_return(LEFT, at, ANN, TOO_LATE) is None
    assert leftover_of_return(LEFT, at, BOB, START) is None
    assert leftover_of_return(LEFT, at, ROOT, START) is None


YOUNGER = a_node(created_at=after(START, SECOND), node_id=51)


@pytest.mark.parametrize(
    ("successor", "maker", "principal", "now", "wanted"),
    [
        pytest.param(YOUNGER, ANN, ANN, IN_TIME, True, id="made-since-by-the-same"),
        pytest.param(replace(YOUNGER, created_at=START), ANN, ANN, START, True, id="made-at-once"),
        pytest.param(replace(YOUNGER, content=None), ANN, ANN, IN_TIME, True, id="emptied"),
        pytest.param(YOUNGER, ANN, ANN, TOO_LATE, False, id="too-late"),
        pytest.param(YOUNGER, BOB, ANN, IN_TIME, False, id="made-by-somebody-else"),
        pytest.param(YOUNGER, ANN, BOB, IN_TIME, False, id="deleted-by-somebody-else"),
        pytest.param(YOUNGER, BOB, BOB, IN_TIME, False, id="left-by-somebody-else"),
        pytest.param(replace(YOUNGER, created_at=Instant(START - 1)), ANN, ANN, IN_TIME, True, id="made-a-moment-before"),
        pytest.param(replace(YOUNGER, created_at=after(IN_TIME, -SCRATCH_AGE)), ANN, ANN, IN_TIME, False, id="made-long-before"),
        pytest.param(replace(YOUNGER, id=LEFT.node_id), ANN, ANN, IN_TIME, False, id="is-the-document-itself"),
        pytest.param(replace(YOUNGER, version_no=0), ANN, ANN, IN_TIME, False, id="scratch"),
        pytest.param(replace(a_folder(), created_at=after(START, SECOND)), ANN, ANN, IN_TIME, False, id="folder"),
    ],
)
def test_renamed_document_goes_on_in_what_its_principal_made_at_its_old_name(
    successor: Node, maker: Principal, principal: Principal, now: Instant, wanted: bool
) -> None:
    assert is_late_return(LEFT, successor, maker.id, principal, now) is wanted


def test_what_others_have_read_before_it_came_to_the_name_is_a_document_of_its_own() -> None:
    before = replace(YOUNGER, created_at=Instant(START - 1))

    assert not is_late_return(LEFT, before, ANN.id, ANN, IN_TIME, is_known=True)
    assert is_late_return(LEFT, YOUNGER, ANN.id, ANN, IN_TIME, is_known=True)


@pytest.mark.parametrize(
    ("at", "wanted"),
    [
        pytest.param(Whereabouts(FOLDER, "~WRL0001.tmp"), True, id="transient-name"),
        pytest.param(Whereabouts(FOLDER, "report.docx~"), True, id="transient-and-derived-name"),
        pytest.param(Whereabouts(FOLDER, "report.docx.bak"), False, id="derived-name"),
        pytest.param(Whereabouts(FOLDER, "summary.docx"), False, id="true-rename"),
        pytest.param(Whereabouts(ELSEWHERE, "~WRL0001.tmp"), False, id="another-folder"),
        pytest.param(Whereabouts(ELSEWHERE, "summary.docx", is_aside=True), True, id="folder-for-saving-safely"),
        pytest.param(TRASHED, False, id="deleted"),
    ],
)
def test_document_goes_back_from_where_programs_put_it_aside_alone(at: Whereabouts, wanted: bool) -> None:
    assert goes_back(LEFT, at, is_collection=False) is wanted
    assert goes_back(LEFT, at, is_collection=True) is at.is_aside, "a person may call a folder so"


# What an arrival means

WHAT_IT_MEANS: Final = """
                 nothing         pending         document        unversioned
    content      new             next_version    next_version    next_version
    empty        pending         pending         held_back       next_version
    scratch      take_the_place  next_version    next_version    take_the_place
    established  take_the_place  take_the_place  take_the_place  take_the_place
    copy         new             next_version    next_version    next_version
"""

WHAT_IT_MEANS_WHERE_A_DOCUMENT_LEFT: Final = """
                 nothing         pending         document        unversioned
    content      return          return          next_version    next_version
    empty        pending         pending         held_back       next_version
    scratch      return          return          next_version    take_the_place
    established  take_the_place  take_the_place  take_the_place  take_the_place
    copy         return          return          next_version    next_version
"""


def _cells(table: str) -> dict[tuple[Arrival, There], Outcome]:
    heads, *rows = [line.split() for line in table.strip().splitlines()]
    return {
        (Arrival[arrival.upper()], There[head.upper()]): Outcome[cell.upper()]
        for arrival, *cells in rows
        for head, cell in zip(heads, cells, strict=True)
    }


@pytest.mark.parametrize(
    ("table", "may_return"),
    [pytest.param(WHAT_IT_MEANS, False, id="plain"), pytest.param(WHAT_IT_MEANS_WHERE_A_DOCUMENT_LEFT, True, id="left")],
)
def test_each_arrival_means_at_each_place_what_the_table_says(table: str, may_return: bool) -> None:
    wanted = _cells(table)

    assert {pair: outcome(*pair, may_return=may_return) for pair in product(Arrival, There)} == wanted


def test_every_pair_of_arrival_and_place_has_an_outcome() -> None:
    assert set(OUTCOMES) == set(product(Arrival, There))


@pytest.mark.parametrize(
    ("node", "wanted"),
    [
        pytest.param(None, There.NOTHING, id="nothing"),
        pytest.param(a_node(no=0, content=None), There.PENDING, id="pending"),
        pytest.param(a_node(no=3, content=None), There.DOCUMENT, id="emptied-a-moment-ago"),
        pytest.param(a_node(content=NO_BYTES), There.DOCUMENT, id="empty"),
        pytest.param(a_node(), There.DOCUMENT, id="document"),
        pytest.param(UNVERSIONED, There.UNVERSIONED, id="scratch"),
    ],
)
def test_what_is_at_a_name_goes_by_content_and_version(node: Node | None, wanted: There) -> None:
    assert what_is_there(node) is wanted


# Edit sessions

OPEN = Version(50, 2, Cause.SESSION, START, ANN.id, "ann", "", "report.docx", BYTES, START, after(START, WINDOW), session="token")
SEALED = replace(OPEN, session=None, sealed_at=START)
TRIED = replace(OPEN, no=1, cause=Cause.CREATED, content=ONE_BYTE, session=PLACEHOLDER)


@pytest.mark.parametrize(
    ("no", "length_bytes", "wanted"),
    [(1, 0, True), (1, 1, True), (1, 2, False), (2, 0, False), (2, 1, False)],
)
def test_only_a_first_version_of_at_most_one_byte_is_a_placeholder(no: int, length_bytes: int, wanted: bool) -> None:
    assert is_placeholder(length_bytes, no) is wanted


@pytest.mark.parametrize(
    ("current", "length_bytes", "token", "principal", "now", "wanted"),
    [
        pytest.param(OPEN, 9, "token", ANN, IN_TIME, True, id="same-lock"),
        pytest.param(OPEN, 0, "token", ANN, START, True, id="same-lock-no-bytes"),
        pytest.param(OPEN, 9, "token", ANN, TOO_LATE, False, id="lock-ran-out"),
        pytest.param(OPEN, 9, "another", ANN, START, False, id="another-lock"),
        pytest.param(OPEN, 9, None, ANN, START, False, id="no-lock"),
        pytest.param(SEALED, 9, "token", ANN, START, False, id="sealed"),
        pytest.param(SEALED, 9, None, ANN, START, False, id="sealed-no-lock"),
        pytest.param(TRIED, 9, None, ANN, IN_TIME, True, id="placeholder-then-content"),
        pytest.param(TRIED, 9, "token", ANN, START, True, id="placeholder-then-content-under-a-lock"),
        pytest.param(replace(TRIED, content=NO_BYTES), 9, None, ANN, START, True, id="empty-placeholder-then-content"),
        pytest.param(TRIED, 1, None, ANN, START, False, id="placeholder-twice"),
        pytest.param(TRIED, 9, None, BOB, START, False, id="placeholder-of-somebody-else"),
        pytest.param(TRIED, 9, None, ANN, TOO_LATE, False, id="placeholder-too-long-ago"),
        pytest.param(replace(TRIED, content=BYTES), 9, None, ANN, START, False, id="placeholder-has-its-content"),
    ],
)
def test_save_belongs_to_the_open_version_while_its_session_goes_on(
    current: Version, length_bytes: int, token: str | None, principal: Principal, now: Instant, wanted: bool
) -> None:
    assert continues(current, length_bytes, token, principal, now) is wanted


# No program has a name here

PROGRAMS: Final = (
    *("word", "excel", "powerpoint", "office", "explorer", "windows", "microsoft", "notepad", "frontpage", "miniredir"),
    *("finder", "webdavfs", "textedit", "preview", "cocoa", "apple", "vim", "emacs", "gedit", "kate", "libreoffice", "gvfs"),
    *("keepass", "rclone", "cadaver", "cyberduck", "davfs", "exiftool", "framemaker", "photoshop", "curl", "commander"),
)


def test_rules_name_no_program_and_are_not_told_which_one_asks() -> None:
    tree = ast.parse(inspect.getsource(editing))
    words = [word.lower() for word in [*_identifiers(tree), *_strings(tree)]]

    assert "leftover_of_return" in words
    assert "next_version" in words
    assert "a copy" in words
    assert [word for word in words if any(name in word for name in (*PROGRAMS, "agent", "client"))] == []


def _identifiers(tree: ast.Module) -> list[str]:
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            found.append(node.id)
        elif isinstance(node, ast.Attribute):
            found.append(node.attr)
        elif isinstance(node, ast.arg):
            found.append(node.arg)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.append(node.name)
    return found


def _strings(tree: ast.Module) -> list[str]:
    """Return all texts of a module but those for people and the patterns of names."""
    for_people = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    patterns = {
        id(argument)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "re.compile"
        for argument in node.args
    }
    constants = [node for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    return [node.value for node in constants if isinstance(node.value, str) and id(node) not in for_people | patterns]
