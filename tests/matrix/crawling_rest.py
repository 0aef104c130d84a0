"""Everything that a role can reach through GEVER and OKD by following addresses and searching, and what it is told on the way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote, urlsplit

from tests.matrix.crawling import Told
from tests.matrix.worlds import World, hidden_markers
from tests.protocol.client import Response
from tests.protocol.gever import MOUNT as GEVER
from tests.protocol.okd import BASE as OKD

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


def found_by_search(told: Told) -> dict[str, int]:
    """Return how many documents each search for a hidden word has found, if any."""
    searches = {question: response for question, response in told.items() if "hidden word" in question}
    return {question: one.json["totalItems"] for question, one in searches.items() if one.json["totalItems"]}
