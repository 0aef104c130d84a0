"""The life of a connection: what it waits for costs no thread, and every wait ends."""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

from davgate.http.server import Server, ServerLimits, listen
from tests.server.applications import Echo, Recorder, answer
from tests.server.client import Client
from tests.server.conftest import QUICK, Start


def quick(**waits: float) -> ServerLimits:
    """Return limits with the given waits in seconds."""
    spans: dict[str, Any] = {name: timedelta(seconds=seconds) for name, seconds in waits.items()}
    return replace(QUICK, **spans)


class TestPipelining:
    def test_requests_sent_together_are_answered_in_order(self, start: Start) -> None:
        client = start(Recorder())()
        client.send(b"".join(b"GET /%d HTTP/1.1\r\nHost: test\r\n\r\n" % number for number in range(1000)))
        assert [client.response().body for _ in range(1000)] == [b"GET /%d" % number for number in range(1000)]

    def test_bodies_between_requests_are_told_apart(self, start: Start) -> None:
        client = start(Echo())()
        client.send(
            b"PUT /1 HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\none"
            b"PUT /2 HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n"
            b"PUT /3 HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nthree"
        )
        assert [client.response().body for _ in range(3)] == [b"one", b"two", b"three"]

    def test_nothing_is_served_after_a_request_to_close(self, start: Start) -> None:
        application = Recorder()
        client = start(application)()
        client.send(b"GET /1 HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\nGET /2 HTTP/1.1\r\nHost: test\r\n\r\n")
        assert client.response().body == b"GET /1"
        assert client.has_ended()
        assert application.paths == ["/1"]

    def test_others_get_their_turn_between_pipelined_requests(self, start: Start) -> None:
        connect = start(Recorder(), threads=1)
        greedy, modest = connect(), connect()
        greedy.send(b"GET /greedy HTTP/1.1\r\nHost: test\r\n\r\n" * 20_000)
        assert modest.get("/modest").body == b"GET /modest"
        assert greedy.response().body == b"GET /greedy"


class TestWaits:
    def test_head_that_comes_too_slowly_gets_408(self, start: Start) -> None:
        client = start(Recorder(), limits=quick(header_timeout=0.2))()
        client.send(b"GET /x HTTP/1.1\r\nHost: te")
        assert client.response().status == 408
        assert client.has_ended()

    def test_trickling_head_gets_408(self, start: Start) -> None:
        client = start(Recorder(), limits=quick(header_timeout=0.2))()
        client.send(b"GET /x HTTP/1.1\r\nX: ")
        while not client.answers_within(0.02):
            client.send(b"x")
        assert client.response().status == 408

    def test_second_head_has_its_own_time(self, start: Start) -> None:
        client = start(Recorder(), limits=quick(header_timeout=0.6))()
        for _ in range(3):
            client.send(b"GET /x HTTP/1.1\r\n")
            time.sleep(0.25)
            client.send(b"Host: test\r\n\r\n")
            assert client.response().status == 200

    @pytest.mark.parametrize("requests", [0, 1])
    def test_idle_connection_is_closed_in_time(self, start: Start, requests: int) -> None:
        client = start(Recorder(), limits=quick(idle_timeout=0.2))()
        for _ in range(requests):
            assert client.get().status == 200
        assert client.has_ended()

    def test_idle_time_begins_anew_with_each_request(self, start: Start) -> None:
        client = start(Recorder(), limits=quick(idle_timeout=0.6))()
        for _ in range(4):
            assert client.get().status == 200
            time.sleep(0.25)

    def test_lingering_connection_is_closed_in_time(self, start: Start) -> None:
        client = start(Recorder("401 Unauthorized"), limits=quick(linger_timeout=0.1))()
        client.request("PUT", "/x", "Content-Length: 999999999")
        assert client.response().status == 401
        assert client.has_ended()
        with pytest.raises(OSError):
            while True:
                client.send(b"x" * 65536)

    def test_no_wait_holds_a_thread(self, start: Start) -> None:
        connect = start(Recorder("401 Unauthorized"), threads=1)
        waiting = [
            b"",
            b"GET /x HTTP/1.1\r\nHo",
            b"GET /x HTTP/1.1\r\nHost: test\r\n\r\n",
            b"PUT /x HTTP/1.1\r\nHost: test\r\nContent-Length: 100\r\n\r\n",
            b"PUT /x HTTP/1.1\r\nHost: test\r\nContent-Length: 999999999\r\n\r\n",
            b"PUT /x HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"nonsense\r\n",
        ]
        for data in waiting * 10:
            connect().send(data)
        began = time.monotonic()
        assert connect().get().status == 401
        assert time.monotonic() - began < 5.0

    def test_slow_clients_keep_nobody_out(self, start: Start) -> None:
        connect = start(Echo(), threads=2)
        slow = [connect() for _ in range(12)]
        for number, client in enumerate(slow):
            client.request("PUT", "/slow", "Content-Length: 8000000", body=b"x" * 100 if number % 2 else b"x" * 8_000_000)

        began = time.monotonic()
        assert connect().get().status == 200
        assert time.monotonic() - began < 5.0

        before = threading.active_count()
        for number, client in enumerate(slow):
            if number % 2:
                client.send(b"x" * 7_999_900)
            assert client.response().body == b"x" * 8_000_000
        ends_at = time.monotonic() + 10
        while threading.active_count() > before - 10 and time.monotonic() < ends_at:
            time.sleep(0.01)
        # Those that took the place of others ended with their work.
        assert threading.active_count() <= before - 10

    @pytest.mark.parametrize("lends", [True, False], ids=["told", "noticed"])
    def test_requests_that_wait_keep_nobody_out(self, start: Start, lends: bool) -> None:
        goes_on = threading.Event()

        def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            if environ["PATH_INFO"] == "/waits":
                if lends:
                    environ["davgate.lend_thread"]()
                assert goes_on.wait(30)
            return answer(start_response, b"done")

        connect = start(application, threads=2)
        waiting = [connect() for _ in range(6)]
        for client in waiting:
            client.request("GET", "/waits")
        try:
            assert connect().get().body == b"done"
            assert not goes_on.is_set()
            during = threading.active_count()
        finally:
            goes_on.set()
        assert [client.response().body for client in waiting] == [b"done"] * 6
        ends_at = time.monotonic() + 10
        while threading.active_count() > during - 4 and time.monotonic() < ends_at:
            time.sleep(0.01)
        assert threading.active_count() <= during - 4


