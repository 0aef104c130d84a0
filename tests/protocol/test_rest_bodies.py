"""Bodies that REST doors take: JSON, content, forms; what is wrong with them, and what is too much."""

from __future__ import annotations

import hashlib
import io
import random
from typing import Any, Final

import pytest

from davgate.app import Application
from davgate.config import LimitsConfig
from davgate.core.store import Store
from davgate.http.body import BodyCut
from tests.protocol.client import Client, Response
from tests.protocol.conftest import Serve
from tests.protocol.tiny_dialect import DIALECT, MOUNT

NOTES: Final = MOUNT + "/notes"
ANYTHING: Final = MOUNT + "/notes/a/_anything"
FORMS: Final = MOUNT + "/forms"
JSON: Final = "application/json"
SMALL: Final = LimitsConfig(json_bytes=65536, rest_bytes=1 << 20)


@pytest.fixture
def app(serve: Serve, store: Store) -> Application:
    """An application with the dialect of these tests."""
    return serve(store, dialects={MOUNT: DIALECT})


class CutBody(io.BytesIO):
    """A body whose connection ends before its end."""

    def read(self, size: int | None = -1, /) -> bytes:
        block = super().read(size)
        if size is None or len(block) < size:
            raise BodyCut("The connection ended early.")
        return block


class EndlessBody:
    """A body in chunks without an end; ``asked`` is how much of it was read."""

    def __init__(self, head: bytes = b"") -> None:
        self._head = io.BytesIO(head)
        self.asked = 0

    def read(self, size: int) -> bytes:
        self.asked += size
        return self._head.read(size).ljust(size, b"x")


# JSON

MISTAKES: Final = {
    "empty": b"",
    "blank": b"  ",
    "not-json": b"hello",
    "cut": b'{"title": "a"',
    "trailing": b'{"title": "a"} x',
    "two-values": b'{"title": "a"}{"title": "b"}',
    "trailing-comma": b'{"title": "a",}',
    "comment": b'{"title": "a" /* b */}',
    "single-quotes": b"{'title': 'a'}",
    "name-without-quotes": b'{title: "a"}',
    "control-character": b'{"title": "a\nb"}',
    "bad-escape": b'{"title": "\\q"}',
    "half-a-surrogate-pair": b'{"title": "\\ud800"}',
    "byte-order-mark": b'\xef\xbb\xbf{"title": "a"}',
    "utf-16": '{"title": "a"}'.encode("utf-16"),
    "latin-1": b'{"title": "\xfc"}',
    "latin-1-in-what-no-type-names": b'{"title": "a", "more": "\xfc"}',
    "overlong-utf-8": b'{"title": "\xc0\xaf"}',
    "nan": b'{"title": "a", "more": NaN}',
    "infinity": b'{"title": "a", "size": Infinity}',
    "leading-zero": b'{"title": "a", "size": 01}',
    "name-twice": b'{"title": "a", "title": "b"}',
    "name-twice-in-what-no-type-names": b'{"title": "a", "more": {"b": 1, "b": 2}}',
    "name-twice-spelled-differently": b'{"title": "a", "\\u0074itle": "b"}',
    "deep-lists": b'{"title": "a", "more": ' + b"[" * 65 + b"]" * 65 + b"}",
    "deep-objects": b'{"title": "a", "more": ' + b'{"a":' * 65 + b"1" + b"}" * 65 + b"}",
    "bottomless": b"[" * 60_000,
    "bottomless-in-text-too": b'{"title": "' + b"[" * 1000 + b'", "more": ' + b"[" * 50_000,
}


@pytest.mark.parametrize("body", MISTAKES.values(), ids=MISTAKES.keys())
@pytest.mark.parametrize("address", [NOTES, ANYTHING], ids=["typed", "untyped"])
def test_json_that_cannot_be_read_is_malformed(ann: Client, address: str, body: bytes) -> None:
    if address == ANYTHING and not body.strip():
        return
    response = ann("POST", address, body, content_type=JSON)

    assert response.status == 400
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json["code"] in ("malformed", "invalid-value")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"[]", ""),
        (b"null", ""),
        (b'"text"', ""),
        (b"{}", "title"),
        (b'{"title": 1}', "title"),
        (b'{"title": null}', "title"),
        (b'{"title": "a", "size": "1"}', "size"),
        (b'{"title": "a", "size": 1.5}', "size"),
        (b'{"title": "a", "size": true}', "size"),
        (b'{"title": "a", "size": ' + b"9" * 5000 + b"}", "size"),
        (b'{"title": "a", "tags": ["b", 1]}', "tags[1]"),
    ],
)
def test_value_of_another_type_is_named(ann: Client, body: bytes, field: str) -> None:
    response = ann("POST", NOTES, body, content_type=JSON)

    assert (response.status, response.json["code"]) == (400, "invalid-value")
    assert response.json["detail"].startswith(f"{field}: " if field else "Expected")


