"""Instants: reading the times that requests name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from davgate.model.instant import is_day, parse_iso


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-20T14:05:09.5Z", datetime(2026, 11, 20, 14, 5, 9, 500_000, UTC)),
        ("2026-11-20T14:05:09,123456789Z", datetime(2026, 11, 20, 14, 5, 9, 123_456, UTC)),
        ("2026-11-20T14:05:09+01:30", datetime(2026, 11, 20, 14, 5, 9, tzinfo=timezone(timedelta(minutes=90)))),
        ("2026-11-20T14:05:09-0130", datetime(2026, 11, 20, 14, 5, 9, tzinfo=timezone(-timedelta(minutes=90)))),
        ("2026-11-20T14:05:09+01", datetime(2026, 11, 20, 14, 5, 9, tzinfo=timezone(timedelta(hours=1)))),
    ],
)
def test_time_of_iso_8601_is_read(text: str, moment: datetime) -> None:
    assert parse_iso(text) == moment
    assert parse_iso(text).tzinfo == moment.tzinfo


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-20", "2026-11-20T00:00:00"),
        ("2026-11-20T14:05", "2026-11-20T14:05:00"),
        ("2026-11-20 14:05:09", "2026-11-20T14:05:09"),
    ],
)
def test_time_without_an_offset_keeps_to_none(text: str, moment: str) -> None:
    assert parse_iso(text).isoformat() == moment


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-11-31",
        "20261120",
        "2026-W47-5",
        "2026-11-20T14",
        "2026-11-20T14:05:170Z",
        "2026-11-20x14:05:17Z",
        "2026-11-20T24:05",
        "2026-11-20T24:00",
        "2026-11-20T14:05:09.Z",
        "2026-11-20T14:05:09Z ",
        "２026-11-20",
    ],
)
def test_what_is_no_such_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_iso(text)


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-29",
        "2026-2-1",
        "20260201",
        "2026-W01-1",
        "tomorrow",
        "2026-01-01T00:00:00",
        "",
        "0000-01-01",
        "２026-11-20",
        None,
        20261120,
    ],
)
def test_what_is_no_day_is_told(text: object) -> None:
    assert not is_day(text)


@pytest.mark.parametrize("text", ["2024-02-29", "0001-01-01", "9999-12-31"])
def test_day_of_the_calendar_is_told(text: str) -> None:
    assert is_day(text)
