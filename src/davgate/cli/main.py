"""The command that the arguments name, and the one place where an error becomes a line of text and an exit code."""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import sys
from collections.abc import Sequence
from enum import IntEnum
from io import TextIOWrapper
from typing import Protocol, cast

from davgate import log
from davgate.cli import config as config_command
from davgate.cli.arguments import parse
from davgate.config import Config, ConfigError, load
from davgate.model.errors import DavgateError

logger = logging.getLogger(__name__)


class Exit(IntEnum):
    """The exit codes of every command."""

    DONE = 0
    DAMAGED = 1
    """``fsck`` or ``audit verify`` found damage, or ``types --check`` mistakes, and listed it."""
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
    _open_closed_streams()
    args = parse(argv)
    if isinstance(sys.stdout, TextIOWrapper):
        # A letter that the terminal does not have must not end the output: a secret is shown only once.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code = _run(args)
        # Here it can still be told that nobody reads the rest any more.
        sys.stdout.flush()
        return code
    except ConfigError as error:
        return fail(*error.mistakes)
    except BrokenPipeError:
        return _unread()
    except (DavgateError, OSError) as error:
        logger.debug("the command failed", exc_info=True)
        return fail(_sentence(error))
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except Exception as error:  # The one outermost wrapper: Python's own exit code would say that damage was found.
        logger.debug("the command failed", exc_info=True)
        return fail(f"Something went wrong here: {type(error).__name__}: {error}. DAVGATE_LOG_LEVEL=DEBUG tells where.")


def _open_closed_streams() -> None:
    """Give a process that was started without one of its standard streams (``>&-``) one that leads nowhere.

    Its number would else be that of the next file or connection, which would get what is written to the stream.
    """
    for name, descriptor, mode in (("stdin", 0, "r"), ("stdout", 1, "w"), ("stderr", 2, "w")):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != descriptor:
                os.dup2(opened, descriptor)
                os.close(opened)
            setattr(sys, name, open(descriptor, mode, encoding="utf-8"))


def _run(args: argparse.Namespace) -> int:
    if args.module is None:
        return config_command.run(args)
    config = settings_of(args)
    log.set_up(config.log.level)
    # Only the module of the command is imported: `user add` does not wait for the server's modules.
    command = cast(Command, importlib.import_module(f"davgate.cli.{args.module}"))
    return command.run(args, config)


def settings_of(args: argparse.Namespace) -> Config:
    """Return the settings as they are now in the file that the arguments name, the environment and the arguments themselves.

    Raises:
        ConfigError: they cannot be used.
    """
    return load(args.config, os.environ, {name: getattr(args, flag, None) for flag, name in FLAGS.items()})


def _sentence(error: DavgateError | OSError) -> str:
    """Return what went wrong in plain words, and what to do where rights are missing."""
    if not isinstance(error, OSError) or error.filename is None or not error.strerror:
        return str(error)
    is_denied = isinstance(error, PermissionError)
    advice = " Run this as the user whom it belongs to, or change the rights on it." if is_denied else ""
    return f"{os.fsdecode(error.filename)}: {error.strerror}.{advice}"


def _unread() -> int:
    """Write nothing more, since the reader of standard output has gone (``davgate versions ... | head``)."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return Exit.FAILED


def fail(*reasons: str) -> int:
    """Write each reason on a line of standard error and return the exit code of a failure."""
    for reason in reasons:
        print("davgate:", " ".join(log.redact(reason).split()), file=sys.stderr)
    return Exit.FAILED
