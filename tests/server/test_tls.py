"""TLS: who is let in, what the application learns, and that a client that dawdles is alone with it.

All that holds of HTTP is tested under TLS too: the fixture ``start`` runs those tests with and without.
"""

import os
import socket
import ssl
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import pytest

from davgate.http.body import BodyCut
from davgate.http.server import FileWrapper, Server, ServerLimits, TlsFiles, listen
from davgate.http.server.channel import RECEIVE_BYTES
from tests.certificates import Authority, Issued
from tests.server.applications import Echo, Recorder, answer
from tests.server.client import Client, TlsClient
from tests.server.conftest import QUICK
from tests.server.test_connections import Gate

CERTIFICATE = "davgate.client_certificate"


@dataclass
class Secured:
    """A running server under TLS, and the authority that its clients believe."""

    address: tuple[str, int]
    authority: Authority
    stack: ExitStack

    def connect(
        self, shown: Issued | None = None, context: ssl.SSLContext | None = None, session: ssl.SSLSession | None = None
    ) -> TlsClient:
        client = TlsClient(self.address, context or self.authority.client_context(shown), session)
        return self.stack.enter_context(client)

    def connect_plainly(self) -> Client:
        """Open a connection and leave it at that."""
        return self.stack.enter_context(Client(self.address))


Secure = Callable[..., Secured]


