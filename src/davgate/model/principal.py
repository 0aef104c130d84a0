"""Who acts: users, groups and services."""

from __future__ import annotations

import enum
from typing import Final

from davgate.model.frozen import frozen
from davgate.model.instant import FOREVER, Instant
from davgate.model.rights import UNRESTRICTED, Scope


class PrincipalKind(enum.Enum):
    """What sort of principal a row names."""

    USER = "user"
    GROUP = "group"
    SERVICE = "service"


SIGNED_IN_ID: Final = 0
"""The group of every principal that signed in; a grant to it is an ordinary grant."""

SIGNED_IN_NAME: Final = "signed in"
"""The name that this group is stored under; commands write a hyphen for the blank."""

SYSTEM_ID: Final = 1
"""Davgate itself, as author of what nobody asked for (expiry, sweeping)."""


@frozen
class Principal:
    """The one who makes a request, however they signed in.

    ``epoch`` counts the changes of password, state, role and groups; a remembered sign-in of an older epoch no longer counts, nor
    does one at or after ``expires_at``. ``groups`` are the ids of all groups it is in, by others too. ``method`` tells how it
    signed in, for people. ``scopes`` are the words of a token that is restricted by them: some open a single door, which knows
    what they mean there.
    """

    id: int
    name: str
    epoch: int
    is_admin: bool = False
    groups: tuple[int, ...] = ()
    scope: Scope = UNRESTRICTED
    expires_at: Instant = FOREVER
    method: str = "password"
    scopes: frozenset[str] | None = None

    @property
    def identities(self) -> tuple[int, ...]:
        """The ids whose grants this principal has."""
        return (self.id, SIGNED_IN_ID, *self.groups)

    @property
    def administers_all(self) -> bool:
        """Whether it is an administrator of the whole store, who signed in without restriction."""
        return self.is_admin and self.scope == UNRESTRICTED


SYSTEM: Final = Principal(SYSTEM_ID, "system", epoch=0, is_admin=True)
