"""``davgate backup``: all of a store in a folder, which has the form of the embedded default whatever the store itself is in."""

from __future__ import annotations

import argparse
import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from davgate import __version__
from davgate.cli import backup_mark
from davgate.cli.backup_mark import BackupMark
from davgate.cli.main import Exit
from davgate.cli.output import count, exact, progress, size, write_json
from davgate.config import Config, StoreConfig
from davgate.configured import open_store
from davgate.core.backups import Copied, copy_store
from davgate.core.store import Store
from davgate.model.errors import Busy, Malformed
from davgate.storage import durable, schema


def run(args: argparse.Namespace, config: Config) -> int:
    """Make the backup, or renew the one that is there, and tell what it came to."""
    destination: Path = args.destination
    with closing_store(open_store(config)) as source:
        schema.check(source.database)
        _mark(destination)
        with _alone(destination), closing_store(open_backup(config, destination)) as target:
            target.blobs.prepare()
            schema.prepare(target.database)
            made_at = exact(source.clock.now())
            with progress("Copying", 0) as advance:
                copied = copy_store(source, target, is_replacing=True, watch=advance)
            backup_mark.write(destination, BackupMark(davgate=__version__, made_at=made_at))
    about: dict[str, object] = {"destination": str(destination), "made_at": made_at}
    return tell(args, copied, f"The backup in {destination} is as of {made_at}", about)


def open_backup(config: Config, folder: Path) -> Store:
    """Return the store of a backup; all contents of some length are in files there, as they are where they come from."""
    return open_store(replace(config, data=folder, store=StoreConfig(inline_bytes=0)))


@contextmanager
def closing_store(store: Store) -> Iterator[Store]:
    """Close a store at the end."""
    with closing(store.database):
        yield store


def tell(args: argparse.Namespace, copied: Copied, sentence: str, about: dict[str, object]) -> int:
    """Write what a copy came to, and return the exit code."""
    for digest in copied.damaged:
        print(f"The content {digest.hex()} is damaged, and not in the copy. Run `davgate fsck --read-data`.", file=sys.stderr)
    if args.json:
        damaged = [digest.hex() for digest in copied.damaged]
        write_json({**about, "contents": copied.contents, "bytes": copied.length_bytes, "damaged": damaged})
    else:
        print(f"{sentence}: {count(copied.contents, 'file')} copied, {size(copied.length_bytes)}.")
    return Exit.DAMAGED if copied.damaged else Exit.DONE


def _mark(destination: Path) -> None:
    """Mark a new folder as a backup that is not complete yet.

    Raises:
        Malformed: there is something else.
    """
    if backup_mark.find(destination) is not None:
        return
    if destination.exists() and (not destination.is_dir() or any(destination.iterdir())):
        raise Malformed(f"{destination} exists, and is no backup. Name a new folder, or an empty one.")
    durable.make_folder(destination)
    backup_mark.write(destination, BackupMark(davgate=__version__))


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other backups out of a folder."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise Busy(f"Another backup is being written to {folder}. Wait for its end.") from None
    finally:
        os.close(descriptor)
