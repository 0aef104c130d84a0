"""The history of an object: what was done to it, by whom and when, as entries that look like objects."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Final, NamedTuple

import msgspec
from msgspec import Meta

from davgate.core.audit import auditing
from davgate.core.audit import shown as audit_shown
from davgate.core.audit.shown import Act, Past
from davgate.core.store import Context
from davgate.http.responses import Response
from davgate.model.audit import READ_CONTENT, READ_METADATA
from davgate.model.node import Node
from davgate.rest import answers
from davgate.rest.exchange import Exchange
from davgate.rest.operations import Answer, Operation
from davgate.rest.yuuvis import tracing
from davgate.rest.yuuvis.finding import By, Settings, context_of
from davgate.rest.yuuvis.wire import Entry, Objects, Value, listed, time_of

CONTENT_READ: Final = 400
METADATA_READ: Final = 401


class _Told(NamedTuple):
    """How an action is told: its code, and what it is called."""

    code: int
    detail: str


_CREATED: Final = _Told(100, "CREATE_METADATA")
_CREATED_WITH_CONTENT: Final = _Told(101, "CREATE_METADATA_WITH_CONTENT")
_TAGGED: Final = _Told(110, "OBJECT_TAG_CREATED")
_DELETED: Final = _Told(200, "OBJECT_DELETED")
_FLAGGED: Final = _Told(202, "OBJECT_FLAGGED_FOR_DELETE")
_TAG_DELETED: Final = _Told(210, "OBJECT_TAG_DELETED")
_VERSION_DELETED: Final = _Told(220, "OBJECT_VERSION_DELETED")
_METADATA: Final = _Told(300, "UPDATE_METADATA")
_CONTENT: Final = _Told(301, "UPDATE_CONTENT")
_TAG_UPDATED: Final = _Told(310, "OBJECT_TAG_UPDATED")
_RESTORED: Final = _Told(325, "OBJECT_RESTORED_FROM_VERSION")
_MOVED: Final = _Told(340, "OBJECT_MOVED")
_CONTENT_READ: Final = _Told(CONTENT_READ, "DOCUMENT_ACCESSED")
_METADATA_READ: Final = _Told(METADATA_READ, "METADATA_ACCESSED")
_FROM_TRASH: Final = _Told(10_000, "OBJECT_RESTORED_FROM_TRASH")

_ACTIONS: Final[Mapping[str, tuple[_Told, ...]]] = {
    "create": (_CREATED_WITH_CONTENT,),
    "created": (_CONTENT,),
    "delete": (_DELETED, _FLAGGED),
    "remove-version": (_VERSION_DELETED,),
    "metadata": (_METADATA,),
    "save": (_CONTENT,),
    "session": (_CONTENT,),
    "check-in": (_CONTENT,),
    "force-check-in": (_CONTENT,),
    "empty": (_CONTENT,),
    "settle": (_CONTENT,),
    "registration": (_CONTENT,),
    "rebind": (_CONTENT,),
    "promote": (_CONTENT,),
    "revert": (_RESTORED,),
    "move": (_MOVED,),
    "label": (_TAGGED,),
    "remove-label": (_TAG_DELETED,),
    "restore": (_FROM_TRASH,),
    READ_CONTENT: (_CONTENT_READ,),
    READ_METADATA: (_METADATA_READ,),
}
"""How the audit's actions are told here; one is told in two halves, the later one first. Others, such as locks, are not told."""

_ONCE: Final = tuple(_ACTIONS)
_TWICE: Final = tuple(action for action, told in _ACTIONS.items() if len(told) > 1)


class Paging(msgspec.Struct):
    """Which part of the history is wanted: how many entries a page has, and which page, counted from 0."""

    size: Annotated[int, Meta(ge=1)] = 50
    page: Annotated[int, Meta(ge=0)] = 0


def operations(by: By) -> tuple[Operation, ...]:
    """Return what is offered of histories."""
    return (
        Operation(
            method="GET",
            template="/objects/{id}/history",
            handler=by(show),
            id="history",
            summary="Tell what happened to an object, the newest first.",
            reads=True,
            query=Paging,
            answers={200: Answer(Objects)},
            headers=("X-ID-TENANT-NAME",),
        ),
    )


def show(settings: Settings, exchange: Exchange) -> Response:
    """Answer with a page of what happened to an object; with nothing, where the caller may not read it."""
    ctx = context_of(settings, exchange)
    wanted = exchange.query(Paging)
    size = min(wanted.size, exchange.service.limits.page)
    first = wanted.page * size
    uuid = str(exchange.params["id"])
    past = audit_shown.of_node(exchange.store, ctx, uuid, _ONCE, first, size, twice=_TWICE)
    entries = [_entry(settings, past, act) for act in past.acts]
    has_more = first + len(entries) < past.total
    return answers.json(HTTPStatus.OK, listed(entries, total=past.total, has_more=has_more))


def _entry(settings: Settings, past: Past, act: Act) -> Entry:
    told = _told(past, act)
    said = {
        # One row of the audit may be told in two halves.
        "system:objectId": 2 * act.number - act.part,
        "system:objectTypeId": "system:audit",
        "system:baseTypeId": "item",
        "system:createdBy": act.by,
        "system:creationDate": time_of(act.at),
        "system:tenant": settings.tenant,
        "system:versionNumber": 1 if act.action == "create" else act.detail.get("version"),
        "description": f"{act.action} of {act.name}",
        "action": told.code,
        "detail": told.detail,
        "referredObjectId": past.uuid,
        "traceid": tracing.trace_of(act.request_id),
    }
    return Entry({name: Value(value) for name, value in said.items() if value is not None})


def _told(past: Past, act: Act) -> _Told:
    """Return how something is told."""
    # What is made without content has no name on the drive.
    if act.action == "create" and (past.is_collection or act.name.startswith("=")):
        return _CREATED
    if act.action == "label" and act.detail.get("before") is not None:
        return _TAG_UPDATED
    return _ACTIONS[act.action][act.part]


# Reading


def note_read(settings: Settings, exchange: Exchange, ctx: Context, node: Node, action: int) -> None:
    """Let the history tell that somebody read content (400) or metadata (401), of the version that the address names, if any."""
    if settings.audit_reads and exchange.request.method != "HEAD":
        version_no = int(exchange.params.get("n") or max(1, node.version_no))
        kind = READ_CONTENT if action == CONTENT_READ else READ_METADATA
        auditing.has_read(exchange.store, ctx, node, version_no, kind)
