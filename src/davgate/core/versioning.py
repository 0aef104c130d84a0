"""Versions of documents: listing them, reading them, restoring one."""

from __future__ import annotations

from collections.abc import Sequence

from davgate.core.access import check_conditions, check_member_locks, check_read_conditions, check_untouched, look_up
from davgate.core.content import Said, Written
from davgate.core.copying import write_copy
from davgate.core.deleted import look_up_shown
from davgate.core.describing import Described, describe_within
from davgate.core.destinations import check_not_above
from davgate.core.documents import open_content
from davgate.core.editing import write_content
from davgate.core.filing import file_on_drive
from davgate.core.opening import Opened, body_at_hand
from davgate.core.rights import require_node, require_visible, visible_members
from davgate.core.store import Context, Store
from davgate.model.conditions import ResourceState
from davgate.model.errors import NoSuchVersion, NotFound
from davgate.model.frozen import frozen
from davgate.model.names import check_text
from davgate.model.node import Cause, Node, Version
from davgate.model.paths import TreePath, Where, to_text
from davgate.model.rights import Right
from davgate.storage.api import MemberRow, Resolved, Session, descriptions, members, versions


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
        return node, visible_members(session, found, ctx)(members.documents_with_versions(session, node.id))


def whole_history(store: Store, ctx: Context, where: Where) -> tuple[Described, Sequence[Version]]:
    """Return what is said of a document or collection, and all its versions, also those of metadata alone, the oldest first.

    The first one of a collection that was made without metadata is not among them: it has no row.

    Raises:
        NotFound: there is nothing that the caller may see.
    """
    with store.database.read(snapshot=True) as session:
        it = describe_within(session, ctx.without_conditions(), where, store.clock.now()).it
        return it, versions.all_of_node(session, it.node.id)


def describe_version(store: Store, ctx: Context, where: Where, no: int) -> tuple[Described, Version]:
    """Return what is said of a document or collection, and one version of it, also one of metadata alone.

    Raises:
        NotFound: there is nothing that the caller may see.
        NoSuchVersion: it has none of this number.
    """
    with store.database.read(snapshot=True) as session:
        seen = describe_within(session, ctx.without_conditions(), where, store.clock.now())
        version = versions.find(session, seen.it.node.id, no)
        if version is None:
            raise NoSuchVersion(seen.path, no)
        return seen.it, version


def open_version(store: Store, ctx: Context, document: Where, no: int) -> tuple[Node, Version, Opened]:
    """Return a document and one version of it, ready to be read; its conditions are held against that version.

    Raises:
        NotFound, PreconditionFailed.
    """
    with store.database.read(snapshot=True) as session:
        node, path = _versioned(session, store, ctx, document)
        version = _version(session, node, path, no)
        return node, version, _opened(session, store, ctx, version)


def open_described(store: Store, ctx: Context, it: Described) -> Opened:
    """Return the content that a document is described with, ready to be read; conditions are held against that.

    Other than on the drive, one that was emptied a moment ago has its last version's.

    Raises:
        NotFound: it has none, or not any more.
        PreconditionFailed.
    """
    node = it.node
    if it.content is None:
        raise NotFound((node.uuid,))
    if node.content is None:
        return open_version(store, ctx, node.id, node.version_no)[2]
    opened = open_content(store, ctx, node.id)
    if isinstance(opened, Node):
        raise NotFound((node.uuid,))
    return opened


@frozen
class Counted:
    """Some of a document's versions by content, the newest first, and how many there are in all."""

    versions: Sequence[Version]
    total: int


def counted(store: Store, ctx: Context, document_id: int, first: int = 0, most: int | None = None) -> Counted:
    """Return some versions of a document among those that came with content, the newest first, without ``most`` all that follow.

    Each number that content came with is told of once. There are none while the document has metadata alone. One that was deleted
    and keeps its address has its versions still.

    Raises:
        NotFound: there is no such document.
    """
    with store.database.read(snapshot=True) as session:
        node, _ = _shown(session, store, ctx, document_id)
        total = versions.how_many_counted(session, node.id)
        # Behind the last one nothing is asked for: how far may be more than a database can count.
        shown = versions.counted(session, node.id, first, total if most is None else most) if first < total else []
        return Counted(shown, total)


def find_counted(store: Store, ctx: Context, document_id: int, number: int) -> Version:
    """Return one version by its number among those that came with content; see ``counted``.

    Raises:
        NotFound, NoSuchVersion.
    """
    with store.database.read(snapshot=True) as session:
        return _counted(session, *_shown(session, store, ctx, document_id), number)


