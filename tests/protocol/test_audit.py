"""Over HTTP each method that changes something leaves a row, granted or denied; reading leaves none."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from sqlalchemy import text

from davgate.core.audit import shown as audit_shown
from davgate.core.principals import granting
from davgate.core.store import Context, Store
from davgate.dav.app import METHODS, READING
from davgate.model.principal import SYSTEM
from davgate.model.rights import BY_NAME
from davgate.storage.api import AuditFilter, AuditRow
from tests.protocol.client import HOST, Client, Response, lockinfo

PROPPATCH = '<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><p xmlns="x:">1</p></D:prop></D:set></D:propertyupdate>'
LABEL = '<D:label xmlns:D="DAV:"><D:add><D:label-name>final</D:label-name></D:add></D:label>'
TARGET = "/dav/f/a.txt"
ADDRESS = "192.0.2.1"


@dataclass(frozen=True)
class Case:
    """A request that changes the document, what it needs beforehand, and the actions that the audit has for it."""

    send: Callable[[Client], Response]
    actions: tuple[str, ...]
    before: Callable[[Client], object] = lambda client: None


def to(target: str) -> dict[str, str]:
    return {"destination": f"http://{HOST}{target}"}


CASES = {
    "PUT": Case(lambda who: who("PUT", TARGET, "new"), ("save",)),
    "DELETE": Case(lambda who: who("DELETE", TARGET), ("delete",)),
    "MKCOL": Case(lambda who: who("MKCOL", "/dav/f/sub"), ("create",)),
    "COPY": Case(lambda who: who("COPY", TARGET, **to("/dav/f/b.txt")), ("copy",)),
    "MOVE": Case(lambda who: who("MOVE", TARGET, **to("/dav/f/b.txt")), ("move",)),
    "PROPPATCH": Case(lambda who: who("PROPPATCH", TARGET, PROPPATCH), ("properties",)),
    "LOCK": Case(lambda who: who("LOCK", TARGET, lockinfo()), ("lock",)),
    "CHECKOUT": Case(lambda who: who("CHECKOUT", TARGET), ("check-out",)),
    "LABEL": Case(lambda who: who("LABEL", TARGET, LABEL), ("label",)),
    "CHECKIN": Case(lambda who: who("CHECKIN", TARGET), ("check-in",), lambda ann: ann("CHECKOUT", TARGET)),
    "UNCHECKOUT": Case(lambda who: who("UNCHECKOUT", TARGET), ("cancel-check-out",), lambda ann: ann("CHECKOUT", TARGET)),
}
OTHERS = {"UNLOCK", "VERSION-CONTROL"}
"""UNLOCK needs a token, below; every document is under version control, so that VERSION-CONTROL changes nothing."""


@pytest.fixture
def drive(ann: Client, root_admin: Client) -> Client:
    """Ann, at a drive with a document, which somebody administers."""
    ann.mkcol("/dav/f")
    ann.put(TARGET, "one")
    return ann


def rows(store: Store) -> list[AuditRow]:
    """Return the audit without sign-ins."""
    found = audit_shown.newest(store, Context(SYSTEM), AuditFilter(), 10_000)
    return [row for row in found if row.action != "sign-in"]


def told(row: AuditRow) -> tuple[str, str, str, str, str]:
    return row.principal, row.action, row.path, row.outcome, json.loads(row.detail).get("code", "")


def let(store: Store, name: str, role: str) -> None:
    """Leave a user one role in the folder, which nobody else but administrators may enter any more."""
    root = Context(SYSTEM)
    granting.close(store, root, ("f",))
    if role:
        granting.grant(store, root, ("f",), name, BY_NAME[role])


def test_every_method_that_changes_something_is_here() -> None:
    assert {*CASES} | OTHERS == {*METHODS} - READING


@pytest.mark.parametrize("method", CASES)
def test_granted_method_is_told(drive: Client, store: Store, method: str) -> None:
    case = CASES[method]
    case.before(drive)
    before = len(rows(store))

    assert case.send(drive).status < 300

    new = rows(store)[before:]
    assert tuple(row.action for row in new) == case.actions
    assert {(row.principal, row.outcome, row.client) for row in new} == {("ann", "granted", ADDRESS)}
    assert all(row.request_id for row in new)


@pytest.mark.parametrize("method", CASES)
def test_method_denied_by_rights_is_told(drive: Client, bob: Client, store: Store, method: str) -> None:
    CASES[method].before(drive)
    let(store, "bob", "reader")
    before = len(rows(store))

    assert CASES[method].send(bob).status == 403

    (new,) = rows(store)[before:]
    path = "/f/sub" if method == "MKCOL" else "/f/a.txt"
    assert told(new) == ("bob", method.lower(), path, "denied", "forbidden")
    assert new.request_id
    assert new.client == ADDRESS


@pytest.mark.parametrize("method", CASES)
def test_method_denied_because_the_place_is_hidden_is_told(drive: Client, bob: Client, store: Store, method: str) -> None:
    CASES[method].before(drive)
    let(store, "bob", "")
    before = len(rows(store))

    refused = CASES[method].send(bob)

    assert refused.status in (403, 404, 409)
    (new,) = rows(store)[before:]
    assert told(new)[:4] == ("bob", method.lower(), "/f/sub" if method == "MKCOL" else "/f/a.txt", "denied")
    assert told(new)[4] in ("not-found", "parent-missing", "forbidden")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "MOVE", "PROPPATCH", "LOCK"])
@pytest.mark.parametrize("holding", ["lock", "check-out"])
def test_method_denied_by_a_lock_is_told(drive: Client, bob: Client, store: Store, method: str, holding: str) -> None:
    if holding == "lock":
        drive.lock(TARGET)
    else:
        drive("CHECKOUT", TARGET)
    before = len(rows(store))

    refused = CASES[method].send(bob)

    if refused.status >= 300:
        assert refused.status == 423
        (new,) = rows(store)[before:]
        assert told(new)[:4] == ("bob", method.lower(), "/f/a.txt", "denied")
        assert told(new)[4] in ("locked", "checked-out", "lock-conflict")
    else:
        # Of a checked-out document the properties stay open.
        assert (method, holding) == ("PROPPATCH", "check-out")
        assert told(rows(store)[-1])[:2] == ("bob", "properties")


def test_unlock_is_told_whoever_does_it(drive: Client, bob: Client, root_admin: Client, store: Store) -> None:
    for who, status, row in (
        (drive, 204, ("ann", "unlock", "/f/a.txt", "granted", "")),
        (bob, 403, ("bob", "unlock", "/f/a.txt", "denied", "not-the-lock-owner")),
        (root_admin, 204, ("root", "break-lock", "/f/a.txt", "granted", "")),
    ):
        for_it = rows(store)
        token = drive.lock(TARGET)
        assert who("UNLOCK", TARGET, lock_token=f"<{token}>").status == status
        assert [told(one) for one in rows(store)[len(for_it) + 1 :]] == [row]
        drive("UNLOCK", TARGET, lock_token=f"<{token}>")


@pytest.mark.parametrize("method", [*sorted(READING), "OPTIONS", "VERSION-CONTROL"])
def test_reading_is_not_told_whatever_it_is_answered(drive: Client, bob: Client, store: Store, method: str) -> None:
    if method != "VERSION-CONTROL":
        let(store, "bob", "")
    before = rows(store)

    for target in (TARGET, "/dav/missing"):
        if method != "VERSION-CONTROL" or target == TARGET:
            bob(method, target)

    assert rows(store) == before


def test_request_that_was_wrong_is_not_told(drive: Client, store: Store) -> None:
    before = rows(store)

    assert drive("PUT", TARGET, "x", if_match='"other"').status == 412
    assert drive("PUT", "/dav/.versions/x", "x").status >= 400
    assert drive("MKCOL", "/dav/f").status == 405
    assert drive("MOVE", TARGET, **to(TARGET)).status == 403
    assert drive("LOCK", TARGET, "<no>").status == 400

    assert rows(store) == before


def test_denial_is_answered_the_same_when_it_cannot_be_written(drive: Client, bob: Client, store: Store) -> None:
    drive.lock(TARGET)
    expected = bob("PUT", TARGET, "x")
    with store.database.engine.begin() as connection:
        connection.execute(text("CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(FAIL, 'disk is full'); END"))
    refused = bob("PUT", TARGET, "x")
    with store.database.engine.begin() as connection:
        connection.execute(text("DROP TRIGGER full"))

    assert (refused.status, refused.body) == (expected.status, expected.body) != (204, b"")
