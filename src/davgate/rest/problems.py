"""Errors as problem details (RFC 9457), for dialects that have no shape of their own."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

import msgspec

from davgate.http.errors import Status, outcome_of
from davgate.http.requests import Environ
from davgate.http.responses import Response, refusal, whole
from davgate.model import errors
from davgate.model.errors import DavgateError
from davgate.model.frozen import frozen
from davgate.model.instant import Instant

MEDIA_TYPE: Final = "application/problem+json"


@frozen
class Occasion:
    """The request that is refused, as far as an answer tells of it: ``origin`` is by which the client called, ``at`` when."""

    environ: Environ
    origin: str
    at: Instant

    @property
    def path(self) -> str:
        """The path as it was sent, without the query."""
        path: str = self.environ["REQUEST_URI"].partition("?")[0]
        return path


_CONFLICTS: Final = (errors.AlreadyExists, errors.NotADocument, errors.NotACollection)
"""On the drive these are 405, for a method fits some resources and not others (RFC 4918, 9.3.1). Here the address takes the
method, and what stands in the way is the state of things."""


class Problem(msgspec.Struct):
    """The members that every problem has (RFC 9457, 3.1), and ``code``, which is stable; a dialect adds others."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    instance: str


def status_of(error: DavgateError) -> Status:
    """Return the status with which an error is answered through REST."""
    return HTTPStatus.CONFLICT if isinstance(error, _CONFLICTS) else outcome_of(error).status


def nowhere(error: DavgateError) -> DavgateError:
    """Return what an address is refused with that has a name which is never given: there is nothing, and no id is written so."""
    return errors.NotFound(()) if isinstance(error, errors.InvalidName | errors.NameTooLong) else error


def refused(occasion: Occasion, error: DavgateError) -> Response:
    """Return the answer to a request that was refused."""
    return problem(occasion, error)


def problem(
    occasion: Occasion, error: DavgateError, *, status: Status | None = None, code: str | None = None, **members: Any
) -> Response:
    """Return the answer to a request that was refused; a dialect may choose status and code, and add members."""
    status = status or status_of(error)
    body = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "code": code or error.code,
        "detail": str(error),
        "instance": occasion.path,
        **members,
    }
    return whole(status, MEDIA_TYPE, msgspec.json.encode(body), *refusal(error, ())[1])
