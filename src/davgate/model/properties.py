"""Dead properties: values that clients keep on a node, as sent (RFC 4918, 4)."""

from __future__ import annotations

from typing import TypeAlias

from davgate.model.frozen import frozen

PropertyName: TypeAlias = tuple[str, str]
"""Namespace and local name; the namespace may be empty."""


@frozen
class PropertyUpdate:
    """One instruction of a PROPPATCH, in document order: set to a serialised XML element, or with ``xml`` None remove."""

    name: PropertyName
    xml: str | None
