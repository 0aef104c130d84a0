"""``davgate key``: the keys of what the store signs. They are made, counted and removed, and never shown."""

from __future__ import annotations

import argparse

from davgate.cli.acting import Act, acting
from davgate.cli.output import exact, local
from davgate.config import Config
from davgate.core.principals import signing_keys


def run(args: argparse.Namespace, config: Config) -> int:
    """Make a new key, list all, or remove an older one."""
    with acting(args, config) as act:
        match args.act:
            case "rotate":
                made = signing_keys.rotate(act.store, act.ctx)
                return act.tell(f"Key {made.no} signs from now on.", {"no": made.no, "made_at": exact(made.made_at)})
            case "list":
                return _list(act)
            case _:
                signing_keys.remove(act.store, act.ctx, args.no)
                return act.tell(f"Key {args.no} is gone, and with it all that it signed.", {"no": args.no, "is_removed": True})


def _list(act: Act) -> int:
    found = signing_keys.all_keys(act.store, act.ctx)
    data = [{"no": one.no, "made_at": exact(one.made_at), "signs": one is found[0]} for one in found]
    rows = [(str(one.no), local(one.made_at, act.zone), "yes" if one is found[0] else "") for one in found]
    return act.show(("NO", "MADE", "SIGNS"), rows, data, numbers=(0,))
