"""Blob stores with a fault. Each wraps a real one and is named after the damage that it does."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, BinaryIO, Self
from unittest.mock import patch

from davgate.model.instant import Instant
from davgate.storage.blobs import BlobStore, Staged, Staging, StoredBlob
from davgate.storage.parts import Parts


class WrappedStaging:
    """Receives content as the real one does."""

    def __init__(self, staging: Staging) -> None:
        self._staging = staging

    @property
    def length_bytes(self) -> int:
        return self._staging.length_bytes

    @length_bytes.setter
    def length_bytes(self, value: int) -> None:
        self._staging.length_bytes = value

    def write(self, block: memoryview) -> None:
        self._staging.write(block)

    def finish(self) -> Staged:
        return self._staging.finish()

    def __enter__(self) -> Self:
        self._staging.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._staging.__exit__(kind, error, trace)


class WrappedBlobs:
    """Keeps content as the real one does."""

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs

    def is_there(self) -> bool:
        return self._blobs.is_there()

    def prepare(self) -> None:
        self._blobs.prepare()

    def stage(self) -> Staging:
        return self._blobs.stage()

    @property
    def parts(self) -> Parts:
        return self._blobs.parts

    def adopt(self, upload_id: str, length_bytes: int) -> Staged:
        return self._blobs.adopt(upload_id, length_bytes)

    def open(self, digest: bytes) -> BinaryIO:
        return self._blobs.open(digest)

    def exists(self, digest: bytes) -> bool:
        return self._blobs.exists(digest)

    def stored(self) -> Iterator[StoredBlob]:
        return self._blobs.stored()

    def remove(self, digest: bytes, *, older_than: Instant, confirm: Callable[[], bool]) -> bool:
        return self._blobs.remove(digest, older_than=older_than, confirm=confirm)

    def unfinished(self) -> int:
        return self._blobs.unfinished()

    def free_bytes(self) -> int:
        return self._blobs.free_bytes()

    def sweep_staging(self, older_than: Instant) -> int:
        return self._blobs.sweep_staging(older_than)


class HungBlobs(WrappedBlobs):
    """The disk does not answer for as long as ``away`` lasts; ``asked`` counts who waited for it."""

    def __init__(self, blobs: BlobStore) -> None:
        super().__init__(blobs)
        self.asked = 0
        self._back = threading.Event()
        self._back.set()

    @contextmanager
    def away(self) -> Iterator[None]:
        self._back.clear()
        try:
            yield
        finally:
            self._back.set()

    def unfinished(self) -> int:
        if not self._back.is_set():
            self.asked += 1
            self._back.wait()
        return super().unfinished()


class BeforeRemoval(WrappedBlobs):
    """Something happens between the decision to remove content and the removal."""

    def __init__(self, blobs: BlobStore, happens: Callable[[], object]) -> None:
        super().__init__(blobs)
        self._happens = happens

    def remove(self, digest: bytes, *, older_than: Instant, confirm: Callable[[], bool]) -> bool:
        self._happens()
        return super().remove(digest, older_than=older_than, confirm=confirm)


class AfterStaging(WrappedBlobs):
    """Something happens between the end of an upload and the transaction that makes it a version."""

    def __init__(self, blobs: BlobStore, happens: Callable[[], object]) -> None:
        super().__init__(blobs)
        self._happens = happens

    def stage(self) -> Staging:
        return _AfterStaging(self._blobs.stage(), self._happens)


class _AfterStaging(WrappedStaging):
    def __init__(self, staging: Staging, happens: Callable[[], object]) -> None:
        super().__init__(staging)
        self._happens = happens

    def finish(self) -> Staged:
        staged = super().finish()
        self._happens()
        return staged


class FullDiskOnce(WrappedBlobs):
    """The disk has no room for the n-th call of one kind while content is received; afterwards it has again."""

    def __init__(self, blobs: BlobStore, call: str, number: int) -> None:
        super().__init__(blobs)
        self._call = call
        self._left = number

    def stage(self) -> Staging:
        return _FullStaging(self._blobs.stage(), self)

    @contextmanager
    def full(self) -> Iterator[None]:
        """Fail the call whose turn it is in this block."""
        real = getattr(os, self._call)

        def fail(*arguments: Any, **more: Any) -> Any:
            self._left -= 1
            if self._left == 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return real(*arguments, **more)

        with patch.object(os, self._call, fail):
            yield

    @property
    def was_full(self) -> bool:
        return self._left <= 0


class _FullStaging(WrappedStaging):
    def __init__(self, staging: Staging, disk: FullDiskOnce) -> None:
        super().__init__(staging)
        self._disk = disk

    def write(self, block: memoryview) -> None:
        with self._disk.full():
            super().write(block)

    def finish(self) -> Staged:
        with self._disk.full():
            return super().finish()
