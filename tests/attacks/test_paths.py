"""Every spelling of a path is refused with a reason, or means one name on which all methods agree; none leads out.

All spellings meet all methods: as the target of the request, as Destination, and as the tag of an If list.
"""

from __future__ import annotations

import re
from typing import Final

import pytest

from davgate.dav.app import METHODS
from davgate.http.targets import quote_path
from davgate.model.names import collision_key
from tests.attacks.house import SECRET_CONTENT, THERE, House
from tests.attacks.paths import FAMILIES, GONE, HOST, OUTSIDE, PLAN, PRIVATE, UUID, Meaning, meaning, spellings
from tests.protocol.client import SET_AUTHOR, Response, lockinfo
from tests.protocol.multistatus import propfind

CORPUS: Final = spellings()

BODIES: Final = {
    "PUT": b"bytes of the attacker",
    "PROPPATCH": SET_AUTHOR.encode(),
    "LOCK": lockinfo(owner="x").encode(),
    "LABEL": b'<D:label xmlns:D="DAV:"><D:add><D:label-name>l</D:label-name></D:add></D:label>',
    "REPORT": b'<D:version-tree xmlns:D="DAV:"><D:prop><D:version-name/></D:prop></D:version-tree>',
}
ORDER: Final = (
    "GET", "OPTIONS", "PUT", "HEAD", "PROPFIND", "PROPPATCH", "VERSION-CONTROL", "LABEL", "CHECKOUT", "CHECKIN", "UNCHECKOUT",
    "REPORT", "COPY", "LOCK", "UNLOCK", "MKCOL", "MOVE", "PUT", "DELETE", "MKCOL", "DELETE", "PATCH", "POST", "TRACE",
)  # fmt: skip
"""All methods, and three that the drive has not, so that what one makes is there for the next."""

REFUSALS: Final = {400, 403, 404, 409, 412, 414, 431}
NOT_FOR_THIS_KIND: Final = {405, 415, 423}
"""Refused because of what is there: a folder, a document, a lock."""
PAGES: Final = {(200, "GET"), (200, "HEAD"), (200, "OPTIONS"), (207, "PROPFIND")}


def test_order_has_every_method_of_the_drive() -> None:
    assert set(ORDER) >= {*METHODS, "OPTIONS"}


def test_corpus_is_large() -> None:
    assert len(CORPUS) >= 600
    assert {spelling.family for spelling in CORPUS} == set(FAMILIES)


def _of(family: str, house: House) -> list[str]:
    return [spelling.text.replace(UUID, house.plan_uuid) for spelling in CORPUS if spelling.family == family]


def _fields(method: str, house: House) -> dict[str, str]:
    match method:
        case "COPY" | "MOVE":
            return {"destination": "/dav/work/moved.txt", "overwrite": "T"}
        case "UNLOCK":
            return {"lock_token": "<opaquelocktoken:none>"}
        case "PROPFIND":
            return {"depth": "1"}
    return {}


