"""Content that is in the store already: read, or given to another document without being sent again, as a whole or in parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from io import BytesIO
from typing import BinaryIO

from davgate.core.access import check_account
from davgate.core.opening import open_file
from davgate.core.receiving import receive
from davgate.core.rights import rights_of
from davgate.core.store import Context, Store
from davgate.model.node import Content
from davgate.model.rights import NO_RIGHTS, Right
from davgate.storage.api import Session, Staged, blob_rows, catalog, stored_content

_BATCH = 500


def find(store: Store, ctx: Context, prefix: bytes, is_it: Callable[[bytes], bool]) -> Content | None:
    """Return content by its digest, as far as a door knows that: it begins with ``prefix``, and ``is_it`` decides.

    It is that of a version of a document of the tree, of the newest one that the caller may read. None when there is none.
    """
    with store.database.read(snapshot=True) as session:
        check_account(session, ctx, store.clock.now())
        before: int | None = None
        while rows := stored_content.by_digest(session, prefix, before, _BATCH):
            found = _readable(session, ctx, [row for row in rows if is_it(row.content.digest)])
            if found is not None:
                return found.content
            before = rows[-1].document_id
    return None


def is_in_a_version(session: Session, ctx: Context, content: Content) -> bool:
    """Tell whether a document of the tree that the caller may read has these bytes in a version; the newest are looked at."""
    return _readable(session, ctx, stored_content.by_digest(session, content.digest, None, _BATCH)) is not None


def _readable(session: Session, ctx: Context, holdings: Sequence[stored_content.Holding]) -> stored_content.Holding | None:
    held = rights_of(session, ctx, {one.document_id for one in holdings})
    for one in holdings:
        is_readable = Right.READ in held.get(one.document_id, NO_RIGHTS)
        # What lies in a folder that was deleted has the rights that it had there.
        if is_readable and catalog.path_of(session, one.document_id) is not None:
            return one
    return None


def staged_again(store: Store, content: Content) -> Staged:
    """Return stored content as if it had just arrived.

    Raises:
        Corrupt: it is missing.
    """
    with store.database.read() as session:
        return Staged(content.digest, content.length_bytes, blob_rows.inline_body(session, content.digest))


def staged_parts(store: Store, content: Content, parts: Sequence[tuple[int, int]]) -> Staged:
    """Store parts of stored content, one after the other, as content of its own; each is its first and its last byte.

    Raises:
        Corrupt, Busy: see ``opening.open_file``.
        QuotaExceeded, TooLarge: see ``receiving.receive``.
    """
    body = staged_again(store, content).body
    with open_file(store, content) if body is None else BytesIO(body) as file:
        return receive(store, _Parts(file, parts))


class _Parts:
    """Parts of a file as one body."""

    def __init__(self, file: BinaryIO, parts: Sequence[tuple[int, int]]) -> None:
        self._file = file
        self._parts = list(parts)

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes, none at the end."""
        while self._parts:
            first, last = self._parts[0]
            if first > last:
                self._parts.pop(0)
                continue
            self._file.seek(first)
            block = self._file.read(min(size, last - first + 1))
            self._parts[0] = (first + len(block), last)
            return block
        return b""
