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

RELIEF_SECONDS = 0.25
"""How often threads are looked at while connections wait for one."""

IDLE_SECONDS = 0.001
"""Computing time since the last look up to which a thread has only waited."""


class WorkerPool:
    """So many threads that work, others that wait for somebody, and the queue of connections in front of them.

    A thread that moves bytes from or to a slow client does next to nothing, and as many clients as there are threads would
    keep everybody else out. So do as many requests that wait for a disk that does not answer, or for somebody's long write. So
    another one takes its place meanwhile; there are no more than connections.

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
        self._ends = threading.Event()
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
        threading.Thread(target=self._relieve_now_and_then, name="relief", daemon=True).start()

    def put(self, connection: Connection) -> None:
        """Have the connection served by the next free thread."""
        self._waiting.put(connection)

    def take(self) -> Connection | None:
        """Wait for the next connection and return it; ``None`` when the thread that asks is to end."""
        return self._waiting.get()

    def lend_thread(self) -> None:
        """Have another thread take the place of the one that calls until that is done with its connection: it will wait."""
        with self._lock:
            worker = threading.current_thread()
            if isinstance(worker, Worker):
                self._lend(worker)

    def relieve(self) -> None:
        """Have others take the places of threads that have done nothing but wait since the last time, if connections wait."""
        with self._lock:
            if self.is_ending:
                return
            for worker in tuple(self._workers):
                if worker.has_only_waited() and self.is_busy:
                    self._lend(worker)

    def _relieve_now_and_then(self) -> None:
        while not self._ends.wait(RELIEF_SECONDS):
            self.relieve()

    def _lend(self, worker: "Worker") -> None:
        if worker.is_lent:
            return
        worker.is_lent = True
        self._lent += 1
        if self.is_ending or self._working >= self._size:
            return
        another = self._new_worker()
        try:
            another.start()
        except RuntimeError as error:
            logger.error("Nobody takes the place of a thread that waits: %s.", error)
        else:
            self._workers.append(another)

    @property
    def _working(self) -> int:
        return len(self._workers) - self._lent

    def is_left_by(self, worker: "Worker") -> bool:
        """Count a thread again that was lent, and let it end if there are more than have to work; tell whether it is to."""
        with self._lock:
            self._lent -= worker.is_lent
            worker.is_lent = False
            if self.is_ending or self._working <= self._size:
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
        self._ends.set()
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
        self._served = 0
        self._looked_at = (0, 0.0)
        self.is_lent = False

    def run(self) -> None:
        """Serve connections until the pool ends, or has threads enough."""
        while (connection := self._pool.take()) is not None:
            self._connection = connection
            self._served += 1
            self._serve(connection)
            self._connection = None
            if self._pool.is_left_by(self):
                return

    def has_only_waited(self) -> bool:
        """Tell whether it has served one connection since it was last asked, and computed nothing. Only while it runs."""
        if self._connection is None:
            return False
        assert self.ident is not None
        served, seconds = self._looked_at
        self._looked_at = self._served, time.clock_gettime(time.pthread_getcpuclockid(self.ident))
        return self._looked_at[0] == served and self._looked_at[1] - seconds <= IDLE_SECONDS

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
