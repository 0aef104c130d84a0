"""The file that tells a backup from a store, and when it was made."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from davgate.model.errors import Malformed
from davgate.storage import durable

NAME: Final = "backup.json"


class BackupMark(msgspec.Struct, frozen=True, kw_only=True):
    """What the file says. What was stored before ``made_at`` (ISO 8601) is in the backup; None: it was never completed."""

    davgate: str
    made_at: str | None = None


def find(folder: Path) -> BackupMark | None:
    """Return the mark of a folder, None for one that is no backup.

    Raises:
        Malformed: there is a file of that name, which says something else.
    """
    file = folder / NAME
    try:
        return msgspec.json.decode(file.read_bytes(), type=BackupMark)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except msgspec.DecodeError as error:
        raise Malformed(f"{file} is not what `davgate backup` wrote there ({error}). Name another folder.") from error


def write(folder: Path, mark: BackupMark) -> None:
    """Mark a folder as a backup; durable on return."""
    durable.write_file(folder / NAME, msgspec.json.format(msgspec.json.encode(mark), indent=2) + b"\n")
