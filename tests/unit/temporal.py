"""What tests of content that is valid for a time share: a short form of entries, payloads and what is expected.

``"2012..inf bvn=ROAD plan=A"`` is an entry; a year alone is its first of January. ``@note`` is a note of the period.
"""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from davgate.core.object_types import shipped
from davgate.model.bitemporal import merging
from davgate.model.bitemporal.merging import Entry, Payload, Snapshot
from davgate.model.bitemporal.payload import parse_payload
from davgate.model.bitemporal.virkning import BEGINNING
from davgate.model.instant import FOREVER, Instant, to_datetime
from davgate.model.object_types import ObjectType, TemporalClass

UTC = ZoneInfo("UTC")
SHORT = {"bvn": "brugervendtnoegle"}
LONG = {value: key for key, value in SHORT.items()}

A, B, C = (f"0000000{no}-0000-4000-8000-000000000000" for no in (1, 2, 3))


def type_of(service: str, name: str) -> ObjectType:
    """Return the object type of a class."""
    found = shipped().get(f"lora:{service}/{name}")
    assert found is not None
    return found


def class_of(service: str, name: str) -> TemporalClass:
    """Return a class."""
    found = type_of(service, name).temporal
    assert found is not None
    return found


FACET = class_of("klassifikation", "facet")
SAG = class_of("sag", "sag")
DOCUMENT = class_of("dokument", "dokument")


def period(text: str) -> dict[str, Any]:
    """Return the period of ``2012..inf``, with a note behind ``@``."""
    ends, _, note = text.partition("@")
    start, end = ends.split("..")
    said = {"notetekst": note} if note else {}
    return {"from": _instant(start), "to": _instant(end), **said}


def _instant(text: str) -> str:
    return {"inf": "infinity", "-inf": "-infinity"}.get(text, text if len(text) > 4 else f"{text}-01-01")


def entry(text: str) -> dict[str, Any]:
    """Return the entry of a request that is told in short form."""
    valid, *fields = text.split(" ")
    values = dict(field.split("=", 1) for field in fields)
    return {**{SHORT.get(name, name): value for name, value in values.items()}, "virkning": period(valid)}


def entries(*texts: str) -> list[dict[str, Any]]:
    """Return entries of a request."""
    return [entry(one) for one in texts]


def payload(of: TemporalClass, data: dict[str, Any], *, files: tuple[str, ...] = ()) -> Payload:
    """Return the payload of a PATCH."""
    return parse_payload(of, data, UTC, is_complete=False, files=files)


def patched(snapshot: Snapshot, of: TemporalClass, data: dict[str, Any]) -> Snapshot:
    """Return a snapshot after a PATCH."""
    return merging.patch(snapshot, payload(of, data), of)


def snapshot_of(of: TemporalClass, data: dict[str, Any]) -> Snapshot:
    """Return the snapshot of an object, mandatory or not what it lacks."""
    return patched(Snapshot(), of, data)


def told(listed: tuple[Entry, ...]) -> list[str]:
    """Return entries in short form, sorted."""
    return [_told(one) for one in listed]


def _told(one: Entry) -> str:
    note = f"@{one.virkning.note}" if one.virkning.note else ""
    valid = f"{_end(one.virkning.start)}..{_end(one.virkning.end)}{note}"
    return " ".join([valid, *(f"{LONG.get(name, name)}={value}" for name, value in sorted(one.values.items()))])


def _end(instant: Instant) -> str:
    if instant in (BEGINNING, FOREVER):
        return "inf" if instant == FOREVER else "-inf"
    day = to_datetime(instant).date().isoformat()
    return day.removesuffix("-01-01")


def facet(bvn: str = "AC-1", **relations: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the base facet of the acceptance cases."""
    return {
        "attributter": {"facetegenskaber": entries(f"2011-05-01..inf bvn={bvn} beskrivelse=d supplement=s0")},
        "tilstande": {"facetpubliceret": entries("2011-05-01..inf publiceret=Publiceret")},
        "relationer": relations or {"ansvarlig": entries(f"2011-05-01..inf uuid={A}")},
    }


def document(bvn: str = "DOC", titel: str = "Title", **more: Any) -> dict[str, Any]:
    """Return a document, without variants if none are given."""
    fields = f"2021..inf bvn={bvn} beskrivelse=text brevdato=2021-02-03 titel={titel} dokumenttype=letter"
    return {
        "attributter": {"dokumentegenskaber": entries(fields)},
        "tilstande": {"dokumentfremdrift": entries("2021..inf fremdrift=Modtaget")},
        **more,
    }


def variant(text: str, *parts: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a variant of a document."""
    return {"varianttekst": text, "dele": list(parts), **more}


def part(text: str, *texts: str, **more: Any) -> dict[str, Any]:
    """Return a part of a variant."""
    return {"deltekst": text, "egenskaber": [_with_index(entry(one)) for one in texts], **more}


def _with_index(one: dict[str, Any]) -> dict[str, Any]:
    return {**one, "indeks": int(one["indeks"])} if "indeks" in one else one
