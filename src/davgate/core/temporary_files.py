"""Files that are sent before the document that they are for: their sender may use them, again and again, until they expire."""

from __future__ import annotations

from datetime import timedelta

from davgate.core.access import check_account
from davgate.core.objects import File
from davgate.core.opening import Opened, body_at_hand
from davgate.core.receiving import add_staged, check_room, media_of
from davgate.core.recording import record
from davgate.core.store import Context, Store
from davgate.core.stored_content import staged_again
from davgate.model import etag
from davgate.model.errors import NotFound
from davgate.model.instant import after
from davgate.model.temporary_file import TemporaryFile
from davgate.storage.api import Session
from davgate.storage.api import temporary_files as rows


def keep(store: Store, ctx: Context, file: File, life: timedelta) -> TemporaryFile:
    """Keep a file that has arrived for its sender, who may use it for a span; durable on return.

    Raises:
        QuotaExceeded: the store has no room for it.
    """
    with store.database.write() as tx:
        check_account(tx, ctx, tx.now)
        add_staged(store, tx, file.staged)
        content = media_of(file.staged, file.media_type, file.name)
        kept = TemporaryFile(tx.take_ids(), ctx.principal.id, file.name, content, tx.now, after(tx.now, life))
        rows.add(tx, kept)
        record(tx, ctx, "keep-temporary-file", (), None, id=kept.id, name=kept.name, bytes=content.length_bytes)
        tx.commit()
    return kept


def check_keep(store: Store, announced_bytes: int | None) -> None:
    """Refuse what ``keep`` would refuse of a body that is announced to be so long.

    Raises:
        TooLarge, QuotaExceeded: see ``receiving.check_room``.
    """
    with store.database.read() as session:
        check_room(store, session, announced_bytes)


def find(store: Store, ctx: Context, file_id: int) -> TemporaryFile:
    """Return a file of the caller's.

    Raises:
        NotFound: there is none, it has expired, or is somebody else's.
    """
    with store.database.read() as session:
        return _find(store, session, ctx, file_id)


def as_file(store: Store, ctx: Context, file_id: int) -> File:
    """Return a file of the caller's as one that has arrived, to be given to a document.

    Raises:
        NotFound: see ``find``.
    """
    kept = find(store, ctx, file_id)
    return File(staged_again(store, kept.content), kept.name, kept.content.media_type)


def open_file(store: Store, ctx: Context, file_id: int) -> tuple[TemporaryFile, Opened]:
    """Return a file of the caller's, ready to be read.

    Raises:
        NotFound: see ``find``.
    """
    with store.database.read(snapshot=True) as session:
        kept = _find(store, session, ctx, file_id)
        body = body_at_hand(session, kept.content)
    return kept, Opened(store, etag.of_content(kept.content.digest), kept.content, kept.made_at, body)


def _find(store: Store, session: Session, ctx: Context, file_id: int) -> TemporaryFile:
    now = store.clock.now()
    check_account(session, ctx, now)
    kept = rows.find(session, file_id)
    if kept is None or kept.principal_id != ctx.principal.id or kept.expires_at <= now:
        raise NotFound((str(file_id),))
    return kept


def forget_expired(store: Store) -> int:
    """Forget the files that have expired; part of the upkeep."""
    with store.database.read() as session:
        if not rows.has_expired(session, store.clock.now()):
            return 0
    with store.database.write(durable=False) as tx:
        forgotten = rows.forget_expired(tx)
        tx.commit()
    return forgotten
