"""What the caller may do with objects by their types. Rights are given on folders here, so each object says the last word."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus

import msgspec

from davgate.http.responses import Response
from davgate.model.object_types import ObjectType
from davgate.rest import answers
from davgate.rest.exchange import Exchange
from davgate.rest.operations import Answer, Operation
from davgate.rest.yuuvis.finding import By, Settings, context_of
from davgate.rest.yuuvis.kinds import DOOR


class TypeIds(msgspec.Struct, rename="camel"):
    """Types, by what they are based on."""

    folder_type_ids: list[str]
    object_type_ids: list[str]
    secondary_object_type_ids: list[str]


class PermissionsByType(msgspec.Struct, rename="upper"):
    """For each thing that may be done, the types of the objects that it may be done to."""

    create: TypeIds
    read: TypeIds
    write: TypeIds
    delete: TypeIds


def operations(by: By) -> tuple[Operation, ...]:
    """Return what is offered of permissions."""
    return (
        Operation(
            method="GET",
            template="/permissions",
            handler=by(show),
            id="permissions",
            summary="Tell with objects of which types something may be done.",
            reads=True,
            answers={200: Answer(PermissionsByType)},
            headers=("X-ID-TENANT-NAME",),
        ),
    )


def show(settings: Settings, exchange: Exchange) -> Response:
    """Answer with all types; none of them is closed to anybody as such, but abstract ones have no objects of their own."""
    context_of(settings, exchange)
    kinds = exchange.store.types.of_door(DOOR)
    every = _ids(kinds)
    creatable = _ids(one for one in kinds if one.is_creatable or one.base == "secondary")
    return answers.json(HTTPStatus.OK, PermissionsByType(creatable, every, every, every))


def _ids(kinds: Iterable[ObjectType]) -> TypeIds:
    found = list(kinds)
    return TypeIds(*([one.local for one in found if one.base == base] for base in ("folder", "document", "secondary")))
