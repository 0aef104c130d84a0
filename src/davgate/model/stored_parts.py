"""Addresses of stored contents of document parts: each leads to its document and to bytes that never change, without a table.

The id in an address is that of the document with its lower half changed. For a content that came to the LoRA door that is by the
number of the version that brought it and a number of its own in that version: such contents are kept by their addresses. For the
content of the document itself, as another door stored it, it is by the number of the version and the beginning of the digest:
while an edit session has a version open its bytes change, and an address stays with those that it was told for.
"""

from __future__ import annotations

import re
from typing import Final

from davgate.model.frozen import frozen
from davgate.model.instant import Instant, to_datetime

SCHEME: Final = "store:"
_PART_BITS: Final = 16
MOST_PARTS: Final = (1 << _PART_BITS) - 1
"""Contents that one version can bring."""
_HALF: Final = (1 << 64) - 1
_IS_OF_DOCUMENT: Final = 1 << 63
_DIGEST_BYTES: Final = 4
_DIGEST_BITS: Final = _DIGEST_BYTES * 8
_LARGEST_NO: Final = (1 << 31) - 1
_ADDRESS: Final = re.compile(
    r"\d{4}/\d\d/\d\d/\d\d/\d\d/([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\.bin", re.ASCII
)


@frozen
class Candidate:
    """The version of a document that an address may be of, and what the digest of the content begins with."""

    version_no: int
    digest: bytes


def address_of_part(uuid: str, version_no: int, part_no: int, at: Instant) -> str:
    """Return the address of a content that came to the LoRA door, without the scheme; ``at`` is when its version came to be."""
    return _address(uuid, version_no << _PART_BITS | part_no, at)


def address_of(uuid: str, version_no: int, digest: bytes, at: Instant) -> str:
    """Return the address of the content of the document itself, without the scheme; ``at`` is when its version came to be."""
    # Beyond the largest number they begin anew: the digest still tells the contents apart.
    number = (version_no & _LARGEST_NO) << _DIGEST_BITS | int.from_bytes(digest[:_DIGEST_BYTES])
    return _address(uuid, _IS_OF_DOCUMENT | number, at)


def _address(uuid: str, lower: int, at: Instant) -> str:
    digits = f"{int(uuid.replace('-', ''), 16) ^ lower:032x}"
    moved = f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
    return f"{to_datetime(at):%Y/%m/%d/%H/%M}/{moved}.bin"


def prefix_of(address: str) -> str | None:
    """Return what the id of the document begins with that an address is of, or None where it is no address."""
    matched = _ADDRESS.fullmatch(address)
    return None if matched is None else matched[1][:19]


def candidate(address: str, uuid: str) -> Candidate | None:
    """Return what an address is of, if it is one of the content of the document with this id itself."""
    matched = _ADDRESS.fullmatch(address)
    if matched is None:
        return None
    number = int(matched[1].replace("-", ""), 16) ^ int(uuid.replace("-", ""), 16)
    if number > _HALF or not number & _IS_OF_DOCUMENT:
        return None
    digest = (number & ((1 << _DIGEST_BITS) - 1)).to_bytes(_DIGEST_BYTES)
    return Candidate(number >> _DIGEST_BITS & _LARGEST_NO, digest)
