"""LibreOffice: documents made, opened, edited and saved where they are, over http:// and on a davfs2 mount."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator
from typing import Final

import pytest

from .drive import EXTERNAL_URL, Drive, Server, Serving
from .mounts import PERSONS_UPLOAD_DELAY, Mounting
from .office import DEBIAN_PYTHON, Office, OfficeError, start_office
from .programs import NotRun, run

pytestmark = pytest.mark.live

LOCK_SECONDS: Final = 33
"""LibreOffice refreshes its lock when 30 seconds of it are left: here some three seconds after it has opened."""

REFRESH_SECONDS: Final = 30


@pytest.fixture(scope="module")
def server(serving: Serving) -> Iterator[Server]:
    """A davgate that grants short locks."""
    with serving(DAVGATE_LOCKS_MAX=f"{LOCK_SECONDS}s") as short_locks:
        yield short_locks


@pytest.fixture(scope="module")
def drive(request: pytest.FixtureRequest) -> Drive:
    """This module's own drive, unless another server is looked at."""
    found: Drive = request.getfixturevalue("drive") if EXTERNAL_URL else request.getfixturevalue("server").drive
    return found


@pytest.fixture(scope="module")
def office(
    program: Callable[[str], str], not_run: NotRun, drive: Drive, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    soffice = program("soffice")
    if not DEBIAN_PYTHON.exists() or run(DEBIAN_PYTHON, "-c", "import uno").status != 0:
        not_run("LibreOffice cannot be driven (Debian package python3-uno)")
    with start_office(soffice, tmp_path_factory.mktemp("office"), drive.user, drive.password) as started:
        yield started


def stored_text(document: bytes) -> str:
    """Return the body of an OpenDocument text; a damaged file fails the test."""
    with zipfile.ZipFile(io.BytesIO(document)) as archive:
        assert archive.testzip() is None
        return archive.read("content.xml").decode()


def make_document(office: Office, drive: Drive, path: str, text: str) -> None:
    office.new()
    office.append(text)
    office.store_as(drive.address(path))
    office.close()


def test_document_made_and_edited_in_place_is_on_the_drive(office: Office, drive: Drive, folder: str) -> None:
    path = f"{folder}/letter é #1.odt"
    make_document(office, drive, path, "A first line.")
    assert "A first line." in stored_text(drive.get(path))
    assert office.open(drive.address(path))
    assert office.text() == "A first line."
    office.append(" And a second.")
    office.store()
    assert "And a second." in stored_text(drive.get(path))
    office.close()
    assert drive.members(folder) == ["letter é #1.odt"]


def test_open_document_is_locked_against_others_until_closed(office: Office, drive: Drive, folder: str) -> None:
    path = f"{folder}/letter.odt"
    office.new()
    office.append("text")
    office.store_as(drive.address(path))
    (lock,) = drive.active_locks(path)
    assert (lock.scope, lock.depth) == ("exclusive", "0")
    office.close()
    assert drive.active_locks(path) == []

    assert office.open(drive.address(path))
    (lock,) = drive.active_locks(path)
    before = drive.get(path)
    assert drive.request("PUT", path, b"intruder").status == 423
    assert drive.request("DELETE", path).status == 423
    assert drive.get(path) == before
    office.close()
    assert drive.active_locks(path) == []


def test_lock_is_refreshed_while_the_document_is_open(office: Office, own_drive: Drive, folder: str) -> None:
    path = f"{folder}/letter.odt"
    make_document(office, own_drive, path, "text")
    assert office.open(own_drive.address(path))
    (first,) = own_drive.active_locks(path)
    assert first.seconds_left <= LOCK_SECONDS
    # The program has its own clock, so there is nothing to set: watch until the time left grows.
    left = [first.seconds_left]
    deadline = time.monotonic() + REFRESH_SECONDS
    while left[-1] <= min(left):
        assert time.monotonic() < deadline, f"no refresh seen, seconds left: {left}"
        time.sleep(0.25)
        (now,) = own_drive.active_locks(path)
        assert now.token == first.token
        left.append(now.seconds_left)
    office.append(" changed")
    office.store()
    office.close()
    assert own_drive.active_locks(path) == []


def test_document_locked_by_another_cannot_be_changed(office: Office, drive: Drive, folder: str) -> None:
    path = f"{folder}/letter.odt"
    make_document(office, drive, path, "text")
    lock = (
        b'<lockinfo xmlns="DAV:"><lockscope><exclusive/></lockscope><locktype><write/></locktype>'
        b"<owner>Ben, second floor</owner></lockinfo>"
    )
    taken = drive.request("LOCK", path, lock, {"Timeout": "Second-30", "Depth": "0", "Content-Type": "application/xml"})
    assert taken.status == 200
    try:
        changeable = office.open(drive.address(path))
    except OfficeError:
        changeable = False
    else:
        office.close()
    assert not changeable
    drive.request("UNLOCK", path, headers={"Lock-Token": taken.headers["lock-token"]})
    assert drive.active_locks(path) == []


def test_each_session_is_a_version_and_stays_one_after_a_restart(
    office: Office, own_drive: Drive, server: Server, folder: str
) -> None:
    path = f"{folder}/letter.odt"
    office.new()
    states: list[bytes] = []
    for text in ("One.", " Two.", " Three."):
        office.append(text)
        if states:
            office.store()
        else:
            office.store_as(own_drive.address(path))
        states.append(own_drive.get(path))
    office.close()
    assert office.open(own_drive.address(path))
    office.append(" Four.")
    office.store()
    office.close()
    states.append(own_drive.get(path))

    versions = own_drive.versions(path)
    assert list(versions.values()) == states[2:]
    assert [name[:5] for name in versions] == ["0001 ", "0002 "]
    listed = server.command("versions", f"/{path}", "--saves", "--json").succeeded()
    first, second = json.loads(listed.output)["versions"]
    assert (len(first["saves"]), second["saves"]) == (2, [])
    assert all(name.endswith(f" {own_drive.user}.odt") for name in versions)
    server.restart()
    assert own_drive.versions(path) == versions
    assert own_drive.get(path) == states[-1]

    oldest = own_drive.address(f"{folder}/.versions/letter.odt/{next(iter(versions))}")
    assert not office.open(oldest)
    assert office.text() == "One. Two. Three."
    office.close()


@pytest.mark.parametrize("upload_delay", [0, PERSONS_UPLOAD_DELAY])
def test_document_edited_on_a_davfs2_mount_is_on_the_drive(
    office: Office, mount: Mounting, drive: Drive, folder: str, upload_delay: int
) -> None:
    mounted = mount(drive, folder, upload_delay=upload_delay)
    office.new()
    office.append("A first line.")
    office.store_as((mounted.path / "letter.odt").as_uri())
    office.close()
    assert office.open((mounted.path / "letter.odt").as_uri())
    office.append(" And a second.")
    office.store()
    office.close()
    assert mounted.lost() == []
    mounted.unmount()
    text = stored_text(drive.get(f"{folder}/letter.odt"))
    assert "A first line." in text and "And a second." in text
    assert drive.members(folder) == ["letter.odt"]
    assert drive.active_locks(f"{folder}/letter.odt") == []


def test_every_save_on_a_mount_is_a_version_of_the_same_document(
    office: Office, mount: Mounting, own_drive: Drive, folder: str
) -> None:
    mounted = mount(own_drive, folder)
    address = (mounted.path / "letter.odt").as_uri()
    office.new()
    office.append("One.")
    office.store_as(address)
    office.close()
    for text in (" Two.", " Three."):
        assert office.open(address)
        office.append(text)
        office.store()
        office.close()
    mounted.unmount()
    assert own_drive.members(f"{folder}/.versions") == ["letter.odt"]
    texts = [stored_text(content) for content in own_drive.versions(f"{folder}/letter.odt").values()]
    assert len(texts) == 3
    for text, state in zip(texts, ("One.", "One. Two.", "One. Two. Three."), strict=True):
        assert f">{state}</text:p>" in text
