"""THE table: what each error means on the wire. No other module turns an error into a status number.

A door may show another status or body where its dialect demands one; the meaning stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum
from http import HTTPStatus
from typing import Final, TypeAlias, TypeVar

from davgate.identity.digest import REALM
from davgate.model import errors, errors_of_objects, errors_of_sign_in, errors_of_versions
from davgate.model.bitemporal import errors as errors_of_lora
from davgate.model.frozen import frozen
from davgate.model.rights import SCOPE_RIGHTS

T = TypeVar("T")


class TusStatus(IntEnum):
    """What TUS 1.0.0 adds to the statuses of HTTP."""

    CHECKSUM_MISMATCH = 460

    @property
    def phrase(self) -> str:
        """The words of the status line."""
        return self.name.replace("_", " ").title()


Status: TypeAlias = HTTPStatus | TusStatus


@frozen
class Outcome:
    """How an error is answered: status, local name of the precondition element in ``DAV:``, and further headers.

    What depends on the request is added by whoever answers: ``Allow`` to a 405, ``WWW-Authenticate`` to a 401, ``Retry-After``
    to a 429.
    """

    status: Status
    precondition: str | None = None
    headers: tuple[tuple[str, str], ...] = ()


class UnknownMethod(errors.DavgateError):
    """Nothing here takes the method of the request (RFC 9110, 15.5.6); ``allowed`` is what the header Allow says."""

    code = "unknown-method"

    def __init__(self, method: str, allowed: str) -> None:
        super().__init__(f"Nothing here takes {method[:40]}. See the header Allow for the methods that there are.")
        self.allowed = allowed


class UnsatisfiableRange(errors.DavgateError):
    """The content ends before the range that is asked for (RFC 9110, 15.5.17)."""

    code = "unsatisfiable-range"

    def __init__(self, *headers: tuple[str, str]) -> None:
        super().__init__("The content ends before the range. See the header Content-Range for its length.")
        self.headers = headers


class NotAcceptable(errors.DavgateError):
    """The client takes no representation that there is (RFC 9110, 15.5.7)."""

    code = "not-acceptable"

    def __init__(self, offered: Sequence[str]) -> None:
        super().__init__(f"There is no such representation. Send an Accept header that allows {' or '.join(offered)}.")


class InvalidHeader(errors.Malformed):
    """A header that the request needs is missing, or not as it has to be; ``name`` tells which."""

    code = "invalid-header"

    def __init__(self, name: str) -> None:
        super().__init__(f"The header {name} is missing or invalid.")
        self.name = name


class ServerFault(errors.DavgateError):
    """davgate itself failed at the request, in a way that nobody foresaw; the log tells how, under the request's number."""

    code = "server-fault"

    def __init__(self, request_id: str) -> None:
        super().__init__(f"Something went wrong here. The number of this request in the log is {request_id}.")


class UnsupportedTusVersion(errors.PreconditionFailed):
    """An upload in parts by another version of TUS than the one that is spoken here, or by none."""

    code = "unsupported-tus-version"

    def __init__(self) -> None:
        super().__init__("Uploads in parts are taken by TUS 1.0.0. Say so in the header Tus-Resumable.")


class InvalidValue(errors.Malformed):
    """A value of a body or query is not of its type; ``field`` tells where, empty for the whole."""

    code = "invalid-value"

    def __init__(self, sentence: str, field: str) -> None:
        super().__init__(sentence)
        self.field = field


class RefusedByDialect(errors.DavgateError):
    """A dialect refuses the request in words and with a status of its own; where core refused it, that is the cause."""

    code = "refused-by-dialect"


def cause_of(error: errors.DavgateError) -> errors.DavgateError:
    """Return what core refused, where a dialect says it with an error of its own; any other error is its own cause."""
    return error.__cause__ if isinstance(error.__cause__, errors.DavgateError) else error


_INSUFFICIENT_SCOPE: Final = f'Bearer realm="{REALM}", error="insufficient_scope", scope="{" ".join(SCOPE_RIGHTS)}"'

