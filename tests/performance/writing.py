"""Work that changes the store: uploads, saves under a lock, folder operations, and a mix of office programs."""

import itertools
import re
from collections.abc import Callable
from dataclasses import replace

from . import memory
from .documents import KIB, fresh
from .load import Answer, LoadError, Request, Script, drive
from .peers import WORK, Peer
from .reading import COMMON_PROPERTIES, XML
from .rows import Sample, rate, transfers

OFFICE_BYTES = 32 * KIB
MOST_TREES = 10
FILL_SECONDS = 1.0

LOCK_INFO = (
    b'<?xml version="1.0" encoding="utf-8"?><D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope>'
    b"<D:locktype><D:write/></D:locktype><D:owner>bench</D:owner></D:lockinfo>"
)
CREATED = (201,)
# A replaced document is answered with 204, or with 200 by servers that send a text along.
REPLACED = (200, 204)
ENDED = (204,)

_TOKEN = re.compile(rb"\r\nlock-token:[ \t]*<([^>]+)>", re.IGNORECASE)
_serial = itertools.count()


def new_documents(size_bytes: int, connections: int, each: int | None = None) -> Callable[[Peer, float], Sample]:
    """Store documents under new names: ``each`` many on a connection, or as many as the time allows."""

    def measure(peer: Peer, seconds: float) -> Sample:
        folder = own_folder(peer)

        def script(connection: int) -> Script:
            for number in itertools.count() if each is None else range(each):
                yield _put(peer, f"{folder}/{connection}-{number:06}.bin", size_bytes, CREATED)

        timings = drive(peer.address, [script(connection) for connection in range(connections)], seconds=seconds)
        return transfers(timings, size_bytes)

    return measure


def replaced_documents(size_bytes: int, connections: int, each: int | None = None) -> Callable[[Peer, float], Sample]:
    """Store new bytes over one existing document for each connection."""

    def measure(peer: Peer, seconds: float) -> Sample:
        paths = _own_documents(peer, connections, size_bytes)

        def script(path: str) -> Script:
            for _ in itertools.count() if each is None else range(each):
                yield _put(peer, path, size_bytes, REPLACED)

        return transfers(drive(peer.address, [script(path) for path in paths], seconds=seconds), size_bytes)

    return measure


def upload_memory(size_bytes: int) -> Callable[[Peer, float], Sample]:
    """Take the highest memory of a fresh server while it stores one document."""

    def measure(peer: Peer, _seconds: float) -> Sample:
        path = f"{own_folder(peer)}/upload.bin"
        peer.restart()
        memory.forget_peak(peer.pid)
        before_mib = memory.resident_mib(peer.pid)
        peer.ask(_put(peer, path, size_bytes, CREATED))
        peak_mib = memory.peak_mib(peer.pid)
        return Sample(peak_mib, extra_mib=peak_mib - before_mib)

    return measure


def locked_saves(size_bytes: int, connections: int) -> Callable[[Peer, float], Sample]:
    """LOCK, PUT, UNLOCK, on one existing document for each connection."""

    def measure(peer: Peer, seconds: float) -> Sample:
        return _save_under_locks(peer, size_bytes, connections, seconds, with_reads=False)

    return measure


def office_mix(clients: int) -> Callable[[Peer, float], Sample]:
    """Open, save and close one document for each client: PROPFIND, LOCK, GET; PUT, PROPFIND, UNLOCK."""

    def measure(peer: Peer, seconds: float) -> Sample:
        return _save_under_locks(peer, OFFICE_BYTES, clients, seconds, with_reads=True)

    return measure


def folder_move(source: str) -> Callable[[Peer, float], Sample]:
    """Move a copy of the folder to a new name, again and again."""

    def measure(peer: Peer, seconds: float) -> Sample:
        home = own_folder(peer)
        peer.ask(_transplant(peer, "COPY", source, f"{home}/0"))

        def script() -> Script:
            for number in itertools.count():
                yield _transplant(peer, "MOVE", f"{home}/{number}", f"{home}/{number + 1}")

        return rate(drive(peer.address, [script()], seconds=seconds))

    return measure


