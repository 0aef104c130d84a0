"""GET of objects: documents as they are, containers with their members in pages."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import Any, Final

import msgspec

from davgate.core import deleted
from davgate.http.responses import Response
from davgate.model.errors import NotFound
from davgate.rest import answers
from davgate.rest.exchange import Exchange
from davgate.rest.gever import batching, representation, shapes
from davgate.rest.gever.addresses import Found, find, find_at
from davgate.rest.gever.locking import taken_of
from davgate.rest.gever.services import OBJECT
from davgate.rest.operations import JSON, Answer, Operation


class Wanted(batching.Wanted):
    """What a GET of an object may ask for. ``fullobjects`` counts whatever its value."""

    include_items: str = "true"
    fullobjects: str | None = None
    metadata_fields: list[str] = msgspec.field(default_factory=list)
    metadata_fields_list: list[str] = msgspec.field(default_factory=list, name="metadata_fields:list")
    expand: list[str] = msgspec.field(default_factory=list)


NOTHING_SPECIAL: Final = Wanted()


def read(exchange: Exchange) -> Response:
    """Answer with the representation of an object."""
    exchange.choose(JSON)
    wanted = exchange.query(Wanted)
    return answers.json(HTTPStatus.OK, whole(find(exchange), wanted))


def object_of_this_name(exchange: Exchange) -> Response | None:
    """Answer with the object that has the name of a service without an ``@``, or None where there is none."""
    address = exchange.request.target.path
    try:
        find_at(exchange, address)
    except NotFound:
        return None
    return read(replace(exchange, operation=READ, params={"address": address}))


def whole(found: Found, wanted: Wanted = NOTHING_SPECIAL) -> dict[str, Any]:
    """Return the full representation of an object, of a container with a page of its members."""
    expand = {name for given in wanted.expand for name in given.split(",")}
    shown = representation.whole(found, expand=expand)
    if found.is_document or wanted.include_items.lower() in ("false", "0", "no"):
        return shown
    return shown | _items(found, wanted)


def _items(found: Found, wanted: Wanted) -> dict[str, Any]:
    exchange = found.exchange
    most = batching.size_of(exchange, wanted)
    _, page = deleted.members(exchange.store, exchange.ctx.without_conditions(), found.node_id, wanted.b_start, most)
    if wanted.fullobjects is not None:
        taken = taken_of(exchange, page.items)
        items = [representation.whole(representation.member_of(found, one), taken) for one in page.items]
    else:
        items = representation.summaries(found, page.items, {*wanted.metadata_fields, *wanted.metadata_fields_list})
    shown: dict[str, Any] = {"items": items, "items_total": page.total}
    if (links := batching.links(exchange, found.url, wanted, page.total)) is not None:
        shown["batching"] = links
    return shown


READ: Final = Operation(
    method="GET",
    template=OBJECT,
    handler=read,
    id="read",
    summary="Return a document, or a container with a page of its members.",
    reads=True,
    query=Wanted,
    answers={200: Answer(shapes.Shown)},
    refusals=(406,),
)
OPERATIONS: Final = (READ,)
