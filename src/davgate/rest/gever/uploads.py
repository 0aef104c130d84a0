"""Uploads in parts, by TUS: of a new document into a container (``@tus-upload``), or of the next file of one (``@tus-replace``).

Both are found below ``@tus-upload`` of their object afterwards. A replacement may begin at any time; what forbids it, a check-out
that is missing or a lock, is looked for at each part, and once more in the transaction that gives the document its file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Final

from davgate.core import upload_targets
from davgate.core.describing import Described
from davgate.core.objects import Changes, File, NewObject
from davgate.core.store import Context
from davgate.core.upload_targets import FileOf, Said
from davgate.core.uploads import Check
from davgate.http.requests import Request
from davgate.http.responses import Response
from davgate.model.errors import DavgateError, Forbidden, Locked
from davgate.model.errors_of_versions import CheckedOut, NotCheckedOut
from davgate.model.locks import Holding
from davgate.model.metadata import TITLE
from davgate.model.names import check_file_name, check_text
from davgate.model.rights import Right
from davgate.rest import tus
from davgate.rest.exchange import Exchange
from davgate.rest.gever import creating, errors, naming, representation
from davgate.rest.gever.addresses import Found, find, find_container, find_document, url_of_placed
from davgate.rest.gever.errors import Refusal, Refused, answering
from davgate.rest.gever.fields import parse
from davgate.rest.gever.kinds import DOCUMENT, KINDS
from davgate.rest.operations import Answer, Operation, Raw

_REFUSALS: Final[Mapping[type[DavgateError], Refusal]] = {
    NotCheckedOut: errors.TUS_NOT_CHECKED_OUT,
    CheckedOut: errors.TUS_NOT_CHECKED_OUT,
    Locked: errors.TUS_LOCKED,
}


def method_of(request: Request) -> str:
    """Return the method that a request means; that of an upload may stand in a header."""
    return tus.method_of(request) if request.target.path[-2:-1] == ("@tus-upload",) else request.method


# The beginning


def begin_new(exchange: Exchange) -> Response:
    """Begin the upload of a new document."""
    container = find_container(exchange)
    _require(container, Right.BIND)
    return tus.create(exchange, container.node_id, _address_in(container), _check_new)


def begin_replacement(exchange: Exchange) -> Response:
    """Begin the upload of the next file of a document; check-out and locks do not count yet."""
    document = find_document(exchange)
    _require(document, Right.WRITE_CONTENT)
    return tus.create(exchange, document.node_id, _address_in(document), _check_texts)


def _require(found: Found, right: Right) -> None:
    _refuse_trashed(found)
    if right not in found.it.rights:
        raise Forbidden("You may not upload anything here.")


def _address_in(found: Found) -> Callable[[str], str]:
    return lambda upload_id: found.service_url("@tus-upload", upload_id)


def _check_texts(said: Mapping[str, str]) -> None:
    check_text(*said.values())
    check_file_name(said.get("filename", ""))


def _check_new(said: Mapping[str, str]) -> None:
    """Refuse what no document can be made of, before its bytes are on their way."""
    _check_texts(said)
    kind = said.get("@type", DOCUMENT.name)
    if kind not in KINDS:
        raise Refused(errors.unknown_type(kind))
    if kind != DOCUMENT.name:
        raise Refused(errors.TUS_NO_SUCH_TYPE)
    fields = {"document_date": said.get("document_date")}
    if mistakes := parse(fields, needs_title=False, is_new=True).mistakes:
        raise Refused(errors.invalid_fields(*mistakes))


# Parts, and the end


def show(exchange: Exchange) -> Response:
    """Tell how much has arrived."""
    found = find(exchange)
    return tus.head(exchange, found.node_id, exchange.params["upload_id"], _right_to(found))


def give_up(exchange: Exchange) -> Response:
    """End an upload that is not complete."""
    found = find(exchange)
    return tus.delete(exchange, found.node_id, exchange.params["upload_id"], _right_to(found))


def append(exchange: Exchange) -> Response:
    """Take in the next part; the last one makes the document, or gives it its file."""
    found = find(exchange)
    if found.is_document:
        check, complete = upload_targets.next_content(exchange.store, _as_of_here(exchange), found.node_id, _changes)
    else:
        check, complete = upload_targets.new_document(exchange.store, exchange.ctx, found.node_id, _new_document)
    with answering(_REFUSALS):
        return tus.patch(
            exchange,
            found.node_id,
            exchange.params["upload_id"],
            _unless_trashed(found, check),
            complete,
            lambda node: found.url if found.is_document else url_of_placed(exchange, node, found),
        )


def _right_to(found: Found) -> Check:
    """Return the check that the caller still has the right that the upload began with."""
    return _unless_trashed(found, upload_targets.still_allowed(found.exchange.ctx, found.node_id))


def _unless_trashed(found: Found, check: Check) -> Check:
    """Return a check that lets nothing go into what is in the trash."""
    return (lambda session, now: _refuse_trashed(found)) if found.is_trashed else check


def _refuse_trashed(found: Found) -> None:
    if found.is_trashed:
        raise Refused(errors.TRASHED)


def _as_of_here(exchange: Exchange) -> Context:
    """Return the context in which a lock that its owner took through this door needs no token, unless one is sent."""
    if exchange.request.header("LOCK_TOKEN") is not None:
        return exchange.ctx
    return replace(exchange.ctx, signed_for=frozenset({Holding.EITHER}))


def _new_document(file_of: FileOf, said: Said) -> NewObject:
    uploaded_name = said.get("filename", naming.UNNAMED)
    title = naming.title_for(uploaded_name)
    file = _file(file_of, naming.file_name_for(title, uploaded_name), said)
    return creating.new_document({TITLE: title, representation.DOCUMENT_DATE: said.get("document_date")}, file)


def _changes(it: Described, file_of: FileOf, said: Said) -> Changes:
    uploaded_name = said.get("filename")
    if uploaded_name is None and it.content is not None:
        # The present name stays.
        file = file_of("", naming.media_type_for(it.file_name, said.get("content-type")))
        return Changes(file=file, only_checked_out=True)
    uploaded_name = uploaded_name or naming.UNNAMED
    title = representation.title(it)
    metadata = None if title else {TITLE: naming.title_for(uploaded_name)}
    file_name = naming.file_name_for(title or naming.title_for(uploaded_name), uploaded_name)
    return Changes(metadata, _file(file_of, file_name, said), only_checked_out=True)


def _file(file_of: FileOf, file_name: str, said: Said) -> File:
    return file_of(file_name, naming.media_type_for(file_name, said.get("content-type")))


# Operations

_UPLOAD: Final = "/{path}/@tus-upload/{upload_id}"
_TOLD: Final = Answer(headers=("Tus-Resumable", "Tus-Version", "Tus-Extension", "Tus-Checksum-Algorithm", "Tus-Max-Size"))
_BEGUN: Final = Answer(headers=("Tus-Resumable", "Location", "Upload-Expires"))
_STATE: Final = Answer(headers=("Tus-Resumable", "Upload-Offset", "Upload-Length", "Upload-Expires", "Cache-Control"))
_VERSION: Final = ("Tus-Resumable",)
_LENGTH: Final = (*_VERSION, "Upload-Length", "Upload-Metadata")


def _options(template: str, name: str) -> Operation:
    return Operation(
        method="OPTIONS",
        template=template,
        handler=tus.options,
        id=f"options-of-{name}",
        summary="Tell what uploads in parts can do here.",
        reads=True,
        answers={HTTPStatus.NO_CONTENT.value: _TOLD},
    )


OPERATIONS: Final = (
    _options("/{path}/@tus-upload", "new-uploads"),
    Operation(
        method="POST",
        template="/{path}/@tus-upload",
        handler=begin_new,
        id="begin-upload",
        summary="Begin the upload of a new document.",
        reads=False,
        answers={HTTPStatus.CREATED.value: _BEGUN},
        refusals=(412, 413),
        headers=_LENGTH,
    ),
    _options("/{path}/@tus-replace", "replacements"),
    Operation(
        method="POST",
        template="/{path}/@tus-replace",
        handler=begin_replacement,
        id="begin-replacement",
        summary="Begin the upload of the next file of a document.",
        reads=False,
        answers={HTTPStatus.CREATED.value: _BEGUN},
        refusals=(412, 413),
        headers=_LENGTH,
    ),
    _options(_UPLOAD, "upload"),
    Operation(
        method="HEAD",
        template=_UPLOAD,
        handler=show,
        id="show-upload",
        summary="Tell how much of an upload has arrived.",
        reads=True,
        answers={HTTPStatus.OK.value: _STATE},
        refusals=(412,),
        headers=_VERSION,
    ),
    Operation(
        method="PATCH",
        template=_UPLOAD,
        handler=append,
        id="append-to-upload",
        summary="Send the next part of an upload; with the last one the document gets its file.",
        reads=False,
        body=Raw(tus.MEDIA_TYPE),
        answers={HTTPStatus.NO_CONTENT.value: Answer(headers=("Tus-Resumable", "Upload-Offset"))},
        refusals=(409, 412, 413, 415, 460),
        headers=(*_VERSION, "Upload-Offset", "Upload-Checksum", "Lock-Token"),
    ),
    Operation(
        method="DELETE",
        template=_UPLOAD,
        handler=give_up,
        id="give-up-upload",
        summary="Give up an upload.",
        reads=False,
        answers={HTTPStatus.NO_CONTENT.value: Answer(headers=_VERSION)},
        refusals=(412,),
        headers=_VERSION,
    ),
)
