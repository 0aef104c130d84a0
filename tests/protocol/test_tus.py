"""TUS 1.0.0 as every dialect gets it from ``rest.tus``: headers, their order, refusals, cut and repeated parts."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from davgate.app import Application
from davgate.core.audit import shown as audit_shown
from davgate.core.content import Written
from davgate.core.store import Policy, Store
from davgate.http import responses
from davgate.http.body import BodyCut
from davgate.http.dates import http_date, parse_http_date
from davgate.http.responses import Response
from davgate.model.errors import DavgateError, Locked
from davgate.model.instant import Instant, after
from davgate.model.node import ROOT_ID
from davgate.rest import openapi, problems, tus
from davgate.rest.exchange import Exchange
from davgate.rest.operations import Answer, Dialect, Operation, Raw
from davgate.storage.api import AuditFilter, Session, Staged, Transaction, Upload
from tests.builders import SettableClock, findings
from tests.protocol import client
from tests.protocol.client import Client
from tests.protocol.conftest import Serve
from tests.unit.uploaded import saved_at

MOUNT: Final = "/files/v1"
UPLOADS: Final = f"{MOUNT}/uploads"
CONTENT: Final = b"hello world"
HOUR: Final = timedelta(hours=1)


# A dialect of which an upload is all there is: its file comes to lie in the root collection.


def address(exchange: Exchange, upload_id: str) -> str:
    return exchange.origin + exchange.href("uploads", upload_id)


def check(exchange: Exchange) -> Callable[[Session, Instant], None]:
    def refuse_if_asked(session: Session, now: Instant) -> None:
        if exchange.request.header("X_REFUSE"):
            raise Locked(((),))

    return refuse_if_asked


def complete(exchange: Exchange) -> Callable[[Transaction, Staged, Upload], Written]:
    def save(tx: Transaction, staged: Staged, upload: Upload) -> Written:
        if exchange.request.header("X_REFUSE_AT_LAST"):
            raise Locked(((),))
        return saved_at(exchange.store, exchange.ctx, upload.said.get("filename", "upload.bin"))(tx, staged, upload)

    return save


def location(exchange: Exchange) -> Callable[[Written], str]:
    return lambda written: f"{exchange.origin}/dav/{written.node.name}"


def create(exchange: Exchange) -> Response:
    return tus.create(exchange, ROOT_ID, lambda upload_id: address(exchange, upload_id))


def head(exchange: Exchange) -> Response:
    return tus.head(exchange, ROOT_ID, exchange.params["id"], check(exchange))


def patch(exchange: Exchange) -> Response:
    return tus.patch(exchange, ROOT_ID, exchange.params["id"], check(exchange), complete(exchange), location(exchange))


def delete(exchange: Exchange) -> Response:
    return tus.delete(exchange, ROOT_ID, exchange.params["id"], check(exchange))


def refused(occasion: problems.Occasion, error: DavgateError) -> Response:
    response = problems.refused(occasion, error)
    response.headers += tus.marks(occasion.environ)
    return response


def operation(method: str, template: str, handler: Callable[[Exchange], Response], status: int, **more: Any) -> Operation:
    name = f"{method}-{template.count('/')}".lower()
    answers = {status: Answer()}
    return Operation(
        method=method, template=template, handler=handler, id=name, summary=name, reads=False, answers=answers, **more
    )


DIALECT: Final = Dialect(
    name="files",
    title="Files",
    description="Uploads in parts.",
    operations=(
        operation("OPTIONS", "/uploads", tus.options, 204),
        operation("POST", "/uploads", create, 201, refusals=(412, 413)),
        operation("OPTIONS", "/uploads/{id}", tus.options, 204),
        operation("HEAD", "/uploads/{id}", head, 200),
        operation("PATCH", "/uploads/{id}", patch, 204, body=Raw(tus.MEDIA_TYPE), refusals=(409, 412, 413, 423, 460)),
        operation("DELETE", "/uploads/{id}", delete, 204),
    ),
    refused=refused,
)


@pytest.fixture
def app(serve: Serve, store: Store) -> Application:
    """An application with this dialect."""
    return serve(store, dialects={MOUNT: DIALECT})


def encoded(value: str | bytes) -> str:
    return base64.b64encode(value.encode() if isinstance(value, str) else value).decode()


def begin(user: Client, length: int = len(CONTENT), **headers: str) -> str:
    """Begin an upload and return its address."""
    headers = {
        "tus_resumable": "1.0.0",
        "upload_length": str(length),
        "upload_metadata": f"filename {encoded('up.txt')}",
        **headers,
    }
    response = user("POST", UPLOADS, **headers)
    assert response.status == 201, response
    return response.headers["location"].removeprefix(f"http://{client.HOST}")


def send(user: Client, upload: str, offset: int, body: Any = b"", **headers: str) -> client.Response:
    """Send a part."""
    headers = {
        "tus_resumable": "1.0.0",
        "content_type": "application/offset+octet-stream",
        "upload_offset": str(offset),
        **headers,
    }
    return user("PATCH", upload, body, **headers) if isinstance(body, bytes) else user.send("PATCH", upload, body, **headers)


def offset_of(user: Client, upload: str) -> int:
    response = user("HEAD", upload, tus_resumable="1.0.0")
    assert response.status == 200, response
    return int(response.headers["upload-offset"])


class Cut:
    """A body as the server gives it, of which the end never comes."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def read1(self, size: int, /) -> bytes:
        if not self._content:
            raise BodyCut("The connection ended.")
        piece, self._content = self._content[:3], self._content[3:]
        return piece

    def read(self, size: int, /) -> bytes:
        raise BodyCut("The connection ended, and what had come is lost.")


