"""PATCH of an object: some of its fields, and the file of a document that the caller has checked out.

A title names the file, too. The metadata version that carries a new title carries the new file name as well, and a working copy
is renamed with it; the name on the drive stays.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from davgate.core import objects
from davgate.core.objects import Changes
from davgate.http.headers import prefers
from davgate.http.responses import Response, empty
from davgate.model.metadata import TITLE
from davgate.rest import answers
from davgate.rest.exchange import Exchange
from davgate.rest.gever import errors, naming, reading, representation, shapes
from davgate.rest.gever.addresses import Found, find, find_placed
from davgate.rest.gever.bodies import described, fields_of
from davgate.rest.gever.errors import Refused
from davgate.rest.gever.fields import Parsed, parse
from davgate.rest.gever.services import OBJECT
from davgate.rest.operations import JSON, Answer, Operation


def change(exchange: Exchange) -> Response:
    """Set the fields that the body has; the checks come in the order of the specification."""
    exchange.choose(JSON)
    found = find(exchange)
    if found.is_trashed:
        raise Refused(errors.TRASHED)
    parsed = parse(fields_of(exchange), needs_title=not found.is_document, is_new=False)
    names_file = parsed.names_file and found.is_document
    mistakes = parsed.mistakes
    if mistakes or names_file:
        # What is wrong with a field is told last, and bytes are taken in only where they may go.
        asked = Changes(parsed.metadata or None, only_checked_out=names_file)
        objects.check(exchange.store, exchange.ctx, found.node_id, asked)
    if mistakes:
        raise Refused(errors.invalid_fields(*mistakes))
    objects.update(exchange.store, exchange.ctx, found.node_id, _changes(found, parsed))
    wants_representation = prefers(exchange.request.header("PREFER"), "return=representation")
    shown = find_placed(exchange, found.it.node) if wants_representation else None
    if shown is None:
        return empty(HTTPStatus.NO_CONTENT)
    return answers.json(HTTPStatus.OK, reading.whole(shown), ("Preference-Applied", "return=representation"))


def _changes(found: Found, parsed: Parsed) -> Changes:
    stem = naming.file_stem(parsed.title) if parsed.title else ""
    if parsed.file is None or not found.is_document:
        return Changes(parsed.metadata or None, removes_file=parsed.removes_file and found.is_document, stem=stem)
    metadata = dict(parsed.metadata)
    uploaded_name = parsed.file.name or found.it.file_name or naming.UNNAMED
    title = parsed.title or representation.title(found.it)
    if not title:
        title = metadata[TITLE] = naming.title_for(uploaded_name)
    file_name = naming.file_name_for(title, uploaded_name)
    file = parsed.file.staged_as(found.exchange.store, file_name)
    return Changes(metadata or None, file, stem=stem, only_checked_out=True)


OPERATIONS: Final = (
    Operation(
        method="PATCH",
        template=OBJECT,
        handler=change,
        id="change",
        summary="Change some fields of an object.",
        reads=False,
        body=described(shapes.Change),
        answers={204: Answer(), 200: Answer(shapes.Shown)},
        refusals=(406, 412, 413),
        headers=("Lock-Token", "Prefer", "If-Match"),
    ),
)
