"""The argument tree: what can be said on the command line. It imports no module that does anything, so that it loads at once."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TypeAlias

from davgate import __version__

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

_PASSWORD = "read the password from standard input: a terminal, which asks twice, or one line of a pipe"


class Parser(argparse.ArgumentParser):
    """Names the command that may have been meant where there is none of a name."""

    def _check_value(self, action: argparse.Action, value: object) -> None:
        try:
            super()._check_value(action, value)
        except argparse.ArgumentError:
            if not isinstance(action, argparse._SubParsersAction):
                raise
            alike = get_close_matches(str(value), action.choices, 1)
            hint = f" Did you mean {alike[0]}?" if alike else f" There are: {', '.join(action.choices)}."
            raise argparse.ArgumentError(None, f"there is no command {value!r}.{hint}") from None


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return what the arguments say, or end with the usage of the command in which they are mistaken."""
    top = parser()
    found, left = top.parse_known_args(argv)
    if left:
        # argparse itself leaves that to the top, which tells the usage of all commands.
        of_command = getattr(found, "parser", top)
        known = [option for action in of_command._actions for option in action.option_strings]
        alike = get_close_matches(left[0].partition("=")[0], known, 1) if left[0].startswith("--") else []
        hint = f". Did you mean {alike[0]}?" if alike else ""
        of_command.error(f"unrecognized arguments: {' '.join(left)}{hint}")
    return found


def parser() -> argparse.ArgumentParser:
    """Return the argument tree."""
    top: argparse.ArgumentParser = Parser(prog="davgate", description="A document store with many doors.", allow_abbrev=False)
    top.add_argument("--version", action="version", version=f"davgate {__version__}")
    commands = top.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _of_the_store(commands)
    _of_accounts(commands)
    _of_rights(commands)
    _of_sign_in(commands)
    _of_versions(commands)
    _of_marks(commands)
    _of_holding(commands)
    _of_removal(commands)
    _of_mending(commands)
    _of_the_audit(commands)
    settings = commands.add_parser("config", help="show the settings", description="Show the settings.")
    example = settings.add_subparsers(required=True, metavar="COMMAND").add_parser(
        "example", help="write a file that names every setting with its default"
    )
    example.set_defaults(module=None)
    return top


def _of_the_store(commands: Commands) -> None:
    _add(commands, "init", "store", "make an empty store; one that exists keeps what it holds")

    serve = _add(commands, "serve", "serve", "answer requests until stopped")
    serve.add_argument("--listen", metavar="HOST:PORT", help="where to listen (default: 127.0.0.1:8080)")
    serve.add_argument("--workers", metavar="N", help="processes that answer requests (default: one for each core)")
    serve.add_argument("--check", action="store_true", help="look whether it could start with these settings, and serve nothing")

    fsck = _add(commands, "fsck", "fsck", "check every invariant; exit code 1 and a list when one does not hold")
    fsck.add_argument("--read-data", action="store_true", help="read every content back and compare its digest")

    backup = _add(
        commands, "backup", "backup", "copy the whole store into a folder, while others write; exit code 1 if it is damaged"
    )
    backup.add_argument("destination", metavar="DEST", type=Path, help="a new folder, or a backup of this store to be renewed")
    backup.add_argument("--json", action="store_true", help="write one JSON document")

    load = _add(commands, "load", "load", "fill a new store, of either kind of database, with a backup")
    load.add_argument("source", metavar="BACKUP", type=Path, help="folder of the backup")
    load.add_argument("--json", action="store_true", help="write one JSON document")

    types = _add(commands, "types", "types", "list the object types with the files that they come from")
    types.add_argument("--check", action="store_true", help="check them and what is stored; exit code 1 and a list of mistakes")
    types.add_argument("--json", action="store_true", help="write one JSON document")