# What there is


@pytest.mark.parametrize("target", [UPLOADS, f"{UPLOADS}/{'0' * 32}"])
def test_options_tell_what_can_be_done_whatever_the_version(ann: Client, target: str) -> None:
    response = ann("OPTIONS", target)

    assert response.status == 204
    assert response.headers["tus-resumable"] == response.headers["tus-version"] == "1.0.0"
    assert response.headers["tus-extension"] == "creation,expiration,termination,checksum"
    assert response.headers["tus-checksum-algorithm"] == "sha1,md5,sha256"
    assert response.headers["tus-max-size"] == str(64 << 30)


def test_document_tells_the_status_that_http_does_not_know() -> None:
    described = openapi.describe(DIALECT, MOUNT)

    assert described["paths"]["/uploads/{id}"]["patch"]["responses"]["460"]["description"] == "Checksum Mismatch"
    assert responses.STATUS_LINES[460] == "460 Checksum Mismatch"


def test_open_uploads_are_among_the_figures(ann: Client, nobody: Client) -> None:
    begin(ann)
    upload = begin(ann)
    ann("DELETE", upload, tus_resumable="1.0.0")
    nobody.address = "127.0.0.1"

    assert "davgate_open_uploads 1.0" in nobody("GET", "/metrics").body.decode()


# Creation and expiration


def test_upload_is_created_and_told_of(ann: Client, clock: SettableClock) -> None:
    metadata = f"filename {encoded('Größe 1.txt')},is_confidential,Content-Type {encoded('text/plain')}"
    response = ann("POST", UPLOADS, tus_resumable="1.0.0", upload_length="11", upload_metadata=metadata)

    assert response.status == 201
    assert response.body == b""
    assert response.headers["tus-resumable"] == "1.0.0"
    assert parse_http_date(response.headers["upload-expires"]) == after(clock.now(), HOUR)
    told = ann("HEAD", response.headers["location"].partition(client.HOST)[2], tus_resumable="1.0.0")
    assert told.status == 200
    assert {name: told.headers[name] for name in ("upload-offset", "upload-length", "cache-control", "tus-resumable")} == {
        "upload-offset": "0",
        "upload-length": "11",
        "cache-control": "no-store",
        "tus-resumable": "1.0.0",
    }
    assert told.headers["upload-expires"] == response.headers["upload-expires"]
    assert told.headers["upload-metadata"] == metadata


@pytest.mark.parametrize(
    "metadata",
    [
        "filename",
        "filename ",
        f"a,b,filename {encoded('up.txt')}",
        f"FileName {encoded('up.txt')}",
        f" filename {encoded('up.txt')} , x {encoded('y')}",
        f"filename {encoded('up.txt')},empty ",
    ],
)
def test_metadata_that_can_be_understood(ann: Client, metadata: str) -> None:
    upload = begin(ann, upload_metadata=metadata)

    name = "upload.bin" if metadata.strip() == "filename" else "up.txt"
    assert send(ann, upload, 0, CONTENT).headers["location"].endswith(f"/dav/{name}")


