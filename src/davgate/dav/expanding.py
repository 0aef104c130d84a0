"""The expand-property report: properties, and in place of each address in their values what it leads to (RFC 3253, 3.8).

A value leads to a few resources mostly, a version history to all versions of a document. What one answer looks up is bounded; an
address beyond the bound, or one that leads nowhere, stays an address.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import unescape
from typing import Final

from davgate.dav import multistatus, past
from davgate.dav.bodies import Form, PropfindRequest
from davgate.dav.describing import Described, Describer
from davgate.dav.drive import Exchange
from davgate.dav.facts import Batch
from davgate.dav.live_properties import LIVE_PROPERTIES, unknown_properties
from davgate.dav.report_bodies import ExpandRequest, Expansion
from davgate.http.targets import parse_reference
from davgate.model.conditions import ELSEWHERE
from davgate.model.errors import Malformed, NameTooLong, NotFound
from davgate.model.places import InTree
from davgate.model.properties import PropertyName

MOST_LOOKED_UP: Final = 1000
"""Resources in one answer."""

_HREF = re.compile("<D:href>([^<]*)</D:href>")


def expanded(exchange: Exchange, request: ExpandRequest) -> str:
    """Return the response element of the requested resource with its properties expanded."""
    expander = _Expander(exchange, Describer(exchange))
    place, asked = exchange.place, _asked(request.properties)
    if isinstance(place, InTree):
        return expander.response(expander.describer.describe(place.path, asked), request.properties)
    with_metadata = asked.wants_typed_properties
    with past.shown(exchange.drive, exchange.ctx, place, with_members=False, with_metadata=with_metadata) as shown:
        href = exchange.drive.href(exchange.request.target.path, collection=shown.is_collection)
        facts = shown.facts(exchange, asked)
        return expander.response(Described(href, shown.row, facts), request.properties)


def _asked(properties: Sequence[Expansion]) -> PropfindRequest:
    return PropfindRequest(Form.PROP, tuple(one.name for one in properties))


@dataclass(slots=True)
class _Expander:
    """Puts together one answer."""

    exchange: Exchange
    describer: Describer
    looked_up: int = 0

    def response(self, described: Described, properties: Sequence[Expansion]) -> str:
        found: list[str] = []
        missing: list[PropertyName] = []
        for one in properties:
            text = _value(described, one.name)
            if text:
                found.append(self._expand(text, one.inner) if one.inner else text)
            else:
                missing.append(one.name)
        return multistatus.response(described.href, found, missing)

    def _expand(self, text: str, inner: Sequence[Expansion]) -> str:
        return _HREF.sub(lambda href: self._follow(unescape(href[1]), inner) or href[0], text)

    def _follow(self, href: str, inner: Sequence[Expansion]) -> str | None:
        """Return the response element of the resource at an address; None when it cannot be had."""
        if self.looked_up >= MOST_LOOKED_UP:
            return None
        self.looked_up += 1
        request, drive = self.exchange.request, self.exchange.drive
        try:
            target = parse_reference(href, authority=request.authority, mount=drive.mount, limits=drive.limits)
            if target is ELSEWHERE:
                return None
            described = self.describer.describe(target.path, _asked(inner))
        except (Malformed, NameTooLong, NotFound):
            return None
        return self.response(described, inner)


def _value(described: Described, name: PropertyName) -> str:
    """Return a property of a resource as an element, empty when it has none."""
    live = LIVE_PROPERTIES.get(name)
    facts = described.facts
    if live is None:
        return facts.dead.get(described.row[facts.dead_by], {}).get(name, "")
    if name in unknown_properties(facts):
        return ""
    return next(iter(live.column(Batch((described.row,), facts, facts.standing))))
