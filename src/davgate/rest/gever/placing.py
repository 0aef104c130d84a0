"""``@copy`` and ``@move`` on the container that takes the copies, or the objects themselves."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from davgate.core import moving_by_id
from davgate.core.store import Context
from davgate.http.responses import Response
from davgate.http.targets import parse_target
from davgate.model.errors import Locked, Malformed, NameTooLong, NotFound, SameResource
from davgate.model.errors_of_versions import CheckedOut
from davgate.model.node import Node
from davgate.model.paths import TreePath
from davgate.rest import answers
from davgate.rest.exchange import Exchange
from davgate.rest.gever import errors, kinds, shapes
from davgate.rest.gever.addresses import Found, find_at, find_by_uuid, find_container, url_of_placed
from davgate.rest.gever.bodies import described, fields_of
from davgate.rest.gever.errors import Refused, answering
from davgate.rest.gever.services import OBJECT
from davgate.rest.operations import Answer, Operation

_BESIDE: Final = "Copy of "
_MOST_SOURCES: Final = 1000
"""Each is looked up by itself."""
_INTO_ITSELF: Final = errors.bad_request("An object cannot be put into itself.")


def copy(exchange: Exchange) -> Response:
    """Copy objects into the container that the path names."""

    def place(sources: list[int], target: int) -> list[Node]:
        with answering({CheckedOut: errors.COPY_CHECKED_OUT, SameResource: _INTO_ITSELF}):
            return moving_by_id.copy_all_into(
                exchange.store, _without_conditions(exchange), sources, target, alias_of=kinds.alias_of, prefix_beside=_BESIDE
            )

    return _place(exchange, place)


def move(exchange: Exchange) -> Response:
    """Move objects into the container that the path names; nobody may have locked them, the caller neither."""

    def place(sources: list[int], target: int) -> list[Node]:
        with answering({CheckedOut: errors.COPY_CHECKED_OUT, Locked: errors.MOVE_LOCKED, SameResource: _INTO_ITSELF}):
            return moving_by_id.move_all_into(exchange.store, _without_conditions(exchange), sources, target)

    return _place(exchange, place)


def _without_conditions(exchange: Exchange) -> Context:
    # They are about the container, and core would hold them against each source.
    return exchange.ctx.without_conditions()


def _place(exchange: Exchange, place: Callable[[list[int], int], list[Node]]) -> Response:
    target = find_container(exchange)
    if target.is_trashed:
        raise Refused(errors.TRASHED)
    sources = _sources(exchange)
    placed = place([source.node_id for source in sources], target.node_id)
    pairs = zip(sources, placed, strict=True)
    return answers.json(
        HTTPStatus.OK, [{"source": source.url, "target": url_of_placed(exchange, node, target)} for source, node in pairs]
    )


def _sources(exchange: Exchange) -> list[Found]:
    """Return the objects that the body names, but for those that are not found."""
    given = fields_of(exchange).get("source")
    if not given:
        raise Refused(errors.NO_SOURCE)
    listed = given if isinstance(given, list) else [given]
    if len(listed) > _MOST_SOURCES:
        raise Refused(errors.bad_request(f"A request names at most {_MOST_SOURCES} sources."))
    if not all(isinstance(one, str) for one in listed):
        raise Refused(errors.bad_request("A source has to be an address or a UID."))
    found = {one.node_id: one for text in listed if (one := _source(exchange, text)) is not None}
    return list(found.values())


def _source(exchange: Exchange, text: str) -> Found | None:
    try:
        found = _find_source(exchange, text)
    except (NotFound, Malformed, NameTooLong):
        return None
    return None if found.is_trashed else found


def _find_source(exchange: Exchange, text: str) -> Found:
    """Return the object of a UID, of a path below the mount, or of a URL."""
    if len(text) == 32 and text.isalnum():
        try:
            return find_by_uuid(exchange, str(UUID(hex=text)))
        except ValueError:
            raise NotFound((text,)) from None
    mount = exchange.service.mount
    if text.startswith("/"):
        try:
            return find_at(exchange, _address(exchange, mount + text))
        except NotFound:
            return find_at(exchange, _address(exchange, text))
    try:
        return find_at(exchange, _address(exchange, urlsplit(text).path))
    except ValueError:
        raise NotFound((text,)) from None


def _address(exchange: Exchange, path: str) -> TreePath:
    # A request line has a character for each byte, a text in JSON one for each letter.
    raw = path.encode().decode("latin-1")
    return parse_target(raw, exchange.service.mount, exchange.service.paths).path


def _placing(service: str, handler: Callable[[Exchange], Response], summary: str) -> Operation:
    return Operation(
        method="POST",
        template=f"{OBJECT}/@{service}",
        handler=handler,
        id=service,
        summary=summary,
        reads=False,
        body=described(shapes.Sources),
        answers={200: Answer(list[shapes.Placed])},
        refusals=(409, 413, 423),
        headers=("Lock-Token",),
    )


OPERATIONS: Final = (
    _placing("copy", copy, "Copy objects into a container."),
    _placing("move", move, "Move objects into a container."),
)
