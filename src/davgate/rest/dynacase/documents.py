"""Single documents: reading, changing, and putting into the trash."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated, Any, Final

import msgspec

from davgate.core import deleting, early_checks, revisions
from davgate.core.objects import Changes
from davgate.core.revisions import Shown
from davgate.http.responses import Response
from davgate.model.errors import DavgateError, Forbidden, Held, Locked, NotFound
from davgate.model.errors_of_objects import Retained
from davgate.model.object_types import ObjectType
from davgate.rest.dynacase import (
    attachments,
    attribute_changes,
    bodies,
    envelope,
    errors,
    families,
    fields,
    properties,
    validators,
    values,
)
from davgate.rest.dynacase.addressing import Found, find, find_either, until_gone, uri
from davgate.rest.dynacase.bodies import Sent, Update
from davgate.rest.dynacase.envelope import Envelope
from davgate.rest.dynacase.errors import Refusal, Refused, answering, refusing_attributes
from davgate.rest.dynacase.fields import Reading
from davgate.rest.dynacase.representing import document_data
from davgate.rest.exchange import Exchange
from davgate.rest.operations import Answer, Operation

_TEMPLATE: Final = "/documents/{id}"
_CONDITIONS: Final = ("If-Match", "If-None-Match")


class Changing(Reading):
    """The same of a changed document; with ``revise`` the change begins a revision."""

    revise: Annotated[bool, msgspec.Meta(description="Begin a new revision.")] = False


def show(exchange: Exchange) -> Response:
    """Return a document at its newest revision. A family is a document, too."""
    found = find_either(exchange)
    if isinstance(found, ObjectType):
        if "family" in exchange.params:
            raise Refused(errors.OTHER_FAMILY)
        return families.answer_with(exchange, found)
    asked = fields.asked(exchange, found.family)
    address = uri(exchange, "documents", found.shown.initid)
    return validators.answer(exchange, found.shown, document_data(exchange, found.shown, found.family, asked, address))


# Changing


def change(exchange: Exchange) -> Response:
    """Give a document other values: at its newest revision, or with ``revise`` at one that begins now. Tell what is different."""
    found = find(exchange)
    refusals = _refusals(found, errors.UPDATE_DENIED, "edit")
    with until_gone(exchange, found), answering(refusals):
        revisions.check(exchange.store, found.ctx, found.shown.initid)
    ctx = validators.admitted(exchange, found.ctx, found.shown)
    query, asked = exchange.query(Changing), fields.asked(exchange, found.family)
    with refusing_attributes(errors.UPDATE_ATTRIBUTE):
        sent = attribute_changes.with_uploads(exchange.store, ctx, found.family, bodies.read(exchange))
    before = found.shown

    def decide(shown: Shown) -> Changes:
        nonlocal before
        before = shown
        return _decided(exchange, found.family, sent, shown)

    with until_gone(exchange, found), answering(refusals), refusing_attributes(errors.UPDATE_ATTRIBUTE):
        after = revisions.update(exchange.store, ctx, before.initid, decide, revise=query.revise)
    data = document_data(exchange, after, found.family, asked, uri(exchange, "documents", after.initid))
    return envelope.answer(exchange, data | {"changes": _changes(exchange, found.family, sent, before, after)})


def _decided(exchange: Exchange, family: ObjectType, sent: Sent, shown: Shown) -> Changes:
    parts = attribute_changes.parts_of(exchange.store, family, sent.values, shown)
    missing = next(attribute_changes.missing(family, sent.values, parts), None)
    if missing is not None:
        needed = f'The attribute "{missing.name}" is needed'
        raise Refused(replace(errors.UPDATE_STORE, text=needed, detail=needed))
    return Changes(metadata=parts.metadata, file=parts.file, clears_file=parts.clears_file, streams=parts.streams)


def _changes(exchange: Exchange, family: ObjectType, sent: Sent, before: Shown, after: Shown) -> dict[str, Any]:
    """Return what is different of the attributes that were sent; a hidden one is not told of."""
    changes: dict[str, Any] = {}
    told = [of for of in family.properties if of.name in sent.values and not of.is_hidden]
    stored_at = attachments.stored_at(exchange, (before, after), told)
    for of in told:
        old, new = (values.told(exchange, shown, family, of, stored_at) for shown in (before, after))
        if _bare(old) != _bare(new):
            changes[of.name] = {"old": old, "new": new}
    return changes


def _bare(told: Any) -> Any:
    return [one["value"] for one in told] if isinstance(told, list) else told["value"]


def _refusals(found: Found, denied: Refusal, privilege: str) -> Mapping[type[DavgateError], Refusal]:
    shown = found.shown
    holder = properties.holder_of(shown, found.ctx.principal.id)
    title = values.title_shown(shown)
    locked = f"{title} [{shown.id}] is locked" + (f" by {holder.name}" if holder is not None else "")
    lacking = f"Pas de privilège {privilege} pour le document {title} [{shown.id}]"
    kept = f"{title} [{shown.id}] has to be kept"

    def because(why: str) -> Refusal:
        return replace(denied, detail=f'Document "{shown.initid}" access deny : {why}')

    return {Forbidden: because(lacking), Locked: because(locked), Held: because(kept), Retained: because(kept)}


# Deleting


def delete(exchange: Exchange) -> Response:
    """Put a document with all its revisions into the trash."""
    found = find(exchange)
    store, node_id = exchange.store, found.shown.initid
    asked = fields.asked(exchange, found.family)
    refusals = _refusals(found, errors.DELETE_DENIED, "delete")
    kept = replace(errors.DELETE_FAILED, detail=f'Document "{node_id}" has to be kept')
    with until_gone(exchange, found), answering({**refusals, Held: kept, Retained: kept}):
        early_checks.check_delete(store, found.ctx, node_id)
        deleting.delete(store, validators.admitted(exchange, found.ctx, found.shown), node_id)
    # What was never finished goes for good, and somebody may have brought it back.
    with answering({NotFound: replace(errors.NO_DOCUMENT, detail=f'Document "{node_id}" not found')}):
        shown = revisions.show_deleted(store, found.ctx, node_id)
    return envelope.answer(exchange, document_data(exchange, shown, found.family, asked, uri(exchange, "trash", node_id)))


OPERATIONS: Final = (
    Operation(
        method="GET",
        template=_TEMPLATE,
        handler=show,
        id="read-document",
        summary="Read a document at its newest revision.",
        reads=True,
        query=Reading,
        answers={HTTPStatus.OK: Answer(Envelope), HTTPStatus.NOT_MODIFIED: Answer()},
        headers=("If-None-Match", "Cache-Control"),
    ),
    Operation(
        method="PUT",
        template=_TEMPLATE,
        handler=change,
        id="change-document",
        summary="Change attributes of a document.",
        reads=False,
        query=Changing,
        body=bodies.body_of(Update),
        answers={HTTPStatus.OK: Answer(Envelope)},
        refusals=(HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.INSUFFICIENT_STORAGE),
        headers=_CONDITIONS,
    ),
    Operation(
        method="DELETE",
        template=_TEMPLATE,
        handler=delete,
        id="delete-document",
        summary="Put a document into the trash.",
        reads=False,
        query=Reading,
        answers={HTTPStatus.OK: Answer(Envelope)},
        headers=_CONDITIONS,
    ),
)