@pytest.mark.parametrize(
    "metadata",
    [
        "filename !!!!",
        "filename dXAudHh0=",
        "filename dXAudHh",
        "filename dXAu dHh0",
        "filename dXAu\tdHh0",
        "filename dXAudHh-",
        f"filename {encoded(bytes([0xFF, 0xFE]))}",
        f"filename {encoded('a')},filename {encoded('b')}",
        f"filename {encoded('a')},Filename {encoded('b')}",
        f"filename {encoded('a')},",
        f",filename {encoded('a')}",
        "größe YQ==",
        "filename YQ==;x YQ==",
        "a" * (16 * 1024 + 1),
    ],
)
def test_metadata_that_cannot_be_understood_begin_nothing(ann: Client, store: Store, metadata: str) -> None:
    response = ann("POST", UPLOADS, tus_resumable="1.0.0", upload_length="11", upload_metadata=metadata)

    assert response.status == 400
    assert "Upload-Metadata" in response.json["detail"]
    assert response.headers["tus-resumable"] == "1.0.0"


@pytest.mark.parametrize("length", [None, "", "-1", "+1", "1.0", "0x10", "eleven", "1_000", "١١", "9" * 31, "11, 11"])
def test_upload_without_a_length_is_not_created(ann: Client, length: str | None) -> None:
    headers = {"upload_length": length} if length is not None else {"upload_defer_length": "1"}
    response = ann("POST", UPLOADS, tus_resumable="1.0.0", **headers)

    assert response.status == 400
    assert "Upload-Length" in response.json["detail"]


@pytest.mark.parametrize("concat", ["partial", f"final;{UPLOADS}/1 {UPLOADS}/2", ""])
def test_piece_that_others_are_to_be_put_to_is_not_created(ann: Client, concat: str) -> None:
    response = ann("POST", UPLOADS, tus_resumable="1.0.0", upload_length="5", upload_concat=concat)

    assert response.status == 400
    assert "Upload-Concat" in response.json["detail"]


@pytest.mark.parametrize("length", ["1025", "9" * 30])
def test_upload_above_the_limit_is_not_created(ann: Client, store: Store, serve: Serve, length: str) -> None:
    limited = ann.through(limited_to(store, serve, 1024))

    assert limited("POST", UPLOADS, tus_resumable="1.0.0", upload_length=length).status == 413

    assert limited("OPTIONS", UPLOADS).headers["tus-max-size"] == "1024"
    assert begin(limited, 1024)


def test_upload_is_gone_its_hour_after_the_last_byte(ann: Client, clock: SettableClock) -> None:
    upload = begin(ann)
    clock.advance(HOUR - timedelta(seconds=1))
    sent = send(ann, upload, 0, CONTENT[:5])
    assert sent.headers["upload-expires"] == http_date(after(clock.now(), HOUR))
    clock.advance(HOUR - timedelta(seconds=1))
    assert offset_of(ann, upload) == 5

    clock.advance(timedelta(seconds=1))

    assert ann("HEAD", upload, tus_resumable="1.0.0").status == 404
    assert send(ann, upload, 5, CONTENT[5:]).status == 404


# Parts


def test_parts_make_a_document(ann: Client) -> None:
    upload = begin(ann)

    first = send(ann, upload, 0, CONTENT[:5])
    assert (first.status, first.body, first.headers["upload-offset"]) == (204, b"", "5")
    assert "location" not in first.headers
    assert first.headers["tus-resumable"] == "1.0.0"
    assert offset_of(ann, upload) == 5

    last = send(ann, upload, 5, CONTENT[5:])
    assert (last.status, last.body, last.headers["upload-offset"]) == (204, b"", "11")
    assert last.headers["location"] == f"http://{client.HOST}/dav/up.txt"
    assert "upload-expires" not in last.headers
    assert last.headers["tus-resumable"] == "1.0.0"
    assert ann.get("/dav/up.txt") == CONTENT
    assert ann("HEAD", upload, tus_resumable="1.0.0").status == 404


def test_part_at_another_offset_is_refused_and_told_the_right_one(ann: Client) -> None:
    upload = begin(ann)
    send(ann, upload, 0, CONTENT[:5])

    for offset in (0, 2, 6, 11, 10**29):
        response = send(ann, upload, offset, b"other")
        assert (response.status, response.headers["upload-offset"]) == (409, "5")
        assert response.headers["tus-resumable"] == "1.0.0"

    assert offset_of(ann, upload) == 5


