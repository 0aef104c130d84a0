"""No secret that a test uses may stand in what davgate logs or what a process writes to standard error.

Helpers tell which secrets they use (``guard``) and what the processes wrote that they started (``hear``); the log of this process
is heard as the formatter of ``davgate.log`` writes it. A test at whose end a secret was heard fails, and says where, not which.
"""

from __future__ import annotations

import base64
import binascii
import logging
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

import pytest

from davgate.log import Formatter

SHORTEST: Final = 8
"""Characters. What is shorter, and what is words alone, stands in many a text by chance."""

_EXCERPT: Final = 60


class Canary:
    """Knows the secrets of this run, and what was heard since it was asked last."""

    def __init__(self) -> None:
        self._forms: set[str] = set()
        self._heard: list[tuple[str, str]] = []

    def guard(self, secret: str) -> str:
        """Watch for a secret from now to the end of the run, also as it stands in an address; return it."""
        if len(secret) >= SHORTEST and not secret.replace(" ", "").isalpha():
            self._forms |= {secret, quote(secret, safe="")}
        return secret

    def guard_authorization(self, header: str) -> str:
        """Watch for the credentials of an Authorization header, of Basic the password by itself too; return the header."""
        scheme, _, credentials = header.strip().partition(" ")
        self.guard(credentials)
        if scheme.lower() == "basic":
            try:
                self.guard(base64.b64decode(credentials, validate=True).decode().partition(":")[2])
            except (binascii.Error, UnicodeDecodeError, ValueError):
                pass  # A test of what cannot be read.
        return header

    def hear(self, source: str, text: str) -> None:
        """Take in what was written; ``source`` says by whom."""
        if text:
            self._heard.append((source, text))

    def found(self) -> list[str]:
        """Return a sentence for each secret heard since the last call, with what stands before it."""
        heard, self._heard = self._heard, []
        everything = "\n".join(text for _, text in heard)
        leaked = [form for form in self._forms if form in everything]
        return [f"{source}: {_before(text, form)}" for source, text in heard for form in leaked if form in text]


def _before(text: str, secret: str) -> str:
    at = text.index(secret)
    return f"a secret of {len(secret)} characters after {text[max(0, at - _EXCERPT) : at]!r}"


class Listener(logging.Handler):
    """Lets a canary hear the log."""

    def __init__(self, canary: Canary) -> None:
        super().__init__(logging.DEBUG)
        self._canary = canary
        self.setFormatter(Formatter())

    def emit(self, record: logging.LogRecord) -> None:
        self._canary.hear(f"the log of {record.name}", self.format(record))


class Plugin:
    """Fails each test during which the canary hears a secret."""

    def __init__(self, canary: Canary) -> None:
        self._canary = canary
        self._listener = Listener(canary)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self) -> None:
        # A test that sets the log up replaces all handlers, and leaves no level.
        root, ours = logging.getLogger(), logging.getLogger("davgate")
        for handler in list(root.handlers):
            if isinstance(handler, logging.StreamHandler) and getattr(handler.stream, "closed", False):
                # Of a command that an earlier test ran here: to write there would show the lines of the test that does.
                root.removeHandler(handler)
        if self._listener not in root.handlers:
            root.addHandler(self._listener)
        if ours.level == logging.NOTSET:
            ours.setLevel(logging.DEBUG)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, call: pytest.CallInfo[None]) -> Iterator[None]:
        report: pytest.TestReport = yield  # type: ignore[assignment]  # what the inner hooks return
        if call.when == "teardown":
            self._canary.hear("standard error", report.capstderr)
            if found := self._canary.found():
                report.outcome = "failed"
                report.longrepr = "\n".join(["The canary has heard secrets.", *found, report.longreprtext])
        return report  # type: ignore[return-value]  # the same


CANARY: Final = Canary()
"""The one of this run."""

guard: Final = CANARY.guard
guard_authorization: Final = CANARY.guard_authorization
hear: Final = CANARY.hear