def test_json_that_a_type_does_not_name_is_left_out(ann: Client) -> None:
    response = ann(
        "POST", NOTES, '{"more": {"x": [1]}, "title": "ü\\ud83d\\ude00"}', content_type="application/json; charset=utf-8"
    )

    assert (response.status, response.json["title"]) == (201, "ü😀")


def test_json_as_deep_as_allowed_comes_back(ann: Client) -> None:
    body = b'{"a":' * 63 + b"[]" + b"}" * 63

    response = ann("POST", ANYTHING, body)

    assert (response.status, response.body) == (200, body)


@pytest.mark.parametrize("body", [b"", b" \r\n", b"{}"])
def test_no_body_is_an_empty_object_where_the_operation_says_so(ann: Client, body: bytes) -> None:
    assert ann("POST", ANYTHING, body).json == {}


@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", "multipart/form-data; boundary=x", "gibberish"])
def test_other_media_type_is_refused_unless_the_operation_takes_any(ann: Client, media_type: str) -> None:
    assert ann("POST", NOTES, b'{"title": "a"}', content_type=media_type).status == 415
    assert ann("POST", ANYTHING, b'{"title": "a"}', content_type=media_type).status == 200


@pytest.mark.parametrize("media_type", ["application/json", "APPLICATION/JSON;charset=UTF-8", "application/merge-patch+json"])
def test_media_types_of_json_are_taken(ann: Client, media_type: str) -> None:
    assert ann("POST", NOTES, b'{"title": "a"}', content_type=media_type).status == 201


def test_json_without_media_type_is_taken(ann: Client) -> None:
    assert ann("POST", NOTES, b'{"title": "a"}').status == 201


def test_json_above_the_limit_is_too_large(serve: Serve, store: Store, ann: Client) -> None:
    ann = ann.through(serve(store, dialects={MOUNT: DIALECT}, limits=SMALL))
    fits = b'{"title": "' + b"a" * (65536 - 13) + b'"}'
    chunks = EndlessBody()

    assert ann("POST", NOTES, fits).status == 201
    assert ann("POST", NOTES, fits + b" ").status == 413
    assert ann.send("POST", NOTES, chunks, transfer_encoding="chunked").status == 413
    assert chunks.asked <= 65537


def test_json_announced_as_too_large_is_not_read(serve: Serve, store: Store, ann: Client) -> None:
    ann = ann.through(serve(store, dialects={MOUNT: DIALECT}, limits=SMALL))
    body = EndlessBody()

    assert ann.send("POST", NOTES, body, content_length="65537").json["code"] == "too-large"
    assert body.asked == 0


def test_json_of_too_many_values_is_too_large(ann: Client) -> None:
    assert ann("POST", ANYTHING, b'{"a":[' + b"[]," * 600_000 + b"1]}").json["code"] == "too-large"


def test_cut_json_is_incomplete(ann: Client) -> None:
    response = ann.send("POST", NOTES, CutBody(b'{"title": "a"}'), content_length="99")

    assert (response.status, response.json["code"]) == (400, "body-incomplete")


# Content


def test_content_announced_as_too_large_is_not_read(serve: Serve, store: Store, ann: Client) -> None:
    ann = ann.through(serve(store, dialects={MOUNT: DIALECT}, limits=SMALL))
    body = EndlessBody()

    response = ann.send("PUT", NOTES + "/a", body, content_length=str((1 << 20) + 1))

    assert (response.status, response.json["code"]) == (413, "too-large")
    assert body.asked == 0