def open_counted(store: Store, ctx: Context, document_id: int, number: int) -> tuple[Node, Version, Opened]:
    """Return a document and one version by its number among those that came with content, ready to be read; see ``counted``.

    Raises:
        NotFound, NoSuchVersion, PreconditionFailed.
    """
    with store.database.read(snapshot=True) as session:
        node, path = _shown(session, store, ctx, document_id)
        version = _counted(session, node, path, number)
        return node, version, _opened(session, store, ctx, version)


def revert(store: Store, ctx: Context, where: Where, number: int, *, comment: str = "") -> Node:
    """Give a document the content, media type and file name of a version again; durable on return.

    ``number`` counts the versions that came with content. It makes a version always, also of the bytes that are there; what is
    said by metadata stays. Its name on the drive does not change; one that had lost its content is there again.

    Raises:
        CheckedOut, Locked: anybody has checked out or locked the document, the caller too.
        NotFound, Forbidden, PreconditionFailed, NoSuchVersion.
    """
    check_text(comment)
    with store.database.write() as tx:
        found = look_up(tx, ctx, where, tx.now)
        node, path = _with_versions(found, ctx, Right.WRITE_CONTENT)
        check_conditions(tx, ctx, found, tx.now)
        check_untouched(tx, found, node, tx.now)
        if node.is_bare:
            # With its content its collection gets a member.
            check_member_locks(ctx, found)
        version = _counted(tx, node, path, number)
        versions.seal_below(tx, node.id)
        said = Said(f"version {version.no}", comment, version.file_name, always=True)
        written = write_content(store, tx, ctx, found, version.content, Cause.REVERT, said=said).node
        reverted = file_on_drive(tx, ctx, written, version.file_name)
        tx.commit()
    return reverted


def restore(store: Store, ctx: Context, document: TreePath, no: int, destination: TreePath, *, overwrite: bool) -> Written:
    """Give the destination the content of a version: the document itself, another one, or a new one. Durable on return.

    It becomes the next version there, with the note where it came from; nothing is taken back. A collection there goes to the
    trash first.

    Raises:
        NotFound, ParentMissing, InvalidName, NameTooLong, ReservedName, Forbidden, Locked.
        SameResource: the destination is a collection that holds the document.
        PreconditionFailed: a condition does not hold, or the destination is taken and ``overwrite`` is false.
    """
    with store.database.write() as tx:
        node, path = _versioned(tx, store, ctx, document)
        version = _version(tx, node, document, no)
        check_not_above(path, destination)
        there = look_up(tx, ctx, destination, tx.now)
        check_conditions(tx, ctx, there, tx.now, target=_state_of(version))
        is_revert = there.node is not None and there.node.id == node.id
        origin = f"version {no}" if is_revert else f"copy of {to_text(document)}, version {no}"
        cause = Cause.REVERT if is_revert else Cause.SAVE
        like = descriptions.sayings_then(tx, {node.id: no}).get(node.id)
        written = write_copy(store, tx, ctx, there, version.content, origin, overwrite=overwrite, cause=cause, like=like)
        tx.commit()
    return written


def _state_of(version: Version) -> ResourceState:
    return ResourceState(True, version.etag, version.saved_at)


def _opened(session: Session, store: Store, ctx: Context, version: Version) -> Opened:
    is_modified = check_read_conditions(ctx, _state_of(version))
    body = body_at_hand(session, version.content)
    return Opened(store, version.etag, version.content, version.saved_at, body, is_modified)


def _shown(session: Session, store: Store, ctx: Context, document_id: int) -> tuple[Node, TreePath]:
    return _with_versions(look_up_shown(session, ctx, document_id, store.clock.now())[0], ctx)


def _counted(session: Session, node: Node, document: TreePath, number: int) -> Version:
    version = versions.find_counted(session, node.id, number)
    if version is None:
        raise NoSuchVersion(document, number)
    return version


def _versioned(session: Session, store: Store, ctx: Context, document: Where) -> tuple[Node, TreePath]:
    return _with_versions(look_up(session, ctx, document, store.clock.now()), ctx)


def _with_versions(found: Resolved, ctx: Context, needed: Right = Right.READ) -> tuple[Node, TreePath]:
    node = require_node(found, ctx, needed)
    if node.is_collection or node.version_no == 0:
        raise NotFound(found.path)
    return node, found.path


def _version(session: Session, node: Node, document: TreePath, no: int) -> Version:
    version = versions.find(session, node.id, no)
    if version is None or not version.has_content:
        raise NoSuchVersion(document, no)
    return version
