"""What a path on the drive means."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from davgate.model.errors import InvalidName, NameTooLong
from davgate.model.names import VERSIONS, check_name
from davgate.model.places import (
    AsOf,
    DocumentVersions,
    Instants,
    InTree,
    Place,
    RescueFile,
    RescueFolder,
    Trashed,
    TrashFolder,
    VersionFile,
    VersionsFolder,
    instant_name,
    parse_place,
    trash_name,
    version_file_name,
)

OPENED = datetime(2026, 11, 20, 14, 5, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ((), InTree(())),
        (("a", "b"), InTree(("a", "b"))),
        ((".Versions",), InTree((".Versions",))),
        ((VERSIONS,), VersionsFolder(())),
        (("a", VERSIONS), VersionsFolder(("a",))),
        (("a", VERSIONS, "d.odt"), DocumentVersions(("a", "d.odt"))),
        (("a", VERSIONS, "d.odt", "0003 2026-11-20 14.05 ann.odt"), VersionFile(("a", "d.odt"), 3)),
        (("a", VERSIONS, "d.odt", "3.odt"), VersionFile(("a", "d.odt"), 3)),
        (("a", VERSIONS, "d.odt", "12345"), VersionFile(("a", "d.odt"), 12345)),
        (("a", VERSIONS, "d.odt", "0000"), VersionFile(("a", "d.odt"), 0)),
        (("a", VERSIONS, "d.odt", "ann.odt"), VersionFile(("a", "d.odt"), None)),
        (("a", VERSIONS, "d.odt", "-3"), VersionFile(("a", "d.odt"), None)),
        (("a", VERSIONS, "d.odt", "٣"), VersionFile(("a", "d.odt"), None)),
        (("a", VERSIONS, "d.odt", "1" * 10), VersionFile(("a", "d.odt"), None)),
        ((VERSIONS, "d.odt", "0001", "x"), None),
        ((VERSIONS, VERSIONS), DocumentVersions((VERSIONS,))),
    ],
)
def test_path_means_a_place(path: tuple[str, ...], place: Place | None) -> None:
    assert parse_place(path) == place


def test_version_file_is_named_for_people_and_programs() -> None:
    assert version_file_name(3, OPENED, "ann", "Bericht.final.docx") == "0003 2026-11-20 14.05 ann.docx"


@pytest.mark.parametrize(
    ("no", "author", "document", "name"),
    [
        (12345, "ann", "a.odt", "12345 2026-11-20 14.05 ann.odt"),
        (1, 'DOM\\ann/"b"?', "a.odt", "0001 2026-11-20 14.05 DOM_ann__b__.odt"),
        (1, "ann", "README", "0001 2026-11-20 14.05 ann"),
        (1, "ann b. ", "README", "0001 2026-11-20 14.05 ann b"),
        (1, "", "README", "0001 2026-11-20 14.05"),
        (1, "ann", "On the 3. Meeting of the council of last summer", "0001 2026-11-20 14.05 ann"),
        (1, "ann", "a.", "0001 2026-11-20 14.05 ann"),
    ],
)
def test_version_file_name_can_be_had_on_windows(no: int, author: str, document: str, name: str) -> None:
    assert version_file_name(no, OPENED, author, document) == name


def is_name(text: str) -> bool:
    try:
        check_name(text)
    except (InvalidName, NameTooLong):
        return False
    return True


names = st.one_of(st.text(min_size=1, max_size=255), st.text("📄.", min_size=1, max_size=63)).filter(is_name)


@settings(deadline=None)
@given(st.integers(1, 999_999_999), st.text(max_size=300), names)
def test_every_version_file_can_be_opened_by_its_name(no: int, author: str, document: str) -> None:
    name = version_file_name(no, OPENED, author, document)

    check_name(name)
    assert parse_place((VERSIONS, document, name)) == VersionFile((document,), no)


# The other folders of the past


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ((".at",), Instants()),
        ((".at", "2026-11-01"), AsOf("2026-11-01", ())),
        ((".at", "2026-11-01", "a", "b"), AsOf("2026-11-01", ("a", "b"))),
        ((".at", "2026-11-01", VERSIONS), AsOf("2026-11-01", (VERSIONS,))),
        (("a", ".at"), InTree(("a", ".at"))),
        ((".trash",), TrashFolder()),
        ((".trash", "a 2026-11-20 14.05 7.odt"), Trashed(7, ())),
        ((".trash", "a 2026-11-20 14.05 7"), Trashed(7, ())),
        ((".trash", "a 2026-11-20 14.05 7.mp3"), Trashed(7, ())),
        ((".trash", "a 3 2026-11-20 14.05 7", "x"), Trashed(7, ("x",))),
        ((".trash", "7"), Trashed(7, ())),
        ((".trash", "7.odt"), Trashed(7, ())),
        ((".trash", "x 7.odt"), Trashed(7, ())),
        ((".trash", "a.odt"), Trashed(None, ())),
        ((".trash", "1" * 19), Trashed(None, ())),
        (("a", ".trash"), InTree(("a", ".trash"))),
        ((".rescue",), RescueFolder()),
        ((".rescue", "a"), RescueFile("a")),
        ((".rescue", "a", "b"), None),
    ],
)
def test_path_means_a_place_of_the_past(path: tuple[str, ...], place: Place | None) -> None:
    assert parse_place(path) == place


@given(st.text(st.characters(codec="utf-8", exclude_characters="/\x00"), min_size=1, max_size=255), st.integers(0, 10**18 - 1))
def test_entry_of_the_trash_is_found_by_its_name_whatever_it_was_called(name: str, node_id: int) -> None:
    listed = trash_name(name, OPENED, node_id)

    assert parse_place((".trash", listed)) == Trashed(node_id, ())
    assert len(listed.encode()) <= 255


def test_instant_is_named_in_utc_without_colons() -> None:
    assert instant_name(datetime(2026, 11, 1, 13, 0, tzinfo=timezone(timedelta(hours=1)))) == "2026-11-01T12.00Z"
