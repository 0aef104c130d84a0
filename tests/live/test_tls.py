"""Programs that reach the drive over TLS: curl, litmus, davfs2."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.certificates import Authority

from .drive import Drive, Serving
from .mounts import Mounting
from .programs import Outcome, run

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Who vouches for the server and for its users."""
    return Authority(tmp_path_factory.mktemp("tls") / "authority")


@pytest.fixture(scope="module")
def drive(serving: Serving, authority: Authority) -> Iterator[Drive]:
    """A drive of two processes under TLS; it asks for certificates, and lets in who has none."""
    issued = authority.issue()
    with serving(
        authority=authority.file,
        DAVGATE_SERVER_CERTIFICATE=str(issued.certificate),
        DAVGATE_SERVER_PRIVATE_KEY=str(issued.private_key),
        DAVGATE_SERVER_CLIENT_CA=str(authority.file),
        DAVGATE_SERVER_WORKERS="2",
    ) as server:
        yield server.drive
        assert f"davgate serves {server.drive.url.removesuffix('dav/')}" in server.said()


@pytest.fixture
def curl(program: Callable[[str], str], drive: Drive, authority: Authority) -> Callable[..., Outcome]:
    path = program("curl")

    def ask(*words: str | Path) -> Outcome:
        signed = f"{drive.user}:{drive.password}"
        return run(path, "--silent", "--show-error", "--fail", "--cacert", authority.file, "--user", signed, *words)

    return ask


def test_curl_stores_and_fetches_megabytes(curl: Callable[..., Outcome], drive: Drive, folder: str, tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(os.urandom(20_000_000))
    address = drive.address(f"{folder}/large.bin")
    curl("-T", tmp_path / "large", address).succeeded()
    curl("-o", tmp_path / "fetched", address).succeeded()
    assert (tmp_path / "fetched").read_bytes() == (tmp_path / "large").read_bytes()


def test_curl_without_the_authority_trusts_nobody(program: Callable[[str], str], drive: Drive) -> None:
    assert "certificate" in run(program("curl"), "--silent", "--show-error", drive.url).text


def test_curl_is_told_by_plain_http_where_to_go(program: Callable[[str], str], drive: Drive) -> None:
    said = run(program("curl"), "--silent", "--write-out", "%{http_code}", drive.url.replace("https:", "http:")).succeeded()
    assert said.text == "This port speaks TLS; use an address that begins with https:.\n400"


def test_home_page_gives_secure_addresses(curl: Callable[..., Outcome], drive: Drive) -> None:
    page = curl(drive.url.removesuffix("dav/")).succeeded().text
    assert drive.url in page
    assert "http://127" not in page


def test_certificate_of_a_client_is_taken_and_a_bad_one_refused(
    curl: Callable[..., Outcome], drive: Drive, authority: Authority, tmp_path: Path
) -> None:
    good = authority.issue("berta@example.org", common_name="berta")
    foreign = Authority(tmp_path / "foreign").issue("ann@example.org", common_name="ann")
    expired = authority.issue("ann@example.org", common_name="ann", ends_at=datetime.now(UTC) - timedelta(hours=1))
    curl("--cert", good.certificate, "--key", good.private_key, drive.url, "-X", "PROPFIND", "-H", "Depth: 0").succeeded()
    for bad, why in ((foreign, "unknown ca"), (expired, "certificate expired")):
        assert why in curl("--cert", bad.certificate, "--key", bad.private_key, drive.url).text


@pytest.mark.parametrize("suite", ["basic", "copymove", "props", "locks"])
def test_litmus_passes_every_test_without_a_warning(
    suite: str, drive: Drive, program: Callable[[str], str], tmp_path: Path
) -> None:
    said = run(
        program("litmus"), drive.url, drive.user, drive.password,
        environment={"TESTS": suite, "PATH": "/usr/bin:/bin"}, folder=tmp_path,
    ).succeeded()  # fmt: skip
    results = [line.rpartition("\r")[2] for line in said.text.split("\n")]
    assert not [line for line in results if re.search(r"WARNING|FAIL|SKIPPED|skipped|warning", line)], "\n".join(results)


def test_mounted_folder_works_over_tls(mount: Mounting, drive: Drive, folder: str, real_files: Path) -> None:
    first = mount(drive, folder)
    run("cp", "-r", real_files, first.path / "copy", timeout=120).succeeded()
    first.unmount()
    second = mount(drive, folder)
    run("diff", "-r", real_files, second.path / "copy", timeout=120).succeeded()
    run("sh", "-e", "-c", "echo more >> letter.txt; mv letter.txt moved.txt", folder=second.path).succeeded()
    assert second.lost() == []
    second.unmount()
    assert drive.get(f"{folder}/moved.txt") == b"more\n"
