"""Values of typed properties: how each kind is stored, and what is refused."""

import math
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from davgate.core.object_types import shipped
from davgate.model.errors_of_objects import InvalidProperty
from davgate.model.object_types import Kind, ObjectType, Property
from davgate.model.typed_values import check_value, complete, missing_required, stored_instant


def a_property(kind: Kind, **more: Any) -> Property:
    return Property(id="x:a", name="a", kind=kind, **more)


def why_not(of: Property, value: object) -> tuple[int | None, str]:
    """Return which value is refused and why."""
    with pytest.raises(InvalidProperty) as refused:
        check_value(of, value)
    assert refused.value.name == of.name
    return refused.value.index, refused.value.why


COLOR = a_property(Kind.ENUM, choices={"red": "Rouge", "blue": "Bleu"})
ROWS = a_property(Kind.TABLE, columns=(a_property(Kind.TEXT), Property(id="n", name="n", kind=Kind.INTEGER)))
MANY = a_property(Kind.TEXT, is_multiple=True)

KEPT: list[tuple[Property, object, object]] = [
    (a_property(Kind.TEXT), "a", "a"),
    (a_property(Kind.TEXT), "", ""),
    (a_property(Kind.TEXT), None, None),
    (a_property(Kind.TEXT, max_length=2, min_length=2, pattern="[ab]+"), "ab", "ab"),
    (a_property(Kind.LONGTEXT), "a\nb", "a\nb"),
    (a_property(Kind.INTEGER), -(2**63), -(2**63)),
    (a_property(Kind.DECIMAL), 1.5, 1.5),
    (a_property(Kind.DECIMAL), 2, 2),
    (a_property(Kind.DECIMAL), 2**63 - 1, 2**63 - 1),
    (a_property(Kind.DECIMAL), 10**19, 1e19),
    (a_property(Kind.DECIMAL), -(2**64), -(2.0**64)),
    (a_property(Kind.BOOLEAN), False, False),
    (a_property(Kind.DATE), "2024-02-29", "2024-02-29"),
    (a_property(Kind.DATETIME), "2018-01-26T15:21:17.170Z", "2018-01-26T15:21:17.170000Z"),
    (a_property(Kind.DATETIME), "2018-01-26 15:21:17.1234567+01:00", "2018-01-26T14:21:17.123456Z"),
    (a_property(Kind.DATETIME), "2018-01-26T15:21+0130", "2018-01-26T13:51:00.000000Z"),
    (a_property(Kind.DATETIME), "0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"),
    (COLOR, "red", "red"),
    (ROWS, [["a", 1], [None, None]], [["a", 1], [None, None]]),
    (ROWS, [], []),
    (a_property(Kind.STRUCTURED), {"a": [1, {"b": None}]}, {"a": [1, {"b": None}]}),
    (MANY, ["b", "a", "b"], ["b", "a", "b"]),
    (MANY, "a", ["a"]),
    (MANY, [], None),
]


@pytest.mark.parametrize(("of", "value", "stored"), KEPT)
def test_value_is_stored(of: Property, value: object, stored: object) -> None:
    assert check_value(of, value) == stored
    assert check_value(of, check_value(of, value)) == stored


