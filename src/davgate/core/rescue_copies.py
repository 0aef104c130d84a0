"""A caller's rescue copies: listing them, reading one, bringing one back, dropping one."""

from __future__ import annotations

from davgate.core.access import check_account, check_conditions, check_read_conditions, look_up
from davgate.core.content import Written
from davgate.core.copying import write_copy
from davgate.core.opening import Opened, body_at_hand
from davgate.core.recording import record
from davgate.core.store import Context, Store
from davgate.model.conditions import ResourceState
from davgate.model.errors import NotFound
from davgate.model.etag import of_content
from davgate.model.paths import TreePath, to_text
from davgate.storage.api import Rescue, Session
from davgate.storage.api import rescues as rows


def entries(store: Store, ctx: Context) -> list[Rescue]:
    """Return the rescue copies of the caller, the oldest first. Two statements."""
    with store.database.read(snapshot=True) as session:
        check_account(session, ctx, store.clock.now())
        return rows.of_author(session, ctx.principal.id)


def find(store: Store, ctx: Context, name: str) -> Rescue:
    """Return a rescue copy of the caller by its name.

    Raises:
        NotFound.
    """
    with store.database.read(snapshot=True) as session:
        check_account(session, ctx, store.clock.now())
        return _find(session, ctx, name)


def _find(session: Session, ctx: Context, name: str) -> Rescue:
    found = next((kept for kept in rows.of_author(session, ctx.principal.id) if kept.name == name), None)
    if found is None:
        raise NotFound((".rescue", name))
    return found


def _state_of(kept: Rescue) -> ResourceState:
    return ResourceState(True, of_content(kept.content.digest), kept.kept_at)


def drop(store: Store, ctx: Context, name: str) -> None:
    """Remove a rescue copy of the caller for good; of two who remove or move it out at once, the second finds nothing.

    Raises:
        NotFound, PreconditionFailed.
    """
    with store.database.write() as tx:
        root = look_up(tx, ctx, (), tx.now)
        kept = _find(tx, ctx, name)
        check_conditions(tx, ctx, root, tx.now, target=_state_of(kept))
        rows.drop(tx, kept.id)
        record(tx, ctx, "drop-rescue", (".rescue", name), kept.document_id)
        tx.commit()


def open_content(store: Store, ctx: Context, name: str) -> Opened:
    """Return the content of a rescue copy of the caller; conditions are held against it.

    Raises:
        NotFound, PreconditionFailed.
    """
    with store.database.read(snapshot=True) as session:
        check_account(session, ctx, store.clock.now())
        kept = _find(session, ctx, name)
        body = body_at_hand(session, kept.content)
    is_modified = check_read_conditions(ctx, _state_of(kept))
    return Opened(store, of_content(kept.content.digest), kept.content, kept.kept_at, body, is_modified)


def copy_out(store: Store, ctx: Context, name: str, destination: TreePath, *, overwrite: bool, dropping: bool = False) -> Written:
    """Make a rescue copy a document, or the next version of one; with ``dropping`` it is no rescue copy any more.

    A collection at the destination goes to the trash first.

    Raises:
        NotFound, ParentMissing, SameResource, InvalidName, NameTooLong, ReservedName, Forbidden, Locked.
        PreconditionFailed: a condition does not hold, or the destination is taken and ``overwrite`` is false.
    """
    with store.database.write() as tx:
        there = look_up(tx, ctx, destination, tx.now)
        kept = _find(tx, ctx, name)
        check_conditions(tx, ctx, there, tx.now, target=_state_of(kept))
        written = write_copy(store, tx, ctx, there, kept.content, f"rescue copy of {kept.path}", overwrite=overwrite)
        if dropping:
            rows.drop(tx, kept.id)
            record(tx, ctx, "take-rescue", (".rescue", name), kept.document_id, to=to_text(destination))
        tx.commit()
    return written
