"""Everything there is about documents, to be looked at or taken elsewhere: versions, saves, marks, properties, bytes."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import BinaryIO

from davgate.core.access import look_up
from davgate.core.opening import body_at_hand, open_file
from davgate.core.rights import readable_tree, require_node
from davgate.core.store import Context, Store
from davgate.model.errors import NotADocument, NotFound
from davgate.model.frozen import frozen
from davgate.model.marks import Mark
from davgate.model.node import Content, Node, Save, Version
from davgate.model.paths import TreePath
from davgate.model.properties import PropertyName
from davgate.model.rights import Right
from davgate.storage.api import Session, accounts, catalog, marks, properties, subtrees, to_node, versions


@frozen
class Record:
    """A document with its history; a collection has none. ``saves`` goes by version number."""

    node: Node
    path: TreePath
    created_by: str
    properties: Mapping[PropertyName, str]
    versions: Sequence[Version] = ()
    saves: Mapping[int, Sequence[Save]] = field(default_factory=dict)
    marks: Sequence[Mark] = ()

    def marks_on(self, no: int) -> list[Mark]:
        """Return the marks of one version."""
        return [mark for mark in self.marks if mark.version_no == no]


def record_of(store: Store, ctx: Context, path: TreePath) -> Record:
    """Return a document with its history as of one moment.

    Raises:
        NotADocument: there is a collection.
        NotFound: there is nothing, or a document without versions yet.
    """
    with store.database.read(snapshot=True) as session:
        node = require_node(look_up(session, ctx, path, store.clock.now()), ctx, Right.READ)
        if node.is_collection:
            raise NotADocument(path)
        if node.version_no == 0:
            raise NotFound(path)
        return _record(session, node, path)


def nodes_of(store: Store, ctx: Context, path: TreePath) -> list[tuple[TreePath, Node]]:
    """Return what is at a path with all below it that has content, each collection before its members, without scratch files.

    Raises:
        NotFound.
    """
    with store.database.read(snapshot=True) as session:
        top = require_node(look_up(session, ctx, path, store.clock.now()), ctx, Right.READ)
        paths: dict[int, TreePath] = {}
        found: list[tuple[TreePath, Node]] = []
        for node in readable_tree(session, ctx, [to_node(row) for row in subtrees.of_node(session, top.id)]):
            above = None if node.id == top.id else paths[node.parent_id or 0]
            paths[node.id] = path if above is None else (*above, node.name or "")
            if node.is_collection or (node.version_no > 0 and not node.is_bare):
                found.append((paths[node.id], node))
    if not found:
        raise NotFound(path)
    return found


def record_at(store: Store, path: TreePath, node_id: int) -> Record | None:
    """Return a node that ``nodes_of`` found with its history as it now is; None when it was removed for good meanwhile."""
    with store.database.read(snapshot=True) as session:
        node = catalog.find(session, node_id)
        return None if node is None else _record(session, node, path)


def _record(session: Session, node: Node, path: TreePath) -> Record:
    maker_id, _ = catalog.maker(session, node.id)
    maker = accounts.names_of(session, [maker_id])[maker_id]
    known = properties.of_node(session, node.id).get(node.id, {})
    if node.is_collection:
        return Record(node, path, maker, known)
    return Record(
        node,
        path,
        maker,
        known,
        tuple(versions.of_document(session, node.id)),
        versions.saves_by_version(session, node.id),
        marks.of_document(session, node.id),
    )


def open_bytes(store: Store, content: Content) -> BinaryIO:
    """Open stored content for reading.

    Raises:
        Corrupt, Busy: see ``opening.open_file``.
    """
    with store.database.read() as session:
        body = body_at_hand(session, content)
    return io.BytesIO(body) if body is not None else open_file(store, content)
