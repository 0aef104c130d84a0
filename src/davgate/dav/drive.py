"""The drive as its methods see it: what they all need, and the answers that they share."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from davgate.core.content import Written
from davgate.core.store import Context, Store
from davgate.dav.multistatus import error_body
from davgate.dav.xml import CONTENT_TYPE, XmlLimits
from davgate.dav.xml import DEFAULT_LIMITS as DEFAULT_XML_LIMITS
from davgate.http.dates import http_date
from davgate.http.errors import outcome_of
from davgate.http.headers import parse_destination
from davgate.http.login import CHALLENGE
from davgate.http.requests import Request
from davgate.http.responses import Response, empty, refusal, whole
from davgate.http.targets import DEFAULT_LIMITS, quote_path
from davgate.model.errors import DavgateError, LockConflict, Locked, NotFound, ReadOnlyPlace, UnsupportedBody
from davgate.model.frozen import frozen
from davgate.model.names import PathLimits
from davgate.model.paths import TreePath
from davgate.model.places import InTree, Place, parse_place

COMPLIANCE: Final = ("DAV", "1, 2, 3, version-control, checkout-in-place, label")
AUTHOR_VIA: Final = ("MS-Author-Via", "DAV")
"""Without it Office opens documents read-only."""


@frozen
class Drive:
    """The store behind a mount, and what the configuration says about the drive."""

    store: Store
    mount: str = "/dav"
    limits: PathLimits = DEFAULT_LIMITS
    xml_limits: XmlLimits = DEFAULT_XML_LIMITS
    lists_versions_folder: bool = False

    def href(self, path: TreePath, *, collection: bool) -> str:
        """Return the address of a place."""
        return quote_path(path, self.mount, collection=collection)


@frozen
class Exchange:
    """One request to the drive, by whom, and the place that it names."""

    drive: Drive
    request: Request
    ctx: Context
    place: Place

    @property
    def store(self) -> Store:
        """The store behind the drive."""
        return self.drive.store

    @property
    def path(self) -> TreePath:
        """The path in today's tree.

        Raises:
            ReadOnlyPlace: the place is in a folder that shows the past.
        """
        if not isinstance(self.place, InTree):
            raise ReadOnlyPlace(self.request.target.path)
        return self.place.path

    def xml_body(self) -> bytes:
        """Return the whole body of a method that takes XML.

        Raises:
            TooLarge, BodyIncomplete: see ``Request.small_body``.
        """
        return self.request.small_body(self.drive.xml_limits.body_bytes)

    def refuse_body(self, instead: str = "Send none.") -> None:
        """Refuse a body where none means anything: who sent it expects more than is done without it.

        Raises:
            UnsupportedBody: there is one.
            BodyIncomplete: see ``Request.brings_body``.

        Source: RFC 4918, 8.4.
        """
        if self.request.brings_body():
            raise UnsupportedBody(f"{self.request.method} takes no body here. {instead}")

    def destination(self) -> TreePath:
        """Return where a COPY or MOVE goes.

        Raises:
            Malformed, OtherServer, InvalidName, NameTooLong: see ``http.headers.parse_destination``.
            ReadOnlyPlace: it goes into a folder that shows the past.
        """
        request = self.request
        target = parse_destination(
            request.header("DESTINATION"), authority=request.authority, mount=self.drive.mount, limits=self.drive.limits
        )
        if not isinstance(parse_place(target.path), InTree):
            raise ReadOnlyPlace(target.path)
        return target.path


def place_of(path: TreePath) -> Place:
    """Return what a path on the drive means.

    Raises:
        NotFound: nothing can be there.
    """
    place = parse_place(path)
    if place is None:
        raise NotFound(path)
    return place


def written(outcome: Written) -> Response:
    """Return the answer to a write: 201 for a new name, 204 otherwise, with the validators of a document."""
    status = HTTPStatus.CREATED if outcome.is_created else HTTPStatus.NO_CONTENT
    node = outcome.node
    if node.etag is None:
        return empty(status)
    return empty(status, ("ETag", node.etag), ("Last-Modified", http_date(node.modified_at)))


def refused(drive: Drive, request_path: TreePath, error: DavgateError) -> Response:
    """Return the answer to a request that core or the parsing of its headers refused (RFC 4918, 14.5 and 16)."""
    status, headers = refusal(error, CHALLENGE)
    hrefs: list[str] = []
    if isinstance(error, Locked | LockConflict):
        # A lock root above the request is a collection; of the others the kind is not known here, and clients compare
        # addresses without the final slash.
        hrefs = [
            drive.href(root, collection=len(root) < len(request_path) and request_path[: len(root)] == root)
            for root in error.roots
        ]
    body = error_body(outcome_of(error).precondition, hrefs, str(error), error.code)
    response = whole(status, CONTENT_TYPE, body, *headers)
    response.reason = error.code
    return response
