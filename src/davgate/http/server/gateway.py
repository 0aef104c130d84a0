"""One request and its response, between a WSGI application (PEP 3333) and a channel."""

import io
import logging
import os
import stat
import sys
import time
from collections.abc import Callable, Iterable
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol
from wsgiref.types import WSGIApplication, WSGIEnvironment

from davgate.http.body import BodyError, BodyTimeout
from davgate.http.server.bodies import Body, ChunkedBody, LengthBody
from davgate.http.server.channel import Channel, Disconnected, Stalled
from davgate.http.server.head import CHUNKED, Refused, RequestHead
from davgate.http.server.repeats import Again, Repeat

if TYPE_CHECKING:
    from _typeshed import OptExcInfo

logger = logging.getLogger(__name__)

SERVER_NAME = "davgate"

WHOLE_BYTES = 64 * 1024
"""Up to this size a response goes out in one call, head and body together."""

FILE_BLOCK_BYTES = 256 * 1024

_SERVER_FIELDS = frozenset({"connection", "content-length", "date", "server", "transfer-encoding"})
"""Written by the server alone. It takes account of what an application says in the first two."""


class BinaryFile(Protocol):
    """What ``wsgi.file_wrapper`` takes."""

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes, none at the end."""


class InvalidResponse(Exception):
    """The application broke a rule of PEP 3333 or HTTP; nothing can be sent in its name."""


class FileWrapper:
    """An open file as a response body (PEP 3333, Optional Platform-Specific File Handling).

    Returned unchanged from the application, a regular file is sent by the kernel from its present position.
    """

    def __init__(self, file: BinaryFile, block_size: int = FILE_BLOCK_BYTES) -> None:
        self.file = file
        self.block_size = block_size

    def __iter__(self) -> "FileWrapper":
        return self

    def __next__(self) -> bytes:
        block = self.file.read(self.block_size)
        if not block:
            raise StopIteration
        return block

    def close(self) -> None:
        """Close the file, if it can be closed."""
        close = getattr(self.file, "close", None)
        if close is not None:
            close()


class Exchange:
    """A request being answered.

    Afterwards ``reusable`` tells whether the connection may carry another request. It may not when the server ``is_stopping``,
    which is asked as the head of the response goes out, nor with more than ``drain_bytes`` of the request's body unread.
    """

    __slots__ = (
        "_application", "_arrived", "_body", "_bodyless", "_channel", "_chunked", "_drain_bytes", "_head", "_head_sent",
        "_header_lines", "_is_stopping", "_length", "_own_head", "_sent", "_status_line", "_wants_close", "_whole", "reusable",
    )  # fmt: skip

    def __init__(
        self,
        channel: Channel,
        head: RequestHead,
        application: WSGIApplication,
        drain_bytes: int,
        is_stopping: Callable[[], bool],
    ) -> None:
        self._channel = channel
        self._head = head
        self._application = application
        self._drain_bytes = drain_bytes
        self._is_stopping = is_stopping
        # Most bodies are small and came as a whole with their heads; the others are read from the channel.
        self._arrived = channel.take_if_ready(head.length) if head.length != CHUNKED else None
        self._body: Body | None = None
        if head.length == CHUNKED:
            self._body = ChunkedBody(channel, expects_continue=head.expects_continue)
        elif self._arrived is None:
            self._body = LengthBody(channel, head.length, expects_continue=head.expects_continue)
        self._status_line = ""
        self._header_lines: list[str] = []
        self._length: int | None = None
        self._wants_close = False
        self._bodyless = False
        self._chunked = False
        self._sent = 0
        self._head_sent = False
        self._own_head = ""
        self._whole: bytes | None = None
        self.reusable = head.keep_alive

    def bytes_to_skip(self) -> int | None:
        """Return how many bytes of an unread body come before the next request; ``None`` if too many to wait for."""
        return 0 if self._body is None else self._body.bytes_to_skip(self._drain_bytes)

    def repeat(self, head_bytes: int) -> Repeat | None:
        """Return what to do when the same request comes again, if the application said so and went through with its answer.

        ``head_bytes`` are those of the request's head.
        """
        again: Again | None = self._head.environ.get("davgate.again")
        is_whole = self._whole is not None and len(self._whole) == self._sent
        if again is None or self._whole is None or self._arrived is None or not is_whole or not self.reusable:
            return None
        return Repeat(self._arrived, self._own_head.encode("latin-1"), self._whole, again, head_bytes)

    def run(self) -> None:
        """Answer the request through the application; there is a status line unless the client is gone.

        Raises:
            Disconnected: the client is gone.
            Stalled: the client did not take the response in time.
        """
        environ = self._head.environ
        environ["wsgi.input"] = io.BytesIO(self._arrived or b"") if self._body is None else io.BufferedReader(self._body)
        try:
            self._answer(environ)
        except (Disconnected, Stalled):
            raise
        except BodyError as error:
            status = HTTPStatus.REQUEST_TIMEOUT if isinstance(error, BodyTimeout) else HTTPStatus.BAD_REQUEST
            self._fail(status, str(error))
        except BaseException:
            # The outermost wrapper: whatever the application does, be it sys.exit(), its client gets a status.
            logger.exception("%s %s failed.", self._head.method, self._head.target)
            self._fail(HTTPStatus.INTERNAL_SERVER_ERROR, "The server failed to answer; its log tells why.")

    def _answer(self, environ: WSGIEnvironment) -> None:
        result = self._application(environ, self.start_response)
        try:
            if type(result) is list or type(result) is tuple:
                self._send_sequence(result)
            elif type(result) is FileWrapper:
                self._send_file(result)
            else:
                self._send_stream(result)
            self._finish()
        finally:
            close = getattr(result, "close", None)
            if close is not None:
                close()

    def start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: "OptExcInfo | None" = None
    ) -> Callable[[bytes], None]:
        """Take status and header fields; they are sent with the first bytes of the body (PEP 3333)."""
        if exc_info is not None:
            if self._head_sent and exc_info[1] is not None:
                raise exc_info[1].with_traceback(exc_info[2])
        elif self._status_line:
            raise InvalidResponse("start_response was called twice.")
        self._status_line = status
        self._header_lines = []
        self._length = None
        self._wants_close = False
        self._bodyless = self._head.method == "HEAD" or status.startswith(("204", "304"))
        for name, value in headers:
            key = name.lower()
            if key in _SERVER_FIELDS:
                if key == "transfer-encoding":
                    raise InvalidResponse("The application set Transfer-Encoding, which is the server's to choose.")
                if key == "connection":
                    self._wants_close = "close" in value.lower()
                elif key == "content-length":
                    self._length = int(value)
            else:
                self._header_lines.append(f"{name}: {value}\r\n")
        return self._write

    # Sending a result

    def _send_sequence(self, blocks: list[bytes] | tuple[bytes, ...]) -> None:
        size = len(blocks[0]) if len(blocks) == 1 else sum(map(len, blocks))
        if self._length is None and not self._head_sent and (size or not self._bodyless):
            self._length = size
        if size <= WHOLE_BYTES:
            self._write(b"".join(blocks))
        else:
            self._send_stream(blocks)

    def _send_stream(self, blocks: Iterable[bytes]) -> None:
        for block in blocks:
            if block:
                self._write(block)
                if self._bodyless:
                    break

    def _send_file(self, wrapper: FileWrapper) -> None:
        opened = _regular_file(wrapper.file)
        if opened is None or self._head_sent:
            self._send_stream(wrapper)
            return
        descriptor, offset, size = opened
        if self._length is None:
            self._length = size
        if self._bodyless:
            self._write(b"")
        elif self._length <= WHOLE_BYTES:
            self._write(os.pread(descriptor, self._length, offset))
        else:
            self._channel.send(self._take_head(), more=True)
            self._sent = self._channel.send_file(descriptor, offset, self._length)

    def _write(self, block: bytes) -> None:
        """Send a block of the body, after the head if that was not sent yet."""
        if self._head_sent:
            payload = self._frame(block)
            if payload:
                self._channel.send(payload)
            return
        head = self._take_head()
        payload = self._frame(block)
        if len(payload) <= WHOLE_BYTES:
            self._whole = payload
            self._channel.send(head + payload)
        else:
            self._channel.send(head, more=True)
            self._channel.send(payload)

    def _frame(self, block: bytes) -> bytes:
        if self._bodyless or not block:
            return b""
        if self._chunked:
            return b"%x\r\n%b\r\n" % (len(block), block)
        if self._length is not None and self._sent + len(block) > self._length:
            self._give_up("sent more than its Content-Length")
            block = block[: self._length - self._sent]
        self._sent += len(block)
        return block

    def _finish(self) -> None:
        if not self._head_sent:
            if self._length is None and not self._bodyless:
                self._length = 0
            self._write(b"")
        if self._bodyless:
            return
        if self._chunked:
            self._channel.send(b"0\r\n\r\n")
        elif self._length is not None and self._sent < self._length:
            self._give_up("sent less than its Content-Length")

    def _give_up(self, what: str) -> None:
        """The response cannot be repaired any more; the end of the connection tells the client."""
        self.reusable = False
        logger.error("%s %s: the application %s.", self._head.method, self._head.target, what)

    def _fail(self, status: HTTPStatus, reason: str) -> None:
        self.reusable = False
        if not self._head_sent:
            self._head_sent = True
            self._channel.send(refusal(Refused(status, reason), bodyless=self._head.method == "HEAD"))

    # The head of the response

    def _take_head(self) -> bytes:
        """Return the head, and settle how the body is framed and whether the connection goes on."""
        if not self._status_line:
            raise InvalidResponse("The application sent a body before it called start_response.")
        lines = self._header_lines
        minor_version = self._head.minor_version
        if self._length is not None:
            if self._length < 0:
                raise InvalidResponse("The application set a negative Content-Length.")
            if not self._status_line.startswith("204"):  # RFC 9110, 8.6
                lines.append(f"Content-Length: {self._length}\r\n")
        elif not self._bodyless:
            # RFC 9112, 6.1 and 6.3: without a length the body ends with its last chunk, or in HTTP/1.0 with the stream.
            self._chunked = bool(minor_version)
            if self._chunked:
                lines.append("Transfer-Encoding: chunked\r\n")
            else:
                self.reusable = False
        self._settle_body()
        if not self.reusable:
            lines.append("Connection: close\r\n")
        elif not minor_version:
            lines.append("Connection: keep-alive\r\n")
        self._own_head = f"HTTP/1.1 {self._status_line}\r\n{''.join(lines)}"
        text = self._own_head + _server_lines()
        # A line break within a value would begin a header field, or a response, of somebody else's making.
        ends = len(lines) + 3
        if text.count("\n") != ends or text.count("\r") != ends or "\0" in text:
            raise InvalidResponse("A status or header field contains CR, LF or NUL.")
        data = text.encode("latin-1") + b"\r\n"
        self._head_sent = True
        return data

    def _settle_body(self) -> None:
        if self._wants_close or self._is_stopping() or self.bytes_to_skip() is None:
            self.reusable = False
        if self._body is not None:
            self._body.forget_continue()


def given_again(repeat: Repeat) -> bytes:
    """Return a whole response as it was sent before, with the lines of now."""
    return b"%b%b\r\n%b" % (repeat.head, _server_lines().encode("ascii"), repeat.payload)


def refusal(refused: Refused, *, bodyless: bool = False) -> bytes:
    """Return a whole response with the reason as text, after which the connection ends."""
    reason = f"{refused.reason}\n".encode("ascii", "replace")
    head = (
        f"HTTP/1.1 {refused.status.value} {refused.status.phrase}\r\nContent-Type: text/plain; charset=us-ascii\r\n"
        f"Content-Length: {len(reason)}\r\nConnection: close\r\n{_server_lines()}\r\n"
    )
    return head.encode("ascii") if bodyless else head.encode("ascii") + reason


def base_environ(host: str, port: int) -> WSGIEnvironment:
    """Return what is the same in the environment of every request (PEP 3333, environ Variables)."""
    return {
        "SCRIPT_NAME": "",
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "SERVER_SOFTWARE": SERVER_NAME,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        # Even of one worker there are two while a new one takes over.
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.file_wrapper": FileWrapper,
        "wsgi.input_terminated": True,
    }


_dated_lines = (0, "")


def _server_lines() -> str:
    """Return the lines that every response has; the date is formatted once a second (RFC 9110, 6.6.1)."""
    global _dated_lines
    now = int(time.time())
    second, lines = _dated_lines
    if second != now:
        lines = f"Server: {SERVER_NAME}\r\nDate: {formatdate(now, usegmt=True)}\r\n"
        _dated_lines = (now, lines)
    return lines


def _regular_file(file: BinaryFile) -> tuple[int, int, int] | None:
    """Return descriptor, position and remaining size of a file that the kernel can send by itself."""
    try:
        descriptor = file.fileno()  # type: ignore[attr-defined]  # optional; a missing one is caught
        position = file.tell()  # type: ignore[attr-defined]  # optional; a missing one is caught
    except (AttributeError, OSError):
        return None
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        return None
    return descriptor, position, max(status.st_size - position, 0)
