"""From the path of a request to the object that it names, and from objects to their addresses.

An object's address is made of second names, ``dossier-3/document-7``; what has none there is called as on the drive, and what
cannot be called so by the digits of its UUID.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from davgate.core import deleted, describing
from davgate.core.describing import Described, Seen
from davgate.model.errors import NotFound, Unauthenticated
from davgate.model.frozen import frozen
from davgate.model.node import Node
from davgate.model.paths import TreePath
from davgate.rest.exchange import Exchange

DESCRIPTION_OF_THE_DOOR: Final = "openapi.json"
"""What is reserved in the root for the document that describes the dialect."""


@frozen
class Found:
    """An object that the caller may see, with its address; one that ``is_trashed`` is still shown where it was."""

    exchange: Exchange
    seen: Seen
    is_trashed: bool
    address: TreePath

    @property
    def it(self) -> Described:
        """What is said of it."""
        return self.seen.it

    @property
    def node_id(self) -> int:
        """Its inner id, by which core knows it."""
        return self.seen.it.node.id

    @property
    def is_document(self) -> bool:
        """Whether it is a document and not a container."""
        return not self.seen.it.node.is_collection

    @property
    def id(self) -> str:
        """The last segment of its address; empty for the root."""
        return self.address[-1] if self.address else ""

    @property
    def url(self) -> str:
        """Its absolute address."""
        return url_of(self.exchange, self.address)

    def service_url(self, *segments: str) -> str:
        """Return the absolute address of a service of it: ``service_url("@history", "3")``."""
        return url_of(self.exchange, (*self.address, *segments))


def find(exchange: Exchange) -> Found:
    """Return the object that the path names, whatever service of it is asked for. Conditions are not looked at.

    Raises:
        NotFound.
    """
    return find_at(exchange, exchange.params["address"])


def find_at(exchange: Exchange, address: TreePath) -> Found:
    """Return the object at an address.

    Raises:
        NotFound.
    """
    seen, is_trashed = deleted.describe_at(exchange.store, exchange.ctx.without_conditions(), address, with_above=True)
    return Found(exchange, seen, is_trashed, address_of(seen))


def find_by_id(exchange: Exchange, where: int) -> Found:
    """Return the object with an inner id.

    Raises:
        NotFound.
    """
    seen, is_trashed = deleted.describe(exchange.store, exchange.ctx.without_conditions(), where, with_above=True)
    return Found(exchange, seen, is_trashed, address_of(seen))


def find_by_uuid(exchange: Exchange, uuid: str) -> Found:
    """Return the object with a UUID; what was trashed has none here.

    Raises:
        NotFound.
    """
    seen = describing.describe(exchange.store, exchange.ctx.without_conditions(), uuid, with_above=True)
    return Found(exchange, seen, False, address_of(seen))


def find_placed(exchange: Exchange, node: Node) -> Found | None:
    """Return what a request has made or moved; None when its caller may add but not see, or when it is gone again.

    What was done is done: it is no error any more, not even when the caller's account was changed since.
    """
    try:
        return find_by_id(exchange, node.id)
    except (NotFound, Unauthenticated):
        return None


def url_of_placed(exchange: Exchange, node: Node, container: Found) -> str:
    """Return the address of what a request has put into a container: to whom may not see it, by its UID."""
    found = find_placed(exchange, node)
    return container.service_url(uid_of(node.uuid)) if found is None else found.url


def find_document(exchange: Exchange) -> Found:
    """Return the document that the path names.

    Raises:
        NotFound: there is nothing, or a container.
    """
    found = find(exchange)
    if not found.is_document:
        raise NotFound(found.seen.path)
    return found


def find_container(exchange: Exchange) -> Found:
    """Return the container that the path names.

    Raises:
        NotFound: there is nothing, or a document.
    """
    found = find(exchange)
    if found.is_document:
        raise NotFound(found.seen.path)
    return found


def address_of(seen: Seen) -> TreePath:
    """Return the address of an object.

    What is above it and hidden from the caller goes by its name on the drive, which the way to the object tells anyhow.
    """
    segments = [_as_segment(name) for name in seen.path]
    known = {one.node.id: one for one in (*seen.above, seen.it)}
    node_id: int | None = seen.it.node.id
    for depth in range(len(segments) - 1, -1, -1):
        one = known.get(node_id) if node_id is not None else None
        if one is None:
            break
        # The name on the drive of what was deleted is remembered in its path alone.
        is_named = one.said.alias is not None or one.node.name is not None
        segments[depth] = segment_of(one, in_root=depth == 0, deleted_as=None if is_named else segments[depth])
        node_id = one.node.parent_id
    return tuple(segments)


def segment_of(it: Described, *, in_root: bool, deleted_as: str | None = None) -> str:
    """Return how an object is called in the address of its container; ``deleted_as`` is its name where it has none any more."""
    segment = deleted_as or it.said.address_name
    return uid_of(it.node.uuid) if in_root and segment == DESCRIPTION_OF_THE_DOOR else segment


def uid_of(uuid: str) -> str:
    """Return a UUID as it is written here: 32 digits."""
    return uuid.replace("-", "")


def _as_segment(name: str) -> str:
    return uid_of(name[1:]) if name.startswith("=") and len(name) == 37 else name


def url_of(exchange: Exchange, address: Sequence[str]) -> str:
    """Return the absolute address of an object or service."""
    return exchange.origin + exchange.href(*address)
