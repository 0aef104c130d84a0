"""Makes the bytes that are stored: the tree each server starts with, and bodies no server has seen before."""

import itertools
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

KIB = 1024
MIB = 1024 * KIB

LISTED_BYTES = KIB
PIECE_BYTES = MIB
# Longer than svn's delta window and than any small body, short enough to be made in milliseconds.
_POOL = memoryview(os.urandom(2 * PIECE_BYTES))
_serial = itertools.count()
_run = os.urandom(8)


def fresh(size_bytes: int) -> list[memoryview]:
    """Return a body that differs from every other, at its start and by a shift of everything after.

    A store that knows content by its digest would otherwise answer without storing. Random bytes stand for what people
    keep on drives, which is compressed already.
    """
    serial = next(_serial)
    pieces = [memoryview(_run + serial.to_bytes(8))]
    left = size_bytes - len(pieces[0])
    while left > 0:
        # The shift is a prime times the serial, so that neighbours share no aligned block.
        shift = serial * 7919 % PIECE_BYTES
        pieces.append(_POOL[shift : shift + min(left, PIECE_BYTES)])
        left -= len(pieces[-1])
    return pieces


def listed_names(count: int) -> Iterator[str]:
    """Yield the member names of the folder with this many documents."""
    return (f"report-{number:05}.docx" for number in range(count))


def listing(count: int) -> str:
    """Return the path, below the seed folder, of the folder with this many documents."""
    return f"listing-{count}"


def single(size_bytes: int) -> str:
    """Return the path, below the seed folder, of the document of this size."""
    return f"single-{size_bytes}.bin"


def seeds(listings: Iterable[int], singles: Iterable[int]) -> Iterator[tuple[str, int]]:
    """Yield path and size in bytes of every document the rows read."""
    for count in sorted(listings):
        for name in listed_names(count):
            yield f"{listing(count)}/{name}", LISTED_BYTES
    for size_bytes in sorted(singles):
        yield single(size_bytes), size_bytes


def write_seeds(folder: Path, tree: Iterable[tuple[str, int]]) -> None:
    """Write the documents below ``folder``."""
    for path, size_bytes in tree:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as out:
            out.writelines(fresh(size_bytes))
