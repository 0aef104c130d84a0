"""The store that use cases work on, and the request they work for."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import field, replace
from datetime import timedelta, tzinfo
from zoneinfo import ZoneInfo

from davgate.core.audit.denials import Denials
from davgate.core.audit.reads import Reads
from davgate.core.object_types import shipped
from davgate.model.conditions import NO_CONDITIONS, Conditions
from davgate.model.errors import DavgateError
from davgate.model.frozen import frozen
from davgate.model.instant import Clock
from davgate.model.locks import NOT_SIGNED_FOR, Holding, LockPolicy
from davgate.model.names import PathLimits
from davgate.model.object_types import ObjectTypes
from davgate.model.principal import SYSTEM, Principal
from davgate.model.thinning import ThinningRule
from davgate.storage.api import BlobStore, Database


@frozen
class Policy:
    """What the configuration decides about documents, versions and locks. A quota of 0 bytes is none.

    Nothing comes to a place whose path, or that of something below it, would be beyond ``paths``: no door could be asked for it.

    ``save_window`` is how long a step of a save may be away from the next one, and content that is awaited. A program's own files
    are swept ``scratch_age`` after they were last written, those that go with a document after ``sidecar_age``; what may be the
    only copy of something then stays in the trash for ``swept_age``, anything else for ``trash_keep``, or for ever without one.
    An upload in parts ends ``upload_life`` after its last byte; a principal has ``open_uploads`` of them at most.
    The dead properties of a document or collection have ``property_bytes`` together: listings hold them in memory, and no quota
    counts them.
    """

    locks: LockPolicy = LockPolicy()
    paths: PathLimits = PathLimits()
    quota_bytes: int = 0
    upload_limit_bytes: int = 64 << 30
    upload_life: timedelta = timedelta(hours=1)
    open_uploads: int = 100
    property_bytes: int = 64 << 10
    time_zone: tzinfo = field(default_factory=lambda: ZoneInfo("UTC"))
    save_window: timedelta = timedelta(seconds=120)
    versions_per: str = "session"
    scratch_limit_bytes: int = 1 << 30
    scratch_age: timedelta = timedelta(hours=24)
    sidecar_age: timedelta = timedelta(days=7)
    swept_age: timedelta = timedelta(days=7)
    collect_grace: timedelta = timedelta(hours=24)
    thinning: ThinningRule = ThinningRule()
    trash_keep: timedelta | None = None


def _new_uuid() -> str:
    """Return a random UUID (RFC 9562, 5.4), put together from text: a copied tree needs thousands."""
    digits = secrets.token_hex(16)
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


@frozen
class Store:
    """One document store: its database, content, clock, rules and object types. Ids and lock tokens are unguessable UUIDs."""

    database: Database
    blobs: BlobStore
    clock: Clock
    policy: Policy = Policy()
    new_uuid: Callable[[], str] = _new_uuid
    denials: Denials = field(default_factory=Denials)
    reads: Reads = field(default_factory=Reads)
    types: ObjectTypes = field(default_factory=shipped)

    @property
    def failures(self) -> tuple[type[Exception], ...]:
        """What a step ends with that cannot be done now: for steps that must not stop those who did not ask for them."""
        return DavgateError, OSError, self.database.any_driver_error


@frozen
class Context:
    """Who asks, under which conditions, with which lock tokens (bare), from where.

    ``editing`` tells that the request comes from a program that saves as on a disk: what it does in several requests may be one
    edit of one document (``model.editing``). ``signed_for`` are the holdings of locks for which the request needs no token,
    because it came through a door that has none.
    """

    principal: Principal
    conditions: Conditions = NO_CONDITIONS
    tokens: frozenset[str] = frozenset()
    request_id: str = ""
    client: str = ""
    editing: bool = False
    signed_for: frozenset[Holding] = NOT_SIGNED_FOR

    def without_conditions(self) -> Context:
        """Return the same request for a look at something that its conditions do not concern."""
        return self if self.conditions.is_empty else replace(self, conditions=NO_CONDITIONS)


SYSTEM_CONTEXT = Context(SYSTEM)
