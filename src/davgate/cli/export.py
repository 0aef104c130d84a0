"""``davgate export``: documents with all that is known of them, as plain files.

``current/`` holds the tree as it stands, ``history/UUID/`` the versions of one document, named as in its version folder, its
earlier saves (``0003.01 ...``) and ``document.json``. ``export.json`` names everything; it is written last, so that an export
that has it is whole.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from davgate import __version__
from davgate.cli.acting import Act, acting, to_path
from davgate.cli.output import count, exact, progress, size
from davgate.cli.versions import save_to_json, version_to_json
from davgate.config import Config
from davgate.core.exporting import Record, nodes_of, open_bytes, record_at
from davgate.model.errors import Busy, Corrupt, Malformed
from davgate.model.instant import Instant, to_datetime
from davgate.model.node import Content, Node
from davgate.model.paths import TreePath, to_text
from davgate.model.places import version_file_name

FORMAT = 1
_BLOCK_BYTES = 1 << 20


def run(args: argparse.Namespace, config: Config) -> int:
    """Write the export and say how much it is."""
    with acting(args, config) as act:
        path = to_path(args.path)
        nodes = nodes_of(act.store, act.ctx, path)
        destination: Path = args.destination
        _prepare(destination)
        documents = sum(not node.is_collection for _, node in nodes)
        with progress("Exporting", documents) as advance:
            export = _Export(act, destination, len(path) - 1 if path else 0, advance)
            for where, node in nodes:
                export.add(where, node)
        export.finish(path)
        figures = {"documents": export.documents, "versions": export.versions, "bytes": export.bytes}
        sentence = f"{count(export.documents, 'document')} with {count(export.versions, 'version')}, {size(export.bytes)}"
        return act.tell(f"{sentence}, are in {destination}.", {"destination": str(destination), **figures})


def _prepare(destination: Path) -> None:
    if destination.exists() and (not destination.is_dir() or any(destination.iterdir())):
        raise Malformed(f"{destination} exists already. Name a new folder, or an empty one.")
    try:
        destination.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Malformed(f"{destination} cannot be made: {error.strerror}. Name a folder where you may write.") from error


class _Export:
    """An export that is being written; paths lose their first ``skipped`` names."""

    def __init__(self, act: Act, destination: Path, skipped: int, advance: Callable[[int], object]) -> None:
        self._act = act
        self._destination = destination
        self._skipped = skipped
        self._advance = advance
        self._collections: list[dict[str, object]] = []
        self._documents: list[dict[str, object]] = []
        self.documents = self.versions = self.bytes = 0

    def add(self, path: TreePath, node: Node) -> None:
        """Write one node, each collection before its members."""
        record = record_at(self._act.store, path, node.id)
        if record is None:
            # Removed for good since the export began.
            return
        current = self._destination.joinpath("current", *path[self._skipped :])
        if node.is_collection:
            current.mkdir(parents=True, exist_ok=True)
            self._collections.append(_about(record))
            return
        before = self.versions, self.bytes
        try:
            self._add_document(record, current)
        except Busy:
            if record_at(self._act.store, path, node.id) is not None:
                raise
            # Removed for good while it was written.
            current.unlink(missing_ok=True)
            shutil.rmtree(self._history_of(record), ignore_errors=True)
            self.versions, self.bytes = before
            return
        self.documents += 1
        self._documents.append({"path": to_text(path), "uuid": record.node.uuid, "history": f"history/{record.node.uuid}"})
        self._advance(1)

    def _add_document(self, record: Record, current: Path) -> None:
        current.parent.mkdir(parents=True, exist_ok=True)
        if record.node.content is None:
            current.touch()
        else:
            self._write(record.node.content, current, record.node.modified_at)
        self._add_history(record)

    def _history_of(self, record: Record) -> Path:
        return self._destination / "history" / record.node.uuid

    def _add_history(self, record: Record) -> None:
        folder = self._history_of(record)
        folder.mkdir(parents=True)
        listed: list[dict[str, object]] = []
        for version in record.versions:
            name = self._file_name(record, version.no, version.opened_at, version.author)
            self._write(version.content, folder / name, version.saved_at)
            saves: list[dict[str, object]] = []
            for at, save in enumerate(record.saves.get(version.no, ()), start=1):
                saved = self._file_name(record, version.no, save.saved_at, save.author)
                saved = f"{version.no:04d}.{at:02d}{saved[saved.index(' ') :]}"
                self._write(save.content, folder / saved, save.saved_at)
                saves.append({**save_to_json(save), "file": saved})
            listed.append({**version_to_json(self._act, record, version), "file": name, "saves": saves})
        self.versions += len(listed)
        _write_json(folder / "document.json", {**_about(record), "current": record.node.version_no, "versions": listed})

    def _file_name(self, record: Record, no: int, at: Instant, author: str) -> str:
        return version_file_name(no, to_datetime(at).astimezone(self._act.zone), author, record.node.name or "")

    def _write(self, content: Content, file: Path, at: Instant) -> None:
        digest = hashlib.sha256()
        with open_bytes(self._act.store, content) as source, file.open("xb") as target:
            while block := source.read(_BLOCK_BYTES):
                digest.update(block)
                target.write(block)
        if digest.digest() != content.digest:
            raise Corrupt(f"The content {content.digest.hex()} is damaged. Run `davgate fsck` and restore a backup.")
        os.utime(file, ns=(at * 1000, at * 1000))
        self.bytes += content.length_bytes

    def finish(self, path: TreePath) -> None:
        """Write the list of everything."""
        _write_json(
            self._destination / "export.json",
            {
                "format": FORMAT,
                "davgate": __version__,
                "path": to_text(path),
                "exported_at": exact(self._act.store.clock.now()),
                "collections": self._collections,
                "documents": self._documents,
            },
        )


def _about(record: Record) -> dict[str, object]:
    node = record.node
    return {
        "path": to_text(record.path),
        "uuid": node.uuid,
        "created_at": exact(node.created_at),
        "created_by": record.created_by,
        "modified_at": exact(node.modified_at),
        "properties": [
            {"namespace": namespace, "name": name, "xml": xml} for (namespace, name), xml in sorted(record.properties.items())
        ],
    }


def _write_json(file: Path, value: object) -> None:
    file.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", "utf-8")
