"""Errors as OKD shows them: problem details with a code of its own table."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

import msgspec

from davgate.http.errors import NotAcceptable, UnknownMethod, nearest
from davgate.http.responses import Response
from davgate.model import errors, errors_of_objects, errors_of_sign_in, errors_of_versions
from davgate.model.errors import DavgateError
from davgate.rest import problems
from davgate.rest.okd.scopes import ALL
from davgate.rest.problems import Occasion


class MissingPart(errors.Malformed):
    """A form without one of its parts."""

    code = "missing-part"

    def __init__(self, name: str) -> None:
        super().__init__(f"The form has no part {name!r}. Send the parts metadata and file.")


class EmptyContent(errors.Malformed):
    """A document without a byte."""

    code = "empty-content"

    def __init__(self) -> None:
        super().__init__("The document is empty. Send its content.")


class FieldMistake(msgspec.Struct):
    """What is wrong with one field of the metadata."""

    field: str
    message: str


class InvalidMetadata(errors.Malformed):
    """Metadata that is JSON, and says what it must not."""

    code = "invalid-metadata"

    def __init__(self, mistakes: list[FieldMistake]) -> None:
        super().__init__(" ".join(f"{mistake.field}: {mistake.message}" for mistake in mistakes))
        self.mistakes = mistakes


class LockedBy(errors.Locked):
    """A lock, with the name of its holder, who may be the caller through a door whose locks have tokens."""

    code = "locked-by"

    def __init__(self, holder: str, *, is_own: bool, is_folder: bool = False) -> None:
        hint = ". It is your own: submit its token in the header Lock-Token." if is_own else ""
        super().__init__((), f"{'Folder' if is_folder else 'Document'} is locked by {holder}{hint}")
        self.holder = holder


class Problem(problems.Problem):
    """A problem of this dialect: ``errors`` for metadata, ``lockedBy`` for a lock."""

    errors: list[FieldMistake] | msgspec.UnsetType = msgspec.UNSET
    lockedBy: str | msgspec.UnsetType = msgspec.UNSET  # The name on the wire.


CODES: Final[dict[type[DavgateError], str]] = {
    MissingPart: "missing-part",
    EmptyContent: "empty-content",
    InvalidMetadata: "invalid-metadata",
    errors_of_sign_in.InvalidToken: "invalid-token",
    errors.Unauthenticated: "unauthorized",
    errors_of_sign_in.InsufficientScope: "insufficient-scope",
    errors.Forbidden: "forbidden",
    errors.NotFound: "not-found",
    UnknownMethod: "method-not-allowed",
    NotAcceptable: "not-acceptable",
    errors.Held: "retention",
    errors_of_objects.Retained: "retention",
    errors.PreconditionFailed: "precondition-failed",
    errors.TooLarge: "too-large",
    errors.UnsupportedBody: "unsupported-media-type",
    errors.Locked: "locked",
    errors.LockConflict: "locked",
    errors.QuotaExceeded: "insufficient-storage",
    errors.Malformed: "bad-request",
    errors.BodyIncomplete: "bad-request",
}
"""Codes of the agreement; an error that it does not know keeps its own."""

_SENTENCES: Final[dict[type[DavgateError], str]] = {
    # Their own name a place on the drive, which says nothing here, and may be nobody's business.
    errors.NotFound: "There is no such document, or none for you.",
    errors.Locked: "The document, or the folder that it is in or would go to, is locked.",
    errors.LockConflict: "The document is locked.",
    errors.Held: "The document is held and cannot be removed. Have an administrator release it first.",
}

_SCOPE_CHALLENGE: Final = ("WWW-Authenticate", f'Bearer error="insufficient_scope", scope="{ALL}"')


def _sentence_of(error: DavgateError) -> str:
    match error:
        case LockedBy():
            return str(error)
        case errors_of_versions.CheckedOut(holder=holder):
            return f"Document is locked by {holder}"
        case errors_of_objects.Retained(until=until):
            return f"The document has to be kept as it is until {until}."
    return nearest(_SENTENCES, error) or str(error)


def refused(occasion: Occasion, error: DavgateError) -> Response:
    """Return the answer to a request that was refused."""
    members: dict[str, Any] = {"detail": _sentence_of(error)}
    status = None
    if isinstance(error, InvalidMetadata):
        status, members["errors"] = HTTPStatus.UNPROCESSABLE_ENTITY, error.mistakes
    elif isinstance(error, LockedBy | errors_of_versions.CheckedOut):
        members["lockedBy"] = error.holder
    response = problems.problem(occasion, error, status=status, code=nearest(CODES, error), **members)
    if isinstance(error, errors_of_sign_in.InsufficientScope):
        others = [header for header in response.headers if header[0] != "WWW-Authenticate"]
        response.headers = [*others, _SCOPE_CHALLENGE]
    return response
