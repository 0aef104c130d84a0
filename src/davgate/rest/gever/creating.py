"""POST to a container: a new document, dossier or filing position in it."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from davgate.core import objects
from davgate.core.objects import File, NewObject
from davgate.http.responses import Response
from davgate.model.errors import Forbidden
from davgate.model.metadata import TITLE, changed
from davgate.model.node import NodeKind
from davgate.model.rights import Right
from davgate.rest import answers
from davgate.rest.exchange import Exchange
from davgate.rest.gever import errors, naming, reading, shapes
from davgate.rest.gever.addresses import find_container, find_placed, uid_of, url_of_placed
from davgate.rest.gever.bodies import described, fields_of
from davgate.rest.gever.errors import Refused
from davgate.rest.gever.fields import Parsed, parse
from davgate.rest.gever.kinds import DOCUMENT, KINDS, Kind
from davgate.rest.gever.services import OBJECT
from davgate.rest.operations import JSON, Answer, Operation


def create(exchange: Exchange) -> Response:
    """Make an object in the container that the path names."""
    exchange.choose(JSON)
    container = find_container(exchange)
    if container.is_trashed:
        raise Refused(errors.TRASHED)
    if Right.BIND not in container.it.rights:
        # Before bytes are taken in that would be nobody's.
        raise Forbidden("You may not add anything here.")
    body = fields_of(exchange)
    kind = _kind_in(body)
    is_container = kind.node_kind is NodeKind.COLLECTION
    parsed = parse(body, needs_title=is_container, is_new=True)
    if parsed.mistakes:
        raise Refused(errors.invalid_fields(*parsed.mistakes))
    new = _new_container(kind, parsed) if is_container else _new_document(exchange, parsed)
    node = objects.create(exchange.store, exchange.ctx, container.node_id, new)
    made = find_placed(exchange, node)
    if made is None:
        # Who brought it may not see it: no more is said than who brought it knows.
        url = url_of_placed(exchange, node, container)
        uid = uid_of(node.uuid)
        return answers.json(HTTPStatus.CREATED, {"@id": url, "@type": kind.name, "UID": uid, "id": uid}, ("Location", url))
    return answers.json(HTTPStatus.CREATED, reading.whole(made), ("Location", made.url))


def _kind_in(body: Mapping[str, Any]) -> Kind:
    name = body.get("@type")
    if not name:
        raise Refused(errors.NO_TYPE)
    kind = KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise Refused(errors.unknown_type(str(name)))
    return kind


def _new_container(kind: Kind, parsed: Parsed) -> NewObject:
    metadata = changed({}, parsed.metadata)
    title = parsed.title.strip()
    # On the drive a slash would part folders, of which the last would give the name.
    drive_name = title.replace("/", "_").replace("\\", "_")
    return NewObject(kind.node_kind, kind.object_type, metadata, drive_name=drive_name, alias=kind.alias(title))


def _new_document(exchange: Exchange, parsed: Parsed) -> NewObject:
    sent = parsed.file
    if sent is None:
        return new_document(parsed.metadata, None)
    uploaded_name = sent.name or naming.UNNAMED
    title = parsed.title or naming.title_for(uploaded_name)
    file = sent.staged_as(exchange.store, naming.file_name_for(title, uploaded_name))
    return new_document({**parsed.metadata, TITLE: title}, file)


def new_document(metadata: Mapping[str, Any], file: File | None) -> NewObject:
    """Return a document to be made; on the drive it is called as its file is."""
    return NewObject(NodeKind.DOCUMENT, DOCUMENT.object_type, changed({}, metadata), file, alias=DOCUMENT.alias(""))


OPERATIONS: Final = (
    Operation(
        method="POST",
        template=OBJECT,
        handler=create,
        id="create",
        summary="Make an object in a container.",
        reads=False,
        body=described(shapes.NewObject),
        answers={201: Answer(shapes.Shown, headers=("Location",))},
        refusals=(406, 412, 413),
        headers=("Lock-Token",),
    ),
)
