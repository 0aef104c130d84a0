"""Values that one database keeps and another does not, or none, in every place where LoRA takes a value; see test_odd_values."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from tests.protocol import lora
from tests.protocol.client import Client, Response
from tests.protocol.databases import on_both_databases
from tests.protocol.lora import Json
from tests.schemas.test_odd_values import TEXTS, VALUES, escaped, none_fails, short

pytestmark = on_both_databases

FIELDS: Final = {
    lora.SAG: "brugervendtnoegle principiel offentlighedundtaget",
    lora.KLASSE: "titel soegeord",
    "/lora/organisation/itsystem": "itsystemnavn konfigurationreference",
    "/lora/aktivitet/aktivitet": "starttidspunkt tidsforbrug",
    lora.DOKUMENT: "brevdato major titel beskrivelse",
}
GROUPS: Final = {
    lora.SAG: "sagegenskaber",
    lora.KLASSE: "klasseegenskaber",
    "/lora/organisation/itsystem": "itsystemegenskaber",
    "/lora/aktivitet/aktivitet": "aktivitetegenskaber",
    lora.DOKUMENT: "dokumentegenskaber",
}
PLACES: Final = (
    "note",
    "livscyklus",
    "attributter",
    "attributter.facetegenskaber",
    "attributter.facetegenskaber.0",
    "attributter.facetegenskaber.0.virkning",
    *(f"attributter.facetegenskaber.0.virkning.{key}" for key in ("from", "to", "aktoerref", "aktoertypekode", "notetekst")),
    "tilstande",
    "tilstande.facetpubliceret",
    "tilstande.facetpubliceret.0.publiceret",
    "relationer",
    "relationer.ansvarlig",
    "relationer.ansvarlig.0",
    *(f"relationer.ansvarlig.0.{key}" for key in ("uuid", "urn", "objekttype", "indeks")),
)
PARAMETERS: Final = (
    "uuid bvn supplement publiceret ansvarlig ansvarlig:{} vilkaarligattr vilkaarligrel livscykluskode brugerref notetekst "
    "maximalantalresultater foersteresultat virkningstid virkningFra virkningTil registreringstid registreretFra registreretTil "
    "list konsolider {}"
).split()
OF_DOCUMENTS: Final = "varianttekst deltekst indeks indhold lokation mimetype underredigeringaf arkivering brevdato major".split()


def placed(payload: Json, place: str, value: object) -> Json:
    """Return a payload with another value in one place."""
    copy: Json = json.loads(json.dumps(payload))
    *above, last = place.split(".")
    at = copy
    for key in above:
        at = at[int(key)] if key.isdigit() else at[key]  # type: ignore[call-overload]  # lists on the way
    if last.isdigit():
        at[int(last)] = value  # type: ignore[index]  # the same
    else:
        at[last] = value
    return copy


def send(client: Client, method: str, path: str, payload: object) -> Response:
    return lora.send(client, method, path, payload)


def test_payloads(ann: Client) -> None:
    uuid = lora.create(ann, lora.FACET, lora.facet())

    def answers() -> Iterator[tuple[object, Response]]:
        for place in PLACES:
            for value in VALUES:
                payload = placed(lora.facet(), place, value)
                yield (place, value), send(ann, "POST", lora.FACET, payload)
                yield (place, value), send(ann, "PATCH", f"{lora.FACET}/{uuid}", payload)
            yield place, ann("GET", f"{lora.FACET}/{uuid}?{lora.ALL_TIME}&{lora.ALL_REGISTRATIONS}&konsolider")
        yield "all", ann("GET", f"{lora.FACET}?bvn=%25&list&{lora.ALL_TIME}")

    none_fails(answers())


def test_fields(ann: Client) -> None:
    whole = {
        lora.SAG: lora.sag(),
        lora.KLASSE: lora.klasse(),
        lora.DOKUMENT: lora.dokument(),
        "/lora/organisation/itsystem": {
            "attributter": {"itsystemegenskaber": [lora.entry(brugervendtnoegle="i")]},
            "tilstande": {"itsystemgyldighed": [lora.entry(gyldighed="Aktiv")]},
        },
        "/lora/aktivitet/aktivitet": {
            "attributter": {"aktivitetegenskaber": [lora.entry(brugervendtnoegle="a")]},
            "tilstande": {
                "aktivitetstatus": [lora.entry(status="Aktiv")],
                "aktivitetpubliceret": [lora.entry(publiceret="Normal")],
            },
        },
    }

    def answers() -> Iterator[tuple[object, Response]]:
        for path, names in FIELDS.items():
            for name in names.split():
                for value in VALUES:
                    payload = placed(whole[path], f"attributter.{GROUPS[path]}.0.{name}", value)
                    yield (name, value), send(ann, "POST", path, payload)
            yield path, ann("GET", f"{path}?livscykluskode=Opstaaet&list&{lora.ALL_TIME}&maximalantalresultater=1000")

    none_fails(answers())


def test_searches(ann: Client) -> None:
    lora.create(ann, lora.FACET, lora.facet())
    queries = [
        f"{lora.FACET}?{name.replace('{}', escaped(value))}={escaped(value)}" for name in PARAMETERS for value in short(VALUES)
    ]
    queries += [f"{lora.DOKUMENT}?{name}={escaped(value)}" for name in OF_DOCUMENTS for value in short(VALUES)]

    none_fails((query, ann("GET", query)) for query in queries)


def test_searches_of_many_criteria(ann: Client) -> None:
    uuid = lora.create(ann, lora.FACET, lora.facet())
    criteria = ["bvn=AC%25", "supplement=s%25", f"ansvarlig={lora.A}", "publiceret=Publiceret", "vilkaarligattr=d"] * 20

    assert lora.found(ann, lora.FACET, "&".join(criteria)) == [uuid]
    assert len(ann("GET", f"{lora.FACET}?{'&'.join([f'uuid={uuid}'] + [f'uuid={lora.UNKNOWN}'] * 900)}").json["results"][0]) == 1


def test_addresses(ann: Client) -> None:
    def addresses() -> Iterator[str]:
        for value in map(escaped, short(VALUES)):
            yield f"/lora/{value}"
            yield f"/lora/{value}/classes"
            yield f"/lora/klassifikation/{value}"
            yield f"{lora.FACET}/{value}"
            yield f"{lora.FACET}/{lora.UNKNOWN}?{value}={value}"
            for place in range(6):
                segments = ["2026", "11", "20", "12", "00", f"{lora.UNKNOWN}.bin"]
                segments[place] = value
                yield f"{lora.DOKUMENT}/{'/'.join(segments)}"

    none_fails((address, ann("GET", address)) for address in addresses())


def test_files(ann: Client) -> None:
    def answers() -> Iterator[tuple[object, Response]]:
        for text in TEXTS:
            sent = text.encode("utf-8", "surrogatepass").decode("latin-1")
            for part, file in (
                (lora.del_(mimetype=text), (b"x", "a.txt", "text/plain")),
                (lora.del_(text=text, lokation=text), (b"x", sent, sent)),
                (lora.del_(f"field:{text}"), (b"x", "a.txt", "text/plain")),
                (lora.del_(text), (b"x", "a.txt", "text/plain")),
            ):
                payload = lora.dokument(lora.variant(part, text=text))
                made = lora.send_form(ann, "POST", lora.DOKUMENT, payload, f1=file)
                yield text, made
                if made.status != 201:
                    continue
                shown = ann("GET", f"{lora.DOKUMENT}/{made.json['uuid']}?{lora.ALL_TIME}")
                yield text, shown
                (only,) = shown.json[made.json["uuid"]][0]["registreringer"][0]["varianter"][0]["dele"]
                uri = str(only["egenskaber"][0].get("indhold", ""))
                if uri.startswith("store:"):
                    yield text, ann("GET", f"{lora.DOKUMENT}/{uri.removeprefix('store:')}")
        yield "drive", ann("PROPFIND", "/dav/LoRA/2026-11/", depth="1")

    none_fails(answers())
