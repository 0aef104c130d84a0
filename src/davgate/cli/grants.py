"""``davgate grant``: who may do what where, and why."""

from __future__ import annotations

import argparse

from davgate.cli.acting import Act, acting, to_path
from davgate.cli.output import write_json, write_table
from davgate.cli.rights import in_commands, in_words, to_rights
from davgate.config import Config
from davgate.core.principals import granting
from davgate.core.principals.granting import Explanation
from davgate.model.paths import TreePath, to_text
from davgate.model.rights import NO_RIGHTS, UNRESTRICTED, Right, names_of


def run(args: argparse.Namespace, config: Config) -> int:
    """Give or take rights at a place, let those from further up end or hold there, or tell of them."""
    path = to_path(args.path)
    where = to_text(path)
    with acting(args, config) as act:
        match args.act:
            case "set":
                rights = to_rights(args.rights)
                granting.grant(act.store, act.ctx, path, args.who, rights)
                data = {"path": where, "who": args.who, "rights": names_of(rights)}
                return act.tell(f"{args.who} has this on {where}: {in_words(rights)}.", data)
            case "remove":
                before = granting.revoke(act.store, act.ctx, path, args.who)
                data = {"path": where, "who": args.who, "removed": names_of(before)}
                had = f"no longer has this on {where}: {in_words(before)}" if before else f"had no grant on {where}"
                return act.tell(f"{args.who} {had}.", data)
            case "list":
                return _list(act, path)
            case "close":
                granting.close(act.store, act.ctx, path)
                return act.tell(f"{where} is closed: rights from further up end here.", {"path": where, "is_closed": True})
            case "open":
                granting.open_again(act.store, act.ctx, path)
                return act.tell(f"{where} is open: rights from further up hold here.", {"path": where, "is_closed": False})
            case _:
                return _explain(act, path, args.who, args.token)


def _list(act: Act, path: TreePath) -> int:
    places = granting.grants(act.store, act.ctx, path)
    data = [
        {
            "path": to_text(place.path),
            "is_closed": place.is_closed,
            "grants": [{"who": in_commands(one.principal_name), "rights": names_of(Right(one.rights))} for one in place.grants],
        }
        for place in places
    ]
    rows = []
    for place in places:
        where = to_text(place.path)
        if place.is_closed:
            rows.append((where, "", "(closed: of the above only manager holds from here on)"))
        rows += [(where, in_commands(one.principal_name), in_words(Right(one.rights))) for one in place.grants]
    return act.show(("ON", "WHO", "MAY"), rows, data)


def _explain(act: Act, path: TreePath, who: str, app_password: str | None) -> int:
    told = granting.explain(act.store, act.ctx, path, who, app_password)
    where = to_text(path)
    if act.is_json:
        write_json(_to_json(told, where))
        return 0
    print(f"{who} may do this on {where}: {', '.join(names_of(told.rights)) or 'nothing'}.")
    for sentence in _facts(told, who):
        print(sentence)
    if told.reasons:
        print()
        rows = [
            (
                to_text(reason.path),
                f"the group {in_commands(reason.by)}" if reason.by else who,
                in_words(reason.rights),
                f"no, it ends at {to_text(reason.ended_at)}, which is closed" if reason.ended_at is not None else "yes",
            )
            for reason in told.reasons
        ]
        write_table(("GRANTED ON", "TO", "MAY", "HOLDS HERE"), rows)
    return 0


def _facts(told: Explanation, who: str) -> list[str]:
    facts = []
    if told.is_shut_out:
        facts.append(f"{who} is disabled or expired, so nothing of what follows counts.")
    if told.is_admin:
        facts.append(f"{who} is an administrator of the store, who may do everything.")
    if told.is_maker:
        facts.append(f"{who} made it, so that the right own counts for more here.")
    if told.scope.rights != UNRESTRICTED.rights:
        facts.append(f"The app password allows no more than {in_words(told.scope.rights)}.")
    if not told.is_in_scope:
        facts.append("The app password is for another tree.")
    if told.rights == NO_RIGHTS and not told.reasons and not told.is_admin:
        facts.append(f"Nothing is granted to {who} or its groups on the way here.")
    return facts


def _to_json(told: Explanation, where: str) -> dict[str, object]:
    return {
        "path": where,
        "who": told.principal.name,
        "rights": names_of(told.rights),
        "is_shut_out": told.is_shut_out,
        "is_admin": told.is_admin,
        "is_maker": told.is_maker,
        "at_most": names_of(told.scope.rights),
        "is_in_tree": told.is_in_scope,
        "grants": [
            {
                "path": to_text(reason.path),
                "group": in_commands(reason.by) or None,
                "rights": names_of(reason.rights),
                "ended_at": None if reason.ended_at is None else to_text(reason.ended_at),
            }
            for reason in told.reasons
        ],
    }
