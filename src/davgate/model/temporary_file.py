"""A file that arrived before the document that it is for."""

from __future__ import annotations

from davgate.model.frozen import frozen
from davgate.model.instant import Instant
from davgate.model.node import Content


@frozen
class TemporaryFile:
    """A file that its sender alone may use, until it expires."""

    id: int
    principal_id: int
    name: str
    content: Content
    made_at: Instant
    expires_at: Instant
