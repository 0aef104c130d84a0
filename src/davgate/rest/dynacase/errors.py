"""Errors as Dynacase shows them: its envelope, and codes of its own table.

The same refusal of core has other codes in each service: a lock forbids a change by ``API0201`` and a deletion by ``API0216``. A
handler says so around its call of core::

    with answering({Forbidden: DELETE_DENIED, Locked: DELETE_DENIED}):
        deleting.delete(...)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from http import HTTPStatus
from typing import Final, TypeAlias

from davgate.http import errors as http_errors
from davgate.http.errors import nearest
from davgate.http.responses import Response, refusal
from davgate.model import errors, errors_of_sign_in
from davgate.model.errors import DavgateError
from davgate.model.errors_of_objects import InvalidProperty, Retained
from davgate.model.frozen import frozen
from davgate.rest import problems
from davgate.rest.dynacase import envelope
from davgate.rest.dynacase.envelope import AttributeMistake, Message
from davgate.rest.problems import Occasion


@frozen
class Refusal:
    """One row of the dialect's table: ``text`` is for people, ``detail`` for developers, ``uri`` where to go on."""

    status: HTTPStatus
    code: str
    text: str
    detail: str = ""
    data: AttributeMistake | None = None
    uri: str = ""


class Refused(http_errors.RefusedByDialect):
    """A refusal in the words of the dialect; where core refused, its error is the cause."""

    code = "dynacase-refused"

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.detail or refusal.text)
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
        raise Refused(row if row.detail else replace(row, detail=_detail(row.text, error))) from error


@contextmanager
def refusing_attributes(refusal: Refusal) -> Iterator[None]:
    """Turn what is wrong with a value into a refusal that tells of which attribute it is.

    Raises:
        Refused.
    """
    try:
        yield
    except InvalidProperty as error:
        mistake = AttributeMistake(error.name, -1 if error.index is None else error.index, error.why)
        raise Refused(replace(refusal, detail=f"{refusal.text}: {error}", data=mistake)) from error


_WHY: Final[Mapping[type[DavgateError], str]] = {
    errors.NotFound: "",
    errors.Locked: "it is locked",
    errors.LockConflict: "it is locked",
    errors.Held: "it has to be kept",
    Retained: "it has to be kept",
}
"""Why core refuses, where its own sentence names a place on the drive, which says nothing here and may be nobody's business."""


def _detail(text: str, error: DavgateError) -> str:
    known = nearest(_WHY, error)
    why = str(error) if known is None else known
    return f"{text}: {why}" if why else text


# Of the request itself
NO_ROUTE: Final = Refusal(HTTPStatus.NOT_FOUND, "API0004", "There is no such address")
NO_EXTENSION: Final = Refusal(HTTPStatus.BAD_REQUEST, "API0005", "This format is not available, only json")
NO_FORMAT: Final = Refusal(HTTPStatus.BAD_REQUEST, "API0006", "This format is not available, only application/json")
NO_METHOD: Final = Refusal(HTTPStatus.BAD_REQUEST, "API0007", "This method is not taken here")
NO_OVERRIDE: Final = Refusal(HTTPStatus.BAD_REQUEST, "API0008", "X-HTTP-Method-Override is PUT or DELETE")
NOT_BUILT: Final = Refusal(HTTPStatus.NOT_IMPLEMENTED, "API0103", "This cannot be done with this resource")
NOT_JSON: Final = Refusal(HTTPStatus.BAD_REQUEST, "API0208", "The body is not JSON")
NO_ATTRIBUTES: Final = Refusal(HTTPStatus.BAD_REQUEST, "API0209", "The body has no object document.attributes")
NO_VALUE: Final = Refusal(HTTPStatus.BAD_REQUEST, "API0210", "An attribute has no value")
NO_VALUE_IN_LIST: Final = Refusal(HTTPStatus.BAD_REQUEST, "API0217", "An attribute has a list with something that is no value")

# Of fields
NO_PROPERTY: Final = Refusal(HTTPStatus.BAD_REQUEST, "API0202", "There is no such property")
NO_FIELDS: Final = Refusal(HTTPStatus.BAD_REQUEST, "API0214", "The fields name nothing that there is")
NO_ATTRIBUTE: Final = Refusal(HTTPStatus.BAD_REQUEST, "API0218", "There is no such attribute")

