"""The head of a request: what is refused with which status, and what an accepted one becomes (RFC 9112, 2 to 6)."""

import pytest

from davgate.http.server import ServerLimits
from tests.server.applications import Recorder
from tests.server.client import Client
from tests.server.conftest import Start

SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: test\r\n\r\n"

POST = b"POST /x HTTP/1.1\r\nHost: test\r\n"


def fields(*lines: bytes) -> bytes:
    return POST + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


REFUSED = {
    # Framing of the body: RFC 9112, 6.1 to 6.3.
    "length-then-chunked": fields(b"Content-Length: 5", b"Transfer-Encoding: chunked"),
    "chunked-then-length": fields(b"Transfer-Encoding: chunked", b"Content-Length: 5"),
    "two-lengths": fields(b"Content-Length: 5", b"Content-Length: 6"),
    "two-equal-lengths": fields(b"Content-Length: 5", b"Content-Length: 5"),
    "list-of-lengths": fields(b"Content-Length: 5, 5"),
    "negative-length": fields(b"Content-Length: -5"),
    "signed-length": fields(b"Content-Length: +5"),
    "hexadecimal-length": fields(b"Content-Length: 0x5"),
    "length-with-underscore": fields(b"Content-Length: 1_0"),
    "empty-length": fields(b"Content-Length:"),
    "length-with-space": fields(b"Content-Length: 5 5"),
    "length-beyond-64-bits": fields(b"Content-Length: 99999999999999999999999"),
    "length-beyond-any-file": fields(b"Content-Length: 9223372036854775808"),
    "gzip": fields(b"Transfer-Encoding: gzip"),
    "chunked-gzip": fields(b"Transfer-Encoding: chunked, gzip"),
    "chunked-gzip-fields": fields(b"Transfer-Encoding: chunked", b"Transfer-Encoding: gzip"),
    "chunked-gzip-chunked": fields(b"Transfer-Encoding: chunked, gzip, chunked"),
    "chunked-with-parameter-twice": fields(b"Transfer-Encoding: chunked;q=1, chunked"),
    "chunked-with-parameter": fields(b"Transfer-Encoding: gzip, chunked;q=1"),
    "two-words-chunked": fields(b"Transfer-Encoding: gzip deflate, chunked"),
    "no-coding-before-chunked": fields(b"Transfer-Encoding: , chunked"),
    "gzip-and-length": fields(b"Transfer-Encoding: gzip, chunked", b"Content-Length: 5"),
    "gzip-in-1.0": b"POST /x HTTP/1.0\r\nHost: test\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
    "chunked-twice": fields(b"Transfer-Encoding: chunked, chunked"),
    "two-codings-fields": fields(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"),
    "identity": fields(b"Transfer-Encoding: identity"),
    "chunked-misspelt": fields(b"Transfer-Encoding: xchunked"),
    "chunked-after-vertical-tab": fields(b"Transfer-Encoding: \x0bchunked"),
    "empty-coding": fields(b"Transfer-Encoding:"),
    "coding-in-1.0": b"POST /x HTTP/1.0\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n",
    # Field lines: RFC 9112, 5.
    "folded-line": fields(b"X: a", b" b"),
    "folded-first-line": fields(b" X: a"),
    "folded-length": fields(b"Content-Length:", b" 5"),
    "space-before-colon": fields(b"Content-Length : 5"),
    "no-colon": fields(b"abc"),
    "no-name": fields(b": a"),
    "name-with-parenthesis": fields(b"X(y: a"),
    "name-beyond-ascii": fields(b"X\xff: a"),
    "nul-in-value": fields(b"X: a\0b"),
    "control-in-value": fields(b"X: a\x01b"),
    "bare-cr-in-value": fields(b"X: a\rY: b"),
    "bare-lf-after-field": POST + b"X: a\n\r\n",
    "bare-lf-everywhere": b"GET /x HTTP/1.1\nHost: test\n\n",
    "bare-lf-at-end": POST + b"\n",
    "bare-lf-after-request-line": b"GET /x HTTP/1.1\nHost: test\r\n\r\n",
    "bare-cr-after-request-line": b"GET /x HTTP/1.1\rHost: test\r\n\r\n",
    # Request line: RFC 9112, 3.
    "http-0.9": b"GET /x\r\n\r\n",
    "http-0.9-unfinished": b"GET /x\r\n",
    "http-2.0": b"GET /x HTTP/2.0\r\nHost: test\r\n\r\n",
    "lower-case-http": b"GET /x http/1.1\r\nHost: test\r\n\r\n",
    "two-spaces": b"GET  /x HTTP/1.1\r\nHost: test\r\n\r\n",
    "tab": b"GET\t/x HTTP/1.1\r\nHost: test\r\n\r\n",
    "space-at-end": b"GET /x HTTP/1.1 \r\nHost: test\r\n\r\n",
    "space-in-target": b"GET /x y HTTP/1.1\r\nHost: test\r\n\r\n",
    "space-at-start": b" GET /x HTTP/1.1\r\nHost: test\r\n\r\n",
    "two-empty-lines-before": b"\r\n\r\nGET /x HTTP/1.1\r\nHost: test\r\n\r\n",
    "bad-method": b"GE(T /x HTTP/1.1\r\nHost: test\r\n\r\n",
    "no-method": b" /x HTTP/1.1\r\nHost: test\r\n\r\n",
    "tls-hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n",
    # Target and host: RFC 9112, 3.2.
    "no-host": b"GET /x HTTP/1.1\r\n\r\n",
    "two-hosts": b"GET /x HTTP/1.1\r\nHost: test\r\nHost: test\r\n\r\n",
    "two-hosts-one-empty": b"GET /x HTTP/1.1\r\nHost: test\r\nHost:\r\n\r\n",
    "host-with-path": b"GET /x HTTP/1.1\r\nHost: test/y\r\n\r\n",
    "authority-form": b"CONNECT test:80 HTTP/1.1\r\nHost: test\r\n\r\n",
    "relative-target": b"GET x HTTP/1.1\r\nHost: test\r\n\r\n",
    "asterisk-for-get": b"GET * HTTP/1.1\r\nHost: test\r\n\r\n",
    "other-scheme": b"GET ftp://test/x HTTP/1.1\r\nHost: test\r\n\r\n",
    "absolute-without-host": b"GET http:///x HTTP/1.1\r\nHost: test\r\n\r\n",
    "absolute-with-two-hosts": b"GET http://test/x HTTP/1.1\r\nHost: test\r\nHost: test\r\n\r\n",
    "absolute-without-host-field": b"GET http://test/x HTTP/1.1\r\n\r\n",
    "absolute-with-user": b"GET http://ann@test/x HTTP/1.1\r\nHost: test\r\n\r\n",
    "fragment": b"DELETE /x#y HTTP/1.1\r\nHost: test\r\n\r\n",
    "control-in-target": b"GET /\x01 HTTP/1.1\r\nHost: test\r\n\r\n",
    "nul-in-target": b"GET /\0 HTTP/1.1\r\nHost: test\r\n\r\n",
}


@pytest.mark.parametrize("head", REFUSED.values(), ids=REFUSED.keys())
def test_malformed_head_gets_400_and_ends_the_connection(recorder: Recorder, client: Client, head: bytes) -> None:
    client.send(head + b"5\r\nhello\r\n0\r\n\r\n" + SMUGGLED if head.endswith(b"\r\n\r\n") else head)
    response = client.response()
    assert response.status == 400
    assert response.headers["connection"] == "close"
    assert client.has_ended()
    assert recorder.requests == []


@pytest.mark.parametrize(
    "codings",
    [
        pytest.param([b"gzip, chunked"], id="gzip"),
        pytest.param([b"GZIP ,Chunked"], id="other-case"),
        pytest.param([b"gzip", b"chunked"], id="two-fields"),
        pytest.param([b'other;a=b ; c="d e", deflate, chunked'], id="unknown-with-parameters"),
    ],
)
def test_coding_that_is_not_understood_gets_501_and_ends_the_connection(
    recorder: Recorder, client: Client, codings: list[bytes]
) -> None:
    # RFC 9112, 6.1
    client.send(fields(*(b"Transfer-Encoding: " + coding for coding in codings)) + b"5\r\nhello\r\n0\r\n\r\n" + SMUGGLED)
    response = client.response()
    assert response.status == 501
    assert response.headers["connection"] == "close"
    assert client.has_ended()
    assert recorder.requests == []


@pytest.mark.parametrize("end", [1, 3, 14, 15, 16, 17, 20, 28, 29, 30, 31])
def test_head_in_two_pieces_is_one_request(client: Client, end: int) -> None:
    head = b"GET /x HTTP/1.1\r\nHost: test\r\n\r\n"
    client.send(head[:end])
    client.send(head[end:])
    assert client.response().body == b"GET /x"


def test_heads_byte_by_byte_are_requests_in_order(client: Client) -> None:
    for byte in b"GET /1 HTTP/1.1\r\nHost: test\r\n\r\nGET /2 HTTP/1.1\r\nHost: test\r\n\r\n":
        client.send(bytes([byte]))
    assert [client.response().body, client.response().body] == [b"GET /1", b"GET /2"]


def test_connection_ending_within_a_head_gets_400(client: Client) -> None:
    client.send(b"GET /x HTTP/1.1\r\nHos")
    client.end_sending()
    assert client.response().status == 400
    assert client.has_ended()


def test_one_empty_line_before_a_request_is_passed_over(client: Client) -> None:
    client.send(b"\r\nGET /x HTTP/1.1\r\nHost: test\r\n\r\n")
    assert client.response().body == b"GET /x"


class TestLimits:
    def test_head_beyond_the_limit_gets_431(self, start: Start) -> None:
        application = Recorder()
        client = start(application)()
        client.send(POST + b"X: " + b"a" * 65536 + b"\r\n\r\n")
        assert client.response().status == 431
        assert client.has_ended()
        assert application.requests == []

    def test_endless_head_gets_431(self, start: Start) -> None:
        client = start(Recorder())()
        client.send(POST + b"X: a\r\n" * 20000)
        assert client.response().status == 431
        assert client.has_ended()

    def test_head_within_the_limit_is_served(self, start: Start) -> None:
        client = start(Recorder())()
        client.request("GET", "/x", "X: " + "a" * 65000)
        assert client.response().status == 200

    def test_too_many_fields_get_431(self, start: Start) -> None:
        client = start(Recorder(), limits=ServerLimits(header_fields=10))()
        client.request("GET", "/x", *["X: a"] * 9)
        assert client.response().status == 200
        client.request("GET", "/x", *["X: a"] * 10)
        assert client.response().status == 431

    @pytest.mark.parametrize("end", [b"", b" HTTP/1.1\r\nHost: test\r\n\r\n"], ids=["unfinished", "finished"])
    def test_request_line_beyond_the_limit_gets_414(self, start: Start, end: bytes) -> None:
        client = start(Recorder())()
        client.send(b"GET /" + b"a" * 20000 + end)
        assert client.response().status == 414
        assert client.has_ended()

    def test_path_of_4096_escaped_bytes_is_served(self, start: Start) -> None:
        client = start(Recorder())()
        assert client.get("/" + "%E4" * 4095).status == 200


METHODS = """GET HEAD PUT POST DELETE OPTIONS PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK REPORT VERSION-CONTROL CHECKOUT
CHECKIN UNCHECKOUT LABEL MKACTIVITY MKWORKSPACE SEARCH ACL PATCH BIND UNBIND REBIND BASELINE-CONTROL UPDATE MERGE
ORDERPATCH MKCALENDAR MKREDIRECTREF UPDATEREDIRECTREF TRACE QUERY PRI SOURCE lower X!#$%&'*+-.^_`|~1""".split()


@pytest.mark.parametrize("method", METHODS)
def test_every_method_reaches_the_application(recorder: Recorder, client: Client, method: str) -> None:
    client.request(method, "/x")
    assert client.response(method).status == 200
    assert recorder.requests[0]["REQUEST_METHOD"] == method
    assert client.get("/next").status == 200


class TestEnvironment:
    @pytest.mark.parametrize(
        ("target", "path", "query"),
        [
            ("/", "/", ""),
            ("/a%20b/%C3%A4?x=%20", "/a b/\xc3\xa4", "x=%20"),
            ("/%ff", "/\xff", ""),
            ("/%00", "/\x00", ""),
            ("/a%2Fb", "/a/b", ""),
            ("/%", "/%", ""),
            ("/%zz", "/%zz", ""),
            ("/a/../b", "/a/../b", ""),
            ("//a", "//a", ""),
            ("/a?b?c", "/a", "b?c"),
            ("/\xe4", "/\xe4", ""),
        ],
    )
    def test_target_is_handed_over_raw_and_decoded(
        self, client: Client, recorder: Recorder, target: str, path: str, query: str
    ) -> None:
        client.request("GET", target)
        assert client.response().status == 200
        environ = recorder.requests[0]
        assert (environ["REQUEST_URI"], environ["PATH_INFO"], environ["QUERY_STRING"]) == (target, path, query)

    @pytest.mark.parametrize(
        ("target", "uri"),
        [
            ("http://other:8080/a%20b?c", "/a%20b?c"),
            ("HTTPS://other:8080/", "/"),
            ("http://other:8080", "/"),
            ("http://other:8080?c", "/?c"),
        ],
    )
    def test_absolute_target_is_reduced_to_path_and_host(self, client: Client, recorder: Recorder, target: str, uri: str) -> None:
        client.request("GET", target)
        assert client.response().status == 200
        assert recorder.requests[0]["REQUEST_URI"] == uri
        assert recorder.requests[0]["HTTP_HOST"] == "other:8080"

    def test_asterisk_is_handed_over_for_options(self, client: Client, recorder: Recorder) -> None:
        client.request("OPTIONS", "*")
        assert client.response().status == 200
        assert recorder.requests[0]["REQUEST_URI"] == recorder.requests[0]["PATH_INFO"] == "*"

    def test_fields_are_variables(self, client: Client, recorder: Recorder) -> None:
        client.request("POST", "/", "content-TYPE: text/plain", "Content-Length: 0", "X-Some:   spaced\t ", "If-Match: \xe4")
        assert client.response().status == 200
        environ = recorder.requests[0]
        assert environ["CONTENT_TYPE"] == "text/plain"
        assert environ["CONTENT_LENGTH"] == "0"
        assert environ["HTTP_X_SOME"] == "spaced"
        assert environ["HTTP_IF_MATCH"] == "\xe4"
        assert environ["HTTP_HOST"] == "test"
        assert environ["SERVER_PROTOCOL"] == "HTTP/1.1"
        assert environ["REMOTE_ADDR"] == "127.0.0.1"
        assert environ["REMOTE_PORT"] == str(client.socket.getsockname()[1])
        assert environ["SERVER_PORT"] == str(client.socket.getpeername()[1])
        assert environ["wsgi.input_terminated"] is True

    def test_repeated_fields_are_joined(self, client: Client, recorder: Recorder) -> None:
        client.request("GET", "/", "If: (<a>)", "Cookie: a=1", "If: (<b>)", "Cookie: b=2")
        assert client.response().status == 200
        assert recorder.requests[0]["HTTP_IF"] == "(<a>), (<b>)"
        assert recorder.requests[0]["HTTP_COOKIE"] == "a=1; b=2"

    def test_ambiguous_names_are_dropped(self, client: Client, recorder: Recorder) -> None:
        client.request("GET", "/", "X_Forwarded_User: eve", "Proxy: http://eve", "Content_Length: 5")
        assert client.response().status == 200
        environ = recorder.requests[0]
        assert not {"HTTP_X_FORWARDED_USER", "HTTP_PROXY", "CONTENT_LENGTH", "HTTP_CONTENT_LENGTH"} & environ.keys()

    def test_one_request_leaves_nothing_for_the_next(self, client: Client, recorder: Recorder) -> None:
        client.request("GET", "/?a", "X-First: 1")
        client.response()
        client.request("GET", "/", "X-Second: 2")
        client.response()
        assert "HTTP_X_FIRST" not in recorder.requests[1]
        assert recorder.requests[1]["QUERY_STRING"] == ""

    def test_host_may_be_missing_in_1_0(self, client: Client, recorder: Recorder) -> None:
        client.send(b"GET / HTTP/1.0\r\n\r\n")
        assert client.response().status == 200
        assert recorder.requests[0]["SERVER_PROTOCOL"] == "HTTP/1.0"
        assert client.has_ended()

    @pytest.mark.parametrize("coding", ["chunked", "Chunked", "CHUNKED"])
    def test_coding_is_named_in_any_case(self, client: Client, recorder: Recorder, coding: str) -> None:
        client.request("POST", "/", f"Transfer-Encoding: {coding}", body=b"0\r\n\r\n")
        assert client.response().status == 200
        assert "CONTENT_LENGTH" not in recorder.requests[0]
        assert client.get("/next").body == b"GET /next"
