"""What typed metadata is: snapshots that change by parts, and the title of everything."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from davgate.model.metadata import NO_METADATA, Metadata, changed, title_of
from davgate.storage.rows import from_metadata, to_metadata

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
SNAPSHOTS = st.dictionaries(st.text(min_size=1), VALUES.filter(lambda value: value is not None), max_size=6)


# Changing


def test_change_sets_what_it_names_and_leaves_the_rest() -> None:
    before = {"title": "a", "keywords": ["x"]}

    assert changed(before, {"title": "b", "description": "d"}) == {"title": "b", "keywords": ["x"], "description": "d"}
    assert before == {"title": "a", "keywords": ["x"]}


def test_none_takes_a_property_away_and_of_what_is_not_there_nothing() -> None:
    assert changed({"title": "a", "x": 1}, {"title": None, "y": None}) == {"x": 1}


@pytest.mark.parametrize("value", ["", 0, False, [], {}])
def test_value_that_is_empty_is_a_value(value: object) -> None:
    assert changed(NO_METADATA, {"x": value}) == {"x": value}


@given(SNAPSHOTS, SNAPSHOTS)
def test_change_by_all_of_another_snapshot_has_all_of_it(before: dict[str, object], changes: dict[str, object]) -> None:
    after = changed(before, changes)

    assert {key: after[key] for key in changes} == changes
    assert {key: value for key, value in after.items() if key not in changes} == {
        key: value for key, value in before.items() if key not in changes
    }
    assert changed(after, changes) == after


def test_snapshot_of_nothing_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        NO_METADATA["title"] = "x"  # type: ignore[index]


# The title


@pytest.mark.parametrize(
    ("metadata", "name", "expected", "as_stem"),
    [
        ({"title": "Minutes"}, "a.txt", "Minutes", "Minutes"),
        ({}, "a.tar.gz", "a.tar.gz", "a.tar"),
        ({}, ".hidden", ".hidden", ".hidden"),
        ({"title": ""}, "a.txt", "a.txt", "a"),
        ({"title": 7}, "a.txt", "a.txt", "a"),
        ({"title": ["x"]}, None, "", ""),
        ({}, None, "", ""),
    ],
)
def test_title_is_the_one_that_was_set_else_the_name(metadata: Metadata, name: str | None, expected: str, as_stem: str) -> None:
    assert title_of(metadata, name) == expected
    assert title_of(metadata, name, as_stem=True) == as_stem


# In a row


@given(SNAPSHOTS)
def test_snapshot_comes_back_from_its_column_as_it_was(metadata: dict[str, object]) -> None:
    assert to_metadata(from_metadata(metadata)) == metadata


def test_equal_snapshots_are_the_same_text_whatever_their_order() -> None:
    assert from_metadata({"b": 1, "a": {"d": 1, "c": "\u00e9"}}) == '{"a":{"c":"\u00e9","d":1},"b":1}'
    assert from_metadata({"a": {"c": "\u00e9", "d": 1}, "b": 1}) == from_metadata({"b": 1, "a": {"d": 1, "c": "\u00e9"}})
    assert from_metadata({}) == from_metadata(NO_METADATA) == "{}"


def test_column_has_no_character_that_a_database_refuses() -> None:
    text = from_metadata({"x\0": "\0 \u2028"})

    assert "\0" not in text
    assert json.loads(text.encode()) == {"x\0": "\0 \u2028"}
