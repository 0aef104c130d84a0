"""``status``: in few words, whether a document can be worked on."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from davgate.http.responses import Response
from davgate.rest import answers
from davgate.rest.exchange import Exchange
from davgate.rest.gever import reading, representation, shapes
from davgate.rest.gever.addresses import find_document
from davgate.rest.gever.services import OBJECT
from davgate.rest.operations import Answer, Operation


def status(exchange: Exchange) -> Response:
    """Answer with a document's state; an object that has the name of this service is an object."""
    return reading.object_of_this_name(exchange) or _status(exchange)


def _status(exchange: Exchange) -> Response:
    shown = representation.document(find_document(exchange))
    lock = shown["lock"]
    body = {
        "title": shown["title"],
        "checked_out": shown["checked_out"] is not None,
        "checked_out_by": shown["checked_out"],
        "locked": shown["is_locked"],
        "locked_by": lock.get("creator"),
        "lock_time": lock.get("time"),
        "lock_timeout": lock.get("timeout"),
        "file_mtime": shown["file_mtime"],
        "review_state": shown["review_state"],
    }
    return answers.json(HTTPStatus.OK, body)


OPERATIONS: Final = (
    Operation(
        method="GET",
        template=f"{OBJECT}/status",
        handler=status,
        id="status",
        summary="Tell whether a document is checked out or locked.",
        reads=True,
        answers={200: Answer(shapes.Status)},
    ),
)
