"""Payloads that make or change OIO objects: checked against the class, and turned into what merging takes."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import replace
from datetime import tzinfo
from itertools import pairwise
from typing import Any, Final

from davgate.model.bitemporal.errors import InvalidObject
from davgate.model.bitemporal.merging import (
    INDEX,
    PART_FIELDS,
    VARIANT_FIELDS,
    Given,
    GivenLists,
    GivenPart,
    GivenVariant,
    Payload,
)
from davgate.model.bitemporal.relations import parse_relation
from davgate.model.bitemporal.values import (
    CLEARED,
    a_list,
    a_text,
    an_object,
    check_keys,
    one_of,
    parse_value,
    parse_virkning,
)
from davgate.model.frozen import frozen
from davgate.model.object_types import Kind, Property, TemporalClass

DOCUMENT: Final = "dokument"
"""The class whose objects have variants and parts."""
UPLOADED: Final = "field:"
"""How ``indhold`` begins that comes with the request, followed by its name there."""

_SECTIONS: Final = ("note", "livscyklus", "attributter", "tilstande", "relationer")
_VARIANT: Final = ("varianttekst", "egenskaber", "dele")
_PART: Final = ("deltekst", "egenskaber", "relationer")


def _property(name: str, kind: Kind) -> Property:
    return Property(id=name, name=name, kind=kind)


VARIANT_PROPERTIES: Final = tuple(_property(name, Kind.BOOLEAN) for name in sorted(VARIANT_FIELDS))
PART_PROPERTIES: Final = tuple(_property(name, Kind.INTEGER if name == INDEX else Kind.TEXT) for name in sorted(PART_FIELDS))
PART_RELATIONS: Final = TemporalClass(
    service=DOCUMENT, name="del", groups={}, states={}, one=(), many=("underredigeringaf",), is_indexed=False
)


def parse_note(data: Mapping[str, Any]) -> str:
    """Return the note of a payload.

    Raises:
        InvalidObject: it is no text.
    """
    return a_text(data["note"], "note") if data.get("note") is not None else ""


def is_passivation(data: Mapping[str, Any]) -> bool:
    """Tell whether a payload asks that its object becomes passive, whatever else it says."""
    step = data.get("livscyklus")
    return isinstance(step, str) and step.lower() == "passiv"


def parse_payload(
    of: TemporalClass, data: Mapping[str, Any], zone: tzinfo, *, is_complete: bool, files: Container[str] = ()
) -> Payload:
    """Return what a payload makes or changes; one that ``is_complete`` is about the whole of an object.

    ``files`` are the names of those that came with it.

    Raises:
        InvalidObject.
    """
    return _Reader(of, zone, is_complete, files).payload(data)


@frozen
class _Reader:
    of: TemporalClass
    zone: tzinfo
    is_complete: bool
    files: Container[str]

    def payload(self, data: Mapping[str, Any]) -> Payload:
        has_variants = self.of.name == DOCUMENT
        if not has_variants:
            check_keys(data, _SECTIONS, "")
        parse_note(data)
        if data.get("livscyklus") is not None:
            a_text(data["livscyklus"], "livscyklus")
        if self.is_complete:
            for section in ("attributter", "tilstande"):
                if section not in data:
                    raise InvalidObject(f"{section} is needed.")
        attributes = self._attributes(an_object(data.get("attributter", {}), "attributter"))
        states = self._states(an_object(data.get("tilstande", {}), "tilstande"))
        relations = self._relations(self.of, an_object(data.get("relationer", {}), "relationer"), "relationer")
        variants = self._variants(data["varianter"]) if has_variants and "varianter" in data else None
        return Payload(attributes, states, relations, variants)

    def _attributes(self, data: Mapping[str, Any]) -> GivenLists:
        check_keys(data, tuple(self.of.groups), "attributter")
        for group in self.of.groups:
            if self.is_complete and not self.of.is_optional(group) and not data.get(group):
                raise InvalidObject(f"at least one entry of {group} is needed.", "attributter")
        return {group: self._fields(self.of.groups[group], entries, f"attributter.{group}") for group, entries in data.items()}

    def _fields(self, fields: Sequence[Property], value: object, place: str) -> tuple[Given, ...]:
        by_name = {one.name: one for one in fields}
        given: list[Given] = []
        for no, one in enumerate(a_list(value, place)):
            at = f"{place}[{no}]"
            entry = an_object(one, at)
            check_keys(entry, (*by_name, "virkning"), at)
            virkning = parse_virkning(entry.get("virkning"), self.zone, f"{at}.virkning")
            values: dict[str, Any] = {}
            cleared: set[str] = set()
            for name, field in by_name.items():
                parsed = parse_value(field.kind, entry.get(name), self.zone, f"{at}.{name}", is_complete=self.is_complete)
                if parsed is CLEARED and not field.is_required:
                    cleared.add(name)
                elif parsed is not None:
                    # A mandatory field that has nothing says so.
                    values[name] = "" if parsed is CLEARED else parsed
                elif self.is_complete and field.is_required:
                    raise InvalidObject(f"{name} is needed.", at)
            given.append(Given(values, virkning, frozenset(cleared)))
        return _one_at_a_time(given, place)

    def _states(self, data: Mapping[str, Any]) -> GivenLists:
        bare = {self.of.state_name(key): key for key in self.of.states}
        check_keys(data, (*self.of.states, *bare), "tilstande")
        states: dict[str, tuple[Given, ...]] = {}
        for name, entries in data.items():
            key = name if name in self.of.states else bare[name]
            if key in states:
                raise InvalidObject(f"{key} is given twice.", "tilstande")
            states[key] = self._codes(key, entries, f"tilstande.{name}")
        for key in self.of.states:
            if self.is_complete and not states.get(key):
                raise InvalidObject(f"at least one entry of {key} is needed.", "tilstande")
        return states

    def _codes(self, key: str, value: object, place: str) -> tuple[Given, ...]:
        name, codes = self.of.state_name(key), self.of.states[key]
        given: list[Given] = []
        for no, one in enumerate(a_list(value, place)):
            at = f"{place}[{no}]"
            entry = an_object(one, at)
            check_keys(entry, (name, "virkning"), at)
            virkning = parse_virkning(entry.get("virkning"), self.zone, f"{at}.virkning")
            is_ended = entry.get(name) == "" and not self.is_complete
            values = {} if is_ended else {name: one_of(entry.get(name), codes, f"{at}.{name}")}
            given.append(Given(values, virkning))
        return _one_at_a_time(given, place)

    def _relations(self, of: TemporalClass, data: Mapping[str, Any], place: str) -> GivenLists:
        check_keys(data, (*of.one, *of.many), place)
        relations: dict[str, tuple[Given, ...]] = {}
        for name, entries in data.items():
            at = f"{place}.{name}"
            given = [
                parse_relation(of, name, one, self.zone, f"{at}[{no}]", is_complete=self.is_complete)
                for no, one in enumerate(a_list(entries, at))
            ]
            relations[name] = _one_at_a_time(given, at) if name in of.one else tuple(given)
        return relations

    def _variants(self, value: object) -> Mapping[str, GivenVariant]:
        variants: dict[str, GivenVariant] = {}
        for no, one in enumerate(a_list(value, "varianter")):
            at = f"varianter[{no}]"
            entry = an_object(one, at)
            check_keys(entry, _VARIANT, at)
            text = _key(entry.get("varianttekst"), variants, f"{at}.varianttekst")
            properties = (
                self._fields(VARIANT_PROPERTIES, entry["egenskaber"], f"{at}.egenskaber") if "egenskaber" in entry else None
            )
            variants[text] = GivenVariant(properties, self._parts(entry["dele"], f"{at}.dele") if "dele" in entry else None)
        return variants

    def _parts(self, value: object, place: str) -> Mapping[str, GivenPart]:
        parts: dict[str, GivenPart] = {}
        for no, one in enumerate(a_list(value, place)):
            at = f"{place}[{no}]"
            entry = an_object(one, at)
            check_keys(entry, _PART, at)
            text = _key(entry.get("deltekst"), parts, f"{at}.deltekst")
            properties = self._contents(entry["egenskaber"], f"{at}.egenskaber") if "egenskaber" in entry else None
            relations = None
            if "relationer" in entry:
                data = {} if entry["relationer"] == [] else an_object(entry["relationer"], f"{at}.relationer")
                relations = self._relations(PART_RELATIONS, data, f"{at}.relationer")
            parts[text] = GivenPart(properties, relations)
        return parts

    def _contents(self, value: object, place: str) -> tuple[Given, ...]:
        given = self._fields(PART_PROPERTIES, value, place)
        for one in given:
            name = one.values.get("indhold", "")
            if name.startswith(UPLOADED) and name.removeprefix(UPLOADED) not in self.files:
                raise InvalidObject(f"no file part of this request is called {name.removeprefix(UPLOADED)!r}.", place)
        return given


def _key(value: object, taken: Container[str], place: str) -> str:
    text = a_text(value, place)
    if text in taken:
        raise InvalidObject(f"{text!r} is there twice.", place)
    return text


def _one_at_a_time(given: Sequence[Given], place: str) -> tuple[Given, ...]:
    for one, following in pairwise(sorted(given, key=lambda entry: entry.virkning.start)):
        if following.virkning.start < one.virkning.end:
            raise InvalidObject("two entries hold at the same time. Let one end where the other begins.", place)
    return tuple(given)


def with_addresses(payload: Payload, address_of: Callable[[str], str]) -> Payload:
    """Return a payload in which each file that came with it is named by where it is stored from now on."""
    if payload.variants is None:
        return payload

    def stored(one: Given) -> Given:
        content = one.values.get("indhold", "")
        if not content.startswith(UPLOADED):
            return one
        return replace(one, values={**one.values, "indhold": address_of(content.removeprefix(UPLOADED))})

    def part(one: GivenPart) -> GivenPart:
        return one if one.properties is None else replace(one, properties=tuple(map(stored, one.properties)))

    def variant(one: GivenVariant) -> GivenVariant:
        return one if one.parts is None else replace(one, parts={text: part(it) for text, it in one.parts.items()})

    return replace(payload, variants={text: variant(one) for text, one in payload.variants.items()})
