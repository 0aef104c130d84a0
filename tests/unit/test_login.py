"""How long a sign-in is remembered, and how often a password is checked."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from tests.builders import PASSWORD, SettableClock

from davgate.core.accounts import Passwords
from davgate.core.store import Context, Store
from davgate.http.login import Login
from davgate.http.requests import Environ
from davgate.model.errors import Unauthenticated

REMEMBERED = timedelta(seconds=60)


class CountingPasswords(Passwords):
    """Counts the checks, and holds them up until it is told to go on."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_kib=8, parallelism=1)
        self.checks = 0
        self.goes_on = threading.Event()
        self.goes_on.set()

    def fits(self, password: str, kept: str | None) -> bool:
        self.checks += 1
        assert self.goes_on.wait(10)
        return super().fits(password, kept)


@pytest.fixture
def passwords() -> Iterator[CountingPasswords]:
    yield CountingPasswords()


@pytest.fixture
def login(store: Store, passwords: CountingPasswords) -> Login:
    return Login(store, passwords, REMEMBERED)


def request(password: str = PASSWORD) -> Environ:
    return {"HTTP_AUTHORIZATION": "Basic " + base64.b64encode(f"ann:{password}".encode()).decode()}


def test_password_is_checked_once_while_it_is_used(
    login: Login, passwords: CountingPasswords, ann: Context, clock: SettableClock
) -> None:
    for _ in range(10):
        assert login.principal_of(request()) == ann.principal
        clock.advance(REMEMBERED / 2)

    assert passwords.checks == 1


def test_password_is_checked_again_after_its_time(
    login: Login, passwords: CountingPasswords, ann: Context, clock: SettableClock
) -> None:
    login.principal_of(request())
    clock.advance(REMEMBERED)
    login.principal_of(request())

    assert passwords.checks == 2


def test_of_many_requests_at_once_one_checks(login: Login, passwords: CountingPasswords, ann: Context) -> None:
    passwords.goes_on.clear()
    with ThreadPoolExecutor(8) as threads:
        answers = [threads.submit(login.principal_of, request()) for _ in range(8)]
        passwords.goes_on.set()

    assert {answer.result() for answer in answers} == {ann.principal}
    assert passwords.checks == 1


def test_wrong_password_is_remembered_by_nobody(login: Login, passwords: CountingPasswords, ann: Context) -> None:
    for _ in range(2):
        with pytest.raises(Unauthenticated):
            login.principal_of(request("wrong password"))

    assert passwords.checks == 2
    assert login.principal_of(request()) == ann.principal
