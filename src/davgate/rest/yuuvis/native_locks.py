"""Locks as the sister product has them: of a user, without a token, until they are taken away."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from davgate.core import signed_locks
from davgate.core.describing import Described
from davgate.core.store import Context
from davgate.http.responses import Response, empty
from davgate.model.errors import Malformed
from davgate.rest.exchange import Exchange
from davgate.rest.operations import Answer, Operation
from davgate.rest.yuuvis.finding import By, Settings, find, naming_holder


def operations(by: By) -> tuple[Operation, ...]:
    """Return what is offered of locks."""
    return tuple(
        Operation(
            method="PATCH",
            template=f"/objects/{{id}}/contents/native/{name}",
            handler=by(handler),
            id=name,
            summary=summary,
            reads=False,
            answers={204: Answer()},
            refusals=(409, 412),
            headers=("Lock-Token", "If", "X-ID-TENANT-NAME"),
        )
        for name, summary, handler in (
            ("lock", "Lock an object, until it is unlocked.", lock),
            ("unlock", "End one's lock on an object.", unlock),
        )
    )


def lock(settings: Settings, exchange: Exchange) -> Response:
    """Lock a document for the caller, who may have locked it before."""
    return _settle(settings, exchange, lambda ctx, it: signed_locks.lock(exchange.store, ctx, it.node.id, None))


def unlock(settings: Settings, exchange: Exchange) -> Response:
    """End the caller's lock on a document, if there is one."""
    return _settle(settings, exchange, lambda ctx, it: signed_locks.unlock(exchange.store, ctx, it.node.id))


def _settle(settings: Settings, exchange: Exchange, act: Callable[[Context, Described], object]) -> Response:
    ctx, it = find(settings, exchange)
    if it.node.is_collection:
        raise Malformed("A folder is not locked here. Lock what is in it.")
    with naming_holder(exchange, ctx, it.node.uuid):
        act(ctx, it)
    return empty(HTTPStatus.NO_CONTENT)
