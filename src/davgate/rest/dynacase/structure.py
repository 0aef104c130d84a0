"""The attributes of a family as a tree, for programs that make forms of it."""

from __future__ import annotations

from typing import Any, Final

from davgate.model.object_types import Kind, ObjectType, Property
from davgate.rest.dynacase.addressing import uri
from davgate.rest.exchange import Exchange

TYPES: Final = {
    Kind.TEXT: "text",
    Kind.LONGTEXT: "longtext",
    Kind.INTEGER: "int",
    Kind.DECIMAL: "double",
    Kind.BOOLEAN: "enum",
    Kind.DATE: "date",
    Kind.DATETIME: "timestamp",
    Kind.ID: "docid",
    Kind.ENUM: "enum",
    Kind.FILE: "file",
}
"""What Dynacase calls the kinds of values."""

_SHOWN: Final = "W"


def of_family(exchange: Exchange, family: ObjectType) -> dict[str, Any]:
    """Return the frames of a family by their ids, each with its attributes by theirs. Hidden ones are not in it."""
    frames: dict[str, Any] = {}
    for order, of in enumerate((one for one in family.properties if not one.is_hidden), start=1):
        frame_id = of.section or f"{family.local.lower()}_frame"
        if frame_id not in frames:
            frames[frame_id] = _frame(frame_id, of.section or family.label, len(frames) + 1)
        frames[frame_id]["content"][of.name] = _attribute(exchange, family, of, order)
    return frames


def _frame(id: str, label: str, order: int) -> dict[str, Any]:
    return _node(id, label, "frame", order) | {"content": {}}


def _attribute(exchange: Exchange, family: ObjectType, of: Property, order: int) -> dict[str, Any]:
    node = _node(of.name, of.label, TYPES[of.kind], order) | {"multiple": of.is_multiple, "needed": of.is_required}
    if of.kind is Kind.ENUM:
        address = uri(exchange, "families", family.local, "enumerates", of.name, ending="")
        items = [{"key": key, "label": label} for key, label in of.choices.items()]
        node |= {"enumItems": items, "enumUrl": address, "enumUri": address}
    return node


def _node(id: str, label: str, type: str, order: int) -> dict[str, Any]:
    return {
        "id": id,
        "visibility": _SHOWN,
        "label": label,
        "type": type,
        "logicalOrder": order,
        "multiple": False,
        "options": {},
        "needed": False,
    }
