"""Locks: one on a document at most, of a user, for one editing phase or until it is taken away.

What other doors hold on a document shows as a lock of the kind that it is most like: with an end as temporary, without one, as a
check-out of somebody else is, as permanent.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from typing import Any, Final

from davgate.core import locking, revisions, signed_locks
from davgate.core.revisions import Shown
from davgate.core.store import Context
from davgate.http.responses import Response
from davgate.model.errors import Forbidden, LockConflict, Locked, NotTheLockOwner, TooManyLocks, UnknownLockToken
from davgate.model.errors_of_versions import CheckedOut
from davgate.model.frozen import frozen
from davgate.model.permissions import require
from davgate.model.rights import Right
from davgate.rest.dynacase import envelope, validators
from davgate.rest.dynacase.addressing import find, until_gone, uri
from davgate.rest.dynacase.errors import Refusal, Refused, answering
from davgate.rest.dynacase.properties import holder_of, user
from davgate.rest.exchange import Exchange
from davgate.rest.operations import Answer, Handler, Operation

LASTS: Final = timedelta(hours=1)
"""How long a temporary lock stands."""

TEMPORARY: Final = "temporary"
PERMANENT: Final = "permanent"

_CANNOT_LOCK: Final = Refusal(HTTPStatus.BAD_REQUEST, "CRUD0231", "The document cannot be locked")
_CANNOT_UNLOCK: Final = Refusal(HTTPStatus.BAD_REQUEST, "CRUD0232", "The document cannot be unlocked")
_IS_PERMANENT: Final = Refusal(HTTPStatus.BAD_REQUEST, "CRUD0233", "The lock is a permanent one")
_IS_TEMPORARY: Final = Refusal(HTTPStatus.BAD_REQUEST, "CRUD0234", "The lock is a temporary one")


@frozen
class Held:
    """Who has a document; ``token`` is that of a lock, None where it is checked out through another door."""

    by_id: int
    by: str
    kind: str
    token: str | None


def _held(ctx: Context, shown: Shown) -> Held | None:
    holder, lock = holder_of(shown, ctx.principal.id), shown.it.lock
    if holder is None:
        return None
    kind = TEMPORARY if holder.is_temporary else PERMANENT
    return Held(holder.id, holder.name, kind, None if lock is None else lock.token)


# Telling


def show_all(exchange: Exchange) -> Response:
    """Tell which lock a document has, as a list."""
    found = find(exchange)
    return validators.answer(exchange, found.shown, _all(exchange, found.ctx, found.shown))


def show_one(kind: str, exchange: Exchange) -> Response:
    """Tell which lock a document has, of whatever kind it is."""
    found = find(exchange)
    return validators.answer(exchange, found.shown, _one(exchange, found.ctx, found.shown, kind))


def _all(exchange: Exchange, ctx: Context, shown: Shown) -> dict[str, Any]:
    locks = [] if _held(ctx, shown) is None else [_one(exchange, ctx, shown, "")]
    return {"uri": uri(exchange, "documents", shown.initid, "locks", ending="/"), "locks": locks}


def _one(exchange: Exchange, ctx: Context, shown: Shown, asked: str) -> dict[str, Any]:
    held = _held(ctx, shown)
    address = uri(exchange, "documents", shown.initid, "locks", asked if held is None else held.kind, ending="")
    if held is None:
        return {"uri": address, "lock": None}
    told = {
        "lockedBy": user(held.by_id, held.by),
        "isMyLock": held.by_id == ctx.principal.id,
        "temporary": held.kind == TEMPORARY,
        "fixed": False,
    }
    return {"uri": address, "lock": told}


# Locking


def lock(kind: str, exchange: Exchange) -> Response:
    """Lock a document for the caller, or make the caller's lock one of this kind; a permanent one is never made temporary."""
    found = find(exchange)
    with until_gone(exchange, found), answering(dict.fromkeys((Locked, LockConflict, TooManyLocks, Forbidden), _CANNOT_LOCK)):
        # A lock keeps others out: it is for those who could change the document themselves.
        require(Right.WRITE_PROPERTIES, found.shown.it.rights, ())
        ctx = validators.admitted(exchange, found.ctx, found.shown)
        signed_locks.lock(exchange.store, ctx, found.shown.initid, LASTS if kind == TEMPORARY else None)
        locked = revisions.show(exchange.store, found.ctx, found.shown.initid)
    return envelope.answer(exchange, _one(exchange, found.ctx, locked, kind), status=HTTPStatus.CREATED)


