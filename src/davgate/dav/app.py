"""The drive as a WSGI application: WsgiDAV's shell, with methods of our own.

WsgiDAV gives the application object, its configuration and the provider and resource classes that other parts of its world work
with. Its method handlers, lock and property managers and error printer are not used here: each reads one resource at a time,
and decides outside the transaction that writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from typing import Final

from wsgidav.wsgidav_app import WsgiDAVApp

from davgate.core.audit import auditing
from davgate.core.repeating import Repeating, Words
from davgate.dav import deltav, locking, reading, reports, writing
from davgate.dav.addresses import by_path
from davgate.dav.drive import AUTHOR_VIA, COMPLIANCE, Drive, Exchange, place_of, refused
from davgate.dav.page import SAFETY, error_page
from davgate.dav.stock.provider import DriveProvider
from davgate.http import negotiation
from davgate.http.errors import NotAcceptable, UnknownMethod
from davgate.http.login import Login
from davgate.http.rates import OpenUploads
from davgate.http.requests import Environ, Request
from davgate.http.responses import HTML, Response, StartResponse, empty, refusal
from davgate.model.errors import DavgateError, NotFound
from davgate.model.paths import TreePath
from davgate.model.places import InTree
from davgate.model.principal import Principal

Method = Callable[[Exchange], Response]

METHODS: Final[Mapping[str, Method]] = {
    "GET": reading.get,
    "HEAD": reading.get,
    "PROPFIND": reading.propfind,
    "PUT": writing.put,
    "DELETE": writing.delete,
    "MKCOL": writing.make_collection,
    "COPY": writing.copy,
    "MOVE": writing.move,
    "PROPPATCH": writing.patch_properties,
    "LOCK": locking.lock,
    "UNLOCK": locking.unlock,
    "REPORT": reports.report,
    "VERSION-CONTROL": deltav.version_control,
    "CHECKOUT": deltav.check_out,
    "CHECKIN": deltav.check_in,
    "UNCHECKOUT": deltav.uncheck_out,
    "LABEL": deltav.label,
}
"""Every method of the drive beside OPTIONS, which tells them."""

READING: Final = frozenset({"GET", "HEAD", "PROPFIND", "REPORT"})
"""The methods that change nothing: what they are denied is not audited."""

_QUESTION_BYTES: Final = 4096
_ANSWER_BYTES: Final = 64 * 1024
"""Largest of what is remembered of such a request and of its answer. A listing of a hundred documents is one."""
_ENTRY_BYTES: Final = 1024
"""What an answer takes beside its body, nearly."""

ALLOW: Final = ("Allow", ", ".join(["OPTIONS", *METHODS]))


class DriveApp(WsgiDAVApp):  # type: ignore[misc]  # WsgiDAV has no types
    """Answers requests below the drive's mount."""

    def __init__(self, drive: Drive, login: Login, uploads: OpenUploads) -> None:
        super().__init__(
            {
                "provider_mapping": {drive.mount: DriveProvider(drive)},
                "middleware_stack": [],
                "lock_storage": None,
                "property_manager": None,
                "logging": {"enable": False},
            }
        )
        self.drive = drive
        self._login = login
        self._uploads = uploads
        self._repeating = Repeating[Response](drive.store, _size_of_lasting)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        return self.answer(environ).start(start_response)

    def answer(self, environ: Environ) -> Response:
        """Return the response to one request."""
        path: TreePath = ()
        try:
            request = Request(environ, self.drive.mount, self.drive.limits)
            path = request.target.path
            if request.method == "OPTIONS":
                return options()
            method = METHODS.get(request.method)
            if method is None:
                raise UnknownMethod(request.method, ALLOW[1])
            return self._login.run(request, lambda principal: self._attempt(principal, method, request))
        except DavgateError as error:
            response = self.refuse(environ, error, path)
            if response.status == HTTPStatus.METHOD_NOT_ALLOWED and not isinstance(error, UnknownMethod):
                response.headers.append(_allow_beside(environ["REQUEST_METHOD"]))
            return response

    def answer_beside(self, environ: Environ, page: Callable[[DriveApp, Environ], Response]) -> Response:
        """Return the response to a request about an address that is not in the tree; its errors look like those of the drive."""
        try:
            return page(self, environ)
        except DavgateError as error:
            return self.refuse(environ, error)

    def refuse(self, environ: Environ, error: DavgateError, path: TreePath = ()) -> Response:
        """Return the response to a request that was refused, or that the server failed at."""
        return self._shown(environ, error) or refused(self.drive, path, error)

    def _shown(self, environ: Environ, error: DavgateError) -> Response | None:
        """Return the page of an error for a browser; none for programs, and where a browser is to ask for the password."""
        status, headers = refusal(error, ())
        if status < HTTPStatus.BAD_REQUEST or status == HTTPStatus.UNAUTHORIZED or not _prefers_page(environ):
            return None
        page = error_page(self.drive.mount, HTTPStatus(status), str(error))
        length = ("Content-Length", str(len(page)))
        return Response(status, [("Content-Type", HTML), length, *SAFETY, ("Vary", "Accept"), *headers], (page,), error.code)

    def require_sign_in(self, environ: Environ) -> Principal:
        """Return who makes a request that is not about the tree.

        Raises:
            Unauthenticated: nobody signed in.
        """
        return self._login.confirmed_principal_of(environ)

    def _attempt(self, principal: Principal, method: Method, request: Request) -> Response:
        if (words := self._words_of(request)) is not None:
            return self._repeated(words, principal, partial(self._attempt_as, principal, method, request))
        if request.method != "PUT":
            return self._attempt_as(principal, method, request)
        with self._uploads.one_more(principal.id):
            return self._attempt_as(principal, method, request)

    def _repeated(self, words: Words, principal: Principal, find: Callable[[], Response]) -> Response:
        response, is_remembered = self._repeating.answer(words, principal, find)
        if is_remembered:
            response.asked_by = partial(self._repeating.asked_by, words, response)
        return response

    def _words_of(self, request: Request) -> Words | None:
        """Return all that a client has said; None where that is more than a look at something takes, or is not known."""
        words: bytes = request.environ.get("davgate.words", b"")
        if not words:
            return None
        if not request.has_body:
            body = b""
        elif request.method == "PROPFIND" and request.is_small(_QUESTION_BYTES):
            body = request.small_body(self.drive.xml_limits.body_bytes)
        else:
            return None
        return words, body

    def _attempt_as(self, principal: Principal, method: Method, request: Request) -> Response:
        exchange = Exchange(self.drive, request, request.context(principal, editing=True), place_of(request.target.path))
        try:
            return self._run(method, exchange)
        except DavgateError as error:
            if request.method not in READING:
                auditing.denied(self.drive.store, exchange.ctx, request.method.lower(), request.target.path, error)
            raise

    def _run(self, method: Method, exchange: Exchange) -> Response:
        try:
            return self._run_at_its_place(method, exchange)
        except NotFound as error:
            # Of the past one is told by the address in it: today something may well be where it was. What says more stays.
            if type(error) is not NotFound or isinstance(exchange.place, InTree):
                raise
            raise NotFound(exchange.request.target.path) from None

    def _run_at_its_place(self, method: Method, exchange: Exchange) -> Response:
        place = by_path(exchange, exchange.place)
        if place is not exchange.place:
            exchange = replace(exchange, place=place)
        if not deltav.is_selecting(exchange):
            return method(exchange)
        response = method(replace(exchange, place=deltav.selected(exchange)))
        response.headers.append(("Vary", "Label"))
        return response


def _prefers_page(environ: Environ) -> bool:
    """Tell whether a client that reads likes a page better than XML, as browsers say and programs do not."""
    accept = environ.get("HTTP_ACCEPT", "")
    if environ["REQUEST_METHOD"] not in ("GET", "HEAD") or "text/html" not in accept.lower():
        return False
    try:
        return negotiation.choose(accept, ("application/xml", "text/html")) == "text/html"
    except NotAcceptable:
        return False


def _allow_beside(refused_method: str) -> tuple[str, str]:
    """Return the Allow header for a resource that does not take a method which others take (RFC 9110, 15.5.6)."""
    return "Allow", ", ".join(method for method in ("OPTIONS", *METHODS) if method != refused_method)


def _size_of_lasting(response: Response) -> int | None:
    if not response.lasts or not isinstance(response.body, tuple):
        return None
    size_bytes = sum(map(len, response.body))
    return _ENTRY_BYTES + size_bytes if size_bytes <= _ANSWER_BYTES else None


def options() -> Response:
    """Tell what the drive can do, whoever asks: clients probe before they sign in (RFC 4918, 10.1)."""
    return empty(HTTPStatus.OK, COMPLIANCE, ALLOW, AUTHOR_VIA, ("Accept-Ranges", "bytes"))
