"""Refusing a write of a REST door before its body is taken in: a courtesy, for the check that counts is in the transaction.

Doors that say in which order they refuse get that order here: existence, rights, locks, conditions. The use cases themselves hold
conditions before locks, as the drive does, which shows only when the world changed while the body arrived. For a small body that
came with its head there is no check before it, and the transaction keeps the order of the door.
"""

from __future__ import annotations

from davgate.core.access import check_conditions, check_not_held, check_removal_locks, check_write_locks, look_up
from davgate.core.describing import Described
from davgate.core.receiving import check_room
from davgate.core.rights import require_node, require_removable, rights_at
from davgate.core.store import Context, Store
from davgate.model.checkout import Act
from davgate.model.errors import NotFound
from davgate.model.errors_of_objects import Retained
from davgate.model.instant import Instant
from davgate.model.node import Node
from davgate.model.paths import TreePath
from davgate.model.permissions import require
from davgate.model.retaining import retained_until
from davgate.model.rights import Right
from davgate.storage.api import Resolved, Session


def check_create(store: Store, ctx: Context, folder: TreePath, announced_bytes: int | None) -> None:
    """Refuse to file a new document in a door's folder.

    Raises:
        Forbidden: the caller may not add documents there.
        TooLarge, QuotaExceeded: see ``receiving.check_room``.
    """
    with store.database.read() as session:
        found = look_up(session, ctx, folder, store.clock.now())
        # What is missing of the folder will have the rights of what is above it.
        held = rights_at(found, ctx, len(folder))
        require(Right.BIND, held | Right.READ, folder)
        check_room(store, session, announced_bytes)


def check_replace(store: Store, ctx: Context, document: str, announced_bytes: int | None) -> Node:
    """Refuse to give a document new content; return it.

    Raises:
        NotFound, Forbidden, Locked, PreconditionFailed.
        TooLarge, QuotaExceeded: see ``receiving.check_room``.
    """
    now = store.clock.now()
    with store.database.read() as session:
        node = require_replaceable(session, ctx, look_up(session, ctx, document, now), now)
        check_room(store, session, announced_bytes)
    return node


def check_retention(store: Store, it: Described) -> None:
    """Refuse other content for a document by what is said of it.

    Raises:
        Retained.
    """
    if (until := retained_until(it.metadata, store.clock.now())) is not None:
        raise Retained((it.node.uuid,), until)


def require_replaceable(session: Session, ctx: Context, found: Resolved, now: Instant) -> Node:
    """Return a document that may be given new content; see ``check_replace``."""
    node = _document(found, ctx, Right.WRITE_CONTENT)
    check_not_held(ctx, found, Act.WRITE)
    check_write_locks(ctx, found)
    check_conditions(session, ctx, found, now)
    return node


def check_delete(store: Store, ctx: Context, document: int | str) -> Node:
    """Refuse to delete a document; return it.

    Raises:
        NotFound, Forbidden, Locked, PreconditionFailed.
    """
    now = store.clock.now()
    with store.database.read() as session:
        found = look_up(session, ctx, document, now)
        node = _document(found, ctx, Right.READ)
        require_removable(found, ctx)
        check_removal_locks(session, ctx, found, node, now)
        check_conditions(session, ctx, found, now)
    return node


def _document(found: Resolved, ctx: Context, needed: Right) -> Node:
    node = require_node(found, ctx, needed)
    if node.is_collection or node.version_no == 0:
        raise NotFound(found.path)
    return node