class TestRoom:
    @pytest.mark.parametrize("start", ["plain"], indirect=True)
    def test_connection_beyond_the_limit_gets_503(self, start: Start) -> None:
        limits = ServerLimits(connections=3, linger_timeout=timedelta(seconds=0.1))
        connect = start(Recorder(), limits=limits)
        open_connections = [connect() for _ in range(3)]
        assert [client.get().status for client in open_connections] == [200, 200, 200]
        refused = connect()
        assert refused.response().status == 503
        assert refused.has_ended()
        assert open_connections[0].get().status == 200

    def test_room_is_free_again_when_a_connection_ends(self, start: Start) -> None:
        limits = ServerLimits(connections=8, linger_timeout=timedelta(seconds=0.1))
        connect = start(Recorder(), limits=limits)
        for _ in range(40):
            client = connect()
            client.request("GET", "/", "Connection: close")
            assert client.response().status == 200
            assert client.has_ended()

    def test_twenty_idle_connections_are_kept(self, start: Start) -> None:
        connect = start(Recorder())
        clients = [connect() for _ in range(20)]
        for _ in range(2):
            assert {client.get().status for client in clients} == {200}


class TestRefusedUpload:
    @pytest.mark.parametrize("field", ["Content-Length: 2000000", "Transfer-Encoding: chunked"])
    def test_client_that_sends_all_before_it_reads_gets_its_status(self, start: Start, field: str) -> None:
        client = start(Recorder("401 Unauthorized"))()
        client.request("PUT", "/x", field)
        client.send(b"1E8480\r\n" if "chunked" in field else b"")
        client.send(b"x" * 2_000_000)
        assert client.response().status == 401
        assert client.has_ended()


class Gate:
    """Holds each upload after its first bytes until they are let through, and tells when one is there."""

    def __init__(self) -> None:
        self.entered = threading.Event()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        body = environ["wsgi.input"]
        first = body.read(5)
        self.entered.set()
        return answer(start_response, first + body.read())


def is_served(server: Server) -> bool:
    try:
        with Client((server.host, server.port)) as client:
            return client.get().status == 200
    except OSError:
        return False


class TestStop:
    @pytest.fixture
    def stopping(self) -> Iterable[Callable[[Server], threading.Thread]]:
        threads: list[threading.Thread] = []

        def stop(server: Server) -> threading.Thread:
            threads.append(threading.Thread(target=server.stop))
            threads[-1].start()
            return threads[-1]

        yield stop
        for thread in threads:
            thread.join()

    def test_upload_under_way_is_finished_and_nothing_new_accepted(self, stopping: Callable[[Server], threading.Thread]) -> None:
        gate = Gate()
        server = Server(gate, listen("127.0.0.1", 0), limits=quick())
        server.start()
        with Client((server.host, server.port)) as client, Client((server.host, server.port)) as idle:
            idle.request("PUT", "/x", "Content-Length: 5", body=b"early")
            assert idle.response().body == b"early"
            gate.entered.clear()
            client.request("PUT", "/x", "Content-Length: 10", body=b"hello")
            assert gate.entered.wait(5)
            thread = stopping(server)
            assert idle.has_ended()
            while is_served(server):
                time.sleep(0.01)
            client.send(b"world")
            response = client.response()
            assert response.body == b"helloworld"
            assert response.headers["connection"] == "close"
            assert client.has_ended()
            thread.join(5)
            assert not thread.is_alive()

    def test_upload_that_does_not_end_is_cut_after_the_stop_timeout(self, stopping: Callable[[Server], threading.Thread]) -> None:
        gate = Gate()
        server = Server(gate, listen("127.0.0.1", 0), limits=quick(stop_timeout=0.2))
        server.start()
        with Client((server.host, server.port)) as client:
            client.request("PUT", "/x", "Content-Length: 10", body=b"hello")
            assert gate.entered.wait(5)
            thread = stopping(server)
            assert client.response().status == 400
            thread.join(5)
            assert not thread.is_alive()

    def test_server_stops_without_any_request(self) -> None:
        with Server(Recorder(), listen("127.0.0.1", 0), limits=quick()):
            pass
