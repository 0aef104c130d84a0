"""``davgate token issue``: a short token that a program sends as a bearer token."""

from __future__ import annotations

import argparse
from datetime import timedelta

from davgate.cli.acting import acting
from davgate.cli.output import exact
from davgate.config import Config, parse_span
from davgate.core.principals.tokens import issue_for
from davgate.identity.local_tokens import LONGEST_LIFE
from davgate.model.errors import Malformed


def run(args: argparse.Namespace, config: Config) -> int:
    """Issue a token."""
    life = config.login.token_life if args.life is None else _life(args.life)
    with acting(args, config) as act:
        issued = issue_for(act.store, act.ctx, args.who, life)
        data = {"who": args.who, "token": issued.token, "expires_at": exact(issued.expires_at)}
        return act.tell(issued.token, data)


def _life(text: str) -> timedelta:
    try:
        life = parse_span(text)
    except ValueError as mistake:
        raise Malformed(f"--life {mistake}.") from None
    if not timedelta(seconds=1) <= life <= LONGEST_LIFE:
        raise Malformed("--life must be between 1s and 24h.")
    return life
