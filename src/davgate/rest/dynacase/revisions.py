"""Revisions of documents, those in the trash too: a list, and single ones. They never change."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from typing import Final

from davgate.core import revisions
from davgate.core.revisions import Shown
from davgate.http.responses import Response
from davgate.model.errors_of_objects import NoSuchRevision
from davgate.rest.dynacase import envelope, fields, paging, validators
from davgate.rest.dynacase.addressing import Found, find, find_trashed, until_gone, uri
from davgate.rest.dynacase.errors import Refusal, Refused, answering
from davgate.rest.dynacase.fields import DEFAULT_PROPERTIES, Fields, Reading
from davgate.rest.dynacase.paging import Paged
from davgate.rest.dynacase.properties import state_of
from davgate.rest.dynacase.representing import represent, represent_all
from davgate.rest.exchange import Exchange
from davgate.rest.operations import Answer, Operation

Finding = Callable[[Exchange], Found]

NO_REVISION: Final = Refusal(HTTPStatus.NOT_FOUND, "API0220", "There is no such revision")

_NUMBER: Final = re.compile("[0-9]{1,18}")
_IN_STATE: Final = "state:"
_ORDER: Final = "revision desc, id desc"
_BATCH: Final = 100


def listed(finding: Finding, exchange: Exchange) -> Response:
    """List the revisions of a document, the newest first."""
    found = finding(exchange)
    wanted = _with_status(fields.asked(exchange, found.family, fields.OF_A_LIST))
    page = paging.asked(exchange)
    with until_gone(exchange, found):
        items, _ = revisions.show_some(
            exchange.store, found.ctx, found.shown.initid, page.offset, page.length, deleted=found.shown.is_deleted
        )
    data = {
        "requestParameters": page.shown(len(items), _ORDER),
        "uri": _uri(exchange, found.shown, ending="/"),
        "revisions": represent_all(exchange, items, wanted, lambda one: _uri(exchange, one, one.no)),
    }
    return envelope.answer(exchange, data)


def show(finding: Finding, exchange: Exchange) -> Response:
    """Return a document at one of its revisions."""
    found = finding(exchange)
    wanted = _with_status(fields.asked(exchange, found.family))
    shown = find_revision(exchange, found)
    data = {"revision": represent(exchange, shown, found.family, wanted, _uri(exchange, shown, shown.no))}
    return validators.answer(exchange, shown, data)


def _with_status(wanted: Fields) -> Fields:
    """Return what is wanted of revisions: where the properties are that are shown by default, the status is one of them."""
    properties = wanted.properties or ()
    return replace(wanted, properties=(*properties, "status")) if {*DEFAULT_PROPERTIES} <= {*properties} else wanted


def find_revision(exchange: Exchange, found: Found) -> Shown:
    """Return the revision that the address names by its number, or as the last one that was fixed in a state.

    Raises:
        Refused: there is none.
    """
    wanted = str(exchange.params["no"])
    missing = replace(NO_REVISION, detail=f'The document {found.shown.initid} has no revision "{wanted}"')
    if wanted.startswith(_IN_STATE):
        with until_gone(exchange, found):
            fixed = _last_in_state(exchange, found, wanted.removeprefix(_IN_STATE))
        if fixed is None:
            raise Refused(missing)
        return fixed
    if not _NUMBER.fullmatch(wanted):
        raise Refused(missing)
    with until_gone(exchange, found), answering({NoSuchRevision: missing}):
        return revisions.show_one(exchange.store, found.ctx, found.shown.initid, int(wanted), deleted=found.shown.is_deleted)


def _last_in_state(exchange: Exchange, found: Found, state: str) -> Shown | None:
    first, total = 1, 2
    while first < total:
        some, total = revisions.show_some(
            exchange.store, found.ctx, found.shown.initid, first, _BATCH, deleted=found.shown.is_deleted
        )
        fixed = next((one for one in some if state_of(one, found.family) == state), None)
        if fixed is not None:
            return fixed
        first += _BATCH
    return None


def _uri(exchange: Exchange, shown: Shown, *no: int, ending: str = ".json") -> str:
    return uri(exchange, "trash" if shown.is_deleted else "documents", shown.initid, "revisions", *no, ending=ending)


def _of(place: str, finding: Finding) -> tuple[Operation, ...]:
    in_trash = "-in-trash" if finding is find_trashed else ""
    return (
        Operation(
            method="GET",
            template=f"{place}/{{id}}/revisions",
            handler=lambda exchange: listed(finding, exchange),
            id="list-revisions" + in_trash,
            summary="List the revisions of a document, the newest first.",
            reads=True,
            query=Paged,
            answers={200: Answer(envelope.Envelope)},
        ),
        Operation(
            method="GET",
            template=f"{place}/{{id}}/revisions/{{no}}",
            handler=lambda exchange: show(finding, exchange),
            id="read-revision" + in_trash,
            summary="Read a document at one of its revisions.",
            reads=True,
            query=Reading,
            answers={200: Answer(envelope.Envelope, headers=("ETag",)), 304: Answer(headers=("ETag",))},
            headers=("If-None-Match",),
        ),
    )


OPERATIONS: Final = (*_of("/documents", find), *_of("/trash", find_trashed))
