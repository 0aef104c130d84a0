"""A client's connection: which requests have arrived on it, and what becomes of it after each.

Takes the place of cheroot's ``HTTPConnection``. A thread serves it only while there is something to do; waiting for the
next step of a TLS handshake, for a head, for the unread rest of a body, or for a client to read its last response is left
to cheroot's selector, so none of these can hold a thread.
"""

import enum
import logging
import time
from http import HTTPStatus
from socket import socket as Socket
from typing import TYPE_CHECKING
from wsgiref.types import WSGIEnvironment

from davgate.http.server.channel import Channel, Disconnected, Stalled
from davgate.http.server.gateway import Exchange, given_again, refusal
from davgate.http.server.head import Refused, RequestHead, check_incomplete
from davgate.http.server.repeats import REPEATED
from davgate.http.server.tls import HandshakeFailed, TlsChannel

if TYPE_CHECKING:
    # For its type alone: cheroot makes each connection with the server that accepted it.
    from davgate.http.server.listener import Listener

logger = logging.getLogger(__name__)

NEXT_REQUEST_SECONDS = 0.002
"""How long a thread waits for the next request of a client. Most come sooner, and each that does saves the way through
selector and queue, which takes longer than all else that is done for a small request."""

FIRST_REQUEST_SECONDS = 0.5
"""How long a stopping server waits for the first request of a client that it accepted as its last."""


class Awaited(enum.Enum):
    """What a connection waits for in the selector; the value names the limit of that wait."""

    HANDSHAKE = "handshake_timeout"
    REQUEST = "idle_timeout"
    REST_OF_HEAD = "header_timeout"
    REST_OF_BODY = "drain_timeout"
    CLIENT_CLOSE = "linger_timeout"


