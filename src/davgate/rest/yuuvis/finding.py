"""From a request to who asks and what it names, and who is in the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TypeAlias

from davgate.core import describing
from davgate.core.describing import Described
from davgate.core.in_the_way import in_the_way
from davgate.core.store import Context
from davgate.http.responses import Response
from davgate.model.errors import LockConflict, Locked, NotFound
from davgate.model.errors_of_versions import CheckedOut
from davgate.model.frozen import frozen
from davgate.model.paths import TreePath
from davgate.model.uuids import canonical
from davgate.rest.exchange import Exchange
from davgate.rest.operations import Handler
from davgate.rest.yuuvis.errors import HeldBy, UnknownTenant
from davgate.rest.yuuvis.tracing import with_trace


@frozen
class Settings:
    """Where new objects go that have no parent, what tenant and storage are called, and whether reads are kept."""

    folder: TreePath = ("yuuvis",)
    tenant: str = "default"
    repository: str = "default"
    audit_reads: bool = True


Handling: TypeAlias = Callable[[Settings, Exchange], Response]
"""An operation of this door, as it is written: with the settings of the door beside what was asked."""
By: TypeAlias = Callable[[Handling], Handler]
"""What gives an operation the settings of its door."""


def context_of(settings: Settings, exchange: Exchange) -> Context:
    """Return who asks, as this door takes it.

    Raises:
        UnknownTenant: the request names another tenant.
    """
    tenant = exchange.request.header("X_ID_TENANT_NAME")
    if tenant is not None and tenant != settings.tenant:
        raise UnknownTenant(tenant)
    ctx = exchange.signed_ctx
    return replace(ctx, request_id=with_trace(ctx.request_id, exchange.request.header("X_B3_TRACEID")))


def is_uuid(text: object) -> bool:
    """Tell whether this is an id as objects have them: in lower case, with hyphens."""
    return isinstance(text, str) and canonical(text) == text


def object_id(exchange: Exchange) -> str:
    """Return the id in the address.

    Raises:
        NotFound: it is none.
    """
    uuid = str(exchange.params["id"])
    if not is_uuid(uuid):
        raise NotFound(exchange.request.target.path)
    return uuid


def find(settings: Settings, exchange: Exchange) -> tuple[Context, Described]:
    """Return who asks and the object that the address names; conditions are not looked at.

    Raises:
        NotFound: there is none that the caller may see.
        UnknownTenant.
    """
    ctx = context_of(settings, exchange)
    return ctx, describing.describe(exchange.store, ctx.without_conditions(), object_id(exchange)).it


@contextmanager
def naming_holder(exchange: Exchange, ctx: Context, where: str | None = None) -> Iterator[None]:
    """Let a refusal by a lock name its holder: of what has the id ``where``, or of whatever is locked.

    Who may not see what is locked is told no name.
    """
    try:
        yield
    except CheckedOut as error:
        raise HeldBy(error.holder, is_own=error.holder == ctx.principal.name, uuid=where) from error
    except (Locked, LockConflict) as error:
        if (found := in_the_way(exchange.store, ctx, where, error.roots)) is None:
            # It has ended meanwhile, and could be tried again; or nobody tells this caller.
            raise
        uuid = None if found.is_elsewhere else where
        is_folder = found.is_elsewhere and found.is_collection
        raise HeldBy(found.holder, is_own=found.is_own, uuid=uuid, is_folder=is_folder) from error
