"""``davgate checkout``: working copies."""

from __future__ import annotations

import argparse

from davgate.cli.acting import Act, acting, to_path
from davgate.cli.output import exact, local, size
from davgate.config import Config
from davgate.core import checking_out
from davgate.model.errors import Malformed
from davgate.model.paths import to_text


def run(args: argparse.Namespace, config: Config) -> int:
    """List check-outs, take one, or end one; davgate itself ends anybody's."""
    with acting(args, config) as act:
        if args.path == "list":
            if args.cancel or args.check_in:
                raise Malformed("Say which document.")
            return _list(act)
        path = to_path(args.path)
        shown = to_text(path)
        if args.cancel:
            checking_out.cancel(act.store, act.ctx, path)
            return act.tell(f"The check-out of {shown} is cancelled.", {"path": shown, "is_checked_out": False})
        if args.check_in:
            made = checking_out.check_in(act.store, act.ctx, path, comment=args.comment)
            data = {"path": shown, "is_checked_out": False, "version": made.no}
            return act.tell(f"{shown} is checked in as version {made.no}.", data)
        if args.user is None:
            raise Malformed("A document is checked out by somebody. Say who with --as NAME.")
        taken = checking_out.check_out(act.store, act.ctx, path)
        data = {"path": shown, "is_checked_out": True, "holder": taken.principal_name, "base": taken.base_no}
        return act.tell(f"{shown} is checked out by {taken.principal_name} from version {taken.base_no}.", data)


def _list(act: Act) -> int:
    standing = checking_out.standing(act.store, act.ctx)
    data = [
        {
            "path": None if path is None else to_text(path),
            "holder": taken.principal_name,
            "taken_at": exact(taken.taken_at),
            "base": taken.base_no,
            "saved_at": exact(taken.saved_at),
            "length_bytes": None if taken.content is None else taken.content.length_bytes,
        }
        for taken, path in standing
    ]
    rows = [
        (
            "(in the trash)" if path is None else to_text(path),
            taken.principal_name,
            local(taken.taken_at, act.zone),
            str(taken.base_no),
            local(taken.saved_at, act.zone),
            "" if taken.content is None else size(taken.content.length_bytes),
        )
        for taken, path in standing
    ]
    return act.show(("PATH", "BY", "SINCE", "FROM", "SAVED", "SIZE"), rows, data, numbers=(3, 5))
