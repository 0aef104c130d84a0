"""Everything that a role can reach through the drive by following addresses, and everything that it is told on the way."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote, urlsplit

from lxml import etree

from tests.matrix.operations import ALLPROP, EVERYTHING, EXPAND, SYNC, VERSION_TREE
from tests.matrix.worlds import World
from tests.protocol.client import Response

PROPNAME: Final = '<D:propfind xmlns:D="DAV:"><D:propname/></D:propfind>'
VERSION_PROPERTIES: Final = EVERYTHING
_DAV: Final = "{DAV:}"
_MOST: Final = 600
"""Addresses; more would be a loop."""

Told = dict[str, Response]
"""What was answered, by what was asked."""


def crawled(world: World) -> Told:
    """Return all answers to a role that begins at the root and asks everything of all that it is told of."""
    told: Told = {}
    waiting = [f"{world.root}/", f"{world.root}/.at/{world.instant}/"]
    waiting += [f"{world.root}/{name}/" for name in (".at", ".trash", ".rescue")]
    seen: set[str] = set()
    while waiting:
        target = waiting.pop(0)
        if target in seen or (target.count("/.at/") and world.instant not in target):
            continue
        seen.add(target)
        assert len(seen) < _MOST
        for label, response in _asked(world, target):
            told[f"{label} {target}"] = response
            waiting += [href for href in hrefs_in(response) if href.startswith(world.root + "/")]
        if is_collection(told[f"listing {target}"]) and ".versions" not in target and "/." not in target:
            waiting.append(f"{target.rstrip('/')}/.versions/")
    return told


def _asked(world: World, target: str) -> Iterator[tuple[str, Response]]:
    ask = world.ask
    yield "listing", ask("PROPFIND", target, EVERYTHING, depth="1")
    yield "allprop", ask("PROPFIND", target, ALLPROP, depth="1")
    yield "names", ask("PROPFIND", target, PROPNAME, depth="1")
    yield "content", ask("GET", target)
    yield "head", ask("HEAD", target)
    yield "versions", ask("REPORT", target, VERSION_TREE)
    yield "expanded", ask("REPORT", target, EXPAND)
    yield "sync", ask("REPORT", target, SYNC)
    # Refused, all of them, whatever is there: what the refusals say counts.
    yield "no method", ask("PATCH", target, b"x")
    yield "deep", ask("PROPFIND", target, depth="infinity")
    yield "stale", ask("GET", target, if_match='"none"')
    yield "no lock", ask("UNLOCK", target, lock_token="<opaquelocktoken:00000000-0000-4000-8000-000000000000>")
    yield "no body", ask("PROPPATCH", target)


def hrefs_in(response: Response) -> list[str]:
    """Return all addresses that an answer tells, in XML and on a page."""
    if response.headers.get("content-type", "").startswith("application/xml") and response.body:
        found = [element.text or "" for element in etree.fromstring(response.body).iter(f"{_DAV}href")]
    elif response.headers.get("content-type", "").startswith("text/html"):
        found = re.findall(r'href="([^"]*)"', response.body.decode())
    else:
        found = []
    return [urlsplit(one).path for one in found]


def is_collection(response: Response) -> bool:
    """Tell whether a listing is of a collection."""
    return response.status == 207 and b"<D:collection/>" in response.body.split(b"</D:response>")[0]


_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_SYNC_TOKEN = re.compile(r"(<D:sync-token>)[^<]*")
_QUOTA = re.compile(r"(<D:quota-[a-z-]*>)[^<]*")
_UID = re.compile(r"\b[0-9a-f]{32}\b")
_METADATA_TAG = re.compile(r"\('etag', '\"(?:[0-9a-f]{32}|[0-9a-f]{40})\"'\)")
_TIME_OF_ERROR = re.compile(r'(?<="time":)"[^"]*"')
_TRACE = re.compile(r'(?<="traceid":\{"value":)"[0-9a-f]{16}"|(?<="system:traceId":\{"value":)"[0-9a-f]{16}"')
_AUDIT_ID = re.compile(r'(?<="system:objectId":\{"value":)\d+')
_UNTOLD: Final = frozenset({"date", "content-length", "x-request-id"})
"""Headers that tell of the request alone."""
_TRASH_ID = re.compile(r"( |%20)(\d\d\.\d\d)( |%20)\d+")


def without_time(text: str) -> str:
    """Return a text without the time at which an error arose, which the clock of the tests does not give."""
    return _TIME_OF_ERROR.sub("TIME", text)


def without_ids(text: str) -> str:
    """Return a text without what tells two stores apart that hold the same: ids, tokens, quota."""
    text = _AUDIT_ID.sub("ID", _TRACE.sub("ID", without_time(text)))
    text = _METADATA_TAG.sub("TAG", _UID.sub("ID", _UUID.sub("ID", text)))
    text = _SYNC_TOKEN.sub(r"\1", text)
    text = _QUOTA.sub(r"\1", text)
    return _TRASH_ID.sub(r" \2 ID", text)


def as_text(response: Response) -> str:
    """Return all that an answer says."""
    headers = sorted((name, value) for name, value in response.headers.items() if name not in _UNTOLD)
    return f"{response.status}\n{headers}\n{unquote(response.body.decode('utf-8', 'replace'))}"
