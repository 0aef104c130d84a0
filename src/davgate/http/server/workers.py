"""The threads that serve connections. Takes the place of cheroot's ``ThreadPool``.

cheroot's own never gives up on a thread that does not end, so a stop could take for ever.
"""

import logging
import threading
import time
from collections.abc import Callable
from itertools import count
from queue import SimpleQueue

from davgate.http.server.connection import Connection

logger = logging.getLogger(__name__)

CUT_SECONDS = 1.0
"""How long a thread gets to notice that its connection was cut."""


class WorkerPool:
    """A number of threads that work, further ones that wait for slow clients, and the queue of connections in front of them.

    A thread that moves bytes from or to a slow client does next to nothing, and as many clients as there are threads would
    keep everybody else out. So another one takes its place meanwhile; there are never more of them than connections.

    ``give_back`` gets each connection that was served and goes on.
    ``is_ending`` tells that what is put into the queue now will not be served any more.
    """

    def __init__(self, size: int, give_back: Callable[[Connection], None]) -> None:
        self.give_back = give_back
        self._waiting: SimpleQueue[Connection | None] = SimpleQueue()
        self.is_ending = False
        self._size = size
        self._lock = threading.Lock()
        self._lent = 0
        self._numbers = count(1)
        self._workers = [self._new_worker() for _ in range(size)]

    @property
    def is_busy(self) -> bool:
        """Whether connections wait for a thread."""
        return not self._waiting.empty()

    def start(self) -> None:
        """Start the threads."""
        for worker in self._workers:
            worker.start()

    def put(self, connection: Connection) -> None:
        """Have the connection served by the next free thread."""
        self._waiting.put(connection)

    def take(self) -> Connection | None:
        """Wait for the next connection and return it; ``None`` when the thread that asks is to end."""
        return self._waiting.get()

    def lend_thread(self) -> None:
        """Have another thread take the place of the one that calls, which goes on to wait for its client."""
        with self._lock:
            self._lent += 1
            if self.is_ending or len(self._workers) - self._lent >= self._size:
                return
            worker = self._new_worker()
            self._workers.append(worker)
        worker.start()

    def take_thread_back(self) -> None:
        """Count a thread again that was lent to a slow client."""
        with self._lock:
            self._lent -= 1

    def is_left_by(self, worker: "Worker") -> bool:
        """Let a thread end if there are more of them than have to work; tell whether it is to."""
        with self._lock:
            if self.is_ending or len(self._workers) - self._lent <= self._size:
                return False
            self._workers.remove(worker)
            return True

    def _new_worker(self) -> "Worker":
        return Worker(self, next(self._numbers))

    def stop(self, timeout: float) -> None:
        """End the threads once they have served what waits; after ``timeout`` seconds cut what is still served."""
        with self._lock:
            self.is_ending = True
            workers = list(self._workers)
        for _ in workers:
            self._waiting.put(None)
        late = _join(workers, timeout)
        for worker in late:
            worker.cut_request()
        late = _join(late, CUT_SECONDS)
        for worker in late:
            worker.cut_response()
        for worker in _join(late, CUT_SECONDS):
            logger.error("%s does not end; its request is given up.", worker.name)


def _join(workers: "list[Worker]", timeout: float) -> "list[Worker]":
    """Wait for threads to end, and return those that do not."""
    ends_at = time.monotonic() + timeout
    for worker in workers:
        worker.join(max(ends_at - time.monotonic(), 0))
    return [worker for worker in workers if worker.is_alive()]


class Worker(threading.Thread):
    """A thread that serves one connection after the other."""

    def __init__(self, pool: WorkerPool, number: int) -> None:
        # A daemon: a request that never ends must not keep the process from ending.
        super().__init__(name=f"worker-{number}", daemon=True)
        self._pool = pool
        self._connection: Connection | None = None

    def run(self) -> None:
        """Serve connections until the pool ends, or has threads enough."""
        while (connection := self._pool.take()) is not None:
            self._connection = connection
            self._serve(connection)
            self._connection = None
            if self._pool.is_left_by(self):
                return

    def cut_request(self) -> None:
        """End the body that this thread reads; it can still tell the client so."""
        if (connection := self._connection) is not None:
            connection.cut_request()

    def cut_response(self) -> None:
        """End the connection that this thread serves."""
        if (connection := self._connection) is not None:
            connection.cut_response()

    def _serve(self, connection: Connection) -> None:
        goes_on = False
        try:
            goes_on = connection.communicate()
        except BaseException:  # A thread that died, be it by sys.exit() in a request, would be missed.
            logger.exception("A connection failed.")
        if goes_on:
            self._pool.give_back(connection)
        else:
            connection.close()
