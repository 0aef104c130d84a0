"""Locks as OKD has them: of a client, by its sign-in, with no token."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import Any, Final

import msgspec

from davgate.core import signed_locks
from davgate.http.responses import Response, empty
from davgate.model.errors import Malformed
from davgate.rest import answers
from davgate.rest.exchange import Exchange
from davgate.rest.okd.finding import Settings, find, naming_holder
from davgate.rest.okd.wire import lock_state_of

DEFAULT: Final = timedelta(hours=1)
_LONGEST_SECONDS: Final = 86_400


class Asked(msgspec.Struct):
    """How long a lock is to last, in seconds from 1 to 86400; anything else does not count."""

    timeout: Any = None


class Unlocking(msgspec.Struct):
    """How a lock is ended: ``force`` is for administrators, and ends anybody's."""

    force: bool = False


def lock(settings: Settings, exchange: Exchange) -> Response:
    """Lock a document for the client, or let its lock begin anew."""
    ctx, it = find(settings, exchange)
    with naming_holder(exchange, ctx):
        signed_locks.lock(exchange.store, ctx, it.node.id, _asked(exchange))
    return empty(HTTPStatus.NO_CONTENT)


def _asked(exchange: Exchange) -> timedelta:
    try:
        seconds = exchange.json(Asked).timeout
    except Malformed:
        # Components send all kinds of things here, which mean nothing.
        return DEFAULT
    # True is an int in Python.
    return timedelta(seconds=seconds) if type(seconds) is int and 1 <= seconds <= _LONGEST_SECONDS else DEFAULT


def unlock(settings: Settings, exchange: Exchange) -> Response:
    """End the client's lock on a document, if it has one."""
    return _unlock(settings, exchange, by_force=exchange.query(Unlocking).force)


def unlock_by_post(settings: Settings, exchange: Exchange) -> Response:
    """End the client's lock on a document, as the oldest draft has it."""
    return _unlock(settings, exchange, by_force=False)


def _unlock(settings: Settings, exchange: Exchange, *, by_force: bool) -> Response:
    ctx, it = find(settings, exchange)
    with naming_holder(exchange, ctx):
        signed_locks.unlock(exchange.store, ctx, it.node.id, by_force=by_force)
    return empty(HTTPStatus.NO_CONTENT)


def show_lock(settings: Settings, exchange: Exchange) -> Response:
    """Tell whether a document is locked, by whom and until when."""
    ctx, it = find(settings, exchange)
    return answers.json(HTTPStatus.OK, lock_state_of(exchange.store, ctx, it))
