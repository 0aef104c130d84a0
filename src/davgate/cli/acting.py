"""Acting on a store from the command line: as davgate itself, or as the user of ``--as``."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import tzinfo

from davgate.cli.output import write_json, write_table
from davgate.config import Config
from davgate.configured import open_store
from davgate.core.principals.accounts import principal_named
from davgate.core.store import Context, Store
from davgate.model.frozen import frozen
from davgate.model.names import check_name
from davgate.model.paths import TreePath, from_text
from davgate.model.principal import SYSTEM
from davgate.storage import schema


@frozen
class Act:
    """What a command works with: the store, as whom, and how it answers."""

    store: Store
    ctx: Context
    is_json: bool

    @property
    def zone(self) -> tzinfo:
        """The time zone of texts."""
        return self.store.policy.time_zone

    def tell(self, sentence: str, data: object) -> int:
        """Write the outcome, as a sentence or as JSON, and return the exit code of success."""
        write_json(data) if self.is_json else print(sentence)
        return 0

    def show(self, headings: Sequence[str], rows: Sequence[Sequence[str]], data: object, numbers: Sequence[int] = ()) -> int:
        """Write what was asked for, as a table (see ``write_table``) or as JSON, and return the exit code of success."""
        write_json(data) if self.is_json else write_table(headings, rows, numbers)
        return 0


@contextmanager
def acting(args: argparse.Namespace, config: Config) -> Iterator[Act]:
    """Give the store of the settings, open, with who acts; close it afterwards.

    Raises:
        AccountRefused: there is no such user.
        StoreUnusable: there is no store, or one of another version.
    """
    store = open_store(config)
    try:
        schema.check(store.database)
        principal = SYSTEM if args.user is None else principal_named(store, args.user)
        yield Act(store, Context(principal, client="command line"), args.json)
    finally:
        store.database.close()


def to_path(text: str) -> TreePath:
    """Return the path that a text such as ``/folder/name.docx`` names; the first slash may be left out.

    Raises:
        InvalidName, NameTooLong.
    """
    path = from_text(text)
    for name in path:
        check_name(name)
    return path
