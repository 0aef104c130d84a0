"""Uploads that arrive in parts: begun, appended to as connections allow, completed or given up.

What an upload becomes is not known here. Whoever appends brings two functions: a check, made before the bytes are taken in and
once more when they count, and the completion, which puts the whole into a document.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Final, Generic, TypeAlias, TypeVar

from davgate.core.access import check_account, look_up
from davgate.core.receiving import Body, check_room, too_large
from davgate.core.recording import record
from davgate.core.store import Context, Store
from davgate.model.errors import (
    BodyIncomplete,
    ChecksumMismatch,
    NoSuchUpload,
    NotFound,
    OffsetMismatch,
    TooLarge,
    TooManyUploads,
)
from davgate.model.frozen import frozen
from davgate.model.instant import Instant, after
from davgate.storage.api import Part, Session, Staged, Transaction, Upload, catalog
from davgate.storage.api import uploads as rows

logger = logging.getLogger(__name__)

T = TypeVar("T")
Check: TypeAlias = Callable[[Session, Instant], None]
"""Raises what forbids, at an instant, that the caller's bytes go where they are to go."""
Complete: TypeAlias = Callable[[Transaction, Staged, Upload], T]
"""Makes the whole a document's content, in the transaction that ends the upload, and returns what came of it."""

CHECKSUMS: Final = ("sha1", "md5", "sha256")
"""Algorithms by which a client may secure a part."""

_BLOCK_BYTES: Final = 256 * 1024
_UNCONFIRMED_BYTES: Final = 64 << 20
_UNCONFIRMED_TIME: Final = timedelta(seconds=5)
"""After so many bytes, or so long, an append is confirmed though it goes on: what a crash, or a network that is gone, costs."""


@frozen
class Checksum:
    """What the bytes of one append have to hash to."""

    algorithm: str
    digest: bytes


@frozen
class Appended(Generic[T]):
    """What an append came to. ``outcome`` is what the completion returned, None as long as the upload is not complete."""

    offset_bytes: int
    expires_at: Instant
    outcome: T | None = None


def begin(store: Store, ctx: Context, node_id: int, length_bytes: int, said: Mapping[str, str]) -> Upload:
    """Begin an upload of so many bytes for a node, to which the caller was found to have the right.

    It ends ``policy.upload_life`` after its last byte.

    Raises:
        TooLarge: it is above the limit of a document.
        QuotaExceeded: the store has no room for it.
        TooManyUploads: the caller has as many as one may have.
        NotFound: there is no such node any more.
    """
    with store.database.write() as tx:
        found = look_up(tx, ctx, node_id, tx.now, reviving=False)
        if found.node is None:
            raise NotFound(found.path)
        check_room(store, tx, length_bytes)
        if rows.count_of(tx, ctx.principal.id, tx.now) >= store.policy.open_uploads:
            raise TooManyUploads()
        upload_id = store.new_uuid().replace("-", "")
        until = after(tx.now, store.policy.upload_life)
        new = Upload(upload_id, node_id, ctx.principal.id, length_bytes, 0, said, tx.now, until)
        rows.add(tx, new)
        record(tx, ctx, "begin-upload", found.path, node_id, upload=upload_id, bytes=length_bytes)
        tx.commit()
    return new


def find(store: Store, ctx: Context, upload_id: str, node_id: int, check: Check | None = None) -> Upload:
    """Return an open upload of the caller's for this node, if ``check`` forbids nothing.

    Raises:
        NoSuchUpload: it is unknown, finished, expired, somebody else's, or for another node.

    And whatever ``check`` raises.
    """
    now = store.clock.now()
    with store.database.read() as session:
        check_account(session, ctx, now)
        upload = _require(session, ctx, upload_id, node_id, now)
        if check is not None:
            check(session, now)
    return upload


def open_count(store: Store) -> int:
    """Return how many uploads are open in the whole store."""
    with store.database.read() as session:
        return rows.count(session, store.clock.now())


