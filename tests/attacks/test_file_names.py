"""Names of documents are data wherever they are shown: no header, element, page or line of the log ends in the middle of one."""

from __future__ import annotations

import logging
import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final
from urllib.parse import quote, unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from davgate.http.server import Server, ServerLimits, listen
from davgate.log import Formatter
from davgate.model.errors import InvalidName, NameTooLong
from davgate.model.names import check_name
from tests.attacks.house import House
from tests.attacks.pages import Page
from tests.protocol.client import Response, basic, lockinfo
from tests.protocol.multistatus import entries, locks_of, members, message_of, propfind
from tests.server.client import Client as SocketClient

FRAGMENTS: Final = (
    "\r", "\n", "\r\n", "\r\n\r\n", "%0d%0a", "%0D%0ASet-Cookie:x=1", "\0", "%00", "\t", '"', "'", "`", "\\", ";", ",", "=",
    ":", "filename=", "; filename*=UTF-8''x", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "</title>", "</a>",
    "<b>", "<!--", "-->", "]]>", "<![CDATA[", "<?xml?>", "<!DOCTYPE x>", "&", "&amp;", "&#10;", "&lt;", "&x;",
    '"><svg onload=alert(1)>', "javascript:alert(1)", "{{7*7}}", "${7*7}", "%s%n", "\u202e", "\u2028", "\u2029", "\u0085",
    "\x9b31m", "\x1b[2J", "\u200b", "\ufeff", "\U0001f600", "\u0627\u0644", "re\u0301sume\u0301", "\ud800", "\ufffe",
    "\U0010ffff", "=cmd|' /C calc'!A0", "+1", "-1", "@x", "|", "*", "?", "#", "%", "%%", "..", ".", "~", " ", "\u00a0", "a",
    "Z", "0", ".txt", ".docx", ".html", "HTTP/1.1 200 OK",
)  # fmt: skip

names = st.one_of(
    st.lists(st.sampled_from(FRAGMENTS), min_size=1, max_size=5).map("".join),
    st.text(st.characters(exclude_categories=()), min_size=1, max_size=40),
    st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=6), min_size=1, max_size=6).map("".join),
).filter(lambda name: name and "/" not in name)

EXAMPLES: Final = min(5000, settings().max_examples * 5)
_FIELD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?|")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
KNOWN: Final = {
    "accept-ranges", "allow", "connection", "content-disposition", "content-length", "content-location", "content-range",
    "content-security-policy", "content-type", "dav", "date", "etag", "last-modified", "location", "lock-token",
    "ms-author-via", "referrer-policy", "server", "timeout", "transfer-encoding", "vary", "x-content-type-options",
    "x-frame-options", "cache-control",
}  # fmt: skip
"""All that davgate sends. Whoever adds one looks first whether a name may stand in it."""


def assert_headers_are_whole(response: Response) -> None:
    for field, value in response.headers.items():
        assert field in KNOWN, response
        assert _FIELD.fullmatch(field) and _VALUE.fullmatch(value), (field, value)


class _Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(Formatter())
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@contextmanager
def access_log() -> Iterator[list[str]]:
    handler, logger = _Lines(), logging.getLogger("davgate.access")
    logger.addHandler(handler)
    try:
        yield handler.lines
    finally:
        logger.removeHandler(handler)


def assert_one_line_each(lines: list[str], requests: int) -> None:
    assert len(lines) == requests
    for line in lines:
        assert len(line.splitlines()) == 1 and not _CONTROL.search(line), line
        line.encode("utf-8")


def is_possible(name: str) -> bool:
    try:
        check_name(name)
    except (InvalidName, NameTooLong):
        return False
    return True


