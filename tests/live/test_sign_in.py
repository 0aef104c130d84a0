"""Signing in as programs do: curl by Digest and by a token, rclone and LibreOffice with app passwords."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.canary import guard

from .drive import Drive, Server, Serving
from .office import DEBIAN_PYTHON, start_office
from .programs import NotRun, Outcome, run

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def server(serving: Serving) -> Iterator[Server]:
    """A davgate with Digest, with nonces that end soon."""
    with serving(DAVGATE_LOGIN_DIGEST="true", DAVGATE_LOGIN_NONCE_LIFE="10s") as started:
        started.drive.make_collection("scans")
        started.drive.make_collection("other")
        yield started


def with_app_password(server: Server, name: str, *options: str) -> Drive:
    """Return the drive as a program uses it that was given an app password."""
    made = server.command("token", "add", name, "--for", server.drive.user, "--json", *options).succeeded()
    return replace(server.drive, password=guard(json.loads(made.text)["secret"]))


Curl = Callable[..., Outcome]


@pytest.fixture
def curl(program: Callable[[str], str]) -> Curl:
    """Run curl and give what it says."""
    path = program("curl")

    def call(*options: str | Path) -> Outcome:
        return run(path, "--silent", "--show-error", "--max-time", "60", *options).succeeded()

    return call


def test_curl_puts_and_gets_by_digest(server: Server, curl: Curl, tmp_path: Path) -> None:
    drive = with_app_password(server, "curl", "--digest")
    sent = tmp_path / "sent.bin"
    sent.write_bytes(os.urandom(200_000))
    signed_in = ("--digest", "--user", f"{drive.user}:{drive.password}", "--write-out", "%{http_code}", "--output")

    assert curl(*signed_in, tmp_path / "put", "--upload-file", sent, drive.address("by digest é.bin")).text == "201"
    assert curl(*signed_in, tmp_path / "got", drive.address("by digest é.bin")).text == "200"
    assert (tmp_path / "got").read_bytes() == sent.read_bytes()


@pytest.mark.parametrize("digest", [True, False])
def test_curl_that_takes_the_strongest_scheme_falls_back_to_basic(server: Server, curl: Curl, *, digest: bool) -> None:
    drive = with_app_password(server, f"any {digest}", *(["--digest"] if digest else []))
    server.drive.put("any.txt", b"content")
    user = f"{drive.user}:{drive.password}"

    said = curl("--anyauth", "--user", user, "--verbose", drive.address("any.txt"), "--stderr", "-").text

    assert "Authorization: Digest" in said
    assert ("Authorization: Basic" in said) is not digest
    assert said.count("HTTP/1.1 200") == 1


def test_curl_is_refused_with_the_account_password_by_digest(server: Server, curl: Curl, tmp_path: Path) -> None:
    drive = server.drive

    said = curl(
        "--digest", "--user", f"{drive.user}:{drive.password}", "--write-out", "%{http_code}", "--output", tmp_path / "x",
        drive.address(),
    )  # fmt: skip

    assert said.text == "401"


def test_curl_exchanges_an_app_password_for_a_token(server: Server, curl: Curl, tmp_path: Path) -> None:
    drive = with_app_password(server, "token", "--rights", "read")
    server.drive.put("token.txt", b"content")
    answer = curl("--user", f"{drive.user}:{drive.password}", "--request", "POST", f"{drive.url.removesuffix('dav/')}login/token")
    bearer = (
        "--oauth2-bearer",
        guard(json.loads(answer.text)["token"]),
        "--write-out",
        "%{http_code}",
        "--output",
        tmp_path / "x",
    )

    assert curl(*bearer, drive.address("token.txt")).text == "200"
    assert (tmp_path / "x").read_bytes() == b"content"
    assert curl(*bearer, "--request", "DELETE", drive.address("token.txt")).text == "403"


def test_rclone_copies_with_an_app_password_for_one_folder(server: Server, program: Callable[[str], str], tmp_path: Path) -> None:
    path = program("rclone")
    drive = with_app_password(server, "rclone", "--tree", "/scans")
    environment = os.environ | {
        "RCLONE_CONFIG": str(tmp_path / "rclone.conf"),
        "RCLONE_CONFIG_LIVE_TYPE": "webdav",
        "RCLONE_CONFIG_LIVE_URL": drive.url,
        "RCLONE_CONFIG_LIVE_VENDOR": "other",
        "RCLONE_CONFIG_LIVE_USER": drive.user,
        "RCLONE_CONFIG_LIVE_PASS": run(path, "obscure", "-", stdin=drive.password).succeeded().text.strip(),
        "RCLONE_RETRIES": "1",
        "RCLONE_LOW_LEVEL_RETRIES": "1",
    }
    (tmp_path / "rclone.conf").touch()
    local = tmp_path / "local"
    local.mkdir()
    for no in range(20):
        (local / f"scan {no}.bin").write_bytes(os.urandom(1000 * no))

    def rclone(*words: str | Path) -> Outcome:
        return run(path, *words, environment=environment, timeout=120)

    rclone("copy", local, "live:scans/today").succeeded()
    rclone("check", "--download", local, "live:scans/today").succeeded()
    assert rclone("lsf", "live:").succeeded().text.split() == ["scans/"]
    assert rclone("copy", local, "live:other").status != 0
    assert server.drive.members("other") == []


@pytest.mark.parametrize("digest", [True, False])
def test_libreoffice_edits_with_an_app_password(
    server: Server, program: Callable[[str], str], not_run: NotRun, tmp_path: Path, *, digest: bool
) -> None:
    soffice = program("soffice")
    if not DEBIAN_PYTHON.exists() or run(DEBIAN_PYTHON, "-c", "import uno").status != 0:
        not_run("LibreOffice cannot be driven (Debian package python3-uno)")
    options = ["--digest"] if digest else []
    drive = with_app_password(server, f"LibreOffice {digest}", "--tree", "/scans", "--rights", "write", *options)
    name = f"letter {digest}.odt"
    address = drive.address(f"scans/{name}")

    with start_office(soffice, tmp_path / "office", drive.user, drive.password) as office:
        office.new()
        office.append("First.")
        office.store_as(address)
        office.close()
        assert office.open(address)
        office.append(" Second.")
        office.store()
        (lock,) = server.drive.active_locks(f"scans/{name}")
        assert lock.scope == "exclusive"
        office.close()
        assert office.open(address)
        assert office.text() == "First. Second."
        office.close()
    assert server.drive.members("scans").count(name) == 1
