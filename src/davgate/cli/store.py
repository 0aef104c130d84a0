"""``davgate init``: make an empty store, or bring the schema of one up to date."""

from __future__ import annotations

import argparse

from davgate.app import open_store
from davgate.config import Config
from davgate.storage import durable, schema


def run(args: argparse.Namespace, config: Config) -> int:
    """Do the work and return the exit code."""
    durable.make_folder(config.data)
    store = open_store(config)
    schema.prepare(store.database)
    store.blobs.prepare()
    store.database.close()
    print(f"The store in {config.data} is ready.")
    return 0
