"""The argument tree, and the one place where an error becomes a line of text and an exit code."""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import sys
from collections.abc import Sequence
from enum import IntEnum
from pathlib import Path
from typing import Protocol, cast

from davgate import __version__, log
from davgate.cli import config as config_command
from davgate.config import Config, ConfigError, load
from davgate.model.errors import DavgateError

logger = logging.getLogger(__name__)


class Exit(IntEnum):
    """The exit codes of every command."""

    DONE = 0
    DAMAGED = 1
    """``fsck`` found damage and listed it."""
    FAILED = 2
    """The command could not do its work; the reason is on standard error."""
    INTERRUPTED = 130
    """Stopped from the keyboard, as shells report it."""


class Command(Protocol):
    """What a command's module offers."""

    def run(self, args: argparse.Namespace, config: Config) -> int:
        """Do the work and return the exit code."""


FLAGS = {"data": "data", "listen": "server.listen", "workers": "server.workers"}
"""Flags that give a setting."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name and return its exit code."""
    args = parser().parse_args(argv)
    try:
        if args.module is None:
            return config_command.run(args)
        given = {name: getattr(args, flag, None) for flag, name in FLAGS.items()}
        config = load(args.config, os.environ, given)
        log.set_up(config.log.level)
        # Only the module of the command is imported: `user add` does not wait for the server's modules.
        command = cast(Command, importlib.import_module(f"davgate.cli.{args.module}"))
        return command.run(args, config)
    except ConfigError as error:
        return fail(*error.mistakes)
    except (DavgateError, OSError) as error:
        logger.debug("the command failed", exc_info=True)
        return fail(str(error))
    except KeyboardInterrupt:
        return Exit.INTERRUPTED


def fail(*reasons: str) -> int:
    """Write each reason on a line of standard error and return the exit code of a failure."""
    for reason in reasons:
        print("davgate:", " ".join(log.redact(reason).split()), file=sys.stderr)
    return Exit.FAILED


def parser() -> argparse.ArgumentParser:
    """Return the argument tree."""
    top = argparse.ArgumentParser(prog="davgate", description="A document store with many doors.", allow_abbrev=False)
    top.add_argument("--version", action="version", version=f"davgate {__version__}")
    commands = top.add_subparsers(title="commands", required=True, metavar="COMMAND")

    add(commands, "init", "store", "make an empty store; one that exists keeps what it holds")

    users = commands.add_parser("user", help="manage who may sign in", description="Manage who may sign in.")
    user_add = add(users.add_subparsers(required=True, metavar="COMMAND"), "add", "users", "make a user")
    user_add.add_argument("name", metavar="NAME", help="what the user signs in as")
    user_add.add_argument(
        "--password-stdin", action="store_true", required=True, help="read the password, one line, from standard input"
    )
    user_add.add_argument("--admin", action="store_true", help="make the user an administrator")

    serve = add(commands, "serve", "serve", "answer requests until stopped")
    serve.add_argument("--listen", metavar="HOST:PORT", help="where to listen (default: 127.0.0.1:8080)")
    serve.add_argument("--workers", metavar="N", help="processes that answer requests (default: 1)")

    fsck = add(commands, "fsck", "fsck", "check every invariant; exit code 1 and a list when one does not hold")
    fsck.add_argument("--read-data", action="store_true", help="read every content back and compare its digest")

    settings = commands.add_parser("config", help="show the settings", description="Show the settings.")
    example = settings.add_subparsers(required=True, metavar="COMMAND").add_parser(
        "example", help="write a file that names every setting with its default"
    )
    example.set_defaults(module=None)
    return top


def add(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, module: str, help: str
) -> argparse.ArgumentParser:
    """Add a command that works on a store."""
    command = commands.add_parser(name, help=help, description=f"{help[0].upper()}{help[1:]}.", allow_abbrev=False)
    command.add_argument("--data", metavar="DIR", help="folder of everything that davgate keeps")
    command.add_argument("--config", metavar="FILE", type=Path, help="settings file (TOML)")
    command.set_defaults(module=module)
    return command
