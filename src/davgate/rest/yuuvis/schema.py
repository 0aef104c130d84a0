"""The schema: all types and properties, as JSON and as XML, so that clients make their forms and columns from it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec
from lxml import etree
from msgspec import UNSET, UnsetType

from davgate.core.object_types import changed_at
from davgate.http.responses import Response, empty, whole
from davgate.model.object_types import Kind, ObjectType, ObjectTypes, Property
from davgate.rest import answers
from davgate.rest.exchange import Exchange
from davgate.rest.operations import BYTES, JSON, Answer, Operation
from davgate.rest.yuuvis.finding import By, Handling, Settings, context_of
from davgate.rest.yuuvis.kinds import DOOR
from davgate.rest.yuuvis.wire import time_of

XML: Final = "application/xml"
_TEXT_XML: Final = "text/xml"
"""The same by its other name (RFC 7303, 9.2)."""
_NAMESPACE: Final = "http://optimal-systems.org/ns/dmscloud/schema/v5.0/"


# Definitions


class PropertyDefinition(msgspec.Struct, rename="camel", omit_defaults=True):
    """A property; of a table with its columns."""

    id: str
    property_type: str
    cardinality: str
    required: bool
    queryable: bool
    description: str | UnsetType = UNSET
    default_value: list[Any] | UnsetType = UNSET
    max_length: int | UnsetType = UNSET
    min_length: int | UnsetType = UNSET
    regex: str | UnsetType = UNSET
    column_definition: list[PropertyDefinition] | UnsetType = UNSET


class PropertyReference(msgspec.Struct):
    """A property that a type has."""

    value: str


class SecondaryReference(msgspec.Struct):
    """A secondary type that objects of a type always have, or may have for themselves."""

    value: str
    static: bool


class TypeDefinition(msgspec.Struct, rename="camel", omit_defaults=True):
    """A type."""

    id: str
    base_id: str
    property_reference: list[PropertyReference] = msgspec.field(default_factory=list)
    description: str | UnsetType = UNSET
    secondary_object_type_id: list[SecondaryReference] | UnsetType = UNSET
    content_stream_allowed: str | UnsetType = UNSET


class NativeSchema(msgspec.Struct, rename="camel"):
    """All properties and types."""

    version: int
    last_modification_date: str
    property_definition: list[PropertyDefinition]
    type_folder_definition: list[TypeDefinition]
    type_document_definition: list[TypeDefinition]
    type_secondary_definition: list[TypeDefinition]


_PROPERTY_TYPES: Final[Mapping[Kind, str]] = {
    Kind.INTEGER: "integer",
    Kind.DECIMAL: "decimal",
    Kind.BOOLEAN: "boolean",
    Kind.DATETIME: "datetime",
    Kind.ID: "id",
    Kind.TABLE: "table",
    Kind.STRUCTURED: "structureddata",
}
"""What the kinds are called here; all others are texts."""

_CONTENT: Final = {"none": "notallowed"}
"""What is said otherwise here of whether there may be content."""

_OF_OBJECTS: Final = {
    "system:objectId": "id",
    "system:baseTypeId": "id",
    "system:objectTypeId": "id",
    "system:secondaryObjectTypeIds": "id",
    "system:createdBy": "id",
    "system:creationDate": "datetime",
    "system:lastModifiedBy": "id",
    "system:lastModificationDate": "datetime",
    "system:versionNumber": "integer",
    "system:tenant": "string",
    "system:traceId": "string",
    "system:parentId": "id",
    "system:parentObjectTypeId": "id",
    "system:parentVersionNumber": "integer",
}
_OF_CONTENT: Final = {
    "system:contentStreamId": "id",
    "system:contentStreamLength": "integer",
    "system:contentStreamMimeType": "string",
    "system:contentStreamFileName": "string",
    "system:contentStreamRepositoryId": "string",
    "system:contentStreamRange": "string",
    "system:digest": "string",
    "system:archivePath": "string",
}
"""The system properties with their types. All but one have one value, and one alone is required of an import."""

_NOT_SEARCHED: Final = frozenset(
    {
        "system:traceId",
        "system:parentObjectTypeId",
        "system:parentVersionNumber",
        "system:contentStreamRange",
        "system:archivePath",
    }
)


def schema_of(types: ObjectTypes) -> NativeSchema:
    """Return the types of this door, with those of the system that all others are based on."""
    kinds = types.of_door(DOOR)
    secondary = [one.local for one in kinds if one.base == "secondary"]
    of_types = {of.name: of for kind in kinds for of in kind.properties if not of.is_hidden}
    folder = TypeDefinition("system:folder", "system:folder", _references(_OF_OBJECTS))
    document = TypeDefinition(
        "system:document", "system:document", _references((*_OF_OBJECTS, *_OF_CONTENT)), content_stream_allowed="allowed"
    )
    return NativeSchema(
        version=1,
        last_modification_date=time_of(changed_at(types)),
        property_definition=[*_system_definitions(), *map(_property_definition, of_types.values())],
        type_folder_definition=[folder, *_type_definitions(kinds, "folder", secondary)],
        type_document_definition=[document, *_type_definitions(kinds, "document", secondary)],
        type_secondary_definition=[*_type_definitions(kinds, "secondary", ())],
    )


def _system_definitions() -> Iterator[PropertyDefinition]:
    for name, kind in {**_OF_OBJECTS, **_OF_CONTENT}.items():
        cardinality = "multi" if name == "system:secondaryObjectTypeIds" else "single"
        yield PropertyDefinition(name, kind, cardinality, name == "system:objectTypeId", name not in _NOT_SEARCHED)


def _property_definition(of: Property) -> PropertyDefinition:
    return PropertyDefinition(
        of.name,
        _PROPERTY_TYPES.get(of.kind, "string"),
        "multi" if of.is_multiple else "single",
        of.is_required,
        of.is_queryable,
        of.label or UNSET,
        UNSET if of.default is None else of.default if isinstance(of.default, list) else [of.default],
        _or_unset(of.max_length),
        _or_unset(of.min_length),
        of.pattern or UNSET,
        [_property_definition(column) for column in of.columns] if of.kind is Kind.TABLE else UNSET,
    )


def _or_unset(number: int | None) -> int | UnsetType:
    return UNSET if number is None else number


def _type_definitions(kinds: Iterable[ObjectType], base: str, secondary: Iterable[str]) -> Iterator[TypeDefinition]:
    for kind in kinds:
        if kind.base == base:
            yield TypeDefinition(
                kind.local,
                f"system:{base}",
                _references(of.name for of in kind.properties if not of.is_hidden),
                kind.label or UNSET,
                [SecondaryReference(name, name in kind.secondary) for name in secondary] or UNSET,
                _CONTENT.get(kind.content, kind.content) if base == "document" else UNSET,
            )


def _references(names: Iterable[str]) -> list[PropertyReference]:
    return [PropertyReference(name) for name in names]


# XML

_ELEMENTS: Final = {
    "datetime": "DateTime",
    "structureddata": "StructuredData",
}
"""What the elements of properties are called after, where it is not their type with a capital letter."""


def to_xml(schema: NativeSchema) -> bytes:
    """Return the schema as XML: each property in an element that is called after its type, columns in that of their table."""
    root = etree.Element(_qualified("schema"), nsmap={None: _NAMESPACE})  # type: ignore[dict-item]
    _add(root, "version", schema.version)
    _add(root, "lastModificationDate", schema.last_modification_date)
    for of in schema.property_definition:
        _add_property(root, of)
    for name, kinds in (
        ("typeFolderDefinition", schema.type_folder_definition),
        ("typeDocumentDefinition", schema.type_document_definition),
        ("typeSecondaryDefinition", schema.type_secondary_definition),
    ):
        for kind in kinds:
            _add_members(etree.SubElement(root, _qualified(name)), kind)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _add_property(parent: etree._Element, of: PropertyDefinition) -> None:
    called = _ELEMENTS.get(of.property_type, of.property_type.capitalize())
    element = etree.SubElement(parent, _qualified(f"property{called}Definition"))
    _add_members(element, of, leaving_out="columnDefinition")
    for column in () if isinstance(of.column_definition, UnsetType) else of.column_definition:
        _add_property(element, column)


def _add_members(element: etree._Element, of: PropertyDefinition | TypeDefinition, leaving_out: str = "") -> None:
    members: dict[str, Any] = msgspec.to_builtins(of)
    for name, value in members.items():
        if name != leaving_out:
            for one in value if isinstance(value, list) else (value,):
                _add(element, name, one)


def _add(parent: etree._Element, name: str, value: object) -> None:
    """Add what has one value; what has more members than that has the others as attributes."""
    attributes = {}
    if isinstance(value, dict):
        attributes = {key: _shown(one) for key, one in value.items() if key != "value"}
        value = value["value"]
    etree.SubElement(parent, _qualified(name), attributes).text = _shown(value)


def _qualified(name: str) -> str:
    return f"{{{_NAMESPACE}}}{name}"


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


# Answers


def operations(by: By) -> tuple[Operation, ...]:
    """Return what is offered of the schema."""
    unchanged = Answer(headers=("ETag",))
    ways: tuple[tuple[str, str, Handling, Answer], ...] = (
        ("native.json", "schema-as-json", show_json, Answer(NativeSchema, headers=("ETag",))),
        ("native.xml", "schema-as-xml", show_xml, Answer(BYTES, XML, headers=("ETag",))),
        ("native", "schema", show, Answer(NativeSchema, headers=("ETag",), or_content=True)),
    )
    return tuple(
        Operation(
            method="GET",
            template=f"/schema/{name}",
            handler=by(handler),
            id=id,
            summary="Read all types and properties.",
            reads=True,
            answers={200: answer, 304: unchanged},
            refusals=(406,) if handler is show else (),
            headers=("If-None-Match", "X-ID-TENANT-NAME", *(("Accept",) if handler is show else ())),
        )
        for name, id, handler, answer in ways
    )


def show_json(settings: Settings, exchange: Exchange) -> Response:
    """Answer with the schema as JSON."""
    return _answer(settings, exchange, JSON)


def show_xml(settings: Settings, exchange: Exchange) -> Response:
    """Answer with the schema as XML."""
    return _answer(settings, exchange, XML)


def show(settings: Settings, exchange: Exchange) -> Response:
    """Answer with the schema as the client likes it better, as XML if it is all the same."""
    response = _answer(settings, exchange, exchange.choose(XML, _TEXT_XML, JSON))
    response.headers.append(("Vary", "Accept"))
    return response


def _answer(settings: Settings, exchange: Exchange, media_type: str) -> Response:
    context_of(settings, exchange)
    schema = schema_of(exchange.store.types)
    body = msgspec.json.encode(schema) if media_type == JSON else to_xml(schema)
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    if answers.has_representation(exchange, tag):
        return empty(HTTPStatus.NOT_MODIFIED, ("ETag", tag))
    return whole(HTTPStatus.OK, media_type, body, ("ETag", tag))
