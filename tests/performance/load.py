"""Drives keep-alive HTTP/1.1 connections from one thread and times what they do.

The servers share their cores with this generator, so it costs as little as it can: prepared requests, one epoll loop,
bodies of known length discarded inside the kernel. Against Apache it spends 12 us a request on one connection and about
20 us on eight, most of it in system calls: level with wrk on one connection, within a fifth of it on eight, ahead of it
on large bodies. Unlike wrk it looks at the status and the length of every answer, because a benchmark of refusals
measures nothing.
"""

import gc
import math
import re
import select
import socket
import time
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, field

Address = tuple[str, int]

STALL_SECONDS = 120.0
HEAD_BYTES = 16 * 1024
PIECE_BYTES = 1024 * 1024

_STATUS = re.compile(rb"HTTP/1\.1 (\d{3})")
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:[ \t]*chunked", re.IGNORECASE)
_CLOSE = re.compile(rb"\r\nconnection:[ \t]*close", re.IGNORECASE)

_discarded = bytearray(PIECE_BYTES)


class LoadError(Exception):
    """The server did not do what the row measures."""


@dataclass(slots=True)
class Request:
    """One prepared request.

    ``data`` is the head, with the body where that is small; ``rest`` is a large body. ``length_bytes``, where given, is
    what the answer's body must have. A unit of work is one or more requests; the last one has ``closes_unit``.
    """

    label: str
    data: bytes
    expect: tuple[int, ...]
    length_bytes: int | None = None
    rest: Sequence[memoryview] = ()
    closes_unit: bool = True
    keep_body: bool = False


@dataclass(slots=True)
class Answer:
    """What came back; ``body`` is empty unless the request asked to keep it."""

    status: int
    head: bytes
    length_bytes: int
    body: bytes


Script = Generator[Request, Answer, None]
"""What one connection does: yields requests, is sent the answers, may end or go on for ever."""


@dataclass(slots=True)
class Timings:
    """Units completed, in seconds each; ``first_bytes`` are the times to the first byte of the closing answer."""

    seconds: float = 0.0
    generator_seconds: float = 0.0
    units: list[float] = field(default_factory=list)
    first_bytes: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        """Units completed in one second, over all connections."""
        return len(self.units) / self.seconds

    def quantile_ms(self, share: float) -> float:
        """Return the latency that ``share`` of all units stayed within, in milliseconds."""
        return quantile(self.units, share) * 1000


