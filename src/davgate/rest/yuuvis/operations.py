"""What yuuvis offers, as data."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from davgate.rest import problems
from davgate.rest.operations import BYTES, Answer, Dialect, Handler, Operation, Raw
from davgate.rest.yuuvis import (
    contents,
    deleting,
    envelopes,
    history,
    importing,
    native_locks,
    permissions,
    reading,
    schema,
    searching,
    updating,
    versions,
    wire,
)
from davgate.rest.yuuvis.errors import ErrorBody, refused
from davgate.rest.yuuvis.finding import By, Handling, Settings

_OBJECTS: Final = "/objects"
_OBJECT: Final = "/objects/{id}"
_CONTENT: Final = "/objects/{id}/contents/file"
_VERSIONS: Final = "/objects/{id}/versions"
_VERSION: Final = "/objects/{id}/versions/{n}"
_SHOWN: Final = Answer(wire.Objects)
_FILE: Final = Answer(BYTES, "*/*", ("ETag", "Last-Modified", "Content-Disposition", "Accept-Ranges"))
_FILE_ANSWERS: Final = {200: _FILE, 206: _FILE, 304: Answer(headers=("ETag",))}
_TENANT: Final = ("X-ID-TENANT-NAME",)
_RANGES: Final = ("Range", "If-Range", "If-None-Match", "If-Modified-Since", *_TENANT)
_MANY_HEADERS: Final = ("Lock-Token", "If", "X-B3-TraceId", *_TENANT)
"""Of writing several objects, none of which a condition of the request is about."""
_WRITE_HEADERS: Final = ("If-Match", "If-Unmodified-Since", *_MANY_HEADERS)
_OF_WRITES: Final = (409, 412, 413, 415, 422, 507)


def dialect(settings: Mapping[str, Any]) -> Dialect:
    """Return the dialect as the settings of its section have it."""
    known = Settings(**settings)
    return Dialect(
        name="yuuvis",
        title="yuuvis",
        description="The DMS core API: typed objects, imported, read, updated and searched.",
        operations=_operations(known),
        refused=partial(refused, known.tenant),
        of_address=problems.nowhere,
        refusal=ErrorBody,
        refusal_type="application/json",
        refusals=(400, 401, 403, 404, 405, 414, 429, 503),
        parameters={"id": {"type": "string", "format": "uuid"}, "n": {"type": "integer", "minimum": 1}},
        realm="yuuvis",
    )


def _operations(settings: Settings) -> tuple[Operation, ...]:
    def by(handler: Handling) -> Handler:
        return partial(handler, settings)

    return (
        *_on_all(by),
        *_on_one(by),
        *_on_content(by),
        *_on_versions(by),
        *searching.operations(by),
        *history.operations(by),
        *native_locks.operations(by),
        *schema.operations(by),
        *permissions.operations(by),
    )


def _on_all(by: By) -> tuple[Operation, ...]:
    return (
        Operation(
            method="POST",
            template=_OBJECTS,
            handler=by(importing.create),
            id="import",
            summary="Import objects, all or none, with or without content.",
            reads=False,
            body=envelopes.AS_FORM,
            answers={200: _SHOWN},
            refusals=_OF_WRITES,
            headers=_MANY_HEADERS,
        ),
        Operation(
            method="PATCH",
            template=_OBJECTS,
            handler=by(updating.change_some),
            id="change-some",
            summary="Change properties of objects, of all or none.",
            reads=False,
            body=envelopes.SOME_AS_JSON,
            answers={200: _SHOWN},
            refusals=_OF_WRITES,
            headers=_MANY_HEADERS,
        ),
        Operation(
            method="DELETE",
            template=_OBJECTS,
            handler=by(deleting.delete_some),
            id="delete-some",
            summary="Delete objects, each for itself.",
            reads=False,
            body=envelopes.ANY_NUMBER_AS_JSON,
            answers={200: _SHOWN},
            refusals=(413, 415),
            headers=_MANY_HEADERS,
        ),
    )


def _on_one(by: By) -> tuple[Operation, ...]:
    return (
        Operation(
            method="GET",
            template=_OBJECT,
            handler=by(reading.show),
            id="read",
            summary="Read what is said of an object.",
            reads=True,
            query=reading.Reading,
            answers={200: _SHOWN},
            headers=_TENANT,
        ),
        Operation(
            method="POST",
            template=_OBJECT,
            handler=by(updating.replace),
            id="replace",
            summary="Replace the metadata of an object as a whole.",
            reads=False,
            body=envelopes.ONE_AS_FORM,
            answers={200: _SHOWN},
            refusals=_OF_WRITES,
            headers=_WRITE_HEADERS,
        ),
        Operation(
            method="PATCH",
            template=_OBJECT,
            handler=by(updating.change),
            id="change",
            summary="Change properties of an object.",
            reads=False,
            body=envelopes.ONE_AS_JSON,
            answers={200: _SHOWN},
            refusals=_OF_WRITES,
            headers=_WRITE_HEADERS,
        ),
        Operation(
            method="DELETE",
            template=_OBJECT,
            handler=by(deleting.delete),
            id="delete",
            summary="Delete an object with all its versions.",
            reads=False,
            answers={200: Answer()},
            refusals=(409, 412),
            headers=_WRITE_HEADERS,
        ),
    )


def _on_content(by: By) -> tuple[Operation, ...]:
    return (
        Operation(
            method="GET",
            template=_CONTENT,
            handler=by(contents.show),
            id="read-content",
            summary="Read the content of an object.",
            reads=True,
            answers=_FILE_ANSWERS,
            refusals=(412, 416),
            headers=_RANGES,
        ),
        *(
            Operation(
                method=method,
                template=_CONTENT,
                handler=by(contents.replace),
                id=f"{method.lower()}-content",
                summary="Replace the content of an object.",
                reads=False,
                body=Raw(),
                answers={200: _SHOWN},
                refusals=_OF_WRITES,
                headers=("Content-Disposition", "X-OS-REPOSITORY-ID", *_WRITE_HEADERS),
            )
            for method in ("POST", "PUT")
        ),
        Operation(
            method="GET",
            template=_OBJECT + "/actions/validate/digest",
            handler=by(contents.validate_digest),
            id="validate-digest",
            summary="Hold the content of an object against its digest.",
            reads=True,
            answers={200: Answer()},
            refusals=(409,),
            headers=_TENANT,
        ),
    )


def _on_versions(by: By) -> tuple[Operation, ...]:
    return (
        Operation(
            method="GET",
            template=_VERSIONS,
            handler=by(versions.show_all),
            id="versions",
            summary="Read what all versions of an object say.",
            reads=True,
            answers={200: _SHOWN},
            headers=_TENANT,
        ),
        Operation(
            method="GET",
            template=_VERSION,
            handler=by(versions.show),
            id="read-version",
            summary="Read what a version says.",
            reads=True,
            answers={200: _SHOWN},
            headers=_TENANT,
        ),
        Operation(
            method="DELETE",
            template=_VERSION,
            handler=by(versions.delete),
            id="delete-version",
            summary="Remove a version that is not the current one.",
            reads=False,
            answers={200: Answer()},
            refusals=(409, 412),
            headers=_WRITE_HEADERS,
        ),
        Operation(
            method="GET",
            template=_VERSION + "/contents/file",
            handler=by(versions.show_content),
            id="read-version-content",
            summary="Read the content of a version.",
            reads=True,
            answers=_FILE_ANSWERS,
            refusals=(412, 416),
            headers=_RANGES,
        ),
        Operation(
            method="POST",
            template=_VERSION + "/actions/restore",
            handler=by(versions.restore),
            id="restore-version",
            summary="Make a copy of a version the current one.",
            reads=False,
            query=versions.Restoring,
            answers={200: _SHOWN},
            refusals=(409, 412, 422),
            headers=_WRITE_HEADERS,
        ),
        Operation(
            method="GET",
            template=_VERSION + "/actions/validate/digest",
            handler=by(versions.validate_digest),
            id="validate-version-digest",
            summary="Hold the content of a version against its digest.",
            reads=True,
            answers={200: Answer()},
            refusals=(409,),
            headers=_TENANT,
        ),
    )
