"""Taking bytes in: held against the limits, staged as they come, and given the row by which they are content."""

from __future__ import annotations

from typing import Final, Protocol

from davgate.core.store import Store
from davgate.model import media_types
from davgate.model.errors import BodyIncomplete, Busy, QuotaExceeded, TooLarge
from davgate.model.node import Content
from davgate.storage.api import Session, Staged, Transaction, blob_rows, catalog

_BLOCK_BYTES: Final = 256 * 1024


class Body(Protocol):
    """Bytes on their way in. Raises ``BodyIncomplete`` when they end before they should."""

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes, none at the end."""


def check_room(store: Store, session: Session, announced_bytes: int | None) -> None:
    """Refuse a body that is announced to be too large, before it is sent.

    Raises:
        TooLarge: it is above the limit of a document.
        QuotaExceeded: the store has no room for it.
    """
    policy = store.policy
    if not announced_bytes:
        return
    if announced_bytes > policy.upload_limit_bytes:
        raise too_large(policy.upload_limit_bytes)
    if 0 < policy.quota_bytes < catalog.stored_bytes(session) + announced_bytes:
        raise QuotaExceeded()


def too_large(limit_bytes: int) -> TooLarge:
    """Return the error for content above the limit of a document."""
    return TooLarge(f"A document has at most {limit_bytes} bytes here. Send a smaller one.")


def receive(store: Store, body: Body, *, announced_bytes: int | None = None) -> Staged:
    """Take in a whole body; it is nobody's content yet, but durable or small enough for a row on return.

    Raises:
        BodyIncomplete: it ended early, or is not as long as announced.
        TooLarge: it is above the limit.
        QuotaExceeded: the disk is full.
    """
    limit = store.policy.upload_limit_bytes
    with store.blobs.stage() as staging:
        while block := body.read(_BLOCK_BYTES):
            staging.write(memoryview(block))
            if staging.length_bytes > limit:
                raise too_large(limit)
        if announced_bytes is not None and staging.length_bytes != announced_bytes:
            raise BodyIncomplete(
                f"{staging.length_bytes} bytes arrived where {announced_bytes} were announced. Nothing was stored; send it again."
            )
        return staging.finish()


def add_staged(store: Store, tx: Transaction, staged: Staged) -> None:
    """Give staged content its row.

    Raises:
        QuotaExceeded: the store's quota would be exceeded.
        Busy: the collector swept the content between staging and now; sending it again helps.
    """
    before = tx.stored_bytes
    blob_rows.add(tx, staged)
    # What takes no room is allowed above a quota that was lowered, too: ending a lock may come to this.
    added = tx.stored_bytes - before
    quota = store.policy.quota_bytes
    # The sum with scratch files is at hand; without them it has to be asked for.
    if added and 0 < quota < tx.stored_bytes and quota < catalog.stored_bytes(tx) + added:
        raise QuotaExceeded()
    if staged.body is None and not store.blobs.exists(staged.digest):
        raise Busy()


def add_empty(store: Store, tx: Transaction, name: str) -> Content:
    """Give the content of no bytes its row, and return it for a document of this name."""
    with store.blobs.stage() as staging:
        empty = staging.finish()
    add_staged(store, tx, empty)
    return media_of(empty, None, name)


def media_of(staged: Staged, declared: str | None, name: str, *, as_sent: bool = False) -> Content:
    """Return staged bytes as content, with the media type that was declared or that the name suggests.

    With ``as_sent`` what was declared stays, whatever it says.
    """
    media_type = media_types.as_sent(declared, name) if as_sent else media_types.choose(declared, name)
    return Content(staged.digest, staged.length_bytes, media_type)
