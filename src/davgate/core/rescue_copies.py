"""A caller's rescue copies: listing them, reading one, bringing one back, dropping one."""

from __future__ import annotations

from davgate.core.access import look_up
from davgate.core.content import Written
from davgate.core.documents import Opened
from davgate.core.moving import write_copy
from davgate.core.recording import record
from davgate.core.store import Context, Store
from davgate.model.errors import NotFound
from davgate.model.etag import of_content
from davgate.model.paths import TreePath
from davgate.storage.api import Rescue, versions
from davgate.storage.api import rescues as rows


def entries(store: Store, ctx: Context) -> list[Rescue]:
    """Return the rescue copies of the caller, the oldest first."""
    with store.database.read() as session:
        return rows.of_author(session, ctx.principal.id)


def find(store: Store, ctx: Context, name: str) -> Rescue:
    """Return a rescue copy of the caller by its name.

    Raises:
        NotFound.
    """
    found = next((kept for kept in entries(store, ctx) if kept.name == name), None)
    if found is None:
        raise NotFound((".rescue", name))
    return found


def drop(store: Store, ctx: Context, name: str) -> None:
    """Remove a rescue copy of the caller for good.

    Raises:
        NotFound.
    """
    kept = find(store, ctx, name)
    with store.database.write() as tx:
        rows.drop(tx, kept.id)
        record(tx, ctx, "drop-rescue", (".rescue", name), kept.document_id)
        tx.commit()


def open_content(store: Store, ctx: Context, name: str) -> Opened:
    """Return the content of a rescue copy of the caller, ready to be read.

    Raises:
        NotFound.
    """
    kept = find(store, ctx, name)
    with store.database.read() as session:
        body = versions.inline_body(session, kept.content.digest) if kept.content.length_bytes else b""
    return Opened(store, of_content(kept.content.digest), kept.content, kept.kept_at, body)


def copy_out(store: Store, ctx: Context, name: str, destination: TreePath, *, overwrite: bool, dropping: bool = False) -> Written:
    """Make a rescue copy a document, or the next version of one; with ``dropping`` it is no rescue copy any more.

    Raises:
        NotFound, ParentMissing, NotADocument, InvalidName, NameTooLong, ReservedName, Forbidden, Locked.
        PreconditionFailed: the destination is taken and ``overwrite`` is false.
    """
    kept = find(store, ctx, name)
    with store.database.write() as tx:
        there = look_up(tx, ctx, destination, tx.now)
        written = write_copy(store, tx, ctx, there, kept.content, f"rescue copy of {kept.path}", overwrite=overwrite)
        if dropping:
            rows.drop(tx, kept.id)
        tx.commit()
    return written
