"""Work that changes nothing: PROPFIND and GET."""

import re
from collections.abc import Callable

from . import memory
from .load import LoadError, Request, Script, Timings, drive, quantile
from .peers import Peer
from .rows import Sample, rate, transfers

XML = 'Content-Type: application/xml; charset="utf-8"'
COMMON_PROPERTIES = (
    b'<?xml version="1.0" encoding="utf-8"?><D:propfind xmlns:D="DAV:"><D:prop><D:displayname/><D:resourcetype/>'
    b"<D:getcontentlength/><D:getlastmodified/><D:getetag/><D:getcontenttype/><D:creationdate/></D:prop></D:propfind>"
)
ALL_PROPERTIES = b'<?xml version="1.0" encoding="utf-8"?><D:propfind xmlns:D="DAV:"><D:allprop/></D:propfind>'

_RESPONSE = re.compile(rb"<(?:\w+:)?response[\s>]")
_LENGTH_SHOWN = re.compile(rb"<(?:\w+:)?getcontentlength[^/>]*>\d+<")


def properties(path: str, connections: int) -> Callable[[Peer, float], Sample]:
    """Ask for seven properties of one document."""

    def measure(peer: Peer, seconds: float) -> Sample:
        request = _propfind(peer, path, "0", COMMON_PROPERTIES, documents=1, collections=0)
        return rate(repeat(peer, request, seconds, connections))

    return measure


def members(path: str, documents: int, body: bytes) -> Callable[[Peer, float], Sample]:
    """List a folder with its properties."""

    def measure(peer: Peer, seconds: float) -> Sample:
        return rate(repeat(peer, _listing(peer, path, documents, body), seconds))

    return measure


def first_byte(path: str, documents: int) -> Callable[[Peer, float], Sample]:
    """Take the time until the answer to a listing begins."""

    def measure(peer: Peer, seconds: float) -> Sample:
        timings = repeat(peer, _listing(peer, path, documents, COMMON_PROPERTIES), seconds)
        return Sample(quantile(timings.first_bytes, 0.5) * 1000)

    return measure


def listing_memory(path: str, documents: int) -> Callable[[Peer, float], Sample]:
    """Take the highest memory of a fresh server while it lists a folder."""

    def measure(peer: Peer, _seconds: float) -> Sample:
        request = _listing(peer, path, documents, COMMON_PROPERTIES)
        peer.restart()
        memory.forget_peak(peer.pid)
        before_mib = memory.resident_mib(peer.pid)
        peer.ask(request)
        peak_mib = memory.peak_mib(peer.pid)
        return Sample(peak_mib, extra_mib=peak_mib - before_mib)

    return measure


def content(path: str, size_bytes: int, connections: int) -> Callable[[Peer, float], Sample]:
    """Fetch a document."""

    def measure(peer: Peer, seconds: float) -> Sample:
        request = peer.request("GET", path, expect=(200,), length_bytes=size_bytes)
        return transfers(repeat(peer, request, seconds, connections), size_bytes)

    return measure


def _listing(peer: Peer, path: str, documents: int, body: bytes) -> Request:
    return _propfind(peer, f"{path}/", "1", body, documents=documents, collections=1)


def _propfind(peer: Peer, path: str, depth: str, body: bytes, *, documents: int, collections: int) -> Request:
    """Return a request whose answer was counted through once; every further one must have the same length."""
    headers = (f"Depth: {depth}", XML)
    answer = peer.ask(peer.request("PROPFIND", path, headers, body, expect=(207,), keep_body=True))
    found = len(_RESPONSE.findall(answer.body))
    shown = len(_LENGTH_SHOWN.findall(answer.body))
    if found != documents + collections or shown < documents:
        raise LoadError(f"{peer.name}: {found} members and {shown} lengths in {path}, {documents} documents were stored")
    return peer.request("PROPFIND", path, headers, body, expect=(207,), length_bytes=answer.length_bytes)


def repeat(peer: Peer, request: Request, seconds: float, connections: int = 1) -> Timings:
    """Send one request again and again on some connections."""

    def script() -> Script:
        while True:
            yield request

    return drive(peer.address, [script() for _ in range(connections)], seconds=seconds)
