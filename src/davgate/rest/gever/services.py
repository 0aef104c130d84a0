"""Which operation a path asks for: its segments up to the first ``@`` name an object, the others a service of it.

The template of an operation begins with ``/{path}`` for the object, whatever the number of its segments: ``/{path}/@lock``,
``/{path}/@history/{version}``. What comes after is a template like any other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from davgate.http.errors import UnknownMethod
from davgate.model.errors import NotFound
from davgate.model.paths import TreePath
from davgate.rest.operations import Operation, Route
from davgate.rest.routing import Templates

OBJECT: Final = "/{path}"
"""The part of a template that stands for the object."""
PLAIN_SERVICES: Final = frozenset({"download_file_version", "status"})
"""Services without an ``@``, which are asked for with GET alone; an object may have the same name."""


class Services:
    """Finds the operation of a method and an address; ``address`` in its parameters is the path of the object."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        # Templates answers HEAD where GET is, and OPTIONS everywhere.
        self._by_service = Templates(
            replace(operation, template=operation.template.removeprefix(OBJECT) or "/") for operation in operations
        )

    def __call__(self, method: str, path: TreePath) -> Route:
        """Return the operation; its parameters are those of its template, and ``address``.

        Raises:
            NotFound: there is no such service, or it has no such method: no client of this dialect expects a 405.
        """
        at = next((i for i, segment in enumerate(path) if segment.startswith("@")), len(path))
        if at == len(path) and path and path[-1] in PLAIN_SERVICES and method in ("GET", "HEAD"):
            at -= 1
        try:
            route = self._by_service(method, path[at:])
        except UnknownMethod as error:
            raise NotFound(path) from error
        return Route(route.operation, {**route.params, "address": path[:at]})
