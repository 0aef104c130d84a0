"""Attacks on the dialects: other sites, names that are code, bodies that are bombs, and addresses of what is closed."""

from __future__ import annotations

import hashlib
import html
import json
import random
import re
import time
from typing import Any, Final
from urllib.parse import quote

import pytest

from davgate.model.stored_parts import address_of
from tests.attacks.house import SECRET_CONTENT, House
from tests.attacks.paths import PLAN, PRIVATE
from tests.attacks.test_cross_site import ACTIVE, EVIL, assert_shares_nothing
from tests.attacks.test_file_names import FRAGMENTS, access_log, assert_one_line_each
from tests.attacks.test_paths import CORPUS
from tests.builders import START
from tests.protocol import lora, yuuvis
from tests.protocol.client import HOST, Response
from tests.protocol.dynacase import BASE as DYNACASE
from tests.protocol.okd import BASE as OKD
from tests.protocol.okd import BOUNDARY, FORM, Part, file_part, form, metadata_part
from tests.protocol.yuuvis import BASE as YUUVIS

GEVER: Final = "/gever"
DOCUMENT: Final = "opengever.document.document"
_VALUE: Final = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?|")
PLACES: Final = (
    OKD, f"{OKD}/documenttypes", GEVER, f"{GEVER}/work", f"{GEVER}/work/there.txt", f"{GEVER}/work/there.txt/@lock",
    YUUVIS, f"{YUUVIS}/UUID", f"{YUUVIS}/UUID/contents/file", f"{YUUVIS}/search", "/api/dms/schema/native",
    f"{DYNACASE}/documents", f"{DYNACASE}/documents/NUMBER", f"{DYNACASE}/documents/NUMBER?alt=html", f"{DYNACASE}/trash",
    f"{DYNACASE}/documents/NUMBER/files/fi_file?inline=yes", lora.DOKUMENT, f"{lora.DOKUMENT}/UUID", "/lora/site-map",
)  # fmt: skip
_JSON: Final = "application/json"


def uuid_of(house: House) -> str:
    """Return the id of what is there."""
    uid = house.ann("GET", f"{GEVER}/work/there.txt").json["UID"]
    return "-".join((uid[:8], uid[8:12], uid[12:16], uid[16:20], uid[20:]))


def at(house: House, target: str) -> str:
    """Return an address with the ids of what is there."""
    if "NUMBER" in target:
        number = house.ann("GET", f"{GEVER}/work/there.txt").json["oguid"].rpartition(":")[2]
        target = target.replace("NUMBER", number)
    return target.replace("UUID", uuid_of(house)) if "UUID" in target else target


def assert_is_data(response: Response) -> None:
    """Hold an answer against what no browser runs, and no header ends in."""
    assert response.status < 500, response
    assert all(_VALUE.fullmatch(value) for value in response.headers.values()), response
    if not response.body:
        return
    assert response.headers["x-content-type-options"] == "nosniff", response
    policy = response.headers.get("content-security-policy", "")
    is_apart = response.headers.get("content-disposition", "").startswith("attachment") or policy == "sandbox"
    media_type = response.headers["content-type"].partition(";")[0]
    if media_type == "text/html" and not is_apart:
        # The answer in JSON as the text of a page.
        assert policy.startswith("default-src 'none'"), response
        page = re.fullmatch(rb"<html><body><textarea>([^<>]*)</textarea></body></html>", response.body)
        assert page is not None, response
        json.loads(html.unescape(page[1].decode()))
        return
    assert is_apart or media_type in ("application/json", "application/problem+json"), response
    if not is_apart:
        json.loads(response.body)


