"""How many denials are written down one by one: a program that is refused over and over must not fill the disk by it."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta
from typing import Final

from davgate.model.instant import Instant, after
from davgate.model.principal import SYSTEM_ID

MOST_OF_ONE: Final = 20
"""Denials of one source within a minute that get a row of their own."""
MOST: Final = 200
"""The same of all sources together: addresses are cheap."""
_MINUTE: Final = timedelta(minutes=1)

Source = tuple[int, str]
"""Who was refused: the id of a principal, that of davgate itself while nobody has signed in, and the address."""

_OTHERS: Final[Source] = (SYSTEM_ID, "")


class Denials:
    """What was denied in this minute, in this process; its threads share it.

    Up to ``MOST_OF_ONE`` denials of a source get a row each. The others are counted, and the count gets one row when the minute
    is over. So each denial is told of, and a process writes at most twice ``MOST`` rows in a minute. Counts that were not written
    yet are lost with the process.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._since = Instant(0)
        self._rows: Counter[Source] = Counter()
        self._left_out: Counter[Source] = Counter()
        self._due: Counter[Source] = Counter()

    def admit(self, source: Source, now: Instant) -> bool:
        """Tell whether a denial gets a row of its own; if not, it is counted."""
        with self._lock:
            self._turn(now)
            if self._rows[source] < MOST_OF_ONE and self._rows.total() < MOST:
                self._rows[source] += 1
                return True
            _count(self._left_out, source, 1)
            return False

    def take_due(self, now: Instant) -> Counter[Source]:
        """Return the counts of minutes that are over, for the caller to write; they are forgotten here."""
        with self._lock:
            self._turn(now)
            due, self._due = self._due, Counter()
        return due

    def _turn(self, now: Instant) -> None:
        """Begin another minute when one is over; a clock that leapt back begins one, too."""
        if self._since <= now < after(self._since, _MINUTE):
            return
        for source, count in self._left_out.items():
            _count(self._due, source, count)
        self._rows.clear()
        self._left_out.clear()
        self._since = now


def _count(counts: Counter[Source], source: Source, more: int) -> None:
    """Add to a source's count; where there are many sources, to that of all others."""
    counts[source if source in counts or len(counts) < MOST - 1 else _OTHERS] += more
