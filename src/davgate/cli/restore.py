"""``davgate restore``: a version, a past state or something deleted comes back. Nothing is taken back for it: it is added."""

from __future__ import annotations

import argparse

from davgate.cli.acting import Act, acting, to_path
from davgate.config import Config
from davgate.core import deleted, time_travel, trash, versioning
from davgate.core.content import Written
from davgate.core.tree import listing
from davgate.model.errors import Malformed, NotFound
from davgate.model.paths import TreePath, to_text


def run(args: argparse.Namespace, config: Config) -> int:
    """Bring back what the arguments name; a version goes onto its own document unless told otherwise."""
    with acting(args, config) as act:
        if args.trash is not None:
            if args.path is not None or args.at is not None:
                raise Malformed("Name an entry of the trash alone, with --to PATH if it is to go elsewhere.")
            return from_trash(act, args.trash, args.to, overwrite=args.overwrite)
        if args.path is None or (args.no is None) == (args.at is None):
            raise Malformed("Say what: PATH NO, PATH --at INSTANT, or --trash ID.")
        path = to_path(args.path)
        destination = path if args.to is None else to_path(args.to)
        if args.at is None:
            onto = args.overwrite or destination == path
            written = versioning.restore(act.store, act.ctx, path, args.no, destination, overwrite=onto)
            return _tell(act, f"version {args.no} of {to_text(path)}", destination, written)
        at = time_travel.parse_instant(args.at, act.zone, act.store.clock.now())
        # A document gets another version. A folder would go to the trash, with all that is in it.
        onto = args.overwrite or (destination == path and not _is_folder(act, path))
        try:
            written = time_travel.copy_out(act.store, act.ctx, at, path, destination, overwrite=onto)
        except NotFound:
            # Something may well be at the path today.
            raise NotFound((".at", args.at, *path)) from None
        return _tell(act, f"{to_text(path)} of {args.at}", destination, written)


def from_trash(act: Act, node_id: int, to: str | None, *, overwrite: bool) -> int:
    """Bring an entry of the trash back and say where it is."""
    destination = None if to is None else to_path(to)
    entry = next((one for one in trash.entries(act.store, act.ctx) if one.node.id == node_id), None)
    if entry is None:
        raise NotFound((".trash", str(node_id)))
    if entry.name or destination is not None:
        written = trash.restore(act.store, act.ctx, node_id, destination, overwrite=overwrite)
    else:
        written = Written(deleted.restore(act.store, act.ctx, node_id), is_created=True)
    return _tell(act, "what was deleted", destination or to_path(entry.path), written)


def _is_folder(act: Act, path: TreePath) -> bool:
    try:
        with listing(act.store, act.ctx, path, with_members=False, with_properties=False, with_locks=False) as found:
            return found.node.is_collection
    except NotFound:
        return False


def _tell(act: Act, what: str, destination: TreePath, written: Written) -> int:
    where = to_text(destination)
    node = written.node
    data = {"path": where, "uuid": node.uuid, "current": node.version_no, "is_created": written.is_created}
    return act.tell(f"{where} is {what}.", data)