@pytest.fixture
def secure(authority: Authority, tls_files: TlsFiles) -> Iterator[Secure]:
    """``secure(application, threads=, limits=, client_ca=...)`` serves it under TLS until the test ends."""
    with ExitStack() as stack:

        def start_one(application: WSGIApplication, *, threads: int = 2, limits: ServerLimits = QUICK, **changes: Any) -> Secured:
            listening = listen("127.0.0.1", 0, limits)
            tls = replace(tls_files, **changes).read()
            server = stack.enter_context(Server(application, listening, threads=threads, limits=limits, tls=tls))
            return Secured((server.host, server.port), authority, stack)

        yield start_one


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority whom nobody believes."""
    return Authority(tmp_path_factory.mktemp("stranger") / "authority")


class TestRequests:
    def test_application_learns_of_tls_and_of_no_certificate(self, secure: Secure) -> None:
        recorder = Recorder()
        assert secure(recorder).connect().get("/x").body == b"GET /x"
        (environ,) = recorder.requests
        assert environ["wsgi.url_scheme"] == "https"
        assert environ["HTTPS"] == "on"
        assert environ["REMOTE_ADDR"] == "127.0.0.1"
        assert CERTIFICATE not in environ

    def test_no_strict_transport_security_is_sent(self, secure: Secure) -> None:
        assert "strict-transport-security" not in secure(Recorder()).connect().get().headers

    def test_many_requests_pass_over_one_connection(self, secure: Secure) -> None:
        client = secure(Recorder()).connect()
        for number in range(50):
            assert client.get(f"/{number}").body == b"GET /%d" % number

    def test_requests_that_share_a_record_are_all_answered(self, secure: Secure) -> None:
        client = secure(Echo()).connect()
        upload = b"PUT /1 HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n\r\n"
        client.send(upload + b"the first" + upload + b"and then " + b"GET /2 HTTP/1.1\r\nHost: test\r\n\r\n")
        assert [client.response().body for _ in range(3)] == [b"the first", b"and then ", b""]

    def test_record_that_ends_within_the_next_head_is_not_forgotten(self, secure: Secure) -> None:
        client = secure(Echo()).connect()
        body = os.urandom(16_000)
        client.send(b"PUT /1 HTTP/1.1\r\nHost: test\r\nContent-Length: 16000\r\n\r\n" + body[:10])
        client.send(body[10:] + b"GET /2 HTT")
        assert client.response().body == body
        client.send(b"P/1.1\r\nHost: test\r\n\r\n")
        assert client.response().status == 200

    @pytest.mark.parametrize("read_size", [1, 100, 8192, 16383, 16384, 1 << 20])
    def test_large_upload_arrives_whole_however_it_is_read(self, secure: Secure, read_size: int) -> None:
        sent = os.urandom(300_000 if read_size > 1 else 40_000)

        def count(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            blocks = []
            while block := environ["wsgi.input"].read(read_size):
                blocks.append(block)
            return answer(start_response, b"".join(blocks))

        client = secure(count).connect()
        client.request("PUT", "/x", f"Content-Length: {len(sent)}", body=sent)
        assert client.response().body == sent
        assert client.get().status == 200

    @pytest.mark.parametrize("size", [100, 1_000_000, 20_000_003])
    def test_file_is_sent_whole(self, secure: Secure, size: int) -> None:
        content = os.urandom(size)
        with tempfile.TemporaryFile() as file:
            file.write(content)
            file.flush()

            def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
                file.seek(0)
                start_response("200 OK", [("Content-Length", str(size))])
                return FileWrapper(open(os.dup(file.fileno()), "rb"))

            client = secure(application).connect()
            for _ in range(2):
                assert client.get().body == content

    def test_file_that_became_shorter_ends_the_connection(self, secure: Secure, tmp_path: Path) -> None:
        path = tmp_path / "file"
        path.write_bytes(b"x" * 100_000)

        def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            start_response("200 OK", [("Content-Length", "200000")])
            return FileWrapper(path.open("rb"))

        client = secure(application).connect()
        client.request("GET", "/")
        with pytest.raises(EOFError, match="100000 bytes early"):
            client.response()

    @pytest.mark.parametrize("says_so", [True, False], ids=["with close_notify", "without a word"])
    def test_upload_that_is_cut_is_told_from_a_whole_one(self, secure: Secure, says_so: bool) -> None:
        echo = Echo()
        client = secure(echo).connect()
        client.request("PUT", "/x", "Content-Length: 1000000", body=b"x" * 1000)
        if says_so:
            client.tls.setblocking(False)
            with pytest.raises(ssl.SSLError):
                # It sends the end and then looks for the server's, instead of which an answer may be there.
                client.tls.unwrap()
        else:
            client.close()
        assert isinstance(echo.error(), BodyCut)

    def test_chosen_protocol_is_http_1_1(self, secure: Secure, authority: Authority) -> None:
        context = authority.client_context()
        context.set_alpn_protocols(["h2", "http/1.1"])
        assert secure(Recorder()).connect(context=context).tls.selected_alpn_protocol() == "http/1.1"

    def test_end_is_announced_to_a_client_that_asked_for_it(self, secure: Secure) -> None:
        client = secure(Recorder()).connect()
        client.request("GET", "/", "Connection: close")
        assert client.response().status == 200
        assert is_told_of_the_end(client)

    def test_end_is_announced_to_an_idle_client(self, secure: Secure) -> None:
        client = secure(Recorder(), limits=replace(QUICK, idle_timeout=timedelta(seconds=0.2))).connect()
        assert is_told_of_the_end(client)

    def test_session_is_resumed(self, secure: Secure, authority: Authority) -> None:
        secured = secure(Recorder())
        context = authority.client_context()
        first = secured.connect(context=context)
        assert first.get().status == 200
        again = secured.connect(context=context, session=first.tls.session)
        assert again.tls.session_reused
        assert again.get().status == 200


def is_told_of_the_end(client: TlsClient) -> bool:
    """Wait for the end of the session; an end of the stream alone raises ``ssl.SSLEOFError``."""
    client.tls.suppress_ragged_eofs = False  # type: ignore[attr-defined]  # an argument of wrap_socket(), kept for recv()
    return client.tls.recv(1) == b""


class TestHandshake:
    def test_clients_that_never_finish_theirs_hold_up_nobody(self, secure: Secure) -> None:
        secured = secure(Recorder(), threads=1)
        hello = client_hello(secured.authority)
        for beginning in (b"", hello[:1], hello[:50], hello, hello[:-1]) * 10:
            secured.connect_plainly().send(beginning)
        began = time.monotonic()
        assert secured.connect().get().status == 200
        assert time.monotonic() - began < 5.0

    @pytest.mark.parametrize("size", [0, 1, 50])
    def test_handshake_that_takes_too_long_is_cut(self, secure: Secure, size: int) -> None:
        secured = secure(Recorder(), limits=replace(QUICK, handshake_timeout=timedelta(seconds=0.2)))
        client = secured.connect_plainly()
        client.send(client_hello(secured.authority)[:size])
        assert client.has_ended()

    def test_trickling_handshake_is_cut(self, secure: Secure) -> None:
        secured = secure(Recorder(), limits=replace(QUICK, handshake_timeout=timedelta(seconds=0.2)))
        client = secured.connect_plainly()
        rest = iter(client_hello(secured.authority))
        with pytest.raises(OSError):
            for byte in rest:
                client.send(bytes([byte]))
                time.sleep(0.02)
        assert next(rest, None) is not None

    @pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\nHost: test\r\n\r\n", b"P", b"PUT /x HTTP/1.1\r\n" + b"x" * 100_000])
    def test_plain_http_gets_400_in_plain_text(self, secure: Secure, data: bytes) -> None:
        client = secure(Recorder()).connect_plainly()
        client.send(data)
        response = client.response()
        assert response.status == 400
        assert b"https:" in response.body
        assert client.has_ended()

    @pytest.mark.parametrize("data", [b"\x00" * 500, b"\x16\x03\x01\x00\x05nonsense!!", b"\x80\x2e\x01\x00\x02" + b"\x00" * 44])
    def test_nonsense_ends_the_connection(self, secure: Secure, data: bytes) -> None:
        recorder = Recorder()
        secured = secure(recorder)
        client = secured.connect_plainly()
        client.send(data)
        while not client.has_ended():
            client._data = b""
        assert recorder.requests == []
        assert secured.connect().get().status == 200

    def test_client_that_leaves_within_it_harms_nobody(self, secure: Secure) -> None:
        secured = secure(Recorder())
        for size in (0, 1, 100, 10_000):
            client = secured.connect_plainly()
            client.send(client_hello(secured.authority)[:size])
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
            client.close()
        assert secured.connect().get().status == 200

    def test_connection_beyond_the_limit_is_closed_without_a_word_in_clear(self, secure: Secure) -> None:
        secured = secure(Recorder(), limits=replace(QUICK, connections=2))
        clients = [secured.connect() for _ in range(2)]
        assert [client.get().status for client in clients] == [200, 200]
        assert secured.connect_plainly().has_ended()
        assert clients[0].get().status == 200

    @pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
    def test_tls_1_1_is_refused(self, secure: Secure, authority: Authority) -> None:
        context = authority.client_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        with pytest.raises(ssl.SSLError):
            secure(Recorder()).connect(context=context)

    def test_tls_1_2_is_taken(self, secure: Secure, authority: Authority) -> None:
        context = authority.client_context()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        client = secure(Echo()).connect(context=context)
        assert client.tls.version() == "TLSv1.2"
        client.request("PUT", "/x", "Content-Length: 100000", body=b"x" * 100_000)
        assert client.response().body == b"x" * 100_000


def client_hello(authority: Authority) -> bytes:
    """Return the first bytes that a client sends."""
    received, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        authority.client_context().wrap_bio(received, sent, server_hostname="127.0.0.1").do_handshake()
    return sent.read()


class TestClientCertificates:
    def test_application_gets_the_verified_certificate(self, secure: Secure, authority: Authority) -> None:
        recorder = Recorder()
        ann = authority.issue("ann@example.org", common_name="ann")
        assert secure(recorder, client_ca=authority.file).connect(ann).get().status == 200
        certificate = recorder.requests[0][CERTIFICATE]
        assert ((("commonName", "ann"),)) in certificate["subject"]
        assert certificate["subjectAltName"] == (("email", "ann@example.org"),)

    def test_optional_one_may_be_missing(self, secure: Secure, authority: Authority) -> None:
        recorder = Recorder()
        assert secure(recorder, client_ca=authority.file).connect().get().status == 200
        assert CERTIFICATE not in recorder.requests[0]

    def test_none_is_asked_for_without_authorities(self, secure: Secure, authority: Authority) -> None:
        recorder = Recorder()
        assert secure(recorder).connect(authority.issue("ann@example.org")).get().status == 200
        assert CERTIFICATE not in recorder.requests[0]

    @pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
    @pytest.mark.parametrize("requires", [True, False], ids=["required", "optional"])
    @pytest.mark.parametrize("shown", ["foreign", "expired", "none"])
    def test_bad_one_is_refused(
        self, secure: Secure, authority: Authority, stranger: Authority, shown: str, requires: bool, version: ssl.TLSVersion
    ) -> None:
        recorder = Recorder()
        secured = secure(recorder, client_ca=authority.file, requires_client_certificate=requires)
        offered = {
            "foreign": stranger.issue("ann@example.org"),
            "expired": authority.issue("ann@example.org", ends_at=datetime.now(UTC) - timedelta(days=1)),
            "none": None,
        }[shown]
        context = authority.client_context(offered)
        context.maximum_version = version
        if shown == "none" and not requires:
            assert secured.connect(context=context).get().status == 200
            return
        with pytest.raises(ssl.SSLError, match="(?i)alert"):
            # In TLS 1.3 the client takes the handshake for done before the server has seen its certificate.
            secured.connect(context=context).get()
        assert recorder.requests == []

    def test_required_one_lets_in(self, secure: Secure, authority: Authority) -> None:
        secured = secure(Recorder(), client_ca=authority.file, requires_client_certificate=True)
        assert secured.connect(authority.issue("ann@example.org")).get().status == 200

    def test_no_session_of_one_is_resumed(self, secure: Secure, authority: Authority) -> None:
        secured = secure(Recorder(), client_ca=authority.file)
        context = authority.client_context(authority.issue("ann@example.org"))
        first = secured.connect(context=context)
        assert first.get().status == 200
        assert not secured.connect(context=context, session=first.tls.session).tls.session_reused


@contextmanager
def stopping(server: Server) -> Iterator[None]:
    """Stop a server while the block runs; at its end the server must have stopped."""
    thread = threading.Thread(target=server.stop)
    thread.start()
    yield
    thread.join(10)
    assert not thread.is_alive()


class TestStop:
    @pytest.fixture
    def connect(self, authority: Authority) -> Callable[[Server], TlsClient]:
        return lambda server: TlsClient((server.host, server.port), authority.client_context())

    def test_connection_without_a_request_is_ended(self, connect: Callable[[Server], TlsClient], tls_files: TlsFiles) -> None:
        server = Server(Recorder(), listen("127.0.0.1", 0), limits=QUICK, tls=tls_files.read())
        server.start()
        with connect(server) as client, Client((server.host, server.port)) as silent:
            assert client.get().status == 200
            server.stop()
            assert client.has_ended()
            assert silent.has_ended()

    def test_upload_that_does_not_end_in_time_is_cut_and_told_so(
        self, connect: Callable[[Server], TlsClient], tls_files: TlsFiles
    ) -> None:
        gate = Gate()
        limits = replace(QUICK, stop_timeout=timedelta(seconds=0.2))
        server = Server(gate, listen("127.0.0.1", 0), limits=limits, tls=tls_files.read())
        server.start()
        with connect(server) as client:
            client.request("PUT", "/x", "Content-Length: 10", body=b"hello")
            assert gate.entered.wait(5)
            with stopping(server):
                assert client.response().status == 400
            assert client.has_ended()

    def test_response_that_nobody_takes_is_cut_without_a_byte_in_clear(
        self, connect: Callable[[Server], TlsClient], tls_files: TlsFiles
    ) -> None:
        def endless(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            start_response("200 OK", [])
            while True:
                yield b"in clear" * 8192

        limits = replace(QUICK, stop_timeout=timedelta(seconds=0.2))
        server = Server(endless, listen("127.0.0.1", 0), limits=limits, tls=tls_files.read())
        server.start()
        with connect(server) as client:
            client.request("GET", "/")
            assert client.tls.recv(8).startswith(b"HTTP")
            with stopping(server):
                pass
            arrived = b""
            with suppress(ConnectionError):
                while block := socket.socket.recv(client.socket, 1 << 20):
                    arrived += block
            assert arrived
            assert b"in clear" not in arrived


def test_record_fits_into_one_read() -> None:
    """Otherwise a rest of it would be left in OpenSSL, and the selector would wait for what has arrived already."""
    largest_record = 1 << 14
    assert largest_record <= RECEIVE_BYTES
