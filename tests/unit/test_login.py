"""How long a sign-in is remembered, and how often a password is checked."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import timedelta
from itertools import islice

import pytest
from argon2 import PasswordHasher
from tests.builders import PASSWORD, SettableClock
from tests.canary import guard

from davgate.core.principals import app_passwords
from davgate.core.principals.accounts import Passwords, change_password
from davgate.core.principals.app_passwords import NewAppPassword
from davgate.core.principals.brake import Brake
from davgate.core.principals.signing_in import LDAP, SigningIn, Sources
from davgate.core.store import SYSTEM_CONTEXT, Context, Store
from davgate.http.login import Login
from davgate.http.login.crowds import Crowds
from davgate.http.requests import Environ
from davgate.identity.external import ExternalUser
from davgate.model.errors import Busy, Unauthenticated
from davgate.model.errors_of_sign_in import TooManyFailures
from davgate.model.instant import after

REMEMBERED = timedelta(seconds=60)


class CountingPasswords(Passwords):
    """Counts the checks, and holds them up until it is told to go on."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_kib=8, parallelism=1)
        self.checks = 0
        self.is_asked = threading.Event()
        self.goes_on = threading.Event()
        self.goes_on.set()

    def fits(self, password: str, kept: str | None) -> bool:
        self.checks += 1
        self.is_asked.set()
        assert self.goes_on.wait(10)
        return super().fits(password, kept)


@pytest.fixture
def passwords() -> Iterator[CountingPasswords]:
    yield CountingPasswords()


@pytest.fixture
def login(store: Store, passwords: CountingPasswords) -> Login:
    return Login(SigningIn(store, passwords), REMEMBERED)


def request(password: str = PASSWORD, name: str = "ann") -> Environ:
    header = "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()
    return {"HTTP_AUTHORIZATION": header, "REMOTE_ADDR": "192.0.2.1"}


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


def test_repeated_request_is_of_one_sign_in(login: Login, ann: Context, clock: SettableClock) -> None:
    environ = {**request(), "davgate.is_forwarded": False}
    principal = login.principal_of(environ)
    is_still = login.goes_on(environ)
    assert is_still is not None
    assert is_still(principal)

    clock.advance(REMEMBERED)
    assert not is_still(principal)

    assert login.principal_of(environ) == principal
    assert not is_still(principal)


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


@pytest.fixture
def guessed(store: Store, passwords: CountingPasswords) -> Login:
    """A login at which three sign-ins from one address have failed, of names that nobody has."""
    login = Login(SigningIn(store, passwords, brake=Brake(failures=3)), REMEMBERED, guesses_at_once=2)
    for name in ("carl", "cora", "dora"):
        with pytest.raises(Unauthenticated):
            login.principal_of(request(name=name))
    passwords.checks = 0
    return login


def test_guessing_keeps_few_threads(guessed: Login, passwords: CountingPasswords, ann: Context) -> None:
    passwords.goes_on.clear()
    elsewhere = {**request(), "REMOTE_ADDR": "192.0.2.2"}
    with ThreadPoolExecutor(8) as threads:
        guesses = [threads.submit(guessed.principal_of, request("wrong password", name=f"e{no}")) for no in range(6)]
        # Two are held up in the middle of their checks, so that those that end are the others.
        ended = [one.exception() for one in islice(as_completed(guesses, 10), 4)]
        right = threads.submit(guessed.principal_of, elsewhere)
        passwords.goes_on.set()

    assert [(type(one), getattr(one, "retry_after_seconds", 0)) for one in ended] == [(TooManyFailures, 1)] * 4
    assert right.result() == ann.principal
    assert passwords.checks == 3


def from_address(no: int, password: str = "wrong password") -> Environ:
    return {**request(password, name=f"f{no}"), "REMOTE_ADDR": f"198.51.100.{no}"}


def test_many_addresses_together_are_bounded_and_leave_room_for_others(
    store: Store, passwords: CountingPasswords, ann: Context
) -> None:
    login = Login(SigningIn(store, passwords), REMEMBERED, guesses_at_once=1)
    for no in range(20):
        with pytest.raises(Unauthenticated):
            login.principal_of(from_address(no))
    passwords.goes_on.clear()
    suspects, most = Crowds.SUSPECT_TIMES, Crowds.MOST_TIMES
    with ThreadPoolExecutor(100) as threads:
        guesses = [threads.submit(login.principal_of, from_address(no)) for no in range(20)]
        ended = [one.exception() for one in islice(as_completed(guesses, 10), 20 - suspects)]
        right = threads.submit(login.principal_of, request())
        strangers = [threads.submit(login.principal_of, from_address(100 + no)) for no in range(20)]
        refused = [one.exception() for one in islice(as_completed(strangers, 10), 20 - (most - suspects - 1))]
        passwords.goes_on.set()

    assert {type(one) for one in ended} == {TooManyFailures}
    assert {type(one) for one in refused} == {Busy}
    assert right.result() == ann.principal


