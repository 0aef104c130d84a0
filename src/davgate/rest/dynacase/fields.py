"""What of a document is wanted in an answer, by the parameter ``fields``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Final

import msgspec

from davgate.model.frozen import frozen
from davgate.model.object_types import DYNACASE, ObjectType, Property
from davgate.rest.dynacase.errors import NO_ATTRIBUTE, NO_FIELDS, NO_PROPERTY, Refused
from davgate.rest.exchange import Exchange

DEFAULT_PROPERTIES: Final = ("id", "initid", "title", "revision", "icon", "name", "state")
PROPERTIES: Final = (
    *DEFAULT_PROPERTIES,
    "family",
    "fromname",
    "status",
    "createdBy",
    "owner",
    "locked",
    "security",
    "creationDate",
    "lastModificationDate",
    "lastAccessDate",
    "workflow",
    "version",
    "tags",
    "doctype",
    "type",
    "usage",
    "affected",
    "note",
    "revisionData",
)
"""What may be asked for; what the store does not know of a document is left out of its answers."""

STRUCTURED: Final = frozenset({"family", "security", "revisionData"})
"""The properties that are objects with several members, by which there is no order."""

OF_A_DOCUMENT: Final = "document.properties,document.attributes"
OF_A_LIST: Final = "document.properties"

_PROPERTY: Final = "document.properties."
_ATTRIBUTE: Final = "document.attributes."
_STRUCTURES: Final = ("family.structure", "document.family.structure")


_ITEM: Final = r"document\.properties(\.all)?|document\.attributes|family\.structure"
Wanted = Annotated[str, msgspec.Meta(extra_json_schema={"pattern": f"^(({_ITEM})(,({_ITEM}))*)?$"})]


class Reading(msgspec.Struct):
    """What is wanted of a document."""

    fields: Wanted | None = None


@frozen
class Fields:
    """Names of properties, None for no such member; of attributes the same, where ``all_attributes`` are wanted none is named."""

    properties: tuple[str, ...] | None = None
    attributes: frozenset[str] | None = None
    all_attributes: bool = False
    structure: bool = False

    def wants(self, of: Property) -> bool:
        """Tell whether an attribute is to be shown. A hidden one never is."""
        return not of.is_hidden and (self.all_attributes or of.name in (self.attributes or ()))


def asked(exchange: Exchange, family: ObjectType, default: str = OF_A_DOCUMENT) -> Fields:
    """Return what is wanted of documents of a family.

    Raises:
        Refused: there is no such property or attribute, or nothing that there is.
    """
    return _parsed(_said(exchange, default), family.property)


def asked_of_any(exchange: Exchange, default: str = OF_A_LIST) -> Fields:
    """Return what is wanted of documents of any family; an attribute is known where one of them has it. See ``asked``."""
    families = exchange.store.types.of_door(DYNACASE)

    def find(name: str) -> Property | None:
        return next((of for family in families if (of := family.property(name)) is not None and not of.is_hidden), None)

    return _parsed(_said(exchange, default), find)


def _said(exchange: Exchange, default: str) -> str:
    return next((value for name, value in reversed(exchange.pairs()) if name == "fields"), "") or default


def _parsed(text: str, attribute_named: Callable[[str], Property | None]) -> Fields:
    fields = Fields()
    for item in (one.strip() for one in text.split(",")):
        if item == "document.properties":
            fields = _with_properties(fields, DEFAULT_PROPERTIES)
        elif item == "document.properties.all":
            fields = _with_properties(fields, PROPERTIES)
        elif item == "document.attributes":
            fields = replace(fields, all_attributes=True)
        elif item in _STRUCTURES:
            fields = replace(fields, structure=True)
        elif item.startswith(_PROPERTY):
            fields = _with_properties(fields, (_property(item.removeprefix(_PROPERTY)),))
        elif item.startswith(_ATTRIBUTE):
            name = _attribute(item.removeprefix(_ATTRIBUTE), attribute_named)
            fields = replace(fields, attributes=(fields.attributes or frozenset()) | {name})
    if fields == Fields():
        raise Refused(replace(NO_FIELDS, detail=f"The fields {text!r} name neither properties nor attributes nor the structure"))
    return fields


def _with_properties(fields: Fields, names: tuple[str, ...]) -> Fields:
    return replace(fields, properties=tuple(dict.fromkeys((*(fields.properties or ()), *names))))


def _property(name: str) -> str:
    if name not in PROPERTIES:
        raise Refused(replace(NO_PROPERTY, detail=f"There is no property {name!r}"))
    return name


def _attribute(name: str, attribute_named: Callable[[str], Property | None]) -> str:
    of = attribute_named(name.lower())
    if of is None or of.is_hidden:
        raise Refused(replace(NO_ATTRIBUTE, detail=f"There is no attribute {name!r}"))
    return of.name