def is_documented(response: Response) -> bool:
    """Tell whether this is how Dynacase says that an attribute cannot have a value."""
    return response.status == 500 and response.json["messages"][0]["code"] in ("API0211", "API0212")


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
    "yuuvis-import": ("POST", YUUVIS, FORM, form(Part("data", b'{"objects":[]}'))),
    "yuuvis-content": ("POST", f"{YUUVIS}/UUID/contents/file", "text/plain", b"x"),
    "yuuvis-restore": ("POST", f"{YUUVIS}/UUID/versions/1/actions/restore", "text/plain", b""),
    "yuuvis-lock": ("PATCH", f"{YUUVIS}/UUID/contents/native/lock", "text/plain", b""),
    "dynacase-create": ("POST", f"{DYNACASE}/families/MY_FILE/documents", "application/x-www-form-urlencoded", b"fi_title=x"),
    "dynacase-upload": ("POST", f"{DYNACASE}/temporaryFiles", FORM, form(file_part())),
    "dynacase-lock": ("POST", f"{DYNACASE}/documents/NUMBER/locks/permanent", "text/plain", b""),
    "dynacase-change": ("PUT", f"{DYNACASE}/documents/NUMBER", "application/x-www-form-urlencoded", b"fi_title=x"),
    "lora-create": ("POST", lora.FACET, "application/x-www-form-urlencoded", b"json=%7B%7D"),
    "lora-import": ("PUT", f"{lora.DOKUMENT}/UUID", FORM, form(Part("json", b"{}"))),
    "lora-delete": ("DELETE", f"{lora.DOKUMENT}/UUID", "text/plain", b""),
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
    target = at(house, target)
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
    place = at(house, place)
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


def test_names_of_yuuvis_are_but_names(house: House) -> None:
    taken = 0
    with access_log() as lines:
        for name in _NAMES:
            stream = {"cid": "c", "fileName": name, "mimeType": "text/html"}
            said = yuuvis.values(system__objectTypeId="document", Name=name, keywords=[name])
            made = yuuvis.post_form(
                house.ann, yuuvis.envelope(yuuvis.of(said, stream)), yuuvis.part("c", b"<script>", "text/html", "x")
            )
            assert_is_data(made)
            if made.status != 200:
                assert made.status in (400, 422), (name, made)
                continue
            taken += 1
            entry = yuuvis.only(made)
            target = yuuvis.address(entry)
            assert yuuvis.said(entry)["Name"] == name
            for rest in ("", "/contents/file", "/versions", "/history"):
                assert_is_data(house.ann("GET", target + rest))
            literal = name.replace("\\", "\\\\").replace("'", "\\'")
            query = json.dumps({"query": {"statement": f"SELECT * FROM document WHERE Name = '{literal}'"}})
            assert_is_data(house.ann("POST", f"{YUUVIS}/search", query, content_type=_JSON))
            disposition = f"attachment; filename*=UTF-8''{quote(name.encode(), safe='')}"
            renamed = yuuvis.upload(house.ann, target, b"x", content_type="text/html", content_disposition=disposition)
            assert_is_data(renamed)
            assert_is_data(house.ann("GET", target + "/contents/file"))
    assert_one_line_each(lines, len(lines))
    assert taken > len(_NAMES) // 2
    assert house.failures == []


def test_names_of_dynacase_are_but_names(house: House) -> None:
    taken = 0
    with access_log() as lines:
        for name in _NAMES:
            file = Part("fi_file", b"<script>", "x.html", "text/html")
            made = house.ann(
                "POST",
                f"{DYNACASE}/families/MY_FILE/documents",
                form(Part("fi_title", name.encode("utf-8", "surrogatepass")), file),
                content_type=FORM,
            )
            assert_is_data(made)
            if made.status != 201:
                assert made.status in (400, 403), (name, made)
                continue
            taken += 1
            document = made.json["data"]["document"]
            target = f"{DYNACASE}/documents/{document['properties']['id']}"
            for rest in ("", "?alt=html", "/history/", "/files/fi_file", "/files/fi_file/-1/x.html?inline=yes"):
                assert_is_data(house.ann("GET", target + rest))
            assert_is_data(house.ann("GET", f"{target}/files/fi_file/-1/{quote(name.encode(), safe='')}"))
            assert_is_data(house.ann("GET", f"{DYNACASE}/documents/{quote(name.encode(), safe='')}"))
            said = {"document": {"attributes": {"fi_title": {"value": name}}}}
            assert_is_data(house.ann("PUT", target + "?alt=html", json.dumps(said), content_type=_JSON))
            said = {"document": {"attributes": {f"x{name}": {"value": name}}}}
            assert is_documented(house.ann("PUT", target, json.dumps(said), content_type=_JSON))
    assert_one_line_each(lines, len(lines))
    assert taken > len(_NAMES) // 2
    assert house.failures == []


