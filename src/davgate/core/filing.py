"""Putting what came through a REST door on the drive, in which collection and under which name, and taking it off again.

A name on the drive is given once, when a document first has content; afterwards MOVE alone changes it. Titles and file names come
from people and programs that do not know what a drive can take.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from davgate.core.access import check_member_locks, look_up
from davgate.core.content import Said, add_no_content, metadata_after, streams_after
from davgate.core.recording import change_of, record
from davgate.core.retaining import check_content
from davgate.core.rights import require_parent, rights_at
from davgate.core.sessions import break_locks
from davgate.core.store import SYSTEM_CONTEXT, Context, Store
from davgate.model.errors import NotFound, ParentMissing, ReservedName
from davgate.model.instant import Instant, to_datetime
from davgate.model.names import MAX_NAME_BYTES, check_new_name, stem_and_suffix
from davgate.model.node import NO_CONTENT, Cause, Node, NodeKind, Version
from davgate.model.paths import TreePath
from davgate.model.permissions import require
from davgate.model.rights import Right
from davgate.storage.api import NewVersion, Resolved, Session, Transaction, catalog, locks, versions

_UNNAMED: Final = "document"
_REFUSED: Final = re.compile('[\x00-\x1f\x7f\\\\:*?"<>|\ud800-\udfff\ufffe\uffff]')
"""What no name may have, and what Windows shows of no name."""
_LONGEST_SUFFIX: Final = 32
_ROOM_FOR_NUMBER: Final = 12


def drive_name(wanted: str) -> str:
    """Return the nearest name to a title or file name that a drive can take: directory parts cut, refused characters as ``_``."""
    last = re.split(r"[/\\]", wanted)[-1].strip()
    name = _REFUSED.sub("_", last).rstrip(". ") or _UNNAMED
    stem, suffix = stem_and_suffix(name)
    if len(suffix.encode()) > _LONGEST_SUFFIX:
        stem, suffix = name, ""
    room = MAX_NAME_BYTES - _ROOM_FOR_NUMBER - len(suffix.encode())
    if len(stem.encode()) <= room:
        return name
    return stem.encode()[:room].decode("utf-8", "ignore").rstrip(". ") + suffix


def free_name(tx: Transaction, collection: Node, collection_path: TreePath, wanted: str) -> str:
    """Return ``wanted`` as a drive can take it, with a number behind the stem if something in the collection has that name."""
    name = drive_name(wanted)
    try:
        check_new_name(collection_path, name)
    except ReservedName:
        name = f"_{name}"
    if catalog.member(tx, collection.id, name) is None:
        return name
    stem, suffix = stem_and_suffix(name)
    no = first_free(2, lambda no: catalog.member(tx, collection.id, f"{stem} ({no}){suffix}") is None)
    return f"{stem} ({no}){suffix}"


def first_free(least: int, is_free: Callable[[int], bool]) -> int:
    """Return a free number from ``least`` on, the first one where they are taken in their order.

    Scanners call everything the same: so many names may be taken that trying one after the other would take seconds.
    """
    taken, step = least - 1, 1
    while not is_free(taken + step):
        taken, step = taken + step, step * 2
    free = taken + step
    while free - taken > 1:
        middle = (taken + free) // 2
        taken, free = (taken, middle) if is_free(middle) else (middle, free)
    return free


def show_on_drive(tx: Transaction, node: Node, file_name: str) -> Node:
    """Give a document that has got its first content a name on the drive; one that has a name keeps it."""
    if node.name is not None or node.parent_id is None:
        return node
    collection, path = catalog.find(tx, node.parent_id), catalog.path_of(tx, node.parent_id)
    if collection is None or path is None:
        return node
    name = free_name(tx, collection, path, file_name)
    catalog.place_first(tx, node.id, collection.id, name)
    catalog.touch(tx, collection.id)
    return replace(node, name=name)


def file_on_drive(tx: Transaction, ctx: Context, node: Node, file_name: str) -> Node:
    """Let the drive show a document that has content now, and tell of it; one that has a name keeps it."""
    placed = show_on_drive(tx, node, file_name)
    if placed is not node:
        record(tx, ctx, "file", catalog.path_of(tx, node.id) or (), node.id, change_of("create", placed))
    return placed


def take_content_away(
    tx: Transaction, ctx: Context, found: Resolved, node: Node, current: Version, cause: Cause, said: Said
) -> Node:
    """Let a document be without content from its next version on: it leaves the drive, and the locks on it end.

    That the caller may write both content and metadata has been checked. Without a file name the version has that of the current
    one.

    Raises:
        Locked: somebody has locked the collection that it leaves.
        Retained: the document is under retention.
    """
    check_member_locks(ctx, found)
    check_content(tx, current)
    versions.seal_below(tx, node.id)
    break_locks(tx, [lock.token for lock in locks.live_of(tx, node.id)])
    add_no_content(tx)
    no = node.version_no + 1
    file_name = current.file_name if said.file_name is None else said.file_name
    new = NewVersion(
        node.id,
        no,
        cause,
        tx.at,
        ctx.principal.id,
        file_name,
        NO_CONTENT,
        said.origin,
        comment=said.comment,
        metadata=metadata_after(tx, node, current, said.metadata, file_name, None),
        has_content=False,
        content_no=current.content_no,
        streams=streams_after(tx, current, said.streams),
    )
    versions.add(tx, [new])
    catalog.take_off_drive(tx, node, no)
    if node.parent_id is not None:
        catalog.touch(tx, node.parent_id)
    record(tx, ctx, cause.value, found.path, node.id, change_of("delete", node), version=no, **said.told)
    return replace(node, version_no=no, content=None, name=None, modified_at=tx.at)


def filing_collection(
    store: Store, tx: Transaction, ctx: Context, folder: TreePath, *, by_month: bool = True
) -> tuple[Node, TreePath]:
    """Return the collection of this month in a door's folder, ``/OKD/2026-11``; what is missing of it is made.

    It is made in davgate's name: whoever comes first must not own what everybody's documents lie in.

    Raises:
        Forbidden: the caller may not add documents there.
        ParentMissing: a document has the name of one of the folders.
        Locked: somebody has locked a folder that would get a member.
    """
    month = to_datetime(tx.now).astimezone(store.policy.time_zone)
    path: TreePath = (*folder, f"{month:%Y-%m}") if by_month else folder
    try:
        return _collection_for_all(store, tx, ctx, path), path
    except ParentMissing:
        # Where documents go is no secret: whoever may not see the folder is told that it is not for them.
        require(Right.BIND, rights_at(look_up(tx, ctx, folder, tx.now), ctx, len(folder)) | Right.READ, folder)
        raise


def _collection_for_all(store: Store, tx: Transaction, ctx: Context, path: TreePath) -> Node:
    """Return a collection, made if it is missing, to which the caller may add."""
    as_member = look_up(tx, ctx, (*path, "x"), tx.now)
    if as_member.parent is None:
        for depth in range(len(path)):
            found = look_up(tx, ctx, path[: depth + 1], tx.now)
            if found.node is None:
                _make(store, tx, ctx, found)
        as_member = look_up(tx, ctx, (*path, "x"), tx.now)
    parent = require_parent(as_member, ctx, Right.BIND)
    check_member_locks(ctx, as_member)
    return parent


def _make(store: Store, tx: Transaction, ctx: Context, found: Resolved) -> None:
    parent = require_parent(found, ctx, Right.BIND)
    check_member_locks(ctx, found)
    by = SYSTEM_CONTEXT.principal.id
    made = Node(tx.take_ids(), store.new_uuid(), NodeKind.COLLECTION, parent.id, found.path[-1], tx.at, tx.at, 0, None, by)
    catalog.add(tx, [made])
    catalog.touch(tx, parent.id)
    record(tx, ctx, "create", found.path, made.id, change_of("create", made))


def collection_at(session: Session, ctx: Context, collection_id: int, now: Instant) -> tuple[Resolved, Node]:
    """Return where a collection is and itself, into which the caller may put a new member.

    Raises:
        NotFound: there is no such collection that the caller may see, or it is a document.
        Forbidden: the caller may not add to it.
        Locked: somebody has locked it.
    """
    found = look_up(session, ctx, collection_id, now)
    node = found.node
    may_know = rights_at(found, ctx, len(found.path)) & (Right.READ | Right.BIND)
    if node is None or not node.is_collection or not may_know:
        raise NotFound(found.path)
    # As for a member of it: what a lock on a collection protects is its membership.
    as_member = replace(found, path=(*found.path, "x"))
    parent = require_parent(as_member, ctx, Right.BIND)
    check_member_locks(ctx, as_member)
    return found, parent