# Unlocking


def unlock(exchange: Exchange) -> Response:
    """End the caller's lock, whatever its kind."""
    ctx, shown = _unlock(exchange, None)
    return envelope.answer(exchange, _all(exchange, ctx, shown))


def unlock_kind(kind: str, exchange: Exchange) -> Response:
    """End the caller's lock of one kind."""
    ctx, shown = _unlock(exchange, kind)
    return envelope.answer(exchange, _one(exchange, ctx, shown, kind))


def _unlock(exchange: Exchange, kind: str | None) -> tuple[Context, Shown]:
    found = find(exchange)
    ctx, shown = found.ctx, found.shown
    held = _held(ctx, shown)
    with until_gone(exchange, found):
        if held is not None:
            _end(exchange, ctx, shown, held, kind)
        return ctx, revisions.show(exchange.store, ctx, shown.initid)


def _end(exchange: Exchange, ctx: Context, shown: Shown, held: Held, kind: str | None) -> None:
    with answering({NotTheLockOwner: _CANNOT_UNLOCK, Locked: _CANNOT_UNLOCK}):
        token = _token_to_end(ctx, shown, held)
        if kind not in (None, held.kind):
            raise Refused(_IS_PERMANENT if held.kind == PERMANENT else _IS_TEMPORARY)
        admitted = validators.admitted(exchange, ctx, shown)
        # It may have ended by itself meanwhile.
        with suppress(UnknownLockToken):
            locking.unlock(exchange.store, admitted, shown.initid, token)


def _token_to_end(ctx: Context, shown: Shown, held: Held) -> str:
    """Return the token of a lock that the caller may end: its own, or where it administers the document anybody's.

    Raises:
        CheckedOut: it is no lock; a check-out ends by the door that it was made through.
        NotTheLockOwner: it is somebody else's.
    """
    if held.token is None:
        raise CheckedOut((str(shown.initid),), held.by)
    if held.by_id != ctx.principal.id and Right.UNLOCK not in shown.it.rights:
        raise NotTheLockOwner
    return held.token


_LOCKS: Final = "/documents/{id}/locks"


def _operations() -> tuple[Operation, ...]:
    operations = [
        _reading(_LOCKS, show_all, "read-locks", "Tell which lock a document has."),
        _writing("DELETE", _LOCKS, unlock, "unlock", "End one's lock, of whatever kind."),
    ]
    for kind in (TEMPORARY, PERMANENT):
        template = f"{_LOCKS}/{kind}"
        operations += [
            _reading(template, partial(show_one, kind), f"read-{kind}-lock", f"Tell which lock a document has, if a {kind} one."),
            _writing("POST", template, partial(lock, kind), f"lock-{kind}", f"Take a {kind} lock."),
            _writing("PUT", template, partial(lock, kind), f"put-{kind}-lock", f"Take a {kind} lock."),
            _writing("DELETE", template, partial(unlock_kind, kind), f"unlock-{kind}", f"End one's {kind} lock."),
        ]
    return tuple(operations)


def _reading(template: str, handler: Handler, id: str, summary: str) -> Operation:
    return Operation(
        method="GET",
        template=template,
        handler=handler,
        id=id,
        summary=summary,
        reads=True,
        answers={200: Answer(envelope.Envelope, headers=("ETag",)), 304: Answer(headers=("ETag",))},
        headers=("If-None-Match",),
    )


def _writing(method: str, template: str, handler: Callable[[Exchange], Response], id: str, summary: str) -> Operation:
    status = HTTPStatus.OK if method == "DELETE" else HTTPStatus.CREATED
    return Operation(
        method=method,
        template=template,
        handler=handler,
        id=id,
        summary=summary,
        reads=False,
        answers={status.value: Answer(envelope.Envelope)},
        headers=("If-Match",),
    )


OPERATIONS: Final = _operations()
