"""What goes out: framing, files, streams, and a status whatever the application does (PEP 3333, RFC 9112)."""

import io
import logging
import queue
import sys
import tempfile
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import IO, NoReturn
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment
from wsgiref.validate import validator

import pytest

from davgate.http.server import ServerLimits
from tests.server.applications import answer
from tests.server.client import Client, Response
from tests.server.conftest import Start

CONTENT = bytes(range(251)) * 4000
"""About 1 MB, in which every position looks different."""


class Stream:
    """An iterable that tells when it was closed."""

    def __init__(self, *blocks: bytes, error: Exception | None = None) -> None:
        self._blocks = iter(blocks)
        self._error = error
        self.closed: queue.Queue[bool] = queue.Queue()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        block = next(self._blocks, None)
        if block is not None:
            return block
        raise self._error or StopIteration

    def close(self) -> None:
        self.closed.put(True)


def answering(result: Iterable[bytes], *headers: tuple[str, str], status: str = "200 OK") -> WSGIApplication:
    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/next":
            return answer(start_response, b"next")
        start_response(status, list(headers))
        return result

    return application


def wrap(environ: WSGIEnvironment, file: IO[bytes], *block_size: int) -> Iterable[bytes]:
    wrapped: Iterable[bytes] = environ["wsgi.file_wrapper"](file, *block_size)
    return wrapped


def get(start: Start, application: WSGIApplication, method: str = "GET", version: str = "1.1") -> tuple[Client, Response]:
    client = start(application)()
    client.request(method, "/", version=version)
    return client, client.response(method)


def is_reusable(client: Client) -> bool:
    return client.get("/next").body == b"next"


class TestFraming:
    @pytest.mark.parametrize("blocks", [[b"hello"], (b"he", b"", b"llo"), [], [b""], [CONTENT], [CONTENT, CONTENT]])
    def test_sequence_gets_its_length(self, start: Start, blocks: list[bytes]) -> None:
        client, response = get(start, answering(blocks))
        assert response.body == b"".join(blocks)
        assert response.headers["content-length"] == str(len(response.body))
        assert is_reusable(client)

    @pytest.mark.parametrize("blocks", [[b"hello"], [b"he", b"", b"llo"], [], [CONTENT, b"x", CONTENT]])
    def test_stream_without_length_is_chunked(self, start: Start, blocks: list[bytes]) -> None:
        client, response = get(start, answering(Stream(*blocks)))
        assert response.body == b"".join(blocks)
        if blocks:
            assert response.headers["transfer-encoding"] == "chunked"
            assert "content-length" not in response.headers
        assert is_reusable(client)

    def test_stream_with_length_is_sent_plain(self, start: Start) -> None:
        client, response = get(start, answering(Stream(b"he", b"llo"), ("Content-Length", "5")))
        assert response.body == b"hello"
        assert "transfer-encoding" not in response.headers
        assert is_reusable(client)

    def test_stream_without_length_ends_a_1_0_connection(self, start: Start) -> None:
        client, response = get(start, answering(Stream(b"he", b"llo")), version="1.0")
        assert response.body == b"hello"
        assert "transfer-encoding" not in response.headers
        assert client.has_ended()

    @pytest.mark.parametrize("result", [[CONTENT], Stream(CONTENT), []], ids=["list", "stream", "nothing"])
    def test_head_gets_the_fields_alone(self, start: Start, result: Iterable[bytes]) -> None:
        client, response = get(start, answering(result, ("Content-Length", "1004000")), method="HEAD")
        assert response.headers["content-length"] == "1004000"
        assert is_reusable(client)

    def test_head_without_length_says_none(self, start: Start) -> None:
        client, response = get(start, answering([]), method="HEAD")
        assert "content-length" not in response.headers
        assert is_reusable(client)

    @pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
    @pytest.mark.parametrize("result", [[b"stray"], Stream(b"stray"), []], ids=["list", "stream", "nothing"])
    def test_status_without_body_has_none(self, start: Start, status: str, result: Iterable[bytes]) -> None:
        client, response = get(start, answering(result, ("ETag", '"x"'), status=status))
        assert response.headers["etag"] == '"x"'
        assert "transfer-encoding" not in response.headers
        assert is_reusable(client)

    def test_length_is_left_out_of_204_and_kept_in_304(self, start: Start) -> None:
        _, response = get(start, answering([], ("Content-Length", "5"), status="204 No Content"))
        assert "content-length" not in response.headers
        _, response = get(start, answering([], ("Content-Length", "5"), status="304 Not Modified"))
        assert response.headers["content-length"] == "5"

    def test_server_and_date_are_the_servers(self, start: Start) -> None:
        _, response = get(start, answering([b"x"], ("Date", "yesterday"), ("Server", "other")))
        assert response.headers["server"] == "davgate"
        age = datetime.now(UTC) - parsedate_to_datetime(response.headers["date"])
        assert timedelta(0) <= age < timedelta(seconds=10)


