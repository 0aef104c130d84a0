"""Serving with one worker process or several, until a signal ends it.

Workers share one listening socket that was opened before they were forked. The master holds no connection
and starts no thread: it forks, waits for signals, and replaces what died. SIGTERM and SIGINT stop gracefully, a second
one at once. SIGHUP replaces all workers: the old ones stop when the new ones are up, and the files of TLS, and whatever else the
caller looks at, are read anew before; unless they can be used, the workers stay. Where there is a worker for each core, each
keeps to its own.
"""

import contextlib
import gc
import logging
import os
import resource
import signal
import ssl
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import NoReturn
from wsgiref.types import WSGIApplication

from davgate.http.server.limits import DEFAULT_LIMITS, ServerLimits
from davgate.http.server.listener import ListeningSocket, Server, listen
from davgate.http.server.signals import STOP, Signals
from davgate.http.server.tls_files import TlsFiles, UnusableTlsFiles

logger = logging.getLogger(__name__)

QUICK_SECONDS = 1.0
"""A worker that lives no longer died of something that will kill the next one as well."""

QUICK_DEATHS = 5
QUICK_DEATHS_WITHIN_SECONDS = 60.0
BACK_OFF_SECONDS = 0.1
START_CHECK_SECONDS = 0.05
KILL_GRACE_SECONDS = 5.0
FILES_PER_CONNECTION = 2
OTHER_FILES = 256

ApplicationFactory = Callable[[], WSGIApplication]


def _nothing_to_renew() -> bool:
    return True


def serve(
    application_factory: ApplicationFactory,
    host: str,
    port: int,
    *,
    workers: int = 1,
    threads: int = 8,
    limits: ServerLimits = DEFAULT_LIMITS,
    tls_files: TlsFiles | None = None,
    on_ready: Callable[[str, int], None] | None = None,
    renew: Callable[[], bool] = _nothing_to_renew,
) -> int:
    """Serve until a signal ends it, and return the exit code: 0 after a graceful stop. Only for the main thread.

    The factory is called once in each process that serves, after the fork, so what it opens is that process's own; the
    ``close`` of the application it returns, if there is one, is called after a graceful stop. ``on_ready`` gets the bound
    address when all workers serve. The files of TLS are read before the fork, so that all workers can resume each other's
    sessions. ``renew`` is called in the master at SIGHUP, for what the factory is to find anew; it tells whether workers can
    be replaced, and logs why not. It leaves nothing open that a worker would inherit.

    Raises:
        OSError: the address is taken, or not one of this machine.
        UnusableTlsFiles: TLS cannot be spoken with the files that are there.
    """
    tls = _Tls(tls_files)
    limits = replace(limits, connections=_allowed_connections(limits.connections))
    with listen(host, port, limits) as listening:
        listening.is_shared = workers > 1
        bound_host, bound_port = listening.getsockname()[:2]

        def ready() -> None:
            if on_ready is not None:
                on_ready(bound_host, bound_port)

        def work(signals: Signals, ready: Callable[[], None]) -> int:
            application = application_factory()
            # Modules and settings stay as long as the process: looked at with the garbage of each large answer or copy, they
            # were a fifth of its cost.
            gc.collect()
            gc.freeze()
            server = Server(application, listening, threads=threads, limits=limits, tls=tls.context)
            return _serve_until_signal(server, application, signals, ready)

        with Signals((*STOP, signal.SIGHUP, signal.SIGCHLD)) as signals:
            # Both are read, so that one log names all that is wrong.
            return Master(work, listening, workers, limits, signals, ready, lambda: all([tls.renew(), renew()])).run()


class _Tls:
    """The context of TLS that the next worker gets; none without files."""

    def __init__(self, files: TlsFiles | None) -> None:
        self._files = files
        self.context: ssl.SSLContext | None = files.read() if files is not None else None

    def renew(self) -> bool:
        """Read the files anew; false if they cannot be used, and the context stays as it is."""
        if self._files is not None:
            try:
                self.context = self._files.read()
            except UnusableTlsFiles as error:
                logger.error("The workers stay as they are: %s.", error)
                return False
        return True


def _serve_until_signal(server: Server, application: WSGIApplication, signals: Signals, ready: Callable[[], None]) -> int:
    """Serve until a signal comes, then stop gracefully.

    Only the master decides what a second one means: a supervisor may signal every process of the service, and the master passes
    the first signal on, so that a worker gets two that mean one stop.
    """
    server.start()
    ready()
    signals.take()
    server.stop()
    close = getattr(application, "close", None)
    if close is not None:
        close()
    return 0


