"""Attacks on the dialects: other sites, names that are code, bodies that are bombs, and addresses of what is closed."""

from __future__ import annotations

import json
import random
import re
import time
from typing import Any, Final
from urllib.parse import quote

import pytest

from tests.attacks.house import SECRET_CONTENT, House
from tests.attacks.paths import PLAN, PRIVATE
from tests.attacks.test_cross_site import ACTIVE, EVIL, assert_shares_nothing
from tests.attacks.test_file_names import FRAGMENTS, access_log, assert_one_line_each
from tests.attacks.test_paths import CORPUS
from tests.protocol.client import HOST, Response
from tests.protocol.okd import BASE as OKD
from tests.protocol.okd import BOUNDARY, FORM, Part, file_part, form, metadata_part

GEVER: Final = "/gever"
DOCUMENT: Final = "opengever.document.document"
_VALUE: Final = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?|")
PLACES: Final = (OKD, f"{OKD}/documenttypes", GEVER, f"{GEVER}/work", f"{GEVER}/work/there.txt", f"{GEVER}/work/there.txt/@lock")


def uuid_of(house: House) -> str:
    """Return the id of what is there."""
    uid = house.ann("GET", f"{GEVER}/work/there.txt").json["UID"]
    return "-".join((uid[:8], uid[8:12], uid[12:16], uid[16:20], uid[20:]))


def assert_is_data(response: Response) -> None:
    """Hold an answer against what no browser runs, and no header ends in."""
    assert response.status < 500, response
    assert all(_VALUE.fullmatch(value) for value in response.headers.values()), response
    if not response.body:
        return
    assert response.headers["x-content-type-options"] == "nosniff", response
    is_apart = response.headers.get("content-disposition", "").startswith("attachment")
    media_type = response.headers["content-type"].partition(";")[0]
    assert is_apart or media_type in ("application/json", "application/problem+json"), response
    if not is_apart:
        json.loads(response.body)


# Other sites

FORMS: Final = {
    "checkout": ("POST", f"{GEVER}/work/there.txt/@checkout", "text/plain", b""),
    "trash": ("POST", f"{GEVER}/work/there.txt/@trash", "text/plain", b'{"a":"="}'),
    "create": ("POST", f"{GEVER}/work", "text/plain", b'{"@type":"opengever.document.document","title":"="}'),
    "move": ("POST", f"{GEVER}/work/@move", "text/plain", b'{"source":"/work/there.txt","x":"="}'),
    "lock": ("POST", f"{GEVER}/work/there.txt/@lock", "application/x-www-form-urlencoded", b""),
    "upload": ("POST", OKD, FORM, form(metadata_part(), file_part())),
    "okd-lock": ("POST", f"{OKD}/UUID/_lock", "text/plain", b""),
    "patch": ("PATCH", f"{OKD}/UUID", "text/plain", b"x"),
    "delete": ("DELETE", f"{OKD}/UUID", "text/plain", b""),
}
FROM_ELSEWHERE: Final[dict[str, dict[str, str]]] = {
    "fetch-metadata": {"sec_fetch_site": "cross-site", "origin": EVIL},
    "same-site": {"sec_fetch_site": "same-site", "origin": f"https://evil.{HOST}"},
    "origin-alone": {"origin": EVIL},
    "hidden-origin": {"origin": "null"},
    "odd-origin": {"origin": "http://[" + HOST},
    "prefix": {"origin": f"http://{HOST}.evil.test"},
}


@pytest.mark.parametrize("headers", FROM_ELSEWHERE.values(), ids=FROM_ELSEWHERE)
@pytest.mark.parametrize("sent", FORMS.values(), ids=FORMS)
def test_form_of_another_site_changes_nothing(house: House, sent: tuple[str, str, str, bytes], headers: dict[str, str]) -> None:
    method, target, media_type, body = sent
    target = target.replace("UUID", uuid_of(house))
    begun = house.state()

    response = house.ann(method, target, body, content_type=media_type, **headers)

    assert response.status == 403, response
    assert house.state() == begun


