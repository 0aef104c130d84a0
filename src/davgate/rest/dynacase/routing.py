"""What an address means before a handler is called: methods by another name, format extensions, and what is not offered."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from davgate.http.errors import NotAcceptable, UnknownMethod
from davgate.http.requests import Request
from davgate.http.responses import Response
from davgate.model.errors import NotFound
from davgate.model.paths import TreePath
from davgate.rest.dynacase.errors import NO_EXTENSION, NO_FORMAT, NO_METHOD, NO_OVERRIDE, NO_ROUTE, NOT_BUILT, Refused
from davgate.rest.exchange import Exchange
from davgate.rest.operations import JSON, Handler, Operation, Route
from davgate.rest.routing import Templates

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"})
_OVERRIDES: Final = frozenset({"PUT", "DELETE"})
_EXTENSION: Final = re.compile(r"(?P<name>.+)\.(?P<extension>[a-z]+)")
_EXTENSION_SAID: Final = "extension"
_NOT_BUILT: Final = (
    (re.compile(r"/history$"), frozenset({"POST", "PUT", "DELETE"})),
    (re.compile(r"/locks$"), frozenset({"POST", "PUT"})),
    (re.compile(r"/enumerates(/|$)"), frozenset({"POST", "PUT", "DELETE"})),
    (re.compile(r"^/temporaryFiles$"), frozenset({"DELETE"})),
    (re.compile(r"^/trash/\{id\}$"), frozenset({"DELETE"})),
)
"""Methods that the original answers as not built, by the templates of addresses."""


def method_of(request: Request) -> str:
    """Return the method that a request means: a form of HTML can send no other than POST, and says it in a header.

    Raises:
        Refused: the header names a method that is not had this way.
    """
    meant = request.header("X_HTTP_METHOD_OVERRIDE")
    if request.method != "POST" or meant is None:
        return request.method
    if meant.strip().upper() not in _OVERRIDES:
        raise Refused(NO_OVERRIDE)
    return meant.strip().upper()


def delivers_files(operation: Operation) -> bool:
    """Tell whether an operation is about content, whose name may end as it likes and which is no JSON."""
    return "/files/" in operation.template


def in_both_places(operations: Iterable[Operation]) -> tuple[Operation, ...]:
    """Return operations, those on documents below their family as well."""
    both: list[Operation] = []
    for operation in operations:
        both.append(operation)
        if operation.template.startswith("/documents/{id}"):
            template = "/families/{family}" + operation.template
            both.append(replace(operation, template=template, id=f"family-{operation.id}"))
    return tuple(both)


def negotiating(operation: Operation) -> Operation:
    """Return an operation that refuses a client which takes no JSON, unless the address itself asks for it."""
    if delivers_files(operation):
        return operation
    return replace(operation, handler=_negotiating(operation.handler))


def _negotiating(handler: Handler) -> Handler:
    def negotiate(exchange: Exchange) -> Response:
        if _EXTENSION_SAID not in exchange.params:
            try:
                exchange.choose(JSON)
            except NotAcceptable as error:
                raise Refused(NO_FORMAT) from error
        return handler(exchange)

    return negotiate


class Addresses:
    """The router: templates, with ``.json`` behind the last segment dropped."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._templates = Templates(operations)

    def __call__(self, method: str, path: TreePath) -> Route:
        """Return the operation of a method and an address.

        Raises:
            Refused: there is no such method, address or format, or the method is not built there.
            UnknownMethod: the address takes other methods.
        """
        if method not in _METHODS:
            raise Refused(NO_METHOD)
        bare, extension = _without_extension(path)
        there = self._resource(bare)
        if delivers_files(there):
            bare, extension = path, ""
            there = self._resource(bare)
        if extension not in ("", "json"):
            raise Refused(NO_EXTENSION)
        try:
            route = self._templates(method, bare)
        except UnknownMethod as error:
            if any(template.search(there.template) and method in methods for template, methods in _NOT_BUILT):
                raise Refused(NOT_BUILT) from error
            raise
        return Route(route.operation, {**route.params, _EXTENSION_SAID: extension}) if extension else route

    def _resource(self, path: TreePath) -> Operation:
        """Return what every address has: the operation that tells its methods."""
        try:
            return self._templates("OPTIONS", path).operation
        except NotFound as error:
            raise Refused(NO_ROUTE) from error


def _without_extension(path: TreePath) -> tuple[TreePath, str]:
    found = _EXTENSION.fullmatch(path[-1]) if path else None
    return (path, "") if found is None else ((*path[:-1], found["name"]), found["extension"])
