"""Patterns of searches: what fits them, and what may fit them as far as facts tell of a document that was never registered."""

from __future__ import annotations

import re
from datetime import UTC, date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from davgate.model.bitemporal.computed_facts import condition_of, doubts_of, opened_in
from davgate.model.bitemporal.matching import fits
from davgate.model.bitemporal.query import Criterion, InPart, Notes, Says, Search
from davgate.model.bitemporal.registration import day_of
from davgate.model.bitemporal.virkning import ALL_TIME, parse_timestamp
from davgate.model.instant import Instant
from davgate.model.query import AllOf, Compares, Fact, Operator
from davgate.model.stored_parts import SCHEME, address_of

UUID = "5f0c1d1e-4a5b-4c6d-8e7f-0123456789ab"


def search(*criteria: Criterion) -> Search:
    return Search(criteria, ALL_TIME)


@given(st.text("aAbß%", max_size=8), st.text("aAbBß", max_size=8))
def test_pattern_fits_what_a_regular_expression_matches(pattern: str, text: str) -> None:
    form = ".*".join(re.escape(piece) for piece in pattern.lower().split("%"))
    assert fits(pattern, text) == (re.fullmatch(form, text.lower(), re.DOTALL) is not None)


def test_signs_that_are_escaped_are_plain() -> None:
    assert fits(r"100\%", "100%") and not fits(r"100\%", "100x") and fits(r"a\\b", r"A\b")


@st.composite
def patterns_of(draw: st.DrawFn, text: str) -> str:
    """Return a pattern that fits a text."""
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), min_size=2, max_size=6)))
    kept = [text[start:end] for start, end in zip(cuts[1::2], cuts[2::2], strict=False)]
    return "%".join([text[: cuts[0]], *kept, ""])


INSTANTS = st.integers(0, 4_000_000_000).map(lambda seconds: Instant(seconds * 1_000_000))


@given(st.data(), INSTANTS)
def test_what_an_address_fits_is_in_doubt_or_told_by_facts(data: st.DataObject, at: Instant) -> None:
    address = SCHEME + address_of(UUID, 3, bytes(range(32)), at)
    pattern = data.draw(patterns_of(address))
    assert fits(pattern, address)
    of_address = search(InPart("indhold", pattern))
    doubts = doubts_of(of_address)
    assert doubts.addresses == (pattern,) or condition(of_address) is not None
    window = opened_in(doubts)
    assert window.start <= at < window.end


@given(st.data(), INSTANTS)
def test_what_a_day_fits_is_in_doubt_or_told_by_facts(data: st.DataObject, at: Instant) -> None:
    pattern = data.draw(patterns_of(day_of(at, UTC)))
    on_day = search(Says("brevdato", pattern))
    assert doubts_of(on_day).days == (pattern,) or holds(on_day, at)


@pytest.mark.parametrize(
    "begins", ["2", "202", "2026", "2026-", "2026-0", "2026-1", "2026-02", "2026-02-", "2026-02-2", "2026-02-28"]
)
def test_days_that_begin_alike_are_a_range(begins: str) -> None:
    asked = search(Says("brevdato", begins + "%"))
    assert doubts_of(asked).days == ()
    for no in range(0, 800):
        day = date(2025, 11, 1) + timedelta(days=no)
        noon = parse_timestamp(f"{day.isoformat()}T12:00Z", UTC)
        assert holds(asked, noon) == day.isoformat().startswith(begins), day


@pytest.mark.parametrize("text", ["2026-13%", "2026-02-30", "2026-02-3%", "x%", "2026-2-1", "20261%", "2026-01-011"])
def test_what_is_no_day_is_on_none(text: str) -> None:
    assert condition(search(Says("brevdato", text))) is None and doubts_of(search(Says("brevdato", text))).days == ()


@pytest.mark.parametrize("text", ["%budget%", "case 4711", "store:2026%x%", "%.txt", "%12/1%/%/5"])
def test_words_leave_nothing_in_doubt(text: str) -> None:
    doubts = doubts_of(search(Says("", text)))
    assert (doubts.addresses, doubts.days) == ((), ())


def test_notes_are_in_doubt_unless_any_will_do() -> None:
    assert doubts_of(search(Notes("%"), Notes("x%"))).notes == ("x%",)


def condition(wanted: Search) -> object:
    return condition_of(wanted, "lora:x", UTC, lambda _: (), lambda _: ())


def holds(wanted: Search, made_at: Instant) -> bool:
    """Tell whether a condition on when a document was made holds."""
    compares = {Operator.LESS: lambda one, other: one < other, Operator.AT_LEAST: lambda one, other: one >= other}
    found = condition(wanted)
    if found is None:
        return False
    left = [found]
    while left:
        one = left.pop()
        if isinstance(one, AllOf):
            left += one.conditions
        elif isinstance(one, Compares) and one.term is Fact.CREATED_AT and not compares[one.operator](made_at, one.value):
            return False
    return True