def test_names_of_lora_are_but_names(house: House) -> None:
    taken = 0
    with access_log() as lines:
        for name in _NAMES:
            payload = lora.dokument(lora.variant(lora.del_(text=name, mimetype="text/html"), text=name), bvn=name, titel=name)
            made = lora.send_form(house.ann, "POST", lora.DOKUMENT, payload, f1=(b"<script>", "x.html", "text/html"))
            assert_is_data(made)
            if made.status != 201:
                assert made.status == 400, (name, made)
                continue
            taken += 1
            uuid = made.json["uuid"]
            shown = lora.newest(house.ann, lora.DOKUMENT, uuid)
            assert shown["attributter"]["dokumentegenskaber"][0]["titel"] == name
            ((part,),) = (variant["dele"] for variant in shown["varianter"])
            (said,) = part["egenskaber"]
            assert_is_data(house.ann("GET", f"{lora.DOKUMENT}/{said['indhold'].removeprefix('store:')}"))
            for query in ("bvn", "titel", "vilkaarligattr", "varianttekst", "foo"):
                assert_is_data(house.ann("GET", f"{lora.DOKUMENT}?{query}={quote(name.encode(), safe='')}"))
            assert_is_data(house.ann("GET", f"/lora/{quote(name.encode(), safe='')}/dokument"))
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

    oguid = house.ann("GET", f"{GEVER}/work/{name}").json["oguid"]
    part = lora.newest(house.ann, lora.DOKUMENT, uuid)["varianter"][0]["dele"][0]["egenskaber"][0]
    shown = (
        f"{lora.DOKUMENT}/{part['indhold'].removeprefix('store:')}",
        f"{DYNACASE}/documents/{oguid.rpartition(':')[2]}/files/fi_file?inline=true",
    )
    for target in shown:
        response = house.ann("GET", target)
        assert response.status == 200, response
        assert_is_data(response)
    for target in (
        f"{GEVER}/work/{name}/@@download/file", f"{OKD}/{uuid}/content", f"{OKD}/{uuid}/download",
        f"{YUUVIS}/{uuid}/contents/file", f"{YUUVIS}/{uuid}/versions/1/contents/file",
        f"{DYNACASE}/documents/{oguid.rpartition(':')[2]}/files/fi_file",
    ):  # fmt: skip
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
    "yuuvis-import": ("POST", YUUVIS),
    "yuuvis-change": ("PATCH", f"{YUUVIS}/UUID"),
    "yuuvis-search": ("POST", f"{YUUVIS}/search"),
    "dynacase-create": ("POST", f"{DYNACASE}/families/MY_FILE/documents"),
    "dynacase-change": ("PUT", f"{DYNACASE}/documents/NUMBER"),
    "lora-create": ("POST", lora.FACET),
    "lora-change": ("PATCH", f"{lora.DOKUMENT}/UUID"),
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
@pytest.mark.parametrize(("method", "target"), TAKERS.values(), ids=TAKERS)
def test_bomb_in_json_is_refused_at_once(house: House, method: str, target: str, bomb: bytes) -> None:
    target = at(house, target)
    begun, started = house.state(), time.process_time()

    response = house.ann(method, target, bomb, content_type="application/json")

    assert time.process_time() - started < 2
    assert_is_data(response)
    assert response.status >= 400 or bomb in _VALID, response
    assert response.status < 400 or house.state() == begun
    assert house.failures == []