def test_content_in_chunks_is_refused_as_soon_as_it_is_too_large(serve: Serve, store: Store, ann: Client) -> None:
    ann = ann.through(serve(store, dialects={MOUNT: DIALECT}, limits=SMALL))
    body = EndlessBody()

    assert ann.send("PUT", NOTES + "/a", body, transfer_encoding="chunked").status == 413
    assert body.asked <= 2 << 20
    assert ann("GET", NOTES + "/a", accept="text/plain").status == 404


def test_content_of_the_largest_size_is_taken(serve: Serve, store: Store, ann: Client) -> None:
    ann = ann.through(serve(store, dialects={MOUNT: DIALECT}, limits=SMALL))
    content = b"x" * (1 << 20)

    assert ann("PUT", NOTES + "/a", content).status == 204
    assert ann("PUT", NOTES + "/b", content, transfer_encoding="chunked").status == 204
    assert ann("GET", NOTES + "/b", accept="text/plain").body == content


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content_encoding": "gzip"}, 415),
        ({"content_encoding": "identity, gzip"}, 415),
        ({"content_range": "bytes 0-1/4"}, 400),
        ({"content_encoding": "Identity"}, 204),
    ],
    ids=["coded", "coded-twice", "part", "as-it-is"],
)
def test_content_that_is_coded_or_a_part_is_not_stored_as_the_whole(ann: Client, headers: dict[str, str], status: int) -> None:
    # RFC 9110, 8.4 and 14.5
    ann("PUT", NOTES + "/a", b"one")

    assert ann("PUT", NOTES + "/a", b"two", **headers).status == status
    assert ann("GET", NOTES + "/a", accept="text/plain").body == (b"two" if status == 204 else b"one")


def test_cut_content_keeps_what_was_there(ann: Client) -> None:
    ann("PUT", NOTES + "/a", b"one")

    assert ann.send("PUT", NOTES + "/a", CutBody(b"tw"), content_length="3").json["code"] == "body-incomplete"
    assert ann("GET", NOTES + "/a", accept="text/plain").body == b"one"


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("a.txt", 'attachment; filename="a.txt"'),
        ("%C3%BC.txt", "attachment; filename=\"_.txt\"; filename*=UTF-8''%C3%BC.txt"),
        ("a%22b.txt", "attachment; filename=\"a_b.txt\"; filename*=UTF-8''a%22b.txt"),
        ("50%25.txt", "attachment; filename=\"50_.txt\"; filename*=UTF-8''50%25.txt"),
        ("%E2%82%AC%F0%9F%98%80", "attachment; filename=\"__\"; filename*=UTF-8''%E2%82%AC%F0%9F%98%80"),
    ],
)
def test_content_is_sent_with_its_file_name(ann: Client, name: str, header: str) -> None:
    ann("PUT", f"/dav/{name}", b"content")

    response = ann("GET", f"{NOTES}/{name}", accept="text/plain")

    assert response.headers["content-disposition"] == header
    assert response.headers["content-security-policy"] == "sandbox"


# Forms


def a_part(name: str, content: bytes, *, file_name: str = "", media_type: str = "") -> bytes:
    disposition = f'Content-Disposition: form-data; name="{name}"' + (f'; filename="{file_name}"' if file_name else "")
    kind = f"\r\nContent-Type: {media_type}" if media_type else ""
    return f"{disposition}{kind}\r\n\r\n".encode() + content


def a_form(*parts: bytes, boundary: str = "x") -> bytes:
    delimiter = b"--" + boundary.encode()
    return b"".join(delimiter + b"\r\n" + part + b"\r\n" for part in parts) + delimiter + b"--\r\n"


def send(ann: Client, form: bytes, content_type: str = "multipart/form-data; boundary=x") -> Response:
    return ann("POST", FORMS, form, content_type=content_type)


NOTE: Final = a_part("note", b'{"title": "a"}', media_type=JSON)
CONTENT: Final = random.Random(5).randbytes(3_000_000)
FILE: Final = a_part("file", CONTENT, file_name="ü.bin", media_type="application/pdf")


@pytest.mark.parametrize("parts", [(NOTE, FILE), (FILE, NOTE)], ids=["note-first", "file-first"])
def test_parts_come_in_any_order(ann: Client, parts: tuple[bytes, bytes]) -> None:
    received = {part["name"]: part for part in send(ann, a_form(*parts)).json}

    assert received["file"] == {
        "name": "file",
        "length": len(CONTENT),
        "digest": hashlib.sha256(CONTENT).hexdigest(),
        "file_name": "ü.bin",
        "media_type": "application/pdf",
    }
    assert received["note"]["media_type"] == JSON


