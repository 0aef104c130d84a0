"""Files that are uploaded before the document that they are for: their sender puts what they are known by into an attribute."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from http import HTTPStatus
from typing import Any, Final

from davgate.core import temporary_files
from davgate.core.filing import drive_name
from davgate.core.objects import File
from davgate.core.receiving import receive
from davgate.http import content
from davgate.http.responses import Response
from davgate.model.errors import NotFound, QuotaExceeded
from davgate.model.names import stem_and_suffix
from davgate.model.node import Stream
from davgate.model.temporary_file import TemporaryFile
from davgate.rest.dynacase import attachments, envelope
from davgate.rest.dynacase.addressing import location, uri
from davgate.rest.dynacase.errors import Refusal, Refused, answering
from davgate.rest.dynacase.moments import moment
from davgate.rest.exchange import Exchange
from davgate.rest.operations import BYTES, Answer, Multipart, Operation

_FULL: Final = Refusal(HTTPStatus.INSUFFICIENT_STORAGE, "CRUD0300", "There is no room for the file")
_NO_FILE: Final = Refusal(HTTPStatus.BAD_REQUEST, "CRUD0302", "The form has no file")
_SEVERAL_FILES: Final = Refusal(HTTPStatus.BAD_REQUEST, "CRUD0303", "The form has several files; send one at a time")
_UNKNOWN: Final = Refusal(HTTPStatus.NOT_FOUND, "CRUD0617", "There is no such temporary file, or not any more")


def upload(life: timedelta, exchange: Exchange) -> Response:
    """Keep the file of a form for its sender."""
    if not exchange.request.has_body:
        raise Refused(_NO_FILE)
    with answering({QuotaExceeded: _FULL}):
        temporary_files.check_keep(exchange.store, exchange.request.announced_bytes)
        files = [
            File(receive(exchange.store, part), part.file_name, part.media_type)
            for part in exchange.parts()
            if part.file_name is not None
        ]
        if len(files) != 1:
            raise Refused(_SEVERAL_FILES if files else _NO_FILE)
        kept = temporary_files.keep(exchange.store, exchange.ctx, files[0], life)
    told = _told(exchange, kept)
    return envelope.answer(
        exchange, {"file": told}, ("Location", location(exchange, told["downloadUrl"])), status=HTTPStatus.CREATED
    )


def _told(exchange: Exchange, kept: TemporaryFile) -> dict[str, Any]:
    made_at = moment(exchange.store, kept.made_at)
    # A suffix may be of any length and have characters that no address can.
    name = drive_name(f"{kept.id}{stem_and_suffix(kept.name)[1]}")
    address = uri(exchange, "files", "recorded", "temporary", name, ending="")
    return {
        "id": str(kept.id),
        "mime": kept.content.media_type,
        "size": str(kept.content.length_bytes),
        "thumbnailUrl": "",
        "reference": attachments.reference(str(kept.id), Stream(kept.name, kept.content)),
        "cdate": made_at,
        "mdate": made_at,
        "downloadUrl": address,
        "uri": address,
        "iconUrl": "",
        "fileName": kept.name,
    }


def download(exchange: Exchange) -> Response:
    """Return the bytes of a temporary file of one's own."""
    number = attachments.temporary_number(str(exchange.params["name"]).partition(".")[0])
    if number is None:
        raise Refused(_UNKNOWN)
    with answering({NotFound: _UNKNOWN}):
        kept, opened = temporary_files.open_file(exchange.store, exchange.ctx, number)
    return content.send(exchange.request.environ, opened, file_name=kept.name)


def operations(life: timedelta) -> tuple[Operation, ...]:
    """Return the operations on temporary files, which can be used for a span."""
    return (
        Operation(
            method="POST",
            template="/temporaryFiles",
            handler=partial(upload, life),
            id="upload-temporary-file",
            summary="Upload a file for a document that is to be made or changed.",
            reads=False,
            body=Multipart({"file": BYTES}),
            answers={201: Answer(envelope.Envelope, headers=("Location",))},
            refusals=(507,),
        ),
        Operation(
            method="GET",
            template="/files/recorded/temporary/{name}",
            handler=download,
            id="download-temporary-file",
            summary="Download a temporary file of one's own.",
            reads=True,
            answers={
                200: Answer(BYTES, "*/*", ("ETag", "Last-Modified", "Content-Disposition", "Accept-Ranges")),
                206: Answer(BYTES, "*/*", ("ETag", "Last-Modified", "Content-Disposition", "Accept-Ranges")),
                304: Answer(headers=("ETag",)),
            },
            refusals=(416,),
            headers=("Range", "If-Range", "If-None-Match", "If-Modified-Since"),
        ),
    )