class Connection:
    """An open connection. The attributes without a description are those that cheroot reads or sets."""

    ssl_env: object = None

    def __init__(self, server: "Listener", socket: Socket, makefile: object = None) -> None:
        self.server = server
        self.socket = socket
        self.remote_addr: str | None = None
        self.remote_port: int | None = None
        self._channel = Channel(socket, server.limits, server.requests.lend_thread)
        self._tls: TlsChannel | None = None
        self._owes_handshake = server.tls is not None
        self._environ: WSGIEnvironment | None = None
        self._skip = 0
        self._discard = server.limits.linger_bytes
        self._awaited: Awaited | None = None
        self._deadline = 0.0
        self.is_new = True
        server.connections.add(self)

    # What cheroot asks for

    @property
    def rfile(self) -> "Connection":
        """The object that is asked whether requests are left over: this one."""
        return self

    def has_data(self) -> bool:
        """Whether the connection was given back only to let others go first."""
        return self._awaited is None

    @property
    def last_used(self) -> float:
        """When the wait ends. cheroot closes what was last used longer ago than its timeout, which is 0 here."""
        return self._deadline

    @last_used.setter
    def last_used(self, now: float) -> None:
        """Keep the end of the wait, which was set when it began."""

    def communicate(self) -> bool:
        """Serve what has arrived; true if the connection goes on, false if it is to be closed."""
        self.is_new = False
        try:
            if self._awaited is Awaited.CLIENT_CLOSE:
                return self._discard_arrived()
            try:
                if self._owes_handshake and not self._shake_hands():
                    return self._wait_for(Awaited.HANDSHAKE)
                return self._serve()
            except HandshakeFailed as reason:
                logger.info("%s gets no TLS connection: %s.", self.remote_addr, reason)
                return self._part(complete=False)
            except Refused as refused:
                logger.debug("%s gets %d: %s", self.remote_addr, refused.status, refused.reason)
                self._channel.send(refusal(refused))
                return self._part(complete=False)
        except (Disconnected, Stalled) as reason:
            logger.debug("%s left: %r.", self.remote_addr, reason)
            return False
        finally:
            self._channel.is_slow = False

    def close(self) -> None:
        """Close the connection, unless a stop would drop a request that has just arrived: that one is served first.

        A client whose request has begun to arrive is told why it ends.
        """
        if self._awaited is Awaited.REQUEST and self._is_asked_at_last():
            self._awaited = None
            self.server.requests.put(self)
            return
        if self._awaited is Awaited.REST_OF_HEAD:
            self.turn_away(Refused(HTTPStatus.REQUEST_TIMEOUT, "The head of the request took too long."))
        self._channel.close()
        self.server.connections.discard(self)

    # What the server asks for

    def turn_away(self, refused: Refused) -> None:
        """Tell the client why its connection ends, if that can be done without waiting."""
        if not self._owes_handshake:
            self._channel.try_send(refusal(refused))

    def cut_request(self) -> None:
        """End what the client sends, while another thread serves the connection."""
        self._channel.cut_receiving()

    def cut_response(self) -> None:
        """End what is sent to the client, while another thread serves the connection."""
        self._channel.cut_sending()

    # Serving

    def _shake_hands(self) -> bool:
        """Go on with the TLS handshake as far as the client has come; true when it is done.

        Raises:
            HandshakeFailed: it cannot be done.
            Refused: the client speaks HTTP without TLS.
            Disconnected: the client is gone.
        """
        while not self._is_secured():
            if not self._is_stopping() or not self._channel.arrives_within(FIRST_REQUEST_SECONDS):
                return False
        self._owes_handshake = False
        self._awaited = None
        return True

    def _is_secured(self) -> bool:
        if self._tls is None:
            first = self._channel.first_byte()
            if first is None:
                return False
            if not first:
                raise Disconnected
            if first.isalpha():
                raise Refused(HTTPStatus.BAD_REQUEST, "This port speaks TLS; use an address that begins with https:.")
            self._tls = self._channel = self._begin_tls()
        return self._tls.shake_hands()

    def _begin_tls(self) -> TlsChannel:
        assert self.server.tls is not None
        try:
            session = self.server.tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        except OSError as error:
            raise Disconnected from error
        self.socket = session
        return TlsChannel(session, self.server.limits, self.server.requests.lend_thread)

    def _serve(self) -> bool:
        channel = self._channel
        pool = self.server.requests
        while True:
            data = self._take_head()
            if data is None:
                if self._is_last_chance() and channel.arrives_within(FIRST_REQUEST_SECONDS):
                    continue
                return self._wait()
            if not data:
                return False
            self._awaited = None
            if self._environ is None:
                self._environ = {
                    **self.server.environ, "REMOTE_ADDR": self.remote_addr, "REMOTE_PORT": str(self.remote_port),
                    **(self._tls.environ() if self._tls is not None else {}),
                }  # fmt: skip
            channel.renew_credit()
            words = self.server.repeats.words_of(data) if data.startswith(REPEATED) else b""
            if not words or not self._is_answered_again(words, self._environ):
                head = RequestHead(data, {**self._environ, "davgate.words": words}, self.server.limits)
                exchange = Exchange(channel, head, self.server.application, self.server.limits.drain_bytes, self._is_stopping)
                exchange.run()
                skip = exchange.bytes_to_skip()
                if not exchange.reusable or skip is None:
                    return self._part(complete=skip == 0)
                self._skip = skip
                if (repeat := exchange.repeat(len(data))) is not None:
                    self.server.repeats.keep(words, repeat)
            if channel.has_data:
                if pool.is_busy:
                    return True
            elif pool.is_busy or not channel.arrives_within(NEXT_REQUEST_SECONDS):
                return self._wait()

    def _is_answered_again(self, words: bytes, environ: WSGIEnvironment) -> bool:
        """Answer a request that has come before, word by word, as it was answered then, if the application still says so."""
        repeat, channel = self.server.repeats.find(words), self._channel
        # A connection that is about to end says so in its last answer.
        if repeat is None or self._is_stopping() or not channel.is_next(repeat.asked):
            return False
        if not repeat.may_again(environ):
            self.server.repeats.forget(words)
            return False
        channel.take_if_ready(len(repeat.asked))
        channel.send(given_again(repeat))
        return True

    def _is_stopping(self) -> bool:
        return not self.server.ready

    def _is_asked_at_last(self) -> bool:
        """Whether a stop is about to close a connection on which a request has just arrived."""
        return self._is_stopping() and not self.server.requests.is_ending and self._channel.arrives_within(0)

    def _is_last_chance(self) -> bool:
        """Whether the client was accepted just before a stop, so that its first request may be on its way."""
        return self._is_stopping() and self._awaited is None

    def _take_head(self) -> bytes | None:
        """Return the next head; ``None`` if it has not arrived, nothing if the client has ended."""
        channel = self._channel
        while True:
            if self._skip:
                self._skip -= channel.skip(self._skip)
            if channel.has_data:
                data = channel.take_through(b"\r\n\r\n")
                if data:
                    return data
                check_incomplete(channel.data[channel.start :], self.server.limits)
            arrived = channel.receive()
            if arrived is None:
                return None
            if not arrived:
                return self._take_end()

    def _take_end(self) -> bytes:
        if self._channel.has_data:
            raise Refused(HTTPStatus.BAD_REQUEST, "The connection ended within the head of a request.")
        return b""

    # Waiting and parting

    def _wait(self) -> bool:
        """Leave the connection to the selector, until a moment that was fixed when this kind of wait began."""
        if self._skip:
            awaited = Awaited.REST_OF_BODY
        elif self._channel.has_data:
            awaited = Awaited.REST_OF_HEAD
        else:
            awaited = Awaited.REQUEST
        return self._wait_for(awaited)

    def _wait_for(self, awaited: Awaited) -> bool:
        now = time.time()
        if awaited is not self._awaited:
            self._awaited = awaited
            self._deadline = now + getattr(self.server.limits, awaited.value).total_seconds()
        return now < self._deadline

    def _part(self, *, complete: bool) -> bool:
        """End the connection after the last response.

        A client that is still sending would have its connection reset, and might lose the response with it. So what
        it sends is discarded for a while (RFC 9112, 9.6).
        """
        self._channel.end_sending()
        if complete and not self._channel.has_data:
            return False
        self._channel.skip(len(self._channel.data))
        return self._discard_arrived()

    def _discard_arrived(self) -> bool:
        while self._discard > 0:
            arrived = self._channel.receive()
            if arrived is None:
                return self._wait_for(Awaited.CLIENT_CLOSE)
            if not arrived:
                return False
            self._discard -= self._channel.skip(self._discard)
        return False
