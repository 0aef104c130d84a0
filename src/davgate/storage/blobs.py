"""Content by SHA-256: stage, publish, open, sweep.

Small content stays in memory and goes into the row of ``blob``, with no file and no flush of its own: for 4 KiB three times as
fast. Anything larger is written to the staging folder while it arrives and gets its final name, durable, before a row names it.
Blobs are immutable. The collector removes those that no row names any more, after a grace time (``core.upkeep``).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, NamedTuple, Protocol, Self

from davgate.model.errors import Corrupt
from davgate.model.instant import Clock, Instant
from davgate.storage import durable
from davgate.storage.parts import DiskParts, Parts


class Staging(Protocol):
    """Bytes that arrive and are nobody's content yet. Leaving it drops whatever was not published."""

    length_bytes: int

    @property
    def digest(self) -> bytes:
        """The SHA-256 of what has arrived so far."""

    def write(self, block: memoryview) -> None:
        """Append a block; the digest grows with it.

        Raises:
            QuotaExceeded: the disk is full.
        """

    def finish(self) -> Staged:
        """Return what arrived. Large content is durable under its digest from here on."""

    def __enter__(self) -> Self: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...


class Staged:
    """Complete content: with ``body`` it still has to go into its row, without it lies in the blob store."""

    __slots__ = ("body", "digest", "length_bytes")

    def __init__(self, digest: bytes, length_bytes: int, body: bytes | None) -> None:
        self.digest = digest
        self.length_bytes = length_bytes
        self.body = body


class StoredBlob(NamedTuple):
    """Content in the blob store, with its age mark."""

    digest: bytes
    length_bytes: int
    stored_at: Instant


class BlobStore(Protocol):
    """Where large content lies; ``parts`` is where uploads lie that arrive in parts."""

    @property
    def parts(self) -> Parts:
        """The bytes of unfinished uploads."""

    def prepare(self) -> None:
        """Make what the store needs before its first use; doing it again changes nothing."""

    def is_there(self) -> bool:
        """Tell whether it was prepared, and can be reached."""

    def stage(self) -> Staging:
        """Begin to receive content."""

    def adopt(self, upload_id: str, length_bytes: int) -> Staged:
        """Return all that has arrived of an upload, durable, as content; the upload keeps its bytes until they are dropped.

        Raises:
            NoSuchUpload: the upload has ended meanwhile, and its bytes are gone.
            QuotaExceeded: the disk is full.
        """

    def open(self, digest: bytes) -> BinaryIO:
        """Open content for reading; a real file where the store has one.

        Raises:
            Corrupt: it is missing.
            Busy: the store cannot be reached.
        """

    def exists(self, digest: bytes) -> bool:
        """Tell whether the content is there."""

    def stored(self) -> Iterator[StoredBlob]:
        """Yield what is there, in the order of the digests."""

    def remove(self, digest: bytes, *, older_than: Instant, confirm: Callable[[], bool]) -> bool:
        """Remove content that is old and, as ``confirm`` tells when nobody finds it any more, has no row; tell whether it went.

        Where ``confirm`` denies it or raises, the content is there again.
        """

    def unfinished(self) -> int:
        """Return how many uploads have a file and have not ended: those under way, and what a crash left behind."""

    def free_bytes(self) -> int:
        """Return how much can be written, 0 where nothing can."""

    def sweep_staging(self, older_than: Instant) -> int:
        """Drop what uploads that never ended left behind; return how many."""


_FOLDER = re.compile(r"[0-9a-f]{2}")
_FILE = re.compile(r"[0-9a-f]{62}")