def _of_accounts(commands: Commands) -> None:
    users = _family(commands, "user", "manage who may sign in")
    add = _add_act(users, "add", "users", "make a user")
    add.add_argument("name", metavar="NAME", help="what the user signs in as")
    proof = add.add_mutually_exclusive_group(required=True)
    proof.add_argument("--password-stdin", action="store_true", help=_PASSWORD)
    proof.add_argument("--no-password", action="store_true", help="another source, such as a directory, proves who it is")
    add.add_argument("--admin", action="store_true", help="make the user an administrator")
    _expires(add)
    add.set_defaults(act="add", kind="user")
    _looking_after(users, "user")
    password = _name(_add_act(users, "password", "users", "give a user another password"), "user")
    password.add_argument("--password-stdin", action="store_true", required=True, help=_PASSWORD)
    password.set_defaults(act="password", kind="user")
    admin = _name(_add_act(users, "admin", "users", "make a user an administrator of the store"), "user")
    admin.add_argument("--remove", action="store_true", help="make an administrator an ordinary user instead")
    admin.set_defaults(act="admin", kind="user")

    services = _family(commands, "service", "manage programs that sign in with app passwords and tokens alone")
    add = _name(_add_act(services, "add", "users", "make a service"), "service")
    _expires(add)
    add.set_defaults(act="add", kind="service")
    _looking_after(services, "service")

    groups = _family(commands, "group", "manage groups of users, services and other groups")
    for act, help in (("add", "make an empty group"), ("remove", "remove a group with its memberships and grants")):
        _name(_add_act(groups, act, "groups", help), "group").set_defaults(act=act)
    _add_act(groups, "list", "groups", "list all groups").set_defaults(act="list")
    members = _name(_add_act(groups, "members", "groups", "list who is in a group"), "group")
    members.add_argument("--all", action="store_true", help="also who is in it by other groups")
    members.set_defaults(act="members")
    for act, help in (("join", "put users, services or groups into a group"), ("leave", "take them out of a group")):
        change = _name(_add_act(groups, act, "groups", help), "group")
        change.add_argument("members", metavar="WHO", nargs="+", help="user, service or group")
        change.set_defaults(act=act)


def _looking_after(family: Commands, kind: str) -> None:
    """Add what is done with accounts of whatever kind."""
    _add_act(family, "list", "users", f"list all {kind}s").set_defaults(act="list", kind=kind)
    for act, help in (
        ("show", f"tell everything about a {kind}, with its groups"),
        ("disable", f"shut a {kind} out at once; what it did and has stays"),
        ("enable", f"let a {kind} in again"),
    ):
        _name(_add_act(family, act, "users", help), kind).set_defaults(act=act, kind=kind)
    expire = _name(_add_act(family, "expire", "users", f"shut a {kind} out from an instant on"), kind)
    expire.add_argument("when", metavar="WHEN", help="a time from now such as 90d, an instant such as 2027-01-31, or never")
    expire.set_defaults(act="expire", kind=kind)


def _of_rights(commands: Commands) -> None:
    grants = _family(commands, "grant", "decide and tell who may do what")
    grant = _add_act(
        grants, "set", "grants", "let somebody have exactly these rights on a document, or on a folder and all in it"
    )
    _path(grant, "document or folder")
    _who(grant)
    grant.add_argument(
        "rights",
        metavar="RIGHT",
        nargs="+",
        help="a role (reader, drop-box, contributor, editor, manager) or rights such as read and bind",
    )
    grant.set_defaults(act="set")
    for act, help in (
        ("list", "list all grants on a document or folder and on what it is in"),
        ("close", "let rights from further up end here, but for those of managers and administrators"),
        ("open", "let rights from further up hold here again"),
    ):
        command = _add_act(grants, act, "grants", help)
        _path(command, "document or folder")
        command.set_defaults(act=act)
    remove = _add_act(grants, "remove", "grants", "end what was granted to somebody on a document or folder")
    _path(remove, "document or folder")
    _who(remove)
    remove.set_defaults(act="remove")
    explain = _add_act(grants, "explain", "grants", "tell what somebody may do at a place, and why")
    _path(explain, "document or folder")
    _who(explain)
    explain.add_argument("--token", metavar="NAME", help="what they may with this app password of theirs")
    explain.set_defaults(act="explain")


