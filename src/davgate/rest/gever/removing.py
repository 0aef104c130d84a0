"""DELETE, and the trash: what was trashed stays readable at its address and comes back, what was deleted is gone from here.

Either way it lies in the one trash that all doors share, and nothing is lost.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from davgate.core import deleted, deleting
from davgate.http.responses import Response, empty
from davgate.model.errors import Locked, NotFound, ParentMissing
from davgate.model.errors_of_versions import CheckedOut
from davgate.rest.exchange import Exchange
from davgate.rest.gever import errors
from davgate.rest.gever.addresses import find
from davgate.rest.gever.errors import Refused, answering
from davgate.rest.gever.services import OBJECT
from davgate.rest.operations import JSON, Answer, Operation


def delete(exchange: Exchange) -> Response:
    """Delete an object, if nobody has locked it or checked it out, or anything below it."""
    exchange.choose(JSON)
    found = find(exchange)
    if found.is_trashed:
        # What lies in a container that was trashed goes and comes back with that.
        with answering({NotFound: errors.TRASHED}):
            deleted.end_address(exchange.store, exchange.ctx, found.node_id)
        return empty(HTTPStatus.NO_CONTENT)
    with answering({CheckedOut: errors.CHECKED_OUT_DELETE, Locked: errors.locked_delete(found.id)}):
        deleting.delete(exchange.store, exchange.ctx, found.node_id, beside_own=False)
    return empty(HTTPStatus.NO_CONTENT)


def trash(exchange: Exchange) -> Response:
    """Put an object into the trash; it is still shown where it was."""
    found = find(exchange)
    if found.is_trashed:
        raise Refused(errors.ALREADY_TRASHED)
    with answering({CheckedOut: errors.TRASH_CHECKED_OUT, Locked: errors.TRASH_LOCKED}):
        deleting.delete(exchange.store, exchange.ctx, found.node_id, beside_own=False, keeps_address=True)
    return empty(HTTPStatus.NO_CONTENT)


def untrash(exchange: Exchange) -> Response:
    """Bring an object back out of the trash; one that is not there is left as it is, for the request may be a repetition."""
    found = find(exchange)
    if found.is_trashed:
        with answering({NotFound: errors.TRASHED, ParentMissing: errors.TRASHED}):
            deleted.restore(exchange.store, exchange.ctx, found.node_id)
    return empty(HTTPStatus.NO_CONTENT)


OPERATIONS: Final = (
    Operation(
        method="DELETE",
        template=OBJECT,
        handler=delete,
        id="delete",
        summary="Delete an object that is neither locked nor checked out.",
        reads=False,
        answers={204: Answer()},
        refusals=(406, 409, 412, 423),
        headers=("If-Match",),
    ),
    Operation(
        method="POST",
        template=f"{OBJECT}/@trash",
        handler=trash,
        id="trash",
        summary="Put an object into the trash.",
        reads=False,
        answers={204: Answer()},
        refusals=(412,),
    ),
    Operation(
        method="POST",
        template=f"{OBJECT}/@untrash",
        handler=untrash,
        id="untrash",
        summary="Bring an object back out of the trash.",
        reads=False,
        answers={204: Answer()},
        refusals=(412,),
    ),
)
