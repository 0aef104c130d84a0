"""Copying documents and collections, of today or of the past: as new ones, or as the next content of the document there is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from davgate.core.access import check_conditions, check_write_or_member_locks, look_up
from davgate.core.content import Said, Written, add_no_content
from davgate.core.destinations import check_apart, check_overwrite, clear_place, may_take_place
from davgate.core.editing import may_bring_back, write_content
from davgate.core.path_lengths import check_paths
from davgate.core.receiving import add_empty
from davgate.core.recording import change_of, record
from davgate.core.rights import readable_tree, require_node, require_writable
from davgate.core.store import Context, Store
from davgate.model.editing import Arrival, is_transient, is_transient_place
from davgate.model.frozen import frozen
from davgate.model.metadata import NO_METADATA, Metadata, beside
from davgate.model.node import NO_CONTENT, Cause, Content, Node, NodeKind, no_streams
from davgate.model.paths import TreePath, to_text
from davgate.model.properties import PropertyName
from davgate.model.rights import Right
from davgate.storage.api import (
    NewVersion,
    Resolved,
    Sayings,
    Transaction,
    as_holder_sees,
    catalog,
    check_outs,
    descriptions,
    properties,
    property_index,
    subtrees,
    to_node,
    versions,
)


@frozen
class Original:
    """What is copied, and where it lies in the tree that is copied. ``note`` says what it was, for the copy's first version.

    A scratch file stays one; anything else with content or typed metadata, which is in ``said``, gets one version. Without a name
    it is not on the drive.
    """

    id: int
    parent_id: int
    kind: NodeKind
    name: str
    content: Content | None
    note: str
    is_scratch: bool = False
    said: Sayings | None = None

    @property
    def has_version(self) -> bool:
        """Whether its copy has a version."""
        return not self.is_scratch and (self.content is not None or self.said is not None)


def copy(
    store: Store, ctx: Context, source: TreePath, destination: TreePath, *, overwrite: bool, with_members: bool = True
) -> Written:
    """Make a new document or collection with the content and dead properties of another; durable on return.

    A document copied onto a document gives it its content: the one there keeps its identity, properties, locks and history.
    Anything else at the destination goes to the trash first.

    Raises:
        NotFound, ParentMissing, InvalidName, NameTooLong, ReservedName, Forbidden, SameResource, Locked, QuotaExceeded.
        PreconditionFailed: a condition does not hold, or the destination is taken and ``overwrite`` is false.

    Source: RFC 4918, 9.8.
    """
    with store.database.write() as tx:
        found = look_up(tx, ctx, source, tx.now)
        there = look_up(tx, ctx, destination, tx.now)
        node = require_node(found, ctx, Right.READ)
        check_apart(source, destination, node if with_members else None)
        check_conditions(tx, ctx, found, tx.now)
        is_onto = there.node is not None and not there.node.is_collection
        if not node.is_collection and (is_onto or may_bring_back(tx, ctx, there)):
            written = _copy_onto(store, tx, ctx, found, there, node, overwrite=overwrite)
        else:
            parent = may_take_place(tx, ctx, there, overwrite=overwrite)
            clear_place(store, tx, ctx, there)
            copied = copy_tree(store, tx, ctx, node, parent, destination, with_members=with_members)
            record(tx, ctx, "copy", source, node.id, change_of("create", copied), to=to_text(destination))
            written = Written(copied, is_created=there.node is None)
        tx.commit()
    return written


# Deviates from RFC 4918, 9.8.2: dead properties are not copied onto a document. They belong to it, as its history does, and
# programs that save by COPY would drop what others keep there.
def _copy_onto(
    store: Store, tx: Transaction, ctx: Context, found: Resolved, there: Resolved, node: Node, *, overwrite: bool
) -> Written:
    content = node.content
    if content is None and there.node is not None and there.node.content is not None:
        # A pending document reads as empty, so its copy does.
        content = add_empty(store, tx, there.path[-1])
    return write_copy(store, tx, ctx, there, content, _origin(found.path, node), overwrite=overwrite)


def _origin(path: TreePath, node: Node) -> str:
    return f"copy of {to_text(path)}, version {node.version_no}"


def write_copy(
    store: Store,
    tx: Transaction,
    ctx: Context,
    there: Resolved,
    content: Content | None,
    origin: str,
    *,
    overwrite: bool,
    cause: Cause = Cause.SAVE,
    like: Sayings | None = None,
) -> Written:
    """Make content, of today or of the past, that of the document at a path: its next version, or a new document.

    A new one says what ``like`` says; one that is there goes on to say what it says. A collection there goes to the trash first.

    Raises:
        ParentMissing, InvalidName, NameTooLong, ReservedName, Forbidden, SameResource, Locked.
        PreconditionFailed: something is there, and ``overwrite`` is false.

    Source: RFC 4918, 9.8.4.
    """
    if there.node is not None and there.node.is_collection:
        may_take_place(tx, ctx, there, overwrite=overwrite)
        clear_place(store, tx, ctx, there)
        freed = look_up(tx, ctx, there.path, tx.now)
        written = write_copy(store, tx, ctx, freed, content, origin, overwrite=overwrite, cause=cause, like=like)
        return replace(written, is_created=False)
    # Before it is told that something is there: to some nothing is.
    require_writable(there, ctx)
    if there.node is not None:
        check_overwrite(there, overwrite=overwrite)
    check_write_or_member_locks(ctx, there)
    arrival = Arrival.EMPTY if content is None else Arrival.COPY
    if like is None or there.node is not None or may_bring_back(tx, ctx, there):
        return write_content(store, tx, ctx, there, content, cause, arrival=arrival, said=Said(origin=origin))
    said = Said(origin, file_name=like.file_name, metadata=like.metadata, streams=like.streams)
    written = write_content(store, tx, ctx, there, content, cause, arrival=arrival, said=said)
    if like.type is not None and written.node.version_no:
        descriptions.set_type(tx, written.node.id, like.type)
    return written


def copy_tree(
    store: Store,
    tx: Transaction,
    ctx: Context,
    top: Node,
    parent: Node,
    destination: TreePath,
    *,
    with_members: bool,
    note: str = "",
    metadata: Metadata | None = None,
    prefix: str = "",
) -> Node:
    """Store copies of a node and all below it, with their properties; ``note`` ends what each is said to be a copy of.

    With ``metadata`` the copy of the node itself has that instead of the original's, and ``prefix`` before the name of its file.
    """
    nodes = [top]
    if top.is_collection and with_members:
        own = {
            taken.document_id: taken for taken, _ in check_outs.below(tx, top.id, ()) if taken.principal_id == ctx.principal.id
        }
        below = readable_tree(tx, ctx, [to_node(row) for row in subtrees.of_node(tx, top.id)])
        # What is no document stays where it is: it has an id and no file, and a copy of it would be nobody's.
        below = [node for node in below if node.kind is not NodeKind.OBJECT]
        nodes = [as_holder_sees(node, own[node.id]) if node.id in own else node for node in below]
    ids = [node.id for node in nodes]
    known, said = properties.of_nodes(tx, ids), descriptions.sayings_of(tx, ids)
    if metadata is not None:
        own_said = said.get(top.id) or Sayings(None, top.name or "", NO_METADATA)
        said[top.id] = replace(own_said, metadata=metadata, file_name=prefix + own_said.file_name if own_said.file_name else "")
    scratch = _staying_scratch(ctx, nodes, top, destination)
    originals = [
        Original(
            node.id,
            node.parent_id or 0,
            node.kind,
            node.name or "",
            node.content,
            f"{node.name}, version {node.version_no}{note}",
            node.id in scratch,
            said.get(node.id),
        )
        for node in nodes
    ]
    return add_copies(store, tx, ctx, originals, parent, destination, known)


def _staying_scratch(ctx: Context, originals: Sequence[Node], top: Node, destination: TreePath) -> frozenset[int]:
    """Return the ids of the scratch files of a tree that are scratch files where their copies go, too."""
    if top.is_collection:
        return frozenset(node.id for node in originals if node.is_unversioned and is_transient(node.name or ""))
    return frozenset({top.id} if ctx.editing and top.content is not None and is_transient_place(destination) else ())


def add_copies(
    store: Store,
    tx: Transaction,
    ctx: Context,
    originals: Sequence[Original],
    parent: Node,
    destination: TreePath,
    known: Mapping[int, Mapping[PropertyName, str]] | None = None,
) -> Node:
    """Store copies of a tree, its top first, in a collection; return the copy of the top, to which an empty name gives none.

    ``known`` are the dead properties that the copies get, by the id of the original.

    Raises:
        NameTooLong: the path of one of them would be too long.
    """
    check_paths(store, ((one.id, one.parent_id, one.name) for one in originals), destination)
    first_id = tx.take_ids(len(originals))
    ids = {original.id: first_id + position for position, original in enumerate(originals)}
    copies = _nodes_of_copies(store, tx, ctx, originals, ids, parent, destination[-1])
    catalog.add(tx, copies)
    pairs = list(zip(originals, copies, strict=True))
    versions.add(tx, [_first_version(tx, ctx, original, copied) for original, copied in pairs if original.has_version])
    if any(original.has_version and original.content is None for original in originals):
        add_no_content(tx)
    for original, copied in pairs:
        if original.said is not None:
            property_index.add(tx, copied, _said_beside(original), original.said.file_name)
            if original.said.type is not None:
                descriptions.set_type(tx, copied.id, original.said.type)
    if known:
        properties.add(tx, {ids[node_id]: values for node_id, values in known.items() if node_id in ids})
    catalog.touch(tx, parent.id)
    return copies[0]


def _nodes_of_copies(
    store: Store, tx: Transaction, ctx: Context, originals: Sequence[Original], ids: Mapping[int, int], parent: Node, name: str
) -> list[Node]:
    top = originals[0]
    return [
        Node(
            ids[original.id],
            store.new_uuid(),
            original.kind,
            parent.id if original is top else ids[original.parent_id],
            (name if original is top else original.name) or None,
            tx.at,
            tx.at,
            int(original.has_version),
            original.content,
            ctx.principal.id,
        )
        for original in originals
    ]


def _first_version(tx: Transaction, ctx: Context, original: Original, copied: Node) -> NewVersion:
    return NewVersion(
        copied.id,
        1,
        Cause.CREATED,
        tx.at,
        ctx.principal.id,
        original.said.file_name if original.said is not None else copied.name or "",
        copied.content or NO_CONTENT,
        f"copy of {original.note}",
        metadata=_said_beside(original),
        has_content=copied.content is not None,
        content_no=0 if copied.content is not None else None,
        streams=original.said.streams if original.said is not None else no_streams(),
    )


def _said_beside(original: Original) -> Metadata:
    """Return what is said beside the content that is copied, which need not be that of the version: there are working copies."""
    content = original.content
    return NO_METADATA if original.said is None else beside(original.said.metadata, None if content is None else content.digest)
