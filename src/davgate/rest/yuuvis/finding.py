"""From a request to who asks and what it names, and who is in the way."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

from davgate.core import describing
from davgate.core.describing import Described
from davgate.core.store import Context
from davgate.model.errors import CheckedOut, LockConflict, Locked, NotFound
from davgate.model.locks import Holding
from davgate.model.paths import TreePath, Where
from davgate.rest.exchange import Exchange
from davgate.rest.yuuvis.errors import HeldBy, UnknownTenant
from davgate.rest.yuuvis.tracing import with_trace

_SIGNED_FOR: Final = frozenset({Holding.PRINCIPAL})
"""There are no lock tokens here: whoever signed in holds what was locked through such doors in their name."""
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Settings:
    """Where new objects go that have no parent, what tenant and storage are called, and whether reads are kept."""

    folder: TreePath = ("yuuvis",)
    tenant: str = "default"
    repository: str = "default"
    audit_reads: bool = True


def context_of(settings: Settings, exchange: Exchange) -> Context:
    """Return who asks, as this door takes it.

    Raises:
        UnknownTenant: the request names another tenant.
    """
    tenant = exchange.request.header("X_ID_TENANT_NAME")
    if tenant is not None and tenant != settings.tenant:
        raise UnknownTenant(tenant)
    ctx = exchange.ctx
    request_id = with_trace(ctx.request_id, exchange.request.header("X_B3_TRACEID"))
    return replace(ctx, signed_for=_SIGNED_FOR, request_id=request_id)


def is_uuid(text: object) -> bool:
    """Tell whether this is an id as objects have them: in lower case, with hyphens."""
    return isinstance(text, str) and _UUID.fullmatch(text) is not None


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
        try:
            seen = describing.describe(exchange.store, ctx.without_conditions(), where or _leading_to(error.roots[0]))
        except NotFound:
            raise error from None
        holder = _holder_of(seen.it)
        if not holder:
            # It has ended meanwhile, and could be tried again.
            raise
        raise HeldBy(holder, is_own=holder == ctx.principal.name, uuid=where) from error


def _leading_to(root: TreePath) -> Where:
    """Return what the root of a lock is found by: what has no name on the drive is called there by its UUID."""
    uuid = root[-1].removeprefix("=") if root else ""
    return uuid if is_uuid(uuid) else root


def _holder_of(it: Described) -> str:
    if it.lock is not None:
        return it.lock_holder
    return it.held_by.principal_name if it.held_by is not None else ""
