"""New documents of a family."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from typing import Final

from davgate.core import early_checks, revisions
from davgate.core.objects import NewObject
from davgate.http.responses import Response
from davgate.model.errors import Forbidden, Locked
from davgate.model.errors_of_objects import InvalidProperty, LogicalNameTaken
from davgate.model.metadata import NO_METADATA
from davgate.model.names import MAX_NAME_BYTES
from davgate.model.node import NodeKind
from davgate.model.object_types import ObjectType
from davgate.model.paths import TreePath
from davgate.model.typed_values import complete
from davgate.rest.dynacase import attribute_changes, bodies, envelope, errors, fields
from davgate.rest.dynacase.addressing import LOGICAL_NAME, context_of, family_named, find_family, location, uri
from davgate.rest.dynacase.attribute_changes import Parts
from davgate.rest.dynacase.bodies import Creation, Sent
from davgate.rest.dynacase.envelope import Envelope
from davgate.rest.dynacase.errors import Answers, Refused, answering, refusing_attributes
from davgate.rest.dynacase.fields import Reading
from davgate.rest.dynacase.properties import STATE
from davgate.rest.dynacase.representing import document_data
from davgate.rest.exchange import Exchange
from davgate.rest.operations import Answer, Operation

_NAME: Final = "name"


def create(folder: TreePath, exchange: Exchange) -> Response:
    """Make a document of a family, with the defaults of that for what is not said."""
    store, ctx = exchange.store, context_of(exchange)
    family = find_family(exchange, errors.CREATE_NO_FAMILY)
    denied = replace(errors.CREATE_DENIED, detail=f"Creation of a document of the family {family.local} forbidden")
    if not family.is_creatable:
        raise Refused(denied)
    refusals: Answers = {Forbidden: denied, Locked: denied}
    with answering(refusals):
        early_checks.check_create(store, ctx, folder, exchange.request.announced_bytes)
    asked = fields.asked(exchange, family)
    with refusing_attributes(errors.CREATE_ATTRIBUTE):
        sent = attribute_changes.with_uploads(store, ctx, family, bodies.read(exchange, is_new=True))
        name = _name(exchange, sent)
        parts = attribute_changes.parts_of(store, family, sent.values, None)
        new = _new(family, sent, parts)
    with answering(refusals):
        try:
            shown = revisions.create(store, ctx, folder, new, name=name)
        except LogicalNameTaken as error:
            raise Refused(replace(errors.CREATE_ATTRIBUTE, detail=str(error), data=_name_mistake("is taken"))) from error
    address = uri(exchange, "documents", shown.initid)
    data = document_data(exchange, shown, family, asked, address)
    return envelope.answer(exchange, data, ("Location", location(exchange, address)), status=HTTPStatus.CREATED)


def _new(family: ObjectType, sent: Sent, parts: Parts) -> NewObject:
    """Return what is to be made.

    Raises:
        InvalidProperty: an attribute that a document must have is missing.
    """
    # What was sent empty has no default: it is meant to have no value.
    said = {of.id for name in sent.values if (of := family.property(name)) is not None}
    defaults = {id: value for id, value in complete(family, NO_METADATA).items() if id not in said}
    parts.metadata = {**defaults, **{id: value for id, value in parts.metadata.items() if value is not None}}
    if (missing := next(attribute_changes.missing_of_new(family, parts), None)) is not None:
        raise InvalidProperty(missing.name, None, "is needed")
    if family.workflow is not None:
        parts.metadata[STATE] = family.workflow.initial
    streams = {name: file for name, file in parts.streams.items() if file is not None}
    return NewObject(NodeKind.DOCUMENT, family.name, parts.metadata, parts.file, streams=streams)


def _name(exchange: Exchange, sent: Sent) -> str | None:
    """Return the logical name that the document is to have.

    Raises:
        InvalidProperty: it is none, or that of a family.
    """
    name = sent.name
    if name is None or name == "":
        return None
    if len(name) > MAX_NAME_BYTES:
        raise InvalidProperty(_NAME, None, f"has at most {MAX_NAME_BYTES} characters")
    if not LOGICAL_NAME.fullmatch(name):
        raise InvalidProperty(_NAME, None, "begins with a letter, and has letters, digits, _ and - alone")
    if family_named(exchange.store.types, name) is not None:
        raise InvalidProperty(_NAME, None, "is that of a family")
    return name


def _name_mistake(why: str) -> envelope.AttributeMistake:
    return envelope.AttributeMistake(_NAME, -1, why)


def operations(folder: TreePath) -> tuple[Operation, ...]:
    """Return the operations that make documents, which are filed in a folder of the drive."""
    handler: Callable[[Exchange], Response] = partial(create, folder)
    return (
        Operation(
            method="POST",
            template="/families/{family}/documents",
            handler=handler,
            id="create-document",
            summary="Make a document of a family.",
            reads=False,
            query=Reading,
            body=bodies.body_of(Creation),
            answers={HTTPStatus.CREATED: Answer(Envelope, headers=("Location",))},
            refusals=(HTTPStatus.INSUFFICIENT_STORAGE,),
        ),
    )