TABLE: Final[dict[type[errors.DavgateError], Outcome]] = {
    errors.DavgateError: Outcome(HTTPStatus.INTERNAL_SERVER_ERROR),
    ServerFault: Outcome(HTTPStatus.INTERNAL_SERVER_ERROR),
    # The request, RFC 9110, 15.5
    errors.Malformed: Outcome(HTTPStatus.BAD_REQUEST),
    errors.InvalidName: Outcome(HTTPStatus.BAD_REQUEST),
    errors_of_lora.InvalidObject: Outcome(HTTPStatus.BAD_REQUEST),
    errors_of_lora.WrongStep: Outcome(HTTPStatus.BAD_REQUEST),
    InvalidHeader: Outcome(HTTPStatus.BAD_REQUEST),
    InvalidValue: Outcome(HTTPStatus.BAD_REQUEST),
    RefusedByDialect: Outcome(HTTPStatus.BAD_REQUEST),
    errors.BodyIncomplete: Outcome(HTTPStatus.BAD_REQUEST),
    errors_of_sign_in.AccountRefused: Outcome(HTTPStatus.BAD_REQUEST),
    errors.NameTooLong: Outcome(HTTPStatus.REQUEST_URI_TOO_LONG),
    errors.TooLarge: Outcome(HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    errors.UnsupportedBody: Outcome(HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
    # What is there and what is not, RFC 9110, 15.5; RFC 4918, 9.3.1 and 9.7.1
    errors.NotFound: Outcome(HTTPStatus.NOT_FOUND),
    errors.NoSuchInstant: Outcome(HTTPStatus.NOT_FOUND),
    errors.NoSuchVersion: Outcome(HTTPStatus.NOT_FOUND),
    errors_of_objects.NoSuchRevision: Outcome(HTTPStatus.NOT_FOUND),
    errors.ParentMissing: Outcome(HTTPStatus.CONFLICT),
    errors.AlreadyExists: Outcome(HTTPStatus.METHOD_NOT_ALLOWED),
    errors.NotADocument: Outcome(HTTPStatus.METHOD_NOT_ALLOWED),
    errors.NotACollection: Outcome(HTTPStatus.METHOD_NOT_ALLOWED),
    UnknownMethod: Outcome(HTTPStatus.METHOD_NOT_ALLOWED),
    NotAcceptable: Outcome(HTTPStatus.NOT_ACCEPTABLE),
    UnsatisfiableRange: Outcome(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE),
    errors.OtherServer: Outcome(HTTPStatus.BAD_GATEWAY),  # RFC 4918, 9.8.5 and 9.9.4
    # Who may do what
    errors.Unauthenticated: Outcome(HTTPStatus.UNAUTHORIZED),
    errors_of_sign_in.InvalidToken: Outcome(HTTPStatus.UNAUTHORIZED),  # RFC 6750, 3.1
    errors.TooManyRequests: Outcome(HTTPStatus.TOO_MANY_REQUESTS),  # RFC 6585, 4
    errors_of_sign_in.TooManyFailures: Outcome(HTTPStatus.TOO_MANY_REQUESTS),
    # Not 429: tus-js-client gives an upload up after a status of the 400s, and sends it again after a 503.
    errors.TooManyUploads: Outcome(HTTPStatus.SERVICE_UNAVAILABLE, headers=(("Retry-After", "5"),)),
    errors_of_sign_in.StaleNonce: Outcome(HTTPStatus.UNAUTHORIZED),  # RFC 7616, 3.3
    errors_of_sign_in.DirectoryUnavailable: Outcome(HTTPStatus.SERVICE_UNAVAILABLE, headers=(("Retry-After", "10"),)),
    errors.Forbidden: Outcome(HTTPStatus.FORBIDDEN),
    errors_of_sign_in.InsufficientScope: Outcome(HTTPStatus.FORBIDDEN, None, (("WWW-Authenticate", _INSUFFICIENT_SCOPE),)),
    errors.ReservedName: Outcome(HTTPStatus.FORBIDDEN),
    errors.ReadOnlyPlace: Outcome(HTTPStatus.FORBIDDEN),
    errors.SameResource: Outcome(HTTPStatus.FORBIDDEN),  # RFC 4918, 9.8.5 and 9.9.4
    errors.FiniteDepthOnly: Outcome(HTTPStatus.FORBIDDEN, "propfind-finite-depth"),  # RFC 4918, 9.1.1
    errors.ProtectedProperty: Outcome(HTTPStatus.FORBIDDEN, "cannot-modify-protected-property"),  # RFC 4918, 16
    errors.NotTheLockOwner: Outcome(HTTPStatus.FORBIDDEN),  # RFC 4918, 9.11.1
    errors.InvalidSyncToken: Outcome(HTTPStatus.FORBIDDEN, "valid-sync-token"),  # RFC 6578, 3.2
    errors.UnsupportedReport: Outcome(HTTPStatus.FORBIDDEN, "supported-report"),  # RFC 3253, 3.6
    errors.TooManyMatches: Outcome(HTTPStatus.FORBIDDEN, "number-of-matches-within-limits"),  # RFC 6578, 3.7; RFC 3744, 9.2
    # Conditions and locks, RFC 4918, 9.10.6, 9.11.1 and 16
    errors.PreconditionFailed: Outcome(HTTPStatus.PRECONDITION_FAILED),
    errors.RefreshMismatch: Outcome(HTTPStatus.PRECONDITION_FAILED, "lock-token-matches-request-uri"),
    errors.UnknownLockToken: Outcome(HTTPStatus.CONFLICT, "lock-token-matches-request-uri"),
    errors.Locked: Outcome(HTTPStatus.LOCKED, "lock-token-submitted"),
    errors_of_versions.CheckedOut: Outcome(HTTPStatus.LOCKED, "lock-token-submitted"),
    errors_of_versions.AlreadyCheckedOut: Outcome(HTTPStatus.CONFLICT, "must-be-checked-in"),  # RFC 3253, 4.3
    errors_of_versions.NotVersioned: Outcome(HTTPStatus.CONFLICT, "must-be-checked-in"),  # RFC 3253, 4.3
    errors_of_versions.NotCheckedOut: Outcome(HTTPStatus.CONFLICT, "must-be-checked-out"),  # RFC 3253, 4.4 and 4.5
    errors_of_versions.LabelTaken: Outcome(HTTPStatus.CONFLICT, "add-must-be-new-label"),  # RFC 3253, 8.2
    errors_of_versions.UnknownLabel: Outcome(HTTPStatus.CONFLICT, "label-must-exist"),  # RFC 3253, 8.2
    # RFC 3253, 4.5
    errors_of_versions.NothingToCancel: Outcome(HTTPStatus.CONFLICT, "must-be-checked-out-version-controlled-resource"),
    errors_of_versions.LabelSelectsNothing: Outcome(HTTPStatus.CONFLICT, "must-select-version-in-history"),  # RFC 3253, 8.5
    errors.Held: Outcome(HTTPStatus.CONFLICT),
    errors_of_objects.UuidTaken: Outcome(HTTPStatus.CONFLICT),
    errors_of_objects.LogicalNameTaken: Outcome(HTTPStatus.CONFLICT),
    errors_of_objects.VersionIsCurrent: Outcome(HTTPStatus.CONFLICT),
    errors_of_objects.VersionIsMarked: Outcome(HTTPStatus.CONFLICT),
    errors_of_objects.Retained: Outcome(HTTPStatus.CONFLICT),
    errors_of_objects.NotEmpty: Outcome(HTTPStatus.CONFLICT),
    errors_of_objects.NoSuchCollection: Outcome(HTTPStatus.CONFLICT),
    errors_of_objects.InvalidProperty: Outcome(HTTPStatus.UNPROCESSABLE_ENTITY),  # RFC 9110, 15.5.21
    errors.SaveKept: Outcome(HTTPStatus.PRECONDITION_FAILED),
    errors.LockConflict: Outcome(HTTPStatus.LOCKED, "no-conflicting-lock"),
    # Not 423, after which programs name somebody who has locked it, and not 503, after which they ask again at once.
    errors.TooManyLocks: Outcome(HTTPStatus.FORBIDDEN),
    errors_of_versions.TooManyLabels: Outcome(HTTPStatus.FORBIDDEN),
    # Uploads that arrive in parts, TUS 1.0.0
    UnsupportedTusVersion: Outcome(HTTPStatus.PRECONDITION_FAILED, headers=(("Tus-Version", "1.0.0"),)),
    errors.NoSuchUpload: Outcome(HTTPStatus.NOT_FOUND),
    errors.OffsetMismatch: Outcome(HTTPStatus.CONFLICT),
    errors.ChecksumMismatch: Outcome(TusStatus.CHECKSUM_MISMATCH),
    # The store
    errors.QuotaExceeded: Outcome(HTTPStatus.INSUFFICIENT_STORAGE, "quota-not-exceeded"),  # RFC 4331, 6
    errors.Busy: Outcome(HTTPStatus.SERVICE_UNAVAILABLE, headers=(("Retry-After", "1"),)),
    errors.Corrupt: Outcome(HTTPStatus.INTERNAL_SERVER_ERROR),
    errors.StoreUnusable: Outcome(HTTPStatus.INTERNAL_SERVER_ERROR),
}


def nearest(table: Mapping[type[errors.DavgateError], T], error: errors.DavgateError) -> T | None:
    """Return what a table has for an error, by its class or the nearest one that it derives from; None if there is nothing."""
    return next((table[kind] for kind in type(error).__mro__ if kind in table), None)


def outcome_of(error: errors.DavgateError) -> Outcome:
    """Return how an error is answered; a class without a row is answered as the nearest one that it derives from."""
    outcome = nearest(TABLE, error)
    assert outcome is not None, "the class that all derive from has a row"
    return outcome
