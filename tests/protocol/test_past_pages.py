"""What a browser is shown of the folders of the past: every link on every page leads to something."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from urllib.parse import unquote

import pytest

from tests.protocol.client import Client
from tests.protocol.multistatus import message_of
from tests.protocol.transcripts import address

NAMES = ('"we&ird" <b> #1?%41;.txt', "\u00e9 \U0001f4c4.odt", "100%", "a+b c")
FOLDER = "f & g"


@pytest.fixture
def drive(ann: Client, bob: Client) -> Client:
    """A user who has deleted documents and a folder, has versions of others and a rescue copy."""
    ann.mkcol(address(f"/{FOLDER}"))
    for name in NAMES:
        for where in (f"/{name}", f"/{FOLDER}/{name}", f"/deleted {name}"):
            ann.put(address(where), b"one")
            ann.put(address(where), b"two")
    ann.mkcol("/dav/gone")
    ann.put("/dav/gone/a.txt")
    token = ann.lock("/dav/100%25", timeout="Second-600")
    ann.clock.advance(timedelta(minutes=30))
    bob.put("/dav/100%25", b"theirs")
    assert ann("PUT", "/dav/100%25", b"late", if_=f"(<{token}>)").status == 412
    for where in ("/gone", *(f"/deleted {name}" for name in NAMES)):
        assert ann("DELETE", address(where)).status == 204
    ann.clock.advance(timedelta(days=1))
    return ann


def links(page: bytes) -> list[str]:
    return [unescape(found) for found in re.findall(r'href="([^"]*)"', page.decode())]


def crawl(client: Client, start: str) -> dict[str, bytes]:
    """Return the content of a page and of all that it links to, below it and beside it."""
    found: dict[str, bytes] = {}
    waiting = [start]
    while waiting:
        target = waiting.pop()
        if target in found:
            continue
        answer = client("GET", target)
        assert answer.status == 200, target
        found[target] = answer.body
        if answer.headers["content-type"].startswith("text/html"):
            waiting += links(answer.body)
    return found


@pytest.mark.parametrize(
    ("start", "shown"),
    [
        ("/.at/2026-11-20T12.20Z/", [f"{FOLDER}/{NAMES[0]}", f"{FOLDER}/{NAMES[1]}", f"deleted {NAMES[2]}", "gone/a.txt"]),
        ("/.at/", [f"2026-11-21T00.00Z/{name}" for name in NAMES]),
        ("/.trash/", []),
        ("/.rescue/", []),
        ("/.versions/", [f"{NAMES[0]}/", f"{NAMES[1]}/0001 2026-11-20 12.00 ann.odt"]),
    ],
)
def test_every_link_leads_to_something(drive: Client, start: str, shown: list[str]) -> None:
    found = [unquote(target) for target in crawl(drive, address(start))]

    assert {f"/dav{start}{name}" for name in shown} <= set(found)
    # What is shown of the past is read there, and not in the tree of today.
    assert len([target for target in found if target.startswith(f"/dav{start}")]) > 1


def test_deleted_and_late_content_is_reached_by_links(drive: Client) -> None:
    trash, rescue = (crawl(drive, f"/dav/{name}/") for name in (".trash", ".rescue"))

    deleted = {unquote(target): body for target, body in trash.items() if target.startswith("/dav/.trash/deleted")}
    assert sorted(target.partition(" 2026-")[0] for target in deleted) == sorted(
        f"/dav/.trash/deleted {name}".removesuffix(".txt").removesuffix(".odt") for name in NAMES
    )
    assert set(deleted.values()) == {b"two"}
    assert [body for target, body in trash.items() if target.startswith("/dav/.trash/gone") and target.endswith("a.txt")] == [
        b"content"
    ]
    assert [body for target, body in rescue.items() if target.startswith("/dav/.rescue/100")] == [b"late"]


@pytest.mark.parametrize("target", ["/.at", "/.at/2026-11-20T12.20Z", f"/.at/2026-11-20T12.20Z/{FOLDER}", "/.trash", "/.rescue"])
def test_folder_without_its_final_slash_has_the_same_page(drive: Client, target: str) -> None:
    with_slash = drive("GET", address(f"{target}/"))

    assert drive("GET", address(target)).body == with_slash.body
    head = drive("HEAD", address(target))
    assert (head.status, head.headers["content-type"]) == (200, with_slash.headers["content-type"])
    assert "default-src 'none'" in with_slash.headers["content-security-policy"]


@pytest.mark.parametrize("name", [".trash", ".rescue"])
def test_folder_with_nothing_in_it_says_so(ann: Client, name: str) -> None:
    assert b"This folder is empty." in ann("GET", f"/dav/{name}/").body


@pytest.mark.parametrize("method", ["GET", "PROPFIND", "COPY"])
@pytest.mark.parametrize(
    "name",
    [
        ".trash/nothing",
        ".trash/nothing/below.txt",
        ".trash/nothing 2026-11-20 12.00 999999.txt",
        ".trash/999999/below.txt",
        ".versions/nothing/1",
        ".versions/=00000000-0000-4000-8000-000000000000/1",
        ".versions/100%/1/below",
        "nothing/.versions/a.txt/1",
        ".at/2026-11-20T12.20Z/nothing",
        ".at/2026-11-20T12.20Z/.versions",
        ".rescue/nothing",
    ],
)
def test_what_is_not_there_is_told_by_the_name_that_was_asked_for(drive: Client, name: str, method: str) -> None:
    answer = drive(method, address(f"/{name}"), depth="0", destination="/dav/copied")

    assert answer.status == 404
    assert message_of(answer).startswith(f"There is nothing at /{name}.")


@pytest.mark.parametrize("name", [".versions/nothing", "nothing/.versions", "100%/.versions", ".versions/gone"])
def test_folder_of_versions_that_is_not_there_is_told_by_its_name(drive: Client, name: str) -> None:
    for method in ("GET", "PROPFIND"):
        answer = drive(method, address(f"/{name}"), depth="0")
        assert (answer.status, message_of(answer).partition(". ")[0]) == (404, f"There is nothing at /{name}")


@pytest.mark.parametrize("name", [".trash/nothing", ".trash/999999"])
def test_what_is_not_in_the_trash_cannot_be_brought_back(drive: Client, name: str) -> None:
    answer = drive("MOVE", address(f"/{name}"), destination="/dav/back")

    assert answer.status == 404
    assert message_of(answer).startswith(f"There is nothing at /{name}.")


@pytest.mark.parametrize("name", [".versions/100%/nothing", ".versions/100%/99"])
def test_version_that_is_not_there_cannot_be_copied(drive: Client, name: str) -> None:
    answer = drive("COPY", address(f"/{name}"), destination="/dav/copied")

    assert answer.status == 404
    assert message_of(answer).startswith("/100% has no version")
