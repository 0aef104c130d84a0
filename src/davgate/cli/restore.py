"""``davgate restore``: a version, a past state or something deleted comes back. Nothing is undone: what comes back is added."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager

from davgate.cli.acting import Act, acting, to_path
from davgate.config import Config
from davgate.core import deleted, time_travel, trash, versioning
from davgate.core.content import Written
from davgate.core.tree import look_at
from davgate.model.errors import Malformed, NotADocument, NotFound, PreconditionFailed
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
            if is_folder(act, path):
                raise NotADocument(path)
            onto = args.overwrite or destination == path
            with naming_overwrite():
                written = versioning.restore(act.store, act.ctx, path, args.no, destination, overwrite=onto)
            again = "again" if destination == path else f"of {to_text(path)}"
            return _tell(act, f"has the content of version {args.no} {again}", destination, written)
        at = time_travel.parse_instant(args.at, act.zone, act.store.clock.now())
        # A document gets another version. A folder would go to the trash, with all that is in it.
        onto = args.overwrite or (destination == path and not is_folder(act, path))
        try:
            with naming_overwrite():
                written = time_travel.copy_out(act.store, act.ctx, at, path, destination, overwrite=onto)
        except NotFound:
            # Something may well be at the path today.
            raise Malformed(f"There was nothing at {to_text(path)} at that time.") from None
        whose = "it" if destination == path else to_text(path)
        return _tell(act, f"is what {whose} was at {args.at}", destination, written)


def from_trash(act: Act, node_id: int, to: str | None, *, overwrite: bool) -> int:
    """Bring an entry of the trash back and say where it is."""
    destination = None if to is None else to_path(to)
    entry = next((one for one in trash.entries(act.store, act.ctx) if one.node.id == node_id), None)
    if entry is None:
        raise no_entry(node_id)
    if entry.name or destination is not None:
        with naming_overwrite():
            written = trash.restore(act.store, act.ctx, node_id, destination, overwrite=overwrite)
    else:
        written = Written(deleted.restore(act.store, act.ctx, node_id), is_created=True)
    return _tell(act, "is what was deleted", destination or to_path(entry.path), written)


def no_entry(node_id: int) -> Malformed:
    """Return the refusal of an entry that the trash does not have."""
    return Malformed(f"The trash has no entry {node_id}. List it with davgate trash list.")


@contextmanager
def naming_overwrite() -> Iterator[None]:
    """Refuse to replace something with the flag that would allow it."""
    try:
        yield
    except PreconditionFailed as error:
        # Without conditions, which only doors have, something that exists is what stands in the way.
        raise Malformed(str(error).replace("Allow overwriting it", "Replace it with --overwrite")) from error


def is_folder(act: Act, path: TreePath) -> bool:
    """Tell whether there is a folder at a path, as far as the one who acts may see."""
    try:
        return look_at(act.store, act.ctx, path).node.is_collection
    except NotFound:
        return False


def _tell(act: Act, what: str, destination: TreePath, written: Written) -> int:
    where = to_text(destination)
    node = written.node
    data = {"path": where, "uuid": node.uuid, "current": node.version_no, "is_created": written.is_created}
    # A folder has no versions.
    number = f", as version {node.version_no}" if node.version_no and what.startswith("has") else ""
    return act.tell(f"{where} {what}{number}.", data)
