"""``davgate split`` and ``merge``: a wrong guess about a save is undone."""

from __future__ import annotations

import argparse

from davgate.cli.acting import acting, to_path
from davgate.config import Config
from davgate.core import mending
from davgate.model.paths import to_text


def run(args: argparse.Namespace, config: Config) -> int:
    """Make two documents of one, or one of two."""
    with acting(args, config) as act:
        path = to_path(args.path)
        if args.act == "split":
            made = mending.split(act.store, act.ctx, path, args.no, args.name).node
            where = to_text((*path[:-1], args.name))
            data = {"path": to_text(path), "into": where, "uuid": made.uuid, "versions": made.version_no}
            return act.tell(f"{where} has the versions of {to_text(path)} from {args.no} on.", data)
        into = to_path(args.into)
        merged = mending.merge(act.store, act.ctx, path, into).node
        data = {"path": to_text(into), "uuid": merged.uuid, "current": merged.version_no}
        return act.tell(f"{to_text(into)} has the versions of {to_text(path)}, up to number {merged.version_no}.", data)
