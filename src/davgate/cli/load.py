"""``davgate load``: a new store, in the database that the settings name, with all that a backup holds."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from davgate.cli import backup_mark
from davgate.cli.backup import closing_store, open_backup, tell
from davgate.cli.output import progress
from davgate.cli.store import prepare
from davgate.config import Config
from davgate.configured import open_store
from davgate.core.backups import copy_store
from davgate.model.errors import Malformed
from davgate.storage import schema


def run(args: argparse.Namespace, config: Config) -> int:
    """Fill the store and tell what it came to."""
    source: Path = args.source
    mark = backup_mark.find(source)
    if mark is None:
        raise Malformed(f"{source} is no backup. Name a folder that `davgate backup` has written.")
    if mark.made_at is None:
        raise Malformed(f"The backup in {source} was never completed. Use another one.")
    # What lies in files there lies in files here.
    config = replace(config, store=replace(config.store, inline_bytes=0))
    with closing_store(open_backup(config, source)) as backup, closing_store(open_store(config)) as target:
        schema.check(backup.database)
        prepare(target, config)
        with progress("Copying", 0) as advance:
            copied = copy_store(backup, target, watch=advance)
    about: dict[str, object] = {"source": str(source), "made_at": mark.made_at}
    return tell(args, copied, f"The store is as it was at {mark.made_at}", about)
