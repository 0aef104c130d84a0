"""What runs in the processes that ``test_upload_faults`` kills: one step of an upload in parts."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path

from tests.builders import LARGE, SettableClock, opened_store
from tests.faults.victim import CrashAfter, Outcomes
from tests.unit.uploaded import Cut, Pieces, append, begin, found

from davgate.core import uploads
from davgate.core.store import Context, Store
from davgate.model.errors import BodyIncomplete
from davgate.model.node import ROOT_ID

SMALL = b"small enough for its row"
ARRIVED = 1500
"""How much of each upload has arrived."""


@dataclass(frozen=True)
class Uploads:
    """A store with an upload in each state; copied for each crash."""

    url: str
    folder: Path
    ann: Context
    fresh: str
    small: str
    half: str
    whole: str

    def named(self, name: str) -> tuple[str, bytes]:
        """Return an upload that an operation is about, and what its content is to be."""
        upload_id: str = getattr(self, name)
        return upload_id, SMALL if name == "small" else LARGE


def cut_append(store: Store, base: Uploads) -> None:
    """Send a part that is cut."""
    with suppress(BodyIncomplete):
        append(store, base.ann, base.half, ARRIVED, Cut(LARGE[ARRIVED:3000]))


def taking_over(store: Store, base: Uploads) -> None:
    """Go on while another append is under way."""
    with store.blobs.parts.claim(base.half, ARRIVED):
        append(store, base.ann, base.half, ARRIVED, LARGE[ARRIVED:3000])


def confirming_on_the_way(store: Store, base: Uploads) -> None:
    """Send a long part."""
    uploads._UNCONFIRMED_BYTES = 1000  # type: ignore[misc]  # in this process alone
    append(store, base.ann, base.half, ARRIVED, Pieces(LARGE[ARRIVED:], 700))


def sweeping(store: Store, base: Uploads) -> None:
    """Let all uploads expire."""
    clock = store.clock
    assert isinstance(clock, SettableClock)
    clock.advance(timedelta(hours=2))
    uploads.forget_expired(store)


Operation = Callable[[Store, Uploads], object]

OPERATIONS: dict[str, tuple[str, Operation]] = {
    "begin": ("half", lambda store, base: begin(store, base.ann, 10)),
    "first-part": ("fresh", lambda store, base: append(store, base.ann, base.fresh, 0, LARGE[:1000])),
    "next-part": ("half", lambda store, base: append(store, base.ann, base.half, ARRIVED, LARGE[ARRIVED:3000])),
    "cut-part": ("half", cut_append),
    "long-part": ("half", confirming_on_the_way),
    "taking-over": ("half", taking_over),
    "only-part-small": ("small", lambda store, base: append(store, base.ann, base.small, 0, SMALL)),
    "last-part": ("half", lambda store, base: append(store, base.ann, base.half, ARRIVED, LARGE[ARRIVED:])),
    "empty-part-at-the-end": ("whole", lambda store, base: append(store, base.ann, base.whole, len(LARGE), b"")),
    "end": ("half", lambda store, base: uploads.end(store, base.ann, base.half, ROOT_ID)),
    "sweep": ("half", sweeping),
}
"""What is done to which upload, and killed on the way."""


def run_operation(base: Uploads, name: str, step: int | None, outcomes: Outcomes) -> None:
    """Do an operation and leave its steps, or die at one of them."""
    crash = CrashAfter(step)
    crash.watch_files()
    with opened_store(base.url, base.folder, SettableClock()) as store:
        crash.watch_statements(store.database)
        crash.is_armed = True
        OPERATIONS[name][1](store, base)
        crash.is_armed = False
    outcomes.put(crash.steps)


def run_until_killed(base: Uploads, told: Connection) -> None:
    """Send one long part after the other, and say how far each came."""
    with opened_store(base.url, base.folder, SettableClock()) as store:
        upload_id = begin(store, base.ann, 1 << 30)
        for number in count():
            offset = found(store, base.ann, upload_id).offset_bytes
            appended = append(store, base.ann, upload_id, offset, Pieces(bytes([number % 256]) * 5000, 900))
            told.send((upload_id, appended.offset_bytes))
