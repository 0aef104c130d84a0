"""A client's socket: non-blocking, with what was read ahead of need, and with a bound on every wait.

Knows bytes and time, not HTTP. Everything that touches the socket goes through here.
"""

import os
import select
import socket
import time
from collections.abc import Callable

from davgate.http.server.limits import ServerLimits

RECEIVE_BYTES = 16 * 1024
"""How much is read ahead: the head of nearly every request with its small body in one call."""

SEND_FILE_BYTES = 1 << 20
"""How much of a file goes to the kernel in one call. A single call for all of it ran far ahead of a client on the same machine,
out of reach of the processor's caches: 256 MiB took up to twice as long."""

UNNOTICED_SECONDS = 0.25
"""How long a thread waits for its client within one request, all waits together, before another one takes its place."""


class Disconnected(Exception):
    """The client is gone: nothing can be sent to it any more."""


class Stalled(Exception):
    """The client used up the time for which it may keep a thread waiting."""


class LineTooLong(Exception):
    """No line end within the allowed length."""


class Channel:
    """Bytes from and to one client.

    ``data[start:]`` is what has arrived and was not taken yet; it never exceeds the largest head plus one read.
    A credit says how many seconds this client may still keep a thread waiting: waiting spends it, moved bytes earn it
    back, so neither a dead client nor one sending a byte now and then holds a thread for long. While ``may_wait`` is
    false nobody is waited for at all. ``on_slow`` is called in the thread that waits when a request has made it wait for
    more than a moment; ``is_slow`` tells that it was, until the thread gets other work.
    """

    __slots__ = (
        "_credit", "_credit_limit", "_readable", "_seconds_per_byte", "_socket", "_unnoticed", "_writable", "data", "is_slow",
        "may_wait", "on_slow", "start",
    )  # fmt: skip

    def __init__(self, client: socket.socket, limits: ServerLimits, on_slow: Callable[[], None]) -> None:
        client.setblocking(False)
        self.on_slow = on_slow
        self.is_slow = False
        self._unnoticed = UNNOTICED_SECONDS
        self._socket = client
        self.data = b""
        self.start = 0
        self.may_wait = True
        self._credit = self._credit_limit = limits.body_timeout.total_seconds()
        self._seconds_per_byte = 1.0 / limits.body_bytes_per_second
        self._readable = select.poll()
        self._readable.register(client, select.POLLIN)
        self._writable = select.poll()
        self._writable.register(client, select.POLLOUT)

    def renew_credit(self) -> None:
        """Give the client its whole credit again, as at the start of each request."""
        self._credit = self._credit_limit
        self._unnoticed = UNNOTICED_SECONDS

    # Reading

    @property
    def has_data(self) -> bool:
        """Whether bytes lie ready that were not taken yet."""
        return self.start < len(self.data)

    def receive(self) -> bool | None:
        """Add what has arrived to what lies ready; false at the end of the stream, ``None`` when nothing is there."""
        try:
            more = self._receive(RECEIVE_BYTES)
        except BlockingIOError:
            return None
        except OSError:
            return False
        self.data = self.data[self.start :] + more
        self.start = 0
        return bool(more)

    def take_through(self, mark: bytes) -> bytes:
        """Return the ready bytes up to and with ``mark``; nothing if it has not arrived."""
        end = self.data.find(mark, self.start)
        return self._take(end + len(mark) - self.start) if end >= 0 else b""

    def is_next(self, data: bytes) -> bool:
        """Tell whether this is what comes next, as far as has arrived."""
        return self.data.startswith(data, self.start)

    def take_if_ready(self, size: int) -> bytes | None:
        """Return the next bytes if all of them have arrived, ``None`` if they have not."""
        return self._take(size) if size <= len(self.data) - self.start else None

    def first_byte(self) -> bytes | None:
        """Return the next byte and leave it there; nothing at the end of the stream, ``None`` when nothing is there."""
        try:
            return self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return None
        except OSError:
            return b""

    def skip(self, size: int) -> int:
        """Drop up to ``size`` ready bytes and return how many."""
        return len(self._take(size))

    def arrives_within(self, seconds: float) -> bool:
        """Tell whether something, be it the end, arrives in this time."""
        return bool(self._readable.poll(seconds * 1000))

    def read_into(self, view: memoryview) -> int:
        """Fill a part of ``view``, waiting for at least one byte, and return its size; 0 when the client has ended.

        Raises:
            Stalled: the client's credit is used up.
        """
        while self.start == len(self.data):
            try:
                if len(view) >= RECEIVE_BYTES:
                    size = self._receive_into(view)
                    self._earn(size)
                    return size
                # Small reads are served from what is read ahead.
                self.data = self._receive(RECEIVE_BYTES)
            except BlockingIOError:
                self._wait(self._readable)
            except OSError:
                return 0
            else:
                self.start = 0
                if not self.data:
                    return 0
                self._earn(len(self.data))
        taken = self._take(len(view))
        view[: len(taken)] = taken
        return len(taken)

    def read_line(self, limit: int) -> bytes:
        """Return the bytes up to and with the next LF; without one when the client has ended.

        Raises:
            LineTooLong: no LF within ``limit`` bytes.
            Stalled: the client's credit is used up.
        """
        while True:
            end = self.data.find(b"\n", self.start, self.start + limit)
            if end >= 0:
                return self._take(end + 1 - self.start)
            ready = len(self.data) - self.start
            if ready >= limit:
                raise LineTooLong
            arrived = self.receive()
            if arrived is None:
                self._wait(self._readable)
            elif arrived:
                self._earn(len(self.data) - ready)
            else:
                return self._take(limit)

    def _take(self, size: int) -> bytes:
        taken = self.data[self.start : self.start + size]
        self.start += len(taken)
        if self.start == len(self.data):
            self.data = b""
            self.start = 0
        return taken

    # Sending

    def send(self, data: bytes, *, more: bool = False) -> None:
        """Hand all of ``data`` to the kernel; with ``more`` it may hold it back for what is sent next.

        Raises:
            Disconnected: the client is gone.
            Stalled: the client's credit is used up.
        """
        try:
            sent = self._send(data, more=more)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            raise Disconnected from error
        if sent < len(data):
            self._send_rest(memoryview(data)[sent:], more=more)

    def send_file(self, file_descriptor: int, offset: int, size: int) -> int:
        """Send bytes of a file without copying them here; return how many, fewer only if the file is shorter.

        Raises:
            Disconnected: the client is gone.
            Stalled: the client's credit is used up.
        """
        end = offset + size
        while offset < end:
            try:
                sent = os.sendfile(self._socket.fileno(), file_descriptor, offset, min(end - offset, SEND_FILE_BYTES))
            except BlockingIOError:
                self._wait(self._writable)
                continue
            except (ConnectionError, TimeoutError) as error:
                raise Disconnected from error
            if sent == 0:
                break
            offset += sent
            self._earn(sent)
        return size - (end - offset)

    def try_send(self, data: bytes) -> None:
        """Send if there is room at once; for courtesies to a client that is turned away."""
        try:
            self._send(data, more=False)
        except OSError:
            return

    def _send_rest(self, rest: memoryview, *, more: bool) -> None:
        while rest:
            try:
                sent = self._send(rest, more=more)
            except BlockingIOError:
                self._wait(self._writable)
                continue
            except OSError as error:
                raise Disconnected from error
            self._earn(sent)
            rest = rest[sent:]

    # The socket itself; each raises BlockingIOError rather than wait.

    def _receive(self, size: int) -> bytes:
        return self._socket.recv(size)

    def _receive_into(self, view: memoryview) -> int:
        return self._socket.recv_into(view)

    def _send(self, data: bytes | memoryview, *, more: bool) -> int:
        return self._socket.send(data, socket.MSG_MORE if more else 0)

    # Closing

    def end_sending(self) -> None:
        """Send the end of the stream, and go on receiving."""
        self.cut_sending()

    def cut_sending(self) -> None:
        """Let nothing more be sent; another thread may be about to."""
        self._shut_down(socket.SHUT_WR)

    def cut_receiving(self) -> None:
        """Take nothing more from the client, as if it had ended, and go on sending; another thread may do either."""
        self._shut_down(socket.SHUT_RD)

    def close(self) -> None:
        """Give the socket back. May be repeated."""
        self._socket.close()

    def _shut_down(self, how: int) -> None:
        try:
            # Past the method of an SSLSocket, which would forget the session, so that the rest went out in clear.
            socket.socket.shutdown(self._socket, how)
        except OSError:
            return  # The client broke the connection first.

    # Waiting

    def _wait(self, poll: "select.poll") -> None:
        began = time.monotonic()
        if not self.may_wait or self._credit <= 0:
            raise Stalled
        goes_on = poll.poll(min(self._credit, self._credit if self.is_slow else self._unnoticed) * 1000)
        if not self.is_slow:
            self._unnoticed -= time.monotonic() - began
            if not goes_on or self._unnoticed <= 0:
                self.is_slow = True
                self.on_slow()
        rest = self._credit - (time.monotonic() - began)
        if not goes_on and (rest <= 0 or not poll.poll(rest * 1000)):
            raise Stalled
        self._credit -= time.monotonic() - began

    def _earn(self, size: int) -> None:
        self._credit = min(self._credit_limit, self._credit + size * self._seconds_per_byte)
