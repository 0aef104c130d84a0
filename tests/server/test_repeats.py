"""Requests that come again word by word: answered with the same bytes, if the application says so, and never else."""

import time
from collections.abc import Callable, Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

from davgate.http.server.connection import Connection
from davgate.http.server.repeats import Repeat, Repeats
from tests.server.client import Client, Response, chunked
from tests.server.conftest import Start


class Counting:
    """Numbers its answers, and lets each be given again as long as ``is_true``."""

    def __init__(self) -> None:
        self.is_true = True
        self.offers = True
        self.asked = 0
        self.given_again: list[WSGIEnvironment] = []
        self.blocks = 1
        self.size = 0

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        self.asked += 1
        body = environ["wsgi.input"].read() if environ["PATH_INFO"] != "/unread" else b""
        text = f"{self.asked} {environ['REQUEST_METHOD']} {environ['REQUEST_URI']} {body.decode()}".encode() + b"." * self.size
        start_response("200 OK", [("ETag", f'"{self.asked}"'), ("Content-Length", str(len(text) * self.blocks))])
        if self.offers:
            environ["davgate.again"] = self._again
        return [text] * self.blocks if self.blocks == 1 else iter([text] * self.blocks)

    def _again(self, environ: WSGIEnvironment) -> bool:
        self.given_again.append(environ)
        return self.is_true


@pytest.fixture
def application() -> Counting:
    """What the server under test serves."""
    return Counting()


@pytest.fixture
def connect(start: Start, application: Counting) -> Callable[[], Client]:
    """Open a connection to it."""
    return start(application)


def ask(client: Client, method: str = "GET", target: str = "/a", *fields: str, body: bytes = b"") -> Response:
    length = (f"Content-Length: {len(body)}",) if body else ()
    client.request(method, target, *fields, *length, body=body)
    return client.response(method)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PROPFIND"])
def test_same_words_get_the_same_answer_on_whatever_connection(
    connect: Callable[[], Client], application: Counting, method: str
) -> None:
    client = connect()
    first = ask(client, method, body=b"words" if method == "PROPFIND" else b"")
    for _ in range(3):
        again = ask(client, method, body=b"words" if method == "PROPFIND" else b"")
        assert (again.status, again.body) == (first.status, first.body)
        assert {**again.headers, "date": ""} == {**first.headers, "date": ""}
    assert ask(connect(), method, body=b"words" if method == "PROPFIND" else b"").headers["etag"] == '"1"'
    assert application.asked == 1
    assert len({environ["REMOTE_PORT"] for environ in application.given_again}) == 2


@pytest.mark.parametrize(
    ("method", "target", "fields", "body"),
    [
        ("PROPFIND", "/b", [], b"words"),
        ("PROPFIND", "/a?", [], b"words"),
        ("GET", "/a", [], b"words"),
        ("PROPFIND", "/a", ["Authorization: Basic c29tZWJvZHk6ZWxzZQ=="], b"words"),
        ("PROPFIND", "/a", ["X-A: 1"], b"words"),
        ("PROPFIND", "/a", [], b"other"),
        ("PROPFIND", "/a", [], b"word"),
    ],
)
def test_other_words_are_for_the_application(
    connect: Callable[[], Client], application: Counting, method: str, target: str, fields: list[str], body: bytes
) -> None:
    client = connect()
    for _ in range(2):
        ask(client, "PROPFIND", body=b"words")
    assert application.asked == 1

    ask(client, method, target, *fields, body=body)

    assert application.asked == 2


def test_application_that_says_no_is_asked_itself(connect: Callable[[], Client], application: Counting) -> None:
    client = connect()
    assert ask(client).body.startswith(b"1 ")
    application.is_true = False
    assert ask(client).body.startswith(b"2 ")
    application.is_true = True
    assert ask(client).body.startswith(b"2 ")
    assert application.asked == 2


def test_what_is_not_true_any_more_is_not_kept(connect: Callable[[], Client], application: Counting) -> None:
    client = connect()
    ask(client)
    application.is_true, application.offers = False, False
    ask(client)
    assert len(application.given_again) == 1

    ask(client)

    assert len(application.given_again) == 1


