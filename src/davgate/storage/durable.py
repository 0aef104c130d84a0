"""Writing files so that they are there after a power cut; the only module that syncs, links and renames.

The order is always: temporary name in the same file system, write, sync the bytes, rename, sync the folder. There is no switch
to turn it off; tests that want speed put the data folder on a memory file system.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from davgate.model.errors import Busy, DavgateError, QuotaExceeded
from davgate.model.instant import Instant

logger = logging.getLogger(__name__)

_AHEAD_BYTES: Final = 8 << 20
"""The disk begins with so much at a time of a file that is still growing."""
_CAN_BEGIN: Final = hasattr(os, "posix_fadvise")


def make_folder(folder: Path) -> None:
    """Make a folder and its parents; each is durable on return."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    sync_folder(folder.parent)


def free_bytes(folder: Path) -> int:
    """Return how many bytes the disk of a folder takes from an ordinary user, 0 where it can only be read."""
    found = os.statvfs(folder)
    return 0 if found.f_flag & os.ST_RDONLY else found.f_bavail * found.f_frsize


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def flush(descriptor: int) -> None:
    """Make the bytes of an open file durable."""
    os.fdatasync(descriptor)


def begin_flush(descriptor: int, before: int, now: int) -> None:
    """Let the disk begin with what a file has got, without waiting, after it has grown from a size to another, in bytes.

    A flush at the end then finds little left: 256 MiB over a connection take a quarter less time.
    """
    begin, end = before - before % _AHEAD_BYTES, now - now % _AHEAD_BYTES
    if begin < end and _CAN_BEGIN:
        # Linux starts to write pages that are not needed any more; those that it has not written yet stay in memory.
        os.posix_fadvise(descriptor, begin, end - begin, os.POSIX_FADV_DONTNEED)


def write_all(descriptor: int, block: memoryview) -> None:
    """Write a whole block; it is durable with the next flush."""
    while len(block):
        block = block[os.write(descriptor, block) :]


def write_file(file: Path, data: bytes) -> None:
    """Let a small file hold these bytes, durable on return; after a crash it holds them or what it had."""
    temporary = file.with_name(f"{file.name}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        write_all(descriptor, memoryview(data))
        flush(descriptor)
    finally:
        os.close(descriptor)
    os.rename(temporary, file)
    sync_folder(file.parent)


def publish(temporary: Path, descriptor: int, final: Path, at: Instant) -> None:
    """Give a written file its final name; bytes and name are durable on return. Its age begins ``at`` an instant.

    A file of that name is replaced: here a name says what the bytes are, so both are the same and the new one is younger.
    """
    _date(descriptor, at)
    flush(descriptor)
    make_folder(final.parent)
    os.rename(temporary, final)
    sync_folder(final.parent)


def publish_beside(name: Path, descriptor: int, temporary: Path, final: Path, at: Instant) -> None:
    """Give a written file a second, final name, as ``publish`` does, and let it keep the one that it has.

    ``temporary`` is a name in the same file system that nothing has.
    """
    _date(descriptor, at)
    flush(descriptor)
    make_folder(final.parent)
    os.link(name, temporary)
    try:
        os.rename(temporary, final)
    finally:
        # Of two names of the same file, as after a crash, a rename takes neither away.
        temporary.unlink(missing_ok=True)
    sync_folder(final.parent)


def remove_if(file: Path, aside: Path, confirm: Callable[[], bool]) -> bool:
    """Remove a file if ``confirm``, asked while its name is free, says so; else, or if that fails, it has its name again.

    ``aside`` is a name in the same file system that nothing has; a crash leaves the file there.
    """
    os.rename(file, aside)
    is_confirmed = False
    try:
        is_confirmed = confirm()
    finally:
        if is_confirmed:
            aside.unlink(missing_ok=True)
        else:
            os.rename(aside, file)
            sync_folder(file.parent)
    return is_confirmed


def replace(file: Path, by: Path, aside: Path, confirm: Callable[[], object]) -> None:
    """Give a file's name to another file, durable, unless ``confirm`` then raises: it is the former one's again.

    ``aside`` is a name in the same file system that nothing has; a crash leaves the former file there.
    """
    os.link(file, aside)
    os.rename(by, file)
    try:
        confirm()
    except BaseException:
        os.rename(aside, file)
        raise
    finally:
        aside.unlink(missing_ok=True)
        sync_folder(file.parent)


def _date(descriptor: int, at: Instant) -> None:
    # By the clock that ages are held against later, which a file server's need not be.
    os.utime(descriptor, ns=(at * 1000, at * 1000))


def unreadable(error: OSError) -> Busy:
    """Return what it means to whoever asks for content that it cannot be read, though it may be there."""
    logger.error("The contents cannot be read: %s", error)
    return Busy()


def meaning_of(error: OSError) -> DavgateError:
    """Return what it means to whoever sends content that it cannot be written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        logger.error("The disk of the contents is full: %s", error)
        return QuotaExceeded.of_the_disk()
    # As after a mount that was lost, which may come back.
    logger.error("The contents cannot be written: %s", error)
    return Busy()
