"""``davgate group``: who belongs together."""

from __future__ import annotations

import argparse

from davgate.cli.acting import Act, acting
from davgate.cli.rights import in_commands
from davgate.config import Config
from davgate.core.principals import accounts, groups
from davgate.model.errors_of_sign_in import AccountRefused
from davgate.model.principal import SIGNED_IN_ID, PrincipalKind


def run(args: argparse.Namespace, config: Config) -> int:
    """Make and remove groups, and change and list who is in them."""
    with acting(args, config) as act:
        match args.act:
            case "add":
                groups.add(act.store, act.ctx, args.name)
                return act.tell(f"Added group {args.name}.", {"name": args.name, "kind": "group"})
            case "remove":
                groups.remove(act.store, act.ctx, args.name)
                return act.tell(
                    f"Group {args.name} is gone, with what was granted to it.", {"name": args.name, "is_removed": True}
                )
            case "list":
                return _list(act)
            case "members":
                return _members(act, args.name, by_groups=args.all)
            case _:
                return _change(act, args.name, args.members, joins=args.act == "join")


def _list(act: Act) -> int:
    found = accounts.all_of(act.store, act.ctx, PrincipalKind.GROUP)
    data = [{"name": in_commands(group.name), "is_everybody": group.id == SIGNED_IN_ID} for group in found]
    rows = [(in_commands(group.name), "all who sign in" if group.id == SIGNED_IN_ID else "") for group in found]
    return act.show(("NAME", "WHO"), rows, data)


def _members(act: Act, name: str, *, by_groups: bool) -> int:
    if in_commands(name) == accounts.SIGNED_IN:
        raise AccountRefused("Everybody who signs in is in signed-in. List users and services instead.")
    found = groups.members(act.store, act.ctx, name, by_groups=by_groups)
    data = [{"name": member.name, "kind": member.kind.value} for member in found]
    return act.show(("NAME", "KIND"), [(member.name, member.kind.value) for member in found], data)


def _change(act: Act, name: str, members: list[str], *, joins: bool) -> int:
    change = groups.join if joins else groups.leave
    changed = [member for member in members if change(act.store, act.ctx, name, member)]
    done = "now in" if joins else "no longer in"
    unchanged = [member for member in members if member not in changed]
    sentences = [f"{_who(changed, 'is', 'are')} {done} {name}."] if changed else []
    if unchanged:
        sentences.append(f"{_who(unchanged, 'was', 'were')} {'in' if joins else 'not in'} {name}{' already' if joins else ''}.")
    return act.tell(" ".join(sentences), {"name": name, "joined" if joins else "left": changed})


def _who(names: list[str], one: str, several: str) -> str:
    return f"{', '.join(names)} {one if len(names) == 1 else several}"
