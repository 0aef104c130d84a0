"""Odd values of headers: refused by a clear 4xx or ignored as their RFC says, at the cost of a plain request."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pytest
from sqlalchemy import event

from davgate.dav.app import METHODS
from davgate.http.ranges import MAX_RANGES
from tests.attacks.house import House
from tests.attacks.test_paths import BODIES

SIZE: Final = 4096
CONTENT: Final = bytes(range(256)) * (SIZE // 256)
ARABIC_ZERO: Final = "\u0660".encode().decode("latin-1")
WIDE_ONE: Final = "\uff11".encode().decode("latin-1")
SUPERSCRIPT_TWO: Final = "\xb2"


# Ranges (RFC 9110, 14)

RANGES: Final = {
    "many": "bytes=" + ",".join(["0-0"] * 10_000),
    "many-apart": "bytes=" + ",".join(f"{at}-{at}" for at in range(0, SIZE, 2)) * 2,
    "as-many-as-are-read": "bytes=" + ",".join(f"{2 * at}-{2 * at}" for at in range(MAX_RANGES)),
    "overlapping": "bytes=" + ",".join(f"0-{last}" for last in range(1000)),
    "the-whole-often": "bytes=" + ",".join(["0-"] * 5000),
    "overlapping-few": "bytes=0-9,5-14,10-19",
    "reversed-order": "bytes=20-29,10-19,0-9",
    "reversed": "bytes=9-0",
    "huge-end": "bytes=0-" + "9" * 30,
    "huger-end": "bytes=0-" + "9" * 31,
    "huge-begin": "bytes=" + "9" * 30 + "-",
    "huge-suffix": "bytes=-" + "9" * 30,
    "thousands-of-digits": "bytes=0-" + "9" * 20_000,
    "leading-zeros": "bytes=" + "0" * 29 + "1-2",
    "suffix-of-nothing": "bytes=-0",
    "behind-the-end": f"bytes={SIZE}-",
    "last-byte": f"bytes={SIZE - 1}-",
    "negative": "bytes=--1",
    "two-dashes": "bytes=0--1",
    "sign": "bytes=+0-+1",
    "arabic-digits": f"bytes={ARABIC_ZERO}-{ARABIC_ZERO}",
    "wide-digits": f"bytes=0-{WIDE_ONE}",
    "superscript": f"bytes=0-{SUPERSCRIPT_TWO}",
    "hexadecimal": "bytes=0x0-0x9",
    "fraction": "bytes=0.0-1.5",
    "exponent": "bytes=0-1e3",
    "underscore": "bytes=0-1_0",
    "spaces": "bytes= 0 - 9 ",
    "commas": "bytes=" + "," * 50_000,
    "blanks": "bytes=" + " \t" * 20_000,
    "commas-and-blanks": "bytes=" + " ," * 20_000 + "0-0",
    "no-unit": "0-9",
    "other-unit": "items=0-9",
    "no-value": "bytes=",
    "only-dash": "bytes=-",
    "star": "bytes=*",
    "upper-case": "BYTES=0-9",
    "two-units": "bytes=0-9, items=0-9",
    "quoted": 'bytes="0-9"',
    "semicolon": "bytes=0-9;10-19",
    "nothing": "",
}


@pytest.fixture
def document(house: House) -> str:
    house.ann.put("/dav/work/ranges.bin", CONTENT)
    return "/dav/work/ranges.bin"


@contextmanager
def counted_statements(house: House) -> Iterator[list[str]]:
    seen: list[str] = []

    def trace(connection: sqlite3.Connection, _record: object) -> None:
        connection.set_trace_callback(lambda sql: None if sql.startswith(("BEGIN", "COMMIT", "PRAGMA")) else seen.append(sql))

    engine = house.store.database.engine
    event.listen(engine, "connect", trace)
    house.store.database.close()
    try:
        yield seen
    finally:
        event.remove(engine, "connect", trace)
        house.store.database.close()


@pytest.mark.parametrize("value", RANGES.values(), ids=RANGES)
def test_range_sends_a_part_or_the_whole_and_no_byte_twice(house: House, document: str, value: str) -> None:
    with counted_statements(house) as statements:
        house.ann.get(document)
        plain = len(statements)
        assert plain > 0
        statements.clear()

        response = house.ann("GET", document, range=value)

        assert len(statements) <= plain
    assert len(response.body) <= SIZE
    match response.status:
        case 200:
            assert response.body == CONTENT
        case 206:
            unit, _, rest = response.headers["content-range"].partition(" ")
            first, last = map(int, rest.partition("/")[0].split("-"))
            assert (unit, response.body) == ("bytes", CONTENT[first : last + 1])
        case _:
            assert (response.status, response.headers["content-range"]) == (416, f"bytes */{SIZE}")


@pytest.mark.parametrize("name", ["many", "many-apart", "overlapping", "the-whole-often", "commas", "thousands-of-digits"])
def test_range_that_costs_is_not_read(house: House, document: str, name: str) -> None:
    assert house.ann("GET", document, range=RANGES[name]).status == 200


@pytest.mark.parametrize("value", RANGES.values(), ids=RANGES)
def test_range_is_for_get_alone(house: House, document: str, value: str) -> None:
    assert house.ann("HEAD", document, range=value).headers["content-length"] == str(SIZE)
    assert house.ann("PUT", document, b"new", range=value).status == 204
    assert house.ann.get(document) == b"new"


# What each header is taken for

ROWS: Final[list[tuple[str, str, set[int], tuple[str, ...]]]] = [
    ("PROPFIND", "Depth", {400}, ("2", "-1", "00", "0,1", "one", "", "infinite", ARABIC_ZERO, "1" * 5000)),
    # Of a document, which has no members.
    ("PROPFIND", "Depth", {207}, ("0", "1", "infinity", "Infinity", "INFINITY")),
    ("DELETE", "Depth", {400}, ("1", "x")),
    ("COPY", "Depth", {400}, ("1", "x", "-0")),
    ("MOVE", "Depth", {400}, ("1", "x")),
    ("LOCK", "Depth", {400}, ("1", "x", "2")),
    ("REPORT", "Depth", {400}, ("1", "infinity", "x")),
    ("COPY", "Overwrite", {400}, ("X", "", "true", "TF", "T,F", "0", "\xd4")),
    ("COPY", "Overwrite", {201}, ("T", "t", "F", "f")),
    # The server chooses in any case (RFC 4918, 10.7).
    (
        "LOCK",
        "Timeout",
        {200},
        ("", "x", "Second-", "Second--1", "Second-0", "Second-4294967296", "Second-9" * 1000, "Infinite" * 100, "-1"),
    ),
    ("LOCK", "Timeout", {200}, ("Second-" + ARABIC_ZERO, "Second-" + WIDE_ONE, "Second-" + SUPERSCRIPT_TWO)),
    (
        "PUT",
        "If",
        {400},
        ("", "x", "(", ")", "()", "(<>)", "(<a>", "<a>", "<a> <b>", "(Not)", "([])", "(<a>)x", "<a>(<b>) (<c>) <d>"),
    ),
    ("PUT", "If", {400}, ("(" * 10_000, "(<a>) " * 129, "(<a> " * 4000, "(<" + "a" * 20_000 + ">)", "(<a b>)")),
    ("PUT", "If", {412}, ("(<a>)", '(["x"])', "(<a> Not <b>)", "</dav/nothing> (<a>)", "<http://x.test/> (<a>)")),
    ("PUT", "If", {204}, ("(Not <DAV:no-lock>)", "(not <a>)", "(<a>) (Not <a>)")),
    ("UNLOCK", "Lock-Token", {400}, ("", "<>", "<a", "a b", "<a b>", "<a><b>")),
    ("UNLOCK", "Lock-Token", {409}, ("<a>", "a", "<opaquelocktoken:>", "<" + "a" * 9000 + ">", "<%00>", "\xff")),
    ("PUT", "Content-Length", {400}, ("-1", "+1", "1e1", "0x1", "1,1", "1 1", "1.0", "x", "9" * 19)),
    ("PUT", "Content-Length", {400}, (ARABIC_ZERO, SUPERSCRIPT_TWO, WIDE_ONE)),
    ("PUT", "Content-Range", {400}, ("bytes 0-1/2", "bytes */*", "x", "", "bytes 0-" + "9" * 1000 + "/*")),
    ("PUT", "Content-Encoding", {415}, ("gzip", "br", "identity, gzip", "x" * 1000)),
    ("PUT", "X-Expected-Entity-Length", {400}, ("", "-1", "x", "9" * 19, ARABIC_ZERO, SUPERSCRIPT_TWO)),
    ("PUT", "X-OC-Mtime", {400}, ("x", "9" * 13, "-" + "9" * 12, "1e9", "NaN", ARABIC_ZERO)),
    ("PUT", "If-Match", {400}, ("", ",", '"', 'W/"', '"a" "b"')),
    ("PUT", "If-Match", {412}, ('"a"', 'W/"a"', '"a", "b"', '"' + "a" * 20_000 + '"', ",".join(['"a"'] * 9000))),
    ("PUT", "If-None-Match", {412}, ("*", " * ")),
    ("GET", "If-Modified-Since", {200}, ("", "x", "Fri, 99 Nov 2026 99:99:99 GMT", "0", "9" * 9999, ARABIC_ZERO)),
    ("PUT", "If-Unmodified-Since", {204}, ("", "x", "Fri, 31 Feb 2026 12:00:00 GMT")),
    ("GET", "If-Range", {200}, ("", "x", '"x"', 'W/"x"', "*")),
    ("GET", "Label", {200, 400, 409}, ("", "x", "x,y", "%00", "\xff", "%ff", "%", "a" * 9000, "*")),
    ("PUT", "Expect", {417}, ("", "x", "100", "200-ok", "100-continue, x", "100-continue;q=1")),
    ("PUT", "Expect", {204}, ("100-continue", "100-Continue")),
    ("COPY", "Destination", {400}, ("", "x", "?", "#", "http://", "/dav/a?b", "/dav/a#b", "/dav/%")),
    ("COPY", "Destination", {502}, ("/", "/da", "/d", "/davx/a", "http://x.test/dav/a", "http://x.test", "http:///x")),
    ("PROPFIND", "Prefer", {207}, ("", "return=minimal", "return=minimal" * 1000, "x;y=z", "\xff")),
    ("GET", "Translate", {200}, ("f", "", "x" * 1000)),
    ("PUT", "Content-Type", {204}, ("", "x", "text/html; charset=" + "x" * 1000, "a/b/c", "text/html, x/y", "\xff/\xff")),
]
TABLE: Final = [((method, header, value), allowed) for method, header, allowed, values in ROWS for value in values]


@pytest.mark.parametrize(("request_", "allowed"), TABLE, ids=[" ".join(key)[:60] for key, _ in TABLE])
def test_header_is_refused_or_ignored(house: House, request_: tuple[str, str, str], allowed: set[int]) -> None:
    method, header, value = request_
    fields = {"destination": "/dav/work/new.txt"} if method in ("COPY", "MOVE") else {}
    if method == "PROPFIND" and header != "Depth":
        fields["depth"] = "0"
    if header == "Content-Length":
        fields["content_length"] = value
    begun = house.state()

    response = house.ann(
        method, "/dav/work/there.txt", BODIES.get(method, b""), **{**fields, header.replace("-", "_").lower(): value}
    )

    assert response.status in allowed, response
    assert response.status < 400 or len(response.body) > 20 or response.status == 417, "the refusal says what to do"
    assert response.status < 400 or house.state() == begun


# Every method with every header and every value

HEADERS: Final = (
    "Depth", "Timeout", "Overwrite", "If", "Lock-Token", "Content-Range", "Label", "Expect", "Destination", "If-Match",
    "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "If-Range", "Range", "X-OC-Mtime", "X-Expected-Entity-Length",
    "Prefer", "Content-Type", "Content-Encoding", "User-Agent", "Authorization",
)  # fmt: skip
VALUES: Final = (
    "", "0", "-1", "00", "1" * 19, "9" * 400, "1e9", "NaN", "true", "T", "x" * 8000, "\x80\xff", ARABIC_ZERO, SUPERSCRIPT_TWO,
    "%00", "%", "*", ",", ",,,", ";", "=", '"', '""', '"x', "W/", 'W/""', "<", "<>", "<a>", "()", "(<>)", "(<a>)", '(["])',
    "([W/])", "(Not", "Not <a>", "<a> (<b>)", "(" * 4000, "<" * 4000, '"' * 4001, "infinity", "0, infinity", "Second-1",
    "Infinite, Second-1", "bytes=0-0", "bytes 0-0/1", "100-continue", "gzip", "/", "/dav", "/dav/work/there.txt/x", "//",
    "http://drive.test/dav", "urn:x", "text/html", "a/b; c=\"\xe9\"", "Fri, 20 Nov 2026 12:00:00 GMT",
    "Fri, 20 Nov 0000 12:00:00 GMT", "Friday, 20-Nov-26 12:00:00 GMT", "opaquelocktoken:", "Basic", "Basic =", "Basic Og==",
    "Basic " + "A" * 9000, "Basic gICA", "Bearer x", "Digest x", "Negotiate TlRMTVNTUAAB",
)  # fmt: skip


@pytest.mark.parametrize("header", HEADERS)
def test_no_value_makes_the_server_fail(house: House, header: str) -> None:
    for method in ("OPTIONS", *METHODS):
        for value in VALUES:
            fields = {"destination": "/dav/work/new.txt"} if method in ("COPY", "MOVE") else {}
            begun = house.state()
            given = {**fields, header.replace("-", "_").lower(): value}

            response = house.ann(method, "/dav/work/there.txt", BODIES.get(method, b""), **given)

            assert response.status < 500 or (response.status, header) == (502, "Destination"), (method, value, response)
            assert house.failures == [], (method, value)
            if house.state() != begun:
                assert response.status < 300, (method, value, response)
                house.begin_anew()
