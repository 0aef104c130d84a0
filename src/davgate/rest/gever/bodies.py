"""Bodies in JSON as the dialect takes them: an object or nothing, whatever its Content-Type says."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final, TypeAlias

from davgate.model.errors import Malformed
from davgate.rest.exchange import Exchange
from davgate.rest.gever.errors import Refusal, answering
from davgate.rest.operations import Json

Fields: TypeAlias = dict[str, Any]

_NO_OBJECT: Final = Refusal(HTTPStatus.BAD_REQUEST, "DeserializationError", "No JSON object could be decoded / Malformed body")


def described(kind: Any) -> Json:
    """Return the body of an operation: an object, of which the document says that it is of a type."""
    return Json(Fields, may_be_empty=True, any_media_type=True, described=kind)


def fields_of(exchange: Exchange) -> Fields:
    """Return the body of an operation whose body is ``described``; none is an object without members.

    Raises:
        Refused: it is no JSON object.
        TooLarge, BodyIncomplete.
    """
    with answering({Malformed: _NO_OBJECT}):
        return exchange.json(Fields)
