"""Reads that are noted and not written yet: a read must not wait for a write."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Final

from davgate.model.frozen import frozen
from davgate.model.instant import Instant

logger = logging.getLogger(__name__)

MOST: Final = 10_000
"""Reads that are kept while they cannot be written; of more there is only the number."""
_SECONDS: Final = 1.0


@frozen
class Read:
    """Somebody has read what is said of a node, or its content, as of a version."""

    principal_id: int
    action: str
    node_id: int
    version_no: int
    at: Instant
    request_id: str
    client: str


class Reads:
    """The reads of about a second, in this process; its threads share them.

    The first one starts a timer, at whose end all are written. ``writing`` is held by whoever writes some, so that the next
    one finds them written. What was noted and not written yet is lost with the process.
    """

    def __init__(self) -> None:
        self.writing = threading.Lock()
        self._lock = threading.Lock()
        self._noted: list[Read] = []
        self._left_out = 0
        self._timer: threading.Timer | None = None

    def add(self, read: Read, write: Callable[[], object]) -> None:
        """Note a read, to be written by ``write`` within a second."""
        with self._lock:
            if len(self._noted) >= MOST:
                self._left_out += 1
                return
            self._noted.append(read)
            if self._timer is None:
                self._timer = _started(write)

    def take(self) -> tuple[Sequence[Read], int]:
        """Return what was noted, for the caller to write, and how many reads were left out; they are forgotten here."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            taken, self._noted = self._noted, []
            left_out, self._left_out = self._left_out, 0
            self._timer = None
            return taken, left_out


def _started(write: Callable[[], object]) -> threading.Timer | None:
    """Let reads be written a second later; None where no thread is to be had, so that the next read tries again."""
    timer = threading.Timer(_SECONDS, write)
    timer.daemon = True
    try:
        timer.start()
    except RuntimeError as error:
        logger.warning("Reads wait to be written: %s", error)
        return None
    return timer