class TestConnectionField:
    def test_application_may_end_the_connection(self, start: Start) -> None:
        client, response = get(start, answering([b"x"], ("Connection", "Close")))
        assert response.headers["connection"] == "close"
        assert client.has_ended()

    @pytest.mark.parametrize("value", ["close", "Close", "keep-alive, close"])
    def test_client_may_end_the_connection(self, start: Start, value: str) -> None:
        client = start(answering([b"x"]))()
        client.request("GET", "/", f"Connection: {value}")
        response = client.response()
        assert response.headers["connection"] == "close"
        assert client.has_ended()

    def test_1_0_connection_ends_unless_it_is_to_be_kept(self, start: Start) -> None:
        client = start(answering([b"x"]))()
        client.request("GET", "/", "Connection: Keep-Alive", version="1.0")
        assert client.response().headers["connection"] == "keep-alive"
        client.request("GET", "/", version="1.0")
        assert client.response().headers["connection"] == "close"
        assert client.has_ended()


class TestFile:
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        path = tmp_path / "content"
        path.write_bytes(CONTENT)
        return path

    @staticmethod
    def sending(path: Path, position: int, length: int | None, files: list[io.BufferedReader] | None = None) -> WSGIApplication:
        def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            if environ["PATH_INFO"] == "/next":
                return answer(start_response, b"next")
            file = path.open("rb")
            if files is not None:
                files.append(file)
            file.seek(position)
            start_response("200 OK", [("Content-Length", str(length))] if length is not None else [])
            return wrap(environ, file)

        return application

    @pytest.mark.parametrize("position", [0, 1, 500_000, len(CONTENT) - 1, len(CONTENT)])
    @pytest.mark.parametrize("length", [None, 0, 1, 65_536, 65_537, 400_000])
    def test_file_is_sent_from_its_position(self, start: Start, path: Path, position: int, length: int | None) -> None:
        if length is not None and position + length > len(CONTENT):
            length = len(CONTENT) - position
        files: list[io.BufferedReader] = []
        client, response = get(start, self.sending(path, position, length, files))
        assert response.body == CONTENT[position : None if length is None else position + length]
        assert response.headers["content-length"] == str(len(response.body))
        assert is_reusable(client)
        assert files[0].closed

    def test_position_is_that_of_the_reader_not_of_the_descriptor(self, start: Start, path: Path) -> None:
        def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            file = path.open("rb")
            file.read(10)  # The descriptor is now at the end of a buffer.
            start_response("200 OK", [])
            return wrap(environ, file)

        _, response = get(start, application)
        assert response.body == CONTENT[10:]

    def test_large_file_arrives_whole(self, start: Start, tmp_path: Path) -> None:
        path = tmp_path / "large"
        path.write_bytes(CONTENT * 40)
        _, response = get(start, self.sending(path, 7, None))
        assert response.body == (CONTENT * 40)[7:]

    def test_head_of_a_file_sends_no_byte_of_it(self, start: Start, path: Path) -> None:
        files: list[io.BufferedReader] = []
        client, response = get(start, self.sending(path, 0, None, files), method="HEAD")
        assert response.headers["content-length"] == str(len(CONTENT))
        assert is_reusable(client)
        assert files[0].closed

    @pytest.mark.parametrize("missing", [1, 1_000_000])
    def test_file_shorter_than_promised_ends_the_connection(
        self, start: Start, path: Path, missing: int, caplog: pytest.LogCaptureFixture
    ) -> None:
        client = start(self.sending(path, len(CONTENT) - 10, 10 + missing))()
        client.request("GET", "/")
        with pytest.raises(EOFError):
            client.response()
        assert "less than its Content-Length" in caplog.text

    def test_file_without_descriptor_is_read(self, start: Start) -> None:
        def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            start_response("200 OK", [])
            return wrap(environ, io.BytesIO(CONTENT), 1000)

        _, response = get(start, application)
        assert response.body == CONTENT

    def test_spooled_file_is_sent(self, start: Start) -> None:
        def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            file = tempfile.TemporaryFile()  # The server closes it.
            file.write(CONTENT)
            file.seek(0)
            start_response("200 OK", [])
            return wrap(environ, file)

        _, response = get(start, application)
        assert response.body == CONTENT