@pytest.mark.parametrize("cut", range(len(CONTENT) + 1))
def test_cut_part_keeps_every_byte_that_came(ann: Client, store: Store, cut: int) -> None:
    upload = begin(ann)

    response = send(ann, upload, 0, Cut(CONTENT[:cut]), content_length=str(len(CONTENT)))

    assert response.status == 400
    # Of what is no document yet there is always something to be sent.
    offset = min(cut, len(CONTENT) - 1)
    assert offset_of(ann, upload) == offset
    assert send(ann, upload, offset, CONTENT[offset:]).status == 204
    assert ann.get("/dav/up.txt") == CONTENT
    assert findings(store) == []


@pytest.mark.parametrize("length", [len(CONTENT), len(CONTENT) - 2], ids=["as-announced", "more"])
def test_whole_upload_that_was_refused_wants_its_last_byte_again(ann: Client, length: int) -> None:
    upload = begin(ann, length)
    assert send(ann, upload, 0, CONTENT, x_refuse_at_last="yes").status == 423

    assert offset_of(ann, upload) == length - 1
    wrong = send(ann, upload, length - 2, CONTENT[length - 2 :])
    assert (wrong.status, wrong.headers["upload-offset"]) == (409, str(length - 1))
    rest = CONTENT[length - 1 :]
    assert send(ann, upload, length - 1, rest, x_refuse_at_last="yes").status == 423
    assert send(ann, upload, length - 1, rest + b"more").status == 413
    of_another = f"sha1 {encoded(hashlib.sha1(b'other').digest())}"
    assert send(ann, upload, length - 1, rest, upload_checksum=of_another).status == 460

    last = send(ann, upload, length - 1, rest, upload_checksum=f"sha1 {encoded(hashlib.sha1(rest).digest())}")
    assert (last.status, last.headers["upload-offset"]) == (204, str(len(CONTENT)))
    assert ann.get("/dav/up.txt") == CONTENT


@pytest.mark.parametrize(("length", "body"), [(0, b""), (8, b"test data")], ids=["of-no-bytes", "longer-than-announced"])
def test_upload_is_as_long_as_what_came(ann: Client, length: int, body: bytes) -> None:
    response = send(ann, begin(ann, length), 0, body)

    assert (response.status, response.headers["upload-offset"]) == (204, str(len(body)))
    assert ann.get("/dav/up.txt") == body


@pytest.mark.parametrize("announced", ["10000", None])
def test_bytes_above_the_limit_are_413(ann: Client, store: Store, serve: Serve, announced: str | None) -> None:
    limited = ann.through(limited_to(store, serve, 1024))
    upload = begin(limited, 1000)
    headers = {"content_length": announced} if announced else {"transfer_encoding": "chunked"}

    assert send(limited, upload, 0, bytes(10_000), **headers).status == 413

    assert offset_of(limited, upload) == 0


@pytest.mark.parametrize("header", ["content_type", "upload_offset"])
@pytest.mark.parametrize("value", ["", "text/plain", "-1", "1e3"])
def test_part_that_does_not_say_what_it_is_is_refused(ann: Client, header: str, value: str) -> None:
    upload = begin(ann)

    response = send(ann, upload, 0, CONTENT, **{header: value})

    assert response.status == 400
    assert response.json["code"] == "invalid-header"
    assert offset_of(ann, upload) == 0


# Checksum


@pytest.mark.parametrize("algorithm", ["sha1", "md5", "sha256"])
def test_part_is_held_against_its_checksum(ann: Client, algorithm: str) -> None:
    upload = begin(ann)
    right = f"{algorithm} {encoded(hashlib.new(algorithm, CONTENT).digest())}"

    refused = send(ann, upload, 0, CONTENT[::-1], upload_checksum=right)

    assert (refused.status, refused.json["code"]) == (460, "checksum-mismatch")
    assert refused.headers["tus-resumable"] == "1.0.0"
    assert offset_of(ann, upload) == 0
    assert send(ann, upload, 0, CONTENT, upload_checksum=right).status == 204
    assert ann.get("/dav/up.txt") == CONTENT


