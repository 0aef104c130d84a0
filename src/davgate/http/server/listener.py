"""The server of one process: a listening socket, cheroot's selector, and the threads."""

import errno
import logging
import socket
import ssl
import threading
import time
from collections.abc import Sized
from http import HTTPStatus
from typing import Any, Self
from wsgiref.types import WSGIApplication

from cheroot.server import HTTPServer

from davgate.http.server.connection import Awaited, Connection
from davgate.http.server.gateway import base_environ
from davgate.http.server.head import Refused
from davgate.http.server.limits import DEFAULT_LIMITS, ServerLimits
from davgate.http.server.repeats import Repeats
from davgate.http.server.workers import WorkerPool

logger = logging.getLogger(__name__)

CHECK_SECONDS = 0.1
"""How often waits are checked for their end, and whether to stop; more often when the limits are shorter."""

UNSENT_BYTES = 128 * 1024
"""How much the kernel holds that is not on its way to a client yet, before it reports that there is room for more."""

LONGEST_WAIT_SECONDS = 0.002
"""The wait before an accept comes near to this with very many connections; with ``HALF_WAIT_CONNECTIONS`` it is half as long."""

HALF_WAIT_CONNECTIONS = 8

WAITING_SHARE = 0.1
"""The most of its time that a process waits so: its own clients wait meanwhile, and a flood of new ones would be slowed."""

SAVED_WAIT_SECONDS = 0.02
"""How much of that time a process may save up, to spend it at once: enough for a dozen clients that come together."""

SILENT_SECONDS = 10.0
"""How long the log says nothing more of clients that cannot be accepted; else it would say so ten times a second."""

EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class ListeningSocket(socket.socket):
    """A listening socket from which one process can turn away while others go on accepting from it.

    ``is_shared`` tells that several do, ``held`` has the connections of this process. A new client wakes all processes, and
    among idle ones the same is always first: clients that come one by one and stay would all be served on one core. So the more
    connections a process has, the longer it waits, and the one with the fewest is first.
    """

    turned_away = False
    is_shared = False
    held: Sized = ()
    _saved_wait = SAVED_WAIT_SECONDS
    _waited_at = 0.0
    _silent_until = 0.0

    def accept(self) -> tuple[socket.socket, Any]:
        """Accept the next client, as if there was none once this process has turned away."""
        if self.is_shared and self.held:
            self._let_others_go_first(LONGEST_WAIT_SECONDS * len(self.held) / (len(self.held) + HALF_WAIT_CONNECTIONS))
        if self.turned_away:
            raise BlockingIOError(errno.EAGAIN, "this process accepts nobody any more")
        try:
            return super().accept()
        except OSError as error:
            if error.errno not in EXHAUSTED:
                raise
            # The client goes on waiting; without a pause the selector would offer it again at once, and for ever.
            if (now := time.monotonic()) >= self._silent_until:
                self._silent_until = now + SILENT_SECONDS
                logger.error("No client can be accepted: %s.", error)
            time.sleep(CHECK_SECONDS)
            raise BlockingIOError(errno.EAGAIN, "no room for another client") from error

    def _let_others_go_first(self, seconds: float) -> None:
        now = time.monotonic()
        self._saved_wait = min(self._saved_wait + (now - self._waited_at) * WAITING_SHARE, SAVED_WAIT_SECONDS)
        self._waited_at = now
        if seconds <= self._saved_wait:
            self._saved_wait -= seconds
            time.sleep(seconds)


