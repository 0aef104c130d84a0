"""Dead properties: values that clients keep on a node, as sent (RFC 4918, 4)."""

from __future__ import annotations

from typing import Final, TypeAlias

from davgate.model.frozen import frozen

PropertyName: TypeAlias = tuple[str, str]
"""Namespace and local name; the namespace may be empty."""

MOST_CHARACTERS: Final = 64 * 1024
"""Of all that one node has, with their names: a listing reads those of all members, whoever it is that lists."""


@frozen
class PropertyUpdate:
    """One instruction of a PROPPATCH, in document order: set to a serialised XML element, or with ``xml`` None remove."""

    name: PropertyName
    xml: str | None