class TestFailure:
    def test_exception_gets_500_and_is_logged(self, start: Start, caplog: pytest.LogCaptureFixture) -> None:
        def application(environ: WSGIEnvironment, start_response: StartResponse) -> NoReturn:
            raise LookupError("secret")

        client, response = get(start, application)
        assert response.status == 500
        assert b"secret" not in response.body
        assert client.has_ended()
        assert "LookupError: secret" in caplog.text

    def test_exit_gets_500_and_the_thread_lives(self, start: Start) -> None:
        def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            if environ["PATH_INFO"] == "/exit":
                sys.exit("bye")
            return answer(start_response, b"alive")

        connect = start(application, threads=1)
        assert connect().get("/exit").status == 500
        assert connect().get().body == b"alive"

    def test_exception_before_the_first_block_gets_500(self, start: Start) -> None:
        stream = Stream(error=LookupError())
        client, response = get(start, answering(stream))
        assert response.status == 500
        assert client.has_ended()
        assert stream.closed.get(timeout=5)

    def test_exception_within_a_stream_leaves_it_without_an_end(self, start: Start) -> None:
        stream = Stream(b"first", error=LookupError())
        client = start(answering(stream))()
        client.request("GET", "/")
        with pytest.raises(EOFError):
            client.response()
        assert stream.closed.get(timeout=5)

    def test_no_start_response_gets_500(self, start: Start) -> None:
        def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            return [b"x"]

        _, response = get(start, application)
        assert response.status == 500

    @pytest.mark.parametrize(
        ("status", "header"),
        [
            ("200 OK", ("X", "a\r\nSet-Cookie: b")),
            ("200 OK", ("X", "a\nSet-Cookie: b")),
            ("200 OK", ("X", "a\rb")),
            ("200 OK", ("X", "a\0b")),
            ("200 OK", ("X\r\nY", "a")),
            ("200 OK\r\nX: y", ("X", "a")),
            ("200 OK", ("X", "\u20ac")),
            ("200 OK", ("Transfer-Encoding", "chunked")),
            ("200 OK", ("Content-Length", "five")),
            ("200 OK", ("Content-Length", "-5")),
        ],
    )
    def test_invalid_field_gets_500(
        self, start: Start, status: str, header: tuple[str, str], caplog: pytest.LogCaptureFixture
    ) -> None:
        client, response = get(start, answering([b"x"], header, status=status))
        assert response.status == 500
        assert not {"x", "set-cookie"} & response.headers.keys()
        assert client.has_ended()
        assert caplog.records[-1].levelno == logging.ERROR

    def test_more_than_promised_is_cut(self, start: Start, caplog: pytest.LogCaptureFixture) -> None:
        client, response = get(start, answering(Stream(b"hel", b"lo!"), ("Content-Length", "5")))
        assert response.body == b"hello"
        assert client.has_ended()
        assert "more than its Content-Length" in caplog.text

    def test_less_than_promised_ends_the_connection(self, start: Start) -> None:
        client = start(answering([b"hell"], ("Content-Length", "5")))()
        client.request("GET", "/")
        with pytest.raises(EOFError):
            client.response()

    def test_client_that_leaves_is_no_error(self, start: Start, caplog: pytest.LogCaptureFixture) -> None:
        stream = Stream(*[CONTENT] * 50)
        client = start(answering(stream))()
        client.request("GET", "/")
        client.close()
        assert stream.closed.get(timeout=5)
        assert not [record for record in caplog.records if record.levelno >= logging.WARNING]

    def test_client_that_does_not_read_is_cut(self, start: Start) -> None:
        limits = ServerLimits(body_timeout=timedelta(seconds=0.2), linger_timeout=timedelta(seconds=0.1))
        stream = Stream(*[CONTENT] * 50)
        client = start(answering(stream), limits=limits)()
        client.request("GET", "/")
        assert stream.closed.get(timeout=5)


class TestGatewayRules:
    @pytest.mark.parametrize("blocks", [[b"x"], [CONTENT], []])
    def test_result_is_closed_once(self, start: Start, blocks: list[bytes]) -> None:
        stream = Stream(*blocks)
        client, _ = get(start, answering(stream))
        assert is_reusable(client)
        assert stream.closed.qsize() == 1

    def test_write_sends_before_the_result(self, start: Start) -> None:
        def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            write = start_response("200 OK", [("Content-Length", "6")])
            write(b"one")
            write(b"two")
            return []

        _, response = get(start, application)
        assert response.body == b"onetwo"

    def test_second_start_response_replaces_the_first_with_exc_info(self, start: Start) -> None:
        def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            start_response("200 OK", [("X", "y"), ("Content-Length", "5")])
            try:
                raise LookupError
            except LookupError:
                start_response("503 Service Unavailable", [("Retry-After", "1")], sys.exc_info())
            return [b"later"]

        _, response = get(start, application)
        assert response.status == 503
        assert "x" not in response.headers

    def test_second_start_response_without_exc_info_gets_500(self, start: Start) -> None:
        def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            start_response("200 OK", [])
            start_response("200 OK", [])
            return [b"x"]

        _, response = get(start, application)
        assert response.status == 500

    def test_start_response_after_the_head_raises_what_it_was_given(self, start: Start) -> None:
        raised: queue.Queue[BaseException] = queue.Queue()

        def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            start_response("200 OK", [])
            yield b"first"
            try:
                try:
                    raise LookupError
                except LookupError:
                    start_response("500 Oops", [], sys.exc_info())
            except LookupError as error:
                raised.put(error)
                raise

        client = start(application)()
        client.request("GET", "/")
        with pytest.raises(EOFError):
            client.response()
        assert isinstance(raised.get(timeout=5), LookupError)

    def test_start_response_may_come_with_the_first_block(self, start: Start) -> None:
        def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            start_response("201 Created", [])
            yield b"late"

        _, response = get(start, application)
        assert (response.status, response.body) == (201, b"late")

    def test_environment_follows_the_standard(self, start: Start) -> None:
        def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            environ["wsgi.input"].read(5)
            start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
            return [b"valid"]

        client = start(validator(application))()
        client.request("PUT", "/a%20b?c", "Content-Length: 5", body=b"hello")
        assert client.response().body == b"valid"
