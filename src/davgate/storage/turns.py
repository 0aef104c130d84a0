"""Writers take turns, those of SQLite among processes too, and share the flush of its log that makes their commits durable."""

from __future__ import annotations

import fcntl
import logging
import os
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from davgate.model.errors import Busy, StoreUnusable
from davgate.storage import durable

logger = logging.getLogger(__name__)

LONGEST_WAIT_SECONDS: Final = 30.0
"""As long as writers wait for each other on PostgreSQL (``storage.engines``)."""


class Gate:
    """Lets one writer through at a time, in all threads of a process and, with a file to lock, in all processes.

    SQLite needs the file. PostgreSQL has locks of its own between processes, and a process needs no second connection to wait.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._thread_lock = threading.Lock()
        self._file: int | None = None

    def acquire(self) -> None:
        """Wait for one's turn.

        A process that froze in its turn, such as a command that was suspended, keeps all others out until it goes on. Of each
        process one thread then waits for the file, which cannot be given up; those behind it are let go.

        Raises:
            Busy: others have not come out of theirs in time.
        """
        if not self._thread_lock.acquire(timeout=LONGEST_WAIT_SECONDS):
            logger.warning("A write has waited for others for %d s, and was given up.", LONGEST_WAIT_SECONDS)
            raise Busy
        if self._path is None:
            return
        try:
            if self._file is None:
                self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._file, fcntl.LOCK_EX)
        except OSError as error:
            self._thread_lock.release()
            raise StoreUnusable(
                "The database cannot be opened. Check the data folder: it has to exist and be writable."
            ) from error

    def release(self) -> None:
        """Let the next one through."""
        if self._file is not None:
            fcntl.flock(self._file, fcntl.LOCK_UN)
        self._thread_lock.release()

    def close(self) -> None:
        """Close the file; it is opened again when somebody writes."""
        with self._thread_lock:
            if self._file is not None:
                os.close(self._file)
                self._file = None


class LogFlusher:
    """Makes commits durable, many at once: a flush of SQLite's log serves every commit that came before it.

    SQLite would flush within the commit, while all other writers wait. Here the next writer goes on meanwhile, and of those that
    wait to be durable one flushes for all. The log is flushed by its name: whoever copies it into the database flushes it, too,
    so a log that is gone, or was begun anew, holds nothing any more that has to be.
    """

    def __init__(self, path: Path) -> None:
        # As text: a path would be turned into one with each look.
        self._path = str(path)
        self._lock = threading.Lock()
        self._descriptor: int | None = None
        self._opened = (0, 0)
        self._committed = 0
        self._flushed = 0

    def committed(self) -> Callable[[], None]:
        """Note a commit, while no other writer is let in; return what makes it durable."""
        self._committed += 1
        return partial(self._flush, self._committed)

    def _flush(self, number: int) -> None:
        with self._lock:
            if self._flushed >= number:
                return
            latest = self._committed
            descriptor = self._open()
            if descriptor is not None:
                durable.flush(descriptor)
            self._flushed = latest

    def _open(self) -> int | None:
        """Return the log's descriptor, opened again when a last connection removed the log with its end."""
        try:
            found = os.stat(self._path)
        except FileNotFoundError:
            return None
        if self._descriptor is None or self._opened != (found.st_dev, found.st_ino):
            self._close()
            self._descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
            opened = os.fstat(self._descriptor)
            self._opened = opened.st_dev, opened.st_ino
        return self._descriptor

    def close(self) -> None:
        """Close the log."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        # Forgotten before it is closed: a number that is closed may come to be another file's.
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)
