"""What documents are found by: values as texts that sort as they do, and words."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.test_metadata import SNAPSHOTS

from davgate.model.indexing import (
    INDEXED_CHARACTERS,
    NOT_COMPARABLE,
    TOP,
    comparable,
    indexed_values,
    is_whole,
    words_in,
    words_of,
)
from davgate.model.metadata import Metadata
from davgate.storage.rows import from_metadata, to_metadata

LONGEST = "x" * INDEXED_CHARACTERS


def found_by(metadata: Metadata) -> list[tuple[str, str]]:
    return list(indexed_values(metadata))


# Values


@pytest.mark.parametrize(
    ("value", "texts"),
    [
        ("a", ["a"]),
        ("", [""]),
        (7, [comparable(7)]),
        (7.0, [comparable(7)]),
        (1.5, [comparable(Decimal("1.5"))]),
        (True, ["true"]),
        (False, ["false"]),
        (None, []),
        (["a", "b", "a"], ["a", "b"]),
        ([7, 7.0, None], [comparable(7)]),
        ({"a": "b"}, [NOT_COMPARABLE]),
        ([["a", 1], ["b", 2]], [NOT_COMPARABLE]),
        ([{"a": "b"}, "c"], [NOT_COMPARABLE, "c"]),
        ([], []),
    ],
)
def test_each_single_value_is_found_once(value: object, texts: list[str]) -> None:
    assert found_by({"x": value}) == [("x", text) for text in texts]


def test_whole_of_an_object_has_an_index_of_its_own() -> None:
    assert found_by({"lora:object": {"a": "b"}, "title": "a"}) == [("title", "a")]
    assert words_of({"lora:object": ["inside"], "title": "a"}, "") == " a "


@given(SNAPSHOTS)
def test_same_property_and_value_is_never_twice_among_what_is_found(metadata: dict[str, object]) -> None:
    found = found_by(metadata)

    assert len(set(found)) == len(found)


@given(SNAPSHOTS, st.text())
def test_what_a_snapshot_is_found_by_is_the_same_after_its_way_through_a_row(metadata: dict[str, object], name: str) -> None:
    again = to_metadata(from_metadata(metadata))

    assert set(found_by(again)) == set(found_by(metadata))
    assert words_of(again, name) == words_of(metadata, name)


@given(SNAPSHOTS)
def test_every_value_fits_into_an_index_and_into_any_database(metadata: dict[str, object]) -> None:
    for _, value in found_by(metadata):
        assert len(value) <= INDEXED_CHARACTERS + len(TOP) + 64
        assert "\0" not in value
        value.encode()


# Texts


@pytest.mark.parametrize("text", ["", "a", "\u00e4", "\U0001f600", "%", LONGEST])
def test_short_text_stands_for_itself(text: str) -> None:
    assert comparable(text) == text
    assert is_whole(text)


@pytest.mark.parametrize("text", [LONGEST + "x", LONGEST + "\0", "a\0b", "\0", "\ud800", "a" + TOP])
def test_beginning_and_digest_stand_for_other_texts(text: str) -> None:
    shown = comparable(text)

    beginning, digest = shown.split(TOP)
    assert text.startswith(beginning)
    assert len(digest) == 64
    assert not is_whole(text)


@given(st.text(max_size=8), st.text(max_size=8))
def test_texts_sort_by_code_points(one: str, other: str) -> None:
    assert (comparable(one) < comparable(other)) == (one < other) or not (is_whole(one) and is_whole(other))
    assert (comparable(one) == comparable(other)) == (one == other)


@given(st.text(), st.text())
def test_long_texts_are_equal_to_themselves_alone(one: str, other: str) -> None:
    assert (comparable(LONGEST + one) == comparable(LONGEST + other)) == (one == other)


# Numbers

NUMBERS = st.one_of(
    st.integers(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-1000, max_value=1000),
    st.sampled_from([0, -0.0, 0.1, Decimal("0.10"), 5e-324, 1.7976931348623157e308, 2**53, 2.0**53, 2**53 + 1]),
)


def exact(value: float | Decimal) -> Decimal:
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


@given(NUMBERS, NUMBERS)
def test_numbers_sort_by_size_whatever_their_types(one: float | Decimal, other: float | Decimal) -> None:
    assert (comparable(one) < comparable(other)) == (exact(one) < exact(other))
    assert (comparable(one) == comparable(other)) == (exact(one) == exact(other))


@pytest.mark.parametrize("value", [Decimal("1e99999999"), Decimal("-1e99999999"), Decimal("1e-99999999"), 10**4000])
def test_number_of_any_size_has_a_place(value: int | Decimal) -> None:
    assert (comparable(value) > comparable(0)) == (value > 0)
    assert (comparable(value) > comparable(1)) == (value > 1)


# Words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hello, World!", ["hello", "world"]),
        ("yearly_report-2026.docx", ["yearly", "report", "2026", "docx"]),
        ("\u00c4RZTE A\u0308rzte", ["\u00e4rzte", "\u00e4rzte"]),
        ("\u03a3\u0391\u03a3 \u03c3\u03b1\u03c2", ["\u03c3\u03b1\u03c3", "\u03c3\u03b1\u03c3"]),
        ("\u6771\u4eac 2026\u5e74", ["\u6771\u4eac", "2026\u5e74"]),
        (" \0\ud800 ", []),
        ("", []),
    ],
)
def test_words_are_runs_of_letters_and_digits(text: str, words: list[str]) -> None:
    assert words_in(text) == words


def test_words_of_a_document_are_in_its_texts_and_the_cells_of_its_tables() -> None:
    said = {"b": ["Two", "three"], "a": "One", "table": [["cell", None, 7], ["two"]], "nested": {"x": "inside"}, "n": 8}

    assert words_of(said, "File.TXT") == " one two three cell file txt "
    assert words_of({}, "") == "  "
