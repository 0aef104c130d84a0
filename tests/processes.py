"""Processes for tests: each begins without connections, locks or threads of the test's own."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess

from davgate import log

CONTEXT: ForkServerContext = multiprocessing.get_context("forkserver")
# The server that forks them has read the code already: a process is there in milliseconds.
CONTEXT.set_forkserver_preload(["tests.unit.racing", "tests.faults.victim"])


def start(target: Callable[..., None], *arguments: object) -> BaseProcess:
    """Start a process; the target and its arguments are pickled. It logs to standard error, which the canary hears."""
    process = CONTEXT.Process(target=_run, args=(target, *arguments), daemon=True)
    process.start()
    return process


def _run(target: Callable[..., None], *arguments: object) -> None:
    log.set_up("INFO")
    target(*arguments)
