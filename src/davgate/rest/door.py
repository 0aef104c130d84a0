"""A dialect as it answers requests below its mount: sign-in first, then the route, then the handler."""

from __future__ import annotations

from contextlib import nullcontext
from functools import cached_property
from http import HTTPStatus

from davgate.core.audit import auditing
from davgate.http.cross_site import is_cross_site
from davgate.http.errors import UnknownMethod, cause_of
from davgate.http.login import Login
from davgate.http.rates import OpenUploads
from davgate.http.requests import Environ, Request, origin_of
from davgate.http.responses import Response
from davgate.http.targets import normal_path
from davgate.model.errors import DavgateError, Forbidden, NotFound
from davgate.model.principal import Principal
from davgate.rest import openapi
from davgate.rest.exchange import Exchange, Service
from davgate.rest.openapi import Document
from davgate.rest.operations import Dialect, Route
from davgate.rest.problems import Occasion
from davgate.rest.routing import Templates


class Door:
    """Answers requests below the mount of one dialect."""

    def __init__(self, dialect: Dialect, service: Service, login: Login, uploads: OpenUploads) -> None:
        self.dialect = dialect
        self.service = service
        self._login = login
        self._uploads = uploads
        self._route = dialect.router or Templates(dialect.operations)
        self._document_path = service.mount + "/openapi.json"

    @cached_property
    def document(self) -> Document:
        """The OpenAPI document, made when it is first asked for."""
        return openapi.document(self.dialect, self.service.mount)

    def answer(self, environ: Environ) -> Response:
        """Return the response to one request."""
        try:
            if normal_path(environ["REQUEST_URI"]) == self._document_path:
                # Before the sign-in: generators of clients have none, and it tells of the program alone.
                return self._answer_document(environ)
            response = self._answer_signed_in(environ)
        except DavgateError as error:
            return self.refuse(environ, error)
        response.headers.append(("X-Request-Id", environ["davgate.request_id"]))
        return response

    def refuse(self, environ: Environ, error: DavgateError) -> Response:
        """Return the response to a request that was refused, or that the server failed at."""
        occasion = Occasion(environ, origin_of(environ, self.service.public_url), self.service.store.clock.now())
        response = self.dialect.refused(occasion, error)
        response.reason = error.code
        if response.status == HTTPStatus.UNAUTHORIZED:
            self._login.challenge(environ, response, self.dialect.realm, bearer_first=self.dialect.bearer_first)
        response.headers.append(("X-Request-Id", environ["davgate.request_id"]))
        return response

    def _answer_document(self, environ: Environ) -> Response:
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            raise UnknownMethod(environ["REQUEST_METHOD"], "GET, HEAD")
        return self.document.answer(environ)

    def _answer_signed_in(self, environ: Environ) -> Response:
        try:
            request = Request(environ, self.service.mount, self.service.paths)
        except DavgateError as error:
            # Who has not signed in learns nothing, not even what is wrong with an address.
            self._login.confirmed_principal_of(environ, self.dialect.scopes)
            raise self.dialect.of_address(error) from None
        return self._login.run(request, lambda principal: self._answer_as(principal, request), self.dialect.scopes)

    def _answer_as(self, principal: Principal, request: Request) -> Response:
        if is_cross_site(request.environ, self.service.public_url):
            raise Forbidden("A page of another site has sent this. Use a program, or a page of this site.")
        if "//" in request.environ["REQUEST_URI"].partition("?")[0]:
            # On the drive it is what programs make of a folder's address and a name. Here it would be a second address.
            raise NotFound(request.target.path)
        route = self._route(self.dialect.method_of(request), request.target.path)
        is_upload = route.operation.streams and request.has_body
        if is_upload:
            request.refuse_part_or_coding()
        with self._uploads.one_more(principal.id) if is_upload else nullcontext():
            return self._handle(principal, request, route)

    def _handle(self, principal: Principal, request: Request, route: Route) -> Response:
        operation = route.operation
        ctx = request.context(principal, drive_mount=self.service.drive_mount)
        exchange = Exchange(self.service, request, ctx, operation, route.params)
        try:
            return operation.handler(exchange)
        except DavgateError as error:
            if not operation.reads:
                auditing.denied(
                    exchange.store, ctx, f"{self.dialect.name}-{operation.id}", exchange.audited_path, cause_of(error)
                )
            raise
