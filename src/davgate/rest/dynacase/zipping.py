"""Several files in one archive, written while it is sent: nothing is held but a block."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from davgate.core.opening import Opened
from davgate.model.frozen import frozen
from davgate.model.instant import to_datetime

_BLOCK_BYTES: Final = 256 * 1024
_FIRST_YEAR, _LAST_YEAR = 1980, 2107
_READABLE_BY_ALL: Final = 0o644 << 16


@frozen
class Entry:
    """A file of an archive, and what it is called there."""

    name: str
    opened: Opened


def archive(entries: Sequence[Entry]) -> Iterator[bytes]:
    """Yield an archive with some files as they are; what they hold is mostly compressed already.

    A client that goes away ends it, and what is open then is closed.
    """
    sink = _Sink()
    with ZipFile(sink, "w", ZIP_STORED) as written:
        for entry in entries:
            # How long it is stands behind the bytes, and may be more than 4 GiB.
            with written.open(_info(entry), "w", force_zip64=True) as into:
                for block in _blocks(entry.opened):
                    into.write(block)
                    yield sink.take()
    yield sink.take()


def _info(entry: Entry) -> ZipInfo:
    time = to_datetime(entry.opened.modified_at)
    year = min(max(time.year, _FIRST_YEAR), _LAST_YEAR)
    info = ZipInfo(entry.name, (year, time.month, time.day, time.hour, time.minute, time.second))
    info.external_attr = _READABLE_BY_ALL
    return info


def _blocks(opened: Opened) -> Iterator[bytes]:
    if opened.body is not None:
        yield opened.body
        return
    with opened.open() as file:
        while block := file.read(_BLOCK_BYTES):
            yield block


class _Sink:
    """A file to write to that cannot go back, and gives out what was written to it."""

    def __init__(self) -> None:
        self._written: list[bytes] = []

    def write(self, data: bytes, /) -> int:
        """Take in bytes."""
        self._written.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Do nothing: what is written is taken."""

    def close(self) -> None:
        """Do nothing: there is nothing to close."""

    def take(self) -> bytes:
        """Return what was written since it was asked for last."""
        taken = b"".join(self._written)
        self._written.clear()
        return taken
