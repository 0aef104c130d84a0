"""The JSON Schema of a new object of a class (draft 2020-12)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from davgate.model.object_types import Kind, ObjectType, Property, TemporalClass
from davgate.rest.lora.finding import temporal_of

Schema: TypeAlias = dict[str, Any]

_UUID: Final = "^[A-Fa-f0-9]{8}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{12}$"
_DAY: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_CLOCK: Final = r"[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"
_OFFSET: Final = r"Z|[+-][0-9]{2}(:?[0-9]{2})?"
TIMESTAMP: Final = f"^(-?infinity|{_DAY}([T ]{_CLOCK}({_OFFSET})?)?)$"
_INTERVAL: Final = r"^([0-9]+ )?[0-9]+:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?$"
ACTORS: Final = ("Organisation", "OrganisationEnhed", "OrganisationFunktion", "Bruger", "ItSystem", "Interessefaellesskab")

_TEXT: Final[Schema] = {"type": "string"}
_TRUTH: Final[Schema] = {"enum": [True, False, "true", "false", "True", "False", "1", "0"]}
_CLEARED: Final[tuple[Schema, ...]] = ({"const": ""}, {"type": "null"})
_EXEMPTION: Final[Schema] = {
    "type": "object",
    "properties": {"alternativtitel": _TEXT, "hjemmel": _TEXT},
    "required": ["alternativtitel", "hjemmel"],
    "additionalProperties": False,
}
_KEYWORD: Final[Schema] = {
    "anyOf": [
        {"type": "array", "items": _TEXT, "minItems": 3, "maxItems": 3},
        {
            "type": "object",
            "properties": dict.fromkeys(("soegeordidentifikator", "beskrivelse", "soegeordskategori"), _TEXT),
            "additionalProperties": False,
        },
    ]
}
_KINDS: Final[Mapping[Kind, Schema]] = {
    Kind.INTEGER: {"type": "integer"},
    Kind.DECIMAL: {"type": "number"},
    Kind.BOOLEAN: _TRUTH,
    Kind.DATE: {"type": "string", "pattern": f"^{_DAY}$"},
    Kind.DATETIME: {"type": "string", "pattern": TIMESTAMP},
    Kind.INTERVAL: {"type": "string", "pattern": _INTERVAL},
    Kind.TEXTLIST: {"type": "array", "items": _TEXT},
    Kind.EXEMPTION: {"anyOf": [_EXEMPTION, {"type": "object", "maxProperties": 0}]},
    Kind.KEYWORDS: {"type": "array", "items": _KEYWORD},
}
_VIRKNING: Final[Schema] = {
    "type": "object",
    "properties": {
        "from": {"type": "string", "pattern": TIMESTAMP},
        "to": {"type": "string", "pattern": TIMESTAMP},
        "from_included": {"type": "boolean"},
        "to_included": {"type": "boolean"},
        "aktoerref": {"type": "string", "pattern": _UUID},
        "aktoertypekode": {"enum": list(ACTORS)},
        "notetekst": _TEXT,
    },
    "required": ["from", "to"],
    "additionalProperties": False,
}
_PERIOD: Final[Schema] = {"$ref": "#/$defs/virkning"}
_TARGET: Final[Schema] = {
    "uuid": {"type": "string", "pattern": f"{_UUID}|^$"},
    "urn": {"type": "string", "pattern": "^urn:|^$"},
    "objekttype": _TEXT,
    "virkning": _PERIOD,
}
_EMPTIED: Final[Schema] = {"required": ["uuid", "urn"], "properties": {"uuid": {"const": ""}, "urn": {"const": ""}}}
_NO_TARGET: Final[Schema] = {"oneOf": [_EMPTIED, {"not": {"anyOf": [{"required": ["uuid"]}, {"required": ["urn"]}]}}]}
_ONE_TARGET: Final[Schema] = {
    "oneOf": [
        {"required": ["uuid"], "properties": {"uuid": {"minLength": 1}}, "not": {"required": ["urn"]}},
        {"required": ["urn"], "properties": {"urn": {"minLength": 1}}, "not": {"required": ["uuid"]}},
        _EMPTIED,
    ]
}
_JOURNAL: Final[Schema] = {
    "journalpostkode": {"enum": ["journalnotat", "vedlagtdokument"]},
    "reltypespec": _TEXT,
    "journalnotat": {
        "type": "object",
        "properties": dict.fromkeys(("titel", "notat", "format"), _TEXT),
        "additionalProperties": False,
    },
    "journaldokument": {
        "type": "object",
        "properties": {"dokumenttitel": _TEXT, "offentlighedundtaget": _EXEMPTION},
        "additionalProperties": False,
    },
    "journaldokumentattr": {"type": "object"},
}
_ACTOR: Final[Schema] = {
    "aktoerattr": {
        "type": "object",
        "properties": {
            "accepteret": {"enum": ["accepteret", "foreloebigt", "afslaaet"]},
            "obligatorisk": {"enum": ["noedvendig", "valgfri"]},
            "repraesentation_uuid": {"type": "string", "pattern": _UUID},
            "repraesentation_urn": {"type": "string", "pattern": "^urn:"},
        },
        "additionalProperties": False,
    }
}
_VALUE: Final[Schema] = {
    "tilstandsvaerdiattr": {
        "type": "object",
        "properties": {"forventet": _TRUTH, "nominelvaerdi": _TEXT},
        "additionalProperties": False,
    }
}


def schema_of(kind: ObjectType) -> Schema:
    """Return the schema of the body of a POST; what it takes besides, such as values that clear a field, the manual tells."""
    temporal = temporal_of(kind)
    sections = {
        "note": _TEXT,
        "livscyklus": _TEXT,
        "attributter": _attributes(temporal),
        "tilstande": _states(temporal),
        "relationer": _relations(temporal),
    }
    is_document = kind.local == "dokument/dokument"
    if is_document:
        sections["varianter"] = {"type": "array", "items": _variant()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": kind.label or kind.local,
        "type": "object",
        "properties": sections,
        "required": ["attributter", "tilstande"],
        "additionalProperties": is_document,
        "$defs": {"virkning": _VIRKNING},
    }


def _closed(properties: Mapping[str, Schema], required: list[str]) -> Schema:
    return {"type": "object", "properties": dict(properties), "required": required, "additionalProperties": False}


def _attributes(temporal: TemporalClass) -> Schema:
    groups = {key: _entries([*fields], {of.name: _value(of) for of in fields}) for key, fields in temporal.groups.items()}
    return _closed(groups, [key for key in groups if not temporal.is_optional(key)])


def _entries(fields: list[Property], values: Mapping[str, Schema]) -> Schema:
    required = [of.name for of in fields if of.is_required]
    return {"type": "array", "minItems": 1, "items": _closed({**values, "virkning": _PERIOD}, [*required, "virkning"])}


def _value(of: Property) -> Schema:
    schema = _KINDS.get(of.kind, _TEXT)
    if of.is_required:
        return schema if schema is _TEXT else {"anyOf": [schema, {"const": ""}]}
    return {"anyOf": [schema, *_CLEARED]}


def _states(temporal: TemporalClass) -> Schema:
    lists = {}
    for key, codes in temporal.states.items():
        bare = temporal.state_name(key)
        entry = _closed({bare: {"enum": list(codes)}, "virkning": _PERIOD}, [bare, "virkning"])
        lists[key] = {"type": "array", "minItems": 1, "items": entry}
    return _closed(lists, list(lists))


def _relations(temporal: TemporalClass) -> Schema:
    lists = {name: _relation(temporal, name) for name in (*temporal.one, *temporal.many)}
    return _closed(lists, [])


def _relation(temporal: TemporalClass, name: str) -> Schema:
    extra: Schema = {"indeks": {"type": "integer"}} if temporal.is_indexed else {}
    required, targets = ["virkning"], _ONE_TARGET
    match temporal.name, name:
        case ("sag", "journalpost"):
            extra, required = extra | _JOURNAL, ["virkning", "journalpostkode"]
        case ("aktivitet", "udfoerer" | "deltager" | "ansvarlig"):
            extra |= _ACTOR
        case ("tilstand", "tilstandsvaerdi"):
            extra, targets = extra | _VALUE, _NO_TARGET
    return {"type": "array", "items": _closed(_TARGET | extra, required) | targets}


def _variant() -> Schema:
    truths = dict.fromkeys(("arkivering", "delvisscannet", "offentliggoerelse", "produktion"), {"anyOf": [_TRUTH, *_CLEARED]})
    texts = dict.fromkeys(("indhold", "lokation", "mimetype"), {"anyOf": [_TEXT, {"type": "null"}]})
    number = {"anyOf": [{"type": "integer"}, *_CLEARED]}
    part = _closed(
        {
            "deltekst": _TEXT,
            "egenskaber": _list_of({**texts, "indeks": number}),
            "relationer": _closed(
                {"underredigeringaf": {"type": "array", "items": _closed(_TARGET, ["virkning"]) | _ONE_TARGET}}, []
            ),
        },
        ["deltekst"],
    )
    return _closed(
        {"varianttekst": _TEXT, "egenskaber": _list_of(truths), "dele": {"type": "array", "items": part}}, ["varianttekst"]
    )


def _list_of(values: Mapping[str, Schema]) -> Schema:
    return {"type": "array", "items": _closed({**values, "virkning": _PERIOD}, ["virkning"])}
