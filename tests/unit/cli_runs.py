"""Running commands in this process, on a store in a temporary folder."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.canary import hear

from davgate.cli.main import main
from davgate.config import load
from davgate.configured import open_store
from davgate.core.store import Store


@dataclass(frozen=True)
class Ran:
    """What a command wrote, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class CommandLine:
    """Runs commands on one store; each opens and closes it, as from a shell."""

    def __init__(self, data: Path, capsys: pytest.CaptureFixture[str], settings: str = "") -> None:
        self.data = data
        self._capsys = capsys
        self._config = data.parent / "davgate.toml"
        self.set(settings)

    def set(self, settings: str) -> None:
        """Give the store other settings."""
        self._config.write_text(settings, "utf-8")

    def run(self, *words: str) -> Ran:
        """Run a command, whatever comes of it."""
        self._capsys.readouterr()
        code = main([*words, "--data", str(self.data), "--config", str(self._config)])
        written = self._capsys.readouterr()
        hear("a command", written.err)
        return Ran(code, written.out, written.err)

    def done(self, *words: str) -> Ran:
        """Run a command that has to succeed."""
        ran = self.run(*words)
        assert ran.code == 0, ran.err
        return ran

    def refused(self, *words: str) -> str:
        """Run a command that has to fail with one line, and return that line."""
        ran = self.run(*words)
        assert (ran.code, ran.out) == (2, "")
        (line,) = ran.err.splitlines()
        assert line.startswith("davgate: ")
        return line

    @contextmanager
    def store(self) -> Iterator[Store]:
        """Give the store itself, to prepare it and to look at it."""
        store = open_store(load(self._config, {}, {"data": str(self.data)}))
        try:
            yield store
        finally:
            store.database.close()
