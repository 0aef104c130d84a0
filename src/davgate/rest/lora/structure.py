"""What the door tells of itself: its addresses, its classes, and what an object of each may say."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from davgate.http.responses import Response
from davgate.model.errors import NotFound
from davgate.model.object_types import LORA, Kind, ObjectType, Property
from davgate.rest.exchange import Exchange
from davgate.rest.lora.finding import class_of, temporal_of
from davgate.rest.lora.parameters import arguments_of, refuse_others
from davgate.rest.lora.replies import reply
from davgate.rest.lora.schemas import schema_of

_OF_CLASS = ("", "/fields", "/schema", "/{uuid}")


def site_map(exchange: Exchange) -> Response:
    """Tell all addresses that can be read."""
    refuse_others(arguments_of(exchange))
    classes = exchange.store.types.of_door(LORA)
    addresses = {"/site-map", "/dokument/dokument/{year}/{month}/{day}/{hour}/{minute}/{name}"}
    addresses |= {f"/{temporal_of(one).service}/classes" for one in classes}
    addresses |= {f"/{one.local}{rest}" for one in classes for rest in _OF_CLASS}
    return reply(HTTPStatus.OK, {"site-map": [exchange.href() + one for one in sorted(addresses)]})


def classes(exchange: Exchange) -> Response:
    """Tell the classes of a service with what their objects say."""
    refuse_others(arguments_of(exchange))
    service = exchange.params["service"]
    of_service = {
        temporal_of(one).name: _fields(one) for one in exchange.store.types.of_door(LORA) if temporal_of(one).service == service
    }
    if not of_service:
        raise NotFound(exchange.request.target.path)
    return reply(HTTPStatus.OK, of_service)


def fields(exchange: Exchange) -> Response:
    """Tell what objects of a class say."""
    refuse_others(arguments_of(exchange))
    return reply(HTTPStatus.OK, _fields(class_of(exchange)))


def schema(exchange: Exchange) -> Response:
    """Tell what a new object of a class may say, as JSON Schema."""
    refuse_others(arguments_of(exchange))
    return reply(HTTPStatus.OK, schema_of(class_of(exchange)))


def _fields(kind: ObjectType) -> dict[str, Any]:
    temporal = temporal_of(kind)
    groups = {key.removeprefix(temporal.name): properties for key, properties in temporal.groups.items()}
    told = {
        "attributter": {group: [of.name for of in properties] for group, properties in groups.items()},
        "attributter_metadata": {
            group: {of.name: said for of in properties if (said := _metadata(of))} for group, properties in groups.items()
        },
        "tilstande": {temporal.state_name(key): list(codes) for key, codes in temporal.states.items()},
        "relationer_nul_til_en": list(temporal.one),
        "relationer_nul_til_mange": list(temporal.many),
    }
    return {key: said for key, said in told.items() if said or not key.endswith("_metadata")}


def _metadata(of: Property) -> dict[str, object]:
    said: dict[str, object] = {"mandatory": True} if of.is_required else {}
    return said if of.kind is Kind.TEXT else {**said, "type": of.kind.value}