# Of documents
IS_FAMILY: Final = Refusal(HTTPStatus.FORBIDDEN, "API0109", "A family cannot be changed, and has no revisions, history or locks")
NO_DOCUMENT: Final = Refusal(HTTPStatus.NOT_FOUND, "API0200", "Document not found")
VIEW_DENIED: Final = Refusal(HTTPStatus.FORBIDDEN, "API0201", "Access denied")
UPDATE_DENIED: Final = Refusal(HTTPStatus.FORBIDDEN, "API0201", "Update forbidden")
UPDATE_ATTRIBUTE: Final = Refusal(HTTPStatus.INTERNAL_SERVER_ERROR, "API0211", "An attribute cannot have this value")
UPDATE_STORE: Final = Refusal(HTTPStatus.INTERNAL_SERVER_ERROR, "API0212", "An attribute that is needed would have no value")
DELETE_FAILED: Final = Refusal(HTTPStatus.BAD_REQUEST, "API0215", "The deletion failed")
DELETE_DENIED: Final = Refusal(HTTPStatus.FORBIDDEN, "API0216", "Deletion forbidden")
IN_TRASH: Final = Refusal(HTTPStatus.NOT_FOUND, "API0219", "The document is in the trash")
OTHER_FAMILY: Final = Refusal(HTTPStatus.NOT_FOUND, "API0220", "The document is not of this family")

# Of families and new documents
NO_FAMILY: Final = Refusal(HTTPStatus.NOT_FOUND, "API0203", "Family not found")
CREATE_DENIED: Final = Refusal(HTTPStatus.FORBIDDEN, "API0204", "Creation forbidden")
CREATE_ATTRIBUTE: Final = Refusal(HTTPStatus.FORBIDDEN, "API0205", "An attribute cannot have this value")
CREATE_NO_FAMILY: Final = Refusal(HTTPStatus.NOT_FOUND, "API0206", "Family not found")

# Of lists
BAD_DIRECTION: Final = Refusal(HTTPStatus.BAD_REQUEST, "CRUD0501", "The direction of an order is asc or desc")
BAD_PAGE: Final = Refusal(HTTPStatus.BAD_REQUEST, "CRUD0502", "The slice is a number or all, the offset a number")
BAD_PAGE_OF_HISTORY: Final = replace(BAD_PAGE, text="The slice, the offset and the revision are numbers, -1 stands for all")
NO_FAMILY_ORDER: Final = Refusal(HTTPStatus.BAD_REQUEST, "CRUD0502", "There is no such field to order families by")
NO_ORDER: Final = Refusal(HTTPStatus.BAD_REQUEST, "CRUD0506", "There is no such field to order by")
TOO_LONG_ORDER: Final = Refusal(HTTPStatus.BAD_REQUEST, "CRUD0506", "There are too many fields to order by")
STRUCTURED_ORDER: Final = Refusal(HTTPStatus.BAD_REQUEST, "CRUD0507", "An attribute with a structure is nothing to order by")
HIDDEN_ORDER: Final = Refusal(HTTPStatus.BAD_REQUEST, "CRUD0508", "This attribute is nothing to order by")


_TABLE: Final[Answers] = {
    errors.Unauthenticated: Refusal(HTTPStatus.UNAUTHORIZED, "API0106", "Sign in"),
    errors_of_sign_in.InsufficientScope: Refusal(HTTPStatus.FORBIDDEN, "API0105", "The sign-in does not allow this"),
    errors.Forbidden: VIEW_DENIED,
    errors.Locked: UPDATE_DENIED,
    errors.NotFound: NO_ROUTE,
    errors.UnsupportedBody: Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "API0003", "Content type not supported"),
    errors.PreconditionFailed: Refusal(HTTPStatus.PRECONDITION_FAILED, "API0412", "The document was changed meanwhile"),
    http_errors.UnknownMethod: Refusal(HTTPStatus.METHOD_NOT_ALLOWED, "API0103", "This cannot be done with this resource"),
    http_errors.NotAcceptable: NO_FORMAT,
}
"""What is refused anywhere, where no handler says more."""


def refused(occasion: Occasion, error: DavgateError) -> Response:
    """Return the answer to a request that was refused."""
    row = _row_of(error)
    message = Message("error", row.text, code=row.code, uri=row.uri, data=row.data)
    body = envelope.Refusal(False, (message,), row.data, row.detail or row.text)
    headers = refusal(http_errors.cause_of(error) if isinstance(error, Refused) else error, ())[1]
    return envelope.written(occasion.environ, row.status, body, *headers)


def _row_of(error: DavgateError) -> Refusal:
    if isinstance(error, Refused):
        return error.refusal
    row = nearest(_TABLE, error)
    if row is not None:
        return replace(row, detail=_detail(row.text, error))
    # As 412 has a code made of its status, so have all for which the original has none.
    status = HTTPStatus(problems.status_of(error).value)
    code = "API0001" if status == HTTPStatus.INTERNAL_SERVER_ERROR else f"API0{status.value}"
    return Refusal(status, code, str(error), str(error))
