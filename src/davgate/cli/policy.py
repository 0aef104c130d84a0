"""``davgate policy``: what makes a version in a folder."""

from __future__ import annotations

import argparse

from davgate.cli.acting import acting, to_path
from davgate.config import Config
from davgate.core import sessions
from davgate.core.sessions import VersionsPer
from davgate.model.paths import to_text

_MEANING = {
    VersionsPer.SESSION: "all saves under a lock are one version",
    VersionsPer.SAVE: "each save is a version",
}


def run(args: argparse.Namespace, config: Config) -> int:
    """Decide what makes a version, if asked to, and tell what does."""
    with acting(args, config) as act:
        path = to_path(args.path)
        if args.versions_per is not None:
            per = None if args.versions_per == "inherit" else VersionsPer(args.versions_per)
            sessions.set_versions_per(act.store, act.ctx, path, per)
        now = sessions.versions_per_in(act.store, act.ctx, path)
        return act.tell(f"In {to_text(path)} {_MEANING[now]}.", {"path": to_text(path), "versions_per": now.value})
