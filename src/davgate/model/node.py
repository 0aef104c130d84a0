"""What exists: collections, documents and their versions."""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType
from typing import Final

from davgate.model import etag
from davgate.model.frozen import frozen
from davgate.model.instant import Instant
from davgate.model.media_types import guess
from davgate.model.metadata import Metadata, no_metadata

ROOT_ID = 1
"""The inner id of the root collection in every store."""


class NodeKind(enum.Enum):
    """A node is a folder, a document, or an object that is none: no file, never on the drive, known to one door alone.

    It never turns from one into another.
    """

    COLLECTION = 1
    DOCUMENT = 2
    OBJECT = 3


class Cause(enum.Enum):
    """Why a version came to be; each dialect counts the causes it knows."""

    CREATED = "created"
    SAVE = "save"
    SESSION = "session"
    CHECK_IN = "check-in"
    REVERT = "revert"
    METADATA = "metadata"
    REVISION = "revision"
    REGISTRATION = "registration"


CONTENT_CAUSES: Final = frozenset({Cause.CREATED, Cause.SAVE, Cause.SESSION, Cause.CHECK_IN, Cause.REVERT})
"""Why a version is one of its content, and not of metadata alone: such versions have a numbering of their own."""


@frozen
class Content:
    """Stored bytes: their SHA-256, length and media type."""

    digest: bytes
    length_bytes: int
    media_type: str


NO_CONTENT: Final = Content(hashlib.sha256().digest(), 0, "")
"""What a version has that is of metadata alone."""


@frozen
class Stream:
    """A named content stream of a version, beside its primary one."""

    file_name: str
    content: Content


def no_streams() -> Mapping[str, Stream]:
    """Return no streams, as a default of a field."""
    return MappingProxyType({})


@frozen
class Node:
    """A collection or a document, with its current content.

    ``name`` is the drive name; None for the root, and for what has no content yet and so is not on the drive, see ``is_bare``.
    ``version_no`` is 0 until the first version.
    ``created_by`` is the id of the principal who made it. Where ``is_closed``, rights granted further up do not hold.
    """

    id: int
    uuid: str
    kind: NodeKind
    parent_id: int | None
    name: str | None
    created_at: Instant
    modified_at: Instant
    version_no: int
    content: Content | None
    created_by: int
    is_closed: bool = False

    @property
    def is_collection(self) -> bool:
        """Whether this is a collection and not a document."""
        return self.kind is NodeKind.COLLECTION

    @property
    def is_pending(self) -> bool:
        """A document on the drive whose content is yet to come: made by LOCK or an empty PUT, or emptied by one a moment ago."""
        return self.kind is NodeKind.DOCUMENT and self.content is None and self.name is not None

    @property
    def is_bare(self) -> bool:
        """A document that has metadata alone: a REST door made it, and the drive does not show it."""
        return self.kind is NodeKind.DOCUMENT and self.content is None and self.name is None and self.version_no > 0

    @property
    def is_unversioned(self) -> bool:
        """A program's scratch file, which exists for the drive alone."""
        return self.content is not None and self.version_no == 0

    @property
    def media_type(self) -> str:
        """The media type of the content; of a pending document the one its name suggests."""
        return self.content.media_type if self.content is not None else guess(self.name or "")

    @property
    def etag(self) -> str | None:
        """The strong validator of the content, quoted; collections have none."""
        if self.content is not None:
            return etag.of_content(self.content.digest)
        return etag.of_pending(self.uuid) if self.kind is NodeKind.DOCUMENT else None

    @property
    def metadata_etag(self) -> str:
        """The strong validator of what a REST door says of the node, quoted: new with each version, save and drive name."""
        return etag.of_metadata(self.uuid, self.version_no, self.modified_at, self.name)

    @property
    def former_etag(self) -> str | None:
        """The tag that a document without bytes had while it was pending: of the same bytes, so as good in a condition."""
        is_settled = self.content is not None and self.content.length_bytes == 0
        return etag.of_pending(self.uuid) if is_settled else None


@frozen
class Save:
    """Bytes that a version had while it was open, until a later save of the same edit session replaced them."""

    saved_at: Instant
    author: str
    content: Content


@frozen
class Version:
    """A state of a document.

    While the edit session that opened it goes on, its bytes may change: ``session`` is then the lock token, ``sealed_at`` the
    end of that lock, and ``saved_at`` when the present bytes arrived. A sealed version is never altered.

    One that is without content, ``has_content`` tells, has that of no bytes. ``content_no`` counts from 0 the versions that came
    with content; one of metadata alone has the number of the one before it. Where ``has_streams``, it has more by names.
    """

    document_id: int
    no: int
    cause: Cause
    opened_at: Instant
    author_id: int
    author: str
    comment: str
    file_name: str
    content: Content
    saved_at: Instant
    sealed_at: Instant
    session: str | None = None
    origin: str = ""
    metadata: Metadata = field(default_factory=no_metadata, hash=False)
    has_content: bool = True
    content_no: int | None = None
    has_streams: bool = False

    def is_open(self, now: Instant) -> bool:
        """Tell whether its edit session still goes on."""
        return self.session is not None and self.sealed_at > now

    @property
    def etag(self) -> str:
        """The strong validator of the content, quoted."""
        return etag.of_content(self.content.digest)
