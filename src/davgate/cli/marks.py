"""``davgate label``, ``pin`` and ``hold``: marks on versions."""

from __future__ import annotations

import argparse

from davgate.cli.acting import Act, acting, to_path
from davgate.config import Config
from davgate.core import marking
from davgate.model.paths import TreePath, to_text

_ACTS = {
    ("pin", False): (marking.pin, "pinned"),
    ("pin", True): (marking.unpin, "not pinned any more"),
    ("hold", False): (marking.hold, "held"),
    ("hold", True): (marking.release, "released"),
}


def run(args: argparse.Namespace, config: Config) -> int:
    """Mark a version, or remove a mark."""
    with acting(args, config) as act:
        path = to_path(args.path)
        if args.mark == "label":
            no, state = _label(act, path, args)
        else:
            do, state = _ACTS[args.mark, args.remove]
            no = do(act.store, act.ctx, path, args.no)
        data = {"path": to_text(path), "version": no, "mark": args.mark, "is_set": not args.remove}
        if args.mark == "label":
            data["label"] = args.label
        return act.tell(f"Version {no} of {to_text(path)} is {state}.", data)


def _label(act: Act, path: TreePath, args: argparse.Namespace) -> tuple[int, str]:
    if args.remove:
        no = marking.remove_label(act.store, act.ctx, path, args.label)
        return no, f"not labelled {args.label!r} any more"
    no = marking.set_label(act.store, act.ctx, path, args.no, args.label, may_move=args.move)
    return no, f"labelled {args.label!r}"