def _of_sign_in(commands: Commands) -> None:
    tokens = _family(commands, "token", "manage app passwords, which people give to single programs")
    add = _name(
        _add_act(tokens, "add", "tokens", "make an app password and show it, once"), "app password", "which program it is for"
    )
    _whose(add)
    add.add_argument(
        "--rights", metavar="RIGHTS", help="allow no more than these: read, write, drop-box, or any rights, with commas"
    )
    add.add_argument("--tree", metavar="PATH", help="allow them in this folder and below alone")
    _expires(add)
    add.add_argument("--digest", action="store_true", help="let it serve Digest sign-in too, for old clients that know no other")
    add.set_defaults(act="add")
    listing = _add_act(tokens, "list", "tokens", "list app passwords, when they end, and when they were last used")
    _whose(listing)
    listing.set_defaults(act="list")
    revoke = _name(_add_act(tokens, "revoke", "tokens", "end an app password at once"), "app password", "its name")
    _whose(revoke)
    revoke.set_defaults(act="revoke")

    issue = _add_act(tokens, "issue", "issuing", "show a short token for a user or service, to be sent as a bearer token")
    issue.add_argument("who", metavar="WHO", help="user or service")
    issue.add_argument("--life", metavar="TIME", help="how long it is good, such as 10m, at most 24h (default: login.token_life)")

    keys = _family(commands, "key", "manage the keys of what the store signs")
    for act, help in (("rotate", "make a new key, which signs from now on"), ("list", "list all keys, the newest first")):
        _add_act(keys, act, "keys", help).set_defaults(act=act)
    remove = _add_act(keys, "remove", "keys", "remove an older key; what it signed is good no longer")
    remove.add_argument("no", metavar="NO", type=int, help="number of the key")
    remove.set_defaults(act="remove")


def _family(commands: Commands, name: str, help: str) -> Commands:
    """Add a word that further commands follow."""
    return commands.add_parser(name, help=help, description=f"{help[0].upper()}{help[1:]}.").add_subparsers(
        required=True, metavar="COMMAND"
    )


def _name(command: argparse.ArgumentParser, what: str, help: str = "") -> argparse.ArgumentParser:
    command.add_argument("name", metavar="NAME", help=help or f"name of the {what}")
    return command


def _who(command: argparse.ArgumentParser) -> None:
    command.add_argument("who", metavar="WHO", help="user, service or group; signed-in means all who sign in")


def _whose(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--for", dest="owner", metavar="WHO", help="user or service whose it is (default: who is named with --as)"
    )


def _expires(command: argparse.ArgumentParser) -> None:
    command.add_argument("--expires", metavar="WHEN", help="a time from now such as 90d, or an instant such as 2027-01-31")


def _of_versions(commands: Commands) -> None:
    versions = _add_act(commands, "versions", "versions", "list the versions of a document")
    _path(versions)
    versions.add_argument("--saves", action="store_true", help="list the earlier saves of edit sessions too")

    restore = _add_act(commands, "restore", "restore", "bring back a version, a past state or something deleted")
    restore.add_argument("path", metavar="PATH", nargs="?", help="document, or with --at a folder too")
    restore.add_argument("no", metavar="NO", nargs="?", type=int, help="number of the version")
    restore.add_argument("--at", metavar="INSTANT", help="what was at PATH then, such as 2026-11-01T12:00")
    restore.add_argument("--trash", metavar="ID", type=int, help="an entry of the trash, with its history")
    restore.add_argument("--to", metavar="PATH", help="where to (default: where it is or was)")
    restore.add_argument("--overwrite", action="store_true", help="replace what is there with --to")

    policy = _add_act(commands, "policy", "policy", "tell or decide what makes a version in a folder")
    _path(policy, "folder", "/folder")
    policy.add_argument(
        "--versions-per", choices=("session", "save", "inherit"), help="an edit session, each save, or as the folder above has it"
    )

    rescues = _family(commands, "rescue", "bring back saves that came too late to be a version")
    _add_act(rescues, "list", "rescue", "list what is kept for the user of --as").set_defaults(act="list")
    take = _name(_add_act(rescues, "restore", "rescue", "make one the next version, or a document of its own"), "rescue copy")
    take.add_argument("--to", metavar="PATH", help="where to (default: the document for which it was sent)")
    take.add_argument("--overwrite", action="store_true", help="make it the next version of what is there with --to")
    take.set_defaults(act="restore")
    _name(_add_act(rescues, "remove", "rescue", "remove one for good"), "rescue copy").set_defaults(act="remove")

    export = _add_act(commands, "export", "export", "write documents with all versions and metadata into a folder")
    _path(export, "document or folder")
    export.add_argument("destination", metavar="DEST", type=Path, help="a folder that does not exist, or is empty")


