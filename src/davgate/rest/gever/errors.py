"""How GEVER answers what core refuses: flat as plone.restapi's errors, and nested under ``error`` as the manual prints them.

The same refusal of core has other words in each service: a lock forbids a change with 403, and a removal with 423. A handler says
so around its call of core::

    with answering({CheckedOut: CHECKED_OUT_DELETE, Locked: locked_delete(found.id)}):
        deleting.delete(...)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Final, TypeAlias

import msgspec

from davgate.http import errors as http_errors
from davgate.http.errors import Status, nearest
from davgate.http.responses import Response, refusal, whole
from davgate.model import errors, errors_of_versions
from davgate.model.errors import DavgateError
from davgate.model.errors_of_objects import Retained
from davgate.model.frozen import frozen
from davgate.rest import problems, tus
from davgate.rest.operations import JSON
from davgate.rest.problems import Occasion


@frozen
class Refusal:
    """One row of the dialect's table: ``text`` is for people, ``message`` a stable id, where there is one."""

    status: Status
    type: str
    text: str
    message: str = ""
    fields: tuple[FieldMistake, ...] = ()


class FieldMistake(msgspec.Struct, frozen=True):
    """What is wrong with one field of a body."""

    field: str
    translated_message: str
    type: str = "ValidationError"


class NestedRefusal(msgspec.Struct):
    """The shape that the manual prints."""

    type: str
    message: str


class RefusalBody(msgspec.Struct):
    """Both shapes in one object."""

    type: str
    message: str
    translated_message: str
    additional_metadata: dict[str, Any]
    error: NestedRefusal


class Refused(http_errors.RefusedByDialect):
    """A refusal in the words of the dialect; where core refused, its error is the cause."""

    code = "gever-refused"

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.text)
        self.refusal = refusal


Answers: TypeAlias = Mapping[type[DavgateError], Refusal]


@contextmanager
def answering(answers: Answers) -> Iterator[None]:
    """Turn errors of core into refusals; of classes that derive from each other the nearest counts.

    Raises:
        Refused.
    """
    try:
        yield
    except tuple(answers) as error:
        row = nearest(answers, error)
        assert row is not None, "it is of a class that was caught for its row"
        raise Refused(row) from error


def forbidden(message: str, text: str) -> Refusal:
    """Return a refusal with 403."""
    return Refusal(HTTPStatus.FORBIDDEN, "Forbidden", text, message)


def bad_request(text: str, message: str = "") -> Refusal:
    """Return a refusal with 400."""
    return Refusal(HTTPStatus.BAD_REQUEST, "BadRequest", text, message)


def invalid_fields(*mistakes: FieldMistake) -> Refusal:
    """Return the refusal of values that fields cannot have."""
    listed = ", ".join(f"{one.field}: {one.translated_message}" for one in mistakes)
    return Refusal(HTTPStatus.BAD_REQUEST, "BadRequest", "Inputs not valid", listed, mistakes)


# Of the services of the editing cycle
CHECK_OUT: Final = forbidden("msg_checkout_disallowed", "Checkout is not allowed.")
CHECK_IN: Final = forbidden("msg_checkin_disallowed", "Check-in is not allowed.")
CANCEL: Final = forbidden("msg_cancel_checkout_disallowed", "Cancel checkout is not allowed.")
REVERT: Final = forbidden("", "Reverting is not allowed.")
NO_VERSION_GIVEN: Final = bad_request("Property 'version' is required")

# Of changes
NOT_CHECKED_OUT: Final = forbidden("msg_not_checked_out_by_current_user", "Document not checked-out by current user.")
LOCKED: Final = forbidden("msg_resource_locked", "Resource is locked.")
TRASHED: Final = forbidden("msg_trashed", "Trashed objects cannot be changed.")
NO_TYPE: Final = bad_request("Property '@type' is required")
NO_SOURCE: Final = bad_request("Property 'source' is required")

# Of removals and moves
CHECKED_OUT_DELETE: Final = Refusal(HTTPStatus.CONFLICT, "Conflict", "Checked out documents cannot be deleted.")
ALREADY_TRASHED: Final = bad_request("Already trashed", "msg_already_trashed")
TRASH_CHECKED_OUT: Final = bad_request("Cannot trash a checked-out document", "msg_trash_checked_out_doc")
TRASH_LOCKED: Final = bad_request("Cannot trash a locked document", "msg_trash_locked_doc")
MOVE_LOCKED: Final = Refusal(
    HTTPStatus.LOCKED, "ResourceLockedError", "Locked documents cannot be moved.", "msg_locked_doc_cant_be_moved"
)
COPY_CHECKED_OUT: Final = Refusal(
    HTTPStatus.CONFLICT, "CopyError", "Checked out documents cannot be copied.", "error_checked_out_cannot_be_copied"
)

