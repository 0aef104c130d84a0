"""A LibreOffice without a window, with a profile of its own, that a test tells what a person would do."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from .programs import Conversation

DEBIAN_PYTHON: Final = Path("/usr/bin/python3")
"""The one that has UNO (package python3-uno), whichever runs the tests."""


class OfficeError(Exception):
    """LibreOffice refused a command; the message is its own."""


class Office:
    """LibreOffice Writer with one document."""

    def __init__(self, driver: Conversation) -> None:
        self._driver = driver
        self._answer()

    def new(self) -> None:
        """Begin an empty document."""
        self._do("new")

    def open(self, url: str) -> bool:
        """Open a document by its address and tell whether it may be changed."""
        return self._do("open", url=url) is True

    def text(self) -> str:
        """Return the text of the document."""
        return str(self._do("text"))

    def append(self, text: str) -> None:
        """Type at the end of the document."""
        self._do("append", text=text)

    def store_as(self, url: str) -> None:
        """Save the document under an address and go on working on it there."""
        self._do("store_as", url=url)

    def store(self) -> None:
        """Save the document where it is."""
        self._do("store")

    def close(self) -> None:
        """Close the document."""
        self._do("close")

    def quit(self) -> None:
        """Ask the program to end; unlike a killed one it leaves no files behind."""
        self._do("quit")

    def _do(self, do: str, **arguments: str) -> object:
        self._driver.say(json.dumps({"do": do, **arguments}))
        return self._answer()

    def _answer(self) -> object:
        answer = json.loads(self._driver.hear())
        if "failed" in answer:
            raise OfficeError(answer["failed"])
        return answer["done"]


@contextmanager
def start_office(soffice: str, home: Path, user: str, password: str) -> Iterator[Office]:
    """Yield an office that signs in as this user, on a profile of its own; it ends with the block."""
    pipe = f"davgate-{secrets.token_hex(8)}"
    environment = os.environ | {"HOME": str(home), "TMPDIR": str(home), "SAL_USE_VCLPLUGIN": "svp"}
    # Without a profile of its own it would hand the work to an office that already runs.
    profile = (home / "profile").as_uri()
    options = ("--headless", "--norestore", "--nologo", "--nodefault", "--nofirststartwizard")
    accept = f"--accept=pipe,name={pipe};urp;"
    driver = Path(__file__).with_name("office_driver.py")
    with (
        Conversation(soffice, *options, accept, f"-env:UserInstallation={profile}", environment=environment) as program,
        Conversation(DEBIAN_PYTHON, driver, pipe, user, password, environment=environment) as messenger,
    ):
        office = Office(messenger)
        yield office
        office.quit()
        messenger.end()
        program.end()
