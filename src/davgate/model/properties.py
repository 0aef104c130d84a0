"""Dead properties: values that clients keep on a node, as sent (RFC 4918, 4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

PropertyName: TypeAlias = tuple[str, str]
"""Namespace and local name; the namespace may be empty."""


@dataclass(frozen=True, slots=True)
class PropertyUpdate:
    """One instruction of a PROPPATCH, in document order: set to a serialised XML element, or with ``xml`` None remove."""

    name: PropertyName
    xml: str | None
