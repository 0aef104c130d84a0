"""The clock of the machine, for use outside of tests."""

import time

from davgate.model.instant import Instant


class SystemClock:
    """Tells the time of the operating system."""

    def now(self) -> Instant:
        """Return the present instant."""
        return Instant(time.time_ns() // 1000)
