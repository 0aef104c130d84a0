"""The values of the enumerations of a family, with their labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Final

import msgspec

from davgate.http.responses import Response
from davgate.model.object_types import Kind, ObjectType, Property
from davgate.rest.dynacase import envelope
from davgate.rest.dynacase.addressing import find_family, uri
from davgate.rest.dynacase.errors import Refusal, Refused
from davgate.rest.exchange import Exchange
from davgate.rest.operations import Answer, Operation

_NO_ATTRIBUTE: Final = Refusal(HTTPStatus.NOT_FOUND, "CRUD0400", "There is no such attribute")
_NO_ENUMERATION: Final = Refusal(HTTPStatus.FORBIDDEN, "CRUD0401", "The attribute is no enumeration")
_NO_OPERATOR: Final = Refusal(HTTPStatus.BAD_REQUEST, "CRUD0402", "The operator is contains or startswith")
_NO_ORDER: Final = Refusal(HTTPStatus.BAD_REQUEST, "CRUD0403", "The order is none, key or label")

_OPERATORS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "contains": lambda label, keyword: keyword in label,
    "startswith": lambda label, keyword: label.startswith(keyword),
}
_ORDERS: Final[Mapping[str, Callable[[tuple[str, str]], str] | None]] = {
    "none": None,
    "key": lambda item: item[0],
    "label": lambda item: item[1].casefold(),
}


class Wanted(msgspec.Struct):
    """Which values are wanted, by a word of their labels, and in which order."""

    keyword: str = ""
    operator: str = "contains"
    order_by: str = msgspec.field(default="none", name="orderBy")


def list_all(exchange: Exchange) -> Response:
    """List the enumerations of a family."""
    family = find_family(exchange)
    told = [
        {"attributeId": of.name, "label": of.label, "uri": _uri(exchange, family, of.name)}
        for of in family.properties
        if of.kind is Kind.ENUM and not of.is_hidden
    ]
    return envelope.answer(exchange, {"uri": _uri(exchange, family, ending="/"), "enumerates": told})


def show(exchange: Exchange) -> Response:
    """List the values of an enumeration."""
    family = find_family(exchange)
    of = _find(exchange, family)
    wanted = exchange.query(Wanted)
    matches = _OPERATORS.get(wanted.operator)
    if matches is None:
        raise Refused(replace(_NO_OPERATOR, detail=f'There is no operator "{wanted.operator}"'))
    if wanted.order_by not in _ORDERS:
        raise Refused(replace(_NO_ORDER, detail=f'There is no order "{wanted.order_by}"'))
    keyword = wanted.keyword.casefold()
    items = [item for item in of.choices.items() if matches(item[1].casefold(), keyword)]
    order = _ORDERS[wanted.order_by]
    data: dict[str, Any] = {
        "uri": _uri(exchange, family, of.name),
        "label": of.label,
        "requestParameters": {"operator": wanted.operator, "keyword": wanted.keyword, "orderBy": wanted.order_by},
        "enumItems": [{"key": key, "label": label} for key, label in (items if order is None else sorted(items, key=order))],
    }
    return envelope.answer(exchange, data)


def _find(exchange: Exchange, family: ObjectType) -> Property:
    name = str(exchange.params["attribute"])
    of = family.property(name.lower())
    if of is None or of.is_hidden:
        raise Refused(replace(_NO_ATTRIBUTE, detail=f'The family {family.local} has no attribute "{name}"'))
    if of.kind is not Kind.ENUM:
        raise Refused(replace(_NO_ENUMERATION, detail=f'The attribute "{name}" of {family.local} is no enumeration'))
    return of


def _uri(exchange: Exchange, family: ObjectType, *segments: str, ending: str = "") -> str:
    return uri(exchange, "families", family.local, "enumerates", *segments, ending=ending)


OPERATIONS: Final = (
    Operation(
        method="GET",
        template="/families/{family}/enumerates",
        handler=list_all,
        id="list-enumerates",
        summary="List the enumerations of a family.",
        reads=True,
        answers={200: Answer(envelope.Envelope)},
    ),
    Operation(
        method="GET",
        template="/families/{family}/enumerates/{attribute}",
        handler=show,
        id="read-enumerate",
        summary="List the values of an enumeration.",
        reads=True,
        query=Wanted,
        answers={200: Answer(envelope.Envelope)},
    ),
)