ODD: Final = {
    "nul": '"a\\u0000b"',
    "raw-nul": '"a\0b"',
    "lone-surrogate": '"\\ud800"',
    "reversed-surrogates": '"\\udc00\\ud800"',
    "header": '"a\\r\\nX-Injected: 1"',
    "script": '"\\"><script>alert(1)</script>"',
    "long": '"' + "a" * 1_000_000 + '"',
    "huge-integer": "9" * 5000,
    "beyond-64-bits": "9223372036854775808",
    "huge-exponent": "1e999",
    "huge-exponent-in-text": '"1e999999999"',
    "digits-in-text": '"' + "9" * 5000 + '"',
    "deep": "[" * 500 + "]" * 500,
    "deep-object": '{"value":' * 500 + "1" + "}" * 500,
    "many": "[" + "1," * 50_000 + "1]",
    "bidi": '"\\u202egnp.exe"',
}
"""Values that a property, an attribute or a field might have, in JSON."""
_YUUVIS_VALUE: Final = '{"objects":[{"properties":{"%s":{"value":VALUE}}}]}'
_FACET_VALUE: Final = json.dumps(lora.facet())
KEEPERS: Final = {
    "yuuvis-text": ("PATCH", f"{YUUVIS}/UUID", _YUUVIS_VALUE % "Name"),
    "yuuvis-number": ("PATCH", f"{YUUVIS}/UUID", _YUUVIS_VALUE % "amount"),
    "yuuvis-list": ("PATCH", f"{YUUVIS}/UUID", _YUUVIS_VALUE % "keywords"),
    "yuuvis-parent": ("PATCH", f"{YUUVIS}/UUID", _YUUVIS_VALUE % "system:parentId"),
    "yuuvis-version": ("PATCH", f"{YUUVIS}/UUID", _YUUVIS_VALUE % "system:versionNumber"),
    "yuuvis-statement": ("POST", f"{YUUVIS}/search", '{"query":{"statement":VALUE}}'),
    "yuuvis-page": ("POST", f"{YUUVIS}/search", '{"query":{"statement":"SELECT * FROM document","maxItems":VALUE}}'),
    "dynacase-text": ("PUT", f"{DYNACASE}/documents/NUMBER", '{"document":{"attributes":{"fi_title":{"value":VALUE}}}}'),
    "dynacase-file": ("PUT", f"{DYNACASE}/documents/NUMBER", '{"document":{"attributes":{"fi_file":{"value":VALUE}}}}'),
    "dynacase-number": (
        "POST",
        f"{DYNACASE}/families/MY_ARTICLE/documents",
        '{"document":{"attributes":{"my_title":{"value":"a"},"my_level":{"value":VALUE}}}}',
    ),
    "dynacase-name": (
        "POST",
        f"{DYNACASE}/families/MY_FILE/documents",
        '{"document":{"properties":{"name":VALUE},"attributes":{"fi_title":{"value":"a"}}}}',
    ),
    "lora-text": ("POST", lora.FACET, _FACET_VALUE.replace('"d"', "VALUE")),
    "lora-key": ("POST", lora.FACET, _FACET_VALUE.replace('"AC-1"', "VALUE")),
    "lora-time": ("POST", lora.FACET, _FACET_VALUE.replace(f'"{lora.START}"', "VALUE")),
    "lora-target": ("POST", lora.FACET, _FACET_VALUE.replace(f'"{lora.A}"', "VALUE")),
    "lora-note": ("DELETE", f"{lora.DOKUMENT}/UUID", '{"note":VALUE}'),
}
"""What keeps or looks for a value."""


@pytest.mark.parametrize(("method", "target", "body"), KEEPERS.values(), ids=KEEPERS)
def test_odd_value_is_kept_or_refused(house: House, method: str, target: str, body: str) -> None:
    uuid = uuid_of(house)
    for name, value in ODD.items():
        begun, started = house.state(), time.process_time()

        response = house.ann(method, at(house, target), body.replace("VALUE", value), content_type=_JSON)

        assert time.process_time() - started < 2, name
        if not is_documented(response):
            assert_is_data(response)
        assert response.status < 400 or house.state() == begun, (name, response)
        if response.status < 400:
            for shown in (f"{YUUVIS}/{uuid}", f"{YUUVIS}/{uuid}/history", f"{lora.DOKUMENT}/{uuid}", f"{lora.FACET}?bvn=%25"):
                assert_is_data(house.ann("GET", shown))
            house.begin_anew()
    assert house.failures == []


_LONG: Final = '"' + "a" * 5_000_000 + '"'
TALKERS: Final = {
    "gever": ("PATCH", f"{GEVER}/work/there.txt", f'{{"description":{_LONG}}}', 413),
    "yuuvis-text": ("PATCH", f"{YUUVIS}/UUID", (_YUUVIS_VALUE % "Name").replace("VALUE", _LONG), 413),
    "yuuvis-list": ("PATCH", f"{YUUVIS}/UUID", (_YUUVIS_VALUE % "keywords").replace("VALUE", json.dumps(["a"] * 50_000)), 413),
    "yuuvis-import": ("POST", YUUVIS, json.dumps({"objects": [{"properties": {}}] * 1001}), 400),
    "dynacase": (
        "PUT", f"{DYNACASE}/documents/NUMBER", f'{{"document":{{"attributes":{{"fi_title":{{"value":{_LONG}}}}}}}}}', 413
    ),
    "lora": ("POST", lora.FACET, _FACET_VALUE.replace('"d"', _LONG), 413),
}  # fmt: skip
"""Who says more than one object can, or of more objects than are made at once."""