@pytest.mark.parametrize(
    "headers", [{"sec_fetch_site": "same-origin"}, {"sec_fetch_site": "none"}, {"origin": f"http://{HOST}"}, {}]
)
def test_page_of_this_site_and_programs_may(house: House, headers: dict[str, str]) -> None:
    assert house.ann("POST", f"{GEVER}/work/there.txt/@checkout", **headers).status == 204


@pytest.mark.parametrize("place", PLACES)
def test_no_answer_is_shared_with_another_site(house: House, place: str) -> None:
    for method in ("GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH"):
        assert_shares_nothing(house.ann(method, place, b"{}", origin=EVIL, sec_fetch_site="cross-site"))


# Names and titles

_NAMES: Final = [
    name
    for name in (
        "".join(random.Random(seed).choices(FRAGMENTS, k=random.Random(seed).randint(1, 4))) for seed in range(1000, 1150)
    )
    if name.strip() and name.isascii() | (name.encode("utf-8", "replace").decode() == name)
]


def _titled(house: House, title: str, file_name: str) -> Response:
    file = {"data": "x", "filename": file_name, "content-type": "text/html"}
    return house.ann("POST", f"{GEVER}/work", json.dumps({"@type": DOCUMENT, "title": title, "description": title, "file": file}))


def test_names_of_gever_are_but_names(house: House) -> None:
    taken = 0
    with access_log() as lines:
        for number, name in enumerate(_NAMES):
            made = _titled(house, name, name)
            assert_is_data(made)
            if made.status != 201:
                assert made.status == 400, (name, made)
                continue
            taken += 1
            target = made.headers["location"].removeprefix(f"http://{HOST}")
            shown = house.ann("GET", target)
            assert_is_data(shown)
            assert (shown.json["title"], shown.json["description"]) == (name, name)
            assert_is_data(house.ann("GET", target + "/@@download/file"))
            assert_is_data(house.ann("GET", target + f"/@history/{number}"))
            assert_is_data(house.ann("GET", f"{GEVER}/work?b_size=200&metadata_fields=filename"))
            assert_is_data(house.ann("GET", f"{target}/{quote(name.encode(), safe='')}"))
    assert_one_line_each(lines, len(lines))
    assert taken > len(_NAMES) // 2
    assert house.failures == []


def test_names_of_okd_are_but_names(house: House) -> None:
    taken = 0
    with access_log() as lines:
        for name in _NAMES:
            said = json.dumps({"documentType": "bpv", "documentName": name, "anything": {name: name}}).encode()
            parts = (Part("metadata", said, media_type="application/json"), file_part(b"<script>", "x", "text/html"))
            made = house.ann("POST", OKD, form(*parts), content_type=FORM)
            assert_is_data(made)
            if made.status != 201:
                assert made.status in (400, 422), (name, made)
                continue
            taken += 1
            target = made.headers["location"]
            shown = house.ann("GET", target)
            assert_is_data(shown)
            assert (shown.json["documentName"], shown.json["metadata"]) == (name, {"anything": {name: name}})
            assert_is_data(house.ann("GET", target + "/content"))
            assert_is_data(house.ann("GET", f"{OKD}?pageSize=250&documentName={quote(name.encode(), safe='')}"))
            disposition = f"attachment; filename*=UTF-8''{quote(name.encode(), safe='')}"
            renamed = house.ann("PATCH", target, b"x", content_type="text/html", content_disposition=disposition)
            assert_is_data(renamed)
            assert_is_data(house.ann("GET", target + "/content"))
            assert_is_data(house.ann("GET", target))
    assert_one_line_each(lines, len(lines))
    assert taken > len(_NAMES) // 2
    assert house.failures == []