def append(
    store: Store,
    ctx: Context,
    upload_id: str,
    node_id: int,
    offset_bytes: int,
    body: Body,
    *,
    check: Check,
    complete: Complete[T],
    checksum: Checksum | None = None,
    announced_bytes: int | None = None,
) -> Appended[T]:
    """Take in the next part of an upload. With the last one it is complete, and ends.

    What arrives is kept, durable, though the body ends early; with a checksum a part counts as a whole or not at all. More bytes
    than announced complete the upload, all of them. An append that is still going on is taken over and confirms nothing more.
    When the completion refuses, the upload stays whole. An append from its end on tries again, and so does one from
    ``Upload.wanted_from`` on, whose bytes have arrived already.

    Bytes are hashed as they arrive. What another process took in, or this one before a restart, is read again for it.

    Raises:
        NoSuchUpload: see ``find``.
        OffsetMismatch: the part begins elsewhere; nothing of it was stored.
        ChecksumMismatch: the bytes are others; nothing of them was kept.
        BodyIncomplete: the part ended early.
        TooLarge: the bytes go beyond the limit of a document, or come after the last.
        QuotaExceeded: there is no room.

    And whatever ``check`` and ``complete`` raise.
    """
    now = store.clock.now()
    with store.database.read() as session:
        check_account(session, ctx, now)
        upload = _require(session, ctx, upload_id, node_id, now)
        check(session, now)
    if offset_bytes not in (upload.offset_bytes, upload.wanted_from):
        raise OffsetMismatch(upload.wanted_from)
    if offset_bytes + (announced_bytes or 0) > store.policy.upload_limit_bytes:
        raise too_large(store.policy.upload_limit_bytes)
    checking = None if checksum is None else _Checking(checksum)
    if upload.is_whole:
        _take_again(upload, offset_bytes, body, checking)
    else:
        upload = _receive(store, upload, body, checking)
    if not upload.is_whole:
        return Appended(upload.offset_bytes, upload.expires_at)
    return Appended(upload.offset_bytes, upload.expires_at, _complete(store, ctx, upload, check, complete))


class _Checking:
    """Compares the bytes of one append with their checksum."""

    def __init__(self, expected: Checksum) -> None:
        self._digest = expected.digest
        self._hash = hashlib.new(expected.algorithm, usedforsecurity=False)

    def update(self, block: bytes) -> None:
        """Take in a block."""
        self._hash.update(block)

    def finish(self) -> None:
        """Compare.

        Raises:
            ChecksumMismatch.
        """
        if self._hash.digest() != self._digest:
            raise ChecksumMismatch()


def _take_again(upload: Upload, offset_bytes: int, body: Body, checking: _Checking | None) -> None:
    """Read what is sent once more of a whole upload: it is there already, so that nothing is done with it."""
    position = offset_bytes
    while block := body.read(_BLOCK_BYTES):
        position += len(block)
        if position > upload.offset_bytes:
            raise TooLarge(f"All {upload.offset_bytes} bytes of this upload have arrived. Send an empty part to complete it.")
        if checking is not None:
            checking.update(block)
    if checking is not None:
        checking.finish()


def _receive(store: Store, upload: Upload, body: Body, checking: _Checking | None) -> Upload:
    """Take in a part and return the upload as it then is."""
    with store.blobs.parts.claim(upload.id, upload.offset_bytes) as part:
        with store.database.write(durable=False) as tx:
            _require_same(tx, upload)
            part.take(partial(_require_same, tx, upload))
            tx.commit()
        receiving = _Receiving(store, upload, part, checking)
        try:
            while block := body.read(_BLOCK_BYTES):
                receiving.take(block)
        except BodyIncomplete as error:
            receiving.cut()
            offset_bytes = receiving.upload.offset_bytes
            raise BodyIncomplete(f"This part ended early. {offset_bytes} bytes have arrived; go on from there.") from error
        receiving.finish()
    return receiving.upload


