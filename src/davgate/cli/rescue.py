"""``davgate rescue``: what came too late to be a version, kept for who saved it."""

from __future__ import annotations

import argparse

from davgate.cli.acting import Act, acting, to_path
from davgate.cli.output import exact, local, size, write_json, write_table
from davgate.cli.restore import is_folder, naming_overwrite
from davgate.config import Config
from davgate.core import rescue_copies
from davgate.model.errors import Malformed, NotFound
from davgate.model.paths import to_text


def run(args: argparse.Namespace, config: Config) -> int:
    """List somebody's rescue copies, make one a document, or remove one for good."""
    if args.user is None:
        raise Malformed("Rescue copies are their author's alone. Name whose with --as.")
    with acting(args, config) as act:
        if args.act == "list":
            return _list(act)
        try:
            return _restore(act, args) if args.act == "restore" else _remove(act, args.name)
        except NotFound as error:
            if error.path[:1] != (".rescue",):
                raise
            raise Malformed(f"There is no rescue copy {args.name!r}. List them with davgate rescue list.") from None


def _list(act: Act) -> int:
    entries = rescue_copies.entries(act.store, act.ctx)
    if act.is_json:
        write_json(
            [
                {
                    "name": entry.name,
                    "path": entry.path,
                    "reason": entry.reason,
                    "kept_at": exact(entry.kept_at),
                    "media_type": entry.content.media_type,
                    "length_bytes": entry.content.length_bytes,
                    "sha256": entry.content.digest.hex(),
                }
                for entry in entries
            ]
        )
        return 0
    rows = [
        (entry.name, local(entry.kept_at, act.zone), size(entry.content.length_bytes), entry.path, entry.reason)
        for entry in entries
    ]
    write_table(("NAME", "KEPT", "SIZE", "FOR", "WHY"), rows, numbers=(2,))
    return 0


def _restore(act: Act, args: argparse.Namespace) -> int:
    kept = rescue_copies.find(act.store, act.ctx, args.name)
    destination = to_path(kept.path if args.to is None else args.to)
    # A folder that is there today would go to the trash, with all that is in it.
    onto = args.overwrite or (args.to is None and not is_folder(act, destination))
    with naming_overwrite():
        written = rescue_copies.copy_out(act.store, act.ctx, args.name, destination, overwrite=onto, dropping=True)
    where, no = to_text(destination), written.node.version_no
    return act.tell(f"{where} has it, as version {no}.", {"path": where, "uuid": written.node.uuid, "current": no})


def _remove(act: Act, name: str) -> int:
    rescue_copies.drop(act.store, act.ctx, name)
    return act.tell(f"{name} is gone for good.", {"name": name, "is_removed": True})
