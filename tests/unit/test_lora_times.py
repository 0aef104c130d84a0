"""Instants as LoRA shows them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from davgate.model.bitemporal.virkning import BEGINNING, parse_timestamp
from davgate.model.instant import FOREVER, Instant, from_datetime
from davgate.rest.lora.times import spaced

COPENHAGEN = ZoneInfo("Europe/Copenhagen")
ZONES: list[tzinfo] = [UTC, COPENHAGEN, ZoneInfo("Asia/Kolkata"), ZoneInfo("America/St_Johns"), timezone(timedelta(hours=-14))]


@pytest.mark.parametrize(
    ("moment", "zone", "shown"),
    [
        (datetime(2021, 1, 1, tzinfo=UTC), UTC, "2021-01-01 00:00:00+00"),
        (datetime(2021, 1, 1, tzinfo=UTC), COPENHAGEN, "2021-01-01 01:00:00+01"),
        (datetime(2021, 7, 1, tzinfo=UTC), COPENHAGEN, "2021-07-01 02:00:00+02"),
        (datetime(2021, 1, 1, 0, 0, 0, 120, tzinfo=UTC), UTC, "2021-01-01 00:00:00.00012+00"),
        (datetime(2021, 1, 1, tzinfo=UTC), ZoneInfo("Asia/Kolkata"), "2021-01-01 05:30:00+05:30"),
        (datetime(2021, 1, 1, tzinfo=UTC), ZoneInfo("America/St_Johns"), "2020-12-31 20:30:00-03:30"),
        (datetime(1800, 1, 1, tzinfo=UTC), COPENHAGEN, "1800-01-01 00:00:00+00"),
        (datetime(9999, 12, 31, 23, 30, tzinfo=UTC), COPENHAGEN, "9999-12-31 23:30:00+00"),
        (datetime(1, 1, 1, tzinfo=UTC), UTC, "0001-01-01 00:00:00+00"),
    ],
)
def test_an_instant_is_shown_in_the_zone(moment: datetime, zone: tzinfo, shown: str) -> None:
    assert spaced(from_datetime(moment), zone) == shown


def test_ends_of_time_are_words() -> None:
    assert (spaced(FOREVER, UTC), spaced(BEGINNING, UTC)) == ("infinity", "-infinity")


@given(st.datetimes(timezones=st.just(UTC)).map(from_datetime), st.sampled_from(ZONES), st.sampled_from(ZONES))
def test_what_is_shown_is_read_as_the_same_instant(instant: Instant, zone: tzinfo, other: tzinfo) -> None:
    assert parse_timestamp(spaced(instant, zone), other) == instant
