"""The body of a request (RFC 9112, 6 and 7.1), read to its announced end, or an error.

A read never ends early by itself: the end is reported only when the whole body has arrived. Nothing is held here but
what the channel has read ahead, whatever the size of the body or of a chunk. The application reads through an
``io.BufferedReader`` on top, which fills its blocks straight from the socket.
"""

import io
from typing import TYPE_CHECKING

from httptools import HttpParserError, HttpRequestParser

from davgate.http.body import BodyCut, BodyError, BodyMalformed, BodyTimeout
from davgate.http.server.channel import Channel, Disconnected, LineTooLong, Stalled

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

CHUNK_LINE_BYTES = 256
"""Longest line that opens a chunk. Extensions are of no use to anybody, and a cheap way to keep a server busy."""

TRAILER_BYTES = 8 * 1024

PASS_OVER_BYTES = 16 * 1024

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Body(io.RawIOBase):
    """A request body. Subclasses say where it ends."""

    def __init__(self, channel: Channel, *, expects_continue: bool) -> None:
        self._channel = channel
        self._owes_continue = expects_continue
        self._error: BodyError | None = None

    @property
    def finished(self) -> bool:
        """Whether the whole body has been taken from the channel."""
        raise NotImplementedError

    def readable(self) -> bool:
        """Return true: a body is read."""
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Fill a part of ``buffer``, at least one byte of it, and return its size; 0 only at the end of the body.

        Raises:
            BodyCut: the client left before the end.
            BodyTimeout: the client came to a stop before the end.
            BodyMalformed: the chunked coding is broken.
        """
        if self._error is not None:
            raise self._error
        if self.finished:
            return 0
        try:
            if self._owes_continue:
                # Only now is the body wanted: a request refused before its first read gets its status instead.
                self._owes_continue = False
                self._channel.send(CONTINUE)
            return self._fill(memoryview(buffer).cast("B"))
        except Disconnected:
            self._error = BodyCut("The client left before it sent the body.")
        except Stalled:
            self._error = BodyTimeout("The client stopped sending before the end of the body.")
        except BodyError as error:
            self._error = error
        raise self._error

    def forget_continue(self) -> None:
        """Send no ``100 Continue`` from now on: the response has begun."""
        self._owes_continue = False

    def bytes_to_skip(self, limit: int) -> int | None:
        """Return how many bytes of the connection to skip to come to the next request; ``None`` if it cannot be."""
        if self.finished:
            return 0
        if self._error is not None or self._owes_continue:
            return None
        return self._rest(limit)

    def _fill(self, view: memoryview) -> int:
        raise NotImplementedError

    def _rest(self, limit: int) -> int | None:
        raise NotImplementedError


class LengthBody(Body):
    """A body whose length was announced (RFC 9112, 6.2)."""

    def __init__(self, channel: Channel, length: int, *, expects_continue: bool) -> None:
        super().__init__(channel, expects_continue=expects_continue)
        self._left = length

    @property
    def finished(self) -> bool:
        """Whether the announced length has been taken from the channel."""
        return not self._left

    def _fill(self, view: memoryview) -> int:
        size = self._channel.read_into(view[: self._left])
        if not size:
            raise BodyCut(f"The connection ended {self._left} bytes before the end of the body.")
        self._left -= size
        return size

    def _rest(self, limit: int) -> int | None:
        return self._left if self._left <= limit else None


class ChunkedBody(Body):
    """A body in chunks (RFC 9112, 7.1).

    Each byte also passes through llhttp, which decides what is well formed. It is given one line or one piece of data
    at a time, so it can never run past the end into the next request.
    """

    def __init__(self, channel: Channel, *, expects_continue: bool) -> None:
        super().__init__(channel, expects_continue=expects_continue)
        self._left = 0
        self._end = _End()
        self._parser = HttpRequestParser(self._end)
        self._parser.feed_data(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")

    @property
    def finished(self) -> bool:
        """Whether the last chunk and the trailer have been taken from the channel."""
        return self._end.reached

    def _fill(self, view: memoryview) -> int:
        if not self._left:
            self._left = self._open_chunk()
            if not self._left:
                return 0
        size = self._channel.read_into(view[: self._left])
        if not size:
            raise BodyCut(f"The connection ended {self._left} bytes before the end of a chunk.")
        self._check(view[:size])
        self._left -= size
        if not self._left:
            self._read_line(2, "A chunk is longer than it was announced.")
        return size

    def _rest(self, limit: int) -> int | None:
        """Read on as far as the body has arrived, for only its end tells where the next request begins."""
        scratch = bytearray(PASS_OVER_BYTES)
        self._channel.may_wait = False
        try:
            while limit > 0 and (size := self.readinto(scratch)):
                limit -= size
        except BodyError:
            return None
        finally:
            self._channel.may_wait = True
        return 0 if self.finished else None

    def _open_chunk(self) -> int:
        line = self._read_line(CHUNK_LINE_BYTES)
        size = int(line.partition(b";")[0], 16)
        if not size:
            allowance = TRAILER_BYTES
            while not self.finished:
                allowance -= len(self._read_line(allowance))
        return size

    def _read_line(self, limit: int, too_long: str = "A line of the chunked coding is too long.") -> bytes:
        try:
            line = self._channel.read_line(limit)
        except LineTooLong:
            raise BodyMalformed(too_long) from None
        if not line.endswith(b"\n"):
            raise BodyCut("The connection ended between two chunks.")
        self._check(line)
        return line

    def _check(self, data: bytes | memoryview) -> None:
        try:
            self._parser.feed_data(data)
        except HttpParserError as error:
            raise BodyMalformed(f"The chunked coding is broken: {error}.") from error


class _End:
    """Learns from llhttp that a message is complete."""

    __slots__ = ("reached",)

    def __init__(self) -> None:
        self.reached = False

    def on_message_complete(self) -> None:
        self.reached = True
