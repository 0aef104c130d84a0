"""Compares the doors of typed objects (yuuvis, Dynacase, LoRA) with the drive: the same work on documents of the same kind."""

import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any

from . import writing
from .documents import fresh
from .doors import CONNECTIONS, JSON, SMALL, Drive, Measure, Rest, fetch, get, look, row, through
from .load import Request, Script, drive
from .peers import Peer
from .rows import Row, Sample, rate

_OBJECTS = "/api/dms/objects"
_ARTICLES = "/api/v1/families/MY_ARTICLE/documents/"
_FACETS = "/lora/klassifikation/facet"
_ALWAYS = {"from": "2011-01-01", "to": "infinity"}
_BYTES = ("Content-Type: application/octet-stream",)

_serial = itertools.count()

Make = Callable[[Peer], str]
"""Makes an object and returns its address."""


def rows() -> list[Row]:
    """Return the rows, each named after the work through a REST door and that on the drive."""
    return [*_readings(), *_writings()]


def _readings() -> Iterator[Row]:
    for connections in CONNECTIONS:
        on_drive = through(Drive, look, connections)
        for name, make in (("yuuvis", _import), ("Dynacase", _make_article), ("LoRA", _register)):
            yield row(f"{name} GET / PROPFIND Depth 0", connections, through(Rest, _reading(make), connections), on_drive)
        on_drive = through(Drive, fetch, connections)
        yield row("yuuvis download / GET 4 KiB", connections, through(Rest, _download, connections), on_drive)


def _writings() -> Iterator[Row]:
    for connections in CONNECTIONS:
        on_drive = writing.replaced_documents(SMALL, connections)
        works = (
            ("yuuvis PATCH", _changed(_import, _yuuvis_patch, connections)),
            ("yuuvis upload", _changed(_import, _upload, connections)),
            ("Dynacase PUT", _changed(_make_article, _dynacase_put, connections)),
            ("LoRA PATCH", _changed(_register, _lora_patch, connections)),
        )
        for name, work in works:
            yield row(f"{name} / PUT over existing 4 KiB", connections, work, on_drive, writes=True)


def _reading(make: Make) -> Callable[[Drive], Request]:
    return lambda peer: get(peer, make(peer))


def _changed(make: Make, change: Callable[[Peer, str], Request], connections: int) -> Measure:
    """Change one object for each connection."""

    def measure(peer: Peer, seconds: float) -> Sample:
        addresses = [make(peer) for _ in range(connections)]

        def script(address: str) -> Script:
            while True:
                yield change(peer, address)

        return rate(drive(peer.address, [script(address) for address in addresses], seconds=seconds))

    return measure


def _send(peer: Peer, method: str, address: str, body: object, *, made: bool = False) -> Request:
    return peer.request(
        method, address, JSON, json.dumps(body).encode(), expect=(200, 201) if made else (200,), keep_body=made, root=""
    )


def _made(peer: Peer, address: str, body: object) -> Any:
    return json.loads(peer.ask(_send(peer, "POST", address, body, made=True)).body)


# yuuvis: a mail with content


def _import(peer: Peer) -> str:
    mail = {"system:objectTypeId": "appEmail:email", "appEmail:from": "a@example.org", "appEmail:subject": "Offer"}
    (made,) = _made(peer, _OBJECTS, _mail(mail))["objects"]
    address = f"{_OBJECTS}/{made['properties']['system:objectId']['value']}"
    peer.ask(_upload(peer, address))
    return address


def _mail(properties: dict[str, object]) -> object:
    return {"objects": [{"properties": {name: {"value": value} for name, value in properties.items()}}]}


def _yuuvis_patch(peer: Peer, address: str) -> Request:
    return _send(peer, "PATCH", address, _mail({"appEmail:subject": f"Offer {next(_serial)}"}))


def _upload(peer: Peer, address: str) -> Request:
    return peer.request("POST", f"{address}/contents/file", _BYTES, fresh(SMALL), expect=(200,), root="")


def _download(peer: Drive) -> Request:
    return peer.request("GET", f"{_import(peer)}/contents/file", expect=(200,), length_bytes=SMALL, root="")


# Dynacase: an article


def _make_article(peer: Peer) -> str:
    made = _made(peer, _ARTICLES, _article())["data"]["document"]
    return f"/api/v1/documents/{made['properties']['id']}.json"


def _article() -> object:
    return {"document": {"attributes": {"my_title": {"value": f"Article {next(_serial)}"}}}}


def _dynacase_put(peer: Peer, address: str) -> Request:
    return _send(peer, "PUT", address, _article())


# LoRA: a facet


def _register(peer: Peer) -> str:
    relations = {"redaktoerer": [{"uuid": "00000001-0000-4000-8000-000000000000", "virkning": _ALWAYS}]}
    states = {"facetpubliceret": [{"publiceret": "Publiceret", "virkning": _ALWAYS}]}
    made = _made(peer, _FACETS, {**_facet(), "tilstande": states, "relationer": relations})
    return f"{_FACETS}/{made['uuid']}"


def _facet() -> dict[str, object]:
    said = {"brugervendtnoegle": "ROAD", "beskrivelse": f"Road {next(_serial)}", "virkning": _ALWAYS}
    return {"attributter": {"facetegenskaber": [said]}}


def _lora_patch(peer: Peer, address: str) -> Request:
    return _send(peer, "PATCH", address, _facet())
