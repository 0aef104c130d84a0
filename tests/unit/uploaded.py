"""Uploads in parts for tests: begun for the root collection, completed as a document in it."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from pathlib import Path

from tests.builders import CHEAP_PASSWORDS, PASSWORD, opened_store, path, sign_in
from tests.unit.racing import PATIENCE_SECONDS, Barrier, Outcomes, Site

from davgate.core import uploads
from davgate.core.access import look_up
from davgate.core.content import Written
from davgate.core.editing import write_content
from davgate.core.receiving import Body, add_staged, media_of
from davgate.core.store import Context, Store
from davgate.core.uploads import Appended, Check, Checksum, Complete
from davgate.model.errors import BodyIncomplete, NoSuchUpload, OffsetMismatch
from davgate.model.instant import Instant
from davgate.model.node import ROOT_ID, Cause
from davgate.storage.api import Session, Staged, Transaction, Upload

NAME = "/up.bin"
"""Where the document comes to be."""


class Cut(io.BytesIO):
    """A body whose connection breaks when its bytes have arrived."""

    def read(self, size: int | None = -1, /) -> bytes:
        block = super().read(size)
        if not block:
            raise BodyIncomplete("The client left.")
        return block


class Pieces:
    """A body that arrives in pieces of some bytes; before each something may happen."""

    def __init__(self, content: bytes, size: int, happens: Callable[[int], object] = lambda number: None) -> None:
        self._content = io.BytesIO(content)
        self._size = size
        self._happens = happens
        self.number = 0

    def read(self, size: int, /) -> bytes:
        self._happens(self.number)
        self.number += 1
        return self._content.read(min(size, self._size))


def begin(store: Store, ctx: Context, length_bytes: int, **said: str) -> str:
    """Begin an upload and return its id."""
    return uploads.begin(store, ctx, ROOT_ID, length_bytes, said).id


def found(store: Store, ctx: Context, upload_id: str) -> Upload:
    """Return an upload as its owner finds it."""
    return uploads.find(store, ctx, upload_id, ROOT_ID)


def allowed(session: Session, now: Instant) -> None:
    """Forbid nothing."""


def saved_at(store: Store, ctx: Context, where: str = NAME) -> Complete[Written]:
    """Return the completion that puts the whole where a path leads."""

    def complete(tx: Transaction, staged: Staged, upload: Upload) -> Written:
        at = look_up(tx, ctx, path(where), tx.now)
        add_staged(store, tx, staged)
        return write_content(store, tx, ctx, at, media_of(staged, None, at.path[-1]), Cause.SAVE)

    return complete


def append(
    store: Store,
    ctx: Context,
    upload_id: str,
    offset_bytes: int,
    body: Body | bytes,
    *,
    check: Check = allowed,
    complete: Complete[Written] | None = None,
    checksum: Checksum | None = None,
) -> Appended[Written]:
    """Send the next part of an upload."""
    body = io.BytesIO(body) if isinstance(body, bytes) else body
    complete = complete or saved_at(store, ctx)
    return uploads.append(store, ctx, upload_id, ROOT_ID, offset_bytes, body, check=check, complete=complete, checksum=checksum)


def file_of(folder: Path, upload_id: str) -> Path:
    """Return where the bytes of an upload lie in the folder of a test."""
    return folder / "blobs" / "uploads" / upload_id


Ranges = list[tuple[int, int, int]]
"""What was confirmed to one who took part: from, to, and the byte that all of it was."""


def take_part(store: Store, ctx: Context, upload_id: str, marker: int, length_bytes: int) -> tuple[Ranges, int]:
    """Append to an upload, with others who do the same, until it is gone; return what counted, and how often it did not.

    Nobody waits for anybody: each goes on at the offset that is told, also while another one's body is still arriving.
    """
    sizes = random.Random(marker)
    counted: Ranges = []
    refused = 0
    while True:
        try:
            offset = found(store, ctx, upload_id).offset_bytes
            if offset >= length_bytes:
                continue
            size = sizes.randint(1, 4000)
            body = Pieces(bytes([marker]) * size, 250)
            appended = append(store, ctx, upload_id, offset, body)
            counted.append((offset, appended.offset_bytes, marker))
        except OffsetMismatch:
            refused += 1
        except NoSuchUpload:
            return counted, refused


def run_taking_part(site: Site, upload_id: str, marker: int, length_bytes: int, barrier: Barrier, outcomes: Outcomes) -> None:
    """Take part in a process of its own, as Ann."""
    with opened_store(site.url, site.folder) as store:
        ctx = Context(sign_in(store, CHEAP_PASSWORDS, "ann", PASSWORD), editing=True)
        barrier.wait(PATIENCE_SECONDS)
        outcomes.put(take_part(store, ctx, upload_id, marker, length_bytes))