def quantile(values: Iterable[float], share: float) -> float:
    """Return the smallest value that at least ``share`` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


class _Chunks:
    """Follows a chunked body to its end and counts the bytes in it."""

    def __init__(self, *, keep: bool) -> None:
        self.length_bytes = 0
        self.body = bytearray() if keep else None
        self._left = 0
        self._line = b""
        self._is_last = False

    def feed(self, data: bytes) -> bool:
        """Take what arrived and say whether the body is complete."""
        position = 0
        while position < len(data):
            if self._left:
                position = self._take(data, position)
                continue
            end = data.find(b"\n", position)
            if end < 0:
                self._line += data[position:]
                return False
            line = (self._line + data[position:end]).strip()
            self._line = b""
            position = end + 1
            if self._is_last:
                if not line:
                    return True
            elif size := int(line.partition(b";")[0], 16):
                self.length_bytes += size
                # The line end after the chunk is skipped as if it belonged to it.
                self._left = size + 2
            else:
                self._is_last = True
        return False

    def _take(self, data: bytes, position: int) -> int:
        taken = min(self._left, len(data) - position)
        self._left -= taken
        if self.body is not None:
            self.body += data[position : position + taken]
            if not self._left:
                del self.body[-2:]
        return position + taken


class _Connection:
    """One socket, its script and the request that is under way."""

    def __init__(self, address: Address, script: Script, poll: select.epoll) -> None:
        self.script = script
        self.began_at = 0.0
        self.first_byte_at = 0.0
        self._address = address
        self._poll = poll
        self._must_reopen = False
        self._open()

    def _open(self) -> None:
        self.socket = socket.create_connection(self._address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self._poll.register(self.socket, select.EPOLLIN)

    def close(self) -> None:
        self.socket.close()
        self.script.close()

    def start(self, request: Request) -> None:
        """Send the request, or as much of it as the socket takes now."""
        if self._must_reopen:
            # A server that ends connections after some answers pays for the new ones, as its users do.
            self.socket.close()
            self._open()
            self._must_reopen = False
        self.request = request
        self._head = b""
        self._length = 0
        self._left = -1
        self._kept: list[bytes] = []
        self._chunks: _Chunks | None = None
        sent = self.socket.send(request.data)
        if request.rest or sent < len(request.data):
            self._pending = [memoryview(request.data)[sent:], *request.rest]
            self._pending.reverse()
            self._poll.modify(self.socket, select.EPOLLIN | select.EPOLLOUT)

    def send_more(self) -> None:
        """Go on with a body that did not fit into the socket at once."""
        while self._pending:
            piece = self._pending[-1]
            try:
                sent = self.socket.send(piece)
            except BlockingIOError:
                return
            if sent < len(piece):
                self._pending[-1] = piece[sent:]
                return
            self._pending.pop()
        self._poll.modify(self.socket, select.EPOLLIN)

    def receive(self) -> Answer | None:
        """Take what arrived and return the answer once it is complete and verified."""
        if self._left < 0 and self._chunks is None:
            return self._receive_head()
        if self._chunks is not None:
            data = self._receive_bytes(PIECE_BYTES)
            return self._answer() if self._chunks.feed(data) else None
        if self.request.keep_body:
            data = self._receive_bytes(min(self._left, PIECE_BYTES))
            self._kept.append(data)
            self._left -= len(data)
        else:
            # MSG_TRUNC drops the bytes inside the kernel: copying them would make this side the slower one.
            taken = self.socket.recv_into(_discarded, min(self._left, PIECE_BYTES), socket.MSG_TRUNC)
            if not taken:
                raise LoadError(f"{self.request.label}: connection closed {self._left} bytes before the end")
            self._left -= taken
        return self._answer() if not self._left else None

    def _receive_bytes(self, at_most: int) -> bytes:
        data = self.socket.recv(at_most)
        if not data:
            raise LoadError(f"{self.request.label}: connection closed before the end of the answer")
        return data

    def _receive_head(self) -> Answer | None:
        data = self._receive_bytes(HEAD_BYTES)
        if not self._head:
            self.first_byte_at = time.perf_counter()
        self._head += data
        end = self._head.find(b"\r\n\r\n")
        if end < 0:
            return None
        body = self._head[end + 4 :]
        self._head = self._head[: end + 2]
        status = _STATUS.match(self._head)
        if status is None:
            raise LoadError(f"{self.request.label}: not an HTTP/1.1 answer: {self._head[:60]!r}")
        self._status = int(status[1])
        if self._status not in self.request.expect:
            raise LoadError(f"{self.request.label}: {self._status} instead of {self.request.expect}: {body[:300]!r}")
        length = _LENGTH.search(self._head)
        if length is None and _CHUNKED.search(self._head):
            self._chunks = _Chunks(keep=self.request.keep_body)
            return self._answer() if self._chunks.feed(body) else None
        self._length = int(length[1]) if length else 0
        self._left = self._length - len(body)
        if self._left < 0:
            raise LoadError(f"{self.request.label}: {-self._left} bytes more than announced")
        if self.request.keep_body:
            self._kept.append(body)
        return self._answer() if not self._left else None

    def _answer(self) -> Answer:
        body = b"".join(self._kept)
        if self._chunks is not None:
            self._length = self._chunks.length_bytes
            body = bytes(self._chunks.body or b"")
        wanted = self.request.length_bytes
        if wanted is not None and wanted != self._length:
            raise LoadError(f"{self.request.label}: {self._length} bytes instead of {wanted}")
        self._must_reopen = _CLOSE.search(self._head) is not None
        return Answer(self._status, self._head, self._length, body)


def drive(address: Address, scripts: Iterable[Script], *, seconds: float = math.inf) -> Timings:
    """Run each script on a connection of its own and return what they achieved.

    No unit begins after ``seconds``; those under way are completed and counted, and the time lasts until then.

    Raises:
        LoadError: an answer had another status or length than its request expects, or none came for two minutes.
    """
    timings = Timings()
    running: dict[int, _Connection] = {}
    with select.epoll() as poll:
        gc.disable()
        try:
            connections = [_Connection(address, script, poll) for script in scripts]
            cpu = time.process_time()
            began_at = time.perf_counter()
            for connection in connections:
                connection.began_at = time.perf_counter()
                connection.start(next(connection.script))
                running[connection.socket.fileno()] = connection
            _loop(poll, running, timings, began_at + seconds)
            timings.seconds = time.perf_counter() - began_at
            timings.generator_seconds = time.process_time() - cpu
        finally:
            gc.enable()
            for connection in running.values():
                connection.close()
    return timings


def _loop(poll: select.epoll, running: dict[int, _Connection], timings: Timings, deadline: float) -> None:
    while running:
        events = poll.poll(STALL_SECONDS)
        if not events:
            label = next(iter(running.values())).request.label
            raise LoadError(f"{label}: no answer for {STALL_SECONDS:.0f} s")
        for descriptor, event in events:
            connection = running[descriptor]
            if event & select.EPOLLOUT:
                connection.send_more()
            if event & ~select.EPOLLOUT:
                answer = connection.receive()
                if answer is None:
                    continue
                if connection.request.closes_unit:
                    now = time.perf_counter()
                    timings.units.append(now - connection.began_at)
                    timings.first_bytes.append(connection.first_byte_at - connection.began_at)
                    connection.began_at = now
                    if now >= deadline:
                        del running[descriptor]
                        connection.close()
                        continue
                _proceed(running, connection, descriptor, answer)


def _proceed(running: dict[int, _Connection], connection: _Connection, descriptor: int, answer: Answer) -> None:
    try:
        request = connection.script.send(answer)
    except StopIteration:
        del running[descriptor]
        connection.close()
        return
    connection.start(request)
    if connection.socket.fileno() != descriptor:
        del running[descriptor]
        running[connection.socket.fileno()] = connection


def ask(address: Address, request: Request) -> Answer:
    """Send one request on a connection of its own and return its answer, untimed."""
    answers: list[Answer] = []

    def script() -> Script:
        answers.append((yield request))

    drive(address, [script()])
    return answers[0]
