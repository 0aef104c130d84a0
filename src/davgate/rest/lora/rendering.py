"""Registrations as they are shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import tzinfo
from typing import Any, Final, TypeAlias

from davgate.core.bitemporal.registrations import History
from davgate.model.bitemporal.merging import Entry, Part, Variant
from davgate.model.bitemporal.registration import Registration
from davgate.model.bitemporal.virkning import Virkning, iso_text
from davgate.model.frozen import frozen
from davgate.model.object_types import Kind, ObjectType
from davgate.rest.lora.finding import temporal_of
from davgate.rest.lora.times import spaced

Shown: TypeAlias = dict[str, Any]

_KEYWORD: Final = ("soegeordidentifikator", "beskrivelse", "soegeordskategori")
_OTHER_NAMES: Final = {"journalpostkode": "reltypespec", "journaldokument": "journaldokumentattr"}
"""Keys of relations that the original replies under another name; both are shown."""


@frozen
class Renderer:
    """Shows objects of a class, valid times in a time zone."""

    kind: ObjectType
    zone: tzinfo

    def object(self, history: History) -> Shown:
        """Return an object with those of its registrations that were asked for, the newest first."""
        return {"id": history.uuid, "registreringer": [self.registration(one) for one in history.registrations]}

    def registration(self, one: Registration) -> Shown:
        """Return a registration; sections without content are left out."""
        content = one.snapshot
        shown: Shown = {
            "fratidspunkt": {"tidsstempeldatotid": iso_text(one.at), "graenseindikator": True},
            "tiltidspunkt": {"tidsstempeldatotid": iso_text(one.until)},
            "livscykluskode": one.code.value,
            "brugerref": one.author_uuid,
            "note": one.note,
            "attributter": self._attributes(content.attributes),
            "tilstande": self._lists(content.states),
            "relationer": self._relations(content.relations),
            "varianter": [self._variant(text, variant) for text, variant in content.variants.items()],
        }
        return {key: value for key, value in shown.items() if value}

    def _attributes(self, groups: Mapping[str, Iterable[Entry]]) -> Shown:
        shown = {}
        for key, entries in groups.items():
            properties = temporal_of(self.kind).groups.get(key, ())
            keywords = [one.name for one in properties if one.kind is Kind.KEYWORDS]
            shown[key] = [self._entry(one) | _keywords(one, keywords) for one in entries]
        return shown

    def _lists(self, lists: Mapping[str, Iterable[Entry]]) -> Shown:
        return {key: self._entries(entries) for key, entries in lists.items()}

    def _relations(self, lists: Mapping[str, Iterable[Entry]]) -> Shown:
        return {key: [self._entry(one) | _by_other_names(one) for one in entries] for key, entries in lists.items()}

    def _variant(self, text: str, variant: Variant) -> Shown:
        shown = {
            "varianttekst": text,
            "egenskaber": self._entries(variant.properties),
            "dele": [self._part(name, part) for name, part in variant.parts.items()],
        }
        return _without_empty_lists(shown)

    def _part(self, text: str, part: Part) -> Shown:
        shown = {
            "deltekst": text,
            "egenskaber": self._entries(part.properties),
            "relationer": self._lists(part.relations),
        }
        return _without_empty_lists(shown)

    def _entries(self, entries: Iterable[Entry]) -> list[Shown]:
        return [self._entry(one) for one in entries]

    def _entry(self, one: Entry) -> Shown:
        return {**one.values, "virkning": self._virkning(one.virkning)}

    def _virkning(self, one: Virkning) -> Shown:
        shown: Shown = {
            "from": spaced(one.start, self.zone),
            "to": spaced(one.end, self.zone),
            "from_included": True,
            "to_included": False,
        }
        said = {"aktoerref": one.actor, "aktoertypekode": one.actor_type, "notetekst": one.note}
        return shown | {key: value for key, value in said.items() if value}


def _keywords(one: Entry, names: Iterable[str]) -> Shown:
    return {
        name: [dict(zip(_KEYWORD, keyword, strict=True)) for keyword in one.values[name]] for name in names if name in one.values
    }


def _by_other_names(one: Entry) -> Shown:
    return {other: one.values[name] for name, other in _OTHER_NAMES.items() if name in one.values}


def _without_empty_lists(shown: Shown) -> Shown:
    return {key: value for key, value in shown.items() if value not in ([], {})}
