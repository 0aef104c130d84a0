"""The body of a request: its end is never guessed, its size never matters, and no client is waited for without end."""

import hashlib
import time
from collections.abc import Iterable
from datetime import timedelta
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

from davgate.http.body import BodyCut, BodyMalformed, BodyTimeout
from davgate.http.server import ServerLimits
from tests.server.applications import Echo, Recorder, answer
from tests.server.client import Client, chunked
from tests.server.conftest import Start
from tests.server.test_heads import METHODS, SMUGGLED

CHUNKED = "Transfer-Encoding: chunked"


class TestArrival:
    @pytest.mark.parametrize("size", [0, 1, 100, 16 * 1024, 100_000, 3_000_000])
    def test_body_with_length_arrives_whole(self, start: Start, size: int) -> None:
        client = start(Echo())()
        body = bytes(range(256)) * (size // 256 + 1)
        client.request("PUT", "/x", f"Content-Length: {size}", body=body[:size])
        assert client.response().body == body[:size]
        assert client.get().status == 200

    @pytest.mark.parametrize("sizes", [[], [1], [5, 1, 100], [16384] * 40, [1_000_000, 1, 1_000_000]], ids=str)
    def test_body_in_chunks_arrives_whole(self, start: Start, sizes: list[int]) -> None:
        client = start(Echo())()
        chunks = [bytes([65 + number % 26]) * size for number, size in enumerate(sizes)]
        client.request("PUT", "/x", CHUNKED, body=chunked(*chunks))
        assert client.response().body == b"".join(chunks)
        assert client.get().status == 200

    def test_chunks_byte_by_byte_arrive_whole(self, start: Start) -> None:
        client = start(Echo())()
        client.request("PUT", "/x", CHUNKED)
        for byte in b"5;name=value\r\nhello\r\n00006\r\n world\r\n0\r\nTrailer: x\r\n\r\n":
            client.send(bytes([byte]))
        assert client.response().body == b"hello world"
        assert client.get().status == 200

    def test_body_is_a_file_of_lines(self, start: Start) -> None:
        def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            body = environ["wsgi.input"]
            parts = [body.readline(), body.read(2), body.readlines(), list(body), body.read(), body.read(5)]
            return answer(start_response, repr(parts).encode())

        client = start(application)()
        client.request("PUT", "/x", CHUNKED, body=chunked(b"one\nt", b"wo\nthree\n", b"four"))
        assert client.response().body == repr([b"one\n", b"tw", [b"o\n", b"three\n", b"four"], [], b"", b""]).encode()

    def test_request_without_body_reads_as_empty(self, start: Start) -> None:
        client = start(Echo())()
        client.send(b"PUT /x HTTP/1.1\r\nHost: test\r\n\r\nGET /y HTTP/1.1\r\nHost: test\r\n\r\n")
        assert client.response().body == b""
        assert client.response().status == 200

    def test_upgrade_offer_does_not_hide_the_body(self, start: Start) -> None:
        client = start(Echo())()
        offer = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__")
        client.request("PUT", "/x", *offer, "Content-Length: 5", body=b"hello")
        assert client.response().body == b"hello"
        client.request("PUT", "/x", *offer, CHUNKED, body=chunked(b"hello"))
        assert client.response().body == b"hello"


class TestCut:
    @pytest.mark.parametrize(
        ("field", "sent"),
        [
            ("Content-Length: 100", b""),
            ("Content-Length: 100", b"0123456789"),
            (CHUNKED, b""),
            (CHUNKED, b"5"),
            (CHUNKED, b"5\r\nhel"),
            (CHUNKED, b"5\r\nhello"),
            (CHUNKED, b"5\r\nhello\r\n"),
            (CHUNKED, b"5\r\nhello\r\n0\r\n"),
        ],
    )
    def test_body_that_ends_early_is_cut_and_gets_400(self, start: Start, field: str, sent: bytes) -> None:
        application = Echo()
        client = start(application)()
        client.request("PUT", "/x", field, body=sent)
        client.end_sending()
        assert client.response().status == 400
        assert client.has_ended()
        assert type(application.error()) is BodyCut

    def test_reset_within_a_body_is_cut(self, start: Start) -> None:
        application = Echo()
        client = start(application)()
        client.request("PUT", "/x", "Content-Length: 100", body=b"0123456789")
        client.socket.setsockopt(1, 13, b"\1\0\0\0\0\0\0\0")  # SO_LINGER of 0 makes the close a reset.
        client.close()
        assert isinstance(application.error(), BodyCut)

    def test_cut_stays_cut_when_read_again(self, start: Start) -> None:
        def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            body = environ["wsgi.input"]
            with pytest.raises(BodyCut):
                body.read()
            with pytest.raises(BodyCut):
                body.read()
            return answer(start_response, b"cut")

        client = start(application)()
        client.request("PUT", "/x", "Content-Length: 100", body=b"0123456789")
        client.end_sending()
        response = client.response()
        assert response.body == b"cut"
        assert response.headers["connection"] == "close"
        assert client.has_ended()


MALFORMED = {
    "not-hexadecimal": b"x\r\nhello\r\n0\r\n\r\n",
    "prefixed": b"0x5\r\nhello\r\n0\r\n\r\n",
    "negative": b"-5\r\nhello\r\n0\r\n\r\n",
    "signed": b"+5\r\nhello\r\n0\r\n\r\n",
    "underscore": b"0_5\r\nhello\r\n0\r\n\r\n",
    "space-before": b" 5\r\nhello\r\n0\r\n\r\n",
    "space-after": b"5 \r\nhello\r\n0\r\n\r\n",
    "no-size": b"\r\nhello\r\n0\r\n\r\n",
    "only-extension": b";a=b\r\nhello\r\n0\r\n\r\n",
    "control-in-extension": b"5;a=\x01\r\nhello\r\n0\r\n\r\n",
    "endless-extension": b"5;a=" + b"b" * 1000 + b"\r\nhello\r\n0\r\n\r\n",
    "endless-zeros": b"0" * 1000 + b"5\r\nhello\r\n0\r\n\r\n",
    "beyond-64-bits": b"FFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n",
    "bare-lf-after-size": b"5\nhello\r\n0\r\n\r\n",
    "bare-cr-after-size": b"5\rhello\r\n0\r\n\r\n",
    "bare-lf-after-data": b"5\r\nhello\n0\r\n\r\n",
    "two-crs-after-data": b"5\r\nhello\r\r\n0\r\n\r\n",
    "data-longer-than-size": b"5\r\nhello!\r\n0\r\n\r\n",
    "bare-lf-at-end": b"5\r\nhello\r\n0\r\n\n",
    "length-in-trailer": b"0\r\nContent-Length: 5\r\n\r\n",
    "coding-in-trailer": b"0\r\nTransfer-Encoding: chunked\r\n\r\n",
    "folded-trailer": b"0\r\nX: a\r\n b\r\n\r\n",
    "trailer-without-colon": b"0\r\nX\r\n\r\n",
    "endless-trailer": b"0\r\n" + b"X: a\r\n" * 5000 + b"\r\n",
}


def test_chunk_that_is_longer_than_its_size_is_called_so(start: Start) -> None:
    application = Echo()
    client = start(application)()
    client.request("PUT", "/x", CHUNKED, body=MALFORMED["data-longer-than-size"])
    assert client.response().status == 400
    assert "longer than it was announced" in str(application.error())


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
class TestMalformed:
    def test_broken_chunk_is_malformed_and_gets_400(self, start: Start, body: bytes) -> None:
        application = Echo()
        client = start(application)()
        client.request("PUT", "/x", CHUNKED, body=body + SMUGGLED)
        assert client.response().status == 400
        assert client.has_ended()
        assert type(application.error()) is BodyMalformed
        assert application.calls == 1

    def test_broken_chunk_that_nobody_reads_ends_the_connection(self, recorder: Recorder, client: Client, body: bytes) -> None:
        client.request("PUT", "/x", CHUNKED, body=body + SMUGGLED)
        response = client.response()
        assert response.status == 200
        assert response.headers["connection"] == "close"
        assert client.has_ended()
        assert recorder.paths == ["/x"]


class TestUnreadBody:
    @pytest.mark.parametrize("method", METHODS)
    def test_body_in_chunks_is_no_second_request(self, recorder: Recorder, client: Client, method: str) -> None:
        client.request(method, "/x", CHUNKED, body=chunked(SMUGGLED))
        assert client.response(method).status == 200
        assert client.get("/next").body == b"GET /next"
        assert recorder.paths == ["/x", "/next"]

    @pytest.mark.parametrize("method", METHODS)
    def test_body_with_length_is_no_second_request(self, recorder: Recorder, client: Client, method: str) -> None:
        client.request(method, "/x", f"Content-Length: {len(SMUGGLED)}", body=SMUGGLED)
        assert client.response(method).status == 200
        assert client.get("/next").body == b"GET /next"
        assert recorder.paths == ["/x", "/next"]

    def test_small_body_may_come_after_the_response(self, start: Start) -> None:
        client = start(Recorder("401 Unauthorized"))()
        client.request("PUT", "/x", "Content-Length: 60000")
        assert client.response().status == 401
        client.send(b"x" * 30000)
        client.send(b"x" * 30000 + b"GET /next HTTP/1.1\r\nHost: test\r\n\r\n")
        assert client.response().body == b"GET /next"

    def test_small_body_that_never_comes_ends_the_connection(self, start: Start) -> None:
        client = start(Recorder(), limits=ServerLimits(drain_timeout=timedelta(seconds=0.1)))()
        client.request("PUT", "/x", "Content-Length: 100", body=b"0123456789")
        assert client.response().status == 200
        assert client.has_ended()

    @pytest.mark.parametrize("field", ["Content-Length: 1100000", CHUNKED])
    def test_rest_that_is_large_or_of_unknown_size_ends_the_connection(self, start: Start, field: str) -> None:
        client = start(Recorder("401 Unauthorized"))()
        client.request("PUT", "/x", field)
        response = client.response()
        assert response.status == 401
        assert response.headers["connection"] == "close"
        assert client.has_ended()

    @pytest.mark.parametrize("sent", [b"1E", b"1E8480\r\n", b"1E8480\r\n" + b"x" * 20_000], ids=len)
    def test_response_does_not_wait_for_the_rest_of_a_chunk(self, client: Client, sent: bytes) -> None:
        client.request("PUT", "/x", CHUNKED, body=sent)
        assert client.response().status == 200
        assert client.has_ended()

    def test_half_read_body_is_no_second_request(self, start: Start) -> None:
        def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            return answer(start_response, environ["wsgi.input"].read(3))

        client = start(application)()
        client.request("PUT", "/x", "Content-Length: 30000", body=b"abc" * 10000)
        assert client.response().body == b"abc"
        client.request("PUT", "/x", CHUNKED, body=chunked(b"defghi" * 1000, SMUGGLED))
        assert client.response().body == b"def"
        client.request("PUT", "/x", "Content-Length: 3", body=b"jkl")
        assert client.response().body == b"jkl"

    def test_body_read_while_the_response_streams_is_no_second_request(self, start: Start) -> None:
        def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            if environ["REQUEST_METHOD"] == "GET":
                yield from answer(start_response, b"next")
                return
            start_response("200 OK", [])
            yield b"first"
            yield environ["wsgi.input"].read()

        client = start(application)()
        client.request("PUT", "/x", "Content-Length: 5", body=b"hello")
        assert client.response().body == b"firsthello"
        assert client.get().body == b"next"


class TestContinue:
    EXPECT = "Expect: 100-continue"

    def test_continue_is_sent_when_the_body_is_read(self, start: Start) -> None:
        client = start(Echo())()
        client.request("PUT", "/x", self.EXPECT, "Content-Length: 5")
        assert client.response().status == 100
        client.send(b"hello")
        assert client.response().body == b"hello"
        assert client.get().status == 200

    def test_continue_is_sent_before_chunks(self, start: Start) -> None:
        client = start(Echo())()
        client.request("PUT", "/x", self.EXPECT, CHUNKED)
        assert client.response().status == 100
        client.send(chunked(b"hello"))
        assert client.response().body == b"hello"

    @pytest.mark.parametrize("field", ["Content-Length: 5", "Content-Length: 99999999", CHUNKED])
    def test_refused_request_gets_its_status_and_no_continue(self, start: Start, field: str) -> None:
        client = start(Recorder("401 Unauthorized"))()
        client.request("PUT", "/x", self.EXPECT, field)
        response = client.response()
        assert response.status == 401
        assert response.headers["connection"] == "close"
        assert client.has_ended()

    @pytest.mark.parametrize("version", ["1.1", "1.0"])
    def test_continue_is_not_sent_unasked(self, start: Start, version: str) -> None:
        expect = [self.EXPECT] if version == "1.0" else []
        client = start(Echo())()
        client.request("PUT", "/x", *expect, "Content-Length: 5", version=version)
        client.send(b"hello")
        assert client.response().status == 200

    def test_continue_is_not_sent_for_an_empty_body(self, start: Start) -> None:
        client = start(Echo())()
        client.request("PUT", "/x", self.EXPECT, "Content-Length: 0")
        assert client.response().status == 200

    def test_continue_is_not_sent_within_a_response(self, start: Start) -> None:
        def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            start_response("200 OK", [])
            yield b"early"
            yield environ["wsgi.input"].read()

        client = start(application)()
        client.request("PUT", "/x", self.EXPECT, "Content-Length: 5")
        client.send(b"hello")
        assert client.response().body == b"earlyhello"

    def test_other_expectation_gets_417(self, start: Start) -> None:
        application = Recorder()
        client = start(application)()
        client.request("PUT", "/x", "Expect: miracles", "Content-Length: 5")
        assert client.response().status == 417
        assert client.has_ended()
        assert application.requests == []


class TestSlowness:
    STALL = ServerLimits(body_timeout=timedelta(seconds=0.2), linger_timeout=timedelta(seconds=0.1))
    RATE = ServerLimits(body_timeout=timedelta(seconds=0.5), body_bytes_per_second=1000, linger_timeout=timedelta(seconds=0.1))

    @pytest.mark.parametrize(
        ("field", "sent"), [("Content-Length: 100", b"012"), (CHUNKED, b"5\r\nhel"), (CHUNKED, b"5\r\nhello\r\n")]
    )
    def test_stalled_body_is_a_timeout_and_gets_408(self, start: Start, field: str, sent: bytes) -> None:
        application = Echo()
        client = start(application, limits=self.STALL)()
        client.request("PUT", "/x", field, body=sent)
        assert client.response().status == 408
        assert client.has_ended()
        assert type(application.error()) is BodyTimeout

    def test_trickling_body_is_a_timeout(self, start: Start) -> None:
        application = Echo()
        client = start(application, limits=self.RATE)()
        client.request("PUT", "/x", "Content-Length: 1000")
        while not client.answers_within(0.02):
            client.send(b"x")
        assert client.response().status == 408
        assert type(application.error()) is BodyTimeout

    def test_slow_body_above_the_rate_arrives(self, start: Start) -> None:
        client = start(Echo(), limits=self.RATE)()
        client.request("PUT", "/x", "Content-Length: 2000")
        for _ in range(20):  # 1 s, twice the credit, at 2,000 bytes per second.
            client.send(b"x" * 100)
            time.sleep(0.05)
        assert client.response().body == b"x" * 2000

    def test_each_request_has_its_own_credit(self, start: Start) -> None:
        client = start(Echo(), limits=self.RATE)()
        for _ in range(8):
            client.request("PUT", "/x", "Content-Length: 5")
            time.sleep(0.1)
            client.send(b"hello")
            assert client.response().body == b"hello"


def test_bytes_of_a_large_upload_are_those_that_were_sent(start: Start) -> None:
    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        digest = hashlib.sha256()
        while block := environ["wsgi.input"].read(10_007):
            digest.update(block)
        return answer(start_response, digest.hexdigest().encode())

    body = bytes(range(251)) * 30_000
    client = start(application)()
    client.request("PUT", "/x", CHUNKED, body=chunked(body[:100_000], body[100_000:100_003], body[100_003:]))
    assert client.response().body == hashlib.sha256(body).hexdigest().encode()
    client.request("PUT", "/x", f"Content-Length: {len(body)}", body=body)
    assert client.response().body == hashlib.sha256(body).hexdigest().encode()
