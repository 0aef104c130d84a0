"""Queries as data: what may be asked, the simplest form of it, and its shape without values."""

from __future__ import annotations

from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from davgate.model.errors import Malformed
from davgate.model.query import (
    EVERYTHING,
    MOST_CONDITIONS,
    MOST_LEVELS,
    MOST_TURNS,
    AllOf,
    AnyOf,
    By,
    Compares,
    Condition,
    Fact,
    HasValue,
    Matches,
    Not,
    OneOf,
    Operator,
    Property,
    Wildcard,
    Words,
    containing,
    equals,
    of_door,
    prepared,
    starting_with,
)
from davgate.storage.search.shapes import take_apart

A, B, C = (HasValue(Property(name)) for name in "abc")
NOTHING = AnyOf(())


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (A, A),
        (Not(A), Not(A)),
        (Not(Not(A)), A),
        (AllOf((A,)), A),
        (AllOf((A, AllOf((B, AllOf((C,)))))), AllOf((A, B, C))),
        (AnyOf((AnyOf((A, B)), C)), AnyOf((A, B, C))),
        (AllOf((A, AnyOf((B, C)))), AllOf((A, AnyOf((B, C))))),
        (Not(AllOf((A, Not(B)))), AnyOf((Not(A), B))),
        (Not(AnyOf((A, AllOf((B, C))))), AllOf((Not(A), AnyOf((Not(B), Not(C)))))),
        (Not(EVERYTHING), NOTHING),
        (Not(NOTHING), EVERYTHING),
        (AnyOf((NOTHING, A)), A),
    ],
)
def test_simplest_form(condition: Condition, expected: Condition) -> None:
    assert prepared(condition) == expected


CONDITIONS = st.recursive(
    st.sampled_from([A, B, C]),
    lambda inner: st.one_of(
        st.builds(AllOf, st.lists(inner, max_size=3).map(tuple)),
        st.builds(AnyOf, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Not, inner),
    ),
    max_leaves=12,
)


def holds(condition: Condition, true: frozenset[Condition]) -> bool:
    match condition:
        case AllOf(parts):
            return all(holds(part, true) for part in parts)
        case AnyOf(parts):
            return any(holds(part, true) for part in parts)
        case Not(part):
            return not holds(part, true)
    return condition in true


@given(CONDITIONS, st.frozensets(st.sampled_from([A, B, C])))
def test_simplest_form_says_the_same(condition: Condition, true: frozenset[Condition]) -> None:
    assert holds(prepared(condition), true) == holds(condition, true)


def nested(count: int) -> Condition:
    return reduce(lambda inner, no: (AllOf, AnyOf)[no % 2]((inner, B)), range(count), A)


@pytest.mark.parametrize(
    ("allowed", "refused"),
    [
        (AllOf((A,) * (MOST_CONDITIONS - 1)), AllOf((A,) * MOST_CONDITIONS)),
        (nested(MOST_TURNS), nested(MOST_TURNS + 1)),
        (
            reduce(lambda inner, _: Not(inner), range(MOST_LEVELS - 1), A),
            reduce(lambda inner, _: Not(inner), range(MOST_LEVELS), A),
        ),
        (OneOf(Property("a"), (1,) * 10_000), OneOf(Property("a"), (1,) * 10_001)),
        (Matches(Fact.TITLE, containing("x" * 3_998)), Matches(Fact.TITLE, containing("x" * 3_999))),
        (Words(" ".join(map(str, range(MOST_CONDITIONS)))), Words(" ".join(map(str, range(MOST_CONDITIONS + 1))))),
        (Words("x" * 4_000), Words("x" * 4_001)),
        (equals(Fact.ID, 7), equals(Fact.ID, "7")),
        (equals(Fact.NAME, "7"), equals(Fact.NAME, 7)),
        (OneOf(Fact.CREATED_BY, (1, 2)), OneOf(Fact.CREATED_BY, (1, 2.0))),
        (Compares(Fact.LENGTH_BYTES, Operator.LESS, 0), Compares(Fact.LENGTH_BYTES, Operator.LESS, False)),
        (Matches(Fact.UUID, starting_with("7")), Matches(Fact.VERSION_NO, starting_with("7"))),
    ],
    ids=lambda condition: f"{type(condition).__name__}",
)
def test_what_is_just_allowed_and_what_is_refused(allowed: Condition, refused: Condition) -> None:
    prepared(allowed)
    with pytest.raises(Malformed):
        prepared(refused)


def test_order_counts_as_conditions() -> None:
    most = (By(Fact.ID),) * (MOST_CONDITIONS - 1)

    prepared(A, most)
    with pytest.raises(Malformed):
        prepared(A, (*most, By(Fact.ID)))


# Shapes


def test_conditions_that_differ_in_values_have_one_shape() -> None:
    def asked(no: int) -> Condition:
        return AllOf(
            (
                equals(Property(f"a{no}"), no),
                OneOf(Fact.TYPE, ("x",) * no),
                Matches(Property("b"), starting_with(f"x{no}")),
                Matches(Fact.TITLE, (f"{no}", Wildcard.ONE), is_folded=True),
                Words(f"word{no}"),
            )
        )

    one, other = take_apart(asked(1)), take_apart(asked(2))

    assert one[0] == other[0]
    assert one[1].keys() == other[1].keys()
    assert one[1] != other[1]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (equals(Property("a"), 1), Compares(Property("a"), Operator.LESS, 1)),
        (equals(Property("a"), 1), OneOf(Property("a"), (1,))),
        (Matches(Property("a"), starting_with("x")), Matches(Property("a"), containing("x"))),
        (Matches(Property("a"), starting_with("x")), Matches(Property("a"), ("x", Wildcard.ANY, "y"))),
        (Words("a"), Words("a b")),
        (Words("a"), Words("a", Property("b"))),
        (A, Not(A)),
        (AllOf((A, B)), AnyOf((A, B))),
        (HasValue(Fact.TYPE), HasValue(Fact.NAME)),
    ],
)
def test_conditions_that_differ_in_more_have_others(one: Condition, other: Condition) -> None:
    assert take_apart(one)[0] != take_apart(other)[0]


def test_no_value_has_what_no_database_takes() -> None:
    _, values = take_apart(AllOf((Matches(Property("a\0"), containing("\ud800")), equals(Fact.NAME, "\0"), equals(A.term, "\0"))))

    assert "\ufffd" in values["v0"]  # type: ignore[operator]
    assert not any(one in str(values) for one in ("\\x00", "\\ud800"))


def test_door_has_the_types_that_begin_with_its_name() -> None:
    assert of_door("yuuvis") == Matches(Fact.TYPE, ("yuuvis:", Wildcard.ANY))