@pytest.mark.parametrize(("method", "target", "body", "status"), TALKERS.values(), ids=TALKERS)
def test_what_is_said_at_once_is_bounded(house: House, method: str, target: str, body: str, status: int) -> None:
    # It is written while nobody else writes, and each version says all of it again.
    target = at(house, target)
    begun = house.state()

    response = house.ann(method, target, body, content_type=_JSON)

    assert response.status == status, response
    assert house.state() == begun
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


# Addresses, queries and headers

SEGMENTS: Final = (
    "%00", ".", "..", "%2e%2e", "%2E%2E%2F", "..%5c", "%5C", "9" * 500, "9223372036854775808", "-1", "-0", "0", "00", "1e3",
    "0x1", "%EF%BC%91", "%D9%A1", "1%20", "%201", "%ff", "%ed%a0%80", "a" * 3000, "'", "%22", "%3Cscript%3E", "1;a=b", ";",
    "a%3Bb", "*", "%25", "%", "%2500", "%0d%0aX-Injected:1", "%0a", "UUID.json", "{UUID}", "urn:uuid:UUID", "%E2%80%AE", "~",
    "$batch", "@x", "null", "undefined", "NaN", "true", "[]", "{}", "1.json", "1.json.json", "1.xml", ".json", "none",
)  # fmt: skip
SPOTS: Final = (
    f"{YUUVIS}/@", f"{YUUVIS}/@/versions", f"{YUUVIS}/UUID/@", f"{YUUVIS}/UUID/versions/@",
    f"{YUUVIS}/UUID/versions/@/contents/file", f"{YUUVIS}/UUID/versions/@/actions/restore", f"{YUUVIS}/UUID/contents/@",
    f"{YUUVIS}/@/history", f"{YUUVIS}/UUID/history?size=@", f"{YUUVIS}/UUID/history?page=@",
    f"{DYNACASE}/@", f"{DYNACASE}/documents/@", f"{DYNACASE}/documents/NUMBER/@", f"{DYNACASE}/documents/NUMBER/revisions/@",
    f"{DYNACASE}/documents/NUMBER/files/@", f"{DYNACASE}/documents/NUMBER/files/fi_file/@",
    f"{DYNACASE}/documents/NUMBER/revisions/@/files/fi_file", f"{DYNACASE}/documents/NUMBER/locks/@",
    f"{DYNACASE}/documents/NUMBER/workflows/states/@", f"{DYNACASE}/documents?slice=@", f"{DYNACASE}/documents?offset=@",
    f"{DYNACASE}/documents?orderBy=@", f"{DYNACASE}/documents?fields=@", f"{DYNACASE}/documents?alt=@",
    f"{DYNACASE}/families/@", f"{DYNACASE}/families/@/documents", f"{DYNACASE}/families/MY_ARTICLE/enumerates/@",
    f"{DYNACASE}/files/recorded/temporary/@", f"{DYNACASE}/trash/@",
    "/lora/@", "/lora/@/dokument", "/lora/dokument/@", "/lora/dokument/dokument/@", "/lora/dokument/dokument/2026/11/20/12/00/@",
    "/lora/dokument/dokument/@/11/20/12/00/UUID.bin", f"{lora.DOKUMENT}?uuid=@", f"{lora.DOKUMENT}?virkningstid=@",
    f"{lora.DOKUMENT}?maximalantalresultater=@", f"{lora.DOKUMENT}?bvn=@", f"{lora.DOKUMENT}/UUID?registreretFra=@",
)  # fmt: skip


@pytest.mark.parametrize("spot", SPOTS)
def test_odd_address_is_nothing_or_refused(house: House, spot: str) -> None:
    spot, uuid = at(house, spot), uuid_of(house)
    begun = house.state()
    for segment in SEGMENTS:
        target = spot.replace("@", segment.replace("UUID", uuid), 1)
        for method in ("GET", "DELETE"):
            if method == "DELETE" and "?" in target:
                continue
            response = house.ann(method, target)
            if response.status != 501:
                assert_is_data(response)
            assert "x-injected" not in response.headers
            if method == "DELETE" and response.status >= 400:
                assert house.state() == begun, (method, target, response)
    assert house.failures == []


