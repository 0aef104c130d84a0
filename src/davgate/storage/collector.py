"""Removing content that nothing names any more.

There are no reference counts, which would drift. A blob goes when it is older than the grace time and no row names it: its row
first, inside a write transaction, so that no write can begin to name it meanwhile; then its file, only once its row is gone and
the file itself is old, since storing the same bytes again gives them a new, young file. A file is out of everybody's reach before
its row is looked for the last time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import groupby, islice

from sqlalchemy import Column, bindparam, delete, exists, not_, select

from davgate.model.frozen import frozen
from davgate.model.instant import FOREVER, Instant, after
from davgate.storage.blobs import BlobStore
from davgate.storage.database import Database
from davgate.storage.object_tables import temporary_file
from davgate.storage.statements import Statement
from davgate.storage.tables import IS_UNVERSIONED, blob, check_out, node, rescue, save, version, version_stream, working_save
from davgate.storage.transactions import Session, Transaction

_BATCH = 200
"""Blobs removed in one transaction: other writers wait for it."""

NAMING: tuple[Column[bytes], ...] = (
    version.c.digest,
    version_stream.c.digest,
    save.c.digest,
    check_out.c.digest,
    working_save.c.digest,
    rescue.c.digest,
    temporary_file.c.digest,
    node.c.digest,
)
"""Every column that names content. A table that gets one must be added here, or its content would be swept."""


def _unnamed() -> Iterator[object]:
    for column in NAMING:
        # What a node with versions shows, its current version names too; only the others have an index to be found by.
        also = (IS_UNVERSIONED,) if column.table is node else ()
        yield not_(exists().where(column == blob.c.digest, *also))


_CANDIDATES = Statement(
    select(blob.c.digest, blob.c.length_bytes).where(blob.c.stored_at < bindparam("before"), *_unnamed()).limit(_BATCH)  # type: ignore[arg-type]
)
_UNNAMED = Statement(
    select(blob.c.length_bytes, blob.c.body.is_(None)).where(blob.c.digest == bindparam("digest"), *_unnamed())  # type: ignore[arg-type]
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
    return collected + remove_orphans(database, blobs, older_than)


def _forget_rows(database: Database, older_than: timedelta) -> int:
    before = after(database.clock.now(), -older_than)
    with database.read() as session:
        if session.first(_CANDIDATES, before=before) is None:
            return 0
    with database.write() as tx:
        going = tx.all(_CANDIDATES, before=before)
        tx.run_many(_FORGET, [{"digest": digest} for digest, _ in going])
        tx.stored_bytes -= sum(length for _, length in going)
        tx.commit()
    return len(going)


def remove_orphans(database: Database, blobs: BlobStore, older_than: timedelta) -> int:
    """Remove the files that no row names and that are older than a span; return how many went."""
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
    def has_no_row() -> bool:
        return tx.first(_HAS_FILE, digest=digest) is None

    # Asked again when the file is out of reach: on PostgreSQL a process that froze in between, or whose folder did not answer,
    # has lost its turn, and somebody may have stored the same bytes since.
    return has_no_row() and blobs.remove(digest, older_than=before, confirm=has_no_row)


@frozen
class Forgotten:
    """Contents that lost their rows: how many, their bytes, and the digests of those in files that are still to be removed."""

    contents: int
    length_bytes: int
    files: tuple[bytes, ...]


def unnamed(session: Session, digests: Iterable[bytes]) -> dict[bytes, tuple[int, bool]]:
    """Return those of the contents that nothing names, with their lengths and whether they lie in files."""
    found: dict[bytes, tuple[int, bool]] = {}
    for digest in digests:
        row = session.first(_UNNAMED, digest=digest)
        if row is not None:
            found[digest] = int(row[0]), bool(row[1])
    return found


def forget_unnamed(tx: Transaction, digests: Iterable[bytes]) -> Forgotten:
    """Remove the rows of those contents that nothing names any more, however young they are."""
    going = unnamed(tx, digests)
    for digest in going:
        tx.run(_FORGET, digest=digest)
    freed = sum(length for length, _ in going.values())
    tx.stored_bytes -= freed
    return Forgotten(len(going), freed, tuple(digest for digest, (_, has_file) in going.items() if has_file))


def remove_files(database: Database, blobs: BlobStore, digests: Sequence[bytes]) -> None:
    """Remove the files of contents that lost their rows, however young they are.

    An upload of the same bytes that has not reached its transaction yet finds there that its file is gone, and is sent again.
    A file that a crash leaves behind goes with the collector.
    """
    for start in range(0, len(digests), _BATCH):
        with database.write() as tx:
            for digest in digests[start : start + _BATCH]:
                _remove_orphan(tx, blobs, digest, FOREVER)