def test_last_answer_before_a_stop_says_so(
    connect: Callable[[], Client], application: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = connect()
    assert "connection" not in ask(client).headers
    monkeypatch.setattr(Connection, "_is_stopping", lambda connection: True)

    assert ask(client).headers["connection"] == "close"
    assert client.has_ended()


def test_date_is_that_of_the_answer(
    connect: Callable[[], Client], application: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = connect()
    before = ask(client).headers["date"]
    later = time.time() + 60
    monkeypatch.setattr(time, "time", lambda: later)

    assert ask(client).headers["date"] != before
    assert application.asked == 1


def test_requests_sent_at_once_are_answered_in_their_order(connect: Callable[[], Client], application: Counting) -> None:
    client = connect()
    ask(client)
    for target in ("/a", "/b", "/a", "/a", "/c", "/a"):
        client.request("GET", target)

    assert [client.response().body.split()[2] for _ in range(6)] == [b"/a", b"/b", b"/a", b"/a", b"/c", b"/a"]
    assert application.asked == 3


def test_body_that_has_yet_to_arrive_is_waited_for(connect: Callable[[], Client], application: Counting) -> None:
    client = connect()
    ask(client, "PROPFIND", body=b"words")

    client.request("PROPFIND", "/a", "Content-Length: 5", body=b"wo")
    assert not client.answers_within(0.05)
    client.send(b"rds")

    assert client.response().body.endswith(b"words")
    assert client.get("/next").status == 200


@pytest.mark.parametrize("kind", ["chunked question", "stream", "large", "close", "unread", "write"])
def test_what_is_not_kept_is_asked_for_each_time(connect: Callable[[], Client], application: Counting, kind: str) -> None:
    client = connect()
    application.blocks = 2 if kind == "stream" else 1
    application.size = 70_000 if kind == "large" else 0
    for number in range(1, 4):
        if kind == "chunked question":
            client.request("PROPFIND", "/a", "Transfer-Encoding: chunked", body=chunked(b"words"))
        elif kind == "write":
            client.request("PUT", "/a", "Content-Length: 5", body=b"words")
        elif kind == "close":
            client = connect()
            client.request("GET", "/a", "Connection: close")
        elif kind == "unread":
            client.request("PROPFIND", "/unread", "Content-Length: 20000", body=bytes(20000))
        else:
            client.request("GET", "/a")
        assert client.response().headers["etag"] == f'"{number}"'


def test_memory_of_many_is_bounded() -> None:
    repeats = Repeats()
    for number in range(2000):
        repeats.keep(repeats.words_of(b"%d" % number), Repeat(b"", b"", bytes(10_000), lambda environ: True))
        assert repeats.find(repeats.words_of(b"%d" % number)) is not None

    kept = [number for number in range(2000) if repeats.find(repeats.words_of(b"%d" % number))]
    assert 0 < len(kept) < 420


def test_what_is_kept_of_long_heads_counts() -> None:
    repeats = Repeats()
    for number in range(200):
        repeats.keep(b"%d" % number, Repeat(b"", b"", b"", lambda environ: True, 60_000))

    assert sum(repeats.find(b"%d" % number) is not None for number in range(200)) < 71


def test_what_is_replaced_takes_no_more_memory() -> None:
    repeats = Repeats()
    for _ in range(2000):
        repeats.keep(b"words", Repeat(b"", b"", bytes(10_000), lambda environ: True))
    repeats.keep(b"others", Repeat(b"", b"", bytes(10_000), lambda environ: True))

    assert repeats.find(b"words") is not None


def test_password_in_a_head_is_not_kept() -> None:
    repeats = Repeats()
    head = b"GET / HTTP/1.1\r\nAuthorization: Basic c2VjcmV0\r\n\r\n"

    assert b"c2VjcmV0" not in repeats.words_of(head)
    assert repeats.words_of(head) == repeats.words_of(head) != Repeats().words_of(head)
