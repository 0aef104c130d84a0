"""What a power cut would take: what was written to files, or given as a name, and not flushed since."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from davgate.storage.database import Database
from davgate.storage.transactions import Transaction


class Unsynced:
    """Follows what this process does to the files in a folder, and finds fault with whatever is relied on too early.

    A content may be named as such, and a durable transaction may commit, only when all files have their bytes and their names for
    good; and a durable transaction of SQLite has ended only when its log has. ``faults`` tells where it was otherwise.
    """

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.faults: list[str] = []
        self.commits = 0
        self._folder = folder
        self._bytes: set[tuple[int, int]] = set()
        self._names: set[Path] = set()
        for name in ("open", "mkdir", "link", "rename", "write", "pwrite", "copy_file_range", "fdatasync", "fsync"):
            patch.setattr(os, name, self._followed(name))
        patch.setattr(Database, "write", self._checked(Database.write))

    def lost(self) -> list[str]:
        """Return what a power cut would take now of contents and uploads: each file, and whether its bytes or its name."""
        found = [path for path in self._folder.rglob("*") if path.is_file() and path.parent.name != "staging"]
        return sorted(f"{path.name}: its {what}" for path in found for what in self._lost_of(path))

    def _lost_of(self, path: Path) -> list[str]:
        has_bytes = _identity(path) not in self._bytes
        has_name = not self._names & {path, *path.parents}
        return ["bytes"] * (not has_bytes) + ["name"] * (not has_name)

    def _followed(self, name: str) -> Any:
        real, note = getattr(os, name), getattr(self, f"_{name}")

        def following(*arguments: Any, **more: Any) -> Any:
            done = note(*arguments)
            result = real(*arguments, **more)
            if done is not None:
                done()
            return result

        return following

    def _open(self, path: Any, flags: int, *_: object) -> Any:
        is_new = flags & os.O_CREAT and not os.path.lexists(path)
        return (lambda: self._names.add(Path(path))) if is_new else None

    def _mkdir(self, path: Any, *_: object) -> Any:
        return lambda: self._names.add(Path(path))

    def _link(self, _source: Any, target: Any) -> Any:
        return lambda: self._names.add(Path(target))

    def _rename(self, source: Any, target: Any) -> Any:
        if _identity(source) in self._bytes:
            self.faults.append(f"{Path(target).name} was a name before its bytes were there")
        return lambda: self._names.add(Path(target))

    def _write(self, descriptor: int, *_: object) -> None:
        self._bytes.add(_identity(descriptor))

    def _pwrite(self, descriptor: int, *_: object) -> None:
        self._bytes.add(_identity(descriptor))

    def _copy_file_range(self, _source: int, target: int, *_: object) -> None:
        self._bytes.add(_identity(target))

    def _fdatasync(self, descriptor: int) -> Any:
        return lambda: self._bytes.discard(_identity(descriptor))

    def _fsync(self, descriptor: int) -> Any:
        synced = _identity(descriptor)

        def done() -> None:
            self._bytes.discard(synced)
            self._names = {path for path in self._names if _identity(path.parent) != synced}

        return done

    def _checked(self, real: Any) -> Any:
        def write(database: Database, *, durable: bool = True) -> Transaction:
            tx: Transaction = real(database, durable=durable)
            if durable:
                tx.commit = self._checked_commit(tx.commit, database)  # type: ignore[method-assign]  # of this one alone
            return tx

        return write

    def _checked_commit(self, real: Any, database: Database) -> Any:
        def commit() -> None:
            self.commits += 1
            self.faults += [f"{what} is not durable before the commit" for what in self.lost()]
            real()
            if database.is_sqlite:
                self._bytes.add(_identity(f"{database.url.database}-wal"))

        return commit

    def is_log_lost(self, database: Database) -> bool:
        """Tell whether a power cut would take a commit of SQLite that somebody was told of."""
        return _identity(f"{database.url.database}-wal") in self._bytes


def _identity(of: Any) -> tuple[int, int]:
    found = os.stat(of)
    return found.st_dev, found.st_ino
