"""``davgate erase``: documents go for good."""

from __future__ import annotations

import argparse
import sys

from davgate.cli.acting import acting
from davgate.cli.output import count, size
from davgate.config import Config
from davgate.core.erasing import Erased, erase


def run(args: argparse.Namespace, config: Config) -> int:
    """Remove a document or folder for good and say what went."""
    with acting(args, config) as act:
        erased = erase(act.store, act.ctx, args.which, args.reason)
        if not erased.is_overwritten:
            print("Note: a reader kept older pages of the database; the next erase, or a restart, removes them.", file=sys.stderr)
        return act.tell(sentence(erased), to_json(erased))


def sentence(erased: Erased) -> str:
    """Return what went, for people."""
    went = f"{count(erased.documents, 'document')} with {count(erased.versions, 'version')}, {size(erased.freed_bytes)}"
    stays = f" What other documents have too stays ({count(erased.shared, 'content')})." if erased.shared else ""
    return f"{erased.path} is gone for good: {went}.{stays}"


def to_json(erased: Erased) -> dict[str, object]:
    """Return what went, for programs."""
    return {
        "path": erased.path,
        "uuid": erased.uuid,
        "documents": erased.documents,
        "versions": erased.versions,
        "freed_bytes": erased.freed_bytes,
        "shared_contents": erased.shared,
    }