REFUSED: list[tuple[Property, object, int | None, str]] = [
    (a_property(Kind.TEXT), 1, None, "must be a text"),
    (a_property(Kind.TEXT), ["a"], None, "has one value, not a list"),
    (a_property(Kind.TEXT), "a\0", None, "has a character in it that cannot be stored"),
    (a_property(Kind.TEXT, max_length=2), "abc", None, "must have at most 2 characters"),
    (a_property(Kind.TEXT, min_length=2), "a", None, "must have at least 2 characters"),
    (a_property(Kind.TEXT, pattern="[ab]+"), "abc", None, "must match [ab]+"),
    (a_property(Kind.INTEGER), "1", None, "must be a whole number"),
    (a_property(Kind.INTEGER), True, None, "must be a whole number"),
    (a_property(Kind.INTEGER), 1.0, None, "must be a whole number"),
    (a_property(Kind.INTEGER), 2**63, None, "must be a whole number of 64 bits"),
    (a_property(Kind.DECIMAL), "1.5", None, "must be a number"),
    (a_property(Kind.DECIMAL), float("inf"), None, "must be a finite number"),
    (a_property(Kind.BOOLEAN), 1, None, "must be true or false"),
    (a_property(Kind.DATE), "2023-02-29", None, "must be a day of the calendar"),
    (a_property(Kind.DATE), "20230228", None, "must be a date such as 2026-11-20"),
    (a_property(Kind.DATETIME), "2018-01-26", None, "must be a time such as 2026-11-20T14:05:00.000Z"),
    (a_property(Kind.DATETIME), "2018-01-26T25:00Z", None, "must be a time of the calendar"),
    (a_property(Kind.DATETIME), "2018-01-26T24:00Z", None, "must be a time of the calendar"),
    (a_property(Kind.DATETIME), "0001-01-01T00:00:00+01:00", None, "must be a time of the calendar"),
    (COLOR, "green", None, "must be one of red, blue"),
    (ROWS, [["a"]], None, "has a row 1 that has not 2 cells"),
    (ROWS, [["a", 1], ["a", "b"]], None, "has a row 2 whose n must be a whole number"),
    (ROWS, {"a": 1}, None, "must be a list of rows"),
    (a_property(Kind.STRUCTURED), "a", None, "must be an object or a list"),
    (a_property(Kind.STRUCTURED), {"a": ["\ud800"]}, None, "has a character in it that cannot be stored"),
    (a_property(Kind.STRUCTURED), {"a": [date(2026, 1, 1)]}, None, "has something in it that JSON has not"),
    (a_property(Kind.STRUCTURED), [math.inf], None, "has something in it that JSON has not"),
    (a_property(Kind.STRUCTURED), {"a": math.nan}, None, "has something in it that JSON has not"),
    (MANY, ["a", 1], 1, "must be a text"),
    (MANY, ["a", None], 1, "has a value that is null among others"),
]


@pytest.mark.parametrize(("of", "value", "index", "why"), REFUSED)
def test_what_is_no_value_is_refused(of: Property, value: object, index: int | None, why: str) -> None:
    assert why_not(of, value) == (index, why)


def test_whole_number_beyond_all_floats_is_no_decimal() -> None:
    assert why_not(a_property(Kind.DECIMAL), -(10**309)) == (None, "must be a finite number")


def test_refusal_is_a_sentence_that_tells_which_value() -> None:
    with pytest.raises(InvalidProperty, match=r"The property a, value 2, must be a text\."):
        check_value(MANY, ["a", 1])


OFFSETS = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
FIRST, LAST = map(datetime.fromisoformat, ("0002-01-01", "9998-12-31"))


@given(st.datetimes(FIRST, LAST, timezones=OFFSETS), st.datetimes(timezones=st.just(UTC)))
def test_stored_times_sort_by_time_and_are_read_back(one: datetime, other: datetime) -> None:
    assert (stored_instant(one) < stored_instant(other)) == (one < other)
    assert datetime.fromisoformat(stored_instant(one)) == one
    assert check_value(a_property(Kind.DATETIME), one.isoformat()) == stored_instant(one)


def cookbook() -> ObjectType:
    found = shipped().get("dynacase:MY_COOKBOOK")
    assert found is not None
    return found


def test_defaults_fill_what_is_not_said() -> None:
    assert complete(cookbook(), {"title": "Soup"}) == {"title": "Soup", "dynacase:ba_cost": 0}
    assert complete(cookbook(), {"dynacase:ba_cost": 7.5}) == {"dynacase:ba_cost": 7.5}


@pytest.mark.parametrize("metadata", [{}, {"title": ""}, {"description": "x"}])
def test_required_property_without_value_is_missing(metadata: dict[str, object]) -> None:
    assert [one.name for one in missing_required(cookbook(), metadata)] == ["ba_title"]


def test_required_number_of_zero_is_there() -> None:
    of = ObjectType(
        name="dynacase:X", door="dynacase", local="X", label="X", properties=(a_property(Kind.INTEGER, is_required=True),)
    )

    assert missing_required(of, {"x:a": 0}) == ()
