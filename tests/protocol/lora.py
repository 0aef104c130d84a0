"""Programs that speak LoRA: what they send, and what they look at in the replies."""

from __future__ import annotations

import json
from typing import Any, Final
from urllib.parse import quote, urlencode

from tests.protocol.client import Client, Response

MOUNT: Final = "/lora"
FACET: Final = "/lora/klassifikation/facet"
UNIT: Final = "/lora/organisation/organisationenhed"
KLASSE: Final = "/lora/klassifikation/klasse"
SAG: Final = "/lora/sag/sag"
DOKUMENT: Final = "/lora/dokument/dokument"

A: Final = "a0000000-0000-4000-8000-000000000001"
B: Final = "b0000000-0000-4000-8000-000000000002"
C: Final = "c0000000-0000-4000-8000-000000000003"
R1: Final = "d0000000-0000-4000-8000-000000000001"
R2: Final = "d0000000-0000-4000-8000-000000000002"
R3: Final = "d0000000-0000-4000-8000-000000000003"
UNKNOWN: Final = "e0000000-0000-4000-8000-00000000000f"

ALL_TIME: Final = "virkningFra=-infinity&virkningTil=infinity"
ALL_REGISTRATIONS: Final = "registreretFra=-infinity&registreretTil=infinity"
START: Final = "2011-05-01"
BOUNDARY: Final = "lora-boundary"

Json = dict[str, Any]


def virkning(start: str = START, end: str = "infinity", **more: object) -> Json:
    """Return a period as clients send it."""
    return {"from": start, "to": end, **more}


def entry(start: str = START, end: str = "infinity", **fields: object) -> Json:
    """Return an entry of any list."""
    return {**fields, "virkning": virkning(start, end)}


def target(uuid: str, start: str = START, end: str = "infinity", **more: object) -> Json:
    """Return an entry of a relation to an object."""
    return entry(start, end, uuid=uuid, **more)


def emptied(start: str = START, end: str = "infinity", **more: object) -> Json:
    """Return an entry of a relation that leads nowhere."""
    return entry(start, end, uuid="", urn="", **more)


def facet(bvn: str = "AC-1", **fields: object) -> Json:
    """Return the facet of the acceptance cases."""
    return {
        "attributter": {"facetegenskaber": [entry(brugervendtnoegle=bvn, **{"beskrivelse": "d", "supplement": "s0", **fields})]},
        "tilstande": {"facetpubliceret": [entry(publiceret="Publiceret")]},
        "relationer": {"ansvarlig": [target(A)], "redaktoerer": [target(R1), target(R2)]},
    }


def unit(bvn: str = "U", **fields: object) -> Json:
    """Return a unit of an organisation."""
    return {
        "attributter": {"organisationenhedegenskaber": [entry(brugervendtnoegle=bvn, **fields)]},
        "tilstande": {"organisationenhedgyldighed": [entry(gyldighed="Aktiv")]},
    }


def klasse(bvn: str = "K", **fields: object) -> Json:
    """Return a class of a classification."""
    return {
        "attributter": {"klasseegenskaber": [entry(brugervendtnoegle=bvn, titel="t", **fields)]},
        "tilstande": {"klassepubliceret": [entry(publiceret="Publiceret")]},
    }


def sag(bvn: str = "S", relationer: Json | None = None, **fields: object) -> Json:
    """Return a case."""
    said = {"beskrivelse": "b", "kassationskode": "k", "sagsnummer": "n", "titel": "t", **fields}
    return {
        "attributter": {"sagegenskaber": [entry(brugervendtnoegle=bvn, **said)]},
        "tilstande": {"sagfremdrift": [entry(fremdrift="Opstaaet")]},
        "relationer": relationer or {},
    }


def dokument(*varianter: Json, bvn: str = "D", **fields: object) -> Json:
    """Return a document."""
    said = {"beskrivelse": "b", "brevdato": "2021-01-31", "titel": "Brev", "dokumenttype": "brev", **fields}
    return {
        "attributter": {"dokumentegenskaber": [entry("2021-01-01", brugervendtnoegle=bvn, **said)]},
        "tilstande": {"dokumentfremdrift": [entry("2021-01-01", fremdrift="Modtaget")]},
        "varianter": list(varianter),
    }


def variant(*dele: Json, text: str = "PDF", **more: object) -> Json:
    """Return a variant of a document."""
    return {"varianttekst": text, "dele": list(dele), **more}


