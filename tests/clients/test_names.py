"""Names as people give them, over the wire and back."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote, unquote

import pytest

from tests.clients.conftest import Run
from tests.clients.programs import Curl

NAMES = [
    unicodedata.normalize("NFC", "résumé"),
    unicodedata.normalize("NFD", "résumé"),
    "100% done",
    "a#b",
    "x%20y",
    "日本語",
    "😀 party",
    "~$x",
    ".~lock.x y.odt#",
]


def listed(curl: Curl) -> list[str]:
    """Return the decoded names in the root."""
    body = curl.send("PROPFIND", "/dav/", "Depth: 1", "Content-Length: 0").body.decode()
    return [unquote(name) for name in re.findall(r"<D:href>/dav/([^<]+)</D:href>", body)]


@pytest.mark.parametrize("name", NAMES)
def test_name_goes_out_as_it_came_in(run: Run[Curl], name: str) -> None:
    curl, address = run(Curl, "ann"), f"/dav/{quote(name)}"

    assert curl.put(address, name.encode()).status == 201
    assert listed(curl) == [name]
    assert curl.get(address).body == name.encode()
    assert curl.send("MOVE", address, "Destination: http://test/dav/200%25%20%C3%A4%23%3F.txt").status == 201
    assert listed(curl) == ["200% ä#?.txt"]


def test_upper_and_lower_case_are_two_files(run: Run[Curl]) -> None:
    curl = run(Curl, "ann")

    assert curl.put("/dav/UPPER", b"1").status == 201
    assert curl.put("/dav/upper", b"2").status == 201
    assert sorted(listed(curl)) == ["UPPER", "upper"]


def test_bytes_above_127_in_the_request_line_are_utf8(run: Run[Curl]) -> None:
    curl = run(Curl, "ann")

    assert curl.put("/dav/é.txt".encode().decode("latin-1"), b"1").status == 201
    assert listed(curl) == ["é.txt"]
