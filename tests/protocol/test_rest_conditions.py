"""If, Lock-Token and the conditions of HTTP mean through a REST door what they mean on the drive."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from davgate.app import Application
from davgate.core.store import Context, Store
from davgate.model.conditions import ELSEWHERE, EntityTag, IfList, StateToken
from tests.protocol.client import HOST, Client
from tests.protocol.conftest import Serve
from tests.protocol.tiny_dialect import DIALECT, MOUNT, SEEN

NOTE = MOUNT + "/notes/a.txt"


@pytest.fixture
def app(serve: Serve, store: Store) -> Application:
    """An application with the dialect of these tests."""
    return serve(store, dialects={MOUNT: DIALECT})


@pytest.fixture(autouse=True)
def seen() -> Iterator[list[Context]]:
    """What the handlers were given."""
    SEEN.clear()
    yield SEEN
    SEEN.clear()


@pytest.mark.parametrize(
    ("tag", "resource"),
    [
        ("", None),
        (f"<{NOTE}>", None),
        (f"<http://{HOST}{NOTE}>", None),
        (f"<https://{HOST}:443{NOTE}/>", None),
        (f"<{MOUNT}/notes/%61.txt>", None),
        ("</dav/b.txt>", ("b.txt",)),
        (f"<http://{HOST}/dav/%C3%BC/b.txt>", ("ü", "b.txt")),
        ("</dav/>", ()),
        (f"<{MOUNT}/notes/b.txt>", ELSEWHERE),
        ("</elsewhere>", ELSEWHERE),
        (f"<http://other.test{NOTE}>", ELSEWHERE),
        ("<http://other.test/dav/b.txt>", ELSEWHERE),
    ],
)
def test_tag_names_the_own_address_or_a_place_on_the_drive(ann: Client, seen: list[Context], tag: str, resource: object) -> None:
    ann("GET", NOTE, if_=f"{tag} (<opaquelocktoken:1-2>)")

    assert seen[0].conditions.if_lists == (IfList(resource, (StateToken("1-2"),)),)  # type: ignore[arg-type]
    assert seen[0].tokens == {"1-2"}


def test_lists_of_several_resources_are_all_read(ann: Client, seen: list[Context]) -> None:
    ann("GET", NOTE, if_=f'<{NOTE}> (["one"]) (Not <urn:uuid:3>) </dav/b> (<4>) <{NOTE}> (<5>)')

    assert seen[0].conditions.if_lists == (
        IfList(None, (EntityTag('"one"'),)),
        IfList(None, (StateToken("3", negated=True),)),
        IfList(("b",), (StateToken("4"),)),
        IfList(None, (StateToken("5"),)),
    )


@pytest.mark.parametrize(
    "value", ["(<1>) </dav/a> (<2>)", f"<{NOTE}>", f"<{NOTE}> <{NOTE}> (<1>)", "<nonsense> (<1>)", "()", "x"]
)
def test_malformed_if_header_is_refused(ann: Client, seen: list[Context], value: str) -> None:
    assert ann("GET", NOTE, if_=value).json["code"] == "malformed"
    assert seen == []


@pytest.mark.parametrize("value", ["1-2", "<1-2>", "<opaquelocktoken:1-2>", "opaquelocktoken:1-2", "<urn:uuid:1-2>"])
def test_lock_token_is_read_in_every_spelling(ann: Client, seen: list[Context], value: str) -> None:
    ann("GET", NOTE, lock_token=value)

    assert seen[0].tokens == {"1-2"}


@pytest.mark.parametrize("header", ["lock_token", "if_", "tagged", "by-the-drive"])
def test_lock_of_the_drive_is_passed_with_its_token(ann: Client, bob: Client, header: str) -> None:
    ann.put("/dav/a.txt", "one")
    token = ann.lock("/dav/a.txt")
    submitted = {
        "lock_token": {"lock_token": f"<{token}>"},
        "if_": {"if_": f"(<{token}>)"},
        "tagged": {"if_": f"<{NOTE}> (<{token}>)"},
        "by-the-drive": {"if_": f"</dav/a.txt> (<{token}>)"},
    }[header]

    assert ann("PUT", NOTE, b"two").status == 423
    assert bob("PUT", NOTE, b"two", **submitted).status in (412, 423)
    assert ann("PUT", NOTE, b"two", **submitted).status == 204
    assert ann.get("/dav/a.txt") == b"two"


def test_stale_if_match_keeps_the_content(ann: Client) -> None:
    ann.put("/dav/a.txt", "one")

    response = ann("PUT", NOTE, b"two", if_match='"other"')

    assert (response.status, response.json["code"]) == (412, "precondition-failed")
    assert ann.get("/dav/a.txt") == b"one"


def test_tag_of_content_is_that_of_the_drive(ann: Client) -> None:
    ann.put("/dav/a.txt", "one")
    etag = ann("GET", "/dav/a.txt").etag

    assert ann("GET", NOTE, accept="text/plain").etag == etag
    assert ann("PUT", NOTE, b"two", if_match=etag).status == 204
