"""Request bodies of REPORT as values (RFC 3253, 3.6 to 3.8; RFC 6578, 3.2 and 6)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, TypeAlias

from davgate.core.changes import MOST_AT_ONCE
from davgate.dav import xml
from davgate.dav.bodies import Form, PropfindRequest, check_names, names_in
from davgate.dav.version_properties import EXPAND_PROPERTY, SYNC_COLLECTION, VERSION_TREE
from davgate.dav.xml import DEFAULT_LIMITS, XmlLimits
from davgate.model.errors import Malformed, UnsupportedReport
from davgate.model.frozen import frozen
from davgate.model.locks import Depth
from davgate.model.properties import PropertyName

MAX_EXPANSIONS: Final = 4
"""Properties within each other in one expand-property: each level may multiply what has to be looked up."""


@frozen
class VersionTreeRequest:
    """Which properties of all versions of a document are asked for."""

    asked: PropfindRequest


@frozen
class SyncRequest:
    """What changed in a collection is asked for: since which token, how deep, how much at once, with which properties."""

    token: str
    deep: bool
    limit: int
    asked: PropfindRequest


@frozen
class Expansion:
    """A property that is asked for, and what of the resources to which its value leads."""

    name: PropertyName
    inner: tuple[Expansion, ...] = ()


@frozen
class ExpandRequest:
    """Properties that are asked for with what their values lead to."""

    properties: tuple[Expansion, ...]


ReportRequest: TypeAlias = VersionTreeRequest | SyncRequest | ExpandRequest


def parse_report(body: bytes, depth: Depth, limits: XmlLimits = DEFAULT_LIMITS) -> ReportRequest:
    """Return what a REPORT asks for.

    Raises:
        UnsupportedReport: there is no such report.
        Malformed, TooLarge: see ``xml.parse``; or it does not follow the grammar.
    """
    if not body:
        raise Malformed("A REPORT has a body that says which report. Send one.")
    root = xml.parse(body, limits)
    if xml.is_dav(root, SYNC_COLLECTION):
        return _sync(root, depth)
    if xml.is_dav(root, VERSION_TREE):
        return VersionTreeRequest(_asked(root))
    if xml.is_dav(root, EXPAND_PROPERTY):
        request = ExpandRequest(_expansions(root, 1))
        check_names(list(_names(request.properties)))
        return request
    raise UnsupportedReport(xml.printable(xml.name_of(root)[1]))


def _asked(root: xml.Element) -> PropfindRequest:
    return PropfindRequest(Form.PROP, names_in(xml.children(root, "prop")))


_LEVELS: Final = {"1": False, "infinite": True}
_NUMBER = re.compile("[0-9]+")
_LONGEST_NUMBER = 9


def _sync(root: xml.Element, depth: Depth) -> SyncRequest:
    tokens = xml.children(root, "sync-token")
    if len(tokens) != 1:
        raise Malformed("A sync-collection body has one sync-token; the first time it is empty. Send one.")
    levels = [(level.text or "").strip() for level in xml.children(root, "sync-level")]
    # Clients of drafts before RFC 6578 say it in the Depth header (RFC 6578, appendix A).
    deep = _LEVELS.get(levels[0]) if len(levels) == 1 else {Depth.ONE: False, Depth.INFINITY: True}.get(depth)
    if deep is None:
        raise Malformed("A sync-collection body has a sync-level, 1 or infinite. Send one of them.")
    limit = MOST_AT_ONCE
    for results in (results for holder in xml.children(root, "limit") for results in xml.children(holder, "nresults")):
        text = (results.text or "").strip()
        if not _NUMBER.fullmatch(text):
            raise Malformed("The limit of a sync-collection is a whole number in nresults. Send one.")
        # A client that wants all may say so with a number of any length, which Python would take long to read.
        limit = int(text) if len(text) <= _LONGEST_NUMBER else MOST_AT_ONCE
    return SyncRequest((tokens[0].text or "").strip(), deep, limit, _asked(root))


def _expansions(holder: xml.Element, level: int) -> tuple[Expansion, ...]:
    found: dict[PropertyName, Expansion] = {}
    for element in xml.children(holder, "property"):
        if level > MAX_EXPANSIONS:
            raise Malformed(f"Properties are expanded up to {MAX_EXPANSIONS} levels deep. Ask for the others in another request.")
        name = (element.get("namespace", xml.DAV), element.get("name") or "")
        if not xml.is_name(name):
            raise Malformed("A property element has a name that no property can have. Correct it.")
        found[name] = Expansion(name, _expansions(element, level + 1))
    return tuple(found.values())


def _names(properties: tuple[Expansion, ...]) -> Iterator[PropertyName]:
    for one in properties:
        yield one.name
        yield from _names(one.inner)
