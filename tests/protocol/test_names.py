"""Names on the drive: what is kept, what is one name, what is refused (RFC 3986; RFC 4918, 8.3)."""

from __future__ import annotations

import unicodedata
from urllib.parse import quote

import pytest

from tests.protocol.client import HOST, Client
from tests.protocol.databases import on_both_databases
from tests.protocol.multistatus import members, message_of, prop_of, propfind

NAMES = [
    "plain.txt",
    unicodedata.normalize("NFC", "résumé.docx"),
    unicodedata.normalize("NFD", "résumé.docx"),
    "100% done",
    "a#b",
    "a?b",
    "x%20y",
    "%2e%2e",
    "a&b=c;d",
    "<b>bold</b>".replace("/", "⁄"),
    "\"quoted\" 'name'",
    "back\\slash",
    "a:b*c|d",
    "日本語.txt",
    "مرحبا",
    "😀.png",
    "~$report.docx",
    ".~lock.report y.odt#",
    "._report.docx",
    "#auto#",
    "report~",
    "trailing space ",
    " leading space",
    "trailing.dot.",
    "...",
    ".hidden",
    ".Versions",
    "a+b",
    "a,b;c",
    "{}[]^`",
    "\u00a0no-break",
    "e\u0301\u0323 marks",
    "x" * 255,
    "ä" * 127,
]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_name_comes_back_as_it_was_stored(ann: Client, name: str) -> None:
    address = f"/dav/{quote(name, safe='')}"

    assert ann("PUT", address, name.encode()).status == 201

    assert members(ann, "/dav/") == [name]
    assert ann.get(address) == name.encode()
    assert prop_of(ann, address, "displayname") == name
    assert ann("MOVE", address, destination="/dav/200%25%20%C3%A4%23%3F.txt").status == 201
    assert members(ann, "/dav/") == ["200% ä#?.txt"]
    assert ann("COPY", "/dav/200%25%20%C3%A4%23%3F.txt", destination=address).status == 201
    assert ann("DELETE", address).status == 204


@on_both_databases
def test_listing_is_in_the_order_of_code_points_whatever_the_locale(ann: Client) -> None:
    names = ["B", "a", "b", "Ä", "ä", "z", "é", "日", "😀", "~", "_"]
    for name in names:
        ann.put(f"/dav/{quote(name)}")

    assert members(ann, "/dav/") == sorted(names)


@on_both_databases
def test_composed_and_decomposed_forms_are_one_name(ann: Client, bob: Client) -> None:
    # The Finder sends NFD, everybody else NFC.
    composed, decomposed = (f"/dav/{quote(unicodedata.normalize(form, 'résumé.txt'))}" for form in ("NFC", "NFD"))
    assert ann("PUT", composed, b"one").status == 201

    assert bob("PUT", decomposed, b"two").status == 204

    assert ann.get(composed) == ann.get(decomposed) == b"two"
    assert members(ann, "/dav/") == [unicodedata.normalize("NFC", "résumé.txt")]
    assert ann("MKCOL", decomposed).status == 405
    assert ann("MOVE", composed, destination=decomposed).status == 403
    token = ann.lock(decomposed)
    assert bob("PUT", composed, b"three").status == 423
    assert ann("PUT", composed, b"three", if_=f"<{decomposed}> (<{token}>)").status == 204


@on_both_databases
def test_upper_and_lower_case_are_two_names(ann: Client) -> None:
    ann.put("/dav/UPPER.txt", b"upper")
    ann.put("/dav/upper.txt", b"lower")

    assert members(ann, "/dav/") == ["UPPER.txt", "upper.txt"]
    assert (ann.get("/dav/UPPER.txt"), ann.get("/dav/upper.txt")) == (b"upper", b"lower")


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/dav/a%2Fb", 400),
        ("/dav/a%2fb/c", 400),
        ("/dav/..", 400),
        ("/dav/../etc/passwd", 400),
        ("/dav/%2e%2e/x", 400),
        ("/dav/x/%2E/y", 400),
        ("/dav/./x", 400),
        ("/dav/a%00b", 400),
        ("/dav/a%0Ab", 400),
        ("/dav/a%7Fb", 400),
        ("/dav/%FF", 400),
        ("/dav/%C3", 400),
        ("/dav/%C0%AF", 400),
        ("/dav/%ED%A0%80", 400),
        ("/dav/%EF%BF%BF", 400),
        ("/dav/100%", 400),
        ("/dav/%zz", 400),
        ("/dav/" + "x" * 256, 414),
        ("/dav/" + "%C3%A4" * 128, 414),
        ("/dav/" + "/".join("x" * 65), 414),
        ("/dav/" + "/".join(["x" * 200] * 21), 414),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else None,
)
def test_address_that_two_programs_could_read_differently_is_refused(ann: Client, address: str, status: int) -> None:
    for method in ("GET", "PUT", "PROPFIND", "MKCOL", "DELETE", "LOCK"):
        response = ann(method, address, depth="0")
        assert response.status == status, method
        assert len(message_of(response)) > 20, "the refusal says what to do"
    assert members(ann, "/dav/") == []


@pytest.mark.parametrize("mount", ["/d%61v", "/%64%61%76", "/da%76"])
def test_mount_is_the_same_with_escapes_that_change_nothing(ann: Client, mount: str) -> None:
    # RFC 3986, 6.2.2.2
    ann.put(f"{mount}/a.txt", b"one")
    token = ann.lock(f"{mount}/a.txt")

    assert ann("COPY", f"{mount}/a.txt", destination=f"http://{HOST}{mount}/b.txt").status == 201
    assert ann("MOVE", "/dav/a.txt", destination=f"{mount}/c.txt", if_=f"<{mount}/a.txt> (<{token}>)").status == 201
    assert members(ann, f"{mount}/") == ["b.txt", "c.txt"]
    assert list(propfind(ann, f"{mount}/c.txt")) == ["/dav/c.txt"]
    assert ann("OPTIONS", mount).headers["dav"] == ann("OPTIONS", "/dav").headers["dav"]
    for address in (f"{mount}/a%2Fb", f"{mount}/a%00b", f"{mount}/%2e%2e/x", f"{mount}/%FF"):
        assert ann("GET", address).status == 400
        assert ann("COPY", "/dav/b.txt", destination=address).status == 400


@pytest.mark.parametrize("address", ["/d%2561v/a.txt", "/dav%2Fa.txt", "/%2Fdav/a.txt", "/x/%2e%2e/dav/a.txt", "/dav%00/a.txt"])
def test_other_escapes_before_the_mount_do_not_lead_there(ann: Client, address: str) -> None:
    ann.put("/dav/a.txt", b"one")

    assert ann("GET", address).status == 404
    assert ann("PROPFIND", address, depth="0").status in (400, 404)


def test_empty_segments_are_no_names(ann: Client) -> None:
    ann.mkcol("/dav//folder//")
    ann.put("/dav///folder//a.txt", b"one")

    assert ann.get("/dav/folder/a.txt") == b"one"


def test_query_is_no_part_of_the_name(ann: Client) -> None:
    # Office adds one.
    ann.put("/dav/a.docx", b"one")

    assert ann("GET", "/dav/a.docx?web=1").body == b"one"


def test_unescaped_utf8_in_the_address_is_understood(ann: Client) -> None:
    ann.put("/dav/é.txt".encode().decode("latin-1"), b"one")

    assert members(ann, "/dav/") == ["é.txt"]
