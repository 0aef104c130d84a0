"""A request that is repeated word by word is answered from memory, and as if it was not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from davgate.core.principals import accounts, granting
from davgate.core.store import Store
from davgate.model.principal import PrincipalKind
from davgate.model.rights import Right
from tests.builders import SettableClock, path
from tests.protocol.client import SET_AUTHOR, Client, Response

A = "/dav/f/a.txt"
NAMED = '<D:propfind xmlns:D="DAV:"><D:prop><D:getetag/><D:current-user-privilege-set/></D:prop></D:propfind>'
LOCKS = '<D:propfind xmlns:D="DAV:"><D:prop><D:lockdiscovery/></D:prop></D:propfind>'

QUESTIONS: dict[str, Callable[[Client], Response]] = {
    "get": lambda who: who("GET", A),
    "head": lambda who: who("HEAD", A),
    "range": lambda who: who("GET", A, range="bytes=2-4"),
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


def test_time_that_a_lock_has_left_is_counted(drive: Client, bob: Client, clock: SettableClock) -> None:
    def locks() -> bytes:
        return bob("PROPFIND", A, LOCKS, depth="0").body

    drive.lock(A, timeout="Second-60")
    seen = []
    for _ in range(4):
        seen.append(locks())
        clock.advance(timedelta(seconds=10))

    assert [f"Second-{left}".encode() in body for left, body in zip((60, 50, 40, 30), seen, strict=True)] == [True] * 4
    clock.advance(timedelta(seconds=30))
    assert b"activelock" not in locks()


def test_body_and_each_header_are_part_of_the_question(drive: Client) -> None:
    for _ in range(3):
        assert b"getetag" in drive("PROPFIND", A, NAMED, depth="0").body
        assert b"getetag" not in drive("PROPFIND", A, LOCKS, depth="0").body
        assert drive("GET", A, range="bytes=0-0").body == b"t"
        assert drive("GET", A).body == b"the content"
        assert drive("GET", A, if_none_match=drive("GET", A).headers["etag"]).status == 304
