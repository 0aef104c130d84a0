"""curl: conditional, partial, chunked and expected requests as scripts make them, on a real connection."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from .drive import Drive
from .programs import run

pytestmark = pytest.mark.live


@dataclass(frozen=True)
class Reply:
    """What curl reports of one transfer."""

    status: int
    sent_bytes: int
    content: bytes


Curl = Callable[..., Reply]


@pytest.fixture
def curl(program: Callable[[str], str], drive: Drive, folder: str, tmp_path: Path) -> Curl:
    """Send one request with curl to a name in the test's own collection; options come last."""
    path = program("curl")
    answer = tmp_path / "answer"

    def send(name: str, *options: str | Path, stdin: bytes = b"") -> Reply:
        answer.write_bytes(b"")
        said = run(
            path, "--silent", "--show-error", "--max-time", "60", "--user", f"{drive.user}:{drive.password}",
            "--output", answer, "--write-out", "%{http_code} %{size_upload}",
            *options, drive.address(f"{folder}/{name}"), stdin=stdin,
        ).succeeded()  # fmt: skip
        status, sent_bytes = said.text.split()
        return Reply(int(status), int(sent_bytes), answer.read_bytes())

    return send


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A file above the size from which curl waits for ``100 Continue``."""
    path = tmp_path / "large.bin"
    path.write_bytes(os.urandom(5_000_000))
    return path


def etag(drive: Drive, path: str) -> str:
    return drive.request("HEAD", path).headers["etag"]


def test_upload_only_where_nothing_is(curl: Curl, drive: Drive, folder: str, tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(b"one\n")
    (tmp_path / "two").write_bytes(b"two\n")
    assert curl("a.txt", "-T", tmp_path / "one", "-H", "If-None-Match: *").status == 201
    assert curl("a.txt", "-T", tmp_path / "two", "-H", "If-None-Match: *").status == 412
    assert drive.get(f"{folder}/a.txt") == b"one\n"


def test_upload_over_the_state_that_was_seen_only(curl: Curl, drive: Drive, folder: str, tmp_path: Path) -> None:
    drive.put(f"{folder}/a.txt", b"one\n")
    seen = etag(drive, f"{folder}/a.txt")
    (tmp_path / "two").write_bytes(b"two\n")
    (tmp_path / "three").write_bytes(b"three\n")
    assert curl("a.txt", "-T", tmp_path / "two", "-H", f"If-Match: {seen}").status == 204
    assert curl("a.txt", "-T", tmp_path / "three", "-H", f"If-Match: {seen}").status == 412
    assert drive.get(f"{folder}/a.txt") == b"two\n"


def test_unchanged_file_is_not_sent_again(curl: Curl, drive: Drive, folder: str, tmp_path: Path) -> None:
    drive.put(f"{folder}/a.txt", b"content\n")
    saved = tmp_path / "saved-etag"
    assert curl("a.txt", "--etag-save", saved).content == b"content\n"
    assert curl("a.txt", "--etag-compare", saved).status == 304
    modified = drive.request("HEAD", f"{folder}/a.txt").headers["last-modified"]
    assert curl("a.txt", "-z", modified).status == 304


@pytest.mark.parametrize(("asked", "got"), [("2-4", slice(2, 5)), ("7-", slice(7, None)), ("-3", slice(-3, None))])
def test_part_of_a_file(curl: Curl, drive: Drive, folder: str, asked: str, got: slice) -> None:
    content = b"0123456789"
    drive.put(f"{folder}/a.txt", content)
    reply = curl("a.txt", "-r", asked)
    assert (reply.status, reply.content) == (206, content[got])


def test_part_beyond_the_end_is_refused(curl: Curl, drive: Drive, folder: str) -> None:
    drive.put(f"{folder}/a.txt", b"0123456789")
    assert curl("a.txt", "-r", "10-").status == 416


def test_broken_download_is_resumed(
    program: Callable[[str], str], drive: Drive, folder: str, large: Path, tmp_path: Path
) -> None:
    drive.put(f"{folder}/large.bin", large.read_bytes())
    partial = tmp_path / "partial.bin"
    partial.write_bytes(large.read_bytes()[:1_234_567])
    run(
        program("curl"), "--silent", "--fail", "--user", f"{drive.user}:{drive.password}", "-C", "-", "-o", partial,
        drive.address(f"{folder}/large.bin"),
    ).succeeded()  # fmt: skip
    assert partial.read_bytes() == large.read_bytes()


def test_chunked_upload_arrives_whole(curl: Curl, drive: Drive, folder: str, large: Path) -> None:
    assert curl("a.bin", "-T", "-", stdin=large.read_bytes()).status == 201
    assert drive.get(f"{folder}/a.bin") == large.read_bytes()
    assert curl("a.bin", "-T", "-", "-H", "Expect:", stdin=b"short\n").status == 204
    assert drive.get(f"{folder}/a.bin") == b"short\n"


def test_large_upload_is_asked_for_before_it_is_sent(curl: Curl, drive: Drive, folder: str, large: Path) -> None:
    # Without an answer to its question curl would send the body after a minute, and the time limit would end it first.
    patient = ("--expect100-timeout", "60", "-H", "Expect: 100-continue")
    assert curl("large.bin", "-T", large, *patient).status == 201
    assert drive.get(f"{folder}/large.bin") == large.read_bytes()


def test_large_upload_that_will_be_refused_is_not_sent(curl: Curl, drive: Drive, folder: str, large: Path) -> None:
    drive.put(f"{folder}/large.bin", b"old\n")
    reply = curl("large.bin", "-T", large, "--expect100-timeout", "60", "-H", "Expect: 100-continue", "-H", "If-None-Match: *")
    assert (reply.status, reply.sent_bytes) == (412, 0)
    assert drive.get(f"{folder}/large.bin") == b"old\n"


def test_refusal_of_a_body_already_on_its_way_reaches_the_script(curl: Curl, drive: Drive, folder: str, large: Path) -> None:
    drive.put(f"{folder}/large.bin", b"old\n")
    assert curl("large.bin", "-T", large, "-H", "Expect:", "-H", "If-None-Match: *").status == 412
    assert drive.get(f"{folder}/large.bin") == b"old\n"


def test_partial_upload_is_refused_and_changes_nothing(curl: Curl, drive: Drive, folder: str, tmp_path: Path) -> None:
    drive.put(f"{folder}/a.txt", b"0123456789")
    (tmp_path / "part").write_bytes(b"xyz")
    assert curl("a.txt", "-T", tmp_path / "part", "-H", "Content-Range: bytes 2-4/10").status == 400
    assert drive.get(f"{folder}/a.txt") == b"0123456789"


def test_wrong_password_is_told_without_taking_the_upload(curl: Curl, drive: Drive, folder: str, large: Path) -> None:
    options = (
        "-T",
        large,
        "--user",
        f"{drive.user}:wrong password",
        "--expect100-timeout",
        "60",
        "-H",
        "Expect: 100-continue",
    )
    reply = curl("a.bin", *options)
    assert (reply.status, reply.sent_bytes) == (401, 0)
    assert not drive.exists(f"{folder}/a.bin")


def test_name_with_every_kind_of_character_kept(curl: Curl, drive: Drive, folder: str, tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(b"one\n")
    name = "100% ä#?;x=1&y 日本語.txt"
    assert curl(name, "-T", tmp_path / "one").status == 201
    assert drive.members(folder) == [name]
    moved = drive.address(f"{folder}/200% {name}")
    assert curl(name, "-X", "MOVE", "-H", f"Destination: {moved}").status == 201
    assert drive.members(folder) == [f"200% {name}"]
