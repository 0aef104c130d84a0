"""Noticing a PostgreSQL server that keeps its connections and answers nothing, and ending what waits for it.

The kernel of a server that was stopped, or whose disk hangs, goes on confirming what it is sent: to TCP nothing is wrong, and a
statement would be waited for without end. So while a connection has been in use for longer than statements mostly take, a new one
is tried. A server that is only busy lets it in, and whatever takes its time goes on; from one that does not, nothing is expected
any more until it does again.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from typing import Final, Protocol

from davgate.model.errors import Busy

logger = logging.getLogger(__name__)

PATIENCE_SECONDS: Final = 2.0
"""How long a connection may be in use before the server is asked whether it still answers."""

_PAUSE_SECONDS: Final = 1.0


class Used(Protocol):
    """A connection that somebody uses."""

    def cut(self) -> None:
        """End what waits on it, from another thread; whoever waits meets a lost connection."""


class SilenceWatch:
    """Looks after the connections of one process that are in use; all of it may be called from any thread.

    ``answers`` tries a new connection, and tells after a few seconds at most whether the server let it in or refused it.
    """

    def __init__(self, answers: Callable[[], bool]) -> None:
        self._answers = answers
        self._lock = threading.Lock()
        self._since: dict[Used, float] = {}
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._is_silent = False

    def expect_answer(self) -> None:
        """Refuse to begin anything while the server is known not to answer.

        Raises:
            Busy: it is.
        """
        if self._is_silent:
            raise Busy

    def begin(self, connection: Used) -> None:
        """Note that a connection is in use from now on."""
        with self._lock:
            self._since[connection] = time.monotonic()
            self._start()

    def end(self, connection: Used) -> bool:
        """Note that it is in use no more, before anybody else has it; false if it was cut meanwhile."""
        with self._lock:
            return self._since.pop(connection, None) is not None

    def note_silence(self) -> None:
        """Expect nothing of the server until it answers; for whoever has just tried to connect in vain."""
        self._tell(is_silent=True)
        with self._lock:
            self._start()

    def look(self, now: float) -> None:
        """Ask whether the server answers, if there is a reason to; if it does not, end all that waits. ``now`` is monotonic."""
        if not self._is_silent and not self._is_waited_for(now):
            return
        is_silent = not self._answers()
        self._tell(is_silent=is_silent)
        if not is_silent:
            return
        with self._lock:
            # Whoever uses a connection says so before closing it, so none is cut whose number has come to be another's.
            for connection in self._since:
                connection.cut()
            self._since.clear()

    def stop(self) -> None:
        """End the watch; it begins anew with the next connection in use."""
        with self._lock:
            thread, self._thread = self._thread, None
            self._stopping.set()
        if thread is not None:
            # A process that goes on to fork must have no other thread.
            thread.join()

    def _tell(self, *, is_silent: bool) -> None:
        if is_silent is self._is_silent:
            return
        self._is_silent = is_silent
        if is_silent:
            logger.error("The database server does not answer. Until it does, whatever needs it is refused.")
        else:
            logger.warning("The database server answers again.")

    def _is_waited_for(self, now: float) -> bool:
        with self._lock:
            return any(now - since > PATIENCE_SECONDS for since in self._since.values())

    def _start(self) -> None:
        if self._thread is None:
            self._stopping = threading.Event()
            self._thread = threading.Thread(target=self._run, args=[self._stopping], name="silence-watch", daemon=True)
            self._thread.start()

    def _run(self, stopping: threading.Event) -> None:
        while not stopping.wait(_PAUSE_SECONDS):
            self.look(time.monotonic())


def cut_socket(descriptor: int) -> None:
    """Make whoever reads from or writes to a socket find its end."""
    with contextlib.suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as again:
        again.shutdown(socket.SHUT_RDWR)
