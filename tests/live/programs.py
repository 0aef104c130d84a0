"""Other people's programs: where they are, and running them so that none can hang a test."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, NoReturn, Self, TypeAlias

NotRun: TypeAlias = Callable[[str], NoReturn]
"""Gives a test up because something that it needs is not on this machine."""

DEBIAN_PACKAGE: Final = {
    "cadaver": "cadaver",
    "curl": "curl",
    "dbus-daemon": "dbus",
    "gio": "libglib2.0-bin",
    "litmus": "litmus",
    "mount.davfs": "davfs2",
    "rclone": "rclone",
    "rsync": "rsync",
    "slapd": "slapd",
    "soffice": "libreoffice-writer",
    "vim": "vim",
}
"""What to install for each program that the tests name."""

SEARCH_PATH: Final = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
"""Debian keeps ``mount.davfs`` where only root's shell looks."""


def find_program(name: str) -> str | None:
    """Return the path of a program, or None when it is not installed."""
    return shutil.which(name, path=SEARCH_PATH)


@dataclass(frozen=True)
class Outcome:
    """What a program said, both streams in the order of writing, and its exit status."""

    argv: tuple[str, ...]
    status: int
    output: bytes

    @property
    def text(self) -> str:
        """The output as text; bytes that are not UTF-8 stay visible."""
        return self.output.decode("utf-8", "backslashreplace")

    def succeeded(self) -> Outcome:
        """Return itself, or fail the test with all the program said."""
        assert self.status == 0, f"{' '.join(self.argv)} ended with {self.status}:\n{self.text[-4000:]}"
        return self


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """End a process that leads its own session, with all it has started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(subprocess.TimeoutExpired):
        process.wait(5)


def run(
    *argv: str | Path,
    timeout: float = 60,
    stdin: str | bytes = b"",
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Outcome:
    """Run a program to its end and return what it said; without ``environment`` it gets that of the test run.

    After ``timeout`` seconds it is killed with its children and the test fails. Output goes to a file and not to a
    pipe, because a daemon that a program leaves behind would hold the pipe open for ever.
    """
    words = tuple(str(word) for word in argv)
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as said:
        given.write(stdin.encode() if isinstance(stdin, str) else stdin)
        given.seek(0)
        process = subprocess.Popen(
            words,
            stdin=given,
            stdout=said,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={**(environment or os.environ), "LC_ALL": "C.UTF-8"},
            start_new_session=True,
        )
        late = False
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            late = True
        finally:
            if process.poll() is None:
                kill_group(process)
        said.seek(0)
        outcome = Outcome(words, process.returncode or 0, said.read())
    assert not late, f"{' '.join(words)} was still running after {timeout:g} s:\n{outcome.text[-4000:]}"
    return outcome


class Conversation:
    """A program that is spoken to line by line while it runs, and is killed when the test leaves it."""

    def __init__(self, *argv: str | Path, environment: Mapping[str, str] | None = None, folder: Path | None = None) -> None:
        self._words = tuple(str(word) for word in argv)
        self._stderr = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            self._words,
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            cwd=folder,
            env={**(environment or os.environ), "LC_ALL": "C.UTF-8"},
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        kill_group(self._process)
        for stream in (self._process.stdin, self._process.stdout, self._stderr):
            if stream is not None:
                stream.close()

    def say(self, line: str) -> None:
        """Send one line."""
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")

    def hear(self, timeout: float = 60) -> str:
        """Return the next line that the program prints, without its end."""
        assert self._process.stdout is not None
        line = b""
        deadline = time.monotonic() + timeout
        while not line.endswith(b"\n"):
            ready, _, _ = select.select([self._process.stdout], [], [], max(0, deadline - time.monotonic()))
            assert ready, f"{self._words[0]} said nothing for {timeout:g} s:\n{self.complaints()}"
            piece = self._process.stdout.readline()
            assert piece, f"{self._words[0]} ended:\n{self.complaints()}"
            line += piece
        return line[:-1].decode()

    def end(self, timeout: float = 60) -> None:
        """Close the program's input and wait until it ends; it must succeed."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        status = self._process.wait(timeout)
        assert status == 0, f"{self._words[0]} ended with {status}:\n{self.complaints()}"

    def complaints(self) -> str:
        """Return what the program has written to its standard error."""
        self._stderr.seek(0)
        return self._stderr.read().decode("utf-8", "backslashreplace")[-4000:]
