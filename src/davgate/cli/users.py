"""``davgate user`` and ``davgate service``: accounts."""

from __future__ import annotations

import argparse
import sys
from getpass import getpass

from davgate.cli.acting import Act, acting
from davgate.cli.expiry import expiry
from davgate.cli.output import exact, local
from davgate.config import Config
from davgate.configured import passwords_of
from davgate.core.principals import accounts
from davgate.core.principals.accounts import NewUser
from davgate.model.errors_of_sign_in import AccountRefused
from davgate.model.instant import FOREVER, Instant
from davgate.model.principal import PrincipalKind
from davgate.storage.api import Account

_LONGEST_PASSWORD = 1024


def run(args: argparse.Namespace, config: Config) -> int:
    """Make, show or change accounts; a password comes by standard input, so that it is in no list of processes."""
    kind = PrincipalKind(args.kind)
    with acting(args, config) as act:
        match args.act:
            case "add":
                return _add(act, args, config)
            case "list":
                return _list(act, kind)
            case "show":
                return _show(act, args.name, kind)
            case "password":
                accounts.change_password(act.store, passwords_of(config), act.ctx, args.name, _password())
                return act.tell(f"{args.name} has another password.", {"name": args.name, "has_password": True})
            case "admin":
                accounts.set_admin(act.store, act.ctx, args.name, is_admin=not args.remove)
                role = "an ordinary user" if args.remove else "an administrator"
                return act.tell(f"{args.name} is {role} now.", {"name": args.name, "is_admin": not args.remove})
            case "expire":
                expires_at = expiry(act, args.when)
                accounts.set_expiry(act.store, act.ctx, args.name, kind, expires_at)
                return act.tell(f"{args.name} {_until(act, expires_at)}.", {"name": args.name, "expires_at": exact(expires_at)})
            case _:
                is_disabled = args.act == "disable"
                accounts.set_disabled(act.store, act.ctx, args.name, kind, is_disabled=is_disabled)
                state = "shut out" if is_disabled else "let in again"
                return act.tell(f"{args.name} is {state}.", {"name": args.name, "is_disabled": is_disabled})


def _password() -> str:
    if sys.stdin.isatty():
        password = getpass("Password: ", sys.stderr)
        if getpass("The same again: ", sys.stderr) != password:
            raise AccountRefused("The two passwords differ. Try again.")
    else:
        password = sys.stdin.readline(_LONGEST_PASSWORD + 2).rstrip("\r\n")
    if len(password) > _LONGEST_PASSWORD:
        raise AccountRefused(f"A password has at most {_LONGEST_PASSWORD} characters. Choose a shorter one.")
    return password


def _add(act: Act, args: argparse.Namespace, config: Config) -> int:
    expires_at = expiry(act, args.expires)
    data = {"name": args.name, "kind": args.kind, "expires_at": exact(expires_at)}
    if args.kind == "service":
        accounts.add_service(act.store, act.ctx, args.name, expires_at)
        return act.tell(f"Added service {args.name}.", data)
    password = _password() if args.password_stdin else None
    new = NewUser(args.name, password, is_admin=args.admin, expires_at=expires_at)
    accounts.add_user(act.store, passwords_of(config), new, act.ctx)
    what = "administrator" if args.admin else "user"
    return act.tell(f"Added {what} {args.name}.", {**data, "is_admin": args.admin})


def _until(act: Act, expires_at: Instant) -> str:
    if expires_at >= FOREVER:
        return "may sign in without end"
    is_over = expires_at <= act.store.clock.now()
    return f"{'is shut out since' if is_over else 'may sign in until'} {local(expires_at, act.zone)}"


def _list(act: Act, kind: PrincipalKind) -> int:
    found = accounts.all_of(act.store, act.ctx, kind)
    rows = [
        (
            account.name,
            "administrator" if account.principal.is_admin else kind.value,
            _state(act, account),
            local(account.expires_at, act.zone) or "(never)",
            account.source or ("password" if account.password_hash else "(no password)"),
            local(account.created_at, act.zone),
        )
        for account in found
    ]
    headings = ("NAME", "ROLE", "STATE", "EXPIRES", "SIGNS IN BY", "MADE")
    return act.show(headings, rows, [_to_json(account) for account in found])


def _state(act: Act, account: Account) -> str:
    if account.is_disabled:
        return "disabled"
    return "active" if account.may_sign_in(act.store.clock.now()) else "expired"


def _show(act: Act, name: str, kind: PrincipalKind) -> int:
    account = accounts.show(act.store, act.ctx, name, kind)
    groups = sorted(accounts.names_of(act.store, account.groups).values())
    rows = [
        ("name", account.name),
        ("role", "administrator" if account.principal.is_admin else kind.value),
        ("state", _state(act, account)),
        ("expires", local(account.expires_at, act.zone) or "(never)"),
        ("signs in by", account.source or ("password" if account.password_hash else "(no password)")),
        ("made", local(account.created_at, act.zone)),
        ("groups", ", ".join(groups) or "(none)"),
    ]
    return act.show(("WHAT", "VALUE"), rows, {**_to_json(account), "groups": groups})


def _to_json(account: Account) -> dict[str, object]:
    return {
        "name": account.name,
        "kind": account.kind.value,
        "is_admin": account.principal.is_admin,
        "is_disabled": account.is_disabled,
        "expires_at": exact(account.expires_at),
        "source": account.source,
        "has_password": account.password_hash is not None,
        "created_at": exact(account.created_at),
    }
