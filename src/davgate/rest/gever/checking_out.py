"""The check-out of a document: ``@checkout``, ``@checkin`` and ``@cancelcheckout``.

Locks come after it: a document is checked out, then locked, then unlocked and checked in. What is saved in between is for who
has it checked out alone.
"""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import Final

from davgate.core import checking_out
from davgate.http.responses import Response, empty
from davgate.model.errors import Forbidden, Locked
from davgate.model.errors_of_versions import AlreadyCheckedOut, NotCheckedOut
from davgate.rest.exchange import Exchange
from davgate.rest.gever import shapes
from davgate.rest.gever.addresses import Found, find_document
from davgate.rest.gever.bodies import described, fields_of
from davgate.rest.gever.errors import CANCEL, CHECK_IN, CHECK_OUT, Refusal, Refused, answering, bad_request
from davgate.rest.operations import Answer, Operation


def check_out(exchange: Exchange) -> Response:
    """Give the caller a working copy; any lock forbids it, the caller's own, too."""
    found = _present(exchange, CHECK_OUT)
    with answering({AlreadyCheckedOut: CHECK_OUT, Locked: CHECK_OUT, Forbidden: CHECK_OUT}):
        checking_out.check_out(exchange.store, exchange.ctx, found.node_id, beside_own_lock=False)
    return empty(HTTPStatus.NO_CONTENT)


def check_in(exchange: Exchange) -> Response:
    """Make the working copy the next version, and end every lock on the document."""
    found = _present(exchange, CHECK_IN)
    comment = fields_of(exchange).get("comment")
    if comment is not None and not isinstance(comment, str):
        raise Refused(bad_request("Property 'comment' must be a string"))
    # A lock whose token is submitted would outlive the check-in.
    ctx = replace(exchange.ctx, tokens=frozenset())
    with answering({NotCheckedOut: CHECK_IN, Locked: CHECK_IN, Forbidden: CHECK_IN}):
        checking_out.check_in(exchange.store, ctx, found.node_id, comment=comment or "", authored_by_caller=True)
    return empty(HTTPStatus.NO_CONTENT)


def cancel(exchange: Exchange) -> Response:
    """Drop the working copy; any lock forbids it, the caller's own, too."""
    found = _present(exchange, CANCEL)
    with answering({NotCheckedOut: CANCEL, Locked: CANCEL, Forbidden: CANCEL}):
        checking_out.cancel(exchange.store, exchange.ctx, found.node_id, beside_own_lock=False)
    return empty(HTTPStatus.NO_CONTENT)


def _present(exchange: Exchange, otherwise: Refusal) -> Found:
    found = find_document(exchange)
    if found.is_trashed:
        raise Refused(otherwise)
    return found


_DONE: Final = {HTTPStatus.NO_CONTENT.value: Answer()}

OPERATIONS: Final = (
    Operation(
        method="POST",
        template="/{path}/@checkout",
        handler=check_out,
        id="check-out",
        summary="Check a document out.",
        reads=False,
        answers=_DONE,
        refusals=(412,),
    ),
    Operation(
        method="POST",
        template="/{path}/@checkin",
        handler=check_in,
        id="check-in",
        summary="Make the working copy the next version of the document.",
        reads=False,
        body=described(shapes.CheckIn),
        answers=_DONE,
        refusals=(412, 413),
    ),
    Operation(
        method="POST",
        template="/{path}/@cancelcheckout",
        handler=cancel,
        id="cancel-check-out",
        summary="Drop the working copy of a document.",
        reads=False,
        answers=_DONE,
        refusals=(412,),
    ),
)
