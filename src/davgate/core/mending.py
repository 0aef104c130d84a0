"""Undoing a wrong guess about a save: one document made two, two made one.

Nothing that is recorded is taken back. What was split off is copied, and the document goes back to what it had before; what is
merged is appended.
"""

from __future__ import annotations

from davgate.core.access import check_member_locks, check_removal_locks, check_write_locks, look_up
from davgate.core.content import Said, Written, add_document, give
from davgate.core.editing import merge_versions
from davgate.core.recording import change_of, record
from davgate.core.retaining import check_content, check_removal
from davgate.core.rights import require_node, require_parent, require_removable
from davgate.core.sessions import end_grace, end_locks
from davgate.core.store import Context, Store
from davgate.model.errors import AlreadyExists, Malformed, NoSuchVersion, NotADocument, NotFound, SameResource
from davgate.model.errors_of_versions import AlreadyCheckedOut
from davgate.model.names import check_new_name
from davgate.model.node import Cause, Node
from davgate.model.paths import TreePath, to_text
from davgate.model.rights import Right
from davgate.storage.api import Resolved, appending, catalog, property_index, versions


def split(store: Store, ctx: Context, path: TreePath, no: int, name: str) -> Written:
    """Give the versions of a document from ``no`` on to a new document beside it, called ``name``; durable on return.

    The document keeps its identity and all its versions, and gets what it had before ``no`` as its next one.

    Raises:
        NotFound: there is no such document, or no version ``no``.
        Malformed: there is no version before ``no``.
        AlreadyExists: the name is taken.
        AlreadyCheckedOut: somebody has the document checked out.
        Retained: it is under retention.
        NotADocument, InvalidName, NameTooLong, ReservedName, Forbidden, Locked.
    """
    with store.database.write() as tx:
        found = look_up(tx, ctx, path, tx.now)
        node = _document(found, ctx)
        check_write_locks(ctx, found)
        check_member_locks(ctx, found)
        parent = require_parent(found, ctx, Right.BIND)
        check_new_name(path[:-1], name)
        if catalog.member(tx, parent.id, name) is not None:
            raise AlreadyExists((*path[:-1], name))
        if no < 1 or no > node.version_no:
            raise NoSuchVersion(path, no)
        before = versions.last_before(tx, node.id, no)
        if before is None:
            raise Malformed(f"{to_text(path)} has no version before {no}, so nothing would be left of it. Name a later one.")
        versions.seal_below(tx, node.id)
        made = add_document(store, tx, ctx, parent, name, None)
        taken = appending.append(tx, node.id, made.id, 0, None, from_no=no)
        last = versions.find(tx, made.id, taken)
        assert last is not None
        property_index.replace(tx, made, last.metadata, last.file_name)
        catalog.set_content(tx, made.id, taken, last.content, tx.at)
        current = catalog.find(tx, made.id)
        assert current is not None
        origin = f"version {before.no}, when split"
        said = Said(origin, metadata=before.metadata, always=before.metadata != last.metadata)
        back = give(store, tx, ctx, node, before.content, Cause.REVERT, said=said)
        changes = (change_of("create", current), change_of("content", back))
        record(tx, ctx, "split", path, node.id, *changes, at=no, into=current.uuid, name=name)
        tx.commit()
    return Written(current, is_created=True)


def merge(store: Store, ctx: Context, source: TreePath, into: TreePath) -> Written:
    """Append the versions of one document to those of another, whose content they then are; durable on return.

    The source disappears with the locks on it, and its ids lead to the other document.

    Raises:
        AlreadyCheckedOut: somebody has one of them checked out.
        Retained: one of them is under retention.
        NotFound, NotADocument, SameResource, Forbidden, Locked.
    """
    with store.database.write() as tx:
        from_there, there = look_up(tx, ctx, source, tx.now), look_up(tx, ctx, into, tx.now)
        disappearing, staying = _document(from_there, ctx), _document(there, ctx)
        if disappearing.id == staying.id:
            raise SameResource("A document cannot be merged with itself. Name two documents.")
        require_removable(from_there, ctx)
        ending = check_removal_locks(tx, ctx, from_there, disappearing, tx.now)
        check_write_locks(ctx, there)
        check_removal(tx, disappearing.id)
        check_content(tx, versions.find(tx, staying.id, staying.version_no))
        # The other document may be locked too, and nobody locked it with these.
        end_locks(tx, ctx, ending)
        end_grace(tx, from_there, disappearing)
        for one in (disappearing, staying):
            versions.seal_below(tx, one.id)
        merged = merge_versions(tx, disappearing, staying)
        if disappearing.parent_id is not None:
            catalog.touch(tx, disappearing.parent_id)
        changes = (change_of("delete", disappearing), change_of("content", merged))
        record(tx, ctx, "merge", into, staying.id, *changes, source=to_text(source), uuid=disappearing.uuid)
        tx.commit()
    return Written(merged, is_created=False)


def _document(found: Resolved, ctx: Context) -> Node:
    node = require_node(found, ctx, Right.WRITE_CONTENT)
    if node.is_collection:
        raise NotADocument(found.path)
    if node.version_no == 0:
        raise NotFound(found.path)
    if found.check_out is not None and found.check_out.stands:
        raise AlreadyCheckedOut(found.path, found.check_out.principal_name)
    return node
