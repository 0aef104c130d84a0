"""The argument tree: what can be said on the command line. It knows no module that does anything, so that it is there at once."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TypeAlias

from davgate import __version__

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def parser() -> argparse.ArgumentParser:
    """Return the argument tree."""
    top = argparse.ArgumentParser(prog="davgate", description="A document store with many doors.", allow_abbrev=False)
    top.add_argument("--version", action="version", version=f"davgate {__version__}")
    commands = top.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _of_the_store(commands)
    _of_versions(commands)
    _of_marks(commands)
    _of_holding(commands)
    _of_removal(commands)
    _of_mending(commands)
    settings = commands.add_parser("config", help="show the settings", description="Show the settings.")
    example = settings.add_subparsers(required=True, metavar="COMMAND").add_parser(
        "example", help="write a file that names every setting with its default"
    )
    example.set_defaults(module=None)
    return top


def _of_the_store(commands: Commands) -> None:
    _add(commands, "init", "store", "make an empty store; one that exists keeps what it holds")

    users = commands.add_parser("user", help="manage who may sign in", description="Manage who may sign in.")
    user_add = _add(users.add_subparsers(required=True, metavar="COMMAND"), "add", "users", "make a user")
    user_add.add_argument("name", metavar="NAME", help="what the user signs in as")
    user_add.add_argument(
        "--password-stdin", action="store_true", required=True, help="read the password, one line, from standard input"
    )
    user_add.add_argument("--admin", action="store_true", help="make the user an administrator")

    serve = _add(commands, "serve", "serve", "answer requests until stopped")
    serve.add_argument("--listen", metavar="HOST:PORT", help="where to listen (default: 127.0.0.1:8080)")
    serve.add_argument("--workers", metavar="N", help="processes that answer requests (default: one for each core)")

    fsck = _add(commands, "fsck", "fsck", "check every invariant; exit code 1 and a list when one does not hold")
    fsck.add_argument("--read-data", action="store_true", help="read every content back and compare its digest")


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
    _path(policy, "folder")
    policy.add_argument(
        "--versions-per", choices=("session", "save", "inherit"), help="an edit session, each save, or as the folder above has it"
    )

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


def _path(command: argparse.ArgumentParser, what: str = "document") -> None:
    command.add_argument("path", metavar="PATH", help=f"{what}, such as /folder/name.docx")


def _add(commands: Commands, name: str, module: str, help: str) -> argparse.ArgumentParser:
    """Add a command that works on a store."""
    command = commands.add_parser(name, help=help, description=f"{help[0].upper()}{help[1:]}.", allow_abbrev=False)
    command.add_argument("--data", metavar="DIR", help="folder of everything that davgate keeps")
    command.add_argument("--config", metavar="FILE", type=Path, help="settings file (TOML)")
    command.set_defaults(module=module)
    return command


def _add_act(commands: Commands, name: str, module: str, help: str) -> argparse.ArgumentParser:
    """Add a command that does something with documents, as somebody, and can tell of it in JSON."""
    command = _add(commands, name, module, help)
    command.add_argument("--as", dest="user", metavar="NAME", help="act as this user (default: davgate itself, which may all)")
    command.add_argument("--json", action="store_true", help="write one JSON document")
    return command
