"""What every live test needs: a drive, programs, a place of its own, real files; and the list of what could not run."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NoReturn

import pytest

from .drive import EXTERNAL_URL, Drive, Server, Serving
from .mounts import Mount, Mounting
from .programs import DEBIAN_PACKAGE, NotRun, find_program
from .real_files import collect_real_files

USER: Final = "ann"
PASSWORD: Final = "correct horse 7"

_NOT_RUN: Final = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_NOT_RUN] = []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    reasons = config.stash[_NOT_RUN]
    if reasons:
        terminalreporter.section("live programs")
    for reason in sorted(set(reasons)):
        terminalreporter.write_line(f"NOT RUN: {reason}")


@pytest.fixture(scope="session")
def not_run(request: pytest.FixtureRequest) -> NotRun:
    """Give up a test that cannot run here: skipped and listed on a person's machine, a failure where CI=true."""

    def give_up(reason: str) -> NoReturn:
        request.config.stash[_NOT_RUN].append(reason)
        if os.environ.get("CI") == "true":
            pytest.fail(f"NOT RUN: {reason}")
        pytest.skip(reason)

    return give_up


@pytest.fixture(scope="session")
def program(not_run: NotRun) -> Callable[[str], str]:
    """Find a program by name, or give the test up with the package to install."""

    def find(name: str) -> str:
        return find_program(name) or not_run(f"{name} is not installed (Debian package {DEBIAN_PACKAGE[name]})")

    return find


@pytest.fixture(scope="session")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Serving:
    """Run a davgate on an empty store for the length of a block; keyword arguments are environment variables.

    At the end it must stop when asked, must have logged no error, and its store must pass ``fsck`` with all bytes read
    back, after all that the programs have done to it.
    """
    if EXTERNAL_URL:
        pytest.skip("asks what only davgate promises, and DAVGATE_LIVE_URL names another server")

    @contextmanager
    def serve(authority: Path | None = None, **environment: str) -> Iterator[Server]:
        server = Server(tmp_path_factory.mktemp("store") / "data", USER, PASSWORD, environment, authority)
        try:
            server.start()
            yield server
            server.stop()
        finally:
            server.kill()
        errors = [line for line in server.said().splitlines() if re.search(r"\b(ERROR|CRITICAL)\b|Traceback", line)]
        assert not errors, "\n".join(errors)
        server.command("fsck", "--read-data").succeeded()

    return serve


@pytest.fixture(scope="session")
def drive(request: pytest.FixtureRequest) -> Iterator[Drive]:
    """The drive that all programs share: one davgate for the whole run, or the server of ``DAVGATE_LIVE_URL``."""
    if EXTERNAL_URL:
        user, password = os.environ["DAVGATE_LIVE_USER"], os.environ["DAVGATE_LIVE_PASSWORD"]
        yield Drive(EXTERNAL_URL.rstrip("/") + "/", user, password)
        return
    serving: Serving = request.getfixturevalue("serving")
    with serving() as server:
        yield server.drive


@pytest.fixture
def own_drive(drive: Drive, serving: Serving) -> Drive:
    """The same drive, for tests of what only davgate promises."""
    return drive


@pytest.fixture
def folder(request: pytest.FixtureRequest, drive: Drive) -> Iterator[str]:
    """A new collection on the drive, named after the test, deleted afterwards."""
    name = re.sub(r"\W+", "-", request.node.name.removeprefix("test_"))[:60]
    drive.make_collection(name)
    yield name
    assert drive.request("DELETE", f"{name}/").status == 204


@pytest.fixture(scope="session")
def real_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some hundred files of this machine, as people have them: nested, with odd names, from empty to megabytes."""
    return collect_real_files(tmp_path_factory.mktemp("real") / "files")


@pytest.fixture
def mount(program: Callable[[str], str], not_run: NotRun) -> Iterator[Mounting]:
    """Mount a collection of a drive with davfs2; what the test leaves mounted is unmounted."""
    if os.geteuid() != 0:
        not_run("davfs2 mounts as root only")
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        not_run("davfs2 needs /dev/fuse")
    mount_davfs = program("mount.davfs")
    mounts: list[Mount] = []

    def mount_collection(drive: Drive, path: str = "", *, upload_delay: int = 0) -> Mount:
        mounts.append(Mount(mount_davfs, drive, path, upload_delay))
        return mounts[-1]

    try:
        yield mount_collection
    finally:
        for one in mounts:
            one.remove()
