"""What OKD offers, as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from davgate.http.responses import Response
from davgate.rest import problems
from davgate.rest.exchange import Exchange
from davgate.rest.okd import listing, locking, reading, scopes, wire, writing
from davgate.rest.okd.delivery import Delivery
from davgate.rest.okd.errors import Problem, refused
from davgate.rest.okd.finding import Settings
from davgate.rest.operations import BYTES, Answer, Dialect, Handler, Json, Multipart, Operation, Raw

_DOCUMENTS: Final = "/documents"
_DOCUMENT: Final = "/documents/{id:uuid}"
_CONTENT: Final = Answer(BYTES, "*/*", ("ETag", "Last-Modified", "Content-Disposition", "Accept-Ranges"))
_METADATA: Final = Answer(wire.Document, headers=("ETag",))
_EITHER: Final = Answer(wire.Document, headers=("ETag",), or_content=True)
_UNCHANGED: Final = Answer(headers=("ETag",))
_TOKENS: Final = ("Lock-Token", "If")
_CONDITIONS: Final = ("If-Match", "If-Unmodified-Since", *_TOKENS)
_RANGES: Final = ("Range", "If-Range", "If-None-Match", "If-Modified-Since")
_FORM: Final = Multipart({"metadata": Delivery, "file": BYTES}, least_bytes=1)

_Handler = Callable[[Settings, Exchange], Response]


def dialect(settings: Mapping[str, Any]) -> Dialect:
    """Return the dialect as the settings of its section have it."""
    return Dialect(
        name="okd",
        title="OKD",
        description="Documents of vocational education: delivered by components, read, replaced and withdrawn.",
        operations=_operations(Settings(**settings)),
        refused=refused,
        of_address=problems.nowhere,
        refusal=Problem,
        refusals=(400, 401, 403, 404, 405, 414, 429, 503),
        parameters={"id": {"type": "string", "format": "uuid"}},
        realm="okd",
        bearer_first=True,
        scopes=frozenset(scopes.OPENS),
    )


def _operations(settings: Settings) -> tuple[Operation, ...]:
    def by(handler: _Handler) -> Handler:
        return partial(handler, settings)

    return (*_on_all(by), *_readings(by), *_writings(by), *_locks(by))


def _on_all(by: Callable[[_Handler], Handler]) -> tuple[Operation, ...]:
    return (
        Operation(
            method="GET",
            template=_DOCUMENTS,
            handler=by(listing.show),
            id="list",
            summary="List and search documents.",
            reads=True,
            query=listing.Wanted,
            answers={200: Answer(wire.Documents)},
        ),
        _create(by, _DOCUMENTS, "create", "Deliver a document with its metadata."),
        _create(by, "/associations/{association_id}", "create-for-association", "Deliver a document of an association."),
        Operation(
            method="GET",
            template="/documents/documenttypes",
            handler=reading.list_types,
            id="document-types",
            summary="List the types of documents.",
            reads=True,
            answers={200: Answer(wire.DocumentTypes)},
        ),
    )


def _create(by: Callable[[_Handler], Handler], template: str, name: str, summary: str) -> Operation:
    return Operation(
        method="POST",
        template=template,
        handler=by(writing.create),
        id=name,
        summary=summary,
        reads=False,
        body=_FORM,
        answers={201: Answer(wire.Created, headers=("Location", "ETag"))},
        refusals=(413, 415, 422, 423, 507),
    )


def _readings(by: Callable[[_Handler], Handler]) -> tuple[Operation, ...]:
    return (
        Operation(
            method="GET",
            template=_DOCUMENT,
            handler=by(reading.show),
            id="read",
            summary="Read metadata, or content if Accept asks for it.",
            reads=True,
            answers={200: _EITHER, 206: _CONTENT, 304: _UNCHANGED},
            refusals=(406, 412, 416),
            headers=("Accept", *_RANGES),
        ),
        Operation(
            method="GET",
            template=_DOCUMENT + "/metadata",
            handler=by(reading.show_metadata),
            id="read-metadata",
            summary="Read metadata.",
            reads=True,
            answers={200: _METADATA, 304: _UNCHANGED},
            refusals=(412,),
            headers=("If-None-Match",),
        ),
        *(
            Operation(
                method="GET",
                template=f"{_DOCUMENT}/{name}",
                handler=by(reading.show_content),
                id=f"read-{name}",
                summary="Read content.",
                reads=True,
                answers={200: _CONTENT, 206: _CONTENT, 304: _UNCHANGED},
                refusals=(412, 416),
                headers=_RANGES,
            )
            for name in ("download", "content")
        ),
    )


def _writings(by: Callable[[_Handler], Handler]) -> tuple[Operation, ...]:
    return (
        Operation(
            method="PATCH",
            template=_DOCUMENT,
            handler=by(writing.replace_content),
            id="replace",
            summary="Replace the content; metadata stays.",
            reads=False,
            body=Raw(),
            answers={204: Answer(headers=("ETag",))},
            refusals=(412, 413, 415, 423, 507),
            headers=("Content-Disposition", *_CONDITIONS),
        ),
        Operation(
            method="DELETE",
            template=_DOCUMENT,
            handler=by(writing.delete),
            id="delete",
            summary="Withdraw a document.",
            reads=False,
            answers={204: Answer()},
            refusals=(409, 412, 423),
            headers=_CONDITIONS,
        ),
    )


def _locks(by: Callable[[_Handler], Handler]) -> tuple[Operation, ...]:
    operations = [
        Operation(
            method="GET",
            template=_DOCUMENT + "/_lock",
            handler=by(locking.show_lock),
            id="read-lock",
            summary="Tell whether a document is locked.",
            reads=True,
            answers={200: Answer(wire.LockState)},
        ),
        Operation(
            method="POST",
            template=_DOCUMENT + "/_unlock",
            handler=by(locking.unlock_by_post),
            id="unlock-by-post",
            summary="End one's lock; the spelling of the oldest draft.",
            reads=False,
            answers={204: Answer()},
            refusals=(412, 423),
            headers=_TOKENS,
        ),
    ]
    for name in ("_lock", "lock"):
        operations += _lock_and_unlock(by, name)
    return tuple(operations)


def _lock_and_unlock(by: Callable[[_Handler], Handler], name: str) -> list[Operation]:
    suffix = "" if name == "_lock" else "-by-other-spelling"
    return [
        Operation(
            method="POST",
            template=f"{_DOCUMENT}/{name}",
            handler=by(locking.lock),
            id="lock" + suffix,
            summary="Lock a document, or let one's lock begin anew.",
            reads=False,
            body=Json(locking.Asked, may_be_empty=True, any_media_type=True),
            answers={204: Answer()},
            refusals=(412, 413, 423),
            headers=_TOKENS,
        ),
        Operation(
            method="DELETE",
            template=f"{_DOCUMENT}/{name}",
            handler=by(locking.unlock),
            id="unlock" + suffix,
            summary="End one's lock, or with force anybody's.",
            reads=False,
            query=locking.Unlocking,
            answers={204: Answer()},
            refusals=(412, 423),
            headers=_TOKENS,
        ),
    ]