class DiskBlobs:
    """A folder of files named by digest: ``ab/cdef...``, with ``staging/`` and ``uploads/`` beside them in one file system."""

    def __init__(self, folder: Path, clock: Clock, *, inline_limit_bytes: int) -> None:
        self._folder = folder
        self._clock = clock
        self._staging = folder / "staging"
        self._inline_limit_bytes = inline_limit_bytes
        self.parts = DiskParts(folder / "uploads", self._staging)

    def prepare(self) -> None:
        """Make the folders."""
        durable.make_folder(self._staging)
        self.parts.prepare()

    def is_there(self) -> bool:
        """Tell whether the folder was prepared: an empty one may be where another file system has to be mounted."""
        return self._staging.is_dir()

    def stage(self) -> DiskStaging:
        """Begin to receive content, in memory at first."""
        return DiskStaging(self, self._staging, self._inline_limit_bytes)

    def adopt(self, upload_id: str, length_bytes: int) -> Staged:
        """Return all that has arrived of an upload: small content with its bytes, large content under its digest too.

        Raises:
            NoSuchUpload: the upload has ended meanwhile, and its bytes are gone.
            QuotaExceeded: the disk is full.
            Busy: the folder is not there, or cannot be written.
        """
        digest = self.parts.digest(upload_id, length_bytes)
        if length_bytes <= self._inline_limit_bytes:
            return Staged(digest, length_bytes, self.parts.read(upload_id, length_bytes))
        self.parts.publish(upload_id, self.path_of(digest), self._clock.now())
        return Staged(digest, length_bytes, None)

    def publish(self, temporary: Path, descriptor: int, digest: bytes) -> None:
        """Let a written file be content, durable."""
        durable.publish(temporary, descriptor, self.path_of(digest), self._clock.now())

    def path_of(self, digest: bytes) -> Path:
        """Return where content lies."""
        name = digest.hex()
        return self._folder / name[:2] / name[2:]

    def open(self, digest: bytes) -> BinaryIO:
        """Open the file of some content for reading, unbuffered.

        Raises:
            Corrupt: it is missing.
            Busy: the whole folder is, as after a mount that was lost, or cannot be read.
        """
        try:
            return open(self.path_of(digest), "rb", buffering=0)
        except FileNotFoundError as error:
            if not self.is_there():
                raise durable.unreadable(error) from error
            raise Corrupt(f"The content {digest.hex()} is missing. Run `davgate fsck` and restore a backup.") from None
        except OSError as error:
            raise durable.unreadable(error) from error

    def exists(self, digest: bytes) -> bool:
        """Tell whether there is a file for the content."""
        return self.path_of(digest).exists()

    def stored(self) -> Iterator[StoredBlob]:
        """Yield what is there, in the order of the digests; the age mark is the time when it became content."""
        for folder in sorted(filter(_FOLDER.fullmatch, os.listdir(self._folder))):
            for name in sorted(filter(_FILE.fullmatch, os.listdir(self._folder / folder))):
                # Another process may have collected it since the folder was read.
                with contextlib.suppress(FileNotFoundError):
                    found = os.stat(self._folder / folder / name)
                    yield StoredBlob(bytes.fromhex(folder + name), found.st_size, Instant(found.st_mtime_ns // 1000))

    def remove(self, digest: bytes, *, older_than: Instant, confirm: Callable[[], bool]) -> bool:
        """Remove the file of some content when it is old and ``confirm`` says so; tell whether it was there and went."""
        path = self.path_of(digest)
        now = self._clock.now()
        try:
            if path.stat().st_mtime_ns // 1000 >= older_than:
                return False
            # In the staging folder what is old is swept.
            os.utime(path, ns=(now * 1000, now * 1000))
            return durable.remove_if(path, self._staging / secrets.token_hex(16), confirm)
        except FileNotFoundError:
            return False

    def unfinished(self) -> int:
        """Return how many files the staging folder holds."""
        return len(os.listdir(self._staging))

    def free_bytes(self) -> int:
        """Return how much the disk takes, 0 where it can only be read."""
        return durable.free_bytes(self._staging)

    def sweep_staging(self, older_than: Instant) -> int:
        """Remove the old files of the staging folder; return how many."""
        swept = 0
        for entry in os.scandir(self._staging):
            # An upload that ends meanwhile takes its file away.
            with contextlib.suppress(FileNotFoundError):
                if entry.stat().st_mtime_ns // 1000 < older_than:
                    os.unlink(entry.path)
                    swept += 1
        return swept


class DiskStaging:
    """Receives content in memory up to the inline limit, then in a file of the staging folder."""

    def __init__(self, blobs: DiskBlobs, folder: Path, inline_limit_bytes: int) -> None:
        self._blobs = blobs
        self._folder = folder
        self._inline_limit_bytes = inline_limit_bytes
        self._hash = hashlib.sha256()
        self._small = bytearray()
        self._temporary = folder
        self._descriptor: int | None = None
        self.length_bytes = 0

    @property
    def digest(self) -> bytes:
        """The SHA-256 of what has arrived so far."""
        return self._hash.digest()

    def write(self, block: memoryview) -> None:
        """Append a block. With the first one beyond the inline limit, all that has arrived moves to a file.

        Raises:
            QuotaExceeded: the disk is full.
            Busy: the folder is not there, or cannot be written.
        """
        self.length_bytes += len(block)
        self._hash.update(block)
        if self._descriptor is None and self.length_bytes <= self._inline_limit_bytes:
            self._small += block
            return
        try:
            if self._descriptor is None:
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
                self._temporary = self._folder / secrets.token_hex(16)
                self._descriptor = os.open(self._temporary, flags, 0o600)
                durable.write_all(self._descriptor, memoryview(self._small))
            durable.write_all(self._descriptor, block)
            durable.begin_flush(self._descriptor, self.length_bytes - len(block), self.length_bytes)
        except OSError as error:
            raise durable.meaning_of(error) from error

    def finish(self) -> Staged:
        """Return what arrived: small content with its bytes, large content durable in its file.

        Raises:
            QuotaExceeded: the disk is full.
            Busy: the folder is not there, or cannot be written.
        """
        digest = self.digest
        if self._descriptor is None:
            return Staged(digest, self.length_bytes, bytes(self._small))
        try:
            self._blobs.publish(self._temporary, self._descriptor, digest)
        except OSError as error:
            raise durable.meaning_of(error) from error
        return Staged(digest, self.length_bytes, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
            self._temporary.unlink(missing_ok=True)
