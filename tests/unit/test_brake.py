"""The brake on guessing passwords: what it counts, for whom, and what a flood can cost."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from tests.builders import SettableClock, opened_store

from davgate.core.principals.brake import Brake, forget_failures
from davgate.core.store import Store
from davgate.core.upkeep import tidy
from davgate.model.errors_of_sign_in import TooManyFailures
from davgate.storage import sign_in_failures
from davgate.storage.sign_in_tables import sign_in_failure
from davgate.storage.statements import Statement

WINDOW = timedelta(minutes=5)
HERE = "192.0.2.1"
BRAKE = Brake(failures=3, window=WINDOW)
_COUNT = Statement(select(func.count()).select_from(sign_in_failure))


def rows(store: Store) -> int:
    with store.database.read() as session:
        return int(session.all(_COUNT)[0][0])


def fail(store: Store, times: int, name: str = "ann", address: str = HERE, brake: Brake = BRAKE) -> None:
    for _ in range(times):
        brake.note_failure(store, name, address)


def is_put_off(store: Store, name: str = "ann", address: str = HERE, brake: Brake = BRAKE) -> bool:
    try:
        brake.note_failure(store, name, address)
    except TooManyFailures:
        return True
    return False


def test_default_is_twenty_failures_in_five_minutes(store: Store, clock: SettableClock) -> None:
    brake = Brake()
    fail(store, 20, brake=brake)

    assert is_put_off(store, brake=brake)
    clock.advance(timedelta(minutes=5))
    assert not is_put_off(store, brake=brake)


def test_failure_after_the_last_one_allowed_is_put_off_until_the_first_counts_no_more(store: Store, clock: SettableClock) -> None:
    for _ in range(3):
        fail(store, 1)
        clock.advance(timedelta(minutes=1))

    with pytest.raises(TooManyFailures) as refused:
        BRAKE.note_failure(store, "ann", HERE)

    assert refused.value.retry_after_seconds == 120
    clock.advance(timedelta(minutes=2))
    assert not is_put_off(store)
    assert is_put_off(store)


def test_failures_of_others_and_from_elsewhere_do_not_count(store: Store) -> None:
    fail(store, 3)

    assert is_put_off(store)
    assert not is_put_off(store, name="bob")
    assert not is_put_off(store, address="192.0.2.2")


@pytest.mark.parametrize(
    ("first", "second", "is_one"),
    [
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("192.0.2.1", "192.0.2.129", False),
        ("fe80::1%eth0", "fe80::2", True),
        ("unix", "unix", True),
    ],
)
def test_addresses_that_one_client_can_choose_count_as_one(store: Store, first: str, second: str, is_one: bool) -> None:
    fail(store, 3, address=first)

    assert is_put_off(store, address=second) is is_one


@pytest.mark.parametrize(
    ("first", "second", "is_one"),
    [
        ("Ann", "aNN", True),
        ("Stra\xdfe", "STRASSE", True),
        ("\xe4", "a\u0308", True),
        ("ann", "\uff41nn", True),
        ("ann", "ann ", False),
        ("a\0", "a", False),
        ("\ud800", "\ud801", False),
        ("x" * 100_000, "x" * 100_000, True),
    ],
)
def test_spellings_that_a_directory_takes_for_one_name_count_as_one(store: Store, first: str, second: str, is_one: bool) -> None:
    fail(store, 3, name=first)

    assert is_put_off(store, name=second) is is_one


def test_name_cannot_be_read_from_what_is_kept(store: Store) -> None:
    fail(store, 1, name="my secret password")

    with store.database.read() as session:
        ((kept,),) = session.all(Statement(select(sign_in_failure.c.name)))
    assert len(kept) == 32
    assert "secret" not in kept


def test_flood_of_one_name_keeps_no_more_rows_than_count(store: Store) -> None:
    fail(store, 3)
    for _ in range(50):
        assert is_put_off(store)

    assert rows(store) == 3


def test_flood_that_is_put_off_does_not_need_the_writer(unchecked_store: Store) -> None:
    fail(unchecked_store, 3)

    with unchecked_store.database.write(), ThreadPoolExecutor(1) as elsewhere:
        assert elsewhere.submit(is_put_off, unchecked_store).result(5)


def test_flood_of_many_names_fills_the_table_no_further_than_its_bound(
    store: Store, monkeypatch: pytest.MonkeyPatch, clock: SettableClock
) -> None:
    monkeypatch.setattr(sign_in_failures, "MOST_ROWS", 10)

    put_off = [is_put_off(store, name=f"name {no}") for no in range(15)]

    assert put_off == [False] * 10 + [True] * 5
    assert rows(store) == 10
    clock.advance(WINDOW)
    assert not is_put_off(store)
    assert rows(store) == 1, "what counts no more goes with the next failure"


def test_failures_are_counted_by_all_processes_together(
    store: Store, database_url: str, clock: SettableClock, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with opened_store(database_url, tmp_path_factory.mktemp("other"), clock) as other:
        fail(store, 2)
        fail(other, 1)

        assert is_put_off(store)
        assert is_put_off(other)


def test_failures_at_the_same_moment_in_two_processes_are_all_counted(
    store: Store, database_url: str, clock: SettableClock, tmp_path_factory: pytest.TempPathFactory
) -> None:
    brake = Brake(failures=10, window=WINDOW)
    with (
        opened_store(database_url, tmp_path_factory.mktemp("other"), clock) as other,
        ThreadPoolExecutor(8) as threads,
    ):
        tries: Callable[[Store], bool] = lambda where: is_put_off(where, brake=brake)  # noqa: E731
        put_off = list(threads.map(tries, [store, other] * 20))

    assert put_off.count(False) == 10
    assert rows(store) == 10


def test_clock_that_was_set_back_holds_nobody_longer_than_the_window(store: Store, clock: SettableClock) -> None:
    fail(store, 3)
    clock.advance(timedelta(days=-30))

    with pytest.raises(TooManyFailures) as refused:
        BRAKE.note_failure(store, "ann", HERE)

    assert refused.value.retry_after_seconds == 300


def test_upkeep_forgets_what_counts_no_more(store: Store, clock: SettableClock) -> None:
    fail(store, 2)
    clock.advance(timedelta(hours=23))
    fail(store, 1, brake=Brake(failures=3, window=timedelta(hours=24)))
    assert (forget_failures(store), rows(store)) == (0, 3)
    clock.advance(timedelta(hours=1))

    assert tidy(store).failures == 2
    assert rows(store) == 1


def test_no_row_is_lost_by_ids_that_are_used_again(store: Store, clock: SettableClock) -> None:
    fail(store, 2)
    with store.database.write() as tx:
        tx.run(Statement(update(sign_in_failure).values(id=sign_in_failure.c.id + 1000)))
        tx.commit()
    clock.advance(timedelta(seconds=1))
    fail(store, 1)

    assert is_put_off(store)
