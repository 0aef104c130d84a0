"""Addresses of stored contents of document parts: each leads to its document and version, so that no table has to.

The id in an address is that of the document with the lower half changed by the number of the version that brought the content and
of the part in it. Part 0 is the content of the document itself, as another door stored it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from davgate.model.instant import Instant, to_datetime

SCHEME: Final = "store:"
_PART_BITS: Final = 16
MOST_PARTS: Final = (1 << _PART_BITS) - 1
"""Contents that one version can bring."""
_HALF: Final = (1 << 64) - 1
_LARGEST_NO: Final = 1 << 40
_ADDRESS: Final = re.compile(
    r"\d{4}/\d\d/\d\d/\d\d/\d\d/([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\.bin", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """The version of a document that an address may be of, and the number of the part in it."""

    version_no: int
    part_no: int


def address_of(uuid: str, version_no: int, part_no: int, at: Instant) -> str:
    """Return the address of a content, without the scheme; ``at`` is when its version came to be."""
    number = int(uuid.replace("-", ""), 16) ^ (version_no << _PART_BITS | part_no)
    digits = f"{number:032x}"
    moved = f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
    return f"{to_datetime(at):%Y/%m/%d/%H/%M}/{moved}.bin"


def prefix_of(address: str) -> str | None:
    """Return what the id of the document begins with that an address is of, or None where it is no address."""
    matched = _ADDRESS.fullmatch(address)
    return None if matched is None else matched[1][:19]


def candidate(address: str, uuid: str) -> Candidate | None:
    """Return what an address is of, if it is one of the document with this id."""
    matched = _ADDRESS.fullmatch(address)
    if matched is None:
        return None
    number = int(matched[1].replace("-", ""), 16) ^ int(uuid.replace("-", ""), 16)
    version_no, part_no = number >> _PART_BITS, number & MOST_PARTS
    return Candidate(version_no, part_no) if number <= _HALF and 0 < version_no < _LARGEST_NO else None
