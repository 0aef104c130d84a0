"""Which names are stored, which are equal, which are refused."""

import sys
import unicodedata
from itertools import chain
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from davgate.model.errors import InvalidName, Malformed, NameTooLong, ReservedName
from davgate.model.names import (
    MAX_NAME_BYTES,
    RESERVED_EVERYWHERE,
    RESERVED_IN_ROOT,
    check_file_name,
    check_name,
    check_new_name,
    collision_key,
    stem_and_suffix,
)

CLIENT_NAMES = [
    "résumé", unicodedata.normalize("NFD", "résumé"), "100% done", "a#b", "x%20y", "日本語", "📄", "~$x", ".~lock.x y.odt#",
    "UPPER", "upper", "...", "..a", "a\\b", "a:b*c?d\"e<f>g|h", " leading and trailing ", "trailing.", "._N", ".DS_Store",
    "Thumbs.db", "desktop.ini", "4913", "A9A97EC7.tmp", "~WRL0001.tmp", "\u200f\u202e", "\x85", "\u2028",
]  # fmt: skip


@pytest.mark.parametrize("name", CLIENT_NAMES, ids=ascii)
def test_name_of_a_real_program_is_taken(name: str) -> None:
    check_new_name((), name)


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_name_that_means_another_place_is_refused(name: str) -> None:
    with pytest.raises(InvalidName, match="is not a name"):
        check_name(name)


@pytest.mark.parametrize("character", ["/", "\0", "\n", "\x1f", "\x7f", "\ud800", "\udfff", "\ufffe", "\uffff"])
def test_refused_character_is_named(character: str) -> None:
    with pytest.raises(InvalidName, match=f"U\\+{ord(character):04X}"):
        check_name(f"a{character}b")


def test_every_character_that_is_taken_can_be_listed_in_xml() -> None:
    # Beyond the first plane only the last two characters of each are special anywhere in Unicode.
    numbers = [*range(0x10000), *chain.from_iterable((end - 1, end) for end in range(0x1FFFF, sys.maxunicode + 1, 0x10000))]
    taken = []
    for number in numbers:
        try:
            check_name(f"a{chr(number)}")
        except InvalidName:
            continue
        taken.append(chr(number))
    text = "".join(taken)

    listed = ElementTree.fromstring(
        "<name>" + text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") + "</name>"
    ).text

    assert listed == text
    assert len(taken) == len(numbers) - (0x20 + len("/\x7f") + 0x800 + len("\ufffe\uffff"))


@pytest.mark.parametrize("letter", ["a", "ä", "日", "📄"])
def test_limit_of_a_name_is_counted_in_bytes(letter: str) -> None:
    longest = letter * (MAX_NAME_BYTES // len(letter.encode()))

    check_name(longest)
    with pytest.raises(NameTooLong, match="255 bytes"):
        check_name(longest + letter)


@pytest.mark.parametrize("name", sorted(RESERVED_EVERYWHERE))
@pytest.mark.parametrize("parent", [(), ("a",), ("a", "b")])
def test_version_folder_is_reserved_in_every_collection(parent: tuple[str, ...], name: str) -> None:
    check_name(name)
    with pytest.raises(ReservedName, match="Choose another one"):
        check_new_name(parent, name)


@pytest.mark.parametrize("name", sorted(RESERVED_IN_ROOT))
def test_folders_of_the_root_are_reserved_in_the_root_alone(name: str) -> None:
    check_new_name(("a",), name)
    with pytest.raises(ReservedName):
        check_new_name((), name)


@pytest.mark.parametrize("name", [".Versions", ".versions2", "versions", ".attic"])
def test_name_that_only_resembles_a_reserved_one_is_taken(name: str) -> None:
    check_new_name((), name)


def test_finder_and_everybody_else_mean_the_same_name() -> None:
    assert collision_key(unicodedata.normalize("NFD", "Übersicht é")) == collision_key("Übersicht é")


@pytest.mark.parametrize(("one", "other"), [("a", "A"), ("ﬁ", "fi"), ("①", "1"), ("a", "a "), ("Ａ", "A")])
def test_names_that_look_alike_stay_different(one: str, other: str) -> None:
    assert collision_key(one) != collision_key(other)


@settings(deadline=None)
@given(st.text())
def test_key_of_a_key_is_the_key(name: str) -> None:
    assert collision_key(collision_key(name)) == collision_key(name)


def test_no_character_turns_into_what_a_path_is_made_of() -> None:
    special = {*"/\0", ".", "..", *RESERVED_EVERYWHERE, *RESERVED_IN_ROOT}
    letters = set("".join(special))
    composed = [char for char in map(chr, range(128, sys.maxunicode + 1)) if unicodedata.decomposition(char)]
    assert [char for char in composed if letters & set(collision_key(char))] == []
    assert len(composed) > 5000


@pytest.mark.parametrize(
    ("name", "stem", "suffix"),
    [
        ("a.docx", "a", ".docx"),
        ("a.tar.gz", "a.tar", ".gz"),
        ("a", "a", ""),
        (".profile", ".profile", ""),
        (".a.b", ".a", ".b"),
        ("a.", "a", "."),
        ("...", "..", "."),
    ],
)
def test_name_is_split_before_its_last_dot(name: str, stem: str, suffix: str) -> None:
    assert stem_and_suffix(name) == (stem, suffix)


def test_name_of_a_file_has_its_limit_too() -> None:
    check_file_name("n" * 1024)
    check_file_name("ü" * 512)
    for too_long in ("n" * 1025, "ü" * 513, "🎉" * 257):
        with pytest.raises(Malformed, match="at most 1024 bytes"):
            check_file_name(too_long)
    with pytest.raises(Malformed, match=r"U\+0000"):
        check_file_name("a\0.txt")
