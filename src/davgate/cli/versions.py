"""``davgate versions``: the history of a document."""

from __future__ import annotations

import argparse

from davgate.cli.acting import Act, acting, to_path
from davgate.cli.output import exact, local, size, write_json, write_table
from davgate.config import Config
from davgate.core.exporting import Record, record_of
from davgate.model.marks import MarkKind
from davgate.model.node import Save, Version
from davgate.model.paths import to_text


def run(args: argparse.Namespace, config: Config) -> int:
    """List the versions of a document, the oldest first."""
    with acting(args, config) as act:
        record = record_of(act.store, act.ctx, to_path(args.path))
        if act.is_json:
            write_json(to_json(act, record, with_saves=args.saves))
        else:
            _write(act, record, with_saves=args.saves)
    return 0


def _write(act: Act, record: Record, *, with_saves: bool) -> None:
    rows: list[tuple[str, ...]] = []
    for version in record.versions:
        if with_saves:
            for save in record.saves.get(version.no, ()):
                rows.append(("", local(save.saved_at, act.zone), save.author, size(save.content.length_bytes), "save", "", ""))
        saved_at = local(version.saved_at, act.zone)
        length = size(version.content.length_bytes)
        said = "; ".join(filter(None, (version.origin, version.comment)))
        rows.append((str(version.no), saved_at, version.author, length, version.cause.value, _marks(act, record, version), said))
    write_table(("NO", "SAVED", "BY", "SIZE", "CAUSE", "MARKS", "ABOUT"), rows, numbers=(0, 3))


def _marks(act: Act, record: Record, version: Version) -> str:
    shown = [mark.label if mark.kind is MarkKind.LABEL else mark.kind.value for mark in record.marks_on(version.no)]
    if version.is_open(act.store.clock.now()):
        shown.append("open")
    return ", ".join(shown)


def to_json(act: Act, record: Record, *, with_saves: bool) -> dict[str, object]:
    """Return a document and its history for programs. The keys stay as they are."""
    return {
        "path": to_text(record.path),
        "uuid": record.node.uuid,
        "current": record.node.version_no,
        "versions": [
            version_to_json(act, record, version)
            | ({"saves": [save_to_json(save) for save in record.saves.get(version.no, ())]} if with_saves else {})
            for version in record.versions
        ],
    }


def version_to_json(act: Act, record: Record, version: Version) -> dict[str, object]:
    """Return a version for programs."""
    marks = record.marks_on(version.no)
    is_open = version.is_open(act.store.clock.now())
    return {
        "no": version.no,
        "cause": version.cause.value,
        "opened_at": exact(version.opened_at),
        "saved_at": exact(version.saved_at),
        "sealed_at": None if is_open else exact(version.sealed_at),
        "is_open": is_open,
        "author": version.author,
        "comment": version.comment,
        "origin": version.origin,
        "file_name": version.file_name,
        "media_type": version.content.media_type,
        "length_bytes": version.content.length_bytes,
        "sha256": version.content.digest.hex(),
        "labels": [mark.label for mark in marks if mark.kind is MarkKind.LABEL],
        "is_pinned": any(mark.kind is MarkKind.PIN for mark in marks),
        "is_held": any(mark.kind is MarkKind.HOLD for mark in marks),
    }


def save_to_json(save: Save) -> dict[str, object]:
    """Return an earlier save for programs."""
    return {
        "saved_at": exact(save.saved_at),
        "author": save.author,
        "media_type": save.content.media_type,
        "length_bytes": save.content.length_bytes,
        "sha256": save.content.digest.hex(),
    }
