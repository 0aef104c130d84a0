"""Errors as the DMS core API shows them: a status, a service code that clients look at, and a sentence for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, Final, NamedTuple

import msgspec

from davgate.http.errors import RefusedByDialect, Status, UnknownMethod, nearest
from davgate.http.responses import Response, refusal, whole
from davgate.model import errors, errors_of_objects
from davgate.model.errors import DavgateError
from davgate.model.instant import Instant, to_datetime
from davgate.rest import problems
from davgate.rest.operations import JSON
from davgate.rest.problems import Occasion


class Mistake(msgspec.Struct, frozen=True):
    """What is wrong with what was said of an object."""

    message: str
    serviceErrorCode: int  # The name on the wire.


class ErrorBody(msgspec.Struct):
    """The body of every error.

    ``validationErrors`` are there when an object does not fit its type, and ``objects`` tell who has locked which, as an object.
    """

    httpStatusCode: int
    serviceErrorCode: int
    time: str
    message: str
    service: str
    tenant: str
    validationErrors: list[Mistake] | msgspec.UnsetType = msgspec.UNSET
    objects: list[dict[str, Any]] | msgspec.UnsetType = msgspec.UNSET


REQUIRED: Final = 2401
UNKNOWN: Final = 2402
WRONG_VALUE: Final = 2403
WRONG_TYPE: Final = 2404
WRONG_CONTENT: Final = 2405
WRONG_PLACE: Final = 2406


class InvalidObject(errors.Malformed):
    """An object that does not fit its type."""

    code = "invalid-yuuvis-object"

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__(" ".join(one.message for one in mistakes))
        self.mistakes = list(mistakes)


def invalid(code: int, message: str) -> InvalidObject:
    """Return the error for one mistake."""
    return InvalidObject([Mistake(message, code)])


class InvalidStatement(errors.Malformed):
    """A statement of a search that cannot be read, or asks for what there is not."""

    code = "invalid-yuuvis-statement"


class UnknownTenant(errors.Unauthenticated):
    """The request names a tenant that this store is not."""

    code = "unknown-tenant"

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no tenant {name[:100]!r} here. Name another one, or none.")


class OtherState(RefusedByDialect):
    """What the request says of the present state is not so: somebody else has changed the object since it was read."""

    code = "other-state"

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is not what the object has now; nothing was changed. Read it again, then repeat the change.")


class DigestDiffers(RefusedByDialect):
    """The stored bytes are not those that the digest is of."""

    code = "digest-differs"

    def __init__(self) -> None:
        super().__init__("The stored content does not match its digest. Have an administrator look at the store.")


class HeldBy(errors.Locked):
    """A lock or check-out, with the name of its holder, who may be the caller through a door whose locks have tokens.

    ``uuid`` is the object that was asked for, where one was and it is that which is locked.
    """

    code = "held-by"

    def __init__(self, holder: str, *, is_own: bool, uuid: str | None = None, is_folder: bool = False) -> None:
        hint = " That is you: submit the token of the lock in the header Lock-Token." if is_own else ""
        super().__init__((), f"The {'folder' if is_folder else 'object'} is locked by {holder}.{hint}")
        self.holder = holder
        self.uuid = uuid


class _Row(NamedTuple):
    status: Status
    service_code: int


TABLE: Final[dict[type[DavgateError], _Row]] = {
    InvalidObject: _Row(HTTPStatus.UNPROCESSABLE_ENTITY, 2400),
    InvalidStatement: _Row(HTTPStatus.BAD_REQUEST, 2150),
    OtherState: _Row(HTTPStatus.CONFLICT, 2810),
    DigestDiffers: _Row(HTTPStatus.CONFLICT, 2850),
    errors_of_objects.NotEmpty: _Row(HTTPStatus.CONFLICT, 2800),
    errors_of_objects.Retained: _Row(HTTPStatus.CONFLICT, 2820),
    errors_of_objects.VersionIsCurrent: _Row(HTTPStatus.CONFLICT, 2840),
    errors.Held: _Row(HTTPStatus.CONFLICT, 2820),
    errors.Locked: _Row(HTTPStatus.CONFLICT, 2830),
    errors.LockConflict: _Row(HTTPStatus.CONFLICT, 2830),
    errors.PreconditionFailed: _Row(HTTPStatus.PRECONDITION_FAILED, 2812),
    errors.NotADocument: _Row(HTTPStatus.UNPROCESSABLE_ENTITY, 2400),
    errors.Malformed: _Row(HTTPStatus.BAD_REQUEST, 2100),
    errors.BodyIncomplete: _Row(HTTPStatus.BAD_REQUEST, 2100),
    UnknownMethod: _Row(HTTPStatus.METHOD_NOT_ALLOWED, 2005),
}
"""What has a code of its own; any other error has the one that goes with its status."""

_OF_CLIENT: Final = 2000
_OF_SERVER: Final = 2500
_SENTENCES: Final[dict[type[DavgateError], str]] = {
    # Their own name a place on the drive, which says nothing here.
    errors.NotFound: "There is no such object, version or content, or none for you.",
    errors.NotADocument: "A folder has no content. Send it to a document.",
    errors.Locked: "The object, or the folder that it is in, is locked.",
    errors.Held: (
        "The object, or a version of it, is held, labelled, pinned, being worked on or how a fixed revision ends."
        " It stays while that is so."
    ),
    errors_of_objects.NotEmpty: "The folder is not empty. Delete what is in it first.",
    errors_of_objects.Retained: "The object is under retention: until system:rmExpirationDate it stays, and so does its content.",
    errors_of_objects.VersionIsCurrent: "This version is the current one: it is neither deleted alone nor restored.",
}


def row_of(error: DavgateError) -> tuple[Status, int]:
    """Return status and service code of an error."""
    row = nearest(TABLE, error)
    if row is not None:
        return row
    status = problems.status_of(error)
    return status, _code_of(status)


def _code_of(status: Status) -> int:
    is_clients = status < HTTPStatus.INTERNAL_SERVER_ERROR
    return status - HTTPStatus.BAD_REQUEST + _OF_CLIENT if is_clients else status - 500 + _OF_SERVER


def sentence_of(error: DavgateError) -> str:
    """Return what an error is called here."""
    if isinstance(error, HeldBy):
        return str(error)
    return nearest(_SENTENCES, error) or str(error)


def refused(tenant: str, occasion: Occasion, error: DavgateError) -> Response:
    """Return the answer to a request that was refused."""
    status, service_code = row_of(error)
    body = _body(tenant, occasion.at, status, service_code, sentence_of(error))
    body.validationErrors = list(_mistakes(error)) or msgspec.UNSET
    body.objects = list(_locked(error)) or msgspec.UNSET
    return whole(status, JSON, msgspec.json.encode(body), *refusal(error, ())[1])


def _body(tenant: str, now: Instant, status: Status, service_code: int, message: str) -> ErrorBody:
    return ErrorBody(
        httpStatusCode=status.value,
        serviceErrorCode=service_code,
        time=to_datetime(now).replace(tzinfo=None).isoformat(timespec="milliseconds"),
        message=message,
        service="api",
        tenant=tenant,
    )


def _mistakes(error: DavgateError) -> Iterator[Mistake]:
    if isinstance(error, InvalidObject):
        yield from error.mistakes
    elif isinstance(error, errors.NotADocument):
        yield Mistake(sentence_of(error), WRONG_CONTENT)


def _locked(error: DavgateError) -> Iterator[dict[str, Any]]:
    if isinstance(error, HeldBy) and error.uuid is not None:
        said = {"system:objectId": error.uuid, "system:versionSeriesLockedBy": error.holder}
        yield {"properties": {name: {"value": value} for name, value in said.items()}}


@contextmanager
def misplaced() -> Iterator[None]:
    """Let a folder that there is not, or that the object would have to be in itself, be a mistake in what was said of it."""
    try:
        yield
    except (errors_of_objects.NoSuchCollection, errors.SameResource) as error:
        raise invalid(WRONG_PLACE, f"system:parentId: {error}") from error
