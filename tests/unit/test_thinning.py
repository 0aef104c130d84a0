"""Which old versions may go: by age, count and size, as a table and as properties of any history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from davgate.model.instant import Instant, after, from_datetime, to_datetime
from davgate.model.thinning import Candidate, OldSave, Period, Reason, Step, Thinned, ThinningRule, thin

NOW = from_datetime(datetime(2026, 11, 20, 12, 0, tzinfo=UTC))
ZURICH = ZoneInfo("Europe/Zurich")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def ago(span: timedelta) -> Instant:
    return after(NOW, -span)


def a_history(*ages: timedelta, kept: Sequence[int] = (), length_bytes: int = 10) -> list[Candidate]:
    """Return versions of these ages, numbered from 1; the last is current, and those that are named have to stay, too."""
    return [Candidate(no, ago(age), length_bytes, is_kept=no == len(ages) or no in kept) for no, age in enumerate(ages, start=1)]


def gone(rule: ThinningRule, versions: Sequence[Candidate], zone: tzinfo = UTC) -> dict[int, Reason]:
    return thin(rule, versions, NOW, zone).versions


def parse_steps(text: str) -> tuple[Step, ...]:
    """Return the steps of a text such as "all 7d, daily"; ages are in days."""
    words = [part.split() for part in text.split(",") if part]
    return tuple(Step(Period(name), *(DAY * int(age[0].rstrip("d")) for _ in age)) for name, *age in words)


def by_age(text: str) -> ThinningRule:
    return ThinningRule(parse_steps(text))


@pytest.mark.parametrize(
    ("text", "ages", "expected"),
    [
        pytest.param("", [DAY * 900, DAY * 800, DAY], [], id="no-rule-keeps-everything"),
        pytest.param("all 7d", [DAY * 9, DAY * 8, DAY], [1], id="what-was-replaced-before-the-age-goes"),
        pytest.param("all 7d", [DAY * 900, DAY], [], id="age-counts-from-the-replacement"),
        pytest.param("all 7d, daily 30d", [DAY * 10 + HOUR, DAY * 10, DAY * 10 - HOUR, DAY], [1, 2], id="last-of-a-day-stays"),
        pytest.param("all 7d, daily 30d", [DAY * 40, DAY * 35, DAY], [1], id="current-at-an-end-within-the-step-stays"),
        pytest.param("daily", [DAY * 400, DAY * 400 - MINUTE, DAY], [1], id="last-step-without-an-age-never-ends"),
        pytest.param("hourly", [MINUTE * 59, MINUTE * 30, MINUTE], [1, 2], id="hour-that-goes-on-keeps-the-current-one-alone"),
        pytest.param("hourly", [MINUTE * 61, MINUTE * 59, MINUTE * 30, MINUTE], [2, 3], id="hour-that-ended-keeps-its-last-one"),
        pytest.param("weekly", [DAY * 5, DAY * 3, DAY], [2], id="week-ends-on-monday"),
        pytest.param("monthly", [DAY * 21, DAY * 20, DAY * 19, DAY], [1, 3], id="month-ends-with-the-first-of-the-next"),
        pytest.param("yearly", [DAY * 330, DAY * 320, DAY * 300, DAY], [2, 3], id="year"),
    ],
)
def test_rule_by_age(text: str, ages: list[timedelta], expected: list[int]) -> None:
    assert gone(by_age(text), a_history(*ages)) == dict.fromkeys(expected, Reason.AGE)


def test_day_ends_at_midnight_of_the_zone() -> None:
    # 23:30 and 22:30 UTC are 00:30 of the next day and 23:30 in Zurich.
    two = [from_datetime(datetime(2026, 11, 9, hour, 30, tzinfo=UTC)) for hour in (22, 23)]
    versions = [*(Candidate(no, at, 1) for no, at in enumerate(two, start=1)), Candidate(3, NOW, 1, is_kept=True)]

    assert gone(by_age("daily"), versions) == {1: Reason.AGE}
    assert gone(by_age("daily"), versions, ZURICH) == {}


BOUNDARIES = {
    Period.HOURLY: datetime(2026, 11, 11, 9, 0, tzinfo=ZURICH),
    # The day before was an hour shorter.
    Period.DAILY: datetime(2026, 3, 30, 0, 0, tzinfo=ZURICH),
    Period.WEEKLY: datetime(2026, 11, 9, 0, 0, tzinfo=ZURICH),
    Period.MONTHLY: datetime(2026, 3, 1, 0, 0, tzinfo=ZURICH),
    Period.YEARLY: datetime(2025, 1, 1, 0, 0, tzinfo=ZURICH),
}


def opened_at(boundary: datetime, *seconds: float) -> list[Candidate]:
    """Return versions that began so many seconds after an instant, and a current one."""
    began = [after(from_datetime(boundary.astimezone(UTC)), timedelta(seconds=one)) for one in seconds]
    return [*(Candidate(no, at, 1) for no, at in enumerate(began, start=1)), Candidate(len(began) + 1, NOW, 1, is_kept=True)]


@pytest.mark.parametrize("period", BOUNDARIES)
def test_version_that_begins_with_a_period_was_current_at_its_end_and_one_replaced_then_was_not(period: Period) -> None:
    versions = opened_at(BOUNDARIES[period], -1, -1e-6, 0, 1e-6, 1, 60)

    # The last of them is current at all ends until now.
    assert list(gone(ThinningRule((Step(period),)), versions, ZURICH)) == [1, 2, 4, 5]


@pytest.mark.parametrize("period", BOUNDARIES)
def test_version_that_was_current_at_the_end_of_a_period_stays_however_short(period: Period) -> None:
    versions = opened_at(BOUNDARIES[period], -60, -1, 1, 60)

    assert list(gone(ThinningRule((Step(period),)), versions, ZURICH)) == [1, 3]


def test_end_of_a_coarser_period_counts_at_its_own_ages_alone() -> None:
    # A month ended on Friday, a day and a half after the older step; no week did while the first version was current.
    now = from_datetime(datetime(2026, 5, 29, 12, 0, tzinfo=UTC))
    first, second = (from_datetime(datetime(2026, *day, tzinfo=UTC)) for day in ((4, 29), (5, 2)))
    versions = [Candidate(1, first, 1), Candidate(2, second, 1), Candidate(3, now, 1, is_kept=True)]

    assert thin(by_age("weekly 30d, monthly"), versions, now, UTC).versions == {1: Reason.AGE}


def test_age_leaves_what_has_to_stay() -> None:
    assert gone(by_age("all 7d"), a_history(DAY * 12, DAY * 11, DAY * 10, DAY, kept=[2])) == {1: Reason.AGE}


def test_fewer_versions_than_may_be_stay() -> None:
    for most in (4, 5, 6, 7):
        assert not gone(ThinningRule(most=most), a_history(DAY * 4, DAY * 3, DAY * 2, DAY))


def test_what_went_by_count_does_not_count_for_size() -> None:
    versions = a_history(DAY * 4, DAY * 3, DAY * 2, DAY)
    by_count = {1: Reason.COUNT, 2: Reason.COUNT}

    assert gone(ThinningRule(most=2, most_bytes=10), versions) == by_count
    assert gone(ThinningRule(most=2, most_bytes=9), versions) == by_count | {3: Reason.SIZE}


def test_saves_that_went_by_age_do_not_count_for_size_and_those_of_what_all_keeps_stay() -> None:
    old = OldSave(ago(DAY * 4), 10)
    versions = [Candidate(1, ago(DAY * 5), 10, saves=(old,)), Candidate(2, ago(DAY), 10, is_kept=True)]

    assert thin(ThinningRule(most_bytes=10, saves=DAY), versions, NOW, UTC) == Thinned({}, {(1, old.saved_at): Reason.AGE})
    assert not thin(ThinningRule(parse_steps("all 7d"), most_bytes=1), versions, NOW, UTC)


@pytest.mark.parametrize("rule", [by_age("daily"), ThinningRule(most=1), ThinningRule(most_bytes=1), ThinningRule(saves=DAY)])
def test_rule_that_says_anything_does_not_keep_everything(rule: ThinningRule) -> None:
    assert not rule.keeps_everything
    assert ThinningRule().keeps_everything


def test_count_takes_the_oldest_first_and_leaves_what_has_to_stay() -> None:
    versions = a_history(DAY * 5, DAY * 4, DAY * 3, DAY * 2, DAY, kept=[2])

    assert gone(ThinningRule(most=3), versions) == {1: Reason.COUNT, 3: Reason.COUNT}
    assert gone(ThinningRule(most=1), versions) == dict.fromkeys([1, 3, 4], Reason.COUNT)
    assert gone(ThinningRule(most=5), versions) == {}


def test_size_takes_the_oldest_first_and_does_not_count_the_current_version() -> None:
    versions = a_history(DAY * 4, DAY * 3, DAY * 2, DAY)

    assert gone(ThinningRule(most_bytes=30), versions) == {}
    assert gone(ThinningRule(most_bytes=29), versions) == {1: Reason.SIZE}
    assert gone(ThinningRule(most_bytes=1), versions) == dict.fromkeys([1, 2, 3], Reason.SIZE)


def test_count_and_size_leave_what_the_step_all_keeps() -> None:
    versions = a_history(DAY * 9, DAY * 8, DAY * 3, DAY * 2, DAY)

    assert gone(ThinningRule(parse_steps("all 5d, daily"), most=1), versions) == {1: Reason.COUNT}
    assert gone(ThinningRule(parse_steps("all 5d, daily"), most_bytes=1), versions) == {1: Reason.SIZE}


def with_saves(version: Candidate, *ages: timedelta) -> Candidate:
    return replace(version, saves=tuple(OldSave(ago(age), 10) for age in ages))


def test_saves_go_by_their_own_age_though_their_version_stays() -> None:
    old, current = a_history(DAY * 3, HOUR)
    versions = [with_saves(old, DAY * 3, DAY * 2), with_saves(current, HOUR)]

    assert thin(ThinningRule(saves=DAY * 2), versions, NOW, UTC) == Thinned({}, {(1, ago(DAY * 3)): Reason.AGE})


def test_saves_of_a_held_or_open_version_stay() -> None:
    old, current = a_history(DAY * 3, HOUR, kept=[1])
    versions = [replace(with_saves(old, DAY * 3), is_whole=True), current]

    assert not thin(ThinningRule(saves=DAY, most_bytes=1), versions, NOW, UTC)


def test_saves_go_by_size_before_any_version() -> None:
    first, second, current = a_history(DAY * 3, DAY * 2, HOUR)
    versions = [first, with_saves(second, DAY * 2, DAY), with_saves(current, HOUR)]

    assert thin(ThinningRule(most_bytes=30), versions, NOW, UTC) == Thinned(
        {}, {(2, ago(DAY * 2)): Reason.SIZE, (2, ago(DAY)): Reason.SIZE}
    )
    assert thin(ThinningRule(most_bytes=10), versions, NOW, UTC).versions == {1: Reason.SIZE}


def test_saves_of_a_version_that_goes_are_not_named() -> None:
    old, current = a_history(DAY * 30, DAY * 20)
    versions = [with_saves(old, DAY * 30), replace(current, is_kept=True)]

    assert thin(ThinningRule(parse_steps("all 7d"), saves=DAY), versions, NOW, UTC) == Thinned({1: Reason.AGE}, {})


# Properties of any history

PERIODS = list(Period)


@st.composite
def rules(draw: st.DrawFn) -> tuple[Step, ...]:
    periods = sorted(draw(st.sets(st.sampled_from(PERIODS), min_size=1)), key=PERIODS.index)
    days = sorted(draw(st.sets(st.integers(1, 1200), min_size=len(periods), max_size=len(periods))))
    steps = [Step(period, DAY * age) for period, age in zip(periods, days, strict=True)]
    if draw(st.booleans()):
        steps[-1] = replace(steps[-1], until=None)
    return tuple(steps)


@st.composite
def histories(draw: st.DrawFn) -> list[Candidate]:
    minutes = draw(st.sets(st.one_of(st.integers(1, 3 * 1440), st.integers(1, 1500 * 1440)), min_size=1, max_size=40))
    kept = draw(st.sets(st.integers(1, 40), max_size=4))
    ages = [MINUTE * age for age in sorted(minutes, reverse=True)]
    return a_history(*ages, kept=tuple(kept), length_bytes=draw(st.integers(1, 100)))


ZONES = st.sampled_from([UTC, ZURICH, ZoneInfo("America/Sao_Paulo"), ZoneInfo("Australia/Lord_Howe")])
LIMITS = st.tuples(st.integers(0, 20), st.integers(0, 800))


def left_of(versions: Sequence[Candidate], thinned: Thinned) -> list[Candidate]:
    return [one for one in versions if one.no not in thinned.versions]


def current_at(versions: Sequence[Candidate], at: Instant) -> int | None:
    return max((one.no for one in versions if one.opened_at <= at), default=None)


@given(rules(), LIMITS, histories(), ZONES)
def test_what_has_to_stay_stays_and_thinning_twice_is_thinning_once(
    steps: tuple[Step, ...], limits: tuple[int, int], versions: list[Candidate], zone: tzinfo
) -> None:
    rule = ThinningRule(steps, *limits)

    left = left_of(versions, thin(rule, versions, NOW, zone))

    assert {one.no for one in versions if one.is_kept} <= {one.no for one in left}
    assert not thin(rule, left, NOW, zone)


@given(rules(), histories(), ZONES)
def test_time_travel_to_the_end_of_each_kept_period_shows_the_same(
    steps: tuple[Step, ...], versions: list[Candidate], zone: tzinfo
) -> None:
    left = left_of(versions, thin(ThinningRule(steps), versions, NOW, zone))

    midnight = to_datetime(NOW).astimezone(zone).replace(hour=0, minute=0)
    for days in range(1500):
        at = from_datetime((midnight - DAY * days).astimezone(UTC))
        step = next((one for one in steps if one.until is None or at >= after(NOW, -one.until)), None)
        if step is not None and ends_at(step.period, midnight - DAY * days, zone):
            assert current_at(left, at) == current_at(versions, at), days


def ends_at(period: Period, midnight: datetime, zone: tzinfo) -> bool:
    """Tell, in another way than the rule does, whether a period ends at a midnight."""
    before = midnight - DAY
    match period:
        case Period.WEEKLY:
            return before.isocalendar().week != midnight.isocalendar().week
        case Period.MONTHLY:
            return before.month != midnight.month
        case Period.YEARLY:
            return before.year != midnight.year
        case Period.HOURLY:
            return midnight.astimezone(UTC).minute == 0
        case _:
            return True


@given(rules(), histories(), ZONES)
def test_each_version_that_age_left_was_current_at_the_end_of_a_period(
    steps: tuple[Step, ...], versions: list[Candidate], zone: tzinfo
) -> None:
    """One for each period and no more: what stays beside the others is marked, or current at an instant that is kept."""
    left = left_of(versions, thin(ThinningRule(steps), versions, NOW, zone))

    for one, until in zip(left, [*(other.opened_at for other in left[1:]), NOW], strict=True):
        assert one.is_kept or any(is_kept_between(steps, one.opened_at, until, zone, step) for step in range(len(steps))), one


def is_kept_between(steps: tuple[Step, ...], since: Instant, until: Instant, zone: tzinfo, at: int) -> bool:
    step = steps[at]
    low = since if step.until is None else max(since, after(NOW, -step.until))
    former = steps[at - 1].until if at else None
    high = until if former is None else min(until, after(NOW, -former))
    if step.period is Period.ALL or low >= high:
        return low < high
    moment = to_datetime(low)
    if step.period is Period.HOURLY:
        ends = [moment.replace(minute=0) + HOUR * hours for hours in (0, 1)]
        return any(low <= from_datetime(end) < high for end in ends)
    midnight = moment.astimezone(zone).replace(hour=0, minute=0)
    ends = [midnight + DAY * days for days in range(368) if ends_at(step.period, midnight + DAY * days, zone)]
    return any(low <= from_datetime(end.astimezone(UTC)) < high for end in ends)
