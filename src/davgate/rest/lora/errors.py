"""Errors as LoRA shows them: a sentence, and two bodies of their own, for an address and for a body that say nothing."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Final

import msgspec

from davgate.http.errors import InvalidValue, Status, nearest
from davgate.http.responses import Response, refusal, whole
from davgate.model import errors, errors_of_versions
from davgate.model.bitemporal.errors import InvalidObject
from davgate.model.errors import DavgateError
from davgate.model.errors_of_objects import Retained, UuidTaken
from davgate.rest import problems
from davgate.rest.lora.replies import JSON_UTF8
from davgate.rest.problems import Occasion


class EmptyBody(errors.Malformed):
    """A body is missing, or says nothing."""

    code = "empty-body"

    def __init__(self) -> None:
        super().__init__("The body says nothing. Send the object as JSON, or in the field json of a form.")


class UnsupportedArguments(errors.Malformed):
    """Parameters that the operation does not take."""

    code = "unsupported-arguments"

    def __init__(self, names: Iterable[str]) -> None:
        super().__init__(f"Unsupported argument(s): {', '.join(sorted(names))}")


class TooManyCriteria(errors.Malformed):
    """More is asked of objects at once than a search takes."""

    code = "too-many-criteria"

    def __init__(self, limit: int) -> None:
        super().__init__(f"A search has at most {limit} criteria. Ask with fewer.")


class NoSuchObject(errors.NotFound):
    """There is no object of this class with this uuid, or none for the caller."""

    code = "no-such-object"

    def __init__(self, service: str, class_name: str, uuid: str) -> None:
        DavgateError.__init__(self, f"No {class_name.capitalize()} with ID {uuid} found in service {service.capitalize()}")
        self.path = (service, class_name, uuid)


class ObjectDeleted(errors.NotFound):
    """The object is deleted; what it was before can be read with ``registreringstid``."""

    code = "object-deleted"

    def __init__(self, path: tuple[str, ...]) -> None:
        DavgateError.__init__(self, "This object has been deleted.")
        self.path = path


class Refusal(msgspec.Struct):
    """What is answered to a request that was refused: a sentence, and where it can be told what of the request it is about.

    For an address that there is not it is ``error`` and ``text``; to a body that says nothing ``uuid``, null.
    """

    message: str | msgspec.UnsetType = msgspec.UNSET
    context: str | msgspec.UnsetType = msgspec.UNSET
    error: int | msgspec.UnsetType = msgspec.UNSET
    text: str | msgspec.UnsetType = msgspec.UNSET
    uuid: None | msgspec.UnsetType = msgspec.UNSET


_NO_ADDRESS: Final = "There is no such address here. The site-map, at the root of this interface, tells those that there are."


_SENTENCES: Final[dict[type[DavgateError], str]] = {
    # Their own name a place on the drive, which says nothing here, and may be nobody's business.
    errors.Locked: "The object is locked. Wait for the lock to end, or submit its token.",
    errors_of_versions.CheckedOut: "The object is checked out by somebody else. Wait until it is checked in.",
    errors.Held: "The object is held and cannot be removed. Have an administrator release it first.",
}


def refused(_occasion: Occasion, error: DavgateError) -> Response:
    """Return the answer to a request that was refused."""
    status, body = _answer_to(error)
    return whole(status, JSON_UTF8, msgspec.json.encode(body), *refusal(error, ())[1])


def _answer_to(error: DavgateError) -> tuple[Status, Refusal]:
    match error:
        case EmptyBody():
            return HTTPStatus.BAD_REQUEST, Refusal(uuid=None)
        case ObjectDeleted():
            return HTTPStatus.GONE, Refusal(message=str(error))
        case NoSuchObject():
            return HTTPStatus.NOT_FOUND, Refusal(message=str(error))
        case errors.NotFound():
            return HTTPStatus.NOT_FOUND, Refusal(error=HTTPStatus.NOT_FOUND.value, text=_NO_ADDRESS)
        case Retained(until=until):
            return problems.status_of(error), Refusal(message=f"The object has to be kept as it is until {until}.")
        case UuidTaken():
            return HTTPStatus.BAD_REQUEST, Refusal(message=str(error))
        case InvalidObject(place=place) | InvalidValue(field=place) if place:
            return HTTPStatus.BAD_REQUEST, Refusal(message=str(error), context=place)
    return problems.status_of(error), Refusal(message=nearest(_SENTENCES, error) or str(error))
