"""All of a store put into another one: into a folder that is its backup, and from there into a new store."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import islice
from typing import BinaryIO, Final

from davgate.core.store import Store
from davgate.model.errors import Busy, Corrupt
from davgate.model.frozen import frozen
from davgate.storage.api import blob_rows, collector, transfer

_BLOCK_BYTES: Final = 1 << 20
_AT_ONCE: Final = 8
_BATCH: Final = 256
_MOST_TRIES: Final = 5


@frozen
class Copied:
    """What a copy came to: the contents in files that it took over, their bytes, and those that are damaged and missing in it."""

    contents: int
    length_bytes: int
    damaged: tuple[bytes, ...]


def copy_store(
    source: Store, target: Store, *, is_replacing: bool = False, watch: Callable[[int], object] = lambda done: None
) -> Copied:
    """Let the target hold all that the source holds at one moment, while others go on to write there. Durable on return.

    The target must be a store that was never used, or with ``is_replacing`` one that holds an earlier state of the source; what
    it has already is not copied again, and what the source has no more is removed. Should anything fail, the target is as it was,
    but for contents that nothing names. ``watch`` is told how many contents have been looked at. What does not come along are
    uploads in parts that have not ended.

    Raises:
        StoreUnusable: the target is another store.
        Corrupt: rows of the source do not agree with each other.
        QuotaExceeded: there is no room.
        Busy: the contents of the source cannot be reached, or are erased faster than they can be copied.
    """
    contents = _Contents(source, target, watch)
    # Most of the time goes here, and nothing is held up by it: neither a snapshot of the source nor the target.
    with source.database.read() as session:
        contents.copy(blob_rows.in_files(session))
    for _ in range(_MOST_TRIES):
        damaged = _copy_rows(source, target, contents, is_replacing=is_replacing)
        if damaged is not None:
            if is_replacing:
                collector.remove_orphans(target.database, target.blobs, timedelta(0))
            return Copied(contents.copied, contents.length_bytes, damaged)
    raise Busy("Contents were erased while they were copied. Try again.")


def _copy_rows(source: Store, target: Store, contents: _Contents, *, is_replacing: bool) -> tuple[bytes, ...] | None:
    """Copy the rows, and what came since the contents were copied; return what is damaged, None if it has to be done again."""
    try:
        with source.database.survey() as session, target.database.write() as tx:
            transfer.check_target(session, tx, is_replacing=is_replacing)
            transfer.replace_rows(session, tx)
            unreadable = contents.copy(blob_rows.in_files(tx))
            with source.database.read() as now:
                if not all(blob_rows.is_there(now, digest) for digest in unreadable):
                    # Removed for good since the snapshot began. The next one does not name it.
                    return None
            tx.commit()
    except target.database.integrity_error as error:
        raise Corrupt(f"Rows of the store do not agree with each other ({error}). Run `davgate fsck`.") from error
    return tuple(unreadable)


class _Contents:
    """Copies contents that lie in files, and counts them."""

    def __init__(self, source: Store, target: Store, watch: Callable[[int], object]) -> None:
        self._source = source
        self._target = target
        self._watch = watch
        self.copied = 0
        self.length_bytes = 0

    def copy(self, digests: Iterable[bytes]) -> list[bytes]:
        """Copy those that the target does not have; return those that cannot be read or have other bytes."""
        unreadable: list[bytes] = []
        left = iter(digests)
        # Each file waits for the disk, several at once hardly longer than one.
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            while batch := list(islice(left, _BATCH)):
                for digest, length_bytes in zip(batch, pool.map(self._copy, batch), strict=True):
                    if length_bytes is None:
                        unreadable.append(digest)
                    elif length_bytes:
                        self.copied += 1
                        self.length_bytes += length_bytes
                self._watch(len(batch))
        return unreadable

    def _copy(self, digest: bytes) -> int | None:
        """Copy a content, and return how many bytes: 0 for one that is there already, None for one that is damaged."""
        if self._target.blobs.exists(digest):
            return 0
        try:
            with self._open(digest) as file, self._target.blobs.stage() as staging:
                while block := _read(file):
                    staging.write(memoryview(block))
                if staging.digest != digest:
                    return None
                return staging.finish().length_bytes
        except Corrupt:
            return None

    def _open(self, digest: bytes) -> BinaryIO:
        try:
            return self._source.blobs.open(digest)
        except Busy as error:
            # One that the disk cannot read any more must not keep all others from being copied.
            if self._source.blobs.is_there():
                raise Corrupt("It cannot be read.") from error
            raise


def _read(file: BinaryIO) -> bytes:
    try:
        return file.read(_BLOCK_BYTES)
    except OSError as error:
        raise Corrupt("It cannot be read.") from error
