"""What a dialect offers, as data: its operations, with what each takes and answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec

from davgate.http.login import REALM
from davgate.http.requests import Request
from davgate.http.responses import Response
from davgate.model.errors import DavgateError
from davgate.model.frozen import frozen
from davgate.model.paths import TreePath
from davgate.rest import problems
from davgate.rest.problems import Occasion

if TYPE_CHECKING:
    from davgate.rest.exchange import Exchange

Handler: TypeAlias = "Callable[[Exchange], Response]"

JSON: Final = "application/json"


@frozen
class Json:
    """A body in JSON of a type of msgspec.

    ``may_be_empty`` takes no body for ``{}``. ``any_media_type`` reads it whatever its Content-Type says; otherwise this is
    JSON's or missing. ``described`` is the type for the document, where the handler itself makes out what it gets.
    """

    kind: Any
    may_be_empty: bool = False
    any_media_type: bool = False
    described: Any = None


@frozen
class Raw:
    """A body that is content. ``media_type`` is what the document tells clients to send."""

    media_type: str = "application/octet-stream"


class _Bytes:
    """The type of a part of a form that is content."""


BYTES: Final = _Bytes


@frozen
class Multipart:
    """A form (RFC 7578): the types of its parts by their names, ``BYTES`` for content. ``optional`` parts may be missing.

    ``least_bytes`` is for the document: how many of content there have to be.
    """

    parts: Mapping[str, Any]
    optional: frozenset[str] = frozenset()
    least_bytes: int = 0


@frozen
class Urlencoded:
    """A form of texts alone, as in the query of an address; ``kind`` is the type of msgspec that has its fields."""

    kind: Any


@frozen
class AnyOf:
    """A body in one of several forms; its Content-Type says which. The handler reads it as what it is."""

    bodies: tuple[Json | Raw | Multipart | Urlencoded, ...]
    required: bool = True


Body: TypeAlias = Json | Raw | Multipart | Urlencoded | AnyOf


@frozen
class Answer:
    """What is answered with one status: the type of its body or ``BYTES``, None for no body, and headers that it always has.

    With ``or_content`` it may be content instead.
    """

    kind: Any = None
    media_type: str = JSON
    headers: tuple[str, ...] = ()
    description: str = ""
    or_content: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one address.

    ``template`` is the path below the mount, such as ``/documents/{id}/_lock``; the mount itself is ``/``. ``refusals`` are the
    statuses of errors beside those that every operation of the dialect may answer. ``headers`` are the request headers that the
    document names. What ``reads`` changes nothing: what it is denied is not audited, and HEAD is answered where GET is.
    """

    method: str
    template: str
    handler: Handler
    id: str
    summary: str
    reads: bool
    query: type[msgspec.Struct] | None = None
    body: Body | None = None
    answers: Mapping[int, Answer] = field(default_factory=dict)
    refusals: tuple[int, ...] = ()
    headers: tuple[str, ...] = ()

    @property
    def streams(self) -> bool:
        """Whether a body may come that takes its time."""
        bodies = self.body.bodies if isinstance(self.body, AnyOf) else (self.body,)
        return any(isinstance(one, Raw | Multipart) for one in bodies)


@frozen
class Route:
    """An operation that was found, with the variable parts of its path, decoded."""

    operation: Operation
    params: Mapping[str, Any]


def _own_method(request: Request) -> str:
    return request.method


def _as_it_is(error: DavgateError) -> DavgateError:
    return error


Router: TypeAlias = Callable[[str, TreePath], Route]
"""Finds the operation of a method and of the decoded segments below the mount, or raises NotFound or UnknownMethod."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One REST dialect.

    ``router`` takes the place of the templates where these cannot say what an address means; ``method_of`` tells the method that
    a request means, where a header may say another one. ``refused`` shapes the answer to an error, ``of_address`` tells which
    error it is that an address cannot be read, ``refusal`` and ``refusal_type`` say in the document what an answer looks like,
    ``refusals`` which statuses every operation may answer. ``parameters`` are the JSON Schemas of path parameters that are no
    mere text. ``realm`` is what a challenge names; with ``bearer_first`` Bearer is offered in any case, before Basic. ``scopes``
    of a token open this door and no other; what they allow is for the dialect to say.
    """

    name: str
    title: str
    description: str
    operations: tuple[Operation, ...]
    router: Router | None = None
    method_of: Callable[[Request], str] = _own_method
    refused: Callable[[Occasion, DavgateError], Response] = problems.refused
    of_address: Callable[[DavgateError], DavgateError] = _as_it_is
    refusal: Any = problems.Problem
    refusal_type: str = problems.MEDIA_TYPE
    refusals: tuple[int, ...] = (400, 401, 403, 404, 414, 429, 503)
    parameters: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    realm: str = REALM
    bearer_first: bool = False
    scopes: frozenset[str] = frozenset()
