"""How much one user may ask for: the bucket of requests, and bodies at once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.builders import START

from davgate.http.rates import OpenUploads, Rates
from davgate.model.errors import TooManyRequests, TooManyUploads
from davgate.model.instant import Instant, after

ANN, BOB = 2, 3


def taken(rates: Rates, now: Instant, principal_id: int = ANN, tries: int = 100) -> int:
    """Return how many requests of many are allowed."""
    allowed = 0
    for _ in range(tries):
        try:
            rates.take(principal_id, now)
        except TooManyRequests:
            continue
        allowed += 1
    return allowed


def test_bucket_holds_a_minute_and_fills_evenly() -> None:
    rates = Rates(60, 2)

    assert taken(rates, START) == 30
    assert taken(rates, after(START, timedelta(seconds=10))) == 5
    assert taken(rates, after(START, timedelta(days=1))) == 30


def test_each_user_has_a_bucket_of_their_own() -> None:
    rates = Rates(10)

    assert (taken(rates, START), taken(rates, START, BOB)) == (10, 10)


def test_share_of_many_processes_is_never_nothing() -> None:
    rates = Rates(1, 64)

    assert taken(rates, START) == 1
    with pytest.raises(TooManyRequests) as refused:
        rates.take(ANN, START)
    assert refused.value.retry_after_seconds == 60


def test_clock_that_was_set_back_gives_and_takes_nothing() -> None:
    rates = Rates(10)
    taken(rates, START, tries=5)

    assert taken(rates, after(START, timedelta(days=-1))) == 5


def test_waiting_as_told_is_enough() -> None:
    rates = Rates(7)
    taken(rates, START)
    with pytest.raises(TooManyRequests) as refused:
        rates.take(ANN, START)

    rates.take(ANN, after(START, timedelta(seconds=refused.value.retry_after_seconds)))


def test_upload_that_ends_in_whatever_way_makes_room() -> None:
    uploads = OpenUploads(1)
    with pytest.raises(ZeroDivisionError), uploads.one_more(ANN):
        with pytest.raises(TooManyUploads), uploads.one_more(ANN):
            pass
        with uploads.one_more(BOB):
            raise ZeroDivisionError

    with uploads.one_more(ANN), uploads.one_more(BOB):
        pass
