"""Locks as plone.locking shows them: ``@lock``, ``@refresh-lock`` and ``@unlock`` (RFC 4918, 6 and 7, are the rules behind it).

These services know a caller by the sign-in, and answer with the lock that stands, whoever's it is: nobody changes a lock of
somebody else here but by ending it. What locks forbid is the business of the services that write.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Final, TypeAlias
from xml.sax.saxutils import escape

from davgate.core import locking, signed_locks
from davgate.core.audit import auditing
from davgate.core.describing import Described
from davgate.core.locking import LockRequest
from davgate.core.store import Context
from davgate.http.responses import Response
from davgate.model.errors import LockConflict, NotTheLockOwner, RefreshMismatch, UnknownLockToken
from davgate.model.frozen import frozen
from davgate.model.instant import Instant, after
from davgate.model.locks import Depth, Holding, Lock, Scope
from davgate.model.permissions import require
from davgate.model.rights import Right
from davgate.rest import answers
from davgate.rest.exchange import Exchange
from davgate.rest.gever import shapes
from davgate.rest.gever.addresses import Found, find, find_by_id, url_of
from davgate.rest.gever.bodies import Fields, described, fields_of
from davgate.rest.gever.errors import TRASHED, Refused, bad_request
from davgate.rest.gever.times import isotime, unix_time
from davgate.rest.operations import Answer, Operation

_NAME: Final = "plone.locking.stealable"
"""What plone.locking calls its one type of lock, whether others may end it or not."""
_ENDLESS_SECONDS: Final = 4294967295
"""The span that plone.locking gives to a lock without end."""
_FRACTION_DIGITS: Final = 20
"""Two fractions of so many random digits are 132 bits."""


Taken: TypeAlias = Mapping[str, Instant]
"""When locks without end were taken, by their tokens."""


def taken_of(exchange: Exchange, described: Iterable[Described]) -> Taken:
    """Return when the locks without end on some objects were taken; one statement if there are any."""
    tokens = [it.lock.token for it in described if it.lock is not None and it.lock.timeout is None]
    return signed_locks.taken_at(exchange.store, tokens) if tokens else {}


def lock_info(found: Found, taken: Taken | None = None) -> dict[str, Any]:
    """Return what the caller is told of the lock on an object; its token is shown to whose lock it is alone.

    Who tells of many objects looks up before when the locks without end among theirs were ``taken``.
    """
    lock = found.it.lock
    if lock is None:
        return {"locked": False, "stealable": True}
    is_own = _is_own(found, lock)
    began, seconds = _span_of(lock, taken_of(found.exchange, [found.it]) if taken is None else taken)
    holder = found.it.lock_holder
    return {
        "created": isotime(began),
        "creator": holder,
        "creator_name": holder,
        "creator_url": url_of(found.exchange, ("author", holder)),
        "locked": True,
        **({"name": _NAME} if lock.holding is Holding.EITHER else {}),
        "stealable": lock.is_stealable or is_own,
        "time": unix_time(began),
        "timeout": seconds,
        **({"token": lock.token} if is_own else {}),
    }


def _is_own(found: Found, lock: Lock) -> bool:
    return lock.principal_id == found.exchange.ctx.principal.id


def _span_of(lock: Lock, taken: Taken) -> tuple[Instant, int]:
    """Return when a lock was taken or last refreshed, and for how many seconds."""
    if lock.timeout is None:
        # It may have ended since it was found.
        return taken.get(lock.token, Instant(0)), _ENDLESS_SECONDS
    return after(lock.expires_at, -lock.timeout), int(lock.timeout.total_seconds())


def show(exchange: Exchange) -> Response:
    """Answer with the lock that stands."""
    return _answer(find(exchange))


def _answer(found: Found) -> Response:
    return answers.json(HTTPStatus.OK, lock_info(found))


def _answer_anew(found: Found) -> Response:
    return _answer(find_by_id(found.exchange, found.node_id))


# Taking and refreshing


@frozen
class _Wanted:
    """What a body asks of a lock; None where it says nothing."""

    timeout: timedelta | None
    is_stealable: bool | None


def _wanted(fields: Fields, longest: timedelta) -> _Wanted:
    seconds = fields.get("timeout")
    if seconds is not None and (not isinstance(seconds, int) or isinstance(seconds, bool)):
        raise Refused(bad_request("Property 'timeout' must be an integer"))
    # A number may be larger than any span of time.
    timeout = None if seconds is None else timedelta(seconds=min(max(seconds, 1), int(longest.total_seconds())))
    return _Wanted(timeout, _flag(fields, "stealable"))


def _flag(fields: Fields, name: str) -> bool | None:
    value = fields.get(name)
    if value is not None and not isinstance(value, bool):
        raise Refused(bad_request(f"Property '{name}' must be a boolean"))
    return value


def lock(exchange: Exchange) -> Response:
    """Take a lock, or change the caller's own as the body says; one of somebody else stays as it is, and is the answer."""
    found = find(exchange)
    wanted = _wanted(fields_of(exchange), exchange.store.policy.locks.longest)
    if found.is_trashed:
        raise Refused(TRASHED)
    require(Right.LOCK, found.it.rights, found.seen.path)
    standing = found.it.lock
    if standing is None:
        # Whoever was faster has it, and is told by the answer.
        with suppress(LockConflict):
            locking.lock(exchange.store, exchange.ctx, found.node_id, _request(exchange, wanted))
    elif _is_own(found, standing):
        _change(found, standing, wanted)
    return _answer_anew(found)


