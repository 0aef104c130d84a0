"""Compares a davgate store as it is with the same store as it was: time travel must not cost more than twice the present.

Every document was renamed within its folder since the instant that is asked for, so a hundred thousand documents have a
million places. Every request goes to another folder or document.
"""

import datetime
import itertools
from collections.abc import Callable, Sequence
from pathlib import Path

from .big import BODY_BYTES, IN_A_FOLDER, NAMES, SmallStore
from .building import build
from .load import Request, Script, drive
from .peers import Peer
from .reading import COMMON_PROPERTIES, XML
from .rows import Row, Sample, ahead, rate

PLACES = 10
"""That each document had, one after the other."""
ASKED = 4
"""The place, counted from the first, in which a document is at the instant that is asked for."""
KEPT = 0.5


class PresentStore(SmallStore):
    """Folders of 1,000 documents, as they are."""

    name = "present"
    prefix = ""

    def __init__(self, folder: Path, workers: int | None, documents: int) -> None:
        super().__init__(folder, workers, documents, depth=5)

    def version(self) -> str:
        """Return what was built."""
        return f"{super().version()}, {len(self._folders) * IN_A_FOLDER * PLACES:,} places"

    def build(self) -> None:
        """Fill the store."""
        self.asked_at = build(self.data, self._folders, IN_A_FOLDER, BODY_BYTES, places=PLACES, asked=ASKED)

    def any_folder(self) -> str:
        """Return the address of one of the folders, another each time."""
        return self.prefix + super().any_folder()

    def any_document(self) -> str:
        """Return the address of one of the documents, another each time."""
        return f"{self.any_folder()}/{self.name_then(self._random.choice(NAMES))}"

    def name_then(self, name: str) -> str:
        """Return what a document is called."""
        return name


class PastStore(PresentStore):
    """The same, as it was."""

    name = "past"

    def build(self) -> None:
        """Fill the store."""
        super().build()
        moment = datetime.datetime.fromtimestamp(self.asked_at / 1e6, tz=datetime.UTC)
        self.prefix = f".at/{moment:%Y-%m-%dT%H.%M.%SZ}/"

    def name_then(self, name: str) -> str:
        """Return what a document was called."""
        return f"{ASKED}-{name}"


def rows() -> list[Row]:
    """Return the rows that compare the two."""
    bars = (ahead(KEPT, PresentStore.name, own=PastStore.name),)
    return [
        Row("PROPFIND Depth 0 of any document", "1/s", _all_over(_look), bars),
        Row("PROPFIND Depth 1 of any folder of 1,000", "1/s", _all_over(_list), bars),
        Row("GET 4 KiB of any document", "1/s", _all_over(_fetch), bars),
    ]


def servers(folder: Path, workers: int | None, documents: int) -> Sequence[Peer]:
    """Return the store of today and that of then."""
    return [PastStore(folder / PastStore.name, workers, documents), PresentStore(folder / PresentStore.name, workers, documents)]


def _all_over(request: Callable[[PresentStore], Request]) -> Callable[[Peer, float], Sample]:
    def measure(peer: Peer, seconds: float) -> Sample:
        assert isinstance(peer, PresentStore)

        def script() -> Script:
            for _ in itertools.count():
                yield request(peer)

        return rate(drive(peer.address, [script()], seconds=seconds))

    return measure


def _look(peer: PresentStore) -> Request:
    return peer.request("PROPFIND", peer.any_document(), ("Depth: 0", XML), COMMON_PROPERTIES, expect=(207,))


def _list(peer: PresentStore) -> Request:
    return peer.request("PROPFIND", f"{peer.any_folder()}/", ("Depth: 1", XML), COMMON_PROPERTIES, expect=(207,))


def _fetch(peer: PresentStore) -> Request:
    return peer.request("GET", peer.any_document(), expect=(200,), length_bytes=BODY_BYTES)
