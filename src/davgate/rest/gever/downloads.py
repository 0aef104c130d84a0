"""The bytes of a document's file: the present ones, or those of a version."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from davgate.core import deleted, versioning
from davgate.core.opening import Opened
from davgate.http import content
from davgate.http.content_disposition import extended_attachment
from davgate.http.responses import Response
from davgate.model.errors import NoSuchVersion
from davgate.rest.exchange import Exchange
from davgate.rest.gever import errors, history, reading
from davgate.rest.gever.addresses import find_document
from davgate.rest.gever.errors import answering
from davgate.rest.gever.services import OBJECT
from davgate.rest.operations import BYTES, Answer, Handler, Operation


class Wanted(msgspec.Struct):
    """Which version is asked for; without one it is what the caller sees now."""

    version_id: Annotated[str, Meta(extra_json_schema={"pattern": "^[0-9]+$"})] | None = None


def download(exchange: Exchange) -> Response:
    """Send a document's file."""
    number = exchange.query(Wanted).version_id
    file_name, opened = _current(exchange) if number is None else _version(exchange, number)
    return content.send(exchange.request.environ, opened, file_name=file_name, disposition=extended_attachment)


def download_version(exchange: Exchange) -> Response:
    """Send a version of a document's file; an object that has the name of this service is an object."""
    return reading.object_of_this_name(exchange) or download(exchange)


def _current(exchange: Exchange) -> tuple[str, Opened]:
    seen, opened = deleted.open_content(exchange.store, exchange.ctx, exchange.params["address"])
    return seen.it.file_name, opened


def _version(exchange: Exchange, number: str) -> tuple[str, Opened]:
    found = find_document(exchange)
    no = history.number_in(number)
    with answering({NoSuchVersion: errors.no_version(number)}):
        _, version, opened = versioning.open_counted(exchange.store, exchange.ctx, found.node_id, no)
    return version.file_name, opened


_CONTENT: Final = Answer(BYTES, "*/*", ("ETag", "Content-Disposition"))


def _sending(template: str, handler: Handler, id: str, summary: str) -> Operation:
    return Operation(
        method="GET",
        template=template,
        handler=handler,
        id=id,
        summary=summary,
        reads=True,
        query=Wanted,
        answers={200: _CONTENT, 206: _CONTENT, 304: Answer(headers=("ETag",))},
        refusals=(412, 416),
        headers=("Range", "If-Range", "If-None-Match", "If-Modified-Since"),
    )


OPERATIONS: Final = (
    _sending(f"{OBJECT}/@@download/file", download, "download", "Return the file of a document."),
    _sending(
        f"{OBJECT}/@@download/file/{{file_name}}",
        download,
        "download-named",
        "Return the file of a document, under a name for programs that take it from the address.",
    ),
    _sending(
        f"{OBJECT}/download_file_version", download_version, "download-version", "Return the file of a version of a document."
    ),
)
