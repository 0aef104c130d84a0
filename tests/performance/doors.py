"""Compares the REST doors of davgate with its drive: the same work on documents of the same kind, in one run.

Both stores are filled in the same way through GEVER, so that their documents have titles, types and second names.
"""

import base64
import itertools
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from . import reading, writing
from .documents import KIB, MIB, fresh, listed_names
from .load import Answer, LoadError, Request, Script, drive
from .peers import Davgate, Peer
from .reading import repeat
from .rows import EVERY_ROUND, Row, Sample, ahead, rate, transfer_unit, transfers

SMALL = 4 * KIB
LARGE = 256 * MIB
LISTED_BYTES = KIB
FOLDERS = (100, 1_000)
PAGE = 25
"""What GEVER shows of a folder unless it is asked for more."""
CONNECTIONS = (1, 8)
KEPT = 1 / 1.5
"""The share of the drive's figures that the other doors have to reach."""

GEVER = "/gever"
OKD = "/okd/v1/documents"
BOUNDARY = "bench-boundary"

JSON = ("Accept: application/json", "Content-Type: application/json")
_FORM = (f"Content-Type: multipart/form-data; boundary={BOUNDARY}",)
_METADATA = json.dumps({"documentType": "bpv", "documentName": "Agreement"})
_OPENING = (
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="metadata"\r\nContent-Type: application/json\r\n\r\n{_METADATA}\r\n'
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="agreement-%d.bin"\r\n'
    "Content-Type: application/octet-stream\r\n\r\n"
)
_CLOSING = f"\r\n--{BOUNDARY}--\r\n".encode()
_LOCATION = re.compile(rb"\r\nlocation:[ \t]*(?:https?://[^/]+)?(/\S+)", re.IGNORECASE)

Measure = Callable[[Peer, float], Sample]

_serial = itertools.count()


@dataclass(frozen=True)
class Place:
    """Where something lies: its path on the drive and its address in GEVER."""

    path: str
    address: str


class Drive(Davgate):
    """davgate as it is mounted."""

    name = "drive"

    def fill(self, seed_folder: Path) -> None:
        """Make folders of documents, and a document by itself, through GEVER."""
        self.folders = {count: self._make_folder(f"listing-{count}") for count in FOLDERS}
        for count, folder in self.folders.items():
            for name in listed_names(count):
                self._make_document(folder, name, LISTED_BYTES)
        self.home = self._make_folder("singles")
        self.single = self._make_document(self.home, "single.bin", SMALL)

    def _make_folder(self, title: str) -> Place:
        return Place(title, self._make(GEVER, {"@type": "opengever.dossier.businesscasedossier", "title": title}))

    def _make_document(self, folder: Place, name: str, size_bytes: int) -> Place:
        data = base64.b64encode(b"".join(fresh(size_bytes))).decode()
        file = {"data": data, "encoding": "base64", "filename": name, "content-type": "application/octet-stream"}
        fields = {"@type": "opengever.document.document", "title": name, "file": file}
        return Place(f"{folder.path}/{name}", self._make(folder.address, fields))

    def _make(self, address: str, fields: object) -> str:
        return location(self.ask(self.request("POST", address, JSON, json.dumps(fields).encode(), expect=(201,), root="")))


class Rest(Drive):
    """The same through the REST doors."""

    name = "rest"


def servers(folder: Path, workers: int | None) -> Sequence[Peer]:
    """Return the two that are compared."""
    return [Rest(folder / Rest.name, workers), Drive(folder / Drive.name, workers)]


def rows() -> list[Row]:
    """Return the rows, each named after the work through a REST door and that on the drive."""
    return [*_readings(), *_listings(), *_small_writings(), *_large_writings()]


def _readings() -> Iterator[Row]:
    for connections in CONNECTIONS:
        on_drive = through(Drive, look, connections)
        yield row("GEVER GET / PROPFIND Depth 0", connections, through(Rest, _gever_get, connections), on_drive)
        yield row("OKD GET / PROPFIND Depth 0", connections, through(Rest, _okd_get, connections), on_drive)
        on_drive = through(Drive, fetch, connections)
        yield row("GEVER download / GET 4 KiB", connections, through(Rest, _gever_download, connections), on_drive)


def _listings() -> Iterator[Row]:
    for count in FOLDERS:
        for size in (PAGE, count):
            name = f"GEVER GET, {size:,} of {count:,} / PROPFIND Depth 1"
            yield row(name, 1, through(Rest, _page(count, size), 1), _members(count))


def _small_writings() -> Iterator[Row]:
    for connections in CONNECTIONS:
        over = writing.replaced_documents(SMALL, connections)
        yield row("OKD PATCH / PUT over existing 4 KiB", connections, _okd_replaced(SMALL, connections), over, writes=True)
        new = writing.new_documents(SMALL, connections)
        yield row("OKD POST / PUT new 4 KiB", connections, _okd_new(SMALL, connections), new, writes=True)


def _large_writings() -> Iterator[Row]:
    for connections in CONNECTIONS:
        new = writing.new_documents(LARGE, connections, 1)
        for name, work in (("OKD POST", _okd_new), ("GEVER TUS", _tus)):
            yield row(f"{name} / PUT new 256 MiB", connections, work(LARGE, connections, 1), new, size=LARGE, writes=True)


