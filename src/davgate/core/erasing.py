"""Removing documents for good: bytes, metadata and history go, what stays is that it happened.

Erasing is the act of an administrator with a reason. Purging the trash (``core.purging``) is the same removal.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from davgate.core.access import check_account, look_up
from davgate.core.checking_out import end_for_holder
from davgate.core.recording import record
from davgate.core.retaining import check_removal
from davgate.core.rights import require_node, rights_on
from davgate.core.store import Context, Store
from davgate.model.errors import Forbidden, Held, Malformed, NotFound, SameResource
from davgate.model.frozen import frozen
from davgate.model.names import check_text
from davgate.model.node import ROOT_ID, Node
from davgate.model.paths import TreePath, from_text, to_text
from davgate.model.rights import Right
from davgate.storage.api import (
    Change,
    MemberRow,
    Transaction,
    catalog,
    check_outs,
    collector,
    erasing,
    marks,
    removal,
    sqlite_log,
    subtrees,
    trash,
)

_LONGEST_REASON = 1000
_UUID = re.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@frozen
class Erased:
    """What was removed for good. ``shared`` counts contents that stay, because other documents have the same.

    ``is_overwritten`` is false when a reader kept older pages of the database in its log; they go with the next erasing, or when
    davgate is restarted.
    """

    uuid: str
    path: str
    documents: int
    versions: int
    freed_bytes: int
    shared: int
    is_overwritten: bool = True


@frozen
class Removal:
    """What a transaction removed, and the contents whose files are to be removed when it has committed."""

    erased: Erased
    files: Sequence[bytes]


def require_manager(tx: Transaction, ctx: Context, node: Node) -> None:
    """Refuse everybody who does not manage a node, wherever it is.

    Raises:
        NotFound: one may not even read it.
        Forbidden.
    """
    held = rights_on(tx, ctx, node.id)
    if Right.READ not in held:
        raise NotFound((node.name or node.uuid,))
    if Right.MANAGE not in held:
        raise Forbidden("Only an administrator removes anything for good. Ask one.")


def erase(store: Store, ctx: Context, which: str, reason: str) -> Erased:
    """Remove a document, or a collection with all below it, for good: named by its path, or by its UUID wherever it is.

    Its versions, saves, working copy, rescue copies, properties, grants, locks and places go, and all content that no other
    document has. Its change and audit rows stay, and one of each that tells of this. What SQLite deletes is overwritten. Backups,
    and what the file system keeps of deleted files, are not within reach.

    Raises:
        Held: a version of it, or of a document below it, is held.
        Malformed: there is no reason given, or no usable one.
        NotFound, Forbidden, SameResource.
    """
    reason = " ".join(reason.split())
    if not 0 < len(reason) <= _LONGEST_REASON:
        raise Malformed(f"Say why, in 1 to {_LONGEST_REASON} characters: the audit keeps it.")
    check_text(reason)
    database = store.database
    with database.write() as tx:
        node, path = _find(tx, ctx, which)
        require_manager(tx, ctx, node)
        if node.id == ROOT_ID:
            raise SameResource("The root folder cannot be erased. Erase what is in it.")
        erasing.overwrite_what_goes(database, tx, on=True)
        try:
            removed = remove(store, tx, ctx, node, path, "erase", with_rescues=True, reason=reason)
            tx.commit()
        finally:
            erasing.overwrite_what_goes(database, tx, on=False)
    finish(store, removed)
    if sqlite_log.empty(database):
        return removed.erased
    return replace(removed.erased, is_overwritten=False)


def _find(tx: Transaction, ctx: Context, which: str) -> tuple[Node, TreePath]:
    """Return a node by its path or UUID, and the path that the audit names."""
    if not _UUID.fullmatch(which):
        path = from_text(which)
        return require_node(look_up(tx, ctx, path, tx.now), ctx, Right.READ), path
    check_account(tx, ctx, tx.now)
    node = erasing.find_by_uuid(tx, which.lower())
    if node is None:
        raise NotFound((which,))
    deleted = trash.find(tx, node.id)
    if deleted is not None:
        return node, from_text(deleted.path)
    return node, catalog.path_of(tx, node.id) or (".trash", node.name or node.uuid)


def remove(
    store: Store,
    tx: Transaction,
    ctx: Context,
    top: Node,
    path: TreePath,
    action: str,
    *,
    with_rescues: bool,
    **detail: object,
) -> Removal:
    """Remove a node and all below it in this transaction; the audit names each document. ``finish`` has to follow the commit.

    Without ``with_rescues``, what holders of check-outs have saved becomes theirs as a rescue copy, and such copies stay.

    Raises:
        Held.
    """
    held = marks.held_below(tx, top.id)
    if held is not None:
        raise Held(catalog.path_of(tx, held) or path)
    check_removal(tx, top.id)
    rows = subtrees.of_node(tx, top.id)
    paths = _paths(rows, path)
    ids = [*paths]
    counts = erasing.version_counts(tx, ids)
    named = erasing.drop_rescues(tx, ids) if with_rescues else set()
    if not with_rescues:
        for document_id in erasing.worked_on(tx, ids):
            taken = check_outs.of_document(tx, document_id)
            assert taken is not None
            end_for_holder(store, tx, ctx, taken, "check-out of a deleted document", paths[document_id])
    named |= erasing.contents_of(tx, ids)
    removal.remove_all(tx, ids)
    forgotten = collector.forget_unnamed(tx, named)
    for row in rows:
        if row[0] in counts and row[0] != top.id:
            record(tx, ctx, action, paths[row[0]], row[0], uuid=row[1], versions=counts[row[0]], **detail)
    shared = len(named) - forgotten.contents
    erased = Erased(top.uuid, to_text(path), len(counts), sum(counts.values()), forgotten.length_bytes, shared)
    change = Change(action, top.id, None if top.name is None else top.parent_id, top.name)
    figures = {"documents": erased.documents, "versions": erased.versions, "bytes": erased.freed_bytes}
    record(tx, ctx, action, path, top.id, change, uuid=top.uuid, **figures, **detail)
    if top.parent_id is not None:
        catalog.touch(tx, top.parent_id)
    return Removal(erased, forgotten.files)


def _paths(rows: Sequence[MemberRow], top_path: TreePath) -> dict[int, TreePath]:
    """Return the path of each node of a subtree, whose top is the first row."""
    paths: dict[int, TreePath] = {}
    for node_id, uuid, _, parent_id, name, *_ in rows:
        above = paths.get(parent_id) if parent_id is not None else None
        paths[node_id] = top_path if above is None else (*above, name or f"={uuid}")
    return paths


def finish(store: Store, removed: Removal) -> None:
    """Remove the files of contents that are gone; what a crash in between leaves behind goes with the collector."""
    collector.remove_files(store.database, store.blobs, removed.files)
