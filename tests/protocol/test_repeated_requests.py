"""A request that is repeated word by word is answered from memory, and as if it was not."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_network
from typing import NoReturn

import pytest
from sqlalchemy import text

from davgate.config import LimitsConfig, ServerConfig
from davgate.core.principals import accounts, granting
from davgate.core.store import Store
from davgate.model.errors import Busy
from davgate.model.principal import PrincipalKind
from davgate.model.rights import Right
from davgate.storage.statements import Statement
from tests.builders import SettableClock, path
from tests.protocol.client import SET_AUTHOR, Client, Response
from tests.protocol.conftest import Serve
from tests.protocol.multistatus import members

A = "/dav/f/a.txt"
NAMED = '<D:propfind xmlns:D="DAV:"><D:prop><D:getetag/><D:current-user-privilege-set/></D:prop></D:propfind>'
LOCKS = '<D:propfind xmlns:D="DAV:"><D:prop><D:lockdiscovery/></D:prop></D:propfind>'

QUESTIONS: dict[str, Callable[[Client], Response]] = {
    "get": lambda who: who("GET", A),
    "head": lambda who: who("HEAD", A),
    "range": lambda who: who("GET", A, range="bytes=2-4"),
    "lock token": lambda who: who("GET", A, if_="(<urn:uuid:00000000-0000-0000-0000-000000000000>)"),
    "validator": lambda who: who("GET", A, if_none_match='"nothing"'),
    "document": lambda who: who("PROPFIND", A, NAMED, depth="0"),
    "allprop": lambda who: who("PROPFIND", A, depth="0"),
    "members": lambda who: who("PROPFIND", "/dav/f/", NAMED, depth="1"),
}


@pytest.fixture
def drive(ann: Client) -> Client:
    """A document in a folder."""
    ann.mkcol("/dav/f")
    ann.put(A, "the content")
    return ann


def asked(ask: Callable[[Client], Response], who: Client) -> Response:
    """Ask until the answer is remembered."""
    answers = [ask(who) for _ in range(4)]
    assert len({(one.status, str(one.headers), one.body) for one in answers}) == 1
    return answers[0]


@pytest.mark.parametrize("question", QUESTIONS)
def test_third_time_nothing_is_looked_up(drive: Client, statements: list[str], question: str) -> None:
    first = asked(QUESTIONS[question], drive)
    statements.clear()

    again = QUESTIONS[question](drive)

    assert (again.status, again.headers, again.body) == (first.status, first.headers, first.body)
    assert statements == []
    assert first.status in (200, 206, 207)


def saved(drive: Client) -> None:
    drive.put(A, "something else")


def deleted(drive: Client) -> None:
    drive("DELETE", A)


def moved(drive: Client) -> None:
    assert drive("MOVE", "/dav/f/", destination="/dav/g/").status == 201


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("change", [saved, deleted, moved])
def test_what_changed_is_told(drive: Client, question: str, change: Callable[[Client], None]) -> None:
    ask = QUESTIONS[question]
    before = asked(ask, drive)

    change(drive)

    after = asked(ask, drive)
    assert (after.status, after.headers, after.body) != (before.status, before.headers, before.body)


def test_property_that_was_set_is_told(drive: Client) -> None:
    before = asked(QUESTIONS["allprop"], drive)

    assert drive("PROPPATCH", A, SET_AUTHOR).status == 207

    assert asked(QUESTIONS["allprop"], drive).body != before.body


@pytest.mark.parametrize("question", QUESTIONS)
def test_who_may_not_read_any_more_is_told_nothing(
    drive: Client, bob: Client, root_admin: Client, store: Store, question: str
) -> None:
    asked(QUESTIONS[question], bob)

    granting.close(store, root_admin.ctx, path("/f"))
    assert asked(QUESTIONS[question], bob).status == 404

    granting.grant(store, root_admin.ctx, path("/f"), "bob", Right.READ)
    assert asked(QUESTIONS[question], bob).status in (200, 206, 207)


@pytest.mark.parametrize("question", QUESTIONS)
def test_account_that_was_disabled_is_told_nothing(
    drive: Client, bob: Client, root_admin: Client, store: Store, question: str
) -> None:
    asked(QUESTIONS[question], bob)

    accounts.set_disabled(store, root_admin.ctx, "bob", PrincipalKind.USER, is_disabled=True)

    assert QUESTIONS[question](bob).status == 401


@pytest.mark.parametrize(("target", "depth"), [(A, "0"), ("/dav/f/", "1")], ids=["document", "members"])
def test_time_that_a_lock_has_left_is_counted(drive: Client, bob: Client, clock: SettableClock, target: str, depth: str) -> None:
    def locks() -> bytes:
        return bob("PROPFIND", target, LOCKS, depth=depth).body

    drive.lock(A, timeout="Second-60")
    seen = []
    for _ in range(4):
        seen.append(locks())
        clock.advance(timedelta(seconds=10))

    assert [f"Second-{left}".encode() in body for left, body in zip((60, 50, 40, 30), seen, strict=True)] == [True] * 4
    clock.advance(timedelta(seconds=30))
    assert b"activelock" not in locks()


def test_lock_that_is_alive_again_when_the_clock_was_set_back_is_told(drive: Client, bob: Client, clock: SettableClock) -> None:
    def ask(who: Client) -> Response:
        return who("PROPFIND", A, LOCKS, depth="0")

    drive.lock(A, timeout="Second-60")
    clock.advance(timedelta(seconds=90))
    assert b"activelock" not in asked(ask, bob).body

    clock.advance(timedelta(seconds=-60))

    assert b"Second-30" in ask(bob).body


def test_reader_of_a_young_document_is_noted_as_soon_as_that_can_be(
    drive: Client, bob: Client, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    drive.put("/dav/seen.txt")
    assert bob.get("/dav/seen.txt")
    with store.database.write() as tx:
        # The database refuses a write, as one with a full disk does.
        tx.run(Statement(text("CREATE UNIQUE INDEX one_is_seen ON node (is_seen) WHERE is_seen = 1")))
        tx.commit()

    assert [bob.get(A) for _ in range(4)] == [b"the content"] * 4

    assert caplog.text.count("is not noted") == 4


@pytest.mark.parametrize("ask", [lambda who, at: who("GET", at), lambda who, at: who("PROPFIND", at, NAMED, depth="0")])
def test_past_is_looked_up_each_time(drive: Client, ask: Callable[[Client, str], Response]) -> None:
    drive.put(A, "the next content")
    version = "/dav/f/.versions/a.txt/" + members(drive, "/dav/f/.versions/a.txt/")[0]

    for _ in range(3):
        assert ask(drive, version).status in (200, 207)
        assert drive.may_again is None


def test_body_and_each_header_are_part_of_the_question(drive: Client) -> None:
    for _ in range(3):
        assert b"getetag" in drive("PROPFIND", A, NAMED, depth="0").body
        assert b"getetag" not in drive("PROPFIND", A, LOCKS, depth="0").body
        assert drive("GET", A, range="bytes=0-0").body == b"t"
        assert drive("GET", A).body == b"the content"
        assert drive("GET", A, if_none_match=drive("GET", A).headers["etag"]).status == 304


def again(who: Client, method: str = "GET", body: bytes = b"", **headers: str) -> Callable[[dict[str, str]], bool] | None:
    """Ask until the server may give the answer again, and return what it asks the application then."""
    if body:
        headers["content_length"] = str(len(body))
    for _ in range(3):
        assert who.send(method, A, io.BytesIO(body), **headers).status in (200, 207)
    return who.may_again


def test_what_is_given_again_is_logged_and_counted(drive: Client, root_admin: Client, caplog: pytest.LogCaptureFixture) -> None:
    def counted() -> float:
        lines = root_admin("GET", "/metrics").body.decode().splitlines()
        return sum(float(line.split()[-1]) for line in lines if 'request_seconds_count{method="GET",status="200"}' in line)

    drive.get(A)
    caplog.clear()
    before = counted()

    for _ in range(5):
        assert drive("GET", A, user_agent="program/1").status == 200

    lines = [line for line in caplog.messages if "program/1" in line]
    assert len(lines) == 5
    assert all(line.startswith(f"GET {A} 200 - 11 bytes") and " ann 192.0.2.1 program/1" in line for line in lines)
    assert counted() - before == 6  # With the first look at the figures.


def test_who_asks_too_often_is_told_so(serve: Serve, store: Store, ann: Client, drive: Client) -> None:
    limited = ann.through(serve(store, limits=LimitsConfig(requests_per_minute=20)))

    # Each of two processes grants the half.
    assert [limited.status_of(A) for _ in range(12)] == [200] * 10 + [429] * 2


def test_sign_in_that_is_forgotten_is_checked_again(drive: Client, clock: SettableClock) -> None:
    may_again = again(drive)
    assert may_again is not None
    assert may_again({"REMOTE_ADDR": "192.0.2.1"})

    clock.advance(timedelta(days=1))
    assert not may_again({"REMOTE_ADDR": "192.0.2.1"})

    # Signed in again, with the same words.
    assert drive.get("/dav/f/")
    assert not may_again({"REMOTE_ADDR": "192.0.2.1"})


def test_proxy_that_is_believed_means_more_by_the_same_words(serve: Serve, store: Store, drive: Client) -> None:
    proxied = drive.through(
        serve(store, server=ServerConfig(trusted_proxies=(ip_network("203.0.113.0/24"),), user_header="X-User"))
    )
    may_again = again(proxied, x_user="bob")
    assert may_again is not None

    assert may_again({"REMOTE_ADDR": "192.0.2.1"})
    assert not may_again({"REMOTE_ADDR": "203.0.113.7"})


def test_nothing_is_given_again_to_whom_a_proxy_signs_in(serve: Serve, store: Store, drive: Client) -> None:
    trusting = serve(store, server=ServerConfig(trusted_proxies=(ip_network("192.0.2.0/24"),)))

    assert again(drive.through(trusting)) is None
    assert again(drive) is not None


@pytest.mark.parametrize(
    ("method", "body", "headers"),
    [
        ("GET", b"words", {}),
        ("PROPFIND", NAMED.encode(), {"depth": "0", "expect": "100-continue"}),
        ("PROPFIND", NAMED.encode() + b" " * 5000, {"depth": "0"}),
    ],
)
def test_what_brings_more_than_a_small_question_is_answered_anew(
    drive: Client, method: str, body: bytes, headers: dict[str, str]
) -> None:
    assert again(drive, method, body, **headers) is None


def test_small_question_is_answered_again(drive: Client) -> None:
    assert again(drive, "PROPFIND", NAMED.encode(), depth="0") is not None


def test_fault_of_the_database_is_told_as_ever(drive: Client, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    may_again = again(drive)
    assert may_again is not None

    def fail(*, writing: bool) -> NoReturn:
        raise Busy

    monkeypatch.setattr(store.database, "take", fail)
    assert not may_again({"REMOTE_ADDR": "192.0.2.1"})
    assert drive.status_of(A) == 503