def row(name: str, connections: int, rest: Measure, on_drive: Measure, *, size: int = SMALL, writes: bool = False) -> Row:
    """Return the row of work through a REST door and on the drive."""

    def measure(peer: Peer, seconds: float) -> Sample:
        return (rest if isinstance(peer, Rest) else on_drive)(peer, seconds)

    at = ", 1 connection" if connections == 1 else f", {connections} connections"
    bars = (ahead(KEPT, Drive.name, own=Rest.name),)
    is_long = size == LARGE and connections > 1
    most_rounds = 1 if is_long else EVERY_ROUND
    return Row(name + at, transfer_unit(size), measure, bars, most_rounds=most_rounds, is_long=is_long, writes=writes)


# Reading: one request again and again, whose answer was looked at once


def through(kind: type[Drive], request: Callable[[Drive], Request], connections: int) -> Measure:
    """Ask the same again and again of a server of a kind."""

    def measure(peer: Peer, seconds: float) -> Sample:
        assert isinstance(peer, kind)
        return rate(repeat(peer, request(peer), seconds, connections))

    return measure


def look(peer: Drive) -> Request:
    """Ask the drive for the properties of a document."""
    headers = ("Depth: 0", reading.XML)
    return peer.request("PROPFIND", peer.single.path, headers, reading.COMMON_PROPERTIES, expect=(207,))


def fetch(peer: Drive) -> Request:
    """Ask the drive for a document."""
    return peer.request("GET", peer.single.path, expect=(200,), length_bytes=SMALL)


def _members(count: int) -> Measure:
    def measure(peer: Peer, seconds: float) -> Sample:
        assert isinstance(peer, Drive)
        return reading.members(peer.folders[count].path, count, reading.COMMON_PROPERTIES)(peer, seconds)

    return measure


def _gever_get(peer: Drive) -> Request:
    return get(peer, peer.single.address)


def _gever_download(peer: Drive) -> Request:
    return peer.request("GET", f"{peer.single.address}/@@download/file", expect=(200,), length_bytes=SMALL, root="")


def _page(count: int, size: int) -> Callable[[Drive], Request]:
    def request(peer: Drive) -> Request:
        address = f"{peer.folders[count].address}?b_size={size}"
        answer = peer.ask(get(peer, address, keep_body=True))
        found = json.loads(answer.body)
        if len(found["items"]) != size or found["items_total"] != count:
            raise LoadError(f"{address}: {len(found['items'])} of {found['items_total']} instead of {size} of {count}")
        return get(peer, address)

    return request


def _okd_get(peer: Drive) -> Request:
    return get(peer, location(peer.ask(_delivery(peer, SMALL))))


def get(peer: Peer, address: str, *, keep_body: bool = False) -> Request:
    """Ask a door for JSON."""
    return peer.request("GET", address, JSON[:1], expect=(200,), keep_body=keep_body, root="")


def location(answer: Answer) -> str:
    """Return the address that an answer names, without its host.

    Raises:
        LoadError: it names none.
    """
    found = _LOCATION.search(answer.head)
    if found is None:
        raise LoadError(f"an answer without a Location header: {answer.head[:300]!r}")
    return found[1].decode()


# Writing


def _okd_replaced(size_bytes: int, connections: int) -> Measure:
    """Give one document for each connection new content."""

    def measure(peer: Peer, seconds: float) -> Sample:
        addresses = [location(peer.ask(_delivery(peer, size_bytes))) for _ in range(connections)]

        def script(address: str) -> Script:
            while True:
                yield peer.request(
                    "PATCH",
                    address,
                    ("Content-Type: application/octet-stream",),
                    fresh(size_bytes),
                    expect=(204,),
                    root="",
                )

        return transfers(drive(peer.address, [script(address) for address in addresses], seconds=seconds), size_bytes)

    return measure


def _okd_new(size_bytes: int, connections: int, each: int | None = None) -> Measure:
    """Deliver documents with their metadata: ``each`` many on a connection, or as many as the time allows."""

    def measure(peer: Peer, seconds: float) -> Sample:
        def script() -> Script:
            for _ in itertools.count() if each is None else range(each):
                yield _delivery(peer, size_bytes)

        return transfers(drive(peer.address, [script() for _ in range(connections)], seconds=seconds), size_bytes)

    return measure


def _delivery(peer: Peer, size_bytes: int) -> Request:
    opening = (_OPENING % next(_serial)).encode()
    body = [memoryview(opening), *fresh(size_bytes), memoryview(_CLOSING)]
    return peer.request("POST", OKD, _FORM, body, expect=(201,), root="")


def _tus(size_bytes: int, connections: int, each: int) -> Measure:
    """Upload documents by TUS, each in one part."""

    def measure(peer: Peer, seconds: float) -> Sample:
        assert isinstance(peer, Drive)
        address, name = peer.home.address, base64.b64encode(b"upload.bin").decode()
        announced = ("Tus-Resumable: 1.0.0", f"Upload-Length: {size_bytes}", f"Upload-Metadata: filename {name}")
        part = ("Tus-Resumable: 1.0.0", "Upload-Offset: 0", "Content-Type: application/offset+octet-stream")

        def script() -> Script:
            for _ in range(each):
                begin = peer.request("POST", f"{address}/@tus-upload", announced, expect=(201,), closes_unit=False, root="")
                upload = location((yield begin))
                yield peer.request("PATCH", upload, part, fresh(size_bytes), expect=(204,), root="")

        return transfers(drive(peer.address, [script() for _ in range(connections)], seconds=seconds), size_bytes)

    return measure