@pytest.mark.parametrize(
    "name", ['a"; filename="b.html', "a\r\nX-Injected: 1", "../../etc/passwd", "..\\x", "\0", "a" * 5000, ""]
)
def test_file_name_of_a_form_is_but_a_name(house: House, name: str) -> None:
    head = f'Content-Disposition: form-data; name="file"; filename="{name}"'.encode()
    part = b"--" + BOUNDARY.encode() + b"\r\n" + head + b"\r\nContent-Type: text/html\r\n\r\nx\r\n"
    made = house.ann("POST", OKD, part + form(metadata_part()), content_type=FORM)

    assert_is_data(made)
    if made.status == 201:
        sent = house.ann("GET", made.headers["location"] + "/content")
        assert_is_data(sent)
        assert "x-injected" not in sent.headers
        shown = house.ann("GET", made.headers["location"]).json["fileName"]
        assert not set(shown) & set("/\\\r\n\0")


@pytest.mark.parametrize(("name", "media_type"), ACTIVE.items())
def test_stored_content_never_runs_as_a_page_of_this_site(house: House, name: str, media_type: str) -> None:
    script = b"<html xmlns='http://www.w3.org/1999/xhtml'><script>alert(1)</script></html>"
    made = house.ann("PUT", f"/dav/work/{name}", script, **({"content_type": media_type} if media_type else {}))
    assert made.status == 201
    uid = house.ann("GET", f"{GEVER}/work/{name}").json["UID"]
    uuid = "-".join((uid[:8], uid[8:12], uid[12:16], uid[16:20], uid[20:]))

    for target in (f"{GEVER}/work/{name}/@@download/file", f"{OKD}/{uuid}/content", f"{OKD}/{uuid}/download"):
        response = house.ann("GET", target)
        assert response.status == 200, response
        assert_is_data(response)
        assert response.headers["content-disposition"].startswith("attachment")
    chosen = house.ann("GET", f"{OKD}/{uuid}", accept="text/html,application/octet-stream;q=0.9,*/*;q=0.1")
    assert_is_data(chosen)


# Bodies

