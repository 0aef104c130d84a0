"""litmus against a stock WsgiDAV application on a stock cheroot, with davgate's provider behind it."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cheroot.wsgi import Server

from davgate.core.store import Context, Store
from tests.builders import PASSWORD
from tests.stock import stock_application

from .programs import run

pytestmark = [pytest.mark.live, pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)]


@pytest.fixture
def stock_url(store: Store, ann: Context) -> Iterator[str]:
    """The address of the drive at a server that runs until the test ends."""
    server = Server(("127.0.0.1", 0), stock_application(store))
    server.prepare()
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.bind_addr[1]}/dav/"
    finally:
        server.stop()
        thread.join()


@pytest.mark.parametrize(
    ("suite", "warnings"),
    [
        ("basic", 0),
        ("locks", 0),
        ("props", 0),
        ("http", 0),
        # WsgiDAV answers 204 where COPY and MOVE made something new, whenever a provider handles whole trees.
        ("copymove", 2),
    ],
)
def test_litmus_passes_every_test(
    suite: str, warnings: int, stock_url: str, ann: Context, program: Callable[[str], str], tmp_path: Path
) -> None:
    said = run(
        program("litmus"), stock_url, ann.principal.name, PASSWORD,
        environment={"TESTS": suite, "PATH": "/usr/bin:/bin"}, folder=tmp_path,
    ).succeeded()  # fmt: skip

    summary = re.search(r"of (\d+) tests run: (\d+) passed, (\d+) failed", said.text)
    assert summary is not None, said.text
    assert summary[1] == summary[2] and summary[3] == "0", said.text
    assert "SKIPPED" not in said.text, said.text
    assert len(re.findall(r"WARNING", said.text)) == warnings, said.text