def folder_copy(source: str) -> Callable[[Peer, float], Sample]:
    """Copy the folder to new names."""

    def measure(peer: Peer, seconds: float) -> Sample:
        home = own_folder(peer)
        return rate(drive(peer.address, [_copies(peer, source, home)], seconds=seconds))

    return measure


def folder_deletion(source: str) -> Callable[[Peer, float], Sample]:
    """Delete copies of the folder, made untimed just before."""

    def measure(peer: Peer, _seconds: float) -> Sample:
        home = own_folder(peer)
        copies = drive(peer.address, [_copies(peer, source, home)], seconds=FILL_SECONDS)

        def script() -> Script:
            for number in range(len(copies.units)):
                yield peer.request("DELETE", f"{home}/{number}/", expect=ENDED)

        return rate(drive(peer.address, [script()]))

    return measure


def _save_under_locks(peer: Peer, size_bytes: int, clients: int, seconds: float, *, with_reads: bool) -> Sample:
    paths = _own_documents(peer, clients, size_bytes)
    lost: list[str] = []

    def look(path: str) -> Request:
        headers = ("Depth: 0", XML)
        return peer.request("PROPFIND", path, headers, COMMON_PROPERTIES, expect=(207,), closes_unit=False)

    def script(path: str) -> Script:
        while True:
            if with_reads:
                yield look(path)
            answer = yield _lock(peer, path)
            if answer.status == 200:
                token = _token(answer)
                if with_reads:
                    yield peer.request("GET", path, expect=(200,), length_bytes=size_bytes, closes_unit=False)
                answer = yield _put(peer, path, size_bytes, REPLACED + peer.lost_lock, token)
            if answer.status in peer.lost_lock:
                # The client goes on with another document, on the time of this cycle: the lost one may stay locked for good.
                lost.append(path)
                path = f"{path.rpartition('/')[0]}/again-{len(lost)}.docx"
                yield replace(_put(peer, path, size_bytes, CREATED), closes_unit=False)
                continue
            if with_reads:
                yield look(path)
            yield _unlock(peer, path, token)

    timings = drive(peer.address, [script(path) for path in paths], seconds=seconds)
    return replace(rate(timings), lost_share=len(lost) / (len(lost) + len(timings.units)))


def _copies(peer: Peer, source: str, home: str) -> Script:
    for number in range(MOST_TREES):
        yield _transplant(peer, "COPY", source, f"{home}/{number}")


def own_folder(peer: Peer) -> str:
    path = f"{WORK}/{next(_serial)}"
    peer.make_folder(path)
    return path


def _own_documents(peer: Peer, count: int, size_bytes: int) -> list[str]:
    folder = own_folder(peer)
    paths = [f"{folder}/report-{number:02}.docx" for number in range(count)]
    for path in paths:
        peer.ask(_put(peer, path, size_bytes, CREATED))
    return paths


def _put(peer: Peer, path: str, size_bytes: int, expect: tuple[int, ...], token: str | None = None) -> Request:
    """Return the upload of a fresh body; with a lock token it is a step within a unit."""
    headers = [f"If: (<{token}>)"] if token else []
    return peer.request("PUT", path, headers, fresh(size_bytes), expect=expect, closes_unit=token is None)


def _lock(peer: Peer, path: str) -> Request:
    return peer.request("LOCK", path, ("Timeout: Second-600", XML), LOCK_INFO, expect=(200, *peer.lost_lock), closes_unit=False)


def _unlock(peer: Peer, path: str, token: str) -> Request:
    return peer.request("UNLOCK", path, [f"Lock-Token: <{token}>"], expect=ENDED + peer.lost_lock)


def _token(answer: Answer) -> str:
    found = _TOKEN.search(answer.head)
    if found is None:
        raise LoadError(f"LOCK was answered without a Lock-Token header: {answer.head[:300]!r}")
    return found[1].decode()


def _transplant(peer: Peer, method: str, source: str, target: str) -> Request:
    return peer.request(method, f"{source}/", [f"Destination: {peer.url(target)}/", "Overwrite: F"], expect=CREATED)
