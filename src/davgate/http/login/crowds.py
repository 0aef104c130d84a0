"""How many password checks go on at a time: of an address from which they are guessed, and in all.

A check takes a tenth of a second of all processors, and whoever has not signed in decides how many are asked for. A few dozen
connections with wrong passwords, from one address or from as many, would keep all threads, and whoever is signed in would wait
for minutes. So a thread that checks is not one of those that work, and how many do is bounded.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

from davgate.core.principals.brake import network_of
from davgate.model.errors import Busy, Unauthenticated
from davgate.model.errors_of_sign_in import TooManyFailures
from davgate.model.instant import Clock, Instant, after

_MOST_KNOWN: Final = 10_000
_SOON_SECONDS: Final = 1


class Crowds:
    """Counts failures and running checks by address, in this process alone and whatever names they are of.

    After so many ``failures`` within a ``window`` no more than ``at_once`` requests of an address are checked, or wait for one
    that is, at a time. All addresses together have ``MOST_TIMES`` as many; one from which something failed within the window
    comes only while there are ``SUSPECT_TIMES`` as many, so that it leaves room for others.
    """

    MOST_TIMES: Final = 16
    SUSPECT_TIMES: Final = 4

    def __init__(self, clock: Clock, failures: int, window: timedelta, at_once: int) -> None:
        self._clock = clock
        self._failures = failures
        self._window = window
        self._at_once = at_once
        self._lock = threading.Lock()
        self._failed: dict[str, tuple[int, Instant]] = {}
        self._running: Counter[str] = Counter()
        self._in_all = 0

    @contextmanager
    def one_more(self, address: str) -> Iterator[None]:
        """Count a request while the block checks its password, and whether that fails.

        Raises:
            TooManyFailures: too many have failed, and too many are under way.
            Busy: too many are under way of others.
        """
        network = network_of(address)
        with self._lock:
            failed = self._failed_lately(network)
            if failed >= self._failures and self._running[network] >= self._at_once:
                raise TooManyFailures(_SOON_SECONDS)
            if failed and self._in_all >= self._at_once * self.SUSPECT_TIMES:
                raise TooManyFailures(_SOON_SECONDS)
            if self._in_all >= self._at_once * self.MOST_TIMES:
                raise Busy("Too many sign in at the moment. Try again in a moment.")
            self._running[network] += 1
            self._in_all += 1
        try:
            yield
        except (Unauthenticated, TooManyFailures):
            with self._lock:
                self._note(network)
            raise
        finally:
            with self._lock:
                self._in_all -= 1
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
