"""Values: what ``frozen`` makes of a class."""

from dataclasses import fields, replace

import pytest

from davgate.model.frozen import frozen


@frozen
class Pair:
    left: int
    right: str = "r"


def test_values_are_compared_and_hashed_by_what_they_hold() -> None:
    assert Pair(1) == Pair(1, "r")
    assert Pair(1) != Pair(1, "s")
    assert {Pair(1): "found"}[Pair(1)] == "found"


def test_another_value_is_made_with_replace() -> None:
    one = Pair(1)
    assert replace(one, right="s") == Pair(1, "s")
    assert one == Pair(1)
    assert [field.name for field in fields(Pair)] == ["left", "right"]


def test_value_takes_no_other_attribute() -> None:
    with pytest.raises(AttributeError):
        Pair(1).other = 2  # type: ignore[attr-defined]


def test_type_checker_lets_nobody_change_one() -> None:
    # That this line needs its comment is what is tested: a check of types calls one that is not needed an error.
    Pair(1).left = 2  # type: ignore[misc]
