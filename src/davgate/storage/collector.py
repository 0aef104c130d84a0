"""Removing content that nothing names any more.

There are no reference counts, which would drift. A blob goes when it is older than the grace time and no row names it: its row
first, inside a write transaction, so that no write can begin to name it meanwhile; then its file, only once its row is gone and
the file itself is old, since storing the same bytes again gives them a new, young file.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import groupby, islice

from sqlalchemy import Column, bindparam, delete, exists, not_, select

from davgate.model.instant import Instant, after
from davgate.storage.blobs import BlobStore
from davgate.storage.database import Database, Transaction
from davgate.storage.statements import Statement
from davgate.storage.tables import blob, save, version, version_stream

_BATCH = 200
"""Blobs removed in one transaction: other writers wait for it."""

NAMING: tuple[Column[bytes], ...] = (version.c.digest, version_stream.c.digest, save.c.digest)
"""Every column that names content. A table that gets one must be added here, or its content would be swept."""


def _unnamed() -> Iterator[object]:
    for column in NAMING:
        yield not_(exists().where(column == blob.c.digest))


_CANDIDATES = Statement(
    select(blob.c.digest).where(blob.c.stored_at < bindparam("before"), *_unnamed()).limit(_BATCH)  # type: ignore[arg-type]
)
_LENGTH = Statement(
    select(blob.c.length_bytes).where(blob.c.digest == bindparam("digest"), blob.c.stored_at < bindparam("before"))
)
_FORGET = Statement(delete(blob).where(blob.c.digest == bindparam("digest")))
_HAS_FILE = Statement(select(blob.c.digest).where(blob.c.digest == bindparam("digest"), blob.c.body.is_(None)))
_FILES = Statement(
    select(blob.c.digest).where(blob.c.body.is_(None), blob.c.digest >= bindparam("low"), blob.c.digest <= bindparam("high"))
)


def collect(database: Database, blobs: BlobStore, *, older_than: timedelta) -> int:
    """Remove rows, then files, that nothing names and that are older than a span; return how many rows and files went."""
    collected = 0
    while batch := _forget_rows(database, older_than):
        collected += batch
    return collected + _remove_files(database, blobs, older_than)


def _forget_rows(database: Database, older_than: timedelta) -> int:
    before = after(database.clock.now(), -older_than)
    with database.read() as session:
        if session.first(_CANDIDATES, before=before) is None:
            return 0
    with database.write() as tx:
        digests = [row[0] for row in tx.all(_CANDIDATES, before=before)]
        for digest in digests:
            row = tx.first(_LENGTH, digest=digest, before=before)
            if row is not None:
                tx.run(_FORGET, digest=digest)
                tx.stored_bytes -= row[0]
        tx.commit()
    return len(digests)


def _remove_files(database: Database, blobs: BlobStore, older_than: timedelta) -> int:
    before = after(database.clock.now(), -older_than)
    removed = 0
    orphans = _orphans(database, blobs, before)
    while batch := list(islice(orphans, _BATCH)):
        # Inside the write transaction no row can come to name the file between the look and the removal.
        with database.write() as tx:
            removed += sum(_remove_orphan(tx, blobs, digest, before) for digest in batch)
    return removed


def _orphans(database: Database, blobs: BlobStore, before: Instant) -> Iterator[bytes]:
    """Yield the old files that no row names: one statement for each of the 256 folders, however many files it has."""
    for first, stored in groupby(blobs.stored(), key=lambda one: one.digest[0]):
        old = [one.digest for one in stored if one.stored_at < before]
        if old:
            with database.read() as session:
                rows = session.all(_FILES, low=bytes([first]), high=bytes([first]) + b"\xff" * 32)
            named = {row[0] for row in rows}
            yield from (digest for digest in old if digest not in named)


def _remove_orphan(tx: Transaction, blobs: BlobStore, digest: bytes, before: Instant) -> bool:
    if tx.first(_HAS_FILE, digest=digest) is not None:
        return False
    return blobs.remove(digest, older_than=before)
