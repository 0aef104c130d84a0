"""Searching: a statement in, a page of the objects that it asks for out."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta

from davgate.core import parents, searching
from davgate.core.searching import Search
from davgate.http.responses import Response
from davgate.model.errors import Malformed
from davgate.rest import answers
from davgate.rest.exchange import Exchange
from davgate.rest.operations import Answer, Json, Operation
from davgate.rest.yuuvis.errors import InvalidStatement
from davgate.rest.yuuvis.finding import By, Settings, context_of
from davgate.rest.yuuvis.meaning import ALWAYS, Asked, meaning_of
from davgate.rest.yuuvis.names import Names
from davgate.rest.yuuvis.query import parse
from davgate.rest.yuuvis.wire import ContentStream, Entry, Objects, Value, entries_of, listed

_OF_CONTENT: Final = {
    "system:contentStreamId": "content_stream_id",
    "system:contentStreamLength": "length",
    "system:contentStreamMimeType": "mime_type",
    "system:contentStreamFileName": "file_name",
    "system:contentStreamRepositoryId": "repository_id",
    "system:contentStreamRange": "range",
    "system:digest": "digest",
}
"""What a column may name that is no property elsewhere: the members of the content."""
_COUNT: Final = "OBJECT_COUNT"


class Query(msgspec.Struct, rename="camel"):
    """A statement, and which part of what it finds is wanted."""

    statement: str
    skip_count: Annotated[int, Meta(ge=0)] | None = None
    max_items: Annotated[int, Meta(ge=0)] | None = None


class Wanted(msgspec.Struct):
    """What is searched for."""

    query: Query


_PAGE: Final = 50


def operations(by: By) -> tuple[Operation, ...]:
    """Return what is offered of searching."""
    return (
        Operation(
            method="POST",
            template="/objects/search",
            handler=by(search),
            id="search",
            summary="Search objects by a statement.",
            reads=True,
            body=Json(Wanted),
            answers={200: Answer(Objects)},
            refusals=(413, 415),
            headers=("X-ID-TENANT-NAME",),
        ),
    )


def search(settings: Settings, exchange: Exchange) -> Response:
    """Answer with a page of what a statement finds among what the caller may read."""
    ctx = context_of(settings, exchange).without_conditions()
    wanted = exchange.json(Wanted).query
    store = exchange.store
    names = Names(store.types, settings.tenant, settings.repository, lambda: parents.not_shown(store, ctx, settings.folder))
    asked = meaning_of(parse(wanted.statement), names, store.clock.now())
    first = wanted.skip_count or 0
    most = _PAGE if wanted.max_items is None else min(wanted.max_items, exchange.service.limits.page)
    try:
        if asked.counts:
            count = searching.count(store, ctx, asked.condition, asked.kinds)
            return answers.json(HTTPStatus.OK, listed([Entry({_COUNT: Value(count)})], total=count))
        found = searching.search(store, ctx, Search(asked.condition, asked.order, first, most, asked.kinds))
    except Malformed as error:
        raise InvalidStatement(str(error)) from error
    entries = [_narrowed(one, asked) for one in entries_of(settings, store, ctx, found.items)]
    return answers.json(HTTPStatus.OK, listed(entries, total=found.total, has_more=first + len(entries) < found.total))


def _narrowed(entry: Entry, asked: Asked) -> Entry:
    """Return an object with the columns alone that are asked for, under their aliases, and what tells which it is."""
    if asked.columns is None:
        return entry
    said = {name: entry.properties[name] for name in ALWAYS}
    for shown_as, name in asked.columns.items():
        value = entry.properties.get(name) or _of_content(entry, name)
        if value is not None:
            said[shown_as] = value
    return Entry(said)


def _of_content(entry: Entry, name: str) -> Value | None:
    """Return a member of the content as a property, None without one."""
    member = _OF_CONTENT.get(name)
    if member is None or not isinstance(entry.content_streams, list):
        return None
    stream: ContentStream = entry.content_streams[0]
    value: Any = getattr(stream, member)
    return None if value is UNSET else Value(value)