class Watch:
    """Holds every answer against what an attacker may bring about and may learn."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.before = house.tree()
        self.state = house.state()

    def check(self, what: str, sent: str, response: Response, allowed: set[Meaning]) -> set[Meaning]:
        """Return the paths that have changed; they must lie at or below those that the request names."""
        assert response.status < 500 or (response.status == 502 and b"other-server" in response.body), (what, response)
        assert self.house.failures == [], what
        shown = response.body + repr(sorted(response.headers.items())).encode()
        assert SECRET_CONTENT not in shown, (what, response)
        assert self.house.plan_etag.strip('"').encode() not in shown, (what, response)
        for secret in (PRIVATE, PLAN, GONE, OUTSIDE, self.house.plan_uuid):
            assert secret.encode() not in shown or secret.lower() in sent.lower(), (what, secret, response)
        if response.status in REFUSALS and response.status != 404 and b"<" in response.body:
            assert re.search(rb"message[^>]*>[^<]{20,}<", response.body), (what, response)
        return self._changed(what, allowed)

    def _changed(self, what: str, allowed: set[Meaning]) -> set[Meaning]:
        state = self.house.state()
        if state == self.state:
            return set()
        self.state = state
        after = self.house.tree()
        changed = {path for path in self.before.keys() | after.keys() if self.before.get(path) != after.get(path)}
        keys = {tuple(map(collision_key, path)) for path in allowed}
        for path in changed:
            # What is below a named place may change with it, but for the root: there is no way to change all.
            places = {tuple(map(collision_key, path[:depth])) for depth in range(min(len(path), 1), len(path) + 1)}
            assert places & keys and path[:1] != (PRIVATE,), f"{what} changed {path}, which it does not name"
        self.before = after
        return changed


MOVED: Final[Meaning] = ("work", "moved.txt")


@pytest.mark.parametrize("family", FAMILIES)
def test_as_target(house: House, family: str) -> None:
    for text in _of(family, house):
        means = meaning(text)
        named = set() if means is None else {means}
        begun = house.state()
        watch = Watch(house)
        for method in ORDER:
            what = f"{method} {text[:200]!r}"
            response = house.ann(method, text, BODIES.get(method, b""), **_fields(method, house))
            changed = watch.check(what, text, response, named | ({MOVED} if method in ("COPY", "MOVE") else set()))
            if means is None:
                # Outside the drive there are the pages of the server, which look.
                is_page = (response.status, method) in PAGES
                assert is_page or response.status in REFUSALS | {405}, (what, response)
                assert not changed, what
            elif response.status >= 300:
                assert response.status in REFUSALS | NOT_FOR_THIS_KIND, (what, response)
                assert not changed, what
            if method == "PUT" and response.status == 201:
                assert means is not None and changed == {means}, what
                _assert_all_agree(house, text, means, watch)
        if house.state() != begun:
            house.begin_anew()


def _assert_all_agree(house: House, text: str, means: Meaning, watch: Watch) -> None:
    canonical = quote_path(means, "/dav", collection=False)
    assert house.ann.get(text) == house.ann.get(canonical) == BODIES["PUT"]
    (href,) = propfind(house.ann, text, "displayname")
    assert href == canonical
    (entry,) = propfind(house.ann, canonical, "displayname").values()
    assert entry["displayname"] == means[-1]
    watch.state = house.state()  # To have been read by somebody is no change that anybody sees.


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("method", ["COPY", "MOVE"])
def test_as_destination(house: House, family: str, method: str) -> None:
    source: Meaning = ("work", "there.txt")
    for text in _of(family, house):
        means = meaning(text, in_header=True)
        begun = house.state()
        watch = Watch(house)
        what = f"{method} to {text[:200]!r}"
        response = house.ann(method, "/dav/work/there.txt", destination=text)
        allowed = (set() if means is None else {means}) | ({source} if method == "MOVE" else set())
        changed = watch.check(what, text, response, allowed)
        if response.status < 300:
            assert means is not None and changed == allowed, (what, changed)
            assert house.ann.get(quote_path(means, "/dav", collection=False)) == THERE
        else:
            assert response.status in REFUSALS | {405, 502}, (what, response)
            assert not changed, what
        if house.state() != begun:
            house.begin_anew()


@pytest.mark.parametrize("family", FAMILIES)
def test_as_tag_of_if(house: House, family: str) -> None:
    # The condition holds for the closed document alone: whoever passes has read it.
    for text in _of(family, house):
        begun = house.state()
        for method in ORDER:
            what = f"{method} if {text[:200]!r}"
            fields = {**_fields(method, house), "if_": f"<{text}> ([{house.plan_etag}])"}
            response = house.ann(method, "/dav/work/there.txt", BODIES.get(method, b""), **fields)
            assert house.failures == [] and SECRET_CONTENT not in response.body, what
            if method not in ("OPTIONS", "REPORT", "PATCH", "POST", "TRACE"):
                assert response.status in {400, 412, 414, 431} or (method == "MKCOL" and response.status == 405), (what, response)
            assert house.state() == begun, what


@pytest.mark.parametrize("inner", ["", f"/{PLAN}", "/x/y"])
def test_closed_place_answers_as_one_that_is_not_there(house: House, inner: str) -> None:
    told = []
    requests = [(method, True) for method in dict.fromkeys(ORDER)] + [("COPY", False), ("MOVE", False)]
    for method, is_target in requests:
        answers = []
        for name in (PRIVATE, "missing-9"):
            address = f"/dav/{name}{inner}"
            if is_target:
                response = house.ann(method, address, BODIES.get(method, b""), **_fields(method, house))
            else:
                response = house.ann(method, "/dav/work/there.txt", destination=address)
            answers.append((response.status, response.body.replace(name.encode(), b"")))
            house.begin_anew()
        # A name that is taken cannot be given out again, whatever is told.
        if inner == "" and (method in ("PUT", "MKCOL", "LOCK") or not is_target):
            assert answers[0][0] in (403, 404, 405, 409), (method, answers)
        elif answers[0] != answers[1]:
            told.append((method, is_target, *answers))
    assert told == []


def test_what_was_deleted_in_a_closed_place_is_in_nobody_else_s_trash(house: House) -> None:
    assert len(propfind(house.bob, "/dav/.trash/", depth="1")) == 2
    watch = Watch(house)
    for address in ("/dav/.trash/", f"/dav/.trash/{house.gone_id}", f"/dav/.trash/x%202026-11-20%2012.00%20{house.gone_id}.txt"):
        for method in ORDER:
            what = f"{method} {address}"
            response = house.ann(method, address, BODIES.get(method, b""), **_fields(method, house))
            assert not watch.check(what, address, response, set()), what
            is_folder = address.endswith("/") and method in ("GET", "HEAD", "PROPFIND")
            assert response.status >= 400 or is_folder or method == "OPTIONS", (what, response)
    assert len(propfind(house.ann, "/dav/.trash/", depth="1")) == 1


def test_host_of_the_corpus_is_the_client_s(house: House) -> None:
    response = house.ann("COPY", "/dav/work/there.txt", destination=f"http://{HOST}/dav/work/copy.txt")

    assert response.status == 201
