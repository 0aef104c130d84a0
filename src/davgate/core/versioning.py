"""Versions of documents: listing them, reading them, restoring one."""

from __future__ import annotations

from collections.abc import Sequence

from davgate.core.access import check_conditions, check_read_conditions, look_up
from davgate.core.content import Written
from davgate.core.documents import Opened
from davgate.core.moving import write_copy
from davgate.core.rights import require_node, require_visible, visible_members
from davgate.core.store import Context, Store
from davgate.model.conditions import ResourceState
from davgate.model.errors import NoSuchVersion, NotFound
from davgate.model.node import Cause, Node, Version
from davgate.model.paths import TreePath, to_text
from davgate.model.rights import Right
from davgate.storage.api import MemberRow, Session, catalog, versions


def documents_with_versions(store: Store, ctx: Context, collection: TreePath) -> tuple[Node, Sequence[MemberRow]]:
    """Return a collection and its documents that have a version, in the order of their names.

    Raises:
        NotFound: there is no such collection.
    """
    with store.database.read(snapshot=True) as session:
        found = look_up(session, ctx, collection, store.clock.now())
        node = require_visible(session, found, ctx)
        if not node.is_collection:
            raise NotFound(collection)
        return node, visible_members(session, found, ctx)(catalog.documents_with_versions(session, node.id))


def history(store: Store, ctx: Context, document: TreePath) -> tuple[Node, Sequence[Version]]:
    """Return a document and all its versions, the oldest first, the current one included.

    Raises:
        NotFound: there is no such document, or it has no version yet.
    """
    with store.database.read(snapshot=True) as session:
        node = _versioned(session, store, ctx, document)
        return node, tuple(versions.of_document(session, node.id))


def open_version(store: Store, ctx: Context, document: TreePath, no: int) -> tuple[Node, Version, Opened]:
    """Return a document and one version of it, ready to be read; its conditions are held against that version.

    Raises:
        NotFound, PreconditionFailed.
    """
    with store.database.read(snapshot=True) as session:
        node = _versioned(session, store, ctx, document)
        version = _version(session, node, document, no)
        body = versions.inline_body(session, version.content.digest)
    is_modified = check_read_conditions(ctx, _state_of(version))
    return node, version, Opened(store, version.etag, version.content, version.opened_at, body, is_modified)


def restore(store: Store, ctx: Context, document: TreePath, no: int, destination: TreePath, *, overwrite: bool) -> Written:
    """Give the destination the content of a version: the document itself, another one, or a new one. Durable on return.

    It becomes the next version there, with the note where it came from; nothing is taken back.

    Raises:
        NotFound, ParentMissing, NotADocument, InvalidName, NameTooLong, ReservedName, Forbidden, Locked.
        PreconditionFailed: a condition does not hold, or the destination is taken and ``overwrite`` is false.
    """
    with store.database.write() as tx:
        node = _versioned(tx, store, ctx, document)
        version = _version(tx, node, document, no)
        there = look_up(tx, ctx, destination, tx.now)
        check_conditions(tx, ctx, there, tx.now, target=_state_of(version))
        is_revert = there.node is not None and there.node.id == node.id
        origin = f"version {no}" if is_revert else f"copy of {to_text(document)}, version {no}"
        cause = Cause.REVERT if is_revert else Cause.SAVE
        written = write_copy(store, tx, ctx, there, version.content, origin, overwrite=overwrite, cause=cause)
        tx.commit()
    return written


def _state_of(version: Version) -> ResourceState:
    return ResourceState(True, version.etag, version.opened_at)


def _versioned(session: Session, store: Store, ctx: Context, document: TreePath) -> Node:
    node = require_node(look_up(session, ctx, document, store.clock.now()), ctx, Right.READ)
    if node.is_collection or node.version_no == 0:
        raise NotFound(document)
    return node


def _version(session: Session, node: Node, document: TreePath, no: int) -> Version:
    version = versions.find(session, node.id, no)
    if version is None:
        raise NoSuchVersion(document, no)
    return version
