"""webdavclient3, the WebDAV library that Python programs use."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from .drive import Drive
from .programs import NotRun, run

pytestmark = pytest.mark.live


@pytest.fixture
def client(not_run: NotRun, drive: Drive, folder: str) -> Any:
    """A client whose root is the test's own collection."""
    try:
        from webdav3.client import Client
    except ModuleNotFoundError:
        not_run("webdavclient3 is not installed (Python package webdavclient3)")
    parts = urlsplit(drive.address(folder))
    return Client(
        {
            "webdav_hostname": f"{parts.scheme}://{parts.netloc}",
            "webdav_root": f"{parts.path}/",
            "webdav_login": drive.user,
            "webdav_password": drive.password,
            "webdav_timeout": 60,
        }
    )


def test_tree_uploaded_and_downloaded_again_is_the_same(client: Any, real_files: Path, tmp_path: Path) -> None:
    source = real_files / "library" / "xml"
    client.mkdir("up")
    client.upload_sync("up/xml", str(source))
    client.download_sync("up/xml", str(tmp_path / "back"))
    run("diff", "-r", source, tmp_path / "back").succeeded()


def test_files_checked_listed_copied_moved_and_deleted(client: Any, drive: Drive, folder: str, tmp_path: Path) -> None:
    local = tmp_path / "local.txt"
    local.write_bytes(b"content\n")
    client.mkdir("sub")
    client.upload_sync("sub/é #1.txt", str(local))
    assert client.check("sub/é #1.txt") and not client.check("nothing.txt")
    assert client.is_dir("sub") and not client.is_dir("sub/é #1.txt")
    assert client.list("sub") == ["é #1.txt"]
    assert client.info("sub/é #1.txt")["size"] == "8"
    client.copy("sub/é #1.txt", "copy.txt")
    client.move("sub/é #1.txt", "moved.txt")
    client.clean("sub")
    assert drive.members(folder) == ["copy.txt", "moved.txt"]
    client.download_sync("moved.txt", str(tmp_path / "back.txt"))
    assert (tmp_path / "back.txt").read_bytes() == b"content\n"


def test_property_set_and_read_back(client: Any, drive: Drive, folder: str) -> None:
    drive.put(f"{folder}/a.txt", b"a\n")
    client.set_property("a.txt", {"namespace": "urn:example:", "name": "colour", "value": "dark & blue"})
    assert client.get_property("a.txt", {"namespace": "urn:example:", "name": "colour"}) == "dark & blue"


def test_lock_of_the_library_keeps_others_out(client: Any, drive: Drive, folder: str) -> None:
    drive.put(f"{folder}/a.txt", b"a\n")
    with client.lock("a.txt", timeout=60) as locked:
        assert drive.request("PUT", f"{folder}/a.txt", b"intruder\n").status == 423
        locked.upload_to(b"written under the lock\n", "a.txt")
    assert drive.active_locks(f"{folder}/a.txt") == []
    assert drive.get(f"{folder}/a.txt") == b"written under the lock\n"
