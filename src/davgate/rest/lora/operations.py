"""The list of what the dialect offers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from davgate.http.responses import Response
from davgate.rest import problems
from davgate.rest.exchange import Exchange
from davgate.rest.lora import contents, reading, structure, wire, writing
from davgate.rest.lora.errors import Refusal, refused
from davgate.rest.lora.finding import Settings
from davgate.rest.lora.payloads import BODY, NOTE
from davgate.rest.operations import BYTES, Answer, Dialect, Handler, Operation

_CLASS: Final = "/{service}/{class_name}"
_OBJECT: Final = _CLASS + "/{uuid}"
_TAG: Final = ("ETag",)
_CONTENT: Final = Answer(BYTES, "*/*", ("ETag", "Last-Modified", "Content-Disposition", "Accept-Ranges"))
_CONDITIONS: Final = ("If-Match", "Lock-Token", "If")
_REFUSED_WRITES: Final = (409, 412, 413, 415, 423)

_Handler = Callable[[Settings, Exchange], Response]


def dialect(settings: Mapping[str, Any]) -> Dialect:
    """Return the dialect as the settings of its section have it."""
    return Dialect(
        name="lora",
        title="LoRA",
        description="Objects by the OIO standards: what they say holds for periods of time, and nothing that was known is lost.",
        operations=_operations(Settings(**settings)),
        refused=refused,
        of_address=problems.nowhere,
        refusal=Refusal,
        refusal_type="application/json",
        refusals=(400, 401, 403, 404, 405, 414, 429, 503),
        parameters={"uuid": {"type": "string", "format": "uuid"}},
    )


def _operations(settings: Settings) -> tuple[Operation, ...]:
    def by(handler: _Handler) -> Handler:
        return partial(handler, settings)

    return (*_readings(), *_writings(by), *_self_description())


def _readings() -> tuple[Operation, ...]:
    return (
        Operation(
            method="GET",
            template=_OBJECT,
            handler=reading.read,
            id="read",
            summary="Read an object (Læs).",
            reads=True,
            query=wire.Reading,
            answers={200: Answer(wire.Read, headers=_TAG), 304: Answer(headers=_TAG)},
            refusals=(410, 412),
            headers=("If-None-Match",),
        ),
        Operation(
            method="GET",
            template=_CLASS,
            handler=reading.list_or_search,
            id="list-or-search",
            summary="Read several objects by their uuids (List), or find some (Søg).",
            reads=True,
            query=wire.Searching,
            answers={200: Answer(wire.Found)},
        ),
        Operation(
            method="GET",
            template="/dokument/dokument/{year}/{month}/{day}/{hour}/{minute}/{name}",
            handler=contents.download,
            id="read-content",
            summary="Read the content of a part of a document.",
            reads=True,
            answers={200: _CONTENT, 206: _CONTENT, 304: Answer(headers=_TAG)},
            refusals=(412, 416),
            headers=("Range", "If-Range", "If-None-Match", "If-Modified-Since"),
        ),
    )


def _writings(by: Callable[[_Handler], Handler]) -> tuple[Operation, ...]:
    written = {200: Answer(wire.Written, headers=_TAG)}
    return (
        Operation(
            method="POST",
            template=_CLASS,
            handler=by(writing.create),
            id="create",
            summary="Make an object (Opret).",
            reads=False,
            body=BODY,
            answers={201: Answer(wire.Written, headers=("ETag", "Location"))},
            refusals=(*_REFUSED_WRITES, 507),
        ),
        Operation(
            method="PUT",
            template=_OBJECT,
            handler=by(writing.put),
            id="import",
            summary="Make an object with a uuid, or replace all that it says (Importer).",
            reads=False,
            body=BODY,
            answers=written,
            refusals=(*_REFUSED_WRITES, 507),
            headers=_CONDITIONS,
        ),
        Operation(
            method="PATCH",
            template=_OBJECT,
            handler=by(writing.patch),
            id="update",
            summary="Change what an object says for some time (Ret), or passivate it (Passiver).",
            reads=False,
            body=BODY,
            answers=written,
            refusals=(*_REFUSED_WRITES, 507),
            headers=_CONDITIONS,
        ),
        Operation(
            method="DELETE",
            template=_OBJECT,
            handler=by(writing.delete),
            id="delete",
            summary="Delete an object (Slet).",
            reads=False,
            body=NOTE,
            answers={202: Answer(wire.Written, headers=_TAG)},
            refusals=_REFUSED_WRITES,
            headers=_CONDITIONS,
        ),
    )


def _self_description() -> tuple[Operation, ...]:
    return (
        _told("/site-map", structure.site_map, "site-map", "Tell all addresses.", wire.SiteMap),
        _told("/{service}/classes", structure.classes, "classes", "Tell the classes of a service."),
        _told(_CLASS + "/fields", structure.fields, "fields", "Tell what objects of a class say."),
        _told(_CLASS + "/schema", structure.schema, "schema", "Tell what a new object of a class may say, as JSON Schema."),
    )


def _told(template: str, handler: Handler, name: str, summary: str, kind: Any = wire.Told) -> Operation:
    return Operation(
        method="GET", template=template, handler=handler, id=name, summary=summary, reads=True, answers={200: Answer(kind)}
    )