def listen(host: str, port: int, limits: ServerLimits = DEFAULT_LIMITS) -> ListeningSocket:
    """Return a socket that listens; port 0 lets the system choose one. ``::`` takes IPv4 clients as well.

    Raises:
        OSError: the address is taken, or not one of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    both = host == "::" and socket.has_dualstack_ipv6()
    opened = socket.create_server((host, port), family=family, backlog=limits.backlog, dualstack_ipv6=both)
    # Accepted sockets inherit this: a response is sent whole, so there is never a reason to hold back its end.
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    # So do they this: without it the kernel takes megabytes for a slow client, and reports no progress for minutes.
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
    return ListeningSocket(fileno=opened.detach())


class Server:
    """A WSGI application behind a listening socket, served by threads of this process.

    ``with Server(application, listen("127.0.0.1", 0)) as server:`` serves while the block runs. With ``tls`` every
    connection begins with a handshake.
    """

    def __init__(
        self,
        application: WSGIApplication,
        listening: ListeningSocket,
        *,
        threads: int = 8,
        limits: ServerLimits = DEFAULT_LIMITS,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.host, self.port = listening.getsockname()[:2]
        self._listener = Listener(application, listening, threads=threads, limits=limits, tls=tls)
        self._selecting = threading.Thread(target=self._listener.serve, name="selector", daemon=True)

    def start(self) -> None:
        """Serve in threads of their own, and return."""
        self._listener.prepare()
        self._selecting.start()

    def stop(self) -> None:
        """Accept nothing new, let requests under way finish within the limit for stopping, and close everything."""
        self._listener.stop()
        self._selecting.join()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()


class Listener(HTTPServer):
    """cheroot's server with connections and threads of our own.

    What remains of it: accepting, watching idle connections in a selector and closing them in time, and stopping.
    """

    # cheroot sets this timeout on accepted sockets, which makes them non-blocking, and adds it to ``last_used``,
    # which Connection therefore gives as the very moment at which a wait ends.
    timeout = 0
    keep_alive_conn_limit = None  # type: ignore[assignment]  # the stub knows no None, which lifts the limit
    ConnectionClass = Connection

    def __init__(
        self,
        application: WSGIApplication,
        listening: ListeningSocket,
        *,
        threads: int,
        limits: ServerLimits,
        tls: ssl.SSLContext | None,
    ) -> None:
        host, port = listening.getsockname()[:2]
        super().__init__((host, port), gateway=None)
        self.application = application
        self.limits = limits
        self.tls = tls
        self.requests = WorkerPool(threads, self.put_conn)
        self.environ = base_environ(host, port) | {"davgate.lend_thread": self.requests.lend_thread}
        self.connections: set[Connection] = set()
        self.repeats = Repeats()
        self.request_queue_size = limits.backlog
        self.shutdown_timeout = limits.stop_timeout.total_seconds()  # type: ignore[assignment]  # is only passed on
        waits = [getattr(limits, awaited.value) for awaited in Awaited]
        self.expiration_interval = min(CHECK_SECONDS, min(waits).total_seconds() / 4)
        self._listening = listening
        listening.held = self.connections

    def bind(self, family: int, type: int, proto: int = 0) -> ListeningSocket:
        """Take the socket that is given: it may be shared with other processes."""
        self.socket = self._listening
        return self._listening

    def prepare(self) -> None:
        """Start the threads and begin to listen.

        A shared socket must not block: several processes wake up for one client, and the ones that come too late would
        wait in ``accept`` while their own connections want to be served.
        """
        super().prepare()
        self.socket.setblocking(False)

    def stop(self) -> None:
        """Stop, and leave clients that come from now on to the other processes on the same socket.

        The selector notices a stop only a little later, and would close whom it still accepted without an answer.
        """
        self._listening.turned_away = True
        super().stop()
        for connection in tuple(self.connections):
            connection.close()

    def process_conn(self, conn: Connection) -> None:
        """Hand a connection on which something has arrived to the threads, if there is room for it."""
        if conn.is_new and len(self.connections) > self.limits.connections:
            conn.turn_away(Refused(HTTPStatus.SERVICE_UNAVAILABLE, "There are too many connections."))
            conn.close()
        else:
            self.requests.put(conn)

    def put_conn(self, conn: Connection) -> None:
        """Watch a connection, or close it when the server is stopping."""
        try:
            super().put_conn(conn)
        except (KeyError, OSError, ValueError):
            # The selector was closed by a stop, or the descriptor broken, after it was last looked at.
            conn.close()

    def error_log(self, msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:
        """Send what cheroot has to say to the log."""
        logger.log(level, msg, exc_info=traceback)
