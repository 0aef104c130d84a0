"""Routes by path templates: falcon's compiled router over the operations of a dialect."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

from falcon.routing import CompiledRouter

from davgate.http.errors import UnknownMethod
from davgate.http.responses import Response, empty
from davgate.model.errors import NotFound
from davgate.model.paths import TreePath
from davgate.rest.operations import Operation, Route

if TYPE_CHECKING:
    from davgate.rest.exchange import Exchange


@dataclass(slots=True)
class _Resource:
    """What one template takes, by method. HEAD is there where GET is, OPTIONS everywhere."""

    operations: dict[str, Operation] = field(default_factory=dict)

    @property
    def allow(self) -> str:
        """The value of the header Allow."""
        return ", ".join(self.operations)

    def options(self, _exchange: Exchange) -> Response:
        """Tell the methods that there are (RFC 9110, 9.3.7)."""
        return empty(HTTPStatus.NO_CONTENT, ("Allow", self.allow))


class Templates:
    """A router by the templates of the operations. What stands literally in a template wins over what is variable."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._router = CompiledRouter()
        resources: dict[str, _Resource] = {}
        for operation in operations:
            known = resources.setdefault(operation.template, _Resource()).operations
            if operation.method in known:
                raise ValueError(f"{operation.method} {operation.template} is there twice")
            known[operation.method] = operation
        for template, resource in resources.items():
            known = resource.operations
            if "GET" in known:
                known.setdefault("HEAD", known["GET"])
            known.setdefault("OPTIONS", _options(template, resource))
            self._router.add_route(template, resource)

    def __call__(self, method: str, path: TreePath) -> Route:
        """Return the operation of a method and an address.

        Raises:
            NotFound: no template fits the address.
            UnknownMethod: the address takes other methods.
        """
        found = self._router.find("/" + "/".join(path))
        if found is None:
            raise NotFound(path)
        resource = found[0]
        assert isinstance(resource, _Resource)
        operation = resource.operations.get(method)
        if operation is None:
            raise UnknownMethod(method, resource.allow)
        return Route(operation, found[2])


def _options(template: str, resource: _Resource) -> Operation:
    return Operation(
        method="OPTIONS", template=template, handler=resource.options, id="options", summary="Tell the methods.", reads=True
    )
