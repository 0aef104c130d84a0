"""Everything that a role can reach through the dialects by following addresses and searching, and what it is told on the way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote, urlsplit

from tests.matrix.crawling import Told
from tests.matrix.worlds import World, hidden_markers
from tests.protocol.client import Response
from tests.protocol.dynacase import BASE as DYNACASE
from tests.protocol.gever import MOUNT as GEVER
from tests.protocol.lora import ALL_REGISTRATIONS, ALL_TIME, DOKUMENT
from tests.protocol.okd import BASE as OKD
from tests.protocol.yuuvis import BASE as YUUVIS
from tests.protocol.yuuvis import JSON

_STALE: Final = '"none"'
_SERVICES: Final = (
    "@history", "@history/0", "@history/1", "@history/99", "@versions", "@versions/0", "@lock", "status", "@@download/file",
    "@@download/file?version_id=0", "@@download/file?version_id=1", "@@download/file?version_id=99",
)  # fmt: skip
_MOST: Final = 300
"""Addresses; more would be a loop."""


def crawled_by_gever(world: World) -> Told:
    """Return all answers to a role that begins at the root and asks for all that it is told of."""
    told: Told = {}
    waiting, seen = [GEVER], set[str]()
    while waiting:
        target = waiting.pop(0)
        if target in seen:
            continue
        seen.add(target)
        assert len(seen) < _MOST
        for label, response in _asked_of_gever(world, target):
            told[f"{label} {target}"] = response
        shown = told[f"whole {target}"]
        waiting += [urlsplit(item["@id"]).path for item in _items(shown)]
    return told


def _items(response: Response) -> list[dict[str, Any]]:
    return list(response.json.get("items", ())) if response.status == 200 else []


def _asked_of_gever(world: World, target: str) -> Iterator[tuple[str, Response]]:
    ask = world.ask
    yield "whole", ask("GET", f"{target}?b_size=1000&fullobjects=1&expand=lock&metadata_fields=filename")
    yield "short", ask("GET", f"{target}?b_size=1000&metadata_fields=creator&metadata_fields=filename")
    yield "a page of", ask("GET", f"{target}?b_size=1")
    for service in _SERVICES:
        yield service, ask("GET", f"{target}/{service}")
    # Refused, all of them, whatever is there: what the refusals say counts.
    yield "stale", ask("DELETE", target, if_match=_STALE)
    yield "no body", ask("PATCH", target, b"[")
    yield "no type", ask("POST", target, b"{}")
    yield "no service", ask("GET", f"{target}/@none")


def crawled_by_okd(world: World) -> Told:
    """Return all answers to a role that lists, searches for what it may not see, and asks for all that it is told of."""
    ask = world.ask
    told: Told = {}
    for query in ("pageSize=250&sort=documentName", "pageSize=1&sort=-documentName", "pageSize=250&sort=documentName&q=t"):
        told[f"list {query}"] = ask("GET", f"{OKD}?{query}")
    for number, word in enumerate(sorted(hidden_markers(world.role))):
        for name in ("documentName", "q", "documentId"):
            told[f"search of hidden word {number} as {name}"] = ask("GET", f"{OKD}?{name}={quote(word)}")
    listed = told["list pageSize=250&sort=documentName"]
    for item in _items(listed):
        target = f"{OKD}/{item['dmsDocumentId']}"
        for rest in ("", "/metadata", "/content", "/_lock"):
            told[f"{rest or 'read'} {item['fileName']}"] = ask("GET", target + rest)
        told[f"stale {item['fileName']}"] = ask("PATCH", target, b"x", if_match=_STALE)
        told[f"envelope {item['fileName']}"] = ask("PATCH", target, b"x", content_type="multipart/form-data; boundary=b")
    return told


def _some_hidden(world: World) -> list[str]:
    """Return a part of the words that the role may not be told."""
    return sorted(hidden_markers(world.role))[::4]


def crawled_by_yuuvis(world: World) -> Told:
    """Return all answers to a role that searches for everything and for what it may not see, and asks for all that it finds."""
    ask = world.ask
    told: Told = {}

    def search(statement: str) -> Response:
        return ask("POST", f"{YUUVIS}/search", json.dumps({"query": {"statement": statement}}), content_type=JSON)

    for number, word in enumerate(_some_hidden(world)):
        told[f"search of hidden word {number}"] = search(
            f"SELECT * FROM system:object WHERE Name LIKE '%{word}%' OR CONTAINS('{word}')"
        )
    told["search"] = search("SELECT * FROM system:object ORDER BY Name")
    told["count"] = search("SELECT COUNT(*) FROM system:object")
    if told["search"].status != 200:
        return told
    for entry in told["search"].json["objects"]:
        said = {name: one["value"] for name, one in entry["properties"].items()}
        target, name = f"{YUUVIS}/{said['system:objectId']}", said["Name"]
        for rest in ("", "/versions", "/versions/1", "/history", "/contents/file", "/versions/1/contents/file"):
            told[f"{rest or 'read'} {name}"] = ask("GET", target + rest)
        told[f"stale {name}"] = ask("DELETE", target, if_match=_STALE)
        told[f"no body {name}"] = ask("PATCH", target, b"[", content_type=JSON)
    return told


_OF_DOCUMENTS: Final = (
    "?fields=document.properties.all,document.attributes", "/revisions/", "/revisions/0", "/history/", "/locks/",
    "/files/fi_file", "/revisions/0/files/fi_file/-1", "/workflows/states/", "/files/none",
)  # fmt: skip


def crawled_by_dynacase(world: World) -> Told:
    """Return all answers to a role that lists documents and the trash, and asks for all that it is told of."""
    ask = world.ask
    told: Told = {}
    for place in ("documents", "families/MY_FILE/documents", "trash"):
        for query in ("slice=all&orderBy=title:asc&fields=document.properties.all", "slice=1&orderBy=title:desc"):
            told[f"list {place} {query}"] = ask("GET", f"{DYNACASE}/{place}/?{query}")
    for place in ("documents", "trash"):
        listed = told[f"list {place} slice=all&orderBy=title:asc&fields=document.properties.all"]
        for one in listed.json["data"]["documents"] if listed.status == 200 else ():
            target, name = f"{DYNACASE}/{place}/{one['properties']['initid']}", one["properties"]["title"]
            for rest in _OF_DOCUMENTS:
                told[f"{place} {rest} {name}"] = ask("GET", target + rest)
            told[f"{place} stale {name}"] = ask("PUT", target, b"{}", if_match=_STALE, content_type=JSON)
            told[f"{place} no body {name}"] = ask("PUT", target, b"[", content_type=JSON)
    return told


def crawled_by_lora(world: World) -> Told:
    """Return all answers to a role that searches for everything and for what it may not see, and asks for all that it finds."""
    ask = world.ask
    told: Told = {}
    for number, word in enumerate(_some_hidden(world)):
        told[f"search of hidden word {number}"] = ask("GET", f"{DOKUMENT}?vilkaarligattr=%25{word}%25")
    told["search"] = ask("GET", f"{DOKUMENT}?bvn=%25")
    found = told["search"].json["results"][0] if told["search"].status == 200 else []
    told["list"] = ask("GET", f"{DOKUMENT}?{'&'.join(f'uuid={uuid}' for uuid in found)}&list=1")
    for no, uuid in enumerate(found):
        whole = ask("GET", f"{DOKUMENT}/{uuid}?{ALL_TIME}&{ALL_REGISTRATIONS}")
        told[f"read {no}"] = whole
        told[f"stale {no}"] = ask("DELETE", f"{DOKUMENT}/{uuid}", if_match=_STALE)
        ((shown,),) = whole.json.values()
        for place, address in enumerate(_addresses_in(shown)):
            told[f"content {no} {place}"] = ask("GET", f"{DOKUMENT}/{address}")
    return told


def _addresses_in(shown: dict[str, Any]) -> Iterator[str]:
    for registration in shown["registreringer"]:
        for variant in registration["varianter"]:
            for part in variant["dele"]:
                yield from (one["indhold"].removeprefix("store:") for one in part["egenskaber"])


def _found_number(response: Response) -> int:
    """Return how many documents a search has found, in the words of whichever door."""
    said = response.json
    if "totalItems" in said:
        return int(said["totalItems"])
    if "numItems" in said:
        return int(said["numItems"])
    return sum(map(len, said.get("results", ())))


def found_by_search(told: Told) -> dict[str, int]:
    """Return how many documents each search for a hidden word has found, if any."""
    searches = {question: response for question, response in told.items() if "hidden word" in question}
    return {question: number for question, one in searches.items() if (number := _found_number(one))}
