"""``davgate locks``: who has locked what."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from davgate.cli.acting import Act, acting, to_path
from davgate.cli.output import exact, local
from davgate.config import Config
from davgate.core import locking
from davgate.core.access import LockAt
from davgate.core.principals.accounts import names_of
from davgate.http.headers import bare_token
from davgate.model.errors import UnknownLockToken
from davgate.model.paths import to_text


def run(args: argparse.Namespace, config: Config) -> int:
    """List the locks at and below a place, or break one of them."""
    with acting(args, config) as act:
        standing = locking.standing(act.store, act.ctx, to_path(args.path))
        if args.token is None:
            return _list(act, standing)
        token = bare_token(args.token.strip("<>"))
        root = next((root for lock, root in standing if lock.token == token), None)
        if root is None:
            raise UnknownLockToken()
        locking.unlock(act.store, act.ctx, root, token)
        return act.tell(f"The lock on {to_text(root)} is broken.", {"path": to_text(root), "token": token, "is_broken": True})


def _list(act: Act, standing: Sequence[LockAt]) -> int:
    names = names_of(act.store, [lock.principal_id for lock, _ in standing])
    data = [
        {
            "path": to_text(root),
            "holder": names[lock.principal_id],
            "scope": lock.scope.value,
            "depth": lock.depth.value,
            "expires_at": exact(lock.expires_at),
            "token": lock.token,
            "owner": lock.owner,
        }
        for lock, root in standing
    ]
    rows = [
        (
            to_text(root),
            names[lock.principal_id],
            lock.scope.value,
            lock.depth.value,
            local(lock.expires_at, act.zone) or "(never)",
            lock.token,
        )
        for lock, root in standing
    ]
    return act.show(("PATH", "BY", "SCOPE", "DEPTH", "UNTIL", "TOKEN"), rows, data)
