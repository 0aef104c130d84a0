"""A client that sends exactly the bytes it is given, and reads responses strictly."""

import select
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from tests.canary import guard_authorization

PATIENCE_SECONDS = 10.0


@dataclass(frozen=True)
class Response:
    status: int
    headers: Mapping[str, str]
    body: bytes


class Client:
    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address, timeout=PATIENCE_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._data = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def end_sending(self) -> None:
        # Past the method of an SSLSocket, which would forget how to decipher the answer.
        socket.socket.shutdown(self.socket, socket.SHUT_WR)

    def request(self, method: str, target: str, *fields: str, body: bytes = b"", version: str = "1.1") -> None:
        for name, _, value in (text.partition(":") for text in fields):
            if name.lower() == "authorization":
                guard_authorization(value)
        lines = [f"{method} {target} HTTP/{version}", "Host: test", *fields, "", ""]
        self.send("\r\n".join(lines).encode("latin-1") + body)

    def get(self, target: str = "/") -> Response:
        self.request("GET", target)
        return self.response()

    def response(self, method: str = "GET") -> Response:
        """Read one response to its end."""
        lines = self._through(b"\r\n\r\n").decode("latin-1").split("\r\n")[:-2]
        version, status, _ = lines[0].split(" ", 2)
        assert version == "HTTP/1.1"
        headers: dict[str, str] = {}
        for line in lines[1:]:
            name, value = line.split(": ", 1)
            if name == "WWW-Authenticate" and name.lower() in headers:
                # A header for each challenge is what most programs read (RFC 9110, 11.6.1).
                value = f"{headers[name.lower()]}, {value}"
            else:
                assert name.lower() not in headers, f"{name} is repeated"
            headers[name.lower()] = value
        return Response(int(status), headers, self._body(method, int(status), headers))

    def answers_within(self, seconds: float) -> bool:
        """Tell whether something, be it the end of the connection, arrives in this time."""
        return bool(select.select([self.socket], [], [], seconds)[0])

    def has_ended(self) -> bool:
        """Wait for what comes next; true if it is the end of the connection."""
        if self._data:
            return False
        try:
            self._data = self.socket.recv(65536)
        except ConnectionError:
            return True
        return not self._data

    def _body(self, method: str, status: int, headers: Mapping[str, str]) -> bytes:
        if method == "HEAD" or status in (204, 304) or status < 200:
            return b""
        if headers.get("transfer-encoding") == "chunked":
            body = b""
            while size := int(self._through(b"\r\n"), 16):
                body += self._exactly(size)
                assert self._exactly(2) == b"\r\n"
            assert self._exactly(2) == b"\r\n"
            return body
        if "content-length" in headers:
            return self._exactly(int(headers["content-length"]))
        parts = [self._data]
        while part := self.socket.recv(65536):
            parts.append(part)
        self._data = b""
        return b"".join(parts)

    def _through(self, mark: bytes) -> bytes:
        while mark not in self._data:
            self._receive()
        end = self._data.index(mark) + len(mark)
        taken, self._data = self._data[:end], self._data[end:]
        return taken

    def _exactly(self, size: int) -> bytes:
        parts = [self._data]
        missing = size - len(self._data)
        while missing > 0:
            part = self.socket.recv(min(missing, 1 << 20))
            if not part:
                raise EOFError(f"the connection ended {missing} bytes early")
            parts.append(part)
            missing -= len(part)
        data = b"".join(parts)
        self._data = data[size:]
        return data[:size]

    def _receive(self) -> None:
        data = self.socket.recv(65536)
        if not data:
            raise EOFError(f"the connection ended after {self._data!r}")
        self._data += data


class TlsClient(Client):
    """A client that shakes hands before it sends its bytes; as a program does, it takes an end without a word for an end."""

    def __init__(self, address: tuple[str, int], context: ssl.SSLContext, session: ssl.SSLSession | None = None) -> None:
        super().__init__(address)
        try:
            self.tls = context.wrap_socket(self.socket, server_hostname=address[0], session=session)
        except OSError:
            self.socket.close()
            raise
        self.socket = self.tls

    def answers_within(self, seconds: float) -> bool:
        return bool(self.tls.pending()) or super().answers_within(seconds)


def chunked(*chunks: bytes) -> bytes:
    """Return a body in chunks."""
    return b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in (*chunks, b""))
