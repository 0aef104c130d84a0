"""Writing files so that they are there after a power cut; the only module that syncs and renames.

The order is always: temporary name in the same file system, write, sync the bytes, rename, sync the folder. There is no switch
to turn it off; tests that want speed put the data folder on a memory file system.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def make_folder(folder: Path) -> None:
    """Make a folder and its parents; each is durable on return."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    sync_folder(folder.parent)


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


def publish(temporary: Path, descriptor: int, final: Path) -> None:
    """Give a written file its final name; bytes and name are durable on return.

    A file of that name is replaced: here a name says what the bytes are, so both are the same and the new one is younger.
    """
    flush(descriptor)
    make_folder(final.parent)
    os.rename(temporary, final)
    sync_folder(final.parent)


def write_file(final: Path, body: bytes) -> None:
    """Make a small file durable under its name, replacing one that is there."""
    temporary = final.with_name(f"{final.name}.{os.getpid()}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, body)
        publish(temporary, descriptor, final)
    finally:
        os.close(descriptor)
