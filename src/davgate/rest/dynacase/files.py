"""The files of documents and revisions: one of an attribute, or all of one with several as an archive."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from typing import Final

import msgspec

from davgate.core.revisions import Shown
from davgate.core.streams import open_content
from davgate.http import content
from davgate.http.content_disposition import attachment, inline
from davgate.http.responses import NOSNIFF, Response
from davgate.model.node import Stream
from davgate.model.object_types import Kind, ObjectType, Property
from davgate.rest.dynacase import attachments
from davgate.rest.dynacase.addressing import Found, find, find_trashed
from davgate.rest.dynacase.errors import Refusal, Refused
from davgate.rest.dynacase.revisions import Finding, find_revision
from davgate.rest.dynacase.zipping import Entry, archive
from davgate.rest.exchange import Exchange
from davgate.rest.operations import BYTES, Answer, Operation

_NO_ATTRIBUTE: Final = Refusal(HTTPStatus.BAD_REQUEST, "CRUD0605", "There is no such attribute")
_HIDDEN: Final = Refusal(HTTPStatus.FORBIDDEN, "CRUD0606", "The attribute is not shown")
_EMPTY: Final = Refusal(HTTPStatus.NOT_FOUND, "CRUD0607", "The attribute has no such file")
_NEEDS_INDEX: Final = Refusal(HTTPStatus.BAD_REQUEST, "CRUD0610", "The attribute has several files: name one from 0 on")
_TAKES_NO_INDEX: Final = Refusal(HTTPStatus.BAD_REQUEST, "CRUD0611", "The attribute has a single file, whose index is -1")
_BAD_INDEX: Final = Refusal(HTTPStatus.BAD_REQUEST, "CRUD0612", "The index is a number from -1 on")
_NO_FILE: Final = Refusal(HTTPStatus.BAD_REQUEST, "CRUD0614", "The attribute is not one of files")

_ARCHIVE: Final = "application/x-zip"
_INDEX: Final = re.compile("-1|[0-9]{1,9}")
_SINGLE: Final = -1
_TRUTHS: Final = ("yes", "true", "1")


class Wanted(msgspec.Struct):
    """Whether a file is to be shown where it can be, and not saved."""

    inline: str = ""


def show(finding: Finding, exchange: Exchange) -> Response:
    """Return a file of a document, or an archive of all files of an attribute with several."""
    found = finding(exchange)
    shown = find_revision(exchange, found) if "no" in exchange.params else found.shown
    of = _attribute(exchange, found.family)
    index = _index(exchange, of)
    files = [stream for _, stream in attachments.attached(shown, found.family, of)]
    if index is None and of.is_multiple:
        return _all(exchange, found, shown, of, files)
    place = 0 if index is None or index == _SINGLE else index
    if place >= len(files):
        raise Refused(replace(_EMPTY, detail=f'The attribute "{of.name}" of document {shown.initid} has no file at {place}'))
    file = files[place]
    opened = open_content(exchange.store, exchange.ctx, file.content, shown.changed_at)
    is_inline = exchange.query(Wanted).inline.lower() in _TRUTHS
    return content.send(
        exchange.request.environ, opened, file_name=file.file_name, disposition=inline if is_inline else attachment
    )


def _all(exchange: Exchange, found: Found, shown: Shown, of: Property, files: list[Stream]) -> Response:
    if not files:
        raise Refused(replace(_EMPTY, detail=f'The attribute "{of.name}" of document {shown.initid} has no files'))
    width = len(str(len(files)))
    ctx = exchange.ctx.without_conditions()
    entries = [
        Entry(f"{no:0{width}}-{_in_archive(file)}", open_content(exchange.store, ctx, file.content, shown.changed_at))
        for no, file in enumerate(files, start=1)
    ]
    headers = [("Content-Type", _ARCHIVE), NOSNIFF, ("Content-Disposition", attachment(f"{of.label or of.name}.zip"))]
    is_head = exchange.request.environ["REQUEST_METHOD"] == "HEAD"
    return Response(HTTPStatus.OK, headers, () if is_head else archive(entries))


def _in_archive(file: Stream) -> str:
    """Return what a file is called in an archive, where a slash would make a folder."""
    return re.sub(r"[/\\]", "_", file.file_name)


def _attribute(exchange: Exchange, family: ObjectType) -> Property:
    name = str(exchange.params["attribute"])
    of = family.property(name.lower())
    if of is None:
        raise Refused(replace(_NO_ATTRIBUTE, detail=f'The family {family.local} has no attribute "{name}"'))
    if of.is_hidden:
        raise Refused(replace(_HIDDEN, detail=f'The attribute "{name}" is not shown'))
    if of.kind is not Kind.FILE:
        raise Refused(replace(_NO_FILE, detail=f'The attribute "{name}" is not one of files'))
    return of


def _index(exchange: Exchange, of: Property) -> int | None:
    said = exchange.params.get("index")
    if said is None:
        return None
    if not _INDEX.fullmatch(str(said)):
        raise Refused(replace(_BAD_INDEX, detail=f'The index "{str(said)[:40]}" is no number from -1 on'))
    index = int(said)
    if of.is_multiple and index == _SINGLE:
        raise Refused(_NEEDS_INDEX)
    if not of.is_multiple and index != _SINGLE:
        raise Refused(_TAKES_NO_INDEX)
    return index


_CONTENT: Final = Answer(BYTES, "*/*", ("Content-Disposition",))
_PLACES: Final = (("/documents/{id}", find, ""), ("/trash/{id}", find_trashed, "-in-trash"))


def _operations() -> tuple[Operation, ...]:
    operations = []
    for place, finding, suffix in _PLACES:
        for revision in ("", "/revisions/{no}"):
            for parts, tail in (("", ""), ("/{index}", "-by-index"), ("/{index}/{name}", "-by-name")):
                id = f"download-{'revision-' if revision else ''}file{tail}{suffix}"
                operations.append(_operation(f"{place}{revision}/files/{{attribute}}{parts}", finding, id))
    return tuple(operations)


def _operation(template: str, finding: Callable[[Exchange], Found], id: str) -> Operation:
    return Operation(
        method="GET",
        template=template,
        handler=lambda exchange: show(finding, exchange),
        id=id,
        summary="Download a file, or the files of an attribute as an archive.",
        reads=True,
        query=Wanted,
        answers={200: _CONTENT, 206: _CONTENT, 304: Answer(headers=("ETag",))},
        refusals=(416,),
        headers=("Range", "If-Range", "If-None-Match", "If-Modified-Since"),
    )


OPERATIONS: Final = _operations()
