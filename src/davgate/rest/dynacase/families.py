"""Families as resources: the list of them, and one with the structure of its documents."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from davgate.core import revisions
from davgate.http.responses import Response
from davgate.model.object_types import DYNACASE, ObjectType
from davgate.rest.dynacase import envelope, fields, paging, properties, structure
from davgate.rest.dynacase.addressing import find_family, uri
from davgate.rest.dynacase.envelope import Envelope
from davgate.rest.dynacase.errors import NO_FAMILY_ORDER, Refused
from davgate.rest.dynacase.fields import Fields, Reading
from davgate.rest.dynacase.paging import Listing
from davgate.rest.exchange import Exchange
from davgate.rest.operations import Answer, Operation


def show(exchange: Exchange) -> Response:
    """Return a family: its properties, or the structure of its documents."""
    return answer_with(exchange, find_family(exchange))


def answer_with(exchange: Exchange, family: ObjectType) -> Response:
    """Return a family, as asked for under its name or its number."""
    asked = fields.asked(exchange, family)
    numbers = revisions.number_types(exchange.store, [family.name])
    data: dict[str, Any] = {"document": _represented(exchange, family, numbers[family.name], asked)}
    if asked.structure:
        data["family"] = {"structure": structure.of_family(exchange, family)}
    return envelope.answer(exchange, data)


def _represented(exchange: Exchange, family: ObjectType, number: int, asked: Fields) -> dict[str, Any]:
    shown: dict[str, Any] = {"uri": uri(exchange, "families", family.local)}
    if asked.properties is not None:
        shown["properties"] = properties.of_family(family, number, asked.properties)
    return shown


def show_all(exchange: Exchange) -> Response:
    """Return a page of the families."""
    page = paging.asked(exchange)
    order = paging.order_asked(exchange, "title:asc")
    asked = fields.asked_of_any(exchange)
    families = exchange.store.types.of_door(DYNACASE)
    numbers = revisions.number_types(exchange.store, [family.name for family in families])
    rows = [(family, properties.of_family(family, numbers[family.name], fields.PROPERTIES)) for family in families]
    for one in reversed(order):
        if one.field not in fields.PROPERTIES or one.field in fields.STRUCTURED:
            raise Refused(NO_FAMILY_ORDER)
        rows.sort(key=lambda row, field=one.field: row[1].get(field, ""), reverse=one.descending)  # type: ignore[misc]
    shown = [_represented(exchange, family, numbers[family.name], asked) for family, _ in page.of(rows)]
    data = {
        "requestParameters": page.shown(len(shown), paging.order_text(order)),
        "uri": uri(exchange, "families", ending="/"),
        "properties": {"title": "Families"},
        "families": shown,
    }
    return envelope.answer(exchange, data)


OPERATIONS: Final = (
    Operation(
        method="GET",
        template="/families",
        handler=show_all,
        id="list-families",
        summary="List the families.",
        reads=True,
        query=Listing,
        answers={HTTPStatus.OK: Answer(Envelope)},
    ),
    Operation(
        method="GET",
        template="/families/{family}",
        handler=show,
        id="read-family",
        summary="Read a family.",
        reads=True,
        query=Reading,
        answers={HTTPStatus.OK: Answer(Envelope)},
    ),
)
