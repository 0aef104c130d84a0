"""What a component says of a document it delivers: read, checked, and turned into typed properties.

Two shapes are taken: flat, and that of an association of the OOAPI, in which the fields stand in the entry of ``consumers`` that
is for OKD. What is not known here is kept as it was sent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from davgate.model.instant import is_day
from davgate.model.metadata import DESCRIPTION, TITLE
from davgate.model.uuids import canonical
from davgate.rest.okd.errors import FieldMistake, InvalidMetadata

CONSUMER: Final = "nl-okd"

DOCUMENT_TYPES: Final = ("enrollment", "examination", "bpv", "graduation", "student", "other")
DUTCH_TYPES: Final = {"inschrijving": "enrollment", "examinering": "examination", "diplomering": "graduation"}

DOCUMENT_TYPE: Final = "okd:documentType"
SUBTYPE: Final = "okd:documentSubtype"
DOCUMENT_ID: Final = "okd:documentId"
PERSON_ID: Final = "okd:personId"
ASSOCIATION_ID: Final = "okd:associationId"
STUDENT_NUMBER: Final = "okd:studentNumber"
RETENTION: Final = "okd:retentionPeriodSuggestion"
RECEIVED: Final = "okd:receivedDate"
REGISTERED: Final = "okd:registrationDate"
SEQUENCE: Final = "okd:sequenceCode"
OTHERS: Final = "okd:metadata"
"""The property that has everything else, as it was sent."""

_PROPERTIES: Final = {
    "documentType": DOCUMENT_TYPE,
    "documentSubtype": SUBTYPE,
    "documentId": DOCUMENT_ID,
    "documentName": TITLE,
    "description": DESCRIPTION,
    "retentionPeriodSuggestion": RETENTION,
    "receivedDate": RECEIVED,
    "registrationDate": REGISTERED,
    "studentNumber": STUDENT_NUMBER,
    "personId": PERSON_ID,
    "associationId": ASSOCIATION_ID,
    "sequenceCode": SEQUENCE,
}
"""Properties by the names of their fields."""

_ALIASES: Final = {"bewaartermijnsuggestie": "retentionPeriodSuggestion"}
_PERIOD: Final = re.compile(r"[0-9]+[YMD]")
_DATE_NAME: Final = re.compile(r"receivedDate|registrationDate|enrollment\w*Date")

Fields = Mapping[str, Any]


def type_of(name: str) -> str:
    """Return a document type by its name, which may be a Dutch one of older drafts; what is none as it is."""
    return DUTCH_TYPES.get(name, name)


def id_of(text: str) -> str:
    """Return an id as it is compared: UUIDs in lower case, any other text as it is."""
    return canonical(text) or text


@dataclass
class _Reader:
    """Reads fields, and notes what is wrong with them."""

    mistakes: list[FieldMistake] = field(default_factory=list)

    def refuse(self, name: str, message: str) -> None:
        self.mistakes.append(FieldMistake(name, message))

    def properties(self, fields: Fields) -> dict[str, Any]:
        found: dict[str, Any] = {DOCUMENT_TYPE: self._type(fields.get("documentType"))}
        others: dict[str, Any] = {}
        for name, value in fields.items():
            known = _ALIASES.get(name, name)
            if known != name and fields.get(known) is not None:
                continue
            if value is not None:
                self._check(name, known, value)
            if known not in _PROPERTIES:
                others[name] = value
            elif known == "documentId" and not value:
                # An empty id is none: the document answers with its own, and is found by that.
                continue
            elif known != "documentType" and isinstance(value, str):
                found[_PROPERTIES[known]] = id_of(value) if known.endswith("Id") else value
        return found | ({OTHERS: others} if others else {})

    def _type(self, value: object) -> str | None:
        named = type_of(value) if isinstance(value, str) else None
        if named in DOCUMENT_TYPES:
            return named
        what = "is missing" if value is None else "is not known"
        self.refuse("documentType", f"It {what}. Send one of {', '.join(DOCUMENT_TYPES)}.")
        return None

    def _check(self, name: str, known: str, value: object) -> None:
        if known == "documentType":
            return
        if known in _PROPERTIES and not isinstance(value, str):
            self.refuse(name, "It must be a text.")
        elif not _is_storable(name) or not _is_storable(value):
            self.refuse(name, "It has the character U+0000. Leave it out.")
        elif known == "retentionPeriodSuggestion" and not _PERIOD.fullmatch(str(value)):
            self.refuse(name, "It must be a number of years, months or days such as 3Y, 6M or 1321D.")
        elif _DATE_NAME.fullmatch(known) and not is_day(value):
            self.refuse(name, "It must be a date such as 2023-09-01.")


def properties_of(sent: Fields, *, association_id: str | None = None) -> dict[str, Any]:
    """Return the typed properties of a new document; ``association_id`` is the one that the address names.

    Raises:
        InvalidMetadata: with everything that is wrong.
    """
    reader = _Reader()
    fields = _flat(sent)
    if association_id is not None:
        given = fields.setdefault("associationId", association_id)
        if not isinstance(given, str) or id_of(given) != id_of(association_id):
            reader.refuse("associationId", "It is not that of the address. Leave it out, or send it to its own address.")
    found = reader.properties(fields)
    if reader.mistakes:
        raise InvalidMetadata(reader.mistakes)
    return found


def _flat(sent: Fields) -> dict[str, Any]:
    """Return the fields of either shape beside each other; where both have one, that of the consumer counts."""
    consumers = sent.get("consumers")
    entries = consumers if isinstance(consumers, list) else [consumers]
    own = next((entry for entry in entries if isinstance(entry, dict) and entry.get("consumerKey") == CONSUMER), None)
    if own is None:
        return dict(sent)
    fields = {name: value for name, value in sent.items() if name != "consumers"}
    fields |= {name: value for name, value in own.items() if name != "consumerKey"}
    if others := [entry for entry in entries if entry is not own]:
        fields["consumers"] = others
    person = sent.get("person")
    _lift(fields, "personId", person, lambda one: one.get("personId"))
    _lift(fields, "studentNumber", None if isinstance(person, str) else person, _student_number)
    return fields


def _lift(fields: dict[str, Any], name: str, source: object, find: Callable[[dict[str, Any]], object]) -> None:
    if fields.get(name) is not None:
        return
    value = find(source) if isinstance(source, dict) else source
    if isinstance(value, str):
        fields[name] = value


def _student_number(person: dict[str, Any]) -> object:
    code = person.get("primaryCode")
    return code.get("code") if isinstance(code, dict) and code.get("codeType") == "studentNumber" else None


def _is_storable(value: object) -> bool:
    """Tell whether no text in a value has the one character that a database cannot keep."""
    if isinstance(value, str):
        return "\0" not in value
    if isinstance(value, dict):
        return all(_is_storable(name) and _is_storable(one) for name, one in value.items())
    return all(map(_is_storable, value)) if isinstance(value, list) else True