def del_(
    indhold: str = "field:f1", text: str = "kap", start: str = "2021-01-01", end: str = "infinity", **fields: object
) -> Json:
    """Return a part of a variant."""
    said = {"indeks": 1, "indhold": indhold, "mimetype": "text/plain", **fields}
    return {"deltekst": text, "egenskaber": [entry(start, end, **said)]}


# Requests


def send(client: Client, method: str, path: str, payload: object = None, **headers: str) -> Response:
    """Send a request, with a payload in JSON if there is one."""
    if payload is None:
        return client(method, path, **headers)
    return client(method, path, json.dumps(payload), content_type="application/json", **headers)


def form(payload: object, **files: tuple[bytes, str, str]) -> bytes:
    """Return the body of a form: a payload, and files by the names of their parts as content, file name and media type."""
    parts = [f'Content-Disposition: form-data; name="json"\r\n\r\n{json.dumps(payload)}'.encode()]
    for name, (content, file_name, media_type) in files.items():
        head = f'Content-Disposition: form-data; name="{name}"; filename="{file_name}"\r\nContent-Type: {media_type}\r\n\r\n'
        parts.append(head.encode() + content)
    lines = [f"--{BOUNDARY}\r\n".encode() + part + b"\r\n" for part in parts]
    return b"".join(lines) + f"--{BOUNDARY}--\r\n".encode()


def send_form(client: Client, method: str, path: str, payload: object, **files: tuple[bytes, str, str]) -> Response:
    """Send a payload with files."""
    return client(method, path, form(payload, **files), content_type=f"multipart/form-data; boundary={BOUNDARY}")


def create(client: Client, path: str, payload: Json, **files: tuple[bytes, str, str]) -> str:
    """Make an object and return its uuid."""
    response = send_form(client, "POST", path, payload, **files) if files else send(client, "POST", path, payload)
    assert response.status == 201, response
    return str(response.json["uuid"])


def patch(client: Client, path: str, uuid: str, payload: Json) -> Response:
    """Change an object, which succeeds."""
    response = send(client, "PATCH", f"{path}/{uuid}", payload)
    assert response.status == 200, response
    assert response.json == {"uuid": uuid}
    return response


def patch_attributes(client: Client, uuid: str, *entries: Json) -> Response:
    """Change properties of a facet; whether that succeeds is for the test to see."""
    return send(client, "PATCH", f"{FACET}/{uuid}", {"attributter": {"facetegenskaber": list(entries)}})


def patch_relation(client: Client, uuid: str, name: str, *entries: Json) -> Response:
    """Change a relation of a facet; whether that succeeds is for the test to see."""
    return send(client, "PATCH", f"{FACET}/{uuid}", {"relationer": {name: list(entries)}})


# Replies


def read(client: Client, path: str, uuid: str, query: str = ALL_TIME) -> list[Json]:
    """Return the registrations of an object as it is read, at all valid times unless a query says otherwise."""
    response = client("GET", f"{path}/{uuid}?{query}" if query else f"{path}/{uuid}")
    assert response.status == 200, response
    (only,) = response.json.values()
    (shown,) = only
    registrations: list[Json] = shown["registreringer"]
    return registrations


def newest(client: Client, path: str, uuid: str, query: str = ALL_TIME) -> Json:
    """Return the newest registration."""
    return read(client, path, uuid, query)[0]


def history(client: Client, path: str, uuid: str) -> list[Json]:
    """Return all registrations, the newest first."""
    return read(client, path, uuid, f"{ALL_TIME}&{ALL_REGISTRATIONS}")


def codes(client: Client, path: str, uuid: str) -> list[str]:
    """Return the life cycle of an object, the newest code first."""
    return [str(one["livscykluskode"]) for one in history(client, path, uuid)]


def rows(entries: list[Json], *names: str) -> list[tuple[object, ...]]:
    """Return entries as tuples of first day, last day and some of their values."""
    return [(day(one["virkning"]["from"]), day(one["virkning"]["to"]), *(one.get(name) for name in names)) for one in entries]


def day(shown: str) -> str:
    """Return an instant of a reply without the time of day, if that is midnight."""
    return shown.removesuffix(" 00:00:00+00")


def found(client: Client, path: str, query: str = "", **criteria: str) -> list[str]:
    """Return the uuids that a search finds."""
    more = urlencode(criteria, quote_via=quote)
    response = client("GET", f"{path}?{'&'.join(part for part in (query, more) if part)}")
    assert response.status == 200, response
    (hits,) = response.json["results"]
    return list(hits)


def message_of(response: Response, status: int = 400) -> str:
    """Return what a refusal says."""
    assert response.status == status, response
    assert response.headers["content-type"].startswith("application/json")
    message = response.json["message"]
    assert isinstance(message, str)
    return message
