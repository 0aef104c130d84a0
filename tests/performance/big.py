"""Compares a davgate store of many documents, ten levels deep, with a small, flat one: size must not show.

Every request goes to another folder or document, so that what the caches hold does not hide the size.
"""

import itertools
import random
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from .building import build
from .documents import KIB, fresh, listed_names
from .load import Request, Script, drive
from .peers import Davgate, Peer
from .reading import COMMON_PROPERTIES, XML
from .rows import Row, Sample, ahead, rate

IN_A_FOLDER = 1_000
BODY_BYTES = 4 * KIB
DEPTH = 10
KEPT = 1 / 1.5
"""The share of the small store's figures that the big one has to keep."""

NAMES = tuple(listed_names(IN_A_FOLDER))


class SmallStore(Davgate):
    """One folder of 1,000 documents, right below the root."""

    name = "small"

    def __init__(self, folder: Path, workers: int | None, documents: int = IN_A_FOLDER, depth: int = 2) -> None:
        super().__init__(folder, workers)
        above = tuple(f"level-{level}" for level in range(1, depth - 1))
        self._folders = [(*above, f"folder-{number:05}") for number in range(max(1, documents // IN_A_FOLDER))]
        self._random = random.Random(documents)

    def version(self) -> str:
        """Return what was built."""
        return f"{super().version()}, {len(self._folders) * IN_A_FOLDER:,} documents, path depth {len(self._folders[0]) + 1}"

    def prepare(self, seed_folder: Path) -> None:
        """Make the store with its documents."""
        super().prepare(seed_folder)
        began_at = time.monotonic()
        self.build()
        print(f"built {self.version()} in {time.monotonic() - began_at:.0f} s", file=sys.stderr, flush=True)

    def build(self) -> None:
        """Fill the store."""
        build(self.data, self._folders, IN_A_FOLDER, BODY_BYTES)

    def any_folder(self) -> str:
        """Return the path of one of the folders, another each time."""
        return "/".join(self._random.choice(self._folders))

    def any_document(self) -> str:
        """Return the path of one of the documents, another each time."""
        return f"{self.any_folder()}/{self._random.choice(NAMES)}"


class BigStore(SmallStore):
    """Many such folders; their documents are ten levels deep."""

    name = "big"

    def __init__(self, folder: Path, workers: int | None, documents: int) -> None:
        super().__init__(folder, workers, documents, DEPTH)


def rows() -> list[Row]:
    """Return the rows that compare the two stores."""
    bars = (ahead(KEPT, SmallStore.name, own=BigStore.name),)
    return [
        Row("PROPFIND Depth 0 of any document", "1/s", _all_over(_look), bars),
        # The small store has one folder, which it would remember as long as nothing is saved.
        Row("PUT over any document, PROPFIND Depth 1 of any folder", "1/s", _all_over(_replace, _list), bars, writes=True),
        Row("GET 4 KiB of any document", "1/s", _all_over(_fetch), bars),
        Row("PUT 4 KiB over any document", "1/s", _all_over(_replace), bars, writes=True),
        # Last, for it makes the folders longer.
        Row("PUT new 4 KiB in any folder", "1/s", _all_over(_create), bars, writes=True),
    ]


def _all_over(*requests: Callable[[SmallStore, int], Request]) -> Callable[[Peer, float], Sample]:
    serial = itertools.count()

    def measure(peer: Peer, seconds: float) -> Sample:
        assert isinstance(peer, SmallStore)

        def script() -> Script:
            for number in serial:
                for request in requests:
                    yield replace(request(peer, number), closes_unit=request is requests[-1])

        return rate(drive(peer.address, [script()], seconds=seconds))

    return measure


def _look(peer: SmallStore, _number: int) -> Request:
    return peer.request("PROPFIND", peer.any_document(), ("Depth: 0", XML), COMMON_PROPERTIES, expect=(207,))


def _list(peer: SmallStore, _number: int) -> Request:
    return peer.request("PROPFIND", f"{peer.any_folder()}/", ("Depth: 1", XML), COMMON_PROPERTIES, expect=(207,))


def _fetch(peer: SmallStore, _number: int) -> Request:
    return peer.request("GET", peer.any_document(), expect=(200,), length_bytes=BODY_BYTES)


def _replace(peer: SmallStore, _number: int) -> Request:
    return peer.request("PUT", peer.any_document(), body=fresh(BODY_BYTES), expect=(200, 204))


def _create(peer: SmallStore, number: int) -> Request:
    return peer.request("PUT", f"{peer.any_folder()}/new-{number}.bin", body=fresh(BODY_BYTES), expect=(201,))