# Of uploads in parts, which have the words of HTTP for their types
TUS_NOT_CHECKED_OUT: Final = forbidden("", "Document not checked out.")
TUS_LOCKED: Final = forbidden("", "Document is locked.")
TUS_NO_UPLOAD: Final = Refusal(HTTPStatus.NOT_FOUND, "Not Found", "There is no such upload, or not any more.")
TUS_VERSION: Final = Refusal(HTTPStatus.PRECONDITION_FAILED, "Precondition Failed", "Unsupported version")
TUS_OFFSET: Final = Refusal(HTTPStatus.CONFLICT, "Conflict", "Upload-Offset does not match")
TUS_NO_SUCH_TYPE: Final = bad_request("Only a document can be uploaded. Leave '@type' out.")


def tus_header(name: str) -> Refusal:
    """Return the refusal of an upload with a header that is missing or wrong."""
    return Refusal(HTTPStatus.BAD_REQUEST, "Bad Request", f"Missing or invalid {name} header")


def locked_delete(name: str) -> Refusal:
    """Return the refusal to delete what is locked, or holds what is."""
    return Refusal(HTTPStatus.LOCKED, "ResourceLockedError", f'Object "{name}" is locked.')


def unknown_type(name: str) -> Refusal:
    """Return the refusal to make something of a type that there is not."""
    return forbidden("", f"Invalid '@type' parameter. No content type with the name '{name}' found")


def no_version(number: object) -> Refusal:
    """Return the refusal of a version that there is not."""
    return Refusal(HTTPStatus.NOT_FOUND, "NotFound", f"Version '{number}' does not exist.")


_NOT_FOUND: Final = Refusal(HTTPStatus.NOT_FOUND, "NotFound", "")
"""Its text names what was asked for."""
_TABLE: Final[Answers] = {
    errors.Unauthenticated: Refusal(HTTPStatus.UNAUTHORIZED, "Unauthorized", "You are not authorized to access this resource."),
    errors.Forbidden: forbidden("", "You are not allowed to perform this action."),
    errors.NotFound: _NOT_FOUND,
    errors.NotADocument: _NOT_FOUND,
    errors.NotACollection: _NOT_FOUND,
    http_errors.UnknownMethod: _NOT_FOUND,
    errors.Locked: LOCKED,
    errors_of_versions.CheckedOut: NOT_CHECKED_OUT,
    errors_of_versions.NotCheckedOut: NOT_CHECKED_OUT,
    errors.NoSuchUpload: TUS_NO_UPLOAD,
    errors.OffsetMismatch: TUS_OFFSET,
    http_errors.UnsupportedTusVersion: TUS_VERSION,
    errors.QuotaExceeded: forbidden("", "The store has no room for this."),
    errors.TooLarge: Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Request Entity Too Large", "The body is too large."),
}
"""What core refuses anywhere, where no handler says more."""


def refused(occasion: Occasion, error: DavgateError) -> Response:
    """Return the answer to a request that was refused."""
    row = _row_of(occasion, error)
    body = RefusalBody(
        row.type,
        row.message or row.text,
        row.text,
        {"fields": row.fields} if row.fields else {},
        NestedRefusal(row.type, row.text),
    )
    headers = refusal(http_errors.cause_of(error) if isinstance(error, Refused) else error, ())[1]
    return whole(row.status, JSON, msgspec.json.encode(body), *headers, *tus.marks(occasion.environ))


def _row_of(occasion: Occasion, error: DavgateError) -> Refusal:
    if isinstance(error, Refused):
        return error.refusal
    if isinstance(error, http_errors.InvalidHeader):
        return tus_header(error.name)
    if isinstance(error, Retained):
        # Its own sentence names a place on the drive, which has another name here.
        return Refusal(HTTPStatus.CONFLICT, "Conflict", f"The object has to be kept as it is until {error.until}.")
    row = nearest(_TABLE, error)
    if row is _NOT_FOUND:
        return replace(row, text=f"Resource not found: {occasion.origin}{occasion.path}")
    if row is not None:
        return row
    status = problems.status_of(error)
    kind = status.phrase if tus.marks(occasion.environ) else "".join(word.capitalize() for word in status.phrase.split())
    return Refusal(status, kind, str(error))
