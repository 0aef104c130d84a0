"""The bytes of uploads that arrive in parts: one file for each, with the upload's id for its name, until it becomes a blob.

Only the holder of the lock on a file writes to it. The lock ends with the append, or with its process, so that
after a crash the next append goes on in place. An append that finds the lock taken does not wait: the client of the one that
holds it is mostly gone, and the connection not yet known to be dead. It makes a file of its own with a copy of what is confirmed,
and gives that the name inside the store's write transaction. There, too, every append looks whether its file still has the name
before it confirms anything. So no two appends ever write to one file, be they threads, processes or nodes, and which of them
counts is decided in one place. A file system that refuses locks costs copies, and nothing else; one that nodes share must not
grant the same lock on two of them.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import logging
import os
import re
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Protocol, Self

from davgate.model.errors import Corrupt, DavgateError, NoSuchUpload
from davgate.model.instant import Instant
from davgate.storage import durable

if TYPE_CHECKING:
    from hashlib import _Hash

logger = logging.getLogger(__name__)

_NAME: Final = re.compile(r"[0-9a-f]{32}")
_BLOCK_BYTES: Final = 1 << 20
_MOST_REMEMBERED: Final = 1000


class Part(Protocol):
    """One append to an upload. What it writes counts from the moment that its offset is committed.

    ``offset_bytes`` is where the next block goes.
    """

    offset_bytes: int

    def take(self, confirm: Callable[[], object]) -> None:
        """Make this append the one that counts; inside the write transaction that has seen the upload's offset to be its own.

        ``confirm`` looks at that once more; where it raises, the append before goes on.

        Raises:
            Corrupt: bytes that were confirmed are missing.
        """

    def write(self, block: memoryview) -> None:
        """Write a block; the digest grows with it.

        Raises:
            QuotaExceeded: the disk is full.
            Busy: the folder is not there, or cannot be written.
        """

    def flush(self) -> None:
        """Make everything that was written durable."""

    def is_current(self) -> bool:
        """Tell, inside the write transaction, whether no later append has taken the upload over."""

    def confirmed(self) -> None:
        """Note that the offset up to here was committed."""

    def __enter__(self) -> Self: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...


class Parts(Protocol):
    """Where the bytes of unfinished uploads lie."""

    def claim(self, upload_id: str, offset_bytes: int) -> Part:
        """Open what has arrived of an upload for one append at its confirmed offset, whoever else is still at it.

        Raises:
            NoSuchUpload: the upload has ended meanwhile, and its bytes are gone.
            QuotaExceeded: the disk is full.
            Busy: the folder is not there, or cannot be written.
        """

    def length_of(self, upload_id: str) -> int | None:
        """Return how many bytes lie there of an upload, confirmed or not; None for none at all."""

    def stored(self) -> Iterator[str]:
        """Yield the ids of the uploads of which anything lies there."""

    def drop(self, upload_id: str) -> None:
        """Remove what lies there of an upload whose row is gone."""


class DiskParts:
    """A folder of files named by upload. Copies are made in the staging folder, where those that a crash leaves are swept."""

    def __init__(self, folder: Path, staging: Path) -> None:
        self._folder = folder
        self._staging = staging
        self.digests = _Digests()

    def prepare(self) -> None:
        """Make the folder."""
        durable.make_folder(self._folder)

    def claim(self, upload_id: str, offset_bytes: int) -> DiskPart:
        """Open the file of an upload, or a copy of it while another append has it.

        What this process does not know the digest of is read again: what other processes received, or all after a restart.

        Raises:
            NoSuchUpload: the upload has ended meanwhile, and its file is gone.
            QuotaExceeded: the disk is full.
            Busy: the folder is not there, or cannot be written.
        """
        with self._errors(), contextlib.ExitStack() as opened:
            part = opened.enter_context(self._open(upload_id, offset_bytes))
            part.digest = self.digests.up_to(upload_id, offset_bytes, part.descriptor)
            opened.pop_all()
        return part

    def _open(self, upload_id: str, offset_bytes: int) -> DiskPart:
        path = self.path_of(upload_id)
        flags = os.O_RDWR | os.O_CLOEXEC | (0 if offset_bytes else os.O_CREAT)
        while True:
            descriptor = os.open(path, flags, 0o600)
            with contextlib.ExitStack() as opened:
                opened.callback(os.close, descriptor)
                if not _lock(descriptor):
                    return self._copy(upload_id, offset_bytes, descriptor)
                if _has_name(descriptor, path):
                    opened.pop_all()
                    return DiskPart(self, upload_id, descriptor, offset_bytes)

    def _copy(self, upload_id: str, offset_bytes: int, source: int) -> DiskPart:
        temporary = self._staging / secrets.token_hex(16)
        descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        part = DiskPart(self, upload_id, descriptor, offset_bytes, temporary)
        with contextlib.ExitStack() as opened:
            opened.enter_context(part)
            _lock(descriptor)
            _copy_bytes(source, descriptor, offset_bytes)
            durable.flush(descriptor)
            opened.pop_all()
        return part

    def path_of(self, upload_id: str) -> Path:
        """Return where the bytes of an upload lie."""
        return self._folder / upload_id

    def digest(self, upload_id: str, length_bytes: int) -> bytes:
        """Return the SHA-256 of a whole upload; what this process did not receive itself is read for it.

        Raises:
            NoSuchUpload, Busy: as ``claim``.
            Corrupt: its file is not as long as was confirmed.
        """
        if not length_bytes:
            return hashlib.sha256().digest()
        with self._errors(), open(self.path_of(upload_id), "rb", buffering=0) as file:
            if os.fstat(file.fileno()).st_size != length_bytes:
                raise _torn()
            return self.digests.up_to(upload_id, length_bytes, file.fileno()).digest()

    def read(self, upload_id: str, length_bytes: int) -> bytes:
        """Return the bytes of a whole upload, which is small.

        Raises:
            NoSuchUpload, Busy: as ``claim``.
        """
        if not length_bytes:
            return b""
        with self._errors():
            return self.path_of(upload_id).read_bytes()

    def publish(self, upload_id: str, final: Path, at: Instant) -> None:
        """Give a whole upload its name as content too, durable; its age begins ``at`` an instant.

        Its own name goes when its row is gone: should the document be refused, or this process die, the upload is still there.

        Raises:
            NoSuchUpload, QuotaExceeded, Busy: as ``claim``.
        """
        path = self.path_of(upload_id)
        with self._errors(), open(path, "rb", buffering=0) as file:
            durable.publish_beside(path, file.fileno(), self._staging / secrets.token_hex(16), final, at)

    def length_of(self, upload_id: str) -> int | None:
        """Return the length of the file of an upload, None when there is none."""
        try:
            return self.path_of(upload_id).stat().st_size
        except FileNotFoundError:
            return None

    def stored(self) -> Iterator[str]:
        """Yield the ids of the uploads that have files."""
        yield from filter(_NAME.fullmatch, os.listdir(self._folder))

    def drop(self, upload_id: str) -> None:
        """Remove the file of an upload whose row is gone. What cannot be removed now goes with the upkeep."""
        self.digests.forget(upload_id)
        try:
            self.path_of(upload_id).unlink(missing_ok=True)
        except OSError as error:
            logger.warning("The file of an upload that has ended cannot be removed: %s", error)

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            # Without its folder, nothing is known of the file: a mount may be lost, and come back.
            raise NoSuchUpload() if self._folder.is_dir() else durable.meaning_of(error) from error
        except OSError as error:
            raise durable.meaning_of(error) from error


class DiskPart:
    """One append, to the file of its upload or to a copy that has not got the name yet."""

    digest: _Hash

    def __init__(
        self, parts: DiskParts, upload_id: str, descriptor: int, offset_bytes: int, temporary: Path | None = None
    ) -> None:
        self._parts = parts
        self._upload_id = upload_id
        self._path = parts.path_of(upload_id)
        self._temporary = temporary
        self._is_name_durable = offset_bytes > 0
        self.descriptor = descriptor
        self.offset_bytes = offset_bytes

    def take(self, confirm: Callable[[], object]) -> None:
        """Give a copy the name of the upload, and cut off what an append before wrote and did not confirm.

        Raises:
            Corrupt: bytes that were confirmed are missing.
            QuotaExceeded, Busy: the name cannot be given.
        """
        try:
            if os.fstat(self.descriptor).st_size < self.offset_bytes:
                raise _torn()
            os.ftruncate(self.descriptor, self.offset_bytes)
            os.lseek(self.descriptor, self.offset_bytes, os.SEEK_SET)
            if self._temporary is not None:
                # A process that froze in between has lost its turn on PostgreSQL, and another append may be confirmed since.
                durable.replace(self._path, self._temporary, self._temporary.with_name(secrets.token_hex(16)), confirm)
                self._temporary = None
                self._is_name_durable = True
        except OSError as error:
            raise durable.meaning_of(error) from error
        self.confirmed()

    def write(self, block: memoryview) -> None:
        """Write a block; the digest grows with it.

        Raises:
            QuotaExceeded: the disk is full.
            Busy: the folder is not there, or cannot be written.
        """
        try:
            durable.write_all(self.descriptor, block)
            durable.begin_flush(self.descriptor, self.offset_bytes, self.offset_bytes + len(block))
        except OSError as error:
            raise durable.meaning_of(error) from error
        self.digest.update(block)
        self.offset_bytes += len(block)

    def flush(self) -> None:
        """Make the bytes durable, and the name of a file that is new.

        Raises:
            QuotaExceeded, Busy: as ``write``.
        """
        try:
            durable.flush(self.descriptor)
            if not self._is_name_durable:
                durable.sync_folder(self._path.parent)
                self._is_name_durable = True
        except OSError as error:
            raise durable.meaning_of(error) from error

    def is_current(self) -> bool:
        """Tell whether the name still leads to this file."""
        try:
            return _has_name(self.descriptor, self._path)
        except OSError as error:
            raise durable.meaning_of(error) from error

    def confirmed(self) -> None:
        """Remember the digest up to here, for whoever goes on."""
        self._parts.digests.keep(self._upload_id, self.offset_bytes, self.digest)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        os.close(self.descriptor)
        if self._temporary is not None:
            self._temporary.unlink(missing_ok=True)


class _Digests:
    """How far the bytes of recent uploads are hashed, as far as this process knows.

    What is confirmed of an upload never changes, so a digest of its beginning stays true whoever goes on with it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[str, tuple[int, _Hash]] = OrderedDict()

    def keep(self, upload_id: str, offset_bytes: int, digest: _Hash) -> None:
        """Remember the digest of the confirmed beginning of an upload."""
        with self._lock:
            self._known[upload_id] = offset_bytes, digest.copy()
            self._known.move_to_end(upload_id)
            if len(self._known) > _MOST_REMEMBERED:
                self._known.popitem(last=False)

    def forget(self, upload_id: str) -> None:
        """Forget an upload that has ended."""
        with self._lock:
            self._known.pop(upload_id, None)

    def up_to(self, upload_id: str, offset_bytes: int, descriptor: int) -> _Hash:
        """Return the digest of the confirmed beginning of an upload, reading from its file what is not known.

        Raises:
            Corrupt: bytes that were confirmed are missing.
        """
        with self._lock:
            position, digest = self._known.get(upload_id, (0, None))
            found = hashlib.sha256() if digest is None or position > offset_bytes else digest.copy()
        position = 0 if position > offset_bytes else position
        while position < offset_bytes:
            block = os.pread(descriptor, min(_BLOCK_BYTES, offset_bytes - position), position)
            if not block:
                raise _torn()
            found.update(block)
            position += len(block)
        return found


def _lock(descriptor: int) -> bool:
    """Take the lock on a file if nobody has it; tell whether it is one's own."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        # Whether somebody has it, or locks cannot be had here, is all the same: a copy is right in any case.
        return False
    return True


def _has_name(descriptor: int, path: Path) -> bool:
    """Tell whether a name leads to an open file. It is opened for that: NFS asks the server only then."""
    try:
        named = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        return os.path.samestat(os.fstat(named), os.fstat(descriptor))
    finally:
        os.close(named)


_NO_SUCH_COPY: Final = (errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)


def _copy_bytes(source: int, target: int, length_bytes: int) -> None:
    """Copy the beginning of a file; some file systems do that without reading a byte."""
    position = 0
    while position < length_bytes:
        left = length_bytes - position
        try:
            copied = os.copy_file_range(source, target, left, position, position)
        except OSError as error:
            if error.errno not in _NO_SUCH_COPY:
                raise
            block = os.pread(source, min(_BLOCK_BYTES, left), position)
            copied = os.pwrite(target, block, position)
        if not copied:
            raise _torn()
        position += copied


def _torn() -> DavgateError:
    return Corrupt("Bytes of this upload are missing. Begin it anew.")