def _allowed_connections(wanted: int) -> int:
    """Raise this process's limit of open files, as far as it may, and return how many connections it then suffices for.

    One that is accepted and leaves no file for the database or a content is of use to nobody.
    """
    needed = wanted * FILES_PER_CONNECTION + OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return wanted
    allowed = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed == needed:
        return wanted
    possible = max(allowed - OTHER_FILES, allowed // 2) // FILES_PER_CONNECTION
    if possible >= wanted:
        return wanted
    logger.warning(
        "Each process takes %d connections and not %d: it may open %d files only (ulimit -n).", possible, wanted, allowed
    )
    return possible


@dataclass(slots=True)
class WorkerProcess:
    """What the master knows of a worker. Its pipe carries one byte when it serves."""

    pid: int
    pipe: int
    core: int | None
    started_at: float = field(default_factory=time.monotonic)
    is_ready: bool = False
    is_outdated: bool = False
    is_retired: bool = False
    kill_at: float | None = None


class Master:
    """Keeps a number of workers running."""

    def __init__(
        self,
        work: Callable[[Signals, Callable[[], None]], int],
        listening: ListeningSocket,
        size: int,
        limits: ServerLimits,
        signals: Signals,
        on_ready: Callable[[], None],
        renew: Callable[[], bool],
    ) -> None:
        self._work = work
        self._renew = renew
        self._listening = listening
        self._size = size
        self._cores = sorted(os.sched_getaffinity(0))
        self._stop_seconds = limits.stop_timeout.total_seconds() + KILL_GRACE_SECONDS
        self._signals = signals
        self._on_ready: Callable[[], None] | None = on_ready
        self._workers: dict[int, WorkerProcess] = {}
        self._quick_deaths: deque[float] = deque(maxlen=QUICK_DEATHS)
        self._fork_not_before = 0.0
        self._stopping = False
        self._exit_code = 0
        # Workers watch the other end: it closes with the master, however that ends.
        self._alive_read, self._alive_write = os.pipe()

    def run(self) -> int:
        """Keep workers running until a signal ends it, and return the exit code."""
        while not self._stopping or self._workers:
            self._fork_missing()
            self._take_signal(self._signals.take(self._pause()))
            self._reap()
            self._note_ready()
            self._kill_late()
        os.close(self._alive_read)
        os.close(self._alive_write)
        return self._exit_code

    def _pause(self) -> float | None:
        """Return the seconds until something is to be done without a signal."""
        now = time.monotonic()
        moments = [worker.kill_at for worker in self._workers.values() if worker.kill_at is not None]
        if not self._stopping:
            if any(not worker.is_ready for worker in self._workers.values()):
                return START_CHECK_SECONDS
            if self._missing:
                moments.append(self._fork_not_before)
        return max(min(moments) - now, 0.0) if moments else None

    def _take_signal(self, number: int | None) -> None:
        if number in STOP:
            self._stop()
        elif number == signal.SIGHUP and not self._stopping and self._renew():
            logger.info("Replacing all workers.")
            for worker in self._workers.values():
                worker.is_outdated = True

    def _stop(self) -> None:
        # The kernel accepts connections for as long as anybody holds the socket: the master must not be the last.
        self._listening.close()
        for worker in self._workers.values():
            if self._stopping:
                worker.kill_at = time.monotonic()
            else:
                self._retire(worker)
        self._stopping = True

    def _retire(self, worker: WorkerProcess) -> None:
        if not worker.is_retired:
            worker.is_retired = True
            worker.kill_at = time.monotonic() + self._stop_seconds
            os.kill(worker.pid, signal.SIGTERM)

    def _kill_late(self) -> None:
        for worker in self._workers.values():
            if worker.kill_at is not None and worker.kill_at <= time.monotonic():
                logger.error("Worker %d does not stop; it is killed.", worker.pid)
                worker.kill_at = None
                os.kill(worker.pid, signal.SIGKILL)

    # Births and deaths

    @property
    def _missing(self) -> int:
        return self._size - sum(not worker.is_outdated for worker in self._workers.values())

    def _fork_missing(self) -> None:
        if not self._stopping and time.monotonic() >= self._fork_not_before:
            for _ in range(self._missing):
                self._fork()

    def _free_core(self) -> int | None:
        """Return the core that the next worker keeps to, if there are workers for all of them.

        Of a process's threads one computes at a time. Where the scheduler spreads them over cores, each turn finds the caches of
        another core cold: a small request cost up to one and a half times as much. With a worker for each core nothing is lost by
        keeping it there; with fewer, the others' cores would stand idle while one worker hashes several uploads.
        """
        if self._size < len(self._cores):
            return None
        taken = Counter(worker.core for worker in self._workers.values() if not worker.is_outdated)
        return min(self._cores, key=lambda core: taken[core])

    def _fork(self) -> None:
        core = self._free_core()
        pipe_read, pipe_write = os.pipe()
        os.set_blocking(pipe_read, False)
        sys.stdout.flush()
        sys.stderr.flush()
        # A signal that arrived between the fork and the worker's own handlers would be taken for the master's.
        former = signal.pthread_sigmask(signal.SIG_BLOCK, (*STOP, signal.SIGHUP, signal.SIGCHLD))
        pid = os.fork()
        if not pid:
            os.close(pipe_read)
            self._be_worker(pipe_write, former, core)
        signal.pthread_sigmask(signal.SIG_SETMASK, former)
        os.close(pipe_write)
        self._workers[pid] = WorkerProcess(pid, pipe_read, core)

    def _be_worker(self, pipe: int, signal_mask: set[int | signal.Signals], core: int | None) -> NoReturn:
        exit_code = 1
        try:
            _keep_to(core)
            os.close(self._alive_write)
            for worker in self._workers.values():
                os.close(worker.pipe)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for number in (signal.SIGINT, signal.SIGHUP):
                # A terminal sends these to all its processes; the master decides. Ignoring them outright would be
                # inherited by programs that the application starts.
                signal.signal(number, _leave_to_master)
            with Signals([signal.SIGTERM]) as signals:
                signal.pthread_sigmask(signal.SIG_SETMASK, signal_mask)
                threading.Thread(target=self._watch_master, args=[signals], name="watch-master", daemon=True).start()
                exit_code = self._work(signals, partial(_tell_ready, pipe))
        except BaseException:  # Nothing may return into the master's code in a copy of the master.
            logger.exception("A worker failed.")
        finally:
            logging.shutdown()
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(exit_code)

    def _watch_master(self, signals: Signals) -> None:
        os.read(self._alive_read, 1)
        logger.warning("The master is gone; this worker stops.")
        signals.wake()

    def _reap(self) -> None:
        for worker in list(self._workers.values()):
            pid, status = os.waitpid(worker.pid, os.WNOHANG)
            if pid:
                del self._workers[pid]
                os.close(worker.pipe)
                self._note_death(worker, os.waitstatus_to_exitcode(status))

    def _note_death(self, worker: WorkerProcess, exit_code: int) -> None:
        if worker.is_retired:
            logger.info("Worker %d stopped with exit code %d.", worker.pid, exit_code)
            if exit_code and self._stopping:
                self._exit_code = 1
            return
        now = time.monotonic()
        logger.error("Worker %d died with exit code %d.", worker.pid, exit_code)
        if now - worker.started_at >= QUICK_SECONDS:
            return
        self._quick_deaths.append(now)
        self._fork_not_before = now + BACK_OFF_SECONDS * 2 ** len(self._quick_deaths)
        if len(self._quick_deaths) == QUICK_DEATHS and now - self._quick_deaths[0] < QUICK_DEATHS_WITHIN_SECONDS:
            logger.critical("Workers die as soon as they are started; giving up.")
            self._exit_code = 1
            if not self._stopping:
                self._stop()

    def _note_ready(self) -> None:
        for worker in self._workers.values():
            if not worker.is_ready:
                try:
                    worker.is_ready = bool(os.read(worker.pipe, 1))
                except BlockingIOError:
                    continue
        current = [worker for worker in self._workers.values() if not worker.is_outdated]
        if self._stopping or len(current) < self._size or not all(worker.is_ready for worker in current):
            return
        for worker in self._workers.values():
            if worker.is_outdated:
                self._retire(worker)
        if self._on_ready is not None:
            self._on_ready()
            self._on_ready = None


def _keep_to(core: int | None) -> None:
    if core is not None:
        # The core may have been taken from this machine, or container, since the master looked.
        with contextlib.suppress(OSError):
            os.sched_setaffinity(0, {core})


def _tell_ready(pipe: int) -> None:
    os.write(pipe, b"1")


def _leave_to_master(number: int, frame: object) -> None:
    """Do nothing about a signal that the master gets as well."""
