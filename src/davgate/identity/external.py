"""Who somebody is, according to a source outside the store."""

from __future__ import annotations

from dataclasses import dataclass, field

from davgate.model.instant import FOREVER, Instant


@dataclass(frozen=True, slots=True)
class ExternalUser:
    """A user whom a configured source vouches for; ``scopes`` None stands for a sign-in that is not restricted.

    ``expires_at`` is when the proof ends, of a source that says so.
    """

    source: str
    name: str
    groups: tuple[str, ...] = ()
    scopes: tuple[str, ...] | None = None
    expires_at: Instant = field(default=FOREVER, compare=False)