def test_thread_is_lent_while_a_password_is_checked_and_not_when_it_is_remembered(login: Login, ann: Context) -> None:
    lent = []
    for _ in range(2):
        assert login.principal_of({**request(), "davgate.lend_thread": lambda: lent.append(1)}) == ann.principal
    assert lent == [1]


def test_passwords_are_hashed_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    passwords = Passwords(time_cost=1, memory_kib=8, parallelism=1, at_once=1)
    kept = passwords.hash(PASSWORD)
    running, most = [], []
    verify = PasswordHasher.verify

    def watched(hasher: PasswordHasher, kept: str | bytes, password: str | bytes) -> bool:
        running.append(1)
        most.append(len(running))
        try:
            return verify(hasher, kept, password)
        finally:
            running.pop()

    monkeypatch.setattr(PasswordHasher, "verify", watched)
    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(passwords.fits, [PASSWORD] * 50, [kept] * 50))
    assert set(most) == {1}


def test_guessing_is_over_with_its_window(
    guessed: Login, passwords: CountingPasswords, clock: SettableClock, ann: Context
) -> None:
    clock.advance(Brake().window)
    passwords.goes_on.clear()
    with ThreadPoolExecutor(8) as threads:
        others = [threads.submit(guessed.principal_of, request("wrong password", name=f"e{no}")) for no in range(6)]
        passwords.goes_on.set()

    assert {type(one.exception()) for one in others} == {Unauthenticated}


class OneDirectory:
    """Knows one person, and counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def check(self, name: str, password: str) -> ExternalUser | None:
        self.asked += 1
        return ExternalUser(LDAP, "ann") if name == "ann" and password == PASSWORD else None


def test_directory_is_asked_again_after_its_time_though_the_sign_in_is_used(
    store: Store, passwords: CountingPasswords, clock: SettableClock
) -> None:
    directory = OneDirectory()
    login = Login(SigningIn(store, passwords, Sources(directory=directory, policies={LDAP: "make"})), REMEMBERED)
    asked = []
    for _ in range(6):
        assert login.principal_of(request()).method == LDAP
        asked.append(directory.asked)
        clock.advance(REMEMBERED / 2)

    assert asked == [1, 1, 2, 2, 3, 3]


def test_login_of_another_process_sees_a_change_at_once(
    store: Store, passwords: CountingPasswords, ann: Context, clock: SettableClock
) -> None:
    both = [Login(SigningIn(store, passwords), REMEMBERED) for _ in range(2)]
    for login in both:
        assert login.confirmed_principal_of(request()) == ann.principal
    changed = guard("another horse 8")
    change_password(store, passwords, SYSTEM_CONTEXT, "ann", changed)

    for login in both:
        with pytest.raises(Unauthenticated):
            login.confirmed_principal_of(request())
        assert login.confirmed_principal_of(request(changed)).epoch == ann.principal.epoch + 1


def test_password_changed_while_it_is_checked_is_not_good_afterwards(
    store: Store, passwords: CountingPasswords, ann: Context, login: Login
) -> None:
    passwords.goes_on.clear()
    with ThreadPoolExecutor(1) as thread:
        answer = thread.submit(login.principal_of, request())
        assert passwords.is_asked.wait(10)
        change_password(store, CountingPasswords(), SYSTEM_CONTEXT, "ann", guard("another horse 8"))
        passwords.goes_on.set()

    assert answer.result().epoch == ann.principal.epoch, "which no use case accepts any more"
    with pytest.raises(Unauthenticated):
        login.confirmed_principal_of(request())


def test_refused_sign_in_makes_nobody_elses_forgotten(login: Login, passwords: CountingPasswords, ann: Context) -> None:
    login.principal_of(request())
    wrong = request("wrong password")
    with pytest.raises(Unauthenticated):
        login.principal_of(wrong)

    assert not login.forget(wrong)
    login.principal_of(request())
    assert passwords.checks == 2


def test_remembered_sign_in_ends_with_what_proved_it(
    store: Store, passwords: CountingPasswords, ann: Context, login: Login, clock: SettableClock
) -> None:
    end = timedelta(seconds=30)
    new = NewAppPassword("rclone", expires_at=after(clock.now(), end))
    secret = guard(app_passwords.make(store, SYSTEM_CONTEXT, "ann", new).secret)
    assert login.principal_of(request(secret)).method == "app password"
    clock.advance(end)

    with pytest.raises(Unauthenticated):
        login.principal_of(request(secret))
