"""A client's socket under TLS (RFC 8446, RFC 5246): a channel like any other, once the handshake is done.

The handshake goes on as its steps arrive and never waits for one. A record is always taken whole, for it holds no more than
one read of a channel: so nothing that was deciphered stays behind in OpenSSL, where the selector would not see it.
"""

import os
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from wsgiref.types import WSGIEnvironment

from davgate.http.server.channel import Channel, Disconnected
from davgate.http.server.limits import ServerLimits

FILE_BLOCK_BYTES = 256 * 1024


class HandshakeFailed(Exception):
    """Client and server cannot agree; the client has been sent an alert that says how."""


class TlsChannel(Channel):
    """Bytes from and to one client under TLS. Nothing but the handshake may be asked of it until that is done."""

    __slots__ = ("_session",)

    def __init__(self, session: ssl.SSLSocket, limits: ServerLimits, on_slow: Callable[[], None]) -> None:
        super().__init__(session, limits, on_slow)
        self._session = session

    def shake_hands(self) -> bool:
        """Go on with the handshake as far as the client has come; true when it is done.

        Raises:
            HandshakeFailed: it cannot be done.
            Disconnected: the client is gone.
        """
        while True:
            try:
                self._session.do_handshake()
            except ssl.SSLWantReadError:
                return False
            except ssl.SSLWantWriteError:
                self._wait(self._writable)
            except (ssl.SSLEOFError, ssl.SSLSyscallError) as error:
                raise Disconnected from error
            except ssl.SSLCertVerificationError as error:
                raise HandshakeFailed(f"its certificate is refused: {error.verify_message}") from error
            except ssl.SSLError as error:
                raise HandshakeFailed((error.reason or "TLS failed").replace("_", " ").lower()) from error
            except OSError as error:
                raise Disconnected from error
            else:
                return True

    def environ(self) -> WSGIEnvironment:
        """Return what the WSGI environment of every request on this connection says of TLS.

        ``davgate.client_certificate`` is the client's certificate as ``getpeercert()`` gives it; it is there only if an
        authority of ``client_ca`` vouches for it and the client has proved that the key is its own.
        """
        found: WSGIEnvironment = {"wsgi.url_scheme": "https", "HTTPS": "on"}
        certificate = self._session.getpeercert()
        if certificate:
            found["davgate.client_certificate"] = certificate
        return found

    def send_file(self, file_descriptor: int, offset: int, size: int) -> int:
        """Send bytes of a file in large pieces; return how many, fewer only if the file is shorter.

        Raises:
            Disconnected: the client is gone.
            Stalled: the client's credit is used up.
        """
        end = offset + size
        while offset < end:
            block = os.pread(file_descriptor, min(end - offset, FILE_BLOCK_BYTES), offset)
            if not block:
                break
            self.send(block)
            offset += len(block)
        return size - (end - offset)

    def end_sending(self) -> None:
        """Send the end of the session and of the stream; what is received from now on is not deciphered any more."""
        self._end_session()
        with suppress(OSError):
            self._session.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Give the socket back, with the end of the session where it has not been sent. May be repeated."""
        self._end_session()
        super().close()

    def _end_session(self) -> None:
        # Without it the client could not tell an end that is meant from a connection that was cut (RFC 8446, 6.1). Its
        # own end is not waited for; it would be an error in a session that has ended, has broken or never began.
        with suppress(OSError, ValueError):
            self._session.unwrap()

    # Only what each is expected to wait for: OpenSSL could wish to write while it reads, when the client changes its keys and
    # takes nothing in, but a wait for the socket to be readable would then end at once, and again, and again.

    def _receive(self, size: int) -> bytes:
        try:
            return self._session.recv(size)
        except ssl.SSLWantReadError as wait:
            raise BlockingIOError from wait

    def _receive_into(self, view: memoryview) -> int:
        try:
            return self._session.recv_into(view)
        except ssl.SSLWantReadError as wait:
            raise BlockingIOError from wait

    def _send(self, data: bytes | memoryview, *, more: bool) -> int:
        try:
            return self._session.send(data)
        except ssl.SSLWantWriteError as wait:
            raise BlockingIOError from wait
