"""Content ready to be read, whatever it is that of: a document of today or of the past, a version, a file that waits."""

from __future__ import annotations

from typing import BinaryIO

from davgate.core.store import Store
from davgate.model.errors import Busy, Corrupt
from davgate.model.frozen import frozen
from davgate.model.instant import Instant
from davgate.model.node import Content
from davgate.storage.api import Session, blob_rows


@frozen
class Opened:
    """Content ready to be read. ``body`` holds it when it lies in the database or is empty; otherwise ``open`` gives a file.

    ``owes_note`` tells that the next read has to note what this one could not: that somebody reads a young file.
    """

    store: Store
    etag: str
    content: Content
    modified_at: Instant
    body: bytes | None
    is_modified: bool = True
    owes_note: bool = False

    def open(self) -> BinaryIO:
        """Open the content for reading.

        Raises:
            Corrupt, Busy: see ``open_file``.
        """
        return open_file(self.store, self.content)


def open_file(store: Store, content: Content) -> BinaryIO:
    """Open content that does not lie in the database.

    Raises:
        Corrupt: it is missing.
        Busy: it was removed for good since it was looked up, or the blob store cannot be reached.
    """
    try:
        return store.blobs.open(content.digest)
    except Corrupt:
        # Its row goes before its file. Whoever comes again finds neither document nor content.
        with store.database.read() as session:
            if blob_rows.is_there(session, content.digest):
                raise
        raise Busy("What is to be read was removed for good a moment ago. Look again whether it is there.") from None


def body_at_hand(session: Session, content: Content) -> bytes | None:
    """Return content that lies in the database or is empty, None when a file holds it."""
    return b"" if content.length_bytes == 0 else blob_rows.inline_body(session, content.digest)
