"""What a browser is shown when the drive refuses it, and that programs get XML as ever."""

from __future__ import annotations

from html import unescape

import pytest

from tests.protocol.client import Client
from tests.protocol.multistatus import message_of

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
TRAP = "/dav/%22%3E%3Cscript%3Ealert(1)%3C/script%3E"


@pytest.mark.parametrize("accept", [BROWSER, "text/html", "TEXT/HTML, */*;q=0.1"])
def test_browser_is_shown_a_page_with_the_sentence(ann: Client, accept: str) -> None:
    listing, told = ann("GET", "/dav/"), ann("GET", TRAP)

    shown = ann("GET", TRAP, accept=accept)

    assert (shown.status, shown.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert (told.xml.findtext(".//{*}message") or "missing") in unescape(shown.body.decode())
    assert b'<a href="/dav/">Drive</a>' in shown.body
    assert b"<script" not in shown.body
    assert shown.headers["vary"] == "Accept"
    for name in ("content-security-policy", "x-content-type-options", "referrer-policy"):
        assert shown.headers[name] == listing.headers[name]
    assert ann("HEAD", TRAP, accept=accept).headers["content-length"] == str(len(shown.body))


@pytest.mark.parametrize("accept", ["", "*/*", "application/xml", "text/html;q=0.5, application/xml", "text/*", "text/html;q=x"])
def test_program_gets_xml(ann: Client, accept: str) -> None:
    answer = ann("GET", "/dav/none", accept=accept)

    assert (answer.status, answer.headers["content-type"]) == (404, ann("GET", "/dav/none").headers["content-type"])
    assert answer.body == ann("GET", "/dav/none").body


def test_what_is_no_reading_gets_xml(ann: Client) -> None:
    assert ann("DELETE", "/dav/none", accept=BROWSER).headers["content-type"].startswith("application/xml")
    assert ann("PROPFIND", "/dav/none", accept=BROWSER).headers["content-type"].startswith("application/xml")


def test_browser_without_a_sign_in_gets_the_plain_challenge(nobody: Client) -> None:
    challenged = nobody("GET", "/dav/", accept=BROWSER)

    assert (challenged.status, "www-authenticate" in challenged.headers) == (401, True)
    assert challenged.body == nobody("GET", "/dav/").body


def test_precondition_that_holds_is_no_error_to_show(ann: Client) -> None:
    etag = ann.put("/dav/a.txt", b"one").etag

    assert ann("GET", "/dav/a.txt", if_none_match=etag, accept=BROWSER).status == 304


class _Broken:
    """A body that fails in a way that nobody foresaw."""

    def read(self, size: int = -1, /) -> bytes:
        raise RuntimeError("nobody foresaw this")


def test_fault_of_the_server_is_told_in_xml(ann: Client) -> None:
    answer = ann.send("PUT", "/dav/a.txt", _Broken(), transfer_encoding="chunked")

    assert answer.status == 500
    assert message_of(answer).startswith("Something went wrong here. The number of this request")
    assert b"RuntimeError" not in answer.body
