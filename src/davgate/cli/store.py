"""``davgate init``: make an empty store, or bring the schema of one up to date."""

from __future__ import annotations

import argparse

from davgate.config import Config
from davgate.configured import open_store
from davgate.core.store import Store
from davgate.model.errors import StoreUnusable
from davgate.storage import durable, schema


def run(args: argparse.Namespace, config: Config) -> int:
    """Do the work and return the exit code.

    Raises:
        StoreUnusable: see ``prepare``.
    """
    store = open_store(config)
    try:
        prepare(store, config)
    finally:
        store.database.close()
    print(f"The store in {config.data} is ready.")
    return 0


def prepare(store: Store, config: Config) -> None:
    """Make what the store of the settings needs, as far as it is not there.

    Raises:
        StoreUnusable: there are contents and no database, or a database and no contents: the other is lost or elsewhere.
    """
    durable.make_folder(config.data)
    is_new = not schema.is_prepared(store.database)
    # Where a mount is missing, folders made in its place would pass for a store whose contents are all lost.
    if not is_new and not store.blobs.is_there() and schema.names_contents(store.database):
        raise StoreUnusable(
            f"The database names contents, and {config.blob_folder} has none of them. "
            "Mount or restore that folder, or name the right one."
        )
    store.blobs.prepare()
    # A new store would take contents that it does not know for leftovers, and collect them.
    if is_new and next(store.blobs.stored(), None) is not None:
        raise StoreUnusable(
            f"There are contents in {config.blob_folder} and no database that names them; a new store would remove them. "
            "Put the database back, or name another folder."
        )
    schema.prepare(store.database)
