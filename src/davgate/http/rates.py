"""How much one user may ask for: requests in a minute, and bodies at once. Each process counts for itself."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from davgate.model.errors import TooManyRequests, TooManyUploads
from davgate.model.instant import Instant

_MINUTE: Final = 60_000_000


class Rates:
    """Limits how many requests one principal makes in a minute, in all processes together if they share the work evenly.

    Each principal has a bucket that holds what it may send in a minute, and fills again as fast as it may send.
    """

    def __init__(self, requests_per_minute: int, processes: int = 1) -> None:
        self._share = max(1.0, requests_per_minute / processes)
        self._lock = threading.Lock()
        self._buckets: dict[int, tuple[float, Instant]] = {}

    def take(self, principal_id: int, now: Instant) -> None:
        """Count a request.

        Raises:
            TooManyRequests: with the seconds until the next one is allowed.
        """
        with self._lock:
            left, at = self._buckets.get(principal_id, (self._share, now))
            # A clock that was set back fills nothing, and takes nothing away.
            left = min(self._share, left + max(0, now - at) * self._share / _MINUTE)
            is_allowed = left >= 1
            self._buckets[principal_id] = (left - is_allowed, now)
        if not is_allowed:
            microseconds = (1 - left) * _MINUTE / self._share
            raise TooManyRequests(max(1, int(-(-microseconds // 1_000_000))))


class OpenUploads:
    """Limits how many bodies of one principal are on their way in at a time; each keeps a thread."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._open: Counter[int] = Counter()

    @contextmanager
    def one_more(self, principal_id: int) -> Iterator[None]:
        """Count an upload while the block runs.

        Raises:
            TooManyUploads: the principal has as many as it may.
        """
        with self._lock:
            if self._open[principal_id] >= self._most:
                raise TooManyUploads()
            self._open[principal_id] += 1
        try:
            yield
        finally:
            with self._lock:
                self._open[principal_id] -= 1
                if not self._open[principal_id]:
                    del self._open[principal_id]