def _of_marks(commands: Commands) -> None:
    label = _add_act(commands, "label", "marks", "give a version a label, by which it is known and never thinned")
    _path(label)
    label.add_argument("label", metavar="LABEL", help="a text that no other version of the document has")
    label.add_argument("--move", action="store_true", help="take it from the version that has it")
    _which(label, "label")
    pin = _add_act(commands, "pin", "marks", "keep a version from being thinned")
    _path(pin)
    _which(pin, "pin")
    hold = _add_act(commands, "hold", "marks", "keep a version from being thinned, and its document from being removed for good")
    _path(hold)
    _which(hold, "hold")


def _which(command: argparse.ArgumentParser, mark: str) -> None:
    command.add_argument("--no", metavar="NO", type=int, help="number of the version (default: the current one)")
    command.add_argument("--remove", action="store_true", help=f"remove the {mark} instead")
    command.set_defaults(mark=mark)


def _of_holding(commands: Commands) -> None:
    checkout = _add_act(commands, "checkout", "checkout", "list what is checked out, or check a document out or in")
    checkout.add_argument("path", metavar="PATH", nargs="?", default="list", help="document; without one, or with list: list all")
    ending = checkout.add_mutually_exclusive_group()
    ending.add_argument("--cancel", action="store_true", help="drop the working copy; its holder gets a rescue copy")
    ending.add_argument("--check-in", action="store_true", help="make the working copy the next version")
    checkout.add_argument("--comment", metavar="TEXT", default="", help="what to say of the version")

    locks = _add_act(commands, "locks", "locks", "list locks, or break one")
    locks.add_argument("path", metavar="PATH", nargs="?", default="/", help="document or folder (default: everything)")
    locks.add_argument("--break", dest="token", metavar="TOKEN", help="end this lock against its holder")


def _of_removal(commands: Commands) -> None:
    trash = commands.add_parser("trash", help="look after what was deleted", description="Look after what was deleted.")
    acts = trash.add_subparsers(required=True, metavar="COMMAND")
    _add_act(acts, "list", "trash", "list what was deleted").set_defaults(act="list")
    restore = _add_act(acts, "restore", "trash", "bring back what was deleted, with its history")
    restore.add_argument("id", metavar="ID", type=int, help="number of the entry")
    restore.add_argument("--to", metavar="PATH", help="where to (default: where it was)")
    restore.add_argument("--overwrite", action="store_true", help="replace what is there")
    restore.set_defaults(act="restore")
    purge = _add_act(acts, "purge", "trash", "remove what was deleted for good")
    what = purge.add_mutually_exclusive_group(required=True)
    what.add_argument("id", metavar="ID", nargs="?", type=int, help="number of the entry")
    what.add_argument("--older-than", metavar="TIME", help="all that was deleted longer ago, such as 30d")
    purge.set_defaults(act="purge")

    thin = _add_act(commands, "thin", "thin", "let old versions go by the rule of the settings")
    thin.add_argument("--dry-run", action="store_true", help="tell what would go, and change nothing")

    erase = _add_act(commands, "erase", "erase", "remove a document or folder for good, whatever state it is in")
    erase.add_argument("which", metavar="PATH", help="its path, or its UUID wherever it is")
    erase.add_argument("--reason", metavar="TEXT", required=True, help="why; the audit keeps it")


