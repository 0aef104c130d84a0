"""The brake on guessing passwords, shared by all doors, ways to sign in and processes: it counts in the database.

Only failures are counted and only failures are slowed down, so that nobody is shut out by what others try with their name. What a
flood of failures can cost is bounded: so many rows for a name and an address, so many in all, and once the brake holds nothing is
written any more.
"""

from __future__ import annotations

import hashlib
import unicodedata
from datetime import timedelta
from ipaddress import ip_address
from typing import Final

from davgate.core.store import Store
from davgate.model.errors_of_sign_in import TooManyFailures
from davgate.model.frozen import frozen
from davgate.model.instant import Instant, after, seconds_left
from davgate.storage.api import sign_in_failures

LONGEST_WINDOW: Final = timedelta(hours=24)
"""What the settings allow. Where nobody fails any more, the last failures are kept so long."""

_IPV6_PREFIX: Final = 64
"""Bits of an IPv6 address that one subscriber has; the rest it changes at will."""


@frozen
class Brake:
    """So many failures of one name from one address within the window are answered as such, further ones are put off."""

    failures: int = 20
    window: timedelta = timedelta(minutes=5)

    def note_failure(self, store: Store, name: str, address: str) -> None:
        """Count a failed sign-in; not lost with the process, though perhaps with the machine's power.

        Raises:
            TooManyFailures: it is one too many, of its name from its address or of all.
        """
        key, client = _key(name), network_of(address)
        # Looked at first without the writer: a flood of failures must not stand in the way of those who write.
        with store.database.read() as session:
            now = store.clock.now()
            self._check(sign_in_failures.latest(session, key, client, after(now, -self.window), self.failures), now)
        with store.database.write(durable=False) as tx:
            # Of failures at the same moment in several processes, each counts those before it.
            self._check(sign_in_failures.latest(tx, key, client, after(tx.now, -self.window), self.failures), tx.now)
            sign_in_failures.forget_before(tx, after(tx.now, -self.window))
            if not sign_in_failures.add(tx, key, client):
                raise TooManyFailures(self._seconds)
            tx.commit()

    def _check(self, failed_at: list[Instant], now: Instant) -> None:
        """Refuse while the last failures that are one too many all lie within the window."""
        if len(failed_at) >= self.failures:
            ends = after(failed_at[-1], self.window)
            # A clock that was set back must not hold anybody for longer than the window.
            raise TooManyFailures(min(max(1, seconds_left(ends, now)), self._seconds))

    @property
    def _seconds(self) -> int:
        return max(1, self.window // timedelta(seconds=1))


def forget_failures(store: Store) -> int:
    """Drop the failures that count by no setting any more; return how many."""
    with store.database.write(durable=False) as tx:
        forgotten = sign_in_failures.forget_before(tx, after(tx.now, -LONGEST_WINDOW))
        tx.commit()
    return forgotten


def _key(name: str) -> str:
    """Return what stands for a name: of a bounded length, and nothing that could be read.

    People type passwords into the field for the name. Spellings that a directory takes for one name count as one.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return hashlib.sha256(folded.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def network_of(address: str) -> str:
    """Return the network that stands for an address; an IPv4 address in IPv6 is what it stands for."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    mapped = getattr(parsed, "ipv4_mapped", None)
    if mapped is not None or parsed.version == 4:
        return str(mapped or parsed)
    return f"{ip_address(int(parsed) >> (128 - _IPV6_PREFIX) << (128 - _IPV6_PREFIX))}/{_IPV6_PREFIX}"
