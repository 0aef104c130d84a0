"""From a request to the document it names: what its token opens, whose documents it may see, and who is in the way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from davgate.core import describing
from davgate.core.describing import Described
from davgate.core.in_the_way import in_the_way
from davgate.core.store import Context
from davgate.model.errors import LockConflict, Locked, NotFound
from davgate.model.errors_of_versions import CheckedOut
from davgate.model.frozen import frozen
from davgate.model.paths import TreePath
from davgate.rest.exchange import Exchange
from davgate.rest.okd import scopes
from davgate.rest.okd.errors import LockedBy
from davgate.rest.okd.metadata import DOCUMENT_TYPE


@frozen
class Settings:
    """Where new documents go, and whether everybody sees their own alone."""

    folder: TreePath = ("OKD",)
    own_documents_only: bool = False


def document_id(exchange: Exchange) -> str:
    """Return the id in the address, in lower case.

    Raises:
        NotFound: it is none in the form of RFC 9562, 4.
    """
    uuid = str(exchange.params["id"])
    if exchange.request.target.path[1].lower() != uuid:
        raise NotFound(exchange.request.target.path)
    return uuid


def find(settings: Settings, exchange: Exchange) -> tuple[Context, Described]:
    """Return the document that a request names, and the request with what it may do there; conditions are not looked at.

    Raises:
        InsufficientScope: its token opens documents of other types alone.
        NotFound: there is none that it may see.
    """
    ctx = exchange.signed_ctx
    looking = scopes.for_looking_up(ctx).without_conditions()
    seen = describing.describe(exchange.store, looking, document_id(exchange))
    it = seen.it
    if it.node.is_collection or (settings.own_documents_only and it.node.created_by != ctx.principal.id):
        raise NotFound(seen.path)
    document_type = it.metadata.get(DOCUMENT_TYPE)
    allowed = scopes.for_type(ctx, document_type if isinstance(document_type, str) else None)
    return allowed, it


def admit(settings: Settings, exchange: Exchange) -> Context:
    """Return the request with what it may do to the document that it names; see ``find``.

    Where that is the same for all documents, none is looked for: the use case itself tells that there is none.
    """
    ctx = exchange.signed_ctx
    if ctx.principal.scopes is None and not settings.own_documents_only:
        return ctx
    return find(settings, exchange)[0]


@contextmanager
def naming_holder(exchange: Exchange, ctx: Context) -> Iterator[None]:
    """Let a refusal by a lock name its holder: of the document in the address, or of the folder that it is in or would go to.

    Who may not see what is locked is told no name.
    """
    try:
        yield
    except CheckedOut:
        raise
    except (Locked, LockConflict) as error:
        where = document_id(exchange) if "id" in exchange.params else None
        if (found := in_the_way(exchange.store, ctx, where, error.roots)) is None:
            # It has ended meanwhile, and could be tried again; or nobody tells this caller.
            raise
        is_folder = found.is_elsewhere and found.is_collection
        raise LockedBy(found.holder, is_own=found.is_own, is_folder=is_folder) from error
