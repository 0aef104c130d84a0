"""What commands write: tables and sentences for people, one JSON document for programs, progress on a terminal."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import tzinfo
from io import TextIOWrapper
from typing import Final, Literal

from davgate.core.watching import Watch, unwatched
from davgate.model.instant import FOREVER, Instant, to_datetime

Align = Literal["<", ">"]


def use_utf8() -> None:
    """Write to standard output in UTF-8 from here on, whatever the terminal takes: programs read it (RFC 8259, 8.1)."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")


def write_json(value: object) -> None:
    """Write a value as one JSON document."""
    use_utf8()
    print(json.dumps(value, ensure_ascii=False, indent=2))


def write_table(headings: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[int] = ()) -> None:
    """Write rows under their headings, aligned; the columns at ``numbers`` to the right."""
    shown = [[_plain(cell) for cell in row] for row in (headings, *rows)]
    widths = [max(_width(row[column]) for row in shown) for column in range(len(headings))]
    for row in shown:
        cells = [_fitted(cell, widths[at], ">" if at in numbers else "<") for at, cell in enumerate(row)]
        print("  ".join(cells).rstrip())


def _plain(text: str) -> str:
    """Return a text that moves no cursor: a name or comment may hold what a terminal obeys."""
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)


def _width(text: str) -> int:
    """Return how many columns a terminal gives a text."""
    return sum(0 if unicodedata.combining(one) else 2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)


def _fitted(text: str, width: int, align: Align) -> str:
    space = " " * (width - _width(text))
    return space + text if align == ">" else text + space


def local(at: Instant | None, zone: tzinfo) -> str:
    """Return an instant for people, in a time zone; empty for none, and for one that never comes."""
    if at is None or at >= FOREVER:
        return ""
    return f"{to_datetime(at).astimezone(zone):%Y-%m-%d %H:%M:%S}"


def exact(at: Instant | None) -> str | None:
    """Return an instant for programs (ISO 8601, UTC, microseconds); None for none, and for one that never comes."""
    if at is None or at >= FOREVER:
        return None
    return to_datetime(at).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


_UNITS: Final = ("KiB", "MiB", "GiB", "TiB", "PiB")


def size(length_bytes: int) -> str:
    """Return a number of bytes for people."""
    if length_bytes < 1024:
        return f"{length_bytes} B"
    amount = float(length_bytes)
    for unit in _UNITS:
        amount /= 1024
        if amount < 1023.95 or unit == _UNITS[-1]:
            return f"{amount:.1f} {unit}"
    raise AssertionError("the last unit takes all")


def count(number: int, one: str, many: str = "") -> str:
    """Return a number with its word."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


@contextmanager
def progress(what: str, total: int, *, in_bytes: bool = False) -> Iterator[Callable[[int], object]]:
    """Give a function that is told how much more is done. A bar shows it when standard error is a terminal."""
    if not sys.stderr.isatty():
        yield lambda done: None
        return
    # Only here: most commands never show a bar.
    from tqdm import tqdm

    unit = "B" if in_bytes else ""
    with tqdm(total=total, desc=what, unit=unit, unit_scale=in_bytes, unit_divisor=1024, leave=False, file=sys.stderr) as bar:
        yield bar.update


@contextmanager
def watching(what: str) -> Iterator[Watch]:
    """Give a function that is told how much is done in all, of how much; see ``progress``."""
    if not sys.stderr.isatty():
        yield unwatched
        return
    from tqdm import tqdm

    with tqdm(total=0, desc=what, leave=False, file=sys.stderr) as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield show