_HEADERS: Final = (
    "x_http_method_override", "accept", "if_match", "if_none_match", "x_id_tenant_name", "x_b3_traceid", "cache_control", "range",
    "x_os_repository_id", "content_disposition", "lock_token", "if_", "content_type", "accept_language",
)  # fmt: skip
_ODD_HEADERS: Final = (
    "", " ", "\x80\xff", "a" * 8000, '"', '"a', "'", "\\", ";", ",", ",,,", "*", "<>", "(<x>)", "PUT", "DELETE", "TRACE",
    "bytes=-", "bytes=9" + "9" * 300 + "-", "text/html", "multipart/form-data", "multipart/form-data; boundary=",
    'attachment; filename="../x"', "attachment; filename*=UTF-8''%00%0d%0aX-Injected:1", "attachment; filename*=UTF-8''%ff",
    "0" * 32, "g" * 16, "default\t",
)  # fmt: skip


@pytest.mark.parametrize("name", _HEADERS)
def test_odd_header_is_ignored_or_refused(house: House, name: str) -> None:
    targets = [
        ("GET", f"{YUUVIS}/UUID"), ("PUT", f"{YUUVIS}/UUID/contents/file"), ("GET", f"{DYNACASE}/documents/NUMBER"),
        ("POST", f"{DYNACASE}/documents/NUMBER"), ("GET", f"{lora.DOKUMENT}/UUID"), ("PATCH", f"{lora.DOKUMENT}/UUID"),
    ]  # fmt: skip
    for method, target in targets:
        target = at(house, target)
        for value in _ODD_HEADERS:
            body = b"" if method == "GET" else b"x"
            response = house.ann(method, target, body, **{name: value})
            assert response.status == 501 or response.status < 500, (target, value, response)
            assert "x-injected" not in response.headers
            if response.status < 400:
                assert_is_data(response)
        house.begin_anew()
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
    for word in (PLAN, "plan", "x9", house.plan_uuid, "%", "_", "*", "\\\\", "\\'", "' OR Name LIKE '%"):
        for condition in (f"Name LIKE '%{word}%'", f"system:objectId = '{word}'", f"CONTAINS('{word}')", f"Name = '{word}"):
            query = json.dumps({"query": {"statement": f"SELECT * FROM system:object WHERE {condition}"}})
            answer = house.ann("POST", f"{YUUVIS}/search", query, content_type=_JSON)
            assert answer.status in (200, 400), (condition, answer)
            assert house.plan_uuid not in answer.body.decode().replace(word, ""), condition
        for name in ("bvn", "titel", "vilkaarligattr", "uuid", "indhold"):
            answer = house.ann("GET", f"{lora.DOKUMENT}?{name}={quote(word)}")
            assert answer.status in (200, 400), (name, word, answer)
            assert house.plan_uuid not in answer.body.decode().replace(word, ""), (name, word)
    told = house.ann("GET", f"{DYNACASE}/documents/?slice=all&fields=document.properties.all,document.attributes").body
    told += house.ann("GET", f"{DYNACASE}/trash/?slice=all").body
    assert PLAN.encode() not in told and b'"plan' not in told
    empty = b'{"objects":[{"properties":{}}]}'
    for target in (
        f"{OKD}/{house.plan_uuid}", f"{OKD}/{house.plan_uuid.upper()}", f"{OKD}/{house.plan_uuid}/content",
        f"{YUUVIS}/{house.plan_uuid}", f"{YUUVIS}/{house.plan_uuid}/contents/file", f"{YUUVIS}/{house.plan_uuid}/versions/1",
        f"{lora.DOKUMENT}/{house.plan_uuid}", f"{lora.DOKUMENT}/{house.plan_uuid.upper()}",
        f"{lora.DOKUMENT}/{address_of(house.plan_uuid, 1, hashlib.sha256(SECRET_CONTENT).digest(), START)}",
    ):  # fmt: skip
        for method in ("GET", "HEAD", "PATCH", "DELETE"):
            assert house.ann(method, target, empty if method == "PATCH" else b"").status in (404, 405)