_DEEP: Final = 200_000
BOMBS: Final = {
    "deep-lists": b"[" * _DEEP + b"]" * _DEEP,
    "deep-objects": b'{"a":' * _DEEP + b"1" + b"}" * _DEEP,
    "deep-and-open": b'{"title":' + b"[" * _DEEP,
    "deep-value": b'{"documentType":"bpv","x":' + b"[" * 1000 + b"]" * 1000 + b"}",
    "names-twice": b'{"title":"a","title":"b"}',
    "names-twice-escaped": b'{"title":"a","t\\u0069tle":"b"}',
    "names-twice-inside": b'{"title":"a","file":{"data":"a","data":"b"}}',
    "many-values": b'{"title":[' + b"0," * 1_200_000 + b"0]}",
    "huge-integer": b'{"title":"a","timeout":' + b"9" * 100_000 + b"}",
    "huge-exponent": b'{"title":1e999999999}',
    "nan": b'{"title":NaN}',
    "infinity": b'{"timeout":-Infinity}',
    "lone-surrogate": b'{"title":"\\ud800"}',
    "not-utf-8": b'{"title":"\xff"}',
    "utf-16": '{"title":"a"}'.encode("utf-16"),
    "byte-order-mark": b'\xef\xbb\xbf{"title":"a"}',
    "nul": b'{"title":"a\\u0000b"}',
    "raw-nul": b'{"title":"a\0b"}',
    "comment": b'{"title":"a"/**/}',
    "trailing": b'{"title":"a"}{"title":"b"}',
}
_VALID: Final = {BOMBS["huge-integer"], BOMBS["nul"]}
"""JSON that means nothing here, or a text like any other: refused by some operations only."""
TAKERS: Final = {
    "gever-create": ("POST", f"{GEVER}/work"),
    "gever-change": ("PATCH", f"{GEVER}/work/there.txt"),
    "gever-lock": ("POST", f"{GEVER}/work/there.txt/@lock"),
    "gever-check-in": ("POST", f"{GEVER}/work/there.txt/@checkin"),
    "gever-move": ("POST", f"{GEVER}/work/@move"),
    "gever-revert": ("PATCH", f"{GEVER}/work/there.txt/@history"),
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
@pytest.mark.parametrize(("method", "target"), TAKERS.values(), ids=TAKERS)
def test_bomb_in_json_is_refused_at_once(house: House, method: str, target: str, bomb: bytes) -> None:
    begun, started = house.state(), time.process_time()

    response = house.ann(method, target, bomb, content_type="application/json")

    assert time.process_time() - started < 2
    assert_is_data(response)
    assert response.status >= 400 or bomb in _VALID, response
    assert response.status < 400 or house.state() == begun
    assert house.failures == []


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_bomb_in_a_part_of_a_form_is_refused_at_once(house: House, bomb: bytes) -> None:
    begun, started = house.state(), time.process_time()

    response = house.ann("POST", OKD, form(Part("metadata", bomb), file_part()), content_type=FORM)

    assert time.process_time() - started < 2
    assert_is_data(response)
    assert response.status in (400, 413, 422), response
    assert house.state() == begun
    assert house.failures == []


# What is closed


def test_closed_place_is_reached_by_no_spelling_of_its_address(house: House) -> None:
    tree = house.tree()
    secrets = (SECRET_CONTENT, house.plan_etag.strip('"').encode())
    for spelling in CORPUS:
        text = spelling.text.replace("/dav", GEVER)
        for method, target in (("GET", text), ("GET", f"{text}/@@download/file"), ("DELETE", text), ("PATCH", text)):
            response = house.ann(method, target, b'{"title":"taken"}' if method == "PATCH" else b"")
            assert response.status < 500, (method, target, response)
            assert not any(secret in response.body + repr(response.headers).encode() for secret in secrets), (target, response)
    after = house.tree()
    closed = {path: row for path, row in tree.items() if path[:1] == (PRIVATE,)}
    assert {path: row for path, row in after.items() if path[:1] == (PRIVATE,)} == closed
    assert house.failures == []


@pytest.mark.parametrize("service", ["copy", "move"])
def test_closed_document_is_no_source(house: House, service: str) -> None:
    begun = house.state()
    sources: list[Any] = [
        f"http://{HOST}{GEVER}/{PRIVATE}/{PLAN}", f"/{PRIVATE}/{PLAN}", f"/work/../{PRIVATE}/{PLAN}", f"/gever/{PRIVATE}/{PLAN}",
        house.plan_uuid.replace("-", ""), house.plan_uuid, f"http://evil.test{GEVER}/{PRIVATE}/{PLAN}", f"/{PRIVATE}",
        f"file:///{PRIVATE}/{PLAN}", f"/.trash/x {house.gone_id}", f"/dav/{PRIVATE}/{PLAN}", "", "/", "//", "\0", "http://[",
    ]  # fmt: skip
    for source in (*sources, sources):
        response = house.ann("POST", f"{GEVER}/work/@{service}", json.dumps({"source": source}))
        assert response.status < 500, (source, response)
        assert house.state() == begun, (source, response)
    assert house.failures == []


def test_closed_document_is_found_by_no_search(house: House) -> None:
    for word in (PLAN, "plan", "x9", house.plan_uuid, "%", "_", "%25", "*", "\\", "'", '" OR 1=1 --'):
        for name in ("documentName", "q", "documentId", "studentNumber"):
            found = house.ann("GET", f"{OKD}?{name}={quote(word)}").json
            assert house.plan_uuid not in json.dumps(found), (name, word)
            assert found["totalItems"] == len(found["items"]), (name, word)
    for target in (f"{OKD}/{house.plan_uuid}", f"{OKD}/{house.plan_uuid.upper()}", f"{OKD}/{house.plan_uuid}/content"):
        for method in ("GET", "HEAD", "PATCH", "DELETE"):
            assert house.ann(method, target, b"x" if method == "PATCH" else b"").status in (404, 405)