@pytest.mark.parametrize("value", ["", "sha1", "sha512 YQ==", "sha1 !", f"SHA1 {encoded(b'x')}", "crc32 YQ==", "sha1  YQ=="])
def test_checksum_that_cannot_be_understood_is_refused(ann: Client, value: str) -> None:
    upload = begin(ann)

    assert send(ann, upload, 0, CONTENT, upload_checksum=value).status in (400, 460)

    assert offset_of(ann, upload) == 0


# Termination


def test_terminated_upload_is_gone(ann: Client, store: Store) -> None:
    upload = begin(ann)
    send(ann, upload, 0, CONTENT[:5])

    response = ann("DELETE", upload, tus_resumable="1.0.0")

    assert (response.status, response.headers["tus-resumable"]) == (204, "1.0.0")
    for again in ("HEAD", "DELETE"):
        assert ann(again, upload, tus_resumable="1.0.0").status == 404
    assert send(ann, upload, 5, CONTENT[5:]).status == 404
    assert findings(store) == []


# Order of checks


@pytest.mark.parametrize("method", ["POST", "HEAD", "PATCH", "DELETE"])
@pytest.mark.parametrize("version", [{}, {"tus_resumable": "0.2.2"}, {"tus_resumable": "1.0"}], ids=["none", "old", "short"])
def test_another_version_is_412(ann: Client, method: str, version: dict[str, str]) -> None:
    target = UPLOADS if method == "POST" else begin(ann)

    response = ann(method, target, **version)

    assert response.status == 412
    assert response.headers["tus-version"] == response.headers["tus-resumable"] == "1.0.0"
    assert bool(response.body) == (method != "HEAD")


@pytest.mark.parametrize("method", ["HEAD", "PATCH", "DELETE"])
def test_checks_come_in_their_order(ann: Client, bob: Client, method: str) -> None:
    upload = begin(ann)
    wrong = {"x_refuse": "yes", "upload_offset": "5", "content_type": "text/plain"}
    statuses = []
    for user, headers in (
        (ann, {}),
        (bob, {}),
        (ann, {"tus_resumable": "1.0.0"}),
        (ann, {"x_refuse": ""}),
        (ann, {"x_refuse": "", "tus_resumable": "1.0.0"}),
        (ann, {"x_refuse": "", "tus_resumable": "1.0.0", "content_type": tus.MEDIA_TYPE, "upload_offset": "x"}),
        (ann, {"x_refuse": "", "tus_resumable": "1.0.0", "content_type": tus.MEDIA_TYPE}),
    ):
        statuses.append(user(method, upload, **{**wrong, **headers}).status)
        if statuses[-1] in (200, 204):
            break

    assert statuses == [423, 404, 423, 412, *({"HEAD": [200], "DELETE": [204], "PATCH": [400, 400, 409]}[method])]
    assert ann(method, UPLOADS + "/unknown", **wrong).status == 404


def test_check_refuses_before_the_body_is_asked_for(ann: Client) -> None:
    upload = begin(ann)

    assert send(ann, upload, 0, None, content_length="11", x_refuse="yes").status == 423

    assert offset_of(ann, upload) == 0


@pytest.mark.parametrize("upload_id", ["0" * 32, "A" * 32, "x", "..%2F..%2Fdavgate.sqlite3", "%00", "0" * 200])
def test_invented_upload_is_not_there(ann: Client, upload_id: str) -> None:
    for method in ("HEAD", "PATCH", "DELETE"):
        assert ann(method, f"{UPLOADS}/{upload_id}", tus_resumable="1.0.0").status in (400, 404)


def test_begin_and_end_are_told_in_the_audit_and_parts_are_not(ann: Client, store: Store, root_admin: Client) -> None:
    upload = begin(ann)
    for start in range(0, len(CONTENT), 3):
        send(ann, upload, start, CONTENT[start : start + 3])

    rows = audit_shown.newest(store, root_admin.ctx, AuditFilter(), 10)
    assert [row.action for row in rows if row.principal == "ann"][-3:] == ["begin-upload", "create", "complete-upload"]


def limited_to(store: Store, serve: Serve, limit: int) -> Application:
    """Return an application that takes documents up to a limit; it is the store that knows it."""
    return serve(replace(store, policy=Policy(upload_limit_bytes=limit)), dialects={MOUNT: DIALECT})