def test_part_that_is_not_read_is_passed_over(ann: Client) -> None:
    received = send(ann, a_form(a_part("skipped", CONTENT), NOTE)).json

    assert [part["name"] for part in received] == ["note"]


@pytest.mark.parametrize("content", [b"", b"\r\n", b"--", b"\r\n--", b"\r\n--y\r\n", b"-", b"\r\n-" * 100_000])
def test_content_that_looks_like_a_boundary_arrives_whole(ann: Client, content: bytes) -> None:
    (received,) = send(ann, a_form(a_part("file", content))).json

    assert (received["length"], received["digest"]) == (len(content), hashlib.sha256(content).hexdigest())


def test_part_may_end_right_behind_its_headers(ann: Client) -> None:
    form = b"--x\r\n" + a_part("file", b"") + b"--x\r\n" + NOTE + b"\r\n--x\r\n" + a_part("skipped", b"") + b"--x--\r\n"

    assert [(part["name"], part["length"]) for part in send(ann, form).json] == [("file", 0), ("note", 0)]


@pytest.mark.parametrize(
    ("disposition", "name", "file_name"),
    [
        (b'form-data; name="a"', "a", None),
        (b"form-data;name=a;filename=b.txt", "a", "b.txt"),
        (b'form-data; name="\xc3\xbc"; filename="\xe2\x82\xac"', "\u00fc", "\u20ac"),
        (b'form-data; name="\xfc"; filename="\xfc"', "\u00fc", "\u00fc"),
        (b"form-data; name=a; filename=\"b\"; filename*=UTF-8''%E2%82%AC", "a", "\u20ac"),
        (b'form-data; name="a"; filename="C:\\b\\c.txt"', "a", "c.txt"),
    ],
)
def test_names_of_parts_are_read_in_every_spelling(ann: Client, disposition: bytes, name: str, file_name: str | None) -> None:
    (part,) = send(ann, a_form(b"CONTENT-DISPOSITION:" + disposition + b"\r\ncontent-transfer-encoding: 8bit\r\n\r\nabc")).json

    assert (part["name"], part["file_name"], part["length"]) == (name, file_name, 3)


def test_form_has_a_prologue_and_an_epilogue(ann: Client) -> None:
    assert len(send(ann, b"hello --x\r\n" + a_form(NOTE) + b"good bye").json) == 1


def test_form_in_chunks_is_taken(ann: Client) -> None:
    response = ann("POST", FORMS, a_form(FILE), content_type="multipart/form-data; boundary=x", transfer_encoding="chunked")

    assert response.json[0]["length"] == len(CONTENT)


@pytest.mark.parametrize("boundary", ["a b", "----WebKitFormBoundary7MA4YWxkTrZu0gW", "'()+_,-./:=?", "a" * 70])
def test_boundaries_of_the_standard_are_taken(ann: Client, boundary: str) -> None:
    response = send(ann, a_form(NOTE, boundary=boundary), f'multipart/form-data; boundary="{boundary}"')

    assert (response.status, len(response.json)) == (200, 1)


