"""``davgate trash``: what was deleted."""

from __future__ import annotations

import argparse

from davgate.cli.acting import Act, acting
from davgate.cli.erase import sentence, to_json
from davgate.cli.output import count, exact, local, size, watching
from davgate.cli.restore import from_trash, no_entry
from davgate.config import Config, parse_span
from davgate.core import purging, trash
from davgate.model.errors import Malformed, NotFound
from davgate.model.instant import after


def run(args: argparse.Namespace, config: Config) -> int:
    """List what was deleted, bring an entry back, or remove some for good."""
    with acting(args, config) as act:
        match args.act:
            case "list":
                return _list(act)
            case "restore":
                return from_trash(act, args.id, args.to, overwrite=args.overwrite)
            case _:
                return _purge(act, args)


def _list(act: Act) -> int:
    entries = trash.entries(act.store, act.ctx)
    data = [
        {
            "id": entry.node.id,
            "uuid": entry.node.uuid,
            "path": entry.path,
            "is_folder": entry.node.is_collection,
            "deleted_at": exact(entry.deleted_at),
            "deleted_by": entry.deleted_by,
            "versions": entry.node.version_no,
            "length_bytes": entry.node.content.length_bytes if entry.node.content else None,
        }
        for entry in entries
    ]
    rows = [
        (
            str(entry.node.id),
            local(entry.deleted_at, act.zone),
            entry.deleted_by,
            "(folder)" if entry.node.is_collection else size(entry.node.content.length_bytes if entry.node.content else 0),
            entry.path,
        )
        for entry in entries
    ]
    return act.show(("ID", "DELETED", "BY", "SIZE", "FROM"), rows, data, numbers=(0, 3))


def _purge(act: Act, args: argparse.Namespace) -> int:
    if args.older_than is None:
        try:
            purged = purging.purge(act.store, act.ctx, args.id)
        except NotFound:
            raise no_entry(args.id) from None
        return act.tell(sentence(purged), to_json(purged))
    try:
        age = parse_span(args.older_than)
    except ValueError as mistake:
        raise Malformed(f"--older-than {mistake}.") from None
    before = after(act.store.clock.now(), -age)
    with watching("Purging") as watch:
        gone = purging.purge_older_than(act.store, act.ctx, age, watch=watch)
    held = sum(entry.deleted_at < before for entry in trash.entries(act.store, act.ctx))
    freed = sum(one.freed_bytes for one in gone)
    stays = f" Held, so still there: {held:,}." if held else ""
    told = f"{count(len(gone), 'entry', 'entries')} gone for good: {size(freed)}.{stays}"
    return act.tell(told, [to_json(one) for one in gone])