@settings(max_examples=EXAMPLES)
@given(name=names)
def test_name_is_but_a_name_everywhere(whole_house: House, name: str) -> None:
    house = whole_house
    ann = house.ann
    address = "/dav/work/" + quote(name.encode("utf-8", "surrogatepass"), safe="")
    house.begin_anew()
    begun = house.state()
    with access_log() as lines:
        made = ann("PUT", address, b"bytes", content_type="text/html")
        assert_headers_are_whole(made)
        assert_one_line_each(lines, 1)
        if not is_possible(name):
            assert made.status in (400, 414)
            assert len(message_of(made)) > 20
            assert house.state() == begun
            return
        assert made.status == 201
        shown = [
            ann("GET", address),
            ann("GET", address + "/x"),
            ann("GET", "/dav/work/"),
            ann("GET", "/dav/work/.versions/"),
            ann("GET", "/dav/work/.versions/" + address.removeprefix("/dav/work/") + "/"),
            ann("PUT", address + "/x", b""),
            ann("PUT", address, b"other", if_match='"none"'),
            ann("MKCOL", address),
            ann("COPY", address, destination=address + "/x"),
            ann("COPY", address, destination="/dav/work/folder/" + address.removeprefix("/dav/work/")),
            ann("CHECKOUT", address),
            ann("CHECKIN", address),
            ann("LOCK", address, lockinfo(owner="x")),
            ann("PUT", address, b"other"),
        ]
        for response in shown:
            assert response.status < 500
            assert_headers_are_whole(response)
        assert_one_line_each(lines, 1 + len(shown))
        # A program's scratch file has no versions, and is not kept when it is deleted.
        is_document = shown[4].status == 200
        _assert_xml_shows(house, address, name, in_versions=is_document)
        _assert_page_shows(shown[2], name)
        if is_document:
            _assert_page_shows(shown[3], name)
            assert name in Page(shown[4].body).texts
        (lock,) = locks_of(ann, address)
        assert unquote(lock.root) == f"/dav/work/{name}"
        assert ann("DELETE", address, if_=f"(<{lock.token}>)").status == 204
        trash = entries(ann("PROPFIND", "/dav/.trash/", depth="1"))
        assert not is_document or len(trash) >= 2
        Page(ann("GET", "/dav/.trash/").body)
        assert house.failures == []
        assert_one_line_each(lines, len(lines))


def _assert_xml_shows(house: House, address: str, name: str, *, in_versions: bool) -> None:
    assert name in members(house.ann, "/dav/work/")
    (entry,) = propfind(house.ann, address).values()
    assert entry["displayname"] == name
    assert unquote(entry.href) == f"/dav/work/{name}"
    versions = propfind(house.ann, "/dav/work/.versions/", "displayname", depth="1")
    assert not in_versions or name in [entry["displayname"] for entry in versions.values()]


def _assert_page_shows(response: Response, name: str) -> None:
    page = Page(response.body)
    assert name in page.texts or f"{name}/" in page.texts
    assert any(link.rstrip("/").endswith(f"/{name}") or link.endswith(f"/{name}/") for link in page.links)


def _sample() -> list[str]:
    chosen = random.Random(93)
    made = ("".join(chosen.choices(FRAGMENTS, k=chosen.randint(1, 4))) for _ in range(1000))
    return [name for name in made if "/" not in name and name.strip(".")][:300]


def test_raw_answers_have_no_header_that_a_name_made(house: House) -> None:
    sample = _sample()
    assert len(sample) == 300
    limits = ServerLimits(linger_timeout=timedelta(seconds=0.1))
    authorization = f"Authorization: {basic('ann')}"
    with Server(house.app, listen("127.0.0.1", 0, limits), threads=2, limits=limits) as server:
        with SocketClient((server.host, server.port)) as client:
            for name in sample:
                address = "/dav/work/" + quote(name.encode("utf-8", "surrogatepass"), safe="")
                requests = [
                    ("PUT", address, ("Content-Length: 1", "Content-Type: text/html"), b"x"),
                    ("GET", address, (), b""),
                    ("PROPFIND", address, ("Depth: 0",), b""),
                    ("MOVE", address, (f"Destination: {address}/x",), b""),
                    ("COPY", address, (f"Destination: http://other.test{address}",), b""),
                    ("CHECKOUT", address, (), b""),
                    ("UNCHECKOUT", address, (), b""),
                    ("LABEL", address, (), b""),
                    ("DELETE", address, (), b""),
                ]
                for method, target, fields, body in requests:
                    client.request(method, target, authorization, *fields, body=body)
                    response = client.response(method)
                    assert set(response.headers) <= KNOWN, (name, method, response)
                    assert all(_VALUE.fullmatch(value) for value in response.headers.values()), (name, method, response)
                    assert response.status < 500 or response.status == 502, (name, method, response)
                    assert (
                        "transfer-encoding" in response.headers or "content-length" in response.headers or response.status == 204
                    )


@pytest.mark.parametrize("raw", ["a\r\nX-Injected: 1", "a\nX-Injected: 1", "a\rX-Injected: 1", "a\0b", "a b", "a\tb"])
def test_line_break_in_a_request_line_or_header_is_no_part_of_a_name(house: House, raw: str) -> None:
    begun = house.state()

    assert house.ann("GET", f"/dav/work/{raw}").status == 400
    assert house.state() == begun
    # Of a line break in a header begins the next header, as it would on the wire; a blank is part of the address.
    copied = house.ann("COPY", "/dav/work/there.txt", destination=f"/dav/work/{raw}")
    assert copied.status in (201, 400)
    assert copied.status == 400 or set(members(house.ann, "/dav/work/")) <= {"a", raw, "folder/", "there.txt"}
    assert "x-injected" not in copied.headers
