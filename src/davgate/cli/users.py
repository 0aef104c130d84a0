"""``davgate user``: accounts."""

from __future__ import annotations

import argparse
import sys

from davgate.app import open_store, passwords_of
from davgate.config import Config
from davgate.core.accounts import NewUser, add_user
from davgate.model.errors import AccountRefused
from davgate.storage import schema

_LONGEST_PASSWORD = 1024


def run(args: argparse.Namespace, config: Config) -> int:
    """Add a user; the password is one line on standard input, so that it is in no list of processes."""
    password = sys.stdin.readline(_LONGEST_PASSWORD + 2).rstrip("\r\n")
    if len(password) > _LONGEST_PASSWORD:
        raise AccountRefused(f"A password has at most {_LONGEST_PASSWORD} characters. Choose a shorter one.")
    store = open_store(config)
    schema.check(store.database)
    add_user(store, passwords_of(config), NewUser(args.name, password, is_admin=args.admin))
    store.database.close()
    print(f"Added {'administrator' if args.admin else 'user'} {args.name}.")
    return 0
