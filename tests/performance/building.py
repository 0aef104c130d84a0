"""Fills a davgate store through its storage layer, in transactions of 1,000 documents, far faster than over HTTP."""

from collections.abc import Sequence
from pathlib import Path

from davgate.app import open_store
from davgate.config import load
from davgate.core.recording import record
from davgate.core.store import SYSTEM_CONTEXT, Store
from davgate.model.instant import Instant
from davgate.model.media_types import guess
from davgate.model.node import ROOT_ID, Cause, Content, Node, NodeKind
from davgate.model.paths import TreePath
from davgate.storage.api import Change, NewVersion, Transaction, catalog, versions

from .documents import fresh, listed_names

SAVED_TWICE = 10
"""Every so many documents one has a second version."""


def build(data: Path, folders: Sequence[TreePath], documents: int, size_bytes: int) -> None:
    """Make folders, and what is above them, with this many documents in each.

    Every document has a node, a place, a version with its save, content of its own, a change and an audit row, as if it
    had been uploaded; one in ten was saved again later.
    """
    store = open_store(load(None, {}, {"data": str(data)}))
    made: dict[TreePath, int] = {(): ROOT_ID}
    for folder in folders:
        with store.database.write() as tx:
            parent_id = _make_folder(store, tx, folder, made)
            _add_documents(store, tx, parent_id, folder, documents, size_bytes)
            tx.commit()
    store.database.close()


def _make_folder(store: Store, tx: Transaction, path: TreePath, made: dict[TreePath, int]) -> int:
    if path not in made:
        parent_id = _make_folder(store, tx, path[:-1], made)
        node_id = made[path] = tx.take_ids()
        folder = Node(node_id, store.new_uuid(), NodeKind.COLLECTION, parent_id, path[-1], tx.now, tx.now, 0, None)
        catalog.add(tx, [folder], SYSTEM_CONTEXT.principal.id)
        record(tx, SYSTEM_CONTEXT, "create", path, node_id, Change("create", node_id, parent_id, path[-1], 0))
    return made[path]


def _add_documents(store: Store, tx: Transaction, parent_id: int, folder: TreePath, documents: int, size_bytes: int) -> None:
    first_id = tx.take_ids(documents)
    nodes: list[Node] = []
    line: list[NewVersion] = []
    for node_id, name in enumerate(listed_names(documents), first_id):
        for no in (1, 2) if node_id % SAVED_TWICE == 0 else (1,):
            content = _store_bytes(store, tx, name, size_bytes)
            at = Instant(tx.now + no - 1)
            cause = Cause.CREATED if no == 1 else Cause.SAVE
            line.append(NewVersion(node_id, no, cause, at, SYSTEM_CONTEXT.principal.id, name, content))
        nodes.append(Node(node_id, store.new_uuid(), NodeKind.DOCUMENT, parent_id, name, tx.now, at, no, content))
    catalog.add(tx, nodes, SYSTEM_CONTEXT.principal.id)
    versions.add(tx, line)
    for new in line:
        action = "create" if new.no == 1 else "content"
        change = Change(action, new.document_id, parent_id, new.file_name, new.no)
        record(tx, SYSTEM_CONTEXT, action, (*folder, new.file_name), new.document_id, change)


def _store_bytes(store: Store, tx: Transaction, name: str, size_bytes: int) -> Content:
    with store.blobs.stage() as staging:
        for piece in fresh(size_bytes):
            staging.write(piece)
        staged = staging.finish()
    versions.add_blob(tx, staged)
    return Content(staged.digest, staged.length_bytes, guess(name))
