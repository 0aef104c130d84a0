"""``davgate fsck``: read everything back and list the damage, one line each."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

from davgate.cli.main import Exit
from davgate.config import Config
from davgate.configured import open_store
from davgate.core.store import Store
from davgate.storage.checking.verify import BROKEN, Finding, verify, verify_schema


def run(args: argparse.Namespace, config: Config) -> int:
    """Check every invariant; damage goes to standard output, notes to standard error."""
    store = open_store(config)
    damages = 0
    try:
        for finding in _findings(store, read_data=args.read_data):
            if finding.is_damage:
                damages += 1
                print(_line(finding), flush=True)
            else:
                print("Note:", _line(finding), file=sys.stderr)
    finally:
        store.database.close()
    if damages:
        print(f"Damage found: {damages}.", file=sys.stderr)
        return Exit.DAMAGED
    print("Every invariant holds." if args.read_data else "Every invariant holds; the bytes of contents were not read.")
    return Exit.DONE


def _findings(store: Store, *, read_data: bool) -> Iterator[Finding]:
    is_readable = True
    for finding in verify_schema(store.database):
        is_readable = is_readable and finding.code != BROKEN
        yield finding
    # Where the file is no database, reading its rows would only say so again.
    if is_readable:
        yield from verify(store.database, store.blobs, read_data=read_data)


def _line(finding: Finding) -> str:
    """Return a finding as one line: a database may say what it has to say in several."""
    return " ".join(str(finding).split())