def _of_mending(commands: Commands) -> None:
    split = _add_act(commands, "split", "mending", "make two documents of one")
    _path(split)
    split.add_argument("no", metavar="NO", type=int, help="first version that belongs to the other document")
    split.add_argument("name", metavar="NAME", help="name of the other document")
    split.set_defaults(act="split")
    merge = _add_act(commands, "merge", "mending", "append the versions of one document to another")
    merge.add_argument("path", metavar="SOURCE", help="document that disappears")
    merge.add_argument("into", metavar="PATH", help="document that stays")
    merge.set_defaults(act="merge")


def _of_the_audit(commands: Commands) -> None:
    audit = commands.add_parser("audit", help="read and check what was done", description="Read and check what was done.")
    acts = audit.add_subparsers(required=True, metavar="COMMAND")
    rows = _add_act(acts, "list", "audit", "list what was done and denied, the newest last")
    _since(rows)
    rows.add_argument("--until", metavar="INSTANT", help="what came before this instant")
    rows.add_argument("--who", metavar="NAME", help="what this user or service did")
    rows.add_argument("--action", metavar="ACTION", help="one kind of act, such as delete, lock or sign-in")
    rows.add_argument("--path", metavar="PATH", help="at this document, or at and below this folder")
    rows.add_argument("--denied", action="store_true", help="what was denied")
    rows.add_argument("--last", metavar="N", type=int, default=1000, help="the newest N of these rows (default: 1000)")
    rows.set_defaults(act="list")
    show = _add_act(acts, "show", "audit", "show one row with everything it says")
    show.add_argument("no", metavar="NUMBER", type=int, help="number of the row")
    show.set_defaults(act="show")
    export = _add(acts, "export", "audit", "write all rows with their hashes, and the head, to standard output")
    export.add_argument("--format", choices=("jsonl", "csv"), default="jsonl", help="one JSON object a line, or CSV")
    _since(export)
    export.set_defaults(act="export", user=None, json=False)
    verify = _add(acts, "verify", "audit", "check the chain of all rows; exit code 1 and a list where it is broken")
    verify.add_argument(
        "--head", metavar="HASH@NUMBER", action="append", default=[], help="a head printed earlier; may be given several times"
    )
    verify.set_defaults(act="verify", user=None, json=False)


def _since(command: argparse.ArgumentParser) -> None:
    command.add_argument("--since", metavar="INSTANT", help="what came at or after this instant, such as 2026-11-01T12:00")


def _path(command: argparse.ArgumentParser, what: str = "document", example: str = "/folder/name.docx") -> None:
    command.add_argument("path", metavar="PATH", help=f"{what}, such as {example}")


def _add(commands: Commands, name: str, module: str, help: str) -> argparse.ArgumentParser:
    """Add a command that works on a store."""
    command = commands.add_parser(name, help=help, description=f"{help[0].upper()}{help[1:]}.", allow_abbrev=False)
    command.add_argument("--data", metavar="DIR", help="folder of everything that davgate keeps")
    command.add_argument("--config", metavar="FILE", type=Path, help="settings file (TOML)")
    command.set_defaults(module=module, parser=command)
    return command


def _add_act(commands: Commands, name: str, module: str, help: str) -> argparse.ArgumentParser:
    """Add a command that does something with documents, as somebody, and can tell of it in JSON."""
    command = _add(commands, name, module, help)
    command.add_argument(
        "--as", dest="user", metavar="NAME", help="act as this user or service (default: davgate itself, which may do everything)"
    )
    command.add_argument("--json", action="store_true", help="write one JSON document")
    return command
