"""How many threads may check passwords for an address from which they are guessed.

A check takes a tenth of a second of all processors, and whoever has not signed in decides how many are asked for. A few dozen
connections with wrong passwords would keep all threads, and whoever is signed in would wait for minutes.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

from davgate.core.principals.brake import network_of
from davgate.model.errors import Unauthenticated
from davgate.model.errors_of_sign_in import TooManyFailures
from davgate.model.instant import Clock, Instant, after

_MOST_KNOWN: Final = 10_000
_SOON_SECONDS: Final = 1


class Crowds:
    """Counts failures and running checks by address, in this process alone and whatever names they are of.

    After so many ``failures`` within a ``window`` no more than ``at_once`` requests of an address are checked, or wait for one
    that is, at a time.
    """

    def __init__(self, clock: Clock, failures: int, window: timedelta, at_once: int) -> None:
        self._clock = clock
        self._failures = failures
        self._window = window
        self._at_once = at_once
        self._lock = threading.Lock()
        self._failed: dict[str, tuple[int, Instant]] = {}
        self._running: Counter[str] = Counter()

    @contextmanager
    def one_more(self, address: str) -> Iterator[None]:
        """Count a request while the block checks its password, and whether that fails.

        Raises:
            TooManyFailures: too many have failed, and too many are under way.
        """
        network = network_of(address)
        with self._lock:
            if self._running[network] >= self._at_once and self._failed_lately(network) >= self._failures:
                raise TooManyFailures(_SOON_SECONDS)
            self._running[network] += 1
        try:
            yield
        except (Unauthenticated, TooManyFailures):
            with self._lock:
                self._note(network)
            raise
        finally:
            with self._lock:
                self._running[network] -= 1
                if not self._running[network]:
                    del self._running[network]

    def _failed_lately(self, network: str) -> int:
        count, since = self._failed.get(network, (0, Instant(0)))
        return count if self._clock.now() < after(since, self._window) else 0

    def _note(self, network: str) -> None:
        if count := self._failed_lately(network):
            self._failed[network] = count + 1, self._failed[network][1]
            return
        if len(self._failed) >= _MOST_KNOWN:
            self._failed.clear()
        self._failed[network] = 1, self._clock.now()
