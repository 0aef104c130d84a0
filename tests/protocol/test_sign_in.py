"""Basic sign-in (RFC 7617) and what a request without one may know."""

from __future__ import annotations

import base64
import io
from datetime import timedelta

import pytest
from sqlalchemy import update

from davgate.core.store import Store
from davgate.storage.tables import principal
from tests.builders import PASSWORD
from tests.protocol.client import Client, basic
from tests.protocol.multistatus import propfind


def encoded(text: str, charset: str = "utf-8") -> str:
    return base64.b64encode(text.encode(charset)).decode()


@pytest.mark.parametrize(
    "method", ["GET", "HEAD", "PROPFIND", "PUT", "DELETE", "MKCOL", "COPY", "MOVE", "PROPPATCH", "LOCK", "UNLOCK"]
)
def test_every_method_asks_for_a_sign_in(ann: Client, nobody: Client, method: str) -> None:
    ann.put("/dav/a.txt")

    for target in ("/dav/a.txt", "/dav/missing", "/dav/.versions/a.txt/", "/dav/.versions/a.txt/0001"):
        response = nobody(method, target, destination="/dav/b.txt", depth="0")
        assert response.status == 401
        assert response.headers["www-authenticate"] == 'Basic realm="davgate", charset="UTF-8"'
    assert ann.get("/dav/a.txt") == b"content"


@pytest.mark.parametrize(
    "authorization",
    [
        basic("ann", "wrong password"),
        basic("nobody"),
        basic("Ann"),
        basic("ann", ""),
        f"Basic {encoded('ann')}",
        "Basic",
        "Basic %%%",
        "Basic ZZZ",
        "Basic \xe4\xf6\xfc",
        "Bearer abc",
        'Digest username="ann"',
        f"Basic {encoded('x' * 5000 + ':' + PASSWORD)}",
        "",
    ],
    ids=[
        "wrong-password",
        "unknown-user",
        "other-case",
        "empty-password",
        "no-colon",
        "no-credentials",
        "no-base64",
        "cut-base64",
        "no-ascii",
        "bearer",
        "digest",
        "very-long",
        "empty",
    ],
)
def test_credentials_that_do_not_count_are_401(ann: Client, nobody: Client, authorization: str) -> None:
    ann.put("/dav/a.txt")

    assert nobody("GET", "/dav/a.txt", authorization=authorization).status == 401


@pytest.mark.parametrize(
    "authorization",
    [
        basic("ann"),
        f"basic   {encoded('ann:' + PASSWORD)}",
        basic("EXAMPLE\\ann"),
    ],
    ids=["plain", "lower-case-scheme", "windows-domain"],
)
def test_credentials_that_count(ann: Client, nobody: Client, authorization: str) -> None:
    ann.put("/dav/a.txt")

    assert nobody("GET", "/dav/a.txt", authorization=authorization).status == 200


def test_refused_sign_in_does_not_tell_whether_the_name_or_the_password_is_wrong(ann: Client, nobody: Client) -> None:
    wrong_password = nobody("GET", "/dav/", authorization=basic("ann", "wrong password"))
    unknown_name = nobody("GET", "/dav/", authorization=basic("nobody"))

    assert (wrong_password.status, wrong_password.headers, wrong_password.body) == (
        unknown_name.status,
        unknown_name.headers,
        unknown_name.body,
    )


@pytest.mark.parametrize(
    "change", [{"epoch": 1, "is_disabled": 1}, {"epoch": 1, "password_hash": "changed"}], ids=["disabled", "password"]
)
def test_changed_account_ends_remembered_sign_ins_at_once(ann: Client, unchecked_store: Store, change: dict[str, object]) -> None:
    ann.put("/dav/a.txt")
    with unchecked_store.database.engine.begin() as connection:
        connection.execute(update(principal).where(principal.c.name == "ann").values(**change))

    assert ann("PROPFIND", "/", depth="0").status == 401
    assert ann("GET", "/metrics").status == 401
    assert ann("GET", "/dav/a.txt").status == 401
    assert ann("PUT", "/dav/a.txt", b"next").status == 401


def test_account_changed_without_a_new_password_goes_on(ann: Client, unchecked_store: Store) -> None:
    ann.put("/dav/a.txt")
    with unchecked_store.database.engine.begin() as connection:
        connection.execute(update(principal).where(principal.c.name == "ann").values(epoch=1))

    assert ann("PUT", "/dav/a.txt", b"next").status == 204


def test_account_changed_in_between_still_gets_an_answer_to_its_body(ann: Client, unchecked_store: Store) -> None:
    ann.put("/dav/a.txt")
    with unchecked_store.database.engine.begin() as connection:
        connection.execute(update(principal).where(principal.c.name == "ann").values(epoch=1))

    (entry,) = propfind(ann, "/dav/a.txt", "getetag").values()

    assert set(entry.properties) == {"getetag"}


LONG = b"two" * 30_000
"""Above what is taken in before anything is asked."""


@pytest.mark.parametrize(
    "headers", [{"content_length": str(len(LONG))}, {"transfer_encoding": "chunked"}], ids=["length", "chunked"]
)
def test_account_changed_while_the_body_arrives_stores_nothing(
    ann: Client, unchecked_store: Store, headers: dict[str, str]
) -> None:
    class SlowBody(io.BytesIO):
        """A body that takes so long that the account changes meanwhile."""

        def read(self, size: int | None = -1, /) -> bytes:
            with unchecked_store.database.engine.begin() as connection:
                connection.execute(update(principal).where(principal.c.name == "ann").values(epoch=1))
            return super().read(size)

    ann.put("/dav/a.txt", b"one")

    assert ann.send("PUT", "/dav/a.txt", SlowBody(LONG), **headers).status == 401
    assert ann.get("/dav/a.txt") == b"one"


def test_sign_in_is_remembered_and_checked_anew_after_a_while(ann: Client) -> None:
    ann.put("/dav/a.txt")
    ann.clock.advance(timedelta(hours=1))

    assert ann.get("/dav/a.txt") == b"content"


def test_bad_address_is_refused_before_the_sign_in(nobody: Client) -> None:
    assert nobody("GET", "/dav/%2F").status == 400