def _request(exchange: Exchange, wanted: _Wanted) -> LockRequest:
    return LockRequest(
        Scope.EXCLUSIVE,
        # A lock of plone.locking is on one object: in a locked container documents go on being edited.
        Depth.ZERO,
        escape(exchange.ctx.principal.name),
        wanted.timeout,
        Holding.EITHER,
        is_stealable=wanted.is_stealable is not False,
        token=new_token(exchange.store.clock.now()),
        beside_check_out=True,
    )


def new_token(now: Instant) -> str:
    """Return an unguessable lock token in the form that clients of GEVER know."""
    fractions = (f"0.{secrets.randbelow(10**_FRACTION_DIGITS):0{_FRACTION_DIGITS}d}" for _ in range(2))
    return f"{'-'.join(fractions)}-00105A989226:{now // 1_000_000}.{now // 1000 % 1000:03d}"


def _change(found: Found, own: Lock, wanted: _Wanted) -> None:
    """Let the caller's own lock be as the body says. Only a lock that was made here can become one that others may end."""
    is_stealable = wanted.is_stealable if own.holding is Holding.EITHER else None
    if wanted.timeout is None and is_stealable is None:
        return
    # It may have ended since it was found: then the answer tells that.
    with suppress(RefreshMismatch):
        locking.refresh(
            found.exchange.store,
            _proving(found.exchange.ctx, own),
            found.node_id,
            wanted.timeout,
            is_stealable=is_stealable,
            goes_on=wanted.timeout is None,
        )


def _proving(ctx: Context, own: Lock) -> Context:
    """Return the request as one that submits the token of a lock that is its principal's."""
    return replace(ctx, tokens=frozenset({own.token}))


def refresh(exchange: Exchange) -> Response:
    """Let the caller's own lock begin its span anew; anybody else's, and one without end, stays as it is."""
    found = find(exchange)
    standing = found.it.lock
    if standing is None or standing.timeout is None or not _is_own(found, standing):
        return _answer(found)
    with suppress(RefreshMismatch):
        locking.refresh(exchange.store, _proving(exchange.ctx, standing), found.node_id, standing.timeout)
    return _answer_anew(found)


# Ending


def unlock(exchange: Exchange) -> Response:
    """End the lock if the caller may, and answer with the one that stands then."""
    found = find(exchange)
    fields = fields_of(exchange)
    by_force = _flag(fields, "force") is True
    standing = found.it.lock
    if standing is None or fields.get("lock_type") not in (None, _NAME):
        return _answer(found)
    try:
        locking.unlock(exchange.store, exchange.ctx, found.node_id, standing.token, by_force=by_force)
    except UnknownLockToken:
        pass
    except NotTheLockOwner as error:
        # It is no error here, and yet the audit tells who tried.
        auditing.denied(exchange.store, exchange.ctx, f"gever-{exchange.operation.id}", exchange.audited_path, error)
    return _answer_anew(found)


_INFO: Final = {HTTPStatus.OK.value: Answer(shapes.Lock)}

OPERATIONS: Final = (
    Operation(
        method="GET",
        template="/{path}/@lock",
        handler=show,
        id="show-lock",
        summary="Tell of the lock on an object.",
        reads=True,
        answers=_INFO,
    ),
    Operation(
        method="POST",
        template="/{path}/@lock",
        handler=lock,
        id="lock",
        summary="Lock an object, or change one's own lock on it.",
        reads=False,
        body=described(shapes.WantedLock),
        answers=_INFO,
        refusals=(412, 413),
    ),
    *(
        Operation(
            method=method,
            template=f"/{{path}}/{service}",
            handler=refresh,
            id=operation_id,
            summary="Let one's own lock begin its time anew.",
            reads=False,
            answers=_INFO,
            refusals=(412, 413),
        )
        for method, service, operation_id in (
            ("POST", "@refresh-lock", "refresh-lock"),
            ("PATCH", "@lock", "refresh-lock-by-patch"),
        )
    ),
    *(
        Operation(
            method=method,
            template=f"/{{path}}/{service}",
            handler=unlock,
            id=operation_id,
            summary="End one's own lock, or with force one that is stealable.",
            reads=False,
            body=described(shapes.Unlocking),
            answers=_INFO,
            refusals=(412, 413),
        )
        for method, service, operation_id in (("POST", "@unlock", "unlock"), ("DELETE", "@lock", "unlock-by-delete"))
    ),
)
