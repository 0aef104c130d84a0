"""The audit's chain: each row is hashed with the row before it, so that none can be altered, added or taken out alone."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from davgate.model.errors import Malformed
from davgate.model.frozen import frozen

Fields = tuple[int, int, int, str, int | None, str, str, str, str, str]
"""Number, instant, principal, action, node, path, detail, request, client, outcome: in the order in which they are hashed."""

Link = tuple[Fields, bytes]
"""A row as it is stored: what it says, and its hash."""

READ_CONTENT: Final = "read-content"
READ_METADATA: Final = "read-metadata"
"""Actions that changed nothing, written down for doors that tell who read what."""

DELETE: Final = "delete"
RESTORE: Final = "restore"
"""Actions that are told of a collection, and happen to all that is in it."""

START: Final = bytes(32)
"""What the first row follows."""


def chained(before: bytes, fields: Fields) -> bytes:
    """Return the hash of a row that follows another one: SHA-256 of that one's hash and of the row's fields as a JSON list."""
    return hashlib.sha256(before + _as_json(fields).encode()).digest()


# Made once: every write has a row.
_as_json: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


# The head


@frozen
class Head:
    """The last row of a chain: its number, 0 before the first, and its hash.

    Whoever keeps one where nobody else can change it can prove that no row up to it was altered since.
    """

    number: int
    hash: bytes

    def __str__(self) -> str:
        return f"{self.hash.hex()}@{self.number}"


_HEAD: Final = re.compile(r"([0-9a-fA-F]{64})@([0-9]{1,18})", re.ASCII)


def parse_head(text: str) -> Head:
    """Return the head that a text such as ``<64 hexadecimal digits>@120`` names.

    Raises:
        Malformed.
    """
    found = _HEAD.fullmatch(text.strip())
    if found is None:
        raise Malformed(f"{text!r} is no head of the audit. Give it as it was printed: HASH@NUMBER.")
    head = Head(int(found[2]), bytes.fromhex(found[1]))
    if head.number == 0 and head.hash != START:
        raise Malformed(f"{text!r} is no head of an empty audit.")
    return head


# Checking


@frozen
class Damage:
    """What is wrong with the rows from one number to another: a stable code, and how it is told."""

    code: str
    first: int
    last: int
    what: str

    @property
    def where(self) -> str:
        """The rows, for people."""
        return f"audit row {self.first}" if self.first == self.last else f"audit rows {self.first} to {self.last}"

    def __str__(self) -> str:
        return f"{self.code}: {self.where}: {self.what}"


def damages(rows: Iterable[Link], end: Head, noted: Sequence[Head] = ()) -> Iterator[Damage]:
    """Yield what is wrong with a chain: rows in the order of their numbers, the head that the store keeps, heads noted before.

    A row that does not follow from the one before it is held against the next one: if that follows from the hash it has, it was
    altered, or the one before it replaced; if that follows from the hash it should have, only its hash was altered. Several such
    rows in a row are one damage. After missing rows the next one cannot be judged by what it says, but by what follows it.

    Whoever rewrites a chain from some row to its end, and the store's head, is found by a noted head alone.
    """
    walk = _Walk()
    waiting = sorted((head for head in noted if head.number > 0), key=lambda head: head.number)
    proven = 0
    beyond: list[int] = []
    for fields, digest in rows:
        number = fields[0]
        if number < 1:
            yield Damage("audit-inserted", number, number, "no row has such a number")
        elif number > end.number:
            beyond = [*beyond[:1], number]
        else:
            yield from walk.step(fields, digest)
            # Of a missing row it is told already that it is missing.
            while waiting and waiting[0].number <= number:
                head = waiting.pop(0)
                if head == Head(number, digest):
                    proven = number
                elif head.number == number:
                    what = "the last of them has another hash than the one noted: one was altered, and the hashes were made anew"
                    yield Damage("audit-rewritten", proven + 1, number, what)
    yield from walk.finish(end)
    if beyond:
        yield Damage("audit-inserted", beyond[0], beyond[-1], f"the last row that was written is {end.number}")
    for head in waiting:
        if head.number > end.number:
            yield Damage("audit-rewritten", end.number + 1, head.number, "a head of later rows was noted: the end was cut off")


class _Walk:
    """Goes along a chain. ``stored`` is the hash that the last row has, ``due`` the one that it should have."""

    def __init__(self) -> None:
        self._number = 0
        self._stored = self._due = START
        self._broken_from: int | None = None

    def step(self, fields: Fields, digest: bytes) -> Iterator[Damage]:
        """Take the next row."""
        number = fields[0]
        if number != self._number + 1:
            yield from self._break_off()
            yield Damage("audit-missing", self._number + 1, number - 1, "not there any more")
            # What it follows is gone, so it is taken as it is.
            due = digest
        else:
            due = _hash_due(self._stored, fields)
            if self._broken_from is not None and (due == digest or _hash_due(self._due, fields) == digest):
                yield from self._end_of_broken(only_hash=due != digest)
                due = digest
            elif due != digest and self._broken_from is None:
                self._broken_from = number
        self._number, self._stored, self._due = number, digest, due

    def finish(self, end: Head) -> Iterator[Damage]:
        """Hold the last row against the head that the store keeps."""
        if self._number < end.number:
            yield from self._break_off()
            yield Damage("audit-missing", self._number + 1, end.number, "the end of the audit was cut off")
        elif self._broken_from is not None:
            yield from self._end_of_broken(only_hash=end.hash != self._stored and end.hash == self._due)
        elif end.hash != self._stored:
            what = "its hash is not the head that the store keeps: the row was replaced, or the head altered"
            yield Damage("audit-head", self._number, self._number, what)

    def _break_off(self) -> Iterator[Damage]:
        if self._broken_from is not None:
            yield from self._end_of_broken(only_hash=False)

    def _end_of_broken(self, *, only_hash: bool) -> Iterator[Damage]:
        assert self._broken_from is not None
        first, last, self._broken_from = self._broken_from, self._number, None
        if first < last:
            what = "they do not follow from one another: they were altered, exchanged or put in"
            yield Damage("audit-altered", first, last, what)
        elif only_hash:
            yield Damage("audit-hash", first, first, "its hash was altered; what it says is what was written")
        elif first == 1:
            yield Damage("audit-altered", first, first, "it is not what was written")
        else:
            yield Damage("audit-altered", first, first, f"it is not what was written, or row {first - 1} was replaced")


def _hash_due(before: bytes, fields: Fields) -> bytes:
    """Return the hash of a row that follows another one; none for a row of values that no row has (SQLite takes any)."""
    try:
        return chained(before, fields)
    except (TypeError, ValueError):
        return b""
