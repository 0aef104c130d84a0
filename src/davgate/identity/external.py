"""Who somebody is, according to a source outside the store."""

from __future__ import annotations

from davgate.model.frozen import frozen


@frozen
class ExternalUser:
    """A user whom a configured source vouches for; ``scopes`` None stands for a sign-in that is not restricted."""

    source: str
    name: str
    groups: tuple[str, ...] = ()
    scopes: tuple[str, ...] | None = None