class _Receiving:
    """A part on its way in. ``upload`` is as it was last confirmed."""

    def __init__(self, store: Store, upload: Upload, part: Part, checking: _Checking | None) -> None:
        self.upload = upload
        self._store = store
        self._part = part
        self._checking = checking
        self._confirmed_at = store.clock.now()

    def take(self, block: bytes) -> None:
        """Take in a block, and confirm what has arrived now and then.

        Raises:
            TooLarge, QuotaExceeded, OffsetMismatch, NoSuchUpload: see ``append``.
        """
        limit = self._store.policy.upload_limit_bytes
        if self._part.offset_bytes + len(block) > limit:
            raise too_large(limit)
        self._part.write(memoryview(block))
        if self._checking is not None:
            self._checking.update(block)
        now = self._store.clock.now()
        # Confirmed as whole it would be complete, though more may come; a checksum is of all that is to come.
        if self._checking is None and self._part.offset_bytes < self.upload.length_bytes:
            unconfirmed = self._part.offset_bytes - self.upload.offset_bytes
            if unconfirmed >= _UNCONFIRMED_BYTES or now >= after(self._confirmed_at, _UNCONFIRMED_TIME):
                self._confirm(self._part.offset_bytes)
        if now >= after(self.upload.expires_at, -self._store.policy.upload_life / 2):
            # Bytes come, so it has not been left alone, though none of them can be confirmed yet.
            self._confirm(self.upload.offset_bytes)

    def cut(self) -> None:
        """Keep what has arrived of a part that ended early, if it counts without the rest."""
        if self._checking is None and self._part.offset_bytes > self.upload.offset_bytes:
            self._confirm(self._part.offset_bytes)

    def finish(self) -> None:
        """Keep the whole part.

        Raises:
            ChecksumMismatch, OffsetMismatch, NoSuchUpload: see ``append``.
        """
        if self._checking is not None:
            self._checking.finish()
        if self._part.offset_bytes > self.upload.offset_bytes:
            self._confirm(self._part.offset_bytes)

    def _confirm(self, offset_bytes: int) -> None:
        """Make what has arrived durable, then its offset, unless a later append has taken over; give it its full time again."""
        is_more = offset_bytes > self.upload.offset_bytes
        if is_more:
            self._part.flush()
        with self._store.database.write() as tx:
            _require_same(tx, self.upload)
            if not self._part.is_current():
                raise OffsetMismatch(self.upload.offset_bytes)
            until = after(tx.now, self._store.policy.upload_life)
            rows.advance(tx, self.upload.id, offset_bytes, until)
            tx.commit()
        if is_more:
            self._part.confirmed()
        self._confirmed_at = tx.now
        self.upload = replace(self.upload, offset_bytes=offset_bytes, expires_at=until)


def _require_same(tx: Transaction, upload: Upload) -> None:
    """Refuse to go on with an upload that has ended or gone on meanwhile. One to which bytes come does not expire."""
    found = rows.find(tx, upload.id)
    if found is None:
        raise NoSuchUpload()
    if found.offset_bytes != upload.offset_bytes:
        raise OffsetMismatch(found.wanted_from)


def _complete(store: Store, ctx: Context, upload: Upload, check: Check, complete: Complete[T]) -> T:
    staged = store.blobs.adopt(upload.id, upload.offset_bytes)
    with store.database.write() as tx:
        check_account(tx, ctx, tx.now)
        _require(tx, ctx, upload.id, upload.node_id, tx.now)
        check(tx, tx.now)
        outcome = complete(tx, staged, upload)
        rows.remove(tx, upload.id)
        path = catalog.path_of(tx, upload.node_id) or ()
        record(tx, ctx, "complete-upload", path, upload.node_id, upload=upload.id, bytes=upload.offset_bytes)
        tx.commit()
    store.blobs.parts.drop(upload.id)
    return outcome


def end(store: Store, ctx: Context, upload_id: str, node_id: int) -> None:
    """Give up an upload: what has arrived of it is removed. An append that is still going on comes to nothing.

    Raises:
        NoSuchUpload: see ``find``.
    """
    with store.database.write() as tx:
        check_account(tx, ctx, tx.now)
        upload = _require(tx, ctx, upload_id, node_id, tx.now)
        rows.remove(tx, upload_id)
        path = catalog.path_of(tx, node_id) or ()
        record(tx, ctx, "end-upload", path, node_id, upload=upload_id, bytes=upload.offset_bytes)
        tx.commit()
    store.blobs.parts.drop(upload_id)


def forget_expired(store: Store) -> int:
    """Remove the uploads that have expired, and the bytes of those that have no row; return how many. Part of the upkeep.

    A row is there before the first byte, whichever process takes it in, so bytes without one are nobody's.
    """
    with store.database.read() as session:
        is_due = bool(rows.expired(session, store.clock.now()))
    expired: list[str] = []
    if is_due:
        with store.database.write() as tx:
            expired = rows.expired(tx, tx.now)
            for upload_id in expired:
                rows.remove(tx, upload_id)
            tx.commit()
    for upload_id in expired:
        logger.info("The upload %s has expired.", upload_id)
        store.blobs.parts.drop(upload_id)
    return len(expired) + _drop_leftovers(store)


def _drop_leftovers(store: Store) -> int:
    stored = list(store.blobs.parts.stored())
    with store.database.read() as session:
        leftovers = [upload_id for upload_id in stored if rows.find(session, upload_id) is None]
    for upload_id in leftovers:
        store.blobs.parts.drop(upload_id)
    return len(leftovers)


def _require(session: Session, ctx: Context, upload_id: str, node_id: int, now: Instant) -> Upload:
    found = rows.find(session, upload_id)
    if found is None or found.node_id != node_id or found.principal_id != ctx.principal.id or found.expires_at <= now:
        raise NoSuchUpload()
    return found
