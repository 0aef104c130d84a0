"""A dialect that is not there but for tests of what all dialects share."""

from __future__ import annotations

import hashlib
from http import HTTPStatus
from typing import Annotated, Any, Final

import msgspec

from davgate.core import documents
from davgate.core.opening import Opened
from davgate.core.store import Context
from davgate.http import content
from davgate.http.responses import Response, empty
from davgate.model.errors import Forbidden
from davgate.rest import answers
from davgate.rest.exchange import Exchange
from davgate.rest.operations import BYTES, Answer, Dialect, Json, Multipart, Operation, Raw

MOUNT: Final = "/tiny/v1"

SEEN: Final[list[Context]] = []
"""What the handlers were given, for tests to look at and to clear."""


class Note(msgspec.Struct):
    title: str
    size: int = 0
    tags: list[str] = msgspec.field(default_factory=list)


class Shown(msgspec.Struct):
    title: str
    length: int


class Wanted(msgspec.Struct):
    page_size: Annotated[int, msgspec.Meta(ge=1, le=250)] = msgspec.field(default=10, name="pageSize")
    deep: bool = False
    field: list[str] = msgspec.field(default_factory=list)


class Listed(msgspec.Struct):
    page_size: int
    deep: bool
    fields: list[str]


class Received(msgspec.Struct):
    name: str
    length: int
    digest: str
    file_name: str | None
    media_type: str | None


def list_notes(exchange: Exchange) -> Response:
    wanted = exchange.query(Wanted)
    return answers.json(HTTPStatus.OK, Listed(wanted.page_size, wanted.deep, wanted.field))


def make_note(exchange: Exchange) -> Response:
    note = exchange.json(Note)
    return answers.json(HTTPStatus.CREATED, note, ("Location", exchange.origin + exchange.href("notes", note.title)))


def note(exchange: Exchange) -> Response:
    SEEN.append(exchange.ctx)
    if exchange.choose("application/json", "text/plain") == "text/plain":
        opened = documents.open_content(exchange.store, exchange.ctx, (exchange.params["name"],))
        assert isinstance(opened, Opened)
        return content.send(exchange.request.environ, opened, file_name=exchange.params["name"])
    return answers.metadata(exchange, Shown(exchange.params["name"], 0), '"one"')


def replace_note(exchange: Exchange) -> Response:
    SEEN.append(exchange.ctx)
    request = exchange.request
    written = documents.put(
        exchange.store,
        exchange.ctx,
        (exchange.params["name"],),
        exchange.body(),
        announced_bytes=request.announced_bytes,
        media_type=request.content_type,
    )
    return empty(HTTPStatus.NO_CONTENT, ("ETag", str(written.node.etag)))


def anything(exchange: Exchange) -> Response:
    return answers.json(HTTPStatus.OK, exchange.json(dict[str, Any]))


def receive_form(exchange: Exchange) -> Response:
    received = []
    for part in exchange.parts():
        digest, length = hashlib.sha256(), 0
        if part.name == "skipped":
            continue
        if part.name == "note":
            part.json(Note)
        while block := part.read(64 * 1024):
            digest.update(block)
            length += len(block)
        received.append(Received(part.name, length, digest.hexdigest(), part.file_name, part.media_type))
    return answers.json(HTTPStatus.OK, received)


def forbidden(exchange: Exchange) -> Response:
    raise Forbidden("Notes stay.")


DIALECT: Final = Dialect(
    name="tiny",
    title="Tiny",
    description="Notes.",
    operations=(
        Operation(
            method="GET",
            template="/notes",
            handler=list_notes,
            id="list-notes",
            summary="List notes.",
            reads=True,
            query=Wanted,
            answers={200: Answer(Listed)},
        ),
        Operation(
            method="POST",
            template="/notes",
            handler=make_note,
            id="make-note",
            summary="Make a note.",
            reads=False,
            body=Json(Note),
            answers={201: Answer(Note, headers=("Location",))},
            refusals=(413, 415),
        ),
        Operation(
            method="GET",
            template="/notes/{name}",
            handler=note,
            id="note",
            summary="Return a note.",
            reads=True,
            answers={200: Answer(Shown, headers=("ETag",)), 304: Answer()},
            refusals=(406,),
            headers=("If-None-Match",),
        ),
        Operation(
            method="PUT",
            template="/notes/{name}",
            handler=replace_note,
            id="replace-note",
            summary="Replace the content of a note.",
            reads=False,
            body=Raw(),
            answers={204: Answer(headers=("ETag",))},
            refusals=(412, 413, 415, 423),
            headers=("If-Match", "Lock-Token"),
        ),
        Operation(
            method="DELETE",
            template="/notes/{name}",
            handler=forbidden,
            id="delete-note",
            summary="Refuse.",
            reads=False,
            answers={204: Answer()},
        ),
        Operation(
            method="POST",
            template="/notes/{name}/_anything",
            handler=anything,
            id="anything",
            summary="Return what was sent.",
            reads=True,
            body=Json(dict[str, Any], may_be_empty=True, any_media_type=True),
            answers={200: Answer(dict[str, Any])},
            refusals=(413,),
        ),
        Operation(
            method="POST",
            template="/forms",
            handler=receive_form,
            id="receive-form",
            summary="Tell what arrived.",
            reads=True,
            body=Multipart({"note": Note, "file": BYTES}, optional=frozenset({"note"})),
            answers={200: Answer(list[Received])},
            refusals=(413, 415),
        ),
    ),
)
