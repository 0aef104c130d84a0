"""``davgate token``: app passwords, which people give to single programs."""

from __future__ import annotations

import argparse

from davgate.cli.acting import Act, acting, to_path
from davgate.cli.expiry import expiry
from davgate.cli.output import exact, local
from davgate.cli.rights import in_words, to_rights
from davgate.config import Config
from davgate.core.principals import app_passwords
from davgate.core.principals.app_passwords import Listed, NewAppPassword
from davgate.model.errors import Malformed
from davgate.model.paths import to_text
from davgate.model.rights import EVERYTHING, names_of


def run(args: argparse.Namespace, config: Config) -> int:
    """Make an app password, list some, or end one."""
    owner: str | None = args.owner or args.user
    with acting(args, config) as act:
        if args.act == "list":
            return _list(act, owner)
        if owner is None:
            raise Malformed("Say whose app password it is: --for NAME.")
        if args.act == "add":
            return _add(act, owner, args)
        app_passwords.revoke(act.store, act.ctx, owner, args.name)
        data = {"name": args.name, "owner": owner, "is_revoked": True}
        return act.tell(f"The app password {args.name} of {owner} is revoked.", data)


def _add(act: Act, owner: str, args: argparse.Namespace) -> int:
    new = NewAppPassword(
        args.name,
        EVERYTHING if args.rights is None else to_rights(args.rights.split(",")),
        None if args.tree is None else to_path(args.tree),
        expiry(act, args.expires),
        with_digest=args.digest,
    )
    made = app_passwords.make(act.store, act.ctx, owner, new)
    data = _to_json(Listed(made.kept, owner, new.tree))
    return act.tell(
        f"App password {args.name} of {owner}, which is shown only this once:\n{made.secret}", {**data, "secret": made.secret}
    )


def _list(act: Act, owner: str | None) -> int:
    found = app_passwords.all_of(act.store, act.ctx, owner)
    rows = [
        (
            one.owner,
            one.kept.name,
            "everything" if one.kept.scope.rights == EVERYTHING else in_words(one.kept.scope.rights),
            _tree(one),
            local(one.kept.expires_at, act.zone) or "(never)",
            local(one.kept.used_at, act.zone) or "(never)",
        )
        for one in found
    ]
    return act.show(("OF", "NAME", "AT MOST", "IN", "EXPIRES", "LAST USED"), rows, [_to_json(one) for one in found])


def _tree(one: Listed) -> str:
    if one.is_without_tree:
        return "(deleted)"
    return "everywhere" if one.tree is None else to_text(one.tree)


def _to_json(one: Listed) -> dict[str, object]:
    return {
        "owner": one.owner,
        "name": one.kept.name,
        "rights": names_of(one.kept.scope.rights),
        "tree": None if one.tree is None else to_text(one.tree),
        "is_without_tree": one.is_without_tree,
        "created_at": exact(one.kept.created_at),
        "expires_at": exact(one.kept.expires_at),
        "used_at": exact(one.kept.used_at),
        "serves_digest": one.kept.digest_md5 is not None,
    }