BROKEN_FORMS: Final[dict[str, tuple[bytes, str]]] = {
    "empty": (b"", "malformed"),
    "no-form": (b"hello", "malformed"),
    "other-boundary": (a_form(NOTE, boundary="y"), "malformed"),
    "no-end": (b"--x\r\n" + NOTE, "body-incomplete"),
    "no-end-and-not-read": (b"--x\r\n" + a_part("skipped", b"abc"), "malformed"),
    "end-within-the-boundary": (a_form(NOTE)[:-5], "body-incomplete"),
    "end-without-dashes": (a_form(NOTE)[:-4], "malformed"),
    "end-within-headers": (b'--x\r\nContent-Disposition: form-data; name="a"', "malformed"),
    "boundary-with-more-behind-it": (b"--xy\r\n" + NOTE + b"\r\n--xy--", "malformed"),
    "no-name": (a_form(b"Content-Disposition: form-data\r\n\r\na"), "malformed"),
    "no-disposition": (a_form(b"Content-Type: text/plain\r\n\r\na"), "malformed"),
    "no-headers": (a_form(b"\r\na"), "malformed"),
    "content-like-a-boundary": (a_form(a_part("a", b"--x")), "malformed"),
    "header-twice": (a_form(b"Content-Disposition: form-data; name=b\r\n" + NOTE), "malformed"),
    "header-without-colon": (a_form(b"hello\r\n" + NOTE), "malformed"),
    "header-in-two-lines": (a_form(b"X-Long: a\r\n b\r\n" + NOTE), "malformed"),
    "zero-in-a-header": (a_form(b"X-Odd: \0\r\n" + NOTE), "malformed"),
    "boundary-within-headers": (b"--x\r\n\r\n--x\r\n" + NOTE + b"\r\n--x--\r\n", "malformed"),
    "unknown-charset": (a_form(b"Content-Disposition: form-data; name=a; filename*=x-none''a\r\n\r\na"), "malformed"),
    "transfer-encoding": (a_form(b"Content-Transfer-Encoding: base64\r\n" + NOTE), "malformed"),
    "huge-header": (a_form(b"X-Long: " + b"a" * 10_000 + b"\r\n" + NOTE), "malformed"),
    "many-headers": (a_form(b"X-Many: a\r\n" * 10_000 + NOTE), "malformed"),
    "note-no-json": (a_form(a_part("note", b"hello")), "malformed"),
    "note-of-another-type": (a_form(a_part("note", b"[]")), "invalid-value"),
}


@pytest.mark.parametrize(("form", "code"), BROKEN_FORMS.values(), ids=BROKEN_FORMS.keys())
def test_form_that_cannot_be_read_is_refused(ann: Client, form: bytes, code: str) -> None:
    response = send(ann, form)

    assert (response.status, response.json["code"]) == (400, code)


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("multipart/form-data", 400),
        ("multipart/form-data; boundary=", 400),
        ('multipart/form-data; boundary=""', 400),
        (f"multipart/form-data; boundary={'a' * 200}", 400),
        ("multipart/form-data; boundary=\xfc", 400),
        ("multipart/mixed; boundary=x", 415),
        ("application/x-www-form-urlencoded", 415),
        ("application/json", 415),
        ("gibberish", 415),
    ],
)
def test_form_without_its_media_type_or_boundary_is_refused(ann: Client, content_type: str, status: int) -> None:
    assert send(ann, a_form(NOTE), content_type).status == status


def test_form_without_any_media_type_is_refused(ann: Client) -> None:
    assert ann("POST", FORMS, a_form(NOTE)).status == 415


@pytest.mark.parametrize("at", [1, 20, 60, 100, 1_000_000, -3])
def test_cut_form_is_incomplete_wherever_it_is_cut(ann: Client, at: int) -> None:
    form = a_form(NOTE, FILE)
    cut = CutBody(form[:at])

    response = ann.send("POST", FORMS, cut, content_length=str(len(form)), content_type="multipart/form-data; boundary=x")

    assert (response.status, response.json["code"]) == (400, "body-incomplete")


@pytest.mark.parametrize(("count", "status"), [(1000, 200), (1001, 413)])
def test_form_has_at_most_a_thousand_parts(ann: Client, count: int, status: int) -> None:
    assert send(ann, a_form(*[a_part("a", b"")] * count)).status == status


def test_field_above_the_limit_of_json_is_too_large(serve: Serve, store: Store, ann: Client) -> None:
    ann = ann.through(serve(store, dialects={MOUNT: DIALECT}, limits=SMALL))

    response = send(ann, a_form(a_part("note", b'{"title": "' + b"a" * 65536 + b'"}')))

    assert (response.status, response.json["code"]) == (413, "too-large")


@pytest.mark.parametrize(
    "headers", [{"content_length": str(1 << 21)}, {"transfer_encoding": "chunked"}], ids=["announced", "chunks"]
)
def test_form_above_the_limit_is_too_large(serve: Serve, store: Store, ann: Client, headers: dict[str, Any]) -> None:
    ann = ann.through(serve(store, dialects={MOUNT: DIALECT}, limits=SMALL))
    body = EndlessBody(b"--x\r\n" + a_part("file", b""))

    response = ann.send("POST", FORMS, body, content_type="multipart/form-data; boundary=x", **headers)

    assert (response.status, response.json["code"]) == (413, "too-large")
    assert body.asked <= 2 << 20
