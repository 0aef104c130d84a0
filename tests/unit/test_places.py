"""What a path on the drive means."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from davgate.core.time_travel import parse_instant
from davgate.model.errors import InvalidName, NameTooLong
from davgate.model.instant import Instant, from_datetime, to_datetime
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
    numbered_name,
    parse_place,
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
    listed = numbered_name(name, OPENED, node_id)

    assert parse_place((".trash", listed)) == Trashed(node_id, ())
    assert len(listed.encode()) <= 255


@given(st.text("0123456789. -:x", min_size=1, max_size=60), st.integers(0, 10**18 - 1), st.datetimes(timezones=st.just(UTC)))
def test_entry_of_the_trash_is_found_though_its_own_name_looks_like_an_entry(name: str, node_id: int, at: datetime) -> None:
    for listed in (numbered_name(name, at, node_id), numbered_name(numbered_name(name, at, 7), at, node_id)):
        assert parse_place((".trash", listed)) == Trashed(node_id, ())


@given(st.text("ab \u00e9", min_size=1, max_size=50), st.sampled_from([".docx", ".odt", ".mp3", ".7z", ""]))
def test_entry_of_the_trash_opens_in_the_same_program(stem: str, suffix: str) -> None:
    assert numbered_name(stem + suffix, OPENED, 4711).endswith(f" 2026-11-20 14.05 4711{suffix}")


@given(st.text().filter(lambda name: name not in (VERSIONS, ".at", ".trash", ".rescue")), st.lists(st.text(), max_size=3))
def test_any_other_name_in_the_root_is_in_the_tree(first: str, rest: list[str]) -> None:
    path = (first, *(name for name in rest if name != VERSIONS))

    assert parse_place(path) == InTree(path)


@given(st.lists(st.text(), max_size=4), st.sampled_from(["at", "trash"]))
def test_path_below_an_instant_or_an_entry_is_kept_as_it_is(below: list[str], folder: str) -> None:
    names = (".at", "2026-11-01") if folder == "at" else (".trash", "a 2026-11-20 14.05 7.odt")
    place = AsOf("2026-11-01", tuple(below)) if folder == "at" else Trashed(7, tuple(below))

    assert parse_place((*names, *below)) == place


NOW = from_datetime(datetime(2026, 11, 20, 14, 5, tzinfo=UTC))
pasts = st.integers(from_datetime(datetime(1000, 1, 3, tzinfo=UTC)), NOW).map(Instant)
zones = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(pasts, zones, zones)
def test_name_of_an_instant_is_read_as_that_minute_whatever_the_time_zone(at: Instant, zone: timezone, setting: timezone) -> None:
    name = instant_name(to_datetime(at).astimezone(zone))

    assert parse_place((".at", name)) == AsOf(name, ())
    assert parse_instant(name, setting, NOW) == at - at % 60_000_000


@given(pasts, zones, st.sampled_from("T "), st.sampled_from([":", "."]), st.sampled_from([".", ","]), st.booleans())
def test_every_spelling_of_an_instant_is_read_as_that_microsecond(
    at: Instant, zone: timezone, letter: str, colon: str, comma: str, is_local: bool
) -> None:
    local = to_datetime(at).astimezone(zone)
    text = local.isoformat(letter, "microseconds")
    date, time = text[:10], text[10:].replace(".", comma).replace(":", colon)
    name = f"{date}{time[:-6]}" if is_local else f"{date}{time}"

    assert parse_instant(name, zone if is_local else UTC, NOW) == at


def test_instant_is_named_in_utc_without_colons() -> None:
    assert instant_name(datetime(2026, 11, 1, 13, 0, tzinfo=timezone(timedelta(hours=1)))) == "2026-11-01T12.00Z"
