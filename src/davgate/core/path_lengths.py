"""Paths have a length at most: nothing is put where it, or something below it, could not be asked for through the drive."""

from __future__ import annotations

from collections.abc import Iterable

from davgate.core.store import Store
from davgate.model.names import MAX_NAME_BYTES, check_path
from davgate.model.node import Node
from davgate.model.paths import TreePath
from davgate.storage.api import Session, subtrees

_MOST_BYTES = 4
"""Of a character in UTF-8."""


def check_reach(store: Store, session: Session, node: Node, came_from: TreePath, path: TreePath) -> None:
    """Refuse to move a node to a path if that, or what would then be the path of something below it, is too long.

    What gets no longer by it is not refused: the limit may have been higher.

    Raises:
        NameTooLong.
    """
    if len(path) <= len(came_from) and _bytes_of(path) <= _bytes_of(came_from):
        return
    limits = store.policy.paths
    check_path(path, limits)
    if not node.is_collection:
        return
    depth, chars = subtrees.reach(session, node.id)
    most_bytes = _bytes_of(path) + chars * _MOST_BYTES + 1 + MAX_NAME_BYTES
    if len(path) + depth + 1 > limits.segments or most_bytes > limits.path_bytes:
        rows = subtrees.of_node(session, node.id)
        check_paths(store, ((row[0], row[3], row[4] or "") for row in rows), path)


def check_paths(store: Store, tree: Iterable[tuple[int, int | None, str]], path: TreePath) -> None:
    """Refuse a tree at a path; it is given as ids, ids of what holds them, and names, its top first.

    Raises:
        NameTooLong.
    """
    paths: dict[int, TreePath] = {}
    for node_id, parent_id, name in tree:
        above = paths.get(parent_id) if parent_id is not None else None
        paths[node_id] = path if above is None else (*above, name)
    for one in paths.values():
        check_path(one, store.policy.paths)


def _bytes_of(path: TreePath) -> int:
    return len("/".join(path).encode())
